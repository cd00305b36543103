//! An aperture page by page, and the frames of system memory behind it.

use super::coverage::{Column, Columns, Scale};
use crate::base::{FrameNumber, PAGE_SIZE, RunMap, SegmentId, Span};
use crate::ddi::PagingOperation;
use crate::gpu::PageEntry;
use crate::machine::{CommandTrace, Place, TracedKind};
use crate::memory::{FrameUse, HostMemory};
use crate::vidmm::{Asked, ExtentOwner, SegmentUse};

/// Where a page of an aperture points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageTarget {
    /// At a frame of its own.
    Frame {
        /// The frame.
        frame: FrameNumber,
        /// It stays coherent with the cache of the processor.
        coherent: bool,
    },
    /// At the page that stands in for what is not mapped.
    Dummy(FrameNumber),
    /// Nowhere: reading or writing it is a fault.
    Nowhere,
}

impl PageTarget {
    /// The frame that an access reaches.
    #[must_use]
    pub const fn frame(self) -> Option<FrameNumber> {
        match self {
            Self::Frame { frame, .. } | Self::Dummy(frame) => Some(frame),
            Self::Nowhere => None,
        }
    }

    fn of(entry: PageEntry) -> Self {
        match entry {
            PageEntry::Unset => Self::Nowhere,
            PageEntry::Fixed { frame } => Self::Dummy(frame),
            PageEntry::Frame { first, coherent } => Self::Frame { frame: first, coherent },
        }
    }
}

/// A page of an aperture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LensPage {
    /// Its number, from the start of the aperture.
    pub page: u64,
    /// Where it points.
    pub target: PageTarget,
    /// Who has the range in VidMm's book, and with which of its own pages.
    pub owner: Option<(ExtentOwner, u64)>,
}

/// The pages from `first` on, `count` of them or as many as there are.
///
/// `entries` is the hardware's table, `segment` VidMm's book: inside a command they differ.
#[must_use]
pub fn pages(
    entries: &RunMap<PageEntry>,
    segment: &SegmentUse,
    first: u64,
    count: u64,
) -> Vec<LensPage> {
    let end = first.saturating_add(count).min(entries.len());
    (first..end)
        .filter_map(|page| {
            let target = PageTarget::of(entries.at(page)?);
            let owner = segment.space().block_at(page.checked_mul(PAGE_SIZE)?);
            let owner = owner.map(|(span, token)| {
                (ExtentOwner::from_token(token), page - span.start() / PAGE_SIZE)
            });
            Some(LensPage { page, target, owner })
        })
        .collect()
}

/// The first page of a window of `count` with `page` in its middle, inside `total` pages.
#[must_use]
pub fn window_around(page: u64, count: u64, total: u64) -> u64 {
    page.saturating_sub(count / 2).min(total.saturating_sub(count))
}

/// A page of `segment` that the step at `place` is about: the first that its operation maps or
/// unmaps.
#[must_use]
pub fn page_of_step(trace: &CommandTrace, place: Place, segment: SegmentId) -> Option<u64> {
    let reached = place.inner.map_or(u32::MAX, |inner| inner.operation);
    let reached = usize::try_from(reached).unwrap_or(usize::MAX).min(trace.operations.len());
    trace.operations[..reached].iter().rev().find_map(|operation| {
        let TracedKind::Asked(record) = &operation.kind else { return None };
        match &record.asked {
            Asked::Paging(PagingOperation::MapApertureSegment(map)) if map.segment == segment => {
                Some(map.offset_in_pages.get())
            }
            Asked::Paging(PagingOperation::UnmapApertureSegment(unmap))
                if unmap.segment == segment =>
            {
                Some(unmap.offset_in_pages.get())
            }
            _ => None,
        }
    })
}

/// The page of `entries` inside `pages` that points at `frame` as its own, if one does.
#[must_use]
pub fn page_of_frame(pages: &[LensPage], frame: FrameNumber) -> Option<&LensPage> {
    pages.iter().find(
        |page| matches!(page.target, PageTarget::Frame { frame: known, .. } if known == frame),
    )
}

