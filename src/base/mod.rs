//! What every room stands on: sizes and addresses, ranges, ids, change journals, a stable hash,
//! sparse runs over an address space, and numbers as text.
//!
//! This room knows nothing of graphics, of drivers or of the window.

mod hash;
mod ids;
mod journal;
mod overlay;
mod past;
mod rng;
mod runs;
mod span;
pub mod text;
mod traffic;
mod units;

pub use hash::{StableHasher, StateHash};
pub use ids::{
    AllocationId, ContextId, ContextRef, DeviceId, FenceId, PagesId, ProcessId, SegmentId,
};
pub use journal::{Change, Journal, Keeping, Position};
pub use overlay::{Overlay, Replaced};
pub use rng::SplitMix;
pub use runs::{Piece, Run, RunMap, RunValue};
pub use span::Span;
pub use traffic::Traffic;
pub use units::{
    Bytes, FrameNumber, PAGE_SIZE, Pages, PhysicalAddress, SegmentAddress, SegmentOffset,
};
