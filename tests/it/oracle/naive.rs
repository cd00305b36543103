//! Placement and residency once more, by scanning pages. Shares no code with the program.
//!
//! Everything is in whole pages and in plain vectors. Who is busy is told from outside: how far
//! the engine has come depends on buffers, which is not what this oracle is about.

use std::collections::{BTreeMap, BTreeSet};

use vidmm_inspector::base::AllocationId;
use vidmm_inspector::config::{Adapter, EvictionPolicy, FitPolicy, Policies};
use vidmm_inspector::ddi::{AllocationFlags, AllocationInfo, NtStatus, SegmentFlags};
use vidmm_inspector::vidmm::RefusalReason;

use crate::random::PAGE;

const MAXIMUM: u32 = 0xC800_0000;

pub(crate) type Refused = (NtStatus, RefusalReason);

#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub aperture: bool,
    pub visible: bool,
    pub pages: u64,
    pub limit: u64,
    /// Pages at the end that paging buffers take.
    pub reserved: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Resident {
    pub info: AllocationInfo,
    pub pages: u64,
    pub priority: u32,
    /// Segment, counted from 0, and first page.
    pub place: Option<(usize, u64)>,
    pub has_content: bool,
    pub dirty: bool,
    pub referenced: u64,
    pub paged_in: u64,
}

impl Resident {
    pub(crate) fn has(&self, flag: AllocationFlags) -> bool {
        self.info.flags.contains(flag)
    }

    pub(crate) fn pinned(&self) -> bool {
        self.has(AllocationFlags::Overlay) || self.has(AllocationFlags::Capture)
    }

    fn keeps(&self) -> bool {
        self.has(AllocationFlags::PermanentSysMem)
    }

    fn supports(&self, segment: usize, written: bool) -> bool {
        let set = if written { self.info.supported_write } else { self.info.supported_read };
        set.0 >> segment & 1 == 1
    }
}

/// Names as those of the statistics, in pages but for the first two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub page_ins: u64,
    pub evictions: u64,
    pub filled: u64,
    pub discarded: u64,
    pub mapped: u64,
    pub unmapped: u64,
    pub mdl_to_memory: u64,
    pub memory_to_mdl: u64,
    pub aperture_to_memory: u64,
    pub memory_to_aperture: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Naive {
    pub segments: Vec<Segment>,
    aperture_limit: u64,
    best: bool,
    eviction: EvictionPolicy,
    pub allocations: BTreeMap<u32, Resident>,
    pub counts: Counts,
    time: u64,
    /// Told before each command.
    pub busy: BTreeSet<u32>,
    /// Allocations that were filled by the command, in order.
    pub fills: Vec<u32>,
}

/// Who may leave.
#[derive(Clone, Copy)]
enum Leave {
    Nobody,
    /// Strictly lower than this, and not soft-pinned.
    Below(u32),
    /// At most this, and not soft-pinned.
    UpTo(u32),
    NotSoftPinned,
    Everybody,
}

impl Leave {
    fn allows(self, priority: u32) -> bool {
        let soft_pinned = priority >= MAXIMUM;
        match self {
            Self::Nobody => false,
            Self::Below(limit) => priority < limit && !soft_pinned,
            Self::UpTo(limit) => priority <= limit && !soft_pinned,
            Self::NotSoftPinned => !soft_pinned,
            Self::Everybody => true,
        }
    }
}

#[derive(Debug)]
struct Room {
    segment: usize,
    start: u64,
    leaving: Vec<u32>,
}

impl Naive {
    pub(crate) fn new(adapter: &Adapter, policies: Policies) -> Self {
        let segment = |raw: &vidmm_inspector::config::Segment| Segment {
            aperture: raw.flags.contains(SegmentFlags::Aperture),
            visible: raw.flags.contains(SegmentFlags::CpuVisible),
            pages: raw.size / PAGE,
            limit: if raw.commit_limit == 0 { raw.size } else { raw.commit_limit } / PAGE,
            reserved: 0,
        };
        let mut segments: Vec<Segment> = adapter.segments.iter().map(segment).collect();
        let buffer = adapter.paging_buffer;
        if buffer.segment > 0 {
            segments[usize::from(buffer.segment) - 1].reserved =
                buffer.size.div_ceil(PAGE) * u64::from(buffer.count);
        }
        Self {
            segments,
            aperture_limit: match adapter.aperture_commit_limit {
                0 => u64::MAX,
                limit => limit / PAGE,
            },
            best: policies.fit == FitPolicy::Best,
            eviction: policies.eviction,
            allocations: BTreeMap::new(),
            counts: Counts::default(),
            time: 0,
            busy: BTreeSet::new(),
            fills: Vec::new(),
        }
    }

