//! The holes of a space by size, for best fit.

use std::collections::BTreeSet;

use crate::base::Span;

/// Every hole, ordered by length and then by address.
///
/// Wide nodes as those of the tree of blocks were tried and were slower: few holes come and go in a
/// round, and comparing pairs costs more than it saves.
#[derive(Clone, Debug, Default)]
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
        if !hole.is_empty() {
            self.holes.remove(&(hole.len(), hole.start()));
        }
    }

    /// The first hole, by length and then by address, of a length above `len`, or of that length
    /// and not below `start`.
    pub(super) fn at_least(&self, len: u64, start: u64) -> Option<Span> {
        self.holes.range((len, start)..).next().and_then(|&(len, start)| Span::at(start, len))
    }

    /// The last hole of length `len` that does not begin above `start`.
    pub(super) fn at_most(&self, len: u64, start: u64) -> Option<Span> {
        let last = self.holes.range(..=(len, start)).next_back();
        last.filter(|last| last.0 == len).and_then(|&(len, start)| Span::at(start, len))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Sizes, Span};
    use crate::base::SplitMix;

    /// The index beside a set of pairs of length and start.
    fn compare(sizes: &Sizes, known: &BTreeSet<(u64, u64)>, len: u64, start: u64) {
        let span = |&(len, start): &(u64, u64)| Span::at(start, len).expect("small");
        assert_eq!(sizes.count(), known.len());
        let next = known.range((len, start)..).next().map(span);
        assert_eq!(sizes.at_least(len, start), next, "from {len} at {start}");
        let last = known.range((len, 0)..=(len, start)).next_back().map(span);
        assert_eq!(sizes.at_most(len, start), last, "up to {len} at {start}");
        let this = Span::at(start, len).expect("small");
        assert_eq!(sizes.contains(this), known.contains(&(len, start)));
    }

    #[test]
    fn random_holes_come_and_go_as_in_an_ordered_set() {
        for seed in 0..24 {
            let mut rng = SplitMix::new(seed);
            let (mut sizes, mut known) = (Sizes::default(), BTreeSet::new());
            let (lengths, starts) = (1 + rng.below(40), 1 + rng.below(400));
            for turn in 0..6_000_u64 {
                let (len, start) = (1 + rng.below(lengths), rng.below(starts));
                let hole = Span::at(start, len).expect("small");
                // Grows and shrinks in turn, down to nothing.
                if rng.below(100) < if turn / 1_500 % 2 == 0 { 80 } else { 8 } {
                    sizes.add(hole);
                    known.insert((len, start));
                } else {
                    let some = known.range((len, start)..).next().or(known.first()).copied();
                    if let Some((len, start)) = some {
                        sizes.remove(Span::at(start, len).expect("small"));
                        known.remove(&(len, start));
                    }
                    sizes.remove(hole);
                    known.remove(&(len, start));
                }
                compare(&sizes, &known, 1 + rng.below(lengths), rng.below(starts));
            }
            for (len, start) in std::mem::take(&mut known) {
                sizes.remove(Span::at(start, len).expect("small"));
            }
            assert_eq!((sizes.count(), sizes.at_least(0, 0)), (0, None), "seed {seed}");
        }
    }

    #[test]
    fn a_hole_is_ordered_by_length_and_then_by_address() {
        let mut sizes = Sizes::default();
        for (start, len) in [(9, 2), (0, 2), (20, 5), (30, 0)] {
            sizes.add(Span::at(start, len).expect("small"));
        }
        let at = |start, len| Span::at(start, len);
        assert_eq!(sizes.count(), 3, "an empty hole is none");
        assert_eq!((sizes.at_least(1, 0), sizes.at_least(2, 1)), (at(0, 2), at(9, 2)));
        assert_eq!((sizes.at_least(3, 0), sizes.at_least(6, 0)), (at(20, 5), None));
        assert_eq!((sizes.at_most(2, u64::MAX), sizes.at_most(2, 8)), (at(9, 2), at(0, 2)));
        assert_eq!((sizes.at_most(4, u64::MAX), sizes.at_most(5, 19)), (None, None));
    }
}
