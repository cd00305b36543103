//! The call that wrote a buffer, the frames of its operation, and where the buffer sits.

use egui::{Align2, Color32, CursorIcon, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::Prepared;
use super::paint::{mono, share, small};
use crate::analysis::buffers::{EnvelopeRow, FrameRow, FrameRuns, RunState, Seat, SeatPage};
use crate::app::{Action, Item, View};
use crate::base::text::{count, counted, hex};
use crate::ui::theme::{Tokens, mix, size, text, tokens};
use crate::ui::widgets::{Icon, focus_ring, horizontal_line, outline, snap, vertical_line};

/// The three parts below each other, scrolled together.
pub(super) fn detail_ui(
    ui: &mut Ui,
    area: Rect,
    view: &View<'_>,
    prepared: &Prepared,
    all_runs: &mut bool,
    actions: &mut Vec<Action>,
) {
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(area).id_salt("detail"));
    let scroll = egui::ScrollArea::vertical().auto_shrink([false, false]);
    scroll.show(&mut child, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        envelope_ui(ui, prepared, true);
        if let Some(runs) = &prepared.runs {
            runs_ui(ui, view, prepared, (runs, all_runs), actions);
        }
        if let Some(seat) = &prepared.seat {
            seat_ui(ui, view, prepared, seat, actions);
        }
        ui.add_space(8.0);
    });
}

/// The title of a part with a remark at the right end.
pub(super) fn title(ui: &mut Ui, label: &str, note: &str, first: bool) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, format!("{label}, {note}")));
    if !first {
        let y = rect.top() + 1.0;
        horizontal_line(ui.painter(), rect.left(), rect.right(), y, tokens.separator);
    }
    let at = pos2(rect.left() + size::PANEL_INSET, rect.center().y + 1.0);
    let painted =
        text::paint(ui.painter(), at, Align2::LEFT_CENTER, label, size::TEXT_BODY, tokens.text);
    let right = rect.right() - size::PANEL_INSET;
    let room = right - painted.right() - 8.0;
    if room > 20.0 {
        let at = pos2(right, at.y);
        small(ui.painter(), at, Align2::RIGHT_CENTER, note, tokens.text_faint, room);
    }
}

/// "first", "second" and so on, as far as words are used.
fn ordinal(number: u32) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        4 => "fourth".to_owned(),
        5 => "fifth".to_owned(),
        number => format!("{number}th"),
    }
}

pub(super) fn envelope_ui(ui: &mut Ui, prepared: &Prepared, first: bool) {
    let part = prepared.card().and_then(|card| card.call());
    let (Some(rows), Some(part)) = (&prepared.envelope, part) else {
        title(ui, "Envelope", "", first);
        note_row(ui, "An earlier command made the call that wrote this buffer.");
        return;
    };
    let of = format!("{}.{}", prepared.scene.command, part.operation);
    let label = format!("Envelope of the {} call", ordinal(part.pass));
    title(ui, &label, &format!("{of}, in → out"), first);
    for row in rows {
        envelope_row(ui, row);
    }
    ui.add_space(6.0);
}

/// A faint sentence across the part.
pub(super) fn note_row(ui: &mut Ui, said: &str) {
    let ink = tokens(ui).text_faint;
    ui.horizontal_wrapped(|ui| {
        ui.add_space(size::PANEL_INSET);
        ui.label(text::mixed_job(said, size::TEXT_SMALL, ink));
    });
}

fn envelope_row(ui: &mut Ui, row: &EnvelopeRow) {
    let tokens = tokens(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::LIST_ROW), Sense::hover());
    response.widget_info(|| {
        let spoken = format!("{}: {}, {}", row.key, row.value, row.note);
        WidgetInfo::labeled(Role::Label, true, spoken)
    });
    let painter = ui.painter();
    if row.changed {
        mark_row(ui, rect);
    }
    let y = rect.center().y;
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let inside = rect.shrink2(vec2(size::PANEL_INSET, 0.0));
    // The longest key takes 148 points.
    let column = (inside.width() * 0.46).min(156.0);
    let ink = if row.changed { tokens.accent_text } else { tokens.text_secondary };
    let at = pos2(inside.left(), y);
    let key = small(painter, at, left, row.key, tokens.text_faint, column - 6.0);
    let start = (inside.left() + column).max(key.right() + 6.0);
    let value = mono(painter, pos2(start, y), left, &row.value, ink, inside.right() - start);
    let room = inside.right() - value.right() - 8.0;
    if room > 24.0 {
        small(painter, pos2(inside.right(), y), right, &row.note, tokens.text_faint, room);
    }
    response.on_hover_ui(|ui| {
        ui.label(row.key);
        ui.monospace(&row.value);
        ui.weak(&row.note);
    });
}

