//! One chart: its title with the key to its lines, its lines, and the playhead through them.

use egui::{
    Align2, Color32, Painter, Rect, Response, Sense, Shape, Stroke, Ui, UiBuilder, WidgetInfo,
    pos2, vec2,
};
use egui_plot::{
    Axis as PlotAxis, AxisHints, Bar, BarChart, GridMark, HLine, Line, LineStyle, Plot, PlotPoint,
    PlotPoints, PlotTransform, PlotUi, Span, Text, VLine,
};

use super::layout::{TITLE, byte_step, decimal_step, float, scale_top, whole_number};
use super::{ChartsState, Drawn, Scene};
use crate::analysis::charts::{Axis, MovedBucket, SegmentSeries, Series};
use crate::app::Item;
use crate::base::text::{count, duration, size as bytes};
use crate::ui::panels::charts::words::spoken;
use crate::ui::theme::{Mark, OWNER_HUES, Tokens, size, text, tokens};
use crate::ui::widgets::{elide, horizontal_line, mark, vertical_line};

/// The charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Chart {
    /// Bytes used in each segment.
    Used,
    /// Free space and largest hole of one segment.
    Free,
    /// Bytes moved and mapped.
    Moved,
    /// What is promised.
    Commit,
}

impl Chart {
    /// All of them, in the order in which they are shown.
    pub(super) const ALL: [Self; 4] = [Self::Used, Self::Moved, Self::Free, Self::Commit];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Used => "Used",
            Self::Free => "Free",
            Self::Moved => "Moved",
            Self::Commit => "Commit",
        }
    }
}

/// How a line looks: hue and dashes together, so that neither carries it alone.
pub(super) fn look(tokens: &Tokens, index: usize) -> (Color32, LineStyle) {
    let color = tokens.owners.get(index % OWNER_HUES).copied().unwrap_or(tokens.owner_system);
    let style = match index % 4 {
        0 => LineStyle::Solid,
        1 => LineStyle::Dashed { length: 8.0 },
        2 => LineStyle::Dotted { spacing: 5.0 },
        _ => LineStyle::Dashed { length: 3.5 },
    };
    (color, style)
}

/// A short piece of a line, for a key.
pub(super) fn sample(painter: &Painter, rect: Rect, (color, style): (Color32, LineStyle)) {
    let line = [rect.left_center(), rect.right_center()];
    let stroke = Stroke::new(1.5, color);
    match style {
        LineStyle::Solid => {
            painter.line_segment(line, stroke);
        }
        LineStyle::Dashed { length } => {
            painter.extend(Shape::dashed_line(&line, stroke, length, length * 0.6));
        }
        LineStyle::Dotted { spacing } => {
            painter.extend(Shape::dotted_line(&line, color, spacing * 0.8, 1.2));
        }
    }
}

