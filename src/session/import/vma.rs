//! A snapshot of the Vulkan Memory Allocator: the memory that it took from the driver, and what it
//! handed out of it.
//!
//! A heap becomes a segment: of memory if it is DEVICE_LOCAL, an aperture otherwise. Blocks and
//! dedicated allocations are what a kernel-mode memory manager sees, and become allocations that
//! are all resident. The parts of a block are checked; the GPU writes those that are used, so that
//! the bytes show what is used and what is a gap. Nothing says in which order they came: they come
//! in the order of the file.

use std::collections::HashMap;

use super::build::{self, Builder, MOST_BYTES, NewAllocation, event_limit, to_u64, write_range};
use super::error::{ImportError, ImportProblem};
use super::json::{self, Step};
use super::vma_dump::{Block, Dedicated, Dump, Heap, Kind, Pool, Stats};
use super::{Imported, Options, Report};
use crate::base::{PAGE_SIZE, text};
use crate::ddi::SegmentFlags;
use crate::session::document::{
    AdapterDescription, Document, NamedCommand, NamedReference, SegmentDescription, one_page,
};
use crate::session::name::Name;

/// References of one command: one block of a dump has far fewer.
const REFERENCES: usize = 4096;
/// Heaps of a device, `VK_MAX_MEMORY_HEAPS`.
const MOST_HEAPS: usize = 16;
/// Characters of a name that the application gave.
const NAME_CHARACTERS: usize = 16;

/// Counts and bytes of a dump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SnapshotTotals {
    /// Blocks, dedicated ones among them.
    pub blocks: u64,
    /// Bytes of all blocks.
    pub block_bytes: u64,
    /// Allocations in blocks, dedicated ones among them.
    pub allocations: u64,
    /// Bytes of all allocations.
    pub allocation_bytes: u64,
    /// Gaps in blocks.
    pub gaps: u64,
}

impl SnapshotTotals {
    const fn stated(stats: &Stats) -> Self {
        Self {
            blocks: stats.block_count,
            block_bytes: stats.block_bytes,
            allocations: stats.allocation_count,
            allocation_bytes: stats.allocation_bytes,
            gaps: stats.unused_range_count,
        }
    }

    /// Sums that overflow stay at the most, which no dump states truly.
    fn add(&mut self, allocations: u64, allocation_bytes: u64, gaps: u64, block_bytes: u64) {
        self.blocks = self.blocks.saturating_add(1);
        self.block_bytes = self.block_bytes.saturating_add(block_bytes);
        self.allocations = self.allocations.saturating_add(allocations);
        self.allocation_bytes = self.allocation_bytes.saturating_add(allocation_bytes);
        self.gaps = self.gaps.saturating_add(gaps);
    }
}

/// What a dump says of itself, and what was found in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotReport {
    /// Its own `Total`.
    pub stated: SnapshotTotals,
    /// Counted here.
    pub found: SnapshotTotals,
    /// Blocks whose own counts are not those of their parts.
    pub blocks_that_differ: u64,
}

