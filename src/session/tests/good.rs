//! What a session says arrives at the machine.

use super::{EVERYTHING, profile};
use crate::base::{AllocationId, Bytes, DeviceId, FenceId, ProcessId, SegmentId};
use crate::config::{EnginePolicy, EvictionPolicy, FitPolicy, PagingBuffer};
use crate::ddi::{AllocationFlags, InterfaceVersion, NtStatus, Priority, SegmentFlags, SegmentSet};
use crate::machine::{
    AllocationRange, Command, ContentState, Counter, Data, Expectation, ExpectedPlace, Reference,
    ReferenceKind, RunGpu,
};
use crate::session::document::NamedCommand;
use crate::session::{Session, command_lines, open, parse, write};

fn everything() -> Session {
    open(EVERYTHING, "everything.ron", &profile).expect("the sample is complete")
}

#[test]
fn the_adapter_is_the_profiles_with_the_changes_of_the_session() {
    let adapter = everything().bound.adapter;
    assert_eq!((adapter.name.as_str(), adapter.version), ("Tour GPU", InterfaceVersion::Wddm1_3));
    assert_eq!((adapter.system_memory, adapter.frame_seed), (256 << 20, 7));
    assert_eq!(adapter.segments.len(), 2);
    assert_eq!(adapter.segments[0].flags.bits(), 0x8000_0004);
    assert_eq!(adapter.segments[1].flags, SegmentFlags::Aperture | SegmentFlags::CacheCoherent);
    assert_eq!(adapter.segments[1].base, 0xC000_0000);
    assert_eq!(adapter.segments[1].commit_limit, 6 << 20);
    let buffer = PagingBuffer { segment: 2, size: 16 << 10, private_data_size: 272, count: 2 };
    assert_eq!(adapter.paging_buffer, buffer);
    assert_eq!(adapter.aperture_commit_limit, 0);

    let text =
        r#"(version: 1, adapter: (profile: "inspector", paging_buffer: (count: 5)), commands: [])"#;
    let session = open(text, "small.ron", &profile).expect("everything else has a default");
    let mut expected = profile("inspector").expect("the test has this profile");
    expected.paging_buffer.count = 5;
    assert_eq!(session.bound.adapter, expected);
}

#[test]
fn notes_stay_in_the_document() {
    let document = everything().document;
    assert_eq!(document.head_comment, "Every command and every expectation.\n\nSecond paragraph.");
    assert_eq!(document.title, "The tour");
    assert_eq!(document.notes, "One \"paragraph\".");
    assert_eq!(document.tags, ["lesson", "sample"]);
    assert_eq!((document.bookmarks[0].at, document.bookmarks[0].text.as_str()), (12, "eviction"));
    let policies = document.policies;
    assert_eq!(policies.fit, FitPolicy::Best);
    assert_eq!(policies.eviction, EvictionPolicy::Fifo);
    assert_eq!(policies.engine, EnginePolicy::Manual);
    assert_eq!(command_lines(EVERYTHING).len(), document.commands.len());
    assert_eq!(command_lines(EVERYTHING)[0], 26);
}

