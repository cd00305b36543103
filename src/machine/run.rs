//! A session being run: its commands, what each came to, and where one stands in it.
//!
//! Commands are executed once, in order. Going anywhere among the executed ones walks the logs;
//! taking a command apart executes it again with the trace on and must end in the same hash.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::{Keeping, StateHash};
use crate::config::{Adapter, Policies};
use crate::kmd::Profile;
use crate::rules::CheckedSegment;
use crate::vidmm::{Decision, Transition, VidMm};

use super::command::{Command, Expectation, ExpectedDamage};
use super::decisions::DecisionLog;
use super::expect::Mismatch;
use super::history::SegmentHistory;
use super::machine::{Ending, Machine, Outcome, Started};
use super::moment::{Inner, Moment, Place};
use super::power::{PowerOutcome, Preview};
use super::recorder::{Fault, Summary};
use super::trace::{CommandTrace, SharedTrace, TraceBuilder};
use super::verify::Damage;

/// Traces kept for those who look back and forth.
const TRACES_KEPT: usize = 64;

/// Commands whose changes are sealed together. Who looks inside waits until as many are executed
/// again; the more they are, the less is kept of each.
const SEALED_TOGETHER: usize = 64;

/// Sealed stretches inside which one can stand without executing anything again.
const UNFOLDED_KEPT: usize = 8;

/// What is kept of an executed command.
#[derive(Clone, Debug)]
pub struct CommandRecord {
    /// Where the rooms stood after it.
    pub end: Moment,
    /// Hash of the state after it.
    pub hash: StateHash,
    /// The machine's clock after it, in nanoseconds.
    pub clock: u64,
    /// References so far, on the scale of [`crate::vidmm::Allocation::last_reference`].
    pub references: u64,
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
    /// Commands that are sealed together.
    together: usize,
    /// Stretches all of which is there, the one looked at last behind.
    unfolded: VecDeque<usize>,
    forgets: bool,
    bad: usize,
    failed: usize,
    /// Damage that was found and lasts, so that it is not found again after every command.
    standing: Vec<Damage>,
    history: SegmentHistory,
    decisions: DecisionLog,
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
        // Nobody goes back into the start of the adapter.
        machine.keep(Keeping::ForgetBehind);
        let (start, start_hash) = (machine.moment(), machine.hash());
        let mut history = SegmentHistory::default();
        note_figures(&mut history, &machine, 0);
        history.note_start(machine.started().map_or(0, |it| it.vidmm().queue().clock()));
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
            together: SEALED_TOGETHER,
            unfolded: VecDeque::new(),
            forgets: false,
            bad: 0,
            failed: 0,
            standing: Vec::new(),
            history,
            decisions: DecisionLog::default(),
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

    /// Seals as many commands together; before anything is executed. For tests: few make seams.
    #[doc(hidden)]
    pub fn seal_together(&mut self, commands: usize) {
        self.together = commands.max(1);
        self.machine.keep(Keeping::Leap { first: 2, factor: 3 });
    }

    /// Keeps no history from here on: the run goes forward only, and takes no more memory than its
    /// state and a record for each command.
    pub const fn forget_history(&mut self) {
        self.forgets = true;
    }

    /// Executes up to a place and keeps no history, showing each command taken apart as soon as it is
    /// executed; stands at the place then.
    ///
    /// Returns whether there is such a place.
    ///
    /// # Errors
    /// What `visit` fails with.
    pub fn pass_through<E>(
        &mut self,
        to: Place,
        mut visit: impl FnMut(&Self, &CommandTrace) -> Result<(), E>,
    ) -> Result<bool, E> {
        self.forget_history();
        if to.command > self.commands.len() || to.command < self.records.len() {
            return Ok(false);
        }
        let mut inside = None;
        while self.records.len() < to.command {
            let number = self.records.len() + 1;
            self.machine.keep(Keeping::ForgetBehind);
            let mut builder = TraceBuilder::default();
            let start = self.machine.moment();
            self.execute_next(Some(&mut builder));
            let record = &self.records[number - 1];
            if matches!(record.ending, Ending::Refused(_)) {
                builder.keep_decisions();
            }
            let trace = builder.finish(number, start, record.end);
            self.place = Place::after(number);
            visit(self, &trace)?;
            inside = to.inner.and_then(|inner| trace.moment(inner));
        }
        match (to.inner, inside) {
            (None, _) => Ok(true),
            (Some(_), Some(moment)) => {
                self.machine.move_to(moment);
                self.place = to;
                Ok(true)
            }
            (Some(_), None) => Ok(false),
        }
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

    /// The executed command, counted from 1, in which a moment lies on the scale of references;
    /// `None` for never.
    #[must_use]
    pub fn command_of_reference(&self, time: u64) -> Option<usize> {
        let before = self.records.partition_point(|record| record.references < time);
        (time > 0 && before < self.records.len()).then_some(before + 1)
    }

    /// The searches for room that an executed command made, in order: why what it placed lies where
    /// it does. None of a command that was refused, or of a run that keeps no history.
    pub fn decisions(&self, command: usize) -> impl Iterator<Item = Decision> + '_ {
        self.decisions.of(command)
    }

    /// How full the segments were along the executed commands.
    #[must_use]
    pub const fn segment_history(&self) -> &SegmentHistory {
        &self.history
    }

    /// How many executed commands have something wrong.
    #[must_use]
    pub const fn bad_count(&self) -> usize {
        self.bad
    }

