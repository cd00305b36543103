//! What the last transition did, and what the way back did: phases, and a row per allocation.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::base::AllocationId;
use crate::base::text::{count, counted, hex, size};
use crate::machine::{AllocationOutcome, BytesVerdict, Place, PowerOutcome, Run};
use crate::vidmm::{Fate, Phase, Sleep, Transition};

use super::{PowerLog, Share};
use crate::analysis::explain::{Words, fate_reason_text, fate_text, phase_text, transition_name};

/// A transition that was carried out, with the way back if there was one by now.
#[derive(Clone, Copy, Debug)]
pub struct After<'a> {
    /// The command that went, counted from 1.
    pub step: usize,
    /// What it came to.
    pub outcome: &'a PowerOutcome,
    /// The command that came back, and what that came to.
    pub back: Option<(usize, &'a PowerOutcome)>,
}

impl<'a> After<'a> {
    /// The last transition down, or reset, that was begun at a place: inside one, that one, as it
    /// ends.
    #[must_use]
    pub fn of(log: &PowerLog, run: &'a Run, place: Place) -> Option<Self> {
        let known = log.transitions();
        let known = &known[..known.partition_point(|step| *step <= place.command)];
        let outcome = |step: usize| run.record(step)?.power.as_deref();
        let mut back = None;
        for step in known.iter().rev().copied() {
            let found = outcome(step)?;
            if comes_back(found.transition) {
                back = Some((step, found));
            } else {
                return Some(Self { step, outcome: found, back });
            }
        }
        None
    }

    /// Whether a place is inside one of the ways, so that what is told is still to come there.
    #[must_use]
    pub fn is_ahead_of(&self, place: Place) -> bool {
        let ends = self.back.map_or(self.step, |(step, _)| step);
        place.inner.is_some() && place.command == ends
    }

    /// `Hibernate at step 41, back at step 42`.
    #[must_use]
    pub fn title(&self) -> String {
        let name = transition_name(self.outcome.transition);
        match self.back {
            Some((step, _)) => format!("{name} at step {}, back at step {step}", self.step),
            None => format!("{name} at step {}", self.step),
        }
    }

    /// What did not fit, where the purge failed.
    #[must_use]
    pub fn failure(&self, words: Words<'_>) -> Option<String> {
        let failed = self.outcome.failed?;
        Some(format!(
            "The purge failed: {} needs {}, system memory has {} free",
            words.allocation(failed.allocation),
            counted(failed.needed.get(), "page"),
            count(failed.free.get())
        ))
    }
}

/// Whether a transition leads back to work.
const fn comes_back(transition: Transition) -> bool {
    matches!(
        transition,
        Transition::Resume { .. } | Transition::Device(crate::ddi::DevicePowerState::D0)
    )
}

/// A phase of a transition, for a bar to scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseBar {
    /// Which.
    pub phase: Phase,
    /// Its name.
    pub name: String,
    /// How long it took, in nanoseconds.
    pub nanoseconds: u64,
    /// It belongs to the way back.
    pub back: bool,
}

/// The phases of both ways that took any time.
#[must_use]
pub fn phase_bars(after: &After<'_>, words: Words<'_>) -> Vec<PhaseBar> {
    let ways = [Some((after.outcome, false)), after.back.map(|(_, back)| (back, true))];
    ways.into_iter()
        .flatten()
        .flat_map(|(outcome, back)| outcome.phases.iter().map(move |phase| (phase, back)))
        .map(|(phase, back)| PhaseBar {
            phase: phase.phase,
            name: phase_text(phase.phase, words),
            nanoseconds: phase.end.saturating_sub(phase.start),
            back,
        })
        .filter(|bar| bar.nanoseconds > 0)
        .collect()
}

/// A column of the table of outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutcomeColumn {
    /// The allocation.
    Name,
    /// Where it was.
    Place,
    /// How large it is there.
    Size,
    /// What became of it.
    Outcome,
    /// Why.
    Why,
    /// What its bytes say.
    Bytes,
    /// The operation that dealt with it.
    Jump,
}