#[test]
fn every_command_arrives() {
    let bound = everything().bound;
    let (tex, rt) = (AllocationId(0), AllocationId(1));
    let segment = |number| SegmentId::new(number).expect("between 1 and 31");
    let commands = &bound.commands;
    assert_eq!(commands.len(), 30);
    assert_eq!(commands[0], Command::CreateProcess(ProcessId(0)));
    assert_eq!(commands[1], Command::CreateDevice(DeviceId(0), ProcessId(0)));

    let Command::CreateAllocation(create) = &commands[2] else { panic!("{:?}", commands[2]) };
    assert_eq!((create.allocation, create.device), (tex, DeviceId(0)));
    assert_eq!((create.info.size, create.info.alignment), (Bytes::mib(2), Bytes::kib(64)));
    // Slot 0: segment 1; slot 1: segment 2 from its end.
    assert_eq!(create.info.preferred.word(), 0x1 | (0x22 << 6));
    assert_eq!(create.info.supported_read, SegmentSet(0b11));
    assert_eq!(create.info.supported_write, SegmentSet(0b11));
    assert_eq!(create.info.eviction, SegmentSet(0b10));
    assert_eq!(create.info.flags, AllocationFlags::CpuVisible);
    assert_eq!(create.info.priority, Priority::HIGH);
    assert_eq!((create.fill_pattern, create.resident), (0x1234_5678, true));

    let Command::CreateAllocation(create) = &commands[3] else { panic!("{:?}", commands[3]) };
    assert_eq!(create.info.alignment, Bytes(4096));
    assert_eq!(create.info.preferred.word(), 0x41);
    assert_eq!(create.info.supported_read, SegmentSet(0b01));
    assert_eq!(create.info.supported_write, SegmentSet(0x8000_0002));
    assert_eq!(create.info.priority, Priority(0xA001_0000));
    assert_eq!((create.fill_pattern, create.resident), (0, false));

    let part = |offset, length| AllocationRange { offset, length };
    let reference = |allocation, range, kind| Reference { allocation, range, kind };
    let (read, write) = (ReferenceKind::Read, |seed| ReferenceKind::Write { seed });
    let expect = Command::Expect;
    let rest = [
        Command::MakeResident([tex, rt].into()),
        Command::DestroyAllocation(tex),
        Command::Evict(tex),
        Command::EvictAll,
        Command::SetPriority(tex, Priority::MAXIMUM),
        Command::Use(
            [
                reference(tex, part(0, None), read),
                reference(rt, part(0, None), write(None)),
                reference(tex, part(0x10, Some(4096)), read),
                reference(rt, part(0, None), write(Some(5))),
            ]
            .into(),
        ),
        Command::CpuWrite(tex, part(0, Some(2 << 20)), Data::Seed(7)),
        // The bytes say how long the write is.
        Command::CpuWrite(tex, part(3, Some(3)), Data::Bytes([0x40, 0xE1, 0x0B].into())),
        Command::CpuWrite(tex, part(0, None), Data::Pattern(0xDEAD_BEEF)),
        Command::CpuRead(tex, part(0, Some(1))),
        Command::RunGpu(RunGpu::UntilIdle),
        Command::RunGpu(RunGpu::Packets(3)),
        Command::RunGpu(RunGpu::UntilFence(FenceId(2))),
        expect(Expectation::Place(tex, ExpectedPlace::Segment(segment(1), Some(0)))),
        expect(Expectation::Place(tex, ExpectedPlace::Segment(segment(1), None))),
        expect(Expectation::Place(tex, ExpectedPlace::NotResident)),
        expect(Expectation::Place(tex, ExpectedPlace::Absent)),
        expect(Expectation::Content(tex, ContentState::Intact)),
        expect(Expectation::Status(NtStatus::NO_VIDEO_MEMORY)),
        expect(Expectation::Status(NtStatus(0xC000_0001))),
        expect(Expectation::Counter(Counter::PageIns, 3)),
        expect(Expectation::Bytes(tex, 0, [0x40, 0xE1].into())),
        expect(Expectation::SegmentBytes(segment(1), 0, [0].into())),
        expect(Expectation::PhysicalBytes(0x1000, [0xFF, 0xFF].into())),
        expect(Expectation::Hash(tex, 0x1234)),
        expect(Expectation::Stopped(0x10E, 0xB)),
    ];
    for (index, expected) in rest.iter().enumerate() {
        assert_eq!(&commands[index + 4], expected, "command {}", index + 4);
    }
    assert_eq!(rest.len() + 4, commands.len());
}

#[test]
fn names_go_both_ways() {
    let names = everything().bound.names;
    assert_eq!(names.allocation(AllocationId(1)), "rt");
    assert_eq!(names.find_allocation("rt"), Some(AllocationId(1)));
    assert_eq!(names.find_allocation("game"), None);
    assert_eq!(names.process(ProcessId(0)), "game.exe");
    assert_eq!(names.device(DeviceId(0)), "game");
    assert_eq!(names.find_segment("GART"), SegmentId::new(2));
    assert_eq!(names.allocations().collect::<Vec<_>>(), ["tex", "rt"]);
    assert_eq!(names.segments().collect::<Vec<_>>(), ["VRAM", "GART"]);
    assert_eq!(names.allocation(AllocationId(9)), "(unnamed)");
}

