//! Figures along a run, ready to be drawn: how full segments were, what moved, what was promised.
//!
//! Everything here was recorded by the machine as it executed; nothing is estimated or smoothed.
//! Where more happens than there are columns, a column says the least, the most and the last.

mod axis;
mod moved;
mod series;
#[cfg(test)]
mod tests;

pub use axis::{Axis, Positions};
pub use moved::{Kinds, Moved, MovedBucket, kinds};
pub use series::{Series, Stair};

use crate::base::SegmentId;
use crate::machine::Run;

/// What a segment came to along a run.
#[derive(Clone, Debug, Default)]
pub struct SegmentSeries {
    /// Bytes in blocks, those of ranges that nobody can use included.
    pub used: Series,
    /// Bytes of the largest hole.
    pub largest_hole: Series,
}

/// The figures of the executed part of a run; it grows with the run.
#[derive(Clone, Debug, Default)]
pub struct Charts {
    segments: Vec<SegmentSeries>,
    /// Bytes of system memory promised to allocations.
    pub commit: Series,
    /// Bytes mapped into all apertures together.
    pub mapped: Series,
    /// Bytes that commands moved or mapped.
    pub moved: Moved,
    executed: usize,
}

impl Charts {
    /// Takes what was executed since the last time. The run must be the same one.
    pub fn extend(&mut self, run: &Run) {
        let history = run.segment_history();
        let count = run.segments().len();
        self.segments.resize_with(count.max(self.segments.len()), SegmentSeries::default);
        for (id, series) in (0..count).filter_map(SegmentId::from_index).zip(&mut self.segments) {
            let known = series.used.len();
            for point in history.segment(id).get(known..).unwrap_or_default() {
                series.used.push(point.command, point.used.get());
                series.largest_hole.push(point.command, point.largest_hole.get());
            }
        }
        for point in history.commit().get(self.commit.len()..).unwrap_or_default() {
            self.commit.push(point.command, point.commit.get());
            self.mapped.push(point.command, point.mapped.get());
        }
        let fresh = run.records().get(self.executed..).unwrap_or_default();
        for (command, record) in (self.executed + 1..).zip(fresh) {
            self.moved.push(command, &record.summary);
        }
        self.executed = run.executed();
    }

    /// The commands up to which the figures are known.
    #[must_use]
    pub const fn executed(&self) -> usize {
        self.executed
    }

    /// The figures of a segment.
    #[must_use]
    pub fn segment(&self, id: SegmentId) -> Option<&SegmentSeries> {
        self.segments.get(id.index())
    }
}
