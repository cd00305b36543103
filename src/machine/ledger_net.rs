//! What changes of the ledger come to.

use std::collections::{BTreeMap, BTreeSet};

use super::foreign::ForeignMap;
use super::ledger::{Ledger, LedgerChange, Promise};
use crate::base::{AllocationId, FenceId};
use crate::ddi::NtStatus;
use crate::memory::ByteChange;

/// The same as `changes`, which left the ledger as it is, in fewer.
pub(super) fn net(changes: &[LedgerChange], ledger: &Ledger) -> Vec<LedgerChange> {
    let work_passes = work_passes(changes, ledger);
    let mut net = Net::default();
    for change in changes {
        net.take(change, work_passes);
    }
    net.finish()
}

/// Whether the device had nothing to do before, and has nothing after: of the work in between only
/// what it wrote is left.
fn work_passes(changes: &[LedgerChange], ledger: &Ledger) -> bool {
    let mut intents: BTreeSet<FenceId> = BTreeSet::new();
    let mut reads = 0;
    for change in changes {
        match change {
            LedgerChange::Intended(intent) => {
                intents.insert(intent.fence);
            }
            LedgerChange::Read(_) => reads += 1,
            LedgerChange::Ended { intent, reads: compared }
                if intents.remove(&intent.fence) && reads == compared.len() =>
            {
                reads = 0;
            }
            LedgerChange::Ended { .. }
            | LedgerChange::Intents(_)
            | LedgerChange::ReadsForgotten(_) => return false,
            _ => {}
        }
    }
    intents.is_empty() && reads == 0 && ledger.intents.is_empty() && ledger.reads.is_empty()
}

/// Writes to an allocation to which nothing else happened.
#[derive(Default)]
struct Writes<'a> {
    changes: Vec<&'a ByteChange>,
    before: Promise,
    count: u64,
}

#[derive(Default)]
struct Net<'a> {
    /// What is kept as it was.
    kept: Vec<LedgerChange>,
    writes: BTreeMap<AllocationId, Writes<'a>>,
    foreign: Option<(&'a ForeignMap, &'a ForeignMap)>,
    refused: u64,
    faulted: u64,
    submitted: u64,
    described: u64,
    status: Option<(Option<NtStatus>, NtStatus)>,
}

impl<'a> Net<'a> {
    fn take(&mut self, change: &'a LedgerChange, work_passes: bool) {
        match change {
            LedgerChange::Written { id, change, before, writes } => {
                let known = self
                    .writes
                    .entry(*id)
                    .or_insert_with(|| Writes { before: *before, ..Writes::default() });
                known.changes.push(change);
                known.count += writes;
            }
            LedgerChange::Created(id, _)
            | LedgerChange::Destroyed(id, _)
            | LedgerChange::Dropped { id, .. } => {
                // What was written before comes before.
                self.put_down(*id);
                self.kept.push(change.clone());
            }
            LedgerChange::PagesReserved(..)
            | LedgerChange::PagesReleased(..)
            | LedgerChange::PagesWritten(..)
            | LedgerChange::Stopped(..) => self.kept.push(change.clone()),
            LedgerChange::Intended(_)
            | LedgerChange::Read(_)
            | LedgerChange::Ended { .. }
            | LedgerChange::Intents(_)
            | LedgerChange::ReadsForgotten(_) => {
                if !work_passes {
                    self.kept.push(change.clone());
                }
            }
            LedgerChange::Foreign { before, after } => {
                let first = self.foreign.map_or(&**before, |(first, _)| first);
                self.foreign = Some((first, after));
            }
            LedgerChange::Refused(count) => self.refused += count,
            LedgerChange::Faulted(count) => self.faulted += count,
            LedgerChange::Submitted(count) => self.submitted += count,
            LedgerChange::Described(bytes) => self.described += bytes,
            LedgerChange::Status { before, after } => {
                let first = self.status.map_or(*before, |(first, _)| first);
                self.status = Some((first, *after));
            }
        }
    }

    /// Ends the writes to an allocation with what they come to.
    fn put_down(&mut self, id: AllocationId) {
        let Some(Writes { changes, before, count }) = self.writes.remove(&id) else { return };
        let mut net = ByteChange::net(changes.iter().copied());
        if net.is_empty() {
            // The same bytes again: they are counted all the same.
            net.extend(changes.last().map(|last| last.confirmed()));
        }
        let mut counted = (before, count);
        for change in net {
            let (before, writes) = std::mem::replace(&mut counted, (Promise::Bytes, 0));
            let change = Box::new(change);
            self.kept.push(LedgerChange::Written { id, change, before, writes });
        }
    }

    fn finish(mut self) -> Vec<LedgerChange> {
        while let Some(id) = self.writes.keys().next().copied() {
            self.put_down(id);
        }
        let mut net = self.kept;
        net.extend(self.foreign.map(|(before, after)| LedgerChange::Foreign {
            before: Box::new(before.clone()),
            after: Box::new(after.clone()),
        }));
        net.extend((self.refused > 0).then_some(LedgerChange::Refused(self.refused)));
        net.extend((self.faulted > 0).then_some(LedgerChange::Faulted(self.faulted)));
        net.extend((self.submitted > 0).then_some(LedgerChange::Submitted(self.submitted)));
        net.extend((self.described > 0).then_some(LedgerChange::Described(self.described)));
        net.extend(self.status.map(|(before, after)| LedgerChange::Status { before, after }));
        net
    }
}
