//! The saved sessions against their kept logs: what each command came to, and the state at the end.
//!
//! The log is written here, from the traces, so that it does not change with the words of the
//! interface. `UPDATE_GOLDEN=1` renews it; what changed is reviewed as a difference.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use vidmm_inspector::app::profile_adapter;
use vidmm_inspector::base::{AllocationId, SegmentId};
use vidmm_inspector::ddi::{Location, PagingOperation};
use vidmm_inspector::kmd::profile;
use vidmm_inspector::machine::{
    CommandTrace, Counter, Run, Started, TracedKind, TracedOperation, TracedPacket,
};
use vidmm_inspector::session::{Bound, catalogue, open};
use vidmm_inspector::vidmm::{Asked, Attempt, Outcome};

/// Commands whose operations and packets are written out; of the rest only what they came to.
const IN_FULL: usize = 150;

fn log(bound: &Bound) -> String {
    let driver = profile(&bound.adapter.profile).expect("reading found the profile");
    let commands = bound.commands.clone().into();
    let mut run = Run::new(&bound.adapter, bound.policies, &driver, commands);
    run.execute_all();
    let mut log = String::new();
    for number in 1..=run.executed() {
        write_command(&mut log, &mut run, number);
    }
    let place = vidmm_inspector::machine::Place::after(run.executed());
    assert_eq!(run.go_to(place), Ok(true));
    if let Ok(started) = run.machine().started() {
        write_end(&mut log, started);
    }
    let _ = writeln!(log, "hash {}", run.machine().hash());
    log
}

fn write_command(log: &mut String, run: &mut Run, number: usize) {
    let record = run.record(number).expect("it was executed").clone();
    let name = format!("{:?}", run.command(number).expect("it was executed"));
    let name = name.split(['(', ' ']).next().unwrap_or_default().to_owned();
    let _ = writeln!(log, "{number} {name} {:?} at {} ns", record.ending, record.clock);
    for (what, wrong) in
        [("damage", format!("{:?}", record.damage)), ("faults", format!("{:?}", record.faults))]
    {
        if wrong != "[]" {
            let _ = writeln!(log, "  {what} {wrong}");
        }
    }
    if number <= IN_FULL {
        let trace = run.trace(number).expect("executing again ends in the same state");
        write_trace(log, &trace);
    }
}

fn write_trace(log: &mut String, trace: &CommandTrace) {
    for decision in &trace.decisions {
        let _ = writeln!(log, "  room for {:?}, {}", decision.allocation, decision.needed.get());
        for attempt in &decision.attempts {
            write_attempt(log, attempt);
        }
    }
    for operation in &trace.operations {
        write_operation(log, operation);
    }
    for submission in &trace.submissions {
        let (start, end, fence) = (submission.start, submission.end, submission.fence);
        let kind = if submission.paging { "paging" } else { "user" };
        let _ = writeln!(
            log,
            "  submitted {kind} {start}..{end} of buffer {} fence {}",
            submission.buffer.index, fence.0
        );
    }
}

fn write_attempt(log: &mut String, attempt: &Attempt) {
    let Attempt { pass, segment, direction, bank, outcome } = attempt;
    let bank = bank.map_or(String::new(), |bank| format!(" bank {bank}"));
    let outcome = match outcome {
        Outcome::Placed { span, victims } => {
            let victims: Vec<u32> = victims.iter().map(|victim| victim.allocation.0).collect();
            format!("placed at {:#x}, out go {victims:?}", span.start())
        }
        other => format!("{other:?}"),
    };
    let _ = writeln!(log, "    {} segment {segment}{bank} {direction:?}: {outcome}", pass.number());
}

fn write_operation(log: &mut String, operation: &TracedOperation) {
    match &operation.kind {
        TracedKind::Executed(fence) => {
            let _ = writeln!(log, "  executed of fence {}", fence.0);
        }
        TracedKind::Asked(record) => {
            let asked = match &record.asked {
                Asked::Render(render) => {
                    let named: Vec<u32> = render.allocations.iter().map(|(id, _)| id.0).collect();
                    format!("Render of {} bytes naming {named:?}", render.length)
                }
                Asked::Patch(patch) => {
                    let (part, locations) =
                        ((patch.start, patch.end), &patch.lists.patch_locations);
                    format!("Patch of {} locations in {part:?}", locations.len())
                }
                Asked::Submit(submit) => {
                    let part = (submit.start, submit.end);
                    let was = submit.preempted.map(|fence| fence.0);
                    format!("Submit of {part:?} fence {}, was {was:?}", submit.fence.0)
                }
                Asked::Preempt(preempt) => {
                    let given: Vec<u64> = preempt.in_flight.iter().map(|fence| fence.0).collect();
                    format!("Preempt fence {} of {given:?}", preempt.fence.0)
                }
                Asked::Paging(paging) => paging_text(paging),
                Asked::Platform(platform) => format!("{} by the platform", platform.name()),
                Asked::Power(step) => format!("{} {step:?}", step.name()),
            };
            let subject = record.subject.map(|AllocationId(id)| id);
            let _ = writeln!(log, "  {asked} for {subject:?}: {:?}", record.reason);
        }
    }
    for call in &operation.calls {
        let (start, end, status) = (call.start, call.end, call.status);
        let (before, after) = (call.multipass_before, call.multipass_after);
        let _ = writeln!(log, "    call {start}..{end} pass {before}..{after} {status}");
    }
    for TracedPacket { outcome, .. } in &operation.packets {
        let _ = writeln!(
            log,
            "    packet {}..{} of fence {}: {} bytes{}",
            outcome.start,
            outcome.end,
            outcome.fence.0,
            outcome.bytes,
            outcome.fault.map_or(String::new(), |fault| format!(", {fault:?}")),
        );
    }
}

