//! What a session says arrives at the machine.

use super::{EVERYTHING, profile};
use crate::base::{
    AllocationId, Bytes, ContextId, ContextRef, DeviceId, FenceId, PagesId, ProcessId, SegmentId,
};
use crate::config::{
    AgpAperture, Costs, CpuHostAperture, EnginePolicy, EvictionPolicy, FitPolicy, HardwareKeeps,
    Kept, OfferPolicy, PagingBuffer, Quirks, SegmentRange, VideoProtectedRange,
};
use crate::ddi::{
    AllocationFlags, AllocationFlagsWddm2, DescriptorGeneration, DeviceInfo, DevicePowerState,
    DiscardContentFlags, InterfaceVersion, LockFlags, MapApertureFlags, NtStatus, OfferPriority,
    Priority, RowLayout, SegmentFlags, SegmentSet, TransferFlags,
};
use crate::machine::{
    AllocationRange, At, Command, ContentState, Counter, Data, Expectation, ExpectedDamage,
    ExpectedPlace, OfferState, RawLocation, RawOperation, RawTransfer, Reference, ReferenceKind,
    ReservePages, RunGpu, Submit, UserCommand,
};
use crate::rules::Rule;
use crate::session::document::{NamedCommand, NamedExpectation, SegmentDescription};
use crate::session::{Session, command_lines, open, parse, write, write_command};
use crate::vidmm::{Fate, Power, Sleep, Transition};

fn everything() -> Session {
    open(EVERYTHING, "everything.ron", &profile).expect("the sample is complete")
}

#[test]
fn the_adapter_is_the_profiles_with_the_changes_of_the_session() {
    let adapter = everything().bound.adapter;
    assert_eq!((adapter.name.as_str(), adapter.version), ("Tour GPU", InterfaceVersion::Wddm1_3));
    assert_eq!((adapter.system_memory, adapter.frame_seed), (256 << 20, 7));
    assert_eq!(adapter.segments.len(), 3);
    assert_eq!(adapter.segments[0].flags.bits(), 0x8000_0004);
    assert_eq!(adapter.segments[1].flags, SegmentFlags::Aperture | SegmentFlags::CacheCoherent);
    assert_eq!(adapter.segments[1].base, 0xC000_0000);
    assert_eq!(adapter.segments[1].commit_limit, 6 << 20);
    assert_eq!(adapter.segments[0].cpu_translated_address, 0xE000_0000);
    assert_eq!(adapter.segments[0].system_memory_end_address, 1 << 20);
    let buffer = PagingBuffer { segment: 2, size: 16 << 10, private_data_size: 272, count: 2 };
    assert_eq!(adapter.paging_buffer, buffer);
    assert_eq!(adapter.aperture_commit_limit, 0);
    assert_eq!(adapter.descriptors, Some(DescriptorGeneration::Descriptor3));
    let agp = AgpAperture { base: 0xE000_0000, size: 256 << 20 };
    assert_eq!(adapter.agp_aperture, Some(agp));
    let quirks = Quirks::UnmapToPageZero | Quirks::NoOpPaging;
    assert_eq!(adapter.quirks.bits(), quirks.bits() | 0x8000_0000);
    let costs = Costs {
        link_to_device: 16 << 30,
        link_to_host: 12_000_000_000,
        local_memory: 0,
        operation: 1,
        submission: 2_000,
        packet: 3,
        aperture_page: 4,
        hibernate_file: 1 << 30,
        power_down: 4_000_000,
        power_up: u64::MAX,
    };
    assert_eq!(adapter.costs, costs);
    let keeps =
        HardwareKeeps { standby: Some(Kept::Everything), hibernate: Some(Kept::First(64 << 10)) };
    assert_eq!(adapter.segments[0].hardware_keeps, keeps);
    let keeps = HardwareKeeps { standby: Some(Kept::Nothing), hibernate: None };
    assert_eq!(adapter.segments[1].hardware_keeps, keeps);
    assert_eq!(adapter.segments[2].hardware_keeps, HardwareKeeps::default());

    let text =
        r#"(version: 1, adapter: (profile: "inspector", paging_buffer: (count: 5)), commands: [])"#;
    let session = open(text, "small.ron", &profile).expect("everything else has a default");
    let mut expected = profile("inspector").expect("the test has this profile");
    expected.paging_buffer.count = 5;
    assert_eq!(session.bound.adapter, expected);
}

#[test]
fn banks_ranges_and_windows_arrive() {
    let segment = &everything().bound.adapter.segments[2];
    let flags = SegmentFlags::UseBanking | SegmentFlags::PitchAlignment;
    assert_eq!((segment.flags, segment.bank_count), (flags, 5));
    assert_eq!(segment.bank_ends, [4 << 20, 10 << 20]);
    let range = |offset, size| SegmentRange { offset, size };
    assert_eq!(segment.invalid_ranges, [range(1 << 20, 64 << 10), range(2 << 20, 0)]);
    assert_eq!(segment.uefi_frame_buffer_ranges, [range(0, 3 << 20)]);
    let window = CpuHostAperture { physical_address: 0xD000_0000, size_in_pages: 256 };
    assert_eq!(segment.cpu_host_aperture, Some(window));
    let protected = VideoProtectedRange {
        start: 8 << 20,
        size: 4 << 20,
        alignment: 64 << 10,
        supported: 1,
        reserve: 4096,
    };
    assert_eq!(segment.video_protected_range, Some(protected));
}

