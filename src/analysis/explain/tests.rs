//! The words of the tour, and of what the tour has none of. Every expected text is written by hand.

use super::*;
use crate::base::{Bytes, ContextId, ContextRef, FenceId, Pages, Span};
use crate::ddi::{LockFlags, NtStatus, PacketFault, Priority};
use crate::gpu::PacketFormat;
use crate::kmd;
use crate::machine::{
    AllocationRange, At, Command, ContentState, Counter, Damage, Data, Ending, Expectation,
    ExpectedPlace, Fault, Mismatch, Reference, ReferenceKind, Run, RunGpu, Submit, UserCommand,
};
use crate::memory::{ContentHash, FrameUse};
use crate::placement::Direction;
use crate::rules::Rule;
use crate::vidmm::{
    Attempt, BufferKind, Decision, ExtentOwner, Outcome, Pass, Placement, Refusal, RefusalReason,
    Rejection, Stop, Victim, Violation, WaitReason,
};

struct Tour {
    names: Names,
    run: Run,
    segments: Vec<CheckedSegment>,
}

impl Tour {
    fn new() -> Self {
        let text = include_str!("../../../tests/sessions/walk.ron");
        let lookup = |name: &str| kmd::profile(name).map(|profile| profile.adapter);
        let session = crate::session::open(text, "tour.ron", &lookup);
        let bound = session.expect("the tour is a session").bound;
        let profile = kmd::profile(&bound.adapter.profile).expect("the tour names a profile");
        let commands = bound.commands.into();
        let mut run = Run::new(&bound.adapter, bound.policies, &profile, commands);
        run.execute_all();
        let started = run.machine().started().expect("the tour's adapter starts");
        let segments = started.vidmm().adapter().segments.to_vec();
        Self { names: bound.names, run, segments }
    }

    fn words(&self) -> Words<'_> {
        Words::new(&self.names, &self.segments)
    }

    fn id(&self, name: &str) -> AllocationId {
        self.names.find_allocation(name).expect("an allocation of the tour")
    }
}

fn segment(number: u8) -> SegmentId {
    SegmentId::new(number).expect("between 1 and 31")
}

#[test]
fn commands_of_the_tour() {
    let tour = Tour::new();
    let table = [
        (1, "Create process", "game.exe", ""),
        (2, "Create device", "game of game.exe", ""),
        (5, "Create allocation", "primary, 4 MiB", ""),
        (8, "CPU write", "terrain, bytes of seed 7", ""),
        (9, "Use", "reads terrain, writes primary", "4 operations, 6 MiB in"),
        (12, "Use", "reads upload, writes terrain", "4 operations, 1 MiB mapped"),
        (16, "Use", "writes history, reads primary", "5 operations, 4 MiB in, 6 MiB out"),
        (18, "Evict", "upload", "1 operation, 1 MiB unmapped"),
        (20, "Evict", "history", "3 operations, 4 MiB out, 4 MiB mapped, 4 MiB unmapped"),
        (21, "Destroy allocation", "shadow", ""),
    ];
    for (number, title, what, summary) in table {
        let command = tour.run.command(number).expect("the tour has 21 commands");
        let text = command_text(command, tour.words());
        assert_eq!((text.title, text.what.as_str()), (title, what), "command {number}");
        let note = if number == 5 { "by dwm, prefers VRAM" } else { "" };
        assert_eq!(text.note, note, "command {number}");
        let record = tour.run.record(number).expect("all are executed");
        assert_eq!(summary_text(&record.summary), summary, "command {number}");
        assert_eq!(ending_status(record, tour.words()).kind, StatusKind::Done);
    }
}

