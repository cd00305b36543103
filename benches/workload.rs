//! The workload by which speed is judged: 100,000 allocations, then 1,000,000 commands of three
//! references each, of which a tenth page, one in a hundred creates or destroys and one in a
//! hundred is a write of the processor.
//!
//! `cargo bench --bench workload`, with `-- --quick` for a tenth of everything. Beside the machine
//! runs a floor: the same references, each looked up in a map and moved to the end of an order by
//! time. A memory manager that decides by last reference cannot do less; it does nothing else.

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use vidmm_inspector::base::{
    AllocationId, Bytes, ContextId, ContextRef, DeviceId, ProcessId, SegmentId, SplitMix,
};
use vidmm_inspector::config::{Adapter, PagingBuffer, Policies, Segment};
use vidmm_inspector::ddi::{
    AllocationFlags, AllocationInfo, DeviceInfo, Preference, PreferredSegments, Priority,
    SegmentFlags, SegmentSet,
};
use vidmm_inspector::kmd::{Profile, profile};
use vidmm_inspector::machine::{
    AllocationRange, At, Command, Counter, CreateAllocation, Data, Ending, Level, Place, Reference,
    ReferenceKind, Run, Scrutiny, Submit, UserCommand,
};

const SEED: u64 = 2_006;
const PAGE: u64 = 4096;
const GIB: u64 = 1 << 30;
/// Pages of an allocation: 1 to this many.
const LARGEST: u64 = 32;

/// How much of everything.
#[derive(Clone, Copy)]
struct Scale {
    allocations: u64,
    commands: u64,
}

/// The commands, and how many of them only set the scene.
struct Workload {
    commands: Vec<Command>,
    setup: usize,
}

/// Allocations that live: those in use, and those that lie about.
struct Living {
    hot: Vec<AllocationId>,
    cold: Vec<AllocationId>,
    next: u32,
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let scale = if quick {
        Scale { allocations: 10_000, commands: 100_000 }
    } else {
        Scale { allocations: 100_000, commands: 1_000_000 }
    };
    let workload = generate(scale);
    let own = resident_peak();
    println!(
        "{} commands to set {} allocations up, then {} commands; {own} MiB with the commands",
        workload.setup, scale.allocations, scale.commands
    );
    let floor = floor(&workload);
    println!("floor: {}", rate(scale.commands, floor));
    for scrutiny in [Scrutiny::Touched, Scrutiny::Full] {
        measure(scale, &workload, scrutiny, floor, own);
    }
    drop(workload);
    println!("\nframes");
    for mapped in [false, true] {
        submit_frames(mapped);
    }
    println!("\nsubmissions");
    for contexts in [1, 4] {
        submit_programs(contexts);
    }
}

/// Command buffers of a program-like workload.
const PROGRAMS: u64 = 20_000;

/// Command buffers of eight commands each on allocations that are all resident: what is measured is
/// the way through render, patch and submission. The contexts take turns.
fn submit_programs(contexts: u32) {
    let scale = Scale { allocations: 1_000, commands: PROGRAMS };
    let mut random = SplitMix::new(SEED);
    let mut living = Living { hot: Vec::new(), cold: Vec::new(), next: 0 };
    let info = DeviceInfo { dma_buffer_size: 16 * 1024, ..DeviceInfo::default() };
    let mut commands = vec![
        Command::CreateProcess(ProcessId(0)),
        Command::CreateDevice(DeviceId(0), ProcessId(0), info),
    ];
    for context in 1..contexts {
        commands.push(Command::CreateContext(ContextId(context - 1), DeviceId(0), 0));
    }
    for _ in 0..scale.allocations / 2 {
        living.hot.push(AllocationId(living.next));
        commands.push(create(&mut random, &mut living));
    }
    commands.extend(living.hot.chunks(16).map(|some| Command::MakeResident(some.into())));
    let setup = commands.len();
    for number in 0..PROGRAMS {
        let turn = u32::try_from(number).unwrap_or(0) % contexts;
        let context = match turn.checked_sub(1) {
            Some(own) => ContextRef::Own(ContextId(own)),
            None => ContextRef::OfDevice(DeviceId(0)),
        };
        let program = (0..8).map(|step| {
            let mut at = || At { allocation: living.hot[any(&mut random, &living.hot)], offset: 0 };
            let length = Some(PAGE);
            match step {
                0..3 => UserCommand::Fill { destination: at(), length, pattern: step },
                3..7 => UserCommand::Copy { source: at(), destination: at(), length },
                _ => UserCommand::Add { destination: at(), length: Some(64), addend: 1 },
            }
        });
        let commands_of = program.collect();
        commands.push(Command::Submit(Box::new(Submit { context, commands: commands_of })));
    }
    let workload = Workload { commands, setup };
    let floor = floor(&workload);
    let commands = workload.commands.clone().into();
    let mut run = Run::new(&adapter(scale), Policies::default(), &driver(), commands);
    run.machine_mut().set_scrutiny(Scrutiny::Touched);
    let _ = run.go_to(Place::after(setup));
    let took = timed(|| run.go_to(Place::after(workload.commands.len())));
    println!(
        "  {PROGRAMS} command buffers of 8 commands in {contexts} contexts: {:.0} command buffers a \
         second, {:.1} times the floor; {} not done",
        PROGRAMS as f64 / took.as_secs_f64(),
        took.as_secs_f64() / floor.as_secs_f64(),
        run.records()[setup..].iter().filter(|record| record.ending != Ending::Done).count(),
    );
}

