//! The panel at places of several sessions. Set `GALLERY` to a folder for the pictures.

use egui::{Event, PointerButton, Theme, pos2, vec2};

use super::*;
use crate::app::{Looking, Opened};
use crate::machine::Place;
use crate::render::{Headless, png};
use crate::ui::theme;

/// A session that has a bit of everything.
pub(in crate::ui::panels) const TOUR: &str = include_str!("../../../../tests/sessions/walk.ron");

/// One buffer of 16 packets, and a transfer that needs four of them.
const PASSES: &str = r#"(
    version: 1, title: "passes", notes: "", tags: [],
    adapter: (
        profile: "inspector", name: "t", system_memory: "64 MiB", frame_seed: 5,
        segments: [
            (name: "GART", flags: "Aperture | CpuVisible | CacheCoherent", base: 0xC0000000, size: "4 MiB"),
            (name: "VRAM", flags: "CpuVisible", base: 0x0, size: "16 MiB"),
        ],
        paging_buffer: (segment: "GART", size: 1024, private_data_size: 272, count: 2),
    ),
    commands: [
        CreateProcess("p"),
        CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "terrain_tiles", device: "d", size: "8 MiB", preferred: ["VRAM"], supported: ["VRAM"]),
        Use([Write("terrain_tiles")]),
        Evict("terrain_tiles"),
        Use([Read("terrain_tiles")]),
    ],
)"#;

/// A driver that copies whole argument structures, as its profile has them.
const RECORDS: &str = r#"(
    version: 1, title: "records", notes: "", tags: [],
    adapter: (
        profile: "render-only-sample", name: "t", system_memory: "64 MiB", frame_seed: 5,
        segments: [
            (name: "Aperture", flags: "Aperture | CpuVisible | CacheCoherent", base: 0xC0000000, size: "4 MiB"),
            (name: "Memory", flags: "CpuVisible", base: 0x0, size: "16 MiB"),
        ],
        paging_buffer: (segment: "Aperture", size: "4 KiB", private_data_size: 272, count: 1),
    ),
    commands: [
        CreateProcess("p"),
        CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "a", device: "d", size: "2 MiB", preferred: ["Memory"], supported: ["Memory"]),
        Use([Write("a")]),
        Evict("a"),
        CreateAllocation(name: "b", device: "d", size: "1 MiB", preferred: ["Aperture"], supported: ["Aperture"]),
        Use([Read("a"), Write("b")]),
    ],
)"#;

/// A session executed to its end, standing at a place.
pub(in crate::ui::panels) fn at(text: &str, place: &str) -> Opened {
    let mut opened = Opened::read(text, "t.ron").expect("the session is well-formed");
    opened.execute(usize::MAX);
    let place: Place = place.parse().expect("written as a place");
    assert!(opened.go_to(place), "{place}");
    opened
}

/// A window without a screen that looks as the real one does.
pub(in crate::ui::panels) fn window(size: [f32; 2], scale: f32, theme: Theme) -> Headless {
    let headless = Headless::new(size, scale, theme);
    theme::install(headless.context());
    headless
}

/// Writes a picture to the gallery, if there is to be one.
pub(in crate::ui::panels) fn keep(picture: &image::RgbaImage, name: &str) {
    let Some(folder) = std::env::var_os("GALLERY") else { return };
    let path = std::path::Path::new(&folder).join(format!("{name}.png"));
    std::fs::write(path, png(picture).expect("it is a picture")).expect("the folder is there");
}

fn shot(opened: &Opened, name: &str, size: [f32; 2], scale: f32, theme: Theme) {
    let mut headless = window(size, scale, theme);
    let mut state = BuffersState::default();
    let view = opened.view(Looking::default());
    let mut actions = Vec::new();
    let picture = headless.frame(|ui| buffers_ui(ui, &view, &mut state, &mut actions));
    keep(&picture, &format!("buffers-{name}"));
}

