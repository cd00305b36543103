//! The commands of a command buffer: their bytes, what they say, and how far their packets are.
//!
//! One canvas of rows of one height: only those in view are decoded and painted.

use egui::{
    Align2, Color32, CursorIcon, Key, Painter, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2,
};

use super::paint::{mono, small};
use super::work::WorkView;
use super::{BuffersState, Prepared};
use crate::analysis::buffers::{CommandHeld, PacketState, Row};
use crate::app::{Action, Item, View};
use crate::base::text::{counted, hex};
use crate::gpu::Packet;
use crate::ui::theme::{Tokens, mix, size, text, tokens, tokens_of_context};
use crate::ui::widgets::{Icon, empty_state, focus_ring, horizontal_line, outline, snap};
use crate::umd::{CommandRole, DecodedCommand, decode_commands};

/// Height of a command: its name, three lines of bytes, and what it says.
const ROW: f32 = 88.0;
/// Height of a line of bytes.
const LINE: f32 = 15.0;
/// What is said of a command without packets in the DMA buffer shown.
const NO_PACKET: &str = "no packet";
/// Bytes of a line.
const LINE_BYTES: usize = 16;

fn role_ink(tokens: &Tokens, role: CommandRole) -> Color32 {
    match role {
        CommandRole::Operation => tokens.text,
        CommandRole::Count => tokens.warn,
        CommandRole::Source => tokens.ok,
        CommandRole::Destination => tokens.owners[3],
    }
}

/// The header above the commands.
pub(super) fn header_ui(ui: &Ui, column: Rect, work: &WorkView) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    let bar =
        snap(painter, Rect::from_min_size(column.min, vec2(column.width(), size::PANEL_HEADER)));
    painter.rect_filled(bar, 0.0, tokens.bar);
    horizontal_line(painter, bar.left(), bar.right(), bar.bottom() - 1.0, tokens.separator);
    let at = bar.left_center() + vec2(size::PANEL_INSET, 0.0);
    let left = Align2::LEFT_CENTER;
    let title = "Command buffer";
    let end = text::paint(painter, at, left, title, size::TEXT_BODY, tokens.text).right();
    let count = u64::try_from(work.list.len()).unwrap_or(u64::MAX);
    let note = match work.list.held {
        CommandHeld::Here => counted(count, "command"),
        _ => String::new(),
    };
    let at = pos2(end + 10.0, at.y);
    small(painter, at, left, &note, tokens.text_faint, bar.right() - 8.0 - at.x);
}

/// Why there are no commands to show.
pub(super) fn why_empty(held: CommandHeld) -> (&'static str, &'static str) {
    match held {
        CommandHeld::Ahead => (
            "The command buffer is rendered after this place",
            "Step forward: its pages may still hold an earlier one.",
        ),
        CommandHeld::Here => {
            ("The command buffer is empty", "The user-mode driver wrote no command.")
        }
        CommandHeld::Overwritten => (
            "The command buffer is gone: the device rendered since",
            "Step back to the operations of this submission.",
        ),
        CommandHeld::Unknown => (
            "An earlier command rendered this buffer",
            "It is only patched and submitted again here, after a preemption. Its commands are shown \
             at the step that submitted them first.",
        ),
    }
}

/// Rows in view of `count`, when `offset` points are scrolled away and `height` are seen.
fn in_view(count: usize, offset: f32, height: f32) -> std::ops::Range<usize> {
    // Between 0 and the count by the clamps; a part of a row counts as a whole one.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let number = |points: f32| (points / ROW).max(0.0) as usize;
    let first = number(offset).min(count);
    first..number(offset + height).saturating_add(1).min(count)
}

/// Where a row begins, from the first.
fn top_of(row: usize) -> f32 {
    // What the conversion loses past 16 million points is less than a row.
    #[expect(clippy::cast_precision_loss)]
    let row = row as f32;
    row * ROW
}

