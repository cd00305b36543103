//! Work of the user: from a command buffer through render, preparation and patching to the GPU.
//!
//! The life of a submission as WDDM 1.x has it. The user-mode driver has written a command buffer,
//! in pages of its process. `DxgkDdiRender` validates it and builds a DMA buffer, with a list of the
//! places where addresses belong. Then everything that the buffer names is paged in, the buffer is
//! mapped where it needs that, `DxgkDdiPatch` writes the addresses, and `DxgkDdiSubmitCommand` hands
//! it to the GPU behind its paging.
//!
//! When not everything fits at once, the buffer is split where the driver says that it may be: the
//! first part goes, and the rest is prepared anew. What the slot table still binds at the split must
//! stay resident, but for the slots that are bound anew just there.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{AllocationId, Bytes, ContextId, ContextRef, DeviceId, FenceId};
use crate::ddi::{
    AllocationListEntry, ContextHandle, InterfaceVersion, NtStatus, Patch, PatchLocation, Render,
    SegmentSet, SubmitCommand,
};
use crate::memory::{FrameUse, Layout, Mdl};

use super::allocation::Allocation;
use super::book::{BookChange, Context};
use super::cost;
use super::dma::DmaBuffer;
use super::paging::{Call, ContentChange, Environment, Pager, Planned};
use super::plan::{Wanted, out_of_frames};
use super::queue::{Buffer, BufferKind, BufferShape, BufferUse, InFlight, PatchLists, QueueChange};
use super::reason::{Failure, OperationReason, Refusal, RefusalReason, Stop};
use super::trace::{
    Asked, PatchOperation, RenderOperation, SubmissionRecord, SubmitOperation, TraceEvent,
    WaitReason,
};
use super::{VidMm, invalid};

/// The highest priority of a context; the lowest is the same below zero.
const HIGHEST_PRIORITY: i8 = 7;
/// The longest command buffer.
const LARGEST_COMMAND_BUFFER: usize = 1 << 26;

/// A command buffer as the user-mode driver hands it over.
#[derive(Clone, Debug)]
pub struct CommandBuffer {
    /// Its bytes.
    pub command: Vec<u8>,
    /// The allocations that it names, each once, and whether the GPU may write them.
    pub allocations: Arc<[(AllocationId, bool)]>,
}

/// A DMA buffer that the driver built.
struct Rendered {
    used: u32,
    multipass_offset: u32,
    patch_locations: Vec<PatchLocation>,
    status: NtStatus,
}

/// A submission being made.
struct Sending<'a> {
    id: ContextRef,
    context: Context,
    buffer: &'a CommandBuffer,
    /// What the slot table binds: entries of the allocation list by slot.
    bound: BTreeMap<u32, u32>,
    /// For whom the buffer was split before the part to come.
    split_for: Option<AllocationId>,
}

impl Sending<'_> {
    fn allocation(&self, location: &PatchLocation) -> Option<AllocationId> {
        let index = usize::try_from(location.allocation_index?).ok()?;
        self.buffer.allocations.get(index).map(|(id, _)| *id)
    }

    /// What a part needs resident together: what is bound and stays bound, then what it names.
    fn wanted(&self, part: &[PatchLocation]) -> Vec<Wanted> {
        let begins = part.first().map_or(0, |first| first.split_offset);
        let rebound = |slot: &u32| {
            let at_once = part.iter().take_while(|location| location.split_offset == begins);
            at_once.into_iter().any(|location| location.slot_id == *slot)
        };
        let held = self.bound.iter().filter(|(slot, _)| !rebound(slot)).map(|(_, entry)| *entry);
        let named = part.iter().filter_map(|location| location.allocation_index);
        let mut listed = vec![false; self.buffer.allocations.len()];
        let mut wanted = Vec::new();
        for index in held.chain(named) {
            let Ok(index) = usize::try_from(index) else { continue };
            let Some((id, written)) = self.buffer.allocations.get(index) else { continue };
            if !std::mem::replace(&mut listed[index], true) {
                wanted.push(Wanted::new(*id, *written));
            }
        }
        wanted
    }

    fn bind(&mut self, part: &[PatchLocation]) {
        for location in part {
            match location.allocation_index {
                Some(entry) => self.bound.insert(location.slot_id, entry),
                None => self.bound.remove(&location.slot_id),
            };
        }
    }
}

