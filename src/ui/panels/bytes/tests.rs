//! The panel for sources of several sizes. Set `GALLERY` to a folder for the pictures.

use egui::{Event, MouseWheelUnit, Theme, pos2};

use super::layout::{padded, part_of, parts_in, share_of};
use super::*;
use crate::app::{Looking, Opened};
use crate::base::AllocationId;
use crate::render::Headless;
use crate::ui::panels::buffers::tests::{TOUR, at, keep, window};

fn frame(opened: &Opened, state: &mut BytesState, headless: &mut Headless, events: Vec<Event>) {
    let view = opened.view(Looking::default());
    let mut actions = Vec::new();
    headless.frame_after(events, |ui| bytes_ui(ui, &view, state, &mut actions));
}

#[test]
fn every_source_is_painted() {
    let mut opened = at(TOUR, "17");
    let segment = |number| SegmentId::new(number).expect("the tour has three segments");
    let names = opened.names().clone();
    let terrain = names.find_allocation("terrain").expect("the tour creates it");
    let backed = names.find_allocation("upload").expect("the tour creates it");
    let started = opened.run().machine().started().expect("the tour starts");
    let pages = started.vidmm().book().allocation(backed).and_then(|known| known.backing());
    let frame = pages.and_then(|mdl| mdl.page(0)).expect("it lies in system pages");
    for (name, item, expected, shape) in [
        ("allocation", Item::Allocation(terrain), true, [1200.0, 400.0]),
        ("allocation-small", Item::Allocation(terrain), true, [864.0, 268.0]),
        ("allocation-wide", Item::Allocation(terrain), false, [1200.0, 600.0]),
        ("segment", Item::Segment(segment(1)), false, [864.0, 268.0]),
        ("aperture-wide", Item::AperturePage(segment(3), 255), false, [1200.0, 600.0]),
        ("aperture", Item::AperturePage(segment(3), 255), false, [864.0, 400.0]),
        ("frame", Item::Frame(frame), false, [864.0, 268.0]),
        ("buffer", Item::Buffer(1), false, [700.0, 268.0]),
        ("missing", Item::Allocation(AllocationId(99)), false, [864.0, 268.0]),
    ] {
        opened.select(Some(item));
        for (theme, scale) in [(Theme::Dark, 1.0), (Theme::Light, 2.0)] {
            let mut headless = window(shape, scale, theme);
            let mut state = BytesState { expected, ..BytesState::default() };
            let view = opened.view(Looking::default());
            let mut actions = Vec::new();
            let picture = headless.frame(|ui| bytes_ui(ui, &view, &mut state, &mut actions));
            keep(&picture, &format!("bytes-{name}-{theme:?}").to_lowercase());
        }
    }
}

#[test]
fn the_source_follows_the_selection_unless_it_is_pinned() {
    let mut opened = at(TOUR, "17");
    let segment = SegmentId::new(2).expect("the tour has three segments");
    let mut headless = window([864.0, 268.0], 1.0, Theme::Dark);
    let mut state = BytesState::default();
    frame(&opened, &mut state, &mut headless, Vec::new());
    assert_eq!(state.source, SegmentId::new(1).map(ByteSource::Segment));
    let hole = Span::new(0x10_0000, 0x20_0000).expect("written in order");
    opened.select(Some(Item::Hole(segment, hole)));
    frame(&opened, &mut state, &mut headless, Vec::new());
    assert_eq!((state.source, state.top), (Some(ByteSource::Segment(segment)), 0x1_0000));
    state.pinned = true;
    opened.select(Some(Item::Buffer(0)));
    frame(&opened, &mut state, &mut headless, Vec::new());
    assert_eq!(state.source, Some(ByteSource::Segment(segment)));
}

