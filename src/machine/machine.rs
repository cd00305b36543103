//! One machine: what a command does to it.

use crate::base::{AllocationId, Keeping, StateHash};
use crate::config::{Adapter, EnginePolicy, Policies};
use crate::ddi::{DevicePowerState, Miniport as _, NtStatus};
use crate::kmd::{Driver, Profile, StartError};
use crate::memory::HostMemory;
use crate::rules::{Finding, check_adapter};
use crate::vidmm::{Environment, Failure, Refusal, RefusalReason, Stop, Transition, VidMm};

use super::applying::Applying;
use super::command::Command;
use super::expect::Mismatch;
use super::ledger::{Ledger, LedgerChange, LedgerJournal};
use super::moment::Moment;
use super::power::{PowerOutcome, Preview};
use super::recorder::{Fault, Recorder, Summary};
use super::trace::TraceBuilder;
use super::verify::Damage;

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done.
    Done,
    /// Refused; the state is unchanged.
    Refused(Box<Refusal>),
    /// The machine stopped.
    Stopped(Stop),
    /// An expectation that holds.
    Held,
    /// An expectation that does not.
    Failed(Box<Mismatch>),
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
    /// What a power transition came to.
    pub power: Option<Box<PowerOutcome>>,
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
            if let Some(agp) = checked.segments.iter().find(|segment| segment.is_agp()) {
                host = host.with_gart(agp.size.to_pages());
            }
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

    /// Everything that is wrong now, where everything is to be looked at.
    pub(crate) fn sweep(&self) -> Vec<Damage> {
        match &self.started {
            Ok(started) if started.scrutiny == Scrutiny::Full => started.damage(),
            _ => Vec::new(),
        }
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

    /// What becomes of the history behind. Whether every room could do it.
    pub(crate) fn keep(&mut self, keeping: Keeping) -> bool {
        let Ok(started) = &mut self.started else { return true };
        let vidmm = started.vidmm.keep(keeping);
        let host = started.host.keep(keeping);
        let driver = started.driver.keep(keeping);
        started.ledger.keep(keeping) && vidmm && host && driver
    }

    /// Tries a transition and the way back, and takes both back.
    pub(crate) fn preview(&mut self, transition: Transition) -> Preview {
        let (start, hash) = (self.moment(), self.hash());
        // What is tried from here takes the place of what lies ahead, and gives it back.
        self.move_to(start);
        let going = self.apply(u64::MAX, &Command::Power(transition), None);
        let down = going.power.map(|outcome| *outcome);
        let back = match (&going.ending, way_back(transition)) {
            (Ending::Done, Some(back)) => {
                self.apply(u64::MAX, &Command::Power(back), None).power.map(|outcome| *outcome)
            }
            _ => None,
        };
        self.roll_back(start);
        debug_assert_eq!(self.hash(), hash, "what is tried leaves nothing");
        Preview { transition, ending: going.ending, down, back }
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
                    ending: Ending::Refused(Box::new(refusal)),
                    summary: Summary::default(),
                    faults: Vec::new(),
                    damage: Vec::new(),
                    power: None,
                }
            }
        }
    }
}

/// The transition that ends another.
const fn way_back(transition: Transition) -> Option<Transition> {
    match transition {
        Transition::Sleep(_) => Some(Transition::Resume { power_lost: false }),
        Transition::Device(_) => Some(Transition::Device(DevicePowerState::D0)),
        Transition::Resume { .. } | Transition::TimeoutRecovery => None,
    }
}

/// What executing a command came to, before anything is taken back.
struct Executed {
    result: Result<(), Failure>,
    summary: Summary,
    faults: Vec<Fault>,
    touched: Vec<AllocationId>,
    damage: Vec<Damage>,
    power: Option<Box<PowerOutcome>>,
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
                Err(mismatch) => Ending::Failed(Box::new(mismatch)),
            };
            let (summary, faults, damage) = Default::default();
            return Outcome { ending, summary, faults, damage, power: None };
        }
        let start = self.moment();
        let Executed { result, summary, faults, touched, mut damage, power } =
            self.execute(command, trace);
        let ending = match result {
            Ok(()) => Ending::Done,
            Err(Failure::Refused(refusal)) => {
                self.roll_back(start);
                self.ledger.apply(LedgerChange::Refused(1));
                Ending::Refused(Box::new(refusal))
            }
            Err(Failure::Hung) => {
                self.roll_back(start);
                self.ledger.apply(LedgerChange::Refused(1));
                let (status, reason) = (NtStatus::GPU_EXCEPTION_ON_DEVICE, RefusalReason::Hangs);
                Ending::Refused(Box::new(Refusal::new(status, reason)))
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
        let stopped = matches!(ending, Ending::Stopped(_));
        let (summary, faults) =
            if refused { (Summary::default(), Vec::new()) } else { (summary, faults) };
        if refused || stopped {
            // What was refused has left nothing; what stopped the machine is half done.
            damage.clear();
        } else if self.sweeps_after(number) {
            damage.extend(self.damage());
        } else {
            for id in touched {
                self.damage_of(id, &mut damage);
            }
        }
        Outcome { ending, summary, faults, damage, power }
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

    /// Carries a command out. Where the engine hangs while it waits, the adapter is reset first.
    fn execute(&mut self, command: &Command, mut trace: Option<&mut TraceBuilder>) -> Executed {
        let start = self.moment();
        let executed = self.attempt(command, trace.as_deref_mut(), false);
        if executed.result != Err(Failure::Hung) {
            return executed;
        }
        // A reset leaves no operation half planned: what was begun is taken back, the engine runs as
        // far as it comes, and the command is carried out on what the reset leaves.
        self.roll_back(start);
        if let Some(trace) = trace.as_deref_mut() {
            trace.events.clear();
        }
        self.attempt(command, trace, true)
    }

    fn attempt(
        &mut self,
        command: &Command,
        trace: Option<&mut TraceBuilder>,
        hangs: bool,
    ) -> Executed {
        let stopped = self.ledger.state().stopped();
        let drain = self.vidmm.policies().engine == EnginePolicy::Drain;
        let before = (self.vidmm.queue().last_fence(), self.vidmm.queue().preemptions());
        let mut recorder = Recorder::new(&mut self.ledger, trace, before.0);
        let mut applying = Applying {
            vidmm: &mut self.vidmm,
            driver: &mut self.driver,
            host: &mut self.host,
            recorder: &mut recorder,
            touched: Vec::new(),
            damage: Vec::new(),
            power: None,
        };
        let result = match stopped {
            Some((command, _)) => {
                let reason = RefusalReason::Stopped { command };
                Err(Refusal::new(NtStatus::DEVICE_NOT_READY, reason).into())
            }
            None if hangs => applying.time_out().and_then(|()| applying.command(command, drain)),
            None => applying.command(command, drain),
        };
        let Applying { touched, damage, power, .. } = applying;
        let (summary, faults) = (recorder.summary, recorder.faults);
        // Each submission has a fence, and each preemption.
        let fences = self.vidmm.queue().last_fence().0 - before.0.0;
        let preemptions = self.vidmm.queue().preemptions() - before.1;
        let submitted = fences.saturating_sub(preemptions);
        if submitted > 0 {
            self.ledger.apply(LedgerChange::Submitted(submitted));
        }
        Executed { result, summary, faults, touched, damage, power }
    }
}