/// Use before creation and after destruction are for the machine to refuse, not for the loader.
#[test]
fn order_is_not_judged() {
    let text = r#"(version: 1, adapter: (profile: "inspector"), commands: [
        Evict("later"),
        CreateAllocation(name: "later", device: "d", size: 1),
        CreateDevice(name: "d", process: "p"),
        CreateProcess("p"),
    ])"#;
    let bound = open(text, "order.ron", &profile).expect("all names are bound").bound;
    assert_eq!(bound.commands[0], Command::Evict(AllocationId(0)));
}

#[test]
fn sizes_reach_to_the_edge_of_64_bits() {
    let of = |size: &str| {
        let text = format!(
            r#"(version: 1, adapter: (profile: "inspector", system_memory: {size}), commands: [])"#
        );
        parse(&text, "t").map(|document| document.adapter.system_memory)
    };
    assert_eq!(of("18446744073709551615"), Ok(Some(u64::MAX)));
    assert_eq!(of("0xFFFF_FFFF_FFFF_FFFF"), Ok(Some(u64::MAX)));
    assert_eq!(of("\"16777215 TiB\""), Ok(Some(16_777_215 << 40)));
    assert_eq!(of("None"), Ok(None));
    assert_eq!(of("Some(5)"), Ok(Some(5)));
    for bad in ["18446744073709551616", "\"16777216 TiB\"", "-1", "1.5", "\"1.5 MiB\"", "Big"] {
        let error = of(bad).expect_err(bad);
        assert_eq!((error.position.line, error.position.column), (1, 61), "{bad}: {error}");
        assert_eq!(error.field_path, "adapter.system_memory", "{bad}: {error}");
    }
}

#[test]
fn what_is_written_reads_as_people_want_it() {
    let text = write(&everything().document);
    for line in [
        "// Every command and every expectation.",
        "//",
        "    policies: (fit: Best, eviction: Fifo, engine: Manual),",
        "            (name: \"VRAM\", flags: \"CpuVisible | 0x80000000\", base: 0x0000, size: \"16 MiB\"),",
        "        aperture_commit_limit: \"0 B\",",
        "        EvictAll,",
        "        SetPriority(\"tex\", MAXIMUM),",
        "        CpuWrite(allocation: \"tex\", offset: 0x0003, data: Bytes(\"40 E1 0B\")),",
        "        Expect(Stopped(code: 0x10E, parameter: 0xB)),",
    ] {
        assert!(text.lines().any(|written| written == line), "{line}\nis not in\n{text}");
    }
    let again = parse(&text, "written.ron").map_err(|error| error.to_string());
    assert_eq!(again, Ok(everything().document));
}

/// The examples of the grammar's documentation are sessions and commands that can be read.
#[test]
fn the_documented_examples_are_read() {
    let readme = include_str!("../../../saved-sessions/README.md");
    let blocks: Vec<&str> = readme.split("```").skip(1).step_by(2).collect();
    let blocks: Vec<&str> = blocks.iter().filter_map(|block| block.strip_prefix("ron\n")).collect();
    let [session, adapter, allocation] = blocks.as_slice() else {
        panic!("the page has {} examples", blocks.len());
    };
    let read = |text: &str| {
        if let Err(error) = parse(text, "README.md") {
            panic!("{error}\n{text}");
        }
    };
    read(session);
    read(&format!("(version: 1, {adapter} commands: [])"));
    let command =
        |text: &str| format!("(version: 1, adapter: (profile: \"p\"), commands: [{text}])");
    read(&command(allocation));

    let everything = everything().document.commands;
    let keywords: Vec<&str> = everything.iter().map(NamedCommand::keyword).collect();
    let mut documented = Vec::new();
    for row in readme.lines().filter(|line| line.starts_with("| `")) {
        for code in row.split('`').skip(1).step_by(2) {
            let keyword = code.split('(').next().unwrap_or_default();
            if keywords.contains(&keyword) {
                read(&command(code));
                documented.push(keyword);
            }
        }
    }
    for keyword in keywords {
        assert!(documented.contains(&keyword), "{keyword} has no example");
    }
}
