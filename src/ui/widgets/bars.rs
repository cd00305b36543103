//! A bar that shows shares of a whole: what is used, by whom, and what is free.

use egui::{Color32, Rect, Response, Role, Sense, Ui, Widget, WidgetInfo, vec2};

use super::patterns::{hatch, outline, snap, snap_position};
use crate::ui::theme::tokens;

/// How a part of a bar is filled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BarFill {
    /// One colour.
    Solid(Color32),
    /// A tint under hatching of the same colour.
    Hatched(Color32),
    /// Edge only.
    Hollow(Color32),
}

/// A part of a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarPart {
    /// Share of the whole bar, 0 to 1.
    pub share: f32,
    /// Its look.
    pub fill: BarFill,
}

/// Parts side by side, hatching where none is, and optionally a limit.
#[derive(Clone, Copy, Debug)]
#[must_use = "add it to a Ui"]
pub struct UsedBar<'a> {
    parts: &'a [BarPart],
    spoken: &'a str,
    limit: Option<f32>,
    height: f32,
}

impl<'a> UsedBar<'a> {
    /// A bar of 8 points over the full width; `spoken` says in words what it shows.
    pub const fn new(parts: &'a [BarPart], spoken: &'a str) -> Self {
        Self { parts, spoken, limit: None, height: 8.0 }
    }

    /// A tick at the share `limit` (0 to 1) that overhangs the bar.
    pub const fn limit(mut self, limit: f32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Height in points.
    pub const fn height(mut self, points: f32) -> Self {
        self.height = points;
        self
    }
}

impl Widget for UsedBar<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let tokens = tokens(ui);
        let overhang = if self.limit.is_some() { 3.0 } else { 0.0 };
        let height = self.height + 2.0 * overhang;
        let (space, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Meter, true, self.spoken));
        let painter = ui.painter();
        let bar = snap(painter, space.shrink2(vec2(0.0, overhang)));
        painter.rect_filled(bar, 0.0, tokens.lane);
        hatch(painter, bar, tokens.hatch, 5.0);
        let mut from = 0.0_f32;
        for part in self.parts.iter().filter(|part| part.share > 0.0) {
            let to = (from + part.share).min(1.0);
            let at = |share: f32| snap_position(painter, bar.left() + bar.width() * share);
            // A part ends a point early, so that neighbours stay apart, yet never vanishes.
            let right = (at(to) - 1.0).max(at(from) + 1.0).min(bar.right());
            let rect = Rect::from_x_y_ranges(at(from)..=right, bar.y_range());
            match part.fill {
                BarFill::Solid(color) => {
                    painter.rect_filled(rect, 0.0, color);
                }
                BarFill::Hatched(color) => {
                    painter.rect_filled(rect, 0.0, tokens.block_fill(color));
                    hatch(painter, rect, color, 5.0);
                    outline(painter, rect, 0.0, 1.0, color);
                }
                BarFill::Hollow(color) => {
                    painter.rect_filled(rect, 0.0, tokens.lane);
                    outline(painter, rect, 0.0, 1.0, color);
                }
            }
            from = to;
        }
        outline(painter, bar, 0.0, 1.0, tokens.separator_strong.gamma_multiply(0.6));
        if let Some(limit) = self.limit {
            let x = snap_position(painter, bar.left() + bar.width() * limit.clamp(0.0, 1.0));
            let tick = Rect::from_min_max(
                egui::pos2(x - 1.0, space.top()),
                egui::pos2(x + 1.0, space.bottom()),
            );
            painter.rect_filled(tick, 0.0, tokens.text);
        }
        response
    }
}