/// What stands in the key of a chart.
enum KeyPart {
    Line(String, (Color32, LineStyle)),
    Mark(&'static str, Mark),
    Plain(String),
}

const PROMISED: usize = 0;
const MAPPED: usize = 1;

fn key_parts(
    tokens: &Tokens,
    scene: &Scene<'_>,
    state: &ChartsState,
    chart: Chart,
) -> Vec<KeyPart> {
    match chart {
        Chart::Used => {
            let drawn = state.drawn.as_ref().map_or(&[][..], |(_, drawn)| &drawn.used);
            drawn
                .iter()
                .filter_map(|(id, _)| scene.segments.get(id.index()))
                .map(|segment| {
                    KeyPart::Line(segment.name.clone(), look(tokens, segment.id.index()))
                })
                .collect()
        }
        Chart::Free => {
            let Some(focus) = scene.focus else { return Vec::new() };
            let (color, _) = look(tokens, focus.id.index());
            vec![
                KeyPart::Plain(focus.name.clone()),
                KeyPart::Line("free".to_owned(), (color, LineStyle::Solid)),
                KeyPart::Line("largest hole".to_owned(), (color, HOLE)),
            ]
        }
        Chart::Moved => vec![
            KeyPart::Mark("in", Mark::In),
            KeyPart::Mark("out", Mark::Out),
            // Hollow both, as their bars are.
            KeyPart::Mark("mapped ↑ unmapped ↓", Mark::Unmap),
        ],
        Chart::Commit => vec![
            KeyPart::Line("promised".to_owned(), look(tokens, PROMISED)),
            KeyPart::Line("mapped into apertures".to_owned(), look(tokens, MAPPED)),
        ],
    }
}

/// How the line of the largest hole differs from that of free space.
const HOLE: LineStyle = LineStyle::Dashed { length: 5.0 };

/// The title of a chart and the key to its lines.
fn title_ui(ui: &Ui, scene: &Scene<'_>, state: &ChartsState, chart: Chart, rect: Rect) {
    let tokens = tokens(ui);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let at = rect.left_center() + vec2(size::PANEL_INSET, 0.0);
    let title = text::paint(
        &painter,
        at,
        Align2::LEFT_CENTER,
        chart.title(),
        size::TEXT_SMALL,
        tokens.text,
    );
    let mut x = title.right() + 10.0;
    for part in key_parts(tokens, scene, state, chart) {
        let room = rect.right() - 6.0 - x - 22.0;
        if room < 24.0 {
            break;
        }
        let (name, gap) = match &part {
            KeyPart::Line(name, look) => {
                let sign = Rect::from_min_max(pos2(x, rect.top()), pos2(x + 20.0, rect.bottom()));
                sample(&painter, sign, *look);
                (name.as_str(), 24.0)
            }
            KeyPart::Mark(name, kind) => {
                mark(&painter, pos2(x + 5.0, rect.center().y), 8.0, *kind);
                (*name, 12.0)
            }
            KeyPart::Plain(name) => (name.as_str(), 0.0),
        };
        x += gap;
        let ink = tokens.text_secondary;
        let galley = elide(&painter, name, size::TEXT_SMALL, ink, (room - 4.0).max(0.0));
        let at = pos2(x, rect.center().y - 1.0);
        x = text::paint_galley(&painter, at, Align2::LEFT_CENTER, galley, ink).right() + 10.0;
    }
}

/// The scale of a chart: its lower and upper end.
fn scale(scene: &Scene<'_>, state: &ChartsState, drawn: &Drawn, chart: Chart) -> (f64, f64) {
    let most_of = |series: Option<&SegmentSeries>| series.map_or(0, |series| series.used.most());
    match chart {
        Chart::Used => {
            let shown = drawn.used.iter().filter_map(|(id, _)| scene.segments.get(id.index()));
            let tops = shown.map(|segment| {
                scale_top(most_of(state.data.segment(segment.id)), segment.size.get())
            });
            (0.0, float(tops.max().unwrap_or(1)))
        }
        Chart::Free => {
            let size = scene.focus.map_or(1, |segment| segment.size.get());
            (0.0, float(scale_top(size, size)))
        }
        Chart::Moved => {
            let [up, down] = reach(&drawn.moved);
            let room = float((up.saturating_add(down) / 12).max(1));
            (if down > 0 { -float(down) - room } else { 0.0 }, float(up) + room)
        }
        Chart::Commit => {
            let limit =
                scene.view.started.map_or(0, |started| started.vidmm().commit_limit().get());
            let most = [&state.data.commit, &state.data.mapped].map(Series::most);
            (0.0, float(scale_top(most.into_iter().max().unwrap_or(0), limit)))
        }
    }
}

/// How far bars reach up and down.
fn reach(moved: &[MovedBucket]) -> [u64; 2] {
    moved.iter().fold([0, 0], |[up, down], bucket| {
        let [bytes_in, out, mapped, unmapped] = bucket.bytes;
        [up.max(bytes_in.saturating_add(mapped)), down.max(out.saturating_add(unmapped))]
    })
}

/// What a chart answers: the plot, and where values lie in it.
pub(super) struct Plotted {
    pub(super) response: Response,
    pub(super) transform: PlotTransform,
}

/// One chart in `rect`.
pub(super) fn chart_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    state: &ChartsState,
    chart: Chart,
    rect: Rect,
) -> Option<Plotted> {
    let (_, drawn) = state.drawn.as_ref()?;
    let tokens = tokens(ui);
    let (title, body) = rect.split_top_bottom_at_y(rect.top() + TITLE);
    title_ui(ui, scene, state, chart, title);
    horizontal_line(ui.painter(), rect.left(), rect.right(), rect.bottom() - 1.0, tokens.separator);
    vertical_line(ui.painter(), rect.right() - 1.0, rect.top(), rect.bottom(), tokens.separator);
    let (low, high) = scale(scene, state, drawn, chart);
    let (from, to) = (float(scene.shown.0), float(scene.shown.1.max(scene.shown.0 + 1)));
    let plot = framed_plot(tokens, scene, chart, body, (low, high));
    // The last label of the axis reaches beyond the plot.
    let inner = Rect::from_min_max(body.min + vec2(2.0, 1.0), body.max - vec2(16.0, 1.0));
    let mut part = ui.new_child(UiBuilder::new().max_rect(inner));
    part.shrink_clip_rect(body);
    let shown = plot.show(&mut part, |plot| {
        plot.set_plot_bounds_x(from..=to);
        plot.set_plot_bounds_y(low..=high);
        ahead(plot, tokens, scene, (low, high));
        match chart {
            Chart::Used => used(plot, tokens, scene, drawn),
            Chart::Free => free(plot, tokens, scene, drawn),
            Chart::Moved => moved(plot, tokens, scene, drawn),
            Chart::Commit => commit(plot, tokens, scene, drawn),
        }
        marks(plot, tokens, scene);
    });
    let spoken = spoken(scene, state, chart);
    shown.response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, &spoken));
    crate::ui::widgets::focus_ring(ui, &shown.response, *shown.transform.frame(), 0.0);
    Some(Plotted { response: shown.response, transform: shown.transform })
}