/// Submissions of a frame-like workload, and references of each.
const FRAMES: u64 = 1_000;
const FRAME_REFERENCES: u64 = 200;

/// Submissions that reference many allocations, all resident: what is measured is the way from a
/// submission to its last packet. With `mapped` the DMA buffers go through an aperture.
fn submit_frames(mapped: bool) {
    let scale = Scale { allocations: 1_000, commands: FRAMES };
    let mut random = SplitMix::new(SEED);
    let mut living = Living { hot: Vec::new(), cold: Vec::new(), next: 0 };
    let mut set = SegmentSet::default();
    if mapped {
        set = set.with(SegmentId::new(2).expect("the adapter has two segments"));
    }
    let info = DeviceInfo {
        dma_buffer_size: 16 * 1024,
        dma_buffer_segment_set: set,
        ..DeviceInfo::default()
    };
    let mut commands = vec![
        Command::CreateProcess(ProcessId(0)),
        Command::CreateDevice(DeviceId(0), ProcessId(0), info),
    ];
    for _ in 0..scale.allocations / 2 {
        living.hot.push(AllocationId(living.next));
        commands.push(create(&mut random, &mut living));
    }
    commands.extend(living.hot.chunks(16).map(|some| Command::MakeResident(some.into())));
    let setup = commands.len();
    for _ in 0..FRAMES {
        let references = (0..FRAME_REFERENCES).map(|number| Reference {
            allocation: living.hot[any(&mut random, &living.hot)],
            range: AllocationRange::default(),
            kind: if number % 4 == 0 {
                ReferenceKind::Write { seed: None }
            } else {
                ReferenceKind::Read
            },
        });
        commands.push(Command::Use(references.collect()));
    }
    let workload = Workload { commands, setup };
    let floor = floor(&workload);
    let commands = workload.commands.clone().into();
    let mut run = Run::new(&adapter(scale), Policies::default(), &driver(), commands);
    run.machine_mut().set_scrutiny(Scrutiny::Touched);
    let _ = run.go_to(Place::after(setup));
    let took = timed(|| run.go_to(Place::after(workload.commands.len())));
    let references = (FRAMES * FRAME_REFERENCES) as f64 / took.as_secs_f64();
    println!(
        "  {FRAMES} submissions of {FRAME_REFERENCES} references, DMA buffers {}: {:.0} submissions \
         and {references:.0} references a second, {:.1} times the floor; {} not done",
        if mapped { "mapped" } else { "contiguous" },
        FRAMES as f64 / took.as_secs_f64(),
        took.as_secs_f64() / floor.as_secs_f64(),
        run.records()[setup..].iter().filter(|record| record.ending != Ending::Done).count(),
    );
}

