//! The run from first to last command: who does how much, what moved which way, what went wrong,
//! and where one stands. A click goes there, dragging scrubs.

use std::sync::Arc;

use egui::{
    Align2, Color32, Galley, Key, Mesh, Painter, Rect, Response, Sense, Shape, Ui, WidgetInfo,
    pos2, vec2,
};

use crate::analysis::density::{Density, DensityLane, PagingBucket};
use crate::analysis::explain::command_text;
use crate::app::{Action, Item, View};
use crate::base::text::{count, counted, size as bytes};
use crate::machine::Place;
use crate::ui::theme::{Mark, OwnerPalette, OwnerSlot, Tokens, mix, size, text, tokens};
use crate::ui::widgets::{
    Icon, Tone, decimal_ticks, elide, focus_ring, hatch, horizontal_line, mark, snap, swatch,
    vertical_line,
};

/// Height of the row with title, bookmarks and the plate of the playhead.
const HEADER: f32 = 20.0;
/// Height of the ruler and the line with the events of the selection.
const RULER: f32 = 28.0;
/// Height of the lane of paging.
const PAGING: f32 = 28.0;
/// Height of the row of marks for refusals and damage.
const MARKS: f32 = 12.0;
/// Least and most height of the lane of a process.
const LANE: (f32, f32) = (13.0, 30.0);
/// Distance of the lanes from the gutter and from the right edge.
const INSET: f32 = 16.0;

/// What the timeline remembers between frames: only what is quick to make again.
#[derive(Default)]
pub(crate) struct TimelineState {
    density: Option<(usize, usize, Density)>,
    palette: Option<OwnerPalette>,
    mesh: Option<(MeshKey, Arc<Mesh>)>,
}

/// What the painted lanes depend on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct MeshKey {
    executed: usize,
    rect: Rect,
    lanes: usize,
    pixels_per_point: f32,
    theme: crate::ui::theme::Theme,
}

/// Where everything lies.
#[derive(Clone, Debug, PartialEq)]
struct Layout {
    header: Rect,
    gutter: Rect,
    /// From the first to the last step, below the header.
    steps: Rect,
    events: f32,
    lanes: Vec<Rect>,
    paging: Rect,
    marks: Rect,
    commands: usize,
}

/// Lays `processes` lanes out; where there are too many, the last stands for the rest.
fn layout(rect: Rect, gutter: f32, processes: usize, commands: usize) -> Layout {
    let left = (rect.left() + gutter + INSET).min(rect.right() - 1.0);
    let right = (rect.right() - INSET).max(left + 1.0);
    let top = rect.top() + HEADER;
    let steps = Rect::from_min_max(pos2(left, top), pos2(right, rect.bottom().max(top)));
    let marks = steps.with_min_y((rect.bottom() - MARKS).max(top));
    let paging =
        Rect::from_x_y_ranges(steps.x_range(), (marks.top() - PAGING).max(top)..=marks.top());
    let first = top + RULER;
    let room = (paging.top() - first).max(0.0);
    let mut shown = processes;
    while shown > 1 && room / float(shown) < LANE.0 {
        shown -= 1;
    }
    let height = (room / float(shown.max(1))).min(LANE.1).floor();
    let lanes = (0..shown)
        .map(|index| {
            let lane_top = first + height * float(index);
            Rect::from_x_y_ranges(steps.x_range(), lane_top..=lane_top + height)
        })
        .collect();
    Layout {
        header: rect.with_max_y(top),
        gutter: Rect::from_min_max(rect.min, pos2(rect.left() + gutter, rect.bottom())),
        steps,
        events: top + RULER - 8.0,
        lanes,
        paging,
        marks,
        commands,
    }
}

impl Layout {
    /// Where a step lies; steps may be broken.
    fn x(&self, step: f32) -> f32 {
        self.steps.left() + self.steps.width() * step / float(self.commands.max(1))
    }

    /// The step that a click at `x` goes to: after the command there, which is the one that its
    /// tooltip tells of; before the first at the left end.
    fn step_at(&self, x: f32) -> usize {
        if x <= self.steps.left() + 1.0 { 0 } else { self.command_at(x) }
    }

