//! What changes of the book come to.

use std::collections::BTreeMap;

use super::book::{Book, BookChange, ExtentOwner};
use super::power::PowerBook;
use super::{Allocation, Counters};
use crate::base::{AllocationId, Bytes, FenceId, SegmentId, Span};

/// The same as `changes`, which left the book as it is, in fewer.
pub(super) fn net(changes: &[BookChange], book: &Book) -> Vec<BookChange> {
    let mut net = Net::default();
    for change in changes {
        net.take(change);
    }
    net.finish(book)
}

/// A value before the first change of it and after the last.
type Ends<T> = Option<(T, T)>;

fn extend<T: Clone>(ends: &mut Ends<T>, before: &T, after: &T) {
    match ends {
        Some(ends) => ends.1.clone_from(after),
        None => *ends = Some((before.clone(), after.clone())),
    }
}

/// What happened to an allocation.
#[derive(Default)]
struct Life<'a> {
    /// The whole of it, where more than its times changed.
    whole: Ends<Option<&'a Allocation>>,
    /// Times and fences before the first whole change, or in all.
    reference: Ends<u64>,
    fences: Ends<(FenceId, FenceId)>,
}

impl<'a> Life<'a> {
    /// The allocation before and after.
    fn finish(self, id: AllocationId) -> Vec<BookChange> {
        let Self { whole, reference, fences } = self;
        let Some((before, after)) = whole else {
            let referenced = reference.filter(|(before, after)| before != after);
            let fenced = fences.filter(|(before, after)| before != after);
            return match (referenced, fenced) {
                (None, None) => Vec::new(),
                (Some(reference), Some(fences)) => {
                    vec![BookChange::Times { id, reference, fences }]
                }
                (Some((before, after)), None) => {
                    vec![BookChange::Referenced { id, before, after }]
                }
                (None, Some((before, after))) => vec![BookChange::Fenced { id, before, after }],
            };
        };
        let mut before = before.cloned().map(Box::new);
        let mut after = after.cloned().map(Box::new);
        if let Some(allocation) = &mut before {
            if let Some((first, _)) = reference {
                allocation.last_reference = first;
            }
            if let Some((first, _)) = fences {
                (allocation.fence, allocation.paging_fence) = first;
            }
        }
        if let Some(allocation) = &mut after {
            if let Some((_, last)) = reference {
                allocation.last_reference = last;
            }
            if let Some((_, last)) = fences {
                (allocation.fence, allocation.paging_fence) = last;
            }
        }
        if before == after {
            return Vec::new();
        }
        vec![BookChange::Allocation { id, before, after }]
    }

    /// A whole change: times and fences that changed before it are those that it began with, and
    /// what changes behind it is seen in them again.
    fn change(&mut self, before: Option<&'a Allocation>, after: Option<&'a Allocation>) {
        let times = |allocation: Option<&Allocation>| {
            allocation.map(|allocation| {
                let fences = (allocation.fence, allocation.paging_fence);
                (allocation.last_reference, fences)
            })
        };
        if let (Some(was), Some(is)) = (times(before), times(after)) {
            extend(&mut self.reference, &was.0, &is.0);
            extend(&mut self.fences, &was.1, &is.1);
        } else if let Some(is) = times(after) {
            extend(&mut self.reference, &is.0, &is.0);
            extend(&mut self.fences, &is.1, &is.1);
        }
        extend(&mut self.whole, &before, &after);
    }
}

#[derive(Default)]
struct Net<'a> {
    /// Owners and reserved pages, which come and go rarely: as they were.
    kept: Vec<BookChange>,
    lives: BTreeMap<AllocationId, Life<'a>>,
    /// Blocks that were there before and are gone.
    given: BTreeMap<(SegmentId, Span), ExtentOwner>,
    /// Blocks that were not there before and are.
    taken: BTreeMap<(SegmentId, Span), ExtentOwner>,
    /// The peaks of segments before.
    peaks: BTreeMap<SegmentId, (Bytes, u64)>,
    commits: BTreeMap<SegmentId, (Bytes, Bytes)>,
    aperture_commit: Ends<Bytes>,
    evicted: BTreeMap<SegmentId, (Bytes, Bytes)>,
    commit: Ends<Bytes>,
    counters: Ends<&'a Counters>,
    sequence: Ends<u64>,
    displayed: Ends<Option<AllocationId>>,
    power: Ends<&'a PowerBook>,
}

