//! The map drawn without a window: what it asks for when it is used, and that nothing breaks it.
//!
//! Set `GALLERY` to a folder to have the pictures written there.

use egui::{Event, Key, Modifiers, PointerButton, Theme};

use super::*;
use crate::app::{Looking, Opened};
use crate::base::{PAGE_SIZE, SplitMix};
use crate::machine::Place;
use crate::render::{Headless, png};
use crate::ui::theme;

/// A map of a session with a screen of its own.
struct Stage {
    opened: Opened,
    state: MapState,
    headless: Headless,
    hovered: Option<Item>,
}

impl Stage {
    fn new(text: &str, size: [f32; 2], per_point: f32, theme: Theme) -> Self {
        let mut opened = Opened::read(text, "test.ron").unwrap_or_else(|e| panic!("{e:?}"));
        opened.execute(usize::MAX);
        let headless = Headless::new(size, per_point, theme);
        theme::install(headless.context());
        Self { opened, state: MapState::default(), headless, hovered: None }
    }

    fn tour(theme: Theme) -> Self {
        let text = include_str!("../../../../tests/sessions/walk.ron");
        Self::new(text, [864.0, 400.0], 1.0, theme)
    }

    /// Shows the map, and does what it asks for as the window would.
    fn frame(&mut self, events: Vec<Event>) -> Vec<Action> {
        self.picture(events, "")
    }

    fn picture(&mut self, events: Vec<Event>, name: &str) -> Vec<Action> {
        let (opened, state, hovered) = (&self.opened, &mut self.state, self.hovered);
        let mut actions = Vec::new();
        let picture = self.headless.frame_after(events, |ui| {
            let view = opened.view(Looking { hovered, ..Looking::default() });
            map_ui(ui, &view, state, &mut actions);
        });
        if let Some(folder) = std::env::var_os("GALLERY").filter(|_| !name.is_empty()) {
            let path = std::path::Path::new(&folder).join(format!("map-{name}.png"));
            let bytes = png(&picture).expect("a picture of the screen");
            std::fs::write(&path, bytes).expect("the folder can be written to");
        }
        for action in &actions {
            match action {
                Action::Select(item) => self.opened.select(*item),
                Action::Hover(item) => self.hovered = *item,
                Action::ZoomHome => self.state.zoom_home(),
                _ => {}
            }
        }
        actions
    }

    fn point(&mut self, x: f32, y: f32) {
        self.frame(vec![Event::PointerMoved(Pos2::new(x, y))]);
        self.frame(Vec::new());
    }

    fn click(&mut self, x: f32, y: f32) -> Vec<Action> {
        self.clicks(x, y, 1)
    }

    fn clicks(&mut self, x: f32, y: f32, count: usize) -> Vec<Action> {
        let pos = Pos2::new(x, y);
        let modifiers = Modifiers::NONE;
        let button = |pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers,
        };
        // All in one pass: passes are a quarter of a second apart, a long press is no click, and
        // late clicks are not a double one.
        let mut events = vec![Event::PointerMoved(pos)];
        events.extend((0..count).flat_map(|_| [button(true), button(false)]));
        self.frame(events)
    }

    fn allocation(&self, name: &str) -> Option<Item> {
        self.opened.names().find_allocation(name).map(Item::Allocation)
    }

    fn go_to(&mut self, place: &str) {
        let place: Place = place.parse().expect("a place");
        assert!(self.opened.go_to(place), "{place}");
    }
}

