//! A walk of which every figure is worked out by hand, and long series against the plain way.

use super::*;
use crate::base::SplitMix;

const MIB: u64 = 1 << 20;
const KIB: u64 = 1 << 10;

/// VRAM has 16 MiB, its invisible part 8, the aperture 8 with two paging buffers of 4 KiB at its
/// end. Primary (4 MiB) comes to VRAM 0 with command 6, terrain (6) to 4 MiB with 9, upload (1)
/// into the aperture with 12, shadow (6) to 10 MiB with 14. 16 makes room for history (4) where
/// terrain was; 17 brings that to the invisible part. 18 takes upload out and 19 brings it back, 20
/// takes history out, 21 destroys shadow.
fn walk() -> Run {
    let text = include_str!("../../../tests/sessions/walk.ron");
    let adapter = |name: &str| crate::kmd::profile(name).map(|profile| profile.adapter);
    let bound = crate::session::open(text, "walk.ron", &adapter).expect("valid").bound;
    let profile = crate::kmd::profile(&bound.adapter.profile).expect("known");
    Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into())
}

fn segment(number: u8) -> SegmentId {
    SegmentId::new(number).expect("1 to 31")
}

const VRAM: [(usize, u64, u64); 8] = [
    (0, 0, 16),
    (6, 4, 12),
    (9, 10, 6),
    (14, 16, 0),
    (16, 14, 2),
    // 4 to 10 MiB is free between primary and shadow.
    (20, 10, 6),
    (21, 4, 12),
    (usize::MAX, 0, 0),
];

#[test]
fn segments_have_a_point_wherever_their_figures_change_and_nowhere_else() {
    let mut run = walk();
    let mut charts = Charts::default();
    // However it is executed, and however often it is looked at.
    while run.execute(4) > 0 {
        charts.extend(&run);
    }
    charts.extend(&run);
    let vram = charts.segment(segment(1)).expect("it is the first");
    let wanted = || VRAM.iter().filter(|(command, ..)| *command < usize::MAX);
    let used: Vec<_> = wanted().map(|(command, used, _)| (*command, used * MIB)).collect();
    let hole: Vec<_> = wanted().map(|(command, _, hole)| (*command, hole * MIB)).collect();
    assert_eq!(vram.used.changes().collect::<Vec<_>>(), used);
    assert_eq!(vram.largest_hole.changes().collect::<Vec<_>>(), hole);
    let invisible = charts.segment(segment(2)).expect("it is the second");
    let changes: Vec<_> = invisible.used.changes().collect();
    assert_eq!(changes, [(0, 0), (17, 6 * MIB)]);
    let aperture = charts.segment(segment(3)).expect("it is the third");
    let changes: Vec<_> = aperture.used.changes().collect();
    let (without, with) = (8 * KIB, MIB + 8 * KIB);
    assert_eq!(changes, [(0, without), (12, with), (18, without), (19, with)]);
    assert_eq!(aperture.largest_hole.value_at(13), Some(7 * MIB - 8 * KIB));
    assert!(charts.segment(segment(4)).is_none());
    assert_eq!(run.segment_history().segment_at(segment(1), 15).map(|at| at.used.get()), {
        Some(16 * MIB)
    });
    for (command, mapped) in [(0, 0), (11, 0), (12, MIB), (17, MIB), (18, 0), (19, MIB), (21, MIB)]
    {
        assert_eq!(charts.mapped.value_at(command), Some(mapped), "{command}");
    }
    // Promised from creation to destruction: primary 4, terrain 6, upload 1, shadow 6, history 4.
    let before = charts.commit.value_at(4).expect("known from the start");
    for (command, more) in [(5, 4), (7, 10), (10, 11), (13, 17), (15, 21), (21, 15)] {
        let commit = charts.commit.value_at(command).expect("known");
        assert_eq!(commit - before, more * MIB, "{command}");
    }
}

