//! Before going: what each sleep would do, side by side.

use std::sync::Arc;

use egui::{Align2, Galley, Painter, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::layout::{CARD_GAP, cards, to_scale};
use super::{Known, PowerState, heading_ui, paint};
use crate::analysis::explain::power_text;
use crate::analysis::power::{Card, SegmentShare, Share};
use crate::app::{Action, View};
use crate::base::text::{counted, duration, size as size_text};
use crate::machine::Place;
use crate::ui::theme::{Tokens, size, text, tokens};
use crate::ui::widgets::{
    ButtonAt, Icon, button_at, elide, hatch, horizontal_line, link, outline, snap,
};
use crate::vidmm::{Power, Transition};

/// Space between the edge of a card and what it holds.
const INSET: f32 = 10.0;
/// Height of a line of small text.
const LINE: f32 = 16.0;
/// Height of a bar.
const BAR: f32 = 9.0;
/// Space between two parts of a line.
const GAP: f32 = 8.0;

/// Answers whether somebody asks for the outcome of the last transition.
pub(super) fn before_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &PowerState,
    actions: &mut Vec<Action>,
) -> bool {
    let Some(known) = &state.known else { return false };
    heading_ui(ui, "Before going: what each sleep would do", &note(view));
    if let Some((title, hint)) = nothing(view, known) {
        empty_ui(ui, &title, &hint);
        if view.place.inner.is_some() {
            let command = view.place.command;
            if link(ui, &format!("To the end of command {command}")).clicked() {
                actions.push(Action::GoTo(Place::after(command)));
            }
            return false;
        }
        return known.after.is_some() && link(ui, "To what the last transition did").clicked();
    }
    if view.previews_wait {
        let resident = counted(view.tally.resident().count, "resident allocation");
        let hint = "Trying a sleep puts each of them away and brings it back: with so many, the \
                    window stands still meanwhile.";
        empty_ui(ui, &format!("Not tried with {resident}"), hint);
        if link(ui, "Try the three sleeps").clicked() {
            actions.push(Action::TrySleeps);
        }
        return false;
    }
    legend_ui(ui);
    let width = ui.available_width();
    let (columns, own) = cards(width);
    for row in known.cards.chunks(columns) {
        let painter = ui.painter().clone();
        let faces: Vec<Face> = row.iter().map(|card| Face::of(&painter, card, own)).collect();
        let height = faces.iter().map(|face| face.height).fold(0.0, f32::max).ceil();
        let (all, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
        let mut left = all.left();
        for (card, face) in row.iter().zip(&faces) {
            let rect = Rect::from_min_size(pos2(left, all.top()), vec2(own, height));
            card_ui(ui, rect, known, card, face, actions);
            left += own + CARD_GAP;
        }
        ui.add_space(CARD_GAP);
    }
    if known.cards.len() < 3 {
        empty_ui(ui, "Being tried…", "The next sleep is tried and taken back.");
    }
    false
}

/// Where, and how much is resident there.
fn note(view: &View<'_>) -> String {
    if view.started.is_none() {
        return String::new();
    }
    let resident = view.tally.resident().count;
    format!("step {}, {} resident", view.place, counted(resident, "allocation"))
}

/// Why there are no previews, and what to do about it.
fn nothing(view: &View<'_>, known: &Known) -> Option<(String, String)> {
    let told = |title: &str, hint: &str| Some((title.to_owned(), hint.to_owned()));
    let Some(power) = known.power else {
        return told(
            "The adapter does not start",
            "Nothing can sleep. The findings say what to repair; flags and claims are shown as \
             the session has them.",
        );
    };
    if view.place.inner.is_some() {
        let title = format!("{} is inside a command", view.place);
        return Some((title, "A sleep can be tried at the end of a command.".to_owned()));
    }
    if power != Power::Working {
        let title = format!("Nothing to try: {}", power_text(power));
        let hint = match power {
            Power::Device(_) => "Bring the adapter to D0 first, or step back to before it left.",
            _ => "Resume first, or step back to before the machine went to sleep.",
        };
        return Some((title, hint.to_owned()));
    }
    if view.playing && known.cards.is_empty() {
        return told("Playing", "What each sleep would do is tried where playing pauses.");
    }
    None
}

pub(super) fn empty_ui(ui: &mut Ui, title: &str, hint: &str) {
    let tokens = tokens(ui);
    let width = ui.available_width();
    let room = width.min(460.0);
    let ink = tokens.text_secondary;
    let title_galley = paint::wrapped(ui.painter(), title, size::TEXT_BODY, ink, room);
    let faint = tokens.text_faint;
    let hint_galley = paint::wrapped(ui.painter(), hint, size::TEXT_SMALL, faint, room);
    let height = title_galley.size().y + hint_galley.size().y + 20.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{title}. {hint}")));
    let y = rect.top() + 8.0;
    let below = y + title_galley.size().y + 3.0;
    paint::place(ui.painter(), rect.left(), y, title_galley, ink);
    paint::place(ui.painter(), rect.left(), below, hint_galley, faint);
}

/// What each pattern means.
fn legend_ui(ui: &mut Ui) {
    let tokens = tokens(ui);
    let painter = ui.painter().clone();
    let ink = tokens.text_secondary;
    let words: Vec<Arc<Galley>> =
        Share::ALL.iter().map(|share| paint::small(&painter, share.word(), ink)).collect();
    let widths: Vec<f32> = words.iter().map(|galley| 20.0 + galley.size().x.ceil()).collect();
    let (at, height) = paint::flow(&widths, ui.available_width(), 14.0, 18.0);
    let (rect, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), height + 4.0), Sense::hover());
    for (((share, galley), width), (x, y)) in Share::ALL.into_iter().zip(words).zip(widths).zip(at)
    {
        let corner = rect.min + vec2(x, y);
        let area = Rect::from_min_size(corner, vec2(width, 18.0));
        paint::sign(&painter, pos2(area.left() + 7.0, area.center().y), share);
        let at = pos2(area.left() + 20.0, area.center().y);
        text::paint_galley(&painter, at, Align2::LEFT_CENTER, galley, ink);
        let response = ui.interact(area, ui.scope_id().with(share.word()), Sense::hover());
        response.widget_info(|| {
            WidgetInfo::labeled(Role::Label, true, format!("{}: {}", share.word(), share.meaning()))
        });
        response.on_hover_text(share.meaning());
    }
}

