//! The selection: what it is, where, why there, since when, its bytes, its rules.

mod allocation;
mod card;
mod definitions;
mod export;
mod objects;
mod step;
mod submission;
#[cfg(test)]
mod tests;

use egui::{Align2, Color32, Response, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use self::card::{Card, Fact, Line, Section, When};
use self::definitions::definition;
use crate::analysis::explain::{CandidateLine, CandidateMark};
use crate::app::{Action, Exported, Item, View};
use crate::machine::Place;
use crate::ui::panels::export::export_button;
use crate::ui::theme::{Mark, OwnerPalette, size, text, tokens};
use crate::ui::widgets::{
    Icon, IconButton, KeyValue, Tone, elide, empty_state, link, link_mono, mark, panel_header,
    section_header, swatch, vertical_line,
};

/// What the panel remembers between frames: look only.
#[derive(Debug, Default)]
pub(crate) struct SelectionState {
    shown: Option<(u64, Item, Card)>,
}

/// The panel: fills the rectangle it is given.
pub(crate) fn selection_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut SelectionState,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(ui.available_rect_before_wrap(), 0.0, tokens.panel);
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    // Rows of facts are lower than controls.
    ui.spacing_mut().interact_size.y = size::LIST_ROW;
    panel_header(ui, "Selection", |ui| {
        export_button(ui, Exported::Selection, view.tab, actions);
        let forward = IconButton::new(Icon::TriangleRight, "Later selection")
            .frameless()
            .enabled(view.can_go_forward)
            .reason("This is the last selection.");
        if ui.add(forward).clicked() {
            actions.push(Action::SelectionForward);
        }
        let back = IconButton::new(Icon::TriangleLeft, "Earlier selection")
            .frameless()
            .enabled(view.can_go_back)
            .reason("Nothing was selected before.");
        if ui.add(back).clicked() {
            actions.push(Action::SelectionBack);
        }
    });
    if view.started.is_none() && view.selected.is_none() {
        let why = "It breaks a rule: see the findings. Every command is refused.";
        empty_state(ui, "The adapter did not start", why);
        return;
    }
    let item = view.selected.unwrap_or(Item::Step(view.place));
    let known =
        state.shown.take().filter(|(revision, of, _)| (*revision, *of) == (view.revision, item));
    let (revision, item, card) =
        known.unwrap_or_else(|| (view.revision, item, card_of(view, item)));
    ScrollArea::vertical().id_salt(("selection", item)).auto_shrink(false).show(ui, |ui| {
        ui.set_width(ui.available_width());
        show_card(ui, view, &card, actions);
        if view.selected.is_none() {
            hint(ui);
        }
        ui.add_space(size::PANEL_INSET);
    });
    state.shown = Some((revision, item, card));
}

/// Everything about an item.
fn card_of(view: &View<'_>, item: Item) -> Card {
    match item {
        Item::Allocation(id) => allocation::allocation_card(view, id),
        Item::Segment(id) => objects::segment_card(view, id),
        Item::Process(id) => objects::process_card(view, id),
        Item::Hole(segment, hole) => objects::hole_card(view, segment, hole),
        Item::AperturePage(segment, page) => objects::page_card(view, segment, page),
        Item::Frame(frame) => objects::frame_card(view, frame),
        Item::Buffer(index) => objects::buffer_card(view, index),
        Item::Step(place) => step::step_card(view, place),
    }
}

fn hint(ui: &mut Ui) {
    let ink = tokens(ui).text_faint;
    inset(ui, |ui| {
        ui.add_space(12.0);
        let words = "Nothing is selected: this is the current step. Click a block of the map, a \
                     hole, a segment, a process or a row of the table.";
        paragraph(ui, words, ink);
    });
}

/// Shows `content` at the inset of side panels.
fn inset<R>(ui: &mut Ui, content: impl FnOnce(&mut Ui) -> R) -> R {
    let margin = egui::Margin { left: 12, right: 12, top: 0, bottom: 0 };
    egui::Frame::new()
        .inner_margin(margin)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            content(ui)
        })
        .inner
}

