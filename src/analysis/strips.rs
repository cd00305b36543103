//! What stands above a lane: banks as brackets, and ranges that a descriptor sets apart.
//!
//! Everything is in columns of a [`Scale`]; words come in several lengths, so that whoever draws
//! takes the longest that fits.

use super::coverage::Scale;
use crate::base::Span;
use crate::base::text::{counted, size};
use crate::config::Segment;
use crate::ddi::HintedBanks;
use crate::rules::CheckedSegment;
use crate::vidmm::Placement;

/// Banks narrower than so many columns share a bracket with their neighbours.
pub const BANK_LEAST: f64 = 64.0;

/// A bracket above a lane: one bank, or several that are too narrow to have one each.
#[derive(Clone, Debug, PartialEq)]
pub struct BankPart {
    /// The first bank, counted from 1.
    pub first: u8,
    /// The last bank.
    pub last: u8,
    /// Where it begins, in columns.
    pub x0: f64,
    /// Where it ends, in columns.
    pub x1: f64,
    /// The hints name it. Such a bank has a bracket of its own, however narrow.
    pub hinted: bool,
    /// What it is called, the longest first: `bank 2, 96 MiB`, `bank 2`, `2`.
    pub words: [String; 3],
}

/// The brackets of the banks that show, from the left. Banks of no size show nowhere.
///
/// `hinted` says of a bank whether it has to stand alone.
#[must_use]
pub fn bank_parts(
    banks: &[Span],
    scale: Scale,
    least: f64,
    hinted: impl Fn(u8) -> bool,
) -> Vec<BankPart> {
    let mut parts: Vec<BankPart> = Vec::new();
    let mut bytes: u64 = 0;
    for (bank, number) in banks.iter().zip(1_u8..) {
        if bank.is_empty() || !bank.overlaps(scale.range()) {
            continue;
        }
        let (x0, x1) = (scale.column_of(bank.start()), scale.column_of(bank.end()));
        let hinted = hinted(number);
        let joins = |last: &&mut BankPart| {
            let narrow = last.x1 - last.x0 < least && x1 - x0 < least;
            narrow && !hinted && !last.hinted && last.last.checked_add(1) == Some(number)
        };
        if let Some(last) = parts.last_mut().filter(joins) {
            bytes = bytes.saturating_add(bank.len());
            (last.last, last.x1) = (number, x1);
            last.words = words(last.first, number, bytes);
            continue;
        }
        bytes = bank.len();
        let words = words(number, number, bytes);
        parts.push(BankPart { first: number, last: number, x0, x1, hinted, words });
    }
    parts
}

fn words(first: u8, last: u8, bytes: u64) -> [String; 3] {
    let bytes = size(bytes);
    if first == last {
        return [format!("bank {first}, {bytes}"), format!("bank {first}"), first.to_string()];
    }
    let short = format!("{first}–{last}");
    [format!("banks {short}, {bytes}"), format!("banks {short}"), short]
}

/// Where a block crosses from one bank into another, in bytes from the start of the segment.
pub fn crossings(banks: &[Span], block: Span) -> impl Iterator<Item = u64> + '_ {
    let inner = banks.iter().take(banks.len().saturating_sub(1)).filter(|bank| !bank.is_empty());
    inner.map(|bank| bank.end()).filter(move |end| block.start() < *end && *end < block.end())
}

/// The first and the last bank that a range touches.
#[must_use]
pub fn banks_of(banks: &[Span], range: Span) -> Option<(u8, u8)> {
    let touched = |(bank, _): &(&Span, u8)| bank.overlaps(range);
    let mut numbers = banks.iter().zip(1_u8..).filter(touched).map(|(_, number)| number);
    let first = numbers.next()?;
    Some((first, numbers.last().unwrap_or(first)))
}

