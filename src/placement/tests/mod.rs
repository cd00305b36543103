//! Spaces beside a naive one that scans a sorted list.

mod drm_mm;
mod evicting;
mod leavers;
mod naive;
mod sequences;
mod single;

use super::{Direction, Fit, Request, Space};
use crate::base::Span;

fn span(start: u64, end: u64) -> Span {
    Span::new(start, end).expect("written in order")
}

/// First fit from the bottom of the whole space, without alignment.
fn lowest(space: &Space, size: u64) -> Request {
    Request {
        size,
        alignment: 1,
        window: Span::whole(space.len()),
        direction: Direction::BottomUp,
        fit: Fit::First,
    }
}

fn highest(space: &Space, size: u64) -> Request {
    Request { direction: Direction::TopDown, ..lowest(space, size) }
}

/// Both directions with both fits.
const MODES: [(Direction, Fit); 4] = [
    (Direction::BottomUp, Fit::First),
    (Direction::TopDown, Fit::First),
    (Direction::BottomUp, Fit::Best),
    (Direction::TopDown, Fit::Best),
];

/// Blocks of one position each at the given places, owned by their place.
fn units(len: u64, used: impl IntoIterator<Item = u64>) -> Space {
    let mut space = Space::indexed(len);
    for start in used {
        space.insert(span(start, start + 1), start).expect("named once");
    }
    space
}