fn paragraph(ui: &mut Ui, words: &str, ink: Color32) -> Response {
    let mut job = text::mixed_job(words, size::TEXT_SMALL, ink);
    job.wrap.max_width = ui.available_width();
    ui.add(egui::Label::new(job).wrap())
}

fn show_card(ui: &mut Ui, view: &View<'_>, card: &Card, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    inset(ui, |ui| {
        ui.add_space(6.0);
        title(ui, view, card);
        for line in card.summary.lines() {
            paragraph(ui, line, tokens.text_secondary);
        }
        ui.add_space(4.0);
    });
    for section in &card.sections {
        if let Some(place) = section.decided {
            decided(ui, section, place, actions);
        } else {
            inset(ui, |ui| {
                if !section.title.is_empty() {
                    header(ui, section);
                }
                let keys = keys_of(ui, section);
                for line in &section.lines {
                    show_line(ui, line, keys, actions);
                }
                ui.add_space(4.0);
            });
        }
    }
}

fn title(ui: &mut Ui, view: &View<'_>, card: &Card) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), Sense::hover());
    let painter = ui.painter();
    let mut x = rect.left();
    if let Some(owner) = &card.owner {
        let square = egui::Rect::from_center_size(pos2(x + 5.0, rect.center().y), vec2(10.0, 10.0));
        let palette = OwnerPalette::new(view.names.processes());
        swatch(painter, square, tokens.owner(palette.slot(owner)));
        x += 16.0;
    }
    let space = rect.right() - x;
    let galley = elide(painter, &card.title, size::TEXT_TITLE, tokens.text, space);
    let mut cut = galley.elided;
    let at = pos2(x, rect.center().y);
    let painted = text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, tokens.text);
    let space = rect.right() - painted.right() - 8.0;
    if space > 24.0 {
        let faint = tokens.text_faint;
        let galley = elide(painter, &card.subtitle, size::TEXT_SMALL, faint, space);
        cut |= galley.elided;
        let at = pos2(painted.right() + 8.0, rect.center().y + 1.0);
        text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, faint);
    } else {
        cut = true;
    }
    let whole = format!("{}, {}", card.title, card.subtitle);
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &whole));
    if cut {
        response.on_hover_text(whole);
    }
}

fn header(ui: &mut Ui, section: &Section) {
    let response = section_header(ui, &section.title);
    if !section.note.is_empty() {
        let tokens = tokens(ui);
        let painter = ui.painter();
        let space = response.rect.width() * 0.7;
        let galley = elide(painter, &section.note, size::TEXT_SMALL, tokens.text_faint, space);
        // The note stands on the line that runs on from the title.
        let plate = egui::Rect::from_min_max(
            pos2(response.rect.right() - galley.size().x - 8.0, response.rect.top()),
            response.rect.max,
        );
        painter.rect_filled(plate, 0.0, tokens.panel);
        let at = response.rect.right_center();
        text::paint_galley(painter, at, Align2::RIGHT_CENTER, galley, tokens.text_faint);
    }
}

/// A section on a ground of its own, with an edge in the accent.
fn decided(ui: &mut Ui, section: &Section, place: Place, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let ground = tokens.related_ground(tokens.panel);
    let frame = egui::Frame::new().fill(ground).inner_margin(egui::Margin {
        left: 12,
        right: 12,
        top: 4,
        bottom: 6,
    });
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        let width = ui.available_width();
        let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
        let at_end = egui::Layout::right_to_left(egui::Align::Center);
        let mut end = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(at_end));
        if link_mono(&mut end, &place.to_string()).on_hover_text("Go to this step").clicked() {
            actions.push(Action::GoTo(place));
        }
        let at = pos2(end.min_rect().left() - 4.0, rect.center().y);
        let painter = ui.painter();
        let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
        let faint = tokens.text_faint;
        let note = text::paint(painter, at, right, "decided at", size::TEXT_SMALL, faint);
        let space = note.left() - rect.left() - 8.0;
        let galley = elide(painter, &section.title, size::TEXT_BODY, tokens.text, space);
        text::paint_galley(painter, rect.left_center(), left, galley, tokens.text);
        response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &section.title));
        response.on_hover_text(
            "Segments are tried pass by pass in the documented order. The first that has room \
             wins and ends the search.",
        );
        let keys = keys_of(ui, section);
        for line in &section.lines {
            show_line(ui, line, keys, actions);
        }
    });
    let rect = shown.response.rect;
    for x in [rect.left(), rect.left() + 1.0] {
        vertical_line(ui.painter(), x, rect.top(), rect.bottom(), tokens.accent);
    }
    ui.add_space(4.0);
}

