//! The run in words: one place for the log, tables, tooltips, "Why here?" and the command line.
//!
//! Every text is made from data and names, with the numbers that decided. Nothing here reads the
//! machine, so that the same data is always told in the same words.

mod command;
mod decision;
mod ending;
mod operation;
mod owner;
mod packet;
mod power;
mod status;
#[cfg(test)]
mod tests;

pub use command::{
    CommandText, command_text, command_title, counter_name, expectation_text, no_buffer_text,
    user_command_text,
};
pub use decision::{CandidateLine, CandidateMark, VictimLine, decision_lines, policy_text};
pub use ending::{
    RefusalText, content_state_text, damage_text, fault_text, mismatch_text, packet_fault_text,
    refusal_text, start_refusal_text, stop_text, violation_text,
};
pub use operation::{
    Flow, OperationText, flow, operation_text, operation_title, reason_text, summary_text,
    wait_text,
};
pub use owner::{buffer_text, extent_text, frame_text};
pub use packet::{PacketText, packet_text};
pub use power::{
    fate_reason_text, fate_text, not_allowed_text, phase_text, power_operation_text, power_text,
    sleep_name, transition_name, verdict_text,
};
pub use status::{
    StatusKind, StatusText, command_status, ending_status, operation_status, packet_status,
};

use crate::base::text::{exact_size, hex, size};
use crate::base::{AllocationId, SegmentAddress, SegmentId};
use crate::rules::CheckedSegment;
use crate::session::Names;

/// What texts are made with: the names of a session, and the segments of its adapter.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// Names of what the ids stand for.
    pub names: &'a Names,
    /// Segments in order of their ids; empty where the adapter did not start.
    pub segments: &'a [CheckedSegment],
}

impl<'a> Words<'a> {
    /// Words for the objects that `names` names, on an adapter with these segments.
    #[must_use]
    pub const fn new(names: &'a Names, segments: &'a [CheckedSegment]) -> Self {
        Self { names, segments }
    }

    /// What an allocation is called.
    #[must_use]
    pub fn allocation(&self, id: AllocationId) -> &'a str {
        self.names.allocation(id)
    }

    /// What a segment is called.
    #[must_use]
    pub fn segment(&self, id: SegmentId) -> &'a str {
        self.names.segment(id)
    }

    /// The segment of an id.
    #[must_use]
    pub fn checked(&self, id: SegmentId) -> Option<&'a CheckedSegment> {
        self.segments.get(id.index())
    }

    /// A place as the DDI names it, base address included: `VRAM 0x0040_0000`.
    #[must_use]
    pub fn at(&self, id: SegmentId, address: SegmentAddress) -> String {
        format!("{} {address}", self.segment(id))
    }

    /// A place counted in bytes from the start of a segment: `VRAM 0x0040_0000`.
    #[must_use]
    pub fn at_offset(&self, id: SegmentId, offset: u64) -> String {
        let base = self.checked(id).map_or(0, |segment| segment.base.get());
        self.at(id, SegmentAddress(base.saturating_add(offset)))
    }

    /// Up to four allocations by name, and how many more there are.
    #[must_use]
    pub fn list(&self, ids: impl IntoIterator<Item = AllocationId>) -> String {
        listed(ids.into_iter().map(|id| self.allocation(id).to_owned()))
    }
}

/// Names before the rest is only counted.
const LISTED: usize = 4;

fn listed(texts: impl Iterator<Item = String>) -> String {
    let mut shown = Vec::new();
    let mut more = 0_u64;
    for text in texts {
        if shown.len() < LISTED {
            shown.push(text);
        } else {
            more += 1;
        }
    }
    match more {
        0 => shown.join(", "),
        _ => format!("{} and {} more", shown.join(", "), crate::base::text::count(more)),
    }
}

/// Two sizes for comparing: exact where rounding would make them look alike.
fn compared(a: u64, b: u64) -> (String, String) {
    let rounded = (size(a), size(b));
    if a != b && rounded.0 == rounded.1 { (exact_size(a), exact_size(b)) } else { rounded }
}

/// Up to eight bytes in hexadecimal, and whether there are more.
fn bytes_text(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02X}")).collect();
    let rest = if bytes.len() > 8 { " …" } else { "" };
    format!("{}{rest}", shown.join(" "))
}

/// Part of an allocation: ` (64 KiB at 0x1000)`, or nothing for the whole.
fn range_text(range: crate::machine::AllocationRange) -> String {
    match (range.offset, range.length) {
        (0, None) => String::new(),
        (offset, None) => format!(" (from {})", hex(offset)),
        (offset, Some(length)) => format!(" ({} at {})", exact_size(length), hex(offset)),
    }
}
