//! Who leaves a space, and what their leaving would free, remembered from search to search.
//!
//! [`Space::find_evicting`] joins its candidates anew each time. In a full memory the first of them
//! are always the same: blocks that came so far down the order because they are too small to be of
//! use. Here a search keeps what it joined, and the next one mends only what changed since.
//!
//! What is kept: of each block up to some key the hole that its leaving makes, which reaches to the
//! nearest blocks on both sides that leave later or stay. The first block in the order whose hole
//! holds the request is the one with which joining one by one would have stopped, because what it
//! joined is just that hole. A block that may not leave after all spoils only the holes that
//! contain it: without it they are smaller, and all others stay what they are. So it is enough to
//! ask for the blocks of the hole that was found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use crate::base::Span;

use super::changes::Mark;
use super::ranked::{Joined, Ranked};
use super::request::Request;
use super::space::Space;
use super::tree::clip;

/// How much is mended for each block kept, while the later half of them is of no use, before
/// everything is forgotten: about what keeping them anew costs.
const PATIENCE: usize = 8;

/// A place for a request, and who leaves for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving<K> {
    /// Where the request would go.
    pub at: u64,
    /// Those whose blocks overlap that range, in their order.
    pub victims: Vec<K>,
}

/// The blocks of one space that can leave, by the order in which they do: the lowest key first.
///
/// A key says nothing of its block but the rank; where the block lies is asked for in a search.
/// When it comes, goes or moves, its key must be removed or inserted, be it the same one again.
#[derive(Debug)]
pub struct Leavers<K> {
    keys: BTreeSet<K>,
    /// Searches change it, but never what they find.
    kept: Mutex<Kept<K>>,
}

/// What searches leave behind.
#[derive(Debug)]
struct Kept<K> {
    /// The state of the space that it is about; `None` when there is nothing.
    mark: Option<Mark>,
    /// Every key up to this one has joined or waits.
    up_to: Option<K>,
    /// Those that joined.
    ranked: Ranked<K>,
    /// The same by the start of their blocks.
    by_start: BTreeMap<u64, K>,
    /// The holes of those that joined last in their surroundings, end by start: the largest.
    holes: BTreeMap<u64, u64>,
    /// Those that may not leave, as far as was asked.
    waiting: BTreeSet<K>,
    /// Keys up to `up_to` that came or went since.
    stale: Vec<K>,
    /// Blocks looked at to mend holes since the later half of `ranked` was of use.
    mended: usize,
}

/// A copy remembers nothing, because it goes with a copy of the space.
impl<K: Ord + Copy> Clone for Leavers<K> {
    fn clone(&self) -> Self {
        Self { keys: self.keys.clone(), ..Self::new() }
    }
}

impl<K: Ord + Copy> Default for Leavers<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Ord + Copy> FromIterator<K> for Leavers<K> {
    fn from_iter<I: IntoIterator<Item = K>>(keys: I) -> Self {
        Self { keys: keys.into_iter().collect(), ..Self::new() }
    }
}

impl<K: Ord + Copy> Leavers<K> {
    /// Nobody.
    #[must_use]
    pub const fn new() -> Self {
        Self { keys: BTreeSet::new(), kept: Mutex::new(Kept::new()) }
    }

    /// Number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether this key is one.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.keys.contains(key)
    }

    /// The keys in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.keys.iter()
    }

    /// Adds a key; whether it is new.
    pub fn insert(&mut self, key: K) -> bool {
        self.kept.get_mut().unwrap_or_else(PoisonError::into_inner).note(key);
        self.keys.insert(key)
    }

    /// Takes a key out; whether it was there.
    pub fn remove(&mut self, key: &K) -> bool {
        self.kept.get_mut().unwrap_or_else(PoisonError::into_inner).note(*key);
        self.keys.remove(key)
    }

    /// Where the request would go if the first in the order left, and which of them must: what
    /// [`Space::find_evicting`] says of the same candidates.
    ///
    /// Candidates are the keys for which `within` is true, which must be the lowest ones, and
    /// for which `block` tells a block of `space`; those without are passed over. `None` when no
    /// hole fits though all candidates left.
    ///
    /// Costs O(log n) for each change since the last search that touches what that one joined, and
    /// a look at each hole long enough that does not hold the request at its alignment inside its
    /// window; O(k log n) when k blocks join that did not before.
    pub fn find(
        &self,
        space: &Space,
        request: &Request,
        within: impl Fn(&K) -> bool,
        block: impl Fn(&K) -> Option<Span>,
    ) -> Option<Leaving<K>> {
        if let Ok(at) = space.find(request) {
            return Some(Leaving { at, victims: Vec::new() });
        }
        let window = clip(request.window, space.len());
        if request.size == 0 || request.size > window.len() {
            return None;
        }
        let block = |key: &K| {
            let block = block(key)?;
            space.block_at(block.start()).is_some_and(|(known, _)| known == block).then_some(block)
        };
        let mut kept = self.kept.lock().unwrap_or_else(|poisoned| {
            // Somebody stopped half way.
            let mut kept = poisoned.into_inner();
            *kept = Kept::new();
            kept
        });
        kept.catch_up(space, &self.keys, &block);
        let mut from = None;
        loop {
            let Some(found) = kept.first(from, request, window) else {
                from = Some(kept.extend(space, request, window, &self.keys, &within, &block)?);
                continue;
            };
            if !within(&found.key) {
                return None;
            }
            if let Some(leaving) = kept.confirm(space, request, window, &found, &block) {
                return Some(leaving);
            }
            // Holes only became smaller, so that none before fits now.
            from = Some(found.key);
        }
    }
}

