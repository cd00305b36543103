//! The rows of the table of operations: a virtual list over a whole run, and filters on it.
//!
//! A run may have a million commands, of which any number is opened. Nothing here is made for
//! each command: a row is found by its number through what is opened before it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::base::{AllocationId, Position};
use crate::machine::{
    Command, CommandTrace, Expectation, ExpectedDamage, Inner, Place, Run, UserCommand,
};
use crate::vidmm::Placement;

use super::explain::{StatusKind, Words, command_text, command_title, ending_status};

/// A command that is opened: the row of the command itself, and what is shown inside.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OpenedRows {
    row: usize,
    command: usize,
    inside: Vec<Inner>,
}

/// The rows of a run: its commands, or those that a filter leaves, some of them opened.
///
/// A row is a [`Place`]: the command's end for a command, the end of an operation or packet inside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    commands: usize,
    shown: Option<Arc<[usize]>>,
    opened: Vec<OpenedRows>,
}

impl Steps {
    /// The rows of `commands` commands. `shown` leaves only these, counted from 1 and ascending;
    /// `opened` says what is shown inside of which.
    #[must_use]
    pub fn new(
        commands: usize,
        shown: Option<Arc<[usize]>>,
        opened: BTreeMap<usize, Vec<Inner>>,
    ) -> Self {
        let mut steps = Self { commands, shown, opened: Vec::new() };
        let mut inside_before = 0;
        for (command, inside) in opened {
            let Some(at) = steps.position(command).filter(|_| !inside.is_empty()) else { continue };
            let row = at + inside_before;
            inside_before += inside.len();
            steps.opened.push(OpenedRows { row, command, inside });
        }
        steps
    }

    /// How many rows there are.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.command_count() + self.opened.iter().map(|opened| opened.inside.len()).sum::<usize>()
    }

    /// How many commands the filter leaves.
    #[must_use]
    pub fn command_count(&self) -> usize {
        self.shown.as_ref().map_or(self.commands, |shown| shown.len())
    }

    /// Whether a command shows what is inside.
    #[must_use]
    pub fn is_opened(&self, command: usize) -> bool {
        self.opened.binary_search_by_key(&command, |opened| opened.command).is_ok()
    }

    /// What a row is; `None` beyond the last.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<Place> {
        let after = self.opened.partition_point(|opened| opened.row < index);
        let Some(opened) = after.checked_sub(1).and_then(|last| self.opened.get(last)) else {
            return self.command_at(index).map(Place::after);
        };
        let inside = index - opened.row - 1;
        if let Some(inner) = opened.inside.get(inside) {
            return Some(Place { command: opened.command, inner: Some(*inner) });
        }
        let at = self.position(opened.command)? + 1 + (inside - opened.inside.len());
        self.command_at(at).map(Place::after)
    }

    /// The row of a place: its own, or that of the operation or command that holds it; `None`
    /// where the filter leaves none.
    #[must_use]
    pub fn index_of(&self, place: Place) -> Option<usize> {
        let at = self.position(place.command)?;
        let before = self.opened.partition_point(|opened| opened.command < place.command);
        let inside_before = before
            .checked_sub(1)
            .and_then(|last| self.opened.get(last))
            .map_or(0, |last| last.row + 1 + last.inside.len());
        let own = self.opened.get(before).filter(|opened| opened.command == place.command);
        let Some(own) = own else {
            // Rows of commands go on from the last opened one before.
            let last = before.checked_sub(1).and_then(|last| self.opened.get(last));
            let last_at = last.and_then(|last| self.position(last.command));
            return Some(last_at.map_or(at, |last_at| inside_before + (at - last_at - 1)));
        };
        let Some(inner) = place.inner else { return Some(own.row) };
        let holds = Inner { packet: None, ..inner };
        let find = |wanted: Inner| own.inside.iter().position(|shown| *shown == wanted);
        Some(find(inner).or_else(|| find(holds)).map_or(own.row, |inside| own.row + 1 + inside))
    }

    /// The place of a command among those that the filter leaves.
    fn position(&self, command: usize) -> Option<usize> {
        match &self.shown {
            Some(shown) => shown.binary_search(&command).ok(),
            None => command.checked_sub(1).filter(|at| *at < self.commands),
        }
    }

    fn command_at(&self, at: usize) -> Option<usize> {
        match &self.shown {
            Some(shown) => shown.get(at).copied(),
            None => (at < self.commands).then_some(at + 1),
        }
    }
}

