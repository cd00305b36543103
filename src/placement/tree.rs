//! The blocks of a space in address order: a B+ tree in two arenas.
//!
//! An entry is a block with the hole directly below it; one last entry of length 0 at the end of
//! the space carries the hole below the end. A new block always splits the hole of the entry that
//! follows it, so that both lie in one leaf and one path to the root is updated. What branches keep
//! of their children is exact at all times.

use crate::base::Span;

use super::node::{Branch, Entry, FAN, LEAF, Leaf};

/// Levels of branches at most. Every node but the root is at least a quarter full, so that this
/// many levels hold more entries than any memory.
const LEVELS: usize = 11;

/// Below this a leaf is joined with a neighbour.
const LEAF_LOW: usize = LEAF / 4;
/// At or below this a branch is joined with a neighbour before one of its children is.
const FAN_LOW: usize = FAN / 4;

/// An entry and the way to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// Branch and slot on each level from the root.
    pub(super) path: [(usize, usize); LEVELS],
    /// Leaf of the entry.
    pub(super) leaf: usize,
    /// Its slot in the leaf.
    pub(super) slot: usize,
}

/// The ordered entries.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) leaves: Vec<Leaf>,
    pub(super) branches: Vec<Branch>,
    spare_leaves: Vec<usize>,
    spare_branches: Vec<usize>,
    /// A leaf when `height` is 0, otherwise a branch.
    pub(super) root: usize,
    /// Levels of branches.
    pub(super) height: usize,
}

impl Tree {
    /// One hole of `len` positions.
    pub(super) fn new(len: u64) -> Self {
        let mut leaf = Leaf::new();
        leaf.insert(0, Entry { start: len, len: 0, gap: len, owner: 0 });
        Self {
            leaves: vec![leaf],
            branches: Vec::new(),
            spare_leaves: Vec::new(),
            spare_branches: Vec::new(),
            root: 0,
            height: 0,
        }
    }

    /// The first entry that starts at or after `position`, which must not be beyond the space.
    pub(super) fn seek(&self, position: u64) -> Place {
        let mut place = Place { leaf: self.root, ..Place::default() };
        for step in &mut place.path[..self.height] {
            let branch = &self.branches[place.leaf];
            let slot = branch.seek(position);
            *step = (place.leaf, slot);
            place.leaf = branch.child[slot];
        }
        place.slot = self.leaves[place.leaf].seek(position);
        place
    }

    /// The entry at a place.
    pub(super) fn entry(&self, place: &Place) -> Entry {
        self.leaves[place.leaf].entry(place.slot)
    }

    /// The entry directly before a place.
    pub(super) fn entry_before(&self, place: &Place) -> Option<Entry> {
        if let Some(slot) = place.slot.checked_sub(1) {
            return Some(self.leaves[place.leaf].entry(slot));
        }
        // Up to where the way had something on its left, one to the left, and down on the right.
        let level = place.path[..self.height].iter().rposition(|&(_, slot)| slot > 0)?;
        let (branch, slot) = place.path[level];
        let mut node = self.branches[branch].child[slot - 1];
        for _ in level + 1..self.height {
            let branch = &self.branches[node];
            node = branch.child[branch.count - 1];
        }
        let leaf = &self.leaves[node];
        Some(leaf.entry(leaf.count - 1))
    }

    /// Puts `entry` before the one at `place`, whose hole shrinks to `gap_after`.
    pub(super) fn insert(&mut self, place: &Place, entry: Entry, gap_after: u64) {
        if self.leaves[place.leaf].count == LEAF {
            self.split_towards(entry.start);
            self.insert(&self.seek(entry.start), entry, gap_after);
            return;
        }
        let known = self.largest_known(place);
        let leaf = &mut self.leaves[place.leaf];
        let hole = leaf.gap[place.slot];
        leaf.gap[place.slot] = gap_after;
        leaf.insert(place.slot, entry);
        // Only when the hole was the largest must the others be looked at.
        let largest = if hole < known { known } else { leaf.largest() };
        self.update(place, largest, entry.len, 0);
    }

