//! One lane: its blocks as one mesh that is kept, and on top what changes from frame to frame.

use std::sync::Arc;

use egui::{Align2, Color32, Mesh, Painter, Rect, Shape, StrokeKind, pos2, vec2};

use super::layout::LaneRects;
use super::scene::Scene;
use super::strip;
use crate::analysis::coverage::Scale;
use crate::analysis::lanes::{self, Block, LaneItem, Merged};
use crate::analysis::map_words;
use crate::analysis::{allocation_words, strips};
use crate::base::text::{counted, size as size_text};
use crate::base::{AllocationId, PAGE_SIZE, Span, StateHash};
use crate::rules::{CheckedSegment, SegmentKind};
use crate::ui::theme::{Mark, OwnerColor, mix, size, text};
use crate::ui::widgets::{
    Icon, Slope, dashed_rect, dots_mesh, elide, halo, hatch_mesh, hexadecimal_ticks, mark, outline,
    paint_ticks, snap, snap_position, vertical_line,
};
use crate::vidmm::{Allocation, ExtentOwner, Offer, SegmentUse};

/// Pages are told apart by lines where each has at least so many points.
const PAGE_LINES: f64 = 8.0;
/// Below this width, in points, the glow of a block is wider than the block.
const NARROW: f32 = 12.0;
/// Arrivals in a lane beyond this number glow no more: everything would.
const MOST_HALOS: usize = 40;
/// Height of the ticks where a block crosses from one bank into another.
const BOUND_TICK: f32 = 8.0;
/// Diamonds closer than this are one.
const DIAMOND_GAP: f32 = 24.0;
/// Height of the strip that stands for padding.
const PADDING_STRIP: f32 = 5.0;

/// A lane as it is painted in this frame.
#[derive(Clone, Copy)]
pub(super) struct LaneView<'a> {
    pub(super) segment: &'a CheckedSegment,
    pub(super) usage: &'a SegmentUse,
    pub(super) rects: LaneRects,
    pub(super) scale: Scale,
    pub(super) zoomed: bool,
}

impl LaneView<'_> {
    /// The left edge of a column.
    pub(super) fn x(&self, scene: &Scene<'_>, column: u32) -> f32 {
        self.rects.blocks.left() + points(column, scene.pixels_per_point)
    }

    /// Where an extent shows, if it does: at least a pixel wide.
    pub(super) fn rect_of(&self, scene: &Scene<'_>, span: Span) -> Option<Rect> {
        span.intersection(self.scale.range())?;
        let pixel = 1.0 / scene.pixels_per_point;
        let at = |position| {
            #[expect(clippy::cast_possible_truncation)]
            let column = self.scale.column_of(position).round() as f32;
            self.rects.blocks.left() + column * pixel
        };
        let left = at(span.start()).min(self.rects.blocks.right() - pixel);
        let right = at(span.end());
        // A point is left out between neighbours, where there is more than that.
        let right = if right - left >= 3.0 { right - 1.0 } else { right.max(left + pixel) };
        Some(Rect::from_x_y_ranges(left..=right, self.rects.blocks.y_range()))
    }

    /// The position under a place on the screen, and the column.
    pub(super) fn position_at(&self, scene: &Scene<'_>, x: f32) -> (u64, f64) {
        let column = f64::from((x - self.rects.blocks.left()) * scene.pixels_per_point);
        (self.scale.position_at(column), column)
    }
}

fn points(column: u32, pixels_per_point: f32) -> f32 {
    // Columns of a screen are far below 2^24.
    #[expect(clippy::cast_precision_loss)]
    let column = column as f32;
    column / pixels_per_point
}

/// What a kept mesh was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LaneKey {
    state: StateHash,
    scale: Scale,
    rect: Rect,
    theme: egui::Theme,
    pixels_per_point: f32,
}

/// A name to be written into a block; laid out each frame, because fonts move in their texture.
#[derive(Clone, Debug)]
struct Label {
    rect: Rect,
    name: String,
    size: String,
    /// What stands before the name: why it stays, who holds it.
    marks: Vec<LabelMark>,
    /// What the name is written on, where a pattern would run through it.
    ground: Option<Color32>,
}

/// An icon before the name of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LabelMark {
    icon: Icon,
    /// How often, where that is more than once.
    times: u32,
}

