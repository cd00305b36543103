//! The table of a walk, drawn in both themes and used without a window.

use egui::{Event, Key, Modifiers, PointerButton, Theme};

use super::*;
use crate::analysis::allocation_table::{Column, Shown};
use crate::analysis::export::ExportFormat;
use crate::app::{Exported, Looking, Opened, Tab};
use crate::machine::Place;
use crate::render::{Headless, png};
use crate::ui::panels::export::{Job, Progress};
use crate::ui::theme::{self, Tokens};

fn walk(command: usize) -> Opened {
    let text = include_str!("../../../../tests/sessions/walk.ron");
    let mut opened = Opened::read(text, "walk.ron").expect("it is a session");
    opened.execute(usize::MAX);
    assert!(opened.go_to(Place::after(command)));
    opened
}

const fn allocation(number: u32) -> Option<Item> {
    Some(Item::Allocation(AllocationId(number)))
}

/// The panel on a screen of its own.
struct Stage {
    opened: Opened,
    state: AllocationsState,
    headless: Headless,
}

impl Stage {
    fn new(command: usize, width: f32, per_point: f32, theme: Theme) -> Self {
        let headless = Headless::new([width, 296.0], per_point, theme);
        theme::install(headless.context());
        Self { opened: walk(command), state: AllocationsState::default(), headless }
    }

    fn frame(&mut self, events: Vec<Event>, name: &str) -> (image::RgbaImage, Vec<Action>) {
        let Self { opened, state, headless } = self;
        let mut actions = Vec::new();
        let picture = headless.frame_after(events, |ui| {
            let view = opened.view(Looking::default());
            allocations_ui(ui, &view, state, &mut actions);
        });
        if let Some(folder) = std::env::var_os("GALLERY").filter(|_| !name.is_empty()) {
            let path = std::path::Path::new(&folder).join(format!("allocations-{name}.png"));
            let bytes = png(&picture).expect("a picture of the screen");
            std::fs::write(path, bytes).expect("the folder named in GALLERY can be written");
        }
        for action in &actions {
            if let Action::Select(item) = action {
                self.opened.select(*item);
            }
        }
        (picture, actions)
    }

    fn key(&mut self, key: Key) -> Vec<Action> {
        let modifiers = Modifiers::NONE;
        let event = Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        self.frame(vec![event], "").1
    }

    fn click(&mut self, x: f32, y: f32) -> Vec<Action> {
        let pos = pos2(x, y);
        let modifiers = Modifiers::NONE;
        let button = |pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers,
        };
        self.frame(vec![Event::PointerMoved(pos), button(true), button(false)], "").1
    }
}

#[test]
fn the_table_shows_in_both_themes_and_at_both_widths() {
    for (width, theme, scale) in [
        (864.0, Theme::Dark, 1.0),
        (452.0, Theme::Light, 1.0),
        (1_440.0, Theme::Light, 2.0),
        (452.0, Theme::Dark, 2.0),
    ] {
        let mut stage = Stage::new(17, width, scale, theme);
        stage.opened.select(allocation(1));
        let (picture, _) = stage.frame(Vec::new(), &format!("{width}-{theme:?}-{scale}x"));
        let accent = Tokens::of(theme).accent.to_array();
        let edge = picture.pixels().filter(|pixel| pixel.0 == accent).count();
        assert!(edge > 500, "{width}: the outline of the selected row has {edge} pixels");
        let pointer = vec![Event::PointerMoved(pos2(200.0, 100.0))];
        stage.frame(pointer, &format!("tip-{width}-{theme:?}-{scale}x"));
    }
}

