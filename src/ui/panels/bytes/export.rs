//! The bytes that are shown, for other programs.

use super::BytesState;
use crate::analysis::export::{BYTE_COLUMNS, Cell, byte_cells, plain_hex};
use crate::analysis::hexview::{Backing, ByteSource, ROW, describe, rows, size_of};
use crate::app::View;
use crate::ui::panels::export::Source;

/// Bytes that are exported at most, from the first row shown on: a source may have gigabytes.
const MOST: u64 = 1 << 20;
/// Rows that are read at once.
const ROWS: usize = 256;

impl BytesState {
    /// The source that is shown, the first byte that is exported and the one after the last.
    fn range(&self, view: &View<'_>) -> Option<(ByteSource, u64, u64)> {
        let source = self.source?;
        let size = size_of(view.started?, source)?;
        let first = if size <= MOST { 0 } else { self.top.saturating_mul(ROW).min(size) };
        Some((source, first, first.saturating_add(MOST).min(size)))
    }

    /// The rows of the source: all of them where it is no larger than 1 MiB, else as much from the
    /// first row shown on.
    pub(crate) fn source(&self, view: &View<'_>) -> Source {
        let (Some((source, first, end)), Some(started)) = (self.range(view), view.started) else {
            return Source::of(&BYTE_COLUMNS, Vec::new());
        };
        let count = usize::try_from((end - first).div_ceil(ROW)).unwrap_or(0);
        let mut read = (usize::MAX, Vec::new());
        let make = move |view: &View<'_>, index: usize| {
            let part = index / ROWS;
            if read.0 != part {
                let at = u64::try_from(part.saturating_mul(ROWS)).ok()?.saturating_mul(ROW);
                read = (part, rows(view.started?, source, first.saturating_add(at), ROWS));
            }
            Some(byte_cells(read.1.get(index % ROWS)?, view.names))
        };
        Source::new(&BYTE_COLUMNS, count, make)
            .note("source", Cell::Text(describe(started, view.names, source)))
            .note("first_byte", Cell::Text(plain_hex(first)))
            .note("length_bytes", Cell::Number(end - first))
    }

    /// The same bytes as they are; zeros where nothing stands behind them.
    pub(crate) fn raw(&self, view: &View<'_>) -> Vec<u8> {
        let (Some((source, first, end)), Some(started)) = (self.range(view), view.started) else {
            return Vec::new();
        };
        let count = usize::try_from((end - first).div_ceil(ROW)).unwrap_or(0);
        let mut bytes = Vec::with_capacity(count.saturating_mul(16));
        for row in rows(started, source, first, count) {
            let own = row.bytes.get(..row.len).unwrap_or_default();
            if row.backing == Backing::Nowhere {
                bytes.resize(bytes.len() + own.len(), 0);
            } else {
                bytes.extend_from_slice(own);
            }
        }
        bytes
    }
}
