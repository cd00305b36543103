//! Nodes of the tree: wide, with one array per field, so that a search reads only what it compares.

use crate::base::Span;

/// Entries of a leaf.
pub(super) const LEAF: usize = 32;
/// Children of a branch.
pub(super) const FAN: usize = 32;

/// Words of a cache line; node sizes are multiples of it.
const LINE: usize = 8;

/// The first slot whose key is not below `position`, in keys that ascend and end in `u64::MAX`
/// where unused. Reads the last key of each line first, none depending on another, and then one
/// line: a binary search would wait for memory at every step.
fn seek<const N: usize>(keys: &[u64; N], position: u64) -> usize {
    let (lines, _) = keys.as_chunks::<LINE>();
    let below = lines.iter().map(|line| usize::from(line[LINE - 1] < position)).sum::<usize>();
    let line = below.min(N / LINE - 1);
    line * LINE + lines[line].iter().map(|&key| usize::from(key < position)).sum::<usize>()
}

/// The slots whose value is at least `size`, which is not 0, as bits. Unused slots hold 0.
fn at_least<const N: usize>(values: &[u64; N], size: u64) -> u64 {
    const { assert!(N <= 64 && N.is_multiple_of(LINE)) };
    let (lines, _) = values.as_chunks::<LINE>();
    // From the highest slot down each bit is one comparison and one addition with carry.
    let smaller = |line: &[u64; LINE]| {
        line.iter().rev().fold(0, |bits, &value| bits + bits + u64::from(value < size))
    };
    !lines.iter().rev().fold(u64::MAX, |bits, line| bits << LINE | smaller(line))
}

/// The largest value. Looks at unused slots too, which hold 0: a loop of fixed length has no end
/// that the processor could guess wrong.
fn largest<const N: usize>(values: &[u64; N]) -> u64 {
    let (lines, _) = values.as_chunks::<LINE>();
    let mut most = [0; LINE];
    for line in lines {
        for (most, &value) in most.iter_mut().zip(line) {
            *most = value.max(*most);
        }
    }
    most.into_iter().fold(0, u64::max)
}

/// The bits of the slots `first..=last`.
fn bits_between(first: usize, last: usize) -> u64 {
    u64::MAX << first & u64::MAX >> (63 - last)
}

/// A block and the hole below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// First position of the block.
    pub(super) start: u64,
    /// Positions in the block; 0 only in the entry that ends the space.
    pub(super) len: u64,
    /// Free positions directly below `start`, down to the block before.
    pub(super) gap: u64,
    /// Whose block it is, in the caller's numbers.
    pub(super) owner: u64,
}

impl Entry {
    /// The block; empty for the entry that ends the space.
    pub(super) fn block(&self) -> Span {
        Span::at(self.start, self.len).unwrap_or_default()
    }

    /// The hole below; empty when the block before touches.
    pub(super) fn hole(&self) -> Span {
        Span::new(self.start - self.gap, self.start).unwrap_or_default()
    }
}

/// What a branch keeps of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    /// Start of the last block below it.
    pub(super) last: u64,
    /// Its largest gap.
    pub(super) largest: u64,
    /// The sum of its gaps.
    pub(super) free: u64,
}

/// The entries at the bottom, in address order.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Leaf {
    /// `u64::MAX` in unused slots.
    pub(super) start: [u64; LEAF],
    /// 0 in unused slots.
    pub(super) gap: [u64; LEAF],
    /// Length and owner.
    block: [(u64, u64); LEAF],
    pub(super) count: usize,
}

impl Leaf {
    pub(super) const fn new() -> Self {
        Self { start: [u64::MAX; LEAF], gap: [0; LEAF], block: [(0, 0); LEAF], count: 0 }
    }

    pub(super) fn entry(&self, slot: usize) -> Entry {
        let (len, owner) = self.block[slot];
        Entry { start: self.start[slot], len, gap: self.gap[slot], owner }
    }

    /// The hole below the entry in `slot`.
    pub(super) fn hole(&self, slot: usize) -> Span {
        Span::new(self.start[slot] - self.gap[slot], self.start[slot]).unwrap_or_default()
    }

    /// The slot of the first entry that starts at or after `position`; there must be one.
    pub(super) fn seek(&self, position: u64) -> usize {
        seek(&self.start, position)
    }

    /// The slots with a hole of at least `size` that may reach into the window.
    pub(super) fn holding(&self, size: u64, window: Span) -> u64 {
        at_least(&self.gap, size) & reaching(&self.start, self.count, window)
    }

    pub(super) fn summary(&self) -> Summary {
        Summary { last: self.last(), largest: self.largest(), free: self.gap.iter().sum() }
    }

    pub(super) fn last(&self) -> u64 {
        self.start[..self.count].last().copied().unwrap_or(0)
    }

    pub(super) fn largest(&self) -> u64 {
        largest(&self.gap)
    }

    /// Puts an entry before the one in `slot`. The leaf must not be full.
    pub(super) fn insert(&mut self, slot: usize, entry: Entry) {
        let Entry { start, len, gap, owner } = entry;
        open(&mut self.start, slot, self.count, start);
        open(&mut self.gap, slot, self.count, gap);
        open(&mut self.block, slot, self.count, (len, owner));
        self.count += 1;
    }

    pub(super) fn remove(&mut self, slot: usize) -> Entry {
        let entry = self.entry(slot);
        close(&mut self.start, slot, self.count, u64::MAX);
        close(&mut self.gap, slot, self.count, 0);
        close(&mut self.block, slot, self.count, (0, 0));
        self.count -= 1;
        entry
    }

