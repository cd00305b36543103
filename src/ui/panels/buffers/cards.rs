//! The strip of buffers, and the bar that stitches their parts of an operation together.

use egui::{Align2, Color32, CursorIcon, Painter, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::paint::{mono, share, small};
use super::{BuffersState, Prepared};
use crate::analysis::buffers::{Card, Fencing, Held};
use crate::app::{Action, Item, View};
use crate::base::text::{count, word};
use crate::ddi::NtStatus;
use crate::ui::theme::{Mark, Tokens, mix, size, text, tokens};
use crate::ui::widgets::{
    Icon, focus_ring, hatch, horizontal_line, outline, snap, snap_position, vertical_line,
};

/// Room for the arrow between two cards.
const GAP: f32 = 36.0;
/// Cards are not wider.
const WIDEST: f32 = 440.0;
/// Cards are not narrower: rather the strip scrolls.
const NARROWEST: f32 = 268.0;

/// Colour of an operation's bytes.
pub(super) fn ink_of(tokens: &Tokens, mark: Option<Mark>) -> Color32 {
    mark.map_or(tokens.text_faint, |mark| tokens.mark(mark))
}

fn as_points(count: usize) -> f32 {
    // Cards that could be told apart on a screen are far fewer.
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}

/// Width of each of `count` cards in a strip of `room` points.
fn card_width(room: f32, count: usize) -> f32 {
    let count = as_points(count.max(1));
    ((room - GAP * (count - 1.0)) / count).clamp(NARROWEST, WIDEST).floor()
}

/// The strip of cards; a card that is clicked is shown below and selected.
pub(super) fn strip_ui(
    ui: &mut Ui,
    rect: Rect,
    low: bool,
    view: &View<'_>,
    prepared: &Prepared,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    let inside = rect.shrink2(vec2(size::PANEL_INSET, 0.0));
    let width = card_width(inside.width(), prepared.scene.cards.len());
    let height = rect.height() - 6.0;
    let all = as_points(prepared.scene.cards.len()) * (width + GAP) - GAP;
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(inside).id_salt("cards"));
    let scroll = egui::ScrollArea::horizontal().auto_shrink([false, false]);
    scroll.show_viewport(&mut child, |ui, visible| {
        let (space, _) = ui.allocate_exact_size(vec2(all, height), Sense::hover());
        for (index, card) in prepared.scene.cards.iter().enumerate() {
            let left = as_points(index) * (width + GAP);
            if left + width + GAP < visible.left() || left > visible.right() {
                continue;
            }
            let corner = pos2(space.left() + left, space.top());
            let place = snap(ui.painter(), Rect::from_min_size(corner, vec2(width, height)));
            let response = ui.interact(place, ui.scope_id().with(card.serial), Sense::click());
            response.widget_info(|| {
                let spoken = spoken(card);
                WidgetInfo::selected(Role::Button, true, index == prepared.shown, &spoken)
            });
            let hovered = view.hovered == Some(Item::Buffer(card.index)) || response.hovered();
            paint_card(ui, place, low, card, prepared, index == prepared.shown, hovered);
            focus_ring(ui, &response, place, size::RADIUS);
            if index + 1 < prepared.scene.cards.len() {
                arrow(ui.painter(), place, prepared.scene.operation.is_some());
            }
            if response.hovered() {
                actions.push(Action::Hover(Some(Item::Buffer(card.index))));
            }
            if response.clicked() {
                state.picked = Some(card.serial);
                actions.push(Action::Select(Some(Item::Buffer(card.index))));
            }
            let response = response.on_hover_cursor(CursorIcon::PointingHand);
            response.on_hover_ui(|ui| tooltip(ui, card));
        }
    });
}

fn held_text(held: Held) -> String {
    match held {
        Held::Ahead => "begun later".to_owned(),
        Held::Here { .. } => "holds these bytes now".to_owned(),
        Held::Reused { serial } => format!("used again as buffer {serial}"),
    }
}

