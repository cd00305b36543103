//! Paging operations put together by hand, as a driver's unit test would.
//!
//! VidMm checks that the fields stay inside what there is, asks the driver, submits, and waits for
//! the fence. What the operation writes or maps is not its business: the machine books it.

use crate::base::{AllocationId, Bytes, PAGE_SIZE, Pages, SegmentAddress, SegmentId, Span};
use crate::ddi::{
    DiscardContent, Fill, Location, MapApertureSegment, PagingOperation, PhysicalAccess,
    SpecialLockTransfer, Transfer, UnmapApertureSegment,
};
use crate::memory::Mdl;
use crate::rules::{CheckedSegment, SegmentKind};

use super::paging::Environment;
use super::reason::{Failure, OperationReason, RefusalReason};
use super::trace::WaitReason;
use super::{VidMm, invalid};

/// Bytes of a dummy access.
const PHYSICAL_ACCESS: u64 = 4;

impl VidMm {
    /// Has the driver build an operation as it stands, and waits until the device has passed it.
    ///
    /// Page lists come without arrays; a driver that wants one gets it here.
    ///
    /// # Errors
    /// When a field reaches beyond a segment or page list, or names pages that VidMm uses: then
    /// nothing has changed. Or when the machine stops.
    pub fn raw_operation(
        &mut self,
        environment: &mut Environment<'_>,
        operation: PagingOperation,
        subject: Option<AllocationId>,
    ) -> Result<(), Failure> {
        let bytes = self.check_raw(&operation)?;
        let mut planner = self.planner(environment);
        let operation = match operation {
            PagingOperation::Transfer(mut transfer) => {
                for side in [&mut transfer.source, &mut transfer.destination] {
                    if let Location::Mdl(list) = side {
                        *list = planner.page_list(&list.mdl)?;
                    }
                }
                PagingOperation::Transfer(transfer)
            }
            PagingOperation::SpecialLockTransfer(mut special) => {
                let transfer = &mut special.transfer;
                for side in [&mut transfer.source, &mut transfer.destination] {
                    if let Location::Mdl(list) = side {
                        *list = planner.page_list(&list.mdl)?;
                    }
                }
                PagingOperation::SpecialLockTransfer(special)
            }
            PagingOperation::MapApertureSegment(mut map) => {
                map.pages = planner.page_list(&map.pages.mdl)?;
                PagingOperation::MapApertureSegment(map)
            }
            other => other,
        };
        planner.push(operation, subject, bytes, OperationReason::Raw);
        let plan = planner.operations;
        self.issue(environment, &plan)?;
        let last = self.queue().last_fence();
        self.pager(environment).wait(last, WaitReason::Command)?;
        self.collect(environment);
        Ok(())
    }

    /// The bytes that an operation moves, maps or gives up, unless a field is out of range.
    fn check_raw(&self, operation: &PagingOperation) -> Result<Bytes, Failure> {
        match operation {
            PagingOperation::Transfer(transfer)
            | PagingOperation::SpecialLockTransfer(SpecialLockTransfer { transfer, .. }) => {
                self.check_transfer(transfer)
            }
            PagingOperation::Fill(fill) => self.check_fill(fill),
            PagingOperation::DiscardContent(DiscardContent { segment, address, .. }) => {
                self.memory_span(*segment, *address, 1)?;
                Ok(Bytes::ZERO)
            }
            PagingOperation::ReadPhysical(PhysicalAccess { segment, address })
            | PagingOperation::WritePhysical(PhysicalAccess { segment, address }) => {
                self.span(*segment, *address, PHYSICAL_ACCESS)?;
                Ok(Bytes(PHYSICAL_ACCESS))
            }
            PagingOperation::MapApertureSegment(map) => {
                let MapApertureSegment { segment, offset_in_pages, number_of_pages, .. } = *map;
                check_list(&map.pages.mdl, map.mdl_offset, number_of_pages)?;
                self.check_aperture(segment, offset_in_pages, number_of_pages)
            }
            PagingOperation::UnmapApertureSegment(unmap) => {
                let UnmapApertureSegment { segment, offset_in_pages, number_of_pages, .. } = *unmap;
                self.check_aperture(segment, offset_in_pages, number_of_pages)
            }
        }
    }

