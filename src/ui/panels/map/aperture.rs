//! Some pages of an aperture enlarged, the frames of system memory, and the links between them.

use std::ops::RangeInclusive;
use std::sync::Arc;

use egui::epaint::CubicBezierShape;
use egui::{Align2, Color32, Mesh, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

use super::lane::LaneView;
use super::layout::ApertureRects;
use super::scene::Scene;
use crate::analysis::coverage::{Column, Scale};
use crate::analysis::lanes;
use crate::analysis::lens::{self, FrameClass, LensPage, PageTarget};
use crate::base::text::{counted, hex};
use crate::base::{FrameNumber, PAGE_SIZE, Span};
use crate::ui::theme::{mix, size, text};
use crate::ui::widgets::{Slope, hatch_mesh, snap, snap_position};

/// How many pages are enlarged at most.
pub(super) const LENS_PAGES: u64 = 64;

/// What a kept lens was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LensKey {
    revision: u64,
    first: u64,
    rect: Rect,
    theme: egui::Theme,
    pixels_per_point: f32,
}

/// A lens that is kept until something about it changes.
#[derive(Clone, Debug)]
pub(super) struct LensCache {
    key: LensKey,
    /// The enlarged pages.
    pub(super) pages: Vec<LensPage>,
    frames: Vec<Column<FrameClass>>,
    /// Cells, frames and dotted links.
    mesh: Arc<Mesh>,
    /// Links to frames.
    links: Vec<Shape>,
}

/// A lens as it is painted in this frame.
#[derive(Clone, Copy)]
pub(super) struct LensView<'a> {
    pub(super) lane: &'a LaneView<'a>,
    pub(super) rects: ApertureRects,
    /// System memory over the columns of the frames.
    pub(super) frames: Scale,
    /// The first of the enlarged pages.
    pub(super) first: u64,
}

impl LensCache {
    /// The kept lens where it still holds, else a new one; `None` where there is no page table.
    pub(super) fn renewed(
        kept: Option<Self>,
        scene: &Scene<'_>,
        lens: &LensView<'_>,
    ) -> Option<Self> {
        let key = LensKey {
            revision: scene.view.revision,
            first: lens.first,
            rect: lens.rects.pages,
            theme: scene.tokens.theme,
            pixels_per_point: scene.pixels_per_point,
        };
        let frames = match kept {
            Some(kept) if kept.key == key => return Some(kept),
            // The lens moves more often than memory changes.
            Some(kept) if LensKey { first: lens.first, ..kept.key } == key => kept.frames,
            _ => lens::frame_columns(scene.started.host(), lens.frames.columns()),
        };
        let id = lens.lane.segment.id;
        lens::PageTable::of(scene.started, id)?;
        let pages = lens::pages(
            scene.view.run,
            scene.view.place,
            scene.started,
            id,
            (lens.first, LENS_PAGES),
        );
        let mut mesh = Mesh::default();
        let mut links = Vec::new();
        add_frames(&mut mesh, scene, lens, &frames);
        for (index, page) in pages.iter().enumerate() {
            add_link(&mut mesh, &mut links, scene, lens, (index, pages.len()), page);
        }
        for (index, page) in pages.iter().enumerate() {
            add_page(&mut mesh, scene, lens, (index, pages.len()), page);
        }
        Some(Self { key, pages, frames, mesh: Arc::new(mesh), links })
    }

    /// The page under a place on the screen.
    pub(super) fn page_at(&self, lens: &LensView<'_>, at: Pos2) -> Option<&LensPage> {
        if !lens.rects.pages.contains(at) {
            return None;
        }
        let cells = 0..self.pages.len();
        let index = cells.rev().find(|i| cell_x(lens, (*i, self.pages.len()), 0.0) <= at.x)?;
        self.pages.get(index)
    }

