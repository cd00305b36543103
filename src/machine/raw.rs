//! Operations put together by hand: what the documents say that they do, and whether they did.

use crate::base::{
    AllocationId, Bytes, FrameNumber, PAGE_SIZE, Pages, PagesId, PhysicalAddress, Piece,
    SegmentAddress, SegmentId, SegmentOffset, Span,
};
use crate::ddi::{
    AllocationHandle, DeviceHandle, DiscardContent, Fill, Location, MapApertureSegment, PageList,
    PagingOperation, PhysicalAccess, SpecialLockTransfer, Transfer, UnmapApertureSegment,
};
use crate::gpu::Place;
use crate::kmd::Driver;
use crate::memory::{Content, bytes};
use crate::rules::SegmentKind;
use crate::vidmm::{Allocation, ExtentOwner, Failure, RefusalReason, VidMm, segment_parts};

use super::applying::{Applying, refused};
use super::command::{RawLocation, RawOperation, RawTransfer};
use super::foreign::{ForeignRun, ForeignTarget};
use super::ledger::{LedgerChange, expect_pages};
use super::verify::Damage;

/// Where an operation reads or leaves bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RawPlace {
    /// In a segment, from this byte of it on.
    Segment(SegmentId, u64),
    /// In reserved pages, from this byte of theirs on.
    Pages(PagesId, u64),
}

impl RawPlace {
    /// The place so many bytes further on.
    const fn further(self, by: u64) -> Self {
        match self {
            Self::Segment(id, offset) => Self::Segment(id, offset.saturating_add(by)),
            Self::Pages(id, offset) => Self::Pages(id, offset.saturating_add(by)),
        }
    }
}

/// Whether the documents say what is there afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judged {
    /// They do.
    Yes,
    /// A page is written more than once, or read and written elsewhere: the order is the device's.
    No,
}

/// What an operation does, by the documents.
#[derive(Debug)]
enum Effect {
    /// Nothing that can be seen.
    None,
    /// These bytes are there afterwards, in one place or one for each row.
    Bytes(Vec<(RawPlace, Vec<Piece<Content>>)>, Judged),
    /// These pages point there afterwards.
    Table(ForeignRun),
}

impl Applying<'_, '_> {
    /// Carries a raw operation out, and compares what it did with what the documents say.
    pub(super) fn raw(&mut self, raw: &RawOperation) -> Result<(), Failure> {
        if let Some(id) = raw.allocation() {
            self.touch(id)?;
        }
        let operation = self.raw_operation(raw)?;
        // What is queued comes first: the operation sees what it leaves.
        self.with(VidMm::drain)?;
        // What is beyond a segment has no effect to foresee: VidMm refuses it.
        let effect = self.effect(raw);
        let subject = raw.allocation();
        self.with(|vidmm, environment| vidmm.raw_operation(environment, operation, subject))?;
        match effect {
            Effect::None => {}
            Effect::Bytes(written, judged) => {
                for (destination, pieces) in written {
                    self.raw_wrote(destination, pieces, judged);
                }
            }
            Effect::Table(run) => {
                let before = self.recorder.ledger.state().foreign().clone();
                let after = Box::new(before.with(run));
                let before = Box::new(before);
                self.recorder.ledger.apply(LedgerChange::Foreign { before, after });
            }
        }
        Ok(())
    }