impl LabelMark {
    const fn once(icon: Icon) -> Self {
        Self { icon, times: 1 }
    }

    /// The room that it takes, with the gap behind it.
    fn width(self) -> f32 {
        let digits = f32::from(u8::try_from(self.times.checked_ilog10().unwrap_or(0)).unwrap_or(9));
        if self.times > 1 { 13.0 + 7.0 * (digits + 1.0) } else { 13.0 }
    }
}

/// A count to be written over merged blocks.
#[derive(Clone, Debug)]
struct Plate {
    rect: Rect,
    count: String,
}

/// A lane that is kept until something about it changes.
#[derive(Clone, Debug)]
pub(super) struct LaneCache {
    key: LaneKey,
    /// What is drawn, in address order.
    pub(super) items: Vec<LaneItem>,
    mesh: Arc<Mesh>,
    labels: Vec<Label>,
    plates: Vec<Plate>,
    /// Where blocks cross from one bank into another.
    crossings: Vec<f32>,
}

impl LaneCache {
    /// The kept lane where it still holds, else a new one.
    pub(super) fn renewed(kept: Option<Self>, scene: &Scene<'_>, lane: &LaneView<'_>) -> Self {
        let key = LaneKey {
            state: scene.started.vidmm().book().hash(),
            scale: lane.scale,
            rect: lane.rects.blocks,
            theme: scene.tokens.theme,
            pixels_per_point: scene.pixels_per_point,
        };
        if let Some(kept) = kept.filter(|kept| kept.key == key) {
            return kept;
        }
        let book = scene.started.vidmm().book();
        let sums = scene.view.tally.extents(lane.segment.id);
        let items =
            lanes::lane_items(lane.usage, lane.scale, sums, |owner| lanes::process_of(book, owner));
        let mut builder = Builder {
            scene,
            lane,
            mesh: Mesh::default(),
            labels: Vec::new(),
            plates: Vec::new(),
            crossings: Vec::new(),
        };
        builder.ground();
        for item in &items {
            if let LaneItem::Block(block) = item {
                builder.block(block);
            }
        }
        for item in &items {
            if let LaneItem::Merged(merged) = item {
                builder.merged(merged);
            }
        }
        let Builder { mesh, labels, plates, crossings, .. } = builder;
        Self { key, items, mesh: Arc::new(mesh), labels, plates, crossings }
    }

    /// What is drawn at a column: the narrowest where several are.
    pub(super) fn item_at(&self, column: f64) -> Option<&LaneItem> {
        let covers = |item: &&LaneItem| {
            let (x0, x1) = item.columns();
            f64::from(x0) <= column && column < f64::from(x1)
        };
        let rank = |item: &&LaneItem| {
            let (x0, x1) = item.columns();
            let hole = matches!(item, LaneItem::Hole { .. });
            (hole, x1 - x0)
        };
        let here = self.items.iter().filter(covers).min_by_key(rank);
        // A block of a pixel is hard to hit: two pixels beside it will do over free space.
        let narrow = |item: &&LaneItem| {
            let (x0, x1) = item.columns();
            !matches!(item, LaneItem::Hole { .. })
                && x1 - x0 <= 3
                && f64::from(x0) - 2.0 <= column
                && column < f64::from(x1) + 2.0
        };
        match here {
            None | Some(LaneItem::Hole { .. }) => self.items.iter().find(narrow).or(here),
            found => found,
        }
    }
}

struct Builder<'a> {
    scene: &'a Scene<'a>,
    lane: &'a LaneView<'a>,
    mesh: Mesh,
    labels: Vec<Label>,
    plates: Vec<Plate>,
    crossings: Vec<f32>,
}

