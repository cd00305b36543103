//! Power: the state of the machine and the ways from it, the preservation flags, what the driver
//! claims against what the hardware keeps, what each sleep would do, and what the last one did.
//!
//! Previews are worked out by the application and only shown here.

mod after;
mod before;
mod claims;
mod export;
mod flags;
mod layout;
mod paint;
mod state;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Rect, ScrollArea, Sense, Ui, UiBuilder, Vec2, pos2, vec2};

use self::layout::{LINE, Section, arrange};
use crate::analysis::power::{
    After, Card, FlagRow, OutcomeOrder, OutcomeRow, OutcomeTotals, PhaseBar, PowerLog,
    SegmentClaim, TransitionButton, card, claims, flag_rows, outcome_order, phase_bars,
    protected_notes, totals, transition_buttons,
};
use crate::app::{Action, Item, View};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{horizontal_line, vertical_line};
use crate::vidmm::{Power, Transition};

/// Rows whose texts are kept at most.
const TEXTS_KEPT: usize = 2_000;

/// What the panel remembers between frames of one open session.
#[derive(Debug, Default)]
pub(crate) struct PowerState {
    log: PowerLog,
    order: Option<OutcomeOrder>,
    known: Option<Known>,
    /// The outcome is to be scrolled to.
    wanted: bool,
    texts: BTreeMap<usize, OutcomeRow>,
}

/// What the panel shows, made once for each revision.
#[derive(Debug)]
struct Known {
    revision: u64,
    order: Option<OutcomeOrder>,
    /// The state where the run stands; `None` where the adapter did not start.
    power: Option<Power>,
    /// The command since which it holds.
    since: usize,
    buttons: Vec<TransitionButton>,
    flags: [FlagRow; 8],
    notes: Vec<String>,
    claims: Vec<SegmentClaim>,
    cards: Vec<Card>,
    after: Option<KnownAfter>,
}

impl Known {
    /// Why a transition cannot be asked for; `None` where it can.
    fn reason(&self, transition: Transition) -> Option<&str> {
        let button = self.buttons.iter().find(|button| button.transition == transition);
        button.and_then(|button| button.reason.as_deref())
    }
}

/// What is shown of the last transition.
#[derive(Debug)]
struct KnownAfter {
    title: String,
    /// The run stands inside the transition: what is told is still to come.
    ahead: bool,
    failure: Option<String>,
    down: u64,
    back: Option<u64>,
    phases: Vec<PhaseBar>,
    /// The rows in order, by their index in the outcome.
    rows: Arc<[usize]>,
    /// Which of the rows is of the selected allocation.
    selected: Option<usize>,
    totals: OutcomeTotals,
}

impl PowerState {
    /// Forgets what was worked out of a run that there is no more.
    pub(crate) fn forget_run(&mut self) {
        *self = Self { order: self.order, ..Self::default() };
    }

    /// Brings what is kept up to date with the view.
    fn refresh(&mut self, view: &View<'_>) {
        let fits = |known: &Known| known.revision == view.revision && known.order == self.order;
        if self.known.as_ref().is_some_and(fits) {
            return;
        }
        self.log.extend(view.run.records());
        self.texts.clear();
        let words = view.words();
        let segments = &view.run.adapter().segments;
        let power = view.started.map(|started| started.vidmm().power());
        let blocked = blocked(view);
        let after = After::of(&self.log, view.run, view.place).map(|after| {
            let rows: Arc<[usize]> = outcome_order(&after, self.order, words).into();
            let of = |row: usize| Some(after.outcome.allocations.get(row)?.allocation);
            let selected = match view.selected {
                Some(Item::Allocation(id)) => rows.iter().position(|row| of(*row) == Some(id)),
                _ => None,
            };
            KnownAfter {
                title: after.title(),
                ahead: after.is_ahead_of(view.place),
                failure: after.failure(words),
                down: after.outcome.nanoseconds(),
                back: after.back.map(|(_, back)| back.nanoseconds()),
                phases: phase_bars(&after, words),
                rows,
                selected,
                totals: totals(&after),
            }
        });
        self.known = Some(Known {
            revision: view.revision,
            order: self.order,
            power,
            since: self.since(view, power.unwrap_or_default()),
            buttons: transition_buttons(power.unwrap_or_default(), blocked.as_deref()),
            flags: flag_rows(segments),
            notes: protected_notes(segments),
            claims: claims(segments),
            cards: view
                .previews
                .iter()
                .filter_map(|tried| card(&tried.preview, segments, tried.lost_before, words))
                .collect(),
            after,
        });
    }

