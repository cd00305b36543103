//! Comparing what is with what must be: bytes, books, and aperture tables.

use crate::base::{AllocationId, FrameNumber, PAGE_SIZE, Piece, SegmentId, Span};
use crate::gpu::PageEntry;
use crate::kmd::Driver;
use crate::memory::{Content, ContentHash, HostMemory, bytes};
use crate::rules::SegmentKind;
use crate::vidmm::{Allocation, ExtentOwner, VidMm, Violation};

use super::command::ContentState;
use super::ledger::Ledger;
use super::machine::Started;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// An allocation holds a wrong byte; the first one is named.
    Content {
        /// The allocation.
        allocation: AllocationId,
        /// From its start.
        offset: u64,
    },
    /// An invariant of VidMm's book.
    Book(Violation),
    /// An aperture page points elsewhere than the book says (0x10E, 0x11).
    ApertureTable {
        /// The segment.
        segment: SegmentId,
        /// The page.
        page: u64,
    },
    /// The GPU read other bytes than it must.
    WrongRead(AllocationId),
    /// The CPU read other bytes than it must; the first one is named.
    WrongCpuRead {
        /// The allocation.
        allocation: AllocationId,
        /// From its start.
        offset: u64,
    },
}

/// The bytes of an allocation, wherever they are now; `None` where it has none.
#[must_use]
pub fn allocation_pieces(
    vidmm: &VidMm,
    driver: &Driver,
    host: &HostMemory,
    allocation: &Allocation,
) -> Option<Vec<Piece<Content>>> {
    if let Some(place) = allocation.placement() {
        let segment = vidmm.adapter().segment(place.segment)?;
        if segment.kind == SegmentKind::Memory {
            let memory = driver.gpu().memory(Driver::region(place.segment))?;
            return bytes::pieces(memory, place.span).ok();
        }
    }
    let mdl = allocation.backing()?;
    host.mdl_pieces(mdl, 0, allocation.size().get()).ok()
}

impl Started {
    /// The bytes of an allocation, wherever they are now; `None` where it has none.
    #[must_use]
    pub fn pieces(&self, allocation: &Allocation) -> Option<Vec<Piece<Content>>> {
        allocation_pieces(&self.vidmm, &self.driver, &self.host, allocation)
    }

    /// The hash of an allocation's bytes, wherever they are now.
    #[must_use]
    pub fn content_hash(&self, allocation: &Allocation) -> Option<ContentHash> {
        self.pieces(allocation).map(|pieces| bytes::pieces_hash(&pieces))
    }

    /// Whether an allocation holds what it must, and the first byte that it does not.
    #[must_use]
    pub fn content_state(&self, allocation: &Allocation) -> (ContentState, Option<u64>) {
        let Some(expected) = self.ledger().expected(allocation.id()) else {
            return (ContentState::NeverWritten, None);
        };
        if !expected.is_touched() {
            return (ContentState::NeverWritten, None);
        }
        let wanted = expected.content().pieces(Span::whole(expected.content().len()));
        let actual = self.pieces(allocation).unwrap_or_default();
        match bytes::first_difference(&wanted, &actual) {
            None => (ContentState::Intact, None),
            Some(offset) => (ContentState::Damaged, Some(offset)),
        }
    }

    /// Whether the device still has work queued that names the allocation.
    #[must_use]
    pub fn is_in_flight(&self, allocation: &Allocation) -> bool {
        allocation.fence() > self.driver.gpu().completed_fence()
    }

    /// The damage of one allocation. One in flight is not judged: its bytes are on the way.
    pub(crate) fn damage_of(&self, id: AllocationId, damage: &mut Vec<Damage>) {
        let Some(allocation) = self.vidmm.book().allocation(id) else { return };
        if self.is_in_flight(allocation) {
            return;
        }
        if let (ContentState::Damaged, Some(offset)) = self.content_state(allocation) {
            damage.push(Damage::Content { allocation: id, offset });
        }
    }

    /// Everything that is not as it must be.
    #[must_use]
    pub fn damage(&self) -> Vec<Damage> {
        let mut damage: Vec<Damage> =
            self.vidmm.violations().into_iter().map(Damage::Book).collect();
        for allocation in self.vidmm.book().allocations() {
            self.damage_of(allocation.id(), &mut damage);
        }
        let idle = self.vidmm.queue().last_fence() <= self.driver.gpu().completed_fence();
        if idle {
            self.check_apertures(&mut damage);
        }
        damage
    }

    /// Compares aperture tables with the book, both ways, run by run.
    fn check_apertures(&self, damage: &mut Vec<Damage>) {
        for segment in self.vidmm.adapter().segments.iter() {
            if segment.kind != SegmentKind::Aperture {
                continue;
            }
            let pages = segment.size.get() / PAGE_SIZE;
            let Some(table) = self.driver.gpu().aperture(Driver::region(segment.id)) else {
                continue;
            };
            let mut expected_dummy_from = 0;
            let Some(used) = self.vidmm.book().segment(segment.id) else { continue };
            for (span, owner) in used.extents(Span::whole(segment.size.get())) {
                let (first, end) = (span.start() / PAGE_SIZE, span.end() / PAGE_SIZE);
                let hole = Span::new(expected_dummy_from, first).unwrap_or_default();
                damage.extend(self.wrong_dummy(segment.id, table, hole));
                damage.extend(self.wrong_mapping(segment.id, table, first, owner));
                expected_dummy_from = end;
            }
            let rest = Span::new(expected_dummy_from, pages).unwrap_or_default();
            damage.extend(self.wrong_dummy(segment.id, table, rest));
        }
    }

    /// The first page of a hole that does not point to the dummy page.
    fn wrong_dummy(
        &self,
        segment: SegmentId,
        table: &crate::base::RunMap<PageEntry>,
        hole: Span,
    ) -> Option<Damage> {
        let dummy = self.vidmm.dummy_page().frame();
        // Pages of a run either share a frame or count up; one page alone may do as it likes.
        let wrong = table.runs(hole).find(|run| {
            let shared = run.value.is_fixed() || run.span.len() == 1;
            run.value.frame() != Some(dummy) || !shared
        })?;
        Some(Damage::ApertureTable { segment, page: wrong.span.start() })
    }

    /// The first page of an extent that does not point to the page that the book says.
    fn wrong_mapping(
        &self,
        segment: SegmentId,
        table: &crate::base::RunMap<PageEntry>,
        first: u64,
        owner: ExtentOwner,
    ) -> Option<Damage> {
        let book = self.vidmm.book();
        let mdl = match owner {
            ExtentOwner::Allocation(id) | ExtentOwner::Eviction(id) => {
                book.allocation(id)?.backing()?
            }
            ExtentOwner::InvalidRange(_) | ExtentOwner::UefiFrameBuffer(_) => return None,
            ExtentOwner::PagingBuffer(index) => {
                &self.vidmm.queue().buffers().get(index as usize)?.shape.mdl
            }
        };
        let mut page = first;
        for run in mdl.runs() {
            let span = Span::at(page, run.count.get())?;
            let mut at = page;
            for entries in table.runs(span) {
                let frame = run.first.get() + (at - page);
                let points = entries.value.frame().map(FrameNumber::get) == Some(frame);
                if !points || (entries.value.is_fixed() && entries.span.len() > 1) {
                    return Some(Damage::ApertureTable { segment, page: at });
                }
                at = entries.span.end();
            }
            page = span.end();
        }
        None
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        self.ledger.state()
    }
}