/// Shows a line; `keys` is the width of the column of names.
fn show_line(ui: &mut Ui, line: &Line, keys: f32, actions: &mut Vec<Action>) {
    match line {
        Line::Fact(fact) => show_fact(ui, fact, keys, actions),
        Line::Text(tone, words) => show_text(ui, *tone, words),
        Line::Candidate(candidate) => show_candidate(ui, candidate, actions),
        Line::Event { place, text, when } => show_event(ui, *place, text, *when, actions),
        Line::Link { item, name, text } => show_link(ui, *item, name, text, actions),
        Line::Bytes { offset, bytes } => show_bytes(ui, *offset, bytes),
    }
}

/// Width of the column of names in a section: as wide as the longest, and the same in most.
fn keys_of(ui: &Ui, section: &Section) -> f32 {
    const LEAST: f32 = 76.0;
    let width = |line: &Line| match line {
        Line::Fact(fact) => {
            let ink = Color32::PLACEHOLDER;
            let galley = text::mixed_text(ui.painter(), fact.key, size::TEXT_SMALL, ink);
            galley.size().x.ceil() + 8.0
        }
        _ => 0.0,
    };
    section.lines.iter().map(width).fold(LEAST, f32::max)
}

fn show_fact(ui: &mut Ui, fact: &Fact, keys: f32, actions: &mut Vec<Action>) {
    let help = definition(fact.key);
    let Some(jump) = &fact.jump else {
        let mut row = KeyValue::new(fact.key, &fact.value).key_width(keys);
        if !fact.note.is_empty() {
            row = row.note(&fact.note);
        }
        if matches!(fact.key, "Hash" | "State hash") {
            row = row.monospace();
        }
        let response = ui.add(row);
        if let Some(help) = help {
            response.on_hover_text(help);
        }
        return;
    };
    let tokens = tokens(ui);
    let top = ui.cursor().top();
    let faint = tokens.text_faint;
    let width = ui.available_width();
    let row = egui::Rect::from_min_size(pos2(ui.cursor().left(), top), vec2(width, size::LIST_ROW));
    let painter = ui.painter();
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    text::paint(painter, row.left_center(), left, fact.key, size::TEXT_SMALL, faint);
    if !fact.note.is_empty() {
        text::paint(painter, row.right_center(), right, &fact.note, size::TEXT_SMALL, faint);
    }
    let clicked = ui
        .horizontal(|ui| {
            ui.set_height(size::LIST_ROW);
            ui.add_space(keys);
            let response = link(ui, &fact.value);
            hovers(&response, jump, actions);
            response.clicked()
        })
        .inner;
    if let Some(help) = help {
        let keys = row.with_max_x(row.left() + keys - 4.0);
        let id = ui.next_auto_id().with("definition");
        ui.interact(keys, id, Sense::hover()).on_hover_text(help);
    }
    if clicked {
        actions.push(jump.clone());
    }
}

fn hovers(response: &Response, jump: &Action, actions: &mut Vec<Action>) {
    if response.hovered()
        && let Action::Select(Some(item)) = jump
    {
        actions.push(Action::Hover(Some(*item)));
    }
}

