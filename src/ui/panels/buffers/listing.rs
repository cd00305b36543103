//! The bytes of a buffer beside the packets that they are.
//!
//! One canvas: only rows in view are decoded and painted.

use std::ops::Range;

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align2, Color32, CursorIcon, FontId, Key, Painter, Pos2, Rect, Role, Sense, Ui, WidgetInfo,
    pos2, vec2,
};

use super::{BuffersState, Page, Prepared, mono, small};
use crate::analysis::buffers::{Card, Held, PacketLine, PacketState, Row};
use crate::app::{Action, Item, View};
use crate::base::text::{count, counted, hex};
use crate::gpu::{FieldRole, PacketFormat};
use crate::kmd::{DecodedPacket, decode};
use crate::machine::Place;
use crate::ui::theme::{Tokens, mix, size, text, tokens};
use crate::ui::widgets::{
    Icon, dashed_rect, elide, empty_state, hatch, horizontal_line, outline, segmented, snap,
};

/// Height of a line of 16 bytes.
const LINE: u32 = 18;
/// Height around the lines of a packet.
const PACKET_PAD: u32 = 4;
/// Height of a line between packets.
const DIVIDER: u32 = 20;
/// Height of a fold, and of the part that is not written.
const FOLD: u32 = 28;
/// Bytes of a line.
const LINE_BYTES: usize = 16;

/// Lines of the bytes of one packet that are shown: a bit for each.
type LineMask = u32;

/// Rows with their heights.
#[derive(Default)]
pub(super) struct List {
    /// Where each row begins, in points, and where the last ends.
    tops: Vec<u32>,
    /// Lines shown of each packet in view of its row; 0 for other rows.
    masks: Vec<LineMask>,
}

impl List {
    pub(super) fn new(
        card: Option<&Card>,
        rows: &[Row],
        lines: &[PacketLine],
        bytes: &[u8],
    ) -> Self {
        let mut list = Self { tops: vec![0], masks: Vec::with_capacity(rows.len()) };
        let Some(card) = card else { return list };
        let mut top = 0_u32;
        for row in rows {
            let mask = match row {
                Row::Packet(index) => {
                    let line = lines.get(*index);
                    let packet = line.and_then(|line| bytes.get(line.range.clone()));
                    packet.map_or(0, |packet| line_mask(card.format, packet))
                }
                _ => 0,
            };
            let height = match row {
                Row::Packet(_) => row_lines(mask) * LINE + PACKET_PAD,
                Row::Begins(_) | Row::Ends(_) => DIVIDER,
                Row::Fold { .. } | Row::NotWritten(_) => FOLD,
            };
            top = top.saturating_add(height);
            list.tops.push(top);
            list.masks.push(mask);
        }
        list
    }

    fn height(&self) -> u32 {
        self.tops.last().copied().unwrap_or(0)
    }

    /// The rows that touch a range of points.
    fn visible(&self, from: f32, to: f32) -> Range<usize> {
        let first = self.tops.partition_point(|top| points(*top) <= from).saturating_sub(1);
        let last = self.tops.partition_point(|top| points(*top) < to);
        first..last.min(self.masks.len())
    }

    /// The row at a height.
    fn at(&self, y: f32) -> Option<usize> {
        let range = self.visible(y, y + 0.1);
        (y >= 0.0 && !range.is_empty()).then_some(range.start)
    }
}

/// Points as egui counts them. Heights are even, so that f32 holds them up to 32 million.
fn points(height: u32) -> f32 {
    #[expect(clippy::cast_precision_loss)]
    let points = height as f32;
    points
}

/// Lines of a packet that say something: those with fields, and padding that is not zero.
fn line_mask(format: PacketFormat, packet: &[u8]) -> LineMask {
    if format == PacketFormat::Native {
        return (1 << packet.len().div_ceil(LINE_BYTES)) - 1;
    }
    let fields = crate::gpu::fields_of_record(packet);
    packet.chunks(LINE_BYTES).zip(0_u32..32).fold(0, |mask, (line, index)| {
        let start = usize::try_from(index).unwrap_or(0) * LINE_BYTES;
        let end = start + line.len();
        let named = fields.iter().any(|field| field.range.start < end && start < field.range.end);
        let says = named || line.iter().any(|byte| *byte != 0);
        if says { mask | 1 << index } else { mask }
    })
}

