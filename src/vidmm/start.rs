//! Starting an adapter: the dummy page, the buffers, and apertures that point somewhere.

use crate::base::{Bytes, Pages, SegmentId, SegmentOffset, Span};
use crate::config::{FitPolicy, Policies};
use crate::ddi::{DmaBufferAddress, SegmentFlags};
use crate::memory::{FrameUse, HostMemory, Layout, Mdl};
use crate::placement::{Direction, Fit, Request};
use crate::rules::{CheckedAdapter, PagingBufferPlace, SegmentKind};

use super::VidMm;
use super::allocation::Placement;
use super::book::{Book, BookJournal, ExtentOwner};
use super::paging::{Environment, Pager, Planned, Scratch};
use super::plan::out_of_frames;
use super::queue::{Buffer, BufferKind, BufferShape, BufferUse, Queue, QueueChange, QueueJournal};
use super::reason::{Failure, OperationReason};
use super::trace::WaitReason;

/// Bytes of the buffer with which the adapter starts.
const BOOTSTRAP_BUFFER_SIZE: u32 = 4096;

impl VidMm {
    /// Starts an adapter: points its apertures to the dummy page and maps its paging buffers.
    ///
    /// # Errors
    /// When system memory has not enough frames, or the driver stops the machine.
    pub fn start(
        adapter: CheckedAdapter,
        policies: Policies,
        environment: &mut Environment<'_>,
    ) -> Result<Self, Failure> {
        // The driver carves its segments out of memory before anybody else takes a page.
        for segment in adapter.segments.iter() {
            let flag = SegmentFlags::PopulatedFromSystemMemory;
            if segment.kind == SegmentKind::Memory && segment.flags.contains(flag) {
                let pages = segment.size.to_pages();
                let use_ = FrameUse::Segment(segment.id);
                frames(environment.host, pages, use_, Layout::Contiguous)?;
            }
        }
        let dummy = frames(environment.host, Pages(1), FrameUse::DummyPage, Layout::Scattered)?;
        let mut vidmm = Self {
            book: BookJournal::new(Book::new(&adapter, policies.fit == FitPolicy::Best)),
            adapter,
            policies,
            dummy: dummy.address(0).unwrap_or_default(),
            commit_limit: Bytes::ZERO,
            maps_at_once: false,
            queue: QueueJournal::new(Queue::default()),
            sealed_residency: Vec::new(),
            scratch: Scratch::default(),
        };
        vidmm.add_contiguous(environment, BufferKind::Bootstrap, BOOTSTRAP_BUFFER_SIZE, 0)?;
        vidmm.add_paging_buffers(environment)?;
        vidmm.reset_apertures(environment)?;
        vidmm.commit_limit = environment.host.free_frames().bytes();
        Ok(vidmm)
    }

    fn add_paging_buffers(&mut self, environment: &mut Environment<'_>) -> Result<(), Failure> {
        let asked = self.adapter.paging_buffer;
        let size = u32::try_from(asked.size).unwrap_or(u32::MAX);
        let private = u32::try_from(asked.private_data_size).unwrap_or(u32::MAX);
        for _ in 0..asked.count {
            match self.adapter.paging_buffer_place {
                PagingBufferPlace::Contiguous => {
                    self.add_contiguous(environment, BufferKind::Paging, size, private)?;
                }
                PagingBufferPlace::Memory(segment) => {
                    self.add_in_memory(environment, segment, size, private);
                }
                PagingBufferPlace::Aperture(segment) => {
                    self.add_in_aperture(environment, segment, size, private)?;
                }
            }
        }
        Ok(())
    }

    fn add_contiguous(
        &mut self,
        environment: &mut Environment<'_>,
        kind: BufferKind,
        size: u32,
        private_size: u32,
    ) -> Result<(), Failure> {
        let index = self.next_index();
        let use_ = FrameUse::PagingBuffer(index);
        let pages = Bytes(u64::from(size)).to_pages();
        let mdl = frames(environment.host, pages, use_, Layout::Contiguous)?;
        let address = Some(DmaBufferAddress::Physical(mdl.address(0).unwrap_or_default()));
        let (device, aperture, memory) = (None, None, None);
        self.add(BufferShape { kind, size, private_size, mdl, address, device, aperture, memory });
        Ok(())
    }

    /// A paging buffer whose pages are mapped at the end of an aperture segment.
    fn add_in_aperture(
        &mut self,
        environment: &mut Environment<'_>,
        segment: SegmentId,
        size: u32,
        private_size: u32,
    ) -> Result<(), Failure> {
        let index = self.next_index();
        let pages = Bytes(u64::from(size)).to_pages();
        let use_ = FrameUse::PagingBuffer(index);
        let mdl = frames(environment.host, pages, use_, Layout::Scattered)?;
        let (offset, address) = self.take_from_end(environment, segment, pages, index);
        let aperture = Some((segment, offset));
        let (kind, device, memory) = (BufferKind::Paging, None, None);
        let address = Some(address);
        self.add(BufferShape { kind, size, private_size, mdl, address, device, aperture, memory });
        Ok(())
    }

