//! Where a request would go if others left.

use std::collections::BTreeMap;

use crate::base::Span;

use super::request::{Direction, Fit, NoRoom, Request};
use super::space::Space;

/// A place for a request, and who must leave for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eviction {
    /// Where the request would go.
    pub at: u64,
    /// The blocks that overlap that range, whole even where they reach out of the window, in the
    /// order in which they came as candidates. Empty when the request fits as it is.
    pub victims: Vec<Span>,
    /// Candidates taken from the caller until a hole fitted, whether they helped or not.
    pub considered: usize,
}

/// Candidates that left in thought: the holes that they made, each up to the blocks that stay.
struct Cleared<'a> {
    space: &'a Space,
    window: Span,
    /// End by start; every one holds at least one candidate.
    holes: BTreeMap<u64, u64>,
    /// Candidates in their order.
    joined: Vec<Span>,
}

impl Space {
    /// Where the request would go once the blocks `gone` have left; changes nothing.
    ///
    /// `gone` are whole blocks; what is no block counts for nothing. Costs a look at each hole of
    /// the window, so it is for those rare cases in which somebody leaves wherever they lie.
    ///
    /// # Errors
    ///
    /// When no hole fits even then; the numbers count the blocks as free.
    pub fn find_without(&self, request: &Request, gone: &[Span]) -> Result<u64, NoRoom> {
        let window = Span::whole(self.len()).intersection(request.window).unwrap_or_default();
        let blocks = gone.iter().filter(|block| {
            self.block_at(block.start()).is_some_and(|(known, _)| known == **block)
        });
        let mut free: Vec<Span> = self.holes(window).collect();
        free.extend(blocks.filter_map(|block| block.intersection(window)));
        free.sort_unstable();
        let mut holes: Vec<Span> = Vec::with_capacity(free.len());
        for span in free {
            match holes.last_mut() {
                Some(last) if last.end() >= span.start() => {
                    *last = Span::new(last.start(), span.end().max(last.end())).unwrap_or(*last);
                }
                _ => holes.push(span),
            }
        }
        if request.direction == Direction::TopDown {
            holes.reverse();
        }
        let fitting = holes.iter().filter_map(|hole| Some((hole, request.position_in(*hole)?)));
        let mut fitting = fitting.filter(|_| request.size > 0);
        let found = match request.fit {
            Fit::First => fitting.next(),
            // The first of equals is the nearest to the end that the direction names.
            Fit::Best => fitting.min_by_key(|(hole, _)| hole.len()),
        };
        found.map(|(_, at)| at).ok_or_else(|| NoRoom {
            needed: request.size,
            window,
            free: holes.iter().map(|hole| hole.len()).sum(),
            largest: holes.iter().map(|hole| hole.len()).max().unwrap_or(0),
        })
    }

    /// Where the request would go if the lowest-ranked left; changes nothing.
    ///
    /// `candidates` are whole blocks in rank order, the first to leave first. They join one by one
    /// until, together with free space, a hole fits inside the window. The request takes the
    /// lowest (top-down: the highest) position of that hole, and only what overlaps it is a
    /// victim. A candidate that is no block, came before or lies outside the window joins nothing.
    /// With k candidates considered this costs O(k log n).
    ///
    /// # Errors
    ///
    /// When no hole fits though all candidates left; the numbers then count them as free.
    pub fn find_evicting(
        &self,
        request: &Request,
        candidates: impl IntoIterator<Item = Span>,
    ) -> Result<Eviction, NoRoom> {
        let mut no_room = match self.find(request) {
            Ok(at) => return Ok(Eviction { at, victims: Vec::new(), considered: 0 }),
            Err(no_room) => no_room,
        };
        if request.size == 0 || request.size > no_room.window.len() {
            return Err(no_room);
        }
        let mut cleared = Cleared {
            space: self,
            window: no_room.window,
            holes: BTreeMap::new(),
            joined: Vec::new(),
        };
        for (index, candidate) in candidates.into_iter().enumerate() {
            let Some(hole) = cleared.join(candidate) else { continue };
            // Every other hole was too small before, so that only the new one can fit.
            if let Some(at) = request.position_in(hole) {
                let taken = Span::at(at, request.size).unwrap_or_default();
                let victims = cleared.joined.into_iter().filter(|block| block.overlaps(taken));
                return Ok(Eviction { at, victims: victims.collect(), considered: index + 1 });
            }
            no_room.largest = no_room.largest.max(hole.len());
        }
        let leaving = cleared.joined.iter().filter_map(|block| block.intersection(no_room.window));
        no_room.free += leaving.map(Span::len).sum::<u64>();
        Err(no_room)
    }
}

impl Cleared<'_> {
    /// Lets a candidate leave; the part in the window of the hole that this makes.
    fn join(&mut self, candidate: Span) -> Option<Span> {
        if !candidate.overlaps(self.window) || self.holds(candidate.start()) {
            return None;
        }
        if self.space.block_at(candidate.start())?.0 != candidate {
            return None;
        }
        let mut start = candidate.start();
        let mut end = candidate.end();
        // A hole that was made reaches up to the next block, so that two neighbours touch.
        let below = self.holes.range(..start).next_back().filter(|&(_, &end)| end == start);
        if let Some((&lowest, _)) = below {
            self.holes.remove(&lowest);
            start = lowest;
        } else if let Some(hole) = start.checked_sub(1).and_then(|last| self.space.hole_at(last)) {
            start = hole.start();
        }
        // A hole made above begins where the candidate ends, as a free one does.
        if let Some(highest) = self.holes.remove(&end) {
            end = highest;
        } else if let Some(hole) = self.space.hole_at(end) {
            end = hole.end();
        }
        self.holes.insert(start, end);
        self.joined.push(candidate);
        Span::new(start, end)?.intersection(self.window)
    }

    /// Whether a hole that was made covers `position`.
    fn holds(&self, position: u64) -> bool {
        self.holes.range(..=position).next_back().is_some_and(|(_, &end)| position < end)
    }
}
