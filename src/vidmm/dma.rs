//! DMA buffers: a pool for each device, which keeps memory but not mappings.
//!
//! A device whose driver names no segment gets contiguous memory that the GPU reads by its physical
//! address. Otherwise the pages lie anywhere and are mapped into one of the named apertures before
//! each submission, so that the GPU learns the address no earlier than that, and unmapped once the
//! GPU is through. VidMm does all of it; one source document says that the driver page-locks and
//! maps, which no interface of the driver would let it do.

use std::ops::Range;

use crate::base::{
    Bytes, ContextRef, DeviceId, FenceId, PAGE_SIZE, Pages, ProcessId, SegmentId, SegmentOffset,
    Span,
};
use crate::ddi::{DeviceHandle, DeviceInfo, DmaBufferAddress, NtStatus, SegmentSet};
use crate::memory::{FrameUse, Layout, Mdl};
use crate::placement::{Direction, Fit, Request};
use crate::rules::SegmentKind;

use super::allocation::Placement;
use super::book::{BookChange, Device, ExtentOwner, SegmentUse};
use super::paging::Environment;
use super::plan::{Planner, Wanted, out_of_frames};
use super::queue::{Buffer, BufferKind, BufferShape, BufferUse, MappedAt, QueueChange};
use super::reason::{Failure, OperationReason, Refusal, RefusalReason};
use super::trace::WaitReason;
use super::{VidMm, invalid};

/// DMA buffers in the pool of a device: one is built while the GPU reads the other.
const POOL: u32 = 2;
/// The smallest DMA buffer: two packets.
const SMALLEST: u32 = 64;
/// The largest DMA buffer.
const LARGEST: u32 = 1 << 24;

impl VidMm {
    /// A process opens a device: the driver says what it wants for its DMA buffers, and the pool is
    /// made and charged to commit.
    ///
    /// # Errors
    /// When there is no such process, the device exists already, the driver names a segment that is
    /// no aperture, a size is impossible, or system memory is short.
    pub fn create_device(
        &mut self,
        environment: &mut Environment<'_>,
        id: DeviceId,
        process: ProcessId,
        requested: DeviceInfo,
    ) -> Result<(), Failure> {
        if !self.book().has_process(process) {
            return Err(invalid(RefusalReason::NoProcess));
        }
        if self.book().device(id).is_some() {
            return Err(invalid(RefusalReason::AlreadyExists));
        }
        let info = environment.driver.create_device(requested);
        self.check_device(&info)?;
        let handle = DeviceHandle(0x100u32.saturating_add(id.0));
        let size = Bytes(u64::from(info.dma_buffer_size)).to_pages();
        self.charge(Bytes(size.bytes().get() * u64::from(POOL)))?;
        let first_buffer = self.next_index();
        for _ in 0..POOL {
            let index = self.next_index();
            let shape = dma_memory(environment, index, id, &info)?;
            let buffer = Buffer { shape, usage: BufferUse::default(), mapped: None };
            self.queue.apply(QueueChange::Added(Box::new(buffer)));
        }
        let device = Device { process, handle, info, first_buffer };
        self.book.apply(BookChange::Device(id, Box::new(device)));
        self.add_context(environment, ContextRef::OfDevice(id), id, 0)
    }

