//! Power as people look at it: where the machine can go from here, what the driver claims that a
//! sleep leaves and what the hardware leaves, what each sleep would do, and what the last one did.
//!
//! Read-only: previews and outcomes are made by the machine, here they are put into rows, sums,
//! advice and words.

mod claims;
mod flags;
mod log;
mod outcome;
mod preview;
#[cfg(test)]
mod tests;

pub use claims::{ClaimCell, ClaimVerdict, SegmentClaim, claims, loses};
pub use flags::{FlagRow, FlagSegment, RowEffect, flag_rows, protected_notes};
pub use log::{PowerBand, PowerLog};
pub use outcome::{
    After, OutcomeColumn, OutcomeOrder, OutcomeRow, OutcomeTotals, PhaseBar, outcome_order,
    outcome_row, phase_bars, totals,
};
pub use preview::{Advice, Card, SegmentShare, advice, advice_text, card, lost_before};

use crate::base::Bytes;
use crate::ddi::DevicePowerState;
use crate::machine::SegmentOutcome;
use crate::vidmm::{Fate, Power, Sleep, Transition};

use super::explain::not_allowed_text;

/// A part of what lay in a segment, by what a transition did to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Share {
    /// It stayed and is what it must be.
    Kept,
    /// It was unmapped: its pages are system memory.
    Unmapped,
    /// It was copied to system memory.
    MovedOut,
    /// It was dropped, as nobody needs it.
    Discarded,
    /// It is gone.
    Lost,
}

impl Share {
    /// All of them, in the order of bars and legends.
    pub const ALL: [Self; 5] =
        [Self::Kept, Self::Unmapped, Self::MovedOut, Self::Discarded, Self::Lost];

    /// Its name in legends.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Unmapped => "unmapped",
            Self::MovedOut => "moved out",
            Self::Discarded => "discarded",
            Self::Lost => "lost",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Kept => "Stays in its segment, and every byte is what it must be.",
            Self::Unmapped => "Mapped into an aperture: the mapping goes, no byte moves.",
            Self::MovedOut => "Copied to system memory before the machine sleeps.",
            Self::Discarded => "Dropped: offered, never written, or clean with a permanent copy.",
            Self::Lost => "Claimed to be kept, and the hardware does not keep it.",
        }
    }

    /// The share that a fate on the way down belongs to.
    #[must_use]
    pub const fn of(fate: Fate) -> Self {
        match fate {
            Fate::Kept | Fate::Restored => Self::Kept,
            Fate::MovedOut | Fate::Waiting => Self::MovedOut,
            Fate::Discarded => Self::Discarded,
            Fate::Unmapped | Fate::Remapped => Self::Unmapped,
            Fate::Lost => Self::Lost,
        }
    }

    /// Its bytes in a segment.
    const fn bytes(self, outcome: &SegmentOutcome) -> Bytes {
        match self {
            Self::Kept => outcome.kept,
            Self::Unmapped => outcome.unmapped,
            Self::MovedOut => outcome.moved_out,
            Self::Discarded => outcome.discarded,
            Self::Lost => outcome.lost,
        }
    }
}

/// A transition as a button: whether it leads from here, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransitionButton {
    /// Which.
    pub transition: Transition,
    /// Why it cannot be pressed; `None` where it can.
    pub reason: Option<String>,
}

/// Every transition that there is, in the order in which they are offered.
pub const TRANSITIONS: [Transition; 11] = [
    Transition::Sleep(Sleep::Standby),
    Transition::Sleep(Sleep::HybridSleep),
    Transition::Sleep(Sleep::Hibernate),
    Transition::Sleep(Sleep::FastStartup),
    Transition::Resume { power_lost: false },
    Transition::Resume { power_lost: true },
    Transition::Device(DevicePowerState::D0),
    Transition::Device(DevicePowerState::D1),
    Transition::Device(DevicePowerState::D2),
    Transition::Device(DevicePowerState::D3),
    Transition::TimeoutRecovery,
];

/// Every transition from a state; `blocked` says why nothing can be done here at all.
#[must_use]
pub fn transition_buttons(power: Power, blocked: Option<&str>) -> Vec<TransitionButton> {
    TRANSITIONS
        .into_iter()
        .map(|transition| {
            let reason = match blocked {
                Some(why) => Some(why.to_owned()),
                None if power.allows(transition) => None,
                None => Some(not_allowed_text(power, transition)),
            };
            TransitionButton { transition, reason }
        })
        .collect()
}

/// A state in a word or two, where there is little room: `S3`, `Hybrid`, `D2`.
#[must_use]
pub const fn short_power(power: Power) -> &'static str {
    match power {
        Power::Working => "D0",
        Power::Device(state) => state.name(),
        Power::Asleep(Sleep::Standby) => "S3",
        Power::Asleep(Sleep::HybridSleep) => "Hybrid",
        Power::Asleep(Sleep::Hibernate) => "S4",
        Power::Asleep(Sleep::FastStartup) => "Off",
    }
}
