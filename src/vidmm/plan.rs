//! From a decision to operations, and to the book as it will be.
//!
//! A command's whole set is planned before its first operation. Planning changes the book (and
//! takes frames) as it goes, so that each decision sees the ones before it; a plan that fails is
//! taken back by going to where the command began. Every operation notes how far the book had
//! come when it was decided.

use crate::base::{AllocationId, Bytes, SegmentAddress, SegmentId, SegmentOffset, Span};
use crate::config::{FitPolicy, OfferPolicy, Policies};
use crate::ddi::{InterfaceVersion, Location, NtStatus, PageList, SegmentSet};
use crate::memory::{FrameUse, Layout, Mdl, OutOfFrames};
use crate::placement::{Direction, Fit, Request};
use crate::rules::{CheckedAdapter, CheckedSegment, SegmentKind};

use super::allocation::{Allocation, Offer, Placement};
use super::book::{Book, BookChange, BookJournal, ExtentOwner};
use super::choose::{Room, Search};
use super::counters::Counters;
use super::paging::{ContentChange, Environment, Planned};
use super::reason::{Decision, Failure, OperationReason, Refusal, RefusalReason};
use super::trace::TraceEvent;

/// A plan being made.
pub(crate) struct Planner<'a, 'e> {
    pub(crate) adapter: &'a CheckedAdapter,
    pub(crate) policies: Policies,
    pub(crate) dummy: crate::base::PhysicalAddress,
    pub(crate) book: &'a mut BookJournal,
    pub(crate) environment: &'a mut Environment<'e>,
    pub(crate) operations: Vec<Planned>,
    /// What is soft-pinned stays, because the work can still be split.
    pub(crate) spares_soft_pinned: bool,
    /// Arrays of page numbers that live until the next operation pushed is through.
    pub(crate) arrays: Vec<Mdl>,
}

/// An allocation that a command needs resident.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) id: AllocationId,
    /// Whether the GPU will write it.
    pub(crate) written: bool,
    /// The only segments that will do, where not all supported ones do.
    pub(crate) only: Option<SegmentSet>,
    /// Why it comes, where it does not come for its own use.
    pub(crate) reason: Option<OperationReason>,
}

impl Wanted {
    /// Wanted where the GPU can access it.
    pub(crate) const fn new(id: AllocationId, written: bool) -> Self {
        Self { id, written, only: None, reason: None }
    }
}

/// Where the content of an allocation is taken when it leaves a memory segment.
enum Destination {
    Pages(PageList),
    Aperture(Placement),
}

impl Planner<'_, '_> {
    /// Makes every allocation of a command resident where the GPU can access it.
    ///
    /// An allocation is named once.
    pub(crate) fn make_resident(&mut self, wanted: &[Wanted]) -> Result<(), Failure> {
        let mut protected: Vec<AllocationId> = wanted.iter().map(|wanted| wanted.id).collect();
        protected.sort_unstable();
        for wanted in wanted {
            let id = wanted.id;
            let wanted = Wanted { only: self.only_while_locked(wanted)?, ..*wanted };
            let Some(allocation) = self.book.state().allocation(id) else { continue };
            let supported = allocation.supported(wanted.written);
            let here = |place: &Placement| {
                supported.contains(place.segment)
                    && wanted.only.is_none_or(|only| only.contains(place.segment))
            };
            match allocation.placement() {
                Some(place) if here(&place) => {}
                Some(_) if allocation.is_pinned() => {
                    let status = NtStatus::CANT_EVICT_PINNED_ALLOCATION;
                    return Err(Refusal::new(status, RefusalReason::Pinned(id)).into());
                }
                Some(place) => {
                    let room = self.find_room(&wanted, &protected)?;
                    self.make_room(id, &room)?;
                    self.change_segment(&wanted, place, &room)?;
                }
                None => {
                    let room = self.find_room(&wanted, &protected)?;
                    self.make_room(id, &room)?;
                    self.page_in(&wanted, &room)?;
                }
            }
            self.flush_if_stale(id);
        }
        Ok(())
    }

