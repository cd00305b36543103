//! Placement beside the crate offset-allocator: the time to free one random block and to place
//! another, with many blocks alive, in one run.
//!
//! `cargo bench --bench placement`. Both sides free and place the same sizes in the same order,
//! ours in bytes at 4 KiB alignment, the peer in units of 4 KiB because its positions are 32 bits.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::error::Error;
use std::time::{Duration, Instant};

use offset_allocator::{Allocation, Allocator};
use vidmm_inspector::base::{Span, SplitMix};
use vidmm_inspector::placement::{Direction, Fit, Request, Space};

/// Bytes of the unit in which sizes are drawn.
const UNIT: u64 = 4096;
/// Units of a block: 1 to this many.
const LARGEST: u64 = 64;
/// Rounds measured for each row and side.
const ROUNDS: u32 = 400_000;

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

/// Fills to `live` blocks, lets the holes settle, and takes the mean of the measured rounds.
fn measure(holder: &mut impl Holder, live: u64) -> Option<Duration> {
    let mut sizes = SplitMix::new(1);
    let mut picks = SplitMix::new(2);
    for _ in 0..live {
        holder.place(1 + sizes.below(LARGEST))?;
    }
    let mut turn = || {
        let index = usize::try_from(picks.below(live)).ok()?;
        holder.replace(index, 1 + sizes.below(LARGEST))
    };
    for _ in 0..live.max(100_000) {
        turn()?;
    }
    let begin = Instant::now();
    for _ in 0..ROUNDS {
        turn()?;
    }
    Some(begin.elapsed())
}

/// Nanoseconds of one round, and the same in tenths for the ratio.
fn nanoseconds(total: Duration) -> u128 {
    total.as_nanos() / u128::from(ROUNDS)
}

/// `one / two` with one decimal.
fn ratio(one: Duration, two: Duration) -> String {
    let tenths = one.as_nanos() * 10 / two.as_nanos().max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("free one random block and place another, ns");
    println!("     live | offset-allocator | first fit  ratio | best fit  ratio");
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
        let mut first =
            Ours { space: Space::new(len), fit: Fit::First, starts: Vec::with_capacity(handles) };
        let mut best = Ours {
            space: Space::indexed(len),
            fit: Fit::Best,
            starts: Vec::with_capacity(handles),
        };
        let full = || format!("no room at {live} blocks");
        let peer = measure(&mut peer, live).ok_or_else(full)?;
        let first = measure(&mut first, live).ok_or_else(full)?;
        let best = measure(&mut best, live).ok_or_else(full)?;
        println!(
            "{live:>9} | {:>16} | {:>9} {:>6} | {:>8} {:>6}",
            nanoseconds(peer),
            nanoseconds(first),
            ratio(first, peer),
            nanoseconds(best),
            ratio(best, peer),
        );
    }
    Ok(())
}
