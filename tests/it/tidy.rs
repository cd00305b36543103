//! The rules of the house, read from the sources: which room may name which, and where the few
//! things may stand that belong in one place.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up with all that each may name.
const ROOMS: [(&str, &[&str]); 20] = [
    ("base", &[]),
    ("memory", &["base"]),
    ("placement", &["base"]),
    ("ddi", &["base", "memory", "placement"]),
    ("gpu", &["base", "memory", "placement"]),
    ("umd", &["base"]),
    ("config", &["base", "memory", "placement", "ddi"]),
    ("rules", &["base", "memory", "placement", "ddi", "config"]),
    ("kmd", &["base", "memory", "placement", "ddi", "gpu", "umd", "config"]),
    ("vidmm", &["base", "memory", "placement", "ddi", "config", "rules"]),
    (
        "machine",
        &["base", "memory", "placement", "ddi", "gpu", "umd", "config", "rules", "kmd", "vidmm"],
    ),
    ("session", &["base", "memory", "placement", "ddi", "config", "rules", "vidmm", "machine"]),
    (
        "analysis",
        &[
            "base",
            "memory",
            "placement",
            "ddi",
            "gpu",
            "umd",
            "config",
            "rules",
            "kmd",
            "vidmm",
            "machine",
            "session",
        ],
    ),
    (
        "app",
        &[
            "base",
            "memory",
            "placement",
            "ddi",
            "gpu",
            "umd",
            "config",
            "rules",
            "kmd",
            "vidmm",
            "machine",
            "session",
            "analysis",
        ],
    ),
    (
        "ui",
        &[
            "base",
            "memory",
            "placement",
            "ddi",
            "gpu",
            "umd",
            "config",
            "rules",
            "kmd",
            "vidmm",
            "machine",
            "session",
            "analysis",
            "app",
            // To draw the window as a picture.
            "render",
        ],
    ),
    // Beside the tower: for pictures, by whoever draws without a display.
    ("render", &[]),
    (
        "platform",
        &[
            "base",
            "memory",
            "placement",
            "ddi",
            "gpu",
            "umd",
            "config",
            "rules",
            "kmd",
            "vidmm",
            "machine",
            "session",
            "analysis",
            "app",
            "ui",
            "render",
        ],
    ),
    (
        "cli",
        &[
            "base",
            "memory",
            "placement",
            "ddi",
            "gpu",
            "umd",
            "config",
            "rules",
            "kmd",
            "vidmm",
            "machine",
            "session",
            "analysis",
            "app",
            "ui",
            "render",
            "platform",
        ],
    ),
    ("lib.rs", &[]),
    ("main.rs", &["cli", "platform", "app"]),
];

/// What may stand only in some places, which begin like this below `src/`.
const PLACES: [(&str, &[&str]); 16] = [
    ("egui::", &["ui/", "render/", "platform/"]),
    ("eframe::", &["platform/"]),
    ("rfd::", &["platform/"]),
    ("ron::", &["session/", "ui/theme/"]),
    ("std::fs", &["session/", "platform/", "cli/", "app/files"]),
    ("std::time", &["app/", "platform/", "cli/"]),
    ("Instant", &["app/", "platform/", "cli/"]),
    ("Color32::from_", &["ui/theme/"]),
    // In `session` to look names up; what is below runs the same everywhere.
    ("HashMap", &["session/", "analysis/", "app/", "ui/", "render/", "platform/", "cli/"]),
    // What one kind of system has and another has not. Saving keeps owners of files, which is below
    // `platform`, and has another branch for systems without; a typed path is read in `app`.
    ("std::os::", &["platform/", "session/save"]),
    ("libc::", &["platform/"]),
    ("(unix", &["platform/", "session/save", "app/files"]),
    ("cfg!(windows", &["platform/"]),
    ("cfg(windows", &["platform/"]),
    ("target_os", &["platform/"]),
    ("target_family", &["platform/"]),
];

/// What stands nowhere.
const NOWHERE: [&str; 5] = ["unsafe {", "unsafe fn", "todo!(", "unimplemented!(", "static mut"];

