//! Ranges of positions laid out over columns: where a position falls, and what share of each
//! column is covered by whom.
//!
//! Positions are `u64` and are subtracted before they become floating point, so that a page at
//! the end of a space of 2^63 bytes falls where it should.

use crate::base::Span;

/// As floating point: exact to 53 bits, which is far below a column.
#[must_use]
fn float(value: u64) -> f64 {
    #[expect(clippy::cast_precision_loss)]
    let value = value as f64;
    value
}

/// A whole number from floating point, cut to what fits.
#[must_use]
fn whole(value: f64) -> u64 {
    // The cast saturates at both ends and turns what is no number into 0.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let value = value as u64;
    value
}

/// A column from floating point, cut to what fits.
#[must_use]
pub(crate) fn column_number(value: f64) -> u32 {
    // The cast saturates at both ends and turns what is no number into 0.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let value = value as u32;
    value
}

/// A range of positions over a number of columns. Neither is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scale {
    range: Span,
    columns: u32,
}

impl Scale {
    /// `range` over `columns`; `None` when either is empty.
    #[must_use]
    pub const fn new(range: Span, columns: u32) -> Option<Self> {
        if range.is_empty() || columns == 0 { None } else { Some(Self { range, columns }) }
    }

    /// The positions shown.
    #[must_use]
    pub const fn range(self) -> Span {
        self.range
    }

    /// How many columns show them.
    #[must_use]
    pub const fn columns(self) -> u32 {
        self.columns
    }

    /// Where a position falls, in columns from the left; what lies outside falls on the edge.
    #[must_use]
    pub fn column_of(self, position: u64) -> f64 {
        let offset = position.clamp(self.range.start(), self.range.end()) - self.range.start();
        float(offset) / float(self.range.len()) * f64::from(self.columns)
    }

    /// The position that falls on a column; columns outside mean the first and last position.
    #[must_use]
    pub fn position_at(self, column: f64) -> u64 {
        let share = (column / f64::from(self.columns)).clamp(0.0, 1.0);
        let offset = whole(share * float(self.range.len())).min(self.range.len() - 1);
        self.range.start() + offset
    }

    /// The positions of a column: at least one, also where a position is wider than a column.
    #[must_use]
    pub fn span_of_column(self, column: u32) -> Span {
        let start = self.position_at(f64::from(column));
        let end = if column.saturating_add(1) >= self.columns {
            self.range.end()
        } else {
            self.position_at(f64::from(column) + 1.0)
        };
        Span::new(start, end.max(start + 1)).unwrap_or_default()
    }

    /// How many columns a number of positions takes.
    #[must_use]
    pub fn columns_per(self, positions: u64) -> f64 {
        float(positions) / float(self.range.len()) * f64::from(self.columns)
    }
}

/// The share of a column that one of several classes covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part<K> {
    /// Whose.
    pub class: K,
    /// Share of the column, 0 to 1.
    pub share: f32,
}

/// What covers a column, by class, in the order in which the classes first come.
#[derive(Clone, Debug, PartialEq)]
pub struct Column<K> {
    /// The parts; together at most 1.
    pub parts: Vec<Part<K>>,
}

impl<K> Column<K> {
    /// Share of the column that is covered at all, 0 to 1.
    #[must_use]
    pub fn used(&self) -> f32 {
        self.parts.iter().map(|part| part.share).sum::<f32>().min(1.0)
    }
}

/// Columns being covered one range after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns<K> {
    first: u32,
    columns: Vec<Column<K>>,
}

impl<K: Copy + PartialEq> Columns<K> {
    /// No columns yet; the first will be `first`, and what lies before it is added to it.
    #[must_use]
    pub const fn starting_at(first: u32) -> Self {
        Self { first, columns: Vec::new() }
    }

    /// The number of the first column.
    #[must_use]
    pub const fn first(&self) -> u32 {
        self.first
    }

    /// Covers what lies between two places given in columns.
    pub fn cover(&mut self, from: f64, to: f64, class: K) {
        if to.is_nan() || from.is_nan() || to < from {
            return;
        }
        let first = column_number(from.floor());
        let last = column_number((to.ceil() - 1.0).max(from.floor()));
        for column in first..=last {
            let left = from.max(f64::from(column));
            let right = to.min(f64::from(column) + 1.0);
            // Between 0 and 1 by the lines above.
            #[expect(clippy::cast_possible_truncation)]
            let share = (right - left).clamp(0.0, 1.0) as f32;
            self.add(column, share, class);
        }
    }

    /// Adds a share of one column.
    pub(super) fn add(&mut self, column: u32, share: f32, class: K) {
        let Ok(index) = usize::try_from(column.saturating_sub(self.first)) else { return };
        if self.columns.len() <= index {
            self.columns.resize_with(index + 1, || Column { parts: Vec::new() });
        }
        let parts = &mut self.columns[index].parts;
        match parts.iter_mut().find(|part| part.class == class) {
            Some(part) => part.share = (part.share + share).min(1.0),
            None => parts.push(Part { class, share }),
        }
    }

    /// The columns from [`Self::first`] on.
    #[must_use]
    pub fn finish(self) -> Vec<Column<K>> {
        self.columns
    }

    /// How many there are so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether nothing is covered yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(start: u64, end: u64, columns: u32) -> Scale {
        Span::new(start, end).and_then(|span| Scale::new(span, columns)).expect("not empty")
    }

    #[test]
    fn positions_fall_in_proportion_and_come_back() {
        let scale = scale(1000, 1800, 400);
        assert!((scale.column_of(1000) - 0.0).abs() < 1e-9);
        assert!((scale.column_of(1200) - 100.0).abs() < 1e-9);
        assert!((scale.column_of(5) - 0.0).abs() < 1e-9);
        assert!((scale.column_of(9999) - 400.0).abs() < 1e-9);
        assert_eq!(scale.position_at(100.0), 1200);
        assert_eq!(scale.position_at(-3.0), 1000);
        assert_eq!(scale.position_at(400.0), 1799);
        assert_eq!(scale.span_of_column(399), Span::new(1798, 1800).expect("in order"));
    }

    #[test]
    fn the_last_page_of_a_huge_space_falls_at_its_end() {
        let size = 1_u64 << 63;
        let last = scale(size - 8192, size, 800);
        assert!((last.column_of(size - 4096) - 400.0).abs() < 1e-9);
        assert_eq!(last.position_at(400.0), size - 4096);
        let all = scale(0, u64::MAX, 1000);
        assert_eq!(all.position_at(1000.0), u64::MAX - 1);
        assert_eq!(all.span_of_column(999).end(), u64::MAX);
    }

    #[test]
    fn columns_wider_than_positions_still_hold_one() {
        let scale = scale(7, 9, 10);
        assert_eq!(scale.span_of_column(0), Span::new(7, 8).expect("in order"));
        assert_eq!(scale.span_of_column(9), Span::new(8, 9).expect("in order"));
    }

    #[test]
    fn shares_add_up_by_class() {
        let mut columns = Columns::starting_at(2);
        columns.cover(2.25, 2.75, 'a');
        columns.cover(2.75, 4.5, 'b');
        columns.cover(4.5, 4.75, 'b');
        let found = columns.finish();
        assert_eq!(found.len(), 3);
        assert_eq!(
            found[0].parts,
            [Part { class: 'a', share: 0.5 }, Part { class: 'b', share: 0.25 }]
        );
        assert_eq!(found[1].parts, [Part { class: 'b', share: 1.0 }]);
        assert_eq!(found[2].parts, [Part { class: 'b', share: 0.75 }]);
        assert!((found[0].used() - 0.75).abs() < 1e-6);
    }
}
