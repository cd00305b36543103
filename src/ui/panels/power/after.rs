//! After: the phases of the last transition to scale, and what became of each allocation.

use std::sync::Arc;

use egui::{Align2, CursorIcon, Painter, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo};
use egui::{pos2, vec2};

use super::before::empty_ui;
use super::layout::{Cell, GAP, Reach, ends_right, table, to_scale};
use super::{KnownAfter, PowerState, TEXTS_KEPT, heading_ui, paint};
use crate::analysis::export::ExportFormat;
use crate::analysis::power::{OutcomeColumn, OutcomeOrder, OutcomeRow, PhaseBar, outcome_row};
use crate::app::{Action, Exported, Item, Tab, View};
use crate::base::text::{duration, exact_size, size as size_text};
use crate::machine::BytesVerdict;
use crate::ui::theme::{mix, size, text, tokens};
use crate::ui::widgets::{
    Icon, ROW, elide, focus_ring, hatch, horizontal_line, link, outline, row_at, row_top,
    rows_in_sight, snap,
};

/// Height of the bar of the phases.
const BAR: f32 = 22.0;
/// Height of the titles of the columns.
const HEADER: f32 = 23.0;
/// Width of the stretch in which the machine sleeps: no time of its own passes on its clock.
const ASLEEP: f32 = 44.0;

pub(super) fn after_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut PowerState,
    actions: &mut Vec<Action>,
) {
    let Some(after) = state.known.as_ref().and_then(|known| known.after.as_ref()) else {
        heading_ui(ui, "After: what the last transition did", "");
        let (title, hint) = if view.started.is_none() {
            ("The adapter does not start", "Nothing has slept and nothing can.")
        } else {
            (
                "Nothing slept up to this step",
                "A button above puts a transition behind this step, and its outcome is told here.",
            )
        };
        empty_ui(ui, title, hint);
        return;
    };
    let ahead = if after.ahead { ", as it ends" } else { "" };
    let title = format!("After: {}{ahead}", after.title);
    let times = match after.back {
        Some(back) => {
            let all = after.down.saturating_add(back);
            let [down, back, all] = [after.down, back, all].map(duration);
            format!("{down} down + {back} back = {all}")
        }
        None => duration(after.down),
    };
    heading_ui(ui, &title, &times);
    if let Some(failure) = &after.failure {
        note_ui(ui, failure);
    }
    phases_ui(ui, after);
    if after.rows.is_empty() {
        empty_ui(ui, "No allocation was resident", "There was nothing to deal with.");
        return;
    }
    // The table is as wide as the section with its insets, so that its rows reach both edges.
    let inside = ui.available_rect_before_wrap();
    let wide = inside.expand2(vec2(size::PANEL_INSET, 0.0));
    let mut part = ui.new_child(egui::UiBuilder::new().id_salt("table").max_rect(wide));
    part.spacing_mut().item_spacing = egui::Vec2::ZERO;
    table_ui(&mut part, view, state, actions);
    foot_ui(&mut part, state, actions);
    let used = part.min_rect().height();
    ui.allocate_exact_size(vec2(inside.width(), used), Sense::hover());
}

fn note_ui(ui: &mut Ui, words: &str) {
    let tokens = tokens(ui);
    let width = ui.available_width();
    let galley = paint::wrapped(ui.painter(), words, size::TEXT_SMALL, tokens.text, width - 18.0);
    let space = vec2(width, galley.size().y + 6.0);
    let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    Icon::Cross.paint(ui.painter(), rect.left_top() + vec2(6.0, 8.0), 11.0, tokens.error);
    paint::place(ui.painter(), rect.left() + 18.0, rect.top(), galley, tokens.text);
}

