//! The table of allocations: which ones it lists and in which order, what each row says, and what
//! all of them come to.
//!
//! A session may hold a million allocations. What is made for all of them is one list of ids, when
//! the state, the filter or the order changes; texts are made for the rows in sight.

mod export;
mod filter;
mod row;
#[cfg(test)]
mod tests;

pub(super) use export::quote;
pub use export::{ExportFormat, export};
pub use filter::Filter;
pub use row::{AllocationRow, ByteVerdict, Content, row};

use std::collections::BTreeMap;

use crate::base::{AllocationId, DeviceId, Position, SegmentId};
use crate::ddi::{Preference, PreferredSegments};
use crate::machine::{Command, Run};
use crate::session::Names;
use crate::vidmm::{Allocation, Book, Offer, VidMm};

use super::explain::Words;
use super::strips::banks_of;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Its name, after the colour of its process.
    Name,
    /// Process and device.
    Owner,
    /// Where its bytes are.
    State,
    /// Who holds it, and what its owner has promised about it.
    Held,
    /// The segment in which it lies.
    Segment,
    /// Banks hinted and actual.
    Banks,
    /// First and last address.
    Address,
    /// Bytes.
    Size,
    /// Who leaves first.
    Priority,
    /// Where the driver wants it.
    Preferred,
    /// Clean, dirty or without content.
    Content,
    /// The step of the last reference.
    Reference,
    /// Flags by name.
    Flags,
}

impl Column {
    /// All of them, from the left.
    pub const ALL: [Self; 13] = [
        Self::Name,
        Self::Owner,
        Self::State,
        Self::Held,
        Self::Segment,
        Self::Banks,
        Self::Address,
        Self::Size,
        Self::Priority,
        Self::Preferred,
        Self::Content,
        Self::Reference,
        Self::Flags,
    ];

    /// The title above it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Name => "Allocation",
            Self::Owner => "Process, device",
            Self::State => "State",
            Self::Held => "Held",
            Self::Banks => "Bank",
            Self::Segment => "Segment",
            Self::Address => "Address",
            Self::Size => "Size",
            Self::Priority => "Priority",
            Self::Preferred => "Preferred",
            Self::Content => "Content",
            Self::Reference => "Last use",
            Self::Flags => "Flags",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Name => {
                "What the session calls it, after the colour of its process. A lock marks what is \
                 pinned: nothing but a purge moves it."
            }
            Self::Owner => "The process that owns it, and the device that created it.",
            Self::State => {
                "Resident: it lies in a segment, where the GPU can reach it. In system memory: \
                 not resident, its bytes are in its backing store. Without pages: it has left \
                 without content, so that nothing was kept. Never resident: it was created and \
                 no submission has needed it yet."
            }
            Self::Held => {
                "Displayed: shown on the screen and pinned. Locked: the CPU holds so many locks. \
                 Offered: its owner does not need the content for now, so that it leaves before the rest. \
                 Discarded: the content was dropped meanwhile. Shared: other devices may open it."
            }
            Self::Banks => {
                "The banks in which it lies, after those that the driver hinted, most wanted \
                 first. A hint that cannot be followed is dropped: a diamond says so."
            }
            Self::Segment => {
                "The segment in which it is resident. Placing it there charges the commit of the \
                 segment."
            }
            Self::Address => {
                "Its first and last byte: base address of the segment plus offset, as the DDI \
                 writes it. The filter finds every address in between."
            }
            Self::Size => {
                "Bytes in whole pages: taken in a segment while it is resident, and promised of \
                 system memory (committed) from its creation on."
            }
            Self::Priority => {
                "Who leaves first: a lower value before a higher one. From MAXIMUM on, an \
                 allocation leaves only when nothing else is left to leave."
            }
            Self::Preferred => {
                "The segment that the driver wants most: a hint. A check mark says that it lies \
                 there, a diamond that it lies in another one."
            }
            Self::Content => {
                "Clean: the backing store, where kept, holds the same bytes. Dirty: written since \
                 it was paged in, so that leaving means copying. None: never written or filled. \
                 The mark says whether every byte is what it must be."
            }
            Self::Reference => {
                "The step in which it was last paged in or named by a submission: what LRU and \
                 MRU compare."
            }
            Self::Flags => "The flags of DXGK_ALLOCATIONINFO by name; the word is on hover.",
        }
    }
}

