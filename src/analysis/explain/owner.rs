//! Who memory belongs to, in words: ranges of segments, frames of system memory, buffers.

use crate::memory::FrameUse;
use crate::session::Names;
use crate::vidmm::{BufferKind, ExtentOwner};

/// What a range of a segment belongs to: `terrain`, `terrain, leaving`, `paging buffer 1`.
#[must_use]
pub fn extent_text(names: &Names, owner: ExtentOwner) -> String {
    match owner {
        ExtentOwner::Allocation(id) => names.allocation(id).to_owned(),
        ExtentOwner::Eviction(id) => format!("{}, leaving", names.allocation(id)),
        ExtentOwner::PagingBuffer(index) => buffer_text(BufferKind::Paging, index),
        ExtentOwner::DmaBuffer(index) => buffer_text(BufferKind::Dma, index),
        ExtentOwner::InvalidRange(_) => "invalid range".to_owned(),
        ExtentOwner::UefiFrameBuffer(_) => "UEFI frame buffer".to_owned(),
    }
}

/// What a frame of system memory is used for: `backing store of terrain`.
#[must_use]
pub fn frame_text(names: &Names, usage: FrameUse) -> String {
    match usage {
        FrameUse::Free => "free".to_owned(),
        FrameUse::Backing(id) => format!("backing store of {}", names.allocation(id)),
        FrameUse::PagingBuffer(index) => buffer_text(BufferKind::Paging, index),
        FrameUse::DmaBuffer(index) => buffer_text(BufferKind::Dma, index),
        FrameUse::CommandBuffer(index) => buffer_text(BufferKind::Command, index),
        FrameUse::PageList(number) => format!("page list {number}"),
        FrameUse::DummyPage => "the dummy page".to_owned(),
        FrameUse::System => "the rest of the system".to_owned(),
        FrameUse::Reserved(id) => format!("reserved pages {}", names.pages(id)),
        FrameUse::Segment(id) => format!("carved out for {}", names.segment(id)),
    }
}

/// A buffer by its place in VidMm's table, which never changes: `paging buffer 1`.
#[must_use]
pub fn buffer_text(kind: BufferKind, index: u32) -> String {
    match kind {
        BufferKind::Bootstrap | BufferKind::Paging => format!("paging buffer {index}"),
        BufferKind::Dma => format!("DMA buffer {index}"),
        BufferKind::Command => format!("command buffer {index}"),
    }
}
