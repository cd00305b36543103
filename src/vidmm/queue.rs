//! VidMm's buffers, fences and clock, changed only through [`QueueChange`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use crate::base::{
    AllocationId, Change, ContextRef, DeviceId, FenceId, Journal, SegmentAddress, SegmentId,
    SegmentOffset, StableHasher, StateHash,
};
use crate::ddi::{AllocationListEntry, ContextHandle, DmaBufferAddress, PatchLocation};
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
    /// The user's work, as the GPU gets it.
    Dma,
    /// The user's work, as the user-mode driver writes it; pages of a process, which the GPU never
    /// reads.
    Command,
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
    /// Where it is mapped, from before it is submitted until it is retired.
    pub mapped: Option<MappedAt>,
}

/// What a submission of a context is patched with, each time that it is handed to the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchLists {
    /// The context.
    pub context: ContextRef,
    /// What the driver calls it.
    pub handle: ContextHandle,
    /// The context's priority.
    pub priority: i8,
    /// Where everything is that it names.
    pub allocation_list: Vec<AllocationListEntry>,
    /// Where in the buffer addresses belong.
    pub patch_locations: Vec<PatchLocation>,
}

/// A range of a buffer that the device was given and has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// Signalled at its end.
    pub fence: FenceId,
    /// The buffer, by its place in VidMm's table.
    pub buffer: u32,
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
    /// The allocations that it names, or pages.
    pub allocations: Arc<[AllocationId]>,
    /// What it is patched with; `None` for paging.
    pub work: Option<Arc<PatchLists>>,
    /// The device has executed some of it.
    pub begun: bool,
}

impl InFlight {
    /// The context whose work it is; `None` for paging.
    #[must_use]
    pub fn context(&self) -> Option<ContextRef> {
        self.work.as_ref().map(|work| work.context)
    }
}

/// Buffers, fences, clock, and pages waiting to be given back.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    pub(crate) buffers: Vec<Buffer>,
    pub(crate) last_fence: FenceId,
    pub(crate) serial: u64,
    pub(crate) clock: u64,
    pub(crate) releases: Releases,
    /// Submissions that the device has not ended, in the order in which it was given them.
    pub(crate) in_flight: VecDeque<InFlight>,
    /// Preemptions so far: each took a fence.
    pub(crate) preemptions: u64,
    buffers_hash: StateHash,
    /// DMA buffers that are mapped.
    mapped: BTreeSet<u32>,
}

/// Pages that wait for a fence before they are given back.
type Releases = VecDeque<(FenceId, Mdl)>;

/// A reversible change of the queue.
#[derive(Clone, Debug)]
pub(crate) enum QueueChange {
    /// A buffer appears, last in the table.
    Added(Box<Buffer>),
    /// The memory of a buffer of a pool comes or goes.
    Reshaped { index: u32, before: Box<BufferShape>, after: Box<BufferShape> },
    /// Where a buffer is mapped.
    Mapped { index: u32, before: Option<Box<MappedAt>>, after: Option<Box<MappedAt>> },
    /// How a buffer is used, before and after. Most changes are of the clock: the others must not
    /// make them larger.
    Used { index: u32, uses: Box<(BufferUse, BufferUse)> },
    /// So many buffers are handed to the driver.
    Serial(u64),
    /// So many fences are handed out.
    Fence(u64),
    /// Time passes, in nanoseconds.
    Clock(u64),
    /// Pages wait for a fence; last in the line.
    ReleaseAdded(FenceId, Mdl),
    /// The first in the line has been given back.
    ReleaseTaken(FenceId, Mdl),
    /// The device is given a range of a buffer.
    Given(Box<InFlight>),
    /// It has executed a packet of the first that it was given.
    Began,
    /// It has ended the first that it was given.
    Ended(Box<InFlight>),
    /// It gave some back, which it is given again in another order or not at all; with a preemption
    /// or without.
    Regiven { lines: Box<(VecDeque<InFlight>, VecDeque<InFlight>)>, preempted: bool },
    /// Pages wait for other fences.
    Releases(Box<(Releases, Releases)>),
}

impl QueueChange {
    /// How a buffer is used from now on.
    pub(crate) fn used(index: u32, before: BufferUse, after: BufferUse) -> Self {
        Self::Used { index, uses: Box::new((before, after)) }
    }
}

impl Change for QueueChange {
    type State = Queue;