/// A segment of 24 GiB in which about `count` allocations lie, most of them small.
fn crowded(count: u64) -> String {
    let mut random = SplitMix::new(5);
    let mut commands = String::new();
    for (process, device) in [("game.exe", "g"), ("browser.exe", "b"), ("ml-worker.exe", "m")] {
        commands.push_str(&format!(
            "CreateProcess(\"{process}\"), CreateDevice(name: \"{device}\", process: \"{process}\"),\n"
        ));
    }
    for index in 0..count {
        let size = match random.below(200) {
            0 => 256 + random.below(1024),
            1..30 => 4 + random.below(40),
            _ => 1 + random.below(3),
        };
        let device = ["g", "g", "b", "m"][usize::try_from(random.below(4)).expect("small")];
        commands.push_str(&format!(
            "CreateAllocation(name: \"a{index}\", device: \"{device}\", size: \"{size} MiB\", \
             preferred: [\"VRAM\"], supported: [\"VRAM\"], resident: true),\n"
        ));
        if index % 3 == 2 {
            commands.push_str(&format!("DestroyAllocation(\"a{}\"),\n", index - 1));
        }
    }
    format!(
        "(version: 1, adapter: (profile: \"inspector\", system_memory: \"96 GiB\", segments: [\
         (name: \"VRAM\", flags: \"CpuVisible\", base: 0x0, size: \"24 GiB\"), \
         (name: \"GART\", flags: \"Aperture\", base: 0x800000000, size: \"8 GiB\"), \
         ], paging_buffer: (segment: \"GART\", size: \"64 KiB\", count: 3)), commands: [{commands}])"
    )
}

#[test]
fn the_tour_is_shown_at_every_interesting_place() {
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        for per_point in [1.0, 2.0] {
            let text = include_str!("../../../../tests/sessions/walk.ron");
            let mut stage = Stage::new(text, [864.0, 400.0], per_point, theme);
            for place in [
                "0", "12", "15", "16.2.1", "16.3", "16", "17.2.1", "17", "18", "19", "20", "19.1",
                "21",
            ] {
                stage.go_to(place);
                let selected = stage.allocation("terrain");
                stage.opened.select(selected);
                stage.picture(Vec::new(), &format!("tour-{name}-{per_point}-{place}"));
            }
        }
    }
}

#[test]
fn a_click_on_a_block_selects_it_and_arrows_go_on() {
    let mut stage = Stage::tour(Theme::Dark);
    stage.go_to("9");
    stage.frame(Vec::new());
    // VRAM of 16 MiB over 832 points from 16: primary lies at 0 to 4 MiB, terrain at 4 to 10.
    let actions = stage.click(100.0, 80.0);
    assert!(actions.contains(&Action::Select(stage.allocation("primary"))), "{actions:?}");
    let key = |key| Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    stage.frame(vec![key(Key::ArrowRight)]);
    assert_eq!(stage.opened.selected(), stage.allocation("terrain"));
    stage.frame(vec![key(Key::ArrowRight)]);
    assert_eq!(stage.opened.selected(), stage.allocation("terrain"), "there is no further block");
    stage.frame(vec![key(Key::ArrowLeft)]);
    assert_eq!(stage.opened.selected(), stage.allocation("primary"));
    stage.frame(vec![key(Key::ArrowDown)]);
    assert_eq!(stage.opened.selected(), SegmentId::new(2).map(Item::Segment), "it is empty");
    stage.frame(vec![key(Key::ArrowDown), key(Key::ArrowRight)]);
    assert!(matches!(stage.opened.selected(), Some(Item::Buffer(_) | Item::Segment(_))));
}

#[test]
fn a_click_on_a_hole_selects_all_of_it() {
    let mut stage = Stage::tour(Theme::Dark);
    stage.go_to("9");
    stage.frame(Vec::new());
    stage.click(800.0, 80.0);
    let hole = Span::new(10 << 20, 16 << 20).expect("in order");
    assert_eq!(stage.opened.selected(), SegmentId::new(1).map(|id| Item::Hole(id, hole)));
}

#[test]
fn zooming_goes_to_a_page_and_home() {
    let mut stage = Stage::tour(Theme::Light);
    stage.go_to("9");
    let item = stage.allocation("terrain");
    stage.opened.select(item);
    stage.frame(Vec::new());
    stage.state.zoom_to_selection(&stage.opened.view(Looking::default()));
    stage.picture(Vec::new(), "zoomed");
    let vram = SegmentId::new(1).expect("one");
    let window = stage.state.windows.get(&vram).copied().expect("it is zoomed");
    // Terrain is 6 MiB at 4 MiB: with a quarter on each side that is 2.5 to 11.5 MiB.
    assert_eq!((window.start(), window.end()), (0x28_0000, 0xB8_0000));
    for _ in 0..40 {
        stage.frame(vec![Event::PointerMoved(Pos2::new(300.0, 80.0)), Event::Zoom(1.5)]);
    }
    stage.picture(Vec::new(), "page");
    let window = stage.state.windows.get(&vram).copied().expect("it is zoomed");
    assert_eq!((window.len(), window.start() % PAGE_SIZE), (PAGE_SIZE, 0));
    stage.state.zoom_home();
    assert!(stage.state.windows.is_empty());
}