    /// Moves entries between two neighbours until this one, the left, has `keep`. Both must have
    /// room for what they get.
    pub(super) fn share(&mut self, right: &mut Self, keep: usize) {
        let counts = (self.count, right.count);
        share(&mut self.start, &mut right.start, counts, keep, u64::MAX);
        share(&mut self.gap, &mut right.gap, counts, keep, 0);
        share(&mut self.block, &mut right.block, counts, keep, (0, 0));
        right.count = counts.0 + counts.1 - keep;
        self.count = keep;
    }
}

/// A node above the leaves: what it keeps of each child, in address order.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Branch {
    /// `u64::MAX` in unused slots.
    pub(super) last: [u64; FAN],
    /// 0 in unused slots.
    pub(super) largest: [u64; FAN],
    pub(super) free: [u64; FAN],
    /// Index into the arena of branches, or of leaves on the lowest level.
    pub(super) child: [usize; FAN],
    pub(super) count: usize,
}

impl Branch {
    pub(super) const fn new() -> Self {
        let last = [u64::MAX; FAN];
        Self { last, largest: [0; FAN], free: [0; FAN], child: [0; FAN], count: 0 }
    }

    /// The slot of the first child with an entry that starts at or after `position`; there must
    /// be one.
    pub(super) fn seek(&self, position: u64) -> usize {
        seek(&self.last, position)
    }

    /// The slots with a hole of at least `size` that may reach into the window.
    pub(super) fn holding(&self, size: u64, window: Span) -> u64 {
        at_least(&self.largest, size) & reaching(&self.last, self.count, window)
    }

    pub(super) fn summary(&self) -> Summary {
        Summary { last: self.last(), largest: self.largest(), free: self.free.iter().sum() }
    }

    pub(super) fn last(&self) -> u64 {
        self.last[..self.count].last().copied().unwrap_or(0)
    }

    pub(super) fn largest(&self) -> u64 {
        largest(&self.largest)
    }

    pub(super) fn child_summary(&self, slot: usize) -> Summary {
        Summary { last: self.last[slot], largest: self.largest[slot], free: self.free[slot] }
    }

    pub(super) fn set(&mut self, slot: usize, summary: Summary) {
        self.last[slot] = summary.last;
        self.largest[slot] = summary.largest;
        self.free[slot] = summary.free;
    }

    /// Puts a child before the one in `slot`. The branch must not be full.
    pub(super) fn insert(&mut self, slot: usize, child: usize, summary: Summary) {
        open(&mut self.last, slot, self.count, summary.last);
        open(&mut self.largest, slot, self.count, summary.largest);
        open(&mut self.free, slot, self.count, summary.free);
        open(&mut self.child, slot, self.count, child);
        self.count += 1;
    }

    /// Drops the child in `slot` and returns its index.
    pub(super) fn remove(&mut self, slot: usize) -> usize {
        let child = self.child[slot];
        close(&mut self.last, slot, self.count, u64::MAX);
        close(&mut self.largest, slot, self.count, 0);
        close(&mut self.free, slot, self.count, 0);
        close(&mut self.child, slot, self.count, 0);
        self.count -= 1;
        child
    }

    /// Moves children between two neighbours until this one, the left, has `keep`. Both must have
    /// room for what they get.
    pub(super) fn share(&mut self, right: &mut Self, keep: usize) {
        let counts = (self.count, right.count);
        share(&mut self.last, &mut right.last, counts, keep, u64::MAX);
        share(&mut self.largest, &mut right.largest, counts, keep, 0);
        share(&mut self.free, &mut right.free, counts, keep, 0);
        share(&mut self.child, &mut right.child, counts, keep, 0);
        right.count = counts.0 + counts.1 - keep;
        self.count = keep;
    }
}

/// The slots whose holes may reach into the window, as bits; `keys` are the starts above them.
fn reaching<const N: usize>(keys: &[u64; N], count: usize, window: Span) -> u64 {
    let last = count - 1;
    let first = if keys[0] > window.start() { 0 } else { seek(keys, window.start() + 1) };
    bits_between(first, if keys[last] <= window.end() { last } else { seek(keys, window.end()) })
}

/// Puts `value` before the one in `slot`, of `count` that are used.
fn open<T: Copy>(values: &mut [T], slot: usize, count: usize, value: T) {
    values.copy_within(slot..count, slot + 1);
    values[slot] = value;
}

/// Takes out the value in `slot`, of `count` that are used.
fn close<T: Copy>(values: &mut [T], slot: usize, count: usize, unused: T) {
    values.copy_within(slot + 1..count, slot);
    values[count - 1] = unused;
}

/// Moves values between neighbours with `counts` used until the left one has `keep`.
fn share<T: Copy>(left: &mut [T], right: &mut [T], counts: (usize, usize), keep: usize, unused: T) {
    if let Some(given) = counts.0.checked_sub(keep) {
        right.copy_within(..counts.1, given);
        right[..given].copy_from_slice(&left[keep..counts.0]);
        left[keep..counts.0].fill(unused);
    } else {
        let taken = keep - counts.0;
        left[counts.0..keep].copy_from_slice(&right[..taken]);
        right.copy_within(taken..counts.1, 0);
        right[counts.1 - taken..counts.1].fill(unused);
    }
}
