//! Which contexts give the GPU work along a run, taken in as it is executed.

use std::collections::BTreeMap;

use crate::base::{ContextId, ContextRef, DeviceId, FenceId, ProcessId};
use crate::machine::{Command, CommandRecord, Ending, Started};

/// A step in which a context submits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitStep {
    /// The command, counted from 1.
    pub command: usize,
    /// Machine time that passed in it, in nanoseconds: preparing, and executing what it waited for.
    pub time: u64,
}

/// The steps in which a context submits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLane {
    /// The context.
    pub context: ContextRef,
    /// The process that opened its device; `None` where the run does not say.
    pub process: Option<ProcessId>,
    /// From -7 to 7.
    pub priority: i8,
    /// In order; refused ones are none.
    pub steps: Vec<SubmitStep>,
}

/// What contexts submit in the executed part of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineLog {
    read: usize,
    clock: u64,
    devices: BTreeMap<DeviceId, ProcessId>,
    owners: BTreeMap<crate::base::AllocationId, DeviceId>,
    contexts: BTreeMap<ContextId, (DeviceId, i8)>,
    places: BTreeMap<ContextRef, usize>,
    lanes: Vec<ContextLane>,
    /// Some command names a context: there is more to tell than which process is at work.
    named: bool,
}

impl EngineLog {
    /// Takes in what was executed since the last time; begins anew where less is executed.
    pub fn extend(&mut self, commands: &[Command], records: &[CommandRecord]) {
        if records.len() < self.read {
            *self = Self::default();
        }
        let (commands, records) = (commands.get(self.read..), records.get(self.read..));
        let fresh = commands.unwrap_or_default().iter().zip(records.unwrap_or_default());
        for (number, (command, record)) in (self.read + 1..).zip(fresh) {
            let time = record.clock.saturating_sub(self.clock);
            self.clock = record.clock;
            if !matches!(record.ending, Ending::Refused(_)) {
                self.learn(number, command, time);
            }
        }
        self.read += records.unwrap_or_default().len();
    }

    fn learn(&mut self, number: usize, command: &Command, time: u64) {
        let context = match command {
            Command::CreateDevice(device, process, _) => {
                self.devices.insert(*device, *process);
                return;
            }
            Command::CreateContext(context, device, priority) => {
                self.contexts.insert(*context, (*device, *priority));
                self.named = true;
                return;
            }
            Command::CreateAllocation(create) => {
                self.owners.insert(create.allocation, create.device);
                return;
            }
            Command::Submit(submit) => {
                self.named = true;
                Some(submit.context)
            }
            Command::Use(references) => {
                let first = references.first();
                let owner = first.and_then(|first| self.owners.get(&first.allocation));
                owner.map(|device| ContextRef::OfDevice(*device))
            }
            _ => None,
        };
        let Some(context) = context else { return };
        let place = *self.places.entry(context).or_insert(self.lanes.len());
        if place == self.lanes.len() {
            let (device, priority) = match context {
                ContextRef::OfDevice(device) => (Some(device), 0),
                ContextRef::Own(id) => {
                    let known = self.contexts.get(&id).copied();
                    (known.map(|known| known.0), known.map_or(0, |known| known.1))
                }
            };
            let process = device.and_then(|device| self.devices.get(&device).copied());
            self.lanes.push(ContextLane { context, process, priority, steps: Vec::new() });
        }
        if let Some(lane) = self.lanes.get_mut(place) {
            lane.steps.push(SubmitStep { command: number, time });
        }
    }

    /// The contexts that submitted, those of the highest priority first; empty where the run names
    /// none, so that processes say as much.
    #[must_use]
    pub fn lanes(&self) -> Vec<&ContextLane> {
        if !self.named {
            return Vec::new();
        }
        let mut lanes: Vec<&ContextLane> = self.lanes.iter().collect();
        lanes.sort_by_key(|lane| (std::cmp::Reverse(lane.priority), lane.context));
        lanes
    }