#[test]
fn commands_that_the_tour_has_none_of() {
    let tour = Tour::new();
    let (terrain, shadow) = (tour.id("terrain"), tour.id("shadow"));
    let part = AllocationRange { offset: 0x1000, length: Some(65_536) };
    let rest = AllocationRange { offset: 0x1000, length: None };
    let many = [terrain, shadow, terrain, shadow, terrain, shadow];
    let table = [
        (Command::EvictAll, "Evict all", "everything that may leave"),
        (Command::MakeResident([terrain, shadow].into()), "Make resident", "terrain, shadow"),
        (
            Command::MakeResident(many.into()),
            "Make resident",
            "terrain, shadow, terrain, shadow and 2 more",
        ),
        (Command::SetPriority(terrain, Priority::HIGH), "Set priority", "terrain to HIGH"),
        (Command::RunGpu(RunGpu::UntilIdle), "Run GPU", "until nothing is queued"),
        (Command::RunGpu(RunGpu::Packets(1)), "Run GPU", "1 packet"),
        (Command::RunGpu(RunGpu::UntilFence(FenceId(5))), "Run GPU", "until fence 0x0005"),
        (Command::CpuRead(terrain, part), "CPU read", "terrain (64 KiB at 0x1000)"),
        (
            Command::CpuWrite(terrain, rest, Data::Pattern(0xAB)),
            "CPU write",
            "terrain (from 0x1000), pattern 0x000000AB",
        ),
        (
            Command::CpuWrite(terrain, part, Data::Bytes([1, 0xFF].into())),
            "CPU write",
            "terrain (64 KiB at 0x1000), 01 FF",
        ),
    ];
    for (command, title, what) in table {
        let text = command_text(&command, tour.words());
        assert_eq!((text.title, text.what.as_str()), (title, what));
        assert_eq!(command_title(&command), title);
    }
}

#[test]
fn contexts_are_told_with_their_device_and_priority() {
    let text = r#"(version: 1, adapter: (profile: "inspector"), commands: [
        CreateProcess("dwm.exe"), CreateDevice(name: "dwm", process: "dwm.exe"),
        CreateContext(name: "ui", device: "dwm", priority: -7),
        CreateContext(name: "video", device: "dwm"),
    ])"#;
    let lookup = |name: &str| kmd::profile(name).map(|profile| profile.adapter);
    let bound = crate::session::open(text, "contexts.ron", &lookup).expect("a session").bound;
    let words = Words::new(&bound.names, &[]);
    let told = |at: usize| command_text(&bound.commands[at], words);
    let plain = |what: &str| CommandText {
        title: "Create context",
        what: what.to_owned(),
        note: String::new(),
    };
    assert_eq!(told(2), plain("ui of dwm, priority -7"));
    assert_eq!(told(3), plain("video of dwm"));
    let context = ContextRef::Own(ContextId(1));
    let submit = Command::Submit(Box::new(Submit { context, commands: [].into() }));
    assert_eq!(command_text(&submit, words).what, "by video: nothing");
}

#[test]
fn what_is_submitted() {
    let tour = Tour::new();
    let (terrain, shadow) = (tour.id("terrain"), tour.id("shadow"));
    let start = |allocation| At { allocation, offset: 0 };
    let inside = |allocation| At { allocation, offset: 0x1000 };
    let read = Reference {
        allocation: terrain,
        range: AllocationRange { offset: 0x1000, length: Some(4096) },
        kind: ReferenceKind::Read,
    };
    let write = Reference {
        allocation: shadow,
        range: AllocationRange::default(),
        kind: ReferenceKind::Write { seed: Some(1) },
    };
    let blit = |rows| UserCommand::Blit {
        source: start(terrain),
        source_pitch: 256,
        destination: inside(shadow),
        destination_pitch: 512,
        row_bytes: 64,
        rows,
    };
    let table = [
        (
            UserCommand::Fill { destination: inside(terrain), length: Some(4096), pattern: 0xAB },
            "fills terrain at 0x1000, 4 KiB with 0x000000AB",
        ),
        (
            UserCommand::Copy { source: start(terrain), destination: inside(shadow), length: None },
            "copies terrain to shadow at 0x1000",
        ),
        (blit(1), "blits 1 row of 64 B from terrain to shadow at 0x1000"),
        (blit(16), "blits 16 rows of 64 B from terrain to shadow at 0x1000"),
        (
            UserCommand::Add { destination: start(shadow), length: Some(64), addend: 1 },
            "adds 0x00000001 to shadow, 64 B",
        ),
        (
            UserCommand::Draw([read, write].into()),
            "draws (reads terrain (4 KiB at 0x1000), writes shadow)",
        ),
        (UserCommand::Draw([].into()), "draws nothing"),
        (UserCommand::Unbind, "unbinds"),
        (UserCommand::Wait { fence: inside(shadow), value: 3 }, "waits for 3 in shadow at 0x1000"),
        (UserCommand::Signal { fence: start(shadow), value: 3 }, "signals 3 in shadow"),
        (UserCommand::Bytes([0x40, 0xE1].into(), [terrain, shadow].into()), "2 B as given: 40 E1"),
        (UserCommand::Bytes([].into(), [].into()), "no bytes"),
    ];
    for (command, text) in &table {
        assert_eq!(user_command_text(command, tour.words()), *text);
    }

    let context = ContextRef::OfDevice(tour.names.find_device("game").expect("of the tour"));
    let told = |commands: Box<[UserCommand]>| {
        let submit = Command::Submit(Box::new(Submit { context, commands }));
        let CommandText { title, what, note } = command_text(&submit, tour.words());
        assert_eq!((title, command_title(&submit)), ("Submit", "Submit"));
        (what, note)
    };
    let first = table[1].0.clone();
    assert_eq!(
        told([UserCommand::Unbind, first].into()),
        (
            "by game: unbinds, copies terrain to shadow at 0x1000".to_owned(),
            "2 commands, 2 allocations".to_owned()
        )
    );
    let nothing = ("by game: nothing".to_owned(), "0 commands, 0 allocations".to_owned());
    assert_eq!(told([].into()), nothing);
    let all: Vec<AllocationId> =
        super::super::steps::allocations_of(&Command::Submit(Box::new(Submit {
            context,
            commands: table.iter().map(|(command, _)| command.clone()).collect(),
        })))
        .collect();
    let expected = [
        // Fill, copy, two blits.
        terrain, terrain, shadow, terrain, shadow, terrain, shadow,
        // Add, draw, wait, signal, bytes.
        shadow, terrain, shadow, shadow, shadow, terrain, shadow,
    ];
    assert_eq!(all, expected);
}