/// Words on lines, in two inks: a faint label and its value.
struct Flowed {
    pieces: Vec<(Arc<Galley>, egui::Color32)>,
    at: Vec<(f32, f32)>,
    height: f32,
}

impl Flowed {
    fn of(painter: &Painter, parts: Vec<(String, egui::Color32)>, width: f32) -> Self {
        let pieces: Vec<(Arc<Galley>, egui::Color32)> = parts
            .into_iter()
            .map(|(words, ink)| (paint::small(painter, &words, ink), ink))
            .collect();
        let widths: Vec<f32> = pieces.iter().map(|(galley, _)| galley.size().x.ceil()).collect();
        let (at, height) = paint::flow(&widths, width, GAP, LINE);
        Self { pieces, at, height }
    }

    fn paint(&self, painter: &Painter, corner: egui::Pos2) {
        for ((galley, ink), (x, y)) in self.pieces.iter().zip(&self.at) {
            paint::place(painter, corner.x + x, corner.y + y, Arc::clone(galley), *ink);
        }
    }
}

/// A card laid out: what it says on how many lines.
struct Face {
    time: Flowed,
    segments: Vec<Flowed>,
    totals: Flowed,
    advice: Vec<(Arc<Galley>, egui::Color32)>,
    height: f32,
}

/// Where the times begin.
const HEAD: f32 = 38.0;
/// Height of what stands above and below the words of a segment.
const SEGMENT: f32 = LINE + 2.0 + BAR + 3.0;

