//! The start page: what this is, how to open something, and the saved sessions.

use egui::{
    Align2, CentralPanel, CursorIcon, Frame, Key, Margin, Modifiers, Painter, Panel, Rect,
    Response, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2,
};

use super::dialogs::help::parts;
use super::theme::{OwnerPalette, mix, size, text, tokens, tokens_of_context};
use super::widgets::{
    Icon, IconButton, app_icon, elide, hatch, key_cap, outline, section_header, snap,
};
use crate::app::registry::{find, keys_of};
use crate::app::saved::{SavedSession, Thumbnail, ThumbnailSegment};
use crate::app::{Action, App, Appearance};
use crate::base::text::counted;
use crate::machine::Level;

/// Width of the left column.
const SIDE: f32 = 312.0;
/// Height of a card.
const CARD: f32 = 108.0;
/// Least width of a card.
const CARD_WIDTH: f32 = 340.0;
/// Distance between cards.
const GAP: f32 = 12.0;
/// Size of a thumbnail with its strip.
const THUMBNAIL: [f32; 2] = [112.0, 84.0];
/// Height of the strip of activity.
const STRIP: f32 = 12.0;

/// What the start page remembers.
#[derive(Debug, Default)]
pub(super) struct StartState {
    chosen: usize,
    reveal: bool,
}

/// The start page; `keyboard` says whether keys are for it and not for something above it.
pub(super) fn start_ui(
    ui: &mut Ui,
    app: &App,
    state: &mut StartState,
    keyboard: bool,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    let frame = Frame::NONE.fill(tokens.panel).inner_margin(Margin::same(24));
    Panel::left("start").frame(frame).resizable(false).exact_size(SIDE).show(ui, |ui| {
        ScrollArea::vertical().show(ui, |ui| side_ui(ui, app, actions));
    });
    let frame = Frame::NONE.fill(tokens.canvas);
    CentralPanel::no_frame().frame(frame).show(ui, |ui| {
        sessions_ui(ui, app, state, keyboard, actions);
    });
}

