//! Comparing what is with what must be: bytes, books, and aperture tables.

use crate::base::{AllocationId, PagesId, Piece, SegmentId, SegmentOffset, Span};
use crate::kmd::Driver;
use crate::memory::{Content, ContentHash, HostMemory, bytes};
use crate::rules::SegmentKind;
use crate::vidmm::{Allocation, Power, VidMm, Violation, segment_parts};

use super::command::{ContentState, ExpectedDamage};
use super::ledger::Ledger;
use super::machine::Started;

/// Bytes of an allocation that are hashed at most, of those that no closed form covers: a session of a few
/// lines can write terabytes.
pub const MOST_HASHED: u64 = 1 << 28;

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
    /// Reserved pages hold a wrong byte; the first one is named.
    Pages {
        /// The pages.
        pages: PagesId,
        /// From their start.
        offset: u64,
    },
    /// An operation put together by hand left a wrong byte in a segment; the first one is named.
    SegmentBytes {
        /// The segment.
        segment: SegmentId,
        /// From its start.
        offset: u64,
    },
    /// The GPU read other bytes than it must; the first one is named.
    WrongRead {
        /// The allocation.
        allocation: AllocationId,
        /// From its start.
        offset: u64,
    },
    /// The CPU read other bytes than it must; the first one is named.
    WrongCpuRead {
        /// The allocation.
        allocation: AllocationId,
        /// From its start.
        offset: u64,
    },
}

impl Damage {
    /// The expectation that names exactly this; `None` for a broken book, which nobody expects.
    #[must_use]
    pub const fn as_expected(&self) -> Option<ExpectedDamage> {
        Some(match *self {
            Self::Content { allocation, offset } => ExpectedDamage::Content { allocation, offset },
            Self::ApertureTable { segment, page } => ExpectedDamage::Aperture { segment, page },
            Self::Pages { pages, offset } => ExpectedDamage::Pages { pages, offset },
            Self::SegmentBytes { segment, offset } => ExpectedDamage::Segment { segment, offset },
            Self::WrongRead { allocation, offset } => {
                ExpectedDamage::WrongRead { allocation, offset }
            }
            Self::WrongCpuRead { allocation, offset } => {
                ExpectedDamage::WrongCpuRead { allocation, offset }
            }
            Self::Book(_) => return None,
        })
    }

    /// Whether it stays until something mends it, rather than having happened once.
    #[must_use]
    pub const fn is_lasting(&self) -> bool {
        !matches!(
            self,
            Self::WrongRead { .. } | Self::WrongCpuRead { .. } | Self::SegmentBytes { .. }
        )
    }
}

/// The bytes of an allocation's content, wherever they are now; `None` where it has none.
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
            let whole = Span::whole(allocation.content_size().get());
            let begin = SegmentOffset(place.span.start());
            let mut pieces = Vec::new();
            for (part, offset) in segment_parts(begin, allocation.rows_in(segment), whole) {
                let span = Span::at(offset.get(), part.len())?;
                pieces.extend(bytes::pieces(memory, span).ok()?);
            }
            return Some(bytes::joined_pieces(pieces));
        }
    }
    let mdl = allocation.backing()?;
    host.mdl_pieces(mdl, 0, allocation.content_size().get()).ok()
}

impl Started {
    /// The bytes of an allocation, wherever they are now; `None` where it has none.
    #[must_use]
    pub fn pieces(&self, allocation: &Allocation) -> Option<Vec<Piece<Content>>> {
        allocation_pieces(&self.vidmm, &self.driver, &self.host, allocation)
    }

    /// The hash of an allocation's bytes, wherever they are now; `None` where it has none, or more than
    /// [`MOST_HASHED`] of them.
    #[must_use]
    pub fn content_hash(&self, allocation: &Allocation) -> Option<ContentHash> {
        let pieces = self.pieces(allocation)?;
        let generated = pieces.iter().filter(|piece| !piece.value.has_closed_hash());
        let generated = generated.map(|piece| piece.len).fold(0, u64::saturating_add);
        (generated <= MOST_HASHED).then(|| bytes::pieces_hash(&pieces))
    }

    /// Whether an allocation holds what it must, and the first byte that it does not.
    #[must_use]
    pub fn content_state(&self, allocation: &Allocation) -> (ContentState, Option<u64>) {
        let Some(expected) = self.ledger().expected(allocation.id()) else {
            return (ContentState::NeverWritten, None);
        };
        if expected.is_discarded() {
            return (ContentState::Discarded, None);
        }
        if expected.is_lost() {
            return (ContentState::Lost, None);
        }
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
        if self.is_in_flight(allocation) || self.ledger().stopped().is_some() {
            return;
        }
        if let (ContentState::Damaged, Some(offset)) = self.content_state(allocation) {
            damage.push(Damage::Content { allocation: id, offset });
        }
    }

    /// Everything that is not as it must be.
    #[must_use]
    pub fn damage(&self) -> Vec<Damage> {
        // Where the machine stopped, the book is ahead of memory.
        if self.ledger().stopped().is_some() {
            return Vec::new();
        }
        let mut damage: Vec<Damage> =
            self.vidmm.violations().into_iter().map(Damage::Book).collect();
        for allocation in self.vidmm.book().allocations() {
            self.damage_of(allocation.id(), &mut damage);
        }
        let idle = self.vidmm.queue().last_fence() <= self.driver.gpu().completed_fence();
        if idle {
            // Without power an aperture has no table.
            if self.vidmm.power() == Power::Working {
                self.check_apertures(&mut damage);
            }
            self.check_pages(&mut damage);
        }
        damage
    }

    /// Compares reserved pages with what they must hold; wrapped ones are their allocation's.
    fn check_pages(&self, damage: &mut Vec<Damage>) {
        for (pages, reserved) in self.vidmm.book().all_pages() {
            let Some(wanted) = self.ledger().pages(pages) else { continue };
            if reserved.wrapped_by.is_some() {
                continue;
            }
            let found = self.host.mdl_pieces(&reserved.mdl, 0, wanted.len()).unwrap_or_default();
            let wanted = wanted.pieces(Span::whole(wanted.len()));
            if let Some(offset) = bytes::first_difference(&wanted, &found) {
                damage.push(Damage::Pages { pages, offset });
            }
        }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        self.ledger.state()
    }
}
