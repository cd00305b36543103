//! Placement beside the crates offset-allocator and range-alloc: the time to free one random block
//! and to place another, with many blocks alive, in one run.
//!
//! `cargo bench --bench placement`. All sides free and place the same sizes in the same order: ours
//! and range-alloc in bytes, ours at 4 KiB alignment, offset-allocator in units of 4 KiB because its
//! positions are 32 bits. The rounds are timed in slices and the fastest slice counts, because
//! what else the machine does can only make one slower.
//!
//! offset-allocator takes some hole of a size class in constant time. range-alloc takes the
//! smallest hole that fits from a list, whose length is what a round costs.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::error::Error;
use std::ops::Range;
use std::time::{Duration, Instant};

use offset_allocator::{Allocation, Allocator};
use range_alloc::RangeAllocator;
use vidmm_inspector::base::{Span, SplitMix};
use vidmm_inspector::placement::{Direction, Fit, Request, Space};

/// Bytes of the unit in which sizes are drawn.
const UNIT: u64 = 4096;
/// Units of a block: 1 to this many.
const LARGEST: u64 = 64;
/// Slices measured for each row and side.
const SLICES: u32 = 200;
/// Rounds of a slice: short enough that some are through before another program has its turn.
const ROUNDS: u32 = 2_000;
/// At this many live blocks ours shall cost at most [`AIM`] times what offset-allocator does.
const AIMED: u64 = 100_000;
const AIM: &str = "4.0";

/// Something that holds blocks numbered from 0.
trait Holder {
    fn place(&mut self, units: u64) -> Option<()>;
    fn replace(&mut self, index: usize, units: u64) -> Option<()>;
}

/// Ours: the space and where each block starts.
struct Ours {
    space: Space,
    fit: Fit,
    starts: Vec<u64>,
}

impl Ours {
    fn put(&mut self, units: u64) -> Option<u64> {
        let size = units * UNIT;
        let window = Span::whole(self.space.len());
        let request = Request {
            size,
            alignment: UNIT,
            window,
            direction: Direction::BottomUp,
            fit: self.fit,
        };
        self.space.place(&request, 0).ok()
    }
}

impl Holder for Ours {
    fn place(&mut self, units: u64) -> Option<()> {
        let start = self.put(units)?;
        self.starts.push(start);
        Some(())
    }

    fn replace(&mut self, index: usize, units: u64) -> Option<()> {
        self.space.remove(self.starts[index])?;
        self.starts[index] = self.put(units)?;
        Some(())
    }
}

/// The peer and its handles.
struct Peer {
    allocator: Allocator<u32>,
    handles: Vec<Allocation<u32>>,
}

impl Holder for Peer {
    fn place(&mut self, units: u64) -> Option<()> {
        self.handles.push(self.allocator.allocate(u32::try_from(units).ok()?)?);
        Some(())
    }

    fn replace(&mut self, index: usize, units: u64) -> Option<()> {
        self.allocator.free(self.handles[index]);
        self.handles[index] = self.allocator.allocate(u32::try_from(units).ok()?)?;
        Some(())
    }
}

/// The other peer and its ranges.
struct List {
    allocator: RangeAllocator<u64>,
    ranges: Vec<Range<u64>>,
}

impl Holder for List {
    fn place(&mut self, units: u64) -> Option<()> {
        self.ranges.push(self.allocator.allocate_range(units * UNIT).ok()?);
        Some(())
    }

    fn replace(&mut self, index: usize, units: u64) -> Option<()> {
        self.allocator.free_range(self.ranges[index].clone());
        self.ranges[index] = self.allocator.allocate_range(units * UNIT).ok()?;
        Some(())
    }
}

/// How much of the full measure is done: one part of so many.
type Part = u32;

/// Fills to `live` blocks, lets the holes settle, and takes the fastest of the slices.
fn measure(holder: &mut impl Holder, live: u64, part: Part) -> Option<Nanoseconds> {
    let mut sizes = SplitMix::new(1);
    let mut picks = SplitMix::new(2);
    for _ in 0..live {
        holder.place(1 + sizes.below(LARGEST))?;
    }
    let mut turn = || {
        let index = usize::try_from(picks.below(live)).ok()?;
        holder.replace(index, 1 + sizes.below(LARGEST))
    };
    for _ in 0..live.max(100_000) / u64::from(part) {
        turn()?;
    }
    let rounds = ROUNDS / part;
    let mut fastest = Duration::MAX;
    for _ in 0..SLICES {
        let begin = Instant::now();
        for _ in 0..rounds {
            turn()?;
        }
        fastest = fastest.min(begin.elapsed());
    }
    Some(Nanoseconds { total: fastest.as_nanos(), rounds: u128::from(rounds) })
}

/// Time of some rounds.
#[derive(Clone, Copy)]
struct Nanoseconds {
    total: u128,
    rounds: u128,
}

impl Nanoseconds {
    /// Of one round.
    fn each(self) -> u128 {
        self.total / self.rounds
    }

    /// `self / other` with one decimal.
    fn over(self, other: Self) -> String {
        let tenths = self.total * other.rounds * 10 / (other.total * self.rounds).max(1);
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("free one random block and place another, ns; ratios to offset-allocator");
    println!(
        "     live | offset-allocator | range-alloc  ratio | first fit  ratio | best fit  ratio | aim"
    );
    for live in [1_000_u64, 10_000, 100_000, 1_000_000] {
        // Half as much again as the blocks need on average.
        let units = live * (LARGEST + 1) * 3 / 4;
        let handles = usize::try_from(live)?;
        let mut peer = Peer {
            allocator: Allocator::with_max_allocs(
                u32::try_from(units)?,
                u32::try_from(live * 2 + 1024)?,
            ),
            handles: Vec::with_capacity(handles),
        };
        let len = units * UNIT;
        let mut list =
            List { allocator: RangeAllocator::new(0..len), ranges: Vec::with_capacity(handles) };
        let mut first =
            Ours { space: Space::new(len), fit: Fit::First, starts: Vec::with_capacity(handles) };
        let mut best = Ours {
            space: Space::indexed(len),
            fit: Fit::Best,
            starts: Vec::with_capacity(handles),
        };
        let full = || format!("no room at {live} blocks");
        let peer = measure(&mut peer, live, 1).ok_or_else(full)?;
        let first = measure(&mut first, live, 1).ok_or_else(full)?;
        let best = measure(&mut best, live, 1).ok_or_else(full)?;
        // Its rounds cost as much as there are holes. A million would not settle in a minute, so
        // that there it has fewer holes than the others.
        let part = if live > AIMED { 20 } else { 1 };
        let list = measure(&mut list, live, part).ok_or_else(full)?;
        println!(
            "{live:>9} | {:>16} | {:>11} {:>6} | {:>9} {:>6} | {:>8} {:>6} | {:>3}",
            peer.each(),
            list.each(),
            list.over(peer),
            first.each(),
            first.over(peer),
            best.each(),
            best.over(peer),
            if live == AIMED { AIM } else { "" },
        );
    }
    Ok(())
}