fn side_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    ui.horizontal(|ui| {
        let (sign, _) = ui.allocate_exact_size(vec2(36.0, 36.0), Sense::hover());
        app_icon(ui.painter(), sign);
        ui.add_space(4.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.label(egui::RichText::new("vidmm-inspector").size(20.0).color(tokens.text));
            let version = concat!("version ", env!("CARGO_PKG_VERSION"));
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
    ui.add_space(12.0);
    ui.label(
        "See, step and question a WDDM-style video memory manager at work on an emulated GPU, \
         byte for byte.",
    );
    ui.add_space(12.0);
    if open_button(ui).clicked() {
        actions.push(Action::Open);
    }
    ui.add_space(4.0);
    ui.weak("or drop a session file anywhere here");
    ui.add_space(16.0);
    section_header(ui, "Keys");
    ui.add_space(4.0);
    let back_too = [Action::Back(Some(Level::Command)), Action::Forward(Some(Level::Command))];
    key_line(ui, &[Action::PlayPause], "play or pause");
    key_line(ui, &back_too, "one command back or forward");
    let inner = [Action::Forward(Some(Level::Operation)), Action::Forward(Some(Level::Packet))];
    key_line(ui, &inner, "one operation, one packet");
    key_caps(ui, &["Shift"], "with either: the same, back");
    let events = [Action::PreviousEvent, Action::NextEvent];
    key_line(ui, &events, "events of the selection");
    key_line(ui, &[Action::ToggleHelp], "all keys");
}

/// The button of the page, over the full width, with its keys at the right end.
fn open_button(ui: &mut Ui) -> Response {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Open…"));
    let ground = if response.hovered() {
        tokens.hover_ground(tokens.accent_ground)
    } else {
        tokens.accent_ground
    };
    let rect = snap(ui.painter(), rect);
    ui.painter().rect_filled(rect, size::RADIUS, ground);
    outline(ui.painter(), rect, size::RADIUS, 1.0, tokens.accent);
    let at = rect.left_center() + vec2(12.0, 0.0);
    text::paint(ui.painter(), at, Align2::LEFT_CENTER, "Open…", 13.0, tokens.text);
    let at = rect.right_center() - vec2(12.0, 0.0);
    let keys = keys_of(&Action::Open);
    let ink = tokens.text_faint;
    text::paint_mono(ui.painter(), at, Align2::RIGHT_CENTER, &keys, size::MONO, ink);
    super::widgets::focus_ring(ui, &response, rect, size::RADIUS);
    let tooltip = find(&Action::Open).map_or("", |entry| entry.tooltip);
    response.on_hover_text(tooltip).on_hover_cursor(CursorIcon::PointingHand)
}

fn key_line(ui: &mut Ui, actions: &[Action], words: &str) {
    let chords: Vec<String> = actions.iter().map(keys_of).collect();
    let caps: Vec<&str> = chords.iter().flat_map(|chord| parts(chord)).collect();
    key_caps(ui, &caps, words);
}

fn key_caps(ui: &mut Ui, caps: &[&str], words: &str) {
    ui.horizontal(|ui| {
        ui.set_height(22.0);
        ui.spacing_mut().item_spacing.x = 6.0;
        let start = ui.cursor().left();
        for cap in caps {
            key_cap(ui, cap);
        }
        ui.add_space((start + 76.0 - ui.cursor().left()).max(0.0));
        ui.label(egui::RichText::new(words).color(tokens(ui).text_secondary));
    });
}

fn sessions_ui(
    ui: &mut Ui,
    app: &App,
    state: &mut StartState,
    keyboard: bool,
    actions: &mut Vec<Action>,
) {
    let sessions = app.saved().known();
    let inside = Frame::NONE.inner_margin(Margin::symmetric(24, 16));
    inside.show(ui, |ui| {
        heading(ui, sessions.len());
        ui.add_space(8.0);
        let area = ScrollArea::vertical().auto_shrink([false, false]);
        area.show(ui, |ui| {
            let width = ui.available_width();
            let columns = if width >= 2.0 * CARD_WIDTH + GAP { 2 } else { 1 };
            if keyboard {
                keys(ui, state, columns, sessions, actions);
            }
            let mut first = 0;
            while first < sessions.len() {
                let group = group_of(&sessions[first]);
                let end = sessions[first..]
                    .iter()
                    .position(|session| group_of(session) != group)
                    .map_or(sessions.len(), |length| first + length);
                section_header(ui, &group);
                ui.add_space(4.0);
                cards_ui(ui, sessions, first..end, columns, state, actions);
                first = end;
            }
            state.reveal = false;
        });
    });
}

fn heading(ui: &mut Ui, sessions: usize) {
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new("Saved sessions").size(size::TEXT_TITLE));
        let number = u64::try_from(sessions).unwrap_or(u64::MAX);
        let words = format!("{}, each teaches or proves something", counted(number, "session"));
        ui.label(egui::RichText::new(words).size(size::TEXT_SMALL).weak());
    });
}

