//! VidMm's buffers, fences and clock, changed only through [`QueueChange`].

use std::collections::VecDeque;

use crate::base::{
    Change, DeviceId, FenceId, Journal, SegmentAddress, SegmentId, SegmentOffset, StableHasher,
    StateHash,
};
use crate::ddi::DmaBufferAddress;
use crate::memory::Mdl;

use super::allocation::Placement;

/// The journal that holds a queue.
pub(crate) type QueueJournal = Journal<QueueChange>;

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BufferKind {
    /// The one contiguous buffer with which the adapter starts.
    Bootstrap,
    /// Paging operations.
    Paging,
    /// The user's work.
    Dma,
}

/// Where a buffer lies; fixed for its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferShape {
    /// What it is for.
    pub kind: BufferKind,
    /// Bytes.
    pub size: u32,
    /// Bytes of private data.
    pub private_size: u32,
    /// Its pages.
    pub mdl: Mdl,
    /// Where the GPU fetches it; `None` for one that is mapped for each submission anew.
    pub address: Option<DmaBufferAddress>,
    /// The device to whose pool it belongs, for the user's work.
    pub device: Option<DeviceId>,
    /// The range of an aperture that it occupies, if it does for as long as it lives.
    pub aperture: Option<(SegmentId, SegmentOffset)>,
    /// Where it lies in a memory segment, if it does; then it has no pages.
    pub memory: Option<(SegmentId, SegmentOffset)>,
}

/// How a buffer is used now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferUse {
    /// Counts the buffers ever handed to the driver; 0 while it never was.
    pub serial: u64,
    /// Bytes written.
    pub used: u32,
    /// Bytes of private data used.
    pub private_used: u32,
    /// Bytes submitted.
    pub submitted: u32,
    /// The last submission that reads it.
    pub fence: FenceId,
    /// Where it is mapped, from before it is submitted until it is retired.
    pub mapped: Option<MappedAt>,
}

/// Where a DMA buffer is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappedAt {
    /// The aperture and the range of it.
    pub place: Placement,
    /// Base address of the aperture plus offset.
    pub address: SegmentAddress,
}

/// A buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buffer {
    /// Where it lies.
    pub shape: BufferShape,
    /// How it is used now.
    pub usage: BufferUse,
}

/// Buffers, fences, clock, and pages waiting to be given back.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    pub(crate) buffers: Vec<Buffer>,
    pub(crate) last_fence: FenceId,
    pub(crate) serial: u64,
    pub(crate) clock: u64,
    pub(crate) releases: VecDeque<(FenceId, Mdl)>,
}

/// A reversible change of the queue.
#[derive(Clone, Debug)]
pub(crate) enum QueueChange {
    /// A buffer appears, last in the table.
    Added(Box<Buffer>),
    /// The memory of a buffer of a pool comes or goes.
    Reshaped { index: u32, before: Box<BufferShape>, after: Box<BufferShape> },
    /// How a buffer is used.
    Used { index: u32, before: BufferUse, after: BufferUse },
    /// A buffer is handed to the driver.
    Serial,
    /// A fence is handed out.
    Fence,
    /// Time passes, in nanoseconds.
    Clock(u64),
    /// Pages wait for a fence; last in the line.
    ReleaseAdded(FenceId, Mdl),
    /// The first in the line has been given back.
    ReleaseTaken(FenceId, Mdl),
}

impl Change for QueueChange {
    type State = Queue;

    fn redo(&self, queue: &mut Queue) {
        match self {
            Self::Added(buffer) => queue.buffers.push((**buffer).clone()),
            Self::Reshaped { index, after, .. } => {
                queue.buffers[*index as usize].shape = (**after).clone();
            }
            Self::Used { index, after, .. } => queue.buffers[*index as usize].usage = *after,
            Self::Serial => queue.serial += 1,
            Self::Fence => queue.last_fence.0 += 1,
            Self::Clock(nanoseconds) => queue.clock += nanoseconds,
            Self::ReleaseAdded(fence, mdl) => queue.releases.push_back((*fence, mdl.clone())),
            Self::ReleaseTaken(..) => {
                queue.releases.pop_front();
            }
        }
    }

    fn undo(&self, queue: &mut Queue) {
        match self {
            Self::Added(_) => {
                queue.buffers.pop();
            }
            Self::Reshaped { index, before, .. } => {
                queue.buffers[*index as usize].shape = (**before).clone();
            }
            Self::Used { index, before, .. } => queue.buffers[*index as usize].usage = *before,
            Self::Serial => queue.serial -= 1,
            Self::Fence => queue.last_fence.0 -= 1,
            Self::Clock(nanoseconds) => queue.clock -= nanoseconds,
            Self::ReleaseAdded(..) => {
                queue.releases.pop_back();
            }
            Self::ReleaseTaken(fence, mdl) => queue.releases.push_front((*fence, mdl.clone())),
        }
    }
}

impl Buffer {
    /// Where the GPU fetches it now; `None` while it is mapped nowhere.
    #[must_use]
    pub fn address(&self) -> Option<DmaBufferAddress> {
        let mapped = self.usage.mapped.map(|mapped| DmaBufferAddress::Aperture {
            segment: mapped.place.segment,
            address: mapped.address,
        });
        mapped.or(self.shape.address)
    }

    /// The range of an aperture that it occupies now.
    #[must_use]
    pub fn aperture(&self) -> Option<(SegmentId, SegmentOffset)> {
        let mapped = self.usage.mapped.map(|mapped| mapped.place);
        let mapped = mapped.map(|place| (place.segment, SegmentOffset(place.span.start())));
        mapped.or(self.shape.aperture)
    }
}

impl Queue {
    /// The buffers, in the order in which they were made.
    #[must_use]
    pub fn buffers(&self) -> &[Buffer] {
        &self.buffers
    }

    /// The last fence handed out.
    #[must_use]
    pub const fn last_fence(&self) -> FenceId {
        self.last_fence
    }

    /// Nanoseconds since the adapter started.
    #[must_use]
    pub const fn clock(&self) -> u64 {
        self.clock
    }

    /// Pages that wait for a fence before they are given back.
    pub fn waiting_releases(&self) -> impl Iterator<Item = (FenceId, &Mdl)> {
        self.releases.iter().map(|(fence, mdl)| (*fence, mdl))
    }

    /// Hash of the whole queue.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        let hasher = StableHasher::new(50)
            .number(self.last_fence.0)
            .number(self.serial)
            .number(self.clock)
            .number(self.releases.len() as u64);
        let uses = self.buffers.iter().map(|buffer| buffer.usage);
        let hasher = uses.fold(hasher, |hasher, usage| {
            hasher
                .number(usage.serial)
                .number(u64::from(usage.used) << 32 | u64::from(usage.submitted))
                .number(u64::from(usage.private_used))
                .number(usage.fence.0)
                .number(usage.mapped.map_or(0, |mapped| mapped.address.get() + 1))
        });
        let hasher = self
            .buffers
            .iter()
            .fold(hasher, |hasher, buffer| hasher.number(buffer.shape.mdl.hash().0));
        let waiting = self.releases.iter();
        waiting
            .fold(hasher, |hasher, (fence, mdl)| hasher.number(fence.0).number(mdl.pages().get()))
            .finish()
    }
}
