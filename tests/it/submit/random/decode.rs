//! Programs from bytes, chosen by a fuzzer.

use super::{CONTEXTS, Case, New, Op, Step, check};
use crate::source::Source;

/// Checks the program that bytes stand for.
pub(crate) fn check_source(from: &mut Source<'_>) -> Result<(), String> {
    let flags = from.byte();
    let (mapped, record, wddm2) = (flags & 1 != 0, flags & 6 == 6, flags & 8 != 0);
    let pages = (from.within(4, 8), from.within(4, 8), from.within(6, 11));
    let dma_size = [4096, 4096, 64, 256][usize::from(flags >> 4 & 3)];
    let lists = (u32::from(from.small(99)) + 1, u32::from(from.small(199)) + 1);
    let news = from.list(2, 8, |from| New {
        pages: from.within(1, 4),
        home: from.small(4),
        // A driver that copies argument structures takes no rows.
        rows: from.bool() && !record,
    });
    let manual = flags & 0x40 != 0 && news.len() >= CONTEXTS.len();
    let submits = from.until_end(9, |from| {
        let context = from.index(CONTEXTS.len());
        let waits = from.seldom_some(3, |from| from.index(CONTEXTS.len()));
        (context, waits, from.list(1, 11, step))
    });
    check(&Case { news, submits, pages, dma_size, lists, mapped, record, manual, wddm2 })
}

fn step(from: &mut Source<'_>) -> Step {
    let op = match from.weighted(&[3, 2, 3, 3, 3, 1, 1]) {
        0 => Op::Copy,
        1 => Op::Fill(from.two().into()),
        2 => {
            let row_bytes = 1 + from.two() % 599;
            let pitches = (row_bytes + from.two() % 300, row_bytes + from.two() % 300);
            Op::Blit { row_bytes, rows: 1 + from.small(5), pitches }
        }
        3 => Op::Add(from.two().into()),
        4 => Op::Draw { more: from.index(3), write: from.byte() },
        5 => Op::Unbind,
        _ => Op::Signal(from.byte()),
    };
    let mut operand = || (from.index(8), from.two() % 1000);
    let (from_, to) = (operand(), operand());
    Step { op, from: from_, to, length: 1 + from.two() % 8999, beyond: from.seldom(100) }
}
