//! What every key does, from the list of actions, and what the words of the window mean.

use egui::{Align2, Frame, Id, Margin, Modal, Sense, Ui, pos2, vec2};

use crate::analysis::glossary::WORDS;
use crate::app::registry::ENTRIES;
use crate::app::{Action, Entry, Menu};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{Icon, IconButton, key_cap, section_header};

/// Width of the column of keys.
const KEYS: f32 = 112.0;
/// Width of one column of the overlay.
const COLUMN: f32 = 300.0;
/// Width of the column of words.
const WORD: f32 = 84.0;

/// Shows the keys over the window.
pub(in crate::ui) fn help_ui(ui: &mut Ui, actions: &mut Vec<Action>) {
    let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
    let modal = Modal::new(Id::unique("help")).frame(frame).show(ui.ctx(), |ui| {
        let columns =
            if ui.ctx().content_rect().width() < 2.0 * COLUMN + 100.0 { 1.0 } else { 2.0 };
        ui.set_width(COLUMN * columns + 24.0 * (columns - 1.0));
        ui.horizontal(|ui| {
            ui.heading("Keys and words");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.add(IconButton::new(Icon::Close, "Close").shortcut("Esc")).clicked() {
                    actions.push(Action::ToggleHelp);
                }
            });
        });
        ui.add_space(8.0);
        let height = (ui.ctx().content_rect().height() - 140.0).max(120.0);
        let list = egui::ScrollArea::vertical().max_height(height).min_scrolled_height(height);
        list.show(ui, |ui| {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 24.0;
                for menus in columns_of(columns > 1.0) {
                    ui.vertical(|ui| {
                        ui.set_width(COLUMN);
                        for menu in *menus {
                            menu_keys(ui, *menu);
                        }
                    });
                }
            });
            words_ui(ui);
        });
    });
    if modal.backdrop_response.clicked() {
        actions.push(Action::ToggleHelp);
    }
}

/// Every word of the window with what it means.
fn words_ui(ui: &mut Ui) {
    ui.spacing_mut().item_spacing.y = 3.0;
    section_header(ui, "Words");
    let ink = tokens(ui);
    for (word, meaning) in WORDS {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let start = ui.cursor().left();
            ui.label(text::mixed_job(word, size::TEXT_SMALL, ink.text));
            ui.add_space((start + WORD - ui.cursor().left()).max(8.0));
            let mut job = text::mixed_job(meaning, size::TEXT_SMALL, ink.text_secondary);
            job.wrap.max_width = ui.available_width() - 12.0;
            ui.add(egui::Label::new(job).wrap());
        });
    }
}

const fn columns_of(two: bool) -> &'static [&'static [Menu]] {
    if two {
        &[&[Menu::Step], &[Menu::File, Menu::Edit, Menu::View, Menu::Help]]
    } else {
        &[&[Menu::Step, Menu::File, Menu::Edit, Menu::View, Menu::Help]]
    }
}

fn menu_keys(ui: &mut Ui, menu: Menu) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        section_header(ui, menu.title());
        for entry in ENTRIES.iter().filter(|entry| entry.menu == menu && !entry.keys.is_empty()) {
            key_row(ui, entry);
        }
        ui.add_space(8.0);
    });
}

/// A row of 22 points: keys, and what they do.
fn key_row(ui: &mut Ui, entry: &Entry) {
    ui.horizontal(|ui| {
        ui.set_height(22.0);
        let start = ui.cursor().left();
        ui.spacing_mut().item_spacing.x = 4.0;
        for chord in entry.keys {
            for part in parts(&chord.to_string()) {
                key_cap(ui, part);
            }
        }
        let at = start + KEYS;
        ui.add_space((at - ui.cursor().left()).max(0.0));
        let width = ui.available_width();
        let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
        let ink = tokens(ui).text_secondary;
        let middle = pos2(rect.left(), rect.center().y);
        text::paint(ui.painter(), middle, Align2::LEFT_CENTER, entry.text, size::TEXT_SMALL, ink);
        response.on_hover_text(entry.tooltip);
    });
}

/// The keys of a chord, one by one.
pub(in crate::ui) fn parts(chord: &str) -> Vec<&str> {
    if chord == "+" { vec![chord] } else { chord.split('+').collect() }
}