    /// How many of those are expectations that do not hold.
    #[must_use]
    pub const fn failed_count(&self) -> usize {
        self.failed
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
        if self.forgets {
            self.place = Place::after(self.records.len());
        } else if done > 0 {
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
        let (number, traced) = (self.records.len() + 1, trace.is_some());
        let commands = Arc::clone(&self.commands);
        let mut searches = TraceBuilder::of_decisions();
        let watching = if self.forgets { trace } else { trace.or(Some(&mut searches)) };
        let outcome = self.machine.apply(number as u64, &commands[number - 1], watching);
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
            ending = Ending::Failed(Box::new(mismatch));
        }
        let damage_is_expected = self.expects_damage(number, &damage);
        let started = self.machine.started().ok().map(Started::vidmm);
        let clock = started.map_or(0, |vidmm| vidmm.queue().clock());
        let references = started.map_or(0, VidMm::references);
        let record = CommandRecord {
            end: self.machine.moment(),
            hash: self.machine.hash(),
            clock,
            references,
            summary,
            ending,
            faults: faults.into(),
            damage: damage.into(),
            damage_is_expected,
            power,
        };
        self.bad += usize::from(record.is_bad());
        self.failed += usize::from(matches!(record.ending, Ending::Failed(_)));
        if !matches!(record.ending, Ending::Refused(_)) {
            self.decisions.push(number, &searches.into_decisions());
        }
        // Where the book did not change, neither did any figure of it.
        let moved =
            self.end_of(number - 1).is_none_or(|end| end.vidmm.book != record.end.vidmm.book);
        if moved && !self.forgets {
            note_figures(&mut self.history, &self.machine, number);
        }
        self.records.push(record);
        if self.forgets {
            // What is taken apart right after this still needs it.
            if !traced {
                self.machine.keep(Keeping::ForgetBehind);
            }
        } else if number.is_multiple_of(self.together) {
            self.machine.keep(Keeping::Seal);
            self.unfolded_now(number / self.together - 1);
        }
    }

    /// A stretch has all its changes; of the one that nobody has looked at for longest they go.
    fn unfolded_now(&mut self, stretch: usize) {
        self.unfolded.push_back(stretch);
        if self.unfolded.len() > UNFOLDED_KEPT
            && let Some(oldest) = self.unfolded.pop_front()
        {
            self.machine.keep(Keeping::Fold(oldest));
        }
    }

    /// Sees to it that the machine can stand inside a command, or after one that is not the last of
    /// a stretch. The machine may move.
    fn unfold(&mut self, command: usize) -> Result<(), Diverged> {
        let Some(stretch) = command.checked_sub(1).map(|before| before / self.together) else {
            return Ok(());
        };
        let (first, last) = (stretch * self.together, (stretch + 1) * self.together);
        if last > self.records.len() {
            return Ok(());
        }
        if let Some(at) = self.unfolded.iter().position(|known| *known == stretch) {
            self.unfolded.remove(at);
            self.unfolded.push_back(stretch);
            return Ok(());
        }
        let (Some(start), Some(end)) = (self.end_of(first), self.end_of(last)) else {
            return Ok(());
        };
        self.machine.move_to(start);
        let commands = Arc::clone(&self.commands);
        for number in first + 1..=last {
            self.machine.apply(number as u64, &commands[number - 1], None);
            let (found, recorded) = (self.machine.hash(), self.records[number - 1].hash);
            if found != recorded {
                self.machine.move_to(start);
                return Err(Diverged { command: number, recorded, found });
            }
        }
        let adopted = self.machine.moment() == end && self.machine.keep(Keeping::Adopt(stretch));
        debug_assert!(adopted, "the same state is reached by the same changes");
        self.unfolded_now(stretch);
        Ok(())
    }

    /// Moves the machine to a moment after or inside a command.
    fn stand(&mut self, command: usize, moment: Moment) -> Result<(), Diverged> {
        let at_seam = self.end_of(command) == Some(moment) && command.is_multiple_of(self.together);
        if !at_seam {
            self.unfold(command)?;
        }
        self.machine.move_to(moment);
        Ok(())
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
        if let Some(moment) = moment
            && self.stand(place.command, moment).is_ok()
        {
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
        let (Some(start), Some(end)) =
            (self.end_of(command.saturating_sub(1)), self.end_of(command))
        else {
            unreachable!("the ends of executed commands are recorded");
        };
        let mut builder = TraceBuilder::default();
        if command > 0 {
            // Both places stay open: where the machine stands, and the command.
            let stood = (self.place.command, self.machine.moment());
            self.unfold(stood.0)?;
            self.unfold(command)?;
            self.machine.move_to(start);
            let commands = Arc::clone(&self.commands);
            self.machine.apply(command as u64, &commands[command - 1], Some(&mut builder));
            let record = &self.records[command - 1];
            let (found, recorded) = (self.machine.hash(), record.hash);
            if found != recorded {
                self.machine.roll_back(start);
                self.stand(stood.0, stood.1)?;
                return Err(Diverged { command, recorded, found });
            }
            if matches!(record.ending, Ending::Refused(_)) {
                builder.keep_decisions();
            }
            self.stand(stood.0, stood.1)?;
        }
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
        // What is forgotten cannot be gone back to.
        if place.command > self.commands.len() || self.forgets && place < self.place {
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
        if let Err(diverged) = self.stand(place.command, moment) {
            self.restore(stood);
            return Err(diverged);
        }
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

/// Notes what the book of a machine says after `command`.
fn note_figures(history: &mut SegmentHistory, machine: &Machine, command: usize) {
    if let Ok(started) = machine.started() {
        let vidmm = started.vidmm();
        history.note(command, vidmm.adapter().segments.len(), vidmm.book());
    }
}

/// Whether `place` comes after `other` inside a command. After an operation is after its packets.
fn is_after(place: Inner, other: Inner) -> bool {
    let order = |inner: Inner| (inner.operation, inner.packet.unwrap_or(u32::MAX));
    order(place) > order(other)
}
