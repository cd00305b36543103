//! Rows: allocations whose lines lie further apart in a pitch-aligned segment than elsewhere.
//!
//! Between such a segment and anything else a transfer moves row by row; what lies between the
//! rows is nobody's. `MultipassOffset` counts rows here. The packets of one row go into one buffer,
//! so a buffer holds at least as many as a row has runs of frames.

use super::Driver;
use super::native::push;
use super::window::Window;
use crate::base::{Bytes, PAGE_SIZE, Span};
use crate::ddi::{AllocationHandle, BuildPagingBuffer, Location, NtStatus, RowLayout, Transfer};
use crate::gpu::{Packet, Place, RegionId};
use crate::memory::Mdl;

/// One side of a transfer by rows.
enum RowSide<'a> {
    /// The first byte of the first row.
    Place(Place),
    /// A list from a byte on.
    List(&'a Mdl, u64),
}

/// The rows of a transfer that has to move row by row; `None` for all others, which are linear.
///
/// Between two pitch-aligned places the aligned rows move with what lies between them.
pub(super) fn re_pitched(driver: &Driver, transfer: &Transfer) -> Option<RowLayout> {
    let rows = driver.rows_of(transfer.allocation?)?;
    let pitched = |location: &Location| match location {
        Location::Segment { id, .. } => driver.is_pitch_aligned(*id),
        Location::Mdl(_) => false,
    };
    (pitched(&transfer.source) != pitched(&transfer.destination)).then_some(rows)
}

/// A transfer of a whole allocation, row by row.
pub(super) fn build_transfer(
    driver: &Driver,
    arguments: &mut BuildPagingBuffer<'_>,
    transfer: &Transfer,
    rows: RowLayout,
) -> Result<(), NtStatus> {
    let whole = transfer.transfer_offset == 0 && transfer.transfer_size >= rows.size();
    let (true, Some(source), Some(destination)) = (
        whole,
        side(driver, transfer, &transfer.source, rows),
        side(driver, transfer, &transfer.destination, rows),
    ) else {
        return Err(NtStatus::INVALID_PARAMETER);
    };
    let token = transfer.allocation.map_or(0, |allocation| allocation.0);
    for row in rows_left(rows, arguments.multipass_offset)? {
        let stretches = |location: &Location, side: &RowSide<'_>| {
            row_places(side, pitch(driver, location, rows), rows.pitch, row)
        };
        let from = stretches(&transfer.source, &source).ok_or(NtStatus::INVALID_PARAMETER)?;
        let to =
            stretches(&transfer.destination, &destination).ok_or(NtStatus::INVALID_PARAMETER)?;
        append_row(arguments, &from, &to, token)?;
        arguments.multipass_offset = row + 1;
    }
    Ok(())
}

/// Whether rows can be those of an allocation of `size` bytes, and the packets of one of them fit
/// into a buffer of `buffer` bytes even where every page of it is a run of its own.
pub(super) fn is_possible(rows: RowLayout, size: Bytes, buffer: u64) -> bool {
    // A row may have one byte on its first page and one on its last.
    let packets = u64::from(rows.pitch).saturating_sub(2) / PAGE_SIZE + 2;
    rows.aligned_pitch >= rows.pitch
        && rows.rows <= RowLayout::MAX_ROWS
        && rows.size() <= size
        && packets * u64::from(Packet::SIZE) <= buffer
}

fn rows_left(rows: RowLayout, done: u32) -> Result<std::ops::Range<u32>, NtStatus> {
    if done <= rows.rows { Ok(done..rows.rows) } else { Err(NtStatus::INVALID_PARAMETER) }
}

fn side<'a>(
    driver: &Driver,
    transfer: &Transfer,
    location: &'a Location,
    rows: RowLayout,
) -> Option<RowSide<'a>> {
    match location {
        Location::Segment { id, address } => driver.place(*id, *address).map(RowSide::Place),
        Location::Mdl(list) => {
            let pages = rows.size().to_pages().get();
            let first = driver.list_offset(transfer.mdl_offset.get());
            let window = Window::whole(&list.mdl, first, pages)?;
            Some(RowSide::List(&list.mdl, window.first * PAGE_SIZE))
        }
    }
}

fn pitch(driver: &Driver, location: &Location, rows: RowLayout) -> u32 {
    match location {
        Location::Segment { id, .. } if driver.is_pitch_aligned(*id) => rows.aligned_pitch,
        Location::Segment { .. } | Location::Mdl(_) => rows.pitch,
    }
}

/// Where the bytes of a row lie, in order: places and lengths.
fn row_places(side: &RowSide<'_>, pitch: u32, len: u32, row: u32) -> Option<Vec<(Place, u64)>> {
    let offset = u64::from(row) * u64::from(pitch);
    match side {
        RowSide::Place(place) => {
            let address = place.address.checked_add(offset)?;
            Some(vec![(Place { address, ..*place }, len.into())])
        }
        RowSide::List(mdl, start) => {
            let spans = mdl.byte_spans(start.checked_add(offset)?, len.into()).ok()?;
            let place = |span: Span| {
                (Place { region: RegionId::SYSTEM, address: span.start() }, span.len())
            };
            Some(spans.into_iter().map(place).collect())
        }
    }
}

/// Appends the packets of a row, all of them or none.
fn append_row(
    arguments: &mut BuildPagingBuffer<'_>,
    from: &[(Place, u64)],
    to: &[(Place, u64)],
    token: u32,
) -> Result<(), NtStatus> {
    let before = arguments.dma_buffer_used;
    let needed = from.len().max(to.len()).saturating_mul(32);
    if arguments.dma_buffer.len().saturating_sub(before) < needed {
        return Err(NtStatus::INSUFFICIENT_DMA_BUFFER);
    }
    let (mut sources, mut destinations) = (from.iter().copied(), to.iter().copied());
    let (mut source, mut destination) = (sources.next(), destinations.next());
    while let (Some((read, read_left)), Some((written, write_left))) = (source, destination) {
        let length = read_left.min(write_left);
        let packet = Packet::CopyBytes { source: read, destination: written, length, token };
        // One side is in one piece, so there are no more packets than counted above.
        if !push(arguments.dma_buffer, &mut arguments.dma_buffer_used, packet) {
            arguments.dma_buffer_used = before;
            return Err(NtStatus::INSUFFICIENT_DMA_BUFFER);
        }
        source = rest(read, read_left, length).or_else(|| sources.next());
        destination = rest(written, write_left, length).or_else(|| destinations.next());
    }
    Ok(())
}

/// What is left of a stretch behind its first `taken` bytes, if anything.
fn rest(place: Place, len: u64, taken: u64) -> Option<(Place, u64)> {
    let address = place.address.saturating_add(taken);
    (len > taken).then_some((Place { address, ..place }, len - taken))
}

impl Driver {
    /// The rows of an allocation that has any.
    fn rows_of(&self, allocation: AllocationHandle) -> Option<RowLayout> {
        self.state().rows(allocation)
    }
}