/// Which of the columns that only some sessions need are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// [`Column::Held`]: something is locked, offered, displayed or shared in the session.
    pub held: bool,
    /// [`Column::Banks`]: a segment has banks.
    pub banks: bool,
}

impl Shown {
    /// What a session needs. Looks through its commands.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let held = |command: &Command| match command {
            Command::Lock(..) | Command::Offer(..) | Command::Display(_) => true,
            Command::CreateAllocation(create) => create.shared,
            _ => false,
        };
        let segments = run.machine().started().map(|started| &started.vidmm().adapter().segments);
        Self {
            held: run.commands().iter().any(held),
            banks: segments.is_ok_and(|all| all.iter().any(|it| !it.banks.is_empty())),
        }
    }

    /// Whether a column is shown.
    #[must_use]
    pub const fn has(self, column: Column) -> bool {
        match column {
            Column::Held => self.held,
            Column::Banks => self.banks,
            _ => true,
        }
    }
}

/// Where the bytes of an allocation are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// In a segment.
    Resident,
    /// In its backing store only.
    InSystemMemory,
    /// It has left without content: nothing was kept.
    WithoutPages,
    /// No submission has needed it yet.
    NeverResident,
}

impl State {
    /// All of them, the closest to the GPU first.
    pub const ALL: [Self; 4] =
        [Self::Resident, Self::InSystemMemory, Self::WithoutPages, Self::NeverResident];

    /// The state of an allocation.
    #[must_use]
    pub fn of(allocation: &Allocation) -> Self {
        if allocation.placement().is_some() {
            Self::Resident
        } else if allocation.backing().is_some() {
            Self::InSystemMemory
        } else if allocation.last_reference() == 0 {
            Self::NeverResident
        } else {
            Self::WithoutPages
        }
    }

    /// In a word or two.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Resident => "Resident",
            Self::InSystemMemory => "System memory",
            Self::WithoutPages => "Without pages",
            Self::NeverResident => "Never resident",
        }
    }
}

/// How the place of an allocation stands to what its driver prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preferred {
    /// It lies in the segment preferred most.
    First,
    /// It lies in the segment of a later slot, counted from 2.
    Later(u8),
    /// It lies in a segment that is not among those preferred.
    Elsewhere,
    /// The driver prefers none.
    NoPreference,
    /// It lies in no segment.
    NotResident,
}

impl Preferred {
    /// Of an allocation.
    #[must_use]
    pub fn of(allocation: &Allocation) -> Self {
        Self::at(allocation.info().preferred, allocation.placement().map(|place| place.segment))
    }

    fn at(preferred: PreferredSegments, segment: Option<SegmentId>) -> Self {
        let Some(segment) = segment else { return Self::NotResident };
        let mut slots = (1..).zip(preferred.iter()).peekable();
        if slots.peek().is_none() {
            return Self::NoPreference;
        }
        match slots.find(|(_, wanted): &(u8, Preference)| wanted.segment == segment) {
            Some((1, _)) => Self::First,
            Some((slot, _)) => Self::Later(slot),
            None => Self::Elsewhere,
        }
    }

    fn order(self) -> u64 {
        match self {
            Self::First => 1,
            Self::Later(slot) => u64::from(slot),
            Self::Elsewhere => 10,
            Self::NoPreference => 11,
            Self::NotResident => ABSENT,
        }
    }
}

/// The order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// What is compared; equal ones stay in the order of creation.
    pub column: Column,
    /// The greatest first. What a column does not apply to is last either way.
    pub descending: bool,
}

/// What all rows of a list come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Allocations.
    pub count: u64,
    /// Bytes promised of system memory: the size of each.
    pub committed: u64,
    /// Bytes that lie in each segment, by its id.
    pub resident: BTreeMap<SegmentId, u64>,
    /// Bytes of those that are not resident and have a backing store.
    pub in_system_memory: u64,
    /// Bytes of resident ones that were written since they were paged in.
    pub dirty: u64,
}

impl Totals {
    /// Bytes that lie in segments.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        self.resident.values().fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }
}