/// The last bank ends with the segment, so an end before it makes one bank more.
#[test]
fn banks_are_counted_from_their_ends() {
    let table = [
        ("", 0, None),
        ("bank_ends: []", 0, None),
        ("bank_ends: [], bank_count: 0", 0, None),
        ("bank_ends: [], bank_count: 1", 1, Some(1)),
        ("bank_ends: [4, 10]", 3, None),
        ("bank_ends: [4, 16]", 2, None),
        ("bank_ends: [4, 10], bank_count: 3", 3, None),
        ("bank_ends: [4, 10], bank_count: 2", 2, Some(2)),
        ("bank_ends: [4, 99], bank_count: 3", 3, None),
        ("bank_count: 4294967295", u32::MAX, Some(u32::MAX)),
    ];
    for (banks, count, kept) in table {
        let text = format!(
            r#"(version: 1, adapter: (profile: "inspector", segments: [(name: "S", size: 16, {banks})]), commands: [])"#
        );
        let session = open(&text, "banks.ron", &profile).expect(banks);
        assert_eq!(session.bound.adapter.segments[0].bank_count, count, "{banks}");
        let described = session.document.adapter.segments.as_deref();
        let described: Vec<_> =
            described.unwrap_or_default().iter().map(|segment| segment.bank_count).collect();
        assert_eq!(described, [kept], "{banks}");
        let written = write(&session.document);
        assert_eq!(written.contains("bank_count"), kept.is_some(), "{written}");
    }
    let name = crate::session::Name::new("S").expect("one letter");
    let bank_ends = vec![7; 65_536];
    let segment = SegmentDescription { bank_ends, ..SegmentDescription::new(name, 8) };
    assert_eq!(segment.default_bank_count(), 65_537);
}

/// 33 segments cannot work, and still open: the rules say why.
#[test]
fn impossible_adapters_open() {
    let segments: String =
        (1..=33).map(|number| format!("(name: \"S{number}\", size: 0),")).collect();
    let text = format!(
        r#"(version: 1, adapter: (profile: "inspector", wddm: "1.0", descriptors: 4, segments: [{segments}], paging_buffer: (segment: "S33"), agp_aperture: (base: 0xFFFF_FFFF_FFFF_FFFF, size: 0)), commands: [
            CreateProcess("p"), CreateDevice(name: "d", process: "p"),
            CreateAllocation(name: "a", device: "d", size: 0, supported: ["S31"], hinted_banks: [127]),
            Expect(Finding("segment-count")),
        ])"#
    );
    let bound =
        open(&text, "impossible.ron", &profile).expect("it is for the rules to judge").bound;
    assert_eq!(bound.adapter.segments.len(), 33);
    assert_eq!(bound.adapter.paging_buffer.segment, 33);
    assert_eq!(bound.adapter.descriptors, Some(DescriptorGeneration::Descriptor4));
    let (checked, findings) = crate::rules::check_adapter(&bound.adapter);
    assert_eq!(checked, None);
    assert!(findings.iter().any(|finding| finding.rule == Rule::TooManySegments));
    assert!(findings.iter().any(|finding| finding.rule == Rule::PagingBufferSegment));

    let text = text.replace("segment: \"S33\"", "segment: 200");
    let bound = open(&text, "impossible.ron", &profile).expect("any number can be said").bound;
    assert_eq!(bound.adapter.paging_buffer.segment, 200);
}

/// What a session leaves out stays the profile's.
#[test]
fn profiles_keep_their_quirks_and_descriptors() {
    let special = |name: &str| {
        let mut adapter = profile(name)?;
        adapter.quirks = Quirks::NoProgress;
        adapter.descriptors = Some(DescriptorGeneration::Descriptor1);
        Some(adapter)
    };
    let open = |fields: &str| {
        let text =
            format!("(version: 1, adapter: (profile: \"inspector\", {fields}), commands: [])");
        let adapter = open(&text, "small.ron", &special).expect(fields).bound.adapter;
        (adapter.quirks, adapter.descriptors.map(DescriptorGeneration::number))
    };
    assert_eq!(open(""), (Quirks::NoProgress, Some(1)));
    assert_eq!(open("quirks: \"\", descriptors: 4"), (Quirks::empty(), Some(4)));
    assert_eq!(open("quirks: 0x400"), (Quirks::TransferNotSupported, Some(1)));
    assert_eq!(open("quirks: \"SetPowerStateFails\"").0.bits(), 0x1000);
}

/// Each cost replaces that of the profile and no other.
#[test]
fn profiles_keep_the_costs_that_a_session_does_not_give() {
    let own = Costs { link_to_host: 5, power_up: 6, ..Costs::default() };
    let special = |name: &str| {
        let mut adapter = profile(name)?;
        adapter.costs = own;
        Some(adapter)
    };
    let open = |fields: &str| {
        let text =
            format!("(version: 1, adapter: (profile: \"inspector\", {fields}), commands: [])");
        open(&text, "small.ron", &special).expect(fields)
    };
    let table = [
        ("", own, None),
        ("costs: None", own, None),
        ("costs: ()", own, Some("costs: (),")),
        (
            "costs: (link_to_host: \"8 MiB\")",
            Costs { link_to_host: 8 << 20, ..own },
            Some("costs: (link_to_host: \"8 MiB\"),"),
        ),
        (
            "costs: (power_up: 0, hibernate_file: 0x3B9A_CA00)",
            Costs { power_up: 0, hibernate_file: 1_000_000_000, ..own },
            Some("costs: (hibernate_file: 1_000_000_000, power_up: 0),"),
        ),
    ];
    for (fields, costs, written) in table {
        let session = open(fields);
        assert_eq!(session.bound.adapter.costs, costs, "{fields}");
        let text = write(&session.document);
        let line = text.lines().map(str::trim).find(|line| line.starts_with("costs"));
        assert_eq!(line, written, "{fields}");
    }
}

