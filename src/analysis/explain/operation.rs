//! Operations in words: what moved where, and why.

use crate::base::text::{counted, exact_size, hex, size, word};
use crate::base::{Bytes, FenceId, Pages, SegmentAddress, SegmentId};
use crate::ddi::{Location, PagingOperation, SpecialLockTransfer, Transfer};
use crate::machine::{Summary, TracedKind, TracedOperation};
use crate::rules::SegmentKind;
use crate::vidmm::{
    Asked, OperationReason, OperationRecord, PatchOperation, PlatformOperation, PreemptOperation,
    RenderOperation, SubmitOperation, WaitReason,
};

use super::power::{fate_reason_text, power_operation_text};
use super::{Words, listed};

/// Which way something goes, as seen from the memory of the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// Into the memory of the GPU.
    In,
    /// Out of it, or dropped there.
    Out,
    /// Mapped, nothing moved.
    Map,
    /// Unmapped, nothing moved.
    Unmap,
}

/// An operation in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationText {
    /// Its kind as d3dkmddi spells it; `Render` and `Execute` for the user's work.
    pub kind: &'static str,
    /// Which way it goes, where anything does.
    pub flow: Option<Flow>,
    /// How much: `6 MiB`; empty where nothing is moved or mapped.
    pub amount: String,
    /// From where to where: `system → VRAM 0x0040_0000`.
    pub route: String,
    /// Why: `terrain used, not resident`.
    pub reason: String,
}

impl OperationText {
    /// All but its kind in one sentence: `6 MiB, system → VRAM 0x0000, terrain used, not resident`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let parts = [&self.amount, &self.route, &self.reason].map(String::as_str);
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }
}

/// An operation by its kind and what it is about: `Transfer terrain`, `Execute fence 0x0005`.
#[must_use]
pub fn operation_title(operation: &TracedOperation, words: Words<'_>) -> String {
    let record = match &operation.kind {
        TracedKind::Executed(fence) => return format!("Execute fence {}", hex(fence.0)),
        TracedKind::Asked(record) => record,
    };
    let kind = kind_text(&record.asked);
    match record.subject {
        Some(id) => format!("{kind} {}", words.allocation(id)),
        None => kind.to_owned(),
    }
}

/// The kind as d3dkmddi spells it, `Render` for the user's work.
const fn kind_text(asked: &Asked) -> &'static str {
    match asked {
        Asked::Paging(operation) => operation.kind().name(),
        Asked::Render(_) => "Render",
        Asked::Patch(_) => "Patch",
        Asked::Submit(_) => "SubmitCommand",
        Asked::Preempt(_) => "PreemptCommand",
        Asked::Platform(platform) => platform.name(),
        Asked::Power(power) => power.name(),
    }
}

/// What an operation does and why.
#[must_use]
pub fn operation_text(operation: &TracedOperation, words: Words<'_>) -> OperationText {
    match &operation.kind {
        TracedKind::Asked(record) => asked_text(record, words),
        TracedKind::Executed(fence) => OperationText {
            kind: "Execute",
            flow: None,
            amount: size(operation.packets.iter().map(|packet| packet.outcome.bytes).sum()),
            route: format!(
                "fence {}, {}",
                hex(fence.0),
                counted(operation.packets.len() as u64, "packet")
            ),
            reason: "queued by an earlier command".to_owned(),
        },
    }
}

fn asked_text(record: &OperationRecord, words: Words<'_>) -> OperationText {
    let route = match &record.asked {
        Asked::Paging(operation) => route_text(operation, words),
        Asked::Render(render) => render_text(render, words),
        Asked::Patch(patch) => patch_text(patch),
        Asked::Submit(submit) => submit_text(submit),
        Asked::Preempt(preempt) => preempt_text(preempt, words),
        Asked::Platform(platform) => platform_text(platform, words),
        Asked::Power(power) => power_operation_text(power, words),
    };
    OperationText {
        kind: kind_text(&record.asked),
        flow: flow(&record.asked, words),
        amount: if record.bytes == Bytes::ZERO { String::new() } else { record.bytes.to_string() },
        route,
        reason: reason_text(record, words),
    }
}

