//! Paging operations as Microsoft's render-only sample builds them.
//!
//! Transfers and fills copy the whole argument structure into the buffer, one record for each
//! operation, and the hardware executes it later. Aperture tables are programmed by the processor
//! while the operation is built, with no bytes in the buffer. Where the sample departs from what
//! the documents ask for, this driver does not: an unmapped page points at the dummy page, and
//! `TransferOffset` is carried in the record for the hardware to add. A quirk that is switched on
//! shows in the fields of the record: the hardware does what they say.

use super::Driver;
use crate::base::{PAGE_SIZE, Piece, SegmentId};
use crate::ddi::{
    BuildPagingBuffer, Fill, Location, MapApertureFlags, MapApertureSegment, NtStatus,
    PagingOperation, PhysicalAccess, SpecialLockTransfer, Transfer, UnmapApertureSegment,
};
use crate::gpu::{PageEntry, Record, RecordBody, RecordSide, RecordTransfer, RegionId};

/// Stands where the structure has the pointer to the buffer: processor addresses mean nothing
/// to the hardware.
const BUFFER_TOKEN: u64 = u64::from_le_bytes(*b"DmaBuf\0\0");
/// Stands where the structure has the pointer to private data.
const PRIVATE_DATA_TOKEN: u64 = u64::from_le_bytes(*b"Private\0");

/// Bytes of an entry of a page list.
const ENTRY: u64 = 8;

/// `DxgkDdiBuildPagingBuffer` in records.
pub(super) fn build(driver: &mut Driver, arguments: &mut BuildPagingBuffer<'_>) -> NtStatus {
    let result = match arguments.operation {
        PagingOperation::Transfer(transfer) => transfer_fields(driver, transfer)
            .ok_or(NtStatus::INVALID_PARAMETER)
            .and_then(|fields| append(driver, arguments, RecordBody::Transfer(fields))),
        PagingOperation::SpecialLockTransfer(special) => special_body(driver, special)
            .ok_or(NtStatus::INVALID_PARAMETER)
            .and_then(|body| append(driver, arguments, body)),
        PagingOperation::Fill(fill) => fill_body(driver, fill)
            .ok_or(NtStatus::INVALID_PARAMETER)
            .and_then(|body| append(driver, arguments, body)),
        PagingOperation::DiscardContent(_) => Ok(()),
        PagingOperation::ReadPhysical(access) => word_side(driver, access)
            .and_then(|side| append(driver, arguments, RecordBody::ReadPhysical(side))),
        PagingOperation::WritePhysical(access) => word_side(driver, access)
            .and_then(|side| append(driver, arguments, RecordBody::WritePhysical(side))),
        PagingOperation::MapApertureSegment(map) => program_map(driver, map),
        PagingOperation::UnmapApertureSegment(unmap) => program_unmap(driver, unmap),
    };
    result.err().unwrap_or(NtStatus::SUCCESS)
}

/// Copies a record into the buffer, padded to the size of the structure.
fn append(
    driver: &Driver,
    arguments: &mut BuildPagingBuffer<'_>,
    body: RecordBody,
) -> Result<(), NtStatus> {
    let used = arguments.dma_buffer_used;
    let size = usize::try_from(driver.record_size()).unwrap_or(usize::MAX);
    let left = arguments.dma_buffer.len().saturating_sub(used);
    let private_left = arguments.private_data.len().saturating_sub(arguments.private_data_used);
    let record = Record {
        buffer: BUFFER_TOKEN,
        buffer_size: u32::try_from(left).unwrap_or(u32::MAX),
        private_data: PRIVATE_DATA_TOKEN,
        private_data_size: u32::try_from(private_left).unwrap_or(u32::MAX),
        progress: arguments.multipass_offset,
        body,
        context: arguments.system_context.0.into(),
    };
    let bytes = record.encode();
    let room = arguments.dma_buffer.get_mut(used..).and_then(|rest| rest.get_mut(..size));
    let room = room.ok_or(NtStatus::INSUFFICIENT_DMA_BUFFER)?;
    let (head, padding) = room.split_at_mut(bytes.len());
    head.copy_from_slice(&bytes);
    padding.fill(0);
    arguments.dma_buffer_used += size;
    Ok(())
}

