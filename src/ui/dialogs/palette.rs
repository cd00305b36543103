//! The list that goes to anything and does anything, over the window.

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align2, Area, Frame, Id, Key, Margin, Modal, Modifiers, Order, Rect, Response, ScrollArea,
    Sense, TextEdit, Ui, WidgetInfo, pos2, vec2,
};

use crate::app::palette::{Hit, Palette};
use crate::app::{Action, App};
use crate::base::text::count;
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{Icon, elide, outline};

/// Width of the list.
const WIDTH: f32 = 640.0;
/// Distance from the top of the window.
const TOP: f32 = 56.0;
/// Height of a hit: its name, and below it what else there is to say.
const ROW: f32 = 38.0;
/// Hits in sight, where the window is high enough.
const IN_SIGHT: f32 = 11.0;
/// What lies above, between and below: the field, the foot and margins.
const AROUND: f32 = 96.0;

/// The list, while it is open.
#[derive(Debug, Default)]
pub(in crate::ui) struct PaletteDialog {
    open: Option<Palette>,
    reveal: bool,
}

impl PaletteDialog {
    /// Shows the list where the application says so. Whoever opens it anew types anew.
    pub(in crate::ui) fn ui(&mut self, ui: &Ui, app: &App, actions: &mut Vec<Action>) {
        if !app.shows_palette() {
            self.open = None;
            return;
        }
        let palette = self.open.get_or_insert_with(Palette::default);
        let id = Id::unique("palette");
        let area = Area::new(id)
            .kind(egui::UiKind::Modal)
            .sense(Sense::hover())
            .anchor(Align2::CENTER_TOP, vec2(0.0, TOP))
            .order(Order::Foreground)
            .interactable(true);
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(12));
        let modal = Modal::new(id).area(area).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 48.0));
            content_ui(ui, app, palette, &mut self.reveal)
        });
        modal.response.widget_info(|| {
            WidgetInfo::labeled(egui::Role::Window, true, "Go to anything, do anything")
        });
        match modal.inner {
            Asked::Nothing if modal.backdrop_response.clicked() => {
                actions.push(Action::TogglePalette);
            }
            Asked::Nothing => {}
            Asked::Close => actions.push(Action::TogglePalette),
            Asked::Take => {
                if let Some(taken) = palette.taken() {
                    actions.push(Action::TogglePalette);
                    actions.extend(taken);
                }
            }
        }
    }
}

/// What a frame of the list asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    Close,
    Take,
}

fn content_ui(ui: &mut Ui, app: &App, palette: &mut Palette, reveal: &mut bool) -> Asked {
    let mut asked = keys(ui, palette, reveal);
    ui.spacing_mut().item_spacing.y = 0.0;
    let hint = "Action, session, step, name, address or command";
    let field = TextEdit::singleline(palette.typed_mut())
        .desired_width(f32::INFINITY)
        .font(text::proportional(size::TEXT_TITLE))
        .hint_text(hint)
        .margin(Margin::symmetric(8, 6));
    let field = ui.add(field);
    let typed = palette.typed().to_owned();
    field.widget_info(|| WidgetInfo::labeled(egui::Role::SearchInput, true, "Go to anything"));
    if !field.has_focus() {
        field.request_focus();
    }
    *reveal |= field.changed();
    // What is typed in this frame is found in this frame.
    if palette.work(app) {
        ui.ctx().request_repaint();
    }
    ui.add_space(6.0);
    let height = ui.ctx().content_rect().height() - TOP - AROUND;
    if palette.hits().is_empty() {
        nothing_ui(ui, &typed, palette.is_complete());
    } else if hits_ui(ui, palette, reveal, height.clamp(ROW, ROW * IN_SIGHT)) {
        asked = Asked::Take;
    }
    foot_ui(ui, palette);
    asked
}

/// Keys of the list, taken before the field sees them.
fn keys(ui: &Ui, palette: &mut Palette, reveal: &mut bool) -> Asked {
    let taken = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let before = palette.chosen();
    if taken(Key::ArrowDown) {
        palette.choose(before + 1);
    }
    if taken(Key::ArrowUp) {
        palette.choose(before.saturating_sub(1));
    }
    if taken(Key::PageDown) {
        palette.choose(before + 10);
    }
    if taken(Key::PageUp) {
        palette.choose(before.saturating_sub(10));
    }
    *reveal |= palette.chosen() != before;
    if taken(Key::Escape) {
        Asked::Close
    } else if taken(Key::Enter) {
        Asked::Take
    } else {
        Asked::Nothing
    }
}

fn nothing_ui(ui: &mut Ui, typed: &str, complete: bool) {
    let (title, hint) = if complete {
        (
            format!("Nothing is called “{}”", typed.trim()),
            "Names, numbers of steps and addresses such as 0x1A4_0000 are found too.",
        )
    } else {
        ("Looking…".to_owned(), "Names of allocations and commands are looked through.")
    };
    let width = ui.available_width();
    ui.allocate_ui(vec2(width, 72.0), |ui| crate::ui::widgets::empty_state(ui, &title, hint));
}

