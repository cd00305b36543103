//! The search for room: which segment, where in it, and who leaves.
//!
//! It changes nothing. What it finds is carried out by `plan`.

use crate::base::{AllocationId, Bytes, FenceId, SegmentId, Span};
use crate::config::{FitPolicy, Policies};
use crate::ddi::{AllocationFlags, Priority, SegmentSet};
use crate::placement::{Direction, Fit, Leaving, NoRoom, Request, Shortage};
use crate::rules::{CheckedAdapter, CheckedSegment, SegmentKind};

use super::allocation::{Allocation, Offer};
use super::book::{Book, NOT_OFFERED, RankKey, SegmentUse};
use super::reason::{Attempt, Decision, Outcome, Pass, Rejection, Victim};

/// Room found, and who leaves for it.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) segment: SegmentId,
    pub(crate) span: Span,
    pub(crate) victims: Vec<AllocationId>,
}

/// Who may leave in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MayLeave {
    Nobody,
    Below(Priority),
    UpTo(Priority),
    Anybody,
}

impl MayLeave {
    /// Whether something of this rank may leave; what is offered may, whatever its priority.
    fn allows(self, key: &RankKey) -> bool {
        let (offered, priority, ..) = *key;
        if offered < NOT_OFFERED {
            return self != Self::Nobody;
        }
        match self {
            Self::Nobody => false,
            Self::Below(limit) => priority < limit,
            Self::UpTo(limit) => priority <= limit,
            Self::Anybody => true,
        }
    }
}

/// What a search needs to know.
pub(crate) struct Search<'a> {
    pub(crate) adapter: &'a CheckedAdapter,
    pub(crate) policies: Policies,
    pub(crate) book: &'a Book,
    /// The allocations of the command: never victims. Sorted.
    pub(crate) protected: &'a [AllocationId],
    /// The only segments that may be chosen, where not all supported ones may.
    pub(crate) only: Option<SegmentSet>,
    /// The last fence that the device signalled: what is beyond is busy.
    pub(crate) completed: FenceId,
    /// The last pass is not tried: what needs the room can be split.
    pub(crate) spares_soft_pinned: bool,
}

/// A segment to try, from which end, and in which part of it.
#[derive(Clone, Copy, Debug)]
struct Candidate<'a> {
    segment: &'a CheckedSegment,
    direction: Direction,
    /// The hinted bank, where only that is tried.
    bank: Option<(u8, Span)>,
}

impl<'a> Search<'a> {
    /// Looks for room for `allocation`; `written` says whether the GPU will write it.
    ///
    /// With `decision`, every candidate tried is written there.
    pub(crate) fn find(
        &self,
        allocation: &Allocation,
        written: bool,
        mut decision: Option<&mut Decision>,
    ) -> Option<Room> {
        let preferred = self.preferred(allocation, written);
        let others = self.others(allocation, written, &preferred);
        let priority = allocation.priority();
        let below_maximum = Priority(Priority::MAXIMUM.0 - 1);
        for pass in Pass::ALL {
            if pass == Pass::EvictingSoftPinned && self.spares_soft_pinned {
                break;
            }
            let (may_leave, first, second): (_, &[Candidate<'_>], &[Candidate<'_>]) = match pass {
                Pass::Preferred => (MayLeave::Nobody, &preferred, &[]),
                // What is soft-pinned waits for the last pass, however high the newcomer ranks.
                Pass::PreferredEvictingLower => {
                    (MayLeave::Below(priority.min(Priority::MAXIMUM)), &preferred, &[])
                }
                Pass::Supported => (MayLeave::Nobody, &others, &[]),
                Pass::EvictingEqual => {
                    (MayLeave::UpTo(priority.min(below_maximum)), &preferred, &others)
                }
                Pass::EvictingAny => (MayLeave::UpTo(below_maximum), &preferred, &others),
                Pass::EvictingSoftPinned => (MayLeave::Anybody, &preferred, &others),
            };
            for candidate in first.iter().chain(second) {
                let found = self.attempt(allocation, *candidate, may_leave);
                if let Some(decision) = decision.as_deref_mut() {
                    self.note(decision, pass, *candidate, &found);
                }
                if let Ok(room) = found {
                    if let Some(decision) = decision {
                        self.note_not_reached(decision, pass, &preferred, &others);
                    }
                    return Some(room);
                }
            }
        }
        None
    }

