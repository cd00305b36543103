//! Going to anything and doing anything by a few letters of its name.
//!
//! What there is little of is looked through at once. Names of allocations and texts of commands are
//! looked through in parts, one part a frame, so that typing stays quick in a session of a million
//! allocations; of commands only those near the playhead are.

mod address;
mod hits;
pub mod score;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::machine::Place;

use super::action::Action;
use super::application::App;
use super::opened::Opened;
use super::registry::ENTRIES;
use score::Query;

/// Hits that are listed.
pub const LISTED: usize = 50;
/// Hits of one kind that are kept.
const KEPT: usize = 24;
/// What is looked through in one frame, in names of allocations.
const SLICE: usize = 24_000;
/// What the text of a command costs, in names of allocations.
const COMMAND_COST: usize = 12;
/// Commands around the playhead that are looked through.
const COMMANDS_NEAR: usize = 32_768;
/// Bytes of what somebody types.
const TYPED: usize = 200;

/// What a hit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A step that was typed as a number.
    Step,
    /// Something at an address that was typed.
    Address,
    /// A file that somebody worked with before.
    Recent,
    /// A place with a note.
    Bookmark,
    /// Something that menus and keys do too.
    Action,
    /// A session that comes with the program.
    Saved,
    /// A segment.
    Segment,
    /// A process.
    Process,
    /// A device; what is selected is its process.
    Device,
    /// An allocation.
    Allocation,
    /// A command.
    Command,
}

impl Kind {
    /// All of them, in the order in which hits stand that fit alike.
    pub const ALL: [Self; 11] = [
        Self::Step,
        Self::Address,
        Self::Recent,
        Self::Bookmark,
        Self::Action,
        Self::Saved,
        Self::Segment,
        Self::Process,
        Self::Device,
        Self::Allocation,
        Self::Command,
    ];

    /// What one is called.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Address => "address",
            Self::Recent => "recent file",
            Self::Bookmark => "bookmark",
            Self::Action => "action",
            Self::Saved => "saved session",
            Self::Segment => "segment",
            Self::Process => "process",
            Self::Device => "device",
            Self::Allocation => "allocation",
            Self::Command => "command",
        }
    }
}

/// Something that fits what was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub text: String,
    /// What else there is to say of it; may be empty.
    pub detail: String,
    /// The keys that do the same; may be empty.
    pub keys: String,
    /// Why it cannot be done now.
    pub reason: Option<&'static str>,
    /// Parts of the name that fit, in bytes.
    pub marks: Vec<Range<usize>>,
    /// What it does, in order.
    pub actions: Vec<Action>,
}

/// A hit before it is listed: which, and how well it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Candidate {
    kind: Kind,
    score: i32,
    /// Which of its kind; of commands the distance from the playhead decides between equals.
    index: usize,
    rank: usize,
}

impl Candidate {
    /// Best first.
    const fn key(&self) -> (i32, Kind, usize) {
        (-self.score, self.kind, self.rank)
    }
}

/// What the hits were found for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Key {
    typed: String,
    serial: u64,
    edition: u64,
    place: Place,
    recents: usize,
    saved: usize,
}

/// What was typed, and what was found so far.
#[derive(Debug, Default)]
pub struct Palette {
    typed: String,
    key: Option<Key>,
    query: Query,
    /// The best of each kind, best first.
    kept: BTreeMap<Kind, Vec<Candidate>>,
    found: usize,
    allocations: usize,
    commands: usize,
    complete: bool,
    hits: Vec<Hit>,
    chosen: usize,
}

impl Palette {
    /// What was typed, to go on typing.
    pub const fn typed_mut(&mut self) -> &mut String {
        &mut self.typed
    }

    /// What was typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// The best hits found so far, best first.
    #[must_use]
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// How many more were found than are listed.
    #[must_use]
    pub const fn more(&self) -> usize {
        self.found.saturating_sub(self.hits.len())
    }

