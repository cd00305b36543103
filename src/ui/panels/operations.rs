//! The table of operations: commands, what VidMm derived from each, and the packets of that.
//!
//! A virtual list on one canvas: only the rows in sight are laid out, however many there are.

mod layout;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use egui::{
    Align2, Color32, EventFilter, Key, Painter, Rect, Response, Role, ScrollArea, Sense, Ui,
    WidgetInfo, pos2, vec2,
};

use self::layout::{
    AMOUNT, Columns, GAP, INDENT, ROW, columns, offset_for, row_at, row_top, rows_in_sight,
};
pub(super) use self::rows::trace_of;
use self::rows::{RowText, concerns, row_text};
use crate::analysis::explain::{Flow, StatusKind};
use crate::analysis::steps::{Steps, filtered, inside};
use crate::app::{Action, Item, View};
use crate::base::text::{count, counted};
use crate::machine::{Inner, Level, Place};
use crate::ui::theme::{Mark, Tokens, mix, size, text, tokens};
use crate::ui::widgets::{
    Icon, Tone, elide, empty_state, focus_ring, horizontal_line, mark, outline,
};

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
    cache: Option<Cache>,
}

/// What is made once for each revision, and not for each frame.
#[derive(Debug)]
struct Cache {
    key: Revision,
    filter_key: FilterKey,
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

/// What the commands that a filter leaves depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FilterKey {
    filter: String,
    executed: usize,
    commands: usize,
}