#[test]
fn what_moved_is_summed_over_buckets_that_do_not_move_with_the_window() {
    let mut run = walk();
    run.execute_all();
    let mut charts = Charts::default();
    charts.extend(&run);
    // Upload is mapped, unmapped and mapped again; terrain comes in with 9 and again with 17.
    let [bytes_in, _, mapped, unmapped] = charts.moved.between(17..20);
    assert_eq!((bytes_in, mapped, unmapped), (6 * MIB, MIB, MIB));
    assert_eq!(charts.moved.between(1..6), [0; 4], "creating moves nothing");
    let positions = Positions::new(Axis::Commands, &run);
    let buckets = |range| charts.moved.buckets(positions, run.executed(), range, 5);
    let whole = buckets((0, 21));
    // 21 commands in five columns: five to a bucket.
    assert!(whole.iter().all(|bucket| bucket.to - bucket.from == 5), "{whole:?}");
    let second = whole.iter().find(|bucket| bucket.first == 6).expect("6 to 10 move something");
    assert_eq!((second.last, second.from, second.bytes[2]), (10, 5, 0));
    let shifted = buckets((3, 24));
    assert!(whole.iter().filter(|bucket| bucket.to > 3).all(|bucket| shifted.contains(bucket)));
    // Nothing is known of what is not executed.
    assert!(charts.moved.buckets(positions, 5, (0, 21), 5).is_empty());
}

#[test]
fn on_the_clock_commands_lie_where_they_ended() {
    let mut run = walk();
    run.execute_all();
    let positions = Positions::new(Axis::Clock, &run);
    let clock = |command: usize| run.record(command).map(|record| record.clock);
    assert_eq!(Some(positions.of(9)), clock(9));
    assert_eq!(positions.of(0), run.segment_history().started_at());
    assert!(positions.of(0) < positions.of(1), "a command takes time");
    assert_eq!(positions.last_until(positions.of(9)), 9);
    assert_eq!(positions.last_until(positions.of(9) - 1), 8);
    let commands = Positions::new(Axis::Commands, &run);
    assert_eq!((commands.of(9), commands.last_until(9), commands.whole()), (9, 9, (0, 21)));
    assert_eq!(commands.last_until(u64::MAX), 21);
}

#[test]
fn stairs_are_exact_where_there_is_room_and_an_envelope_where_there_is_none() {
    let run = walk();
    let positions = Positions::new(Axis::Commands, &run);
    let mut series = Series::default();
    for (command, value) in [(0, 5), (2, 9), (3, 1), (4, 7), (20, 8)] {
        series.push(command, value);
    }
    let stair = |at, value| Stair { at, low: value, high: value, last: value };
    let exact = [stair(2, 9), stair(3, 1), stair(4, 7), stair(20, 8)];
    assert_eq!(series.stairs(positions, (0, 21), 21), Some((5, exact.to_vec())));
    // Three changes fall into the first column of two.
    let merged = vec![Stair { at: 2, low: 1, high: 9, last: 7 }, stair(20, 8)];
    assert_eq!(series.stairs(positions, (0, 20), 2), Some((5, merged)));
    // From a change on, it is in the value and not drawn again.
    assert_eq!(series.stairs(positions, (4, 19), 5), Some((7, vec![])));
    assert_eq!(Series::default().stairs(positions, (0, 21), 3), None);
}

#[test]
fn any_stretch_of_a_long_series_has_the_extent_of_its_values() {
    let mut random = SplitMix::new(11);
    let mut series = Series::default();
    let mut plain = Vec::new();
    for command in 0..5_000 {
        let value = random.below(1_000_000);
        series.push(command, value);
        plain.push(value);
        if [1, 16, 17, 255, 256, 257, 4_096, 4_097].contains(&plain.len()) {
            let wanted = (*plain.iter().min().expect("some"), *plain.iter().max().expect("some"));
            assert_eq!(series.extent(0..plain.len()), Some(wanted), "{}", plain.len());
        }
    }
    for _ in 0..2_000 {
        let pick = |random: &mut SplitMix| usize::try_from(random.below(5_001)).expect("small");
        let (a, b) = (pick(&mut random), pick(&mut random));
        let range = a.min(b)..a.max(b);
        let values = plain.get(range.clone()).expect("inside");
        let wanted = values.iter().min().copied().zip(values.iter().max().copied());
        assert_eq!(series.extent(range.clone()), wanted, "{range:?}");
    }
}
