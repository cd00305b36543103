//! System memory behind buffers: the frames that an operation moves, and those that a buffer lies in.

use super::Sources;
use super::scene::{Card, Progress, buffer};
use crate::analysis::lens::{PageTable, PageTarget};
use crate::base::{FrameNumber, PAGE_SIZE, Pages, SegmentId, text};
use crate::ddi::{Location, PagingOperation};
use crate::machine::TracedKind;
use crate::memory::Mdl;
use crate::vidmm::{Asked, Buffer};

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
    /// The segment is no aperture: the bytes themselves lie in it, and there are no frames.
    pub memory: bool,
    /// The device could not read it now: a buffer of a pool is mapped for its submission only.
    pub unmapped: bool,
    /// Its pages.
    pub pages: Vec<SeatPage>,
}

/// Pages of a seat that are listed at most.
const MOST_SEAT_PAGES: u64 = 256;

/// Where the buffer of a card lies, as the device finds it now.
#[must_use]
pub fn seat(sources: Sources<'_>, card: &Card) -> Option<Seat> {
    let started = sources.started;
    let buffer = buffer(started, card.index)?;
    let (shape, unmapped) = (&buffer.shape, buffer.address().is_none());
    let count = u64::from(shape.size).div_ceil(PAGE_SIZE).min(MOST_SEAT_PAGES);
    let next = u64::from(card.executed);
    let runs = matches!(card.fencing, super::Fencing::Running(_));
    let fetching = |offset: u64| runs && (offset..offset + PAGE_SIZE).contains(&next);
    if let Some((segment, start)) = shape.memory {
        // In a memory segment there is nothing between the device and the bytes.
        let base = started.vidmm().adapter().segment(segment)?.base.get();
        let page = |index: u64| -> Option<SeatPage> {
            let offset = index * PAGE_SIZE;
            let page = (start.get() / PAGE_SIZE).checked_add(index);
            let address = base.checked_add(start.get())?.checked_add(offset)?;
            let fetching = fetching(offset);
            Some(SeatPage { page, address, frame: None, offset, fetching, right: true })
        };
        let pages = (0..count).filter_map(page).collect();
        return Some(Seat { segment: Some(segment), memory: true, unmapped, pages });
    }
    let placed = buffer.aperture().and_then(|(segment, offset)| {
        let table = PageTable::of(started, segment)?;
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
        let frame = table.at(number).and_then(PageTarget::frame);
        let fetching = fetching(offset);
        let right = frame == given;
        Some(SeatPage { page: Some(number), address, frame, offset, fetching, right })
    };
    let pages = (0..count).filter_map(page).collect();
    Some(Seat { segment: placed.map(|(segment, ..)| segment), memory: false, unmapped, pages })
}

/// How the GPU comes to the memory of a DMA buffer, and who sees to that.
#[must_use]
pub fn pool_text(buffer: &Buffer) -> &'static str {
    match (buffer.shape.address, buffer.mapped, buffer.shape.mdl.pages().get()) {
        (_, _, 0) => {
            "Its memory is given back while the machine sleeps: nothing in it is worth saving."
        }
        (Some(_), ..) => {
            "The driver names no segment: contiguous, page-locked memory, which the GPU reads by its \
             physical address."
        }
        (None, Some(_), _) => {
            "Mapped for a submission, page by page, and unmapped once the GPU is through. VidMm \
             locks and maps it; one source document says that the driver does."
        }
        (None, None, _) => {
            "The pool keeps its memory and no mapping: it is mapped before the next submission. \
             VidMm locks and maps it; one source document says that the driver does."
        }
    }
}