fn spoken(card: &Card) -> String {
    format!(
        "Buffer {}, {} of {} bytes, {} executed, {}, {}",
        card.serial,
        count(card.used.into()),
        count(card.size.into()),
        count(card.executed.into()),
        card.fencing.text(),
        held_text(card.held),
    )
}

fn tooltip(ui: &mut Ui, card: &Card) {
    ui.label(format!("Buffer {} in place {} of VidMm's table", card.serial, card.index));
    let (used, executed) = (count(card.used.into()), count(card.executed.into()));
    ui.label(format!("{used} B written, {executed} B of them executed, {}", card.packets_text()));
    ui.label(format!("{}; {}", card.fencing.text(), held_text(card.held)));
    for part in card.calls.iter().take(12) {
        let status = part.call.status;
        let (start, end) = (count(part.call.start.into()), count(part.call.end.into()));
        ui.label(format!(
            "Operation {}, pass {}: +{start} to +{end}, {status}",
            part.operation, part.pass
        ));
    }
    if card.calls.len() > 12 {
        ui.weak(format!("and {} more calls", card.calls.len() - 12));
    }
}

/// The arrow to the next card.
fn arrow(painter: &Painter, card: Rect, same_operation: bool) {
    arrow_to(painter, card, GAP, if same_operation { ["same", "args"] } else { ["", ""] });
}

/// An arrow across `gap` with a word above it and one below.
pub(super) fn arrow_to(painter: &Painter, card: Rect, gap: f32, words: [&str; 2]) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let (from, to, y) = (card.right() + 4.0, card.right() + gap - 4.0, card.center().y);
    let ink = tokens.text_faint;
    horizontal_line(painter, from, to - 4.0, y, ink);
    Icon::TriangleRight.paint(painter, pos2(to - 3.0, y + 0.5), 7.0, ink);
    let middle = card.right() + gap / 2.0;
    let centre = Align2::CENTER_CENTER;
    for (word, y) in words.into_iter().zip([y - 9.0, y + 9.0]) {
        text::paint(painter, pos2(middle, y), centre, word, size::TEXT_TINY, ink);
    }
}

fn paint_card(
    ui: &Ui,
    rect: Rect,
    low: bool,
    card: &Card,
    prepared: &Prepared,
    selected: bool,
    hovered: bool,
) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    let ground = if hovered { tokens.hover_ground(tokens.panel) } else { tokens.panel };
    painter.rect_filled(rect, size::RADIUS, ground);
    let (edge, width) = if selected { (tokens.accent, 2.0) } else { (tokens.separator, 1.0) };
    outline(painter, rect, size::RADIUS, width, edge);
    let inside = rect.shrink2(vec2(if low { 8.0 } else { 12.0 }, 0.0));
    let first = rect.top() + if low { 11.0 } else { 15.0 };
    title_row(painter, tokens, inside, first, card, prepared.scene.operation.is_some(), low);
    let gauge = Rect::from_min_max(
        pos2(inside.left(), rect.top() + if low { 23.0 } else { 30.0 }),
        pos2(inside.right(), rect.top() + if low { 32.0 } else { 43.0 }),
    );
    paint_gauge(painter, tokens, gauge, card, prepared);
    if !low {
        fact_rows(painter, tokens, inside, gauge.bottom(), card);
    }
}

