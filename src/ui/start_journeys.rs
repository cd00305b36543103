//! The first minute: the start page, the palette and the keys, by label and key.

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::app::{Action, App, Duration, Item, Opened, RecentFile, Tab, WallTime};
use crate::base::AllocationId;
use crate::machine::Place;
use crate::ui::{FrameAnswer, Shell, theme};

struct Desk {
    app: App,
    shell: Shell,
    answer: FrameAnswer,
}

/// The noon of 26 November 2026.
const NOON: u64 = 20_783 * 86_400 + 43_200;

const SIZES: [[f32; 2]; 3] = [[1280.0, 720.0], [1440.0, 900.0], [960.0, 600.0]];

fn window(app: App, size: [f32; 2]) -> Harness<'static, Desk> {
    let desk = Desk { app, shell: Shell::default(), answer: FrameAnswer::default() };
    let mut harness =
        Harness::builder().with_size(size).with_context_setup(theme::install).build_ui_state(
            |ui, desk: &mut Desk| {
                desk.shell.set_now(WallTime { seconds: NOON, ahead: Some(0) });
                let answer = desk.shell.show(ui, &mut desk.app, Duration::ZERO, &mut || true);
                if answer != FrameAnswer::default() {
                    desk.answer = answer;
                }
            },
            desk,
        );
    harness.run_steps(3);
    harness
}

/// The walk, seventeen steps in.
fn walk() -> App {
    let mut app = App::default();
    let text = include_str!("../../tests/sessions/walk.ron");
    app.show(Opened::read(text, "a.ron").expect("it can be read"));
    app.work(&mut || true);
    app.dispatch(Action::GoTo(Place::after(17)));
    app
}

fn presses(harness: &mut Harness<'_, Desk>, key: Key) {
    harness.key_press(key);
    harness.run_steps(2);
}

fn types(harness: &mut Harness<'_, Desk>, text: &str) {
    harness.event(egui::Event::Text(text.to_owned()));
    harness.run_steps(2);
}

fn palette(harness: &mut Harness<'_, Desk>, text: &str) {
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.step();
    assert!(harness.state().app.shows_palette());
    // It is there in the frame in which its key was pressed.
    harness.get_by_label("Go to anything");
    harness.run_steps(1);
    types(harness, text);
}

