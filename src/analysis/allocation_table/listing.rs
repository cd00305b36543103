//! Which allocations a table lists, in which order, and what they come to.
//!
//! A list is made in slices and then follows the state: a step costs what it changes, however many
//! allocations there are.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::super::explain::Words;
use super::super::strips::banks_of;
use super::{Column, Content, Filter, Order, Preferred, State};
use crate::base::{AllocationId, DeviceId, Position, SegmentId};
use crate::session::Names;
use crate::vidmm::{Allocation, Book, Offer, Touched, VidMm};

/// Rows that stand together: inserting one moves half of them at most.
const CHUNK: usize = 512;
/// Changes that are followed one by one where there are few allocations.
const FOLLOWED: u64 = 4_096;

/// Last of all, in either direction.
pub(super) const ABSENT: u64 = u64::MAX;

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

    fn add(&mut self, entry: &Entry) {
        self.count += 1;
        self.committed = self.committed.saturating_add(entry.size);
        match entry.lies {
            Lies::In(segment, dirty) => {
                let sum = self.resident.entry(segment).or_default();
                *sum = sum.saturating_add(entry.size);
                if dirty {
                    self.dirty = self.dirty.saturating_add(entry.size);
                }
            }
            Lies::InSystemMemory => {
                self.in_system_memory = self.in_system_memory.saturating_add(entry.size);
            }
            Lies::Nowhere => {}
        }
    }

    fn take(&mut self, entry: &Entry) {
        self.count = self.count.saturating_sub(1);
        self.committed = self.committed.saturating_sub(entry.size);
        match entry.lies {
            Lies::In(segment, dirty) => {
                let sum = self.resident.entry(segment).or_default();
                *sum = sum.saturating_sub(entry.size);
                if *sum == 0 {
                    self.resident.remove(&segment);
                }
                if dirty {
                    self.dirty = self.dirty.saturating_sub(entry.size);
                }
            }
            Lies::InSystemMemory => {
                self.in_system_memory = self.in_system_memory.saturating_sub(entry.size);
            }
            Lies::Nowhere => {}
        }
    }
}

/// Where the bytes of an allocation count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lies {
    /// In a segment; whether they were written since.
    In(SegmentId, bool),
    InSystemMemory,
    Nowhere,
}

/// An allocation as it is counted and listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    /// What is compared, where it is listed.
    key: Option<u64>,
    size: u64,
    lies: Lies,
}

/// Ids by what is compared, in chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    chunks: Vec<Vec<(u64, AllocationId)>>,
    len: usize,
}

type Row = (u64, AllocationId);

impl Rows {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The allocation in a row, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<AllocationId> {
        let mut left = index;
        for chunk in &self.chunks {
            if let Some((_, id)) = chunk.get(left) {
                return Some(*id);
            }
            left -= chunk.len();
        }
        None
    }

    /// All of them, from the first.
    pub fn iter(&self) -> impl Iterator<Item = AllocationId> + '_ {
        self.chunks.iter().flatten().map(|(_, id)| *id)
    }

    /// The chunk and the place in it of a row, or where it belongs.
    fn find(
        &self,
        row: Row,
        compare: &impl Fn(&Row, &Row) -> Ordering,
    ) -> (usize, Result<usize, usize>) {
        let after = |chunk: &Vec<Row>| {
            chunk.last().is_some_and(|last| compare(last, &row) == Ordering::Less)
        };
        let chunk = self.chunks.partition_point(after);
        let chunk = chunk.min(self.chunks.len().saturating_sub(1));
        let rows = self.chunks.get(chunk).map_or(&[][..], |rows| rows);
        (chunk, rows.binary_search_by(|known| compare(known, &row)))
    }

    fn insert(&mut self, row: Row, compare: &impl Fn(&Row, &Row) -> Ordering) {
        let (chunk, at) = self.find(row, compare);
        let Err(at) = at else { return };
        if self.chunks.is_empty() {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let last = chunk + 1 == self.chunks.len();
        let rows = &mut self.chunks[chunk];
        if rows.len() < CHUNK {
            rows.insert(at, row);
        } else if last && at == rows.len() {
            // What comes in order fills its chunks.
            let mut next = Vec::with_capacity(CHUNK);
            next.push(row);
            self.chunks.push(next);
        } else {
            let mut next = rows.split_off(CHUNK / 2);
            match at.checked_sub(CHUNK / 2) {
                Some(at) => next.insert(at, row),
                None => rows.insert(at, row),
            }
            self.chunks.insert(chunk + 1, next);
        }
        self.len += 1;
    }

    fn remove(&mut self, row: Row, compare: &impl Fn(&Row, &Row) -> Ordering) {
        let (chunk, at) = self.find(row, compare);
        let Ok(at) = at else { return };
        self.chunks[chunk].remove(at);
        if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
        }
        self.len -= 1;
    }

    fn index_of(&self, row: Row, compare: &impl Fn(&Row, &Row) -> Ordering) -> Option<usize> {
        let (chunk, at) = self.find(row, compare);
        let before: usize = self.chunks.iter().take(chunk).map(Vec::len).sum();
        Some(before + at.ok()?)
    }
}