    /// The page whose link passes within four points of a place on the screen.
    pub(super) fn link_at(
        &self,
        scene: &Scene<'_>,
        lens: &LensView<'_>,
        at: Pos2,
    ) -> Option<&LensPage> {
        if !lens.rects.links.contains(at) {
            return None;
        }
        // All links have the same course from top to bottom.
        let share = (at.y - lens.rects.links.top()) / lens.rects.links.height();
        let t = course(share);
        let distance = |(index, page): (usize, &LensPage)| {
            let PageTarget::Frame { frame, .. } = page.target else { return f32::INFINITY };
            let from = cell_x(lens, (index, self.pages.len()), 0.5);
            let x = from + (frame_x(scene, lens, frame) - from) * t * t * (3.0 - 2.0 * t);
            (x - at.x).abs()
        };
        let near = self.pages.iter().enumerate().map(|page| (distance(page), page.1));
        let near = near.min_by(|a, b| a.0.total_cmp(&b.0));
        near.filter(|(distance, _)| *distance <= 4.0).map(|(_, page)| page)
    }

    /// The frame under a place on the screen: the end of a link that is near, else the first of
    /// the pixel.
    pub(super) fn frame_at(
        &self,
        scene: &Scene<'_>,
        lens: &LensView<'_>,
        at: Pos2,
    ) -> Option<FrameNumber> {
        if !lens.rects.frames.expand2(vec2(0.0, 3.0)).contains(at) {
            return None;
        }
        let ends = self.pages.iter().filter_map(|page| page.target.frame());
        let near = ends.map(|frame| ((frame_x(scene, lens, frame) - at.x).abs(), frame));
        let near = near.min_by(|a, b| a.0.total_cmp(&b.0)).filter(|(far, _)| *far <= 2.0);
        let column = f64::from((at.x - lens.rects.frames.left()) * scene.pixels_per_point);
        near.map(|(_, frame)| frame)
            .or_else(|| Some(FrameNumber(lens.frames.position_at(column.floor()))))
    }
}

/// The parameter at which a link has come so far down, 0 to 1: the inverse of how its height runs.
fn course(share: f32) -> f32 {
    // Heights of the four points are 0, 1/2, 1/2 and 1 of the way.
    let height = |t: f32| 1.5 * (1.0 - t) * (1.0 - t) * t + 1.5 * (1.0 - t) * t * t + t * t * t;
    let (mut low, mut high) = (0.0_f32, 1.0_f32);
    for _ in 0..16 {
        let middle = f32::midpoint(low, high);
        if height(middle) < share { low = middle } else { high = middle }
    }
    f32::midpoint(low, high)
}

/// A place in a cell, `share` of its width from its left edge.
fn cell_x(lens: &LensView<'_>, (index, count): (usize, usize), share: f32) -> f32 {
    let number = |n: usize| f32::from(u8::try_from(n).unwrap_or(u8::MAX));
    let rect = lens.rects.pages;
    rect.left() + rect.width() * (number(index) + share) / number(count.max(1))
}

fn cell(scene: &Scene<'_>, lens: &LensView<'_>, (index, count): (usize, usize)) -> Rect {
    let snapped = |x: f32| (x * scene.pixels_per_point).round() / scene.pixels_per_point;
    let left = snapped(cell_x(lens, (index, count), 0.0));
    let right = snapped(cell_x(lens, (index, count), 1.0)) - 1.0;
    Rect::from_x_y_ranges(left..=right, lens.rects.pages.y_range())
}

/// Where a frame lies in the strip of system memory.
fn frame_x(scene: &Scene<'_>, lens: &LensView<'_>, frame: FrameNumber) -> f32 {
    #[expect(clippy::cast_possible_truncation)]
    let column = lens.frames.column_of(frame.get()).floor() as f32;
    (lens.rects.frames.left() + column / scene.pixels_per_point)
        .min(lens.rects.frames.right() - 1.0)
}

fn add_frames(
    mesh: &mut Mesh,
    scene: &Scene<'_>,
    lens: &LensView<'_>,
    frames: &[Column<FrameClass>],
) {
    let (tokens, rect) = (scene.tokens, lens.rects.frames);
    mesh.add_colored_rect(rect, tokens.lane);
    let pixel = 1.0 / scene.pixels_per_point;
    let used = mix(tokens.lane, tokens.text_faint, 0.42);
    let mut left = rect.left();
    for column in frames {
        let height = (column.used() * rect.height() * scene.pixels_per_point).ceil() * pixel;
        if height > 0.0 {
            let top = rect.bottom() - height.min(rect.height());
            let bar = Rect::from_min_max(pos2(left, top), pos2(left + pixel, rect.bottom()));
            mesh.add_colored_rect(bar, used);
        }
        left += pixel;
    }
}

