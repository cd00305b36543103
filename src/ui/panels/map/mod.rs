//! The memory map: one lane for each segment, to scale, and the pages of apertures one by one.
//!
//! What is drawn comes from `analysis`; here it gets its place, its colour and its reactions.

mod aperture;
mod header;
mod hit;
mod input;
mod keys;
mod lane;
mod layout;
mod scene;
mod state;
mod strip;
mod tooltip;
mod window;

#[cfg(test)]
mod tests;

use egui::scroll_area::{DragScroll, ScrollSource};
use egui::{Pos2, Rect, Response, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};

use self::aperture::{Hot, LensCache, LensView};
use self::header::Present;
use self::hit::Hit;
use self::input::navigate;
pub(super) use self::keys::place_of;
use self::lane::{LaneCache, LaneView};
use self::layout::{LaneRects, LaneShape};
use self::scene::{Colors, Scene};
pub(crate) use self::state::MapState;
use self::state::Step;
use crate::analysis::coverage::{Scale, column_number};
use crate::analysis::lanes::{self, LaneItem};
use crate::analysis::{lens, map_words};
use crate::app::{Action, Item, View};
use crate::base::text::{count, size as size_text};
use crate::base::{SegmentId, Span};
use crate::machine::Started;
use crate::rules::{CheckedSegment, SegmentKind};
use crate::ui::theme::{size, tokens};
use crate::ui::widgets::{focus_ring, snap};

/// Seconds in which an arrival fades while the session plays.
const FADE: f64 = 0.25;

/// Shows the memory map in the space that is left.
pub(crate) fn map_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut MapState,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    let area = ui.available_rect_before_wrap();
    ui.painter().rect_filled(snap(ui.painter(), area), 0.0, tokens.canvas);
    ui.spacing_mut().item_spacing.y = 0.0;
    if let Some(started) = view.started {
        state.renew_step(view, started, ui.input(|input| input.time));
    }
    let present = state.step.as_ref().map_or_else(Present::default, |step| step.present);
    header::show(ui, !state.windows.is_empty(), present, view.tab, actions);
    let Some(started) = view.started else {
        header::not_started(ui, view, actions);
        return;
    };
    let room = ui.available_rect_before_wrap();
    let source = ScrollSource { drag: DragScroll::Never, ..ScrollSource::default() };
    ScrollArea::vertical()
        .id_salt("memory map")
        .auto_shrink(false)
        .scroll_source(source)
        .show(ui, |ui| canvas(ui, view, started, state, actions, room.height()));
}

/// The lanes of an adapter, the one that is in focus higher.
fn shapes(view: &View<'_>, started: &Started) -> Vec<LaneShape> {
    let segments = &started.vidmm().adapter().segments;
    let focused = view.selected.and_then(|item| place_of(started, item)).map(|(id, _)| id);
    let memory = |segment: &&CheckedSegment| segment.kind == SegmentKind::Memory;
    let is_memory = |id: &SegmentId| segments.iter().filter(memory).any(|it| it.id == *id);
    let focused = focused.filter(is_memory).or_else(|| Some(segments.iter().find(memory)?.id));
    let shape = |segment: &CheckedSegment| LaneShape {
        segment: segment.id,
        aperture: segment.kind == SegmentKind::Aperture,
        focused: focused == Some(segment.id),
        banks: !segment.banks.is_empty(),
        apart: u8::try_from(strip::ranges_apart(view, segment).len()).unwrap_or(0),
    };
    segments.iter().map(shape).collect()
}

fn canvas(
    ui: &mut Ui,
    view: &View<'_>,
    started: &Started,
    state: &mut MapState,
    actions: &mut Vec<Action>,
    room: f32,
) {
    let corner = ui.cursor().min;
    let width = (ui.available_width() - 2.0 * size::MAP_INSET).max(80.0);
    let shapes = shapes(view, started);
    let left = corner.x + size::MAP_INSET;
    let (rects, height) = layout::lanes(&shapes, (left, corner.y), width, room);
    let space = vec2(ui.available_width(), height.max(room));
    let (rect, response) = ui.allocate_exact_size(space, Sense::click_and_drag());
    response
        .widget_info(|| WidgetInfo::labeled(Role::Canvas, ui.is_enabled(), spoken(view, started)));
    let rects: Vec<LaneRects> = rects.iter().map(|lane| snapped(ui, lane)).collect();
    navigate(ui, view, started, state, &response, &rects, actions);
    if let Some(lane) = state.reveal.take().and_then(|id| rects.iter().find(|r| r.segment == id)) {
        ui.scroll_to_rect(lane.whole(), None);
    }
    let Some(step) = state.step.take() else { return };
    let tokens = tokens(ui);
    let scene = Scene {
        view,
        started,
        tokens,
        colors: Colors::new(&step.slots, tokens),
        movements: &step.movements,
        encoded: &step.encoded,
        pixels_per_point: ui.pixels_per_point(),
        glow: glow(ui, view, &step),
    };
    let hit = paint_lanes(ui, &scene, state, &response, &rects);
    react(&scene, state, &response, hit, actions);
    state.step = Some(step);
    let visible = rect.intersect(ui.clip_rect());
    focus_ring(ui, &response, visible, 0.0);
}

