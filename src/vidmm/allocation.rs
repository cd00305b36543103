//! What VidMm keeps of an allocation.

use std::sync::Arc;

use crate::base::{
    AllocationId, Bytes, DeviceId, FenceId, Pages, PagesId, ProcessId, SegmentId, Span,
    StableHasher, StateHash,
};
use crate::config::EvictionPolicy;
use crate::ddi::{
    AllocationFlags, AllocationFlagsWddm2, AllocationHandle, AllocationInfo, OfferPriority,
    Priority, RowLayout, SegmentSet,
};
use crate::memory::Mdl;
use crate::rules::{CheckedSegment, SegmentKind};

use super::book::{NOT_OFFERED, RankKey};

/// Where an allocation is resident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// The segment.
    pub segment: SegmentId,
    /// Its bytes, from the start of the segment.
    pub span: Span,
}

/// Whether the content of an allocation may be dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Offer {
    /// It may not.
    #[default]
    None,
    /// It may, at this level; never `Auto`.
    Offered(OfferPriority),
    /// It was.
    Discarded,
}

/// An allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    pub(crate) id: AllocationId,
    pub(crate) device: DeviceId,
    pub(crate) creator: ProcessId,
    /// Devices besides the owner that have opened it, in the order in which they did.
    pub(crate) openers: Vec<DeviceId>,
    pub(crate) shared: bool,
    pub(crate) primary: bool,
    pub(crate) displayed: bool,
    pub(crate) existing: Option<PagesId>,
    pub(crate) locks: u32,
    /// A lock took it out of the memory segment in which it was.
    pub(crate) left_for_lock: bool,
    pub(crate) offer: Offer,
    /// The CPU cache may hold bytes of its pages that memory has not.
    pub(crate) cache_dirty: bool,
    pub(crate) handle: AllocationHandle,
    pub(crate) info: Arc<AllocationInfo>,
    /// Its flags are to be read as WDDM 2.x names them.
    pub(crate) wddm2: bool,
    pub(crate) size: Bytes,
    pub(crate) fill_pattern: u32,
    pub(crate) priority: Priority,
    pub(crate) placement: Option<Placement>,
    pub(crate) backing: Option<Mdl>,
    pub(crate) has_content: bool,
    pub(crate) dirty: bool,
    /// Its content began in a memory segment and has never been in its pages.
    pub(crate) uncopied: bool,
    pub(crate) last_reference: u64,
    pub(crate) paged_in: u64,
    pub(crate) fence: FenceId,
    /// The last submission that pages it.
    pub(crate) paging_fence: FenceId,
    pub(crate) eviction_policy: EvictionPolicy,
}

impl Allocation {
    /// Its identity.
    #[must_use]
    pub const fn id(&self) -> AllocationId {
        self.id
    }

    /// The device that owns it: its creator, or the next opener once that has closed it.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// What the driver calls it.
    #[must_use]
    pub const fn handle(&self) -> AllocationHandle {
        self.handle
    }

    /// What the driver asked for.
    #[must_use]
    pub fn info(&self) -> &AllocationInfo {
        &self.info
    }

    /// Bytes of the backing store: the size in whole pages. A segment may take more.
    #[must_use]
    pub const fn size(&self) -> Bytes {
        self.size
    }

    /// Bytes of content: the size in whole pages, or those of its rows.
    #[must_use]
    pub fn content_size(&self) -> Bytes {
        self.info.rows.map_or(self.size, RowLayout::size)
    }

    /// Bytes taken in a segment: pitch aligned and in pages of the segment.
    #[must_use]
    pub fn size_in(&self, segment: &CheckedSegment) -> Bytes {
        let pitched = segment.is_pitch_aligned() && self.info.pitch_aligned_size > Bytes::ZERO;
        let size = if pitched { self.info.pitch_aligned_size } else { self.size };
        Bytes(size.get().next_multiple_of(segment.page_size.get()))
    }

    /// How its rows lie in a segment, where they do not lie as in the backing store.
    #[must_use]
    pub fn rows_in(&self, segment: &CheckedSegment) -> Option<RowLayout> {
        let apart = segment.kind == SegmentKind::Memory && segment.is_pitch_aligned();
        self.info.rows.filter(|_| apart)
    }

    /// The process that created it, which alone may lock it.
    #[must_use]
    pub const fn creator(&self) -> ProcessId {
        self.creator
    }

    /// Devices besides the owner that have opened it.
    #[must_use]
    pub fn openers(&self) -> &[DeviceId] {
        &self.openers
    }