/// Which way an operation goes.
#[must_use]
pub fn flow(asked: &Asked, words: Words<'_>) -> Option<Flow> {
    let operation = match asked {
        Asked::Render(_)
        | Asked::Patch(_)
        | Asked::Submit(_)
        | Asked::Preempt(_)
        | Asked::Power(_)
        | Asked::Platform(PlatformOperation::FlushCache { .. }) => return None,
        Asked::Platform(PlatformOperation::MapGart { .. }) => return Some(Flow::Map),
        Asked::Platform(PlatformOperation::UnmapGart { .. }) => return Some(Flow::Unmap),
        Asked::Paging(operation) => operation,
    };
    Some(match operation {
        PagingOperation::ReadPhysical(_) | PagingOperation::WritePhysical(_) => return None,
        PagingOperation::Fill(_) => Flow::In,
        PagingOperation::DiscardContent(_) => Flow::Out,
        PagingOperation::MapApertureSegment(_) => Flow::Map,
        PagingOperation::UnmapApertureSegment(_) => Flow::Unmap,
        PagingOperation::SpecialLockTransfer(SpecialLockTransfer { transfer, .. })
        | PagingOperation::Transfer(transfer) => {
            if is_memory(&transfer.destination, words) {
                Flow::In
            } else {
                Flow::Out
            }
        }
    })
}

fn is_memory(location: &Location, words: Words<'_>) -> bool {
    let Location::Segment { id, .. } = location else { return false };
    words.checked(*id).is_none_or(|segment| segment.kind == SegmentKind::Memory)
}

fn route_text(operation: &PagingOperation, words: Words<'_>) -> String {
    match operation {
        PagingOperation::SpecialLockTransfer(SpecialLockTransfer { transfer, .. })
        | PagingOperation::Transfer(transfer) => transfer_text(transfer, words),
        PagingOperation::ReadPhysical(access) => {
            format!("GPU reads {}", words.at(access.segment, access.address))
        }
        PagingOperation::WritePhysical(access) => {
            format!("GPU writes {}", words.at(access.segment, access.address))
        }
        PagingOperation::Fill(fill) => {
            let to = words.at(fill.segment, fill.address);
            format!("pattern {} → {to}", word(fill.fill_pattern))
        }
        PagingOperation::DiscardContent(discard) => {
            format!("{} → dropped", words.at(discard.segment, discard.address))
        }
        PagingOperation::MapApertureSegment(map) => format!(
            "{} → {} page {}",
            counted(map.number_of_pages.get(), "page"),
            words.segment(map.segment),
            hex(map.offset_in_pages.get())
        ),
        PagingOperation::UnmapApertureSegment(unmap) => format!(
            "{}, {} page {} → dummy page",
            counted(unmap.number_of_pages.get(), "page"),
            words.segment(unmap.segment),
            hex(unmap.offset_in_pages.get())
        ),
    }
}

fn platform_text(platform: &PlatformOperation, words: Words<'_>) -> String {
    let pages = |count: Pages| counted(count.get(), "page");
    match platform {
        PlatformOperation::MapGart { segment, first_page, mdl } => {
            let (segment, page) = (words.segment(*segment), hex(first_page.get()));
            format!("{} → {segment} page {page}, by the GART driver", pages(mdl.pages()))
        }
        PlatformOperation::UnmapGart { segment, first_page, pages: count, .. } => {
            let (segment, page) = (words.segment(*segment), hex(first_page.get()));
            format!("{}, {segment} page {page} → dummy page, by the GART driver", pages(*count))
        }
        PlatformOperation::FlushCache { mdl } => {
            format!("CPU cache → {} of system memory", pages(mdl.pages()))
        }
    }
}

