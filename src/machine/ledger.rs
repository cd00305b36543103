//! What every byte must be, kept apart from the machine that moves them.
//!
//! One map a living allocation, changed only by intent: a write of the CPU, a first fill, what a
//! submission says that the GPU writes. Any other byte that differs is damage.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::base::{
    AllocationId, Bytes, Change, Journal, PagesId, Piece, RunMap, Span, StableHasher, StateHash,
};
use crate::ddi::{NtStatus, Readback};
use crate::memory::{ByteChange, Content, bytes};
use crate::vidmm::Stop;

use super::foreign::ForeignMap;
use super::intent::Intent;

/// The journal that holds a ledger.
pub(crate) type LedgerJournal = Journal<LedgerChange>;

/// Work in the order in which the device ends it.
pub(super) type Intents = VecDeque<Arc<Intent>>;

/// What an allocation's bytes must be.
#[derive(Clone, Debug)]
pub struct Expected {
    pub(crate) content: bytes::ByteMap,
    pub(crate) promise: Promise,
    pub(crate) writes: u64,
}

/// What is promised of an allocation's bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Promise {
    /// Nothing: never written or filled.
    #[default]
    NeverWritten,
    /// Every byte.
    Bytes,
    /// Nothing any more: dropped while it was offered, and not touched since.
    Discarded,
    /// Nothing any more: lost in a reset, which saves nothing, and not touched since.
    Lost,
}

impl Expected {
    /// The bytes.
    #[must_use]
    pub const fn content(&self) -> &bytes::ByteMap {
        &self.content
    }

    /// Whether it was ever written or filled; before that no byte is promised.
    #[must_use]
    pub const fn is_touched(&self) -> bool {
        matches!(self.promise, Promise::Bytes)
    }

    /// Whether its content was dropped while it was offered, and nothing came in its place.
    #[must_use]
    pub const fn is_discarded(&self) -> bool {
        matches!(self.promise, Promise::Discarded)
    }

    /// Whether its content was lost in a reset of the adapter, and nothing came in its place.
    #[must_use]
    pub const fn is_lost(&self) -> bool {
        matches!(self.promise, Promise::Lost)
    }
}

/// What the machine keeps besides VidMm, driver and memory.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub(crate) expected: Vec<Option<Expected>>,
    pub(crate) destroyed: BTreeSet<AllocationId>,
    /// Work that the device has not ended, in the order in which it will.
    pub(crate) intents: Intents,
    /// What the device has read of the submission that it executes.
    pub(crate) reads: Vec<Readback>,
    pub(crate) stopped: Option<(u64, Stop)>,
    pub(crate) refusals: u64,
    pub(crate) faults: u64,
    pub(crate) submissions: u64,
    /// Bytes kept one by one for what command buffers add and blit.
    pub(crate) described: u64,
    pub(crate) last_status: Option<NtStatus>,
    pub(crate) pages: Vec<Option<bytes::ByteMap>>,
    /// Aperture pages that operations put together by hand point elsewhere than VidMm's book says.
    pub(crate) foreign: ForeignMap,
    hash: StateHash,
}

/// A reversible change of the ledger.
#[derive(Clone, Debug)]
pub(crate) enum LedgerChange {
    Created(AllocationId, Bytes),
    Destroyed(AllocationId, Box<Expected>),
    /// Bytes are meant; `writes` counts how often.
    Written {
        id: AllocationId,
        change: Box<ByteChange>,
        before: Promise,
        writes: u64,
    },
    /// The content of an allocation is given up.
    Dropped {
        id: AllocationId,
        before: Promise,
        after: Promise,
    },
    /// Reserved pages appear, with what they hold.
    PagesReserved(PagesId, Box<bytes::ByteMap>),
    PagesReleased(PagesId, Box<bytes::ByteMap>),
    PagesWritten(PagesId, Box<ByteChange>),
    Foreign {
        before: Box<ForeignMap>,
        after: Box<ForeignMap>,
    },
    /// Work was submitted.
    Intended(Arc<Intent>),
    /// The device read something.
    Read(Box<Readback>),
    /// The device ended the first of the work.
    Ended {
        intent: Arc<Intent>,
        reads: Vec<Readback>,
    },
    /// Work will be ended in another order, or not at all; before and after.
    Intents(Box<(Intents, Intents)>),
    /// What was read is not compared any more.
    ReadsForgotten(Vec<Readback>),
    Stopped(u64, Stop),
    /// So many commands were refused.
    Refused(u64),
    /// So many faults of the device.
    Faulted(u64),
    /// So many buffers were submitted.
    Submitted(u64),
    /// Bytes are kept one by one.
    Described(u64),
    Status {
        before: Option<NtStatus>,
        after: NtStatus,
    },
}