    /// The preferred segments that are supported, in slot order.
    fn preferred(&self, allocation: &Allocation, written: bool) -> Vec<Candidate<'a>> {
        let supported = self.allowed(allocation, written);
        let mut candidates: Vec<Candidate<'a>> = Vec::new();
        for (slot, preference) in allocation.info().preferred.iter().enumerate() {
            let Some(segment) = self.adapter.segment(preference.segment) else { continue };
            let listed = candidates.iter().any(|known| known.segment.id == segment.id);
            if listed || !supported.contains(segment.id) {
                continue;
            }
            let default = self.default_direction(allocation);
            let direction = if preference.from_end { Direction::TopDown } else { default };
            // Bank hints are about the first preferred segment alone.
            if slot == 0 {
                candidates.extend(allocation.info().hinted_banks.iter().filter_map(|hint| {
                    let from_end = hint.from_end;
                    let direction = if from_end { Direction::TopDown } else { Direction::BottomUp };
                    let bank = Some((hint.bank, segment.bank(hint.bank)?));
                    Some(Candidate { segment, direction, bank })
                }));
            }
            candidates.push(Candidate { segment, direction, bank: None });
        }
        candidates
    }

    /// The supported segments that are not preferred, in the order of their ids.
    fn others(
        &self,
        allocation: &Allocation,
        written: bool,
        preferred: &[Candidate<'_>],
    ) -> Vec<Candidate<'a>> {
        let supported = self.allowed(allocation, written);
        let direction = self.default_direction(allocation);
        let adapter = self.adapter;
        adapter
            .segments
            .iter()
            .filter(|segment| supported.contains(segment.id))
            .filter(|segment| preferred.iter().all(|known| known.segment.id != segment.id))
            .map(|segment| Candidate { segment, direction, bank: None })
            .collect()
    }

    /// The supported segments that may be chosen.
    fn allowed(&self, allocation: &Allocation, written: bool) -> SegmentSet {
        let supported = allocation.supported(written);
        self.only.map_or(supported, |only| SegmentSet(supported.0 & only.0))
    }

    fn default_direction(&self, allocation: &Allocation) -> Direction {
        if allocation.info().flags.contains(AllocationFlags::FromEndOfSegment) {
            Direction::TopDown
        } else {
            Direction::BottomUp
        }
    }

    /// Tries one segment.
    fn attempt(
        &self,
        allocation: &Allocation,
        candidate: Candidate<'_>,
        may_leave: MayLeave,
    ) -> Result<Room, Rejection> {
        let segment = candidate.segment;
        let used = &self.book.segments[segment.id.index()];
        let needed = allocation.size_in(segment);
        let window = match candidate.bank {
            Some((_, bank)) => bank.intersection(window(allocation, segment)).unwrap_or_default(),
            None => window(allocation, segment),
        };
        if needed.get() > window.len() {
            return Err(Rejection::LargerThanSegment { needed, size: Bytes(window.len()) });
        }
        let mut leaving = self.leaving_for_commit(segment, used, needed, may_leave)?;
        if segment.kind == SegmentKind::Aperture {
            self.leaving_for_aperture_commit(needed, may_leave, &mut leaving)?;
        }
        let request = Request {
            size: needed.get(),
            alignment: allocation.info().alignment.get().max(segment.page_size.get()),
            window,
            direction: candidate.direction,
            fit: match self.policies.fit {
                FitPolicy::First => Fit::First,
                FitPolicy::Best => Fit::Best,
            },
        };
        let at = if may_leave == MayLeave::Nobody {
            used.space.find(&request).map_err(|no_room| rejection(needed, &no_room))?
        } else {
            self.evicting(segment.id, used, &request, may_leave, &mut leaving)
                .map_err(|no_room| rejection(needed, &no_room))?
        };
        let span = Span::at(at, needed.get()).unwrap_or(window);
        Ok(Room { segment: segment.id, span, victims: leaving })
    }

    /// Room in a segment when those below a rank may leave, besides those that leave anyway.
    fn evicting(
        &self,
        segment: SegmentId,
        used: &SegmentUse,
        request: &Request,
        may_leave: MayLeave,
        leaving: &mut Vec<AllocationId>,
    ) -> Result<u64, NoRoom> {
        let span_of = |id: &AllocationId| {
            let place = self.book.allocation(*id)?.placement()?;
            (place.segment == segment).then_some(place.span)
        };
        let leaving_anyway: Vec<Span> = leaving.iter().filter_map(span_of).collect();
        if !leaving_anyway.is_empty() {
            if let Ok(at) = used.space.find_without(request, &leaving_anyway) {
                return Ok(at);
            }
        } else if let Some(found) = self.evicting_idle(used, request, may_leave, &span_of) {
            // What leaves anyway lies in other segments.
            leaving.extend(found.victims.iter().map(|(.., id)| *id));
            return Ok(found.at);
        }
        let ranked = self.ranked(used, may_leave).filter_map(|id| span_of(&id));
        let candidates = leaving_anyway.into_iter().chain(ranked);
        let eviction = used.space.find_evicting(request, candidates)?;
        for victim in eviction.victims {
            let token = used.space.block_at(victim.start()).map(|(_, token)| token);
            let owner = token.map(super::book::ExtentOwner::from_token);
            if let Some(super::book::ExtentOwner::Allocation(id)) = owner
                && !leaving.contains(&id)
            {
                leaving.push(id);
            }
        }
        Ok(eviction.at)
    }

    /// Room in a segment when the idle below a rank may leave, if they suffice: the busy come
    /// after all of them.
    fn evicting_idle(
        &self,
        used: &SegmentUse,
        request: &Request,
        may_leave: MayLeave,
        span_of: &impl Fn(&AllocationId) -> Option<Span>,
    ) -> Option<Leaving<RankKey>> {
        let idle = |(.., id): &RankKey| {
            let allocation = self.book.allocation(*id)?;
            let may = !self.is_busy(allocation) && self.protected.binary_search(id).is_err();
            span_of(id).filter(|_| may)
        };
        used.ranks.find(&used.space, request, |key| may_leave.allows(key), idle)
    }

    /// Who leaves so that the commit limit of the segment holds, wherever they lie.
    fn leaving_for_commit(
        &self,
        segment: &CheckedSegment,
        used: &SegmentUse,
        needed: Bytes,
        may_leave: MayLeave,
    ) -> Result<Vec<AllocationId>, Rejection> {
        let (committed, limit) = (used.committed(), segment.commit_limit);
        if limit >= segment.size {
            // The segment itself is the limit: what is short, if anything, is space.
            return Ok(Vec::new());
        }
        let total = committed.get().saturating_add(needed.get());
        let mut short = total.saturating_sub(limit.get());
        let mut leaving = Vec::new();
        for id in self.ranked(used, may_leave) {
            if short == 0 {
                break;
            }
            let size = self.book.allocation(id).map_or(0, |victim| victim.size_in(segment).get());
            short = short.saturating_sub(size);
            leaving.push(id);
        }
        if short > 0 {
            return Err(Rejection::CommitLimit { needed, committed, limit });
        }
        Ok(leaving)
    }

    /// Who else leaves, from any aperture, so that the limit of all apertures holds.
    fn leaving_for_aperture_commit(
        &self,
        needed: Bytes,
        may_leave: MayLeave,
        leaving: &mut Vec<AllocationId>,
    ) -> Result<(), Rejection> {
        let Some(limit) = self.adapter.aperture_commit_limit else { return Ok(()) };
        let committed = self.book.aperture_commit();
        let size_of = |id: AllocationId| {
            let place = self.book.allocation(id).and_then(Allocation::placement);
            place.map_or(0, |place| place.span.len())
        };
        let freed: u64 = leaving.iter().map(|id| size_of(*id)).sum();
        let total = committed.get().saturating_add(needed.get()).saturating_sub(freed);
        let mut short = total.saturating_sub(limit.get());
        if short == 0 {
            return Ok(());
        }
        let apertures = self.adapter.segments.iter().filter(|s| s.kind == SegmentKind::Aperture);
        let mut ranked: Vec<_> = apertures
            .flat_map(|segment| self.ranked(&self.book.segments[segment.id.index()], may_leave))
            .filter(|id| !leaving.contains(id))
            .filter_map(|id| self.book.allocation(id))
            .map(|victim| (self.is_busy(victim), victim.rank_key()))
            .collect();
        ranked.sort_unstable();
        for (_, (.., id)) in ranked {
            if short == 0 {
                break;
            }
            short = short.saturating_sub(size_of(id));
            leaving.push(id);
        }
        if short > 0 {
            return Err(Rejection::ApertureCommitLimit { needed, committed, limit });
        }
        Ok(())
    }

    /// Who may leave a segment, lowest rank first, the idle before the busy.
    fn ranked<'b>(
        &'b self,
        used: &'b SegmentUse,
        may_leave: MayLeave,
    ) -> impl Iterator<Item = AllocationId> + 'b {
        let of = move |busy: bool| {
            used.ranks
                .iter()
                .take_while(move |key| may_leave.allows(key))
                .map(|(.., id)| *id)
                .filter(|id| self.protected.binary_search(id).is_err())
                .filter(move |id| {
                    self.book.allocation(*id).is_some_and(|a| self.is_busy(a) == busy)
                })
        };
        of(false).chain(of(true))
    }

    fn is_busy(&self, allocation: &Allocation) -> bool {
        allocation.fence() > self.completed
    }

    fn note(
        &self,
        decision: &mut Decision,
        pass: Pass,
        candidate: Candidate<'_>,
        found: &Result<Room, Rejection>,
    ) {
        let outcome = match found {
            Err(rejection) => Outcome::Rejected(*rejection),
            Ok(room) => Outcome::Placed {
                span: room.span,
                victims: room.victims.iter().filter_map(|id| self.victim(*id)).collect(),
            },
        };
        let Candidate { segment, direction, bank } = candidate;
        let (segment, bank) = (segment.id, bank.map(|(number, _)| number));
        decision.attempts.push(Attempt { pass, segment, direction, bank, outcome });
    }

    /// The segments that no pass before the winning one tried, with what they had to offer.
    fn note_not_reached(
        &self,
        decision: &mut Decision,
        won: Pass,
        preferred: &[Candidate<'_>],
        others: &[Candidate<'_>],
    ) {
        for candidate in preferred.iter().chain(others) {
            let id = candidate.segment.id;
            if decision.attempts.iter().any(|attempt| attempt.segment == id) {
                continue;
            }
            let space = &self.book.segments[id.index()].space;
            let outcome = Outcome::NotReached {
                free: Bytes(space.free()),
                largest: Bytes(space.largest_hole()),
            };
            let pass = if won < Pass::Supported { Pass::Supported } else { won };
            let direction = candidate.direction;
            decision.attempts.push(Attempt { pass, segment: id, direction, bank: None, outcome });
        }
    }

    fn victim(&self, id: AllocationId) -> Option<Victim> {
        let victim = self.book.allocation(id)?;
        Some(Victim {
            allocation: id,
            size: victim.size(),
            priority: victim.priority(),
            last_reference: victim.last_reference(),
            offered: victim.offer() != Offer::None,
        })
    }
}

/// The part of a segment where an allocation may lie: for overlays and captures the last fifth,
/// for what must lie in the video protected range that range.
fn window(allocation: &Allocation, segment: &CheckedSegment) -> Span {
    let size = segment.size.get();
    let whole = Span::whole(size);
    if allocation.in_protected_range() {
        return segment.video_protected_range.unwrap_or_default();
    }
    if !allocation.is_overlay() {
        return whole;
    }
    let start = (size - size / 5).next_multiple_of(segment.page_size.get());
    Span::new(start, size).unwrap_or(whole)
}

fn rejection(needed: Bytes, no_room: &NoRoom) -> Rejection {
    let (free, largest) = (Bytes(no_room.free), Bytes(no_room.largest));
    match no_room.shortage() {
        Shortage::LargerThanWindow => {
            Rejection::LargerThanSegment { needed, size: Bytes(no_room.window.len()) }
        }
        Shortage::NothingAsked | Shortage::NotEnough => Rejection::NotEnough { needed, free },
        Shortage::Fragmented => Rejection::Fragmented { needed, free, largest },
    }
}