    fn check_transfer(&self, transfer: &Transfer) -> Result<Bytes, Failure> {
        let size = transfer.transfer_size;
        if size == Bytes::ZERO || !size.get().is_multiple_of(PAGE_SIZE) {
            return Err(invalid(RefusalReason::BadRawSize(size)));
        }
        let mut segments = 0;
        for side in [&transfer.source, &transfer.destination] {
            match side {
                Location::Segment { id, address } => {
                    segments += 1;
                    let address = address.get().checked_add(transfer.transfer_offset.into());
                    let address = address.ok_or_else(|| out_of(*id))?;
                    self.span(*id, SegmentAddress(address), size.get())?;
                }
                Location::Mdl(list) => {
                    check_list(&list.mdl, transfer.mdl_offset, size.to_pages())?;
                }
            }
        }
        if segments == 0 {
            return Err(invalid(RefusalReason::NoSegmentSide));
        }
        Ok(size)
    }

    fn check_fill(&self, fill: &Fill) -> Result<Bytes, Failure> {
        let size = fill.fill_size;
        if size == Bytes::ZERO || !size.get().is_multiple_of(4) {
            return Err(invalid(RefusalReason::BadRawSize(size)));
        }
        self.memory_span(fill.segment, fill.address, size.get())?;
        Ok(size)
    }

    fn known(&self, id: SegmentId) -> Result<&CheckedSegment, Failure> {
        let number = u32::from(id.number());
        let segment = self.adapter.segment(id);
        segment.ok_or_else(|| invalid(RefusalReason::NoSuchSegment(number)))
    }

    /// The bytes of a segment that an address names.
    fn span(&self, id: SegmentId, address: SegmentAddress, len: u64) -> Result<Span, Failure> {
        let segment = self.known(id)?;
        let offset = address.get().checked_sub(segment.base.get());
        let span = offset.and_then(|offset| Span::at(offset, len));
        span.filter(|span| Span::whole(segment.size.get()).covers(*span)).ok_or_else(|| out_of(id))
    }

    /// The same, of a segment that holds bytes.
    fn memory_span(
        &self,
        id: SegmentId,
        address: SegmentAddress,
        len: u64,
    ) -> Result<Span, Failure> {
        if self.known(id)?.kind != SegmentKind::Memory {
            return Err(invalid(RefusalReason::NotMemory(id)));
        }
        self.span(id, address, len)
    }

    /// Pages of an aperture that the display driver maps and that VidMm does not use.
    fn check_aperture(&self, id: SegmentId, first: Pages, count: Pages) -> Result<Bytes, Failure> {
        let segment = self.known(id)?;
        if segment.kind != SegmentKind::Aperture || segment.is_agp() {
            return Err(invalid(RefusalReason::NotAnAperture(id)));
        }
        if count == Pages::ZERO {
            return Err(invalid(RefusalReason::BadRawSize(Bytes::ZERO)));
        }
        let span = first
            .checked_bytes()
            .zip(count.checked_bytes())
            .and_then(|(start, len)| Span::at(start.get(), len.get()))
            .filter(|span| Span::whole(segment.size.get()).covers(*span))
            .ok_or_else(|| out_of(id))?;
        let used = &self.book().segments[id.index()];
        if used.extents(span).next().is_some() {
            return Err(invalid(RefusalReason::PagesOfVidMm(id)));
        }
        Ok(Bytes(span.len()))
    }
}

fn out_of(id: SegmentId) -> Failure {
    invalid(RefusalReason::RangeBeyondSegment(id))
}

fn check_list(mdl: &Mdl, first: Pages, count: Pages) -> Result<(), Failure> {
    let needed = Pages(first.get().saturating_add(count.get()));
    let pages = mdl.pages();
    if needed > pages {
        return Err(invalid(RefusalReason::ListTooShort { needed, pages }));
    }
    Ok(())
}
