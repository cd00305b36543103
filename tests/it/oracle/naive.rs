//! Placement once more, by scanning pages. Shares no code with the program.
//!
//! Everything is in whole pages and in plain vectors. Who is busy is told from outside: how far
//! the engine has come depends on buffers, which is not what this oracle is about.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use vidmm_inspector::config::{Adapter, EvictionPolicy, FitPolicy, OfferPolicy, Policies};
use vidmm_inspector::ddi::{AllocationFlags, AllocationInfo, InterfaceVersion, NtStatus};
use vidmm_inspector::ddi::{RowLayout, SegmentFlags};
use vidmm_inspector::vidmm::RefusalReason;

use super::content::Known;
use crate::random::{LARGE, PAGE};

const MAXIMUM: u32 = 0xC800_0000;
/// CreateInVpr of WDDM 2.x.
const CREATE_IN_VPR: u32 = 0x400;

pub(crate) type Refused = (NtStatus, RefusalReason);

#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub aperture: bool,
    pub agp: bool,
    pub visible: bool,
    pub coherent: bool,
    /// Something can be scanned out from here without being a primary.
    pub flip: bool,
    pub pitched: bool,
    pub base: u64,
    pub pages: u64,
    pub limit: u64,
    /// Pages of its own pages.
    pub unit: u64,
    /// First page and pages of what nobody may take: buffers, invalid ranges, boot frame buffer.
    pub taken: Vec<(u64, u64)>,
    /// First page of each bank and the one after its last.
    pub banks: Vec<(u64, u64)>,
    pub protected: Option<(u64, u64)>,
}

/// Whether content may be dropped: not, or at a level that leaves 0 first, or it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    No,
    At(u8),
    Dropped,
}

#[derive(Clone, Debug)]
pub(crate) struct Resident {
    pub info: AllocationInfo,
    pub pages: u64,
    pub fill: u32,
    pub priority: u32,
    /// Segment, counted from 0, and first page.
    pub place: Option<(usize, u64)>,
    pub has_content: bool,
    pub dirty: bool,
    pub referenced: u64,
    pub paged_in: u64,
    pub offer: Offered,
    pub locks: u32,
    /// A lock took it out of its memory segment.
    pub left_for_lock: bool,
    pub owner: u32,
    pub creator: u32,
    pub openers: Vec<u32>,
    pub shared: bool,
    pub primary: bool,
    pub displayed: bool,
    pub existing: Option<u32>,
    pub wddm2: bool,
}

impl Resident {
    pub(crate) fn has(&self, flag: AllocationFlags) -> bool {
        self.info.flags.contains(flag)
    }

    fn at_the_end(&self) -> bool {
        self.has(AllocationFlags::Overlay) || self.has(AllocationFlags::Capture)
    }

    pub(crate) fn pinned(&self) -> bool {
        self.at_the_end() || self.displayed
    }

    pub(crate) fn keeps(&self) -> bool {
        self.has(AllocationFlags::PermanentSysMem) || self.has(AllocationFlags::ExistingSysMem)
    }

    pub(crate) fn cached(&self) -> bool {
        self.has(AllocationFlags::Cached)
    }

    /// Segments, bit by bit, where the GPU can access it.
    pub(crate) fn supported(&self, written: bool) -> u32 {
        // WDDM 2.x knows one set.
        let write = written || self.wddm2;
        if write { self.info.supported_write.0 } else { self.info.supported_read.0 }
    }

    /// Pages that it takes in a segment.
    pub(crate) fn taken(&self, segment: &Segment) -> u64 {
        let pitched = self.info.pitch_aligned_size.get();
        let bytes = if segment.pitched && pitched > 0 { pitched } else { self.pages * PAGE };
        bytes.div_ceil(PAGE * segment.unit) * segment.unit
    }

    /// How its rows lie in a segment, where they do not follow each other.
    pub(crate) fn rows(&self, segment: &Segment) -> Option<RowLayout> {
        self.info.rows.filter(|_| segment.pitched)
    }

    pub(crate) fn content_size(&self) -> u64 {
        self.info
            .rows
            .map_or(self.pages * PAGE, |rows| u64::from(rows.pitch) * u64::from(rows.rows))
    }
}