    /// The command under `x`, counted from 1; 0 where there is none.
    fn command_at(&self, x: f32) -> usize {
        let share = ((x - self.steps.left()) / self.steps.width().max(1.0)).clamp(0.0, 1.0);
        // Between 0 and the number of commands by the clamp; exact to a point of the screen.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let before = (share * float(self.commands)) as usize;
        (before + 1).min(self.commands)
    }
}

/// Commands and columns as a number of the screen; exact enough for a pixel.
fn float(number: usize) -> f32 {
    #[expect(clippy::cast_precision_loss)]
    let float = number as f32;
    float
}

/// `part` of `whole` on a scale on which small amounts stay visible beside large ones.
fn share(part: u64, whole: u64) -> f32 {
    if part == 0 || whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss)]
    let share = (part as f64 / whole as f64).sqrt();
    // Between 0 and 1.
    #[expect(clippy::cast_possible_truncation)]
    let share = share.min(1.0) as f32;
    share
}

/// The timeline; its gutter is as wide as the left panel.
pub(crate) fn timeline_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut TimelineState,
    gutter: f32,
    actions: &mut Vec<Action>,
) {
    let (rect, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    let rect = snap(ui.painter(), rect);
    let commands = view.run.commands().len();
    let layout = layout(rect, gutter, view.names.processes().len(), commands);
    refresh(view, state, &layout, ui.ctx().pixels_per_point());
    let TimelineState { density: Some((_, _, density)), palette: Some(palette), mesh } = state
    else {
        return;
    };
    ground(ui, &layout, rect, density);
    let area = layout.steps.with_min_y(rect.top()).expand2(vec2(8.0, 0.0));
    let response = ui.interact(area, ui.scope_id().with("steps"), Sense::click_and_drag());
    describe(view, density, &response);
    let lanes = shown_lanes(density, layout.lanes.len());
    gutter_ui(ui, view, &layout, &lanes, density, palette);
    if commands == 0 {
        let words = "The session has no commands";
        let (at, align) = (layout.steps.center(), Align2::CENTER_CENTER);
        text::paint(ui.painter(), at, align, words, size::TEXT_SMALL, tokens(ui).text_faint);
        return;
    }
    let key = MeshKey {
        executed: view.run.executed(),
        rect,
        lanes: layout.lanes.len(),
        pixels_per_point: ui.ctx().pixels_per_point(),
        theme: tokens(ui).theme,
    };
    if mesh.as_ref().is_none_or(|(known, _)| *known != key) {
        let built = lanes_mesh(ui.painter(), &layout, &lanes, density, view, palette);
        *mesh = Some((key, Arc::new(built)));
    }
    paint_ruler(ui.painter(), &layout);
    if let Some((_, mesh)) = mesh {
        ui.painter().add(Shape::Mesh(Arc::clone(mesh)));
    }
    paint_ahead(ui.painter(), &layout, view.run.executed());
    paint_marks(ui.painter(), &layout, density);
    paint_events(ui.painter(), &layout, view);
    let plate = plate(ui.painter(), &layout, view);
    let bookmarks = paint_bookmarks(ui.painter(), &layout, view, plate.0);
    paint_hovered(ui.painter(), &layout, view.hovered);
    paint_playhead(ui.painter(), &layout, view, plate);
    focus_ring(ui, &response, area.shrink(1.0), 0.0);
    let state = Pointed { layout: &layout, density, bookmarks: &bookmarks };
    react(ui, view, &state, response, actions);
}

fn refresh(view: &View<'_>, state: &mut TimelineState, layout: &Layout, pixels_per_point: f32) {
    // Buckets narrower than a pixel would be painted over each other.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let columns = (layout.steps.width() * pixels_per_point).clamp(1.0, 16_384.0) as usize;
    let executed = view.run.executed();
    let fits = |known: &(usize, usize, Density)| known.0 == executed && known.1 == columns;
    if !state.density.as_ref().is_some_and(fits) {
        let density = Density::of(view.run, view.names, columns);
        state.density = Some((executed, columns, density));
        state.mesh = None;
    }
    if state.palette.is_none() {
        state.palette = Some(OwnerPalette::new(view.names.processes()));
    }
}

/// A lane as it is shown: one process, or several that have no lane of their own.
struct ShownLane<'a> {
    lanes: Vec<&'a DensityLane>,
}