/// The first tag, as a title.
fn group_of(session: &SavedSession) -> String {
    let tag = session.tags.first().map_or("other", String::as_str);
    let mut characters = tag.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn keys(
    ui: &Ui,
    state: &mut StartState,
    columns: usize,
    sessions: &[SavedSession],
    actions: &mut Vec<Action>,
) {
    let Some(last) = sessions.len().checked_sub(1) else { return };
    let taken = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let before = state.chosen;
    let moves = [
        (Key::ArrowRight, state.chosen + 1),
        (Key::ArrowLeft, state.chosen.saturating_sub(1)),
        (Key::ArrowDown, state.chosen + columns),
        (Key::ArrowUp, state.chosen.checked_sub(columns).unwrap_or(state.chosen)),
        (Key::Home, 0),
        (Key::End, last),
    ];
    for (key, to) in moves {
        if taken(key) {
            state.chosen = to.min(last);
        }
    }
    state.reveal |= state.chosen != before;
    // A button that has the focus wants Enter for itself.
    let focused = ui.memory(|memory| memory.focused().is_some());
    if !focused
        && taken(Key::Enter)
        && let Some(session) = sessions.get(state.chosen)
    {
        actions.push(Action::OpenEmbedded(session.embedded.file_name));
    }
}

fn cards_ui(
    ui: &mut Ui,
    sessions: &[SavedSession],
    range: std::ops::Range<usize>,
    columns: usize,
    state: &mut StartState,
    actions: &mut Vec<Action>,
) {
    let all = ui.available_width();
    let count = if columns == 2 { 2.0 } else { 1.0 };
    let width = ((all - GAP * (count - 1.0)) / count).floor();
    for row in range.clone().step_by(columns) {
        let (line, _) = ui.allocate_exact_size(vec2(all, CARD), Sense::hover());
        let mut left = line.left();
        for index in row..(row + columns).min(range.end) {
            let Some(session) = sessions.get(index) else { break };
            let rect = Rect::from_min_size(pos2(left, line.top()), vec2(width, CARD));
            left += width + GAP;
            let chosen = state.chosen == index;
            let response = card_ui(ui, rect, session, chosen);
            if chosen && state.reveal {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                state.chosen = index;
                actions.push(Action::OpenEmbedded(session.embedded.file_name));
            }
        }
        ui.add_space(GAP - 4.0);
    }
}

fn card_ui(ui: &mut Ui, rect: Rect, session: &SavedSession, chosen: bool) -> Response {
    let tokens = tokens(ui);
    let id = ui.scope_id().with(session.embedded.file_name);
    let response = ui.interact(rect, id, Sense::click());
    let commands = counted(u64::try_from(session.commands).unwrap_or(u64::MAX), "command");
    let spoken = format!("Open {}: {} ({commands})", session.title, session.notes);
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, chosen, &spoken));
    let rect = snap(ui.painter(), rect);
    let ground = if chosen { tokens.accent_ground } else { tokens.panel };
    let ground = if response.hovered() { tokens.hover_ground(ground) } else { ground };
    ui.painter().rect_filled(rect, size::RADIUS, ground);
    let (edge, thickness) =
        if chosen { (tokens.accent, size::FOCUS_RING) } else { (tokens.separator, 1.0) };
    outline(ui.painter(), rect, size::RADIUS, thickness, edge);
    super::widgets::focus_ring(ui, &response, rect, size::RADIUS);

    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let inside = rect.shrink(12.0);
    let picture = Rect::from_min_size(inside.min, THUMBNAIL.into());
    paint_thumbnail(&painter, picture, session.thumbnail.as_ref());
    let right = inside.right();
    let left = picture.right() + 12.0;
    let faint = tokens.text_faint;
    let at = pos2(right, inside.top() + 7.0);
    let painted =
        text::paint(&painter, at, Align2::RIGHT_CENTER, &commands, size::TEXT_SMALL, faint);
    let room = painted.left() - 8.0 - left;
    let title = elide(&painter, &session.title, 13.5, tokens.text, room);
    let at = pos2(left, inside.top() + 7.0);
    text::paint_galley(&painter, at, Align2::LEFT_CENTER, title, tokens.text);
    paint_notes(
        &painter,
        pos2(left, inside.top() + 18.0),
        right - left,
        &session.notes,
        tokens.text_secondary,
    );
    let foot = inside.bottom() - 8.0;
    let (words, ink) = if chosen {
        ("Enter opens", tokens.accent_text)
    } else {
        (session.embedded.file_name, faint)
    };
    let painted = if chosen {
        text::paint(&painter, pos2(right, foot), Align2::RIGHT_CENTER, words, size::TEXT_SMALL, ink)
    } else {
        text::paint_mono(&painter, pos2(right, foot), Align2::RIGHT_CENTER, words, size::MONO, ink)
    };
    paint_tags(&painter, pos2(left, foot), painted.left() - 8.0, &session.tags);
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_ui(|ui| {
        ui.set_max_width(380.0);
        ui.label(&session.notes);
        ui.weak(format!("{}, opens with a click", session.embedded.file_name));
    })
}

/// Two lines at most, the second with an ellipsis where there would be more.
fn paint_notes(painter: &Painter, at: egui::Pos2, width: f32, notes: &str, ink: egui::Color32) {
    let mut job = text::mixed_job(notes, size::TEXT_SMALL, ink);
    job.wrap.max_width = width.max(0.0);
    job.wrap.max_rows = 2;
    let galley = painter.layout_job(job);
    text::paint_galley(painter, at, Align2::LEFT_TOP, galley, ink);
}

