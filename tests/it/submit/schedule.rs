//! Contexts, priorities, preemption, waiting and hangs.

use vidmm_inspector::base::{AllocationId, ContextId, ContextRef, DeviceId, FenceId};
use vidmm_inspector::config::EnginePolicy;
use vidmm_inspector::ddi::NtStatus;
use vidmm_inspector::machine::{Command, Ending, Run, RunGpu, TracedKind, UserCommand};
use vidmm_inspector::vidmm::{Asked, Power, RefusalReason, Transition};

use super::{
    FIRST, GART, HIGH, LOW, NONE, PLAIN, V1, add, at, bytes, copy, fill, names, submit, write,
};
use crate::script::{Script, info};

/// A memory of so many pages, the engine run by hand, two contexts besides the device's.
fn script(pages: u64) -> Script {
    let mut script = Script::new(V1, &[(NONE, pages), (GART, 16)]);
    script.policies.engine = EnginePolicy::Manual;
    // One paging buffer for each of two submissions, so that building the second waits for nothing.
    script.adapter.paging_buffer.count = 2;
    script.then(Command::CreateContext(ContextId(0), DeviceId(0), -3));
    script.then(Command::CreateContext(ContextId(1), DeviceId(0), 5));
    script
}

fn written(script: &mut Script, segment: u8) -> AllocationId {
    let id = script.create(info(1, &[segment], PLAIN));
    write(script, id, &[0; 4096]);
    id
}

/// Fences of the queue, with whether they are work of a context.
fn in_flight(run: &Run) -> Vec<(u64, bool)> {
    let started = run.machine().started().expect("the adapter breaks no rule");
    let queue = started.vidmm().queue();
    queue.in_flight().map(|given| (given.fence.0, given.work.is_some())).collect()
}

fn completed(run: &Run) -> u64 {
    run.machine().started().expect("started").driver().gpu().completed_fence().0
}

#[test]
fn work_of_a_higher_priority_goes_before_what_has_not_begun_and_paging_keeps_its_fences() {
    let mut script = script(16);
    let (a, b) = (written(&mut script, 1), written(&mut script, 1));
    let idle = in_flight(&script.executed());
    assert_eq!(idle, [], "the CPU writes leave nothing queued");
    let first = submit(&mut script, LOW, &[fill(a, 1), fill(a, 1)]);
    let run = script.executed();
    let [(paging, false), (low, true)] = in_flight(&run)[..] else { panic!("{first}") };
    assert_eq!(low, paging + 1);
    // A page-in of its own, and both of the low context have not begun.
    let second = submit(&mut script, HIGH, &[fill(b, 2)]);
    let mut run = script.executed();
    assert_eq!(
        names(&mut run, second),
        ["Render", "Transfer", "Preempt", "Patch", "Submit", "Patch", "Submit"]
    );
    // Paging keeps its two fences; the preemption takes one, then the high, then the low anew.
    assert_eq!(
        in_flight(&run),
        [(paging, false), (paging + 2, false), (paging + 4, true), (paging + 5, true)]
    );
    let started = run.machine().started().expect("started");
    let fence = |id| started.vidmm().book().allocation(id).expect("exists").fence();
    assert_eq!((fence(a), fence(b)), (FenceId(paging + 5), FenceId(paging + 4)));
    script.then(Command::RunGpu(RunGpu::UntilIdle));
    let done = script.run();
    assert_eq!(completed(&done.0), paging + 5);
    assert_eq!(
        (bytes(&done.0, a, 5), bytes(&done.0, b, 5)),
        (vec![1, 0, 0, 0, 1], vec![2, 0, 0, 0, 2])
    );
}