    fn tick(&mut self) -> u64 {
        self.time += 1;
        self.time
    }

    fn get(&mut self, id: u32) -> &mut Resident {
        self.allocations.get_mut(&id).expect("callers looked it up")
    }

    /// What each page of a segment is: nothing, a buffer, or an allocation.
    fn pages(&self, segment: usize) -> Vec<Option<u32>> {
        let Segment { pages, reserved, .. } = self.segments[segment];
        let mut owners = vec![None; usize::try_from(pages).expect("small segments")];
        let from = owners.len() - usize::try_from(reserved).expect("small segments");
        owners[from..].fill(Some(u32::MAX));
        for (id, allocation) in &self.allocations {
            if let Some((_, start)) = allocation.place.filter(|place| place.0 == segment) {
                for page in start..start + allocation.pages {
                    let owner = &mut owners[usize::try_from(page).expect("small segments")];
                    assert_eq!(*owner, None, "the oracle overlaps itself");
                    *owner = Some(*id);
                }
            }
        }
        owners
    }

    pub(crate) fn used(&self, segment: usize) -> u64 {
        self.pages(segment).iter().filter(|owner| owner.is_some()).count() as u64
    }

    fn committed(&self, segment: usize) -> u64 {
        let here = self.allocations.values().filter(|a| a.place.is_some_and(|p| p.0 == segment));
        here.map(|allocation| allocation.pages).sum()
    }

    fn mapped(&self) -> u64 {
        let apertures = (0..self.segments.len()).filter(|index| self.segments[*index].aperture);
        apertures.map(|index| self.committed(index)).sum()
    }

