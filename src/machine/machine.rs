//! One machine: what a command does to it.

use crate::base::{AllocationId, Bytes, FenceId, SegmentOffset, Span, StateHash};
use crate::config::{Adapter, EnginePolicy, Policies};
use crate::ddi::{AccessKind, Miniport as _, NtStatus};
use crate::kmd::{Driver, Profile, StartError};
use crate::memory::{Content, HostMemory, SeenBytes, bytes};
use crate::rules::{Finding, check_adapter};
use crate::vidmm::{
    CpuView, Environment, Failure, NewAllocation, Reference as VidMmReference, Refusal,
    RefusalReason, Stop, VidMm,
};

use super::command::{
    AllocationRange, Command, CreateAllocation, Data, Reference, ReferenceKind, RunGpu,
    resolve_range,
};
use super::expect::Mismatch;
use super::ledger::{Ledger, LedgerChange, LedgerJournal, PendingRead, expect_bytes};
use super::moment::Moment;
use super::recorder::{Fault, Recorder, Summary};
use super::trace::TraceBuilder;
use super::verify::Damage;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Done,
    /// Refused; the state is unchanged.
    Refused(Refusal),
    /// The machine stopped.
    Stopped(Stop),
    /// An expectation that holds.
    Held,
    /// An expectation that does not.
    Failed(Mismatch),
}

/// What a command came to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// How it ended.
    pub ending: Ending,
    /// In numbers.
    pub summary: Summary,
    /// Faults of the device while it ran.
    pub faults: Vec<Fault>,
    /// What was found wrong after it.
    pub damage: Vec<Damage>,
}

/// Why an adapter did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartRefusal {
    /// Its configuration breaks rules of error severity.
    Rules,
    /// The driver refused it.
    Driver(StartError),
    /// VidMm could not get the memory that it needs, or the driver stopped the machine.
    VidMm(Failure),
}

/// How thoroughly the machine looks for damage after a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scrutiny {
    /// Everything after every command while there are few objects, else what the command touched,
    /// with everything at intervals.
    #[default]
    Full,
    /// What the command touched.
    Touched,
}

/// Objects up to which everything is looked at after every command.
const FEW_OBJECTS: usize = 1_000;
/// With more objects, everything is looked at every so many commands at most.
const SWEEP_INTERVAL: u64 = 1_024;

/// A machine whose adapter started.
#[derive(Debug)]
pub struct Started {
    pub(crate) vidmm: VidMm,
    pub(crate) driver: Driver,
    pub(crate) host: HostMemory,
    pub(crate) ledger: LedgerJournal,
    scrutiny: Scrutiny,
}

/// A machine: started, or refused with what is wrong.
#[derive(Debug)]
pub struct Machine {
    findings: Vec<Finding>,
    pub(super) started: Result<Box<Started>, StartRefusal>,
}

impl Machine {
    /// Builds a machine around an adapter; one that breaks rules is there but does not start.
    #[must_use]
    pub fn new(adapter: &Adapter, policies: Policies, profile: &Profile) -> Self {
        let (checked, findings) = check_adapter(adapter);
        let started = checked.ok_or(StartRefusal::Rules).and_then(|checked| {
            let mut driver = Driver::new(profile, adapter).map_err(StartRefusal::Driver)?;
            let mut host = HostMemory::new(checked.system_memory, checked.frame_seed);
            let mut observer = crate::vidmm::Unobserved;
            let mut environment =
                Environment { host: &mut host, driver: &mut driver, observer: &mut observer };
            let vidmm =
                VidMm::start(checked, policies, &mut environment).map_err(StartRefusal::VidMm)?;
            let ledger = LedgerJournal::new(Ledger::default());
            let scrutiny = Scrutiny::default();
            Ok(Box::new(Started { vidmm, driver, host, ledger, scrutiny }))
        });
        Self { findings, started }
    }

    /// Rules that the adapter breaks or touches.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The machine, if its adapter started.
    ///
    /// # Errors
    /// Why it did not.
    pub fn started(&self) -> Result<&Started, &StartRefusal> {
        self.started.as_deref()
    }

