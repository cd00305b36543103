//! Lines of bytes painted: offset, bytes, what must be there, characters, and whose they are.

use egui::text::{LayoutJob, TextFormat};
use egui::{Align2, Color32, Painter, Rect, pos2};

use super::Window;
use super::layout::{Columns, ROW_HEIGHT, padded};
use crate::analysis::hexview::{Backing, HexRow, ROW};
use crate::app::View;
use crate::ui::theme::{self, OwnerPalette, Tokens, mix, size};
use crate::ui::widgets::{elide, hatch, horizontal_line, snap};

/// Who the rows belong to: a strip in the owner's colour and a name where it begins.
pub(super) fn paint_owners(
    painter: &Painter,
    columns: &Columns,
    body: Rect,
    view: &View<'_>,
    palette: &OwnerPalette,
    window: &Window,
    top: u64,
) {
    let tokens = theme::tokens_of_context(painter.ctx());
    let row_top = |offset: u64| {
        let line = (offset / ROW).saturating_sub(top) / u64::from(columns.parts);
        body.top() + 2.0 + f32::from(u16::try_from(line).unwrap_or(u16::MAX)) * ROW_HEIGHT
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

/// A line: one row of 16 bytes, or two beside each other.
pub(super) fn paint_line(
    painter: &Painter,
    columns: &Columns,
    body: Rect,
    y: f32,
    rows: &[HexRow],
    marked: Option<u64>,
) {
    let tokens = theme::tokens_of_context(painter.ctx());
    let Some(first) = rows.first() else { return };
    let is_marked = |row: &HexRow| marked.is_some_and(|at| at / ROW == row.offset / ROW);
    if rows.iter().any(is_marked) {
        let ground = Rect::from_min_max(
            pos2(body.left(), y - ROW_HEIGHT / 2.0),
            pos2(columns.owner - 6.0, y + ROW_HEIGHT / 2.0),
        );
        painter.rect_filled(snap(painter, ground), 0.0, tokens.related_ground(tokens.canvas));
    }
    let written = padded(first.offset, columns.digits);
    mono(painter, columns, columns.offset, y, written);
    for (part, row) in rows.iter().enumerate() {
        paint_row(painter, columns, y, part, row);
        let index = marked.filter(|_| is_marked(row)).map(|at| usize::try_from(at % ROW));
        if let Some(Ok(index)) = index.filter(|_| row.backing != Backing::Nowhere) {
            let x = columns.byte(columns.part(columns.bytes, part), index);
            horizontal_line(painter, x, x + 2.0 * columns.glyph, y + 7.0, tokens.accent);
        }
    }
}

/// Paints faint text in the font of the bytes.
fn mono(painter: &Painter, columns: &Columns, x: f32, y: f32, said: String) {
    let ink = theme::tokens_of_context(painter.ctx()).text_faint;
    let galley = painter.layout_no_wrap(said, columns.font.clone(), ink);
    theme::text::paint_galley(painter, pos2(x, y), Align2::LEFT_CENTER, galley, ink);
}

/// Row `part` of a line: bytes, what must be there, characters.
fn paint_row(painter: &Painter, columns: &Columns, y: f32, part: usize, row: &HexRow) {
    let tokens = theme::tokens_of_context(painter.ctx());
    let left = Align2::LEFT_CENTER;
    let bytes = columns.part(columns.bytes, part);
    let wanted = columns.expected.map(|from| columns.part(from, part));
    let said = |x: f32, said: &str, ink: Color32, width: f32| {
        let galley = elide(painter, said, size::TEXT_SMALL, ink, width);
        theme::text::paint_galley(painter, pos2(x, y), left, galley, ink);
    };
    if row.backing == Backing::Nowhere {
        said(bytes, "points nowhere: a read faults", tokens.error, 48.0 * columns.glyph);
        return;
    }
    for index in (0..row.len).filter(|index| row.is_wrong(*index)) {
        for from in [Some(bytes), wanted].into_iter().flatten() {
            let x = columns.byte(from, index);
            let ground = Rect::from_min_max(
                pos2(x - 2.0, y - 8.0),
                pos2(x + 2.0 * columns.glyph + 2.0, y + 8.0),
            );
            painter.rect_filled(snap(painter, ground), 2.0, tokens.error_ground(tokens.canvas));
        }
    }
    let galley = painter.layout_job(bytes_job(tokens, columns, row, &row.bytes));
    theme::text::paint_galley(painter, pos2(bytes, y), left, galley, tokens.text);
    match (wanted, &row.expected) {
        (Some(x), Some(expected)) => {
            let galley = painter.layout_job(bytes_job(tokens, columns, row, expected));
            theme::text::paint_galley(painter, pos2(x, y), left, galley, tokens.text);
        }
        (Some(x), None) => said(x, "not known", tokens.text_faint, 120.0),
        (None, _) => {}
    }
    if let Some(from) = columns.ascii {
        let shown = row.bytes.iter().take(row.len).map(|byte| match byte {
            0x20..=0x7E => char::from(*byte),
            _ => '·',
        });
        let before = f32::from(u16::try_from(16 * part).unwrap_or(0)) * columns.glyph;
        mono(painter, columns, from + before, y, shown.collect());
    }
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