fn transfer_text(transfer: &Transfer, words: Words<'_>) -> String {
    let side = |location: &Location| match location {
        Location::Segment { id, address } => {
            let address = address.get().saturating_add(transfer.transfer_offset.into());
            words.at(*id, SegmentAddress(address))
        }
        Location::Mdl(_) => "system".to_owned(),
    };
    format!("{} → {}", side(&transfer.source), side(&transfer.destination))
}

fn render_text(render: &RenderOperation, words: Words<'_>) -> String {
    let size = exact_size(render.length.into());
    let names = render.allocations.iter().map(|(id, _)| words.allocation(*id).to_owned());
    let pass = if render.pass > 1 { format!(", pass {}", render.pass) } else { String::new() };
    let (from, to) = (render.command_buffer, render.dma_buffer);
    let names = listed(names);
    let names = if names.is_empty() { names } else { format!(": {names}") };
    format!("command buffer {from} ({size}) → DMA buffer {to}{pass}{names}")
}

fn patch_text(patch: &PatchOperation) -> String {
    let addresses = patch.lists.patch_locations.iter();
    let addresses = addresses.filter(|location| location.allocation_index.is_some()).count();
    let (start, end) = (hex(patch.start.into()), hex(patch.end.into()));
    let addresses = match addresses {
        1 => "1 address".to_owned(),
        many => format!("{} addresses", crate::base::text::count(many as u64)),
    };
    format!("{addresses} in DMA buffer {}, {start} to {end}", patch.dma_buffer)
}

fn submit_text(submit: &SubmitOperation) -> String {
    let (start, end) = (hex(submit.start.into()), hex(submit.end.into()));
    let before = submit.preempted;
    let before = before.map_or(String::new(), |fence| format!(", was {}", hex(fence.0)));
    let fence = hex(submit.fence.0);
    format!("fence {fence}{before}, DMA buffer {}, {start} to {end}", submit.dma_buffer)
}

fn preempt_text(preempt: &PreemptOperation, words: Words<'_>) -> String {
    let given = counted(preempt.in_flight.len() as u64, "submission");
    let context = preempt.for_context.map(|context| words.names.context_ref(context).to_owned());
    let context = context.map_or(String::new(), |name| format!(", for {name}"));
    format!("fence {}, {given} given{context}", hex(preempt.fence.0))
}

/// Why an operation is issued.
#[must_use]
pub fn reason_text(record: &OperationRecord, words: Words<'_>) -> String {
    let name = |id| words.allocation(id);
    match record.reason {
        OperationReason::PageIn(id) => format!("{} used, not resident", name(id)),
        OperationReason::EvictedFor { victim, newcomer } => {
            format!("{} evicted for {}", name(victim), name(newcomer))
        }
        OperationReason::EvictedByCommand(id) => format!("{} evicted by the command", name(id)),
        OperationReason::CpuAccess(id) => match leaves(record) {
            Some(segment) => {
                format!("the CPU cannot reach {} in {}", name(id), words.segment(segment))
            }
            None => format!("the CPU cannot reach {} where it is", name(id)),
        },
        OperationReason::Moved(id) => {
            format!("the GPU cannot use {} where it was", name(id))
        }
        OperationReason::Destroyed(id) => format!("{} destroyed", name(id)),
        OperationReason::EvictionMapping(id) => {
            format!("{} leaves through this mapping", name(id))
        }
        OperationReason::ApertureReset(segment) => {
            format!("new table: every page of {} to the dummy page", words.segment(segment))
        }
        OperationReason::PagingBufferMapping(index) => {
            format!("paging buffer {index} mapped, before anything else is paged")
        }
        OperationReason::Submission => "the command's own work".to_owned(),
        OperationReason::Split(id) => {
            format!("split: {} had no room beside the rest", name(id))
        }
        OperationReason::Preemption => match &record.asked {
            Asked::Preempt(preempt) if preempt.for_context.is_none() => {
                "the engine waits for a value, and others can go on".to_owned()
            }
            Asked::Preempt(_) => "work of a higher priority goes first".to_owned(),
            _ => "again after a preemption".to_owned(),
        },
        OperationReason::Raw => "asked for by hand".to_owned(),
        OperationReason::Coherence(id) => {
            format!("{} is cached, and the GPU does not see the cache", name(id))
        }
        OperationReason::Unlocked(id) => format!("{} unlocked, back to its segment", name(id)),
        OperationReason::LockedForRendering(id) => {
            format!("{} is locked: rendered from an aperture", name(id))
        }
        OperationReason::Displayed(id) => format!("{} displayed", name(id)),
        // Beside the command that it belongs to there is nothing to add.
        OperationReason::Power(_) => String::new(),
        OperationReason::Purged(id, reason) => {
            format!("{}: {}", name(id), fate_reason_text(reason))
        }
        OperationReason::Restored(id) => {
            format!("{} is pinned: back before work goes on", name(id))
        }
        OperationReason::Remapped(id) => format!("{} was mapped here before", name(id)),
        OperationReason::DmaBufferMapping(index) => {
            format!("DMA buffer {index} mapped, so that the GPU can read it")
        }
        OperationReason::DmaBufferUnmapping(index) => {
            format!("the GPU is through with DMA buffer {index}")
        }
        OperationReason::EvictedForDmaBuffer(id) => {
            format!("{} leaves for a DMA buffer", name(id))
        }
        OperationReason::PagingBufferUnmapping(index) => {
            format!("paging buffer {index} unmapped for the transition")
        }
        OperationReason::CpuReads(id) => {
            format!("the CPU reads {}, which the GPU wrote", name(id))
        }
    }
}