/// Text lines that a packet takes: a gap between shown lines is one.
fn row_lines(mask: LineMask) -> u32 {
    let gaps = (mask & !(mask << 1)).count_ones().saturating_sub(1);
    (mask.count_ones() + gaps).max(2)
}

/// Which bytes a colour stands for.
const ROLES: [(FieldRole, &str); 5] = [
    (FieldRole::Operation, "op"),
    (FieldRole::Count, "count"),
    (FieldRole::Source, "source"),
    (FieldRole::Destination, "destination"),
    (FieldRole::Token, "token"),
];

fn role_ink(tokens: &Tokens, role: FieldRole) -> Color32 {
    match role {
        FieldRole::Operation => tokens.text,
        FieldRole::Count => tokens.warn,
        FieldRole::Source => tokens.ok,
        FieldRole::Destination => tokens.owners[3],
        FieldRole::Token => tokens.text_faint,
    }
}

/// The header above the bytes: which buffer, and the key of colours.
pub(super) fn header_ui(
    ui: &mut Ui,
    left: Rect,
    narrow: bool,
    prepared: &Prepared,
    state: &mut BuffersState,
) {
    let tokens = tokens(ui);
    let painter = ui.painter().clone();
    let bar = snap(&painter, Rect::from_min_size(left.min, vec2(left.width(), size::PANEL_HEADER)));
    painter.rect_filled(bar, 0.0, tokens.bar);
    horizontal_line(&painter, bar.left(), bar.right(), bar.bottom() - 1.0, tokens.separator);
    let Some(card) = prepared.card() else { return };
    let at = bar.left_center() + vec2(size::PANEL_INSET, 0.0);
    let name = format!("Buffer {}", card.serial);
    let left_centre = Align2::LEFT_CENTER;
    let end = text::paint(&painter, at, left_centre, &name, size::TEXT_BODY, tokens.text).right();
    let mut right = bar.right() - size::PANEL_INSET;
    if narrow {
        let room =
            Rect::from_min_max(pos2(right - 140.0, bar.top() + 1.0), pos2(right, bar.bottom()));
        let mut child = ui.new_child(
            egui::UiBuilder::new()
                .max_rect(room)
                .layout(egui::Layout::right_to_left(egui::Align::Center)),
        );
        let pages = [(Page::Packets, "Packets"), (Page::Call, "Call")];
        if let Some(page) = segmented(&mut child, "Show", &pages, state.page) {
            state.page = page;
        }
        right -= 152.0;
    }
    if state.page == Page::Packets || !narrow {
        for (role, word) in ROLES.into_iter().rev() {
            let ink = tokens.text_secondary;
            let galley = text::mixed_text(&painter, word, size::TEXT_TINY, ink);
            let start = right - galley.size().x - 14.0;
            if start < end + 12.0 {
                break;
            }
            let stroke = pos2(start, bar.center().y + 3.0);
            let stroke = snap(&painter, Rect::from_min_size(stroke, vec2(10.0, 2.0)));
            painter.rect_filled(stroke, 0.0, role_ink(tokens, role));
            let at = pos2(start + 14.0, bar.center().y);
            text::paint_galley(&painter, at, left_centre, galley, ink);
            right = start - 10.0;
        }
    }
    let at = pos2(end + 10.0, bar.center().y);
    if right - at.x > 120.0 {
        small(&painter, at, left_centre, &prepared.fetched_from, tokens.text_faint, right - at.x);
    }
}

/// Measures of the columns.
struct Columns {
    /// Left edge.
    left: f32,
    right: f32,
    /// Width of a character of the bytes.
    glyph: f32,
    font: FontId,
    /// Bytes that stand together.
    group: usize,
    /// Left edge of the bytes.
    bytes: f32,
    /// Left edge of the text.
    text: f32,
}

