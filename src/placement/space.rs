//! The space: blocks and the holes between them.

use thiserror::Error;

use crate::base::Span;

use super::changes::Changes;
use super::node::Entry;
use super::sizes::Sizes;
use super::tree::{Place, Tree, clip};

/// An address space of positions `0..len`: used blocks and the holes between them.
///
/// Two spaces are equal when their lengths and their blocks are.
#[derive(Clone, Debug)]
pub struct Space {
    pub(super) len: u64,
    pub(super) used: u64,
    pub(super) block_count: usize,
    pub(super) tree: Tree,
    pub(super) sizes: Option<Sizes>,
    pub(super) changes: Changes,
}

/// Why a block could not be inserted. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Occupied {
    /// A block has at least one position.
    #[error("a block at {start} of no positions")]
    Empty {
        /// Where it was to start.
        start: u64,
    },
    /// Part of it lies beyond the space.
    #[error("{span} reaches beyond the {len} positions of the space")]
    Beyond {
        /// What was to be inserted.
        span: Span,
        /// Positions of the space.
        len: u64,
    },
    /// A block is in the way: the lowest such.
    #[error("{span} overlaps the block {block} of {owner}")]
    Overlap {
        /// What was to be inserted.
        span: Span,
        /// The block in the way.
        block: Span,
        /// Whose block it is.
        owner: u64,
    },
}

impl Space {
    /// An empty space of `len` positions. Best fit searches every hole that is large enough.
    #[must_use]
    pub fn new(len: u64) -> Self {
        let changes = Changes::new();
        Self { len, used: 0, block_count: 0, tree: Tree::new(len), sizes: None, changes }
    }

    /// An empty space of `len` positions that also keeps its holes by size: best fit costs O(log n),
    /// inserting and removing somewhat more. The answers are those of [`Space::new`].
    #[must_use]
    pub fn indexed(len: u64) -> Self {
        let mut sizes = Sizes::default();
        sizes.add(Span::whole(len));
        Self { sizes: Some(sizes), ..Self::new(len) }
    }

    /// Positions, used and free.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no block.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.block_count == 0
    }

    /// Positions in blocks.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// Positions in no block.
    #[must_use]
    pub const fn free(&self) -> u64 {
        self.len - self.used
    }

    /// Positions of the largest hole; 0 when there is none.
    #[must_use]
    pub fn largest_hole(&self) -> u64 {
        self.tree.room(Span::whole(self.len)).largest
    }

    /// Number of blocks.
    #[must_use]
    pub const fn block_count(&self) -> usize {
        self.block_count
    }

    /// Uses exactly `span`, for `owner` in the caller's numbers. O(log n).
    ///
    /// # Errors
    ///
    /// When `span` is empty, reaches beyond the space or overlaps a block.
    pub fn insert(&mut self, span: Span, owner: u64) -> Result<(), Occupied> {
        if span.is_empty() {
            return Err(Occupied::Empty { start: span.start() });
        }
        if span.end() > self.len {
            return Err(Occupied::Beyond { span, len: self.len });
        }
        // Not beyond the space, because the span ends inside it and is not empty.
        let after = self.tree.seek(span.start() + 1);
        let next = self.tree.entry(&after);
        let hole = next.hole();
        if !hole.covers(span) {
            return Err(self.overlap(span, next));
        }
        self.insert_at(&after, span, owner);
        Ok(())
    }

    /// Inserts into the hole below the entry at `after`, which must cover `span`.
    pub(super) fn insert_at(&mut self, after: &Place, span: Span, owner: u64) {
        let hole = self.tree.entry(after).hole();
        let gap = span.start() - hole.start();
        let gap_after = hole.end() - span.end();
        if let Some(sizes) = &mut self.sizes {
            sizes.remove(hole);
            sizes.add(Span::at(hole.start(), gap).unwrap_or_default());
            sizes.add(Span::at(span.end(), gap_after).unwrap_or_default());
        }
        let entry = Entry { start: span.start(), len: span.len(), gap, owner };
        self.tree.insert(after, entry, gap_after);
        self.used += span.len();
        self.block_count += 1;
        self.changes.note(span);
    }

    /// Names the block in the way: the one that covers the start, or else the next one.
    fn overlap(&self, span: Span, next: Entry) -> Occupied {
        let entry = self.tree.covering(span.start()).unwrap_or(next);
        Occupied::Overlap { span, block: entry.block(), owner: entry.owner }
    }

    /// Frees the block that starts at `start` and returns it; `None` when no block starts there.
    /// Inserting what came back restores the space. O(log n).
    pub fn remove(&mut self, start: u64) -> Option<(Span, u64)> {
        if start >= self.len {
            return None;
        }
        let place = self.tree.seek(start);
        let entry = self.tree.entry(&place);
        if entry.start != start {
            return None;
        }
        let gap_after = self.tree.remove(&place);
        let block = entry.block();
        if let Some(sizes) = &mut self.sizes {
            sizes.remove(entry.hole());
            sizes.remove(Span::at(block.end(), gap_after).unwrap_or_default());
            sizes.add(Span::new(entry.hole().start(), block.end() + gap_after).unwrap_or_default());
        }
        self.used -= entry.len;
        self.block_count -= 1;
        self.changes.note(block);
        Some((block, entry.owner))
    }

    /// The block that covers `position`, and its owner.
    #[must_use]
    pub fn block_at(&self, position: u64) -> Option<(Span, u64)> {
        if position >= self.len {
            return None;
        }
        self.tree.covering(position).map(|entry| (entry.block(), entry.owner))
    }

    /// The blocks that share a position with `window`, whole, and their owners, in address order.
    pub fn blocks(&self, window: Span) -> impl Iterator<Item = (Span, u64)> {
        let window = clip(window, self.len);
        let first =
            self.block_at(window.start()).map_or(window.start(), |(block, _)| block.start());
        self.tree
            .entries(first)
            .take_while(move |entry| entry.len > 0 && entry.start < window.end())
            .map(|entry| (entry.block(), entry.owner))
    }

    /// The parts of the holes inside `window`, in address order.
    pub fn holes(&self, window: Span) -> impl Iterator<Item = Span> {
        let window = clip(window, self.len);
        self.tree
            .entries(window.start().saturating_add(1).min(self.len))
            .take_while(move |entry| entry.start - entry.gap < window.end())
            .filter_map(move |entry| entry.hole().intersection(window))
    }
}

impl PartialEq for Space {
    fn eq(&self, other: &Self) -> bool {
        let whole = Span::whole(self.len);
        self.len == other.len
            && self.block_count == other.block_count
            && self.blocks(whole).eq(other.blocks(whole))
    }
}

impl Eq for Space {}