/// Places where a run of locations can be split: how many begin at an offset of their own.
pub(super) fn groups(locations: &[PatchLocation]) -> usize {
    let changes = locations.windows(2).filter(|pair| pair[0].split_offset != pair[1].split_offset);
    changes.count() + usize::from(!locations.is_empty())
}

impl VidMm {
    /// A device opens another context.
    ///
    /// # Errors
    /// When there is no such device, the context exists already, the priority is none, or system
    /// memory is short.
    pub fn create_context(
        &mut self,
        environment: &mut Environment<'_>,
        id: ContextId,
        device: DeviceId,
        priority: i8,
    ) -> Result<(), Failure> {
        if !(-HIGHEST_PRIORITY..=HIGHEST_PRIORITY).contains(&priority) {
            return Err(invalid(RefusalReason::ContextPriority(priority)));
        }
        self.add_context(environment, ContextRef::Own(id), device, priority)
    }

    /// Makes a context of a device, with its command buffer: pages of the process, charged to commit.
    pub(super) fn add_context(
        &mut self,
        environment: &mut Environment<'_>,
        id: ContextRef,
        device: DeviceId,
        priority: i8,
    ) -> Result<(), Failure> {
        let Some(info) = self.book().device(device).map(|device| device.info) else {
            return Err(invalid(RefusalReason::NoDevice));
        };
        if self.book().context(id).is_some() {
            return Err(invalid(RefusalReason::AlreadyExists));
        }
        let command_buffer = self.next_index();
        self.charge(Bytes(u64::from(info.dma_buffer_size)).to_pages().bytes())?;
        let mdl = command_memory(environment, command_buffer, info.dma_buffer_size)?;
        let shape = BufferShape {
            kind: BufferKind::Command,
            size: info.dma_buffer_size,
            private_size: 0,
            mdl,
            address: None,
            device: Some(device),
            aperture: None,
            memory: None,
        };
        let buffer = Buffer { shape, usage: BufferUse::default(), mapped: None };
        self.queue.apply(QueueChange::Added(Box::new(buffer)));
        let number = u32::try_from(self.book().contexts.len()).unwrap_or(u32::MAX);
        let context = Context {
            device,
            handle: ContextHandle(FIRST_CONTEXT.saturating_add(number)),
            priority,
            command_buffer,
            allocation_list_size: info.allocation_list_size,
            patch_location_list_size: info.patch_location_list_size,
        };
        self.book.apply(BookChange::Context { id, before: None, after: Some(context) });
        Ok(())
    }

    /// Promises what a buffer takes beyond its size when it grows.
    pub(super) fn charge_growth(&mut self, before: u32, after: u32) -> Result<(), Failure> {
        let pages = |size: u32| Bytes(size.into()).to_pages().bytes().get();
        self.charge(Bytes(pages(after).saturating_sub(pages(before))))
    }

    /// Promises system memory.
    pub(super) fn charge(&mut self, needed: Bytes) -> Result<(), Failure> {
        let before = self.book().commit();
        let after = Bytes(before.get().saturating_add(needed.get()));
        if after > self.commit_limit {
            let (committed, limit) = (before, self.commit_limit);
            let reason = RefusalReason::OutOfCommit { needed, committed, limit };
            return Err(Refusal::new(NtStatus::COMMITMENT_LIMIT, reason).into());
        }
        self.book.apply(BookChange::SystemCommit { before, after });
        Ok(())
    }

