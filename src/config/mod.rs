//! What a session says an adapter is: raw data only.
//!
//! Nothing here is checked. `rules` turns it into a checked type or lists what is wrong, so that
//! an impossible adapter can be shown whole and repaired.

use crate::ddi::{InterfaceVersion, SegmentFlags, SystemMemoryId};

/// An adapter as its driver reports it, with the machine around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// What people call it.
    pub name: String,
    /// The interface version of its driver.
    pub version: InterfaceVersion,
    /// How its driver encodes buffers, and its quirks: the name of a profile.
    pub profile: String,
    /// Bytes of system memory.
    pub system_memory: u64,
    /// Scatters the frames of page lists; any number.
    pub frame_seed: u64,
    /// Segments in the driver's order; the first is segment 1.
    pub segments: Vec<Segment>,
    /// The paging buffer.
    pub paging_buffer: PagingBuffer,
    /// The driver's number for system memory in preference words and sets.
    pub system_memory_id: SystemMemoryId,
    /// `ApertureSegmentCommitLimit`: bytes mapped into all apertures together; 0 for no limit.
    pub aperture_commit_limit: u64,
}

/// A segment descriptor, as far as it is modelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What people call it.
    pub name: String,
    /// The flag word, reserved bits included.
    pub flags: SegmentFlags,
    /// `BaseAddress`.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// `CommitLimit` in bytes; 0 stands for the size.
    pub commit_limit: u64,
    /// `CpuTranslatedAddress`: meaningful where the segment is visible to the CPU.
    pub cpu_translated_address: u64,
    /// `SystemMemoryEndAddress`: the last byte kept in hibernation, as an offset; 0 for none.
    pub system_memory_end_address: u64,
}

/// The paging buffer that the driver asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagingBuffer {
    /// `PagingBufferSegmentId`: an aperture segment, or 0 for contiguous system memory.
    pub segment: u8,
    /// `PagingBufferSize` in bytes.
    pub size: u64,
    /// `PagingBufferPrivateDataSize` in bytes.
    pub private_data_size: u64,
    /// How many buffers VidMm keeps to build in while the GPU still reads others.
    pub count: u32,
}

/// Which hole is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FitPolicy {
    /// The first in the direction of the search.
    #[default]
    First,
    /// The smallest that suffices.
    Best,
}

/// Which of equally ranked allocations leaves first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EvictionPolicy {
    /// The one referenced longest ago.
    #[default]
    Lru,
    /// The one referenced last.
    Mru,
    /// The one paged in first.
    Fifo,
}

/// When the engine runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnginePolicy {
    /// At the end of every command, until it is idle.
    #[default]
    Drain,
    /// When VidMm waits or a command says so.
    Manual,
}

/// What the documents leave open and a session may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    /// Which hole is taken.
    pub fit: FitPolicy,
    /// Which allocation leaves first.
    pub eviction: EvictionPolicy,
    /// When the engine runs.
    pub engine: EnginePolicy,
}