#[test]
fn expectations_and_what_they_find_instead() {
    let tour = Tour::new();
    let terrain = tour.id("terrain");
    let there = Placement { segment: segment(2), span: Span::whole(6 << 20) };
    let table = [
        (
            Expectation::Place(terrain, ExpectedPlace::Segment(segment(1), Some(0x40_0000))),
            "terrain in VRAM at offset 0x0040_0000",
            Mismatch::ResidentAt(terrain, there),
            "terrain is in VRAM (invisible) at offset 0x0000",
        ),
        (
            Expectation::Place(terrain, ExpectedPlace::NotResident),
            "terrain not resident",
            Mismatch::Absent(terrain),
            "terrain does not exist",
        ),
        (
            Expectation::Content(terrain, ContentState::Intact),
            "content of terrain intact",
            Mismatch::Content(terrain, ContentState::Damaged, Some(0x2000)),
            "content of terrain is damaged, first at 0x2000",
        ),
        (
            Expectation::Status(NtStatus::NO_VIDEO_MEMORY),
            "the command before ends with STATUS_GRAPHICS_NO_VIDEO_MEMORY",
            Mismatch::Status(Some(NtStatus::SUCCESS)),
            "the command before ended with STATUS_SUCCESS 0x00000000",
        ),
        (
            Expectation::Counter(Counter::PageIns, 1_200),
            "page-ins at 1,200",
            Mismatch::Counter(Counter::PageIns, 3),
            "page-ins at 3",
        ),
        (
            Expectation::Bytes(terrain, 16, [1, 2, 3, 4, 5, 6, 7, 8, 9].into()),
            "terrain at 0x0010 holds 01 02 03 04 05 06 07 08 …",
            Mismatch::Byte { offset: 3, expected: 4, found: Some(0xFF) },
            "byte 0x0003 is FF, not 04",
        ),
        (
            Expectation::Hash(terrain, 0xAB),
            "hash of terrain is 00000000000000AB",
            Mismatch::Hash(terrain, Some(ContentHash(1))),
            "hash of terrain is 0000000000000001",
        ),
        (
            Expectation::Stopped(0x10E, 0x12),
            "stopped with bug check 0x10E, first parameter 0x12",
            Mismatch::Stopped(None),
            "the machine runs",
        ),
    ];
    for (expectation, wanted, mismatch, found) in table {
        assert_eq!(expectation_text(&expectation, tour.words()), wanted);
        assert_eq!(mismatch_text(&mismatch, tour.words()), found);
    }
}

