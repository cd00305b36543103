//! Long session files: how fast they are read and saved, and how much memory that takes.
//!
//! `cargo bench --bench files`, with `-- --quick` for a tenth of it. Beside reading stands a floor
//! that reads the same bytes as the same notation and keeps nothing of it; beside saving, one that
//! writes the same bytes at once and has them synced. Each measurement is a process of its own, so
//! that its peak is its own.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use vidmm_inspector::app::{App, Opened, Settings};
use vidmm_inspector::base::SplitMix;
use vidmm_inspector::config::Quirks;
use vidmm_inspector::render::Headless;
use vidmm_inspector::session::{self, load};
use vidmm_inspector::ui::Shell;
use vidmm_inspector::ui::theme::{self, Theme};

const MIB: f64 = 1024.0 * 1024.0;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    if let (Some(task), Some(path)) = (after("--task"), after("--file")) {
        measure(task, Path::new(path));
        return;
    }
    let commands =
        if arguments.iter().any(|argument| argument == "--quick") { 100_000 } else { 1_000_000 };
    let path = std::env::temp_dir().join(format!("vidmm-files-{}.ron", std::process::id()));
    fs::write(&path, generate(commands)).expect("the temporary folder is writable");
    let bytes = fs::metadata(&path).map_or(0, |found| found.len());
    println!("{commands} commands, {:.1} MiB", bytes as f64 / MIB);
    let tasks = [
        "floor of reading",
        "read",
        "read to run",
        "first picture",
        "replay",
        "floor of saving",
        "save",
        "compare",
    ];
    for task in tasks {
        let this = std::env::current_exe().expect("this program has a path");
        let done = Command::new(this).args(["--task", task, "--file"]).arg(&path).status();
        if !done.is_ok_and(|status| status.success()) {
            println!("{task}: failed");
        }
    }
    let _ = fs::remove_file(&path);
}

fn measure(task: &str, path: &Path) {
    let bytes = fs::metadata(path).map_or(0, |found| found.len());
    let origin = path.display().to_string();
    let beside = path.with_extension("saved");
    let took = match task {
        "floor of reading" => timed(|| {
            let text = fs::read_to_string(path).expect("it was written");
            let _: IgnoredAny = options().from_str(&text).expect("it is RON");
        }),
        "read" => timed(|| {
            let text = load::read(path).expect("it was written");
            let opened = Opened::read(&text, &origin).expect("it is a session");
            std::mem::forget(opened);
        }),
        "read to run" => timed(|| {
            let opened = Opened::read_to_run(path, Quirks::empty());
            std::mem::forget(opened.expect("it is a session"));
        }),
        "first picture" => timed(|| {
            let text = load::read(path).expect("it was written");
            let opened = Opened::read(&text, &origin).expect("it is a session");
            drop(text);
            let mut app = App::new(Settings::default());
            app.show(opened);
            let mut headless = Headless::new([1440.0, 900.0], 1.0, Theme::Dark);
            theme::install(headless.context());
            let mut shell = Shell::default();
            let made = headless.frame(|ui| {
                let _ = shell.show(ui, &mut app, Duration::ZERO, &mut || false);
            });
            std::mem::forget((app, made));
        }),
        "replay" => timed(|| {
            let opened = Opened::read_to_run(path, Quirks::empty());
            let mut opened = opened.expect("it is a session");
            opened.run_mut().forget_history();
            opened.run_mut().execute_all();
            println!("  {} commands are not as they should be", opened.run().bad_count());
            std::mem::forget(opened);
        }),
        "floor of saving" => {
            let text = fs::read(path).expect("it was written");
            timed(|| {
                let mut file = fs::File::create(&beside).expect("the folder is writable");
                file.write_all(&text).expect("there is room");
                file.sync_all().expect("there is a disk");
            })
        }
        "save" => {
            let document = load::load(path).expect("it is a session");
            let before = peak();
            let took = timed(|| {
                session::save(&beside, &document).expect("there is room");
            });
            println!("  saving adds {:.1} MiB to the peak", (peak() - before) as f64 / MIB);
            took
        }
        "compare" => timed(|| {
            let file = fs::File::open(path).expect("it was written");
            session::Fingerprint::of_reader(file).expect("it can be read");
        }),
        _ => Duration::ZERO,
    };
    let _ = fs::remove_file(&beside);
    let speed = bytes as f64 / MIB / took.as_secs_f64().max(1e-9);
    println!(
        "{task}: {:.2} s, {speed:.0} MiB/s; peak {:.1} MiB, {:.2} times the file",
        took.as_secs_f64(),
        peak() as f64 / MIB,
        peak() as f64 / bytes as f64
    );
}

fn options() -> ron::Options {
    let extensions = ron::extensions::Extensions::IMPLICIT_SOME
        | ron::extensions::Extensions::UNWRAP_VARIANT_NEWTYPES;
    ron::Options::default().with_default_extension(extensions)
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    let _ = std::hint::black_box(work());
    start.elapsed()
}

/// Bytes of memory that the process ever had at once; 0 where the system does not say.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

/// A session like the workload by which speed is judged: a tenth as many allocations as commands,
/// three references each. Two fifths of the allocations fit into memory together and are in use; one
/// command in ten brings another one in. One in a hundred is a write of the processor.
fn generate(commands: u64) -> String {
    use std::fmt::Write as _;
    let mut random = SplitMix::new(2_006);
    let allocations = (commands / 10).max(10);
    let hot = allocations * 2 / 5;
    // In pages of 64 KiB, one an allocation.
    let (memory, system) = ((hot + hot / 8) * 64, allocations * 4 * 64);
    let mut text = format!(
        "// A long session.\n(\n    version: 1,\n    title: \"Long\",\n    adapter: (\n        \
         profile: \"inspector\",\n        system_memory: \"{system} KiB\",\n        segments: \
         [\n            (name: \"VRAM\", flags: \"CpuVisible\", base: 0x0, size: \"{memory} \
         KiB\"),\n            (name: \"GART\", flags: \"Aperture\", base: 0x10000000000, size: \
         \"64 MiB\"),\n        ],\n        paging_buffer: (segment: \"GART\", size: \"16 KiB\", \
         count: 2),\n    ),\n    commands: [\n        CreateProcess(\"p\"),\n        \
         CreateDevice(name: \"d\", process: \"p\"),\n"
    );
    for number in 0..allocations {
        let _ = writeln!(
            text,
            "        CreateAllocation(name: \"a{number}\", device: \"d\", size: \"64 KiB\", \
             preferred: [\"VRAM\"], supported: [\"VRAM\"]),"
        );
    }
    for _ in 0..commands {
        let kind = random.below(100);
        let mut any = || random.below(hot);
        let (first, second, mut third) = (any(), any(), any());
        if kind < 10 {
            third = hot + random.below(allocations - hot);
        }
        let line = match kind {
            99 => format!(
                "CpuWrite(allocation: \"a{first}\", length: \"4 KiB\", data: Seed({second}))"
            ),
            _ => format!("Use([Read(\"a{first}\"), Write(\"a{second}\"), Read(\"a{third}\")])"),
        };
        let _ = writeln!(text, "        {line},");
    }
    text.push_str("    ],\n)\n");
    text
}
