//! What a sleep would do, tried where the run stands, and what would make it shorter or safer.

use std::cmp::Reverse;

use crate::base::text::{duration, size};
use crate::base::{AllocationId, SegmentId};
use crate::config::Segment;
use crate::machine::{AllocationOutcome, BytesVerdict, Ending, PowerOutcome, Preview, Started};
use crate::vidmm::{Fate, FateReason, Phase, SegmentVerdict, Sleep, Transition};

use super::Share;
use super::claims::loses;
use crate::analysis::explain::{Words, refusal_text, sleep_name, stop_text, verdict_text};

/// What a transition does to what lies in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentShare {
    /// Which.
    pub segment: SegmentId,
    /// Its name.
    pub name: String,
    /// Its parts in the order of [`Share::ALL`], without empty ones.
    pub parts: Vec<(Share, u64)>,
    /// Bytes of all of them.
    pub total: u64,
    /// How long it takes on the way down, or that it takes nothing.
    pub time: String,
    /// What VidMm decides.
    pub verdict: &'static str,
    /// Of what was moved out, bytes that the hardware keeps nevertheless.
    pub moved_for_nothing: u64,
}

impl SegmentShare {
    /// Everything about it in a sentence.
    #[must_use]
    pub fn spoken(&self) -> String {
        let parts = self.parts.iter();
        let parts: Vec<String> =
            parts.map(|(share, bytes)| format!("{} {}", share.word(), size(*bytes))).collect();
        let parts = if parts.is_empty() { "empty".to_owned() } else { parts.join(", ") };
        let mut text =
            format!("{} {}: {parts}, {}", self.segment, self.name, self.time_or_verdict());
        if self.moved_for_nothing > 0 {
            let bytes = size(self.moved_for_nothing);
            text.push_str(&format!(", {bytes} of it moved for nothing"));
        }
        text
    }

    fn time_or_verdict(&self) -> String {
        if self.time == NO_WORK { self.verdict.to_owned() } else { self.time.clone() }
    }
}

const NO_WORK: &str = "no work";

/// What a sleep would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Which.
    pub sleep: Sleep,
    /// Its name.
    pub title: &'static str,
    /// The state that it leads to.
    pub state: &'static str,
    /// Why it would not be carried out.
    pub refusal: Option<String>,
    /// Nanoseconds to sleep.
    pub down: u64,
    /// Nanoseconds back; `None` where there is no way back.
    pub back: Option<u64>,
    /// Segments in order.
    pub segments: Vec<SegmentShare>,
    /// All of them together, with moved out, discarded and lost even where they are nothing.
    pub totals: Vec<(Share, u64)>,
    /// What would make it shorter or safer, in words, the most important first.
    pub advice: Vec<(Advice, String)>,
}

/// What would make a sleep shorter or safer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// The driver claims more than the hardware keeps.
    Unclaim {
        /// The segment.
        segment: SegmentId,
        /// Bytes that are lost.
        lost: u64,
    },
    /// Preserving a segment saves taking its content out and bringing back what is pinned.
    Preserve {
        /// The segment.
        segment: SegmentId,
        /// Nanoseconds saved.
        saves: u64,
        /// The hardware keeps what is moved out: only the claim is missing.
        for_nothing: bool,
    },
    /// Offering an allocation lets it be dropped instead.
    Offer {
        /// The largest that is moved out and can be offered.
        allocation: AllocationId,
        /// Its bytes.
        bytes: u64,
        /// Nanoseconds saved, as a share of what its segment takes.
        saves: u64,
    },
    /// Most of the time passes in the driver's own `DxgkDdiSetPowerState`.
    DriverTakes {
        /// Nanoseconds there, both ways.
        takes: u64,
        /// Nanoseconds in all, both ways.
        of: u64,
    },
    /// Most of the time passes in writing and reading the hibernation file.
    FileTakes {
        /// Nanoseconds there, both ways.
        takes: u64,
        /// Nanoseconds in all, both ways.
        of: u64,
    },
    /// Nothing has to move.
    NothingMoves,
    /// Bytes are told as lost that were lost before.
    LostBefore {
        /// How many.
        bytes: u64,
    },
}

/// Nanoseconds of the phases that `which` picks.
fn time_of(outcome: &PowerOutcome, which: impl Fn(Phase) -> bool) -> u64 {
    let picked = outcome.phases.iter().filter(|phase| which(phase.phase));
    picked.map(|phase| phase.end.saturating_sub(phase.start)).sum()
}