impl OutcomeColumn {
    /// All of them, from the left.
    pub const ALL: [Self; 7] =
        [Self::Name, Self::Place, Self::Size, Self::Outcome, Self::Why, Self::Bytes, Self::Jump];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Name => "Allocation",
            Self::Place => "Was at",
            Self::Size => "Size",
            Self::Outcome => "Outcome",
            Self::Why => "Why",
            Self::Bytes => "Bytes",
            Self::Jump => "Jump",
        }
    }

    /// What it says.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Name => "The allocation, of those that were resident",
            Self::Place => "Segment and offset where it was before",
            Self::Size => "Bytes that it takes in its segment",
            Self::Outcome => "What became of it; lost wherever bytes are gone",
            Self::Why => "Why VidMm did what it did",
            Self::Bytes => "Every byte compared with what it must be",
            Self::Jump => "The first operation of the transition that concerns it",
        }
    }
}

/// An order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutcomeOrder {
    /// By this column.
    pub column: OutcomeColumn,
    /// The last first.
    pub descending: bool,
}

/// A row of the table, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeRow {
    /// The allocation.
    pub allocation: AllocationId,
    /// Its name.
    pub name: String,
    /// Where it was: `VRAM 0x0100_0000`.
    pub place: String,
    /// The same with the number of the segment: `2: 0x0100_0000`.
    pub short_place: String,
    /// Bytes that it takes there.
    pub bytes: u64,
    /// What became of it, for the pattern.
    pub share: Share,
    /// What became of it, in a word.
    pub outcome: &'static str,
    /// Why, with what the hardware made of it where that differs.
    pub why: String,
    /// What its bytes say.
    pub verdict: BytesVerdict,
    /// What its bytes say, and what the way back did.
    pub said: String,
    /// How many bytes are wrong; empty for none.
    pub detail: String,
    /// The operation that dealt with it.
    pub jump: Option<Place>,
}

impl OutcomeRow {
    /// The row in a sentence.
    #[must_use]
    pub fn spoken(&self) -> String {
        let Self { name, place, outcome, why, said, .. } = self;
        format!("{name}, was at {place}, {}, {outcome}: {why}. Bytes {said}", size(self.bytes))
    }
}

/// What became of an allocation in the end, by what its bytes said last.
const fn fate(outcome: &AllocationOutcome, verdict: BytesVerdict) -> Fate {
    match verdict {
        BytesVerdict::Lost { .. } => Fate::Lost,
        _ => outcome.fate,
    }
}

/// What the bytes of each allocation said last: on the way back where that knows of them.
fn last_verdicts(after: &After<'_>) -> Vec<BytesVerdict> {
    let back = after.back.map_or(&[][..], |(_, back)| &back.allocations);
    let back: BTreeMap<AllocationId, BytesVerdict> =
        back.iter().map(|outcome| (outcome.allocation, outcome.bytes)).collect();
    let outcomes = after.outcome.allocations.iter();
    outcomes
        .map(|outcome| back.get(&outcome.allocation).copied().unwrap_or(outcome.bytes))
        .collect()
}

/// The row of the allocation at `index` of the outcome.
#[must_use]
pub fn outcome_row(after: &After<'_>, index: usize, words: Words<'_>) -> Option<OutcomeRow> {
    let outcome = after.outcome.allocations.get(index)?;
    let id = outcome.allocation;
    let (place, short_place) = match outcome.place {
        None => ("nowhere".to_owned(), "nowhere".to_owned()),
        Some(place) => {
            let base = words.checked(place.segment).map_or(0, |segment| segment.base.get());
            let address = hex(base.saturating_add(place.span.start()));
            let long = words.at_offset(place.segment, place.span.start());
            (long, format!("{}: {address}", place.segment))
        }
    };
    let mut why = fate_reason_text(outcome.reason).to_owned();
    if outcome.moved_for_nothing {
        // In hybrid sleep it is moved in case the power goes.
        let hybrid = after.outcome.transition == Transition::Sleep(Sleep::HybridSleep);
        why.push_str(if hybrid { "; the hardware kept it as well" } else { "; moved for nothing" });
    }
    let back = after.back.and_then(|(_, back)| back.allocation(id));
    let verdict = back.map_or(outcome.bytes, |back| back.bytes);
    let mut detail = String::new();
    let mut said = match verdict {
        BytesVerdict::Intact => "intact".to_owned(),
        BytesVerdict::NothingPromised => "nothing to keep".to_owned(),
        BytesVerdict::Lost { first, bytes } => {
            detail = format!("{} bytes differ from what they must be", count(bytes));
            format!("lost from byte {}", hex(first))
        }
    };
    if let Some(back) = back.filter(|back| back.fate != Fate::Kept && back.fate != Fate::Lost) {
        let _ = write!(said, ", {}", fate_text(back.fate));
    }
    let fate = fate(outcome, verdict);
    Some(OutcomeRow {
        allocation: id,
        name: words.allocation(id).to_owned(),
        place,
        short_place,
        bytes: outcome.size.get(),
        share: Share::of(fate),
        outcome: fate_text(fate),
        why,
        verdict,
        said,
        detail,
        jump: outcome.operation.map(|operation| Place::operation(after.step, operation)),
    })
}