    /// The operation with handles and page lists in place of identities.
    fn raw_operation(&self, raw: &RawOperation) -> Result<PagingOperation, Failure> {
        let handle = |id: Option<AllocationId>| -> Option<AllocationHandle> {
            self.vidmm.book().allocation(id?).map(Allocation::handle)
        };
        let device = |id: Option<crate::base::DeviceId>| -> Result<Option<DeviceHandle>, Failure> {
            let Some(id) = id else { return Ok(None) };
            let device = self.vidmm.book().device(id);
            device.map(|device| Some(device.handle)).ok_or_else(|| refused(RefusalReason::NoDevice))
        };
        let list = |id: PagesId| -> Result<PageList, Failure> {
            Ok(PageList { mdl: self.vidmm.unwrapped_pages(id)?, array: None })
        };
        let side = |location: &RawLocation| -> Result<Location, Failure> {
            Ok(match location {
                RawLocation::Segment { id, address } => {
                    Location::Segment { id: *id, address: SegmentAddress(*address) }
                }
                RawLocation::Pages(id) => Location::Mdl(list(*id)?),
            })
        };
        let transfer = |raw: &RawTransfer| -> Result<Transfer, Failure> {
            Ok(Transfer {
                allocation: handle(raw.allocation),
                transfer_offset: raw.transfer_offset,
                transfer_size: Bytes(raw.transfer_size),
                source: side(&raw.source)?,
                destination: side(&raw.destination)?,
                flags: raw.flags,
                mdl_offset: Pages(raw.mdl_offset.into()),
            })
        };
        Ok(match *raw {
            RawOperation::Transfer(ref raw) => PagingOperation::Transfer(transfer(raw)?),
            RawOperation::SpecialLockTransfer(ref raw, id, data) => {
                PagingOperation::SpecialLockTransfer(SpecialLockTransfer {
                    transfer: transfer(raw)?,
                    swizzling_range_id: id,
                    swizzling_range_data: data,
                })
            }
            RawOperation::Fill { allocation, fill_size, fill_pattern, segment, address } => {
                PagingOperation::Fill(Fill {
                    allocation: handle(allocation),
                    fill_size: Bytes(fill_size),
                    fill_pattern,
                    segment,
                    address: SegmentAddress(address),
                })
            }
            RawOperation::DiscardContent { allocation, flags, segment, address } => {
                let (allocation, address) = (handle(allocation), SegmentAddress(address));
                let discard = DiscardContent { allocation, flags, segment, address };
                PagingOperation::DiscardContent(discard)
            }
            RawOperation::ReadPhysical { segment, address } => {
                let address = SegmentAddress(address);
                PagingOperation::ReadPhysical(PhysicalAccess { segment, address })
            }
            RawOperation::WritePhysical { segment, address } => {
                let address = SegmentAddress(address);
                PagingOperation::WritePhysical(PhysicalAccess { segment, address })
            }
            RawOperation::MapApertureSegment {
                device: owner,
                allocation,
                segment,
                offset_in_pages,
                number_of_pages,
                pages,
                flags,
                mdl_offset,
            } => PagingOperation::MapApertureSegment(MapApertureSegment {
                device: device(owner)?,
                allocation: handle(allocation),
                segment,
                offset_in_pages: Pages(offset_in_pages),
                number_of_pages: Pages(number_of_pages),
                pages: list(pages)?,
                flags,
                mdl_offset: Pages(mdl_offset.into()),
            }),
            RawOperation::UnmapApertureSegment {
                device: owner,
                allocation,
                segment,
                offset_in_pages,
                number_of_pages,
                dummy_page,
            } => PagingOperation::UnmapApertureSegment(UnmapApertureSegment {
                device: device(owner)?,
                allocation: handle(allocation),
                segment,
                offset_in_pages: Pages(offset_in_pages),
                number_of_pages: Pages(number_of_pages),
                dummy_page: self.dummy_page(dummy_page)?,
            }),
        })
    }

    fn dummy_page(&self, address: Option<u64>) -> Result<PhysicalAddress, Failure> {
        let Some(address) = address else { return Ok(self.vidmm.dummy_page()) };
        let sound = address.is_multiple_of(PAGE_SIZE) && address < self.host.size().get();
        if sound {
            return Ok(PhysicalAddress(address));
        }
        Err(refused(RefusalReason::BadDummyPage(address)))
    }

    /// What the documents say that an operation does: TransferOffset counts for segments,
    /// MdlOffset for page lists, and an unmapped page points at the dummy page.
    fn effect(&self, raw: &RawOperation) -> Effect {
        match *raw {
            RawOperation::Transfer(ref raw) | RawOperation::SpecialLockTransfer(ref raw, ..) => {
                self.transfer_effect(raw).unwrap_or(Effect::None)
            }
            RawOperation::Fill { fill_size, fill_pattern, segment, address, .. } => {
                let Some(offset) = self.offset_in(segment, address) else { return Effect::None };
                let pattern = Content::pattern(fill_pattern, 0);
                let pieces = bytes::pieces_from_content(pattern, fill_size);
                Effect::Bytes(vec![(RawPlace::Segment(segment, offset), pieces)], Judged::Yes)
            }
            RawOperation::DiscardContent { .. }
            | RawOperation::ReadPhysical { .. }
            | RawOperation::WritePhysical { .. } => Effect::None,
            RawOperation::MapApertureSegment {
                segment,
                offset_in_pages,
                number_of_pages,
                pages,
                mdl_offset,
                ..
            } => {
                let target = ForeignTarget::Pages(pages, mdl_offset.into());
                table(segment, offset_in_pages, number_of_pages, target)
            }
            RawOperation::UnmapApertureSegment {
                segment,
                offset_in_pages,
                number_of_pages,
                dummy_page,
                ..
            } => {
                let own = self.vidmm.dummy_page().frame();
                let named = dummy_page.map(|address| FrameNumber(address / PAGE_SIZE));
                let target = ForeignTarget::Frame(named.unwrap_or(own));
                table(segment, offset_in_pages, number_of_pages, target)
            }
        }
    }