    /// Who may leave any of these segments, the first to leave first.
    fn ranked(&self, segments: &[usize], leave: Leave, protected: &[u32]) -> Vec<u32> {
        let mut ranked: Vec<_> = self
            .allocations
            .iter()
            .filter(|(id, a)| {
                a.place.is_some_and(|place| segments.contains(&place.0))
                    && !a.pinned()
                    && !protected.contains(id)
                    && leave.allows(a.priority)
            })
            .map(|(id, a)| {
                let time = match self.eviction {
                    EvictionPolicy::Lru => a.referenced,
                    EvictionPolicy::Mru => u64::MAX - a.referenced,
                    EvictionPolicy::Fifo => a.paged_in,
                };
                (self.busy.contains(id), a.priority, time, *id)
            })
            .collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(.., id)| id).collect()
    }

    fn find_room(&self, id: u32, written: bool, protected: &[u32]) -> Option<Room> {
        let allocation = &self.allocations[&id];
        let end = allocation.has(AllocationFlags::FromEndOfSegment);
        let mut preferred: Vec<(usize, bool)> = Vec::new();
        for preference in allocation.info.preferred.iter() {
            let segment = preference.segment.index();
            if allocation.supports(segment, written)
                && preferred.iter().all(|known| known.0 != segment)
            {
                preferred.push((segment, preference.from_end || end));
            }
        }
        let others: Vec<(usize, bool)> = (0..self.segments.len())
            .filter(|segment| allocation.supports(*segment, written))
            .filter(|segment| preferred.iter().all(|known| known.0 != *segment))
            .map(|segment| (segment, end))
            .collect();
        let both: Vec<(usize, bool)> = preferred.iter().chain(&others).copied().collect();
        let priority = allocation.priority;
        let passes = [
            (&preferred, Leave::Nobody),
            (&preferred, Leave::Below(priority)),
            (&others, Leave::Nobody),
            (&both, Leave::UpTo(priority)),
            (&both, Leave::NotSoftPinned),
            (&both, Leave::Everybody),
        ];
        passes.into_iter().find_map(|(candidates, leave)| {
            candidates.iter().find_map(|(segment, top)| {
                self.try_segment(allocation, *segment, *top, leave, protected)
            })
        })
    }

    fn try_segment(
        &self,
        allocation: &Resident,
        segment: usize,
        top: bool,
        leave: Leave,
        protected: &[u32],
    ) -> Option<Room> {
        let size = |id: &u32| self.allocations[id].pages;
        let checked = &self.segments[segment];
        // Commit first: the lowest-ranked leave until it holds, wherever they lie. Where the limit
        // is the segment, space is what is short.
        let mut leaving: Vec<u32> = Vec::new();
        let ranked = self.ranked(&[segment], leave, protected);
        let mut queue = ranked.iter();
        while checked.limit < checked.pages
            && self.committed(segment) - leaving.iter().map(size).sum::<u64>() + allocation.pages
                > checked.limit
        {
            leaving.push(*queue.next()?);
        }
        if checked.aperture {
            let apertures: Vec<usize> =
                (0..self.segments.len()).filter(|index| self.segments[*index].aperture).collect();
            let mut queue = self.ranked(&apertures, leave, protected).into_iter();
            while self.mapped() - leaving.iter().map(size).sum::<u64>() + allocation.pages
                > self.aperture_limit
            {
                let next = queue.next()?;
                if !leaving.contains(&next) {
                    leaving.push(next);
                }
            }
        }
        let owners = self.pages(segment);
        let wanted = Wanted {
            pages: allocation.pages,
            alignment: allocation.info.alignment.get().div_ceil(PAGE).max(1),
            window: if allocation.pinned() {
                // The last fifth in bytes, from the next page on.
                let bytes = checked.pages * PAGE;
                ((bytes - bytes / 5).div_ceil(PAGE), checked.pages)
            } else {
                (0, checked.pages)
            },
            top,
        };
        // What leaves for commit has left before room is looked for.
        let mut free: Vec<bool> =
            owners.iter().map(|owner| owner.is_none_or(|id| leaving.contains(&id))).collect();
        let found = if self.best { wanted.best(&free) } else { wanted.first(&free) };
        if let Some(start) = found {
            return Some(Room { segment, start, leaving });
        }
        if matches!(leave, Leave::Nobody) {
            return None;
        }
        // Candidates join: those that leave anyway, then the others in rank order.
        let here = |id: &&u32| self.allocations[*id].place.is_some_and(|p| p.0 == segment);
        let candidates: Vec<u32> = leaving.iter().filter(here).chain(&ranked).copied().collect();
        let mut joined: Vec<u32> = Vec::new();
        for candidate in candidates {
            if joined.contains(&candidate) {
                continue;
            }
            joined.push(candidate);
            for (free, owner) in free.iter_mut().zip(&owners) {
                *free |= *owner == Some(candidate);
            }
            if let Some(start) = wanted.first(&free) {
                let from = usize::try_from(start).expect("small segments");
                let to = from + usize::try_from(allocation.pages).expect("small segments");
                let range = &owners[from..to];
                let overlapped = joined.iter().filter(|id| range.contains(&Some(**id)));
                let more: Vec<u32> = overlapped.copied().collect();
                leaving.extend(
                    more.iter().filter(|id| !leaving.contains(id)).copied().collect::<Vec<_>>(),
                );
                return Some(Room { segment, start, leaving });
            }
        }
        None
    }

    /// Makes a command's whole set resident. On refusal the caller drops this state.
    pub(crate) fn make_resident(&mut self, wanted: &[(u32, bool)]) -> Result<(), Refused> {
        let protected: Vec<u32> = wanted.iter().map(|(id, _)| *id).collect();
        for (id, written) in wanted {
            let place = self.allocations[id].place;
            if place.is_some_and(|place| self.allocations[id].supports(place.0, *written)) {
                continue;
            }
            if place.is_some() && self.allocations[id].pinned() {
                let id = AllocationId(*id);
                return Err((NtStatus::CANT_EVICT_PINNED_ALLOCATION, RefusalReason::Pinned(id)));
            }
            let Some(room) = self.find_room(*id, *written, &protected) else {
                return Err((NtStatus::NO_VIDEO_MEMORY, RefusalReason::NoRoom(AllocationId(*id))));
            };
            for victim in &room.leaving {
                self.evict(*victim);
            }
            match place {
                None => self.page_in(*id, &room),
                Some(from) => self.relocate(*id, from, &room),
            }
        }
        Ok(())
    }

    pub(crate) fn reference(&mut self, id: u32, written: bool) {
        let time = self.tick();
        let allocation = self.get(id);
        allocation.referenced = time;
        allocation.has_content |= written;
        allocation.dirty |= written;
    }

    pub(crate) fn evict(&mut self, id: u32) {
        let Some((segment, _)) = self.allocations[&id].place else { return };
        let pages = self.allocations[&id].pages;
        self.counts.evictions += 1;
        if self.segments[segment].aperture {
            self.counts.unmapped += pages;
            self.get(id).place = None;
            return;
        }
        let allocation = &self.allocations[&id];
        if allocation.keeps() && !allocation.dirty {
            self.counts.discarded += pages;
        } else if self.has_room_to_evict_through(id) {
            self.counts.memory_to_aperture += pages;
        } else {
            self.counts.memory_to_mdl += pages;
        }
        let allocation = self.get(id);
        allocation.place = None;
        allocation.dirty = false;
    }

    fn has_room_to_evict_through(&self, id: u32) -> bool {
        let allocation = &self.allocations[&id];
        let pages = allocation.pages;
        self.mapped() + pages <= self.aperture_limit
            && (0..self.segments.len()).any(|segment| {
                let free: Vec<bool> = self.pages(segment).iter().map(Option::is_none).collect();
                let wanted = Wanted {
                    pages,
                    alignment: 1,
                    window: (0, self.segments[segment].pages),
                    top: false,
                };
                allocation.info.eviction.0 >> segment & 1 == 1
                    && self.committed(segment) + pages <= self.segments[segment].limit
                    && wanted.first(&free).is_some()
            })
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
        } else if allocation.has_content {
            allocation.dirty = false;
            self.counts.mdl_to_memory += pages;
        } else {
            allocation.has_content = true;
            allocation.dirty = true;
            self.counts.filled += pages;
            self.fills.push(id);
        }
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
        }
    }

    /// Makes the CPU reach an allocation, which may send it to system memory.
    pub(crate) fn open_to_cpu(&mut self, id: u32) -> Result<(), Refused> {
        let allocation = &self.allocations[&id];
        if !allocation.has(AllocationFlags::CpuVisible) {
            let reason = RefusalReason::NotCpuVisible(AllocationId(id));
            return Err((NtStatus::CANT_LOCK_MEMORY, reason));
        }
        let Some((segment, _)) = allocation.place else { return Ok(()) };
        let segment = &self.segments[segment];
        if segment.aperture || segment.visible && !allocation.keeps() {
            return Ok(());
        }
        if allocation.pinned() {
            let reason = RefusalReason::Pinned(AllocationId(id));
            return Err((NtStatus::CANT_EVICT_PINNED_ALLOCATION, reason));
        }
        self.evict(id);
        Ok(())
    }

    pub(crate) fn cpu_wrote(&mut self, id: u32) {
        let in_memory = self.allocations[&id].place.is_some_and(|p| !self.segments[p.0].aperture);
        let allocation = self.get(id);
        allocation.has_content = true;
        allocation.dirty |= in_memory;
    }

    pub(crate) fn evict_all(&mut self) {
        let mut leaving = Vec::new();
        for segment in 0..self.segments.len() {
            let idle_or_not = std::mem::take(&mut self.busy);
            leaving.extend(self.ranked(&[segment], Leave::Everybody, &[]));
            self.busy = idle_or_not;
        }
        for id in leaving {
            self.evict(id);
        }
    }

    pub(crate) fn destroy(&mut self, id: u32) {
        let Some(gone) = self.allocations.remove(&id) else { return };
        if gone.place.is_some_and(|place| self.segments[place.0].aperture) {
            self.counts.unmapped += gone.pages;
        }
    }
}

