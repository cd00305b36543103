//! What the driver claims that a sleep leaves, against what the hardware leaves.

use crate::base::text::{exact_size, hex};
use crate::base::{SegmentId, Span};
use crate::config::Segment;
use crate::ddi::SystemSleepState;
use crate::vidmm::Sleep;

use super::flags::is_aperture;

/// What follows from a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimVerdict {
    /// An aperture: there are no bytes to claim.
    NoBytes,
    /// The hardware keeps what is claimed, and no more.
    Agrees,
    /// The hardware keeps less: content is lost.
    Loses,
    /// The hardware keeps more: content is moved for nothing.
    MovesForNothing,
}

/// A claim and the truth, of one segment and one sleeping state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimCell {
    /// The claim in a word or two.
    pub claim: String,
    /// The truth in a word or two.
    pub truth: String,
    /// Bytes that are claimed and not kept.
    pub lost: u64,
    /// Bytes that are kept and not claimed.
    pub for_nothing: u64,
    /// What follows.
    pub verdict: ClaimVerdict,
    /// The consequence in a sentence, where claim and truth differ.
    pub sentence: Option<String>,
}

/// A segment with its claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentClaim {
    /// Its id; `None` beyond the ids that there are.
    pub id: Option<SegmentId>,
    /// Its number, counted from 1.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// Its flags.
    pub flags: u32,
    /// In S3.
    pub standby: ClaimCell,
    /// In S4.
    pub hibernate: ClaimCell,
}

/// Claim against truth for the segments of an adapter, whether or not it could start.
#[must_use]
pub fn claims(segments: &[Segment]) -> Vec<SegmentClaim> {
    segments
        .iter()
        .enumerate()
        .map(|(index, segment)| SegmentClaim {
            id: SegmentId::from_index(index),
            number: index + 1,
            name: segment.name.clone(),
            flags: segment.flags.bits(),
            standby: cell(index + 1, segment, SystemSleepState::Standby),
            hibernate: cell(index + 1, segment, SystemSleepState::Hibernate),
        })
        .collect()
}

fn cell(number: usize, segment: &Segment, sleep: SystemSleepState) -> ClaimCell {
    if is_aperture(segment) {
        return ClaimCell {
            claim: "unmap".to_owned(),
            truth: "no bytes".to_owned(),
            lost: 0,
            for_nothing: 0,
            verdict: ClaimVerdict::NoBytes,
            sentence: None,
        };
    }
    let (claimed, kept) = (segment.claimed(sleep), segment.really_kept(sleep));
    let common = common(&claimed, &kept);
    let (lost, for_nothing) = (total(&claimed) - common, total(&kept) - common);
    let verdict = match (lost, for_nothing) {
        (0, 0) => ClaimVerdict::Agrees,
        (0, _) => ClaimVerdict::MovesForNothing,
        _ => ClaimVerdict::Loses,
    };
    let subject = format!("{number} {}", segment.name);
    let sentence = match verdict {
        ClaimVerdict::NoBytes | ClaimVerdict::Agrees => None,
        ClaimVerdict::Loses => {
            let (claim, truth) = (part(&claimed, segment.size), range(&kept, segment.size));
            Some(format!(
                "{subject} in {}: the driver claims that {claim} stays, the hardware keeps \
                 {truth}. VidMm saves none of it, and what lies in the other {} is lost.",
                state(sleep),
                exact_size(lost),
            ))
        }
        ClaimVerdict::MovesForNothing => {
            let (claim, truth) = (part(&claimed, segment.size), range(&kept, segment.size));
            Some(format!(
                "{subject} in {}: the hardware keeps {truth}, the driver claims that {claim} \
                 stays. What lies in those {} moves out for nothing.",
                state(sleep),
                exact_size(for_nothing),
            ))
        }
    };
    ClaimCell {
        claim: short(&claimed, segment.size, "purge", "kept"),
        truth: short(&kept, segment.size, "loses", "keeps"),
        lost,
        for_nothing,
        verdict,
        sentence,
    }
}

/// Whether a sleep loses what VidMm leaves in a segment: the claim that it purges by goes further
/// than what the hardware keeps in the state that it enters.
#[must_use]
pub fn loses(segment: &Segment, sleep: Sleep) -> bool {
    let (claimed, kept) = (segment.claimed(sleep.purges_as()), segment.really_kept(sleep.state()));
    total(&claimed) > common(&claimed, &kept)
}

const fn state(sleep: SystemSleepState) -> &'static str {
    match sleep {
        SystemSleepState::Standby => "S3",
        SystemSleepState::Hibernate => "S4",
    }
}

fn total(spans: &[Span]) -> u64 {
    spans.iter().map(|span| span.len()).sum()
}

/// Bytes that lie in both; each side is sorted and apart.
fn common(a: &[Span], b: &[Span]) -> u64 {
    let pairs = a.iter().flat_map(|one| b.iter().map(move |other| one.intersection(*other)));
    pairs.flatten().map(Span::len).sum()
}

fn is_whole(spans: &[Span], size: u64) -> bool {
    matches!(spans, [only] if only.start() == 0 && only.end() == size)
}

/// `purge`, `kept` or `64 MiB`.
fn short(spans: &[Span], size: u64, nothing: &str, all: &str) -> String {
    match total(spans) {
        0 => nothing.to_owned(),
        _ if is_whole(spans, size) => all.to_owned(),
        bytes => crate::base::text::size(bytes),
    }
}

/// `nothing`, `all of it` or `64 MiB of it`.
fn part(spans: &[Span], size: u64) -> String {
    match total(spans) {
        0 => "nothing".to_owned(),
        _ if is_whole(spans, size) => "all of it".to_owned(),
        bytes => format!("{} of it", exact_size(bytes)),
    }
}

/// `nothing`, `all of it` or the ranges.
fn range(spans: &[Span], size: u64) -> String {
    if spans.is_empty() || is_whole(spans, size) {
        return part(spans, size);
    }
    let ranges: Vec<String> = spans
        .iter()
        .map(|span| format!("{} to {}", hex(span.start()), hex(span.end().saturating_sub(1))))
        .collect();
    ranges.join(" and ")
}
