//! Patterns that carry state before colour does, and edges on whole pixels.

use std::sync::Arc;

use egui::emath::GuiRounding as _;
use egui::epaint::Vertex;
use egui::epaint::WHITE_UV;
use egui::text::TextWrapping;
use egui::{
    Color32, CornerRadius, Galley, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2,
};

use crate::ui::theme::{OwnerColor, mixed_job, size, tokens_of_context};

/// `rect` with its edges on whole pixels of the painter's screen.
#[must_use]
pub fn snap(painter: &Painter, rect: Rect) -> Rect {
    rect.round_to_pixels(painter.pixels_per_point())
}

/// A coordinate on the nearest whole pixel of the painter's screen.
#[must_use]
pub fn snap_position(painter: &Painter, position: f32) -> f32 {
    position.round_to_pixels(painter.pixels_per_point())
}

/// A horizontal line one point thick, its upper edge at `y`.
pub fn horizontal_line(painter: &Painter, from: f32, to: f32, y: f32, color: Color32) {
    let rect = Rect::from_min_max(pos2(from, y), pos2(to, y + 1.0));
    painter.rect_filled(snap(painter, rect), 0.0, color);
}

/// A vertical line one point thick, its left edge at `x`.
pub fn vertical_line(painter: &Painter, x: f32, from: f32, to: f32, color: Color32) {
    let rect = Rect::from_min_max(pos2(x, from), pos2(x + 1.0, to));
    painter.rect_filled(snap(painter, rect), 0.0, color);
}

/// An edge of `width` points inside `rect`.
pub fn outline(painter: &Painter, rect: Rect, radius: f32, width: f32, color: Color32) {
    let stroke = Stroke::new(width, color);
    painter.rect_stroke(
        snap(painter, rect),
        CornerRadius::from(radius),
        stroke,
        StrokeKind::Inside,
    );
}

/// Which way the lines of a hatching run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slope {
    /// Up to the right: free space.
    Rising,
    /// Down to the right.
    Falling,
}

/// Diagonal hatching, `step` points from line to line along the horizontal: the sign for "free".
pub fn hatch(painter: &Painter, rect: Rect, color: Color32, step: f32) {
    let mut mesh = Mesh::default();
    let rect = snap(painter, rect);
    hatch_mesh(&mut mesh, rect, color, step, Slope::Rising, painter.pixels_per_point());
    painter.add(Shape::mesh(mesh));
}

/// Hatching in both directions: the sign for damage.
pub fn cross_hatch(painter: &Painter, rect: Rect, color: Color32, step: f32) {
    let mut mesh = Mesh::default();
    let rect = snap(painter, rect);
    for slope in [Slope::Rising, Slope::Falling] {
        hatch_mesh(&mut mesh, rect, color, step, slope, painter.pixels_per_point());
    }
    painter.add(Shape::mesh(mesh));
}

/// Adds a hatching to `mesh`, so that many holes of a map stay one mesh.
///
/// Lines are cut at the edges of `rect`. They hang on the screen's origin and not on the
/// rectangle, so that the pattern runs on from one hole to the next and holds still when a hole
/// grows.
pub fn hatch_mesh(
    mesh: &mut Mesh,
    rect: Rect,
    color: Color32,
    step: f32,
    slope: Slope,
    pixels_per_point: f32,
) {
    if !rect.is_positive() || !rect.is_finite() || step < 0.5 || pixels_per_point <= 0.0 {
        return;
    }
    // A falling line is a rising one seen in a mirror.
    let mirror = if slope == Slope::Rising { 1.0 } else { -1.0 };
    let (left, right) = match slope {
        Slope::Rising => (rect.left(), rect.right()),
        Slope::Falling => (-rect.right(), -rect.left()),
    };
    // A line one point thick is 1.41 points wide along the horizontal; its sides fade over as
    // much of a pixel.
    let half = std::f32::consts::FRAC_1_SQRT_2;
    let fade = half / pixels_per_point;
    let (inner, outer) = ((half - fade).max(0.0), half + fade);
    let strips = [(-outer, 0.0, -inner, 1.0), (-inner, 1.0, inner, 1.0), (inner, 1.0, outer, 0.0)];
    // On a rising line, x + y is constant.
    let mut line = ((left + rect.top() - outer) / step).floor() * step;
    while line <= right + rect.bottom() + outer {
        for (from, from_alpha, to, to_alpha) in strips {
            if to - from < 1e-4 {
                continue;
            }
            let corner = |shift: f32, y: f32, alpha: f32| (line - y + shift, y, alpha);
            let quad = [
                corner(from, rect.top(), from_alpha),
                corner(to, rect.top(), to_alpha),
                corner(to, rect.bottom(), to_alpha),
                corner(from, rect.bottom(), from_alpha),
            ];
            let cut = cut_side(&cut_side(&quad, left, 1.0), right, -1.0);
            add_fan(mesh, &cut, mirror, color);
        }
        line += step;
    }
}

