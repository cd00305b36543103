//! What system memory is, and the reversible changes through which alone it changes.

use super::bytes::ByteMap;
use super::frames::FreeFrames;
use super::{ByteChange, Content, FrameUse};
use crate::base::{Change, FrameNumber, Pages, Piece, RunMap, Span};

/// What system memory is at a moment.
#[derive(Clone, Debug)]
pub struct HostState {
    pub(super) bytes: ByteMap,
    pub(super) uses: RunMap<FrameUse>,
    /// The free runs of `uses`, found fast.
    pub(super) free: FreeFrames,
    /// Requests served so far; numbers the next one.
    pub(super) requests: u64,
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
            requests: 0,
        }
    }

    fn set_uses(&mut self, first: u64, uses: &[Piece<FrameUse>]) {
        self.uses.put(first, uses);
        let mut at = first;
        for piece in uses {
            let span = Span::at(at, piece.len).unwrap_or_default();
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
    /// A request for frames was served.
    Served,
}

impl Change for HostChange {
    type State = HostState;

    fn redo(&self, state: &mut HostState) {
        match self {
            Self::Bytes(change) => change.redo(&mut state.bytes),
            Self::Use { first, after, .. } => state.set_uses(first.get(), after),
            Self::Served => state.requests += 1,
        }
    }

    fn undo(&self, state: &mut HostState) {
        match self {
            Self::Bytes(change) => change.undo(&mut state.bytes),
            Self::Use { first, before, .. } => state.set_uses(first.get(), before),
            Self::Served => state.requests -= 1,
        }
    }
}
