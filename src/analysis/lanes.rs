//! A segment as a row of blocks: what is drawn one by one, what is merged, what is free, and what
//! changed in the last step.
//!
//! Blocks narrower than [`MERGED_BELOW`] columns that lie close together become a run of columns
//! in which the height says what is used: nothing vanishes, and a run says how many it stands for.

use std::collections::BTreeMap;

use super::coverage::{Column, Columns, Scale, column_number};
use super::extent_sums::{ExtentGroup, ExtentSums, Visit};
use crate::base::{AllocationId, ProcessId, SegmentId, Span};
use crate::machine::{CommandTrace, Place, TracedKind};
use crate::vidmm::{
    Asked, Book, ExtentOwner, OperationReason, Placement, ResidencyChange, SegmentUse,
};

/// Blocks narrower than so many columns are merged with their neighbours.
pub const MERGED_BELOW: f64 = 3.0;

/// Neighbours that together are narrower than so many columns are not taken apart where a column
/// ends: they count where their middle lies.
pub const WHOLE_BELOW: f64 = 1.0 / 64.0;

/// A block that is drawn on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// First column.
    pub x0: u32,
    /// Column after the last; at least one more than the first.
    pub x1: u32,
    /// Whose it is.
    pub owner: ExtentOwner,
    /// All of its bytes, from the start of the segment.
    pub span: Span,
    /// A part of it lies outside what is shown.
    pub partly: bool,
}

/// Blocks too narrow to be drawn one by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// First column.
    pub x0: u32,
    /// What each column from there on holds, by process; `None` for VidMm's own buffers.
    pub columns: Vec<Column<Option<ProcessId>>>,
    /// From the start of the first block to the end of the last.
    pub span: Span,
    /// How many blocks there are; at least two.
    pub count: u64,
    /// Their bytes together.
    pub used: u64,
}

impl Merged {
    /// Column after the last.
    #[must_use]
    pub fn x1(&self) -> u32 {
        self.x0.saturating_add(u32::try_from(self.columns.len()).unwrap_or(u32::MAX))
    }
}

/// Something in a lane, in address order.
#[derive(Clone, Debug, PartialEq)]
pub enum LaneItem {
    /// A block.
    Block(Block),
    /// Blocks too narrow for that.
    Merged(Merged),
    /// Free space wide enough to be seen; the part of it that is shown.
    Hole {
        /// First column.
        x0: u32,
        /// Column after the last.
        x1: u32,
        /// Its bytes, from the start of the segment.
        span: Span,
    },
}

impl LaneItem {
    /// First column, and column after the last.
    #[must_use]
    pub fn columns(&self) -> (u32, u32) {
        match self {
            Self::Block(block) => (block.x0, block.x1),
            Self::Merged(merged) => (merged.x0, merged.x1()),
            Self::Hole { x0, x1, .. } => (*x0, *x1),
        }
    }
}

/// The process that owns an extent; `None` for VidMm's buffers, and for what nobody knows.
#[must_use]
pub fn process_of(book: &Book, owner: ExtentOwner) -> Option<ProcessId> {
    let id = match owner {
        ExtentOwner::Allocation(id) | ExtentOwner::Eviction(id) => id,
        ExtentOwner::PagingBuffer(_)
        | ExtentOwner::DmaBuffer(_)
        | ExtentOwner::InvalidRange(_)
        | ExtentOwner::UefiFrameBuffer(_) => return None,
    };
    Some(book.device(book.allocation(id)?.device())?.process)
}

/// A run of narrow blocks being put together.
struct Run {
    /// Where the first of them lies.
    first: Span,
    /// Whose the first is; not known where it stands for several.
    owner: Option<ExtentOwner>,
    columns: Columns<Option<ProcessId>>,
    end: u64,
    /// Where the last of them ends, in columns.
    right: f64,
    count: u64,
    used: u64,
}

/// What is drawn of a segment: the parts of its blocks and holes inside the scale's range.
///
/// Takes time in proportion to the extents in that range, or with `sums` of the same state to the
/// columns; the share of a column is then exact to [`WHOLE_BELOW`]. The answer has at most one item
/// for each column or so.
#[must_use]
pub fn lane_items(
    segment: &SegmentUse,
    scale: Scale,
    sums: Option<&ExtentSums>,
    process_of: impl Fn(ExtentOwner) -> Option<ProcessId>,
) -> Vec<LaneItem> {
    let mut lane = Lane { scale, items: Vec::new(), run: None, end: scale.range().start() };
    let range = scale.range();
    match sums {
        None => {
            for (span, owner) in segment.extents(range) {
                lane.add(span, owner, &process_of);
            }
        }
        Some(sums) => sums.visit(range, &mut |step| match step {
            Visit::Group(group) => lane.add_group(group),
            Visit::Extents(window) => {
                let own = segment
                    .extents(window)
                    .filter(|(span, _)| span.start() >= window.start() && span.overlaps(range));
                for (span, owner) in own {
                    lane.add(span, owner, &process_of);
                }
                true
            }
        }),
    }
    lane.close_run();
    lane.hole_before(scale.range().end());
    lane.items
}

