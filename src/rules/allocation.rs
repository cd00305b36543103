//! The rules on an allocation when it is created.

use crate::base::text::{hex, word};
use crate::base::{Bytes, PAGE_SIZE};
use crate::ddi::{AllocationInfo, InterfaceVersion, RowLayout, SegmentSet};

use super::finding::Found;
use super::{
    CheckedAdapter, CheckedSegment, Finding, LARGE_PAGE, Rule, SegmentKind, allocation_flags,
};

/// What else is known of an allocation that is created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllocationKind {
    /// Other devices may open it.
    pub shared: bool,
    /// It is a primary.
    pub primary: bool,
    /// Pages that exist are given for it to wrap.
    pub has_existing_pages: bool,
}

/// Checks what a driver asks for: every rule that it breaks or touches.
///
/// VidMm refuses to create it for the first that is an error: sizes come before sets, sets before
/// what is wanted of them, and flags after both. The adapter's version says which
/// generation of flags and sets counts.
#[must_use]
pub fn check_allocation(
    adapter: &CheckedAdapter,
    info: &AllocationInfo,
    kind: AllocationKind,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let asked = Asked::new(adapter, info, kind);
    let found = &mut Found::new(&mut findings);
    check_size(&asked, found);
    check_alignment(&asked, found);
    if info.priority.0 == 0 {
        found.add(Rule::AllocationPriority, "priority", "0");
    }
    check_sets(&asked, found);
    check_preferred(&asked, found);
    allocation_flags::check(&asked, found);
    check_banks(&asked, found);
    check_pitch(&asked, found);
    findings
}

/// What is asked for, with what the adapter makes of it.
pub(super) struct Asked<'a> {
    pub(super) adapter: &'a CheckedAdapter,
    pub(super) info: &'a AllocationInfo,
    pub(super) kind: AllocationKind,
    /// Whether WDDM 2.x reads the words.
    pub(super) wddm2: bool,
    /// The set that counts: on WDDM 2.x that of writing, before it both.
    supported: SegmentSet,
}

impl<'a> Asked<'a> {
    fn new(adapter: &'a CheckedAdapter, info: &'a AllocationInfo, kind: AllocationKind) -> Self {
        let wddm2 = adapter.version >= InterfaceVersion::Wddm2_0;
        let read = if wddm2 { 0 } else { info.supported_read.0 };
        let supported = SegmentSet(read | info.supported_write.0);
        Self { adapter, info, kind, wddm2, supported }
    }

    /// The supported segments that exist.
    pub(super) fn supported(&self) -> impl Iterator<Item = &'a CheckedSegment> {
        segments_in(self.adapter, self.supported)
    }

    /// The eviction segments that exist.
    pub(super) fn eviction(&self) -> impl Iterator<Item = &'a CheckedSegment> {
        segments_in(self.adapter, self.info.eviction)
    }
}

fn segments_in(adapter: &CheckedAdapter, set: SegmentSet) -> impl Iterator<Item = &CheckedSegment> {
    adapter.segments.iter().filter(move |segment| set.contains(segment.id))
}

fn check_size(asked: &Asked<'_>, found: &mut Found<'_>) {
    let size = asked.info.size;
    let value = hex(size.get());
    if size == Bytes::ZERO {
        found.add(Rule::AllocationSizeZero, "size", "0");
    } else if size.page_rounded().is_none() {
        found.add(Rule::AllocationSizeLimit, "size", value);
    } else {
        let largest = asked.supported().map(|segment| segment.size).max();
        if largest.is_some_and(|largest| size > largest) {
            found.add(Rule::AllocationLargerThanSegments, "size", value);
        }
    }
}

fn check_alignment(asked: &Asked<'_>, found: &mut Found<'_>) {
    let alignment = asked.info.alignment.get();
    let large = asked.supported().any(|segment| segment.page_size == LARGE_PAGE);
    if alignment > PAGE_SIZE && !alignment.is_power_of_two() {
        found.add(Rule::AllocationAlignment, "alignment", hex(alignment));
    } else if large && (alignment == 0 || !alignment.is_multiple_of(LARGE_PAGE.get())) {
        found.add(Rule::AllocationLargePages, "alignment", hex(alignment));
    }
}

fn check_preferred(asked: &Asked<'_>, found: &mut Found<'_>) {
    // Outside of nothing is everything: that the set is empty says it.
    if asked.supported.is_empty() {
        return;
    }
    for (slot, preference) in asked.info.preferred.iter().enumerate() {
        let field = format!("preferred[{slot}]");
        let segment = preference.segment;
        if !asked.supported.contains(segment) {
            found.add(Rule::AllocationPreferenceOutside, &field, format!("segment {segment}"));
        } else if preference.from_end {
            let value = format!("segment {segment} from its end");
            found.add(Rule::AllocationPreferenceDirection, &field, value);
        }
    }
}

