//! One case: the machine applies a command, the oracles apply it, and everything is compared.

use std::collections::BTreeMap;

use vidmm_inspector::base::{AllocationId, DeviceId, FenceId, Piece, SegmentId};
use vidmm_inspector::ddi::{
    AllocationFlags, AllocationInfo, LockFlags, NtStatus, OfferPriority, SegmentFlags,
};
use vidmm_inspector::machine::{
    AllocationRange, Command, Counter, CreateAllocation, Data, Ending, Place, RawOperation,
    Reference, ReferenceKind, Run, Started,
};
use vidmm_inspector::memory::{Content, bytes};
use vidmm_inspector::vidmm::{Allocation, BufferKind, Offer, Refusal, RefusalReason};

use super::content::{Known, repeated, seeded};
use super::naive::{Counts, Naive, Offered, Refused, Resident, small};
use super::states::invalid;
use crate::random::{Case, LARGE, PAGE};
use crate::script::there_and_back;

/// The oracles.
struct Oracle {
    naive: Naive,
    destroyed: Vec<u32>,
    /// Pages that may be promised to allocations.
    commit_limit: u64,
    refusals: u64,
    /// What was compared already: description and version.
    compared: BTreeMap<u32, (Vec<Piece<Content>>, u64)>,
}

pub(crate) fn judge(case: &Case) -> Result<(), String> {
    let adapter = case.adapter();
    let commands = case.commands();
    let mut run = case.run();
    run.machine().started().map_err(|refusal| format!("did not start: {refusal:?}"))?;
    let buffers = adapter.paging_buffer;
    // The dummy page and the buffer to start with.
    let mut own = 2 + u64::from(buffers.count) * buffers.size.div_ceil(PAGE);
    // Memory segments that are carved out of system memory.
    own += adapter
        .segments
        .iter()
        .filter(|segment| segment.flags.contains(SegmentFlags::PopulatedFromSystemMemory))
        .map(|segment| segment.size / PAGE)
        .sum::<u64>();
    let mut oracle = Oracle {
        naive: Naive::new(&adapter, case.policies()),
        destroyed: Vec::new(),
        commit_limit: adapter.system_memory / PAGE - own,
        refusals: 0,
        compared: BTreeMap::new(),
    };
    for (number, command) in (1..).zip(&commands) {
        let ends = step(&mut run, number, command, &mut oracle)
            .map_err(|message| format!("command {number}, {command:?}: {message}"))?;
        if ends {
            break;
        }
    }
    there_and_back(&mut run)
}

fn step(
    run: &mut Run,
    number: usize,
    command: &Command,
    oracle: &mut Oracle,
) -> Result<bool, String> {
    let before = started(run)?;
    let done = before.driver().gpu().completed_fence().max(oracle.waits_for(command, before));
    let in_flight = before.vidmm().book().allocations().filter(|a| a.fence() > done);
    oracle.naive.busy = in_flight.map(|a| a.id().0).collect();
    if oracle.races(command) || oracle.aliases(command) {
        return Ok(true);
    }
    let hashes = |machine: &Started| {
        (machine.vidmm().hash(), machine.host().hash(), machine.driver().gpu().hash())
    };
    let hashes_before = hashes(before);
    run.go_to(Place::after(number)).map_err(|diverged| diverged.to_string())?;
    let record = run.record(number).ok_or("no record")?;
    // The driver builds the DMA buffer first. One that grows needs a run of frames, and where those of
    // allocations lie is not foretold.
    let no_run = |refusal: &Refusal| match refusal.reason {
        RefusalReason::OutOfFrames { needed, largest_run, .. } => needed > largest_run,
        _ => false,
    };
    if let (Command::Use(_), Ending::Refused(refusal)) = (command, &record.ending)
        && no_run(refusal)
    {
        if hashes(started(run)?) != hashes_before {
            return Err("refused, and yet something changed".into());
        }
        oracle.refusals += 1;
        return oracle.compare(started(run)?).map(|()| false);
    }
    let expected = oracle.apply(command);
    if !record.damage.is_empty() || !record.faults.is_empty() {
        return Err(format!("damage {:?}, faults {:?}", record.damage, record.faults));
    }
    match (&record.ending, &expected) {
        (Ending::Done, Ok(())) => {}
        (Ending::Refused(refusal), Err((status, reason)))
            if refusal.status == *status && same_reason(&refusal.reason, reason) =>
        {
            oracle.refusals += 1;
            if hashes(started(run)?) != hashes_before {
                return Err("refused, and yet something changed".into());
            }
        }
        (found, _) => return Err(format!("ended in {found:?}, expected {expected:?}")),
    }
    oracle.compare(started(run)?).map(|()| false)
}

