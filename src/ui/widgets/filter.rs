//! A field that filters a table, and how much it leaves.

use egui::{Align2, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::patterns::{elide, horizontal_line, outline};
use crate::ui::theme::{size, text, tokens};

/// Space between the field and the count beside it.
const GAP: f32 = 8.0;

/// A field of up to 264 points that edits `filter`; `left` at its right end says how much there is.
///
/// `name` is its name for screen readers.
pub fn filter_field(
    ui: &mut Ui,
    filter: &mut String,
    name: &str,
    hint: &str,
    left: &str,
) -> Response {
    let tokens = tokens(ui);
    let width = 264.0_f32.min(ui.available_width()).max(80.0);
    let (rect, _) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, size::RADIUS_SMALL, tokens.input);
    let faint = tokens.text_faint;
    // In a narrow field, what is typed matters more than the count.
    let room = if width < 130.0 { 0.0 } else { width * 0.5 };
    let galley = elide(painter, left, size::TEXT_SMALL, faint, room);
    let mut end = rect.right() - GAP;
    if room > 0.0 {
        let at = rect.right_center() - vec2(GAP, 1.0);
        end = text::paint_galley(painter, at, Align2::RIGHT_CENTER, galley, faint).left() - GAP;
    }
    let field = Rect::from_min_max(rect.min + vec2(8.0, 0.0), pos2(end, rect.bottom()));
    let edit = egui::TextEdit::singleline(filter)
        .hint_text(hint)
        .font(text::small())
        .margin(egui::Margin::symmetric(0, 2))
        .frame(egui::Frame::NONE)
        .align(egui::Align2::LEFT_CENTER)
        .id_salt(name);
    let response = ui.put(field, edit);
    response.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, name));
    let edge = if response.has_focus() { tokens.accent } else { tokens.separator };
    outline(ui.painter(), rect, size::RADIUS_SMALL, 1.0, edge);
    response
}

/// A bar of 28 points over the full width with `field` at its right end, where no other bar has
/// room for it.
pub fn filter_strip(ui: &mut Ui, field: impl FnOnce(&mut Ui)) {
    let tokens = tokens(ui);
    let width = ui.available_width();
    let (bar, _) = ui.allocate_exact_size(vec2(width, size::TAB_BAR), Sense::hover());
    ui.painter().rect_filled(bar, 0.0, tokens.bar);
    let foot = bar.bottom() - 1.0;
    horizontal_line(ui.painter(), bar.left(), bar.right(), foot, tokens.separator);
    let inner = bar.shrink2(vec2(size::PANEL_INSET, 0.0));
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    field(&mut ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout)));
}