impl<K: Ord + Copy> Kept<K> {
    const fn new() -> Self {
        Self {
            mark: None,
            up_to: None,
            ranked: Ranked::new(),
            by_start: BTreeMap::new(),
            holes: BTreeMap::new(),
            waiting: BTreeSet::new(),
            stale: Vec::new(),
            mended: 0,
        }
    }

    /// A key comes or goes.
    fn note(&mut self, key: K) {
        if self.up_to.is_none_or(|up_to| key > up_to) {
            return;
        }
        self.stale.push(key);
        if self.stale.len() > 64 + 2 * (self.ranked.len() + self.waiting.len()) {
            *self = Self::new();
        }
    }

    /// The first that joined whose hole holds the request.
    fn first(&self, from: Option<K>, request: &Request, window: Span) -> Option<Joined<K>> {
        let fits = |entry: &&Joined<K>| {
            let part = entry.hole.intersection(window);
            part.is_some_and(|part| request.position_in(part).is_some())
        };
        self.ranked.holding(from, request.size).find(fits).copied()
    }

    /// Brings everything to the present state of the space and of the keys.
    fn catch_up(&mut self, space: &Space, keys: &BTreeSet<K>, block: &impl Fn(&K) -> Option<Span>) {
        let since = self.mark.and_then(|mark| space.changes.since(mark));
        let Some(since) = since else {
            *self = Self { mark: Some(space.changes.mark()), ..Self::new() };
            return;
        };
        let mut touched: Vec<Span> = since.collect();
        self.mark = Some(space.changes.mark());
        let mut stale = std::mem::take(&mut self.stale);
        stale.sort_unstable();
        stale.dedup();
        for key in &stale {
            self.waiting.remove(key);
            touched.extend(self.take_out(key));
        }
        // All are out before one comes in: a block may have come where another was.
        let arrived = stale.iter().filter(|key| keys.contains(key));
        let arrived: Vec<K> = arrived.chain(&self.waiting).copied().collect();
        for key in arrived {
            if let Some(block) = block(&key) {
                self.waiting.remove(&key);
                self.put_in(key, block);
                touched.push(block);
            } else {
                self.waiting.insert(key);
            }
        }
        stale.clear();
        self.stale = stale;
        self.mend(space, &mut touched);
        if self.mended > 1024 + PATIENCE * self.ranked.len() {
            *self = Self { mark: self.mark, ..Self::new() };
        }
    }

    fn put_in(&mut self, key: K, block: Span) {
        self.ranked.insert(Joined { key, block, hole: block });
        self.by_start.insert(block.start(), key);
    }

    /// Takes out one that joined; its block.
    fn take_out(&mut self, key: &K) -> Option<Span> {
        let block = self.ranked.remove(key)?.block;
        self.by_start.remove(&block.start());
        Some(block)
    }

    /// Finds the holes anew that share a border or more with what was touched.
    fn mend(&mut self, space: &Space, touched: &mut [Span]) {
        for span in touched.iter_mut() {
            // Up to the blocks, so that what lies across a hole counts as neighbour.
            let below = span.start().checked_sub(1).and_then(|last| space.hole_at(last));
            let above = space.hole_at(span.end());
            let start = below.map_or(span.start(), Span::start);
            let end = above.map_or(span.end(), Span::end);
            *span = Span::new(start, end).unwrap_or(*span);
        }
        touched.sort_unstable();
        let mut rest = touched.iter().copied();
        let mut next = rest.next();
        while let Some(mut span) = next {
            next = rest.next();
            while let Some(other) = next.filter(|other| other.start() <= span.end()) {
                span = Span::new(span.start(), span.end().max(other.end())).unwrap_or(span);
                next = rest.next();
            }
            self.mend_around(space, span);
        }
    }