fn check_sets(asked: &Asked<'_>, found: &mut Found<'_>) {
    let info = asked.info;
    let sets = [
        ("supported_read", info.supported_read),
        ("supported_write", info.supported_write),
        ("eviction", info.eviction),
    ];
    // The number of segments is at most 31.
    let known = (1_u64 << asked.adapter.segments.len()) - 1;
    for (field, set) in sets {
        if asked.wddm2 && field == "supported_read" {
            continue;
        }
        let unknown = u64::from(set.0) & !known;
        if unknown == 0 {
            continue;
        }
        let system = unknown & !system_memory_bits(asked.adapter) == 0;
        let rule =
            if system { Rule::AllocationSystemMemory } else { Rule::AllocationUnknownSegment };
        found.add(rule, field, word(set.0));
    }
    if asked.supported.is_empty() {
        found.add(Rule::AllocationUnsupported, "supported_write", word(0));
    }
    if asked.wddm2 && info.supported_read != info.supported_write {
        found.add(Rule::AllocationReadSetIgnored, "supported_read", word(info.supported_read.0));
    }
    for segment in asked.eviction() {
        let rule = if segment.kind != SegmentKind::Aperture {
            Rule::AllocationEvictionMemory
        } else if segment.is_pitch_aligned() {
            Rule::AllocationEvictionPitch
        } else {
            continue;
        };
        let value = format!("{} with segment {}", word(info.eviction.0), segment.id);
        found.add(rule, "eviction", value);
    }
}

/// The bits with which a driver may mean system memory: by the number of the segment like any
/// other, or, of 31, by the mask of the headers, which counts from 0.
fn system_memory_bits(adapter: &CheckedAdapter) -> u64 {
    match adapter.system_memory_id.0 {
        0 => 0,
        31 => 1 << 30 | 1 << 31,
        id => 1_u64.checked_shl(u32::from(id) - 1).unwrap_or(0),
    }
}

fn check_banks(asked: &Asked<'_>, found: &mut Found<'_>) {
    let hints = asked.info.hinted_banks;
    if hints.is_empty() {
        return;
    }
    let first = asked.info.preferred.iter().next();
    let first = first.and_then(|preference| asked.adapter.segment(preference.segment));
    let banks = first.map_or(0, |segment| segment.banks.len());
    if banks == 0 {
        found.add(Rule::AllocationBanksUnused, "hinted_banks", word(hints.word()));
        return;
    }
    for (slot, hint) in hints.iter().enumerate() {
        if usize::from(hint.bank) > banks {
            let value = format!("bank {} of {banks}", hint.bank);
            found.add(Rule::AllocationBankUnknown, &format!("hinted_banks[{slot}]"), value);
        }
    }
}

fn check_pitch(asked: &Asked<'_>, found: &mut Found<'_>) {
    let info = asked.info;
    let pitched = info.pitch_aligned_size;
    let rows_sound = info.rows.is_none_or(|rows| check_rows(rows, info.size, found));
    let value = hex(pitched.get());
    let rule = if pitched == Bytes::ZERO {
        asked
            .supported()
            .any(CheckedSegment::is_pitch_aligned)
            .then_some(Rule::AllocationPitchMissing)
    } else if pitched.page_rounded().is_none() {
        Some(Rule::AllocationSizeLimit)
    } else if pitched < info.size {
        Some(Rule::AllocationPitchSmall)
    } else if rows_sound && info.rows.is_some_and(|rows| pitched < rows.aligned_size()) {
        Some(Rule::AllocationPitchRows)
    } else {
        None
    };
    if let Some(rule) = rule {
        found.add(rule, "pitch_aligned_size", value);
    }
}

/// Says whether the rows make sense.
fn check_rows(rows: RowLayout, size: Bytes, found: &mut Found<'_>) -> bool {
    let found = &mut found.below("rows");
    let (rule, field, value) = if rows.rows == 0 {
        (Rule::AllocationRowsEmpty, "rows", rows.rows)
    } else if rows.pitch == 0 {
        (Rule::AllocationRowsEmpty, "pitch", rows.pitch)
    } else if rows.rows > RowLayout::MAX_ROWS {
        (Rule::AllocationRowsCount, "rows", rows.rows)
    } else if rows.aligned_pitch < rows.pitch {
        (Rule::AllocationRowsPitch, "aligned_pitch", rows.aligned_pitch)
    } else if rows.size() != size {
        (Rule::AllocationRowsSize, "pitch", rows.pitch)
    } else {
        return true;
    };
    found.add(rule, field, value.to_string());
    false
}
