//! One case: the machine applies a command, the oracles apply it, and everything is compared.

use std::collections::BTreeMap;

use vidmm_inspector::base::{AllocationId, Piece, SegmentId};
use vidmm_inspector::ddi::{AllocationFlags, NtStatus};
use vidmm_inspector::machine::{
    AllocationRange, Command, Counter, CreateAllocation, Data, Ending, Place, Reference,
    ReferenceKind, Run, Started,
};
use vidmm_inspector::memory::{Content, bytes};
use vidmm_inspector::vidmm::RefusalReason;

use super::content::{Contents, Known};
use super::naive::{Counts, Naive, Refused, Resident};
use crate::random::{Case, PAGE};

/// The oracles.
struct Oracle {
    naive: Naive,
    contents: Contents,
    destroyed: Vec<u32>,
    /// Pages that may be promised to allocations.
    commit_limit: u64,
    refusals: u64,
    /// What was compared already: description and version.
    compared: BTreeMap<u32, (Vec<Piece<Content>>, u64)>,
    /// What a first page-in fills with.
    patterns: BTreeMap<u32, u32>,
}

pub(crate) fn judge(case: &Case) -> Result<(), String> {
    let adapter = case.adapter();
    let commands = case.commands();
    let mut run = case.run();
    run.machine().started().map_err(|refusal| format!("did not start: {refusal:?}"))?;
    let buffers = adapter.paging_buffer;
    // The dummy page, the buffer to start with, two for the user's work.
    let own = 4 + u64::from(buffers.count) * buffers.size.div_ceil(PAGE);
    let mut oracle = Oracle {
        naive: Naive::new(&adapter, case.policies()),
        contents: Contents::new(),
        destroyed: Vec::new(),
        commit_limit: adapter.system_memory / PAGE - own,
        refusals: 0,
        compared: BTreeMap::new(),
        patterns: BTreeMap::new(),
    };
    for (number, command) in (1..).zip(&commands) {
        step(&mut run, number, command, &mut oracle)
            .map_err(|message| format!("command {number}, {command:?}: {message}"))?;
    }
    Ok(())
}

