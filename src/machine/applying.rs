//! A command being applied: who does what, and what must be there afterwards.

use crate::base::{AllocationId, Bytes, DeviceId, FenceId, Pages, PagesId, Piece, Span};
use crate::ddi::{AccessKind, LockFlags, NtStatus};
use crate::kmd::Driver;
use crate::memory::{Content, HostMemory, SeenBytes, bytes};
use crate::vidmm::{
    Allocation, CpuView, Environment, Failure, NewAllocation, Power, Reference as VidMmReference,
    Refusal, RefusalReason, VidMm, segment_parts,
};

use super::command::{
    AllocationRange, Command, CreateAllocation, Data, Reference, ReferenceKind, ReservePages,
    RunGpu, resolve_range,
};
use super::ledger::{LedgerChange, PendingRead, expect_bytes, expect_pages};
use super::power::PowerOutcome;
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
    /// What a power transition came to.
    pub(super) power: Option<Box<PowerOutcome>>,
}

impl Applying<'_, '_> {
    pub(super) fn with<R>(
        &mut self,
        call: impl FnOnce(&mut VidMm, &mut Environment<'_>) -> R,
    ) -> R {
        let mut environment =
            Environment { host: self.host, driver: self.driver, observer: self.recorder };
        call(self.vidmm, &mut environment)
    }

    /// Carries the command out; with `drain` the engine then runs until it is idle.
    pub(super) fn command(&mut self, command: &Command, drain: bool) -> Result<(), Failure> {
        self.vidmm.command_begins();
        let power = self.vidmm.power();
        let wakes = matches!(command, Command::Power(_) | Command::Expect(_));
        if power != Power::Working && !wakes {
            let reason = RefusalReason::PowerState(power);
            return Err(Refusal::new(NtStatus::DEVICE_NOT_READY, reason).into());
        }
        match command {
            Command::CreateProcess(id) => self.vidmm.create_process(*id)?,
            Command::CreateDevice(id, process, info) => {
                let (id, process, info) = (*id, *process, *info);
                self.with(|vidmm, environment| {
                    vidmm.create_device(environment, id, process, info)
                })?;
            }
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
            Command::OpenAllocation(id, device) => {
                self.touch(*id)?;
                self.with(|vidmm, environment| vidmm.open_allocation(environment, *id, *device))?;
            }
            Command::CloseAllocation(id, device) => self.close(*id, *device)?,
            Command::Lock(id, device, flags) => {
                self.touch(*id)?;
                self.with(|vidmm, environment| vidmm.lock(environment, *id, *device, *flags))?;
            }
            Command::Unlock(id) => {
                self.touch(*id)?;
                self.with(|vidmm, environment| vidmm.unlock(environment, *id))?;
            }
            Command::Offer(ids, priority) => {
                self.touch_all(ids.iter().copied())?;
                self.with(|vidmm, environment| vidmm.offer(environment, ids, *priority))?;
            }
            Command::Reclaim(ids) => {
                self.touch_all(ids.iter().copied())?;
                self.with(|vidmm, environment| vidmm.reclaim(environment, ids))?;
            }
            Command::Display(id) => {
                self.touch_all(id.iter().copied())?;
                self.with(|vidmm, environment| vidmm.display(environment, *id))?;
            }
            Command::ReservePages(reserve) => self.reserve_pages(*reserve)?,
            Command::ReleasePages(id) => self.release_pages(*id)?,
            Command::WritePages(id, range, data) => self.write_pages(*id, *range, data)?,
            Command::Raw(raw) => self.raw(raw)?,
            Command::Power(transition) => self.power(*transition)?,
            Command::Expect(_) => {}
        }
        if drain {
            self.with(VidMm::drain)?;
        }
        self.check_reads();
        Ok(())
    }

    /// Notes that the command concerns an allocation.
    pub(super) fn touch(&mut self, id: AllocationId) -> Result<(), Failure> {
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
            shared: create.shared,
            primary: create.primary,
            existing: create.existing,
        };
        self.with(|vidmm, environment| vidmm.create_allocation(environment, &new))?;
        let size = self.content_size(id);
        self.recorder.ledger.apply(LedgerChange::Created(id, size));
        if let Some(pages) = create.existing
            && let Some(content) = self.recorder.ledger.state().pages(pages)
        {
            let span = Span::whole(size.get().min(content.len()));
            let pieces = content.pieces(span);
            expect_bytes(self.recorder.ledger, id, span, pieces);
        }
        self.touched.push(id);
        if create.resident {
            self.with(|vidmm, environment| vidmm.make_resident(environment, &[id]))?;
        }
        Ok(())
    }

