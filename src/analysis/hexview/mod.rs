//! Bytes with everything known of them: address, owner, what they must be.
//!
//! Any source may be of any size: only the rows asked for are read.

use super::explain::{buffer_text, extent_text, frame_text};
use super::lens::{PageTable, PageTarget};
use crate::base::{AllocationId, FrameNumber, PAGE_SIZE, PhysicalAddress, SegmentId, Span, text};
use crate::gpu::{PageEntry, Place as GpuPlace};
use crate::kmd::Driver;
use crate::machine::Started;
use crate::memory::{FrameUse, Mdl, bytes};
use crate::rules::{CheckedSegment, SegmentKind};
use crate::session::Names;
use crate::vidmm::{Allocation, BufferKind, ExtentOwner};

/// Bytes of a row.
pub const ROW: u64 = 16;

/// Bytes that can be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteSource {
    /// A segment as the device sees it; an aperture through its table.
    Segment(SegmentId),
    /// System memory by physical address.
    System,
    /// An allocation wherever it is now.
    Allocation(AllocationId),
    /// A buffer of VidMm's table.
    Buffer(u32),
}

/// What stands behind a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backing {
    /// Bytes of its own.
    Own,
    /// The page that stands in for what is not mapped.
    Dummy,
    /// Nothing: reading it is a fault.
    Nowhere,
}

/// A row of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexRow {
    /// The first byte, from the start of the source.
    pub offset: u64,
    /// The bytes; the first `len` count.
    pub bytes: [u8; 16],
    /// Bytes in the row: fewer than 16 only at the end of the source.
    pub len: usize,
    /// What stands behind it.
    pub backing: Backing,
    /// The allocation that the row is of, and where in it the row begins.
    pub allocation: Option<(AllocationId, u64)>,
    /// What the bytes must be, where that is known and nothing is on the way.
    pub expected: Option<[u8; 16]>,
}

impl HexRow {
    /// Whether a byte is not what it must be.
    #[must_use]
    pub fn is_wrong(&self, index: usize) -> bool {
        let expected = self.expected.as_ref().and_then(|expected| expected.get(index));
        index < self.len && expected.is_some_and(|wanted| self.bytes.get(index) != Some(wanted))
    }
}

/// A range of a source with one owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedRange {
    /// The range, clipped to what was asked for.
    pub span: Span,
    /// Who it belongs to, in words.
    pub name: String,
    /// The allocation, where it is one.
    pub allocation: Option<AllocationId>,
    /// The buffer, where it is one.
    pub buffer: Option<u32>,
}

/// How many bytes a source has; `None` where it is not there now.
#[must_use]
pub fn size_of(started: &Started, source: ByteSource) -> Option<u64> {
    match source {
        ByteSource::Segment(id) => Some(started.vidmm().adapter().segment(id)?.size.get()),
        ByteSource::System => Some(started.host().size().get()),
        ByteSource::Allocation(id) => {
            let allocation = started.vidmm().book().allocation(id)?;
            (allocation.placement().is_some() || allocation.backing().is_some())
                .then(|| allocation.size().get())
        }
        ByteSource::Buffer(index) => Some(buffer_shape(started, index)?.size.into()),
    }
}

fn buffer_shape(started: &Started, index: u32) -> Option<&crate::vidmm::BufferShape> {
    let index = usize::try_from(index).ok()?;
    started.vidmm().queue().buffers().get(index).map(|buffer| &buffer.shape)
}

/// What a source is, in words.
#[must_use]
pub fn describe(started: &Started, names: &Names, source: ByteSource) -> String {
    match source {
        ByteSource::Segment(id) => {
            let Some(segment) = started.vidmm().adapter().segment(id) else {
                return "No such segment".to_owned();
            };
            let how = match segment.kind {
                SegmentKind::Memory => "as the GPU sees it",
                SegmentKind::Aperture => "through its page table, the dummy page where unmapped",
            };
            format!("{} {how}", text::size(segment.size.get()))
        }
        ByteSource::System => {
            format!("{} by physical address", text::size(started.host().size().get()))
        }
        ByteSource::Allocation(id) => {
            let Some(allocation) = started.vidmm().book().allocation(id) else {
                return format!("{} does not exist here", names.allocation(id));
            };
            let size = text::size(allocation.size().get());
            match (allocation.placement(), allocation.backing()) {
                (Some(place), _) => {
                    let offset = text::hex(place.span.start());
                    format!("{size} in {} at {offset}", names.segment(place.segment))
                }
                (None, Some(_)) => format!("{size} in its backing store"),
                (None, None) => format!("{size}, nowhere yet"),
            }
        }
        ByteSource::Buffer(index) => {
            let Some(shape) = buffer_shape(started, index) else {
                return "No such buffer".to_owned();
            };
            let size = text::size(shape.size.into());
            match shape.memory {
                Some((segment, start)) => {
                    let offset = text::hex(start.get());
                    format!("{size} in {} at {offset}", names.segment(segment))
                }
                None => format!("{size}, its pages in order"),
            }
        }
    }
}