    /// The segments in which an allocation may be found while the CPU holds it locked.
    ///
    /// WDDM 1.x renders what is locked from apertures alone; WDDM 2.x leaves it where the CPU
    /// reaches it, and brings it into no memory segment that the CPU does not see.
    fn only_while_locked(&self, wanted: &Wanted) -> Result<Option<SegmentSet>, Failure> {
        let id = wanted.id;
        let Some(allocation) = self.book.state().allocation(id) else { return Ok(wanted.only) };
        if allocation.locks() == 0 {
            return Ok(wanted.only);
        }
        let wddm2 = self.adapter.version >= InterfaceVersion::Wddm2_0;
        let keeps = allocation.keeps_backing() || allocation.is_cached();
        let reached = self.adapter.segments.iter().filter(|segment| match segment.kind {
            SegmentKind::Aperture => true,
            SegmentKind::Memory => wddm2 && segment.is_cpu_visible() && !keeps,
        });
        let reached: SegmentSet = reached.map(|segment| segment.id).collect();
        let only = wanted.only.map_or(reached, |only| SegmentSet(only.0 & reached.0));
        if SegmentSet(allocation.supported(wanted.written).0 & only.0).is_empty() {
            let status = NtStatus::CANT_RENDER_LOCKED_ALLOCATION;
            let reason = RefusalReason::LockedOutsideAperture(id);
            return Err(Refusal::new(status, reason).into());
        }
        Ok(Some(only))
    }

    fn find_room(&mut self, wanted: &Wanted, protected: &[AllocationId]) -> Result<Room, Failure> {
        let Wanted { id, written, only, .. } = *wanted;
        let search = Search {
            adapter: self.adapter,
            policies: self.policies,
            book: self.book.state(),
            protected,
            only,
            completed: self.environment.driver.completed_fence(),
            spares_soft_pinned: self.spares_soft_pinned,
        };
        let allocation = self.allocation(id);
        let is_told = self.environment.observer.wants_decisions();
        let mut decision = is_told.then(|| Decision {
            allocation: id,
            needed: allocation.size(),
            attempts: Vec::new(),
        });
        let room = search.find(allocation, written, decision.as_mut());
        if let Some(decision) = decision {
            self.environment.observer.record(TraceEvent::Decision(decision));
        }
        room.ok_or_else(|| {
            Refusal::new(NtStatus::NO_VIDEO_MEMORY, RefusalReason::NoRoom(id)).into()
        })
    }

    fn make_room(&mut self, newcomer: AllocationId, room: &Room) -> Result<(), Failure> {
        for victim in room.victims.iter().copied() {
            self.evict(victim, OperationReason::EvictedFor { victim, newcomer })?;
        }
        Ok(())
    }

    /// Makes an allocation that is nowhere resident in the room found for it.
    fn page_in(&mut self, wanted: &Wanted, room: &Room) -> Result<(), Failure> {
        let id = wanted.id;
        let place = Placement { segment: room.segment, span: room.span };
        let reason = wanted.reason.unwrap_or(OperationReason::PageIn(id));
        let kind = self.segment(place.segment).kind;
        let allocation = self.allocation(id);
        let (size, backing) = (allocation.size(), allocation.backing().cloned());
        let (has_content, keeps) = (allocation.has_content(), allocation.keeps_backing());
        self.take(place, ExtentOwner::Allocation(id));
        self.count(|counters| counters.page_ins += 1);
        let time = self.next_time();
        match kind {
            SegmentKind::Aperture => {
                let mdl = self.ensure_backing(id)?;
                self.count(|counters| counters.bytes_mapped_into_aperture += size.get());
                self.become_resident(id, place, time, |after| after.dirty = false);
                self.push_map(Some(id), place, &mdl, reason)?;
                if let (false, Some(last)) = (has_content, self.operations.last_mut()) {
                    last.content = ContentChange::NoneInPages(mdl);
                }
            }
            SegmentKind::Memory if has_content => {
                let mdl = self.ensure_backing(id)?;
                self.flush_cache(id, &mdl);
                self.count(|counters| counters.bytes_mdl_to_memory += size.get());
                self.become_resident(id, place, time, |after| {
                    after.dirty = false;
                    after.backing = keeps.then(|| mdl.clone());
                });
                let source = Location::Mdl(self.page_list(&mdl)?);
                let destination = self.location(place);
                self.push_transfer(id, source, destination, reason);
                self.release_after(if keeps { None } else { Some(mdl) });
            }
            SegmentKind::Memory => {
                let size = self.filled(id, place);
                self.count(|counters| counters.bytes_filled += size.get());
                self.become_resident(id, place, time, |after| {
                    after.has_content = true;
                    (after.dirty, after.uncopied) = (true, true);
                    if !keeps {
                        after.backing = None;
                    }
                });
                self.push_fill(id, place, reason);
                self.release_after(if keeps { None } else { backing });
            }
        }
        Ok(())
    }