#[test]
fn the_wheel_and_the_end_of_the_source_bound_the_rows() {
    let opened = at(TOUR, "17");
    let mut headless = window([864.0, 268.0], 1.0, Theme::Dark);
    let mut state = BytesState { source: Some(ByteSource::Buffer(1)), ..BytesState::default() };
    frame(&opened, &mut state, &mut headless, vec![Event::PointerMoved(pos2(200.0, 150.0))]);
    let turn = |lines: f32| Event::MouseWheel {
        unit: MouseWheelUnit::Line,
        delta: vec2(0.0, lines),
        modifiers: egui::Modifiers::NONE,
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
    };
    frame(&opened, &mut state, &mut headless, vec![turn(-2.0)]);
    assert_eq!(state.top, 6);
    frame(&opened, &mut state, &mut headless, vec![turn(1.0)]);
    assert_eq!(state.top, 3);
    // A buffer of 4 KiB has 256 rows; 12 fit below the controls.
    frame(&opened, &mut state, &mut headless, vec![turn(-500.0)]);
    assert_eq!(state.top, 256 - 12);
}

#[test]
fn shares_of_any_size_stay_inside_it() {
    assert_eq!(part_of(u64::MAX, 1.0), u64::MAX);
    assert_eq!(part_of(u64::MAX, 7.0), u64::MAX);
    assert_eq!(part_of(1_000, 0.25), 250);
    assert_eq!(part_of(9, -1.0), 0);
    assert_eq!(share_of(u64::MAX, u64::MAX), 1.0);
    assert_eq!(share_of(0, 0), 0.0);
}

#[test]
fn offsets_are_as_long_as_the_last_one() {
    assert_eq!(padded(0x10, "0x0000".len()), "0x0010");
    assert_eq!(padded(0x10, "0x0000_0000".len()), "0x0000_0010");
    assert_eq!(padded(0x1_0000, "0x0000_0000_0000".len()), "0x0000_0001_0000");
}

#[test]
fn wide_panels_show_two_rows_in_a_line() {
    for (width, expected, parts) in
        [(864.0, false, 1), (1100.0, false, 1), (1101.0, false, 2), (1440.0, true, 1)]
    {
        assert_eq!(parts_in(width, expected), parts, "{width}");
    }
    // 1,000 bytes are 63 rows in 32 lines; 10 lines are in view, so that 22 lines lie above them.
    let extent = Extent::new(1_000, 2, 10.0 * ROW_HEIGHT + 4.0);
    assert_eq!((extent.total, extent.visible(), extent.last_top), (64, 20, 44));
    assert_eq!([7, 44, 99].map(|top| extent.bounded(top)), [6, 44, 44]);
    let huge = Extent::new(u64::MAX, 2, 100.0);
    assert_eq!(huge.bounded(u64::MAX), huge.last_top);
}

#[test]
fn a_wide_line_is_turned_by_the_wheel_and_pointed_at() {
    let opened = at(TOUR, "17");
    let mut headless = window([1200.0, 268.0], 1.0, Theme::Dark);
    let source = Some(ByteSource::Buffer(1));
    let mut state = BytesState { source, top: 5, ..BytesState::default() };
    frame(&opened, &mut state, &mut headless, vec![Event::PointerMoved(pos2(200.0, 150.0))]);
    assert_eq!(state.top, 4, "a line begins at an even row");
    let columns = Columns {
        font: theme::text::mono(),
        glyph: 10.0,
        parts: 2,
        offset: 0.0,
        bytes: 100.0,
        expected: None,
        ascii: Some(1200.0),
        owner: 1600.0,
        right: 1800.0,
        digits: 6,
    };
    // 16 bytes take 48 characters and two gaps of one: the second row begins at character 50.
    assert_eq!(columns.at(100.0 + 500.0), Some((1, 0)));
    assert_eq!(columns.at(100.0 + 280.0), Some((0, 9)));
    assert_eq!(columns.at(1200.0 + 175.0), Some((1, 1)));
    assert_eq!(columns.at(1550.0), None);
}