#[test]
fn the_panel_is_painted_everywhere() {
    let big = [1200.0, 680.0];
    let small = [864.0, 268.0];
    for (name, text, place) in [
        ("tour-0", TOUR, "0"),
        ("tour-1", TOUR, "1"),
        ("tour-6", TOUR, "6"),
        ("tour-12", TOUR, "12"),
        ("tour-16.2", TOUR, "16.2"),
        ("tour-17", TOUR, "17"),
        ("tour-17.1.1", TOUR, "17.1.1"),
        ("tour-19", TOUR, "19"),
        ("passes-5", PASSES, "5"),
        ("passes-5.1.40", PASSES, "5.1.40"),
        ("passes-6.1.33", PASSES, "6.1.33"),
        ("records-4.1", RECORDS, "4.1"),
        ("records-5", RECORDS, "5"),
        ("records-7", RECORDS, "7"),
        ("records-7.2", RECORDS, "7.2"),
    ] {
        let opened = at(text, place);
        shot(&opened, &format!("{name}-dark"), big, 1.0, Theme::Dark);
        if name.starts_with("passes-5.1") || name.starts_with("records-5") {
            shot(&opened, &format!("{name}-light"), big, 1.0, Theme::Light);
            shot(&opened, &format!("{name}-small-dark"), small, 1.0, Theme::Dark);
            shot(&opened, &format!("{name}-narrow-light"), [704.0, 300.0], 1.0, Theme::Light);
            shot(&opened, &format!("{name}-2x-dark"), small, 2.0, Theme::Dark);
        }
    }
}

#[test]
fn the_layout_gives_up_the_second_column_and_height_first() {
    let area = |width: f32, height: f32| Rect::from_min_size(pos2(10.0, 20.0), vec2(width, height));
    let big = layout(area(1200.0, 680.0), true);
    assert!(!big.low && big.right.is_some_and(|right| (right.width() - 414.0).abs() < 1.0));
    let low = layout(area(864.0, 268.0), true);
    assert!(low.low && low.left.height() > 180.0 && low.right.is_some());
    assert_eq!(layout(area(700.0, 268.0), true).right, None);
    for (width, height) in [(0.0, 0.0), (100.0, 30.0), (1.0, 500.0)] {
        let whole = area(width, height);
        let found = layout(whole, false);
        for part in [found.head, found.cards, found.progress, found.left] {
            assert!(whole.expand(0.1).contains_rect(part), "{width} {height} {part:?}");
        }
    }
}

/// A packet that is clicked is selected; a double click goes there.
#[test]
fn a_click_selects_the_packet_under_it() {
    let opened = at(PASSES, "5.1.40");
    let mut headless = window([1200.0, 680.0], 1.0, Theme::Dark);
    let mut state = BuffersState::default();
    let view = opened.view(Looking::default());
    let mut actions = Vec::new();
    let mut show = |events: Vec<Event>, state: &mut BuffersState| {
        let mut asked = Vec::new();
        headless.frame_after(events, |ui| buffers_ui(ui, &view, state, &mut asked));
        actions.extend(asked);
    };
    show(Vec::new(), &mut state);
    let prepared = state.scene.as_ref().expect("it was painted");
    let next = prepared.lines.iter().find(|line| line.state == PacketState::Next);
    assert_eq!(next.and_then(|line| line.step), Some(Place::packet(5, 1, 41)));
    let target = pos2(200.0, 300.0);
    let button = |pressed| Event::PointerButton {
        pos: target,
        button: PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    };
    show(vec![Event::PointerMoved(target)], &mut state);
    show(vec![button(true)], &mut state);
    show(vec![button(false)], &mut state);
    let selected = actions.iter().find_map(|action| match action {
        Action::Select(Some(Item::Step(step))) => Some(*step),
        _ => None,
    });
    let step = selected.expect("a packet lies there");
    assert_eq!((step.command, step.inner.map(|inner| inner.operation)), (5, Some(1)));
    assert!(actions.contains(&Action::Hover(Some(Item::Step(step)))));
}