fn started(run: &Run) -> Result<&Started, String> {
    run.machine().started().map_err(|refusal| format!("{refusal:?}"))
}

/// What is wrong with a creation is compared by status alone: one of several may be named.
fn same_reason(found: &RefusalReason, expected: &RefusalReason) -> bool {
    matches!(expected, RefusalReason::Driver) || found == expected
}

impl Oracle {
    fn apply(&mut self, command: &Command) -> Result<(), Refused> {
        let before = self.naive.clone();
        let result = self.command(command);
        if result.is_err() {
            self.naive = before;
        }
        result
    }

    /// The fence that a use waits for before it looks for room: it is rendered first, into the DMA
    /// buffer of its device that was used least recently.
    fn waits_for(&self, command: &Command, machine: &Started) -> FenceId {
        let Command::Use(references) = command else { return FenceId::default() };
        let first = references.first().map(|first| first.allocation.0);
        let known = first.and_then(|id| self.naive.allocations.get(&id));
        let Some(device) = known.map(|known| DeviceId(known.owner)) else {
            return FenceId::default();
        };
        let buffers = machine.vidmm().queue().buffers().iter();
        let pool = buffers.filter(|buffer| {
            buffer.shape.kind == BufferKind::Dma && buffer.shape.device == Some(device)
        });
        let oldest = pool.min_by_key(|buffer| buffer.usage.serial);
        oldest.map_or(FenceId::default(), |buffer| buffer.usage.fence)
    }

    /// Whether the CPU goes at what is locked while the GPU has not come to it: a lock waits once,
    /// and what is rendered later is a race of the caller's, in which a case ends.
    fn races(&self, command: &Command) -> bool {
        let (Command::CpuWrite(id, ..) | Command::CpuRead(id, ..)) = command else { return false };
        let locked = self.naive.allocations.get(&id.0).is_some_and(|a| a.locks > 0);
        locked && self.naive.busy.contains(&id.0)
    }

    /// Whether a raw transfer meets one frame twice: the documents do not say which write is last.
    fn aliases(&self, command: &Command) -> bool {
        let Command::Raw(raw) = command else { return false };
        let (RawOperation::Transfer(raw) | RawOperation::SpecialLockTransfer(raw, ..)) = &**raw
        else {
            return false;
        };
        self.naive.aliases(raw)
    }

    fn exists(&self, id: AllocationId) -> Result<u32, Refused> {
        if self.naive.allocations.contains_key(&id.0) {
            Ok(id.0)
        } else if self.destroyed.contains(&id.0) {
            Err((NtStatus::ALLOCATION_CLOSED, RefusalReason::Destroyed(id)))
        } else {
            Err((NtStatus::INVALID_ALLOCATION_HANDLE, RefusalReason::NotCreated(id)))
        }
    }

