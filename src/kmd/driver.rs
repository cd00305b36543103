//! The driver: its entry points, and how the adapter becomes hardware.

use super::profiles::{Encoding, Profile};
use super::state::{DriverChange, DriverState, Existing};
use super::{native, patch, record, render, rows};
use crate::base::{
    FenceId, FrameNumber, Journal, Keeping, PAGE_SIZE, Piece, SegmentAddress, SegmentId, Span,
    StateHash,
};
use crate::config::{self, Quirks};
use crate::ddi::{
    AllocationHandle, AllocationInfo, BuildPagingBuffer, CreateAllocation, DeviceInfo,
    DevicePowerState, DiscardContentFlags, DmaBufferAddress, DriverMark, Fill, Miniport, NtStatus,
    PacketFault, PacketOutcome, PagingOperation, Patch, PowerAction, PreemptCommand, Preempted,
    Progress, Readback, Render, RowLayout, SegmentFlags, SegmentSet, SetPowerState, SubmitCommand,
    SystemSleepState, TransferFlags, UnmapApertureSegment,
};
use crate::gpu::{
    Fault, Gpu, PacketFormat, PageEntry, Place, RegionConfig, RegionId, Step, Submission, TakenBack,
};
use crate::memory::{Content, HostMemory, bytes};

/// Why a driver cannot start on an adapter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The size of a segment is no page multiple.
    #[error("segment {segment} has {size} bytes, which are not whole pages of 4 KiB")]
    UnalignedSize {
        /// The segment, counted from 1.
        segment: SegmentId,
        /// Its bytes.
        size: u64,
    },
    /// There are more segments than numbers for them.
    #[error("an adapter has at most 31 segments, this one has {0}")]
    TooManySegments(usize),
}

/// A segment as the driver knows it.
#[derive(Clone, Debug)]
struct Segment {
    base: u64,
    /// Its table is the driver's to program.
    is_aperture: bool,
    /// A memory in which rows are aligned.
    is_pitch_aligned: bool,
    /// What the hardware keeps of it in S3 and in S4.
    kept: [Vec<Span>; 2],
}

/// The emulated driver with the GPU that it drives.
#[derive(Clone, Debug)]
pub struct Driver {
    gpu: Gpu,
    journal: Journal<DriverChange>,
    segments: Vec<Segment>,
    encoding: Encoding,
    record_size: u32,
    quirks: Quirks,
    paging_buffer_size: u64,
}

/// The seeds of bytes that nobody wrote: what is in memory after its power was gone.
const LOST: u64 = 0x4C05_7000_0000_0000;

/// The largest allocation: the largest number of pages that a packet and `MultipassOffset` count.
const LARGEST_ALLOCATION: u64 = u32::MAX as u64 * PAGE_SIZE;

impl Driver {
    /// Starts the driver: segment n becomes region n of the GPU, a memory, an aperture or a window
    /// onto the aperture of the chipset, whose size is the platform's and not the segment's.
    ///
    /// Departures from the documents are those that the adapter switches on, whatever the profile
    /// lists.
    ///
    /// # Errors
    /// When a segment does not consist of whole pages, or there are more than 31. Findings of
    /// `rules` are not looked for.
    pub fn new(profile: &Profile, adapter: &config::Adapter) -> Result<Self, StartError> {
        let mut segments = Vec::with_capacity(adapter.segments.len());
        let mut regions = Vec::with_capacity(adapter.segments.len());
        for (index, segment) in adapter.segments.iter().enumerate() {
            let too_many = StartError::TooManySegments(adapter.segments.len());
            let id = SegmentId::from_index(index).ok_or(too_many)?;
            let is_agp = segment.flags.contains(SegmentFlags::Agp);
            let is_aperture = !is_agp && segment.flags.contains(SegmentFlags::Aperture);
            let (base, size) = match adapter.agp_aperture {
                Some(platform) if is_agp => (platform.base, platform.size),
                None if is_agp => (segment.base, 0),
                _ => (segment.base, segment.size),
            };
            if !size.is_multiple_of(PAGE_SIZE) {
                return Err(StartError::UnalignedSize { segment: id, size });
            }
            regions.push(if is_agp {
                RegionConfig::Gart(size / PAGE_SIZE)
            } else if is_aperture {
                RegionConfig::Aperture(size / PAGE_SIZE)
            } else {
                RegionConfig::Memory(size)
            });
            let is_memory = !is_agp && !is_aperture;
            let is_pitch_aligned =
                is_memory && segment.flags.contains(SegmentFlags::PitchAlignment);
            let kept = [SystemSleepState::Standby, SystemSleepState::Hibernate]
                .map(|sleep| segment.really_kept(sleep));
            segments.push(Segment { base, is_aperture, is_pitch_aligned, kept });
        }
        Ok(Self {
            gpu: Gpu::new(&regions),
            journal: Journal::new(DriverState::default()),
            segments,
            encoding: profile.encoding,
            record_size: adapter.version.paging_record_size(),
            quirks: adapter.quirks,
            paging_buffer_size: adapter.paging_buffer.size,
        })
    }

