//! Carrying a plan out: calls of the driver, buffers, submissions and waiting.
//!
//! The envelope of `DxgkDdiBuildPagingBuffer` is kept here: what the driver may answer, when a new
//! buffer begins, what stays the same between two passes.

use crate::base::{AllocationId, FenceId, Piece, Position};
use crate::config::Costs;
use crate::ddi::{
    BuildPagingBuffer, ContextHandle, DmaBufferAddress, Miniport, NtStatus, PagingOperation,
    RowLayout, SystemSleepState,
};
use crate::memory::{Content, HostMemory, Mdl};

use super::book::BookJournal;
use super::cost;
use super::power::PowerOperation;
use super::queue::{BufferKind, BufferUse, InFlight, QueueChange, QueueJournal};
use super::reason::{Failure, OperationReason, Stop};
use super::trace::{
    Asked, BufferRecord, CallRecord, Marks, Observer, OperationRecord, PlatformOperation,
    TraceEvent, WaitReason,
};

/// The context that VidMm pages in, as a visible token.
pub const SYSTEM_CONTEXT: ContextHandle = ContextHandle(0x10);

/// Calls for one operation before VidMm takes the driver for stuck.
const MAX_PASSES: u32 = 1 << 20;

/// What the machine lends VidMm for a call.
pub struct Environment<'a> {
    /// System memory.
    pub host: &'a mut HostMemory,
    /// The driver, with the device that it drives.
    pub driver: &'a mut dyn Miniport,
    /// Who watches.
    pub observer: &'a mut dyn Observer,
}

/// What an operation makes of the content of its subject, besides where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ContentChange {
    /// Nothing.
    Kept,
    /// Its first content: this pattern over its place, rows apart where they lie apart there.
    Filled(u32, Option<RowLayout>),
    /// It is given up.
    Dropped,
    /// It was lost in a reset.
    Lost,
    /// It is what its pages of system memory hold, whatever was on its way to them.
    AsInPages(Mdl),
    /// There was none: if it is wanted, it is what these pages hold.
    NoneInPages(Mdl),
}

/// An operation decided on, with what follows from it.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) asked: Asked,
    pub(crate) subject: Option<AllocationId>,
    pub(crate) bytes: crate::base::Bytes,
    pub(crate) reason: OperationReason,
    pub(crate) book: Position,
    /// The last submission that names the subject, while the device has not passed it.
    pub(crate) busy: Option<FenceId>,
    /// Pages to give back once the operation is through.
    pub(crate) releases: Vec<Mdl>,
    /// Ends a mapping made for the operation before it.
    pub(crate) ends_mapping: bool,
    /// What becomes of the content of the subject.
    pub(crate) content: ContentChange,
    /// Nothing else runs while it does.
    pub(crate) synchronous: bool,
}

impl Planned {
    fn wait_reason(&self) -> WaitReason {
        self.subject.map_or(WaitReason::Command, WaitReason::Allocation)
    }
}

/// Memory in which buffers are built, kept so that it is not asked for anew each time. Nothing of it
/// is state.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    bytes: Vec<u8>,
    private: Vec<u8>,
}

impl Scratch {
    /// Zeros: so many bytes, and so many of private data.
    pub(super) fn take(&mut self, bytes: usize, private: usize) -> (Vec<u8>, Vec<u8>) {
        let zeros = |mut kept: Vec<u8>, size: usize| {
            kept.clear();
            kept.resize(size, 0);
            kept
        };
        let (own, beside) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.private));
        (zeros(own, bytes), zeros(beside, private))
    }

    /// Keeps it for the next.
    pub(super) fn give(&mut self, bytes: Vec<u8>, private: Vec<u8>) {
        (self.bytes, self.private) = (bytes, private);
    }
}