    /// First byte and the one after the last.
    fn range(&self, id: u32, range: AllocationRange) -> Result<(usize, usize), Refused> {
        let size = self.naive.allocations[&id].content_size();
        let end = range.length.map_or(size.max(range.offset), |length| range.offset + length);
        if range.offset > size || end > size {
            // The size in the reason is that of the content: whole pages, or rows.
            let (offset, length) = (range.offset, range.length.unwrap_or(0));
            let size = vidmm_inspector::base::Bytes(size);
            let reason = RefusalReason::RangeBeyondAllocation { offset, length, size };
            return Err((NtStatus::INVALID_PARAMETER, reason));
        }
        Ok((small(range.offset), small(end)))
    }

    fn exist(&self, ids: &[AllocationId]) -> Result<Vec<u32>, Refused> {
        ids.iter().map(|id| self.exists(*id)).collect()
    }

    /// What is offered must be reclaimed before the GPU uses it.
    fn reclaimed(&self, ids: &[(u32, bool)]) -> Result<(), Refused> {
        let offered = ids.iter().find(|(id, _)| self.naive.allocations[id].offer != Offered::No);
        offered.map_or(Ok(()), |(id, _)| Err(invalid(RefusalReason::Offered(AllocationId(*id)))))
    }

    fn command(&mut self, command: &Command) -> Result<(), Refused> {
        match command {
            Command::CreateAllocation(create) => self.create(create)?,
            Command::DestroyAllocation(id) => {
                let id = self.exists(*id)?;
                // Its owner closes it.
                let owner = self.naive.allocations[&id].owner;
                self.close(id, owner)?;
            }
            Command::MakeResident(ids) => {
                let mut wanted: Vec<(u32, bool)> = Vec::new();
                for id in self.exist(ids)? {
                    if wanted.iter().all(|known| known.0 != id) {
                        wanted.push((id, true));
                    }
                }
                self.reclaimed(&wanted)?;
                self.naive.make_resident(&wanted, None)?;
            }
            Command::Use(references) => self.use_(references)?,
            Command::CpuWrite(id, range, data) => self.cpu_write(*id, *range, data)?,
            Command::CpuRead(id, range) => {
                let id = self.exists(*id)?;
                self.range(id, *range)?;
                self.naive.open_to_cpu(id, LockFlags::empty())?;
            }
            Command::Evict(id) => {
                let id = self.exists(*id)?;
                if self.naive.allocations[&id].pinned() {
                    let reason = RefusalReason::Pinned(AllocationId(id));
                    return Err((NtStatus::CANT_EVICT_PINNED_ALLOCATION, reason));
                }
                self.naive.evict(id);
            }
            Command::EvictAll => {
                for id in self.naive.leaving() {
                    self.naive.evict(id);
                }
            }
            Command::SetPriority(id, priority) => {
                let id = self.exists(*id)?;
                if priority.0 == 0 {
                    return Err((NtStatus::INVALID_PARAMETER, RefusalReason::ZeroPriority));
                }
                self.naive.get(id).priority = priority.0;
            }
            Command::CreateDevice(_, process, _) => self.naive.devices.push(process.0),
            Command::CreateProcess(_) | Command::RunGpu(_) => {}
            Command::Offer(ids, priority) => {
                let ids = self.exist(ids)?;
                self.naive.offer(&ids, *priority)?;
            }
            Command::Reclaim(ids) => {
                let ids = self.exist(ids)?;
                self.naive.reclaim(&ids)?;
            }
            Command::Lock(id, device, flags) => {
                let id = self.exists(*id)?;
                self.naive.lock(id, *device, *flags)?;
            }
            Command::Unlock(id) => {
                let id = self.exists(*id)?;
                self.naive.unlock(id)?;
            }
            Command::OpenAllocation(id, device) => {
                let id = self.exists(*id)?;
                self.naive.open(id, *device)?;
            }
            Command::CloseAllocation(id, device) => {
                let id = self.exists(*id)?;
                self.close(id, device.0)?;
            }
            Command::Display(id) => {
                let id = id.map(|id| self.exists(id)).transpose()?;
                self.naive.display(id)?;
            }
            Command::ReservePages(reserve) => self.naive.reserve(reserve.pages, reserve.count)?,
            Command::ReleasePages(id) => self.naive.release(*id)?,
            Command::WritePages(id, range, data) => {
                let length = match data {
                    Data::Bytes(exact) => range.length.or(Some(exact.len() as u64)),
                    _ => range.length,
                };
                let bytes = |len| bytes_of(data, len);
                self.naive.write_pages(*id, range.offset, length, bytes)?;
            }
            Command::Raw(raw) => {
                raw.allocation().map(|id| self.exists(id)).transpose()?;
                self.naive.raw(raw)?;
            }
            other @ (Command::CreateContext(..)
            | Command::Submit(_)
            | Command::Power(_)
            | Command::Expect(_)) => {
                unreachable!("random cases have no {other:?}")
            }
        }
        Ok(())
    }

