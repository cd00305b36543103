//! An aperture page by page, and the frames of system memory behind it.

use super::coverage::{Column, Columns, Scale};
use crate::base::{FrameNumber, PAGE_SIZE, Pages, RunMap, SegmentId, Span};
use crate::ddi::PagingOperation;
use crate::gpu::PageEntry;
use crate::kmd::Driver;
use crate::machine::{CommandTrace, Damage, ForeignTarget, Place, Run, Started, TracedKind};
use crate::memory::{FrameRun, FrameUse, GartEntry, HostMemory, Mdl};
use crate::vidmm::{Asked, ExtentOwner, PlatformOperation};

/// The table that says where the pages of an aperture point.
#[derive(Clone, Copy)]
pub enum PageTable<'a> {
    /// The device's own.
    Device(&'a RunMap<PageEntry>),
    /// The chipset's: an AGP aperture belongs to the platform.
    Chipset(&'a RunMap<GartEntry>),
}

impl<'a> PageTable<'a> {
    /// The table of a segment; `None` where it has none.
    #[must_use]
    pub fn of(started: &'a Started, segment: SegmentId) -> Option<Self> {
        if started.vidmm().adapter().segment(segment)?.is_agp() {
            return Some(Self::Chipset(started.host().gart()));
        }
        started.driver().gpu().aperture(Driver::region(segment)).map(Self::Device)
    }

    /// How many pages it has.
    #[must_use]
    pub const fn len(self) -> u64 {
        match self {
            Self::Device(table) => table.len(),
            Self::Chipset(table) => table.len(),
        }
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Where a page points.
    #[must_use]
    pub fn at(self, page: u64) -> Option<PageTarget> {
        match self {
            Self::Device(table) => table.at(page).map(PageTarget::of),
            Self::Chipset(table) => table.at(page).map(PageTarget::of_chipset),
        }
    }

    /// The runs inside `pages`, in order, each with where its first page points; the pages after
    /// it point at the frames that follow, or all at the same.
    pub fn runs(self, pages: Span) -> Box<dyn Iterator<Item = (Span, PageTarget)> + 'a> {
        match self {
            Self::Device(table) => {
                Box::new(table.runs(pages).map(|run| (run.span, PageTarget::of(run.value))))
            }
            Self::Chipset(table) => {
                Box::new(table.runs(pages).map(|run| (run.span, PageTarget::of_chipset(run.value))))
            }
        }
    }
}

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

    /// The chipset's table knows nothing of caches: what goes through it does not ask them.
    const fn of_chipset(entry: GartEntry) -> Self {
        match entry {
            GartEntry::Unmapped => Self::Nowhere,
            GartEntry::Fixed { frame } => Self::Dummy(frame),
            GartEntry::Frame { first } => Self::Frame { frame: first, coherent: false },
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
    /// An operation put together by hand pointed it there, past VidMm's book.
    pub foreign: Option<ForeignTarget>,
    /// Bytes that the CPU's cache holds and the frame does not: the GPU sees what was there
    /// before. Only where the page is not coherent.
    pub stale: u64,
    /// The command at which the run stands found it pointing elsewhere than it must.
    pub wrong: bool,
}

/// The pages of an aperture from `first` on, `count` of them or as many as there are. Empty where
/// the segment has no table.
///
/// What a page points at is the hardware's, whose it is is VidMm's book: inside a command they
/// differ.
#[must_use]
pub fn pages(
    run: &Run,
    place: Place,
    started: &Started,
    id: SegmentId,
    (first, count): (u64, u64),
) -> Vec<LensPage> {
    let used = started.vidmm().book().segment(id);
    let (Some(table), Some(used)) = (PageTable::of(started, id), used) else { return Vec::new() };
    let end = first.saturating_add(count).min(table.len());
    let foreign = started.expectations().foreign();
    let wrong = wrong_pages(run, place, id);
    (first..end)
        .filter_map(|page| {
            let target = table.at(page)?;
            let owner = used.space().block_at(page.checked_mul(PAGE_SIZE)?);
            let owner = owner.map(|(span, token)| {
                (ExtentOwner::from_token(token), page - span.start() / PAGE_SIZE)
            });
            let foreign = foreign.within(id, Span::at(page, 1)?).next().map(|run| run.target);
            let stale = stale_bytes(started.host(), target);
            let wrong = wrong.contains(&page);
            Some(LensPage { page, target, owner, foreign, stale, wrong })
        })
        .collect()
}

/// Bytes behind a page that the CPU's cache holds and memory does not.
fn stale_bytes(host: &HostMemory, target: PageTarget) -> u64 {
    let PageTarget::Frame { frame, coherent: false } = target else { return 0 };
    let one = Mdl::new([FrameRun { first: frame, count: Pages(1) }]);
    one.map_or(0, |mdl| host.unflushed(&mdl).get())
}

/// The pages of an aperture that the command at a place found to be wrong.
fn wrong_pages(run: &Run, place: Place, id: SegmentId) -> Vec<u64> {
    // Damage is found at the end of a command.
    let record = run.record(place.command).filter(|_| place.inner.is_none());
    let damage = record.map_or(&[][..], |record| &record.damage[..]);
    let pages = damage.iter().filter_map(|damage| match damage {
        Damage::ApertureTable { segment, page } if *segment == id => Some(*page),
        _ => None,
    });
    pages.collect()
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
            Asked::Platform(
                PlatformOperation::MapGart { segment: known, first_page, .. }
                | PlatformOperation::UnmapGart { segment: known, first_page, .. },
            ) if *known == segment => Some(first_page.get()),
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
pub fn page_mapping(table: PageTable<'_>, frame: FrameNumber) -> Option<u64> {
    table.runs(Span::whole(table.len())).find_map(|(span, target)| {
        let PageTarget::Frame { frame: first, .. } = target else { return None };
        let offset = frame.get().checked_sub(first.get())?;
        (offset < span.len()).then(|| span.start() + offset)
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
            | FrameUse::CommandBuffer(_)
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
    use crate::base::{Bytes, Piece};
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
        let table = PageTable::Device(&entries);
        assert_eq!(page_mapping(table, FrameNumber(101)), Some(4));
        assert_eq!(page_mapping(table, FrameNumber(102)), None);
        assert_eq!(page_mapping(table, FrameNumber(9)), None, "the dummy page is nobody's");
        let target = |page: u64| table.at(page);
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