    /// Puts an allocation back where a power transition found it. It is no reference: its rank
    /// is what it was.
    pub(crate) fn put_back(&mut self, id: AllocationId, place: Placement) -> Result<(), Failure> {
        let allocation = self.allocation(id);
        // What was dropped has nothing to come back with, unless it must be there.
        if allocation.offer() == Offer::Discarded && !allocation.is_displayed() {
            return Ok(());
        }
        let times = (allocation.paged_in, allocation.last_reference);
        let aperture = self.segment(place.segment).kind == SegmentKind::Aperture;
        let reason =
            if aperture { OperationReason::Remapped(id) } else { OperationReason::Restored(id) };
        let room = Room { segment: place.segment, span: place.span, victims: Vec::new() };
        let wanted = Wanted { reason: Some(reason), ..Wanted::new(id, true) };
        self.page_in(&wanted, &room)?;
        self.update(id, |after| (after.paged_in, after.last_reference) = times);
        Ok(())
    }

    /// An allocation leaves its place in a reset; with `content` what it held is gone, and
    /// otherwise it is what its pages hold.
    pub(crate) fn lose(&mut self, id: AllocationId, place: Option<Placement>, content: bool) {
        if let Some(place) = place {
            self.count_evicted(place);
            self.leave(id, place, |_| {});
        }
        self.update(id, |after| {
            (after.dirty, after.uncopied) = (false, false);
            if content {
                after.has_content = false;
                if matches!(after.offer, Offer::Offered(_)) {
                    after.offer = Offer::Discarded;
                }
            }
        });
    }

    /// Takes an allocation out of its segment, its content with it.
    pub(crate) fn evict(
        &mut self,
        id: AllocationId,
        reason: OperationReason,
    ) -> Result<(), Failure> {
        let Some(place) = self.allocation(id).placement() else { return Ok(()) };
        self.count_evicted(place);
        match self.segment(place.segment).kind {
            SegmentKind::Aperture => {
                let size = self.allocation(id).size();
                self.leave(id, place, |_| {});
                self.count(|counters| counters.bytes_unmapped_from_aperture += size.get());
                self.push_unmap(Some(id), place, reason);
            }
            SegmentKind::Memory => self.evict_from_memory(id, place, reason)?,
        }
        Ok(())
    }

    fn count_evicted(&mut self, place: Placement) {
        let before = self.book.state().segments[place.segment.index()].bytes_evicted;
        let after = Bytes(before.get() + place.span.len());
        self.book.apply(BookChange::BytesEvicted { segment: place.segment, before, after });
        self.count(|counters| counters.evictions += 1);
    }

    fn evict_from_memory(
        &mut self,
        id: AllocationId,
        place: Placement,
        reason: OperationReason,
    ) -> Result<(), Failure> {
        let allocation = self.allocation(id);
        let size = allocation.size();
        if allocation.offer() != Offer::None && self.policies.offers == OfferPolicy::Discard {
            let backing = allocation.backing().cloned().filter(|_| !allocation.keeps_backing());
            let released = backing.is_some();
            self.leave(id, place, |after| {
                after.offer = Offer::Discarded;
                (after.has_content, after.dirty, after.uncopied) = (false, false, false);
                if released {
                    after.backing = None;
                }
            });
            self.count(|counters| counters.bytes_discarded += size.get());
            self.push_discard(id, place, reason);
            if let Some(last) = self.operations.last_mut() {
                last.content = ContentChange::Dropped;
            }
            self.release_after(backing);
            return Ok(());
        }
        if allocation.keeps_backing() && !allocation.is_dirty() {
            self.leave(id, place, |_| {});
            self.count(|counters| counters.bytes_discarded += size.get());
            self.push_discard(id, place, reason);
            return Ok(());
        }
        let mdl = self.ensure_backing(id)?;
        let source = self.location(place);
        match self.eviction_aperture(id) {
            Some(aperture) => {
                self.take(aperture, ExtentOwner::Eviction(id));
                self.count(|counters| counters.bytes_memory_to_aperture += size.get());
                let mapping = OperationReason::EvictionMapping(id);
                self.push_map(Some(id), aperture, &mdl, mapping)?;
                self.leave(id, place, |after| (after.dirty, after.uncopied) = (false, false));
                let destination = self.destination(Destination::Aperture(aperture));
                self.push_transfer(id, source, destination, reason);
                self.give(aperture, ExtentOwner::Eviction(id));
                self.push_unmap(Some(id), aperture, mapping);
                if let Some(last) = self.operations.last_mut() {
                    last.ends_mapping = true;
                }
            }
            None => {
                let pages = self.page_list(&mdl)?;
                self.leave(id, place, |after| (after.dirty, after.uncopied) = (false, false));
                self.count(|counters| counters.bytes_memory_to_mdl += size.get());
                let destination = self.destination(Destination::Pages(pages));
                self.push_transfer(id, source, destination, reason);
            }
        }
        Ok(())
    }