/// Ground and edge of a row that stands out.
pub(super) fn mark_row(ui: &Ui, rect: Rect) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    let ground = rect.shrink2(vec2(4.0, 0.0));
    painter.rect_filled(snap(painter, ground), 0.0, mix(tokens.canvas, tokens.accent_ground, 0.85));
    let edge = Rect::from_min_size(ground.min, vec2(2.0, ground.height()));
    painter.rect_filled(snap(painter, edge), 0.0, tokens.accent);
}

fn run_ink(tokens: &Tokens, ink: Color32, state: RunState) -> Color32 {
    match state {
        RunState::Moved => mix(tokens.canvas, ink, 0.62),
        RunState::Next => tokens.accent,
        RunState::Waiting => mix(tokens.canvas, ink, 0.24),
    }
}

fn runs_ui(
    ui: &mut Ui,
    view: &View<'_>,
    prepared: &Prepared,
    (runs, all): (&FrameRuns, &mut bool),
    actions: &mut Vec<Action>,
) {
    let number = u64::try_from(runs.rows.len()).unwrap_or(u64::MAX);
    let note = format!("{} in {}", counted(runs.pages, "page"), counted(number, "run"));
    title(ui, "Frame runs of the page list", &note, false);
    let operation = prepared
        .scene
        .operation
        .or_else(|| prepared.card().and_then(|card| card.call()).map(|part| part.operation));
    let mark = operation.and_then(|operation| prepared.mark(operation));
    strip(ui, runs, super::cards::ink_of(tokens(ui), mark));
    let tokens = tokens(ui);
    let (head, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let columns = run_columns(head);
    for (index, label) in ["Run", "Page", "Frames", "Count", runs.other, "State"].iter().enumerate()
    {
        let (x, align) = columns[index];
        let at = pos2(x, head.center().y);
        small(ui.painter(), at, align, label, tokens.text_faint, 90.0);
    }
    let foot = head.bottom() - 1.0;
    let inside = head.shrink2(vec2(size::PANEL_INSET, 0.0));
    horizontal_line(ui.painter(), inside.left(), inside.right(), foot, tokens.separator);
    let shown = if *all { 0..runs.rows.len().min(MOST_RUNS) } else { window(runs) };
    let mut toggled = false;
    if shown.start > 0 {
        toggled |= more_row(ui, shown.start, "before");
    }
    for row in runs.rows.get(shown.clone()).unwrap_or_default() {
        run_row(ui, view, row, actions);
    }
    if shown.end < runs.rows.len() {
        toggled |= more_row(ui, runs.rows.len() - shown.end, "after");
    }
    *all |= toggled;
    ui.add_space(6.0);
}

/// Runs that are laid out at most.
const MOST_RUNS: usize = 2048;
/// Runs that are listed around the next.
const WINDOW: usize = 8;

/// The runs listed while not all are: from a little before the next.
fn window(runs: &FrameRuns) -> std::ops::Range<usize> {
    let next = runs.rows.iter().position(|row| row.state == RunState::Next).unwrap_or(0);
    let last = runs.rows.len().saturating_sub(WINDOW);
    let start = next.saturating_sub(2).min(last);
    // One row more is no longer than a row that says so.
    let start = if start == 1 { 0 } else { start };
    let end = (start + WINDOW).min(runs.rows.len());
    start..if end + 1 == runs.rows.len() { end + 1 } else { end }
}

/// A row that stands for runs that are not listed; says whether they are asked for.
fn more_row(ui: &mut Ui, number: usize, side: &str) -> bool {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), Sense::click());
    let label = format!("{number} more {side}");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
    let at = pos2(rect.left() + size::PANEL_INSET, rect.center().y);
    let ink = if response.hovered() { tokens.text } else { tokens.text_faint };
    Icon::TriangleRight.paint(ui.painter(), at + vec2(4.0, 0.0), 7.0, ink);
    let at = at + vec2(14.0, 0.0);
    small(ui.painter(), at, Align2::LEFT_CENTER, &label, ink, 200.0);
    focus_ring(ui, &response, rect, size::RADIUS_SMALL);
    response.on_hover_cursor(CursorIcon::PointingHand).clicked()
}