impl Columns {
    fn new(ui: &Ui, area: Rect) -> Self {
        let wide = area.width() >= 660.0;
        let font = text::mono();
        let glyph = ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0'));
        let left = area.left() + size::PANEL_INSET;
        let bytes = left + 5.0 * glyph + 6.0;
        let group = if wide { 1 } else { 4 };
        let mut columns =
            Self { left, right: area.right() - 14.0, glyph, font, group, bytes, text: 0.0 };
        columns.text = columns.byte(LINE_BYTES) + if wide { 30.0 } else { 20.0 };
        columns
    }

    /// Characters before a byte of a line.
    fn before(&self, index: usize) -> usize {
        let half = usize::from(self.group == 1 && index >= LINE_BYTES / 2);
        index * 2 + index / self.group + half
    }

    /// Left edge of a byte of a line.
    fn byte(&self, index: usize) -> f32 {
        let characters = u16::try_from(self.before(index)).unwrap_or(0);
        self.bytes + f32::from(characters) * self.glyph
    }
}

/// The rows: bytes at the left, packets at the right.
pub(super) fn list_ui(
    ui: &mut Ui,
    area: Rect,
    view: &View<'_>,
    prepared: &Prepared,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    let Some(card) = prepared.card() else { return };
    if prepared.lines.is_empty() {
        let (title, hint) = why_empty(card);
        ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| empty_state(ui, &title, hint));
        return;
    }
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(area).id_salt("packets"));
    let mut scroll = egui::ScrollArea::vertical().auto_shrink([false, false]);
    if let Some(row) = state.reveal.take() {
        let top = prepared.list.tops.get(row).copied().unwrap_or(0);
        scroll = scroll.vertical_scroll_offset((points(top) - area.height() * 0.35).max(0.0));
    }
    scroll.show_viewport(&mut child, |ui, visible| {
        let columns = Columns::new(ui, area);
        let height = points(prepared.list.height()) + 16.0;
        let (space, response) =
            ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
        response.widget_info(|| {
            let count = u64::try_from(prepared.lines.len()).unwrap_or(u64::MAX);
            let label = format!("Packets of buffer {}: {}", card.serial, counted(count, "packet"));
            WidgetInfo::labeled(Role::List, true, label)
        });
        let top = space.top() + 6.0;
        let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
        for index in prepared.list.visible(visible.top() - 6.0, visible.bottom()) {
            let Some([from, to]) = prepared.list.tops.get(index..index + 2) else { continue };
            let rect = Rect::from_min_max(
                pos2(area.left(), top + points(*from)),
                pos2(area.right(), top + points(*to)),
            );
            paint_row(&painter, &columns, rect, index, view, prepared);
        }
        let pointed = response.hover_pos().and_then(|at| prepared.list.at(at.y - top));
        react(ui, &response, pointed, view, prepared, state, actions);
    });
}

fn why_empty(card: &Card) -> (String, &'static str) {
    match card.held {
        Held::Ahead => (
            format!("Buffer {} is begun after this place", card.serial),
            "Step forward: its place in VidMm's table still belongs to an earlier buffer.",
        ),
        Held::Reused { serial } => (
            format!("Buffer {} is gone: its memory is buffer {serial} now", card.serial),
            "Step back to a place where it still held its packets.",
        ),
        Held::Here { .. } => (
            format!("Nothing was written to buffer {}", card.serial),
            "The driver did it while it was asked: registers instead of packets.",
        ),
    }
}

