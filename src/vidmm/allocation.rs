//! What VidMm keeps of an allocation.

use crate::base::{
    AllocationId, Bytes, DeviceId, FenceId, Pages, SegmentId, Span, StableHasher, StateHash,
};
use crate::config::EvictionPolicy;
use crate::ddi::{AllocationFlags, AllocationHandle, AllocationInfo, Priority, SegmentSet};
use crate::memory::Mdl;

use super::book::RankKey;

/// Where an allocation is resident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placement {
    /// The segment.
    pub segment: SegmentId,
    /// Its bytes, from the start of the segment.
    pub span: Span,
}

/// An allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    pub(crate) id: AllocationId,
    pub(crate) device: DeviceId,
    pub(crate) handle: AllocationHandle,
    pub(crate) info: AllocationInfo,
    pub(crate) size: Bytes,
    pub(crate) fill_pattern: u32,
    pub(crate) priority: Priority,
    pub(crate) placement: Option<Placement>,
    pub(crate) backing: Option<Mdl>,
    pub(crate) has_content: bool,
    pub(crate) dirty: bool,
    pub(crate) last_reference: u64,
    pub(crate) paged_in: u64,
    pub(crate) fence: FenceId,
    pub(crate) eviction_policy: EvictionPolicy,
}

impl Allocation {
    /// Its identity.
    #[must_use]
    pub const fn id(&self) -> AllocationId {
        self.id
    }

    /// The device that created it.
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
    pub const fn info(&self) -> &AllocationInfo {
        &self.info
    }

    /// Bytes taken in a segment and in the backing store: the size in whole pages.
    #[must_use]
    pub const fn size(&self) -> Bytes {
        self.size
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

    /// When the GPU last referenced it, on the scale of references.
    #[must_use]
    pub const fn last_reference(&self) -> u64 {
        self.last_reference
    }

    /// Whether nothing but a purge moves it: overlays and captures.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.info.flags.intersects(AllocationFlags::Overlay | AllocationFlags::Capture)
    }

    /// Whether its backing store stays while it is resident in a memory segment.
    #[must_use]
    pub const fn keeps_backing(&self) -> bool {
        self.info.flags.contains(AllocationFlags::PermanentSysMem)
    }

    /// Segments in which the GPU can read it, or write it as well.
    #[must_use]
    pub const fn supported(&self, written: bool) -> SegmentSet {
        if written { self.info.supported_write } else { self.info.supported_read }
    }

    /// Where it stands among the residents of its segment.
    pub(crate) const fn rank_key(&self) -> RankKey {
        let time = match self.eviction_policy {
            EvictionPolicy::Lru => self.last_reference,
            EvictionPolicy::Mru => u64::MAX - self.last_reference,
            EvictionPolicy::Fifo => self.paged_in,
        };
        (self.priority, time, self.id)
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
            .number(self.backing.as_ref().map_or(0, |mdl| mdl.hash().0));
        hasher.finish().with(self.reference_hash()).with(self.fence_hash())
    }

    /// The part of its hash that a reference changes.
    pub(crate) fn reference_hash(&self) -> StateHash {
        StableHasher::new(45).number(u64::from(self.id.0)).number(self.last_reference).finish()
    }

    /// The part of its hash that a submission changes.
    pub(crate) fn fence_hash(&self) -> StateHash {
        StableHasher::new(46).number(u64::from(self.id.0)).number(self.fence.0).finish()
    }
}
