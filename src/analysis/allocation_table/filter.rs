//! What a filter leaves: by words, and by an address inside of a block.

use crate::base::SegmentId;
use crate::ddi::{AllocationFlags, OfferPriority, Priority, PriorityBand};
use crate::session::Names;
use crate::vidmm::{Allocation, Book, Offer};

use super::super::allocation_words::offer_words;
use super::super::explain::Words;
use super::super::steps::address;
use super::State;
use super::row::Content;

/// A filter, made ready for many allocations: what few things are called is compared once.
///
/// Each word must be found in the name, process, device, segment, flags, state, content or
/// priority. A number, decimal or with `0x`, finds as well what lies over that address, and
/// `VRAM+0x4000` what lies over that offset of the segment.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    text: String,
    words: Vec<Word>,
    place: Option<Wanted>,
}

/// A word, and what of everything that is named once contains it.
#[derive(Clone, Debug, Default)]
struct Word {
    needle: String,
    processes: Vec<bool>,
    devices: Vec<bool>,
    segments: Vec<bool>,
    flags: AllocationFlags,
    states: Vec<State>,
    contents: Vec<Content>,
    bands: Vec<PriorityBand>,
    pinned: bool,
    shared: bool,
    displayed: bool,
    locked: bool,
    discarded: bool,
    offered: Vec<OfferPriority>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Address(u64),
    Offset(SegmentId, u64),
}

impl Filter {
    /// The filter of a text; an empty one leaves everything.
    #[must_use]
    pub fn new(text: &str, words: Words<'_>) -> Self {
        let trimmed = text.trim().to_lowercase();
        Self {
            place: wanted(&trimmed, words),
            words: trimmed.split_whitespace().map(|word| Word::new(word, words.names)).collect(),
            text: text.trim().to_owned(),
        }
    }

    /// The text that it was made of, without spaces around it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it leaves everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether it leaves an allocation.
    #[must_use]
    pub fn leaves(&self, book: &Book, words: Words<'_>, allocation: &Allocation) -> bool {
        self.words.iter().all(|word| word.finds(book, words.names, allocation))
            || self.place.is_some_and(|wanted| wanted.lies_in(words, allocation))
    }
}

/// The place that a text in lower case names, if it names one.
fn wanted(text: &str, words: Words<'_>) -> Option<Wanted> {
    if let Some(address) = address(text) {
        return Some(Wanted::Address(address));
    }
    let (name, offset) = text.rsplit_once('+')?;
    let (name, offset) = (name.trim(), address(offset.trim())?);
    let named = |segment: &&crate::rules::CheckedSegment| segment.name.to_lowercase() == name;
    words.segments.iter().find(named).map(|segment| Wanted::Offset(segment.id, offset))
}

impl Wanted {
    fn lies_in(self, words: Words<'_>, allocation: &Allocation) -> bool {
        let Some(place) = allocation.placement() else { return false };
        match self {
            Self::Address(address) => {
                let base = words.checked(place.segment).map_or(0, |segment| segment.base.get());
                address.checked_sub(base).is_some_and(|offset| place.span.contains(offset))
            }
            Self::Offset(segment, offset) => {
                place.segment == segment && place.span.contains(offset)
            }
        }
    }
}

impl Word {
    /// `needle` is in lower case.
    fn new(needle: &str, names: &Names) -> Self {
        let all = |names: &mut dyn Iterator<Item = &str>| {
            names.map(|name| contains(name, needle)).collect::<Vec<bool>>()
        };
        let segments = (0..).map_while(SegmentId::from_index).map(|id| names.segment(id));
        let bands = Priority::NAMED.into_iter().filter(|(name, _)| contains(name, needle));
        let flags = AllocationFlags::all().iter_names();
        Self {
            needle: needle.to_owned(),
            processes: all(&mut names.processes()),
            devices: all(&mut names.devices()),
            segments: all(&mut segments.into_iter()),
            flags: flags
                .filter(|(name, _)| contains(name, needle))
                .fold(AllocationFlags::empty(), |found, (_, flag)| found | flag),
            states: State::ALL.into_iter().filter(|it| contains(it.word(), needle)).collect(),
            contents: Content::ALL.into_iter().filter(|it| contains(it.word(), needle)).collect(),
            bands: bands.map(|(_, value)| value.band()).collect(),
            pinned: contains("pinned", needle),
            shared: contains("shared", needle),
            displayed: contains("displayed", needle),
            locked: contains("locked", needle),
            discarded: contains("discarded", needle),
            offered: OFFERS
                .into_iter()
                .filter(|level| contains(&offered_words(*level), needle))
                .collect(),
        }
    }

    fn finds(&self, book: &Book, names: &Names, allocation: &Allocation) -> bool {
        let at = |flags: &[bool], index: usize| flags.get(index).copied().unwrap_or(false);
        let device = allocation.device();
        let process = || book.device(device).map(|device| device.process);
        at(&self.devices, device.index())
            || process().is_some_and(|process| at(&self.processes, process.index()))
            || allocation.placement().is_some_and(|it| at(&self.segments, it.segment.index()))
            || allocation.info().flags.intersects(self.flags)
            || self.states.contains(&State::of(allocation))
            || self.contents.contains(&Content::of(allocation))
            || self.bands.contains(&allocation.priority().band())
            || (self.pinned && allocation.is_pinned())
            || (self.shared && allocation.is_shared())
            || (self.displayed && allocation.is_displayed())
            || (self.locked && allocation.locks() > 0)
            || match allocation.offer() {
                Offer::None => false,
                Offer::Discarded => self.discarded,
                Offer::Offered(level) => self.offered.contains(&level),
            }
            || (allocation.is_shared()
                && allocation.openers().iter().any(|it| at(&self.devices, it.index())))
            || contains(names.allocation(allocation.id()), &self.needle)
    }
}

const OFFERS: [OfferPriority; 4] =
    [OfferPriority::Low, OfferPriority::Normal, OfferPriority::High, OfferPriority::Auto];

fn offered_words(level: OfferPriority) -> String {
    offer_words(Offer::Offered(level)).unwrap_or_default()
}

/// Whether a text contains another that is in lower case already.
fn contains(text: &str, needle: &str) -> bool {
    if needle.is_ascii() && text.is_ascii() {
        // Without making a text for each of a million names.
        let needle = needle.as_bytes();
        text.as_bytes().windows(needle.len().max(1)).any(|part| part.eq_ignore_ascii_case(needle))
    } else {
        text.to_lowercase().contains(needle)
    }
}
