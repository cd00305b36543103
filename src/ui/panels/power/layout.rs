//! Where the parts of the panel lie, in numbers.

use egui::{Rect, pos2, vec2};

use crate::analysis::power::OutcomeColumn;
use crate::ui::theme::size;

/// A part of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Section {
    /// The states and the transitions between them.
    State,
    /// The table of the preservation flags.
    Flags,
    /// Claim against truth.
    Claims,
    /// What each sleep would do.
    Before,
    /// What the last one did.
    After,
}

/// Sections below each other.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) width: f32,
    pub(super) sections: Vec<Section>,
}

/// From this width on everything lies in two columns.
const WIDE: f32 = 1_100.0;
/// From this width on all but the table of outcomes lies in two columns.
const MIDDLE: f32 = 820.0;
/// From this width on states and flags lie beside each other.
const PAIR: f32 = 640.0;
/// Width of the line between two columns.
pub(super) const LINE: f32 = 1.0;

/// Rows of columns: each row begins below the longest column of the row above it.
pub(super) fn arrange(width: f32) -> Vec<Vec<Column>> {
    use Section::{After, Before, Claims, Flags, State};
    let column = |width: f32, sections: &[Section]| Column { width, sections: sections.to_vec() };
    if width >= MIDDLE {
        let left = (width * 0.33).round().clamp(340.0, 400.0);
        let right = width - left - LINE;
        if width >= WIDE {
            return vec![vec![
                column(left, &[State, Flags, Claims]),
                column(right, &[Before, After]),
            ]];
        }
        return vec![
            vec![column(left, &[State, Flags]), column(right, &[Before, Claims])],
            vec![column(width, &[After])],
        ];
    }
    if width >= PAIR {
        let left = ((width - LINE) / 2.0).round();
        return vec![
            vec![column(left, &[State]), column(width - left - LINE, &[Flags])],
            vec![column(width, &[Before, Claims, After])],
        ];
    }
    vec![vec![column(width, &[State, Flags, Before, Claims, After])]]
}

/// Least width of a card.
const CARD: f32 = 156.0;
/// Space between two cards.
pub(super) const CARD_GAP: f32 = 8.0;

/// How many of three cards lie beside each other, and how wide each is.
pub(super) fn cards(width: f32) -> (usize, f32) {
    let least = |count: f32| count * CARD + (count - 1.0) * CARD_GAP;
    let (count, float) = if width >= least(3.0) {
        (3, 3.0)
    } else if width >= least(2.0) {
        (2, 2.0)
    } else {
        (1, 1.0)
    };
    (count, ((width - (float - 1.0) * CARD_GAP) / float).floor().max(1.0))
}

/// From where to where a part of a bar reaches, in points from its left edge.
pub(super) type Reach = (f32, f32);

/// Parts of a bar to scale, in points from its left edge. A part never vanishes, and the last one
/// ends with the bar.
pub(super) fn to_scale(parts: &[u64], width: f32) -> Vec<Reach> {
    const LEAST: f32 = 2.0;
    let float = |number: u64| {
        #[expect(clippy::cast_precision_loss)]
        let float = number as f64;
        float
    };
    let all: f64 = parts.iter().map(|part| float(*part)).sum();
    let shown = parts.iter().filter(|part| **part > 0).count();
    if all <= 0.0 || shown == 0 {
        return vec![(0.0, 0.0); parts.len()];
    }
    // What is too small for its share takes from what is not.
    #[expect(clippy::cast_possible_truncation)]
    let share = |part: u64| (float(part) / all * f64::from(width)) as f32;
    let small = parts.iter().filter(|part| **part > 0 && share(**part) < LEAST);
    let lent: f32 = small.map(|part| LEAST - share(*part)).sum();
    let large: f32 = parts.iter().map(|part| share(*part)).filter(|own| *own >= LEAST).sum();
    let scale = if large > 0.0 { ((large - lent) / large).max(0.0) } else { 1.0 };
    let mut left = 0.0;
    parts
        .iter()
        .map(|part| {
            let own = share(*part);
            let own = match *part {
                0 => 0.0,
                _ if own < LEAST => LEAST,
                _ => own * scale,
            };
            let from = left;
            left = (left + own).min(width);
            (from, left)
        })
        .collect()
}

