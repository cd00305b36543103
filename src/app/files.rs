//! Files: folders as the application's own dialog shows them, names for new files, and what is kept
//! of files and of changes that are not in one yet.

pub mod identity;
pub mod keeper;
pub mod recovery;
pub mod state;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::session::save;

/// The end of the name of a session file.
pub const EXTENSION: &str = "ron";

/// Entries of one folder that are listed at most.
const MOST_ENTRIES: usize = 2_000;

/// Something in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderEntry {
    /// Whether it is a folder; folders come first.
    pub is_file: bool,
    /// Its name.
    pub name: String,
}

/// What a folder holds: folders, then session files, each in the order of their names.
///
/// Hidden ones and names that are not Unicode are left out.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<FolderEntry>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut entries: Vec<FolderEntry> = fs::read_dir(folder)?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let is_folder = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
            let is_session =
                Path::new(&name).extension().is_some_and(|end| end.eq_ignore_ascii_case(EXTENSION));
            let shown = !name.starts_with('.') && (is_folder || is_session);
            shown.then_some(FolderEntry { is_file: !is_folder, name })
        })
        .take(MOST_ENTRIES)
        .collect();
    entries.sort();
    Ok(entries)
}

/// The folder and the beginning of a name that a typed path consists of.
#[must_use]
pub fn split_typed(typed: &str) -> (PathBuf, &str) {
    match typed.rfind(std::path::is_separator) {
        Some(at) => (PathBuf::from(&typed[..=at]), &typed[at + 1..]),
        None => (PathBuf::new(), typed),
    }
}

/// What is left of a typed path when a path from the root was typed or pasted behind a folder:
/// `/home/me//tmp/a.ron` means `/tmp/a.ron`. `None` where nothing of that kind happened.
#[must_use]
pub fn typed_anew(typed: &str) -> Option<&str> {
    typed.rfind("//").filter(|at| *at > 0 || cfg!(unix)).and_then(|at| typed.get(at + 1..))
}

/// The folder in which the program runs; the root where there is none.
#[must_use]
pub fn working_folder() -> PathBuf {
    std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"))
}

/// Writes a text or bytes to a file, replacing what it held: all of it, or nothing changes.
///
/// # Errors
/// Why the file cannot be made or written, in words.
pub fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), String> {
    save::replace(path, text.as_ref()).map_err(|error| save::in_words(&error))
}

/// A path that means the same wherever the program runs.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Whether there is something at a path.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok()
}

/// A name for the file of a session called `title`.
#[must_use]
pub fn suggested_name(title: &str) -> String {
    let mut name = String::new();
    for character in title.chars() {
        if character.is_alphanumeric() {
            name.extend(character.to_lowercase());
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    let name = if name.is_empty() { "session" } else { name };
    format!("{name}.{EXTENSION}")
}

/// `path` with the end of session files where it has none.
#[must_use]
pub fn with_extension(path: PathBuf) -> PathBuf {
    if path.extension().is_some() { path } else { path.with_extension(EXTENSION) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_titles() {
        assert_eq!(suggested_name("The tour"), "the-tour.ron");
        assert_eq!(suggested_name("  4 MiB / two passes! "), "4-mib-two-passes.ron");
        assert_eq!(suggested_name("…"), "session.ron");
    }

    #[test]
    fn a_typed_path_is_a_folder_and_a_beginning() {
        assert_eq!(split_typed("/a/b/to"), (PathBuf::from("/a/b/"), "to"));
        assert_eq!(split_typed("/a/b/"), (PathBuf::from("/a/b/"), ""));
        assert_eq!(split_typed("to"), (PathBuf::new(), "to"));
    }

    #[test]
    fn folders_come_before_session_files_and_nothing_else_is_listed() {
        let folder = std::env::temp_dir().join(format!("vidmm-list-{}", std::process::id()));
        fs::create_dir_all(folder.join("zoo")).expect("the temporary folder is writable");
        for name in ["b.ron", "a.RON", "c.txt", ".hidden.ron"] {
            fs::write(folder.join(name), "").expect("the folder is ours");
        }
        let names: Vec<String> = list(&folder)
            .expect("the folder is ours")
            .into_iter()
            .map(|entry| entry.name)
            .collect();
        assert_eq!(names, ["zoo", "a.RON", "b.ron"]);
        fs::remove_dir_all(&folder).expect("the folder is ours");
        assert!(list(&folder).is_err());
    }
}
