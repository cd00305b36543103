//! A command taken apart: its decisions, operations, calls, buffers and packets, and the places
//! where one can stop inside it.
//!
//! Inside a command, VidMm's book is shown as of the operation and memory as of the packet. The
//! driver has encoded every operation by then: the paging buffers hold what is still to run.

use std::sync::Arc;

use crate::base::{FenceId, Position};
use crate::ddi::PacketOutcome;
use crate::vidmm::{
    Asked, BufferRecord, CallRecord, Decision, Marks, OperationReason, OperationRecord,
    SubmissionRecord, TraceEvent, VidMmMark, WaitReason,
};

use super::moment::{Inner, Moment};

/// An event, and where the ledger stood.
#[derive(Clone, Debug)]
pub(crate) struct TimedEvent {
    pub(crate) event: TraceEvent,
    pub(crate) ledger: Position,
}

/// Collects the events of one command.
#[derive(Clone, Debug, Default)]
pub(crate) struct TraceBuilder {
    pub(crate) events: Vec<TimedEvent>,
    only_decisions: bool,
}

/// What a step at the level of operations is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TracedKind {
    /// Something asked of the driver.
    Asked(Box<OperationRecord>),
    /// The device runs what an earlier command submitted.
    Executed(FenceId),
}

/// A packet that the device executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedPacket {
    /// The buffer that it lay in, where this command filled it.
    pub buffer: Option<BufferRecord>,
    /// What came of it.
    pub outcome: PacketOutcome,
    /// Where the rooms stood afterwards.
    marks: Marks,
}

/// An operation with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedOperation {
    /// What it is.
    pub kind: TracedKind,
    /// Calls of the driver, in order: more than one when it took several passes.
    pub calls: Vec<CallRecord>,
    /// Packets executed inside this command, in order.
    pub packets: Vec<TracedPacket>,
    /// The search for room that led to it: an index of the command's decisions.
    pub decision: Option<usize>,
    /// The submission that it is, for the user's work.
    pub submission: Option<FenceId>,
    /// Waits before it was asked.
    pub waits: Vec<(FenceId, WaitReason)>,
    /// Book and ledger as of the operation.
    book: Position,
    ledger: Position,
    /// Where the other rooms stood once it was through.
    done: Marks,
}

/// A command taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandTrace {
    /// The command, counted from 1; 0 for the start of the adapter.
    pub command: usize,
    /// Searches for room, in order.
    pub decisions: Vec<Decision>,
    /// Operations, in order.
    pub operations: Vec<TracedOperation>,
    /// Submissions, in order.
    pub submissions: Vec<SubmissionRecord>,
    /// After the command.
    pub end: Moment,
}

impl TraceBuilder {
    /// Collects searches for room and nothing else.
    pub(crate) fn of_decisions() -> Self {
        Self { only_decisions: true, ..Self::default() }
    }

    /// Whether it takes other events than searches for room.
    pub(crate) const fn takes_all(&self) -> bool {
        !self.only_decisions
    }

    /// The searches for room, in order.
    pub(crate) fn into_decisions(self) -> Vec<Decision> {
        let decision = |timed: TimedEvent| match timed.event {
            TraceEvent::Decision(decision) => Some(decision),
            _ => None,
        };
        self.events.into_iter().filter_map(decision).collect()
    }

    /// Forgets all but the decisions: the command was refused, and what it began was taken back,
    /// so that there is no moment of it to stand at.
    pub(crate) fn keep_decisions(&mut self) {
        self.events.retain(|timed| matches!(timed.event, TraceEvent::Decision(_)));
    }

    /// Puts the events of a command together. `start` is where the rooms stood before it.
    pub(crate) fn finish(self, command: usize, start: Moment, end: Moment) -> CommandTrace {
        let mut trace = CommandTrace {
            command,
            decisions: Vec::new(),
            operations: Vec::new(),
            submissions: Vec::new(),
            end,
        };
        let mut waits = Vec::new();
        let mut last = Marks { queue: start.vidmm.queue, host: start.host, driver: start.driver };
        let mut foreign_book = start.vidmm.book;
        for TimedEvent { event, ledger } in self.events {
            match event {
                TraceEvent::Decision(decision) => trace.decisions.push(decision),
                TraceEvent::Wait(fence, reason) => waits.push((fence, reason)),
                TraceEvent::Operation(record) => {
                    foreign_book = record.book;
                    trace.push(record, &mut waits, ledger, last);
                }
                TraceEvent::Call(call, marks) => {
                    last = marks;
                    // What the wait for a busy allocation led to stands behind the operation.
                    let calls = |operation: &&mut TracedOperation| operation.is_called();
                    if let Some(operation) = trace.operations.iter_mut().rev().find(calls) {
                        operation.calls.push(call);
                        operation.done = marks;
                    }
                }
                TraceEvent::Performed(marks) => {
                    last = marks;
                    if let Some(operation) = trace.operations.last_mut() {
                        operation.done = marks;
                    }
                }
                TraceEvent::Submission(record, marks) => {
                    last = marks;
                    trace.submissions.push(record);
                }
                TraceEvent::Packet(outcome, marks) => {
                    last = marks;
                    trace.place_packet(outcome, marks, foreign_book, ledger);
                }
            }
        }
        trace.complete_in_order();
        trace
    }
}