/// Where each phase lies on a bar of a width, and where the machine sleeps between them.
pub(super) fn phase_spans(phases: &[PhaseBar], width: f32) -> (Vec<Reach>, Option<Reach>) {
    let down = phases.iter().take_while(|phase| !phase.back).count();
    let sleeps = down < phases.len() && down > 0;
    let asleep = if sleeps { ASLEEP } else { 0.0 };
    let times: Vec<u64> = phases.iter().map(|phase| phase.nanoseconds).collect();
    let mut spans = to_scale(&times, (width - asleep).max(1.0));
    let from = spans.get(down.wrapping_sub(1)).map_or(0.0, |(_, to)| *to);
    for span in spans.iter_mut().skip(down) {
        *span = (span.0 + asleep, span.1 + asleep);
    }
    (spans, sleeps.then_some((from, from + asleep)))
}

fn phases_ui(ui: &mut Ui, after: &KnownAfter) {
    let tokens = tokens(ui);
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, BAR + 20.0), Sense::hover());
    let words: Vec<String> = after
        .phases
        .iter()
        .map(|phase| format!("{} {}", phase.name, duration(phase.nanoseconds)))
        .collect();
    let spoken = format!("Phases: {}", words.join(", "));
    response.widget_info(|| WidgetInfo::labeled(Role::Meter, true, &spoken));
    let painter = ui.painter();
    let bar = snap(painter, rect.with_max_y(rect.top() + BAR));
    if after.phases.is_empty() {
        hatch(painter, bar, tokens.hatch, size::HATCH_STEP);
        let (at, ink) = (bar.center(), tokens.text_faint);
        let words = "took no time";
        text::paint(painter, at, Align2::CENTER_CENTER, words, size::TEXT_SMALL, ink);
        return;
    }
    let (spans, asleep) = phase_spans(&after.phases, bar.width());
    let middle = rect.top() + BAR + 9.0;
    let mut free = rect.left();
    if let Some((from, to)) = asleep {
        let gap = Rect::from_x_y_ranges(bar.left() + from..=bar.left() + to, bar.y_range());
        hatch(painter, gap.shrink2(vec2(2.0, 0.0)), tokens.hatch, size::HATCH_STEP);
        label(painter, gap.center().x, middle, "asleep", (from, to), &mut free, bar.left());
    }
    free = rect.left();
    for (phase, (from, to)) in after.phases.iter().zip(&spans) {
        let part = Rect::from_x_y_ranges(
            bar.left() + from..=(bar.left() + to - 1.0).max(bar.left() + from + 1.0),
            bar.y_range(),
        );
        paint::fill_phase(painter, part, phase.phase);
        let galley = paint::small(painter, &phase.name, tokens.text);
        if galley.size().x + 10.0 <= part.width() {
            let plate = Rect::from_center_size(part.center(), galley.size() + vec2(8.0, 2.0));
            painter.rect_filled(snap(painter, plate), size::RADIUS_SMALL, tokens.canvas);
            text::paint_galley(painter, part.center(), Align2::CENTER_CENTER, galley, tokens.text);
        }
        let time = duration(phase.nanoseconds);
        label(painter, part.center().x, middle, &time, (*from, *to), &mut free, bar.left());
    }
    let pointed = response.hover_pos().map(|at| at.x - bar.left());
    response.on_hover_ui_at_pointer(|ui| {
        for ((phase, words), (from, to)) in after.phases.iter().zip(&words).zip(&spans) {
            let here = pointed.is_some_and(|x| x >= *from && x < *to);
            let way = if phase.back { ", on the way back" } else { "" };
            if here {
                ui.label(format!("{words}{way}"));
            } else {
                ui.weak(words);
            }
        }
    });
}

/// A time below the bar, where it does not touch the one before it.
fn label(
    painter: &Painter,
    centre: f32,
    y: f32,
    words: &str,
    (from, to): (f32, f32),
    free: &mut f32,
    left: f32,
) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let ink = tokens.text_faint;
    let galley = paint::small(painter, words, ink);
    let half = galley.size().x / 2.0;
    // Of a phase that is narrower than its time, the label may stand out by half as much again.
    if centre - half < *free || galley.size().x > (to - from) + 28.0 {
        return;
    }
    let at = pos2((centre - half).max(left), y);
    let painted = text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, ink);
    *free = painted.right() + 6.0;
}