    fn close(&mut self, id: u32, device: u32) -> Result<(), Refused> {
        if self.naive.close(id, device)? {
            self.destroyed.push(id);
        }
        Ok(())
    }

    fn create(&mut self, create: &CreateAllocation) -> Result<(), Refused> {
        let (id, info) = (create.allocation.0, &create.info);
        let list = match create.existing {
            None => None,
            Some(list) => Some(self.naive.list(list)?.clone()),
        };
        if self.is_wrong(create) {
            return Err((NtStatus::INVALID_PARAMETER, RefusalReason::Driver));
        }
        if !self.naive.wddm2 && info.flags.contains(AllocationFlags::LinkMirrored) {
            return Err((NtStatus::NOT_SUPPORTED, RefusalReason::Driver));
        }
        let pages = info.size.get().div_ceil(PAGE);
        if list.as_ref().is_some_and(|list| list.bytes.len() as u64 != pages * PAGE) {
            return Err((NtStatus::INVALID_PARAMETER, RefusalReason::Driver));
        }
        let allocations = self.naive.allocations.values();
        let promised: u64 = allocations.filter(|a| a.existing.is_none()).map(|a| a.pages).sum();
        // Two pages of DMA buffers for each device, and one of the command buffer of its context.
        let promised = promised + 3 * self.naive.devices.len() as u64;
        if list.is_none() && promised + pages > self.commit_limit {
            // The numbers are compared by the machine's own invariants.
            return Err((NtStatus::COMMITMENT_LIMIT, RefusalReason::Driver));
        }
        let resident = Resident {
            info: info.clone(),
            pages,
            fill: create.fill_pattern,
            priority: info.priority.0,
            place: None,
            has_content: list.is_some(),
            dirty: false,
            referenced: 0,
            paged_in: 0,
            offer: Offered::No,
            locks: 0,
            left_for_lock: false,
            owner: create.device.0,
            creator: self.naive.devices[create.device.index()],
            openers: Vec::new(),
            shared: create.shared,
            primary: create.primary,
            displayed: false,
            existing: create.existing.map(|list| list.0),
            wddm2: self.naive.wddm2,
        };
        let mut known = Known::new(small(resident.content_size()));
        if let Some(list) = list {
            known.put(0, &list.bytes);
        }
        self.naive.allocations.insert(id, resident);
        self.naive.contents.insert(id, known.into());
        if let Some(list) = create.existing {
            self.naive.list(list)?.wrapped = Some(id);
        }
        if create.resident {
            self.naive.make_resident(&[(id, true)], None)?;
        }
        Ok(())
    }

