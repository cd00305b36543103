//! Whoever leaves the window alone costs nothing: when everything is done, nothing asks for a frame.

use egui::{Event, FullOutput, PointerButton, Pos2, ViewportId, pos2};

use super::shell::Shell;
use super::theme::{self, Theme};
use crate::app::{Action, App, Duration, Item, Speed, Tab};
use crate::base::AllocationId;
use crate::machine::Place;
use crate::render::Headless;

/// Frames after which a window must have come to rest: ten seconds of them.
const FRAMES: usize = 40;

struct Window {
    headless: Headless,
    app: App,
    shell: Shell,
    time: Duration,
}

impl Window {
    fn new() -> Self {
        let headless = Headless::new([1440.0, 900.0], 1.0, Theme::Dark);
        theme::install(headless.context());
        Self { headless, app: App::default(), shell: Shell::default(), time: Duration::ZERO }
    }

    fn tour() -> Self {
        let mut window = Self::new();
        assert!(window.app.open_embedded("tour.ron"));
        window
    }

    fn frame(&mut self, events: Vec<Event>) -> FullOutput {
        self.time += Duration::from_millis(250);
        let Self { headless, app, shell, time } = self;
        let mut slices = 0;
        let mut output = headless.pass(events, |ui| {
            let mut has_time = || {
                slices += 1;
                slices < 3
            };
            let _ = shell.show(ui, app, *time, &mut has_time);
        });
        output.textures_delta.clear();
        output
    }

    fn act(&mut self, action: Action) {
        self.shell.take_answer(action);
        self.frame(Vec::new());
    }

    /// How soon the window asks to be drawn again.
    fn asks(output: &FullOutput) -> Duration {
        let root = output.viewport_output.get(&ViewportId::ROOT);
        root.map_or(Duration::MAX, |viewport| viewport.repaint_delay)
    }

    #[track_caller]
    fn comes_to_rest(&mut self, after: &str) {
        let mut asked = Duration::ZERO;
        for _ in 0..FRAMES {
            asked = Self::asks(&self.frame(Vec::new()));
            if asked == Duration::MAX {
                break;
            }
        }
        assert_eq!(asked, Duration::MAX, "after {after}");
        for _ in 0..3 {
            assert_eq!(Self::asks(&self.frame(Vec::new())), Duration::MAX, "later, after {after}");
        }
    }

    fn click(&mut self, at: Pos2) {
        let button = |pressed| Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        };
        self.frame(vec![Event::PointerMoved(at)]);
        self.frame(vec![button(true)]);
        self.frame(vec![button(false)]);
    }
}

#[test]
fn the_start_page_and_every_tab_come_to_rest() {
    let mut start = Window::new();
    start.frame(Vec::new());
    assert!(start.app.has_work(), "the saved sessions are run behind the page");
    while start.app.has_work() {
        start.app.work(&mut || true);
    }
    start.comes_to_rest("the start page was drawn");
    let mut window = Window::tour();
    window.comes_to_rest("a session was opened");
    for tab in Tab::ALL {
        window.act(Action::SetTab(tab));
        window.comes_to_rest(&format!("{tab:?} was chosen"));
        window.act(Action::GoTo(Place::packet(12, 1, 1)));
        window.comes_to_rest("a jump");
        window.act(Action::Select(Some(Item::Allocation(AllocationId(1)))));
        window.comes_to_rest("a selection");
        window.act(Action::Forward(None));
        window.comes_to_rest("a step");
    }
}

#[test]
fn tooltips_and_clicks_come_to_rest() {
    let mut window = Window::tour();
    window.act(Action::GoTo(Place::after(12)));
    // Over the map, the table, the timeline, the adapter, the selection and the status bar.
    for at in [
        pos2(500.0, 140.0),
        pos2(600.0, 640.0),
        pos2(700.0, 820.0),
        pos2(120.0, 200.0),
        pos2(1_300.0, 300.0),
        pos2(1_300.0, 890.0),
    ] {
        window.frame(vec![Event::PointerMoved(at)]);
        window.comes_to_rest(&format!("the pointer came to {at:?}"));
        window.click(at);
        window.comes_to_rest(&format!("a click at {at:?}"));
    }
    window.frame(vec![Event::PointerGone]);
    window.comes_to_rest("the pointer left");
}

#[test]
fn what_glows_while_the_session_plays_fades_and_ends() {
    let mut window = Window::tour();
    window.act(Action::GoTo(Place::after(3)));
    window.act(Action::SetSpeed(Speed(50)));
    window.act(Action::PlayPause);
    for _ in 0..3 {
        window.frame(Vec::new());
    }
    assert!(Window::asks(&window.frame(Vec::new())) < Duration::from_secs(1), "it plays");
    window.act(Action::PlayPause);
    window.comes_to_rest("a pause");
    window.act(Action::PlayPause);
    window.comes_to_rest("it played to its end");
}

#[test]
fn a_run_that_is_paused_comes_to_rest() {
    let mut window = Window::tour();
    window.frame(Vec::new());
    window.act(Action::PauseOrGoOn);
    window.comes_to_rest("the background was paused");
    window.act(Action::PauseOrGoOn);
    window.comes_to_rest("it went on to its end");
    assert!(window.app.session().is_some_and(|opened| opened.run().is_complete()));
}
