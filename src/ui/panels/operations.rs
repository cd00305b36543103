//! The table of operations: commands, what VidMm derived from each, and the packets of that.
//!
//! A virtual list on one canvas: only the rows in sight are laid out, however many there are.

mod export;
mod filter;
mod input;
mod layout;
mod paint;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use egui::{Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

pub(crate) use self::filter::operations_filter_ui;
use self::filter::own_filter;
use self::input::{clicks, keys};
use self::layout::{Columns, ROW, columns, offset_for, row_at, row_top, rows_in_sight};
pub(super) use self::paint::{direction_mark, status_tone};
use self::paint::{header, look, paint_row, tooltip};
pub(super) use self::rows::trace_of;
use self::rows::{RowText, row_text};
use crate::analysis::steps::{StepFilter, Steps, inside};
use crate::app::{Action, Item, View};
use crate::base::text::counted;
use crate::machine::{Inner, Level, Place};
use crate::ui::theme::tokens;
use crate::ui::widgets::{empty_filter, empty_state, focus_ring};

/// What the table remembers between frames: look only.
#[derive(Debug, Default)]
pub(crate) struct OperationsState {
    filter: String,
    /// Operations that show their packets.
    opened: BTreeSet<(usize, u32)>,
    /// What the table last brought into sight.
    followed: Option<(Place, usize)>,
    selected: Option<Item>,
    offset: f32,
    filter_drawn: Option<u64>,
    finding: Option<Finding>,
    cache: Option<Cache>,
}

/// What is made once for each revision, and not for each frame.
#[derive(Debug)]
struct Cache {
    key: Revision,
    /// How often what the filter leaves had changed, and how many commands there are.
    found: (u64, usize),
    shown: Option<Arc<[usize]>>,
    steps: Steps,
    texts: BTreeMap<Place, RowText>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Revision {
    revision: u64,
    level: Level,
    opened: BTreeSet<(usize, u32)>,
}

/// What a filter leaves, as far as it has looked.
#[derive(Debug)]
struct Finding {
    /// The text that was written.
    text: String,
    /// `None` where it leaves everything.
    filter: Option<StepFilter>,
    shown: Option<Arc<[usize]>>,
    /// Counts how often that has changed.
    changes: u64,
}

/// Commands that a filter looks at in a frame.
const LOOKED_AT_A_FRAME: usize = 4_096;

impl OperationsState {
    /// Forgets what was worked out of a run that there is no more.
    pub(crate) fn forget_run(&mut self) {
        self.opened.clear();
        self.followed = None;
        self.finding = None;
        self.cache = None;
    }

    /// Brings what is kept up to date with the view.
    fn refresh(&mut self, view: &View<'_>) {
        let key =
            Revision { revision: view.revision, level: view.level, opened: self.opened.clone() };
        if self.finding.as_ref().is_none_or(|finding| finding.text != self.filter) {
            let filter = StepFilter::new(&self.filter);
            let shown = filter.is_some().then(|| Arc::from([]));
            let changes = self.finding.as_ref().map_or(0, |finding| finding.changes + 1);
            self.finding = Some(Finding { text: self.filter.clone(), filter, shown, changes });
            self.look_on(view);
        }
        let Some(finding) = &self.finding else { return };
        let found = (finding.changes, view.run.commands().len());
        let kept = self.cache.take();
        if kept.as_ref().is_some_and(|kept| kept.key == key && kept.found == found) {
            self.cache = kept;
            return;
        }
        let shown = finding.shown.clone();
        let steps = Steps::new(view.run.commands().len(), shown.clone(), self.opened_rows(view));
        self.cache = Some(Cache { key, found, shown, steps, texts: BTreeMap::new() });
    }

    /// Looks at more commands; says whether there are others still.
    fn look_on(&mut self, view: &View<'_>) -> bool {
        let Some(finding) = &mut self.finding else { return false };
        let Some(filter) = &mut finding.filter else { return false };
        if filter.is_complete(view.run) {
            return false;
        }
        if filter.extend(view.run, view.words(), LOOKED_AT_A_FRAME) {
            finding.shown = Some(filter.found().into());
            finding.changes += 1;
        }
        !filter.is_complete(view.run)
    }

    /// How many commands the filter has looked at, where it has not looked at all.
    fn looking_at(&self, view: &View<'_>) -> Option<usize> {
        let filter = self.finding.as_ref()?.filter.as_ref()?;
        (filter.looked_at() < view.run.commands().len()).then(|| filter.looked_at())
    }

    /// What is shown inside of commands: of those that are opened, and of the current one as deep
    /// as the playhead stands.
    fn opened_rows(&self, view: &View<'_>) -> BTreeMap<usize, Vec<Inner>> {
        let place = view.place;
        let current = view.trace.filter(|_| place.inner.is_some() || view.level != Level::Command);
        let current = current.map(|trace| (trace.command, trace));
        let opened = view.opened.iter().map(|(command, trace)| (*command, trace));
        opened
            .chain(current)
            .map(|(command, trace)| {
                let deep = |number: u32| match place.inner.filter(|_| command == place.command) {
                    Some(at) if at.operation == number => {
                        at.packet.is_some() || view.level == Level::Packet
                    }
                    _ => false,
                };
                let open = |number| self.opened.contains(&(command, number)) || deep(number);
                (command, inside(trace, open))
            })
            .collect()
    }

