//! Paging and DMA buffers: what they hold, byte for byte, and how far the device has got.
//!
//! Shows the operation that is selected or at the playhead, or all buffers of the command.

mod cards;
mod commands;
mod detail;
mod export;
mod listing;
mod lists;
mod packet;
mod paint;
mod rows;
mod work;

#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeSet;

use egui::{Rect, Ui, pos2};

use self::work::WorkView;
use super::operations::direction_mark;
use crate::analysis::buffers::{
    self, Card, EnvelopeRow, Fetched, FrameRuns, PacketLine, PacketState, Row, Scene, Seat,
    Sources, Spot,
};
use crate::analysis::explain::{Words, flow, no_buffer_text, operation_text, operation_title};
use crate::app::{Action, Item, View};
use crate::machine::{Place, SharedTrace, TracedKind};
use crate::ui::theme::{Mark, size, tokens};
use crate::ui::widgets::{empty_state, horizontal_line, vertical_line};
use crate::vidmm::Asked;

/// Which part is shown where there is no room for two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    #[default]
    Packets,
    /// The call that wrote them, or the lists that go with a submission.
    Call,
    /// The command buffer that they were made from.
    Commands,
}

/// What the panel remembers of its look.
#[derive(Default)]
pub(crate) struct BuffersState {
    /// Command and operation shown last: they stay while one of their buffers is selected.
    subject: Option<(usize, Option<u32>)>,
    /// The buffer asked for, by its serial.
    picked: Option<u64>,
    /// Folds that are open, by their first packet.
    opened: BTreeSet<usize>,
    page: Page,
    /// Every run of frames is listed, not only those around the next.
    all_runs: bool,
    scene: Option<Prepared>,
    /// A packet to be brought into view.
    reveal: Option<usize>,
    /// The group of a command buffer that is marked.
    group: Option<usize>,
    /// The group of the step that was selected last.
    group_of_step: Option<(Place, Option<usize>)>,
    /// The command and the part of it whose card was brought into view.
    spot: Option<(usize, Spot)>,
    /// A group to be brought into view.
    reveal_group: Option<usize>,
    /// The packet that was in view: command, serial and number.
    revealed: Option<(usize, u64, usize)>,
}

/// Everything shown, made once per revision.
struct Prepared {
    revision: u64,
    subject: (usize, Option<u32>),
    picked: Option<u64>,
    opened: usize,
    title: String,
    story: String,
    scene: Scene,
    /// The direction of each operation of the command, by number less one.
    marks: Vec<Option<Mark>>,
    /// Step number and name of each operation, likewise.
    names: Vec<String>,
    /// Whose bytes are shown.
    shown: usize,
    fetched: Fetched,
    lines: Vec<PacketLine>,
    rows: Vec<Row>,
    list: rows::List,
    envelope: Option<Vec<EnvelopeRow>>,
    runs: Option<FrameRuns>,
    seat: Option<Seat>,
    /// Where the device fetches the buffer, in words.
    fetched_from: String,
    /// The submission that the operation belongs to, and the note of where it stands among others.
    work: Option<WorkView>,
}

impl Prepared {
    fn card(&self) -> Option<&Card> {
        self.scene.cards.get(self.shown)
    }

    /// What the buffer shown is called: DMA buffers by their place in VidMm's table, as operations
    /// name them, the others by how many were begun before.
    fn buffer_name(&self) -> String {
        let work = self.work.as_ref().filter(|work| !work.spot.paging);
        match (self.card(), work) {
            (Some(card), Some(_)) => format!("DMA buffer {}", card.index),
            (Some(card), None) => format!("Buffer {}", card.serial),
            (None, _) => String::new(),
        }
    }

    fn name(&self, operation: u32) -> &str {
        let index = usize::try_from(operation).unwrap_or(0).saturating_sub(1);
        self.names.get(index).map_or("", String::as_str)
    }

    fn mark(&self, operation: u32) -> Option<Mark> {
        let index = usize::try_from(operation).ok()?.checked_sub(1)?;
        self.marks.get(index).copied().flatten()
    }
}

/// Where everything goes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layout {
    head: Rect,
    cards: Rect,
    progress: Rect,
    left: Rect,
    /// `None` where only one part has room.
    right: Option<Rect>,
    /// Little height: cards and progress shrink to a line or two.
    low: bool,
}

