//! What a decision comes to: who is where, what is counted, what the caches hold.

use vidmm_inspector::base::AllocationId;
use vidmm_inspector::config::OfferPolicy;
use vidmm_inspector::ddi::NtStatus;
use vidmm_inspector::vidmm::RefusalReason;

use super::content::repeated;
use super::naive::{Naive, Offered, Refused, Room, small};

impl Naive {
    /// Makes a command's whole set resident. On refusal the caller drops this state.
    ///
    /// `only` are the segments, bit by bit, in which the first is wanted.
    pub(crate) fn make_resident(
        &mut self,
        wanted: &[(u32, bool)],
        only: Option<u32>,
    ) -> Result<(), Refused> {
        let protected: Vec<u32> = wanted.iter().map(|(id, _)| *id).collect();
        for (id, written) in wanted {
            let mut allowed = self.allocations[id].supported(*written) & only.unwrap_or(u32::MAX);
            if self.allocations[id].locks > 0 {
                allowed &= self.reached_while_locked(*id);
                if allowed == 0 {
                    let reason = RefusalReason::LockedOutsideAperture(AllocationId(*id));
                    return Err((NtStatus::CANT_RENDER_LOCKED_ALLOCATION, reason));
                }
            }
            let place = self.allocations[id].place;
            if place.is_none_or(|place| allowed >> place.0 & 1 == 0) {
                if place.is_some() && self.allocations[id].pinned() {
                    let reason = RefusalReason::Pinned(AllocationId(*id));
                    return Err((NtStatus::CANT_EVICT_PINNED_ALLOCATION, reason));
                }
                let Some(room) = self.find_room(*id, allowed, &protected) else {
                    let reason = RefusalReason::NoRoom(AllocationId(*id));
                    return Err((NtStatus::NO_VIDEO_MEMORY, reason));
                };
                for victim in &room.leaving {
                    self.evict(*victim);
                }
                match place {
                    None => self.page_in(*id, &room),
                    Some(from) => self.relocate(*id, from, &room),
                }
            }
            // What the CPU wrote since it was mapped must reach memory where nobody asks the cache.
            let stale = self.allocations[id].place.is_some_and(|(segment, _)| {
                self.segments[segment].aperture && !self.segments[segment].coherent
            });
            if stale {
                self.flush(*id);
            }
        }
        Ok(())
    }

    /// Segments in which the GPU may find what the CPU holds locked: apertures, and in WDDM 2.x
    /// memory that the CPU sees, unless it is pages of system memory that are locked.
    fn reached_while_locked(&self, id: u32) -> u32 {
        let allocation = &self.allocations[&id];
        let pages = allocation.keeps() || allocation.cached();
        let reached = |segment: &super::naive::Segment| {
            segment.aperture || self.wddm2 && segment.visible && !pages
        };
        let segments = self.segments.iter().enumerate();
        segments.map(|(at, segment)| u32::from(reached(segment)) << at).sum()
    }

    pub(crate) fn reference(&mut self, id: u32, written: bool) {
        let time = self.tick();
        let allocation = self.get(id);
        allocation.referenced = time;
        allocation.has_content |= written;
        allocation.dirty |= written;
    }

    /// The CPU cache gives up what it holds of an allocation.
    pub(crate) fn flush(&mut self, id: u32) {
        let held = self.contents[&id].cached.iter().filter(|held| **held).count();
        if held > 0 {
            self.counts.flushed += held as u64;
            self.known(id).cached.fill(false);
        }
    }

    pub(crate) fn evict(&mut self, id: u32) {
        let Some((segment, start)) = self.allocations[&id].place else { return };
        let pages = self.allocations[&id].pages;
        self.counts.evictions += 1;
        if self.segments[segment].aperture {
            self.counts.unmapped += pages;
            self.forget_foreign(segment, start, pages);
            self.get(id).place = None;
            return;
        }
        let allocation = &self.allocations[&id];
        let keeps = allocation.keeps();
        if allocation.offer != Offered::No && self.offers == OfferPolicy::Discard {
            self.counts.discarded += pages;
            let allocation = self.get(id);
            (allocation.place, allocation.offer) = (None, Offered::Dropped);
            (allocation.has_content, allocation.dirty) = (false, false);
            let known = self.known(id);
            // Nothing is left but what a permanent backing store held; frames come as zero.
            let len = known.bytes.len();
            known.bytes = known.stored.take().unwrap_or_else(|| vec![Some(0); len]);
            known.touched = false;
            known.version += 1;
            return;
        }
        if keeps && !allocation.dirty {
            self.counts.discarded += pages;
        } else if let Some((through, at)) = self.room_to_evict_through(id) {
            self.counts.memory_to_aperture += pages;
            if !self.segments[through].coherent {
                self.flush(id);
            }
            self.forget_foreign(through, at, pages);
            self.known(id).cached.fill(false);
        } else {
            self.counts.memory_to_mdl += pages;
            self.known(id).cached.fill(false);
        }
        self.known(id).stored = None;
        let allocation = self.get(id);
        allocation.place = None;
        allocation.dirty = false;
    }

