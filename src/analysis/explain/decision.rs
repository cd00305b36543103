//! "Why here": the candidates of a search for room in the order tried, each with what decided.

use crate::base::text::{size, word};
use crate::base::{AllocationId, SegmentId, Span};
use crate::config::{EvictionPolicy, FitPolicy, OfferPolicy, Policies};
use crate::placement::Direction;
use crate::vidmm::{Attempt, Decision, Outcome, Pass, Rejection, Victim};

use super::{Words, compared};

/// What came of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CandidateMark {
    /// Room was found: the search ends here.
    Won,
    /// There was no room.
    Failed,
    /// The search had ended before.
    NotReached,
}

/// An allocation that left for the newcomer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VictimLine {
    /// Which.
    pub allocation: AllocationId,
    /// What it is called.
    pub name: String,
    /// Its size: `6 MiB`.
    pub size: String,
    /// Its priority and last use: `NORMAL 0x78000000, last used as reference 4`.
    pub rank: String,
    /// Its content was offered: it left before what its owner still needs.
    pub offered: bool,
    /// Size, priority and last use together.
    pub text: String,
}

/// One segment tried in one pass, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CandidateLine {
    /// What came of it.
    pub mark: CandidateMark,
    /// The number of the pass, as the search order is documented.
    pub pass: u8,
    /// The segment.
    pub segment: SegmentId,
    /// What was tried: `VRAM ↑, nothing evicted`.
    pub title: String,
    /// The numbers that decided: `largest hole 4 MiB < 6 MiB needed`.
    pub numbers: String,
    /// Who leaves for it, in the order in which they leave.
    pub victims: Vec<VictimLine>,
    /// The room found, in bytes from the start of its segment.
    pub hole: Option<(SegmentId, Span)>,
}

/// The candidates of a decision, in the order in which they were tried.
#[must_use]
pub fn decision_lines(decision: &Decision, words: Words<'_>) -> Vec<CandidateLine> {
    let won = decision.attempts.iter().find_map(|attempt| {
        matches!(attempt.outcome, Outcome::Placed { .. }).then_some(attempt.pass)
    });
    let line = |attempt: &Attempt| {
        let (mark, numbers) = match &attempt.outcome {
            Outcome::Placed { span, victims } => {
                (CandidateMark::Won, placed_text(attempt.segment, *span, victims, words))
            }
            Outcome::Rejected(rejection) => {
                (CandidateMark::Failed, rejection_text(*rejection, evicts(attempt.pass)))
            }
            Outcome::NotReached { free, largest } => {
                let offer = format!("free {free}, largest hole {largest}");
                let but = won.map_or(String::new(), |pass| format!(", but {} won", pass.number()));
                (CandidateMark::NotReached, format!("not tried: {offer}{but}"))
            }
        };
        let placed = match &attempt.outcome {
            Outcome::Placed { span, victims } => Some((*span, victims.as_slice())),
            _ => None,
        };
        CandidateLine {
            mark,
            pass: attempt.pass.number(),
            segment: attempt.segment,
            title: title(attempt, words),
            numbers,
            victims: placed
                .map_or(&[][..], |(_, victims)| victims)
                .iter()
                .map(|victim| victim_line(victim, words))
                .collect(),
            hole: placed.map(|(span, _)| (attempt.segment, span)),
        }
    };
    decision.attempts.iter().map(line).collect()
}

fn evicts(pass: Pass) -> bool {
    !matches!(pass, Pass::Preferred | Pass::Supported)
}

fn title(attempt: &Attempt, words: Words<'_>) -> String {
    let direction = match attempt.direction {
        Direction::BottomUp => "↑",
        Direction::TopDown => "↓",
    };
    let who = match attempt.pass {
        Pass::Preferred | Pass::Supported => "nothing evicted",
        Pass::PreferredEvictingLower => "evicting lower priority",
        Pass::EvictingEqual => "evicting up to equal priority",
        Pass::EvictingAny => "evicting any below MAXIMUM",
        Pass::EvictingSoftPinned => "evicting MAXIMUM as well",
    };
    let bank = attempt.bank.map_or(String::new(), |bank| format!(" bank {bank}"));
    format!("{}{bank} {direction}, {who}", words.segment(attempt.segment))
}

/// The policies that a search for room goes by, in one line: `first fit, LRU, offers dropped`.
#[must_use]
pub fn policy_text(policies: Policies) -> String {
    let fit = match policies.fit {
        FitPolicy::First => "first fit",
        FitPolicy::Best => "best fit",
    };
    let eviction = match policies.eviction {
        EvictionPolicy::Lru => "LRU",
        EvictionPolicy::Mru => "MRU",
        EvictionPolicy::Fifo => "FIFO",
    };
    let offers = match policies.offers {
        OfferPolicy::Discard => "offers dropped",
        OfferPolicy::Keep => "offers kept",
    };
    format!("{fit}, {eviction}, {offers}")
}

fn placed_text(segment: SegmentId, span: Span, victims: &[Victim], words: Words<'_>) -> String {
    let at = words.at_offset(segment, span.start());
    let offered = victims.iter().filter(|victim| victim.offered).count();
    let first = match offered {
        0 => "",
        offered if offered == victims.len() => ", all offered",
        _ => ", offered ones first",
    };
    let text = placed_sentence(&at, span, victims.len());
    format!("{text}{first}")
}

fn placed_sentence(at: &str, span: Span, victims: usize) -> String {
    match victims {
        0 => format!("{} free at {at}", size(span.len())),
        1 => format!("{} at {at} once 1 victim has left", size(span.len())),
        many => format!("{} at {at} once {many} victims have left", size(span.len())),
    }
}

/// Why a segment could not take an allocation. `evicting` says whether somebody might have left.
fn rejection_text(rejection: Rejection, evicting: bool) -> String {
    let free_text = if evicting { "free or evictable" } else { "free" };
    match rejection {
        Rejection::LargerThanSegment { needed, size } => {
            let (size, needed) = compared(size.get(), needed.get());
            format!("room for {size} at most < {needed} needed")
        }
        Rejection::NotEnough { needed, free } => {
            let (free, needed) = compared(free.get(), needed.get());
            format!("{free_text} {free} < {needed} needed")
        }
        Rejection::Fragmented { needed, free, largest } => {
            let (largest, needed) = compared(largest.get(), needed.get());
            let largest_text = if evicting { "largest piece" } else { "largest hole" };
            format!("{largest_text} {largest} < {needed} needed, of {free} {free_text}")
        }
        Rejection::CommitLimit { needed, committed, limit } => {
            format!("committed {committed} + {needed} needed > limit {limit}")
        }
        Rejection::ApertureCommitLimit { needed, committed, limit } => {
            format!("all apertures: committed {committed} + {needed} needed > limit {limit}")
        }
    }
}

fn victim_line(victim: &Victim, words: Words<'_>) -> VictimLine {
    let used = match victim.last_reference {
        0 => "never used".to_owned(),
        time => format!("last used as reference {}", crate::base::text::count(time)),
    };
    let (size, priority) = (victim.size.to_string(), victim.priority);
    let offered = if victim.offered { "offered, leaves first: " } else { "" };
    let rank = format!("{offered}{priority} {}, {used}", word(priority.0));
    VictimLine {
        offered: victim.offered,
        allocation: victim.allocation,
        name: words.allocation(victim.allocation).to_owned(),
        text: format!("{size}, {rank}"),
        size,
        rank,
    }
}