/// Hints in the order of preference: `3 ↑, 2 ↓`. Empty where there are none.
#[must_use]
pub fn hint_words(hints: HintedBanks) -> String {
    let arrow = |from_end| if from_end { '↓' } else { '↑' };
    let words: Vec<String> =
        hints.iter().map(|hint| format!("{} {}", hint.bank, arrow(hint.from_end))).collect();
    words.join(", ")
}

/// How the hints of an allocation were followed where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintOutcome {
    /// The driver named no bank.
    NoHint,
    /// All of it lies in a bank that a hint names.
    Followed,
    /// It does not.
    Dropped,
}

/// How the hints were followed, and a sentence: `Bank 3 ↑ hinted, 2 actual`. `None` in a segment
/// without banks.
#[must_use]
pub fn hint_outcome(
    segment: &CheckedSegment,
    hints: HintedBanks,
    place: Placement,
) -> Option<(HintOutcome, String)> {
    let (first, last) = banks_of(&segment.banks, place.span)?;
    let actual =
        if first == last { format!("{first} actual") } else { format!("{first} to {last} actual") };
    if hints.is_empty() {
        return Some((HintOutcome::NoHint, format!("Bank {actual}, none hinted")));
    }
    let followed = first == last && hints.iter().any(|hint| hint.bank == first);
    let outcome = if followed { HintOutcome::Followed } else { HintOutcome::Dropped };
    Some((outcome, format!("Bank {} hinted, {actual}", hint_words(hints))))
}

/// A range that a descriptor sets apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApartKind {
    /// The video protected range.
    Protected,
    /// What hibernation keeps: up to `SystemMemoryEndAddress`.
    Kept,
}

/// A bracket for a range that a descriptor sets apart.
#[derive(Clone, Debug, PartialEq)]
pub struct ApartPart {
    /// Which.
    pub kind: ApartKind,
    /// The whole range, in bytes from the start of the segment.
    pub span: Span,
    /// Where it begins, in columns.
    pub x0: f64,
    /// Where it ends, in columns.
    pub x1: f64,
    /// What it is called, the longest first.
    pub words: [String; 2],
}

/// The ranges that a segment's descriptor sets apart, each in bytes from its start.
#[must_use]
pub fn ranges_apart(segment: &CheckedSegment, raw: Option<&Segment>) -> Vec<(ApartKind, Span)> {
    let protected = segment.video_protected_range.map(|span| (ApartKind::Protected, span));
    // It names the last byte; 0 stands for none.
    let end = raw.map_or(0, |raw| raw.system_memory_end_address);
    let kept = (end != 0).then(|| Span::whole(end.saturating_add(1).min(segment.size.get())));
    protected.into_iter().chain(kept.map(|span| (ApartKind::Kept, span))).collect()
}

/// The brackets of ranges set apart, as far as they show.
#[must_use]
pub fn apart_parts(ranges: &[(ApartKind, Span)], scale: Scale) -> Vec<ApartPart> {
    let part = |&(kind, span): &(ApartKind, Span)| {
        span.intersection(scale.range()).filter(|part| !part.is_empty())?;
        let (x0, x1) = (scale.column_of(span.start()), scale.column_of(span.end()));
        let short = apart_name(kind);
        let words = [format!("{short}, {}", size(span.len())), short.to_owned()];
        Some(ApartPart { kind, span, x0, x1, words })
    };
    ranges.iter().filter_map(part).collect()
}

/// What a range set apart is called.
#[must_use]
pub const fn apart_name(kind: ApartKind) -> &'static str {
    match kind {
        ApartKind::Protected => "protected",
        ApartKind::Kept => "kept in hibernation",
    }
}

/// What a range set apart means.
#[must_use]
pub const fn apart_meaning(kind: ApartKind) -> &'static str {
    match kind {
        ApartKind::Protected => {
            "Video protected range: what is created with CreateInVpr lies here and nowhere else"
        }
        ApartKind::Kept => {
            "SystemMemoryEndAddress: bytes up to here are kept by the system in hibernation"
        }
    }
}