/// Lanes begin and end on whole pixels, so that columns are pixels.
fn snapped(ui: &Ui, lane: &LaneRects) -> LaneRects {
    let snap = |rect: Rect| snap(ui.painter(), rect);
    let mut lane = *lane;
    lane.banks = lane.banks.map(snap);
    lane.apart = lane.apart.map(snap);
    lane.blocks = snap(lane.blocks);
    lane.ruler = lane.ruler.map(snap);
    if let Some(parts) = &mut lane.aperture {
        parts.pages = snap(parts.pages);
        parts.frames = snap(parts.frames);
    }
    lane
}

/// How strongly arrivals glow: fading while the session plays, full while it stands.
fn glow(ui: &Ui, view: &View<'_>, step: &Step) -> f32 {
    if !view.playing {
        return 1.0;
    }
    let age = (ui.input(|input| input.time) - step.since) / FADE;
    if age < 1.0 {
        ui.ctx().request_repaint();
    }
    #[expect(clippy::cast_possible_truncation)]
    let glow = (1.0 - age).clamp(0.0, 1.0) as f32;
    glow
}

fn scale_of(ui: &Ui, blocks: Rect, range: Span) -> Option<Scale> {
    let columns = column_number(f64::from((blocks.width() * ui.pixels_per_point()).round()));
    Scale::new(range, columns)
}

/// Paints all lanes that are in view, and says what is under the pointer.
fn paint_lanes(
    ui: &Ui,
    scene: &Scene<'_>,
    state: &mut MapState,
    response: &Response,
    rects: &[LaneRects],
) -> Option<Hit> {
    let pointer = if response.hovered() { response.hover_pos() } else { None };
    let adapter = scene.started.vidmm().adapter();
    let book = scene.started.vidmm().book();
    let mut found = None;
    for rects in rects {
        // Marks overhang a lane by a few points.
        if !ui.clip_rect().intersects(rects.whole().expand(10.0)) {
            continue;
        }
        let (Some(segment), Some(usage)) =
            (adapter.segment(rects.segment), book.segment(rects.segment))
        else {
            continue;
        };
        let Some(scale) = scale_of(ui, rects.blocks, state.window_of(segment)) else { continue };
        let zoomed = state.windows.contains_key(&segment.id);
        let lane = LaneView { segment, usage, rects: *rects, scale, zoomed };
        let cache = LaneCache::renewed(state.lanes.remove(&segment.id), scene, &lane);
        let painter = ui.painter();
        lane::paint(painter, scene, &lane, &cache);
        let hit = pointer.and_then(|at| hit::in_lane(scene, &lane, &cache, at));
        outlines(ui, scene, (&lane, &cache), hit);
        state.lanes.insert(segment.id, cache);
        found = found.or(hit);
        found = found.or(paint_lens(ui, scene, state, &lane, pointer));
    }
    found
}