/// What carrying a plan out needs of VidMm.
pub(crate) struct Pager<'a, 'e> {
    pub(crate) book: &'a mut BookJournal,
    pub(crate) queue: &'a mut QueueJournal,
    pub(crate) environment: &'a mut Environment<'e>,
    /// Buffers to build in.
    pub(crate) kind: BufferKind,
    /// The buffer being built.
    current: Option<u32>,
    /// Whether the driver programs apertures while it is asked to, without bytes in the buffer:
    /// then a mapping may end only after the device has passed what was built under it.
    pub(crate) maps_at_once: bool,
    /// Allocations that the buffer being built moves.
    subjects: Vec<AllocationId>,
    pub(crate) costs: Costs,
    pub(super) scratch: &'a mut Scratch,
}

impl<'a, 'e> Pager<'a, 'e> {
    pub(crate) fn new(
        book: &'a mut BookJournal,
        queue: &'a mut QueueJournal,
        environment: &'a mut Environment<'e>,
        kind: BufferKind,
        maps_at_once: bool,
        costs: Costs,
        scratch: &'a mut Scratch,
    ) -> Self {
        let (current, subjects) = (None, Vec::new());
        Self { book, queue, environment, kind, current, maps_at_once, subjects, costs, scratch }
    }

    /// Builds and submits all operations; returns for each the fence that completes it.
    pub(crate) fn carry_out(&mut self, plan: &[Planned]) -> Result<Vec<FenceId>, Failure> {
        // An operation completes with the submission that ends after it: with `None` it is
        // waiting for the buffer being built.
        let mut fences: Vec<Option<FenceId>> = Vec::with_capacity(plan.len());
        for planned in plan {
            // A driver may build a transfer or a discard while the allocation is in use, and says
            // that it is busy where it may not. Everything else is asked of idle ranges only.
            let busy = planned.busy.filter(|fence| *fence > self.completed());
            if let Some(fence) = busy.filter(|_| !planned.asked.may_be_busy()) {
                self.flush(&mut fences)?;
                self.wait(fence, planned.wait_reason())?;
            }
            let at_once = self.maps_at_once || matches!(planned.asked, Asked::Platform(_));
            if planned.ends_mapping && at_once {
                self.flush(&mut fences)?;
                self.wait(self.queue.state().last_fence, WaitReason::Mapping)?;
            }
            if planned.synchronous {
                self.flush(&mut fences)?;
                self.wait(self.queue.state().last_fence, planned.wait_reason())?;
            }
            self.subjects.extend(planned.subject);
            self.announce(planned);
            match &planned.asked {
                Asked::Paging(operation) => self.page(operation, planned, &mut fences)?,
                Asked::Platform(operation) => self.perform(operation),
                Asked::Power(operation) => {
                    self.flush(&mut fences)?;
                    self.power_step(operation)?;
                }
                // The user's work is not planned: it is asked for as it goes.
                Asked::Render(_) | Asked::Patch(_) | Asked::Submit(_) | Asked::Preempt(_) => {}
            }
            fences.push(None);
            if planned.synchronous {
                self.flush(&mut fences)?;
                self.wait(self.queue.state().last_fence, planned.wait_reason())?;
            }
        }
        self.flush(&mut fences)?;
        let last = self.queue.state().last_fence;
        Ok(fences.into_iter().map(|fence| fence.unwrap_or(last)).collect())
    }

    pub(super) fn announce(&mut self, planned: &Planned) {
        let Planned { asked, subject, bytes, reason, book, .. } = planned;
        self.environment.observer.operation(asked, *subject, reason, *bytes);
        match (&planned.content, *subject) {
            (ContentChange::Filled(pattern, rows), Some(id)) => {
                self.environment.observer.filled(id, *pattern, *rows);
            }
            (ContentChange::Dropped, Some(id)) => self.environment.observer.dropped(id),
            (ContentChange::Lost, Some(id)) => self.environment.observer.lost(id),
            (ContentChange::AsInPages(mdl), Some(id)) => {
                let pages = self.held_by(mdl);
                self.environment.observer.as_in_pages(id, pages);
            }
            (ContentChange::NoneInPages(mdl), Some(id)) => {
                let pages = self.held_by(mdl);
                self.environment.observer.none_in_pages(id, pages);
            }
            _ => {}
        }
        if self.environment.observer.is_tracing() {
            self.environment.observer.record(TraceEvent::Operation(OperationRecord {
                asked: asked.clone(),
                subject: *subject,
                bytes: *bytes,
                reason: *reason,
                book: *book,
            }));
        }
    }

