//! The figures of the charts, for other programs.

use std::sync::Arc;

use super::ChartsState;
use crate::analysis::export::{chart_cells, chart_columns};
use crate::app::View;
use crate::rules::CheckedSegment;
use crate::ui::panels::export::Source;

impl ChartsState {
    /// A row for the start and one for each executed command, all segments in it.
    pub(crate) fn source(view: &View<'_>) -> Source {
        let segments: Arc<[CheckedSegment]> = view.run.segments();
        let columns = chart_columns(&segments);
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let count = view.run.executed() + 1;
        Source::new(&columns, count, move |view, command| chart_cells(view.run, &segments, command))
    }
}
