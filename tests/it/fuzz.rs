//! What fuzzing keeps: every input that found something, and of the corpus as many inputs as are
//! quick, through the functions that libFuzzer calls.

use std::fs;
use std::path::{Path, PathBuf};

/// What each target does with its bytes, without libFuzzer. A finding is a panic.
#[path = "../../fuzz/targets"]
mod targets {
    pub(crate) mod commands;
    pub(crate) mod import;
    pub(crate) mod place;
    pub(crate) mod session;
}

/// Inputs of a corpus that are replayed here; the short run of libFuzzer takes them all.
const MOST_OF_A_CORPUS: usize = 150;

/// The files of a folder below `fuzz/`, in the order of their names.
fn inputs(folder: &str, target: &str) -> Vec<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(target);
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("the folder can be listed").path()).collect();
    files.sort();
    files
}

fn replay(target: &str, check: fn(&[u8])) {
    let corpus = inputs("corpus", target);
    assert!(!corpus.is_empty(), "no corpus of {target}");
    // The names are hashes, so that every so-manieth is a fair sample.
    let every = corpus.len().div_ceil(MOST_OF_A_CORPUS);
    for file in inputs("regressions", target).iter().chain(corpus.iter().step_by(every)) {
        let bytes = fs::read(file).expect("the input can be read");
        let checked = std::panic::catch_unwind(|| check(&bytes));
        assert!(checked.is_ok(), "{}: the message is above", file.display());
    }
}

#[test]
fn inputs_of_sessions_hold() {
    replay("session", targets::session::check);
}

#[test]
fn inputs_of_imports_hold() {
    replay("import", targets::import::check);
}

#[test]
fn inputs_of_commands_hold() {
    replay("commands", targets::commands::check);
}