fn table_ui(ui: &mut Ui, view: &View<'_>, state: &mut PowerState, actions: &mut Vec<Action>) {
    let rows = state.known.as_ref().and_then(|known| known.after.as_ref());
    let rows = rows.map_or(0, |after| after.rows.len());
    let (cells, whole) = table(ui.available_width());
    let area = ScrollArea::horizontal().id_salt("outcomes").auto_shrink([false, true]);
    area.show(ui, |ui| {
        ui.spacing_mut().item_spacing = egui::Vec2::ZERO;
        header_ui(ui, &cells, whole, state);
        #[expect(clippy::cast_precision_loss)]
        let height = rows as f32 * ROW;
        let (all, _) = ui.allocate_exact_size(vec2(whole, height), Sense::hover());
        rows_ui(ui, view, state, actions, (all, &cells));
    });
}

fn header_ui(ui: &mut Ui, cells: &[Cell], whole: f32, state: &mut PowerState) {
    let tokens = tokens(ui);
    let (head, _) = ui.allocate_exact_size(vec2(whole, HEADER), Sense::hover());
    let painter = ui.painter().clone();
    for cell in cells {
        let left = head.left() + cell.left;
        let rect = Rect::from_min_size(pos2(left, head.top()), vec2(cell.width, HEADER - 1.0));
        let id = ui.scope_id().with(("column", cell.column));
        let response = ui.interact(rect, id, Sense::click());
        let order = state.order.filter(|order| order.column == cell.column);
        let title = cell.column.title();
        let sorted = match order {
            None => "",
            Some(OutcomeOrder { descending: false, .. }) => ", ascending",
            Some(_) => ", descending",
        };
        let spoken = format!("Sort outcomes by {title}{sorted}");
        response.widget_info(|| {
            WidgetInfo::selected(Role::ColumnHeader, true, order.is_some(), &spoken)
        });
        let ink = match order {
            Some(_) => tokens.accent_text,
            None if response.hovered() => tokens.text,
            None => tokens.text_faint,
        };
        let mark = if order.is_some() { 12.0 } else { 0.0 };
        let (align, x) = if ends_right(cell.column) {
            (Align2::RIGHT_CENTER, rect.right() - GAP - mark)
        } else {
            (Align2::LEFT_CENTER, rect.left())
        };
        let at = pos2(x, rect.center().y);
        let painted = text::paint(&painter, at, align, title, size::TEXT_SMALL, ink);
        if let Some(order) = order {
            let icon = if order.descending { Icon::TriangleDown } else { Icon::TriangleUp };
            icon.paint(&painter, pos2(painted.right() + 8.0, at.y), 8.0, ink);
        }
        focus_ring(ui, &response, rect, size::RADIUS_SMALL);
        if response.clicked() {
            state.order = next_order(state.order, cell.column);
        }
        response.on_hover_cursor(CursorIcon::PointingHand).on_hover_ui(|ui| {
            ui.label(cell.column.definition());
            ui.weak("Click or Enter: ascending, descending, as they were dealt with");
        });
    }
    horizontal_line(&painter, head.left(), head.right(), head.bottom() - 1.0, tokens.separator);
}

/// Ascending, then descending, then as they were dealt with.
fn next_order(order: Option<OutcomeOrder>, column: OutcomeColumn) -> Option<OutcomeOrder> {
    match order.filter(|order| order.column == column) {
        None => Some(OutcomeOrder { column, descending: false }),
        Some(OutcomeOrder { descending: false, .. }) => {
            Some(OutcomeOrder { column, descending: true })
        }
        Some(_) => None,
    }
}