    /// The command since which the state holds that the run stands in.
    fn since(&self, view: &View<'_>, power: Power) -> usize {
        let through = view.place.command.saturating_sub(usize::from(view.place.inner.is_some()));
        // Inside a transition the state may be another one already.
        if self.log.at(through) == power { self.log.since(through) } else { view.place.command }
    }

    /// The transition whose outcome is shown.
    fn after<'a>(&self, view: &View<'a>) -> Option<After<'a>> {
        After::of(&self.log, view.run, view.place)
    }
}

/// Why no transition can be asked for where the run stands, whatever the state.
fn blocked(view: &View<'_>) -> Option<String> {
    if view.started.is_none() {
        return Some("The adapter does not start, so that nothing can sleep".to_owned());
    }
    view.place.inner.map(|_| {
        format!(
            "The place {} is inside a command: a transition begins at the end of one",
            view.place
        )
    })
}

/// The panel: fills the rectangle it is given, and scrolls where that is too small.
pub(crate) fn power_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut PowerState,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(ui.available_rect_before_wrap(), 0.0, tokens.canvas);
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    state.refresh(view);
    let area = ScrollArea::vertical().id_salt("power").auto_shrink(false);
    area.show(ui, |ui| {
        let (corner, width) = (ui.cursor().min, ui.available_width());
        let least = corner.y + ui.available_height();
        let mut top = corner.y;
        let rows = arrange(width);
        let last = rows.len().saturating_sub(1);
        for (index, row) in rows.iter().enumerate() {
            let mut bottom = top;
            let mut left = corner.x;
            for column in row {
                let rect = Rect::from_min_size(pos2(left, top), vec2(column.width, f32::INFINITY));
                let mut y = rect.top();
                for section in &column.sections {
                    let space = rect.with_min_y(y);
                    if *section == Section::After && std::mem::take(&mut state.wanted) {
                        let head = space.with_max_y(y + size::TREE_ROW);
                        ui.scroll_to_rect(head, Some(egui::Align::Min));
                    }
                    y = section_ui(ui, *section, space, view, state, actions);
                    horizontal_line(ui.painter(), rect.left(), rect.right(), y, tokens.separator);
                    y += LINE;
                }
                bottom = bottom.max(y);
                left += column.width + LINE;
            }
            if index == last {
                bottom = bottom.max(least);
            }
            let mut line = corner.x;
            for column in row.iter().take(row.len().saturating_sub(1)) {
                line += column.width;
                vertical_line(ui.painter(), line, top, bottom, tokens.separator);
                line += LINE;
            }
            top = bottom;
        }
        let all = Rect::from_min_max(corner, pos2(corner.x + width, top));
        ui.allocate_rect(all, Sense::hover());
    });
}

/// A section in the upper part of `space`; answers where it ends.
fn section_ui(
    ui: &mut Ui,
    section: Section,
    space: Rect,
    view: &View<'_>,
    state: &mut PowerState,
    actions: &mut Vec<Action>,
) -> f32 {
    let inside = space.shrink2(vec2(size::PANEL_INSET, 0.0));
    let inside = inside.with_min_y(space.top() + 10.0);
    let builder = UiBuilder::new().id_salt(section).max_rect(inside);
    let mut part = ui.new_child(builder);
    part.spacing_mut().item_spacing = Vec2::ZERO;
    match section {
        Section::State => state.wanted |= state::state_ui(&mut part, view, state, actions),
        Section::Flags => flags::flags_ui(&mut part, view, state, actions),
        Section::Claims => claims::claims_ui(&mut part, view, state, actions),
        Section::Before => state.wanted |= before::before_ui(&mut part, view, state, actions),
        Section::After => after::after_ui(&mut part, view, state, actions),
    }
    part.min_rect().bottom() + 12.0
}

/// The title of a section, and a faint text at the right end where it fits.
fn heading_ui(ui: &mut Ui, title: &str, note: &str) {
    let tokens = tokens(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::TREE_ROW), Sense::hover());
    let spoken = if note.is_empty() { title.to_owned() } else { format!("{title}, {note}") };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Heading, true, spoken.as_str()));
    let painter = ui.painter();
    let align = egui::Align2::LEFT_CENTER;
    let at = rect.left_center();
    let painted = text::paint(painter, at, align, title, size::TEXT_BODY, tokens.text);
    let room = rect.right() - painted.right() - 12.0;
    let ink = tokens.text_faint;
    let galley = crate::ui::widgets::elide(painter, note, size::TEXT_SMALL, ink, room);
    let cut = galley.elided;
    let align = egui::Align2::RIGHT_CENTER;
    if room > 24.0 {
        text::paint_galley(painter, rect.right_center(), align, galley, ink);
    }
    ui.add_space(6.0);
    if cut {
        response.on_hover_text(note);
    }
}