/// Up to `count` rows from the row that holds `first` on.
#[must_use]
pub fn rows(started: &Started, source: ByteSource, first: u64, count: usize) -> Vec<HexRow> {
    let Some(size) = size_of(started, source) else { return Vec::new() };
    let start = first - first % ROW;
    let offsets = (0..count).map_while(|index| {
        let offset = u64::try_from(index).ok()?.checked_mul(ROW)?.checked_add(start)?;
        (offset < size).then_some(offset)
    });
    offsets.map(|offset| row(started, source, offset, size)).collect()
}

fn row(started: &Started, source: ByteSource, offset: u64, size: u64) -> HexRow {
    let len = usize::try_from((size - offset).min(ROW)).unwrap_or(0);
    let mut bytes = [0; 16];
    let backing = read(started, source, offset, &mut bytes[..len]);
    let allocation = match backing {
        Backing::Own => allocation_at(started, source, offset),
        Backing::Dummy | Backing::Nowhere => None,
    };
    let expected = allocation.and_then(|(id, at)| expected_row(started, id, at));
    HexRow { offset, bytes, len, backing, allocation, expected }
}

fn read(started: &Started, source: ByteSource, offset: u64, out: &mut [u8]) -> Backing {
    let own = |read: bool| if read { Backing::Own } else { Backing::Nowhere };
    match source {
        ByteSource::Segment(segment) => {
            if started.vidmm().adapter().segment(segment).is_some_and(CheckedSegment::is_agp) {
                return read_chipset(started, segment, offset, out);
            }
            let gpu = started.driver().gpu();
            let region = Driver::region(segment);
            let place = GpuPlace { region, address: offset };
            if gpu.read(place, out, started.host()).is_err() {
                return Backing::Nowhere;
            }
            let fixed = gpu.aperture(region).and_then(|table| table.at(offset / PAGE_SIZE));
            if fixed.is_some_and(|entry: PageEntry| entry.is_fixed()) {
                Backing::Dummy
            } else {
                Backing::Own
            }
        }
        ByteSource::System => own(started.host().read(PhysicalAddress(offset), out).is_ok()),
        ByteSource::Allocation(id) => {
            let Some(allocation) = started.vidmm().book().allocation(id) else {
                return Backing::Nowhere;
            };
            match true_place(started, allocation) {
                Some(TruePlace::Segment(segment, start)) => {
                    let Some(address) = start.checked_add(offset) else { return Backing::Nowhere };
                    read(started, ByteSource::Segment(segment), address, out)
                }
                Some(TruePlace::Pages(mdl)) => {
                    own(started.host().mdl_read(mdl, offset, out).is_ok())
                }
                None => Backing::Nowhere,
            }
        }
        ByteSource::Buffer(index) => {
            let Some(shape) = buffer_shape(started, index) else { return Backing::Nowhere };
            match shape.memory {
                Some((segment, start)) => {
                    let Some(at) = start.get().checked_add(offset) else {
                        return Backing::Nowhere;
                    };
                    read(started, ByteSource::Segment(segment), at, out)
                }
                None => own(started.host().mdl_read(&shape.mdl, offset, out).is_ok()),
            }
        }
    }
}