    /// Takes out the entry at `place`, which must not be the last of all; the hole of the entry
    /// after it grows by its hole and its block. Returns the hole that the entry after it had.
    pub(super) fn remove(&mut self, place: &Place) -> u64 {
        let known = self.largest_known(place);
        let leaf = &mut self.leaves[place.leaf];
        let entry = leaf.remove(place.slot);
        let grown = entry.gap + entry.len;
        if place.slot < leaf.count {
            let gap_after = leaf.gap[place.slot];
            leaf.gap[place.slot] = gap_after + grown;
            self.update(place, known.max(gap_after + grown), 0, entry.len);
            self.mend(place.leaf);
            return gap_after;
        }
        let largest = if entry.gap < known { known } else { leaf.largest() };
        self.update(place, largest, entry.gap, 0);
        self.mend(place.leaf);
        let after = self.seek(entry.start);
        let known = self.largest_known(&after);
        let gap = &mut self.leaves[after.leaf].gap[after.slot];
        let gap_after = *gap;
        *gap += grown;
        self.update(&after, known.max(gap_after + grown), 0, grown);
        gap_after
    }

    /// The largest gap of the leaf at `place` as its branch keeps it; 0 when there is no branch.
    fn largest_known(&self, place: &Place) -> u64 {
        self.height.checked_sub(1).map_or(0, |level| {
            let (branch, slot) = place.path[level];
            self.branches[branch].largest[slot]
        })
    }

    /// Carries a change of one leaf up to the root: its largest gap is now `largest`, and its free
    /// positions lost `less` and won `more`.
    fn update(&mut self, place: &Place, mut largest: u64, less: u64, more: u64) {
        let mut last = self.leaves[place.leaf].last();
        for level in (0..self.height).rev() {
            let whole = level.checked_sub(1).map(|above| {
                let (branch, slot) = place.path[above];
                self.branches[branch].largest[slot]
            });
            let (index, slot) = place.path[level];
            let branch = &mut self.branches[index];
            let before = branch.largest[slot];
            branch.last[slot] = last;
            branch.largest[slot] = largest;
            branch.free[slot] = branch.free[slot] - less + more;
            let Some(whole) = whole else { break };
            last = branch.last[branch.count - 1];
            if largest < whole {
                // Only when the child had the branch's largest hole must the others be looked at.
                largest = if before == whole { branch.largest() } else { whole };
            }
        }
    }

    /// Makes the leaf for `position`, which is full, two, and every full branch on the way to it.
    fn split_towards(&mut self, position: u64) {
        let (count, fullest) = if self.height == 0 {
            (self.leaves[self.root].count, LEAF)
        } else {
            (self.branches[self.root].count, FAN)
        };
        if count == fullest {
            let summary = if self.height == 0 {
                self.leaves[self.root].summary()
            } else {
                self.branches[self.root].summary()
            };
            let mut branch = Branch::new();
            branch.insert(0, self.root, summary);
            self.root = self.add_branch(branch);
            self.height += 1;
        }
        let mut node = self.root;
        for level in (0..self.height).rev() {
            let slot = self.branches[node].seek(position);
            let child = self.branches[node].child[slot];
            let (added, left, right) = if level == 0 {
                if self.leaves[child].count < LEAF {
                    return;
                }
                let mut right = Leaf::new();
                self.leaves[child].share(&mut right, LEAF / 2);
                let summary = right.summary();
                (self.add_leaf(right), self.leaves[child].summary(), summary)
            } else {
                if self.branches[child].count < FAN {
                    node = child;
                    continue;
                }
                let mut right = Branch::new();
                self.branches[child].share(&mut right, FAN / 2);
                let summary = right.summary();
                (self.add_branch(right), self.branches[child].summary(), summary)
            };
            let branch = &mut self.branches[node];
            branch.set(slot, left);
            branch.insert(slot + 1, added, right);
            node = branch.child[branch.seek(position)];
        }
    }

