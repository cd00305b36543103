//! The properties that Linux asks of its range allocator (`drivers/gpu/drm/tests/drm_mm_test.c`),
//! with its numbers.

use super::{MODES, highest, lowest, span, units};
use crate::base::{Span, SplitMix};
use crate::placement::{Direction, Fit, Request, Shortage, Space};

/// Every number from 1 to `below` that only 1 and itself divide, and 1.
fn primes(below: u64) -> impl Iterator<Item = u64> {
    (1..below).filter(|&number| (2..number).all(|divisor| number % divisor != 0))
}

fn shuffled(count: u64, seed: u64) -> Vec<u64> {
    let mut numbers: Vec<u64> = (0..count).collect();
    numbers.sort_by_key(|&number| SplitMix::nth(seed, number));
    numbers
}

fn holes(space: &Space) -> Vec<Span> {
    space.holes(Span::whole(space.len())).collect()
}

#[test]
fn init_empty_is_one_hole_and_full_is_none() {
    let mut space = Space::indexed(4096);
    assert_eq!(holes(&space), [span(0, 4096)]);
    space.insert(span(0, 4096), 1).expect("empty");
    assert_eq!((holes(&space), space.free()), (vec![], 0));
    space.remove(0).expect("just inserted");
    assert_eq!(holes(&space), [span(0, 4096)]);
}

#[test]
fn reserve_takes_each_place_once_and_takes_it_again() {
    for size in primes(54).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]) {
        let mut space = Space::new(1024 * size);
        let place = |index: u64| span(index * size, (index + 1) * size);
        for index in shuffled(1024, size) {
            assert_eq!(space.insert(place(index), index), Ok(()), "size {size}");
        }
        assert_eq!(space.free(), 0);
        for index in shuffled(1024, size + 1) {
            assert!(space.insert(place(index), index).is_err(), "size {size}: taken");
            assert_eq!(space.remove(index * size), Some((place(index), index)));
            assert_eq!(space.insert(place(index), index), Ok(()), "size {size}: again");
        }
        assert_eq!(space.check(), Ok(()));
    }
}

#[test]
fn insert_exactly_the_count_fits_and_a_freed_hole_is_refilled() {
    for (direction, fit) in MODES {
        for size in [1, 7, 4096] {
            let count = 8192;
            let mut space = Space::indexed(count * size);
            let request = Request { direction, fit, ..lowest(&space, size) };
            for owner in 0..count {
                space.place(&request, owner).expect("the count fits");
            }
            let refusal = space.find(&request).expect_err("one more");
            assert_eq!((refusal.free, refusal.shortage()), (0, Shortage::NotEnough));
            for index in shuffled(count, size) {
                space.remove(index * size).expect("all places are taken");
                assert_eq!(space.place(&request, index), Ok(index * size), "{request:?}");
            }
            assert_eq!(space.check(), Ok(()));
        }
    }
}

#[test]
fn insert_range_never_leaves_the_window() {
    let len = 8192;
    let windows = [
        span(0, len),
        span(1, len),
        span(0, len - 1),
        span(0, len / 2),
        span(len / 2, len),
        span(len / 4 + 1, 3 * len / 4 + 1),
    ];
    for window in windows {
        for (direction, fit) in MODES {
            for size in [1, 3] {
                let mut space = Space::indexed(len);
                let request = Request { size, alignment: 1, window, direction, fit };
                for owner in 0..window.len() / size {
                    let at = space.place(&request, owner).expect("room in the window");
                    assert!(window.covers(span(at, at + size)), "{request:?} at {at}");
                }
                assert!(space.find(&request).is_err(), "{request:?}");
                assert_eq!(space.used(), window.len() / size * size);
            }
        }
    }
}

#[test]
fn frag_double_sizes_never_land_in_the_small_holes() {
    for (direction, fit) in MODES {
        let mut space = Space::indexed(1 << 20);
        let small = Request { direction, fit, ..lowest(&space, 4) };
        let mut places = Vec::new();
        for owner in 0..10_000 {
            places.push(space.place(&small, owner).expect("40,000 of a million"));
        }
        let crowded = match direction {
            Direction::BottomUp => span(0, 40_000),
            Direction::TopDown => span((1 << 20) - 40_000, 1 << 20),
        };
        for at in places.iter().step_by(2) {
            space.remove(*at).expect("placed");
        }
        // The last one placed stays, so that no freed hole joins the open space.
        assert_eq!(holes(&space).len(), 5_001);
        let double = Request { size: 8, ..small };
        for owner in 0..20_000 {
            let at = space.place(&double, owner).expect("160,000 of a million");
            assert!(!crowded.overlaps(span(at, at + 8)), "{direction:?} {fit:?} at {at}");
        }
        assert_eq!(space.check(), Ok(()));
    }
}