impl Layout {
    /// The same with everything below the head moved down.
    fn below(self, height: f32) -> Self {
        let down = |rect: Rect| {
            let bottom = self.left.bottom();
            let top = (rect.top() + height).min(bottom);
            let foot = (rect.bottom() + height).min(bottom);
            Rect::from_x_y_ranges(rect.x_range(), top..=foot)
        };
        let (cards, progress) = (down(self.cards), down(self.progress));
        let (left, right) = (down(self.left), self.right.map(down));
        Self { cards, progress, left, right, ..self }
    }
}

/// Below this height there is no room for the cards of a submission above those of its paging.
const LEAST_FOR_TWO: f32 = 230.0;
/// Below this height cards are two lines high.
const LOW: f32 = 430.0;
/// Below this width bytes and envelope share one place.
const NARROW: f32 = 760.0;

fn layout(area: Rect, progress: bool) -> Layout {
    let low = area.height() < LOW;
    let (head, cards) = if low { (24.0, 44.0) } else { (30.0, 92.0) };
    let bar = match (progress, low) {
        (false, _) => 0.0,
        (true, true) => 16.0,
        (true, false) => 40.0,
    };
    let row = |top: f32, height: f32| {
        let bottom = (top + height).min(area.bottom());
        Rect::from_min_max(pos2(area.left(), top.min(bottom)), pos2(area.right(), bottom))
    };
    let head = row(area.top(), head);
    let cards = row(head.bottom(), cards);
    let progress = row(cards.bottom(), bar);
    let below = Rect::from_min_max(progress.left_bottom(), area.max);
    let (left, right) = if area.width() < NARROW {
        (below, None)
    } else {
        let width = (area.width() * 0.345).clamp(286.0, 416.0).floor();
        let split = area.right() - width;
        (below.with_max_x(split), Some(below.with_min_x(split)))
    };
    Layout { head, cards, progress, left, right, low }
}

/// Draws the panel into what is left of `ui`.
pub(crate) fn buffers_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    let (area, _) = ui.allocate_exact_size(ui.available_size(), egui::Sense::hover());
    let tokens = tokens(ui);
    ui.painter().rect_filled(area, 0.0, tokens.canvas);
    let Some(started) = view.started else {
        say(ui, area, "The adapter did not start", "Its findings say what to repair.");
        return;
    };
    let subject = subject(view, state);
    let Some(trace) = trace_of(view, subject.0) else {
        let asked = if subject.0 == 0 { None } else { view.run.command(subject.0) };
        let (title, hint) = match asked {
            Some(_) => {
                let title = format!("Step {} is not taken apart", subject.0);
                (title, "Go to it, or open it in the table of operations.")
            }
            None => no_buffer_text(subject.0, None),
        };
        say(ui, area, &title, hint);
        return;
    };
    let sources = Sources { started, names: view.names, trace };
    prepare(state, view, sources, subject);
    let Some(prepared) = state.scene.take() else { return };
    if prepared.scene.cards.is_empty() {
        let asked = view.run.command(subject.0);
        let operation = subject.1.and_then(|number| trace.operation(number));
        let (title, hint) = match operation.map(|operation| &operation.kind) {
            Some(TracedKind::Asked(record)) if matches!(record.asked, Asked::Preempt(_)) => (
                format!("{} writes no buffer", prepared.title),
                "It takes back what the GPU has not begun. What was taken back is patched and \
                 submitted again by later operations.",
            ),
            _ => no_buffer_text(subject.0, asked),
        };
        say(ui, area, &title, hint);
        state.scene = Some(prepared);
        return;
    }
    if let Some(work) = &prepared.work
        && !work.spot.paging
    {
        work_ui(ui, area, view, &prepared, work, state, actions);
        state.scene = Some(prepared);
        return;
    }
    let mut layout = layout(area, prepared.scene.progress.is_some());
    head_ui(ui, layout.head, &prepared);
    if let Some(work) = prepared.work.as_ref().filter(|_| area.height() >= LEAST_FOR_TWO) {
        // Paging for a submission: its cards stand above those of the operation, where there are
        // several of these.
        let rest = prepared.scene.cards.len() > 1;
        let strip = layout.cards;
        if rest {
            layout = layout.below(strip.height());
        }
        work::strip_ui(ui, strip, layout.low, view, work, state, actions);
        if rest {
            cards::strip_ui(ui, layout.cards, layout.low, view, &prepared, state, actions);
        }
    } else {
        cards::strip_ui(ui, layout.cards, layout.low, view, &prepared, state, actions);
    }
    cards::progress_ui(ui, layout.progress, layout.low, &prepared);
    horizontal_line(ui.painter(), area.left(), area.right(), layout.left.top(), tokens.separator);
    let shows_detail = layout.right.is_none() && state.page == Page::Call;
    let pages: &[_] = match layout.right {
        None => &[(Page::Packets, "Packets"), (Page::Call, "Call")],
        Some(_) => &[],
    };
    listing::header_ui(ui, layout.left, pages, &prepared, state);
    let body = layout.left.with_min_y(layout.left.top() + size::PANEL_HEADER);
    if shows_detail {
        detail::detail_ui(ui, body, view, &prepared, &mut state.all_runs, actions);
    } else {
        listing::list_ui(ui, body, view, &prepared, state, actions);
    }
    if let Some(right) = layout.right {
        vertical_line(ui.painter(), right.left(), right.top(), right.bottom(), tokens.separator);
        let inside = right.with_min_x(right.left() + 1.0).with_min_y(right.top() + 1.0);
        detail::detail_ui(ui, inside, view, &prepared, &mut state.all_runs, actions);
    }
    state.scene = Some(prepared);
}

