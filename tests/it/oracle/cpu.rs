//! Locks and the CPU's access, as WDDM 1.x and 2.x have them.

use vidmm_inspector::base::{AllocationId, DeviceId};
use vidmm_inspector::ddi::{AllocationFlags, LockFlags, NtStatus};
use vidmm_inspector::vidmm::RefusalReason;

use super::naive::{Naive, Offered, Refused, small};
use super::states::invalid;

impl Naive {
    /// Makes the CPU reach an allocation, which may send it to system memory.
    pub(crate) fn open_to_cpu(&mut self, id: u32, flags: LockFlags) -> Result<(), Refused> {
        let allocation = &self.allocations[&id];
        let name = AllocationId(id);
        let cannot = |reason| Err((NtStatus::CANT_LOCK_MEMORY, reason));
        if allocation.offer != Offered::No {
            return Err(invalid(RefusalReason::Offered(name)));
        }
        let apertures = self.segments.iter().enumerate().filter(|(_, segment)| segment.aperture);
        let apertures: u32 = apertures.map(|(at, _)| 1_u32 << at).sum();
        let in_aperture = allocation.supported(true) & apertures != 0;
        // WDDM 2.x also locks what supports an aperture, or is nowhere resident.
        let reachable = self.wddm2 && (in_aperture || allocation.place.is_none());
        if !allocation.has(AllocationFlags::CpuVisible) && !reachable {
            return cannot(RefusalReason::NotCpuVisible(name));
        }
        let waits = allocation.locks == 0 && !flags.contains(LockFlags::IgnoreSync);
        if waits && self.busy.contains(&id) && flags.contains(LockFlags::DonotWait) {
            return Err((NtStatus::ALLOCATION_BUSY, RefusalReason::Busy(name)));
        }
        let Some((segment, _)) = allocation.place else { return Ok(()) };
        let segment = &self.segments[segment];
        let outside = allocation.keeps() || self.wddm2 && allocation.cached();
        if segment.aperture || segment.visible && !outside {
            return Ok(());
        }
        if flags.contains(LockFlags::DonotEvict) {
            return cannot(RefusalReason::WouldEvict(name));
        }
        if allocation.pinned() {
            let reason = RefusalReason::Pinned(name);
            return Err((NtStatus::CANT_EVICT_PINNED_ALLOCATION, reason));
        }
        if self.wddm2 && !in_aperture && !outside {
            return cannot(RefusalReason::NoCpuPlace(name));
        }
        self.evict(id);
        Ok(())
    }

    pub(crate) fn cpu_wrote(&mut self, id: u32, from: usize, bytes: &[Option<u8>]) {
        let in_memory = self.in_memory(id);
        let allocation = self.get(id);
        allocation.has_content = true;
        allocation.dirty |= in_memory;
        let cached = allocation.cached() && !in_memory;
        let known = self.known(id);
        known.put(from, bytes);
        known.cached[from..from + bytes.len()].fill(cached);
    }

    pub(crate) fn lock(
        &mut self,
        id: u32,
        device: Option<DeviceId>,
        flags: LockFlags,
    ) -> Result<(), Refused> {
        let allocation = &self.allocations[&id];
        let device = device.map_or(allocation.owner, |device| device.0);
        if device != allocation.owner && !allocation.openers.contains(&device) {
            return Err(invalid(RefusalReason::NotOpen(AllocationId(id))));
        }
        // Only the process that created it may lock it.
        if self.devices[small(device.into())] != allocation.creator {
            return Err(invalid(RefusalReason::NotTheCreator(AllocationId(id))));
        }
        // The first two are illegal together; the others need what is not modelled, or are none.
        if flags.bits() & 0b11 == 0b11 || flags.bits() & !0b100_0011_1111 != 0 {
            return Err(invalid(RefusalReason::LockFlags(flags)));
        }
        let was_in_memory = self.in_memory(id);
        self.open_to_cpu(id, flags)?;
        let allocation = self.get(id);
        allocation.locks += 1;
        allocation.left_for_lock |=
            was_in_memory && allocation.place.is_none() && allocation.keeps();
        Ok(())
    }

    pub(crate) fn unlock(&mut self, id: u32) -> Result<(), Refused> {
        let allocation = self.get(id);
        if allocation.locks == 0 {
            return Err(invalid(RefusalReason::NotLocked(AllocationId(id))));
        }
        allocation.locks -= 1;
        if allocation.locks == 0 && std::mem::take(&mut allocation.left_for_lock) {
            self.make_resident(&[(id, true)], None)?;
        }
        Ok(())
    }
}
