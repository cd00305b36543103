//! Imports of real traces against tables that were made without this program.

use std::fs;
use std::path::Path;

use clap::Parser as _;
use vidmm_inspector::cli::{self, Arguments, Status, Streams};
use vidmm_inspector::session::import::{
    Format, HeapsReport, Imported, Options, PackingReport, Report, SnapshotReport, SnapshotTotals,
    import,
};

fn data(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    fs::read_to_string(folder.join(name)).expect("the data is part of the project")
}

fn imported(name: &str) -> Imported {
    let text = data(name);
    let format = Format::of_text(&text).expect("the beginning tells the format");
    import(&text, format, &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A call of `import` with its status, output and errors.
fn call(arguments: &[&str]) -> (Status, String, String) {
    let arguments = ["vidmm-inspector", "import"].iter().chain(arguments);
    let arguments = Arguments::try_parse_from(arguments).expect("the arguments are well formed");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err };
    let status = cli::run(&arguments, &mut streams).expect("memory takes any output");
    let text = |bytes| String::from_utf8(bytes).expect("texts are UTF-8");
    (status, text(out), text(err))
}

/// The value behind a label in the output.
fn value<'a>(out: &'a str, label: &str) -> &'a str {
    let lines = out.lines().map(str::trim);
    let mut found = lines.filter_map(|line| line.strip_prefix(label));
    found.next().unwrap_or_else(|| panic!("no {label} in {out}")).trim()
}

/// Instance, buffers, peak live, and heights by first fit at the lowest address and by best fit:
/// computed once by a model that shares nothing with this program.
const PACKINGS: [(&str, &str, &str, &str, &str); 5] = [
    ("a", "154", "1,048,576", "1,608,704", "1,837,056"),
    ("b", "170", "1,048,576", "1,775,616", "1,775,616"),
    ("c", "203", "1,039,360", "1,769,472", "1,822,720"),
    ("d", "213", "986,112", "1,547,264", "1,468,416"),
    ("e", "215", "1,048,576", "1,981,440", "1,945,600"),
];

#[test]
fn minimalloc_heights_are_those_of_the_table() {
    for (instance, buffers, peak, first, best) in PACKINGS {
        let file = format!("tests/data/minimalloc-{instance}.csv");
        for (fit, height) in [("first", first), ("best", best)] {
            let (status, out, err) = call(&[&file, "--fit", fit]);
            assert_eq!(status, Status::Success, "{file}: {out}{err}");
            assert!(value(&out, "buffers").starts_with(&format!("{buffers} of ")), "{out}");
            assert_eq!(value(&out, "peak live"), peak, "{file}");
            assert_eq!(value(&out, "height"), height, "{file} by {fit} fit");
            assert!(out.contains("4 bytes each"), "{out}");
            assert!(out.contains(&format!("page-ins {buffers}, evictions 0")), "{out}");
        }
    }
    let (_, out, _) = call(&["tests/data/minimalloc-a.csv"]);
    // 1,608,704 / 1,048,576 = 1.534179...
    assert_eq!(value(&out, "quotient"), "1.534");
}

#[test]
fn a_height_is_the_smallest_capacity_without_evictions() {
    // Four bytes for a unit: 1,608,704 * 4 = 6,434,816, and a page less.
    let file = "tests/data/minimalloc-a.csv";
    let (_, out, _) = call(&[file, "--capacity", "6434816"]);
    assert!(out.contains("page-ins 154, evictions 0"), "{out}");
    let (status, out, _) = call(&[file, "--capacity", "6430720"]);
    assert_eq!(status, Status::Success, "{out}");
    assert!(!out.contains("evictions 0"), "{out}");
}

#[test]
fn the_example_of_minimalloc_packs_by_hand() {
    // b1, b3, b5 from 0: 0, 4, 8. b2 follows b1 at 3 in its hole. At 9 b2 and b3 end, b4 begins.
    let (_, out, _) = call(&["tests/data/minimalloc-input.csv"]);
    assert_eq!((value(&out, "peak live"), value(&out, "height")), ("12", "12"), "{out}");
    let expected = PackingReport { buffers: 5, scale: 1024, peak_live: 12, total: 20 };
    assert_eq!(imported("minimalloc-input.csv").report, Report::Packing(expected));
}

