//! `lint` as a user sees it.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use serde_json::Value;
use vidmm_inspector::cli::{self, Arguments, Status, Streams};
use vidmm_inspector::kmd;
use vidmm_inspector::rules::{Rule, Severity, check_adapter};

/// A call's status, output and errors.
fn call(arguments: &[&str]) -> (Status, String, String) {
    let arguments = std::iter::once("vidmm-inspector").chain(arguments.iter().copied());
    let arguments = Arguments::try_parse_from(arguments).expect("the arguments are well formed");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut streams = Streams { out: &mut out, err: &mut err };
    let status = cli::run(&arguments, &mut streams).expect("memory takes any output");
    let text = |bytes| String::from_utf8(bytes).expect("texts are UTF-8");
    (status, text(out), text(err))
}

/// A session of this text, in a file of its own.
fn session(name: &str, text: &str) -> String {
    let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lint");
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    let file = folder.join(format!("{name}.ron"));
    std::fs::write(&file, text).expect("the folder was made");
    file.display().to_string()
}

fn json(arguments: &[&str]) -> (Status, Value) {
    let (status, out, err) = call(arguments);
    (status, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}")))
}

/// One page of an adapter on which only what a test changes is worth a word.
const ALLOCATIONS: &str = r#"(
    version: 1,
    title: "Two mistakes",
    adapter: (
        profile: "inspector",
        system_memory: "16 GiB",
        segments: [
            (name: "VRAM", flags: "CpuVisible | PreservedDuringStandby | PreservedDuringHibernate", base: 0x0, size: "8 GiB", commit_limit: "8 GiB"),
            (name: "GART", flags: "Aperture | CacheCoherent", base: 0x400000000, size: "32 GiB", commit_limit: "32 GiB"),
        ],
        paging_buffer: (segment: "GART", size: "16 KiB", private_data_size: 0, count: 2),
    ),
    commands: [
        CreateProcess("p"),
        CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "fine", device: "d", size: "64 KiB", alignment: 4096, preferred: ["VRAM"], supported: ["VRAM"], flags: ""),
        CreateAllocation(name: "odd", device: "d", size: "64 KiB", alignment: 12288, preferred: ["GART"], supported: ["VRAM"], flags: ""),
    ],
)
"#;

#[test]
fn allocations_are_located_and_totals_follow() {
    let file = session("allocations", ALLOCATIONS);
    let (status, out, _) = call(&["lint", &file]);
    assert_eq!(status, Status::Failure);
    let first = out.lines().next().unwrap_or_default();
    assert_eq!(first, format!("{file}: 2 errors"));
    assert!(out.contains("the adapter starts; 2 allocations looked at"), "{out}");
    assert!(out.contains("step 4, line 17, allocation odd"), "{out}");
    assert!(out.contains("commands[3].CreateAllocation.alignment is 0x3000"), "{out}");
    assert!(out.contains("source: DXGK_ALLOCATIONINFO, PreferredSegment"), "{out}");
    // The second worked example: 8 GiB of 16 available, of which all are shared.
    let reported = out.lines().find(|line| line.contains("total video memory"));
    assert!(reported.is_some_and(|line| line.contains("16 GiB  17,179,869,184 bytes")), "{out}");
}

#[test]
fn the_json_document_says_the_same() {
    let file = session("json", ALLOCATIONS);
    let (status, document) = json(&["lint", &file, "--json"]);
    assert_eq!(status, Status::Failure);
    assert_eq!(document["version"], 1);
    assert_eq!(document["starts"], true);
    assert_eq!(document["allocations_checked"], 2);
    assert_eq!(document["counts"]["error"], 2);
    assert_eq!(document["counts"]["warning"], 0);
    assert_eq!(document["left_off"], 0);
    let finding = &document["findings"][0];
    assert_eq!(finding["rule"], "allocation-alignment");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["subject"], "allocations");
    assert_eq!(finding["command"], 4);
    assert_eq!(finding["line"], 17);
    assert_eq!(finding["allocation"], "odd");
    assert_eq!(finding["field"], "commands[3].CreateAllocation.alignment");
    assert_eq!(finding["value"], "0x3000");
    assert_eq!(document["findings"][1]["rule"], "allocation-preference-outside");
    assert_eq!(document["totals"]["available_for_graphics"], 8_u64 << 30);
    assert_eq!(document["totals"]["shared_system"], 8_u64 << 30);
    assert_eq!(document["totals"]["groups"]["non_budget"], 40_u64 << 30);
}