#[test]
fn a_frame_lights_up_its_page_and_the_other_way_round() {
    let mut stage = Stage::tour(Theme::Dark);
    stage.go_to("12");
    let upload = stage.allocation("upload");
    stage.opened.select(upload);
    stage.frame(Vec::new());
    let gart = SegmentId::new(3).expect("three");
    let cache = stage.state.lens_caches.get(&gart).expect("it is an aperture").clone();
    let mapped = |page: &&lens::LensPage| matches!(page.target, lens::PageTarget::Frame { .. });
    let page = *cache.pages.iter().find(mapped).expect("upload is mapped");
    let frame = page.target.frame().expect("it has one");
    let view = stage.opened.view(Looking::default());
    let started = view.started.expect("it starts");
    let step = stage.state.step.as_ref().expect("it was shown");
    let tokens = theme::Tokens::of(Theme::Dark);
    let scene = Scene {
        view: &view,
        started,
        tokens,
        colors: Colors::new(&step.slots, tokens),
        movements: &step.movements,
        encoded: &step.encoded,
        pixels_per_point: 1.0,
        glow: 1.0,
    };
    let expected = Some(Hot { page: Some(page.page), frame: Some(frame) });
    assert_eq!(hot(&scene, &cache, gart, Some(Item::Frame(frame))), expected);
    let item = Item::AperturePage(gart, page.page);
    assert_eq!(hot(&scene, &cache, gart, Some(item)), expected);
    assert_eq!(hot(&scene, &cache, gart, upload), None);
    stage.hovered = Some(Item::Frame(frame));
    stage.picture(Vec::new(), "link");
}

#[test]
fn tooltips_are_shown() {
    for theme in [Theme::Dark, Theme::Light] {
        let mut stage = Stage::tour(theme);
        stage.go_to("16.3");
        for (x, y, name) in [(100.0, 80.0, "block"), (800.0, 170.0, "hole"), (150.0, 300.0, "page")]
        {
            stage.point(x, y);
            stage.picture(Vec::new(), &format!("tip-{name}-{theme:?}"));
            assert!(stage.state.tip.is_some(), "{name}");
        }
    }
}

#[test]
fn thousands_of_blocks_merge() {
    let mut stage = Stage::new(&crowded(2_000), [864.0, 400.0], 1.0, Theme::Dark);
    let last = stage.opened.run().commands().len();
    assert_eq!(stage.opened.run().bad_count(), 0);
    stage.go_to(&last.to_string());
    stage.picture(Vec::new(), "crowded");
    let vram = SegmentId::new(1).expect("one");
    let merged = |stage: &Stage| {
        let cache = stage.state.lanes.get(&vram).expect("it was shown");
        let merged = cache.items.iter().filter_map(|item| match item {
            lanes::LaneItem::Merged(merged) => Some(merged.count),
            _ => None,
        });
        merged.sum::<u64>()
    };
    assert!(merged(&stage) > 500, "{}", merged(&stage));
    stage.point(300.0, 80.0);
    stage.picture(Vec::new(), "crowded-tip");
    for _ in 0..6 {
        stage.frame(vec![Event::PointerMoved(Pos2::new(300.0, 80.0)), Event::Zoom(1.5)]);
    }
    stage.picture(Vec::new(), "crowded-zoomed");
    assert!(merged(&stage) < 400, "closer up more are told apart: {}", merged(&stage));
}

