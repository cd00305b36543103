//! Where DMA buffers live, worked out by hand from the documents.

use vidmm_inspector::base::{AllocationId, DeviceId, ProcessId, SegmentId};
use vidmm_inspector::config::EnginePolicy;
use vidmm_inspector::ddi::{
    AllocationFlags, DeviceInfo, DmaBufferAddress, InterfaceVersion, NtStatus, PagingOperation,
    SegmentFlags,
};
use vidmm_inspector::machine::{Command, Ending, Run, RunGpu, TracedKind};
use vidmm_inspector::vidmm::{
    Asked, BufferKind, ExtentOwner, OperationReason, RefusalReason, Sleep, Transition,
};

use crate::script::{Done, PAGE, Script, info, segments};

const NONE: SegmentFlags = SegmentFlags::empty();
const GART: SegmentFlags = SegmentFlags::Aperture;
const V1: InterfaceVersion = InterfaceVersion::Wddm1_3;
const PLAIN: AllocationFlags = AllocationFlags::empty();

/// A memory of 64 pages and apertures of so many; the device of the script has its DMA buffers of
/// 8 KiB in the apertures `set`.
fn script(apertures: &[u64], set: &[u8]) -> Script {
    let mut all = vec![(NONE, 64)];
    all.extend(apertures.iter().map(|pages| (GART, *pages)));
    let mut script = Script::new(V1, &all);
    let dma_buffer_segment_set = segments(set);
    let info =
        DeviceInfo { dma_buffer_size: 8192, dma_buffer_segment_set, ..DeviceInfo::default() };
    for command in &mut script.commands {
        if let Command::CreateDevice(DeviceId(0), _, wanted) = command {
            *wanted = info;
        }
    }
    script
}

/// Operations of a command that concern DMA buffers: whether it maps, and the first page.
fn mappings(run: &mut Run, number: usize) -> Vec<(bool, u8, u64, bool)> {
    let trace = run.trace(number).expect("deterministic");
    let records = trace.operations.iter().filter_map(|operation| match &operation.kind {
        TracedKind::Asked(record) => Some(record.clone()),
        TracedKind::Executed(_) => None,
    });
    records
        .filter_map(|record| match (&record.asked, record.reason) {
            (
                Asked::Paging(PagingOperation::MapApertureSegment(map)),
                OperationReason::DmaBufferMapping(_),
            ) => {
                let owned = map.allocation.is_some() || map.device.is_some();
                Some((true, map.segment.number(), map.offset_in_pages.get(), owned))
            }
            (
                Asked::Paging(PagingOperation::UnmapApertureSegment(unmap)),
                OperationReason::DmaBufferUnmapping(_),
            ) => {
                let owned = unmap.allocation.is_some() || unmap.device.is_some();
                Some((false, unmap.segment.number(), unmap.offset_in_pages.get(), owned))
            }
            _ => None,
        })
        .collect()
}

fn mapped(done: &Done) -> Vec<(u8, u64)> {
    let vidmm = done.machine().vidmm();
    let mut found = Vec::new();
    for segment in vidmm.adapter().segments.iter() {
        let used = vidmm.book().segment(segment.id).expect("it is the adapter's");
        let whole = vidmm_inspector::base::Span::whole(segment.size.get());
        for (span, owner) in used.extents(whole) {
            if matches!(owner, ExtentOwner::DmaBuffer(_)) {
                found.push((segment.id.number(), span.start() / PAGE));
            }
        }
    }
    found
}

#[test]
fn a_buffer_in_an_aperture_is_mapped_for_its_submission_and_no_longer() {
    let mut script = script(&[16], &[2]);
    let id = script.resident(info(2, &[1], PLAIN));
    let first = script.write(id);
    let second = script.write(id);
    let mut done = script.run();
    for number in [first, second] {
        let found = mappings(&mut done.0, number);
        assert_eq!(found, [(true, 2, 0, false), (false, 2, 0, false)], "command {number}");
        let trace = done.0.trace(number).expect("deterministic");
        let user: Vec<_> = trace.submissions.iter().filter(|known| !known.paging).collect();
        let [submission] = user[..] else { panic!("{user:?}") };
        let gart = SegmentId::new(2).expect("2");
        let at = matches!(
            submission.buffer.address,
            Some(DmaBufferAddress::Aperture { segment, .. }) if segment == gart
        );
        assert!(at, "the GPU reads it through the aperture: {:?}", submission.buffer.address);
    }
    assert_eq!(mapped(&done), [], "retired at the end of the command");
}