    /// Takes a command buffer to the GPU.
    ///
    /// # Errors
    /// When there is no such context, an allocation does not exist, is offered or cannot be made
    /// resident, the driver refuses the command buffer, or the machine stops.
    pub fn submit(
        &mut self,
        environment: &mut Environment<'_>,
        id: ContextRef,
        buffer: &CommandBuffer,
    ) -> Result<(), Failure> {
        let Some(context) = self.book().context(id).copied() else {
            return Err(invalid(RefusalReason::NoContext));
        };
        for (allocation, _) in buffer.allocations.iter() {
            self.usable(*allocation)?;
        }
        let context = self.write_command_buffer(environment, id, context, buffer)?;
        let mut sending = Sending { id, context, buffer, bound: BTreeMap::new(), split_for: None };
        let mut multipass_offset = 0;
        for pass in 1..=u32::MAX {
            let dma = self.next_dma_buffer(environment, context.device)?;
            // Each DMA buffer begins with nothing bound.
            sending.bound.clear();
            let rendered = self.render(environment, &mut sending, &dma, multipass_offset, pass)?;
            multipass_offset = rendered.multipass_offset;
            if rendered.used > 0 {
                self.send(environment, &mut sending, &dma, &rendered)?;
            }
            if rendered.status == NtStatus::SUCCESS {
                break;
            }
        }
        Ok(())
    }

    /// The user-mode driver's part: the bytes go to the pages of the context's command buffer,
    /// which grows with its list where the driver has promised nothing.
    fn write_command_buffer(
        &mut self,
        environment: &mut Environment<'_>,
        id: ContextRef,
        before: Context,
        buffer: &CommandBuffer,
    ) -> Result<Context, Failure> {
        let mut context = before;
        let info = self.book().device(context.device).map(|device| device.info);
        let may_grow = info.is_some_and(|info| !info.guaranteed_dma_buffer_contract);
        let needed = u32::try_from(buffer.allocations.len()).unwrap_or(u32::MAX);
        if needed > context.allocation_list_size {
            if !may_grow {
                let size = context.allocation_list_size;
                return Err(invalid(RefusalReason::AllocationListFull { needed, size }));
            }
            let grown = needed.checked_next_power_of_two().unwrap_or(u32::MAX);
            context.allocation_list_size = grown;
            let (before, after) = (Some(before), Some(context));
            self.book.apply(BookChange::Context { id, before, after });
        }
        let index = context.command_buffer;
        let shape = self.queue().buffers[index as usize].shape.clone();
        let length = buffer.command.len();
        let (needed, size) = (Bytes(length as u64), Bytes(shape.size.into()));
        if needed > size {
            if !may_grow || length > LARGEST_COMMAND_BUFFER {
                return Err(invalid(RefusalReason::CommandBufferFull { needed, size }));
            }
            let grown = u32::try_from(length).unwrap_or(u32::MAX).next_power_of_two();
            self.charge_growth(shape.size, grown)?;
            environment.host.release(&shape.mdl);
            let mdl = command_memory(environment, index, grown)?;
            let after = Box::new(BufferShape { size: grown, mdl, ..shape.clone() });
            self.queue.apply(QueueChange::Reshaped { index, before: Box::new(shape), after });
        }
        let mdl = self.queue().buffers[index as usize].shape.mdl.clone();
        let kept = environment.host.mdl_write(&mdl, 0, &buffer.command);
        debug_assert_eq!(kept, Ok(()), "the command buffer has grown to take it");
        let before = self.queue().buffers[index as usize].usage;
        let used = u32::try_from(length).unwrap_or(u32::MAX);
        let after = BufferUse { used, ..before };
        if before != after {
            self.queue.apply(QueueChange::used(index, before, after));
        }
        Ok(context)
    }

    /// Where everything is that a command buffer names.
    fn allocation_list(&self, buffer: &CommandBuffer) -> Vec<AllocationListEntry> {
        let entries = buffer.allocations.iter().filter_map(|(id, write_operation)| {
            let allocation = self.book().allocation(*id)?;
            let place = allocation.placement().and_then(|place| {
                let segment = self.adapter.segment(place.segment)?;
                Some((
                    place.segment,
                    segment.address(crate::base::SegmentOffset(place.span.start())),
                ))
            });
            let (allocation, write_operation) = (allocation.handle(), *write_operation);
            Some(AllocationListEntry { allocation, write_operation, place })
        });
        entries.collect()
    }

