//! What somebody can ask of the machine. A session stores only these.
//!
//! Names are gone: `session` has bound each to the dense id of its first mention.

use crate::base::{
    AllocationId, Bytes, ContextId, ContextRef, DeviceId, FenceId, PagesId, ProcessId, SegmentId,
    Span,
};
use crate::ddi::{
    AllocationInfo, DeviceInfo, DiscardContentFlags, LockFlags, MapApertureFlags, NtStatus,
    OfferPriority, OperationKind, Priority, TransferFlags,
};
use crate::rules::Rule;
use crate::vidmm::{Fate, Power, Transition};

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

/// A place in an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The allocation.
    pub allocation: AllocationId,
    /// Bytes from its start.
    pub offset: u64,
}

/// One command that the user-mode driver writes into a command buffer. Whether it is possible is for
/// the kernel-mode driver to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserCommand {
    /// Repeats a pattern.
    Fill {
        /// The first byte.
        destination: At,
        /// Bytes; to the end of the allocation without.
        length: Option<u64>,
        /// Little-endian, 32 bits.
        pattern: u32,
    },
    /// Copies bytes.
    Copy {
        /// From.
        source: At,
        /// To.
        destination: At,
        /// Bytes; to the end of the source without.
        length: Option<u64>,
    },
    /// Copies rows that lie apart.
    Blit {
        /// From.
        source: At,
        /// Bytes from one row read to the next.
        source_pitch: u32,
        /// To.
        destination: At,
        /// Bytes from one row written to the next.
        destination_pitch: u32,
        /// Bytes of a row.
        row_bytes: u32,
        /// Rows.
        rows: u32,
    },
    /// Adds four bytes to those of a range, over and over.
    Add {
        /// The first byte.
        destination: At,
        /// Bytes; to the end of the allocation without.
        length: Option<u64>,
        /// The four bytes, the lowest first.
        addend: u32,
    },
    /// Reads and writes several allocations, which are bound from here on.
    Draw(Box<[Reference]>),
    /// Unbinds what draws bound.
    Unbind,
    /// Waits until 64 bits are at least a value.
    Wait {
        /// Where they are.
        fence: At,
        /// The value.
        value: u64,
    },
    /// Writes 64 bits.
    Signal {
        /// Where.
        fence: At,
        /// The value.
        value: u64,
    },
    /// These bytes as they are, whatever they mean: entries of the allocation list that they name
    /// are those of the allocations, in the order in which they are listed here.
    Bytes(Box<[u8]>, Box<[AllocationId]>),
}

impl UserCommand {
    /// The allocations that it names, in order and as often as it does.
    pub fn allocations(&self) -> impl Iterator<Item = AllocationId> + '_ {
        let (one, other, drawn, listed) = match self {
            Self::Fill { destination: at, .. }
            | Self::Add { destination: at, .. }
            | Self::Wait { fence: at, .. }
            | Self::Signal { fence: at, .. } => (Some(*at), None, &[][..], &[][..]),
            Self::Copy { source, destination, .. } | Self::Blit { source, destination, .. } => {
                (Some(*source), Some(*destination), &[][..], &[][..])
            }
            Self::Draw(references) => (None, None, &references[..], &[][..]),
            Self::Bytes(_, allocations) => (None, None, &[][..], &allocations[..]),
            Self::Unbind => (None, None, &[][..], &[][..]),
        };
        let places = one.into_iter().chain(other).map(|at| at.allocation);
        let drawn = drawn.iter().map(|reference| reference.allocation);
        places.chain(drawn).chain(listed.iter().copied())
    }
}

/// What the user asks of a context: one command buffer, or several where it does not fit into one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// The context.
    pub context: ContextRef,
    /// In order.
    pub commands: Box<[UserCommand]>,
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
    /// Other devices may open it.
    pub shared: bool,
    /// A primary: operations that map it name no device.
    pub primary: bool,
    /// The reserved pages that it wraps, where its flags say that it wraps existing memory.
    pub existing: Option<PagesId>,
}

/// Pages of system memory that somebody reserves for use of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservePages {
    /// Their identity.
    pub pages: PagesId,
    /// How many.
    pub count: u64,
    /// In one run.
    pub contiguous: bool,
}