/// The rows inside a command: its operations, and the packets of those that `open` picks.
#[must_use]
pub fn inside(trace: &CommandTrace, open: impl Fn(u32) -> bool) -> Vec<Inner> {
    let mut rows = Vec::new();
    for (number, operation) in (1..).zip(&trace.operations) {
        rows.push(Inner { operation: number, packet: None });
        if open(number) {
            let last = u32::try_from(operation.packets.len()).unwrap_or(u32::MAX);
            rows.extend((1..=last).map(|packet| Inner { operation: number, packet: Some(packet) }));
        }
    }
    rows
}

/// How a row stands to where the run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Through.
    Past,
    /// Begun and not through.
    Running,
    /// Of the command that is running: built into buffers, not executed.
    Encoded,
    /// Of a later command.
    Ahead,
}

/// How a row stands when the run stands at `place`. `packets` counts the packets of the operation
/// at `place`, where it is inside one.
#[must_use]
pub fn standing(row: Place, place: Place, packets: usize) -> Standing {
    if row.command != place.command {
        return if row.command < place.command { Standing::Past } else { Standing::Ahead };
    }
    let Some(at) = place.inner else { return Standing::Past };
    let Some(own) = row.inner else { return Standing::Running };
    match own.operation.cmp(&at.operation) {
        std::cmp::Ordering::Less => Standing::Past,
        std::cmp::Ordering::Greater => Standing::Encoded,
        std::cmp::Ordering::Equal => {
            let done = at.packet.map_or(packets, |packet| packet as usize);
            match own.packet {
                Some(packet) if packet as usize <= done => Standing::Past,
                Some(_) => Standing::Encoded,
                None if done >= packets => Standing::Past,
                None => Standing::Running,
            }
        }
    }
}

/// The commands that a filter leaves, counted from 1; `None` when the filter is empty.
///
/// A text finds names, kinds of command and how they ended. A number, decimal or with `0x`, finds
/// as well what lay over that address of any segment: commands that placed or moved something
/// there, and those that asked for it while it was there.
#[must_use]
pub fn filtered(run: &Run, words: Words<'_>, filter: &str) -> Option<Arc<[usize]>> {
    let mut filter = StepFilter::new(filter)?;
    filter.extend(run, words, usize::MAX);
    Some(filter.found().into())
}

/// A filter over the commands of a run, that looks at them in slices and again at what is executed
/// since.
#[derive(Clone, Debug)]
pub struct StepFilter {
    needle: String,
    address: Option<u64>,
    /// Commands that are through: executed and looked at.
    read: usize,
    past: Vec<usize>,
    /// Allocations that lie over the address there.
    there: BTreeSet<AllocationId>,
    /// Commands looked at that are not executed, and those of them that are left.
    looked_at: usize,
    ahead: VecDeque<usize>,
}