    /// Whether what a creation asks for breaks a rule.
    fn is_wrong(&self, create: &CreateAllocation) -> bool {
        let info: &AllocationInfo = &create.info;
        let has = |flag| info.flags.contains(flag);
        let read = if self.naive.wddm2 { 0 } else { info.supported_read.0 };
        let supported = read | info.supported_write.0;
        let known = (1_u32 << self.naive.segments.len()) - 1;
        let segments = || {
            let all = self.naive.segments.iter().enumerate();
            all.filter(|(at, _)| supported >> at & 1 == 1).map(|(_, segment)| segment)
        };
        let (size, alignment) = (info.size.get(), info.alignment.get());
        let pitched = info.pitch_aligned_size.get();
        let visible = has(AllocationFlags::CpuVisible);
        let (permanent, cached) =
            (has(AllocationFlags::PermanentSysMem), has(AllocationFlags::Cached));
        let wraps = has(AllocationFlags::ExistingSysMem);
        // Bit 10 is CreateInVpr in WDDM 2.x.
        let protected = self.naive.wddm2 && has(AllocationFlags::UseAlternateVA);
        let large = segments().any(|segment| segment.unit == LARGE);
        size == 0
            || alignment > PAGE && !alignment.is_power_of_two()
            || large && (alignment == 0 || !alignment.is_multiple_of(LARGE * PAGE))
            || info.priority.0 == 0
            || supported & !known != 0
            || supported == 0
            || pitched == 0 && segments().any(|segment| segment.pitched)
            || pitched != 0 && pitched < size
            || !visible && (permanent || cached)
            || wraps && permanent
            || create.primary && (permanent || cached || wraps)
            || wraps != create.existing.is_some()
            || wraps && !size.is_multiple_of(PAGE)
            || protected && segments().all(|segment| segment.protected.is_none())
    }

    fn use_(&mut self, references: &[Reference]) -> Result<(), Refused> {
        let mut wanted: Vec<(u32, bool)> = Vec::new();
        let mut accesses = Vec::new();
        for reference in references {
            let id = self.exists(reference.allocation)?;
            let range = self.range(id, reference.range)?;
            let written = matches!(reference.kind, ReferenceKind::Write { .. });
            match wanted.iter_mut().find(|known| known.0 == id) {
                Some(known) => known.1 |= written,
                None => wanted.push((id, written)),
            }
            accesses.push((id, range, reference.kind));
        }
        self.reclaimed(&wanted)?;
        // A command buffer names no empty ranges: the driver refuses it before anything moves.
        if accesses.iter().any(|(_, (from, to), _)| from == to) {
            return Err((NtStatus::INVALID_PARAMETER, RefusalReason::CommandBuffer));
        }
        let contents = self.naive.contents.iter();
        let ahead: BTreeMap<u32, u64> = contents.map(|(id, known)| (*id, known.writes)).collect();
        self.naive.make_resident(&wanted, None)?;
        let mut named: BTreeMap<u32, u64> = BTreeMap::new();
        for (id, (from, to), kind) in accesses {
            let written = matches!(kind, ReferenceKind::Write { .. });
            self.naive.reference(id, written);
            if let ReferenceKind::Write { seed } = kind {
                let nth = named.entry(id).or_default();
                *nth += 1;
                let made = u64::from(id) << 32 | (ahead[&id] + *nth);
                let place = self.naive.allocations[&id].place;
                let through_aperture =
                    place.is_some_and(|(segment, _)| self.naive.segments[segment].aperture);
                let known = self.naive.known(id);
                known.put(from, &seeded(to - from, seed.unwrap_or(made)));
                // Through an aperture the GPU writes the pages; in memory it leaves those of a
                // permanent backing store as they are, and the cache holds what it held of them.
                if through_aperture {
                    known.forget_cached(from, to);
                }
            }
        }
        Ok(())
    }

    fn cpu_write(
        &mut self,
        id: AllocationId,
        range: AllocationRange,
        data: &Data,
    ) -> Result<(), Refused> {
        let id = self.exists(id)?;
        let range = match (data, range.length) {
            (Data::Bytes(exact), None) => {
                AllocationRange { length: Some(exact.len() as u64), ..range }
            }
            _ => range,
        };
        let (from, to) = self.range(id, range)?;
        self.naive.open_to_cpu(id, LockFlags::empty())?;
        self.naive.cpu_wrote(id, from, &bytes_of(data, to - from));
        Ok(())
    }

