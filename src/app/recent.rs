//! Session files that somebody worked with before, as the start page lists them.

use std::path::PathBuf;

/// A session file that was opened or saved before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecentFile {
    /// The file.
    pub path: PathBuf,
    /// The title of its session; may be empty.
    pub title: String,
    /// When it was last opened or saved, in seconds since the beginning of 1970.
    pub when: u64,
    /// The commands that it had.
    pub commands: usize,
    /// The command after which one stood.
    pub place: usize,
    /// Findings of its adapter that are errors.
    pub errors: usize,
    /// The file is not where it was.
    pub missing: bool,
    /// Changes of it that were not saved outlived the program and can be had back.
    pub recovered: bool,
}