/// Reads a detailed dump, as `vmaBuildStatsString` writes it.
///
/// # Errors
/// The first value that cannot be, with its place: no JSON, a part outside its block or over
/// another, a pool without a heap; more than 1,048,576 blocks and parts, or 64 TiB.
pub(super) fn dump_json(text: &str, options: &Options) -> Result<Imported, ImportError> {
    let dump: Dump = json::read(text)?;
    let fail = |path: &[Step], problem| json::error_at(text, path, problem);
    if dump.general.api != "Vulkan" {
        let value = super::table::shortened(&dump.general.api);
        let problem = ImportProblem::Value { value, wanted: "`Vulkan`, whose heaps are known" };
        return Err(fail(&["General".into(), "API".into()], problem));
    }
    let Some(default_pools) = &dump.default_pools else {
        let said = "`DefaultPools` is missing: only a detailed dump says what is where";
        return Err(fail(&[], ImportProblem::Json(said.to_owned())));
    };
    let heaps = Heaps::of(text, &dump, options)?;
    let mut import = Import::new(text, &heaps);
    for (kind, pool) in &default_pools.0 {
        let path = ["DefaultPools".into(), kind.as_str().into()];
        import.pool(&path, (kind, &short_type(kind)), pool)?;
    }
    for (kind, pools) in &dump.custom_pools.0 {
        for (index, pool) in pools.iter().enumerate() {
            let path = ["CustomPools".into(), kind.as_str().into(), index.into()];
            import.pool(&path, (kind, &format!("{}.p{index}", short_type(kind))), pool)?;
        }
    }
    let report = SnapshotReport {
        stated: SnapshotTotals::stated(&dump.total),
        found: import.found,
        blocks_that_differ: import.blocks_that_differ,
    };
    let Import { builder, .. } = import;
    let document = document(options, &dump, &report, (builder, heaps.segments));
    Ok(Imported { document, report: Report::Snapshot(report) })
}

/// `t3` for `Type 3`.
fn short_type(kind: &str) -> String {
    let short = kind.strip_prefix("Type ").map_or(kind.to_owned(), |number| format!("t{number}"));
    super::table::shortened(&short)
}

/// The heaps as segments.
struct Heaps {
    segments: Vec<SegmentDescription>,
    /// The segment of each memory type.
    of_type: HashMap<String, Name>,
}

impl Heaps {
    fn of(text: &str, dump: &Dump, options: &Options) -> Result<Self, ImportError> {
        let fail = |path: &[Step], problem| json::error_at(text, path, problem);
        let heaps = &dump.memory_info.0;
        if heaps.len() > MOST_HEAPS {
            let problem = ImportProblem::Limit { what: "heaps", limit: to_u64(MOST_HEAPS) };
            return Err(fail(&["MemoryInfo".into()], problem));
        }
        let mut all = Self { segments: Vec::new(), of_type: HashMap::new() };
        let mut end = 0;
        for (key, heap) in heaps {
            let path = |field: &str| ["MemoryInfo".into(), key.as_str().into(), field.into()];
            let name = Name::new(key).map_err(|error| fail(&path("")[..2], error.into()))?;
            let size = heap_size(heap, options).map_err(|problem| fail(&path("Size"), problem))?;
            let flags = if is_memory(heap) { memory_flags(heap) } else { build::aperture_flags() };
            let base = build::base_above(Some(end));
            end = base.saturating_add(size);
            all.segments.push(build::segment(name.clone(), flags, base, size));
            for (kind, _) in &heap.memory_pools.0 {
                if all.of_type.insert(kind.clone(), name.clone()).is_some() {
                    let id = super::table::shortened(kind);
                    let problem = ImportProblem::Repeated { what: "memory type", id };
                    return Err(fail(&path("MemoryPools"), problem));
                }
            }
        }
        Ok(all)
    }
}

/// Whole pages of a heap.
fn heap_size(heap: &Heap, options: &Options) -> Result<u64, ImportProblem> {
    if heap.size < PAGE_SIZE {
        let value = heap.size.to_string();
        return Err(ImportProblem::Value { value, wanted: "the size of a heap" });
    }
    if heap.size > MOST_BYTES {
        return Err(ImportProblem::Limit { what: "bytes in a heap", limit: MOST_BYTES });
    }
    let size = options.local_size.filter(|_| is_memory(heap));
    Ok(size.unwrap_or(heap.size - heap.size % PAGE_SIZE))
}

fn is_memory(heap: &Heap) -> bool {
    heap.flags.iter().any(|flag| flag == "DEVICE_LOCAL")
}

/// The processor reaches a heap if it reaches one of its types.
fn memory_flags(heap: &Heap) -> SegmentFlags {
    let mut kinds = heap.memory_pools.0.iter();
    let visible = kinds.any(|(_, kind)| kind.flags.iter().any(|flag| flag == "HOST_VISIBLE"));
    if visible { SegmentFlags::CpuVisible } else { SegmentFlags::empty() }
}

