//! What can be pressed: icon buttons, choices side by side, tabs.

use egui::{
    Align2, Color32, CursorIcon, Rect, Response, Role, Sense, StrokeKind, Ui, Widget, WidgetInfo,
    vec2,
};

use super::icons::Icon;
use super::patterns::{outline, snap, vertical_line};
use crate::ui::theme::{Tokens, size, text, tokens};

/// Paints the ring round `rect` that shows where the keyboard's focus is, if it is at `response`.
pub fn focus_ring(ui: &Ui, response: &Response, rect: Rect, radius: f32) {
    if response.has_focus() {
        let stroke = egui::Stroke::new(size::FOCUS_RING, tokens(ui).accent);
        ui.painter().rect_stroke(rect, radius, stroke, StrokeKind::Inside);
    }
}

/// Ground, edge and text of a control in its present state.
struct Face {
    ground: Color32,
    edge: Color32,
    content: Color32,
}

fn face(tokens: &Tokens, response: &Response, enabled: bool, selected: bool) -> Face {
    if !enabled {
        return Face {
            ground: Color32::TRANSPARENT,
            edge: tokens.separator,
            content: tokens.separator_strong,
        };
    }
    if selected || response.is_pointer_button_down_on() {
        return Face {
            ground: tokens.accent_ground,
            edge: tokens.accent,
            content: tokens.accent_text,
        };
    }
    let ground = if response.hovered() { tokens.hover_ground(tokens.bar) } else { tokens.panel };
    let edge = if response.hovered() { tokens.separator_strong } else { tokens.separator };
    Face { ground, edge, content: tokens.text }
}

/// A button that shows an icon, and optionally a word.
#[derive(Clone, Copy, Debug)]
#[must_use = "add it to a Ui"]
pub struct IconButton<'a> {
    icon: Icon,
    label: &'a str,
    word: Option<&'a str>,
    shortcut: Option<&'a str>,
    reason: Option<&'a str>,
    enabled: bool,
    selected: bool,
    framed: bool,
}

impl<'a> IconButton<'a> {
    /// A button named `label`: its tooltip, and its name for screen readers.
    pub const fn new(icon: Icon, label: &'a str) -> Self {
        Self {
            icon,
            label,
            word: None,
            shortcut: None,
            reason: None,
            enabled: true,
            selected: false,
            framed: true,
        }
    }

    /// Shows `word` beside the icon.
    pub const fn word(mut self, word: &'a str) -> Self {
        self.word = Some(word);
        self
    }

    /// The keys that do the same, shown in the tooltip.
    pub const fn shortcut(mut self, keys: &'a str) -> Self {
        self.shortcut = Some(keys);
        self
    }

    /// Whether it can be pressed.
    pub const fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Why it cannot be pressed, shown in the tooltip while it is not enabled.
    pub const fn reason(mut self, reason: &'a str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// Whether what it stands for is on.
    pub const fn selected(mut self, selected: bool) -> Self {
        self.selected = selected;
        self
    }

    /// Without ground and edge until the pointer is over it; 20 points instead of 26.
    pub const fn frameless(mut self) -> Self {
        self.framed = false;
        self
    }
}

impl Widget for IconButton<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let tokens = tokens(ui);
        let word = self.word.map(|word| {
            let job = text::mixed_job(word, size::TEXT_SMALL, Color32::PLACEHOLDER);
            ui.painter().layout_job(job)
        });
        let base =
            if self.framed { vec2(size::ICON_BUTTON, size::CONTROL) } else { vec2(20.0, 20.0) };
        let width = base.x + word.as_ref().map_or(0.0, |word| word.size().x.ceil() + 6.0);
        let enabled = self.enabled && ui.is_enabled();
        let sense = if enabled { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(vec2(width, base.y), sense);
        response.widget_info(|| {
            if self.selected {
                WidgetInfo::selected(Role::Button, enabled, true, self.label)
            } else {
                WidgetInfo::labeled(Role::Button, enabled, self.label)
            }
        });
        if ui.is_rect_visible(rect) {
            let face = face(tokens, &response, enabled, self.selected);
            let rect = snap(ui.painter(), rect);
            if self.framed {
                ui.painter().rect_filled(rect, size::RADIUS, face.ground);
                outline(ui.painter(), rect, size::RADIUS, 1.0, face.edge);
            } else if self.selected || (enabled && response.hovered()) {
                ui.painter().rect_filled(rect, size::RADIUS_SMALL, face.ground);
            }
            let middle = rect.left_center() + vec2(base.x / 2.0, 0.0);
            self.icon.paint(ui.painter(), middle, 12.0, face.content);
            if let Some(word) = word {
                let at = middle + vec2(10.0, 0.0);
                text::paint_galley(ui.painter(), at, Align2::LEFT_CENTER, word, face.content);
            }
            focus_ring(ui, &response, rect, size::RADIUS);
        }
        let tip = |ui: &mut Ui| {
            ui.horizontal(|ui| {
                ui.label(self.label);
                if let Some(keys) = self.shortcut {
                    ui.weak(keys);
                }
            });
            if let Some(reason) = self.reason.filter(|_| !enabled) {
                ui.weak(reason);
            }
        };
        response.on_hover_ui(tip)
    }
}

