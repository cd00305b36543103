//! What people do with the window, by keyboard and pointer, from the start page on.

use egui::{Event, Key, Modifiers, PointerButton, Pos2, pos2};

use super::shell::{DialogWanted, FrameAnswer, Shell};
use super::theme::{self, Theme};
use crate::app::{Action, App, Duration, Opened, Severity, Tab};
use crate::machine::Level;
use crate::render::Headless;

/// A window without a screen, and the person before it.
struct Person {
    headless: Headless,
    app: App,
    shell: Shell,
    time: Duration,
    answer: FrameAnswer,
}

impl Person {
    fn new() -> Self {
        let headless = Headless::new([1440.0, 900.0], 1.0, Theme::Dark);
        theme::install(headless.context());
        let mut person = Self {
            headless,
            app: App::default(),
            shell: Shell::default(),
            time: Duration::ZERO,
            answer: FrameAnswer::default(),
        };
        person.sees();
        person
    }

    fn events(&mut self, events: Vec<Event>) {
        self.time += Duration::from_millis(250);
        let Self { headless, app, shell, time, answer } = self;
        let mut output = headless.pass(events, |ui| {
            *answer = shell.show(ui, app, *time, &mut || true);
        });
        output.textures_delta.clear();
    }

    /// One look at the window.
    fn sees(&mut self) {
        self.events(Vec::new());
        self.events(Vec::new());
    }

    fn presses(&mut self, key: Key, modifiers: Modifiers) {
        let event =
            |pressed| Event::Key { key, physical_key: None, pressed, repeat: false, modifiers };
        self.events(vec![event(true), event(false)]);
    }

    fn types(&mut self, key: Key) {
        self.presses(key, Modifiers::NONE);
    }

    fn clicks(&mut self, at: Pos2) {
        let button = |pressed| Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        self.events(vec![Event::PointerMoved(at)]);
        self.events(vec![button(true)]);
        self.events(vec![button(false)]);
    }

    fn place(&self) -> String {
        self.app.session().map_or_else(String::new, |opened| opened.run().place().to_string())
    }

    fn opens_the_tour(&mut self) {
        self.types(Key::Home);
        self.types(Key::Enter);
        let embedded = self.app.session().and_then(Opened::embedded);
        assert_eq!(embedded, Some("tour.ron"));
    }
}

#[test]
fn from_the_start_page_into_the_tour_and_through_it() {
    let mut person = Person::new();
    person.types(Key::ArrowRight);
    assert!(person.app.session().is_none(), "arrows choose a card");
    person.opens_the_tour();
    assert_eq!(person.place(), "0");
    person.types(Key::ArrowRight);
    person.types(Key::ArrowRight);
    assert_eq!(person.place(), "2");
    person.types(Key::ArrowLeft);
    assert_eq!(person.place(), "1");
    person.types(Key::End);
    let commands = person.app.session().map_or(0, |opened| opened.run().commands().len());
    assert_eq!(person.place(), commands.to_string());
    person.presses(Key::F11, Modifiers::SHIFT);
    assert!(person.place().contains('.') || person.place() == (commands - 1).to_string());
    person.types(Key::Home);
    assert_eq!(person.place(), "0");
    person.presses(Key::W, Modifiers::COMMAND);
    assert!(person.app.session().is_none());
}

#[test]
fn space_plays_and_pauses_and_a_number_chooses_the_level() {
    let mut person = Person::new();
    person.opens_the_tour();
    person.types(Key::Num2);
    assert_eq!(person.app.looking().level, Level::Operation);
    person.types(Key::Num1);
    person.types(Key::Space);
    assert!(person.app.looking().playing);
    // Two steps a second, four looks a second: five looks are two steps.
    for _ in 0..5 {
        person.events(Vec::new());
    }
    assert_eq!(person.place(), "2");
    person.types(Key::Space);
    assert!(!person.app.looking().playing);
}

#[test]
fn help_opens_and_closes_and_files_are_asked_for() {
    let mut person = Person::new();
    person.opens_the_tour();
    person.presses(Key::Questionmark, Modifiers::SHIFT);
    assert!(person.app.shows_help());
    person.sees();
    person.types(Key::Escape);
    assert!(!person.app.shows_help());
    person.presses(Key::O, Modifiers::COMMAND);
    assert_eq!(person.answer.dialog, Some(DialogWanted::Open));
    person.presses(Key::S, Modifiers::COMMAND);
    assert_eq!(person.answer.dialog, Some(DialogWanted::Save("tour.ron".into())));
    person.presses(Key::Q, Modifiers::COMMAND);
    assert!(person.answer.quit);
}

#[test]
fn where_the_system_has_no_dialogs_a_path_can_be_typed() {
    let mut person = Person::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/saved-sessions/tour.ron");
    person.shell.ask_for_path(&DialogWanted::Open, &person.app);
    person.sees();
    person.presses(Key::A, Modifiers::COMMAND);
    person.events(vec![Event::Text(folder.to_owned())]);
    // While a path is typed, keys are letters and not actions.
    person.types(Key::Num2);
    assert_eq!(person.app.looking().level, Level::Command);
    person.types(Key::Enter);
    person.sees();
    assert_eq!(person.app.file().map(|file| file.display().to_string()), Some(folder.to_owned()));
    person.shell.ask_for_path(&DialogWanted::Open, &person.app);
    person.sees();
    person.types(Key::Escape);
    person.sees();
    person.types(Key::ArrowRight);
    assert_eq!(person.place(), "1", "the dialog is gone and keys are actions again");
}

#[test]
fn tabs_and_timeline_answer_clicks() {
    let mut person = Person::new();
    person.opens_the_tour();
    person.sees();
    // The second tab: right of the first, in the bar below the map.
    let centre = super::shell::centre_of_tab(1);
    person.clicks(centre);
    assert_eq!(person.app.looking().tab, Tab::Buffers);
    // The right end of the timeline's steps is the end of the run.
    person.clicks(pos2(1424.0, 820.0));
    let commands = person.app.session().map_or(0, |opened| opened.run().commands().len());
    assert_eq!(person.place(), commands.to_string());
    person.clicks(pos2(272.0, 820.0));
    assert_eq!(person.place(), "0");
}

#[test]
fn a_broken_file_is_told_of_with_its_line() {
    let path = std::env::temp_dir().join(format!("vidmm-broken-{}.ron", std::process::id()));
    std::fs::write(&path, "(\n    version: 1,\n    adapter: 5,\n)").expect("a temporary file");
    let mut person = Person::new();
    person.app.dispatch(Action::OpenPath(path.clone()));
    person.sees();
    std::fs::remove_file(&path).expect("the file is ours");
    let notice = person.app.notices().last().expect("the error is told");
    assert_eq!(notice.severity, Severity::Error);
    assert!(notice.lines[0].contains(".ron:3:"), "{notice:?}");
    person.app.dispatch(Action::DismissNotice(0));
    assert!(person.app.notices().is_empty());
}
