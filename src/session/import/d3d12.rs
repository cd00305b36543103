//! Direct3D 12 heaps and the resources placed in them.
//!
//! Rows are those of the capture-and-replay traces of intel/GPGMM (Apache-2.0, Intel Corporation)
//! as a table. A kernel-mode memory manager sees heaps: `heap_*` rows become allocations of a
//! memory segment (`local`) or an aperture (`nonlocal`). It does not see the resources that a
//! process places in its heaps: `res_*` rows are checked, and where a resource begins to live the
//! GPU writes its range, so that the bytes show where it lies.
//!
//! Each trace of a file is a process with a clock of its own. They run beside each other as if
//! started together. Rows of one trace keep the order of the file even at equal times, because
//! what a row says depends on those above it; of two traces the one that is first in the file goes
//! first.

use std::collections::{BTreeMap, HashMap};

use super::build::{self, Builder, NewAllocation, event_limit, to_u64, write_range};
use super::error::{ImportError, ImportProblem};
use super::table::{Row, Table};
use super::{Imported, Options, Report};
use crate::base::text;
use crate::ddi::SegmentFlags;
use crate::session::document::{AdapterDescription, Bookmark, Document, NamedCommand, one_page};
use crate::session::name::Name;

/// Bytes of the name of a trace, so that it fits into the name of a heap.
const PROCESS_BYTES: usize = 64;
/// Bytes of an id, for the same reason.
const ID_BYTES: usize = 32;

/// What was in a trace of heaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeapsReport {
    /// Traces.
    pub processes: u64,
    /// Heaps that were allocated.
    pub heaps: u64,
    /// Heaps at the end.
    pub heaps_at_end: u64,
    /// Resources that were placed in heaps.
    pub resources: u64,
    /// Bytes of all resources together.
    pub resource_bytes: u64,
    /// Resources at the end.
    pub resources_at_end: u64,
    /// The most bytes of local heaps at one time.
    pub local_peak: u64,
    /// The most bytes of nonlocal heaps at one time.
    pub nonlocal_peak: u64,
}

/// Reads heaps and resources with the columns `trace`, `t_us`, `op` (`heap_alloc`, `heap_free`,
/// `res_alloc`, `res_free`), `id`, `size`, `heap_id`, `heap_offset` and `segment_group` (`local`,
/// `nonlocal`).
///
/// # Errors
/// The first row that cannot be read, or uses what is not there, with its place; a trace of more
/// than 1,048,576 rows or 64 TiB.
pub(super) fn heaps_csv(text: &str, options: &Options) -> Result<Imported, ImportError> {
    let rows = read(text, options)?;
    let groups = Groups { local: build::word("local"), nonlocal: build::word("nonlocal") };
    let mut import = Import::default();
    for event in &rows.events {
        import.event(event, &rows, &groups)?;
    }
    let report = HeapsReport {
        processes: to_u64(rows.processes.len()),
        heaps: import.builder.created(),
        heaps_at_end: import.builder.live_count(),
        resources: import.resources,
        resource_bytes: import.resource_bytes,
        resources_at_end: to_u64(import.placed.len()),
        local_peak: import.builder.sums_of(&groups.local).peak,
        nonlocal_peak: import.builder.sums_of(&groups.nonlocal).peak,
    };
    let document = document(options, &report, import.builder, &groups);
    Ok(Imported { document, report: Report::Heaps(report) })
}

/// The names of the two segments.
struct Groups {
    local: Name,
    nonlocal: Name,
}

struct Event {
    line: u32,
    /// Its place in the list of processes.
    process: usize,
    /// Millionths of a microsecond since the start of the trace.
    time: u64,
    id: String,
    kind: EventKind,
    columns: Places,
}

/// Where in the line those fields stand that are judged when the rows are in order.
#[derive(Clone, Copy)]
struct Places {
    id: u32,
    heap: u32,
    offset: u32,
}

impl Event {
    fn error(&self, column: u32, field: &str, problem: ImportProblem) -> ImportError {
        ImportError { field: field.to_owned(), ..ImportError::at(self.line, column, problem) }
    }

    /// Its process and id.
    fn key(&self) -> (usize, String) {
        (self.process, self.id.clone())
    }
}

