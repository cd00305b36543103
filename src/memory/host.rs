//! The host's memory: its frames, who uses them and what they hold.
//!
//! Every change goes through one journal, so that memory can be put back to any moment. Content
//! and use of frames are changed only here; whether a write was allowed is for callers to know.

use super::bytes::{self, ByteMap};
use super::frames::Scatter;
use super::host_change::{HostChange, HostState};
use super::{
    ByteChange, Content, ContentHash, FrameRun, FrameUse, Layout, Mdl, OutOfFrames, OutOfRange,
};
use crate::base::{
    Bytes, FrameNumber, Journal, Keeping, PAGE_SIZE, Pages, PhysicalAddress, Piece, Position, Run,
    Span, StableHasher, StateHash,
};

/// System memory and its history.
#[derive(Clone, Debug)]
pub struct HostMemory {
    journal: Journal<HostChange>,
    seed: u64,
}

impl HostMemory {
    /// Memory of `size`, rounded down to whole pages: all free, all zero.
    ///
    /// The seed decides where scattered frames lie.
    #[must_use]
    pub fn new(size: Bytes, seed: u64) -> Self {
        let frames = size.get() / PAGE_SIZE;
        let state = HostState::new(Pages(frames));
        Self { journal: Journal::new(state), seed }
    }

    /// The same memory with something of its state made otherwise, before anything happened.
    pub(super) fn remade(self, make: impl FnOnce(&mut HostState)) -> Self {
        let mut state = self.journal.state().clone();
        make(&mut state);
        Self { journal: Journal::new(state), seed: self.seed }
    }

    pub(super) const fn state(&self) -> &HostState {
        self.journal.state()
    }

    pub(super) fn apply(&mut self, change: HostChange) {
        self.journal.apply(change);
    }

    /// Its size.
    #[must_use]
    pub const fn size(&self) -> Bytes {
        Bytes(self.content().len())
    }

    /// Frames there are.
    #[must_use]
    pub const fn total_frames(&self) -> Pages {
        Pages(self.journal.state().uses.len())
    }

    /// Frames that nobody uses.
    #[must_use]
    pub const fn free_frames(&self) -> Pages {
        Pages(self.journal.state().free.count())
    }

    /// What a frame is used for; `None` outside memory.
    #[must_use]
    pub fn use_of(&self, frame: FrameNumber) -> Option<FrameUse> {
        self.journal.state().uses.at(frame.get())
    }

    /// The uses of a range of frames, as runs.
    pub fn uses(&self, frames: Span) -> impl Iterator<Item = Run<FrameUse>> + '_ {
        self.journal.state().uses.runs(frames)
    }

    /// The first frame of a command buffer that a range of physical addresses reaches.
    ///
    /// Devices ask for every stretch that they reach.
    #[must_use]
    pub fn command_buffer_in(&self, addresses: Span) -> Option<FrameNumber> {
        let (first, end) = (addresses.start() / PAGE_SIZE, addresses.end().div_ceil(PAGE_SIZE));
        let frames = Span::new(first, end).filter(|_| !addresses.is_empty())?;
        self.journal.state().command_frames.first_in(frames).map(FrameNumber)
    }

    /// Every byte; positions are physical addresses.
    #[must_use]
    pub const fn content(&self) -> &ByteMap {
        &self.journal.state().bytes
    }
}

/// Handing out frames.
impl HostMemory {
    /// Takes `pages` free frames for a use.
    ///
    /// Where they lie depends only on the seed, on how many requests came before, and on what is
    /// free. A scattered request succeeds whenever as many frames are free.
    ///
    /// # Errors
    /// When there are not enough, or for a contiguous request not enough in one run.
    pub fn allocate(
        &mut self,
        pages: Pages,
        use_: FrameUse,
        layout: Layout,
    ) -> Result<Mdl, OutOfFrames> {
        let state = self.journal.state();
        let (needed, number) = (pages.get(), state.requests);
        let free = self.free_frames();
        // The longest run is looked for only to be told.
        let refused = |state: &HostState| {
            let largest_run = Pages(state.free.largest_run());
            OutOfFrames { needed: pages, free, largest_run }
        };
        let mut runs = Vec::new();
        match layout {
            Layout::Contiguous => {
                let span = if needed == 0 {
                    Span::default()
                } else {
                    state.free.lowest(needed).ok_or_else(|| refused(state))?
                };
                runs.extend(self.take(span, use_));
            }
            Layout::Scattered => {
                if needed > free.get() {
                    return Err(refused(state));
                }
                let frames = self.total_frames().get();
                let mut scatter = Scatter::new(self.seed, number, frames, needed);
                while let Some(span) = scatter.next(&self.journal.state().free) {
                    runs.extend(self.take(span, use_));
                }
            }
        }
        self.journal.apply(HostChange::Served(1));
        // Every frame lies in memory, whose size in bytes fits, and no frame is there twice.
        Ok(Mdl::new(runs).unwrap_or_default())
    }

