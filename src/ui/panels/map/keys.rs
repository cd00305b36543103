//! Walking over the map with the arrow keys: blocks in address order, lanes up and down.

use crate::app::{Item, View};
use crate::base::{SegmentId, Span};
use crate::machine::Started;
use crate::vidmm::{ExtentOwner, SegmentUse};

/// A direction of walking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    /// The block before.
    Left,
    /// The block after.
    Right,
    /// The lane above.
    Up,
    /// The lane below.
    Down,
}

/// Where a selection lies on the map.
pub(in crate::ui::panels) fn place_of(started: &Started, item: Item) -> Option<(SegmentId, Span)> {
    let book = started.vidmm().book();
    match item {
        Item::Segment(segment) => {
            let size = started.vidmm().adapter().segment(segment)?.size;
            Some((segment, Span::whole(size.get())))
        }
        Item::Allocation(id) => {
            let place = book.allocation(id)?.placement()?;
            Some((place.segment, place.span))
        }
        Item::Hole(segment, span) => Some((segment, span)),
        Item::AperturePage(segment, page) => {
            let start = page.checked_mul(crate::base::PAGE_SIZE)?;
            Some((segment, Span::at(start, crate::base::PAGE_SIZE)?))
        }
        Item::Buffer(index) => {
            let buffer = started.vidmm().queue().buffers().get(usize::try_from(index).ok()?)?;
            let (segment, offset) = buffer.aperture().or(buffer.shape.memory)?;
            let (span, _) = book.segment(segment)?.space().block_at(offset.get())?;
            Some((segment, span))
        }
        Item::Process(_) | Item::Frame(_) | Item::Step(_) => None,
    }
}

/// What a block is for the rest of the window; `None` for ranges that hold nothing to select.
const fn item_of(owner: ExtentOwner) -> Option<Item> {
    match owner {
        ExtentOwner::Allocation(id) | ExtentOwner::Eviction(id) => Some(Item::Allocation(id)),
        ExtentOwner::PagingBuffer(index) | ExtentOwner::DmaBuffer(index) => {
            Some(Item::Buffer(index))
        }
        ExtentOwner::InvalidRange(_) | ExtentOwner::UefiFrameBuffer(_) => None,
    }
}

/// What is selected after one step from the selection; `None` where there is nothing further.
pub(super) fn walk(view: &View<'_>, walk: Walk) -> Option<Item> {
    let started = view.started?;
    let book = started.vidmm().book();
    let segments = &started.vidmm().adapter().segments;
    let first = segments.first()?.id;
    let usage = |id: SegmentId| book.segment(id);
    let Some((segment, span)) = view.selected.and_then(|item| place_of(started, item)) else {
        return next(usage(first)?, 0).or(Some(Item::Segment(first)));
    };
    let whole = matches!(view.selected, Some(Item::Segment(_)));
    match walk {
        Walk::Right if whole => next(usage(segment)?, 0),
        Walk::Right => next(usage(segment)?, span.end()),
        Walk::Left if whole => before(usage(segment)?, u64::MAX),
        Walk::Left => before(usage(segment)?, span.start()),
        Walk::Up | Walk::Down => {
            let index = match walk {
                Walk::Up => segment.index().checked_sub(1)?,
                _ => segment.index().checked_add(1)?,
            };
            let id = segments.get(index)?.id;
            if whole {
                Some(Item::Segment(id))
            } else {
                next(usage(id)?, 0).or(Some(Item::Segment(id)))
            }
        }
    }
}

/// The first block at or after a position.
fn next(usage: &SegmentUse, position: u64) -> Option<Item> {
    let rest = Span::new(position, usage.space().len())?;
    usage.extents(rest).find_map(|(_, owner)| item_of(owner))
}

/// The last block that starts before a position.
fn before(usage: &SegmentUse, position: u64) -> Option<Item> {
    let space = usage.space();
    let mut end = position.min(space.len());
    loop {
        let last = end.checked_sub(1)?;
        end = match space.block_at(last) {
            Some((span, token)) => match item_of(ExtentOwner::from_token(token)) {
                Some(item) => return Some(item),
                None => span.start(),
            },
            None => space.hole_at(last)?.start(),
        };
    }
}
