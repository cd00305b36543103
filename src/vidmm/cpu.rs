//! The CPU's access to allocations: locks, and single reads and writes.
//!
//! Swizzling ranges are not modelled: an allocation is linear, so that in a memory segment that the
//! CPU sees it is reached in place, and from any other it is moved to system memory first. What
//! WDDM 1.x and 2.x ask for differs; both are here.

use crate::base::{AllocationId, DeviceId, SegmentId, SegmentOffset, Span};
use crate::ddi::{
    AllocationFlagsWddm2, InterfaceVersion, LockFlags, NtStatus, RowLayout, SegmentSet,
};
use crate::memory::Mdl;
use crate::rules::SegmentKind;

use super::allocation::{Allocation, Offer, Placement};
use super::paging::Environment;
use super::plan::Wanted;
use super::reason::{Failure, OperationReason, Refusal, RefusalReason};
use super::trace::WaitReason;
use super::{VidMm, invalid};
use crate::ddi::AllocationFlags;

/// Where the CPU finds the bytes of an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CpuView {
    /// In its pages of system memory; `cached` where they are cacheable.
    System {
        /// The pages.
        mdl: Mdl,
        /// Writes stay in the CPU cache until they are flushed.
        cached: bool,
    },
    /// In a memory segment that the CPU sees.
    Segment {
        /// The segment.
        segment: SegmentId,
        /// Where the allocation begins.
        offset: SegmentOffset,
        /// How its rows lie, where they do not follow each other.
        rows: Option<RowLayout>,
    },
}

/// Flags that exclude each other, or that need swizzling ranges, renaming or an alternate address.
fn lock_flags_are_sound(flags: LockFlags) -> bool {
    let not_modelled = LockFlags::AcquireAperture
        | LockFlags::Discard
        | LockFlags::NoExistingReference
        | LockFlags::UseAlternateVA;
    !flags.contains(LockFlags::ReadOnly | LockFlags::WriteOnly)
        && !flags.intersects(not_modelled)
        && LockFlags::all().contains(flags)
}

impl VidMm {
    /// Locks an allocation for the CPU: until it is unlocked, the CPU reaches its bytes wherever
    /// they are.
    ///
    /// `device` is the one through which it is locked; without one, the owner.
    ///
    /// # Errors
    /// When it does not exist or is offered, when it is shared and the device is not of the
    /// process that created it, when the flags say not to wait or to evict and that would be
    /// needed, when the CPU cannot reach it, or the machine stops.
    pub fn lock(
        &mut self,
        environment: &mut Environment<'_>,
        id: AllocationId,
        device: Option<DeviceId>,
        flags: LockFlags,
    ) -> Result<(), Failure> {
        let allocation = self.existing(id)?;
        let device = device.unwrap_or(allocation.device());
        if device != allocation.device() && !allocation.openers().contains(&device) {
            return Err(invalid(RefusalReason::NotOpen(id)));
        }
        let process = self.book().device(device).map(|device| device.process);
        if process != Some(allocation.creator()) {
            return Err(invalid(RefusalReason::NotTheCreator(id)));
        }
        if !lock_flags_are_sound(flags) {
            return Err(invalid(RefusalReason::LockFlags(flags)));
        }
        let before = allocation.placement();
        self.open_to_cpu(environment, id, flags)?;
        let left = before.is_some_and(|place| self.is_memory(place))
            && self.existing(id)?.placement().is_none();
        self.planner(environment).update(id, |after| {
            after.locks = after.locks.saturating_add(1);
            after.left_for_lock |= left && after.keeps_backing();
        });
        Ok(())
    }