    /// What a transfer leaves where; `None` where a side does not exist.
    fn transfer_effect(&self, raw: &RawTransfer) -> Option<Effect> {
        let source = self.place_of(raw, &raw.source)?;
        let destination = self.place_of(raw, &raw.destination)?;
        let size = raw.transfer_size;
        let allocation = raw.allocation.and_then(|id| self.vidmm.book().allocation(id));
        let rows = allocation.and_then(|allocation| allocation.info().rows);
        let pitched = (self.is_pitched(&raw.source), self.is_pitched(&raw.destination));
        let written = match (rows, pitched) {
            (Some(rows), (true, false)) => {
                let parts = rows.parts(Span::whole(rows.size().get()));
                let seen = parts.map(|(part, at)| self.seen(source.further(at), part.len()));
                vec![(destination, seen.collect::<Option<Vec<_>>>()?.concat())]
            }
            (Some(rows), (false, true)) => {
                let content = self.seen(source, rows.size().get())?;
                let parts = rows.parts(Span::whole(rows.size().get()));
                let row = |(part, at): (Span, u64)| {
                    let pieces = bytes::slice_pieces(&content, part.start(), part.len());
                    (destination.further(at), pieces)
                };
                parts.map(row).collect()
            }
            _ => vec![(destination, self.seen(source, size)?)],
        };
        Some(Effect::Bytes(written, self.judged(source, destination, size)))
    }

    /// Whether a side of a transfer is a segment in which rows lie apart.
    fn is_pitched(&self, side: &RawLocation) -> bool {
        let RawLocation::Segment { id, .. } = side else { return false };
        let segment = self.vidmm.adapter().segment(*id);
        segment.is_some_and(|s| s.kind == SegmentKind::Memory && s.is_pitch_aligned())
    }

    /// Whether every page that is written is written once, and read nowhere else.
    fn judged(&self, source: RawPlace, destination: RawPlace, len: u64) -> Judged {
        let mut written = self.frames(destination, len);
        written.sort_unstable();
        let twice = written.windows(2).any(|pair| pair[0].overlaps(pair[1]));
        let read = self.frames(source, len);
        let moved = read.iter().any(|span| written.iter().any(|other| other.overlaps(*span)));
        if twice || moved { Judged::No } else { Judged::Yes }
    }

    /// The frames of system memory behind a place, in order; none behind a memory.
    fn frames(&self, place: RawPlace, len: u64) -> Vec<Span> {
        let pages = |start: u64| {
            let end = start.saturating_add(len).div_ceil(PAGE_SIZE);
            Span::new(start / PAGE_SIZE, end).unwrap_or_default()
        };
        match place {
            RawPlace::Pages(id, offset) => {
                let Some(reserved) = self.vidmm.book().pages(id) else { return Vec::new() };
                let (first, count) = (offset / PAGE_SIZE, Pages(pages(offset).len()));
                let runs = reserved.mdl.runs_from(first, count);
                runs.filter_map(crate::memory::FrameRun::frames).collect()
            }
            RawPlace::Segment(id, offset) => {
                let Some(table) = self.driver.gpu().aperture(Driver::region(id)) else {
                    return Vec::new();
                };
                let mut frames = Vec::new();
                for run in table.runs(pages(offset)) {
                    let Some(first) = run.value.frame().map(FrameNumber::get) else { continue };
                    let len = if run.value.is_fixed() { 1 } else { run.span.len() };
                    let span = Span::at(first, len).unwrap_or_default();
                    frames.push(span);
                    if run.value.is_fixed() && run.span.len() > 1 {
                        // All of its pages are this one.
                        frames.push(span);
                    }
                }
                frames
            }
        }
    }

    fn offset_in(&self, segment: SegmentId, address: u64) -> Option<u64> {
        address.checked_sub(self.vidmm.adapter().segment(segment)?.base.get())
    }

    /// One side of a transfer as a place.
    fn place_of(&self, raw: &RawTransfer, side: &RawLocation) -> Option<RawPlace> {
        Some(match *side {
            RawLocation::Segment { id, address } => {
                let address = address.checked_add(raw.transfer_offset.into())?;
                RawPlace::Segment(id, self.offset_in(id, address)?)
            }
            RawLocation::Pages(id) => RawPlace::Pages(id, u64::from(raw.mdl_offset) * PAGE_SIZE),
        })
    }

    /// The bytes at a place, as the device sees them.
    fn seen(&self, place: RawPlace, len: u64) -> Option<Vec<Piece<Content>>> {
        match place {
            RawPlace::Segment(segment, address) => {
                let place = Place { region: Driver::region(segment), address };
                self.driver.gpu().pieces(place, len, self.host).ok()
            }
            RawPlace::Pages(id, offset) => {
                let mdl = &self.vidmm.book().pages(id)?.mdl;
                self.host.mdl_pieces(mdl, offset, len).ok()
            }
        }
    }

