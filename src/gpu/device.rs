//! The device: its state, what changes it, and what it shows.

use std::collections::{BTreeMap, VecDeque};

use super::bus::{Bus, region_of};
use super::{Fault, PacketFormat, PageEntry, Place, Region, RegionConfig, RegionId};
use crate::base::{
    Change, FenceId, Journal, Keeping, Overlay, Piece, Position, Replaced, Run, RunMap, Span,
    StableHasher, StateHash, Traffic,
};
use crate::memory::{ByteChange, ByteMap, Content, HostMemory, SeenBytes, bytes};

/// A range of a buffer that waits for execution or is being executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Written to the fence register when everything has executed.
    pub fence: FenceId,
    /// How the bytes are read.
    pub format: PacketFormat,
    /// Where the buffer begins: in system memory, an aperture or a memory.
    pub buffer: Place,
    /// First byte submitted, from the start of the buffer.
    pub start: u32,
    /// Byte after the last submitted.
    pub end: u32,
    /// First byte that has not been executed.
    pub next: u32,
}

/// What the device is at a moment.
#[derive(Clone, Debug)]
pub struct GpuState {
    pub(super) regions: Vec<Region>,
    pub(super) queue: VecDeque<Submission>,
    /// Submissions that left the queue; numbers those in it.
    retired: u64,
    completed: FenceId,
    queue_hash: StateHash,
}

/// One reversible change of the device.
#[derive(Clone, Debug)]
pub enum GpuChange {
    /// Bytes of a memory were written.
    Bytes {
        /// The region.
        region: RegionId,
        /// The bytes.
        change: ByteChange,
    },
    /// Entries of an aperture table were set.
    Entries {
        /// The region.
        region: RegionId,
        /// The first page.
        first: u64,
        /// What the entries were.
        before: Vec<Piece<PageEntry>>,
        /// What they are now.
        after: Vec<Piece<PageEntry>>,
    },
    /// A submission joined the queue.
    Queued(Submission),
    /// The submission being executed went on by a packet.
    Advanced {
        /// First byte not executed before.
        from: u32,
        /// First byte not executed now.
        to: u32,
    },
    /// The last submission of the queue was taken back.
    TakenBack(Submission),
    /// The submission being executed left the queue and its fence was written.
    Retired {
        /// The submission as it was.
        submission: Submission,
        /// What the fence register held.
        fence_before: FenceId,
    },
    /// So many submissions joined the empty queue, were executed and left it.
    Passed {
        /// How many.
        count: u64,
        /// What the fence register held.
        before: FenceId,
        /// What it holds.
        after: FenceId,
    },
}

impl GpuState {
    fn memory_mut(&mut self, region: RegionId) -> Option<&mut ByteMap> {
        match self.regions.get_mut(usize::from(region.0).checked_sub(1)?)? {
            Region::Memory(bytes) => Some(bytes),
            Region::Aperture(_) | Region::Gart(_) => None,
        }
    }

    fn aperture_mut(&mut self, region: RegionId) -> Option<&mut RunMap<PageEntry>> {
        match self.regions.get_mut(usize::from(region.0).checked_sub(1)?)? {
            Region::Memory(_) | Region::Gart(_) => None,
            Region::Aperture(entries) => Some(entries),
        }
    }

    fn part(number: u64, submission: &Submission) -> StateHash {
        StableHasher::new(0x5B17)
            .number(number)
            .number(submission.fence.0)
            .number(u64::from(submission.format.packet_size()))
            .number(u64::from(submission.buffer.region.0))
            .number(submission.buffer.address)
            .number(u64::from(submission.start) << 32 | u64::from(submission.end))
            .number(u64::from(submission.next))
            .finish()
    }

    fn push(&mut self, submission: Submission) {
        let number = self.retired.wrapping_add(self.queue.len() as u64);
        self.queue_hash = self.queue_hash.with(Self::part(number, &submission));
        self.queue.push_back(submission);
    }

    fn pop(&mut self) {
        if let Some(submission) = self.queue.pop_back() {
            let number = self.retired.wrapping_add(self.queue.len() as u64);
            self.queue_hash = self.queue_hash.without(Self::part(number, &submission));
        }
    }

