//! What lies at an address that was typed, where the session stands.

use crate::app::item::Item;
use crate::app::opened::Opened;
use crate::base::{PAGE_SIZE, Span};
use crate::rules::{CheckedSegment, SegmentKind};
use crate::vidmm::ExtentOwner;

/// Something at an address: a segment, or what lies in it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// What it is.
    pub(super) item: Item,
    /// The address.
    pub(super) address: u64,
    /// Bytes from the start of the segment.
    pub(super) offset: u64,
}

/// The number that was typed: `0x` and hexadecimal digits, with `_` wherever it helps.
pub(super) fn address_of(typed: &str) -> Option<u64> {
    let digits = typed.strip_prefix("0x").or_else(|| typed.strip_prefix("0X"))?;
    let digits: String = digits.chars().filter(|digit| *digit != '_').collect();
    u64::from_str_radix(&digits, 16).ok()
}

/// What lies at the address that was typed: in every segment that has it, what is there, then the
/// segment itself. Addresses are the GPU's, base address of the segment included.
pub(super) fn places(typed: &str, opened: &Opened) -> Vec<Found> {
    let Some(address) = address_of(typed) else { return Vec::new() };
    let Ok(started) = opened.run().machine().started() else { return Vec::new() };
    let segments = started.vidmm().adapter().segments.iter();
    let mut found = Vec::new();
    for segment in segments {
        let offset = address.checked_sub(segment.base.get());
        let Some(offset) = offset.filter(|offset| *offset < segment.size.get()) else { continue };
        let inner = inside(opened, segment, offset);
        let items = inner.into_iter().chain([Item::Segment(segment.id)]);
        found.extend(items.map(|item| Found { item, address, offset }));
    }
    found
}

fn inside(opened: &Opened, segment: &CheckedSegment, offset: u64) -> Option<Item> {
    let vidmm = opened.run().machine().started().ok()?.vidmm();
    let used = vidmm.book().segment(segment.id)?;
    let here = Span::at(offset, 1)?;
    match used.extents(here).next() {
        Some((_, ExtentOwner::Allocation(id) | ExtentOwner::Eviction(id))) => {
            Some(Item::Allocation(id))
        }
        Some(_) => None,
        None if segment.kind == SegmentKind::Aperture => {
            Some(Item::AperturePage(segment.id, offset / PAGE_SIZE))
        }
        None => {
            let hole = used.space().hole_at(offset)?;
            Some(Item::Hole(segment.id, hole))
        }
    }
}
