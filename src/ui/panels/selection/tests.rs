//! What the panel says about the tour, and how it looks.

use egui::{Event, Theme};

use super::*;
use crate::app::{Looking, Opened};
use crate::base::{ProcessId, SegmentId, Span};
use crate::machine::Level;
use crate::render::{Headless, png};
use crate::ui::theme;

fn tour(place: &str) -> Opened {
    let text = include_str!("../../../../tests/sessions/walk.ron");
    let mut opened = Opened::read(text, "tour.ron").expect("the tour is a session");
    opened.execute(usize::MAX);
    assert!(opened.go_to(place.parse().expect("a place")), "{place}");
    opened
}

fn segment(number: u8) -> SegmentId {
    SegmentId::new(number).expect("between 1 and 31")
}

fn allocation(opened: &Opened, name: &str) -> Item {
    Item::Allocation(opened.names().find_allocation(name).expect("an allocation of the tour"))
}

fn step(place: &str) -> Item {
    Item::Step(place.parse().expect("a place"))
}

/// A card as lines of text, sections in brackets.
fn told(opened: &mut Opened, item: Item) -> Vec<String> {
    opened.select(Some(item));
    let view = opened.view(Looking::default());
    let card = card_of(&view, item);
    let mut lines = vec![format!("{} | {} | {}", card.title, card.subtitle, card.summary)];
    for section in card.sections {
        let decided = section.decided.map(|place| format!("decided at {place}"));
        let note = decided.unwrap_or(section.note);
        lines.push(format!("[{}] {note}", section.title).trim_end().to_owned());
        lines.extend(section.lines.iter().map(line));
    }
    lines
}

fn line(line: &Line) -> String {
    match line {
        Line::Fact(fact) => {
            format!("{}: {} ({})", fact.key, fact.value, fact.note).replace(" ()", "")
        }
        Line::Text(_, words) => words.clone(),
        Line::Candidate(line) => {
            let victims: Vec<&str> = line.victims.iter().map(|one| one.name.as_str()).collect();
            format!("{:?} {} {}: {} {victims:?}", line.mark, line.pass, line.title, line.numbers)
        }
        Line::Event { place, text, when } => format!("{place} {text}, {when:?}"),
        Line::Link { name, text, .. } => format!("→ {name} {text}").trim_end().to_owned(),
        Line::Bytes { offset, bytes } => format!("{offset:X}: {} bytes", bytes.len()),
    }
}

fn has(lines: &[String], wanted: &[&str]) {
    for wanted in wanted {
        assert!(lines.iter().any(|line| line == wanted), "`{wanted}` is not in {lines:#?}");
    }
}

#[test]
fn an_allocation_says_where_it_lies_and_why() {
    let mut opened = tour("16");
    let history = allocation(&opened, "history");
    let lines = told(&mut opened, history);
    has(
        &lines,
        &[
            "history | allocation of game.exe | Resident, dirty",
            "Size: 4 MiB, 0x0040_0000 (1,024 pages)",
            "Priority: NORMAL (0x78000000)",
            "Segment: 1 VRAM (as preferred)",
            "Address: 0x0040_0000–0x007F_FFFF",
            "Preferred: VRAM (0x00000001)",
            "Supported: VRAM (0x00000001)",
            "Evicts via: GART (0x00000004)",
            "[Why here] decided at 16",
            "Failed 1 VRAM ↑, nothing evicted: free 0 B < 4 MiB needed []",
            "Won 4 VRAM ↑, evicting up to equal priority: 4 MiB at VRAM 0x0040_0000 once 1 victim \
             has left [\"terrain\"]",
            "15 created, Past",
            "16 paged in, VRAM 0x0040_0000, Current",
            "20 left VRAM 0x0040_0000, Ahead",
            "Intact, every byte as expected",
            "38: 8 bytes",
        ],
    );
    let terrain = allocation(&opened, "terrain");
    let lines = told(&mut opened, terrain);
    assert!(lines[0].ends_with("Not resident, clean"), "{}", lines[0]);
    has(&lines, &["9 paged in, VRAM 0x0040_0000, Past", "16 evicted for history, Current"]);
    assert!(lines.iter().any(|line| line.starts_with("[Backing store] 1,536 pages in ")));
    assert!(!lines.iter().any(|line| line.starts_with("[Why here]")));
    // Later, where nobody has taken step 16 apart.
    let lines = told(&mut tour("19"), terrain);
    has(&lines, &["16 evicted for history, Past"]);
    let lines = told(&mut tour("19"), history);
    has(&lines, &["[Why here] decided at 16"]);
}