fn show_text(ui: &mut Ui, tone: Tone, words: &str) {
    let tokens = tokens(ui);
    if tone == Tone::Plain {
        paragraph(ui, words, tokens.text_secondary);
        return;
    }
    ui.horizontal_top(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(16.0, size::LIST_ROW), Sense::hover());
        let ink = tone.color(tokens);
        tone.icon().paint(ui.painter(), rect.left_center() + vec2(6.0, 0.0), 12.0, ink);
        let ink = if tone == Tone::Ok { tokens.text_secondary } else { ink };
        paragraph(ui, words, ink);
    });
}

/// Small text on as many lines as `width` points need.
fn wrapped(ui: &Ui, words: &str, ink: Color32, width: f32) -> std::sync::Arc<egui::Galley> {
    let mut job = text::mixed_job(words, size::TEXT_SMALL, ink);
    job.wrap.max_width = width.max(0.0);
    ui.painter().layout_job(job)
}

/// Two lines or more: what was tried, then the numbers that decided; then who left.
fn show_candidate(ui: &mut Ui, candidate: &CandidateLine, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let (icon, color, ink) = match candidate.mark {
        CandidateMark::Won => (Icon::Check, tokens.ok, tokens.text),
        CandidateMark::Failed => (Icon::Cross, tokens.error, tokens.text),
        CandidateMark::NotReached => (Icon::Dash, tokens.text_faint, tokens.text_faint),
    };
    let width = ui.available_width();
    let numbers_ink = match candidate.mark {
        CandidateMark::Won => tokens.ok,
        CandidateMark::Failed => tokens.text_secondary,
        CandidateMark::NotReached => tokens.text_faint,
    };
    // The numbers are the answer: they wrap and are never cut.
    let numbers = wrapped(ui, &candidate.numbers, numbers_ink, width - 28.0);
    let height = 18.0 + numbers.size().y.max(14.0) + 2.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    if response.hovered() {
        actions.push(Action::Hover(Some(Item::Segment(candidate.segment))));
    }
    let spoken = format!("Pass {}: {}, {}", candidate.pass, candidate.title, candidate.numbers);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    let painter = ui.painter();
    let left = Align2::LEFT_CENTER;
    let first = rect.top() + 9.0;
    icon.paint(painter, pos2(rect.left() + 6.0, first), 12.0, color);
    let pass = candidate.pass.to_string();
    let at = pos2(rect.left() + 16.0, first);
    text::paint_mono(painter, at, left, &pass, size::MONO, tokens.text_faint);
    let space = rect.right() - rect.left() - 28.0;
    let galley = elide(painter, &candidate.title, size::TEXT_BODY, ink, space);
    let cut = galley.elided;
    text::paint_galley(painter, pos2(rect.left() + 28.0, first), left, galley, ink);
    let at = pos2(rect.left() + 28.0, first + 8.0);
    text::paint_galley(painter, at, Align2::LEFT_TOP, numbers, numbers_ink);
    if cut {
        response.on_hover_text(&candidate.title);
    }
    for victim in &candidate.victims {
        ui.horizontal(|ui| {
            ui.set_height(size::LIST_ROW);
            let (rect, _) = ui.allocate_exact_size(vec2(38.0, size::LIST_ROW), Sense::hover());
            mark(ui.painter(), pos2(rect.right() - 6.0, rect.center().y), 8.0, Mark::Out);
            let item = Item::Allocation(victim.allocation);
            let response = link(ui, &victim.name);
            hovers(&response, &Action::Select(Some(item)), actions);
            if response.on_hover_text("It left to make room.").clicked() {
                actions.push(Action::Select(Some(item)));
            }
            let (rect, _) = ui.allocate_exact_size(vec2(60.0, size::LIST_ROW), Sense::hover());
            let at = rect.left_center() + vec2(8.0, 0.0);
            let ink = tokens.text_secondary;
            text::paint(ui.painter(), at, left, &victim.size, size::TEXT_SMALL, ink);
        });
        let ink = tokens.text_secondary;
        let rank = wrapped(ui, &victim.rank, ink, width - 38.0);
        let height = rank.size().y.max(14.0) + 2.0;
        let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
        let at = rect.left_top() + vec2(38.0, 0.0);
        text::paint_galley(ui.painter(), at, Align2::LEFT_TOP, rank, ink);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &victim.text));
    }
}

