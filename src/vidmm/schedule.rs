//! The order in which the GPU gets work: priorities, preemption, and what waits for memory.
//!
//! The GPU takes submissions in the order in which it is given them. Where a context of a higher
//! priority submits behind work of lower ones that has not begun, or where the engine waits for a
//! value while work of others stands behind, what has not begun is taken back and given again in
//! another order. Paging goes first and keeps its fences; other work is patched and submitted again
//! under new ones, so that fences never fall.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::{ContextRef, FenceId};
use crate::ddi::{PatchLocation, PreemptCommand, Progress};

use super::book::BookChange;
use super::cost;
use super::paging::Pager;
use super::queue::{BufferUse, InFlight, PatchLists, QueueChange};
use super::reason::{Failure, OperationReason};
use super::submit::groups;
use super::trace::{Asked, PreemptOperation, TraceEvent, WaitReason};

/// What letting the device go on came to.
pub(crate) enum Went {
    /// Nothing is queued.
    Idle,
    /// It executed a packet.
    On(crate::ddi::PacketOutcome),
    /// Everything that it was given waits for a value that nothing given to it can write.
    Hung,
}

impl Pager<'_, '_> {
    /// Lets the device run until it has passed a fence.
    ///
    /// # Errors
    /// When it waits for a value in memory that nothing given to it can write, or the machine stops.
    pub(crate) fn wait(&mut self, fence: FenceId, reason: WaitReason) -> Result<(), Failure> {
        if self.environment.observer.is_tracing() && fence > self.completed() {
            self.environment.observer.record(TraceEvent::Wait(fence, reason));
        }
        let mut target = fence;
        while self.completed() < target {
            match self.go_on(&mut target)? {
                Went::Idle => break,
                Went::On(_) => {}
                Went::Hung => return Err(Failure::Hung),
            }
        }
        Ok(())
    }

    /// Lets the device execute one packet; where it waits for a value, lets others go first.
    /// `target` follows the submission whose fence it is, where that gets another.
    pub(crate) fn go_on(&mut self, target: &mut FenceId) -> Result<Went, Failure> {
        // Each turn brings another context to the front.
        for _ in 0..=self.queue.state().in_flight.len() {
            let environment = &mut *self.environment;
            match environment.driver.execute_packet(environment.host) {
                Progress::Idle => return Ok(Went::Idle),
                Progress::Executed(outcome) => {
                    self.executed(&outcome);
                    return Ok(Went::On(outcome));
                }
                Progress::Waiting(_) => {
                    if !self.let_others_go_first(target)? {
                        return Ok(Went::Hung);
                    }
                }
            }
        }
        Ok(Went::Hung)
    }

    fn executed(&mut self, outcome: &crate::ddi::PacketOutcome) {
        self.queue.apply(QueueChange::Clock(cost::packet(&self.costs, outcome.traffic)));
        if let Some(front) = self.queue.state().in_flight.front() {
            debug_assert_eq!(front.fence, outcome.fence, "the device goes on in order");
            if outcome.completed {
                let front = Box::new(front.clone());
                self.queue.apply(QueueChange::Ended(front));
            } else if !front.begun {
                self.queue.apply(QueueChange::Began);
            }
        }
        self.environment.observer.packet(outcome);
        if self.environment.observer.is_tracing() {
            let marks = self.marks();
            self.environment.observer.record(TraceEvent::Packet(outcome.clone(), marks));
        }
    }

    /// Takes back work that ranks lower than what is about to be submitted and has not begun; what
    /// ranks as high is submitted again at once. Answers the rest, for when the new work is.
    pub(super) fn make_way(
        &mut self,
        context: ContextRef,
        priority: i8,
    ) -> Result<Vec<InFlight>, Failure> {
        let rank = |work: &InFlight| work.work.as_ref().map_or(i8::MAX, |work| work.priority);
        let lower = |other: &InFlight| !other.begun && rank(other) < priority;
        if !self.queue.state().in_flight.iter().any(lower) || !self.may_reorder(false) {
            return Ok(Vec::new());
        }
        let taken = self.preempt(Some(context), false)?;
        let (before, mut after): (Vec<InFlight>, Vec<InFlight>) =
            taken.into_iter().partition(|work| rank(work) >= priority);
        self.resubmit(before)?;
        after.sort_by_key(|work| std::cmp::Reverse(rank(work)));
        Ok(after)
    }

    /// Whether no paging stands behind work whose allocations it moves: that order must stay.
    fn may_reorder(&self, waiting: bool) -> bool {
        let in_flight = &self.queue.state().in_flight;
        in_flight.iter().enumerate().all(|(at, work)| {
            let stays = work.work.is_none() || (work.begun && !waiting);
            let behind = in_flight.iter().skip(at + 1).filter(|other| other.work.is_none());
            stays || {
                let moves = |id| work.allocations.contains(id);
                behind.into_iter().all(|paging| !paging.allocations.iter().any(moves))
            }
        })
    }

