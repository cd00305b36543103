//! Operations and calls in words and numbers: the envelope, the frames, where a buffer sits.

use super::Sources;
use super::scene::{Card, Progress, buffer, short_hex};
use crate::base::{AllocationId, FrameNumber, PAGE_SIZE, Pages, SegmentId, Span, text};
use crate::ddi::{Location, PageList, PagingOperation, Transfer};
use crate::gpu::PageEntry;
use crate::kmd::Driver;
use crate::machine::{Command, TracedKind, TracedOperation};
use crate::memory::Mdl;
use crate::session::Names;
use crate::vidmm::{Asked, OperationReason, SYSTEM_CONTEXT};

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

/// The name of an operation with its subject: `Transfer terrain`.
#[must_use]
pub fn operation_name(sources: Sources<'_>, traced: &TracedOperation) -> String {
    let record = match &traced.kind {
        TracedKind::Executed(fence) => {
            return format!("Earlier work, fence {}", short_hex(fence.0));
        }
        TracedKind::Asked(record) => record,
    };
    let name = match &record.asked {
        Asked::Paging(operation) => operation.kind().name(),
        Asked::Render(_) => "Render",
    };
    match record.subject {
        Some(id) => format!("{name} {}", sources.names.allocation(id)),
        None => name.to_owned(),
    }
}

/// What an operation does and why, in half a sentence.
#[must_use]
pub fn operation_story(sources: Sources<'_>, traced: &TracedOperation) -> String {
    let record = match &traced.kind {
        TracedKind::Executed(_) => return "submitted by an earlier command, run now".to_owned(),
        TracedKind::Asked(record) => record,
    };
    let what = match &record.asked {
        Asked::Render(accesses) => {
            let count = u64::try_from(accesses.len()).unwrap_or(u64::MAX);
            format!("{} of the command's own work", text::counted(count, "reference"))
        }
        Asked::Paging(operation) => paging_story(sources, operation),
    };
    format!("{what}, {}", reason_text(sources.names, &record.reason))
}

fn paging_story(sources: Sources<'_>, operation: &PagingOperation) -> String {
    let segment = |id: SegmentId| sources.names.segment(id);
    match operation {
        PagingOperation::Transfer(transfer) => {
            let side = |location: &Location| match location {
                Location::Segment { id, address } => {
                    format!("{} at {}", segment(*id), text::hex(address.get()))
                }
                Location::Mdl(_) => "system memory".to_owned(),
            };
            let size = text::size(transfer.transfer_size.get());
            format!("{size}, {} → {}", side(&transfer.source), side(&transfer.destination))
        }
        PagingOperation::Fill(fill) => format!(
            "{} of {} at {}",
            text::size(fill.fill_size.get()),
            segment(fill.segment),
            text::hex(fill.address.get())
        ),
        PagingOperation::DiscardContent(discard) => {
            format!(
                "what is in {} at {}",
                segment(discard.segment),
                text::hex(discard.address.get())
            )
        }
        PagingOperation::MapApertureSegment(map) => {
            let pages = text::counted(map.number_of_pages.get(), "page");
            format!(
                "{pages} of {} from page {}",
                segment(map.segment),
                short_hex(map.offset_in_pages.get())
            )
        }
        PagingOperation::UnmapApertureSegment(unmap) => {
            let pages = text::counted(unmap.number_of_pages.get(), "page");
            format!(
                "{pages} of {} from page {}",
                segment(unmap.segment),
                short_hex(unmap.offset_in_pages.get())
            )
        }
    }
}