    /// Room in the eviction set, taken as it is: nothing is evicted for it.
    fn eviction_aperture(&self, id: AllocationId) -> Option<Placement> {
        let allocation = self.allocation(id);
        let book = self.book.state();
        allocation.info().eviction.iter().find_map(|segment| {
            let checked = self.adapter.segment(segment)?;
            let used = book.segment(segment)?;
            let needed = allocation.size().get().next_multiple_of(checked.page_size.get());
            let all = book.aperture_commit().get().saturating_add(needed);
            if self.adapter.aperture_commit_limit.is_some_and(|limit| all > limit.get()) {
                return None;
            }
            if used.committed().get().saturating_add(needed) > checked.commit_limit.get() {
                return None;
            }
            let request = Request {
                size: needed,
                alignment: checked.page_size.get(),
                window: Span::whole(checked.size.get()),
                direction: Direction::BottomUp,
                fit: match self.policies.fit {
                    FitPolicy::First => Fit::First,
                    FitPolicy::Best => Fit::Best,
                },
            };
            let span = Span::at(used.space().find(&request).ok()?, needed)?;
            Some(Placement { segment, span })
        })
    }

    /// Moves a resident allocation to a segment where the GPU can access it as wanted.
    fn change_segment(
        &mut self,
        wanted: &Wanted,
        from: Placement,
        room: &Room,
    ) -> Result<(), Failure> {
        let id = wanted.id;
        let to = Placement { segment: room.segment, span: room.span };
        let locked = self.allocation(id).locks() > 0;
        let reason = match wanted.reason {
            Some(reason) => reason,
            None if locked => OperationReason::LockedForRendering(id),
            None => OperationReason::Moved(id),
        };
        let allocation = self.allocation(id);
        let (size, keeps) = (allocation.size(), allocation.keeps_backing());
        let has_content = allocation.has_content();
        let kinds = (self.segment(from.segment).kind, self.segment(to.segment).kind);
        let time = self.next_time();
        match kinds {
            (SegmentKind::Memory, SegmentKind::Memory) => {
                self.take(to, ExtentOwner::Allocation(id));
                self.leave(id, from, |_| {});
                self.become_resident(id, to, time, |_| {});
                let (source, destination) = (self.location(from), self.location(to));
                self.push_transfer(id, source, destination, reason);
            }
            (SegmentKind::Aperture, SegmentKind::Memory) if has_content => {
                let mdl = self.ensure_backing(id)?;
                if !self.segment(from.segment).is_cache_coherent() {
                    self.flush_cache(id, &mdl);
                }
                self.take(to, ExtentOwner::Allocation(id));
                self.count(|counters| counters.bytes_aperture_to_memory += size.get());
                let (source, destination) = (self.location(from), self.location(to));
                self.push_transfer(id, source, destination, reason);
                self.leave(id, from, |_| {});
                self.become_resident(id, to, time, |after| {
                    after.dirty = false;
                    after.backing = keeps.then(|| mdl.clone());
                });
                self.count(|counters| counters.bytes_unmapped_from_aperture += size.get());
                self.push_unmap(Some(id), from, reason);
                self.release_after(if keeps { None } else { Some(mdl) });
                if let Some(last) = self.operations.last_mut() {
                    // The transfer reads through the mapping that this ends.
                    last.ends_mapping = true;
                }
            }
            _ => {
                self.evict(id, reason)?;
                self.page_in(&Wanted { reason: Some(reason), ..*wanted }, room)?;
            }
        }
        Ok(())
    }

    /// Frames for an allocation that has none, and the list of them.
    pub(crate) fn ensure_backing(&mut self, id: AllocationId) -> Result<Mdl, Failure> {
        let allocation = self.allocation(id);
        if let Some(mdl) = allocation.backing() {
            return Ok(mdl.clone());
        }
        let pages = allocation.pages();
        let use_ = FrameUse::Backing(id);
        let mdl = self
            .environment
            .host
            .allocate(pages, use_, Layout::Scattered)
            .map_err(out_of_frames)?;
        self.update(id, |after| after.backing = Some(mdl.clone()));
        Ok(mdl)
    }

    // --- the book -----------------------------------------------------------------------------