    fn row_text<'a>(&'a mut self, view: &View<'_>, row: Place) -> Option<&'a RowText> {
        let cache = self.cache.as_mut()?;
        if !cache.texts.contains_key(&row) {
            let is_open = match row.inner {
                None => cache.steps.is_opened(row.command),
                Some(inner) => {
                    let first = Inner { packet: Some(1), ..inner };
                    let first = Place { inner: Some(first), ..row };
                    let at = cache.steps.index_of(first);
                    at.is_some_and(|at| cache.steps.row(at) == Some(first))
                }
            };
            let text = row_text(view, row, is_open)?;
            cache.texts.insert(row, text);
        }
        cache.texts.get(&row)
    }
}

/// The table: fills the rectangle it is given.
pub(crate) fn operations_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut OperationsState,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(ui.available_rect_before_wrap(), 0.0, tokens.canvas);
    ui.spacing_mut().item_spacing.y = 0.0;
    if state.filter_drawn != Some(ui.ctx().cumulative_pass_nr()) {
        own_filter(ui, view, state);
        state.filter_drawn = None;
    }
    state.refresh(view);
    let columns = columns(ui.available_width());
    header(ui, &columns);
    let rows = state.cache.as_ref().map_or(0, |cache| cache.steps.row_count());
    if rows == 0 {
        if view.run.commands().is_empty() {
            let hint = "The list of commands in its file is empty. Write some there, or insert a \
                        power transition from the menu Edit.";
            empty_state(ui, "This session has no commands", hint);
        } else {
            if state.looking_at(view).is_some() {
                empty_state(ui, "Looking…", "");
                return;
            }
            let hint = "Names, kinds of command, endings and addresses are looked through.";
            empty_filter(ui, &mut state.filter, hint);
        }
        return;
    }
    let wanted = follow(ui, view, state);
    let mut area = ScrollArea::vertical().id_salt("operations").auto_shrink(false);
    if let Some(offset) = wanted {
        area = area.vertical_scroll_offset(offset);
    }
    let output = area.show_viewport(ui, |ui, viewport| {
        #[expect(clippy::cast_precision_loss)]
        let height = rows as f32 * ROW;
        ui.set_min_height(height);
        ui.set_min_width(ui.available_width());
        let sight = ui.clip_rect().intersect(Rect::from_min_size(
            pos2(ui.min_rect().left(), ui.clip_rect().top()),
            vec2(ui.available_width(), viewport.height()),
        ));
        table(ui, view, state, actions, (sight, viewport.min.y, &columns));
    });
    state.offset = output.state.clamped_offset().y;
}

/// Where to scroll: to the playhead when it has moved, to the selected step when that has changed.
fn follow(ui: &Ui, view: &View<'_>, state: &mut OperationsState) -> Option<f32> {
    let cache = state.cache.as_ref()?;
    let height = ui.available_height();
    let moved = state.followed != Some((view.place, cache.steps.row_count()));
    let mut wanted = None;
    if moved {
        wanted = cache.steps.index_of(view.place).or((view.place.command == 0).then_some(0));
        state.followed = Some((view.place, cache.steps.row_count()));
    } else if state.selected != view.selected
        && let Some(Item::Step(place)) = view.selected
    {
        wanted = cache.steps.index_of(place);
    }
    state.selected = view.selected;
    wanted.and_then(|row| offset_for(row, state.offset, height))
}

/// The rows in `sight`, and what pointer and keys do with them.
fn table(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut OperationsState,
    actions: &mut Vec<Action>,
    (sight, offset, columns): (Rect, f32, &Columns),
) {
    let response = ui.interact(sight, ui.scope_id().with("table of operations"), Sense::click());
    let pointed = response.hover_pos().and_then(|at| {
        let row = row_at(at.y - sight.top() + offset);
        Some((row, state.cache.as_ref()?.steps.row(row)?, at.x - sight.left()))
    });
    if let Some((_, place, x)) = pointed {
        actions.push(Action::Hover(Some(Item::Step(place))));
        clicks(&response, place, x, columns, state, actions);
    }
    if response.clicked() {
        response.request_focus();
    }
    keys(ui, &response, view, state, actions);
    let rows = state.cache.as_ref().map_or(0, |cache| cache.steps.row_count());
    let painter = ui.painter().with_clip_rect(sight);
    let mut tip = None;
    let mut playhead = None;
    for index in rows_in_sight(offset, sight.height(), rows) {
        let place = state.cache.as_ref().and_then(|cache| cache.steps.row(index));
        let Some(place) = place else { continue };
        let top = sight.top() + row_top(index, offset);
        let rect = Rect::from_min_size(pos2(sight.left(), top), vec2(sight.width(), ROW));
        let look = look(view, place, index, pointed.is_some_and(|(row, ..)| row == index));
        if look.current {
            playhead = Some(rect);
        }
        let Some(text) = state.row_text(view, place) else { continue };
        let cut = paint_row(&painter, rect, columns, text, look);
        if pointed.is_some_and(|(row, ..)| row == index) && (cut || !text.more.is_empty()) {
            tip = Some(text.clone());
        }
    }
    if let Some(rect) = playhead {
        // The playhead runs through the table as well.
        let accent = tokens(ui).accent;
        let line =
            Rect::from_min_size(rect.left_bottom() - vec2(0.0, 1.0), vec2(rect.width(), 2.0));
        painter.rect_filled(line, 0.0, accent);
    }
    focus_ring(ui, &response, sight, 0.0);
    let spoken = spoken(view, state, rows);
    response.widget_info(|| WidgetInfo::labeled(Role::Table, true, &spoken));
    if let Some(text) = tip {
        response.on_hover_ui_at_pointer(|ui| tooltip(ui, &text));
    }
}

fn spoken(view: &View<'_>, state: &mut OperationsState, rows: usize) -> String {
    let at = match view.selected {
        Some(Item::Step(place)) => place,
        _ => view.place,
    };
    let row = state.row_text(view, at).map(RowText::spoken).unwrap_or_default();
    format!("Operations: {}, standing at {}. {row}", counted(rows as u64, "row"), view.place)
}
