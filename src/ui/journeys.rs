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
        self.app.session().map_or_else(String::new, |opened| opened.place().to_string())
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
    // The third tab, in the bar below the map.
    let centre = super::shell::centre_of_tab(2);
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

/// The window as people and screen readers meet it: by name and key.
mod by_name {
    use egui::Key;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use crate::app::{Action, App, Duration, Item, Opened, Tab};
    use crate::base::{AllocationId, SegmentId};
    use crate::machine::Place;
    use crate::ui::{DialogWanted, FrameAnswer, Shell, theme};
    use crate::vidmm::{Sleep, Transition};

    struct Desk {
        app: App,
        shell: Shell,
        answer: FrameAnswer,
    }

    /// The harness itself fails on an input without a name and on a missing glyph.
    fn window(text: &str, place: usize, size: [f32; 2]) -> Harness<'static, Desk> {
        let mut app = App::default();
        app.show(Opened::read(text, "a.ron").expect("it can be read"));
        app.work(&mut || true);
        app.dispatch(Action::GoTo(Place::after(place)));
        let desk = Desk { app, shell: Shell::default(), answer: FrameAnswer::default() };
        let mut harness =
            Harness::builder().with_size(size).with_context_setup(theme::install).build_ui_state(
                |ui, desk: &mut Desk| {
                    let answer = desk.shell.show(ui, &mut desk.app, Duration::ZERO, &mut || true);
                    if answer != FrameAnswer::default() {
                        desk.answer = answer;
                    }
                },
                desk,
            );
        harness.run_steps(2);
        harness
    }

    fn selected(harness: &Harness<'_, Desk>) -> Option<Item> {
        harness.state().app.session().and_then(Opened::selected)
    }

    const fn allocation(number: u32) -> Option<Item> {
        Some(Item::Allocation(AllocationId(number)))
    }

    #[test]
    fn allocations_are_sorted_walked_through_filtered_and_exported() {
        let walk = include_str!("../../tests/sessions/walk.ron");
        for size in [[1440.0, 900.0], [960.0, 600.0]] {
            let mut harness = window(walk, 17, size);
            harness.get_by_label("Allocations").click();
            harness.run_steps(2);
            assert_eq!(harness.state().app.looking().tab, Tab::Allocations);
            harness.get_by_label_contains("Total: 5 allocations, 21 MiB resident");
            harness.get_by_label("Sort by State").focus();
            harness.run_steps(2);
            harness.key_press(Key::Enter);
            harness.run_steps(2);
            harness.get_by_label("Sort by State, ascending");
            harness.get_by_label_contains("Allocations at step 17").focus();
            harness.run_steps(2);
            for expected in [0, 1] {
                harness.key_press(Key::ArrowDown);
                harness.run_steps(2);
                assert_eq!(selected(&harness), allocation(expected));
            }
            harness.get_by_label_contains("Selected: terrain of game.exe, Resident");
            harness.get_by_label("Filter allocations").focus();
            harness.run_steps(2);
            harness.get_by_label("Filter allocations").type_text("0x400000");
            harness.run_steps(2);
            harness.get_by_label_contains("Total: 1 of 5 allocations, VRAM 4 MiB resident");
            harness.state_mut().app.dispatch(Action::Escape);
            harness.get_by_label("Export allocations").click();
            harness.run_steps(2);
            harness.get_by_label_contains("Export as CSV").click();
            harness.run_steps(2);
            let wanted = DialogWanted::Export("a-walk-allocations-17.csv".into());
            assert_eq!(harness.state().answer.dialog, Some(wanted));
            let path = std::env::temp_dir().join(format!("vidmm-export-{}", std::process::id()));
            harness.state_mut().app.dispatch(Action::ExportTo(path.clone()));
            let text = std::fs::read_to_string(&path).expect("it was written");
            std::fs::remove_file(&path).expect("the file is ours");
            let names: Vec<&str> = text.lines().filter_map(|line| line.split(',').next()).collect();
            assert_eq!(names, ["name", "history"], "only what the filter leaves");
        }
    }

    /// The map at step 17 holds primary, history and shadow in VRAM, with a hole of 2 MiB.
    #[test]
    fn the_map_is_exported_as_a_table_and_as_a_picture() {
        let walk = include_str!("../../tests/sessions/walk.ron");
        let mut harness = window(walk, 17, [1440.0, 900.0]);
        let path = std::env::temp_dir().join(format!("vidmm-map-{}", std::process::id()));
        let mut export = |format: &str, name: &str| {
            harness.get_by_label("Export map").click();
            harness.run_steps(2);
            harness.get_by_label_contains(format).click();
            harness.run_steps(2);
            let wanted = DialogWanted::Export(name.to_owned());
            assert_eq!(harness.state().answer.dialog, Some(wanted));
            harness.state_mut().app.dispatch(Action::ExportTo(path.clone()));
            let bytes = std::fs::read(&path).expect("it was written");
            std::fs::remove_file(&path).expect("the file is ours");
            harness.run_steps(2);
            bytes
        };
        let json = export("Export as JSON", "a-walk-map-17.json");
        let value: serde_json::Value = serde_json::from_slice(&json).expect("valid");
        assert_eq!((&value["kind"], &value["step"]), (&"map".into(), &"17".into()));
        assert_eq!(value["rows"][2]["holds"], "free");
        assert_eq!(value["rows"][2]["length_bytes"], 2 << 20);
        let png = export("Export as PNG", "a-walk-map-17.png");
        let image = image::load_from_memory(&png).expect("a picture");
        // Between the left and the right panel, and as high as the map of a new window: 864 by 400,
        // less the margin of 8 points round the window of a test.
        assert!((840..=864).contains(&image.width()), "{}", image.width());
        assert!((380..=400).contains(&image.height()), "{}", image.height());
        let colours: std::collections::BTreeSet<[u8; 4]> =
            image.to_rgba8().pixels().map(|pixel| pixel.0).collect();
        assert!(colours.len() > 20, "something is drawn on it");
    }

    #[test]
    fn a_machine_is_put_to_sleep_woken_and_the_change_taken_back() {
        let walk = include_str!("../../tests/sessions/walk.ron");
        for size in [[1440.0, 900.0], [960.0, 600.0]] {
            let mut harness = window(walk, 17, size);
            let before = harness.state().app.session().map(|opened| opened.run().commands().len());
            harness.get_by_label("Power").click();
            harness.run_steps(2);
            assert_eq!(harness.state().app.looking().tab, Tab::Power);
            // Each sleep was tried, and nothing of it is left.
            let previews = harness.state().app.view().map(|view| view.previews.len());
            assert_eq!(previews, Some(3));
            harness.get_by_label_contains("Machine state, S0 working, D0 since the start");
            let press = |harness: &mut Harness<'static, Desk>, name: &str| {
                harness.get_by_label(name).focus();
                harness.run_steps(2);
                harness.key_press(Key::Enter);
                harness.run_steps(4);
            };
            press(&mut harness, "Hybrid sleep after step 17");
            let place = |harness: &Harness<'_, Desk>| {
                harness.state().app.session().map(|opened| opened.place().to_string())
            };
            assert_eq!(place(&harness).as_deref(), Some("18"));
            harness.get_by_label_contains("S3 hybrid sleep, image written since step 18");
            harness.get_by_label_contains("Power at this step: S3 hybrid sleep");
            // What it did stands beside the states, and leads to the table of it.
            harness.get_by_label_contains("Last: Hybrid sleep at step 18: ");
            press(&mut harness, "Outcome");
            harness.run_steps(20);
            let table = harness.get_by_label_contains("After: Hybrid sleep at step 18").rect();
            let tabs = harness.get_by_label("Power").rect();
            assert!(table.top() - tabs.bottom() < 60.0, "{table:?} below {tabs:?}");
            // From here only two ways lead back.
            press(&mut harness, "Hibernate after step 18");
            assert_eq!(place(&harness).as_deref(), Some("18"));
            press(&mut harness, "Resume from Hybrid sleep, power lost");
            assert_eq!(place(&harness).as_deref(), Some("19"));
            harness.get_by_label_contains("After: Hybrid sleep at step 18, back at step 19");
            harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
            harness.run_steps(2);
            harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
            harness.run_steps(2);
            assert_eq!(place(&harness).as_deref(), Some("17"));
            let now = harness.state().app.session().map(|opened| opened.run().commands().len());
            assert_eq!(now, before);
            harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Y);
            harness.run_steps(2);
            assert_eq!(place(&harness).as_deref(), Some("18"));
        }
    }

    /// The walk with a standby put in, which is not saved.
    fn changed_window(size: [f32; 2]) -> Harness<'static, Desk> {
        let mut harness = window(include_str!("../../tests/sessions/walk.ron"), 17, size);
        let standby = Action::InsertPower(Transition::Sleep(Sleep::Standby));
        harness.state_mut().app.dispatch(standby);
        harness.run_steps(2);
        harness
    }

    fn is_asked(harness: &Harness<'_, Desk>) -> bool {
        let shown = harness.query_all_by_label("Save changes to A walk?").count() > 0;
        assert_eq!(shown, harness.state().app.unsaved_question().is_some());
        shown
    }

    fn is_changed(harness: &Harness<'_, Desk>) -> bool {
        harness.state().app.session().is_some_and(Opened::is_changed)
    }

    fn focused(harness: &Harness<'_, Desk>) -> Vec<&'static str> {
        let names = ["Save…", "Save", "Don't save", "Cancel"];
        let has_focus =
            |name: &&str| harness.query_all_by_label(name).any(|node| node.is_focused());
        names.into_iter().filter(has_focus).collect()
    }

    #[test]
    fn changes_are_asked_about_by_key_before_they_are_lost() {
        for size in [[1440.0, 900.0], [960.0, 600.0]] {
            let mut harness = changed_window(size);
            let close = |harness: &mut Harness<'static, Desk>| {
                harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::W);
                harness.run_steps(3);
            };
            close(&mut harness);
            assert!(is_asked(&harness));
            // Keys belong to the question: nothing plays, steps or is undone behind it.
            assert_eq!(focused(&harness), ["Save…"]);
            harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
            harness.key_press(Key::Home);
            harness.run_steps(2);
            let place = harness.state().app.session().map(Opened::place);
            assert_eq!(place, Some(Place::after(18)));
            for expected in ["Don't save", "Cancel"] {
                harness.key_press(Key::Tab);
                harness.run_steps(2);
                assert_eq!(focused(&harness), [expected]);
            }
            harness.key_press(Key::Space);
            harness.run_steps(2);
            assert!(!is_asked(&harness) && is_changed(&harness));
            assert!(!harness.state().app.looking().playing);
            close(&mut harness);
            harness.key_press(Key::Escape);
            harness.run_steps(2);
            assert!(!is_asked(&harness) && is_changed(&harness));

            // Enter saves, here to a file that is asked for; without one the session stays.
            close(&mut harness);
            harness.key_press(Key::Enter);
            harness.run_steps(2);
            let wanted = DialogWanted::Save("a-walk.ron".into());
            assert_eq!(harness.state().answer.dialog.as_ref(), Some(&wanted));
            let desk = harness.state_mut();
            desk.shell.ask_for_path(&wanted, &desk.app);
            harness.run_steps(2);
            harness.key_press(Key::Escape);
            harness.run_steps(2);
            assert!(!is_asked(&harness) && is_changed(&harness));
            close(&mut harness);
            harness.key_press(Key::Enter);
            harness.run_steps(2);
            let name = format!("vidmm-journey-{}-{}.ron", size[0], std::process::id());
            let path = std::env::temp_dir().join(name);
            harness.state_mut().shell.take_answer(Action::SaveTo(path.clone()));
            harness.run_steps(2);
            assert!(harness.state().app.session().is_none(), "saved and closed");
            let text = std::fs::read_to_string(&path).expect("it was written");
            assert!(Opened::read(&text, "again").is_ok());

            // With a file, Enter is enough.
            harness.state_mut().app.dispatch(Action::OpenPath(path.clone()));
            harness.state_mut().app.work(&mut || true);
            let sleep = Action::InsertPower(Transition::Sleep(Sleep::Standby));
            harness.state_mut().app.dispatch(sleep);
            harness.run_steps(2);
            close(&mut harness);
            assert_eq!(focused(&harness), ["Save"]);
            harness.key_press(Key::Enter);
            harness.run_steps(2);
            assert!(harness.state().app.session().is_none());
            let longer = std::fs::read_to_string(&path).expect("it was written");
            std::fs::remove_file(&path).expect("the file is ours");
            assert!(longer.len() > text.len());
        }
    }

    #[test]
    fn changes_are_given_up_by_a_click_and_a_new_wish_takes_the_place_of_the_old() {
        let mut harness = changed_window([1440.0, 900.0]);
        harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Q);
        harness.run_steps(3);
        assert!(is_asked(&harness) && !harness.state().answer.quit);
        // A click beside the buttons answers nothing; Enter still saves.
        for pressed in [true, false] {
            let event = egui::Event::PointerButton {
                pos: egui::pos2(40.0, 400.0),
                button: egui::PointerButton::Primary,
                pressed,
                modifiers: egui::Modifiers::NONE,
            };
            harness.event(egui::Event::PointerMoved(egui::pos2(40.0, 400.0)));
            harness.event(event);
            harness.run_steps(2);
        }
        assert!(is_asked(&harness));
        assert!(focused(&harness).is_empty());
        harness.key_press(Key::Enter);
        harness.run_steps(2);
        assert_eq!(harness.state().answer.dialog, Some(DialogWanted::Save("a-walk.ron".into())));
        // Meanwhile a file is dropped: it is asked about the changes again.
        let tour = concat!(env!("CARGO_MANIFEST_DIR"), "/saved-sessions/tour.ron");
        harness.state_mut().shell.take_answer(Action::OpenPath(tour.into()));
        harness.run_steps(3);
        assert!(is_asked(&harness));
        harness.get_by_label("Don't save").click();
        harness.run_steps(3);
        let title = harness.state().app.session().map(|opened| opened.document().title.clone());
        assert_eq!(title.as_deref(), Some("The tour"));
        assert!(!harness.state().answer.quit);
        harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Q);
        harness.run_steps(2);
        assert!(harness.state().answer.quit, "nothing is left to lose");
    }

    #[test]
    fn an_impossible_adapter_opens_at_its_findings() {
        let broken = r#"(version: 1, adapter: (profile: "inspector", segments: [
            (name: "GART", flags: 0x11, base: 0x0, size: "8 MiB"),
            (name: "VRAM", flags: 0x4, base: 0x800, size: "16 MiB", commit_limit: "17 MiB"),
        ], paging_buffer: (segment: "GART", size: "4 KiB")), commands: [])"#;
        for size in [[1440.0, 900.0], [960.0, 600.0]] {
            let mut harness = window(broken, 0, size);
            assert_eq!(harness.state().app.looking().tab, Tab::Findings);
            harness.get_by_label("The adapter does not start");
            harness.get_by_label_contains("(rule segment-base-pages");
            harness.get_by_label_contains("(rule commit-above-size").click();
            harness.run_steps(2);
            let vram = SegmentId::new(2).map(Item::Segment);
            assert_eq!(selected(&harness), vram);
            harness.get_by_label("Operations").click();
            harness.run_steps(2);
            assert_eq!(harness.state().app.looking().tab, Tab::Operations);
            harness.get_by_label_contains("Segment 2: 2 errors").click();
            harness.run_steps(2);
            assert_eq!(harness.state().app.looking().tab, Tab::Findings);
            harness.state_mut().app.dispatch(Action::SetTab(Tab::Bytes));
            harness.run_steps(2);
            harness.get_by_label_contains("Findings: 2 errors").click();
            harness.run_steps(2);
            assert_eq!(harness.state().app.looking().tab, Tab::Findings);
        }
    }
}

#[test]
fn a_tooltip_is_gone_once_a_dialog_lies_over_what_it_tells_of() {
    let mut person = Person::new();
    let tooltips = |person: &Person| {
        let layers = person.headless.context().memory(|memory| memory.areas().visible_layer_ids());
        layers.into_iter().filter(|layer| layer.order == egui::Order::Tooltip).count()
    };
    // The first card.
    person.events(vec![Event::PointerMoved(pos2(600.0, 180.0))]);
    for _ in 0..8 {
        person.sees();
    }
    assert_eq!(tooltips(&person), 1);
    person.presses(Key::N, Modifiers::COMMAND);
    person.sees();
    assert_eq!(tooltips(&person), 0);
    person.types(Key::Escape);
    person.sees();
    person.sees();
    assert_eq!(tooltips(&person), 1, "the pointer is still there");
}
