//! Power transitions as VidMm sees them: the states, the steps, and its own account of what
//! becomes of each allocation.
//!
//! The account is what VidMm decided from the claims of the driver. What the hardware made of it
//! is not known here: the machine compares the bytes.

use crate::base::{AllocationId, Bytes, Pages, SegmentId, StableHasher};
use crate::ddi::{DevicePowerState, PowerAction, SetPowerState, SystemSleepState};

use super::allocation::Placement;

/// A sleep of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sleep {
    /// S3.
    Standby,
    /// S4: what system memory holds is written to a file, then the power goes.
    Hibernate,
    /// S3 with a hibernation file, in case the power goes: purged as for S4.
    HybridSleep,
    /// Shutdown with fast start-up: the kernel's part hibernates.
    FastStartup,
}

impl Sleep {
    /// Every sleep, in the order in which they are offered.
    pub const ALL: [Self; 4] =
        [Self::Standby, Self::HybridSleep, Self::Hibernate, Self::FastStartup];

    /// The column of the preservation table that VidMm purges by.
    #[must_use]
    pub const fn purges_as(self) -> SystemSleepState {
        match self {
            Self::Standby => SystemSleepState::Standby,
            Self::Hibernate | Self::HybridSleep | Self::FastStartup => SystemSleepState::Hibernate,
        }
    }

    /// The state in which the hardware is while the machine sleeps and its power is kept.
    #[must_use]
    pub const fn state(self) -> SystemSleepState {
        match self {
            Self::Standby | Self::HybridSleep => SystemSleepState::Standby,
            Self::Hibernate | Self::FastStartup => SystemSleepState::Hibernate,
        }
    }

    /// What the driver is told as the reason.
    #[must_use]
    pub const fn action(self) -> PowerAction {
        match self {
            Self::Standby => PowerAction::Sleep,
            Self::Hibernate | Self::HybridSleep => PowerAction::Hibernate,
            Self::FastStartup => PowerAction::Shutdown,
        }
    }

    /// Whether a file is written that the machine could come back from.
    #[must_use]
    pub const fn writes_file(self) -> bool {
        !matches!(self, Self::Standby)
    }
}

/// What a command asks of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transition {
    /// The system goes to sleep.
    Sleep(Sleep),
    /// The system comes back to S0. `power_lost`: the power went while it was in hybrid sleep.
    Resume {
        /// The hardware lost what S4 loses.
        power_lost: bool,
    },
    /// The adapter alone changes its state while the system works.
    Device(DevicePowerState),
    /// The timeout of an engine: the adapter is reset and nothing is saved.
    TimeoutRecovery,
}

/// The power state of the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Power {
    /// S0 and D0.
    #[default]
    Working,
    /// S0, and the adapter in D1, D2 or D3.
    Device(DevicePowerState),
    /// Asleep.
    Asleep(Sleep),
}

impl Power {
    /// Whether a transition leads from here.
    #[must_use]
    pub const fn allows(self, transition: Transition) -> bool {
        matches!(
            (self, transition),
            (
                Self::Working,
                Transition::Sleep(_)
                    | Transition::TimeoutRecovery
                    | Transition::Device(
                        DevicePowerState::D1 | DevicePowerState::D2 | DevicePowerState::D3,
                    ),
            ) | (Self::Device(_), Transition::Device(DevicePowerState::D0))
                | (Self::Asleep(_), Transition::Resume { power_lost: false })
                | (Self::Asleep(Sleep::HybridSleep), Transition::Resume { power_lost: true })
        )
    }

    /// The state of the adapter.
    #[must_use]
    pub const fn device(self) -> DevicePowerState {
        match self {
            Self::Working => DevicePowerState::D0,
            Self::Device(state) => state,
            Self::Asleep(_) => DevicePowerState::D3,
        }
    }
}