    /// Ends a lock. What a permanent backing store was locked for goes back to its segment by an
    /// ordinary paging operation.
    ///
    /// Where there is no room for it now, its next use brings it back.
    ///
    /// # Errors
    /// When it does not exist or is not locked, or the machine stops.
    pub fn unlock(
        &mut self,
        environment: &mut Environment<'_>,
        id: AllocationId,
    ) -> Result<(), Failure> {
        let allocation = self.existing(id)?;
        if allocation.locks() == 0 {
            return Err(invalid(RefusalReason::NotLocked(id)));
        }
        let back = allocation.left_for_lock && allocation.locks() == 1;
        let mut planner = self.planner(environment);
        planner.update(id, |after| {
            after.locks -= 1;
            after.left_for_lock &= after.locks > 0;
        });
        if !back {
            return Ok(());
        }
        let before = (planner.book.position(), planner.environment.host.mark());
        let reason = Some(OperationReason::Unlocked(id));
        match planner.make_resident(&[Wanted { reason, ..Wanted::new(id, true) }]) {
            Ok(()) => {
                let plan = planner.operations;
                self.issue(environment, &plan)
            }
            Err(Failure::Refused(_)) => {
                self.book.roll_back(before.0);
                environment.host.roll_back(before.1);
                Ok(())
            }
            Err(stopped) => Err(stopped),
        }
    }

    /// Makes an allocation accessible to the CPU, and says where its bytes are.
    ///
    /// While it is locked it is where it is. Otherwise the GPU is waited for, and from where the
    /// CPU cannot reach it the allocation goes to system memory first.
    ///
    /// # Errors
    /// When it does not exist or is offered, when the CPU may not see it, when it is pinned where
    /// the CPU cannot see it, or when the flags forbid what would be needed.
    pub fn open_to_cpu(
        &mut self,
        environment: &mut Environment<'_>,
        id: AllocationId,
        flags: LockFlags,
    ) -> Result<CpuView, Failure> {
        let allocation = self.existing(id)?;
        if allocation.offer() != Offer::None {
            return Err(invalid(RefusalReason::Offered(id)));
        }
        self.check_visible(allocation)?;
        let locked = allocation.locks() > 0;
        // Under a lock rendering is the caller's own race. What VidMm moves is not: its address
        // stays good across paging.
        let fence = if locked { allocation.paging_fence() } else { allocation.fence() };
        let busy = fence > environment.driver.completed_fence();
        if busy && (locked || !flags.contains(LockFlags::IgnoreSync)) {
            if !locked && flags.contains(LockFlags::DonotWait) {
                let status = NtStatus::ALLOCATION_BUSY;
                return Err(Refusal::new(status, RefusalReason::Busy(id)).into());
            }
            self.pager(environment).wait(fence, WaitReason::Allocation(id))?;
        }
        let allocation = self.existing(id)?;
        if let Some(place) = allocation.placement().filter(|place| self.is_memory(*place)) {
            let segment = &self.adapter.segments[place.segment.index()];
            if self.is_reached_in(allocation, place) {
                return Ok(CpuView::Segment {
                    segment: place.segment,
                    offset: SegmentOffset(place.span.start()),
                    rows: allocation.rows_in(segment),
                });
            }
            self.leave_for_cpu(environment, id, flags)?;
        }
        self.order_agp(environment, id)?;
        let cached = self.existing(id)?.is_cached();
        let mdl = self.planner(environment).ensure_backing(id)?;
        Ok(CpuView::System { mdl, cached })
    }

    /// Notes that the CPU wrote an allocation where [`Self::open_to_cpu`] said.
    pub fn cpu_wrote(&mut self, environment: &mut Environment<'_>, id: AllocationId) {
        let Some(allocation) = self.book().allocation(id) else { return };
        let memory = allocation.placement().is_some_and(|place| self.is_memory(place));
        let cached = allocation.is_cached() && !memory;
        let mut planner = self.planner(environment);
        planner.written(id, memory);
        if cached {
            planner.update(id, |after| after.cache_dirty = true);
        }
    }

    /// Notes that the device wrote an allocation at somebody's behest.
    pub fn device_wrote(&mut self, environment: &mut Environment<'_>, id: AllocationId) {
        if self.book().allocation(id).and_then(Allocation::placement).is_some() {
            self.planner(environment).written(id, true);
        }
    }

    fn is_memory(&self, place: Placement) -> bool {
        self.adapter.segments[place.segment.index()].kind == SegmentKind::Memory
    }

    /// Whether the CPU reaches an allocation in its memory segment.
    fn is_reached_in(&self, allocation: &Allocation, place: Placement) -> bool {
        let segment = &self.adapter.segments[place.segment.index()];
        // A permanent backing store is what is locked, and WDDM 2.x wants cached bytes outside.
        let outside = allocation.keeps_backing() || self.is_wddm2() && allocation.is_cached();
        segment.is_cpu_visible() && !outside
    }