fn embedded(harness: &Harness<'_, Desk>) -> Option<&'static str> {
    harness.state().app.session().and_then(Opened::embedded)
}

#[test]
fn the_tour_is_chosen_first_and_enter_opens_it() {
    for size in SIZES {
        let mut harness = window(App::default(), size);
        harness.get_by_label("Lessons");
        presses(&mut harness, Key::Enter);
        assert_eq!(embedded(&harness), Some("tour.ron"), "{size:?}");
    }
}

#[test]
fn arrows_go_through_all_cards_and_keep_the_chosen_one_in_sight() {
    let mut harness = window(App::default(), [1280.0, 720.0]);
    // Two side by side: down is two on; the last is reached from wherever one is.
    presses(&mut harness, Key::ArrowDown);
    presses(&mut harness, Key::End);
    harness.run_steps(2);
    let last = harness.get_by_label_contains("Open Everything: ").rect();
    assert!(last.bottom() <= 720.0 - 24.0 && last.top() > 0.0, "{last:?}");
    presses(&mut harness, Key::Home);
    harness.run_steps(2);
    let first = harness.get_by_label_contains("Open The tour: ").rect();
    assert!(first.top() > 0.0, "{first:?}");
    for _ in 0..6 {
        presses(&mut harness, Key::ArrowDown);
    }
    presses(&mut harness, Key::Enter);
    // Seven rows down in the left of two columns: the thirteenth lesson.
    let thirteenth = crate::session::catalogue()[12].file_name;
    assert_eq!(embedded(&harness), Some(thirteenth));
}

#[test]
fn the_filter_is_reached_by_a_key_left_by_escape_and_opens_by_enter() {
    for size in SIZES {
        let mut harness = window(App::default(), size);
        presses(&mut harness, Key::Slash);
        assert!(harness.get_by_label("Filter saved sessions").is_focused());
        types(&mut harness, "rx 6600 64");
        assert_eq!(harness.query_all_by_label("Lessons").count(), 0);
        presses(&mut harness, Key::Escape);
        harness.get_by_label("Lessons");
        presses(&mut harness, Key::Slash);
        types(&mut harness, "no such thing");
        harness.get_by_label_contains("No session matches “no such thing”");
        harness.get_by_label("Show all sessions").click();
        harness.run_steps(2);
        harness.get_by_label("Lessons");
        presses(&mut harness, Key::Slash);
        types(&mut harness, "6600");
        presses(&mut harness, Key::ArrowDown);
        presses(&mut harness, Key::Enter);
        assert!(embedded(&harness).is_some_and(|name| name.starts_with("rx6600")));
    }
}

#[test]
fn a_tag_leaves_its_sessions_and_all_brings_the_others_back() {
    let mut harness = window(App::default(), [1280.0, 720.0]);
    let quirks = harness.state().app.saved().known().iter();
    let quirks = quirks.filter(|session| session.tags.iter().any(|tag| tag == "quirk")).count();
    harness.get_by_label(&format!("quirk · {quirks}")).click();
    harness.run_steps(2);
    assert_eq!(harness.query_all_by_label("Power").count(), 0);
    harness.get_by_label("Quirks of drivers");
    let all = harness.state().app.saved().count();
    harness.get_by_label(&format!("All · {all}")).click();
    harness.run_steps(2);
    harness.get_by_label("Lessons");
}

#[test]
fn when_everything_was_run_nothing_is_drawn_again() {
    let mut harness = window(App::default(), [1280.0, 720.0]);
    harness.run_steps(3);
    assert!(!harness.state().app.has_work());
    assert_eq!(harness.state().app.wakes_in(Duration::ZERO), None);
    let all = harness.state().app.saved().count();
    harness.get_by_label_contains(&format!("all {all} pass check"));
}

#[test]
fn recent_files_say_when_and_what_became_of_them() {
    let file = |path: &str, title: &str, before: u64| RecentFile {
        path: path.into(),
        title: title.to_owned(),
        when: NOON - before,
        commands: 56,
        place: 42,
        ..RecentFile::default()
    };
    let mut app = App::default();
    app.set_recents(vec![
        file("/lab/sleep-study.ron", "Sleep study", 3 * 3_600),
        RecentFile { recovered: true, ..file("/lab/thrash.ron", "", 86_400) },
        RecentFile { errors: 2, ..file("/lab/carveout.ron", "", 14 * 86_400) },
        RecentFile { missing: true, ..file("/lab/gone.ron", "", 400 * 86_400) },
    ]);
    let mut harness = window(app, [1280.0, 720.0]);
    for spoken in [
        "Open Sleep study, lab/sleep-study.ron, step 42 of 56, today 09:00",
        "Open thrash.ron, lab, step 42 of 56, yesterday, recovered",
        "Open carveout.ron, lab, step 42 of 56, 12 Nov, 2 findings",
        "Open gone.ron, lab, not where it was, 22 Oct 2025",
    ] {
        harness.get_by_label(spoken);
    }
    harness.get_by_label_contains("Open gone.ron").click();
    harness.run_steps(2);
    assert!(harness.state().app.session().is_none());
    assert_eq!(harness.state().app.notices().len(), 1, "it is told why");
}

#[test]
fn the_palette_goes_to_steps_names_and_sessions() {
    for size in SIZES {
        let mut harness = window(walk(), size);
        let place = |harness: &Harness<'_, Desk>| {
            harness.state().app.session().map(|opened| opened.run().place().to_string())
        };
        palette(&mut harness, "step 3");
        presses(&mut harness, Key::Enter);
        assert_eq!(place(&harness).as_deref(), Some("3"));
        assert!(!harness.state().app.shows_palette());
        palette(&mut harness, "terrain");
        harness.get_by_label("allocation: terrain").click();
        harness.run_steps(2);
        let selected = harness.state().app.session().and_then(Opened::selected);
        assert_eq!(selected, Some(Item::Allocation(AllocationId(1))));
        // Keys belong to the palette: nothing plays or steps behind it.
        palette(&mut harness, "buffers");
        presses(&mut harness, Key::Enter);
        assert_eq!(harness.state().app.looking().tab, Tab::Buffers);
        assert_eq!(place(&harness).as_deref(), Some("3"));
        palette(&mut harness, "qqqq");
        harness.get_by_label_contains("Nothing is called “qqqq”");
        presses(&mut harness, Key::Enter);
        assert!(harness.state().app.shows_palette(), "there is nothing to take");
        presses(&mut harness, Key::Escape);
        assert!(!harness.state().app.shows_palette());
        palette(&mut harness, "undo");
        harness.get_by_label_contains("action: Undo, Ctrl+Z, Nothing was changed");
        harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
        harness.run_steps(2);
        assert!(!harness.state().app.shows_palette());
        palette(&mut harness, "the tour");
        presses(&mut harness, Key::Enter);
        assert_eq!(embedded(&harness), Some("tour.ron"));
    }
}

#[test]
fn the_palette_opens_from_the_filter_of_the_start_page() {
    let mut harness = window(App::default(), [1280.0, 720.0]);
    presses(&mut harness, Key::Slash);
    palette(&mut harness, "belady three");
    presses(&mut harness, Key::Enter);
    assert_eq!(embedded(&harness), Some("belady-3.ron"));
}

