//! The life of one submission, what a driver must refuse, and what grows.

use vidmm_inspector::base::{AllocationId, DeviceId, PhysicalAddress};
use vidmm_inspector::ddi::{DeviceInfo, NtStatus};
use vidmm_inspector::machine::{Command, Ending, TracedKind, UserCommand};
use vidmm_inspector::memory::FrameUse;
use vidmm_inspector::vidmm::{Asked, BufferKind, Stop};

use super::{
    FIRST, NONE, PLAIN, V1, add, at, bytes, copy, device, draw, fill, names, submit, write,
};
use crate::script::{PAGE, Script, info};

/// Render first, then what pages in, then Patch, then the hand-over: 7.3 of the life cycle.
#[test]
fn a_submission_is_rendered_prepared_patched_and_handed_over_in_this_order() {
    let mut script = Script::new(V1, &[(NONE, 8)]);
    let (a, b) = (script.create(info(1, &[1], PLAIN)), script.create(info(1, &[1], PLAIN)));
    write(&mut script, a, &[1, 2, 3, 4]);
    let number = submit(&mut script, FIRST, &[copy(a, b), add(b, 0x0403_0201)]);
    let again = submit(&mut script, FIRST, &[add(b, 1)]);
    let mut done = script.run();
    // `a` has content, which is transferred; `b` has none and is filled.
    assert_eq!(names(&mut done.0, number), ["Render", "Transfer", "Fill", "Patch", "Submit"]);
    assert_eq!(names(&mut done.0, again), ["Render", "Patch", "Submit"]);
    // 1+1+1, 2+2, 3+3, 4+4 by hand: the second addend has one byte.
    assert_eq!(bytes(&done.0, b, 4), [3, 4, 6, 8]);

    let trace = done.0.trace(number).expect("deterministic");
    let asked = |which: usize| match &trace.operations[which].kind {
        TracedKind::Asked(record) => record.asked.clone(),
        TracedKind::Executed(_) => panic!("nothing was queued before"),
    };
    let Asked::Render(render) = asked(0) else { panic!("{:?}", asked(0)) };
    assert_eq!(render.length, 80, "two commands of 40 bytes");
    assert_eq!(render.allocations[..], [(a, false), (b, true)]);
    let Asked::Patch(patch) = asked(3) else { panic!("{:?}", asked(3)) };
    let places: Vec<_> = patch
        .lists
        .patch_locations
        .iter()
        .map(|l| (l.allocation_index, l.slot_id, l.patch_offset, l.split_offset))
        .collect();
    // COPY_BYTES at 0 with source and destination, ADD_BYTES at 32 with a destination.
    assert_eq!(places, [(Some(0), 0, 8, 0), (Some(1), 1, 16, 0), (Some(1), 1, 48, 32)]);
    let Asked::Submit(handed) = asked(4) else { panic!("{:?}", asked(4)) };
    assert_eq!((handed.fence, handed.start, handed.end), (patch.fence, 0, 64));
    assert_eq!(trace.operations[4].packets.len(), 2, "both packets are its own");
    // Its paging has the fence before it.
    let paging: Vec<_> = trace.submissions.iter().filter(|known| known.paging).collect();
    let [paging] = paging[..] else { panic!("{paging:?}") };
    assert_eq!(paging.fence.0 + 1, handed.fence.0);
}

#[test]
fn the_command_buffer_is_memory_of_the_process_that_no_gpu_reads() {
    let mut script = Script::new(V1, &[(NONE, 8)]);
    let a = script.create(info(1, &[1], PLAIN));
    let number = submit(&mut script, FIRST, &[fill(a, 9)]);
    let mut done = script.run();
    let buffers = done.machine().vidmm().queue().buffers().to_vec();
    let context = *done.machine().vidmm().book().context(FIRST).expect("every device has one");
    let own = &buffers[context.command_buffer as usize];
    assert_eq!((own.shape.kind, own.address()), (BufferKind::Command, None));
    let frame = own.shape.mdl.runs()[0].first;
    let usage = done.machine().host().use_of(frame);
    assert_eq!(usage, Some(FrameUse::CommandBuffer(context.command_buffer)));
    // FILL, entry 0, whole page, pattern 9.
    let mut command = [0; 40];
    let at = PhysicalAddress(frame.get() * PAGE);
    assert_eq!(done.machine().host().read(at, &mut command), Ok(()));
    assert_eq!((command[0], &command[24..34]), (1, &[0, 0x10, 0, 0, 0, 0, 0, 0, 9, 0][..]));
    let trace = done.0.trace(number).expect("deterministic");
    let fetched = trace.submissions.iter().map(|known| known.buffer.index);
    assert!(fetched.into_iter().all(|index| index != context.command_buffer));
}

