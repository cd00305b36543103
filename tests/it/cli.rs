//! The command line as a user sees it: what is printed, and how the call ends.

use std::path::{Path, PathBuf};

use clap::Parser as _;
use vidmm_inspector::cli::{self, Arguments, Status, Streams};

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

/// A folder of its own for a test, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// The tour with one text replaced, in a file of its own.
fn changed_tour(name: &str, from: &str, to: &str) -> String {
    let tour = std::fs::read_to_string("saved-sessions/tour.ron").expect("the tour is there");
    assert!(tour.contains(from), "the tour has {from}");
    let file = folder(name).join("changed.ron");
    std::fs::write(&file, tour.replacen(from, to, 1)).expect("the folder was made");
    file.display().to_string()
}

#[test]
fn every_saved_session_holds() {
    let (status, out, err) = call(&["check", "saved-sessions"]);
    assert_eq!(status, Status::Success, "{out}{err}");
    assert!(out.contains("ok      saved-sessions/tour.ron: 60 commands, 30 expectations"), "{out}");
}

#[test]
fn a_changed_expectation_fails_and_says_what_was_found() {
    let file = changed_tour(
        "changed_expectation",
        "Expect(Counter(BytesFilled, 4194304))",
        "Expect(Counter(BytesFilled, 4194305))",
    );
    let (status, out, _) = call(&["check", &file]);
    assert_eq!(status, Status::Failure);
    assert!(out.contains("step 6") && out.contains("4,194,304"), "{out}");
}

#[test]
fn a_wrong_byte_fails_and_names_it() {
    let file = changed_tour("wrong_byte", "bytes: \"54 4F 55 52\"", "bytes: \"54 4F 55 53\"");
    let (status, out, _) = call(&["check", &file]);
    assert_eq!(status, Status::Failure);
    assert!(out.contains("byte 0x0003 is 52, not 53"), "{out}");
}

#[test]
fn unusable_input_is_told_with_its_place_and_exit_two() {
    type Case = (&'static str, &'static str, &'static str, &'static str);
    let cases: [Case; 6] = [
        ("unknown_name", "Use([Write(\"primary\")])", "Use([Write(\"primry\")])", "primary"),
        ("bad_size", "size: \"6 MiB\"", "size: \"6 MeB\"", "MeB"),
        ("too_large", "size: \"6 MiB\"", "size: \"99999999 TiB\"", "64 bits"),
        ("unknown_field", "alignment:", "alignmnt:", "alignmnt"),
        ("unknown_command", "EvictAll", "EvictEverything", "EvictEverything"),
        ("unknown_profile", "profile: \"inspector\"", "profile: \"spector\"", "spector"),
    ];
    for (name, from, to, said) in cases {
        let file = changed_tour(name, from, to);
        let (status, _, err) = call(&["check", &file]);
        assert_eq!(status, Status::Unusable, "{name}");
        let line = err.lines().next().unwrap_or_default();
        let place = line.strip_prefix(&file).unwrap_or_else(|| panic!("{name}: {line}"));
        let numbers: Vec<&str> = place.split(':').skip(1).take(2).collect();
        assert!(numbers.iter().all(|n| n.parse::<u32>().is_ok_and(|n| n > 0)), "{name}: {line}");
        assert!(line.contains(said), "{name}: {line}");
    }
    let missing = call(&["check", "saved-sessions/no-such.ron"]);
    assert_eq!(missing.0, Status::Unusable);
    assert!(missing.2.contains("no-such.ron"), "{}", missing.2);
    let empty = folder("empty");
    assert_eq!(call(&["check", &empty.display().to_string()]).0, Status::Unusable);
}

#[test]
fn a_session_cut_anywhere_is_an_error_and_never_a_panic() {
    let tour = std::fs::read_to_string("saved-sessions/tour.ron").expect("the tour is there");
    let file = folder("cut").join("cut.ron");
    for length in (0..tour.trim_end().len()).step_by(97) {
        std::fs::write(&file, &tour.as_bytes()[..length]).expect("the folder was made");
        let (status, _, err) = call(&["check", &file.display().to_string()]);
        assert_eq!(status, Status::Unusable, "cut at {length}: {err}");
    }
}

