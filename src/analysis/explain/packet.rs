//! Packets in words, from the operation that they belong to.
//!
//! A packet's bytes are gone once its buffer is used again. What it did is not: the packets of an
//! operation run in order, so that each one's part follows from what those before it moved.

use crate::base::SegmentId;
use crate::base::text::{counted, exact_size, hex, size};
use crate::base::{PAGE_SIZE, SegmentAddress};
use crate::ddi::{Location, PagingOperation, Transfer};
use crate::gpu::{Packet, PacketFormat, Place};
use crate::machine::{TracedKind, TracedOperation, TracedPacket};
use crate::vidmm::SubmitOperation;
use crate::vidmm::{Asked, CallRecord};

use super::Words;

/// A packet in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketText {
    /// The opcode's name, or that of the record's operation.
    pub name: &'static str,
    /// How much: `2,048 pages`.
    pub amount: String,
    /// From where to where: `→ VRAM 0x0A00_0000`.
    pub route: String,
    /// Which pass of the driver wrote it: `MultipassOffset 0 → 2048`.
    pub pass: String,
    /// Its bytes in the buffer: `0x0000–0x001F of paging buffer 1`.
    pub place: String,
}

/// What packet `number` of an operation, counted from 1, does; `None` where there is none such.
#[must_use]
pub fn packet_text(
    operation: &TracedOperation,
    number: u32,
    format: PacketFormat,
    words: Words<'_>,
) -> Option<PacketText> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let packet = operation.packets.get(index)?;
    let before: u64 = operation.packets[..index].iter().map(|packet| packet.outcome.bytes).sum();
    let (name, amount, route) = match &operation.kind {
        TracedKind::Executed(_) => ("Packet", size(packet.outcome.bytes), String::new()),
        TracedKind::Asked(record) => match &record.asked {
            Asked::Platform(_)
            | Asked::Power(_)
            | Asked::Render(_)
            | Asked::Patch(_)
            | Asked::Preempt(_) => return None,
            Asked::Paging(paging) => paging_text(paging, packet, index, before, format, words),
            Asked::Submit(submit) => work_text(submit, packet, words),
        },
    };
    let pass = call_of(operation, packet).map_or(String::new(), |call| {
        format!("MultipassOffset {} → {}", call.multipass_before, call.multipass_after)
    });
    Some(PacketText { name, amount, route, pass, place: place_text(packet) })
}

/// A packet of the user's work, as it was handed over.
fn work_text(
    submit: &SubmitOperation,
    packet: &TracedPacket,
    words: Words<'_>,
) -> (&'static str, String, String) {
    let unknown = || ("Packet", size(packet.outcome.bytes), String::new());
    let start = packet.outcome.start.checked_sub(submit.start);
    let start = start.and_then(|start| usize::try_from(start).ok());
    let bytes = start.and_then(|start| submit.content.get(start..));
    let Some(work) = bytes.and_then(|bytes| Packet::decode(bytes).ok()) else { return unknown() };
    let at = |place: Place| match SegmentId::new(place.region.0) {
        Some(segment) => words.at_offset(segment, place.address),
        None => format!("system {}", hex(place.address)),
    };
    let amount = exact_size(work.moved_bytes());
    let route = match work {
        Packet::Pad => String::new(),
        Packet::Fill { destination, .. }
        | Packet::Write { destination, .. }
        | Packet::WritePart { destination, .. }
        | Packet::WriteWord { destination }
        | Packet::AddBytes { destination, .. }
        | Packet::MapPages { destination, .. }
        | Packet::UnmapPages { destination, .. }
        | Packet::ClearPages { destination, .. } => format!("→ {}", at(destination)),
        Packet::Read { source, .. } | Packet::ReadWord { source } => format!("{} →", at(source)),
        Packet::CopyPages { source, destination, .. }
        | Packet::CopyBytes { source, destination, .. }
        | Packet::CopyRows { source, destination, .. } => {
            format!("{} → {}", at(source), at(destination))
        }
        Packet::Wait { destination, value, .. } => format!("until {} ≥ {value}", at(destination)),
        Packet::Signal { destination, value, .. } => format!("{value} → {}", at(destination)),
    };
    (work.name(), amount, route)
}

/// The call of the driver that wrote a packet.
pub(super) fn call_of<'a>(
    operation: &'a TracedOperation,
    packet: &TracedPacket,
) -> Option<&'a CallRecord> {
    let serial = packet.buffer?.serial;
    operation.calls.iter().find(|call| {
        call.buffer.serial == serial && (call.start..call.end).contains(&packet.outcome.start)
    })
}

