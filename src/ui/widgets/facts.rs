//! Facts in a row: a name and its value, links, badges, keys, and what an empty pane says.

use egui::{
    Align2, Color32, CursorIcon, FontId, Response, Role, Sense, Ui, Widget, WidgetInfo, pos2, vec2,
};

use super::controls::focus_ring;
use super::icons::Icon;
use super::patterns::{elide, horizontal_line, outline, snap};
use crate::ui::theme::{Tokens, size, text, tokens};

/// How something stands. Each tone but the plain one comes with an icon of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tone {
    /// No judgement.
    Plain,
    /// Belongs to the selection, or is running.
    Accent,
    /// All is well.
    Ok,
    /// Two sources say different things.
    Disagree,
    /// Take care.
    Warn,
    /// Wrong.
    Error,
}

impl Tone {
    /// Colour of icon and text.
    #[must_use]
    pub const fn color(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::Plain => tokens.text_secondary,
            Self::Accent => tokens.accent_text,
            Self::Ok => tokens.ok,
            Self::Disagree => tokens.text,
            Self::Warn => tokens.warn,
            Self::Error => tokens.error,
        }
    }

    /// The icon that says the same without colour.
    #[must_use]
    pub const fn icon(self) -> Icon {
        match self {
            Self::Plain => Icon::Circle,
            Self::Accent => Icon::Info,
            Self::Ok => Icon::Check,
            Self::Disagree => Icon::Disagree,
            Self::Warn => Icon::Warning,
            Self::Error => Icon::Cross,
        }
    }
}

/// A fact: a faint name in a column, its value, and optionally a note at the right end.
#[derive(Clone, Copy, Debug)]
#[must_use = "add it to a Ui"]
pub struct KeyValue<'a> {
    key: &'a str,
    value: &'a str,
    note: Option<&'a str>,
    key_width: f32,
    tone: Option<Tone>,
    monospace: bool,
}

impl<'a> KeyValue<'a> {
    /// A row of 16 points. A value that is too long is cut with an ellipsis and whole on hover.
    pub const fn new(key: &'a str, value: &'a str) -> Self {
        Self { key, value, note: None, key_width: 56.0, tone: None, monospace: false }
    }

    /// Faint text at the right end.
    pub const fn note(mut self, note: &'a str) -> Self {
        self.note = Some(note);
        self
    }

    /// Width of the column of names, the same for all rows of a list; 56 points unless said.
    pub const fn key_width(mut self, points: f32) -> Self {
        self.key_width = points;
        self
    }

    /// Colour of the value.
    pub const fn tone(mut self, tone: Tone) -> Self {
        self.tone = Some(tone);
        self
    }

    /// Shows the whole value in monospace; hexadecimal words are so without asking.
    pub const fn monospace(mut self) -> Self {
        self.monospace = true;
        self
    }
}

impl Widget for KeyValue<'_> {
    fn ui(self, ui: &mut Ui) -> Response {
        let tokens = tokens(ui);
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), size::LIST_ROW), Sense::hover());
        let spoken = match self.note {
            Some(note) => format!("{}: {}, {note}", self.key, self.value),
            None => format!("{}: {}", self.key, self.value),
        };
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
        let painter = ui.painter();
        let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
        let faint = tokens.text_faint;
        text::paint(painter, rect.left_center(), left, self.key, size::TEXT_SMALL, faint);
        let end = self.note.map_or(rect.right(), |note| {
            let at = rect.right_center();
            text::paint(painter, at, right, note, size::TEXT_SMALL, faint).left() - 8.0
        });
        let ink = self.tone.map_or(tokens.text, |tone| tone.color(tokens));
        let start = rect.left() + self.key_width;
        let galley = if self.monospace {
            let font = text::mono();
            let mut job = egui::text::LayoutJob::simple_singleline(self.value.into(), font, ink);
            job.wrap = egui::text::TextWrapping::truncate_at_width((end - start).max(0.0));
            painter.layout_job(job)
        } else {
            elide(painter, self.value, size::TEXT_SMALL, ink, end - start)
        };
        let cut = galley.elided;
        let at = pos2(start, rect.center().y - 1.0);
        text::paint_galley(painter, at, left, galley, ink);
        if cut { response.on_hover_text(self.value) } else { response }
    }
}

/// Text that jumps somewhere: underlined under the pointer, reached and followed by keyboard.
pub fn link(ui: &mut Ui, label: &str) -> Response {
    let ink = tokens(ui).accent_text;
    let galley = ui.painter().layout_job(text::mixed_job(label, size::TEXT_SMALL, ink));
    link_galley(ui, label, galley)
}

/// A link in monospace: step numbers, names of packets.
pub fn link_mono(ui: &mut Ui, label: &str) -> Response {
    let ink = tokens(ui).accent_text;
    let galley = ui.painter().layout_no_wrap(label.to_owned(), text::mono(), ink);
    link_galley(ui, label, galley)
}

