//! What is wrong is said with its place, whatever is wrong.

use super::{EVERYTHING, profile};
use crate::base::SplitMix;
use crate::session::load::text_of_bytes;
use crate::session::{LoadError, Rule, load, open, parse};

/// A session with one adapter line and commands from the third line on.
fn with_commands(commands: &str) -> String {
    format!("(\n    version: 1, adapter: (profile: \"inspector\"), commands: [\n{commands}\n])")
}

fn errors(text: &str) -> Vec<LoadError> {
    open(text, "bad.ron", &profile).map(|_| ()).expect_err(text)
}

/// The first error as it is shown.
fn shown(text: &str) -> String {
    errors(text)[0].to_string()
}

#[test]
fn the_place_of_a_wrong_value_is_exact() {
    let table = [
        (
            r#"CreateAllocation(name: "t", device: "d", size: "2 MB")"#,
            "bad.ron:3:48: commands[0].CreateAllocation.size: `MB` is not a unit of size: use B, KiB, MiB, GiB or TiB",
        ),
        (
            r#"Evict("t"), SetPriority("t", URGENT)"#,
            "bad.ron:3:30: commands[1].SetPriority[1]: `URGENT` is not a priority: write MINIMUM, LOW, NORMAL, HIGH, MAXIMUM or a 32-bit number",
        ),
        (
            r#"Evict("t"), SetPriority("t", HIHG)"#,
            "bad.ron:3:30: commands[1].SetPriority[1]: `HIHG` is not a priority: write MINIMUM, LOW, NORMAL, HIGH, MAXIMUM or a 32-bit number; did you mean `HIGH`?",
        ),
        (
            "EvictAl",
            "bad.ron:3:1: commands[0]: `EvictAl` is not known here (did you mean `EvictAll` or `Evict`?)",
        ),
        (
            r#"CreateDevice(name: "d", process: "p", flags: 1)"#,
            "bad.ron:3:39: commands[0].CreateDevice.flags: there is no field `flags` (write one of name, process)",
        ),
        (
            r#"CreateDevice(name: "d", process: "p", name: "e")"#,
            "bad.ron:3:39: commands[0].CreateDevice: the field `name` is there twice",
        ),
        (
            r#"Expect(Bytes(allocation: "t", offset: 0, bytes: "4"))"#,
            "bad.ron:3:49: commands[0].Expect.Bytes.bytes: `4` is not pairs of hexadecimal digits, such as \"40 E1 0B\"",
        ),
        (
            r#"CreateProcess("")"#,
            "bad.ron:3:15: commands[0].CreateProcess: a name must not be empty",
        ),
        (
            r#"Expect(Stopped(code: 0x1_0000_0000, parameter: 0))"#,
            "bad.ron:3:22: commands[0].Expect.Stopped.code: Integer is out of bounds",
        ),
        (
            r#"Expect(Status("STATUS_NONE"))"#,
            "bad.ron:3:15: commands[0].Expect.Status: `STATUS_NONE` is not a status known here; its 32-bit code can be written instead",
        ),
        (
            r#"CreateAllocation(name: "t", device: "d", size: 1, flags: "CpuVisable")"#,
            "bad.ron:3:58: commands[0].CreateAllocation.flags: `CpuVisable` is not a flag; did you mean `CpuVisible`?",
        ),
        (
            r#"CreateAllocation(name: "t", device: "d", size: 1, supported: ["V", 32])"#,
            "bad.ron:3:68: commands[0].CreateAllocation.supported[1]: 32 is not a segment number: segments count from 1 to 31",
        ),
    ];
    for (commands, expected) in table {
        assert_eq!(shown(&with_commands(commands)), expected);
    }
}

