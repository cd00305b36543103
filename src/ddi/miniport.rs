//! The display miniport driver as VidMm sees it.

use crate::base::{
    FenceId, Keeping, PhysicalAddress, Position, SegmentAddress, SegmentId, StateHash, Traffic,
};
use crate::memory::{HostMemory, SeenBytes};

use super::{
    AllocationHandle, AllocationInfo, ContextHandle, DeviceInfo, NtStatus, PagingOperation, Patch,
    PreemptCommand, Preempted, Render, SetPowerState, SystemSleepState,
};

/// `DxgkDdiCreateAllocation`: what the user-mode driver sent along.
///
/// Real drivers read private data of their own making; here it is what the allocation should
/// become, and the driver answers with what it makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateAllocation {
    /// What the user-mode driver asks for.
    pub requested: AllocationInfo,
}

/// `DXGKARG_BUILDPAGINGBUFFER`: the envelope of every call.
#[derive(Debug)]
pub struct BuildPagingBuffer<'a> {
    /// What is left of the buffer: `pDmaBuffer` is its first byte, `DmaSize` its length. The first
    /// call on a new buffer gets it aligned to 4 KiB.
    pub dma_buffer: &'a mut [u8],
    /// How far the driver moved `pDmaBuffer`. VidMm stops the machine when it passed the end.
    pub dma_buffer_used: usize,
    /// What is left of the buffer's private data, which VidMm never touches.
    pub private_data: &'a mut [u8],
    /// How far the driver moved `pDmaBufferPrivateData`.
    pub private_data_used: usize,
    /// The operation and its fields.
    pub operation: &'a PagingOperation,
    /// 0 in the first call of an operation, then whatever the driver stored.
    pub multipass_offset: u32,
    /// The context that paging runs in.
    pub system_context: ContextHandle,
}

/// Where the GPU fetches a buffer from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DmaBufferAddress {
    /// Contiguous system memory, read over the bus.
    Physical(PhysicalAddress),
    /// Pages mapped into an aperture segment, or a place in a memory segment.
    Aperture {
        /// The segment.
        segment: SegmentId,
        /// Base address of the segment plus offset in it.
        address: SegmentAddress,
    },
}

/// `DXGKARG_SUBMITCOMMAND`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitCommand {
    /// Signalled when everything in the range has executed.
    pub fence: FenceId,
    /// Start of the buffer.
    pub address: DmaBufferAddress,
    /// First byte submitted, from the start of the buffer.
    pub start: u32,
    /// Byte after the last submitted.
    pub end: u32,
    /// A paging buffer.
    pub paging: bool,
}

/// What a read of the GPU found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readback {
    /// Which read of the DMA buffer, counted from 0; rows that lie apart are several of the same.
    pub slot: u32,
    /// The bytes that the GPU saw.
    pub bytes: SeenBytes,
}

/// Why the device could not execute a packet. It goes on with the next submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketFault {
    /// The bytes are no packet.
    BadPacket,
    /// The packet reads or writes beyond a memory.
    OutOfRange,
    /// A page of an aperture was never pointed anywhere.
    Unmapped,
    /// The buffer was fetched from the page that stands in for unmapped ones.
    FetchedDummyPage,
    /// The packet reaches a command buffer, which is the user's and never the GPU's.
    CommandBuffer,
}

/// What came of letting the device go on by a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is queued.
    Idle,
    /// The submission waits for a value in memory that is not there yet.
    Waiting(FenceId),
    /// It executed a packet.
    Executed(PacketOutcome),
}

/// What the device did in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketOutcome {
    /// The submission that the packet belongs to.
    pub fence: FenceId,
    /// First byte of the packet, from the start of the buffer.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// Bytes moved, filled or read by the packet.
    pub bytes: u64,
    /// The same by the way that the bytes went, with page entries: what it costs in time.
    pub traffic: Traffic,
    /// What a read found.
    pub readback: Option<Readback>,
    /// What went wrong; the rest of the submission is skipped and its fence signalled.
    pub fault: Option<PacketFault>,
    /// Whether the fence was signalled: this was the last packet of its submission.
    pub completed: bool,
}

