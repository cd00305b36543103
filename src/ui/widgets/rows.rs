//! Rows of one height, of which only those in sight are laid out, however many there are.

use std::ops::Range;

use crate::ui::theme::size;

/// Height of a row.
pub const ROW: f32 = size::TABLE_ROW;

/// Rows that touch a window of `height` points that begins `offset` points below the first row,
/// of `count` rows.
#[must_use]
pub fn rows_in_sight(offset: f32, height: f32, count: usize) -> Range<usize> {
    let first = row_at(offset).min(count);
    let end = row_at(offset + height.max(0.0)).saturating_add(1).min(count);
    first..end
}

/// The row at `y` points below the top of the first.
#[must_use]
pub fn row_at(y: f32) -> usize {
    // Rounded down and not negative; beyond what a float counts exactly, it is the last that is.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let row = (f64::from(y.max(0.0)) / f64::from(ROW)) as usize;
    row
}

/// Where a row begins, in points below the top of a window that begins at `offset`.
#[must_use]
pub fn row_top(row: usize, offset: f32) -> f32 {
    // Subtracted at double precision, so that rows far down do not jump.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
    let top = (row as f64 * f64::from(ROW) - f64::from(offset)) as f32;
    top
}

/// The offset at which `row` is in sight with a row's space around it, nearest to `offset`;
/// `None` when it is in sight already.
#[must_use]
pub fn offset_for(row: usize, offset: f32, height: f32) -> Option<f32> {
    let top = row_top(row, 0.0);
    // The outermost rows in sight are faded where the table goes on.
    if offset > 0.0 && top < offset + ROW {
        Some((top - ROW).max(0.0))
    } else if top + 2.0 * ROW > offset + height {
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
