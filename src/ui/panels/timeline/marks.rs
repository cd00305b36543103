//! What lies over the lanes: ruler, what is not executed, refusals, events, bookmarks, playhead.

use std::sync::Arc;

use egui::{Align2, Galley, Painter, Rect, pos2, vec2};

use super::lanes::columns;
use super::layout::{Layout, RULER, float, wide};
use crate::analysis::density::Density;
use crate::app::{Item, View};
use crate::ui::theme::{mix, size, text};
use crate::ui::widgets::{
    Icon, Tone, decimal_ticks, elide, hatch, horizontal_line, snap, vertical_line,
};

pub(super) fn paint_ruler(painter: &Painter, layout: &Layout) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let top = layout.header.bottom() + 1.0;
    let mut free = f32::NEG_INFINITY;
    for tick in decimal_ticks(0..wide(layout.commands), layout.steps.width(), 64.0) {
        let x = layout.steps.left() + tick.position;
        let length = if tick.label.is_some() { 5.0 } else { 3.0 };
        vertical_line(painter, x, top, top + length, tokens.separator_strong);
        if let Some(label) = &tick.label
            && x >= free
        {
            let font = text::monospace(size::MONO_TINY);
            let galley = painter.layout_no_wrap(label.clone(), font, tokens.text_faint);
            // The last label stands before its tick, where there is room.
            let (at, align) = if x + 4.0 + galley.size().x > layout.header.right() {
                (pos2(x - 4.0, top + 7.0), Align2::RIGHT_CENTER)
            } else {
                (pos2(x + 4.0, top + 7.0), Align2::LEFT_CENTER)
            };
            let painted = text::paint_galley(painter, at, align, galley, tokens.text_faint);
            free = painted.right() + 4.0;
        }
    }
}

/// What is not executed yet is hatched.
pub(super) fn paint_ahead(painter: &Painter, layout: &Layout, executed: usize) {
    if executed < layout.commands {
        let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
        let top = layout.header.bottom() + RULER;
        let from = layout.x(float(executed));
        let rest = Rect::from_min_max(pos2(from, top), layout.steps.max);
        hatch(painter, rest, tokens.hatch, size::HATCH_STEP);
    }
}

pub(super) fn paint_marks(painter: &Painter, layout: &Layout, density: &Density) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let middle = layout.marks.center().y - 2.0;
    let mut free = f32::NEG_INFINITY;
    for (bucket, paging) in density.paging.iter().enumerate() {
        let icon = match (paging.wrong, paging.refused) {
            (0, 0) => continue,
            (0, _) => Icon::Cross,
            _ => Icon::Warning,
        };
        let (from, to) = columns(layout, density.buckets(), bucket);
        let x = f32::midpoint(from, to.min(from + 10.0));
        if x >= free {
            icon.paint(painter, pos2(x, middle), 9.0, Tone::Error.color(tokens));
            free = x + 8.0;
        }
    }
}

/// The life of the selected allocation as dots on a line of their own.
pub(super) fn paint_events(painter: &Painter, layout: &Layout, view: &View<'_>) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let (Some((first, _)), Some((last, _))) = (view.history.first(), view.history.last()) else {
        return;
    };
    let y = layout.events;
    let ink = mix(tokens.canvas, tokens.accent, 0.4);
    horizontal_line(painter, layout.x(float(*first)), layout.x(float(*last)), y, ink);
    let mut free = f32::NEG_INFINITY;
    for (command, _) in view.history {
        let x = layout.x(float(*command));
        let current = *command == view.place.command;
        if current || x >= free {
            let radius = if current { 3.5 } else { 2.5 };
            painter.circle_filled(pos2(x, y + 0.5), radius, tokens.accent);
            free = x + 2.0;
        }
    }
}

