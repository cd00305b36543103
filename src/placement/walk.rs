//! Walks over the holes that pass by every subtree without one that is large enough.

use crate::base::Span;

use super::node::{Branch, Leaf};
use super::tree::{Place, Tree};

/// Which holes are worth a look.
#[derive(Clone, Copy)]
pub(super) struct Sought {
    /// Positions in one piece, at least 1.
    pub(super) size: u64,
    /// Where they must lie; not empty and inside the space.
    pub(super) window: Span,
}

/// Free positions in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// All of them.
    pub(super) free: u64,
    /// The most in one piece.
    pub(super) largest: u64,
}

impl Tree {
    /// Offers the sufficient holes, cut to the window, from the lowest on until one is chosen;
    /// returns what was made of it and notes in `place` the way to the entry above the hole.
    pub(super) fn lowest<R>(
        &self,
        sought: &Sought,
        place: &mut Place,
        choose: &mut impl FnMut(Span) -> Option<R>,
    ) -> Option<R> {
        self.search::<false, R>(self.height, self.root, sought, place, choose)
    }

    /// As [`Tree::lowest`] from the highest on.
    pub(super) fn highest<R>(
        &self,
        sought: &Sought,
        place: &mut Place,
        choose: &mut impl FnMut(Span) -> Option<R>,
    ) -> Option<R> {
        self.search::<true, R>(self.height, self.root, sought, place, choose)
    }

    fn search<const DOWN: bool, R>(
        &self,
        level: usize,
        node: usize,
        sought: &Sought,
        place: &mut Place,
        choose: &mut impl FnMut(Span) -> Option<R>,
    ) -> Option<R> {
        if level == 0 {
            let leaf = &self.leaves[node];
            let mut slots = leaf.holding(sought.size, sought.window);
            while let Some(slot) = next_slot::<DOWN>(&mut slots) {
                let part = leaf.hole(slot).intersection(sought.window);
                if let Some(part) = part.filter(|part| part.len() >= sought.size)
                    && let Some(found) = choose(part)
                {
                    (place.leaf, place.slot) = (node, slot);
                    return Some(found);
                }
            }
            return None;
        }
        let branch = &self.branches[node];
        let mut slots = branch.holding(sought.size, sought.window);
        while let Some(slot) = next_slot::<DOWN>(&mut slots) {
            let child = branch.child[slot];
            let found = self.search::<DOWN, R>(level - 1, child, sought, place, choose);
            if found.is_some() {
                place.path[self.height - level] = (node, slot);
                return found;
            }
        }
        None
    }

    /// The free positions in a window inside the space.
    pub(super) fn room(&self, window: Span) -> Room {
        let mut room = Room::default();
        if !window.is_empty() {
            self.room_below(self.height, self.root, 0, window, &mut room);
        }
        room
    }

    /// Adds what lies below a node whose holes begin at `begin` or later.
    fn room_below(&self, level: usize, node: usize, begin: u64, window: Span, room: &mut Room) {
        if level == 0 {
            let leaf = &self.leaves[node];
            for slot in first_leaf_slot(leaf, window)..leaf.count {
                let hole = leaf.entry(slot).hole();
                if hole.start() >= window.end() {
                    return;
                }
                room.add(hole.intersection(window).map_or(0, Span::len));
            }
            return;
        }
        let branch = &self.branches[node];
        let first = first_branch_slot(branch, window);
        let mut begin = first.checked_sub(1).map_or(begin, |before| branch.last[before]);
        for slot in first..branch.count {
            if begin >= window.end() {
                return;
            }
            let last = branch.last[slot];
            if begin >= window.start() && last <= window.end() {
                room.free += branch.free[slot];
                room.largest = room.largest.max(branch.largest[slot]);
            } else {
                self.room_below(level - 1, branch.child[slot], begin, window, room);
            }
            begin = last;
        }
    }
}

impl Room {
    /// One more piece.
    pub(super) fn add(&mut self, len: u64) {
        self.free += len;
        self.largest = self.largest.max(len);
    }
}

/// Takes the lowest bit, or the highest, out of a set of slots.
fn next_slot<const DOWN: bool>(slots: &mut u64) -> Option<usize> {
    let slot = if DOWN { slots.checked_ilog2()? } else { slots.trailing_zeros() };
    if *slots == 0 {
        return None;
    }
    *slots &= !(1 << slot);
    usize::try_from(slot).ok()
}

/// The first slot whose hole reaches above the start of the window.
fn first_leaf_slot(leaf: &Leaf, window: Span) -> usize {
    if leaf.start[0] > window.start() { 0 } else { leaf.seek(window.start() + 1) }
}

/// The first slot with a hole that reaches above the start of the window.
fn first_branch_slot(branch: &Branch, window: Span) -> usize {
    if branch.last[0] > window.start() { 0 } else { branch.seek(window.start() + 1) }
}
