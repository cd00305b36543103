//! What VidMm tells whoever watches: decisions, operations, calls, submissions, packets.
//!
//! Nothing of it is stored here. With nobody watching, a branch is all that it costs.

use crate::base::{
    AllocationId, Bytes, FenceId, Pages, PhysicalAddress, Piece, Position, SegmentId,
};
use crate::ddi::{
    Access, DmaBufferAddress, DriverMark, NtStatus, PacketOutcome, PagingOperation, RowLayout,
};
use crate::memory::{Content, Mdl};

use super::power::PowerOperation;
use super::reason::{Decision, OperationReason};

/// Where the rooms stood when something happened, but for the book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks {
    /// The paging queue.
    pub queue: Position,
    /// System memory.
    pub host: Position,
    /// Driver and device.
    pub driver: DriverMark,
}

/// What VidMm has the platform do; the display driver hears nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlatformOperation {
    /// The GART driver points entries of the chipset's table at pages.
    MapGart {
        /// The AGP segment.
        segment: SegmentId,
        /// First page of it.
        first_page: Pages,
        /// The pages.
        mdl: Mdl,
    },
    /// The GART driver points entries at the dummy page.
    UnmapGart {
        /// The AGP segment.
        segment: SegmentId,
        /// First page of it.
        first_page: Pages,
        /// Pages.
        pages: Pages,
        /// Where they point afterwards.
        dummy_page: PhysicalAddress,
    },
    /// What the CPU wrote to pages and still has in its cache goes to memory.
    FlushCache {
        /// The pages.
        mdl: Mdl,
    },
}

impl PlatformOperation {
    /// A name in the style of the operations of the driver.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MapGart { .. } => "MapGart",
            Self::UnmapGart { .. } => "UnmapGart",
            Self::FlushCache { .. } => "FlushCache",
        }
    }
}

/// What an operation asks of the driver, or of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To build a paging operation.
    Paging(PagingOperation),
    /// To build the packets of the user's work.
    Render(Vec<Access>),
    /// Nothing of the driver: the platform does it at once.
    Platform(PlatformOperation),
    /// A step of a power transition, done at once.
    Power(PowerOperation),
}

impl Asked {
    /// Whether the driver may be asked while the GPU still uses the allocation: only transfers
    /// and a discard can say that it is idle.
    #[must_use]
    pub const fn may_be_busy(&self) -> bool {
        matches!(
            self,
            Self::Paging(
                PagingOperation::Transfer(_)
                    | PagingOperation::SpecialLockTransfer(_)
                    | PagingOperation::DiscardContent(_)
            )
        )
    }
}

/// An operation about to be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationRecord {
    /// What is asked.
    pub asked: Asked,
    /// The allocation that it concerns, if it is one.
    pub subject: Option<AllocationId>,
    /// Bytes that it moves, fills, maps or gives up.
    pub bytes: Bytes,
    /// Why.
    pub reason: OperationReason,
    /// VidMm's book once the operation is decided.
    pub book: Position,
}

/// Which buffer, and where the GPU finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferRecord {
    /// Place in VidMm's table of buffers.
    pub index: u32,
    /// Counts the buffers ever handed to the driver, this one included.
    pub serial: u64,
    /// Bytes in it.
    pub size: u32,
    /// Where the GPU fetches it.
    pub address: DmaBufferAddress,
}

/// One call of the driver to build into a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// The buffer.
    pub buffer: BufferRecord,
    /// First byte that the driver wrote; the buffer is full up to here before the call.
    pub start: u32,
    /// Byte after the last that it wrote.
    pub end: u32,
    /// Bytes of private data left before the call.
    pub private_before: u32,
    /// Bytes of private data left after it.
    pub private_after: u32,
    /// MultipassOffset going in.
    pub multipass_before: u32,
    /// MultipassOffset coming out.
    pub multipass_after: u32,
    /// Whether the driver was told that the allocation is idle.
    pub allocation_idle: bool,
    /// What the driver answered.
    pub status: NtStatus,
}

/// A range of a buffer handed to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmissionRecord {
    /// The buffer.
    pub buffer: BufferRecord,
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// Signalled at its end.
    pub fence: FenceId,
    /// A paging buffer.
    pub paging: bool,
}

/// Why VidMm waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// Every buffer was still being read.
    Buffers,
    /// An allocation was still being used.
    Allocation(AllocationId),
    /// A mapping that the driver programs at once was still being used.
    Mapping,
    /// The command ended, or said so.
    Command,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceEvent {
    /// Room was looked for.
    Decision(Decision),
    /// An operation is about to be built. Operations count from 1 in this order.
    Operation(OperationRecord),
    /// The driver was called for the latest operation.
    Call(CallRecord, Marks),
    /// The platform did the latest operation.
    Performed(Marks),
    /// A range of a buffer was submitted.
    Submission(SubmissionRecord, Marks),
    /// VidMm waits for a fence.
    Wait(FenceId, WaitReason),
    /// The device executed a packet.
    Packet(PacketOutcome, Marks),
}

/// Somebody who watches.
pub trait Observer {
    /// Whether events are wanted.
    fn is_tracing(&self) -> bool;

    /// An event; called only while [`Self::is_tracing`].
    fn record(&mut self, event: TraceEvent);

    /// The device executed a packet: always told, because faults and reads matter to the machine.
    fn packet(&mut self, outcome: &PacketOutcome);

    /// An allocation gets its first content: always told, because it decides what must be there.
    ///
    /// The pattern repeats over the place of the allocation: with `rows` each row begins where it
    /// lies there, and not where the one before ends.
    fn filled(&mut self, allocation: AllocationId, pattern: u32, rows: Option<RowLayout>);

    /// The content of an allocation is given up: always told, because no byte is promised any
    /// more.
    fn dropped(&mut self, allocation: AllocationId);

    /// An operation was asked for: always told, for the summary of the command.
    fn operation(
        &mut self,
        asked: &Asked,
        subject: Option<AllocationId>,
        reason: &OperationReason,
        bytes: Bytes,
    );

    /// The content of an allocation was lost in a reset: always told, as for [`Self::dropped`].
    fn lost(&mut self, allocation: AllocationId);

    /// What an allocation must hold is from now on what its pages of system memory hold, because
    /// work on it was dropped in a reset: always told. The pages may be longer than its content.
    fn as_in_pages(&mut self, allocation: AllocationId, pages: Vec<Piece<Content>>);
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn is_tracing(&self) -> bool {
        false
    }
    fn record(&mut self, _: TraceEvent) {}
    fn packet(&mut self, _: &PacketOutcome) {}
    fn filled(&mut self, _: AllocationId, _: u32, _: Option<RowLayout>) {}
    fn dropped(&mut self, _: AllocationId) {}
    fn operation(&mut self, _: &Asked, _: Option<AllocationId>, _: &OperationReason, _: Bytes) {}
    fn lost(&mut self, _: AllocationId) {}
    fn as_in_pages(&mut self, _: AllocationId, _: Vec<Piece<Content>>) {}
}
