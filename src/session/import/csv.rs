//! The rows of a trace: allocations and frees, in the order in which they happen.

use std::collections::{HashMap, HashSet};

use super::observed::TraceSegment;
use crate::base::text;
use crate::session::limits;
use crate::session::load::{LoadError, Rule};
use crate::session::locate::TextPosition;

/// Events of a trace. Each becomes at most three commands, so they fit in a session.
pub(super) const MOST_EVENTS: usize = 1 << 20;

/// Columns that are read. Others may be there.
const COLUMNS: [&str; 8] = [
    "t_us",
    "op",
    "id",
    "size",
    "owner",
    "preferred_order",
    "observed_segment",
    "observed_segment_offset",
];

/// What is wrong with a trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportProblem {
    /// A column is missing in the first line.
    #[error("the column `{0}` is missing")]
    MissingColumn(&'static str),
    /// A row has not as many fields as the first line.
    #[error("the row has {found} fields; the first line names {expected}")]
    FieldCount {
        /// Columns of the first line.
        expected: usize,
        /// Fields of this row.
        found: usize,
    },
    /// Quoted fields are not part of this format.
    #[error("fields in quotes are not read")]
    Quoted,
    /// A field holds what it cannot.
    #[error("`{value}` is not {wanted}")]
    Value {
        /// What is there, shortened.
        value: String,
        /// What should be.
        wanted: &'static str,
    },
    /// The rows are not in the order of time.
    #[error("the time is before that of the row above")]
    TimeGoesBack,
    /// An allocation that exists is allocated again.
    #[error("allocation {0} is allocated a second time without a free")]
    AlreadyAllocated(u64),
    /// What is freed does not exist.
    #[error("allocation {0} is freed, but does not exist")]
    NotAllocated(u64),
    /// Too large to become a session.
    #[error("the trace has more than {} {what}, which is the limit", text::count(*limit))]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
    },
}

/// An error of a trace and its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: {problem}", position.line, position.column)]
pub struct ImportError {
    /// Where the field begins.
    pub position: TextPosition,
    /// What is wrong.
    pub problem: ImportProblem,
}

impl ImportError {
    pub(super) fn at(line: u32, column: u32, problem: ImportProblem) -> Self {
        Self { position: TextPosition { line, column }, problem }
    }