#[test]
fn what_hardware_keeps_is_read_in_every_form() {
    let keeps = |standby, hibernate| HardwareKeeps { standby, hibernate };
    let (nothing, everything) = (Some(Kept::Nothing), Some(Kept::Everything));
    let first = |bytes| Some(Kept::First(bytes));
    let table = [
        ("", keeps(None, None), None),
        ("hardware_keeps: ()", keeps(None, None), None),
        ("hardware_keeps: None", keeps(None, None), None),
        ("hardware_keeps: (standby: None)", keeps(None, None), None),
        (
            "hardware_keeps: (hibernate: Nothing)",
            keeps(None, nothing),
            Some("hardware_keeps: (hibernate: Nothing)"),
        ),
        (
            "hardware_keeps: (hibernate: First(0), standby: Everything)",
            keeps(everything, first(0)),
            Some("hardware_keeps: (standby: Everything, hibernate: First(\"0 B\"))"),
        ),
        (
            "hardware_keeps: (standby: First(18446744073709551615))",
            keeps(first(u64::MAX), None),
            Some("hardware_keeps: (standby: First(\"18446744073709551615 B\"))"),
        ),
    ];
    for (field, expected, written) in table {
        let text = format!(
            "(version: 1, adapter: (profile: \"inspector\", segments: [(name: \"S\", size: 16, {field})]), commands: [])"
        );
        let session = open(&text, "keeps.ron", &profile).expect(field);
        assert_eq!(session.bound.adapter.segments[0].hardware_keeps, expected, "{field}");
        let text = write(&session.document);
        match written {
            Some(written) => assert!(text.contains(written), "{written}\nis not in\n{text}"),
            None => assert!(!text.contains("hardware_keeps"), "{text}"),
        }
    }
}

/// Every word of a transition and of what it leaves, as it is read and as it is written.
#[test]
fn every_word_of_power_goes_both_ways() {
    let sleep = |sleep| Command::Power(Transition::Sleep(sleep));
    let resume = |power_lost| Command::Power(Transition::Resume { power_lost });
    let device = |state| Command::Power(Transition::Device(state));
    let power = |power| Command::Expect(Expectation::Power(power));
    let fate = |fate| Command::Expect(Expectation::Fate(AllocationId(0), fate));
    let table = [
        ("Sleep(Standby)", sleep(Sleep::Standby), ""),
        ("Sleep(Hibernate)", sleep(Sleep::Hibernate), ""),
        ("Sleep(HybridSleep)", sleep(Sleep::HybridSleep), ""),
        ("Sleep(FastStartup)", sleep(Sleep::FastStartup), ""),
        ("Resume", resume(false), ""),
        ("ResumeAfterPowerLoss", resume(true), ""),
        ("DevicePower(D0)", device(DevicePowerState::D0), ""),
        ("DevicePower(D1)", device(DevicePowerState::D1), ""),
        ("DevicePower(D2)", device(DevicePowerState::D2), ""),
        ("DevicePower(D3)", device(DevicePowerState::D3), ""),
        ("TimeoutRecovery", Command::Power(Transition::TimeoutRecovery), ""),
        ("Expect(Power(Working))", power(Power::Working), ""),
        ("Expect(Power(Device(D1)))", power(Power::Device(DevicePowerState::D1)), ""),
        ("Expect(Power(Device(D3)))", power(Power::Device(DevicePowerState::D3)), ""),
        ("Expect(Power(Asleep(Standby)))", power(Power::Asleep(Sleep::Standby)), ""),
        ("Expect(Power(Asleep(HybridSleep)))", power(Power::Asleep(Sleep::HybridSleep)), ""),
        ("Expect(Fate(\"a\", Kept))", fate(Fate::Kept), ""),
        ("Expect(Fate(\"a\", MovedOut))", fate(Fate::MovedOut), ""),
        ("Expect(Fate(\"a\", Discarded))", fate(Fate::Discarded), ""),
        ("Expect(Fate(\"a\", Unmapped))", fate(Fate::Unmapped), ""),
        ("Expect(Fate(\"a\", Lost))", fate(Fate::Lost), ""),
        ("Expect(Fate(\"a\", Restored))", fate(Fate::Restored), ""),
        ("Expect(Fate(\"a\", Remapped))", fate(Fate::Remapped), ""),
        ("Expect(Fate(\"a\", Waiting))", fate(Fate::Waiting), ""),
        (
            "Expect(LostBytes(\"a\", 4096))",
            Command::Expect(Expectation::LostBytes(AllocationId(0), 4096)),
            "Expect(LostBytes(\"a\", \"4 KiB\"))",
        ),
        (
            "Expect(Content(\"a\", Lost))",
            Command::Expect(Expectation::Content(AllocationId(0), ContentState::Lost)),
            "",
        ),
    ];
    for (text, expected, written) in table {
        let session = format!(
            "(version: 1, adapter: (profile: \"inspector\"), commands: [{text}, CreateProcess(\"p\"), CreateDevice(name: \"d\", process: \"p\"), CreateAllocation(name: \"a\", device: \"d\", size: 1)])"
        );
        let session = open(&session, "power.ron", &profile).expect(text);
        assert_eq!(session.bound.commands[0], expected, "{text}");
        let written = if written.is_empty() { text } else { written };
        assert_eq!(write_command(&session.document.commands[0]), written);
    }
}

/// A state that the reader has no word for is written as the one that it means.
#[test]
fn an_adapter_in_d0_is_written_as_working() {
    let power = NamedExpectation::Power(Power::Device(DevicePowerState::D0));
    assert_eq!(write_command(&NamedCommand::Expect(Box::new(power))), "Expect(Power(Working))");
}