/// The rows in an order, by their index in the outcome; as they were dealt with for `None`.
#[must_use]
pub fn outcome_order(
    after: &After<'_>,
    order: Option<OutcomeOrder>,
    words: Words<'_>,
) -> Vec<usize> {
    let all = &after.outcome.allocations;
    let mut rows: Vec<usize> = (0..all.len()).collect();
    let Some(OutcomeOrder { column, descending }) = order else { return rows };
    let verdicts = last_verdicts(after);
    let at = |row: usize| Some((all.get(row)?, *verdicts.get(row)?));
    let by = |a: &usize, b: &usize| -> Ordering {
        let (Some((a, said_of_a)), Some((b, said_of_b))) = (at(*a), at(*b)) else {
            return Ordering::Equal;
        };
        let place =
            |one: &AllocationOutcome| one.place.map(|place| (place.segment, place.span.start()));
        let verdict = |said: BytesVerdict| match said {
            BytesVerdict::Lost { bytes, .. } => (2, bytes),
            BytesVerdict::NothingPromised => (1, 0),
            BytesVerdict::Intact => (0, 0),
        };
        match column {
            OutcomeColumn::Name => {
                words.allocation(a.allocation).cmp(words.allocation(b.allocation))
            }
            OutcomeColumn::Place => place(a).cmp(&place(b)),
            OutcomeColumn::Size => a.size.cmp(&b.size),
            OutcomeColumn::Outcome => fate(a, said_of_a).cmp(&fate(b, said_of_b)),
            OutcomeColumn::Why => a.reason.cmp(&b.reason),
            OutcomeColumn::Bytes => verdict(said_of_a).cmp(&verdict(said_of_b)),
            OutcomeColumn::Jump => a.operation.cmp(&b.operation),
        }
    };
    // Stable, so that equal rows stay in the order in which they were dealt with.
    if descending {
        rows.sort_by(|a, b| by(b, a));
    } else {
        rows.sort_by(by);
    }
    rows
}

/// What all rows come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeTotals {
    /// Allocations that were resident.
    pub allocations: u64,
    /// Of them intact.
    pub intact: u64,
    /// Of them without anything to keep.
    pub nothing: u64,
    /// Of them with lost bytes.
    pub lost: u64,
    /// Bytes that differ from what they must be.
    pub lost_bytes: u64,
    /// Bytes that were moved out although the hardware kept them.
    pub for_nothing: u64,
}

/// What all rows come to.
#[must_use]
pub fn totals(after: &After<'_>) -> OutcomeTotals {
    let mut totals = OutcomeTotals::default();
    for (outcome, verdict) in after.outcome.allocations.iter().zip(last_verdicts(after)) {
        totals.allocations += 1;
        match verdict {
            BytesVerdict::Intact => totals.intact += 1,
            BytesVerdict::NothingPromised => totals.nothing += 1,
            BytesVerdict::Lost { bytes, .. } => {
                totals.lost += 1;
                totals.lost_bytes = totals.lost_bytes.saturating_add(bytes);
            }
        }
        if outcome.moved_for_nothing {
            totals.for_nothing = totals.for_nothing.saturating_add(outcome.size.get());
        }
    }
    totals
}

impl OutcomeTotals {
    /// `13 allocations: 9 intact, 2 with nothing to keep, 2 lost`, and how many bytes.
    #[must_use]
    pub fn text(&self) -> String {
        let mut parts = vec![format!("{} intact", count(self.intact))];
        if self.nothing > 0 {
            parts.push(format!("{} with nothing to keep", count(self.nothing)));
        }
        if self.lost > 0 {
            let bytes = count(self.lost_bytes);
            parts.push(format!("{} lost ({bytes} bytes differ)", count(self.lost)));
        }
        if self.for_nothing > 0 {
            parts.push(format!("{} moved for nothing", size(self.for_nothing)));
        }
        format!("{}: {}", counted(self.allocations, "allocation"), parts.join(", "))
    }
}
