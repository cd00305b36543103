//! The allocations of a Radeon RX 6600 under Windows 10.
//!
//! Source: the sample trace of GPUOpen-Tools/radeon_memory_visualizer (MIT licence, Advanced Micro
//! Devices, Inc.), reduced to times, numbers, sizes, segments and offsets.

use super::build::{self, Builder, NewAllocation};
use super::error::{ImportError, ImportProblem};
use super::observed::{Observed, TraceSegment};
use super::rmv_events::{self, Allocate, EventKind};
use super::{Imported, Options, Report};
use crate::base::text;
use crate::ddi::SegmentFlags;
use crate::session::document::{AdapterDescription, Document, one_page};
use crate::session::name::Name;

/// Bytes of memory that the CPU can reach, on the recorded machine.
const LOCAL_SIZE: u64 = 268_435_456;
/// Bytes of the rest.
const INVISIBLE_SIZE: u64 = 8_304_721_920;
/// Where the rest begins.
const INVISIBLE_BASE: u64 = 0x1000_0000;
/// Reads a trace with the columns `t_us`, `op` (`alloc` or `free`), `id`, `size`, `owner`,
/// `preferred_order`, `observed_segment` and `observed_segment_offset`.
///
/// An allocation supports exactly the segments that it prefers, in that order, is aligned to a
/// page and is resident at once; a free destroys it; its owner is process and device.
///
/// # Errors
/// The first row that cannot be read, or frees what is not there, with its place; a trace of more
/// than 1,048,576 events or 64 TiB.
pub(super) fn rmv_csv(text: &str, options: &Options) -> Result<Imported, ImportError> {
    let events = rmv_events::read(text, options.first)?;
    let mut builder = Builder::default();
    let mut observed = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let failed = |problem| ImportError::at(event.line, 1, problem);
        let id = event.id.to_string();
        match &event.kind {
            EventKind::Allocate(allocate) => {
                let name = create(&mut builder, &id, allocate).map_err(failed)?;
                observed.push(seen(index, event.id, name, allocate));
            }
            EventKind::Free => {
                let live = builder.free(&id).map_err(failed)?;
                if let Some(allocation) = observed.get_mut(live.place) {
                    allocation.freed_at = Some(index);
                }
            }
        }
    }
    let document = Document {
        head_comment: head_comment(),
        title: format!(
            "Radeon RX 6600: the first {}",
            text::counted(u64::try_from(events.len()).unwrap_or(u64::MAX), "event")
        ),
        notes: notes(options),
        tags: vec!["trace".to_owned(), "rx6600".to_owned()],
        adapter: adapter(options, &builder),
        policies: options.policies(),
        bookmarks: Vec::new(),
        commands: builder.commands,
    };
    Ok(Imported { document, report: Report::Observed(observed) })
}

/// Creates an allocation and gives its name.
fn create(builder: &mut Builder, id: &str, allocate: &Allocate) -> Result<Name, ImportProblem> {
    let wanted: Vec<Name> =
        allocate.preferred.iter().map(|segment| segment_name(*segment)).collect();
    let name = format!("a{id}");
    builder.allocate(&NewAllocation {
        id,
        name: &name,
        owner: &Name::new(&allocate.owner)?,
        size: allocate.size,
        alignment: one_page(),
        wanted: &wanted,
    })?;
    let missing = || ImportProblem::NotAllocated(id.to_owned());
    builder.live(id).map(|live| live.name.clone()).ok_or_else(missing)
}

fn seen(index: usize, id: u64, name: Name, allocate: &Allocate) -> Observed {
    Observed {
        id,
        name,
        size: allocate.size,
        preferred: allocate.preferred.clone(),
        allocated_at: index,
        freed_at: None,
        segment: allocate.segment,
        offset: allocate.offset,
    }
}

fn segment_name(segment: TraceSegment) -> Name {
    build::word(segment.name())
}

/// The recorded machine, with system memory and an aperture that are never too small.
fn adapter(options: &Options, builder: &Builder) -> AdapterDescription {
    let local = options.local_size.unwrap_or(LOCAL_SIZE);
    let invisible = options.invisible_size.unwrap_or(INVISIBLE_SIZE);
    let invisible_base = INVISIBLE_BASE.max(local.checked_next_multiple_of(4096).unwrap_or(local));
    let above = build::base_above(invisible_base.checked_add(invisible));
    let segment = |kind: TraceSegment, flags, base, size| {
        build::segment(segment_name(kind), flags, base, size)
    };
    let segments = vec![
        segment(TraceSegment::Local, SegmentFlags::CpuVisible, 0, local),
        segment(TraceSegment::Invisible, SegmentFlags::empty(), invisible_base, invisible),
        segment(
            TraceSegment::System,
            build::aperture_flags(),
            above,
            build::rounded(builder.sums.total),
        ),
    ];
    build::adapter("Radeon RX 6600", build::system_memory(builder.sums.peak), segments)
}

