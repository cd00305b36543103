//! Power transitions: what VidMm does on the way down and on the way back.
//!
//! It decides by what the driver claims, segment by segment, and never by what the hardware does:
//! that it learns as little as the real one. Each transition is a row of steps, and everything
//! that moves is an ordinary paging operation.

use std::collections::BTreeSet;

use crate::base::{AllocationId, Bytes, FenceId, SegmentId, Span};
use crate::config::OfferPolicy;
use crate::ddi::{DevicePowerState, NtStatus, PowerAction, SetPowerState, SystemSleepState};
use crate::rules::{CheckedSegment, SegmentKind};

use super::VidMm;
use super::allocation::{Allocation, Offer, Placement};
use super::book::{BookChange, ExtentOwner};
use super::paging::{ContentChange, Environment, Planned};
use super::plan::Planner;
use super::power::{
    Account, Accounted, DealtWith, FailedPurge, Fate, FateReason, Phase, PhaseTime, Power,
    PowerBook, PowerOperation, SegmentVerdict, Sleep, Transition,
};
use super::reason::{Failure, OperationReason, Refusal, RefusalReason, Stop};
use super::trace::WaitReason;

impl VidMm {
    /// Carries a transition out, and notes in `account` what became of what.
    ///
    /// # Errors
    /// When the power state does not allow it, or the machine stops: a purge that runs out of
    /// system memory, a driver that refuses a power state.
    pub fn transition(
        &mut self,
        environment: &mut Environment<'_>,
        transition: Transition,
        account: &mut Account,
    ) -> Result<(), Failure> {
        let from = self.power();
        if !from.allows(transition) {
            let reason = RefusalReason::Transition { from, transition };
            return Err(Refusal::new(NtStatus::INVALID_DEVICE_STATE, reason).into());
        }
        let mut way = Way { vidmm: self, environment, transition, account };
        match transition {
            Transition::Sleep(sleep) => way.sleep(sleep),
            Transition::Device(DevicePowerState::D0) => way.device_up(),
            Transition::Device(state) => way.device_down(state),
            Transition::Resume { power_lost } => way.resume(power_lost),
            Transition::TimeoutRecovery => way.recover(),
        }
    }
}

/// A transition on its way.
struct Way<'v, 'e, 'h> {
    vidmm: &'v mut VidMm,
    environment: &'e mut Environment<'h>,
    transition: Transition,
    account: &'v mut Account,
}