/// Rows begin 28 + 23 points down, each 20 high.
#[test]
fn clicks_and_keys_select_and_zoom() {
    let mut stage = Stage::new(17, 864.0, 1.0, Theme::Dark);
    stage.frame(Vec::new(), "");
    let actions = stage.click(300.0, 51.0 + 2.0 * 20.0 + 10.0);
    assert!(actions.contains(&Action::Select(allocation(2))), "{actions:?}");
    assert!(actions.contains(&Action::Hover(allocation(2))), "{actions:?}");
    stage.key(Key::ArrowDown);
    assert_eq!(stage.opened.selected(), allocation(3));
    stage.key(Key::PageUp);
    assert_eq!(stage.opened.selected(), allocation(0));
    stage.key(Key::ArrowUp);
    assert_eq!(stage.opened.selected(), allocation(0));
    assert!(stage.key(Key::Enter).contains(&Action::ZoomToSelection));
    let (_, actions) = stage.frame(vec![Event::Copy], "");
    let copied = actions.iter().find_map(|action| match action {
        Action::Copy(text) => Some(text.as_str()),
        _ => None,
    });
    assert!(copied.is_some_and(|text| text.starts_with("primary\tdwm.exe\tdwm\tResident\tVRAM")));
}

#[test]
fn a_title_sorts_up_then_down_then_not_at_all() {
    let mut stage = Stage::new(17, 864.0, 1.0, Theme::Dark);
    stage.frame(Vec::new(), "");
    let size = columns(864.0, Shown::default())
        .cells
        .iter()
        .find(|cell| cell.column == Column::Size)
        .copied();
    let x = size.expect("there is such a column").left + 30.0;
    let rows = |stage: &Stage| {
        stage.state.listing().map(|listing| listing.rows.iter().collect::<Vec<_>>())
    };
    let numbered = |numbers: [u32; 5]| Some(numbers.map(AllocationId).to_vec());
    for expected in [[2, 0, 4, 1, 3], [1, 3, 0, 4, 2], [0, 1, 2, 3, 4]] {
        stage.click(x, 28.0 + 11.0);
        stage.frame(Vec::new(), "");
        assert_eq!(rows(&stage), numbered(expected));
    }
}

#[test]
fn a_list_is_kept_up_when_the_state_changes() {
    let mut stage = Stage::new(17, 864.0, 1.0, Theme::Dark);
    stage.state.order = Some(Order { column: Column::Name, descending: false });
    stage.frame(Vec::new(), "");
    let seen = |stage: &Stage| {
        stage.state.listing().map(|listing| (listing.rows.len(), listing.progress()))
    };
    assert_eq!(seen(&stage), Some((5, (5, 5))));
    stage.opened.select(allocation(3));
    stage.opened.touch();
    stage.frame(Vec::new(), "");
    assert_eq!(seen(&stage), Some((5, (5, 5))), "a selection changes nothing that is listed");
    // Only the first two are created by then.
    assert!(stage.opened.go_to(Place::after(9)));
    stage.frame(Vec::new(), "");
    assert_eq!(seen(&stage), Some((2, (5, 5))));
}

#[test]
fn empty_tables_say_why() {
    let mut stage = Stage::new(0, 864.0, 1.0, Theme::Light);
    stage.frame(Vec::new(), "empty");
    assert_eq!(stage.state.listing().map(|listing| listing.existing), Some(0));
    let mut stage = Stage::new(17, 864.0, 1.0, Theme::Light);
    stage.state.filter = "nothing like this".to_owned();
    stage.frame(Vec::new(), "unmatched");
    assert_eq!(stage.state.listing().map(|listing| listing.rows.len()), Some(0));
}

#[test]
fn an_export_is_named_after_session_and_step() {
    let mut stage = Stage::new(9, 864.0, 1.0, Theme::Light);
    let view = stage.opened.view(Looking::default());
    let source = stage.state.source(&view);
    let mut job = Job::new(&view, Exported::Tab(Tab::Allocations), ExportFormat::Csv, source);
    assert_eq!(job.work(&view, &mut || false), Progress::Done);
    let made = job.finish();
    assert_eq!(made.name, "a-walk-allocations-9.csv");
    let text = std::str::from_utf8(&made.bytes).expect("it is text");
    assert_eq!(text.lines().count(), 3, "titles, primary and terrain");
}