/// Reads a range inside one page of an AGP segment as a device does: through the chipset's table,
/// past the processor's cache.
fn read_chipset(started: &Started, segment: SegmentId, offset: u64, out: &mut [u8]) -> Backing {
    let target = PageTable::of(started, segment).and_then(|table| table.at(offset / PAGE_SIZE));
    let backing = match target {
        None | Some(PageTarget::Nowhere) => return Backing::Nowhere,
        Some(PageTarget::Dummy(_)) => Backing::Dummy,
        Some(PageTarget::Frame { .. }) => Backing::Own,
    };
    let (Some(frame), Ok(len)) = (target.and_then(PageTarget::frame), u64::try_from(out.len()))
    else {
        return Backing::Nowhere;
    };
    let Some(address) = frame.address().get().checked_add(offset % PAGE_SIZE) else {
        return Backing::Nowhere;
    };
    let Ok(pieces) = started.host().device_pieces(PhysicalAddress(address), len) else {
        return Backing::Nowhere;
    };
    let read = bytes::read_pieces(&pieces, out.len());
    for (to, from) in out.iter_mut().zip(read) {
        *to = from;
    }
    backing
}

/// Where the true bytes of an allocation are.
enum TruePlace<'a> {
    /// In a memory segment, from this byte on.
    Segment(SegmentId, u64),
    /// In system pages.
    Pages(&'a Mdl),
}

fn true_place<'a>(started: &Started, allocation: &'a Allocation) -> Option<TruePlace<'a>> {
    let place = allocation
        .placement()
        .filter(|place| started.segment_kind(place.segment) == Some(SegmentKind::Memory));
    match place {
        Some(place) => Some(TruePlace::Segment(place.segment, place.span.start())),
        None => allocation.backing().map(TruePlace::Pages),
    }
}

/// The allocation whose true bytes lie at an offset of a source, and where in it.
fn allocation_at(
    started: &Started,
    source: ByteSource,
    offset: u64,
) -> Option<(AllocationId, u64)> {
    let book = started.vidmm().book();
    match source {
        ByteSource::Allocation(id) => Some((id, offset)),
        ByteSource::Buffer(_) => None,
        ByteSource::Segment(segment) => {
            let window = Span::at(offset, 1)?;
            let (span, owner) = book.segment(segment)?.extents(window).next()?;
            let ExtentOwner::Allocation(id) = owner else { return None };
            Some((id, offset - span.start()))
        }
        ByteSource::System => {
            let frame = PhysicalAddress(offset).frame();
            let FrameUse::Backing(id) = started.host().use_of(frame)? else { return None };
            let allocation = book.allocation(id)?;
            let Some(TruePlace::Pages(mdl)) = true_place(started, allocation) else { return None };
            let page = page_in(mdl, frame)?;
            Some((id, page.checked_mul(PAGE_SIZE)?.checked_add(offset % PAGE_SIZE)?))
        }
    }
}

/// Which page of a list a frame is.
fn page_in(mdl: &Mdl, frame: FrameNumber) -> Option<u64> {
    let mut page = 0_u64;
    for run in mdl.runs() {
        if run.frames().is_some_and(|frames| frames.contains(frame.get())) {
            return page.checked_add(frame.get() - run.first.get());
        }
        page = page.checked_add(run.count.get())?;
    }
    None
}

/// What a row of an allocation must be, unless it was never written or is on the way.
fn expected_row(started: &Started, id: AllocationId, offset: u64) -> Option<[u8; 16]> {
    let allocation = started.vidmm().book().allocation(id)?;
    if started.is_in_flight(allocation) {
        return None;
    }
    let expected = started.expectations().expected(id).filter(|known| known.is_touched())?;
    let content = expected.content();
    let left = content.len().checked_sub(offset)?.min(ROW);
    let mut wanted = [0; 16];
    let len = usize::try_from(left).ok()?;
    bytes::read(content, offset, wanted.get_mut(..len)?).ok()?;
    Some(wanted)
}

/// Why an allocation's bytes are not judged, where they are not.
#[must_use]
pub fn not_judged(started: &Started, id: AllocationId) -> Option<&'static str> {
    let allocation = started.vidmm().book().allocation(id)?;
    let touched =
        started.expectations().expected(id).is_some_and(crate::machine::Expected::is_touched);
    if !touched {
        Some("never written: no byte is promised")
    } else if started.is_in_flight(allocation) {
        Some("on the way: not judged until the GPU is through with it")
    } else {
        None
    }
}

