//! Copies of changes that were not saved, which outlive the program.
//!
//! A copy is a session file with one comment line before it, so that it can also be opened by hand.
//! Beside it lies a lock file, locked as long as the window is there whose changes they are: a copy
//! without a locked one is what a window left that ended in a way nobody wanted.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::identity::{FileIdentity, FileState};
use super::state::StateFolder;
use crate::base::StateHash;
use crate::session::load::{self, LoadError};
use crate::session::save::{SaveError, save_copy};
use crate::session::{Document, Fingerprint};

/// How the first line of a copy begins.
const HEAD: &str = "// Unsaved changes, kept by vidmm-inspector: ";
/// Bytes that the first line has at most.
const HEAD_BYTES: u64 = 1 << 16;
/// Names that are tried for a new copy.
const NAMES: u32 = 100;

/// Whose changes a copy holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// The file of the session; `None` for one without.
    pub path: Option<PathBuf>,
    /// The saved session of the program that it was made from.
    pub embedded: Option<String>,
    /// Its title.
    pub title: String,
    /// How many commands it has.
    pub commands: usize,
    /// The command after which one stood.
    pub place: usize,
    /// When the copy was made, in seconds since the beginning of 1970.
    pub when: u64,
    /// Bytes of the file when it was last read or written.
    pub base_bytes: Option<u64>,
    /// The hash of them.
    pub base_hash: Option<u64>,
}

impl Origin {
    /// The file as it was when it was last read or written.
    #[must_use]
    pub fn base(&self) -> Option<FileIdentity> {
        let (bytes, hash) = (self.base_bytes?, StateHash(self.base_hash?));
        Some(FileIdentity { fingerprint: Fingerprint { bytes, hash }, modified: None })
    }

    /// Remembers the file as it was when it was last read or written.
    #[must_use]
    pub fn with_base(mut self, base: Option<&FileIdentity>) -> Self {
        self.base_bytes = base.map(|base| base.fingerprint.bytes);
        self.base_hash = base.map(|base| base.fingerprint.hash.0);
        self
    }
}

/// The place of the copy of one window, which nobody else uses while it is held.
#[derive(Debug)]
pub struct Slot {
    path: PathBuf,
    /// Locked until it is dropped, or the program ends in whatever way.
    lock: Option<File>,
}

/// A copy that a window left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftBehind {
    /// Whose changes it holds.
    pub origin: Origin,
    /// Where it lies.
    pub path: PathBuf,
}

impl LeftBehind {
    /// Takes the copy over; `None` where another window has, or it is gone.
    #[must_use]
    pub fn take(&self) -> Option<Slot> {
        Slot::take_over(self.path.clone())
    }
}

impl Slot {
    /// A new place for a copy.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(state: &StateFolder) -> io::Result<Self> {
        let folder = state.recovery();
        fs::create_dir_all(&folder)?;
        let stamp = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        for number in 0..NAMES {
            let name = format!("{stamp}-{}-{number}", std::process::id());
            let path = folder.join(name).with_extension("ron");
            let lock = path.with_extension("lock");
            match OpenOptions::new().write(true).create_new(true).open(&lock) {
                Ok(file) => match file.try_lock() {
                    // Where there are no locks, a copy is offered once too often rather than never.
                    Ok(()) | Err(TryLockError::Error(_)) if lock.exists() => {
                        return Ok(Self { path, lock: Some(file) });
                    }
                    _ => {}
                },
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("no name is free"))
    }

    /// The file of the copy.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the copy, all of it or nothing.
    ///
    /// # Errors
    /// As for saving.
    pub fn write(&self, origin: &Origin, document: &Document) -> Result<(), SaveError> {
        // A text in JSON has no line break inside.
        let json = serde_json::to_string(origin).unwrap_or_else(|_| "{}".to_owned());
        save_copy(&self.path, &format!("{HEAD}{json}\n"), document).map(|_| ())
    }

    /// Removes the copy: the changes are saved, or somebody gave them up.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn discard(mut self) -> io::Result<()> {
        let removed = match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        self.lock = None;
        let _ = fs::remove_file(self.path.with_extension("lock"));
        removed
    }

    /// The session in the copy, as text.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<String, LoadError> {
        let mut text = load::read(&self.path)?;
        if text.starts_with(HEAD) {
            let end = text.find('\n').map_or(text.len(), |at| at + 1);
            text.drain(..end);
        }
        Ok(text)
    }

    /// Takes over a copy, unless the window is there whose it is.
    fn take_over(path: PathBuf) -> Option<Self> {
        let lock = path.with_extension("lock");
        let open = OpenOptions::new().write(true).create(true).truncate(false).open(&lock);
        match open {
            Ok(file) => match file.try_lock() {
                // Its window may have removed both between two looks.
                Ok(()) if path.exists() && lock.exists() => Some(Self { path, lock: Some(file) }),
                Ok(()) => {
                    let _ = fs::remove_file(&lock);
                    None
                }
                Err(TryLockError::WouldBlock) => None,
                Err(TryLockError::Error(_)) => Some(Self { path, lock: None }),
            },
            // A folder that cannot be written can be read: the changes are there.
            Err(_) => Some(Self { path, lock: None }),
        }
    }
}

