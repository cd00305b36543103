//! VidMm's book: segments, allocations and counters, changed only through [`BookChange`].

use std::collections::BTreeMap;

use crate::base::{
    AllocationId, Bytes, Change, ContextRef, DeviceId, FenceId, Journal, PagesId, ProcessId,
    SegmentId, Span, StableHasher, StateHash,
};
use crate::ddi::{ContextHandle, DeviceHandle, DeviceInfo, Priority};
use crate::memory::Mdl;
use crate::placement::{Leavers, Space};
use crate::rules::CheckedAdapter;

use super::allocation::Allocation;
use super::counters::Counters;
use super::power::{Power, PowerBook};

/// The journal that holds a book.
pub(crate) type BookJournal = Journal<BookChange>;

/// What occupies a range of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExtentOwner {
    /// The content or mapping of an allocation.
    Allocation(AllocationId),
    /// The mapping through which an allocation is being evicted.
    Eviction(AllocationId),
    /// A paging buffer.
    PagingBuffer(u32),
    /// A DMA buffer, from before it is submitted until it is retired.
    DmaBuffer(u32),
    /// A range that the driver reports as invalid, numbered from 0.
    InvalidRange(u32),
    /// A range of the boot frame buffer, numbered from 0.
    UefiFrameBuffer(u32),
}

impl ExtentOwner {
    /// Whether the range counts as committed: what holds or maps an allocation does.
    #[must_use]
    pub const fn is_committed(self) -> bool {
        matches!(self, Self::Allocation(_) | Self::Eviction(_))
    }

    const EVICTION: u64 = 1 << 32;
    const PAGING_BUFFER: u64 = 2 << 32;
    const INVALID_RANGE: u64 = 3 << 32;
    const UEFI_FRAME_BUFFER: u64 = 4 << 32;
    const DMA_BUFFER: u64 = 5 << 32;

    /// As the number that `placement` keeps.
    #[must_use]
    pub fn token(self) -> u64 {
        match self {
            Self::Allocation(id) => u64::from(id.0),
            Self::Eviction(id) => Self::EVICTION | u64::from(id.0),
            Self::PagingBuffer(index) => Self::PAGING_BUFFER | u64::from(index),
            Self::DmaBuffer(index) => Self::DMA_BUFFER | u64::from(index),
            Self::InvalidRange(index) => Self::INVALID_RANGE | u64::from(index),
            Self::UefiFrameBuffer(index) => Self::UEFI_FRAME_BUFFER | u64::from(index),
        }
    }

    /// The owner of a number made by [`Self::token`].
    #[must_use]
    pub fn from_token(token: u64) -> Self {
        let low = u32::try_from(token & 0xFFFF_FFFF).unwrap_or(u32::MAX);
        match token & !0xFFFF_FFFF {
            Self::EVICTION => Self::Eviction(AllocationId(low)),
            Self::PAGING_BUFFER => Self::PagingBuffer(low),
            Self::DMA_BUFFER => Self::DmaBuffer(low),
            Self::INVALID_RANGE => Self::InvalidRange(low),
            Self::UEFI_FRAME_BUFFER => Self::UefiFrameBuffer(low),
            _ => Self::Allocation(AllocationId(low)),
        }
    }
}

/// The order in which the residents of a segment leave: lowest first.
///
/// Offered state, then priority, then the time that the eviction policy compares, then identity.
pub(crate) type RankKey = (u8, Priority, u64, AllocationId);

/// The first member of the rank of what is not offered.
pub(crate) const NOT_OFFERED: u8 = 3;

/// Pages that somebody reserved for use of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The pages.
    pub mdl: Mdl,
    /// The allocation that wraps them, if one does.
    pub wrapped_by: Option<AllocationId>,
}

/// A segment as it is used.
#[derive(Clone, Debug)]
pub struct SegmentUse {
    /// Its blocks and holes.
    pub(crate) space: Space,
    /// Bytes committed: all blocks but those of buffers.
    pub(crate) committed: Bytes,
    /// Most bytes ever used at once.
    pub(crate) peak_used: Bytes,
    /// The highest offset at which a block ever ended.
    pub(crate) highest_end: u64,
    /// Bytes of allocations that left other than by destruction.
    pub(crate) bytes_evicted: Bytes,
    /// Residents by rank.
    pub(crate) ranks: Leavers<RankKey>,
    /// Bytes of invalid ranges and of the boot frame buffer: used by nobody, and never free.
    pub(crate) unusable: Bytes,
}