/// Horizontal and vertical place, and strength of the colour there.
type Shaded = (f32, f32, f32);

/// The part of a convex polygon at the right of `edge`, or at the left where `sign` is negative.
fn cut_side(corners: &[Shaded], edge: f32, sign: f32) -> Vec<Shaded> {
    let mut kept = Vec::with_capacity(corners.len() + 1);
    let beyond = |corner: &Shaded| (corner.0 - edge) * sign;
    for (index, corner) in corners.iter().enumerate() {
        let next = &corners[(index + 1) % corners.len()];
        let (here, there) = (beyond(corner), beyond(next));
        if here >= 0.0 {
            kept.push(*corner);
        }
        if (here < 0.0) != (there < 0.0) {
            let share = here / (here - there);
            let between = |a: f32, b: f32| a + (b - a) * share;
            kept.push((edge, between(corner.1, next.1), between(corner.2, next.2)));
        }
    }
    kept
}

fn add_fan(mesh: &mut Mesh, corners: &[Shaded], mirror: f32, color: Color32) {
    let Ok(first) = u32::try_from(mesh.vertices.len()) else { return };
    let Ok(count) = u32::try_from(corners.len()) else { return };
    for &(x, y, alpha) in corners {
        let color = color.gamma_multiply(alpha);
        mesh.vertices.push(Vertex { pos: pos2(x * mirror, y), uv: WHITE_UV, color });
    }
    for corner in 2..count {
        mesh.add_triangle(first, first + corner - 1, first + corner);
    }
}

/// Staggered dots: the sign for "could go".
pub fn dots(painter: &Painter, rect: Rect, color: Color32) {
    let mut mesh = Mesh::default();
    dots_mesh(&mut mesh, rect, color, painter.pixels_per_point());
    painter.add(Shape::mesh(mesh));
}

/// Adds staggered dots to `mesh`.
pub fn dots_mesh(mesh: &mut Mesh, rect: Rect, color: Color32, pixels_per_point: f32) {
    let pixel = 1.0 / pixels_per_point;
    let side = (1.5 / pixel).round().max(1.0) * pixel;
    let (mut y, mut odd) = (rect.top() + 4.0, false);
    while y + side < rect.bottom() - 1.0 {
        let mut x = rect.left() + if odd { 7.0 } else { 4.0 };
        while x + side < rect.right() - 1.0 {
            let corner =
                pos2(x.round_to_pixels(pixels_per_point), y.round_to_pixels(pixels_per_point));
            mesh.add_colored_rect(Rect::from_min_size(corner, vec2(side, side)), color);
            x += 6.0;
        }
        y += 4.0;
        odd = !odd;
    }
}

/// A dashed edge inside `rect`, 4 points drawn and 3 left out: what was there and left.
pub fn dashed_rect(painter: &Painter, rect: Rect, color: Color32) {
    let rect = snap(painter, rect);
    if !rect.is_positive() {
        return;
    }
    let mut mesh = Mesh::default();
    let mut dash = |from: Pos2, to: Pos2| {
        mesh.add_colored_rect(snap(painter, Rect::from_two_pos(from, to)), color);
    };
    let (left, right, top, bottom) = (rect.left(), rect.right(), rect.top(), rect.bottom());
    let mut x = left;
    while x < right {
        let end = (x + 4.0).min(right);
        dash(pos2(x, top), pos2(end, top + 1.0));
        dash(pos2(x, bottom - 1.0), pos2(end, bottom));
        x += 7.0;
    }
    let mut y = top;
    while y < bottom {
        let end = (y + 4.0).min(bottom);
        dash(pos2(left, y), pos2(left + 1.0, end));
        dash(pos2(right - 1.0, y), pos2(right, end));
        y += 7.0;
    }
    painter.add(Shape::mesh(mesh));
}

