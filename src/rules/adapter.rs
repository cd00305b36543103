//! The rules on adapters.

use std::sync::Arc;

use crate::base::text::{hex, word};
use crate::base::{Bytes, PAGE_SIZE, SegmentAddress, SegmentId, SegmentOffset, Span};
use crate::config::{Adapter, PagingBuffer, Quirks, Segment, SegmentRange};
use crate::ddi::{InterfaceVersion, SegmentFlags};

use super::{Finding, Rule, Severity};

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
    /// The video protected range.
    pub video_protected_range: Option<Span>,
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
    /// Departures of the driver that are switched on.
    pub quirks: Quirks,
}

impl CheckedAdapter {
    /// The segment of an id that was checked against this adapter.
    #[must_use]
    pub fn segment(&self, id: SegmentId) -> Option<&CheckedSegment> {
        self.segments.get(id.index())
    }
}

/// Limits of the model that are not limits of the kit.
const MAX_PAGING_BUFFER: u64 = 16 << 20;
const MIN_PAGING_BUFFER: u64 = 64;
const MAX_PRIVATE_DATA: u64 = 1 << 20;
const MAX_PAGING_BUFFERS: u32 = 64;
/// The pages of a segment with `Use64KBPages`.
pub const LARGE_PAGE: Bytes = Bytes::kib(64);
const MIN_SYSTEM_MEMORY: u64 = 1 << 20;
const MAX_SYSTEM_MEMORY: u64 = 1 << 52;

/// Checks an adapter: the checked one unless a rule of error severity is broken, and all findings.
#[must_use]
pub fn check_adapter(adapter: &Adapter) -> (Option<CheckedAdapter>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut add = |rule, field: String, value: String| {
        findings.push(Finding { rule, field, value });
    };
    if adapter.segments.is_empty() {
        add(Rule::NoSegments, "segments".into(), "empty".into());
    }
    if adapter.segments.len() > usize::from(SegmentId::MAX) {
        add(Rule::TooManySegments, "segments".into(), adapter.segments.len().to_string());
    }
    for (index, segment) in adapter.segments.iter().enumerate() {
        let earlier = &adapter.segments[..index];
        if segment.name.is_empty() || earlier.iter().any(|other| other.name == segment.name) {
            let field = format!("segments[{index}].name");
            add(Rule::SegmentNames, field, format!("\"{}\"", segment.name));
        }
        check_segment(index, segment, &mut add);
    }
    check_paging_buffer(adapter, &mut add);
    let memory = adapter.system_memory;
    let addressable = (MIN_SYSTEM_MEMORY..=MAX_SYSTEM_MEMORY).contains(&memory);
    if !addressable || !memory.is_multiple_of(PAGE_SIZE) {
        add(Rule::SystemMemory, "system_memory".into(), hex(memory));
    }
    let starts = findings.iter().all(|finding| finding.severity() < Severity::Error);
    (starts.then(|| checked(adapter)).flatten(), findings)
}

fn check_segment(index: usize, segment: &Segment, add: &mut impl FnMut(Rule, String, String)) {
    let mut field = |rule, name: &str, value: String| {
        add(rule, format!("segments[{index}].{name}"), value);
    };
    let flags = segment.flags;
    if segment.size == 0 {
        field(Rule::SizeZero, "size", "0".into());
    }
    if !segment.size.is_multiple_of(PAGE_SIZE) {
        field(Rule::SizeNotPages, "size", hex(segment.size));
    }
    if !segment.base.is_multiple_of(PAGE_SIZE) {
        field(Rule::BaseNotPages, "base", hex(segment.base));
    }
    if segment.base.checked_add(segment.size).is_none() {
        field(Rule::EndBeyondAddresses, "base", hex(segment.base));
    }
    if segment.commit_limit > segment.size {
        field(Rule::CommitAboveSize, "commit_limit", hex(segment.commit_limit));
    }
    let aperture = flags.contains(SegmentFlags::Aperture);
    if !aperture && segment.commit_limit != 0 && segment.commit_limit < segment.size {
        field(Rule::CommitOnMemory, "commit_limit", hex(segment.commit_limit));
    }
    if flags.contains(SegmentFlags::Agp) {
        field(Rule::Agp, "flags", word(flags.bits()));
    }
    if !aperture && flags.contains(SegmentFlags::CacheCoherent) {
        field(Rule::CoherentMemory, "flags", word(flags.bits()));
    }
    if aperture && flags.contains(SegmentFlags::CpuVisible) {
        field(Rule::VisibleAperture, "flags", word(flags.bits()));
    }
    if !SegmentFlags::all().contains(flags) {
        field(Rule::ReservedBits, "flags", word(flags.bits()));
    }
    let shown_only =
        SegmentFlags::UseBanking | SegmentFlags::PitchAlignment | SegmentFlags::Use64KBPages;
    if flags.intersects(shown_only) {
        field(Rule::NotModelled, "flags", word(flags.bits()));
    }
}