    /// Joins the leaf with a neighbour if it holds too little, and the branches on the way to it.
    fn mend(&mut self, leaf: usize) {
        if self.height == 0 || self.leaves[leaf].count >= LEAF_LOW {
            return;
        }
        let position = self.leaves[leaf].last();
        let mut node = self.root;
        for level in (0..self.height).rev() {
            let slot = self.branches[node].seek(position);
            let child = self.branches[node].child[slot];
            let low = if level == 0 {
                self.leaves[child].count < LEAF_LOW
            } else {
                self.branches[child].count <= FAN_LOW
            };
            if low {
                // With the neighbour to the right, or the last child with the one to its left.
                let left = slot.min(self.branches[node].count.saturating_sub(2));
                self.join(node, left, level == 0);
            }
            let branch = &self.branches[node];
            node = branch.child[branch.seek(position)];
        }
        while self.height > 0 && self.branches[self.root].count == 1 {
            self.spare_branches.push(self.root);
            self.root = self.branches[self.root].child[0];
            self.height -= 1;
        }
    }

    /// Makes one of the children in `slot` and `slot + 1`, or two of equal weight.
    fn join(&mut self, node: usize, slot: usize, leaves: bool) {
        if slot + 1 >= self.branches[node].count {
            return;
        }
        let pair = [self.branches[node].child[slot], self.branches[node].child[slot + 1]];
        let (left_summary, right_summary) = if leaves {
            let Ok([left, right]) = self.leaves.get_disjoint_mut(pair) else { return };
            let total = left.count + right.count;
            let keep = if total <= LEAF { total } else { total / 2 };
            left.share(right, keep);
            (left.summary(), (right.count > 0).then(|| right.summary()))
        } else {
            let Ok([left, right]) = self.branches.get_disjoint_mut(pair) else { return };
            let total = left.count + right.count;
            let keep = if total <= FAN { total } else { total / 2 };
            left.share(right, keep);
            (left.summary(), (right.count > 0).then(|| right.summary()))
        };
        let branch = &mut self.branches[node];
        branch.set(slot, left_summary);
        if let Some(summary) = right_summary {
            branch.set(slot + 1, summary);
            return;
        }
        let emptied = branch.remove(slot + 1);
        if leaves { &mut self.spare_leaves } else { &mut self.spare_branches }.push(emptied);
    }

    fn add_leaf(&mut self, leaf: Leaf) -> usize {
        if let Some(index) = self.spare_leaves.pop() {
            self.leaves[index] = leaf;
            return index;
        }
        self.leaves.push(leaf);
        self.leaves.len() - 1
    }

    fn add_branch(&mut self, branch: Branch) -> usize {
        if let Some(index) = self.spare_branches.pop() {
            self.branches[index] = branch;
            return index;
        }
        self.branches.push(branch);
        self.branches.len() - 1
    }

    /// The entries from `position` on, the one that ends the space included.
    pub(super) fn entries(&self, position: u64) -> Entries<'_> {
        Entries { tree: self, next: Some(position), leaf: 0, slot: LEAF }
    }

    /// The block that covers `position`, if there is one.
    pub(super) fn covering(&self, position: u64) -> Option<Entry> {
        let after = self.seek(position.checked_add(1)?);
        if self.entry(&after).hole().contains(position) {
            return None;
        }
        self.entry_before(&after).filter(|entry| entry.block().contains(position))
    }
}

/// Entries in address order. One descent a leaf, so that the tree needs no links between leaves.
pub(super) struct Entries<'a> {
    tree: &'a Tree,
    /// Where to go on when the leaf is used up; `None` behind the last entry.
    next: Option<u64>,
    leaf: usize,
    slot: usize,
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let position = self.next?;
        if self.slot >= self.tree.leaves[self.leaf].count {
            let place = self.tree.seek(position);
            (self.leaf, self.slot) = (place.leaf, place.slot);
        }
        let entry = self.tree.leaves[self.leaf].entry(self.slot);
        self.slot += 1;
        // Only the entry that ends the space is empty.
        self.next = if entry.len == 0 { None } else { entry.start.checked_add(1) };
        Some(entry)
    }
}

/// The part of `span` inside the space of `len` positions.
pub(super) fn clip(span: Span, len: u64) -> Span {
    span.intersection(Span::whole(len)).unwrap_or_default()
}
