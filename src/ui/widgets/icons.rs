//! Icons as shapes: crisp at every scale, and independent of what fonts hold.

use egui::{Color32, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2};

use super::patterns::snap;
use crate::ui::theme::{Mark, tokens_of_context};

/// The side of the square every icon is drawn in, in units of its own grid.
const GRID: f32 = 12.0;

/// A small picture of one colour. Give it a text or a name beside it: shape alone is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named after what it shows")]
pub enum Icon {
    Play,
    Pause,
    ToStart,
    ToEnd,
    StepBack,
    StepForward,
    /// Pinned in memory.
    Lock,
    /// Locked by the CPU: somebody holds the key.
    Key,
    /// Displayed.
    Screen,
    /// Offered: dots, as on the map.
    Dots,
    /// Its content was dropped.
    Dropped,
    /// Two documents that disagree.
    Disagree,
    Check,
    Cross,
    Dash,
    /// Filled triangle with an exclamation mark.
    Warning,
    /// Circle with an "i".
    Info,
    ChevronLeft,
    ChevronRight,
    ChevronUp,
    ChevronDown,
    Search,
    Pin,
    Bookmark,
    Dot,
    Circle,
    /// A framed square: a buffer that is full.
    BufferFull,
    Diamond,
    TriangleUp,
    TriangleDown,
    TriangleLeft,
    TriangleRight,
    Square,
    SquareHollow,
    Folder,
    Save,
    Back,
    Forward,
    Sun,
    Moon,
    Close,
    Plus,
}

impl Icon {
    /// Every icon, for galleries and tests.
    pub const ALL: [Self; 42] = [
        Self::Play,
        Self::Pause,
        Self::ToStart,
        Self::ToEnd,
        Self::StepBack,
        Self::StepForward,
        Self::Lock,
        Self::Key,
        Self::Screen,
        Self::Dots,
        Self::Dropped,
        Self::Disagree,
        Self::Check,
        Self::Cross,
        Self::Dash,
        Self::Warning,
        Self::Info,
        Self::ChevronLeft,
        Self::ChevronRight,
        Self::ChevronUp,
        Self::ChevronDown,
        Self::Search,
        Self::Pin,
        Self::Bookmark,
        Self::Dot,
        Self::Circle,
        Self::BufferFull,
        Self::Diamond,
        Self::TriangleUp,
        Self::TriangleDown,
        Self::TriangleLeft,
        Self::TriangleRight,
        Self::Square,
        Self::SquareHollow,
        Self::Folder,
        Self::Save,
        Self::Back,
        Self::Forward,
        Self::Sun,
        Self::Moon,
        Self::Close,
        Self::Plus,
    ];

