//! Walks over the holes that pass by every subtree without one that is large enough.

use std::ops::ControlFlow;

use crate::base::Span;

use super::node::{Branch, Leaf};
use super::tree::Tree;

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

/// Goes on, or ends with what was found or with `None` beyond the window.
type Step<R> = ControlFlow<Option<R>>;

impl Sought {
    /// Hands the part of the hole in the window to `choose` if it is large enough.
    fn offer<R>(
        &self,
        leaf: &Leaf,
        slot: usize,
        choose: &mut impl FnMut(Span) -> Option<R>,
    ) -> Step<R> {
        if leaf.gap[slot] >= self.size
            && let Some(part) = leaf.entry(slot).hole().intersection(self.window)
            && part.len() >= self.size
            && let Some(found) = choose(part)
        {
            return ControlFlow::Break(Some(found));
        }
        ControlFlow::Continue(())
    }
}

impl Tree {
    /// Offers the sufficient holes, cut to the window, from the lowest on until one is chosen.
    pub(super) fn lowest<R>(
        &self,
        sought: &Sought,
        choose: &mut impl FnMut(Span) -> Option<R>,
    ) -> Option<R> {
        self.lowest_below(self.height, self.root, sought, choose).break_value().flatten()
    }

    fn lowest_below<R>(
        &self,
        level: usize,
        node: usize,
        sought: &Sought,
        choose: &mut impl FnMut(Span) -> Option<R>,
    ) -> Step<R> {
        let window = sought.window;
        if level == 0 {
            let leaf = &self.leaves[node];
            for slot in first_leaf_slot(leaf, window)..leaf.count {
                sought.offer(leaf, slot, choose)?;
                if leaf.start[slot] >= window.end() {
                    return ControlFlow::Break(None);
                }
            }
            return ControlFlow::Continue(());
        }
        let branch = &self.branches[node];
        for slot in first_branch_slot(branch, window)..branch.count {
            if branch.largest[slot] >= sought.size {
                self.lowest_below(level - 1, branch.child[slot], sought, choose)?;
            }
            if branch.last[slot] >= window.end() {
                return ControlFlow::Break(None);
            }
        }
        ControlFlow::Continue(())
    }

    /// Offers the sufficient holes, cut to the window, from the highest on until one is chosen.
    pub(super) fn highest<R>(
        &self,
        sought: &Sought,
        choose: &mut impl FnMut(Span) -> Option<R>,
    ) -> Option<R> {
        self.highest_below(self.height, self.root, sought, choose).break_value().flatten()
    }

    fn highest_below<R>(
        &self,
        level: usize,
        node: usize,
        sought: &Sought,
        choose: &mut impl FnMut(Span) -> Option<R>,
    ) -> Step<R> {
        let window = sought.window;
        if level == 0 {
            let leaf = &self.leaves[node];
            let from = leaf.seek(window.end()).min(leaf.count - 1);
            for slot in (0..=from).rev() {
                if leaf.start[slot] <= window.start() {
                    return ControlFlow::Break(None);
                }
                sought.offer(leaf, slot, choose)?;
            }
            return ControlFlow::Continue(());
        }
        let branch = &self.branches[node];
        let from = branch.seek(window.end()).min(branch.count - 1);
        for slot in (0..=from).rev() {
            if branch.last[slot] <= window.start() {
                return ControlFlow::Break(None);
            }
            if branch.largest[slot] >= sought.size {
                self.highest_below(level - 1, branch.child[slot], sought, choose)?;
            }
        }
        ControlFlow::Continue(())
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

/// The first slot whose hole reaches above the start of the window.
fn first_leaf_slot(leaf: &Leaf, window: Span) -> usize {
    if leaf.start[0] > window.start() { 0 } else { leaf.seek(window.start() + 1) }
}

/// The first slot with a hole that reaches above the start of the window.
fn first_branch_slot(branch: &Branch, window: Span) -> usize {
    if branch.last[0] > window.start() { 0 } else { branch.seek(window.start() + 1) }
}