#[test]
fn an_allocation_that_is_not_there_says_whether_it_was() {
    let mut opened = tour("6");
    let shadow = allocation(&opened, "shadow");
    let lines = told(&mut opened, shadow);
    assert_eq!(lines[0], "shadow | allocation | Not created yet.");
    has(&lines, &["13 created, Ahead", "21 destroyed, Ahead"]);
    let mut opened = tour("21");
    assert_eq!(told(&mut opened, shadow)[0], "shadow | allocation | Destroyed by now.");
}

#[test]
fn bytes_are_judged_at_the_end_of_a_command_only() {
    let mut opened = tour("9.2");
    let terrain = allocation(&opened, "terrain");
    let lines = told(&mut opened, terrain);
    has(&lines, &["Inside a command bytes are on the way: judged at its end."]);
}

/// At 17: primary and history in VRAM (8 of 16 MiB with shadow's 6 make 14), a hole of 2 MiB.
#[test]
fn segments_holes_and_processes_add_up() {
    let mut opened = tour("17");
    let lines = told(&mut opened, Item::Segment(segment(1)));
    has(
        &lines,
        &[
            "VRAM | segment 1, memory | ",
            "Flags: CpuVisible (0x00000004)",
            "Size: 16 MiB, 0x0100_0000 (4,096 pages)",
            "Used: 14 MiB (3 blocks)",
            "Free: 2 MiB",
            "Largest hole: 2 MiB",
            "Committed: 14 MiB of 16 MiB",
            "Evicted: 6 MiB",
            "→ history 4 MiB, VRAM 0x0040_0000",
        ],
    );
    let hole = Span::new(0x80_0000, 0xA0_0000).expect("written in order");
    let lines = told(&mut opened, Item::Hole(segment(1), hole));
    has(
        &lines,
        &[
            "2 MiB free | hole of VRAM | ",
            "Address: 0x0080_0000–0x009F_FFFF",
            "Size: 2 MiB, 0x0020_0000 (the largest hole)",
            "→ history 4 MiB, VRAM 0x0040_0000",
            "→ shadow 6 MiB, VRAM 0x00A0_0000",
        ],
    );
    let lines = told(&mut opened, Item::Process(ProcessId(0)));
    has(
        &lines,
        &[
            "game.exe | process | ",
            "Devices: game",
            "Allocations: 4 (17 MiB)",
            "Resident: 17 MiB",
            "Resident in: VRAM, 10 MiB (2 blocks)",
            "Resident in: VRAM (invisible), 6 MiB (1 block)",
            "Resident in: GART, 1 MiB (1 block)",
        ],
    );
}

#[test]
fn a_page_leads_to_its_frame_and_back() {
    let mut opened = tour("12");
    let lines = told(&mut opened, Item::AperturePage(segment(3), 0x23));
    let frame = lines.iter().find_map(|line| line.strip_prefix("Frame: frame 0x1076"));
    assert!(frame.is_some(), "the second page of the run from 0x1075: {lines:#?}");
    has(&lines, &["Coherent: with the CPU's cache", "Page 36 of 256 of it."]);
    let lines = told(&mut opened, Item::Frame(crate::base::FrameNumber(0x1076)));
    has(&lines, &["Used as: backing store of upload", "→ GART page 0x0023"]);
    let lines = told(&mut opened, Item::AperturePage(segment(3), 0x200));
    has(&lines, &["Nobody: the page is free."]);
    assert!(lines.iter().any(|line| line.starts_with("Dummy page: ")), "{lines:#?}");
}