/// A request for pages.
struct Wanted {
    pages: u64,
    alignment: u64,
    window: (u64, u64),
    top: bool,
}

impl Wanted {
    /// Every position that fits, in the order of the direction.
    fn positions(&self, free: &[bool]) -> Vec<u64> {
        let last = self.window.1.checked_sub(self.pages);
        let mut fitting: Vec<u64> = last
            .map_or(0..0, |last| self.window.0..last + 1)
            .filter(|start| start.is_multiple_of(self.alignment))
            .filter(|start| {
                (*start..start + self.pages)
                    .all(|page| free[usize::try_from(page).expect("small segments")])
            })
            .collect();
        if self.top {
            fitting.reverse();
        }
        fitting
    }

    fn first(&self, free: &[bool]) -> Option<u64> {
        self.positions(free).first().copied()
    }

    /// The first position of the smallest hole, counting what lies in the window; of equals the
    /// first in the direction.
    fn best(&self, free: &[bool]) -> Option<u64> {
        let hole = |start: u64| {
            let is_free = |page: &u64| free[usize::try_from(*page).expect("small segments")];
            let below = (self.window.0..start).rev().take_while(is_free).count();
            let above = (start..self.window.1).take_while(is_free).count();
            below + above
        };
        let positions = self.positions(free);
        let smallest = positions.iter().map(|start| hole(*start)).min()?;
        positions.into_iter().find(|start| hole(*start) == smallest)
    }
}