impl ShownLane<'_> {
    fn bytes(&self, bucket: usize) -> u64 {
        let bytes = self.lanes.iter().filter_map(|lane| lane.bytes.get(bucket));
        bytes.fold(0, |sum: u64, bytes| sum.saturating_add(*bytes))
    }

    fn name(&self, view: &View<'_>) -> String {
        match self.lanes[..] {
            [lane] => view.names.process(lane.process).to_owned(),
            ref lanes => format!("{} others", lanes.len()),
        }
    }

    fn slot(&self, view: &View<'_>, palette: &OwnerPalette) -> OwnerSlot {
        match self.lanes[..] {
            [lane] => palette.slot(view.names.process(lane.process)),
            _ => OwnerSlot::System,
        }
    }
}

/// The busiest processes in the order of their ids, then the rest in one lane.
fn shown_lanes(density: &Density, room: usize) -> Vec<ShownLane<'_>> {
    let single = |lane| ShownLane { lanes: vec![lane] };
    if density.lanes.len() <= room {
        return density.lanes.iter().map(single).collect();
    }
    let mut busiest: Vec<&DensityLane> = density.lanes.iter().collect();
    busiest.sort_by_key(|lane| std::cmp::Reverse(lane.total));
    let rest = busiest.split_off(room.saturating_sub(1).min(busiest.len()));
    busiest.sort_by_key(|lane| lane.process);
    let mut lanes: Vec<ShownLane<'_>> = busiest.into_iter().map(single).collect();
    if room > 0 {
        lanes.push(ShownLane { lanes: rest });
    }
    lanes
}

fn describe(view: &View<'_>, density: &Density, response: &Response) {
    let place = view.place;
    let commands = count(wide(density.commands()));
    let spoken = format!(
        "Timeline, step {place} of {commands}, {} refused, {} with damage",
        density.refused, density.wrong
    );
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Slider, true, &spoken));
}

fn ground(ui: &Ui, layout: &Layout, rect: Rect, density: &Density) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    painter.rect_filled(rect, 0.0, tokens.canvas);
    painter.rect_filled(layout.gutter, 0.0, tokens.panel);
    painter.rect_filled(layout.header, 0.0, tokens.bar);
    let foot = layout.header.bottom();
    horizontal_line(painter, rect.left(), rect.right(), foot, tokens.separator);
    let edge = layout.gutter.right() - 1.0;
    vertical_line(painter, edge, rect.top(), rect.bottom(), tokens.separator);
    let middle = layout.header.center().y;
    let at = pos2(rect.left() + size::PANEL_INSET, middle);
    text::paint(painter, at, Align2::LEFT_CENTER, "Timeline", size::TEXT_BODY, tokens.text);
    let words = counted(wide(density.commands()), "command");
    let at = pos2(edge - size::PANEL_INSET, middle);
    text::paint(painter, at, Align2::RIGHT_CENTER, &words, size::TEXT_SMALL, tokens.text_faint);
}

/// What each lane is, left of it.
fn gutter_ui(
    ui: &mut Ui,
    view: &View<'_>,
    layout: &Layout,
    lanes: &[ShownLane<'_>],
    density: &Density,
    palette: &OwnerPalette,
) {
    let tokens = tokens(ui);
    let painter = ui.painter().with_clip_rect(layout.gutter);
    let left = layout.gutter.left() + size::PANEL_INSET;
    let right = layout.gutter.right() - size::PANEL_INSET - 1.0;
    events_label(&painter, view, layout, left, right);
    for (lane, rect) in lanes.iter().zip(&layout.lanes) {
        let middle = rect.center().y;
        let sign = Rect::from_center_size(pos2(left + 4.5, middle), vec2(9.0, 9.0));
        swatch(&painter, sign, tokens.owner(lane.slot(view, palette)));
        let room = (right - left - 15.0).max(0.0);
        let name = lane.name(view);
        let galley = elide(&painter, &name, size::TEXT_SMALL, tokens.text_secondary, room);
        let at = pos2(left + 15.0, middle);
        text::paint_galley(&painter, at, Align2::LEFT_CENTER, galley, tokens.text_secondary);
        let row = Rect::from_x_y_ranges(layout.gutter.x_range(), rect.y_range());
        let response = ui.interact(row, ui.scope_id().with(("lane", &name)), Sense::hover());
        let total: u64 = lane.lanes.iter().map(|lane| lane.total).fold(0, u64::saturating_add);
        let words = format!("{name}: {} named by commands", bytes(total));
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &words));
        response.on_hover_ui(|ui| {
            ui.label(&words);
            ui.weak(
                "Height: bytes of its allocations that each command creates, uses or moves, \
                     on a scale of square roots",
            );
        });
    }
    paging_label(&painter, layout, left);
    marks_label(&painter, layout, density, left);
}