impl Builder<'_> {
    fn ground(&mut self) {
        let (scene, rect) = (self.scene, self.lane.rects.blocks);
        self.mesh.add_colored_rect(rect, scene.tokens.lane);
        let (color, step) = (scene.tokens.hatch, size::HATCH_STEP);
        hatch_mesh(&mut self.mesh, rect, color, step, Slope::Rising, scene.pixels_per_point);
        self.edge(rect, scene.tokens.separator);
    }

    /// An edge of one point inside a rectangle.
    fn edge(&mut self, rect: Rect, color: Color32) {
        let inner = rect.shrink(1.0);
        for side in [
            rect.with_max_y(inner.top()),
            rect.with_min_y(inner.bottom()),
            Rect::from_x_y_ranges(rect.left()..=inner.left(), inner.y_range()),
            Rect::from_x_y_ranges(inner.right()..=rect.right(), inner.y_range()),
        ] {
            if side.is_positive() {
                self.mesh.add_colored_rect(side, color);
            }
        }
    }

    fn block(&mut self, block: &Block) {
        let (scene, lane) = (self.scene, self.lane);
        let book = scene.started.vidmm().book();
        let owner = scene.colors.of(lanes::process_of(book, block.owner));
        let (left, right) = (lane.x(scene, block.x0), lane.x(scene, block.x1));
        let wide = right - left >= 3.0;
        let right = if wide { right - 1.0 } else { right };
        let rect = Rect::from_x_y_ranges(left..=right, lane.rects.blocks.y_range());
        if !wide {
            self.mesh.add_colored_rect(rect, scene.tokens.block_edge(owner.color));
            return;
        }
        if matches!(block.owner, ExtentOwner::InvalidRange(_) | ExtentOwner::UefiFrameBuffer(_)) {
            self.unusable(block, rect);
            return;
        }
        let fill = scene.tokens.block_fill(owner.color);
        self.mesh.add_colored_rect(rect, fill);
        let allocation = match block.owner {
            ExtentOwner::Allocation(id) => book.allocation(id),
            _ => None,
        };
        let offered = allocation.is_some_and(|known| known.offer() != Offer::None);
        if offered {
            let ink = scene.tokens.text.gamma_multiply(0.45);
            dots_mesh(&mut self.mesh, rect, ink, scene.pixels_per_point);
        }
        if let Some(allocation) = allocation {
            self.padding(allocation, rect, owner.color);
        }
        if matches!(block.owner, ExtentOwner::Eviction(_)) {
            let (color, per_point) = (scene.tokens.moved_out, scene.pixels_per_point);
            hatch_mesh(&mut self.mesh, rect, color, size::HATCH_STEP, Slope::Falling, per_point);
        }
        self.edge(rect, scene.tokens.block_edge(owner.color));
        self.cap(rect, owner);
        self.crossings(block, rect);
        if rect.width() >= 11.0 {
            let name = map_words::extent_name(scene.view.names, block.owner);
            let marks = match block.owner {
                ExtentOwner::PagingBuffer(_) | ExtentOwner::DmaBuffer(_) => {
                    vec![LabelMark::once(Icon::Lock)]
                }
                _ => allocation.map_or_else(Vec::new, label_marks),
            };
            let ground = offered.then_some(fill);
            let size = size_text(block.span.len());
            self.labels.push(Label { rect, name, size, marks, ground });
        }
    }

    /// A range in which nothing may lie: crossed out, and no owner's.
    fn unusable(&mut self, block: &Block, rect: Rect) {
        let (tokens, per_point) = (self.scene.tokens, self.scene.pixels_per_point);
        self.mesh.add_colored_rect(rect, tokens.lane);
        let ink = mix(tokens.lane, tokens.text_faint, 0.6);
        for slope in [Slope::Rising, Slope::Falling] {
            hatch_mesh(&mut self.mesh, rect, ink, size::HATCH_STEP, slope, per_point);
        }
        self.edge(rect, tokens.separator_strong);
        if rect.width() >= 11.0 {
            let name = map_words::extent_name(self.scene.view.names, block.owner);
            let size = size_text(block.span.len());
            let ground = Some(tokens.lane);
            self.labels.push(Label { rect, name, size, marks: Vec::new(), ground });
        }
    }

    /// A strip at the foot of a block, as wide as the share of its room that is without content.
    fn padding(&mut self, allocation: &Allocation, rect: Rect, owner: Color32) {
        let Some(place) = allocation.placement() else { return };
        let Some(padding) = allocation_words::padding(self.lane.segment, allocation, place) else {
            return;
        };
        let inside = rect.shrink(1.0);
        let strip = padding_strip(inside, padding.thousandths(), self.scene.pixels_per_point);
        self.mesh.add_colored_rect(strip, self.scene.tokens.lane);
        let pixel = 1.0 / self.scene.pixels_per_point;
        let mut x = strip.left();
        while x < strip.right() {
            let bar =
                Rect::from_x_y_ranges(x..=(x + pixel.max(1.0)).min(strip.right()), strip.y_range());
            self.mesh.add_colored_rect(bar, owner);
            x += 3.0;
        }
    }

    /// Marks where a block crosses from one bank into another: ticks at both edges, and a diamond
    /// on its cap that is painted last.
    fn crossings(&mut self, block: &Block, rect: Rect) {
        let (scene, lane) = (self.scene, self.lane);
        for end in strips::crossings(&lane.segment.banks, block.span) {
            if !(lane.scale.range().start()..=lane.scale.range().end()).contains(&end) {
                continue;
            }
            #[expect(clippy::cast_possible_truncation)]
            let column = lane.scale.column_of(end).round() as f32;
            let x = lane.rects.blocks.left() + column / scene.pixels_per_point;
            // Banks may be narrower than a diamond.
            if self.crossings.last().is_some_and(|last| x - last < DIAMOND_GAP) {
                continue;
            }
            self.crossings.push(x);
            for y in [rect.top(), rect.bottom() - BOUND_TICK] {
                let tick = Rect::from_min_size(pos2(x, y), vec2(1.0, BOUND_TICK));
                self.mesh.add_colored_rect(tick, scene.tokens.text);
            }
        }
    }

    fn cap(&mut self, block: Rect, owner: OwnerColor) {
        let cap = block.with_max_y(block.top() + size::BLOCK_CAP);
        if !owner.notched {
            self.mesh.add_colored_rect(cap, owner.color);
            return;
        }
        let mut x = cap.left();
        while x < cap.right() {
            let tooth = Rect::from_x_y_ranges(x..=(x + 4.0).min(cap.right()), cap.y_range());
            self.mesh.add_colored_rect(tooth, owner.color);
            x += 6.0;
        }
    }

    fn merged(&mut self, merged: &Merged) {
        let (scene, lane) = (self.scene, self.lane);
        let blocks = lane.rects.blocks;
        let pixel = 1.0 / scene.pixels_per_point;
        let mut most = (0.0, scene.colors.of(None));
        for (column, index) in merged.columns.iter().zip(merged.x0..) {
            let left = lane.x(scene, index);
            let mut foot = blocks.bottom();
            // What is there at all is seen.
            let scale = if column.used() * blocks.height() < 2.0 * pixel {
                2.0 * pixel / column.used().max(f32::MIN_POSITIVE)
            } else {
                blocks.height()
            };
            for part in &column.parts {
                let head = (foot - part.share * scale).max(blocks.top());
                let head = snap_to(head, pixel);
                let rect = Rect::from_min_max(pos2(left, head), pos2(left + pixel, foot));
                let owner = scene.colors.of(part.class);
                if part.share > most.0 {
                    most = (part.share, owner);
                }
                if rect.height() > 0.0 {
                    self.mesh.add_colored_rect(rect, scene.tokens.merged_fill(owner.color));
                }
                foot = head;
            }
        }
        let right = lane.x(scene, merged.x1());
        let rect = Rect::from_x_y_ranges(lane.x(scene, merged.x0)..=right, blocks.y_range());
        if rect.width() >= 3.0 {
            let edge = mix(scene.tokens.lane, most.1.color, 0.6);
            self.edge(rect, edge);
        }
        self.plates.push(Plate { rect, count: counted(merged.count, "block") });
    }
}