impl StepFilter {
    /// The filter of a text; `None` for an empty one, which leaves everything.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let needle = text.trim().to_lowercase();
        (!needle.is_empty()).then(|| Self {
            address: address(&needle),
            needle,
            read: 0,
            past: Vec::new(),
            there: BTreeSet::new(),
            looked_at: 0,
            ahead: VecDeque::new(),
        })
    }

    /// The commands that it leaves, counted from 1 and ascending, as far as it has looked.
    #[must_use]
    pub fn found(&self) -> Vec<usize> {
        self.past.iter().chain(&self.ahead).copied().collect()
    }

    /// How many commands it has looked at, of all.
    #[must_use]
    pub fn looked_at(&self) -> usize {
        self.looked_at.max(self.read)
    }

    /// Whether it has looked at everything that there is.
    #[must_use]
    pub fn is_complete(&self, run: &Run) -> bool {
        self.read >= run.executed() && self.looked_at() >= run.commands().len()
    }

    /// Looks at up to `most` commands; says whether that changes what it leaves.
    pub fn extend(&mut self, run: &Run, words: Words<'_>, most: usize) -> bool {
        let before = (self.past.len(), self.ahead.len());
        let end = self.read.saturating_add(most).min(run.executed());
        let mut left = most - (end - self.read);
        while self.read < end {
            self.read += 1;
            while self.ahead.front().is_some_and(|number| *number <= self.read) {
                self.ahead.pop_front();
            }
            if self.finds_executed(run, words, self.read) {
                self.past.push(self.read);
            }
        }
        self.looked_at = self.looked_at();
        while self.looked_at < run.commands().len() && left > 0 {
            self.looked_at += 1;
            left -= 1;
            let number = self.looked_at;
            if run.command(number).is_some_and(|it| names(it, words, &self.needle)) {
                self.ahead.push_back(number);
            }
        }
        before != (self.past.len(), self.ahead.len())
    }

    /// Whether it leaves a command that is executed: by what it says, how it ended, and what moved.
    fn finds_executed(&mut self, run: &Run, words: Words<'_>, number: usize) -> bool {
        let (Some(command), Some(record)) = (run.command(number), run.record(number)) else {
            return false;
        };
        let needle = &self.needle;
        let mut hit = names(command, words, needle);
        let status = ending_status(record, words);
        let told = [status.kind.word(), &status.brief, &status.detail];
        let plain = matches!(status.kind, StatusKind::Done | StatusKind::Held);
        let told = told.iter().take(if plain { 1 } else { 3 });
        hit = hit || told.into_iter().any(|text| contains(text, needle));
        if self.address.is_some() {
            hit |= allocations_of(command).any(|id| self.there.contains(&id));
        }
        let start = run.record(number - 1).map_or(Position(0), |before| before.end.vidmm.book);
        let changes = run.machine().started().ok().into_iter();
        let changes = changes
            .flat_map(|started| started.vidmm().residency_changes(start, record.end.vidmm.book));
        for change in changes {
            // Victims are not named by the command that makes them leave.
            hit = hit || contains(words.allocation(change.allocation), needle);
            if let Some(address) = self.address {
                let covers = |place: Option<Placement>| {
                    place.is_some_and(|place| {
                        let base = words.checked(place.segment).map_or(0, |known| known.base.get());
                        address.checked_sub(base).is_some_and(|offset| place.span.contains(offset))
                    })
                };
                hit |= covers(change.before) || covers(change.after);
                if covers(change.after) {
                    self.there.insert(change.allocation);
                } else {
                    self.there.remove(&change.allocation);
                }
            }
        }
        hit
    }
}

/// A number as people write addresses: decimal, or `0x` and hexadecimal, `_` wherever.
pub(super) fn address(text: &str) -> Option<u64> {
    let digits = text.replace('_', "");
    let unsigned = |digits: &str| !digits.starts_with(['+', '-']);
    match digits.strip_prefix("0x") {
        Some(hexadecimal) => {
            u64::from_str_radix(hexadecimal, 16).ok().filter(|_| unsigned(hexadecimal))
        }
        None => digits.parse().ok().filter(|_| unsigned(&digits)),
    }
}

/// Whether a text contains another that is in lower case already.
fn contains(text: &str, needle: &str) -> bool {
    if text.is_ascii() && needle.is_ascii() {
        let needle = needle.as_bytes();
        text.as_bytes().windows(needle.len().max(1)).any(|part| part.eq_ignore_ascii_case(needle))
    } else {
        text.to_lowercase().contains(needle)
    }
}

/// Whether what a command says contains `needle`.
fn names(command: &Command, words: Words<'_>, needle: &str) -> bool {
    let mut ids = allocations_of(command).peekable();
    if ids.peek().is_some() {
        // A submission is as well of a context, which has a name of its own.
        let submitter = match command {
            Command::Submit(submit) => words.names.context_ref(submit.context),
            _ => "",
        };
        ids.any(|id| contains(words.allocation(id), needle))
            || contains(command_title(command), needle)
            || contains(submitter, needle)
    } else {
        let text = command_text(command, words);
        contains(text.title, needle) || contains(&text.what, needle)
    }
}

