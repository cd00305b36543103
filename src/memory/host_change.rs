//! What system memory is, and the reversible changes through which alone it changes.

use super::bytes::ByteMap;
use super::cache::{Cache, CacheLine};
use super::frames::FreeFrames;
use super::{ByteChange, Content, FrameUse, GartEntry};
use crate::base::{Change, FrameNumber, Pages, Piece, RunMap, Span};

/// What system memory is at a moment.
#[derive(Clone, Debug)]
pub struct HostState {
    pub(super) bytes: ByteMap,
    pub(super) uses: RunMap<FrameUse>,
    /// The free runs of `uses`, found fast.
    pub(super) free: FreeFrames,
    /// How many frames of `uses` hold command buffers; none, most of the time.
    pub(super) command_frames: u64,
    /// Requests served so far; numbers the next one.
    pub(super) requests: u64,
    /// What memory holds where the processor's cache has something newer.
    pub(super) cache: Cache,
    /// The address table of the chipset; empty where there is none.
    pub(super) gart: RunMap<GartEntry>,
}

impl HostState {
    /// Memory of `frames`, whose size in bytes fits: all free, all zero.
    pub(super) fn new(frames: Pages) -> Self {
        let mut free = FreeFrames::default();
        free.add(Span::whole(frames.get()));
        Self {
            bytes: ByteMap::new(frames.bytes().get(), Content::Zero),
            uses: RunMap::new(frames.get(), FrameUse::Free),
            free,
            command_frames: 0,
            requests: 0,
            cache: Cache::new(frames.bytes().get()),
            gart: RunMap::new(0, GartEntry::Unmapped),
        }
    }

    fn set_uses(&mut self, first: u64, uses: &[Piece<FrameUse>]) {
        if self.command_frames > 0 {
            let len = uses.iter().map(|piece| piece.len).sum();
            let before = self.uses.runs(Span::at(first, len).unwrap_or_default());
            let commands = before.filter(|run| run.value.is_command_buffer());
            self.command_frames -= commands.map(|run| run.span.len()).sum::<u64>();
        }
        self.uses.put(first, uses);
        let mut at = first;
        for piece in uses {
            let span = Span::at(at, piece.len).unwrap_or_default();
            if piece.value.is_command_buffer() {
                self.command_frames += span.len();
            }
            match piece.value {
                FrameUse::Free => self.free.add(span),
                _ => self.free.remove(span),
            }
            at = span.end();
        }
    }
}

/// One reversible change of system memory.
#[derive(Clone, Debug)]
pub enum HostChange {
    /// Bytes were written.
    Bytes(ByteChange),
    /// Consecutive frames changed their use.
    Use {
        /// The first frame.
        first: FrameNumber,
        /// What the frames were used for.
        before: Vec<Piece<FrameUse>>,
        /// What they are used for now.
        after: Vec<Piece<FrameUse>>,
    },
    /// A range of the processor's cache became dirty or clean.
    Cache {
        /// The physical address of its first byte.
        start: u64,
        /// What the cache said of it.
        before: Vec<Piece<CacheLine>>,
        /// What it says now.
        after: Vec<Piece<CacheLine>>,
    },
    /// Entries of the chipset's address table were set.
    Gart {
        /// The first page.
        first: u64,
        /// What the entries were.
        before: Vec<Piece<GartEntry>>,
        /// What they are now.
        after: Vec<Piece<GartEntry>>,
    },
    /// A request for frames was served.
    Served,
}

impl Change for HostChange {
    type State = HostState;

    fn redo(&self, state: &mut HostState) {
        match self {
            Self::Bytes(change) => change.redo(&mut state.bytes),
            Self::Use { first, after, .. } => state.set_uses(first.get(), after),
            Self::Cache { start, after, .. } => state.cache.put(*start, after),
            Self::Gart { first, after, .. } => state.gart.put(*first, after),
            Self::Served => state.requests += 1,
        }
    }

    fn undo(&self, state: &mut HostState) {
        match self {
            Self::Bytes(change) => change.undo(&mut state.bytes),
            Self::Use { first, before, .. } => state.set_uses(first.get(), before),
            Self::Cache { start, before, .. } => state.cache.put(*start, before),
            Self::Gart { first, before, .. } => state.gart.put(*first, before),
            Self::Served => state.requests -= 1,
        }
    }
}
