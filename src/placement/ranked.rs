//! Blocks in the order in which they leave, each with the hole that its leaving makes.

use crate::base::Span;

/// Entries of a part at most. Looking through one costs about as much as finding it.
const PART: usize = 64;

/// A block that joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Joined<K> {
    pub(super) key: K,
    pub(super) block: Span,
    /// What is free in one piece around the block once it and all before it have left.
    pub(super) hole: Span,
}

/// A piece of the order.
#[derive(Clone, Debug)]
struct Part<K> {
    /// Length of the largest hole among the entries.
    most: u64,
    /// Ascending; never empty.
    entries: Vec<Joined<K>>,
}

impl<K: Ord + Copy> Part<K> {
    fn new(entries: Vec<Joined<K>>) -> Self {
        let mut part = Self { most: 0, entries };
        part.measure();
        part
    }

    fn measure(&mut self) {
        self.most = self.entries.iter().map(|entry| entry.hole.len()).max().unwrap_or(0);
    }

    fn last(&self) -> Option<K> {
        self.entries.last().map(|entry| entry.key)
    }
}

/// The order, in parts that know their largest hole.
#[derive(Clone, Debug)]
pub(super) struct Ranked<K> {
    parts: Vec<Part<K>>,
    count: usize,
}

impl<K: Ord + Copy> Ranked<K> {
    pub(super) const fn new() -> Self {
        Self { parts: Vec::new(), count: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// The first part with a key that is not below `key`.
    fn part(&self, key: &K) -> usize {
        self.parts.partition_point(|part| part.last().is_some_and(|last| last < *key))
    }

    fn find(&self, key: &K) -> Option<(usize, usize)> {
        let part = self.part(key);
        let entries = &self.parts.get(part)?.entries;
        Some((part, entries.binary_search_by(|entry| entry.key.cmp(key)).ok()?))
    }

    pub(super) fn get(&self, key: &K) -> Option<&Joined<K>> {
        self.find(key).map(|(part, slot)| &self.parts[part].entries[slot])
    }

    /// Whether `key` is in the later half of the order.
    pub(super) fn is_late(&self, key: &K) -> bool {
        self.part(key) >= self.parts.len() / 2
    }

    /// Adds a block, or replaces the one with its key.
    pub(super) fn insert(&mut self, entry: Joined<K>) {
        let index = self.part(&entry.key);
        let last = self.parts.len().saturating_sub(1);
        let Some(part) = self.parts.get_mut(index.min(last)) else {
            self.parts.push(Part::new(vec![entry]));
            self.count = 1;
            return;
        };
        match part.entries.binary_search_by(|known| known.key.cmp(&entry.key)) {
            Ok(slot) => {
                part.entries[slot] = entry;
                part.measure();
            }
            Err(slot) => {
                part.most = part.most.max(entry.hole.len());
                part.entries.insert(slot, entry);
                self.count += 1;
                if part.entries.len() > PART {
                    // What is appended one by one leaves full parts behind.
                    let keep = if slot == PART { PART } else { PART / 2 };
                    let upper = part.entries.split_off(keep);
                    part.measure();
                    self.parts.insert(index.min(last) + 1, Part::new(upper));
                }
            }
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<Joined<K>> {
        let (index, slot) = self.find(key)?;
        let part = &mut self.parts[index];
        let entry = part.entries.remove(slot);
        self.count -= 1;
        if part.entries.is_empty() {
            self.parts.remove(index);
        } else if entry.hole.len() == part.most {
            part.measure();
        }
        Some(entry)
    }

    /// Notes the hole around a block.
    pub(super) fn set_hole(&mut self, key: &K, hole: Span) {
        let Some((index, slot)) = self.find(key) else { return };
        let part = &mut self.parts[index];
        let before = std::mem::replace(&mut part.entries[slot].hole, hole);
        if hole.len() >= part.most {
            part.most = hole.len();
        } else if before.len() == part.most {
            part.measure();
        }
    }

    /// The entries from `from` on whose hole has at least `size` positions, in order.
    pub(super) fn holding(
        &self,
        from: Option<K>,
        size: u64,
    ) -> impl Iterator<Item = &Joined<K>> + '_ {
        let first = from.map_or(0, |key| self.part(&key));
        let parts = self.parts[first..].iter().filter(move |part| part.most >= size);
        parts
            .flat_map(|part| &part.entries)
            .filter(move |entry| entry.hole.len() >= size)
            .filter(move |entry| from.is_none_or(|from| entry.key >= from))
    }
}