#[test]
fn what_has_begun_is_ended_first() {
    let mut script = script(16);
    let a = written(&mut script, 1);
    submit(&mut script, LOW, &[fill(a, 1), fill(a, 3)]);
    // The page-in and the first of two fills.
    script.then(Command::RunGpu(RunGpu::Packets(2)));
    let second = submit(&mut script, HIGH, &[add(a, 1)]);
    let mut run = script.executed();
    assert_eq!(
        names(&mut run, second),
        ["Render", "Patch", "Submit"],
        "there is nothing to take back"
    );
    script.then(Command::RunGpu(RunGpu::UntilIdle));
    // 3 and then 1 more; the other way round it were 3.
    assert_eq!(bytes(&script.run().0, a, 1), [4]);
}

#[test]
fn work_of_one_context_keeps_its_order_when_lower_work_makes_way() {
    let mut script = script(16);
    // A device has two DMA buffers: the low context is another's, so that three can be in flight.
    let low = ContextRef::Own(ContextId(2));
    script.then(Command::CreateContext(ContextId(2), DeviceId(1), -3));
    let a = script.create_with(info(1, &[1], PLAIN), |create| create.shared = true);
    script.then(Command::OpenAllocation(a, DeviceId(1)));
    write(&mut script, a, &[0; 4096]);
    submit(&mut script, HIGH, &[fill(a, 1)]);
    submit(&mut script, low, &[add(a, 1)]);
    let number = submit(&mut script, HIGH, &[fill(a, 5)]);
    let mut run = script.executed();
    // The high one's first work is submitted again before its second, the low one's behind both.
    assert_eq!(
        names(&mut run, number),
        ["Render", "Preempt", "Patch", "Submit", "Patch", "Submit", "Patch", "Submit"]
    );
    script.then(Command::RunGpu(RunGpu::UntilIdle));
    assert_eq!(bytes(&script.run().0, a, 1), [6]);
}

/// The low context's work must run before what it names is moved out for the high one. A driver that
/// says when an allocation is busy makes VidMm wait for it; one that does not has the transfer queued
/// behind the work, and then nothing may be taken back.
#[test]
fn work_whose_allocations_are_about_to_be_moved_is_not_taken_back() {
    for profile in ["inspector", "compute-only-sample"] {
        let mut script = script(2);
        script.adapter.profile = profile.into();
        let (a, b) = (written(&mut script, 1), written(&mut script, 1));
        let c = written(&mut script, 1);
        write(&mut script, a, &[7; 4096]);
        submit(&mut script, LOW, &[copy(a, b)]);
        let number = submit(&mut script, HIGH, &[fill(c, 9)]);
        let mut run = script.executed();
        let names = names(&mut run, number);
        assert!(!names.contains(&"Preempt"), "{profile}: {names:?}");
        script.then(Command::RunGpu(RunGpu::UntilIdle));
        let done = script.run();
        assert_eq!(
            (bytes(&done.0, b, 2), bytes(&done.0, c, 1)),
            (vec![7, 7], vec![9]),
            "{profile}"
        );
    }
}

fn wait(fence: AllocationId, value: u64) -> UserCommand {
    UserCommand::Wait { fence: at(fence, 0), value }
}

fn signal(fence: AllocationId, value: u64) -> UserCommand {
    UserCommand::Signal { fence: at(fence, 0), value }
}