fn measure(scale: Scale, workload: &Workload, scrutiny: Scrutiny, floor: Duration, own: u64) {
    let adapter = adapter(scale);
    let commands = workload.commands.clone().into();
    let mut run = Run::new(&adapter, Policies::default(), &driver(), commands);
    run.machine_mut().set_scrutiny(scrutiny);
    let setup = timed(|| run.go_to(Place::after(workload.setup)));
    let replay = timed(|| run.go_to(Place::after(workload.commands.len())));
    let ratio = replay.as_secs_f64() / floor.as_secs_f64();
    println!("\n{scrutiny:?}");
    println!("  setting up: {}", rate(workload.setup as u64, setup));
    println!("  replay: {}, {ratio:.1} times the floor", rate(scale.commands, replay));
    describe(&run, workload.setup);
    let _ = run.go_to(Place::default());
    let journals = resident_peak() - own.min(resident_peak());
    println!("  peak memory: {} MiB, {journals} MiB of it the run", resident_peak());
    if scrutiny == Scrutiny::Touched {
        travel(&mut run, workload.setup);
    }
}

/// What the commands came to, so that the workload is what it says.
fn describe(run: &Run, setup: usize) {
    let records = &run.records()[setup..];
    let share = |count: usize| 100.0 * count as f64 / records.len() as f64;
    let paged = records.iter().filter(|r| r.summary.bytes_in + r.summary.bytes_mapped > 0).count();
    let refused = records.iter().filter(|r| matches!(r.ending, Ending::Refused(_))).count();
    let counter = |counter| run.machine().started().map_or(0, |started| started.counter(counter));
    println!(
        "  {:.1} % page, {:.2} % refused, {} with damage; {} page-ins, {} evictions",
        share(paged),
        share(refused),
        run.bad_count(),
        counter(Counter::PageIns),
        counter(Counter::Evictions),
    );
}

/// Steps and jumps in a run that is complete.
fn travel(run: &mut Run, setup: usize) {
    let mut random = SplitMix::new(SEED);
    let span = (run.executed() - setup) as u64;
    let mut anywhere = || setup + usize::try_from(random.below(span)).unwrap_or(0);
    let to_end = timed(|| run.go_to(Place::after(run.executed())));
    println!("  from the start to the end: {:.1} ms", milliseconds(to_end));
    let jumps: Vec<Duration> =
        (0..100).map(|_| timed(|| run.go_to(Place::after(anywhere())))).collect();
    print_row("jump to a random command", &jumps);
    for level in [Level::Command, Level::Operation, Level::Packet] {
        let (mut forward, mut back) = (Vec::new(), Vec::new());
        for _ in 0..50 {
            let _ = run.go_to(Place::after(anywhere()));
            forward.push(timed(|| step(run, level, true)));
            back.push(timed(|| step(run, level, false)));
        }
        print_row(&format!("one {level:?} forward"), &forward);
        print_row(&format!("one {level:?} back"), &back);
    }
}

fn step(run: &mut Run, level: Level, forward: bool) {
    let place = if forward { run.next_place(level) } else { run.previous_place(level) };
    if let Ok(Some(place)) = place {
        let _ = run.go_to(place);
    }
}

