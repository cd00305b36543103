//! The fields of operations that take the user's work to the GPU.

use serde_json::{Value, json};

use super::Words;
use crate::vidmm::{PatchOperation, PreemptOperation, RenderOperation, SubmitOperation};

/// `Render`: which command buffer becomes which DMA buffer, and what it names.
pub(super) fn render_fields(render: &RenderOperation, words: Words<'_>) -> Value {
    let allocations = render.allocations.iter().zip(&render.allocation_list);
    let allocations: Vec<Value> = allocations
        .map(|((id, write), entry)| {
            json!({
                "allocation": words.allocation(*id),
                "write_operation": write,
                "segment": entry.place.map(|(segment, _)| segment.number()),
                "address": entry.place.map(|(_, address)| address.get()),
            })
        })
        .collect();
    json!({
        "context": words.names.context_ref(render.context),
        "command_buffer": render.command_buffer,
        "command_length": render.length,
        "dma_buffer": render.dma_buffer,
        "pass": render.pass,
        "allocation_list": allocations,
    })
}

/// `Patch`: the part, its fence and where addresses belong.
pub(super) fn patch_fields(patch: &PatchOperation) -> Value {
    let locations: Vec<Value> = patch
        .lists
        .patch_locations
        .iter()
        .map(|location| {
            json!({
                "allocation_index": location.allocation_index,
                "slot_id": location.slot_id,
                "driver_id": location.driver_id,
                "allocation_offset": location.allocation_offset,
                "patch_offset": location.patch_offset,
                "split_offset": location.split_offset,
            })
        })
        .collect();
    json!({
        "dma_buffer": patch.dma_buffer,
        "submission_start": patch.start,
        "submission_end": patch.end,
        "fence": patch.fence.0,
        "patch_location_list": locations,
    })
}

/// `SubmitCommand`: the part and its fence, with the one that it had before a preemption.
pub(super) fn submit_fields(submit: &SubmitOperation, words: Words<'_>) -> Value {
    json!({
        "context": words.names.context_ref(submit.context),
        "dma_buffer": submit.dma_buffer,
        "submission_start": submit.start,
        "submission_end": submit.end,
        "fence": submit.fence.0,
        "preempted_fence": submit.preempted.map(|fence| fence.0),
    })
}

/// `PreemptCommand`: for whom, and what the GPU had been given.
pub(super) fn preempt_fields(preempt: &PreemptOperation, words: Words<'_>) -> Value {
    let in_flight: Vec<u64> = preempt.in_flight.iter().map(|fence| fence.0).collect();
    json!({
        "fence": preempt.fence.0,
        "for_context": preempt.for_context.map(|context| words.names.context_ref(context)),
        "in_flight": in_flight,
    })
}