/// Pointer and keyboard.
fn react(
    ui: &Ui,
    response: &egui::Response,
    pointed: Option<usize>,
    view: &View<'_>,
    prepared: &Prepared,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    let step_of = |row: usize| match prepared.rows.get(row)? {
        Row::Packet(line) => prepared.lines.get(*line)?.step,
        _ => None,
    };
    if let Some(row) = pointed {
        ui.ctx().set_cursor_icon(match prepared.rows.get(row) {
            Some(Row::Packet(_) | Row::Fold { .. }) => CursorIcon::PointingHand,
            _ => CursorIcon::Default,
        });
        actions.extend(step_of(row).map(|step| Action::Hover(Some(Item::Step(step)))));
        if response.double_clicked() {
            actions.extend(step_of(row).map(Action::GoTo));
        } else if response.clicked() {
            response.request_focus();
            actions.extend(step_of(row).map(|step| Action::Select(Some(Item::Step(step)))));
            if let Some(Row::Fold { lines, .. }) = prepared.rows.get(row) {
                state.opened.insert(lines.start);
            }
        }
        response.clone().on_hover_ui_at_pointer(|ui| tooltip(ui, prepared, row));
    }
    if response.has_focus() {
        let (down, up, enter) = ui.input(|input| {
            let pressed = |key| input.key_pressed(key);
            (pressed(Key::ArrowDown), pressed(Key::ArrowUp), pressed(Key::Enter))
        });
        let selected = match view.selected {
            Some(Item::Step(step)) => {
                prepared.lines.iter().position(|line| line.step == Some(step))
            }
            _ => None,
        };
        let target = match (selected, down, up) {
            (None, true, _) | (None, _, true) => Some(0),
            (Some(line), true, _) => line.checked_add(1),
            (Some(line), _, true) => line.checked_sub(1),
            _ => None,
        };
        let step = target.and_then(|line| prepared.lines.get(line)?.step);
        actions.extend(step.map(|step| Action::Select(Some(Item::Step(step)))));
        let here = selected.filter(|_| enter).and_then(|line| prepared.lines.get(line)?.step);
        actions.extend(here.map(Action::GoTo));
    }
}

fn tooltip(ui: &mut Ui, prepared: &Prepared, row: usize) {
    match prepared.rows.get(row) {
        Some(Row::Packet(index)) => {
            let Some((line, packet)) = decoded(prepared, *index) else { return };
            let state = line.state.name();
            let at = hex(u64::try_from(line.range.start).unwrap_or(u64::MAX));
            ui.label(text::mixed_job(
                &format!("{} at +{at}, {state}", packet.name),
                size::TEXT_BODY,
                ui.visuals().text_color(),
            ));
            egui::Grid::new("fields").spacing(vec2(16.0, 2.0)).show(ui, |ui| {
                for field in &packet.fields {
                    ui.weak(field.name);
                    let width = field.range.len() * 2;
                    ui.monospace(format!("0x{:0width$X}", field.value));
                    ui.weak(format!("+{}..{}", field.range.start, field.range.end));
                    ui.end_row();
                }
            });
            if let Some(step) = line.step {
                ui.weak(format!("Click selects step {step}, a double click goes there."));
            }
        }
        Some(Row::Fold { .. }) => {
            ui.label("Click to show them one by one.");
        }
        Some(Row::NotWritten(_)) => {
            ui.label("The driver has written no packet here.");
        }
        _ => {}
    }
}

fn decoded(prepared: &Prepared, index: usize) -> Option<(&PacketLine, DecodedPacket)> {
    let line = prepared.lines.get(index)?;
    let bytes = prepared.fetched.bytes.get(line.range.clone())?;
    let packet = decode(prepared.card()?.format, bytes).into_iter().next()?;
    Some((line, packet))
}

