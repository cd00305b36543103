//! What a frame of the whole window costs on the processor: the pass through all panels, and
//! tessellation. Nothing is drawn.
//!
//! `cargo bench --bench frames`, with `-- --quick` for 100,000 allocations alone, or with numbers of
//! allocations. For each tab and each thing that somebody does there stand the median, the slower of
//! a hundred and the slowest of the frames during which the system left the processor to us, beside a floor of the same run: a window of as many points that
//! shows nothing but as many triangles and as much text as ours.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use egui::{
    Context, Event, FullOutput, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2,
    RawInput, Rect, TouchPhase, Vec2, ViewportId, pos2, vec2,
};
use vidmm_inspector::app::{Action, App, Item, Opened, Speed, Tab};
use vidmm_inspector::base::{AllocationId, SplitMix};
use vidmm_inspector::machine::{Level, Place, Scrutiny};
use vidmm_inspector::ui::{Shell, theme};

const SEED: u64 = 2_006;
/// Points of the window.
const SIZE: Vec2 = vec2(1440.0, 900.0);
/// Frames of each action.
const FRAMES: u64 = 60;
/// Commands behind the playhead when everything has been made.
const AHEAD: u32 = 2_000;
/// The aim for a frame, in milliseconds.
const AIM: f64 = 4.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut counts: Vec<u32> = arguments.iter().filter_map(|it| it.parse().ok()).collect();
    if counts.is_empty() {
        counts.push(100_000);
        if !arguments.iter().any(|it| it == "--quick") {
            counts.push(1_000_000);
        }
    }
    for count in counts {
        measure(count);
    }
}

/// A session that creates `count` allocations, makes four of five resident, and then uses them: one
/// in ten commands pages, one in fifty creates or destroys.
fn session(count: u32) -> String {
    let mut random = SplitMix::new(SEED);
    let mut text = String::with_capacity(count as usize * 110);
    // One to five pages each, and some room besides.
    let mib = (u64::from(count) * 14 / 1024 + 64).next_multiple_of(16);
    let _ = writeln!(
        text,
        "(version: 1, title: \"Frames\", adapter: (profile: \"inspector\", system_memory: \"{} MiB\", \
         segments: [(name: \"VRAM\", flags: \"CpuVisible\", base: 0x0, size: \"{mib} MiB\"), \
         (name: \"GART\", flags: \"Aperture\", base: \"1 TiB\", size: \"256 MiB\")], \
         paging_buffer: (segment: 2, size: \"16 KiB\", count: 2)), commands: [\
         CreateProcess(\"p\"), CreateDevice(name: \"d\", process: \"p\"),\
         CreateProcess(\"q\"), CreateDevice(name: \"e\", process: \"q\"),",
        8 * mib
    );
    for number in 0..count {
        create(&mut text, number);
    }
    let resident: Vec<u32> = (0..count).filter(|number| number % 5 != 0).collect();
    for some in resident.chunks(64) {
        text.push_str("MakeResident([");
        for number in some {
            let _ = write!(text, "\"t{number}\",");
        }
        text.push_str("]),\n");
    }
    for number in 0..AHEAD {
        let any = |random: &mut SplitMix| random.below(u64::from(count)) / 5 * 5;
        match number % 100 {
            0 => create(&mut text, count + number),
            50 => {
                let _ = writeln!(text, "DestroyAllocation(\"t{}\"),", count + number - 50);
            }
            _ => {
                let cold = u64::from(number % 10 != 5);
                let all = [any(&mut random) + cold, any(&mut random) + 1, any(&mut random) + 2];
                let [a, b, c] = all.map(|it| it.min(u64::from(count) - 1));
                let _ = writeln!(text, "Use([Read(\"t{a}\"),Read(\"t{b}\"),Write(\"t{c}\")]),");
            }
        }
    }
    text.push_str("])");
    text
}

fn create(text: &mut String, number: u32) {
    let (size, device) =
        (4 * (1 + number * 7 % 5), if number.is_multiple_of(3) { "e" } else { "d" });
    let _ = writeln!(
        text,
        "CreateAllocation(name: \"t{number}\", device: \"{device}\", size: \"{size} KiB\", \
         preferred: [1], supported: [1]),"
    );
}

