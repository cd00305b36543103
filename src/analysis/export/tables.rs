//! The columns of each table, and the cells of a row.

use super::Cell;
use crate::analysis::adapter::severity_word;
use crate::analysis::buffers::PacketLine;
use crate::analysis::charts::kinds;
use crate::analysis::density::Density;
use crate::analysis::explain::{
    Words, command_status, command_text, extent_text, operation_status, operation_text,
};
use crate::analysis::findings::{FindingRow, FindingSubject};
use crate::analysis::hexview::{Backing, HexRow};
use crate::analysis::lanes::process_of;
use crate::analysis::power::OutcomeRow;
use crate::base::{SegmentId, Span};
use crate::machine::{BytesVerdict, Place, Run, Started, TracedKind, TracedOperation};
use crate::rules::CheckedSegment;
use crate::session::Names;
use crate::vidmm::ExtentOwner;

/// An address without grouping: `0x4000`.
#[must_use]
pub fn plain_hex(value: u64) -> String {
    format!("0x{value:X}")
}

fn hex_cell(value: u64) -> Cell {
    Cell::Text(plain_hex(value))
}

/// Bytes as two digits each, in a row.
fn bytes_cell(bytes: &[u8]) -> Cell {
    Cell::Text(bytes.iter().map(|byte| format!("{byte:02X}")).collect())
}

/// Columns of the table of operations.
pub const STEP_COLUMNS: [&str; 13] = [
    "step",
    "level",
    "kind",
    "what",
    "reason",
    "status",
    "detail",
    "size_bytes",
    "in_bytes",
    "out_bytes",
    "mapped_bytes",
    "unmapped_bytes",
    "clock_ns",
];

/// A command as a row of the table of operations; what it came to is empty until it is executed.
#[must_use]
pub fn command_cells(run: &Run, words: Words<'_>, number: usize) -> Option<Vec<Cell>> {
    let told = command_text(run.command(number)?, words);
    let record = run.record(number);
    let status = record.map(|record| command_status(run, record, words));
    let (word, detail) = status.map_or_else(
        || ("not executed", String::new()),
        |status| (status.kind.word(), format!("{} {}", status.brief, status.detail)),
    );
    let moved = record.map(|record| kinds(&record.summary));
    let kind = |index: usize| Cell::from(moved.and_then(|moved| moved.get(index).copied()));
    Some(vec![
        Cell::text(Place::after(number).to_string()),
        Cell::text("command"),
        Cell::text(told.title),
        Cell::some_text(told.what),
        Cell::some_text(told.note),
        Cell::text(word),
        Cell::some_text(detail.trim()),
        Cell::Empty,
        kind(0),
        kind(1),
        kind(2),
        kind(3),
        Cell::from(record.map(|record| record.clock)),
    ])
}

/// An operation, or a packet of it, as a row of the table of operations.
#[must_use]
pub fn operation_cells(
    operation: &TracedOperation,
    place: Place,
    words: Words<'_>,
) -> Option<Vec<Cell>> {
    let told = operation_text(operation, words);
    let packet = place.inner?.packet;
    let (level, size, status) = match packet {
        None => {
            let size = match &operation.kind {
                TracedKind::Asked(record) => Some(record.bytes.get()),
                TracedKind::Executed(_) => None,
            };
            ("operation", size, operation_status(operation))
        }
        Some(number) => {
            let index = usize::try_from(number).ok()?.checked_sub(1)?;
            let packet = operation.packets.get(index)?;
            let status = crate::analysis::explain::packet_status(operation, packet);
            ("packet", Some(packet.outcome.bytes), status)
        }
    };
    let mut cells = vec![
        Cell::text(place.to_string()),
        Cell::text(level),
        Cell::text(told.kind),
        Cell::some_text(told.route),
        Cell::some_text(told.reason),
        Cell::text(status.kind.word()),
        Cell::some_text(format!("{} {}", status.brief, status.detail).trim()),
        Cell::from(size),
    ];
    cells.resize(STEP_COLUMNS.len(), Cell::Empty);
    Some(cells)
}

/// Columns of the extents of segments.
pub const EXTENT_COLUMNS: [&str; 8] = [
    "segment",
    "segment_name",
    "offset",
    "first_address",
    "last_address",
    "length_bytes",
    "holds",
    "process",
];

/// A stretch of a segment: who has it, or `None` for a hole.
pub type Extent = (SegmentId, Span, Option<ExtentOwner>);