    /// The GPU that it drives.
    #[must_use]
    pub const fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Writes bytes of a memory as the processor does through its window.
    ///
    /// # Errors
    /// When the region is no memory, or the bytes are not all in it.
    pub fn write_memory(
        &mut self,
        region: RegionId,
        offset: u64,
        pieces: &[Piece<Content>],
    ) -> Result<(), Fault> {
        self.gpu.write_memory(region, offset, pieces)
    }

    /// How its paging buffers are encoded.
    #[must_use]
    pub const fn paging_format(&self) -> PacketFormat {
        match self.encoding {
            Encoding::Native => PacketFormat::Native,
            Encoding::Record => PacketFormat::Record { size: self.record_size },
        }
    }

    /// The region of the GPU that is a segment.
    #[must_use]
    pub const fn region(segment: SegmentId) -> RegionId {
        RegionId(segment.number())
    }

    /// The place that a segment address names; `None` below the base of the segment or where
    /// there is no such segment.
    #[must_use]
    pub fn place(&self, segment: SegmentId, address: SegmentAddress) -> Option<Place> {
        let base = self.segments.get(segment.index())?.base;
        let address = address.get().checked_sub(base)?;
        Some(Place { region: Self::region(segment), address })
    }

    pub(super) fn is_aperture(&self, segment: SegmentId) -> bool {
        self.segments.get(segment.index()).is_some_and(|segment| segment.is_aperture)
    }

    pub(super) fn is_pitch_aligned(&self, segment: SegmentId) -> bool {
        self.segments.get(segment.index()).is_some_and(|segment| segment.is_pitch_aligned)
    }

    /// Whether a departure from the documents is switched on.
    pub(super) const fn has(&self, quirk: Quirks) -> bool {
        self.quirks.contains(quirk)
    }

    /// The pattern that a fill leaves.
    pub(super) fn pattern(&self, fill: &Fill) -> u32 {
        if self.has(Quirks::FillIgnoresPattern) { 0 } else { fill.fill_pattern }
    }

    /// Where the pages of an aperture lead after they were unmapped.
    pub(super) fn unmapped_entry(&self, unmap: &UnmapApertureSegment) -> PageEntry {
        if self.has(Quirks::UnmapClearsEntries) {
            PageEntry::Unset
        } else if self.has(Quirks::UnmapToPageZero) {
            PageEntry::Fixed { frame: FrameNumber(0) }
        } else {
            PageEntry::Fixed { frame: unmap.dummy_page.frame() }
        }
    }

    pub(super) const fn state(&self) -> &DriverState {
        self.journal.state()
    }

    /// What a departure answers before anything is looked at.
    fn answered_by_quirk(&self, operation: &PagingOperation) -> Option<NtStatus> {
        if self.has(Quirks::NoProgress) {
            return Some(NtStatus::INSUFFICIENT_DMA_BUFFER);
        }
        if self.has(Quirks::NoOpPaging) {
            return Some(NtStatus::SUCCESS);
        }
        match operation {
            PagingOperation::Transfer(_)
            | PagingOperation::Fill(_)
            | PagingOperation::SpecialLockTransfer(_) => {
                self.has(Quirks::TransferNotSupported).then_some(NtStatus::NOT_SUPPORTED)
            }
            PagingOperation::MapApertureSegment(_) | PagingOperation::UnmapApertureSegment(_) => {
                let ignored =
                    operation.allocation().is_none() && self.has(Quirks::NullAllocationMapIgnored);
                ignored.then_some(NtStatus::SUCCESS)
            }
            PagingOperation::DiscardContent(_)
            | PagingOperation::ReadPhysical(_)
            | PagingOperation::WritePhysical(_) => None,
        }
    }

    pub(super) const fn gpu_mut(&mut self) -> &mut Gpu {
        &mut self.gpu
    }

    pub(super) const fn record_size(&self) -> u32 {
        self.record_size
    }

    /// Whether the operation must wait until the GPU has finished with its allocation.
    fn must_wait(&self, operation: &PagingOperation) -> bool {
        let is_idle = match operation {
            PagingOperation::Transfer(transfer) => {
                transfer.flags.contains(TransferFlags::AllocationIsIdle)
            }
            PagingOperation::DiscardContent(discard) => {
                discard.flags.contains(DiscardContentFlags::AllocationIsIdle)
            }
            PagingOperation::SpecialLockTransfer(special) => {
                special.transfer.flags.contains(TransferFlags::AllocationIsIdle)
            }
            PagingOperation::Fill(_)
            | PagingOperation::ReadPhysical(_)
            | PagingOperation::WritePhysical(_)
            | PagingOperation::MapApertureSegment(_)
            | PagingOperation::UnmapApertureSegment(_) => true,
        };
        let state = self.journal.state();
        !is_idle && operation.allocation().is_some_and(|allocation| state.is_busy(allocation))
    }