    fn page_in(&mut self, id: u32, room: &Room) {
        let aperture = self.segments[room.segment].aperture;
        let pages = self.allocations[&id].pages;
        self.counts.page_ins += 1;
        let time = self.tick();
        let allocation = self.get(id);
        allocation.place = Some((room.segment, room.start));
        allocation.referenced = time;
        allocation.paged_in = time;
        if aperture {
            allocation.dirty = false;
            self.counts.mapped += pages;
            self.forget_foreign(room.segment, room.start, pages);
            if !self.segments[room.segment].coherent {
                self.flush(id);
            }
        } else if allocation.has_content {
            allocation.dirty = false;
            self.counts.mdl_to_memory += pages;
            self.flush(id);
            self.leave_pages(id);
        } else {
            allocation.has_content = true;
            allocation.dirty = true;
            self.leave_pages(id);
            self.fill(id, room.segment);
        }
    }

    /// The content is in a memory segment: pages that are not permanent are given up.
    fn leave_pages(&mut self, id: u32) {
        let keeps = self.allocations[&id].keeps();
        let known = self.known(id);
        if keeps {
            known.stored = Some(known.bytes.clone());
        } else {
            known.cached.fill(false);
        }
    }

    /// A first fill writes its word over all that the allocation takes: where rows lie apart, each
    /// begins with the byte of the word that its place in the segment gives it.
    fn fill(&mut self, id: u32, segment: usize) {
        let (allocation, segment) = (&self.allocations[&id], &self.segments[segment]);
        let word = allocation.fill;
        let rows = allocation.rows(segment);
        self.counts.filled += rows.map_or(allocation.pages, |_| allocation.taken(segment));
        let known = self.known(id);
        let len = known.bytes.len();
        let content = match rows {
            None => repeated(len, word),
            Some(rows) => {
                let (pitch, aligned) = (small(rows.pitch.into()), small(rows.aligned_pitch.into()));
                let place = |at: usize| at / pitch * aligned + at % pitch;
                (0..len).map(|at| Some(word.to_le_bytes()[place(at) % 4])).collect()
            }
        };
        known.put(0, &content);
    }

    /// Moves a resident allocation: between memory directly, otherwise as an eviction and a
    /// page-in, but content leaves an aperture for memory in one transfer.
    fn relocate(&mut self, id: u32, from: (usize, u64), room: &Room) {
        let (was, is) = (self.segments[from.0].aperture, self.segments[room.segment].aperture);
        let (pages, content) = (self.allocations[&id].pages, self.allocations[&id].has_content);
        if is || was && !content {
            self.evict(id);
            self.page_in(id, room);
            return;
        }
        let time = self.tick();
        let allocation = self.get(id);
        allocation.place = Some((room.segment, room.start));
        allocation.referenced = time;
        allocation.paged_in = time;
        if was {
            allocation.dirty = false;
            self.counts.aperture_to_memory += pages;
            self.counts.unmapped += pages;
            self.forget_foreign(from.0, from.1, pages);
            if !self.segments[from.0].coherent {
                self.flush(id);
            }
            self.leave_pages(id);
        }
    }

    pub(crate) fn destroy(&mut self, id: u32) {
        let Some(gone) = self.allocations.remove(&id) else { return };
        if let Some((segment, start)) = gone.place.filter(|place| self.segments[place.0].aperture) {
            self.counts.unmapped += gone.pages;
            self.forget_foreign(segment, start, gone.pages);
        }
        let known = self.contents.remove(&id);
        if let (Some(list), Some(known)) = (gone.existing, known)
            && let Some(list) = self.lists.get_mut(&list)
        {
            // Written back or not: the pages hold what they hold.
            list.wrapped = None;
            list.bytes = known.stored.clone().unwrap_or_else(|| known.bytes.clone()).into();
        }
    }

    /// Aperture pages are as VidMm maps or unmaps them.
    fn forget_foreign(&mut self, segment: usize, start: u64, pages: u64) {
        self.foreign
            .retain(|(at, page), _| *at != segment || !(start..start + pages).contains(page));
    }
}
