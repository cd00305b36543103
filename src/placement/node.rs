//! Nodes of the tree: wide, with one array per field, so that a search reads only what it compares.

use crate::base::Span;

/// Entries of a leaf.
pub(super) const LEAF: usize = 32;
/// Children of a branch.
pub(super) const FAN: usize = 32;

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
pub(super) struct Leaf {
    pub(super) count: usize,
    pub(super) start: [u64; LEAF],
    pub(super) gap: [u64; LEAF],
    pub(super) len: [u64; LEAF],
    pub(super) owner: [u64; LEAF],
}

impl Leaf {
    pub(super) const fn new() -> Self {
        Self { count: 0, start: [0; LEAF], gap: [0; LEAF], len: [0; LEAF], owner: [0; LEAF] }
    }

    pub(super) fn entry(&self, slot: usize) -> Entry {
        Entry {
            start: self.start[slot],
            len: self.len[slot],
            gap: self.gap[slot],
            owner: self.owner[slot],
        }
    }

    /// The slot of the first entry that starts at or after `position`; `count` when there is none.
    pub(super) fn seek(&self, position: u64) -> usize {
        self.start[..self.count].partition_point(|&start| start < position)
    }

    pub(super) fn summary(&self) -> Summary {
        let gaps = &self.gap[..self.count];
        Summary { last: self.last(), largest: self.largest(), free: gaps.iter().sum() }
    }

    pub(super) fn last(&self) -> u64 {
        self.start[..self.count].last().copied().unwrap_or(0)
    }

    pub(super) fn largest(&self) -> u64 {
        self.gap[..self.count].iter().copied().max().unwrap_or(0)
    }

    /// Puts an entry before the one in `slot`. The leaf must not be full.
    pub(super) fn insert(&mut self, slot: usize, entry: Entry) {
        let Entry { start, len, gap, owner } = entry;
        let fields = [
            (&mut self.start, start),
            (&mut self.gap, gap),
            (&mut self.len, len),
            (&mut self.owner, owner),
        ];
        for (field, value) in fields {
            field.copy_within(slot..self.count, slot + 1);
            field[slot] = value;
        }
        self.count += 1;
    }

    pub(super) fn remove(&mut self, slot: usize) -> Entry {
        let entry = self.entry(slot);
        for field in [&mut self.start, &mut self.gap, &mut self.len, &mut self.owner] {
            field.copy_within(slot + 1..self.count, slot);
        }
        self.count -= 1;
        entry
    }

    /// Moves the entries from `slot` on to the front of `right`, which must have room for them.
    pub(super) fn give(&mut self, slot: usize, right: &mut Self) {
        let moved = self.count - slot;
        for (from, to) in [
            (&mut self.start, &mut right.start),
            (&mut self.gap, &mut right.gap),
            (&mut self.len, &mut right.len),
            (&mut self.owner, &mut right.owner),
        ] {
            to.copy_within(..right.count, moved);
            to[..moved].copy_from_slice(&from[slot..self.count]);
        }
        self.count = slot;
        right.count += moved;
    }

    /// Moves the first `moved` entries of `right` behind the own, which must have room for them.
    pub(super) fn take(&mut self, moved: usize, right: &mut Self) {
        let end = self.count + moved;
        for (to, from) in [
            (&mut self.start, &mut right.start),
            (&mut self.gap, &mut right.gap),
            (&mut self.len, &mut right.len),
            (&mut self.owner, &mut right.owner),
        ] {
            to[self.count..end].copy_from_slice(&from[..moved]);
            from.copy_within(moved..right.count, 0);
        }
        self.count = end;
        right.count -= moved;
    }
}

/// A node above the leaves: what it keeps of each child, in address order.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    pub(super) count: usize,
    pub(super) last: [u64; FAN],
    pub(super) largest: [u64; FAN],
    pub(super) free: [u64; FAN],
    /// Index into the arena of branches, or of leaves on the lowest level.
    pub(super) child: [usize; FAN],
}

impl Branch {
    pub(super) const fn new() -> Self {
        Self { count: 0, last: [0; FAN], largest: [0; FAN], free: [0; FAN], child: [0; FAN] }
    }

    /// The slot of the first child with an entry that starts at or after `position`.
    pub(super) fn seek(&self, position: u64) -> usize {
        self.last[..self.count].partition_point(|&last| last < position)
    }

    pub(super) fn summary(&self) -> Summary {
        let free = self.free[..self.count].iter().sum();
        Summary { last: self.last(), largest: self.largest(), free }
    }

    pub(super) fn last(&self) -> u64 {
        self.last[..self.count].last().copied().unwrap_or(0)
    }

    pub(super) fn largest(&self) -> u64 {
        self.largest[..self.count].iter().copied().max().unwrap_or(0)
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
        for field in [&mut self.last, &mut self.largest, &mut self.free] {
            field.copy_within(slot..self.count, slot + 1);
        }
        self.child.copy_within(slot..self.count, slot + 1);
        self.child[slot] = child;
        self.count += 1;
        self.set(slot, summary);
    }

    /// Drops the child in `slot` and returns its index.
    pub(super) fn remove(&mut self, slot: usize) -> usize {
        let child = self.child[slot];
        for field in [&mut self.last, &mut self.largest, &mut self.free] {
            field.copy_within(slot + 1..self.count, slot);
        }
        self.child.copy_within(slot + 1..self.count, slot);
        self.count -= 1;
        child
    }

    /// Moves the children from `slot` on to the front of `right`, which must have room for them.
    pub(super) fn give(&mut self, slot: usize, right: &mut Self) {
        let moved = self.count - slot;
        for (from, to) in [
            (&mut self.last, &mut right.last),
            (&mut self.largest, &mut right.largest),
            (&mut self.free, &mut right.free),
        ] {
            to.copy_within(..right.count, moved);
            to[..moved].copy_from_slice(&from[slot..self.count]);
        }
        right.child.copy_within(..right.count, moved);
        right.child[..moved].copy_from_slice(&self.child[slot..self.count]);
        self.count = slot;
        right.count += moved;
    }

    /// Moves the first `moved` children of `right` behind the own, which must have room for them.
    pub(super) fn take(&mut self, moved: usize, right: &mut Self) {
        let end = self.count + moved;
        for (to, from) in [
            (&mut self.last, &mut right.last),
            (&mut self.largest, &mut right.largest),
            (&mut self.free, &mut right.free),
        ] {
            to[self.count..end].copy_from_slice(&from[..moved]);
            from.copy_within(moved..right.count, 0);
        }
        self.child[self.count..end].copy_from_slice(&right.child[..moved]);
        right.child.copy_within(moved..right.count, 0);
        self.count = end;
        right.count -= moved;
    }
}
