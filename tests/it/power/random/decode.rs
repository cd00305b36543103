//! Transitions from bytes, chosen by a fuzzer.

use super::{Case, Memory, New, SEGMENT_PAGES, Step, check};
use crate::source::Source;

/// Steps of a case at most.
const MOST_STEPS: usize = 40;

/// Checks the case that bytes stand for.
pub(crate) fn check_source(from: &mut Source<'_>) -> Result<(), String> {
    let flags = from.byte();
    let pages = |from: &mut Source<'_>| from.below(SEGMENT_PAGES + 1);
    let memories = from.list(1, 3, |from| Memory {
        row: from.index(4),
        end: from.within(1, SEGMENT_PAGES - 1),
        standby: from.seldom_some(3, pages),
        hibernate: from.seldom_some(3, pages),
    });
    let news = from.list(1, 8, |from| New {
        segment: from.small(4) + 1,
        pages: from.within(1, 5),
        kind: from.index(6),
    });
    let steps = from.until_end(MOST_STEPS, step);
    let [manual, record, mapped_buffers, mapped_dma] = [1, 2, 4, 8].map(|bit| flags & bit != 0);
    check(&Case { memories, news, steps, manual, record, mapped_buffers, mapped_dma })
}

fn step(from: &mut Source<'_>) -> Step {
    let kind = from.weighted(&[4, 2, 2, 1, 1, 1, 1, 1, 1, 4, 1, 1]);
    match kind {
        0 => Step::Write(from.index(8)),
        1 => Step::Read(from.index(8)),
        2 => Step::CpuWrite(from.index(8)),
        3 => Step::Evict(from.index(8)),
        4 => Step::Offer(from.index(8)),
        5 => Step::Reclaim(from.index(8)),
        6 => Step::Lock(from.index(8)),
        7 => Step::Unlock(from.index(8)),
        8 => Step::Display(from.index(8)),
        9 => Step::Sleep(from.index(4), from.bool()),
        10 => Step::Device(1 + from.index(3)),
        _ => Step::Reset,
    }
}