/// The marks of an allocation, the strongest hold first.
fn label_marks(allocation: &Allocation) -> Vec<LabelMark> {
    let mut marks = Vec::new();
    if allocation.is_displayed() {
        marks.push(LabelMark::once(Icon::Screen));
    }
    if allocation.is_pinned() {
        marks.push(LabelMark::once(Icon::Lock));
    }
    if allocation.locks() > 0 {
        marks.push(LabelMark { icon: Icon::Key, times: allocation.locks() });
    }
    if allocation.offer() == Offer::Discarded {
        marks.push(LabelMark::once(Icon::Dropped));
    }
    marks
}

/// The strip that stands for padding at the foot of a block: at its right end, as wide as its
/// share, at least two pixels.
fn padding_strip(block: Rect, thousandths: u16, pixels_per_point: f32) -> Rect {
    let share = f32::from(thousandths) / 1000.0;
    let width = (block.width() * share).max(2.0 / pixels_per_point).min(block.width());
    let left = snap_to(block.right() - width, 1.0 / pixels_per_point);
    Rect::from_min_max(pos2(left, block.bottom() - PADDING_STRIP), block.max)
}

fn snap_to(value: f32, pixel: f32) -> f32 {
    (value / pixel).round() * pixel
}

/// Paints a lane: title, blocks, ruler, and what is special in this frame.
pub(super) fn paint(painter: &Painter, scene: &Scene<'_>, lane: &LaneView<'_>, cache: &LaneCache) {
    paint_title(painter, scene, lane);
    strip::paint(painter, scene, lane);
    painter.add(Shape::Mesh(Arc::clone(&cache.mesh)));
    paint_page_lines(painter, scene, lane);
    paint_encoded(painter, scene, lane);
    paint_ghosts(painter, scene, lane);
    let arrived = arrivals(scene, lane);
    let halos = halos(arrived.iter().map(|(_, rect)| *rect));
    if halos.len() <= MOST_HALOS {
        for rect in halos {
            halo(painter, rect, scene.tokens.moved_in, scene.glow);
        }
    }
    for label in &cache.labels {
        let is_new = arrived.iter().any(|(_, rect)| rect.contains(label.rect.center()));
        paint_label(painter, scene, label, is_new);
    }
    for plate in &cache.plates {
        paint_plate(painter, scene, plate);
    }
    let direction = match lane.segment.kind {
        SegmentKind::Memory => Mark::In,
        SegmentKind::Aperture => Mark::Map,
    };
    for (_, rect) in &arrived {
        corner_mark(painter, *rect, direction);
    }
    for x in &cache.crossings {
        Icon::Diamond.paint(
            painter,
            pos2(x + 0.5, lane.rects.blocks.top() + 1.0),
            10.0,
            scene.tokens.text,
        );
    }
    if let Some(ruler) = lane.rects.ruler {
        paint_ticks(painter, ruler, &ticks(lane));
    }
}

