//! What the last transition came to, for other programs.

use super::PowerState;
use crate::analysis::export::{Cell, OUTCOME_COLUMNS, outcome_cells};
use crate::analysis::power::outcome_row;
use crate::app::View;
use crate::ui::panels::export::Source;

impl PowerState {
    /// The table of outcomes as it is sorted; empty before the first transition.
    pub(crate) fn source(&mut self, view: &View<'_>) -> Source {
        self.refresh(view);
        let known = self.known.as_ref().and_then(|known| known.after.as_ref());
        let title = known.map_or(Cell::Empty, |after| Cell::text(after.title.as_str()));
        let order = known.map_or(&[][..], |after| &after.rows);
        let rows = self.after(view).map_or_else(Vec::new, |after| {
            let rows = order.iter().filter_map(|row| outcome_row(&after, *row, view.words()));
            rows.map(outcome_cells).collect()
        });
        Source::of(&OUTCOME_COLUMNS, rows).note("transition", title)
    }
}
