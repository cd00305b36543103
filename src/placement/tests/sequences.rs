//! Random sequences, every answer compared with the oracle's.

use proptest::prelude::*;

use super::naive::Naive;
use super::{MODES, span};
use crate::base::{Span, SplitMix};
use crate::placement::{Direction, Fit, NoRoom, Request, Shortage, Space};

const ALIGNMENTS: [u64; 12] = [0, 1, 2, 3, 4, 5, 7, 13, 16, 31, 64, 127];

/// Compares everything that can be asked about a window.
fn compare(space: &Space, naive: &Naive, window: Span, label: &str) {
    let whole = Span::whole(naive.len);
    let inside = window.intersection(whole).unwrap_or_default();
    assert_eq!(space.holes(window).collect::<Vec<_>>(), naive.holes(inside), "{label}");
    let blocks: Vec<_> =
        naive.blocks.iter().copied().filter(|(block, _)| block.overlaps(window)).collect();
    assert_eq!(space.blocks(window).collect::<Vec<_>>(), blocks, "{label}");
    assert_eq!(space.block_count(), naive.blocks.len(), "{label}");
    assert_eq!(
        space.used(),
        naive.blocks.iter().map(|(block, _)| block.len()).sum::<u64>(),
        "{label}"
    );
    assert_eq!(space.free(), naive.len - space.used(), "{label}");
    let largest = naive.holes(whole).into_iter().map(Span::len).max().unwrap_or(0);
    assert_eq!(space.largest_hole(), largest, "{label}");
    for position in [window.start(), window.end()] {
        let covering = naive.blocks.iter().copied().find(|(block, _)| block.contains(position));
        assert_eq!(space.block_at(position), covering, "{label} position {position}");
    }
}

/// Asks both for room; the refusal's numbers are checked as well.
fn compare_find(space: &Space, naive: &Naive, request: &Request, label: &str) -> Option<u64> {
    let expected = naive.find(request);
    match space.find(request) {
        Ok(at) => assert_eq!(Some(at), expected, "{label} {request:?}"),
        Err(refusal) => {
            assert_eq!(expected, None, "{label} {request:?}");
            let window = request.window.intersection(Span::whole(naive.len)).unwrap_or_default();
            let holes = naive.holes(window);
            let free = holes.iter().map(|hole| hole.len()).sum();
            let largest = holes.iter().map(|hole| hole.len()).max().unwrap_or(0);
            assert_eq!(refusal, NoRoom { needed: request.size, window, free, largest }, "{label}");
            let shortage = match request.size {
                0 => Shortage::NothingAsked,
                size if size > window.len() => Shortage::LargerThanWindow,
                size if size > free => Shortage::NotEnough,
                _ => Shortage::Fragmented,
            };
            assert_eq!(refusal.shortage(), shortage, "{label}");
        }
    }
    expected
}

fn random_window(rng: &mut SplitMix, len: u64) -> Span {
    let (one, two) = (rng.below(len + 2), rng.below(len + 2));
    if rng.below(3) == 0 { Span::whole(len) } else { span(one.min(two), one.max(two)) }
}

/// Grows to hundreds of blocks and shrinks again, so that nodes split, share and join.
#[test]
fn random_sequences_answer_as_the_naive_list_does() {
    for seed in 0..24 {
        let mut rng = SplitMix::new(seed);
        let len = [300, 4_000, 60_000][usize::try_from(seed % 3).expect("below 3")];
        let mut space = if seed % 2 == 0 { Space::new(len) } else { Space::indexed(len) };
        let mut naive = Naive::new(len);
        for turn in 0..1_600_u64 {
            let label = format!("seed {seed} turn {turn}");
            let growing = turn % 800 < 500;
            if rng.below(10) < if growing { 2 } else { 8 } && !naive.blocks.is_empty() {
                let count = u64::try_from(naive.blocks.len()).expect("few");
                let index = usize::try_from(rng.below(count)).expect("few");
                let (block, owner) = naive.blocks[index];
                assert_eq!(space.remove(block.start()), Some((block, owner)), "{label}");
                naive.remove(block.start());
            } else if rng.below(8) == 0 {
                let start = rng.below(len + 4);
                let asked = span(start, start + rng.below(9));
                assert_eq!(space.insert(asked, turn).is_ok(), naive.insert(asked, turn), "{label}");
            } else {
                let (direction, fit) = MODES[usize::try_from(rng.below(4)).expect("below 4")];
                let alignment = ALIGNMENTS[usize::try_from(rng.below(12)).expect("below 12")];
                let window = random_window(&mut rng, len);
                let request =
                    Request { size: rng.below(len / 100 + 4), alignment, window, direction, fit };
                let at = compare_find(&space, &naive, &request, &label);
                assert_eq!(space.place(&request, turn).ok(), at, "{label}");
                if let Some(at) = at {
                    assert!(naive.insert(span(at, at + request.size), turn), "{label}");
                }
            }
            if turn % 16 == 0 {
                compare(&space, &naive, random_window(&mut rng, len), &label);
            }
            assert_eq!(space.check(), Ok(()), "{label}");
        }
        while let Some((block, owner)) = naive.blocks.pop() {
            assert_eq!(space.remove(block.start()), Some((block, owner)), "seed {seed}");
            assert_eq!(space.check(), Ok(()), "seed {seed} emptying");
        }
        assert_eq!(space, Space::new(len), "seed {seed}");
    }
}