/// Where arrivals glow: narrow ones side by side glow as one, since glow upon glow is a blot.
fn halos(arrived: impl Iterator<Item = Rect>) -> Vec<Rect> {
    let mut arrived: Vec<Rect> = arrived.collect();
    arrived.sort_by(|one, other| one.left().total_cmp(&other.left()));
    let mut halos: Vec<Rect> = Vec::new();
    for rect in arrived {
        match halos.last_mut() {
            Some(last)
                if last.width().min(rect.width()) < NARROW
                    && rect.left() - last.right() < NARROW =>
            {
                *last = last.union(rect);
            }
            _ => halos.push(rect),
        }
    }
    halos
}

fn ticks(lane: &LaneView<'_>) -> Vec<crate::ui::widgets::Tick> {
    let base = lane.segment.base.get();
    let range = lane.scale.range();
    let addresses = base.saturating_add(range.start())..base.saturating_add(range.end());
    let gap = if addresses.end >> 48 != 0 { 170.0 } else { 110.0 };
    hexadecimal_ticks(addresses, lane.rects.blocks.width(), gap)
}

fn paint_title(painter: &Painter, scene: &Scene<'_>, lane: &LaneView<'_>) {
    let tokens = scene.tokens;
    let rect = lane.rects.title;
    let y = rect.center().y - 1.0;
    let id = lane.segment.id.to_string();
    let at = pos2(rect.left(), y);
    let left = Align2::LEFT_CENTER;
    let painted = text::paint_mono(painter, at, left, &id, size::MONO, tokens.text_faint);
    let (free, rest) = title_words(lane);
    let at = pos2(rect.right(), y);
    let ink = tokens.text_secondary;
    let right = text::paint(painter, at, Align2::RIGHT_CENTER, &free, size::TEXT_SMALL, ink);
    let start = painted.right() + 6.0;
    let room = (right.left() - 12.0 - start).max(0.0);
    let name = elide(painter, &lane.segment.name, size::TEXT_BODY, tokens.text, room);
    let painted = text::paint_galley(painter, pos2(start, y - 1.0), left, name, tokens.text);
    let start = painted.right() + 10.0;
    let room = right.left() - 12.0 - start;
    if room >= 40.0 {
        let galley = elide(painter, &rest, size::TEXT_SMALL, tokens.text_faint, room);
        text::paint_galley(painter, pos2(start, y - 1.0), left, galley, tokens.text_faint);
    }
    if lane.zoomed {
        paint_overview(painter, scene, lane);
    }
}