    fn check_device(&self, info: &DeviceInfo) -> Result<(), Failure> {
        if !(SMALLEST..=LARGEST).contains(&info.dma_buffer_size) {
            return Err(invalid(RefusalReason::BadSize(Bytes(info.dma_buffer_size.into()))));
        }
        for segment in info.dma_buffer_segment_set.iter() {
            match self.adapter.segment(segment) {
                None => return Err(invalid(RefusalReason::NoSuchSegment(segment.number().into()))),
                Some(checked) if checked.kind == SegmentKind::Memory => {
                    return Err(invalid(RefusalReason::DmaBufferInMemory(segment)));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// The buffer of the pool that was begun longest ago, once the GPU is through with it.
    pub(super) fn next_dma_buffer(
        &mut self,
        environment: &mut Environment<'_>,
        device: DeviceId,
    ) -> Result<DmaBuffer, Failure> {
        let Some(Device { info, first_buffer, .. }) = self.book().device(device).copied() else {
            return Err(invalid(RefusalReason::NoDevice));
        };
        let pool = self.queue().range(pool_of(first_buffer));
        let oldest = pool.min_by_key(|(_, buffer)| buffer.usage.serial);
        let Some((index, fence)) = oldest.map(|(index, buffer)| (index, buffer.usage.fence)) else {
            return Err(invalid(RefusalReason::NoDevice));
        };
        if fence > environment.driver.completed_fence() {
            self.pager(environment).wait(fence, WaitReason::Buffers)?;
        }
        self.retire(environment)?;
        Ok(DmaBuffer { index, segments: info.dma_buffer_segment_set })
    }

    /// Gives a DMA buffer of a pool twice its size. The GPU is through with it, and it is not mapped.
    pub(super) fn grow_dma_buffer(
        &mut self,
        environment: &mut Environment<'_>,
        index: u32,
    ) -> Result<(), Failure> {
        let before = self.queue().buffers[index as usize].shape.clone();
        let size = before.size.saturating_mul(2);
        let device = before.device.and_then(|id| Some((id, *self.book().device(id)?)));
        let Some((id, device)) = device.filter(|_| size <= LARGEST) else {
            let size = Bytes(u64::from(before.size));
            let reason = RefusalReason::DmaBufferFull { size };
            return Err(Refusal::new(NtStatus::INSUFFICIENT_DMA_BUFFER, reason).into());
        };
        self.charge_growth(before.size, size)?;
        environment.host.release(&before.mdl);
        let info = DeviceInfo {
            dma_buffer_size: size,
            dma_buffer_private_data_size: before.private_size.saturating_mul(2),
            ..device.info
        };
        let after = Box::new(dma_memory(environment, index, id, &info)?);
        self.queue.apply(QueueChange::Reshaped { index, before: Box::new(before), after });
        Ok(())
    }

    /// Notes where a buffer is mapped from now on.
    pub(super) fn note_mapped(&mut self, index: u32, mapping: Option<Placement>) {
        let Some(place) = mapping else { return };
        let offset = SegmentOffset(place.span.start());
        let address = self.adapter.segments[place.segment.index()].address(offset);
        self.set_mapped(index, Some(MappedAt { place, address }));
    }

    fn set_mapped(&mut self, index: u32, mapped: Option<MappedAt>) {
        let before = self.queue().buffers[index as usize].mapped;
        if before != mapped {
            let (before, after) = (before.map(Box::new), mapped.map(Box::new));
            self.queue.apply(QueueChange::Mapped { index, before, after });
        }
    }

    /// DMA buffers that are mapped and that the GPU is through with.
    fn retired(&self, environment: &Environment<'_>) -> Vec<(u32, Placement)> {
        let completed = environment.driver.completed_fence();
        let mapped = self.queue().mapped();
        mapped
            .filter(|(_, buffer)| buffer.usage.fence <= completed)
            .filter_map(|(index, buffer)| Some((index, buffer.mapped?.place)))
            .collect()
    }

    /// The fence after which room is free in one of some segments, because the GPU is through with a
    /// DMA buffer that is mapped there; but for one that is being built.
    pub(super) fn leaves_next(
        &self,
        environment: &Environment<'_>,
        segments: SegmentSet,
        built: u32,
    ) -> Option<FenceId> {
        let completed = environment.driver.completed_fence();
        let in_flight = self.queue().mapped().filter_map(|(index, buffer)| {
            let place = buffer.mapped?.place;
            let fence = buffer.usage.fence;
            let there = index != built && segments.contains(place.segment);
            (there && fence > completed).then_some(fence)
        });
        in_flight.min()
    }

    /// Unmaps the DMA buffers that the GPU is through with; their memory stays in the pool.
    ///
    /// # Errors
    /// When the machine stops.
    pub fn retire(&mut self, environment: &mut Environment<'_>) -> Result<(), Failure> {
        let retired = self.retired(environment);
        if retired.is_empty() {
            return Ok(());
        }
        let mut planner = self.planner(environment);
        for (index, place) in &retired {
            planner.give(*place, ExtentOwner::DmaBuffer(*index));
            planner.push_unmap(None, *place, OperationReason::DmaBufferUnmapping(*index));
            if let Some(last) = planner.operations.last_mut() {
                last.ends_mapping = true;
            }
        }
        let plan = planner.operations;
        for (index, _) in retired {
            self.set_mapped(index, None);
        }
        self.issue(environment, &plan)
    }

    /// The mappings of DMA buffers went with the tables of the apertures.
    pub(super) fn lose_dma_mappings(&mut self, environment: &mut Environment<'_>) {
        for (index, place) in self.retired(environment) {
            self.planner(environment).give(place, ExtentOwner::DmaBuffer(index));
            self.set_mapped(index, None);
        }
    }

    /// Gives back the memory of DMA buffers that are not in use: its content is worth nothing.
    /// Answers how many bytes.
    pub(super) fn trim(&mut self, environment: &mut Environment<'_>) -> Bytes {
        let mut trimmed = 0;
        for index in self.pooled() {
            let before = self.queue().buffers[index as usize].shape.clone();
            environment.host.release(&before.mdl);
            trimmed += before.mdl.pages().bytes().get();
            let after = BufferShape { mdl: Mdl::default(), address: None, ..before.clone() };
            let (before, after) = (Box::new(before), Box::new(after));
            self.queue.apply(QueueChange::Reshaped { index, before, after });
        }
        Bytes(trimmed)
    }

    /// Gives the pools their memory back. Answers how many bytes.
    ///
    /// # Errors
    /// When system memory has not enough frames.
    pub(super) fn refill(&mut self, environment: &mut Environment<'_>) -> Result<Bytes, Failure> {
        let mut filled = 0;
        for index in self.pooled() {
            let before = self.queue().buffers[index as usize].shape.clone();
            let Some(id) = before.device else { continue };
            let Some(info) = self.book().device(id).map(|device| device.info) else { continue };
            // A buffer that has grown stays as large as it was.
            let (dma_buffer_size, dma_buffer_private_data_size) =
                (before.size, before.private_size);
            let info = DeviceInfo { dma_buffer_size, dma_buffer_private_data_size, ..info };
            let after = Box::new(dma_memory(environment, index, id, &info)?);
            filled += after.mdl.pages().bytes().get();
            self.queue.apply(QueueChange::Reshaped { index, before: Box::new(before), after });
        }
        Ok(Bytes(filled))
    }

    /// The DMA buffers of all pools.
    fn pooled(&self) -> Vec<u32> {
        let buffers = (0..).zip(self.queue().buffers());
        buffers
            .filter(|(_, buffer)| buffer.shape.kind == BufferKind::Dma)
            .map(|(at, _)| at)
            .collect()
    }
}

impl Planner<'_, '_> {
    /// Maps a DMA buffer into one of the apertures of its device; `None` where it needs none.
    ///
    /// The first of the set with a hole takes it. Where none has, what ranks lowest in them leaves,
    /// one by one, but for what the submission itself uses.
    pub(super) fn map_dma_buffer(
        &mut self,
        index: u32,
        mdl: &Mdl,
        segments: SegmentSet,
        wanted: &[Wanted],
    ) -> Result<Option<Placement>, Failure> {
        if segments.is_empty() {
            return Ok(None);
        }
        let size = mdl.pages().bytes().get();
        loop {
            let hole = segments.iter().find_map(|segment| self.hole(segment, size));
            if let Some(place) = hole {
                self.take(place, ExtentOwner::DmaBuffer(index));
                let reason = OperationReason::DmaBufferMapping(index);
                self.push_map(None, place, mdl, reason)?;
                return Ok(Some(place));
            }
            let used = |id| wanted.iter().any(|wanted| wanted.id == id);
            let leaves = segments.iter().find_map(|segment| {
                let mut ranked = self.book.state().segment(segment)?.residents_by_rank();
                ranked.find(|id| !used(*id))
            });
            let Some(victim) = leaves else {
                let status = NtStatus::NO_VIDEO_MEMORY;
                let reason = RefusalReason::NoRoomForDmaBuffer { size: Bytes(size) };
                return Err(Refusal::new(status, reason).into());
            };
            self.evict(victim, OperationReason::EvictedForDmaBuffer(victim))?;
        }
    }

    /// The lowest hole of an aperture that takes so many bytes.
    fn hole(&self, segment: SegmentId, size: u64) -> Option<Placement> {
        let checked = self.adapter.segment(segment)?;
        let page = checked.page_size.get();
        let request = Request {
            size: size.next_multiple_of(page),
            alignment: page,
            window: Span::whole(checked.size.get()),
            direction: Direction::BottomUp,
            fit: Fit::First,
        };
        let space = self.book.state().segment(segment).map(SegmentUse::space)?;
        let span = Span::at(space.find(&request).ok()?, request.size)?;
        Some(Placement { segment, span })
    }
}

/// A DMA buffer to be built in, and the segments through which the GPU reads it; none where it needs
/// no mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct DmaBuffer {
    pub(super) index: u32,
    pub(super) segments: SegmentSet,
}

/// The buffers of a pool, in VidMm's table.
const fn pool_of(first: u32) -> Range<u32> {
    first..first.saturating_add(POOL)
}

/// Memory for a buffer of the pool of a device.
fn dma_memory(
    environment: &mut Environment<'_>,
    index: u32,
    device: DeviceId,
    info: &DeviceInfo,
) -> Result<BufferShape, Failure> {
    let contiguous = info.dma_buffer_segment_set.is_empty();
    let layout = if contiguous { Layout::Contiguous } else { Layout::Scattered };
    let pages = Pages(u64::from(info.dma_buffer_size).div_ceil(PAGE_SIZE));
    let mdl = environment
        .host
        .allocate(pages, FrameUse::DmaBuffer(index), layout)
        .map_err(out_of_frames)?;
    let physical =
        contiguous.then(|| DmaBufferAddress::Physical(mdl.address(0).unwrap_or_default()));
    Ok(BufferShape {
        kind: BufferKind::Dma,
        size: info.dma_buffer_size,
        private_size: info.dma_buffer_private_data_size,
        mdl,
        address: physical,
        device: Some(device),
        aperture: None,
        memory: None,
    })
}