#[test]
fn missing_fields_are_named_where_they_are_missing() {
    let error = shown(&with_commands(r#"EvictAll, CreateDevice(name: "d")"#));
    assert!(error.starts_with("bad.ron:3:11: commands[1].CreateDevice: "), "{error}");
    assert!(error.contains("`process`"), "{error}");
    let error = shown("// c\n(version: 1, commands: [])");
    assert!(error.starts_with("bad.ron:2:1: ") && error.contains("`adapter`"), "{error}");
}

#[test]
fn other_versions_of_the_format_are_refused_before_the_rest_is_read() {
    let error = shown("(version: 2, surprise: 1)");
    assert_eq!(
        error,
        "bad.ron:1:11: version: format version 2 is not one that this program reads; it reads 1"
    );
}

#[test]
fn unknown_and_duplicate_names_are_all_reported() {
    let text = with_commands(concat!(
        "CreateProcess(\"game\"),\n",
        "CreateProcess(\"game\"),\n",
        "CreateDevice(name: \"d\", process: \"gane\"),\n",
        "CreateAllocation(name: \"texture\", device: \"d\", size: 1, preferred: [\"OWN\", (\"OWM\", FromEnd)], eviction: [0]),\n",
        "MakeResident([\"texture\", \"textures\"]),\n",
        "Use([Read(\"zzz\"), WriteRange(allocation: \"Texture\")]),\n",
        "CpuWrite(allocation: \"texture\", length: 1, data: Bytes(\"00 00\")),\n",
    ));
    let shown: Vec<String> = errors(&text).iter().map(ToString::to_string).collect();
    let expected = [
        "bad.ron:4:15: commands[1].CreateProcess: another process is called `game`, and a name is never used again (the first is commands[0] on line 3)",
        "bad.ron:5:34: commands[2].CreateDevice.process: no process is called `gane` (did you mean `game`?)",
        "bad.ron:6:76: commands[3].CreateAllocation.preferred[1]: no segment is called `OWM` (did you mean `OWN`?)",
        "bad.ron:6:106: commands[3].CreateAllocation.eviction[0]: segments count from 1; only a paging buffer may name 0, for no segment",
        "bad.ron:7:26: commands[4].MakeResident[1]: no allocation is called `textures` (did you mean `texture`?)",
        "bad.ron:8:11: commands[5].Use[0].Read: no allocation is called `zzz`",
        "bad.ron:8:42: commands[5].Use[1].WriteRange.allocation: no allocation is called `Texture` (did you mean `texture`?)",
        "bad.ron:9:41: commands[6].CpuWrite.length: the length is 1 B, but the data has 2 B",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn adapters_are_bound_to_their_profile_and_segments() {
    let text = r#"(version: 1, adapter: (profile: "other"), commands: [])"#;
    assert_eq!(shown(text), "bad.ron:1:33: adapter.profile: there is no driver profile `other`");
    let text = r#"(version: 1, adapter: (profile: "inspector", segments: [(name: "A", size: 1), (name: "A", size: 1)], paging_buffer: (segment: "B")), commands: [])"#;
    let shown: Vec<String> = errors(text).iter().map(ToString::to_string).collect();
    let expected = [
        "bad.ron:1:86: adapter.segments[1].name: another segment is called `A`, and a name is never used again (the first is adapter.segments[0].name on line 1)",
        "bad.ron:1:127: adapter.paging_buffer.segment: no segment is called `B`",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn limits_are_located_errors() {
    let long = "n".repeat(129);
    let error = shown(&with_commands(&format!("Evict(\"{long}\")")));
    assert_eq!(
        error,
        "bad.ron:3:7: commands[0].Evict: the name has 129 bytes; at most 128 are allowed"
    );

    let segments = "(name: \"S\", size: 1),".repeat(32);
    let text = format!(
        "(version: 1, adapter: (profile: \"inspector\", segments: [{segments}]), commands: [])"
    );
    let error = errors(&text).remove(0);
    assert_eq!((error.rule, error.field_path.as_str()), (Rule::Limit, "adapter.segments"));

    let preferred = "\"OWN\",".repeat(6);
    let text = with_commands(&format!(
        "CreateAllocation(name: \"t\", device: \"d\", size: 1, preferred: [{preferred}]), CreateDevice(name: \"d\", process: \"p\"), CreateProcess(\"p\")"
    ));
    assert_eq!(
        shown(&text),
        "bad.ron:3:62: commands[0].CreateAllocation.preferred: 6 segments are preferred, but the preference word has five slots"
    );
}

#[test]
fn more_commands_than_the_limit_are_refused() {
    let text = with_commands(&"EvictAll,".repeat(4_194_305));
    let error = parse(&text, "bad.ron").expect_err("one too many");
    assert_eq!((error.rule, error.field_path.as_str()), (Rule::Limit, "commands"));
    assert!(error.message.contains("4,194,304"), "{error}");
}

#[test]
fn texts_that_are_no_text_are_located() {
    let bytes = b"(version: 1,\n \xC3\xA4\xFF".to_vec();
    let error = text_of_bytes(bytes, "bad.ron").expect_err("0xFF is never UTF-8");
    assert_eq!((error.position.line, error.position.column), (2, 3), "{error}");
    assert_eq!(error.rule, Rule::Encoding);
    let error = text_of_bytes(b"\xFF\xFE(\0".to_vec(), "bad.ron").expect_err("UTF-16");
    assert_eq!((error.position.line, error.position.column), (1, 1), "{error}");
    let error = parse("\u{FEFF}(version: 1)", "bad.ron").expect_err("a byte order mark");
    assert_eq!(error.rule, Rule::Encoding);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    for path in ["/nonexistent/session.ron", "/", "/dev/zero"] {
        let error = load(std::path::Path::new(path)).expect_err(path);
        assert_eq!(error.rule, Rule::File);
        assert!(error.to_string().starts_with(&format!("{path}: cannot be read: ")), "{error}");
    }
}

#[test]
fn syntax_errors_are_where_the_text_goes_wrong() {
    let table = [
        ("", (1, 1)),
        ("(version: 1", (1, 12)),
        ("(version: 1,\n title: \"open", (2, 9)),
        ("(version: 1,\n adapter: (profile: \"p\"), commands: [EvictAll EvictAll])", (2, 47)),
        ("(version: 1, adapter: (profile: \"inspector\"), commands: []) x", (1, 61)),
    ];
    for (text, (line, column)) in table {
        let error = parse(text, "bad.ron").expect_err(text);
        assert_eq!((error.position.line, error.position.column), (line, column), "{error}");
    }
}

/// Deep nesting neither overflows the stack nor takes time that grows with its square.
#[test]
fn deep_nesting_is_refused() {
    for open in ["(", "[", "{", "Some(", "/*", "Expect("] {
        let deep = open.repeat(200_000);
        for text in [
            deep.clone(),
            format!("(version: {deep}"),
            format!("(version: 1, adapter: {deep}"),
            format!("(version: 1, surprise: {deep}"),
            with_commands(&deep),
            with_commands(&format!("SetPriority(\"t\", {deep}")),
            with_commands(&format!("CreateAllocation(preferred: [{deep}")),
        ] {
            let error = parse(&text, "bad.ron").expect_err(open);
            assert!(error.position.line >= 1 && error.position.column >= 1, "{error}");
        }
    }
}

/// Every prefix of a session is an error with a place inside it.
#[test]
fn truncated_at_every_byte_is_a_located_error() {
    let whole = EVERYTHING.trim_end();
    for end in 0..whole.len() {
        let text = &whole[..end];
        let error = parse(text, "bad.ron").expect_err("something is missing");
        let lines = u32::try_from(text.lines().count().max(1)).unwrap_or(u32::MAX);
        assert!(error.position.line <= lines + 1, "cut at {end}: {error}");
    }
}

/// Random damage is an error with a place, or a session that can be written and read again.
#[test]
fn mutated_sessions_never_panic() {
    let pieces = [
        "(",
        ")",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "//",
        "/*",
        "*/",
        "0x",
        "-1",
        "None",
        "Some(",
        "r#\"",
        "\\u{",
        "1e9",
        "'",
        "{",
        "b\"",
        "\u{2028}",
        "ü",
        "inf",
        "..",
        "tex",
        "#![enable(x)]",
    ];
    for seed in 0..4_000 {
        let mut rng = SplitMix::new(seed);
        let mut text = EVERYTHING.to_owned();
        for _ in 0..=rng.below(3) {
            let boundary = |text: &str, rng: &mut SplitMix| {
                let length = u64::try_from(text.len()).unwrap_or(0);
                let mut at = usize::try_from(rng.below(length + 1)).unwrap_or(0);
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let (one, other) = (boundary(&text, &mut rng), boundary(&text, &mut rng));
            let piece = usize::try_from(rng.below(26)).unwrap_or(0);
            match rng.below(3) {
                0 => text.insert_str(one, pieces[piece]),
                1 => {
                    let mut end = one.saturating_add(1).min(text.len());
                    while !text.is_char_boundary(end) {
                        end += 1;
                    }
                    text.replace_range(one..end, pieces[piece]);
                }
                _ => {
                    let from = one.min(other);
                    let mut to = from.saturating_add(12).min(text.len());
                    while !text.is_char_boundary(to) {
                        to -= 1;
                    }
                    text.replace_range(from..to, "");
                }
            }
        }
        match open(&text, "mutated.ron", &profile) {
            Ok(session) => {
                let written = crate::session::write(&session.document);
                let again = parse(&written, "again.ron").map_err(|error| error.to_string());
                assert_eq!(again, Ok(session.document), "seed {seed}");
            }
            Err(errors) => {
                let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
                assert!(!errors.is_empty(), "seed {seed}");
                for error in errors {
                    assert!(error.position.line <= lines + 1, "seed {seed}: {error}");
                    assert!(!error.message.is_empty(), "seed {seed}");
                }
            }
        }
    }
}
