//! Charts by label, click and hand.

use egui::{Event, Modifiers, PointerButton, Theme, pos2};

use super::*;
use crate::app::{Looking, Opened};
use crate::render::Headless;
use crate::ui::theme;

struct Stage {
    opened: Opened,
    state: ChartsState,
    headless: Headless,
}

impl Stage {
    fn new(command: usize, size: [f32; 2]) -> Self {
        let text = include_str!("../../../../tests/sessions/walk.ron");
        let mut opened = Opened::read(text, "walk.ron").expect("it is a session");
        opened.execute(usize::MAX);
        assert!(opened.go_to(Place::after(command)));
        let headless = Headless::new(size, 1.0, Theme::Dark);
        theme::install(headless.context());
        Self { opened, state: ChartsState::default(), headless }
    }

    fn frame(&mut self, events: Vec<Event>) -> Vec<Action> {
        let view = self.opened.view(Looking::default());
        let mut actions = Vec::new();
        // One pass, so that no time passes between pressing and letting go.
        self.headless.pass(events, |ui| charts_ui(ui, &view, &mut self.state, &mut actions));
        actions
    }
}

fn press(at: egui::Pos2, pressed: bool) -> Event {
    let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
    Event::PointerButton { pos: at, button, pressed, modifiers }
}

/// The first chart of a panel of 864 by 268 points lies left of the middle, below the strip.
#[test]
fn a_click_goes_where_it_points() {
    let mut stage = Stage::new(17, [864.0, 268.0]);
    stage.frame(Vec::new());
    let at = pos2(160.0, 90.0);
    stage.frame(vec![Event::PointerMoved(at), press(at, true)]);
    let actions = stage.frame(vec![press(at, false)]);
    let gone = actions.iter().find_map(|action| match action {
        Action::GoTo(place) => Some(place.command),
        _ => None,
    });
    let command = gone.expect("a click goes somewhere");
    assert!((6..=14).contains(&command), "about the middle of 21 commands, not {command}");
    let hovers =
        |action: &Action| *action == Action::Hover(Some(Item::Step(Place::after(command))));
    assert!(actions.iter().any(hovers), "{actions:?}");
}

/// VRAM holds primary (4 MiB) from 6 on, terrain (6) from 9, shadow (6) from 14; history (4) takes
/// the place of terrain with 16, leaves with 20, shadow goes with 21.
#[test]
fn the_line_of_a_segment_has_its_corners_where_it_changes() {
    let mut stage = Stage::new(17, [864.0, 268.0]);
    stage.frame(Vec::new());
    let (_, drawn) = stage.state.drawn.as_ref().expect("it was drawn");
    let (_, line) = &drawn.used[0];
    let mib = f64::from(1 << 20);
    let corners: Vec<(f64, f64)> = line.iter().map(|point| (point.x, point.y / mib)).collect();
    let wanted = [
        (0.0, 0.0),
        (6.0, 0.0),
        (6.0, 4.0),
        (9.0, 4.0),
        (9.0, 10.0),
        (14.0, 10.0),
        (14.0, 16.0),
        (16.0, 16.0),
        (16.0, 14.0),
        (20.0, 14.0),
        (20.0, 10.0),
        (21.0, 10.0),
        (21.0, 4.0),
    ];
    assert_eq!(corners[..wanted.len()], wanted);
    assert!(corners[wanted.len()..].iter().all(|corner| *corner == (21.0, 4.0)));
    // What is free is what is not used: 16 MiB less.
    assert!(drawn.free.iter().zip(line).all(|(free, used)| {
        (free.y + used.y - 16.0 * mib).abs() < 0.5 && (free.x - used.x).abs() < 0.5
    }));
}

#[test]
fn the_playhead_stays_in_sight_when_it_moves() {
    let mut stage = Stage::new(2, [864.0, 268.0]);
    stage.state.shown = Some((0, 8));
    stage.frame(Vec::new());
    assert_eq!(stage.state.shown, Some((0, 8)));
    assert!(stage.opened.go_to(Place::after(12)));
    stage.frame(Vec::new());
    let (from, to) = stage.state.shown.expect("still zoomed");
    assert!(from <= 12 && 12 <= to && to - from == 8, "{from} to {to}");
    stage.state.zoom_home();
    assert_eq!(stage.state.shown, None);
}

#[test]
fn free_space_is_of_the_selected_segment() {
    let mut stage = Stage::new(17, [864.0, 268.0]);
    let second = SegmentId::new(2).expect("small");
    stage.opened.select(Some(Item::Segment(second)));
    stage.frame(Vec::new());
    assert_eq!(stage.state.focus, Some(second));
    stage.opened.select(None);
    stage.frame(Vec::new());
    assert_eq!(stage.state.focus, Some(second), "it stays when nothing is selected");
    let third = SegmentId::new(3).expect("small");
    let segments = stage.opened.run().segments();
    stage.state.choose(&segments, third, false);
    stage.frame(Vec::new());
    let (key, _) = stage.state.drawn.as_ref().expect("it was drawn");
    assert!(!key.chosen.contains(&third) && key.chosen.len() == 2);
}

#[test]
fn an_adapter_that_does_not_start_and_one_without_commands_say_so() {
    let text = r#"(version: 1, adapter: (profile: "inspector"), commands: [])"#;
    let opened = Opened::read(text, "none.ron").expect("it is a session");
    let mut stage = Stage::new(0, [440.0, 110.0]);
    stage.opened = opened;
    assert!(stage.frame(Vec::new()).is_empty());
    assert!(stage.state.drawn.is_none());
}