    fn compare(&mut self, machine: &Started) -> Result<(), String> {
        let vidmm = machine.vidmm();
        let book = vidmm.book();
        let living: Vec<u32> = book.allocations().map(|allocation| allocation.id().0).collect();
        let expected: Vec<u32> = self.naive.allocations.keys().copied().collect();
        if living != expected {
            return Err(format!("allocations {living:?}, expected {expected:?}"));
        }
        for allocation in book.allocations() {
            let known = &self.naive.allocations[&allocation.id().0];
            let found = allocation.placement().map(|p| (p.segment.index(), p.span.start() / PAGE));
            let id = allocation.id();
            if found != known.place {
                return Err(format!("{id:?} is at {found:?}, expected {:?}", known.place));
            }
            let taken = known.place.map(|place| known.taken(&self.naive.segments[place.0]) * PAGE);
            let found = allocation.placement().map(|p| p.span.len());
            if found != taken {
                return Err(format!("{id:?} takes {found:?}, expected {taken:?}"));
            }
            compare_states(allocation, known, self.naive.in_memory(id.0))?;
        }
        let displayed = book.displayed().map(|id| id.0);
        if displayed != self.naive.displayed {
            let expected = self.naive.displayed;
            return Err(format!("{displayed:?} is displayed, expected {expected:?}"));
        }
        for index in 0..self.naive.segments.len() {
            let id = SegmentId::from_index(index).ok_or("segment")?;
            let space = book.segment(id).ok_or("segment")?.space();
            let used = self.naive.used(index) * PAGE;
            if space.used() != used
                || space.free() != self.naive.segments[index].pages * PAGE - used
            {
                return Err(format!("segment {id}: {} used, expected {used}", space.used()));
            }
        }
        let found = counts(machine);
        if found != self.naive.counts {
            return Err(format!("counted {found:?}, expected {:?}", self.naive.counts));
        }
        if machine.counter(Counter::Refusals) != self.refusals {
            return Err("refusals are counted wrong".into());
        }
        self.compare_bytes(machine)
    }

    /// Reserved pages that no allocation wraps.
    fn compare_lists(&self, machine: &Started) -> Result<(), String> {
        let pages: Vec<u32> = machine.vidmm().book().all_pages().map(|(id, _)| id.0).collect();
        let expected: Vec<u32> = self.naive.lists.keys().copied().collect();
        if pages != expected {
            return Err(format!("pages {pages:?}, expected {expected:?}"));
        }
        for (id, reserved) in machine.vidmm().book().all_pages() {
            let list = &self.naive.lists[&id.0];
            let wrapped = reserved.wrapped_by.map(|id| id.0);
            if wrapped != list.wrapped {
                return Err(format!("{id:?} is wrapped by {wrapped:?}, not {:?}", list.wrapped));
            }
            let size = reserved.mdl.pages().bytes().get();
            let pieces = machine.host().mdl_pieces(&reserved.mdl, 0, size);
            let found = bytes::read_pieces(&pieces.unwrap_or_default(), list.bytes.len() + 1);
            let differs = |(found, known): (&u8, &Option<u8>)| known.is_some_and(|k| k != *found);
            let at = found.iter().zip(list.bytes.iter()).position(differs);
            if wrapped.is_none() && (at.is_some() || found.len() != list.bytes.len()) {
                return Err(format!("{id:?} holds a wrong byte at {at:?}"));
            }
        }
        Ok(())
    }

