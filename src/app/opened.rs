//! A session that is open: its document, its run, and what panels need prepared.
//!
//! Everything that a panel shows of the run is fetched here, when something changes, so that
//! drawing reads and never computes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::base::{AllocationId, Position};
use crate::config::Quirks;
use crate::kmd::{self, Profile};
use crate::machine::{Diverged, Level, Place, Run, SharedTrace, Started};
use crate::session::{self, Document, LoadError, Names};
use crate::vidmm::ResidencyChange;

use super::action::{Speed, Tab};
use super::editing::Journal;
use super::item::Item;
use super::previews::Previews;
use super::view::View;

/// A session that is open.
#[derive(Debug)]
pub struct Opened {
    pub(super) document: Document,
    names: Names,
    run: Run,
    pub(super) profile: Profile,
    pub(super) journal: Journal,
    pub(super) previews: Previews,
    /// Counts how often the run was made anew.
    edition: u64,
    file: Option<PathBuf>,
    embedded: Option<&'static str>,
    trace: Option<SharedTrace>,
    opened: BTreeMap<usize, SharedTrace>,
    changes: Vec<ResidencyChange>,
    forward: bool,
    selected: Option<Item>,
    history: Vec<(usize, ResidencyChange)>,
    placed_by: Option<SharedTrace>,
    diverged: Option<Diverged>,
    revision: u64,
}

/// What the window adds to a session to make a view of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Looking {
    /// Whether there is a selection to go back to.
    pub can_go_back: bool,
    /// Whether there is a selection to go forward to.
    pub can_go_forward: bool,
    /// What the pointer is over.
    pub hovered: Option<Item>,
    /// The tab below the map.
    pub tab: Tab,
    /// The level at which the transport steps.
    pub level: Level,
    /// Whether the session plays.
    pub playing: bool,
    /// How fast.
    pub speed: Speed,
}

/// The adapter that a profile stands for, as sessions look it up.
#[must_use]
pub fn profile_adapter(name: &str) -> Option<crate::config::Adapter> {
    kmd::profile(name).map(|profile| profile.adapter)
}

impl Opened {
    /// Reads a session; nothing of it runs yet.
    ///
    /// # Errors
    /// Everything wrong with the text, each with its place.
    pub fn read(text: &str, origin: &str) -> Result<Self, Vec<LoadError>> {
        Self::read_with_quirks(text, origin, Quirks::empty())
    }