/// Every refusal leaves nothing: no frame, no placement, no byte.
#[test]
fn what_the_driver_cannot_believe_is_refused_with_its_status_and_leaves_nothing() {
    let mut base = Script::new(V1, &[(NONE, 8)]);
    let (a, b) = (base.create(info(1, &[1], PLAIN)), base.create(info(1, &[1], PLAIN)));
    write(&mut base, a, &[7; 4096]);
    let before = base.run().machine().hash();
    let raw = |bytes: &[u8]| UserCommand::Bytes(bytes.into(), [a].into());
    let mut unknown = [0; 40];
    unknown[0] = 0x77;
    let mut privileged = [0; 40];
    privileged[0] = 0x31;
    let beyond = UserCommand::Fill { destination: at(a, 4090), length: Some(7), pattern: 0 };
    let mut handle = [0; 40];
    // FILL of entry 3 of a list of one.
    (handle[0], handle[6], handle[24]) = (1, 3, 4);
    let cases = [
        (raw(&unknown), NtStatus::ILLEGAL_INSTRUCTION),
        (raw(&privileged), NtStatus::PRIVILEGED_INSTRUCTION),
        (raw(&unknown[..39]), NtStatus::INVALID_USER_BUFFER),
        (raw(&handle), NtStatus::INVALID_HANDLE),
        (beyond, NtStatus::INVALID_PARAMETER),
        (UserCommand::Signal { fence: at(a, 4), value: 1 }, NtStatus::INVALID_PARAMETER),
    ];
    for (command, status) in cases {
        let mut script = base.clone();
        // The first command is good: it must not be done either.
        let number = submit(&mut script, FIRST, &[fill(b, 1), command.clone()]);
        let done = script.run();
        assert_eq!(done.status(number), status, "{command:?}");
        assert_eq!(bytes(&done.0, a, 4096), [7; 4096]);
        let book = done.machine().vidmm().book();
        assert_eq!(book.allocation(b).expect("exists").placement(), None, "{command:?}");
        assert_eq!(done.machine().vidmm().hash(), {
            let alone = base.run();
            assert_eq!(alone.machine().hash(), before);
            alone.machine().vidmm().hash()
        });
    }
}

#[test]
fn a_device_names_what_it_has_opened_and_no_other() {
    let mut script = Script::new(V1, &[(NONE, 8)]);
    let a = script.create_with(info(1, &[1], PLAIN), |create| create.device = DeviceId(2));
    let number = submit(&mut script, FIRST, &[fill(a, 1)]);
    assert_eq!(script.run().status(number), NtStatus::WRONG_ALLOCATION_DEVICE);
    let b = script.create_with(info(1, &[1], PLAIN), |create| {
        (create.device, create.shared) = (DeviceId(2), true);
    });
    script.then(Command::OpenAllocation(b, DeviceId(0)));
    let number = submit(&mut script, FIRST, &[fill(b, 1)]);
    assert_eq!(script.run().status(number), NtStatus::SUCCESS);
}

/// Buffers of 4,096 bytes hold 128 packets; lists of 64 and 128.
fn render_only() -> DeviceInfo {
    DeviceInfo {
        dma_buffer_size: 4096,
        allocation_list_size: 64,
        patch_location_list_size: 128,
        ..DeviceInfo::default()
    }
}