fn measure(count: u32) {
    let text = session(count);
    let begun = Instant::now();
    let mut opened = match Opened::read(&text, "frames") {
        Ok(opened) => opened,
        Err(errors) => {
            println!("the session cannot be read: {}", errors[0]);
            return;
        }
    };
    drop(text);
    println!("\n{count} allocations; read in {:.1} s", begun.elapsed().as_secs_f64());
    if opened.run().machine().started().is_err() {
        println!("the adapter does not start");
        return;
    }
    opened.run_mut().machine_mut().set_scrutiny(Scrutiny::Touched);
    let commands = opened.run().commands().len();
    let mut stage = Stage::new(opened);
    stage.open(commands);
    let bad = stage.app.session().map_or(0, |opened| opened.run().bad_count());
    println!("{} commands, {bad} of them bad; memory {} MiB at most", commands, resident_peak());
    let begun = Instant::now();
    stage.do_action(Action::GoTo(Place::after(commands - AHEAD as usize)));
    stage.settle();
    let view = stage.app.view();
    let resident = view.map_or(0, |view| view.tally.resident().count);
    println!("gone there in {:.2} s; {resident} resident", begun.elapsed().as_secs_f64());
    let floor = stage.floor();
    println!(
        "{:<34} {:>9} {:>9} {:>9} {:>9}  disturbed",
        "milliseconds", "median", "p99", "most", "tessel."
    );
    print_row("floor: the same shapes, no panels", &floor, &mut 0);
    let mut slow = 0;
    for tab in Tab::ALL {
        println!("{tab:?}");
        stage.do_action(Action::SetTab(tab));
        // With a million that is minutes.
        if tab == Tab::Power && count <= 100_000 {
            let begun = Instant::now();
            stage.do_action(Action::TrySleeps);
            stage.settle();
            println!(
                "  what three sleeps would do, asked for: {:.1} s",
                begun.elapsed().as_secs_f64()
            );
        }
        everywhere(&mut stage, count, &mut slow);
        if tab == Tab::Allocations {
            table(&mut stage, &mut slow);
        }
    }
    println!("{slow} rows whose slowest frame is not under {AIM} ms");
}

/// What can be done whatever is shown below the map.
fn everywhere(stage: &mut Stage, count: u32, slow: &mut usize) {
    let mut random = SplitMix::new(SEED);
    stage.settle();
    let row = stage.frames(|_, _| Vec::new());
    print_row("  nothing", &row, slow);
    let (map, below) = (pos2(700.0, 250.0), pos2(700.0, 640.0));
    for (what, at) in [("  pointer over the map", map), ("  pointer below the map", below)] {
        let row = stage.frames(|_, frame| {
            let along = if frame % 2 == 0 { 0.0 } else { 7.0 };
            let further = f32::from(u8::try_from(frame % 50).unwrap_or(0));
            vec![Event::PointerMoved(at + vec2(along + further, along + further))]
        });
        print_row(what, &row, slow);
    }
    let row = stage.frames(|stage, _| {
        stage.shell.take_answer(Action::Forward(Some(Level::Command)));
        Vec::new()
    });
    print_row("  step forward", &row, slow);
    let row = stage.frames(|stage, _| {
        stage.shell.take_answer(Action::Back(Some(Level::Command)));
        Vec::new()
    });
    print_row("  step back", &row, slow);
    let row = stage.frames(|stage, _| {
        stage.shell.take_answer(Action::Forward(Some(Level::Packet)));
        Vec::new()
    });
    print_row("  packet forward", &row, slow);
    let row = stage.frames(|stage, _| {
        let id = u32::try_from(random.below(u64::from(count))).unwrap_or(0);
        let item = Item::Allocation(AllocationId(id));
        stage.shell.take_answer(Action::Select(Some(item)));
        Vec::new()
    });
    print_row("  select", &row, slow);
    let row = stage.frames(|stage, _| {
        stage.shell.take_answer(Action::Forward(Some(Level::Command)));
        Vec::new()
    });
    print_row("  step with a selection", &row, slow);
    stage.do_action(Action::SetSpeed(Speed(50)));
    stage.do_action(Action::PlayPause);
    let row = stage.frames(|_, _| Vec::new());
    print_row("  playing, 50 steps a second", &row, slow);
    stage.do_action(Action::PlayPause);
    stage.do_action(Action::Select(None));
    let _ = stage.frame(vec![Event::PointerMoved(map)]);
    for (what, factor) in [("  zoom in", 1.15), ("  zoom out", 1.0 / 1.15)] {
        let row = stage.frames(|_, _| vec![Event::Zoom(factor)]);
        print_row(what, &row, slow);
    }
    stage.do_action(Action::ZoomHome);
}