fn paint_row(
    painter: &Painter,
    columns: &Columns,
    rect: Rect,
    row: usize,
    view: &View<'_>,
    prepared: &Prepared,
) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let Some(card) = prepared.card() else { return };
    match prepared.rows.get(row) {
        Some(Row::Packet(index)) => {
            let mask = prepared.list.masks.get(row).copied().unwrap_or(0);
            if let Some((line, packet)) = decoded(prepared, *index) {
                let look = Look::new(view, line);
                let painted = PaintedPacket { line, packet: &packet, mask, look };
                paint_packet(painter, tokens, columns, rect, prepared, &painted);
            }
        }
        Some(Row::Fold { lines, units }) => {
            paint_fold(painter, tokens, columns, rect, prepared, lines, *units);
        }
        Some(Row::Begins(call)) => {
            let Some(part) = card.calls.get(*call) else { return };
            let name = prepared.name(part.operation);
            let before = part.call.multipass_before;
            let said = if part.pass > 1 {
                format!("{name} goes on at MultipassOffset {}", count(before.into()))
            } else {
                format!("{name} begins")
            };
            divider(painter, columns, rect, (Icon::TriangleDown, tokens.text_faint), &said);
        }
        Some(Row::Ends(call)) => {
            let Some(part) = card.calls.get(*call) else { return };
            let name = prepared.name(part.operation);
            let after = count(part.call.multipass_after.into());
            let status = part.call.status;
            let (said, look) = if status == crate::ddi::NtStatus::SUCCESS {
                (format!("{name} ends here: SUCCESS"), (Icon::Check, tokens.ok))
            } else {
                let said = format!("{name} left off: {status}, MultipassOffset {after}");
                (said, (Icon::BufferFull, tokens.warn))
            };
            divider(painter, columns, rect, look, &said);
        }
        Some(Row::NotWritten(range)) => {
            let inside = Rect::from_min_max(
                pos2(columns.left, rect.top() + 4.0),
                pos2(columns.right, rect.bottom() - 4.0),
            );
            hatch(painter, inside, tokens.hatch, 8.0);
            let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
            let said = format!(
                "{} B not written, +{} to +{}",
                count(number(range.len())),
                hex(number(range.start)),
                hex(number(range.end.saturating_sub(1)))
            );
            let ink = tokens.text_faint;
            let galley = elide(painter, &said, size::TEXT_SMALL, ink, inside.width() - 24.0);
            let plate = Rect::from_center_size(inside.center(), galley.size() + vec2(16.0, 4.0));
            painter.rect_filled(snap(painter, plate), 0.0, tokens.canvas);
            text::paint_galley(painter, inside.center(), Align2::CENTER_CENTER, galley, ink);
        }
        None => {}
    }
}

fn divider(
    painter: &Painter,
    columns: &Columns,
    rect: Rect,
    (icon, ink): (Icon, Color32),
    said: &str,
) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let y = rect.center().y - 1.0;
    icon.paint(painter, pos2(columns.left + 5.0, y), 9.0, ink);
    let at = pos2(columns.left + 16.0, y);
    let plain = ink == tokens.text_faint;
    let words = if plain { tokens.text_secondary } else { ink };
    let room = columns.right - at.x - 16.0;
    let end = small(painter, at, Align2::LEFT_CENTER, said, words, room).right();
    let line = if plain { tokens.separator } else { mix(tokens.canvas, ink, 0.5) };
    horizontal_line(painter, end + 8.0, columns.right, y, line);
}

fn paint_fold(
    painter: &Painter,
    tokens: &Tokens,
    columns: &Columns,
    rect: Rect,
    prepared: &Prepared,
    lines: &Range<usize>,
    units: u64,
) {
    let plate = Rect::from_min_max(
        pos2(columns.left, rect.top() + 3.0),
        pos2(columns.right, rect.bottom() - 3.0),
    );
    painter.rect_filled(snap(painter, plate), 0.0, tokens.panel);
    dashed_rect(painter, plate, tokens.separator_strong);
    let y = plate.center().y;
    Icon::TriangleRight.paint(painter, pos2(plate.left() + 11.0, y), 8.0, tokens.text_secondary);
    let (Some(first), Some(last)) =
        (prepared.lines.get(lines.start), prepared.lines.get(lines.end.saturating_sub(1)))
    else {
        return;
    };
    let state = if first.state == last.state { first.state.name() } else { "" };
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let ink = tokens.text_faint;
    let at = pos2(plate.right() - 8.0, y);
    let end = small(painter, at, right, state, ink, 80.0).left() - 8.0;
    let said = format!("{} more {} of the same operation", lines.len(), first.name);
    let at = pos2(plate.left() + 22.0, y);
    let said_end = small(painter, at, left, &said, tokens.text_secondary, end - at.x).right();
    let number = |value: usize| u64::try_from(value).unwrap_or(u64::MAX);
    let range = format!(
        "+{} to +{}, {}",
        hex(number(first.range.start)),
        hex(number(last.range.end.saturating_sub(1))),
        counted(units, "page")
    );
    let at = pos2(said_end + 12.0, y);
    if end - at.x > 60.0 {
        small(painter, at, left, &range, ink, end - at.x);
    }
}