fn head_comment() -> String {
    "Allocations of a real machine: a capture on a Radeon RX 6600 under Windows 10.\n\
     Derived from the sample trace of GPUOpen-Tools/radeon_memory_visualizer.\n\
     Copyright (c) Advanced Micro Devices, Inc. Licence: MIT.\n\
     Only order, numbers, sizes, owners and wanted segments were kept."
        .to_owned()
}

fn notes(options: &Options) -> String {
    let mut notes =
        "Each allocation wants and supports the segments that it wanted in the capture, \
                     is aligned to a page and is paged in at once."
            .to_owned();
    let changed = [("local", options.local_size), ("invisible", options.invisible_size)];
    for (name, size) in changed {
        if let Some(size) = size {
            let size = text::exact_size(size);
            notes.push_str(&format!(" The {name} segment was cut to {size} to force evictions."));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::import::{misaligned, order_breaks, overlaps};
    use crate::session::{parse, write};

    /// Made up, in the shape of the capture.
    const TRACE: &str = "\
t_us,op,id,gpu_va,size,owner,preferred_order,observed_segment,observed_segment_offset
2441.6,alloc,1,4294967296,4096,application,S,system,
2880.0,alloc,2,12884901888,65536,application,SS,system,
2956.8,alloc,5,4295032832,65537,client_driver,LSS,local,11796480
9424.0,alloc,9,12885295104,8192,client_driver,IL,invisible,4210688
9555.2,alloc,7,0,4096,client_driver,LS,local,0
9555.2,free,5,,,,,,
9555.2,free,7,,,,,,
9600,alloc,5,4295032832,65536,application,L,local,11796480
";

    fn import(text: &str, options: &Options) -> Imported {
        rmv_csv(text, options).expect("the trace is complete")
    }

    fn observed(imported: &Imported) -> &[Observed] {
        match &imported.report {
            Report::Observed(observed) => observed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn events_become_commands() {
        let imported = import(TRACE, &Options::default());
        let written = write(&imported.document);
        let (_, commands) = written.split_once("    commands: [\n").expect("there are commands");
        let expected = r#"        CreateProcess("application"),
        CreateDevice(name: "application", process: "application"),
        CreateAllocation(name: "a1", device: "application", size: "4 KiB", preferred: ["system"], supported: ["system"], resident: true),
        CreateAllocation(name: "a2", device: "application", size: "64 KiB", preferred: ["system"], supported: ["system"], resident: true),
        CreateProcess("client_driver"),
        CreateDevice(name: "client_driver", process: "client_driver"),
        CreateAllocation(name: "a5", device: "client_driver", size: "65537 B", preferred: ["local", "system"], supported: ["local", "system"], resident: true),
        CreateAllocation(name: "a9", device: "client_driver", size: "8 KiB", preferred: ["invisible", "local"], supported: ["invisible", "local"], resident: true),
        DestroyAllocation("a5"),
        CreateAllocation(name: "a7", device: "client_driver", size: "4 KiB", preferred: ["local", "system"], supported: ["local", "system"], resident: true),
        DestroyAllocation("a7"),
        CreateAllocation(name: "a5.2", device: "application", size: "64 KiB", preferred: ["local"], supported: ["local"], resident: true),
    ],
)
"#;
        assert_eq!(commands, expected);
        assert!(written.starts_with("// Allocations of a real machine"), "{written}");
        assert!(written.contains("// Copyright (c) Advanced Micro Devices, Inc. Licence: MIT."));
        let again = parse(&written, "written.ron").map_err(|error| error.to_string());
        assert_eq!(again, Ok(imported.document));
    }

    #[test]
    fn the_adapter_is_the_recorded_machine() {
        let adapter = import(TRACE, &Options::default()).document.adapter;
        let segments = adapter.segments.expect("an import names its segments");
        let numbers: Vec<(u64, u64)> =
            segments.iter().map(|segment| (segment.base, segment.size)).collect();
        // The invisible segment ends at 0x1_FF00_0000, so the aperture begins at 8 GiB.
        let expected = [(0, 268_435_456), (0x1000_0000, 8_304_721_920), (0x2_0000_0000, 256 << 20)];
        assert_eq!(numbers, expected);
        assert_eq!(adapter.system_memory, Some(512 << 20));

        let options = Options {
            first: Some(3),
            local_size: Some(64 << 10),
            invisible_size: Some(4 << 10),
            ..Options::default()
        };
        let imported = import(TRACE, &options);
        assert_eq!(observed(&imported).len(), 3);
        let segments = imported.document.adapter.segments.expect("as above");
        assert_eq!((segments[0].size, segments[1].size), (64 << 10, 4 << 10));
        assert!(imported.document.notes.contains("local segment was cut to 64 KiB"));
    }

    #[test]
    fn what_was_observed_is_kept() {
        let imported = import(TRACE, &Options::default());
        let observed = observed(&imported);
        let seen: Vec<_> = observed
            .iter()
            .map(|seen| (seen.name.as_str(), seen.segment, seen.offset, seen.freed_at))
            .collect();
        use TraceSegment::{Invisible, Local, System};
        let expected = [
            ("a1", Some(System), None, None),
            ("a2", Some(System), None, None),
            // Freed before what is allocated at the same time.
            ("a5", Some(Local), Some(11_796_480), Some(4)),
            ("a9", Some(Invisible), Some(4_210_688), None),
            ("a7", Some(Local), Some(0), Some(6)),
            ("a5.2", Some(Local), Some(11_796_480), None),
        ];
        assert_eq!(seen, expected);
        assert!(overlaps(observed).is_empty());
        assert!(order_breaks(observed).is_empty());
        // 11,796,480 = 180 * 65,536; 4,210,688 = 64.25 * 65,536.
        assert_eq!(misaligned(observed, 65_536).len(), 1);
    }

    #[test]
    fn what_is_wrong_is_located() {
        let header = TRACE.lines().next().expect("the header");
        let table = [
            ("t_us,op,id", "1:1: the column `size` is missing"),
            ("", "1:1: the column `t_us` is missing"),
        ];
        for (text, expected) in table {
            let error = rmv_csv(text, &Options::default()).expect_err(text);
            assert_eq!(error.to_string(), expected);
        }
        let rows = [
            ("1,alloc,1,0,4096,app,S,system", "2:1: the row has 8 fields; the first line names 9"),
            ("1,alloc,1,0,4096,\"a\",S,system,", "2:18: fields in quotes are not read"),
            ("1,grow,1,0,4096,app,S,system,", "2:3: `grow` is not `alloc` or `free`"),
            ("x,alloc,1,0,4096,app,S,system,", "2:1: `x` is not a time in microseconds"),
            ("1,alloc,-1,0,4096,app,S,system,", "2:9: `-1` is not the number of an allocation"),
            (
                "1,alloc,1,0,18446744073709551616,app,S,,",
                "2:13: `18446744073709551616` is not a size in bytes",
            ),
            ("1,alloc,1,0,0,app,S,,", "2:13: `0` is not the size of an allocation"),
            ("1,alloc,1,0,4096,,S,,", "2:18: `` is not an owner of 1 to 128 bytes"),
            ("1,alloc,1,0,4096,äöü,X,,", "2:22: `X` is not an order of L, I and S"),
            ("1,alloc,1,0,4096,app,,,", "2:22: `` is not an order of L, I and S"),
            (
                "1,alloc,1,0,4096,app,S,lokal,",
                "2:24: `lokal` is not `local`, `invisible`, `system` or nothing",
            ),
            ("1,alloc,1,0,4096,app,S,system,0x1", "2:31: `0x1` is not an offset in bytes"),
            (
                "2,alloc,1,0,4096,app,S,,\n1.5,alloc,2,0,4096,app,S,,",
                "3:1: the time is before that of the row above",
            ),
            (
                "1,alloc,1,0,4096,app,S,,\n2,alloc,1,0,4096,app,S,,",
                "3:1: allocation 1 is allocated a second time without a free",
            ),
            ("1,free,1,,,,,,", "2:1: allocation 1 is freed, but does not exist"),
            (
                "1,alloc,1,0,70368744177665,app,S,,",
                "2:1: the trace has more than 70,368,744,177,664 bytes in its allocations, which is the limit",
            ),
            (
                "1,alloc,1,0,18446744073709551615,app,S,,",
                "2:1: the trace has more than 70,368,744,177,664 bytes in its allocations, which is the limit",
            ),
        ];
        for (rows, expected) in rows {
            let error = rmv_csv(&format!("{header}\n{rows}\n"), &Options::default());
            assert_eq!(error.map(|_| ()).expect_err(rows).to_string(), expected);
        }
    }

    #[test]
    fn truncated_traces_never_panic() {
        for end in 0..TRACE.len() {
            let _ = rmv_csv(&TRACE[..end], &Options::default());
        }
        let sizes = Options {
            local_size: Some(u64::MAX),
            invisible_size: Some(u64::MAX),
            ..Options::default()
        };
        assert_eq!(observed(&import(TRACE, &sizes)).len(), 6);
    }
}
