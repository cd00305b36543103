//! What is scanned out: pinned for as long as it is.

use crate::base::AllocationId;
use crate::ddi::{NtStatus, SegmentFlags, SegmentSet};

use super::allocation::Offer;
use super::book::BookChange;
use super::paging::Environment;
use super::plan::Wanted;
use super::reason::{Failure, OperationReason, Refusal, RefusalReason};
use super::{VidMm, invalid};

impl VidMm {
    /// Displays an allocation in place of what was displayed before; `None` for nothing.
    ///
    /// A primary is scanned out from any segment in which it may be; anything else is a Direct
    /// Flip and needs a segment that has that flag.
    ///
    /// # Errors
    /// When it does not exist, is offered, or cannot be brought where it can be scanned out, or
    /// the machine stops.
    pub fn display(
        &mut self,
        environment: &mut Environment<'_>,
        id: Option<AllocationId>,
    ) -> Result<(), Failure> {
        let before = self.book().displayed();
        if let Some(id) = id {
            let allocation = self.existing(id)?;
            if allocation.offer() != Offer::None {
                return Err(invalid(RefusalReason::Offered(id)));
            }
            let only = (!allocation.is_primary()).then(|| self.direct_flip_segments());
            let supported = allocation.supported(true);
            if only.is_some_and(|only| SegmentSet(supported.0 & only.0).is_empty()) {
                let reason = RefusalReason::NotDisplayable(id);
                return Err(Refusal::new(NtStatus::INVALID_ALLOCATION_USAGE, reason).into());
            }
            let reason = Some(OperationReason::Displayed(id));
            let mut planner = self.planner(environment);
            planner.make_resident(&[Wanted { only, reason, ..Wanted::new(id, true) }])?;
            let plan = planner.operations;
            self.issue(environment, &plan)?;
        }
        let mut planner = self.planner(environment);
        if let Some(before) = before {
            planner.update(before, |after| after.displayed = false);
        }
        if let Some(id) = id {
            planner.update(id, |after| after.displayed = true);
        }
        if before != id {
            planner.book.apply(BookChange::Displayed { before, after: id });
        }
        Ok(())
    }

    fn direct_flip_segments(&self) -> SegmentSet {
        let flag = SegmentFlags::DirectFlip;
        let segments = self.adapter.segments.iter().filter(|s| s.flags.contains(flag));
        segments.map(|segment| segment.id).collect()
    }
}