struct Lane {
    scale: Scale,
    items: Vec<LaneItem>,
    run: Option<Run>,
    /// Where the extent before ends.
    end: u64,
}

impl Lane {
    fn add(
        &mut self,
        span: Span,
        owner: ExtentOwner,
        process_of: &impl Fn(ExtentOwner) -> Option<ProcessId>,
    ) {
        let (left, right) = (self.scale.column_of(span.start()), self.scale.column_of(span.end()));
        if right - left >= MERGED_BELOW {
            self.close_run();
            self.hole_before(span.start());
            self.block(span, owner);
        } else {
            let run = self.run_with(span, Some(owner), (left, right));
            run.columns.cover(left, right, process_of(owner));
            run.count += 1;
            run.used = run.used.saturating_add(span.len());
        }
        self.end = span.end();
    }

    /// Adds neighbours as if they came one by one, where all of them lie in one column, or as good as
    /// that: none of them is wide enough to be drawn on its own, nor is a hole between them. Says
    /// whether they do.
    fn add_group(&mut self, group: &ExtentGroup) -> bool {
        let Some(span) = Span::new(group.first, group.end) else { return false };
        let (left, right) = (self.scale.column_of(span.start()), self.scale.column_of(span.end()));
        let together = right <= left.floor() + 1.0 || right - left < WHOLE_BELOW;
        if !self.scale.range().covers(span) || !together {
            return false;
        }
        let scale = self.scale;
        let column = column_number(f64::midpoint(left, right).floor());
        let run = self.run_with(span, None, (left, right));
        for (process, bytes) in &group.owners {
            // A share of a column, far from where single precision matters.
            #[expect(clippy::cast_possible_truncation)]
            let share = scale.columns_per(*bytes).clamp(0.0, 1.0) as f32;
            run.columns.add(column, share, *process);
        }
        run.count += group.count;
        run.used = run.used.saturating_add(group.used);
        self.end = span.end();
        true
    }

    /// The run to which something narrow belongs, which reaches to its end from now on.
    fn run_with(
        &mut self,
        span: Span,
        owner: Option<ExtentOwner>,
        (left, right): (f64, f64),
    ) -> &mut Run {
        if self.run.as_ref().is_some_and(|run| left - run.right >= MERGED_BELOW) {
            self.close_run();
        }
        if self.run.is_none() {
            self.hole_before(span.start());
        }
        let start = column_number(left.floor()).max(self.taken());
        let start = start.min(self.scale.columns() - 1);
        let run = self.run.get_or_insert_with(|| Run {
            first: span,
            owner,
            columns: Columns::starting_at(start),
            end: span.end(),
            right,
            count: 0,
            used: 0,
        });
        (run.end, run.right) = (span.end(), right);
        run
    }

    /// The first column that no block of its own has taken.
    fn taken(&self) -> u32 {
        match self.items.last() {
            Some(LaneItem::Block(block)) => block.x1,
            _ => 0,
        }
    }

    fn block(&mut self, span: Span, owner: ExtentOwner) {
        let (left, right) = (self.scale.column_of(span.start()), self.scale.column_of(span.end()));
        let x0 = column_number(left.round()).min(self.scale.columns() - 1);
        let x1 = column_number(right.round()).max(x0 + 1);
        let partly = !self.scale.range().covers(span);
        self.items.push(LaneItem::Block(Block { x0, x1, owner, span, partly }));
    }

    fn close_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        if let (1, Some(owner)) = (run.count, run.owner) {
            // One block needs no summary: it is drawn as wide as can be seen.
            self.block(run.first, owner);
            return;
        }
        let span = Span::new(run.first.start(), run.end).unwrap_or_default();
        self.items.push(LaneItem::Merged(Merged {
            x0: run.columns.first(),
            columns: run.columns.finish(),
            span,
            count: run.count,
            used: run.used,
        }));
    }

    fn hole_before(&mut self, position: u64) {
        let Some(span) = Span::new(self.end, position).filter(|span| !span.is_empty()) else {
            return;
        };
        let x0 = column_number(self.scale.column_of(span.start()).round());
        let x1 = column_number(self.scale.column_of(span.end()).round());
        if x0 < x1 {
            self.items.push(LaneItem::Hole { x0, x1, span });
        }
    }
}

/// Who fills a range, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contributors {
    /// Blocks that touch the range.
    pub count: u64,
    /// Their bytes inside it.
    pub used: u64,
    /// The largest of them, with their bytes inside it.
    pub largest: Vec<(ExtentOwner, u64)>,
}

/// Who fills `range`, naming the `most` largest.
#[must_use]
pub fn contributors(segment: &SegmentUse, range: Span, most: usize) -> Contributors {
    let mut found = Contributors::default();
    for (span, owner) in segment.extents(range) {
        let inside = span.intersection(range).map_or(0, Span::len);
        found.count += 1;
        found.used = found.used.saturating_add(inside);
        let place = found.largest.partition_point(|(_, other)| *other >= inside);
        if place < most {
            found.largest.truncate(most.saturating_sub(1));
            found.largest.insert(place.min(found.largest.len()), (owner, inside));
        }
    }
    found
}

