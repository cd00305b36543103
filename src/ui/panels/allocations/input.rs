//! What pointer and keys do with the table and with the titles of its columns.

use egui::{Align2, CursorIcon, EventFilter, Key, Rect, Response, Role, Sense, Ui, WidgetInfo};
use egui::{pos2, vec2};

use super::AllocationsState;
use super::layout::{Columns, GAP, ends_right};
use crate::analysis::allocation_table::{AllocationRow, Column, Order};
use crate::app::{Action, Exported, Item, Tab, View};
use crate::base::AllocationId;
use crate::ui::panels::export::export_items;
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{Icon, ROW, elide, focus_ring, horizontal_line};

/// The titles of the columns: each sorts by its column, and says what it means.
pub(super) fn header_ui(
    ui: &mut Ui,
    head: Rect,
    columns: &Columns,
    scrolled: f32,
    state: &mut AllocationsState,
) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(head, 0.0, tokens.canvas);
    let frozen = columns.cells.first().map_or(0.0, |first| first.left + first.width);
    for (index, cell) in columns.cells.iter().enumerate() {
        let shift = if index == 0 { 0.0 } else { scrolled };
        let left = head.left() + cell.left - shift;
        let whole = Rect::from_min_size(pos2(left, head.top()), vec2(cell.width, head.height()));
        let room = if index == 0 { head } else { head.with_min_x(head.left() + frozen) };
        let rect = whole.intersect(room).with_max_y(head.bottom() - 1.0);
        if rect.width() < 2.0 {
            continue;
        }
        title_ui(ui, (whole, rect), cell.column, state);
    }
    horizontal_line(ui.painter(), head.left(), head.right(), head.bottom() - 1.0, tokens.separator);
}

fn title_ui(
    ui: &mut Ui,
    (whole, rect): (Rect, Rect),
    column: Column,
    state: &mut AllocationsState,
) {
    let tokens = tokens(ui);
    let id = ui.scope_id().with(("column", column));
    let response = ui.interact(rect, id, Sense::click());
    let order = state.order.filter(|order| order.column == column);
    let title = column.title();
    let sorted = match order {
        None => "",
        Some(Order { descending: false, .. }) => ", ascending",
        Some(_) => ", descending",
    };
    let spoken = format!("Sort by {title}{sorted}");
    response
        .widget_info(|| WidgetInfo::selected(Role::ColumnHeader, true, order.is_some(), &spoken));
    let ink = if order.is_some() {
        tokens.accent_text
    } else if response.hovered() {
        tokens.text
    } else {
        tokens.text_faint
    };
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let mark = if order.is_some() { 12.0 } else { 0.0 };
    let galley = elide(&painter, title, size::TEXT_SMALL, ink, whole.width() - GAP - mark);
    let y = whole.center().y;
    let painted = if ends_right(column) {
        let at = pos2(whole.right() - GAP - mark, y);
        text::paint_galley(&painter, at, Align2::RIGHT_CENTER, galley, ink)
    } else {
        text::paint_galley(&painter, pos2(whole.left(), y), Align2::LEFT_CENTER, galley, ink)
    };
    if let Some(order) = order {
        let icon = if order.descending { Icon::TriangleDown } else { Icon::TriangleUp };
        icon.paint(&painter, pos2(painted.right() + 8.0, y), 8.0, ink);
    }
    focus_ring(ui, &response, rect, size::RADIUS_SMALL);
    if response.clicked() {
        state.order = next_order(state.order, column);
    }
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_ui(|ui| {
        ui.label(text::mixed_job(title, size::TEXT_BODY, tokens.text));
        ui.label(column.definition());
        ui.weak("Click or Enter: ascending, descending, in the order of creation");
    });
}

/// Ascending, then descending, then in the order of creation.
pub(super) fn next_order(order: Option<Order>, column: Column) -> Option<Order> {
    match order.filter(|order| order.column == column) {
        None => Some(Order { column, descending: false }),
        Some(Order { descending: false, .. }) => Some(Order { column, descending: true }),
        Some(_) => None,
    }
}

/// Clicks on a row, and what the pointer is over.
pub(super) fn react(response: &Response, id: Option<AllocationId>, actions: &mut Vec<Action>) {
    let item = id.map(Item::Allocation);
    if item.is_some() {
        actions.push(Action::Hover(item));
    }
    // Enter and Space count as clicks too, and mean the selection, not what is under the pointer.
    let clicked = response.clicked_by(egui::PointerButton::Primary);
    if clicked || response.secondary_clicked() {
        response.request_focus();
        if item.is_some() {
            actions.push(Action::Select(item));
        }
    }
    if response.double_clicked() && item.is_some() {
        actions.push(Action::ZoomToSelection);
    }
}

/// Up, down and whole pages move the selection, Enter zooms the map to it, Ctrl+C copies its row.
pub(super) fn keys(
    ui: &Ui,
    response: &Response,
    view: &View<'_>,
    state: &mut AllocationsState,
    height: f32,
    actions: &mut Vec<Action>,
) {
    if !response.has_focus() {
        return;
    }
    let arrows = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let (moved, enter, copy) = ui.input(|input| {
        let pressed = |key| input.num_presses(key);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let page = ((height / ROW) as usize).saturating_sub(1).max(1);
        let down = pressed(Key::ArrowDown) + page * pressed(Key::PageDown);
        let up = pressed(Key::ArrowUp) + page * pressed(Key::PageUp);
        let copy = input.events.iter().any(|event| matches!(event, egui::Event::Copy));
        ((down, up), pressed(Key::Enter) > 0, copy)
    });
    let selected = match view.selected {
        Some(Item::Allocation(id)) => Some(id),
        _ => None,
    };
    if moved != (0, 0)
        && let Some(listing) = state.listing()
    {
        let last = listing.rows.len().saturating_sub(1);
        let row = match selected.and_then(|id| listing.row_of(id, view.names)) {
            Some(row) => row.saturating_add(moved.0).min(last).saturating_sub(moved.1),
            None => 0,
        };
        if let Some(id) = listing.rows.get(row) {
            actions.push(Action::Select(Some(Item::Allocation(id))));
        }
    } else if enter && selected.is_some() {
        actions.push(Action::ZoomToSelection);
    }
    if copy {
        actions.extend(copied(view, state));
    }
}

/// Copies the row of the selected allocation.
fn copied(view: &View<'_>, state: &mut AllocationsState) -> Option<Action> {
    let Some(Item::Allocation(id)) = view.selected else { return None };
    state.row(view, id).map(AllocationRow::copied).map(Action::Copy)
}

/// What a click with the other button offers.
pub(super) fn menu(
    response: &Response,
    view: &View<'_>,
    state: &mut AllocationsState,
    actions: &mut Vec<Action>,
) {
    response.context_menu(|ui| {
        ui.set_min_width(200.0);
        let row = copied(view, state);
        let copy = egui::Button::new("Copy row").shortcut_text("Ctrl+C");
        if ui.add_enabled(row.is_some(), copy).clicked() {
            actions.extend(row);
            ui.close();
        }
        let zoom = egui::Button::new("Zoom to selection").shortcut_text("F");
        if ui.add_enabled(view.selected.is_some(), zoom).clicked() {
            actions.push(Action::ZoomToSelection);
            ui.close();
        }
        ui.separator();
        ui.menu_button("Export", |ui| {
            export_items(ui, Exported::Tab(Tab::Allocations), view.tab, actions);
        });
    });
}
