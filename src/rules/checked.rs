//! An adapter that starts: what the rest of the house takes.

use std::sync::Arc;

use crate::base::{Bytes, PAGE_SIZE, SegmentAddress, SegmentId, SegmentOffset, Span};
use crate::config::{Adapter, Costs, PagingBuffer, Quirks, Segment, SegmentRange};
use crate::ddi::{InterfaceVersion, SegmentFlags, SystemMemoryId, SystemSleepState};

/// Whether a segment holds bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentKind {
    /// Holds bytes.
    Memory,
    /// Address space redirected to system pages.
    Aperture,
}

/// A segment that breaks no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedSegment {
    /// Its id.
    pub id: SegmentId,
    /// What people call it.
    pub name: String,
    /// Whether it holds bytes.
    pub kind: SegmentKind,
    /// The flag word.
    pub flags: SegmentFlags,
    /// Address of its first byte on the GPU's side.
    pub base: SegmentAddress,
    /// Bytes; a page multiple.
    pub size: Bytes,
    /// Bytes that may be committed at once; at most the size.
    pub commit_limit: Bytes,
    /// Bytes of its pages: 4 KiB or 64 KiB. Extents begin and end at multiples.
    pub page_size: Bytes,
    /// Its banks in order, bank 1 first; empty where it has none.
    pub banks: Arc<[Span]>,
    /// Ranges where nothing may lie, sorted and apart.
    pub invalid_ranges: Arc<[Span]>,
    /// Ranges of the boot frame buffer, sorted and apart.
    pub uefi_frame_buffer_ranges: Arc<[Span]>,
    /// The video protected range, where the flags say that there is one.
    pub video_protected_range: Option<Span>,
    /// What the driver claims that a sleep leaves, in S3 and in S4: sorted and apart.
    pub claims: [Arc<[Span]>; 2],
}

impl CheckedSegment {
    /// Base address plus offset. The base and size were checked to stay within 64 bits.
    #[must_use]
    pub const fn address(&self, offset: SegmentOffset) -> SegmentAddress {
        SegmentAddress(self.base.get() + offset.get())
    }

    /// Whether the GART driver maps it, and not the display driver.
    #[must_use]
    pub const fn is_agp(&self) -> bool {
        self.flags.contains(SegmentFlags::Agp)
    }

    /// Whether an allocation takes its pitch-aligned size here.
    #[must_use]
    pub const fn is_pitch_aligned(&self) -> bool {
        self.flags.contains(SegmentFlags::PitchAlignment)
    }

    /// Whether cacheable pages stay coherent when they are mapped here.
    #[must_use]
    pub fn is_cache_coherent(&self) -> bool {
        self.kind == SegmentKind::Aperture && self.flags.contains(SegmentFlags::CacheCoherent)
    }

    /// What the driver claims that a sleep leaves of it, sorted and apart.
    #[must_use]
    pub fn claimed(&self, sleep: SystemSleepState) -> &[Span] {
        match sleep {
            SystemSleepState::Standby => &self.claims[0],
            SystemSleepState::Hibernate => &self.claims[1],
        }
    }

    /// The bank in which an offset lies, counted from 1; `None` without banks.
    #[must_use]
    pub fn bank_at(&self, offset: SegmentOffset) -> Option<u8> {
        let index = self.banks.iter().position(|bank| bank.contains(offset.get()))?;
        u8::try_from(index + 1).ok()
    }

    /// A bank, counted from 1.
    #[must_use]
    pub fn bank(&self, number: u8) -> Option<Span> {
        self.banks.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// Whether the CPU reaches it linearly.
    #[must_use]
    pub const fn is_cpu_visible(&self) -> bool {
        self.flags.contains(SegmentFlags::CpuVisible)
    }
}

/// Where paging buffers lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PagingBufferPlace {
    /// Contiguous system memory.
    Contiguous,
    /// Pages mapped at the end of an aperture segment.
    Aperture(SegmentId),
    /// The end of a memory segment that the CPU sees.
    Memory(SegmentId),
}

/// An adapter that starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedAdapter {
    /// What people call it.
    pub name: String,
    /// The interface version of its driver.
    pub version: InterfaceVersion,
    /// Segments in order of their ids.
    pub segments: Arc<[CheckedSegment]>,
    /// Bytes of system memory; a page multiple.
    pub system_memory: Bytes,
    /// Scatters frames.
    pub frame_seed: u64,
    /// Where paging buffers lie.
    pub paging_buffer_place: PagingBufferPlace,
    /// The paging buffer.
    pub paging_buffer: PagingBuffer,
    /// Bytes mapped into all apertures together, if limited.
    pub aperture_commit_limit: Option<Bytes>,
    /// The driver's number for system memory in preference words and sets.
    pub system_memory_id: SystemMemoryId,
    /// Departures of the driver that are switched on.
    pub quirks: Quirks,
    /// What things cost in time.
    pub costs: Costs,
}