/// The rows.
pub(super) fn list_ui(
    ui: &mut Ui,
    area: Rect,
    view: &View<'_>,
    prepared: &Prepared,
    work: &WorkView,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    if work.list.is_empty() {
        let (title, hint) = why_empty(work.list.held);
        ui.scope_builder(egui::UiBuilder::new().max_rect(area), |ui| empty_state(ui, title, hint));
        return;
    }
    let marked = super::work::marked(view, prepared, work, state);
    let count = work.list.len();
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(area).id_salt("commands"));
    let mut scroll = egui::ScrollArea::vertical().auto_shrink([false, false]);
    if let Some(group) = state.reveal_group.take() {
        let top = top_of(work.list.commands_of(group).start);
        scroll = scroll.vertical_scroll_offset((top - area.height() * 0.3).max(0.0));
    }
    scroll.show_viewport(&mut child, |ui, visible| {
        let (space, response) = ui
            .allocate_exact_size(vec2(ui.available_width(), top_of(count) + 16.0), Sense::click());
        response.widget_info(|| {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            let label = format!("Command buffer: {}", counted(count, "command"));
            WidgetInfo::labeled(Role::List, true, label)
        });
        let painter = ui.painter().with_clip_rect(area.intersect(ui.clip_rect()));
        let top = space.top() + 6.0;
        let pointed = response.hover_pos().map(|at| at.y - top).filter(|y| *y >= 0.0);
        let pointed = pointed.map(|y| in_view(count, y, 0.0).start).filter(|row| *row < count);
        for row in in_view(count, visible.top() - 6.0, visible.height()) {
            let rect =
                Rect::from_min_size(pos2(area.left(), top + top_of(row)), vec2(area.width(), ROW));
            let is_marked = marked == Some(work.list.group_of(row));
            paint_row(&painter, rect, row, prepared, work, (is_marked, pointed == Some(row)));
        }
        focus_ring(ui, &response, area.shrink(1.0), 0.0);
        if let Some(row) = pointed {
            ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
            let line = work.first_line(work.list.group_of(row));
            let step = line.and_then(|line| prepared.lines.get(line)?.step);
            actions.extend(step.map(|step| Action::Hover(Some(Item::Step(step)))));
            if response.clicked() {
                response.request_focus();
                mark(work.list.group_of(row), prepared, work, state, actions);
            }
            response.clone().on_hover_ui_at_pointer(|ui| tooltip(ui, view, prepared, work, row));
        }
        if response.has_focus() {
            keys(ui, marked, prepared, work, state, actions);
        }
    });
}

/// Up and down go from group to group.
fn keys(
    ui: &Ui,
    marked: Option<usize>,
    prepared: &Prepared,
    work: &WorkView,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    let (down, up) =
        ui.input(|input| (input.key_pressed(Key::ArrowDown), input.key_pressed(Key::ArrowUp)));
    let last = work.list.groups().saturating_sub(1);
    let group = match (marked, down, up) {
        (None, true, _) | (None, _, true) => Some(0),
        (Some(group), true, _) => Some((group + 1).min(last)),
        (Some(group), _, true) => Some(group.saturating_sub(1)),
        _ => None,
    };
    if let Some(group) = group {
        state.reveal_group = Some(group);
        mark(group, prepared, work, state, actions);
    }
}

/// Marks a group and selects its first packet, which comes into view.
fn mark(
    group: usize,
    prepared: &Prepared,
    work: &WorkView,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    state.group = Some(group);
    let Some(line) = work.first_line(group) else { return };
    state.reveal = prepared.rows.iter().position(|row| match row {
        Row::Packet(index) => *index == line,
        Row::Fold { lines, .. } => lines.contains(&line),
        _ => false,
    });
    let step = prepared.lines.get(line).and_then(|line| line.step);
    state.group_of_step = step.map(|step| (step, Some(group)));
    actions.extend(step.map(|step| Action::Select(Some(Item::Step(step)))));
}