    fn is_wddm2(&self) -> bool {
        self.adapter.version >= InterfaceVersion::Wddm2_0
    }

    /// Whether the CPU may see an allocation at all.
    fn check_visible(&self, allocation: &Allocation) -> Result<(), Failure> {
        let flags = allocation.info().flags;
        let visible = flags.contains(AllocationFlags::CpuVisible);
        let protected =
            self.is_wddm2() && flags.as_wddm2().contains(AllocationFlagsWddm2::HardwareProtected);
        // WDDM 2.x also lets the CPU at what can be in an aperture, or is nowhere resident.
        let reachable =
            self.is_wddm2() && (self.has_aperture(allocation) || allocation.placement().is_none());
        let reason = if protected {
            RefusalReason::HardwareProtected(allocation.id())
        } else if visible || reachable {
            return Ok(());
        } else {
            RefusalReason::NotCpuVisible(allocation.id())
        };
        Err(Refusal::new(NtStatus::CANT_LOCK_MEMORY, reason).into())
    }

    fn has_aperture(&self, allocation: &Allocation) -> bool {
        let apertures = self.adapter.segments.iter().filter(|s| s.kind == SegmentKind::Aperture);
        let apertures: SegmentSet = apertures.map(|segment| segment.id).collect();
        allocation.supported(true).0 & apertures.0 != 0
    }

    /// Takes an allocation out of a memory segment in which the CPU cannot reach it.
    fn leave_for_cpu(
        &mut self,
        environment: &mut Environment<'_>,
        id: AllocationId,
        flags: LockFlags,
    ) -> Result<(), Failure> {
        let allocation = self.existing(id)?;
        if flags.contains(LockFlags::DonotEvict) {
            let reason = RefusalReason::WouldEvict(id);
            return Err(Refusal::new(NtStatus::CANT_LOCK_MEMORY, reason).into());
        }
        if allocation.is_pinned() {
            let status = NtStatus::CANT_EVICT_PINNED_ALLOCATION;
            return Err(Refusal::new(status, RefusalReason::Pinned(id)).into());
        }
        // WDDM 2.x falls back to system memory only for what lists an aperture.
        let falls_back = !self.is_wddm2()
            || self.has_aperture(allocation)
            || allocation.keeps_backing()
            || allocation.is_cached();
        if !falls_back {
            let reason = RefusalReason::NoCpuPlace(id);
            return Err(Refusal::new(NtStatus::CANT_LOCK_MEMORY, reason).into());
        }
        let mut planner = self.planner(environment);
        planner.evict(id, OperationReason::CpuAccess(id))?;
        let plan = planner.operations;
        self.issue(environment, &plan)?;
        let fence = self.existing(id)?.fence();
        self.pager(environment).wait(fence, WaitReason::Allocation(id))?;
        self.collect(environment);
        Ok(())
    }

    /// Orders what the GPU wrote through the AGP aperture before what the CPU reads.
    fn order_agp(
        &mut self,
        environment: &mut Environment<'_>,
        id: AllocationId,
    ) -> Result<(), Failure> {
        let allocation = self.existing(id)?;
        let Some(place) = allocation.placement().filter(|_| allocation.is_dirty()) else {
            return Ok(());
        };
        if !self.adapter.segments[place.segment.index()].is_agp() {
            return Ok(());
        }
        let mut planner = self.planner(environment);
        planner.push_read_physical(id, place);
        planner.update(id, |after| after.dirty = false);
        let plan = planner.operations;
        self.issue(environment, &plan)?;
        let fence = self.existing(id)?.fence();
        self.pager(environment).wait(fence, WaitReason::Allocation(id))?;
        Ok(())
    }
}

/// Where the parts of a range of content lie in a segment: one part, or one for each row.
#[must_use]
pub fn segment_parts(
    offset: SegmentOffset,
    rows: Option<RowLayout>,
    span: Span,
) -> Vec<(Span, SegmentOffset)> {
    match rows {
        None => vec![(span, SegmentOffset(offset.get().saturating_add(span.start())))],
        Some(rows) => rows
            .parts(span)
            .map(|(part, at)| (part, SegmentOffset(offset.get().saturating_add(at))))
            .collect(),
    }
}