/// Whether a packet stands out, and how much its colours are dimmed.
#[derive(Clone, Copy)]
struct Look {
    selected: bool,
    hovered: bool,
}

impl Look {
    fn new(view: &View<'_>, line: &PacketLine) -> Self {
        let is_it = |item: Option<Item>| match (item, line.step) {
            (Some(Item::Step(place)), Some(step)) => place == step && is_packet(step),
            _ => false,
        };
        Self { selected: is_it(view.selected), hovered: is_it(view.hovered) }
    }
}

fn is_packet(step: Place) -> bool {
    step.inner.is_some_and(|inner| inner.packet.is_some())
}

/// A packet about to be painted.
struct PaintedPacket<'a> {
    line: &'a PacketLine,
    packet: &'a DecodedPacket,
    mask: LineMask,
    look: Look,
}

fn paint_packet(
    painter: &Painter,
    tokens: &Tokens,
    columns: &Columns,
    rect: Rect,
    prepared: &Prepared,
    painted: &PaintedPacket<'_>,
) {
    let PaintedPacket { line, packet, mask, look } = painted;
    let frame = Rect::from_min_max(
        pos2(columns.left - 6.0, rect.top()),
        pos2(columns.right + 6.0, rect.bottom() - 1.0),
    );
    let frame = snap(painter, frame);
    let next = line.state == PacketState::Next;
    if next || look.selected {
        painter.rect_filled(frame, size::RADIUS, mix(tokens.canvas, tokens.accent_ground, 0.85));
        outline(painter, frame, size::RADIUS, 1.0, tokens.accent);
    } else if look.hovered {
        painter.rect_filled(frame, size::RADIUS, tokens.hover_ground(tokens.canvas));
    }
    paint_bracket(painter, tokens, columns, rect, next || look.selected);
    let dim = matches!(line.state, PacketState::Done | PacketState::Skipped);
    let bytes = prepared.fetched.bytes.get(line.range.clone()).unwrap_or_default();
    let mut y = rect.top() + 10.0;
    let mut before = None;
    for index in 0..32_u32 {
        if mask & (1 << index) == 0 {
            continue;
        }
        let number = usize::try_from(index).unwrap_or(0);
        if before.is_some_and(|before| before + 1 != number) {
            let from = before.map_or(0, |before| before + 1) * LINE_BYTES;
            let said = format!("{} B of zeros", number * LINE_BYTES - from);
            let at = pos2(columns.bytes, y);
            small(painter, at, Align2::LEFT_CENTER, &said, tokens.text_faint, 200.0);
            y += points(LINE);
        }
        let start = number * LINE_BYTES;
        let part = bytes.get(start..(start + LINE_BYTES).min(bytes.len())).unwrap_or_default();
        let offset = u64::try_from(line.range.start + start).unwrap_or(u64::MAX);
        let at = pos2(columns.left, y);
        let digits = format!("{offset:04X}");
        mono(painter, at, Align2::LEFT_CENTER, &digits, tokens.text_faint, 60.0);
        paint_bytes(painter, tokens, columns, y, start, part, packet, dim);
        before = Some(number);
        y += points(LINE);
    }
    paint_texts(painter, tokens, columns, rect.top() + 10.0, painted, dim);
}

/// The bracket from the bytes to the packet.
fn paint_bracket(painter: &Painter, tokens: &Tokens, columns: &Columns, rect: Rect, strong: bool) {
    let ink = if strong { tokens.accent } else { tokens.separator_strong };
    let from = columns.byte(LINE_BYTES) + if columns.group == 1 { 4.0 } else { 0.0 };
    let to = columns.text - 8.0;
    let bar = |x: f32, top: f32, bottom: f32, width: f32| {
        let bar = Rect::from_min_max(pos2(x, top), pos2(x + width, bottom));
        painter.rect_filled(snap(painter, bar), 0.0, ink);
    };
    bar(from, rect.top() + 4.0, rect.bottom() - 5.0, 1.0);
    bar(to, rect.top() + 6.0, rect.bottom() - 7.0, 2.0);
    horizontal_line(painter, from, to, rect.center().y - 1.0, ink);
}

