//! The run from first to last command: who does how much, what moved which way, what went wrong,
//! and where one stands. A click goes there, dragging scrubs.

mod engine;
mod gutter;
mod input;
mod lanes;
mod layout;
mod marks;
mod power;

use std::sync::Arc;

use egui::{Align2, Mesh, Rect, Response, Sense, Shape, Ui, WidgetInfo, vec2};

use self::engine::{EngineLane, engine_gutter_ui, engine_lanes, engine_mesh, paint_preemptions};
use self::gutter::{ground, gutter_ui};
use self::input::{Pointed, react};
use self::lanes::{lanes_mesh, shown_lanes};
use self::layout::{Layout, layout, wide};
use self::marks::{
    paint_ahead, paint_bookmarks, paint_events, paint_hovered, paint_marks, paint_playhead,
    paint_ruler, plate,
};
use self::power::{BandItem, band_items, paint_bands};
use crate::analysis::density::Density;
use crate::analysis::engine::EngineLog;
use crate::analysis::explain::power_text;
use crate::analysis::power::PowerLog;
use crate::app::{Action, Exported, View};
use crate::base::text::count;
use crate::ui::panels::export::export_button;
use crate::ui::theme::{OwnerPalette, size, text, tokens};
use crate::ui::widgets::{focus_ring, snap};

/// Executed commands that are counted in a frame.
const COUNTED_A_FRAME: usize = 32_768;

/// What the timeline remembers between frames: only what is quick to make again.
#[derive(Default)]
pub(crate) struct TimelineState {
    /// What happens, and in how many columns at most.
    density: Option<(usize, Density)>,
    palette: Option<OwnerPalette>,
    mesh: Option<(MeshKey, Arc<Mesh>)>,
    log: PowerLog,
    engine: EngineLog,
    /// The lanes of contexts, and of how many executed commands, rows and buckets.
    contexts: Option<((usize, usize, usize), Vec<EngineLane>)>,
    /// The bands in sight, and of how many executed commands and which stretch of the screen.
    bands: Option<((usize, Rect), Vec<BandItem>)>,
}

/// What the painted lanes depend on.
#[derive(Clone, Copy, Debug, PartialEq)]
struct MeshKey {
    counted: usize,
    executed: usize,
    rect: Rect,
    lanes: (usize, usize),
    pixels_per_point: f32,
    theme: crate::ui::theme::Theme,
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
    state.log.extend(view.run.records());
    let power = !state.log.transitions().is_empty();
    state.engine.extend(view.run.commands(), view.run.records());
    let lanes = (view.names.processes().len(), state.engine.len());
    let layout = layout(rect, gutter, lanes, commands, power);
    refresh(view, state, &layout, ui.ctx());
    let TimelineState {
        density: Some((_, density)),
        palette: Some(palette),
        mesh,
        log,
        bands,
        contexts: Some((_, contexts)),
        ..
    } = state
    else {
        return;
    };
    ground(ui, &layout, rect, density);
    let area = layout.steps.with_min_y(rect.top()).expand2(vec2(8.0, 0.0));
    let response = ui.interact(area, ui.scope_id().with("steps"), Sense::click_and_drag());
    // Above the steps, which would take its clicks.
    export_ui(ui, view, &layout, actions);
    describe(view, density, log, &response);
    let lanes = shown_lanes(density, layout.lanes.len());
    gutter_ui(ui, view, &layout, &lanes, density, palette);
    engine_gutter_ui(ui, view, &layout, contexts, palette);
    if let Some(row) = layout.power {
        let key = (view.run.executed(), row);
        if bands.as_ref().is_none_or(|(known, _)| *known != key) {
            *bands = Some((key, band_items(log, &layout)));
        }
        let items = bands.as_ref().map_or(&[][..], |(_, items)| items);
        paint_bands(ui, view, (&layout, row), log, items);
    }
    if commands == 0 {
        let words = "The session has no commands: there is nothing to step through";
        let (at, align) = (layout.steps.center(), Align2::CENTER_CENTER);
        text::paint(ui.painter(), at, align, words, size::TEXT_SMALL, tokens(ui).text_faint);
        return;
    }
    let key = MeshKey {
        counted: density.counted(),
        executed: view.run.executed(),
        rect,
        lanes: (layout.lanes.len(), layout.contexts.len()),
        pixels_per_point: ui.ctx().pixels_per_point(),
        theme: tokens(ui).theme,
    };
    if mesh.as_ref().is_none_or(|(known, _)| *known != key) {
        let mut built = lanes_mesh(ui.painter(), &layout, &lanes, density, view, palette);
        built.append(engine_mesh(ui.painter(), &layout, contexts, view, palette));
        *mesh = Some((key, Arc::new(built)));
    }
    paint_ruler(ui.painter(), &layout);
    if let Some((_, mesh)) = mesh {
        ui.painter().add(Shape::Mesh(Arc::clone(mesh)));
    }
    paint_preemptions(ui, view, &layout, contexts);
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

/// The menu of formats at the right end of the header.
fn export_ui(ui: &mut Ui, view: &View<'_>, layout: &Layout, actions: &mut Vec<Action>) {
    let right = Rect::from_min_max(
        layout.header.right_top() - vec2(22.0, 0.0),
        layout.header.right_bottom() - vec2(2.0, 0.0),
    );
    let mut part = ui.new_child(egui::UiBuilder::new().id_salt("export").max_rect(right));
    export_button(&mut part, Exported::Timeline, view.tab, actions);
}

fn refresh(view: &View<'_>, state: &mut TimelineState, layout: &Layout, context: &egui::Context) {
    let pixels_per_point = context.pixels_per_point();
    // Buckets narrower than a pixel would be painted over each other.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let columns = (layout.steps.width() * pixels_per_point).clamp(1.0, 16_384.0) as usize;
    let executed = view.run.executed();
    let fits =
        |(known, density): &(usize, Density)| *known == columns && density.counted() <= executed;
    let known = state.density.take().filter(fits);
    let (_, density) = state
        .density
        .insert(known.unwrap_or_else(|| (columns, Density::new(view.run, view.names, columns))));
    density.extend(view.run, COUNTED_A_FRAME);
    if density.counted() < executed {
        context.request_repaint();
    }
    let buckets = density.buckets();
    let key = (executed, layout.contexts.len(), buckets);
    if state.contexts.as_ref().is_none_or(|(known, _)| *known != key) {
        let commands = view.run.commands().len();
        state.contexts = Some((key, engine_lanes(&state.engine, key.1, (commands, buckets))));
        state.mesh = None;
    }
    if state.palette.is_none() {
        state.palette = Some(OwnerPalette::new(view.names.processes()));
    }
}

fn describe(view: &View<'_>, density: &Density, log: &PowerLog, response: &Response) {
    let place = view.place;
    let commands = count(wide(density.commands()));
    let spoken = format!(
        "Timeline, step {place} of {commands}, {} refused, {} wrong",
        density.refused, density.wrong
    );
    let spoken = match log.transitions().len() {
        0 => spoken,
        _ => format!("{spoken}, power {}", power_text(log.at(place.command))),
    };
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Slider, true, &spoken));
}