    /// Paints the icon in the middle of a square of `side` points round `centre`.
    ///
    /// 12 points suit rows of 16 and 20 points and buttons; 10 stand beside small text.
    pub fn paint(self, painter: &Painter, centre: Pos2, side: f32, color: Color32) {
        let pen = Pen { painter, centre, unit: side / GRID, color };
        match self {
            Self::Play | Self::TriangleRight => {
                pen.polygon(&[(-3.5, -5.0), (5.0, 0.0), (-3.5, 5.0)]);
            }
            Self::StepForward => pen.polygon(&[(-3.5, -5.5), (5.0, 0.0), (-3.5, 5.5)]),
            Self::StepBack => pen.polygon(&[(3.5, -5.5), (3.5, 5.5), (-5.0, 0.0)]),
            Self::TriangleLeft => pen.polygon(&[(3.5, -5.0), (3.5, 5.0), (-5.0, 0.0)]),
            Self::TriangleUp => pen.polygon(&[(-5.0, 3.5), (0.0, -5.0), (5.0, 3.5)]),
            Self::TriangleDown => pen.polygon(&[(-5.0, -3.5), (5.0, -3.5), (0.0, 5.0)]),
            Self::Pause => {
                pen.bar(-4.0, -5.0, 3.0, 10.0);
                pen.bar(1.0, -5.0, 3.0, 10.0);
            }
            Self::ToStart => {
                pen.bar(-6.0, -5.0, 2.0, 10.0);
                pen.polygon(&[(5.0, -5.5), (5.0, 5.5), (-3.5, 0.0)]);
            }
            Self::ToEnd => {
                pen.bar(4.0, -5.0, 2.0, 10.0);
                pen.polygon(&[(-5.0, -5.5), (3.5, 0.0), (-5.0, 5.5)]);
            }
            Self::Lock => {
                pen.frame(-2.5, -5.0, 5.0, 6.5, 2.5, 1.2);
                pen.block(-4.0, -1.0, 8.0, 6.0, 1.0);
            }
            Self::Key => {
                pen.circle((-2.5, 0.0), 2.8, 1.4);
                pen.bar(0.0, -0.7, 5.5, 1.4);
                pen.bar(2.3, 0.0, 1.4, 2.8);
                pen.bar(4.3, 0.0, 1.4, 2.8);
            }
            Self::Screen => {
                pen.frame(-5.5, -4.5, 11.0, 7.5, 0.8, 1.3);
                pen.bar(-0.7, 3.0, 1.4, 1.5);
                pen.bar(-2.8, 4.2, 5.6, 1.2);
            }
            Self::Dots => {
                for (x, y) in [(-4.0, -2.0), (0.0, -2.0), (4.0, -2.0), (-2.0, 2.0), (2.0, 2.0)] {
                    pen.disc((x, y), 1.2);
                }
            }
            Self::Dropped => {
                pen.circle((0.0, 0.0), 4.2, 1.2);
                pen.line(&[(-4.4, 4.4), (4.4, -4.4)], 1.3);
            }
            // Not equal: told apart from a circle, a triangle and a cross by its shape.
            Self::Disagree => {
                pen.bar(-4.5, -2.6, 9.0, 1.4);
                pen.bar(-4.5, 1.4, 9.0, 1.4);
                pen.line(&[(-2.8, 5.0), (2.8, -5.0)], 1.3);
            }
            Self::Check => pen.line(&[(-4.0, 0.5), (-1.0, 3.5), (4.5, -3.5)], 1.6),
            Self::Cross | Self::Close => {
                let (reach, width) = if self == Self::Cross { (3.5, 1.5) } else { (4.0, 1.2) };
                pen.line(&[(-reach, -reach), (reach, reach)], width);
                pen.line(&[(-reach, reach), (reach, -reach)], width);
            }
            Self::Dash => pen.bar(-4.0, -0.5, 8.0, 1.0),
            Self::Plus => {
                pen.bar(-4.5, -0.5, 9.0, 1.0);
                pen.bar(-0.5, -4.5, 1.0, 9.0);
            }
            Self::Warning => pen.warning(),
            Self::Info => {
                pen.circle((0.0, 0.0), 5.0, 1.2);
                pen.block(-0.7, -0.8, 1.4, 3.6, 0.0);
                pen.block(-0.7, -3.0, 1.4, 1.3, 0.0);
            }
            Self::ChevronLeft => pen.line(&[(2.0, -4.0), (-2.0, 0.0), (2.0, 4.0)], 1.4),
            Self::ChevronRight => pen.line(&[(-2.0, -4.0), (2.0, 0.0), (-2.0, 4.0)], 1.4),
            Self::ChevronUp => pen.line(&[(-4.0, 2.0), (0.0, -2.0), (4.0, 2.0)], 1.4),
            Self::ChevronDown => pen.line(&[(-4.0, -2.0), (0.0, 2.0), (4.0, -2.0)], 1.4),
            Self::Search => {
                pen.circle((-1.0, -1.0), 4.0, 1.3);
                pen.line(&[(2.0, 2.0), (5.5, 5.5)], 1.3);
            }
            Self::Pin => {
                pen.block(-3.0, -5.5, 6.0, 2.0, 0.5);
                pen.polygon(&[(-2.0, -3.5), (2.0, -3.5), (3.5, 1.0), (-3.5, 1.0)]);
                pen.line(&[(0.0, 1.0), (0.0, 5.5)], 1.2);
            }
            Self::Bookmark => {
                pen.polygon(&[(-3.5, -5.0), (0.0, -5.0), (0.0, 2.0), (-3.5, 5.0)]);
                pen.polygon(&[(0.0, -5.0), (3.5, -5.0), (3.5, 5.0), (0.0, 2.0)]);
                pen.line(&[(0.0, -4.5), (0.0, 1.5)], 1.0);
            }
            Self::Dot => pen.disc((0.0, 0.0), 3.0),
            Self::Circle => pen.circle((0.0, 0.0), 3.5, 1.2),
            Self::BufferFull => {
                pen.frame(-4.5, -4.5, 9.0, 9.0, 0.0, 1.2);
                pen.bar(-2.5, -2.5, 5.0, 5.0);
            }
            Self::Diamond => pen.polygon(&[(0.0, -5.0), (5.0, 0.0), (0.0, 5.0), (-5.0, 0.0)]),
            Self::Square => pen.bar(-4.0, -4.0, 8.0, 8.0),
            Self::SquareHollow => pen.frame(-4.0, -4.0, 8.0, 8.0, 0.0, 1.2),
            Self::Folder => {
                pen.block(-5.5, -4.5, 5.0, 3.0, 1.0);
                pen.block(-5.5, -3.0, 11.0, 8.0, 1.0);
            }
            Self::Save => pen.save(),
            Self::Back => {
                pen.line(&[(5.0, 0.0), (-4.5, 0.0)], 1.4);
                pen.line(&[(-1.0, -4.0), (-5.0, 0.0), (-1.0, 4.0)], 1.4);
            }
            Self::Forward => {
                pen.line(&[(-5.0, 0.0), (4.5, 0.0)], 1.4);
                pen.line(&[(1.0, -4.0), (5.0, 0.0), (1.0, 4.0)], 1.4);
            }
            Self::Sun => pen.sun(),
            Self::Moon => pen.moon(),
        }
    }
}

