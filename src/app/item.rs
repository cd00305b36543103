//! What can be selected and hovered: one selection for the whole window.

use crate::base::{AllocationId, FrameNumber, ProcessId, SegmentId, Span};
use crate::machine::Place;

/// Something in the window that can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// A segment.
    Segment(SegmentId),
    /// An allocation.
    Allocation(AllocationId),
    /// A process.
    Process(ProcessId),
    /// A hole of a segment, in bytes from its start.
    Hole(SegmentId, Span),
    /// A page of an aperture, counted from its start.
    AperturePage(SegmentId, u64),
    /// A frame of system memory.
    Frame(FrameNumber),
    /// A buffer: a place in VidMm's table.
    Buffer(u32),
    /// A command, an operation or a packet.
    Step(Place),
}