/// What drivers usually want is left out when it is written, even where the session says it.
#[test]
fn defaults_of_devices_contexts_and_submissions_are_left_out() {
    let table = [
        (
            r#"CreateDevice(name: "d", process: "p", dma_buffer_size: "4 KiB", dma_buffer_segments: [], dma_buffer_private_data_size: 0, allocation_list_size: 256, patch_location_list_size: 512, guaranteed_dma_buffer_contract: false)"#,
            Command::CreateDevice(DeviceId(0), ProcessId(0), DeviceInfo::default()),
            r#"CreateDevice(name: "d", process: "p")"#,
        ),
        (
            r#"CreateContext(name: "c", device: "d", priority: 0)"#,
            Command::CreateContext(ContextId(0), DeviceId(0), 0),
            r#"CreateContext(name: "c", device: "d")"#,
        ),
        (
            r#"CreateContext(name: "c", device: "d", priority: 7)"#,
            Command::CreateContext(ContextId(0), DeviceId(0), 7),
            r#"CreateContext(name: "c", device: "d", priority: 7)"#,
        ),
        (
            r#"Submit(device: "d", context: None, commands: [Wait(allocation: "a", offset: 0, value: 0x10), Bytes(bytes: "0a", allocations: [])])"#,
            Command::Submit(Box::new(Submit {
                context: ContextRef::OfDevice(DeviceId(0)),
                commands: [
                    UserCommand::Wait {
                        fence: At { allocation: AllocationId(0), offset: 0 },
                        value: 16,
                    },
                    UserCommand::Bytes([0x0A].into(), [].into()),
                ]
                .into(),
            })),
            r#"Submit(device: "d", commands: [Wait(allocation: "a", value: 16), Bytes(bytes: "0A")])"#,
        ),
    ];
    for (text, expected, written) in table {
        let create = if text.starts_with("CreateDevice") {
            ""
        } else {
            "CreateDevice(name: \"d\", process: \"p\"),"
        };
        let session = format!(
            "(version: 1, adapter: (profile: \"inspector\"), commands: [{text}, CreateProcess(\"p\"), {create} CreateAllocation(name: \"a\", device: \"d\", size: 1)])"
        );
        let session = open(&session, "submit.ron", &profile).expect(text);
        assert_eq!(session.bound.commands[0], expected, "{text}");
        assert_eq!(write_command(&session.document.commands[0]), written);
    }
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
    assert_eq!((policies.offers, policies.transfer_limit), (OfferPolicy::Keep, 64 << 10));
    assert_eq!(command_lines(EVERYTHING).len(), document.commands.len());
    assert_eq!(command_lines(EVERYTHING)[0], 31);
}