#[test]
fn a_segment_of_two_to_the_63_bytes_is_shown() {
    let text = r#"(version: 1, adapter: (profile: "inspector", system_memory: "64 MiB", segments: [
        (name: "Huge", flags: 0x0, base: 0x4000000000000000, size: 0x8000000000000000),
        (name: "GART", flags: "Aperture", base: 0x0, size: "1 MiB"),
        ], paging_buffer: (segment: "GART", size: "4 KiB", count: 1)), commands: [
        CreateProcess("p"), CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "first", device: "d", size: "4 KiB", preferred: ["Huge"], supported: ["Huge"], resident: true),
        CreateAllocation(name: "last", device: "d", size: "4 KiB", preferred: ["Huge"], supported: ["Huge"], flags: "FromEndOfSegment", resident: true),
        ])"#;
    let mut stage = Stage::new(text, [700.0, 300.0], 2.0, Theme::Light);
    stage.go_to("4");
    let last = stage.allocation("last");
    stage.opened.select(last);
    stage.picture(Vec::new(), "huge");
    stage.state.zoom_to_selection(&stage.opened.view(Looking::default()));
    stage.picture(Vec::new(), "huge-zoomed");
    let huge = SegmentId::new(1).expect("one");
    let window = stage.state.windows.get(&huge).copied().expect("it is zoomed");
    assert_eq!((window.len(), window.end()), (16 * PAGE_SIZE, 1 << 63));
    for x in [20.0, 350.0, 680.0] {
        stage.point(x, 80.0);
    }
}

#[test]
fn an_adapter_that_does_not_start_says_why() {
    let broken = r#"(version: 1, adapter: (profile: "inspector", segments: [
        (name: "VRAM", flags: 0x80000004, base: 0x0, size: "16 MiB", commit_limit: "17 MiB"),
        (name: "GART", flags: 0x1, base: 0x800, size: "5000"),
        ]), commands: [])"#;
    let mut stage = Stage::new(broken, [864.0, 400.0], 1.0, Theme::Dark);
    assert!(stage.picture(Vec::new(), "broken").is_empty());
}

#[test]
fn small_and_tall_places_are_filled_without_panic() {
    for size in [[60.0, 40.0], [320.0, 120.0], [704.0, 300.0], [1400.0, 900.0]] {
        let text = include_str!("../../../../tests/sessions/walk.ron");
        let mut stage = Stage::new(text, size, 1.5, Theme::Light);
        stage.go_to("17.2.1");
        stage.picture(Vec::new(), &format!("size-{}", size[0]));
    }
}

/// Three banks of 4, 6 and 6 MiB over 832 points: bounds at 208 and 520 points from the left.
const BANKS: &str = r#"(version: 1, adapter: (profile: "inspector", system_memory: "64 MiB", segments: [
    (name: "VRAM", flags: "CpuVisible | UseBanking", base: 0x0, size: "16 MiB",
     cpu_translated_address: 0xE0000000, bank_count: 3, bank_ends: ["4 MiB", "10 MiB"]),
    ], paging_buffer: (segment: 0, size: "4 KiB")), commands: [
    CreateProcess("p"), CreateDevice(name: "d", process: "p"),
    CreateAllocation(name: "across", device: "d", size: "5 MiB", preferred: ["VRAM"],
        supported: ["VRAM"], resident: true),
    CreateAllocation(name: "hinted", device: "d", size: "1 MiB", preferred: ["VRAM"],
        supported: ["VRAM"], hinted_banks: [3], resident: true),
])"#;

#[test]
fn banks_stand_above_their_lane_and_say_what_lies_in_them() {
    for theme in [Theme::Dark, Theme::Light] {
        let mut stage = Stage::new(BANKS, [864.0, 200.0], 1.0, theme);
        stage.go_to("4");
        let hinted = stage.allocation("hinted");
        stage.opened.select(hinted);
        stage.picture(Vec::new(), &format!("banks-{theme:?}"));
        // Header 28, gap 8, title 18: the brackets lie from 54 to 72. 700 - 16 = 684 > 520.
        stage.point(700.0, 62.0);
        stage.picture(Vec::new(), &format!("banks-tip-{theme:?}"));
        let vram = SegmentId::new(1).expect("one");
        let (_, hit, tip) = stage.state.tip.clone().expect("the pointer is over a bank");
        assert_eq!(hit, Hit::Banks(vram, 3, 3));
        assert_eq!(tip.title, "Bank 3 of VRAM, 3 in all");
        assert_eq!(tip.lines[0], "6 MiB, 1 MiB of it used by 1 block");
        let told = "hinted: Bank 3 ↑ hinted, 3 actual";
        assert!(tip.lines.iter().any(|line| line == told), "{:?}", tip.lines);
        stage.point(100.0, 62.0);
        let (_, _, tip) = stage.state.tip.clone().expect("the pointer is over a bank");
        // 4 of the 5 MiB lie in bank 1.
        assert_eq!(tip.lines[0], "4 MiB, 4 MiB of it used by 1 block");
        assert!(tip.lines.iter().any(|line| line == "1 block across its ends"), "{:?}", tip.lines);
        let present = stage.state.step.as_ref().map(|step| step.present);
        assert_ne!(present, Some(Present::default()), "the legend explains what crosses a bank");
    }
}

