//! The list of an impossible adapter, drawn in both themes.

use egui::Theme;

use super::*;
use crate::app::{Looking, Opened};
use crate::render::{Headless, png};
use crate::ui::theme;

const BROKEN: &str = r#"(version: 1, adapter: (profile: "inspector", segments: [
    (name: "VRAM", flags: 0x80000004, base: 0x0, size: "16 MiB", commit_limit: "17 MiB"),
    (name: "GART", flags: 0x11, base: 0x800, size: "5000"),
]), commands: [])"#;

fn show(text: &str, width: f32, theme: Theme, filter: &str, name: &str) -> FindingsState {
    let opened = Opened::read(text, "broken.ron").expect("it can be read");
    let mut headless = Headless::new([width, 296.0], 1.0, theme);
    theme::install(headless.context());
    let mut state = FindingsState { filter: filter.to_owned(), ..FindingsState::default() };
    let picture = headless.frame(|ui| {
        let view = opened.view(Looking::default());
        findings_ui(ui, &view, &mut state, &mut Vec::new());
    });
    if let Some(folder) = std::env::var_os("GALLERY") {
        let path = std::path::Path::new(&folder).join(format!("findings-{name}.png"));
        let bytes = png(&picture).expect("a picture of the screen");
        std::fs::write(path, bytes).expect("the folder named in GALLERY can be written");
    }
    state
}

#[test]
fn every_finding_of_an_impossible_adapter_is_listed() {
    for (width, theme) in [(864.0, Theme::Dark), (452.0, Theme::Light)] {
        let name = format!("{width}-{theme:?}");
        let state = show(BROKEN, width, theme, "", &name);
        let rows = state.found.rows();
        for rule in ["commit-above-size", "segment-size-pages", "segment-base-pages"] {
            assert!(rows.iter().any(|row| row.rule == rule), "{rule}: {rows:?}");
        }
        assert_eq!(rows.first().map(|row| row.severity), Some(Severity::Error));
    }
}

#[test]
fn an_empty_list_says_why() {
    // Everything preserved, and the commit limit said: not even a note is left.
    let good = r#"(version: 1, adapter: (profile: "inspector", segments: [
        (name: "VRAM", flags: "CpuVisible | PreservedDuringStandby | PreservedDuringHibernate", base: 0x0,
         size: "16 MiB", commit_limit: "16 MiB", cpu_translated_address: 0xE0000000),
        ], paging_buffer: (segment: 0, size: "4 KiB")), commands: [])"#;
    let state = show(good, 452.0, Theme::Dark, "", "none");
    assert!(state.found.rows().is_empty());
    show(BROKEN, 452.0, Theme::Dark, "nothing like this", "unmatched");
}

/// Two allocations of which one asks for a size of nothing, and one for a priority of 0.
#[test]
fn findings_of_allocations_are_listed_once_and_a_click_selects() {
    let text = r#"(version: 1, adapter: (profile: "inspector"), commands: [
        CreateProcess("p"), CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "nothing", device: "d", size: 0, preferred: ["VRAM"], supported: ["VRAM"]),
    ])"#;
    let opened = Opened::read(text, "a.ron").expect("it can be read");
    let view = opened.view(Looking::default());
    let mut found = Collected::default();
    assert!(found.advance(view.run, view.names, 2), "one command is left");
    assert!(!found.advance(view.run, view.names, 2));
    let count = found.count();
    assert!(!found.advance(view.run, view.names, 2));
    assert_eq!(found.count(), count, "each command is looked at once");
    let id = view.names.find_allocation("nothing").expect("named");
    let of = |row: &&FindingRow| row.subject == FindingSubject::Allocation(id);
    let row = found.rows().iter().find(of).expect("a size of 0 breaks a rule");
    assert_eq!(row.severity, Severity::Error);
    assert!(row.matches("nothing"));
    assert_eq!(item_of(row.subject), Some(Item::Allocation(id)));
}