    fn redo(&self, queue: &mut Queue) {
        match self {
            Self::Added(buffer) => queue.push((**buffer).clone()),
            Self::Reshaped { index, after, .. } => {
                queue.change(*index, |buffer| buffer.shape = (**after).clone());
            }
            Self::Mapped { index, after, .. } => {
                queue.change(*index, |buffer| buffer.mapped = after.as_deref().copied());
            }
            Self::Used { index, uses } => queue.change(*index, |buffer| buffer.usage = uses.1),
            Self::Serial(count) => queue.serial += count,
            Self::Fence(count) => queue.last_fence.0 += count,
            Self::Clock(nanoseconds) => queue.clock += nanoseconds,
            Self::ReleaseAdded(fence, mdl) => queue.releases.push_back((*fence, mdl.clone())),
            Self::ReleaseTaken(..) => {
                queue.releases.pop_front();
            }
            Self::Given(given) => queue.in_flight.push_back((**given).clone()),
            Self::Began => queue.set_begun(true),
            Self::Ended(_) => {
                queue.in_flight.pop_front();
            }
            Self::Regiven { lines, preempted } => {
                queue.in_flight.clone_from(&lines.1);
                queue.preemptions += u64::from(*preempted);
            }
            Self::Releases(lines) => queue.releases.clone_from(&lines.1),
        }
    }

    fn undo(&self, queue: &mut Queue) {
        match self {
            Self::Added(_) => queue.pop(),
            Self::Reshaped { index, before, .. } => {
                queue.change(*index, |buffer| buffer.shape = (**before).clone());
            }
            Self::Mapped { index, before, .. } => {
                queue.change(*index, |buffer| buffer.mapped = before.as_deref().copied());
            }
            Self::Used { index, uses } => queue.change(*index, |buffer| buffer.usage = uses.0),
            Self::Serial(count) => queue.serial -= count,
            Self::Fence(count) => queue.last_fence.0 -= count,
            Self::Clock(nanoseconds) => queue.clock -= nanoseconds,
            Self::ReleaseAdded(..) => {
                queue.releases.pop_back();
            }
            Self::ReleaseTaken(fence, mdl) => queue.releases.push_front((*fence, mdl.clone())),
            Self::Given(_) => {
                queue.in_flight.pop_back();
            }
            Self::Began => queue.set_begun(false),
            Self::Ended(ended) => queue.in_flight.push_front((**ended).clone()),
            Self::Regiven { lines, preempted } => {
                queue.in_flight.clone_from(&lines.0);
                queue.preemptions -= u64::from(*preempted);
            }
            Self::Releases(lines) => queue.releases.clone_from(&lines.0),
        }
    }

    fn net(changes: &[Self], state: &Queue) -> Vec<Self> {
        let mut net = Net::default();
        for change in changes {
            net.take(change);
        }
        net.finish(state)
    }
}

/// What changes of the queue come to, while they are read.
#[derive(Default)]
struct Net<'a> {
    added: Vec<QueueChange>,
    reshaped: BTreeMap<u32, QueueChange>,
    mapped: BTreeMap<u32, QueueChange>,
    used: BTreeMap<u32, QueueChange>,
    clock: u64,
    serials: u64,
    fences: u64,
    /// Of what is in flight and of what waits to be given back, in order.
    lines: Vec<&'a QueueChange>,
}

impl<'a> Net<'a> {
    fn take(&mut self, change: &'a QueueChange) {
        match change {
            QueueChange::Added(_) => self.added.push(change.clone()),
            QueueChange::Reshaped { index, after: last, .. } => {
                let known = self.reshaped.entry(*index).or_insert_with(|| change.clone());
                if let QueueChange::Reshaped { after, .. } = known {
                    after.clone_from(last);
                }
            }
            QueueChange::Mapped { index, after: last, .. } => {
                let known = self.mapped.entry(*index).or_insert_with(|| change.clone());
                if let QueueChange::Mapped { after, .. } = known {
                    after.clone_from(last);
                }
            }
            QueueChange::Used { index, uses: last } => {
                let known = self.used.entry(*index).or_insert_with(|| change.clone());
                if let QueueChange::Used { uses, .. } = known {
                    uses.1 = last.1;
                }
            }
            QueueChange::Serial(count) => self.serials += count,
            QueueChange::Fence(count) => self.fences += count,
            QueueChange::Clock(nanoseconds) => self.clock += nanoseconds,
            QueueChange::ReleaseAdded(..)
            | QueueChange::ReleaseTaken(..)
            | QueueChange::Given(_)
            | QueueChange::Began
            | QueueChange::Ended(_)
            | QueueChange::Regiven { .. }
            | QueueChange::Releases(_) => self.lines.push(change),
        }
    }

    fn finish(mut self, state: &Queue) -> Vec<QueueChange> {
        let is_release = |change: &QueueChange| {
            matches!(
                change,
                QueueChange::ReleaseAdded(..)
                    | QueueChange::ReleaseTaken(..)
                    | QueueChange::Releases(_)
            )
        };
        let releases_pass = state.releases.is_empty() && begins_empty(&self.lines, Line::Releases);
        let work_passes = state.in_flight.is_empty() && begins_empty(&self.lines, Line::InFlight);
        self.lines.retain(|change| if is_release(change) { !releases_pass } else { !work_passes });
        let mut net = self.added;
        net.extend(self.reshaped.into_values());
        net.extend(self.mapped.into_values());
        net.extend(self.used.into_values());
        net.extend((self.serials > 0).then_some(QueueChange::Serial(self.serials)));
        net.extend((self.fences > 0).then_some(QueueChange::Fence(self.fences)));
        net.extend((self.clock > 0).then_some(QueueChange::Clock(self.clock)));
        net.extend(self.lines.into_iter().cloned());
        net
    }
}

