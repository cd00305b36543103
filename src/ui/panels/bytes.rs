//! Bytes in hexadecimal: of a segment, of system memory, of an allocation, of a buffer.
//!
//! The first row shown is a number, not a scroll offset, so that sources of any size scroll alike.

#[cfg(test)]
mod tests;

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align, Align2, ComboBox, CursorIcon, Event, EventFilter, FontId, Key, Layout, MouseWheelUnit,
    Rect, Response, Role, Sense, TextEdit, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};

use crate::analysis::hexview::{
    self, Backing, ByteSource, HexRow, OwnedRange, ROW, address_text, buffer_name, describe,
    first_difference, not_judged, owners, parse_address, size_of,
};
use crate::app::{Action, Item, View};
use crate::base::{PAGE_SIZE, PhysicalAddress, SegmentId, Span, text};
use crate::machine::Started;
use crate::rules::SegmentKind;
use crate::ui::theme::{self, OwnerPalette, Tokens, mix, size, tokens};
use crate::ui::widgets::{
    Icon, IconButton, Tone, elide, empty_state, filter_chip, focus_ring, hatch, horizontal_line,
    snap, status, vertical_line,
};

/// Height of a row.
const ROW_HEIGHT: f32 = 18.0;
/// Height of the controls above the rows.
const TOOLS: f32 = 34.0;
/// Width of the scroll bar.
const BAR: f32 = 12.0;

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
        let hint = "It gets bytes when it is made resident or written.";
        ui.scope_builder(UiBuilder::new().max_rect(body), |ui| empty_state(ui, &title, hint));
        return;
    };
    body_ui(ui, body, view, started, (source, size), state, actions);
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
    let difference = IconButton::new(Icon::Search, "First byte that is not what it must be")
        .word("Difference")
        .enabled(looks)
        .reason("What a buffer must hold is not recorded");
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

/// Measures of the columns.
struct Columns {
    font: FontId,
    glyph: f32,
    offset: f32,
    bytes: f32,
    /// Left edge of what must be there, where it is shown.
    expected: Option<f32>,
    ascii: Option<f32>,
    owner: f32,
    right: f32,
    digits: usize,
}

/// Characters of sixteen bytes with a gap in the middle.
const BYTES_WIDE: f32 = 48.0;

impl Columns {
    fn new(ui: &Ui, area: Rect, end: u64, expected: bool) -> Self {
        let font = theme::text::mono();
        let glyph = ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0'));
        let written = text::hex(end.saturating_sub(1));
        let digits = written.len();
        let offset = area.left() + size::PANEL_INSET;
        let wide = f32::from(u16::try_from(digits).unwrap_or(20)) * glyph;
        let bytes = offset + wide + 16.0;
        let right = area.right() - BAR - 8.0;
        let mut next = bytes + BYTES_WIDE * glyph + 14.0;
        let mut take = |wanted: bool, width: f32| {
            let fits = wanted && next + width + 70.0 < right;
            let at = fits.then_some(next);
            next += if fits { width + 14.0 } else { 0.0 };
            at
        };
        let expected = take(expected, BYTES_WIDE * glyph);
        let ascii = take(true, 16.0 * glyph);
        Self { font, glyph, offset, bytes, expected, ascii, owner: next, right, digits }
    }

    fn byte(&self, from: f32, index: usize) -> f32 {
        let characters = u16::try_from(index * 3 + usize::from(index >= 8)).unwrap_or(0);
        from + f32::from(characters) * self.glyph
    }

