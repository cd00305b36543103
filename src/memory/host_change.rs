//! What system memory is, and the reversible changes through which alone it changes.

use super::bytes::ByteMap;
use super::cache::{Cache, CacheLine};
use super::frames::FrameRuns;
use super::{ByteChange, Content, FrameUse, GartEntry};
use crate::base::{Change, FrameNumber, Overlay, Pages, Piece, Replaced, RunMap, Span};

/// What system memory is at a moment.
#[derive(Clone, Debug)]
pub struct HostState {
    pub(super) bytes: ByteMap,
    pub(super) uses: RunMap<FrameUse>,
    /// The free runs of `uses`, found fast.
    pub(super) free: FrameRuns,
    /// Those of `uses` that hold command buffers.
    pub(super) command_frames: FrameRuns,
    /// Requests served so far; numbers the next one.
    pub(super) requests: u64,
    /// What memory holds where the processor's cache has something newer.
    pub(super) cache: Cache,
    /// The address table of the chipset; empty where there is none.
    pub(super) gart: RunMap<GartEntry>,
    /// `free` and `command_frames` are found again on arrival.
    frames_wait: bool,
}

impl HostState {
    /// Memory of `frames`, whose size in bytes fits: all free, all zero.
    pub(super) fn new(frames: Pages) -> Self {
        let mut free = FrameRuns::default();
        free.add(Span::whole(frames.get()));
        Self {
            bytes: ByteMap::new(frames.bytes().get(), Content::Zero),
            uses: RunMap::new(frames.get(), FrameUse::Free),
            free,
            command_frames: FrameRuns::default(),
            requests: 0,
            cache: Cache::new(frames.bytes().get()),
            gart: RunMap::new(0, GartEntry::Unmapped),
            frames_wait: false,
        }
    }

    /// Finds the free frames and those of command buffers again.
    fn find_frames(&mut self) {
        (self.free, self.command_frames) = (FrameRuns::default(), FrameRuns::default());
        for run in self.uses.runs(Span::whole(self.uses.len())) {
            match run.value {
                FrameUse::Free => self.free.push(run.span),
                FrameUse::CommandBuffer(_) => self.command_frames.push(run.span),
                _ => {}
            }
        }
    }

    fn set_uses(&mut self, first: u64, uses: &[Piece<FrameUse>]) {
        self.uses.put(first, uses);
        if self.frames_wait {
            return;
        }
        let mut at = first;
        for piece in uses {
            let span = Span::at(at, piece.len).unwrap_or_default();
            if piece.value.is_command_buffer() {
                self.command_frames.add(span);
            } else {
                self.command_frames.remove(span);
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
    /// So many requests for frames were served.
    Served(u64),
}

impl Change for HostChange {
    type State = HostState;

    fn redo(&self, state: &mut HostState) {
        match self {
            Self::Bytes(change) => change.redo(&mut state.bytes),
            Self::Use { first, after, .. } => state.set_uses(first.get(), after),
            Self::Cache { start, after, .. } => state.cache.put(*start, after),
            Self::Gart { first, after, .. } => state.gart.put(*first, after),
            Self::Served(count) => state.requests += count,
        }
    }

    fn undo(&self, state: &mut HostState) {
        match self {
            Self::Bytes(change) => change.undo(&mut state.bytes),
            Self::Use { first, before, .. } => state.set_uses(first.get(), before),
            Self::Cache { start, before, .. } => state.cache.put(*start, before),
            Self::Gart { first, before, .. } => state.gart.put(*first, before),
            Self::Served(count) => state.requests -= count,
        }
    }

    fn net(changes: &[Self], _state: &HostState) -> Vec<Self> {
        let (mut uses, mut cache, mut gart) =
            (Overlay::default(), Overlay::default(), Overlay::default());
        let mut served = 0;
        for change in changes {
            match change {
                Self::Bytes(_) => {}
                Self::Use { first, before, after } => uses.replace(first.get(), before, after),
                Self::Cache { start, before, after } => cache.replace(*start, before, after),
                Self::Gart { first, before, after } => gart.replace(*first, before, after),
                Self::Served(count) => served += count,
            }
        }
        let written = changes.iter().filter_map(|change| match change {
            Self::Bytes(change) => Some(change),
            _ => None,
        });
        let mut net: Vec<Self> = ByteChange::net(written).into_iter().map(Self::Bytes).collect();
        net.extend(uses.finish().into_iter().map(|Replaced { start, before, after }| Self::Use {
            first: FrameNumber(start),
            before,
            after,
        }));
        net.extend(
            cache.finish().into_iter().map(|Replaced { start, before, after }| Self::Cache {
                start,
                before,
                after,
            }),
        );
        net.extend(gart.finish().into_iter().map(|Replaced { start, before, after }| Self::Gart {
            first: start,
            before,
            after,
        }));
        net.extend((served > 0).then_some(Self::Served(served)));
        net
    }

    fn goes_far(state: &mut HostState, changes: u64) {
        state.frames_wait = changes > 8 * state.uses.run_count() as u64;
    }

    fn arrives(state: &mut HostState) {
        if std::mem::take(&mut state.frames_wait) {
            state.find_frames();
        }
    }
}
