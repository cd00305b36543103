//! From a decision to operations, and to the book as it will be.
//!
//! A command's whole set is planned before its first operation. Planning changes the book (and
//! takes frames) as it goes, so that each decision sees the ones before it; a plan that fails is
//! taken back by going to where the command began. Every operation notes how far the book had
//! come when it was decided.

use crate::base::{
    AllocationId, Bytes, FenceId, PAGE_SIZE, Pages, Piece, SegmentAddress, SegmentId,
    SegmentOffset, Span,
};
use crate::config::{FitPolicy, Policies};
use crate::ddi::{
    AllocationFlags, DiscardContent, DiscardContentFlags, Fill, Location, MapApertureFlags,
    MapApertureSegment, NtStatus, PageList, PagingOperation, SegmentFlags, Transfer, TransferFlags,
    UnmapApertureSegment,
};
use crate::memory::{Content, FrameUse, Layout, Mdl};
use crate::placement::{Direction, Fit, Request};
use crate::rules::{CheckedAdapter, CheckedSegment, SegmentKind};

use super::allocation::{Allocation, Placement};
use super::book::{Book, BookChange, BookJournal, ExtentOwner};
use super::choose::{Room, Search};
use super::counters::Counters;
use super::paging::{Environment, Planned};
use super::reason::{Decision, Failure, OperationReason, Refusal, RefusalReason};
use super::trace::{Asked, TraceEvent};

/// A plan being made.
pub(crate) struct Planner<'a, 'e> {
    pub(crate) adapter: &'a CheckedAdapter,
    pub(crate) policies: Policies,
    pub(crate) dummy: crate::base::PhysicalAddress,
    pub(crate) book: &'a mut BookJournal,
    pub(crate) environment: &'a mut Environment<'e>,
    pub(crate) operations: Vec<Planned>,
    /// Arrays of page numbers that live until the next operation pushed is through.
    pub(crate) arrays: Vec<Mdl>,
}

/// Where the content of an allocation is taken when it leaves a memory segment.
enum Destination {
    Pages(PageList),
    Aperture(Placement),
}

impl Planner<'_, '_> {
    /// Makes every allocation of a command resident where the GPU can access it.
    ///
    /// `wanted` says for each whether the GPU will write it; an allocation is named once.
    pub(crate) fn make_resident(&mut self, wanted: &[(AllocationId, bool)]) -> Result<(), Failure> {
        let mut protected: Vec<AllocationId> = wanted.iter().map(|(id, _)| *id).collect();
        protected.sort_unstable();
        for (id, written) in wanted {
            let Some(allocation) = self.book.state().allocation(*id) else { continue };
            let supported = allocation.supported(*written);
            match allocation.placement() {
                Some(place) if supported.contains(place.segment) => {}
                Some(_) if allocation.is_pinned() => {
                    let status = NtStatus::CANT_EVICT_PINNED_ALLOCATION;
                    return Err(Refusal::new(status, RefusalReason::Pinned(*id)).into());
                }
                Some(place) => {
                    let room = self.find_room(*id, *written, &protected)?;
                    self.make_room(*id, &room)?;
                    self.change_segment(*id, place, &room)?;
                }
                None => {
                    let room = self.find_room(*id, *written, &protected)?;
                    self.make_room(*id, &room)?;
                    self.page_in(*id, &room)?;
                }
            }
        }
        Ok(())
    }