impl Face {
    fn of(painter: &Painter, card: &Card, width: f32) -> Self {
        let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
        let room = width - 2.0 * INSET;
        let (ink, faint) = (tokens.text, tokens.text_secondary);
        let mut times = Vec::new();
        if card.refusal.is_none() {
            times.push((format!("{} to sleep", duration(card.down)), ink));
            let back = card.back.map(|back| format!("{} back", duration(back)));
            times.push((back.unwrap_or_else(|| "no way back".to_owned()), ink));
        }
        let time = Flowed::of(painter, times, room);
        let segments: Vec<Flowed> = card
            .segments
            .iter()
            .map(|segment| {
                let parts = segment.parts.iter().map(|(share, bytes)| {
                    let words = format!("{} {}", share.word(), size_text(*bytes));
                    (words, if *share == Share::Lost { tokens.error } else { faint })
                });
                let mut parts: Vec<(String, egui::Color32)> = parts.collect();
                if parts.is_empty() {
                    parts.push(("empty".to_owned(), tokens.text_faint));
                }
                Flowed::of(painter, parts, room)
            })
            .collect();
        let totals = card.totals.iter().map(|(share, bytes)| {
            let lost = *share == Share::Lost && *bytes > 0;
            let words = format!("{} {}", share.word(), size_text(*bytes));
            (words, if lost { tokens.error } else { ink })
        });
        let totals: Vec<_> =
            std::iter::once(("All".to_owned(), tokens.text_faint)).chain(totals).collect();
        let totals = if card.refusal.is_some() { Vec::new() } else { totals };
        let totals = Flowed::of(painter, totals, room);
        let refusal = card.refusal.iter().map(|why| (format!("Refused: {why}"), tokens.error));
        let advice: Vec<(Arc<Galley>, egui::Color32)> = refusal
            .chain(card.advice.iter().map(|(_, words)| (words.clone(), faint)))
            .take(ADVICE_SHOWN)
            .map(|(words, ink)| {
                (paint::wrapped(painter, &words, size::TEXT_SMALL, ink, room - 12.0), ink)
            })
            .collect();
        let words: f32 = segments.iter().map(|flowed| SEGMENT + flowed.height + 6.0).sum();
        let advised: f32 = advice.iter().map(|(galley, _)| galley.size().y + 3.0).sum();
        let height = HEAD + time.height + 8.0 + words + 8.0 + totals.height + 4.0 + advised + 8.0;
        Self { time, segments, totals, advice, height }
    }
}

/// Pieces of advice on a card; the rest is told on hover.
const ADVICE_SHOWN: usize = 4;

fn card_ui(
    ui: &mut Ui,
    rect: Rect,
    known: &Known,
    card: &Card,
    face: &Face,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    let painter = ui.painter().clone();
    let rect = snap(&painter, rect);
    let transition = Transition::Sleep(card.sleep);
    let response = ui.interact(rect, ui.scope_id().with(card.title), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Group, true, spoken(card)));
    painter.rect_filled(rect, size::RADIUS, tokens.panel);
    outline(&painter, rect, size::RADIUS, 1.0, tokens.separator);
    let inside = rect.shrink2(vec2(INSET, 0.0));
    let button =
        Rect::from_min_size(pos2(inside.right() - 46.0, rect.top() + 8.0), vec2(46.0, 22.0));
    let name = format!("Do it: {}", card.title);
    let reason = known.reason(transition);
    let face_of = ButtonAt { label: "Do it", name: &name, reason, lit: false };
    if button_at(ui, button, face_of).clicked() {
        actions.push(Action::InsertPower(transition));
    }
    let middle = pos2(inside.left(), button.center().y);
    let room = button.left() - inside.left() - 6.0;
    let title = elide(&painter, card.title, size::TEXT_BODY, tokens.text, room);
    let painted = text::paint_galley(&painter, middle, Align2::LEFT_CENTER, title, tokens.text);
    let state = paint::small(&painter, card.state, tokens.text_faint);
    if painted.right() + 6.0 + state.size().x <= button.left() - 6.0 {
        let at = pos2(painted.right() + 6.0, middle.y);
        text::paint_galley(&painter, at, Align2::LEFT_CENTER, state, tokens.text_faint);
    }
    face.time.paint(&painter, pos2(inside.left(), rect.top() + HEAD));
    let mut y = rect.top() + HEAD + face.time.height + 4.0;
    horizontal_line(&painter, rect.left() + 1.0, rect.right() - 1.0, y, tokens.separator);
    y += 4.0;
    for (segment, words) in card.segments.iter().zip(&face.segments) {
        let space = Rect::from_min_size(pos2(inside.left(), y), vec2(inside.width(), SEGMENT));
        segment_ui(ui, space, segment, card.title);
        words.paint(&painter, pos2(inside.left(), y + SEGMENT));
        y += SEGMENT + words.height + 6.0;
    }
    horizontal_line(&painter, rect.left() + 1.0, rect.right() - 1.0, y, tokens.separator);
    y += 8.0;
    face.totals.paint(&painter, pos2(inside.left(), y));
    y += face.totals.height + 4.0;
    for (galley, ink) in &face.advice {
        let at = pos2(inside.left() + 4.0, y + 8.0);
        Icon::ChevronRight.paint(&painter, at, 8.0, tokens.text_faint);
        paint::place(&painter, inside.left() + 12.0, y, Arc::clone(galley), *ink);
        y += galley.size().y + 3.0;
    }
    if card.advice.len() > ADVICE_SHOWN {
        response.on_hover_ui(|ui| {
            for (_, words) in &card.advice {
                ui.label(words);
            }
        });
    }
}