/// What a bank says of what lies in it.
#[must_use]
pub fn bank_lines(
    segment: &CheckedSegment,
    used: &crate::vidmm::SegmentUse,
    number: u8,
) -> Vec<String> {
    let Some(bank) = segment.bank(number) else { return Vec::new() };
    let (mut blocks, mut bytes, mut across) = (0_u64, 0_u64, 0_u64);
    for (span, _) in used.extents(bank) {
        blocks += 1;
        bytes = bytes.saturating_add(span.intersection(bank).map_or(0, Span::len));
        across += u64::from(!bank.covers(span));
    }
    let mut lines = vec![
        format!("{}, {} of it used by {}", size(bank.len()), size(bytes), counted(blocks, "block")),
        super::map_words::addresses(segment, bank),
    ];
    if across > 0 {
        lines.push(format!("{} across its ends", counted(across, "block")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddi::BankHint;

    fn span(from: u64, to: u64) -> Span {
        Span::new(from, to).expect("in order")
    }

    #[test]
    fn wide_banks_have_a_bracket_each() {
        let banks = [span(0, 100), span(100, 250), span(250, 400)];
        let scale = Scale::new(span(0, 400), 800).expect("not empty");
        let parts = bank_parts(&banks, scale, 36.0, |bank| bank == 2);
        let found: Vec<_> = parts.iter().map(|p| (p.first, p.last, p.x0, p.x1, p.hinted)).collect();
        assert_eq!(
            found,
            [(1, 1, 0.0, 200.0, false), (2, 2, 200.0, 500.0, true), (3, 3, 500.0, 800.0, false)]
        );
        assert_eq!(parts[1].words, ["bank 2, 150 B", "bank 2", "2"].map(str::to_owned));
    }

    /// 127 banks over 635 columns are 5 columns each: brackets of at least 36 take 8 of them.
    #[test]
    fn narrow_banks_share_a_bracket_and_a_hinted_one_does_not() {
        let banks: Vec<Span> = (0..127).map(|n| span(n * 10, n * 10 + 10)).collect();
        let scale = Scale::new(span(0, 1270), 635).expect("not empty");
        let parts = bank_parts(&banks, scale, 36.0, |_| false);
        assert_eq!(parts.len(), 16, "127 / 8 rounded up");
        assert_eq!((parts[0].first, parts[0].last, parts[0].x1), (1, 8, 40.0));
        assert_eq!(parts[15].last, 127);
        assert_eq!(parts[0].words[1], "banks 1–8");
        let parts = bank_parts(&banks, scale, 36.0, |bank| bank == 4);
        let firsts: Vec<_> = parts.iter().take(3).map(|p| (p.first, p.last)).collect();
        assert_eq!(firsts, [(1, 3), (4, 4), (5, 12)]);
    }

    #[test]
    fn a_block_is_told_by_the_banks_it_touches() {
        let banks = [span(0, 4), span(4, 4), span(4, 10), span(10, 16)];
        assert_eq!(banks_of(&banks, span(0, 5)), Some((1, 3)), "bank 2 is empty");
        assert_eq!(banks_of(&banks, span(10, 16)), Some((4, 4)));
        assert_eq!(banks_of(&[], span(0, 5)), None);
        assert_eq!(crossings(&banks, span(3, 12)).collect::<Vec<_>>(), [4, 10]);
        assert_eq!(crossings(&banks, span(4, 10)).count(), 0);
        assert_eq!(crossings(&banks, span(12, 16)).count(), 0, "the segment's end is no bound");
    }

    #[test]
    fn hints_are_told_in_their_order() {
        let hint = |bank, from_end| BankHint { bank, from_end };
        let hints = HintedBanks::new(&[hint(3, false), hint(2, true)]).expect("two");
        assert_eq!(hint_words(hints), "3 ↑, 2 ↓");
    }
}