fn title_row(
    painter: &Painter,
    tokens: &Tokens,
    inside: Rect,
    y: f32,
    card: &Card,
    one_operation: bool,
    low: bool,
) {
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let name = format!("Buffer {}", card.serial);
    let at = pos2(inside.left(), y);
    let end = text::paint(painter, at, left, &name, size::TEXT_BODY, tokens.text).right();
    let pass = match card.call() {
        None => "of an earlier step".to_owned(),
        Some(part) if one_operation => format!("pass {}", part.pass),
        Some(_) => {
            let calls = u64::try_from(card.calls.len()).unwrap_or(u64::MAX);
            crate::base::text::counted(calls, "call")
        }
    };
    let pass = if low { format!("{pass}, {}", amount(card)) } else { pass };
    let at = pos2(end + 8.0, y);
    let ink = tokens.text_faint;
    let end = small(painter, at, left, &pass, ink, inside.right() - at.x).right();
    let Some(part) = card.call() else { return };
    let status = part.call.status;
    let (icon, ink) = status_look(tokens, status);
    let name = status.to_string();
    let name = name.trim_start_matches("STATUS_").trim_start_matches("GRAPHICS_");
    let room = inside.right() - end - 28.0;
    let long = format!("{name} {}", word(status.0));
    let font = text::monospace(size::MONO_TINY);
    let fits =
        |text: &str| painter.layout_no_wrap(text.to_owned(), font.clone(), ink).size().x <= room;
    let shown = if !low && fits(&long) { long } else { name.to_owned() };
    let mut job = egui::text::LayoutJob::simple_singleline(shown, font, ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(0.0));
    let galley = painter.layout_job(job);
    let at = pos2(inside.right(), y);
    let painted = text::paint_galley(painter, at, right, galley, ink);
    icon.paint(painter, pos2(painted.left() - 10.0, y), 10.0, ink);
}

fn status_look(tokens: &Tokens, status: NtStatus) -> (Icon, Color32) {
    match status {
        NtStatus::SUCCESS => (Icon::Check, tokens.ok),
        NtStatus::INSUFFICIENT_DMA_BUFFER => (Icon::BufferFull, tokens.warn),
        NtStatus::ALLOCATION_BUSY => (Icon::Warning, tokens.warn),
        _ => (Icon::Cross, tokens.error),
    }
}

fn amount(card: &Card) -> String {
    format!("{} of {} B", count(card.used.into()), count(card.size.into()))
}

fn fact_rows(painter: &Painter, tokens: &Tokens, inside: Rect, top: f32, card: &Card) {
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let y = top + 13.0;
    let fence_ink = match card.fencing {
        Fencing::Running(_) => tokens.accent_text,
        _ => tokens.text_faint,
    };
    let fence = card.fencing.text();
    let half = inside.width() * 0.5;
    let fence_left = small(painter, pos2(inside.right(), y), right, &fence, fence_ink, half).left();
    let at = pos2(inside.left(), y);
    let end = mono(painter, at, left, &amount(card), tokens.text, half).right();
    let left_over = card.size.saturating_sub(card.used);
    let rest = match card.held {
        Held::Reused { serial } => format!("used again as {serial}"),
        Held::Ahead => "begun later".to_owned(),
        Held::Here { .. } if left_over == 0 => "full".to_owned(),
        Held::Here { .. } => format!("{} B left", count(left_over.into())),
    };
    let at = pos2(end + 8.0, y);
    small(painter, at, left, &rest, tokens.text_faint, fence_left - 8.0 - at.x);
    let y = y + 17.0;
    let packets = card.packets_text();
    let at = pos2(inside.right(), y);
    let packets_left = small(painter, at, right, &packets, tokens.text_faint, half).left();
    let Some(part) = card.call() else { return };
    let at = pos2(inside.left(), y);
    let end = small(painter, at, left, "MultipassOffset", tokens.text_faint, half).right();
    let (before, after) = (part.call.multipass_before, part.call.multipass_after);
    let change = format!("{} → {}", count(before.into()), count(after.into()));
    let at = pos2(end + 8.0, y);
    mono(painter, at, left, &change, tokens.text, packets_left - 8.0 - at.x);
}