/// One side of a raw transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawLocation {
    /// A segment, and the address in it, base address included.
    Segment {
        /// The segment.
        id: SegmentId,
        /// Base address plus offset.
        address: u64,
    },
    /// Reserved pages, as a page list.
    Pages(PagesId),
}

/// The fields of a raw `Transfer` or `SpecialLockTransfer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawTransfer {
    /// The allocation named to the driver; `None` for a raw copy.
    pub allocation: Option<AllocationId>,
    /// Bytes added to segment addresses.
    pub transfer_offset: u32,
    /// Bytes.
    pub transfer_size: u64,
    /// From.
    pub source: RawLocation,
    /// To.
    pub destination: RawLocation,
    /// Flags.
    pub flags: TransferFlags,
    /// First page of page lists; a `SpecialLockTransfer` has no such field.
    pub mdl_offset: u32,
}

/// A paging operation put together by hand, as a driver's unit test would: VidMm asks the driver
/// to build it, submits and waits for it, and books what it maps and writes as foreign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawOperation {
    /// `Transfer`.
    Transfer(RawTransfer),
    /// `SpecialLockTransfer`, with range id and data.
    SpecialLockTransfer(RawTransfer, u32, u32),
    /// `Fill`.
    Fill {
        /// The allocation named to the driver.
        allocation: Option<AllocationId>,
        /// Bytes.
        fill_size: u64,
        /// Pattern.
        fill_pattern: u32,
        /// Segment.
        segment: SegmentId,
        /// Base address plus offset.
        address: u64,
    },
    /// `DiscardContent`.
    DiscardContent {
        /// The allocation named to the driver.
        allocation: Option<AllocationId>,
        /// Flags.
        flags: DiscardContentFlags,
        /// Segment.
        segment: SegmentId,
        /// Base address plus offset.
        address: u64,
    },
    /// `ReadPhysical`.
    ReadPhysical {
        /// Segment.
        segment: SegmentId,
        /// Base address plus offset.
        address: u64,
    },
    /// `WritePhysical`.
    WritePhysical {
        /// Segment.
        segment: SegmentId,
        /// Base address plus offset.
        address: u64,
    },
    /// `MapApertureSegment`.
    MapApertureSegment {
        /// The device named to the driver.
        device: Option<DeviceId>,
        /// The allocation named to the driver.
        allocation: Option<AllocationId>,
        /// Aperture segment.
        segment: SegmentId,
        /// First aperture page.
        offset_in_pages: u64,
        /// Pages.
        number_of_pages: u64,
        /// The page list.
        pages: PagesId,
        /// Flags.
        flags: MapApertureFlags,
        /// First page of the list.
        mdl_offset: u32,
    },
    /// `UnmapApertureSegment`.
    UnmapApertureSegment {
        /// The device named to the driver.
        device: Option<DeviceId>,
        /// The allocation named to the driver.
        allocation: Option<AllocationId>,
        /// Aperture segment.
        segment: SegmentId,
        /// First aperture page.
        offset_in_pages: u64,
        /// Pages.
        number_of_pages: u64,
        /// Physical address of the dummy page; `None` for VidMm's own.
        dummy_page: Option<u64>,
    },
}

impl RawOperation {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> OperationKind {
        match self {
            Self::Transfer(_) => OperationKind::Transfer,
            Self::SpecialLockTransfer(..) => OperationKind::SpecialLockTransfer,
            Self::Fill { .. } => OperationKind::Fill,
            Self::DiscardContent { .. } => OperationKind::DiscardContent,
            Self::ReadPhysical { .. } => OperationKind::ReadPhysical,
            Self::WritePhysical { .. } => OperationKind::WritePhysical,
            Self::MapApertureSegment { .. } => OperationKind::MapApertureSegment,
            Self::UnmapApertureSegment { .. } => OperationKind::UnmapApertureSegment,
        }
    }

    /// The allocation named to the driver.
    #[must_use]
    pub const fn allocation(&self) -> Option<AllocationId> {
        match self {
            Self::Transfer(transfer) | Self::SpecialLockTransfer(transfer, ..) => {
                transfer.allocation
            }
            Self::Fill { allocation, .. }
            | Self::DiscardContent { allocation, .. }
            | Self::MapApertureSegment { allocation, .. }
            | Self::UnmapApertureSegment { allocation, .. } => *allocation,
            Self::ReadPhysical { .. } | Self::WritePhysical { .. } => None,
        }
    }
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
    /// Dropped while it was offered.
    Discarded,
    /// Given up by a reset of the adapter, which saves nothing.
    Lost,
}