/// The button of a form or page that does what most people came for.
pub fn primary_button(ui: &mut Ui, label: &str) -> Response {
    let tokens = tokens(ui);
    let galley =
        ui.painter().layout_job(text::mixed_job(label, size::TEXT_BODY, tokens.accent_text));
    let (rect, response) =
        ui.allocate_exact_size(vec2(galley.size().x.ceil() + 24.0, size::CONTROL), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), label));
    if ui.is_rect_visible(rect) {
        let rect = snap(ui.painter(), rect);
        let ground = if response.hovered() {
            tokens.hover_ground(tokens.accent_ground)
        } else {
            tokens.accent_ground
        };
        ui.painter().rect_filled(rect, size::RADIUS, ground);
        outline(ui.painter(), rect, size::RADIUS, 1.0, tokens.accent);
        text::paint_galley(ui.painter(), rect.center(), Align2::CENTER_CENTER, galley, tokens.text);
        focus_ring(ui, &response, rect, size::RADIUS);
    }
    response
}

/// What a [`button_at`] shows and says.
#[derive(Clone, Copy, Debug)]
pub struct ButtonAt<'a> {
    /// What stands on it.
    pub label: &'a str,
    /// Its name for screen readers, and the first line of its tooltip.
    pub name: &'a str,
    /// Why it cannot be pressed; `None` where it can.
    pub reason: Option<&'a str>,
    /// What it stands for is so now.
    pub lit: bool,
}

/// A button in a place of its own, for pictures in which the place means something. One that
/// cannot be pressed has a dashed edge, and says why on hover.
pub fn button_at(ui: &Ui, rect: Rect, button: ButtonAt<'_>) -> Response {
    let tokens = tokens(ui);
    let ButtonAt { label, name, reason, lit } = button;
    let enabled = reason.is_none() && ui.is_enabled();
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, ui.scope_id().with(name), sense);
    response.widget_info(|| {
        if lit {
            WidgetInfo::selected(Role::Button, enabled, true, name)
        } else {
            WidgetInfo::labeled(Role::Button, enabled, name)
        }
    });
    if ui.is_rect_visible(rect) {
        let rect = snap(ui.painter(), rect);
        let ink = if enabled || lit {
            let face = face(tokens, &response, true, lit);
            ui.painter().rect_filled(rect, size::RADIUS, face.ground);
            let width = if lit { size::FOCUS_RING } else { 1.0 };
            let edge = if lit { face.edge } else { tokens.separator_strong };
            outline(ui.painter(), rect, size::RADIUS, width, edge);
            face.content
        } else {
            super::patterns::dashed_rect(ui.painter(), rect, tokens.separator_strong);
            tokens.text_faint
        };
        let room = rect.width() - 8.0;
        let galley = super::patterns::elide(ui.painter(), label, size::TEXT_SMALL, ink, room);
        text::paint_galley(ui.painter(), rect.center(), Align2::CENTER_CENTER, galley, ink);
        focus_ring(ui, &response, rect, size::RADIUS);
    }
    response.on_hover_ui(|ui| {
        ui.label(name);
        if let Some(reason) = reason {
            ui.weak(reason);
        }
    })
}

