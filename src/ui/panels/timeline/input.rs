//! What pointer and keys do with the timeline, and what it tells under the pointer.

use egui::{Key, Rect, Response, Ui};

use super::layout::{Layout, wide};
use crate::analysis::density::Density;
use crate::analysis::explain::command_text;
use crate::app::{Action, Item, View};
use crate::base::text::{count, size as bytes};
use crate::machine::Place;
use crate::ui::widgets::tooltip_lines;

/// What the pointer can be over.
pub(super) struct Pointed<'a> {
    pub(super) layout: &'a Layout,
    pub(super) density: &'a Density,
    pub(super) bookmarks: &'a [(Rect, usize)],
}

pub(super) fn react(
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
        response.on_hover_ui_at_pointer(|ui| tooltip_lines(ui, &lines));
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
        lines.push(format!("{} wrong: damage, or an expectation that fails", paging.wrong));
    }
    lines
}

/// A command in words.
fn command_words(view: &View<'_>, command: usize) -> String {
    let Some(command) = view.run.command(command) else { return String::new() };
    let told = command_text(command, view.words());
    format!("{} {}", told.title, told.what)
}