#[test]
fn operations_of_the_tour() {
    let mut tour = Tour::new();
    let (into, out, map, unmap) =
        (Some(Flow::In), Some(Flow::Out), Some(Flow::Map), Some(Flow::Unmap));
    let used = "terrain used, not resident";
    let system = "system → VRAM 0x0040_0000";
    let own = "the command's own work";
    let table = [
        (
            6,
            2,
            "Fill",
            into,
            "4 MiB",
            "pattern 0x00000000 → VRAM 0x0000",
            "primary used, not resident",
        ),
        // A draw and its two accesses: three commands of 40 bytes, two packets of 32. Behind the
        // three paging buffers the device has two DMA buffers, 3 and 4, and its command buffer.
        (
            9,
            1,
            "Render",
            None,
            "120 B",
            "command buffer 5 (120 B) → DMA buffer 3: terrain, primary",
            own,
        ),
        (9, 2, "Transfer", into, "6 MiB", system, used),
        (9, 3, "Patch", None, "64 B", "2 addresses in DMA buffer 3, 0x0000 to 0x0040", own),
        (9, 4, "SubmitCommand", None, "64 B", "fence 0x0005, DMA buffer 3, 0x0000 to 0x0040", own),
        (
            12,
            2,
            "MapApertureSegment",
            map,
            "1 MiB",
            "256 pages → GART page 0x0000",
            "upload used, not resident",
        ),
        (
            16,
            2,
            "Transfer",
            out,
            "6 MiB",
            "VRAM 0x0040_0000 → system",
            "terrain evicted for history",
        ),
        (17, 2, "Transfer", into, "6 MiB", "system → VRAM (invisible) 0x1000_0000", used),
        (
            18,
            1,
            "UnmapApertureSegment",
            unmap,
            "1 MiB",
            "256 pages, GART page 0x0000 → dummy page",
            "upload evicted by the command",
        ),
        (
            20,
            1,
            "MapApertureSegment",
            map,
            "4 MiB",
            "1,024 pages → GART page 0x0100",
            "history leaves through this mapping",
        ),
        (
            20,
            2,
            "Transfer",
            out,
            "4 MiB",
            "VRAM 0x0040_0000 → GART 0xC010_0000",
            "history evicted by the command",
        ),
    ];
    for (command, number, kind, flow, amount, route, reason) in table {
        let trace = tour.run.trace(command).expect("the machine is deterministic");
        let operation = trace.operation(number).expect("the command has this operation");
        let text = operation_text(operation, tour.words());
        let expected = OperationText {
            kind,
            flow,
            amount: amount.to_owned(),
            route: route.to_owned(),
            reason: reason.to_owned(),
        };
        assert_eq!(text, expected, "operation {command}.{number}");
        assert_eq!(operation_status(operation).kind, StatusKind::Done);
    }
}

/// Runs of frames follow the seed of the session; counts and addresses add up by hand.
#[test]
fn packets_of_the_tour() {
    let mut tour = Tour::new();
    let table = [
        (6, 2, 1, "FILL", "4 MiB", "→ VRAM 0x0000"),
        (9, 2, 2, "COPY_PAGES", "26 pages", "frame 0x2116 → VRAM 0x0041_E000"),
        (9, 4, 1, "READ", "6 MiB", "VRAM 0x0040_0000 →"),
        (9, 4, 2, "WRITE", "4 MiB", "→ VRAM 0x0000"),
        (12, 2, 2, "MAP_PAGES", "4 pages", "frame 0x1075 → GART page 0x0022"),
        (16, 2, 2, "COPY_PAGES", "62 pages", "VRAM 0x0041_9000 → frame 0x3086"),
        (18, 1, 1, "UNMAP_PAGES", "256 pages", "GART page 0x0000 → dummy page"),
    ];
    let found = table.map(|(command, operation, packet, ..)| {
        let trace = tour.run.trace(command).expect("the machine is deterministic");
        let traced = trace.operation(operation).expect("the command has this operation");
        let text = packet_text(traced, packet, PacketFormat::Native, tour.words());
        let text = text.expect("the operation has this packet");
        format!("{} {} {}", text.name, text.amount, text.route)
    });
    let expected = table.map(|(.., name, amount, route)| format!("{name} {amount} {route}"));
    assert_eq!(found, expected);
    let trace = tour.run.trace(9).expect("the machine is deterministic");
    let traced = trace.operation(2).expect("command 9 pages terrain in");
    let text = |packet| packet_text(traced, packet, PacketFormat::Native, tour.words());
    let first = text(1).expect("it has packets");
    assert_eq!(first.pass, "MultipassOffset 0 → 1536");
    assert_eq!(first.place, "bytes 0x0000–0x001F of buffer 2, fence 0x0004");
    assert_eq!(text(0), None);
    assert_eq!(text(10_000), None);
}