    fn advance(&mut self, to: u32) {
        let number = self.retired;
        if let Some(front) = self.queue.front_mut() {
            self.queue_hash = self.queue_hash.without(Self::part(number, front));
            front.next = to;
            self.queue_hash = self.queue_hash.with(Self::part(number, front));
        }
    }

    fn retire(&mut self) {
        if let Some(submission) = self.queue.pop_front() {
            self.queue_hash = self.queue_hash.without(Self::part(self.retired, &submission));
            self.retired = self.retired.wrapping_add(1);
            self.completed = submission.fence;
        }
    }

    fn revive(&mut self, submission: Submission, fence_before: FenceId) {
        self.retired = self.retired.wrapping_sub(1);
        self.queue_hash = self.queue_hash.with(Self::part(self.retired, &submission));
        self.queue.push_front(submission);
        self.completed = fence_before;
    }
}

impl Change for GpuChange {
    type State = GpuState;

    fn redo(&self, state: &mut GpuState) {
        match self {
            Self::Bytes { region, change } => {
                if let Some(memory) = state.memory_mut(*region) {
                    change.redo(memory);
                }
            }
            Self::Entries { region, first, after, .. } => {
                if let Some(entries) = state.aperture_mut(*region) {
                    entries.put(*first, after);
                }
            }
            Self::Queued(submission) => state.push(*submission),
            Self::TakenBack(_) => state.pop(),
            Self::Advanced { to, .. } => state.advance(*to),
            Self::Retired { .. } => state.retire(),
            Self::Passed { count, after, .. } => {
                state.retired = state.retired.wrapping_add(*count);
                state.completed = *after;
            }
        }
    }

    fn undo(&self, state: &mut GpuState) {
        match self {
            Self::Bytes { region, change } => {
                if let Some(memory) = state.memory_mut(*region) {
                    change.undo(memory);
                }
            }
            Self::Entries { region, first, before, .. } => {
                if let Some(entries) = state.aperture_mut(*region) {
                    entries.put(*first, before);
                }
            }
            Self::Queued(_) => state.pop(),
            Self::TakenBack(submission) => state.push(*submission),
            Self::Advanced { from, .. } => state.advance(*from),
            Self::Retired { submission, fence_before } => state.revive(*submission, *fence_before),
            Self::Passed { count, before, .. } => {
                state.retired = state.retired.wrapping_sub(*count);
                state.completed = *before;
            }
        }
    }

    fn net(changes: &[Self], state: &GpuState) -> Vec<Self> {
        let mut written: BTreeMap<RegionId, Vec<&ByteChange>> = BTreeMap::new();
        let mut entries: BTreeMap<RegionId, Overlay<PageEntry>> = BTreeMap::new();
        for change in changes {
            match change {
                Self::Bytes { region, change } => written.entry(*region).or_default().push(change),
                Self::Entries { region, first, before, after } => {
                    entries.entry(*region).or_default().replace(*first, before, after);
                }
                _ => {}
            }
        }
        let mut net = Vec::new();
        for (region, changes) in written {
            let changes = ByteChange::net(changes.into_iter()).into_iter();
            net.extend(changes.map(|change| Self::Bytes { region, change }));
        }
        for (region, overlay) in entries {
            let replaced = overlay.finish().into_iter();
            net.extend(replaced.map(|Replaced { start: first, before, after }| Self::Entries {
                region,
                first,
                before,
                after,
            }));
        }
        let queue = |change: &&Self| !matches!(change, Self::Bytes { .. } | Self::Entries { .. });
        match passed(changes.iter().filter(queue), state) {
            Some(passed) => net.extend(passed),
            None => net.extend(changes.iter().filter(queue).cloned()),
        }
        net
    }
}

