//! What a power transition came to, byte for byte.
//!
//! VidMm tells what it did; the hardware does what it does. Only the bytes can say what is left:
//! here they are compared with what they must be, and where something was moved, with what the
//! segment still holds.

use std::collections::BTreeSet;

use crate::base::{AllocationId, Bytes, Piece, SegmentId, SegmentOffset, Span};
use crate::ddi::DevicePowerState;
use crate::kmd::Driver;
use crate::memory::{Content, bytes};
use crate::vidmm::{
    Account, Accounted, Allocation, FailedPurge, Failure, Fate, FateReason, Phase, PhaseTime,
    Placement, Power, SegmentVerdict, Transition, segment_parts,
};

use super::applying::Applying;
use super::machine::Started;
use super::verify::allocation_pieces;

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
    /// The first operation of the command that concerns it, counted from 1; where bytes went with
    /// the power, the one in which it went.
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
    /// Carries a power transition out, and finds out what it came to.
    pub(super) fn power(&mut self, transition: Transition) -> Result<(), Failure> {
        let before = self.vidmm.power();
        let lost_before = self.lost_already();
        self.recorder.watch_operations();
        let mut account = Account::default();
        let result =
            self.with(|vidmm, environment| vidmm.transition(environment, transition, &mut account));
        if matches!(result, Err(Failure::Refused(_))) {
            return result;
        }
        let after = self.vidmm.power();
        let judged = account.allocations.iter();
        let allocations: Vec<AllocationOutcome> =
            judged.map(|accounted| self.judge(transition, *accounted, &lost_before)).collect();
        self.touched.extend(allocations.iter().map(|outcome| outcome.allocation));
        let phases = account.phases;
        let segments = account.segments.iter();
        let segments =
            segments.map(|(id, verdict)| segment(*id, *verdict, &allocations, &phases)).collect();
        let failed = account.failed;
        self.power = Some(Box::new(PowerOutcome {
            transition,
            before,
            after,
            segments,
            allocations,
            phases,
            failed,
        }));
        result
    }

    /// What the bytes say of an allocation, beside what VidMm did with it.
    fn judge(
        &self,
        transition: Transition,
        accounted: Accounted,
        lost_before: &BTreeSet<AllocationId>,
    ) -> AllocationOutcome {
        let Accounted { allocation: id, place, fate, reason } = accounted;
        let allocation = self.vidmm.book().allocation(id);
        let size = match (place, allocation) {
            (Some(place), _) => Bytes(place.span.len()),
            (None, Some(allocation)) => allocation.size(),
            (None, None) => Bytes::ZERO,
        };
        let bytes = match self.recorder.lost_in_reset(id) {
            Some((first, bytes)) => BytesVerdict::Lost { first, bytes },
            None => allocation
                .map_or(BytesVerdict::NothingPromised, |allocation| self.bytes_verdict(allocation)),
        };
        let fate = match bytes {
            BytesVerdict::Lost { .. } => Fate::Lost,
            _ if fate == Fate::Lost => Fate::Discarded,
            _ => fate,
        };
        let down = matches!(transition, Transition::Sleep(_));
        let moved_for_nothing = down && fate == Fate::MovedOut && self.is_still_at(id, place);
        let operation = self.recorder.operation_of(id).or_else(|| {
            // Nothing was done to it: what the hardware lost went when its power did.
            let lost_now = fate == Fate::Lost && !lost_before.contains(&id);
            self.recorder.loss().filter(|_| lost_now)
        });
        let place = match transition {
            Transition::Resume { .. } | Transition::Device(DevicePowerState::D0) => {
                allocation.and_then(Allocation::placement)
            }
            _ => place,
        };
        AllocationOutcome {
            allocation: id,
            place,
            size,
            fate,
            reason,
            bytes,
            moved_for_nothing,
            operation,
        }
    }

    /// Residents of which bytes were gone before.
    fn lost_already(&self) -> BTreeSet<AllocationId> {
        let residents = self.vidmm.book().allocations().filter(|known| known.placement().is_some());
        let lost = residents
            .filter(|known| matches!(self.bytes_verdict(known), BytesVerdict::Lost { .. }));
        lost.map(Allocation::id).collect()
    }

    fn bytes_verdict(&self, allocation: &Allocation) -> BytesVerdict {
        let ledger = self.recorder.ledger.state();
        let Some(expected) = ledger.expected(allocation.id()).filter(|known| known.is_touched())
        else {
            return BytesVerdict::NothingPromised;
        };
        let wanted = expected.content().pieces(Span::whole(expected.content().len()));
        let found = allocation_pieces(self.vidmm, self.driver, self.host, allocation);
        lost(&wanted, &found.unwrap_or_default())
            .map_or(BytesVerdict::Intact, |(first, bytes)| BytesVerdict::Lost { first, bytes })
    }

    /// Whether the hardware still holds every byte of what was moved out of a place.
    fn is_still_at(&self, id: AllocationId, place: Option<Placement>) -> bool {
        let still = || {
            let (place, book) = (place?, self.vidmm.book());
            let segment = self.vidmm.adapter().segment(place.segment)?;
            let allocation = book.allocation(id)?;
            let expected = self.recorder.ledger.state().expected(id)?;
            let whole = Span::whole(expected.content().len());
            let memory = self.driver.gpu().memory(Driver::region(place.segment))?;
            let begin = SegmentOffset(place.span.start());
            let parts = segment_parts(begin, allocation.rows_in(segment), whole).into_iter();
            let found: Option<Vec<_>> = parts
                .map(|(part, at)| bytes::pieces(memory, Span::at(at.get(), part.len())?).ok())
                .collect();
            let wanted = expected.content().pieces(whole);
            Some(bytes::first_difference(&wanted, &found?.concat()).is_none())
        };
        still().unwrap_or(false)
    }
}