/// A line of bytes in the colours of their fields, with a stroke under each field.
#[expect(clippy::too_many_arguments, reason = "one line of a packet, with where and how")]
fn paint_bytes(
    painter: &Painter,
    tokens: &Tokens,
    columns: &Columns,
    y: f32,
    start: usize,
    bytes: &[u8],
    packet: &DecodedPacket,
    dim: bool,
) {
    let field_at = |index: usize| {
        packet.fields.iter().position(|field| field.range.contains(&(start + index)))
    };
    let ink_at = |index: usize| {
        let role = field_at(index).and_then(|field| packet.fields.get(field));
        role.map(|field| role_ink(tokens, field.role))
    };
    let mut job = LayoutJob::default();
    job.wrap.max_width = f32::INFINITY;
    let mut written = 0;
    for (index, byte) in bytes.iter().enumerate() {
        let ink = match (ink_at(index), dim) {
            (None, _) => mix(tokens.canvas, tokens.text_faint, 0.6),
            (Some(ink), true) => mix(tokens.canvas, ink, 0.75),
            (Some(ink), false) => mix(ink, tokens.text, 0.25),
        };
        let spaces = columns.before(index) - written;
        let word = format!("{:spaces$}{byte:02X}", "");
        written = columns.before(index) + 2;
        job.append(&word, 0.0, TextFormat::simple(columns.font.clone(), ink));
    }
    let at = pos2(columns.bytes, y);
    let galley = painter.layout_job(job);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, tokens.text);
    let mut from = 0;
    for index in 1..=bytes.len() {
        if index < bytes.len() && field_at(index) == field_at(from) {
            continue;
        }
        if let Some(ink) = ink_at(from) {
            let right = columns.byte(index - 1) + 2.0 * columns.glyph;
            let stroke = mix(tokens.canvas, ink, if dim { 0.35 } else { 0.8 });
            horizontal_line(painter, columns.byte(from), right, (y + 7.0).round(), stroke);
        }
        from = index;
    }
}

/// What the packet says: its name and state on the first line, its fields below.
fn paint_texts(
    painter: &Painter,
    tokens: &Tokens,
    columns: &Columns,
    y: f32,
    painted: &PaintedPacket<'_>,
    dim: bool,
) {
    let PaintedPacket { line, packet, mask, .. } = painted;
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let (icon, ink) = match line.state {
        PacketState::Done => (Icon::Check, tokens.ok),
        PacketState::Next => (Icon::TriangleRight, tokens.accent),
        PacketState::Waiting => (Icon::Circle, tokens.text_faint),
        PacketState::Faulted => (Icon::Cross, tokens.error),
        PacketState::Skipped => (Icon::Dash, tokens.warn),
    };
    let word_ink = match line.state {
        PacketState::Next => tokens.accent_text,
        PacketState::Faulted => tokens.error,
        _ => tokens.text_faint,
    };
    let at = pos2(columns.right, y);
    let word = small(painter, at, right, line.state.name(), word_ink, 60.0);
    let state_left = word.left() - 16.0;
    icon.paint(painter, pos2(word.left() - 9.0, y), 9.0, ink);
    let name_ink = match (packet.fault.is_some(), dim) {
        (true, _) => tokens.error,
        (false, true) => tokens.text_secondary,
        (false, false) => tokens.text,
    };
    let at = pos2(columns.text, y);
    let end = mono(painter, at, left, packet.name, name_ink, state_left - at.x).right();
    let summary = summary(line, packet);
    let at = pos2(end + 10.0, y);
    let ink = tokens.text_secondary;
    small(painter, at, left, &summary, ink, state_left - 6.0 - at.x);
    let tall = row_lines(*mask) > 2;
    let mut at = pos2(columns.text, y + points(LINE));
    let lines = row_lines(*mask);
    let written = packet.texts.iter().map(|field| field.text.chars().count() + 2).sum::<usize>();
    let written = f32::from(u16::try_from(written).unwrap_or(u16::MAX)) * columns.glyph;
    let crowded = written > columns.right - columns.text;
    for (index, field) in packet.texts.iter().enumerate() {
        let ink = role_ink(tokens, field.role);
        let ink = if dim { mix(tokens.canvas, ink, 0.85) } else { mix(ink, tokens.text, 0.25) };
        let room = columns.right - at.x;
        // What the first line says already is left out where there is little room.
        let said = index == 0 && field.role == FieldRole::Count;
        let characters = u16::try_from(field.text.chars().count()).unwrap_or(u16::MAX);
        let fits = f32::from(characters) * columns.glyph <= room;
        // A piece that does not fit is left to the tooltip, unless the line is all its own.
        if (said && (crowded || tall)) || !(fits || tall) {
            continue;
        }
        let painted = mono(painter, at, left, &field.text, ink, room);
        at = if tall && u32::try_from(index + 2).unwrap_or(u32::MAX) < lines {
            at + vec2(0.0, points(LINE))
        } else {
            pos2(painted.right() + 12.0, at.y)
        };
    }
    if tall {
        paint_values(painter, tokens, columns, at, y, painted);
    }
}

