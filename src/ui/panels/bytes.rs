//! Bytes in hexadecimal: of a segment, of system memory, of an allocation, of a buffer.
//!
//! The first row shown is a number, not a scroll offset, so that sources of any size scroll alike.

mod export;
mod layout;
mod paint;
mod react;
#[cfg(test)]
mod tests;

use egui::{
    Align, Align2, ComboBox, Key, Layout, Rect, Role, Sense, TextEdit, Ui, UiBuilder, WidgetInfo,
    vec2,
};

use self::layout::{BAR, Columns, Extent, ROW_HEIGHT, TOOLS};
use self::paint::{paint_line, paint_owners};
use self::react::{Pointed, point, scroll, scroll_bar};
use crate::analysis::hexview::{
    self, ByteSource, HexRow, OwnedRange, ROW, buffer_name, describe, first_difference, not_judged,
    owners, parse_address, size_of,
};
use crate::app::{Action, Item, View};
use crate::base::{PAGE_SIZE, SegmentId, Span, text};
use crate::machine::Started;
use crate::ui::theme::{self, OwnerPalette, size, tokens};
use crate::ui::widgets::{
    Icon, IconButton, Tone, elide, empty_state, filter_chip, focus_ring, horizontal_line, status,
};

/// What the panel remembers of its look.
#[derive(Default)]
pub(crate) struct BytesState {
    /// What is shown, once anything was.
    source: Option<ByteSource>,
    /// Stays with the source whatever is selected.
    pinned: bool,
    /// The selection that was followed last.
    followed: Option<Item>,
    /// The first row shown.
    top: u64,
    /// Part of a row that the wheel has turned beyond it, in points.
    turned: f32,
    /// A byte that was jumped to.
    marked: Option<u64>,
    /// The address field.
    written: String,
    /// What came of the last jump.
    said: Option<(bool, String)>,
    /// Shows what must be there beside what is.
    expected: bool,
    window: Option<Window>,
}

/// The rows in view, read once per revision and place.
struct Window {
    key: (u64, ByteSource, u64, usize),
    rows: Vec<HexRow>,
    owners: Vec<OwnedRange>,
}

/// Draws the panel into what is left of `ui`.
pub(crate) fn bytes_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut BytesState,
    actions: &mut Vec<Action>,
) {
    let (area, _) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    ui.painter().rect_filled(area, 0.0, tokens(ui).canvas);
    let Some(started) = view.started else {
        ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
            empty_state(ui, "The adapter did not start", "Its findings say what to repair.")
        });
        return;
    };
    follow(view, state);
    let source = *state.source.get_or_insert(match SegmentId::new(1) {
        Some(first) => ByteSource::Segment(first),
        None => ByteSource::System,
    });
    let tools = Rect::from_min_size(area.min, vec2(area.width(), TOOLS));
    tools_ui(ui, tools, view, started, state);
    let source = state.source.unwrap_or(source);
    let body = area.with_min_y(tools.bottom());
    let Some(size) = size_of(started, source) else {
        let title = describe(started, view.names, source);
        let hint = why_none(started, source);
        ui.scope_builder(UiBuilder::new().max_rect(body), |ui| empty_state(ui, &title, hint));
        return;
    };
    body_ui(ui, body, view, started, (source, size), state, actions);
}

/// What can be done where a source has no bytes.
fn why_none(started: &Started, source: ByteSource) -> &'static str {
    match source {
        ByteSource::Allocation(id) if started.vidmm().book().allocation(id).is_some() => {
            "It gets bytes when it is made resident or written."
        }
        ByteSource::Allocation(_) => {
            "Go to a step after its creation and before its destruction, or choose others above."
        }
        ByteSource::Segment(_) | ByteSource::System | ByteSource::Buffer(_) => {
            "Choose others above."
        }
    }
}

