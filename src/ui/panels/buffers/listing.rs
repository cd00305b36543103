//! The bytes of a buffer beside the packets that they are.
//!
//! One canvas: only rows in view are decoded and painted.

use std::ops::Range;

use egui::{
    Align2, Color32, CursorIcon, Key, Painter, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2,
};

use super::packet::{
    Look, PaintedPacket, ROLES, paint_address_lines, paint_packet, patched_ink, role_ink,
};
use super::paint::small;
use super::rows::{Columns, points};
use super::work::WorkView;
use super::{BuffersState, Page, Prepared};
use crate::analysis::buffers::{self, AddressMark, Card, Held, PacketLine, Row};
use crate::app::{Action, Item, View};
use crate::base::text::{count, counted, hex};
use crate::kmd::{DecodedPacket, decode};
use crate::ui::theme::{Tokens, mix, size, text, tokens};
use crate::ui::widgets::{
    Icon, dashed_rect, elide, empty_state, hatch, horizontal_line, segmented, snap,
};

/// The header above the bytes: which buffer, and the key of colours.
pub(super) fn header_ui(
    ui: &mut Ui,
    left: Rect,
    pages: &[(Page, &str)],
    prepared: &Prepared,
    state: &mut BuffersState,
) {
    let tokens = tokens(ui);
    let painter = ui.painter().clone();
    let bar = snap(&painter, Rect::from_min_size(left.min, vec2(left.width(), size::PANEL_HEADER)));
    painter.rect_filled(bar, 0.0, tokens.bar);
    horizontal_line(&painter, bar.left(), bar.right(), bar.bottom() - 1.0, tokens.separator);
    let at = bar.left_center() + vec2(size::PANEL_INSET, 0.0);
    let name = prepared.buffer_name();
    let left_centre = Align2::LEFT_CENTER;
    let end = text::paint(&painter, at, left_centre, &name, size::TEXT_BODY, tokens.text).right();
    let mut right = bar.right() - size::PANEL_INSET;
    if !pages.is_empty() {
        let width = if pages.len() > 2 { 210.0 } else { 140.0 };
        let room =
            Rect::from_min_max(pos2(right - width, bar.top() + 1.0), pos2(right, bar.bottom()));
        let mut child = ui.new_child(
            egui::UiBuilder::new()
                .max_rect(room)
                .layout(egui::Layout::right_to_left(egui::Align::Center)),
        );
        let current = shown_page(pages, state.page);
        if let Some(page) = segmented(&mut child, "Show", pages, current) {
            state.page = page;
        }
        right -= width + 12.0;
    }
    if pages.is_empty() || shown_page(pages, state.page) == Page::Packets {
        if prepared.work.as_ref().is_some_and(|work| !work.spot.paging) {
            let ink = tokens.text_secondary;
            let galley = text::mixed_text(&painter, "patched", size::TEXT_TINY, ink);
            let start = right - galley.size().x - 14.0;
            if start > end + 12.0 {
                let place = pos2(start, bar.center().y - 3.0);
                let place = snap(&painter, Rect::from_min_size(place, vec2(10.0, 8.0)));
                painter.rect_filled(place, 0.0, mix(tokens.bar, patched_ink(tokens), 0.5));
                let at = pos2(start + 14.0, bar.center().y);
                text::paint_galley(&painter, at, left_centre, galley, ink);
                right = start - 10.0;
            }
        }
        for (role, word) in ROLES.into_iter().rev() {
            let ink = tokens.text_secondary;
            let galley = text::mixed_text(&painter, word, size::TEXT_TINY, ink);
            let start = right - galley.size().x - 14.0;
            if start < end + 12.0 {
                break;
            }
            let stroke = pos2(start, bar.center().y + 3.0);
            let stroke = snap(&painter, Rect::from_min_size(stroke, vec2(10.0, 2.0)));
            painter.rect_filled(stroke, 0.0, role_ink(tokens, role));
            let at = pos2(start + 14.0, bar.center().y);
            text::paint_galley(&painter, at, left_centre, galley, ink);
            right = start - 10.0;
        }
    }
    let at = pos2(end + 10.0, bar.center().y);
    if right - at.x > 120.0 {
        small(&painter, at, left_centre, &prepared.fetched_from, tokens.text_faint, right - at.x);
    }
}