    /// How many lanes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        if self.named { self.lanes.len() } else { 0 }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ContextLane {
    /// Machine time of its steps in each of `buckets` buckets of the run's `commands`.
    #[must_use]
    pub fn buckets(&self, commands: usize, buckets: usize) -> Vec<u64> {
        let mut sums = vec![0_u64; buckets];
        for step in &self.steps {
            let index = step.command.saturating_sub(1).saturating_mul(buckets);
            if let Some(sum) = sums.get_mut(index / commands.max(1)) {
                // A step that took no time is still one.
                *sum = sum.saturating_add(step.time.max(1));
            }
        }
        sums
    }
}

/// What the GPU has of a context at a moment and has not ended: the fences, in order.
#[must_use]
pub fn in_flight(started: &Started, context: ContextRef) -> Vec<FenceId> {
    let given = started.vidmm().queue().in_flight();
    given.filter(|given| given.context() == Some(context)).map(|given| given.fence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::buffers::tests::opened;

    const CONTEXTS: &str = r#"(
        version: 1, adapter: (profile: "inspector"), policies: (engine: Manual),
        commands: [
            CreateProcess("a"),
            CreateDevice(name: "d", process: "a"),
            CreateContext(name: "low", device: "d", priority: -2),
            CreateContext(name: "high", device: "d", priority: 3),
            CreateAllocation(name: "x", device: "d", size: "1 MiB", preferred: [1], supported: [1]),
            Submit(context: "low", commands: [Fill(allocation: "x", pattern: 1)]),
            Submit(context: "high", commands: [Fill(allocation: "x", pattern: 2)]),
            Use([Read("x")]),
            Submit(context: "low", commands: [Fill(allocation: "x", offset: "2 MiB", length: 4, pattern: 1)]),
        ],
    )"#;

    #[test]
    fn every_context_has_the_steps_in_which_it_submits() {
        let opened = opened(CONTEXTS);
        let mut log = EngineLog::default();
        // By and by as at once.
        log.extend(opened.run.commands(), &opened.run.records()[..6]);
        log.extend(opened.run.commands(), opened.run.records());
        let mut whole = EngineLog::default();
        whole.extend(opened.run.commands(), opened.run.records());
        assert_eq!(log, whole);
        let lanes: Vec<(i8, Vec<usize>)> = log
            .lanes()
            .iter()
            .map(|lane| (lane.priority, lane.steps.iter().map(|step| step.command).collect()))
            .collect();
        // The highest priority first; what is refused, being beyond the allocation, is no step.
        assert_eq!(lanes, [(3, vec![7]), (0, vec![8]), (-2, vec![6])]);
        // Nine commands in three buckets: the sixth lies in the second.
        let low = log.lanes()[2].buckets(9, 3);
        assert!(low[0] == 0 && low[1] > 0 && low[2] == 0, "{low:?}");
        log.extend(opened.run.commands(), &opened.run.records()[..5]);
        assert_eq!((log.len(), log.is_empty()), (0, true));
    }

    /// Nothing runs until the third submission needs one of the two DMA buffers of the device; the
    /// low context's was begun first.
    #[test]
    fn what_is_in_flight_is_read_from_the_moment() {
        let mut opened = opened(CONTEXTS);
        let low = ContextRef::Own(ContextId(0));
        let mut count = |place: &str| {
            assert_eq!(opened.run.go_to(place.parse().expect("a place")), Ok(true));
            let started = opened.run.machine().started().expect("it starts");
            in_flight(started, low).len()
        };
        assert_eq!((count("5"), count("6"), count("7"), count("8")), (0, 1, 1, 0));
    }

    #[test]
    fn a_run_without_contexts_of_its_own_has_no_lanes() {
        let text = include_str!("../../tests/sessions/walk.ron");
        let opened = opened(text);
        let mut log = EngineLog::default();
        log.extend(opened.run.commands(), opened.run.records());
        assert!(log.is_empty() && log.lanes().is_empty());
    }
}