fn spoken(card: &Card) -> String {
    let Card { title, state, refusal, down, back, .. } = card;
    if let Some(refusal) = refusal {
        return format!("{title}, {state}: refused, {refusal}");
    }
    let back =
        back.map_or_else(|| "no way back".to_owned(), |back| format!("{} back", duration(back)));
    let totals = card.totals.iter();
    let totals: Vec<String> =
        totals.map(|(share, bytes)| format!("{} {}", share.word(), size_text(*bytes))).collect();
    let advice: Vec<&str> = card.advice.iter().map(|(_, words)| words.as_str()).collect();
    let down = duration(*down);
    format!(
        "{title}, {state}: {down} to sleep, {back}, {}. {}",
        totals.join(", "),
        advice.join(". ")
    )
}

/// Name, time and bar of a segment.
fn segment_ui(ui: &Ui, space: Rect, segment: &SegmentShare, card: &str) {
    let tokens: &Tokens = tokens(ui);
    let painter = ui.painter();
    let middle = space.top() + LINE / 2.0;
    let time = if segment.total == 0 { "" } else { segment.time.as_str() };
    let ink = tokens.text_secondary;
    let at = pos2(space.right(), middle);
    let time = text::paint(painter, at, Align2::RIGHT_CENTER, time, size::TEXT_SMALL, ink);
    let number = segment.segment.to_string();
    let at = pos2(space.left(), middle);
    let align = Align2::LEFT_CENTER;
    let faint = tokens.text_faint;
    let number = text::paint_mono(painter, at, align, &number, size::MONO, faint);
    let from = number.right() + 5.0;
    let room = time.left() - from - 6.0;
    let galley = elide(painter, &segment.name, size::TEXT_SMALL, tokens.text, room);
    text::paint_galley(painter, pos2(from, middle), align, galley, tokens.text);
    let bar =
        Rect::from_min_size(pos2(space.left(), space.top() + LINE + 2.0), vec2(space.width(), BAR));
    let bar = snap(painter, bar);
    painter.rect_filled(bar, 0.0, tokens.lane);
    if segment.total == 0 {
        hatch(painter, bar, tokens.hatch, 5.0);
        outline(painter, bar, 0.0, 1.0, tokens.separator);
    }
    let bytes: Vec<u64> = segment.parts.iter().map(|(_, bytes)| *bytes).collect();
    for ((share, _), (from, to)) in segment.parts.iter().zip(to_scale(&bytes, bar.width())) {
        // A part ends a point early, so that neighbours stay apart.
        let right = if to < bar.width() - 0.5 { to - 1.0 } else { to };
        let part = Rect::from_x_y_ranges(
            bar.left() + from..=bar.left() + right.max(from + 1.0),
            bar.y_range(),
        );
        paint::fill(painter, part, *share);
    }
    let id = ui.scope_id().with((card, segment.segment));
    let response = ui.interact(space, id, Sense::hover());
    let spoken = format!("{card}, {}", segment.spoken());
    response.widget_info(|| WidgetInfo::labeled(Role::Meter, true, &spoken));
    response.on_hover_ui(|ui| {
        ui.label(format!("{} {}: {}", segment.segment, segment.name, segment.verdict));
        for (share, bytes) in &segment.parts {
            let words = format!("{} {}", share.word(), crate::base::text::exact_size(*bytes));
            ui.label(words);
            ui.weak(share.meaning());
        }
        if segment.moved_for_nothing > 0 {
            let bytes = size_text(segment.moved_for_nothing);
            ui.label(format!("{bytes} of it moves for nothing: the hardware keeps it"));
        }
    });
}