/// What can be done with the table of allocations.
fn table(stage: &mut Stage, slow: &mut usize) {
    let over = pos2(700.0, 700.0);
    let _ = stage.frame(vec![Event::PointerMoved(over)]);
    for (what, turn) in [("  scroll a little", -30.0), ("  scroll far", -9_000.0)] {
        let row = stage.frames(|_, _| {
            vec![Event::MouseWheel {
                source: MouseWheelSource::Unknown,
                unit: MouseWheelUnit::Point,
                delta: vec2(0.0, turn),
                phase: TouchPhase::Move,
                modifiers: Modifiers::NONE,
            }]
        });
        print_row(what, &row, slow);
    }
    for title in ["Size", "Allocation", "Address", "Last use"] {
        let Some(rect) = stage.find(&format!("Sort by {title}")) else {
            println!("  no title {title}");
            continue;
        };
        let row = stage.click_often(rect.center());
        print_row(&format!("  sort by {title}"), &row, slow);
        let row = stage.frames(|stage, frame| {
            let forward = frame % 8 < 4;
            let level = Some(Level::Command);
            let step = if forward { Action::Forward(level) } else { Action::Back(level) };
            stage.shell.take_answer(step);
            Vec::new()
        });
        print_row("    and step", &row, slow);
    }
    let Some(field) = stage.find("Filter allocations") else {
        println!("  no filter");
        return;
    };
    for text in ["t123", "dirty", "0x123000", "q"] {
        stage.click(field.center());
        let all = Event::Key {
            key: egui::Key::A,
            physical_key: None,
            pressed: true,
            repeat: false,
            modifiers: Modifiers::COMMAND,
        };
        let _ = stage.frame(vec![all]);
        let letters: Vec<char> = text.chars().collect();
        let row = stage.frames(|_, frame| {
            let letter = usize::try_from(frame).ok().and_then(|frame| letters.get(frame));
            letter.map(|it| Event::Text(it.to_string())).into_iter().collect()
        });
        print_row(&format!("  type {text}"), &row, slow);
        stage.settle();
        let row = stage.frames(|stage, _| {
            stage.shell.take_answer(Action::Forward(Some(Level::Command)));
            Vec::new()
        });
        print_row("    and step", &row, slow);
    }
}

/// A frame: the pass and tessellation, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Cost {
    pass: f64,
    tessellation: f64,
    /// The system gave the processor to somebody else meanwhile.
    disturbed: bool,
}

impl Cost {
    fn all(self) -> f64 {
        self.pass + self.tessellation
    }
}

fn print_row(what: &str, costs: &[Cost], slow: &mut usize) {
    let disturbed = costs.iter().filter(|cost| cost.disturbed).count();
    // What others took is not the window's; where all were disturbed, there is nothing else to tell.
    let counts = |cost: &&Cost| !cost.disturbed || disturbed * 2 > costs.len();
    let mut all: Vec<f64> = costs.iter().filter(counts).map(|cost| cost.all()).collect();
    all.sort_by(f64::total_cmp);
    let mut shapes: Vec<f64> = costs.iter().map(|cost| cost.tessellation).collect();
    shapes.sort_by(f64::total_cmp);
    let at = |of: &[f64], share: usize| of.get((of.len() * share / 100).min(of.len() - 1)).copied();
    let of = |share| at(&all, share).unwrap_or(0.0);
    let mark = if of(100) < AIM { "" } else { "  slow" };
    *slow += usize::from(of(100) >= AIM);
    println!(
        "{what:<34} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {disturbed:>4}/{}{mark}",
        of(50),
        of(99),
        of(100),
        at(&shapes, 50).unwrap_or(0.0),
        costs.len()
    );
}

/// The window without one.
struct Stage {
    context: Context,
    app: App,
    shell: Shell,
    time: f64,
    output: FullOutput,
}

impl Stage {
    fn new(opened: Opened) -> Self {
        let context = Context::default();
        theme::install(&context);
        let mut app = App::default();
        app.show(opened);
        let output = FullOutput::default();
        Self { context, app, shell: Shell::default(), time: 0.0, output }
    }