/// A submission: its cards, its command buffer, its DMA buffer, and what they name.
fn work_ui(
    ui: &mut Ui,
    area: Rect,
    view: &View<'_>,
    prepared: &Prepared,
    work: &WorkView,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    let layout = work::layout(area);
    head_ui(ui, layout.head, prepared);
    work::strip_ui(ui, layout.cards, layout.low, view, work, state, actions);
    let top = layout.packets.top();
    horizontal_line(ui.painter(), area.left(), area.right(), top, tokens.separator);
    let body = |column: Rect| column.with_min_y(column.top() + size::PANEL_HEADER);
    let pages: &[_] = match (layout.commands, layout.lists) {
        (Some(_), Some(_)) => &[],
        (Some(_), None) => &[(Page::Packets, "Packets"), (Page::Call, "Lists")],
        _ => &[(Page::Commands, "Commands"), (Page::Packets, "Packets"), (Page::Call, "Lists")],
    };
    listing::header_ui(ui, layout.packets, pages, prepared, state);
    match listing::shown_page(pages, state.page) {
        Page::Commands => {
            commands::list_ui(ui, body(layout.packets), view, prepared, work, state, actions);
        }
        Page::Call => lists::lists_ui(ui, body(layout.packets), view, prepared, work, actions),
        Page::Packets => {
            listing::list_ui(ui, body(layout.packets), view, prepared, state, actions);
        }
    }
    if let Some(column) = layout.commands {
        commands::header_ui(ui, column, work);
        commands::list_ui(ui, body(column), view, prepared, work, state, actions);
        let x = column.right();
        vertical_line(ui.painter(), x, column.top(), column.bottom(), tokens.separator);
    }
    if let Some(column) = layout.lists {
        let x = column.left();
        vertical_line(ui.painter(), x, column.top(), column.bottom(), tokens.separator);
        let inside = column.with_min_x(column.left() + 1.0).with_min_y(column.top() + 1.0);
        lists::lists_ui(ui, inside, view, prepared, work, actions);
    }
}

/// What a command taken apart is derived from, where it is.
fn sources<'a>(view: &View<'a>, command: usize) -> Option<Sources<'a>> {
    let trace = trace_of(view, command)?;
    Some(Sources { started: view.started?, names: view.names, trace })
}

fn say(ui: &mut Ui, area: Rect, title: &str, hint: &str) {
    ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| empty_state(ui, title, hint));
}

/// The command and operation to show: of the selected step, else of the playhead.
fn subject(view: &View<'_>, state: &BuffersState) -> (usize, Option<u32>) {
    let place = match view.selected {
        Some(Item::Step(place)) if trace_of(view, place.command).is_some() => place,
        Some(Item::Buffer(_)) => match state.subject {
            Some(subject) if trace_of(view, subject.0).is_some() => return subject,
            _ => view.place,
        },
        _ => view.place,
    };
    (place.command, place.inner.map(|inner| inner.operation))
}