    /// Books what an operation wrote, and names the first byte that it wrote wrongly.
    fn raw_wrote(&mut self, destination: RawPlace, pieces: Vec<Piece<Content>>, judged: Judged) {
        let len = bytes::pieces_len(&pieces).unwrap_or(0);
        let found = self.seen(destination, len).unwrap_or_default();
        let differs = match judged {
            Judged::Yes => bytes::first_difference(&pieces, &found),
            Judged::No => None,
        };
        if let Some(at) = differs {
            self.damage.extend(match destination {
                RawPlace::Segment(segment, offset) => self.wrong_byte(segment, offset + at),
                RawPlace::Pages(pages, offset) => {
                    Some(Damage::Pages { pages, offset: offset + at })
                }
            });
        }
        // Where the order is the device's, what it left is what is expected from now on.
        let pieces = if judged == Judged::Yes { pieces } else { found };
        match destination {
            RawPlace::Pages(id, offset) => {
                expect_pages(self.recorder.ledger, id, offset, pieces);
            }
            RawPlace::Segment(segment, offset) => {
                if let Some(span) = Span::at(offset, len) {
                    self.expect_in_segment(segment, span, &pieces);
                }
            }
        }
    }

    /// A wrong byte of a segment, named with its owner; that of an allocation is found and named
    /// with its content.
    fn wrong_byte(&self, segment: SegmentId, offset: u64) -> Option<Damage> {
        let byte = Span::at(offset, 1)?;
        let owner = self.vidmm.book().segment(segment)?.extents(byte).next();
        if let Some((_, ExtentOwner::Allocation(_))) = owner {
            return None;
        }
        let page = Span::at(offset / PAGE_SIZE, 1)?;
        let foreign = self.recorder.ledger.state().foreign().within(segment, page).next();
        match foreign.map(|run| run.target) {
            Some(ForeignTarget::Pages(pages, first)) => {
                Some(Damage::Pages { pages, offset: first * PAGE_SIZE + offset % PAGE_SIZE })
            }
            _ => Some(Damage::SegmentBytes { segment, offset }),
        }
    }

    /// Whatever lies in a range of a segment must hold these bytes from now on.
    fn expect_in_segment(&mut self, id: SegmentId, span: Span, pieces: &[Piece<Content>]) {
        let book = self.vidmm.book();
        let (Some(segment), Some(used)) = (self.vidmm.adapter().segment(id), book.segment(id))
        else {
            return;
        };
        let mut written: Vec<(AllocationId, Span, u64)> = Vec::new();
        for (extent, owner) in used.extents(span) {
            let ExtentOwner::Allocation(owner) = owner else { continue };
            let Some(allocation) = book.allocation(owner) else { continue };
            let whole = Span::whole(allocation.content_size().get());
            let begin = SegmentOffset(extent.start());
            for (part, at) in segment_parts(begin, allocation.rows_in(segment), whole) {
                let there = Span::at(at.get(), part.len()).unwrap_or_default();
                let Some(hit) = there.intersection(span).filter(|hit| !hit.is_empty()) else {
                    continue;
                };
                let inside = part.start() + (hit.start() - there.start());
                let content = Span::at(inside, hit.len()).unwrap_or_default();
                written.push((owner, content, hit.start() - span.start()));
            }
        }
        let first = span.start() / PAGE_SIZE;
        let pages = Span::new(first, span.end().div_ceil(PAGE_SIZE)).unwrap_or_default();
        let foreign: Vec<ForeignRun> =
            self.recorder.ledger.state().foreign().within(id, pages).collect();
        for (owner, content, at) in written {
            let part = bytes::slice_pieces(pieces, at, content.len());
            self.expect_written(owner, content, part);
            self.with(|vidmm, environment| vidmm.device_wrote(environment, owner));
            self.touched.push(owner);
        }
        for run in foreign {
            let ForeignTarget::Pages(list, page) = run.target else { continue };
            let start = run.pages.start() * PAGE_SIZE;
            let there = Span::at(start, run.pages.len() * PAGE_SIZE).unwrap_or_default();
            let Some(hit) = there.intersection(span) else { continue };
            let part = bytes::slice_pieces(pieces, hit.start() - span.start(), hit.len());
            let offset = page * PAGE_SIZE + (hit.start() - start);
            expect_pages(self.recorder.ledger, list, offset, part);
        }
    }
}

/// Pages of an aperture that point somewhere afterwards.
fn table(segment: SegmentId, first: u64, count: u64, target: ForeignTarget) -> Effect {
    match Span::at(first, count) {
        Some(pages) => Effect::Table(ForeignRun { segment, pages, target }),
        None => Effect::None,
    }
}