/// What stands at the right and after the name of a lane.
pub(super) fn title_words(lane: &LaneView<'_>) -> (String, String) {
    let space = lane.usage.space();
    let limit = lane.segment.commit_limit;
    let mut free = format!(
        "free {}, largest hole {}",
        size_text(space.free()),
        size_text(space.largest_hole())
    );
    if limit < lane.segment.size {
        free.push_str(&format!(", commit limit {limit}"));
    }
    let kind = match lane.segment.kind {
        SegmentKind::Memory => "memory",
        SegmentKind::Aperture => "aperture",
    };
    let rest = if lane.zoomed {
        let range = lane.scale.range();
        let addresses = map_words::addresses(lane.segment, range);
        format!("{kind}, shows {} of {}: {addresses}", size_text(range.len()), lane.segment.size)
    } else {
        format!("{kind}, base {}", map_words::address(lane.segment.base.get()))
    };
    (free, rest)
}

/// The whole segment in small, with the part that the lane shows.
fn paint_overview(painter: &Painter, scene: &Scene<'_>, lane: &LaneView<'_>) {
    let tokens = scene.tokens;
    let title = lane.rects.title;
    let strip = title.with_min_y(title.bottom() - 4.0).with_max_y(title.bottom() - 2.0);
    painter.rect_filled(snap(painter, strip), 0.0, tokens.separator);
    let Some(whole) = Scale::new(Span::whole(lane.segment.size.get()), 10_000) else { return };
    let at = |position| {
        #[expect(clippy::cast_possible_truncation)]
        let share = (whole.column_of(position) / 10_000.0) as f32;
        strip.left() + strip.width() * share
    };
    let range = lane.scale.range();
    let left = at(range.start()).min(strip.right() - 4.0);
    let part = Rect::from_x_y_ranges(left..=at(range.end()).max(left + 4.0), strip.y_range());
    painter.rect_filled(snap(painter, part), 0.0, tokens.text_secondary);
}

fn paint_page_lines(painter: &Painter, scene: &Scene<'_>, lane: &LaneView<'_>) {
    let width = lane.scale.columns_per(PAGE_SIZE) / f64::from(scene.pixels_per_point);
    if width < PAGE_LINES {
        return;
    }
    let range = lane.scale.range();
    let Some(mut page) = range.start().checked_next_multiple_of(PAGE_SIZE) else { return };
    let blocks = lane.rects.blocks;
    let color = scene.tokens.text_faint.gamma_multiply(0.35);
    while page < range.end() {
        #[expect(clippy::cast_possible_truncation)]
        let column = lane.scale.column_of(page) as f32;
        let x = snap_position(painter, blocks.left() + column / scene.pixels_per_point) - 1.0;
        if x > blocks.left() {
            vertical_line(painter, x, blocks.top() + size::BLOCK_CAP, blocks.bottom(), color);
        }
        let Some(next) = page.checked_add(PAGE_SIZE) else { break };
        page = next;
    }
}

/// Page-ins that the book shows and whose packets have not all run.
fn paint_encoded(painter: &Painter, scene: &Scene<'_>, lane: &LaneView<'_>) {
    let book = scene.started.vidmm().book();
    for encoded in scene.encoded {
        let Some(place) = book.allocation(encoded.allocation).and_then(Allocation::placement)
        else {
            continue;
        };
        let Some(rect) = lane.rect_of(scene, place.span) else { continue };
        if place.segment != lane.segment.id || rect.width() < 3.0 {
            continue;
        }
        let mut mesh = Mesh::default();
        let inside = rect.with_min_y(rect.top() + size::BLOCK_CAP).shrink(1.0);
        let veil = scene.tokens.lane.gamma_multiply(0.45);
        mesh.add_colored_rect(inside, veil);
        let color = scene.tokens.moved_in.gamma_multiply(0.45);
        hatch_mesh(&mut mesh, inside, color, 5.0, Slope::Falling, scene.pixels_per_point);
        painter.add(Shape::mesh(mesh));
    }
}

fn arrivals(scene: &Scene<'_>, lane: &LaneView<'_>) -> Vec<(AllocationId, Rect)> {
    let arrived = scene.movements.arrived_in(lane.segment.id);
    let here = arrived.filter_map(|(id, span)| Some((id, lane.rect_of(scene, span)?)));
    here.collect()
}

