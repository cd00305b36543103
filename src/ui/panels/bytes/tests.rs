//! The panel for sources of several sizes. Set `GALLERY` to a folder for the pictures.

use egui::Theme;

use super::*;
use crate::app::{Looking, Opened};
use crate::base::AllocationId;
use crate::machine::Place;
use crate::render::{Headless, png};

const TOUR: &str = include_str!("../../../../tests/sessions/walk.ron");

fn at(place: &str) -> Opened {
    let mut opened = Opened::read(TOUR, "tour.ron").expect("the tour is a session");
    opened.execute(usize::MAX);
    let place: Place = place.parse().expect("written as a place");
    assert!(opened.go_to(place), "{place}");
    opened
}

fn frame(opened: &Opened, state: &mut BytesState, headless: &mut Headless, events: Vec<Event>) {
    let view = opened.view(Looking::default());
    let mut actions = Vec::new();
    headless.frame_after(events, |ui| bytes_ui(ui, &view, state, &mut actions));
}

#[test]
fn every_source_is_painted() {
    let mut opened = at("17");
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
        ("segment", Item::Segment(segment(1)), false, [864.0, 268.0]),
        ("aperture", Item::AperturePage(segment(3), 255), false, [864.0, 400.0]),
        ("frame", Item::Frame(frame), false, [864.0, 268.0]),
        ("buffer", Item::Buffer(1), false, [700.0, 268.0]),
        ("missing", Item::Allocation(AllocationId(99)), false, [864.0, 268.0]),
    ] {
        opened.select(Some(item));
        for (theme, scale) in [(Theme::Dark, 1.0), (Theme::Light, 2.0)] {
            let mut headless = Headless::new(shape, scale, theme);
            crate::ui::theme::install(headless.context());
            let mut state = BytesState { expected, ..BytesState::default() };
            let view = opened.view(Looking::default());
            let mut actions = Vec::new();
            let picture = headless.frame(|ui| bytes_ui(ui, &view, &mut state, &mut actions));
            if let Ok(folder) = std::env::var("GALLERY") {
                let name = format!("bytes-{name}-{theme:?}.png").to_lowercase();
                let bytes = png(&picture).expect("it is a picture");
                std::fs::write(std::path::Path::new(&folder).join(name), bytes)
                    .expect("the folder is there");
            }
        }
    }
}

#[test]
fn the_source_follows_the_selection_unless_it_is_pinned() {
    let mut opened = at("17");
    let segment = SegmentId::new(2).expect("the tour has three segments");
    let mut headless = Headless::new([864.0, 268.0], 1.0, Theme::Dark);
    crate::ui::theme::install(headless.context());
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
    let opened = at("17");
    let mut headless = Headless::new([864.0, 268.0], 1.0, Theme::Dark);
    crate::ui::theme::install(headless.context());
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
