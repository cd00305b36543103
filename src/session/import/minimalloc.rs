//! Buffers with lifetimes, in the format that MiniMalloc reads.
//!
//! Source of the format: google/minimalloc (Apache-2.0, Google LLC). A buffer of `size` lives from
//! `lower` up to, not including, `upper`; a column `end` in place of `upper` includes its moment.
//! Moments are only an order. The session knows no clock, so that it holds creations and
//! destructions in that order: of equal moments what ends comes first, then file order.
//!
//! Sizes of the benchmark have a granule of 1,024 where our pages have 4,096 bytes, so each unit
//! stands for several bytes: as few as make every size whole pages, 4 for the benchmark. Heights
//! are then exact after division.

use std::collections::HashSet;

use super::build::{self, Builder, MOST_BYTES, NewAllocation, event_limit, to_u64};
use super::error::{ImportError, ImportProblem};
use super::table::{Row, Table};
use super::{Imported, Options, Report};
use crate::base::{PAGE_SIZE, text};
use crate::ddi::SegmentFlags;
use crate::session::document::{Bookmark, Document};
use crate::session::name::Name;

/// Bytes of an id.
const ID_BYTES: usize = 64;

/// What a packing is measured against. Units are those of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackingReport {
    /// Buffers.
    pub buffers: u64,
    /// Bytes of the session for one unit.
    pub scale: u64,
    /// The most units that live at one moment; no packing is lower.
    pub peak_live: u64,
    /// Units of all buffers together.
    pub total: u64,
}

impl PackingReport {
    /// An address of the session as a height in units, rounded up.
    #[must_use]
    pub const fn height(&self, address: u64) -> u64 {
        address.div_ceil(if self.scale == 0 { 1 } else { self.scale })
    }
}

/// Reads buffers with the columns `id` (or `buffer`, `buffer_id`), `lower` (or `start`, `begin`),
/// `upper` (or `end`, included), `size` and perhaps `alignment`, in any order.
///
/// # Errors
/// The first row that cannot be read, with its place; more than 524,288 buffers, or 64 TiB.
pub(super) fn buffers_csv(text: &str, options: &Options) -> Result<Imported, ImportError> {
    let buffers = read(text, options.first)?;
    let scale = options.scale.unwrap_or_else(|| smallest_scale(&buffers)).max(1);
    let (owner, wanted) = (build::word("buffers"), [build::word("memory")]);
    let mut builder = Builder::default();
    let (mut live, mut peak_live) = (0_u64, 0_u64);
    for event in events(&buffers) {
        let Some(buffer) = buffers.get(event.buffer) else { continue };
        let failed = |problem| ImportError::at(buffer.line, 1, problem);
        if event.begins {
            let new = NewAllocation {
                id: &buffer.id,
                name: &buffer.id,
                owner: &owner,
                size: scaled(buffer.size, scale).map_err(failed)?,
                alignment: scaled(buffer.alignment, scale).map_err(failed)?.max(PAGE_SIZE),
                wanted: &wanted,
            };
            builder.allocate(&new).map_err(failed)?;
            live = live.saturating_add(buffer.size);
            peak_live = peak_live.max(live);
        } else {
            builder.free(&buffer.id).map_err(failed)?;
            live = live.saturating_sub(buffer.size);
        }
    }
    let total = buffers.iter().fold(0_u64, |sum, buffer| sum.saturating_add(buffer.size));
    let report = PackingReport { buffers: to_u64(buffers.len()), scale, peak_live, total };
    let document = document(options, &report, builder, &wanted[0]);
    Ok(Imported { document, report: Report::Packing(report) })
}

/// A row.
struct Buffer {
    line: u32,
    id: String,
    lower: u64,
    /// Not included.
    upper: u64,
    size: u64,
    alignment: u64,
}

fn read(text: &str, first: Option<usize>) -> Result<Vec<Buffer>, ImportError> {
    let mut table = Table::open(text)?;
    let (id, _) = table.column_named(&["id", "buffer", "buffer_id"])?;
    let (lower, _) = table.column_named(&["lower", "start", "begin"])?;
    let (upper, upper_name) = table.column_named(&["upper", "end"])?;
    let size = table.column("size")?;
    let (alignment, gaps) = (table.optional_column("alignment"), table.optional_column("gaps"));
    let included = upper_name == "end";
    let mut ids = HashSet::new();
    let mut buffers: Vec<Buffer> = Vec::new();
    while first.is_none_or(|first| buffers.len() < first) {
        let Some(row) = table.next_row()? else { break };
        // Each buffer is two events.
        event_limit(buffers.len().saturating_mul(2))
            .map_err(|problem| ImportError::at(row.line, 1, problem))?;
        let name = row.text(id, ID_BYTES, "an id of 1 to 64 bytes")?;
        if !ids.insert(name.to_owned()) {
            let problem = ImportProblem::Repeated { what: "buffer", id: name.to_owned() };
            return Err(row.error(id, problem));
        }
        if let Some(gaps) = gaps.filter(|gaps| !row.get(*gaps).is_empty()) {
            return Err(row.wrong(gaps, "empty: gaps in a lifetime are not read"));
        }
        let (lower, upper) = lifetime(&row, lower, (upper, included))?;
        buffers.push(Buffer {
            line: row.line,
            id: name.to_owned(),
            lower,
            upper,
            size: row.positive(size, "a size", "the size of a buffer")?,
            alignment: alignment.map_or(Ok(1), |column| power_of_two(&row, column))?,
        });
    }
    Ok(buffers)
}