/// The rows in sight, and what pointer and keys do with them.
fn rows_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut PowerState,
    actions: &mut Vec<Action>,
    (all, cells): (Rect, &[Cell]),
) {
    let sight = all.intersect(ui.clip_rect());
    if !sight.is_positive() {
        return;
    }
    let offset = sight.top() - all.top();
    let rows = state.known.as_ref().and_then(|known| known.after.as_ref());
    let Some((rows, selected)) = rows.map(|after| (Arc::clone(&after.rows), after.selected)) else {
        return;
    };
    let id = ui.scope_id().with("table of outcomes");
    let response = ui.interact(sight, id, Sense::click());
    let pointed = response.hover_pos().map(|at| row_at(at.y - all.top()));
    let painter = ui.painter().with_clip_rect(sight);
    let mut tip = None;
    for index in rows_in_sight(offset, sight.height(), rows.len()) {
        let Some(row) = rows.get(index).and_then(|row| text_of(view, state, *row)) else {
            continue;
        };
        let top = sight.top() + row_top(index, offset);
        let rect = Rect::from_min_size(pos2(all.left(), top), vec2(all.width(), ROW));
        let hovered = pointed == Some(index);
        paint_row(&painter, view, rect, cells, &row, index, hovered);
        jump_ui(ui, rect.intersect(sight), rect, cells, &row, actions);
        if hovered {
            actions.push(Action::Hover(Some(Item::Allocation(row.allocation))));
            tip = Some(row);
        }
    }
    focus_ring(ui, &response, sight, 0.0);
    let told = selected.and_then(|row| text_of(view, state, *rows.get(row)?));
    let told = told.map(|row| format!(" Selected: {}.", row.spoken()));
    let spoken = format!(
        "Outcomes: {}.{}",
        crate::base::text::counted(u64::try_from(rows.len()).unwrap_or(u64::MAX), "row"),
        told.unwrap_or_default()
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Table, true, &spoken));
    if response.clicked_by(egui::PointerButton::Primary) || response.secondary_clicked() {
        response.request_focus();
        if let Some(row) = &tip {
            actions.push(Action::Select(Some(Item::Allocation(row.allocation))));
        }
    }
    keys(ui, &response, view, state, (&rows, selected), actions);
    if let Some(row) = tip {
        response.on_hover_ui_at_pointer(|ui| tooltip(ui, &row));
    }
}

/// The row of an outcome, its texts made once a revision.
fn text_of(view: &View<'_>, state: &mut PowerState, row: usize) -> Option<OutcomeRow> {
    if state.texts.len() > TEXTS_KEPT {
        state.texts.clear();
    }
    if !state.texts.contains_key(&row) {
        let made = outcome_row(&state.after(view)?, row, view.words())?;
        state.texts.insert(row, made);
    }
    state.texts.get(&row).cloned()
}