#[test]
fn command_buffers_and_passes_keep_within_the_limits_of_the_lists() {
    let mut script = Script::new(V1, &[(NONE, 200)]);
    device(&mut script, render_only());
    let ids: Vec<AllocationId> = (0..70).map(|_| script.create(info(1, &[1], PLAIN))).collect();
    // 70 allocations, one a command: 64 fit into the first list.
    let fills: Vec<UserCommand> = ids.iter().map(|id| fill(*id, 3)).collect();
    let lists = submit(&mut script, FIRST, &fills);
    // 102 commands of 40 bytes fit into 4,096; 100 copies have 200 patch locations, 128 of which
    // fit: 64 copies, then 36.
    let copies: Vec<UserCommand> = (0..100).map(|_| copy(ids[0], ids[1])).collect();
    let passes = submit(&mut script, FIRST, &copies);
    let mut done = script.run();
    let rendered = |run: &mut vidmm_inspector::machine::Run, number: usize| {
        let trace = run.trace(number).expect("deterministic");
        let mut found = Vec::new();
        for operation in &trace.operations {
            if let TracedKind::Asked(record) = &operation.kind
                && let Asked::Render(render) = &record.asked
            {
                let call = operation.calls.last().expect("the driver was called");
                let multipass = (call.multipass_before, call.multipass_after);
                found.push((render.allocations.len(), render.pass, multipass, call.status));
            }
        }
        found
    };
    assert_eq!(
        rendered(&mut done.0, lists),
        [(64, 1, (0, 64), NtStatus::SUCCESS), (6, 1, (0, 6), NtStatus::SUCCESS)]
    );
    assert_eq!(
        rendered(&mut done.0, passes),
        [(2, 1, (0, 64), NtStatus::INSUFFICIENT_DMA_BUFFER), (2, 2, (64, 100), NtStatus::SUCCESS)]
    );
}

#[test]
fn one_draw_that_does_not_fit_makes_its_buffer_grow_unless_the_contract_is_guaranteed() {
    let build = |guaranteed: bool| {
        let mut script = Script::new(V1, &[(NONE, 200)]);
        let info_ = DeviceInfo {
            dma_buffer_size: 64,
            guaranteed_dma_buffer_contract: guaranteed,
            ..render_only()
        };
        device(&mut script, info_);
        let ids: Vec<AllocationId> = (0..5).map(|_| script.create(info(1, &[1], PLAIN))).collect();
        // Six commands of 40 bytes and five packets of 32.
        let number = submit(&mut script, FIRST, &[draw(&ids)]);
        (script, number)
    };
    let (script, number) = build(false);
    let mut done = script.run();
    assert_eq!(done.status(number), NtStatus::SUCCESS);
    let trace = done.0.trace(number).expect("deterministic");
    let sizes: Vec<_> = trace.operations[0].calls.iter().map(|call| call.buffer.size).collect();
    assert_eq!(sizes, [64, 128, 256], "doubled until 160 bytes fit");
    let (script, number) = build(true);
    assert_eq!(script.run().status(number), NtStatus::INVALID_PARAMETER, "240 bytes of commands");
}

#[test]
fn a_driver_that_guarantees_its_contract_and_runs_out_stops_the_machine() {
    let mut script = Script::new(V1, &[(NONE, 200)]);
    let info_ = DeviceInfo {
        patch_location_list_size: 3,
        guaranteed_dma_buffer_contract: true,
        ..DeviceInfo::default()
    };
    device(&mut script, info_);
    let (a, b) = (script.create(info(1, &[1], PLAIN)), script.create(info(1, &[1], PLAIN)));
    let number = submit(&mut script, FIRST, &[copy(a, b), copy(b, a)]);
    let run = script.executed();
    let ending = &run.record(number).expect("executed").ending;
    assert_eq!(*ending, Ending::Stopped(Stop::contract_broken()));
    assert_eq!((Stop::contract_broken().code, Stop::contract_broken().parameter), (0x10E, 0x16));
}

/// What is added is kept byte by byte: 256 MiB in a run, and no more.
#[test]
fn additions_are_bounded_so_that_no_session_exhausts_memory() {
    let mut script = Script::new(V1, &[(NONE, 1 << 17)]);
    script.adapter.system_memory = 2 << 30;
    let a = script.create(info(1 << 16, &[1], PLAIN));
    let whole = UserCommand::Add { destination: at(a, 0), length: None, addend: 1 };
    let beyond = submit(&mut script, FIRST, &[add(a, 1), whole]);
    let row = UserCommand::Blit {
        source: at(a, 0),
        source_pitch: 1,
        destination: at(a, 1 << 20),
        destination_pitch: 1,
        row_bytes: 1,
        rows: 60_000,
    };
    let rows = submit(&mut script, FIRST, &vec![row; 9]);
    let little = submit(&mut script, FIRST, &[add(a, 1)]);
    let done = script.run();
    // 256 MiB and 64 bytes; nine times 60,000 rows of 512 bytes are 263 MiB.
    assert_eq!(
        (done.status(beyond), done.status(rows)),
        (NtStatus::NO_MEMORY, NtStatus::NO_MEMORY)
    );
    assert_eq!((done.status(little), bytes(&done.0, a, 1)), (NtStatus::SUCCESS, vec![8]));
}