/// What changes of the queue come to, where it was empty before and is again; `None` otherwise.
fn passed<'a>(
    changes: impl Iterator<Item = &'a GpuChange>,
    state: &GpuState,
) -> Option<Option<GpuChange>> {
    let (mut queued, mut count) = (0_u64, 0);
    let mut fence = None;
    for change in changes {
        match change {
            GpuChange::Queued(_) => queued += 1,
            // What left without having joined was there before.
            GpuChange::Retired { fence_before, .. } => {
                queued = queued.checked_sub(1)?;
                count += 1;
                fence.get_or_insert(*fence_before);
            }
            GpuChange::Passed { count: more, before, .. } => {
                count += more;
                fence.get_or_insert(*before);
            }
            GpuChange::Advanced { .. } => {}
            GpuChange::TakenBack(_) | GpuChange::Bytes { .. } | GpuChange::Entries { .. } => {
                return None;
            }
        }
    }
    (queued == 0 && state.queue.is_empty())
        .then(|| fence.map(|before| GpuChange::Passed { count, before, after: state.completed }))
}

/// What a read of the device found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// The slot that the packet named.
    pub slot: u32,
    /// The bytes read.
    pub bytes: SeenBytes,
}

/// What one step of the device did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// The submission.
    pub fence: FenceId,
    /// First byte of the packet, from the start of the buffer.
    pub start: u32,
    /// Byte after the last; the end of the submission where that ends inside the packet.
    pub end: u32,
    /// Bytes moved, filled, written or read; 0 after a fault.
    pub bytes: u64,
    /// The same by the way that the bytes went, with page entries; nothing after a fault.
    pub traffic: Traffic,
    /// What a read found.
    pub read_back: Option<ReadBack>,
    /// What went wrong; the rest of the submission was skipped.
    pub fault: Option<Fault>,
    /// Whether the submission ended and its fence was written.
    pub completed: bool,
}

/// What came of letting the device go on by a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing is queued.
    Idle,
    /// The submission at the front waits for a value in memory that is not there yet.
    Waiting(FenceId),
    /// It executed a packet.
    Executed(Executed),
}

/// What a preemption took back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakenBack {
    /// The submission that is still executed to its end.
    pub last: Option<FenceId>,
    /// Where the one that waited goes on, from the start of its buffer.
    pub resume_at: Option<u32>,
}

/// What a change touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Bytes of a memory.
    Bytes(RegionId, Span),
    /// Pages of an aperture.
    Pages(RegionId, Span),
}

/// The device and its history.
#[derive(Clone, Debug)]
pub struct Gpu {
    pub(super) journal: Journal<GpuChange>,
}

impl Gpu {
    /// A device with these regions, numbered from 1: memories hold zeros, apertures point nowhere.
    ///
    /// Regions beyond the 255th have no number and are left out.
    #[must_use]
    pub fn new(regions: &[RegionConfig]) -> Self {
        let regions = regions.iter().take(usize::from(u8::MAX));
        let state = GpuState {
            regions: regions.map(|config| Region::new(*config)).collect(),
            queue: VecDeque::new(),
            retired: 0,
            completed: FenceId::default(),
            queue_hash: StateHash::default(),
        };
        Self { journal: Journal::new(state) }
    }

    /// Queues a range of a buffer; `next` begins at its start, whatever is given.
    pub fn submit(&mut self, submission: Submission) {
        let end = submission.end.max(submission.start);
        let submission = Submission { next: submission.start, end, ..submission };
        self.journal.apply(GpuChange::Queued(submission));
    }

    /// Sets entries of an aperture at once, as a processor does through registers.
    ///
    /// # Errors
    /// When the region is no aperture, or the pages are not all in it.
    pub fn program_aperture(
        &mut self,
        region: RegionId,
        first_page: u64,
        entries: &[Piece<PageEntry>],
    ) -> Result<(), Fault> {
        let Some(Region::Aperture(table)) = region_of(&self.journal.state().regions, region) else {
            return Err(Fault::NotAnAperture(region));
        };
        let pages = entries.iter().try_fold(0_u64, |sum, piece| sum.checked_add(piece.len));
        let span = pages.and_then(|pages| Span::at(first_page, pages));
        let span = span.filter(|span| span.end() <= table.len()).ok_or(Fault::OutOfRange {
            region,
            address: first_page.saturating_mul(crate::base::PAGE_SIZE),
            length: pages.unwrap_or(u64::MAX).saturating_mul(crate::base::PAGE_SIZE),
        })?;
        let before = table.pieces(span);
        if before != entries {
            let after = entries.to_vec();
            self.journal.apply(GpuChange::Entries { region, first: first_page, before, after });
        }
        Ok(())
    }