    /// `DxgkDdiRender`, once, or again where nothing at all fitted and the buffer grew.
    fn render(
        &mut self,
        environment: &mut Environment<'_>,
        sending: &mut Sending<'_>,
        dma: &DmaBuffer,
        multipass_offset: u32,
        pass: u32,
    ) -> Result<Rendered, Failure> {
        let allocation_list = self.allocation_list(sending.buffer);
        let command_buffer = sending.context.command_buffer;
        let length = self.queue().buffers[command_buffer as usize].usage.used;
        // Whoever does not trace looks at no list.
        let tracing = environment.observer.is_tracing();
        let operation = RenderOperation {
            context: sending.id,
            command_buffer,
            length,
            dma_buffer: dma.index,
            pass,
            allocations: sending.buffer.allocations.clone(),
            allocation_list: if tracing { allocation_list.clone() } else { Vec::new() },
        };
        let asked = Asked::Render(Box::new(operation));
        self.announce(environment, asked, Bytes(length.into()), OperationReason::Submission);
        loop {
            let mut pager = self.pager(environment);
            pager.begin_buffer(dma.index);
            let shape = &pager.queue.state().buffers[dma.index as usize].shape;
            let sizes = (shape.size as usize, shape.private_size as usize);
            let (mut bytes, mut private) = pager.scratch.take(sizes.0, sizes.1);
            let mut patch_locations = Vec::new();
            let mut arguments = Render {
                context: sending.context.handle,
                command: &sending.buffer.command,
                dma_buffer: &mut bytes,
                dma_buffer_used: 0,
                private_data: &mut private,
                private_data_used: 0,
                allocation_list: &allocation_list,
                patch_locations: &mut patch_locations,
                patch_location_list_size: sending.context.patch_location_list_size,
                multipass_offset,
            };
            let status = pager.environment.driver.render(&mut arguments);
            let (used, private_used) = (arguments.dma_buffer_used, arguments.private_data_used);
            let after = arguments.multipass_offset;
            if used > bytes.len() {
                return Err(Stop::buffer_overflow().into());
            }
            if private_used > private.len() {
                return Err(Stop::private_data_overflow().into());
            }
            let call = Call { before: multipass_offset, after, idle: false, status };
            pager.keep(dma.index, &bytes[..used], private_used, &call);
            pager.scratch.give(bytes, private);
            let used = u32::try_from(used).unwrap_or(u32::MAX);
            let rendered = Rendered { used, multipass_offset: after, patch_locations, status };
            match status {
                NtStatus::SUCCESS => return Ok(rendered),
                NtStatus::INSUFFICIENT_DMA_BUFFER => {
                    let info = self.book().device(sending.context.device).map(|device| device.info);
                    if info.is_some_and(|info| info.guaranteed_dma_buffer_contract) {
                        return Err(Stop::contract_broken().into());
                    }
                    if used > 0 {
                        return Ok(rendered);
                    }
                    self.grow(environment, sending, dma.index)?;
                }
                status => return Err(Refusal::new(status, RefusalReason::CommandBuffer).into()),
            }
        }
    }

    /// Nothing fits: the DMA buffer gets twice the size, and the context twice the patch locations.
    fn grow(
        &mut self,
        environment: &mut Environment<'_>,
        sending: &mut Sending<'_>,
        index: u32,
    ) -> Result<(), Failure> {
        self.grow_dma_buffer(environment, index)?;
        let before = sending.context;
        let size = before.patch_location_list_size.max(1).saturating_mul(2);
        sending.context.patch_location_list_size = size;
        let (before, after) = (Some(before), Some(sending.context));
        self.book.apply(BookChange::Context { id: sending.id, before, after });
        Ok(())
    }