fn paint_tags(painter: &Painter, at: egui::Pos2, right: f32, tags: &[String]) {
    let tokens = tokens_of_context(painter.ctx());
    let mut left = at.x;
    for tag in tags {
        let galley = text::mixed_text(painter, tag, size::TEXT_SMALL, tokens.text_secondary);
        let width = galley.size().x.ceil() + 14.0;
        if left + width > right {
            break;
        }
        let pill = Rect::from_min_size(pos2(left, at.y - 8.0), vec2(width, 17.0));
        let pill = snap(painter, pill);
        painter.rect_filled(pill, 8.0, tokens.bar);
        outline(painter, pill, 8.0, 1.0, tokens.separator_strong);
        let ink = tokens.text_secondary;
        text::paint_galley(painter, pill.center(), Align2::CENTER_CENTER, galley, ink);
        left += width + 6.0;
    }
}

/// Segments as they end, and below them how much happened when.
fn paint_thumbnail(painter: &Painter, rect: Rect, thumbnail: Option<&Thumbnail>) {
    let tokens = tokens_of_context(painter.ctx());
    let lanes = rect.with_max_y(rect.bottom() - STRIP - 6.0);
    let Some(thumbnail) = thumbnail.filter(|thumbnail| !thumbnail.segments.is_empty()) else {
        painter.rect_filled(lanes, 0.0, tokens.lane);
        outline(painter, lanes, 0.0, 1.0, tokens.separator);
        return;
    };
    // More than a handful of lanes would be lines.
    let shown = thumbnail.segments.len().min(4);
    let number = u16::try_from(shown).map_or(4.0, f32::from);
    let height = ((lanes.height() - 4.0 * (number - 1.0)) / number).max(6.0);
    let names = thumbnail.segments.iter().flat_map(|segment| &segment.extents);
    let palette = OwnerPalette::new(names.map(|extent| extent.owner.as_str()));
    let mut top = lanes.top();
    for segment in thumbnail.segments.iter().take(shown) {
        let lane = Rect::from_min_size(pos2(lanes.left(), top), vec2(lanes.width(), height));
        paint_lane(painter, snap(painter, lane), segment, &palette);
        top += height + 4.0;
    }
    paint_strip(painter, rect.with_min_y(rect.bottom() - STRIP), thumbnail);
}

fn paint_lane(painter: &Painter, lane: Rect, segment: &ThumbnailSegment, palette: &OwnerPalette) {
    let tokens = tokens_of_context(painter.ctx());
    painter.rect_filled(lane, 0.0, tokens.lane);
    hatch(painter, lane, tokens.hatch, 5.0);
    for extent in &segment.extents {
        let from = lane.left() + lane.width() * ratio(extent.span.start(), segment.size);
        let to = lane.left() + lane.width() * ratio(extent.span.end(), segment.size);
        let owner = tokens.owner(palette.slot(&extent.owner));
        let block = Rect::from_x_y_ranges(from..=to.max(from + 1.0), lane.y_range());
        let block = snap(painter, block).intersect(lane);
        painter.rect_filled(block, 0.0, mix(tokens.lane, owner.color, 0.5));
        if block.width() >= 4.0 {
            painter.rect_filled(block.with_max_x(block.left() + 1.0), 0.0, tokens.lane);
        }
        painter.rect_filled(block.with_max_y(block.top() + 2.0), 0.0, owner.color);
    }
    outline(painter, lane, 0.0, 1.0, tokens.separator_strong);
}

fn paint_strip(painter: &Painter, rect: Rect, thumbnail: &Thumbnail) {
    let tokens = tokens_of_context(painter.ctx());
    let most = thumbnail.strip.iter().map(|bar| bar.bytes).max().unwrap_or(0);
    let bars = u16::try_from(thumbnail.strip.len()).map_or(1.0, f32::from).max(1.0);
    let step = rect.width() / bars;
    let mut left = rect.left();
    for bar in &thumbnail.strip {
        let height = (ratio(bar.bytes, most).sqrt() * rect.height()).max(2.0);
        let ink = if bar.is_bad { tokens.error } else { tokens.separator_strong };
        let area = Rect::from_min_max(
            pos2(left, rect.bottom() - height),
            pos2(left + (step - 1.0).max(1.0), rect.bottom()),
        );
        painter.rect_filled(snap(painter, area), 0.0, ink);
        left += step;
    }
}

fn ratio(part: u64, whole: u64) -> f32 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss)]
    let ratio = part as f64 / whole as f64;
    // Between 0 and 1.
    #[expect(clippy::cast_possible_truncation)]
    let ratio = ratio.clamp(0.0, 1.0) as f32;
    ratio
}
