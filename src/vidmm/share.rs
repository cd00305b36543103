//! Shared allocations: who has opened them, and who owns them.

use crate::base::{AllocationId, DeviceId};

use super::paging::Environment;
use super::reason::{Failure, RefusalReason};
use super::{VidMm, invalid};

impl VidMm {
    /// Another device opens a shared allocation.
    ///
    /// # Errors
    /// When one of both does not exist, when the allocation is not shared, or the device has
    /// opened it already.
    pub fn open_allocation(
        &mut self,
        environment: &mut Environment<'_>,
        id: AllocationId,
        device: DeviceId,
    ) -> Result<(), Failure> {
        let allocation = self.existing(id)?;
        if self.book().device(device).is_none() {
            return Err(invalid(RefusalReason::NoDevice));
        }
        if !allocation.is_shared() {
            return Err(invalid(RefusalReason::NotShared(id)));
        }
        if allocation.device() == device || allocation.openers().contains(&device) {
            return Err(invalid(RefusalReason::OpenAlready(id)));
        }
        self.planner(environment).update(id, |after| after.openers.push(device));
        Ok(())
    }

    /// A device closes an allocation: the next opener owns it then; the last one to close
    /// destroys it. Whether it was destroyed is the answer.
    ///
    /// # Errors
    /// When the allocation does not exist or the device has not opened it, when it is displayed
    /// and nobody else has it open, or the machine stops.
    pub fn close_allocation(
        &mut self,
        environment: &mut Environment<'_>,
        id: AllocationId,
        device: DeviceId,
    ) -> Result<bool, Failure> {
        let allocation = self.existing(id)?;
        if allocation.device() != device {
            if !allocation.openers().contains(&device) {
                return Err(invalid(RefusalReason::NotOpen(id)));
            }
            let closing = |after: &mut super::Allocation| after.openers.retain(|d| *d != device);
            self.planner(environment).update(id, closing);
            return Ok(false);
        }
        if allocation.openers().is_empty() {
            self.destroy_allocation(environment, id)?;
            return Ok(true);
        }
        self.planner(environment).update(id, |after| after.device = after.openers.remove(0));
        Ok(false)
    }
}