    /// Prepares, patches and submits a DMA buffer, in parts where it has to be split.
    fn send(
        &mut self,
        environment: &mut Environment<'_>,
        sending: &mut Sending<'_>,
        dma: &DmaBuffer,
        rendered: &Rendered,
    ) -> Result<(), Failure> {
        let locations = &rendered.patch_locations;
        let (mut first, mut start) = (0, 0);
        while start < rendered.used {
            let rest = &locations[first..];
            let (count, without) = self.prepare(environment, sending, dma, rest)?;
            let part = &rest[..count];
            let end = rest.get(count).map_or(rendered.used, |next| next.split_offset);
            let lists = PatchLists {
                context: sending.id,
                handle: sending.context.handle,
                priority: sending.context.priority,
                allocation_list: self.allocation_list(sending.buffer),
                patch_locations: part.to_vec(),
            };
            let named = sending.wanted(part);
            let allocations: Arc<[AllocationId]> = named.iter().map(|wanted| wanted.id).collect();
            let reason = sending
                .split_for
                .take()
                .map_or(OperationReason::Submission, OperationReason::Split);
            let fence = self.patch_and_submit(
                environment,
                InFlight {
                    fence: FenceId::default(),
                    buffer: dma.index,
                    start,
                    end,
                    allocations: allocations.clone(),
                    work: Some(Arc::new(lists)),
                    begun: false,
                },
                groups(part),
                reason,
            )?;
            for id in allocations.iter() {
                self.fence(*id, fence, false);
            }
            sending.bind(part);
            sending.split_for = without;
            (first, start) = (first + count, end);
        }
        self.collect(environment);
        Ok(())
    }

    /// Makes resident what the GPU needs for as much of the rest of a DMA buffer as can be; answers
    /// how many locations that are, and what had no room beside them, if that is not all.
    fn prepare(
        &mut self,
        environment: &mut Environment<'_>,
        sending: &Sending<'_>,
        dma: &DmaBuffer,
        rest: &[PatchLocation],
    ) -> Result<(usize, Option<AllocationId>), Failure> {
        let splits = self.adapter.version < InterfaceVersion::Wddm2_0;
        let (mut count, mut without) = (rest.len(), None);
        loop {
            let buffer = &self.queue().buffers[dma.index as usize];
            // An earlier part may have mapped it already.
            let segments =
                if buffer.mapped.is_some() { SegmentSet::default() } else { dma.segments };
            let (index, mdl) = (dma.index, buffer.shape.mdl.clone());
            let part = &rest[..count];
            let wanted = sending.wanted(part);
            let can_split = splits && groups(part) > 1;
            let (book, host) = (self.book.position(), environment.host.mark());
            let mut planner = self.planner(environment);
            planner.spares_soft_pinned = can_split;
            let planned = planner.make_resident(&wanted);
            let mapping =
                planned.and_then(|()| planner.map_dma_buffer(index, &mdl, segments, &wanted));
            let plan = std::mem::take(&mut planner.operations);
            match mapping {
                Ok(mapping) => {
                    self.refer(environment, sending, part);
                    self.note_mapped(index, mapping);
                    self.issue(environment, &plan)?;
                    return Ok((count, without));
                }
                Err(Failure::Refused(Refusal { reason: RefusalReason::NoRoom(id), .. }))
                    if can_split =>
                {
                    self.book.roll_back(book);
                    environment.host.roll_back(host);
                    count = split_before(part, |location| sending.allocation(location) == Some(id));
                    without = Some(id);
                }
                Err(failure) => {
                    let short = self.short_of(&failure, segments, &wanted);
                    let Some(fence) = self.leaves_next(environment, short, index) else {
                        return Err(failure);
                    };
                    self.book.roll_back(book);
                    environment.host.roll_back(host);
                    self.pager(environment).wait(fence, WaitReason::MappedDmaBuffer)?;
                    self.retire(environment)?;
                }
            }
        }
    }

    /// The segments of which any would have done, where there was no room.
    fn short_of(&self, failure: &Failure, segments: SegmentSet, wanted: &[Wanted]) -> SegmentSet {
        let Failure::Refused(Refusal { reason, .. }) = failure else {
            return SegmentSet::default();
        };
        match reason {
            RefusalReason::NoRoomForDmaBuffer { .. } => segments,
            RefusalReason::NoRoom(id) => {
                let written = wanted.iter().any(|wanted| wanted.id == *id && wanted.written);
                let allocation = self.book().allocation(*id);
                allocation.map_or_else(SegmentSet::default, |it| it.supported(written))
            }
            _ => SegmentSet::default(),
        }
    }