enum EventKind {
    HeapAllocate { size: u64, local: bool },
    HeapFree,
    ResourceAllocate { size: u64, heap: String, offset: u64 },
    ResourceFree,
}

#[derive(Default)]
struct Rows {
    events: Vec<Event>,
    processes: Vec<Name>,
}

fn read(text: &str, options: &Options) -> Result<Rows, ImportError> {
    let mut table = Table::open(text)?;
    let columns = Columns::of(&table)?;
    let mut rows = Rows::default();
    let mut known: HashMap<String, usize> = HashMap::new();
    // The time of the last row of each process.
    let mut last: Vec<u64> = Vec::new();
    while options.first.is_none_or(|first| rows.events.len() < first) {
        let Some(row) = table.next_row()? else { break };
        let process = row.text(columns.process, PROCESS_BYTES, "a trace of 1 to 64 bytes")?;
        if options.process.as_ref().is_some_and(|wanted| wanted != process) {
            continue;
        }
        event_limit(rows.events.len()).map_err(|problem| ImportError::at(row.line, 1, problem))?;
        let process = match known.get(process) {
            Some(process) => *process,
            None => {
                let name =
                    Name::new(process).map_err(|error| row.error(columns.process, error.into()))?;
                known.insert(process.to_owned(), rows.processes.len());
                rows.processes.push(name);
                last.push(0);
                rows.processes.len() - 1
            }
        };
        let event = columns.event(&row, process)?;
        if let Some(last) = last.get_mut(process) {
            if event.time < *last {
                return Err(row.error(columns.time, ImportProblem::TimeGoesBack));
            }
            *last = event.time;
        }
        rows.events.push(event);
    }
    if let Some(wanted) = options.process.as_ref().filter(|_| rows.events.is_empty()) {
        let wanted = super::table::shortened(wanted);
        return Err(table.header_error(ImportProblem::NoSuchProcess(wanted)));
    }
    // Stable: the rest of the order is that of the file.
    rows.events.sort_by_key(|event| event.time);
    Ok(rows)
}

/// The columns that are read. Others may be there.
struct Columns {
    process: usize,
    time: usize,
    operation: usize,
    id: usize,
    size: usize,
    heap: usize,
    offset: usize,
    group: usize,
}

impl Columns {
    fn of(table: &Table<'_>) -> Result<Self, ImportError> {
        Ok(Self {
            process: table.column("trace")?,
            time: table.column("t_us")?,
            operation: table.column("op")?,
            id: table.column("id")?,
            size: table.column("size")?,
            heap: table.column("heap_id")?,
            offset: table.column("heap_offset")?,
            group: table.column("segment_group")?,
        })
    }

    fn event(&self, row: &Row<'_>, process: usize) -> Result<Event, ImportError> {
        let id = row.text(self.id, ID_BYTES, "an id of 1 to 32 bytes")?.to_owned();
        let size = || row.positive(self.size, "a size in bytes", "the size of something");
        let kind = match row.get(self.operation) {
            "heap_alloc" => EventKind::HeapAllocate {
                size: size()?,
                local: match row.get(self.group) {
                    "local" => true,
                    "nonlocal" => false,
                    _ => return Err(row.wrong(self.group, "`local` or `nonlocal`")),
                },
            },
            "heap_free" => EventKind::HeapFree,
            "res_alloc" => EventKind::ResourceAllocate {
                size: size()?,
                heap: row.text(self.heap, ID_BYTES, "the id of a heap")?.to_owned(),
                offset: row.number(self.offset, "an offset in bytes")?,
            },
            "res_free" => EventKind::ResourceFree,
            _ => {
                let wanted = "`heap_alloc`, `heap_free`, `res_alloc` or `res_free`";
                return Err(row.wrong(self.operation, wanted));
            }
        };
        let columns = Places {
            id: row.position(self.id),
            heap: row.position(self.heap),
            offset: row.position(self.offset),
        };
        Ok(Event { line: row.line, process, time: row.time(self.time)?, id, kind, columns })
    }
}

/// A heap that lives.
struct Heap {
    size: u64,
    resources: u64,
}

#[derive(Default)]
struct Import {
    builder: Builder,
    /// By process and id.
    heaps: BTreeMap<(usize, String), Heap>,
    /// The heap of each resource that lives, by process and id.
    placed: BTreeMap<(usize, String), String>,
    resources: u64,
    resource_bytes: u64,
}