/// A glow round `rect`: what has just arrived. `strength` runs from 1 down to 0 as it fades.
pub fn halo(painter: &Painter, rect: Rect, color: Color32, strength: f32) {
    if strength <= 0.0 {
        return;
    }
    for (reach, share) in [(8.0, 0.12), (6.5, 0.14), (5.0, 0.18), (3.5, 0.24)] {
        let ring = Stroke::new(reach, color.gamma_multiply(share * strength.min(1.0)));
        painter.rect_stroke(rect, CornerRadius::from(reach * 0.5), ring, StrokeKind::Outside);
    }
}

/// The strip of full colour on top of a block; notched where another owner has the plain hue.
pub fn owner_cap(painter: &Painter, block: Rect, owner: OwnerColor) {
    let height = size::BLOCK_CAP.min(block.height());
    let cap = snap(painter, Rect::from_min_size(block.min, vec2(block.width(), height)));
    if !owner.notched {
        painter.rect_filled(cap, 0.0, owner.color);
        return;
    }
    let mut mesh = Mesh::default();
    let mut x = cap.left();
    while x < cap.right() {
        let tooth =
            Rect::from_min_max(pos2(x, cap.top()), pos2((x + 4.0).min(cap.right()), cap.bottom()));
        mesh.add_colored_rect(snap(painter, tooth), owner.color);
        x += 6.0;
    }
    painter.add(Shape::mesh(mesh));
}

/// The square that stands for an owner in lists, in the middle of `rect`; notched like the cap.
pub fn swatch(painter: &Painter, rect: Rect, owner: OwnerColor) {
    let rect = snap(painter, rect);
    painter.rect_filled(rect, 0.0, owner.color);
    if owner.notched {
        let ground = tokens_of_context(painter.ctx()).panel;
        let notch = vec2(rect.width() / 3.0, rect.height() / 2.0);
        let corner = pos2(rect.center().x - notch.x / 2.0, rect.top());
        painter.rect_filled(snap(painter, Rect::from_min_size(corner, notch)), 0.0, ground);
    }
}

/// `text` on one line of at most `width` points, cut short with an ellipsis where it is longer;
/// `elided` of the answer says whether it was. Hexadecimal words are monospace.
#[must_use]
pub fn elide(
    painter: &Painter,
    text: &str,
    points: f32,
    color: Color32,
    width: f32,
) -> Arc<Galley> {
    let mut job = mixed_job(text, points, color);
    job.wrap = TextWrapping::truncate_at_width(width.max(0.0));
    painter.layout_job(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hatched(rect: Rect, slope: Slope) -> Mesh {
        let mut mesh = Mesh::default();
        hatch_mesh(&mut mesh, rect, Color32::WHITE, 7.0, slope, 1.0);
        mesh
    }

    #[test]
    fn a_hatching_stays_inside_its_rectangle() {
        for slope in [Slope::Rising, Slope::Falling] {
            for rect in [
                Rect::from_min_max(pos2(13.0, 5.0), pos2(60.0, 41.0)),
                Rect::from_min_max(pos2(100.0, 20.0), pos2(101.0, 90.0)),
                Rect::from_min_max(pos2(-20.0, -9.0), pos2(50.0, -7.0)),
            ] {
                let mesh = hatched(rect, slope);
                assert!(mesh.is_valid() && !mesh.indices.is_empty());
                let grown = rect.expand(0.01);
                assert!(
                    mesh.vertices.iter().all(|vertex| grown.contains(vertex.pos)),
                    "{slope:?} {rect:?}"
                );
            }
        }
    }

    /// Middle of a line of full strength on the row `y`, by the rule x + y = 7n (or x - y = 7n).
    #[test]
    fn a_hatching_hangs_on_the_screen_and_not_on_its_rectangle() {
        let full = |mesh: &Mesh, sign: f32| {
            let mut found = mesh.vertices.iter().filter(|vertex| vertex.color == Color32::WHITE);
            found.all(|vertex| {
                let line = (vertex.pos.x + sign * vertex.pos.y) / 7.0;
                (line - line.round()).abs() < 0.01
            })
        };
        for shift in [0.0, 1.0, 3.0, 5.5] {
            let rect = Rect::from_min_size(pos2(10.0 + shift, 3.0 + shift), vec2(40.0, 20.0));
            assert!(full(&hatched(rect, Slope::Rising), 1.0));
            assert!(full(&hatched(rect, Slope::Falling), -1.0));
        }
    }

    #[test]
    fn nothing_is_hatched_where_there_is_nothing() {
        for rect in [Rect::NOTHING, Rect::EVERYTHING, Rect::NAN, Rect::ZERO] {
            assert!(hatched(rect, Slope::Rising).is_empty());
        }
    }
}