#[test]
fn without_a_set_a_buffer_is_read_by_its_physical_address() {
    let mut script = script(&[16], &[]);
    let id = script.resident(info(2, &[1], PLAIN));
    let number = script.write(id);
    let mut done = script.run();
    assert_eq!(mappings(&mut done.0, number), []);
    let trace = done.0.trace(number).expect("deterministic");
    let user = trace.submissions.iter().find(|known| !known.paging).expect("it was submitted");
    assert!(matches!(user.buffer.address, Some(DmaBufferAddress::Physical(_))));
    let buffers = done.machine().vidmm().queue().buffers();
    let own = buffers.iter().find(|buffer| buffer.shape.device == Some(DeviceId(0)));
    assert_eq!(own.expect("a pool of its own").shape.mdl.runs().len(), 1, "contiguous");
}

#[test]
fn a_set_may_name_apertures_only_and_sizes_have_bounds() {
    let try_ = |set: &[u8], size| {
        let mut script = script(&[16], &[]);
        let info = DeviceInfo {
            dma_buffer_size: size,
            dma_buffer_segment_set: segments(set),
            ..DeviceInfo::default()
        };
        script.then(Command::CreateDevice(DeviceId(3), ProcessId(0), info));
        let run = script.executed();
        match &run.records().last().expect("executed").ending {
            Ending::Refused(refusal) => Some((refusal.status, refusal.reason.clone())),
            _ => None,
        }
    };
    let memory = SegmentId::new(1).expect("1");
    let wrong = NtStatus::INVALID_PARAMETER;
    let table = [
        (try_(&[2], 4096), None),
        (try_(&[1, 2], 4096), Some((wrong, RefusalReason::DmaBufferInMemory(memory)))),
        (try_(&[2, 9], 4096), Some((wrong, RefusalReason::NoSuchSegment(9)))),
        (try_(&[2], 0), Some((wrong, RefusalReason::BadSize(vidmm_inspector::base::Bytes::ZERO)))),
    ];
    for (index, (found, expected)) in table.into_iter().enumerate() {
        assert_eq!(found, expected, "case {index}");
    }
    let huge = try_(&[2], u32::MAX).expect("it is refused");
    assert_eq!(huge.0, wrong);
    let beyond = try_(&[2], 1 << 24).expect("two of 16 MiB are more than there is");
    assert_eq!(beyond.0, NtStatus::COMMITMENT_LIMIT);
}

#[test]
fn a_full_aperture_passes_to_the_next_of_the_set_and_then_the_lowest_rank_leaves() {
    // Both apertures have two pages: exactly one buffer of two.
    let mut script = script(&[2, 2], &[2, 3]);
    let first = script.resident(info(2, &[2], PLAIN));
    let work = script.resident(info(1, &[1], PLAIN));
    let into_second = script.write(work);
    let second = script.resident(info(2, &[3], PLAIN));
    let evicts = script.write(work);
    // What the submission itself uses stays, so that the other aperture must give way.
    script.then(Command::MakeResident([first].into()));
    let uses_first = script.write(first);
    let mut done = script.run();
    assert_eq!(mappings(&mut done.0, into_second)[0], (true, 3, 0, false));
    assert_eq!(mappings(&mut done.0, evicts)[0], (true, 2, 0, false));
    assert_eq!(mappings(&mut done.0, uses_first)[0], (true, 3, 0, false));
    assert_eq!(done.place(first).map(|(segment, _)| segment), Some(2));
    assert_eq!(done.place(second), None, "it left for the buffer");
}

#[test]
fn where_only_the_submission_itself_could_give_way_it_is_refused() {
    let mut script = script(&[2], &[2]);
    let id = script.resident(info(2, &[2], PLAIN));
    let number = script.write(id);
    let done = script.run();
    assert_eq!(done.status(number), NtStatus::NO_VIDEO_MEMORY);
    let Ending::Refused(refusal) = &done.0.record(number).expect("executed").ending else {
        unreachable!("its status says so");
    };
    let size = vidmm_inspector::base::Bytes(2 * PAGE);
    assert_eq!(refusal.reason, RefusalReason::NoRoomForDmaBuffer { size });
    assert_eq!(done.place(id).map(|(segment, _)| segment), Some(2), "nothing changed");
}