impl Change for LedgerChange {
    type State = Ledger;

    fn redo(&self, ledger: &mut Ledger) {
        match self {
            Self::Created(id, size) => {
                let content = RunMap::new(size.get(), Content::Zero);
                let promise = Promise::NeverWritten;
                ledger.set(*id, Some(Expected { content, promise, writes: 0 }));
            }
            Self::Destroyed(id, _) => {
                ledger.set(*id, None);
                ledger.destroyed.insert(*id);
            }
            Self::Written { id, change, writes, .. } => ledger.change(*id, |expected| {
                change.redo(&mut expected.content);
                expected.promise = Promise::Bytes;
                expected.writes += writes;
            }),
            Self::Dropped { id, after, .. } => {
                ledger.change(*id, |expected| expected.promise = *after);
            }
            Self::PagesReserved(id, content) => ledger.set_pages(*id, Some((**content).clone())),
            Self::PagesReleased(id, _) => ledger.set_pages(*id, None),
            Self::PagesWritten(id, change) => ledger.change_pages(*id, |map| change.redo(map)),
            Self::Foreign { after, .. } => ledger.foreign = (**after).clone(),
            Self::Intended(intent) => ledger.intents.push_back(Arc::clone(intent)),
            Self::Read(read) => ledger.reads.push((**read).clone()),
            Self::Ended { .. } => {
                ledger.intents.pop_front();
                ledger.reads.clear();
            }
            Self::Intents(change) => ledger.intents.clone_from(&change.1),
            Self::ReadsForgotten(_) => ledger.reads.clear(),
            Self::Stopped(command, stop) => ledger.stopped = Some((*command, *stop)),
            Self::Refused(count) => ledger.refusals += count,
            Self::Faulted(count) => ledger.faults += count,
            Self::Submitted(count) => ledger.submissions += count,
            Self::Described(bytes) => ledger.described += bytes,
            Self::Status { after, .. } => ledger.last_status = Some(*after),
        }
    }

    fn undo(&self, ledger: &mut Ledger) {
        match self {
            Self::Created(id, _) => ledger.set(*id, None),
            Self::Destroyed(id, expected) => {
                ledger.destroyed.remove(id);
                ledger.set(*id, Some((**expected).clone()));
            }
            Self::Written { id, change, before, writes } => ledger.change(*id, |expected| {
                change.undo(&mut expected.content);
                expected.promise = *before;
                expected.writes -= writes;
            }),
            Self::Dropped { id, before, .. } => {
                ledger.change(*id, |expected| expected.promise = *before);
            }
            Self::PagesReserved(id, _) => ledger.set_pages(*id, None),
            Self::PagesReleased(id, content) => ledger.set_pages(*id, Some((**content).clone())),
            Self::PagesWritten(id, change) => ledger.change_pages(*id, |map| change.undo(map)),
            Self::Foreign { before, .. } => ledger.foreign = (**before).clone(),
            Self::Intended(_) => {
                ledger.intents.pop_back();
            }
            Self::Read(_) => {
                ledger.reads.pop();
            }
            Self::Ended { intent, reads } => {
                ledger.intents.push_front(Arc::clone(intent));
                ledger.reads.clone_from(reads);
            }
            Self::Intents(change) => ledger.intents.clone_from(&change.0),
            Self::ReadsForgotten(reads) => ledger.reads.clone_from(reads),
            Self::Stopped(..) => ledger.stopped = None,
            Self::Refused(count) => ledger.refusals -= count,
            Self::Faulted(count) => ledger.faults -= count,
            Self::Submitted(count) => ledger.submissions -= count,
            Self::Described(bytes) => ledger.described -= bytes,
            Self::Status { before, .. } => ledger.last_status = *before,
        }
    }

    fn net(changes: &[Self], ledger: &Ledger) -> Vec<Self> {
        super::ledger_net::net(changes, ledger)
    }
}

impl Ledger {
    /// What an allocation that exists must hold.
    #[must_use]
    pub fn expected(&self, id: AllocationId) -> Option<&Expected> {
        self.expected.get(id.index())?.as_ref()
    }

    /// What reserved pages must hold.
    #[must_use]
    pub fn pages(&self, id: PagesId) -> Option<&bytes::ByteMap> {
        self.pages.get(id.index())?.as_ref()
    }

    /// Aperture pages that operations put together by hand map.
    #[must_use]
    pub const fn foreign(&self) -> &ForeignMap {
        &self.foreign
    }

    /// Whether an allocation existed and was destroyed.
    #[must_use]
    pub fn was_destroyed(&self, id: AllocationId) -> bool {
        self.destroyed.contains(&id)
    }

    /// The command that stopped the machine, counted from 1, and how.
    #[must_use]
    pub const fn stopped(&self) -> Option<(u64, Stop)> {
        self.stopped
    }

