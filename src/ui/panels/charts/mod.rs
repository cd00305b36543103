//! Figures along the run: how full segments are, what moves, what is promised. The playhead runs
//! through all of them; a click goes there, dragging scrubs.
//!
//! Everything drawn was recorded as the machine executed. The table beside the charts says the
//! same in numbers for where the run stands.

mod export;
mod input;
mod layout;
mod paint;
mod table;
#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeSet;

use egui::{Align, Layout as Flow, Rect, ScrollArea, Sense, Ui, UiBuilder, vec2};
use egui_plot::PlotPoint;

use self::input::react;
use self::layout::{Layout, Stretch, float, followed, layout};
use self::paint::{Chart, chart_ui};
use self::table::table_ui;
use crate::analysis::charts::{Axis, Charts, MovedBucket, Positions, Series};
use crate::app::{Action, Item, View};
use crate::base::SegmentId;
use crate::base::text::count;
use crate::machine::Place;
use crate::rules::CheckedSegment;
use crate::ui::theme::{size, tokens};
use crate::ui::widgets::{empty_state, filter_strip, segmented};

/// Segments that are drawn before anybody chose: more lines than this are hard to tell apart.
const DRAWN_AT_FIRST: usize = 6;
/// Points between two bars of bytes moved.
const BAR: f32 = 4.0;

/// What the charts remember between frames of one open session.
#[derive(Debug, Default)]
pub(crate) struct ChartsState {
    data: Charts,
    axis: Axis,
    /// The stretch that is shown; `None` for the whole run.
    shown: Option<Stretch>,
    chosen: Option<BTreeSet<SegmentId>>,
    focus: Option<SegmentId>,
    /// Where the run stood in the last frame.
    place: Option<Place>,
    drawn: Option<(Key, Drawn)>,
}

/// What the drawn lines depend on.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    executed: usize,
    axis: Axis,
    shown: Stretch,
    columns: u32,
    chosen: Vec<SegmentId>,
    focus: Option<SegmentId>,
}

/// The lines and bars in sight.
#[derive(Debug, Default)]
struct Drawn {
    used: Vec<(SegmentId, Vec<PlotPoint>)>,
    free: Vec<PlotPoint>,
    hole: Vec<PlotPoint>,
    commit: Vec<PlotPoint>,
    mapped: Vec<PlotPoint>,
    moved: Vec<MovedBucket>,
}

/// What the parts of the panel need of the view.
#[derive(Clone, Copy)]
struct Scene<'a> {
    view: &'a View<'a>,
    segments: &'a [CheckedSegment],
    positions: Positions<'a>,
    shown: Stretch,
    /// Position up to which anything is known.
    known: u64,
    focus: Option<&'a CheckedSegment>,
}

impl Scene<'_> {
    /// The command that is meant by a position between two.
    fn command_at(&self, position: f64) -> usize {
        self.positions
            .last_until(layout::whole_number(position))
            .min(self.view.run.commands().len())
    }
}

impl ChartsState {
    /// Forgets what was worked out of a run that there is no more.
    pub(crate) fn forget_run(&mut self) {
        self.data = Charts::default();
        self.drawn = None;
        self.shown = None;
    }

    /// Shows the whole run.
    pub(crate) const fn zoom_home(&mut self) {
        self.shown = None;
    }

    fn is_chosen(&self, id: SegmentId) -> bool {
        match &self.chosen {
            Some(chosen) => chosen.contains(&id),
            None => id.index() < DRAWN_AT_FIRST,
        }
    }

    fn choose(&mut self, segments: &[CheckedSegment], id: SegmentId, on: bool) {
        let mut chosen: BTreeSet<SegmentId> =
            segments.iter().map(|segment| segment.id).filter(|id| self.is_chosen(*id)).collect();
        if on {
            chosen.insert(id);
        } else {
            chosen.remove(&id);
        }
        self.chosen = Some(chosen);
    }

