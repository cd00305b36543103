//! The memory manager: it decides.
//!
//! VidMm keeps a book of segments and allocations and a queue of buffers and fences, both in
//! journals. Its calls receive an [`Environment`] lent by the machine: system memory, the driver,
//! and whoever watches. It knows nothing of packets, of the GPU behind the driver, or of sessions.

mod allocation;
mod book;
mod book_net;
mod choose;
mod cost;
mod counters;
mod cpu;
mod create;
mod display;
mod dma;
mod invariants;
mod offer;
mod operations;
mod pages;
mod paging;
mod plan;
mod power;
mod queue;
mod raw;
mod reason;
mod schedule;
mod share;
mod start;
mod submit;
mod touched;
mod trace;
mod transition;

use crate::base::{
    AllocationId, Bytes, FenceId, Keeping, PhysicalAddress, Position, ProcessId, StateHash,
};
use crate::config::Policies;
use crate::ddi::{NtStatus, PacketOutcome, Priority};
use crate::rules::{CheckedAdapter, SegmentKind};

pub use allocation::{Allocation, Offer, Placement};
pub use book::{Book, Context, Device, ExtentOwner, Reserved, SegmentUse};
pub use cost::{packet as packet_time, power_step as power_step_time};
pub use counters::Counters;
pub use cpu::{CpuView, segment_parts};
pub use create::NewAllocation;
pub use invariants::Violation;
pub use paging::{Environment, SYSTEM_CONTEXT};
pub use power::{
    Account, Accounted, FailedPurge, Fate, FateReason, Phase, PhaseTime, Power, PowerOperation,
    SegmentVerdict, Sleep, Transition,
};
pub use queue::{
    Buffer, BufferKind, BufferShape, BufferUse, InFlight, MappedAt, PatchLists, Queue,
};
pub use reason::{
    Attempt, Decision, Failure, OperationReason, Outcome, Pass, Refusal, RefusalReason, Rejection,
    Stop, Victim,
};
pub use submit::CommandBuffer;
pub use touched::Touched;
pub use trace::{
    Asked, BufferRecord, CallRecord, Marks, Observer, OperationRecord, PatchOperation,
    PlatformOperation, PreemptOperation, RenderOperation, SubmissionRecord, SubmitOperation,
    TraceEvent, Unobserved, WaitReason,
};

use book::{BookChange, BookJournal};
use paging::{Pager, Planned, Scratch};
use plan::{Planner, Wanted};
use queue::{QueueChange, QueueJournal};
use schedule::Went;

/// Where VidMm stands in its histories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct VidMmMark {
    /// The book.
    pub book: Position,
    /// The queue.
    pub queue: Position,
}

/// An allocation became resident, moved, left, appeared or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResidencyChange {
    /// The position of the book right after it.
    pub position: Position,
    /// The allocation.
    pub allocation: AllocationId,
    /// Where it was resident.
    pub before: Option<Placement>,
    /// Where it is resident.
    pub after: Option<Placement>,
    /// It was created.
    pub created: bool,
    /// It was destroyed.
    pub destroyed: bool,
}

/// What of changes of the book, the first of which follows a position, is of residency.
fn residency(from: Position, changes: &[BookChange]) -> impl Iterator<Item = ResidencyChange> + '_ {
    (from.0..).zip(changes).filter_map(|(position, change)| {
        let BookChange::Allocation { id, before, after } = change else { return None };
        let placement = |state: &Option<Box<Allocation>>| {
            state.as_ref().and_then(|allocation| allocation.placement())
        };
        let (was, is) = (placement(before), placement(after));
        let (created, destroyed) = (before.is_none(), after.is_none());
        (was != is || created || destroyed).then_some(ResidencyChange {
            position: Position(position + 1),
            allocation: *id,
            before: was,
            after: is,
            created,
            destroyed,
        })
    })
}

/// The memory manager of one adapter.
#[derive(Debug)]
pub struct VidMm {
    adapter: CheckedAdapter,
    policies: Policies,
    dummy: PhysicalAddress,
    commit_limit: Bytes,
    maps_at_once: bool,
    book: BookJournal,
    queue: QueueJournal,
    /// What became of residency in what is sealed, in order: the net of a stretch does not tell.
    sealed_residency: Vec<ResidencyChange>,
    scratch: Scratch,
}

impl VidMm {
    /// The adapter that it manages.
    #[must_use]
    pub const fn adapter(&self) -> &CheckedAdapter {
        &self.adapter
    }

