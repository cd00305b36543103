//! What pointer and keys do with the table.

use egui::{EventFilter, Key, Response, Ui};

use super::OperationsState;
use super::layout::Columns;
use crate::app::{Action, Item, View};
use crate::machine::Place;

pub(super) fn clicks(
    response: &Response,
    place: Place,
    x: f32,
    columns: &Columns,
    state: &mut OperationsState,
    actions: &mut Vec<Action>,
) {
    let inset = match place.inner {
        None => 0.0,
        Some(_) => columns.indent,
    };
    let triangle = columns.step + inset;
    let on_triangle = (triangle - 6.0..triangle + 12.0).contains(&x);
    let opens = state
        .cache
        .as_ref()
        .and_then(|cache| cache.texts.get(&place))
        .is_some_and(|text| text.open.is_some());
    // Enter counts as a click too, and means the selection, not what is under the pointer.
    let clicked = response.clicked_by(egui::PointerButton::Primary);
    if clicked && on_triangle && opens {
        match place.inner {
            None => actions.push(Action::ToggleOpened(place.command)),
            Some(inner) => {
                let key = (place.command, inner.operation);
                if !state.opened.remove(&key) {
                    state.opened.insert(key);
                }
            }
        }
    } else if response.double_clicked() {
        actions.push(Action::GoTo(place));
    } else if clicked {
        actions.push(Action::Select(Some(Item::Step(place))));
    }
}

/// Up and down move the selection, Enter goes there.
pub(super) fn keys(
    ui: &Ui,
    response: &Response,
    view: &View<'_>,
    state: &OperationsState,
    actions: &mut Vec<Action>,
) {
    if !response.has_focus() {
        return;
    }
    let arrows = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let Some(cache) = &state.cache else { return };
    let at = match view.selected {
        Some(Item::Step(place)) => place,
        _ => view.place,
    };
    let (up, down, enter) = ui.input(|input| {
        let pressed = |key| input.num_presses(key);
        (pressed(Key::ArrowUp), pressed(Key::ArrowDown), pressed(Key::Enter) > 0)
    });
    if up + down > 0 {
        let row = cache.steps.index_of(at).unwrap_or(0);
        let last = cache.steps.row_count().saturating_sub(1);
        let row = (row + down).min(last).saturating_sub(up);
        if let Some(place) = cache.steps.row(row) {
            actions.push(Action::Select(Some(Item::Step(place))));
        }
    } else if enter {
        actions.push(Action::GoTo(at));
    }
}