/// What left in this step: seen even where something else has taken its place.
fn paint_ghosts(painter: &Painter, scene: &Scene<'_>, lane: &LaneView<'_>) {
    let tokens = scene.tokens;
    for (id, span) in scene.movements.left_from(lane.segment.id) {
        let Some(rect) = lane.rect_of(scene, span) else { continue };
        let shown = span.intersection(lane.scale.range()).unwrap_or(span);
        let holes = lane.usage.space().holes(shown);
        let Some(free) = holes.max_by_key(|hole| hole.len()).filter(|hole| !hole.is_empty()) else {
            dashed_rect(painter, rect.expand2(vec2(0.0, 3.0)), tokens.moved_out);
            corner_mark(painter, rect, Mark::Out);
            continue;
        };
        let Some(room) = lane.rect_of(scene, free) else { continue };
        let tint = mix(tokens.lane, tokens.moved_out, 0.07);
        painter.rect_filled(room, 0.0, tint);
        let mut mesh = Mesh::default();
        let color = mix(tokens.hatch, tokens.moved_out, 0.15);
        let step = size::HATCH_STEP;
        hatch_mesh(&mut mesh, room, color, step, Slope::Rising, scene.pixels_per_point);
        painter.add(Shape::mesh(mesh));
        dashed_rect(painter, rect.expand2(vec2(0.0, 3.0)), tokens.moved_out);
        if room.width() >= 28.0 {
            let name = scene.view.names.allocation(id);
            let ink = tokens.moved_out;
            let two_lines = room.height() >= 40.0;
            let y = if two_lines { room.top() + 16.0 } else { room.center().y };
            backed(painter, room, y, name, ink, tint);
            if two_lines {
                backed(painter, room, room.top() + 33.0, &size_text(span.len()), ink, tint);
            }
        }
        corner_mark(painter, room, Mark::Out);
    }
}

/// Text on a ground of its own, so that hatching does not run through it.
fn backed(painter: &Painter, room: Rect, y: f32, words: &str, ink: Color32, ground: Color32) {
    let galley = elide(painter, words, size::TEXT_SMALL, ink, room.width() - 16.0);
    let at = pos2(room.left() + 8.0, y - 1.0);
    let rect = Align2::LEFT_CENTER.anchor_size(at, galley.size()).expand2(vec2(3.0, 0.0));
    painter.rect_filled(snap(painter, rect), 0.0, ground);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, ink);
}

fn corner_mark(painter: &Painter, rect: Rect, direction: Mark) {
    if rect.width() >= 16.0 && rect.height() >= 20.0 {
        mark(painter, rect.right_bottom() - vec2(9.0, 9.0), 9.0, direction);
    }
}

fn paint_label(painter: &Painter, scene: &Scene<'_>, label: &Label, marked: bool) {
    let tokens = scene.tokens;
    let rect = label.rect;
    let marks: f32 = label.marks.iter().map(|mark| mark.width()).sum();
    let room = rect.width() - 10.0 - marks;
    let name = elide(painter, &label.name, size::TEXT_SMALL, tokens.text, room);
    // A name of which an ellipsis is all that fits says nothing.
    let fits = !name.elided || room >= 34.0;
    let ink = tokens.text_secondary;
    if !fits {
        // As many marks as fit, in the middle; the strongest hold is the last to give way.
        let mut kept = label.marks.as_slice();
        let width = |marks: &[LabelMark]| marks.iter().map(|mark| mark.width()).sum::<f32>();
        while kept.len() > 1 && width(kept) > rect.width() {
            kept = &kept[..kept.len() - 1];
        }
        let mut x = rect.center().x - width(kept) / 2.0 + 1.0;
        for mark in kept {
            paint_mark(painter, pos2(x, rect.center().y), *mark, ink, label.ground);
            x += mark.width();
        }
        return;
    }
    let two_lines = rect.height() >= 40.0;
    let y = if two_lines { rect.top() + 16.0 } else { rect.center().y + 1.0 };
    let mut x = rect.left() + 5.0;
    for mark in &label.marks {
        paint_mark(painter, pos2(x, y), *mark, ink, label.ground);
        x += mark.width();
    }
    let at = pos2(x, y - 1.0);
    clear(painter, at, name.size(), label.ground);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, name, tokens.text);
    let room = rect.width() - 10.0 - if marked { 12.0 } else { 0.0 };
    if two_lines {
        let ink = mix(tokens.text_secondary, tokens.text, 0.5);
        let amount = elide(painter, &label.size, size::TEXT_SMALL, ink, room);
        if !amount.elided {
            let at = pos2(rect.left() + 5.0, rect.top() + 32.0);
            clear(painter, at, amount.size(), label.ground);
            text::paint_galley(painter, at, Align2::LEFT_CENTER, amount, ink);
        }
    }
}