fn paint_gauge(painter: &Painter, tokens: &Tokens, gauge: Rect, card: &Card, prepared: &Prepared) {
    let gauge = snap(painter, gauge);
    painter.rect_filled(gauge, 0.0, tokens.input);
    if matches!(card.held, Held::Here { .. }) {
        hatch(painter, gauge, tokens.hatch, size::HATCH_STEP);
    }
    let whole = u64::from(card.size);
    let at = |bytes: u32| {
        snap_position(painter, gauge.left() + gauge.width() * share(bytes.into(), whole))
    };
    let parts: Vec<(u32, u32, Color32)> = if card.calls.is_empty() {
        vec![(0, card.used, tokens.text_faint)]
    } else {
        let parts = card.calls.iter().enumerate().map(|(index, part)| {
            let is_own = prepared.scene.operation.is_none() || card.own == Some(index);
            let ink = ink_of(tokens, prepared.mark(part.operation));
            (part.call.start, part.call.end, if is_own { ink } else { tokens.text_secondary })
        });
        parts.collect()
    };
    for (start, end, ink) in parts.into_iter().filter(|(start, end, _)| start < end) {
        let right = at(end).max(at(start) + 3.0).min(gauge.right());
        let part = Rect::from_x_y_ranges(at(start)..=right, gauge.y_range());
        if !matches!(card.held, Held::Here { .. }) {
            // What was there or will be, not what is.
            painter.rect_filled(part, 0.0, mix(tokens.canvas, ink, 0.16));
            continue;
        }
        let done = at(card.executed.clamp(start, end)).clamp(part.left(), part.right());
        let done = if card.executed >= end { part.right() } else { done };
        let (solid, rest) = part.split_left_right_at_x(done);
        painter.rect_filled(solid, 0.0, mix(tokens.canvas, ink, 0.6));
        if rest.width() > 0.0 {
            painter.rect_filled(rest, 0.0, mix(tokens.canvas, ink, 0.14));
            hatch(painter, rest, mix(tokens.canvas, ink, 0.6), 5.0);
        }
        if end < card.used {
            vertical_line(painter, part.right() - 1.0, gauge.top(), gauge.bottom(), tokens.panel);
        }
    }
    outline(painter, gauge, 0.0, 1.0, tokens.separator_strong);
    if matches!(card.fencing, Fencing::Running(_)) {
        let x = at(card.executed);
        playhead(painter, tokens, x, gauge.top(), gauge.bottom());
    }
}

fn playhead(painter: &Painter, tokens: &Tokens, x: f32, top: f32, bottom: f32) {
    vertical_line(painter, x, top - 3.0, bottom, tokens.accent);
    Icon::TriangleDown.paint(painter, pos2(x + 0.5, top - 4.0), 8.0, tokens.accent);
}