fn attempt(pass: Pass, segment: SegmentId, outcome: Outcome) -> Attempt {
    Attempt { pass, segment, direction: Direction::BottomUp, bank: None, outcome }
}

#[test]
fn every_rejection_has_its_numbers() {
    let tour = Tour::new();
    let (needed, free, largest) = (Bytes::mib(6), Bytes::mib(8), Bytes::mib(4));
    let (committed, limit) = (Bytes::mib(3), Bytes::mib(8));
    let almost = Bytes(needed.get() - 4096);
    let table = [
        (
            Rejection::LargerThanSegment { needed, size: largest },
            "room for 4 MiB at most < 6 MiB needed",
            "room for 4 MiB at most < 6 MiB needed",
        ),
        (
            Rejection::NotEnough { needed, free: largest },
            "free 4 MiB < 6 MiB needed",
            "free or evictable 4 MiB < 6 MiB needed",
        ),
        (
            Rejection::NotEnough { needed, free: almost },
            "free 6140 KiB < 6 MiB needed",
            "free or evictable 6140 KiB < 6 MiB needed",
        ),
        (
            Rejection::Fragmented { needed, free, largest },
            "largest hole 4 MiB < 6 MiB needed, of 8 MiB free",
            "largest piece 4 MiB < 6 MiB needed, of 8 MiB free or evictable",
        ),
        (
            Rejection::CommitLimit { needed, committed, limit },
            "committed 3 MiB + 6 MiB needed > limit 8 MiB",
            "committed 3 MiB + 6 MiB needed > limit 8 MiB",
        ),
        (
            Rejection::ApertureCommitLimit { needed, committed, limit },
            "all apertures: committed 3 MiB + 6 MiB needed > limit 8 MiB",
            "all apertures: committed 3 MiB + 6 MiB needed > limit 8 MiB",
        ),
    ];
    for (rejection, plain, evicting) in table {
        let attempts = vec![
            attempt(Pass::Preferred, segment(1), Outcome::Rejected(rejection)),
            attempt(Pass::EvictingAny, segment(1), Outcome::Rejected(rejection)),
        ];
        let decision = Decision { allocation: tour.id("terrain"), needed, attempts };
        let lines = decision_lines(&decision, tour.words());
        let numbers: Vec<&str> = lines.iter().map(|line| line.numbers.as_str()).collect();
        assert_eq!(numbers, [plain, evicting]);
        assert!(lines.iter().all(|line| line.mark == CandidateMark::Failed));
    }
}

#[test]
fn a_search_that_evicts_names_its_victims() {
    let tour = Tour::new();
    let (terrain, shadow) = (tour.id("terrain"), tour.id("shadow"));
    let span = Span::at(0x40_0000, 6 << 20).expect("far from the end of addresses");
    let size = Bytes::mib(6);
    let victim = |allocation, priority, last_reference| Victim {
        allocation,
        size,
        priority,
        last_reference,
        offered: false,
    };
    let victims = vec![victim(terrain, Priority::LOW, 8), victim(shadow, Priority::NORMAL, 0)];
    let won = Outcome::Placed { span, victims };
    let down = Attempt {
        direction: Direction::TopDown,
        ..attempt(Pass::PreferredEvictingLower, segment(1), won)
    };
    let (free, largest) = (Bytes::mib(174), Bytes::mib(104));
    let not_tried = Outcome::NotReached { free, largest };
    let attempts = vec![down, attempt(Pass::Supported, segment(2), not_tried)];
    let decision = Decision { allocation: tour.id("history"), needed: size, attempts };
    let [won, not_tried] = &decision_lines(&decision, tour.words())[..] else {
        panic!("two attempts make two lines");
    };
    assert_eq!((won.mark, won.pass), (CandidateMark::Won, 2));
    assert_eq!(won.title, "VRAM ↓, evicting lower priority");
    assert_eq!(won.numbers, "6 MiB at VRAM 0x0040_0000 once 2 victims have left");
    assert_eq!(won.hole, Some((segment(1), span)));
    assert_eq!(won.victims[0].name, "terrain");
    assert_eq!(won.victims[0].text, "6 MiB, LOW 0x50000000, last used as reference 8");
    assert_eq!(won.victims[1].text, "6 MiB, NORMAL 0x78000000, never used");
    assert_eq!((not_tried.mark, not_tried.pass), (CandidateMark::NotReached, 3));
    assert_eq!(not_tried.title, "VRAM (invisible) ↑, nothing evicted");
    assert_eq!(not_tried.numbers, "not tried: free 174 MiB, largest hole 104 MiB, but 2 won");
}

