//! What must hold of VidMm's book after every command, named after its stop codes where one fits.

use crate::base::{AllocationId, Bytes, SegmentId, Span};
use crate::placement::SpaceError;
use crate::rules::SegmentKind;

use super::VidMm;
use super::allocation::Allocation;
use super::book::ExtentOwner;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Extents overlap, leave the segment, or do not cover it together with the holes.
    Extents(SegmentId, SpaceError),
    /// Used and free bytes do not add up to the size.
    UsedPlusFree(SegmentId),
    /// An extent has no allocation that is resident there (0x10E, 0xC).
    OrphanExtent(SegmentId, Span, ExtentOwner),
    /// An allocation is resident where no extent is (0x10E, 0xD).
    MissingExtent(AllocationId),
    /// The commit of a segment is not the sum of its extents, or above its limit.
    Commit(SegmentId, Bytes),
    /// The commit of all apertures is not the sum of theirs, or above its limit.
    ApertureCommit(Bytes),
    /// System memory promised is not the sum of the sizes.
    SystemCommit(Bytes),
    /// An allocation is named by a fence that was never handed out (0x10E, 0x1F).
    FutureFence(AllocationId),
    /// A rank is missing, or belongs to nobody.
    Ranks(SegmentId),
    /// An allocation without content lies in a memory segment, or one outside has no pages.
    Backing(AllocationId),
}

impl VidMm {
    /// Sweeps the whole book.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        self.check_extents(&mut violations);
        self.check_allocations(&mut violations);
        self.check_totals(&mut violations);
        violations
    }

    fn check_extents(&self, violations: &mut Vec<Violation>) {
        let book = self.book();
        for segment in self.adapter.segments.iter() {
            let used = &book.segments[segment.id.index()];
            if let Err(error) = used.space.check() {
                violations.push(Violation::Extents(segment.id, error));
            }
            if used.space.used().checked_add(used.space.free()) != Some(segment.size.get()) {
                violations.push(Violation::UsedPlusFree(segment.id));
            }
            let mut committed = 0;
            let mut residents = 0;
            for (span, owner) in used.extents(Span::whole(segment.size.get())) {
                let known = match owner {
                    ExtentOwner::DmaBuffer(index) => {
                        let buffer = self.queue().buffers().get(index as usize);
                        buffer.and_then(|buffer| buffer.mapped).is_some_and(|mapped| {
                            mapped.place.segment == segment.id && mapped.place.span == span
                        })
                    }
                    ExtentOwner::PagingBuffer(_)
                    | ExtentOwner::InvalidRange(_)
                    | ExtentOwner::UefiFrameBuffer(_) => true,
                    ExtentOwner::Eviction(_) => false,
                    ExtentOwner::Allocation(id) => book
                        .allocation(id)
                        .and_then(Allocation::placement)
                        .is_some_and(|place| place.segment == segment.id && place.span == span),
                };
                if !known {
                    violations.push(Violation::OrphanExtent(segment.id, span, owner));
                }
                if let ExtentOwner::Allocation(id) = owner {
                    committed += span.len();
                    let pinned = book.allocation(id).is_some_and(Allocation::is_pinned);
                    residents += usize::from(!pinned);
                }
            }
            if used.committed != Bytes(committed) || used.committed > segment.commit_limit {
                violations.push(Violation::Commit(segment.id, used.committed));
            }
            if used.ranks.len() != residents {
                violations.push(Violation::Ranks(segment.id));
            }
        }
    }

    fn check_allocations(&self, violations: &mut Vec<Violation>) {
        for allocation in self.book().allocations() {
            let id = allocation.id();
            if allocation.fence() > self.queue().last_fence() {
                violations.push(Violation::FutureFence(id));
            }
            let Some(place) = allocation.placement() else { continue };
            let used = &self.book().segments[place.segment.index()];
            let here = used.space.block_at(place.span.start());
            if here != Some((place.span, ExtentOwner::Allocation(id).token())) {
                violations.push(Violation::MissingExtent(id));
            }
            if !allocation.is_pinned() && !used.ranks.contains(&allocation.rank_key()) {
                violations.push(Violation::Ranks(place.segment));
            }
            let memory = self.adapter.segments[place.segment.index()].kind == SegmentKind::Memory;
            let sound =
                if memory { allocation.has_content() } else { allocation.backing().is_some() };
            if !sound {
                violations.push(Violation::Backing(id));
            }
        }
    }

    fn check_totals(&self, violations: &mut Vec<Violation>) {
        let book = self.book();
        let allocations: u64 = book.allocations().map(|a| a.commit().get()).sum();
        // Buffers of devices are promised their memory also while a sleep has taken it.
        let owned = self.queue().buffers().iter().filter(|buffer| buffer.shape.device.is_some());
        let owned = owned.map(|buffer| Bytes(buffer.shape.size.into()).to_pages().bytes().get());
        let promised = Bytes(allocations + owned.sum::<u64>());
        if promised != book.commit() || promised > self.commit_limit {
            violations.push(Violation::SystemCommit(book.commit()));
        }
        let apertures = self.adapter.segments.iter().filter(|s| s.kind == SegmentKind::Aperture);
        let mapped: u64 = apertures.map(|s| book.segments[s.id.index()].committed.get()).sum();
        let limit = self.adapter.aperture_commit_limit.unwrap_or(Bytes(u64::MAX));
        if book.aperture_commit() != Bytes(mapped) || book.aperture_commit() > limit {
            violations.push(Violation::ApertureCommit(book.aperture_commit()));
        }
    }
}
