//! What is asked of a space, and the refusal when there is no room.

use thiserror::Error;

use crate::base::Span;

/// From which end of the window a request is placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The lowest position that fits.
    #[default]
    BottomUp,
    /// The highest position that fits.
    TopDown,
}

/// Which of the holes that fit is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fit {
    /// The first in the request's direction.
    #[default]
    First,
    /// The smallest, counting only what lies in the window; among equals the first in the
    /// request's direction.
    Best,
}

/// Room wanted for one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Positions wanted. 0 is refused.
    pub size: u64,
    /// The start shall be a multiple of this: any value, not only powers of two. 0 means 1.
    pub alignment: u64,
    /// Where the block may lie, as a whole. What reaches beyond the space does not count.
    pub window: Span,
    /// From which end.
    pub direction: Direction,
    /// Which hole.
    pub fit: Fit,
}

impl Request {
    /// Where the request goes in a hole, from the end of the hole that its direction names.
    pub(super) fn position_in(&self, hole: Span) -> Option<u64> {
        let room = hole.len().checked_sub(self.size)?;
        match self.direction {
            Direction::BottomUp => {
                let over = self.over(hole.start());
                let skipped = if over == 0 { 0 } else { self.alignment - over };
                // Skipping at most `room` stays inside the hole, so the sum cannot overflow.
                (skipped <= room).then(|| hole.start() + skipped)
            }
            Direction::TopDown => {
                let over = self.over(hole.start() + room);
                (over <= room).then(|| hole.start() + room - over)
            }
        }
    }

    /// How far `position` is above a multiple of the alignment.
    fn over(&self, position: u64) -> u64 {
        if self.alignment.is_power_of_two() {
            // Division is many times slower, and powers of two are what video memory asks for.
            position & (self.alignment - 1)
        } else {
            position.checked_rem(self.alignment).unwrap_or(0)
        }
    }
}

/// No position fits. The numbers tell why: see [`NoRoom::shortage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no room for {needed} in {window}: {free} free, {largest} in one piece")]
pub struct NoRoom {
    /// Positions wanted.
    pub needed: u64,
    /// The window, cut to the space.
    pub window: Span,
    /// Free positions inside the window; from [`Space::find_evicting`](super::Space::find_evicting)
    /// with what all candidates would free there.
    pub free: u64,
    /// The most of them in one piece inside the window, counted the same way.
    pub largest: u64,
}

impl NoRoom {
    /// What was short.
    #[must_use]
    pub fn shortage(&self) -> Shortage {
        if self.needed == 0 {
            Shortage::NothingAsked
        } else if self.needed > self.window.len() {
            Shortage::LargerThanWindow
        } else if self.needed > self.free {
            Shortage::NotEnough
        } else {
            Shortage::Fragmented
        }
    }
}

/// Why there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shortage {
    /// A size of 0 has no place.
    NothingAsked,
    /// The window could not hold it even when empty.
    LargerThanWindow,
    /// Fewer free positions in the window than needed.
    NotEnough,
    /// Enough are free, but no hole holds the request at its alignment.
    Fragmented,
}
