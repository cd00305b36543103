//! Where rows, columns and bytes of the table lie, and how numbers become shares of a bar.
//!
//! Knows no colours and paints nothing.

use egui::{FontId, Rect, Ui};

use crate::analysis::hexview::ROW;
use crate::base::text;
use crate::ui::theme::{self, size};

/// Height of a line.
pub(super) const ROW_HEIGHT: f32 = 18.0;
/// Height of the controls above the lines.
pub(super) const TOOLS: f32 = 34.0;
/// Width of the scroll bar.
pub(super) const BAR: f32 = 12.0;
/// Panels wider than this show two rows of 16 bytes in a line.
const WIDE: f32 = 1100.0;
/// The same where what must be there stands beside what is.
const WIDE_WITH_EXPECTED: f32 = 1860.0;
/// Bytes of a row.
const ROW_BYTES: usize = 16;

/// Measures of the columns.
pub(super) struct Columns {
    pub(super) font: FontId,
    pub(super) glyph: f32,
    /// Rows of 16 bytes beside each other in a line: 1 or 2.
    pub(super) parts: u16,
    pub(super) offset: f32,
    pub(super) bytes: f32,
    /// Left edge of what must be there, where it is shown.
    pub(super) expected: Option<f32>,
    pub(super) ascii: Option<f32>,
    pub(super) owner: f32,
    pub(super) right: f32,
    pub(super) digits: usize,
}

impl Columns {
    /// Columns for a source of `end` bytes, with what must be there if `expected`.
    pub(super) fn new(ui: &Ui, area: Rect, end: u64, expected: bool) -> Self {
        let font = theme::text::mono();
        let glyph = ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0'));
        let digits = text::hex(end.saturating_sub(1)).len();
        let parts = parts_in(area.width(), expected);
        // Two digits and a space for each byte, and a gap after every eight.
        let characters = 16 * parts * 3 - 1 + 2 * parts - 1;
        let wide = f32::from(characters) * glyph;
        let offset = area.left() + size::PANEL_INSET;
        let bytes = offset + f32::from(u16::try_from(digits).unwrap_or(20)) * glyph + 16.0;
        let right = area.right() - BAR - 8.0;
        let mut next = bytes + wide + 14.0;
        let mut take = |wanted: bool, width: f32| {
            let fits = wanted && next + width + 70.0 < right;
            let at = fits.then_some(next);
            next += if fits { width + 14.0 } else { 0.0 };
            at
        };
        let expected = take(expected, wide);
        let ascii = take(true, f32::from(16 * parts) * glyph);
        Self { font, glyph, parts, offset, bytes, expected, ascii, owner: next, right, digits }
    }

    /// Bytes of a line.
    fn line_bytes(&self) -> usize {
        ROW_BYTES * usize::from(self.parts)
    }

    /// Left edge of a byte of a line whose bytes begin at `from`.
    pub(super) fn byte(&self, from: f32, index: usize) -> f32 {
        let characters = u16::try_from(index * 3 + index / 8).unwrap_or(0);
        from + f32::from(characters) * self.glyph
    }

    /// Left edge of row `part` of a line, among bytes that begin at `from`.
    pub(super) fn part(&self, from: f32, part: usize) -> f32 {
        self.byte(from, part * ROW_BYTES)
    }

    /// The byte of a line at a horizontal position: its row, and its place there.
    pub(super) fn at(&self, x: f32) -> Option<(usize, usize)> {
        let from = |from: f32| {
            (0..self.line_bytes()).find(|index| {
                let left = self.byte(from, *index);
                (left..left + 3.0 * self.glyph).contains(&x)
            })
        };
        let character = |from: f32| {
            (0_u16..16 * self.parts).find(|index| {
                let left = from + f32::from(*index) * self.glyph;
                (left..left + self.glyph).contains(&x)
            })
        };
        let shown = from(self.bytes).or_else(|| self.expected.and_then(from));
        let index = shown.or_else(|| self.ascii.and_then(character).map(usize::from))?;
        Some((index / ROW_BYTES, index % ROW_BYTES))
    }
}

/// How many rows of 16 bytes stand beside each other in a panel of `width` points.
pub(super) fn parts_in(width: f32, expected: bool) -> u16 {
    let least = if expected { WIDE_WITH_EXPECTED } else { WIDE };
    if width > least { 2 } else { 1 }
}

/// How far the table reaches, counted in rows of 16 bytes.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    /// All rows.
    pub(super) total: u64,
    /// Rows of a line.
    pub(super) step: u64,
    /// Lines in view.
    pub(super) lines: usize,
    /// The first row in view once the end is.
    pub(super) last_top: u64,
}

impl Extent {
    /// For a source of `length` bytes in lines of `parts` rows, in a body of `height` points.
    pub(super) fn new(length: u64, parts: u16, height: f32) -> Self {
        let step = u64::from(parts.max(1));
        let lines = rows_in(height);
        let all = length.div_ceil(ROW.saturating_mul(step));
        let last = all.saturating_sub(u64::try_from(lines).unwrap_or(0));
        let total = all.saturating_mul(step);
        Self { total, step, lines, last_top: last.saturating_mul(step) }
    }

    /// The first row in view nearest to `top` that begins a line.
    pub(super) fn bounded(&self, top: u64) -> u64 {
        let top = top.min(self.last_top);
        top - top % self.step
    }

    /// Rows in view.
    pub(super) fn visible(&self) -> u64 {
        u64::try_from(self.lines).unwrap_or(0).saturating_mul(self.step)
    }
}

/// Whole lines in a body of `height` points.
pub(super) fn rows_in(height: f32) -> usize {
    // Between nothing and a few hundred rows on any screen.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let rows = ((height - 4.0) / ROW_HEIGHT).floor().clamp(0.0, 4096.0) as usize;
    rows
}

/// `share` (0 to 1) of `whole`.
pub(super) fn part_of(whole: u64, share: f32) -> u64 {
    // A dragged bar cannot be more exact than a pixel of it.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let part = (whole as f64 * f64::from(share.clamp(0.0, 1.0))).round() as u64;
    part.min(whole)
}

pub(super) fn share_of(part: u64, whole: u64) -> f32 {
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    let share = (part as f64 / whole.max(1) as f64) as f32;
    share.clamp(0.0, 1.0)
}

/// An offset with as many digits as the last one has, which is `length` characters as text.
pub(super) fn padded(offset: u64, length: usize) -> String {
    let mut written = text::hex(offset);
    while written.len() + 5 <= length {
        written.insert_str(2, "0000_");
    }
    written
}
