//! Paging operations as native packets.
//!
//! A page list becomes one packet for each run of consecutive frames; `MultipassOffset` counts
//! the pages done, so that an operation goes on in the next buffer where it stopped. Private data
//! is not used.

use super::{Driver, rows};
use crate::base::{PAGE_SIZE, Pages, SegmentAddress};
use crate::ddi::{
    BuildPagingBuffer, Fill, Location, MapApertureFlags, MapApertureSegment, NtStatus,
    PagingOperation, PhysicalAccess, Transfer, UnmapApertureSegment,
};
use crate::gpu::{Packet, Place, RegionId};
use crate::memory::Mdl;

/// Appends a packet to what was used of a buffer; false when it does not fit.
pub(super) fn push(buffer: &mut [u8], used: &mut usize, packet: Packet) -> bool {
    let bytes = packet.encode();
    let room = buffer.get_mut(*used..).and_then(|rest| rest.first_chunk_mut::<32>());
    match room {
        Some(room) => {
            *room = bytes;
            *used += bytes.len();
            true
        }
        None => false,
    }
}

/// `DxgkDdiBuildPagingBuffer` in native packets.
pub(super) fn build(driver: &Driver, arguments: &mut BuildPagingBuffer<'_>) -> NtStatus {
    let result = match arguments.operation {
        PagingOperation::Transfer(transfer) => build_transfer(driver, arguments, transfer),
        PagingOperation::Fill(fill) => build_fill(driver, arguments, fill),
        // The content may be dropped; the hardware keeps no record of allocations.
        PagingOperation::DiscardContent(_) => Ok(()),
        PagingOperation::ReadPhysical(access) => word_place(driver, access)
            .and_then(|source| append(arguments, Packet::ReadWord { source })),
        PagingOperation::WritePhysical(access) => word_place(driver, access)
            .and_then(|destination| append(arguments, Packet::WriteWord { destination })),
        // Nothing is swizzled here, so that its bytes are those of a plain transfer.
        PagingOperation::SpecialLockTransfer(special) => {
            build_transfer(driver, arguments, &special.transfer)
        }
        PagingOperation::MapApertureSegment(map) => build_map(driver, arguments, map),
        PagingOperation::UnmapApertureSegment(unmap) => build_unmap(driver, arguments, unmap),
    };
    result.err().unwrap_or(NtStatus::SUCCESS)
}

pub(super) fn append(
    arguments: &mut BuildPagingBuffer<'_>,
    packet: Packet,
) -> Result<(), NtStatus> {
    let fits = push(arguments.dma_buffer, &mut arguments.dma_buffer_used, packet);
    if fits { Ok(()) } else { Err(NtStatus::INSUFFICIENT_DMA_BUFFER) }
}

/// One side of a transfer, walked from page to page.
enum Side<'a> {
    Segment(Place),
    List(RunWalk<'a>),
}

/// A stretch of a side.
struct Stretch {
    place: Place,
    pages: u64,
    run: u32,
}

impl<'a> Side<'a> {
    /// The side of a transfer of which `done` pages are behind and `left` ahead.
    fn new(
        driver: &Driver,
        transfer: &Transfer,
        location: &'a Location,
        done: u64,
        left: u64,
    ) -> Option<Self> {
        match location {
            Location::Segment { id, address } => {
                // Whether the end lies in the segment is for the hardware to find.
                let skip = u64::from(driver.segment_offset(transfer)) + done * PAGE_SIZE;
                let address = SegmentAddress(address.get().checked_add(skip)?);
                Some(Self::Segment(driver.place(*id, address)?))
            }
            Location::Mdl(list) => {
                let window = driver.list_window(transfer, &list.mdl, done.checked_add(left)?)?;
                let first = window.first.checked_add(done)?;
                RunWalk::new(&list.mdl, first, left).map(Self::List)
            }
        }
    }

    /// What lies ahead in one piece.
    fn next(&self, left: u64) -> Option<Stretch> {
        match self {
            Self::Segment(place) => Some(Stretch { place: *place, pages: left, run: 0 }),
            Self::List(walk) => walk.next(left),
        }
    }