/// The allocations that a table lists, in its order.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    filter: Filter,
    order: Option<Order>,
    ranks: Ranks,
    /// Where the book stood.
    at: Position,
    /// By id, as far as they were looked at.
    entries: Vec<Option<Entry>>,
    /// How many ids the session names.
    ids: usize,
    /// The rows.
    pub rows: Rows,
    /// What they come to.
    pub totals: Totals,
    /// How many allocations exist, listed or not, of those that were looked at.
    pub existing: u64,
}

impl Listing {
    /// A list of what exists and `filter` leaves; without an order, in the order of creation.
    /// Nothing is looked at yet.
    #[must_use]
    pub fn new(vidmm: &VidMm, names: &Names, filter: Filter, order: Option<Order>) -> Self {
        let by_owner = order.is_some_and(|order| order.column == Column::Owner);
        Self {
            filter,
            order,
            ranks: if by_owner { Ranks::new(names) } else { Ranks::default() },
            at: vidmm.mark().book,
            ids: names.allocations().len(),
            ..Self::default()
        }
    }

    /// The order.
    #[must_use]
    pub const fn order(&self) -> Option<Order> {
        self.order
    }

    /// The text of the filter.
    #[must_use]
    pub fn filter(&self) -> &str {
        self.filter.text()
    }

    /// How many of the allocations that the session names were looked at, and how many it names.
    #[must_use]
    pub const fn progress(&self) -> (usize, usize) {
        (self.entries.len(), self.ids)
    }

    /// Whether everything was looked at.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.entries.len() >= self.ids
    }

    /// Looks at up to `most` more ids.
    pub fn work(&mut self, vidmm: &VidMm, words: Words<'_>, most: usize) {
        let end = self.entries.len().saturating_add(most).min(self.ids);
        self.entries.reserve(end - self.entries.len());
        for id in (self.entries.len()..end).map_while(AllocationId::from_index) {
            self.entries.push(None);
            self.look_at(vidmm.book(), words, id);
        }
    }

    /// Goes on to the state in which VidMm is; it is the same run as before. Where that is far, all
    /// is to be looked at again.
    pub fn follow(&mut self, vidmm: &VidMm, words: Words<'_>) {
        let to = vidmm.mark().book;
        if self.at == to {
            return;
        }
        let near = FOLLOWED.max(self.entries.len() as u64 / 8);
        let is_near = self.at.0.abs_diff(to.0) <= near;
        let Some(changes) = vidmm.touched(self.at, to).filter(|_| is_near) else {
            self.entries.clear();
            (self.rows, self.totals, self.existing) = (Rows::default(), Totals::default(), 0);
            self.at = to;
            return;
        };
        let mut last = None;
        for touched in changes {
            if let Touched::Allocation(id) = touched
                && last.replace(id) != Some(id)
            {
                self.look_at(vidmm.book(), words, id);
            }
        }
        self.at = to;
    }

    /// Lists an allocation as it is now, if it was looked at before.
    fn look_at(&mut self, book: &Book, words: Words<'_>, id: AllocationId) {
        let Some(slot) = self.entries.get_mut(id.index()) else { return };
        let now = book.allocation(id).map(|allocation| Entry {
            key: self.filter.leaves(book, words, allocation).then(|| {
                self.order.map_or(0, |order| {
                    let key = key(book, words, order.column, allocation, &self.ranks);
                    if order.descending && key != ABSENT { !key } else { key }
                })
            }),
            size: allocation.size().get(),
            lies: match allocation.placement() {
                Some(place) => Lies::In(place.segment, allocation.is_dirty()),
                None if allocation.backing().is_some() => Lies::InSystemMemory,
                None => Lies::Nowhere,
            },
        });
        let before = std::mem::replace(slot, now);
        if before == now {
            return;
        }
        self.existing += u64::from(now.is_some());
        self.existing -= u64::from(before.is_some());
        let listed = |entry: Option<Entry>| entry.filter(|entry| entry.key.is_some());
        if let Some(entry) = listed(before) {
            self.totals.take(&entry);
        }
        if let Some(entry) = listed(now) {
            self.totals.add(&entry);
        }
        let key_of = |entry: Option<Entry>| entry.and_then(|entry| entry.key);
        let (before, now) = (key_of(before), key_of(now));
        if before == now {
            return;
        }
        let compare = comparison(self.order, words.names);
        if let Some(key) = before {
            self.rows.remove((key, id), &compare);
        }
        if let Some(key) = now {
            self.rows.insert((key, id), &compare);
        }
    }

    /// The row of an allocation.
    #[must_use]
    pub fn row_of(&self, id: AllocationId, names: &Names) -> Option<usize> {
        let key = (*self.entries.get(id.index())?)?.key?;
        self.rows.index_of((key, id), &comparison(self.order, names))
    }
}

