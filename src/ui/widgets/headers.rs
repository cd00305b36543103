//! Titles of panels and of the sections in them.

use egui::{Align2, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::controls::right_part;
use super::patterns::{horizontal_line, snap};
use crate::ui::theme::{size, text, tokens};

/// The header of a panel: a bar of 28 points over the full width, the title at the left, and what
/// `right` shows laid out from the right end. For a legend after the title, let `right` lay out
/// from the left what remains.
pub fn panel_header<R>(ui: &mut Ui, title: &str, right: impl FnOnce(&mut Ui) -> R) -> R {
    let tokens = tokens(ui);
    let (bar, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::PANEL_HEADER), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, title));
    let bar = snap(ui.painter(), bar);
    ui.painter().rect_filled(bar, 0.0, tokens.bar);
    let foot = bar.bottom() - 1.0;
    horizontal_line(ui.painter(), bar.left(), bar.right(), foot, tokens.separator);
    let at = bar.left_center() + vec2(size::PANEL_INSET, 0.0);
    let painted =
        text::paint(ui.painter(), at, Align2::LEFT_CENTER, title, size::TEXT_BODY, tokens.text);
    let rest = egui::Rect::from_min_max(pos2(painted.right().min(bar.right()), bar.top()), bar.max);
    right_part(ui, rest, right)
}

/// The title of a section, a line running on to the right: 20 points high.
pub fn section_header(ui: &mut Ui, title: &str) -> Response {
    let tokens = tokens(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::TREE_ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, title));
    let ink = tokens.text_faint;
    let at = rect.left_center();
    let painted = text::paint(ui.painter(), at, Align2::LEFT_CENTER, title, size::TEXT_SMALL, ink);
    let from = painted.right() + 8.0;
    if from < rect.right() {
        horizontal_line(ui.painter(), from, rect.right(), rect.center().y, tokens.separator);
    }
    response
}
