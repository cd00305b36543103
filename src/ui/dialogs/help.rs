//! What every key does, from the list of actions, and what the words of the window mean.

use egui::{Align2, Frame, Id, Key, Margin, Modal, Modifiers, ScrollArea, Sense, Ui, pos2, vec2};

use crate::analysis::glossary::WORDS;
use crate::app::registry::ENTRIES;
use crate::app::{Action, App, Entry, Menu};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{
    Icon, IconButton, elide, empty_state, filter_field, key_cap, section_header,
};

/// Width of the column of keys.
const KEYS: f32 = 178.0;
/// Width of one column of the overlay.
const COLUMN: f32 = 420.0;
/// Width of the column of words.
const WORD: f32 = 116.0;
/// Height of a row of keys.
const ROW: f32 = 21.0;

/// Keys that belong to what has the focus and are in no menu.
const OTHER: [(&[&str], &str); 5] = [
    (&["Tab"], "From control to control; with Shift back"),
    (&["Enter"], "Presses what has the focus"),
    (&["↑", "↓"], "Row by row in a table, lane by lane on the map"),
    (&["Page Up", "Page Down"], "A page of a table, a tenth of the run"),
    (&["/"], "Filters the saved sessions of the start page"),
];

/// The overlay, while it is open.
#[derive(Debug, Default)]
pub(in crate::ui) struct HelpDialog {
    open: bool,
    filter: String,
}

/// What a filter leaves of the overlay.
struct Left {
    entries: Vec<&'static Entry>,
    other: Vec<&'static (&'static [&'static str], &'static str)>,
    words: Vec<&'static (&'static str, &'static str)>,
}

/// Leaves what has every word of the filter: in its name, what it does, its keys or its menu.
fn left(filter: &str) -> Left {
    let filter = filter.to_lowercase();
    let wanted: Vec<&str> = filter.split_whitespace().collect();
    let fits = |parts: &[&str]| {
        let has = |word: &&str| parts.iter().any(|part| part.to_lowercase().contains(word));
        wanted.iter().all(has)
    };
    let entry_fits = |entry: &&Entry| {
        let keys: Vec<String> = entry.keys.iter().map(ToString::to_string).collect();
        let mut parts = vec![entry.text, entry.tooltip, entry.menu.title()];
        parts.extend(keys.iter().map(String::as_str));
        fits(&parts)
    };
    Left {
        entries: ENTRIES.iter().filter(entry_fits).collect(),
        other: OTHER.iter().filter(|(keys, what)| fits(&[&keys.join(" "), what])).collect(),
        words: WORDS.iter().filter(|(word, meaning)| fits(&[word, meaning])).collect(),
    }
}

impl HelpDialog {
    /// Shows keys and words over the window where the application says so.
    pub(in crate::ui) fn ui(&mut self, ui: &Ui, app: &App, actions: &mut Vec<Action>) {
        if !app.shows_help() {
            self.open = false;
            return;
        }
        let fresh = !std::mem::replace(&mut self.open, true);
        if fresh {
            self.filter.clear();
        }
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
        let modal = Modal::new(Id::unique("help")).frame(frame).show(ui.ctx(), |ui| {
            let all = ui.ctx().content_rect();
            let two = all.width() >= 2.0 * COLUMN + 100.0;
            let width = if two { 2.0 * COLUMN + 24.0 } else { COLUMN };
            ui.set_width(width.min(all.width() - 48.0));
            if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
                actions.push(Action::ToggleHelp);
            }
            self.head_ui(ui, fresh, actions);
            ui.add_space(8.0);
            let height = (all.height() - 130.0).max(120.0);
            let list = ScrollArea::vertical()
                .auto_shrink([false, false])
                .max_height(height)
                .min_scrolled_height(height);
            list.show(ui, |ui| self.content_ui(ui, two));
        });
        if modal.backdrop_response.clicked() {
            actions.push(Action::ToggleHelp);
        }
    }

    fn head_ui(&mut self, ui: &mut Ui, fresh: bool, actions: &mut Vec<Action>) {
        ui.horizontal(|ui| {
            ui.heading("Keys and words");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.add(IconButton::new(Icon::Close, "Close").shortcut("Esc")).clicked() {
                    actions.push(Action::ToggleHelp);
                }
                ui.add_space(8.0);
                let name = "Filter keys and words";
                let field = filter_field(ui, &mut self.filter, name, "Key, action or word", "");
                if fresh {
                    field.request_focus();
                }
            });
        });
    }

    fn content_ui(&mut self, ui: &mut Ui, two: bool) {
        let left = left(&self.filter);
        // The bar for scrolling lies at the right of everything.
        ui.set_max_width(ui.available_width() - 12.0);
        if left.entries.is_empty() && left.other.is_empty() && left.words.is_empty() {
            let title = format!("Nothing matches “{}”", self.filter.trim());
            let hint =
                "Keys, menus, what they do, and words with their meanings are looked through.";
            ui.allocate_ui(vec2(ui.available_width(), 120.0), |ui| empty_state(ui, &title, hint));
            ui.vertical_centered(|ui| {
                if ui.button("Clear the filter").clicked() {
                    self.filter.clear();
                }
            });
            return;
        }
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 24.0;
            let columns = columns_of(two);
            let width =
                if two { (ui.available_width() - 24.0) / 2.0 } else { ui.available_width() };
            for (index, menus) in columns.iter().enumerate() {
                ui.vertical(|ui| {
                    ui.set_width(width);
                    for menu in *menus {
                        menu_keys(ui, *menu, &left);
                    }
                    if index + 1 == columns.len() {
                        other_keys(ui, &left);
                    }
                });
            }
        });
        words_ui(ui, &left);
    }
}