#[test]
fn steps_say_what_they_came_to_with_every_field() {
    let mut opened = tour("16");
    let lines = told(&mut opened, step("16"));
    has(
        &lines,
        &[
            "Step 16 | Use | writes history, reads primary",
            "Done",
            "Moved in: 4 MiB",
            "Moved out: 6 MiB",
            "[Why history lies there] decided at 16",
            "→ 16.2 Transfer 6 MiB",
        ],
    );
    let lines = told(&mut opened, step("16.2"));
    has(
        &lines,
        &[
            "[DXGKARG_BUILDPAGINGBUFFER.Transfer]",
            "TransferSize: 6 MiB (0x0060_0000)",
            "Source: 1 VRAM 0x0040_0000",
            "[Call 1 of 1]",
            "MultipassOffset: 0 → 1536",
            "Answer: STATUS_SUCCESS (0x00000000)",
        ],
    );
    let lines = told(&mut opened, step("16.2.2"));
    has(
        &lines,
        &[
            "Step 16.2.2 | COPY_PAGES | 62 pages VRAM 0x0041_9000 → frame 0x3086",
            "At: 0x0020–0x003F",
            "opcode: 0x0021",
            "18: 8 bytes",
        ],
    );
    let lines = told(&mut opened, step("0"));
    assert!(lines[0].starts_with("Start | before the first command"), "{}", lines[0]);
}

#[test]
fn the_panel_shows_in_both_themes_at_both_scales() {
    let mut opened = tour("16");
    let (history, terrain) = (allocation(&opened, "history"), allocation(&opened, "terrain"));
    let dark = (Theme::Dark, 1.0);
    let table = [
        ("allocation", "16", Some(history), dark),
        ("allocation", "16", Some(history), (Theme::Light, 2.0)),
        ("evicted", "16.2", Some(terrain), (Theme::Light, 1.0)),
        ("segment", "17", Some(Item::Segment(segment(3))), dark),
        ("process", "17", Some(Item::Process(ProcessId(0))), (Theme::Light, 1.0)),
        ("step", "16", None, dark),
        ("operation", "16.2", Some(step("16.2")), dark),
        ("packet", "17.2.1", Some(step("17.2.1")), (Theme::Light, 1.0)),
        ("page", "12", Some(Item::AperturePage(segment(3), 0x33)), dark),
        ("buffer", "12", Some(Item::Buffer(3)), (Theme::Dark, 2.0)),
    ];
    for (name, place, item, (theme, scale)) in table {
        opened.select(item);
        assert!(opened.go_to(place.parse().expect("a place")));
        let mut headless = Headless::new([320.0, 780.0], scale, theme);
        theme::install(headless.context());
        let (mut state, mut actions) = (SelectionState::default(), Vec::new());
        let mut show = |ui: &mut Ui| {
            let looking = Looking { level: Level::Operation, ..Looking::default() };
            selection_ui(ui, &opened.view(looking), &mut state, &mut actions);
        };
        headless.frame(&mut show);
        let picture = headless.frame_after(vec![Event::PointerGone], show);
        if let Some(folder) = std::env::var_os("GALLERY") {
            let file = format!("selection-{name}-{theme:?}-{scale}x.png");
            let bytes = png(&picture).expect("a picture of fixed size can be encoded");
            std::fs::write(std::path::Path::new(&folder).join(file), bytes)
                .expect("the folder named in GALLERY can be written");
        }
        let ground = theme::Tokens::of(theme).text_secondary.to_array();
        assert!(picture.pixels().any(|pixel| pixel.0 != ground), "{name}");
        assert_eq!(actions, [], "{name}: nothing is asked for unasked");
    }
}

