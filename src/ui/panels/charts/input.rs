//! What pointer and keys do with the charts, and what they tell under the pointer.

use egui::{Key, Modifiers, PointerButton, Ui};

use super::layout::{Stretch, panned, zoomed};
use super::paint::{Chart, Plotted};
use super::words::tooltip;
use super::{ChartsState, Scene};
use crate::app::{Action, Item};
use crate::machine::Place;
use crate::ui::widgets::tooltip_lines;

/// Deals with one chart; answers which stretch was asked for, `Some(None)` for the whole run.
#[expect(clippy::option_option)]
pub(super) fn react(
    ui: &Ui,
    scene: &Scene<'_>,
    state: &ChartsState,
    chart: Chart,
    plotted: Plotted,
    actions: &mut Vec<Action>,
) -> Option<Option<Stretch>> {
    let Plotted { response, transform } = plotted;
    let command_at = |x: f32| {
        let value = transform.value_from_position(egui::pos2(x, transform.frame().center().y)).x;
        scene.command_at(value)
    };
    let primary = response.clicked() || response.dragged_by(PointerButton::Primary);
    if let Some(at) = response.interact_pointer_pos().filter(|_| primary) {
        let place = Place::after(command_at(at.x));
        if place != scene.view.place {
            actions.push(Action::GoTo(place));
        }
    }
    if response.clicked() {
        response.request_focus();
    }
    if response.has_focus() {
        actions.extend(page_keys(ui, scene));
    }
    let whole = scene.positions.whole();
    let mut asked = None;
    let width = f64::from(transform.frame().width().max(1.0));
    if response.dragged_by(PointerButton::Middle) {
        let share = -f64::from(response.drag_delta().x) / width;
        asked = state.shown.map(|shown| Some(panned(shown, whole, share)));
    }
    let Some(at) = response.hover_pos() else { return asked };
    let (factor, sideways) =
        ui.input(|input| (f64::from(input.zoom_delta()), input.smooth_scroll_delta().x));
    if (factor - 1.0).abs() > 1e-4 {
        let share = f64::from(at.x - transform.frame().left()) / width;
        asked = Some(zoomed(scene.shown, whole, share, factor));
    } else if sideways.abs() > 0.1
        && let Some(shown) = state.shown
    {
        asked = Some(Some(panned(shown, whole, -f64::from(sideways) / width)));
    }
    let command = command_at(at.x);
    if !response.dragged() {
        actions.push(Action::Hover(Some(Item::Step(Place::after(command)))));
        let position = transform.value_from_position(at).x;
        let lines = tooltip(scene, state, chart, command, position);
        response.on_hover_ui_at_pointer(|ui| tooltip_lines(ui, &lines));
    }
    asked
}

/// Page up and page down move by a tenth of what is shown.
fn page_keys(ui: &Ui, scene: &Scene<'_>) -> Option<Action> {
    let here = scene.view.place.command;
    let shown = |position| scene.positions.last_until(position);
    let page = (shown(scene.shown.1).saturating_sub(shown(scene.shown.0)) / 10).max(1);
    let last = scene.view.run.commands().len();
    let taken = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    if taken(Key::PageDown) {
        Some(Action::GoTo(Place::after((here + page).min(last))))
    } else if taken(Key::PageUp) {
        Some(Action::GoTo(Place::after(here.saturating_sub(page))))
    } else {
        None
    }
}
