//! Which changes of residency each allocation went through: read once along the run, so that a
//! selection costs what happened to it and not what happened.

use crate::base::{AllocationId, Position};
use crate::vidmm::{ResidencyChange, VidMm};

/// No change before.
const NONE: u32 = u32::MAX;

/// The changes of every allocation, chained from the last to the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives {
    read: Position,
    /// The last change of each allocation, by id.
    last: Vec<u32>,
    /// Where a change stands in the book's journal, and the change of the same allocation before.
    links: Vec<(Position, u32)>,
}

impl Lives {
    /// Reads what was executed since the last time, up to `end`.
    pub(super) fn extend(&mut self, vidmm: &VidMm, end: Position) {
        if end <= self.read {
            return;
        }
        for change in vidmm.residency_changes(self.read, end) {
            let index = change.allocation.index();
            if self.last.len() <= index {
                self.last.resize(index + 1, NONE);
            }
            let Ok(number) = u32::try_from(self.links.len()) else { break };
            let before = std::mem::replace(&mut self.last[index], number);
            self.links.push((change.position, before));
        }
        self.read = end;
    }

    /// The last change of an allocation up to `here`.
    pub(super) fn last_before(
        &self,
        vidmm: &VidMm,
        id: AllocationId,
        here: Position,
    ) -> Option<ResidencyChange> {
        let mut at = *self.last.get(id.index())?;
        loop {
            let (position, before) = *self.links.get(usize::try_from(at).ok()?)?;
            if position <= here {
                let from = Position(position.0.saturating_sub(1));
                return vidmm.residency_changes(from, position).next();
            }
            at = before;
        }
    }

    /// The changes of an allocation, in order.
    pub(super) fn of(&self, vidmm: &VidMm, id: AllocationId) -> Vec<ResidencyChange> {
        let mut at = self.last.get(id.index()).copied().unwrap_or(NONE);
        let mut found = Vec::new();
        while let Some((position, before)) =
            usize::try_from(at).ok().and_then(|at| self.links.get(at))
        {
            // A position is that after the change.
            let from = Position(position.0.saturating_sub(1));
            found.extend(vidmm.residency_changes(from, *position));
            at = *before;
        }
        found.reverse();
        found
    }
}
