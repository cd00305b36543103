//! What the rules say of the adapter: every finding with its field, its sentence and its source.
//!
//! Worst first. A click selects the segment that a finding is about.

mod layout;
#[cfg(test)]
mod tests;

use egui::{Align2, Rect, Role, ScrollArea, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use self::layout::{Line, ROW, height, lines, lines_above, offset_of};
use crate::analysis::adapter::severity_count;
use crate::analysis::export::{Cell, FINDING_COLUMNS, finding_cells};
use crate::analysis::findings::{Collected, FindingRow, FindingSubject, counts};
use crate::app::{Action, Item, View};
use crate::base::text::{count, counted};
use crate::rules::Severity;
use crate::ui::panels::export::Source;
use crate::ui::theme::{mix, size, text, tokens};
use crate::ui::widgets::{
    Tone, elide, empty_filter, empty_state, filter_field, filter_strip, focus_ring,
    horizontal_line, link,
};

/// How a severity looks.
pub(super) const fn severity_tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Error,
        Severity::Warning => Tone::Warn,
        Severity::Disagreement => Tone::Disagree,
        // Whatever else there is wants to be known, not mended.
        Severity::Note => Tone::Accent,
    }
}

/// The item that a finding is about, where it can be selected.
pub(super) const fn item_of(subject: FindingSubject) -> Option<Item> {
    match subject {
        FindingSubject::Adapter => None,
        FindingSubject::Segment(id) => Some(Item::Segment(id)),
        FindingSubject::Allocation(id) => Some(Item::Allocation(id)),
    }
}

/// What a finding is about, by name.
fn subject_text(view: &View<'_>, subject: FindingSubject) -> String {
    match subject {
        FindingSubject::Adapter => "the adapter".to_owned(),
        FindingSubject::Segment(id) => {
            let segments = &view.run.adapter().segments;
            let name = segments.get(id.index()).map_or("", |segment| segment.name.as_str());
            format!("segment {id} {name}")
        }
        FindingSubject::Allocation(id) => view.names.allocation(id).to_owned(),
    }
}

/// Commands that are looked at in one frame: a few milliseconds at most.
const COMMANDS_A_FRAME: usize = 20_000;

/// What the panel remembers between frames of one open session.
#[derive(Debug, Default)]
pub(crate) struct FindingsState {
    filter: String,
    filter_drawn: Option<u64>,
    found: Collected,
    /// Which rows the filter leaves, and of which filter and how many rows.
    shown: Option<(String, usize, Vec<usize>)>,
    selected: Option<Item>,
}

impl FindingsState {
    /// Forgets what was worked out of a run that there is no more.
    pub(crate) fn forget_run(&mut self) {
        self.found = Collected::default();
        self.shown = None;
    }

    /// Goes on looking. What a session asks for does not change while it is open, so that each
    /// command is looked at once.
    pub(crate) fn advance(&mut self, ui: &Ui, view: &View<'_>) {
        if self.found.advance(view.run, view.names, COMMANDS_A_FRAME) {
            ui.ctx().request_repaint();
        }
    }

    /// How many findings there are, as far as looked.
    pub(crate) fn count(&self) -> u64 {
        self.found.count()
    }

    /// The findings that the filter leaves, for other programs.
    pub(crate) fn source(&mut self) -> Source {
        let shown = self.filtered().to_vec();
        let rows = shown.iter().filter_map(|index| self.found.rows().get(*index));
        let rows = rows.map(finding_cells).collect();
        Source::of(&FINDING_COLUMNS, rows).note("filter", Cell::some_text(self.filter.trim()))
    }

    /// The rows that the filter leaves.
    fn filtered(&mut self) -> &[usize] {
        let rows = self.found.rows();
        let known = self.shown.take();
        let known = known.filter(|(filter, all, _)| *filter == self.filter && *all == rows.len());
        let shown = known.unwrap_or_else(|| {
            let left = rows.iter().enumerate().filter(|(_, row)| row.matches(&self.filter));
            let left = left.map(|(index, _)| index).collect();
            (self.filter.clone(), rows.len(), left)
        });
        &self.shown.insert(shown).2
    }
}

/// The field that filters the list, and how many there are. For the right end of a bar.
///
/// Where nobody calls this in a pass, the list draws the field itself.
pub(crate) fn findings_filter_ui(ui: &mut Ui, view: &View<'_>, state: &mut FindingsState) {
    state.filter_drawn = Some(ui.ctx().cumulative_pass_nr());
    state.advance(ui, view);
    let (all, shown) = (state.found.rows().len(), state.filtered().len());
    let left = if shown == all {
        counted(state.count(), "finding")
    } else {
        format!("{} of {}", count(shown as u64), counted(all as u64, "finding"))
    };
    let field = filter_field(ui, &mut state.filter, "Filter findings", "Filter by text", &left);
    field.on_hover_text(
        "Looks through severity, rule, field, value, sentence, source and the name of the \
         allocation",
    );
}

