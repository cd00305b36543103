//! The holes of a space by size, for best fit.

use std::collections::BTreeSet;

use crate::base::Span;

/// Every hole, ordered by length and then by address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    holes: BTreeSet<(u64, u64)>,
}

impl Sizes {
    pub(super) fn add(&mut self, hole: Span) {
        if !hole.is_empty() {
            self.holes.insert((hole.len(), hole.start()));
        }
    }

    pub(super) fn remove(&mut self, hole: Span) {
        self.holes.remove(&(hole.len(), hole.start()));
    }

    /// Holes of the smallest length that is at least `len`, lowest first.
    pub(super) fn at_least(&self, len: u64) -> impl DoubleEndedIterator<Item = Span> {
        let shortest = self.holes.range((len, 0)..).next().map_or(len, |&(shortest, _)| shortest);
        self.holes
            .range((shortest, 0)..=(shortest, u64::MAX))
            .filter_map(|&(len, start)| Span::at(start, len))
    }

    /// Number of holes.
    pub(super) fn count(&self) -> usize {
        self.holes.len()
    }

    /// Whether this very hole is in the index.
    pub(super) fn contains(&self, hole: Span) -> bool {
        self.holes.contains(&(hole.len(), hole.start()))
    }
}