#[test]
fn a_context_that_waits_lets_another_signal() {
    let mut script = script(16);
    let (a, f) = (written(&mut script, 1), written(&mut script, 2));
    submit(&mut script, FIRST, &[fill(a, 1), wait(f, 7), add(a, 1)]);
    submit(&mut script, LOW, &[fill(a, 0x10), signal(f, 7)]);
    let last = script.then(Command::RunGpu(RunGpu::UntilIdle));
    let mut done = script.run();
    // Filled with 1, then with 0x10 by the other, then 1 is added.
    assert_eq!(bytes(&done.0, a, 1), [0x11]);
    assert_eq!(bytes(&done.0, f, 8), [7, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(names(&mut done.0, last), ["Preempt", "Patch", "Submit", "Patch", "Submit"]);
}

#[test]
fn the_engine_hangs_where_nothing_can_signal_and_a_timeout_resets_the_adapter() {
    let mut script = script(16);
    let (a, f) = (written(&mut script, 1), written(&mut script, 2));
    script.then(Command::MakeResident([a].into()));
    script.then(Command::RunGpu(RunGpu::UntilIdle));
    submit(&mut script, FIRST, &[wait(f, 1), fill(a, 1)]);
    // As far as it comes: a page-in of the fence is mapped, and then it waits.
    script.then(Command::RunGpu(RunGpu::Packets(100)));
    let before = script.executed();
    assert_eq!(before.machine().started().expect("started").vidmm().power(), Power::Working);
    assert_eq!(in_flight(&before).len(), 1);
    let number = script.then(Command::RunGpu(RunGpu::UntilIdle));
    let done = script.run();
    assert_eq!(done.status(number), NtStatus::SUCCESS);
    let record = done.0.record(number).expect("executed");
    let outcome = record.power.as_ref().expect("the adapter was reset");
    assert_eq!(outcome.transition, Transition::TimeoutRecovery);
    assert_eq!(in_flight(&done.0), []);
    // Two seconds pass before the system acts.
    let clock = |run: &Run| run.machine().started().expect("started").vidmm().queue().clock();
    assert!(clock(&done.0) - clock(&before) >= 2_000_000_000);
    // It works on: what the memory held is lost, the fence is in the aperture's pages.
    submit(&mut script, FIRST, &[fill(a, 4), signal(f, 1)]);
    script.then(Command::RunGpu(RunGpu::UntilIdle));
    let done = script.run();
    assert_eq!((bytes(&done.0, a, 1), bytes(&done.0, f, 1)), (vec![4], vec![1]));
}

#[test]
fn a_command_that_must_wait_for_hung_work_resets_the_adapter_first() {
    let mut script = script(16);
    let (a, f) = (written(&mut script, 1), written(&mut script, 2));
    submit(&mut script, FIRST, &[wait(f, 1), fill(a, 1)]);
    let number = script.then(Command::Evict(a));
    let mut done = script.run();
    assert_eq!(done.status(number), NtStatus::SUCCESS);
    let power = done.0.record(number).expect("executed").power.is_some();
    assert!(power, "the adapter was reset: {:?}", names(&mut done.0, number));
    assert_eq!(done.place(a), None);
}

#[test]
fn with_the_engine_drained_a_hang_of_the_own_work_resets_at_once() {
    let mut script = script(16);
    script.policies.engine = EnginePolicy::Drain;
    let f = written(&mut script, 2);
    let number = submit(&mut script, FIRST, &[wait(f, 1)]);
    let mut done = script.run();
    let trace = done.0.trace(number).expect("deterministic");
    let reset = trace.operations.iter().any(|operation| match &operation.kind {
        TracedKind::Asked(record) => matches!(record.asked, Asked::Power(_)),
        TracedKind::Executed(_) => false,
    });
    assert!(reset && in_flight(&done.0).is_empty());
}

#[test]
fn contexts_have_names_once_devices_that_exist_and_priorities_from_minus_7_to_7() {
    let base = script(4);
    let refused = |command: Command| {
        let mut script = base.clone();
        script.then(command);
        let run = script.executed();
        match &run.records().last().expect("executed").ending {
            Ending::Refused(refusal) => Some(refusal.reason.clone()),
            _ => None,
        }
    };
    let context =
        |id, device, priority| Command::CreateContext(ContextId(id), DeviceId(device), priority);
    assert_eq!(refused(context(0, 0, 0)), Some(RefusalReason::AlreadyExists));
    assert_eq!(refused(context(2, 9, 0)), Some(RefusalReason::NoDevice));
    assert_eq!(refused(context(2, 0, 8)), Some(RefusalReason::ContextPriority(8)));
    assert_eq!(refused(context(2, 0, -8)), Some(RefusalReason::ContextPriority(-8)));
    assert_eq!((refused(context(2, 0, 7)), refused(context(2, 1, -7))), (None, None));
}