    fn input(&mut self, events: Vec<Event>) -> RawInput {
        self.time += 1.0 / 60.0;
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZE)),
            time: Some(self.time),
            events,
            focused: true,
            ..RawInput::default()
        };
        let viewport = input.viewports.entry(ViewportId::ROOT).or_default();
        viewport.native_pixels_per_point = Some(1.0);
        input
    }

    fn frame(&mut self, events: Vec<Event>) -> Cost {
        let input = self.input(events);
        let now = Duration::from_secs_f64(self.time);
        let (app, shell) = (&mut self.app, &mut self.shell);
        let taken = taken_away();
        let begun = Instant::now();
        let mut output = self.context.run_ui(input, |ui| {
            let started = Instant::now();
            let mut has_time = || started.elapsed() < Duration::from_millis(4);
            let _ = shell.show(ui, app, now, &mut has_time);
        });
        let pass = begun.elapsed();
        let shapes = std::mem::take(&mut output.shapes);
        let begun = Instant::now();
        let primitives = self.context.tessellate(shapes.clone(), 1.0);
        let tessellation = begun.elapsed();
        let disturbed = taken_away() != taken;
        drop(primitives);
        output.shapes = shapes;
        output.textures_delta.clear();
        self.output = output;
        Cost { pass: milliseconds(pass), tessellation: milliseconds(tessellation), disturbed }
    }

    /// The cost of a frame for each of many events, or of the frame after it where that costs more.
    fn frames(&mut self, mut events: impl FnMut(&mut Self, u64) -> Vec<Event>) -> Vec<Cost> {
        let mut costs = Vec::new();
        for number in 0..FRAMES {
            let events = events(self, number);
            let own = self.frame(events);
            let next = self.frame(Vec::new());
            costs.push(if next.all() > own.all() { next } else { own });
        }
        costs
    }

    /// Runs on until nothing asks for a frame.
    fn settle(&mut self) {
        for _ in 0..2_000 {
            let _ = self.frame(Vec::new());
            let viewport = self.output.viewport_output.get(&ViewportId::ROOT);
            if viewport.is_none_or(|viewport| !viewport.repaint_delay.is_zero()) {
                return;
            }
        }
        println!("  the window does not come to rest");
    }

    fn do_action(&mut self, action: Action) {
        self.shell.take_answer(action);
        let _ = self.frame(Vec::new());
        let _ = self.frame(Vec::new());
    }

    /// Runs the session as the window does, and says how long frames took meanwhile.
    fn open(&mut self, commands: usize) {
        let begun = Instant::now();
        let mut costs = Vec::new();
        loop {
            let cost = self.frame(Vec::new());
            costs.push(cost);
            let executed = self.app.session().map_or(commands, |opened| opened.run().executed());
            if executed >= commands {
                break;
            }
        }
        println!(
            "executed in {:.1} s, {} frames; milliseconds of a frame meanwhile:",
            begun.elapsed().as_secs_f64(),
            costs.len()
        );
        print_row("  while it executes", &costs, &mut 0);
    }

    fn click(&mut self, at: Pos2) -> Cost {
        let button = |pressed| Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        let _ = self.frame(vec![Event::PointerMoved(at)]);
        let _ = self.frame(vec![button(true)]);
        let up = self.frame(vec![button(false)]);
        // No double click.
        self.time += 1.0;
        let next = self.frame(Vec::new());
        if next.all() > up.all() { next } else { up }
    }

    fn click_often(&mut self, at: Pos2) -> Vec<Cost> {
        (0..9).map(|_| self.click(at)).collect()
    }

    /// Where something with a name is, as screen readers are told.
    fn find(&mut self, name: &str) -> Option<Rect> {
        self.context.enable_accesskit();
        let _ = self.frame(Vec::new());
        let _ = self.frame(Vec::new());
        let update = self.output.platform_output.accesskit_update.take();
        self.context.disable_accesskit();
        let nodes = update.map_or_else(Vec::new, |update| update.nodes);
        let named = |node: &egui::accesskit::Node| {
            let own = node.label().or_else(|| node.value()).unwrap_or("");
            own == name || own.starts_with(&format!("{name},"))
        };
        let (_, node) = nodes.into_iter().find(|(_, node)| named(node))?;
        let bounds = node.bounds()?;
        #[expect(clippy::cast_possible_truncation, reason = "points of a window")]
        let at = |x: f64, y: f64| pos2(x as f32, y as f32);
        Some(Rect::from_min_max(at(bounds.x0, bounds.y0), at(bounds.x1, bounds.y1)))
    }

    /// The shapes of the last frame, shown by a window without panels.
    fn floor(&mut self) -> Vec<Cost> {
        self.settle();
        let shapes = self.output.shapes.clone();
        let context = Context::default();
        theme::install(&context);
        let mut costs = Vec::new();
        for _ in 0..FRAMES {
            let input = self.input(Vec::new());
            let taken = taken_away();
            let begun = Instant::now();
            let mut output = context.run_ui(input, |ui| {
                for clipped in &shapes {
                    ui.painter().with_clip_rect(clipped.clip_rect).add(clipped.shape.clone());
                }
            });
            let pass = milliseconds(begun.elapsed());
            output.textures_delta.clear();
            let begun = Instant::now();
            drop(context.tessellate(output.shapes, 1.0));
            let tessellation = milliseconds(begun.elapsed());
            costs.push(Cost { pass, tessellation, disturbed: taken_away() != taken });
        }
        costs
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// How often the system took the processor from this thread, where it tells.
fn taken_away() -> u64 {
    status("nonvoluntary_ctxt_switches:")
}

/// A number that the system tells of this thread.
fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    number.unwrap_or(0)
}

/// Peak memory of this process in MiB, where the system tells it.
fn resident_peak() -> u64 {
    status("VmHWM:") / 1024
}