impl Way<'_, '_, '_> {
    fn sleep(&mut self, sleep: Sleep) -> Result<(), Failure> {
        self.drain()?;
        let claims = self.claims(Some(sleep.purges_as()));
        let mut dealt_with = self.purge(&claims)?;
        dealt_with.extend(self.unmap()?);
        self.set_device(DevicePowerState::D3, sleep.action(), &dealt_with)?;
        if sleep.writes_file() {
            let used = self.memory_in_use();
            self.phase(Phase::HibernateFile, |way| {
                way.step(PowerOperation::WriteHibernateFile(used))
            })?;
        }
        self.set_power(Power::Asleep(sleep), dealt_with);
        self.phase(Phase::Other, |way| way.step(PowerOperation::EnterSleep(sleep.state())))
    }

    fn resume(&mut self, power_lost: bool) -> Result<(), Failure> {
        let Power::Asleep(sleep) = self.vidmm.power() else { return Ok(()) };
        if power_lost {
            self.phase(Phase::Other, |way| way.step(PowerOperation::PowerLost))?;
        }
        self.phase(Phase::Other, |way| way.step(PowerOperation::WakeUp))?;
        if power_lost || sleep.state() == SystemSleepState::Hibernate {
            let used = self.memory_in_use();
            self.phase(Phase::HibernateFile, |way| {
                way.step(PowerOperation::ReadHibernateFile(used))
            })?;
        }
        self.device_up()
    }

    fn device_down(&mut self, state: DevicePowerState) -> Result<(), Failure> {
        self.drain()?;
        let claims = self.claims(None);
        let mut dealt_with = self.purge(&claims)?;
        dealt_with.extend(self.unmap()?);
        self.set_device(state, PowerAction::None, &dealt_with)
    }

    /// Back to D0, and everything back that must be before work goes on.
    fn device_up(&mut self) -> Result<(), Failure> {
        let dealt_with = self.vidmm.book().power.dealt_with.clone();
        self.set_power(Power::Working, Vec::new());
        let state = DevicePowerState::D0;
        let arguments =
            SetPowerState { device_uid: SetPowerState::ADAPTER, state, action: PowerAction::None };
        self.phase(Phase::SetPowerState(state), |way| {
            way.step(PowerOperation::SetPowerState(arguments))
        })?;
        self.come_back(&dealt_with)
    }

    /// The reset after a timeout: nothing is saved, nothing is waited for.
    fn recover(&mut self) -> Result<(), Failure> {
        let passed = self.environment.driver.completed_fence();
        self.phase(Phase::Drain, |way| way.step(PowerOperation::SuspendScheduling))?;
        self.phase(Phase::SetPowerState(DevicePowerState::D3), |way| {
            way.step(PowerOperation::ResetFromTimeout)
        })?;
        self.vidmm.collect(self.environment);
        self.vidmm.lose_dma_mappings(self.environment);
        let mut dealt_with = Vec::new();
        for kind in [SegmentKind::Memory, SegmentKind::Aperture] {
            for segment in self.segments(kind) {
                dealt_with.extend(self.give_up(segment, passed)?);
            }
        }
        self.give_up_on_the_way(passed)?;
        self.phase(Phase::SetPowerState(DevicePowerState::D0), |way| {
            way.step(PowerOperation::RestartFromTimeout)
        })?;
        self.come_back(&dealt_with)
    }

    // --- the way down -------------------------------------------------------------------------

    fn drain(&mut self) -> Result<(), Failure> {
        self.phase(Phase::Drain, |way| {
            way.step(PowerOperation::SuspendScheduling)?;
            way.step(PowerOperation::DrainEngines)?;
            way.vidmm.drain(way.environment)?;
            match way.vidmm.trim(way.environment) {
                Bytes::ZERO => Ok(()),
                trimmed => way.step(PowerOperation::TrimDmaBuffers(trimmed)),
            }
        })
    }

    /// For each memory segment what is claimed to be kept of it; nothing where the adapter alone
    /// goes down.
    fn claims(&self, sleep: Option<SystemSleepState>) -> Vec<(SegmentId, Vec<Span>)> {
        let segments = self.segments(SegmentKind::Memory).into_iter();
        segments
            .map(|id| {
                let claimed = sleep.map_or(&[][..], |sleep| self.checked(id).claimed(sleep));
                (id, claimed.to_vec())
            })
            .collect()
    }

    /// Takes out of the memory segments what is not claimed to be kept.
    fn purge(&mut self, claims: &[(SegmentId, Vec<Span>)]) -> Result<Vec<DealtWith>, Failure> {
        let mut dealt_with = Vec::new();
        for (segment, claimed) in claims {
            let verdict = verdict(self.checked(*segment), claimed);
            self.account.segments.push((*segment, verdict));
            self.phase(Phase::Evict(*segment), |way| {
                way.step(PowerOperation::DecideSegment(*segment, verdict))?;
                way.purge_segment(*segment, claimed, &mut dealt_with)
            })?;
        }
        Ok(dealt_with)
    }

    fn purge_segment(
        &mut self,
        segment: SegmentId,
        claimed: &[Span],
        dealt_with: &mut Vec<DealtWith>,
    ) -> Result<(), Failure> {
        let mut leaving = Vec::new();
        for (id, place) in self.residents(segment) {
            let allocation = self.vidmm.existing(id)?;
            let (fate, reason) = self.fate(allocation, place, claimed);
            let comes_back = allocation.is_pinned() && fate != Fate::Kept;
            dealt_with.push(DealtWith { id, place, comes_back });
            self.note(id, Some(place), fate, reason);
            if fate != Fate::Kept {
                leaving.push((id, reason));
            }
        }
        self.evict_all(&leaving)
    }

    /// What VidMm makes of an allocation in a memory segment, and why.
    fn fate(
        &self,
        allocation: &Allocation,
        place: Placement,
        claimed: &[Span],
    ) -> (Fate, FateReason) {
        let segment = self.checked(place.segment);
        let size = segment.size.get();
        let protected = segment.video_protected_range.filter(|range| range.overlaps(place.span));
        if claimed.iter().any(|span| span.covers(place.span)) {
            let reason = match (protected, claimed) {
                (Some(_), _) => FateReason::ProtectedKept,
                (None, [whole]) if *whole == Span::whole(size) => FateReason::SegmentKept,
                (None, _) if segment.video_protected_range.is_some() => FateReason::SegmentKept,
                (None, _) => FateReason::BelowEnd,
            };
            return (Fate::Kept, reason);
        }
        let offered = allocation.offer() != Offer::None;
        if offered && self.vidmm.policies.offers == OfferPolicy::Discard {
            return (Fate::Discarded, FateReason::Offered);
        }
        if allocation.keeps_backing() && !allocation.is_dirty() {
            return (Fate::Discarded, FateReason::CleanCopy);
        }
        let reason = if allocation.is_pinned() {
            FateReason::Pinned
        } else if allocation.locks() > 0 {
            FateReason::Locked
        } else if matches!(self.transition, Transition::Device(_)) {
            FateReason::DeviceDown
        } else if protected.is_some() {
            FateReason::ProtectedPurged
        } else if claimed.iter().any(|span| span.overlaps(place.span)) {
            FateReason::Straddles
        } else if claimed.is_empty() {
            FateReason::SegmentPurged
        } else {
            FateReason::BeyondEnd
        };
        (Fate::MovedOut, reason)
    }

    /// Evicts, in order. Where system memory runs out, what was planned is carried out, so that
    /// the lists of its pages are free again; what does not fit then has failed.
    fn evict_all(&mut self, leaving: &[(AllocationId, FateReason)]) -> Result<(), Failure> {
        let mut rest = leaving;
        while let [(first, _), ..] = *rest {
            let first_alone = rest;
            let mut planner = self.vidmm.planner(self.environment);
            let mut short = None;
            while let [(id, reason), after @ ..] = rest {
                if let Err(refusal) = evict_whole(&mut planner, *id, *reason)? {
                    short = Some(refusal);
                    break;
                }
                rest = after;
            }
            let plan = planner.operations;
            self.issue_and_wait(&plan)?;
            if let Some(refusal) = short.filter(|_| rest.len() == first_alone.len()) {
                return Err(self.purge_failed(first, &refusal, rest));
            }
        }
        Ok(())
    }

    fn purge_failed(
        &mut self,
        allocation: AllocationId,
        refusal: &Refusal,
        unsaved: &[(AllocationId, FateReason)],
    ) -> Failure {
        if let RefusalReason::OutOfFrames { needed, free, .. } = refusal.reason {
            self.account.failed = Some(FailedPurge { allocation, needed, free });
        }
        let unsaved: BTreeSet<AllocationId> = unsaved.iter().map(|(id, _)| *id).collect();
        for accounted in &mut self.account.allocations {
            if unsaved.contains(&accounted.allocation) {
                (accounted.fate, accounted.reason) = (Fate::Kept, FateReason::NotSaved);
            }
        }
        Stop::purge_failed().into()
    }

    /// Unmaps every aperture; no byte moves. What was mapped is mapped again on the way back.
    fn unmap(&mut self) -> Result<Vec<DealtWith>, Failure> {
        let mut dealt_with = Vec::new();
        for segment in self.segments(SegmentKind::Aperture) {
            let verdict = SegmentVerdict::Unmapped;
            self.account.segments.push((segment, verdict));
            let residents = self.residents(segment);
            self.phase(Phase::Unmap(segment), |way| {
                way.step(PowerOperation::DecideSegment(segment, verdict))?;
                let reason = FateReason::SystemPages;
                for (allocation, place) in &residents {
                    let (allocation, place) = (*allocation, *place);
                    dealt_with.push(DealtWith { id: allocation, place, comes_back: true });
                    way.note(allocation, Some(place), Fate::Unmapped, reason);
                }
                let leaving: Vec<_> = residents.iter().map(|(id, _)| (*id, reason)).collect();
                way.evict_all(&leaving)?;
                way.unmap_buffers(segment)
            })?;
        }
        Ok(dealt_with)
    }

    /// Unmaps the paging buffers of an aperture, through the one buffer that lies outside.
    fn unmap_buffers(&mut self, segment: SegmentId) -> Result<(), Failure> {
        let buffers = self.vidmm.mapped_buffers();
        let mut planner = self.vidmm.planner(self.environment);
        for (index, place, _) in buffers.iter().filter(|(_, place, _)| place.segment == segment) {
            planner.push_unmap(None, *place, OperationReason::PagingBufferUnmapping(*index));
        }
        let plan = planner.operations;
        if plan.is_empty() {
            return Ok(());
        }
        self.vidmm.bootstrap(self.environment, &plan)
    }

    fn set_device(
        &mut self,
        state: DevicePowerState,
        action: PowerAction,
        dealt_with: &[DealtWith],
    ) -> Result<(), Failure> {
        let before = self.vidmm.book.position();
        self.set_power(Power::Device(state), dealt_with.to_vec());
        let arguments = SetPowerState { device_uid: SetPowerState::ADAPTER, state, action };
        let set = self.phase(Phase::SetPowerState(state), |way| {
            way.step(PowerOperation::SetPowerState(arguments))
        });
        if set.is_err() {
            // The adapter is where it was.
            self.vidmm.book.roll_back(before);
        }
        set
    }

    // --- the way back -------------------------------------------------------------------------

    /// Makes again what driver and manager need, then mappings, then what is pinned.
    fn come_back(&mut self, dealt_with: &[DealtWith]) -> Result<(), Failure> {
        self.phase(Phase::Rebuild, |way| way.vidmm.reset_apertures(way.environment))?;
        for kind in [SegmentKind::Aperture, SegmentKind::Memory] {
            for segment in self.segments(kind) {
                let here = |dealt: &&DealtWith| dealt.place.segment == segment && dealt.comes_back;
                let back: Vec<DealtWith> = dealt_with.iter().filter(here).copied().collect();
                if back.is_empty() {
                    continue;
                }
                let phase = match kind {
                    SegmentKind::Aperture => Phase::Remap(segment),
                    SegmentKind::Memory => Phase::Restore(segment),
                };
                self.phase(phase, |way| way.put_back(&back))?;
            }
        }
        if !matches!(self.transition, Transition::TimeoutRecovery) {
            self.account_back(dealt_with);
            self.phase(Phase::Rebuild, Self::refill)?;
        }
        self.phase(Phase::Other, |way| way.step(PowerOperation::ResumeScheduling))
    }

    /// Gives the DMA buffers their memory again; it was promised to them all the while.
    fn refill(&mut self) -> Result<(), Failure> {
        let filled = self.vidmm.refill(self.environment).map_err(|failure| match failure {
            Failure::Refused(_) => Stop::map_failed().into(),
            other => other,
        })?;
        match filled {
            Bytes::ZERO => Ok(()),
            filled => self.step(PowerOperation::RefillDmaBuffers(filled)),
        }
    }

    /// Puts allocations back where they were; there is room, for nothing has run since.
    fn put_back(&mut self, back: &[DealtWith]) -> Result<(), Failure> {
        let mut planner = self.vidmm.planner(self.environment);
        for dealt in back {
            let put = planner.put_back(dealt.id, dealt.place);
            put.map_err(|failure| match failure {
                Failure::Refused(_) => Stop::map_failed().into(),
                other => other,
            })?;
        }
        let plan = planner.operations;
        self.issue_and_wait(&plan)
    }

    /// Notes where everything is that the way down had dealt with.
    fn account_back(&mut self, dealt_with: &[DealtWith]) {
        for DealtWith { id, place, comes_back } in dealt_with.iter().copied() {
            let Some(allocation) = self.vidmm.book().allocation(id) else { continue };
            let memory = self.checked(place.segment).kind == SegmentKind::Memory;
            let (fate, reason) = match (allocation.placement(), comes_back, memory) {
                (None, ..) => (Fate::Waiting, FateReason::NotResident),
                (Some(_), true, true) => (Fate::Restored, FateReason::Pinned),
                (Some(_), true, false) => (Fate::Remapped, FateReason::SystemPages),
                (Some(_), false, _) => (Fate::Kept, FateReason::SegmentKept),
            };
            self.note(id, Some(place), fate, reason);
        }
    }

    // --- after a reset ------------------------------------------------------------------------

    /// Takes everything out of a segment whose bytes, or whose table, a reset has lost.
    fn give_up(&mut self, segment: SegmentId, passed: FenceId) -> Result<Vec<DealtWith>, Failure> {
        let memory = self.checked(segment).kind == SegmentKind::Memory;
        let (verdict, phase) = if memory {
            (SegmentVerdict::Purged, Phase::Evict(segment))
        } else {
            (SegmentVerdict::Unmapped, Phase::Unmap(segment))
        };
        self.account.segments.push((segment, verdict));
        let mut dealt_with = Vec::new();
        let residents = self.residents(segment);
        self.phase(phase, |way| {
            way.step(PowerOperation::DecideSegment(segment, verdict))?;
            for (id, place) in residents {
                let allocation = way.vidmm.existing(id)?;
                let comes_back = allocation.is_pinned();
                let on_the_way = allocation.fence() > passed;
                dealt_with.push(DealtWith { id, place, comes_back });
                let (fate, reason, content) = if !memory {
                    let content =
                        if on_the_way { in_pages(allocation) } else { ContentChange::Kept };
                    (Fate::Unmapped, FateReason::SystemPages, content)
                } else if allocation.keeps_backing() && !allocation.uncopied {
                    let dirty = allocation.is_dirty() || on_the_way;
                    let fate = if dirty { Fate::Lost } else { Fate::Discarded };
                    (fate, FateReason::ResetToCopy, in_pages(allocation))
                } else {
                    (Fate::Lost, FateReason::Reset, ContentChange::Lost)
                };
                way.note(id, Some(place), fate, reason);
                let asked =
                    if memory { PowerOperation::ContentLost } else { PowerOperation::MappingLost };
                way.lose(id, Some(place), asked, content)?;
            }
            Ok(())
        })?;
        Ok(dealt_with)
    }

    /// What was being moved out when the reset came has arrived nowhere.
    fn give_up_on_the_way(&mut self, passed: FenceId) -> Result<(), Failure> {
        let known: BTreeSet<AllocationId> =
            self.account.allocations.iter().map(|known| known.allocation).collect();
        let on_the_way = |allocation: &&Allocation| {
            allocation.paging_fence() > passed
                && allocation.placement().is_none()
                && allocation.has_content()
                && !known.contains(&allocation.id())
        };
        let content = |allocation: &Allocation| {
            let keeps = allocation.keeps_backing();
            if keeps { in_pages(allocation) } else { ContentChange::Lost }
        };
        let allocations = self.vidmm.book().allocations().filter(on_the_way);
        let gone: Vec<(AllocationId, ContentChange)> =
            allocations.map(|allocation| (allocation.id(), content(allocation))).collect();
        for (id, content) in gone {
            self.note(id, None, Fate::Lost, FateReason::OnTheWay);
            self.lose(id, None, PowerOperation::ContentLost, content)?;
        }
        Ok(())
    }

    /// An allocation leaves its place, and what it held there is gone.
    fn lose(
        &mut self,
        id: AllocationId,
        place: Option<Placement>,
        asked: PowerOperation,
        content: ContentChange,
    ) -> Result<(), Failure> {
        let transition = self.transition;
        let mut planner = self.vidmm.planner(self.environment);
        planner.lose(id, place, content == ContentChange::Lost);
        let size = planner.allocation(id).size();
        let reason = OperationReason::Power(transition);
        planner.push_power(asked, Some(id), size, reason);
        if let Some(last) = planner.operations.last_mut() {
            last.content = content;
        }
        let plan = planner.operations;
        self.vidmm.issue(self.environment, &plan)
    }

    // --- shared -------------------------------------------------------------------------------

    /// Segments of a kind, in order.
    fn segments(&self, kind: SegmentKind) -> Vec<SegmentId> {
        let segments = self.vidmm.adapter.segments.iter();
        segments.filter(|segment| segment.kind == kind).map(|segment| segment.id).collect()
    }

    fn note(
        &mut self,
        allocation: AllocationId,
        place: Option<Placement>,
        fate: Fate,
        reason: FateReason,
    ) {
        self.account.allocations.push(Accounted { allocation, place, fate, reason });
    }

    fn checked(&self, segment: SegmentId) -> &CheckedSegment {
        &self.vidmm.adapter.segments[segment.index()]
    }

    /// Allocations resident in a segment, in the order of their addresses.
    fn residents(&self, segment: SegmentId) -> Vec<(AllocationId, Placement)> {
        let used = &self.vidmm.book().segments[segment.index()];
        let whole = Span::whole(self.checked(segment).size.get());
        let extents = used.extents(whole);
        extents
            .filter_map(|(span, owner)| match owner {
                ExtentOwner::Allocation(id) => Some((id, Placement { segment, span })),
                _ => None,
            })
            .collect()
    }

    fn memory_in_use(&self) -> Bytes {
        let host = &*self.environment.host;
        Bytes(host.total_frames().bytes().get().saturating_sub(host.free_frames().bytes().get()))
    }

    fn set_power(&mut self, state: Power, dealt_with: Vec<DealtWith>) {
        let before = Box::new(self.vidmm.book().power.clone());
        let after = Box::new(PowerBook { state, dealt_with });
        self.vidmm.book.apply(BookChange::Power { before, after });
    }

    fn step(&mut self, operation: PowerOperation) -> Result<(), Failure> {
        let bytes = match operation {
            PowerOperation::WriteHibernateFile(bytes)
            | PowerOperation::ReadHibernateFile(bytes)
            | PowerOperation::TrimDmaBuffers(bytes)
            | PowerOperation::RefillDmaBuffers(bytes) => bytes,
            _ => Bytes::ZERO,
        };
        let reason = OperationReason::Power(self.transition);
        let mut planner = self.vidmm.planner(self.environment);
        planner.push_power(operation, None, bytes, reason);
        let plan = planner.operations;
        self.vidmm.issue(self.environment, &plan)
    }

    fn issue_and_wait(&mut self, plan: &[Planned]) -> Result<(), Failure> {
        self.vidmm.issue(self.environment, plan)?;
        let last = self.vidmm.queue().last_fence();
        self.vidmm.pager(self.environment).wait(last, WaitReason::Command)?;
        self.vidmm.collect(self.environment);
        Ok(())
    }

    /// Does a part of the transition, and notes how long it took, also when it fails.
    fn phase(
        &mut self,
        phase: Phase,
        part: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let start = self.vidmm.queue().clock();
        let result = part(self);
        let end = self.vidmm.queue().clock();
        self.account.phases.push(PhaseTime { phase, start, end });
        result
    }
}

