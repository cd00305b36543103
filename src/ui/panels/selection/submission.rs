//! Cards of the operations that take the user's work to the GPU.

use super::card::{Line, fact, text};
use crate::app::{Item, View};
use crate::base::text::{exact_size, hex};
use crate::vidmm::{PatchOperation, PreemptOperation, RenderOperation, SubmitOperation};

/// Lines of a list that a card shows.
const LISTED: usize = 64;

pub(super) fn render_lines(view: &View<'_>, render: &RenderOperation) -> Vec<Line> {
    let mut lines = vec![
        fact("hContext", view.names.context_ref(render.context).to_owned()),
        fact("pCommand", format!("command buffer {}", render.command_buffer))
            .note(exact_size(render.length.into()))
            .selects(Item::Buffer(render.command_buffer)),
        fact("pDmaBuffer", format!("DMA buffer {}", render.dma_buffer))
            .note(format!("pass {}", render.pass))
            .selects(Item::Buffer(render.dma_buffer)),
    ];
    let listed = render.allocations.iter().zip(&render.allocation_list);
    lines.extend(listed.take(LISTED).map(|((id, write), entry)| {
        let place = match entry.place {
            Some((segment, address)) => view.words().at(segment, address),
            None => "not resident, nothing to pre-patch".to_owned(),
        };
        let key = if *write { "May write" } else { "Reads" };
        fact(key, view.names.allocation(*id).to_owned()).note(place).selects(Item::Allocation(*id))
    }));
    lines
}

pub(super) fn patch_lines(view: &View<'_>, patch: &PatchOperation) -> Vec<Line> {
    let (start, end) = (hex(patch.start.into()), hex(patch.end.into()));
    let mut lines = vec![
        fact("pDmaBuffer", format!("DMA buffer {}", patch.dma_buffer))
            .note(format!("{start} to {end}"))
            .selects(Item::Buffer(patch.dma_buffer)),
        fact("SubmissionFenceId", hex(patch.fence.0)),
    ];
    let locations = patch.lists.patch_locations.iter();
    lines.extend(locations.take(LISTED).map(|location| {
        let entry = location.allocation_index.and_then(|index| usize::try_from(index).ok());
        let entry = entry.and_then(|entry| patch.lists.allocation_list.get(entry));
        let place = entry.and_then(|entry| entry.place).map(|(segment, address)| {
            let offset = address.get().checked_add(location.allocation_offset);
            let address = crate::base::SegmentAddress(offset.unwrap_or(u64::MAX));
            view.words().at(segment, address)
        });
        let place = place.unwrap_or_else(|| "NULL: the slot is unbound".to_owned());
        let offset = hex(location.patch_offset.into());
        fact("Address", format!("+{offset}: {place}")).note(format!("slot {}", location.slot_id))
    }));
    lines
}

pub(super) fn submit_lines(view: &View<'_>, submit: &SubmitOperation) -> Vec<Line> {
    let (start, end) = (hex(submit.start.into()), hex(submit.end.into()));
    let mut lines = vec![
        fact("hContext", view.names.context_ref(submit.context).to_owned()),
        fact("DmaBuffer", format!("DMA buffer {}", submit.dma_buffer))
            .note(format!("{start} to {end}"))
            .selects(Item::Buffer(submit.dma_buffer)),
        fact("SubmissionFenceId", hex(submit.fence.0)),
    ];
    if let Some(fence) = submit.preempted {
        lines.push(fact("Before the preemption", hex(fence.0)));
    }
    lines
}

pub(super) fn preempt_lines(view: &View<'_>, preempt: &PreemptOperation) -> Vec<Line> {
    let mut lines = vec![fact("PreemptionFenceId", hex(preempt.fence.0))];
    lines.extend(
        preempt
            .for_context
            .map(|context| fact("Makes way for", view.names.context_ref(context).to_owned())),
    );
    let given = preempt.in_flight.iter().take(LISTED);
    lines.extend(given.map(|fence| text(format!("given under fence {}", hex(fence.0)))));
    lines
}