#[test]
fn every_refusal_has_a_sentence_with_its_numbers() {
    let tour = Tour::new();
    let terrain = tour.id("terrain");
    let (needed, committed, limit) = (Bytes::mib(6), Bytes::mib(60), Bytes::mib(64));
    let range =
        RefusalReason::RangeBeyondAllocation { offset: 4096, length: 8192, size: Bytes(8192) };
    let (free, largest_run) = (Pages(1_000), Pages(512));
    let no_frames =
        |needed| RefusalReason::OutOfFrames { needed: Pages(needed), free, largest_run };
    let table = [
        (RefusalReason::AdapterNotStarted, "the adapter breaks a rule and did not start"),
        (RefusalReason::Stopped { command: 1_234 }, "the machine stopped at step 1,234"),
        (RefusalReason::NoProcess, "the process does not exist"),
        (RefusalReason::AlreadyExists, "it exists already, or its name was used before"),
        (RefusalReason::NoDevice, "the device does not exist"),
        (RefusalReason::NotCreated(terrain), "terrain does not exist yet"),
        (RefusalReason::Destroyed(terrain), "terrain has been destroyed"),
        (RefusalReason::BadSize(Bytes::ZERO), "0 B is no size for an allocation"),
        (
            RefusalReason::Rule(Rule::AllocationPriority),
            "an allocation starts with a priority other than 0 (allocation-priority; \
             DXGK_ALLOCATIONINFO, AllocationPriority)",
        ),
        (RefusalReason::NoSuchSegment(9), "the adapter has no segment 9"),
        (RefusalReason::NotMemory(segment(3)), "GART holds no bytes"),
        (RefusalReason::RangeBeyondSegment(segment(1)), "the range does not lie in VRAM"),
        (
            RefusalReason::ListTooShort { needed: Pages(9), pages: Pages(8) },
            "the page list has 8 pages, 9 needed",
        ),
        (RefusalReason::NotShared(terrain), "terrain is not shared"),
        (
            RefusalReason::NotTheCreator(terrain),
            "only the process that created terrain may lock it",
        ),
        (
            RefusalReason::LockFlags(LockFlags::ReadOnly | LockFlags::WriteOnly),
            "the lock flags ReadOnly | WriteOnly exclude each other or are not modelled",
        ),
        (
            RefusalReason::WouldEvict(terrain),
            "locking terrain would evict it, which DonotEvict forbids",
        ),
        (RefusalReason::Offered(terrain), "terrain is offered and must be reclaimed first"),
        (
            RefusalReason::NotDisplayable(terrain),
            "terrain is no primary, and no segment in its set has DirectFlip",
        ),
        (RefusalReason::ZeroPriority, "a priority of 0 is illegal"),
        (RefusalReason::FlagNotModelled("Swizzled"), "the flag Swizzled is not modelled"),
        (range, "8 KiB at 0x1000 reach beyond the 8 KiB of it"),
        (RefusalReason::NotCpuVisible(terrain), "the CPU may not see terrain: it lacks CpuVisible"),
        (RefusalReason::Pinned(terrain), "terrain is pinned and does not leave"),
        (RefusalReason::NoRoom(terrain), "no segment has room for terrain, whoever leaves"),
        (no_frames(1_536), "1,536 pages of system memory needed, 1,000 free"),
        (
            no_frames(640),
            "640 pages of system memory needed in one run, 1,000 free, 512 of them together",
        ),
        (
            RefusalReason::OutOfCommit { needed, committed, limit },
            "system memory: committed 60 MiB + 6 MiB needed > limit 64 MiB",
        ),
        (RefusalReason::Driver, "the driver refused"),
        (RefusalReason::NoSuchFence(FenceId(0x99)), "fence 0x0099 was never handed out"),
        (RefusalReason::NamedTwice(terrain), "terrain is named twice"),
    ];
    for (reason, sentence) in table {
        let refusal = Refusal::new(NtStatus::NO_VIDEO_MEMORY, reason);
        let text = refusal_text(&refusal, tour.words());
        assert_eq!(text.status, "STATUS_GRAPHICS_NO_VIDEO_MEMORY");
        assert_eq!(text.code, "0xC01E0100");
        assert_eq!(text.sentence, sentence);
    }
}