    fn find_room(
        &mut self,
        id: AllocationId,
        written: bool,
        protected: &[AllocationId],
    ) -> Result<Room, Failure> {
        let search = Search {
            adapter: self.adapter,
            policies: self.policies,
            book: self.book.state(),
            protected,
            completed: self.environment.driver.completed_fence(),
        };
        let allocation = self.allocation(id);
        let tracing = self.environment.observer.is_tracing();
        let mut decision = tracing.then(|| Decision {
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
    fn page_in(&mut self, id: AllocationId, room: &Room) -> Result<(), Failure> {
        let place = Placement { segment: room.segment, span: room.span };
        let reason = OperationReason::PageIn(id);
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
            }
            SegmentKind::Memory if has_content => {
                let mdl = self.ensure_backing(id)?;
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
                self.count(|counters| counters.bytes_filled += size.get());
                self.become_resident(id, place, time, |after| {
                    after.has_content = true;
                    after.dirty = true;
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

    /// Takes an allocation out of its segment, its content with it.
    pub(crate) fn evict(
        &mut self,
        id: AllocationId,
        reason: OperationReason,
    ) -> Result<(), Failure> {
        let Some(place) = self.allocation(id).placement() else { return Ok(()) };
        let before = self.book.state().segments[place.segment.index()].bytes_evicted;
        let after = Bytes(before.get() + place.span.len());
        self.book.apply(BookChange::BytesEvicted { segment: place.segment, before, after });
        self.count(|counters| counters.evictions += 1);
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

    fn evict_from_memory(
        &mut self,
        id: AllocationId,
        place: Placement,
        reason: OperationReason,
    ) -> Result<(), Failure> {
        let allocation = self.allocation(id);
        let size = allocation.size();
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
                self.leave(id, place, |after| after.dirty = false);
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
                self.leave(id, place, |after| after.dirty = false);
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
        let needed = allocation.size().get();
        let book = self.book.state();
        let all = book.aperture_commit().get().saturating_add(needed);
        if self.adapter.aperture_commit_limit.is_some_and(|limit| all > limit.get()) {
            return None;
        }
        allocation.info().eviction.iter().find_map(|segment| {
            let checked = self.adapter.segment(segment)?;
            let used = book.segment(segment)?;
            if used.committed().get().saturating_add(needed) > checked.commit_limit.get() {
                return None;
            }
            let request = Request {
                size: needed,
                alignment: PAGE_SIZE,
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
        id: AllocationId,
        from: Placement,
        room: &Room,
    ) -> Result<(), Failure> {
        let to = Placement { segment: room.segment, span: room.span };
        let reason = OperationReason::Moved(id);
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
                self.page_in(id, room)?;
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
            .map_err(|shortage| out_of_frames(shortage.needed, shortage.free))?;
        self.update(id, |after| after.backing = Some(mdl.clone()));
        Ok(mdl)
    }

    /// The list as the driver gets it: with an array of page numbers where it asks for one.
    fn page_list(&mut self, mdl: &Mdl) -> Result<PageList, Failure> {
        if !self.environment.driver.wants_page_arrays() {
            return Ok(PageList { mdl: mdl.clone(), array: None });
        }
        let bytes = Bytes(mdl.pages().get().saturating_mul(8));
        let use_ = FrameUse::PageList(u32::try_from(self.operations.len()).unwrap_or(u32::MAX));
        let host = &mut *self.environment.host;
        let array = host
            .allocate(bytes.to_pages(), use_, Layout::Contiguous)
            .map_err(|shortage| out_of_frames(shortage.needed, shortage.free))?;
        let address = array.address(0).unwrap_or_default();
        let numbers: Vec<Piece<Content>> = mdl
            .runs()
            .iter()
            .map(|run| Piece {
                len: run.count.get() * 8,
                value: Content::ramp(run.first.get(), 1, 0),
            })
            .collect();
        let written = host.put(address, &numbers);
        debug_assert_eq!(written, Ok(()), "the array was allocated for them");
        self.arrays.push(array);
        Ok(PageList { mdl: mdl.clone(), array: Some(address) })
    }

    // --- operations ---------------------------------------------------------------------------

    fn push(
        &mut self,
        operation: PagingOperation,
        subject: Option<AllocationId>,
        bytes: Bytes,
        reason: OperationReason,
    ) {
        let completed = self.environment.driver.completed_fence();
        let fence = subject.and_then(|id| self.book.state().allocation(id)).map(Allocation::fence);
        let busy: Option<FenceId> = fence.filter(|fence| *fence > completed);
        let releases = std::mem::take(&mut self.arrays);
        self.operations.push(Planned {
            asked: Asked::Paging(operation),
            subject,
            bytes,
            reason,
            book: self.book.position(),
            busy,
            releases,
            ends_mapping: false,
        });
    }

    fn release_after(&mut self, mdl: Option<Mdl>) {
        if let Some(last) = self.operations.last_mut() {
            last.releases.extend(mdl);
        }
    }

    fn push_transfer(
        &mut self,
        id: AllocationId,
        source: Location,
        destination: Location,
        reason: OperationReason,
    ) {
        let allocation = self.allocation(id);
        let idle = allocation.fence() <= self.environment.driver.completed_fence();
        let mut flags = TransferFlags::TransferStart | TransferFlags::TransferEnd;
        flags.set(TransferFlags::AllocationIsIdle, idle);
        let size = allocation.size();
        let operation = Transfer {
            allocation: Some(allocation.handle()),
            transfer_offset: 0,
            transfer_size: size,
            source,
            destination,
            flags,
            mdl_offset: Pages::ZERO,
        };
        self.push(PagingOperation::Transfer(operation), Some(id), size, reason);
    }

    fn push_fill(&mut self, id: AllocationId, place: Placement, reason: OperationReason) {
        let allocation = self.allocation(id);
        let size = allocation.size();
        let operation = Fill {
            allocation: Some(allocation.handle()),
            fill_size: size,
            fill_pattern: allocation.fill_pattern(),
            segment: place.segment,
            address: self.address(place),
        };
        self.push(PagingOperation::Fill(operation), Some(id), size, reason);
    }

    fn push_discard(&mut self, id: AllocationId, place: Placement, reason: OperationReason) {
        let allocation = self.allocation(id);
        let size = allocation.size();
        let idle = allocation.fence() <= self.environment.driver.completed_fence();
        let mut flags = DiscardContentFlags::empty();
        flags.set(DiscardContentFlags::AllocationIsIdle, idle);
        let operation = DiscardContent {
            allocation: Some(allocation.handle()),
            flags,
            segment: place.segment,
            address: self.address(place),
        };
        self.push(PagingOperation::DiscardContent(operation), Some(id), size, reason);
    }

    pub(crate) fn push_map(
        &mut self,
        subject: Option<AllocationId>,
        place: Placement,
        mdl: &Mdl,
        reason: OperationReason,
    ) -> Result<(), Failure> {
        let allocation = subject.map(|id| self.allocation(id));
        let cached = allocation.is_some_and(|a| a.info().flags.contains(AllocationFlags::Cached));
        let segment = self.segment(place.segment);
        let coherent = segment.flags.contains(SegmentFlags::CacheCoherent);
        let mut flags = MapApertureFlags::empty();
        flags.set(MapApertureFlags::CacheCoherent, cached && coherent);
        let (device, handle) = self.owner_of(subject);
        let pages = self.page_list(mdl)?;
        let operation = MapApertureSegment {
            device,
            allocation: handle,
            segment: place.segment,
            offset_in_pages: Pages(place.span.start() / PAGE_SIZE),
            number_of_pages: Pages(place.span.len() / PAGE_SIZE),
            pages,
            flags,
            mdl_offset: Pages::ZERO,
        };
        let bytes = Bytes(place.span.len());
        self.push(PagingOperation::MapApertureSegment(operation), subject, bytes, reason);
        Ok(())
    }

    pub(crate) fn push_unmap(
        &mut self,
        subject: Option<AllocationId>,
        place: Placement,
        reason: OperationReason,
    ) {
        let (device, allocation) = self.owner_of(subject);
        let operation = UnmapApertureSegment {
            device,
            allocation,
            segment: place.segment,
            offset_in_pages: Pages(place.span.start() / PAGE_SIZE),
            number_of_pages: Pages(place.span.len() / PAGE_SIZE),
            dummy_page: self.dummy,
        };
        let bytes = Bytes(place.span.len());
        self.push(PagingOperation::UnmapApertureSegment(operation), subject, bytes, reason);
    }

    fn owner_of(
        &self,
        subject: Option<AllocationId>,
    ) -> (Option<crate::ddi::DeviceHandle>, Option<crate::ddi::AllocationHandle>) {
        let Some(id) = subject else { return (None, None) };
        let allocation = self.allocation(id);
        let device = self.book.state().device(allocation.device()).map(|device| device.handle);
        (device, Some(allocation.handle()))
    }

    // --- the book -----------------------------------------------------------------------------

    fn allocation(&self, id: AllocationId) -> &Allocation {
        let found: Option<&Allocation> = Book::allocation(self.book.state(), id);
        found.expect("callers plan for allocations that exist")
    }

    fn segment(&self, id: SegmentId) -> &CheckedSegment {
        &self.adapter.segments[id.index()]
    }

    fn address(&self, place: Placement) -> SegmentAddress {
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

    fn give(&mut self, place: Placement, owner: ExtentOwner) {
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

fn out_of_frames(needed: Pages, free: Pages) -> Failure {
    let reason = RefusalReason::OutOfFrames { needed, free };
    Refusal::new(NtStatus::NO_MEMORY, reason).into()
}