/// Up and down move the selection, Enter zooms the map to it.
fn keys(
    ui: &Ui,
    response: &egui::Response,
    view: &View<'_>,
    state: &PowerState,
    (rows, selected): (&[usize], Option<usize>),
    actions: &mut Vec<Action>,
) {
    if !response.has_focus() {
        return;
    }
    let arrows = egui::EventFilter { vertical_arrows: true, ..egui::EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let (down, up, enter) = ui.input(|input| {
        let pressed = |key| input.num_presses(key);
        (pressed(egui::Key::ArrowDown), pressed(egui::Key::ArrowUp), pressed(egui::Key::Enter) > 0)
    });
    let Some(after) = state.after(view) else { return };
    let of = |row: usize| after.outcome.allocations.get(row).map(|outcome| outcome.allocation);
    if down + up > 0 {
        let last = rows.len().saturating_sub(1);
        let next = selected.map_or(0, |row| row.saturating_add(down).min(last).saturating_sub(up));
        if let Some(id) = rows.get(next).and_then(|row| of(*row)) {
            actions.push(Action::Select(Some(Item::Allocation(id))));
        }
    } else if enter && selected.is_some() {
        actions.push(Action::ZoomToSelection);
    }
}

fn paint_row(
    painter: &Painter,
    view: &View<'_>,
    rect: Rect,
    cells: &[Cell],
    row: &OutcomeRow,
    index: usize,
    hovered: bool,
) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let item = Some(Item::Allocation(row.allocation));
    let (selected, lost) =
        (view.selected == item, matches!(row.verdict, BytesVerdict::Lost { .. }));
    let ground = if selected {
        tokens.accent_ground
    } else if lost {
        tokens.error_ground(tokens.canvas)
    } else if index.is_multiple_of(2) {
        tokens.canvas
    } else {
        mix(tokens.canvas, tokens.separator, 0.18)
    };
    let ground = if hovered || view.hovered == item { tokens.hover_ground(ground) } else { ground };
    painter.rect_filled(rect, 0.0, ground);
    for cell in cells {
        let left = rect.left() + cell.left;
        let end = left + cell.width - GAP;
        let middle = rect.center().y;
        let word = |from: f32, words: &str, ink: egui::Color32| {
            let galley = elide(painter, words, size::TEXT_BODY, ink, end - from);
            text::paint_galley(painter, pos2(from, middle), Align2::LEFT_CENTER, galley, ink);
        };
        match cell.column {
            OutcomeColumn::Name => word(left, &row.name, tokens.text),
            OutcomeColumn::Place => word(left, &row.short_place, tokens.text_secondary),
            OutcomeColumn::Size => {
                let (at, align) = (pos2(end, middle), Align2::RIGHT_CENTER);
                let words = size_text(row.bytes);
                text::paint(painter, at, align, &words, size::TEXT_BODY, tokens.text);
            }
            OutcomeColumn::Outcome => {
                paint::sign(painter, pos2(left + 7.0, middle), row.share);
                word(left + 20.0, row.outcome, if lost { tokens.error } else { tokens.text });
            }
            OutcomeColumn::Why => word(left, &row.why, tokens.text_secondary),
            OutcomeColumn::Bytes => {
                let (icon, ink) = match row.verdict {
                    BytesVerdict::Intact => (Icon::Check, tokens.ok),
                    BytesVerdict::NothingPromised => (Icon::Dash, tokens.text_faint),
                    BytesVerdict::Lost { .. } => (Icon::Cross, tokens.error),
                };
                // A smaller dash would be thinner than a pixel.
                icon.paint(painter, pos2(left + 5.0, middle), 12.0, ink);
                let ink = if lost { tokens.error } else { tokens.text_secondary };
                word(left + 15.0, &row.said, ink);
            }
            OutcomeColumn::Jump => {
                if row.jump.is_none() {
                    let at = pos2(end, middle);
                    let (align, ink) = (Align2::RIGHT_CENTER, tokens.text_faint);
                    text::paint(painter, at, align, "none", size::TEXT_SMALL, ink);
                }
            }
        }
    }
    if selected {
        outline(painter, rect, 0.0, 1.0, tokens.accent);
    }
}

/// The link to the operation that dealt with the row's allocation.
fn jump_ui(
    ui: &Ui,
    sight: Rect,
    rect: Rect,
    cells: &[Cell],
    row: &OutcomeRow,
    actions: &mut Vec<Action>,
) {
    let (Some(place), Some(cell)) =
        (row.jump, cells.iter().find(|cell| cell.column == OutcomeColumn::Jump))
    else {
        return;
    };
    let tokens = tokens(ui);
    let words = place.to_string();
    let ink = tokens.accent_text;
    let galley = ui.painter().layout_no_wrap(words.clone(), text::mono(), ink);
    let end = rect.left() + cell.left + cell.width - GAP;
    let area = Rect::from_min_max(
        pos2(end - galley.size().x - 4.0, rect.top()),
        pos2(end + 4.0, rect.bottom()),
    );
    let area = area.intersect(sight);
    if !area.is_positive() {
        return;
    }
    let response = ui.interact(area, ui.scope_id().with(("jump", row.allocation)), Sense::click());
    let spoken = format!("{words}, what happened to {}", row.name);
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, &spoken));
    let painter = ui.painter().with_clip_rect(sight);
    let at = pos2(end, rect.center().y);
    let painted = text::paint_galley(&painter, at, Align2::RIGHT_CENTER, galley, ink);
    if response.hovered() {
        let foot = painted.bottom() - 1.0;
        horizontal_line(&painter, painted.left(), painted.right(), foot, ink);
    }
    focus_ring(ui, &response, area, size::RADIUS_SMALL);
    if response.clicked() {
        actions.push(Action::GoTo(place));
    }
    response
        .on_hover_cursor(CursorIcon::PointingHand)
        .on_hover_text(format!("Goes to operation {words}"));
}