#[test]
fn align_every_prime_and_every_power_of_two() {
    for alignment in primes(129) {
        let mut space = Space::indexed(alignment * 512);
        let request = Request { alignment, ..lowest(&space, alignment.div_ceil(2)) };
        for (direction, fit) in MODES {
            for owner in 0..128 {
                let at = space.place(&Request { direction, fit, ..request }, owner).expect("room");
                assert_eq!(at % alignment, 0, "{direction:?} {fit:?}");
            }
        }
        assert!(space.find(&request).is_err(), "512 multiples of {alignment}, all taken");
    }
    let mut space = Space::new(u64::MAX);
    for bit in 0..63 {
        // The block of half of 2^bit and one more ends before 2^(bit+1), so that this is the next.
        let request = Request { alignment: 1 << bit, ..lowest(&space, (1 << bit) / 2 + 1) };
        assert_eq!(space.place(&request, bit), Ok(if bit == 0 { 0 } else { 1 << bit }));
    }
}

#[test]
fn evict_frees_a_hole_that_the_request_fills_exactly() {
    let len = 8192;
    let full = units(len, 0..len);
    let middle = span(len / 4, 3 * len / 4);
    for window in [Span::whole(len), middle] {
        for (direction, fit) in MODES {
            let powers = (0..12).map(|bit| (1 << bit, 1_u64 << bit));
            let halves = (1..12).map(|bit| ((1 << bit) / 2, 1_u64 << bit));
            let odd = primes(60).map(|prime| (prime, prime));
            for (size, alignment) in powers.chain(halves).chain(odd) {
                let request = Request { size, alignment, window, direction, fit };
                let ranked = shuffled(len, size).into_iter().map(|start| span(start, start + 1));
                let found = full.find_evicting(&request, ranked).expect("all may leave");
                let mut victims = found.victims;
                victims.sort_unstable();
                let expected: Vec<Span> =
                    (found.at..found.at + size).map(|start| span(start, start + 1)).collect();
                assert_eq!(victims, expected, "{request:?}");
                assert_eq!(found.at % alignment, 0);
                assert!(window.covers(span(found.at, found.at + size)));
            }
        }
    }
    assert_eq!(full, units(len, 0..len), "evicting nothing leaves the map identical");
}

#[test]
fn evicting_everything_gives_one_hole() {
    let mut space = units(8192, 0..8192);
    let request = lowest(&space, 8192);
    let ranked = shuffled(8192, 3).into_iter().map(|start| span(start, start + 1));
    let found = space.find_evicting(&request, ranked).expect("all may leave");
    for victim in &found.victims {
        space.remove(victim.start()).expect("a block");
    }
    assert_eq!((found.considered, holes(&space)), (8192, vec![Span::whole(8192)]));
    assert_eq!(space.check(), Ok(()));
}

#[test]
fn topdown_and_bottomup_take_the_outermost_place_and_fill_up() {
    for size in 1..=64 {
        let count = 256;
        let mut up = Space::new(count * size);
        let mut down = Space::new(count * size);
        for index in 0..count {
            assert_eq!(up.place(&lowest(&up, size), index), Ok(index * size));
            let expected = (count - 1 - index) * size;
            assert_eq!(down.place(&highest(&down, size), index), Ok(expected));
        }
        assert_eq!((up.largest_hole(), down.largest_hole()), (0, 0));
    }
}

#[test]
fn lowest_and_highest_skip_outermost_holes_that_are_too_small() {
    // Seven units, 1 and 5 taken: holes 0, 2..5 and 6.
    let space = units(7, [1, 5]);
    for (request, expected) in [
        (lowest(&space, 2), 2),
        (highest(&space, 2), 3),
        (lowest(&space, 3), 2),
        (lowest(&space, 1), 0),
        (highest(&space, 1), 6),
    ] {
        assert_eq!(space.find(&request), Ok(expected), "{request:?}");
        let best = Request { fit: Fit::Best, ..request };
        assert_eq!(space.find(&best), Ok(expected), "{best:?}");
    }
}
