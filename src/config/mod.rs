//! What a session says an adapter is: raw data only.
//!
//! Nothing here is checked. `rules` turns it into a checked type or lists what is wrong, so that
//! an impossible adapter can be shown whole and repaired.

mod power;

#[cfg(test)]
mod tests;

use bitflags::bitflags;

use crate::ddi::{DescriptorGeneration, InterfaceVersion, SegmentFlags, SystemMemoryId};

pub use power::{Costs, HardwareKeeps, Kept};

/// An adapter as its driver reports it, with the machine around it. The default is empty and
/// breaks rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// The query that the driver answers; `None` for the newest that its version has.
    pub descriptors: Option<DescriptorGeneration>,
    /// The AGP aperture of the chipset, as `DXGK_QUERYSEGMENTIN` announces it to the driver.
    pub agp_aperture: Option<AgpAperture>,
    /// Departures of the driver from the documents that are switched on.
    pub quirks: Quirks,
    /// What things cost in time.
    pub costs: Costs,
}

/// The AGP aperture that a platform has: `AgpApertureBase` and `AgpApertureSize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgpAperture {
    /// Bus address of its first byte.
    pub base: u64,
    /// Bytes.
    pub size: u64,
}

/// A range of a segment, in bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRange {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

/// `DXGK_CPUHOSTAPERTURE`: a window through which the CPU reaches parts of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuHostAperture {
    /// Where the CPU sees it.
    pub physical_address: u64,
    /// Its size, in pages of the segment.
    pub size_in_pages: u32,
}

/// The video protected range of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VideoProtectedRange {
    /// `VprRangeStartOffset`: bytes from the start of the segment.
    pub start: u64,
    /// `VprRangeSize` in bytes.
    pub size: u64,
    /// `VprAlignment` of start and size in bytes.
    pub alignment: u64,
    /// `NumVprSupported`: ranges at once; 0 for no limit.
    pub supported: u32,
    /// `VprReserveSize`: bytes kept by hardware or driver.
    pub reserve: u64,
}

/// A segment descriptor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// `NbOfBanks`: counted only where the flags say that banking is used.
    pub bank_count: u32,
    /// `pBankRangeTable`: where each bank ends, in bytes from the start of the segment. The last
    /// entry may be left out or hold anything: the last bank ends with the segment.
    pub bank_ends: Vec<u64>,
    /// Ranges that `SEGMENTMEMORYSTATE` reports as invalid: nothing may lie there.
    pub invalid_ranges: Vec<SegmentRange>,
    /// Ranges that the boot frame buffer occupies, as `UEFIFRAMEBUFFERRANGES` reports them.
    pub uefi_frame_buffer_ranges: Vec<SegmentRange>,
    /// The programmable window of the CPU, where the flags say that there is one.
    pub cpu_host_aperture: Option<CpuHostAperture>,
    /// The video protected range, where the flags say that there is one.
    pub video_protected_range: Option<VideoProtectedRange>,
    /// What the hardware really keeps while the machine sleeps, where the flags do not tell.
    pub hardware_keeps: HardwareKeeps,
}

/// The paging buffer that the driver asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// What becomes of offered content when its room is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OfferPolicy {
    /// It is dropped; reclaiming says so.
    #[default]
    Discard,
    /// It is moved out like any other.
    Keep,
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
    /// What becomes of offered content.
    pub offers: OfferPolicy,
    /// The most bytes of one sub-transfer, a page multiple; 0 where a whole allocation is one.
    pub transfer_limit: u64,
}

bitflags! {
    /// Departures from the documents that public drivers show, each by name. A set bit switches
    /// the departure on; what it damages is found by the invariants.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Quirks: u32 {
        /// Unmapped aperture pages point at page 0 of system memory, not at the dummy page.
        const UnmapToPageZero = 1 << 0;
        /// Unmapped aperture entries are cleared: an access faults instead of reaching the dummy
        /// page.
        const UnmapClearsEntries = 1 << 1;
        /// TransferOffset is added to the page list as well as to the segment; pages beyond the
        /// list are left out.
        const TransferOffsetOnBothSides = 1 << 2;
        /// TransferOffset is not added to the segment.
        const TransferOffsetIgnored = 1 << 3;
        /// Page lists are read from their first page, whatever MdlOffset says.
        const MdlOffsetIgnored = 1 << 4;
        /// A full buffer is reported without ever building anything.
        const NoProgress = 1 << 5;
        /// Every paging operation succeeds and does nothing.
        const NoOpPaging = 1 << 6;
        /// Cached pages are handed to a segment that is not coherent without flushing the cache.
        const NoCacheFlush = 1 << 7;
        /// Fills write zero, whatever the pattern.
        const FillIgnoresPattern = 1 << 8;
        /// Maps and unmaps without an allocation, those of buffers, succeed and do nothing.
        const NullAllocationMapIgnored = 1 << 9;
        /// Transfers and fills are answered with NOT_SUPPORTED.
        const TransferNotSupported = 1 << 10;
        /// Page lists are read from TransferOffset, modulo the bytes of the list, whatever MdlOffset
        /// says; pages beyond the list are left out.
        const TransferOffsetIntoList = 1 << 11;
        /// `DxgkDdiSetPowerState` fails for every state but D0, which it must not.
        const SetPowerStateFails = 1 << 12;
        /// Addresses in DMA buffers are those of the starts of allocations: AllocationOffset is not
        /// added.
        const PatchIgnoresAllocationOffset = 1 << 13;
    }
}
