//! The log of a run in lines of text, and the state that it stands in.

use crate::base::Span;
use crate::base::text::{count, duration, exact_size, hex, size};
use crate::machine::{BytesVerdict, CommandTrace, Ending, Place, PowerOutcome, Run, Started};
use crate::session::Names;

use super::explain::{self, CandidateLine, CandidateMark, CommandText, OperationText, Words};
use super::report::content_text;

/// What a command did, and why, up to `place`; the run has just executed it.
#[must_use]
pub fn command_lines(run: &Run, trace: &CommandTrace, place: Place, names: &Names) -> Vec<String> {
    let segments = run.segments();
    let words = Words::new(names, &segments);
    let number = trace.command;
    let mut lines = Vec::new();
    let (Some(command), Some(record)) = (run.command(number), run.record(number)) else {
        return lines;
    };
    let CommandText { title, what, .. } = explain::command_text(command, words);
    let ending = match &record.ending {
        Ending::Done => String::new(),
        Ending::Held => "  holds".to_owned(),
        Ending::Refused(refusal) => {
            let text = explain::refusal_text(refusal, words);
            format!("  refused with {} {}: {}", text.status, text.code, text.sentence)
        }
        Ending::Stopped(stop) => format!("  stopped: {}", explain::stop_text(stop)),
        Ending::Failed(mismatch) => {
            format!("  DOES NOT HOLD: {}", explain::mismatch_text(mismatch, words))
        }
    };
    lines.push(format!("{number:>6}  {title}  {what}{ending}"));
    for decision in &trace.decisions {
        let name = words.allocation(decision.allocation);
        lines.push(format!("{:>11}room for {name}, {}", "", size(decision.needed.get())));
        lines.extend(explain::decision_lines(decision, words).iter().flat_map(candidate));
    }
    for (index, operation) in (1..).zip(&trace.operations) {
        let inside = place.inner.filter(|_| number == place.command);
        if inside.is_some_and(|inner| index > inner.operation) {
            break;
        }
        let step = Place::operation(number, index).to_string();
        let text = explain::operation_text(operation, words);
        let OperationText { kind, amount, route, reason, .. } = text;
        let reason = if reason.is_empty() { reason } else { format!("  ({reason})") };
        lines.push(format!("{step:>9}  {kind:<20} {amount:>9}  {route}{reason}"));
    }
    if let Some(outcome) = &record.power {
        lines.extend(power_lines(outcome, words));
    }
    for fault in &record.faults {
        lines.push(format!("          fault: {}", explain::fault_text(fault)));
    }
    for damage in &record.damage {
        lines.push(format!("          DAMAGE: {}", explain::damage_text(damage, words)));
    }
    lines
}

/// What a transition came to: its time, its segments, and what was lost.
fn power_lines(outcome: &PowerOutcome, words: Words<'_>) -> Vec<String> {
    let state = explain::power_text(outcome.after);
    let mut lines = vec![format!("{:>11}{state} after {}", "", duration(outcome.nanoseconds()))];
    for segment in &outcome.segments {
        let parts = [
            ("kept", segment.kept),
            ("moved out", segment.moved_out),
            ("discarded", segment.discarded),
            ("unmapped", segment.unmapped),
            ("lost", segment.lost),
            ("moved for nothing", segment.moved_for_nothing),
        ];
        let parts = parts.into_iter().filter(|(_, bytes)| bytes.get() > 0);
        let parts: Vec<String> =
            parts.map(|(what, bytes)| format!("{what} {}", size(bytes.get()))).collect();
        let parts = if parts.is_empty() { "empty".to_owned() } else { parts.join(", ") };
        let (name, verdict) =
            (words.segment(segment.segment), explain::verdict_text(segment.verdict));
        lines.push(format!("{:>13}{name}, {verdict}: {parts}", ""));
    }
    for allocation in &outcome.allocations {
        if let BytesVerdict::Lost { first, bytes } = allocation.bytes {
            let name = words.allocation(allocation.allocation);
            let (bytes, first) = (exact_size(bytes), hex(first));
            lines.push(format!("{:>13}LOST: {bytes} of {name}, first at {first}", ""));
        }
    }
    if let Some(failed) = outcome.failed {
        let name = words.allocation(failed.allocation);
        let (needed, free) = (count(failed.needed.get()), count(failed.free.get()));
        lines.push(format!("{:>13}no room for {name}: {needed} pages, {free} free", ""));
    }
    lines
}

/// A candidate of a decision in lines: what came of it, and who leaves for it.
fn candidate(line: &CandidateLine) -> Vec<String> {
    let mark = match line.mark {
        CandidateMark::Won => '+',
        CandidateMark::Failed => 'x',
        CandidateMark::NotReached => '-',
    };
    let CandidateLine { pass, title, numbers, .. } = line;
    let mut lines = vec![format!("{:>13}{mark} {pass} {title}: {numbers}", "")];
    let victims = line.victims.iter();
    lines
        .extend(victims.map(|victim| format!("{:>17}{} leaves: {}", "", victim.name, victim.text)));
    lines
}

/// The state in lines: segments with their extents, then allocations.
#[must_use]
pub fn state_lines(started: &Started, names: &Names) -> Vec<String> {
    let mut lines = Vec::new();
    let book = started.vidmm().book();
    for segment in started.vidmm().adapter().segments.iter() {
        let Some(used) = book.segment(segment.id) else { continue };
        lines.push(format!(
            "segment {} {}: {} of {} used, largest hole {}",
            segment.id,
            segment.name,
            size(used.space().used()),
            exact_size(segment.size.get()),
            size(used.space().largest_hole()),
        ));
        for (span, owner) in used.extents(Span::whole(segment.size.get())) {
            let owner = explain::extent_text(names, owner);
            let address = hex(segment.base.get() + span.start());
            lines.push(format!("  {address}  {:>10}  {owner}", size(span.len())));
        }
    }
    for allocation in book.allocations() {
        let (state, wrong) = started.content_state(allocation);
        let place = match allocation.placement() {
            Some(place) => format!("segment {} at {}", place.segment, hex(place.span.start())),
            None => "not resident".to_owned(),
        };
        let wrong = wrong.map(|at| format!(" from byte {}", count(at))).unwrap_or_default();
        lines.push(format!(
            "allocation {}: {}, {place}, {}{wrong}",
            names.allocation(allocation.id()),
            exact_size(allocation.size().get()),
            content_text(state),
        ));
    }
    lines
}