#[test]
fn webnn_heaps_come_to_their_sums() {
    const MIB: u64 = 1 << 20;
    let expected = HeapsReport {
        processes: 2,
        // Eight of the one trace, seven of the other; nine resources each.
        heaps: 15,
        heaps_at_end: 0,
        resources: 18,
        // 3 * 128 + 16 + 2 * 1, and 4 * 16 + 2 * 1, and six of 64 KiB.
        resource_bytes: (402 + 66) * MIB + 6 * 65_536,
        resources_at_end: 0,
        // h2, h3, h4, h6 and h8 of the larger one, when the smaller has ended.
        local_peak: (128 + 4 + 128 + 4 + 16) * MIB,
        // h1 of the larger one beside h1, h5 and h7 of the smaller.
        nonlocal_peak: (128 + 16 + 4 + 4) * MIB,
    };
    let imported = imported("webnn-heaps.csv");
    assert_eq!(imported.report, Report::Heaps(expected));
    // Two for each process, two for each heap, one for each resource.
    assert_eq!(imported.document.commands.len(), 2 * 2 + 15 * 2 + 18);
    let file = "tests/data/webnn-heaps.csv";
    let (status, out, _) = call(&[file, "--process", "webnn_mobilenetv2"]);
    assert_eq!(status, Status::Success, "{out}");
    assert!(out.contains("page-ins 7, evictions 0"), "{out}");
    assert_eq!(value(&out, "most local"), "41,943,040 bytes", "16 + 4 + 16 + 4 MiB");
    // Room for one of the two largest local heaps at a time, so that the other has to leave.
    let (status, out, _) = call(&[file, "--local-size", "160 MiB"]);
    assert_eq!(status, Status::Success, "{out}");
    assert!(!out.contains("evictions 0"), "{out}");
}

#[test]
fn the_vma_sample_comes_to_its_own_total() {
    // Blocks: five of 32 MiB and 64 dedicated ones. The file states the same sums as `Total`.
    let totals = SnapshotTotals {
        blocks: 69,
        block_bytes: 201_392_128,
        allocations: 132,
        allocation_bytes: 73_401_500,
        gaps: 11,
    };
    let report = SnapshotReport { stated: totals, found: totals, blocks_that_differ: 0 };
    let imported = imported("vma-sample.json");
    assert_eq!(imported.report, Report::Snapshot(report));
    let segments = imported.document.adapter.segments.expect("an import names its segments");
    let sizes: Vec<(&str, u64)> =
        segments.iter().map(|segment| (segment.name.as_str(), segment.size)).collect();
    assert_eq!(sizes, [("Heap 0", 16_862_150_656), ("Heap 1", 8_573_157_376)]);
    let (status, out, _) = call(&["tests/data/vma-sample.json"]);
    assert_eq!(status, Status::Success, "{out}");
    assert!(out.contains("page-ins 69, evictions 0"), "{out}");
}

