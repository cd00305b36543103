//! Where the rows of the packets lie: heights, lines of bytes that say something, columns.
//!
//! Knows no colours and paints nothing.

use std::ops::Range;

use egui::{FontId, Rect, Ui};

use crate::analysis::buffers::{Card, PacketLine, Row};
use crate::gpu::PacketFormat;
use crate::ui::theme::{size, text};

/// Height of a line of 16 bytes.
pub(super) const LINE: u32 = 18;
/// Height around the lines of a packet.
pub(super) const PACKET_PAD: u32 = 4;
/// Height of a line between packets.
pub(super) const DIVIDER: u32 = 20;
/// Height of a fold, and of the part that is not written.
pub(super) const FOLD: u32 = 28;
/// Height of a patched address below its packet.
pub(super) const ADDRESS: u32 = 16;
/// Addresses told below a packet at most.
pub(super) const MOST_ADDRESSES: usize = 4;
/// Bytes of a line.
pub(super) const LINE_BYTES: usize = 16;

/// Lines of the bytes of one packet that are shown: a bit for each.
pub(super) type LineMask = u32;

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
        addresses: impl Fn(&PacketLine) -> usize,
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
                Row::Packet(index) => {
                    let addresses = lines.get(*index).map_or(0, &addresses).min(MOST_ADDRESSES);
                    let addresses = u32::try_from(addresses).unwrap_or(0) * ADDRESS;
                    row_lines(mask) * LINE + PACKET_PAD + addresses
                }
                Row::Begins(_) | Row::Ends(_) | Row::Split(_) => DIVIDER,
                Row::Fold { .. } | Row::NotWritten(_) => FOLD,
            };
            top = top.saturating_add(height);
            list.tops.push(top);
            list.masks.push(mask);
        }
        list
    }

    /// Height of all rows, in points.
    pub(super) fn height(&self) -> u32 {
        self.tops.last().copied().unwrap_or(0)
    }

    /// Where a row begins and ends, in points.
    pub(super) fn span(&self, row: usize) -> Option<(u32, u32)> {
        Some((*self.tops.get(row)?, *self.tops.get(row + 1)?))
    }

    /// The lines of bytes shown of a row.
    pub(super) fn mask(&self, row: usize) -> LineMask {
        self.masks.get(row).copied().unwrap_or(0)
    }

    /// The rows that touch a range of points.
    pub(super) fn visible(&self, from: f32, to: f32) -> Range<usize> {
        let first = self.tops.partition_point(|top| points(*top) <= from).saturating_sub(1);
        let last = self.tops.partition_point(|top| points(*top) < to);
        first..last.min(self.masks.len())
    }

    /// The row at a height.
    pub(super) fn at(&self, y: f32) -> Option<usize> {
        let range = self.visible(y, y + 0.1);
        (y >= 0.0 && !range.is_empty()).then_some(range.start)
    }
}

/// Points as egui counts them. Heights are even, so that f32 holds them up to 32 million.
pub(super) fn points(height: u32) -> f32 {
    #[expect(clippy::cast_precision_loss)]
    let points = height as f32;
    points
}

/// Lines of a packet that say something: those with fields, and padding that is not zero.
pub(super) fn line_mask(format: PacketFormat, packet: &[u8]) -> LineMask {
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
pub(super) fn row_lines(mask: LineMask) -> u32 {
    let gaps = (mask & !(mask << 1)).count_ones().saturating_sub(1);
    (mask.count_ones() + gaps).max(2)
}

/// Measures of the columns.
pub(super) struct Columns {
    /// Left edge.
    pub(super) left: f32,
    pub(super) right: f32,
    /// Width of a character of the bytes.
    pub(super) glyph: f32,
    pub(super) font: FontId,
    /// Bytes that stand together.
    pub(super) group: usize,
    /// Left edge of the bytes.
    pub(super) bytes: f32,
    /// Left edge of the text.
    pub(super) text: f32,
}

impl Columns {
    pub(super) fn new(ui: &Ui, area: Rect) -> Self {
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
    pub(super) fn before(&self, index: usize) -> usize {
        let half = usize::from(self.group == 1 && index >= LINE_BYTES / 2);
        index * 2 + index / self.group + half
    }

    /// Left edge of a byte of a line.
    pub(super) fn byte(&self, index: usize) -> f32 {
        let characters = u16::try_from(self.before(index)).unwrap_or(0);
        self.bytes + f32::from(characters) * self.glyph
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