    /// The policies in force.
    #[must_use]
    pub const fn policies(&self) -> Policies {
        self.policies
    }

    /// The book now.
    #[must_use]
    pub const fn book(&self) -> &Book {
        self.book.state()
    }

    /// The power state now.
    #[must_use]
    pub const fn power(&self) -> Power {
        self.book.state().power()
    }

    /// The queue now.
    #[must_use]
    pub const fn queue(&self) -> &Queue {
        self.queue.state()
    }

    /// The page that stands in for unmapped ones.
    #[must_use]
    pub const fn dummy_page(&self) -> PhysicalAddress {
        self.dummy
    }

    /// Bytes of system memory that may be promised to allocations.
    #[must_use]
    pub const fn commit_limit(&self) -> Bytes {
        self.commit_limit
    }

    /// Where it stands.
    #[must_use]
    pub const fn mark(&self) -> VidMmMark {
        VidMmMark { book: self.book.position(), queue: self.queue.position() }
    }

    /// Goes to a mark, back or forward.
    pub fn move_to(&mut self, mark: VidMmMark) {
        self.book.move_to(mark.book);
        self.queue.move_to(mark.queue);
    }

    /// Takes back what was done since a mark, as if it had never been.
    pub fn roll_back(&mut self, mark: VidMmMark) {
        self.book.roll_back(mark.book);
        self.queue.roll_back(mark.queue);
    }

    /// What becomes of the history behind. Whether it could be done.
    pub fn keep(&mut self, keeping: Keeping) -> bool {
        match keeping {
            Keeping::Seal => {
                let (from, changes) = self.book.between(Position(0), self.book.end());
                self.sealed_residency.extend(residency(from, changes));
            }
            Keeping::ForgetBehind => self.sealed_residency = Vec::new(),
            Keeping::Fold(_) | Keeping::Adopt(_) | Keeping::Leap { .. } => {}
        }
        let book = self.book.keep(keeping);
        self.queue.keep(keeping) && book
    }