#[test]
fn what_is_wrong_with_a_dump_is_located() {
    let sample = data("vma-sample.json");
    let part = r#"{"Offset": 65536, "Type": "BUFFER", "Size": 768"#;
    let at = "DefaultPools[\"Type 0\"].Blocks[\"0\"].Suballocations[1]";
    let line_of =
        |text: &str| 1 + sample[..sample.find(text).expect("it is there")].lines().count();
    let line = line_of(part) - 1;
    let cases = [
        (
            part,
            part.replace("65536", "65532"),
            format!("{line}:24: {at}.Offset: the part above ends at 65536"),
        ),
        (
            part,
            part.replace("65536", "33554431"),
            format!("{line}:24: {at}.Offset: 768 bytes at 33554431 do not fit into 33554432 bytes"),
        ),
        (
            part,
            part.replace("65536", "-1"),
            format!("{line}:24: {at}.Offset: invalid value: integer `-1`, expected u64"),
        ),
        (
            part,
            part.replace("768", "0.5"),
            format!("{line}:57: {at}.Size: invalid type: floating point `0.5`, expected u64"),
        ),
        (
            part,
            part.replace("768", "0"),
            format!("{line}:57: {at}.Size: `0` is not the size of a part"),
        ),
    ];
    for (from, to, expected) in cases {
        let text = sample.replacen(from, &to, 1);
        let error = import(&text, Format::Vma, &Options::default()).expect_err(&to);
        assert_eq!(error.in_file("f").to_string(), format!("f:{expected}"));
    }
    let changed = [
        ("\"Vulkan\"", "\"Direct3D 12\"", "General.API: `Direct3D 12` is not `Vulkan`"),
        ("\"DefaultPools\"", "\"Pools\"", "`DefaultPools` is missing"),
        (
            "\"Size\": 16862150656",
            "\"Size\": 1",
            "MemoryInfo[\"Heap 0\"].Size: `1` is not the size",
        ),
        ("\"Size\": 16862150656", "\"Size\": 99999999999999", "more than 70,368,744,177,664"),
        (
            "\"Type 1\": {\n      \"PreferredBlockSize\"",
            "\"Type 9\": {\n      \"PreferredBlockSize\"",
            "no heap lists the memory type `Type 9`",
        ),
        ("\"TotalBytes\": 33554432", "\"TotalBytes\": 70368744177665", "bytes in its allocations"),
    ];
    for (from, to, expected) in changed {
        assert!(sample.contains(from), "{from}");
        let text = sample.replacen(from, to, 1);
        let error = import(&text, Format::Vma, &Options::default()).expect_err(to);
        assert!(error.in_file("f").to_string().contains(expected), "{}", error.in_file("f"));
    }
}

#[test]
fn a_dump_that_contradicts_itself_is_told() {
    let sample = data("vma-sample.json");
    let text = sample.replacen("\"BlockCount\": 69", "\"BlockCount\": 70", 1).replacen(
        "\"UnusedBytes\": 18987876",
        "\"UnusedBytes\": 18987877",
        1,
    );
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contradiction.json");
    fs::write(&file, text).expect("the target folder can be written");
    let (status, out, _) = call(&[&file.display().to_string()]);
    assert_eq!(status, Status::Success, "{out}");
    assert_eq!(value(&out, "blocks"), "69, though its total says 70");
    assert!(out.contains("1 block with counts other than those of the parts"), "{out}");
}

#[test]
fn texts_cut_anywhere_never_panic() {
    let files = ["vma-sample.json", "webnn-heaps.csv", "minimalloc-a.csv"];
    for file in files {
        let text = data(file);
        for end in (0..text.len()).step_by(41) {
            let Some(cut) = text.get(..end) else { continue };
            for format in Format::ALL {
                let _ = import(cut, format, &Options::default());
            }
        }
    }
}

#[test]
fn formats_and_options_that_do_not_fit_are_refused() {
    let file = "tests/data/minimalloc-a.csv";
    let cases: [(&[&str], &str); 4] = [
        (&[file, "--format", "rmv"], "minimalloc-a.csv:3:1: the column `t_us` is missing"),
        (&[file, "--format", "vma"], "minimalloc-a.csv:1:1: expected value"),
        (&[file, "--process", "p"], "minimalloc-a.csv: --process says nothing about minimalloc"),
        (&["Cargo.toml"], "Cargo.toml:1:1: the first line is that of no known format"),
    ];
    for (arguments, expected) in cases {
        let (status, out, err) = call(arguments);
        assert_eq!((status, out.as_str()), (Status::Unusable, ""), "{arguments:?}");
        assert!(err.contains(expected), "{err}");
    }
}

/// What of a saved session came from a trace is what the importer makes of that trace.
#[test]
fn saved_sessions_hold_what_the_import_gives() {
    let cases = [
        ("webnn-heaps.ron", "webnn-heaps.csv"),
        ("minimalloc-a.ron", "minimalloc-a.csv"),
        ("minimalloc-a-tight.ron", "minimalloc-a.csv"),
        ("vma-snapshot.ron", "vma-sample.json"),
    ];
    for (session, trace) in cases {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("saved-sessions").join(session);
        let saved = vidmm_inspector::session::load(&path).unwrap_or_else(|e| panic!("{e}"));
        let mut commands = saved.commands;
        commands.retain(|command| command.keyword() != "Expect");
        assert_eq!(commands, imported(trace).document.commands, "{session}");
    }
}