/// The list: fills the rectangle it is given.
pub(crate) fn findings_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut FindingsState,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(ui.available_rect_before_wrap(), 0.0, tokens.canvas);
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    state.advance(ui, view);
    if state.found.rows().is_empty() {
        let hint = "Adapter and allocations keep every rule that is checked.";
        empty_state(ui, "No findings", hint);
        return;
    }
    if state.filter_drawn != Some(ui.ctx().cumulative_pass_nr()) {
        filter_strip(ui, |ui| findings_filter_ui(ui, view, state));
        state.filter_drawn = None;
    }
    state.filtered();
    let (all, beyond) = (state.found.rows().len(), state.found.beyond());
    let rows = state.found.rows();
    let shown: &[usize] = state.shown.as_ref().map_or(&[], |(_, _, shown)| shown);
    if shown.is_empty() {
        let hint = format!("None of {} says so.", counted(all as u64, "finding"));
        empty_filter(ui, &mut state.filter, &hint);
        return;
    }
    let left = || shown.iter().filter_map(|index| rows.get(*index));
    let counts = counts(left().map(|row| row.severity));
    let lines = lines(&counts);
    let mut area = ScrollArea::vertical().id_salt("findings").auto_shrink(false);
    if state.selected != view.selected {
        state.selected = view.selected;
        let about =
            |row: &FindingRow| item_of(row.subject).is_some_and(|it| Some(it) == view.selected);
        let first = left().position(about);
        if let Some(offset) = first.and_then(|first| offset_of(&lines, first)) {
            area = area.vertical_scroll_offset(offset);
        }
    }
    area.show_viewport(ui, |ui, seen| {
        let (skipped, above) = lines_above(&lines, seen.top());
        ui.add_space(above);
        let mut y = above;
        let mut drawn = skipped;
        for line in lines.iter().skip(skipped) {
            if y > seen.bottom() {
                break;
            }
            match *line {
                Line::Heading(severity, count) => heading_ui(ui, severity, count),
                Line::Finding(index) => {
                    if let Some(row) = shown.get(index).and_then(|index| rows.get(*index)) {
                        finding_ui(ui, view, row, actions);
                    }
                }
            }
            y += height(*line);
            drawn += 1;
        }
        let below: f32 = lines.iter().skip(drawn).map(|line| height(*line)).sum();
        ui.add_space(below);
        if beyond > 0 {
            let words = format!("and {} more, which are only counted", count(beyond));
            ui.label(text::mixed_job(&words, size::TEXT_SMALL, tokens.text_faint));
        }
    });
}

fn heading_ui(ui: &mut Ui, severity: Severity, count: u64) {
    let tokens = tokens(ui);
    let space = vec2(ui.available_width(), layout::HEADING);
    let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
    let words = severity_count(count, severity);
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &words));
    let ground = mix(tokens.canvas, tokens.separator, 0.35);
    ui.painter().rect_filled(rect, 0.0, ground);
    let inside = rect.shrink2(vec2(size::PANEL_INSET, 0.0));
    let tone = severity_tone(severity);
    let at = inside.left_center() + vec2(6.0, 0.0);
    tone.icon().paint(ui.painter(), at, 12.0, tone.color(tokens));
    let at = inside.left_center() + vec2(20.0, 0.0);
    let painter = ui.painter();
    text::paint(painter, at, Align2::LEFT_CENTER, &words, size::TEXT_BODY, tokens.text);
    let meaning = severity_meaning(severity);
    let (at, ink) = (inside.right_center(), tokens.text_faint);
    let galley = elide(painter, meaning, size::TEXT_SMALL, ink, (inside.width() - 130.0).max(0.0));
    text::paint_galley(painter, at, Align2::RIGHT_CENTER, galley, ink);
    response.on_hover_text(meaning);
}

/// What follows from a severity.
const fn severity_meaning(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "the adapter does not start, or the allocation is not created",
        Severity::Warning => "documents forbid it, shipping drivers do it, and it works",
        Severity::Disagreement => "documents disagree, and it works",
        Severity::Note => "worth knowing",
    }
}

