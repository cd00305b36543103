//! Sparse maps from an address space to values that come in runs.
//!
//! The bytes of a memory, the entries of an aperture table and the use of frames all have this
//! shape: a few descriptions, each of which covers many positions. A run is kept once whatever
//! its length, and two neighbours that continue each other are always one run, so that a map
//! depends only on what it says of each position and undoing a change restores it exactly.

use std::collections::BTreeMap;
use std::fmt;

use super::{Span, StableHasher, StateHash};

/// What a run holds: enough to say what any position in it has.
pub trait RunValue: Clone + PartialEq + fmt::Debug {
    /// The value that describes the rest of a run `by` positions further on.
    #[must_use]
    fn advanced(&self, by: u64) -> Self;

    /// Folds the value into a hash.
    #[must_use]
    fn fold(&self, hasher: StableHasher) -> StableHasher;
}

/// A run at its place: `value` describes `span.start()` onwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run<V> {
    /// The positions covered.
    pub span: Span,
    /// What they hold.
    pub value: V,
}

/// A run without its place: what a copy carries from one map to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<V> {
    /// Positions covered; never 0.
    pub len: u64,
    /// What they hold.
    pub value: V,
}

/// A total map over `0..len`.
#[derive(Clone, Debug)]
pub struct RunMap<V> {
    len: u64,
    runs: BTreeMap<u64, Piece<V>>,
    hash: StateHash,
}

impl<V: RunValue> RunMap<V> {
    /// The map that holds one run of `value` over `0..len`.
    #[must_use]
    pub fn new(len: u64, value: V) -> Self {
        let mut map = Self { len, runs: BTreeMap::new(), hash: StateHash::default() };
        if len > 0 {
            map.insert(0, Piece { len, value });
        }
        map
    }

    /// Positions in the map.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether the map has no position.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many runs describe the map.
    #[must_use]
    pub fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// The hash of the description.
    #[must_use]
    pub const fn hash(&self) -> StateHash {
        self.hash
    }

    /// What one position holds; `None` outside the map.
    #[must_use]
    pub fn at(&self, position: u64) -> Option<V> {
        let (start, piece) = self.runs.range(..=position).next_back()?;
        (position < self.len).then(|| piece.value.advanced(position - start))
    }