/// Lets the source follow the selection, unless it is pinned.
fn follow(view: &View<'_>, state: &mut BytesState) {
    if state.followed == view.selected {
        return;
    }
    state.followed = view.selected;
    if state.pinned {
        return;
    }
    let (source, at) = match view.selected {
        Some(Item::Allocation(id)) => (ByteSource::Allocation(id), 0),
        Some(Item::Segment(id)) => (ByteSource::Segment(id), 0),
        Some(Item::Hole(id, span)) => (ByteSource::Segment(id), span.start()),
        Some(Item::AperturePage(id, page)) => {
            (ByteSource::Segment(id), page.saturating_mul(PAGE_SIZE))
        }
        Some(Item::Frame(frame)) => (ByteSource::System, frame.get().saturating_mul(PAGE_SIZE)),
        Some(Item::Buffer(index)) => (ByteSource::Buffer(index), 0),
        Some(Item::Process(_) | Item::Step(_)) | None => return,
    };
    show(state, source, at);
}

fn show(state: &mut BytesState, source: ByteSource, at: u64) {
    state.source = Some(source);
    state.top = at / ROW;
    state.turned = 0.0;
    state.marked = None;
    state.said = None;
}

/// Goes to a byte and leaves a few rows before it in view.
fn jump(state: &mut BytesState, at: u64) {
    state.top = (at / ROW).saturating_sub(2);
    state.turned = 0.0;
    state.marked = Some(at);
}

fn source_name(view: &View<'_>, started: &Started, source: ByteSource) -> String {
    match source {
        ByteSource::Segment(id) => view.names.segment(id).to_owned(),
        ByteSource::System => "System memory".to_owned(),
        ByteSource::Allocation(id) => view.names.allocation(id).to_owned(),
        ByteSource::Buffer(index) => buffer_name(started, index),
    }
}

/// What can be chosen whatever is selected.
fn choices(started: &Started) -> Vec<ByteSource> {
    let segments = started.vidmm().adapter().segments.iter();
    let segments = segments.map(|segment| ByteSource::Segment(segment.id));
    let buffers = (0_u32..).zip(started.vidmm().queue().buffers());
    let buffers = buffers.map(|(index, _)| ByteSource::Buffer(index));
    segments.chain([ByteSource::System]).chain(buffers).collect()
}