fn place_text(packet: &TracedPacket) -> String {
    let (start, end) = (packet.outcome.start, packet.outcome.end);
    let range = format!("{}–{}", hex(start.into()), hex(u64::from(end.saturating_sub(1))));
    let fence = hex(packet.outcome.fence.0);
    match packet.buffer {
        Some(buffer) => format!("bytes {range} of buffer {}, fence {fence}", buffer.index),
        None => format!("bytes {range} of its buffer, fence {fence}"),
    }
}

fn paging_text(
    paging: &PagingOperation,
    packet: &TracedPacket,
    index: usize,
    before: u64,
    format: PacketFormat,
    words: Words<'_>,
) -> (&'static str, String, String) {
    let record = matches!(format, PacketFormat::Record { .. });
    let bytes = packet.outcome.bytes;
    let pages = |pages: u64| counted(pages, "page");
    match paging {
        PagingOperation::Transfer(transfer) => {
            let name = if record { "Transfer" } else { copy_name(bytes) };
            (name, moved_text(bytes), transfer_text(transfer, before, words))
        }
        PagingOperation::Fill(fill) => {
            let address = SegmentAddress(fill.address.get().saturating_add(before));
            let name = if record { "Fill" } else { "FILL" };
            (name, exact_size(bytes), format!("→ {}", words.at(fill.segment, address)))
        }
        PagingOperation::MapApertureSegment(map) => {
            // Every packet maps one run of the list.
            let count = map.number_of_pages;
            let runs = map.pages.mdl.runs_from(map.mdl_offset.get(), count);
            let mut page = map.offset_in_pages.get();
            for (place, run) in runs.enumerate() {
                if place == index {
                    let to = format!("{} page {}", words.segment(map.segment), hex(page));
                    let route = format!("frame {} → {to}", hex(run.first.get()));
                    return ("MAP_PAGES", pages(run.count.get()), route);
                }
                page = page.saturating_add(run.count.get());
            }
            ("MAP_PAGES", String::new(), String::new())
        }
        PagingOperation::UnmapApertureSegment(unmap) => {
            let page = hex(unmap.offset_in_pages.get());
            let route = format!("{} page {page} → dummy page", words.segment(unmap.segment));
            ("UNMAP_PAGES", pages(unmap.number_of_pages.get()), route)
        }
        PagingOperation::SpecialLockTransfer(special) => {
            let name = if record { "SpecialLockTransfer" } else { copy_name(bytes) };
            (name, moved_text(bytes), transfer_text(&special.transfer, before, words))
        }
        PagingOperation::ReadPhysical(access) => {
            let name = if record { "ReadPhysical" } else { "READ_WORD" };
            (name, exact_size(bytes), format!("{} →", words.at(access.segment, access.address)))
        }
        PagingOperation::WritePhysical(access) => {
            let name = if record { "WritePhysical" } else { "WRITE_WORD" };
            (name, exact_size(bytes), format!("→ {}", words.at(access.segment, access.address)))
        }
        PagingOperation::DiscardContent(_) => ("Packet", exact_size(bytes), String::new()),
    }
}

/// The packet that moves some bytes: rows are moved byte by byte, everything else page by page.
const fn copy_name(bytes: u64) -> &'static str {
    if bytes.is_multiple_of(PAGE_SIZE) { "COPY_PAGES" } else { "COPY_BYTES" }
}

fn moved_text(bytes: u64) -> String {
    if bytes.is_multiple_of(PAGE_SIZE) {
        counted(bytes / PAGE_SIZE, "page")
    } else {
        exact_size(bytes)
    }
}

/// Where a transfer stands once `before` bytes are behind it.
fn transfer_text(transfer: &Transfer, before: u64, words: Words<'_>) -> String {
    let side = |location: &Location| match location {
        Location::Segment { id, address } => {
            let skip = before.saturating_add(transfer.transfer_offset.into());
            words.at(*id, SegmentAddress(address.get().saturating_add(skip)))
        }
        Location::Mdl(list) => {
            let page = transfer.mdl_offset.get().checked_add(before / PAGE_SIZE);
            let frame = page.and_then(|page| list.mdl.page(page));
            frame.map_or("system".to_owned(), |frame| format!("frame {frame}"))
        }
    };
    format!("{} → {}", side(&transfer.source), side(&transfer.destination))
}
