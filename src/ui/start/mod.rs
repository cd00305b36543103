//! The start page: what this is, how to open something, and the saved sessions.

mod cards;
mod foot;
mod layout;
mod recent;
mod side;
mod thumbnail;

use egui::{CentralPanel, Event, Frame, Key, Margin, Modifiers, Panel, ScrollArea, Ui};

use self::layout::{Grid, Move};
use super::theme::{size, tokens};
use crate::app::browse::{Browsed, browse};
use crate::app::{Action, App, WallTime};

/// Width of the left column.
const SIDE: f32 = 312.0;
/// The name of the field that filters the sessions.
const FILTER: &str = "Filter saved sessions";

/// What the start page remembers.
#[derive(Debug, Default)]
pub(super) struct StartState {
    /// The session that Enter opens; the first that is shown where this one is not.
    chosen: Option<&'static str>,
    reveal: bool,
    filter: String,
    tag: Option<String>,
    /// The field of the filter in the last frame, and whether it had the focus.
    field: Option<(egui::Id, bool)>,
    offset: f32,
    height: f32,
    grid: Grid,
    in_sight: Vec<usize>,
}

impl StartState {
    /// The saved sessions that were shown in the last frame, by their places among those known.
    pub(super) fn in_sight(&self) -> Vec<usize> {
        self.in_sight.clone()
    }
}

/// The start page; `keyboard` says whether keys are for it and not for something above it.
pub(super) fn start_ui(
    ui: &mut Ui,
    app: &App,
    state: &mut StartState,
    keyboard: bool,
    now: WallTime,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    let bare = |panel: Panel, fill| {
        panel.frame(Frame::NONE.fill(fill)).resizable(false).show_separator_line(false)
    };
    bare(Panel::bottom("start foot"), tokens.bar)
        .exact_size(size::STATUS_BAR)
        .show(ui, |ui| foot::foot_ui(ui, app));
    let frame = Frame::NONE.fill(tokens.panel).inner_margin(Margin::same(24));
    Panel::left("start").frame(frame).resizable(false).exact_size(SIDE).show(ui, |ui| {
        ScrollArea::vertical().show(ui, |ui| side::side_ui(ui, app, now, actions));
    });
    let frame = Frame::NONE.fill(tokens.canvas);
    CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        let browsed = browse(app.saved().known(), state.tag.as_deref(), &state.filter);
        if keyboard {
            keys(ui, app, state, &browsed, actions);
        }
        cards::sessions_ui(ui, app, state, actions);
    });
}

/// Keys of the page: from card to card, into the filter and out of it.
fn keys(ui: &Ui, app: &App, state: &mut StartState, browsed: &Browsed, actions: &mut Vec<Action>) {
    let (field, typing) = state.field.map_or((None, false), |(id, typing)| (Some(id), typing));
    let focused = ui.memory(egui::Memory::focused);
    // A field of another part of the window wants its keys for itself.
    if ui.ctx().text_edit_focused() && !typing {
        return;
    }
    let taken = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    if !typing && slash(ui) {
        if let Some(field) = field {
            ui.memory_mut(|memory| memory.request_focus(field));
        }
        return;
    }
    let filtered = !state.filter.is_empty() || state.tag.is_some();
    if (typing || filtered) && taken(Key::Escape) {
        state.filter.clear();
        state.tag = None;
        state.reveal = true;
        if let Some(field) = field.filter(|_| typing) {
            ui.memory_mut(|memory| memory.surrender_focus(field));
        }
    }
    let moves = [
        (Key::ArrowDown, Move::Down, true),
        (Key::ArrowUp, Move::Up, true),
        (Key::PageDown, Move::PageDown, true),
        (Key::PageUp, Move::PageUp, true),
        (Key::ArrowRight, Move::Right, false),
        (Key::ArrowLeft, Move::Left, false),
        (Key::Home, Move::First, false),
        (Key::End, Move::Last, false),
    ];
    for (key, to, also_typing) in moves {
        if (!typing || also_typing) && taken(key) {
            let next = state.grid.moved(place_of(app, state, browsed), to);
            state.chosen = file_at(app, browsed, next);
            state.reveal = true;
            // The card that is chosen takes Enter, and not a button that was pressed before.
            if let Some(focused) = focused.filter(|_| !typing) {
                ui.memory_mut(|memory| memory.surrender_focus(focused));
            }
        }
    }
    let free = typing || ui.memory(|memory| memory.focused().is_none());
    if free && taken(Key::Enter) {
        let chosen = file_at(app, browsed, place_of(app, state, browsed));
        actions.extend(chosen.map(Action::OpenEmbedded));
    }
}

/// Whether `/` was pressed, on whatever keyboard; nobody else hears of it.
fn slash(ui: &Ui) -> bool {
    ui.input_mut(|input| {
        let before = input.events.len();
        input.events.retain(|event| match event {
            Event::Key { key: Key::Slash, pressed: true, modifiers, .. } => {
                modifiers.command || modifiers.alt
            }
            Event::Text(text) => text != "/",
            _ => true,
        });
        input.events.len() < before
    })
}

/// Where the chosen session stands among those that are shown.
fn place_of(app: &App, state: &StartState, browsed: &Browsed) -> usize {
    let known = app.saved().known();
    let is_chosen = |index: &usize| {
        known.get(*index).is_some_and(|it| Some(it.embedded.file_name) == state.chosen)
    };
    browsed.shown.iter().position(is_chosen).unwrap_or(0)
}

fn file_at(app: &App, browsed: &Browsed, place: usize) -> Option<&'static str> {
    let index = *browsed.shown.get(place)?;
    app.saved().known().get(index).map(|session| session.embedded.file_name)
}
