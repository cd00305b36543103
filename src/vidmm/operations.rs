//! Operations as the driver and the platform get them: fields, flags, and the page lists that they
//! carry.
//!
//! Nothing is decided here. A plan says what goes where; this puts it into the words of the
//! interface, in the order in which it is to be done.

use crate::base::{AllocationId, Bytes, FenceId, PAGE_SIZE, Pages, Piece};
use crate::config::Quirks;
use crate::ddi::{
    DiscardContent, DiscardContentFlags, Fill, Location, MapApertureFlags, MapApertureSegment,
    PageList, PagingOperation, PhysicalAccess, Transfer, TransferFlags, UnmapApertureSegment,
};
use crate::memory::{Content, FrameUse, Layout, Mdl};
use crate::rules::SegmentKind;

use super::allocation::{Allocation, Placement};
use super::paging::{ContentChange, Planned};
use super::plan::{Planner, out_of_frames};
use super::power::PowerOperation;
use super::reason::{Failure, OperationReason};
use super::trace::{Asked, PlatformOperation};

impl Planner<'_, '_> {
    /// The list as the driver gets it: with an array of page numbers where it asks for one.
    pub(crate) fn page_list(&mut self, mdl: &Mdl) -> Result<PageList, Failure> {
        if !self.environment.driver.wants_page_arrays() {
            return Ok(PageList { mdl: mdl.clone(), array: None });
        }
        let bytes = Bytes(mdl.pages().get().saturating_mul(8));
        let use_ = FrameUse::PageList(u32::try_from(self.operations.len()).unwrap_or(u32::MAX));
        let host = &mut *self.environment.host;
        let array =
            host.allocate(bytes.to_pages(), use_, Layout::Contiguous).map_err(out_of_frames)?;
        let address = array.address(0).unwrap_or_default();
        let numbers: Vec<Piece<Content>> = mdl
            .runs()
            .iter()
            .map(|run| Piece {
                len: run.count.get() * 8,
                value: Content::ramp(run.first.get(), 1, 0),
            })
            .collect();
        let written = host.put(address, &numbers);
        debug_assert_eq!(written, Ok(()), "the array was allocated for them");
        self.arrays.push(array);
        Ok(PageList { mdl: mdl.clone(), array: Some(address) })
    }

    /// Bytes that a first fill of an allocation covers: its content, or all that it takes where
    /// its rows lie apart.
    pub(super) fn filled(&self, id: AllocationId, place: Placement) -> Bytes {
        let (allocation, segment) = (self.allocation(id), self.segment(place.segment));
        match allocation.rows_in(segment) {
            Some(_) => allocation.size_in(segment),
            None => allocation.size(),
        }
    }

    // --- the platform -------------------------------------------------------------------------

    /// What the CPU cache holds of an allocation goes to memory before the GPU reads it there.
    pub(super) fn flush_cache(&mut self, id: AllocationId, mdl: &Mdl) {
        if !self.allocation(id).cache_dirty || self.adapter.quirks.contains(Quirks::NoCacheFlush) {
            return;
        }
        self.update(id, |after| after.cache_dirty = false);
        let size = self.environment.host.unflushed(mdl);
        if size == Bytes::ZERO {
            return;
        }
        self.count(|counters| counters.bytes_flushed += size.get());
        let flush = PlatformOperation::FlushCache { mdl: mdl.clone() };
        self.push_platform(flush, Some(id), size, OperationReason::Coherence(id));
    }

    /// Flushes what the CPU wrote to an allocation while it is mapped where the GPU would not
    /// see it.
    pub(crate) fn flush_if_stale(&mut self, id: AllocationId) {
        let allocation = self.allocation(id);
        let Some(place) = allocation.placement() else { return };
        let segment = self.segment(place.segment);
        let stale = segment.kind == SegmentKind::Aperture && !segment.is_cache_coherent();
        if let Some(mdl) = allocation.backing().cloned().filter(|_| stale) {
            self.flush_cache(id, &mdl);
        }
    }

    fn push_platform(
        &mut self,
        operation: PlatformOperation,
        subject: Option<AllocationId>,
        bytes: Bytes,
        reason: OperationReason,
    ) {
        self.push_asked(Asked::Platform(operation), subject, bytes, reason);
    }