fn events_label(painter: &Painter, view: &View<'_>, layout: &Layout, left: f32, right: f32) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let middle = layout.events;
    let Some(Item::Allocation(id)) = view.selected else {
        let words = "Select an allocation to see its life";
        let galley = elide(painter, words, size::TEXT_SMALL, tokens.text_faint, right - left);
        text::paint_galley(
            painter,
            pos2(left, middle),
            Align2::LEFT_CENTER,
            galley,
            tokens.text_faint,
        );
        return;
    };
    painter.circle_filled(pos2(left + 4.5, middle), 2.5, tokens.accent);
    let words = counted(wide(view.history.len()), "event");
    let at = pos2(right, middle);
    let align = Align2::RIGHT_CENTER;
    let painted = text::paint(painter, at, align, &words, size::TEXT_SMALL, tokens.text_faint);
    let room = painted.left() - 8.0 - left - 15.0;
    let name = elide(painter, view.names.allocation(id), size::TEXT_SMALL, tokens.text, room);
    let at = pos2(left + 15.0, middle);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, name, tokens.text);
}

fn paging_label(painter: &Painter, layout: &Layout, left: f32) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let middle = layout.paging.center().y;
    let align = Align2::LEFT_CENTER;
    let at = pos2(left, middle);
    let title = text::paint(painter, at, align, "Paging", size::TEXT_SMALL, tokens.text_secondary);
    let mut x = title.right() + 14.0;
    let signs = [(Mark::In, "in"), (Mark::Out, "out"), (Mark::Map, "map"), (Mark::Unmap, "unmap")];
    for (sign, word) in signs {
        mark(painter, pos2(x, middle), 8.0, sign);
        let at = pos2(x + 8.0, middle);
        let painted = text::paint(painter, at, align, word, size::TEXT_SMALL, tokens.text_faint);
        x = painted.right() + 12.0;
    }
}

fn marks_label(painter: &Painter, layout: &Layout, density: &Density, left: f32) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let middle = layout.marks.center().y - 2.0;
    let mut x = left;
    for (icon, number, word) in
        [(Icon::Cross, density.refused, "refused"), (Icon::Warning, density.wrong, "damaged")]
    {
        if number == 0 {
            continue;
        }
        icon.paint(painter, pos2(x + 4.5, middle), 10.0, Tone::Error.color(tokens));
        let words = format!("{} {word}", count(number));
        let at = pos2(x + 15.0, middle);
        let ink = tokens.text_secondary;
        let align = Align2::LEFT_CENTER;
        x = text::paint(painter, at, align, &words, size::TEXT_SMALL, ink).right() + 14.0;
    }
}