fn reason_text(names: &Names, reason: &OperationReason) -> String {
    let name = |id: AllocationId| names.allocation(id);
    match *reason {
        OperationReason::PageIn(id) => format!("because {} is needed and not resident", name(id)),
        OperationReason::EvictedFor { victim, newcomer } => {
            format!("because {} makes room for {}", name(victim), name(newcomer))
        }
        OperationReason::EvictedByCommand(_) => "because the command asks for it".to_owned(),
        OperationReason::CpuAccess(_) => "because the CPU cannot reach it there".to_owned(),
        OperationReason::Moved(_) => "because the GPU cannot use it where it was".to_owned(),
        OperationReason::Destroyed(id) => format!("because {} is destroyed", name(id)),
        OperationReason::EvictionMapping(id) => {
            format!("because {} is evicted through the aperture", name(id))
        }
        OperationReason::ApertureReset(_) => "because the adapter starts".to_owned(),
        OperationReason::PagingBufferMapping(index) => {
            format!("because paging buffer {index} is mapped")
        }
        OperationReason::Submission => "because the command submits it".to_owned(),
    }
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
        Asked::Render(accesses) => {
            let count = u64::try_from(accesses.len()).unwrap_or(u64::MAX);
            rows.push(plain("References", text::count(count), "patched before the call"));
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
            let frame = short_hex(unmap.dummy_page.frame().get());
            let address = text::hex(unmap.dummy_page.get());
            rows.push(plain("DummyPage", address, &format!("frame {frame}")));
        }
    }
}

fn pages_rows(first: Pages, count: Pages, rows: &mut Vec<EnvelopeRow>) {
    rows.push(plain("OffsetInPages", short_hex(first.get()), &text::count(first.get())));
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

/// How a run of frames stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// The device is through with it.
    Moved,
    /// The device is in it.
    Next,
    /// Still to come.
    Waiting,
}

impl RunState {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Next => "next",
            Self::Waiting => "waiting",
        }
    }
}

/// Frames with consecutive numbers in the page list of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameRow {
    /// Counted from 0.
    pub run: u64,
    /// Its first page in the list.
    pub page: u64,
    /// The first frame.
    pub first: FrameNumber,
    /// Frames.
    pub count: u64,
    /// What stands on the other side of its first page.
    pub other: String,
    /// How it stands.
    pub state: RunState,
}

/// The page list of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameRuns {
    /// Pages of the operation.
    pub pages: u64,
    /// Pages that the device is through with.
    pub moved: u64,
    /// What the column of the other side is called.
    pub other: &'static str,
    /// The runs.
    pub rows: Vec<FrameRow>,
}

/// The frames that an operation moves or maps; `None` where it has no page list.
#[must_use]
pub fn frame_runs(
    sources: Sources<'_>,
    operation: u32,
    progress: Option<&Progress>,
) -> Option<FrameRuns> {
    let traced = sources.trace.operation(operation)?;
    let TracedKind::Asked(record) = &traced.kind else { return None };
    let Asked::Paging(paging) = &record.asked else { return None };
    let moved = progress.map_or(0, |progress| progress.moved);
    let (mdl, first, count, start, heading) = match paging {
        PagingOperation::MapApertureSegment(map) => {
            let page = map.offset_in_pages.get().saturating_mul(PAGE_SIZE);
            (&map.pages.mdl, map.mdl_offset, map.number_of_pages, Some(page), "Offset")
        }
        PagingOperation::Transfer(transfer) => {
            let (list, other, heading) = match (&transfer.source, &transfer.destination) {
                (Location::Mdl(list), other) => (list, other, "To"),
                (other, Location::Mdl(list)) => (list, other, "From"),
                _ => return None,
            };
            let start = match other {
                Location::Segment { address, .. } => {
                    address.get().checked_add(transfer.transfer_offset.into())
                }
                Location::Mdl(_) => None,
            };
            let pages = transfer.transfer_size.to_pages();
            (&list.mdl, transfer.mdl_offset, pages, start, heading)
        }
        _ => return None,
    };
    let rows = run_rows(mdl, first.get(), count, moved, start);
    Some(FrameRuns { pages: count.get(), moved, other: heading, rows })
}

fn run_rows(mdl: &Mdl, first: u64, count: Pages, moved: u64, start: Option<u64>) -> Vec<FrameRow> {
    let mut page = 0_u64;
    let rows = (0_u64..).zip(mdl.runs_from(first, count)).map(|(run, frames)| {
        let from = page;
        page = page.saturating_add(frames.count.get());
        let state = if page <= moved {
            RunState::Moved
        } else if from <= moved {
            RunState::Next
        } else {
            RunState::Waiting
        };
        let other = start.and_then(|start| start.checked_add(from.checked_mul(PAGE_SIZE)?));
        FrameRow {
            run,
            page: first.saturating_add(from),
            first: frames.first,
            count: frames.count.get(),
            other: other.map_or_else(|| "–".to_owned(), text::hex),
            state,
        }
    });
    rows.collect()
}