#[test]
fn every_mode_alignment_and_window_of_one_full_space_agrees() {
    for seed in 100..103 {
        let mut rng = SplitMix::new(seed);
        let (mut space, mut naive) = (Space::indexed(6_000), Naive::new(6_000));
        for owner in 0..900 {
            let start = rng.below(6_000);
            let asked = span(start, (start + 1 + rng.below(6)).min(6_000));
            assert_eq!(
                space.insert(asked, owner).is_ok(),
                naive.insert(asked, owner),
                "seed {seed}"
            );
        }
        let plain = Space { sizes: None, ..space.clone() };
        for window in [span(0, 6_000), span(0, 3_000), span(3_000, 6_000), span(1_500, 4_501)] {
            for alignment in ALIGNMENTS {
                for size in 0..24 {
                    for (direction, fit) in MODES {
                        let request = Request { size, alignment, window, direction, fit };
                        let label = format!("seed {seed}");
                        compare_find(&space, &naive, &request, &label);
                        compare_find(&plain, &naive, &request, &label);
                    }
                }
            }
        }
    }
}

#[test]
fn undoing_every_step_in_reverse_restores_each_earlier_space() {
    let mut rng = SplitMix::new(7);
    let mut space = Space::indexed(20_000);
    let mut steps = Vec::new();
    for owner in 0..1_500 {
        let before = (owner % 100 == 0).then(|| space.clone());
        let start = rng.below(20_000);
        let removed = space.block_at(start).and_then(|(block, _)| space.remove(block.start()));
        let asked = span(start, start + 1 + rng.below(12));
        let inserted = removed.is_none() && space.insert(asked, owner).is_ok();
        steps.push((before, removed, inserted.then_some(asked)));
    }
    while let Some((before, removed, inserted)) = steps.pop() {
        if let Some((block, owner)) = removed {
            assert_eq!(space.insert(block, owner), Ok(()));
        }
        if let Some(block) = inserted {
            assert_eq!(space.remove(block.start()).map(|(block, _)| block), Some(block));
        }
        assert_eq!(space.check(), Ok(()));
        if let Some(before) = before {
            assert_eq!(space, before);
        }
    }
}

/// One step of a sequence that proptest shrinks.
#[derive(Clone, Debug)]
enum Step {
    Insert(u64, u64),
    Remove(usize),
    Place(Request),
}

fn step() -> impl Strategy<Value = Step> {
    let request = (0..12_u64, 0..9_u64, 0..260_u64, 0..260_u64, any::<bool>(), any::<bool>());
    prop_oneof![
        2 => (0..258_u64, 0..12_u64).prop_map(|(start, len)| Step::Insert(start, len)),
        3 => (0..64_usize).prop_map(Step::Remove),
        6 => request.prop_map(|(size, alignment, one, two, up, first)| Step::Place(Request {
            size,
            alignment,
            window: span(one.min(two), one.max(two)),
            direction: if up { Direction::BottomUp } else { Direction::TopDown },
            fit: if first { Fit::First } else { Fit::Best },
        })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_answers_as_the_naive_list_does(steps in prop::collection::vec(step(), 0..200)) {
        let (mut space, mut naive) = (Space::indexed(256), Naive::new(256));
        for (owner, step) in (0..).zip(steps) {
            match step {
                Step::Insert(start, len) => {
                    let asked = span(start, start + len);
                    prop_assert_eq!(space.insert(asked, owner).is_ok(), naive.insert(asked, owner));
                }
                Step::Remove(index) => {
                    let start = naive.blocks.get(index).map_or(255, |(block, _)| block.start());
                    prop_assert_eq!(space.remove(start), naive.remove(start));
                }
                Step::Place(request) => {
                    let at = compare_find(&space, &naive, &request, "");
                    prop_assert_eq!(space.place(&request, owner).ok(), at);
                    if let Some(at) = at {
                        prop_assert!(naive.insert(span(at, at + request.size), owner));
                    }
                }
            }
            prop_assert_eq!(space.check(), Ok(()));
        }
        compare(&space, &naive, Span::whole(256), "");
    }
}