fn add_page(
    mesh: &mut Mesh,
    scene: &Scene<'_>,
    lens: &LensView<'_>,
    place: (usize, usize),
    page: &LensPage,
) {
    let tokens = scene.tokens;
    let rect = cell(scene, lens, place);
    let edge = tokens.separator_strong.gamma_multiply(0.6);
    mesh.add_colored_rect(rect, edge);
    let inside = rect.shrink(1.0);
    match page.target {
        PageTarget::Frame { coherent, .. } => {
            let owner = owner_color(scene, page);
            mesh.add_colored_rect(inside, tokens.block_fill(owner));
            mesh.add_colored_rect(rect.with_max_y(rect.top() + size::BLOCK_CAP), owner);
            if coherent {
                let bar = Rect::from_min_size(
                    pos2((rect.center().x - 3.0).round(), rect.bottom() - 5.0),
                    vec2(6.0, 2.0),
                );
                mesh.add_colored_rect(bar, tokens.text_secondary);
            }
        }
        PageTarget::Dummy(_) | PageTarget::Nowhere => {
            mesh.add_colored_rect(inside, tokens.lane);
            if page.target == PageTarget::Nowhere {
                // Like what is unusable on a lane: an access reaches nothing.
                let ink = mix(tokens.lane, tokens.text_faint, 0.55);
                for slope in [Slope::Rising, Slope::Falling] {
                    hatch_mesh(mesh, inside, ink, 5.0, slope, scene.pixels_per_point);
                }
            }
            if page.owner.is_some() {
                // Booked and not mapped yet: an owner without content.
                let cap = rect.with_max_y(rect.top() + size::BLOCK_CAP);
                mesh.add_colored_rect(cap, owner_color(scene, page));
            }
        }
    }
    if page.wrong {
        for slope in [Slope::Rising, Slope::Falling] {
            hatch_mesh(mesh, inside, tokens.error, 4.0, slope, scene.pixels_per_point);
        }
    }
}

/// The letters that a page carries: what it is, where its pattern alone would not say.
fn sign(page: &LensPage, dummy: FrameNumber) -> &'static str {
    match (page.target, page.wrong) {
        (_, true) => "×",
        (PageTarget::Dummy(frame), false) if frame != dummy => "!",
        (PageTarget::Nowhere, false) => "–",
        (PageTarget::Dummy(_), false) => "d",
        (PageTarget::Frame { .. }, false) if page.stale > 0 => "s",
        (PageTarget::Frame { .. }, false) if page.foreign.is_some() => "f",
        (PageTarget::Frame { .. }, false) => "",
    }
}

fn owner_color(scene: &Scene<'_>, page: &LensPage) -> Color32 {
    let book = scene.started.vidmm().book();
    let process = page.owner.and_then(|(owner, _)| lanes::process_of(book, owner));
    scene.colors.of(process).color
}

fn add_link(
    mesh: &mut Mesh,
    links: &mut Vec<Shape>,
    scene: &Scene<'_>,
    lens: &LensView<'_>,
    place: (usize, usize),
    page: &LensPage,
) {
    let Some(frame) = page.target.frame() else { return };
    let (from, to) = ends(scene, lens, place, frame);
    match page.target {
        PageTarget::Frame { .. } => {
            let color = owner_color(scene, page);
            links.push(link(from, to, Stroke::new(1.0, color.gamma_multiply(0.62))));
            let tick = Rect::from_min_size(
                pos2(to.x, lens.rects.frames.top()),
                vec2(1.0, lens.rects.frames.height()),
            );
            mesh.add_colored_rect(tick, color);
        }
        // Every second one: together they are a texture that says "to the dummy page".
        PageTarget::Dummy(_) if page.page.is_multiple_of(2) => {
            let side = 1.0_f32.max(1.0 / scene.pixels_per_point);
            let color = scene.tokens.text_faint.gamma_multiply(0.5);
            let steps = 2.0 + (from.distance(to) / 5.0).min(80.0);
            let mut step = 0.0;
            while step < steps {
                let t = step / steps;
                let x = from.x + (to.x - from.x) * t * t * (3.0 - 2.0 * t);
                let y = from.y
                    + (to.y - from.y)
                        * (1.5 * (1.0 - t) * (1.0 - t) * t + 1.5 * (1.0 - t) * t * t + t * t * t);
                let dot = Rect::from_min_size(pos2(x, y), vec2(side, side));
                mesh.add_colored_rect(dot, color);
                step += 1.0;
            }
        }
        PageTarget::Dummy(_) | PageTarget::Nowhere => {}
    }
}