    /// A step of a power transition.
    pub(crate) fn push_power(
        &mut self,
        operation: PowerOperation,
        subject: Option<AllocationId>,
        bytes: Bytes,
        reason: OperationReason,
    ) {
        self.push_asked(Asked::Power(operation), subject, bytes, reason);
    }

    /// Lets the GPU read a word that it wrote through the AGP aperture, so that its writes are in
    /// memory before the CPU looks.
    pub(crate) fn push_read_physical(&mut self, id: AllocationId, place: Placement) {
        let access = PhysicalAccess { segment: place.segment, address: self.address(place) };
        let operation = PagingOperation::ReadPhysical(access);
        self.push(operation, Some(id), Bytes::ZERO, OperationReason::CpuReads(id));
    }

    // --- operations ---------------------------------------------------------------------------

    pub(crate) fn push(
        &mut self,
        operation: PagingOperation,
        subject: Option<AllocationId>,
        bytes: Bytes,
        reason: OperationReason,
    ) {
        self.push_asked(Asked::Paging(operation), subject, bytes, reason);
    }

    fn push_asked(
        &mut self,
        asked: Asked,
        subject: Option<AllocationId>,
        bytes: Bytes,
        reason: OperationReason,
    ) {
        let completed = self.environment.driver.completed_fence();
        let fence = subject.and_then(|id| self.book.state().allocation(id)).map(Allocation::fence);
        let busy: Option<FenceId> = fence.filter(|fence| *fence > completed);
        let releases = std::mem::take(&mut self.arrays);
        let synchronous = subject.is_some_and(|id| self.allocation(id).pages_synchronously());
        self.operations.push(Planned {
            asked,
            subject,
            bytes,
            reason,
            book: self.book.position(),
            busy,
            releases,
            ends_mapping: false,
            content: ContentChange::Kept,
            synchronous,
        });
    }

    pub(super) fn release_after(&mut self, mdl: Option<Mdl>) {
        if let Some(last) = self.operations.last_mut() {
            last.releases.extend(mdl);
        }
    }

    pub(super) fn push_transfer(
        &mut self,
        id: AllocationId,
        source: Location,
        destination: Location,
        reason: OperationReason,
    ) {
        let allocation = self.allocation(id);
        let idle = allocation.fence() <= self.environment.driver.completed_fence();
        let handle = allocation.handle();
        let size = self.transfer_size(id, &source, &destination).get();
        // Rows move as a whole, and TransferOffset has 32 bits.
        let whole = allocation.info().rows.is_some() || u32::try_from(size).is_err();
        let limit = match self.policies.transfer_limit {
            0 => size,
            _ if whole => size,
            limit => limit,
        };
        // The list of page numbers is needed until the last part is through.
        let arrays = std::mem::take(&mut self.arrays);
        let mut offset = 0;
        loop {
            let part = limit.min(size - offset);
            let last = offset + part == size;
            let mut flags = TransferFlags::empty();
            flags.set(TransferFlags::AllocationIsIdle, idle);
            flags.set(TransferFlags::TransferStart, offset == 0);
            flags.set(TransferFlags::TransferEnd, last);
            let operation = Transfer {
                allocation: Some(handle),
                transfer_offset: u32::try_from(offset).unwrap_or(u32::MAX),
                transfer_size: Bytes(part),
                source: source.clone(),
                destination: destination.clone(),
                flags,
                mdl_offset: Pages(offset / PAGE_SIZE),
            };
            if last {
                self.arrays = arrays;
                self.push(PagingOperation::Transfer(operation), Some(id), Bytes(part), reason);
                return;
            }
            self.push(PagingOperation::Transfer(operation), Some(id), Bytes(part), reason);
            offset += part;
        }
    }

    /// Bytes that a transfer of an allocation moves: its size, or between two places in which its
    /// rows lie apart alike all that they take.
    fn transfer_size(&self, id: AllocationId, source: &Location, destination: &Location) -> Bytes {
        let allocation = self.allocation(id);
        let apart = |side: &Location| match side {
            Location::Segment { id, .. } => allocation.rows_in(self.segment(*id)),
            Location::Mdl(_) => None,
        };
        match (apart(source), apart(destination)) {
            (Some(rows), Some(_)) => rows.aligned_size().to_pages().bytes(),
            _ => allocation.size(),
        }
    }