    /// The device's memory loses its power, but for what `kept` says of each segment.
    fn lose_memory(&mut self, kept: impl Fn(&Segment) -> Vec<Span>) {
        let losses = self.journal.state().losses();
        self.journal.apply(DriverChange::LostPower);
        for (index, segment) in self.segments.iter().enumerate() {
            let Some(id) = SegmentId::from_index(index) else { continue };
            // Other bytes in every segment and every time, so that no loss looks like another.
            let seed = LOST | losses << 8 | u64::from(id.number());
            self.gpu.lose_memory(Self::region(id), &kept(segment), seed);
        }
    }

    /// Remembers that packets which were not submitted yet name an allocation.
    fn name(&mut self, allocation: AllocationHandle) {
        if !self.journal.state().named().contains(&allocation) {
            self.journal.apply(DriverChange::Named(allocation));
        }
    }
}

/// The part of `DxgkDdi` that handles allocations and submissions.
impl Miniport for Driver {
    fn create_device(&mut self, requested: DeviceInfo) -> DeviceInfo {
        requested
    }

    fn create_allocation(
        &mut self,
        arguments: &CreateAllocation,
    ) -> Result<(AllocationHandle, AllocationInfo), NtStatus> {
        if arguments.requested.size.get() > LARGEST_ALLOCATION {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let rows = arguments.requested.rows;
        let (size, buffer) = (arguments.requested.size, self.paging_buffer_size);
        if rows.is_some_and(|rows| !rows::is_possible(rows, size, buffer)) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        if rows.is_some() && self.encoding == Encoding::Record {
            // A record has no fields for rows, and the hardware that reads it knows none.
            let info = &arguments.requested;
            let supported = [info.supported_read, info.supported_write];
            let mut segments = supported.into_iter().flat_map(SegmentSet::iter);
            if segments.any(|segment| self.is_pitch_aligned(segment)) {
                return Err(NtStatus::NOT_SUPPORTED);
            }
        }
        let handle = self.journal.state().next_handle().ok_or(NtStatus::NO_MEMORY)?;
        // What is no rows is kept in whole pages, and all of them is content.
        let whole = size.to_pages().bytes();
        let content = rows.map_or(whole, RowLayout::size).get();
        self.journal.apply(DriverChange::Created(Existing { content, rows }));
        Ok((handle, arguments.requested.clone()))
    }

    fn destroy_allocation(&mut self, allocation: AllocationHandle) {
        if let Some(existing) = self.journal.state().existing(allocation) {
            self.journal.apply(DriverChange::Destroyed { allocation, existing });
        }
    }

    fn wants_page_arrays(&self) -> bool {
        self.encoding == Encoding::Record
    }

    fn build_paging_buffer(&mut self, arguments: &mut BuildPagingBuffer<'_>) -> NtStatus {
        if let Some(status) = self.answered_by_quirk(arguments.operation) {
            return status;
        }
        match self.encoding {
            Encoding::Native if self.must_wait(arguments.operation) => NtStatus::ALLOCATION_BUSY,
            Encoding::Native => native::build(self, arguments),
            Encoding::Record => record::build(self, arguments),
        }
    }

    fn render(&mut self, arguments: &mut Render<'_>) -> NtStatus {
        render::render(self, arguments)
    }

    fn patch(&mut self, arguments: &mut Patch<'_>) -> NtStatus {
        match patch::patch(self, arguments) {
            Ok(patched) => {
                for allocation in patched {
                    self.name(allocation);
                }
                NtStatus::SUCCESS
            }
            Err(status) => status,
        }
    }

    fn preempt_command(&mut self, arguments: &PreemptCommand, host: &HostMemory) -> Preempted {
        let queued: Vec<FenceId> = self.gpu.queue().map(|submission| submission.fence).collect();
        let TakenBack { last, resume_at } = self.gpu.preempt(arguments.waiting, host);
        // What stays is at the front.
        for fence in queued.into_iter().skip(self.gpu.queue().len()) {
            if let Some(named) = self.journal.state().pending(fence).cloned() {
                self.journal.apply(DriverChange::Signalled { fence, named });
            }
        }
        Preempted { last, resume_at }
    }

    fn submit_command(&mut self, arguments: &SubmitCommand) -> NtStatus {
        let buffer = match arguments.address {
            DmaBufferAddress::Physical(address) => {
                Some(Place { region: RegionId::SYSTEM, address: address.get() })
            }
            DmaBufferAddress::Aperture { segment, address } => self.place(segment, address),
        };
        let (start, end, fence) = (arguments.start, arguments.end, arguments.fence);
        let (Some(buffer), true) = (buffer, start <= end) else {
            return NtStatus::INVALID_PARAMETER;
        };
        if self.journal.state().pending(fence).is_some() {
            return NtStatus::INVALID_PARAMETER;
        }
        let format = if arguments.paging { self.paging_format() } else { PacketFormat::Native };
        self.gpu.submit(Submission { fence, format, buffer, start, end, next: start });
        if !arguments.paging && !self.journal.state().named().is_empty() {
            let named = self.journal.state().named().clone();
            self.journal.apply(DriverChange::Submitted { fence, named });
        }
        NtStatus::SUCCESS
    }

    fn execute_packet(&mut self, host: &mut HostMemory) -> Progress {
        let executed = match self.gpu.execute_packet(host) {
            Step::Idle => return Progress::Idle,
            Step::Waiting(fence) => return Progress::Waiting(fence),
            Step::Executed(executed) => executed,
        };
        let fence = executed.fence;
        if executed.completed
            && let Some(named) = self.journal.state().pending(fence)
        {
            let named = named.clone();
            self.journal.apply(DriverChange::Signalled { fence, named });
        }
        Progress::Executed(PacketOutcome {
            fence,
            start: executed.start,
            end: executed.end,
            bytes: executed.bytes,
            traffic: executed.traffic,
            readback: executed
                .read_back
                .map(|read_back| Readback { slot: read_back.slot, bytes: read_back.bytes }),
            fault: executed.fault.map(packet_fault),
            completed: executed.completed,
        })
    }

    fn set_power_state(&mut self, arguments: &SetPowerState) -> NtStatus {
        if arguments.state == DevicePowerState::D0 {
            return NtStatus::SUCCESS;
        }
        if self.has(Quirks::SetPowerStateFails) {
            return NtStatus::UNSUCCESSFUL;
        }
        self.gpu.lose_tables();
        if arguments.action == PowerAction::None {
            self.lose_memory(|_| Vec::new());
        }
        NtStatus::SUCCESS
    }

    fn reset_from_timeout(&mut self) {
        self.gpu.reset_engine();
        let dropped: Vec<FenceId> = self.journal.state().pending_fences().collect();
        for fence in dropped {
            if let Some(named) = self.journal.state().pending(fence).cloned() {
                self.journal.apply(DriverChange::Signalled { fence, named });
            }
        }
        self.gpu.lose_tables();
        self.lose_memory(|_| Vec::new());
    }

    fn restart_from_timeout(&mut self) {}

    fn power_removed(&mut self, state: SystemSleepState) {
        self.lose_memory(|segment| match state {
            SystemSleepState::Standby => segment.kept[0].clone(),
            SystemSleepState::Hibernate => segment.kept[1].clone(),
        });
    }

    fn write_through_bar(&mut self, segment: SegmentId, offset: u64, written: &[u8]) -> bool {
        let pieces = bytes::pieces_from_bytes(written);
        self.gpu.write_memory(Self::region(segment), offset, &pieces).is_ok()
    }

    fn completed_fence(&self) -> FenceId {
        self.gpu.completed_fence()
    }

    fn mark(&self) -> DriverMark {
        DriverMark { driver: self.journal.position(), device: self.gpu.mark() }
    }

    fn move_to(&mut self, mark: DriverMark) {
        self.journal.move_to(mark.driver);
        self.gpu.move_to(mark.device);
    }

    fn roll_back(&mut self, mark: DriverMark) {
        self.journal.roll_back(mark.driver);
        self.gpu.roll_back(mark.device);
    }

    fn keep(&mut self, keeping: Keeping) -> bool {
        let driver = self.journal.keep(keeping);
        self.gpu.keep(keeping) && driver
    }

    fn hash(&self) -> StateHash {
        self.journal.state().hash().with(self.gpu.hash())
    }
}

/// A fault of the hardware in the words of the interface.
const fn packet_fault(fault: Fault) -> PacketFault {
    match fault {
        Fault::BadPacket(_)
        | Fault::BadRecord(_)
        | Fault::NotAnAperture(_)
        | Fault::UnalignedPage { .. }
        | Fault::TooLong { .. }
        | Fault::TooScattered { .. } => PacketFault::BadPacket,
        Fault::CommandBuffer { .. } => PacketFault::CommandBuffer,
        Fault::OutOfRange { .. } => PacketFault::OutOfRange,
        Fault::Unmapped { .. } => PacketFault::Unmapped,
        Fault::FetchedFixedPage { .. } => PacketFault::FetchedDummyPage,
    }
}