fn check_paging_buffer(adapter: &Adapter, add: &mut impl FnMut(Rule, String, String)) {
    let PagingBuffer { segment, size, private_data_size, count } = adapter.paging_buffer;
    let mut field = |rule, name: &str, value: String| {
        add(rule, format!("paging_buffer.{name}"), value);
    };
    let sized = (MIN_PAGING_BUFFER..=MAX_PAGING_BUFFER).contains(&size);
    if !sized {
        field(Rule::PagingBufferSize, "size", hex(size));
    }
    if private_data_size > MAX_PRIVATE_DATA {
        field(Rule::PagingBufferPrivateData, "private_data_size", hex(private_data_size));
    }
    if count == 0 || count > MAX_PAGING_BUFFERS {
        field(Rule::PagingBufferCount, "count", count.to_string());
    }
    if segment == 0 {
        return;
    }
    let place = SegmentId::new(segment).and_then(|id| adapter.segments.get(id.index()));
    match place {
        Some(place) if place.flags.contains(SegmentFlags::Aperture) => {
            let needed =
                size.next_multiple_of(PAGE_SIZE) * u64::from(count.min(MAX_PAGING_BUFFERS));
            if sized && needed > place.size {
                field(Rule::PagingBufferCount, "count", count.to_string());
            }
        }
        _ => field(Rule::PagingBufferSegment, "segment", segment.to_string()),
    }
}

/// The checked form; called only when no rule of error severity is broken.
fn checked(adapter: &Adapter) -> Option<CheckedAdapter> {
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
                .and_then(|range| Span::at(range.start, range.size)),
        })
    };
    let place = match adapter.paging_buffer.segment {
        0 => PagingBufferPlace::Contiguous,
        number => {
            let id = SegmentId::new(number)?;
            let flags = adapter.segments.get(id.index())?.flags;
            if flags.contains(SegmentFlags::Aperture) {
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
        quirks: adapter.quirks,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddi::SystemMemoryId;

    fn segment(flags: SegmentFlags, size: u64) -> Segment {
        Segment { name: format!("{flags:?} {size}"), flags, base: 0, size, ..Segment::default() }
    }

    fn adapter(segments: Vec<Segment>) -> Adapter {
        Adapter {
            name: "test".into(),
            version: InterfaceVersion::default(),
            profile: "inspector".into(),
            system_memory: 64 << 20,
            frame_seed: 1,
            segments,
            paging_buffer: PagingBuffer { segment: 0, size: 4096, private_data_size: 0, count: 2 },
            system_memory_id: SystemMemoryId::default(),
            aperture_commit_limit: 0,
            ..Adapter::default()
        }
    }

    fn rules_of(adapter: &Adapter) -> Vec<Rule> {
        check_adapter(adapter).1.into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn a_plain_adapter_breaks_nothing_and_each_mistake_its_own_rule() {
        let good = adapter(vec![
            segment(SegmentFlags::CpuVisible, 1 << 20),
            segment(SegmentFlags::Aperture, 1 << 20),
        ]);
        assert_eq!(rules_of(&good), []);
        assert!(check_adapter(&good).0.is_some());

        type Mistake = fn(&mut Adapter);
        let table: [(Mistake, Rule); 15] = [
            (|a| a.paging_buffer.private_data_size = u64::MAX, Rule::PagingBufferPrivateData),
            (|a| a.segments.clear(), Rule::NoSegments),
            (|a| a.segments[0].size = 0, Rule::SizeZero),
            (|a| a.segments[0].size = u64::MAX, Rule::SizeNotPages),
            (|a| a.segments[0].base = 1, Rule::BaseNotPages),
            (|a| a.segments[0].base = u64::MAX - 4095, Rule::EndBeyondAddresses),
            (|a| a.segments[1].commit_limit = (1 << 20) + 1, Rule::CommitAboveSize),
            (|a| a.segments[0].commit_limit = 4096, Rule::CommitOnMemory),
            (|a| a.segments[0].flags = SegmentFlags::Agp, Rule::Agp),
            (|a| a.segments[0].flags |= SegmentFlags::CacheCoherent, Rule::CoherentMemory),
            (|a| a.segments[1].flags |= SegmentFlags::CpuVisible, Rule::VisibleAperture),
            (
                |a| a.segments[0].flags |= SegmentFlags::from_bits_retain(1 << 22),
                Rule::ReservedBits,
            ),
            (|a| a.paging_buffer.segment = 1, Rule::PagingBufferSegment),
            (|a| a.paging_buffer.size = 0, Rule::PagingBufferSize),
            (|a| a.system_memory = u64::MAX, Rule::SystemMemory),
        ];
        for (mistake, rule) in table {
            let mut adapter = good.clone();
            mistake(&mut adapter);
            let (checked, findings) = check_adapter(&adapter);
            assert!(findings.iter().any(|finding| finding.rule == rule), "{rule:?}: {findings:?}");
            assert_eq!(checked.is_none(), rule.severity() == Severity::Error, "{rule:?}");
        }
    }

    #[test]
    fn buffers_that_do_not_fit_their_aperture_and_too_many_segments_are_errors() {
        let mut small = adapter(vec![segment(SegmentFlags::Aperture, 8192)]);
        small.paging_buffer =
            PagingBuffer { segment: 1, size: 4097, private_data_size: 0, count: 1 };
        assert_eq!(rules_of(&small), []);
        small.paging_buffer.count = 2;
        assert_eq!(rules_of(&small), [Rule::PagingBufferCount]);
        let many = (1..=32).map(|n| segment(SegmentFlags::empty(), n * 4096)).collect();
        assert_eq!(rules_of(&adapter(many)), [Rule::TooManySegments]);
    }
}