fn paging_text(operation: &PagingOperation) -> String {
    let side = |location: &Location| match location {
        Location::Segment { id, address } => format!("segment {id} {:#x}", address.get()),
        Location::Mdl(list) => {
            format!("{} pages in {} runs", list.mdl.pages().get(), list.mdl.runs().len())
        }
    };
    match operation {
        PagingOperation::ReadPhysical(access) | PagingOperation::WritePhysical(access) => format!(
            "{} segment {} {:#x}",
            operation.kind().name(),
            access.segment,
            access.address.get()
        ),
        PagingOperation::SpecialLockTransfer(special) => format!(
            "SpecialLock{} range {} data {:#x}",
            paging_text(&PagingOperation::Transfer(special.transfer.clone())),
            special.swizzling_range_id,
            special.swizzling_range_data
        ),
        PagingOperation::Transfer(transfer) => format!(
            "Transfer {} from {} to {} {:?}",
            transfer.transfer_size.get(),
            side(&transfer.source),
            side(&transfer.destination),
            transfer.flags,
        ),
        PagingOperation::Fill(fill) => format!(
            "Fill {} with {:#x} at segment {} {:#x}",
            fill.fill_size.get(),
            fill.fill_pattern,
            fill.segment,
            fill.address.get(),
        ),
        PagingOperation::DiscardContent(discard) => {
            format!("DiscardContent segment {} {:#x}", discard.segment, discard.address.get())
        }
        PagingOperation::MapApertureSegment(map) => format!(
            "MapApertureSegment {} pages at {} of segment {} in {} runs {:?}",
            map.number_of_pages.get(),
            map.offset_in_pages.get(),
            map.segment,
            map.pages.mdl.runs().len(),
            map.flags,
        ),
        PagingOperation::UnmapApertureSegment(unmap) => format!(
            "UnmapApertureSegment {} pages at {} of segment {}",
            unmap.number_of_pages.get(),
            unmap.offset_in_pages.get(),
            unmap.segment,
        ),
    }
}

fn write_end(log: &mut String, machine: &Started) {
    let book = machine.vidmm().book();
    for index in 0..machine.vidmm().adapter().segments.len() {
        let used = SegmentId::from_index(index).and_then(|id| book.segment(id));
        let Some(used) = used else { continue };
        let (space, peak) = (used.space(), used.peak_used().get());
        let _ = writeln!(
            log,
            "segment {}: {} used, {} free, {} in one hole, {peak} at most, {} evicted",
            index + 1,
            space.used(),
            space.free(),
            space.largest_hole(),
            used.bytes_evicted().get(),
        );
    }
    for allocation in book.allocations().take(IN_FULL) {
        let place = allocation.placement().map_or("nowhere".to_owned(), |place| {
            format!("in segment {} at {:#x}", place.segment, place.span.start())
        });
        let hash = machine.content_hash(allocation).map_or("none".to_owned(), |h| h.to_string());
        let state = machine.content_state(allocation).0;
        let _ = writeln!(log, "allocation {} {place}, {state:?} {hash}", allocation.id().0);
    }
    for counter in Counter::ALL {
        let _ = writeln!(log, "{counter:?} {}", machine.counter(counter));
    }
}

fn expected_file(session: &str) -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    golden.join(session).with_extension("expect")
}

#[test]
fn saved_sessions_come_to_what_they_came_to() {
    let mut changed = Vec::new();
    for session in catalogue() {
        let bound = open(session.text, session.file_name, &profile_adapter)
            .unwrap_or_else(|errors| panic!("{}: {errors:?}", session.file_name))
            .bound;
        let (log, file) = (log(&bound), expected_file(session.file_name));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&file, &log).expect("the golden folder can be written");
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
        if expected != log {
            let line = expected.lines().zip(log.lines()).position(|(a, b)| a != b);
            let line = line.unwrap_or_else(|| expected.lines().count().min(log.lines().count()));
            changed.push(format!(
                "{}:{}: {:?}, was {:?}",
                file.display(),
                line + 1,
                log.lines().nth(line),
                expected.lines().nth(line),
            ));
        }
    }
    assert!(changed.is_empty(), "UPDATE_GOLDEN=1 renews them\n{}", changed.join("\n"));
}
