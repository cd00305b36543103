//! A command buffer on its way to the GPU: `DxgkDdiRender`, `DxgkDdiPatch`, `DxgkDdiPreemptCommand`.

use crate::base::{FenceId, SegmentAddress, SegmentId};

use super::{AllocationHandle, ContextHandle};

/// `DXGK_ALLOCATIONLIST`: one allocation that a command buffer names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocationListEntry {
    /// `hDeviceSpecificAllocation`.
    pub allocation: AllocationHandle,
    /// `WriteOperation`: the GPU may write it.
    pub write_operation: bool,
    /// `SegmentId`, with `PhysicalAddress`: where it is resident. `None` is 0: nowhere, or nothing
    /// is known to pre-patch with.
    pub place: Option<(SegmentId, SegmentAddress)>,
}

/// `D3DDDI_PATCHLOCATIONLIST`: a place of a DMA buffer where an address belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatchLocation {
    /// `AllocationIndex`: which entry of the allocation list; `None` stands for its element 0 by
    /// convention, which is NULL: the slot is unbound, and nothing is patched.
    pub allocation_index: Option<u32>,
    /// `SlotId`: the row of the slot table that the allocation is bound to from here on.
    pub slot_id: u32,
    /// `DriverId`: the driver's own, as it gave it.
    pub driver_id: u32,
    /// `AllocationOffset`: bytes from the start of the allocation. 32 bits in the kit.
    pub allocation_offset: u64,
    /// `PatchOffset`: bytes from the start of the DMA buffer to the address.
    pub patch_offset: u32,
    /// `SplitOffset`: bytes from the start of the DMA buffer to where it may be split before this
    /// location. Never falls from one location to the next.
    pub split_offset: u32,
}

/// `DXGKARG_RENDER`: builds a DMA buffer from the validated content of a command buffer.
///
/// The driver answers success, or insufficient buffer when the DMA buffer, its private data or the
/// patch-location list has no room for the rest; then `multipass_offset` says how far it came. Any
/// other status refuses the command buffer: illegal or privileged instruction, invalid parameter,
/// invalid handle, invalid user buffer.
#[derive(Debug)]
pub struct Render<'a> {
    /// The context whose work it is.
    pub context: ContextHandle,
    /// `pCommand`: the command buffer, which the user may have filled with anything.
    pub command: &'a [u8],
    /// What is left of the DMA buffer: `pDmaBuffer` is its first byte, aligned to 4 KiB.
    pub dma_buffer: &'a mut [u8],
    /// How far the driver moved `pDmaBuffer`.
    pub dma_buffer_used: usize,
    /// What is left of the buffer's private data, which VidMm never touches.
    pub private_data: &'a mut [u8],
    /// How far the driver moved `pDmaBufferPrivateData`.
    pub private_data_used: usize,
    /// `pAllocationList`: what the command buffer names, with what is known to pre-patch with.
    pub allocation_list: &'a [AllocationListEntry],
    /// `pPatchLocationListOut`: appended to by the driver.
    pub patch_locations: &'a mut Vec<PatchLocation>,
    /// `PatchLocationListOutSize`: how many locations the list takes.
    pub patch_location_list_size: u32,
    /// 0 in the first call of a command buffer, then whatever the driver stored.
    pub multipass_offset: u32,
}

/// `DXGKARG_PATCH`: writes addresses into a DMA buffer, once everything that a part of it names is
/// resident.
#[derive(Debug)]
pub struct Patch<'a> {
    /// The context whose work it is.
    pub context: ContextHandle,
    /// The DMA buffer from its start.
    pub dma_buffer: &'a mut [u8],
    /// `DmaBufferSubmissionStartOffset`.
    pub submission_start: u32,
    /// `DmaBufferSubmissionEndOffset`.
    pub submission_end: u32,
    /// `pAllocationList`: where everything is.
    pub allocation_list: &'a [AllocationListEntry],
    /// `pPatchLocationList`, from `PatchLocationListSubmissionStart` on, for
    /// `PatchLocationListSubmissionLength` locations.
    pub patch_locations: &'a [PatchLocation],
    /// `SubmissionFenceId`: the same as in the submission that follows.
    pub fence: FenceId,
}

/// `DXGKARG_PREEMPTCOMMAND`: takes back what the device has not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreemptCommand {
    /// `PreemptionFenceId`.
    pub fence: FenceId,
    /// A submission that waits for a value in memory is taken back too, with what is left of it.
    pub waiting: bool,
}

/// What a preemption took back, as the interrupt of the device tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preempted {
    /// The submission that the device still ends; `None` when it has none.
    pub last: Option<FenceId>,
    /// Where the submission that waited goes on: bytes from the start of its buffer.
    pub resume_at: Option<u32>,
}