impl TracedOperation {
    /// Whether the driver is called to build it into a buffer.
    fn is_called(&self) -> bool {
        let TracedKind::Asked(record) = &self.kind else { return false };
        matches!(record.asked, Asked::Paging(_) | Asked::Render(_))
    }
}

impl CommandTrace {
    fn push(
        &mut self,
        record: OperationRecord,
        waits: &mut Vec<(FenceId, WaitReason)>,
        ledger: Position,
        done: Marks,
    ) {
        // A decision belongs to the operations of the allocation for which it was made.
        let newcomer = match record.reason {
            OperationReason::EvictedFor { newcomer, .. } => Some(newcomer),
            _ => record.subject,
        };
        let decision = newcomer
            .and_then(|id| self.decisions.iter().rposition(|decision| decision.allocation == id));
        let submission = match &record.asked {
            Asked::Submit(submit) => Some(submit.fence),
            _ => None,
        };
        self.operations.push(TracedOperation {
            book: record.book,
            kind: TracedKind::Asked(Box::new(record)),
            calls: Vec::new(),
            packets: Vec::new(),
            decision,
            submission,
            waits: std::mem::take(waits),
            ledger,
            done,
        });
    }

    /// Gives a packet to the operation whose call wrote it, or to the submission of another
    /// command.
    fn place_packet(
        &mut self,
        outcome: PacketOutcome,
        marks: Marks,
        book: Position,
        ledger: Position,
    ) {
        let submission = self.submissions.iter().find(|known| known.fence == outcome.fence);
        let buffer = submission.map(|submission| submission.buffer);
        let (fence, start) = (outcome.fence, outcome.start);
        let packet = TracedPacket { buffer, outcome, marks };
        let paging = submission.is_none_or(|submission| submission.paging);
        let wrote = |operation: &TracedOperation| match paging {
            false => operation.submission == Some(fence),
            true => operation.calls.iter().any(|call| {
                buffer.is_some_and(|buffer| buffer.serial == call.buffer.serial)
                    && (call.start..call.end).contains(&start)
            }),
        };
        if let Some(operation) = self.operations.iter_mut().find(|known| wrote(known)) {
            operation.packets.push(packet);
            return;
        }
        let executed = TracedKind::Executed(fence);
        match self.operations.iter_mut().find(|known| known.kind == executed) {
            Some(operation) => operation.packets.push(packet),
            None => self.operations.push(TracedOperation {
                kind: executed,
                calls: Vec::new(),
                packets: vec![packet],
                decision: None,
                submission: None,
                waits: Vec::new(),
                book,
                ledger,
                done: marks,
            }),
        }
    }

    /// An operation is through when its packets are, and those before it.
    fn complete_in_order(&mut self) {
        let order = |marks: &Marks| (marks.queue, marks.host, marks.driver.device);
        let mut before: Option<Marks> = None;
        for operation in &mut self.operations {
            if let Some(packet) = operation.packets.last() {
                operation.done = packet.marks;
            }
            if let Some(before) = before.filter(|before| order(before) > order(&operation.done)) {
                operation.done = before;
            }
            before = Some(operation.done);
        }
    }

    /// Whether `inner` names an operation or packet of this command.
    #[must_use]
    pub fn contains(&self, inner: Inner) -> bool {
        self.operation(inner.operation).is_some_and(|operation| {
            inner
                .packet
                .is_none_or(|packet| packet >= 1 && (packet as usize) <= operation.packets.len())
        })
    }

    /// An operation, counted from 1.
    #[must_use]
    pub fn operation(&self, number: u32) -> Option<&TracedOperation> {
        self.operations.get((number as usize).checked_sub(1)?)
    }

    /// Where the rooms stand at a place inside the command, or `None` when there is none such.
    ///
    /// After the last operation that is the end of the command.
    #[must_use]
    pub fn moment(&self, inner: Inner) -> Option<Moment> {
        let operation = self.operation(inner.operation)?;
        let last_operation = inner.operation as usize == self.operations.len();
        let packets = operation.packets.len();
        let marks = match inner.packet {
            None if last_operation => return Some(self.end),
            None => operation.done,
            Some(packet) => {
                let index = (packet as usize).checked_sub(1)?;
                if last_operation && index + 1 == packets {
                    return Some(self.end);
                }
                operation.packets.get(index)?.marks
            }
        };
        Some(Moment {
            vidmm: VidMmMark { book: operation.book, queue: marks.queue },
            host: marks.host,
            driver: marks.driver,
            ledger: operation.ledger,
        })
    }

    /// Every place inside the command, in order, the last of which is its end.
    ///
    /// With `packets` each packet is one; otherwise each operation.
    #[must_use]
    pub fn places(&self, packets: bool) -> Vec<Inner> {
        let mut places = Vec::new();
        for (number, operation) in (1..).zip(&self.operations) {
            let last = u32::try_from(operation.packets.len()).unwrap_or(u32::MAX);
            if packets && last > 0 {
                places.extend(
                    (1..=last).map(|packet| Inner { operation: number, packet: Some(packet) }),
                );
            } else {
                places.push(Inner { operation: number, packet: None });
            }
        }
        places
    }
}

/// A trace that several readers share.
pub type SharedTrace = Arc<CommandTrace>;
