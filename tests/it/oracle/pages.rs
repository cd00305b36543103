//! Reserved pages, and operations put together by hand.

use std::collections::BTreeSet;
use std::rc::Rc;

use vidmm_inspector::base::{PagesId, SegmentId};
use vidmm_inspector::ddi::NtStatus;
use vidmm_inspector::machine::{RawLocation, RawOperation, RawTransfer};
use vidmm_inspector::vidmm::RefusalReason;

use super::content::repeated;
use super::naive::{List, Naive, Refused, Segment, small};
use super::states::invalid;
use crate::random::PAGE;

/// What a byte of a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Byte {
    /// Of the content of an allocation.
    Of(u32, usize),
    /// Of reserved pages.
    Listed(u32, usize),
    /// Nobody's: free, padding, the dummy page, a buffer.
    Nobodys,
}

/// What is wrong with a raw operation is compared by status alone.
fn wrong() -> Refused {
    (NtStatus::INVALID_PARAMETER, RefusalReason::Driver)
}

impl Naive {
    pub(crate) fn reserve(&mut self, id: PagesId, count: u64) -> Result<(), Refused> {
        if self.lists.contains_key(&id.0) {
            return Err(invalid(RefusalReason::AlreadyExists));
        }
        if count == 0 {
            return Err(wrong());
        }
        let bytes = Rc::new(vec![Some(0); small(count * PAGE)]);
        self.lists.insert(id.0, List { bytes, wrapped: None });
        Ok(())
    }

    /// Pages that no allocation wraps.
    pub(crate) fn list(&mut self, id: PagesId) -> Result<&mut List, Refused> {
        match self.lists.get_mut(&id.0) {
            None => Err(invalid(RefusalReason::NoPages(id))),
            Some(list) if list.wrapped.is_some() => Err(invalid(RefusalReason::PagesInUse(id))),
            Some(list) => Ok(list),
        }
    }

    pub(crate) fn release(&mut self, id: PagesId) -> Result<(), Refused> {
        // An aperture still points there.
        if self.foreign.values().any(|(list, _)| *list == id.0) {
            return Err(invalid(RefusalReason::PagesInUse(id)));
        }
        self.list(id)?;
        self.lists.remove(&id.0);
        Ok(())
    }

    pub(crate) fn write_pages(
        &mut self,
        id: PagesId,
        offset: u64,
        length: Option<u64>,
        bytes: impl Fn(usize) -> Vec<Option<u8>>,
    ) -> Result<(), Refused> {
        let list = self.list(id)?;
        let size = list.bytes.len() as u64;
        let end = length.map_or(size, |length| offset + length);
        if offset > end || end > size {
            return Err(invalid(RefusalReason::RangeBeyondPages(id)));
        }
        let bytes = bytes(small(end - offset));
        let from = small(offset);
        Rc::make_mut(&mut list.bytes)[from..from + bytes.len()].copy_from_slice(&bytes);
        Ok(())
    }

    /// The segment, and where `len` bytes from an address on begin in it.
    fn inside(&self, id: SegmentId, address: u64, len: u64) -> Result<(usize, u64), Refused> {
        let segment = self.segments.get(id.index()).ok_or_else(wrong)?;
        let offset = address.checked_sub(segment.base).ok_or_else(wrong)?;
        if offset + len > segment.pages * PAGE {
            return Err(wrong());
        }
        Ok((id.index(), offset))
    }

    fn inside_memory(
        &self,
        id: SegmentId,
        address: u64,
        len: u64,
    ) -> Result<(usize, u64), Refused> {
        let (segment, offset) = self.inside(id, address, len)?;
        if self.segments[segment].aperture { Err(wrong()) } else { Ok((segment, offset)) }
    }

