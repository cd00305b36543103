//! Where the columns of the table lie.

use crate::analysis::allocation_table::{Column, Shown};
use crate::ui::theme::size;

/// Space between the text of a column and the next column.
pub(super) const GAP: f32 = 8.0;

/// Where a column lies, in points from the left edge of the first row's text to scroll from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    pub(super) column: Column,
    pub(super) left: f32,
    pub(super) width: f32,
}

impl Cell {
    /// Where its text must end.
    pub(super) fn text_end(&self) -> f32 {
        self.left + self.width - GAP
    }
}

/// The columns of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Columns {
    /// Left to right; the first one stays where it is when the others are scrolled.
    pub(super) cells: Vec<Cell>,
    /// Width of all of them with the space at both ends.
    pub(super) width: f32,
}

/// The least width of a column, and its share of what is left over in tenths.
const fn measure(column: Column) -> (f32, f32) {
    match column {
        Column::Name => (114.0, 2.0),
        Column::Owner => (104.0, 2.0),
        Column::State => (118.0, 0.0),
        Column::Held => (110.0, 0.0),
        Column::Banks => (84.0, 0.0),
        Column::Segment => (54.0, 1.0),
        // Two addresses of eight digits; those of twelve have room in a wide window.
        Column::Address => (166.0, 1.0),
        Column::Size => (58.0, 0.0),
        Column::Priority => (64.0, 0.0),
        Column::Preferred => (68.0, 1.0),
        Column::Content => (54.0, 0.0),
        Column::Reference => (50.0, 0.0),
        Column::Flags => (140.0, 3.0),
    }
}

/// The columns of a table that is shown `width` points wide. They never become narrower than what
/// they say: where there is less room, the table is scrolled sideways.
pub(super) fn columns(width: f32, shown: Shown) -> Columns {
    let all = || Column::ALL.into_iter().filter(|column| shown.has(*column));
    let least: f32 = all().map(|column| measure(column).0).sum();
    let free = (width - 2.0 * size::PANEL_INSET - least).max(0.0);
    let mut left = size::PANEL_INSET;
    let mut cells = Vec::with_capacity(Column::ALL.len());
    for column in all() {
        let (least, share) = measure(column);
        let width = least + (free * share / 10.0).floor();
        cells.push(Cell { column, left, width });
        left += width;
    }
    Columns { cells, width: left + size::PANEL_INSET }
}

/// Whether what a column says ends at its right edge, as numbers do.
pub(super) const fn ends_right(column: Column) -> bool {
    matches!(column, Column::Size | Column::Reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_follow_each_other_and_share_what_is_left_over() {
        let shares: f32 = Column::ALL.iter().map(|column| measure(*column).1).sum();
        assert!((shares - 10.0).abs() < 1e-6);
        for width in [300.0, 452.0, 864.0, 1_014.0, 1_440.0, 3_000.0] {
            let columns = columns(width, Shown::default());
            for pair in columns.cells.windows(2) {
                let end = pair[0].left + pair[0].width;
                assert!((end - pair[1].left).abs() < 1e-3, "{width}: {columns:?}");
            }
            // 12 points at both ends, and 990 in all for the columns.
            let expected = f32::max(width, 1_014.0);
            assert!((columns.width - expected).abs() <= 6.0, "{width}: {}", columns.width);
        }
    }

    #[test]
    fn in_the_usual_window_all_but_the_flags_are_in_sight() {
        let columns = columns(864.0, Shown::default());
        let flags = columns.cells.last().expect("there are columns");
        assert_eq!(flags.column, Column::Flags);
        assert!(flags.left <= 864.0, "{flags:?}");
    }

    #[test]
    fn columns_that_only_some_sessions_need_are_left_out() {
        let has = |shown: Shown, column| {
            columns(1_440.0, shown).cells.iter().any(|cell| cell.column == column)
        };
        let both = Shown { held: true, banks: true };
        assert!(has(both, Column::Held) && has(both, Column::Banks));
        assert!(!has(Shown::default(), Column::Held) && !has(Shown::default(), Column::Banks));
        // 110 and 84 points more than the 1,014 of the others.
        assert!((columns(300.0, both).width - 1_208.0).abs() < 1e-3);
    }
}
