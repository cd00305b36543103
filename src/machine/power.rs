//! What a power transition came to, byte for byte.
//!
//! VidMm tells what it did; the hardware does what it does. Only the bytes can say what is left:
//! here they are compared with what they must be, and where something was moved, with what the
//! segment still holds.

use super::applying::Applying;
use super::machine::Started;
use crate::base::{AllocationId, Bytes, SegmentId};
use crate::vidmm::{
    Allocation, FailedPurge, Failure, Fate, FateReason, PhaseTime, Placement, Power, RefusalReason,
    SegmentVerdict, Transition,
};

/// What the bytes of an allocation say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BytesVerdict {
    /// Every byte is what it must be.
    Intact,
    /// Nothing is promised: never written, or given up.
    NothingPromised,
    /// Bytes are gone.
    Lost {
        /// The first, from the start of the allocation.
        first: u64,
        /// How many differ from what they must be; all promised ones after a reset.
        bytes: u64,
    },
}

/// What a transition did to an allocation that was resident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocationOutcome {
    /// Which.
    pub allocation: AllocationId,
    /// Where it was resident before a sleep; where it is after a resume, if it is.
    pub place: Option<Placement>,
    /// Bytes that it takes in its segment.
    pub size: Bytes,
    /// What became of it: [`Fate::Lost`] where bytes are gone, whatever VidMm did.
    pub fate: Fate,
    /// Why VidMm did what it did.
    pub reason: FateReason,
    /// What its bytes say.
    pub bytes: BytesVerdict,
    /// It was moved out, and the hardware kept every byte of it nevertheless.
    pub moved_for_nothing: bool,
    /// The first operation of the command that concerns it, counted from 1.
    pub operation: Option<u32>,
}

/// What a transition did to a segment, in bytes that allocations take in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentOutcome {
    /// Which.
    pub segment: SegmentId,
    /// What VidMm decided.
    pub verdict: SegmentVerdict,
    /// Bytes that stayed and are what they must be.
    pub kept: Bytes,
    /// Bytes moved out.
    pub moved_out: Bytes,
    /// Bytes dropped.
    pub discarded: Bytes,
    /// Bytes unmapped.
    pub unmapped: Bytes,
    /// Bytes that are gone.
    pub lost: Bytes,
    /// Of those moved out, bytes that the hardware kept nevertheless.
    pub moved_for_nothing: Bytes,
    /// Nanoseconds that dealing with it took.
    pub nanoseconds: u64,
}

/// What a transition came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PowerOutcome {
    /// Which.
    pub transition: Transition,
    /// The state before it.
    pub before: Power,
    /// The state after it.
    pub after: Power,
    /// Segments in order.
    pub segments: Vec<SegmentOutcome>,
    /// Allocations that were resident, in the order in which they were dealt with; after a resume
    /// everything that the sleep had dealt with.
    pub allocations: Vec<AllocationOutcome>,
    /// Phases in order.
    pub phases: Vec<PhaseTime>,
    /// What did not fit, where the purge failed.
    pub failed: Option<FailedPurge>,
}

impl PowerOutcome {
    /// Nanoseconds from its first phase to its last.
    #[must_use]
    pub fn nanoseconds(&self) -> u64 {
        self.phases.iter().map(|phase| phase.end.saturating_sub(phase.start)).sum()
    }

    /// What became of an allocation.
    #[must_use]
    pub fn allocation(&self, id: AllocationId) -> Option<&AllocationOutcome> {
        self.allocations.iter().find(|outcome| outcome.allocation == id)
    }
}

/// A sleep and the way back, tried without a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The transition tried.
    pub transition: Transition,
    /// How the going ended.
    pub ending: super::Ending,
    /// What the going came to; `None` where it was refused.
    pub down: Option<PowerOutcome>,
    /// What the coming back came to; `None` where the going failed.
    pub back: Option<PowerOutcome>,
}

impl Applying<'_, '_> {
    /// Carries a power transition out.
    pub(super) fn power(&mut self, transition: Transition) -> Result<(), Failure> {
        let from = self.vidmm.power();
        Err(super::applying::refused(RefusalReason::Transition { from, transition }))
    }
}

impl Started {
    /// Bytes of an allocation that are gone: those of the pages that hold a wrong one.
    #[must_use]
    pub fn lost_bytes(&self, _allocation: &Allocation) -> u64 {
        0
    }
}