fn lanes_mesh(
    painter: &Painter,
    layout: &Layout,
    lanes: &[ShownLane<'_>],
    density: &Density,
    view: &View<'_>,
    palette: &OwnerPalette,
) -> Mesh {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let mut mesh = Mesh::default();
    let most = (0..density.buckets())
        .flat_map(|bucket| lanes.iter().map(move |lane| lane.bytes(bucket)))
        .max()
        .unwrap_or(0);
    for (lane, rect) in lanes.iter().zip(&layout.lanes) {
        let color = mix(tokens.canvas, tokens.owner(lane.slot(view, palette)).color, 0.75);
        let foot = rect.bottom() - 2.0;
        for bucket in 0..density.buckets() {
            let part = share(lane.bytes(bucket), most);
            if part > 0.0 {
                let height = (part * (rect.height() - 3.0)).max(1.0);
                let (from, to) = columns(layout, density.buckets(), bucket);
                add(&mut mesh, painter, from, to, foot - height..=foot, color);
            }
        }
        let all = layout.steps.x_range();
        add(&mut mesh, painter, all.min, all.max, foot..=foot + 1.0, tokens.separator);
    }
    let middle = layout.paging.center().y.round();
    let all = layout.steps.x_range();
    add(&mut mesh, painter, all.min, all.max, middle..=middle + 1.0, tokens.separator_strong);
    for (bucket, paging) in density.paging.iter().enumerate() {
        let (from, to) = columns(layout, density.buckets(), bucket);
        paging_bars(
            &mut mesh,
            painter,
            (from, to.min(from + 10.0)),
            middle,
            paging,
            density,
            tokens,
        );
    }
    mesh
}

fn paging_bars(
    mesh: &mut Mesh,
    painter: &Painter,
    (from, to): (f32, f32),
    middle: f32,
    paging: &PagingBucket,
    density: &Density,
    tokens: &Tokens,
) {
    let reach = PAGING / 2.0 - 2.0;
    let height = |bytes| (share(bytes, density.most_paged) * reach).max(2.0).round();
    // At least two points wide: a single move in a long run is still a mark.
    let to = to.max(from + 2.0);
    if paging.bytes_in > 0 {
        let top = middle - height(paging.bytes_in);
        add(mesh, painter, from, to, top..=middle, tokens.mark(Mark::In));
    }
    if paging.bytes_out > 0 {
        let foot = middle + 1.0 + height(paging.bytes_out);
        add(mesh, painter, from, to, middle + 1.0..=foot, tokens.mark(Mark::Out));
    }
    let square = (to - from).clamp(4.0, 5.0);
    let mut left = from;
    if paging.bytes_mapped > 0 {
        let ink = tokens.mark(Mark::Map);
        add(mesh, painter, left, left + square, middle - 2.0..=middle + 3.0, ink);
        left += square + 1.0;
    }
    if paging.bytes_unmapped > 0 {
        let ink = tokens.mark(Mark::Unmap);
        add(mesh, painter, left, left + square, middle - 2.0..=middle + 3.0, ink);
        let hole = middle - 1.0..=middle + 2.0;
        add(mesh, painter, left + 1.0, left + square - 1.0, hole, tokens.canvas);
    }
}

/// From where to where a bucket is painted: apart from the next where there is room.
fn columns(layout: &Layout, buckets: usize, bucket: usize) -> (f32, f32) {
    let width = layout.steps.width() / float(buckets.max(1));
    let from = layout.steps.left() + width * float(bucket);
    let gap = if width >= 3.0 { 1.0 } else { 0.0 };
    (from, from + width - gap)
}

fn add(
    mesh: &mut Mesh,
    painter: &Painter,
    from: f32,
    to: f32,
    y: std::ops::RangeInclusive<f32>,
    color: Color32,
) {
    let rect = snap(painter, Rect::from_x_y_ranges(from..=to, y));
    // A column narrower than a pixel still gets one.
    let least = rect.left() + 1.0 / painter.pixels_per_point();
    mesh.add_colored_rect(rect.with_max_x(rect.right().max(least)), color);
}

fn paint_ruler(painter: &Painter, layout: &Layout) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let top = layout.header.bottom() + 1.0;
    let mut free = f32::NEG_INFINITY;
    for tick in decimal_ticks(0..wide(layout.commands), layout.steps.width(), 64.0) {
        let x = layout.steps.left() + tick.position;
        let length = if tick.label.is_some() { 5.0 } else { 3.0 };
        vertical_line(painter, x, top, top + length, tokens.separator_strong);
        if let Some(label) = &tick.label
            && x >= free
        {
            let font = text::monospace(size::MONO_TINY);
            let galley = painter.layout_no_wrap(label.clone(), font, tokens.text_faint);
            // The last label stands before its tick, where there is room.
            let (at, align) = if x + 4.0 + galley.size().x > layout.header.right() {
                (pos2(x - 4.0, top + 7.0), Align2::RIGHT_CENTER)
            } else {
                (pos2(x + 4.0, top + 7.0), Align2::LEFT_CENTER)
            };
            let painted = text::paint_galley(painter, at, align, galley, tokens.text_faint);
            free = painted.right() + 4.0;
        }
    }
}