impl SegmentUse {
    /// A segment of which only the blocks matter.
    #[cfg(test)]
    pub(crate) const fn for_tests(space: Space) -> Self {
        Self {
            space,
            committed: Bytes::ZERO,
            peak_used: Bytes::ZERO,
            highest_end: 0,
            bytes_evicted: Bytes::ZERO,
            ranks: Leavers::new(),
            unusable: Bytes::ZERO,
        }
    }

    /// Blocks and holes, in bytes from the start of the segment.
    #[must_use]
    pub const fn space(&self) -> &Space {
        &self.space
    }

    /// Bytes of invalid ranges and of the boot frame buffer.
    #[must_use]
    pub const fn unusable(&self) -> Bytes {
        self.unusable
    }

    /// Bytes committed: everything placed here but buffers.
    #[must_use]
    pub const fn committed(&self) -> Bytes {
        self.committed
    }

    /// Most bytes ever used at once.
    #[must_use]
    pub const fn peak_used(&self) -> Bytes {
        self.peak_used
    }

    /// The highest offset at which a block ever ended.
    #[must_use]
    pub const fn highest_end(&self) -> u64 {
        self.highest_end
    }

    /// Bytes of allocations that left other than by destruction.
    #[must_use]
    pub const fn bytes_evicted(&self) -> Bytes {
        self.bytes_evicted
    }

    /// The extents that touch `window`, in address order.
    pub fn extents(&self, window: Span) -> impl Iterator<Item = (Span, ExtentOwner)> + '_ {
        self.space.blocks(window).map(|(span, token)| (span, ExtentOwner::from_token(token)))
    }

    /// How many residents can leave: those that are not pinned.
    #[must_use]
    pub fn evictable(&self) -> usize {
        self.ranks.len()
    }

    /// Residents in the order in which they would leave.
    pub fn residents_by_rank(&self) -> impl DoubleEndedIterator<Item = AllocationId> + '_ {
        self.ranks.iter().map(|(.., id)| *id)
    }
}

/// A device of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// The process that opened it.
    pub process: ProcessId,
    /// What the driver calls it.
    pub handle: DeviceHandle,
    /// What the driver wants for its DMA buffers.
    pub info: DeviceInfo,
    /// The first buffer of its pool in VidMm's table.
    pub(crate) first_buffer: u32,
}

/// A context of a device: what is submitted in it runs in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The device.
    pub device: DeviceId,
    /// What the driver calls it.
    pub handle: ContextHandle,
    /// From -7 to 7: of two contexts the higher one goes first.
    pub priority: i8,
    /// Its command buffer, by its place in VidMm's table.
    pub command_buffer: u32,
    /// How many allocations a command buffer may name.
    pub allocation_list_size: u32,
    /// How many patch locations a DMA buffer may have.
    pub patch_location_list_size: u32,
}

/// Everything that VidMm knows of segments, allocations and their owners.
#[derive(Clone, Debug)]
pub struct Book {
    pub(crate) segments: Vec<SegmentUse>,
    pub(crate) allocations: Vec<Option<Box<Allocation>>>,
    pub(crate) devices: Vec<Option<Device>>,
    pub(crate) contexts: BTreeMap<ContextRef, Context>,
    pub(crate) processes: Vec<bool>,
    pub(crate) counters: Counters,
    /// Counts references and page-ins: the time that ranks compare.
    pub(crate) sequence: u64,
    /// Bytes of system memory promised to allocations.
    pub(crate) commit: Bytes,
    /// Bytes mapped into all apertures together.
    pub(crate) aperture_commit: Bytes,
    pub(crate) pages: Vec<Option<Box<Reserved>>>,
    pub(crate) displayed: Option<AllocationId>,
    pub(crate) power: PowerBook,
    hash: StateHash,
    /// Ranks are made anew on arrival.
    ranks_wait: bool,
}

/// The last submission that names an allocation and the last that pages it, before and after.
type FencesChange = ((FenceId, FenceId), (FenceId, FenceId));