/// The first moment, and the first one after.
fn lifetime(
    row: &Row<'_>,
    lower_column: usize,
    (upper_column, included): (usize, bool),
) -> Result<(u64, u64), ImportError> {
    let lower = row.number(lower_column, "a moment")?;
    let upper = row.number(upper_column, "a moment")?;
    let too_late = || row.wrong(upper_column, "a moment");
    let upper = upper.checked_add(u64::from(included)).ok_or_else(too_late)?;
    if upper <= lower {
        return Err(row.error(upper_column, ImportProblem::LifetimeEmpty { lower, upper }));
    }
    Ok((lower, upper))
}

fn power_of_two(row: &Row<'_>, column: usize) -> Result<u64, ImportError> {
    let number = row.number(column, "an alignment")?;
    if number.is_power_of_two() { Ok(number) } else { Err(row.wrong(column, "a power of two")) }
}

/// The beginning or end of a buffer.
struct Event {
    at: u64,
    begins: bool,
    buffer: usize,
}

/// In the order in which they happen.
fn events(buffers: &[Buffer]) -> Vec<Event> {
    let each = buffers.iter().enumerate();
    let mut events: Vec<Event> = each
        .flat_map(|(index, buffer)| {
            [(buffer.lower, true), (buffer.upper, false)].map(|(at, begins)| Event {
                at,
                begins,
                buffer: index,
            })
        })
        .collect();
    events.sort_by_key(|event| (event.at, event.begins, event.buffer));
    events
}

/// The smallest number of bytes for one unit that makes every size whole pages.
fn smallest_scale(buffers: &[Buffer]) -> u64 {
    let granule = buffers.iter().fold(PAGE_SIZE, |granule, buffer| {
        // Of two powers of two the smaller divides both.
        granule.min(1 << buffer.size.trailing_zeros().min(63))
    });
    PAGE_SIZE / granule
}

fn scaled(units: u64, scale: u64) -> Result<u64, ImportProblem> {
    let limit = ImportProblem::Limit { what: "bytes in its allocations", limit: MOST_BYTES };
    units.checked_mul(scale).filter(|bytes| *bytes <= MOST_BYTES).ok_or(limit)
}

