//! What changes of the book concern, so that what was worked out of a state can follow it to
//! another one without looking at everything.

use crate::base::{AllocationId, Position, SegmentId, Span};

use super::VidMm;
use super::book::BookChange;

/// Something of the book that a change concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// An allocation appeared, changed, was named by a submission, or went.
    Allocation(AllocationId),
    /// A range of a segment, in bytes from its start, was taken or given back.
    Extent(SegmentId, Span),
}

impl VidMm {
    /// What the changes between two positions of the book concern. `from` may lie after `to`: the
    /// same is concerned on the way back. `None` where too little is kept of what lies between.
    ///
    /// What is concerned twice may be told twice; what is as it was before may be told as well.
    #[must_use]
    pub fn touched(
        &self,
        from: Position,
        to: Position,
    ) -> Option<impl Iterator<Item = Touched> + '_> {
        let changes = self.book.leading(from.min(to), from.max(to))?;
        Some(changes.filter_map(|change| match change {
            BookChange::Allocation { id, .. }
            | BookChange::Referenced { id, .. }
            | BookChange::Fenced { id, .. }
            | BookChange::Times { id, .. } => Some(Touched::Allocation(*id)),
            BookChange::Taken { segment, span, .. } | BookChange::Given { segment, span, .. } => {
                Some(Touched::Extent(*segment, *span))
            }
            _ => None,
        }))
    }
}
