//! The table as it is filtered and opened, for other programs.

use super::{OperationsState, trace_of};
use crate::analysis::export::{Cell, STEP_COLUMNS, command_cells, operation_cells};
use crate::app::View;
use crate::ui::panels::export::Source;

impl OperationsState {
    /// The rows that the filter leaves, with what is opened in them.
    pub(crate) fn source(&mut self, view: &View<'_>) -> Source {
        self.refresh(view);
        let steps = self.cache.as_ref().map(|cache| cache.steps.clone()).unwrap_or_default();
        let filter = Cell::some_text(self.filter.trim());
        let make = move |view: &View<'_>, index: usize| {
            let place = steps.row(index)?;
            match place.inner {
                None => command_cells(view.run, view.words(), place.command),
                Some(inner) => {
                    let operation = trace_of(view, place.command)?.operation(inner.operation)?;
                    operation_cells(operation, place, view.words())
                }
            }
        };
        let count = self.cache.as_ref().map_or(0, |cache| cache.steps.row_count());
        Source::new(&STEP_COLUMNS, count, make).note("filter", filter)
    }
}
