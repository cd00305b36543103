//! What people ask of an allocation beyond its place: who holds it, what keeps it there, what it
//! was offered as, how much of its room is padding.

use super::strips::hint_outcome;
use crate::base::Bytes;
use crate::base::text::{counted, size};
use crate::ddi::OfferPriority;
use crate::machine::Started;
use crate::memory::HostMemory;
use crate::rules::{AllocationKind, CheckedAdapter, CheckedSegment, Finding, check_allocation};
use crate::session::Names;
use crate::vidmm::{Allocation, Offer, Placement};

/// How soon an offer may be taken, in a word.
#[must_use]
pub const fn offer_level(level: OfferPriority) -> &'static str {
    match level {
        OfferPriority::Low => "low",
        OfferPriority::Normal => "normal",
        OfferPriority::High => "high",
        OfferPriority::Auto => "auto",
    }
}

/// The state of an offer: `offered (low)`, `discarded`; `None` for what is not offered.
#[must_use]
pub fn offer_words(offer: Offer) -> Option<String> {
    match offer {
        Offer::None => None,
        Offer::Offered(level) => Some(format!("offered ({})", offer_level(level))),
        Offer::Discarded => Some("discarded".to_owned()),
    }
}

/// What the state of an offer means.
#[must_use]
pub const fn offer_meaning(offer: Offer) -> &'static str {
    match offer {
        Offer::None => "its owner has not offered it",
        Offer::Offered(_) => {
            "its owner does not need the content for now: it leaves before what is not offered"
        }
        Offer::Discarded => "its content was dropped while it was offered: reclaiming says so",
    }
}

/// Why nothing evicts it, where nothing does.
#[must_use]
pub fn pinned_reason(allocation: &Allocation) -> Option<&'static str> {
    if allocation.is_displayed() {
        Some("displayed")
    } else if allocation.is_overlay() {
        Some("an overlay or capture surface")
    } else {
        None
    }
}

/// How often it is locked: `locked`, `locked 3 times`; `None` where it is not.
#[must_use]
pub fn locks_words(allocation: &Allocation) -> Option<String> {
    match allocation.locks() {
        0 => None,
        1 => Some("locked".to_owned()),
        locks => Some(format!("locked {locks} times")),
    }
}

/// The device that owns it and those that opened it: `game, opened by dwm, browser`.
#[must_use]
pub fn sharing_words(names: &Names, allocation: &Allocation) -> String {
    let owner = names.device(allocation.device());
    let others: Vec<&str> =
        allocation.openers().iter().map(|device| names.device(*device)).collect();
    if others.is_empty() {
        return format!("{owner}, opened by no other");
    }
    format!("{owner}, opened by {}", others.join(", "))
}

/// Room that a placed allocation takes without content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Padding {
    /// Bytes of content.
    pub content: u64,
    /// Bytes of room.
    pub room: u64,
}

impl Padding {
    /// Bytes without content.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.room.saturating_sub(self.content)
    }

    /// The share of the room that is without content, in thousandths.
    #[must_use]
    pub fn thousandths(self) -> u16 {
        let parts = u128::from(self.bytes()) * 1000 / u128::from(self.room.max(1));
        u16::try_from(parts).unwrap_or(1000).min(1000)
    }
}

/// The padding of an allocation in a segment: between rows that are aligned, and behind what is
/// rounded up to large pages. `None` where there is none beyond the last page of 4 KiB.
#[must_use]
pub fn padding(
    segment: &CheckedSegment,
    allocation: &Allocation,
    place: Placement,
) -> Option<Padding> {
    let apart = allocation.rows_in(segment).is_some();
    let content = if apart { allocation.content_size() } else { allocation.size() };
    let padding = Padding { content: content.get(), room: place.span.len() };
    (padding.bytes() > 0).then_some(padding)
}

/// What the room of an allocation in a segment consists of, one fact a line.
#[must_use]
pub fn room_lines(
    segment: &CheckedSegment,
    allocation: &Allocation,
    place: Placement,
) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(rows) = allocation.rows_in(segment) {
        lines.push(format!(
            "{} of {} B, each taking {} B",
            counted(rows.rows.into(), "row"),
            rows.pitch,
            rows.aligned_pitch,
        ));
    }
    let Some(padding) = padding(segment, allocation, place) else { return lines };
    lines.push(format!("{} content and {} padding", size(padding.content), size(padding.bytes())));
    if allocation.rows_in(segment).is_none() {
        lines.push(format!("rounded up to whole pages of {}", segment.page_size));
    }
    lines
}

/// What holds and marks an allocation, one fact a line: for tooltips.
#[must_use]
pub fn state_lines(
    started: &Started,
    names: &Names,
    segment: &CheckedSegment,
    allocation: &Allocation,
    place: Placement,
) -> Vec<String> {
    let mut lines = room_lines(segment, allocation, place);
    lines.extend(hint_outcome(segment, allocation.info().hinted_banks, place).map(|(_, it)| it));
    if let Some(why) = pinned_reason(allocation) {
        lines.push(format!("pinned: {why}"));
    }
    if let Some(locks) = locks_words(allocation) {
        lines.push(format!("{locks} by the CPU"));
    }
    if let Some(words) = offer_words(allocation.offer()) {
        lines.push(format!("{words}: {}", offer_meaning(allocation.offer())));
    }
    if allocation.is_shared() {
        lines.push(format!("shared: {}", sharing_words(names, allocation)));
    }
    if allocation.is_dirty() {
        lines.push("written since it was paged in".to_owned());
    }
    let stale = unflushed(started.host(), allocation);
    if stale > Bytes::ZERO {
        lines.push(format!("{stale} only in the CPU's cache"));
    }
    if started.is_in_flight(allocation) {
        lines.push(format!("in use by the GPU until fence {}", allocation.fence()));
    }
    lines
}

/// Bytes of its backing store that the CPU's cache holds and memory does not.
#[must_use]
pub fn unflushed(host: &HostMemory, allocation: &Allocation) -> Bytes {
    allocation.backing().map_or(Bytes::ZERO, |mdl| host.unflushed(mdl))
}

/// What it takes in each supported segment, where that is not its size.
#[must_use]
pub fn sizes_elsewhere(adapter: &CheckedAdapter, allocation: &Allocation) -> Vec<(String, Bytes)> {
    let info = allocation.info();
    let supported = |segment: &&CheckedSegment| {
        info.supported_read.contains(segment.id) || info.supported_write.contains(segment.id)
    };
    let known = adapter.segments.iter().filter(supported);
    known
        .map(|segment| (segment.name.clone(), allocation.size_in(segment)))
        .filter(|(_, bytes)| *bytes != allocation.size())
        .collect()
}

/// What the rules say of it as it was created.
#[must_use]
pub fn creation_findings(adapter: &CheckedAdapter, allocation: &Allocation) -> Vec<Finding> {
    let kind = AllocationKind {
        shared: allocation.is_shared(),
        primary: allocation.is_primary(),
        has_existing_pages: allocation.existing().is_some(),
    };
    check_allocation(adapter, allocation.info(), kind)
}
