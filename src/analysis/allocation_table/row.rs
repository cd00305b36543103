//! What a row of the table says.

use crate::base::text::hex;
use crate::base::{AllocationId, ProcessId, SegmentId, Span};
use crate::machine::{ContentState, Run, Started};
use crate::vidmm::Allocation;

use super::super::allocation_words::{locks_words, offer_words, pinned_reason, sharing_words};
use super::super::explain::Words;
use super::super::strips::{HintOutcome, banks_of, hint_outcome, hint_words};
use super::{Preferred, State};

/// What VidMm knows of the content of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// Never written or filled.
    Empty,
    /// Not written since it was paged in.
    Clean,
    /// Written since it was paged in.
    Dirty,
}

impl Content {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Empty, Self::Clean, Self::Dirty];

    /// Of an allocation.
    #[must_use]
    pub const fn of(allocation: &Allocation) -> Self {
        match (allocation.has_content(), allocation.is_dirty()) {
            (false, _) => Self::Empty,
            (true, true) => Self::Dirty,
            (true, false) => Self::Clean,
        }
    }

    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Empty => "None",
            Self::Clean => "Clean",
            Self::Dirty => "Dirty",
        }
    }
}

/// Whether the bytes of an allocation are what they must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteVerdict {
    /// Every byte is.
    Intact,
    /// The byte at this offset is the first that is not.
    Damaged(u64),
    /// No byte was promised yet.
    NeverWritten,
    /// Dropped while it was offered: no byte is promised any more.
    Discarded,
    /// Given up by a reset of the adapter.
    Lost,
    /// On the way: a submission that names it is queued, or the run stands inside a command.
    OnTheWay,
}

impl ByteVerdict {
    fn of(started: &Started, allocation: &Allocation, inside: bool) -> Self {
        if inside || started.is_in_flight(allocation) {
            return Self::OnTheWay;
        }
        match started.content_state(allocation) {
            (ContentState::Intact, _) => Self::Intact,
            (ContentState::Damaged, at) => Self::Damaged(at.unwrap_or(0)),
            (ContentState::NeverWritten, _) => Self::NeverWritten,
            (ContentState::Discarded, _) => Self::Discarded,
            (ContentState::Lost, _) => Self::Lost,
        }
    }

    /// In words.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Intact => "every byte as expected".to_owned(),
            Self::Damaged(at) => format!("damaged, first at {}", hex(at)),
            Self::NeverWritten => "never written".to_owned(),
            Self::Discarded => "dropped while it was offered".to_owned(),
            Self::Lost => "lost in a reset of the adapter".to_owned(),
            Self::OnTheWay => "on the way, not judged".to_owned(),
        }
    }
}

/// An allocation as the table shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationRow {
    /// The allocation.
    pub id: AllocationId,
    /// Its name.
    pub name: String,
    /// The process that owns it.
    pub process: Option<ProcessId>,
    /// The name of the process.
    pub process_name: String,
    /// The name of the device.
    pub device_name: String,
    /// Where its bytes are.
    pub state: State,
    /// The segment in which it lies, and its name.
    pub segment: Option<(SegmentId, String)>,
    /// Its bytes from the start of the segment.
    pub span: Option<Span>,
    /// The addresses of its first and last byte.
    pub addresses: Option<(u64, u64)>,
    /// ByteVerdict.
    pub size: u64,
    /// Its priority by name.
    pub priority: String,
    /// The value of the priority.
    pub priority_value: u32,
    /// Segments that the driver prefers, most wanted first.
    pub preferred: Vec<String>,
    /// How its place stands to them.
    pub standing: Preferred,
    /// What VidMm knows of its content.
    pub content: Content,
    /// Whether its bytes are what they must be.
    pub bytes: ByteVerdict,
    /// The command of its last reference, counted from 1.
    pub reference: Option<usize>,
    /// Its flags by name; empty for none.
    pub flags: String,
    /// The flags as the kit writes them.
    pub flags_value: u32,
    /// Nothing but a purge moves it.
    pub pinned: bool,
    /// Why, where it is pinned.
    pub pinned_reason: Option<&'static str>,
    /// Who holds it and what its owner promised, the strongest first: `displayed`, `locked`.
    pub held: Vec<String>,
    /// Its owner and openers, where it is shared.
    pub sharing: Option<String>,
    /// Banks hinted, most wanted first: `3 ↑, 2 ↓`; empty for none.
    pub hinted_banks: String,
    /// The first and last bank in which it lies.
    pub banks: Option<(u8, u8)>,
    /// How the hints were followed.
    pub hint: Option<HintOutcome>,
}

