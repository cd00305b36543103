//! The oracle: a sorted list, scanned from end to end for everything.

use crate::base::Span;
use crate::placement::{Direction, Eviction, Fit, Request};

#[derive(Clone, Debug)]
pub(super) struct Naive {
    pub(super) len: u64,
    pub(super) blocks: Vec<(Span, u64)>,
}

impl Naive {
    pub(super) fn new(len: u64) -> Self {
        Self { len, blocks: Vec::new() }
    }

    pub(super) fn insert(&mut self, span: Span, owner: u64) -> bool {
        let wrong = span.is_empty() || span.end() > self.len;
        if wrong || self.blocks.iter().any(|(block, _)| block.overlaps(span)) {
            return false;
        }
        self.blocks.push((span, owner));
        self.blocks.sort_unstable();
        true
    }

    pub(super) fn remove(&mut self, start: u64) -> Option<(Span, u64)> {
        let index = self.blocks.iter().position(|(block, _)| block.start() == start)?;
        Some(self.blocks.remove(index))
    }

    pub(super) fn holes(&self, window: Span) -> Vec<Span> {
        let mut holes = Vec::new();
        let mut end = 0;
        let ends = [(Span::at(self.len, 0).expect("no positions"), 0)];
        for (block, _) in self.blocks.iter().chain(&ends) {
            holes.extend(Span::new(end, block.start()).and_then(|hole| hole.intersection(window)));
            end = block.end();
        }
        holes
    }

    /// Tries every multiple of the alignment in the hole, from the request's end.
    fn fits(request: &Request, hole: Span) -> Option<u64> {
        let alignment = request.alignment.max(1);
        let last = hole.end().checked_sub(request.size)?;
        let lowest = hole.start().div_ceil(alignment).checked_mul(alignment)?;
        let highest = last / alignment * alignment;
        if request.size == 0 || lowest > last || highest < hole.start() {
            return None;
        }
        Some(if request.direction == Direction::BottomUp { lowest } else { highest })
    }

    pub(super) fn find(&self, request: &Request) -> Option<u64> {
        let holes = self.holes(request.window).into_iter();
        let mut fitting: Vec<(u64, u64)> =
            holes.filter_map(|hole| Some((hole.len(), Self::fits(request, hole)?))).collect();
        if request.direction == Direction::TopDown {
            fitting.reverse();
        }
        if request.fit == Fit::Best {
            // Stable, so that equals stay in the request's direction.
            fitting.sort_by_key(|&(len, _)| len);
        }
        fitting.first().map(|&(_, at)| at)
    }

    /// Lets candidates go one after the other and asks anew each time.
    pub(super) fn find_evicting(&self, request: &Request, ranked: &[Span]) -> Option<Eviction> {
        let mut left = self.clone();
        if let Some(at) = left.find(request) {
            return Some(Eviction { at, victims: Vec::new(), considered: 0 });
        }
        for (index, candidate) in ranked.iter().enumerate() {
            left.blocks.retain(|(block, _)| block != candidate);
            if let Some(at) = left.find(&Request { fit: Fit::First, ..*request }) {
                let taken = Span::at(at, request.size).expect("it fits");
                let mut victims: Vec<Span> = ranked[..=index].to_vec();
                victims.retain(|block| {
                    block.overlaps(taken) && self.blocks.iter().any(|(held, _)| held == block)
                });
                return Some(Eviction { at, victims, considered: index + 1 });
            }
        }
        None
    }
}
