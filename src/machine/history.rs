//! How full the segments were along a run: an entry only where a figure changed.
//!
//! A command after which the book stands where it stood before costs a comparison; any other, one
//! look at the totals of each segment.

use crate::base::{Bytes, SegmentId};
use crate::vidmm::Book;

/// What a segment comes to after a command, until its next entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentPoint {
    /// The command, counted from 1; 0 for the start of the adapter.
    pub command: usize,
    /// Bytes in blocks, those of ranges that nobody can use included.
    pub used: Bytes,
    /// Bytes of the largest hole.
    pub largest_hole: Bytes,
}

/// What is promised and mapped after a command, until the next entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitPoint {
    /// The command, counted from 1; 0 for the start of the adapter.
    pub command: usize,
    /// Bytes of system memory promised to allocations.
    pub commit: Bytes,
    /// Bytes mapped into all apertures together.
    pub mapped: Bytes,
}

/// The figures of the segments and of the commit along the executed part of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentHistory {
    segments: Vec<Vec<SegmentPoint>>,
    commit: Vec<CommitPoint>,
    started_at: u64,
}

impl SegmentHistory {
    /// The machine's clock before the first command, in nanoseconds: starting takes time.
    #[must_use]
    pub const fn started_at(&self) -> u64 {
        self.started_at
    }

    /// The points of a segment in the order of commands; the first is of the start. Empty where
    /// there is no such segment.
    #[must_use]
    pub fn segment(&self, id: SegmentId) -> &[SegmentPoint] {
        self.segments.get(id.index()).map_or(&[], Vec::as_slice)
    }

    /// The points of the commit in the order of commands; the first is of the start.
    #[must_use]
    pub fn commit(&self) -> &[CommitPoint] {
        &self.commit
    }

    /// What a segment came to after a command: the last point at or before it.
    #[must_use]
    pub fn segment_at(&self, id: SegmentId, command: usize) -> Option<SegmentPoint> {
        let points = self.segment(id);
        let after = points.partition_point(|point| point.command <= command);
        points.get(after.checked_sub(1)?).copied()
    }

    /// What was promised and mapped after a command: the last point at or before it.
    #[must_use]
    pub fn commit_at(&self, command: usize) -> Option<CommitPoint> {
        let after = self.commit.partition_point(|point| point.command <= command);
        self.commit.get(after.checked_sub(1)?).copied()
    }

    /// Notes what the clock says before the first command.
    pub(super) const fn note_start(&mut self, clock: u64) {
        self.started_at = clock;
    }

    /// Notes what the book says after `command`, where it says anything new.
    pub(super) fn note(&mut self, command: usize, segments: usize, book: &Book) {
        self.segments.resize_with(segments.max(self.segments.len()), Vec::new);
        let ids = (0..segments).filter_map(SegmentId::from_index);
        for (id, points) in ids.zip(&mut self.segments) {
            let Some(used) = book.segment(id) else { continue };
            let point = SegmentPoint {
                command,
                used: Bytes(used.space().used()),
                largest_hole: Bytes(used.space().largest_hole()),
            };
            let same = |last: &SegmentPoint| {
                (last.used, last.largest_hole) == (point.used, point.largest_hole)
            };
            if !points.last().is_some_and(same) {
                points.push(point);
            }
        }
        let point = CommitPoint { command, commit: book.commit(), mapped: book.aperture_commit() };
        let same = |last: &CommitPoint| (last.commit, last.mapped) == (point.commit, point.mapped);
        if !self.commit.last().is_some_and(same) {
            self.commit.push(point);
        }
    }
}