    /// Every byte, unless the engine has work left. What is described as it was when it was last
    /// compared, and has not been changed by intent since, is the same still.
    fn compare_bytes(&mut self, machine: &Started) -> Result<(), String> {
        if machine.vidmm().queue().last_fence() > machine.driver().gpu().completed_fence() {
            return Ok(());
        }
        self.compare_lists(machine)?;
        for allocation in machine.vidmm().book().allocations() {
            let id = allocation.id().0;
            let known = &self.naive.contents[&id];
            let held = allocation.backing().map_or(0, |mdl| machine.host().unflushed(mdl).get());
            let expected = known.cached.iter().filter(|held| **held).count() as u64;
            if held != expected {
                return Err(format!("the cache holds {held} of {id}, expected {expected}"));
            }
            let Some(pieces) = machine.pieces(allocation) else {
                if known.touched {
                    return Err(format!("allocation {id} was written and has no bytes"));
                }
                continue;
            };
            let seen = (pieces, known.version);
            if self.compared.get(&id) == Some(&seen) {
                continue;
            }
            let found = bytes::read_pieces(&seen.0, known.bytes.len() + 1);
            let differs = |(found, known): (&u8, &Option<u8>)| known.is_some_and(|k| k != *found);
            let at = found.iter().zip(&known.bytes).position(differs);
            if at.is_some() || found.len() != known.bytes.len() {
                return Err(format!(
                    "allocation {id} has {} bytes, expected {}; the first wrong is {at:?}",
                    found.len(),
                    known.bytes.len()
                ));
            }
            self.compared.insert(id, seen);
        }
        Ok(())
    }
}

fn compare_states(
    allocation: &Allocation,
    known: &Resident,
    in_memory: bool,
) -> Result<(), String> {
    let id = allocation.id();
    let offer = match allocation.offer() {
        Offer::None => Offered::No,
        Offer::Discarded => Offered::Dropped,
        Offer::Offered(OfferPriority::Low) => Offered::At(0),
        Offer::Offered(OfferPriority::Normal) => Offered::At(1),
        Offer::Offered(_) => Offered::At(2),
    };
    let openers: Vec<u32> = allocation.openers().iter().map(|device| device.0).collect();
    let found = (offer, allocation.locks(), allocation.device().0, openers);
    let expected = (known.offer, known.locks, known.owner, known.openers.clone());
    if found != expected {
        return Err(format!("{id:?}: offer, locks and owners {found:?}, expected {expected:?}"));
    }
    let found = (allocation.has_content(), allocation.is_dirty(), allocation.is_displayed());
    // Dirt counts only in memory.
    let expected = (known.has_content, known.dirty && in_memory, known.displayed);
    if (found.0, found.1 && in_memory, found.2) != expected {
        return Err(format!("{id:?}: content, dirty, displayed {found:?}, expected {expected:?}"));
    }
    Ok(())
}

/// The bytes that a write leaves behind.
fn bytes_of(data: &Data, len: usize) -> Vec<Option<u8>> {
    match data {
        Data::Seed(seed) => seeded(len, *seed),
        Data::Pattern(word) => repeated(len, *word),
        Data::Bytes(exact) => exact.iter().copied().map(Some).collect(),
    }
}

fn counts(machine: &Started) -> Counts {
    let pages = |counter| {
        let bytes = machine.counter(counter);
        assert_eq!(bytes % PAGE, 0, "whole pages move");
        bytes / PAGE
    };
    Counts {
        page_ins: machine.counter(Counter::PageIns),
        evictions: machine.counter(Counter::Evictions),
        filled: pages(Counter::BytesFilled),
        discarded: pages(Counter::BytesDiscarded),
        mapped: pages(Counter::BytesMappedIntoAperture),
        unmapped: pages(Counter::BytesUnmappedFromAperture),
        mdl_to_memory: pages(Counter::BytesMdlToMemory),
        memory_to_mdl: pages(Counter::BytesMemoryToMdl),
        aperture_to_memory: pages(Counter::BytesApertureToMemory),
        memory_to_aperture: pages(Counter::BytesMemoryToAperture),
        flushed: machine.counter(Counter::BytesFlushed),
    }
}