    /// The runs of `span`, clipped to it, in order. Positions outside the map are left out.
    pub fn runs(&self, span: Span) -> impl Iterator<Item = Run<V>> + '_ {
        let first = self.runs.range(..=span.start()).next_back().map_or(0, |(start, _)| *start);
        self.runs.range(first..).take_while(move |(start, _)| **start < span.end()).filter_map(
            move |(start, piece)| {
                let whole = Span::at(*start, piece.len)?;
                let clipped = whole.intersection(span)?;
                let value = piece.value.advanced(clipped.start() - start);
                Some(Run { span: clipped, value })
            },
        )
    }

    /// The description of `span` without its place.
    #[must_use]
    pub fn pieces(&self, span: Span) -> Vec<Piece<V>> {
        if let Some(value) = self.within_one(span) {
            return vec![Piece { len: span.len(), value }];
        }
        self.runs(span).map(|run| Piece { len: run.span.len(), value: run.value }).collect()
    }

    /// What `span` holds from its start on, where all of it lies in one run: the common case.
    #[must_use]
    pub fn within_one(&self, span: Span) -> Option<V> {
        let (start, piece) = self.runs.range(..=span.start()).next_back()?;
        let is_within = !span.is_empty() && span.end() - start <= piece.len;
        is_within.then(|| piece.value.advanced(span.start() - start))
    }

    /// Replaces what lies from `start` on, and returns what was there.
    ///
    /// # Panics
    /// When the pieces reach beyond the map: callers check their ranges, because what to say
    /// about a wrong one is theirs to know.
    pub fn replace(&mut self, start: u64, pieces: &[Piece<V>]) -> Vec<Piece<V>> {
        let len = pieces.iter().map(|piece| piece.len).sum();
        let span = Span::at(start, len).filter(|span| span.end() <= self.len);
        let span = span.expect("the caller checked that the range lies in the map");
        if span.is_empty() {
            return Vec::new();
        }
        self.split(span.start());
        self.split(span.end());
        let mut replaced: Vec<Piece<V>> = Vec::new();
        while let Some((&at, _)) = self.runs.range(span.start()..span.end()).next() {
            replaced.extend(self.remove(at));
        }
        let mut at = span.start();
        for piece in pieces.iter().filter(|piece| piece.len > 0) {
            self.insert(at, piece.clone());
            self.join(at);
            at += piece.len;
        }
        self.join(span.end());
        replaced
    }

    /// Puts pieces from `start` on, as [`Self::replace`] does, without telling what was there.
    ///
    /// # Panics
    /// When the pieces reach beyond the map.
    pub fn put(&mut self, start: u64, pieces: &[Piece<V>]) {
        let replaced_whole = match pieces {
            [piece] => self.put_whole(start, piece),
            _ => false,
        };
        if !replaced_whole {
            self.replace(start, pieces);
        }
    }

    /// Puts a piece in the place of exactly one run, if that is where it goes and it continues no
    /// neighbour: the common case by far, which leaves the runs where they are.
    fn put_whole(&mut self, start: u64, piece: &Piece<V>) -> bool {
        let Some(end) = start.checked_add(piece.len) else { return false };
        let mut around = self.runs.range(..=end).rev();
        let mut next = around.next();
        if let Some((&at, after)) = next
            && at == end
        {
            if piece.value.advanced(piece.len) == after.value {
                return false;
            }
            next = around.next();
        }
        if next.is_none_or(|(&at, here)| at != start || here.len != piece.len) {
            return false;
        }
        if let Some((_, before)) = around.next()
            && before.value.advanced(before.len) == piece.value
        {
            return false;
        }
        let new = Self::part(start, piece);
        let Some(here) = self.runs.get_mut(&start) else { return false };
        self.hash = self.hash.without(Self::part(start, here)).with(new);
        here.value = piece.value.clone();
        true
    }

    /// Makes a run begin at `position`.
    fn split(&mut self, position: u64) {
        let Some((&start, piece)) = self.runs.range(..position).next_back() else {
            return;
        };
        let head = position - start;
        if head >= piece.len {
            return;
        }
        let tail = Piece { len: piece.len - head, value: piece.value.advanced(head) };
        let Some(whole) = self.remove(start) else {
            return;
        };
        self.insert(start, Piece { len: head, value: whole.value });
        self.insert(position, tail);
    }

    /// Joins the run that begins at `position` to the one before it where it continues that one.
    fn join(&mut self, position: u64) {
        let Some(later) = self.runs.get(&position) else {
            return;
        };
        let Some((&start, earlier)) = self.runs.range(..position).next_back() else {
            return;
        };
        if earlier.value.advanced(earlier.len) != later.value {
            return;
        }
        let len = earlier.len + later.len;
        self.remove(position);
        if let Some(earlier) = self.remove(start) {
            self.insert(start, Piece { len, value: earlier.value });
        }
    }

    fn insert(&mut self, start: u64, piece: Piece<V>) {
        self.hash = self.hash.with(Self::part(start, &piece));
        self.runs.insert(start, piece);
    }

    fn remove(&mut self, start: u64) -> Option<Piece<V>> {
        let piece = self.runs.remove(&start)?;
        self.hash = self.hash.without(Self::part(start, &piece));
        Some(piece)
    }

    fn part(start: u64, piece: &Piece<V>) -> StateHash {
        piece.value.fold(StableHasher::new(start).number(piece.len)).finish()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::SplitMix;
    use super::*;

    /// Counts up by one a position, or stays.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub(in crate::base) enum Value {
        Rising(u64),
        Constant(u64),
    }

    impl RunValue for Value {
        fn advanced(&self, by: u64) -> Self {
            match self {
                Self::Rising(first) => Self::Rising(first.wrapping_add(by)),
                Self::Constant(value) => Self::Constant(*value),
            }
        }
        fn fold(&self, hasher: StableHasher) -> StableHasher {
            match self {
                Self::Rising(first) => hasher.number(0).number(*first),
                Self::Constant(value) => hasher.number(1).number(*value),
            }
        }
    }

    fn at_each(map: &RunMap<Value>) -> Vec<Value> {
        (0..map.len()).map(|position| map.at(position).expect("inside")).collect()
    }

    #[test]
    fn random_replacements_agree_with_a_plain_array_and_undo_exactly() {
        for seed in 0..200 {
            let mut rng = SplitMix::new(seed);
            let mut map = RunMap::new(24, Value::Constant(0));
            let mut array = vec![Value::Constant(0); 24];
            for step in 0..40 {
                let start = rng.below(24);
                let mut pieces = Vec::new();
                let mut at = start;
                while at < 24 && rng.below(3) > 0 {
                    let len = 1 + rng.below(24 - at);
                    let value = match rng.below(3) {
                        0 => Value::Rising(at),
                        1 => Value::Rising(rng.below(2)),
                        _ => Value::Constant(rng.below(2)),
                    };
                    for offset in 0..len {
                        let index = usize::try_from(at + offset).expect("small");
                        array[index] = value.advanced(offset);
                    }
                    pieces.push(Piece { len, value });
                    at += len;
                }
                let before = map.clone();
                let mut put = map.clone();
                let replaced = map.replace(start, &pieces);
                put.put(start, &pieces);
                assert_eq!(put.runs, map.runs, "seed {seed}, step {step}");
                assert_eq!(put.hash(), map.hash(), "seed {seed}, step {step}");
                assert_eq!(at_each(&map), array, "seed {seed}, step {step}");
                let mut undone = map.clone();
                undone.replace(start, &replaced);
                assert_eq!(undone.runs, before.runs, "seed {seed}, step {step}");
                assert_eq!(undone.hash(), before.hash(), "seed {seed}, step {step}");
                let neighbours: Vec<_> = map.runs.iter().collect();
                for pair in neighbours.windows(2) {
                    let [(_, earlier), (_, later)] = pair else { unreachable!("windows of two") };
                    assert_ne!(earlier.value.advanced(earlier.len), later.value, "seed {seed}");
                }
            }
        }
    }

    #[test]
    fn runs_are_clipped_to_what_was_asked() {
        let mut map = RunMap::new(10, Value::Constant(0));
        map.replace(4, &[Piece { len: 4, value: Value::Rising(7) }]);
        let runs: Vec<_> = map.runs(Span::new(5, 9).expect("in order")).collect();
        assert_eq!(runs[0].span, Span::new(5, 8).expect("in order"));
        assert_eq!(runs[0].value, Value::Rising(8));
        assert_eq!(runs[1].value, Value::Constant(0));
        assert_eq!(runs.len(), 2);
    }

    #[test]
    fn the_last_position_of_u64_is_reachable() {
        let mut map = RunMap::new(u64::MAX, Value::Constant(0));
        map.replace(u64::MAX - 1, &[Piece { len: 1, value: Value::Constant(1) }]);
        assert_eq!(map.at(u64::MAX - 1), Some(Value::Constant(1)));
        assert_eq!(map.at(u64::MAX), None);
    }
}
