//! Texts cut to their room, and shares of a bar, for every part of the panel.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align2, Color32, Painter, Pos2, Rect, vec2};

use crate::ui::theme::{size, text as theme_text};
use crate::ui::widgets::elide;

/// Paints small text cut to `width`, and says where.
pub(super) fn small(
    painter: &Painter,
    at: Pos2,
    align: Align2,
    text: &str,
    ink: Color32,
    width: f32,
) -> Rect {
    let galley = elide(painter, text, size::TEXT_SMALL, ink, width);
    theme_text::paint_galley(painter, at - vec2(0.0, 1.0), align, galley, ink)
}

/// Paints monospace text cut to `width`, and says where.
pub(super) fn mono(
    painter: &Painter,
    at: Pos2,
    align: Align2,
    text: &str,
    ink: Color32,
    width: f32,
) -> Rect {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), theme_text::mono(), ink);
    job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    theme_text::paint_galley(painter, at, align, painter.layout_job(job), ink)
}

/// Share of `part` in `whole`, 0 to 1.
pub(super) fn share(part: u64, whole: u64) -> f32 {
    // Only positions on a bar: what the conversions lose is far below a pixel.
    #[expect(clippy::cast_precision_loss)]
    let (part, whole) = (part as f32, whole.max(1) as f32);
    (part / whole).clamp(0.0, 1.0)
}
