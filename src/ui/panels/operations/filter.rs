//! The field above the table that chooses which commands it shows.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::OperationsState;
use super::layout::GAP;
use crate::app::View;
use crate::base::text::{count, counted};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{elide, horizontal_line, outline};

/// The field that filters the table, and how many rows there are. For the right end of a bar.
///
/// Where nobody calls this in a pass, the table draws the field itself.
pub(crate) fn operations_filter_ui(ui: &mut Ui, view: &View<'_>, state: &mut OperationsState) {
    let tokens = tokens(ui);
    state.filter_drawn = Some(ui.ctx().cumulative_pass_nr());
    state.refresh(view);
    let Some(cache) = &state.cache else { return };
    let rows = cache.steps.row_count();
    let label = match cache.shown {
        None => counted(rows as u64, "row"),
        Some(_) => {
            let all = count(view.run.commands().len() as u64);
            format!("{} of {all} commands", count(cache.steps.command_count() as u64))
        }
    };
    let width = 264.0_f32.min(ui.available_width()).max(80.0);
    let (rect, _) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, size::RADIUS_SMALL, tokens.input);
    let galley = elide(painter, &label, size::TEXT_SMALL, tokens.text_faint, width * 0.5);
    let at = rect.right_center() - vec2(8.0, 1.0);
    let faint = tokens.text_faint;
    let counted = text::paint_galley(painter, at, Align2::RIGHT_CENTER, galley, faint);
    let field =
        Rect::from_min_max(rect.min + vec2(8.0, 0.0), pos2(counted.left() - GAP, rect.bottom()));
    let edit = egui::TextEdit::singleline(&mut state.filter)
        .hint_text("Filter by text or address")
        .font(text::small())
        .margin(egui::Margin::symmetric(0, 2))
        .frame(egui::Frame::NONE)
        .align(egui::Align2::LEFT_CENTER)
        .id_salt("filter of operations");
    let response = ui.put(field, edit);
    response.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, "Filter operations"));
    let edge = if response.has_focus() { tokens.accent } else { tokens.separator };
    outline(ui.painter(), rect, size::RADIUS_SMALL, 1.0, edge);
    response.on_hover_text(
        "Finds names, kinds of command and how they ended. A number, decimal or with 0x, finds \
         what lay over that address as well.",
    );
}

/// A strip with the filter at its right, where the shell has no room for it.
pub(super) fn own_filter(ui: &mut Ui, view: &View<'_>, state: &mut OperationsState) {
    let tokens = tokens(ui);
    let width = ui.available_width();
    let (bar, _) = ui.allocate_exact_size(vec2(width, size::TAB_BAR), Sense::hover());
    ui.painter().rect_filled(bar, 0.0, tokens.bar);
    let foot = bar.bottom() - 1.0;
    horizontal_line(ui.painter(), bar.left(), bar.right(), foot, tokens.separator);
    let inner = bar.shrink2(vec2(size::PANEL_INSET, 0.0));
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let mut right = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout));
    operations_filter_ui(&mut right, view, state);
}
