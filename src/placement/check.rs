//! The full sweep over everything that a space claims about itself.

use thiserror::Error;

use crate::base::Span;

use super::node::{FAN, LEAF, Summary};
use super::space::Space;

/// What does not agree. Finding one means a mistake in this room, never a bad request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SpaceError {
    /// A block and the hole below it do not begin where the block before ends.
    #[error("the block at {start} does not join the one that ends at {end_before}")]
    Seam {
        /// Start of the block; the length of the space for its end.
        start: u64,
        /// End of the block before; 0 for the first.
        end_before: u64,
    },
    /// The blocks and holes end short of or beyond the space.
    #[error("blocks and holes cover {covered} of {len} positions")]
    Cover {
        /// Where they end.
        covered: u64,
        /// Positions of the space.
        len: u64,
    },
    /// The counters disagree with the blocks.
    #[error("{counted} positions in {blocks} blocks, not {used} in {block_count}")]
    Totals {
        /// Positions in the blocks found.
        counted: u64,
        /// Blocks found.
        blocks: usize,
        /// The counter of positions.
        used: u64,
        /// The counter of blocks.
        block_count: usize,
    },
    /// A branch keeps other numbers of a child than the child has.
    #[error("a branch is wrong about the blocks up to {last}")]
    Summary {
        /// Start of the last block below the child.
        last: u64,
    },
    /// A node holds fewer or more than it may.
    #[error("a node with {count} entries up to {last}")]
    Fill {
        /// Start of the last block below the node.
        last: u64,
        /// Its entries or children.
        count: usize,
    },
    /// The index by size lacks a hole or has one too many.
    #[error("the index by size has {indexed} of {holes} holes and lacks {missing}")]
    SizeIndex {
        /// Holes in the index.
        indexed: usize,
        /// Holes of the space.
        holes: usize,
        /// The first hole that is missing; empty when none is.
        missing: Span,
    },
}

impl Space {
    /// Proves that blocks are in order and disjoint, that they and the holes cover the space
    /// exactly, that the counters are right, and that tree and index agree. O(n).
    ///
    /// # Errors
    ///
    /// The first thing found wrong.
    pub fn check(&self) -> Result<(), SpaceError> {
        self.check_cover()?;
        self.check_node(self.tree.height, self.tree.root, true)?;
        self.check_sizes()
    }

    fn check_cover(&self) -> Result<(), SpaceError> {
        let (mut covered, mut counted, mut blocks) = (0_u64, 0, 0);
        for entry in self.tree.entries(0) {
            let seam = SpaceError::Seam { start: entry.start, end_before: covered };
            if covered.checked_add(entry.gap) != Some(entry.start) {
                return Err(seam);
            }
            covered = entry.start.checked_add(entry.len).ok_or(seam)?;
            counted += entry.len;
            blocks += usize::from(entry.len > 0);
        }
        if covered != self.len {
            return Err(SpaceError::Cover { covered, len: self.len });
        }
        let (used, block_count) = (self.used, self.block_count);
        if counted != used || blocks != block_count {
            return Err(SpaceError::Totals { counted, blocks, used, block_count });
        }
        Ok(())
    }

    fn check_node(&self, level: usize, node: usize, root: bool) -> Result<Summary, SpaceError> {
        let (summary, count, fewest, most) = if level == 0 {
            let leaf = &self.tree.leaves[node];
            (leaf.summary(), leaf.count, if root { 1 } else { LEAF / 4 }, LEAF)
        } else {
            let branch = &self.tree.branches[node];
            for slot in 0..branch.count {
                let summary = self.check_node(level - 1, branch.child[slot], false)?;
                if summary != branch.child_summary(slot) {
                    return Err(SpaceError::Summary { last: summary.last });
                }
            }
            (branch.summary(), branch.count, if root { 2 } else { FAN / 4 }, FAN)
        };
        if count < fewest || count > most {
            return Err(SpaceError::Fill { last: summary.last, count });
        }
        Ok(summary)
    }

    fn check_sizes(&self) -> Result<(), SpaceError> {
        let Some(sizes) = &self.sizes else { return Ok(()) };
        let whole = Span::whole(self.len);
        let holes = self.holes(whole).count();
        let missing = self.holes(whole).find(|&hole| !sizes.contains(hole));
        if sizes.count() == holes && missing.is_none() {
            return Ok(());
        }
        Err(SpaceError::SizeIndex {
            indexed: sizes.count(),
            holes,
            missing: missing.unwrap_or_default(),
        })
    }
}
