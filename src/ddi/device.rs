//! What a driver says of a device when it is created.

use super::SegmentSet;

/// `DXGK_DEVICEINFO`: what the driver wants for the DMA buffers of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeviceInfo {
    /// `DmaBufferSize`: bytes of each DMA buffer.
    pub dma_buffer_size: u32,
    /// `DmaBufferSegmentSet`: aperture segments through which the GPU reads them; none for
    /// contiguous system memory that it reads by its physical address.
    pub dma_buffer_segment_set: SegmentSet,
    /// `DmaBufferPrivateDataSize`: bytes that the driver keeps beside each DMA buffer.
    pub dma_buffer_private_data_size: u32,
    /// `AllocationListSize`: how many allocations a command buffer names to start with.
    pub allocation_list_size: u32,
    /// `PatchLocationListSize`: how many patch locations a DMA buffer has to start with.
    pub patch_location_list_size: u32,
    /// `GuaranteedDmaBufferContract`: the driver promises that every command buffer fits into one
    /// DMA buffer with its lists, so that nothing grows and no second pass is made.
    pub guaranteed_dma_buffer_contract: bool,
}

impl Default for DeviceInfo {
    fn default() -> Self {
        Self {
            dma_buffer_size: 4096,
            dma_buffer_segment_set: SegmentSet::default(),
            dma_buffer_private_data_size: 0,
            allocation_list_size: 256,
            patch_location_list_size: 512,
            guaranteed_dma_buffer_contract: false,
        }
    }
}