    /// Chooses how thoroughly the machine looks for damage.
    pub fn set_scrutiny(&mut self, scrutiny: Scrutiny) {
        if let Ok(started) = &mut self.started {
            started.scrutiny = scrutiny;
        }
    }

    /// Where the rooms stand.
    #[must_use]
    pub fn moment(&self) -> Moment {
        self.started.as_ref().map_or_else(|_| Moment::default(), |started| started.moment())
    }

    /// Goes to a moment of this machine's history.
    pub fn move_to(&mut self, moment: Moment) {
        if let Ok(started) = &mut self.started {
            started.move_to(moment);
        }
    }

    /// Takes back what was applied since a moment that is not before the last move.
    pub(crate) fn roll_back(&mut self, moment: Moment) {
        if let Ok(started) = &mut self.started {
            started.roll_back(moment);
        }
    }

    /// Drops what lies ahead.
    pub fn forget_ahead(&mut self) {
        if let Ok(started) = &mut self.started {
            started.vidmm.forget_ahead();
            started.host.forget_ahead();
            started.driver.forget_ahead();
            started.ledger.forget_ahead();
        }
    }

    /// Hash of the whole state.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        self.started.as_ref().map_or_else(|_| StateHash::default(), |started| started.hash())
    }

    /// Applies a command to its end. `number` counts commands from 1.
    pub(crate) fn apply(
        &mut self,
        number: u64,
        command: &Command,
        trace: Option<&mut TraceBuilder>,
    ) -> Outcome {
        match &mut self.started {
            Ok(started) => started.apply(number, command, trace),
            Err(_) => {
                let reason = RefusalReason::AdapterNotStarted;
                let refusal = Refusal::new(NtStatus::DEVICE_NOT_READY, reason);
                Outcome {
                    ending: Ending::Refused(refusal),
                    summary: Summary::default(),
                    faults: Vec::new(),
                    damage: Vec::new(),
                }
            }
        }
    }
}

/// A command being applied.
struct Applying<'a, 'r> {
    vidmm: &'a mut VidMm,
    driver: &'a mut Driver,
    host: &'a mut HostMemory,
    recorder: &'a mut Recorder<'r>,
    touched: Vec<AllocationId>,
    damage: Vec<Damage>,
}

impl Started {
    /// VidMm.
    #[must_use]
    pub const fn vidmm(&self) -> &VidMm {
        &self.vidmm
    }

    /// The driver, with the GPU that it drives.
    #[must_use]
    pub const fn driver(&self) -> &Driver {
        &self.driver
    }

    /// System memory.
    #[must_use]
    pub const fn host(&self) -> &HostMemory {
        &self.host
    }

    /// What every byte must be, and the counts that are not VidMm's.
    #[must_use]
    pub const fn expectations(&self) -> &Ledger {
        self.ledger.state()
    }