/// The first page of an aperture that points at `frame` as its own.
///
/// Takes time in proportion to the runs of the table.
#[must_use]
pub fn page_mapping(entries: &RunMap<PageEntry>, frame: FrameNumber) -> Option<u64> {
    entries.runs(Span::whole(entries.len())).find_map(|run| {
        let PageEntry::Frame { first, .. } = run.value else { return None };
        let offset = frame.get().checked_sub(first.get())?;
        (offset < run.span.len()).then(|| run.span.start() + offset)
    })
}

/// What a frame is used for, coarse enough to be a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameClass {
    /// Backing store of allocations.
    Backing,
    /// Buffers and page lists of VidMm, and the dummy page.
    VidMm,
    /// The rest of the system.
    System,
}

impl FrameClass {
    /// The class of a use; `None` when the frame is free.
    #[must_use]
    pub const fn of(usage: FrameUse) -> Option<Self> {
        match usage {
            FrameUse::Free => None,
            FrameUse::Backing(_) => Some(Self::Backing),
            FrameUse::PagingBuffer(_)
            | FrameUse::DmaBuffer(_)
            | FrameUse::PageList(_)
            | FrameUse::DummyPage => Some(Self::VidMm),
            FrameUse::System | FrameUse::Reserved(_) | FrameUse::Segment(_) => Some(Self::System),
        }
    }
}

/// How densely system memory is used, column by column from the left.
///
/// Takes time in proportion to the runs of equal use.
#[must_use]
pub fn frame_columns(host: &HostMemory, columns: u32) -> Vec<Column<FrameClass>> {
    let whole = Span::whole(host.total_frames().get());
    let Some(scale) = Scale::new(whole, columns) else { return Vec::new() };
    let mut found = Columns::starting_at(0);
    for run in host.uses(whole) {
        if let Some(class) = FrameClass::of(run.value) {
            let (from, to) = (run.span.start(), run.span.end());
            found.cover(scale.column_of(from), scale.column_of(to), class);
        }
    }
    found.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Bytes, Pages, Piece};
    use crate::memory::Layout;

    #[test]
    fn a_window_stays_inside_the_aperture() {
        assert_eq!(window_around(100, 60, 2048), 70);
        assert_eq!(window_around(3, 60, 2048), 0);
        assert_eq!(window_around(2047, 60, 2048), 1988);
        assert_eq!(window_around(5, 60, 20), 0);
        assert_eq!(window_around(u64::MAX, 60, u64::MAX), u64::MAX - 60);
    }

    #[test]
    fn pages_tell_their_frame_through_runs() {
        let mut entries = RunMap::new(8, PageEntry::Fixed { frame: FrameNumber(9) });
        let run = PageEntry::Frame { first: FrameNumber(100), coherent: true };
        entries.replace(3, &[Piece { len: 2, value: run }]);
        entries.replace(7, &[Piece { len: 1, value: PageEntry::Unset }]);
        assert_eq!(page_mapping(&entries, FrameNumber(101)), Some(4));
        assert_eq!(page_mapping(&entries, FrameNumber(102)), None);
        assert_eq!(page_mapping(&entries, FrameNumber(9)), None, "the dummy page is nobody's");
        let target = |page: u64| entries.at(page).map(PageTarget::of);
        assert_eq!(target(0), Some(PageTarget::Dummy(FrameNumber(9))));
        let frame = FrameNumber(101);
        assert_eq!(target(4), Some(PageTarget::Frame { frame, coherent: true }));
        assert_eq!(target(7), Some(PageTarget::Nowhere));
        assert_eq!(target(8), None);
    }

    #[test]
    fn used_frames_fill_their_columns() {
        // 256 frames over 8 columns: 32 frames each.
        let mut host = HostMemory::new(Bytes::mib(1), 1);
        let taken = host.allocate(Pages(48), FrameUse::PagingBuffer(0), Layout::Contiguous);
        let mdl = taken.expect("memory is empty");
        let first = mdl.page(0).expect("48 pages");
        let columns = frame_columns(&host, 8);
        let start = usize::try_from(first.get() / 32).expect("small");
        let vidmm = |index: usize| {
            let parts = columns.get(index).map_or(&[][..], |column| &column.parts);
            parts.iter().find(|part| part.class == FrameClass::VidMm).map_or(0.0, |part| part.share)
        };
        let sum: f32 = (0..8).map(vidmm).sum();
        assert!((sum - 1.5).abs() < 1e-4, "48 frames are one column and a half, not {sum}");
        assert!(vidmm(start) > 0.0);
    }
}