/// A page behind a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatPage {
    /// The aperture page; `None` for contiguous memory.
    pub page: Option<u64>,
    /// Where the device sees it.
    pub address: u64,
    /// The frame behind it; `None` where the page points nowhere.
    pub frame: Option<FrameNumber>,
    /// The first byte of the buffer that lies in it.
    pub offset: u64,
    /// The device fetches from it next.
    pub fetching: bool,
    /// It leads to the page that the buffer was given.
    pub right: bool,
}

/// Where a buffer lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The aperture through which the device sees it; `None` for contiguous system memory.
    pub segment: Option<SegmentId>,
    /// Its pages.
    pub pages: Vec<SeatPage>,
}

/// Pages of a seat that are listed at most.
const MOST_SEAT_PAGES: u64 = 256;

/// Where the buffer of a card lies, as the device finds it now.
#[must_use]
pub fn seat(sources: Sources<'_>, card: &Card) -> Option<Seat> {
    let started = sources.started;
    let shape = &buffer(started, card.index)?.shape;
    let count = u64::from(shape.size).div_ceil(PAGE_SIZE).min(MOST_SEAT_PAGES);
    let next = u64::from(card.executed);
    let runs = matches!(card.fencing, super::Fencing::Running(_));
    let fetching = |offset: u64| runs && (offset..offset + PAGE_SIZE).contains(&next);
    let placed = shape.aperture.and_then(|(segment, offset)| {
        let table = started.driver().gpu().aperture(Driver::region(segment))?;
        Some((segment, offset, table))
    });
    let page = |index: u64| -> Option<SeatPage> {
        let (offset, given) = (index * PAGE_SIZE, shape.mdl.page(index));
        let Some((segment, start, table)) = placed else {
            let address = given?.address().get();
            let fetching = fetching(offset);
            return Some(SeatPage {
                page: None,
                address,
                frame: given,
                offset,
                fetching,
                right: true,
            });
        };
        let number = (start.get() / PAGE_SIZE).checked_add(index)?;
        let base = started.vidmm().adapter().segment(segment)?.base.get();
        let address = base.checked_add(start.get())?.checked_add(offset)?;
        let entries = table.runs(Span::at(number, 1)?).next();
        let frame = entries.and_then(|run| match run.value {
            PageEntry::Unset => None,
            PageEntry::Frame { first, .. } => Some(first),
            PageEntry::Fixed { frame } => Some(frame),
        });
        let fetching = fetching(offset);
        let right = frame == given;
        Some(SeatPage { page: Some(number), address, frame, offset, fetching, right })
    };
    let pages = (0..count).filter_map(page).collect();
    Some(Seat { segment: placed.map(|(segment, ..)| segment), pages })
}

/// Why a command has no buffer: a title and what can be done.
#[must_use]
pub fn empty_text(command: usize, asked: Option<&Command>) -> (String, &'static str) {
    let why = match asked {
        None => return ("Nothing has run yet".to_owned(), "Step forward to the first command."),
        Some(Command::CreateProcess(_)) => "creating a process needs no paging operation",
        Some(Command::CreateDevice(..)) => "opening a device needs no paging operation",
        Some(Command::CreateAllocation(_)) => {
            "creating an allocation moves nothing until it is made resident"
        }
        Some(Command::DestroyAllocation(_)) => {
            "what it destroyed was not resident, so nothing had to be undone"
        }
        Some(Command::MakeResident(_)) => "everything it names was resident already",
        Some(Command::Use(_)) => "nothing was submitted",
        Some(Command::CpuWrite(..)) => "the CPU writes through its own addresses",
        Some(Command::CpuRead(..)) => "the CPU reads through its own addresses",
        Some(Command::Evict(_) | Command::EvictAll) => "nothing it names was resident",
        Some(Command::SetPriority(..)) => "a priority changes only VidMm's book",
        Some(Command::RunGpu(_)) => "the engine had nothing queued",
        Some(Command::Expect(_)) => "an expectation only looks",
    };
    let hint = "Buffers appear at steps that page something in or out, map, or submit work.";
    (format!("Step {command} wrote no buffer: {why}."), hint)
}
