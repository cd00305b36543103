//! Bytes without storing them, and system memory made of such bytes.
//!
//! Memory is described by runs: a gigabyte of one fill is one run, and moving it moves the
//! description. Every kind of content is byte-exact, so that any range can be read, compared and
//! hashed whatever describes it. On top stand memory descriptor lists and the host's memory: frames,
//! who uses them, what they hold, what the processor's cache hides, and the chipset's address table.
//!
//! This room knows nothing of segments, residency, drivers or GPUs; it never asks why bytes move.

pub mod bytes;
mod cache;
mod change;
mod content;
mod content_hash;
mod frames;
mod gart;
mod host;
mod host_change;
mod mdl;
mod seen;

#[cfg(test)]
mod host_tests;
#[cfg(test)]
mod tests;

pub use bytes::ByteMap;
pub use cache::CacheLine;
pub use change::{ByteChange, OutOfRange};
pub use content::{Content, ExplicitBytes};
pub use content_hash::{ContentHash, ContentHasher};
pub use frames::{FrameUse, Layout, OutOfFrames};
pub use gart::GartEntry;
pub use host::HostMemory;
pub use host_change::{HostChange, HostState};
pub use mdl::{FrameRun, Mdl};
pub use seen::SeenBytes;