    /// The error with the file that the trace came from.
    #[must_use]
    pub fn in_file(&self, file: &str) -> LoadError {
        let limit = matches!(self.problem, ImportProblem::Limit { .. });
        LoadError {
            file: file.to_owned(),
            position: self.position,
            field_path: String::new(),
            rule: if limit { Rule::Limit } else { Rule::Field },
            message: self.problem.to_string(),
            hint: None,
        }
    }
}

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
    if !u64::try_from(text.len()).is_ok_and(|length| length <= limits::FILE_BYTES) {
        let problem = ImportProblem::Limit { what: "bytes", limit: limits::FILE_BYTES };
        return Err(ImportError::at(1, 1, problem));
    }
    let mut lines = (1..).zip(text.lines());
    let header = lines.next().map_or("", |(_, header)| header);
    let columns = Columns::of_header(header)?;
    let mut events: Vec<Event> = Vec::new();
    for (line, row) in lines.filter(|(_, row)| !row.trim().is_empty()) {
        if first.is_some_and(|first| events.len() >= first) {
            break;
        }
        if events.len() == MOST_EVENTS {
            let limit = u64::try_from(MOST_EVENTS).unwrap_or(u64::MAX);
            let problem = ImportProblem::Limit { what: "events", limit };
            return Err(ImportError::at(line, 1, problem));
        }
        let event = columns.event(line, row)?;
        if events.last().is_some_and(|last| event.time < last.time) {
            return Err(Fields::of_row(&columns, line, row)?
                .error(Column::Time, ImportProblem::TimeGoesBack));
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

/// The columns that are read, in the order of [`COLUMNS`].
#[derive(Clone, Copy)]
enum Column {
    Time,
    Operation,
    Id,
    Size,
    Owner,
    Preferred,
    Segment,
    Offset,
}

impl Column {
    const fn number(self) -> usize {
        match self {
            Self::Time => 0,
            Self::Operation => 1,
            Self::Id => 2,
            Self::Size => 3,
            Self::Owner => 4,
            Self::Preferred => 5,
            Self::Segment => 6,
            Self::Offset => 7,
        }
    }
}

/// Where in a row each column is.
struct Columns {
    count: usize,
    places: [usize; COLUMNS.len()],
}

impl Columns {
    fn of_header(header: &str) -> Result<Self, ImportError> {
        let names: HashMap<&str, usize> =
            header.split(',').enumerate().map(|(place, name)| (name.trim(), place)).collect();
        let mut places = [0; COLUMNS.len()];
        for (place, column) in places.iter_mut().zip(COLUMNS) {
            let missing = || ImportError::at(1, 1, ImportProblem::MissingColumn(column));
            *place = *names.get(column).ok_or_else(missing)?;
        }
        Ok(Self { count: header.split(',').count(), places })
    }

    fn event(&self, line: u32, row: &str) -> Result<Event, ImportError> {
        let fields = Fields::of_row(self, line, row)?;
        let id = fields.number(Column::Id, "the number of an allocation")?;
        let time = fields.time()?;
        let kind = match fields.get(Column::Operation).1 {
            "alloc" => EventKind::Allocate(fields.allocate()?),
            "free" => EventKind::Free,
            _ => return Err(fields.wrong(Column::Operation, "`alloc` or `free`")),
        };
        Ok(Event { line, id, kind, time })
    }
}

/// The fields of one row.
struct Fields<'a> {
    line: u32,
    /// The column in the text and the content of what is read, in the order of [`COLUMNS`].
    fields: [(u32, &'a str); COLUMNS.len()],
}

impl<'a> Fields<'a> {
    fn of_row(columns: &Columns, line: u32, row: &'a str) -> Result<Self, ImportError> {
        let mut fields = [(1, ""); COLUMNS.len()];
        let mut found = 0;
        let mut position: u32 = 1;
        for (place, field) in row.split(',').enumerate() {
            if field.contains('"') {
                return Err(ImportError::at(line, position, ImportProblem::Quoted));
            }
            for (slot, wanted) in fields.iter_mut().zip(columns.places) {
                if wanted == place {
                    *slot = (position, field.trim());
                }
            }
            let characters = u32::try_from(field.chars().count()).unwrap_or(u32::MAX);
            position = position.saturating_add(characters).saturating_add(1);
            found += 1;
        }
        if found != columns.count {
            let problem = ImportProblem::FieldCount { expected: columns.count, found };
            return Err(ImportError::at(line, 1, problem));
        }
        Ok(Self { line, fields })
    }

    fn get(&self, column: Column) -> (u32, &'a str) {
        self.fields[column.number()]
    }

    fn error(&self, column: Column, problem: ImportProblem) -> ImportError {
        ImportError::at(self.line, self.get(column).0, problem)
    }

    fn wrong(&self, column: Column, wanted: &'static str) -> ImportError {
        let value = self.get(column).1.chars().take(40).collect();
        self.error(column, ImportProblem::Value { value, wanted })
    }

    fn number(&self, column: Column, wanted: &'static str) -> Result<u64, ImportError> {
        let text = self.get(column).1;
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number.ok_or_else(|| self.wrong(column, wanted))
    }

    /// A decimal number of microseconds, in millionths of one.
    fn time(&self) -> Result<u64, ImportError> {
        let text = self.get(Column::Time).1;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let time = if digits(whole) && digits(fraction) && fraction.len() <= 6 {
            whole.parse::<u64>().ok().and_then(|whole| {
                let fraction = format!("{fraction:0<6}").parse::<u64>().ok()?;
                whole.checked_mul(1_000_000)?.checked_add(fraction)
            })
        } else {
            None
        };
        time.ok_or_else(|| self.wrong(Column::Time, "a time in microseconds"))
    }

    fn allocate(&self) -> Result<Allocate, ImportError> {
        let size = self.number(Column::Size, "a size in bytes")?;
        if size == 0 {
            return Err(self.wrong(Column::Size, "the size of an allocation"));
        }
        let owner = self.get(Column::Owner).1;
        if owner.is_empty() || owner.len() > limits::NAME_BYTES {
            return Err(self.wrong(Column::Owner, "an owner of 1 to 128 bytes"));
        }
        let offset = match self.get(Column::Offset).1 {
            "" => None,
            _ => Some(self.number(Column::Offset, "an offset in bytes")?),
        };
        Ok(Allocate {
            size,
            owner: owner.to_owned(),
            preferred: self.preferred()?,
            segment: self.observed_segment()?,
            offset,
        })
    }

    /// Letters, most wanted first; a repeated one says nothing new.
    fn preferred(&self) -> Result<Vec<TraceSegment>, ImportError> {
        let mut preferred = Vec::new();
        for letter in self.get(Column::Preferred).1.chars() {
            let segment = match letter {
                'L' => TraceSegment::Local,
                'I' => TraceSegment::Invisible,
                'S' => TraceSegment::System,
                _ => return Err(self.wrong(Column::Preferred, "an order of L, I and S")),
            };
            if !preferred.contains(&segment) {
                preferred.push(segment);
            }
        }
        if preferred.is_empty() {
            return Err(self.wrong(Column::Preferred, "an order of L, I and S"));
        }
        Ok(preferred)
    }

    fn observed_segment(&self) -> Result<Option<TraceSegment>, ImportError> {
        let text = self.get(Column::Segment).1;
        if text.is_empty() {
            return Ok(None);
        }
        let known = TraceSegment::ALL.into_iter().find(|segment| segment.name() == text);
        known
            .map(Some)
            .ok_or_else(|| self.wrong(Column::Segment, "`local`, `invisible`, `system` or nothing"))
    }
}