/// The segment that an operation takes something out of.
fn leaves(record: &OperationRecord) -> Option<SegmentId> {
    let Asked::Paging(operation) = &record.asked else { return None };
    match operation {
        PagingOperation::ReadPhysical(_) | PagingOperation::WritePhysical(_) => None,
        PagingOperation::SpecialLockTransfer(SpecialLockTransfer { transfer, .. })
        | PagingOperation::Transfer(transfer) => match transfer.source {
            Location::Segment { id, .. } => Some(id),
            Location::Mdl(_) => None,
        },
        PagingOperation::Fill(_) | PagingOperation::MapApertureSegment(_) => None,
        PagingOperation::DiscardContent(discard) => Some(discard.segment),
        PagingOperation::UnmapApertureSegment(unmap) => Some(unmap.segment),
    }
}

/// Why VidMm waited, and for which fence.
#[must_use]
pub fn wait_text(fence: FenceId, reason: WaitReason, words: Words<'_>) -> String {
    let fence = hex(fence.0);
    match reason {
        WaitReason::Buffers => format!("waited for fence {fence}: every buffer was being read"),
        WaitReason::Allocation(id) => {
            format!("waited for fence {fence}: {} was being used", words.allocation(id))
        }
        WaitReason::Mapping => format!("waited for fence {fence}: the mapping was being used"),
        WaitReason::MappedDmaBuffer => {
            format!("waited for fence {fence}: a DMA buffer mapped there was being read")
        }
        WaitReason::Command => format!("waited for fence {fence}: the command ended or said so"),
    }
}

/// What a command did, in numbers: `2 operations, 6 MiB in, 4 MiB out`; empty for nothing.
#[must_use]
pub fn summary_text(summary: &Summary) -> String {
    if summary.operations == 0 && summary.packets == 0 {
        return String::new();
    }
    let moved = [
        (summary.bytes_in, "in"),
        (summary.bytes_out, "out"),
        (summary.bytes_mapped, "mapped"),
        (summary.bytes_unmapped, "unmapped"),
    ];
    let first = if summary.operations > 0 {
        counted(summary.operations.into(), "operation")
    } else {
        counted(summary.packets.into(), "packet")
    };
    moved
        .into_iter()
        .filter(|(bytes, _)| *bytes > 0)
        .fold(first, |text, (bytes, way)| format!("{text}, {} {way}", size(bytes)))
}