    /// Whether everything was looked through.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// The hit that Enter takes, by its place in the list.
    #[must_use]
    pub const fn chosen(&self) -> usize {
        self.chosen
    }

    /// Chooses a hit; beyond the end means the last.
    pub fn choose(&mut self, index: usize) {
        self.chosen = index.min(self.hits.len().saturating_sub(1));
    }

    /// What Enter does; nothing where the chosen hit cannot be done now.
    #[must_use]
    pub fn taken(&self) -> Option<Vec<Action>> {
        let hit = self.hits.get(self.chosen)?;
        hit.reason.is_none().then(|| hit.actions.clone())
    }

    /// Looks through a part of what there is; answers whether there is more to look through.
    pub fn work(&mut self, app: &App) -> bool {
        self.work_for(app, SLICE)
    }

    fn work_for(&mut self, app: &App, budget: usize) -> bool {
        let mut end = self.typed.len().min(TYPED);
        while !self.typed.is_char_boundary(end) {
            end -= 1;
        }
        self.typed.truncate(end);
        let key = Key {
            typed: self.typed.clone(),
            serial: app.serial(),
            edition: app.session().map_or(0, Opened::edition),
            place: app.session().map_or_else(Place::default, |opened| opened.run().place()),
            recents: app.recents().len(),
            saved: app.saved().known().len(),
        };
        if self.key.as_ref() == Some(&key) && self.complete {
            return false;
        }
        if self.key.as_ref() != Some(&key) {
            let same = self.key.as_ref().is_some_and(|before| before.typed == key.typed);
            self.begin(app, key, same);
        }
        self.go_on(app, budget);
        self.list(app);
        !self.complete
    }

    /// Begins anew with everything that there is little of.
    fn begin(&mut self, app: &App, key: Key, same: bool) {
        self.query = Query::new(&key.typed);
        self.key = Some(key);
        self.kept.clear();
        self.found = 0;
        (self.allocations, self.commands) = (0, 0);
        self.complete = false;
        if !same {
            self.chosen = 0;
        }
        let typed = self.typed.trim().to_owned();
        if let Some(opened) = app.session() {
            if hits::step_of(&typed, opened).is_some() {
                self.keep(Kind::Step, 0, 10_000, 0);
            }
            let places = address::places(&typed, opened);
            for index in 0..places.len() {
                self.keep(Kind::Address, index, 9_000, index);
            }
        }
        for (index, entry) in ENTRIES.iter().enumerate() {
            // Whoever types nothing sees what can be done, and nothing about this list itself.
            let listed =
                !self.query.is_empty() || (app.can(entry.when) && entry.action != Action::Escape);
            if entry.action != Action::TogglePalette && listed {
                self.offer(Kind::Action, index, entry.text, &[entry.tooltip, entry.menu.title()]);
            }
        }
        for (index, recent) in app.recents().iter().enumerate() {
            let name = recent.path.file_name().map(|name| name.to_string_lossy());
            self.offer(Kind::Recent, index, &recent.title, &[name.as_deref().unwrap_or("")]);
        }
        // In a session, others are wanted by whoever types their names.
        if app.session().is_none() || !self.query.is_empty() {
            for (index, saved) in app.saved().known().iter().enumerate() {
                let mut beside = vec![saved.embedded.file_name];
                beside.extend(saved.tags.iter().map(String::as_str));
                self.offer(Kind::Saved, index, &saved.title, &beside);
            }
        }
        let Some(opened) = app.session() else { return };
        for (index, bookmark) in opened.document().bookmarks.iter().enumerate() {
            self.offer(Kind::Bookmark, index, &bookmark.text, &[]);
        }
        if self.query.is_empty() {
            return;
        }
        let names = opened.names();
        for (index, name) in names.segments().enumerate() {
            self.offer(Kind::Segment, index, name, &[]);
        }
        for (index, name) in names.processes().enumerate() {
            self.offer(Kind::Process, index, name, &[]);
        }
        for (index, name) in names.devices().enumerate() {
            self.offer(Kind::Device, index, name, &[]);
        }
    }