/// Bytes of each process in a segment, in the order of their ids, VidMm's own last. Looks at every
/// extent, or with `sums` of the same state at none.
#[must_use]
pub fn bytes_by_process(
    segment: &SegmentUse,
    book: &Book,
    sums: Option<&ExtentSums>,
) -> Vec<(Option<ProcessId>, u64)> {
    let mut by_process: BTreeMap<ProcessId, u64> = BTreeMap::new();
    let mut own = 0_u64;
    let mut add = |process: Option<ProcessId>, bytes| {
        let sum = process.map_or(&mut own, |process| by_process.entry(process).or_default());
        *sum = sum.saturating_add(bytes);
    };
    match sums {
        Some(sums) => sums.whole().owners.iter().for_each(|(process, bytes)| add(*process, *bytes)),
        None => {
            for (span, owner) in segment.extents(Span::whole(segment.space().len())) {
                add(process_of(book, owner), span.len());
            }
        }
    }
    let of_processes = by_process.into_iter().map(|(process, sum)| (Some(process), sum));
    of_processes.chain((own > 0).then_some((None, own))).collect()
}

/// What the last step changed: net, so that what came and went within it is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Movements {
    /// Where allocations are now and were not before the step.
    pub arrived: Vec<(AllocationId, Placement)>,
    /// Where allocations were before the step and are not now.
    pub left: Vec<(AllocationId, Placement)>,
}

impl Movements {
    /// What `changes`, told as they were made, come to. After a step back they were taken back:
    /// then what they ended with has left, and what they began with is there again.
    #[must_use]
    pub fn of(changes: &[ResidencyChange], forward: bool) -> Self {
        let mut ends: BTreeMap<AllocationId, (Option<Placement>, Option<Placement>)> =
            BTreeMap::new();
        for change in changes {
            let (_, last) = ends.entry(change.allocation).or_insert((change.before, change.after));
            *last = change.after;
        }
        let mut movements = Self::default();
        for (id, (first, last)) in ends {
            let (was, is) = if forward { (first, last) } else { (last, first) };
            if was != is {
                movements.arrived.extend(is.map(|place| (id, place)));
                movements.left.extend(was.map(|place| (id, place)));
            }
        }
        movements
    }

    /// What arrived in a segment, in no special order.
    pub fn arrived_in(&self, segment: SegmentId) -> impl Iterator<Item = (AllocationId, Span)> {
        in_segment(&self.arrived, segment)
    }

    /// What left a segment, in no special order.
    pub fn left_from(&self, segment: SegmentId) -> impl Iterator<Item = (AllocationId, Span)> {
        in_segment(&self.left, segment)
    }
}

fn in_segment(
    moved: &[(AllocationId, Placement)],
    segment: SegmentId,
) -> impl Iterator<Item = (AllocationId, Span)> {
    let here = moved.iter().filter(move |(_, place)| place.segment == segment);
    here.map(|(id, place)| (*id, place.span))
}

/// A page-in that the driver has encoded and the GPU has not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// What is paged in: the book shows it already.
    pub allocation: AllocationId,
    /// The step at which its last packet runs, where that is inside the command.
    pub done_at: Option<Place>,
    /// Packets executed.
    pub executed: u64,
    /// Packets encoded.
    pub encoded: u64,
}

/// Page-ins of the command at `place` that are booked there and not through, in order.
///
/// `packet_size` is the bytes of a packet as the driver encodes them.
#[must_use]
pub fn encoded_page_ins(trace: &CommandTrace, place: Place, packet_size: u32) -> Vec<Encoded> {
    let reached = place.inner.map_or(u32::MAX, |inner| inner.operation);
    let mut found: Vec<Encoded> = Vec::new();
    for (number, operation) in (1_u32..).zip(&trace.operations).take_while(|(n, _)| *n <= reached) {
        let TracedKind::Asked(record) = &operation.kind else { continue };
        let (OperationReason::PageIn(id) | OperationReason::Moved(id), Asked::Paging(_)) =
            (record.reason, &record.asked)
        else {
            continue;
        };
        let here = place.inner.filter(|inner| inner.operation == number);
        let ran = operation.packets.len();
        let last = u32::try_from(ran).unwrap_or(u32::MAX);
        let executed = here.and_then(|inner| inner.packet).unwrap_or(last).min(last);
        let bytes: u64 = operation.calls.iter().map(|call| u64::from(call.end - call.start)).sum();
        let encoded = (bytes / u64::from(packet_size.max(1))).max(u64::from(last));
        if u64::from(executed) < encoded {
            let done_at =
                (u64::from(last) == encoded).then_some(Place::packet(place.command, number, last));
            let executed = executed.into();
            found.push(Encoded { allocation: id, done_at, executed, encoded });
        }
    }
    found
}

#[cfg(test)]
mod tests;
