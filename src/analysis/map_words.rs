//! What the memory map says in words: blocks, holes, merged columns, aperture pages, frames.

pub use super::explain::extent_text as extent_name;

use super::allocation_words::state_lines;
use super::explain::frame_text;
use super::lanes::{Contributors, Encoded, process_of};
use super::lens::{LensPage, PageTarget};
use crate::base::text::{count, counted, hex, size};
use crate::base::{FrameNumber, PAGE_SIZE, Span};
use crate::machine::{ForeignTarget, Started};
use crate::memory::FrameUse;
use crate::rules::CheckedSegment;
use crate::session::Names;
use crate::vidmm::{Book, ExtentOwner, Placement};

/// Whose a block is.
#[must_use]
pub fn owner_name<'a>(book: &Book, names: &'a Names, owner: ExtentOwner) -> &'a str {
    match process_of(book, owner) {
        Some(process) => names.process(process),
        None => "VidMm",
    }
}

/// An address with at least eight digits, as rulers have them.
#[must_use]
pub fn address(value: u64) -> String {
    if value >> 16 == 0 { format!("0x0000_{value:04X}") } else { hex(value) }
}

/// A range of a segment as addresses on the GPU's side, both ends inclusive.
#[must_use]
pub fn addresses(segment: &CheckedSegment, span: Span) -> String {
    // The rules keep base plus size within 64 bits; saturating says so without a panic.
    let base = segment.base.get();
    let end = base.saturating_add(span.end().saturating_sub(1));
    format!("{}–{}", address(base.saturating_add(span.start())), address(end))
}

/// What a block says, one fact a line; its name and owner stand above.
#[must_use]
pub fn block_lines(
    started: &Started,
    names: &Names,
    segment: &CheckedSegment,
    owner: ExtentOwner,
    span: Span,
    encoded: Option<&Encoded>,
    since: Option<usize>,
) -> Vec<String> {
    let mut lines = vec![
        format!("{}, {}", size(span.len()), counted(span.len() / PAGE_SIZE, "page")),
        addresses(segment, span),
        format!("offset {} in {}", hex(span.start()), segment.name),
    ];
    match owner {
        ExtentOwner::Allocation(id) => {
            lines.extend(since.map(|command| format!("here since command {command}")));
            if let Some(encoded) = encoded {
                let Encoded { executed, encoded: all, .. } = encoded;
                lines.push(format!("encoded: {executed} of {} executed", counted(*all, "packet")));
            }
            let Some(allocation) = started.vidmm().book().allocation(id) else { return lines };
            let place = Placement { segment: segment.id, span };
            lines.extend(state_lines(started, names, segment, allocation, place));
        }
        ExtentOwner::Eviction(_) => {
            lines.push("the mapping through which it is being evicted".to_owned());
        }
        ExtentOwner::DmaBuffer(_) => {
            lines.push("mapped for a submission, until the GPU is through with it".to_owned());
        }
        ExtentOwner::PagingBuffer(_) => {
            lines.push("mapped when the adapter started, for VidMm's own operations".to_owned());
        }
        ExtentOwner::InvalidRange(_) => {
            lines.push(
                "unusable: the driver reports it as invalid, so that nothing may lie here"
                    .to_owned(),
            );
        }
        ExtentOwner::UefiFrameBuffer(_) => {
            lines.push("unusable: it holds the frame buffer of the boot firmware".to_owned());
        }
    }
    lines
}

/// What a hole says.
#[must_use]
pub fn hole_lines(segment: &CheckedSegment, span: Span) -> Vec<String> {
    vec![
        format!("{}, {}", size(span.len()), counted(span.len() / PAGE_SIZE, "page")),
        addresses(segment, span),
        format!("offset {} in {}", hex(span.start()), segment.name),
    ]
}

/// What a column of merged blocks says: how full it is, and who fills it most.
#[must_use]
pub fn column_lines(
    names: &Names,
    segment: &CheckedSegment,
    column: Span,
    found: &Contributors,
) -> Vec<String> {
    let mut lines = vec![
        addresses(segment, column),
        format!("{} of {} used here", size(found.used), size(column.len())),
    ];
    for (owner, bytes) in &found.largest {
        lines.push(format!("{}  {}", size(*bytes), extent_name(names, *owner)));
    }
    let named = u64::try_from(found.largest.len()).unwrap_or(u64::MAX);
    if found.count > named {
        lines.push(format!("and {} more", count(found.count - named)));
    }
    lines
}