#[test]
fn every_command_arrives() {
    let bound = everything().bound;
    let (tex, rt, rows, game) = (AllocationId(0), AllocationId(1), AllocationId(2), DeviceId(0));
    let pages = PagesId(0);
    let segment = |number| SegmentId::new(number).expect("between 1 and 31");
    let commands = &bound.commands;
    assert_eq!(commands[0], Command::CreateProcess(ProcessId(0)));
    assert_eq!(
        commands[1],
        Command::CreateDevice(
            DeviceId(0),
            ProcessId(0),
            DeviceInfo {
                dma_buffer_size: 8192,
                dma_buffer_segment_set: SegmentSet(2),
                dma_buffer_private_data_size: 1024,
                allocation_list_size: 64,
                patch_location_list_size: 128,
                guaranteed_dma_buffer_contract: true,
            }
        )
    );

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

    let Command::CreateAllocation(create) = &commands[4] else { panic!("{:?}", commands[4]) };
    // 256 and 512 bytes a row, 100 rows.
    assert_eq!(create.info.size, Bytes(25_600));
    assert_eq!(create.info.pitch_aligned_size, Bytes(51_200));
    let layout = RowLayout { pitch: 256, aligned_pitch: 512, rows: 100 };
    assert_eq!(create.info.rows, Some(layout));
    // Group 0: bank 2; group 1: bank 3 from its end.
    assert_eq!(create.info.hinted_banks.word(), 0x2 | (0x83 << 8));
    assert_eq!(create.info.flags, AllocationFlags::CpuVisible | AllocationFlags::Swizzled);
    assert_eq!((create.shared, create.primary, create.existing), (true, true, None));

    let Command::CreateAllocation(create) = &commands[5] else { panic!("{:?}", commands[5]) };
    assert_eq!((create.info.size, create.info.pitch_aligned_size), (Bytes(4096), Bytes(8192)));
    assert_eq!(create.info.hinted_banks.word(), 0x82);
    assert_eq!((create.shared, create.primary, create.existing), (false, false, Some(pages)));

    let part = |offset, length| AllocationRange { offset, length };
    let reference = |allocation, range, kind| Reference { allocation, range, kind };
    let (read, write) = (ReferenceKind::Read, |seed| ReferenceKind::Write { seed });
    let expect = Command::Expect;
    let raw = |operation| Command::Raw(Box::new(operation));
    let damage = |damage| Command::Expect(Expectation::Damage(damage));
    let power = Command::Power;
    let place = |allocation, offset| At { allocation, offset };
    let submit = |context, commands: Vec<UserCommand>| {
        Command::Submit(Box::new(Submit { context, commands: commands.into() }))
    };
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
        Command::CpuRead(tex, part(2, Some(1))),
        Command::RunGpu(RunGpu::UntilIdle),
        Command::RunGpu(RunGpu::Packets(3)),
        Command::RunGpu(RunGpu::UntilFence(FenceId(2))),
        Command::CreateContext(ContextId(0), game, -7),
        Command::CreateContext(ContextId(1), game, 0),
        submit(
            ContextRef::Own(ContextId(0)),
            vec![
                UserCommand::Fill {
                    destination: place(rt, 0x10),
                    length: Some(1024),
                    pattern: 0xFF00_FF00,
                },
                UserCommand::Copy {
                    source: place(tex, 4096),
                    destination: place(rt, 8),
                    length: Some(256),
                },
                UserCommand::Blit {
                    source: place(tex, 256),
                    source_pitch: 1024,
                    destination: place(rt, 4),
                    destination_pitch: 128,
                    row_bytes: 64,
                    rows: 16,
                },
                UserCommand::Add {
                    destination: place(rt, 1),
                    length: Some(6),
                    addend: 0x0102_0304,
                },
                UserCommand::Draw(
                    [
                        reference(tex, part(0, None), read),
                        reference(rt, part(0, None), write(None)),
                        reference(tex, part(0x10, Some(4096)), read),
                        reference(rt, part(0, None), write(Some(5))),
                    ]
                    .into(),
                ),
                UserCommand::Unbind,
                UserCommand::Wait { fence: place(rt, 16), value: u64::MAX },
                UserCommand::Signal { fence: place(rt, 1024), value: 2 },
                UserCommand::Bytes([0x40, 0xE1, 0x0B].into(), [tex, rt, tex].into()),
            ],
        ),
        submit(
            ContextRef::OfDevice(game),
            vec![
                UserCommand::Fill { destination: place(rt, 0), length: None, pattern: 1 },
                UserCommand::Copy {
                    source: place(tex, 0),
                    destination: place(rt, 0),
                    length: None,
                },
                UserCommand::Blit {
                    source: place(tex, 0),
                    source_pitch: 0,
                    destination: place(rt, 0),
                    destination_pitch: 0,
                    row_bytes: 0,
                    rows: 0,
                },
                UserCommand::Add { destination: place(rt, 0), length: None, addend: 1 },
                UserCommand::Draw([].into()),
                UserCommand::Wait { fence: place(rt, 0), value: 0 },
                UserCommand::Signal { fence: place(rt, 0), value: 1 },
                UserCommand::Bytes([].into(), [].into()),
            ],
        ),
        submit(ContextRef::Own(ContextId(1)), Vec::new()),
        Command::OpenAllocation(rows, game),
        Command::CloseAllocation(rows, game),
        Command::Lock(tex, None, LockFlags::empty()),
        Command::Lock(tex, Some(game), LockFlags::ReadOnly | LockFlags::DonotWait),
        Command::Unlock(tex),
        Command::Offer([tex, rt].into(), OfferPriority::Low),
        Command::Offer([tex].into(), OfferPriority::Auto),
        Command::Reclaim([tex, rt].into()),
        Command::Display(Some(rows)),
        Command::Display(None),
        Command::ReservePages(ReservePages { pages, count: 16, contiguous: false }),
        Command::ReservePages(ReservePages { pages: PagesId(1), count: 1 << 32, contiguous: true }),
        Command::ReleasePages(PagesId(1)),
        Command::WritePages(pages, part(4096, Some(16)), Data::Seed(7)),
        Command::WritePages(pages, part(0, Some(2)), Data::Bytes([1, 2].into())),
        raw(RawOperation::Transfer(RawTransfer {
            allocation: Some(tex),
            transfer_offset: 4096,
            transfer_size: 8192,
            source: RawLocation::Segment { id: segment(2), address: 0xC000_1000 },
            destination: RawLocation::Pages(pages),
            flags: TransferFlags::TransferStart | TransferFlags::TransferEnd,
            mdl_offset: 1,
        })),
        raw(RawOperation::Transfer(RawTransfer {
            allocation: None,
            transfer_offset: 0,
            transfer_size: 4096,
            source: RawLocation::Pages(pages),
            destination: RawLocation::Segment { id: segment(1), address: 0 },
            flags: TransferFlags::empty(),
            mdl_offset: 0,
        })),
        raw(RawOperation::SpecialLockTransfer(
            RawTransfer {
                allocation: Some(tex),
                transfer_offset: 0x1000,
                transfer_size: 4096,
                source: RawLocation::Pages(pages),
                destination: RawLocation::Segment { id: segment(1), address: 0x1000 },
                flags: TransferFlags::Unswizzle,
                mdl_offset: 0,
            },
            3,
            0xABCD,
        )),
        raw(RawOperation::Fill {
            allocation: Some(tex),
            fill_size: 4096,
            fill_pattern: 0xDEAD_BEEF,
            segment: segment(1),
            address: 0x2000,
        }),
        raw(RawOperation::DiscardContent {
            allocation: Some(tex),
            flags: DiscardContentFlags::AllocationIsIdle,
            segment: segment(1),
            address: 0x2000,
        }),
        raw(RawOperation::ReadPhysical { segment: segment(1), address: 0x10 }),
        raw(RawOperation::WritePhysical { segment: segment(2), address: 0xC000_0000 }),
        raw(RawOperation::MapApertureSegment {
            device: Some(game),
            allocation: Some(tex),
            segment: segment(2),
            offset_in_pages: 16,
            number_of_pages: 4,
            pages,
            flags: MapApertureFlags::CacheCoherent,
            mdl_offset: 2,
        }),
        raw(RawOperation::MapApertureSegment {
            device: None,
            allocation: None,
            segment: segment(2),
            offset_in_pages: 0,
            number_of_pages: 1,
            pages,
            flags: MapApertureFlags::empty(),
            mdl_offset: 0,
        }),
        raw(RawOperation::UnmapApertureSegment {
            device: Some(game),
            allocation: Some(tex),
            segment: segment(2),
            offset_in_pages: 16,
            number_of_pages: 4,
            dummy_page: Some(0x7000),
        }),
        raw(RawOperation::UnmapApertureSegment {
            device: None,
            allocation: None,
            segment: segment(2),
            offset_in_pages: 0,
            number_of_pages: 1,
            dummy_page: None,
        }),
        power(Transition::Sleep(Sleep::Standby)),
        power(Transition::Resume { power_lost: false }),
        power(Transition::Sleep(Sleep::HybridSleep)),
        power(Transition::Resume { power_lost: true }),
        power(Transition::Sleep(Sleep::Hibernate)),
        power(Transition::Resume { power_lost: false }),
        power(Transition::Sleep(Sleep::FastStartup)),
        power(Transition::Resume { power_lost: false }),
        power(Transition::Device(DevicePowerState::D3)),
        power(Transition::Device(DevicePowerState::D0)),
        power(Transition::TimeoutRecovery),
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
        expect(Expectation::Content(tex, ContentState::Discarded)),
        expect(Expectation::Counter(Counter::BytesFlushed, 4096)),
        expect(Expectation::Offer(tex, OfferState::NotOffered)),
        expect(Expectation::Offer(tex, OfferState::Offered)),
        expect(Expectation::Offer(tex, OfferState::Discarded)),
        expect(Expectation::Locked(tex, true)),
        expect(Expectation::Locked(tex, false)),
        expect(Expectation::Displayed(rows, true)),
        expect(Expectation::Displayed(rows, false)),
        expect(Expectation::Owner(rows, game)),
        expect(Expectation::PagesBytes(pages, 0x1000, [1, 2].into())),
        expect(Expectation::Finding(Rule::ReservedBits)),
        expect(Expectation::Power(Power::Working)),
        expect(Expectation::Power(Power::Device(DevicePowerState::D3))),
        expect(Expectation::Power(Power::Asleep(Sleep::Hibernate))),
        expect(Expectation::Fate(tex, Fate::MovedOut)),
        expect(Expectation::LostBytes(tex, 4 << 20)),
        expect(Expectation::Content(tex, ContentState::Lost)),
        damage(ExpectedDamage::Content { allocation: tex, offset: 0x10 }),
        damage(ExpectedDamage::Pages { pages, offset: 4096 }),
        damage(ExpectedDamage::Segment { segment: segment(1), offset: 0 }),
        damage(ExpectedDamage::Aperture { segment: segment(2), page: 16 }),
        damage(ExpectedDamage::WrongRead { allocation: tex, offset: 1 }),
        damage(ExpectedDamage::WrongCpuRead { allocation: tex, offset: 2 }),
    ];
    for (index, expected) in rest.iter().enumerate() {
        assert_eq!(&commands[index + 6], expected, "command {}", index + 6);
    }
    assert_eq!(rest.len() + 6, commands.len());
}