/// Every copy that was left behind, the newest first. None is held: whoever opens one takes it over.
///
/// A copy that says the same as its file was saved by a window that then had no time to remove it;
/// it goes.
#[must_use]
pub fn left_behind(state: &StateFolder) -> Vec<LeftBehind> {
    let Ok(entries) = fs::read_dir(state.recovery()) else { return Vec::new() };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
        match end {
            "ron" => {
                let Some((origin, head)) = read_origin(&path) else { continue };
                let Some(slot) = Slot::take_over(path) else { continue };
                // The copy may have been written anew before it was taken over.
                let (origin, head) = read_origin(slot.path()).unwrap_or((origin, head));
                if is_saved(&origin, slot.path(), head) {
                    let _ = slot.discard();
                } else {
                    found.push(LeftBehind { origin, path: slot.path });
                }
            }
            // A window that ended without changes leaves its lock.
            "lock" if !path.with_extension("ron").exists() => {
                let lock = OpenOptions::new().write(true).open(&path);
                if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
                    let _ = fs::remove_file(&path);
                }
            }
            _ => {}
        }
    }
    found.sort_by_key(|left| std::cmp::Reverse(left.origin.when));
    found
}

/// What the first line says, and how long it is; `None` for what is no copy of ours.
fn read_origin(path: &Path) -> Option<(Origin, u64)> {
    let file = fs::metadata(path).ok()?.is_file().then(|| File::open(path).ok())??;
    let mut line = String::new();
    BufReader::new(file.take(HEAD_BYTES)).read_line(&mut line).ok()?;
    let json = line.strip_prefix(HEAD)?;
    // What is damaged beyond this line is still a session that somebody wrote.
    let origin = serde_json::from_str(json).unwrap_or_default();
    Some((origin, u64::try_from(line.len()).unwrap_or(u64::MAX)))
}

/// Whether the file of a copy holds what the copy does.
fn is_saved(origin: &Origin, copy: &Path, head: u64) -> bool {
    let Some(path) = &origin.path else { return false };
    let fingerprint = || {
        let mut file = File::open(copy).ok()?;
        io::copy(&mut (&mut file).take(head), &mut io::sink()).ok()?;
        Fingerprint::of_reader(file).ok()
    };
    let same_length = match (fs::metadata(copy), fs::metadata(path)) {
        (Ok(copy), Ok(file)) => copy.len().checked_sub(head) == Some(file.len()),
        _ => false,
    };
    same_length
        && fingerprint().is_some_and(|fingerprint| {
            FileIdentity { fingerprint, modified: None }.compare(path) == FileState::Same
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::files::state::tests::state;
    use crate::session::{parse, write};

    fn document(title: &str) -> Document {
        let text =
            format!(r#"(version: 1, title: "{title}", adapter: (profile: "p"), commands: [])"#);
        parse(&text, "test").expect("a complete session")
    }

    fn origin(when: u64) -> Origin {
        Origin { title: "A\nB".to_owned(), when, place: 3, ..Origin::default() }
    }

    #[test]
    fn a_copy_is_offered_when_its_window_is_gone_and_not_before() {
        let state = state("slots");
        assert!(left_behind(&state).is_empty());
        let slot = Slot::create(&state).expect("the folder can be made");
        slot.write(&origin(5), &document("first")).expect("the folder is ours");
        slot.write(&origin(6), &document("second")).expect("the folder is ours");
        assert!(left_behind(&state).is_empty(), "its window is there");
        drop(slot);
        let found = left_behind(&state);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].origin, origin(6));
        let slot = found[0].take().expect("nobody has it");
        let text = slot.read().expect("it is whole");
        assert_eq!(parse(&text, "copy").map(|document| document.title), Ok("second".to_owned()));
        assert!(left_behind(&state).is_empty(), "somebody has taken it over");
        assert!(found[0].take().is_none());
        drop(slot);
        assert_eq!(left_behind(&state), found, "looking at it does not remove it");
        found[0].take().expect("nobody has it").discard().expect("it is there");
        assert!(left_behind(&state).is_empty());
        let left = fs::read_dir(state.recovery()).map(Iterator::count);
        assert_eq!(left.ok(), Some(0), "nothing is left");
        fs::remove_dir_all(state.path()).expect("the folder is ours");
    }

    #[test]
    fn a_copy_of_what_was_saved_goes_and_any_other_stays() {
        let state = state("saved");
        let folder = state.path().join("sessions");
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let (file, one, two) = (folder.join("a.ron"), document("one"), document("two"));
        for (on_disk, left) in [(&one, 0), (&two, 1)] {
            let slot = Slot::create(&state).expect("the folder is ours");
            let origin = Origin { path: Some(file.clone()), ..origin(1) };
            slot.write(&origin, &one).expect("the folder is ours");
            drop(slot);
            fs::write(&file, write(on_disk)).expect("the folder is ours");
            assert_eq!(left_behind(&state).len(), left);
        }
        fs::write(state.recovery().join("foreign.ron"), "(version: 1)").expect("it is ours");
        fs::write(state.recovery().join("damaged.ron"), format!("{HEAD}{{\n()")).expect("ours");
        assert_eq!(left_behind(&state).len(), 2, "the damaged one is offered, the foreign is not");
        fs::remove_dir_all(state.path()).expect("the folder is ours");
    }
}