    pub(super) fn push_fill(
        &mut self,
        id: AllocationId,
        place: Placement,
        reason: OperationReason,
    ) {
        let allocation = self.allocation(id);
        let size = self.filled(id, place);
        let operation = Fill {
            allocation: Some(allocation.handle()),
            fill_size: size,
            fill_pattern: allocation.fill_pattern(),
            segment: place.segment,
            address: self.address(place),
        };
        let rows = self.allocation(id).rows_in(self.segment(place.segment));
        let filled = ContentChange::Filled(operation.fill_pattern, rows);
        self.push(PagingOperation::Fill(operation), Some(id), size, reason);
        if let Some(last) = self.operations.last_mut() {
            last.content = filled;
        }
    }

    pub(super) fn push_discard(
        &mut self,
        id: AllocationId,
        place: Placement,
        reason: OperationReason,
    ) {
        let allocation = self.allocation(id);
        let size = allocation.size();
        let idle = allocation.fence() <= self.environment.driver.completed_fence();
        let mut flags = DiscardContentFlags::empty();
        flags.set(DiscardContentFlags::AllocationIsIdle, idle);
        let operation = DiscardContent {
            allocation: Some(allocation.handle()),
            flags,
            segment: place.segment,
            address: self.address(place),
        };
        self.push(PagingOperation::DiscardContent(operation), Some(id), size, reason);
    }

    pub(crate) fn push_map(
        &mut self,
        subject: Option<AllocationId>,
        place: Placement,
        mdl: &Mdl,
        reason: OperationReason,
    ) -> Result<(), Failure> {
        let cached = subject.is_some_and(|id| self.allocation(id).is_cached());
        let segment = self.segment(place.segment);
        let coherent = segment.is_cache_coherent();
        if let Some(id) = subject.filter(|_| !coherent) {
            self.flush_cache(id, mdl);
        }
        let bytes = mdl.pages().bytes();
        if self.segment(place.segment).is_agp() {
            let first_page = Pages(place.span.start() / PAGE_SIZE);
            let (segment, mdl) = (place.segment, mdl.clone());
            let map = PlatformOperation::MapGart { segment, first_page, mdl };
            self.push_platform(map, subject, bytes, reason);
            return Ok(());
        }
        let mut flags = MapApertureFlags::empty();
        flags.set(MapApertureFlags::CacheCoherent, cached && coherent);
        let (device, handle) = self.owner_of(subject);
        let pages = self.page_list(mdl)?;
        let operation = MapApertureSegment {
            device,
            allocation: handle,
            segment: place.segment,
            offset_in_pages: Pages(place.span.start() / PAGE_SIZE),
            number_of_pages: mdl.pages(),
            pages,
            flags,
            mdl_offset: Pages::ZERO,
        };
        self.push(PagingOperation::MapApertureSegment(operation), subject, bytes, reason);
        Ok(())
    }

    pub(crate) fn push_unmap(
        &mut self,
        subject: Option<AllocationId>,
        place: Placement,
        reason: OperationReason,
    ) {
        let first_page = Pages(place.span.start() / PAGE_SIZE);
        // An extent may be longer than what is mapped there.
        let pages = match subject {
            Some(id) => self.allocation(id).pages(),
            None => Pages(place.span.len() / PAGE_SIZE),
        };
        let bytes = pages.bytes();
        if self.segment(place.segment).is_agp() {
            let (segment, dummy_page) = (place.segment, self.dummy);
            let unmap = PlatformOperation::UnmapGart { segment, first_page, pages, dummy_page };
            self.push_platform(unmap, subject, bytes, reason);
            return;
        }
        let (device, allocation) = self.owner_of(subject);
        let operation = UnmapApertureSegment {
            device,
            allocation,
            segment: place.segment,
            offset_in_pages: first_page,
            number_of_pages: pages,
            dummy_page: self.dummy,
        };
        self.push(PagingOperation::UnmapApertureSegment(operation), subject, bytes, reason);
    }

    fn owner_of(
        &self,
        subject: Option<AllocationId>,
    ) -> (Option<crate::ddi::DeviceHandle>, Option<crate::ddi::AllocationHandle>) {
        let Some(id) = subject else { return (None, None) };
        let allocation = self.allocation(id);
        let device = self.book.state().device(allocation.device()).map(|device| device.handle);
        (device.filter(|_| !allocation.is_primary()), Some(allocation.handle()))
    }
}
