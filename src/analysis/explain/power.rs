//! Power transitions in words.

use crate::base::text::hex;
use crate::ddi::{DevicePowerState, SystemSleepState};
use crate::vidmm::{
    Fate, FateReason, Phase, Power, PowerOperation, SegmentVerdict, Sleep, Transition,
};

use super::Words;

/// A sleep by its name: `Standby`.
#[must_use]
pub const fn sleep_name(sleep: Sleep) -> &'static str {
    match sleep {
        Sleep::Standby => "Standby",
        Sleep::Hibernate => "Hibernate",
        Sleep::HybridSleep => "Hybrid sleep",
        Sleep::FastStartup => "Shutdown with fast start-up",
    }
}

/// What a transition is called: `Resume, power lost`.
#[must_use]
pub const fn transition_name(transition: Transition) -> &'static str {
    match transition {
        Transition::Sleep(sleep) => sleep_name(sleep),
        Transition::Resume { power_lost: false } => "Resume",
        Transition::Resume { power_lost: true } => "Resume, power lost",
        Transition::Device(state) => state.name(),
        Transition::TimeoutRecovery => "Timeout recovery",
    }
}

/// The state of the machine: `S3 standby`.
#[must_use]
pub const fn power_text(power: Power) -> &'static str {
    match power {
        Power::Working => "S0 working, D0",
        Power::Device(DevicePowerState::D0) => "S0 working, adapter in D0",
        Power::Device(DevicePowerState::D1) => "S0 working, adapter in D1",
        Power::Device(DevicePowerState::D2) => "S0 working, adapter in D2",
        Power::Device(DevicePowerState::D3) => "S0 working, adapter in D3",
        Power::Asleep(Sleep::Standby) => "S3 standby",
        Power::Asleep(Sleep::Hibernate) => "S4 hibernate",
        Power::Asleep(Sleep::HybridSleep) => "S3 hybrid sleep, image written",
        Power::Asleep(Sleep::FastStartup) => "shut down, image written",
    }
}

/// What became of an allocation: `moved out`.
#[must_use]
pub const fn fate_text(fate: Fate) -> &'static str {
    match fate {
        Fate::Kept => "kept",
        Fate::MovedOut => "moved out",
        Fate::Discarded => "discarded",
        Fate::Unmapped => "unmapped",
        Fate::Lost => "lost",
        Fate::Restored => "restored",
        Fate::Remapped => "mapped again",
        Fate::Waiting => "back when used",
    }
}

/// Why that became of it.
#[must_use]
pub const fn fate_reason_text(reason: FateReason) -> &'static str {
    match reason {
        FateReason::SegmentKept => "claimed as kept",
        FateReason::BelowEnd => "below the end address",
        FateReason::ProtectedKept => "its protected range is claimed as kept",
        FateReason::SegmentPurged => "its segment is purged",
        FateReason::Straddles => "straddles the end address",
        FateReason::BeyondEnd => "beyond the end address",
        FateReason::ProtectedPurged => "touches a protected range not kept",
        FateReason::Offered => "offered: may be dropped",
        FateReason::CleanCopy => "clean, with a permanent copy",
        FateReason::Pinned => "pinned: saved and put back",
        FateReason::Locked => "locked: the CPU sees its pages",
        FateReason::SystemPages => "its pages are system memory",
        FateReason::DeviceDown => "the adapter keeps nothing",
        FateReason::Reset => "reset: nothing is saved",
        FateReason::ResetToCopy => "reset: back to its copy",
        FateReason::NotResident => "comes back when it is used",
        FateReason::NotSaved => "the purge failed before it was saved",
        FateReason::OnTheWay => "on its way when the adapter was reset",
    }
}

/// What VidMm does with a segment.
#[must_use]
pub const fn verdict_text(verdict: SegmentVerdict) -> &'static str {
    match verdict {
        SegmentVerdict::Kept => "kept, no work",
        SegmentVerdict::Purged => "purged",
        SegmentVerdict::Split => "split at its end address",
        SegmentVerdict::Unmapped => "unmapped",
    }
}

/// A phase: `evict VRAM`.
#[must_use]
pub fn phase_text(phase: Phase, words: Words<'_>) -> String {
    match phase {
        Phase::Drain => "drain".to_owned(),
        Phase::Evict(segment) => format!("evict {}", words.segment(segment)),
        Phase::Unmap(segment) => format!("unmap {}", words.segment(segment)),
        Phase::SetPowerState(state) => format!("to {}", state.name()),
        Phase::HibernateFile => "hibernation file".to_owned(),
        Phase::Rebuild => "rebuild".to_owned(),
        Phase::Remap(segment) => format!("map {}", words.segment(segment)),
        Phase::Restore(segment) => format!("restore {}", words.segment(segment)),
        Phase::Other => "other".to_owned(),
    }
}

/// What a step of a transition does.
#[must_use]
pub fn power_operation_text(operation: &PowerOperation, words: Words<'_>) -> String {
    match operation {
        PowerOperation::SuspendScheduling => "the scheduler takes no more work".to_owned(),
        PowerOperation::DrainEngines => "the engines run until nothing is queued".to_owned(),
        PowerOperation::DecideSegment(segment, verdict) => {
            format!("{}: {}", words.segment(*segment), verdict_text(*verdict))
        }
        PowerOperation::SetPowerState(arguments) => {
            let (state, action) = (arguments.state.name(), arguments.action.name());
            format!("DeviceUid {}, to {state}, action {action}", hex(arguments.device_uid.into()))
        }
        PowerOperation::WriteHibernateFile(bytes) => format!("{bytes} of system memory in use"),
        PowerOperation::EnterSleep(SystemSleepState::Standby) => {
            "the platform enters S3: the hardware keeps what it keeps".to_owned()
        }
        PowerOperation::EnterSleep(SystemSleepState::Hibernate) => {
            "the platform enters S4: the hardware keeps what it keeps".to_owned()
        }
        PowerOperation::PowerLost => "the power goes, as in S4".to_owned(),
        PowerOperation::WakeUp => "the platform wakes".to_owned(),
        PowerOperation::ReadHibernateFile(bytes) => format!("{bytes} of system memory"),
        PowerOperation::TrimDmaBuffers(bytes) => {
            format!("{bytes} of DMA buffers given back, with nothing in it to save")
        }
        PowerOperation::RefillDmaBuffers(bytes) => format!("{bytes} for DMA buffers again"),
        PowerOperation::ResetFromTimeout => "the driver resets the adapter".to_owned(),
        PowerOperation::RestartFromTimeout => "the driver starts the adapter again".to_owned(),
        PowerOperation::ContentLost => "what it held is given up".to_owned(),
        PowerOperation::MappingLost => "its mapping went with the table".to_owned(),
        PowerOperation::ResumeScheduling => "the scheduler takes work again".to_owned(),
    }
}

/// Why a transition is not possible.
#[must_use]
pub fn not_allowed_text(from: Power, transition: Transition) -> String {
    let why = match (from, transition) {
        (Power::Working, Transition::Resume { .. }) => "the machine does not sleep",
        (Power::Working, Transition::Device(_)) => "the adapter is in D0 already",
        (Power::Device(_), Transition::Device(_)) => "from a lower state the way leads to D0 first",
        (Power::Device(_), _) => "the adapter must be in D0 first",
        (Power::Asleep(_), Transition::Resume { .. }) => {
            "only hybrid sleep can lose its power and come back"
        }
        (Power::Asleep(_), _) => "the machine must resume first",
        (Power::Working, _) => "it leads nowhere",
    };
    format!("{} from {}: {why}", transition_name(transition), power_text(from))
}