    pub(crate) fn allocation(&self, id: AllocationId) -> &Allocation {
        let found: Option<&Allocation> = Book::allocation(self.book.state(), id);
        found.expect("callers plan for allocations that exist")
    }

    pub(crate) fn segment(&self, id: SegmentId) -> &CheckedSegment {
        &self.adapter.segments[id.index()]
    }

    pub(super) fn address(&self, place: Placement) -> SegmentAddress {
        self.segment(place.segment).address(SegmentOffset(place.span.start()))
    }

    fn location(&self, place: Placement) -> Location {
        Location::Segment { id: place.segment, address: self.address(place) }
    }

    fn destination(&self, destination: Destination) -> Location {
        match destination {
            Destination::Pages(pages) => Location::Mdl(pages),
            Destination::Aperture(place) => self.location(place),
        }
    }

    /// The bytes of an allocation change in its segment, or (not `in_memory`) in its pages.
    pub(crate) fn written(&mut self, id: AllocationId, in_memory: bool) {
        let allocation = self.allocation(id);
        if !allocation.has_content || in_memory && !allocation.dirty {
            self.update(id, |after| {
                after.has_content = true;
                after.dirty |= in_memory;
            });
        }
    }

    pub(crate) fn update(&mut self, id: AllocationId, change: impl FnOnce(&mut Allocation)) {
        let before = Box::new(self.allocation(id).clone());
        let mut after = before.clone();
        change(&mut after);
        if before != after {
            let (before, after) = (Some(before), Some(after));
            self.book.apply(BookChange::Allocation { id, before, after });
        }
    }

    fn become_resident(
        &mut self,
        id: AllocationId,
        place: Placement,
        time: u64,
        change: impl FnOnce(&mut Allocation),
    ) {
        self.update(id, |after| {
            after.placement = Some(place);
            after.paged_in = time;
            after.last_reference = time;
            change(after);
        });
    }

    /// The allocation leaves its segment; its extent is free for the next.
    pub(crate) fn leave(
        &mut self,
        id: AllocationId,
        place: Placement,
        change: impl FnOnce(&mut Allocation),
    ) {
        self.update(id, |after| {
            after.placement = None;
            change(after);
        });
        self.give(place, ExtentOwner::Allocation(id));
    }

    pub(crate) fn take(&mut self, place: Placement, owner: ExtentOwner) {
        let used = &self.book.state().segments[place.segment.index()];
        let (peak_before, highest_before) = (used.peak_used, used.highest_end);
        let Placement { segment, span } = place;
        self.book.apply(BookChange::Taken { segment, span, owner, peak_before, highest_before });
        self.commit(place, owner, u64::checked_add);
    }

    pub(crate) fn give(&mut self, place: Placement, owner: ExtentOwner) {
        let Placement { segment, span } = place;
        self.book.apply(BookChange::Given { segment, span, owner });
        self.commit(place, owner, u64::checked_sub);
    }

    /// Charges or credits the commit of a range; buffers are not counted.
    fn commit(
        &mut self,
        place: Placement,
        owner: ExtentOwner,
        change: fn(u64, u64) -> Option<u64>,
    ) {
        if !owner.is_committed() {
            return;
        }
        let book = self.book.state();
        let before = (book.segments[place.segment.index()].committed, book.aperture_commit);
        let changed = |bytes: Bytes| Bytes(change(bytes.get(), place.span.len()).unwrap_or(0));
        let aperture = self.segment(place.segment).kind == SegmentKind::Aperture;
        let all = if aperture { changed(before.1) } else { before.1 };
        let after = (changed(before.0), all);
        self.book.apply(BookChange::Commit { segment: place.segment, before, after });
    }

    pub(crate) fn count(&mut self, change: impl FnOnce(&mut Counters)) {
        let before = Box::new(self.book.state().counters.clone());
        let mut after = before.clone();
        change(&mut after);
        self.book.apply(BookChange::Counters { before, after });
    }

    /// The next moment on the scale that ranks compare.
    pub(crate) fn next_time(&mut self) -> u64 {
        let before = self.book.state().sequence;
        let after = before + 1;
        self.book.apply(BookChange::Sequence { before, after });
        after
    }
}

/// What a caller is told when system memory has not what was asked of it.
pub(super) fn out_of_frames(shortage: OutOfFrames) -> Failure {
    let OutOfFrames { needed, free, largest_run } = shortage;
    let reason = RefusalReason::OutOfFrames { needed, free, largest_run };
    Refusal::new(NtStatus::NO_MEMORY, reason).into()
}