/// A plot with our axes, that moves only as we say.
fn framed_plot<'a>(
    tokens: &Tokens,
    scene: &Scene<'_>,
    chart: Chart,
    body: Rect,
    (low, high): (f64, f64),
) -> Plot<'a> {
    let axis = scene.positions.axis();
    let (from, to) = scene.shown;
    let parts = whole_number(f64::from(body.width() / 80.0)).max(2);
    let step = decimal_step(to.saturating_sub(from), parts);
    let span = whole_number(high - low);
    let height = byte_step(span);
    let hints = |hints: AxisHints<'a>| {
        hints
            .tick_label_color(tokens.text_faint)
            .tick_label_font(text::small())
            .label_spacing(4.0..=5.0)
    };
    let bottom = AxisHints::new_x().min_thickness(12.0).formatter(move |mark, _| match axis {
        Axis::Commands => count(whole_number(mark.value)),
        Axis::Clock => duration(whole_number(mark.value)),
    });
    let side = AxisHints::new_y()
        .min_thickness(52.0)
        .formatter(|mark, _| bytes(whole_number(mark.value.abs())));
    Plot::new(chart)
        .custom_x_axes(vec![hints(bottom)])
        .custom_y_axes(vec![hints(side)])
        .x_grid_spacer(move |_| grid(from, to, step))
        .y_grid_spacer(move |_| {
            let up = grid(0, whole_number(high.max(0.0)), height);
            let down = grid(0, whole_number((-low).max(0.0)), height).into_iter().skip(1);
            let down = down.map(|mark| GridMark { value: -mark.value, ..mark });
            up.into_iter().chain(down).collect()
        })
        .grid_spacing(1.0..=2.0)
        .grid_color(tokens.separator)
        .show_background(false)
        .show_crosshair(false)
        .label_formatter(|_| None)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .sense(Sense::click_and_drag())
        .set_margin_fraction(vec2(0.0, 0.0))
}

/// The multiples of `step` from `from` to `to`.
fn grid(from: u64, to: u64, step: u64) -> Vec<GridMark> {
    let step = step.max(1);
    let first = from.div_ceil(step);
    // The step divides the stretch into few parts; the bound is for whatever is not thought of.
    let marks = (first..=to / step).take(64);
    marks
        .map(|number| GridMark {
            value: float(number.saturating_mul(step)),
            step_size: float(step),
        })
        .collect()
}

/// The part of the run that is not executed yet.
fn ahead(plot: &mut PlotUi<'_>, tokens: &Tokens, scene: &Scene<'_>, (low, high): (f64, f64)) {
    let (from, to) = scene.shown;
    if scene.known >= to {
        return;
    }
    let begin = scene.known.max(from);
    let span = Span::new("", float(begin)..=float(to)).axis(PlotAxis::X);
    plot.span(span.fill(tokens.lane).border_color(tokens.separator));
    let middle = PlotPoint::new((float(begin) + float(to)) / 2.0, (low + high) / 2.0);
    plot.text(
        Text::new("", middle, egui::RichText::new("not executed yet").font(text::small()))
            .color(tokens.text_faint)
            .allow_hover(false),
    );
}

fn line<'a>(points: &'a [PlotPoint], (color, style): (Color32, LineStyle), width: f32) -> Line<'a> {
    Line::new("", PlotPoints::Borrowed(points))
        .color(color)
        .style(style)
        .width(width)
        // Folding would fill what lies between the corners of the steps.
        .allow_band(false)
        .allow_hover(false)
}

