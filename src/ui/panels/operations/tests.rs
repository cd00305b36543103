//! The table of the tour, drawn and used without a window.

use egui::{Event, Key, Modifiers, PointerButton, Theme, pos2};

use super::*;
use crate::analysis::explain::StatusKind;
use crate::app::{Looking, Opened};
use crate::render::{Headless, png};
use crate::ui::theme::{self, Tokens};

fn tour() -> Opened {
    let text = include_str!("../../../../tests/sessions/walk.ron");
    let mut opened = Opened::read(text, "tour.ron").expect("the tour is a session");
    opened.execute(usize::MAX);
    opened
}

fn at(opened: &mut Opened, place: &str) {
    assert!(opened.go_to(place.parse().expect("a place")), "{place}");
}

fn keep(name: &str, picture: &image::RgbaImage) {
    if let Some(folder) = std::env::var_os("GALLERY") {
        let bytes = png(picture).expect("a picture of fixed size can be encoded");
        std::fs::write(std::path::Path::new(&folder).join(name), bytes)
            .expect("the folder named in GALLERY can be written");
    }
}

#[test]
fn the_table_shows_in_both_themes_and_at_both_widths() {
    let mut opened = tour();
    for (place, width, theme, scale) in [
        ("17.2.3", 864.0, Theme::Dark, 1.0),
        ("16.2", 704.0, Theme::Light, 1.0),
        ("12", 864.0, Theme::Light, 2.0),
        ("16.5", 704.0, Theme::Dark, 2.0),
    ] {
        at(&mut opened, place);
        let level = if place.contains('.') { Level::Operation } else { Level::Command };
        let mut headless = Headless::new([width, 296.0], scale, theme);
        theme::install(headless.context());
        let mut state = OperationsState::default();
        let mut show = |ui: &mut Ui| {
            let view = opened.view(Looking { level, ..Looking::default() });
            operations_ui(ui, &view, &mut state, &mut Vec::new());
        };
        headless.frame(&mut show);
        let picture = headless.frame_after(vec![Event::PointerMoved(pos2(400.0, 200.0))], show);
        keep(&format!("operations-{place}-{width}-{theme:?}-{scale}x.png"), &picture);
        let tokens = Tokens::of(theme);
        let accent = picture.pixels().filter(|pixel| pixel.0 == tokens.accent.to_array()).count();
        assert!(accent > 800, "{place}: the line under the current row has {accent} pixels");
    }
}

fn button(pos: egui::Pos2, pressed: bool) -> Event {
    Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    }
}

fn key(key: Key) -> Event {
    Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE }
}

/// Rows begin 28 + 23 points down, each 20 high.
#[test]
fn a_click_selects_a_double_click_goes_and_the_triangle_opens() {
    let opened = tour();
    let mut headless = Headless::new([864.0, 300.0], 1.0, Theme::Dark);
    theme::install(headless.context());
    let mut state = OperationsState::default();
    let mut actions = Vec::new();
    let mut frame = |events: Vec<Event>, actions: &mut Vec<Action>| {
        actions.clear();
        headless.frame_after(events, |ui| {
            let view = opened.view(Looking::default());
            operations_ui(ui, &view, &mut state, actions);
        });
    };
    frame(Vec::new(), &mut actions);
    // The sixth row is command 6.
    let row = pos2(300.0, 51.0 + 5.0 * 20.0 + 10.0);
    frame(vec![Event::PointerMoved(row), button(row, true)], &mut actions);
    frame(vec![button(row, false)], &mut actions);
    let sixth = Item::Step(Place::after(6));
    assert!(actions.contains(&Action::Select(Some(sixth))), "{actions:?}");
    assert!(actions.contains(&Action::Hover(Some(sixth))), "{actions:?}");
    frame(vec![key(Key::ArrowDown)], &mut actions);
    // Nothing is selected in the view, so the move begins at the playhead.
    let second = Item::Step(Place::after(2));
    assert!(actions.contains(&Action::Select(Some(second))), "{actions:?}");
    frame(vec![key(Key::Enter)], &mut actions);
    assert!(actions.contains(&Action::GoTo(Place::default())), "{actions:?}");
    let triangle = pos2(16.0, row.y);
    frame(vec![Event::PointerMoved(triangle), button(triangle, true)], &mut actions);
    frame(vec![button(triangle, false)], &mut actions);
    assert!(actions.contains(&Action::ToggleOpened(6)), "{actions:?}");
}