/// The row of an allocation that exists.
#[must_use]
pub fn row(
    run: &Run,
    started: &Started,
    words: Words<'_>,
    id: AllocationId,
) -> Option<AllocationRow> {
    let book = started.vidmm().book();
    let allocation = book.allocation(id)?;
    let names = words.names;
    let process = book.device(allocation.device()).map(|device| device.process);
    let (place, info) = (allocation.placement(), allocation.info());
    let flags = info.flags.names(run.adapter().version);
    let preferred = info.preferred.iter().map(|wanted| {
        let end = if wanted.from_end { " ↓" } else { "" };
        format!("{}{end}", names.segment(wanted.segment))
    });
    Some(AllocationRow {
        id,
        name: names.allocation(id).to_owned(),
        process,
        process_name: process.map_or("", |process| names.process(process)).to_owned(),
        device_name: names.device(allocation.device()).to_owned(),
        state: State::of(allocation),
        segment: place.map(|it| (it.segment, names.segment(it.segment).to_owned())),
        span: place.map(|place| place.span),
        addresses: place.map(|place| {
            let base = words.checked(place.segment).map_or(0, |segment| segment.base.get());
            let last = place.span.end().saturating_sub(1);
            (base.saturating_add(place.span.start()), base.saturating_add(last))
        }),
        size: allocation.size().get(),
        priority: allocation.priority().to_string(),
        priority_value: allocation.priority().0,
        preferred: preferred.collect(),
        standing: Preferred::of(allocation),
        content: Content::of(allocation),
        bytes: ByteVerdict::of(started, allocation, run.place().inner.is_some()),
        reference: run.command_of_reference(allocation.last_reference()),
        flags,
        flags_value: info.flags.bits(),
        pinned: allocation.is_pinned(),
        pinned_reason: pinned_reason(allocation),
        held: held(allocation),
        sharing: allocation.is_shared().then(|| sharing_words(names, allocation)),
        hinted_banks: hint_words(info.hinted_banks),
        banks: place.and_then(|it| banks_of(&words.checked(it.segment)?.banks, it.span)),
        hint: place
            .and_then(|it| hint_outcome(words.checked(it.segment)?, info.hinted_banks, it))
            .map(|(outcome, _)| outcome),
    })
}

/// What holds an allocation, in words, the strongest first.
pub(super) fn held(allocation: &Allocation) -> Vec<String> {
    let mut held = Vec::new();
    if allocation.is_displayed() {
        held.push("displayed".to_owned());
    }
    held.extend(locks_words(allocation));
    held.extend(offer_words(allocation.offer()));
    if allocation.is_shared() {
        held.push("shared".to_owned());
    }
    held
}

impl AllocationRow {
    /// Banks hinted and actual: `2 ↑ → 3`; empty where the segment has none.
    #[must_use]
    pub fn bank_text(&self) -> String {
        let Some((first, last)) = self.banks else { return self.hinted_banks.clone() };
        let actual = if first == last { first.to_string() } else { format!("{first} to {last}") };
        if self.hinted_banks.is_empty() {
            return actual;
        }
        format!("{} → {actual}", self.hinted_banks)
    }

    /// First and last address: `0x0040_0000–0x009F_FFFF`; empty where it lies in no segment.
    #[must_use]
    pub fn address_text(&self) -> String {
        let text = |(first, last): (u64, u64)| format!("{}–{}", hex(first), hex(last));
        self.addresses.map_or_else(String::new, text)
    }

    /// How its place stands to what the driver prefers, in words.
    #[must_use]
    pub fn standing_text(&self) -> String {
        match self.standing {
            Preferred::First => "lies in its first preference".to_owned(),
            Preferred::Later(slot) => {
                format!("lies in preference {slot} of {}", self.preferred.len())
            }
            Preferred::Elsewhere => "lies in a segment that is not preferred".to_owned(),
            Preferred::NoPreference => "the driver prefers no segment".to_owned(),
            Preferred::NotResident => "lies in no segment".to_owned(),
        }
    }

    /// The row in a sentence, for screen readers.
    #[must_use]
    pub fn spoken(&self) -> String {
        let mut text = format!("{} of {}, {}", self.name, self.process_name, self.state.word());
        if let Some((_, name)) = &self.segment {
            text.push_str(&format!(" in {name} at {}", self.address_text()));
        }
        for held in &self.held {
            text.push_str(&format!(", {held}"));
        }
        let size = crate::base::text::size(self.size);
        let content = self.content.word();
        text.push_str(&format!(", {size}, priority {}, content {content}", self.priority));
        text
    }
}
