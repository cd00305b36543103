//! A command being applied: who does what, and what must be there afterwards.

use crate::base::{AllocationId, Bytes, DeviceId, Pages, PagesId, Piece, Span};
use crate::ddi::{LockFlags, NtStatus};
use crate::kmd::Driver;
use crate::memory::{Content, HostMemory, bytes};
use crate::vidmm::{
    Allocation, CpuView, Environment, Failure, NewAllocation, Power, Refusal, RefusalReason,
    Transition, VidMm, segment_parts,
};

use super::command::{
    AllocationRange, Command, CreateAllocation, Data, ReservePages, RunGpu, resolve_range,
};
use super::ledger::{LedgerChange, expect_bytes, expect_pages};
use super::power::PowerOutcome;
use super::recorder::Recorder;
use super::verify::{Damage, allocation_pieces};

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
            Command::CreateContext(id, device, priority) => {
                let (id, device, priority) = (*id, *device, *priority);
                self.with(|vidmm, environment| {
                    vidmm.create_context(environment, id, device, priority)
                })?;
            }
            Command::Submit(submit) => self.submit(submit)?,
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
            match self.with(VidMm::drain) {
                // It hangs on the command's own work, which is all submitted.
                Err(Failure::Hung) => self.time_out()?,
                drained => drained?,
            }
        }
        self.damage.append(&mut self.recorder.damage);
        Ok(())
    }

    /// The engine runs as far as it comes; then the timeout passes and the adapter is reset.
    pub(super) fn time_out(&mut self) -> Result<(), Failure> {
        while self.with(VidMm::execute_packet)?.is_some() {}
        self.vidmm.timeout_passes();
        self.power(Transition::TimeoutRecovery)
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

    pub(super) fn touch_all(
        &mut self,
        ids: impl Iterator<Item = AllocationId>,
    ) -> Result<(), Failure> {
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

    pub(super) fn content_size(&self, id: AllocationId) -> Bytes {
        self.vidmm.book().allocation(id).map_or(Bytes::ZERO, Allocation::content_size)
    }

    /// The bytes of an allocation that a command names.
    pub(super) fn range(&self, id: AllocationId, range: AllocationRange) -> Result<Span, Failure> {
        let size = self.content_size(id);
        resolve_range(range, size).ok_or_else(|| {
            let length = range.length.unwrap_or(0);
            let reason =
                RefusalReason::RangeBeyondAllocation { offset: range.offset, length, size };
            Refusal::new(NtStatus::INVALID_PARAMETER, reason).into()
        })
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
        self.expect_written(id, span, pieces);
        Ok(())
    }

    /// Says that bytes of an allocation must be `pieces` from now on. Where nothing was promised of
    /// it, what lies around them stays what it is.
    pub(super) fn expect_written(
        &mut self,
        id: AllocationId,
        span: Span,
        pieces: Vec<Piece<Content>>,
    ) {
        let bare = self.recorder.ledger.state().expected(id).is_some_and(|it| !it.is_touched());
        let allocation = self.vidmm.book().allocation(id).filter(|_| bare);
        let found =
            allocation.and_then(|it| allocation_pieces(self.vidmm, self.driver, self.host, it));
        let Some(found) = found else {
            expect_bytes(self.recorder.ledger, id, span, pieces);
            return;
        };
        let len = bytes::pieces_len(&found).unwrap_or(0);
        let before = bytes::slice_pieces(&found, 0, span.start());
        let after = bytes::slice_pieces(&found, span.end(), len.saturating_sub(span.end()));
        let whole = bytes::joined_pieces([before, pieces, after].concat());
        expect_bytes(self.recorder.ledger, id, Span::whole(len), whole);
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