fn decoded(work: &WorkView, row: usize) -> Option<(&[u8], DecodedCommand)> {
    let bytes = work.list.bytes.get(work.list.range(row))?;
    Some((bytes, decode_commands(bytes).into_iter().next()?))
}

fn tooltip(ui: &mut Ui, view: &View<'_>, prepared: &Prepared, work: &WorkView, row: usize) {
    let Some((_, command)) = decoded(work, row) else { return };
    let at = hex(u64::try_from(work.list.range(row).start).unwrap_or(u64::MAX));
    let ink = ui.visuals().text_color();
    ui.label(text::mixed_job(&format!("{} at +{at}", command.name), size::TEXT_BODY, ink));
    egui::Grid::new("fields").spacing(vec2(16.0, 2.0)).show(ui, |ui| {
        for field in &command.fields {
            ui.weak(field.name);
            let width = field.range.len() * 2;
            ui.monospace(format!("0x{:0width$X}", field.value));
            let entry = field.name.ends_with("entry").then_some(field.value);
            let entry = entry.and_then(|entry| work.rows.get(usize::try_from(entry).ok()?));
            ui.weak(entry.map_or("", |entry| view.names.allocation(entry.allocation)));
            ui.end_row();
        }
    });
    let group = work.list.group_of(row);
    ui.weak(match work.list.packets_of(group) {
        Some(packets) => {
            let count = u64::from((packets.end - packets.start) / Packet::SIZE);
            let (start, end) = (hex(packets.start.into()), hex(packets.end.into()));
            let serial = prepared.card().map_or(0, |card| card.serial);
            let packets = counted(count, "packet");
            format!("Became {packets} of buffer {serial}, +{start} to +{end}. Click marks them.")
        }
        None if work.work.passes.len() > 1 => "Its packets are in another DMA buffer.".to_owned(),
        None => "Became no packet.".to_owned(),
    });
}

fn paint_row(
    painter: &Painter,
    rect: Rect,
    row: usize,
    prepared: &Prepared,
    work: &WorkView,
    (marked, hovered): (bool, bool),
) {
    let tokens = tokens_of_context(painter.ctx());
    let Some((bytes, command)) = decoded(work, row) else { return };
    let frame = snap(painter, rect.shrink2(vec2(6.0, 0.0)).with_max_y(rect.bottom() - 2.0));
    if marked {
        painter.rect_filled(frame, size::RADIUS, mix(tokens.canvas, tokens.accent_ground, 0.85));
        outline(painter, frame, size::RADIUS, 1.0, tokens.accent);
    } else if hovered {
        painter.rect_filled(frame, size::RADIUS, tokens.hover_ground(tokens.canvas));
    }
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let inside = rect.shrink2(vec2(size::PANEL_INSET, 0.0));
    let mut y = rect.top() + 11.0;
    let group = work.list.group_of(row);
    let (icon, word, ink) = state_look(tokens, work.state_of(group, prepared));
    let several = work.work.passes.len() > 1;
    let word = if word == NO_PACKET && several { "other pass" } else { word };
    let place = small(painter, pos2(inside.right(), y), right, word, tokens.text_faint, 70.0);
    icon.paint(painter, pos2(place.left() - 9.0, y), 9.0, ink);
    let room = place.left() - 18.0;
    let glyph = glyph(painter);
    let start = work.list.range(row).start;
    let at = |line: usize, y: f32| {
        let digits = format!("{:04X}", start + line * LINE_BYTES);
        mono(painter, pos2(inside.left(), y), left, &digits, tokens.text_faint, 60.0);
    };
    let text_left = inside.left() + 5.0 * glyph + 6.0;
    let ink = if command.bad.is_some() { tokens.error } else { tokens.text };
    // Accesses stand under their draw.
    let is_first = work.list.commands_of(group).start == row;
    let name = if is_first { command.name.to_owned() } else { format!("› {}", command.name) };
    let name = mono(painter, pos2(text_left, y), left, &name, ink, room - text_left);
    let count = command.texts.iter().find(|text| text.role == CommandRole::Count);
    let amount = count.map_or("", |text| text.text.as_str());
    let x = name.right() + 10.0;
    small(painter, pos2(x, y), left, amount, tokens.text_secondary, room - x);
    y += 18.0;
    for (line, part) in bytes.chunks(LINE_BYTES).enumerate() {
        at(line, y);
        paint_bytes(painter, tokens, pos2(text_left, y), line * LINE_BYTES, part, &command);
        y += LINE;
    }
    // The first amount stands beside the name already.
    let said = command.texts.iter().position(|text| text.role == CommandRole::Count);
    let texts = command.texts.iter().enumerate().filter(|(index, _)| Some(*index) != said);
    let mut x = text_left;
    let y = rect.top() + 11.0 + 18.0 + 3.0 * LINE;
    for (_, said) in texts {
        let ink = mix(role_ink(tokens, said.role), tokens.text, 0.25);
        if inside.right() - x < 24.0 {
            break;
        }
        x = mono(painter, pos2(x, y), left, &said.text, ink, inside.right() - x).right() + 10.0;
    }
}