/// The fields of a record that its texts do not tell, below them.
fn paint_values(
    painter: &Painter,
    tokens: &Tokens,
    columns: &Columns,
    at: Pos2,
    first: f32,
    painted: &PaintedPacket<'_>,
) {
    let last = first + points(row_lines(painted.mask) - 1) * points(LINE);
    let mut y = at.y;
    for name in ["flags", "progress", "buffer size", "private data size", "context"] {
        let Some(field) = painted.packet.fields.iter().find(|field| field.name == name) else {
            continue;
        };
        if y > last + 1.0 {
            break;
        }
        let ink = tokens.text_faint;
        let at = pos2(columns.text, y);
        let end = small(painter, at, Align2::LEFT_CENTER, name, ink, 120.0).right();
        let value = format!("0x{:X}", field.value);
        let at = pos2(end.max(columns.text + 104.0) + 8.0, y);
        let ink = mix(role_ink(tokens, field.role), tokens.text, 0.25);
        mono(painter, at, Align2::LEFT_CENTER, &value, ink, columns.right - at.x);
        y += points(LINE);
    }
}

/// What a packet does, in words beside its name.
fn summary(line: &PacketLine, packet: &DecodedPacket) -> String {
    if packet.fault.is_some() {
        return String::new();
    }
    let counted = packet.texts.iter().find(|text| text.role == FieldRole::Count);
    let amount = counted.map_or_else(String::new, |text| text.text.clone());
    match packet.name {
        "COPY_PAGES" | "MAP_PAGES" => format!("{amount}, list page {}", count(line.first_unit)),
        _ => amount,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_show_the_lines_with_fields_and_one_gap() {
        // A transfer: fields up to byte 104 and the context at 296, which is line 18.
        let record = [0_u8; 304];
        let mask = line_mask(PacketFormat::Record { size: 304 }, &record);
        assert_eq!(mask, 0b111_1111 | 1 << 18);
        assert_eq!(row_lines(mask), 9);
        assert_eq!(line_mask(PacketFormat::Native, &[0; 32]), 0b11);
        assert_eq!(row_lines(0b11), 2);
    }

    #[test]
    fn rows_are_found_by_height() {
        let list = List { tops: vec![0, 20, 60, 100], masks: vec![0, 3, 3] };
        assert_eq!(list.visible(0.0, 100.0), 0..3);
        assert_eq!(list.visible(20.0, 60.0), 1..2);
        assert_eq!(list.visible(59.0, 61.0), 1..3);
        assert_eq!(list.at(-1.0), None);
        assert_eq!(list.at(99.0), Some(2));
        assert_eq!(list.at(101.0), None);
    }
}