#[test]
fn an_adapter_that_breaks_rules_says_all_of_them() {
    let file = changed_tour("no_start", "size: \"16 MiB\", cpu", "size: 16777217, cpu");
    let (status, out, _) = call(&["check", &file]);
    assert_eq!(status, Status::Failure);
    assert!(out.contains("segments[0].size"), "{out}");
    assert!(out.contains("a multiple of the host page"), "{out}");
}

#[test]
fn use_after_destroy_is_refused_and_changes_nothing() {
    let file = changed_tour(
        "after_destroy",
        "Expect(Absent(\"shadow\")),",
        "Expect(Absent(\"shadow\")), Use([Read(\"shadow\")]), Expect(Status(\"STATUS_GRAPHICS_ALLOCATION_CLOSED\")),",
    );
    let (status, out, _) = call(&["check", &file]);
    // The tour expects one refusal in all, and this is the second.
    assert_eq!(status, Status::Failure);
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.contains("refus") && out.contains('2'), "{out}");
}

#[test]
fn replay_stops_where_it_is_told() {
    let (status, out, _) = call(&["replay", "saved-sessions/tour.ron", "--to", "4"]);
    assert_eq!(status, Status::Success);
    assert!(out.contains("Fill") && out.contains("4 MiB"), "{out}");
    assert!(!out.contains("terrain"), "{out}");
    let (status, _, err) = call(&["replay", "saved-sessions/tour.ron", "--to", "61"]);
    assert_eq!(status, Status::Unusable);
    assert!(err.contains("there is no step 61; the last command is 60"), "{err}");
}

/// The sample of the JSON document, kept so that a change of the interface is seen.
/// `UPDATE_GOLDEN=1` renews it.
#[test]
fn the_json_document_is_the_one_documented() {
    let (status, out, _) = call(&["replay", "tests/golden/replay.ron", "--json"]);
    assert_eq!(status, Status::Success);
    let golden = Path::new("tests/golden/replay.json");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &out).expect("the golden file can be written");
    }
    let kept = std::fs::read_to_string(golden).expect("the golden file is there");
    assert_eq!(out, kept);
    let document: serde_json::Value = serde_json::from_str(&out).expect("it is JSON");
    // By hand: a draw and its write, 80 bytes, become one packet of 32 bytes; then one Fill of 64 KiB
    // at offset 0, one packet too.
    assert_eq!(document["version"], 1);
    assert_eq!(document["counters"]["bytes_filled"], 65_536);
    for (event, operation) in [(0, "Render"), (1, "Fill")] {
        assert_eq!(document["events"][event]["operation"], operation);
        assert_eq!(document["events"][event]["bytes_written"], 32);
    }
    assert_eq!(document["allocations"][0]["content"], "intact");
    assert_eq!(document["segments"][0]["largest_hole"], 1_048_576 - 65_536);
}

#[test]
fn a_trace_is_imported_compared_and_can_be_checked() {
    let folder = folder("import");
    let trace = folder.join("trace.csv");
    let head =
        "t_us,op,id,gpu_va,size,owner,preferred_order,observed_segment,observed_segment_offset";
    // The second is seen one page after the first, the third where the first was freed.
    let rows = "1.0,alloc,1,0,4096,application,LS,local,0\n\
                2.0,alloc,2,0,8192,application,LS,local,4096\n\
                3.0,free,1,0,4096,application,LS,,\n\
                4.0,alloc,3,0,4096,application,LS,local,65536\n";
    std::fs::write(&trace, format!("{head}\n{rows}")).expect("the folder was made");
    let session = folder.join("trace.ron").display().to_string();
    let trace = trace.display().to_string();
    let (status, out, err) = call(&["import", &trace, "--out", &session]);
    assert_eq!(status, Status::Success, "{out}{err}");
    assert!(out.contains("segment        3 of 3"), "{out}");
    // First fit puts the third into the hole: the step to it is not the observed one.
    assert!(out.contains("step           1 of 2"), "{out}");
    assert!(out.contains("misaligned     1"), "{out}");
    assert_eq!(call(&["check", &session]).0, Status::Success);
    std::fs::write(&trace, "nonsense").expect("the folder was made");
    let (status, _, err) = call(&["import", &trace]);
    assert_eq!(status, Status::Unusable);
    assert!(err.contains("trace.csv:1:"), "{err}");
}