fn ends(
    scene: &Scene<'_>,
    lens: &LensView<'_>,
    place: (usize, usize),
    frame: FrameNumber,
) -> (Pos2, Pos2) {
    let links = lens.rects.links;
    let from = pos2(cell_x(lens, place, 0.5), links.top());
    (from, pos2(frame_x(scene, lens, frame), links.bottom()))
}

fn link(from: Pos2, to: Pos2, stroke: Stroke) -> Shape {
    let middle = f32::midpoint(from.y, to.y);
    let points = [from, pos2(from.x, middle), pos2(to.x, middle), to];
    CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke).into()
}

/// What of a lens is read out by colour in this frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hot {
    /// A page, by number.
    pub(super) page: Option<u64>,
    /// A frame, whether or not one of the pages shown points at it.
    pub(super) frame: Option<FrameNumber>,
}

/// Paints a lens. What is hot has its link in the accent colour and both ends outlined.
pub(super) fn paint(
    painter: &Painter,
    scene: &Scene<'_>,
    lens: &LensView<'_>,
    cache: &LensCache,
    hot: Hot,
) {
    paint_wedge(painter, scene, lens, &cache.pages);
    painter.add(Shape::Mesh(Arc::clone(&cache.mesh)));
    painter.extend(cache.links.iter().cloned());
    let frames = snap(painter, lens.rects.frames);
    super::lane::paint_outline(painter, frames, scene.tokens.separator, false);
    let count = cache.pages.len();
    for (index, page) in cache.pages.iter().enumerate() {
        let rect = cell(scene, lens, (index, count));
        let sign = sign(page, scene.started.vidmm().dummy_page().frame());
        if rect.width() >= 7.0 && !sign.is_empty() {
            let at = rect.center();
            let tokens = scene.tokens;
            let ink = match sign {
                "×" => tokens.error,
                "!" => tokens.warn,
                "s" | "f" => tokens.text,
                _ => tokens.text_faint,
            };
            if sign == "×" || sign == "–" {
                // On a ground of its own, so that the pattern does not run through it.
                let ground =
                    Rect::from_center_size(at, vec2(8.0, 11.0)).intersect(rect.shrink(1.0));
                painter.rect_filled(snap(painter, ground), 0.0, tokens.lane);
            }
            text::paint_mono(painter, at, Align2::CENTER_CENTER, sign, size::MONO_TINY, ink);
        }
    }
    paint_dummy(painter, scene, lens);
    paint_hot(painter, scene, lens, cache, hot);
    paint_foot(painter, scene, lens, hot);
}

fn paint_wedge(painter: &Painter, scene: &Scene<'_>, lens: &LensView<'_>, pages: &[LensPage]) {
    let tokens = scene.tokens;
    let (blocks, wedge) = (lens.lane.rects.blocks, lens.rects.wedge);
    let (Some(first), Some(last)) = (pages.first(), pages.last()) else { return };
    let start = first.page.saturating_mul(PAGE_SIZE);
    let end = last.page.saturating_add(1).saturating_mul(PAGE_SIZE);
    let x = |position| {
        #[expect(clippy::cast_possible_truncation)]
        let column = lens.lane.scale.column_of(position) as f32;
        blocks.left() + column / scene.pixels_per_point
    };
    let shown = Span::new(start, end).and_then(|span| span.intersection(lens.lane.scale.range()));
    if shown.is_some() {
        let (left, right) = (x(start), x(end));
        // Below a ruler, so that no edge strikes through its numbers.
        let (top, foot) = (wedge.top() + 1.0, wedge.bottom() - 1.0);
        let corners = vec![
            pos2(left, top),
            pos2(right, top),
            pos2(wedge.right(), foot),
            pos2(wedge.left(), foot),
        ];
        let tint = tokens.text_faint.gamma_multiply(0.10);
        painter.add(Shape::convex_polygon(corners, tint, Stroke::NONE));
        let line = Stroke::new(1.0, tokens.text_faint.gamma_multiply(0.5));
        if lens.lane.rects.ruler.is_some() {
            for x in [left, right] {
                painter.line_segment([pos2(x, blocks.bottom() + 1.0), pos2(x, top)], line);
            }
        }
        painter.line_segment([pos2(left, top), pos2(wedge.left(), foot)], line);
        painter.line_segment([pos2(right, top), pos2(wedge.right(), foot)], line);
        let boxed = Rect::from_x_y_ranges(
            (left.floor() - 2.0).max(blocks.left() - 2.0)
                ..=(right.ceil() + 2.0).min(blocks.right() + 2.0),
            (blocks.top() - 2.0)..=(blocks.bottom() + 2.0),
        );
        super::lane::paint_outline(painter, boxed, tokens.text, false);
    }
    paint_wedge_words(painter, scene, wedge, pages, first.page..=last.page);
}