/// How rows stand to each other. Names of which the first letters are alike are read whole.
fn comparison(order: Option<Order>, names: &Names) -> impl Fn(&Row, &Row) -> Ordering + '_ {
    let named = order.filter(|order| order.column == Column::Name);
    move |one, other| {
        let by_name = || match named {
            None => Ordering::Equal,
            Some(order) => {
                let ordering = names.allocation(one.1).cmp(names.allocation(other.1));
                if order.descending { ordering.reverse() } else { ordering }
            }
        };
        one.0.cmp(&other.0).then_with(by_name).then(one.1.cmp(&other.1))
    }
}

/// Lists everything at once.
#[must_use]
pub fn list(vidmm: &VidMm, words: Words<'_>, filter: Filter, order: Option<Order>) -> Listing {
    let mut listing = Listing::new(vidmm, words.names, filter, order);
    listing.work(vidmm, words, usize::MAX);
    listing
}

/// Places of the names of owners in the order of the alphabet.
#[derive(Clone, Debug, Default)]
struct Ranks {
    devices: Vec<u32>,
    processes: Vec<u32>,
}

impl Ranks {
    fn new(names: &Names) -> Self {
        Self { devices: ranks(names.devices()), processes: ranks(names.processes()) }
    }

    /// By process, then by device.
    fn owner(&self, book: &Book, device: DeviceId) -> u64 {
        let rank = |ranks: &[u32], index: usize| ranks.get(index).copied().unwrap_or(u32::MAX);
        let process = book.device(device).map(|device| device.process.index());
        let process = process.map_or(u32::MAX, |index| rank(&self.processes, index));
        let own = u64::from(rank(&self.devices, device.index()));
        (u64::from(process) << 32 | own).saturating_add(1)
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

/// The first letters of a name, which compare as the name does.
fn first_letters(name: &str) -> u64 {
    let mut letters = [0; 8];
    for (slot, letter) in letters.iter_mut().zip(name.bytes()) {
        *slot = letter;
    }
    u64::from_be_bytes(letters)
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

/// What a column compares.
fn key(
    book: &Book,
    words: Words<'_>,
    column: Column,
    allocation: &Allocation,
    ranks: &Ranks,
) -> u64 {
    let place = allocation.placement();
    match column {
        Column::Name => first_letters(words.allocation(allocation.id())),
        Column::Owner => ranks.owner(book, allocation.device()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SplitMix;

    #[test]
    fn rows_in_chunks_are_one_sorted_list() {
        let mut random = SplitMix::new(3);
        let compare = |one: &Row, other: &Row| one.cmp(other);
        let mut rows = Rows::default();
        let mut naive: std::collections::BTreeSet<Row> = std::collections::BTreeSet::new();
        for round in 0..12_000 {
            let id = AllocationId(u32::try_from(random.below(4_000)).expect("small"));
            let key = match round {
                // In order first, then anywhere.
                0..2_000 => round,
                _ => random.below(50),
            };
            let row = (key, id);
            if naive.remove(&row) {
                rows.remove(row, &compare);
            } else {
                naive.insert(row);
                rows.insert(row, &compare);
            }
        }
        assert!(rows.chunks.len() > 4 && rows.chunks.iter().all(|chunk| chunk.len() <= CHUNK));
        assert_eq!((rows.len(), rows.is_empty()), (naive.len(), false));
        let ids: Vec<AllocationId> = naive.iter().map(|(_, id)| *id).collect();
        assert_eq!(rows.iter().collect::<Vec<_>>(), ids);
        for (index, row) in naive.iter().enumerate() {
            assert_eq!(rows.index_of(*row, &compare), Some(index));
            assert_eq!(rows.get(index), Some(row.1));
        }
        assert_eq!(rows.get(naive.len()), None);
        for row in &naive {
            rows.remove(*row, &compare);
        }
        assert_eq!(rows, Rows::default());
    }
}