    fn skip(&mut self, pages: u64) {
        match self {
            // An offset beyond u64 is beyond every region, as is the last one.
            Self::Segment(place) => {
                place.address = place.address.saturating_add(pages * PAGE_SIZE);
            }
            Self::List(walk) => walk.skip(pages),
        }
    }

    const fn is_list(&self) -> bool {
        matches!(self, Self::List(_))
    }
}

/// Walks the runs of a page list.
struct RunWalk<'a> {
    mdl: &'a Mdl,
    run: usize,
    inside: u64,
}

impl<'a> RunWalk<'a> {
    /// The list from page `first` on; `None` when fewer than `pages` are left in it.
    fn new(mdl: &'a Mdl, first: u64, pages: u64) -> Option<Self> {
        if first.checked_add(pages)? > mdl.pages().get() {
            return None;
        }
        let mut walk = Self { mdl, run: 0, inside: 0 };
        walk.skip(first);
        Some(walk)
    }

    fn skip(&mut self, pages: u64) {
        self.inside += pages;
        while let Some(run) = self.mdl.runs().get(self.run)
            && self.inside >= run.count.get()
        {
            self.inside -= run.count.get();
            self.run += 1;
        }
    }

    fn next(&self, left: u64) -> Option<Stretch> {
        let run = self.mdl.runs().get(self.run)?;
        let frame = run.first.checked_add(self.inside)?;
        Some(Stretch {
            place: Place { region: RegionId::SYSTEM, address: frame.address().get() },
            pages: (run.count.get() - self.inside).min(left),
            run: u32::try_from(self.run).unwrap_or(u32::MAX),
        })
    }
}