    /// What pages of system memory hold now.
    fn held_by(&self, mdl: &Mdl) -> Vec<Piece<Content>> {
        let bytes = mdl.pages().bytes().get();
        self.environment.host.mdl_pieces(mdl, 0, bytes).unwrap_or_default()
    }

    /// Has the platform do what needs no driver; it is done at once.
    fn perform(&mut self, operation: &PlatformOperation) {
        let host = &mut *self.environment.host;
        match operation {
            PlatformOperation::MapGart { first_page, mdl, .. } => {
                let mapped = host.gart_map(first_page.get(), mdl);
                debug_assert_eq!(mapped, Ok(()), "the extent lies in the aperture");
            }
            PlatformOperation::UnmapGart { first_page, pages, dummy_page, .. } => {
                let unmapped = host.gart_unmap(first_page.get(), *pages, dummy_page.frame());
                debug_assert_eq!(unmapped, Ok(()), "the extent lies in the aperture");
            }
            PlatformOperation::FlushCache { mdl } => {
                host.flush(mdl);
            }
        }
        self.queue.apply(QueueChange::Clock(cost::PLATFORM));
        self.performed();
    }

    /// Tells that the latest operation is done.
    pub(super) fn performed(&mut self) {
        if self.environment.observer.is_tracing() {
            let marks = self.marks();
            self.environment.observer.record(TraceEvent::Performed(marks));
        }
    }

    /// Does a step of a power transition; it is done at once.
    fn power_step(&mut self, operation: &PowerOperation) -> Result<(), Failure> {
        let driver = &mut *self.environment.driver;
        match operation {
            PowerOperation::DrainEngines => {
                self.wait(self.queue.state().last_fence, WaitReason::Command)?;
            }
            PowerOperation::SetPowerState(arguments) => {
                let status = driver.set_power_state(arguments);
                if status != NtStatus::SUCCESS {
                    return Err(Stop::power_state_failed(status).into());
                }
            }
            PowerOperation::EnterSleep(state) => driver.power_removed(*state),
            PowerOperation::PowerLost => driver.power_removed(SystemSleepState::Hibernate),
            PowerOperation::ResetFromTimeout => {
                driver.reset_from_timeout();
                self.forget_in_flight();
            }
            PowerOperation::RestartFromTimeout => driver.restart_from_timeout(),
            PowerOperation::SuspendScheduling
            | PowerOperation::DecideSegment(..)
            | PowerOperation::TrimDmaBuffers(_)
            | PowerOperation::RefillDmaBuffers(_)
            | PowerOperation::WriteHibernateFile(_)
            | PowerOperation::ReadHibernateFile(_)
            | PowerOperation::WakeUp
            | PowerOperation::ContentLost
            | PowerOperation::MappingLost
            | PowerOperation::ResumeScheduling => {}
        }
        self.queue.apply(QueueChange::Clock(cost::power_step(&self.costs, operation)));
        self.performed();
        Ok(())
    }