    fn destroy(&mut self, id: AllocationId) -> Result<(), Failure> {
        self.touch(id)?;
        match self.vidmm.book().allocation(id).map(Allocation::device) {
            Some(owner) => self.close(id, owner),
            None => Ok(()),
        }
    }

    /// A device closes an allocation; with the last one it goes.
    fn close(&mut self, id: AllocationId, device: DeviceId) -> Result<(), Failure> {
        self.touch(id)?;
        let pages = self.vidmm.book().allocation(id).and_then(Allocation::existing);
        let close = |vidmm: &mut VidMm, environment: &mut Environment<'_>| {
            vidmm.close_allocation(environment, id, device)
        };
        if !self.with(close)? {
            return Ok(());
        }
        if let Some(expected) = self.recorder.ledger.state().expected(id).cloned() {
            self.recorder.ledger.apply(LedgerChange::Destroyed(id, Box::new(expected)));
        }
        if let Some(pages) = pages {
            self.take_pages_as_they_are(pages);
        }
        Ok(())
    }

    /// What the GPU wrote and nobody wrote back is given up with the allocation that wrapped the
    /// pages: they hold what is in memory.
    pub(super) fn take_pages_as_they_are(&mut self, pages: PagesId) {
        let Some(mdl) = self.vidmm.book().pages(pages).map(|reserved| reserved.mdl.clone()) else {
            return;
        };
        if let Ok(pieces) = self.host.mdl_pieces(&mdl, 0, mdl.pages().bytes().get()) {
            expect_pages(self.recorder.ledger, pages, 0, pieces);
        }
    }

    fn reserve_pages(&mut self, reserve: ReservePages) -> Result<(), Failure> {
        let ReservePages { pages, count, contiguous } = reserve;
        let count = Pages(count);
        self.with(|vidmm, environment| vidmm.reserve_pages(environment, pages, count, contiguous))?;
        let content = bytes::ByteMap::new(count.bytes().get(), Content::Zero);
        self.recorder.ledger.apply(LedgerChange::PagesReserved(pages, Box::new(content)));
        Ok(())
    }

    fn release_pages(&mut self, id: PagesId) -> Result<(), Failure> {
        if self.recorder.ledger.state().foreign().names(id) {
            return Err(refused(RefusalReason::PagesInUse(id)));
        }
        self.with(|vidmm, environment| vidmm.release_pages(environment, id))?;
        if let Some(content) = self.recorder.ledger.state().pages(id).cloned() {
            self.recorder.ledger.apply(LedgerChange::PagesReleased(id, Box::new(content)));
        }
        Ok(())
    }

    fn write_pages(
        &mut self,
        id: PagesId,
        range: AllocationRange,
        data: &Data,
    ) -> Result<(), Failure> {
        let mdl = self.vidmm.unwrapped_pages(id)?;
        let length = match data {
            Data::Bytes(exact) => range.length.or(Some(exact.len() as u64)),
            _ => range.length,
        };
        let span = resolve_range(AllocationRange { length, ..range }, mdl.pages().bytes());
        let span = span.ok_or_else(|| refused(RefusalReason::RangeBeyondPages(id)))?;
        let pieces = data_pieces(data, span.len());
        if bytes::pieces_len(&pieces) != Some(span.len()) {
            return Err(refused(RefusalReason::RangeBeyondPages(id)));
        }
        let written = self.host.mdl_put(&mdl, span.start(), &pieces);
        debug_assert_eq!(written, Ok(()), "the range was checked against the pages");
        expect_pages(self.recorder.ledger, id, span.start(), pieces);
        Ok(())
    }

    fn content_size(&self, id: AllocationId) -> Bytes {
        self.vidmm.book().allocation(id).map_or(Bytes::ZERO, Allocation::content_size)
    }

    /// The bytes of an allocation that a command names.
    fn range(&self, id: AllocationId, range: AllocationRange) -> Result<Span, Failure> {
        let size = self.content_size(id);
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
        let (fence, accessed) = self.with(|vidmm, environment| vidmm.submit(environment, &list))?;
        // The driver counts the reads of a submission.
        let mut slot = 0;
        let mut parts = accessed.iter().peekable();
        for (index, (span, reference)) in asked.into_iter().enumerate() {
            while let Some(part) = parts.next_if(|part| part.reference == index) {
                if reference.kind == AccessKind::Read {
                    self.expect_read(reference.allocation, part.span, slot, fence);
                    slot += 1;
                }
            }
            match reference.kind {
                AccessKind::Read => {}
                AccessKind::Write { seed } => {
                    let pieces = bytes::pieces_from_content(Content::seeded(seed, 0), span.len());
                    expect_bytes(self.recorder.ledger, reference.allocation, span, pieces);
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
        let read = PendingRead { allocation, slot, offset: span.start(), last_fence, bytes };
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
                    let wrong = (slot == readback.slot)
                        .then(|| {
                            let (wanted, found) = (read.bytes.pieces(), readback.bytes.pieces());
                            bytes::first_difference(wanted, found)
                        })
                        .flatten();
                    let offset = wrong.map(|at| read.offset + at);
                    self.recorder.ledger.apply(LedgerChange::ReadDone(read));
                    if let Some(offset) = offset {
                        self.damage.push(Damage::WrongRead { allocation, offset });
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
        let pieces = data_pieces(data, span.len());
        if bytes::pieces_len(&pieces) != Some(span.len()) {
            let size = Bytes(bytes::pieces_len(&pieces).unwrap_or(u64::MAX));
            let (offset, length) = (span.start(), span.len());
            return Err(refused(RefusalReason::RangeBeyondAllocation { offset, length, size }));
        }
        let flags = LockFlags::WriteOnly;
        let view = self.with(|vidmm, environment| vidmm.open_to_cpu(environment, id, flags))?;
        match view {
            CpuView::System { mdl, cached } => {
                let written = self.host.cpu_put(&mdl, span.start(), &pieces, cached);
                debug_assert_eq!(written, Ok(()), "the range was checked against the size");
            }
            CpuView::Segment { segment, offset, rows } => {
                let region = Driver::region(segment);
                for (part, at) in segment_parts(offset, rows, span) {
                    let from = part.start() - span.start();
                    let bytes = bytes::slice_pieces(&pieces, from, part.len());
                    let written = self.driver.write_memory(region, at.get(), &bytes);
                    debug_assert_eq!(written, Ok(()), "the extent lies in the segment");
                }
            }
        }
        self.with(|vidmm, environment| vidmm.cpu_wrote(environment, id));
        expect_bytes(self.recorder.ledger, id, span, pieces);
        Ok(())
    }

    fn cpu_read(&mut self, id: AllocationId, range: AllocationRange) -> Result<(), Failure> {
        self.touch(id)?;
        let span = self.range(id, range)?;
        let flags = LockFlags::ReadOnly;
        let view = self.with(|vidmm, environment| vidmm.open_to_cpu(environment, id, flags))?;
        let seen = match view {
            CpuView::System { mdl, .. } => {
                self.host.mdl_pieces(&mdl, span.start(), span.len()).ok()
            }
            CpuView::Segment { segment, offset, rows } => {
                let memory = self.driver.gpu().memory(Driver::region(segment));
                let parts = segment_parts(offset, rows, span).into_iter();
                let pieces = parts.map(|(part, at)| {
                    let span = Span::at(at.get(), part.len())?;
                    bytes::pieces(memory?, span).ok()
                });
                pieces.collect::<Option<Vec<_>>>().map(|pieces| pieces.concat())
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
            RunGpu::UntilIdle => self.with(VidMm::drain)?,
            RunGpu::UntilFence(fence) => {
                self.with(|vidmm, environment| vidmm.wait_for(environment, fence))?;
            }
            RunGpu::Packets(count) => {
                for _ in 0..count {
                    if self.with(VidMm::execute_packet)?.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The bytes that a write leaves behind; as many as there are where they are listed.
fn data_pieces(data: &Data, len: u64) -> Vec<Piece<Content>> {
    match data {
        Data::Seed(seed) => bytes::pieces_from_content(Content::seeded(*seed, 0), len),
        Data::Pattern(word) => bytes::pieces_from_content(Content::pattern(*word, 0), len),
        Data::Bytes(exact) => bytes::pieces_from_bytes(exact),
    }
}

/// A refusal of what was asked for.
pub(super) fn refused(reason: RefusalReason) -> Failure {
    Refusal::new(NtStatus::INVALID_PARAMETER, reason).into()
}
