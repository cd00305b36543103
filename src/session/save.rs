//! Saving without ever leaving half a file: a temporary file in the same folder, synced, then
//! renamed.
//!
//! The text goes to the file as it is made and never lies in memory as a whole. A temporary file is
//! locked while somebody writes to it; one that is not was left behind by a program that ended, and
//! the next save of the same file removes it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;

use crate::base::StableHasher;

use super::document::Document;
use super::fingerprint::{Fingerprint, Fingerprinter};
use super::limits;
use super::write::write_to;

/// So many names of temporary files are tried.
const TEMPORARY_NAMES: u32 = 100;
/// Links that lead from one to the next are followed so far, as systems do.
const LINKS: u32 = 40;
/// Bytes that are collected before the system is asked to write them.
const BUFFER: usize = 1 << 17;

/// Why a session could not be saved. The file that was there is as before.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The file system refused.
    #[error("{}: cannot be saved: {}", path.display(), in_words(cause))]
    File {
        /// The file to be saved.
        path: PathBuf,
        /// What failed.
        cause: io::Error,
    },
    /// The text would be larger than a session may be, so it could not be opened again.
    #[error("{}: the session has more than {} bytes of text, which is the most that can be saved", path.display(), limits::FILE_BYTES)]
    TooLarge {
        /// The file to be saved.
        path: PathBuf,
    },
    /// The file is not what it was when it was last read or written.
    #[error("{}: another program changed the file", path.display())]
    Changed {
        /// The file to be saved.
        path: PathBuf,
    },
}

/// A session as it was saved.
#[derive(Clone, Debug)]
pub struct Saved {
    /// What the file holds.
    pub fingerprint: Fingerprint,
    /// What the system said of the file just before it got its name.
    pub metadata: Metadata,
}

/// What went wrong with a file, and what can be done, where that is known.
#[must_use]
pub fn in_words(cause: &io::Error) -> String {
    match cause.kind() {
        ErrorKind::NotFound => "its folder is not there".to_owned(),
        ErrorKind::NotADirectory => "what should be its folder is a file".to_owned(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            format!("there is not enough room ({cause}); make some, or choose another disk")
        }
        ErrorKind::ReadOnlyFilesystem => {
            format!("nothing can be written there ({cause}); choose another folder")
        }
        ErrorKind::PermissionDenied => format!("{cause}; choose another folder or name"),
        ErrorKind::InvalidFilename => format!("{cause}; choose another name"),
        _ => cause.to_string(),
    }
}

/// Saves a session, in place of what is at `path`; a link is followed.
///
/// # Errors
/// When the folder or the file cannot be written, or the session is too large to be read again.
pub fn save(path: &Path, document: &Document) -> Result<Saved, SaveError> {
    save_unless(path, document, &mut |_| false)
}

/// The same, unless `is_foreign` says of the file that is there, at the last moment before it would
/// be replaced, that it must not be.
///
/// # Errors
/// As for [`save`], and [`SaveError::Changed`].
pub fn save_unless(
    path: &Path,
    document: &Document,
    is_foreign: &mut dyn FnMut(&Path) -> bool,
) -> Result<Saved, SaveError> {
    save_behind("", path, document, is_foreign)
}

/// The same behind another text, which should be a comment: nothing is refused.
///
/// # Errors
/// As for [`save`].
pub fn save_copy(path: &Path, head: &str, document: &Document) -> Result<Saved, SaveError> {
    save_behind(head, path, document, &mut |_| false)
}