/// Whether an allocation is offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferState {
    /// It is not.
    #[default]
    NotOffered,
    /// It is, and its content is still there.
    Offered,
    /// It is, and its content was dropped.
    Discarded,
}

/// Damage that a session expects the command before to have done, no more and no less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpectedDamage {
    /// This is the first wrong byte of an allocation.
    Content {
        /// The allocation.
        allocation: AllocationId,
        /// From its start.
        offset: u64,
    },
    /// This is the first wrong byte of reserved pages.
    Pages {
        /// The pages.
        pages: PagesId,
        /// From their start.
        offset: u64,
    },
    /// This is the first wrong byte of a segment that belongs to no allocation.
    Segment {
        /// The segment.
        segment: SegmentId,
        /// From its start.
        offset: u64,
    },
    /// This is the first page of an aperture that points elsewhere than it must.
    Aperture {
        /// The segment.
        segment: SegmentId,
        /// The page.
        page: u64,
    },
    /// The GPU read wrong bytes of an allocation.
    WrongRead {
        /// The allocation.
        allocation: AllocationId,
        /// The first, from its start.
        offset: u64,
    },
    /// The CPU read wrong bytes of an allocation.
    WrongCpuRead {
        /// The allocation.
        allocation: AllocationId,
        /// The first, from its start.
        offset: u64,
    },
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
    /// Bytes flushed from the CPU cache before the GPU used them.
    BytesFlushed,
}

impl Counter {
    /// Every counter, in the order of the report.
    pub const ALL: [Self; 14] = [
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
        Self::BytesFlushed,
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
    /// An allocation is offered or not.
    Offer(AllocationId, OfferState),
    /// An allocation is locked by the CPU or not.
    Locked(AllocationId, bool),
    /// An allocation is displayed or not.
    Displayed(AllocationId, bool),
    /// A device owns a shared allocation.
    Owner(AllocationId, DeviceId),
    /// Bytes of reserved pages, from an offset.
    PagesBytes(PagesId, u64, Box<[u8]>),
    /// The configuration breaks or touches a rule.
    Finding(Rule),
    /// The command before did exactly the damage that the expectations following it name.
    Damage(ExpectedDamage),
    /// The machine is in this power state.
    Power(Power),
    /// The last power transition left an allocation like this.
    Fate(AllocationId, Fate),
    /// So many bytes of an allocation differ from what they must be.
    LostBytes(AllocationId, u64),
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A process appears.
    CreateProcess(ProcessId),
    /// A process opens a device on the adapter, with what its driver wants for it.
    CreateDevice(DeviceId, ProcessId, DeviceInfo),
    /// A device opens another context, with a priority from -7 to 7.
    CreateContext(ContextId, DeviceId, i8),
    /// A device creates an allocation.
    CreateAllocation(Box<CreateAllocation>),
    /// An allocation is destroyed.
    DestroyAllocation(AllocationId),
    /// The allocations are made resident together.
    MakeResident(Box<[AllocationId]>),
    /// The GPU reads and writes allocations, resident together.
    Use(Box<[Reference]>),
    /// The user-mode driver fills a command buffer and has it rendered.
    Submit(Box<Submit>),
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
    /// Another device opens a shared allocation.
    OpenAllocation(AllocationId, DeviceId),
    /// A device closes a shared allocation; the last to close destroys it.
    CloseAllocation(AllocationId, DeviceId),
    /// The CPU locks an allocation, through the device that owns it or the one named.
    Lock(AllocationId, Option<DeviceId>, LockFlags),
    /// The CPU unlocks it.
    Unlock(AllocationId),
    /// The content of allocations may be dropped from now on.
    Offer(Box<[AllocationId]>, OfferPriority),
    /// It may not any more.
    Reclaim(Box<[AllocationId]>),
    /// An allocation is displayed, in place of what was displayed before; `None` for nothing.
    Display(Option<AllocationId>),
    /// Pages are reserved.
    ReservePages(ReservePages),
    /// Reserved pages are given back.
    ReleasePages(PagesId),
    /// The CPU writes reserved pages.
    WritePages(PagesId, AllocationRange, Data),
    /// A paging operation put together by hand.
    Raw(Box<RawOperation>),
    /// A power transition.
    Power(Transition),
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
