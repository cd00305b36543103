//! A session being run: its commands, what each came to, and where one stands in it.
//!
//! Commands are executed once, in order. Going anywhere among the executed ones walks the logs;
//! taking a command apart executes it again with the trace on and must end in the same hash.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::StateHash;
use crate::config::{Adapter, Policies};
use crate::kmd::Profile;
use crate::rules::CheckedSegment;
use crate::vidmm::Transition;

use super::command::{Command, Expectation, ExpectedDamage};
use super::expect::Mismatch;
use super::machine::{Ending, Machine, Outcome};
use super::moment::{Inner, Moment, Place};
use super::power::{PowerOutcome, Preview};
use super::recorder::{Fault, Summary};
use super::trace::{CommandTrace, SharedTrace, TraceBuilder};
use super::verify::Damage;

/// Traces kept for those who look back and forth.
const TRACES_KEPT: usize = 64;

/// What is kept of an executed command.
#[derive(Clone, Debug)]
pub struct CommandRecord {
    /// Where the rooms stood after it.
    pub end: Moment,
    /// Hash of the state after it.
    pub hash: StateHash,
    /// The machine's clock after it, in nanoseconds.
    pub clock: u64,
    /// What it did, in numbers.
    pub summary: Summary,
    /// How it ended.
    pub ending: Ending,
    /// Faults of the device while it ran.
    pub faults: Box<[Fault]>,
    /// What was found wrong after it, and was not wrong before.
    pub damage: Box<[Damage]>,
    /// The expectations right after it name exactly this damage.
    pub damage_is_expected: bool,
    /// What it came to, where it was a power transition that was not refused.
    pub power: Option<Box<PowerOutcome>>,
}

impl CommandRecord {
    /// Whether something is wrong that `check` reports.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        matches!(self.ending, Ending::Failed(_))
            || !self.damage.is_empty() && !self.damage_is_expected
    }
}

/// A step in one of the three levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Level {
    /// Whole commands.
    #[default]
    Command,
    /// Operations that VidMm derives from a command.
    Operation,
    /// Packets that the GPU executes.
    Packet,
}

/// Executing a command again did not end in the recorded hash: the machine is not deterministic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("command {command} ended in state {found} when executed again, not in {recorded}")]
pub struct Diverged {
    /// The command, counted from 1.
    pub command: usize,
    /// The hash of the first execution.
    pub recorded: StateHash,
    /// The hash of the second.
    pub found: StateHash,
}

/// A machine with the commands of a session.
#[derive(Debug)]
pub struct Run {
    adapter: Adapter,
    policies: Policies,
    machine: Machine,
    start: Moment,
    start_hash: StateHash,
    commands: Arc<[Command]>,
    records: Vec<CommandRecord>,
    place: Place,
    traces: VecDeque<SharedTrace>,
    bad: usize,
    /// Damage that was found and lasts, so that it is not found again after every command.
    standing: Vec<Damage>,
}

impl Run {
    /// A run that stands before its first command.
    #[must_use]
    pub fn new(
        adapter: &Adapter,
        policies: Policies,
        profile: &Profile,
        commands: Arc<[Command]>,
    ) -> Self {
        let mut machine = Machine::new(adapter, policies, profile);
        machine.forget_ahead();
        let (start, start_hash) = (machine.moment(), machine.hash());
        Self {
            adapter: adapter.clone(),
            policies,
            machine,
            start,
            start_hash,
            commands,
            records: Vec::new(),
            place: Place::default(),
            traces: VecDeque::new(),
            bad: 0,
            standing: Vec::new(),
        }
    }

    /// The adapter as the session describes it, whether or not it started.
    #[must_use]
    pub const fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// The policies in force.
    #[must_use]
    pub const fn policies(&self) -> Policies {
        self.policies
    }

    /// The machine, standing where the run stands.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The machine, before anything ran.
    pub const fn machine_mut(&mut self) -> &mut Machine {
        &mut self.machine
    }

