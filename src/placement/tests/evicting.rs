//! Room made by candidates that leave.

use super::naive::Naive;
use super::{MODES, highest, lowest, span, units};
use crate::base::{Span, SplitMix};
use crate::placement::{NoRoom, Request, Shortage, Space};

#[test]
fn a_request_that_fits_has_no_victims_and_asks_no_candidate() {
    let space = units(8, 0..4);
    let candidates = std::iter::from_fn(|| -> Option<Span> { panic!("not asked") });
    let eviction = space.find_evicting(&lowest(&space, 4), candidates).expect("it fits");
    assert_eq!((eviction.at, eviction.victims, eviction.considered), (4, Vec::new(), 0));
}

#[test]
fn only_what_overlaps_the_chosen_range_leaves_in_rank_order() {
    // Full; 1 joins in vain, 6 and 5 make a hole of two, 7 is never asked.
    let space = units(8, 0..8);
    let ranked = [1, 6, 5, 7].map(|start| span(start, start + 1));
    let eviction = space.find_evicting(&lowest(&space, 2), ranked).expect("5 and 6 make room");
    assert_eq!((eviction.at, eviction.considered), (5, 3));
    assert_eq!(eviction.victims, [span(6, 7), span(5, 6)]);
}

#[test]
fn among_the_holes_the_end_that_the_direction_names_is_taken() {
    // Free at 3; when the block at 4..8 leaves, 3..8 is free.
    let mut space = Space::new(10);
    for (start, end) in [(0, 3), (4, 8), (8, 10)] {
        space.insert(span(start, end), 0).expect("apart");
    }
    let ranked = [span(4, 8)];
    assert_eq!(space.find_evicting(&lowest(&space, 2), ranked).map(|found| found.at), Ok(3));
    assert_eq!(space.find_evicting(&highest(&space, 2), ranked).map(|found| found.at), Ok(6));
}

#[test]
fn a_straddling_victim_frees_its_part_inside_and_is_named_whole() {
    let mut space = Space::new(100);
    for (start, end) in [(0, 20), (20, 60), (60, 100)] {
        space.insert(span(start, end), 0).expect("apart");
    }
    let inside = Request { window: span(40, 100), ..lowest(&space, 20) };
    let eviction = space.find_evicting(&inside, [span(0, 20), span(20, 60)]).expect("20 inside");
    assert_eq!((eviction.at, eviction.victims), (40, vec![span(20, 60)]));
    let refusal = space.find_evicting(&Request { size: 21, ..inside }, [span(20, 60)]);
    assert_eq!(refusal, Err(NoRoom { needed: 21, window: span(40, 100), free: 20, largest: 20 }));
}

#[test]
fn a_refusal_counts_what_the_candidates_would_free() {
    let space = units(8, 0..8);
    let ranked = [1, 3, 5].map(|start| span(start, start + 1));
    let refusal = space.find_evicting(&lowest(&space, 2), ranked).expect_err("no two touch");
    assert_eq!((refusal.free, refusal.largest), (3, 1));
    assert_eq!(refusal.shortage(), Shortage::Fragmented);
    let refusal = space.find_evicting(&lowest(&space, 4), ranked).expect_err("three are free");
    assert_eq!(refusal.shortage(), Shortage::NotEnough);
    let refusal = space.find_evicting(&lowest(&space, 9), ranked).expect_err("eight in all");
    assert_eq!(refusal.shortage(), Shortage::LargerThanWindow);
}

#[test]
fn candidates_that_are_no_block_or_come_twice_join_nothing() {
    let space = units(8, 0..8);
    let odd = [span(2, 4), span(9, 12), span(3, 3), span(2, 3), span(2, 3)];
    assert_eq!(
        space.find_evicting(&lowest(&space, 2), odd).map_err(|refusal| refusal.free),
        Err(1)
    );
}

#[test]
fn random_ranks_choose_as_asking_anew_after_each_candidate_does() {
    for seed in 0..400 {
        let mut rng = SplitMix::new(seed);
        let len = 60 + rng.below(400);
        let (mut space, mut naive) = (Space::indexed(len), Naive::new(len));
        for owner in 0..len / 2 {
            let start = rng.below(len);
            let asked = span(start, (start + 1 + rng.below(9)).min(len));
            assert_eq!(
                space.insert(asked, owner).is_ok(),
                naive.insert(asked, owner),
                "seed {seed}"
            );
        }
        let mut ranked: Vec<Span> = naive.blocks.iter().map(|&(block, _)| block).collect();
        ranked.sort_by_key(|block| SplitMix::nth(seed, block.start()));
        ranked.truncate(usize::try_from(rng.below(len)).expect("small"));
        if let Some(&twice) = ranked.last() {
            ranked.insert(0, twice);
            ranked.insert(1, twice);
        }
        let before = space.clone();
        for (direction, fit) in MODES {
            for alignment in [1, 3, 8, 13] {
                let (one, two) = (rng.below(len + 1), rng.below(len + 1));
                let window = span(one.min(two), one.max(two));
                let size = 1 + rng.below(window.len() / 2 + 1);
                let request = Request { size, alignment, window, direction, fit };
                let found = space.find_evicting(&request, ranked.iter().copied());
                let expected = naive.find_evicting(&request, &ranked).map(|mut eviction| {
                    // The oracle names the candidate that comes twice twice.
                    let mut seen = Vec::new();
                    eviction.victims.retain(|block| {
                        let new = !seen.contains(block);
                        seen.push(*block);
                        new
                    });
                    eviction
                });
                let refusal = found.as_ref().err().copied();
                assert_eq!(found.ok(), expected, "seed {seed} {request:?}");
                if let Some(refusal) = refusal {
                    let mut left = naive.clone();
                    left.blocks.retain(|(block, _)| !ranked.contains(block));
                    let holes = left.holes(window);
                    let free: u64 = holes.iter().map(|hole| hole.len()).sum();
                    let largest = holes.iter().map(|hole| hole.len()).max().unwrap_or(0);
                    let numbers = (refusal.free, refusal.largest);
                    if size <= window.len() {
                        assert_eq!(numbers, (free, largest), "seed {seed} {request:?}");
                    }
                }
            }
        }
        assert_eq!(space, before, "seed {seed}: asking changes nothing");
    }
}