fn link_galley(ui: &mut Ui, label: &str, galley: std::sync::Arc<egui::Galley>) -> Response {
    let ink = tokens(ui).accent_text;
    let width = galley.size().x.ceil();
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::LIST_ROW), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, ui.is_enabled(), label));
    let at = rect.left_center() - vec2(0.0, 1.0);
    let painted = text::paint_galley(ui.painter(), at, Align2::LEFT_CENTER, galley, ink);
    if response.hovered() {
        let foot = painted.bottom() - 1.0;
        horizontal_line(ui.painter(), painted.left(), painted.right(), foot, ink);
    }
    focus_ring(ui, &response, rect.expand2(vec2(2.0, 0.0)), size::RADIUS_SMALL);
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// An icon with a number or word beside it: findings at a segment, the count at the top.
pub fn badge(ui: &mut Ui, tone: Tone, label: &str, spoken: &str) -> Response {
    let tokens = tokens(ui);
    row(ui, tone.icon(), tone.color(tokens), label, tokens.text, spoken)
}

/// How something ended: an icon and a word, both in the tone's colour unless it is well.
pub fn status(ui: &mut Ui, icon: Icon, tone: Tone, label: &str) -> Response {
    let tokens = tokens(ui);
    // The check mark says enough; green words all down a table would be loud.
    let ink = if tone == Tone::Ok { tokens.text } else { tone.color(tokens) };
    row(ui, icon, tone.color(tokens), label, ink, label)
}

fn row(
    ui: &mut Ui,
    icon: Icon,
    icon_color: Color32,
    label: &str,
    ink: Color32,
    spoken: &str,
) -> Response {
    let galley = ui.painter().layout_job(text::mixed_job(label, size::TEXT_SMALL, ink));
    let width = 16.0 + galley.size().x.ceil();
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::LIST_ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, spoken));
    icon.paint(ui.painter(), rect.left_center() + vec2(6.0, 0.0), 12.0, icon_color);
    let at = rect.left_center() + vec2(16.0, -1.0);
    text::paint_galley(ui.painter(), at, Align2::LEFT_CENTER, galley, ink);
    response
}

/// A key as it looks on a keyboard.
pub fn key_cap(ui: &mut Ui, keys: &str) -> Response {
    let tokens = tokens(ui);
    let font = FontId::monospace(size::MONO_TINY);
    let galley = ui.painter().layout_no_wrap(keys.to_owned(), font, tokens.text_secondary);
    let width = (galley.size().x + 10.0).round().max(20.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 18.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, keys));
    let rect = snap(ui.painter(), rect);
    ui.painter().rect_filled(rect, size::RADIUS_SMALL, tokens.bar);
    outline(ui.painter(), rect, size::RADIUS_SMALL, 1.0, tokens.separator_strong);
    let ink = tokens.text_secondary;
    text::paint_galley(ui.painter(), rect.center(), Align2::CENTER_CENTER, galley, ink);
    response
}

/// What a table says whose filter leaves nothing: why, what is looked through, and a button that
/// clears the filter.
pub fn empty_filter(ui: &mut Ui, filter: &mut String, hint: &str) {
    let title = format!("Nothing matches “{}”", filter.trim());
    let all = ui.available_rect_before_wrap();
    // The words stand a little above the middle, and the button below them.
    let upper = all.with_max_y(all.center().y + 8.0);
    ui.scope_builder(egui::UiBuilder::new().max_rect(upper), |ui| empty_state(ui, &title, hint));
    ui.add_space(4.0);
    ui.vertical_centered(|ui| {
        if ui.button("Clear the filter").clicked() {
            filter.clear();
        }
    });
}

/// What an empty pane says: why it is empty, and what to do about it. Fills what is left.
pub fn empty_state(ui: &mut Ui, title: &str, hint: &str) -> Response {
    let tokens = tokens(ui);
    let space = ui.available_size();
    let (rect, response) = ui.allocate_exact_size(vec2(space.x, space.y.max(64.0)), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{title}. {hint}")));
    let width = (rect.width() - 2.0 * size::MAP_INSET).clamp(0.0, 420.0);
    let wrapped = |text: &str, points: f32, ink: Color32| {
        let mut job = text::mixed_job(text, points, ink);
        job.wrap.max_width = width;
        job.halign = egui::Align::Center;
        ui.painter().layout_job(job)
    };
    let title = wrapped(title, size::TEXT_BODY, tokens.text_secondary);
    let hint = wrapped(hint, size::TEXT_SMALL, tokens.text_faint);
    let height = title.size().y + 4.0 + hint.size().y;
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let top = snap(&painter, rect.with_min_y(rect.center().y - height / 2.0)).center_top();
    let below = vec2(0.0, title.size().y + 4.0);
    painter.galley(top, title, tokens.text_secondary);
    painter.galley(top + below, hint, tokens.text_faint);
    response
}

/// What a tooltip says: its first line, and the rest fainter.
pub(crate) fn tooltip_lines(ui: &mut Ui, lines: &[String]) {
    for (index, line) in lines.iter().enumerate() {
        if index == 0 {
            ui.label(line)
        } else {
            ui.weak(line)
        };
    }
}