fn save_behind(
    head: &str,
    path: &Path,
    document: &Document,
    is_foreign: &mut dyn FnMut(&Path) -> bool,
) -> Result<Saved, SaveError> {
    let mut too_large = false;
    let mut foreign = false;
    let mut fingerprint = None;
    let write = |out: &mut dyn Write| {
        out.write_all(head.as_bytes())?;
        let mut sink = TextSink::new(out);
        let written = write_to(&mut sink, document);
        too_large = sink.is_too_large;
        match (sink.error.take(), written) {
            (Some(error), _) => Err(error),
            (None, Err(fmt::Error)) => Err(io::Error::other("the text cannot be made")),
            (None, Ok(())) => {
                sink.flush()?;
                fingerprint = Some(sink.fingerprinter.finish());
                Ok(())
            }
        }
    };
    let before = |target: &Path| {
        foreign = is_foreign(target);
        if foreign { Err(io::Error::other("another program changed it")) } else { Ok(()) }
    };
    let replaced = replace_with(path, write, before);
    let path = path.to_owned();
    match (replaced, fingerprint) {
        (Ok(metadata), Some(fingerprint)) => Ok(Saved { fingerprint, metadata }),
        (Ok(_), None) => {
            Err(SaveError::File { path, cause: io::Error::other("nothing was written") })
        }
        (Err(_), _) if too_large => Err(SaveError::TooLarge { path }),
        (Err(_), _) if foreign => Err(SaveError::Changed { path }),
        (Err(cause), _) => Err(SaveError::File { path, cause }),
    }
}

/// Takes a text as it is made, in many small pieces: counts it, and keeps what went wrong with
/// writing it.
struct TextSink<'a> {
    out: &'a mut dyn Write,
    pieces: Vec<u8>,
    fingerprinter: Fingerprinter,
    bytes: u64,
    is_too_large: bool,
    error: Option<io::Error>,
}

impl<'a> TextSink<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            pieces: Vec::with_capacity(2 * BUFFER),
            fingerprinter: Fingerprinter::default(),
            bytes: 0,
            is_too_large: false,
            error: None,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.fingerprinter.add(&self.pieces);
        let written = self.out.write_all(&self.pieces);
        self.pieces.clear();
        written
    }
}

impl fmt::Write for TextSink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes = self.bytes.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        if self.bytes > limits::FILE_BYTES {
            self.is_too_large = true;
            return Err(fmt::Error);
        }
        self.pieces.extend_from_slice(text.as_bytes());
        if self.pieces.len() < BUFFER {
            return Ok(());
        }
        self.flush().map_err(|error| {
            self.error = Some(error);
            fmt::Error
        })
    }
}

/// Puts bytes in place of what is at `path`: all of them, or nothing changes. A link is followed.
///
/// # Errors
/// When the folder or the file cannot be written. The file that was there is as before.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, |out| out.write_all(bytes), |_| Ok(())).map(|_| ())
}

/// Puts what `write` writes in place of what is at `path`, if `before` agrees at the last moment.
fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    before: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<Metadata> {
    let target = followed(path)?;
    may_be_replaced(&target)?;
    let name = target.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    remove_left_over(&target, name);
    let (temporary, mut file) = create_beside(&target, name)?;
    let written = write(&mut file)
        .and_then(|()| keep_permissions(&target, &file))
        .and_then(|()| file.sync_all())
        .and_then(|()| file.metadata())
        .and_then(|metadata| before(&target).map(|()| metadata))
        .and_then(|metadata| fs::rename(&temporary, &target).map(|()| metadata));
    if written.is_err() {
        // The first error is the one to report; the next save removes a file that stays behind.
        let _ = fs::remove_file(&temporary);
    }
    let metadata = written?;
    sync_folder(&target);
    Ok(metadata)
}

/// The file that a path leads to, which need not be there.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        let Ok(to) = fs::read_link(&target) else { return Ok(target) };
        target = target.parent().unwrap_or(Path::new("")).join(to);
    }
    Err(io::Error::other("its links lead in a circle"))
}

/// Renaming would also replace what nobody wants replaced.
fn may_be_replaced(target: &Path) -> io::Result<()> {
    let Ok(metadata) = fs::symlink_metadata(target) else { return Ok(()) };
    let refused = |kind, words: &str| Err(io::Error::new(kind, words));
    if metadata.is_dir() {
        refused(ErrorKind::IsADirectory, "it is a folder")
    } else if !metadata.is_file() {
        refused(ErrorKind::Other, "it is not a regular file")
    } else if metadata.permissions().readonly() {
        refused(ErrorKind::PermissionDenied, "the file is read-only")
    } else {
        Ok(())
    }
}

/// What the names of all temporary files for a name begin with; a long name does not make it long.
fn temporary_prefix(name: &OsStr) -> String {
    let hash = StableHasher::new(0).bytes(name.as_encoded_bytes()).finish();
    format!(".vidmm-{hash}-")
}

