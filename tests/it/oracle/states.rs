//! Offers, sharing, and what is displayed.

use vidmm_inspector::base::{AllocationId, DeviceId};
use vidmm_inspector::ddi::{NtStatus, OfferPriority};
use vidmm_inspector::vidmm::RefusalReason;

use super::naive::{Naive, Offered, Refused};

/// The refusal of an argument.
pub(crate) fn invalid(reason: RefusalReason) -> Refused {
    (NtStatus::INVALID_PARAMETER, reason)
}

impl Naive {
    pub(crate) fn offer(&mut self, ids: &[u32], priority: OfferPriority) -> Result<(), Refused> {
        for (index, id) in ids.iter().enumerate() {
            let (name, allocation) = (AllocationId(*id), self.get(*id));
            if ids[..index].contains(id) {
                return Err(invalid(RefusalReason::NamedTwice(name)));
            }
            if allocation.offer != Offered::No {
                return Err(invalid(RefusalReason::Offered(name)));
            }
            if allocation.locks > 0 {
                return Err(invalid(RefusalReason::Locked(name)));
            }
            if allocation.displayed {
                return Err(invalid(RefusalReason::Displayed(name)));
            }
            // AUTO follows the band of the eviction priority.
            allocation.offer = Offered::At(match priority {
                OfferPriority::Low => 0,
                OfferPriority::Normal => 1,
                OfferPriority::High => 2,
                OfferPriority::Auto if allocation.priority < 0x7800_0000 => 0,
                OfferPriority::Auto if allocation.priority < 0xA000_0000 => 1,
                OfferPriority::Auto => 2,
            });
        }
        Ok(())
    }

    pub(crate) fn reclaim(&mut self, ids: &[u32]) -> Result<(), Refused> {
        for (index, id) in ids.iter().enumerate() {
            let (name, allocation) = (AllocationId(*id), self.get(*id));
            if ids[..index].contains(id) {
                return Err(invalid(RefusalReason::NamedTwice(name)));
            }
            if allocation.offer == Offered::No {
                return Err(invalid(RefusalReason::NotOffered(name)));
            }
            allocation.offer = Offered::No;
        }
        Ok(())
    }

    pub(crate) fn open(&mut self, id: u32, device: DeviceId) -> Result<(), Refused> {
        let known = device.index() < self.devices.len();
        let (name, allocation) = (AllocationId(id), self.get(id));
        if !known {
            return Err(invalid(RefusalReason::NoDevice));
        }
        if !allocation.shared {
            return Err(invalid(RefusalReason::NotShared(name)));
        }
        if allocation.owner == device.0 || allocation.openers.contains(&device.0) {
            return Err(invalid(RefusalReason::OpenAlready(name)));
        }
        allocation.openers.push(device.0);
        Ok(())
    }

    /// The creator owns, after it the next opener; the last takes the allocation along. Whether
    /// it did is the answer.
    pub(crate) fn close(&mut self, id: u32, device: u32) -> Result<bool, Refused> {
        let (name, allocation) = (AllocationId(id), self.get(id));
        if allocation.owner != device {
            if !allocation.openers.contains(&device) {
                return Err(invalid(RefusalReason::NotOpen(name)));
            }
            allocation.openers.retain(|opener| *opener != device);
            return Ok(false);
        }
        if !allocation.openers.is_empty() {
            allocation.owner = allocation.openers.remove(0);
            return Ok(false);
        }
        if allocation.displayed {
            return Err(invalid(RefusalReason::Displayed(name)));
        }
        self.destroy(id);
        Ok(true)
    }

    pub(crate) fn display(&mut self, id: Option<u32>) -> Result<(), Refused> {
        if let Some(id) = id {
            let allocation = &self.allocations[&id];
            let name = AllocationId(id);
            if allocation.offer != Offered::No {
                return Err(invalid(RefusalReason::Offered(name)));
            }
            let segments = self.segments.iter().enumerate();
            let flip: u32 = segments.map(|(at, segment)| u32::from(segment.flip) << at).sum();
            // A primary is scanned out from wherever it may be.
            let only = if allocation.primary { u32::MAX } else { flip };
            if !allocation.primary && allocation.supported(true) & only == 0 {
                let reason = RefusalReason::NotDisplayable(name);
                return Err((NtStatus::INVALID_ALLOCATION_USAGE, reason));
            }
            self.make_resident(&[(id, true)], Some(only))?;
        }
        if let Some(before) = self.displayed {
            self.get(before).displayed = false;
        }
        if let Some(id) = id {
            self.get(id).displayed = true;
        }
        self.displayed = id;
        Ok(())
    }
}
