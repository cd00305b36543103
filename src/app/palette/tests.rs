//! What is found, in which order, and how much is looked through.

use super::*;
use crate::app::RecentFile;
use crate::app::item::Item;
use crate::base::{AllocationId, ProcessId, SegmentId, Span};

/// `VRAM` from 0x1_0000 on, 16 MiB; `a` of 1 MiB at its start from step 4 on.
const SMALL: &str = r#"(version: 1, adapter: (profile: "inspector", segments: [
        (name: "VRAM", flags: 0x4, base: 0x10000, size: "16 MiB"),
        (name: "GART", flags: 0x11, base: 0x40000000, size: "1 MiB"),
    ], paging_buffer: (segment: 0, size: "4 KiB")),
    bookmarks: [(at: 4, text: "the first page-in")], commands: [
        CreateProcess("game.exe"),
        CreateDevice(name: "render", process: "game.exe"),
        CreateAllocation(name: "a", device: "render", size: "1 MiB", preferred: [1], supported: [1]),
        Use([Write("a")]),
        CreateAllocation(name: "terrain", device: "render", size: "1 MiB", preferred: [1], supported: [1]),
        Evict("a"),
        Use([Read("terrain")]),
    ])"#;

fn small() -> App {
    let mut app = App::default();
    let opened = Opened::read(SMALL, "small");
    app.show(opened.unwrap_or_else(|errors| panic!("{}", errors[0])));
    app.work(&mut || true);
    assert!(app.session().is_some_and(|opened| opened.run().machine().started().is_ok()));
    app.dispatch(Action::GoTo(Place::after(4)));
    // What comes with the program is read as soon as somebody looks for anything.
    app.dispatch(Action::TogglePalette);
    app.work(&mut || true);
    app
}

fn found(app: &App, typed: &str) -> Palette {
    let mut palette = Palette::default();
    palette.typed_mut().push_str(typed);
    while palette.work(app) {}
    palette
}

fn first(app: &App, typed: &str) -> (Kind, String, Vec<Action>) {
    let palette = found(app, typed);
    let hit = palette.hits().first().unwrap_or_else(|| panic!("nothing for {typed:?}")).clone();
    (hit.kind, hit.text, hit.actions)
}

fn select(item: Item) -> Vec<Action> {
    vec![Action::Select(Some(item))]
}

#[test]
fn everything_in_a_session_is_found_by_its_name_number_or_address() {
    let app = small();
    let vram = SegmentId::new(1).expect("counted from 1");
    let gart = SegmentId::new(2).expect("counted from 1");
    let go = |step| vec![Action::GoTo(Place::after(step))];
    let hole = Span::new(1 << 20, 16 << 20).expect("in order");
    let table = [
        ("undo", Kind::Action, "Undo", vec![Action::Undo]),
        ("zts", Kind::Action, "Zoom to selection", vec![Action::ZoomToSelection]),
        ("3", Kind::Step, "Go to step 3", go(3)),
        ("step 4", Kind::Step, "Go to step 4", go(4)),
        ("4.1.1", Kind::Step, "Go to step 4.1.1", vec![Action::GoTo(Place::packet(4, 1, 1))]),
        ("first page", Kind::Bookmark, "the first page-in", go(4)),
        ("vram", Kind::Segment, "VRAM", select(Item::Segment(vram))),
        ("game", Kind::Process, "game.exe", select(Item::Process(ProcessId(0)))),
        ("render", Kind::Device, "render", select(Item::Process(ProcessId(0)))),
        ("terr", Kind::Allocation, "terrain", select(Item::Allocation(AllocationId(1)))),
        ("use terrain", Kind::Command, "Use terrain", go(7)),
        ("0x10000", Kind::Address, "a", select(Item::Allocation(AllocationId(0)))),
        ("0x0010_FFFF", Kind::Address, "a", select(Item::Allocation(AllocationId(0)))),
        ("0x110000", Kind::Address, "Hole of 15 MiB in VRAM", select(Item::Hole(vram, hole))),
        ("0x40001000", Kind::Address, "Page 0x0001 of GART", select(Item::AperturePage(gart, 1))),
        ("tour", Kind::Saved, "The tour", vec![Action::OpenEmbedded("tour.ron")]),
    ];
    for (typed, kind, text, actions) in table {
        let (found_kind, found_text, found_actions) = first(&app, typed);
        assert_eq!(found_kind, kind, "{typed}: {found_text}");
        if kind == Kind::Command {
            assert!(found_text.starts_with("Use "), "{found_text}");
        } else {
            assert_eq!(found_text, text, "{typed}");
        }
        assert_eq!(found_actions, actions, "{typed}");
    }
    // Beyond the end there is no step, before the segments no address.
    assert!(found(&app, "8").hits().iter().all(|hit| hit.kind != Kind::Step));
    assert!(found(&app, "0xFFFF").hits().is_empty());
    assert!(found(&app, "qqqq").hits().is_empty());
}