/// What is left of an operation of `total` pages; pages beyond 32 bits cannot be counted.
fn pages_left(total: u64, done: u32) -> Result<u64, NtStatus> {
    if total > u64::from(u32::MAX) {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    total.checked_sub(done.into()).ok_or(NtStatus::INVALID_PARAMETER)
}

/// The pages of a packet; never more than were left of an operation.
fn packet_pages(pages: u64) -> Result<u32, NtStatus> {
    u32::try_from(pages).map_err(|_| NtStatus::INVALID_PARAMETER)
}

fn build_transfer(
    driver: &Driver,
    arguments: &mut BuildPagingBuffer<'_>,
    transfer: &Transfer,
) -> Result<(), NtStatus> {
    let size = transfer.transfer_size.get();
    if !size.is_multiple_of(PAGE_SIZE) {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    if let Some(layout) = rows::re_pitched(driver, transfer) {
        return rows::build_transfer(driver, arguments, transfer, layout);
    }
    let done = arguments.multipass_offset;
    let pages = pages_moved(driver, transfer, size / PAGE_SIZE)?;
    let mut left = pages_left(pages, done)?;
    let side = |location| Side::new(driver, transfer, location, done.into(), left);
    let (Some(mut source), Some(mut destination)) =
        (side(&transfer.source), side(&transfer.destination))
    else {
        return Err(NtStatus::INVALID_PARAMETER);
    };
    let token = transfer.allocation.map_or(0, |allocation| allocation.0);
    while left > 0 {
        let (Some(from), Some(to)) = (source.next(left), destination.next(left)) else {
            return Err(NtStatus::INVALID_PARAMETER);
        };
        let run = if source.is_list() { from.run } else { to.run };
        let pages = packet_pages(from.pages.min(to.pages))?;
        let (source_place, destination_place) = (from.place, to.place);
        append(
            arguments,
            Packet::CopyPages {
                source: source_place,
                destination: destination_place,
                pages,
                token,
                run,
            },
        )?;
        arguments.multipass_offset += pages;
        source.skip(pages.into());
        destination.skip(pages.into());
        left -= u64::from(pages);
    }
    Ok(())
}

/// How many of the pages of a transfer are moved: all of them, unless a quirk runs out of list.
fn pages_moved(driver: &Driver, transfer: &Transfer, pages: u64) -> Result<u64, NtStatus> {
    let moved = match (&transfer.source, &transfer.destination) {
        // The hardware copies from and to memory of its own, not from list to list.
        (Location::Mdl(_), Location::Mdl(_)) => None,
        (Location::Mdl(list), Location::Segment { .. })
        | (Location::Segment { .. }, Location::Mdl(list)) => {
            driver.list_window(transfer, &list.mdl, pages).map(|window| window.pages)
        }
        (Location::Segment { .. }, Location::Segment { .. }) => Some(pages),
    };
    moved.ok_or(NtStatus::INVALID_PARAMETER)
}

/// Where a dummy access goes.
fn word_place(driver: &Driver, access: &PhysicalAccess) -> Result<Place, NtStatus> {
    driver.place(access.segment, access.address).ok_or(NtStatus::INVALID_PARAMETER)
}

fn build_fill(
    driver: &Driver,
    arguments: &mut BuildPagingBuffer<'_>,
    fill: &Fill,
) -> Result<(), NtStatus> {
    let destination = driver.place(fill.segment, fill.address);
    append(
        arguments,
        Packet::Fill {
            destination: destination.ok_or(NtStatus::INVALID_PARAMETER)?,
            length: fill.fill_size.get(),
            pattern: driver.pattern(fill),
            token: fill.allocation.map_or(0, |allocation| allocation.0),
        },
    )
}

/// Where a page of an aperture begins.
fn aperture_place(
    driver: &Driver,
    segment: crate::base::SegmentId,
    page: Pages,
) -> Result<Place, NtStatus> {
    let address = page.checked_bytes().filter(|_| driver.is_aperture(segment));
    let address = address.ok_or(NtStatus::INVALID_PARAMETER)?.get();
    Ok(Place { region: Driver::region(segment), address })
}

fn build_map(
    driver: &Driver,
    arguments: &mut BuildPagingBuffer<'_>,
    map: &MapApertureSegment,
) -> Result<(), NtStatus> {
    let done = u64::from(arguments.multipass_offset);
    let mut left = pages_left(map.number_of_pages.get(), arguments.multipass_offset)?;
    let first = driver.list_offset(map.mdl_offset.get()).checked_add(done);
    let walk = first.and_then(|first| RunWalk::new(&map.pages.mdl, first, left));
    let mut walk = walk.ok_or(NtStatus::INVALID_PARAMETER)?;
    let page = map.offset_in_pages.checked_add(done).ok_or(NtStatus::INVALID_PARAMETER)?;
    let mut destination = aperture_place(driver, map.segment, page)?;
    while left > 0 {
        let stretch = walk.next(left).ok_or(NtStatus::INVALID_PARAMETER)?;
        let pages = packet_pages(stretch.pages)?;
        append(
            arguments,
            Packet::MapPages {
                destination,
                frames: stretch.place.address,
                coherent: map.flags.contains(MapApertureFlags::CacheCoherent),
                pages,
                token: map.allocation.map_or(0, |allocation| allocation.0),
                run: stretch.run,
            },
        )?;
        arguments.multipass_offset += pages;
        walk.skip(pages.into());
        destination.address = destination.address.saturating_add(stretch.pages * PAGE_SIZE);
        left -= stretch.pages;
    }
    Ok(())
}

fn build_unmap(
    driver: &Driver,
    arguments: &mut BuildPagingBuffer<'_>,
    unmap: &UnmapApertureSegment,
) -> Result<(), NtStatus> {
    let left = pages_left(unmap.number_of_pages.get(), arguments.multipass_offset)?;
    if left == 0 {
        return Ok(());
    }
    let page = unmap.offset_in_pages.checked_add(arguments.multipass_offset.into());
    let page = page.ok_or(NtStatus::INVALID_PARAMETER)?;
    let pages = packet_pages(left)?;
    let destination = aperture_place(driver, unmap.segment, page)?;
    let token = unmap.allocation.map_or(0, |allocation| allocation.0);
    let packet = match driver.unmapped_entry(unmap).frame() {
        Some(frame) => {
            Packet::UnmapPages { destination, frame: frame.address().get(), pages, token }
        }
        None => Packet::ClearPages { destination, pages, token },
    };
    append(arguments, packet)?;
    arguments.multipass_offset += pages;
    Ok(())
}