    /// Calls the driver for a paging operation until it has succeeded.
    fn page(
        &mut self,
        operation: &PagingOperation,
        planned: &Planned,
        fences: &mut [Option<FenceId>],
    ) -> Result<(), Failure> {
        let mut idle = false;
        let mut multipass_offset = 0;
        let mut operation = operation.clone();
        let mut written = 0;
        for _ in 0..MAX_PASSES {
            let index = self.open_buffer()?;
            let buffer = &self.queue.state().buffers[index as usize];
            let (usage, shape) = (buffer.usage, &buffer.shape);
            let (mut bytes, mut private) = self.scratch.take(
                (shape.size - usage.used) as usize,
                (shape.private_size - usage.private_used) as usize,
            );
            let mut arguments = BuildPagingBuffer {
                dma_buffer: &mut bytes,
                dma_buffer_used: 0,
                private_data: &mut private,
                private_data_used: 0,
                operation: &operation,
                multipass_offset,
                system_context: SYSTEM_CONTEXT,
            };
            let status = self.environment.driver.build_paging_buffer(&mut arguments);
            let (used, private_used) = (arguments.dma_buffer_used, arguments.private_data_used);
            let before = multipass_offset;
            multipass_offset = arguments.multipass_offset;
            if used > bytes.len() {
                return Err(Stop::buffer_overflow().into());
            }
            if private_used > private.len() {
                return Err(Stop::private_data_overflow().into());
            }
            written += used;
            let call = Call { before, after: multipass_offset, idle, status };
            self.keep(index, &bytes[..used], private_used, &call);
            self.scratch.give(bytes, private);
            match status {
                NtStatus::SUCCESS => {
                    if matches!(operation, PagingOperation::UnmapApertureSegment(_)) {
                        self.maps_at_once = written == 0;
                    }
                    if written == 0 {
                        let pages = cost::pages(&self.costs, operation.aperture_pages());
                        self.queue.apply(QueueChange::Clock(pages));
                    }
                    return Ok(());
                }
                NtStatus::INSUFFICIENT_DMA_BUFFER => {
                    if usage.used == 0 && used == 0 {
                        return Err(Stop::bad_paging_status(status).into());
                    }
                    self.flush(fences)?;
                }
                NtStatus::ALLOCATION_BUSY if !idle => {
                    self.flush(fences)?;
                    let busy = planned.busy.unwrap_or(self.queue.state().last_fence);
                    self.wait(busy, planned.wait_reason())?;
                    operation = operation.with_allocation_idle();
                    idle = true;
                }
                other => return Err(Stop::bad_paging_status(other).into()),
            }
        }
        Err(Stop::bad_paging_status(NtStatus::INSUFFICIENT_DMA_BUFFER).into())
    }

    /// Writes what the driver built through the pages of the buffer, and notes the call.
    pub(super) fn keep(&mut self, index: u32, bytes: &[u8], private_used: usize, call: &Call) {
        let buffer = &self.queue.state().buffers[index as usize];
        let (before, mdl, in_memory) =
            (buffer.usage, buffer.shape.mdl.clone(), buffer.shape.memory);
        let private_size = buffer.shape.private_size;
        let written = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let private_used = u32::try_from(private_used).unwrap_or(u32::MAX);
        let after = BufferUse {
            used: before.used + written,
            private_used: before.private_used + private_used,
            ..before
        };
        if !bytes.is_empty() {
            let at = u64::from(before.used);
            let kept = match in_memory {
                Some((segment, offset)) => {
                    let driver = &mut self.environment.driver;
                    driver.write_through_bar(segment, offset.get() + at, bytes)
                }
                None => self.environment.host.mdl_write(&mdl, at, bytes).is_ok(),
            };
            debug_assert!(kept, "the driver stayed inside the buffer");
        }
        if after != before {
            self.queue.apply(QueueChange::used(index, before, after));
        }
        self.queue.apply(QueueChange::Clock(cost::build_call(&self.costs)));
        if self.environment.observer.is_tracing() {
            let record = CallRecord {
                buffer: self.buffer_record(index),
                start: before.used,
                end: after.used,
                private_before: private_size - before.private_used,
                private_after: private_size - after.private_used,
                multipass_before: call.before,
                multipass_after: call.after,
                allocation_idle: call.idle,
                status: call.status,
            };
            let marks = self.marks();
            self.environment.observer.record(TraceEvent::Call(record, marks));
        }
    }