    /// The same, with departures of the driver switched on besides those of the session.
    ///
    /// # Errors
    /// Everything wrong with the text, each with its place.
    pub fn read_with_quirks(
        text: &str,
        origin: &str,
        quirks: Quirks,
    ) -> Result<Self, Vec<LoadError>> {
        let session = session::open(text, origin, &profile_adapter)?;
        let mut bound = session.bound;
        bound.adapter.quirks |= quirks;
        let profile: Profile = kmd::profile(&bound.adapter.profile)
            .or_else(|| kmd::profiles().into_iter().next())
            .expect("the program has at least one profile, and reading found this one");
        let run = Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into());
        Ok(Self {
            document: session.document,
            names: bound.names,
            run,
            profile,
            journal: Journal::default(),
            previews: Previews::default(),
            edition: 0,
            file: None,
            embedded: None,
            trace: None,
            opened: BTreeMap::new(),
            changes: Vec::new(),
            forward: true,
            selected: None,
            history: Vec::new(),
            placed_by: None,
            diverged: None,
            revision: 0,
        })
    }

    /// What the file says.
    #[must_use]
    pub const fn document(&self) -> &Document {
        &self.document
    }

    /// Names of what the ids stand for.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &Run {
        &self.run
    }

    /// The run, to go on with it.
    pub const fn run_mut(&mut self) -> &mut Run {
        &mut self.run
    }

    /// The file that it came from or was written to.
    #[must_use]
    pub const fn file(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }

    /// Remembers the file that it came from or was written to.
    pub fn set_file(&mut self, file: Option<PathBuf>) {
        self.file = file;
    }

    /// The file name under which it comes with the program, where it does.
    #[must_use]
    pub const fn embedded(&self) -> Option<&'static str> {
        self.embedded
    }

    /// Remembers under which file name it comes with the program.
    pub const fn set_embedded(&mut self, file_name: Option<&'static str>) {
        self.embedded = file_name;
    }

    /// Counts how often the run was made anew: what panels know of one is not true of the next.
    #[must_use]
    pub const fn edition(&self) -> u64 {
        self.edition
    }

    /// Takes another run, of which the first `same` commands are as in this one.
    ///
    /// The selection stays: a change of the commands leaves the ids of objects alone.
    pub(super) fn replace_run(&mut self, same: usize, run: Run) {
        self.run = run;
        self.edition += 1;
        self.trace = None;
        self.opened.retain(|command, _| *command <= same);
        self.changes.clear();
        self.diverged = None;
        self.refresh_history();
        self.revision += 1;
    }

    /// Says that something outside the run changed that panels show.
    pub const fn touch(&mut self) {
        self.revision += 1;
    }

    /// The command in which the selection has its last event before this place.
    #[must_use]
    pub fn event_before(&self) -> Option<usize> {
        let place = self.run.place();
        let commands = self.history.iter().rev().map(|(command, _)| *command);
        commands.into_iter().find(|command| Place::after(*command) < place)
    }

    /// The command in which the selection has its first event after this place.
    #[must_use]
    pub fn event_after(&self) -> Option<usize> {
        let place = self.run.place();
        self.history
            .iter()
            .map(|(command, _)| *command)
            .find(|command| Place::after(*command) > place)
    }

    /// Executing something again ended elsewhere: the first time that it happened.
    #[must_use]
    pub const fn diverged(&self) -> Option<&Diverged> {
        self.diverged.as_ref()
    }

    /// Executes up to `count` more commands in the background of where it stands.
    pub fn execute(&mut self, count: usize) -> usize {
        let done = self.run.execute(count);
        if done > 0 {
            self.refresh_history();
            self.revision += 1;
        }
        done
    }

    /// Goes to a place; where there is none such, stays.
    pub fn go_to(&mut self, place: Place) -> bool {
        let mut from = self.book_position();
        let before = self.run.place();
        let went = self.run.go_to(place);
        let went = self.note(went).unwrap_or(false);
        if went {
            self.forward = place >= before;
            if place.command.abs_diff(before.command) > 1 {
                // After a jump the changes of all that was jumped over tell nothing.
                from = self.before_last_step(place);
                self.forward = true;
            }
            let to = self.book_position();
            self.changes = match (from, to, self.run.machine().started()) {
                (Some(from), Some(to), Ok(started)) => {
                    started.vidmm().residency_changes(from, to).collect()
                }
                _ => Vec::new(),
            };
            self.refresh();
        }
        went
    }

    /// Where the book stood before the step that ends at `place`; the run stands at `place`.
    fn before_last_step(&mut self, place: Place) -> Option<Position> {
        let level = if place.inner.is_some() { Level::Operation } else { Level::Command };
        let previous = self.run.previous_place(level);
        let previous = self.note(previous).flatten()?;
        let went = self.run.go_to(previous);
        self.note(went)?;
        let position = self.book_position();
        let back = self.run.go_to(place);
        self.note(back)?;
        position
    }

    /// One step forward; says whether there was one.
    pub fn step_forward(&mut self, level: Level) -> bool {
        let next = self.run.next_place(level);
        let next = self.note(next).flatten();
        next.is_some_and(|place| self.go_to(place))
    }

    /// One step back; says whether there was one.
    pub fn step_back(&mut self, level: Level) -> bool {
        let previous = self.run.previous_place(level);
        let previous = self.note(previous).flatten();
        previous.is_some_and(|place| self.go_to(place))
    }

    /// Selects something, or nothing.
    pub fn select(&mut self, item: Option<Item>) {
        if self.selected != item {
            self.selected = item;
            self.refresh_history();
            self.revision += 1;
        }
    }

    /// The selection.
    #[must_use]
    pub const fn selected(&self) -> Option<Item> {
        self.selected
    }

    /// Opens or closes a command in the table of operations.
    pub fn toggle_opened(&mut self, command: usize) {
        if self.opened.remove(&command).is_none() && command <= self.run.executed() {
            let trace = self.run.trace(command);
            if let Some(trace) = self.note(trace) {
                self.opened.insert(command, trace);
            }
        }
        self.revision += 1;
    }

    /// What panels see of it.
    #[must_use]
    pub fn view(&self, looking: Looking) -> View<'_> {
        View {
            document: &self.document,
            names: &self.names,
            run: &self.run,
            started: self.started(),
            place: self.run.place(),
            trace: self.trace.as_ref(),
            opened: &self.opened,
            changes: &self.changes,
            forward: self.forward,
            selected: self.selected,
            history: &self.history,
            placed_by: self.placed_by.as_ref(),
            previews: self.previews.at(self.run.place(), self.edition),
            can_go_back: looking.can_go_back,
            can_go_forward: looking.can_go_forward,
            hovered: looking.hovered,
            tab: looking.tab,
            level: looking.level,
            playing: looking.playing,
            speed: looking.speed,
            revision: self.revision,
        }
    }

    fn started(&self) -> Option<&Started> {
        self.run.machine().started().ok()
    }

    fn book_position(&self) -> Option<Position> {
        self.started().map(|started| started.vidmm().mark().book)
    }

    /// Keeps the first divergence, which is a defect of the machine to be shown.
    fn note<T>(&mut self, result: Result<T, Diverged>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(diverged) => {
                self.diverged.get_or_insert(diverged);
                None
            }
        }
    }

    fn refresh(&mut self) {
        let command = self.run.place().command;
        self.trace = None;
        if command > 0 {
            let trace = self.run.trace(command);
            self.trace = self.note(trace);
        }
        self.refresh_history();
        self.revision += 1;
    }

    /// The life of the selected allocation, and the command that placed it where it is now.
    fn refresh_history(&mut self) {
        self.history.clear();
        self.placed_by = None;
        let Some(Item::Allocation(id)) = self.selected else { return };
        self.history = self.life_of(id);
        let place = self.run.place();
        // A command that is not through counts: its book is as of the operation.
        let placing = self.history.iter().rev().find(|(command, change)| {
            *command <= place.command && change.after.is_some() && change.before != change.after
        });
        if let Some((command, _)) = placing.copied() {
            let trace = self.run.trace(command);
            self.placed_by = self.note(trace);
        }
    }

    fn life_of(&self, id: AllocationId) -> Vec<(usize, ResidencyChange)> {
        let Some(started) = self.started() else { return Vec::new() };
        let Some(last) = self.run.records().last() else { return Vec::new() };
        let start = crate::base::Position(0);
        started
            .vidmm()
            .residency_changes(start, last.end.vidmm.book)
            .filter(|change| change.allocation == id)
            .map(|change| {
                let ends = self.run.records();
                let before = ends.partition_point(|record| record.end.vidmm.book < change.position);
                (before + 1, change)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tour_runs_to_its_end_without_damage() {
        let text = include_str!("../../saved-sessions/tour.ron");
        let mut opened = Opened::read(text, "tour.ron").expect("the tour is a session");
        opened.execute(usize::MAX);
        for (number, record) in (1..).zip(opened.run().records()) {
            assert!(!record.is_bad(), "command {number}: {record:?}");
        }
        while opened.step_forward(Level::Packet) {}
        assert_eq!(opened.run().place(), Place::after(opened.run().commands().len()));
        while opened.step_back(Level::Packet) {}
        assert_eq!(opened.run().place(), Place::default());
        assert_eq!(opened.diverged(), None);
    }

    /// Command 4 of the tour brings the primary in, and nothing else; a jump there shows that alone,
    /// as a step there does. Command 6 expects something, and brings nothing.
    #[test]
    fn a_jump_shows_what_the_last_step_changed_and_not_all_that_it_passed() {
        let text = include_str!("../../saved-sessions/tour.ron");
        let mut opened = Opened::read(text, "tour.ron").expect("the tour is a session");
        opened.execute(usize::MAX);
        let end = Place::after(opened.run().commands().len());
        for (from, to) in [(Place::default(), 4), (end, 4), (Place::after(3), 4)] {
            assert!(opened.go_to(from));
            assert!(opened.go_to(Place::after(to)));
            let names = opened.names();
            let came: Vec<&str> = opened
                .changes
                .iter()
                .filter(|change| change.after.is_some())
                .map(|change| names.allocation(change.allocation))
                .collect();
            assert_eq!(came, ["primary"], "from {from}");
            assert!(opened.forward);
            assert_eq!(opened.run().place(), Place::after(to));
        }
        assert!(opened.go_to(end) && opened.go_to(Place::after(6)));
        assert!(opened.changes.is_empty(), "an expectation brings nothing");
        assert!(opened.go_to(end) && opened.go_to(Place::default()));
        assert!(opened.changes.is_empty(), "before the first command nothing has come");
    }
}