#[test]
fn names_go_both_ways() {
    let names = everything().bound.names;
    assert_eq!(names.allocation(AllocationId(1)), "rt");
    assert_eq!(names.find_allocation("rt"), Some(AllocationId(1)));
    assert_eq!(names.find_allocation("game"), None);
    assert_eq!(names.process(ProcessId(0)), "game.exe");
    assert_eq!(names.device(DeviceId(0)), "game");
    // A context may have the name of a device.
    assert_eq!(names.contexts().collect::<Vec<_>>(), ["ui", "game"]);
    assert_eq!(names.context(ContextId(0)), "ui");
    assert_eq!(names.find_context("game"), Some(ContextId(1)));
    assert_eq!(names.find_context("tex"), None);
    assert_eq!(names.context_ref(ContextRef::OfDevice(DeviceId(0))), "game");
    assert_eq!(names.context_ref(ContextRef::Own(ContextId(0))), "ui");
    assert_eq!(names.context(ContextId(2)), "(unnamed)");
    assert_eq!(names.find_segment("GART"), SegmentId::new(2));
    assert_eq!(names.pages(PagesId(1)), "run");
    assert_eq!(names.find_pages("pages"), Some(PagesId(0)));
    assert_eq!(names.find_pages("tex"), None);
    assert_eq!(names.all_pages().collect::<Vec<_>>(), ["pages", "run"]);
    assert_eq!(names.allocations().collect::<Vec<_>>(), ["tex", "rt", "rows", "wrap"]);
    assert_eq!(names.segments().collect::<Vec<_>>(), ["VRAM", "GART", "BANKS"]);
    assert_eq!(names.allocation(AllocationId(9)), "(unnamed)");
}