struct Import<'a> {
    text: &'a str,
    heaps: &'a Heaps,
    owner: Name,
    builder: Builder,
    /// Blocks, dedicated allocations and parts so far.
    events: usize,
    found: SnapshotTotals,
    blocks_that_differ: u64,
}

impl<'a> Import<'a> {
    fn new(text: &'a str, heaps: &'a Heaps) -> Self {
        Self {
            text,
            heaps,
            owner: build::word("application"),
            builder: Builder::default(),
            events: 0,
            found: SnapshotTotals::default(),
            blocks_that_differ: 0,
        }
    }

    fn fail(&self, path: &[Step], further: &[Step], problem: ImportProblem) -> ImportError {
        json::error_at(self.text, &[path, further].concat(), problem)
    }

    fn count(&mut self, path: &[Step], more: usize) -> Result<(), ImportError> {
        self.events = self.events.saturating_add(more);
        let limit = event_limit(self.events.saturating_sub(1));
        limit.map_err(|problem| self.fail(path, &[], problem))
    }

    /// A pool of a memory type; its allocations' names begin with `short`.
    fn pool(
        &mut self,
        path: &[Step],
        (kind, short): (&str, &str),
        pool: &Pool,
    ) -> Result<(), ImportError> {
        if pool.blocks.0.is_empty() && pool.dedicated_allocations.is_empty() {
            return Ok(());
        }
        let no_type = || ImportProblem::NoSuchType(super::table::shortened(kind));
        let heaps = self.heaps;
        let segment = heaps.of_type.get(kind).ok_or_else(|| self.fail(path, &[], no_type()))?;
        for (key, block) in &pool.blocks.0 {
            let path = [path, &["Blocks".into(), key.as_str().into()]].concat();
            let name = format!("{short}.b{}", super::table::shortened(key));
            self.block(&path, segment, &name, block)?;
        }
        let mut writes = Vec::new();
        for (index, dedicated) in pool.dedicated_allocations.iter().enumerate() {
            let path = [path, &["DedicatedAllocations".into(), index.into()]].concat();
            let name = dedicated_name(short, index, dedicated);
            self.count(&path, 1)?;
            let name = self.allocate((&path, "Size"), segment, &name, dedicated.size)?;
            self.found.add(1, dedicated.size, 0, dedicated.size);
            writes.push(NamedReference::Write(name));
        }
        self.write(writes);
        Ok(())
    }

    fn block(
        &mut self,
        path: &[Step],
        segment: &Name,
        name: &str,
        block: &Block,
    ) -> Result<(), ImportError> {
        self.count(path, block.suballocations.len().saturating_add(1))?;
        let name = self.allocate((path, "TotalBytes"), segment, name, block.total_bytes)?;
        let (mut end, mut used, mut allocations, mut gaps) = (0, 0_u64, 0, 0);
        let mut writes = Vec::new();
        for (index, part) in block.suballocations.iter().enumerate() {
            let fail = |field: &str, problem| {
                self.fail(path, &["Suballocations".into(), index.into(), field.into()], problem)
            };
            let (offset, size) = (part.offset, part.size);
            if size == 0 {
                let value = size.to_string();
                let problem = ImportProblem::Value { value, wanted: "the size of a part" };
                return Err(fail("Size", problem));
            }
            if offset < end {
                return Err(fail("Offset", ImportProblem::Overlap(end)));
            }
            let whole = block.total_bytes;
            let Some(part_end) = offset.checked_add(size).filter(|end| *end <= whole) else {
                return Err(fail("Offset", ImportProblem::Outside { offset, size, whole }));
            };
            end = part_end;
            if part.kind == Kind::Free {
                gaps += 1;
            } else {
                allocations += 1;
                used += size;
                writes.push(write_range(name.clone(), offset, size));
            }
        }
        let counted = (block.total_bytes - used, allocations, gaps);
        if counted != (block.unused_bytes, block.allocations, block.unused_ranges) {
            self.blocks_that_differ += 1;
        }
        self.found.add(allocations, used, gaps, block.total_bytes);
        self.write(writes);
        Ok(())
    }