    /// The segment of which free space is shown: that of the selection, or the last that was.
    fn follow_selection(&mut self, view: &View<'_>, segments: &[CheckedSegment]) {
        let of_selection = match view.selected {
            Some(Item::Segment(id) | Item::Hole(id, _) | Item::AperturePage(id, _)) => Some(id),
            Some(Item::Allocation(id)) => view
                .started
                .and_then(|started| started.vidmm().book().allocation(id)?.placement())
                .map(|placement| placement.segment),
            _ => None,
        };
        self.focus = of_selection.or(self.focus).or_else(|| Some(segments.first()?.id));
    }

    /// Keeps the playhead in sight when it has moved.
    fn follow_playhead(&mut self, view: &View<'_>, positions: Positions<'_>) {
        if self.place.replace(view.place) != Some(view.place)
            && let Some(shown) = self.shown
        {
            let at = positions.of(view.place.command);
            self.shown = Some(followed(shown, positions.whole(), at));
        }
    }

    /// Makes the lines anew where anything changed that they depend on.
    fn refresh(&mut self, scene: &Scene<'_>, columns: f32) {
        // Columns narrower than a pixel would be painted over each other.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let columns = columns.clamp(1.0, 16_384.0) as u32;
        let chosen = scene.segments.iter().map(|segment| segment.id);
        let key = Key {
            executed: self.data.executed(),
            axis: self.axis,
            shown: scene.shown,
            columns,
            chosen: chosen.filter(|id| self.is_chosen(*id)).collect(),
            focus: self.focus,
        };
        if self.drawn.as_ref().is_some_and(|(known, _)| *known == key) {
            return;
        }
        let line =
            |series: &Series, value: &dyn Fn(u64) -> u64| points(scene, series, columns, value);
        let same = |value: u64| value;
        let used = key
            .chosen
            .iter()
            .filter_map(|id| Some((*id, line(&self.data.segment(*id)?.used, &same))));
        let mut drawn = Drawn {
            used: used.collect(),
            commit: line(&self.data.commit, &same),
            mapped: line(&self.data.mapped, &same),
            ..Drawn::default()
        };
        if let Some(focus) = scene.focus
            && let Some(series) = self.data.segment(focus.id)
        {
            let size = focus.size.get();
            drawn.free = line(&series.used, &|used| size.saturating_sub(used));
            drawn.hole = line(&series.largest_hole, &same);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let bars = (columns as f32 / BAR).max(1.0) as u32;
        let executed = self.data.executed();
        drawn.moved = self.data.moved.buckets(scene.positions, executed, scene.shown, bars);
        self.drawn = Some((key, drawn));
    }
}

/// The corners of a stepped line, up to where the series is known.
fn points(
    scene: &Scene<'_>,
    series: &Series,
    columns: u32,
    value: &dyn Fn(u64) -> u64,
) -> Vec<PlotPoint> {
    let (from, to) = scene.shown;
    let Some((start, stairs)) = series.stairs(scene.positions, scene.shown, columns) else {
        return Vec::new();
    };
    let point = |at: u64, of: u64| PlotPoint::new(float(at), float(value(of)));
    let mut points = vec![point(from, start)];
    let mut last = start;
    for stair in stairs {
        points.push(point(stair.at, last));
        if stair.low < last.min(stair.last) {
            points.push(point(stair.at, stair.low));
        }
        if stair.high > last.max(stair.last) {
            points.push(point(stair.at, stair.high));
        }
        points.push(point(stair.at, stair.last));
        last = stair.last;
    }
    let end = to.min(scene.known);
    if end > from {
        points.push(point(end, last));
    }
    points
}

/// The charts: they fill the rectangle they are given.
pub(crate) fn charts_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut ChartsState,
    actions: &mut Vec<Action>,
) {
    ui.painter().rect_filled(ui.available_rect_before_wrap(), 0.0, tokens(ui).canvas);
    ui.spacing_mut().item_spacing.y = 0.0;
    let Some(started) = view.started else {
        let hint =
            "Nothing runs, so that there is nothing to chart. The findings say what to repair.";
        empty_state(ui, "The adapter does not start", hint);
        return;
    };
    if view.run.commands().is_empty() {
        empty_state(ui, "No commands", "This session asks for nothing.");
        return;
    }
    state.data.extend(view.run);
    let segments = &started.vidmm().adapter().segments[..];
    strip_ui(ui, view, state, segments);
    if state.data.executed() == 0 {
        let hint = "The first commands are being executed; the charts begin with them.";
        empty_state(ui, "Nothing is executed yet", hint);
        return;
    }
    state.follow_selection(view, segments);
    let positions = Positions::new(state.axis, view.run);
    state.follow_playhead(view, positions);
    let whole = positions.whole();
    let scene = Scene {
        view,
        segments,
        positions,
        shown: state.shown.unwrap_or(whole),
        known: positions.of(state.data.executed()),
        focus: segments.iter().find(|segment| Some(segment.id) == state.focus),
    };
    let height = ui.available_height();
    let area = ScrollArea::vertical().id_salt("charts").auto_shrink(false);
    area.show(ui, |ui| {
        let layout = layout(ui.available_width(), height);
        let (rect, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), layout.height), Sense::hover());
        content_ui(ui, &scene, state, (&layout, rect), actions);
    });
}