impl CheckedAdapter {
    /// The segment of an id that was checked against this adapter.
    #[must_use]
    pub fn segment(&self, id: SegmentId) -> Option<&CheckedSegment> {
        self.segments.get(id.index())
    }
}

/// The pages of a segment with `Use64KBPages`.
pub const LARGE_PAGE: Bytes = Bytes::kib(64);

/// The checked form; called only when no rule of error severity is broken.
pub(super) fn checked(adapter: &Adapter) -> Option<CheckedAdapter> {
    let segment = |(index, raw): (usize, &Segment)| {
        let agp = raw.flags.contains(SegmentFlags::Agp);
        let aperture = agp || raw.flags.contains(SegmentFlags::Aperture);
        // The driver's base and size of an AGP segment are ignored: it is the platform's aperture.
        let (base, size) = match adapter.agp_aperture.filter(|_| agp) {
            Some(platform) => (platform.base, platform.size),
            None => (raw.base, raw.size),
        };
        let limit = if raw.commit_limit == 0 { size } else { raw.commit_limit.min(size) };
        let large = raw.flags.contains(SegmentFlags::Use64KBPages);
        Some(CheckedSegment {
            id: SegmentId::from_index(index)?,
            name: raw.name.clone(),
            kind: if aperture { SegmentKind::Aperture } else { SegmentKind::Memory },
            flags: raw.flags,
            base: SegmentAddress(base),
            size: Bytes(size),
            commit_limit: Bytes(limit),
            page_size: if large { LARGE_PAGE } else { Bytes(PAGE_SIZE) },
            banks: banks(raw),
            invalid_ranges: ranges(&raw.invalid_ranges),
            uefi_frame_buffer_ranges: ranges(&raw.uefi_frame_buffer_ranges),
            video_protected_range: raw
                .video_protected_range
                .filter(|range| raw.flags.contains(SegmentFlags::VprSupported) && range.size > 0)
                .and_then(|range| Span::at(range.start, range.size)),
            claims: [SystemSleepState::Standby, SystemSleepState::Hibernate]
                .map(|sleep| raw.claimed(sleep).into()),
        })
    };
    let place = match adapter.paging_buffer.segment {
        0 => PagingBufferPlace::Contiguous,
        number => {
            let id = SegmentId::new(number)?;
            let flags = adapter.segments.get(id.index())?.flags;
            if flags.intersects(SegmentFlags::Aperture | SegmentFlags::Agp) {
                PagingBufferPlace::Aperture(id)
            } else {
                PagingBufferPlace::Memory(id)
            }
        }
    };
    let limit = adapter.aperture_commit_limit;
    Some(CheckedAdapter {
        name: adapter.name.clone(),
        version: adapter.version,
        segments: adapter.segments.iter().enumerate().map(segment).collect::<Option<_>>()?,
        system_memory: Bytes(adapter.system_memory),
        frame_seed: adapter.frame_seed,
        paging_buffer_place: place,
        paging_buffer: adapter.paging_buffer,
        aperture_commit_limit: (limit != 0).then_some(Bytes(limit)),
        system_memory_id: adapter.system_memory_id,
        quirks: adapter.quirks,
        costs: adapter.costs,
    })
}

/// The banks of a segment that uses banking: contiguous from its start, the last to its end.
fn banks(raw: &Segment) -> Arc<[Span]> {
    if !raw.flags.contains(SegmentFlags::UseBanking) {
        return Arc::from([]);
    }
    let count = usize::try_from(raw.bank_count).unwrap_or(usize::MAX);
    let mut start = 0;
    let mut bank = |end: u64| {
        let span = Span::new(start, end).unwrap_or_default();
        start = end;
        span
    };
    let inner = raw.bank_ends.iter().copied().take(count.saturating_sub(1));
    let mut banks: Vec<Span> = inner.map(&mut bank).collect();
    banks.push(bank(raw.size));
    banks.into()
}

/// Ranges in the order of their offsets.
fn ranges(raw: &[SegmentRange]) -> Arc<[Span]> {
    let mut spans: Vec<Span> =
        raw.iter().filter_map(|range| Span::at(range.offset, range.size)).collect();
    spans.sort_unstable_by_key(|span| span.start());
    spans.into()
}
