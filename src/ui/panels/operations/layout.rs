//! Where the columns of the table lie, and which rows are in sight.

use std::ops::Range;

use crate::ui::theme::size;

/// Left edges of the columns, in points from the left edge of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Columns {
    pub(super) step: f32,
    pub(super) operation: f32,
    pub(super) what: f32,
    pub(super) reason: f32,
    pub(super) status: f32,
    /// Left edge of what times may take; they end at `right`.
    pub(super) time: f32,
    pub(super) right: f32,
}

/// Space between the text of a column and the next column.
pub(super) const GAP: f32 = 8.0;
/// Width in which the amount moved is aligned right, before its route.
pub(super) const AMOUNT: f32 = 66.0;
/// How far a row goes in for each level.
pub(super) const INDENT: f32 = 12.0;

/// The columns of a table `width` points wide. Below 560 points they stay as narrow as there.
pub(super) fn columns(width: f32) -> Columns {
    let width = width.max(560.0);
    let inset = size::PANEL_INSET;
    let (step, status, time) = (if width < 800.0 { 84.0 } else { 92.0 }, 84.0, 64.0);
    let rest = width - 2.0 * inset - step - status - time;
    let operation = (rest * 0.25).clamp(120.0, 172.0);
    let what = ((rest - operation) * 0.56).round();
    let operation = operation.round();
    let columns = [step, operation, what];
    let [operation, what, reason] =
        std::array::from_fn(|index| inset + columns[..=index].iter().sum::<f32>());
    let right = width - inset;
    Columns {
        step: inset,
        operation,
        what,
        reason,
        status: right - time - status,
        time: right - time,
        right,
    }
}

/// Height of a row.
pub(super) const ROW: f32 = size::TABLE_ROW;

/// Rows that touch a window of `height` points that begins `offset` points below the first row,
/// of `count` rows.
pub(super) fn rows_in_sight(offset: f32, height: f32, count: usize) -> Range<usize> {
    let first = row_at(offset).min(count);
    let end = row_at(offset + height.max(0.0)).saturating_add(1).min(count);
    first..end
}

/// The row at `y` points below the top of the first.
pub(super) fn row_at(y: f32) -> usize {
    // Rounded down and not negative; beyond what a float counts exactly, it is the last that is.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let row = (f64::from(y.max(0.0)) / f64::from(ROW)) as usize;
    row
}

/// Where a row begins, in points below the top of a window that begins at `offset`.
pub(super) fn row_top(row: usize, offset: f32) -> f32 {
    // Subtracted at double precision, so that rows far down do not jump.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    let top = (row as f64 * f64::from(ROW) - f64::from(offset)) as f32;
    top
}

/// The offset at which `row` is in sight with a row's space around it, nearest to `offset`;
/// `None` when it is in sight already.
pub(super) fn offset_for(row: usize, offset: f32, height: f32) -> Option<f32> {
    let top = row_top(row, 0.0);
    if top < offset {
        Some((top - ROW).max(0.0))
    } else if top + ROW > offset + height {
        // Whole rows at the top: the header cuts none in half.
        Some(((top + 2.0 * ROW - height) / ROW).ceil().max(0.0) * ROW)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_follow_each_other_at_every_width() {
        for width in [300.0, 560.0, 704.0, 864.0, 1_200.0, 3_000.0] {
            let columns = columns(width);
            let Columns { step, operation, what, reason, status, time, right } = columns;
            let edges = [step, operation, what, reason, status, time, right];
            for pair in edges.windows(2) {
                assert!(pair[1] - pair[0] >= 60.0, "{width}: {columns:?}");
            }
            assert!(what + AMOUNT + 2.0 * GAP < reason, "{width}: {columns:?}");
            assert!(right <= width.max(560.0), "{width}: {columns:?}");
        }
    }

    #[test]
    fn rows_in_sight_are_those_that_the_window_touches() {
        assert_eq!(rows_in_sight(0.0, 60.0, 100), 0..4);
        assert_eq!(rows_in_sight(30.0, 60.0, 100), 1..5);
        assert_eq!(rows_in_sight(30.0, 60.0, 3), 1..3);
        assert_eq!(rows_in_sight(1e9, 60.0, 3), 3..3);
        assert_eq!(rows_in_sight(0.0, 60.0, 0), 0..0);
    }

    #[test]
    fn a_row_out_of_sight_is_brought_in_and_one_in_sight_left_alone() {
        assert_eq!(offset_for(0, 40.0, 100.0), Some(0.0));
        assert_eq!(offset_for(5, 0.0, 100.0), Some(40.0), "row 5 ends at 120, and one below it");
        assert_eq!(offset_for(3, 0.0, 100.0), None);
        assert_eq!(offset_for(4, 100.0, 100.0), Some(60.0));
        assert_eq!(offset_for(5, 0.0, 110.0), Some(40.0), "30 would do, and cut a row");
    }

    #[test]
    fn rows_a_million_down_lie_a_row_apart() {
        let offset = row_top(999_990, 0.0);
        let tops: Vec<f32> = (999_990..1_000_000).map(|row| row_top(row, offset)).collect();
        for pair in tops.windows(2) {
            assert!((pair[1] - pair[0] - ROW).abs() < 0.01, "{tops:?}");
        }
    }
}
