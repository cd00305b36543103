//! Where a request would go.

use crate::base::Span;

use super::request::{Direction, Fit, NoRoom, Request};
use super::sizes::Sizes;
use super::space::Space;
use super::tree::{Place, clip};
use super::walk::Sought;

/// How many holes outside the window the index by size may bring before the window is searched
/// instead, so that a small window in a large space costs what the window holds.
const STRANGERS: usize = 64;

/// A hole that fits: its length inside the window and where the request goes in it.
#[derive(Clone, Copy)]
struct Fitting {
    len: u64,
    at: u64,
}

impl Space {
    /// Where the request would go; changes nothing.
    ///
    /// First fit costs O(log n), and best fit too in a space made by [`Space::indexed`], plus one
    /// look at each hole that is long enough but holds no multiple of the alignment in the right
    /// place.
    ///
    /// # Errors
    ///
    /// When no hole in the window holds the request.
    pub fn find(&self, request: &Request) -> Result<u64, NoRoom> {
        self.find_place(request, &mut Place::default()).map(|(at, _)| at)
    }

    /// Inserts a block for `owner` where the request would go, and returns where that is: the
    /// same as [`Space::find`] and then [`Space::insert`], in less time.
    ///
    /// # Errors
    ///
    /// When no hole in the window holds the request. Nothing was changed.
    pub fn place(&mut self, request: &Request, owner: u64) -> Result<u64, NoRoom> {
        let mut place = Place::default();
        let (at, noted) = self.find_place(request, &mut place)?;
        let span = Span::at(at, request.size).unwrap_or_default();
        if !noted {
            place = self.tree.seek(at + 1);
        }
        self.insert_at(&place, span, owner);
        Ok(at)
    }

    /// Where the request would go, and whether the search came by the entry above and noted it.
    fn find_place(&self, request: &Request, place: &mut Place) -> Result<(u64, bool), NoRoom> {
        let window = clip(request.window, self.len);
        let sought = Sought { size: request.size, window };
        let found = if request.size == 0 || request.size > window.len() {
            None
        } else {
            match (request.fit, request.direction, &self.sizes) {
                (Fit::First, _, _) => self.first(request, sought, place).map(|at| (at, true)),
                (Fit::Best, _, None) => self.best_by_address(request, sought).map(|at| (at, false)),
                (Fit::Best, _, Some(sizes)) => {
                    self.best_by_size(request, sought, sizes).map(|at| (at, false))
                }
            }
        };
        found.ok_or_else(|| {
            let room = self.tree.room(window);
            NoRoom { needed: request.size, window, free: room.free, largest: room.largest }
        })
    }

    /// The first hole that fits in the request's direction.
    fn first(&self, request: &Request, sought: Sought, place: &mut Place) -> Option<u64> {
        let mut choose = |hole| request.position_in(hole);
        match request.direction {
            Direction::BottomUp => self.tree.lowest(&sought, place, &mut choose),
            Direction::TopDown => self.tree.highest(&sought, place, &mut choose),
        }
    }

    /// The smallest hole that fits, from a look at each in the window.
    fn best_by_address(&self, request: &Request, sought: Sought) -> Option<u64> {
        let mut best: Option<Fitting> = None;
        let mut weigh = |hole: Span| -> Option<()> {
            if let Some(at) = request.position_in(hole)
                && best.is_none_or(|best| hole.len() < best.len)
            {
                best = Some(Fitting { len: hole.len(), at });
            }
            None
        };
        match request.direction {
            Direction::BottomUp => self.tree.lowest(&sought, &mut Place::default(), &mut weigh),
            Direction::TopDown => self.tree.highest(&sought, &mut Place::default(), &mut weigh),
        };
        best.map(|best| best.at)
    }

    /// The smallest hole that fits, from the index: the smallest of those wholly in the window,
    /// against the at most two that the window cuts.
    fn best_by_size(&self, request: &Request, sought: Sought, sizes: &Sizes) -> Option<u64> {
        let window = sought.window;
        let mut best: Option<Fitting> = None;
        // The whole space cuts no hole.
        let cut = (window.len() < self.len).then(|| self.cut_holes(window));
        for hole in cut.into_iter().flatten() {
            let fitting = request.position_in(hole).map(|at| Fitting { len: hole.len(), at });
            best = better(best, fitting, request.direction);
        }
        let mut len = request.size;
        let mut strangers = 0;
        while best.is_none_or(|best| len <= best.len) {
            let Some(lowest) = sizes.at_least(len, 0) else { break };
            len = lowest.len();
            let mut next = match request.direction {
                Direction::BottomUp => Some(lowest),
                Direction::TopDown => sizes.at_most(len, u64::MAX),
            };
            while let Some(hole) = next.filter(|hole| hole.len() == len) {
                if !window.covers(hole) {
                    strangers += 1;
                    if strangers > STRANGERS {
                        return self.best_by_address(request, sought);
                    }
                } else if let Some(at) = request.position_in(hole) {
                    let found = better(best, Some(Fitting { len, at }), request.direction);
                    return found.map(|best| best.at);
                }
                next = match request.direction {
                    Direction::BottomUp => sizes.at_least(len, hole.start() + 1),
                    Direction::TopDown => {
                        hole.start().checked_sub(1).and_then(|below| sizes.at_most(len, below))
                    }
                };
            }
            let Some(longer) = len.checked_add(1) else { break };
            len = longer;
        }
        best.map(|best| best.at)
    }

    /// The parts inside the window of holes that reach out of it.
    fn cut_holes(&self, window: Span) -> impl Iterator<Item = Span> {
        let mut reach = |position: u64| -> Option<Span> {
            let hole = self.hole_at(position)?;
            if window.covers(hole) { None } else { hole.intersection(window) }
        };
        let low = reach(window.start());
        let high = window.end().checked_sub(1).and_then(&mut reach);
        low.into_iter().chain(high.filter(|_| low != high))
    }

    /// The hole that covers `position`, whole.
    #[must_use]
    pub fn hole_at(&self, position: u64) -> Option<Span> {
        if position >= self.len {
            return None;
        }
        let hole = self.tree.entry(&self.tree.seek(position + 1)).hole();
        hole.contains(position).then_some(hole)
    }
}

/// The shorter of the two; of equals the first in the direction.
fn better(one: Option<Fitting>, two: Option<Fitting>, direction: Direction) -> Option<Fitting> {
    let (Some(a), Some(b)) = (one, two) else { return one.or(two) };
    let second = b.len < a.len
        || b.len == a.len
            && match direction {
                Direction::BottomUp => b.at < a.at,
                Direction::TopDown => b.at > a.at,
            };
    Some(if second { b } else { a })
}