/// The allocations that a table lists, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The rows.
    pub rows: Vec<AllocationId>,
    /// What they come to.
    pub totals: Totals,
    /// How many allocations exist, listed or not.
    pub existing: u64,
}

impl Listing {
    /// The row of an allocation.
    #[must_use]
    pub fn row_of(&self, id: AllocationId) -> Option<usize> {
        self.rows.iter().position(|row| *row == id)
    }
}

/// Last of all, in either direction.
const ABSENT: u64 = u64::MAX;

/// Places of the names in the order of the alphabet: made once for a session, because comparing a
/// million names takes long.
#[derive(Clone, Debug, Default)]
pub struct Ranks {
    allocations: Vec<u32>,
    devices: Vec<u32>,
    processes: Vec<u32>,
}

impl Ranks {
    /// The ranks of all names of a session.
    #[must_use]
    pub fn new(names: &Names) -> Self {
        Self {
            allocations: ranks(names.allocations()),
            devices: ranks(names.devices()),
            processes: ranks(names.processes()),
        }
    }

    /// By process, then by device.
    fn owner(&self, book: &Book, device: DeviceId) -> u64 {
        let rank = |ranks: &[u32], index: usize| ranks.get(index).copied().unwrap_or(u32::MAX);
        let process = book.device(device).map(|device| device.process.index());
        let process = process.map_or(u32::MAX, |index| rank(&self.processes, index));
        let own = u64::from(rank(&self.devices, device.index()));
        (u64::from(process) << 32 | own).saturating_add(1)
    }

    fn allocation(&self, id: AllocationId) -> u64 {
        self.allocations.get(id.index()).map_or(ABSENT, |rank| u64::from(*rank) + 1)
    }
}

fn ranks<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u32> {
    let mut sorted: Vec<(&str, u32)> = names.zip(0_u32..).collect();
    sorted.sort_unstable();
    let mut ranks = vec![0; sorted.len()];
    for (rank, (_, number)) in (0_u32..).zip(sorted) {
        if let Some(slot) = usize::try_from(number).ok().and_then(|at| ranks.get_mut(at)) {
            *slot = rank;
        }
    }
    ranks
}

/// Lists the allocations that exist and that `filter` leaves; without an order, in the order of
/// their creation. `ranks` is made on first need.
///
/// `before` is a list in the same order as of another state, if there is one: what has not moved
/// since then need not be sorted again.
#[must_use]
pub fn list(
    book: &Book,
    words: Words<'_>,
    filter: &Filter,
    order: Option<Order>,
    ranks: &mut Option<Ranks>,
    before: &[AllocationId],
) -> Listing {
    let mut listing = Listing::default();
    let mut resident = [0_u64; SegmentId::MAX as usize];
    let by_name = |order: Order| matches!(order.column, Column::Name | Column::Owner);
    if order.is_some_and(by_name) && ranks.is_none() {
        *ranks = Some(Ranks::new(words.names));
    }
    // By id; 0 for those that are not listed.
    let mut keys: Vec<u64> = Vec::new();
    for allocation in book.allocations() {
        listing.existing += 1;
        if !filter.leaves(book, words, allocation) {
            continue;
        }
        let size = allocation.size().get();
        let totals = &mut listing.totals;
        totals.count += 1;
        totals.committed = totals.committed.saturating_add(size);
        if let Some(place) = allocation.placement() {
            if let Some(sum) = resident.get_mut(place.segment.index()) {
                *sum = sum.saturating_add(size);
            }
            if allocation.is_dirty() {
                totals.dirty = totals.dirty.saturating_add(size);
            }
        } else if allocation.backing().is_some() {
            totals.in_system_memory = totals.in_system_memory.saturating_add(size);
        }
        match order {
            None => listing.rows.push(allocation.id()),
            Some(order) => {
                let key = key(book, words, order.column, allocation, ranks.as_ref());
                let key = if order.descending && key != ABSENT { !key } else { key };
                let index = allocation.id().index();
                keys.resize(index, 0);
                keys.push(key);
            }
        }
    }
    if order.is_some() {
        listing.rows = sorted(keys, before);
    }
    listing.totals.resident = (0..)
        .map_while(SegmentId::from_index)
        .zip(resident)
        .filter(|(_, bytes)| *bytes > 0)
        .collect();
    listing
}