/// A file of the program.
struct Source {
    /// From `src/`, with slashes.
    path: String,
    room: String,
    /// Lines that are code, by number: no comments, and nothing from the test module on.
    code: Vec<(usize, String)>,
    head: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the sources are there") {
            let path = entry.expect("the sources can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|file| source(&root, file)).collect()
}

fn source(root: &Path, file: &Path) -> Source {
    let text = fs::read_to_string(file).expect("the sources can be read");
    let below = file.strip_prefix(root).expect("it was listed there");
    let path = below.to_string_lossy().replace('\\', "/");
    let room = path.split('/').next().unwrap_or_default().to_owned();
    let is_test = path.contains("/tests") || path.ends_with("_tests.rs") || is_test_module(file);
    let lines = text.lines().zip(1..).map(|(line, number)| (number, line));
    let code = lines
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]") || text_goes_on(&text, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number, line.to_owned()))
        .filter(|_| !is_test)
        .collect();
    Source { path, room, code, head: text.lines().next().unwrap_or_default().to_owned() }
}

/// Whether the module above declares this file for tests only.
fn is_test_module(file: &Path) -> bool {
    let (Some(folder), Some(name)) = (file.parent(), file.file_stem()) else { return false };
    let above = fs::read_to_string(folder.join("mod.rs")).unwrap_or_default();
    above.contains(&format!("#[cfg(test)]\nmod {};", name.to_string_lossy()))
}

/// A test module is at the end of its file, unless it is one in a file of its own.
fn text_goes_on(text: &str, line: &str) -> bool {
    let after = text.split_once(line).map_or("", |(_, after)| after);
    let module = after.trim_start().lines().next().unwrap_or_default();
    module.ends_with(';')
}

/// Every room that a line names with `crate::`, groups included.
fn rooms_named(line: &str) -> Vec<&str> {
    line.match_indices("crate::")
        .flat_map(|(at, prefix)| {
            let rest = &line[at + prefix.len()..];
            let names: Vec<&str> = match rest.strip_prefix('{') {
                Some(group) => group.split(',').collect(),
                None => vec![rest],
            };
            names.into_iter().map(|name| {
                let name = name.trim_start();
                let end = name.find(|c: char| !c.is_alphanumeric() && c != '_');
                &name[..end.unwrap_or(name.len())]
            })
        })
        .collect()
}

fn report(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn a_floor_names_only_floors_below_it() {
    let mut broken = Vec::new();
    for source in sources() {
        let room = source.room.strip_suffix("/").unwrap_or(&source.room);
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            broken.push(format!("{}: a room that the tower does not have", source.path));
            continue;
        };
        for (number, line) in &source.code {
            for named in rooms_named(line) {
                let is_room = ROOMS.iter().any(|(name, _)| *name == named);
                if is_room && named != room && !allowed.contains(&named) {
                    broken.push(format!("{}:{number}: {room} names {named}", source.path));
                }
            }
        }
    }
    report(&broken);
}

#[test]
fn what_belongs_in_one_place_stands_there_alone() {
    let mut broken = Vec::new();
    for source in sources() {
        for (number, line) in &source.code {
            for (word, places) in PLACES {
                if line.contains(word) && !places.iter().any(|p| source.path.starts_with(p)) {
                    broken.push(format!(
                        "{}:{number}: `{word}` stands only in {places:?}",
                        source.path
                    ));
                }
            }
            for word in NOWHERE {
                if line.contains(word) {
                    broken.push(format!("{}:{number}: `{word}`", source.path));
                }
            }
        }
    }
    report(&broken);
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let heads = sources();
    let broken: Vec<String> = heads
        .iter()
        .filter(|source| !source.head.starts_with("//! "))
        .map(|source| format!("{}: begins with {:?}", source.path, source.head))
        .collect();
    report(&broken);
}

/// The reader of this file finds what it looks for.
#[test]
fn rooms_are_found_in_lines() {
    assert_eq!(rooms_named("use crate::base::{Bytes, Pages};"), ["base"]);
    assert_eq!(rooms_named("use crate::{base::Span, gpu, ddi::Access};"), ["base", "gpu", "ddi"]);
    assert_eq!(rooms_named("fn f(a: crate::gpu::Place, b: crate::ddi::X)"), ["gpu", "ddi"]);
    assert!(rooms_named("use super::thing;").is_empty());
    let sources = sources();
    assert!(sources.len() > 100, "{} sources", sources.len());
    assert!(sources.iter().map(|source| source.code.len()).sum::<usize>() > 10_000);
}