/// The page shown: packets where the one remembered is not among `pages`.
pub(super) fn shown_page(pages: &[(Page, &str)], page: Page) -> Page {
    if pages.iter().any(|(known, _)| *known == page) { page } else { Page::Packets }
}

/// The rows: bytes at the left, packets at the right.
pub(super) fn list_ui(
    ui: &mut Ui,
    area: Rect,
    view: &View<'_>,
    prepared: &Prepared,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    let Some(card) = prepared.card() else { return };
    if prepared.lines.is_empty() {
        let (title, hint) = why_empty(card);
        ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| empty_state(ui, &title, hint));
        return;
    }
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(area).id_salt("packets"));
    let mut scroll = egui::ScrollArea::vertical().auto_shrink([false, false]);
    if let Some(row) = state.reveal.take() {
        let top = prepared.list.span(row).map_or(0, |(top, _)| top);
        scroll = scroll.vertical_scroll_offset((points(top) - area.height() * 0.35).max(0.0));
    }
    scroll.show_viewport(&mut child, |ui, visible| {
        let columns = Columns::new(ui, area);
        let height = points(prepared.list.height()) + 16.0;
        let (space, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
        response.widget_info(|| {
            let count = u64::try_from(prepared.lines.len()).unwrap_or(u64::MAX);
            let label = format!("Packets of buffer {}: {}", card.serial, counted(count, "packet"));
            WidgetInfo::labeled(Role::List, true, label)
        });
        let top = space.top() + 6.0;
        let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
        let work = prepared.work.as_ref().filter(|work| !work.spot.paging);
        let related = work.and_then(|work| {
            work.list.packets_of(super::work::marked(view, prepared, work, state)?)
        });
        for index in prepared.list.visible(visible.top() - 6.0, visible.bottom()) {
            let Some((from, to)) = prepared.list.span(index) else { continue };
            let rect = Rect::from_min_max(
                pos2(area.left(), top + points(from)),
                pos2(area.right(), top + points(to)),
            );
            paint_row(&painter, &columns, rect, index, view, prepared, related.as_ref());
        }
        let pointed = response.hover_pos().and_then(|at| prepared.list.at(at.y - top));
        react(ui, &response, pointed, view, prepared, state, actions);
    });
}

fn why_empty(card: &Card) -> (String, &'static str) {
    match card.held {
        Held::Ahead => (
            format!("Buffer {} is begun after this place", card.serial),
            "Step forward: its place in VidMm's table still belongs to an earlier buffer.",
        ),
        Held::Reused { serial } => (
            format!("Buffer {} is gone: its memory is buffer {serial} now", card.serial),
            "Step back to a place where it still held its packets.",
        ),
        Held::Here { .. } => (
            format!("Nothing was written to buffer {}", card.serial),
            "The driver did it while it was asked: registers instead of packets.",
        ),
    }
}

/// Pointer and keyboard.
fn react(
    ui: &Ui,
    response: &egui::Response,
    pointed: Option<usize>,
    view: &View<'_>,
    prepared: &Prepared,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    let step_of = |row: usize| match prepared.rows.get(row)? {
        Row::Packet(line) => prepared.lines.get(*line)?.step,
        _ => None,
    };
    if let Some(row) = pointed {
        ui.ctx().set_cursor_icon(match prepared.rows.get(row) {
            Some(Row::Packet(_) | Row::Fold { .. }) => CursorIcon::PointingHand,
            _ => CursorIcon::Default,
        });
        actions.extend(step_of(row).map(|step| Action::Hover(Some(Item::Step(step)))));
        if response.double_clicked() {
            actions.extend(step_of(row).map(Action::GoTo));
        } else if response.clicked() {
            response.request_focus();
            actions.extend(step_of(row).map(|step| Action::Select(Some(Item::Step(step)))));
            if let Some(Row::Fold { lines, .. }) = prepared.rows.get(row) {
                state.opened.insert(lines.start);
            }
        }
        response.clone().on_hover_ui_at_pointer(|ui| tooltip(ui, prepared, row));
    }
    if response.has_focus() {
        let (down, up, enter) = ui.input(|input| {
            let pressed = |key| input.key_pressed(key);
            (pressed(Key::ArrowDown), pressed(Key::ArrowUp), pressed(Key::Enter))
        });
        let selected = match view.selected {
            Some(Item::Step(step)) => {
                prepared.lines.iter().position(|line| line.step == Some(step))
            }
            _ => None,
        };
        let target = match (selected, down, up) {
            (None, true, _) | (None, _, true) => Some(0),
            (Some(line), true, _) => line.checked_add(1),
            (Some(line), _, true) => line.checked_sub(1),
            _ => None,
        };
        let step = target.and_then(|line| prepared.lines.get(line)?.step);
        actions.extend(step.map(|step| Action::Select(Some(Item::Step(step)))));
        let here = selected.filter(|_| enter).and_then(|line| prepared.lines.get(line)?.step);
        actions.extend(here.map(Action::GoTo));
    }
}