/// The first byte of a source that is not what it must be.
#[must_use]
pub fn first_difference(started: &Started, source: ByteSource) -> Option<u64> {
    let book = started.vidmm().book();
    let wrong = |id: AllocationId| -> Option<u64> {
        let allocation = book.allocation(id).filter(|known| !started.is_in_flight(known))?;
        started.content_state(allocation).1
    };
    match source {
        ByteSource::Allocation(id) => wrong(id),
        ByteSource::Buffer(_) => None,
        ByteSource::Segment(segment) => {
            let used = book.segment(segment)?;
            let whole = Span::whole(size_of(started, source)?);
            used.extents(whole).find_map(|(span, owner)| {
                let ExtentOwner::Allocation(id) = owner else { return None };
                span.start().checked_add(wrong(id)?)
            })
        }
        ByteSource::System => {
            let places = book.allocations().filter_map(|allocation| {
                let Some(TruePlace::Pages(mdl)) = true_place(started, allocation) else {
                    return None;
                };
                mdl.address(wrong(allocation.id())?).map(PhysicalAddress::get)
            });
            places.min()
        }
    }
}

/// The whole hole of a segment that holds a byte.
#[must_use]
pub fn hole_around(started: &Started, segment: SegmentId, offset: u64) -> Option<Span> {
    let space = started.vidmm().book().segment(segment)?.space();
    let end = space.holes(Span::new(offset, u64::MAX)?).next().filter(|hole| {
        // Another hole may follow a block that holds the byte.
        hole.start() == offset
    })?;
    // As long as the hole reaches the start of what is looked at, look further back.
    let mut back = PAGE_SIZE;
    loop {
        let from = offset.saturating_sub(back);
        let hole = space.holes(Span::new(from, end.end())?).find(|hole| hole.contains(offset))?;
        if hole.start() > from || from == 0 {
            return Some(hole);
        }
        back = back.saturating_mul(2);
    }
}

/// Ranges that are named at most in one answer.
const MOST_RANGES: usize = 4096;

/// Who owns what of `span` of a source, in order, holes included.
#[must_use]
pub fn owners(started: &Started, names: &Names, source: ByteSource, span: Span) -> Vec<OwnedRange> {
    let nobody = |span: Span, name: &str| OwnedRange {
        span,
        name: name.to_owned(),
        allocation: None,
        buffer: None,
    };
    match source {
        ByteSource::Allocation(id) => vec![OwnedRange {
            span,
            name: names.allocation(id).to_owned(),
            allocation: Some(id),
            buffer: None,
        }],
        ByteSource::Buffer(index) => vec![OwnedRange {
            span,
            name: buffer_name(started, index),
            allocation: None,
            buffer: Some(index),
        }],
        ByteSource::Segment(segment) => {
            let Some(used) = started.vidmm().book().segment(segment) else { return Vec::new() };
            let hole = match started.segment_kind(segment) {
                Some(SegmentKind::Aperture) => "not mapped: dummy page",
                _ => "free",
            };
            let mut ranges = Vec::new();
            let mut at = span.start();
            for (extent, owner) in used.extents(span).take(MOST_RANGES) {
                let Some(part) = extent.intersection(span) else { continue };
                if let Some(gap) = Span::new(at, part.start()).filter(|gap| !gap.is_empty()) {
                    ranges.push(nobody(gap, hole));
                }
                ranges.push(extent_range(names, part, owner));
                at = part.end();
            }
            if let Some(gap) = Span::new(at, span.end()).filter(|gap| !gap.is_empty()) {
                ranges.push(nobody(gap, hole));
            }
            ranges
        }
        ByteSource::System => {
            let first = span.start() / PAGE_SIZE;
            let frames = Span::new(first, span.end().div_ceil(PAGE_SIZE)).unwrap_or_default();
            let runs = started.host().uses(frames).take(MOST_RANGES);
            let ranges = runs.filter_map(|run| {
                let start = run.span.start().checked_mul(PAGE_SIZE)?;
                let end = run.span.end().checked_mul(PAGE_SIZE)?;
                let part = Span::new(start, end)?.intersection(span)?;
                Some(frame_range(names, part, run.value))
            });
            ranges.collect()
        }
    }
}

fn extent_range(names: &Names, span: Span, owner: ExtentOwner) -> OwnedRange {
    let (allocation, buffer) = match owner {
        ExtentOwner::Allocation(id) | ExtentOwner::Eviction(id) => (Some(id), None),
        ExtentOwner::PagingBuffer(index) | ExtentOwner::DmaBuffer(index) => (None, Some(index)),
        ExtentOwner::InvalidRange(_) | ExtentOwner::UefiFrameBuffer(_) => (None, None),
    };
    OwnedRange { span, name: extent_text(names, owner), allocation, buffer }
}