/// A finding on two lines: the sentence and its subject, then the field, the rule and its source.
fn finding_ui(ui: &mut Ui, view: &View<'_>, row: &FindingRow, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let space = vec2(ui.available_width(), ROW);
    let (rect, response) = ui.allocate_exact_size(space, Sense::click());
    let item = item_of(row.subject);
    let subject = subject_text(view, row.subject);
    response.widget_info(|| {
        WidgetInfo::selected(
            Role::Button,
            true,
            item.is_some() && item == view.selected,
            format!("{row}, about {subject}"),
        )
    });
    if ui.is_rect_visible(rect) {
        let related = item.is_some() && (item == view.selected);
        let ground = if related { tokens.related_ground(tokens.canvas) } else { tokens.canvas };
        let hovered = response.hovered() || (item.is_some() && item == view.hovered);
        let ground = if hovered { tokens.hover_ground(ground) } else { ground };
        ui.painter().rect_filled(rect, 0.0, ground);
        if related {
            let edge = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
            ui.painter().rect_filled(edge, 0.0, tokens.accent);
        }
        let foot = rect.bottom() - 1.0;
        horizontal_line(ui.painter(), rect.left(), rect.right(), foot, tokens.separator);
        finding_words(ui, rect.shrink2(vec2(size::PANEL_INSET, 0.0)), row, &subject);
        focus_ring(ui, &response, rect, 0.0);
    }
    if response.hovered() {
        actions.push(Action::Hover(item));
    }
    if response.clicked() {
        response.request_focus();
        if item.is_some() {
            actions.push(Action::Select(item));
        }
    }
    response.context_menu(|ui| {
        if ui.button("Copy finding").clicked() {
            actions.push(Action::Copy(row.to_string()));
            ui.close();
        }
    });
    response.on_hover_ui(|ui| {
        let mut line = |words: &str, ink| {
            ui.label(text::mixed_job(words, size::TEXT_BODY, ink));
        };
        line(&row.sentence, tokens.text);
        line(&row.said(), tokens.text_secondary);
        line(&format!("Rule {}", row.rule), tokens.text_secondary);
        line(&format!("Source: {}", row.source), tokens.text_secondary);
        if item.is_some() {
            line(&format!("A click selects {subject}"), tokens.text_faint);
        }
    });
}

fn finding_words(ui: &Ui, inside: Rect, row: &FindingRow, subject: &str) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    let (first, second) = (inside.top() + 11.0, inside.top() + 27.0);
    let tone = severity_tone(row.severity);
    let at = pos2(inside.left() + 6.0, first);
    tone.icon().paint(painter, at, 12.0, tone.color(tokens));
    let from = inside.left() + 20.0;
    let right = |y: f32, words: &str, ink| {
        let at = pos2(inside.right(), y);
        text::paint(painter, at, Align2::RIGHT_CENTER, words, size::TEXT_SMALL, ink).left() - 12.0
    };
    let end = right(first, subject, tokens.accent_text);
    let galley = elide(painter, &row.sentence, size::TEXT_BODY, tokens.text, end - from);
    text::paint_galley(painter, pos2(from, first), Align2::LEFT_CENTER, galley, tokens.text);
    let end = right(second, row.rule, tokens.text_faint);
    let ink = tokens.text_secondary;
    let words = format!("{}  ·  {}", row.said(), row.source);
    let galley = elide(painter, &words, size::TEXT_SMALL, ink, end - from);
    text::paint_galley(painter, pos2(from, second), Align2::LEFT_CENTER, galley, ink);
}

/// Width of a badge with its count.
fn badge_width(painter: &egui::Painter, count: &str, ink: egui::Color32) -> f32 {
    14.0 + text::mixed_text(painter, count, size::TEXT_SMALL, ink).size().x.ceil()
}

/// An icon and a count for each severity, at the right end of `rect`; a button called `spoken`.
pub(super) fn severity_badges(
    ui: &Ui,
    rect: Rect,
    counts: &[(Severity, u64)],
    spoken: &str,
) -> egui::Response {
    let tokens = tokens(ui);
    let painter = ui.painter();
    let mut left = rect.right();
    for (severity, number) in counts.iter().rev() {
        let (number, tone) = (count(*number), severity_tone(*severity));
        left -= badge_width(painter, &number, tokens.text);
        let at = pos2(left + 5.0, rect.center().y);
        tone.icon().paint(painter, at, 12.0, tone.color(tokens));
        let at = pos2(left + 14.0, rect.center().y);
        text::paint(painter, at, Align2::LEFT_CENTER, &number, size::TEXT_SMALL, tokens.text);
        left -= 8.0;
    }
    let area = rect.with_min_x(left + 4.0).expand2(vec2(4.0, 2.0));
    let response = ui.interact(area, ui.scope_id().with(("findings", spoken)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, spoken));
    focus_ring(ui, &response, area, size::RADIUS_SMALL);
    let response = response.on_hover_cursor(egui::CursorIcon::PointingHand);
    response.on_hover_text(format!("{spoken}\nA click shows them below the map"))
}

/// A link that opens the list; says how many findings there are.
pub(super) fn findings_link(ui: &mut Ui, words: &str, actions: &mut Vec<Action>) {
    if link(ui, words).on_hover_text("Shows every finding below the map").clicked() {
        actions.push(Action::SetTab(crate::app::Tab::Findings));
    }
}