/// What is not executed yet is hatched.
fn paint_ahead(painter: &Painter, layout: &Layout, executed: usize) {
    if executed < layout.commands {
        let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
        let top = layout.header.bottom() + RULER;
        let from = layout.x(float(executed));
        let rest = Rect::from_min_max(pos2(from, top), layout.steps.max);
        hatch(painter, rest, tokens.hatch, size::HATCH_STEP);
    }
}

fn paint_marks(painter: &Painter, layout: &Layout, density: &Density) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let middle = layout.marks.center().y - 2.0;
    let mut free = f32::NEG_INFINITY;
    for (bucket, paging) in density.paging.iter().enumerate() {
        let icon = match (paging.wrong, paging.refused) {
            (0, 0) => continue,
            (0, _) => Icon::Cross,
            _ => Icon::Warning,
        };
        let (from, to) = columns(layout, density.buckets(), bucket);
        let x = f32::midpoint(from, to.min(from + 10.0));
        if x >= free {
            icon.paint(painter, pos2(x, middle), 9.0, Tone::Error.color(tokens));
            free = x + 8.0;
        }
    }
}

/// The life of the selected allocation as dots on a line of their own.
fn paint_events(painter: &Painter, layout: &Layout, view: &View<'_>) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let (Some((first, _)), Some((last, _))) = (view.history.first(), view.history.last()) else {
        return;
    };
    let y = layout.events;
    let ink = mix(tokens.canvas, tokens.accent, 0.4);
    horizontal_line(painter, layout.x(float(*first)), layout.x(float(*last)), y, ink);
    let mut free = f32::NEG_INFINITY;
    for (command, _) in view.history {
        let x = layout.x(float(*command));
        let current = *command == view.place.command;
        if current || x >= free {
            let radius = if current { 3.5 } else { 2.5 };
            painter.circle_filled(pos2(x, y + 0.5), radius, tokens.accent);
            free = x + 2.0;
        }
    }
}

/// Paints the bookmarks, and answers where each is and what it stands for.
fn paint_bookmarks(
    painter: &Painter,
    layout: &Layout,
    view: &View<'_>,
    plate: Rect,
) -> Vec<(Rect, usize)> {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let steps = layout.commands;
    let mut places: Vec<(usize, &str)> = view
        .document
        .bookmarks
        .iter()
        .map(|bookmark| {
            (usize::try_from(bookmark.at).unwrap_or(steps).min(steps), bookmark.text.as_str())
        })
        .collect();
    places.sort_unstable();
    let mut found = Vec::new();
    let middle = layout.header.center().y;
    for (index, (step, words)) in places.iter().enumerate() {
        let x = layout.x(float(*step));
        let next =
            places.get(index + 1).map_or(layout.header.right(), |(next, _)| layout.x(float(*next)));
        Icon::Bookmark.paint(painter, pos2(x, middle), 12.0, tokens.accent);
        let mut left = x + 9.0;
        // The plate of the playhead lies over the bookmarks; what they say stands beside it.
        if left < plate.right() && x + 7.0 > plate.left() {
            left = plate.right() + 5.0;
        }
        let next = if left < plate.left() { next.min(plate.left()) } else { next };
        let room = next - left - 11.0;
        let mut right = x + 7.0;
        if room > 20.0 {
            let ink = tokens.text_secondary;
            let galley = elide(painter, words, size::TEXT_SMALL, ink, room.min(180.0));
            let at = pos2(left, middle);
            right = text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, ink).right();
        }
        let area = Rect::from_x_y_ranges(x - 6.0..=right, layout.header.y_range());
        found.push((area, *step));
    }
    found
}

/// A step that the pointer is over, here or in another panel.
fn paint_hovered(painter: &Painter, layout: &Layout, hovered: Option<Item>) {
    let Some(Item::Step(place)) = hovered else { return };
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let x = layout.x(float(place.command));
    let (top, bottom) = (layout.header.bottom(), layout.steps.bottom());
    vertical_line(painter, x, top, bottom, tokens.text_faint);
}