fn trace_of<'a>(view: &View<'a>, command: usize) -> Option<&'a SharedTrace> {
    let at = view.trace.filter(|trace| trace.command == command);
    at.or_else(|| view.opened.get(&command)).filter(|_| command > 0)
}

/// Makes what is shown anew where anything changed.
fn prepare(
    state: &mut BuffersState,
    view: &View<'_>,
    sources: Sources<'_>,
    subject: (usize, Option<u32>),
) {
    if state.subject != Some(subject) {
        state.subject = Some(subject);
        state.picked = None;
        state.opened.clear();
        if state.scene.as_ref().is_some_and(|known| known.subject.0 != subject.0) {
            (state.group, state.group_of_step) = (None, None);
        }
    }
    let fresh = state.scene.as_ref().is_some_and(|known| {
        (known.revision, known.subject, known.picked, known.opened)
            == (view.revision, subject, state.picked, state.opened.len())
    });
    if fresh {
        return;
    }
    let words = view.words();
    let work = work::spot_of(sources, subject.1);
    let pass = work.as_ref().and_then(|(work, spot)| work.passes.get(spot.pass));
    let scene = match (pass, &work) {
        (Some(pass), Some((_, spot))) if !spot.paging => buffers::pass_scene(sources, pass),
        _ => buffers::scene(sources, subject.1),
    };
    let shown = shown_card(view, state, &scene);
    let work = work.and_then(|(work, spot)| work::prepare(sources, words, work, spot));
    let told = subject.1.or(scene.operation);
    let traced = told.and_then(|number| sources.trace.operation(number));
    let (title, story) = match (traced, told) {
        (Some(traced), Some(number)) => (
            format!("{}.{number} {}", scene.command, operation_title(traced, words)),
            operation_text(traced, words).sentence(),
        ),
        _ => {
            let operations = u64::try_from(sources.trace.operations.len()).unwrap_or(u64::MAX);
            let count = u64::try_from(scene.cards.len()).unwrap_or(u64::MAX);
            let what = crate::base::text::counted(operations, "operation");
            let story = format!("{what} in {}", crate::base::text::counted(count, "buffer"));
            (format!("Step {}", scene.command), story)
        }
    };
    let card = scene.cards.get(shown);
    let fetched = card.map_or_else(Fetched::default, |card| buffers::fetch(sources.started, card));
    let lines = card.map_or_else(Vec::new, |card| buffers::packets(sources, card, &fetched.bytes));
    let rows = card.map_or_else(Vec::new, |card| buffers::rows(card, &lines, &state.opened));
    let pass = work.as_ref().filter(|work| !work.spot.paging).and_then(WorkView::pass);
    let list = rows::List::new(card, &rows, &lines, &fetched.bytes, |line| {
        pass.map_or(0, |pass| buffers::addresses_in(sources, pass, &line.range))
    });
    let of_card = card.and_then(|card| card.call()).map(|part| part.operation);
    let operation = scene.operation.or(of_card);
    let marks = sources.trace.operations.iter().map(|known| mark_of(&known.kind, words)).collect();
    let names = (1_u32..).zip(&sources.trace.operations).map(|(number, known)| {
        format!("{}.{number} {}", scene.command, operation_title(known, words))
    });
    let names = names.collect();
    let prepared = Prepared {
        revision: view.revision,
        subject,
        picked: state.picked,
        opened: state.opened.len(),
        title,
        story,
        envelope: card.and_then(|card| buffers::envelope(sources, card)),
        runs: operation.and_then(|number| {
            let progress = buffers::progress(sources, number, &scene.cards);
            buffers::frame_runs(sources, number, progress.as_ref())
        }),
        seat: card.and_then(|card| buffers::seat(sources, card)),
        fetched_from: fetched_from(sources, card),
        scene,
        marks,
        names,
        shown,
        fetched,
        lines,
        rows,
        list,
        work,
    };
    reveal(state, view, &prepared);
    state.scene = Some(prepared);
}