fn tooltip(ui: &mut Ui, prepared: &Prepared, row: usize) {
    match prepared.rows.get(row) {
        Some(Row::Packet(index)) => {
            let Some((line, packet)) = decoded(prepared, *index) else { return };
            let state = line.state.name();
            let at = hex(u64::try_from(line.range.start).unwrap_or(u64::MAX));
            ui.label(text::mixed_job(
                &format!("{} at +{at}, {state}", packet.name),
                size::TEXT_BODY,
                ui.visuals().text_color(),
            ));
            egui::Grid::new("fields").spacing(vec2(16.0, 2.0)).show(ui, |ui| {
                for field in &packet.fields {
                    ui.weak(field.name);
                    let width = field.range.len() * 2;
                    ui.monospace(format!("0x{:0width$X}", field.value));
                    ui.weak(format!("+{}..{}", field.range.start, field.range.end));
                    ui.end_row();
                }
            });
            if let Some(step) = line.step {
                ui.weak(format!("Click selects step {step}, a double click goes there."));
            }
        }
        Some(Row::Fold { .. }) => {
            ui.label("Click to show them one by one.");
        }
        Some(Row::NotWritten(_)) => {
            ui.label("The driver has written no packet here.");
        }
        _ => {}
    }
}

fn decoded(prepared: &Prepared, index: usize) -> Option<(&PacketLine, DecodedPacket)> {
    let line = prepared.lines.get(index)?;
    let bytes = prepared.fetched.bytes.get(line.range.clone())?;
    let packet = decode(prepared.card()?.format, bytes).into_iter().next()?;
    Some((line, packet))
}

fn paint_row(
    painter: &Painter,
    columns: &Columns,
    rect: Rect,
    row: usize,
    view: &View<'_>,
    prepared: &Prepared,
    related: Option<&Range<u32>>,
) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let Some(card) = prepared.card() else { return };
    let is_related = |bytes: &Range<usize>| {
        let start = u32::try_from(bytes.start).unwrap_or(u32::MAX);
        let end = u32::try_from(bytes.end).unwrap_or(u32::MAX);
        related.is_some_and(|related| related.start < end && start < related.end)
    };
    match prepared.rows.get(row) {
        Some(Row::Packet(index)) => {
            let mask = prepared.list.mask(row);
            if let Some((line, packet)) = decoded(prepared, *index) {
                let look = Look { related: is_related(&line.range), ..Look::new(view, line) };
                let addresses = addresses_of(view, prepared, line);
                let painted =
                    PaintedPacket { line, packet: &packet, mask, look, addresses: &addresses };
                paint_packet(painter, tokens, columns, rect, prepared, &painted);
                let words = view.words();
                paint_address_lines(painter, tokens, columns, rect, &addresses, words);
            }
        }
        Some(Row::Fold { lines, units }) => {
            paint_fold(painter, tokens, columns, rect, prepared, lines, *units);
        }
        Some(Row::Begins(call)) => {
            let Some(part) = card.calls.get(*call) else { return };
            let name = prepared.name(part.operation);
            let before = part.call.multipass_before;
            let said = if part.pass > 1 {
                format!("{name} goes on at MultipassOffset {}", count(before.into()))
            } else {
                format!("{name} begins")
            };
            divider(painter, columns, rect, (Icon::TriangleDown, tokens.text_faint), &said);
        }
        Some(Row::Ends(call)) => {
            let Some(part) = card.calls.get(*call) else { return };
            let name = prepared.name(part.operation);
            let after = count(part.call.multipass_after.into());
            let status = part.call.status;
            let (said, look) = if status == crate::ddi::NtStatus::SUCCESS {
                (format!("{name} ends here: SUCCESS"), (Icon::Check, tokens.ok))
            } else {
                let said = format!("{name} left off: {status}, MultipassOffset {after}");
                (said, (Icon::BufferFull, tokens.warn))
            };
            divider(painter, columns, rect, look, &said);
        }
        Some(Row::Split(part)) => {
            let number = part + 1;
            let work = prepared.work.as_ref();
            let part = work.and_then(|work| work.pass()?.parts.get(*part));
            let why = part.and_then(|part| part.split_for).map_or(String::new(), |id| {
                let name = view.names.allocation(id);
                format!(": {name} has no room beside what came before")
            });
            let said = format!("Part {number} begins, the buffer is split here{why}");
            divider(painter, columns, rect, (Icon::BufferFull, tokens.warn), &said);
        }
        Some(Row::NotWritten(range)) => {
            let inside = Rect::from_min_max(
                pos2(columns.left, rect.top() + 4.0),
                pos2(columns.right, rect.bottom() - 4.0),
            );
            hatch(painter, inside, tokens.hatch, 8.0);
            let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
            let said = format!(
                "{} B not written, +{} to +{}",
                count(number(range.len())),
                hex(number(range.start)),
                hex(number(range.end.saturating_sub(1)))
            );
            let ink = tokens.text_faint;
            let galley = elide(painter, &said, size::TEXT_SMALL, ink, inside.width() - 24.0);
            let plate = Rect::from_center_size(inside.center(), galley.size() + vec2(16.0, 4.0));
            painter.rect_filled(snap(painter, plate), 0.0, tokens.canvas);
            text::paint_galley(painter, inside.center(), Align2::CENTER_CENTER, galley, ink);
        }
        None => {}
    }
}