fn paint_playhead(
    painter: &Painter,
    layout: &Layout,
    view: &View<'_>,
    (plate, galley): (Rect, Arc<Galley>),
) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let x = layout.x(position(view)).round();
    let line = Rect::from_min_max(
        pos2(x - 1.0, layout.header.bottom() - 2.0),
        pos2(x + 1.0, layout.steps.bottom()),
    );
    painter.rect_filled(snap(painter, line), 0.0, tokens.accent);
    painter.rect_filled(plate, size::RADIUS_SMALL, tokens.accent);
    text::paint_galley(painter, plate.center(), Align2::CENTER_CENTER, galley, tokens.canvas);
}

/// The plate with the step over the playhead: where it lies and what it says.
fn plate(painter: &Painter, layout: &Layout, view: &View<'_>) -> (Rect, Arc<Galley>) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let galley = painter.layout_no_wrap(view.place.to_string(), text::mono(), tokens.canvas);
    let width = (galley.size().x + 12.0).max(26.0);
    let half = width / 2.0;
    let least = layout.gutter.right() + half;
    let most = (layout.header.right() - half - 2.0).max(least);
    let middle = layout.x(position(view)).round().clamp(least, most);
    let centre = pos2(middle, layout.header.center().y);
    (snap(painter, Rect::from_center_size(centre, vec2(width, 16.0))), galley)
}

/// Where the run stands, in commands; inside a command by its operations and packets.
fn position(view: &View<'_>) -> f32 {
    let command = float(view.place.command);
    let Some(inner) = view.place.inner else { return command };
    let operations = view.trace.map_or(1, |trace| trace.operations.len()).max(1);
    let through = inner.operation as usize;
    let part = match inner.packet {
        None => float(through),
        Some(packet) => {
            let operation = view.trace.and_then(|trace| trace.operation(inner.operation));
            let packets = operation.map_or(1, |operation| operation.packets.len()).max(1);
            float(through) - 1.0 + float(packet as usize) / float(packets)
        }
    };
    command - 1.0 + (part / float(operations)).clamp(0.0, 1.0)
}

/// What the pointer can be over.
struct Pointed<'a> {
    layout: &'a Layout,
    density: &'a Density,
    bookmarks: &'a [(Rect, usize)],
}

fn react(
    ui: &Ui,
    view: &View<'_>,
    pointed: &Pointed<'_>,
    response: Response,
    actions: &mut Vec<Action>,
) {
    if let Some(at) = response.interact_pointer_pos()
        && (response.clicked() || response.dragged())
    {
        let bookmark = pointed.bookmarks.iter().rev().find(|(rect, _)| rect.contains(at));
        let step = match bookmark {
            Some((_, step)) if response.clicked() => *step,
            _ => pointed.layout.step_at(at.x),
        };
        if Place::after(step) != view.place {
            actions.push(Action::GoTo(Place::after(step)));
        }
    }
    if response.clicked() {
        response.request_focus();
    }
    if response.has_focus() {
        actions.extend(page_keys(ui, view, pointed.layout.commands));
    }
    let Some(at) = response.hover_pos() else { return };
    let command = pointed.layout.command_at(at.x);
    if command > 0 && !response.dragged() {
        actions.push(Action::Hover(Some(Item::Step(Place::after(command)))));
        let lines = tooltip(view, pointed, at, command);
        response.on_hover_ui_at_pointer(|ui| {
            for (index, line) in lines.iter().enumerate() {
                if index == 0 {
                    ui.label(line)
                } else {
                    ui.weak(line)
                };
            }
        });
    }
}

/// Page up and page down move by a tenth of the run.
fn page_keys(ui: &Ui, view: &View<'_>, commands: usize) -> Option<Action> {
    let page = (commands / 10).max(1);
    let here = view.place.command;
    let taken = |key| ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, key));
    if taken(Key::PageDown) {
        Some(Action::GoTo(Place::after((here + page).min(commands))))
    } else if taken(Key::PageUp) {
        Some(Action::GoTo(Place::after(here.saturating_sub(page))))
    } else {
        None
    }
}