/// Paints the bookmarks, and answers where each is and what it stands for.
pub(super) fn paint_bookmarks(
    painter: &Painter,
    layout: &Layout,
    view: &View<'_>,
    plate: Rect,
) -> Vec<(Rect, usize)> {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let steps = layout.commands;
    let mut places: Vec<(usize, &str)> = view
        .document
        .bookmarks
        .iter()
        .map(|bookmark| {
            (usize::try_from(bookmark.at).unwrap_or(steps).min(steps), bookmark.text.as_str())
        })
        .collect();
    places.sort_unstable();
    let mut found = Vec::new();
    let middle = layout.header.center().y;
    for (index, (step, words)) in places.iter().enumerate() {
        let x = layout.x(float(*step));
        let next =
            places.get(index + 1).map_or(layout.header.right(), |(next, _)| layout.x(float(*next)));
        Icon::Bookmark.paint(painter, pos2(x, middle), 12.0, tokens.accent);
        let mut left = x + 9.0;
        // The plate of the playhead lies over the bookmarks; what they say stands beside it.
        if left < plate.right() && x + 7.0 > plate.left() {
            left = plate.right() + 5.0;
        }
        let next = if left < plate.left() { next.min(plate.left()) } else { next };
        let room = next - left - 11.0;
        let mut right = x + 7.0;
        if room > 20.0 {
            let ink = tokens.text_secondary;
            let galley = elide(painter, words, size::TEXT_SMALL, ink, room.min(180.0));
            let at = pos2(left, middle);
            right = text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, ink).right();
        }
        let area = Rect::from_x_y_ranges(x - 6.0..=right, layout.header.y_range());
        found.push((area, *step));
    }
    found
}

/// A step that the pointer is over, here or in another panel.
pub(super) fn paint_hovered(painter: &Painter, layout: &Layout, hovered: Option<Item>) {
    let Some(Item::Step(place)) = hovered else { return };
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let x = layout.x(float(place.command));
    let (top, bottom) = (layout.header.bottom(), layout.steps.bottom());
    vertical_line(painter, x, top, bottom, tokens.text_faint);
}

pub(super) fn paint_playhead(
    painter: &Painter,
    layout: &Layout,
    view: &View<'_>,
    (plate, galley): (Rect, Arc<Galley>),
) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let x = layout.x(position(view)).round();
    let line = Rect::from_min_max(
        pos2(x - 1.0, layout.header.bottom() - 2.0),
        pos2(x + 1.0, layout.steps.bottom()),
    );
    painter.rect_filled(snap(painter, line), 0.0, tokens.accent);
    painter.rect_filled(plate, size::RADIUS_SMALL, tokens.accent);
    text::paint_galley(painter, plate.center(), Align2::CENTER_CENTER, galley, tokens.canvas);
}

/// The plate with the step over the playhead: where it lies and what it says.
pub(super) fn plate(painter: &Painter, layout: &Layout, view: &View<'_>) -> (Rect, Arc<Galley>) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let galley = painter.layout_no_wrap(view.place.to_string(), text::mono(), tokens.canvas);
    let width = (galley.size().x + 12.0).max(26.0);
    let half = width / 2.0;
    let least = layout.gutter.right() + half;
    let most = (layout.header.right() - half - 2.0).max(least);
    let middle = layout.x(position(view)).round().clamp(least, most);
    let centre = pos2(middle, layout.header.center().y);
    (snap(painter, Rect::from_center_size(centre, vec2(width, 16.0))), galley)
}

/// Where the run stands, in commands; inside a command by its operations and packets.
fn position(view: &View<'_>) -> f32 {
    let command = float(view.place.command);
    let Some(inner) = view.place.inner else { return command };
    let operations = view.trace.map_or(1, |trace| trace.operations.len()).max(1);
    let through = inner.operation as usize;
    let part = match inner.packet {
        None => float(through),
        Some(packet) => {
            let operation = view.trace.and_then(|trace| trace.operation(inner.operation));
            let packets = operation.map_or(1, |operation| operation.packets.len()).max(1);
            float(through) - 1.0 + float(packet as usize) / float(packets)
        }
    };
    command - 1.0 + (part / float(operations)).clamp(0.0, 1.0)
}