/// Where the states and their transitions lie, from the corner of the section.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Machine {
    /// S0.
    pub(super) working: Rect,
    /// The ways to each sleep.
    pub(super) go: [Rect; 4],
    /// Each sleep.
    pub(super) asleep: [Rect; 4],
    /// The ways back from each sleep.
    pub(super) back: [Rect; 4],
    /// The way back from hybrid sleep without power.
    pub(super) lost: Rect,
    /// What the row of the adapter's states is called.
    pub(super) adapter: Rect,
    /// D0 to D3.
    pub(super) devices: [Rect; 4],
    /// The recovery from a timeout.
    pub(super) recovery: Rect,
    pub(super) height: f32,
}

/// The column of hybrid sleep.
pub(super) const HYBRID: usize = 1;

/// Lays the states out.
pub(super) fn machine(width: f32) -> Machine {
    const GAP: f32 = 8.0;
    const BUTTON: f32 = 24.0;
    let quarter = ((width - 3.0 * GAP) / 4.0).floor().max(1.0);
    let at = |index: f32, top: f32, height: f32| {
        Rect::from_min_size(pos2(index * (quarter + GAP), top), vec2(quarter, height))
    };
    let row = |top: f32, height: f32| [0.0, 1.0, 2.0, 3.0].map(|index| at(index, top, height));
    let whole = 4.0 * quarter + 3.0 * GAP;
    let working = Rect::from_center_size(pos2(whole / 2.0, 18.0), vec2(132.0, 36.0));
    let label = 50.0;
    let device = ((whole - label - 3.0 * GAP) / 4.0).floor().max(1.0);
    let devices = [0.0, 1.0, 2.0, 3.0].map(|index: f32| {
        Rect::from_min_size(pos2(label + index * (device + GAP), 212.0), vec2(device, BUTTON))
    });
    Machine {
        working,
        go: row(56.0, BUTTON),
        asleep: row(94.0, 36.0),
        back: row(140.0, BUTTON),
        lost: at(1.0, 140.0 + BUTTON + 4.0, BUTTON),
        adapter: Rect::from_min_size(pos2(0.0, 212.0), vec2(label, BUTTON)),
        devices,
        recovery: Rect::from_min_size(pos2(label, 244.0), vec2(120.0, BUTTON)),
        height: 268.0,
    }
}

/// Space between two columns of the table.
pub(super) const GAP: f32 = 10.0;

/// Where a column of the table lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) column: OutcomeColumn,
    pub(super) left: f32,
    pub(super) width: f32,
}

/// The least width of a column, and its share of what is left over in tenths.
const fn measure(column: OutcomeColumn) -> (f32, f32) {
    match column {
        OutcomeColumn::Name => (98.0, 2.0),
        OutcomeColumn::Place => (112.0, 0.0),
        OutcomeColumn::Size => (60.0, 0.0),
        OutcomeColumn::Outcome => (98.0, 0.0),
        OutcomeColumn::Why => (130.0, 4.0),
        OutcomeColumn::Bytes => (126.0, 4.0),
        OutcomeColumn::Jump => (54.0, 0.0),
    }
}

/// The columns of a table that is shown `width` points wide, and how wide they are together: where
/// there is less room, the table is scrolled sideways.
pub(super) fn table(width: f32) -> (Vec<Cell>, f32) {
    let least: f32 = OutcomeColumn::ALL.iter().map(|column| measure(*column).0).sum();
    let free = (width - 2.0 * size::PANEL_INSET - least).max(0.0);
    let mut left = size::PANEL_INSET;
    let cells = OutcomeColumn::ALL
        .into_iter()
        .map(|column| {
            let (least, share) = measure(column);
            let own = least + (free * share / 10.0).floor();
            let cell = Cell { column, left, width: own };
            left += own;
            cell
        })
        .collect();
    (cells, left + size::PANEL_INSET)
}

