//! Bytes that commands moved and mapped, summed over any stretch of commands.

use std::ops::Range;

use super::axis::{Axis, Positions};
use crate::machine::Summary;

/// How the bytes of a stretch moved: in, out, mapped and unmapped, in this order.
pub type Kinds = [u64; 4];

/// Running sums over the commands that moved anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    commands: Vec<usize>,
    /// Of this command and all before it. A command moves less than 2^64 bytes of each kind, and
    /// there are less than 2^32 of them.
    sums: Vec<[u128; 4]>,
}

/// What a stretch of commands moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovedBucket {
    /// The first command, counted from 1.
    pub first: usize,
    /// The last.
    pub last: usize,
    /// Where the bucket begins on the axis.
    pub from: u64,
    /// Where it ends.
    pub to: u64,
    /// Bytes moved or filled into memory segments, moved out of them or dropped there, mapped into
    /// apertures, unmapped from them.
    pub bytes: Kinds,
}

impl Moved {
    pub(super) fn push(&mut self, command: usize, summary: &Summary) {
        let bytes = kinds(summary);
        if bytes == [0; 4] {
            return;
        }
        let mut sums = self.sums.last().copied().unwrap_or_default();
        for (sum, more) in sums.iter_mut().zip(bytes) {
            *sum = sum.saturating_add(u128::from(more));
        }
        self.commands.push(command);
        self.sums.push(sums);
    }

    /// What the commands of a range moved, counted from 1. Sums beyond 64 bits stay at their end.
    #[must_use]
    pub fn between(&self, commands: Range<usize>) -> Kinds {
        let before = |command: usize| {
            let index = self.commands.partition_point(|known| *known < command);
            index.checked_sub(1).and_then(|at| self.sums.get(at)).copied().unwrap_or_default()
        };
        let (from, to) = (before(commands.start), before(commands.end.max(commands.start)));
        std::array::from_fn(|kind| {
            let sum = to.get(kind).zip(from.get(kind)).map_or(0, |(to, from)| to - from);
            u64::try_from(sum).unwrap_or(u64::MAX)
        })
    }

    /// The executed commands between two positions, in buckets of one length, `most` at most; those
    /// that moved nothing are left out.
    ///
    /// Buckets begin at multiples of their length, so that they hold the same commands wherever one
    /// scrolls.
    #[must_use]
    pub fn buckets(
        &self,
        positions: Positions<'_>,
        executed: usize,
        (from, to): (u64, u64),
        most: u32,
    ) -> Vec<MovedBucket> {
        let width = to.saturating_sub(from).max(1);
        let len = width.div_ceil(u64::from(most.max(1))).max(1);
        let mut buckets = Vec::new();
        let mut begin = from - from % len;
        // A command ends at its position: its bucket is (begin, end].
        while begin < to {
            let Some(end) = begin.checked_add(len) else { break };
            let first = match positions.axis() {
                Axis::Commands => positions.last_until(begin) + 1,
                // The first command may end at the time at which the adapter started.
                Axis::Clock if begin < positions.of(0) => 1,
                Axis::Clock => positions.last_until(begin) + 1,
            };
            let last = positions.last_until(end).min(executed);
            if first > executed {
                break;
            }
            if first <= last {
                let bytes = self.between(first..last + 1);
                if bytes != [0; 4] {
                    buckets.push(MovedBucket { first, last, from: begin, to: end, bytes });
                }
            }
            begin = end;
        }
        buckets
    }
}

/// What a command moved, by kind.
#[must_use]
pub const fn kinds(summary: &Summary) -> Kinds {
    [summary.bytes_in, summary.bytes_out, summary.bytes_mapped, summary.bytes_unmapped]
}