#[test]
fn endings_come_in_a_word_a_brief_and_a_whole() {
    let mut tour = Tour::new();
    tour.run.execute_all();
    let terrain = tour.id("terrain");
    let good = tour.run.record(9).expect("all are executed").clone();
    let status = |ending, damage: &[Damage]| {
        let record =
            crate::machine::CommandRecord { ending, damage: damage.into(), ..good.clone() };
        let text = ending_status(&record, tour.words());
        (text.kind, text.brief, text.detail)
    };
    let refusal = Refusal::new(NtStatus::NO_VIDEO_MEMORY, RefusalReason::NoRoom(terrain));
    let (kind, brief, detail) = status(Ending::Refused(Box::new(refusal)), &[]);
    assert_eq!((kind, brief.as_str()), (StatusKind::Refused, "NO_VIDEO_MEMORY 0xC01E0100"));
    let whole = "STATUS_GRAPHICS_NO_VIDEO_MEMORY 0xC01E0100: \
                 no segment has room for terrain, whoever leaves";
    assert_eq!(detail, whole);
    let (kind, brief, _) = status(Ending::Stopped(Stop::buffer_overflow()), &[]);
    assert_eq!((kind, brief.as_str()), (StatusKind::Stopped, "bug check 0x10E, 0x12"));
    let (kind, brief, _) = status(Ending::Failed(Box::new(Mismatch::NotResident(terrain))), &[]);
    assert_eq!((kind, brief.as_str()), (StatusKind::Failed, "terrain is not resident"));
    let damage = Damage::Content { allocation: terrain, offset: 16 };
    let (kind, brief, _) = status(Ending::Done, &[damage]);
    let text = "terrain holds a wrong byte, first at 0x0010";
    assert_eq!((kind, brief.as_str()), (StatusKind::Damaged, text));
}

#[test]
fn stops_damage_faults_and_waits() {
    let tour = Tour::new();
    let (terrain, words) = (tour.id("terrain"), tour.words());
    let internal = "VIDEO_MEMORY_MANAGEMENT_INTERNAL 0x10E, first parameter";
    let scheduler = "VIDEO_SCHEDULER_INTERNAL_ERROR 0x119, first parameter";
    let refused = "STATUS_INVALID_PARAMETER 0xC000000D";
    let stops = [
        (
            Stop::bad_paging_status(NtStatus::INVALID_PARAMETER),
            format!("{internal} 0xB: an unexpected status of a paging buffer, {refused}"),
        ),
        (Stop::buffer_overflow(), format!("{internal} 0x12: the driver wrote past the buffer")),
        (
            Stop::private_data_overflow(),
            format!("{internal} 0x13: the driver wrote past the private data"),
        ),
        (
            Stop::submit_failed(NtStatus::INVALID_PARAMETER),
            format!("{scheduler} 0x2: a submission failed, {refused}"),
        ),
    ];
    for (stop, text) in stops {
        assert_eq!(stop_text(&stop), text);
    }
    let orphan = ExtentOwner::Eviction(terrain);
    let orphan = Violation::OrphanExtent(segment(3), Span::whole(4096), orphan);
    let damages = [
        (
            Damage::WrongRead { allocation: terrain, offset: 0x20 },
            "the GPU read a wrong byte of terrain, first at 0x0020",
        ),
        (
            Damage::ApertureTable { segment: segment(3), page: 7 },
            "GART page 0x0007 points elsewhere than the book says (0x10E, 0x11)",
        ),
        (
            Damage::WrongCpuRead { allocation: terrain, offset: 1 },
            "the CPU read a wrong byte of terrain, first at 0x0001",
        ),
        (
            Damage::Book(orphan),
            "an extent at GART 0xC000_0000 belongs to the eviction of terrain, which is not there \
             (0x10E, 0xC)",
        ),
        (
            Damage::Book(Violation::MissingExtent(terrain)),
            "terrain is resident where no extent is (0x10E, 0xD)",
        ),
    ];
    for (damage, text) in damages {
        assert_eq!(damage_text(&damage, words), text);
    }
    let fault = Fault { fence: FenceId(5), start: 64, fault: PacketFault::Unmapped };
    let text = "a page of an aperture points nowhere, packet at 0x0040 of fence 0x0005";
    assert_eq!(fault_text(&fault), text);
    let waits = [
        (WaitReason::Buffers, "waited for fence 0x0005: every buffer was being read"),
        (WaitReason::Allocation(terrain), "waited for fence 0x0005: terrain was being used"),
        (WaitReason::Mapping, "waited for fence 0x0005: the mapping was being used"),
        (
            WaitReason::MappedDmaBuffer,
            "waited for fence 0x0005: a DMA buffer mapped there was being read",
        ),
        (WaitReason::Command, "waited for fence 0x0005: the command ended or said so"),
    ];
    for (reason, text) in waits {
        assert_eq!(wait_text(FenceId(5), reason, words), text);
    }
}