/// The ids that have a key, by key and then by id.
fn sorted(mut keys: Vec<u64>, before: &[AllocationId]) -> Vec<AllocationId> {
    let mut keyed: Vec<(u64, AllocationId)> = Vec::with_capacity(keys.len());
    for id in before {
        let key = keys.get_mut(id.index()).map_or(0, std::mem::take);
        if key != 0 {
            keyed.push((key, *id));
        }
    }
    let others = keys.into_iter().zip((0..).map(AllocationId)).filter(|(key, _)| *key != 0);
    keyed.extend(others);
    // Quick where long stretches are in order already, which the unstable sort does not promise.
    keyed.sort();
    keyed.into_iter().map(|(_, id)| id).collect()
}

/// What is held most strongly comes first; what is not held at all, last.
fn held_key(allocation: &Allocation) -> u64 {
    if allocation.is_displayed() {
        1
    } else if allocation.locks() > 0 {
        2
    } else {
        match allocation.offer() {
            Offer::Offered(level) => 3 + u64::from(level.number()),
            Offer::Discarded => 8,
            Offer::None if allocation.is_shared() => 9,
            Offer::None => ABSENT,
        }
    }
}

/// What a column compares, at least 1 where it applies.
fn key(
    book: &Book,
    words: Words<'_>,
    column: Column,
    allocation: &Allocation,
    ranks: Option<&Ranks>,
) -> u64 {
    let place = allocation.placement();
    match column {
        Column::Name => ranks.map_or(ABSENT, |ranks| ranks.allocation(allocation.id())),
        Column::Owner => ranks.map_or(ABSENT, |ranks| ranks.owner(book, allocation.device())),
        Column::State => match State::of(allocation) {
            State::Resident => 1,
            State::InSystemMemory => 2,
            State::WithoutPages => 3,
            State::NeverResident => 4,
        },
        Column::Held => held_key(allocation),
        Column::Banks => place
            .and_then(|place| banks_of(&words.checked(place.segment)?.banks, place.span))
            .map_or(ABSENT, |(first, last)| u64::from(first) << 8 | u64::from(last)),
        Column::Segment => place.map_or(ABSENT, |place| u64::from(place.segment.number())),
        Column::Address => place.map_or(ABSENT, |place| {
            let base = words.checked(place.segment).map_or(0, |segment| segment.base.get());
            base.saturating_add(place.span.start()).saturating_add(1)
        }),
        Column::Size => allocation.size().get(),
        Column::Priority => u64::from(allocation.priority().0),
        Column::Preferred => Preferred::of(allocation).order(),
        Column::Content => match Content::of(allocation) {
            Content::Dirty => 1,
            Content::Clean => 2,
            Content::Empty => 3,
        },
        Column::Reference => match allocation.last_reference() {
            0 => ABSENT,
            time => time,
        },
        Column::Flags => u64::from(allocation.info().flags.bits()) + 1,
    }
}

/// In which command each moment on the scale of references lies.
///
/// Grows with the executed part of the run, and only by what is new.
#[derive(Clone, Debug, Default)]
pub struct ReferenceSteps {
    /// The book's position after each moment; the first moment is 1.
    positions: Vec<Position>,
    read: Position,
}

impl ReferenceSteps {
    /// Takes in what was executed since the last time.
    pub fn extend(&mut self, vidmm: &VidMm, run: &Run) {
        let Some(last) = run.records().last() else { return };
        let end = last.end.vidmm.book;
        if end > self.read {
            // Moments of the adapter's start, if any, come before the first command.
            self.positions.extend(vidmm.reference_times(self.read, end).map(|(at, _)| at));
            self.read = end;
        }
    }

    /// The command of a moment, counted from 1; `None` for never.
    #[must_use]
    pub fn command(&self, run: &Run, time: u64) -> Option<usize> {
        let index = usize::try_from(time).ok()?.checked_sub(1)?;
        let at = *self.positions.get(index)?;
        Some(run.records().partition_point(|record| record.end.vidmm.book < at) + 1)
    }
}