#[test]
fn an_adapter_that_cannot_start_is_told_whole() {
    let text = ALLOCATIONS.replace("commit_limit: \"8 GiB\"", "commit_limit: \"9 GiB\"");
    let file = session("impossible", &text.replace("base: 0x400000000", "base: 0x400000001"));
    let (status, document) = json(&["lint", &file, "--json"]);
    assert_eq!(status, Status::Failure);
    assert_eq!(document["starts"], false);
    assert_eq!(document["allocations_checked"], 0);
    let found = |index: usize| {
        let finding = &document["findings"][index];
        (finding["rule"].clone(), finding["field"].clone(), finding["command"].clone())
    };
    let expected = [
        ("commit-above-size", "adapter.segments[0].commit_limit"),
        ("segment-base-pages", "adapter.segments[1].base"),
    ];
    for (index, (rule, field)) in expected.into_iter().enumerate() {
        assert_eq!(found(index), (rule.into(), field.into(), Value::Null));
    }
    let (_, out, _) = call(&["lint", &file]);
    assert!(out.contains("does not start; allocations were not looked at"), "{out}");
    assert!(out.contains("to do: set it to the size, or to 0"), "{out}");
}

#[test]
fn unusable_input_is_told_apart() {
    let (status, out, err) = call(&["lint", "saved-sessions/no-such.ron"]);
    assert_eq!((status, out.as_str()), (Status::Unusable, ""));
    assert!(err.contains("no-such.ron"), "{err}");
    let file = session("broken", &ALLOCATIONS.replace("alignment: 12288", "alignmnt: 1"));
    let (status, _, err) = call(&["lint", &file]);
    assert_eq!(status, Status::Unusable);
    assert!(err.contains("alignmnt"), "{err}");
    for arguments in [&["lint"][..], &["lint", "a.ron", "--rules"]] {
        let arguments = std::iter::once("vidmm-inspector").chain(arguments.iter().copied());
        assert!(Arguments::try_parse_from(arguments).is_err());
    }
}

#[test]
fn the_rule_book_is_listed() {
    let (status, out, _) = call(&["lint", "--rules"]);
    assert_eq!(status, Status::Success);
    let (_, document) = json(&["lint", "--rules", "--json"]);
    let rules = document["rules"].as_array().expect("a list");
    assert_eq!(rules.len(), Rule::ALL.len());
    for (rule, listed) in Rule::ALL.iter().zip(rules) {
        assert!(out.contains(rule.id()) && out.contains(rule.sentence()), "{rule:?}");
        assert_eq!(listed["rule"], rule.id());
        assert_eq!(listed["source"], rule.source());
    }
}

#[test]
fn no_profile_and_no_saved_session_has_an_error() {
    for profile in kmd::profiles() {
        let (checked, found) = check_adapter(&profile.adapter);
        assert!(checked.is_some(), "{}: {found:?}", profile.name);
        let worst = found.iter().map(vidmm_inspector::rules::Finding::severity).max();
        assert!(worst < Some(Severity::Error), "{}: {found:?}", profile.name);
    }
    for session in ["tour", "render-only-sample", "multipass", "rx6600"] {
        let file = format!("saved-sessions/{session}.ron");
        let (status, out, err) = call(&["lint", &file]);
        // The tour shows refusals on purpose; its adapter starts all the same.
        assert!(out.contains("the adapter starts"), "{out}{err}");
        assert!(status == Status::Success || session == "tour", "{out}");
    }
}