#[test]
fn the_current_command_is_shown_as_deep_as_the_playhead_stands() {
    let mut opened = tour();
    let rows = |opened: &Opened, level| {
        let mut state = OperationsState::default();
        let view = opened.view(Looking { level, ..Looking::default() });
        state.refresh(&view);
        let cache = state.cache.expect("refreshed");
        let row = cache.steps.index_of(view.place);
        (cache.steps.row_count(), row)
    };
    at(&mut opened, "12");
    assert_eq!(rows(&opened, Level::Command), (21, Some(11)));
    assert_eq!(rows(&opened, Level::Operation), (25, Some(11)), "12.1 to 12.4 below it");
    at(&mut opened, "12.1");
    assert_eq!(rows(&opened, Level::Command), (25, Some(12)));
    at(&mut opened, "18.1");
    assert_eq!(rows(&opened, Level::Command), (22, Some(18)));
    // Behind the rendering comes the mapping of the upload, in packets.
    at(&mut opened, "12.2.2");
    let view = opened.view(Looking::default());
    let packets = view.trace.expect("command 12").operations[1].packets.len();
    assert_eq!(rows(&opened, Level::Packet), (25 + packets, Some(15)));
}

#[test]
fn rows_say_what_the_steps_came_to() {
    let mut opened = tour();
    at(&mut opened, "16.2");
    let view = opened.view(Looking::default());
    let table = [
        (
            "15",
            "Create allocation",
            "",
            "history, 4 MiB",
            "by game, prefers VRAM",
            StatusKind::Done,
        ),
        (
            "16",
            "Use",
            "",
            "writes history, reads primary",
            "5 operations, 4 MiB in, 6 MiB out",
            StatusKind::Running,
        ),
        (
            "16.2",
            "Transfer",
            "6 MiB",
            "VRAM 0x0040_0000 → system",
            "terrain evicted for history",
            StatusKind::Done,
        ),
        (
            "16.3",
            "Fill",
            "4 MiB",
            "pattern 0x00000000 → VRAM 0x0040_0000",
            "history used, not resident",
            StatusKind::Encoded,
        ),
        (
            "16.4",
            "Patch",
            "64 B",
            "2 addresses in DMA buffer 4, 0x0000 to 0x0040",
            "the command's own work",
            StatusKind::Encoded,
        ),
        ("17", "Use", "", "reads terrain", "4 operations, 6 MiB in", StatusKind::Ahead),
    ];
    for (place, kind, amount, route, reason, status) in table {
        let text = row_text(&view, place.parse().expect("a place"), false).expect("a row");
        let found = (text.kind.as_str(), text.amount.as_str(), text.route.as_str());
        assert_eq!(found, (kind, amount, route), "{place}");
        assert_eq!((text.reason.as_str(), text.status.kind), (reason, status), "{place}");
    }
    // 6 MiB over the link at 16 GB/s take 393 µs, 4 MiB filled, 4 MiB written and 4 MiB read in
    // local memory at 64 GB/s 197 µs; calls, packets and submissions the rest.
    let text = row_text(&view, Place::after(16), true).expect("a row");
    assert!(text.time.starts_with("60"), "{}", text.time);
}

#[test]
fn what_waits_in_the_queue_of_the_gpu_is_not_done() {
    let text = include_str!("../../../../saved-sessions/manual-engine.ron");
    let mut opened = Opened::read(text, "manual-engine.ron").expect("it is a session");
    opened.execute(usize::MAX);
    at(&mut opened, "8");
    let view = opened.view(Looking::default());
    let status = |command| {
        row_text(&view, Place::after(command), false).expect("there is such a command").status.kind
    };
    assert_eq!(status(6), StatusKind::Done, "a write of the CPU asks the GPU for nothing");
    assert_eq!(status(7), StatusKind::Encoded, "the first Use in manual mode runs no packet");
    assert_eq!(status(8), StatusKind::Done, "Run GPU runs two");
    assert_eq!(status(12), StatusKind::Ahead, "not reached yet");
}