    pub(crate) fn raw(&mut self, raw: &RawOperation) -> Result<(), Refused> {
        match *raw {
            RawOperation::Transfer(ref transfer)
            | RawOperation::SpecialLockTransfer(ref transfer, ..) => self.transfer(transfer)?,
            RawOperation::Fill { fill_size, fill_pattern, segment, address, .. } => {
                if fill_size == 0 || !fill_size.is_multiple_of(4) {
                    return Err(wrong());
                }
                let place = self.inside_memory(segment, address, fill_size)?;
                self.write_segment(place, &repeated(small(fill_size), fill_pattern));
            }
            RawOperation::DiscardContent { segment, address, .. } => {
                self.inside_memory(segment, address, 1)?;
            }
            RawOperation::ReadPhysical { segment, address }
            | RawOperation::WritePhysical { segment, address } => {
                self.inside(segment, address, 4)?;
            }
            RawOperation::MapApertureSegment {
                segment,
                offset_in_pages,
                number_of_pages,
                pages,
                mdl_offset,
                ..
            } => {
                let size = self.list(pages)?.bytes.len() as u64;
                let first = u64::from(mdl_offset);
                if (first + number_of_pages) * PAGE > size {
                    return Err(wrong());
                }
                let at = self.unused(segment, offset_in_pages, number_of_pages)?;
                for page in 0..number_of_pages {
                    self.foreign.insert((at, offset_in_pages + page), (pages.0, first + page));
                }
            }
            RawOperation::UnmapApertureSegment {
                device,
                segment,
                offset_in_pages,
                number_of_pages,
                ..
            } => {
                if device.is_some_and(|device| device.index() >= self.devices.len()) {
                    return Err(wrong());
                }
                let at = self.unused(segment, offset_in_pages, number_of_pages)?;
                for page in 0..number_of_pages {
                    self.foreign.remove(&(at, offset_in_pages + page));
                }
            }
        }
        Ok(())
    }

    /// Pages of an aperture of the display driver that VidMm does not use.
    fn unused(&self, id: SegmentId, first: u64, count: u64) -> Result<usize, Refused> {
        let segment = self.segments.get(id.index()).ok_or_else(wrong)?;
        let end = first + count;
        if !segment.aperture || segment.agp || count == 0 || end > segment.pages {
            return Err(wrong());
        }
        let used = self.pages(id.index());
        let free = used[small(first)..small(end)].iter().all(Option::is_none);
        if free { Ok(id.index()) } else { Err(wrong()) }
    }

    fn transfer(&mut self, raw: &RawTransfer) -> Result<(), Refused> {
        let size = raw.transfer_size;
        if size == 0 || !size.is_multiple_of(PAGE) {
            // A list that is missing is found first, with the same status.
            return Err(wrong());
        }
        // TransferOffset counts for segments alone, MdlOffset for page lists alone.
        let from = small(u64::from(raw.mdl_offset) * PAGE);
        let end = from + small(size);
        let mut checked = |side: &RawLocation| match *side {
            RawLocation::Segment { id, address } => {
                let address = address + u64::from(raw.transfer_offset);
                self.inside(id, address, size).map(Some)
            }
            RawLocation::Pages(id) => {
                if end > self.list(id)?.bytes.len() {
                    Err(wrong())
                } else {
                    Ok(None)
                }
            }
        };
        let sides = (checked(&raw.source)?, checked(&raw.destination)?);
        match (sides, raw.source, raw.destination) {
            ((None, Some(place)), RawLocation::Pages(list), _) => {
                let bytes = self.list(list)?.bytes[from..end].to_vec();
                self.write_segment(place, &bytes);
            }
            ((Some(place), None), _, RawLocation::Pages(list)) => {
                let bytes: Vec<Option<u8>> = self.read_segment(place, small(size));
                Rc::make_mut(&mut self.list(list)?.bytes)[from..end].copy_from_slice(&bytes);
            }
            other => unreachable!("random transfers have one list: {other:?}"),
        }
        Ok(())
    }

    /// Whether a transfer through an aperture meets a frame twice, or a buffer that VidMm has mapped
    /// there: the GPU may be fetching from it.
    pub(crate) fn aliases(&self, raw: &RawTransfer) -> bool {
        // Rows of the allocation that is named move as a whole, which a raw transfer need not be.
        let named = raw.allocation.and_then(|id| self.allocations.get(&id.0));
        if named.is_some_and(|allocation| allocation.info.rows.is_some()) {
            return true;
        }
        let (mut frames, mut count) = (BTreeSet::new(), 0);
        for side in [&raw.source, &raw.destination] {
            match *side {
                RawLocation::Pages(list) => {
                    for page in 0..raw.transfer_size.div_ceil(PAGE) {
                        frames.insert((list.0, u64::from(raw.mdl_offset) + page));
                        count += 1;
                    }
                }
                RawLocation::Segment { id, address } => {
                    let address = address + u64::from(raw.transfer_offset);
                    let Ok(place) = self.inside(id, address, raw.transfer_size) else { continue };
                    if !self.segments[place.0].aperture || raw.transfer_size == 0 {
                        continue;
                    }
                    let owners = self.pages(place.0);
                    for page in place.1 / PAGE..(place.1 + raw.transfer_size).div_ceil(PAGE) {
                        if owners[small(page)] == Some(u32::MAX) {
                            return true;
                        }
                        frames.insert(self.frame(place.0, page, owners[small(page)]));
                        count += 1;
                    }
                }
            }
        }
        frames.len() < count
    }

