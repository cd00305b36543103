//! Power transitions in the document.

use serde_json::{Value, json};

use crate::analysis::explain::{self, Words};
use crate::base::text::hex;
use crate::ddi::SetPowerState;
use crate::machine::{AllocationOutcome, BytesVerdict, PowerOutcome, SegmentOutcome};
use crate::vidmm::PowerOperation;

/// The fields of a step.
pub(super) fn step_fields(step: &PowerOperation) -> Value {
    match step {
        PowerOperation::SetPowerState(SetPowerState { device_uid, state, action }) => json!({
            "device_uid": hex(u64::from(*device_uid)),
            "device_power_state": state.name(),
            "action_type": action.name(),
        }),
        PowerOperation::DecideSegment(segment, verdict) => json!({
            "segment_id": segment.number(),
            "verdict": explain::verdict_text(*verdict),
        }),
        PowerOperation::WriteHibernateFile(bytes)
        | PowerOperation::ReadHibernateFile(bytes)
        | PowerOperation::TrimDmaBuffers(bytes)
        | PowerOperation::RefillDmaBuffers(bytes) => {
            json!({ "bytes": bytes.get() })
        }
        _ => json!({}),
    }
}

/// What a transition came to.
pub(super) fn outcome_value(command: usize, outcome: &PowerOutcome, words: Words<'_>) -> Value {
    let segment = |outcome: &SegmentOutcome| {
        json!({
            "id": outcome.segment.number(),
            "verdict": explain::verdict_text(outcome.verdict),
            "kept": outcome.kept.get(),
            "moved_out": outcome.moved_out.get(),
            "discarded": outcome.discarded.get(),
            "unmapped": outcome.unmapped.get(),
            "lost": outcome.lost.get(),
            "moved_for_nothing": outcome.moved_for_nothing.get(),
            "time_ns": outcome.nanoseconds,
        })
    };
    let phases = outcome.phases.iter().map(|phase| {
        json!({
            "phase": explain::phase_text(phase.phase, words),
            "start_ns": phase.start,
            "end_ns": phase.end,
        })
    });
    let failed = outcome.failed.map(|failed| {
        json!({
            "allocation": words.allocation(failed.allocation),
            "pages_needed": failed.needed.get(),
            "pages_free": failed.free.get(),
        })
    });
    json!({
        "command": command,
        "transition": explain::transition_name(outcome.transition),
        "before": explain::power_text(outcome.before),
        "after": explain::power_text(outcome.after),
        "segments": outcome.segments.iter().map(segment).collect::<Vec<_>>(),
        "allocations": outcome
            .allocations
            .iter()
            .map(|allocation| allocation_value(command, allocation, words))
            .collect::<Vec<_>>(),
        "phases": phases.collect::<Vec<_>>(),
        "failed": failed,
    })
}

fn allocation_value(command: usize, outcome: &AllocationOutcome, words: Words<'_>) -> Value {
    let (bytes, first, lost) = match outcome.bytes {
        BytesVerdict::Intact => ("intact", None, 0),
        BytesVerdict::NothingPromised => ("nothing promised", None, 0),
        BytesVerdict::Lost { first, bytes } => ("lost", Some(first), bytes),
    };
    json!({
        "name": words.allocation(outcome.allocation),
        "segment": outcome.place.map(|place| place.segment.number()),
        "offset": outcome.place.map(|place| place.span.start()),
        "size": outcome.size.get(),
        "fate": explain::fate_text(outcome.fate),
        "reason": explain::fate_reason_text(outcome.reason),
        "bytes": bytes,
        "first_lost_byte": first,
        "bytes_lost": lost,
        "moved_for_nothing": outcome.moved_for_nothing,
        "step": outcome.operation.map(|operation| format!("{command}.{operation}")),
    })
}
