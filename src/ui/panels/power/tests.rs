//! The panel in every state and size. Set `GALLERY` to a folder for the pictures.

use egui::Theme;

use super::*;
use crate::analysis::power::Share;
use crate::app::{App, Tab};
use crate::machine::Place;
use crate::ui::panels::buffers::tests::{keep, window};

/// Two sleeps on an adapter that claims more than its hardware keeps, and less.
const STUDY: &str = include_str!("study.ron");

fn study(place: Place) -> App {
    let mut app = App::default();
    app.show(crate::app::Opened::read(STUDY, "study.ron").expect("it is a session"));
    app.dispatch(Action::SetTab(Tab::Power));
    app.work(&mut || true);
    app.dispatch(Action::GoTo(place));
    app.work(&mut || true);
    app
}

fn shown(app: &App, state: &mut PowerState) {
    let view = app.view().expect("a session is open");
    state.refresh(&view);
}

#[test]
fn every_state_is_painted_at_every_size() {
    for (name, place) in [
        ("before", Place::after(28)),
        ("asleep", Place::after(29)),
        ("inside", Place::operation(29, 2)),
        ("back", Place::after(30)),
        ("lost", Place::after(33)),
    ] {
        let app = study(place);
        for (theme, size, scale) in [
            (Theme::Dark, [1440.0, 900.0], 1.0),
            (Theme::Light, [864.0, 268.0], 2.0),
            (Theme::Light, [704.0, 1000.0], 1.0),
            (Theme::Dark, [436.0, 600.0], 1.0),
        ] {
            let mut headless = window(size, scale, theme);
            let mut state = PowerState::default();
            let view = app.view().expect("a session is open");
            let mut actions = Vec::new();
            let picture = headless.frame(|ui| power_ui(ui, &view, &mut state, &mut actions));
            keep(&picture, &format!("power-{name}-{}-{theme:?}", size[0]).to_lowercase());
            assert!(actions.is_empty(), "{actions:?}");
        }
    }
}

#[test]
fn previews_are_of_the_place_and_only_where_somebody_looks() {
    let mut app = study(Place::after(28));
    let mut state = PowerState::default();
    shown(&app, &mut state);
    let cards = |state: &PowerState| state.known.as_ref().map_or(0, |known| known.cards.len());
    assert_eq!(cards(&state), 3);
    let known = state.known.as_ref().expect("it was refreshed");
    let lost: Vec<u64> = known
        .cards
        .iter()
        .map(|card| card.segments.iter().flat_map(|one| &one.parts))
        .map(|parts| parts.filter(|(own, _)| *own == Share::Lost).map(|(_, bytes)| *bytes).sum())
        .collect();
    // VRAM holds 36.5 MiB from its start, of which hibernation keeps 4 MiB.
    assert_eq!(lost, [0, 33_280 << 10, 0]);
    // Asleep there is nothing to try.
    app.dispatch(Action::GoTo(Place::after(29)));
    app.work(&mut || true);
    shown(&app, &mut state);
    assert_eq!(cards(&state), 0);
    // On another tab nothing is tried.
    app.dispatch(Action::SetTab(Tab::Bytes));
    app.dispatch(Action::GoTo(Place::after(27)));
    app.work(&mut || true);
    assert!(app.view().is_some_and(|view| view.previews.is_empty()));
}

#[test]
fn where_much_is_resident_sleeps_are_tried_when_somebody_asks() {
    // A thousand pages are resident, and one more from the last command on.
    let create = "CreateAllocation(name: \"a#\", device: \"d\", size: \"4 KiB\", \
                  supported: [1], preferred: [1], resident: true),";
    let creates: String = (0..1_001).map(|it| create.replace('#', &it.to_string())).collect();
    let text = format!(
        "(version: 1, title: \"Many\", adapter: (profile: \"inspector\", \
         system_memory: \"64 MiB\", segments: [(name: \"VRAM\", flags: \"\", base: 0x0, \
         size: \"8 MiB\")], paging_buffer: (segment: 0, size: \"4 KiB\", count: 1)), commands: [\
         CreateProcess(\"p\"), CreateDevice(name: \"d\", process: \"p\"), {creates}])"
    );
    let mut app = App::default();
    app.show(crate::app::Opened::read(&text, "many.ron").expect("it is a session"));
    app.dispatch(Action::SetTab(Tab::Power));
    let tried = |app: &mut App, action: Action| {
        app.dispatch(action);
        app.work(&mut || true);
        let view = app.view().expect("a session is open");
        (view.previews_wait, view.previews.len())
    };
    assert_eq!(tried(&mut app, Action::GoTo(Place::after(1_002))), (false, 3));
    assert_eq!(tried(&mut app, Action::GoTo(Place::after(1_003))), (true, 0));
    assert_eq!(tried(&mut app, Action::TrySleeps), (false, 3));
    // Whoever was elsewhere has to ask again.
    assert_eq!(tried(&mut app, Action::GoTo(Place::after(1_002))), (false, 3));
    assert_eq!(tried(&mut app, Action::GoTo(Place::after(1_003))), (true, 0));
}

#[test]
fn what_is_told_of_the_last_transition_ends_at_the_playhead() {
    let titles = [
        (28, None),
        (29, Some("Standby at step 29")),
        (30, Some("Standby at step 29, back at step 30")),
        (31, Some("Standby at step 29, back at step 30")),
        (32, Some("Hibernate at step 32")),
        (33, Some("Hibernate at step 32, back at step 33")),
    ];
    for (step, title) in titles {
        let mut state = PowerState::default();
        shown(&study(Place::after(step)), &mut state);
        let after = state.known.as_ref().and_then(|known| known.after.as_ref());
        assert_eq!(after.map(|after| after.title.as_str()), title, "{step}");
    }
    let mut state = PowerState::default();
    shown(&study(Place::operation(29, 1)), &mut state);
    let known = state.known.as_ref().expect("it was refreshed");
    // Inside a transition its own end is told, as what is to come: a jump from one of its rows
    // leaves the rows where they are.
    let after = known.after.as_ref().map(|after| (after.title.as_str(), after.ahead));
    assert_eq!(after, Some(("Standby at step 29", true)));
    assert!(known.buttons.iter().all(|button| button.reason.is_some()));
}

#[test]
fn an_adapter_that_does_not_start_still_shows_its_flags() {
    // S 0, H 1, P 0: no system recognises it.
    let text = r#"(version: 1, adapter: (profile: "inspector", segments: [
        (name: "GART", flags: 0x11, base: 0xC0000000, size: "8 MiB"),
        (name: "VRAM", flags: 0x104, base: 0x0, size: "16 MiB"),
    ], paging_buffer: (segment: "GART", size: "4 KiB")), commands: [])"#;
    let mut app = App::default();
    app.show(crate::app::Opened::read(text, "a.ron").expect("it can be read"));
    app.dispatch(Action::SetTab(Tab::Power));
    app.work(&mut || true);
    let view = app.view().expect("a session is open");
    assert!(view.started.is_none());
    let mut state = PowerState::default();
    let mut headless = window([864.0, 700.0], 1.0, Theme::Dark);
    let picture = headless.frame(|ui| power_ui(ui, &view, &mut state, &mut Vec::new()));
    keep(&picture, "power-broken");
    let known = state.known.as_ref().expect("it was refreshed");
    let row = known.flags.iter().find(|row| row.segments.iter().any(|one| one.number == 2));
    assert_eq!(row.map(|row| (row.hibernate, row.effect)), Some((true, None)));
    assert!(known.buttons.iter().all(|button| button.reason.is_some()));
}