    /// Notes that the GPU will reference, and may write, what a part names.
    fn refer(
        &mut self,
        environment: &mut Environment<'_>,
        sending: &Sending<'_>,
        part: &[PatchLocation],
    ) {
        let mut planner = self.planner(environment);
        let mut last = None;
        for location in part {
            let entry = location.allocation_index.and_then(|index| usize::try_from(index).ok());
            let Some((id, written)) = entry.and_then(|entry| sending.buffer.allocations.get(entry))
            else {
                continue;
            };
            if last.replace(*id) == Some(*id) {
                continue;
            }
            let before = planner.book.state().allocation(*id).map_or(0, Allocation::last_reference);
            let after = planner.next_time();
            planner.book.apply(BookChange::Referenced { id: *id, before, after });
            if *written {
                planner.written(*id, true);
            }
        }
    }

    /// `DxgkDdiPatch` and `DxgkDdiSubmitCommand` with one fence; what ranks lower makes way.
    fn patch_and_submit(
        &mut self,
        environment: &mut Environment<'_>,
        given: InFlight,
        commands: usize,
        reason: OperationReason,
    ) -> Result<FenceId, Failure> {
        let mut pager = self.pager(environment);
        let work = given.work.clone();
        let preempted = match &work {
            Some(work) => pager.make_way(work.context, work.priority)?,
            None => Vec::new(),
        };
        let given = pager.patch(given, reason)?;
        let fence = given.fence;
        pager.environment.observer.submitted(fence, commands);
        pager.note_submitted(&given);
        pager.submit(given, None, reason)?;
        pager.resubmit(preempted)?;
        Ok(fence)
    }

    /// Tells of an operation that is no paging operation and is not planned.
    fn announce(
        &mut self,
        environment: &mut Environment<'_>,
        asked: Asked,
        bytes: Bytes,
        reason: OperationReason,
    ) {
        self.pager(environment).announce_asked(asked, bytes, reason);
    }
}

/// How many locations come before the first that is `wanted`, as far as the buffer may be split
/// there; at least those before the first split.
fn split_before(part: &[PatchLocation], wanted: impl Fn(&PatchLocation) -> bool) -> usize {
    let begins = |offset: u32| part.iter().position(|location| location.split_offset == offset);
    let found = part.iter().find(|location| wanted(location));
    let cut = found.and_then(|location| begins(location.split_offset)).unwrap_or(0);
    let first = part.first().map_or(0, |first| first.split_offset);
    let smallest = part.iter().take_while(|location| location.split_offset == first).count();
    cut.max(smallest)
}

/// Handles of contexts, as visible tokens: those of the user begin behind VidMm's own.
const FIRST_CONTEXT: u32 = 0x20;

fn command_memory(
    environment: &mut Environment<'_>,
    index: u32,
    size: u32,
) -> Result<Mdl, Failure> {
    let pages = Bytes(size.into()).to_pages();
    let frames =
        environment.host.allocate(pages, FrameUse::CommandBuffer(index), Layout::Scattered);
    frames.map_err(out_of_frames)
}

impl Pager<'_, '_> {
    /// Tells of an operation that is no paging operation.
    pub(super) fn announce_asked(&mut self, asked: Asked, bytes: Bytes, reason: OperationReason) {
        let planned = Planned {
            asked,
            subject: None,
            bytes,
            reason,
            book: self.book.position(),
            busy: None,
            releases: Vec::new(),
            ends_mapping: false,
            content: ContentChange::Kept,
            synchronous: false,
        };
        self.announce(&planned);
    }