/// Names of the word as the adapter's driver model has them, or numbers.
#[test]
fn flags_have_the_names_of_their_generation() {
    let of = |wddm: &str, flags: &str| {
        let text = format!(
            r#"(version: 1, adapter: (profile: "inspector"{wddm}), commands: [
                CreateAllocation(name: "a", device: "d", size: 1, flags: {flags}),
                CreateDevice(name: "d", process: "p"), CreateProcess("p"),
            ])"#
        );
        let bound = open(&text, "flags.ron", &profile).map_err(|errors| errors[0].to_string())?;
        match &bound.bound.commands[0] {
            Command::CreateAllocation(create) => Ok(create.info.flags),
            other => panic!("{other:?}"),
        }
    };
    let newer = AllocationFlagsWddm2::DisableLargePageMapping | AllocationFlagsWddm2::CpuVisible;
    let newer = AllocationFlags::from_bits_retain(newer.bits());
    let both = AllocationFlags::CpuVisible | AllocationFlags::Overlay;
    // The profile is one of WDDM 1.2.
    assert_eq!(of("", "\"Swizzled\""), Ok(AllocationFlags::Swizzled));
    assert_eq!(of("", "\"CpuVisible | Overlay\""), Ok(both));
    assert_eq!(of("", "\"CpuVisible | 0x80\""), Ok(newer));
    assert_eq!(of(", wddm: \"2.0\"", "\"CpuVisible | Overlay\""), Ok(both));
    let named = "\"DisableLargePageMapping | CpuVisible\"";
    assert_eq!(of(", wddm: \"2.1\"", named), Ok(newer));
    assert_eq!(of(", wddm: \"2.1\"", "0x81"), Ok(newer));
    assert_eq!(
        of("", named),
        Err("flags.ron:2:74: commands[0].CreateAllocation.flags: `DisableLargePageMapping` is a flag of WDDM 2.x, but the adapter is one of WDDM 1.2 (a number names the bits of either)".to_owned())
    );
    assert_eq!(
        of(", wddm: \"3.1\"", "\"LinkMirrored\""),
        Err("flags.ron:2:74: commands[0].CreateAllocation.flags: `LinkMirrored` is a flag of WDDM 1.x, but the adapter is one of WDDM 3.1 (a number names the bits of either)".to_owned())
    );
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
        "    policies: (fit: Best, eviction: Fifo, engine: Manual, offers: Keep, transfer_limit: \"64 KiB\"),",
        "        descriptors: 3,",
        "            (name: \"VRAM\", flags: \"CpuVisible | 0x80000000\", base: 0x0000, size: \"16 MiB\", cpu_translated_address: 0xE000_0000, system_memory_end_address: 0x0010_0000, hardware_keeps: (standby: Everything, hibernate: First(\"64 KiB\"))),",
        "            (name: \"BANKS\", flags: \"UseBanking | PitchAlignment\", base: 0x1000_0000, size: \"16 MiB\", bank_ends: [\"4 MiB\", \"10 MiB\"], bank_count: 5, invalid_ranges: [(offset: 0x0010_0000, size: \"64 KiB\"), (offset: 0x0020_0000, size: \"0 B\")], uefi_frame_buffer_ranges: [(offset: 0x0000, size: \"3 MiB\")], cpu_host_aperture: (physical_address: 0xD000_0000, size_in_pages: 256), video_protected_range: (start: 0x0080_0000, size: \"4 MiB\", alignment: \"64 KiB\", supported: 1, reserve: \"4 KiB\")),",
        "        agp_aperture: (base: 0xE000_0000, size: \"256 MiB\"),",
        "        quirks: \"UnmapToPageZero | NoOpPaging | 0x80000000\",",
        "        costs: (link_to_device: \"16 GiB\", link_to_host: 12_000_000_000, local_memory: 0, operation: 1, submission: 2_000, packet: 3, aperture_page: 4, hibernate_file: \"1 GiB\", power_down: 4_000_000, power_up: 18_446_744_073_709_551_615),",
        "        Sleep(HybridSleep),",
        "        Resume,",
        "        ResumeAfterPowerLoss,",
        "        DevicePower(D3),",
        "        TimeoutRecovery,",
        "        Expect(Power(Asleep(Hibernate))),",
        "        Expect(LostBytes(\"tex\", \"4 MiB\")),",
        "        CreateAllocation(name: \"rows\", device: \"game\", rows: (pitch: 256, aligned_pitch: 512, rows: 100), hinted_banks: [2, (3, FromEnd)], flags: \"CpuVisible | Swizzled\", shared: true, primary: true),",
        "        Offer([\"tex\", \"rt\"], LOW),",
        "        Lock(allocation: \"tex\", device: \"game\", flags: \"ReadOnly | DonotWait\"),",
        "        StopDisplay,",
        "        Transfer(transfer_size: \"4 KiB\", source: Pages(\"pages\"), destination: Segment(1, 0x0000)),",
        "        Expect(Damage(Aperture(segment: \"GART\", page: 16))),",
        "        aperture_commit_limit: \"0 B\",",
        "        EvictAll,",
        "        SetPriority(\"tex\", MAXIMUM),",
        "        CpuWrite(allocation: \"tex\", offset: 0x0003, data: Bytes(\"40 E1 0B\")),",
        "        CreateDevice(name: \"game\", process: \"game.exe\", dma_buffer_size: \"8 KiB\", dma_buffer_segments: [\"GART\"], dma_buffer_private_data_size: \"1 KiB\", allocation_list_size: 64, patch_location_list_size: 128, guaranteed_dma_buffer_contract: true),",
        "        CreateContext(name: \"ui\", device: \"game\", priority: -7),",
        "        CreateContext(name: \"game\", device: \"game\"),",
        "        Submit(context: \"ui\", commands: [Fill(allocation: \"rt\", offset: 0x0010, length: \"1 KiB\", pattern: 0xFF00FF00), Copy(from: \"tex\", from_offset: 0x1000, to: \"rt\", to_offset: 0x0008, length: \"256 B\"), Blit(from: \"tex\", from_offset: 0x0100, from_pitch: 1024, to: \"rt\", to_offset: 0x0004, to_pitch: 128, row_bytes: 64, rows: 16), Add(allocation: \"rt\", offset: 0x0001, length: \"6 B\", addend: 0x01020304), Draw([Read(\"tex\"), Write(\"rt\"), ReadRange(allocation: \"tex\", offset: 0x0010, length: \"4 KiB\"), WriteRange(allocation: \"rt\", seed: 5)]), Unbind, Wait(allocation: \"rt\", offset: 0x0010, value: 18446744073709551615), Signal(allocation: \"rt\", offset: 0x0400, value: 2), Bytes(bytes: \"40 E1 0B\", allocations: [\"tex\", \"rt\", \"tex\"])]),",
        "        Submit(context: \"game\", commands: []),",
        "        Expect(Stopped(code: 0x10E, parameter: 0xB)),",
    ] {
        assert!(text.lines().any(|written| written == line), "{line}\nis not in\n{text}");
    }
    let again = parse(&text, "written.ron").map_err(|error| error.to_string());
    assert_eq!(again, Ok(everything().document));
}

