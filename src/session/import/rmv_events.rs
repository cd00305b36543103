//! The rows of a Radeon trace: allocations and frees, in the order in which they happen.

use std::collections::HashSet;

use super::build::event_limit;
use super::error::{ImportError, ImportProblem};
use super::observed::TraceSegment;
use super::table::{Row, Table};
use crate::session::limits;

/// An allocation or a free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) line: u32,
    /// The capture's number of the allocation.
    pub(super) id: u64,
    pub(super) kind: EventKind,
    /// Millionths of a microsecond since the start.
    time: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EventKind {
    Allocate(Allocate),
    Free,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Allocate {
    pub(super) size: u64,
    pub(super) owner: String,
    /// Most wanted first, each once.
    pub(super) preferred: Vec<TraceSegment>,
    pub(super) segment: Option<TraceSegment>,
    pub(super) offset: Option<u64>,
}

/// Reads at most `first` events, in the order in which they happen: by time, of equal times what
/// is freed from before comes first.
pub(super) fn read(text: &str, first: Option<usize>) -> Result<Vec<Event>, ImportError> {
    let mut table = Table::open(text)?;
    let columns = Columns::of(&table)?;
    let mut events: Vec<Event> = Vec::new();
    while first.is_none_or(|first| events.len() < first) {
        let Some(row) = table.next_row()? else { break };
        event_limit(events.len()).map_err(|problem| ImportError::at(row.line, 1, problem))?;
        let event = columns.event(&row)?;
        if events.last().is_some_and(|last| event.time < last.time) {
            return Err(row.error(columns.time, ImportProblem::TimeGoesBack));
        }
        events.push(event);
    }
    frees_first(&mut events);
    Ok(events)
}

/// Of equal times, frees of what was there before come first.
fn frees_first(events: &mut [Event]) {
    for group in events.chunk_by_mut(|one, other| one.time == other.time) {
        if group.len() == 1 {
            continue;
        }
        let created: HashSet<u64> = group
            .iter()
            .filter(|event| matches!(event.kind, EventKind::Allocate(_)))
            .map(|event| event.id)
            .collect();
        // A stable sort keeps the order of the rest.
        group.sort_by_key(|event| event.kind != EventKind::Free || created.contains(&event.id));
    }
}

/// The columns that are read. Others may be there.
struct Columns {
    time: usize,
    operation: usize,
    id: usize,
    size: usize,
    owner: usize,
    preferred: usize,
    segment: usize,
    offset: usize,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, ImportError> {
        Ok(Self {
            time: table.column("t_us")?,
            operation: table.column("op")?,
            id: table.column("id")?,
            size: table.column("size")?,
            owner: table.column("owner")?,
            preferred: table.column("preferred_order")?,
            segment: table.column("observed_segment")?,
            offset: table.column("observed_segment_offset")?,
        })
    }

    fn event(&self, row: &Row<'_>) -> Result<Event, ImportError> {
        let id = row.number(self.id, "the number of an allocation")?;
        let time = row.time(self.time)?;
        let kind = match row.get(self.operation) {
            "alloc" => EventKind::Allocate(self.allocate(row)?),
            "free" => EventKind::Free,
            _ => return Err(row.wrong(self.operation, "`alloc` or `free`")),
        };
        Ok(Event { line: row.line, id, kind, time })
    }

    fn allocate(&self, row: &Row<'_>) -> Result<Allocate, ImportError> {
        let size = row.positive(self.size, "a size in bytes", "the size of an allocation")?;
        let owner = row.text(self.owner, limits::NAME_BYTES, "an owner of 1 to 128 bytes")?;
        let offset = match row.get(self.offset) {
            "" => None,
            _ => Some(row.number(self.offset, "an offset in bytes")?),
        };
        Ok(Allocate {
            size,
            owner: owner.to_owned(),
            preferred: self.preferred(row)?,
            segment: self.observed_segment(row)?,
            offset,
        })
    }

    /// Letters, most wanted first; a repeated one says nothing new.
    fn preferred(&self, row: &Row<'_>) -> Result<Vec<TraceSegment>, ImportError> {
        let wrong = || row.wrong(self.preferred, "an order of L, I and S");
        let mut preferred = Vec::new();
        for letter in row.get(self.preferred).chars() {
            let segment = match letter {
                'L' => TraceSegment::Local,
                'I' => TraceSegment::Invisible,
                'S' => TraceSegment::System,
                _ => return Err(wrong()),
            };
            if !preferred.contains(&segment) {
                preferred.push(segment);
            }
        }
        if preferred.is_empty() { Err(wrong()) } else { Ok(preferred) }
    }

    fn observed_segment(&self, row: &Row<'_>) -> Result<Option<TraceSegment>, ImportError> {
        let text = row.get(self.segment);
        if text.is_empty() {
            return Ok(None);
        }
        let known = TraceSegment::ALL.into_iter().find(|segment| segment.name() == text);
        let wrong = || row.wrong(self.segment, "`local`, `invisible`, `system` or nothing");
        known.map(Some).ok_or_else(wrong)
    }
}
