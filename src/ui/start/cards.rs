//! The saved sessions: filter, tags, and a card for each.

use egui::{
    Align2, CursorIcon, Frame, Margin, Painter, Rect, Response, ScrollArea, Sense, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};

use super::layout::{CARD, Content, GAP, Grid, TITLE, columns};
use super::thumbnail::{self, paint_thumbnail};
use super::{FILTER, StartState, file_at, place_of};
use crate::app::browse::{Browsed, browse, line, tags};
use crate::app::saved::SavedSession;
use crate::app::{Action, App};
use crate::base::text::counted;
use crate::ui::theme::{size, text, tokens, tokens_of_context};
use crate::ui::widgets::{
    elide, empty_state, filter_chip, filter_field, focus_ring, outline, section_header, snap,
};

/// Sessions that a tag must have to stand above the list: with fewer, one row would not do.
const LEAST_TAGGED: usize = 5;

pub(super) fn sessions_ui(
    ui: &mut Ui,
    app: &App,
    state: &mut StartState,
    actions: &mut Vec<Action>,
) {
    let frame = Frame::NONE.inner_margin(Margin { left: 24, right: 12, top: 16, bottom: 0 });
    frame.show(ui, |ui| {
        heading_ui(ui, app, state);
        ui.add_space(6.0);
        tags_ui(ui, app.saved().known(), state);
        ui.add_space(6.0);
        let browsed = browse(app.saved().known(), state.tag.as_deref(), &state.filter);
        if browsed.shown.is_empty() && app.saved().known().len() == app.saved().count() {
            nothing_ui(ui, state);
            return;
        }
        list_ui(ui, app, state, &browsed, actions);
    });
}

fn heading_ui(ui: &mut Ui, app: &App, state: &mut StartState) {
    ui.horizontal(|ui| {
        ui.label(egui::RichText::new("Saved sessions").size(size::TEXT_TITLE));
        let number = u64::try_from(app.saved().count()).unwrap_or(u64::MAX);
        let words = format!("{}, each teaches or proves something", counted(number, "session"));
        ui.label(egui::RichText::new(words).size(size::TEXT_SMALL).weak());
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add_space(12.0);
            let left = if state.filter.trim().is_empty() {
                String::from("/")
            } else {
                let known = app.saved().known();
                let shown = browse(known, state.tag.as_deref(), &state.filter).shown.len();
                format!("{shown} of {}", app.saved().count())
            };
            let hint = "Filter by name, tag or command";
            let field = filter_field(ui, &mut state.filter, FILTER, hint, &left);
            if field.changed() {
                state.chosen = None;
                state.reveal = true;
            }
            state.field = Some((field.id, field.has_focus()));
        });
    });
}

fn tags_ui(ui: &mut Ui, sessions: &[SavedSession], state: &mut StartState) {
    let all = (None, sessions.len());
    let tags =
        tags(sessions, LEAST_TAGGED).into_iter().map(|(tag, count)| (Some(tag.to_owned()), count));
    let mut asked = None;
    // As wide as the cards.
    let width = ui.available_width() - 12.0;
    ui.scope(|ui| {
        ui.set_max_width(width);
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
            for (tag, count) in std::iter::once(all).chain(tags) {
                let label = format!("{} · {count}", tag.as_deref().unwrap_or("All"));
                if filter_chip(ui, &label, state.tag == tag).clicked() {
                    asked = Some(tag);
                }
            }
        });
    });
    if let Some(tag) = asked {
        // A second click takes the tag away again.
        state.tag = if state.tag == tag { None } else { tag };
        state.reveal = true;
    }
}

fn nothing_ui(ui: &mut Ui, state: &mut StartState) {
    let filter = state.filter.trim();
    let title = match &state.tag {
        Some(tag) => format!("No session with the tag {tag} matches “{filter}”"),
        None => format!("No session matches “{filter}”"),
    };
    let hint = "Titles, file names, tags, commands and notes are looked through.";
    let space = ui.available_size();
    ui.allocate_ui(vec2(space.x, (space.y / 2.0).max(80.0)), |ui| empty_state(ui, &title, hint));
    ui.vertical_centered(|ui| {
        if ui.button("Show all sessions").clicked() {
            state.filter.clear();
            state.tag = None;
        }
    });
    state.in_sight.clear();
}

fn list_ui(
    ui: &mut Ui,
    app: &App,
    state: &mut StartState,
    browsed: &Browsed,
    actions: &mut Vec<Action>,
) {
    // A bar for scrolling lies at the right of the cards, not over them.
    let width = ui.available_width() - 12.0;
    let columns = columns(width);
    let ranges = browsed.shelves.iter().map(|(_, range)| range.clone());
    state.grid = Grid::new(ranges, columns);
    let chosen = place_of(app, state, browsed);
    let height = ui.available_height();
    let mut area = ScrollArea::vertical().auto_shrink([false, false]);
    if std::mem::take(&mut state.reveal)
        && let Some(offset) = state.grid.offset_for(chosen, state.offset, height)
    {
        area = area.vertical_scroll_offset(offset);
    }
    let output = area.show_viewport(ui, |ui, viewport| {
        ui.set_min_height(state.grid.height);
        let origin = ui.min_rect().min;
        state.in_sight.clear();
        let lines = state.grid.in_sight(viewport.min.y, viewport.height()).to_vec();
        for line in lines {
            let top = origin.y + line.top;
            match line.content {
                Content::Title(shelf) => {
                    let title = browsed.shelves.get(shelf).map_or("", |(shelf, _)| shelf.title());
                    let rect = Rect::from_min_size(pos2(origin.x, top), vec2(width, TITLE));
                    let mut part = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(title));
                    section_header(&mut part, title);
                }
                Content::Cards(cards) => {
                    let row = Rect::from_min_size(pos2(origin.x, top), vec2(width, CARD));
                    let first = cards.start;
                    for place in cards {
                        let rect = card_rect(row, place - first, columns);
                        card(ui, app, state, browsed, (place, rect, place == chosen), actions);
                    }
                }
            }
        }
    });
    state.offset = output.state.clamped_offset().y;
    state.height = height;
}

