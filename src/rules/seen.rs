//! A segment as the rules see it: with the numbers that count instead of those that are ignored.

use crate::base::{PAGE_SIZE, Span};
use crate::config::{Adapter, Segment};
use crate::ddi::{DescriptorGeneration, InterfaceVersion, SegmentFlags};

use super::LARGE_PAGE;

/// A segment with what its adapter makes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// The descriptor.
    pub(super) raw: &'a Segment,
    /// The interface version.
    pub(super) version: InterfaceVersion,
    /// The descriptor's generation.
    pub(super) generation: DescriptorGeneration,
    /// Whether the GART driver maps it.
    pub(super) agp: bool,
    /// Whether it holds no bytes.
    pub(super) aperture: bool,
    /// The base address that counts: of an AGP segment, the platform's.
    pub(super) base: u64,
    /// The size that counts; 0 for an AGP segment without a platform aperture.
    pub(super) size: u64,
}

impl<'a> Seen<'a> {
    /// A segment of an adapter.
    pub(super) fn new(adapter: &Adapter, raw: &'a Segment) -> Self {
        let agp = raw.flags.contains(SegmentFlags::Agp);
        let platform = adapter.agp_aperture;
        let (base, size) = if agp {
            platform.map_or((0, 0), |platform| (platform.base, platform.size))
        } else {
            (raw.base, raw.size)
        };
        let generation = adapter.descriptors;
        Self {
            raw,
            version: adapter.version,
            generation: generation.unwrap_or_else(|| DescriptorGeneration::newest(adapter.version)),
            agp,
            aperture: agp || raw.flags.contains(SegmentFlags::Aperture),
            base,
            size,
        }
    }

    /// Whether all of these flags are set.
    pub(super) const fn has(&self, flags: SegmentFlags) -> bool {
        self.raw.flags.contains(flags)
    }

    /// Bytes of a page of the segment.
    pub(super) const fn page(&self) -> u64 {
        if self.has(SegmentFlags::Use64KBPages) { LARGE_PAGE.get() } else { PAGE_SIZE }
    }

    /// Its addresses; `None` where they do not fit in 64 bits.
    pub(super) const fn addresses(&self) -> Option<Span> {
        Span::at(self.base, self.size)
    }

    /// Bytes that may be committed at once; at most the size.
    pub(super) fn commit_limit(&self) -> u64 {
        match self.raw.commit_limit {
            0 => self.size,
            limit => limit.min(self.size),
        }
    }
}

/// The segments of an adapter that have an id.
pub(super) fn segments(adapter: &Adapter) -> impl Iterator<Item = Seen<'_>> {
    let most = usize::from(crate::base::SegmentId::MAX);
    adapter.segments.iter().take(most).map(|raw| Seen::new(adapter, raw))
}
