//! Wheel, drag and keys over the map.

use egui::{EventFilter, Key, Modifiers, Pos2, Response, Ui};

use super::keys::{self, Walk, place_of};
use super::layout::LaneRects;
use super::state::{Drag, MapState};
use super::window;
use crate::app::{Action, View};
use crate::machine::Started;

/// Wheel, drag and keys.
pub(super) fn navigate(
    ui: &Ui,
    view: &View<'_>,
    started: &Started,
    state: &mut MapState,
    response: &Response,
    rects: &[LaneRects],
    actions: &mut Vec<Action>,
) {
    if response.has_focus() {
        walk_with_keys(ui, view, state, response, actions);
    }
    let adapter = started.vidmm().adapter();
    let under = |at: Pos2| {
        let lane = rects.iter().find(|lane| lane.whole().y_range().contains(at.y))?;
        Some((*lane, adapter.segment(lane.segment)?))
    };
    if response.drag_started()
        && let Some(origin) = ui.input(|input| input.pointer.press_origin())
        && let Some((lane, _)) = under(origin)
    {
        let window = state.windows.get(&lane.segment).copied();
        state.drag = window.map(|window| Drag { segment: lane.segment, from: origin.x, window });
    }
    if response.drag_stopped() {
        state.drag = None;
    }
    if let (Some(drag), Some(at)) = (state.drag, response.interact_pointer_pos())
        && let Some(segment) = adapter.segment(drag.segment)
        && let Some(lane) = rects.iter().find(|lane| lane.segment == drag.segment)
    {
        let share = f64::from((drag.from - at.x) / lane.blocks.width().max(1.0));
        let whole = segment.size.get();
        state.set_window(drag.segment, window::panned(drag.window, whole, share), whole);
        ui.ctx().set_cursor_icon(egui::CursorIcon::Grabbing);
    }
    let Some((lane, segment)) = response.hover_pos().filter(|_| response.hovered()).and_then(under)
    else {
        return;
    };
    let (factor, sideways) =
        ui.input(|input| (f64::from(input.zoom_delta()), input.smooth_scroll_delta().x));
    let (window, whole) = (state.window_of(segment), segment.size.get());
    let width = lane.blocks.width().max(1.0);
    let x = response.hover_pos().map_or(0.0, |at| at.x);
    if (factor - 1.0).abs() > 1e-4 {
        let share = f64::from((x - lane.blocks.left()) / width);
        state.set_window(segment.id, window::zoomed(window, whole, share, factor), whole);
    } else if sideways.abs() > 0.1 && state.windows.contains_key(&segment.id) {
        let share = f64::from(-sideways / width);
        state.set_window(segment.id, window::panned(window, whole, share), whole);
    }
}

fn walk_with_keys(
    ui: &Ui,
    view: &View<'_>,
    state: &mut MapState,
    response: &Response,
    actions: &mut Vec<Action>,
) {
    let filter = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..<_>::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let keys = [
        (Key::ArrowLeft, Walk::Left),
        (Key::ArrowRight, Walk::Right),
        (Key::ArrowUp, Walk::Up),
        (Key::ArrowDown, Walk::Down),
    ];
    for (key, walk) in keys {
        let pressed = ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        if pressed && let Some(item) = keys::walk(view, walk) {
            state.reveal =
                view.started.and_then(|it| place_of(it, item)).map(|(segment, _)| segment);
            actions.push(Action::Select(Some(item)));
        }
    }
}