/// What would make a sleep shorter or safer, the most important first. `segments` is the adapter as
/// the session has it.
#[must_use]
pub fn advice(
    down: &PowerOutcome,
    back: Option<&PowerOutcome>,
    segments: &[Segment],
) -> Vec<Advice> {
    let sleep = match down.transition {
        Transition::Sleep(sleep) => Some(sleep),
        _ => None,
    };
    let at_fault = |id: SegmentId| {
        let segment = segments.get(id.index());
        segment.zip(sleep).is_some_and(|(segment, sleep)| loses(segment, sleep))
    };
    let both = |which: &dyn Fn(Phase) -> bool| {
        time_of(down, which).saturating_add(back.map_or(0, |back| time_of(back, which)))
    };
    let mut found = Vec::new();
    let lossy = down.segments.iter().filter(|outcome| outcome.lost.get() > 0);
    for outcome in lossy.filter(|outcome| at_fault(outcome.segment)) {
        found.push(Advice::Unclaim { segment: outcome.segment, lost: outcome.lost.get() });
    }
    let mut preserve: Vec<(u64, SegmentId, bool)> = down
        .segments
        .iter()
        .filter(|outcome| matches!(outcome.verdict, SegmentVerdict::Purged | SegmentVerdict::Split))
        .map(|outcome| {
            let segment = outcome.segment;
            let saves = time_of(down, |phase| phase == Phase::Evict(segment)).saturating_add(
                back.map_or(0, |back| time_of(back, |phase| phase == Phase::Restore(segment))),
            );
            // What hybrid sleep moves is for the case that the power goes.
            let all =
                outcome.moved_for_nothing == outcome.moved_out && sleep != Some(Sleep::HybridSleep);
            (saves, segment, all && outcome.moved_out.get() > 0)
        })
        .filter(|(saves, ..)| *saves > 0)
        .collect();
    preserve.sort_by_key(|(saves, segment, _)| (Reverse(*saves), *segment));
    found.extend(preserve.into_iter().map(|(saves, segment, for_nothing)| Advice::Preserve {
        segment,
        saves,
        for_nothing,
    }));
    found.extend(offer(down));
    let total = both(&|_| true);
    let driver = both(&|phase| matches!(phase, Phase::SetPowerState(_)));
    let file = both(&|phase| phase == Phase::HibernateFile);
    let moves = down.segments.iter().any(|outcome| outcome.moved_out.get() > 0);
    if !moves {
        found.push(Advice::NothingMoves);
    }
    if driver > total / 2 {
        found.push(Advice::DriverTakes { takes: driver, of: total });
    }
    if file > total / 2 {
        found.push(Advice::FileTakes { takes: file, of: total });
    }
    found
}

/// Whether an allocation that was moved out could have been offered instead.
const fn can_be_offered(outcome: &AllocationOutcome) -> bool {
    matches!(outcome.fate, Fate::MovedOut)
        && !matches!(outcome.reason, FateReason::Pinned | FateReason::Locked)
}

/// The largest allocation that is moved out and could be offered, the first of equal ones.
fn offer(down: &PowerOutcome) -> Option<Advice> {
    let largest = down
        .allocations
        .iter()
        .filter(|outcome| can_be_offered(outcome))
        .min_by_key(|outcome| Reverse(outcome.size))?;
    let segment = largest.place?.segment;
    let moved = down.segments.iter().find(|outcome| outcome.segment == segment)?.moved_out.get();
    let takes = time_of(down, |phase| phase == Phase::Evict(segment));
    let bytes = largest.size.get();
    // A share of what moving everything out of its segment takes.
    let saves = u128::from(takes) * u128::from(bytes.min(moved)) / u128::from(moved.max(1));
    let saves = u64::try_from(saves).unwrap_or(u64::MAX);
    Some(Advice::Offer { allocation: largest.allocation, bytes, saves })
}

/// Advice in words.
#[must_use]
pub fn advice_text(advice: Advice, sleep: Sleep, words: Words<'_>) -> String {
    let sleep = match sleep {
        Sleep::Standby => "standby",
        Sleep::Hibernate => "hibernation",
        Sleep::HybridSleep => "hybrid sleep",
        Sleep::FastStartup => "fast start-up",
    };
    match advice {
        Advice::Unclaim { segment, lost } => format!(
            "Safer: not claiming {} saves {} from being lost",
            words.segment(segment),
            size(lost)
        ),
        Advice::Preserve { segment, saves, for_nothing } => {
            let (name, saves) = (words.segment(segment), duration(saves));
            let claim =
                if for_nothing { ": its hardware keeps it, only the claim is missing" } else { "" };
            format!("Preserving {name} in {sleep} saves {saves}{claim}")
        }
        Advice::Offer { allocation, bytes, saves } => format!(
            "Offering {} ({}) saves {}",
            words.allocation(allocation),
            size(bytes),
            duration(saves)
        ),
        Advice::DriverTakes { takes, of } => format!(
            "SetPowerState takes {} of {}: the driver's own time",
            duration(takes),
            duration(of)
        ),
        Advice::FileTakes { takes, of } => {
            format!("The hibernation file takes {} of {}", duration(takes), duration(of))
        }
        Advice::NothingMoves => "Nothing has to move".to_owned(),
        Advice::LostBefore { bytes } => {
            format!("{} of what is told as lost was lost before this step", size(bytes))
        }
    }
}