/// A reversible change of the book.
#[derive(Clone, Debug)]
pub(crate) enum BookChange {
    /// A process appears.
    Process(ProcessId),
    /// A device appears.
    Device(DeviceId, Box<Device>),
    /// A context appears, or its lists grow.
    Context { id: ContextRef, before: Option<Context>, after: Option<Context> },
    /// An allocation appears, changes or goes.
    Allocation { id: AllocationId, before: Option<Box<Allocation>>, after: Option<Box<Allocation>> },
    /// The GPU references a resident allocation: only its times change.
    Referenced { id: AllocationId, before: u64, after: u64 },
    /// A submission names the allocation: the last of all, and the last that pages it.
    Fenced { id: AllocationId, before: (FenceId, FenceId), after: (FenceId, FenceId) },
    /// Both, before and after.
    Times { id: AllocationId, reference: (u64, u64), fences: FencesChange },
    /// A range of a segment is taken.
    Taken {
        segment: SegmentId,
        span: Span,
        owner: ExtentOwner,
        peak_before: Bytes,
        highest_before: u64,
    },
    /// A range of a segment is given back.
    Given { segment: SegmentId, span: Span, owner: ExtentOwner },
    /// The most that was used of a segment, and the highest end of a block, before and after.
    Peaks { segment: SegmentId, before: (Bytes, u64), after: (Bytes, u64) },
    /// Commit of a segment, and of all apertures together, before and after.
    Commit { segment: SegmentId, before: (Bytes, Bytes), after: (Bytes, Bytes) },
    /// Bytes evicted from a segment.
    BytesEvicted { segment: SegmentId, before: Bytes, after: Bytes },
    /// Commit of system memory.
    SystemCommit { before: Bytes, after: Bytes },
    /// Counters.
    Counters { before: Box<Counters>, after: Box<Counters> },
    /// The time that ranks compare.
    Sequence { before: u64, after: u64 },
    /// Reserved pages appear, change or go.
    Pages { id: PagesId, before: Option<Box<Reserved>>, after: Option<Box<Reserved>> },
    /// What is displayed.
    Displayed { before: Option<AllocationId>, after: Option<AllocationId> },
    /// The power state, and what is to come back.
    Power { before: Box<PowerBook>, after: Box<PowerBook> },
}

impl Change for BookChange {
    type State = Book;

    fn redo(&self, book: &mut Book) {
        match self {
            Self::Process(id) => book.set_process(*id, true),
            Self::Device(id, device) => book.set_device(*id, Some(**device)),
            Self::Context { id, after, .. } => book.set_context(*id, *after),
            Self::Allocation { id, after, .. } => book.set_allocation(*id, after.as_deref()),
            Self::Referenced { id, after, .. } => book.set_reference(*id, *after),
            Self::Fenced { id, after, .. } => book.set_fences(*id, *after),
            Self::Times { id, reference, fences } => {
                book.set_reference(*id, reference.1);
                book.set_fences(*id, fences.1);
            }
            Self::Taken { segment, span, owner, .. } => book.take(*segment, *span, *owner),
            Self::Peaks { segment, after, .. } => book.set_peaks(*segment, *after),
            Self::Given { segment, span, owner } => book.give(*segment, *span, *owner),
            Self::Commit { segment, after, .. } => book.set_commit(*segment, *after),
            Self::BytesEvicted { segment, after, .. } => {
                book.segments[segment.index()].bytes_evicted = *after;
            }
            Self::SystemCommit { after, .. } => book.commit = *after,
            Self::Counters { after, .. } => book.counters = (**after).clone(),
            Self::Sequence { after, .. } => book.sequence = *after,
            Self::Pages { id, after, .. } => book.set_pages(*id, after.as_deref()),
            Self::Displayed { after, .. } => book.displayed = *after,
            Self::Power { after, .. } => book.power = (**after).clone(),
        }
    }