    /// Writes bytes of a memory at once, as a processor does through its window.
    ///
    /// # Errors
    /// When the region is no memory, or the bytes are not all in it.
    pub fn write_memory(
        &mut self,
        region: RegionId,
        offset: u64,
        pieces: &[Piece<Content>],
    ) -> Result<(), Fault> {
        let length = pieces.iter().fold(0_u64, |sum, piece| sum.saturating_add(piece.len));
        let beyond = Fault::OutOfRange { region, address: offset, length };
        let memory = self.memory(region).ok_or(beyond)?;
        let change = ByteChange::new(memory, offset, pieces.to_vec()).map_err(|_| beyond)?;
        if !change.changes_nothing() {
            self.journal.apply(GpuChange::Bytes { region, change });
        }
        Ok(())
    }

    /// The power of the device's memory went: of a region only `kept`, sorted and apart, is left.
    /// What is gone holds the bytes of `seed`, which nobody wrote: undefined, as far as anybody
    /// can tell, and the same in every run.
    pub fn lose_memory(&mut self, region: RegionId, kept: &[Span], seed: u64) {
        let Some(len) = self.memory(region).map(ByteMap::len) else { return };
        let mut from = 0;
        let ends = kept.iter().map(|span| (span.start(), span.end())).chain([(len, len)]);
        for (start, end) in ends {
            if let Some(gone) = Span::new(from, start.min(len)).filter(|gone| !gone.is_empty()) {
                let noise = Content::seeded(seed, gone.start());
                let pieces = bytes::pieces_from_content(noise, gone.len());
                let lost = self.write_memory(region, gone.start(), &pieces);
                debug_assert_eq!(lost, Ok(()), "the range was cut to the memory");
            }
            from = end.max(from);
        }
    }

    /// The registers of the device lost their power: page tables of apertures point nowhere.
    pub fn lose_tables(&mut self) {
        let regions = (1..=u8::MAX).map(RegionId).zip(self.regions());
        let tables: Vec<(RegionId, u64)> = regions
            .filter_map(|(id, region)| match region {
                Region::Aperture(entries) => Some((id, entries.len())),
                Region::Memory(_) | Region::Gart(_) => None,
            })
            .collect();
        for (region, pages) in tables {
            let nowhere = Piece { len: pages, value: PageEntry::Unset };
            let nowhere = (pages > 0).then_some(nowhere);
            let lost = self.program_aperture(region, 0, nowhere.as_slice());
            debug_assert_eq!(lost, Ok(()), "the whole table was named");
        }
    }

    /// Takes back what has not begun, as if it had not been queued: nothing of it was executed, and
    /// no fence is written. A submission that has begun stays at the front, to be executed to its
    /// end.
    ///
    /// With `waiting`, one whose next packet waits for a value that is not there yet is taken back
    /// too, and the answer says where it goes on.
    pub fn preempt(&mut self, waiting: bool, host: &HostMemory) -> TakenBack {
        let Some(front) = self.journal.state().queue.front().copied() else {
            return TakenBack { last: None, resume_at: None };
        };
        let resume_at = (waiting && self.is_waiting(front, host)).then_some(front.next);
        let stays = front.next > front.start && resume_at.is_none();
        // Only the one at the front can have begun, so what is taken back is the end of the queue.
        while self.journal.state().queue.len() > usize::from(stays)
            && let Some(submission) = self.journal.state().queue.back().copied()
        {
            self.journal.apply(GpuChange::TakenBack(submission));
        }
        TakenBack { last: stays.then_some(front.fence), resume_at }
    }

    /// The engine is reset: what is queued never executes, and its fences count as passed.
    pub fn reset_engine(&mut self) {
        while let Some(submission) = self.journal.state().queue.front().copied() {
            let fence_before = self.completed_fence();
            self.journal.apply(GpuChange::Retired { submission, fence_before });
        }
    }

    /// The fence register: the fence of the submission that ended last.
    #[must_use]
    pub const fn completed_fence(&self) -> FenceId {
        self.journal.state().completed
    }
}

