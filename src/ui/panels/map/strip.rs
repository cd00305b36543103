//! The brackets above a lane: banks, and ranges that the descriptor of a segment sets apart.
//!
//! Bounds belong to the segment and not to its content, so they never cover a block.

use egui::{Align2, Color32, Painter, Rect, pos2};

use super::lane::LaneView;
use super::scene::Scene;
use crate::analysis::strips::{self, ApartKind, ApartPart, BankPart};
use crate::app::{Item, View};
use crate::base::Span;
use crate::rules::CheckedSegment;
use crate::ui::theme::{size, text};
use crate::ui::widgets::{elide, horizontal_line, snap_position, vertical_line};

/// The ranges that a segment's descriptor sets apart.
pub(super) fn ranges_apart(view: &View<'_>, segment: &CheckedSegment) -> Vec<(ApartKind, Span)> {
    strips::ranges_apart(segment, view.run.adapter().segments.get(segment.id.index()))
}

/// The brackets of a lane's banks; those that the selected allocation is hinted to stand alone.
pub(super) fn bank_parts(scene: &Scene<'_>, lane: &LaneView<'_>) -> Vec<BankPart> {
    let selected = match scene.view.selected {
        Some(Item::Allocation(id)) => scene.started.vidmm().book().allocation(id),
        _ => None,
    };
    let info = selected.map(crate::vidmm::Allocation::info);
    let wanted = info.filter(|info| {
        let id = lane.segment.id;
        info.supported_read.contains(id) || info.supported_write.contains(id)
    });
    let hinted =
        |bank| wanted.is_some_and(|info| info.hinted_banks.iter().any(|it| it.bank == bank));
    let least = strips::BANK_LEAST * f64::from(scene.pixels_per_point);
    strips::bank_parts(&lane.segment.banks, lane.scale, least, hinted)
}

/// The brackets of ranges set apart in a lane.
pub(super) fn apart_parts(scene: &Scene<'_>, lane: &LaneView<'_>) -> Vec<ApartPart> {
    strips::apart_parts(&ranges_apart(scene.view, lane.segment), lane.scale)
}

/// Paints what stands above a lane.
pub(super) fn paint(painter: &Painter, scene: &Scene<'_>, lane: &LaneView<'_>) {
    let tokens = scene.tokens;
    if let Some(strip) = lane.rects.banks {
        let parts = bank_parts(scene, lane);
        for part in &parts {
            let inks = if part.hinted {
                (tokens.accent, tokens.accent_text)
            } else {
                (tokens.separator_strong, tokens.text_secondary)
            };
            bracket(painter, part_rect(scene, lane, strip, part.x0, part.x1), &part.words, inks);
        }
    }
    if let Some(strip) = lane.rects.apart {
        for part in &apart_parts(scene, lane) {
            let rect = part_rect(scene, lane, strip, part.x0, part.x1);
            let inks = (tokens.separator_strong, tokens.text_secondary);
            // Brackets of both kinds may overlap: what hibernation keeps begins with the segment.
            let half = strip.height() / 2.0;
            let rect = match part.kind {
                ApartKind::Protected => rect,
                ApartKind::Kept => rect.translate(egui::vec2(0.0, half / 4.0)),
            };
            bracket(painter, rect, &part.words, inks);
            if part.kind == ApartKind::Kept {
                // Where it ends is what the field says: a tick through the lane's upper edge.
                let x = snap_position(painter, rect.right() - 1.0);
                vertical_line(painter, x, rect.center().y, strip.bottom() + 4.0, tokens.text);
            }
        }
    }
}

fn part_rect(scene: &Scene<'_>, lane: &LaneView<'_>, strip: Rect, x0: f64, x1: f64) -> Rect {
    let at = |column: f64| {
        #[expect(clippy::cast_possible_truncation)]
        let column = column.round() as f32;
        lane.rects.blocks.left() + column / scene.pixels_per_point
    };
    Rect::from_x_y_ranges(at(x0)..=at(x1), strip.y_range())
}

/// A line with ends turned down and the longest of `words` that fits in its middle.
fn bracket(painter: &Painter, rect: Rect, words: &[String], (line, ink): (Color32, Color32)) {
    let y = snap_position(painter, rect.center().y);
    let (left, right) = (rect.left() + 1.0, rect.right() - 1.0);
    let room = rect.width() - 14.0;
    let fits = |words: &&String| {
        let galley = elide(painter, words, size::TEXT_SMALL, ink, f32::INFINITY);
        galley.size().x <= room
    };
    let foot = rect.bottom() - 3.0;
    for x in [left, right - 1.0] {
        vertical_line(painter, x, y, foot, line);
    }
    let Some(words) = words.iter().find(fits) else {
        horizontal_line(painter, left, right, y, line);
        return;
    };
    let galley = elide(painter, words, size::TEXT_SMALL, ink, f32::INFINITY);
    let half = galley.size().x / 2.0 + 5.0;
    let center = rect.center().x;
    horizontal_line(painter, left, center - half, y, line);
    horizontal_line(painter, center + half, right, y, line);
    text::paint_galley(painter, pos2(center, y - 1.0), Align2::CENTER_CENTER, galley, ink);
}
