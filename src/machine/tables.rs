//! Comparing aperture tables with the book: the device's, and the chipset's.

use crate::base::{FrameNumber, PAGE_SIZE, Pages, RunMap, RunValue, SegmentId, Span};
use crate::gpu::PageEntry;
use crate::kmd::Driver;
use crate::memory::{GartEntry, Mdl};
use crate::rules::{CheckedSegment, SegmentKind};
use crate::vidmm::ExtentOwner;

use super::foreign::ForeignTarget;
use super::machine::Started;
use super::verify::Damage;

/// An entry of a page table: the device's, or the chipset's.
trait TableEntry: RunValue {
    /// The frame that the first page of a run points at.
    fn points_at(&self) -> Option<FrameNumber>;
    /// Whether every page of a run points at the same frame.
    fn is_shared(&self) -> bool;
}

impl TableEntry for PageEntry {
    fn points_at(&self) -> Option<FrameNumber> {
        self.frame()
    }
    fn is_shared(&self) -> bool {
        self.is_fixed()
    }
}

impl TableEntry for GartEntry {
    fn points_at(&self) -> Option<FrameNumber> {
        match *self {
            Self::Unmapped => None,
            Self::Frame { first } => Some(first),
            Self::Fixed { frame } => Some(frame),
        }
    }
    fn is_shared(&self) -> bool {
        matches!(self, Self::Fixed { .. })
    }
}

impl Started {
    /// Compares aperture tables with the book, both ways, run by run.
    pub(super) fn check_apertures(&self, damage: &mut Vec<Damage>) {
        for segment in self.vidmm.adapter().segments.iter() {
            if segment.kind != SegmentKind::Aperture {
                continue;
            }
            if segment.is_agp() {
                self.check_table(segment, self.host.gart(), damage);
            } else if let Some(table) = self.driver.gpu().aperture(Driver::region(segment.id)) {
                self.check_table(segment, table, damage);
            }
        }
    }

    fn check_table<E: TableEntry>(
        &self,
        segment: &CheckedSegment,
        table: &RunMap<E>,
        damage: &mut Vec<Damage>,
    ) {
        let pages = segment.size.get() / PAGE_SIZE;
        let mut expected_dummy_from = 0;
        let Some(used) = self.vidmm.book().segment(segment.id) else { return };
        for (span, owner) in used.extents(Span::whole(segment.size.get())) {
            let (first, end) = (span.start() / PAGE_SIZE, span.end() / PAGE_SIZE);
            let hole = Span::new(expected_dummy_from, first).unwrap_or_default();
            damage.extend(self.wrong_hole(segment.id, table, hole));
            damage.extend(self.wrong_mapping(segment.id, table, first, owner));
            // An extent may be longer than what is mapped in it.
            let mapped = first
                + self
                    .pages_of(owner)
                    .map_or(end - first, |mdl| mdl.pages().get().min(end - first));
            expected_dummy_from = mapped;
        }
        let rest = Span::new(expected_dummy_from, pages).unwrap_or_default();
        damage.extend(self.wrong_hole(segment.id, table, rest));
    }

    /// The first page of a hole that points neither to the dummy page nor where an operation put
    /// together by hand pointed it.
    fn wrong_hole<E: TableEntry>(
        &self,
        segment: SegmentId,
        table: &RunMap<E>,
        hole: Span,
    ) -> Option<Damage> {
        let mut from = hole.start();
        for run in self.ledger().foreign().within(segment, hole) {
            let before = Span::new(from, run.pages.start()).unwrap_or_default();
            let wrong = Self::wrong_dummy(segment, table, before, self.vidmm.dummy_page().frame());
            let wrong = wrong.or_else(|| match run.target {
                ForeignTarget::Frame(frame) => Self::wrong_dummy(segment, table, run.pages, frame),
                ForeignTarget::Pages(id, first) => {
                    let mdl = &self.vidmm.book().pages(id)?.mdl;
                    let list = mdl.slice(first, Pages(run.pages.len()));
                    Self::wrong_list(segment, table, run.pages.start(), &list)
                }
            });
            if wrong.is_some() {
                return wrong;
            }
            from = run.pages.end();
        }
        let rest = Span::new(from, hole.end()).unwrap_or_default();
        Self::wrong_dummy(segment, table, rest, self.vidmm.dummy_page().frame())
    }

    /// The first page of a range that does not point to one frame, as all of it must.
    fn wrong_dummy<E: TableEntry>(
        segment: SegmentId,
        table: &RunMap<E>,
        hole: Span,
        dummy: FrameNumber,
    ) -> Option<Damage> {
        // Pages of a run either share a frame or count up; one page alone may do as it likes.
        let wrong = table.runs(hole).find(|run| {
            let shared = run.value.is_shared() || run.span.len() == 1;
            run.value.points_at() != Some(dummy) || !shared
        })?;
        Some(Damage::ApertureTable { segment, page: wrong.span.start() })
    }

    /// The first page of an extent that does not point to the page that the book says.
    fn wrong_mapping<E: TableEntry>(
        &self,
        segment: SegmentId,
        table: &RunMap<E>,
        first: u64,
        owner: ExtentOwner,
    ) -> Option<Damage> {
        Self::wrong_list(segment, table, first, self.pages_of(owner)?)
    }

    /// The pages that are mapped in an extent.
    fn pages_of(&self, owner: ExtentOwner) -> Option<&Mdl> {
        let book = self.vidmm.book();
        match owner {
            ExtentOwner::Allocation(id) | ExtentOwner::Eviction(id) => {
                book.allocation(id)?.backing()
            }
            ExtentOwner::InvalidRange(_) | ExtentOwner::UefiFrameBuffer(_) => None,
            ExtentOwner::PagingBuffer(index) | ExtentOwner::DmaBuffer(index) => {
                Some(&self.vidmm.queue().buffers().get(index as usize)?.shape.mdl)
            }
        }
    }

    /// The first page from `first` on that does not point to the page of a list.
    fn wrong_list<E: TableEntry>(
        segment: SegmentId,
        table: &RunMap<E>,
        first: u64,
        mdl: &Mdl,
    ) -> Option<Damage> {
        let mut page = first;
        for run in mdl.runs() {
            let span = Span::at(page, run.count.get())?;
            let mut at = page;
            for entries in table.runs(span) {
                let frame = run.first.get() + (at - page);
                let points = entries.value.points_at().map(FrameNumber::get) == Some(frame);
                if !points || (entries.value.is_shared() && entries.span.len() > 1) {
                    return Some(Damage::ApertureTable { segment, page: at });
                }
                at = entries.span.end();
            }
            page = span.end();
        }
        None
    }
}
