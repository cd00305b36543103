//! One packet painted: its bytes in the colours of their fields, and beside them what they say.

use egui::text::{LayoutJob, TextFormat};
use egui::{Align2, Color32, Painter, Pos2, Rect, pos2, vec2};

use super::Prepared;
use super::paint::{mono, small};
use super::rows::{
    ADDRESS, Columns, LINE, LINE_BYTES, LineMask, MOST_ADDRESSES, points, row_lines,
};
use crate::analysis::buffers::{AddressMark, PacketLine, PacketState};
use crate::analysis::explain::Words;
use crate::app::{Item, View};
use crate::base::text::count;
use crate::gpu::FieldRole;
use crate::kmd::DecodedPacket;
use crate::machine::Place;
use crate::ui::theme::{Tokens, mix, size, text};
use crate::ui::widgets::{Icon, dashed_rect, horizontal_line, outline, snap};

/// Which bytes a colour stands for.
pub(super) const ROLES: [(FieldRole, &str); 5] = [
    (FieldRole::Operation, "op"),
    (FieldRole::Count, "count"),
    (FieldRole::Source, "source"),
    (FieldRole::Destination, "destination"),
    (FieldRole::Token, "token"),
];

pub(super) fn role_ink(tokens: &Tokens, role: FieldRole) -> Color32 {
    match role {
        FieldRole::Operation => tokens.text,
        FieldRole::Count => tokens.warn,
        FieldRole::Source => tokens.ok,
        FieldRole::Destination => tokens.owners[3],
        FieldRole::Token => tokens.text_faint,
    }
}

/// Whether a packet stands out, and how much its colours are dimmed.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) selected: bool,
    pub(super) hovered: bool,
    /// Made from the command that is marked.
    pub(super) related: bool,
}

impl Look {
    pub(super) fn new(view: &View<'_>, line: &PacketLine) -> Self {
        let is_it = |item: Option<Item>| match (item, line.step) {
            (Some(Item::Step(place)), Some(step)) => place == step && is_packet(step),
            _ => false,
        };
        Self { selected: is_it(view.selected), hovered: is_it(view.hovered), related: false }
    }
}

fn is_packet(step: Place) -> bool {
    step.inner.is_some_and(|inner| inner.packet.is_some())
}

/// A packet about to be painted.
pub(super) struct PaintedPacket<'a> {
    pub(super) line: &'a PacketLine,
    pub(super) packet: &'a DecodedPacket,
    pub(super) mask: LineMask,
    pub(super) look: Look,
    /// Where addresses belong in it.
    pub(super) addresses: &'a [AddressMark],
}

pub(super) fn paint_packet(
    painter: &Painter,
    tokens: &Tokens,
    columns: &Columns,
    rect: Rect,
    prepared: &Prepared,
    painted: &PaintedPacket<'_>,
) {
    let PaintedPacket { line, packet, mask, look, addresses } = painted;
    let frame = Rect::from_min_max(
        pos2(columns.left - 6.0, rect.top()),
        pos2(columns.right + 6.0, rect.bottom() - 1.0),
    );
    let frame = snap(painter, frame);
    let next = line.state == PacketState::Next;
    if next || look.selected {
        painter.rect_filled(frame, size::RADIUS, mix(tokens.canvas, tokens.accent_ground, 0.85));
        outline(painter, frame, size::RADIUS, 1.0, tokens.accent);
    } else if look.hovered || look.related {
        let ground = if look.hovered {
            tokens.hover_ground(tokens.canvas)
        } else {
            tokens.related_ground(tokens.canvas)
        };
        painter.rect_filled(frame, size::RADIUS, ground);
    }
    if look.related {
        let edge = Rect::from_min_size(frame.min, vec2(3.0, frame.height()));
        painter.rect_filled(snap(painter, edge), 0.0, tokens.accent);
    }
    let told = u32::try_from(addresses.len().min(MOST_ADDRESSES)).unwrap_or(0);
    let rect = rect.with_max_y(rect.bottom() - points(told * ADDRESS));
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
        paint_addresses(painter, tokens, columns, y, line.range.start + start, addresses);
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

/// The ground of the bytes of a line that are addresses: filled once they are patched, dashed before.
fn paint_addresses(
    painter: &Painter,
    tokens: &Tokens,
    columns: &Columns,
    y: f32,
    start: usize,
    addresses: &[AddressMark],
) {
    for mark in addresses.iter().filter(|mark| mark.allocation.is_some()) {
        let Some(first) = mark.offset.checked_sub(start).filter(|first| first + 8 <= LINE_BYTES)
        else {
            continue;
        };
        let right = columns.byte(first + 7) + 2.0 * columns.glyph + 2.0;
        let place =
            Rect::from_min_max(pos2(columns.byte(first) - 2.0, y - 8.0), pos2(right, y + 8.0));
        if mark.patched {
            let ground = mix(tokens.canvas, patched_ink(tokens), 0.24);
            painter.rect_filled(snap(painter, place), 0.0, ground);
        } else {
            dashed_rect(painter, place, patched_ink(tokens));
        }
    }
}

/// The colour of addresses that patching writes.
pub(super) fn patched_ink(tokens: &Tokens) -> Color32 {
    tokens.moved_in
}

/// What stood where addresses belong and what stands there now, below their packet.
pub(super) fn paint_address_lines(
    painter: &Painter,
    tokens: &Tokens,
    columns: &Columns,
    rect: Rect,
    addresses: &[AddressMark],
    words: Words<'_>,
) {
    let told = addresses.len().min(MOST_ADDRESSES);
    let lines = u32::try_from(told).unwrap_or(0);
    let mut y = rect.bottom() - points(lines * ADDRESS) + points(ADDRESS) / 2.0 - 3.0;
    let left = Align2::LEFT_CENTER;
    for (index, mark) in addresses.iter().take(told).enumerate() {
        let hidden = addresses.len() - told;
        if index + 1 == told && hidden > 0 {
            let said = format!("and {} more", hidden + 1);
            small(painter, pos2(columns.bytes, y), left, &said, tokens.text_faint, 200.0);
            break;
        }
        let ink = if mark.patched { patched_ink(tokens) } else { tokens.text_faint };
        let icon = if mark.patched { Icon::Diamond } else { Icon::Circle };
        icon.paint(painter, pos2(columns.bytes - 10.0, y), 8.0, ink);
        let ink = if mark.patched { mix(ink, tokens.text, 0.25) } else { tokens.text_secondary };
        let at = pos2(columns.bytes, y);
        let room = columns.right - columns.bytes;
        let said = mark.change_text(words);
        let end = mono(painter, at, left, &said, ink, room).right() + 12.0;
        let bound = mark.bound_text(words);
        if columns.right - end > 40.0 {
            let at = pos2(end, y);
            small(painter, at, left, &bound, tokens.text_secondary, columns.right - end);
        }
        y += points(ADDRESS);
    }
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
    // Where there is little room the sign says it alone.
    let word_left = if columns.right - columns.text < 150.0 {
        columns.right + 2.0
    } else {
        small(painter, at, right, line.state.name(), word_ink, 60.0).left()
    };
    let state_left = word_left - 16.0;
    icon.paint(painter, pos2(word_left - 9.0, y), 9.0, ink);
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
