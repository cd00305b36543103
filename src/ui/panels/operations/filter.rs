//! The field above the table that chooses which commands it shows.

use egui::Ui;

use super::OperationsState;
use crate::app::View;
use crate::base::text::{count, counted};
use crate::ui::widgets::{filter_field, filter_strip};

/// The field that filters the table, and how many rows there are. For the right end of a bar.
///
/// Where nobody calls this in a pass, the table draws the field itself.
pub(crate) fn operations_filter_ui(ui: &mut Ui, view: &View<'_>, state: &mut OperationsState) {
    state.filter_drawn = Some(ui.ctx().cumulative_pass_nr());
    if state.look_on(view) {
        ui.ctx().request_repaint();
    }
    state.refresh(view);
    let looking = state.looking_at(view);
    let Some(cache) = &state.cache else { return };
    let rows = cache.steps.row_count();
    let all = || count(view.run.commands().len() as u64);
    let label = match cache.shown {
        _ if looking.is_some() => {
            format!("looking: {} of {}", count(looking.unwrap_or(0) as u64), all())
        }
        None => counted(rows as u64, "row"),
        Some(_) => {
            format!("{} of {} commands", count(cache.steps.command_count() as u64), all())
        }
    };
    let hint = "Filter by text or address";
    let field = filter_field(ui, &mut state.filter, "Filter operations", hint, &label);
    field.on_hover_text(
        "Finds names, kinds of command and how they ended. A number, decimal or with 0x, finds \
         what lay over that address as well.",
    );
}

/// A strip with the filter at its right, where the shell has no room for it.
pub(super) fn own_filter(ui: &mut Ui, view: &View<'_>, state: &mut OperationsState) {
    filter_strip(ui, |ui| operations_filter_ui(ui, view, state));
}
