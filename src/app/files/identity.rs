//! Whether a file is still what it was when it was last read or written here.

use std::fs::{self, File, Metadata};
use std::io::ErrorKind;
use std::path::Path;
use std::time::SystemTime;

use crate::session::Fingerprint;
use crate::session::save::Saved;

/// What is remembered of a file instead of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    /// Length and hash of its bytes.
    pub fingerprint: Fingerprint,
    /// When it was last written to, where that is known.
    pub modified: Option<SystemTime>,
}

/// How a file compares with what is remembered of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileState {
    /// It holds the same bytes.
    Same,
    /// It holds others, or cannot be read.
    Changed,
    /// It is not there.
    Missing,
}

impl FileIdentity {
    /// The identity of a text that was read, with what the system said of the file.
    #[must_use]
    pub fn of_text(text: &str, metadata: &Metadata) -> Self {
        let fingerprint = Fingerprint::of(text.as_bytes());
        Self { fingerprint, modified: metadata.modified().ok() }
    }

    /// The identity of what was saved.
    #[must_use]
    pub fn of_saved(saved: &Saved) -> Self {
        Self { fingerprint: saved.fingerprint, modified: saved.metadata.modified().ok() }
    }

    /// Looks at length and time, and reads the file only where they leave a doubt.
    #[must_use]
    pub fn glance(&self, path: &Path) -> FileState {
        match fs::metadata(path) {
            Ok(found) if found.len() != self.fingerprint.bytes => FileState::Changed,
            Ok(found) if found.modified().ok() == self.modified && self.modified.is_some() => {
                FileState::Same
            }
            Ok(_) => self.compare(path),
            Err(error) => unreadable(error.kind()),
        }
    }

    /// Compares every byte, by its hash.
    #[must_use]
    pub fn compare(&self, path: &Path) -> FileState {
        // What is no file may never end.
        match fs::metadata(path) {
            Ok(found) if !found.is_file() || found.len() != self.fingerprint.bytes => {
                return FileState::Changed;
            }
            Ok(_) => {}
            Err(error) => return unreadable(error.kind()),
        }
        match File::open(path).and_then(Fingerprint::of_reader) {
            Ok(found) if found == self.fingerprint => FileState::Same,
            Ok(_) => FileState::Changed,
            Err(error) => unreadable(error.kind()),
        }
    }
}

const fn unreadable(kind: ErrorKind) -> FileState {
    match kind {
        ErrorKind::NotFound | ErrorKind::NotADirectory => FileState::Missing,
        _ => FileState::Changed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_and_the_time_alone_does_not() {
        let path = std::env::temp_dir().join(format!("vidmm-identity-{}", std::process::id()));
        let write = |text: &str| fs::write(&path, text).expect("the temporary folder is writable");
        write("one");
        let metadata = fs::metadata(&path).expect("it was written");
        let known = FileIdentity::of_text("one", &metadata);
        let both = |known: &FileIdentity| (known.glance(&path), known.compare(&path));
        assert_eq!(both(&known), (FileState::Same, FileState::Same));
        let older = FileIdentity { modified: Some(SystemTime::UNIX_EPOCH), ..known };
        assert_eq!(both(&older), (FileState::Same, FileState::Same), "touched, nothing else");
        write("two");
        assert_eq!(both(&older), (FileState::Changed, FileState::Changed));
        assert_eq!(known.compare(&path), FileState::Changed, "whatever the time says");
        write("three");
        assert_eq!(both(&known), (FileState::Changed, FileState::Changed));
        fs::remove_file(&path).expect("the file is ours");
        assert_eq!(both(&known), (FileState::Missing, FileState::Missing));
        fs::create_dir(&path).expect("the name is free");
        assert_eq!(both(&known), (FileState::Changed, FileState::Changed));
        fs::remove_dir(&path).expect("the folder is ours");
    }
}