/// The blocks and holes of all segments, by segment and address.
#[must_use]
pub fn extents(started: &Started) -> Vec<Extent> {
    let book = started.vidmm().book();
    let mut found = Vec::new();
    for segment in started.vidmm().adapter().segments.iter() {
        let Some(used) = book.segment(segment.id) else { continue };
        let whole = Span::whole(segment.size.get());
        let first = found.len();
        found.extend(used.extents(whole).map(|(span, owner)| (segment.id, span, Some(owner))));
        found.extend(
            used.space()
                .holes(whole)
                .filter(|hole| !hole.is_empty())
                .map(|hole| (segment.id, hole, None)),
        );
        if let Some(own) = found.get_mut(first..) {
            own.sort_by_key(|(_, span, _)| span.start());
        }
    }
    found
}

/// A stretch of a segment as a row.
#[must_use]
pub fn extent_cells(started: &Started, names: &Names, extent: &Extent) -> Option<Vec<Cell>> {
    let (id, span, owner) = *extent;
    let segment: &CheckedSegment = started.vidmm().adapter().segment(id)?;
    let base = segment.base.get();
    let process = owner.and_then(|owner| process_of(started.vidmm().book(), owner));
    let process = process.map(|process| names.process(process).to_owned());
    Some(vec![
        Cell::Number(u64::from(id.number())),
        Cell::text(segment.name.as_str()),
        hex_cell(span.start()),
        hex_cell(base.saturating_add(span.start())),
        hex_cell(base.saturating_add(span.end().saturating_sub(1))),
        Cell::Number(span.len()),
        Cell::Text(owner.map_or_else(|| "free".to_owned(), |owner| extent_text(names, owner))),
        Cell::from(process),
    ])
}

/// Columns of the findings.
pub const FINDING_COLUMNS: [&str; 7] =
    ["severity", "rule", "about", "field", "value", "sentence", "source"];

/// A finding as a row.
#[must_use]
pub fn finding_cells(row: &FindingRow) -> Vec<Cell> {
    let about = match row.subject {
        FindingSubject::Adapter => "adapter".to_owned(),
        FindingSubject::Segment(id) => format!("segment {id}"),
        FindingSubject::Allocation(_) => row.about.clone(),
    };
    vec![
        Cell::text(severity_word(row.severity)),
        Cell::text(row.rule),
        Cell::Text(about),
        Cell::text(row.field.as_str()),
        Cell::text(row.value.as_str()),
        Cell::text(row.sentence.as_str()),
        Cell::text(row.source),
    ]
}

/// Columns of what a transition came to.
pub const OUTCOME_COLUMNS: [&str; 9] = [
    "allocation",
    "was_at",
    "size_bytes",
    "outcome",
    "why",
    "bytes",
    "first_wrong_byte",
    "wrong_bytes",
    "operation",
];

/// What became of an allocation as a row.
#[must_use]
pub fn outcome_cells(row: OutcomeRow) -> Vec<Cell> {
    let (first, wrong) = match row.verdict {
        BytesVerdict::Lost { first, bytes } => {
            (Cell::Text(format!("{first:#x}")), Cell::Number(bytes))
        }
        BytesVerdict::Intact => (Cell::Empty, Cell::Number(0)),
        BytesVerdict::NothingPromised => (Cell::Empty, Cell::Empty),
    };
    vec![
        Cell::Text(row.name),
        Cell::Text(row.place.replace('_', "")),
        Cell::Number(row.bytes),
        Cell::text(row.outcome),
        Cell::Text(row.why),
        Cell::Text(row.said),
        first,
        wrong,
        Cell::from(row.jump.map(|jump| jump.to_string())),
    ]
}

/// Columns of the packets of a buffer.
pub const PACKET_COLUMNS: [&str; 7] =
    ["packet", "start", "length_bytes", "name", "state", "step", "bytes"];

/// A packet of a buffer as a row: `index` counts from 0, `bytes` are those of the buffer.
#[must_use]
pub fn packet_cells(index: usize, line: &PacketLine, bytes: &[u8]) -> Vec<Cell> {
    let own = bytes.get(line.range.clone()).unwrap_or_default();
    vec![
        Cell::count(index.saturating_add(1)),
        hex_cell(u64::try_from(line.range.start).unwrap_or(u64::MAX)),
        Cell::count(line.range.len()),
        Cell::text(line.name),
        Cell::text(line.state.name()),
        Cell::from(line.step.map(|step| step.to_string())),
        bytes_cell(own),
    ]
}

