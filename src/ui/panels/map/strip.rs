//! The brackets above a lane: banks, and ranges that the descriptor of a segment sets apart.
//!
//! Bounds belong to the segment and not to its content, so they never cover a block.

use std::sync::Arc;

use egui::{Align2, Color32, Galley, Painter, Pos2, Rect, vec2};

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
    let plain = (tokens.separator_strong, tokens.text_secondary);
    if let Some(strip) = lane.rects.banks {
        let parts = bank_parts(scene, lane);
        let rect = |part: &BankPart| part_rect(scene, lane, strip, part.x0, part.x1);
        // A hinted bank says its number even where it is narrower than that: others make room.
        let hinted = (tokens.accent, tokens.accent_text);
        let mut taken: Vec<Rect> = Vec::new();
        let mut last: Vec<Label> = Vec::new();
        for part in parts.iter().filter(|part| part.hinted) {
            let rect = rect(part);
            let label = label_of(painter, rect, &part.words, hinted.1).or_else(|| {
                let number = elide(painter, &part.words[2], size::TEXT_SMALL, hinted.1, 60.0);
                let least = taken.last().map_or(f32::NEG_INFINITY, Rect::right);
                let label = Label { center: rect.center(), galley: number };
                (label.rect().left() >= least).then_some(label)
            });
            taken.extend(label.as_ref().map(Label::rect));
            bracket(painter, rect, hinted.0, label.as_ref());
            last.extend(label);
        }
        for part in parts.iter().filter(|part| !part.hinted) {
            let rect = rect(part);
            let free = |label: &Label| {
                let words = label.rect().shrink2(vec2(LABEL_GAP, 0.0));
                taken.iter().all(|it| !it.intersects(words))
            };
            let label = label_of(painter, rect, &part.words, plain.1).filter(free);
            bracket(painter, rect, plain.0, label.as_ref());
            if let Some(label) = label {
                label.paint(painter, plain.1, None);
            }
        }
        // On top of the brackets beside it.
        for label in last {
            label.paint(painter, hinted.1, Some(tokens.canvas));
        }
    }
    if let Some(strip) = lane.rects.apart {
        for part in &apart_parts(scene, lane) {
            let rect = part_rect(scene, lane, row_of(strip, part.kind), part.x0, part.x1);
            let label = label_of(painter, rect, &part.words, plain.1);
            bracket(painter, rect, plain.0, label.as_ref());
            // These are few: where words do not fit inside, there is room beside the bracket.
            let label = label.or_else(|| beside(painter, strip, rect, &part.words, plain.1));
            if let Some(label) = label {
                label.paint(painter, plain.1, None);
            }
            if part.kind == ApartKind::Kept {
                // Where it ends is what the field says: a tick through the lane's upper edge.
                let x = snap_position(painter, rect.right() - 1.0);
                vertical_line(painter, x, rect.center().y, strip.bottom() + 4.0, tokens.text);
            }
        }
    }
}

/// The row of a range: what is kept lies closest to the blocks, what is protected above it.
pub(super) fn row_of(strip: Rect, kind: ApartKind) -> Rect {
    match kind {
        ApartKind::Protected => strip.with_max_y(strip.top() + size::BANK_STRIP),
        ApartKind::Kept => strip.with_min_y(strip.bottom() - size::BANK_STRIP),
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

/// Space at both ends of the words of a bracket.
const LABEL_GAP: f32 = 5.0;

/// Words in the middle of a bracket.
struct Label {
    center: Pos2,
    galley: Arc<Galley>,
}

impl Label {
    fn rect(&self) -> Rect {
        Rect::from_center_size(self.center, self.galley.size() + vec2(2.0 * LABEL_GAP, 0.0))
    }

    fn paint(self, painter: &Painter, ink: Color32, ground: Option<Color32>) {
        if let Some(ground) = ground {
            painter.rect_filled(self.rect().shrink2(vec2(2.0, 0.0)), 0.0, ground);
        }
        let at = self.center - vec2(0.0, 1.0);
        text::paint_galley(painter, at, Align2::CENTER_CENTER, self.galley, ink);
    }
}

/// The longest of `words` that fits in the middle of a bracket.
fn label_of(painter: &Painter, rect: Rect, words: &[String], ink: Color32) -> Option<Label> {
    let room = rect.width() - 14.0;
    let galleys =
        words.iter().map(|words| elide(painter, words, size::TEXT_SMALL, ink, f32::INFINITY));
    let galley = galleys.into_iter().find(|galley| galley.size().x <= room)?;
    Some(Label { center: rect.center(), galley })
}

/// The longest of `words` that fits in the strip at the right of a bracket, or at its left.
fn beside(
    painter: &Painter,
    strip: Rect,
    rect: Rect,
    words: &[String],
    ink: Color32,
) -> Option<Label> {
    let (right, left) = (strip.right() - rect.right(), rect.left() - strip.left());
    let room = right.max(left) - LABEL_GAP;
    let galleys =
        words.iter().map(|words| elide(painter, words, size::TEXT_SMALL, ink, f32::INFINITY));
    let galley = galleys.into_iter().find(|galley| galley.size().x <= room)?;
    let half = galley.size().x / 2.0 + LABEL_GAP;
    let x = if right >= left { rect.right() + half } else { rect.left() - half };
    Some(Label { center: Pos2::new(x, rect.center().y), galley })
}

/// A line with ends turned down, interrupted where its words stand.
fn bracket(painter: &Painter, rect: Rect, line: Color32, label: Option<&Label>) {
    let y = snap_position(painter, rect.center().y);
    let (left, right) = (rect.left() + 1.0, rect.right() - 1.0);
    let foot = rect.bottom() - 3.0;
    for x in [left, right - 1.0] {
        vertical_line(painter, x, y, foot, line);
    }
    let gap = label.map_or(rect.center().x..=rect.center().x, |label| {
        label.rect().left()..=label.rect().right()
    });
    for (from, to) in [(left, *gap.start()), (*gap.end(), right)] {
        if from < to {
            horizontal_line(painter, from, to, y, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn ranges_set_apart_have_a_row_each() {
        let two = Rect::from_min_max(pos2(0.0, 100.0), pos2(50.0, 136.0));
        assert_eq!(row_of(two, ApartKind::Protected).y_range(), egui::Rangef::new(100.0, 118.0));
        assert_eq!(row_of(two, ApartKind::Kept).y_range(), egui::Rangef::new(118.0, 136.0));
        let one = Rect::from_min_max(pos2(0.0, 100.0), pos2(50.0, 118.0));
        for kind in [ApartKind::Protected, ApartKind::Kept] {
            assert_eq!(row_of(one, kind), one, "{kind:?}");
        }
    }
}