    /// Gives frames back: they become free, and zero.
    ///
    /// Frames that are free already, or outside memory, stay what they are.
    pub fn release(&mut self, mdl: &Mdl) {
        let memory = Span::whole(self.total_frames().get());
        for run in mdl.runs() {
            let Some(frames) = run.frames().and_then(|frames| frames.intersection(memory)) else {
                continue;
            };
            self.take(frames, FrameUse::Free);
        }
    }

    /// Gives frames of memory a use. Whoever uses them next finds zeros.
    fn take(&mut self, frames: Span, use_: FrameUse) -> Option<FrameRun> {
        if frames.is_empty() {
            return None;
        }
        let bytes = Pages(frames.len()).bytes().get();
        let zeros = bytes::pieces_from_content(Content::Zero, bytes);
        let address = FrameNumber(frames.start()).address();
        // The frames lie in memory, so their bytes do.
        if let Ok(change) = ByteChange::new(self.content(), address.get(), zeros) {
            self.record(change);
        }
        let (first, count) = (FrameNumber(frames.start()), Pages(frames.len()));
        let before = self.journal.state().uses.pieces(frames);
        let after = vec![Piece { len: count.get(), value: use_ }];
        if before != after {
            self.journal.apply(HostChange::Use { first, before, after });
        }
        Some(FrameRun { first, count })
    }
}

/// Bytes by physical address.
impl HostMemory {
    /// Copies the bytes from `address` on to `out`.
    ///
    /// # Errors
    /// When they do not all lie in memory.
    pub fn read(&self, address: PhysicalAddress, out: &mut [u8]) -> Result<(), OutOfRange> {
        bytes::read(self.content(), address.get(), out)
    }

    /// Writes bytes from `address` on.
    ///
    /// # Errors
    /// When they do not all lie in memory; nothing is written then.
    pub fn write(&mut self, address: PhysicalAddress, written: &[u8]) -> Result<(), OutOfRange> {
        self.put(address, &bytes::pieces_from_bytes(written))
    }

    /// Fills `len` bytes from `address` on with a little-endian 32-bit word over and over.
    ///
    /// # Errors
    /// When they do not all lie in memory; nothing is written then.
    pub fn fill(
        &mut self,
        address: PhysicalAddress,
        len: u64,
        word: u32,
    ) -> Result<(), OutOfRange> {
        self.put(address, &bytes::pieces_from_content(Content::pattern(word, 0), len))
    }

    /// Puts described bytes from `address` on. Records nothing where they are there already.
    ///
    /// # Errors
    /// When they do not all lie in memory; nothing is written then.
    pub fn put(
        &mut self,
        address: PhysicalAddress,
        pieces: &[Piece<Content>],
    ) -> Result<(), OutOfRange> {
        let change = ByteChange::new(self.content(), address.get(), pieces.to_vec())?;
        self.record(change);
        Ok(())
    }

    /// The description of `len` bytes from `address` on.
    ///
    /// # Errors
    /// When they do not all lie in memory.
    pub fn pieces(
        &self,
        address: PhysicalAddress,
        len: u64,
    ) -> Result<Vec<Piece<Content>>, OutOfRange> {
        let span = OutOfRange::check(address.get(), len, self.content().len())?;
        Ok(self.content().pieces(span))
    }

    /// Writes past the cache of the processor, which has nothing newer there afterwards.
    fn record(&mut self, change: ByteChange) {
        self.forget_behind(change.span());
        if !change.changes_nothing() {
            self.journal.apply(HostChange::Bytes(change));
        }
    }
}