    /// Memory taken from the driver; gives its name. `size_field` is where its size stands.
    fn allocate(
        &mut self,
        (path, size_field): (&[Step], &str),
        segment: &Name,
        name: &str,
        size: u64,
    ) -> Result<Name, ImportError> {
        let size_path = [size_field.into()];
        if size == 0 {
            let problem = ImportProblem::Value {
                value: size.to_string(),
                wanted: "the size of an allocation",
            };
            return Err(self.fail(path, &size_path, problem));
        }
        let id = self.builder.created().to_string();
        let new = NewAllocation {
            id: &id,
            name,
            owner: &self.owner,
            size,
            alignment: one_page(),
            wanted: std::slice::from_ref(segment),
        };
        let done = self.builder.allocate(&new);
        done.map_err(|problem| self.fail(path, &size_path, problem))?;
        let missing = || self.fail(path, &[], ImportProblem::NotAllocated(name.to_owned()));
        self.builder.live(&id).map(|live| live.name.clone()).ok_or_else(missing)
    }

    fn write(&mut self, writes: Vec<NamedReference>) {
        let commands = writes.chunks(REFERENCES).map(|chunk| NamedCommand::Use(chunk.to_vec()));
        self.builder.commands.extend(commands);
    }
}

/// What the application calls it comes behind what makes it unique.
fn dedicated_name(short: &str, index: usize, dedicated: &Dedicated) -> String {
    let given = dedicated.name.as_deref().unwrap_or_default();
    let printable = given.chars().filter(|letter| !letter.is_control());
    let given: String = printable.take(NAME_CHARACTERS).collect();
    let space = if given.is_empty() { "" } else { " " };
    format!("{short}.d{index}{space}{given}")
}

fn document(
    options: &Options,
    dump: &Dump,
    report: &SnapshotReport,
    (builder, segments): (Builder, Vec<SegmentDescription>),
) -> Document {
    let gpu: String = dump.general.gpu.chars().take(100).collect();
    let SnapshotTotals { blocks, block_bytes, allocations, allocation_bytes, gaps } = report.found;
    let (blocks, allocations) =
        (text::counted(blocks, "block"), text::counted(allocations, "allocation"));
    let mut notes = format!(
        "{blocks} of {} hold {allocations} of {} and {}. The GPU writes what is used. An \
         application's own allocator divides blocks; the manager sees only blocks.",
        text::counted(block_bytes, "byte"),
        text::counted(allocation_bytes, "byte"),
        text::counted(gaps, "gap"),
    );
    for (name, heap) in &dump.memory_info.0 {
        let (usage, budget) = (heap.budget.usage_bytes, heap.budget.budget_bytes);
        notes.push_str(&format!(
            " {name}: {} in use of a budget of {}.",
            text::counted(usage, "byte"),
            text::count(budget)
        ));
    }
    Document {
        head_comment: "A dump of the Vulkan Memory Allocator.".to_owned(),
        title: format!("{gpu}: {blocks}"),
        notes,
        tags: vec!["trace".to_owned(), "vma".to_owned()],
        adapter: adapter(&gpu, &builder, segments),
        policies: options.policies(),
        bookmarks: Vec::new(),
        commands: builder.commands,
    }
}

/// The heaps of the dump; system memory has room for all blocks, wherever they are.
fn adapter(gpu: &str, builder: &Builder, segments: Vec<SegmentDescription>) -> AdapterDescription {
    build::adapter(gpu, build::system_memory(builder.sums.peak), segments)
}
