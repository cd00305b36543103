//! Lanes in numbers: small widths, worked out by hand, and a naive painter as the oracle.

use super::*;
use crate::base::{Position, SplitMix};
use crate::machine::{Level, Run};
use crate::placement::Space;

fn span(start: u64, end: u64) -> Span {
    Span::new(start, end).expect("in order")
}

fn segment(len: u64, blocks: &[(u64, u64)]) -> SegmentUse {
    let mut space = Space::new(len);
    for (index, (start, end)) in (0..).zip(blocks) {
        let owner = ExtentOwner::Allocation(AllocationId(index));
        space.insert(span(*start, *end), owner.token()).expect("free");
    }
    SegmentUse::for_tests(space)
}

fn scale(start: u64, end: u64, columns: u32) -> Scale {
    Scale::new(span(start, end), columns).expect("not empty")
}

fn nobody(_: ExtentOwner) -> Option<ProcessId> {
    None
}

fn block(index: u32, x: (u32, u32), at: (u64, u64), partly: bool) -> LaneItem {
    let owner = ExtentOwner::Allocation(AllocationId(index));
    LaneItem::Block(Block { x0: x.0, x1: x.1, owner, span: span(at.0, at.1), partly })
}

#[test]
fn wide_blocks_and_holes_follow_each_other() {
    let segment = segment(1000, &[(0, 250), (250, 400), (700, 1000)]);
    let found = lane_items(&segment, scale(0, 1000, 100), None, nobody);
    let hole = LaneItem::Hole { x0: 40, x1: 70, span: span(400, 700) };
    let expected = [
        block(0, (0, 25), (0, 250), false),
        block(1, (25, 40), (250, 400), false),
        hole,
        block(2, (70, 100), (700, 1000), false),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_window_cuts_blocks_and_says_so() {
    let segment = segment(1000, &[(0, 250), (250, 400), (700, 1000)]);
    let found = lane_items(&segment, scale(200, 300, 100), None, nobody);
    let expected = [block(0, (0, 50), (0, 250), true), block(1, (50, 100), (250, 400), true)];
    assert_eq!(found, expected);
}

#[test]
fn narrow_neighbours_merge_and_a_lone_one_stays_visible() {
    // A column is 10 positions. Four blocks of 5 in a row, then one of 1 far away.
    let blocks = [(100, 105), (105, 110), (110, 115), (118, 123), (500, 501)];
    let segment = segment(1000, &blocks);
    let found = lane_items(&segment, scale(0, 1000, 100), None, nobody);
    let shares: Vec<f32> = match &found[1] {
        LaneItem::Merged(merged) => {
            assert_eq!((merged.x0, merged.x1(), merged.count, merged.used), (10, 13, 4, 20));
            assert_eq!(merged.span, span(100, 123));
            merged.columns.iter().map(Column::used).collect()
        }
        other => panic!("{other:?}"),
    };
    // 100 to 110 is full; of 110 to 120, 110 to 115 and 118 to 120 are used; then 120 to 123.
    for (share, expected) in shares.iter().zip([1.0, 0.7, 0.3]) {
        assert!((share - expected).abs() < 1e-6, "{shares:?}");
    }
    assert_eq!(found[3], block(4, (50, 51), (500, 501), false));
    assert_eq!(found.len(), 5, "hole, run, hole, block, hole");
}

#[test]
fn owners_stack_in_a_column() {
    let segment = segment(1000, &[(0, 4), (4, 6), (6, 7)]);
    let process_of = |owner| match owner {
        ExtentOwner::Allocation(AllocationId(1)) => Some(ProcessId(7)),
        _ => None,
    };
    let found = lane_items(&segment, scale(0, 1000, 100), None, process_of);
    let LaneItem::Merged(merged) = &found[0] else { panic!("{found:?}") };
    let parts: Vec<_> = merged.columns[0].parts.iter().map(|p| (p.class, p.share)).collect();
    assert_eq!(parts.len(), 2);
    assert!(parts[0].0.is_none() && (parts[0].1 - 0.5).abs() < 1e-6, "0 to 4 and 6 to 7");
    assert!(parts[1].0 == Some(ProcessId(7)) && (parts[1].1 - 0.2).abs() < 1e-6);
}

/// Every used byte is in a column that some item covers, and items keep their order.
#[test]
fn nothing_vanishes_in_random_lanes() {
    for seed in 0..60 {
        let mut random = SplitMix::new(seed);
        let mut at = 0;
        let mut blocks = Vec::new();
        for _ in 0..300 {
            let gap = [0, 0, 1, 3, 40, 900][usize::try_from(random.below(6)).expect("small")];
            let most = [2, 10, 200, 5000][usize::try_from(random.below(4)).expect("small")];
            let len = 1 + random.below(most);
            blocks.push((at + gap, at + gap + len));
            at += gap + len;
        }
        let used: u64 = blocks.iter().map(|(start, end)| end - start).sum();
        let segment = segment(at + 17, &blocks);
        let columns = 40 + u32::try_from(random.below(600)).expect("small");
        let scale = scale(0, at + 17, columns);
        let found = lane_items(&segment, scale, None, nobody);
        let (mut count, mut bytes) = (0, 0);
        for item in &found {
            let (x0, x1) = item.columns();
            assert!(x0 < x1 && x1 <= columns, "seed {seed}: {item:?} of {columns}");
            match item {
                LaneItem::Block(block) => {
                    count += 1;
                    bytes += block.span.len();
                }
                LaneItem::Merged(merged) => {
                    count += merged.count;
                    bytes += merged.used;
                    assert!(merged.count >= 2, "seed {seed}");
                }
                LaneItem::Hole { .. } => {}
            }
        }
        assert_eq!((count, bytes), (300, used), "seed {seed}");
        assert!(found.windows(2).all(|pair| pair[0].columns().0 <= pair[1].columns().0), "{seed}");
    }
}

#[test]
fn a_page_in_a_segment_of_two_to_the_63_is_shown() {
    let size = 1_u64 << 63;
    let segment = segment(size, &[(0, 4096), (size / 2, size / 2 + 4096), (size - 4096, size)]);
    let found = lane_items(&segment, scale(0, size, 800), None, nobody);
    let columns: Vec<_> = found
        .iter()
        .filter(|item| matches!(item, LaneItem::Block(_)))
        .map(LaneItem::columns)
        .collect();
    assert_eq!(columns, [(0, 1), (400, 401), (799, 800)]);
    let zoomed = lane_items(&segment, scale(size - 4096, size, 800), None, nobody);
    assert_eq!(zoomed, [block(2, (0, 800), (size - 4096, size), false)]);
}

#[test]
fn contributors_are_the_largest() {
    let segment = segment(1000, &[(0, 5), (10, 40), (50, 60), (60, 75)]);
    let found = contributors(&segment, span(0, 70), 2);
    let owner = |index| ExtentOwner::Allocation(AllocationId(index));
    assert_eq!((found.count, found.used), (4, 55));
    assert_eq!(found.largest, [(owner(1), 30), (owner(2), 10)]);
}

#[test]
fn movements_are_net_and_turn_round_with_the_step() {
    let place = |start| {
        let segment = SegmentId::new(1).expect("one");
        Some(Placement { segment, span: span(start, start + 10) })
    };
    let change = |id, before, after| ResidencyChange {
        position: Position(0),
        allocation: AllocationId(id),
        before,
        after,
        created: false,
        destroyed: false,
    };
    let changes = [
        change(1, place(0), None),
        change(2, None, place(0)),
        change(3, None, place(20)),
        change(3, place(20), None),
        change(4, place(30), None),
        change(4, None, place(50)),
    ];
    let forward = Movements::of(&changes, true);
    let ids = |moved: &[(AllocationId, Placement)]| -> Vec<(u32, u64)> {
        moved.iter().map(|(id, place)| (id.0, place.span.start())).collect()
    };
    assert_eq!(ids(&forward.arrived), [(2, 0), (4, 50)]);
    assert_eq!(ids(&forward.left), [(1, 0), (4, 30)]);
    let back = Movements::of(&changes, false);
    assert_eq!((back.arrived, back.left), (forward.left, forward.arrived));
}

/// In the tour, command 17 pages `terrain` in again with several packets: after the first of
/// them it is booked and not through, after the last it is.
#[test]
fn a_page_in_is_encoded_until_its_last_packet() {
    let text = include_str!("../../../tests/sessions/walk.ron");
    let adapter = |name: &str| crate::kmd::profile(name).map(|profile| profile.adapter);
    let bound = crate::session::open(text, "tour.ron", &adapter).expect("valid").bound;
    let profile = crate::kmd::profile(&bound.adapter.profile).expect("known");
    let mut run = Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into());
    run.execute_all();
    let mut seen = 0;
    while let Some(place) = run.next_place(Level::Packet).expect("deterministic") {
        run.go_to(place).expect("deterministic");
        let trace = run.trace(place.command).expect("deterministic");
        for encoded in encoded_page_ins(&trace, place, 32) {
            seen += 1;
            let at = place.inner.expect("at the end of a command everything has run");
            let operation = trace.operation(at.operation).expect("it is a place");
            assert_eq!(encoded.executed, u64::from(at.packet.expect("a packet")));
            assert_eq!(encoded.encoded, operation.packets.len() as u64);
            let book = run.machine().started().expect("it starts").vidmm().book();
            let allocation = book.allocation(encoded.allocation).expect("it exists");
            assert!(allocation.placement().is_some(), "{place}: the book shows it");
            assert!(encoded.done_at > Some(place));
        }
    }
    assert!(seen > 0, "some page-in of the tour takes several packets");
}