    /// The segments of the adapter; empty where it did not start.
    #[must_use]
    pub fn segments(&self) -> Arc<[CheckedSegment]> {
        self.machine.started().map_or_else(
            |_| Arc::from([]),
            |started| Arc::clone(&started.vidmm().adapter().segments),
        )
    }

    /// The commands.
    #[must_use]
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// A command, counted from 1.
    #[must_use]
    pub fn command(&self, number: usize) -> Option<&Command> {
        self.commands.get(number.checked_sub(1)?)
    }

    /// What the executed commands came to.
    #[must_use]
    pub fn records(&self) -> &[CommandRecord] {
        &self.records
    }

    /// What a command came to, counted from 1; `None` before it is executed.
    #[must_use]
    pub fn record(&self, number: usize) -> Option<&CommandRecord> {
        self.records.get(number.checked_sub(1)?)
    }

    /// Commands executed so far.
    #[must_use]
    pub const fn executed(&self) -> usize {
        self.records.len()
    }

    /// Whether every command is executed.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.records.len() == self.commands.len()
    }

    /// How many executed commands have something wrong.
    #[must_use]
    pub const fn bad_count(&self) -> usize {
        self.bad
    }

    /// Where the run stands.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The recorded hash after a command; `None` before it is executed.
    #[must_use]
    pub fn recorded_hash(&self, command: usize) -> Option<StateHash> {
        if command == 0 { Some(self.start_hash) } else { Some(self.record(command)?.hash) }
    }

    /// Where the rooms stood after a command.
    fn end_of(&self, command: usize) -> Option<Moment> {
        if command == 0 { Some(self.start) } else { Some(self.record(command)?.end) }
    }

    /// Executes up to `count` more commands, and stands where it stood.
    ///
    /// Returns how many were executed.
    pub fn execute(&mut self, count: usize) -> usize {
        let stood = self.place;
        let done = self.extend(count);
        if done > 0 {
            self.restore(stood);
        }
        done
    }

    /// Executes up to `count` more commands and leaves the machine after the last of them; the
    /// caller moves it on.
    fn extend(&mut self, count: usize) -> usize {
        let todo = count.min(self.commands.len() - self.records.len());
        if let Some(end) = self.end_of(self.records.len()).filter(|_| todo > 0) {
            self.machine.move_to(end);
        }
        for _ in 0..todo {
            self.execute_next(None);
        }
        todo
    }

    /// Executes every command, and stands where it stood.
    pub fn execute_all(&mut self) {
        self.execute(usize::MAX);
    }

    /// Executes the next command; the machine stands after the last executed one.
    fn execute_next(&mut self, trace: Option<&mut TraceBuilder>) {
        let number = self.records.len() + 1;
        let commands = Arc::clone(&self.commands);
        let outcome = self.machine.apply(number as u64, &commands[number - 1], trace);
        let Outcome { mut ending, summary, faults, mut damage, power } = outcome;
        if number == commands.len() {
            // With many objects the sweeps are far apart: the end always gets one.
            for found in self.machine.sweep() {
                if !damage.contains(&found) {
                    damage.push(found);
                }
            }
        }
        let mut fresh: Vec<Damage> = Vec::with_capacity(damage.len());
        for found in damage {
            if !self.standing.contains(&found) && !fresh.contains(&found) {
                fresh.push(found);
            }
        }
        let damage = fresh;
        self.standing.extend(damage.iter().filter(|found| found.is_lasting()).cloned());
        if let Command::Expect(expectation) = &commands[number - 1]
            && ending == Ending::Held
            && let Err(mismatch) = self.evaluate(number, expectation)
        {
            ending = Ending::Failed(mismatch);
        }
        let damage_is_expected = self.expects_damage(number, &damage);
        let clock = self.machine.started().map_or(0, |started| started.vidmm().queue().clock());
        let record = CommandRecord {
            end: self.machine.moment(),
            hash: self.machine.hash(),
            clock,
            summary,
            ending,
            faults: faults.into(),
            damage: damage.into(),
            damage_is_expected,
            power,
        };
        self.bad += usize::from(record.is_bad());
        self.records.push(record);
    }

    /// The damage that the expectations right after a command name.
    fn expected_damage(&self, number: usize) -> impl Iterator<Item = ExpectedDamage> + '_ {
        let after = self.commands.get(number..).unwrap_or_default().iter();
        after.take_while(|command| command.is_expectation()).filter_map(|command| match command {
            Command::Expect(Expectation::Damage(damage)) => Some(*damage),
            _ => None,
        })
    }

    /// Whether damage is exactly what the session expects.
    fn expects_damage(&self, number: usize, damage: &[Damage]) -> bool {
        let expected: Vec<ExpectedDamage> = self.expected_damage(number).collect();
        let named = |found: &Damage| found.as_expected().is_some_and(|one| expected.contains(&one));
        !damage.is_empty() && damage.iter().all(named)
    }

    /// Whether an expectation holds that compares with what a run knows.
    fn evaluate(&self, number: usize, expectation: &Expectation) -> Result<(), Mismatch> {
        match expectation {
            Expectation::Finding(rule) => {
                let touched = self.machine.findings().iter().any(|finding| finding.rule == *rule);
                if touched { Ok(()) } else { Err(Mismatch::NoFinding(*rule)) }
            }
            Expectation::Damage(damage) => {
                let before = (1..number).rev();
                let record = before
                    .take_while(|command| *command > 0)
                    .find(|command| !self.commands[command - 1].is_expectation())
                    .and_then(|command| self.record(command));
                let found = record.map_or(&[][..], |record| &record.damage[..]);
                if found.iter().any(|one| one.as_expected() == Some(*damage)) {
                    return Ok(());
                }
                Err(Mismatch::Damage(found.first().cloned()))
            }
            Expectation::Fate(id, fate) => {
                let records = self.records[..number - 1].iter().rev();
                let outcome = records.filter_map(|record| record.power.as_deref()).next();
                let found = outcome.and_then(|outcome| outcome.allocation(*id));
                let found = found.map(|allocation| allocation.fate);
                if found == Some(*fate) { Ok(()) } else { Err(Mismatch::Fate(*id, found)) }
            }
            _ => Ok(()),
        }
    }

    fn restore(&mut self, place: Place) {
        let moment = match place.inner {
            None => self.end_of(place.command),
            Some(inner) => self.trace(place.command).ok().and_then(|trace| trace.moment(inner)),
        };
        if let Some(moment) = moment {
            self.machine.move_to(moment);
            self.place = place;
        }
    }

    /// Takes an executed command apart.
    ///
    /// # Errors
    /// When it ends in another state than before.
    ///
    /// # Panics
    /// When the command has not been executed.
    pub fn trace(&mut self, command: usize) -> Result<SharedTrace, Diverged> {
        if let Some(known) = self.traces.iter().find(|known| known.command == command) {
            return Ok(Arc::clone(known));
        }
        let trace = Arc::new(self.trace_again(command)?);
        if self.traces.len() == TRACES_KEPT {
            self.traces.pop_front();
        }
        self.traces.push_back(Arc::clone(&trace));
        Ok(trace)
    }

    fn trace_again(&mut self, command: usize) -> Result<CommandTrace, Diverged> {
        assert!(command <= self.records.len(), "command {command} has not been executed");
        let stood = self.machine.moment();
        let (Some(start), Some(end)) =
            (self.end_of(command.saturating_sub(1)), self.end_of(command))
        else {
            unreachable!("the ends of executed commands are recorded");
        };
        let mut builder = TraceBuilder::default();
        if command > 0 {
            self.machine.move_to(start);
            let commands = Arc::clone(&self.commands);
            self.machine.apply(command as u64, &commands[command - 1], Some(&mut builder));
            let record = &self.records[command - 1];
            let (found, recorded) = (self.machine.hash(), record.hash);
            if found != recorded {
                self.machine.roll_back(start);
                self.machine.move_to(stood);
                return Err(Diverged { command, recorded, found });
            }
            if matches!(record.ending, Ending::Refused(_)) {
                builder.keep_decisions();
            }
        }
        self.machine.move_to(stood);
        Ok(builder.finish(command, start, end))
    }

    /// What a transition would come to where the run stands, and the way back from it: tried and
    /// taken back, so that nothing of it is left.
    ///
    /// `None` inside a command: nothing executes from there.
    pub fn preview(&mut self, transition: Transition) -> Option<Preview> {
        if self.place.inner.is_some() {
            return None;
        }
        Some(self.machine.preview(transition))
    }

    /// Goes to a place, executing commands as far as that needs.
    ///
    /// Returns whether there is such a place; where there is none, nothing changes.
    ///
    /// # Errors
    /// When taking a command apart ends in another state than before.
    pub fn go_to(&mut self, place: Place) -> Result<bool, Diverged> {
        if place.command > self.commands.len() {
            return Ok(false);
        }
        let stood = self.place;
        // Not back to where it stood in between: that is the whole way twice.
        let extended = self.extend(place.command.saturating_sub(self.records.len())) > 0;
        let moment = match place.inner {
            None => self.end_of(place.command),
            Some(inner) => match self.trace(place.command) {
                Ok(trace) => trace.moment(inner),
                Err(diverged) => {
                    self.restore(stood);
                    return Err(diverged);
                }
            },
        };
        let Some(moment) = moment else {
            if extended {
                self.restore(stood);
            }
            return Ok(false);
        };
        self.machine.move_to(moment);
        self.place = place;
        Ok(true)
    }

    /// The place one step forward, if there is one.
    ///
    /// # Errors
    /// When taking a command apart ends in another state than before.
    pub fn next_place(&mut self, level: Level) -> Result<Option<Place>, Diverged> {
        let Place { command, inner } = self.place;
        if level == Level::Command {
            let next = command + 1;
            return Ok((inner.is_some() || next <= self.commands.len())
                .then(|| Place::after(if inner.is_some() { command } else { next })));
        }
        if let Some(inner) = inner {
            let places = self.places(command, level)?;
            let later = places.iter().find(|place| is_after(**place, inner)).copied();
            let last = places.last().copied();
            return Ok(Some(match later {
                Some(later) if Some(later) != last => Place { command, inner: Some(later) },
                _ => Place::after(command),
            }));
        }
        if command == self.commands.len() {
            return Ok(None);
        }
        let next = command + 1;
        let places = self.places(next, level)?;
        Ok(Some(match places[..] {
            [first, _, ..] => Place { command: next, inner: Some(first) },
            _ => Place::after(next),
        }))
    }

    /// The place one step back, if there is one.
    ///
    /// # Errors
    /// When taking a command apart ends in another state than before.
    pub fn previous_place(&mut self, level: Level) -> Result<Option<Place>, Diverged> {
        let Place { command, inner } = self.place;
        if command == 0 {
            return Ok(None);
        }
        if level == Level::Command {
            return Ok(Some(Place::after(command - 1)));
        }
        let places = self.places(command, level)?;
        let earlier = match inner {
            Some(inner) => places.iter().rev().find(|place| is_after(inner, **place)),
            // The last place inside a command is its end.
            None => places.iter().rev().nth(1),
        };
        Ok(Some(match earlier {
            Some(earlier) => Place { command, inner: Some(*earlier) },
            None => Place::after(command - 1),
        }))
    }

    /// The places inside a command at a level, executing as far as that needs.
    fn places(&mut self, command: usize, level: Level) -> Result<Vec<Inner>, Diverged> {
        if command > self.records.len() {
            self.execute(command - self.records.len());
        }
        Ok(self.trace(command)?.places(level == Level::Packet))
    }
}

/// Whether `place` comes after `other` inside a command. After an operation is after its packets.
fn is_after(place: Inner, other: Inner) -> bool {
    let order = |inner: Inner| (inner.operation, inner.packet.unwrap_or(u32::MAX));
    order(place) > order(other)
}