fn transfer_fields(driver: &Driver, transfer: &Transfer) -> Option<RecordTransfer> {
    let pages = transfer.transfer_size.to_pages().get();
    let mut size = transfer.transfer_size.get();
    let mut list_offset = 0;
    let mut side = |location: &Location| match location {
        Location::Segment { id, address } => {
            let place = driver.place(*id, *address)?;
            Some(RecordSide { region: place.region, address: place.address })
        }
        Location::Mdl(list) => {
            let window = driver.list_window(transfer, &list.mdl, pages)?;
            if window.pages < pages {
                size = size.min(window.pages.saturating_mul(PAGE_SIZE));
            }
            list_offset = u32::try_from(window.first).ok()?;
            Some(RecordSide { region: RegionId::SYSTEM, address: list.array?.get() })
        }
    };
    let (source, destination) = (side(&transfer.source)?, side(&transfer.destination)?);
    // The hardware copies from and to memory of its own, not from list to list.
    let between_lists = source.region == RegionId::SYSTEM && destination.region == RegionId::SYSTEM;
    (!between_lists).then_some(RecordTransfer {
        token: transfer.allocation.map_or(0, |allocation| allocation.0.into()),
        offset: driver.segment_offset(transfer),
        size,
        source,
        destination,
        flags: transfer.flags.bits(),
        list_offset,
    })
}

/// The record of a special-lock transfer has no entry to begin at: its list begins there.
fn special_body(driver: &Driver, special: &SpecialLockTransfer) -> Option<RecordBody> {
    let mut transfer = transfer_fields(driver, &special.transfer)?;
    let skipped = u64::from(transfer.list_offset) * ENTRY;
    for side in [&mut transfer.source, &mut transfer.destination] {
        if side.region == RegionId::SYSTEM {
            side.address = side.address.checked_add(skipped)?;
        }
    }
    transfer.list_offset = 0;
    Some(RecordBody::SpecialLockTransfer {
        transfer,
        range_id: special.swizzling_range_id,
        range_data: special.swizzling_range_data,
    })
}

/// Where a dummy access goes.
fn word_side(driver: &Driver, access: &PhysicalAccess) -> Result<RecordSide, NtStatus> {
    let place = driver.place(access.segment, access.address);
    let place = place.ok_or(NtStatus::INVALID_PARAMETER)?;
    Ok(RecordSide { region: place.region, address: place.address })
}

fn fill_body(driver: &Driver, fill: &Fill) -> Option<RecordBody> {
    let place = driver.place(fill.segment, fill.address)?;
    let size = fill.fill_size.get();
    size.is_multiple_of(4).then_some(RecordBody::Fill {
        token: fill.allocation.map_or(0, |allocation| allocation.0.into()),
        size,
        pattern: driver.pattern(fill),
        destination: RecordSide { region: place.region, address: place.address },
    })
}

/// Sets entries of a table through registers.
fn program(
    driver: &mut Driver,
    segment: SegmentId,
    first_page: u64,
    entries: &[Piece<PageEntry>],
) -> Result<(), NtStatus> {
    let programmed =
        driver.gpu_mut().program_aperture(Driver::region(segment), first_page, entries);
    programmed.map_err(|_| NtStatus::INVALID_PARAMETER)
}

fn program_map(driver: &mut Driver, map: &MapApertureSegment) -> Result<(), NtStatus> {
    let (first, count) = (driver.list_offset(map.mdl_offset.get()), map.number_of_pages);
    let end = first.checked_add(count.get());
    if end.is_none_or(|end| end > map.pages.mdl.pages().get()) {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let coherent = map.flags.contains(MapApertureFlags::CacheCoherent);
    let runs = map.pages.mdl.runs_from(first, count);
    let entry = |first| PageEntry::Frame { first, coherent };
    let entries: Vec<_> =
        runs.map(|run| Piece { len: run.count.get(), value: entry(run.first) }).collect();
    program(driver, map.segment, map.offset_in_pages.get(), &entries)
}

fn program_unmap(driver: &mut Driver, unmap: &UnmapApertureSegment) -> Result<(), NtStatus> {
    let value = driver.unmapped_entry(unmap);
    let len = unmap.number_of_pages.get();
    let entry = (len > 0).then_some(Piece { len, value });
    program(driver, unmap.segment, unmap.offset_in_pages.get(), entry.as_slice())
}