    /// `DxgkDdiPatch` for a part to which it gives a fence.
    pub(super) fn patch(
        &mut self,
        given: InFlight,
        reason: OperationReason,
    ) -> Result<InFlight, Failure> {
        self.queue.apply(QueueChange::Fence(1));
        let given = InFlight { fence: self.queue.state().last_fence, ..given };
        let Some(lists) = given.work.clone() else { return Ok(given) };
        let InFlight { fence, buffer, start, end, .. } = given;
        let operation =
            PatchOperation { dma_buffer: buffer, start, end, fence, lists: lists.clone() };
        let bytes = Bytes(u64::from(end - start));
        self.announce_asked(Asked::Patch(Box::new(operation)), bytes, reason);
        let mdl = self.queue.state().buffers[buffer as usize].shape.mdl.clone();
        let (mut bytes, private) = self.scratch.take(end as usize, 0);
        let read = self.environment.host.mdl_read(&mdl, 0, &mut bytes);
        debug_assert_eq!(read, Ok(()), "the part lies in the buffer");
        let mut arguments = Patch {
            context: lists.handle,
            dma_buffer: &mut bytes,
            submission_start: start,
            submission_end: end,
            allocation_list: &lists.allocation_list,
            patch_locations: &lists.patch_locations,
            fence,
        };
        let status = self.environment.driver.patch(&mut arguments);
        if status != NtStatus::SUCCESS {
            return Err(Stop::patch_failed(status).into());
        }
        let kept = self.environment.host.mdl_write(&mdl, start.into(), &bytes[start as usize..]);
        self.scratch.give(bytes, private);
        debug_assert_eq!(kept, Ok(()), "the part lies in the buffer");
        self.queue.apply(QueueChange::Clock(cost::build_call(&self.costs)));
        self.performed();
        Ok(given)
    }

    /// Notes that a part of a DMA buffer is submitted up to its end.
    pub(super) fn note_submitted(&mut self, given: &InFlight) {
        let before = self.queue.state().buffers[given.buffer as usize].usage;
        let after = BufferUse { submitted: given.end, fence: given.fence, ..before };
        self.queue.apply(QueueChange::used(given.buffer, before, after));
    }

    /// `DxgkDdiSubmitCommand` for a part of a DMA buffer.
    pub(super) fn submit(
        &mut self,
        given: InFlight,
        preempted: Option<FenceId>,
        reason: OperationReason,
    ) -> Result<(), Stop> {
        let Some(context) = given.context() else { return self.give(given) };
        let InFlight { fence, buffer: dma_buffer, start, end, .. } = given;
        let content = self.content(&given);
        let operation =
            SubmitOperation { context, dma_buffer, start, end, fence, preempted, content };
        let bytes = Bytes(u64::from(end - start));
        self.announce_asked(Asked::Submit(Box::new(operation)), bytes, reason);
        self.give(given)?;
        self.performed();
        Ok(())
    }

    /// The bytes of a part, for whoever watches.
    fn content(&self, given: &InFlight) -> Arc<[u8]> {
        if !self.environment.observer.is_tracing() {
            return Arc::default();
        }
        let mdl = &self.queue.state().buffers[given.buffer as usize].shape.mdl;
        let mut bytes = vec![0; (given.end - given.start) as usize];
        let read = self.environment.host.mdl_read(mdl, given.start.into(), &mut bytes);
        debug_assert_eq!(read, Ok(()), "the part lies in the buffer");
        bytes.into()
    }

    /// Hands a range of a buffer to the device.
    pub(super) fn give(&mut self, given: InFlight) -> Result<(), Stop> {
        self.queue.apply(QueueChange::Clock(cost::submission(&self.costs)));
        let paging = given.work.is_none();
        let InFlight { fence, buffer, start, end, .. } = given;
        let address = self.address_of(buffer);
        let submission = SubmitCommand { fence, address, start, end, paging };
        let status = self.environment.driver.submit_command(&submission);
        if status != NtStatus::SUCCESS {
            return Err(Stop::submit_failed(status));
        }
        if self.environment.observer.is_tracing() {
            let buffer = self.buffer_record(buffer);
            let record = SubmissionRecord { buffer, start, end, fence, paging };
            let marks = self.marks();
            self.environment.observer.record(TraceEvent::Submission(record, marks));
        }
        self.queue.apply(QueueChange::Given(Box::new(given)));
        Ok(())
    }
}
