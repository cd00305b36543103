//! How high each placement policy piles up what lives at the same time: the instances A to E of
//! the MiniMalloc benchmark, placed online in the order in which the buffers come.
//!
//! `cargo bench --bench fragmentation`. The lower bound is the most bytes alive at once; every
//! instance is known to fit in 1,048,576 bytes when all lifetimes are known beforehand, which no
//! online policy knows. Nothing here is about time, so that every run prints the same.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::error::Error;

use vidmm_inspector::base::Span;
use vidmm_inspector::placement::{Direction, Fit, Request, Space};

/// Bytes in which a solver that knows all lifetimes packs each instance.
const CAPACITY: u64 = 1_048_576;

const INSTANCES: [(&str, &str); 5] = [
    ("A", include_str!("../tests/data/minimalloc-a.csv")),
    ("B", include_str!("../tests/data/minimalloc-b.csv")),
    ("C", include_str!("../tests/data/minimalloc-c.csv")),
    ("D", include_str!("../tests/data/minimalloc-d.csv")),
    ("E", include_str!("../tests/data/minimalloc-e.csv")),
];

const POLICIES: [(&str, Fit, Direction); 4] = [
    ("first fit, bottom-up", Fit::First, Direction::BottomUp),
    ("first fit, top-down", Fit::First, Direction::TopDown),
    ("best fit, bottom-up", Fit::Best, Direction::BottomUp),
    ("best fit, top-down", Fit::Best, Direction::TopDown),
];

/// A buffer, alive from `from` until just before `until`.
struct Buffer {
    from: u64,
    until: u64,
    size: u64,
}

/// A buffer comes or goes; at equal times those that go are first, then in order of the file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    time: u64,
    comes: bool,
    index: usize,
}

fn read(text: &str) -> Option<Vec<Buffer>> {
    let rows = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.map(|row| {
        let mut numbers = row.split(',').skip(1).map(|number| number.trim().parse().ok());
        let (from, until) = (numbers.next()??, numbers.next()??);
        Some(Buffer { from, until, size: numbers.next()?? })
    })
    .collect()
}

fn events(buffers: &[Buffer]) -> Vec<Event> {
    let both = buffers.iter().enumerate().flat_map(|(index, buffer)| {
        let comes = Event { time: buffer.from, comes: true, index };
        [comes, Event { time: buffer.until, comes: false, index }]
    });
    let mut events: Vec<Event> = both.collect();
    events.sort_unstable();
    events
}

/// The most bytes alive at once.
fn peak(buffers: &[Buffer]) -> u64 {
    let (mut live, mut peak) = (0, 0);
    for event in events(buffers) {
        let size = buffers[event.index].size;
        live = if event.comes { live + size } else { live - size };
        peak = peak.max(live);
    }
    peak
}

/// Bytes from the end where the policy begins to the farthest that it ever used.
fn height(buffers: &[Buffer], fit: Fit, direction: Direction) -> Option<u64> {
    // Room for all at once, so that nothing is ever refused.
    let len = buffers.iter().map(|buffer| buffer.size).sum();
    let mut space = Space::indexed(len);
    let mut starts = vec![0; buffers.len()];
    let mut height = 0;
    for event in events(buffers) {
        if !event.comes {
            space.remove(starts[event.index])?;
            continue;
        }
        let size = buffers[event.index].size;
        let window = Span::whole(len);
        let at = space.place(&Request { size, alignment: 1, window, direction, fit }, 0).ok()?;
        starts[event.index] = at;
        height = height.max(match direction {
            Direction::BottomUp => at + size,
            Direction::TopDown => len - at,
        });
    }
    Some(height)
}

/// `one / two` with three decimals.
fn ratio(one: u64, two: u64) -> String {
    let thousandths = (one * 1_000 + two / 2) / two.max(1);
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("MiniMalloc instances, height in bytes; known to fit in {CAPACITY}");
    println!("instance | policy               |    height | over peak | over capacity");
    for (name, text) in INSTANCES {
        let buffers = read(text).ok_or_else(|| format!("instance {name} is not as expected"))?;
        let peak = peak(&buffers);
        println!(
            "{name:>8} | the most alive       | {peak:>9} | {:>9} | {:>13}",
            ratio(peak, peak),
            ratio(peak, CAPACITY)
        );
        for (policy, fit, direction) in POLICIES {
            let height = height(&buffers, fit, direction)
                .ok_or_else(|| format!("instance {name} has no room with {policy}"))?;
            println!(
                "{name:>8} | {policy:<20} | {height:>9} | {:>9} | {:>13}",
                ratio(height, peak),
                ratio(height, CAPACITY)
            );
        }
    }
    Ok(())
}