fn paint_wedge_words(
    painter: &Painter,
    scene: &Scene<'_>,
    wedge: Rect,
    shown: &[LensPage],
    pages: RangeInclusive<u64>,
) {
    let tokens = scene.tokens;
    let y = wedge.bottom() - 9.0;
    let left = Align2::LEFT_CENTER;
    let range = format!("pages {}–{}", hex(*pages.start()), hex(*pages.end()));
    let galley = text::mixed_text(painter, &range, size::TEXT_SMALL, tokens.text_secondary);
    // Signs of what there is among the pages shown, and what they mean.
    let dummy = scene.started.vidmm().dummy_page().frame();
    let signs: Vec<(&str, &str)> = SIGNS
        .into_iter()
        .filter(|(sign, _)| match *sign {
            "" => shown.iter().any(is_coherent),
            known => shown.iter().any(|page| self::sign(page, dummy) == known),
        })
        .collect();
    let points = size::TEXT_SMALL;
    let word = |words: &str| text::mixed_text(painter, words, points, tokens.text_faint);
    let mut width = galley.size().x;
    let mut kept = Vec::new();
    for (sign, meaning) in signs {
        let meaning = word(meaning);
        // The bar or letter, and the gaps on both sides of it.
        let more = meaning.size().x + 24.0;
        if width + more > wedge.width() {
            break;
        }
        width += more;
        kept.push((sign, meaning));
    }
    // Words stand in the middle, where the wedge is behind them at every zoom.
    let x = (wedge.center().x - width / 2.0).max(wedge.left());
    // The edges of the wedge run behind the words and not through them.
    let plate = Rect::from_min_size(pos2(x - 6.0, y - 8.0), vec2(width + 12.0, 16.0));
    painter.rect_filled(snap(painter, plate.intersect(wedge)), size::RADIUS_SMALL, tokens.canvas);
    let mut end =
        text::paint_galley(painter, pos2(x, y - 1.0), left, galley, tokens.text_secondary);
    for (sign, meaning) in kept {
        if sign.is_empty() {
            let bar = Rect::from_min_size(pos2(end.right() + 12.0, y - 1.0), vec2(6.0, 2.0));
            painter.rect_filled(snap(painter, bar), 0.0, tokens.text_secondary);
            end = bar;
        } else {
            let ink = if sign == "×" { tokens.error } else { tokens.text_secondary };
            let at = pos2(end.right() + 12.0, y - 1.0);
            end = text::paint_mono(painter, at, left, sign, size::MONO, ink);
        }
        let at = pos2(end.right() + 5.0, y - 1.0);
        end = text::paint_galley(painter, at, left, meaning, tokens.text_faint);
    }
}

/// Signs in pages, the most important first, and what they mean. Nothing stands for the bar of a
/// coherent page.
const SIGNS: [(&str, &str); 7] = [
    ("×", "wrong"),
    ("!", "not the dummy page"),
    ("s", "stale"),
    ("f", "mapped by hand"),
    ("–", "faults"),
    ("", "cache coherent"),
    ("d", "dummy page"),
];

const fn is_coherent(page: &LensPage) -> bool {
    matches!(page.target, PageTarget::Frame { coherent: true, .. })
}

