//! The left column of the start page: what this is, how to begin, recent files and keys.

use egui::{Align2, CursorIcon, Label, Response, Sense, Ui, WidgetInfo, vec2};

use super::recent::recents_ui;
use crate::app::registry::{find, keys_of};
use crate::app::{Action, App, Appearance, WallTime};
use crate::machine::Level;
use crate::ui::dialogs::help::parts;
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{
    Icon, IconButton, app_icon, focus_ring, key_cap, outline, section_header, snap,
};

pub(super) fn side_ui(ui: &mut Ui, app: &App, now: WallTime, actions: &mut Vec<Action>) {
    head_ui(ui, app, actions);
    ui.add_space(8.0);
    let sentence = "See, step and question a WDDM-style video memory manager at work on an \
                    emulated GPU, byte for byte.";
    ui.add(Label::new(text::mixed_job(sentence, 13.0, tokens(ui).text_secondary)).wrap());
    ui.add_space(10.0);
    for (action, first) in [(Action::NewFromProfile, true), (Action::Open, false)] {
        if wide_button(ui, &action, first).clicked() {
            actions.push(action);
        }
        ui.add_space(2.0);
    }
    ui.label(egui::RichText::new("or drop a session file anywhere here").weak());
    ui.add_space(10.0);
    section_header(ui, "Recent files");
    recents_ui(ui, app, now, actions);
    ui.add_space(10.0);
    section_header(ui, "Keys");
    ui.add_space(2.0);
    ui.spacing_mut().item_spacing.y = 2.0;
    let back_too = [Action::Back(Some(Level::Command)), Action::Forward(Some(Level::Command))];
    key_line(ui, &[Action::PlayPause], "play or pause");
    key_line(ui, &back_too, "one command back or forward");
    let inner = [Action::Forward(Some(Level::Operation)), Action::Forward(Some(Level::Packet))];
    key_line(ui, &inner, "one operation, one packet");
    key_caps(ui, &["Shift"], "with either: the same, back");
    key_line(ui, &[Action::TogglePalette], "go to anything, do anything");
    key_line(ui, &[Action::ToggleHelp], "all keys and words");
}

/// The sign, the name, and the theme.
fn head_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    ui.horizontal(|ui| {
        let (sign, _) = ui.allocate_exact_size(vec2(36.0, 36.0), Sense::hover());
        app_icon(ui.painter(), sign);
        ui.add_space(4.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.label(egui::RichText::new("vidmm-inspector").size(20.0).color(tokens.text));
            let version = concat!("version ", env!("CARGO_PKG_VERSION"), ", WDDM 1.0 to 3.2");
            ui.label(egui::RichText::new(version).size(size::TEXT_SMALL).weak());
        });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let (icon, label) = match app.settings().appearance {
                Appearance::Dark => (Icon::Sun, "Change to light"),
                Appearance::Light => (Icon::Moon, "Change to dark"),
            };
            if ui.add(IconButton::new(icon, label).frameless()).clicked() {
                actions.push(Action::ToggleTheme);
            }
        });
    });
}

/// A button of the page, over the full width, with its keys at the right end.
fn wide_button(ui: &mut Ui, action: &Action, first: bool) -> Response {
    let tokens = tokens(ui);
    let entry = find(action);
    let label = entry.map_or("", |entry| entry.text);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, label));
    let (ground, edge) = if first {
        (tokens.accent_ground, tokens.accent)
    } else {
        (tokens.panel, tokens.separator_strong)
    };
    let ground = if response.hovered() { tokens.hover_ground(ground) } else { ground };
    let rect = snap(ui.painter(), rect);
    ui.painter().rect_filled(rect, size::RADIUS, ground);
    outline(ui.painter(), rect, size::RADIUS, 1.0, edge);
    let at = rect.left_center() + vec2(12.0, 0.0);
    text::paint(ui.painter(), at, Align2::LEFT_CENTER, label, 13.0, tokens.text);
    let at = rect.right_center() - vec2(12.0, 0.0);
    let keys = keys_of(action).replace('+', " ");
    let ink = tokens.text_faint;
    text::paint_mono(ui.painter(), at, Align2::RIGHT_CENTER, &keys, size::MONO, ink);
    focus_ring(ui, &response, rect, size::RADIUS);
    let tooltip = entry.map_or("", |entry| entry.tooltip);
    response.on_hover_text(tooltip).on_hover_cursor(CursorIcon::PointingHand)
}

fn key_line(ui: &mut Ui, actions: &[Action], words: &str) {
    let chords: Vec<String> = actions.iter().map(keys_of).collect();
    let caps: Vec<&str> = chords.iter().flat_map(|chord| parts(chord)).collect();
    key_caps(ui, &caps, words);
}

fn key_caps(ui: &mut Ui, caps: &[&str], words: &str) {
    ui.horizontal(|ui| {
        ui.set_height(20.0);
        ui.spacing_mut().item_spacing.x = 6.0;
        let start = ui.cursor().left();
        for cap in caps {
            key_cap(ui, cap);
        }
        ui.add_space((start + 76.0 - ui.cursor().left()).max(0.0));
        ui.label(egui::RichText::new(words).color(tokens(ui).text_secondary));
    });
}