fn session(text: &str, place: &str) -> Opened {
    let mut opened = Opened::read(text, "test.ron").unwrap_or_else(|error| panic!("{error:?}"));
    opened.execute(usize::MAX);
    assert!(opened.go_to(place.parse().expect("a place")), "{place}");
    opened
}

/// Banks end at 4 and 10 MiB. "first" takes 0 to 5 MiB; "second" is hinted to bank 1, which has no
/// room left, so that the rest of the segment is searched: 5 to 6 MiB, in bank 2.
const BANKS: &str = r#"(version: 1, adapter: (profile: "inspector", system_memory: "64 MiB", segments: [
    (name: "VRAM", flags: "CpuVisible | UseBanking", base: 0x0, size: "16 MiB",
     cpu_translated_address: 0xE0000000, bank_count: 3, bank_ends: ["4 MiB", "10 MiB"]),
    ], paging_buffer: (segment: 0, size: "4 KiB")), commands: [
    CreateProcess("game.exe"), CreateDevice(name: "game", process: "game.exe"),
    CreateAllocation(name: "first", device: "game", size: "5 MiB", preferred: ["VRAM"],
        supported: ["VRAM"], resident: true),
    CreateAllocation(name: "second", device: "game", size: "1 MiB", preferred: ["VRAM"],
        supported: ["VRAM"], hinted_banks: [1], resident: true),
])"#;

#[test]
fn banks_are_told_as_hinted_and_actual() {
    let mut opened = session(BANKS, "4");
    let second = allocation(&opened, "second");
    let lines = told(&mut opened, second);
    has(
        &lines,
        &[
            "Bank: 1 ↑ hinted, 2 actual (hint dropped)",
            // Bank 1, not from its end: the group says 1.
            "Bank hints: 1 ↑ (0x00000001)",
            "Failed 1 VRAM bank 1 ↑, nothing evicted: free 0 B < 1 MiB needed []",
            "Won 1 VRAM ↑, nothing evicted: 1 MiB free at VRAM 0x0050_0000 []",
            "Policies: first fit, LRU, offers dropped.",
        ],
    );
    let first = allocation(&opened, "first");
    let lines = told(&mut opened, first);
    has(&lines, &["Bank: 1 to 2 actual, none hinted"]);
    let lines = told(&mut opened, Item::Segment(segment(1)));
    has(
        &lines,
        &[
            "[Banks] 3 banks",
            "Bank: 1: 0x0000–0x003F_FFFF (4 MiB of 4 MiB)",
            "Bank: 2: 0x0040_0000–0x009F_FFFF (2 MiB of 6 MiB)",
            "Bank: 3: 0x00A0_0000–0x00FF_FFFF (0 B of 6 MiB)",
            "Bank ends: 0x0040_0000, 0x00A0_0000",
            "Page size: 4 KiB",
        ],
    );
}

#[test]
fn locks_offers_and_openers_are_told() {
    let text = r#"(version: 1, adapter: (profile: "inspector"), commands: [
        CreateProcess("a.exe"), CreateDevice(name: "a", process: "a.exe"),
        CreateProcess("b.exe"), CreateDevice(name: "b", process: "b.exe"),
        CreateAllocation(name: "it", device: "a", size: "64 KiB", preferred: ["VRAM"],
            supported: ["VRAM"], flags: "CpuVisible", shared: true, resident: true),
        OpenAllocation(allocation: "it", device: "b"),
        Lock(allocation: "it"), Lock(allocation: "it"),
        Unlock("it"), Unlock("it"),
        Offer(["it"], LOW),
    ])"#;
    let mut opened = session(text, "8");
    let it = allocation(&opened, "it");
    let lines = told(&mut opened, it);
    has(&lines, &["Owner: a", "Opened by: b (shared)", "Locks: 2 (held by the CPU)"]);
    assert!(lines[0].contains("locked 2 times"), "{}", lines[0]);
    assert!(opened.go_to("11".parse().expect("a place")));
    let lines = told(&mut opened, it);
    has(&lines, &["Offer: offered (low)"]);
    assert!(lines[0].ends_with("offered (low), shared"), "{}", lines[0]);
}