impl OperationsState {
    /// Brings what is kept up to date with the view.
    fn refresh(&mut self, view: &View<'_>) {
        let key =
            Revision { revision: view.revision, level: view.level, opened: self.opened.clone() };
        let filter_key = FilterKey {
            filter: self.filter.clone(),
            executed: view.run.executed(),
            commands: view.run.commands().len(),
        };
        let kept = self.cache.take();
        if kept.as_ref().is_some_and(|kept| kept.key == key && kept.filter_key == filter_key) {
            self.cache = kept;
            return;
        }
        let shown = match kept {
            Some(kept) if kept.filter_key == filter_key => kept.shown,
            _ => filtered(view.run, view.words(), &self.filter),
        };
        let steps = Steps::new(view.run.commands().len(), shown.clone(), self.opened_rows(view));
        self.cache = Some(Cache { key, filter_key, shown, steps, texts: BTreeMap::new() });
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

/// The field that filters the table, and how many rows there are. For the right end of a bar.
///
/// Where nobody calls this in a pass, the table draws the field itself.
pub(crate) fn operations_filter_ui(ui: &mut Ui, view: &View<'_>, state: &mut OperationsState) {
    let tokens = tokens(ui);
    state.filter_drawn = Some(ui.ctx().cumulative_pass_nr());
    state.refresh(view);
    let Some(cache) = &state.cache else { return };
    let rows = cache.steps.row_count();
    let label = match cache.shown {
        None => counted(rows as u64, "row"),
        Some(_) => {
            let all = count(view.run.commands().len() as u64);
            format!("{} of {all} commands", count(cache.steps.command_count() as u64))
        }
    };
    let width = 264.0_f32.min(ui.available_width()).max(80.0);
    let (rect, _) = ui.allocate_exact_size(vec2(width, 20.0), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, size::RADIUS_SMALL, tokens.input);
    let galley = elide(painter, &label, size::TEXT_SMALL, tokens.text_faint, width * 0.5);
    let at = rect.right_center() - vec2(8.0, 1.0);
    let faint = tokens.text_faint;
    let counted = text::paint_galley(painter, at, Align2::RIGHT_CENTER, galley, faint);
    let field =
        Rect::from_min_max(rect.min + vec2(8.0, 0.0), pos2(counted.left() - GAP, rect.bottom()));
    let edit = egui::TextEdit::singleline(&mut state.filter)
        .hint_text("Filter by text or address")
        .font(text::small())
        .margin(egui::Margin::symmetric(0, 2))
        .frame(egui::Frame::NONE)
        .align(egui::Align2::LEFT_CENTER)
        .id_salt("filter of operations");
    let response = ui.put(field, edit);
    response.widget_info(|| WidgetInfo::labeled(Role::SearchInput, true, "Filter operations"));
    let edge = if response.has_focus() { tokens.accent } else { tokens.separator };
    outline(ui.painter(), rect, size::RADIUS_SMALL, 1.0, edge);
    response.on_hover_text(
        "Finds names, kinds of command and how they ended. A number, decimal or with 0x, finds \
         what lay over that address as well.",
    );
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
            empty_state(ui, "No commands", "This session asks for nothing.");
        } else {
            let title = format!("Nothing matches “{}”", state.filter.trim());
            let hint = "Names, kinds of command, endings and addresses are looked through.";
            empty_state(ui, &title, hint);
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

/// A strip with the filter at its right, where the shell has no room for it.
fn own_filter(ui: &mut Ui, view: &View<'_>, state: &mut OperationsState) {
    let tokens = tokens(ui);
    let width = ui.available_width();
    let (bar, _) = ui.allocate_exact_size(vec2(width, size::TAB_BAR), Sense::hover());
    ui.painter().rect_filled(bar, 0.0, tokens.bar);
    let foot = bar.bottom() - 1.0;
    horizontal_line(ui.painter(), bar.left(), bar.right(), foot, tokens.separator);
    let inner = bar.shrink2(vec2(size::PANEL_INSET, 0.0));
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let mut right = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout));
    operations_filter_ui(&mut right, view, state);
}

fn header(ui: &mut Ui, columns: &Columns) {
    let tokens = tokens(ui);
    let width = ui.available_width();
    let (rect, _) = ui.allocate_exact_size(vec2(width, 23.0), Sense::hover());
    let painter = ui.painter();
    let titles = [
        (columns.step, "Step"),
        (columns.operation, "Operation"),
        (columns.what, "What moved where"),
        (columns.reason, "Reason"),
        (columns.status, "Status"),
    ];
    let (y, faint) = (rect.top() + 12.0, tokens.text_faint);
    for (x, title) in titles {
        let at = pos2(rect.left() + x, y);
        text::paint(painter, at, Align2::LEFT_CENTER, title, size::TEXT_SMALL, faint);
    }
    let at = pos2(rect.left() + columns.right, y);
    text::paint(painter, at, Align2::RIGHT_CENTER, "Time", size::TEXT_SMALL, faint);
    let foot = rect.bottom() - 1.0;
    horizontal_line(painter, rect.left(), rect.right(), foot, tokens.separator);
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

/// How a row stands out.
#[derive(Clone, Copy, Debug)]
struct Look {
    current: bool,
    related: bool,
    selected: bool,
    hovered: bool,
    odd: bool,
    level: f32,
}

fn look(view: &View<'_>, place: Place, index: usize, hovered: bool) -> Look {
    let same_operation = match (place.inner, view.place.inner) {
        (Some(own), Some(at)) => {
            place.command == view.place.command && own.operation == at.operation
        }
        _ => false,
    };
    let concerned = |item: Option<Item>| {
        matches!(item, Some(Item::Allocation(id)) if concerns(view, place, id))
            || item == Some(Item::Step(place))
    };
    Look {
        current: place == view.place,
        related: same_operation || concerned(view.selected) || concerned(view.hovered),
        selected: view.selected == Some(Item::Step(place)),
        hovered,
        odd: !index.is_multiple_of(2),
        level: match place.inner {
            None => 0.0,
            Some(Inner { packet: None, .. }) => 1.0,
            Some(_) => 2.0,
        },
    }
}

fn clicks(
    response: &Response,
    place: Place,
    x: f32,
    columns: &Columns,
    state: &mut OperationsState,
    actions: &mut Vec<Action>,
) {
    let inset = match place.inner {
        None => 0.0,
        Some(_) => INDENT,
    };
    let triangle = columns.step + inset;
    let on_triangle = (triangle - 6.0..triangle + 12.0).contains(&x);
    let opens = state
        .cache
        .as_ref()
        .and_then(|cache| cache.texts.get(&place))
        .is_some_and(|text| text.open.is_some());
    if response.clicked() && on_triangle && opens {
        match place.inner {
            None => actions.push(Action::ToggleOpened(place.command)),
            Some(inner) => {
                let key = (place.command, inner.operation);
                if !state.opened.remove(&key) {
                    state.opened.insert(key);
                }
            }
        }
    } else if response.double_clicked() {
        actions.push(Action::GoTo(place));
    } else if response.clicked() {
        actions.push(Action::Select(Some(Item::Step(place))));
    }
}

/// Up and down move the selection, Enter goes there.
fn keys(
    ui: &Ui,
    response: &Response,
    view: &View<'_>,
    state: &OperationsState,
    actions: &mut Vec<Action>,
) {
    if !response.has_focus() {
        return;
    }
    let arrows = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let Some(cache) = &state.cache else { return };
    let at = match view.selected {
        Some(Item::Step(place)) => place,
        _ => view.place,
    };
    let (up, down, enter) = ui.input(|input| {
        let pressed = |key| input.num_presses(key);
        (pressed(Key::ArrowUp), pressed(Key::ArrowDown), pressed(Key::Enter) > 0)
    });
    if up + down > 0 {
        let row = cache.steps.index_of(at).unwrap_or(0);
        let last = cache.steps.row_count().saturating_sub(1);
        let row = (row + down).min(last).saturating_sub(up);
        if let Some(place) = cache.steps.row(row) {
            actions.push(Action::Select(Some(Item::Step(place))));
        }
    } else if enter {
        actions.push(Action::GoTo(at));
    }
}

/// Paints a row and says whether a text was cut short.
fn paint_row(painter: &Painter, rect: Rect, columns: &Columns, row: &RowText, look: Look) -> bool {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    painter.rect_filled(rect, 0.0, ground(tokens, look));
    if look.current {
        let edge = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
        painter.rect_filled(edge, 0.0, tokens.accent);
    }
    if look.selected {
        outline(painter, rect, 0.0, 1.0, tokens.accent);
    }
    let (ink, faint) = if row.ahead {
        (tokens.text_faint, tokens.text_faint)
    } else {
        (tokens.text, tokens.text_secondary)
    };
    let y = rect.center().y;
    let x = |column: f32| rect.left() + column;
    let indent = look.level * INDENT;
    if let Some(open) = row.open {
        let icon = if open { Icon::TriangleDown } else { Icon::TriangleRight };
        icon.paint(painter, pos2(x(columns.step) + indent + 4.0, y), 8.0, tokens.text_faint);
    }
    let at = pos2(x(columns.step) + indent + 13.0, y);
    text::paint_mono(painter, at, Align2::LEFT_CENTER, &row.step, size::MONO, ink);
    if let Some(flow) = row.flow {
        mark(painter, pos2(x(columns.operation) + 4.0, y), 10.0, direction_mark(flow));
    }
    let mut cut = false;
    let mut cell = |from: f32, to: f32, words: &str, ink: Color32| {
        let galley = elide(painter, words, size::TEXT_BODY, ink, to - from);
        cut |= galley.elided;
        text::paint_galley(painter, pos2(from, y), Align2::LEFT_CENTER, galley, ink);
    };
    if look.level < 2.0 {
        cell(x(columns.operation) + 14.0, x(columns.what) - GAP, &row.kind, ink);
    } else {
        let at = pos2(x(columns.operation) + 14.0, y);
        text::paint_mono(painter, at, Align2::LEFT_CENTER, &row.kind, size::MONO, ink);
    }
    let mut what = x(columns.what);
    if look.level > 0.0 {
        let at = pos2(what + AMOUNT, y);
        text::paint(painter, at, Align2::RIGHT_CENTER, &row.amount, size::TEXT_BODY, ink);
        what += AMOUNT + GAP;
    }
    cell(what, x(columns.reason) - GAP, &row.route, faint);
    cell(x(columns.reason), x(columns.status) - GAP, &row.reason, faint);
    paint_status(painter, pos2(x(columns.status), y), row, tokens);
    let at = pos2(x(columns.right), y);
    text::paint(painter, at, Align2::RIGHT_CENTER, &row.time, size::TEXT_BODY, faint);
    cut
}

fn ground(tokens: &Tokens, look: Look) -> Color32 {
    let ground = if look.current {
        tokens.accent_ground
    } else if look.related {
        tokens.related_ground(tokens.canvas)
    } else if look.odd {
        mix(tokens.canvas, tokens.separator, 0.18)
    } else {
        tokens.canvas
    };
    if look.hovered { tokens.hover_ground(ground) } else { ground }
}

pub(super) const fn direction_mark(flow: Flow) -> Mark {
    match flow {
        Flow::In => Mark::In,
        Flow::Out => Mark::Out,
        Flow::Map => Mark::Map,
        Flow::Unmap => Mark::Unmap,
    }
}

/// The icon and colour of a status; the word stands beside it.
pub(super) const fn status_look(kind: StatusKind, tokens: &Tokens) -> (Icon, Color32) {
    match kind {
        StatusKind::Done | StatusKind::Held => (Icon::Check, tokens.ok),
        StatusKind::BufferFull => (Icon::BufferFull, tokens.warn),
        StatusKind::Refused | StatusKind::Stopped | StatusKind::Failed | StatusKind::Faulted => {
            (Icon::Cross, tokens.error)
        }
        StatusKind::Damaged => (Icon::Warning, tokens.error),
        StatusKind::Running => (Icon::TriangleRight, tokens.accent),
        StatusKind::Encoded | StatusKind::Ahead => (Icon::Circle, tokens.text_faint),
    }
}

/// The tone of a status, for panels that tell it in a sentence.
pub(super) const fn status_tone(kind: StatusKind) -> Tone {
    match kind {
        StatusKind::Done | StatusKind::Held => Tone::Ok,
        StatusKind::BufferFull => Tone::Warn,
        StatusKind::Refused
        | StatusKind::Stopped
        | StatusKind::Failed
        | StatusKind::Faulted
        | StatusKind::Damaged => Tone::Error,
        StatusKind::Running | StatusKind::Encoded | StatusKind::Ahead => Tone::Plain,
    }
}

fn paint_status(painter: &Painter, at: egui::Pos2, row: &RowText, tokens: &Tokens) {
    let (icon, color) = status_look(row.status.kind, tokens);
    icon.paint(painter, at + vec2(5.0, 0.0), 12.0, color);
    let ink = if row.ahead { tokens.text_faint } else { tokens.text_secondary };
    let word = row.status.kind.word();
    let galley = text::mixed_text(painter, word, size::TEXT_SMALL, ink);
    text::paint_galley(painter, at + vec2(16.0, 0.0), Align2::LEFT_CENTER, galley, ink);
}

/// The whole row, where a column cut it short or had no room.
fn tooltip(ui: &mut Ui, row: &RowText) {
    let tokens = tokens(ui);
    let mut line = |words: &str, ink: Color32| {
        if !words.is_empty() {
            ui.label(text::mixed_job(words, size::TEXT_BODY, ink));
        }
    };
    line(&format!("{} {}", row.step, row.kind), tokens.text);
    line(format!("{} {}", row.amount, row.route).trim(), tokens.text);
    line(&row.reason, tokens.text_secondary);
    for more in row.more.lines().filter(|more| *more != row.reason) {
        line(more, tokens.text_secondary);
    }
}