/// Paints the ground of a text that begins at `at` and is centred on its height.
fn clear(painter: &Painter, at: egui::Pos2, room: egui::Vec2, ground: Option<Color32>) {
    let Some(ground) = ground else { return };
    let rect = Align2::LEFT_CENTER.anchor_size(at, room).expand2(vec2(3.0, -1.0));
    painter.rect_filled(snap(painter, rect), 0.0, ground);
}

/// Paints a mark whose room begins at `at`.
fn paint_mark(
    painter: &Painter,
    at: egui::Pos2,
    mark: LabelMark,
    ink: Color32,
    ground: Option<Color32>,
) {
    clear(painter, at, vec2(mark.width() - 3.0, 13.0), ground);
    mark.icon.paint(painter, at + vec2(5.0, 0.0), 11.0, ink);
    if mark.times > 1 {
        let words = mark.times.to_string();
        let at = at + vec2(12.0, 0.0);
        text::paint(painter, at, Align2::LEFT_CENTER, &words, size::TEXT_TINY, ink);
    }
}

fn paint_plate(painter: &Painter, scene: &Scene<'_>, plate: &Plate) {
    let ink = scene.tokens.text;
    let galley = elide(painter, &plate.count, size::TEXT_TINY, ink, f32::INFINITY);
    let ground = Rect::from_center_size(plate.rect.center(), vec2(galley.size().x + 8.0, 15.0));
    if ground.width() + 4.0 > plate.rect.width() || ground.height() > plate.rect.height() {
        return;
    }
    painter.rect_filled(snap(painter, ground), 2.0, scene.tokens.canvas);
    text::paint_galley(painter, ground.center(), Align2::CENTER_CENTER, galley, ink);
}

/// Outlines what is selected or under the pointer, two points or one.
pub(super) fn paint_outline(painter: &Painter, rect: Rect, color: Color32, selected: bool) {
    if selected {
        let stroke = egui::Stroke::new(size::FOCUS_RING, color);
        painter.rect_stroke(rect, 0.0, stroke, StrokeKind::Outside);
    } else {
        outline(painter, rect, 0.0, 1.0, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_takes_its_share_of_the_foot() {
        let block = Rect::from_min_max(pos2(10.0, 20.0), pos2(110.0, 60.0));
        // A quarter of 100 points.
        let strip = padding_strip(block, 250, 1.0);
        assert_eq!(strip, Rect::from_min_max(pos2(85.0, 55.0), pos2(110.0, 60.0)));
        assert_eq!(padding_strip(block, 1, 2.0).width(), 1.0, "two pixels at least");
        assert_eq!(padding_strip(block, 1000, 1.0).width(), 100.0);
    }

    #[test]
    fn marks_take_their_room() {
        assert_eq!(LabelMark::once(Icon::Lock).width(), 13.0);
        assert_eq!(LabelMark { icon: Icon::Key, times: 3 }.width(), 20.0);
        assert_eq!(LabelMark { icon: Icon::Key, times: 12 }.width(), 27.0);
    }

    #[test]
    fn narrow_arrivals_side_by_side_glow_as_one() {
        let rect = |left: f32, right: f32| Rect::from_x_y_ranges(left..=right, 0.0..=48.0);
        let arrived = [rect(2.0, 3.0), rect(0.0, 2.0), rect(3.0, 4.0), rect(200.0, 202.0)];
        assert_eq!(halos(arrived.into_iter()), [rect(0.0, 4.0), rect(200.0, 202.0)]);
        let wide = [rect(0.0, 60.0), rect(60.0, 120.0)];
        assert_eq!(halos(wide.into_iter()), wide);
    }
}
