//! Rules on parts of a segment: invalid ranges, the boot frame buffer, the video protected range.

use crate::base::Span;
use crate::base::text::{hex, word};
use crate::config::SegmentRange;
use crate::ddi::{DescriptorGeneration, InterfaceVersion, SegmentFlags};

use super::Rule;
use super::finding::Found;
use super::seen::Seen;

/// Ranges of a kind that a segment may have. A limit of the model.
pub(super) const MAX_RANGES: usize = 4096;
/// Findings on ranges of a kind that are told one by one; more of the same help nobody.
const MOST_FINDINGS: usize = 16;

/// The parts of a segment.
pub(super) fn check(segment: &Seen<'_>, found: &mut Found<'_>) {
    let raw = segment.raw;
    let generation_4 = segment.generation >= DescriptorGeneration::Descriptor4;
    let mut spans = Vec::new();
    if !raw.invalid_ranges.is_empty() && !generation_4 {
        let value = format!("of {} ranges", raw.invalid_ranges.len());
        found.add(Rule::InvalidRangesGeneration, "invalid_ranges", value);
    } else {
        check_ranges(segment, "invalid_ranges", &raw.invalid_ranges, &mut spans, found);
    }
    let boot = generation_4 && segment.version >= InterfaceVersion::Wddm2_2;
    if !raw.uefi_frame_buffer_ranges.is_empty() && !boot {
        let value = format!("of {} ranges", raw.uefi_frame_buffer_ranges.len());
        found.add(Rule::FrameBufferGeneration, "uefi_frame_buffer_ranges", value);
    } else {
        let ranges = &raw.uefi_frame_buffer_ranges;
        check_ranges(segment, "uefi_frame_buffer_ranges", ranges, &mut spans, found);
    }
    check_overlaps(spans, found);
    check_protected(segment, found);
}

/// Each range by itself; those that are sound join `spans` with where they come from.
fn check_ranges<'a>(
    segment: &Seen<'_>,
    name: &'a str,
    ranges: &[SegmentRange],
    spans: &mut Vec<(Span, &'a str, usize)>,
    found: &mut Found<'_>,
) {
    if ranges.len() > MAX_RANGES {
        found.add(Rule::TooManyRanges, name, format!("of {} ranges", ranges.len()));
        return;
    }
    let mut told = 0;
    let mut tell = |rule, index: usize, value: String| {
        told += 1;
        if told <= MOST_FINDINGS {
            found.add(rule, &format!("{name}[{index}]"), value);
        }
    };
    let page = segment.page();
    for (index, range) in ranges.iter().enumerate() {
        let SegmentRange { offset, size } = *range;
        let value = || format!("{} bytes at {}", hex(size), hex(offset));
        match Span::at(offset, size) {
            _ if size == 0 => tell(Rule::RangeEmpty, index, value()),
            None => tell(Rule::RangeBeyondSegment, index, value()),
            Some(span) if span.end() > segment.size => {
                tell(Rule::RangeBeyondSegment, index, value());
            }
            Some(_) if !offset.is_multiple_of(page) || !size.is_multiple_of(page) => {
                tell(Rule::RangePages, index, value());
            }
            Some(span) => spans.push((span, name, index)),
        }
    }
}

/// Ranges that overlap the one before them.
fn check_overlaps(mut spans: Vec<(Span, &str, usize)>, found: &mut Found<'_>) {
    spans.sort_unstable();
    let mut end = 0;
    let mut told = 0;
    for (span, name, index) in spans {
        if span.start() < end && told < MOST_FINDINGS {
            told += 1;
            found.add(Rule::RangesOverlap, &format!("{name}[{index}]"), span.to_string());
        }
        end = end.max(span.end());
    }
}

fn check_protected(segment: &Seen<'_>, found: &mut Found<'_>) {
    let flagged = segment.has(SegmentFlags::VprSupported);
    if segment.has(SegmentFlags::VprPreservedDuringStandby) && !flagged {
        found.add(Rule::ProtectedStandby, "flags", word(segment.raw.flags.bits()));
    }
    let Some(range) = segment.raw.video_protected_range else {
        // Where no descriptor has a range, the flag itself is wrong.
        if flagged && segment.generation >= DescriptorGeneration::Descriptor4 {
            found.add(Rule::ProtectedEmpty, "video_protected_range", "absent");
        }
        return;
    };
    let value = format!("{} bytes at {}", hex(range.size), hex(range.start));
    if segment.generation < DescriptorGeneration::Descriptor4 {
        found.add(Rule::ProtectedGeneration, "video_protected_range", value);
        return;
    }
    if !flagged {
        found.add(Rule::ProtectedUnused, "video_protected_range", value);
        return;
    }
    if range.size == 0 {
        found.add(Rule::ProtectedEmpty, "video_protected_range", value);
        return;
    }
    if Span::at(range.start, range.size).is_none_or(|span| span.end() > segment.size) {
        found.add(Rule::ProtectedBeyondSegment, "video_protected_range", value);
    }
    let found = &mut found.below("video_protected_range");
    let aligned = |number: u64| range.alignment == 0 || number.is_multiple_of(range.alignment);
    if !aligned(range.start) || !aligned(range.size) {
        found.add(Rule::ProtectedAlignment, "alignment", hex(range.alignment));
    }
    if range.reserve > range.size {
        found.add(Rule::ProtectedReserve, "reserve", hex(range.reserve));
    }
}
