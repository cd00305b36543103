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
        ("tour-17.2.1", TOUR, "17.2.1"),
        ("tour-19", TOUR, "19"),
        ("passes-5", PASSES, "5"),
        ("passes-5.1.40", PASSES, "5.1.40"),
        ("passes-6.2.33", PASSES, "6.2.33"),
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

/// Four commands that need more memory than there is, beside each other, after two that fit.
const WORK: &str = r#"(
    version: 1, title: "work", notes: "", tags: [],
    adapter: (
        profile: "inspector", name: "t", system_memory: "64 MiB", frame_seed: 5,
        segments: [
            (name: "GART", flags: "Aperture | CpuVisible | CacheCoherent", base: 0xC0000000, size: "4 MiB"),
            (name: "VRAM", flags: "CpuVisible", base: 0x0, size: "16 MiB"),
        ],
        paging_buffer: (segment: "GART", size: "4 KiB", private_data_size: 272, count: 2),
    ),
    commands: [
        CreateProcess("game.exe"),
        CreateDevice(name: "d", process: "game.exe", dma_buffer_size: "4 KiB"),
        CreateContext(name: "render", device: "d", priority: 1),
        CreateAllocation(name: "target", device: "d", size: "6 MiB", preferred: ["VRAM"], supported: ["VRAM"]),
        CreateAllocation(name: "texture", device: "d", size: "6 MiB", preferred: ["VRAM"], supported: ["VRAM"]),
        CreateAllocation(name: "shadow", device: "d", size: "8 MiB", preferred: ["VRAM"], supported: ["VRAM"]),
        Submit(context: "render", commands: [
            Fill(allocation: "target", pattern: 0xFF00FF00),
            Copy(from: "texture", to: "target", length: "1 MiB"),
            Draw([Read("texture"), Write("target")]),
        ]),
        Submit(context: "render", commands: [
            Fill(allocation: "shadow", pattern: 0x11),
            Copy(from: "shadow", to: "target", length: "1 MiB"),
            Fill(allocation: "texture", pattern: 7),
            Copy(from: "texture", to: "target", length: "4 MiB"),
        ]),
        Use([Read("target")]),
    ],
)"#;

#[test]
fn a_submission_is_painted_everywhere() {
    for place in ["7.1", "7.2", "7.5.2", "7", "8.1", "8.5", "8.10", "8", "9.2"] {
        let opened = at(WORK, place);
        shot(&opened, &format!("work-{place}-dark"), [1200.0, 680.0], 1.0, Theme::Dark);
        if ["7.5.2", "8.5"].contains(&place) {
            shot(&opened, &format!("work-{place}-light"), [1200.0, 680.0], 1.0, Theme::Light);
            shot(&opened, &format!("work-{place}-864-dark"), [864.0, 268.0], 1.0, Theme::Dark);
            shot(&opened, &format!("work-{place}-704-light"), [704.0, 240.0], 1.0, Theme::Light);
            shot(&opened, &format!("work-{place}-450-dark"), [450.0, 165.0], 1.0, Theme::Dark);
            shot(&opened, &format!("work-{place}-2x-dark"), [864.0, 400.0], 2.0, Theme::Dark);
        }
    }
}

/// A DMA buffer that is mapped for each submission, and a command buffer that needs several.
#[test]
fn mapped_buffers_and_several_passes_are_painted() {
    let text = WORK.replace(
        "dma_buffer_size: \"4 KiB\"",
        "dma_buffer_size: \"4 KiB\", dma_buffer_segments: [\"GART\"], patch_location_list_size: 3, \
         guaranteed_dma_buffer_contract: false",
    );
    assert_ne!(text, WORK);
    for (place, name) in [("7.1", "mapped-first"), ("7", "mapped-last"), ("9.3", "mapped-9")] {
        let opened = at(&text, place);
        shot(&opened, &format!("work-{name}-dark"), [1200.0, 680.0], 1.0, Theme::Dark);
    }
    // Three locations a buffer: the fill has one and the copy two, and the draw has two.
    let opened = at(&text, "7");
    let view = opened.view(Looking::default());
    let sources = sources(&view, 7).expect("it is taken apart");
    let works = buffers::works(sources.trace);
    let passes: Vec<_> = works[0].passes.iter().map(|pass| pass.number).collect();
    assert_eq!(passes, [1, 2]);
    let packets = |pass: usize| {
        let list = buffers::command_list(sources, &works[0], &works[0].passes[pass]);
        (0..3).map(|group| list.packets_of(group)).collect::<Vec<_>>()
    };
    assert_eq!(packets(0), [Some(0..32), Some(32..64), None]);
    assert_eq!(packets(1), [None, None, Some(0..64)]);
}