/// Columns of bytes.
pub const BYTE_COLUMNS: [&str; 6] =
    ["offset", "length_bytes", "bytes", "expected", "behind_it", "allocation"];

/// A row of bytes as a row.
#[must_use]
pub fn byte_cells(row: &HexRow, names: &Names) -> Vec<Cell> {
    let part = |bytes: &[u8; 16]| bytes_cell(bytes.get(..row.len).unwrap_or_default());
    let behind = match row.backing {
        Backing::Own => "own bytes",
        Backing::Dummy => "dummy page",
        Backing::Nowhere => "nothing",
    };
    let allocation = row.allocation.map(|(id, _)| names.allocation(id).to_owned());
    vec![
        hex_cell(row.offset),
        Cell::count(row.len),
        // Reading where nothing is behind is a fault, and not zeros.
        if row.backing == Backing::Nowhere { Cell::Empty } else { part(&row.bytes) },
        row.expected.as_ref().map_or(Cell::Empty, part),
        Cell::text(behind),
        Cell::from(allocation),
    ]
}

/// Columns of the charts that every session has; each segment adds two.
pub const CHART_COLUMNS: [&str; 8] = [
    "command",
    "clock_ns",
    "in_bytes",
    "out_bytes",
    "mapped_bytes",
    "unmapped_bytes",
    "commit_bytes",
    "aperture_commit_bytes",
];

/// The columns of the charts of a run: numbers of segments tell equal names apart.
#[must_use]
pub fn chart_columns(segments: &[CheckedSegment]) -> Vec<String> {
    let mut columns: Vec<String> = CHART_COLUMNS.map(str::to_owned).to_vec();
    for segment in segments {
        let name = format!("{} {}", segment.id, segment.name);
        columns.push(format!("{name} used_bytes"));
        columns.push(format!("{name} largest_hole_bytes"));
    }
    columns
}

/// The figures of the charts after a command as a row, 0 for the start; `None` beyond the executed.
#[must_use]
pub fn chart_cells(run: &Run, segments: &[CheckedSegment], command: usize) -> Option<Vec<Cell>> {
    let history = run.segment_history();
    let record = run.record(command);
    if record.is_none() && command > 0 {
        return None;
    }
    let clock = record.map_or(history.started_at(), |record| record.clock);
    let moved = record.map_or([0; 4], |record| kinds(&record.summary));
    let commit = history.commit_at(command);
    let mut cells = vec![Cell::count(command), Cell::Number(clock)];
    cells.extend(moved.map(Cell::Number));
    cells.push(Cell::from(commit.map(|point| point.commit.get())));
    cells.push(Cell::from(commit.map(|point| point.mapped.get())));
    for segment in segments {
        let point = history.segment_at(segment.id, command);
        cells.push(Cell::from(point.map(|point| point.used.get())));
        cells.push(Cell::from(point.map(|point| point.largest_hole.get())));
    }
    Some(cells)
}

/// The columns of the timeline: what paging does, then a column for each process.
#[must_use]
pub fn bucket_columns(names: &Names) -> Vec<String> {
    let mut columns: Vec<String> = [
        "first_command",
        "last_command",
        "in_bytes",
        "out_bytes",
        "mapped_bytes",
        "unmapped_bytes",
        "refused",
        "wrong",
    ]
    .map(str::to_owned)
    .to_vec();
    columns.extend(names.processes().map(|name| format!("{name} named_bytes")));
    columns
}

/// A bucket of the timeline as a row.
#[must_use]
pub fn bucket_cells(density: &Density, bucket: usize) -> Option<Vec<Cell>> {
    let paging = density.paging.get(bucket)?;
    let commands = density.commands_of(bucket);
    let mut cells = vec![
        Cell::count(commands.start),
        Cell::count(commands.end.saturating_sub(1)),
        Cell::Number(paging.bytes_in),
        Cell::Number(paging.bytes_out),
        Cell::Number(paging.bytes_mapped),
        Cell::Number(paging.bytes_unmapped),
        Cell::Number(u64::from(paging.refused)),
        Cell::Number(u64::from(paging.wrong)),
    ];
    cells.extend(density.lanes.iter().map(|lane| Cell::from(lane.bytes.get(bucket).copied())));
    Some(cells)
}