    fn undo(&self, book: &mut Book) {
        match self {
            Self::Process(id) => book.set_process(*id, false),
            Self::Device(id, _) => book.set_device(*id, None),
            Self::Context { id, before, .. } => book.set_context(*id, *before),
            Self::Allocation { id, before, .. } => book.set_allocation(*id, before.as_deref()),
            Self::Referenced { id, before, .. } => book.set_reference(*id, *before),
            Self::Fenced { id, before, .. } => book.set_fences(*id, *before),
            Self::Taken { segment, span, owner, peak_before, highest_before } => {
                book.give(*segment, *span, *owner);
                book.set_peaks(*segment, (*peak_before, *highest_before));
            }
            Self::Times { id, reference, fences } => {
                book.set_reference(*id, reference.0);
                book.set_fences(*id, fences.0);
            }
            Self::Peaks { segment, before, .. } => book.set_peaks(*segment, *before),
            Self::Given { segment, span, owner } => book.take(*segment, *span, *owner),
            Self::Commit { segment, before, .. } => book.set_commit(*segment, *before),
            Self::BytesEvicted { segment, before, .. } => {
                book.segments[segment.index()].bytes_evicted = *before;
            }
            Self::SystemCommit { before, .. } => book.commit = *before,
            Self::Counters { before, .. } => book.counters = (**before).clone(),
            Self::Sequence { before, .. } => book.sequence = *before,
            Self::Pages { id, before, .. } => book.set_pages(*id, before.as_deref()),
            Self::Displayed { before, .. } => book.displayed = *before,
            Self::Power { before, .. } => book.power = (**before).clone(),
        }
    }

    fn net(changes: &[Self], book: &Book) -> Vec<Self> {
        super::book_net::net(changes, book)
    }

    fn goes_far(book: &mut Book, changes: u64) {
        book.ranks_wait = changes > 8 * book.allocations.len() as u64;
    }

    fn arrives(book: &mut Book) {
        if std::mem::take(&mut book.ranks_wait) {
            book.rank_anew();
        }
    }
}

impl Book {
    /// The book of an adapter that just started.
    #[must_use]
    pub(crate) fn new(adapter: &CheckedAdapter, best_fit: bool) -> Self {
        let segment = |size: u64| SegmentUse {
            space: if best_fit { Space::indexed(size) } else { Space::new(size) },
            committed: Bytes::ZERO,
            peak_used: Bytes::ZERO,
            highest_end: 0,
            bytes_evicted: Bytes::ZERO,
            ranks: Leavers::new(),
            unusable: Bytes::ZERO,
        };
        let mut book = Self {
            segments: adapter.segments.iter().map(|raw| segment(raw.size.get())).collect(),
            allocations: Vec::new(),
            devices: Vec::new(),
            contexts: BTreeMap::new(),
            processes: Vec::new(),
            counters: Counters::default(),
            sequence: 0,
            commit: Bytes::ZERO,
            aperture_commit: Bytes::ZERO,
            pages: Vec::new(),
            displayed: None,
            power: PowerBook::default(),
            hash: StateHash::default(),
            ranks_wait: false,
        };
        for segment in adapter.segments.iter() {
            let invalid = (0..).zip(segment.invalid_ranges.iter());
            let boot = (0..).zip(segment.uefi_frame_buffer_ranges.iter());
            let invalid = invalid.map(|(index, span)| (*span, ExtentOwner::InvalidRange(index)));
            let boot = boot.map(|(index, span)| (*span, ExtentOwner::UefiFrameBuffer(index)));
            for (span, owner) in invalid.chain(boot) {
                book.take(segment.id, span, owner);
            }
            let used = &mut book.segments[segment.id.index()];
            used.unusable = Bytes(used.space.used());
            (used.peak_used, used.highest_end) = (Bytes::ZERO, 0);
        }
        book
    }

    /// Pages that are reserved now.
    #[must_use]
    pub fn pages(&self, id: PagesId) -> Option<&Reserved> {
        self.pages.get(id.index())?.as_deref()
    }

    /// All pages that are reserved now, in order of their ids.
    pub fn all_pages(&self) -> impl Iterator<Item = (PagesId, &Reserved)> {
        let all = self.pages.iter().enumerate();
        all.filter_map(|(index, pages)| Some((PagesId::from_index(index)?, pages.as_deref()?)))
    }

    /// What is displayed.
    #[must_use]
    pub const fn displayed(&self) -> Option<AllocationId> {
        self.displayed
    }

    /// The power state.
    #[must_use]
    pub const fn power(&self) -> Power {
        self.power.state
    }

    /// How a segment is used.
    #[must_use]
    pub fn segment(&self, id: SegmentId) -> Option<&SegmentUse> {
        self.segments.get(id.index())
    }

    /// An allocation that exists now.
    #[must_use]
    pub fn allocation(&self, id: AllocationId) -> Option<&Allocation> {
        self.allocations.get(id.index())?.as_deref()
    }

    /// The allocations that exist now, in order of their ids.
    pub fn allocations(&self) -> impl Iterator<Item = &Allocation> {
        self.allocations.iter().filter_map(Option::as_deref)
    }