/// The place of a card in its row.
fn card_rect(row: Rect, column: usize, columns: usize) -> Rect {
    // At most four side by side.
    let number = |number: usize| u16::try_from(number).map_or(1.0, f32::from);
    let gaps = GAP * (number(columns) - 1.0);
    let width = ((row.width() - gaps) / number(columns)).floor();
    let left = row.left() + (width + GAP) * number(column);
    Rect::from_min_size(pos2(left, row.top()), vec2(width, CARD))
}

fn card(
    ui: &Ui,
    app: &App,
    state: &mut StartState,
    browsed: &Browsed,
    (place, rect, chosen): (usize, Rect, bool),
    actions: &mut Vec<Action>,
) {
    let Some(index) = browsed.shown.get(place).copied() else { return };
    let Some(session) = app.saved().known().get(index) else { return };
    state.in_sight.push(index);
    let response = card_ui(ui, rect, session, chosen);
    if response.gained_focus() {
        state.chosen = file_at(app, browsed, place);
        state.reveal = true;
    }
    if response.clicked() {
        state.chosen = file_at(app, browsed, place);
        actions.push(Action::OpenEmbedded(session.embedded.file_name));
    }
}

fn card_ui(ui: &Ui, rect: Rect, session: &SavedSession, chosen: bool) -> Response {
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
    focus_ring(ui, &response, rect, size::RADIUS);

    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    let inside = rect.shrink(12.0);
    let picture = Rect::from_min_size(inside.min, thumbnail::SIZE.into());
    paint_thumbnail(&painter, picture, session.thumbnail.as_ref());
    let right = inside.right();
    let left = picture.right() + 12.0;
    // On the ground of the chosen card, the faintest ink would be too faint.
    let faint = if chosen { tokens.text_secondary } else { tokens.text_faint };
    let at = pos2(right, inside.top() + 7.0);
    let painted =
        text::paint(&painter, at, Align2::RIGHT_CENTER, &commands, size::TEXT_SMALL, faint);
    let room = painted.left() - 8.0 - left;
    let title = elide(&painter, &session.title, 13.5, tokens.text, room);
    let at = pos2(left, inside.top() + 7.0);
    text::paint_galley(&painter, at, Align2::LEFT_CENTER, title, tokens.text);
    let at = pos2(left, inside.top() + 18.0);
    paint_line(&painter, at, right - left, line(&session.notes), tokens.text_secondary);
    let foot = pos2(right, inside.bottom() - 8.0);
    let end = if chosen {
        let at = Align2::RIGHT_CENTER;
        let ink = tokens.text_secondary;
        let word = text::paint(&painter, foot, at, "opens", size::TEXT_SMALL, ink);
        paint_key(&painter, pos2(word.left() - 6.0, foot.y), "Enter").left()
    } else {
        let name = session.embedded.file_name;
        let room = (right - left) * 0.6;
        let galley = elide_mono(&painter, name, faint, room);
        text::paint_galley(&painter, foot, Align2::RIGHT_CENTER, galley, faint).left()
    };
    paint_tags(&painter, pos2(left, foot.y), end - 8.0, &session.tags);
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_ui(|ui| {
        ui.set_max_width(380.0);
        ui.label(&session.notes);
        ui.weak(format!("{}, opens with a click", session.embedded.file_name));
    })
}

/// A key as it looks on a keyboard, with its right edge at a place.
fn paint_key(painter: &Painter, right: egui::Pos2, key: &str) -> Rect {
    let tokens = tokens_of_context(painter.ctx());
    let font = text::monospace(size::MONO_TINY);
    let galley = painter.layout_no_wrap(key.to_owned(), font, tokens.text_secondary);
    let width = galley.size().x.ceil() + 10.0;
    let cap = Rect::from_min_size(right - vec2(width, 9.0), vec2(width, 18.0));
    let cap = snap(painter, cap);
    painter.rect_filled(cap, size::RADIUS_SMALL, tokens.bar);
    outline(painter, cap, size::RADIUS_SMALL, 1.0, tokens.separator_strong);
    let ink = tokens.text_secondary;
    text::paint_galley(painter, cap.center(), Align2::CENTER_CENTER, galley, ink);
    cap
}

/// A name in monospace that ends in an ellipsis where it is wider than `room`.
fn elide_mono(
    painter: &Painter,
    name: &str,
    ink: egui::Color32,
    room: f32,
) -> std::sync::Arc<egui::Galley> {
    let format = egui::text::TextFormat::simple(text::mono(), ink);
    let mut job = egui::text::LayoutJob::single_section(name.to_owned(), format);
    job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(0.0));
    painter.layout_job(job)
}

/// Two rows at most, the second with an ellipsis where there would be more.
fn paint_line(painter: &Painter, at: egui::Pos2, width: f32, words: &str, ink: egui::Color32) {
    let mut job = text::mixed_job(words, size::TEXT_SMALL, ink);
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
        let middle = pill.center() - vec2(0.0, 1.0);
        let ink = tokens.text_secondary;
        text::paint_galley(painter, middle, Align2::CENTER_CENTER, galley, ink);
        left += width + 6.0;
    }
}