    /// Whether other devices may open it.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.shared
    }

    /// Whether it is a primary: operations that map it name no device.
    #[must_use]
    pub const fn is_primary(&self) -> bool {
        self.primary
    }

    /// Whether it is being scanned out.
    #[must_use]
    pub const fn is_displayed(&self) -> bool {
        self.displayed
    }

    /// The reserved pages that it wraps.
    #[must_use]
    pub const fn existing(&self) -> Option<PagesId> {
        self.existing
    }

    /// Locks of the CPU that are open.
    #[must_use]
    pub const fn locks(&self) -> u32 {
        self.locks
    }

    /// Whether its content may be dropped, or was.
    #[must_use]
    pub const fn offer(&self) -> Offer {
        self.offer
    }

    /// Bytes of system memory promised to it: none where it wraps memory that exists.
    #[must_use]
    pub const fn commit(&self) -> Bytes {
        if self.existing.is_some() { Bytes::ZERO } else { self.size }
    }

    /// The size in pages.
    #[must_use]
    pub const fn pages(&self) -> Pages {
        self.size.to_pages()
    }

    /// What a first page-in without content fills it with.
    #[must_use]
    pub const fn fill_pattern(&self) -> u32 {
        self.fill_pattern
    }

    /// Its priority now.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// Where it is resident, if it is.
    #[must_use]
    pub const fn placement(&self) -> Option<Placement> {
        self.placement
    }

    /// Its pages of system memory, while it has any.
    #[must_use]
    pub const fn backing(&self) -> Option<&Mdl> {
        self.backing.as_ref()
    }

    /// Whether it was ever written or filled.
    #[must_use]
    pub const fn has_content(&self) -> bool {
        self.has_content
    }

    /// Whether it was written since it was paged in.
    #[must_use]
    pub const fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The last submission that names it.
    #[must_use]
    pub const fn fence(&self) -> FenceId {
        self.fence
    }

    /// The last submission that moves, fills, maps or unmaps it.
    #[must_use]
    pub const fn paging_fence(&self) -> FenceId {
        self.paging_fence
    }

    /// When the GPU last referenced it, on the scale of references.
    #[must_use]
    pub const fn last_reference(&self) -> u64 {
        self.last_reference
    }

    /// Whether nothing but a purge moves it: overlays, captures and what is displayed.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.displayed || self.is_overlay()
    }

    /// Whether it is an overlay or a capture surface, which lie at the end of a segment.
    #[must_use]
    pub fn is_overlay(&self) -> bool {
        self.info.flags.intersects(AllocationFlags::Overlay | AllocationFlags::Capture)
    }

    /// Whether its backing store stays while it is resident in a memory segment.
    #[must_use]
    pub fn keeps_backing(&self) -> bool {
        self.info.flags.intersects(
            AllocationFlags::PermanentSysMem
                | AllocationFlags::ExistingSysMem
                | AllocationFlags::ExistingKernelSysMem,
        )
    }

    /// Whether it lies in the video protected range of its segment.
    #[must_use]
    pub fn in_protected_range(&self) -> bool {
        self.wddm2 && self.info.flags.as_wddm2().contains(AllocationFlagsWddm2::CreateInVpr)
    }

    /// Whether it is paged only while the GPU is idle.
    #[must_use]
    pub fn pages_synchronously(&self) -> bool {
        !self.wddm2 && self.info.flags.contains(AllocationFlags::SynchronousPaging)
    }

    /// Whether its backing store is cacheable.
    #[must_use]
    pub fn is_cached(&self) -> bool {
        self.info.flags.contains(AllocationFlags::Cached)
    }

    /// Segments in which the GPU can read it, or write it as well.
    #[must_use]
    pub fn supported(&self, written: bool) -> SegmentSet {
        if written { self.info.supported_write } else { self.info.supported_read }
    }

    /// Where it stands among the residents of its segment.
    pub(crate) const fn rank_key(&self) -> RankKey {
        let time = match self.eviction_policy {
            EvictionPolicy::Lru => self.last_reference,
            EvictionPolicy::Mru => u64::MAX - self.last_reference,
            EvictionPolicy::Fifo => self.paged_in,
        };
        let offered = match self.offer {
            Offer::Offered(OfferPriority::Low) | Offer::Discarded => 0,
            Offer::Offered(OfferPriority::Normal | OfferPriority::Auto) => 1,
            Offer::Offered(OfferPriority::High) => 2,
            Offer::None => NOT_OFFERED,
        };
        (offered, self.priority, time, self.id)
    }

    /// Hash of everything that can change or tell allocations apart.
    pub(crate) fn hash(&self) -> StateHash {
        let (segment, start) = self
            .placement
            .map_or((0, 0), |place| (u64::from(place.segment.number()), place.span.start()));
        let hasher = StableHasher::new(44)
            .number(u64::from(self.id.0))
            .number(u64::from(self.handle.0) << 32 | u64::from(self.device.0))
            .number(self.size.get())
            .number(u64::from(self.priority.0) << 8 | segment)
            .number(start)
            .number(u64::from(self.has_content) << 1 | u64::from(self.dirty))
            .number(self.paged_in)
            .number(self.backing.as_ref().map_or(0, |mdl| mdl.hash().0))
            .number(self.state_word());
        let hasher =
            self.openers.iter().fold(hasher, |hasher, device| hasher.number(u64::from(device.0)));
        hasher.finish().with(self.reference_hash()).with(self.fence_hash())
    }

    /// Locks, offers and what else is a bit or two.
    fn state_word(&self) -> u64 {
        let offer = match self.offer {
            Offer::None => 0,
            Offer::Discarded => 1,
            Offer::Offered(level) => 1 + u64::from(level.number()),
        };
        u64::from(self.locks) << 8
            | offer << 4
            | u64::from(self.displayed) << 3
            | u64::from(self.left_for_lock) << 2
            | u64::from(self.cache_dirty) << 1
            | u64::from(self.uncopied)
    }

    /// The part of its hash that a reference changes.
    pub(crate) fn reference_hash(&self) -> StateHash {
        StableHasher::new(45).number(u64::from(self.id.0)).number(self.last_reference).finish()
    }

    /// The part of its hash that a submission changes.
    pub(crate) fn fence_hash(&self) -> StateHash {
        let fences = self.fence.0 << 32 ^ self.paging_fence.0;
        StableHasher::new(46).number(u64::from(self.id.0)).number(fences).finish()
    }
}