fn document(
    options: &Options,
    report: &PackingReport,
    builder: Builder,
    segment: &Name,
) -> Document {
    // With twice the bytes of all buffers, the open end is larger than any hole between buffers:
    // best fit takes it only when no hole suffices.
    let enough = || build::rounded(builder.sums.total.saturating_mul(2));
    let capacity = options.capacity.unwrap_or_else(enough);
    let segments = vec![build::segment(segment.clone(), SegmentFlags::empty(), 0, capacity)];
    let buffers = text::counted(report.buffers, "buffer");
    Document {
        head_comment: "Buffers with lifetimes, in the format of google/minimalloc.".to_owned(),
        title: format!("MiniMalloc: {buffers}"),
        notes: format!(
            "{buffers}, each created when its lifetime begins and destroyed when it ends. One unit \
             of the trace is {} here. The most units that live at one moment are {}.",
            text::counted(report.scale, "byte"),
            text::count(report.peak_live),
        ),
        tags: vec!["trace".to_owned(), "minimalloc".to_owned()],
        adapter: build::adapter("One memory", build::system_memory(builder.sums.peak), segments),
        policies: options.policies(),
        bookmarks: vec![Bookmark {
            at: to_u64(builder.peak_at),
            text: "most bytes live".to_owned(),
        }],
        commands: builder.commands,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{parse, write};

    /// Made up: `b` and `c` meet at 3, `a` outlives both.
    const TRACE: &str = "# made up\nupper,id,lower,size\n9,a,0,1024\n3,b,1,2048\n5,c,3,3072\n";

    fn import(text: &str, options: &Options) -> Result<(Document, PackingReport), String> {
        let imported =
            buffers_csv(text, options).map_err(|error| error.in_file("f").to_string())?;
        match imported.report {
            Report::Packing(report) => Ok((imported.document, report)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lifetimes_become_creations_and_destructions_ends_first() {
        let (document, report) = import(TRACE, &Options::default()).expect("it is complete");
        let written = write(&document);
        let (_, commands) = written.split_once("    commands: [\n").expect("there are commands");
        let expected = r#"        CreateProcess("buffers"),
        CreateDevice(name: "buffers", process: "buffers"),
        CreateAllocation(name: "a", device: "buffers", size: "4 KiB", preferred: ["memory"], supported: ["memory"], resident: true),
        CreateAllocation(name: "b", device: "buffers", size: "8 KiB", preferred: ["memory"], supported: ["memory"], resident: true),
        DestroyAllocation("b"),
        CreateAllocation(name: "c", device: "buffers", size: "12 KiB", preferred: ["memory"], supported: ["memory"], resident: true),
        DestroyAllocation("c"),
        DestroyAllocation("a"),
    ],
)
"#;
        assert_eq!(commands, expected);
        // 1,024 + 3,072 at once; b is gone by then.
        let expected = PackingReport { buffers: 3, scale: 4, peak_live: 4096, total: 6144 };
        assert_eq!(report, expected);
        assert_eq!((report.height(16_384), report.height(16_385)), (4096, 4097));
        assert_eq!(document.bookmarks[0].at, 6);
        assert_eq!(parse(&written, "written.ron").ok(), Some(document));
    }

    #[test]
    fn scale_and_capacity_can_be_chosen() {
        let scale = |sizes: &str, options: &Options| {
            let rows: String = sizes
                .split(' ')
                .enumerate()
                .map(|(id, size)| format!("{id},0,1,{size}\n"))
                .collect();
            import(&format!("id,lower,upper,size\n{rows}"), options).map(|(_, r)| r.scale)
        };
        let default = Options::default();
        for (sizes, expected) in [("4 12", 1024), ("4096 8192", 1), ("3 4096", 4096), ("6144", 2)] {
            assert_eq!(scale(sizes, &default), Ok(expected), "{sizes}");
        }
        let capacity =
            |document: &Document| document.adapter.segments.as_ref().map(|all| all[0].size);
        let chosen = Options { capacity: Some(20_480), scale: Some(2), ..Options::default() };
        let (document, report) = import(TRACE, &chosen).expect("it is complete");
        assert_eq!((capacity(&document), report.scale), (Some(20_480), 2));
        let (document, _) = import(TRACE, &default).expect("it is complete");
        assert_eq!(capacity(&document), Some(256 << 20));
    }

    #[test]
    fn an_end_is_included_and_an_upper_is_not() {
        let order = |text: &str| {
            let (document, report) = import(text, &Options::default()).expect("it is complete");
            (document.commands.len(), report.peak_live)
        };
        // Both live at moment 3, or they only meet.
        assert_eq!(order("buffer,start,end,size\nx,0,3,4096\ny,3,3,4096\n"), (6, 8192));
        assert_eq!(order("id,lower,upper,size\nx,0,3,4096\ny,3,4,4096\n"), (6, 4096));
    }

    #[test]
    fn what_is_wrong_is_located() {
        let rows = [
            ("a,0,1", "f:2:1: the row has 3 fields; the first line names 4"),
            ("a,3,3,4", "f:2:5: upper: the lifetime ends at 3, but begins at 3"),
            ("a,-3,3,4", "f:2:3: lower: `-3` is not a moment"),
            ("a,1,2.5,4", "f:2:5: upper: `2.5` is not a moment"),
            ("a,1,2,0", "f:2:7: size: `0` is not the size of a buffer"),
            ("a,1,2,99999999999999999999", "f:2:7: size: `99999999999999999999` is not a size"),
            (",1,2,4", "f:2:1: id: `` is not an id of 1 to 64 bytes"),
            ("a,1,2,4\na,3,4,4", "f:3:1: id: buffer a is there twice"),
            (
                "a,1,2,18446744073709551615",
                "f:2:1: the trace has more than 70,368,744,177,664 bytes in its allocations, which is the limit",
            ),
            (
                "a,1,2,70368744177664\nb,3,4,4096",
                "f:3:1: the trace has more than 70,368,744,177,664 bytes in its allocations, which is the limit",
            ),
        ];
        for (rows, expected) in rows {
            let text = format!("id,lower,upper,size\n{rows}\n");
            let error = import(&text, &Options::default()).map(|_| ());
            assert_eq!(error, Err(expected.to_owned()), "{rows}");
        }
        let tables = [
            ("", "f:1:1: the column `id` is missing"),
            ("id,lower,size", "f:1:1: the column `upper` is missing"),
            ("id,lower,upper,end,size", "f:1:1: the column `end` is there twice"),
            (
                "id,lower,upper,size,alignment\na,0,1,4,3",
                "f:2:9: alignment: `3` is not a power of two",
            ),
            (
                "id,lower,upper,size,gaps\na,0,9,4,2-3",
                "f:2:9: gaps: `2-3` is not empty: gaps in a lifetime are not read",
            ),
            (
                "id,start,end,size\na,0,18446744073709551615,4",
                "f:2:5: end: `18446744073709551615` is not a moment",
            ),
        ];
        for (text, expected) in tables {
            let error = import(text, &Options::default()).map(|_| ());
            assert_eq!(error, Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn nothing_makes_it_panic() {
        for end in 0..TRACE.len() {
            let _ = import(&TRACE[..end], &Options::default());
        }
        for number in [0, 1, 3, u64::MAX] {
            let options =
                Options { scale: Some(number), capacity: Some(number), ..Options::default() };
            let _ = import(TRACE, &options);
        }
    }
}