    /// A device that exists now.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.get(id.index())?.as_ref()
    }

    /// A context that exists now.
    #[must_use]
    pub fn context(&self, id: ContextRef) -> Option<&Context> {
        self.contexts.get(&id)
    }

    /// The contexts that exist now, those of devices first.
    pub fn contexts(&self) -> impl Iterator<Item = (ContextRef, &Context)> {
        self.contexts.iter().map(|(id, context)| (*id, context))
    }

    /// The devices that exist now.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().flatten()
    }

    /// Whether a process exists now.
    #[must_use]
    pub fn has_process(&self, id: ProcessId) -> bool {
        self.processes.get(id.index()).copied().unwrap_or(false)
    }

    /// What has been counted so far.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Bytes of system memory promised to allocations.
    #[must_use]
    pub const fn commit(&self) -> Bytes {
        self.commit
    }

    /// Bytes mapped into all apertures together.
    #[must_use]
    pub const fn aperture_commit(&self) -> Bytes {
        self.aperture_commit
    }

    /// Hash of the whole book.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        let totals = StableHasher::new(40)
            .number(self.sequence)
            .number(self.commit.get())
            .number(self.aperture_commit.get())
            .number(self.displayed.map_or(0, |id| u64::from(id.0) + 1));
        let totals = self.power.fold(self.counters.fold(totals));
        let segments = self.segments.iter().fold(totals, |hasher, segment| {
            hasher
                .number(segment.committed.get())
                .number(segment.peak_used.get())
                .number(segment.highest_end)
                .number(segment.bytes_evicted.get())
        });
        self.hash.with(segments.finish())
    }

    fn set_process(&mut self, id: ProcessId, exists: bool) {
        *slot(&mut self.processes, id.index(), || false) = exists;
        let part = StableHasher::new(41).number(u64::from(id.0)).finish();
        self.hash = if exists { self.hash.with(part) } else { self.hash.without(part) };
    }

    fn set_device(&mut self, id: DeviceId, device: Option<Device>) {
        let part = |device: &Device| {
            StableHasher::new(42)
                .number(u64::from(id.0))
                .number(u64::from(device.process.0))
                .number(u64::from(device.handle.0))
                .number(u64::from(device.info.dma_buffer_segment_set.0))
                .number(u64::from(device.info.dma_buffer_size))
                .number(u64::from(device.info.dma_buffer_private_data_size))
                .number(u64::from(device.info.guaranteed_dma_buffer_contract))
                .finish()
        };
        let place = slot(&mut self.devices, id.index(), || None);
        let replaced = std::mem::replace(place, device);
        self.hash = replaced.iter().fold(self.hash, |hash, device| hash.without(part(device)));
        self.hash = device.iter().fold(self.hash, |hash, device| hash.with(part(device)));
    }

    fn set_context(&mut self, id: ContextRef, value: Option<Context>) {
        let part = |context: &Context| {
            let lists = (context.allocation_list_size, context.patch_location_list_size);
            StableHasher::new(48)
                .number(u64::from(context.handle.0))
                .number(u64::from(context.device.0))
                .number(u64::from(context.priority.unsigned_abs()) << 1)
                .number(u64::from(context.priority < 0))
                .number(u64::from(lists.0) << 32 | u64::from(lists.1))
                .finish()
        };
        let replaced = match value {
            Some(context) => self.contexts.insert(id, context),
            None => self.contexts.remove(&id),
        };
        self.hash = replaced.iter().fold(self.hash, |hash, context| hash.without(part(context)));
        self.hash = value.iter().fold(self.hash, |hash, context| hash.with(part(context)));
    }

    fn set_allocation(&mut self, id: AllocationId, value: Option<&Allocation>) {
        let place = slot(&mut self.allocations, id.index(), || None);
        let replaced = std::mem::replace(place, value.cloned().map(Box::new));
        if let Some(before) = &replaced {
            self.hash = self.hash.without(before.hash());
            self.unrank(before);
        }
        if let Some(after) = value {
            self.hash = self.hash.with(after.hash());
            self.rank(after);
        }
    }

    fn set_pages(&mut self, id: PagesId, value: Option<&Reserved>) {
        let part = |pages: &Reserved| {
            let wrapped = pages.wrapped_by.map_or(0, |id| u64::from(id.0) + 1);
            StableHasher::new(47)
                .number(u64::from(id.0))
                .number(pages.mdl.hash().0)
                .number(wrapped)
                .finish()
        };
        let place = slot(&mut self.pages, id.index(), || None);
        let replaced = std::mem::replace(place, value.cloned().map(Box::new));
        self.hash = replaced.iter().fold(self.hash, |hash, pages| hash.without(part(pages)));
        self.hash = value.iter().fold(self.hash, |hash, pages| hash.with(part(pages)));
    }

    fn set_reference(&mut self, id: AllocationId, time: u64) {
        let Some(mut allocation) = self.allocations.get_mut(id.index()).and_then(Option::take)
        else {
            return;
        };
        self.unrank(&allocation);
        self.hash = self.hash.without(allocation.reference_hash());
        allocation.last_reference = time;
        self.hash = self.hash.with(allocation.reference_hash());
        self.rank(&allocation);
        self.allocations[id.index()] = Some(allocation);
    }

    fn set_fences(&mut self, id: AllocationId, (fence, paging): (FenceId, FenceId)) {
        if let Some(allocation) = self.allocations.get_mut(id.index()).and_then(Option::as_mut) {
            self.hash = self.hash.without(allocation.fence_hash());
            (allocation.fence, allocation.paging_fence) = (fence, paging);
            self.hash = self.hash.with(allocation.fence_hash());
        }
    }

    /// Ranks all residents.
    fn rank_anew(&mut self) {
        let mut keys: Vec<Vec<RankKey>> = vec![Vec::new(); self.segments.len()];
        for allocation in self.allocations.iter().filter_map(Option::as_deref) {
            if let (Some(place), false) = (allocation.placement, allocation.is_pinned()) {
                keys[place.segment.index()].push(allocation.rank_key());
            }
        }
        for (segment, keys) in self.segments.iter_mut().zip(keys) {
            segment.ranks = keys.into_iter().collect();
        }
    }

    fn rank(&mut self, allocation: &Allocation) {
        if self.ranks_wait {
            return;
        }
        if let (Some(place), false) = (allocation.placement, allocation.is_pinned()) {
            self.segments[place.segment.index()].ranks.insert(allocation.rank_key());
        }
    }

    fn unrank(&mut self, allocation: &Allocation) {
        if self.ranks_wait {
            return;
        }
        if let (Some(place), false) = (allocation.placement, allocation.is_pinned()) {
            self.segments[place.segment.index()].ranks.remove(&allocation.rank_key());
        }
    }

    fn take(&mut self, segment: SegmentId, span: Span, owner: ExtentOwner) {
        let used = &mut self.segments[segment.index()];
        let taken = used.space.insert(span, owner.token());
        debug_assert_eq!(taken, Ok(()), "a placement was found free before it was taken");
        let in_use = Bytes(used.space.used().saturating_sub(used.unusable.get()));
        used.peak_used = used.peak_used.max(in_use);
        used.highest_end = used.highest_end.max(span.end());
        self.hash = self.hash.with(extent_hash(segment, span, owner));
    }

    fn give(&mut self, segment: SegmentId, span: Span, owner: ExtentOwner) {
        let given = self.segments[segment.index()].space.remove(span.start());
        debug_assert_eq!(given, Some((span, owner.token())), "only what was taken is given back");
        self.hash = self.hash.without(extent_hash(segment, span, owner));
    }

    fn set_peaks(&mut self, segment: SegmentId, (used, end): (Bytes, u64)) {
        let segment = &mut self.segments[segment.index()];
        (segment.peak_used, segment.highest_end) = (used, end);
    }

    fn set_commit(&mut self, segment: SegmentId, (own, apertures): (Bytes, Bytes)) {
        self.segments[segment.index()].committed = own;
        self.aperture_commit = apertures;
    }
}

fn extent_hash(segment: SegmentId, span: Span, owner: ExtentOwner) -> StateHash {
    StableHasher::new(43)
        .number(u64::from(segment.number()))
        .number(span.start())
        .number(span.end())
        .number(owner.token())
        .finish()
}

/// The place of `index` in a dense table that grows as ids appear.
fn slot<T>(table: &mut Vec<T>, index: usize, empty: impl FnMut() -> T) -> &mut T {
    if table.len() <= index {
        table.resize_with(index + 1, empty);
    }
    &mut table[index]
}
