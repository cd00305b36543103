//! The envelope of a call: the fields that the driver is handed, as the kit spells them, and what it
//! made of them.

use super::Sources;
use super::scene::Card;
use crate::base::{Pages, SegmentId, text};
use crate::ddi::{Location, PageList, PagingOperation, Transfer};
use crate::machine::TracedKind;
use crate::vidmm::{Asked, SYSTEM_CONTEXT};

/// A row of a call's envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeRow {
    /// The field, as the kit spells it.
    pub key: &'static str,
    /// Its value, or what it was and what it became.
    pub value: String,
    /// What that means.
    pub note: String,
    /// The driver changed it.
    pub changed: bool,
}

/// The envelope of a card's call: `None` where another command made it.
#[must_use]
pub fn envelope(sources: Sources<'_>, card: &Card) -> Option<Vec<EnvelopeRow>> {
    let part = card.call()?;
    let call = part.call;
    let traced = sources.trace.operation(part.operation)?;
    let TracedKind::Asked(record) = &traced.kind else { return None };
    let count = |value: u32| text::count(value.into());
    let mut rows = vec![
        EnvelopeRow {
            key: "pDmaBuffer",
            value: in_out(&offset(call.start), &offset(call.end)),
            note: format!("in buffer {}", call.buffer.serial),
            changed: call.start != call.end,
        },
        EnvelopeRow {
            key: "DmaSize",
            value: in_out(
                &count(call.buffer.size - call.start),
                &count(call.buffer.size - call.end),
            ),
            note: "bytes left".to_owned(),
            changed: call.start != call.end,
        },
        EnvelopeRow {
            key: "DmaBufferPrivateDataSize",
            value: in_out(&count(call.private_before), &count(call.private_after)),
            note: if call.private_before == 0 { "none asked for" } else { "bytes left" }.to_owned(),
            changed: call.private_before != call.private_after,
        },
    ];
    let multipass = EnvelopeRow {
        key: "MultipassOffset",
        value: in_out(&count(call.multipass_before), &count(call.multipass_after)),
        note: "the driver's own".to_owned(),
        changed: call.multipass_before != call.multipass_after,
    };
    match &record.asked {
        Asked::Paging(operation) => {
            let kind = operation.kind();
            rows.push(plain("Operation", kind.number().to_string(), kind.name()));
            rows.push(multipass);
            let idle = operation.clone().with_allocation_idle();
            paging_rows(sources, if call.allocation_idle { &idle } else { operation }, &mut rows);
            rows.push(plain("hSystemContext", token(SYSTEM_CONTEXT.0), "paging"));
        }
        Asked::Platform(_)
        | Asked::Power(_)
        | Asked::Patch(_)
        | Asked::Submit(_)
        | Asked::Preempt(_) => return None,
        Asked::Render(render) => {
            let count = u64::try_from(render.allocation_list.len()).unwrap_or(u64::MAX);
            rows.push(plain("CommandLength", text::count(render.length.into()), "bytes"));
            rows.push(plain("AllocationListSize", text::count(count), "allocations named"));
            rows.push(multipass);
        }
    }
    Some(rows)
}

fn plain(key: &'static str, value: String, note: &str) -> EnvelopeRow {
    EnvelopeRow { key, value, note: note.to_owned(), changed: false }
}

fn in_out(before: &str, after: &str) -> String {
    if before == after { before.to_owned() } else { format!("{before} → {after}") }
}

fn offset(value: u32) -> String {
    format!("+{}", text::hex(value.into()))
}

fn token(value: u32) -> String {
    text::hex(value.into())
}

/// Names of the flags that are set.
fn flag_names<F: bitflags::Flags>(flags: &F) -> String {
    let names: Vec<&str> = flags.iter_names().map(|(name, _)| name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(" | ") }
}