impl<'a> Net<'a> {
    fn take(&mut self, change: &'a BookChange) {
        match change {
            BookChange::Process(_)
            | BookChange::Device(..)
            | BookChange::Context { .. }
            | BookChange::Pages { .. } => self.kept.push(change.clone()),
            BookChange::Allocation { id, before, after } => {
                let life = self.lives.entry(*id).or_default();
                life.change(before.as_deref(), after.as_deref());
            }
            BookChange::Referenced { id, before, after } => {
                extend(&mut self.lives.entry(*id).or_default().reference, before, after);
            }
            BookChange::Fenced { id, before, after } => {
                extend(&mut self.lives.entry(*id).or_default().fences, before, after);
            }
            BookChange::Times { id, reference, fences } => {
                let life = self.lives.entry(*id).or_default();
                extend(&mut life.reference, &reference.0, &reference.1);
                extend(&mut life.fences, &fences.0, &fences.1);
            }
            BookChange::Taken { segment, span, owner, peak_before, highest_before } => {
                self.peaks.entry(*segment).or_insert((*peak_before, *highest_before));
                let key = (*segment, *span);
                if self.given.get(&key) == Some(owner) {
                    self.given.remove(&key);
                } else {
                    self.taken.insert(key, *owner);
                }
            }
            BookChange::Given { segment, span, owner } => {
                let key = (*segment, *span);
                if self.taken.get(&key) == Some(owner) {
                    self.taken.remove(&key);
                } else {
                    self.given.insert(key, *owner);
                }
            }
            BookChange::Peaks { segment, before, .. } => {
                self.peaks.entry(*segment).or_insert(*before);
            }
            BookChange::Commit { segment, before, after } => {
                let known = self.commits.entry(*segment).or_insert((before.0, after.0));
                known.1 = after.0;
                extend(&mut self.aperture_commit, &before.1, &after.1);
            }
            BookChange::BytesEvicted { segment, before, after } => {
                self.evicted.entry(*segment).or_insert((*before, *after)).1 = *after;
            }
            BookChange::SystemCommit { before, after } => {
                extend(&mut self.commit, before, after);
            }
            BookChange::Counters { before, after } => {
                extend(&mut self.counters, &&**before, &&**after);
            }
            BookChange::Sequence { before, after } => extend(&mut self.sequence, before, after),
            BookChange::Displayed { before, after } => extend(&mut self.displayed, before, after),
            BookChange::Power { before, after } => extend(&mut self.power, &&**before, &&**after),
        }
    }

    fn finish(self, book: &Book) -> Vec<BookChange> {
        let mut net = self.kept;
        // Blocks go before others come, so that those find their place free.
        net.extend(self.given.into_iter().map(|((segment, span), owner)| BookChange::Given {
            segment,
            span,
            owner,
        }));
        let peak = |segment: SegmentId| self.peaks.get(&segment).copied().unwrap_or_default();
        net.extend(self.taken.into_iter().map(|((segment, span), owner)| {
            let (peak_before, highest_before) = peak(segment);
            BookChange::Taken { segment, span, owner, peak_before, highest_before }
        }));
        // What was used at most in between shows in no block.
        net.extend(self.peaks.iter().filter_map(|(segment, before)| {
            let used = book.segment(*segment)?;
            let after = (used.peak_used, used.highest_end);
            (*before != after).then_some(BookChange::Peaks {
                segment: *segment,
                before: *before,
                after,
            })
        }));
        net.extend(self.lives.into_iter().flat_map(|(id, life)| life.finish(id)));
        let apertures = self.aperture_commit.unwrap_or_default();
        net.extend(self.commits.into_iter().map(|(segment, (before, after))| {
            let (before, after) = ((before, apertures.0), (after, apertures.1));
            BookChange::Commit { segment, before, after }
        }));
        net.extend(
            self.evicted.into_iter().map(|(segment, (before, after))| BookChange::BytesEvicted {
                segment,
                before,
                after,
            }),
        );
        let ends = [
            self.commit.map(|(before, after)| BookChange::SystemCommit { before, after }),
            self.counters.map(|(before, after)| BookChange::Counters {
                before: Box::new(before.clone()),
                after: Box::new(after.clone()),
            }),
            self.sequence.map(|(before, after)| BookChange::Sequence { before, after }),
            self.displayed.map(|(before, after)| BookChange::Displayed { before, after }),
            self.power.map(|(before, after)| BookChange::Power {
                before: Box::new(before.clone()),
                after: Box::new(after.clone()),
            }),
        ];
        net.extend(ends.into_iter().flatten());
        net
    }
}
