//! What VidMm tells whoever watches: decisions, operations, calls, submissions, packets.
//!
//! Nothing of it is stored here. With nobody watching, a branch is all that it costs.

use std::sync::Arc;

use crate::base::{
    AllocationId, Bytes, ContextRef, FenceId, Pages, PhysicalAddress, Piece, Position, SegmentId,
};
use crate::ddi::{
    AllocationListEntry, DmaBufferAddress, DriverMark, NtStatus, PacketOutcome, PagingOperation,
    RowLayout,
};
use crate::memory::{Content, Mdl};

use super::power::PowerOperation;
use super::queue::PatchLists;
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

/// `DxgkDdiRender` is asked to build a DMA buffer from a command buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderOperation {
    /// Whose work it is.
    pub context: ContextRef,
    /// The command buffer, by its place in VidMm's table.
    pub command_buffer: u32,
    /// Bytes in it.
    pub length: u32,
    /// The DMA buffer that the driver builds in.
    pub dma_buffer: u32,
    /// Which call it is for this command buffer, counted from 1.
    pub pass: u32,
    /// The allocations that the command buffer names, and whether the GPU may write them.
    pub allocations: Arc<[(AllocationId, bool)]>,
    /// What the driver is told of them to pre-patch with.
    pub allocation_list: Vec<AllocationListEntry>,
}

/// `DxgkDdiPatch` is asked to write addresses into a part of a DMA buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchOperation {
    /// The DMA buffer.
    pub dma_buffer: u32,
    /// First byte of the part.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// The fence of the submission to come.
    pub fence: FenceId,
    /// The lists.
    pub lists: Arc<PatchLists>,
}

/// `DxgkDdiSubmitCommand` is asked to hand a part of a DMA buffer to the GPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitOperation {
    /// Whose work it is.
    pub context: ContextRef,
    /// The DMA buffer.
    pub dma_buffer: u32,
    /// First byte of the part.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// Signalled at its end.
    pub fence: FenceId,
    /// The fence that it had before it was preempted.
    pub preempted: Option<FenceId>,
    /// The bytes of the part as they are handed over; empty where nobody watches.
    pub content: Arc<[u8]>,
}

/// `DxgkDdiPreemptCommand` is asked to take back what the GPU has not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreemptOperation {
    /// The fence of the preemption.
    pub fence: FenceId,
    /// What it makes way for; `None` where the engine waits and others may go on.
    pub for_context: Option<ContextRef>,
    /// The fences of what the GPU was given, in order.
    pub in_flight: Vec<FenceId>,
}

/// What an operation asks of the driver, or of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To build a paging operation.
    Paging(PagingOperation),
    /// To build a DMA buffer from a command buffer.
    Render(Box<RenderOperation>),
    /// To write addresses into it.
    Patch(Box<PatchOperation>),
    /// To hand it to the GPU.
    Submit(Box<SubmitOperation>),
    /// To take back what the GPU has not begun.
    Preempt(Box<PreemptOperation>),
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
    /// Where the GPU fetches it; `None` where it is not mapped yet.
    pub address: Option<DmaBufferAddress>,
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
    /// Room was taken by DMA buffers that were still being read.
    MappedDmaBuffer,
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

    /// Whether searches for room are wanted, though no other event may be.
    fn wants_decisions(&self) -> bool {
        self.is_tracing()
    }

    /// An event; called only while [`Self::is_tracing`], or [`Self::wants_decisions`] for those.
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

    /// Work is submitted under a fence: always told, with how many of the commands of the command
    /// buffer it ends, counted as they can be split.
    fn submitted(&mut self, fence: FenceId, commands: usize);

    /// Work was taken back in the middle: so many of its commands have ended, counted as they can be
    /// split; always told.
    fn ended_in_part(&mut self, fence: FenceId, commands: usize);

    /// What was submitted under a fence was preempted and is submitted again under another: always
    /// told.
    fn resubmitted(&mut self, before: FenceId, after: FenceId);

    /// The content of an allocation was lost in a reset: always told, as for [`Self::dropped`].
    fn lost(&mut self, allocation: AllocationId);

    /// What an allocation must hold is from now on what its pages of system memory hold, because
    /// work on it was dropped in a reset: always told. The pages may be longer than its content.
    fn as_in_pages(&mut self, allocation: AllocationId, pages: Vec<Piece<Content>>);

    /// An allocation without content is mapped where the GPU sees what its pages of system memory
    /// hold: always told. The pages may be longer than its content.
    fn none_in_pages(&mut self, allocation: AllocationId, pages: Vec<Piece<Content>>);
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
    fn submitted(&mut self, _: FenceId, _: usize) {}
    fn ended_in_part(&mut self, _: FenceId, _: usize) {}
    fn resubmitted(&mut self, _: FenceId, _: FenceId) {}
    fn lost(&mut self, _: AllocationId) {}
    fn as_in_pages(&mut self, _: AllocationId, _: Vec<Piece<Content>>) {}
    fn none_in_pages(&mut self, _: AllocationId, _: Vec<Piece<Content>>) {}
}