/// Outlines in a lane what is selected and what the pointer is over, here or elsewhere.
fn outlines(
    ui: &Ui,
    scene: &Scene<'_>,
    (lane, cache): (&LaneView<'_>, &LaneCache),
    hit: Option<Hit>,
) {
    let painter = ui
        .painter()
        .with_clip_rect(lane.rects.blocks.expand2(vec2(4.0, 6.0)).intersect(ui.clip_rect()));
    let shown = |item: Item| -> Option<Rect> {
        let (segment, span) = place_of(scene.started, item)?;
        let whole = matches!(item, Item::Segment(_));
        if segment != lane.segment.id || whole { None } else { lane.rect_of(scene, span) }
    };
    let hovered = hit.as_ref().map_or(scene.view.hovered, Hit::item);
    if let Some(rect) = hovered.and_then(shown) {
        lane::paint_outline(&painter, rect, scene.tokens.text, false);
    }
    if let Some(Hit::Merged { column, .. }) = hit
        && let Some(rect) = lane.rect_of(scene, column)
    {
        lane::paint_outline(&painter, rect.expand2(vec2(1.0, 0.0)), scene.tokens.text, false);
    }
    match scene.view.selected {
        Some(Item::Process(process)) => {
            let book = scene.started.vidmm().book();
            // What is merged with its neighbours is too narrow for an outline.
            for item in &cache.items {
                if let LaneItem::Block(block) = item
                    && lanes::process_of(book, block.owner) == Some(process)
                    && let Some(rect) = lane.rect_of(scene, block.span).filter(|r| r.width() >= 3.0)
                {
                    lane::paint_outline(&painter, rect, scene.tokens.accent, false);
                }
            }
        }
        Some(Item::Segment(id)) if id == lane.segment.id => {
            lane::paint_outline(&painter, lane.rects.blocks, scene.tokens.accent, true);
        }
        Some(item) => {
            if let Some(rect) = shown(item) {
                lane::paint_outline(&painter, rect, scene.tokens.accent, true);
            }
        }
        None => {}
    }
}

fn paint_lens(
    ui: &Ui,
    scene: &Scene<'_>,
    state: &mut MapState,
    lane: &LaneView<'_>,
    pointer: Option<Pos2>,
) -> Option<Hit> {
    let rects = lane.rects.aperture?;
    let segment = lane.segment.id;
    if let Some(Item::AperturePage(id, page)) = scene.view.hovered.filter(|_| !state.hovering)
        && id == segment
    {
        state.aim_lens(lane.segment, page);
    }
    let frames = Span::whole(scene.started.host().total_frames().get());
    let frames = scale_of(ui, rects.frames, frames)?;
    let first = state.lenses.get(&segment).copied().unwrap_or(0);
    let lens = LensView { lane, rects, frames, first };
    let cache = LensCache::renewed(state.lens_caches.remove(&segment), scene, &lens)?;
    let hit = pointer.and_then(|at| hit::in_lens(scene, &lens, &cache, at));
    let read = hit.as_ref().and_then(Hit::item).or(scene.view.hovered);
    let hot = hot(scene, &cache, segment, read)
        .or_else(|| hot(scene, &cache, segment, scene.view.selected))
        .unwrap_or_default();
    aperture::paint(ui.painter(), scene, &lens, &cache, hot);
    state.lens_caches.insert(segment, cache);
    hit
}

/// What of a lens an item stands for: a page with its frame, or a frame with its page.
fn hot(
    scene: &Scene<'_>,
    cache: &LensCache,
    segment: SegmentId,
    item: Option<Item>,
) -> Option<Hot> {
    match item? {
        Item::AperturePage(id, page) if id == segment => {
            let table = lens::PageTable::of(scene.started, segment)?;
            let frame = table.at(page).and_then(lens::PageTarget::frame);
            Some(Hot { page: Some(page), frame })
        }
        Item::Frame(frame) => {
            let page = lens::page_of_frame(&cache.pages, frame).map(|page| page.page);
            Some(Hot { page, frame: Some(frame) })
        }
        _ => None,
    }
}

/// Tells the window what the pointer is over and what was clicked, and shows the tooltip.
fn react(
    scene: &Scene<'_>,
    state: &mut MapState,
    response: &Response,
    hit: Option<Hit>,
    actions: &mut Vec<Action>,
) {
    let view = scene.view;
    let item = hit.as_ref().and_then(Hit::item);
    if item.is_some() {
        actions.push(Action::Hover(item));
        state.hovering = true;
    } else {
        state.hovering = false;
    }
    if response.clicked_by(egui::PointerButton::Primary) {
        response.request_focus();
        if hit.is_none() || item.is_some() {
            actions.push(Action::Select(item));
        }
    }
    if response.double_clicked()
        && let Some((segment, span)) = match hit {
            Some(Hit::Extent(segment, _, span) | Hit::Hole(segment, span)) => Some((segment, span)),
            Some(Hit::Merged { segment, column, .. }) => Some((segment, column)),
            Some(Hit::Apart(segment, _, span)) => Some((segment, span)),
            Some(Hit::Banks(segment, first, last)) => {
                let known = scene.started.vidmm().adapter().segment(segment);
                known
                    .and_then(|it| Span::new(it.bank(first)?.start(), it.bank(last)?.end()))
                    .map(|span| (segment, span))
            }
            _ => None,
        }
    {
        state.zoom_to(scene.started, segment, span);
    }
    let Some(hit) = hit.filter(|_| !response.dragged()) else {
        state.tip = None;
        return;
    };
    let kept =
        state.tip.take().filter(|(revision, known, _)| *revision == view.revision && *known == hit);
    let tip = kept.map_or_else(|| tooltip::tip(scene, &hit), |(_, _, tip)| tip);
    response.clone().on_hover_ui_at_pointer(|ui| tooltip::show(ui, scene, &tip));
    state.tip = Some((view.revision, hit, tip));
}

/// The map in words, for those who do not see it.
fn spoken(view: &View<'_>, started: &Started) -> String {
    let book = started.vidmm().book();
    let mut words = String::from("Memory map.");
    for segment in started.vidmm().adapter().segments.iter() {
        let Some(usage) = book.segment(segment.id) else { continue };
        let space = usage.space();
        words.push_str(&format!(
            " {}: {} blocks, {} of {} used.",
            segment.name,
            count(u64::try_from(space.block_count()).unwrap_or(u64::MAX)),
            size_text(space.used()),
            segment.size,
        ));
    }
    let selected = view.selected.and_then(|item| Some((item, place_of(started, item)?)));
    if let Some((item, (segment, span))) = selected
        && let Some(checked) = started.vidmm().adapter().segment(segment)
    {
        let name = match item {
            Item::Allocation(id) => view.names.allocation(id).to_owned(),
            Item::Buffer(index) => format!("paging buffer {index}"),
            Item::Hole(..) => "a hole".to_owned(),
            Item::AperturePage(_, page) => format!("page {page}"),
            _ => "the segment".to_owned(),
        };
        let range = map_words::addresses(checked, span);
        words.push_str(&format!(" Selected: {name} in {}, {range}.", checked.name));
    }
    words
}
