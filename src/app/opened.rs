//! A session that is open: its document, its run, and what panels need prepared.
//!
//! Everything that a panel shows of the run is fetched here, when something changes, so that
//! drawing reads and never computes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::analysis::events::{process_events, segment_events};
use crate::analysis::tally::Tally;
use crate::base::{AllocationId, Position};
use crate::config::Quirks;
use crate::kmd::{self, Profile};
use crate::machine::{Diverged, Level, Place, Run, SharedTrace, Started};
use crate::session::{self, Document, LoadError, Names, Session};
use crate::vidmm::{Decision, ResidencyChange};

use super::action::{Speed, Tab};
use super::editing::Journal;
use super::files::identity::FileIdentity;
use super::item::Item;
use super::lives::Lives;
use super::previews::Previews;
use super::view::View;

/// What placed an allocation where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placing {
    /// The allocation.
    pub allocation: AllocationId,
    /// The command, counted from 1.
    pub command: usize,
    /// The search for room that led there, if one was made.
    pub decision: Option<Decision>,
}

/// A session that is open.
#[derive(Debug)]
pub struct Opened {
    pub(super) document: Arc<Document>,
    names: Names,
    run: Run,
    pub(super) profile: Profile,
    pub(super) journal: Journal,
    pub(super) previews: Previews,
    /// Counts how often the run was made anew.
    edition: u64,
    file: Option<PathBuf>,
    /// The file as it was when it was last read or written.
    identity: Option<FileIdentity>,
    embedded: Option<&'static str>,
    trace: Option<SharedTrace>,
    opened: BTreeMap<usize, SharedTrace>,
    changes: Vec<ResidencyChange>,
    forward: bool,
    selected: Option<Item>,
    history: Vec<(usize, ResidencyChange)>,
    /// The events of a selection that is no allocation, and of what and how many commands.
    events: (Option<(Item, usize)>, Vec<usize>),
    placed_by: Option<Placing>,
    diverged: Option<Diverged>,
    pub(super) tally: Tally,
    lives: Lives,
    /// The machine before the first command, to be shown while that of the run is elsewhere: it goes
    /// ahead, and comes back, without anybody waiting for the way.
    home: Option<Box<Run>>,
    /// What is shown is not yet of where the session stands.
    unsettled: bool,
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
    /// Whether nothing is executed in the background for now, because somebody said so.
    pub paused: bool,
    /// Where the session is on its way to.
    pub going_to: Option<Place>,
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
        session::open(text, origin, &profile_adapter).map(|session| Self::new(session, quirks))
    }

    /// Reads a session file for whoever only runs it: its document has no commands, only the run has.
    /// Nothing can be inserted or saved.
    ///
    /// # Errors
    /// When the file cannot be read, and everything wrong with the text, each with its place.
    pub fn read_to_run(path: &Path, quirks: Quirks) -> Result<Self, Vec<LoadError>> {
        let session = session::open_to_run(path, &profile_adapter)?;
        let mut opened = Self::new(session, quirks);
        opened.set_file(Some(path.to_owned()));
        Ok(opened)
    }

    /// Reads a session and frees its text before anything is made of it.
    ///
    /// # Errors
    /// Everything wrong with the text, each with its place.
    pub(super) fn read_whole(text: String, origin: &str) -> Result<Self, Vec<LoadError>> {
        let session = session::open(&text, origin, &profile_adapter)?;
        drop(text);
        Ok(Self::new(session, Quirks::empty()))
    }

    fn new(session: Session, quirks: Quirks) -> Self {
        let mut bound = session.bound;
        bound.adapter.quirks |= quirks;
        let profile: Profile = kmd::profile(&bound.adapter.profile)
            .or_else(|| kmd::profiles().into_iter().next())
            .expect("the program has at least one profile, and reading found this one");
        let run = Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into());
        let mut opened = Self {
            document: Arc::new(session.document),
            names: bound.names,
            run,
            profile,
            journal: Journal::default(),
            previews: Previews::default(),
            edition: 0,
            file: None,
            identity: None,
            embedded: None,
            trace: None,
            opened: BTreeMap::new(),
            changes: Vec::new(),
            forward: true,
            selected: None,
            history: Vec::new(),
            events: (None, Vec::new()),
            placed_by: None,
            diverged: None,
            tally: Tally::default(),
            lives: Lives::default(),
            home: None,
            unsettled: false,
            revision: 0,
        };
        opened.follow_state();
        opened
    }

    /// What the file says.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The same, to be kept beside what it becomes.
    #[must_use]
    pub(super) fn shared_document(&self) -> Arc<Document> {
        Arc::clone(&self.document)
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
    pub fn run_mut(&mut self) -> &mut Run {
        self.come_home();
        &mut self.run
    }

    /// Where the session stands. The run itself may be elsewhere for a while, as long as the session
    /// stands before its first command.
    #[must_use]
    pub fn place(&self) -> Place {
        if self.home.is_some() { Place::default() } else { self.run.place() }
    }

    /// Whether the run is elsewhere than the session stands.
    #[must_use]
    pub const fn is_away(&self) -> bool {
        self.home.is_some()
    }

    /// Brings the run to where the session stands.
    fn come_home(&mut self) {
        if self.home.take().is_some() {
            let went = self.run.go_to(Place::default());
            self.note(went);
        }
    }

    /// Brings the run `count` commands closer to where the session stands.
    pub(super) fn come_closer(&mut self, count: usize) {
        if self.home.is_none() {
            return;
        }
        let to = self.run.place().command.saturating_sub(count);
        if to == 0 {
            self.come_home();
        } else {
            let went = self.run.go_to(Place::after(to));
            self.note(went);
        }
    }

    /// Executes up to `count` more commands. Before the first command the run stays where that has
    /// led it, so that nothing is walked back; elsewhere it comes back.
    pub(super) fn execute_ahead(&mut self, count: usize) {
        if self.place() != Place::default() || self.run.machine().started().is_err() {
            self.execute(count);
            return;
        }
        if self.home.is_none() {
            let none = std::sync::Arc::from([]);
            let (adapter, policies) = (self.run.adapter(), self.run.policies());
            self.home = Some(Box::new(Run::new(adapter, policies, &self.profile, none)));
        }
        self.travel(count);
        self.refresh_history();
        self.revision += 1;
    }

    /// Executes up to `count` more commands and leaves the run there; says whether it went on.
    fn travel(&mut self, count: usize) -> bool {
        let all = self.run.commands().len();
        let to = self.run.executed().saturating_add(count).min(all);
        let went = self.run.go_to(Place::after(to));
        self.note(went).unwrap_or(false)
    }

    /// Executes up to `count` more commands, and the session stands after the last of them;
    /// [`Self::settle`] makes ready what is shown of it.
    pub(super) fn run_on(&mut self, count: usize) {
        self.home = None;
        self.unsettled |= self.travel(count);
    }

    /// Makes ready what is shown, after going on.
    pub(super) fn settle(&mut self) {
        if self.unsettled {
            self.forward = true;
            self.changes.clear();
            self.refresh();
        }
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

    /// The file as it was when it was last read or written; `None` where that is not known.
    #[must_use]
    pub const fn file_identity(&self) -> Option<&FileIdentity> {
        self.identity.as_ref()
    }

    /// Remembers the file as it was when it was read or written.
    pub const fn set_file_identity(&mut self, identity: Option<FileIdentity>) {
        self.identity = identity;
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
        self.events = (None, Vec::new());
        self.placed_by = None;
        self.tally = Tally::default();
        self.lives = Lives::default();
        self.home = None;
        self.follow_state();
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
        let place = self.place();
        let commands = self.history.iter().map(|(command, _)| *command);
        let own = commands.rev().find(|command| Place::after(*command) < place);
        own.or_else(|| {
            let events = &self.events.1;
            let before = events.partition_point(|command| Place::after(*command) < place);
            events.get(before.checked_sub(1)?).copied()
        })
    }

    /// The command in which the selection has its first event after this place.
    #[must_use]
    pub fn event_after(&self) -> Option<usize> {
        let place = self.place();
        self.history
            .iter()
            .map(|(command, _)| *command)
            .find(|command| Place::after(*command) > place)
            .or_else(|| {
                let events = &self.events.1;
                let until = events.partition_point(|command| Place::after(*command) <= place);
                events.get(until).copied()
            })
    }

    /// Executing something again ended elsewhere: the first time that it happened.
    #[must_use]
    pub const fn diverged(&self) -> Option<&Diverged> {
        self.diverged.as_ref()
    }

    /// Executes up to `count` more commands in the background of where it stands.
    pub fn execute(&mut self, count: usize) -> usize {
        self.come_home();
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
        let before = self.place();
        let home = self.home.take();
        let went = self.run.go_to(place);
        let went = self.note(went).unwrap_or(false);
        if !went {
            self.home = home;
        }
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
        self.come_home();
        let next = self.run.next_place(level);
        let next = self.note(next).flatten();
        next.is_some_and(|place| self.go_to(place))
    }

    /// One step back; says whether there was one.
    pub fn step_back(&mut self, level: Level) -> bool {
        self.come_home();
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
            place: self.place(),
            tally: &self.tally,
            lives: &self.lives,
            edition: self.edition,
            trace: self.trace.as_ref(),
            opened: &self.opened,
            changes: &self.changes,
            forward: self.forward,
            selected: self.selected,
            history: &self.history,
            placed_by: self.placed_by.as_ref(),
            previews: self.previews.at(self.place(), self.edition),
            previews_wait: self.previews_wait_to_be_asked_for(),
            can_go_back: looking.can_go_back,
            can_go_forward: looking.can_go_forward,
            hovered: looking.hovered,
            tab: looking.tab,
            level: looking.level,
            paused: looking.paused,
            going_to: looking.going_to,
            playing: looking.playing,
            speed: looking.speed,
            revision: self.revision,
        }
    }

    pub(super) fn started(&self) -> Option<&Started> {
        let shown = self.home.as_deref().unwrap_or(&self.run);
        shown.machine().started().ok()
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
        self.unsettled = false;
        let command = self.run.place().command;
        self.trace = None;
        if command > 0 {
            let trace = self.run.trace(command);
            self.trace = self.note(trace);
        }
        self.follow_state();
        self.refresh_history();
        self.revision += 1;
    }

    /// Counts what is there now.
    fn follow_state(&mut self) {
        let shown = self.home.as_deref().unwrap_or(&self.run);
        if let Ok(started) = shown.machine().started() {
            self.tally.follow(started.vidmm());
        }
    }

    /// The life of the selected allocation, and the command that placed it where it is now.
    fn refresh_history(&mut self) {
        self.history.clear();
        let known = self.placed_by.take();
        self.refresh_events();
        if let (Ok(started), Some(last)) = (self.run.machine().started(), self.run.records().last())
        {
            self.lives.extend(started.vidmm(), last.end.vidmm.book);
        }
        let Some(Item::Allocation(id)) = self.selected else { return };
        self.history = self.life_of(id);
        let place = self.place();
        // A command that is not through counts: its book is as of the operation.
        let placing = self.history.iter().rev().find(|(command, change)| {
            *command <= place.command && change.after.is_some() && change.before != change.after
        });
        let Some((command, _)) = placing.copied() else { return };
        let same = |known: &Placing| known.command == command && known.allocation == id;
        self.placed_by = known.filter(same).or_else(|| {
            // The last of several: a submission that had to be split looks again.
            let decisions = self.run.decisions(command);
            let decision = decisions.filter(|decision| decision.allocation == id).last();
            Some(Placing { allocation: id, command, decision })
        });
    }

    /// The commands in which something happens to a selected segment or process: made anew only
    /// where another is selected or more is executed.
    fn refresh_events(&mut self) {
        let key = self.selected.map(|item| (item, self.run.executed()));
        if self.events.0 == key {
            return;
        }
        let events = match self.selected {
            Some(Item::Segment(id) | Item::Hole(id, _) | Item::AperturePage(id, _)) => {
                segment_events(&self.run, id)
            }
            Some(Item::Process(id)) => process_events(&self.run, id),
            _ => Vec::new(),
        };
        self.events = (key, events);
    }

    fn life_of(&self, id: AllocationId) -> Vec<(usize, ResidencyChange)> {
        let Ok(started) = self.run.machine().started() else { return Vec::new() };
        let ends = self.run.records();
        let command =
            |position| ends.partition_point(|record| record.end.vidmm.book < position) + 1;
        let changes = self.lives.of(started.vidmm(), id).into_iter();
        changes.map(|change| (command(change.position), change)).collect()
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

    /// The life of every allocation, read in slices, is what a walk over all changes finds.
    #[test]
    fn a_life_read_in_slices_is_whole() {
        let text = include_str!("../../tests/sessions/walk.ron");
        let mut opened = Opened::read(text, "walk.ron").expect("the walk is a session");
        let mut some = false;
        while !opened.run().is_complete() {
            opened.execute(2);
            for id in (0..5).map(AllocationId) {
                opened.select(Some(Item::Allocation(id)));
                let end = opened.run().records().last().expect("two are executed").end.vidmm.book;
                let started = opened.started().expect("it starts");
                let all = started.vidmm().residency_changes(Position(0), end);
                let expected: Vec<_> = all.filter(|change| change.allocation == id).collect();
                let found: Vec<_> = opened.history.iter().map(|(_, change)| *change).collect();
                assert_eq!(found, expected);
                some |= !found.is_empty();
            }
        }
        assert!(some);
    }
}