/// 16 rows of 256 bytes are 4 KiB; 512 bytes apart they take 8 KiB.
#[test]
fn rows_and_their_padding_are_told() {
    let text = r#"(version: 1, adapter: (profile: "inspector", system_memory: "64 MiB", segments: [
        (name: "VRAM", flags: "CpuVisible | PitchAlignment", base: 0x0, size: "4 MiB", cpu_translated_address: 0xE0000000),
        ], paging_buffer: (segment: 0, size: "4 KiB")), commands: [
        CreateProcess("p"), CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "rows", device: "d", preferred: ["VRAM"], supported: ["VRAM"],
            rows: (pitch: 256, aligned_pitch: 512, rows: 16), resident: true),
    ])"#;
    let mut opened = session(text, "3");
    let rows = allocation(&opened, "rows");
    let lines = told(&mut opened, rows);
    has(
        &lines,
        &[
            "Padding: 4 KiB (4 KiB content)",
            "Size there: VRAM 8 KiB",
            "Pitch aligned: 8 KiB (0x2000)",
            "Rows: 16 of 256 B (aligned 512 B)",
        ],
    );
}

/// The AGP aperture is the platform's: 1 MiB at 0xE0000000, whatever the descriptor says.
#[test]
fn an_agp_page_is_read_from_the_chipset_s_table() {
    let text = r#"(version: 1, adapter: (profile: "inspector", wddm: "1.0", system_memory: "64 MiB",
        agp_aperture: (base: 0xE0000000, size: "1 MiB"), segments: [
        (name: "VRAM", flags: "CpuVisible", base: 0x0, size: "4 MiB", cpu_translated_address: 0xD0000000),
        (name: "AGP", flags: "Agp", base: 0x0, size: "4 KiB"),
        ], paging_buffer: (segment: 0, size: "4 KiB")), commands: [
        CreateProcess("p"), CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "tex", device: "d", size: "8 KiB", preferred: ["AGP"], supported: ["AGP"],
            flags: "CpuVisible"),
        CpuWrite(allocation: "tex", data: Pattern(0x01020304)),
        Use([Read("tex")]),
    ])"#;
    let mut opened = session(text, "5");
    let lines = told(&mut opened, Item::AperturePage(segment(2), 1));
    has(&lines, &["Table: the chipset's", "Coherent: no", "Page 2 of 2 of it."]);
    let lines = told(&mut opened, Item::AperturePage(segment(2), 2));
    has(&lines, &["Nobody: the page is free."]);
    let lines = told(&mut opened, Item::Segment(segment(2)));
    has(&lines, &["Platform: 1 MiB at 0xE000_0000 (AGP aperture)"]);
    let lines = told(&mut opened, step("5.2"));
    assert!(lines.iter().any(|line| line == "[Platform: MapGart]"), "{lines:#?}");
}

#[test]
fn an_operation_names_the_quirk_that_reaches_it() {
    let text = r#"(version: 1, adapter: (profile: "inspector", quirks: "UnmapToPageZero"), commands: [
        CreateProcess("p"), CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "tex", device: "d", size: "8 KiB", preferred: ["GART"], supported: ["GART"]),
        Use([Write("tex")]),
        Evict("tex"),
    ])"#;
    let mut opened = session(text, "5.1");
    let lines = told(&mut opened, step("5.1"));
    has(&lines, &["[Quirks] 1 quirk on"]);
    assert!(lines.iter().any(|line| line.starts_with("UnmapToPageZero: ")), "{lines:#?}");
}