/// Where addresses belong in a packet of a submission.
fn addresses_of(view: &View<'_>, prepared: &Prepared, line: &PacketLine) -> Vec<AddressMark> {
    let work = prepared.work.as_ref().filter(|work| !work.spot.paging);
    let pass = work.and_then(WorkView::pass);
    let sources = super::sources(view, prepared.subject.0);
    let (Some(pass), Some(sources)) = (pass, sources) else { return Vec::new() };
    buffers::address_mark(sources, pass, &prepared.fetched.bytes, &line.range)
}

fn divider(
    painter: &Painter,
    columns: &Columns,
    rect: Rect,
    (icon, ink): (Icon, Color32),
    said: &str,
) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let y = rect.center().y - 1.0;
    icon.paint(painter, pos2(columns.left + 5.0, y), 9.0, ink);
    let at = pos2(columns.left + 16.0, y);
    let plain = ink == tokens.text_faint;
    let words = if plain { tokens.text_secondary } else { ink };
    let room = columns.right - at.x - 16.0;
    let end = small(painter, at, Align2::LEFT_CENTER, said, words, room).right();
    let line = if plain { tokens.separator } else { mix(tokens.canvas, ink, 0.5) };
    horizontal_line(painter, end + 8.0, columns.right, y, line);
}

fn paint_fold(
    painter: &Painter,
    tokens: &Tokens,
    columns: &Columns,
    rect: Rect,
    prepared: &Prepared,
    lines: &Range<usize>,
    units: u64,
) {
    let plate = Rect::from_min_max(
        pos2(columns.left, rect.top() + 3.0),
        pos2(columns.right, rect.bottom() - 3.0),
    );
    painter.rect_filled(snap(painter, plate), 0.0, tokens.panel);
    dashed_rect(painter, plate, tokens.separator_strong);
    let y = plate.center().y;
    Icon::TriangleRight.paint(painter, pos2(plate.left() + 11.0, y), 8.0, tokens.text_secondary);
    let (Some(first), Some(last)) =
        (prepared.lines.get(lines.start), prepared.lines.get(lines.end.saturating_sub(1)))
    else {
        return;
    };
    let state = if first.state == last.state { first.state.name() } else { "" };
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let ink = tokens.text_faint;
    let at = pos2(plate.right() - 8.0, y);
    let end = small(painter, at, right, state, ink, 80.0).left() - 8.0;
    let said = format!("{} more {} of the same operation", lines.len(), first.name);
    let at = pos2(plate.left() + 22.0, y);
    let said_end = small(painter, at, left, &said, tokens.text_secondary, end - at.x).right();
    let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    let range = format!(
        "+{} to +{}, {}",
        hex(number(first.range.start)),
        hex(number(last.range.end.saturating_sub(1))),
        counted(units, "page")
    );
    let at = pos2(said_end + 12.0, y);
    if end - at.x > 60.0 {
        small(painter, at, left, &range, ink, end - at.x);
    }
}