    /// The byte of a row at a horizontal position.
    fn at(&self, x: f32) -> Option<usize> {
        let from = |from: f32, width: f32| {
            (0..16).find(|index| {
                let left = self.byte(from, *index);
                (left..left + width).contains(&x)
            })
        };
        let shown = from(self.bytes, 3.0 * self.glyph);
        let expected = self.expected.and_then(|left| from(left, 3.0 * self.glyph));
        let ascii = self.ascii.and_then(|left| {
            (0_u16..16).find(|index| {
                let left = left + f32::from(*index) * self.glyph;
                (left..left + self.glyph).contains(&x)
            })
        });
        shown.or(expected).or(ascii.map(usize::from))
    }
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
    let total = length.div_ceil(ROW);
    let fitting = rows_in(body.height());
    let last_top = total.saturating_sub(u64::try_from(fitting).unwrap_or(0));
    let response = ui.interact(body, ui.scope_id().with("bytes"), Sense::click());
    response.widget_info(|| {
        let label = format!("Bytes of {}", source_name(view, started, source));
        WidgetInfo::labeled(Role::Table, true, label)
    });
    scroll(ui, &response, state, last_top, fitting);
    state.top = state.top.min(last_top);
    let bar = body.with_min_x(body.right() - BAR);
    scroll_bar(ui, bar, state, (total, fitting), last_top);
    let count = fitting + 1;
    read_window(view, started, source, state, count);
    let Some(window) = state.window.take() else { return };
    let columns = Columns::new(ui, body, length, state.expected);
    let palette = OwnerPalette::new(view.names.processes());
    let painter = ui.painter().with_clip_rect(body);
    paint_owners(&painter, &columns, body, view, &palette, &window, state.top);
    let mut y = body.top() + ROW_HEIGHT / 2.0 + 2.0;
    for row in &window.rows {
        paint_row(&painter, &columns, body, y, row, state.marked);
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

fn rows_in(height: f32) -> usize {
    // Between nothing and a few hundred rows on any screen.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let rows = ((height - 4.0) / ROW_HEIGHT).floor().clamp(0.0, 4096.0) as usize;
    rows
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

/// Wheel and keys.
fn scroll(ui: &Ui, response: &Response, state: &mut BytesState, last: u64, fitting: usize) {
    if response.clicked() {
        response.request_focus();
    }
    let page = u64::try_from(fitting.saturating_sub(1)).unwrap_or(1).max(1);
    if response.contains_pointer() {
        let turned = ui.input(|input| {
            let wheel = input.events.iter().map(|event| match event {
                Event::MouseWheel { unit: MouseWheelUnit::Line, delta, .. } => {
                    delta.y * 3.0 * ROW_HEIGHT
                }
                Event::MouseWheel { delta, .. } => delta.y,
                _ => 0.0,
            });
            wheel.sum::<f32>()
        });
        state.turned -= turned;
        while state.turned >= ROW_HEIGHT {
            state.turned -= ROW_HEIGHT;
            state.top = state.top.saturating_add(1).min(last);
        }
        while state.turned <= -ROW_HEIGHT {
            state.turned += ROW_HEIGHT;
            state.top = state.top.saturating_sub(1);
        }
    }
    if !response.has_focus() {
        return;
    }
    let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let pressed = |key: Key| ui.input(|input| input.key_pressed(key));
    if pressed(Key::ArrowDown) {
        state.top = state.top.saturating_add(1);
    } else if pressed(Key::ArrowUp) {
        state.top = state.top.saturating_sub(1);
    } else if pressed(Key::PageDown) {
        state.top = state.top.saturating_add(page);
    } else if pressed(Key::PageUp) {
        state.top = state.top.saturating_sub(page);
    }
}

/// `share` (0 to 1) of `whole`.
fn part_of(whole: u64, share: f32) -> u64 {
    // A dragged bar cannot be more exact than a pixel of it.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let part = (whole as f64 * f64::from(share.clamp(0.0, 1.0))).round() as u64;
    part.min(whole)
}

fn share_of(part: u64, whole: u64) -> f32 {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    let share = (part as f64 / whole.max(1) as f64) as f32;
    share.clamp(0.0, 1.0)
}

fn scroll_bar(
    ui: &Ui,
    bar: Rect,
    state: &mut BytesState,
    (total, fitting): (u64, usize),
    last_top: u64,
) {
    if last_top == 0 {
        return;
    }
    let tokens = tokens(ui);
    let response = ui.interact(bar, ui.scope_id().with("scroll"), Sense::click_and_drag());
    let share = share_of(state.top, last_top);
    response.widget_info(|| WidgetInfo::slider(true, f64::from(share), "Scroll"));
    let visible = share_of(u64::try_from(fitting).unwrap_or(0), total);
    let height = (bar.height() * visible).clamp(24.0_f32.min(bar.height()), bar.height());
    let room = bar.height() - height;
    if let Some(at) = response.interact_pointer_pos().filter(|_| room > 0.0) {
        let share = (at.y - bar.top() - height / 2.0) / room;
        state.top = part_of(last_top, share);
        state.turned = 0.0;
    }
    let top = bar.top() + room * share_of(state.top, last_top);
    let thumb = Rect::from_min_size(pos2(bar.left() + 3.0, top), vec2(bar.width() - 5.0, height));
    let ink = if response.hovered() || response.dragged() {
        tokens.text_faint
    } else {
        tokens.separator_strong
    };
    vertical_line(ui.painter(), bar.left(), bar.top(), bar.bottom(), tokens.separator);
    ui.painter().rect_filled(snap(ui.painter(), thumb), size::RADIUS_SMALL, ink);
}

/// Who the rows belong to: a strip in the owner's colour and a name where it begins.
fn paint_owners(
    painter: &egui::Painter,
    columns: &Columns,
    body: Rect,
    view: &View<'_>,
    palette: &OwnerPalette,
    window: &Window,
    top: u64,
) {
    let tokens = theme::tokens_of_context(painter.ctx());
    let row_top = |offset: u64| {
        let row = u16::try_from((offset / ROW).saturating_sub(top)).unwrap_or(u16::MAX);
        body.top() + 2.0 + f32::from(row) * ROW_HEIGHT
    };
    for range in &window.owners {
        let from = row_top(range.span.start());
        let to = row_top(range.span.end().saturating_sub(1)) + ROW_HEIGHT;
        let strip = Rect::from_min_max(
            pos2(columns.owner, from + 1.0),
            pos2(columns.owner + 4.0, (to - 1.0).min(body.bottom())),
        );
        let owner = range.allocation.and_then(|id| view.owner_of(id));
        match (range.allocation, range.buffer) {
            (Some(_), _) => {
                let color = tokens.owner(palette.slot(owner.unwrap_or_default())).color;
                painter.rect_filled(snap(painter, strip), 0.0, color);
            }
            (None, Some(_)) => {
                painter.rect_filled(snap(painter, strip), 0.0, tokens.owner_system);
            }
            (None, None) => hatch(painter, strip, tokens.hatch, 5.0),
        }
        let room = columns.right - columns.owner - 12.0;
        let ink = match range.allocation {
            Some(_) => tokens.text_secondary,
            None => tokens.text_faint,
        };
        let mut said = range.name.clone();
        if let Some(owner) = owner {
            said = format!("{said} · {owner}");
        }
        let galley = elide(painter, &said, size::TEXT_SMALL, ink, room);
        let at = pos2(columns.owner + 10.0, from + ROW_HEIGHT / 2.0 - 1.0);
        theme::text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, ink);
        if range.span.start() / ROW > top {
            horizontal_line(painter, columns.offset, columns.right, from, tokens.separator);
        }
    }
}

fn paint_row(
    painter: &egui::Painter,
    columns: &Columns,
    body: Rect,
    y: f32,
    row: &HexRow,
    marked: Option<u64>,
) {
    let tokens = theme::tokens_of_context(painter.ctx());
    let left = Align2::LEFT_CENTER;
    let is_marked = marked.is_some_and(|at| at / ROW == row.offset / ROW);
    if is_marked {
        let ground = Rect::from_min_max(
            pos2(body.left(), y - ROW_HEIGHT / 2.0),
            pos2(columns.owner - 6.0, y + ROW_HEIGHT / 2.0),
        );
        painter.rect_filled(snap(painter, ground), 0.0, tokens.related_ground(tokens.canvas));
    }
    let written = padded(row.offset, columns.digits);
    let font = columns.font.clone();
    let at = pos2(columns.offset, y);
    let galley = painter.layout_no_wrap(written, font, tokens.text_faint);
    theme::text::paint_galley(painter, at, left, galley, tokens.text_faint);
    if row.backing == Backing::Nowhere {
        let said = "points nowhere: a read faults";
        let ink = tokens.error;
        let galley = elide(painter, said, size::TEXT_SMALL, ink, 400.0);
        theme::text::paint_galley(painter, pos2(columns.bytes, y), left, galley, ink);
        return;
    }
    for index in (0..row.len).filter(|index| row.is_wrong(*index)) {
        for from in [Some(columns.bytes), columns.expected].into_iter().flatten() {
            let x = columns.byte(from, index);
            let ground = Rect::from_min_max(
                pos2(x - 2.0, y - 8.0),
                pos2(x + 2.0 * columns.glyph + 2.0, y + 8.0),
            );
            painter.rect_filled(snap(painter, ground), 2.0, tokens.error_ground(tokens.canvas));
        }
    }
    let job = bytes_job(tokens, columns, row, &row.bytes);
    let galley = painter.layout_job(job);
    theme::text::paint_galley(painter, pos2(columns.bytes, y), left, galley, tokens.text);
    if let (Some(x), Some(expected)) = (columns.expected, &row.expected) {
        let galley = painter.layout_job(bytes_job(tokens, columns, row, expected));
        theme::text::paint_galley(painter, pos2(x, y), left, galley, tokens.text);
    } else if let Some(x) = columns.expected {
        let ink = tokens.text_faint;
        let galley = elide(painter, "not known", size::TEXT_SMALL, ink, 120.0);
        theme::text::paint_galley(painter, pos2(x, y), left, galley, ink);
    }
    if let Some(x) = columns.ascii {
        let bytes = row.bytes.iter().take(row.len);
        let shown = bytes.map(|byte| match byte {
            0x20..=0x7E => char::from(*byte),
            _ => '·',
        });
        let ink = tokens.text_faint;
        let galley = painter.layout_no_wrap(shown.collect(), columns.font.clone(), ink);
        theme::text::paint_galley(painter, pos2(x, y), left, galley, ink);
    }
    if let Some(at) = marked.filter(|_| is_marked)
        && let Ok(index) = usize::try_from(at % ROW)
    {
        let x = columns.byte(columns.bytes, index);
        horizontal_line(painter, x, x + 2.0 * columns.glyph, y + 7.0, tokens.accent);
    }
}

/// An offset with as many digits as the last one has, which is `length` characters as text.
fn padded(offset: u64, length: usize) -> String {
    let mut written = text::hex(offset);
    while written.len() + 5 <= length {
        written.insert_str(2, "0000_");
    }
    written
}

fn bytes_job(tokens: &Tokens, columns: &Columns, row: &HexRow, bytes: &[u8; 16]) -> LayoutJob {
    let mut job = LayoutJob::default();
    job.wrap.max_width = f32::INFINITY;
    for (index, byte) in bytes.iter().take(row.len).enumerate() {
        let gap = match index {
            0 => "",
            8 => "  ",
            _ => " ",
        };
        let ink = if row.is_wrong(index) {
            tokens.error
        } else if row.backing == Backing::Dummy {
            mix(tokens.canvas, tokens.text_faint, 0.7)
        } else if *byte == 0 {
            tokens.text_faint
        } else {
            tokens.text_secondary
        };
        let format = TextFormat::simple(columns.font.clone(), ink);
        job.append(&format!("{gap}{byte:02X}"), 0.0, format);
    }
    job
}

/// A byte under the pointer.
struct Pointed {
    row: HexRow,
    /// Which byte of the row, where it is one.
    index: Option<usize>,
    /// From the start of the source.
    offset: u64,
}

impl Pointed {
    fn find(columns: &Columns, body: Rect, at: egui::Pos2, window: &Window) -> Option<Self> {
        let down = at.y - body.top() - 2.0;
        if down < 0.0 {
            return None;
        }
        let row = *window.rows.get(rows_in(down + 4.0))?;
        let index = columns.at(at.x).filter(|index| *index < row.len);
        let offset = row.offset.checked_add(u64::try_from(index.unwrap_or(0)).ok()?)?;
        Some(Self { row, index, offset })
    }
}

/// What the byte belongs to, as something to be selected.
fn item_at(
    started: &Started,
    source: ByteSource,
    place: &Pointed,
    owner: Option<&OwnedRange>,
) -> Option<Item> {
    if let Some(id) = owner.and_then(|owner| owner.allocation) {
        return Some(Item::Allocation(id));
    }
    if let Some(index) = owner.and_then(|owner| owner.buffer) {
        return Some(Item::Buffer(index));
    }
    match source {
        ByteSource::Segment(id) => match started.segment_kind(id)? {
            SegmentKind::Aperture => Some(Item::AperturePage(id, place.offset / PAGE_SIZE)),
            SegmentKind::Memory => {
                let hole = hexview::hole_around(started, id, place.offset)?;
                Some(Item::Hole(id, hole))
            }
        },
        ByteSource::System => Some(Item::Frame(PhysicalAddress(place.offset).frame())),
        ByteSource::Allocation(id) => Some(Item::Allocation(id)),
        ByteSource::Buffer(index) => Some(Item::Buffer(index)),
    }
}

#[expect(clippy::too_many_arguments, reason = "a byte, all that is known of it, and the answer")]
fn point(
    ui: &Ui,
    response: &Response,
    view: &View<'_>,
    started: &Started,
    source: ByteSource,
    window: &Window,
    place: &Pointed,
    state: &mut BytesState,
    actions: &mut Vec<Action>,
) {
    let owner = window.owners.iter().find(|range| range.span.contains(place.offset));
    let item = item_at(started, source, place, owner);
    actions.extend(item.map(|item| Action::Hover(Some(item))));
    if item.is_some() {
        ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
    }
    if response.clicked() {
        state.marked = Some(place.offset);
        // What is selected from here is on view already: following it would lead away.
        state.followed = item;
        actions.extend(item.map(|item| Action::Select(Some(item))));
    }
    response.clone().on_hover_ui_at_pointer(|ui| {
        let ink = ui.visuals().text_color();
        let line = |ui: &mut Ui, said: &str| {
            ui.label(theme::mixed_job(said, size::TEXT_SMALL, ink));
        };
        let name = source_name(view, started, source);
        line(ui, &format!("{name} +{}", text::hex(place.offset)));
        line(ui, &address_text(started, source, place.offset));
        if let Some((id, at)) = place.row.allocation {
            let at = at.saturating_add(place.offset - place.row.offset);
            line(ui, &format!("{} +{}", view.names.allocation(id), text::hex(at)));
        } else if let Some(owner) = owner {
            line(ui, &owner.name);
        }
        let Some(index) = place.index else { return };
        let found = place.row.bytes.get(index).copied().unwrap_or_default();
        let wanted = place.row.expected.and_then(|expected| expected.get(index).copied());
        match wanted {
            Some(wanted) if wanted != found => {
                let said = format!("0x{found:02X} is there, 0x{wanted:02X} must be");
                ui.colored_label(tokens(ui).error, said);
            }
            _ => line(ui, &format!("0x{found:02X}, {found}")),
        }
    });
}