/// A line that no value passes, named at its left end, where lines begin low.
fn limit(plot: &mut PlotUi<'_>, tokens: &Tokens, scene: &Scene<'_>, at: u64, name: &str) {
    plot.hline(
        HLine::new("", float(at)).color(tokens.separator_strong).width(1.0).allow_hover(false),
    );
    let end = PlotPoint::new(float(scene.shown.0), float(at));
    let words = egui::RichText::new(format!(" {name}")).font(text::small());
    plot.text(
        Text::new("", end, words)
            .anchor(Align2::LEFT_TOP)
            .color(tokens.text_faint)
            .allow_hover(false),
    );
}

fn used<'a>(plot: &mut PlotUi<'a>, tokens: &Tokens, scene: &Scene<'_>, drawn: &'a Drawn) {
    if let Some(focus) = scene.focus.filter(|it| drawn.used.iter().any(|(id, _)| *id == it.id)) {
        limit(plot, tokens, scene, focus.size.get(), &format!("size of {}", focus.name));
        if focus.commit_limit < focus.size {
            limit(plot, tokens, scene, focus.commit_limit.get(), "commit limit");
        }
    }
    for (id, points) in &drawn.used {
        let focused = scene.focus.is_some_and(|focus| focus.id == *id);
        let width = if focused { 2.5 } else { 1.5 };
        plot.line(line(points, look(tokens, id.index()), width));
    }
}

fn free<'a>(plot: &mut PlotUi<'a>, tokens: &Tokens, scene: &Scene<'_>, drawn: &'a Drawn) {
    let Some(focus) = scene.focus else { return };
    let (color, _) = look(tokens, focus.id.index());
    plot.line(line(&drawn.free, (color, LineStyle::Solid), 1.5));
    plot.line(line(&drawn.hole, (color, HOLE), 2.0));
}

fn commit<'a>(plot: &mut PlotUi<'a>, tokens: &Tokens, scene: &Scene<'_>, drawn: &'a Drawn) {
    if let Some(started) = scene.view.started {
        limit(plot, tokens, scene, started.vidmm().commit_limit().get(), "commit limit");
    }
    plot.line(line(&drawn.commit, look(tokens, PROMISED), 1.5));
    plot.line(line(&drawn.mapped, look(tokens, MAPPED), 1.5));
}

/// Bars up for in and mapped, down for out and unmapped; what only changes a table is hollow.
fn moved(plot: &mut PlotUi<'_>, tokens: &Tokens, scene: &Scene<'_>, drawn: &Drawn) {
    plot.hline(HLine::new("", 0.0).color(tokens.separator_strong).width(1.0).allow_hover(false));
    if drawn.moved.is_empty() {
        let middle = float(scene.shown.0).midpoint(float(scene.shown.1.min(scene.known)));
        let words = egui::RichText::new("nothing moves here").font(text::small());
        plot.text(
            Text::new("", PlotPoint::new(middle, 0.5), words)
                .color(tokens.text_faint)
                .allow_hover(false),
        );
        return;
    }
    let mut bars = Vec::with_capacity(drawn.moved.len().saturating_mul(2));
    for bucket in &drawn.moved {
        let [bytes_in, out, mapped, unmapped] = bucket.bytes.map(float);
        let middle = float(bucket.from).midpoint(float(bucket.to));
        let width = float(bucket.to - bucket.from);
        let hollow = Color32::TRANSPARENT;
        for (base, height, fill, edge) in [
            (0.0, bytes_in, tokens.moved_in, tokens.moved_in),
            (bytes_in, mapped, hollow, tokens.mapped),
            (0.0, -out, tokens.moved_out, tokens.moved_out),
            (-out, -unmapped, hollow, tokens.mapped),
        ] {
            if height != 0.0 {
                let bar = Bar::new(middle, height).base_offset(base).width(width * 0.8);
                bars.push(bar.fill(fill).stroke(Stroke::new(1.0, edge)));
            }
        }
    }
    plot.bar_chart(BarChart::new("", bars).allow_hover(false));
}

/// What the pointer is over anywhere, and the playhead.
fn marks(plot: &mut PlotUi<'_>, tokens: &Tokens, scene: &Scene<'_>) {
    let at = |command: usize| float(scene.positions.of(command));
    let mut vertical = |command: usize, color: Color32, width: f32| {
        let line = VLine::new("", at(command)).color(color).width(width);
        plot.vline(line.allow_hover(false));
    };
    if let Some(Item::Step(place)) = scene.view.hovered {
        vertical(place.command, tokens.text_faint, 1.0);
    }
    vertical(scene.view.place.command, tokens.accent, 2.0);
}
