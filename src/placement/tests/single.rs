//! Single answers, derived by hand.

use super::{lowest, span, units};
use crate::base::Span;
use crate::placement::{Direction, Fit, Occupied, Request, Shortage, Space};

#[test]
fn an_insert_names_what_is_in_the_way() {
    let mut space = Space::new(100);
    space.insert(span(40, 60), 7).expect("empty");
    let block = span(40, 60);
    for asked in [(39, 41), (59, 61), (40, 60), (45, 50), (0, 100), (40, 41), (59, 60)] {
        let asked = span(asked.0, asked.1);
        let refusal = Occupied::Overlap { span: asked, block, owner: 7 };
        assert_eq!(space.insert(asked, 1), Err(refusal));
    }
    assert_eq!(space.insert(span(5, 5), 1), Err(Occupied::Empty { start: 5 }));
    for asked in [span(90, 101), span(100, 101), span(u64::MAX - 1, u64::MAX)] {
        assert_eq!(space.insert(asked, 1), Err(Occupied::Beyond { span: asked, len: 100 }));
    }
    assert_eq!(space.insert(span(60, 100), 1), Ok(()));
    assert_eq!(space.insert(span(0, 40), 1), Ok(()));
    assert_eq!((space.free(), space.block_count()), (0, 3));
}

#[test]
fn the_lowest_of_two_blocks_in_the_way_is_named() {
    let space_of = |owners: [u64; 2]| {
        let mut space = Space::new(10);
        space.insert(span(2, 4), owners[0]).expect("free");
        space.insert(span(6, 8), owners[1]).expect("free");
        space
    };
    for (asked, owner) in [((3, 7), 1), ((0, 10), 1), ((4, 7), 2), ((7, 10), 2)] {
        let refusal = space_of([1, 2]).insert(span(asked.0, asked.1), 9);
        assert!(
            matches!(refusal, Err(Occupied::Overlap { owner: named, .. }) if named == owner),
            "{asked:?}: {refusal:?}"
        );
    }
}

#[test]
fn only_the_start_of_a_block_removes_it() {
    let mut space = Space::new(100);
    space.insert(span(40, 60), 7).expect("empty");
    for start in [0, 39, 41, 60, 99, 100, 101, u64::MAX] {
        assert_eq!(space.remove(start), None, "{start}");
    }
    assert_eq!(space.remove(40), Some((span(40, 60), 7)));
    assert_eq!(space.remove(40), None);
}

#[test]
fn positions_near_the_end_of_u64_neither_wrap_nor_panic() {
    let mut space = Space::indexed(u64::MAX);
    let all = lowest(&space, u64::MAX);
    assert_eq!(space.place(&all, 1), Ok(0));
    assert_eq!(space.find(&lowest(&space, 1)).map_err(|refusal| refusal.free), Err(0));
    assert_eq!(space.remove(0), Some((Span::whole(u64::MAX), 1)));
    for (direction, alignment, expected) in [
        (Direction::TopDown, 1, u64::MAX - 3),
        // The highest multiple of 2^63 that leaves room for 3, and the highest of u64::MAX - 4.
        (Direction::TopDown, 1 << 63, 1 << 63),
        (Direction::TopDown, u64::MAX - 4, u64::MAX - 4),
        (Direction::TopDown, u64::MAX, 0),
        (Direction::BottomUp, u64::MAX, 0),
    ] {
        let request = Request { size: 3, alignment, direction, ..all };
        assert_eq!(space.find(&request), Ok(expected), "{direction:?} {alignment}");
    }
    space.insert(span(0, 1), 1).expect("free");
    space.insert(span(u64::MAX - 1, u64::MAX), 2).expect("free");
    let request = Request { size: 3, alignment: u64::MAX, ..all };
    let refusal = space.find(&request).expect_err("0 is taken and the next multiple is the end");
    assert_eq!((refusal.free, refusal.shortage()), (u64::MAX - 2, Shortage::Fragmented));
    assert_eq!(space.block_at(u64::MAX - 1), Some((span(u64::MAX - 1, u64::MAX), 2)));
    assert_eq!(space.block_at(u64::MAX), None);
    assert_eq!(space.blocks(Span::whole(u64::MAX)).count(), 2);
    assert_eq!(space.holes(Span::whole(u64::MAX)).collect::<Vec<_>>(), [span(1, u64::MAX - 1)]);
    assert_eq!(space.check(), Ok(()));
}

#[test]
fn a_space_of_no_positions_refuses_everything() {
    let mut space = Space::indexed(0);
    assert_eq!(space.check(), Ok(()));
    assert_eq!((space.largest_hole(), space.is_empty()), (0, true));
    assert!(space.insert(span(0, 1), 0).is_err());
    assert_eq!((space.remove(0), space.block_at(0)), (None, None));
    assert_eq!(space.blocks(span(0, 9)).count() + space.holes(span(0, 9)).count(), 0);
    for size in [0, 1] {
        assert!(space.find(&lowest(&space, size)).is_err());
        assert!(space.find_evicting(&lowest(&space, size), [span(0, 1)]).is_err());
    }
}

#[test]
fn best_fit_takes_the_smallest_and_counts_only_the_window() {
    // Holes 0..9, 10..13, 14..19, 20..23 and 24..40.
    let space = units(40, [9, 13, 19, 23]);
    let best = Request { fit: Fit::Best, ..lowest(&space, 3) };
    let cases = [
        (3, span(0, 40), Direction::BottomUp, 10),
        (3, span(0, 40), Direction::TopDown, 20),
        (4, span(0, 40), Direction::BottomUp, 14),
        (4, span(0, 40), Direction::TopDown, 15),
        // Only 5..9 of the first hole lies in the window, which makes it the smallest for 4.
        (4, span(5, 40), Direction::BottomUp, 5),
        // And 24..27 of the last is a third of 3, the highest.
        (3, span(0, 27), Direction::TopDown, 24),
        (6, span(0, 30), Direction::BottomUp, 24),
    ];
    for (size, window, direction, expected) in cases {
        let request = Request { size, window, direction, ..best };
        assert_eq!(space.find(&request), Ok(expected), "{request:?}");
    }
    let aligned = Request { alignment: 16, ..best };
    assert_eq!(space.find(&aligned), Ok(16), "10..13 and 20..23 hold no multiple of 16");
}

#[test]
fn a_small_window_in_a_space_of_many_equal_holes_is_searched_itself() {
    let space = units(4_000, (0..4_000).step_by(4));
    let window = span(2_001, 2_020);
    for (direction, expected) in [(Direction::BottomUp, 2_001), (Direction::TopDown, 2_017)] {
        let request = Request { window, direction, fit: Fit::Best, ..lowest(&space, 3) };
        assert_eq!(space.find(&request), Ok(expected));
    }
}