fn tooltip(ui: &mut Ui, row: &OutcomeRow) {
    let tokens = tokens(ui);
    ui.label(text::mixed_job(&row.name, size::TEXT_BODY, tokens.text));
    let mut line = |words: String| {
        ui.label(text::mixed_job(&words, size::TEXT_SMALL, tokens.text_secondary));
    };
    line(format!("Was at {}, {}", row.place, exact_size(row.bytes)));
    line(format!("{}: {}", row.outcome, row.why));
    line(format!("Bytes {}", row.said));
    if !row.detail.is_empty() {
        line(row.detail.clone());
    }
    ui.weak("A click selects it");
}

/// What all rows come to, and where they can be exported to.
fn foot_ui(ui: &mut Ui, state: &PowerState, actions: &mut Vec<Action>) {
    const EXPORT: f32 = 76.0;
    let Some(after) = state.known.as_ref().and_then(|known| known.after.as_ref()) else { return };
    let tokens = tokens(ui);
    let words = after.totals.text();
    let width = ui.available_width();
    let room = width - 2.0 * size::PANEL_INSET - EXPORT - 12.0;
    let ink = tokens.text_secondary;
    let galley = paint::wrapped(ui.painter(), &words, size::TEXT_SMALL, ink, room);
    let space = vec2(width, (galley.size().y + 8.0).max(24.0));
    let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Total: {words}")));
    let painter = ui.painter();
    horizontal_line(painter, rect.left(), rect.right(), rect.top(), tokens.separator);
    paint::place(painter, rect.left() + size::PANEL_INSET, rect.top() + 5.0, galley, ink);
    let right = Rect::from_min_max(
        pos2(rect.right() - size::PANEL_INSET - EXPORT, rect.top() + 4.0),
        pos2(rect.right() - size::PANEL_INSET, rect.bottom()),
    );
    let layout = egui::Layout::right_to_left(egui::Align::Min);
    let mut part = ui.new_child(egui::UiBuilder::new().max_rect(right).layout(layout));
    if link(&mut part, "Export CSV…").clicked() {
        actions.push(Action::ExportView(Exported::Tab(Tab::Power), ExportFormat::Csv));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ddi::DevicePowerState;
    use crate::vidmm::Phase;

    fn bar(nanoseconds: u64, back: bool) -> PhaseBar {
        let phase = Phase::SetPowerState(DevicePowerState::D0);
        PhaseBar { phase, name: "to D0".to_owned(), nanoseconds, back }
    }

    #[test]
    fn the_machine_sleeps_between_the_two_ways() {
        // 44 of 144 points for sleeping: 3 + 1 on the way down, 1 back share 100.
        let (spans, asleep) = phase_spans(&[bar(3, false), bar(1, false), bar(1, true)], 144.0);
        assert_eq!(spans, [(0.0, 60.0), (60.0, 80.0), (124.0, 144.0)]);
        assert_eq!(asleep, Some((80.0, 124.0)));
        let (spans, asleep) = phase_spans(&[bar(1, false), bar(3, false)], 100.0);
        assert_eq!((spans, asleep), (vec![(0.0, 25.0), (25.0, 100.0)], None));
        assert_eq!(phase_spans(&[], 100.0), (Vec::new(), None));
    }

    #[test]
    fn a_third_click_leads_back_to_the_first_order() {
        let column = OutcomeColumn::Size;
        let first = next_order(None, column);
        assert_eq!(first, Some(OutcomeOrder { column, descending: false }));
        let second = next_order(first, column);
        assert_eq!(second, Some(OutcomeOrder { column, descending: true }));
        assert_eq!(next_order(second, column), None);
        let other = next_order(second, OutcomeColumn::Name);
        assert_eq!(other, Some(OutcomeOrder { column: OutcomeColumn::Name, descending: false }));
    }
}
