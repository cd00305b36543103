//! The patterns of the panel: what stayed, what moved, what is gone, and what takes time.

use std::sync::Arc;

use egui::{Align, Color32, Galley, Painter, Rect, pos2, vec2};

use crate::analysis::power::Share;
use crate::ui::theme::{Tokens, mix, size, text, tokens_of_context};
use crate::ui::widgets::{cross_hatch, dots, hatch, outline, snap};
use crate::vidmm::Phase;

/// Step of the hatchings inside bars and signs.
const STEP: f32 = 5.0;

/// The colour of a share's pattern.
pub(super) const fn ink(tokens: &Tokens, share: Share) -> Color32 {
    match share {
        Share::Kept | Share::Unmapped => tokens.ok,
        Share::MovedOut => tokens.moved_out,
        Share::Discarded => tokens.text_faint,
        Share::Lost => tokens.error,
    }
}

/// Fills a rectangle with the pattern of a share: solid, hollow, hatched, dotted, cross-hatched.
pub(super) fn fill(painter: &Painter, rect: Rect, share: Share) {
    let tokens = tokens_of_context(painter.ctx());
    let rect = snap(painter, rect);
    if !rect.is_positive() {
        return;
    }
    let ink = ink(tokens, share);
    match share {
        Share::Kept => {
            painter.rect_filled(rect, 0.0, mix(tokens.lane, ink, 0.6));
        }
        Share::Unmapped => {
            painter.rect_filled(rect, 0.0, mix(tokens.lane, ink, 0.08));
        }
        Share::MovedOut => {
            painter.rect_filled(rect, 0.0, mix(tokens.lane, ink, 0.2));
            hatch(painter, rect, ink, STEP);
        }
        Share::Discarded => {
            painter.rect_filled(rect, 0.0, tokens.lane);
            // A bar is low: the first dots lie nearer to its edge than on the map.
            let inside = painter.with_clip_rect(painter.clip_rect().intersect(rect));
            dots(&inside, rect.expand(2.0), ink);
        }
        Share::Lost => {
            painter.rect_filled(rect, 0.0, mix(tokens.lane, ink, 0.25));
            cross_hatch(painter, rect, ink, STEP);
        }
    }
    outline(painter, rect, 0.0, 1.0, ink);
}

/// The square that stands for a share in legends and tables.
pub(super) fn sign(painter: &Painter, centre: egui::Pos2, share: Share) {
    fill(painter, Rect::from_center_size(centre, vec2(14.0, 10.0)), share);
}

/// Fills a rectangle with the pattern of a phase.
pub(super) fn fill_phase(painter: &Painter, rect: Rect, phase: Phase) {
    let tokens = tokens_of_context(painter.ctx());
    let rect = snap(painter, rect);
    if !rect.is_positive() {
        return;
    }
    match phase {
        Phase::Evict(_) => fill(painter, rect, Share::MovedOut),
        Phase::Unmap(_) => fill(painter, rect, Share::Unmapped),
        Phase::Restore(_) => {
            painter.rect_filled(rect, 0.0, mix(tokens.lane, tokens.moved_in, 0.2));
            hatch(painter, rect, tokens.moved_in, STEP);
            outline(painter, rect, 0.0, 1.0, tokens.moved_in);
        }
        Phase::Remap(_) => {
            painter.rect_filled(rect, 0.0, mix(tokens.lane, tokens.mapped, 0.3));
            outline(painter, rect, 0.0, 1.0, tokens.mapped);
        }
        Phase::SetPowerState(_) => {
            painter.rect_filled(rect, 0.0, mix(tokens.lane, tokens.text_secondary, 0.3));
            outline(painter, rect, 0.0, 1.0, tokens.text_secondary);
        }
        Phase::HibernateFile => {
            painter.rect_filled(rect, 0.0, tokens.lane);
            dots(painter, rect, tokens.text_secondary);
            outline(painter, rect, 0.0, 1.0, tokens.text_secondary);
        }
        Phase::Drain | Phase::Rebuild | Phase::Other => {
            painter.rect_filled(rect, 0.0, mix(tokens.lane, tokens.text_faint, 0.5));
            outline(painter, rect, 0.0, 1.0, tokens.text_faint);
        }
    }
}

/// A text over as many lines as it needs.
pub(super) fn wrapped(
    painter: &Painter,
    words: &str,
    points: f32,
    color: Color32,
    width: f32,
) -> Arc<Galley> {
    let mut job = text::mixed_job(words, points, color);
    job.wrap.max_width = width.max(1.0);
    painter.layout_job(job)
}

/// Pieces of text on lines of at most `width`, none of them broken: where each stands, and the
/// height of all of them.
pub(super) fn flow(widths: &[f32], width: f32, gap: f32, line: f32) -> (Vec<(f32, f32)>, f32) {
    let (mut x, mut y) = (0.0_f32, 0.0_f32);
    let at = widths
        .iter()
        .map(|own| {
            if x > 0.0 && x + own > width {
                (x, y) = (0.0, y + line);
            }
            let at = (x, y);
            x += own + gap;
            at
        })
        .collect();
    (at, if widths.is_empty() { 0.0 } else { y + line })
}

/// Paints a galley with its upper left corner at a point, on whole pixels.
pub(super) fn place(painter: &Painter, x: f32, y: f32, galley: Arc<Galley>, color: Color32) {
    text::paint_galley(painter, pos2(x, y), egui::Align2([Align::Min; 2]), galley, color);
}

/// A small text on one line that begins at a point.
pub(super) fn small(painter: &Painter, words: &str, color: Color32) -> Arc<Galley> {
    text::mixed_text(painter, words, size::TEXT_SMALL, color)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_flow_over_lines_and_none_is_broken() {
        let (at, height) = flow(&[40.0, 40.0, 40.0], 100.0, 8.0, 15.0);
        assert_eq!(at, [(0.0, 0.0), (48.0, 0.0), (0.0, 15.0)]);
        assert!((height - 30.0).abs() < 1e-6);
        // One that is too wide still stands on a line of its own.
        let (at, height) = flow(&[40.0, 200.0], 100.0, 8.0, 15.0);
        assert_eq!(at, [(0.0, 0.0), (0.0, 15.0)]);
        assert!((height - 30.0).abs() < 1e-6);
        assert_eq!(flow(&[], 100.0, 8.0, 15.0), (Vec::new(), 0.0));
    }
}