/// What the device shows.
impl Gpu {
    /// The regions; the first is region 1.
    #[must_use]
    pub fn regions(&self) -> &[Region] {
        &self.journal.state().regions
    }

    /// The bytes of a memory; `None` for other regions.
    #[must_use]
    pub fn memory(&self, region: RegionId) -> Option<&ByteMap> {
        match region_of(self.regions(), region)? {
            Region::Memory(bytes) => Some(bytes),
            Region::Aperture(_) | Region::Gart(_) => None,
        }
    }

    /// The page table of an aperture; `None` for other regions.
    #[must_use]
    pub fn aperture(&self, region: RegionId) -> Option<&RunMap<PageEntry>> {
        match region_of(self.regions(), region)? {
            Region::Memory(_) | Region::Gart(_) => None,
            Region::Aperture(entries) => Some(entries),
        }
    }

    /// The entries of some pages of an aperture, as runs; none for other regions.
    pub fn aperture_entries(
        &self,
        region: RegionId,
        pages: Span,
    ) -> impl Iterator<Item = Run<PageEntry>> + '_ {
        self.aperture(region).into_iter().flat_map(move |entries| entries.runs(pages))
    }

    /// The submissions that have not ended, the one being executed first.
    pub fn queue(&self) -> impl ExactSizeIterator<Item = &Submission> + '_ {
        self.journal.state().queue.iter()
    }

    /// The description of bytes as the device sees them, through apertures too.
    ///
    /// # Errors
    /// Where a packet that read them would fault.
    pub fn pieces(
        &self,
        place: Place,
        len: u64,
        host: &HostMemory,
    ) -> Result<Vec<Piece<crate::memory::Content>>, Fault> {
        let bus = Bus { regions: self.regions(), host };
        bus.read(&bus.resolve(place, len)?)
    }

    /// Copies bytes as the device sees them to `out`.
    ///
    /// # Errors
    /// Where a packet that read them would fault.
    pub fn read(&self, place: Place, out: &mut [u8], host: &HostMemory) -> Result<(), Fault> {
        let pieces = self.pieces(place, out.len() as u64, host)?;
        out.copy_from_slice(&bytes::read_pieces(&pieces, out.len()));
        Ok(())
    }
}

/// The history.
impl Gpu {
    /// Where the history stands.
    #[must_use]
    pub const fn mark(&self) -> Position {
        self.journal.position()
    }

    /// Goes back or forward in the history.
    ///
    /// # Panics
    /// When `to` is beyond what is recorded: a position of another history.
    pub fn move_to(&mut self, to: Position) {
        self.journal.move_to(to);
    }

    /// Takes back what was done since `to`, as if it had never been: what lay ahead lies ahead
    /// again. `to` is not before the last [`Self::move_to`].
    pub fn roll_back(&mut self, to: Position) {
        self.journal.roll_back(to);
    }

    /// What becomes of the history behind.
    pub fn keep(&mut self, keeping: Keeping) -> bool {
        self.journal.keep(keeping)
    }

    /// The hash of the state: bytes and entries as described, queue and fence register.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        let state = self.journal.state();
        let register =
            StableHasher::new(0xFE7C).number(state.completed.0).number(state.retired).finish();
        let regions = (1..=u8::MAX).map(RegionId).zip(&state.regions);
        regions
            .fold(state.queue_hash.with(register), |hash, (id, region)| hash.with(region.hash(id)))
    }

    /// What was written between two positions, in the order of writing.
    pub fn changed_between(
        &self,
        from: Position,
        to: Position,
    ) -> impl Iterator<Item = Touched> + '_ {
        let (_, changes) = self.journal.between(from.min(to), from.max(to));
        changes.iter().filter_map(|change| match change {
            GpuChange::Bytes { region, change } => Some(Touched::Bytes(*region, change.span())),
            GpuChange::Entries { region, first, after, .. } => {
                let pages = after.iter().map(|piece| piece.len).sum();
                Some(Touched::Pages(*region, Span::at(*first, pages)?))
            }
            GpuChange::Queued(_)
            | GpuChange::TakenBack(_)
            | GpuChange::Advanced { .. }
            | GpuChange::Retired { .. }
            | GpuChange::Passed { .. } => None,
        })
    }
}
