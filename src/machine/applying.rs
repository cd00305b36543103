//! A command being applied: who does what, and what must be there afterwards.

use crate::base::{AllocationId, Bytes, FenceId, SegmentOffset, Span};
use crate::ddi::{AccessKind, NtStatus};
use crate::kmd::Driver;
use crate::memory::{Content, HostMemory, SeenBytes, bytes};
use crate::vidmm::{
    Allocation, CpuView, Environment, Failure, NewAllocation, Reference as VidMmReference, Refusal,
    RefusalReason, VidMm,
};

use super::command::{
    AllocationRange, Command, CreateAllocation, Data, Reference, ReferenceKind, RunGpu,
    resolve_range,
};
use super::ledger::{LedgerChange, PendingRead, expect_bytes};
use super::recorder::Recorder;
use super::verify::Damage;

/// A command being applied.
pub(super) struct Applying<'a, 'r> {
    pub(super) vidmm: &'a mut VidMm,
    pub(super) driver: &'a mut Driver,
    pub(super) host: &'a mut HostMemory,
    pub(super) recorder: &'a mut Recorder<'r>,
    pub(super) touched: Vec<AllocationId>,
    pub(super) damage: Vec<Damage>,
}

impl Applying<'_, '_> {
    fn with<R>(&mut self, call: impl FnOnce(&mut VidMm, &mut Environment<'_>) -> R) -> R {
        let mut environment =
            Environment { host: self.host, driver: self.driver, observer: self.recorder };
        call(self.vidmm, &mut environment)
    }

    /// Carries the command out; with `drain` the engine then runs until it is idle.
    pub(super) fn command(&mut self, command: &Command, drain: bool) -> Result<(), Failure> {
        self.vidmm.command_begins();
        match command {
            Command::CreateProcess(id) => self.vidmm.create_process(*id)?,
            Command::CreateDevice(id, process) => self.vidmm.create_device(*id, *process)?,
            Command::CreateAllocation(create) => self.create(create)?,
            Command::DestroyAllocation(id) => self.destroy(*id)?,
            Command::MakeResident(ids) => {
                self.touch_all(ids.iter().copied())?;
                self.with(|vidmm, environment| vidmm.make_resident(environment, ids))?;
            }
            Command::Use(references) => self.use_(references)?,
            Command::CpuWrite(id, range, data) => self.cpu_write(*id, *range, data)?,
            Command::CpuRead(id, range) => self.cpu_read(*id, *range)?,
            Command::Evict(id) => {
                self.touch(*id)?;
                self.with(|vidmm, environment| vidmm.evict(environment, *id))?;
            }
            Command::EvictAll => self.with(VidMm::evict_all)?,
            Command::SetPriority(id, priority) => {
                self.touch(*id)?;
                self.with(|vidmm, environment| vidmm.set_priority(environment, *id, *priority))?;
            }
            Command::RunGpu(run) => self.run_gpu(*run)?,
            Command::Expect(_) => {}
            _ => {
                let reason = RefusalReason::FlagNotModelled("this command");
                return Err(Refusal::new(NtStatus::NOT_SUPPORTED, reason).into());
            }
        }
        if drain {
            self.with(VidMm::drain);
        }
        self.check_reads();
        Ok(())
    }

    /// Notes that the command concerns an allocation.
    fn touch(&mut self, id: AllocationId) -> Result<(), Failure> {
        if self.vidmm.book().allocation(id).is_some() {
            self.touched.push(id);
            return Ok(());
        }
        let (status, reason) = if self.recorder.ledger.state().was_destroyed(id) {
            (NtStatus::ALLOCATION_CLOSED, RefusalReason::Destroyed(id))
        } else {
            (NtStatus::INVALID_ALLOCATION_HANDLE, RefusalReason::NotCreated(id))
        };
        Err(Refusal::new(status, reason).into())
    }

    fn touch_all(&mut self, ids: impl Iterator<Item = AllocationId>) -> Result<(), Failure> {
        for id in ids {
            self.touch(id)?;
        }
        Ok(())
    }

    fn create(&mut self, create: &CreateAllocation) -> Result<(), Failure> {
        let id = create.allocation;
        if self.recorder.ledger.state().was_destroyed(id) {
            let reason = RefusalReason::AlreadyExists;
            return Err(Refusal::new(NtStatus::INVALID_PARAMETER, reason).into());
        }
        let new = NewAllocation {
            id,
            device: create.device,
            info: create.info.clone(),
            fill_pattern: create.fill_pattern,
        };
        self.with(|vidmm, environment| vidmm.create_allocation(environment, &new))?;
        let size = self.vidmm.book().allocation(id).map_or(Bytes::ZERO, Allocation::size);
        self.recorder.ledger.apply(LedgerChange::Created(id, size));
        self.touched.push(id);
        if create.resident {
            self.with(|vidmm, environment| vidmm.make_resident(environment, &[id]))?;
        }
        Ok(())
    }

    fn destroy(&mut self, id: AllocationId) -> Result<(), Failure> {
        self.touch(id)?;
        self.with(|vidmm, environment| vidmm.destroy_allocation(environment, id))?;
        if let Some(expected) = self.recorder.ledger.state().expected(id).cloned() {
            self.recorder.ledger.apply(LedgerChange::Destroyed(id, Box::new(expected)));
        }
        Ok(())
    }

    /// The bytes of an allocation that a command names.
    fn range(&self, id: AllocationId, range: AllocationRange) -> Result<Span, Failure> {
        let size = self.vidmm.book().allocation(id).map_or(Bytes::ZERO, Allocation::size);
        resolve_range(range, size).ok_or_else(|| {
            let length = range.length.unwrap_or(0);
            let reason =
                RefusalReason::RangeBeyondAllocation { offset: range.offset, length, size };
            Refusal::new(NtStatus::INVALID_PARAMETER, reason).into()
        })
    }

    fn use_(&mut self, references: &[Reference]) -> Result<(), Failure> {
        let mut asked: Vec<(Span, VidMmReference)> = Vec::with_capacity(references.len());
        for reference in references {
            let id = reference.allocation;
            self.touch(id)?;
            let span = self.range(id, reference.range)?;
            let kind = match reference.kind {
                ReferenceKind::Read => AccessKind::Read,
                ReferenceKind::Write { seed } => {
                    // Counted for each allocation: else two writes could leave the same bytes, and
                    // the loss of the second would not show.
                    let ahead = || {
                        let own = asked.iter().filter(|(_, earlier)| {
                            earlier.allocation == id && earlier.kind != AccessKind::Read
                        });
                        own.count() as u64 + 1
                    };
                    let seed = seed.unwrap_or_else(|| self.next_seed(id, ahead()));
                    AccessKind::Write { seed }
                }
            };
            asked.push((
                span,
                VidMmReference {
                    allocation: id,
                    offset: span.start(),
                    length: Bytes(span.len()),
                    kind,
                },
            ));
        }
        let list: Vec<VidMmReference> = asked.iter().map(|(_, reference)| *reference).collect();
        let fence = self.with(|vidmm, environment| vidmm.submit(environment, &list))?;
        // The driver counts the reads of a submission.
        let mut slot = 0;
        for (span, reference) in asked {
            match reference.kind {
                AccessKind::Write { seed } => {
                    let pieces = bytes::pieces_from_content(Content::seeded(seed, 0), span.len());
                    expect_bytes(self.recorder.ledger, reference.allocation, span, pieces);
                }
                AccessKind::Read => {
                    self.expect_read(reference.allocation, span, slot, fence);
                    slot += 1;
                }
            }
        }
        Ok(())
    }

    fn expect_read(
        &mut self,
        allocation: AllocationId,
        span: Span,
        slot: u32,
        last_fence: FenceId,
    ) {
        let Some(expected) = self.recorder.ledger.state().expected(allocation) else { return };
        let Ok(pieces) = bytes::pieces(expected.content(), span) else { return };
        let bytes = SeenBytes::new(pieces);
        let read = PendingRead { allocation, slot, last_fence, bytes };
        self.recorder.ledger.apply(LedgerChange::ReadExpected(read));
    }

    /// The seed of a write that names none: from the allocation and its count of writes.
    fn next_seed(&self, id: AllocationId, ahead: u64) -> u64 {
        let ledger = self.recorder.ledger.state();
        let writes = ledger.expected(id).map_or(0, |expected| expected.writes);
        u64::from(id.0) << 32 | writes.wrapping_add(ahead) & 0xFFFF_FFFF
    }

    /// Compares what the GPU read with what it must have read.
    fn check_reads(&mut self) {
        for outcome in std::mem::take(&mut self.recorder.outcomes) {
            if let Some(readback) = outcome.readback {
                // Reads that a fault skipped never come: what comes is the next of its slot.
                while let Some(read) = self.recorder.ledger.state().reads.front().cloned() {
                    let (slot, allocation) = (read.slot, read.allocation);
                    let wrong = slot == readback.slot && read.bytes != readback.bytes;
                    self.recorder.ledger.apply(LedgerChange::ReadDone(read));
                    if wrong {
                        self.damage.push(Damage::WrongRead(allocation));
                    }
                    if slot == readback.slot {
                        break;
                    }
                }
            }
            if outcome.completed {
                while let Some(read) = self.recorder.ledger.state().reads.front().cloned()
                    && read.last_fence <= outcome.fence
                {
                    self.recorder.ledger.apply(LedgerChange::ReadDone(read));
                }
            }
        }
    }

    fn cpu_write(
        &mut self,
        id: AllocationId,
        range: AllocationRange,
        data: &Data,
    ) -> Result<(), Failure> {
        self.touch(id)?;
        let span = match (data, range.length) {
            (Data::Bytes(exact), None) => {
                let length = Some(exact.len() as u64);
                self.range(id, AllocationRange { length, ..range })?
            }
            _ => self.range(id, range)?,
        };
        let pieces = match data {
            Data::Seed(seed) => bytes::pieces_from_content(Content::seeded(*seed, 0), span.len()),
            Data::Pattern(word) => {
                bytes::pieces_from_content(Content::pattern(*word, 0), span.len())
            }
            Data::Bytes(exact) => {
                if exact.len() as u64 != span.len() {
                    let size = Bytes(exact.len() as u64);
                    let (offset, length) = (span.start(), span.len());
                    let reason = RefusalReason::RangeBeyondAllocation { offset, length, size };
                    return Err(Refusal::new(NtStatus::INVALID_PARAMETER, reason).into());
                }
                bytes::pieces_from_bytes(exact)
            }
        };
        let view = self.with(|vidmm, environment| vidmm.open_to_cpu(environment, id))?;
        match view {
            CpuView::System(mdl) => {
                let written = self.host.mdl_put(&mdl, span.start(), &pieces);
                debug_assert_eq!(written, Ok(()), "the range was checked against the size");
            }
            CpuView::Segment(segment, SegmentOffset(offset)) => {
                let region = Driver::region(segment);
                let written = self.driver.write_memory(region, offset + span.start(), &pieces);
                debug_assert_eq!(written, Ok(()), "the extent lies in the segment");
            }
        }
        self.with(|vidmm, environment| vidmm.cpu_wrote(environment, id));
        expect_bytes(self.recorder.ledger, id, span, pieces);
        Ok(())
    }

    fn cpu_read(&mut self, id: AllocationId, range: AllocationRange) -> Result<(), Failure> {
        self.touch(id)?;
        let span = self.range(id, range)?;
        let view = self.with(|vidmm, environment| vidmm.open_to_cpu(environment, id))?;
        let seen = match view {
            CpuView::System(mdl) => self.host.mdl_pieces(&mdl, span.start(), span.len()).ok(),
            CpuView::Segment(segment, SegmentOffset(offset)) => {
                let memory = self.driver.gpu().memory(Driver::region(segment));
                Span::at(offset + span.start(), span.len())
                    .zip(memory)
                    .and_then(|(span, memory)| bytes::pieces(memory, span).ok())
            }
        };
        let expected = self.recorder.ledger.state().expected(id);
        if let Some(expected) = expected.filter(|expected| expected.is_touched()) {
            let wanted = expected.content().pieces(span);
            if let Some(at) = bytes::first_difference(&wanted, &seen.unwrap_or_default()) {
                let offset = span.start() + at;
                self.damage.push(Damage::WrongCpuRead { allocation: id, offset });
            }
        }
        Ok(())
    }

    fn run_gpu(&mut self, run: RunGpu) -> Result<(), Failure> {
        match run {
            RunGpu::UntilIdle => self.with(VidMm::drain),
            RunGpu::UntilFence(fence) => {
                self.with(|vidmm, environment| vidmm.wait_for(environment, fence))?;
            }
            RunGpu::Packets(count) => {
                for _ in 0..count {
                    if self.with(VidMm::execute_packet).is_none() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}