/// The frame that stands in for what is not mapped: marked from above.
fn paint_dummy(painter: &Painter, scene: &Scene<'_>, lens: &LensView<'_>) {
    let frame = scene.started.vidmm().dummy_page().frame();
    let frames = lens.rects.frames;
    let x = snap_position(painter, frame_x(scene, lens, frame));
    let ink = scene.tokens.text;
    let bar = Rect::from_min_max(pos2(x - 0.5, frames.top()), pos2(x + 1.5, frames.bottom()));
    painter.rect_filled(snap(painter, bar), 0.0, ink);
    let corners = vec![
        pos2(x - 4.5, frames.top() - 6.0),
        pos2(x + 5.5, frames.top() - 6.0),
        pos2(x + 0.5, frames.top() + 1.0),
    ];
    painter.add(Shape::convex_polygon(corners, ink, Stroke::NONE));
}

fn paint_hot(
    painter: &Painter,
    scene: &Scene<'_>,
    lens: &LensView<'_>,
    cache: &LensCache,
    hot: Hot,
) {
    let accent = scene.tokens.accent;
    let count = cache.pages.len();
    let linked = cache.pages.iter().enumerate().find(|(_, page)| Some(page.page) == hot.page);
    if let Some((index, page)) = linked {
        if let Some(frame) = page.target.frame() {
            let (from, to) = ends(scene, lens, (index, count), frame);
            painter.add(link(from, to, Stroke::new(2.0, accent)));
        }
        let rect = cell(scene, lens, (index, count));
        painter.rect_stroke(rect, 0.0, Stroke::new(2.0, accent), StrokeKind::Outside);
    }
    let frame = hot.frame.or_else(|| linked.and_then(|(_, page)| page.target.frame()));
    if let Some(frame) = frame {
        let x = snap_position(painter, frame_x(scene, lens, frame));
        let frames = lens.rects.frames;
        let bar = Rect::from_min_max(
            pos2(x - 1.0, frames.top() - 3.0),
            pos2(x + 2.0, frames.bottom() + 3.0),
        );
        painter.rect_filled(snap(painter, bar), 0.0, accent);
    }
}

fn paint_foot(painter: &Painter, scene: &Scene<'_>, lens: &LensView<'_>, hot: Hot) {
    let tokens = scene.tokens;
    let rect = lens.rects.foot;
    let y = rect.center().y + 2.0;
    let dummy = scene.started.vidmm().dummy_page().frame();
    let words = format!("dummy page, frame {}", hex(dummy.get()));
    let (ink, points) = (tokens.text_secondary, size::TEXT_SMALL);
    let left = text::paint(painter, pos2(rect.left(), y), Align2::LEFT_CENTER, &words, points, ink);
    let mut end = rect.right();
    let frames = scene.started.host().total_frames().get();
    let words = format!("system memory, {} of 4 KiB", counted(frames, "frame"));
    let total = text::mixed_text(painter, &words, points, tokens.text_faint);
    let total_left = rect.right() - total.size().x;
    let hot_galley = hot.frame.map(|frame| {
        let words = format!("frame {}", hex(frame.get()));
        (frame, text::mixed_text(painter, &words, points, tokens.accent_text))
    });
    let mut total_fits = total_left > left.right() + 12.0;
    if let Some((frame, galley)) = hot_galley {
        let half = galley.size().x / 2.0;
        let least = left.right() + 12.0 + half;
        let x = frame_x(scene, lens, frame).max(least).min((rect.right() - half).max(least));
        let at = pos2(x, y - 1.0);
        text::paint_galley(painter, at, Align2::CENTER_CENTER, galley, tokens.accent_text);
        total_fits &= x + half + 12.0 <= total_left;
        end = end.min(rect.right());
    }
    if total_fits {
        let at = pos2(end, y - 1.0);
        text::paint_galley(painter, at, Align2::RIGHT_CENTER, total, tokens.text_faint);
    }
}

#[cfg(test)]
mod tests {
    use super::course;

    #[test]
    fn a_link_runs_from_top_to_bottom() {
        for (share, expected) in [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)] {
            assert!((course(share) - expected).abs() < 1e-3, "{share}");
        }
        // A quarter of the way of t: 1.5 * 9/16 * 1/4 + 1.5 * 3/4 * 1/16 + 1/64 = 0.296875.
        assert!((course(0.296_875) - 0.25).abs() < 1e-3);
    }
}
