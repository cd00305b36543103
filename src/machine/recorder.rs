//! Watches VidMm while a command is applied: what a command comes to, and its trace when asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::{AllocationId, Bytes, FenceId, Piece, RunValue as _, SegmentOffset, Span};
use crate::ddi::{PacketFault, PacketOutcome, PagingOperation, RowLayout};
use crate::memory::{Content, bytes};
use crate::vidmm::{
    Asked, Observer, OperationReason, PlatformOperation, PowerOperation, TraceEvent, segment_parts,
};

use super::intent::{self, Paged, Work};
use super::ledger::{LedgerChange, LedgerJournal, Promise, expect_bytes};
use super::power::lost;
use super::trace::{TimedEvent, TraceBuilder};
use super::verify::Damage;

/// What a command did, in a few numbers that are kept for every command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Operations asked of the driver.
    pub operations: u32,
    /// Packets executed.
    pub packets: u32,
    /// Bytes moved or filled into memory segments.
    pub bytes_in: u64,
    /// Bytes moved out of memory segments, or dropped there.
    pub bytes_out: u64,
    /// Bytes mapped into apertures.
    pub bytes_mapped: u64,
    /// Bytes unmapped from apertures.
    pub bytes_unmapped: u64,
}

/// A fault of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The submission.
    pub fence: FenceId,
    /// First byte of the packet, from the start of its buffer.
    pub start: u32,
    /// What went wrong.
    pub fault: PacketFault,
}

/// A read of the GPU that saw other bytes than it must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongRead {
    /// The allocation.
    pub allocation: AllocationId,
    /// The submission.
    pub fence: FenceId,
}

/// Watches one command.
pub(crate) struct Recorder<'a> {
    pub(crate) ledger: &'a mut LedgerJournal,
    pub(crate) trace: Option<&'a mut TraceBuilder>,
    pub(crate) summary: Summary,
    pub(crate) faults: Vec<Fault>,
    /// The command buffer on its way.
    pub(crate) work: Option<Work>,
    /// Reads of the GPU that found wrong bytes.
    pub(crate) damage: Vec<Damage>,
    /// What was lost in a reset: the allocation, the first byte, how many.
    lost: BTreeMap<AllocationId, (u64, u64)>,
    watched: Option<Watched>,
    /// The last fence of the commands before.
    before: FenceId,
}

/// The operations of a command, numbered as its trace numbers them.
#[derive(Clone, Debug, Default)]
struct Watched {
    count: u32,
    /// Fences of earlier commands of which packets were executed: the trace shows each as one
    /// operation.
    executed: BTreeSet<FenceId>,
    /// The first operation that concerns an allocation.
    first: BTreeMap<AllocationId, u32>,
    /// The last operation in which memory lost its power.
    loss: Option<u32>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(
        ledger: &'a mut LedgerJournal,
        trace: Option<&'a mut TraceBuilder>,
        before: FenceId,
    ) -> Self {
        Self {
            ledger,
            trace,
            summary: Summary::default(),
            faults: Vec::new(),
            work: None,
            damage: Vec::new(),
            lost: BTreeMap::new(),
            watched: None,
            before,
        }
    }
}

impl Recorder<'_> {
    /// Counts operations from here on, so that they can be named by number.
    pub(super) fn watch_operations(&mut self) {
        self.watched = Some(Watched::default());
    }

    /// The first operation that concerns an allocation, counted from 1.
    pub(super) fn operation_of(&self, id: AllocationId) -> Option<u32> {
        self.watched.as_ref()?.first.get(&id).copied()
    }

    /// The operation in which memory lost its power, counted from 1.
    pub(super) fn loss(&self) -> Option<u32> {
        self.watched.as_ref()?.loss
    }

    /// What of an allocation was lost in a reset: the first byte, and how many.
    pub(super) fn lost_in_reset(&self, id: AllocationId) -> Option<(u64, u64)> {
        self.lost.get(&id).copied()
    }

    /// Pages that VidMm maps or unmaps itself are as its book says from then on.
    fn forget_foreign(&mut self, asked: &Asked, reason: &OperationReason) {
        let before = self.ledger.state().foreign();
        if before.is_empty() || *reason == OperationReason::Raw {
            return;
        }
        let (segment, first, count) = match asked {
            Asked::Paging(PagingOperation::MapApertureSegment(map)) => {
                (map.segment, map.offset_in_pages, map.number_of_pages)
            }
            Asked::Paging(PagingOperation::UnmapApertureSegment(unmap)) => {
                (unmap.segment, unmap.offset_in_pages, unmap.number_of_pages)
            }
            _ => return,
        };
        let Some(pages) = Span::at(first.get(), count.get()) else { return };
        let after = before.without(segment, pages);
        if after != *before {
            let (before, after) = (Box::new(before.clone()), Box::new(after));
            self.ledger.apply(LedgerChange::Foreign { before, after });
        }
    }
}