/// Removes temporary files for `name` that nobody writes to any more. What fails is left to the
/// next save.
fn remove_left_over(target: &Path, name: &OsStr) {
    let prefix = temporary_prefix(name);
    let Ok(entries) = fs::read_dir(folder_of(target)) else { return };
    for entry in entries.flatten() {
        let other = entry.file_name();
        let is_temporary = other
            .to_str()
            .is_some_and(|other| other.starts_with(&prefix) && other.ends_with(".tmp"));
        let is_free =
            || OpenOptions::new().write(true).open(entry.path()).map(|file| file.try_lock());
        if is_temporary && matches!(is_free(), Ok(Ok(()))) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A new file in the folder of `target`: renaming works only inside a file system.
fn create_beside(target: &Path, name: &OsStr) -> io::Result<(PathBuf, File)> {
    let prefix = temporary_prefix(name);
    let mut last = io::Error::other("no name is free for a temporary file");
    for attempt in 0..TEMPORARY_NAMES {
        let temporary = OsString::from(format!("{prefix}{}-{attempt}.tmp", process::id()));
        let temporary = target.with_file_name(temporary);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            // Between creating and locking, somebody who cleans up may have got hold of it.
            Ok(file) => match file.try_lock() {
                Err(TryLockError::WouldBlock) => {}
                Ok(()) | Err(TryLockError::Error(_)) if temporary.exists() => {
                    return Ok((temporary, file));
                }
                _ => {}
            },
            Err(error) if error.kind() == ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// The permissions of the file that is replaced, and where it is possible its owner.
fn keep_permissions(target: &Path, file: &File) -> io::Result<()> {
    let Ok(metadata) = fs::metadata(target) else { return Ok(()) };
    keep_owner(&metadata, file);
    file.set_permissions(metadata.permissions())
}

/// Who may do everything does not take the files of others away from them.
#[cfg(unix)]
fn keep_owner(replaced: &Metadata, file: &File) {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let own = file.metadata().map(|own| (own.uid(), own.gid()));
    if own.is_ok_and(|own| own != (replaced.uid(), replaced.gid())) {
        let _ = fchown(file, Some(replaced.uid()), Some(replaced.gid()));
    }
}

#[cfg(not(unix))]
const fn keep_owner(_replaced: &Metadata, _file: &File) {}

fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the renaming itself durable, where folders can be synced; the content is already.
fn sync_folder(target: &Path) {
    let _ = File::open(folder_of(target)).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::load::{load, parse};

    fn document(title: &str) -> Document {
        let text =
            format!(r#"(version: 1, title: "{title}", adapter: (profile: "p"), commands: [])"#);
        parse(&text, "test").expect("a complete session")
    }

    /// A folder of its own for a test, empty.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("vidmm-save-{name}-{}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder exists").flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn saving_replaces_the_file_and_leaves_nothing_else() {
        let folder = folder("twice");
        let path = folder.join("a session.ron");
        for title in ["first", "second"] {
            let saved = save(&path, &document(title)).expect("the folder is writable");
            assert_eq!(load(&path).map(|document| document.title), Ok(title.to_owned()));
            let bytes = fs::read(&path).expect("it was written");
            assert_eq!(saved.fingerprint, Fingerprint::of(&bytes));
            assert_eq!(saved.metadata.modified().ok(), modified(&path));
        }
        assert_eq!(names(&folder), ["a session.ron"]);
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }

    fn modified(path: &Path) -> Option<std::time::SystemTime> {
        fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
    }

    #[test]
    fn a_missing_folder_is_named() {
        let path = Path::new("/nonexistent-folder/session.ron");
        let error = save(path, &document("t")).expect_err("there is no such folder");
        assert!(error.to_string().starts_with("/nonexistent-folder/session.ron: "), "{error}");
        assert!(error.to_string().contains("its folder is not there"), "{error}");
        assert!(save(Path::new("/"), &document("t")).is_err());
        assert!(save(Path::new(""), &document("t")).is_err());
    }

    #[test]
    fn what_is_no_file_and_what_is_read_only_stays() {
        let folder = folder("refused");
        let (inner, locked) = (folder.join("inner.ron"), folder.join("locked.ron"));
        fs::create_dir(&inner).expect("the folder is ours");
        let error = save(&inner, &document("t")).expect_err("it is a folder");
        assert!(error.to_string().contains("it is a folder"), "{error}");
        fs::write(&locked, "old").expect("the folder is ours");
        let mut permissions = fs::metadata(&locked).expect("it is there").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&locked, permissions).expect("the file is ours");
        let error = save(&locked, &document("t")).expect_err("it is read-only");
        assert!(error.to_string().contains("read-only"), "{error}");
        assert_eq!(fs::read_to_string(&locked).ok().as_deref(), Some("old"));
        assert_eq!(names(&folder), ["inner.ron", "locked.ron"]);
        #[cfg(unix)]
        if !Path::new("/dev/null").is_file() {
            let error = save(Path::new("/dev/null"), &document("t")).expect_err("a device");
            assert!(error.to_string().contains("not a regular file"), "{error}");
        }
        let _ = fs::remove_dir_all(&folder);
    }

    #[test]
    fn a_long_name_is_no_hindrance_and_one_too_long_is_told() {
        let folder = folder("long");
        let longest = folder.join(format!("{}.ron", "n".repeat(251)));
        assert!(save(&longest, &document("t")).is_ok(), "255 bytes are a name");
        let longer = folder.join(format!("{}.ron", "n".repeat(252)));
        assert!(save(&longer, &document("t")).is_err(), "256 are none");
        assert_eq!(names(&folder).len(), 1);
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }

    #[test]
    fn what_was_left_behind_goes_and_what_somebody_writes_to_stays() {
        let folder = folder("left");
        let path = folder.join("a.ron");
        let name = OsStr::new("a.ron");
        let dead = folder.join(format!("{}1-0.tmp", temporary_prefix(name)));
        let other = folder.join(format!("{}1-0.tmp", temporary_prefix(OsStr::new("b.ron"))));
        for left in [&dead, &other] {
            fs::write(left, "half").expect("the folder is ours");
        }
        let (busy, held) = create_beside(&path, name).expect("the folder is ours");
        save(&path, &document("t")).expect("the folder is writable");
        assert!(!dead.exists(), "nobody writes to it");
        assert!(busy.exists(), "somebody does");
        assert!(other.exists(), "it is of another file");
        drop(held);
        save(&path, &document("t")).expect("the folder is writable");
        assert!(!busy.exists());
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }

    #[test]
    fn a_file_of_somebody_else_is_not_replaced() {
        let folder = folder("foreign");
        let path = folder.join("a.ron");
        fs::write(&path, "theirs").expect("the folder is ours");
        let error = save_unless(&path, &document("t"), &mut |target| target.ends_with("a.ron"));
        assert!(matches!(error, Err(SaveError::Changed { .. })), "{error:?}");
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some("theirs"));
        assert_eq!(names(&folder), ["a.ron"]);
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }

    #[cfg(unix)]
    #[test]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = folder("links");
        let (real, link, loose) =
            (folder.join("real.ron"), folder.join("link.ron"), folder.join("loose.ron"));
        fs::write(&real, "old").expect("the folder is ours");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("the file is ours");
        symlink("real.ron", &link).expect("links can be made");
        symlink("later.ron", &loose).expect("links can be made");
        save(&link, &document("t")).expect("the folder is writable");
        save(&loose, &document("u")).expect("the folder is writable");
        assert!(fs::symlink_metadata(&link).is_ok_and(|metadata| metadata.is_symlink()));
        assert!(fs::symlink_metadata(&loose).is_ok_and(|metadata| metadata.is_symlink()));
        assert_eq!(load(&real).map(|document| document.title), Ok("t".to_owned()));
        let later = folder.join("later.ron");
        assert_eq!(load(&later).map(|document| document.title), Ok("u".to_owned()));
        let mode = fs::metadata(&real).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        let circle = folder.join("circle.ron");
        symlink("circle.ron", &circle).expect("links can be made");
        let error = save(&circle, &document("t")).expect_err("it leads nowhere");
        assert!(error.to_string().contains("circle"), "{error}");
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
}