#[test]
fn a_double_click_on_a_bank_zooms_to_it() {
    let mut stage = Stage::new(BANKS, [864.0, 200.0], 1.0, Theme::Dark);
    stage.go_to("4");
    stage.frame(Vec::new());
    stage.clicks(400.0, 62.0, 2);
    let vram = SegmentId::new(1).expect("one");
    let window = stage.state.windows.get(&vram).expect("the second click zooms");
    // Bank 2 is 4 to 10 MiB; a quarter of its size on each side.
    assert_eq!((window.start(), window.end()), (0x28_0000, 0xB8_0000));
    assert_eq!(stage.opened.selected(), Some(Item::Segment(vram)));
}

#[test]
fn every_mark_of_a_block_is_drawn() {
    let text = r#"(version: 1, adapter: (profile: "inspector", wddm: "1.3", system_memory: "64 MiB", segments: [
        (name: "VRAM", flags: "CpuVisible | PitchAlignment", base: 0x0, size: "64 KiB",
         cpu_translated_address: 0xE0000000),
        (name: "Plain", flags: "Aperture", base: 0xD0000000, size: "256 KiB"),
        ], paging_buffer: (segment: 0, size: "4 KiB")), commands: [
        CreateProcess("p"), CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "rows", device: "d", preferred: ["VRAM"], supported: ["VRAM"],
            flags: "CpuVisible", rows: (pitch: 256, aligned_pitch: 512, rows: 16), resident: true),
        CreateAllocation(name: "held", device: "d", preferred: ["VRAM"], supported: ["VRAM"],
            flags: "CpuVisible", rows: (pitch: 512, aligned_pitch: 512, rows: 16), resident: true),
        CreateAllocation(name: "given", device: "d", preferred: ["VRAM"], supported: ["VRAM"],
            rows: (pitch: 512, aligned_pitch: 512, rows: 32), resident: true),
        CreateAllocation(name: "shown", device: "d", preferred: ["VRAM"], supported: ["VRAM"],
            flags: "CpuVisible", primary: true,
            rows: (pitch: 512, aligned_pitch: 512, rows: 32), resident: true),
        Lock(allocation: "held"), Lock(allocation: "held"), Lock(allocation: "held"),
        Offer(["given"], LOW),
        Display("shown"),
    ])"#;
    for (theme, per_point) in [(Theme::Dark, 1.0), (Theme::Light, 2.0)] {
        let mut stage = Stage::new(text, [864.0, 300.0], per_point, theme);
        assert_eq!(stage.opened.run().bad_count(), 0);
        stage.go_to("11");
        stage.picture(Vec::new(), &format!("marks-{theme:?}"));
        // VRAM of 64 KiB over 832 points: "rows" lies at 0 to 8 KiB, "held" at 8 to 16.
        stage.point(60.0, 80.0);
        let (_, _, tip) = stage.state.tip.clone().expect("the pointer is over a block");
        for line in ["16 rows of 256 B, each taking 512 B", "4 KiB content and 4 KiB padding"] {
            assert!(tip.lines.iter().any(|known| known == line), "{line}: {:?}", tip.lines);
        }
        stage.point(170.0, 80.0);
        let (_, _, tip) = stage.state.tip.clone().expect("the pointer is over a block");
        let line = "locked 3 times by the CPU";
        assert!(tip.lines.iter().any(|known| known == line), "{:?}", tip.lines);
    }
}