fn frame_range(names: &Names, span: Span, usage: FrameUse) -> OwnedRange {
    let (allocation, buffer) = match usage {
        FrameUse::Backing(id) => (Some(id), None),
        FrameUse::PagingBuffer(index)
        | FrameUse::DmaBuffer(index)
        | FrameUse::CommandBuffer(index) => (None, Some(index)),
        FrameUse::Free
        | FrameUse::PageList(_)
        | FrameUse::DummyPage
        | FrameUse::System
        | FrameUse::Reserved(_)
        | FrameUse::Segment(_) => (None, None),
    };
    OwnedRange { span, name: frame_text(names, usage), allocation, buffer }
}

/// What a buffer of VidMm's table is called: by its number in it, which never changes.
#[must_use]
pub fn buffer_name(started: &Started, index: u32) -> String {
    let kind = buffer_shape(started, index).map_or(BufferKind::Paging, |shape| shape.kind);
    buffer_text(kind, index)
}

/// Where a byte of a source is, for others: its address in its own space.
#[must_use]
pub fn address_text(started: &Started, source: ByteSource, offset: u64) -> String {
    let of_segment = |segment: SegmentId, offset: u64| {
        let base = started.vidmm().adapter().segment(segment)?.base.get();
        Some(format!("{segment}:{}", text::hex(base.checked_add(offset)?)))
    };
    let address = match source {
        ByteSource::Segment(segment) => of_segment(segment, offset),
        ByteSource::System => {
            let frame = PhysicalAddress(offset).frame().get();
            Some(format!("physical {}, frame 0x{frame:X}", text::hex(offset)))
        }
        ByteSource::Allocation(id) => {
            let allocation = started.vidmm().book().allocation(id);
            allocation.and_then(|allocation| match true_place(started, allocation)? {
                TruePlace::Segment(segment, start) => {
                    of_segment(segment, start.checked_add(offset)?)
                }
                TruePlace::Pages(mdl) => {
                    Some(format!("physical {}", text::hex(mdl.address(offset)?.get())))
                }
            })
        }
        ByteSource::Buffer(index) => {
            buffer_shape(started, index).and_then(|shape| match shape.memory {
                Some((segment, start)) => of_segment(segment, start.get().checked_add(offset)?),
                None => {
                    let address = shape.mdl.address(offset)?;
                    Some(format!("physical {}", text::hex(address.get())))
                }
            })
        }
    };
    address.unwrap_or_else(|| "nowhere".to_owned())
}

/// Why a text leads nowhere in a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is neither a number nor a size.
    #[error("`{0}` is no address: write 0x1000, A000 or 4 MiB")]
    Unreadable(String),
    /// It lies beyond the source.
    #[error("{} lies beyond the end at {}", text::hex(*.at), text::hex(*.size))]
    Beyond {
        /// Where it leads.
        at: u64,
        /// Bytes of the source.
        size: u64,
    },
}

/// The offset that a text means in a source: hexadecimal digits, a number or a size.
///
/// In a segment, an address at or above its base is understood as well.
///
/// # Errors
/// When it cannot be read, or lies beyond the source.
pub fn parse_address(
    started: &Started,
    source: ByteSource,
    written: &str,
) -> Result<u64, AddressError> {
    let trimmed = written.trim().trim_start_matches('+');
    let digits = trimmed.replace('_', "");
    let at = text::parse_size(trimmed).ok().or_else(|| {
        let hexadecimal = digits.chars().all(|digit| digit.is_ascii_hexdigit());
        hexadecimal.then(|| u64::from_str_radix(&digits, 16).ok()).flatten()
    });
    let at = at.ok_or_else(|| AddressError::Unreadable(written.trim().to_owned()))?;
    let size = size_of(started, source).unwrap_or(0);
    let base = match source {
        ByteSource::Segment(id) => started.vidmm().adapter().segment(id).map(|s| s.base.get()),
        _ => None,
    };
    if at < size {
        return Ok(at);
    }
    let from_base = base.filter(|base| *base > 0).and_then(|base| at.checked_sub(base));
    from_base.filter(|offset| *offset < size).ok_or(AddressError::Beyond { at, size })
}

#[cfg(test)]
mod tests;
