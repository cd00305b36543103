//! Where the cards of the start page lie: numbers only.

use std::ops::Range;

/// Height of a card.
pub(super) const CARD: f32 = 108.0;
/// Distance between cards.
pub(super) const GAP: f32 = 12.0;
/// Height of the title of a shelf, with the space below it.
pub(super) const TITLE: f32 = 24.0;
/// Width that a card needs.
const CARD_WIDTH: f32 = 380.0;
/// Most cards side by side.
const MOST_COLUMNS: usize = 4;

/// How many cards stand side by side in this width.
pub(super) fn columns(width: f32) -> usize {
    let mut columns = 1;
    let mut needed = 2.0 * CARD_WIDTH + GAP;
    while columns < MOST_COLUMNS && needed <= width {
        columns += 1;
        needed += CARD_WIDTH + GAP;
    }
    columns
}

/// A line of the page: the title of a shelf, or cards side by side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// Points from the top of the page.
    pub(super) top: f32,
    /// Which.
    pub(super) content: Content,
}

/// What a line shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The title of a shelf, counted from 0.
    Title(usize),
    /// Cards, counted over all shelves.
    Cards(Range<usize>),
}

/// All lines of the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Grid {
    pub(super) lines: Vec<Line>,
    pub(super) height: f32,
    columns: usize,
}

/// Where somebody goes with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    Left,
    Right,
    Up,
    Down,
    /// Several lines up.
    PageUp,
    /// Several lines down.
    PageDown,
    First,
    Last,
}

impl Grid {
    /// Lines for shelves that hold these ranges of cards.
    pub(super) fn new(shelves: impl IntoIterator<Item = Range<usize>>, columns: usize) -> Self {
        let columns = columns.max(1);
        let mut grid = Self { lines: Vec::new(), height: 0.0, columns };
        for (shelf, cards) in shelves.into_iter().enumerate() {
            grid.push(Content::Title(shelf), TITLE);
            let mut first = cards.start;
            while first < cards.end {
                let end = (first + columns).min(cards.end);
                grid.push(Content::Cards(first..end), CARD + GAP);
                first = end;
            }
        }
        grid
    }

    fn push(&mut self, content: Content, height: f32) {
        self.lines.push(Line { top: self.height, content });
        self.height += height;
    }

    fn rows(&self) -> impl DoubleEndedIterator<Item = &Range<usize>> {
        self.lines.iter().filter_map(|line| match &line.content {
            Content::Cards(cards) => Some(cards),
            Content::Title(_) => None,
        })
    }

    fn count(&self) -> usize {
        self.rows().next_back().map_or(0, |cards| cards.end)
    }

    /// The card that a key leads to from `card`: up and down keep the column across shelves, and at
    /// the ends one stays.
    pub(super) fn moved(&self, card: usize, to: Move) -> usize {
        let last = self.count().saturating_sub(1);
        let card = card.min(last);
        match to {
            Move::Left => card.saturating_sub(1),
            Move::Right => (card + 1).min(last),
            Move::First => 0,
            Move::Last => last,
            Move::Up => self.by_rows(card, 1, true),
            Move::Down => self.by_rows(card, 1, false),
            Move::PageUp => self.by_rows(card, 4, true),
            Move::PageDown => self.by_rows(card, 4, false),
        }
    }

    fn by_rows(&self, card: usize, number: usize, up: bool) -> usize {
        let rows: Vec<&Range<usize>> = self.rows().collect();
        let Some(row) = rows.iter().position(|cards| cards.contains(&card)) else { return card };
        let column = rows.get(row).map_or(0, |cards| card - cards.start);
        let to = if up { row.saturating_sub(number) } else { row + number };
        let to = to.min(rows.len().saturating_sub(1));
        rows.get(to)
            .filter(|_| to != row)
            .map_or(card, |cards| (cards.start + column).min(cards.end.saturating_sub(1)))
    }