/// The operation from its first page to its last: moved, encoded, still to come.
pub(super) fn progress_ui(ui: &Ui, rect: Rect, low: bool, prepared: &Prepared) {
    let Some(progress) = &prepared.scene.progress else { return };
    let tokens = tokens(ui);
    let painter = ui.painter();
    let inside = rect.shrink2(vec2(size::PANEL_INSET, 0.0));
    let bar = Rect::from_min_max(
        pos2(inside.left(), rect.top() + if low { 3.0 } else { 5.0 }),
        pos2(inside.right(), rect.top() + if low { 11.0 } else { 17.0 }),
    );
    let bar = snap(painter, bar);
    let at = |units: u64| {
        snap_position(painter, bar.left() + bar.width() * share(units, progress.total))
    };
    let mark = prepared.scene.operation.and_then(|number| prepared.mark(number));
    let ink = ink_of(tokens, mark);
    painter.rect_filled(bar, 0.0, tokens.input);
    for pass in &progress.passes {
        let gap = if pass.to < progress.total { 1.0 } else { 0.0 };
        let right = (at(pass.to) - gap).max(at(pass.from));
        let part = Rect::from_x_y_ranges(at(pass.from)..=right, bar.y_range());
        if !pass.encoded {
            continue;
        }
        painter.rect_filled(part, 0.0, mix(tokens.canvas, ink, 0.14));
        hatch(painter, part, mix(tokens.canvas, ink, 0.55), 6.0);
        let done = at(progress.moved.clamp(pass.from, pass.to)).min(part.right());
        let solid = part.with_max_x(if progress.moved >= pass.to { part.right() } else { done });
        painter.rect_filled(solid, 0.0, mix(tokens.canvas, ink, 0.62));
        outline(painter, part, 0.0, 1.0, mix(tokens.canvas, ink, 0.8));
    }
    outline(painter, bar, 0.0, 1.0, tokens.separator_strong);
    let (unit, total) = (progress.unit.name(), count(progress.total));
    let spoken = format!(
        "{} of {total} {unit}s moved, {} encoded",
        count(progress.moved),
        count(progress.encoded)
    );
    let response = ui.interact(rect, ui.scope_id().with("progress"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Meter, true, &spoken));
    let moving = progress.moved > 0 && progress.moved < progress.total;
    if moving {
        playhead(painter, tokens, at(progress.moved), bar.top(), bar.bottom() + 3.0);
    }
    if !low {
        progress_labels(painter, tokens, bar, prepared, moving.then(|| at(progress.moved)));
    }
    response.on_hover_ui(|ui| {
        ui.label(&spoken);
        ui.weak("Solid: moved by the GPU. Hatched: encoded, not yet run. Empty: not encoded yet.");
    });
}

fn progress_labels(
    painter: &Painter,
    tokens: &Tokens,
    bar: Rect,
    prepared: &Prepared,
    playhead: Option<f32>,
) {
    let Some(progress) = &prepared.scene.progress else { return };
    let y = bar.bottom() + 12.0;
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let faint = tokens.text_faint;
    let unit = progress.unit.name();
    let first = format!("{unit} 0");
    let start = small(painter, pos2(bar.left(), y), left, &first, faint, 120.0).right();
    let total = crate::base::text::counted(progress.total, unit);
    let done = if progress.at_once {
        format!("{total}, programmed at once")
    } else if progress.moved >= progress.total {
        format!("all of {total} moved")
    } else {
        format!("{} of {total} encoded", count(progress.encoded))
    };
    let ink = tokens.text_secondary;
    let end = small(painter, pos2(bar.right(), y), right, &done, ink, bar.width() * 0.4).left();
    let mut legend_from = start;
    if let Some(x) = playhead {
        let moved = format!("{} moved", count(progress.moved));
        let ink = tokens.accent_text;
        let galley = text::mixed_text(painter, &moved, size::TEXT_SMALL, ink);
        let width = galley.size().x;
        let at = (x + 2.0).min(end - width - 12.0).max(start + 12.0);
        text::paint_galley(painter, pos2(at, y - 1.0), left, galley, ink);
        // The legend goes where more room is left.
        if at - start > end - at - width {
            legend(painter, tokens, (start, at), y);
            return;
        }
        legend_from = at + width;
    }
    legend(painter, tokens, (legend_from, end), y);
}

fn legend(painter: &Painter, tokens: &Tokens, (from, to): (f32, f32), y: f32) {
    let words = "solid: moved by the GPU   hatched: encoded, not yet run";
    let galley = text::mixed_text(painter, words, size::TEXT_SMALL, tokens.text_faint);
    if galley.size().x + 32.0 < to - from {
        let at = pos2((from + to) / 2.0, y - 1.0);
        text::paint_galley(painter, at, Align2::CENTER_CENTER, galley, tokens.text_faint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_share_the_strip_until_they_would_be_too_narrow() {
        assert_eq!(card_width(1176.0, 3), 368.0);
        assert_eq!(card_width(1176.0, 1), WIDEST);
        assert_eq!(card_width(600.0, 5), NARROWEST);
        assert_eq!(card_width(0.0, 0), NARROWEST);
    }
}