/// Bytes by their place in a memory descriptor list.
impl HostMemory {
    /// The description of `len` bytes from byte `offset` of the list on.
    ///
    /// # Errors
    /// When they do not all lie in the list, or the frames not in memory.
    pub fn mdl_pieces(
        &self,
        mdl: &Mdl,
        offset: u64,
        len: u64,
    ) -> Result<Vec<Piece<Content>>, OutOfRange> {
        let mut pieces = Vec::new();
        for span in self.listed(mdl, offset, len)? {
            pieces.extend(self.content().pieces(span));
        }
        Ok(bytes::joined_pieces(pieces))
    }

    /// Puts described bytes from byte `offset` of the list on.
    ///
    /// # Errors
    /// When they do not all lie in the list, or the frames not in memory; nothing is written then.
    pub fn mdl_put(
        &mut self,
        mdl: &Mdl,
        offset: u64,
        pieces: &[Piece<Content>],
    ) -> Result<(), OutOfRange> {
        // No list has as many bytes as stand for too many.
        let len = bytes::pieces_len(pieces).unwrap_or(u64::MAX);
        let mut at = 0;
        for span in self.listed(mdl, offset, len)? {
            let part = bytes::slice_pieces(pieces, at, span.len());
            self.put(PhysicalAddress(span.start()), &part)?;
            at += span.len();
        }
        Ok(())
    }

    /// Copies the bytes from byte `offset` of the list on to `out`.
    ///
    /// # Errors
    /// When they do not all lie in the list, or the frames not in memory.
    pub fn mdl_read(&self, mdl: &Mdl, offset: u64, out: &mut [u8]) -> Result<(), OutOfRange> {
        let mut rest = &mut out[..];
        for span in self.listed(mdl, offset, bytes::length(rest))? {
            // The spans together are as long as the slice.
            let len = usize::try_from(span.len()).unwrap_or(usize::MAX).min(rest.len());
            let (head, tail) = rest.split_at_mut(len);
            bytes::read(self.content(), span.start(), head)?;
            rest = tail;
        }
        Ok(())
    }

    /// Writes bytes from byte `offset` of the list on.
    ///
    /// # Errors
    /// When they do not all lie in the list, or the frames not in memory; nothing is written then.
    pub fn mdl_write(&mut self, mdl: &Mdl, offset: u64, written: &[u8]) -> Result<(), OutOfRange> {
        self.mdl_put(mdl, offset, &bytes::pieces_from_bytes(written))
    }

    /// The hash of `len` bytes from byte `offset` of the list on.
    ///
    /// # Errors
    /// When they do not all lie in the list, or the frames not in memory.
    pub fn mdl_hash(&self, mdl: &Mdl, offset: u64, len: u64) -> Result<ContentHash, OutOfRange> {
        Ok(bytes::pieces_hash(&self.mdl_pieces(mdl, offset, len)?))
    }

    /// The ranges that a list names, all of which lie in memory.
    pub(super) fn listed(&self, mdl: &Mdl, offset: u64, len: u64) -> Result<Vec<Span>, OutOfRange> {
        let spans = mdl.byte_spans(offset, len)?;
        for span in &spans {
            OutOfRange::check(span.start(), span.len(), self.content().len())?;
        }
        Ok(spans)
    }
}

/// The history.
impl HostMemory {
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

    /// Takes back what was done since `to`, as if it had never been.
    pub fn roll_back(&mut self, to: Position) {
        self.journal.roll_back(to);
    }

    /// What becomes of the history behind.
    pub fn keep(&mut self, keeping: Keeping) -> bool {
        self.journal.keep(keeping)
    }

    /// The hash of memory as described: bytes, uses, what the cache hides, the chipset's table and
    /// the number of the next request.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        let state = self.journal.state();
        let requests = StableHasher::new(0x05E2).number(state.requests).finish();
        let described = state.bytes.hash().with(state.uses.hash()).with(requests);
        described.with(state.cache.hash()).with(state.gart.hash())
    }

    /// The ranges of bytes written between two positions that are not sealed, in the order of writing.
    pub fn changed_between(&self, from: Position, to: Position) -> impl Iterator<Item = Span> + '_ {
        let (_, changes) = self.journal.between(from.min(to), from.max(to));
        changes.iter().filter_map(|change| match change {
            HostChange::Bytes(change) => Some(change.span()),
            HostChange::Use { .. }
            | HostChange::Cache { .. }
            | HostChange::Gart { .. }
            | HostChange::Served(_) => None,
        })
    }
}
