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
}

impl Default for DeviceInfo {
    fn default() -> Self {
        Self { dma_buffer_size: 4096, dma_buffer_segment_set: SegmentSet::default() }
    }
}