fn show_event(ui: &mut Ui, place: Place, words: &str, when: When, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    ui.horizontal_top(|ui| {
        let number = place.to_string();
        let font = text::mono();
        let ink = tokens.accent_text;
        let wide = ui.painter().layout_no_wrap(number.clone(), font, ink).size().x.ceil();
        ui.add_space((40.0 - wide).max(0.0));
        if link_mono(ui, &number).on_hover_text("Go to this step").clicked() {
            actions.push(Action::GoTo(place));
        }
        let (dot, ink) = match when {
            When::Past => (tokens.text_faint, tokens.text_secondary),
            When::Current => (tokens.accent, tokens.text),
            When::Ahead => (tokens.text_faint, tokens.text_faint),
        };
        let width = ui.available_width();
        let galley = wrapped(ui, words, ink, width - 22.0);
        let height = (galley.size().y + 2.0).max(size::LIST_ROW);
        let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
        let painter = ui.painter();
        let icon = if when == When::Ahead { Icon::Circle } else { Icon::Dot };
        let middle = rect.left_top() + vec2(11.0, size::LIST_ROW / 2.0);
        icon.paint(painter, middle, 10.0, dot);
        let at = rect.left_top() + vec2(22.0, 0.0);
        text::paint_galley(painter, at, Align2::LEFT_TOP, galley, ink);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
    });
}

fn show_link(ui: &mut Ui, item: Item, name: &str, words: &str, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    ui.horizontal(|ui| {
        ui.set_height(size::LIST_ROW);
        let whole = text::mixed_text(ui.painter(), name, size::TEXT_SMALL, tokens.accent_text);
        let space = ui.available_width();
        let shown = if whole.size().x > space * 0.55 { shortened(name) } else { name.to_owned() };
        let mut response = link(ui, &shown);
        if shown != name {
            response = response.on_hover_text(name);
        }
        hovers(&response, &Action::Select(Some(item)), actions);
        if response.clicked() {
            actions.push(Action::Select(Some(item)));
        }
        let (rect, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), size::LIST_ROW), Sense::hover());
        let (painter, ink) = (ui.painter(), tokens.text_secondary);
        let galley = elide(painter, words, size::TEXT_SMALL, ink, rect.width() - 8.0);
        let cut = galley.elided;
        let at = rect.right_center() - vec2(0.0, 1.0);
        text::paint_galley(painter, at, Align2::RIGHT_CENTER, galley, ink);
        if cut {
            response.on_hover_text(words);
        }
    });
}

/// A name that leaves room for what stands beside it.
fn shortened(name: &str) -> String {
    let start: String = name.chars().take(22).collect();
    format!("{}…", start.trim_end())
}

fn show_bytes(ui: &mut Ui, offset: u64, bytes: &[u8]) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 13.0), Sense::hover());
    let painter = ui.painter();
    let hexadecimal: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    let hexadecimal = hexadecimal.join(" ");
    let ascii = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '·' };
    let ascii: String = bytes.iter().map(ascii).collect();
    let (left, y) = (Align2::LEFT_CENTER, rect.center().y);
    let number = format!("{offset:06X}");
    let (faint, ink) = (tokens.text_faint, tokens.text_secondary);
    text::paint_mono(painter, pos2(rect.left(), y), left, &number, size::MONO, faint);
    text::paint_mono(painter, pos2(rect.left() + 52.0, y), left, &hexadecimal, size::MONO, ink);
    text::paint_mono(painter, pos2(rect.left() + 232.0, y), left, &ascii, size::MONO, faint);
    let spoken = format!("{number}: {hexadecimal}");
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
}
