//! Offers: content that may be dropped, and asking for it back.

use crate::base::AllocationId;
use crate::ddi::OfferPriority;

use super::allocation::Offer;
use super::paging::Environment;
use super::reason::{Failure, RefusalReason};
use super::{VidMm, invalid};

impl VidMm {
    /// Offers allocations: from now on they leave before anything else, and what leaves may be
    /// dropped.
    ///
    /// # Errors
    /// When one does not exist, is offered already, is locked or displayed, or is named twice.
    pub fn offer(
        &mut self,
        environment: &mut Environment<'_>,
        ids: &[AllocationId],
        priority: OfferPriority,
    ) -> Result<(), Failure> {
        for (index, id) in ids.iter().enumerate() {
            let allocation = self.existing(*id)?;
            if ids[..index].contains(id) {
                return Err(invalid(RefusalReason::NamedTwice(*id)));
            }
            if allocation.offer() != Offer::None {
                return Err(invalid(RefusalReason::Offered(*id)));
            }
            if allocation.locks() > 0 {
                return Err(invalid(RefusalReason::Locked(*id)));
            }
            if allocation.is_displayed() {
                return Err(invalid(RefusalReason::Displayed(*id)));
            }
            let level = priority.resolved(allocation.priority());
            self.planner(environment).update(*id, |after| after.offer = Offer::Offered(level));
        }
        Ok(())
    }

    /// Takes offers back. What was dropped meanwhile stays without content.
    ///
    /// # Errors
    /// When one does not exist, is not offered, or is named twice.
    pub fn reclaim(
        &mut self,
        environment: &mut Environment<'_>,
        ids: &[AllocationId],
    ) -> Result<(), Failure> {
        for (index, id) in ids.iter().enumerate() {
            let allocation = self.existing(*id)?;
            if ids[..index].contains(id) {
                return Err(invalid(RefusalReason::NamedTwice(*id)));
            }
            if allocation.offer() == Offer::None {
                return Err(invalid(RefusalReason::NotOffered(*id)));
            }
            self.planner(environment).update(*id, |after| after.offer = Offer::None);
        }
        Ok(())
    }
}