/// A step of a transition that is no paging operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PowerOperation {
    /// The scheduler takes no more work.
    SuspendScheduling,
    /// The engines run until nothing is queued.
    DrainEngines,
    /// VidMm decides what becomes of a segment.
    DecideSegment(SegmentId, SegmentVerdict),
    /// `DxgkDdiSetPowerState`.
    SetPowerState(SetPowerState),
    /// System memory in use is written to the hibernation file.
    WriteHibernateFile(Bytes),
    /// The platform sleeps: the hardware keeps what it keeps.
    EnterSleep(SystemSleepState),
    /// The power goes while the machine is in hybrid sleep.
    PowerLost,
    /// The platform wakes.
    WakeUp,
    /// System memory is read from the hibernation file.
    ReadHibernateFile(Bytes),
    /// The memory of DMA buffers is given back: nothing in it is worth saving.
    TrimDmaBuffers(Bytes),
    /// DMA buffers get memory again.
    RefillDmaBuffers(Bytes),
    /// `DxgkDdiResetFromTimeout`.
    ResetFromTimeout,
    /// `DxgkDdiRestartFromTimeout`.
    RestartFromTimeout,
    /// What an allocation held in the adapter's memory is given up.
    ContentLost,
    /// An allocation leaves an aperture whose table was reset; its pages are system memory.
    MappingLost,
    /// The scheduler takes work again.
    ResumeScheduling,
}

impl PowerOperation {
    /// A name in the style of the operations of the driver.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SuspendScheduling => "SuspendScheduling",
            Self::DrainEngines => "DrainEngines",
            Self::DecideSegment(_, SegmentVerdict::Kept) => "KeepSegment",
            Self::DecideSegment(_, SegmentVerdict::Split) => "SplitSegment",
            Self::DecideSegment(_, SegmentVerdict::Purged) => "PurgeSegment",
            Self::DecideSegment(_, SegmentVerdict::Unmapped) => "UnmapSegment",
            Self::SetPowerState(_) => "SetPowerState",
            Self::WriteHibernateFile(_) => "WriteHibernateFile",
            Self::EnterSleep(SystemSleepState::Standby) => "EnterS3",
            Self::EnterSleep(SystemSleepState::Hibernate) => "EnterS4",
            Self::PowerLost => "PowerLost",
            Self::WakeUp => "WakeUp",
            Self::ReadHibernateFile(_) => "ReadHibernateFile",
            Self::TrimDmaBuffers(_) => "TrimDmaBuffers",
            Self::RefillDmaBuffers(_) => "RefillDmaBuffers",
            Self::ResetFromTimeout => "ResetFromTimeout",
            Self::RestartFromTimeout => "RestartFromTimeout",
            Self::ContentLost => "LoseContent",
            Self::MappingLost => "LoseMapping",
            Self::ResumeScheduling => "ResumeScheduling",
        }
    }
}

/// What VidMm does with a segment in a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentVerdict {
    /// Nothing: all of it is claimed to be kept.
    Kept,
    /// Everything in it leaves.
    Purged,
    /// What lies wholly in the part claimed to be kept stays, the rest leaves.
    Split,
    /// An aperture: what is mapped is unmapped, no byte moves.
    Unmapped,
}

/// What becomes of an allocation in a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It stays where it is.
    Kept,
    /// Its content was copied to system memory.
    MovedOut,
    /// Its content was dropped: with `DiscardContent`, or by a reset that left a copy.
    Discarded,
    /// Its mapping went; its pages are system memory.
    Unmapped,
    /// Bytes that were promised are gone.
    Lost,
    /// It was moved back in.
    Restored,
    /// Its mapping was made again.
    Remapped,
    /// It comes back when it is used.
    Waiting,
}