impl Observer for Recorder<'_> {
    fn is_tracing(&self) -> bool {
        self.trace.as_ref().is_some_and(|trace| trace.takes_all())
    }

    fn wants_decisions(&self) -> bool {
        self.trace.is_some()
    }

    fn record(&mut self, event: TraceEvent) {
        let ledger = self.ledger.position();
        if let Some(trace) = self.trace.as_deref_mut() {
            trace.events.push(TimedEvent { event, ledger });
        }
    }

    fn packet(&mut self, outcome: &PacketOutcome) {
        self.summary.packets += 1;
        let before = self.before;
        if let Some(watched) = self.watched.as_mut().filter(|_| outcome.fence <= before)
            && watched.executed.insert(outcome.fence)
        {
            watched.count += 1;
        }
        if let Some(fault) = outcome.fault {
            let PacketOutcome { fence, start, .. } = *outcome;
            self.faults.push(Fault { fence, start, fault });
            self.ledger.apply(LedgerChange::Faulted(1));
        }
        if let Some(readback) = &outcome.readback {
            self.ledger.apply(LedgerChange::Read(Box::new(readback.clone())));
        }
        if outcome.completed {
            intent::ended(self.ledger, outcome.fence, &mut self.damage);
        }
    }

    fn submitted(&mut self, fence: FenceId, commands: usize) {
        if let Some(work) = &mut self.work {
            let intent = Arc::new(work.take(commands, fence));
            self.ledger.apply(LedgerChange::Intended(intent));
        }
    }

    fn ended_in_part(&mut self, fence: FenceId, commands: usize) {
        intent::ended_in_part(self.ledger, fence, commands, &mut self.damage);
    }

    fn resubmitted(&mut self, before: FenceId, after: FenceId) {
        intent::resubmitted(self.ledger, before, after);
    }

    fn filled(&mut self, allocation: AllocationId, pattern: u32, rows: Option<RowLayout>) {
        let Some(expected) = self.ledger.state().expected(allocation) else { return };
        let size = expected.content().len();
        let whole = Span::whole(size);
        let parts = segment_parts(SegmentOffset(0), rows, whole).into_iter();
        let pieces = parts.map(|(part, at)| Piece {
            len: part.len(),
            value: Content::pattern(pattern, 0).advanced(at.get()),
        });
        let pieces = bytes::joined_pieces(pieces.collect());
        intent::paged(self.ledger, allocation, Paged::Filled(pieces));
    }

    fn dropped(&mut self, allocation: AllocationId) {
        intent::paged(self.ledger, allocation, Paged::Dropped);
    }

    fn lost(&mut self, allocation: AllocationId) {
        let Some(expected) = self.ledger.state().expected(allocation) else { return };
        let (before, after) = (expected.promise, Promise::Lost);
        if before == Promise::Bytes {
            self.lost.insert(allocation, (0, expected.content().len()));
            self.ledger.apply(LedgerChange::Dropped { id: allocation, before, after });
        }
    }

    fn as_in_pages(&mut self, allocation: AllocationId, pieces: Vec<Piece<Content>>) {
        let Some(expected) = self.ledger.state().expected(allocation) else { return };
        let len = expected.content().len();
        let found = bytes::slice_pieces(&pieces, 0, len);
        let wanted = expected.content().pieces(Span::whole(len));
        if expected.promise == Promise::Bytes
            && let Some(lost) = lost(&wanted, &found)
        {
            self.lost.insert(allocation, lost);
            expect_bytes(self.ledger, allocation, Span::whole(len), found);
        }
    }

    fn none_in_pages(&mut self, allocation: AllocationId, pieces: Vec<Piece<Content>>) {
        let Some(expected) = self.ledger.state().expected(allocation) else { return };
        let found = bytes::slice_pieces(&pieces, 0, expected.content().len());
        intent::paged(self.ledger, allocation, Paged::Bare(found));
    }

    fn operation(
        &mut self,
        asked: &Asked,
        subject: Option<AllocationId>,
        reason: &OperationReason,
        size: Bytes,
    ) {
        if let Some(watched) = &mut self.watched {
            watched.count += 1;
            let number = watched.count;
            if let Some(id) = subject {
                watched.first.entry(id).or_insert(number);
            }
            if let Asked::Power(PowerOperation::EnterSleep(_) | PowerOperation::PowerLost) = asked {
                watched.loss = Some(number);
            }
        }
        if let Asked::Power(PowerOperation::ResetFromTimeout) = asked {
            intent::dropped(self.ledger);
        }
        self.forget_foreign(asked, reason);
        let summary = &mut self.summary;
        summary.operations += 1;
        let total = match asked {
            Asked::Render(_)
            | Asked::Patch(_)
            | Asked::Submit(_)
            | Asked::Preempt(_)
            | Asked::Power(_)
            | Asked::Platform(PlatformOperation::FlushCache { .. })
            | Asked::Paging(PagingOperation::ReadPhysical(_) | PagingOperation::WritePhysical(_)) =>
            {
                return;
            }
            Asked::Platform(PlatformOperation::MapGart { .. }) => &mut summary.bytes_mapped,
            Asked::Platform(PlatformOperation::UnmapGart { .. }) => &mut summary.bytes_unmapped,
            Asked::Paging(PagingOperation::Fill(_)) => &mut summary.bytes_in,
            Asked::Paging(PagingOperation::DiscardContent(_)) => &mut summary.bytes_out,
            Asked::Paging(PagingOperation::MapApertureSegment(_)) => &mut summary.bytes_mapped,
            Asked::Paging(PagingOperation::UnmapApertureSegment(_)) => &mut summary.bytes_unmapped,
            Asked::Paging(
                PagingOperation::Transfer(_) | PagingOperation::SpecialLockTransfer(_),
            ) => match reason {
                OperationReason::PageIn(_)
                | OperationReason::Moved(_)
                | OperationReason::Restored(_) => &mut summary.bytes_in,
                _ => &mut summary.bytes_out,
            },
        };
        *total = total.saturating_add(size.get());
    }
}