/// What an allocation holds is what its pages hold, if it has any.
fn in_pages(allocation: &Allocation) -> ContentChange {
    allocation.backing().cloned().map_or(ContentChange::Lost, ContentChange::AsInPages)
}

/// What VidMm does with a memory segment of which so much is claimed to be kept.
fn verdict(segment: &CheckedSegment, claimed: &[Span]) -> SegmentVerdict {
    match claimed {
        [] => SegmentVerdict::Purged,
        [whole] if *whole == Span::whole(segment.size.get()) => SegmentVerdict::Kept,
        _ => SegmentVerdict::Split,
    }
}

/// Plans an eviction wholly or, where system memory is short, not at all.
fn evict_whole(
    planner: &mut Planner<'_, '_>,
    id: AllocationId,
    reason: FateReason,
) -> Result<Result<(), Refusal>, Failure> {
    let book = planner.book.position();
    let host = planner.environment.host.mark();
    let operations = planner.operations.len();
    match planner.evict(id, OperationReason::Purged(id, reason)) {
        Ok(()) => Ok(Ok(())),
        Err(Failure::Refused(refusal)) => {
            planner.book.roll_back(book);
            planner.environment.host.roll_back(host);
            planner.operations.truncate(operations);
            planner.arrays.clear();
            Ok(Err(refusal))
        }
        Err(stopped) => Err(stopped),
    }
}