/// What the reader would take in place of a word that it does not know.
fn known_in_place_of(text: &str) -> Vec<String> {
    let error = parse(text, "t").expect_err(text);
    let hint = error.hint.clone().unwrap_or_else(|| panic!("{error}"));
    let known = hint.strip_prefix("write one of ").unwrap_or_else(|| panic!("{error}"));
    known.split(", ").map(str::to_owned).collect()
}

/// The sample has every command, expectation, kind of damage and field, and the documentation
/// names each of them.
#[test]
fn the_sample_and_the_documentation_are_complete() {
    let readme = include_str!("../../../saved-sessions/README.md");
    let check = |before: &str, word: &str, after: &str| {
        assert!(EVERYTHING.contains(&format!("{before}{word}{after}")), "{before}{word}");
        let bounded = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        assert!(readme.split(bounded).any(|found| found == word), "{word} is not documented");
    };
    let commands =
        |text: &str| format!("(version: 1, adapter: (profile: \"p\"), commands: [{text}])");
    let fields_of = |command: &str| known_in_place_of(&commands(command));

    let keywords = fields_of("Qqqqqqqq");
    assert_eq!(keywords.len(), 39);
    for keyword in &keywords {
        check("        ", keyword, "");
        let text = commands(&format!("{keyword}(qqqqqqqq: 0)"));
        let error = parse(&text, "t").expect_err(keyword);
        // Commands without named fields say something else.
        if error.message == "there is no field `qqqqqqqq`" {
            for field in known_in_place_of(&text) {
                let uses = EVERYTHING.lines().filter(|line| line.contains(&format!(" {keyword}(")));
                let mut uses = uses.filter(|line| line.contains(&format!("{field}: ")));
                assert!(uses.next().is_some(), "{keyword} without {field}");
                check("", &field, ": ");
            }
        }
    }
    let item = |text: &str| format!("Submit(commands: [{text}])");
    for keyword in fields_of(&item("Qqqqqqqq")) {
        let used = [format!("[{keyword}"), format!(", {keyword}")];
        let submits = EVERYTHING.lines().filter(|line| line.contains(" Submit("));
        let submits: Vec<&str> = submits.collect();
        let in_use = |used: &String| submits.iter().any(|line| line.contains(used));
        assert!(used.iter().any(in_use), "{keyword}");
        assert!(readme.contains(&format!("commands: [{keyword}")), "{keyword} is not documented");
        let text = commands(&item(&format!("{keyword}(qqqqqqqq: 0)")));
        let error = parse(&text, "t").expect_err(&keyword);
        // `Draw` and `Unbind` have no fields.
        if error.message == "there is no field `qqqqqqqq`" {
            for field in known_in_place_of(&text) {
                let used = [format!("({field}: "), format!(", {field}: ")];
                assert!(used.iter().any(in_use), "{keyword} without {field}");
                check("", &field, ": ");
            }
        }
    }
    for expectation in fields_of("Expect(Qqqqqqqq)") {
        check("Expect(", &expectation, "(");
    }
    for damage in fields_of("Expect(Damage(Qqqqqqqq))") {
        check("Expect(Damage(", &damage, "(");
    }
    for counter in fields_of("Expect(Counter(Qqqqqqqq, 1))") {
        assert!(readme.contains(&format!("`{counter}`")), "{counter} is not documented");
    }
    for field in known_in_place_of("(qqqqqqqq: 0)") {
        check("    ", &field, ": ");
    }
    for field in known_in_place_of("(version: 1, adapter: (qqqqqqqq: 0))") {
        check("        ", &field, ": ");
    }
    for field in known_in_place_of("(version: 1, adapter: (segments: [(qqqqqqqq: 0)]))") {
        check("", &field, ": ");
    }
    for field in known_in_place_of("(version: 1, adapter: (costs: (qqqqqqqq: 0)))") {
        check("", &field, ": ");
    }
    let of_segment = |text: &str| {
        let text = format!("(version: 1, adapter: (segments: [(hardware_keeps: {text})]))");
        known_in_place_of(&text)
    };
    for field in of_segment("(qqqqqqqq: 0)") {
        check("", &field, ": ");
    }
    for kept in of_segment("(standby: Qqqqqqqq)") {
        check(": ", &kept, "");
    }
    for power in fields_of("Expect(Power(Qqqqqqqq))") {
        check("Expect(Power(", &power, "");
    }
    for fate in fields_of("Expect(Fate(\"a\", Qqqqqqqq))") {
        assert!(readme.contains(&format!("`{fate}`")), "{fate} is not documented");
    }
    for sleep in fields_of("Sleep(Qqqqqqqq)") {
        check("Sleep(", &sleep, ")");
    }
    for field in known_in_place_of("(version: 1, policies: (qqqqqqqq: 0))") {
        check("", &field, ": ");
    }
    for (quirk, _) in Quirks::all().iter_names() {
        assert!(readme.contains(&format!("`{quirk}`")), "{quirk} is not documented");
    }
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
    let mut documented: Vec<String> = Vec::new();
    for row in readme.lines().filter(|line| line.starts_with("| `")) {
        // A bar inside a cell is escaped.
        let row = row.replace("\\|", "|");
        for code in row.split('`').skip(1).step_by(2) {
            let keyword = code.split('(').next().unwrap_or_default();
            if keywords.contains(&keyword) {
                read(&command(code));
                documented.push(keyword.to_owned());
            }
        }
    }
    for keyword in keywords {
        assert!(documented.iter().any(|known| known == keyword), "{keyword} has no example");
    }
}