    fn mend_around(&mut self, space: &Space, span: Span) {
        let (mut start, mut end) = (span.start(), span.end());
        while let Some((&low, &high)) =
            self.holes.range(..=end).next_back().filter(|&(_, &high)| high >= start)
        {
            self.holes.remove(&low);
            (start, end) = (start.min(low), end.max(high));
        }
        let mut run: Vec<(K, Span)> = Vec::new();
        let mut from = start;
        // The entry that ends the space is nobody's.
        for entry in space.tree.entries(start) {
            let key = self.by_start.get(&entry.start).filter(|_| entry.len > 0);
            if let Some(&key) = key {
                if run.is_empty() {
                    from = entry.start - entry.gap;
                }
                run.push((key, entry.block()));
                continue;
            }
            self.mend_run(from, &run, entry.start);
            run.clear();
            if entry.start >= end {
                break;
            }
        }
    }

    /// Notes the holes of neighbours among which there is nobody else.
    fn mend_run(&mut self, from: u64, run: &[(K, Span)], to: u64) {
        if run.is_empty() {
            return;
        }
        self.mended += run.len();
        let known: Vec<u64> = self.holes.range(from..to).map(|(&start, _)| start).collect();
        for start in known {
            self.holes.remove(&start);
        }
        self.holes.insert(from, to);
        // Of each the hole begins behind the nearest one below that leaves later; those for which
        // the nearest above is not known yet stand in descending order.
        let mut open: Vec<(K, Span, u64)> = Vec::new();
        for &(key, block) in run {
            while let Some(&(earlier, _, begin)) = open.last().filter(|(last, ..)| *last < key) {
                self.ranked.set_hole(&earlier, Span::new(begin, block.start()).unwrap_or_default());
                open.pop();
            }
            let begin = open.last().map_or(from, |(_, later, _)| later.end());
            open.push((key, block, begin));
        }
        for (key, _, begin) in open {
            self.ranked.set_hole(&key, Span::new(begin, to).unwrap_or_default());
        }
    }

    /// The answer, if all whose blocks lie in the hole of `found` may leave. Those that may not
    /// wait from now on.
    fn confirm(
        &mut self,
        space: &Space,
        request: &Request,
        window: Span,
        found: &Joined<K>,
        block: &impl Fn(&K) -> Option<Span>,
    ) -> Option<Leaving<K>> {
        let hole = found.hole;
        let inside = self.by_start.range(hole.start()..hole.end());
        let mut inside: Vec<K> = inside.map(|(_, key)| *key).collect();
        let stays = |key: &K| block(key) != self.ranked.get(key).map(|entry| entry.block);
        let staying: Vec<K> = inside.iter().copied().filter(stays).collect();
        if !staying.is_empty() {
            let mut touched = Vec::new();
            for key in staying {
                touched.extend(self.take_out(&key));
                self.waiting.insert(key);
            }
            self.mend(space, &mut touched);
            return None;
        }
        if self.ranked.is_late(&found.key) {
            self.mended = 0;
        }
        let at = request.position_in(hole.intersection(window)?)?;
        let taken = Span::at(at, request.size)?;
        inside.retain(|key| self.ranked.get(key).is_some_and(|e| e.block.overlaps(taken)));
        inside.sort_unstable();
        Some(Leaving { at, victims: inside })
    }

    /// Lets more join until a hole fits; the last that did.
    fn extend(
        &mut self,
        space: &Space,
        request: &Request,
        window: Span,
        keys: &BTreeSet<K>,
        within: &impl Fn(&K) -> bool,
        block: &impl Fn(&K) -> Option<Span>,
    ) -> Option<K> {
        let after = self.up_to.map_or(Bound::Unbounded, Bound::Excluded);
        for key in keys.range((after, Bound::Unbounded)).take_while(|key| within(key)) {
            self.up_to = Some(*key);
            let Some(joining) = block(key) else {
                self.waiting.insert(*key);
                continue;
            };
            let hole = self.join(space, *key, joining).intersection(window);
            if hole.is_some_and(|hole| request.position_in(hole).is_some()) {
                return Some(*key);
            }
        }
        None
    }

    /// Adds one that leaves after all that joined; the hole that this makes.
    fn join(&mut self, space: &Space, key: K, block: Span) -> Span {
        let (mut start, mut end) = (block.start(), block.end());
        let below = self.holes.range(..start).next_back().filter(|&(_, &high)| high == start);
        if let Some((&lowest, _)) = below {
            self.holes.remove(&lowest);
            start = lowest;
        } else if let Some(hole) = start.checked_sub(1).and_then(|last| space.hole_at(last)) {
            start = hole.start();
        }
        if let Some(highest) = self.holes.remove(&end) {
            end = highest;
        } else if let Some(hole) = space.hole_at(end) {
            end = hole.end();
        }
        self.holes.insert(start, end);
        self.put_in(key, block);
        let hole = Span::new(start, end).unwrap_or(block);
        self.ranked.set_hole(&key, hole);
        hole
    }
}