#[test]
fn operations_in_a_line() {
    let mut tour = Tour::new();
    let table = [(
        20,
        2,
        "Transfer history",
        "4 MiB, VRAM 0x0040_0000 → GART 0xC010_0000, history evicted by the command",
    )];
    for (command, number, title, sentence) in table {
        let trace = tour.run.trace(command).expect("the machine is deterministic");
        let operation = trace.operation(number).expect("the command has this operation");
        assert_eq!(operation_title(operation, tour.words()), title);
        let text = operation_text(operation, tour.words());
        assert_eq!(text.sentence(), sentence);
    }
    let nothing = OperationText {
        kind: "Render",
        flow: None,
        amount: String::new(),
        route: "reads".to_owned(),
        reason: String::new(),
    };
    assert_eq!(nothing.sentence(), "reads");
}

/// A fill of 100 rows that lie apart is 100 packets; a DMA buffer of 4 KiB has room for 128.
#[test]
fn what_is_rendered_is_done_and_what_is_submitted_waits_for_the_engine() {
    let text = r#"(version: 1, adapter: (profile: "inspector", system_memory: "64 MiB", segments: [
        (name: "VRAM", flags: "CpuVisible | PitchAlignment", base: 0x0, size: "4 MiB", cpu_translated_address: 0xE0000000),
        ], paging_buffer: (segment: 0, size: "4 KiB")), policies: (engine: Manual), commands: [
        CreateProcess("p"), CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "rows", device: "d", preferred: ["VRAM"], supported: ["VRAM"],
            rows: (pitch: 64, aligned_pitch: 128, rows: 100), resident: true),
        RunGpu(UntilIdle),
        Submit(device: "d", commands: [
            Fill(allocation: "rows", pattern: 1), Fill(allocation: "rows", pattern: 2),
        ]),
    ])"#;
    let lookup = |name: &str| kmd::profile(name).map(|profile| profile.adapter);
    let bound = crate::session::open(text, "fills.ron", &lookup).expect("a session").bound;
    let profile = kmd::profile(&bound.adapter.profile).expect("one of the profiles");
    let mut run = Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into());
    run.execute_all();
    let trace = run.trace(5).expect("the machine is deterministic");
    let words = Words::new(&bound.names, &[]);
    let told: Vec<_> = trace
        .operations
        .iter()
        .map(|one| (operation_text(one, words).kind, operation_status(one).kind))
        .collect();
    let pass = [
        ("Render", StatusKind::Done),
        ("Patch", StatusKind::Done),
        ("SubmitCommand", StatusKind::Encoded),
    ];
    assert_eq!(told, [pass, pass].concat());
}

#[test]
fn owners_are_called_alike_everywhere() {
    let tour = Tour::new();
    let terrain = tour.id("terrain");
    let extents = [
        (ExtentOwner::Allocation(terrain), "terrain"),
        (ExtentOwner::Eviction(terrain), "terrain, leaving"),
        (ExtentOwner::PagingBuffer(2), "paging buffer 2"),
    ];
    for (owner, text) in extents {
        assert_eq!(extent_text(&tour.names, owner), text);
    }
    let frames = [
        (FrameUse::Free, "free"),
        (FrameUse::Backing(terrain), "backing store of terrain"),
        (FrameUse::PagingBuffer(2), "paging buffer 2"),
        (FrameUse::DmaBuffer(3), "DMA buffer 3"),
        (FrameUse::PageList(4), "page list 4"),
    ];
    for (usage, text) in frames {
        assert_eq!(frame_text(&tour.names, usage), text);
    }
    assert_eq!(buffer_text(BufferKind::Bootstrap, 0), "paging buffer 0");
}