#[test]
fn with_the_engine_run_by_hand_a_mapping_lasts_until_the_gpu_is_through() {
    let mut script = script(&[16], &[2]);
    script.policies.engine = EnginePolicy::Manual;
    let id = script.resident(info(2, &[1], PLAIN));
    script.write(id);
    script.write(id);
    let done = script.run();
    assert_eq!(mapped(&done), [(2, 0), (2, 2)], "both buffers of the pool");
    // The third submission waits for the first buffer, which is retired and mapped anew.
    let third = script.write(id);
    let mut done = script.run();
    assert_eq!(mappings(&mut done.0, third), [(false, 2, 0, false), (true, 2, 0, false)]);
    assert_eq!(mapped(&done), [(2, 0), (2, 2)]);
    script.then(Command::RunGpu(RunGpu::UntilIdle));
    assert_eq!(mapped(&script.run()), []);
}

#[test]
fn room_that_a_buffer_in_flight_takes_is_waited_for() {
    // Two pages: the mapping of one buffer.
    let mut script = script(&[2], &[2]);
    script.policies.engine = EnginePolicy::Manual;
    let id = script.resident(info(1, &[1], PLAIN));
    script.write(id);
    let second = script.write(id);
    let mut done = script.run();
    assert_eq!(mappings(&mut done.0, second), [(false, 2, 0, false), (true, 2, 0, false)]);
    assert_eq!(mapped(&done), [(2, 0)]);
}

#[test]
fn what_is_used_waits_for_room_that_a_buffer_in_flight_takes() {
    let mut script = script(&[2, 2], &[2, 3]);
    script.policies.engine = EnginePolicy::Manual;
    let id = script.resident(info(1, &[1], PLAIN));
    // Its only aperture is taken by the buffer of the submission before.
    let in_aperture = script.create(info(2, &[2], PLAIN));
    script.write(id);
    let uses_it = script.write(in_aperture);
    let mut done = script.run();
    assert_eq!(mappings(&mut done.0, uses_it), [(false, 2, 0, false), (true, 3, 0, false)]);
    assert_eq!(done.place(in_aperture), Some((2, 0)));
    assert_eq!(mapped(&done), [(3, 0)]);
}

#[test]
fn a_sleep_gives_the_pools_back_and_a_reset_unmaps_without_being_asked() {
    let mut script = script(&[16], &[2]);
    script.policies.engine = EnginePolicy::Manual;
    let id = script.resident(info(2, &[1], PLAIN));
    script.write(id);
    let pages = |done: &Done| -> u64 {
        let buffers = done.machine().vidmm().queue().buffers().iter();
        let pooled = buffers.filter(|buffer| buffer.shape.kind == BufferKind::Dma);
        pooled.map(|buffer| buffer.shape.mdl.pages().get()).sum()
    };
    // Two buffers of two pages for the first device, two of one page for the other two.
    assert_eq!(pages(&script.run()), 4 + 2 + 2);
    script.then(Command::Power(Transition::Sleep(Sleep::Standby)));
    let asleep = script.run();
    assert_eq!((pages(&asleep), mapped(&asleep)), (0, vec![]));
    script.then(Command::Power(Transition::Resume { power_lost: false }));
    assert_eq!(pages(&script.run()), 8);
    script.write(id);
    script.then(Command::Power(Transition::TimeoutRecovery));
    let done = script.run();
    assert_eq!((pages(&done), mapped(&done)), (8, vec![]));
    let used = script.write(id);
    script.then(Command::RunGpu(RunGpu::UntilIdle));
    assert_eq!(script.run().status(used), NtStatus::SUCCESS);
}

#[test]
fn buffers_of_two_devices_are_their_own() {
    let mut script = script(&[16], &[2]);
    let first = script.resident(info(1, &[1], PLAIN));
    let other = script.create_with(info(1, &[1], PLAIN), |create| create.device = DeviceId(1));
    let mapped = script.write(first);
    let direct = script.write(other);
    let mut done = script.run();
    assert_eq!(mappings(&mut done.0, mapped).len(), 2);
    assert_eq!(mappings(&mut done.0, direct), []);
    let own =
        |id: AllocationId| done.machine().vidmm().book().allocation(id).expect("exists").device();
    assert_eq!((own(first), own(other)), (DeviceId(0), DeviceId(1)));
}