/// Brings the selected packet, or the next one, into view when it is another than before.
fn reveal(state: &mut BuffersState, view: &View<'_>, prepared: &Prepared) {
    let Some(card) = prepared.card() else { return };
    let selected = match view.selected {
        Some(Item::Step(place)) => prepared.lines.iter().position(|line| {
            line.step == Some(place) && place.inner.is_some_and(|inner| inner.packet.is_some())
        }),
        _ => None,
    };
    let next = prepared.lines.iter().position(|line| line.state == PacketState::Next);
    let own = card.own.filter(|_| prepared.scene.operation.is_some());
    let own = own.and_then(|own| prepared.lines.iter().position(|line| line.call == Some(own)));
    let Some(line) = selected.or(next).or(own) else { return };
    let now = (prepared.scene.command, card.serial, line);
    if state.revealed != Some(now) {
        state.revealed = Some(now);
        state.reveal = prepared.rows.iter().position(|row| match row {
            Row::Packet(index) => *index == line,
            Row::Fold { lines, .. } => lines.contains(&line),
            _ => false,
        });
    }
}

/// The card that is asked for, that holds the selected packet, or that is being executed.
fn shown_card(view: &View<'_>, state: &BuffersState, scene: &Scene) -> usize {
    let by = |found: &dyn Fn(&Card) -> bool| scene.cards.iter().rposition(found);
    let picked = state.picked.and_then(|serial| by(&|card: &Card| card.serial == serial));
    let selected = match view.selected {
        Some(Item::Buffer(index)) => by(&|card: &Card| card.index == index && card.readable() > 0)
            .or_else(|| by(&|card: &Card| card.index == index)),
        _ => None,
    };
    picked.or(selected).unwrap_or(scene.focus)
}

fn fetched_from(sources: Sources<'_>, card: Option<&Card>) -> String {
    let buffer = card.and_then(|card| buffers::buffer(sources.started, card.index));
    match buffer.map(|buffer| (buffer.aperture(), buffer.shape.memory)) {
        Some((Some((segment, _)), _)) => {
            format!("bytes as the GPU fetches them through {}", sources.names.segment(segment))
        }
        Some((None, Some((segment, _)))) => {
            format!("bytes as the GPU fetches them from {}", sources.names.segment(segment))
        }
        Some((None, None)) => "bytes as the GPU fetches them from system memory".to_owned(),
        None => String::new(),
    }
}

/// The colour of the way in which an operation moves content.
fn mark_of(kind: &TracedKind, words: Words<'_>) -> Option<Mark> {
    let TracedKind::Asked(record) = kind else { return None };
    flow(&record.asked, words).map(direction_mark)
}

/// The line above the cards: which operation, and what it does.
fn head_ui(ui: &Ui, rect: Rect, prepared: &Prepared) {
    use crate::ui::theme::text;
    use crate::ui::widgets::elide;
    let tokens = tokens(ui);
    let painter = ui.painter().with_clip_rect(rect);
    let middle = rect.center().y;
    let left = egui::Align2::LEFT_CENTER;
    let count = prepared.scene.cards.len();
    let right = match (prepared.scene.operation, count) {
        _ if prepared.work.as_ref().is_some_and(|work| !work.spot.paging) => String::new(),
        (Some(_), 1) => "one operation, one buffer".to_owned(),
        (Some(_), count) => format!("one operation, {count} buffers, completes once"),
        (None, _) => String::new(),
    };
    let width = rect.width() - 2.0 * size::PANEL_INSET;
    let title = elide(&painter, &prepared.title, size::MONO_LARGE, tokens.text, width * 0.5);
    let at = pos2(rect.left() + size::PANEL_INSET, middle);
    let end = text::paint_galley(&painter, at, left, title, tokens.text).right() + 10.0;
    let room = rect.right() - size::PANEL_INSET - end;
    let ink = tokens.text_secondary;
    let story = elide(&painter, &prepared.story, size::TEXT_BODY, ink, room);
    let cut = story.elided;
    let end = text::paint_galley(&painter, pos2(end, middle), left, story, ink).right();
    let faint = tokens.text_faint;
    let note = text::mixed_text(&painter, &right, size::TEXT_SMALL, faint);
    if end + 24.0 + note.size().x < rect.right() - size::PANEL_INSET {
        let at = pos2(rect.right() - size::PANEL_INSET, middle);
        text::paint_galley(&painter, at, egui::Align2::RIGHT_CENTER, note, faint);
    }
    let response = ui.interact(rect, ui.scope_id().with("head"), egui::Sense::hover());
    response.widget_info(|| {
        let spoken = format!("{}: {}", prepared.title, prepared.story);
        egui::WidgetInfo::labeled(egui::Role::Heading, true, spoken)
    });
    if cut {
        response.on_hover_text(&prepared.story);
    }
}