    /// Hash of book and queue.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        self.book().hash().with(self.queue().hash())
    }

    /// Where allocations became resident, moved or left between two positions of the book, in
    /// order. `from` may lie after `to`: then the same changes are told, as they were made.
    pub fn residency_changes(
        &self,
        from: Position,
        to: Position,
    ) -> impl Iterator<Item = ResidencyChange> + '_ {
        let (from, to) = (from.min(to), from.max(to));
        let sealed = &self.sealed_residency;
        let first = sealed.partition_point(|change| change.position <= from);
        let last = sealed.partition_point(|change| change.position <= to);
        let (open_from, changes) = self.book.between(from, to);
        sealed[first..last].iter().copied().chain(residency(open_from, changes))
    }

    /// References so far: the scale of [`Allocation::last_reference`].
    #[must_use]
    pub fn references(&self) -> u64 {
        self.book().sequence
    }

    /// Notes that a command has reached VidMm.
    pub fn command_begins(&mut self) {
        self.queue.apply(QueueChange::Clock(cost::COMMAND));
    }

    /// The device makes no progress until it is taken for hung.
    pub fn timeout_passes(&mut self) {
        self.queue.apply(QueueChange::Clock(cost::TIMEOUT));
    }

    /// A process appears.
    ///
    /// # Errors
    /// When it exists already.
    pub fn create_process(&mut self, id: ProcessId) -> Result<(), Failure> {
        if self.book().has_process(id) {
            return Err(invalid(RefusalReason::AlreadyExists));
        }
        self.book.apply(BookChange::Process(id));
        Ok(())
    }

    /// Destroys an allocation. In a memory segment that takes no paging operation.
    ///
    /// # Errors
    /// When it does not exist or is displayed, or the machine stops.
    pub fn destroy_allocation(
        &mut self,
        environment: &mut Environment<'_>,
        id: AllocationId,
    ) -> Result<(), Failure> {
        let allocation = self.existing(id)?;
        if allocation.is_displayed() {
            return Err(invalid(RefusalReason::Displayed(id)));
        }
        let (fence, handle) = (allocation.fence(), allocation.handle());
        let (size, place) = (allocation.size(), allocation.placement());
        let (commit, existing) = (allocation.commit(), allocation.existing());
        let backing = allocation.backing().cloned().filter(|_| existing.is_none());
        self.pager(environment).wait(fence, WaitReason::Allocation(id))?;
        let mut planner = self.planner(environment);
        if let Some(place) = place {
            let aperture = planner.adapter.segments[place.segment.index()].kind;
            planner.leave(id, place, |_| {});
            if aperture == SegmentKind::Aperture {
                planner.count(|counters| counters.bytes_unmapped_from_aperture += size.get());
                planner.push_unmap(Some(id), place, OperationReason::Destroyed(id));
            }
        }
        let plan = planner.operations;
        let fences = self.pager(environment).carry_out(&plan)?;
        if let Some(mdl) = backing {
            let fence = fences.last().copied().unwrap_or_default();
            self.queue.apply(QueueChange::ReleaseAdded(fence, mdl));
        }
        self.settle(environment, &plan, &fences);
        environment.driver.destroy_allocation(handle);
        let before = self.book().allocation(id).cloned().map(Box::new);
        self.book.apply(BookChange::Allocation { id, before, after: None });
        let before = self.book().commit();
        let after = Bytes(before.get() - commit.get());
        self.book.apply(BookChange::SystemCommit { before, after });
        if let Some(pages) = existing {
            self.wrap_pages(pages, None);
        }
        self.collect(environment);
        Ok(())
    }

    /// Makes allocations resident together, without accessing them.
    ///
    /// # Errors
    /// When one does not exist or cannot be made resident, or the machine stops.
    pub fn make_resident(
        &mut self,
        environment: &mut Environment<'_>,
        allocations: &[AllocationId],
    ) -> Result<(), Failure> {
        let mut wanted: Vec<Wanted> = Vec::with_capacity(allocations.len());
        for id in allocations {
            self.usable(*id)?;
            if !wanted.iter().any(|known| known.id == *id) {
                wanted.push(Wanted::new(*id, true));
            }
        }
        let mut planner = self.planner(environment);
        planner.make_resident(&wanted)?;
        let plan = planner.operations;
        self.issue(environment, &plan)
    }

    /// Takes one allocation out of its segment.
    ///
    /// # Errors
    /// When it does not exist or is pinned, when its content has no place to go, or the machine
    /// stops.
    pub fn evict(
        &mut self,
        environment: &mut Environment<'_>,
        id: AllocationId,
    ) -> Result<(), Failure> {
        if self.existing(id)?.is_pinned() {
            let status = NtStatus::CANT_EVICT_PINNED_ALLOCATION;
            return Err(Refusal::new(status, RefusalReason::Pinned(id)).into());
        }
        let mut planner = self.planner(environment);
        planner.evict(id, OperationReason::EvictedByCommand(id))?;
        let plan = planner.operations;
        self.issue(environment, &plan)
    }

    /// Takes everything that may leave out of its segment, segment by segment in rank order.
    ///
    /// # Errors
    /// When content has no place to go, or the machine stops.
    pub fn evict_all(&mut self, environment: &mut Environment<'_>) -> Result<(), Failure> {
        let segments = self.book().segments.iter();
        let leaving: Vec<AllocationId> = segments.flat_map(SegmentUse::residents_by_rank).collect();
        let mut planner = self.planner(environment);
        for id in leaving {
            planner.evict(id, OperationReason::EvictedByCommand(id))?;
        }
        let plan = planner.operations;
        self.issue(environment, &plan)
    }

    /// Changes the priority of an allocation.
    ///
    /// # Errors
    /// When it does not exist, or the priority is 0.
    pub fn set_priority(
        &mut self,
        environment: &mut Environment<'_>,
        id: AllocationId,
        priority: Priority,
    ) -> Result<(), Failure> {
        self.existing(id)?;
        if priority.0 == 0 {
            return Err(invalid(RefusalReason::ZeroPriority));
        }
        self.planner(environment).update(id, |after| after.priority = priority);
        Ok(())
    }

    /// Lets the device run until nothing is queued.
    ///
    /// # Errors
    /// When unmapping the DMA buffers that it is through with stops the machine.
    pub fn drain(&mut self, environment: &mut Environment<'_>) -> Result<(), Failure> {
        // Unmapping a buffer queues work of its own, but none that uses a DMA buffer.
        for _ in 0..2 {
            let last = self.queue().last_fence();
            self.pager(environment).wait(last, WaitReason::Command)?;
            self.collect(environment);
            self.retire(environment)?;
        }
        Ok(())
    }

    /// Lets the device run until it has passed a fence.
    ///
    /// # Errors
    /// When the fence was never handed out.
    pub fn wait_for(
        &mut self,
        environment: &mut Environment<'_>,
        fence: FenceId,
    ) -> Result<(), Failure> {
        if fence > self.queue().last_fence() {
            return Err(invalid(RefusalReason::NoSuchFence(fence)));
        }
        self.pager(environment).wait(fence, WaitReason::Command)?;
        self.collect(environment);
        self.retire(environment)
    }

    /// Lets the device execute one packet; `None` when nothing is queued, or all of it waits.
    ///
    /// # Errors
    /// When unmapping a DMA buffer that it is through with stops the machine.
    pub fn execute_packet(
        &mut self,
        environment: &mut Environment<'_>,
    ) -> Result<Option<PacketOutcome>, Failure> {
        let went = self.pager(environment).go_on(&mut FenceId::default())?;
        self.collect(environment);
        self.retire(environment)?;
        Ok(match went {
            Went::On(outcome) => Some(outcome),
            Went::Idle | Went::Hung => None,
        })
    }

    // --- shared by the calls above ------------------------------------------------------------

    fn existing(&self, id: AllocationId) -> Result<&Allocation, Failure> {
        self.book().allocation(id).ok_or_else(|| {
            let reason = RefusalReason::NotCreated(id);
            Refusal::new(NtStatus::INVALID_ALLOCATION_HANDLE, reason).into()
        })
    }

    /// An allocation that exists and is not offered.
    fn usable(&self, id: AllocationId) -> Result<(), Failure> {
        match self.existing(id)?.offer() {
            Offer::None => Ok(()),
            _ => Err(invalid(RefusalReason::Offered(id))),
        }
    }

    fn planner<'a, 'e>(&'a mut self, environment: &'a mut Environment<'e>) -> Planner<'a, 'e> {
        Planner {
            adapter: &self.adapter,
            policies: self.policies,
            dummy: self.dummy,
            book: &mut self.book,
            environment,
            operations: Vec::new(),
            spares_soft_pinned: false,
            arrays: Vec::new(),
        }
    }

    fn pager<'a, 'e>(&'a mut self, environment: &'a mut Environment<'e>) -> Pager<'a, 'e> {
        let costs = self.adapter.costs;
        let (book, queue) = (&mut self.book, &mut self.queue);
        let (at_once, scratch) = (self.maps_at_once, &mut self.scratch);
        Pager::new(book, queue, environment, BufferKind::Paging, at_once, costs, scratch)
    }

    /// Carries a plan out and books what follows from it.
    fn issue(
        &mut self,
        environment: &mut Environment<'_>,
        plan: &[Planned],
    ) -> Result<(), Failure> {
        let fences = self.pager(environment).carry_out(plan)?;
        self.settle(environment, plan, &fences);
        Ok(())
    }

    /// Books the fences of a plan that was carried out, and what is to be given back.
    fn settle(&mut self, environment: &mut Environment<'_>, plan: &[Planned], fences: &[FenceId]) {
        for (planned, fence) in plan.iter().zip(fences) {
            if let Some(id) = planned.subject {
                self.fence(id, *fence, true);
            }
            for mdl in &planned.releases {
                self.queue.apply(QueueChange::ReleaseAdded(*fence, mdl.clone()));
            }
        }
        self.collect(environment);
    }

    /// Notes that a submission names an allocation, and whether it pages it.
    fn fence(&mut self, id: AllocationId, fence: FenceId, paging: bool) {
        let Some(allocation) = self.book().allocation(id) else { return };
        let before = (allocation.fence(), allocation.paging_fence());
        let paged = if paging { before.1.max(fence) } else { before.1 };
        let after = (before.0.max(fence), paged);
        if before != after {
            self.book.apply(BookChange::Fenced { id, before, after });
        }
    }

    /// Gives back pages whose fence the device has passed.
    fn collect(&mut self, environment: &mut Environment<'_>) {
        let completed = environment.driver.completed_fence();
        while let Some((fence, mdl)) = self.queue.state().releases.front().cloned()
            && fence <= completed
        {
            environment.host.release(&mdl);
            self.queue.apply(QueueChange::ReleaseTaken(fence, mdl));
        }
    }
}

fn invalid(reason: RefusalReason) -> Failure {
    Refusal::new(NtStatus::INVALID_PARAMETER, reason).into()
}