/// Why that becomes of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FateReason {
    /// The driver claims that the segment is kept.
    SegmentKept,
    /// It lies wholly in the part claimed to be kept.
    BelowEnd,
    /// Its protected range is claimed to be kept.
    ProtectedKept,
    /// The segment is purged.
    SegmentPurged,
    /// It begins in the part claimed to be kept and ends beyond it.
    Straddles,
    /// It lies beyond the part claimed to be kept.
    BeyondEnd,
    /// It touches a protected range that is not claimed to be kept.
    ProtectedPurged,
    /// It is offered, and offers may be dropped.
    Offered,
    /// It is clean and has a permanent copy.
    CleanCopy,
    /// It is pinned, displayed or an overlay: saved, and back before work goes on.
    Pinned,
    /// It is locked: the CPU sees its pages of system memory from now on.
    Locked,
    /// Its pages are system memory.
    SystemPages,
    /// The adapter alone goes down: nothing in it is kept.
    DeviceDown,
    /// The adapter was reset: nothing is saved.
    Reset,
    /// The adapter was reset: its permanent copy is as it was last written back.
    ResetToCopy,
    /// It is resident nowhere until it is used.
    NotResident,
    /// The purge failed before its content was saved.
    NotSaved,
    /// It was on its way when the adapter was reset.
    OnTheWay,
}

/// VidMm's account of an allocation that was resident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accounted {
    /// Which.
    pub allocation: AllocationId,
    /// Where it was resident before the transition, or before the sleep that a resume ends; `None`
    /// for one that was on its way.
    pub place: Option<Placement>,
    /// What VidMm did with it.
    pub fate: Fate,
    /// Why.
    pub reason: FateReason,
}

/// A part of a transition that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Stopping the scheduler and running the engines dry.
    Drain,
    /// Taking content out of a memory segment.
    Evict(SegmentId),
    /// Unmapping an aperture segment.
    Unmap(SegmentId),
    /// `DxgkDdiSetPowerState`, or the restart after a timeout.
    SetPowerState(DevicePowerState),
    /// Writing or reading the hibernation file.
    HibernateFile,
    /// Making again what driver and manager need: aperture tables and paging buffers.
    Rebuild,
    /// Mapping again what was mapped into an aperture.
    Remap(SegmentId),
    /// Bringing back what is pinned.
    Restore(SegmentId),
    /// Everything else.
    Other,
}

/// How long a phase took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseTime {
    /// The phase.
    pub phase: Phase,
    /// The machine's clock when it began, in nanoseconds.
    pub start: u64,
    /// When it ended.
    pub end: u64,
}

/// A purge that ran out of system memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedPurge {
    /// What did not fit.
    pub allocation: AllocationId,
    /// Pages wanted.
    pub needed: Pages,
    /// Pages free.
    pub free: Pages,
}

/// What a transition came to in VidMm's eyes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Segments with what was decided on them, in order.
    pub segments: Vec<(SegmentId, SegmentVerdict)>,
    /// Allocations that were resident, in the order in which they were dealt with.
    pub allocations: Vec<Accounted>,
    /// Phases in order, without gaps.
    pub phases: Vec<PhaseTime>,
    /// What did not fit, where the purge failed.
    pub failed: Option<FailedPurge>,
}

/// What VidMm keeps of power.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PowerBook {
    /// The state.
    pub(crate) state: Power,
    /// What was resident when the transition began, in the order in which it was dealt with.
    pub(crate) dealt_with: Vec<DealtWith>,
}

/// An allocation that was resident when a transition began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DealtWith {
    pub(crate) id: AllocationId,
    pub(crate) place: Placement,
    /// It is to be back at its place before work goes on.
    pub(crate) comes_back: bool,
}

impl PowerBook {
    /// Adds it to a hash; the state of an adapter that never slept adds nothing.
    pub(crate) fn fold(&self, hasher: StableHasher) -> StableHasher {
        let state = match self.state {
            Power::Working => return hasher,
            Power::Device(state) => u64::from(state.number()),
            Power::Asleep(Sleep::Standby) => 0x10,
            Power::Asleep(Sleep::Hibernate) => 0x11,
            Power::Asleep(Sleep::HybridSleep) => 0x12,
            Power::Asleep(Sleep::FastStartup) => 0x13,
        };
        self.dealt_with.iter().fold(hasher.number(state), |hasher, dealt| {
            let segment = u64::from(dealt.place.segment.number());
            let number = u64::from(dealt.id.0) << 8 | segment << 1 | u64::from(dealt.comes_back);
            hasher.number(number).number(dealt.place.span.start())
        })
    }
}