fn tooltip(view: &View<'_>, pointed: &Pointed<'_>, at: egui::Pos2, command: usize) -> Vec<String> {
    if let Some((_, step)) = pointed.bookmarks.iter().rev().find(|(rect, _)| rect.contains(at)) {
        let text = view.document.bookmarks.iter().find(|bookmark| {
            usize::try_from(bookmark.at)
                .is_ok_and(|place| place.min(pointed.layout.commands) == *step)
        });
        let words = text.map_or_else(String::new, |bookmark| bookmark.text.clone());
        return vec![words, format!("Bookmark after command {}", count(wide(*step)))];
    }
    let mut lines = vec![format!("{command}  {}", command_words(view, command))];
    let Some(bucket) = pointed.density.bucket_of(command) else { return lines };
    let commands = pointed.density.commands_of(bucket);
    if commands.len() > 1 {
        lines.push(format!(
            "with {} others in this column, to {}",
            commands.len() - 1,
            count(wide(commands.end - 1))
        ));
    }
    if command > view.run.executed() {
        lines.push("not executed yet".to_owned());
        return lines;
    }
    let Some(paging) = pointed.density.paging.get(bucket) else { return lines };
    let moved = [
        (paging.bytes_in, "in"),
        (paging.bytes_out, "out"),
        (paging.bytes_mapped, "mapped"),
        (paging.bytes_unmapped, "unmapped"),
    ];
    let moved: Vec<String> = moved
        .into_iter()
        .filter(|(amount, _)| *amount > 0)
        .map(|(amount, word)| format!("{} {word}", bytes(amount)))
        .collect();
    if !moved.is_empty() {
        lines.push(moved.join(", "));
    }
    if paging.refused > 0 {
        lines.push(format!("{} refused", paging.refused));
    }
    if paging.wrong > 0 {
        lines.push(format!("{} with damage", paging.wrong));
    }
    lines
}

/// A command in words.
fn command_words(view: &View<'_>, command: usize) -> String {
    let Some(command) = view.run.command(command) else { return String::new() };
    let told = command_text(command, super::words(view));
    format!("{} {}", told.title, told.what)
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(width: f32, height: f32, processes: usize) -> Layout {
        layout(Rect::from_min_size(pos2(0.0, 700.0), vec2(width, height)), 256.0, processes, 412)
    }

    #[test]
    fn rows_lie_below_each_other_at_any_size() {
        for (width, height) in [(1440.0, 140.0), (960.0, 140.0), (1280.0, 300.0)] {
            for processes in [0, 1, 3, 4, 40] {
                let layout = at(width, height, processes);
                let mut bottom = layout.header.bottom() + RULER;
                assert!(layout.events < bottom);
                for lane in &layout.lanes {
                    assert!(lane.top() >= bottom - 0.01 && lane.height() >= LANE.0 - 1.0);
                    bottom = lane.bottom();
                }
                assert!(layout.paging.top() >= bottom - 0.01, "{processes}: {layout:?}");
                assert!(layout.marks.bottom() <= 700.0 + height);
                assert!(processes == 0 || !layout.lanes.is_empty());
            }
        }
        assert_eq!(at(1440.0, 140.0, 3).lanes.len(), 3);
    }

    #[test]
    fn a_click_goes_to_the_command_that_is_told_of() {
        let layout = at(1440.0, 140.0, 3);
        for command in 1..=412 {
            let middle = layout.x(float(command) - 0.5);
            assert_eq!(layout.command_at(middle), command);
            assert_eq!(layout.step_at(middle), command);
        }
        assert_eq!(layout.step_at(layout.steps.left()), 0);
        assert_eq!(layout.step_at(-50.0), 0);
        assert_eq!(layout.step_at(5000.0), 412);
        assert_eq!(at(1440.0, 140.0, 0).command_at(9999.0), 412);
    }

    #[test]
    fn small_amounts_stay_visible_beside_large_ones() {
        assert!((share(25, 100) - 0.5).abs() < 1e-6);
        assert!((share(7, 7) - 1.0).abs() < 1e-6);
        assert!(share(0, 5).abs() < 1e-6 && share(5, 0).abs() < 1e-6);
    }
}