/// A page of an aperture and where it points, in one line. `dummy` is the frame that stands in
/// for what is not mapped.
#[must_use]
pub fn page_title(segment: &CheckedSegment, page: &LensPage, dummy: FrameNumber) -> String {
    let end = match page.target {
        PageTarget::Frame { frame, .. } => format!("frame {}", hex(frame.get())),
        PageTarget::Dummy(frame) if frame != dummy => {
            format!("frame {}, not the dummy page", hex(frame.get()))
        }
        PageTarget::Dummy(frame) => format!("dummy page, frame {}", hex(frame.get())),
        PageTarget::Nowhere => "nowhere".to_owned(),
    };
    format!("{} page {} → {end}", segment.name, hex(page.page))
}

/// What else a page of an aperture says.
#[must_use]
pub fn page_lines(
    names: &Names,
    (book, dummy): (&Book, FrameNumber),
    segment: &CheckedSegment,
    page: &LensPage,
) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((owner, own)) = page.owner {
        let pages = page
            .page
            .checked_sub(own)
            .and_then(|first| first.checked_mul(PAGE_SIZE))
            .and_then(|start| book.segment(segment.id)?.space().block_at(start))
            .map_or(0, |(span, _)| span.len() / PAGE_SIZE);
        let offset = own.saturating_mul(PAGE_SIZE);
        lines.push(format!(
            "{} at {}, page {} of {}",
            extent_name(names, owner),
            hex(offset),
            count(own.saturating_add(1)),
            count(pages),
        ));
    }
    lines.push(match (page.target, page.owner) {
        (PageTarget::Frame { coherent: true, .. }, Some(_)) => "cache coherent".to_owned(),
        (PageTarget::Frame { coherent: false, .. }, Some(_)) => "not cache coherent".to_owned(),
        (PageTarget::Frame { .. }, None) if page.foreign.is_none() => {
            "still mapped in the hardware; the book has given it up".to_owned()
        }
        (PageTarget::Frame { coherent, .. }, None) => {
            format!("{}cache coherent", if coherent { "" } else { "not " })
        }
        (PageTarget::Dummy(frame), None) if frame != dummy => {
            "not mapped: every access reaches what lies in that frame".to_owned()
        }
        (PageTarget::Dummy(_), None) => {
            "not mapped: every access reaches the dummy page".to_owned()
        }
        (PageTarget::Dummy(_), Some(_)) => {
            "booked, not mapped yet: every access reaches the dummy page".to_owned()
        }
        (PageTarget::Nowhere, _) => "entry cleared: every access is a fault".to_owned(),
    });
    match page.foreign {
        Some(ForeignTarget::Pages(id, number)) => lines.push(format!(
            "mapped by hand: page {} of {}, which VidMm's book knows nothing of",
            count(number.saturating_add(1)),
            names.pages(id),
        )),
        Some(ForeignTarget::Frame(frame)) => {
            lines.push(format!("pointed by hand at frame {}", hex(frame.get())));
        }
        None => {}
    }
    if page.stale > 0 {
        let bytes = size(page.stale);
        lines.push(format!("stale: the CPU's cache holds {bytes} that the GPU does not see"));
    }
    if page.wrong {
        lines.push("wrong: it points elsewhere than VidMm's book says".to_owned());
    }
    if segment.is_agp() {
        lines.push("read from the chipset's table".to_owned());
    }
    let start = page.page.saturating_mul(PAGE_SIZE).saturating_add(segment.base.get());
    lines.push(format!("address {}", address(start)));
    lines
}

/// What a frame is used for.
#[must_use]
pub fn frame_use(names: &Names, usage: Option<FrameUse>) -> String {
    match usage {
        None => "outside system memory".to_owned(),
        Some(usage @ FrameUse::DummyPage) => {
            format!("{}: unmapped pages of apertures point here", frame_text(names, usage))
        }
        Some(usage) => frame_text(names, usage),
    }
}

/// A frame as a heading.
#[must_use]
pub fn frame_title(frame: FrameNumber) -> String {
    format!("Frame {}", hex(frame.get()))
}