/// Draws in units of the icons' grid, the origin in the middle.
struct Pen<'a> {
    painter: &'a Painter,
    centre: Pos2,
    unit: f32,
    color: Color32,
}

impl Pen<'_> {
    fn at(&self, (x, y): (f32, f32)) -> Pos2 {
        self.centre + vec2(x, y) * self.unit
    }

    fn rect(&self, x: f32, y: f32, width: f32, height: f32) -> Rect {
        Rect::from_min_size(self.at((x, y)), vec2(width, height) * self.unit)
    }

    fn polygon(&self, corners: &[(f32, f32)]) {
        let corners = corners.iter().map(|&corner| self.at(corner)).collect();
        self.painter.add(Shape::convex_polygon(corners, self.color, Stroke::NONE));
    }

    fn line(&self, points: &[(f32, f32)], width: f32) {
        let points = points.iter().map(|&point| self.at(point)).collect();
        self.painter.add(Shape::line(points, Stroke::new(width * self.unit, self.color)));
    }

    /// A rectangle with its edges on whole pixels.
    fn bar(&self, x: f32, y: f32, width: f32, height: f32) {
        let rect = snap(self.painter, self.rect(x, y, width, height));
        self.painter.rect_filled(rect, 0.0, self.color);
    }

    fn block(&self, x: f32, y: f32, width: f32, height: f32, radius: f32) {
        let radius = CornerRadius::from(radius * self.unit);
        self.painter.rect_filled(self.rect(x, y, width, height), radius, self.color);
    }

    fn frame(&self, x: f32, y: f32, width: f32, height: f32, radius: f32, line: f32) {
        self.painter.rect_stroke(
            self.rect(x, y, width, height),
            CornerRadius::from(radius * self.unit),
            Stroke::new(line * self.unit, self.color),
            StrokeKind::Inside,
        );
    }

    fn disc(&self, centre: (f32, f32), radius: f32) {
        self.painter.circle_filled(self.at(centre), radius * self.unit, self.color);
    }

    fn circle(&self, centre: (f32, f32), radius: f32, width: f32) {
        let stroke = Stroke::new(width * self.unit, self.color);
        self.painter.circle_stroke(self.at(centre), radius * self.unit, stroke);
    }

    /// The same pen in the colour of the ground, for what is cut out of a shape.
    fn ground(&self) -> Self {
        Pen { color: tokens_of_context(self.painter.ctx()).panel, ..*self }
    }

    fn warning(&self) {
        self.polygon(&[(-5.5, 4.5), (0.0, -5.5), (5.5, 4.5)]);
        let cut = self.ground();
        cut.block(-0.7, -2.2, 1.4, 3.6, 0.0);
        cut.block(-0.7, 2.2, 1.4, 1.3, 0.0);
    }

    fn save(&self) {
        self.block(-5.0, -5.0, 10.0, 10.0, 1.0);
        let cut = self.ground();
        cut.block(-2.5, -5.0, 5.0, 3.0, 0.0);
        cut.block(-3.0, 1.0, 6.0, 3.0, 0.0);
    }

    fn sun(&self) {
        self.disc((0.0, 0.0), 2.6);
        for (x, y) in [(1.0, 0.0), (0.0, 1.0), (0.707, 0.707), (0.707, -0.707)] {
            for side in [1.0, -1.0] {
                let (x, y) = (x * side, y * side);
                self.line(&[(x * 4.0, y * 4.0), (x * 5.7, y * 5.7)], 1.2);
            }
        }
    }

    /// A crescent is not convex: a strip between two arcs, its edge smoothed by a thin line.
    fn moon(&self) {
        const PIECES: u8 = 16;
        let outer = |step: u8| {
            let angle = (f32::from(step) / f32::from(PIECES) - 0.5) * std::f32::consts::PI * 1.3;
            let turned = egui::emath::Rot2::from_angle(-0.5) * vec2(-angle.cos(), angle.sin());
            self.at((0.8, 0.4)) + turned * 5.0 * self.unit
        };
        // The inner arc starts and ends where the outer one does.
        let inner = |step: u8| {
            let across =
                outer(0) + (outer(PIECES) - outer(0)) * (f32::from(step) / f32::from(PIECES));
            across + (outer(step) - across) * 0.38
        };
        let mut mesh = egui::Mesh::default();
        for step in 0..=PIECES {
            mesh.colored_vertex(outer(step), self.color);
            mesh.colored_vertex(inner(step), self.color);
        }
        for step in 0..u32::from(PIECES) {
            let first = 2 * step;
            mesh.add_triangle(first, first + 1, first + 2);
            mesh.add_triangle(first + 1, first + 2, first + 3);
        }
        self.painter.add(Shape::mesh(mesh));
        let edge = (0..=PIECES).map(outer).chain((0..=PIECES).rev().map(inner)).collect();
        self.painter.add(Shape::closed_line(edge, Stroke::new(0.7 * self.unit, self.color)));
    }
}