    /// Looks through names of allocations, then through commands, for as long as `budget` lasts.
    fn go_on(&mut self, app: &App, budget: usize) {
        let Some(opened) = app.session().filter(|_| !self.query.is_empty()) else {
            self.complete = true;
            return;
        };
        let allocations = opened.names().allocations();
        let (begin, all) = (self.allocations, allocations.len());
        let end = begin.saturating_add(budget).min(all);
        for (index, name) in allocations.enumerate().skip(begin).take(end - begin) {
            self.offer(Kind::Allocation, index, name, &[]);
        }
        self.allocations = end;
        let mut left = budget.saturating_sub(end - begin);
        let words = hits::words(opened);
        while left > 0 && end == all {
            let (run, place) = (opened.run(), opened.run().place().command);
            let number = nearby(place, self.commands, run.commands().len());
            let Some(number) = number.filter(|_| self.commands < COMMANDS_NEAR) else {
                self.complete = true;
                break;
            };
            if let Some(command) = run.command(number) {
                let text = hits::command_text(command, words);
                self.offer_ranked(Kind::Command, number, &text, &[], self.commands);
                left = left.saturating_sub(COMMAND_COST + hits::parts_of(command));
            }
            self.commands += 1;
        }
    }

    fn offer(&mut self, kind: Kind, index: usize, text: &str, beside: &[&str]) {
        self.offer_ranked(kind, index, text, beside, index);
    }

    fn offer_ranked(&mut self, kind: Kind, index: usize, text: &str, beside: &[&str], rank: usize) {
        let most = match kind {
            Kind::Action => score::TOLD_BESIDE,
            _ => score::NAMED_BESIDE,
        };
        if let Some(score) = self.query.score(text, beside, most) {
            // Without words there is nothing by which one would fit better.
            let score = if self.query.is_empty() { 0 } else { score };
            self.keep(kind, index, score, rank);
        }
    }

    /// Keeps a candidate if it is among the best of its kind.
    fn keep(&mut self, kind: Kind, index: usize, score: i32, rank: usize) {
        self.found += 1;
        let candidate = Candidate { kind, score, index, rank };
        let most = if self.query.is_empty() { LISTED } else { KEPT };
        let kept = self.kept.entry(kind).or_default();
        if kept.len() >= most && kept.last().is_some_and(|last| last.key() <= candidate.key()) {
            return;
        }
        let at = kept.partition_point(|better| better.key() <= candidate.key());
        kept.insert(at, candidate);
        kept.truncate(most);
    }

    fn list(&mut self, app: &App) {
        let mut best: Vec<Candidate> = self.kept.values().flatten().copied().collect();
        best.sort_by_key(Candidate::key);
        self.hits = best
            .into_iter()
            .take(LISTED)
            .filter_map(|candidate| {
                let mut hit = hits::hit(app, candidate.kind, candidate.index, self.typed.trim())?;
                hit.marks = self.query.marks(&hit.text);
                Some(hit)
            })
            .collect();
        self.choose(self.chosen);
    }
}

/// The numbers of commands around a place, nearest first: the one at it, then one behind it and one
/// before it in turn. `None` after `count` of them.
fn nearby(place: usize, nth: usize, count: usize) -> Option<usize> {
    if nth >= count {
        return None;
    }
    // Before the first command, and at the ends, one side runs out.
    let place = place.clamp(1, count.max(1));
    let (before, behind) = (place - 1, count - place);
    let both = before.min(behind);
    if nth <= 2 * both {
        let distance = nth.div_ceil(2);
        return Some(if nth % 2 == 1 { place + distance } else { place - distance });
    }
    let distance = nth - both;
    Some(if behind > before { place + distance } else { place - distance })
}

#[cfg(test)]
mod tests;