/// A pill that is on or off: one tag of a filter.
pub fn filter_chip(ui: &mut Ui, label: &str, on: bool) -> Response {
    let tokens = tokens(ui);
    let ink = if on { tokens.accent_text } else { tokens.text_secondary };
    let galley = ui.painter().layout_job(text::mixed_job(label, size::TEXT_SMALL, ink));
    let (rect, response) =
        ui.allocate_exact_size(vec2(galley.size().x.ceil() + 20.0, 22.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, ui.is_enabled(), on, label));
    if ui.is_rect_visible(rect) {
        let face = face(tokens, &response, ui.is_enabled(), on);
        let rect = snap(ui.painter(), rect);
        ui.painter().rect_filled(rect, 11.0, face.ground);
        let edge = if on { tokens.accent } else { tokens.separator_strong };
        outline(ui.painter(), rect, 11.0, 1.0, edge);
        text::paint_galley(ui.painter(), rect.center(), Align2::CENTER_CENTER, galley, ink);
        focus_ring(ui, &response, rect, 11.0);
    }
    response
}

/// Choices side by side, one of them current; answers which one was asked for.
///
/// `name` says what is chosen and is spoken before each choice.
pub fn segmented<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    choices: &[(T, &str)],
    current: T,
) -> Option<T> {
    let tokens = tokens(ui);
    let mut asked = None;
    let galleys: Vec<_> = choices
        .iter()
        .map(|(_, label)| {
            let job = text::mixed_job(label, size::TEXT_SMALL, Color32::PLACEHOLDER);
            ui.painter().layout_job(job)
        })
        .collect();
    let widths: Vec<f32> = galleys.iter().map(|galley| galley.size().x.ceil() + 16.0).collect();
    let (all, _) = ui.allocate_exact_size(vec2(widths.iter().sum(), size::CONTROL), Sense::hover());
    let all = snap(ui.painter(), all);
    ui.painter().rect_filled(all, size::RADIUS, tokens.panel);
    outline(ui.painter(), all, size::RADIUS, 1.0, tokens.separator);
    let mut left = all.left();
    for (index, ((value, label), galley)) in choices.iter().zip(galleys).enumerate() {
        let width = widths.get(index).copied().unwrap_or(0.0);
        let rect = Rect::from_min_size(egui::pos2(left, all.top()), vec2(width, all.height()));
        let response = ui.interact(rect, ui.scope_id().with((name, index)), Sense::click());
        let selected = *value == current;
        let spoken = format!("{name}: {label}");
        response.widget_info(|| {
            WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), selected, &spoken)
        });
        let ink = if selected { tokens.accent_text } else { tokens.text_secondary };
        if index > 0 {
            let (top, bottom) = (all.top() + 1.0, all.bottom() - 1.0);
            vertical_line(ui.painter(), left, top, bottom, tokens.separator);
        }
        if selected {
            ui.painter().rect_filled(rect, size::RADIUS, tokens.accent_ground);
            outline(ui.painter(), rect, size::RADIUS, 1.0, tokens.accent);
        } else if response.hovered() {
            let ground = tokens.hover_ground(tokens.panel);
            ui.painter().rect_filled(rect.shrink(1.0), size::RADIUS_SMALL, ground);
        }
        text::paint_galley(ui.painter(), rect.center(), Align2::CENTER_CENTER, galley, ink);
        focus_ring(ui, &response, rect, size::RADIUS);
        if response.clicked() && !selected {
            asked = Some(*value);
        }
        left += width;
    }
    asked
}