/// Reserved pages.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub bytes: Rc<Vec<Option<u8>>>,
    pub wrapped: Option<u32>,
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
    /// In bytes.
    pub flushed: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Naive {
    pub segments: Vec<Segment>,
    pub wddm2: bool,
    pub offers: OfferPolicy,
    pub aperture_limit: u64,
    best: bool,
    eviction: EvictionPolicy,
    /// Processes of the devices.
    pub devices: Vec<u32>,
    pub allocations: BTreeMap<u32, Resident>,
    pub contents: BTreeMap<u32, Rc<Known>>,
    pub lists: BTreeMap<u32, List>,
    /// Aperture pages that a raw operation mapped: segment and page, to a list and a page of it.
    pub foreign: BTreeMap<(usize, u64), (u32, u64)>,
    pub displayed: Option<u32>,
    pub counts: Counts,
    time: u64,
    /// Told before each command.
    pub busy: BTreeSet<u32>,
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
    fn allows(self, allocation: &Resident) -> bool {
        let priority = allocation.priority;
        let soft_pinned = priority >= MAXIMUM;
        if allocation.offer != Offered::No {
            // Offered content leaves wherever anything does.
            return !matches!(self, Self::Nobody);
        }
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
pub(crate) struct Room {
    pub segment: usize,
    pub start: u64,
    pub leaving: Vec<u32>,
}

/// A segment to try, from which end, and in which part of it.
type Candidate = (usize, bool, Option<(u64, u64)>);

impl Naive {
    pub(crate) fn new(adapter: &Adapter, policies: Policies) -> Self {
        let segments = adapter.segments.iter().map(|raw| segment(adapter, raw));
        let mut segments: Vec<Segment> = segments.collect();
        let buffer = adapter.paging_buffer;
        if buffer.segment > 0 {
            let segment = &mut segments[usize::from(buffer.segment) - 1];
            let pages = buffer.size.div_ceil(PAGE) * u64::from(buffer.count);
            segment.taken.push((segment.pages - pages, pages));
        }
        Self {
            segments,
            wddm2: adapter.version >= InterfaceVersion::Wddm2_0,
            offers: policies.offers,
            aperture_limit: match adapter.aperture_commit_limit {
                0 => u64::MAX,
                limit => limit / PAGE,
            },
            best: policies.fit == FitPolicy::Best,
            eviction: policies.eviction,
            devices: Vec::new(),
            allocations: BTreeMap::new(),
            contents: BTreeMap::new(),
            lists: BTreeMap::new(),
            foreign: BTreeMap::new(),
            displayed: None,
            counts: Counts::default(),
            time: 0,
            busy: BTreeSet::new(),
        }
    }

    pub(crate) fn tick(&mut self) -> u64 {
        self.time += 1;
        self.time
    }

    pub(crate) fn get(&mut self, id: u32) -> &mut Resident {
        self.allocations.get_mut(&id).expect("callers looked it up")
    }

    pub(crate) fn known(&mut self, id: u32) -> &mut Known {
        Rc::make_mut(self.contents.get_mut(&id).expect("callers looked it up"))
    }

    pub(crate) fn in_memory(&self, id: u32) -> bool {
        self.allocations[&id].place.is_some_and(|place| !self.segments[place.0].aperture)
    }

    /// What each page of a segment is: nothing, nobody's, or an allocation.
    pub(crate) fn pages(&self, segment: usize) -> Vec<Option<u32>> {
        let checked = &self.segments[segment];
        let mut owners = vec![None; small(checked.pages)];
        for (start, len) in &checked.taken {
            owners[small(*start)..small(start + len)].fill(Some(u32::MAX));
        }
        for (id, allocation) in &self.allocations {
            if let Some((_, start)) = allocation.place.filter(|place| place.0 == segment) {
                for page in start..start + allocation.taken(checked) {
                    let owner = &mut owners[small(page)];
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

    pub(crate) fn committed(&self, segment: usize) -> u64 {
        let here = self.allocations.values().filter(|a| a.place.is_some_and(|p| p.0 == segment));
        here.map(|allocation| allocation.taken(&self.segments[segment])).sum()
    }

    pub(crate) fn mapped(&self) -> u64 {
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
                    && leave.allows(a)
            })
            .map(|(id, a)| {
                let time = match self.eviction {
                    EvictionPolicy::Lru => a.referenced,
                    EvictionPolicy::Mru => u64::MAX - a.referenced,
                    EvictionPolicy::Fifo => a.paged_in,
                };
                let offered = match a.offer {
                    Offered::At(level) => level,
                    Offered::Dropped => 0,
                    Offered::No => u8::MAX,
                };
                (self.busy.contains(id), offered, a.priority, time, *id)
            })
            .collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(.., id)| id).collect()
    }

    /// Everything that may leave, segment by segment in rank order, busy or not.
    pub(crate) fn leaving(&mut self) -> Vec<u32> {
        let busy = std::mem::take(&mut self.busy);
        let ranked = (0..self.segments.len()).map(|at| self.ranked(&[at], Leave::Everybody, &[]));
        let leaving = ranked.collect::<Vec<_>>().concat();
        self.busy = busy;
        leaving
    }

    /// Looks for room in the segments of a set, bit by bit.
    pub(crate) fn find_room(&self, id: u32, allowed: u32, protected: &[u32]) -> Option<Room> {
        let allocation = &self.allocations[&id];
        let allows = |segment: usize| allowed >> segment & 1 == 1;
        let end = allocation.has(AllocationFlags::FromEndOfSegment);
        let mut preferred: Vec<Candidate> = Vec::new();
        for (slot, preference) in allocation.info.preferred.iter().enumerate() {
            let segment = preference.segment.index();
            if !allows(segment) || preferred.iter().any(|known| known.0 == segment) {
                continue;
            }
            // Hinted banks are those of the first preferred segment.
            for hint in allocation.info.hinted_banks.iter().filter(|_| slot == 0) {
                let bank = self.segments[segment].banks.get(usize::from(hint.bank) - 1);
                preferred.extend(bank.map(|bank| (segment, hint.from_end, Some(*bank))));
            }
            preferred.push((segment, preference.from_end || end, None));
        }
        let others: Vec<Candidate> = (0..self.segments.len())
            .filter(|segment| allows(*segment))
            .filter(|segment| preferred.iter().all(|known| known.0 != *segment))
            .map(|segment| (segment, end, None))
            .collect();
        let both: Vec<Candidate> = preferred.iter().chain(&others).copied().collect();
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
            candidates
                .iter()
                .find_map(|candidate| self.try_segment(allocation, *candidate, leave, protected))
        })
    }

    /// The part of a segment where an allocation may lie.
    fn window(&self, allocation: &Resident, segment: usize) -> (u64, u64) {
        let checked = &self.segments[segment];
        if self.wddm2 && allocation.info.flags.bits() & CREATE_IN_VPR != 0 {
            return checked.protected.unwrap_or((0, 0));
        }
        if allocation.at_the_end() {
            // The last fifth in bytes, from the next page on.
            let (bytes, unit) = (checked.pages * PAGE, checked.unit * PAGE);
            return ((bytes - bytes / 5).div_ceil(unit) * checked.unit, checked.pages);
        }
        (0, checked.pages)
    }

    fn try_segment(
        &self,
        allocation: &Resident,
        (segment, top, bank): Candidate,
        leave: Leave,
        protected: &[u32],
    ) -> Option<Room> {
        let checked = &self.segments[segment];
        let size = |id: &u32| {
            let place = self.allocations[id].place;
            place.map_or(0, |place| self.allocations[id].taken(&self.segments[place.0]))
        };
        let pages = allocation.taken(checked);
        let whole = self.window(allocation, segment);
        let window = bank.map_or(whole, |bank| (bank.0.max(whole.0), bank.1.min(whole.1)));
        // Commit first: the lowest-ranked leave until it holds, wherever they lie. Where the limit
        // is the segment, space is what is short.
        let mut leaving: Vec<u32> = Vec::new();
        let ranked = self.ranked(&[segment], leave, protected);
        let mut queue = ranked.iter();
        while checked.limit < checked.pages
            && self.committed(segment) - leaving.iter().map(size).sum::<u64>() + pages
                > checked.limit
        {
            leaving.push(*queue.next()?);
        }
        if checked.aperture {
            let apertures: Vec<usize> =
                (0..self.segments.len()).filter(|index| self.segments[*index].aperture).collect();
            let mut queue = self.ranked(&apertures, leave, protected).into_iter();
            while self.mapped() - leaving.iter().map(size).sum::<u64>() + pages
                > self.aperture_limit
            {
                let next = queue.next()?;
                if !leaving.contains(&next) {
                    leaving.push(next);
                }
            }
        }
        let owners = self.pages(segment);
        let alignment = allocation.info.alignment.get().div_ceil(PAGE).max(checked.unit);
        let wanted = Wanted { pages, alignment, window, top };
        // What leaves for commit has left before room is looked for.
        let mut free: Vec<bool> =
            owners.iter().map(|owner| owner.is_none_or(|id| leaving.contains(&id))).collect();
        let found = self.fit(&wanted, &free);
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
                let range = &owners[small(start)..small(start + pages)];
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

    fn fit(&self, wanted: &Wanted, free: &[bool]) -> Option<u64> {
        if self.best { wanted.best(free) } else { wanted.first(free) }
    }

    /// Free pages of an aperture of the eviction set, taken as they are: segment and first page.
    pub(crate) fn room_to_evict_through(&self, id: u32) -> Option<(usize, u64)> {
        let allocation = &self.allocations[&id];
        let pages = allocation.pages;
        if self.mapped() + pages > self.aperture_limit {
            return None;
        }
        (0..self.segments.len())
            .filter(|segment| allocation.info.eviction.0 >> segment & 1 == 1)
            .filter(|segment| self.committed(*segment) + pages <= self.segments[*segment].limit)
            .find_map(|segment| {
                let free: Vec<bool> = self.pages(segment).iter().map(Option::is_none).collect();
                let window = (0, self.segments[segment].pages);
                let wanted = Wanted { pages, alignment: 1, window, top: false };
                Some((segment, self.fit(&wanted, &free)?))
            })
    }
}

fn segment(adapter: &Adapter, raw: &vidmm_inspector::config::Segment) -> Segment {
    let has = |flag| raw.flags.contains(flag);
    let agp = has(SegmentFlags::Agp);
    // Size and base of an AGP segment are those of the platform's aperture.
    let platform = adapter.agp_aperture.filter(|_| agp);
    let size = platform.map_or(raw.size, |platform| platform.size);
    let pages = size / PAGE;
    let ranges = raw.invalid_ranges.iter().chain(&raw.uefi_frame_buffer_ranges);
    let starts = || std::iter::once(0).chain(raw.bank_ends.iter().copied());
    let ends = raw.bank_ends.iter().copied().chain([size]);
    let banks = starts().zip(ends).map(|(start, end)| (start / PAGE, end / PAGE));
    let aperture = agp || has(SegmentFlags::Aperture);
    Segment {
        aperture,
        agp,
        visible: has(SegmentFlags::CpuVisible),
        coherent: aperture && has(SegmentFlags::CacheCoherent),
        flip: has(SegmentFlags::DirectFlip),
        pitched: has(SegmentFlags::PitchAlignment),
        base: platform.map_or(raw.base, |platform| platform.base),
        pages,
        limit: if raw.commit_limit == 0 { pages } else { raw.commit_limit / PAGE },
        unit: if has(SegmentFlags::Use64KBPages) { LARGE } else { 1 },
        taken: ranges.map(|range| (range.offset / PAGE, range.size / PAGE)).collect(),
        banks: if has(SegmentFlags::UseBanking) { banks.collect() } else { Vec::new() },
        protected: raw
            .video_protected_range
            .map(|range| (range.start / PAGE, (range.start + range.size) / PAGE)),
    }
}

pub(crate) fn small(number: u64) -> usize {
    usize::try_from(number).expect("random cases are small")
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
            .filter(|start| (*start..start + self.pages).all(|page| free[small(page)]))
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
            let is_free = |page: &u64| free[small(*page)];
            let below = (self.window.0..start).rev().take_while(is_free).count();
            let above = (start..self.window.1).take_while(is_free).count();
            below + above
        };
        let positions = self.positions(free);
        let smallest = positions.iter().map(|start| hole(*start)).min()?;
        positions.into_iter().find(|start| hole(*start) == smallest)
    }
}
