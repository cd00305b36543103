//! The allocation list of a submission with where everything is, where its DMA buffer sits, and the
//! call that rendered it.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::Prepared;
use super::detail::{envelope_ui, mark_row, seat_ui, title};
use super::paint::{mono, small};
use super::work::WorkView;
use crate::analysis::buffers::{ListRow, Residence};
use crate::app::{Action, Item, View};
use crate::base::text::counted;
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{Icon, focus_ring};

/// Height of an allocation: its name, and where it is.
const ROW: f32 = 36.0;

/// The parts below each other, scrolled together.
pub(super) fn lists_ui(
    ui: &mut Ui,
    area: Rect,
    view: &View<'_>,
    prepared: &Prepared,
    work: &WorkView,
    actions: &mut Vec<Action>,
) {
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(area).id_salt("lists"));
    let scroll = egui::ScrollArea::vertical().auto_shrink([false, false]);
    scroll.show(&mut child, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        list_ui(ui, view, work, actions);
        if let Some(seat) = &prepared.seat {
            seat_ui(ui, view, prepared, seat, actions);
            paragraph(ui, work.pool);
        }
        envelope_ui(ui, prepared, false);
        ui.add_space(8.0);
    });
}

/// A faint paragraph as wide as the part.
fn paragraph(ui: &mut Ui, said: &str) {
    let ink = tokens(ui).text_faint;
    let mut job = text::mixed_job(said, size::TEXT_SMALL, ink);
    let width = ui.available_width();
    job.wrap.max_width = (width - 2.0 * size::PANEL_INSET).max(0.0);
    let galley = ui.painter().layout_job(job);
    let (rect, response) =
        ui.allocate_exact_size(vec2(width, galley.size().y + 12.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, said));
    let at = rect.min + vec2(size::PANEL_INSET, 4.0);
    ui.painter().galley(at, galley, ink);
}

fn list_ui(ui: &mut Ui, view: &View<'_>, work: &WorkView, actions: &mut Vec<Action>) {
    let number = u64::try_from(work.rows.len()).unwrap_or(u64::MAX);
    let note = format!("{}, as they are now", counted(number, "allocation"));
    title(ui, "Allocation list", &note, true);
    if work.rows.is_empty() {
        paragraph(
            ui,
            match work.work.command {
                Some(_) => "The command buffer names no allocation.",
                None => "An earlier command rendered this buffer, with the list that went with it.",
            },
        );
        return;
    }
    let width = ui.available_width();
    let count = f32::from(u16::try_from(work.rows.len()).unwrap_or(u16::MAX));
    let (space, _) = ui.allocate_exact_size(vec2(width, count * ROW + 4.0), Sense::hover());
    let seen = ui.clip_rect();
    for (index, row) in work.rows.iter().enumerate() {
        let place = f32::from(u16::try_from(index).unwrap_or(u16::MAX));
        let top = space.top() + place * ROW;
        let rect = Rect::from_min_size(pos2(space.left(), top), vec2(width, ROW));
        if rect.bottom() < seen.top() {
            continue;
        }
        if rect.top() > seen.bottom() {
            break;
        }
        row_ui(ui, rect, view, index, row, actions);
    }
}

fn place_text(view: &View<'_>, row: &ListRow) -> String {
    match row.now {
        Residence::At(segment, address) => view.words().at(segment, address),
        Residence::NotResident => "not resident".to_owned(),
        Residence::Gone => "destroyed since".to_owned(),
    }
}

fn slots_text(row: &ListRow) -> String {
    let slots: Vec<String> = row.slots.iter().map(u32::to_string).collect();
    match slots.len() {
        0 => "no slot".to_owned(),
        1 => format!("slot {}", slots.join("")),
        2..=5 => format!("slots {}", slots.join(", ")),
        _ => format!("slots {} …", slots.get(..5).unwrap_or_default().join(", ")),
    }
}

fn row_ui(
    ui: &Ui,
    rect: Rect,
    view: &View<'_>,
    index: usize,
    row: &ListRow,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    let item = Item::Allocation(row.allocation);
    let response = ui.interact(rect, ui.scope_id().with(("entry", index)), Sense::click());
    let (name, place) = (view.names.allocation(row.allocation), place_text(view, row));
    let (slots, access) = (slots_text(row), if row.written { "may write" } else { "reads" });
    response.widget_info(|| {
        let spoken = format!("Entry {index}: {name}, {access}, {place}, {slots}");
        WidgetInfo::labeled(Role::Row, true, spoken)
    });
    if view.selected == Some(item) {
        mark_row(ui, rect);
    } else if response.hovered() || view.hovered == Some(item) {
        let ground = rect.shrink2(vec2(4.0, 0.0));
        ui.painter().rect_filled(ground, 0.0, tokens.hover_ground(tokens.canvas));
    }
    let painter = ui.painter();
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let inside = rect.shrink2(vec2(size::PANEL_INSET, 0.0));
    let (first, second) = (rect.top() + 10.0, rect.top() + 26.0);
    let at = pos2(inside.left(), first);
    let number = format!("[{index}]");
    let end = mono(painter, at, left, &number, tokens.text_faint, 60.0).right();
    let column = end.max(inside.left() + 30.0);
    let at = pos2(inside.right(), first);
    let end = small(painter, at, right, access, tokens.text_faint, 80.0).left();
    let icon = if row.written { Icon::TriangleDown } else { Icon::TriangleUp };
    icon.paint(painter, pos2(end - 9.0, first), 7.0, tokens.text_faint);
    let at = pos2(column, first);
    small(painter, at, left, name, tokens.text, end - 20.0 - column);
    let at = pos2(inside.right(), second);
    let end = small(painter, at, right, &slots, tokens.text_faint, 120.0).left() - 8.0;
    let ink = match row.now {
        Residence::At(..) => tokens.text_secondary,
        Residence::NotResident => tokens.text_faint,
        Residence::Gone => tokens.warn,
    };
    small(painter, pos2(column, second), left, &place, ink, end - column);
    focus_ring(ui, &response, rect.shrink2(vec2(4.0, 0.0)), size::RADIUS_SMALL);
    if response.hovered() {
        actions.push(Action::Hover(Some(item)));
    }
    if response.clicked() {
        actions.push(Action::Select(Some(item)));
    }
    response.on_hover_ui(|ui| {
        ui.label(format!("{name}: {place}"));
        let then = match row.at_render {
            Some((segment, address)) => view.words().at(segment, address),
            None => "nowhere, so that nothing was pre-patched".to_owned(),
        };
        ui.label(format!("When it was rendered: {then}"));
        ui.weak(format!("WriteOperation {}, {slots}", u8::from(row.written)));
    });
}