/// The first byte that differs, and the bytes of the pages in which one does; `None` for none.
pub(super) fn lost(wanted: &[Piece<Content>], found: &[Piece<Content>]) -> Option<(u64, u64)> {
    let first = bytes::first_difference(wanted, found)?;
    Some((first, bytes::different_pages(wanted, found)))
}

/// Sums up what became of the allocations of a segment.
fn segment(
    id: SegmentId,
    verdict: SegmentVerdict,
    allocations: &[AllocationOutcome],
    phases: &[PhaseTime],
) -> SegmentOutcome {
    let mut outcome = SegmentOutcome {
        segment: id,
        verdict,
        kept: Bytes::ZERO,
        moved_out: Bytes::ZERO,
        discarded: Bytes::ZERO,
        unmapped: Bytes::ZERO,
        lost: Bytes::ZERO,
        moved_for_nothing: Bytes::ZERO,
        nanoseconds: 0,
    };
    let here = |place: Option<Placement>| place.is_some_and(|place| place.segment == id);
    for allocation in allocations.iter().filter(|allocation| here(allocation.place)) {
        let size = allocation.size.get();
        let whole = |total: &mut Bytes| total.0 = total.0.saturating_add(size);
        match allocation.fate {
            Fate::Kept | Fate::Restored | Fate::Remapped | Fate::Waiting => {
                whole(&mut outcome.kept);
            }
            Fate::MovedOut => whole(&mut outcome.moved_out),
            Fate::Discarded => whole(&mut outcome.discarded),
            Fate::Unmapped => whole(&mut outcome.unmapped),
            Fate::Lost => {
                let BytesVerdict::Lost { bytes, .. } = allocation.bytes else { continue };
                let bytes = bytes.min(size);
                outcome.lost.0 = outcome.lost.0.saturating_add(bytes);
                outcome.kept.0 = outcome.kept.0.saturating_add(size - bytes);
            }
        }
        if allocation.moved_for_nothing {
            let nothing = &mut outcome.moved_for_nothing;
            nothing.0 = nothing.0.saturating_add(size);
        }
    }
    let own = phases.iter().filter(|known| match known.phase {
        Phase::Evict(segment)
        | Phase::Unmap(segment)
        | Phase::Remap(segment)
        | Phase::Restore(segment) => segment == id,
        _ => false,
    });
    outcome.nanoseconds = own.map(|phase| phase.end.saturating_sub(phase.start)).sum();
    outcome
}

impl Started {
    /// Bytes of an allocation that are gone: those of the pages of 4 KiB that hold a wrong one, or
    /// all of them where a reset lost its content.
    #[must_use]
    pub fn lost_bytes(&self, allocation: &Allocation) -> u64 {
        let Some(expected) = self.ledger().expected(allocation.id()) else { return 0 };
        if expected.is_lost() {
            return expected.content().len();
        }
        if !expected.is_touched() {
            return 0;
        }
        let wanted = expected.content().pieces(Span::whole(expected.content().len()));
        let found = self.pieces(allocation).unwrap_or_default();
        lost(&wanted, &found).map_or(0, |(_, bytes)| bytes)
    }
}