impl Import {
    fn event(&mut self, event: &Event, rows: &Rows, groups: &Groups) -> Result<(), ImportError> {
        let of_id = |problem| event.error(event.columns.id, "id", problem);
        match &event.kind {
            EventKind::HeapAllocate { size, local } => {
                let group = if *local { &groups.local } else { &groups.nonlocal };
                self.create_heap(event, rows, *size, group).map_err(of_id)
            }
            EventKind::HeapFree => self.free_heap(event).map_err(of_id),
            EventKind::ResourceAllocate { size, heap, offset } => {
                self.place_resource(event, heap, *offset, *size)
            }
            EventKind::ResourceFree => self.free_resource(event).map_err(of_id),
        }
    }

    /// Checks that a resource lies in its heap, and lets the GPU write it.
    fn place_resource(
        &mut self,
        event: &Event,
        heap: &str,
        offset: u64,
        size: u64,
    ) -> Result<(), ImportError> {
        if self.placed.contains_key(&event.key()) {
            let problem = ImportProblem::AlreadyAllocated(event.id.clone());
            return Err(event.error(event.columns.id, "id", problem));
        }
        let lives = self.heaps.get_mut(&(event.process, heap.to_owned()));
        let name = self.builder.live(&heap_key(event.process, heap)).map(|live| live.name.clone());
        let Some((lives, name)) = lives.zip(name) else {
            let problem = ImportProblem::NoHeap(heap.to_owned());
            return Err(event.error(event.columns.heap, "heap_id", problem));
        };
        if offset.checked_add(size).is_none_or(|end| end > lives.size) {
            let problem = ImportProblem::Outside { offset, size, whole: lives.size };
            return Err(event.error(event.columns.offset, "heap_offset", problem));
        }
        lives.resources += 1;
        self.placed.insert(event.key(), heap.to_owned());
        self.resources += 1;
        self.resource_bytes = self.resource_bytes.saturating_add(size);
        let write = write_range(name, offset, size);
        self.builder.commands.push(NamedCommand::Use(vec![write]));
        Ok(())
    }

    fn free_resource(&mut self, event: &Event) -> Result<(), ImportProblem> {
        let missing = || ImportProblem::NotAllocated(event.id.clone());
        let heap = self.placed.remove(&event.key()).ok_or_else(missing)?;
        if let Some(heap) = self.heaps.get_mut(&(event.process, heap)) {
            heap.resources = heap.resources.saturating_sub(1);
        }
        Ok(())
    }

    fn create_heap(
        &mut self,
        event: &Event,
        rows: &Rows,
        size: u64,
        group: &Name,
    ) -> Result<(), ImportProblem> {
        let Some(owner) = rows.processes.get(event.process) else { return Ok(()) };
        let key = event.key();
        if self.heaps.contains_key(&key) {
            return Err(ImportProblem::AlreadyAllocated(event.id.clone()));
        }
        // Alone, a process need not be told from others.
        let name = if rows.processes.len() == 1 {
            event.id.clone()
        } else {
            format!("{}.{}", owner.as_str(), event.id)
        };
        self.builder.allocate(&NewAllocation {
            id: &heap_key(event.process, &event.id),
            name: &name,
            owner,
            size,
            alignment: one_page(),
            wanted: std::slice::from_ref(group),
        })?;
        self.heaps.insert(key, Heap { size, resources: 0 });
        Ok(())
    }

    fn free_heap(&mut self, event: &Event) -> Result<(), ImportProblem> {
        let key = event.key();
        let Some(heap) = self.heaps.get(&key) else {
            return Err(ImportProblem::NotAllocated(event.id.clone()));
        };
        if heap.resources > 0 {
            let (heap, resources) = (event.id.clone(), heap.resources);
            return Err(ImportProblem::HeapInUse { heap, resources });
        }
        self.heaps.remove(&key);
        self.builder.free(&heap_key(event.process, &event.id)).map(|_| ())
    }
}

/// An id that no other process has.
fn heap_key(process: usize, id: &str) -> String {
    format!("{process}/{id}")
}