/// The card of a preview; `None` where it is of no sleep. `segments` is the adapter
/// as the session has it, `lost_before` what [`lost_before`] says of the preview.
#[must_use]
pub fn card(
    preview: &Preview,
    segments: &[Segment],
    lost_before: u64,
    words: Words<'_>,
) -> Option<Card> {
    let Transition::Sleep(sleep) = preview.transition else { return None };
    let refusal = match &preview.ending {
        Ending::Refused(refusal) => Some(refusal_text(refusal, words).sentence),
        Ending::Stopped(stop) => Some(stop_text(stop)),
        Ending::Done | Ending::Held | Ending::Failed(_) => None,
    };
    let down = preview.down.as_ref();
    let shares: Vec<SegmentShare> = down.map_or_else(Vec::new, |down| {
        down.segments.iter().map(|outcome| segment_share(outcome, words)).collect()
    });
    let totals = Share::ALL
        .into_iter()
        .map(|share| {
            let parts = shares.iter().flat_map(|segment| segment.parts.iter());
            let bytes = parts.filter(|(own, _)| *own == share).map(|(_, bytes)| *bytes).sum();
            (share, bytes)
        })
        .filter(|(share, bytes)| *bytes > 0 || !matches!(share, Share::Kept | Share::Unmapped))
        .collect();
    let mut advice =
        down.map_or_else(Vec::new, |down| advice(down, preview.back.as_ref(), segments));
    if lost_before > 0 {
        let lost: u64 = shares
            .iter()
            .flat_map(|segment| &segment.parts)
            .filter(|(share, _)| *share == Share::Lost)
            .map(|(_, bytes)| *bytes)
            .sum();
        // Nothing can be saved that is lost already.
        advice.retain(|one| lost_before < lost || !matches!(one, Advice::Unclaim { .. }));
        advice.insert(0, Advice::LostBefore { bytes: lost_before });
    }
    let advice = advice.into_iter().map(|one| (one, advice_text(one, sleep, words))).collect();
    Some(Card {
        sleep,
        title: sleep_name(sleep),
        state: match sleep {
            Sleep::Standby | Sleep::HybridSleep => "S3",
            Sleep::Hibernate | Sleep::FastStartup => "S4",
        },
        refusal,
        down: down.map_or(0, PowerOutcome::nanoseconds),
        back: preview.back.as_ref().map(PowerOutcome::nanoseconds),
        segments: shares,
        totals,
        advice,
    })
}

/// Of the bytes that a preview tells as lost, those that are wrong already where it was tried and
/// where `started` stands. Compares bytes, so that it is nothing to be asked in every frame.
#[must_use]
pub fn lost_before(preview: &Preview, started: &Started) -> u64 {
    let Some(down) = &preview.down else { return 0 };
    let lost = down.allocations.iter().filter_map(|outcome| match outcome.bytes {
        BytesVerdict::Lost { bytes, .. } => Some((outcome.allocation, bytes)),
        _ => None,
    });
    let book = started.vidmm().book();
    lost.filter_map(|(id, bytes)| Some(started.lost_bytes(book.allocation(id)?).min(bytes))).sum()
}

fn segment_share(outcome: &crate::machine::SegmentOutcome, words: Words<'_>) -> SegmentShare {
    let parts: Vec<(Share, u64)> = Share::ALL
        .into_iter()
        .map(|share| (share, share.bytes(outcome).get()))
        .filter(|(_, bytes)| *bytes > 0)
        .collect();
    let idle = outcome.verdict == SegmentVerdict::Kept || outcome.nanoseconds == 0;
    SegmentShare {
        segment: outcome.segment,
        name: words.segment(outcome.segment).to_owned(),
        total: parts.iter().map(|(_, bytes)| *bytes).sum(),
        parts,
        time: if idle { NO_WORK.to_owned() } else { duration(outcome.nanoseconds) },
        verdict: verdict_text(outcome.verdict),
        moved_for_nothing: outcome.moved_for_nothing.get(),
    }
}
