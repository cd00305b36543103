//! Splitting a DMA buffer where not everything that it names fits at once.

use vidmm_inspector::base::AllocationId;
use vidmm_inspector::ddi::{InterfaceVersion, NtStatus, Priority};
use vidmm_inspector::machine::{Command, TracedKind, UserCommand};
use vidmm_inspector::vidmm::{Asked, OperationReason};

use super::{FIRST, NONE, PLAIN, V1, add, bytes, copy, draw, names, submit, write};
use crate::script::{Script, info};

/// Parts of a command: first byte, last byte, and for whom it was split.
fn parts(script: &Script, number: usize) -> Vec<(u32, u32, Option<AllocationId>)> {
    let mut run = script.executed();
    let trace = run.trace(number).expect("deterministic");
    let parts = trace.operations.iter().filter_map(|operation| match &operation.kind {
        TracedKind::Asked(record) => match (&record.asked, record.reason) {
            (Asked::Submit(part), OperationReason::Split(id)) => {
                Some((part.start, part.end, Some(id)))
            }
            (Asked::Submit(part), _) => Some((part.start, part.end, None)),
            _ => None,
        },
        TracedKind::Executed(_) => None,
    });
    parts.collect()
}

/// A memory of 4 pages and allocations of 2.
fn pages_of_two(version: InterfaceVersion, count: usize) -> (Script, Vec<AllocationId>) {
    let mut script = Script::new(version, &[(NONE, 4)]);
    let ids: Vec<_> = (0..count).map(|_| script.create(info(2, &[1], PLAIN))).collect();
    for id in &ids {
        write(&mut script, *id, &[u8::try_from(id.0).expect("few") + 1; 8192]);
    }
    (script, ids)
}

#[test]
fn what_does_not_fit_at_once_is_split_before_the_command_that_needs_it() {
    let (mut script, ids) = pages_of_two(V1, 4);
    let commands = [copy(ids[0], ids[1]), copy(ids[2], ids[3]), add(ids[3], 1)];
    let number = submit(&mut script, FIRST, &commands);
    // The second copy binds both slots anew at the split, so that nothing of the first is held.
    assert_eq!(parts(&script, number), [(0, 32, None), (32, 96, Some(ids[2]))]);
    let mut done = script.run();
    assert_eq!(done.status(number), NtStatus::SUCCESS);
    assert_eq!(
        names(&mut done.0, number),
        [
            "Render", "Transfer", "Transfer", "Patch", "Submit", // the first two
            "Transfer", "Transfer", "Transfer", "Transfer", "Patch",
            "Submit", // out, in, out, in
        ]
    );
    assert_eq!(bytes(&done.0, ids[1], 2), [1, 1]);
    assert_eq!(bytes(&done.0, ids[3], 2), [4, 3], "3 + 1, 3 + 0");
}

#[test]
fn what_the_slot_table_still_binds_stays_and_a_split_that_cannot_help_is_refused() {
    // The draw binds slots 2 and 3, which the copy does not touch: both stay bound.
    let (mut script, ids) = pages_of_two(V1, 4);
    let commands = [draw(&ids[..2]), copy(ids[2], ids[3])];
    let number = submit(&mut script, FIRST, &commands);
    let before = script.commands.len();
    assert_eq!(script.run().status(number), NtStatus::NO_VIDEO_MEMORY);
    assert_eq!(before, number);
    // Unbound first, the copy has all the room.
    let commands = [draw(&ids[..2]), UserCommand::Unbind, copy(ids[2], ids[3])];
    let number = submit(&mut script, FIRST, &commands);
    let done = script.run();
    assert_eq!(done.status(number), NtStatus::SUCCESS);
    assert_eq!(bytes(&done.0, ids[3], 1), [3]);
    // The draw, the packet that unbinds, the copy.
    assert_eq!(parts(&script, number), [(0, 96, None), (96, 128, Some(ids[2]))]);
}

#[test]
fn a_draw_is_one_and_is_never_split() {
    let (mut script, ids) = pages_of_two(V1, 3);
    let number = submit(&mut script, FIRST, &[draw(&ids)]);
    assert_eq!(script.run().status(number), NtStatus::NO_VIDEO_MEMORY);
}

#[test]
fn with_wddm_2_nothing_is_split() {
    let (mut script, ids) = pages_of_two(InterfaceVersion::Wddm2_0, 4);
    let number = submit(&mut script, FIRST, &[copy(ids[0], ids[1]), copy(ids[2], ids[3])]);
    assert_eq!(script.run().status(number), NtStatus::NO_VIDEO_MEMORY);
}

/// A split comes before what is soft-pinned leaves.
#[test]
fn what_is_soft_pinned_stays_where_a_split_helps() {
    // Without it all four fit at once.
    let mut script = Script::new(V1, &[(NONE, 8)]);
    let pinned = script.resident(info(2, &[1], PLAIN));
    script.then(Command::SetPriority(pinned, Priority::MAXIMUM));
    let ids: Vec<_> = (0..4).map(|_| script.create(info(2, &[1], PLAIN))).collect();
    let number = submit(&mut script, FIRST, &[copy(ids[0], ids[1]), copy(ids[2], ids[3])]);
    let done = script.run();
    assert_eq!(done.status(number), NtStatus::SUCCESS);
    assert!(done.place(pinned).is_some(), "two parts leave it where it is");
    assert_eq!(parts(&script, number), [(0, 32, None), (32, 64, Some(ids[3]))]);
    // One draw of all four cannot be split: now it leaves.
    let number = submit(&mut script, FIRST, &[draw(&ids)]);
    let done = script.run();
    assert_eq!((done.status(number), done.place(pinned)), (NtStatus::SUCCESS, None));
}