    /// Where the rooms stand.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment {
            vidmm: self.vidmm.mark(),
            host: self.host.mark(),
            driver: self.driver.mark(),
            ledger: self.ledger.position(),
        }
    }

    /// Hash of the whole state.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        self.vidmm
            .hash()
            .with(self.host.hash())
            .with(self.driver.hash())
            .with(self.ledger.state().hash())
    }

    fn move_to(&mut self, moment: Moment) {
        self.vidmm.move_to(moment.vidmm);
        self.host.move_to(moment.host);
        self.driver.move_to(moment.driver);
        self.ledger.move_to(moment.ledger);
    }

    fn roll_back(&mut self, moment: Moment) {
        self.vidmm.roll_back(moment.vidmm);
        self.host.roll_back(moment.host);
        self.driver.roll_back(moment.driver);
        self.ledger.roll_back(moment.ledger);
    }

    fn apply(
        &mut self,
        number: u64,
        command: &Command,
        trace: Option<&mut TraceBuilder>,
    ) -> Outcome {
        if let Command::Expect(expectation) = command {
            let ending = match self.evaluate(expectation) {
                Ok(()) => Ending::Held,
                Err(mismatch) => Ending::Failed(mismatch),
            };
            let (summary, faults, damage) = Default::default();
            return Outcome { ending, summary, faults, damage };
        }
        let start = self.moment();
        let (result, summary, faults, touched, mut damage) = self.execute(command, trace);
        let ending = match result {
            Ok(()) => Ending::Done,
            Err(Failure::Refused(refusal)) => {
                self.roll_back(start);
                self.ledger.apply(LedgerChange::Refused);
                Ending::Refused(refusal)
            }
            Err(Failure::Stopped(stop)) => {
                self.ledger.apply(LedgerChange::Stopped(number, stop));
                Ending::Stopped(stop)
            }
        };
        let after = match &ending {
            Ending::Refused(refusal) => refusal.status,
            Ending::Stopped(stop) => stop.status.unwrap_or(NtStatus::GPU_EXCEPTION_ON_DEVICE),
            _ => NtStatus::SUCCESS,
        };
        let before = self.ledger.state().last_status;
        self.ledger.apply(LedgerChange::Status { before, after });
        let refused = matches!(ending, Ending::Refused(_));
        let (summary, faults) =
            if refused { (Summary::default(), Vec::new()) } else { (summary, faults) };
        if refused {
            damage.clear();
        } else if self.sweeps_after(number) {
            damage.extend(self.damage());
        } else {
            for id in touched {
                self.damage_of(id, &mut damage);
            }
        }
        Outcome { ending, summary, faults, damage }
    }

    fn sweeps_after(&self, number: u64) -> bool {
        let objects = self.vidmm.book().allocations.len();
        self.scrutiny == Scrutiny::Full
            && (objects < FEW_OBJECTS || {
                // A sweep looks at every object: rarer, the more there are.
                let interval = SWEEP_INTERVAL.max(objects as u64 / 4);
                number.is_multiple_of(interval)
            })
    }

    #[allow(clippy::type_complexity)]
    fn execute(
        &mut self,
        command: &Command,
        trace: Option<&mut TraceBuilder>,
    ) -> (Result<(), Failure>, Summary, Vec<Fault>, Vec<AllocationId>, Vec<Damage>) {
        let stopped = self.ledger.state().stopped();
        let drain = self.vidmm.policies().engine == EnginePolicy::Drain;
        let fences_before = self.vidmm.queue().last_fence();
        let mut recorder = Recorder::new(&mut self.ledger, trace);
        let mut applying = Applying {
            vidmm: &mut self.vidmm,
            driver: &mut self.driver,
            host: &mut self.host,
            recorder: &mut recorder,
            touched: Vec::new(),
            damage: Vec::new(),
        };
        let result = match stopped {
            Some((command, _)) => {
                let reason = RefusalReason::Stopped { command };
                Err(Refusal::new(NtStatus::DEVICE_NOT_READY, reason).into())
            }
            None => applying.command(command, drain),
        };
        let (touched, damage) = (applying.touched, applying.damage);
        let (summary, faults) = (recorder.summary, recorder.faults);
        let submitted = self.vidmm.queue().last_fence().0 - fences_before.0;
        for _ in 0..submitted {
            self.ledger.apply(LedgerChange::Submitted);
        }
        (result, summary, faults, touched, damage)
    }
}

impl Applying<'_, '_> {
    fn with<R>(&mut self, call: impl FnOnce(&mut VidMm, &mut Environment<'_>) -> R) -> R {
        let mut environment =
            Environment { host: self.host, driver: self.driver, observer: self.recorder };
        call(self.vidmm, &mut environment)
    }

    fn command(&mut self, command: &Command, drain: bool) -> Result<(), Failure> {
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
        let size = self.vidmm.book().allocation(id).map_or(Bytes::ZERO, |a| a.size());
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
        let size = self.vidmm.book().allocation(id).map_or(Bytes::ZERO, |a| a.size());
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