fn step(
    run: &mut Run,
    number: usize,
    command: &Command,
    oracle: &mut Oracle,
) -> Result<(), String> {
    let before = started(run)?;
    let in_flight = before.vidmm().book().allocations().filter(|a| before.is_in_flight(a));
    oracle.naive.busy = in_flight.map(|a| a.id().0).collect();
    let hashes = |machine: &Started| {
        (machine.vidmm().hash(), machine.host().hash(), machine.driver().gpu().hash())
    };
    let hashes_before = hashes(before);
    run.go_to(Place::after(number)).map_err(|diverged| diverged.to_string())?;
    let record = run.record(number).ok_or("no record")?;
    if !record.damage.is_empty() || !record.faults.is_empty() {
        return Err(format!("damage {:?}, faults {:?}", record.damage, record.faults));
    }
    let expected = oracle.apply(command);
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
    oracle.compare(started(run)?)
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
        self.naive.fills.clear();
        let result = self.command(command);
        if result.is_err() {
            self.naive = before;
        }
        result
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
        let size = self.naive.allocations[&id].pages * PAGE;
        let end = range.length.map_or(size.max(range.offset), |length| range.offset + length);
        if range.offset > size || end > size {
            // The size in the reason is whole pages.
            let (offset, length) = (range.offset, range.length.unwrap_or(0));
            let size = vidmm_inspector::base::Bytes(size);
            let reason = RefusalReason::RangeBeyondAllocation { offset, length, size };
            return Err((NtStatus::INVALID_PARAMETER, reason));
        }
        Ok((index(range.offset), index(end)))
    }

    fn command(&mut self, command: &Command) -> Result<(), Refused> {
        match command {
            Command::CreateAllocation(create) => self.create(create)?,
            Command::DestroyAllocation(id) => {
                let id = self.exists(*id)?;
                self.naive.destroy(id);
                self.contents.remove(&id);
                self.destroyed.push(id);
            }
            Command::MakeResident(ids) => {
                let mut wanted: Vec<(u32, bool)> = Vec::new();
                for id in ids {
                    let id = self.exists(*id)?;
                    if wanted.iter().all(|known| known.0 != id) {
                        wanted.push((id, true));
                    }
                }
                self.naive.make_resident(&wanted)?;
                self.fill();
            }
            Command::Use(references) => self.use_(references)?,
            Command::CpuWrite(id, range, data) => self.cpu_write(*id, *range, data)?,
            Command::CpuRead(id, range) => {
                let id = self.exists(*id)?;
                self.range(id, *range)?;
                self.naive.open_to_cpu(id)?;
            }
            Command::Evict(id) => {
                let id = self.exists(*id)?;
                if self.naive.allocations[&id].pinned() {
                    let reason = RefusalReason::Pinned(AllocationId(id));
                    return Err((NtStatus::CANT_EVICT_PINNED_ALLOCATION, reason));
                }
                self.naive.evict(id);
            }
            Command::EvictAll => self.naive.evict_all(),
            Command::SetPriority(id, priority) => {
                let id = self.exists(*id)?;
                if priority.0 == 0 {
                    return Err((NtStatus::INVALID_PARAMETER, RefusalReason::ZeroPriority));
                }
                if let Some(allocation) = self.naive.allocations.get_mut(&id) {
                    allocation.priority = priority.0;
                }
            }
            Command::CreateProcess(_) | Command::CreateDevice(..) | Command::RunGpu(_) => {}
            other => unreachable!("random cases have no {other:?}"),
        }
        Ok(())
    }

    fn create(&mut self, create: &CreateAllocation) -> Result<(), Refused> {
        let (id, info) = (create.allocation.0, &create.info);
        let wrong = (NtStatus::INVALID_PARAMETER, RefusalReason::Driver);
        let known = (1_u32 << self.naive.segments.len()) - 1;
        let visible = info.flags.contains(AllocationFlags::CpuVisible);
        let needs = AllocationFlags::PermanentSysMem | AllocationFlags::Cached;
        if info.size.get() == 0
            || info.alignment.get() > PAGE && !info.alignment.get().is_power_of_two()
            || info.priority.0 == 0
            || (info.supported_read.0 | info.supported_write.0) & !known != 0
        {
            return Err(wrong);
        }
        if info.flags.contains(AllocationFlags::LinkMirrored) {
            return Err((NtStatus::NOT_SUPPORTED, RefusalReason::Driver));
        }
        if !visible && info.flags.intersects(needs) {
            return Err(wrong);
        }
        let pages = info.size.get().div_ceil(PAGE);
        let promised: u64 = self.naive.allocations.values().map(|a| a.pages).sum();
        if promised + pages > self.commit_limit {
            // The numbers are compared by the machine's own invariants.
            return Err((NtStatus::COMMITMENT_LIMIT, RefusalReason::Driver));
        }
        let resident = Resident {
            info: info.clone(),
            pages,
            priority: info.priority.0,
            place: None,
            has_content: false,
            dirty: false,
            referenced: 0,
            paged_in: 0,
        };
        self.naive.allocations.insert(id, resident);
        if create.resident {
            self.naive.make_resident(&[(id, true)])?;
        }
        let mut known = Known::new(index(pages * PAGE));
        if !self.naive.fills.is_empty() {
            known.put_word(0, index(pages * PAGE), create.fill_pattern);
        }
        self.contents.insert(id, known);
        self.patterns.insert(id, create.fill_pattern);
        Ok(())
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
        self.naive.make_resident(&wanted)?;
        let ahead: BTreeMap<u32, u64> =
            self.contents.iter().map(|(id, known)| (*id, known.writes)).collect();
        self.fill();
        let mut named: BTreeMap<u32, u64> = BTreeMap::new();
        for (id, (from, to), kind) in accesses {
            let written = matches!(kind, ReferenceKind::Write { .. });
            self.naive.reference(id, written);
            if let ReferenceKind::Write { seed } = kind {
                let nth = named.entry(id).or_default();
                *nth += 1;
                let made = u64::from(id) << 32 | (ahead[&id] + *nth);
                if let Some(known) = self.contents.get_mut(&id) {
                    known.put_seed(from, to, seed.unwrap_or(made));
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
        self.naive.open_to_cpu(id)?;
        self.naive.cpu_wrote(id);
        let Some(known) = self.contents.get_mut(&id) else { return Ok(()) };
        match data {
            Data::Seed(seed) => known.put_seed(from, to, *seed),
            Data::Pattern(word) => known.put_word(from, to, *word),
            Data::Bytes(exact) => known.put(from, to, |index| exact[index]),
        }
        Ok(())
    }

    /// The allocations that the command filled hold their word now.
    fn fill(&mut self) {
        for id in self.naive.fills.clone() {
            let word = self.patterns.get(&id).copied().unwrap_or(0);
            if let Some(known) = self.contents.get_mut(&id) {
                let size = known.bytes.len();
                known.put_word(0, size, word);
            }
        }
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
            if found != known.place {
                let id = allocation.id();
                return Err(format!("{id:?} is at {found:?}, expected {:?}", known.place));
            }
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

    /// Every byte, unless the engine has work left. What is described as it was when it was last
    /// compared, and has not been changed by intent since, is the same still.
    fn compare_bytes(&mut self, machine: &Started) -> Result<(), String> {
        if machine.vidmm().queue().last_fence() > machine.driver().gpu().completed_fence() {
            return Ok(());
        }
        for allocation in machine.vidmm().book().allocations() {
            let id = allocation.id().0;
            let known = &self.contents[&id];
            let Some(pieces) = machine.pieces(allocation) else {
                if known.writes > 0 {
                    return Err(format!("allocation {id} was written and has no bytes"));
                }
                continue;
            };
            let seen = (pieces, known.version);
            if self.compared.get(&id) == Some(&seen) {
                continue;
            }
            let found = bytes::read_pieces(&seen.0, known.bytes.len() + 1);
            if found != known.bytes {
                let at = found.iter().zip(&known.bytes).position(|(a, b)| a != b);
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
    }
}

fn index(bytes: u64) -> usize {
    usize::try_from(bytes).expect("random allocations are small")
}