/// Whether what a column says ends at its right edge.
pub(super) const fn ends_right(column: OutcomeColumn) -> bool {
    matches!(column, OutcomeColumn::Size | OutcomeColumn::Jump)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_has_its_place_at_every_width() {
        for width in [300.0, 460.0, 639.0, 640.0, 704.0, 820.0, 864.0, 1_100.0, 1_440.0, 3_000.0] {
            let rows = arrange(width);
            let mut sections = Vec::new();
            for row in &rows {
                let lines: f32 = row.iter().skip(1).map(|_| LINE).sum();
                let all: f32 = row.iter().map(|column| column.width).sum::<f32>() + lines;
                assert!((all - width).abs() < 0.01, "{width}: {row:?}");
                for column in row {
                    assert!(column.width >= 300.0_f32.min(width), "{width}: {row:?}");
                    sections.extend(column.sections.iter().copied());
                }
            }
            for section in
                [Section::State, Section::Flags, Section::Claims, Section::Before, Section::After]
            {
                let found = sections.iter().filter(|own| **own == section).count();
                assert_eq!(found, 1, "{width}: {section:?}");
            }
        }
    }

    #[test]
    fn cards_lie_beside_each_other_where_they_fit() {
        // 3 * 156 + 2 * 8 = 484 and 2 * 156 + 8 = 320.
        assert_eq!(cards(484.0), (3, 156.0));
        assert_eq!(cards(483.0), (2, 237.0));
        assert_eq!(cards(319.0), (1, 319.0));
        assert_eq!(cards(740.0), (3, 241.0));
        // The usual window: 864 points, of which the left column takes 340.
        let right = &arrange(864.0)[0][1];
        assert_eq!(cards(right.width - 2.0 * size::PANEL_INSET).0, 3);
    }

    #[test]
    fn parts_of_a_bar_are_to_scale_and_none_vanishes() {
        assert_eq!(to_scale(&[1, 3], 100.0), [(0.0, 25.0), (25.0, 100.0)]);
        assert_eq!(to_scale(&[0, 5], 60.0), [(0.0, 0.0), (0.0, 60.0)]);
        assert_eq!(to_scale(&[0, 0], 60.0), [(0.0, 0.0), (0.0, 0.0)]);
        assert!(to_scale(&[], 60.0).is_empty());
        // One part in a thousand of 100 points is a tenth of a point: it gets 2.
        let bar = to_scale(&[1, 999], 100.0);
        assert!((bar[0].1 - 2.0).abs() < 1e-3 && (bar[1].1 - 100.0).abs() < 1e-3, "{bar:?}");
    }

    #[test]
    fn states_stay_inside_and_apart() {
        for width in [276.0, 316.0, 376.0, 436.0, 680.0] {
            let layout = machine(width);
            let mut all = vec![layout.working, layout.lost, layout.adapter, layout.recovery];
            for row in [&layout.go, &layout.asleep, &layout.back, &layout.devices] {
                all.extend(row.iter().copied());
            }
            for (index, one) in all.iter().enumerate() {
                assert!(one.left() >= 0.0 && one.right() <= width + 0.01, "{width}: {one:?}");
                assert!(one.top() >= 0.0 && one.bottom() <= layout.height, "{width}: {one:?}");
                for other in &all[index + 1..] {
                    let both = one.intersect(*other);
                    assert!(both.width() < 0.01 || both.height() < 0.01, "{one:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn columns_of_the_table_follow_each_other_and_fill_the_width() {
        for width in [436.0, 704.0, 864.0, 1_440.0] {
            let (cells, whole) = table(width);
            for pair in cells.windows(2) {
                assert!((pair[0].left + pair[0].width - pair[1].left).abs() < 1e-3);
            }
            // 678 for the columns and 12 at both ends: all are seen in a window 1,280 points wide.
            assert!((whole - f32::max(width, 702.0)).abs() <= 3.0, "{width}: {whole}");
        }
    }
}