/// Paints the mark of an operation in its colour, in a square of `side` points round `centre`.
pub fn mark(painter: &Painter, centre: Pos2, side: f32, mark: Mark) {
    let color = tokens_of_context(painter.ctx()).mark(mark);
    let icon = match mark {
        Mark::In => Icon::TriangleUp,
        Mark::Out => Icon::TriangleDown,
        Mark::Map => Icon::Square,
        Mark::Unmap => Icon::SquareHollow,
    };
    icon.paint(painter, centre, side, color);
}

/// Paints the program's own sign: three lanes of memory, a block in each.
pub fn app_icon(painter: &Painter, rect: Rect) {
    let tokens = tokens_of_context(painter.ctx());
    let [teal, sand, ..] = tokens.owners;
    let unit = rect.width().min(rect.height()) / 36.0;
    let corner = rect.center() - vec2(18.0, 18.0) * unit;
    let blocks = [(0.0, 0.62, teal), (0.30, 1.0, tokens.accent), (0.0, 0.40, sand)];
    let mut top = corner.y;
    for (from, to, color) in blocks {
        let lane = snap(painter, Rect::from_min_size(pos2(corner.x, top), vec2(36.0, 10.0) * unit));
        let block = Rect::from_x_y_ranges(
            lane.left() + lane.width() * from..=lane.left() + lane.width() * to,
            lane.y_range(),
        );
        painter.rect_filled(lane, 0.0, tokens.canvas);
        painter.rect_filled(snap(painter, block), 0.0, color);
        let edge = Stroke::new(unit.max(1.0), tokens.separator_strong);
        painter.rect_stroke(lane, 0.0, edge, StrokeKind::Inside);
        top += 13.0 * unit;
    }
}
