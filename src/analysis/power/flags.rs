//! The eight rows that three preservation flags have, and which segments stand in each.

use crate::base::SegmentId;
use crate::base::text::{exact_size, hex};
use crate::config::Segment;
use crate::ddi::SegmentFlags;

/// What a sleep does to a memory segment by a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowEffect {
    /// Nothing in it moves.
    Kept,
    /// Everything in it leaves.
    Purged,
    /// What lies wholly before the end address stays.
    Split,
}

impl RowEffect {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Purged => "purged",
            Self::Split => "split",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Kept => "Nothing in the segment moves: the driver claims that its bytes stay.",
            Self::Purged => "Everything in the segment leaves before the machine sleeps.",
            Self::Split => {
                "What lies wholly before the end address of the segment stays, everything else \
                 leaves."
            }
        }
    }
}

/// A segment that stands in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagSegment {
    /// Its id; `None` beyond the ids that there are.
    pub id: Option<SegmentId>,
    /// Its number, counted from 1.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// It is an aperture: whatever the flags, it is only unmapped.
    pub aperture: bool,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagRow {
    /// `PreservedDuringStandby`.
    pub standby: bool,
    /// `PreservedDuringHibernate`.
    pub hibernate: bool,
    /// `PartiallyPreservedDuringHibernate`.
    pub partly: bool,
    /// In standby, and in hibernation and hybrid sleep; `None` where the row is not recognised.
    pub effect: Option<(RowEffect, RowEffect)>,
    /// The segments with these flags.
    pub segments: Vec<FlagSegment>,
}

/// The combinations, those that are recognised first.
const ROWS: [(bool, bool, bool); 8] = [
    (false, false, false),
    (true, false, false),
    (true, true, false),
    (true, false, true),
    (true, true, true),
    (false, true, false),
    (false, false, true),
    (false, true, true),
];

/// What VidMm does by a combination; `None` where no system recognises it.
const fn effect(row: (bool, bool, bool)) -> Option<(RowEffect, RowEffect)> {
    match row {
        (false, false, false) => Some((RowEffect::Purged, RowEffect::Purged)),
        (true, false, false) => Some((RowEffect::Kept, RowEffect::Purged)),
        (true, true, false) => Some((RowEffect::Kept, RowEffect::Kept)),
        (true, false, true) => Some((RowEffect::Kept, RowEffect::Split)),
        (true, true, true) | (false, true | false, true) | (false, true, false) => None,
    }
}

/// The table with the segments of an adapter, whether or not it could start.
#[must_use]
pub fn flag_rows(segments: &[Segment]) -> [FlagRow; 8] {
    ROWS.map(|row| {
        let (standby, hibernate, partly) = row;
        let own = |segment: &Segment| {
            let has = |flag| segment.flags.contains(flag);
            (
                has(SegmentFlags::PreservedDuringStandby),
                has(SegmentFlags::PreservedDuringHibernate),
                has(SegmentFlags::PartiallyPreservedDuringHibernate),
            )
        };
        let segments = segments
            .iter()
            .enumerate()
            .filter(|(_, segment)| own(segment) == row)
            .map(|(index, segment)| FlagSegment {
                id: SegmentId::from_index(index),
                number: index + 1,
                name: segment.name.clone(),
                aperture: is_aperture(segment),
            })
            .collect();
        FlagRow { standby, hibernate, partly, effect: effect(row), segments }
    })
}

pub(super) fn is_aperture(segment: &Segment) -> bool {
    segment.flags.intersects(SegmentFlags::Aperture | SegmentFlags::Agp)
}

/// A sentence for each video protected range: it has a flag of its own.
#[must_use]
pub fn protected_notes(segments: &[Segment]) -> Vec<String> {
    segments
        .iter()
        .enumerate()
        .filter(|(_, segment)| segment.flags.contains(SegmentFlags::VprSupported))
        .filter_map(|(index, segment)| {
            let range = segment.video_protected_range.filter(|range| range.size > 0)?;
            let kept = if segment.flags.contains(SegmentFlags::VprPreservedDuringStandby) {
                "kept in standby, purged in hibernation"
            } else {
                "purged in every sleep"
            };
            let (number, name, size) = (index + 1, &segment.name, exact_size(range.size));
            let start = hex(range.start);
            Some(format!("Protected range of {number} {name}: {size} at {start}, {kept}"))
        })
        .collect()
}