    /// A paging buffer at the end of a memory segment that the CPU sees.
    fn add_in_memory(
        &mut self,
        environment: &mut Environment<'_>,
        segment: SegmentId,
        size: u32,
        private_size: u32,
    ) {
        let index = self.next_index();
        let pages = Bytes(u64::from(size)).to_pages();
        let (offset, address) = self.take_from_end(environment, segment, pages, index);
        let (kind, mdl) = (BufferKind::Paging, Mdl::default());
        let (device, aperture, memory) = (None, None, Some((segment, offset)));
        let address = Some(address);
        self.add(BufferShape { kind, size, private_size, mdl, address, device, aperture, memory });
    }

    /// Takes pages at the end of a segment for a paging buffer.
    fn take_from_end(
        &mut self,
        environment: &mut Environment<'_>,
        segment: SegmentId,
        pages: Pages,
        index: u32,
    ) -> (SegmentOffset, DmaBufferAddress) {
        let checked = &self.adapter.segments[segment.index()];
        let request = Request {
            size: pages.bytes().get().next_multiple_of(checked.page_size.get()),
            alignment: checked.page_size.get(),
            window: Span::whole(checked.size.get()),
            direction: Direction::TopDown,
            fit: Fit::First,
        };
        let space = self.book().segments[segment.index()].space();
        let span = space.find(&request).ok().and_then(|at| Span::at(at, request.size));
        let span = span.expect("the rules checked that the buffers fit into their segment");
        let offset = SegmentOffset(span.start());
        let address = DmaBufferAddress::Aperture { segment, address: checked.address(offset) };
        let place = Placement { segment, span };
        self.planner(environment).take(place, ExtentOwner::PagingBuffer(index));
        (offset, address)
    }

    pub(super) fn next_index(&self) -> u32 {
        u32::try_from(self.queue().buffers().len()).unwrap_or(u32::MAX)
    }

    fn add(&mut self, shape: BufferShape) {
        let buffer = Buffer { shape, usage: BufferUse::default(), mapped: None };
        self.queue.apply(QueueChange::Added(Box::new(buffer)));
    }

    /// Paging buffers that lie in an aperture, with their places and pages.
    pub(super) fn mapped_buffers(&self) -> Vec<(u32, Placement, Mdl)> {
        let buffers = (0..).zip(self.queue().buffers());
        buffers
            .filter_map(|(index, buffer)| {
                let (segment, offset) = buffer.shape.aperture?;
                let span = Span::at(offset.get(), buffer.shape.mdl.pages().bytes().get())?;
                Some((index, Placement { segment, span }, buffer.shape.mdl.clone()))
            })
            .collect()
    }

    /// Points every page of every aperture to the dummy page, then maps the paging buffers: when
    /// the adapter starts, and whenever its registers were lost.
    pub(super) fn reset_apertures(
        &mut self,
        environment: &mut Environment<'_>,
    ) -> Result<(), Failure> {
        let apertures: Vec<Placement> = self
            .adapter
            .segments
            .iter()
            .filter(|segment| segment.kind == SegmentKind::Aperture)
            .map(|segment| Placement { segment: segment.id, span: Span::whole(segment.size.get()) })
            .collect();
        let buffers = self.mapped_buffers();
        let mut planner = self.planner(environment);
        for place in apertures {
            planner.push_unmap(None, place, OperationReason::ApertureReset(place.segment));
        }
        for (index, place, mdl) in buffers {
            planner.push_map(None, place, &mdl, OperationReason::PagingBufferMapping(index))?;
        }
        let plan = planner.operations;
        self.bootstrap(environment, &plan)
    }

    /// Carries a plan out in the one buffer that no aperture is needed for, and waits for it.
    pub(super) fn bootstrap(
        &mut self,
        environment: &mut Environment<'_>,
        plan: &[Planned],
    ) -> Result<(), Failure> {
        let costs = self.adapter.costs;
        let (kind, at_once) = (BufferKind::Bootstrap, self.maps_at_once);
        let mut pager = Pager::new(
            &mut self.book,
            &mut self.queue,
            environment,
            kind,
            at_once,
            costs,
            &mut self.scratch,
        );
        let fences = pager.carry_out(plan)?;
        if let Some(fence) = fences.last() {
            pager.wait(*fence, WaitReason::Command)?;
        }
        self.maps_at_once = pager.maps_at_once;
        self.settle(environment, plan, &fences);
        Ok(())
    }
}

fn frames(
    host: &mut HostMemory,
    pages: Pages,
    use_: FrameUse,
    layout: Layout,
) -> Result<Mdl, Failure> {
    host.allocate(pages, use_, layout).map_err(out_of_frames)
}