    /// The buffer being built, or an idle one begun anew, waiting for one if none is idle.
    fn open_buffer(&mut self) -> Result<u32, Failure> {
        if let Some(index) = self.current {
            return Ok(index);
        }
        let (index, fence) = self.oldest_buffer();
        if fence > self.completed() {
            self.wait(fence, WaitReason::Buffers)?;
        }
        self.begin_buffer(index);
        self.current = Some(index);
        Ok(index)
    }

    /// Begins a buffer anew.
    pub(super) fn begin_buffer(&mut self, index: u32) {
        let before = self.queue.state().buffers[index as usize].usage;
        self.queue.apply(QueueChange::Serial(1));
        let serial = self.queue.state().serial;
        let after = BufferUse { serial, fence: before.fence, ..BufferUse::default() };
        self.queue.apply(QueueChange::used(index, before, after));
    }

    /// The buffer of the wanted kind that was begun longest ago.
    fn oldest_buffer(&self) -> (u32, FenceId) {
        let queue = self.queue.state();
        // What is not of a pool comes first in the table.
        let others = queue.buffers.iter().take_while(|buffer| buffer.shape.device.is_none());
        let numbers = 0..u32::try_from(others.count()).unwrap_or(u32::MAX);
        let buffers = queue
            .range(numbers)
            .filter(|(_, buffer)| buffer.shape.kind == self.kind && buffer.address().is_some());
        let oldest = buffers.min_by_key(|(_, buffer)| buffer.usage.serial);
        let (index, buffer) = oldest.expect("the adapter starts with a buffer of every kind");
        (index, buffer.usage.fence)
    }

    /// Submits what was built, and notes its fence for the operations that it completes.
    fn flush(&mut self, fences: &mut [Option<FenceId>]) -> Result<(), Stop> {
        let Some(index) = self.current.take() else { return Ok(()) };
        let buffer = &self.queue.state().buffers[index as usize];
        let before = buffer.usage;
        if before.submitted == before.used {
            // Nothing is in it yet: it stays the buffer being built.
            self.current = Some(index);
            return Ok(());
        }
        self.queue.apply(QueueChange::Fence(1));
        let fence = self.queue.state().last_fence;
        let after = BufferUse { submitted: before.used, fence, ..before };
        self.queue.apply(QueueChange::used(index, before, after));
        let (start, end) = (before.submitted, before.used);
        let allocations = std::mem::take(&mut self.subjects).into();
        let (work, begun) = (None, false);
        self.give(InFlight { fence, buffer: index, start, end, allocations, work, begun })?;
        for waiting in fences.iter_mut().filter(|waiting| waiting.is_none()) {
            *waiting = Some(fence);
        }
        Ok(())
    }

    pub(super) fn completed(&self) -> FenceId {
        self.environment.driver.completed_fence()
    }

    pub(super) fn marks(&self) -> Marks {
        Marks {
            queue: self.queue.position(),
            host: self.environment.host.mark(),
            driver: self.environment.driver.mark(),
        }
    }

    pub(super) fn buffer_record(&self, index: u32) -> BufferRecord {
        let buffer = &self.queue.state().buffers[index as usize];
        BufferRecord {
            index,
            serial: buffer.usage.serial,
            size: buffer.shape.size,
            address: buffer.address(),
        }
    }

    /// Where the GPU fetches a buffer.
    pub(super) fn address_of(&self, index: u32) -> DmaBufferAddress {
        let address = self.queue.state().buffers[index as usize].address();
        address.expect("only buffers that the GPU can reach are built in")
    }
}

/// What a call of the driver came to.
pub(super) struct Call {
    pub(super) before: u32,
    pub(super) after: u32,
    pub(super) idle: bool,
    pub(super) status: NtStatus,
}