    /// The engine waits: whatever is of other contexts goes first, if anything is. Whether it does.
    fn let_others_go_first(&mut self, target: &mut FenceId) -> Result<bool, Failure> {
        let Some(front) = self.queue.state().in_flight.front() else { return Ok(false) };
        let waiting = front.context();
        let in_flight = self.queue.state().in_flight.iter();
        let others = in_flight.filter(|other| other.work.is_some() && other.context() != waiting);
        if others.count() == 0 || !self.may_reorder(true) {
            return Ok(false);
        }
        let taken = self.preempt(None, true)?;
        let (waits, others): (Vec<InFlight>, Vec<InFlight>) =
            taken.into_iter().partition(|work| work.context() == waiting);
        for (before, after) in self.resubmit(others.into_iter().chain(waits).collect())? {
            if *target == before {
                *target = after;
            }
        }
        Ok(true)
    }

    /// `DxgkDdiPreemptCommand`: takes back what the device has not begun and gives paging again.
    /// Answers the work taken back, in the order in which it was given.
    fn preempt(
        &mut self,
        for_context: Option<ContextRef>,
        waiting: bool,
    ) -> Result<Vec<InFlight>, Failure> {
        self.queue.apply(QueueChange::Fence(1));
        let fence = self.queue.state().last_fence;
        let in_flight = self.queue.state().in_flight.iter().map(|given| given.fence).collect();
        let operation = PreemptOperation { fence, for_context, in_flight };
        let asked = Asked::Preempt(Box::new(operation));
        self.announce_asked(asked, crate::base::Bytes::ZERO, OperationReason::Preemption);
        let environment = &mut *self.environment;
        let command = PreemptCommand { fence, waiting };
        let preempted = environment.driver.preempt_command(&command, environment.host);
        let before = self.queue.state().in_flight.clone();
        let kept = usize::from(preempted.last.is_some());
        let after = before.iter().take(kept).cloned().collect();
        let mut taken: Vec<InFlight> = before.iter().skip(kept).cloned().collect();
        if let (Some(resume_at), Some(front)) = (preempted.resume_at, taken.first_mut()) {
            self.resume_at(front, resume_at);
        }
        let lines = Box::new((before, after));
        self.queue.apply(QueueChange::Regiven { lines, preempted: true });
        self.queue.apply(QueueChange::Clock(cost::PLATFORM));
        self.performed();
        let (paging, work): (Vec<InFlight>, Vec<InFlight>) =
            taken.into_iter().partition(|given| given.work.is_none());
        for given in paging {
            self.give(given)?;
        }
        Ok(work)
    }

    /// What is left of work that was taken back in the middle.
    fn resume_at(&mut self, front: &mut InFlight, resume_at: u32) {
        if front.start < resume_at
            && let Some(work) = &front.work
        {
            let left = |location: &PatchLocation| location.split_offset >= resume_at;
            let at = work.patch_locations.iter().position(left);
            let (done, rest) = work.patch_locations.split_at(at.unwrap_or(0));
            self.environment.observer.ended_in_part(front.fence, groups(done));
            let patch_locations = rest.to_vec();
            front.work = Some(Arc::new(PatchLists { patch_locations, ..(**work).clone() }));
        }
        (front.start, front.begun) = (resume_at, false);
    }

    /// Patches and submits again what was preempted, under new fences. Answers which it had and has.
    pub(super) fn resubmit(
        &mut self,
        work: Vec<InFlight>,
    ) -> Result<Vec<(FenceId, FenceId)>, Failure> {
        let mut fences = Vec::with_capacity(work.len());
        for given in work {
            let before = given.fence;
            let given = self.patch(given, OperationReason::Preemption)?;
            let after = given.fence;
            self.refence(&given, before);
            self.submit(given, Some(before), OperationReason::Preemption)?;
            fences.push((before, after));
        }
        Ok(fences)
    }

    /// Everything that stood at the fence of a submission stands at its new one.
    fn refence(&mut self, given: &InFlight, old: FenceId) {
        let new = given.fence;
        let moved = |fence: FenceId| if fence == old { new } else { fence };
        for id in given.allocations.iter() {
            let Some(allocation) = self.book.state().allocation(*id) else { continue };
            let before = (allocation.fence(), allocation.paging_fence());
            let after = (moved(before.0), moved(before.1));
            if before != after {
                self.book.apply(BookChange::Fenced { id: *id, before, after });
            }
        }
        let before = self.queue.state().buffers[given.buffer as usize].usage;
        let after = BufferUse { fence: moved(before.fence), ..before };
        if before != after {
            self.queue.apply(QueueChange::used(given.buffer, before, after));
        }
        if self.queue.state().releases.iter().any(|(fence, _)| *fence == old) {
            let before = self.queue.state().releases.clone();
            let after = before.iter().map(|(fence, mdl)| (moved(*fence), mdl.clone())).collect();
            self.queue.apply(QueueChange::Releases(Box::new((before, after))));
        }
        self.environment.observer.resubmitted(old, new);
    }

    /// The device was reset: it holds nothing any more.
    pub(super) fn forget_in_flight(&mut self) {
        if !self.queue.state().in_flight.is_empty() {
            let lines = Box::new((self.queue.state().in_flight.clone(), VecDeque::new()));
            self.queue.apply(QueueChange::Regiven { lines, preempted: false });
        }
    }
}