#[test]
fn keys_and_words_are_searched_and_closed() {
    for size in SIZES {
        let mut harness = window(walk(), size);
        presses(&mut harness, Key::Questionmark);
        harness.run_steps(2);
        assert!(harness.state().app.shows_help());
        for title in ["Step", "Words"] {
            assert!(harness.query_all_by_label(title).count() > 0, "{title}");
        }
        types(&mut harness, "undo");
        assert_eq!(harness.query_all_by_label("Words").count(), 0);
        types(&mut harness, "zzz");
        harness.get_by_label_contains("Nothing matches “undozzz”");
        harness.get_by_label("Clear the filter").click();
        harness.run_steps(2);
        assert!(harness.query_all_by_label("Words").count() > 0);
        presses(&mut harness, Key::Escape);
        assert!(!harness.state().app.shows_help());
        let place = harness.state().app.session().map(|opened| opened.run().place());
        assert_eq!(place, Some(Place::after(17)));
    }
}

#[test]
fn a_session_begins_with_a_profile() {
    for size in SIZES {
        let mut harness = window(App::default(), size);
        harness.key_press_modifiers(Modifiers::COMMAND, Key::N);
        harness.run_steps(3);
        presses(&mut harness, Key::ArrowDown);
        presses(&mut harness, Key::Enter);
        harness.run_steps(2);
        let second = crate::app::profiles()[1].name;
        let profile = harness.state().app.session().map(|it| it.document().adapter.profile.clone());
        assert_eq!(profile.as_deref(), Some(second));
        harness.get_by_label_contains("This session has no commands");
        // Nothing is lost by leaving it.
        harness.key_press_modifiers(Modifiers::COMMAND, Key::W);
        harness.run_steps(2);
        assert!(harness.state().app.session().is_none());
        harness.key_press_modifiers(Modifiers::COMMAND, Key::N);
        harness.run_steps(3);
        presses(&mut harness, Key::Escape);
        harness.run_steps(2);
        assert!(harness.state().app.session().is_none());
        presses(&mut harness, Key::Enter);
        assert_eq!(embedded(&harness), Some("tour.ron"), "keys are the page's again");
    }
}

#[test]
fn a_filter_that_leaves_nothing_is_cleared_by_a_button() {
    for (tab, name) in
        [(Tab::Operations, "Filter operations"), (Tab::Allocations, "Filter allocations")]
    {
        let mut app = walk();
        app.dispatch(Action::SetTab(tab));
        let mut harness = window(app, [1280.0, 720.0]);
        harness.get_by_label(name).focus();
        harness.run_steps(2);
        types(&mut harness, "qqqq");
        harness.get_by_label_contains("Nothing matches “qqqq”");
        harness.get_by_label("Clear the filter").click();
        harness.run_steps(2);
        assert_eq!(harness.query_all_by_label_contains("Nothing matches").count(), 0, "{name}");
    }
}

/// Kept where somebody wants to look at them.
#[test]
fn pictures_of_the_first_minute_have_the_size_that_was_asked_for() {
    use crate::app::{Appearance, Settings};
    use crate::ui::picture::{PanelName, picture};

    let folder = std::env::var_os("GALLERY").map(std::path::PathBuf::from);
    let keep = |name: String, app: &mut App, points: [f32; 2], scale: f32| {
        let image = picture(app, PanelName::Window, points, scale);
        let size = egui::vec2(image.width() as f32, image.height() as f32);
        assert_eq!(size, egui::Vec2::from(points) * scale);
        if let Some(folder) = &folder {
            image.save(folder.join(format!("{name}.png"))).expect("the folder is writable");
        }
    };
    for (appearance, name) in [(Appearance::Dark, "dark"), (Appearance::Light, "light")] {
        let mut app = App::new(Settings { appearance });
        keep(format!("first-{name}"), &mut app, [1280.0, 720.0], 1.0);
        let file = |path: &str, title: &str| RecentFile {
            path: path.into(),
            title: title.to_owned(),
            when: NOON,
            commands: 4_096,
            place: 3_118,
            ..RecentFile::default()
        };
        app.set_recents(vec![
            file("/lab notes/sleep-study.ron", "Sleep study: claim against truth"),
            RecentFile { recovered: true, ..file("/lab notes/cache-thrash-2.ron", "") },
            RecentFile { errors: 2, ..file("/reviews/carveout-proposal.ron", "Carve-out") },
            RecentFile { missing: true, ..file("/old/bank-hints-old.ron", "Bank hints") },
        ]);
        keep(format!("recents-{name}"), &mut app, [1280.0, 720.0], 2.0);
        keep(format!("small-{name}"), &mut app, [960.0, 600.0], 1.0);
        app.dispatch(Action::TogglePalette);
        keep(format!("anything-{name}"), &mut app, [1280.0, 720.0], 1.0);
        app.dispatch(Action::ToggleHelp);
        keep(format!("keys-{name}"), &mut app, [1280.0, 720.0], 1.0);
        let mut app = App::new(Settings { appearance });
        app.dispatch(Action::NewSession("inspector"));
        keep(format!("new-{name}"), &mut app, [1280.0, 720.0], 1.0);
    }
}