/// A line in which the first to come is the first to go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// What the device was given.
    InFlight,
    /// Pages that wait to be given back.
    Releases,
}

/// Whether a line was empty before changes after which it is empty: whatever went had come.
fn begins_empty(changes: &[&QueueChange], line: Line) -> bool {
    let mut waiting = 0_u64;
    for change in changes {
        match (line, change) {
            (Line::InFlight, QueueChange::Given(_))
            | (Line::Releases, QueueChange::ReleaseAdded(..)) => waiting += 1,
            (Line::InFlight, QueueChange::Ended(_))
            | (Line::Releases, QueueChange::ReleaseTaken(..)) => match waiting.checked_sub(1) {
                Some(left) => waiting = left,
                None => return false,
            },
            // Whole lines take the place of others, or preemptions are counted.
            (Line::InFlight, QueueChange::Regiven { .. })
            | (Line::Releases, QueueChange::Releases(_)) => return false,
            _ => {}
        }
    }
    waiting == 0
}

impl Buffer {
    /// Where the GPU fetches it now; `None` while it is mapped nowhere.
    #[must_use]
    pub fn address(&self) -> Option<DmaBufferAddress> {
        let mapped = self.mapped.map(|mapped| DmaBufferAddress::Aperture {
            segment: mapped.place.segment,
            address: mapped.address,
        });
        mapped.or(self.shape.address)
    }

    /// The range of an aperture that it occupies now.
    #[must_use]
    pub fn aperture(&self) -> Option<(SegmentId, SegmentOffset)> {
        let mapped = self.mapped.map(|mapped| mapped.place);
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

    /// Some buffers, with their numbers.
    pub(crate) fn range(&self, numbers: Range<u32>) -> impl Iterator<Item = (u32, &Buffer)> {
        numbers.filter_map(|index| Some((index, self.buffers.get(index as usize)?)))
    }

    /// DMA buffers that are mapped, in the order of the table.
    pub(crate) fn mapped(&self) -> impl Iterator<Item = (u32, &Buffer)> {
        self.mapped.iter().filter_map(|index| Some((*index, self.buffers.get(*index as usize)?)))
    }

    /// The last fence handed out.
    #[must_use]
    pub const fn last_fence(&self) -> FenceId {
        self.last_fence
    }

    /// Submissions that the device has not ended, in the order in which it was given them.
    pub fn in_flight(&self) -> impl ExactSizeIterator<Item = &InFlight> {
        self.in_flight.iter()
    }

    /// Preemptions so far.
    #[must_use]
    pub const fn preemptions(&self) -> u64 {
        self.preemptions
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

    fn set_begun(&mut self, begun: bool) {
        if let Some(front) = self.in_flight.front_mut() {
            front.begun = begun;
        }
    }

    fn part(index: usize, buffer: &Buffer) -> StateHash {
        let BufferUse { serial, used, private_used, submitted, fence } = buffer.usage;
        StableHasher::new(51)
            .number(index as u64)
            .number(serial)
            .number(u64::from(used) << 32 | u64::from(submitted))
            .number(u64::from(private_used))
            .number(fence.0)
            .number(buffer.mapped.map_or(0, |mapped| mapped.address.get().wrapping_add(1)))
            .number(buffer.shape.mdl.pages().get())
            .finish()
    }

    fn push(&mut self, buffer: Buffer) {
        self.buffers_hash = self.buffers_hash.with(Self::part(self.buffers.len(), &buffer));
        self.buffers.push(buffer);
    }

    fn pop(&mut self) {
        if let Some(buffer) = self.buffers.pop() {
            let part = Self::part(self.buffers.len(), &buffer);
            self.buffers_hash = self.buffers_hash.without(part);
        }
    }

    fn change(&mut self, number: u32, change: impl FnOnce(&mut Buffer)) {
        let index = number as usize;
        let buffer = &mut self.buffers[index];
        self.buffers_hash = self.buffers_hash.without(Self::part(index, buffer));
        change(buffer);
        self.buffers_hash = self.buffers_hash.with(Self::part(index, buffer));
        if buffer.mapped.is_some() {
            self.mapped.insert(number);
        } else {
            self.mapped.remove(&number);
        }
    }

    /// Hash of the whole queue.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        let hasher = StableHasher::new(50)
            .number(self.last_fence.0)
            .number(self.serial)
            .number(self.clock)
            .number(self.releases.len() as u64)
            .number(self.preemptions);
        let hasher = self.in_flight.iter().fold(hasher, |hasher, given| {
            hasher.number(given.fence.0).number(u64::from(given.buffer))
        });
        let waiting = self.releases.iter();
        waiting
            .fold(hasher, |hasher, (fence, mdl)| hasher.number(fence.0).number(mdl.pages().get()))
            .finish()
            .with(self.buffers_hash)
    }
}