/// Every word of the window with what it means.
fn words_ui(ui: &mut Ui, left: &Left) {
    if left.words.is_empty() {
        return;
    }
    ui.spacing_mut().item_spacing.y = 3.0;
    section_header(ui, "Words");
    let ink = tokens(ui);
    for (word, meaning) in &left.words {
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
        &[&[Menu::Step, Menu::View], &[Menu::File, Menu::Export, Menu::Edit, Menu::Help]]
    } else {
        &[&[Menu::Step, Menu::File, Menu::Export, Menu::Edit, Menu::View, Menu::Help]]
    }
}

fn menu_keys(ui: &mut Ui, menu: Menu, left: &Left) {
    let mut entries = left.entries.iter().filter(|entry| entry.menu == menu).peekable();
    if entries.peek().is_none() {
        return;
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        section_header(ui, menu.title());
        for entry in entries {
            let chords: Vec<String> = entry.keys.iter().map(ToString::to_string).collect();
            let caps: Vec<Vec<&str>> = chords.iter().map(|chord| parts(chord)).collect();
            key_row(ui, &caps, entry.text, entry.tooltip);
        }
        ui.add_space(8.0);
    });
}

fn other_keys(ui: &mut Ui, left: &Left) {
    if left.other.is_empty() {
        return;
    }
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        section_header(ui, "Where the focus is");
        for (keys, what) in &left.other {
            let caps: Vec<Vec<&str>> = keys.iter().map(|key| vec![*key]).collect();
            key_row(ui, &caps, what, "");
        }
        ui.add_space(8.0);
    });
}

/// A row: keys, each chord apart from the next, and what they do.
fn key_row(ui: &mut Ui, chords: &[Vec<&str>], what: &str, tooltip: &str) {
    ui.horizontal(|ui| {
        ui.set_height(ROW);
        let start = ui.cursor().left();
        ui.spacing_mut().item_spacing.x = 3.0;
        let ink = tokens(ui);
        if chords.is_empty() {
            let words = text::mixed_job("in the menu", size::TEXT_SMALL, ink.text_faint);
            ui.label(words);
        }
        for (index, chord) in chords.iter().enumerate() {
            if index > 0 {
                ui.add_space(6.0);
            }
            for part in chord {
                key_cap(ui, part);
            }
        }
        let at = start + KEYS;
        ui.add_space((at - ui.cursor().left()).max(6.0));
        let width = ui.available_width();
        let (rect, response) = ui.allocate_exact_size(vec2(width, ROW - 2.0), Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, what));
        let middle = pos2(rect.left(), rect.center().y - 1.0);
        let galley = elide(ui.painter(), what, size::TEXT_SMALL, ink.text_secondary, rect.width());
        let ink = ink.text_secondary;
        text::paint_galley(ui.painter(), middle, Align2::LEFT_CENTER, galley, ink);
        if !tooltip.is_empty() {
            response.on_hover_text(tooltip);
        }
    });
}

/// The keys of a chord, one by one.
pub(in crate::ui) fn parts(chord: &str) -> Vec<&str> {
    if chord == "+" { vec![chord] } else { chord.split('+').collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_filter_everything_is_there_in_both_arrangements() {
        let all = left("  ");
        assert_eq!(all.entries.len(), ENTRIES.len());
        assert_eq!((all.words.len(), all.other.len()), (WORDS.len(), OTHER.len()));
        for two in [false, true] {
            let mut menus: Vec<Menu> = columns_of(two).iter().copied().flatten().copied().collect();
            // A menu inside another has no place of its own in the bar.
            assert_eq!(menus.iter().filter(|menu| **menu == Menu::Export).count(), 1);
            menus.retain(|menu| *menu != Menu::Export);
            menus.sort_by_key(|menu| Menu::ALL.iter().position(|one| one == menu));
            assert_eq!(menus, Menu::ALL);
        }
    }

    #[test]
    fn a_filter_finds_keys_actions_and_words() {
        let texts = |filter: &str| -> Vec<&str> {
            left(filter).entries.iter().map(|entry| entry.text).collect()
        };
        assert_eq!(texts("ctrl+shift+s"), ["Save as…"]);
        assert_eq!(texts("undo"), ["Undo"]);
        assert_eq!(texts("FILE quit"), ["Quit"]);
        assert!(left("command buffer").words.iter().any(|(word, _)| *word == "Command buffer"));
        let none = left("qqqq");
        assert!(none.entries.is_empty() && none.words.is_empty() && none.other.is_empty());
    }
}
