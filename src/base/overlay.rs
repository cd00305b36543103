//! What many changes of one map of runs come to.

use std::collections::BTreeMap;

use super::{Piece, RunValue, Span};

/// Changes of a [`super::RunMap`] taken together: of each position that any of them touched, what it
/// held before the first and after the last.
#[derive(Clone, Debug)]
pub struct Overlay<V> {
    before: BTreeMap<u64, Piece<V>>,
    after: BTreeMap<u64, Piece<V>>,
}

/// A stretch of positions that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced<V> {
    /// The first position.
    pub start: u64,
    /// What was there.
    pub before: Vec<Piece<V>>,
    /// What is there now; as long.
    pub after: Vec<Piece<V>>,
}

impl<V> Default for Overlay<V> {
    fn default() -> Self {
        Self { before: BTreeMap::new(), after: BTreeMap::new() }
    }
}

impl<V: RunValue> Overlay<V> {
    /// The next change: from `start` on, `after` took the place of `before`, which is as long.
    pub fn replace(&mut self, start: u64, before: &[Piece<V>], after: &[Piece<V>]) {
        let mut at = start;
        for piece in before {
            self.keep(at, piece);
            at = at.saturating_add(piece.len);
        }
        let Some(span) = Span::new(start, at) else { return };
        clear(&mut self.after, span);
        at = start;
        for piece in after.iter().filter(|piece| piece.len > 0) {
            self.after.insert(at, piece.clone());
            at = at.saturating_add(piece.len);
        }
    }

    /// Notes what was there first, wherever nothing is noted yet.
    fn keep(&mut self, start: u64, piece: &Piece<V>) {
        let end = start.saturating_add(piece.len);
        let mut at = start;
        if let Some((known, first)) = self.before.range(..=start).next_back() {
            at = at.max(known.saturating_add(first.len));
        }
        while at < end {
            let next = self.before.range(at..end).next();
            let (until, behind) = match next {
                Some((known, first)) => (*known, known.saturating_add(first.len)),
                None => (end, end),
            };
            if until > at {
                let value = piece.value.advanced(at - start);
                self.before.insert(at, Piece { len: until - at, value });
            }
            at = behind;
        }
    }

    /// What changed, in the order of positions; what is again as it was is left out where a whole
    /// stretch is.
    #[must_use]
    pub fn finish(self) -> Vec<Replaced<V>> {
        let mut stretches: Vec<Replaced<V>> = Vec::new();
        let mut end = 0;
        for (start, piece) in self.before {
            match stretches.last_mut() {
                Some(last) if end == start => join(&mut last.before, &piece),
                _ => stretches.push(Replaced { start, before: vec![piece.clone()], after: vec![] }),
            }
            end = start.saturating_add(piece.len);
        }
        let mut after = self.after.into_iter().peekable();
        for stretch in &mut stretches {
            let len: u64 = stretch.before.iter().map(|piece| piece.len).sum();
            let end = stretch.start.saturating_add(len);
            while let Some((_, piece)) = after.next_if(|(start, _)| *start < end) {
                join(&mut stretch.after, &piece);
            }
        }
        stretches.retain(|stretch| stretch.before != stretch.after);
        stretches
    }
}

/// Appends a piece, to the last one where it continues that.
fn join<V: RunValue>(pieces: &mut Vec<Piece<V>>, piece: &Piece<V>) {
    match pieces.last_mut() {
        Some(last) if last.value.advanced(last.len) == piece.value => last.len += piece.len,
        _ => pieces.push(piece.clone()),
    }
}

/// Leaves nothing in a span.
fn clear<V: RunValue>(pieces: &mut BTreeMap<u64, Piece<V>>, span: Span) {
    if span.is_empty() {
        return;
    }
    if let Some((&start, piece)) = pieces.range(..span.start()).next_back() {
        let end = start.saturating_add(piece.len);
        if end > span.start() {
            if end > span.end() {
                let value = piece.value.advanced(span.end() - start);
                pieces.insert(span.end(), Piece { len: end - span.end(), value });
            }
            if let Some(head) = pieces.get_mut(&start) {
                head.len = span.start() - start;
            }
        }
    }
    while let Some((&start, piece)) = pieces.range(span.start()..span.end()).next() {
        let end = start.saturating_add(piece.len);
        let tail = (end > span.end()).then(|| Piece {
            len: end - span.end(),
            value: piece.value.advanced(span.end() - start),
        });
        pieces.remove(&start);
        if let Some(tail) = tail {
            pieces.insert(span.end(), tail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::runs::tests::Value;
    use super::super::{RunMap, SplitMix};
    use super::*;

    /// Each sequence of random changes, applied one by one and as its overlay, there and back.
    #[test]
    fn an_overlay_comes_to_the_same_as_its_changes() {
        for seed in 0..400 {
            let mut rng = SplitMix::new(seed);
            let mut map = RunMap::new(32, Value::Constant(0));
            for start in 0..32 {
                let value = Value::Rising(rng.below(4));
                map.put(start, &[Piece { len: 1, value }]);
            }
            let initial = map.clone();
            let mut overlay = Overlay::default();
            for _ in 0..rng.below(12) {
                let start = rng.below(32);
                let mut pieces = Vec::new();
                let mut at = start;
                while at < 32 && rng.below(3) > 0 {
                    let len = 1 + rng.below(32 - at);
                    let value = match rng.below(2) {
                        0 => Value::Rising(at),
                        _ => Value::Constant(rng.below(2)),
                    };
                    pieces.push(Piece { len, value });
                    at += len;
                }
                let before = map.replace(start, &pieces);
                overlay.replace(start, &before, &pieces);
            }
            let mut there = initial.clone();
            let net = overlay.finish();
            for stretch in &net {
                there.put(stretch.start, &stretch.after);
            }
            let whole = Span::whole(32);
            assert_eq!(there.pieces(whole), map.pieces(whole), "seed {seed}");
            assert_eq!(there.hash(), map.hash(), "seed {seed}");
            for stretch in net.iter().rev() {
                there.put(stretch.start, &stretch.before);
            }
            assert_eq!(there.pieces(whole), initial.pieces(whole), "seed {seed}");
            assert_eq!(there.hash(), initial.hash(), "seed {seed}");
        }
    }
}