/// All runs by their place in the list, coloured by state.
fn strip(ui: &mut Ui, runs: &FrameRuns, ink: Color32) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    let spoken = format!("{} of {} pages moved", count(runs.moved), count(runs.pages));
    response.widget_info(|| WidgetInfo::labeled(Role::Meter, true, &spoken));
    let painter = ui.painter();
    let bar = Rect::from_min_max(
        pos2(rect.left() + size::PANEL_INSET, rect.top() + 2.0),
        pos2(rect.right() - size::PANEL_INSET, rect.bottom() - 2.0),
    );
    let bar = snap(painter, bar);
    painter.rect_filled(bar, 0.0, tokens.input);
    let first = runs.rows.first().map_or(0, |row| row.page);
    for row in &runs.rows {
        let from = row.page - first;
        let left = bar.left() + bar.width() * share(from, runs.pages);
        let right = bar.left() + bar.width() * share(from.saturating_add(row.count), runs.pages);
        let part = Rect::from_x_y_ranges(left..=(right - 1.0).max(left + 1.0), bar.y_range());
        let part = snap(painter, part.shrink2(vec2(0.0, 2.0)));
        painter.rect_filled(part, 0.0, run_ink(tokens, ink, row.state));
    }
    outline(painter, bar, 0.0, 1.0, tokens.separator_strong);
    if runs.moved > 0 && runs.moved < runs.pages {
        let x = bar.left() + bar.width() * share(runs.moved, runs.pages);
        vertical_line(painter, x, bar.top() - 2.0, bar.bottom() + 2.0, tokens.accent);
    }
    response.on_hover_text(spoken);
}

/// Where the columns of the runs stand, and how they are aligned.
fn run_columns(rect: Rect) -> [(f32, Align2); 6] {
    let (left, right) = (rect.left() + size::PANEL_INSET, rect.right() - size::PANEL_INSET);
    let room = right - left;
    let (l, r) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    [
        (left, l),
        (left + room * 0.10, l),
        (left + room * 0.24, l),
        (left + room * 0.57, r),
        (left + room * 0.60, l),
        (right, r),
    ]
}

fn frames_text(first: u64, number: u64) -> String {
    let last = first.saturating_add(number.saturating_sub(1));
    if number > 1 { format!("0x{first:X}–{last:X}") } else { format!("0x{first:X}") }
}

fn run_row(ui: &mut Ui, view: &View<'_>, row: &FrameRow, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), Sense::click());
    let frames = frames_text(row.first.get(), row.count);
    let state = row.state.name();
    response.widget_info(|| {
        let spoken = format!("Run {}: frames {frames}, {state}", row.run);
        WidgetInfo::labeled(Role::Row, true, spoken)
    });
    let item = Item::Frame(row.first);
    if !ui.is_rect_visible(rect) {
        return;
    }
    if row.state == RunState::Next || view.selected == Some(item) {
        mark_row(ui, rect);
    } else if response.hovered() || view.hovered == Some(item) {
        let ground = rect.shrink2(vec2(4.0, 0.0));
        ui.painter().rect_filled(ground, 0.0, tokens.hover_ground(tokens.canvas));
    }
    let ink = match row.state {
        RunState::Next => tokens.accent_text,
        _ => tokens.text_secondary,
    };
    let columns = run_columns(rect);
    let cells =
        [count(row.run), count(row.page), frames.clone(), count(row.count), row.other.clone()];
    for (index, cell) in cells.iter().enumerate() {
        let (x, align) = columns[index];
        let next = match index {
            2 => columns[3].0 - 26.0,
            4 => columns[5].0 - 44.0,
            _ => columns.get(index + 1).map_or(x, |next| next.0),
        };
        let room = if index == 3 { 60.0 } else { next - x - 2.0 };
        mono(ui.painter(), pos2(x, rect.center().y), align, cell, ink, room);
    }
    let ink = if row.state == RunState::Next { tokens.accent_text } else { tokens.text_faint };
    let (x, align) = columns[5];
    small(ui.painter(), pos2(x, rect.center().y), align, state, ink, 60.0);
    if response.hovered() {
        actions.push(Action::Hover(Some(item)));
    }
    if response.clicked() {
        actions.push(Action::Select(Some(item)));
    }
    response.on_hover_ui(|ui| {
        ui.label(format!("{} from list page {}", counted(row.count, "frame"), count(row.page)));
        ui.label(text::mixed_job(
            &format!("frames {frames}, physical {}", hex(row.first.address().get())),
            size::TEXT_SMALL,
            ui.visuals().text_color(),
        ));
    });
}