fn document(
    options: &Options,
    report: &HeapsReport,
    builder: Builder,
    groups: &Groups,
) -> Document {
    let heaps = text::counted(report.heaps, "heap");
    let resources = text::counted(report.resources, "resource");
    let traces = text::counted(report.processes, "trace");
    let mut notes = format!(
        "{heaps} of {traces}; each is one allocation, local ones in memory, nonlocal ones in an \
         aperture. {resources} were placed in them, which only the process knows: where one begins \
         to live, the GPU writes its range."
    );
    if let Some(size) = options.local_size {
        let size = text::exact_size(size);
        notes.push_str(&format!(" The local segment was cut to {size} to force evictions."));
    }
    Document {
        head_comment: "Direct3D 12 heaps and the resources placed in them, from a recorded trace."
            .to_owned(),
        title: format!("Direct3D 12: {heaps}"),
        notes,
        tags: vec!["trace".to_owned(), "d3d12".to_owned()],
        adapter: adapter(options, &builder, groups),
        policies: options.policies(),
        bookmarks: vec![Bookmark {
            at: to_u64(builder.peak_at),
            text: "most bytes in heaps".to_owned(),
        }],
        commands: builder.commands,
    }
}

/// Two segments with room for everything: the trace does not say what the machine had.
fn adapter(options: &Options, builder: &Builder, groups: &Groups) -> AdapterDescription {
    let sums = builder.sums_of(&groups.local);
    let local = options.local_size.unwrap_or_else(|| build::rounded(sums.total));
    let nonlocal = build::rounded(builder.sums_of(&groups.nonlocal).total);
    let above = build::base_above(Some(local));
    let segments = vec![
        build::segment(groups.local.clone(), SegmentFlags::empty(), 0, local),
        build::segment(groups.nonlocal.clone(), build::aperture_flags(), above, nonlocal),
    ];
    build::adapter("Direct3D 12 adapter", build::system_memory(builder.sums.peak), segments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{parse, write};

    const HEAD: &str = "trace,t_us,op,id,size,heap_id,heap_offset,segment_group";
    /// Made up: two processes whose clocks both begin at 0.
    const ROWS: &str = "\
one,1,heap_alloc,h1,131072,,,local
one,2,res_alloc,r1,65536,h1,65536,
one,5,res_free,r1,,,,
one,5,heap_free,h1,,,,
one,6,heap_alloc,h1,4096,,,local
two,1.5,heap_alloc,h1,8192,,,nonlocal
two,2,res_alloc,r1,100,h1,8092,
";

    fn import(text: &str, options: &Options) -> Result<(Document, HeapsReport), String> {
        let imported = heaps_csv(text, options).map_err(|error| error.in_file("f").to_string())?;
        match imported.report {
            Report::Heaps(report) => Ok((imported.document, report)),
            other => panic!("{other:?}"),
        }
    }

    fn commands(document: &Document) -> String {
        let written = write(document);
        assert_eq!(parse(&written, "written.ron").as_ref(), Ok(document));
        written.split_once("    commands: [\n").expect("there are commands").1.to_owned()
    }

    #[test]
    fn traces_run_beside_each_other() {
        let text = format!("{HEAD}\n{ROWS}");
        let (document, report) = import(&text, &Options::default()).expect("it is complete");
        let expected = r#"        CreateProcess("one"),
        CreateDevice(name: "one", process: "one"),
        CreateAllocation(name: "one.h1", device: "one", size: "128 KiB", preferred: ["local"], supported: ["local"], resident: true),
        CreateProcess("two"),
        CreateDevice(name: "two", process: "two"),
        CreateAllocation(name: "two.h1", device: "two", size: "8 KiB", preferred: ["nonlocal"], supported: ["nonlocal"], resident: true),
        Use([WriteRange(allocation: "one.h1", offset: 0x0001_0000, length: "64 KiB")]),
        Use([WriteRange(allocation: "two.h1", offset: 0x1F9C, length: "100 B")]),
        DestroyAllocation("one.h1"),
        CreateAllocation(name: "one.h1.2", device: "one", size: "4 KiB", preferred: ["local"], supported: ["local"], resident: true),
    ],
)
"#;
        assert_eq!(commands(&document), expected);
        let expected = HeapsReport {
            processes: 2,
            heaps: 3,
            heaps_at_end: 2,
            resources: 2,
            resource_bytes: 65_636,
            resources_at_end: 1,
            local_peak: 131_072,
            nonlocal_peak: 8192,
        };
        assert_eq!(report, expected);
    }

    #[test]
    fn one_process_can_be_chosen() {
        let text = format!("{HEAD}\n{ROWS}");
        let two = Options { process: Some("two".to_owned()), ..Options::default() };
        let (document, report) = import(&text, &two).expect("it is complete");
        assert_eq!((report.processes, report.heaps, report.resources), (1, 1, 1));
        assert!(commands(&document).contains("name: \"h1\""));
        let none = Options { process: Some("three".to_owned()), ..Options::default() };
        let error = import(&text, &none).map(|_| ());
        assert_eq!(error, Err("f:1:1: no row is of `three`".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_located() {
        let rows = [
            (
                "p,1,heap_grow,h,1,,,local",
                "f:2:5: op: `heap_grow` is not `heap_alloc`, `heap_free`, `res_alloc` or `res_free`",
            ),
            (
                "p,1,heap_alloc,h,1,,,remote",
                "f:2:22: segment_group: `remote` is not `local` or `nonlocal`",
            ),
            ("p,1,heap_alloc,h,-1,,,local", "f:2:18: size: `-1` is not a size in bytes"),
            ("p,1,heap_alloc,h,1.5,,,local", "f:2:18: size: `1.5` is not a size in bytes"),
            ("p,1,heap_alloc,,1,,,local", "f:2:16: id: `` is not an id of 1 to 32 bytes"),
            (",1,heap_alloc,h,1,,,local", "f:2:1: trace: `` is not a trace of 1 to 64 bytes"),
            ("p,1,heap_free,h,1,,,", "f:2:15: id: allocation h is freed, but does not exist"),
            ("p,1,res_free,r,1,,,", "f:2:14: id: allocation r is freed, but does not exist"),
            ("p,1,res_alloc,r,1,h,0,", "f:2:19: heap_id: there is no heap h now"),
            (
                "p,1,heap_alloc,h,1,,,local\np,2,heap_alloc,h,1,,,local",
                "f:3:16: id: allocation h is allocated a second time without a free",
            ),
            (
                "p,1,heap_alloc,h,9,,,local\nq,2,res_alloc,r,1,h,0,",
                "f:3:19: heap_id: there is no heap h now",
            ),
            (
                "p,1,heap_alloc,h,9,,,local\np,2,res_alloc,r,5,h,5,",
                "f:3:21: heap_offset: 5 bytes at 5 do not fit into 9 bytes",
            ),
            (
                "p,1,heap_alloc,h,9,,,local\np,2,res_alloc,r,2,h,18446744073709551615,",
                "f:3:21: heap_offset: 2 bytes at 18446744073709551615 do not fit into 9 bytes",
            ),
            (
                "p,1,heap_alloc,h,9,,,local\np,2,res_alloc,r,2,h,0,\np,3,res_alloc,r,2,h,4,",
                "f:4:15: id: allocation r is allocated a second time without a free",
            ),
            (
                "p,1,heap_alloc,h,9,,,local\np,2,res_alloc,r,2,h,0,\np,3,heap_free,h,,,,",
                "f:4:15: id: heap h is freed with 1 resource in it",
            ),
            (
                "p,2,heap_alloc,h,9,,,local\np,1,heap_free,h,,,,",
                "f:3:3: t_us: the time is before that of the row above",
            ),
            (
                "p,1,heap_alloc,h,70368744177665,,,local",
                "f:2:16: id: the trace has more than 70,368,744,177,664 bytes in its allocations, which is the limit",
            ),
        ];
        for (rows, expected) in rows {
            let error = import(&format!("{HEAD}\n{rows}\n"), &Options::default()).map(|_| ());
            assert_eq!(error, Err(expected.to_owned()), "{rows}");
        }
        let error = import("trace,t_us", &Options::default()).map(|_| ());
        assert_eq!(error, Err("f:1:1: the column `op` is missing".to_owned()));
    }

    #[test]
    fn truncated_traces_never_panic() {
        let text = format!("{HEAD}\n{ROWS}");
        for end in 0..text.len() {
            let _ = import(&text[..end], &Options::default());
        }
        let huge = Options { local_size: Some(u64::MAX), ..Options::default() };
        assert!(import(&text, &huge).is_ok());
    }
}
