//! What somebody can ask of the machine. A session stores only these.
//!
//! Names are gone: `session` has bound each to the dense id of its first mention.

use crate::base::{AllocationId, Bytes, DeviceId, FenceId, ProcessId, SegmentId, Span};
use crate::ddi::{AllocationInfo, NtStatus, Priority};

/// Bytes that a write leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Pseudo-random bytes of a seed.
    Seed(u64),
    /// A repeated 32-bit little-endian word.
    Pattern(u32),
    /// Exactly these.
    Bytes(Box<[u8]>),
}

/// A range of an allocation; `length` `None` means to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AllocationRange {
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub length: Option<u64>,
}

/// What the GPU does with one allocation in a `Use`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// Reads the range; what it sees is compared with what must be there.
    Read,
    /// Writes the range. Without a seed, one is made from the allocation and its count of writes.
    Write {
        /// Says which bytes.
        seed: Option<u64>,
    },
}

/// One reference of a `Use`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The allocation.
    pub allocation: AllocationId,
    /// Which part.
    pub range: AllocationRange,
    /// Read or write.
    pub kind: ReferenceKind,
}

/// How far a `RunGpu` goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunGpu {
    /// Until nothing is queued.
    UntilIdle,
    /// So many packets.
    Packets(u32),
    /// Until a fence is signalled.
    UntilFence(FenceId),
}

/// Creates an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateAllocation {
    /// Its identity.
    pub allocation: AllocationId,
    /// The device that it belongs to.
    pub device: DeviceId,
    /// What the user-mode driver asks for.
    pub info: AllocationInfo,
    /// What a first page-in without content fills it with.
    pub fill_pattern: u32,
    /// Paged in by the same command; when that is refused, so is the creation.
    pub resident: bool,
}

/// Where an allocation may be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedPlace {
    /// Resident in this segment, at this offset if one is given.
    Segment(SegmentId, Option<u64>),
    /// Not resident in any segment.
    NotResident,
    /// Destroyed, or never created.
    Absent,
}

/// What an allocation's bytes may be expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContentState {
    /// Every byte is what the commands so far make it.
    Intact,
    /// Some byte is not.
    Damaged,
    /// Neither written nor filled yet.
    NeverWritten,
}

/// A count that a session may expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counter {
    /// Times an allocation became resident.
    PageIns,
    /// Times an allocation left other than by destruction.
    Evictions,
    /// Bytes of Fill operations.
    BytesFilled,
    /// Bytes of DiscardContent operations.
    BytesDiscarded,
    /// Bytes of allocations mapped into apertures.
    BytesMappedIntoAperture,
    /// Bytes of allocations unmapped from apertures.
    BytesUnmappedFromAperture,
    /// Bytes moved from page lists to memory segments.
    BytesMdlToMemory,
    /// Bytes moved from memory segments to page lists.
    BytesMemoryToMdl,
    /// Bytes moved from apertures to memory segments.
    BytesApertureToMemory,
    /// Bytes moved from memory segments to apertures.
    BytesMemoryToAperture,
    /// Commands refused.
    Refusals,
    /// Faults of the device.
    Faults,
    /// Buffers submitted to the GPU.
    Submissions,
}

impl Counter {
    /// Every counter, in the order of the report.
    pub const ALL: [Self; 13] = [
        Self::PageIns,
        Self::Evictions,
        Self::BytesFilled,
        Self::BytesDiscarded,
        Self::BytesMappedIntoAperture,
        Self::BytesUnmappedFromAperture,
        Self::BytesMdlToMemory,
        Self::BytesMemoryToMdl,
        Self::BytesApertureToMemory,
        Self::BytesMemoryToAperture,
        Self::Refusals,
        Self::Faults,
        Self::Submissions,
    ];
}

/// Something that must hold when it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// An allocation is there.
    Place(AllocationId, ExpectedPlace),
    /// An allocation's content is in this state.
    Content(AllocationId, ContentState),
    /// The last command that was not an expectation ended with this status.
    Status(NtStatus),
    /// A counter stands at this value.
    Counter(Counter, u64),
    /// Bytes of an allocation, wherever they are now.
    Bytes(AllocationId, u64, Box<[u8]>),
    /// Bytes of a segment at an offset, as the GPU sees them.
    SegmentBytes(SegmentId, u64, Box<[u8]>),
    /// Bytes of system memory at a physical address.
    PhysicalBytes(u64, Box<[u8]>),
    /// The hash of an allocation's bytes.
    Hash(AllocationId, u64),
    /// The machine has stopped, with this bug check and first parameter.
    Stopped(u32, u32),
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A process appears.
    CreateProcess(ProcessId),
    /// A process opens a device on the adapter.
    CreateDevice(DeviceId, ProcessId),
    /// A device creates an allocation.
    CreateAllocation(Box<CreateAllocation>),
    /// An allocation is destroyed.
    DestroyAllocation(AllocationId),
    /// The allocations are made resident together.
    MakeResident(Box<[AllocationId]>),
    /// The GPU reads and writes allocations, resident together.
    Use(Box<[Reference]>),
    /// The CPU writes.
    CpuWrite(AllocationId, AllocationRange, Data),
    /// The CPU reads; what it sees is compared with what must be there.
    CpuRead(AllocationId, AllocationRange),
    /// One allocation leaves its segment.
    Evict(AllocationId),
    /// Everything that may leave does.
    EvictAll,
    /// The priority changes.
    SetPriority(AllocationId, Priority),
    /// The engine runs.
    RunGpu(RunGpu),
    /// Something must hold.
    Expect(Expectation),
}

impl Command {
    /// Whether it only looks: an expectation changes nothing.
    #[must_use]
    pub const fn is_expectation(&self) -> bool {
        matches!(self, Self::Expect(_))
    }
}

/// The part of an allocation that a range names, or `None` when it reaches beyond `size`.
#[must_use]
pub fn resolve_range(range: AllocationRange, size: Bytes) -> Option<Span> {
    let span = match range.length {
        Some(length) => Span::at(range.offset, length)?,
        None => Span::new(range.offset, size.get())?,
    };
    Span::whole(size.get()).covers(span).then_some(span)
}