pub(super) fn seat_ui(
    ui: &mut Ui,
    view: &View<'_>,
    prepared: &Prepared,
    seat: &Seat,
    actions: &mut Vec<Action>,
) {
    // What is listed of a large buffer is not all of it.
    let listed = u64::try_from(seat.pages.len()).unwrap_or(u64::MAX);
    let size = prepared.card().map_or(0, |card| u64::from(card.size));
    let number = size.div_ceil(crate::base::PAGE_SIZE).max(listed);
    let note = match (seat.segment, seat.pages.first().and_then(|page| page.page)) {
        (Some(segment), Some(first)) => {
            let name = view.names.segment(segment);
            format!("{name}, {} from 0x{first:X}", counted(number, "page"))
        }
        _ if seat.unmapped => format!("mapped nowhere now, {}", counted(number, "page")),
        _ => format!("contiguous, {}", counted(number, "page")),
    };
    let name = match prepared.work.as_ref().filter(|work| !work.spot.paging) {
        Some(_) => prepared.buffer_name(),
        None => prepared.buffer_name().to_lowercase(),
    };
    title(ui, &format!("Where {name} sits"), &note, false);
    let shown = seat_window(seat);
    for page in seat.pages.get(shown.clone()).unwrap_or_default() {
        seat_row(ui, view, seat, page, actions);
    }
    let more = number.saturating_sub(u64::try_from(shown.len()).unwrap_or(u64::MAX));
    if more > 0 {
        let how =
            if seat.segment.is_none() && !seat.unmapped { ", one behind the other" } else { "" };
        note_row(ui, &format!("and {}{how}", counted(more, "more page")));
    }
}

/// The pages that are listed: of contiguous memory a few around what is fetched, else all.
fn seat_window(seat: &Seat) -> std::ops::Range<usize> {
    let len = seat.pages.len();
    if seat.segment.is_some() || seat.unmapped {
        return 0..len;
    }
    let fetched = seat.pages.iter().position(|page| page.fetching).unwrap_or(0);
    let start = fetched.saturating_sub(2).min(len.saturating_sub(WINDOW));
    start..(start + WINDOW).min(len)
}

fn seat_row(ui: &mut Ui, view: &View<'_>, seat: &Seat, page: &SeatPage, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 17.0), Sense::click());
    let item = match (seat.segment, page.page, page.frame) {
        (Some(segment), ..) if seat.memory => Some(Item::Segment(segment)),
        (Some(segment), Some(number), _) => Some(Item::AperturePage(segment, number)),
        (_, _, frame) => frame.map(Item::Frame),
    };
    let frame = match (page.frame, page.right) {
        (Some(frame), true) => format!("→ frame 0x{:X}", frame.get()),
        (Some(frame), false) => format!("→ frame 0x{:X}, not the buffer's", frame.get()),
        (None, _) if seat.memory => "in memory".to_owned(),
        (None, _) => "→ nowhere".to_owned(),
    };
    let from =
        page.page.map_or_else(|| "physical".to_owned(), |number| format!("page 0x{number:X}"));
    let address = hex(page.address);
    response
        .widget_info(|| WidgetInfo::labeled(Role::Row, true, format!("{from} {address} {frame}")));
    if !ui.is_rect_visible(rect) {
        return;
    }
    if item.is_some() && view.selected == item {
        mark_row(ui, rect);
    } else if response.hovered() || (item.is_some() && view.hovered == item) {
        let ground = rect.shrink2(vec2(4.0, 0.0));
        ui.painter().rect_filled(ground, 0.0, tokens.hover_ground(tokens.canvas));
    }
    let painter = ui.painter();
    let (y, left) = (rect.center().y, Align2::LEFT_CENTER);
    let inside = rect.shrink2(vec2(size::PANEL_INSET, 0.0));
    let ink = if page.fetching { tokens.text } else { tokens.text_secondary };
    let (said, said_ink) = if page.fetching {
        ("fetching".to_owned(), tokens.accent_text)
    } else {
        (format!("+{}", hex(page.offset)), tokens.text_faint)
    };
    let at = pos2(inside.right(), y);
    let end = small(painter, at, Align2::RIGHT_CENTER, &said, said_ink, 92.0).left() - 6.0;
    let wrong = if page.right { ink } else { tokens.error };
    let mut x = inside.left();
    for (cell, ink) in [(&from, ink), (&address, ink), (&frame, wrong)] {
        x = mono(painter, pos2(x, y), left, cell, ink, end - x).right() + 10.0;
    }
    if let Some(item) = item {
        if response.hovered() {
            actions.push(Action::Hover(Some(item)));
        }
        if response.clicked() {
            actions.push(Action::Select(Some(item)));
        }
    }
    response
        .on_hover_text(format!("Byte {} of the buffer on: {from}, {frame}", count(page.offset)));
}