/// The allocations that a command names.
pub fn allocations_of(command: &Command) -> impl Iterator<Item = AllocationId> + '_ {
    let submitted = match command {
        Command::Submit(submit) => &submit.commands[..],
        _ => &[],
    };
    let (one, several, references) = match command {
        Command::CreateAllocation(create) => (Some(create.allocation), &[][..], &[][..]),
        Command::DestroyAllocation(id)
        | Command::CpuWrite(id, ..)
        | Command::CpuRead(id, _)
        | Command::Evict(id)
        | Command::SetPriority(id, _)
        | Command::OpenAllocation(id, _)
        | Command::CloseAllocation(id, _)
        | Command::Lock(id, ..)
        | Command::Unlock(id)
        | Command::Display(Some(id))
        | Command::Expect(
            Expectation::Place(id, _)
            | Expectation::Content(id, _)
            | Expectation::Bytes(id, ..)
            | Expectation::Hash(id, _)
            | Expectation::Offer(id, _)
            | Expectation::Locked(id, _)
            | Expectation::Displayed(id, _)
            | Expectation::Owner(id, _)
            | Expectation::Fate(id, _)
            | Expectation::LostBytes(id, _)
            | Expectation::Damage(
                ExpectedDamage::Content { allocation: id, .. }
                | ExpectedDamage::WrongRead { allocation: id, .. }
                | ExpectedDamage::WrongCpuRead { allocation: id, .. },
            ),
        ) => (Some(*id), &[][..], &[][..]),
        Command::MakeResident(ids) | Command::Offer(ids, _) | Command::Reclaim(ids) => {
            (None, &ids[..], &[][..])
        }
        Command::Raw(raw) => (raw.allocation(), &[][..], &[][..]),
        Command::Use(references) => (None, &[][..], &references[..]),
        Command::CreateProcess(_)
        | Command::CreateDevice(..)
        | Command::CreateContext(..)
        | Command::Submit(_)
        | Command::EvictAll
        | Command::RunGpu(_)
        | Command::Display(None)
        | Command::ReservePages(_)
        | Command::ReleasePages(_)
        | Command::WritePages(..)
        | Command::Power(_)
        | Command::Expect(_) => (None, &[][..], &[][..]),
    };
    let referenced = references.iter().map(|reference| reference.allocation);
    let submitted = submitted.iter().flat_map(UserCommand::allocations);
    one.into_iter().chain(several.iter().copied()).chain(referenced).chain(submitted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SplitMix;

    /// Every row written out.
    fn naive(commands: &[usize], opened: &BTreeMap<usize, Vec<Inner>>) -> Vec<Place> {
        let mut rows = Vec::new();
        for command in commands {
            rows.push(Place::after(*command));
            let inside = opened.get(command).into_iter().flatten();
            rows.extend(inside.map(|inner| Place { command: *command, inner: Some(*inner) }));
        }
        rows
    }

    #[test]
    fn rows_are_those_of_the_list_written_out() {
        for seed in 0..300 {
            let mut random = SplitMix::new(seed);
            let count = usize::try_from(random.below(12)).expect("below 12");
            let keep: Vec<usize> = (1..=count).filter(|_| random.below(3) > 0).collect();
            let filter = random.below(2) == 0;
            let mut opened = BTreeMap::new();
            for command in 1..=count {
                if random.below(3) == 0 {
                    let operations = 1 + u32::try_from(random.below(4)).expect("below 4");
                    let inner = |operation| Inner { operation, packet: None };
                    opened.insert(command, (1..=operations).map(inner).collect::<Vec<_>>());
                }
            }
            let all: Vec<usize> = (1..=count).collect();
            let rows = naive(if filter { &keep } else { &all }, &opened);
            let shown = filter.then(|| keep.clone().into());
            let steps = Steps::new(count, shown, opened);
            assert_eq!(steps.row_count(), rows.len(), "seed {seed}");
            for (index, place) in rows.iter().enumerate() {
                assert_eq!(steps.row(index), Some(*place), "seed {seed}");
                assert_eq!(steps.index_of(*place), Some(index), "seed {seed}");
            }
            assert_eq!(steps.row(rows.len()), None, "seed {seed}");
        }
    }

    #[test]
    fn a_place_without_a_row_of_its_own_is_found_where_it_is_inside() {
        let inner = |operation, packet| Inner { operation, packet };
        let opened = BTreeMap::from([(2, vec![inner(1, None), inner(2, None)])]);
        let steps = Steps::new(3, None, opened);
        assert_eq!(steps.index_of(Place::packet(2, 2, 7)), Some(3));
        assert_eq!(steps.index_of(Place::operation(3, 1)), Some(4));
        assert_eq!(steps.index_of(Place::after(0)), None);
        assert_eq!(steps.index_of(Place::after(4)), None);
    }

    #[test]
    fn addresses_are_read_in_both_bases() {
        let table = [
            ("4096", Some(4096)),
            ("0x0040_0000", Some(0x40_0000)),
            ("0xc000_0000", Some(0xC000_0000)),
            ("terrain", None),
            ("0x", None),
            ("-1", None),
            ("0x+1", None),
        ];
        for (text, value) in table {
            assert_eq!(address(text), value, "{text}");
        }
    }

    #[test]
    fn rows_stand_before_at_or_behind_the_playhead() {
        use Standing::{Ahead, Encoded, Past, Running};
        let at = Place::packet(5, 2, 3);
        let table = [
            (Place::after(4), Past),
            (Place::after(5), Running),
            (Place::operation(5, 1), Past),
            (Place::operation(5, 2), Running),
            (Place::packet(5, 2, 3), Past),
            (Place::packet(5, 2, 4), Encoded),
            (Place::operation(5, 3), Encoded),
            (Place::after(6), Ahead),
        ];
        for (row, expected) in table {
            assert_eq!(standing(row, at, 4), expected, "{row}");
        }
        assert_eq!(standing(Place::operation(5, 2), at, 3), Past, "its last packet has run");
        assert_eq!(standing(Place::packet(5, 2, 9), Place::operation(5, 2), 9), Past);
        assert_eq!(standing(Place::after(5), Place::after(5), 0), Past);
    }

    /// Worked out from the text of the tour: who is named where, and who lay over which address.
    #[test]
    fn filters_find_names_kinds_endings_and_addresses() {
        let text = include_str!("../../tests/sessions/walk.ron");
        let lookup = |name: &str| crate::kmd::profile(name).map(|profile| profile.adapter);
        let session = crate::session::open(text, "tour.ron", &lookup);
        let bound = session.expect("the tour is a session").bound;
        let profile = crate::kmd::profile("inspector").expect("the profile of the tour");
        let mut run = Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into());
        run.execute_all();
        let started = run.machine().started().expect("the tour's adapter starts");
        let segments = started.vidmm().adapter().segments.clone();
        let words = Words::new(&bound.names, &segments);
        let table: [(&str, &[usize]); 9] = [
            // Named by 7, 8, 9, 12 and 17, evicted by 16.
            ("Terrain", &[7, 8, 9, 12, 16, 17]),
            ("evict", &[18, 20]),
            ("create dev", &[2, 4]),
            ("game.exe", &[1, 2]),
            // VRAM from 4 MiB on: terrain from 9 to 16, then history until 20.
            ("0x0050_0000", &[9, 12, 16, 20]),
            ("5242880", &[9, 12, 16, 20]),
            // The page after the last of upload's first mapping: history leaves through it, unseen.
            ("0xC010_0000", &[]),
            ("0xC000_0000", &[12, 18, 19]),
            ("nothing like it", &[]),
        ];
        for (filter, commands) in table {
            let found = filtered(&run, words, filter);
            assert_eq!(found.as_deref(), Some(commands), "{filter}");
        }
        // In slices, and while it is executed, it comes to the same.
        let profile = crate::kmd::profile("inspector").expect("the profile of the tour");
        for (filter, commands) in table {
            let commands_of = run.commands().to_vec().into();
            let mut again = Run::new(run.adapter(), run.policies(), &profile, commands_of);
            let mut sliced = StepFilter::new(filter).expect("not empty");
            while !again.is_complete() || !sliced.is_complete(&again) {
                sliced.extend(&again, words, 4);
                again.execute(3);
            }
            assert_eq!(sliced.found(), commands, "{filter}");
        }
        assert_eq!(filtered(&run, words, "  "), None);
        assert_eq!(filtered(&run, words, "done").map(|all| all.len()), Some(21));
    }
}
