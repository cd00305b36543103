//! Where the columns of the table lie, and which rows are in sight.

use crate::ui::theme::size;
pub(super) use crate::ui::widgets::{ROW, offset_for, row_at, row_top, rows_in_sight};

/// Left edges of the columns, in points from the left edge of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Columns {
    pub(super) step: f32,
    pub(super) operation: f32,
    pub(super) what: f32,
    /// Where there is room for it.
    pub(super) reason: Option<f32>,
    pub(super) status: f32,
    /// Left edge of what times may take; they end at `right`.
    pub(super) time: f32,
    pub(super) right: f32,
    /// How far a row goes in for each level.
    pub(super) indent: f32,
    /// Width in which the amount moved is aligned right, before its route; in a narrow table it
    /// stands directly before it.
    pub(super) amount: Option<f32>,
}

/// Space between the text of a column and the next column.
pub(super) const GAP: f32 = 8.0;
/// Width for the amount moved where all columns have room.
const AMOUNT: f32 = 66.0;
/// Below this width there is no column of reasons; they are in the tooltip.
const ROOM_FOR_REASONS: f32 = 620.0;
/// The least width that the columns are laid out for.
const LEAST: f32 = 400.0;

/// The columns of a table `width` points wide. Where it is narrow, reasons go first.
pub(super) fn columns(width: f32) -> Columns {
    let width = width.max(LEAST);
    let inset = size::PANEL_INSET;
    let right = width - inset;
    if width < ROOM_FOR_REASONS {
        let (step, status, time) = (72.0, 72.0, 68.0);
        let rest = width - 2.0 * inset - step - status - time;
        let operation = (rest * 0.48).clamp(72.0, 124.0).round();
        return Columns {
            step: inset,
            operation: inset + step,
            what: inset + step + operation,
            reason: None,
            status: right - time - status,
            time: right - time,
            right,
            indent: 8.0,
            amount: None,
        };
    }
    let (step, status, time) = (if width < 800.0 { 84.0 } else { 92.0 }, 88.0, 68.0);
    let rest = width - 2.0 * inset - step - status - time;
    let operation = (rest * 0.25).clamp(120.0, 172.0);
    let what = ((rest - operation) * 0.56).round();
    let operation = operation.round();
    Columns {
        step: inset,
        operation: inset + step,
        what: inset + step + operation,
        reason: Some(inset + step + operation + what),
        status: right - time - status,
        time: right - time,
        right,
        indent: 12.0,
        amount: Some(AMOUNT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_follow_each_other_at_every_width() {
        for width in [300.0, 400.0, 452.0, 560.0, 619.0, 620.0, 704.0, 864.0, 1_200.0, 3_000.0] {
            let columns = columns(width);
            let Columns { step, operation, what, reason, status, time, right, .. } = columns;
            let edges = [Some(step), Some(operation), Some(what), reason, Some(status), Some(time)];
            let edges: Vec<f32> = edges.into_iter().flatten().chain([right]).collect();
            for pair in edges.windows(2) {
                assert!(pair[1] - pair[0] >= 60.0, "{width}: {columns:?}");
            }
            assert!(what + AMOUNT + 2.0 * GAP < reason.unwrap_or(status), "{width}: {columns:?}");
            assert!(right <= width.max(LEAST), "{width}: {columns:?}");
            assert_eq!(reason.is_some(), width >= ROOM_FOR_REASONS);
        }
    }
}