#[test]
fn what_cannot_be_done_says_why_and_is_not_done() {
    let app = small();
    let undo = found(&app, "undo");
    assert_eq!(undo.hits()[0].reason, Some("Nothing was changed"));
    assert_eq!(undo.hits()[0].keys, "Ctrl+Z");
    assert_eq!(undo.taken(), None);
    assert_eq!(found(&app, "to the end").taken(), Some(vec![Action::ToEnd]));
}

#[test]
fn files_are_found_by_title_and_by_name() {
    let mut app = App::default();
    let file = |title: &str, path: &str, missing| RecentFile {
        title: title.to_owned(),
        path: path.into(),
        missing,
        ..RecentFile::default()
    };
    app.set_recents(vec![file("Sleep study", "/a/one.ron", false), file("", "/a/gone.ron", true)]);
    assert_eq!(found(&app, "").hits()[0].text, "Sleep study");
    assert_eq!(found(&app, "one").hits()[0].text, "Sleep study");
    let gone = found(&app, "gone");
    assert_eq!(gone.hits()[0].text, "gone.ron");
    assert!(gone.hits()[0].reason.is_some());
}

#[test]
fn the_choice_stays_in_the_list_and_begins_anew_with_other_letters() {
    let app = small();
    let mut palette = found(&app, "");
    assert!(!palette.hits().is_empty());
    palette.choose(1_000);
    assert_eq!(palette.chosen(), palette.hits().len() - 1);
    palette.typed_mut().push_str("undo");
    palette.work(&app);
    assert_eq!(palette.chosen(), 0);
    palette.typed_mut().push_str(&"é".repeat(300));
    palette.work(&app);
    assert!(palette.typed().len() <= TYPED);
}

/// A hundred allocations and as many commands that create them: in parts of ten names, ten parts go
/// to names; a command costs twelve names, so that each of the 102 takes a part of its own.
#[test]
fn a_large_session_is_looked_through_in_parts() {
    use std::fmt::Write as _;
    let mut text = String::from(
        r#"(version: 1, adapter: (profile: "inspector"), commands: [CreateProcess("p"),
        CreateDevice(name: "d", process: "p"),"#,
    );
    for number in 0..100 {
        write!(text, r#"CreateAllocation(name: "n{number}", device: "d", size: "4 KiB"),"#)
            .expect("a text takes everything");
    }
    text.push_str("])");
    let mut app = App::default();
    app.show(Opened::read(&text, "many").unwrap_or_else(|errors| panic!("{}", errors[0])));
    let mut palette = Palette::default();
    palette.typed_mut().push_str("n99");
    let mut parts = 1;
    while palette.work_for(&app, 10) {
        parts += 1;
        assert!(parts < 1_000, "no end in sight");
    }
    assert!((112..=114).contains(&parts), "{parts}");
    assert_eq!(palette.hits()[0].kind, Kind::Allocation);
    assert!(!palette.work_for(&app, 10), "nothing is left to do");
    // All of them fit: a part is listed, the rest is counted.
    let palette = found(&app, "n");
    assert!(palette.hits().len() <= LISTED);
    assert!(palette.more() > 100);
}

#[test]
fn commands_are_looked_through_from_the_playhead_outwards() {
    let order = |place: usize, count: usize| -> Vec<usize> {
        (0..).map_while(|nth| nearby(place, nth, count)).collect()
    };
    assert_eq!(order(3, 5), [3, 4, 2, 5, 1]);
    assert_eq!(order(0, 3), [1, 2, 3]);
    assert_eq!(order(4, 5), [4, 5, 3, 2, 1]);
    assert_eq!(order(9, 3), [3, 2, 1]);
    assert!(order(0, 0).is_empty());
}