    /// Commands refused so far.
    #[must_use]
    pub const fn refusals(&self) -> u64 {
        self.refusals
    }

    /// Faults of the device so far.
    #[must_use]
    pub const fn faults(&self) -> u64 {
        self.faults
    }

    /// Buffers submitted so far, not counting those of the adapter's start.
    #[must_use]
    pub const fn submissions(&self) -> u64 {
        self.submissions
    }

    /// How the last command ended that was not an expectation.
    #[must_use]
    pub const fn last_status(&self) -> Option<NtStatus> {
        self.last_status
    }

    /// Hash of the whole ledger.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        let (command, stop) = self.stopped.map_or((0, 0), |(command, stop)| (command, stop.code));
        let totals = StableHasher::new(60)
            .number(self.refusals)
            .number(self.faults)
            .number(self.submissions)
            .number(self.destroyed.len() as u64)
            .number(command << 32 | u64::from(stop))
            .number(self.last_status.map_or(1, |status| u64::from(status.0)));
        let intents = self.intents.iter().fold(totals, |hasher, intent| {
            hasher.number(intent.fence.0).number(intent.commands.len() as u64)
        });
        let reads = self.reads.iter().fold(intents, |hasher, read| read.bytes.fold(hasher));
        self.hash.with(reads.finish()).with(self.foreign.hash())
    }

    fn part(id: AllocationId, expected: &Expected) -> StateHash {
        StableHasher::new(61)
            .number(u64::from(id.0))
            .number(expected.content.hash().0)
            .number(expected.writes << 2)
            .number(match expected.promise {
                Promise::NeverWritten => 0,
                Promise::Bytes => 1,
                Promise::Discarded => 2,
                Promise::Lost => 3,
            })
            .finish()
    }

    fn pages_part(id: PagesId, content: &bytes::ByteMap) -> StateHash {
        StableHasher::new(62).number(u64::from(id.0)).number(content.hash().0).finish()
    }

    fn set_pages(&mut self, id: PagesId, value: Option<bytes::ByteMap>) {
        if self.pages.len() <= id.index() {
            self.pages.resize_with(id.index() + 1, || None);
        }
        let replaced = std::mem::replace(&mut self.pages[id.index()], value);
        if let Some(before) = &replaced {
            self.hash = self.hash.without(Self::pages_part(id, before));
        }
        if let Some(after) = &self.pages[id.index()] {
            self.hash = self.hash.with(Self::pages_part(id, after));
        }
    }

    fn change_pages(&mut self, id: PagesId, change: impl FnOnce(&mut bytes::ByteMap)) {
        if let Some(content) = self.pages.get_mut(id.index()).and_then(Option::as_mut) {
            self.hash = self.hash.without(Self::pages_part(id, content));
            change(content);
            self.hash = self.hash.with(Self::pages_part(id, content));
        }
    }

    fn set(&mut self, id: AllocationId, value: Option<Expected>) {
        if self.expected.len() <= id.index() {
            self.expected.resize_with(id.index() + 1, || None);
        }
        let replaced = std::mem::replace(&mut self.expected[id.index()], value);
        if let Some(before) = &replaced {
            self.hash = self.hash.without(Self::part(id, before));
        }
        if let Some(after) = &self.expected[id.index()] {
            self.hash = self.hash.with(Self::part(id, after));
        }
    }

    fn change(&mut self, id: AllocationId, change: impl FnOnce(&mut Expected)) {
        if let Some(expected) = self.expected.get_mut(id.index()).and_then(Option::as_mut) {
            self.hash = self.hash.without(Self::part(id, expected));
            change(expected);
            self.hash = self.hash.with(Self::part(id, expected));
        }
    }
}

/// Says that the bytes of `span` must be `pieces` from now on.
pub(crate) fn expect_bytes(
    ledger: &mut LedgerJournal,
    id: AllocationId,
    span: Span,
    pieces: Vec<Piece<Content>>,
) {
    let Some(expected) = ledger.state().expected(id) else { return };
    let before = expected.promise;
    if let Ok(change) = ByteChange::new(expected.content(), span.start(), pieces) {
        ledger.apply(LedgerChange::Written { id, change: Box::new(change), before, writes: 1 });
    }
}

/// Says that the bytes of reserved pages from `offset` on must be `pieces` from now on.
pub(crate) fn expect_pages(
    ledger: &mut LedgerJournal,
    id: PagesId,
    offset: u64,
    pieces: Vec<Piece<Content>>,
) {
    let Some(content) = ledger.state().pages(id) else { return };
    if let Ok(change) = ByteChange::new(content, offset, pieces) {
        ledger.apply(LedgerChange::PagesWritten(id, Box::new(change)));
    }
}