fn glyph(painter: &Painter) -> f32 {
    painter.ctx().fonts_mut(|fonts| fonts.glyph_width(&text::mono(), '0'))
}

fn state_look(tokens: &Tokens, state: Option<PacketState>) -> (Icon, &'static str, Color32) {
    match state {
        None => (Icon::Dash, NO_PACKET, tokens.text_faint),
        Some(PacketState::Done) => (Icon::Check, "done", tokens.ok),
        Some(PacketState::Next) => (Icon::TriangleRight, "next", tokens.accent),
        Some(PacketState::Waiting) => (Icon::Circle, "waiting", tokens.text_faint),
        Some(PacketState::Faulted) => (Icon::Cross, "faulted", tokens.error),
        Some(PacketState::Skipped) => (Icon::Dash, "skipped", tokens.warn),
    }
}

/// Four bytes stand together; each field has its colour and a stroke.
fn paint_bytes(
    painter: &Painter,
    tokens: &Tokens,
    at: egui::Pos2,
    start: usize,
    bytes: &[u8],
    command: &DecodedCommand,
) {
    use egui::text::{LayoutJob, TextFormat};
    let ink_of = |index: usize| {
        let field = command.fields.iter().find(|field| field.range.contains(&(start + index)))?;
        Some(role_ink(tokens, field.role))
    };
    let mut job = LayoutJob::default();
    job.wrap.max_width = f32::INFINITY;
    for (index, byte) in bytes.iter().enumerate() {
        let ink = ink_of(index).map_or_else(
            || mix(tokens.canvas, tokens.text_faint, 0.6),
            |ink| mix(ink, tokens.text, 0.25),
        );
        let gap = if index > 0 && index.is_multiple_of(4) { " " } else { "" };
        let word = format!("{gap}{byte:02X}");
        job.append(&word, 0.0, TextFormat::simple(text::mono(), ink));
    }
    let galley = painter.layout_job(job);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, tokens.text);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows are 88 points high.
    #[test]
    fn only_rows_in_view_are_painted() {
        assert_eq!(in_view(5, 0.0, 200.0), 0..3);
        assert_eq!(in_view(5, 88.0, 88.0), 1..3);
        assert_eq!(in_view(5, 400.0, 200.0), 4..5);
        assert_eq!(in_view(0, 0.0, 200.0), 0..0);
        let far = in_view(1_600_000, 88.0 * 1_000_000.0, 300.0);
        assert!(far.len() <= 5 && far.contains(&1_000_000));
        assert_eq!(in_view(5, -10.0, 50.0), 0..1);
    }
}