fn print_row(what: &str, times: &[Duration]) {
    let mean = times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap_or(1);
    let most = times.iter().max().copied().unwrap_or_default();
    println!("  {what}: {:.3} ms, at most {:.3}", milliseconds(mean), milliseconds(most));
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn rate(commands: u64, time: Duration) -> String {
    let a_second = commands as f64 / time.as_secs_f64();
    format!("{:.2} s, {a_second:.0} commands a second", time.as_secs_f64())
}

fn timed<R>(work: impl FnOnce() -> R) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

/// Peak memory of this process in MiB, where the system tells it.
fn resident_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

/// The references of the workload with nothing but a map and an order by time.
fn floor(workload: &Workload) -> Duration {
    let mut last: BTreeMap<AllocationId, u64> = BTreeMap::new();
    let mut order: BTreeSet<(u64, AllocationId)> = BTreeSet::new();
    let mut time = 0;
    let mut touch = |id: AllocationId| {
        time += 1;
        if let Some(before) = last.insert(id, time) {
            order.remove(&(before, id));
        }
        order.insert((time, id));
    };
    for command in &workload.commands[..workload.setup] {
        if let Command::CreateAllocation(create) = command {
            touch(create.allocation);
        }
    }
    timed(|| {
        for command in &workload.commands[workload.setup..] {
            match command {
                Command::Use(references) => {
                    references.iter().for_each(|reference| touch(reference.allocation));
                }
                Command::Submit(submit) => {
                    submit.commands.iter().flat_map(UserCommand::allocations).for_each(&mut touch);
                }
                Command::CreateAllocation(create) => touch(create.allocation),
                Command::CpuWrite(id, ..) => touch(*id),
                _ => {}
            }
        }
    })
}

fn driver() -> Profile {
    profile("inspector").expect("the profile is the program's own")
}

/// Memory for two thirds of what lives, so that those in use fit and the others come and go.
fn adapter(scale: Scale) -> Adapter {
    let bytes = scale.allocations * LARGEST / 2 * PAGE;
    let segment = |name: &str, flags, base, size: u64| Segment {
        name: name.into(),
        flags,
        base,
        size: size.next_multiple_of(PAGE),
        ..Segment::default()
    };
    Adapter {
        name: "workload".into(),
        system_memory: 8 * bytes,
        segments: vec![
            segment("VRAM", SegmentFlags::CpuVisible, 0, bytes * 2 / 3),
            segment("GART", SegmentFlags::Aperture, 1024 * GIB, bytes),
        ],
        paging_buffer: PagingBuffer { segment: 2, size: 16 * 1024, private_data_size: 0, count: 2 },
        ..driver().adapter
    }
}

fn create(random: &mut SplitMix, living: &mut Living) -> Command {
    let id = AllocationId(living.next);
    living.next += 1;
    // One in ten stays in system memory and is mapped.
    let number = if random.below(10) == 0 { 2 } else { 1 };
    let segment = SegmentId::new(number).expect("the adapter has two segments");
    let preference = Preference { segment, from_end: false };
    Command::CreateAllocation(Box::new(CreateAllocation {
        allocation: id,
        device: DeviceId(0),
        info: AllocationInfo {
            size: Bytes((1 + random.below(LARGEST)) * PAGE),
            alignment: Bytes(PAGE),
            preferred: PreferredSegments::new(&[preference]).unwrap_or_default(),
            supported_read: SegmentSet::default().with(segment),
            supported_write: SegmentSet::default().with(segment),
            eviction: SegmentSet::default(),
            flags: AllocationFlags::CpuVisible,
            priority: Priority::NORMAL,
            ..AllocationInfo::default()
        },
        fill_pattern: 0,
        resident: false,
        shared: false,
        primary: false,
        existing: None,
    }))
}

fn generate(scale: Scale) -> Workload {
    let mut random = SplitMix::new(SEED);
    let mut living = Living { hot: Vec::new(), cold: Vec::new(), next: 0 };
    let mut commands = vec![
        Command::CreateProcess(ProcessId(0)),
        Command::CreateDevice(DeviceId(0), ProcessId(0), DeviceInfo::default()),
    ];
    let hot = scale.allocations * 2 / 5;
    for index in 0..scale.allocations {
        let id = AllocationId(living.next);
        commands.push(create(&mut random, &mut living));
        if index < hot { living.hot.push(id) } else { living.cold.push(id) }
    }
    commands.extend(living.hot.chunks(16).map(|some| Command::MakeResident(some.into())));
    let setup = commands.len();
    for _ in 0..scale.commands {
        let command = next(&mut random, &mut living);
        commands.push(command);
    }
    Workload { commands, setup }
}

fn any(random: &mut SplitMix, among: &[AllocationId]) -> usize {
    usize::try_from(random.below(among.len() as u64)).unwrap_or(0)
}

fn next(random: &mut SplitMix, living: &mut Living) -> Command {
    match random.below(200) {
        0 => {
            let id = AllocationId(living.next);
            let command = create(random, living);
            living.cold.push(id);
            command
        }
        1 => {
            let index = any(random, &living.cold);
            Command::DestroyAllocation(living.cold.swap_remove(index))
        }
        2..=3 => {
            let id = living.hot[any(random, &living.hot)];
            let range = AllocationRange { offset: 0, length: Some(PAGE) };
            Command::CpuWrite(id, range, Data::Seed(random.next_u64()))
        }
        dice => {
            let reference = |allocation, write: bool| Reference {
                allocation,
                range: AllocationRange::default(),
                kind: if write { ReferenceKind::Write { seed: None } } else { ReferenceKind::Read },
            };
            // Some of the cold are still resident from the last time.
            let cold = dice < 45;
            let first = if cold {
                living.cold[any(random, &living.cold)]
            } else {
                living.hot[any(random, &living.hot)]
            };
            let others = [0, 1].map(|_| living.hot[any(random, &living.hot)]);
            Command::Use(
                [reference(first, false), reference(others[0], false), reference(others[1], true)]
                    .into(),
            )
        }
    }
}
