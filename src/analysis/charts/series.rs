//! A figure that changes at some commands and stays between them.

use std::ops::Range;

use super::axis::Positions;

/// Values, or blocks, that one block of the next level sums up.
const FAN: usize = 16;
/// Changes in one column that are still drawn one by one.
const EXACT: usize = 2;

/// The least and the most of a stretch of values.
type Extent = (u64, u64);

/// A figure that changes at some commands and stays between them.
///
/// Above the values lie levels of blocks with the least and the most in each, so that any stretch
/// is summed up in O(log n), whatever the zoom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    commands: Vec<usize>,
    values: Vec<u64>,
    levels: Vec<Vec<Extent>>,
}

/// Where a drawn figure changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stair {
    /// Position on the axis: of the one change, or of the first of several.
    pub at: u64,
    /// The least value of the changes that are drawn here.
    pub low: u64,
    /// The most.
    pub high: u64,
    /// The value from here on.
    pub last: u64,
}

impl Series {
    /// How many changes there are, the start included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The changes in order: the command, and the value from then on.
    pub fn changes(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.commands.iter().copied().zip(self.values.iter().copied())
    }

    /// From `command` on the value is another. Commands come in order.
    pub fn push(&mut self, command: usize, value: u64) {
        let mut block = self.values.len() / FAN;
        self.commands.push(command);
        self.values.push(value);
        for level in 0.. {
            if self.levels.len() == level {
                if block == 0 && level > 0 {
                    break;
                }
                // The blocks before this one were complete when the level began.
                let first = if level == 0 { Vec::new() } else { self.sums(level) };
                self.levels.push(first);
            }
            let Some(blocks) = self.levels.get_mut(level) else { break };
            match blocks.get_mut(block) {
                Some((low, high)) => (*low, *high) = ((*low).min(value), (*high).max(value)),
                None => blocks.push((value, value)),
            }
            block /= FAN;
        }
    }

    /// The blocks of a new level, from the complete ones of the level below it.
    fn sums(&self, level: usize) -> Vec<Extent> {
        let below = level.checked_sub(1).and_then(|below| self.levels.get(below));
        let below = below.map_or(&[][..], Vec::as_slice);
        below.chunks(FAN).filter_map(|chunk| chunk.iter().copied().reduce(both)).collect()
    }

    /// The value after a command; `None` before the first that is known.
    #[must_use]
    pub fn value_at(&self, command: usize) -> Option<u64> {
        let after = self.commands.partition_point(|known| *known <= command);
        self.values.get(after.checked_sub(1)?).copied()
    }

    /// The least and the most of the changes with these indices.
    #[must_use]
    pub fn extent(&self, indices: Range<usize>) -> Option<(u64, u64)> {
        let mut found: Option<Extent> = None;
        let mut add = |extent: Extent| found = Some(found.map_or(extent, |had| both(had, extent)));
        let (mut from, to) = (indices.start, indices.end.min(self.values.len()));
        while from < to {
            // The largest block that begins here and ends inside.
            let mut size = 1;
            let Some(value) = self.values.get(from).copied() else { break };
            let mut extent = (value, value);
            for blocks in &self.levels {
                let larger = size * FAN;
                if !from.is_multiple_of(larger) || from + larger > to {
                    break;
                }
                let Some(block) = blocks.get(from / larger).copied() else { break };
                (size, extent) = (larger, block);
            }
            add(extent);
            from += size;
        }
        found
    }

    /// The most that it ever was.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.extent(0..self.values.len()).map_or(0, |(_, high)| high)
    }

    /// The figure from position `from` to `to` in `columns` columns: the value at `from`, and
    /// where it changes, two stairs a column at most. `None` where nothing is known at `from`.
    #[must_use]
    pub fn stairs(
        &self,
        positions: Positions<'_>,
        (from, to): (u64, u64),
        columns: u32,
    ) -> Option<(u64, Vec<Stair>)> {
        let start = self.value_at(positions.last_until(from))?;
        let index_of = |command: usize| self.commands.partition_point(|known| *known < command);
        let width = u128::from(to.saturating_sub(from));
        let columns = u128::from(columns.max(1));
        let edge = |column: u128| {
            let along = u64::try_from(width * column / columns).unwrap_or(u64::MAX);
            from.saturating_add(along)
        };
        let mut stairs = Vec::new();
        // What happens at `from` itself is in the value there.
        let mut at = index_of(positions.last_until(from).saturating_add(1));
        for column in 1..=columns {
            let end = index_of(positions.last_until(edge(column)).saturating_add(1));
            if end <= at {
                continue;
            }
            let position = |index: usize| {
                self.commands.get(index).map_or(to, |command| positions.of(*command))
            };
            if end - at <= EXACT {
                for index in at..end {
                    let Some(value) = self.values.get(index).copied() else { break };
                    stairs.push(Stair {
                        at: position(index),
                        low: value,
                        high: value,
                        last: value,
                    });
                }
            } else if let Some((low, high)) = self.extent(at..end) {
                let last = self.values.get(end - 1).copied().unwrap_or(high);
                stairs.push(Stair { at: position(at), low, high, last });
            }
            at = end;
        }
        Some((start, stairs))
    }
}

/// What covers two extents.
fn both(a: Extent, b: Extent) -> Extent {
    (a.0.min(b.0), a.1.max(b.1))
}