/// Where a driver and the device that it drives stand in their histories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DriverMark {
    /// Changes of the driver's own state.
    pub driver: Position,
    /// Changes of the device.
    pub device: Position,
}

/// A display miniport driver with the device that it drives.
pub trait Miniport {
    /// `DxgkDdiCreateDevice`: the driver answers what it wants for the device, given what the user
    /// asked it for.
    fn create_device(&mut self, requested: DeviceInfo) -> DeviceInfo;

    /// `DxgkDdiCreateAllocation`.
    ///
    /// # Errors
    /// The status with which the driver refuses.
    fn create_allocation(
        &mut self,
        arguments: &CreateAllocation,
    ) -> Result<(AllocationHandle, AllocationInfo), NtStatus>;

    /// `DxgkDdiDestroyAllocation`.
    fn destroy_allocation(&mut self, allocation: AllocationHandle);

    /// Whether operations must carry arrays of page numbers in system memory.
    fn wants_page_arrays(&self) -> bool;

    /// `DxgkDdiBuildPagingBuffer`. Answers success, insufficient buffer or allocation busy;
    /// anything else stops the machine.
    fn build_paging_buffer(&mut self, arguments: &mut BuildPagingBuffer<'_>) -> NtStatus;

    /// `DxgkDdiRender`: validates a command buffer and builds a DMA buffer from it.
    fn render(&mut self, arguments: &mut Render<'_>) -> NtStatus;

    /// `DxgkDdiPatch`: writes addresses into a DMA buffer. Anything but success stops the machine.
    fn patch(&mut self, arguments: &mut Patch<'_>) -> NtStatus;

    /// `DxgkDdiSubmitCommand`: queues a range of a buffer.
    fn submit_command(&mut self, arguments: &SubmitCommand) -> NtStatus;

    /// `DxgkDdiPreemptCommand`, and the interrupt that tells of it: the device ends the buffer that
    /// it executes and gives back all that it has not begun.
    fn preempt_command(&mut self, arguments: &PreemptCommand, host: &HostMemory) -> Preempted;

    /// `DxgkDdiSetPowerState`. The device is idle; on the way to D1, D2 or D3 it may lose its
    /// registers, and where the system does not sleep its memory too. It must not fail.
    fn set_power_state(&mut self, arguments: &SetPowerState) -> NtStatus;

    /// `DxgkDdiResetFromTimeout`: the engine is stopped and what it was given is dropped. The
    /// memory of the device and its registers are lost.
    fn reset_from_timeout(&mut self);

    /// `DxgkDdiRestartFromTimeout`: the device takes work again.
    fn restart_from_timeout(&mut self);

    /// The platform takes the power of a sleep state away. No entry point of the driver: it stands
    /// for the device, which keeps what it keeps.
    fn power_removed(&mut self, state: SystemSleepState);

    /// Lets the device execute one packet.
    fn execute_packet(&mut self, host: &mut HostMemory) -> Progress;

    /// The processor writes bytes of a segment that it sees, from an offset on. No entry point of
    /// the driver: it stands for the device behind its BAR. Whether all of them lie in the segment
    /// is the answer; otherwise nothing is written.
    fn write_through_bar(&mut self, segment: SegmentId, offset: u64, bytes: &[u8]) -> bool;

    /// The last fence that the device signalled.
    fn completed_fence(&self) -> FenceId;

    /// Where driver and device stand.
    fn mark(&self) -> DriverMark;

    /// Goes to a mark, back or forward.
    fn move_to(&mut self, mark: DriverMark);

    /// Takes back what was done since a mark, as if it had never been: what lay ahead of the mark
    /// before is ahead again.
    fn roll_back(&mut self, mark: DriverMark);

    /// What becomes of the history behind. Whether it could be done.
    fn keep(&mut self, keeping: Keeping) -> bool;

    /// Hash of the state of driver and device.
    fn hash(&self) -> StateHash;
}