    /// The frame behind an aperture page: of a list, of an allocation, or the dummy page.
    fn frame(&self, segment: usize, page: u64, owner: Option<u32>) -> (u32, u64) {
        match owner {
            Some(id) if id != u32::MAX => {
                let allocation = &self.allocations[&id];
                let page = page - allocation.place.map_or(0, |place| place.1);
                (allocation.existing.unwrap_or(1000 + id), page)
            }
            Some(other) => (other, page),
            None => self.foreign.get(&(segment, page)).copied().unwrap_or((u32::MAX - 1, 0)),
        }
    }

    /// What each byte of a range of a segment is.
    fn bytes_of(&self, (segment, offset): (usize, u64), len: usize) -> Vec<Byte> {
        let (checked, owners) = (&self.segments[segment], self.pages(segment));
        (offset..offset + len as u64)
            .map(|at| match owners[small(at / PAGE)] {
                Some(id) if id != u32::MAX => self.byte_of(checked, id, at),
                None => match self.foreign.get(&(segment, at / PAGE)) {
                    Some((list, page)) => Byte::Listed(*list, small(page * PAGE + at % PAGE)),
                    None => Byte::Nobodys,
                },
                Some(_) => Byte::Nobodys,
            })
            .collect()
    }

    fn byte_of(&self, segment: &Segment, id: u32, at: u64) -> Byte {
        let allocation = &self.allocations[&id];
        let at = at - allocation.place.map_or(0, |place| place.1) * PAGE;
        let content = match allocation.rows(segment) {
            None => Some(at),
            Some(rows) => {
                let (row, column) =
                    (at / u64::from(rows.aligned_pitch), at % u64::from(rows.aligned_pitch));
                let inside = row < rows.rows.into() && column < rows.pitch.into();
                inside.then(|| row * u64::from(rows.pitch) + column)
            }
        };
        match content.filter(|at| *at < allocation.content_size()) {
            Some(at) => Byte::Of(id, small(at)),
            None => Byte::Nobodys,
        }
    }

    fn read_segment(&self, place: (usize, u64), len: usize) -> Vec<Option<u8>> {
        let coherent = self.segments[place.0].coherent;
        let read = |byte: Byte| match byte {
            Byte::Of(id, at) => {
                let known = &self.contents[&id];
                // Memory has something older than the cache.
                let stale = known.cached[at] && !coherent;
                if stale { None } else { known.bytes[at] }
            }
            Byte::Listed(list, at) => match &self.lists[&list] {
                List { wrapped: None, bytes } => bytes[at],
                List { .. } => None,
            },
            Byte::Nobodys => None,
        };
        self.bytes_of(place, len).into_iter().map(read).collect()
    }

    /// The device writes a range of a segment, for whomever it concerns.
    fn write_segment(&mut self, place: (usize, u64), bytes: &[Option<u8>]) {
        let mut written = Vec::new();
        for (byte, new) in self.bytes_of(place, bytes.len()).into_iter().zip(bytes) {
            match byte {
                Byte::Of(id, at) => {
                    let known = self.known(id);
                    known.bytes[at] = *new;
                    known.cached[at] = false;
                    if written.last() != Some(&id) {
                        written.push(id);
                    }
                }
                Byte::Listed(list, at) => {
                    if let Some(list) = self.lists.get_mut(&list) {
                        Rc::make_mut(&mut list.bytes)[at] = *new;
                    }
                }
                Byte::Nobodys => {}
            }
        }
        for id in written {
            let allocation = self.get(id);
            (allocation.has_content, allocation.dirty) = (true, true);
            let known = self.known(id);
            known.touched = true;
            known.version += 1;
        }
    }
}