fn paging_rows(sources: Sources<'_>, operation: &PagingOperation, rows: &mut Vec<EnvelopeRow>) {
    let handle = operation.allocation();
    let named = |rows: &mut Vec<EnvelopeRow>| {
        let value = handle.map_or_else(|| "NULL".to_owned(), |handle| token(handle.0));
        let book = sources.started.vidmm().book();
        let known = handle.and_then(|handle| book.allocations().find(|a| a.handle() == handle));
        let name = known.map(|known| sources.names.allocation(known.id()));
        let none = if handle.is_none() { "a buffer" } else { "not there now" };
        rows.push(plain("hAllocation", value, name.unwrap_or(none)));
    };
    let segment = |id: SegmentId| sources.names.segment(id);
    match operation {
        PagingOperation::Transfer(transfer) => {
            named(rows);
            transfer_rows(sources, transfer, rows);
        }
        PagingOperation::Fill(fill) => {
            named(rows);
            let size = fill.fill_size.get();
            rows.push(plain("FillSize", text::hex(size), &text::size(size)));
            rows.push(plain("FillPattern", text::word(fill.fill_pattern), "repeated"));
            let place = format!("{}: {}", fill.segment, text::hex(fill.address.get()));
            rows.push(plain("Destination", place, segment(fill.segment)));
        }
        PagingOperation::DiscardContent(discard) => {
            named(rows);
            let flags = text::word(discard.flags.bits());
            rows.push(plain("Flags", flags, &flag_names(&discard.flags)));
            let place = format!("{}: {}", discard.segment, text::hex(discard.address.get()));
            rows.push(plain("SegmentAddress", place, segment(discard.segment)));
        }
        PagingOperation::ReadPhysical(access) | PagingOperation::WritePhysical(access) => {
            let place = format!("{}: {}", access.segment, text::hex(access.address.get()));
            rows.push(plain("PhysicalAddress", place, segment(access.segment)));
        }
        PagingOperation::SpecialLockTransfer(special) => {
            named(rows);
            transfer_rows(sources, &special.transfer, rows);
            // The structure has no MdlOffset.
            rows.pop();
            let (range, data) = (special.swizzling_range_id, special.swizzling_range_data);
            rows.push(plain("SwizzlingRangeId", text::count(range.into()), ""));
            rows.push(plain("SwizzlingRangeData", text::word(data), ""));
        }
        PagingOperation::MapApertureSegment(map) => {
            let device = map.device.map_or_else(|| "NULL".to_owned(), |device| token(device.0));
            rows.push(plain("hDevice", device, ""));
            named(rows);
            rows.push(plain("SegmentId", map.segment.to_string(), segment(map.segment)));
            pages_rows(map.offset_in_pages, map.number_of_pages, rows);
            rows.push(plain("pMdl", mdl_text(&map.pages), ""));
            rows.push(plain("Flags", text::word(map.flags.bits()), &flag_names(&map.flags)));
            rows.push(plain("MdlOffset", text::count(map.mdl_offset.get()), "pages"));
        }
        PagingOperation::UnmapApertureSegment(unmap) => {
            let device = unmap.device.map_or_else(|| "NULL".to_owned(), |device| token(device.0));
            rows.push(plain("hDevice", device, ""));
            named(rows);
            rows.push(plain("SegmentId", unmap.segment.to_string(), segment(unmap.segment)));
            pages_rows(unmap.offset_in_pages, unmap.number_of_pages, rows);
            let frame = text::hex(unmap.dummy_page.frame().get());
            let address = text::hex(unmap.dummy_page.get());
            rows.push(plain("DummyPage", address, &format!("frame {frame}")));
        }
    }
}

fn pages_rows(first: Pages, count: Pages, rows: &mut Vec<EnvelopeRow>) {
    rows.push(plain("OffsetInPages", text::hex(first.get()), &text::count(first.get())));
    let size = count.checked_bytes().map_or_else(String::new, |bytes| text::size(bytes.get()));
    rows.push(plain("NumberOfPages", text::count(count.get()), &size));
}

fn mdl_text(list: &PageList) -> String {
    let runs = u64::try_from(list.mdl.runs().len()).unwrap_or(u64::MAX);
    format!("{} in {}", text::counted(list.mdl.pages().get(), "page"), text::counted(runs, "run"))
}

fn transfer_rows(sources: Sources<'_>, transfer: &Transfer, rows: &mut Vec<EnvelopeRow>) {
    let offset = text::hex(transfer.transfer_offset.into());
    rows.push(plain("TransferOffset", offset, "segment side"));
    let size = transfer.transfer_size.get();
    rows.push(plain("TransferSize", text::hex(size), &text::size(size)));
    for (key, location) in [("Source", &transfer.source), ("Destination", &transfer.destination)] {
        rows.push(match location {
            Location::Segment { id, address } => {
                let place = format!("{id}: {}", text::hex(address.get()));
                plain(key, place, sources.names.segment(*id))
            }
            Location::Mdl(list) => plain(key, format!("0: {}", mdl_text(list)), "system memory"),
        });
    }
    rows.push(plain("Flags", text::word(transfer.flags.bits()), &flag_names(&transfer.flags)));
    rows.push(plain("MdlOffset", text::count(transfer.mdl_offset.get()), "pages, list side"));
}