fn tools_ui(ui: &mut Ui, bar: Rect, view: &View<'_>, started: &Started, state: &mut BytesState) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(bar, 0.0, tokens.panel);
    let foot = bar.bottom() - 1.0;
    horizontal_line(ui.painter(), bar.left(), bar.right(), foot, tokens.separator);
    let inside = bar.shrink2(vec2(size::PANEL_INSET, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    let mut child = ui.new_child(UiBuilder::new().max_rect(inside).layout(layout));
    let ui = &mut child;
    ui.spacing_mut().item_spacing.x = 8.0;
    let Some(source) = state.source else { return };
    chooser(ui, view, started, state, source);
    let pin = if state.pinned { "Follow the selection again" } else { "Stay here" };
    if ui.add(IconButton::new(Icon::Pin, pin).selected(state.pinned)).clicked() {
        state.pinned = !state.pinned;
        // Unpinned, it follows what is selected now.
        state.followed = if state.pinned { state.followed } else { None };
    }
    let field = TextEdit::singleline(&mut state.written)
        .hint_text("0x1000, 4 MiB")
        .font(theme::text::mono())
        .desired_width(124.0);
    let field = ui.add(field);
    field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Go to address"));
    if field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) {
        state.said = None;
        match parse_address(started, source, &state.written) {
            Ok(at) => jump(state, at),
            Err(error) => state.said = Some((false, error.to_string())),
        }
    }
    let looks = !matches!(source, ByteSource::Buffer(_));
    let reason = if looks {
        "There are no bytes to compare"
    } else {
        "What a buffer must hold is not recorded"
    };
    let difference = IconButton::new(Icon::Search, "First byte that is not what it must be")
        .word("Difference")
        .enabled(looks && size_of(started, source).is_some())
        .reason(reason);
    if ui.add(difference).clicked() {
        match first_difference(started, source) {
            Some(at) => {
                jump(state, at);
                let at = text::hex(at);
                state.said = Some((false, format!("The first wrong byte is at {at}")));
            }
            None => state.said = Some((true, "Every byte is what it must be".to_owned())),
        }
    }
    if looks && filter_chip(ui, "Expected", state.expected).clicked() {
        state.expected = !state.expected;
    }
    if let Some((well, said)) = &state.said {
        let (icon, tone) = if *well { (Icon::Check, Tone::Ok) } else { (Icon::Cross, Tone::Error) };
        status(ui, icon, tone, said);
        return;
    }
    let mut about = describe(started, view.names, source);
    if let ByteSource::Allocation(id) = source
        && let Some(why) = not_judged(started, id)
    {
        about = format!("{about}; {why}");
    }
    let room = ui.available_rect_before_wrap();
    let galley = elide(ui.painter(), &about, size::TEXT_SMALL, tokens.text_faint, room.width());
    let cut = galley.elided;
    let at = room.left_center();
    let ink = tokens.text_faint;
    let painted = theme::text::paint_galley(ui.painter(), at, Align2::LEFT_CENTER, galley, ink);
    let response = ui.interact(painted, ui.scope_id().with("about"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &about));
    if cut {
        response.on_hover_text(about);
    }
}

fn chooser(
    ui: &mut Ui,
    view: &View<'_>,
    started: &Started,
    state: &mut BytesState,
    source: ByteSource,
) {
    let name = source_name(view, started, source);
    let combo = ComboBox::from_id_salt("source").width(150.0).truncate().selected_text(name);
    let shown = combo.show_ui(ui, |ui| {
        let mut offered = choices(started);
        if !offered.contains(&source) {
            offered.insert(0, source);
        }
        for choice in offered {
            let name = source_name(view, started, choice);
            if ui.selectable_label(choice == source, name).clicked() && choice != source {
                show(state, choice, 0);
                // A choice of one's own lasts until something else is selected.
                state.followed = view.selected;
            }
        }
    });
    shown.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Whose bytes"));
}

fn body_ui(
    ui: &mut Ui,
    body: Rect,
    view: &View<'_>,
    started: &Started,
    (source, length): (ByteSource, u64),
    state: &mut BytesState,
    actions: &mut Vec<Action>,
) {
    let columns = Columns::new(ui, body, length, state.expected);
    let extent = Extent::new(length, columns.parts, body.height());
    let response = ui.interact(body, ui.scope_id().with("bytes"), Sense::click());
    response.widget_info(|| {
        let label = format!("Bytes of {}", source_name(view, started, source));
        WidgetInfo::labeled(Role::Table, true, label)
    });
    scroll(ui, &response, state, extent);
    state.top = extent.bounded(state.top);
    let bar = body.with_min_x(body.right() - BAR);
    scroll_bar(ui, bar, state, extent);
    let parts = usize::from(columns.parts);
    let count = (extent.lines + 1) * parts;
    read_window(view, started, source, state, count);
    let Some(window) = state.window.take() else { return };
    let palette = OwnerPalette::new(view.names.processes());
    let painter = ui.painter().with_clip_rect(body);
    paint_owners(&painter, &columns, body, view, &palette, &window, state.top);
    let mut y = body.top() + ROW_HEIGHT / 2.0 + 2.0;
    for rows in window.rows.chunks(parts) {
        paint_line(&painter, &columns, body, y, rows, state.marked);
        y += ROW_HEIGHT;
    }
    focus_ring(ui, &response, body, 0.0);
    if let Some(at) = response.hover_pos().filter(|at| at.x < bar.left()) {
        let place = Pointed::find(&columns, body, at, &window);
        if let Some(place) = place {
            point(ui, &response, view, started, source, &window, &place, state, actions);
        }
    }
    state.window = Some(window);
}

fn read_window(
    view: &View<'_>,
    started: &Started,
    source: ByteSource,
    state: &mut BytesState,
    count: usize,
) {
    let key = (view.revision, source, state.top, count);
    if state.window.as_ref().is_some_and(|window| window.key == key) {
        return;
    }
    let first = state.top.saturating_mul(ROW);
    let rows = hexview::rows(started, source, first, count);
    let end = rows.last().map_or(first, |row| row.offset.saturating_add(ROW));
    let span = Span::new(first, end).unwrap_or_default();
    let owners = owners(started, view.names, source, span);
    state.window = Some(Window { key, rows, owners });
}