/// The columns of a submission: all three, without the lists, and one at a time.
#[test]
fn a_submission_gives_up_its_lists_and_then_its_commands() {
    let area = |width: f32, height: f32| Rect::from_min_size(pos2(10.0, 20.0), vec2(width, height));
    let wide = work::layout(area(1200.0, 680.0));
    let (commands, lists) = (wide.commands.expect("has room"), wide.lists.expect("has room"));
    // At least 312 points, and 27 hundredths of 1200.
    assert_eq!((commands.width(), wide.packets.width(), lists.width()), (312.0, 564.0, 324.0));
    assert!(!wide.low && commands.right() <= wide.packets.left());
    let middle = work::layout(area(864.0, 268.0));
    assert!(middle.low && middle.commands.is_some() && middle.lists.is_none());
    let narrow = work::layout(area(700.0, 268.0));
    assert_eq!((narrow.commands, narrow.lists), (None, None));
    for (width, height) in [(0.0, 0.0), (100.0, 30.0), (1.0, 500.0), (800.0, 10.0)] {
        let whole = area(width, height);
        let found = work::layout(whole);
        let parts = [found.head, found.cards, found.packets];
        for part in parts.into_iter().chain(found.commands).chain(found.lists) {
            assert!(whole.expand(0.1).contains_rect(part), "{width} {height} {part:?}");
        }
    }
}

/// A frame with what happens before it: what was asked for.
fn frame_with(
    headless: &mut Headless,
    opened: &Opened,
    events: Vec<Event>,
    state: &mut BuffersState,
) -> Vec<Action> {
    let view = opened.view(Looking::default());
    let mut actions = Vec::new();
    headless.frame_after(events, |ui| buffers_ui(ui, &view, state, &mut actions));
    actions
}

fn clicked(
    headless: &mut Headless,
    opened: &Opened,
    at: egui::Pos2,
    state: &mut BuffersState,
) -> Vec<Action> {
    let button = |pressed| Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    };
    let mut asked = Vec::new();
    for events in [vec![Event::PointerMoved(at)], vec![button(true)], vec![button(false)]] {
        asked.extend(frame_with(headless, opened, events, state));
    }
    asked
}

fn selected_step(actions: &[Action]) -> Option<Place> {
    actions.iter().find_map(|action| match action {
        Action::Select(Some(Item::Step(step))) => Some(*step),
        _ => None,
    })
}

/// The fifth operation hands four packets to the GPU, the third and fourth of the draw.
#[test]
fn a_command_that_is_clicked_marks_its_packets() {
    let opened = at(WORK, "7.5.1");
    let mut headless = window([1200.0, 680.0], 1.0, Theme::Dark);
    let mut state = BuffersState::default();
    frame_with(&mut headless, &opened, Vec::new(), &mut state);
    // Commands begin below head, cards and header, at 150, and are 88 high: the third is the draw.
    let target = pos2(150.0, 150.0 + 6.0 + 2.5 * 88.0);
    let asked = clicked(&mut headless, &opened, target, &mut state);
    assert_eq!(selected_step(&asked), Some(Place::packet(7, 5, 3)));
    assert_eq!(state.group, Some(2));
    let work = state.scene.as_ref().and_then(|scene| scene.work.as_ref()).expect("it is shown");
    assert_eq!(work.list.packets_of(2), Some(64..128));
}

#[test]
fn a_packet_that_is_selected_marks_its_command() {
    let mut opened = at(WORK, "7.5.1");
    let mut headless = window([1200.0, 680.0], 1.0, Theme::Dark);
    let mut state = BuffersState::default();
    for (packet, group) in [(1, 0), (2, 1), (3, 2), (4, 2)] {
        let selected = Some(Item::Step(Place::packet(7, 5, packet)));
        opened.select(selected);
        frame_with(&mut headless, &opened, Vec::new(), &mut state);
        assert_eq!(state.group, Some(group), "packet {packet}");
    }
}

/// At the wide layout the first card is the command buffer; it selects the rendering.
#[test]
fn cards_select_their_steps() {
    let opened = at(WORK, "7.5.1");
    let mut headless = window([1200.0, 680.0], 1.0, Theme::Dark);
    let mut state = BuffersState::default();
    frame_with(&mut headless, &opened, Vec::new(), &mut state);
    let asked = clicked(&mut headless, &opened, pos2(60.0, 70.0), &mut state);
    assert_eq!(selected_step(&asked), Some(Place::operation(7, 1)));
    // Four cards of 258 points with 48 between them: the third tells of the paging.
    let asked = clicked(&mut headless, &opened, pos2(12.0 + 2.5 * 306.0, 70.0), &mut state);
    assert_eq!(selected_step(&asked), Some(Place::operation(7, 2)));
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