/// Charts and table, scrolled.
fn content_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    state: &mut ChartsState,
    (layout, rect): (&Layout, Rect),
    actions: &mut Vec<Action>,
) {
    let at = rect.min.to_vec2();
    state.refresh(scene, layout.charts[0].width() * ui.ctx().pixels_per_point());
    let mut zoom = None;
    for (chart, place) in Chart::ALL.into_iter().zip(layout.charts) {
        let Some(plotted) = chart_ui(ui, scene, state, chart, place.translate(at)) else {
            continue;
        };
        if let Some(asked) = react(ui, scene, state, chart, plotted, actions) {
            zoom = Some(asked);
        }
    }
    if let Some(asked) = zoom {
        state.shown = asked;
        ui.ctx().request_repaint();
    }
    let mut inner = ui.new_child(
        UiBuilder::new()
            .id_salt("values")
            .max_rect(layout.table.translate(at).shrink2(vec2(size::PANEL_INSET, 4.0)))
            .layout(Flow::top_down(Align::Min)),
    );
    table_ui(&mut inner, scene, state, actions);
}

/// What the charts run along, which segments they show, and up to where they are known.
fn strip_ui(ui: &mut Ui, view: &View<'_>, state: &mut ChartsState, segments: &[CheckedSegment]) {
    let (executed, commands) = (view.run.executed(), view.run.commands().len());
    let wide = |number: usize| count(u64::try_from(number).unwrap_or(u64::MAX));
    filter_strip(ui, |ui| {
        ui.with_layout(Flow::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let choices = [(Axis::Commands, "Commands"), (Axis::Clock, "Clock")];
            if let Some(axis) = segmented(ui, "Along", &choices, state.axis) {
                // A stretch of commands is none of time.
                (state.axis, state.shown) = (axis, None);
            }
            if segments.len() > 1 {
                segments_ui(ui, state, segments);
            }
            if state.shown.is_some()
                && ui.button("Whole run").on_hover_text("Shows the run from its start").clicked()
            {
                state.shown = None;
            }
            if executed < commands {
                let known = format!("Known up to command {} of {}", wide(executed), wide(commands));
                ui.weak(known).on_hover_text("The rest is being executed");
            }
        });
    });
}

/// Which segments have a line.
fn segments_ui(ui: &mut Ui, state: &mut ChartsState, segments: &[CheckedSegment]) {
    let on = segments.iter().filter(|segment| state.is_chosen(segment.id)).count();
    let title = format!("Segments {on} of {}", segments.len());
    ui.menu_button(title, |ui| {
        ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            for segment in segments {
                let mut on = state.is_chosen(segment.id);
                if ui.checkbox(&mut on, &segment.name).changed() {
                    state.choose(segments, segment.id, on);
                }
            }
        });
    });
}