/// A row of tabs over the full width, one of them current, and what belongs at the right of it.
///
/// Answers which tab was asked for. `name` tells several rows of tabs in one place apart. Tabs that do not fit before the right part are cut off there,
/// so callers keep the right part narrow.
///
/// In a narrow bar tabs move together.
pub fn tab_bar<T: Copy + PartialEq>(
    ui: &mut Ui,
    name: &str,
    tabs: &[(T, &str)],
    current: T,
    right: impl FnOnce(&mut Ui),
) -> Option<T> {
    let tokens = tokens(ui);
    let mut asked = None;
    let (bar, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::TAB_BAR), Sense::hover());
    let bar = snap(ui.painter(), bar);
    ui.painter().rect_filled(bar, 0.0, tokens.bar);
    super::patterns::horizontal_line(
        ui.painter(),
        bar.left(),
        bar.right(),
        bar.bottom() - 1.0,
        tokens.separator,
    );
    let mut left = bar.left();
    let galleys: Vec<_> = tabs
        .iter()
        .map(|(_, label)| {
            let job = text::mixed_job(label, size::TEXT_BODY, Color32::PLACEHOLDER);
            ui.painter().layout_job(job)
        })
        .collect();
    let words: f32 = galleys.iter().map(|galley| galley.size().x.ceil()).sum();
    let padding = tab_padding(bar.width() - words, tabs.len());
    for (index, ((value, label), galley)) in tabs.iter().zip(galleys).enumerate() {
        let width = galley.size().x.ceil() + padding;
        let rect = Rect::from_min_size(egui::pos2(left, bar.top()), vec2(width, bar.height()));
        left += width;
        let response = ui.interact(rect, ui.scope_id().with((name, index)), Sense::click());
        let selected = *value == current;
        response.widget_info(|| WidgetInfo::selected(Role::Tab, ui.is_enabled(), selected, label));
        let ink = if selected || response.hovered() { tokens.text } else { tokens.text_secondary };
        if selected {
            // The tab and what it shows are one surface under an accent edge.
            ui.painter().rect_filled(rect, 0.0, tokens.canvas);
            let edge = Rect::from_min_size(rect.min, vec2(width, 2.0));
            ui.painter().rect_filled(edge, 0.0, tokens.accent);
        }
        text::paint_galley(ui.painter(), rect.center(), Align2::CENTER_CENTER, galley, ink);
        focus_ring(ui, &response, rect, 0.0);
        if response.clicked() && !selected {
            asked = Some(*value);
        }
    }
    let rest = Rect::from_min_max(egui::pos2(left.min(bar.right()), bar.top()), bar.max);
    right_part(ui, rest, right);
    asked
}

/// Space around the word of a tab, where `free` points are left over by the words of `tabs` tabs:
/// as usual where a field beside the tabs has room, else less.
fn tab_padding(free: f32, tabs: usize) -> f32 {
    const FIELD: f32 = 190.0;
    #[expect(clippy::cast_precision_loss)]
    let tabs = tabs.max(1) as f32;
    ((free - FIELD) / tabs).floor().clamp(12.0, 28.0)
}

/// Shows `content` from the right end of `rect` towards the left, 12 points from the edge.
pub(super) fn right_part<R>(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui) -> R) -> R {
    let inside = rect.shrink2(vec2(size::PANEL_INSET, 0.0));
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let mut part = ui.new_child(egui::UiBuilder::new().max_rect(inside).layout(layout));
    part.spacing_mut().item_spacing.x = 8.0;
    content(&mut part)
}

/// The triangle that opens and closes a row of a tree; `label` names the row.
pub fn disclosure(ui: &mut Ui, open: bool, label: &str) -> Response {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(14.0, size::TREE_ROW), Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(Role::DisclosureTriangle, ui.is_enabled(), open, label)
    });
    let icon = if open { Icon::TriangleDown } else { Icon::TriangleRight };
    let ink = if response.hovered() { tokens.text } else { tokens.text_faint };
    icon.paint(ui.painter(), rect.center(), 8.0, ink);
    focus_ring(ui, &response, rect, size::RADIUS_SMALL);
    response.on_hover_cursor(CursorIcon::PointingHand)
}