/// The hits; says whether one was clicked, which is then the chosen one.
fn hits_ui(ui: &mut Ui, palette: &mut Palette, reveal: &mut bool, height: f32) -> bool {
    let mut clicked = None;
    let area = ScrollArea::vertical().max_height(height).auto_shrink([false, true]);
    area.show(ui, |ui| {
        let chosen = palette.chosen();
        for (index, hit) in palette.hits().iter().enumerate() {
            let response = hit_ui(ui, hit, index == chosen);
            if index == chosen && std::mem::take(reveal) {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                clicked = Some(index);
            }
        }
    });
    if let Some(index) = clicked {
        palette.choose(index);
    }
    clicked.is_some()
}

fn hit_ui(ui: &mut Ui, hit: &Hit, chosen: bool) -> Response {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let keys = if hit.keys.is_empty() { String::new() } else { format!(", {}", hit.keys) };
    let spoken = match hit.reason {
        Some(reason) => format!("{}: {}{keys}, {reason}", hit.kind.word(), hit.text),
        None => format!("{}: {}{keys}", hit.kind.word(), hit.text),
    };
    let enabled = hit.reason.is_none();
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, enabled, chosen, &spoken));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    if chosen {
        painter.rect_filled(rect, size::RADIUS_SMALL, tokens.accent_ground);
        outline(&painter, rect, size::RADIUS_SMALL, 1.0, tokens.accent);
    } else if response.hovered() {
        painter.rect_filled(rect, size::RADIUS_SMALL, tokens.hover_ground(tokens.bar));
    }
    let faint = if chosen { tokens.text_secondary } else { tokens.text_faint };
    let (left, right) = (rect.left() + 10.0, rect.right() - 10.0);
    let (first, second) = (rect.top() + 12.0, rect.top() + 27.0);
    let end = pos2(right, first);
    let mut edge = end;
    if !hit.keys.is_empty() {
        let ink = tokens.text_secondary;
        let keys = hit.keys.replace('+', " ");
        let at = Align2::RIGHT_CENTER;
        edge.x = text::paint_mono(&painter, edge, at, &keys, size::MONO, ink).left() - 12.0;
    }
    let word = hit.kind.word();
    let kind = text::paint(
        &painter,
        pos2(right, second),
        Align2::RIGHT_CENTER,
        word,
        size::TEXT_SMALL,
        faint,
    );
    let ink = if enabled { tokens.text } else { faint };
    let galley = painter.layout_job(name_job(hit, ink, tokens.accent_text, edge.x - left));
    text::paint_galley(&painter, pos2(left, first), Align2::LEFT_CENTER, galley, ink);
    let room = Rect::from_min_max(pos2(left, second), pos2(kind.left() - 12.0, second)).width();
    let mut at = pos2(left, second);
    let (detail, ink) = match hit.reason {
        Some(reason) => {
            Icon::Info.paint(&painter, at + vec2(5.0, 0.0), 11.0, faint);
            at.x += 15.0;
            (reason, tokens.text_secondary)
        }
        None => (hit.detail.as_str(), faint),
    };
    let galley = elide(&painter, detail, size::TEXT_SMALL, ink, room - (at.x - left));
    text::paint_galley(&painter, at - vec2(0.0, 1.0), Align2::LEFT_CENTER, galley, ink);
    response
}

/// The name with the letters that were typed in the accent's ink and underlined.
fn name_job(hit: &Hit, ink: egui::Color32, accent: egui::Color32, room: f32) -> LayoutJob {
    let mut job = LayoutJob::default();
    let plain = TextFormat::simple(text::proportional(13.0), ink);
    let marked = TextFormat {
        underline: egui::Stroke::new(1.0, accent),
        ..TextFormat::simple(text::proportional(13.0), accent)
    };
    let mut at = 0;
    for mark in &hit.marks {
        // Marks lie on letters; one that does not is left out.
        let (Some(before), Some(letters)) =
            (hit.text.get(at..mark.start), hit.text.get(mark.clone()))
        else {
            continue;
        };
        job.append(before, 0.0, plain.clone());
        job.append(letters, 0.0, marked.clone());
        at = mark.end;
    }
    job.append(hit.text.get(at..).unwrap_or_default(), 0.0, plain);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(0.0));
    job
}

fn foot_ui(ui: &mut Ui, palette: &Palette) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    let ink = tokens(ui).text_faint;
    let more = palette.more();
    let number = count(u64::try_from(more).unwrap_or(u64::MAX));
    let words = match (palette.is_complete(), more) {
        (false, _) => "Looking through names and commands…".to_owned(),
        (true, 0) => String::new(),
        (true, _) => format!("… and {number} more; type on to narrow"),
    };
    let at = rect.left_bottom() - vec2(-2.0, 8.0);
    text::paint(ui.painter(), at, Align2::LEFT_CENTER, &words, size::TEXT_SMALL, ink);
    let keys = "↑ ↓ choose, Enter takes, Esc closes";
    let at = rect.right_bottom() - vec2(2.0, 8.0);
    text::paint(ui.painter(), at, Align2::RIGHT_CENTER, keys, size::TEXT_SMALL, ink);
    let spoken = if words.is_empty() { keys.to_owned() } else { format!("{words}. {keys}") };
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &spoken));
}
