//! Rules on the paging buffer.

use crate::base::text::hex;
use crate::base::{SegmentId, Span};
use crate::config::{Adapter, PagingBuffer};
use crate::ddi::SegmentFlags;

use super::Rule;
use super::finding::Found;
use super::ranges::MAX_RANGES;
use super::seen::Seen;

/// Limits of the model that are not limits of the kit.
const MAX_SIZE: u64 = 16 << 20;
const MIN_SIZE: u64 = 64;
const MAX_PRIVATE_DATA: u64 = 1 << 20;
const MAX_COUNT: u32 = 64;

/// The paging buffer, and its segment if it has one.
pub(super) fn check(adapter: &Adapter, segments: &[Seen<'_>], found: &mut Found<'_>) {
    let PagingBuffer { segment, size, private_data_size, count } = adapter.paging_buffer;
    let found = &mut found.below("paging_buffer");
    let sized = (MIN_SIZE..=MAX_SIZE).contains(&size);
    if !sized {
        found.add(Rule::PagingBufferSize, "size", hex(size));
    }
    if private_data_size > MAX_PRIVATE_DATA {
        found.add(Rule::PagingBufferPrivateData, "private_data_size", hex(private_data_size));
    }
    let counted = (1..=MAX_COUNT).contains(&count);
    if !counted {
        found.add(Rule::PagingBufferCount, "count", count.to_string());
    }
    if segment == 0 {
        return;
    }
    let Some(place) = SegmentId::new(segment).and_then(|id| segments.get(id.index())) else {
        found.add(Rule::PagingBufferSegment, "segment", segment.to_string());
        return;
    };
    if !place.aperture {
        if place.has(SegmentFlags::CpuVisible) {
            found.add(Rule::PagingBufferMemory, "segment", segment.to_string());
        } else {
            found.add(Rule::PagingBufferInvisible, "segment", segment.to_string());
            return;
        }
    }
    // A segment without a size has a finding of its own.
    if sized && counted && place.size > 0 && room(place, size) < u64::from(count) {
        found.add(Rule::PagingBufferRoom, "segment", segment.to_string());
    }
}

/// How many buffers of a size fit between the ranges where nothing may lie.
fn room(segment: &Seen<'_>, size: u64) -> u64 {
    let (invalid, boot) = (&segment.raw.invalid_ranges, &segment.raw.uefi_frame_buffer_ranges);
    if invalid.len() > MAX_RANGES || boot.len() > MAX_RANGES {
        return u64::MAX;
    }
    let mut taken: Vec<Span> =
        invalid.iter().chain(boot).filter_map(|range| Span::at(range.offset, range.size)).collect();
    // The end of the segment ends the last gap.
    taken.push(Span::at(segment.size, 0).unwrap_or_default());
    taken.sort_unstable();
    let page = segment.page();
    // At most 16 MiB, rounded up to a page.
    let size = size.next_multiple_of(page);
    let (mut start, mut buffers) = (0_u64, 0_u64);
    for span in taken {
        let first = start.checked_next_multiple_of(page).unwrap_or(u64::MAX);
        let gap = span.start().min(segment.size).saturating_sub(first);
        buffers = buffers.saturating_add(gap / size);
        start = start.max(span.end());
    }
    buffers
}