    /// Top and bottom of the line with a card; the first of a shelf brings its title with it.
    pub(super) fn reach(&self, card: usize) -> Option<(f32, f32)> {
        let holds = |line: &Line| matches!(&line.content, Content::Cards(it) if it.contains(&card));
        let at = self.lines.iter().position(holds)?;
        let line = self.lines.get(at)?;
        let before = at.checked_sub(1).and_then(|before| self.lines.get(before));
        let title = before.filter(|line| matches!(line.content, Content::Title(_)));
        Some((title.map_or(line.top, |title| title.top), line.top + CARD))
    }

    /// How far to scroll so that a card is in sight; `None` where it is already.
    pub(super) fn offset_for(&self, card: usize, offset: f32, height: f32) -> Option<f32> {
        let (top, bottom) = self.reach(card)?;
        if top < offset {
            Some(top)
        } else if bottom + GAP > offset + height {
            Some((bottom + GAP - height).max(0.0).min(top))
        } else {
            None
        }
    }

    /// The lines that a view of `height` points shows, `offset` points from the top.
    pub(super) fn in_sight(&self, offset: f32, height: f32) -> &[Line] {
        let first = self.lines.partition_point(|line| line.top <= offset).saturating_sub(1);
        let end = self.lines.partition_point(|line| line.top < offset + height);
        self.lines.get(first..end.max(first)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two shelves of three and two cards, two side by side: title, 0 1, 2, title, 3 4.
    fn grid() -> Grid {
        Grid::new([0..3, 3..5], 2)
    }

    #[test]
    fn as_many_cards_stand_side_by_side_as_have_room() {
        // Two need 380 + 12 + 380, three 392 more.
        for (width, expected) in
            [(300.0, 1), (771.0, 1), (772.0, 2), (1_163.0, 2), (1_164.0, 3), (9_000.0, 4)]
        {
            assert_eq!(columns(width), expected, "{width}");
        }
    }

    #[test]
    fn lines_lie_below_each_other() {
        let tops: Vec<f32> = grid().lines.iter().map(|line| line.top).collect();
        assert_eq!(tops, [0.0, 24.0, 144.0, 264.0, 288.0]);
        assert!((grid().height - 408.0).abs() < 0.01);
        let sight: Vec<f32> = grid().in_sight(150.0, 120.0).iter().map(|line| line.top).collect();
        assert_eq!(sight, [144.0, 264.0]);
        assert!(Grid::default().in_sight(0.0, 100.0).is_empty());
    }

    #[test]
    fn keys_move_through_rows_and_over_shelves() {
        let table = [
            (0, Move::Right, 1),
            (1, Move::Right, 2),
            (4, Move::Right, 4),
            (0, Move::Left, 0),
            (1, Move::Down, 2),
            (2, Move::Down, 3),
            (0, Move::PageDown, 3),
            (4, Move::Down, 4),
            (4, Move::Up, 2),
            (3, Move::Up, 2),
            (1, Move::Up, 1),
            (4, Move::PageUp, 1),
            (3, Move::First, 0),
            (0, Move::Last, 4),
            (90, Move::Left, 3),
        ];
        for (from, to, expected) in table {
            assert_eq!(grid().moved(from, to), expected, "{from} {to:?}");
        }
        assert_eq!(Grid::default().moved(3, Move::Down), 0);
    }

    #[test]
    fn scrolling_keeps_a_card_and_the_title_of_its_shelf_in_sight() {
        let grid = grid();
        assert_eq!(grid.offset_for(0, 0.0, 300.0), None);
        assert_eq!(grid.offset_for(0, 10.0, 300.0), Some(0.0));
        // Card 3 ends at 288 + 108, with the gap at 408.
        assert_eq!(grid.offset_for(3, 0.0, 300.0), Some(108.0));
        assert_eq!(grid.offset_for(3, 108.0, 300.0), None);
        assert_eq!(grid.offset_for(3, 270.0, 300.0), Some(264.0));
        assert_eq!(grid.offset_for(2, 200.0, 300.0), Some(144.0));
        // A view lower than a card shows its beginning.
        assert_eq!(grid.offset_for(2, 0.0, 50.0), Some(144.0));
        assert_eq!(grid.offset_for(9, 0.0, 300.0), None);
    }
}
