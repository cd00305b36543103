//! Saving without ever leaving half a file: a temporary file in the same folder, synced, then
//! renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::document::Document;
use super::limits;
use super::write::write;

/// So many names of temporary files are tried beside ones that a crash left behind.
const TEMPORARY_NAMES: u32 = 100;

/// Why a session could not be saved. The file that was there is as before.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The file system refused.
    #[error("{}: cannot be saved: {cause}", path.display())]
    File {
        /// The file to be saved.
        path: PathBuf,
        /// What failed.
        cause: io::Error,
    },
    /// The text would be larger than a session may be, so it could not be opened again.
    #[error("{}: the session has {bytes} bytes of text; at most {} can be saved", path.display(), limits::FILE_BYTES)]
    TooLarge {
        /// The file to be saved.
        path: PathBuf,
        /// Bytes of text.
        bytes: u64,
    },
}

/// Saves a session, in place of what is at `path`; a link is followed.
///
/// # Errors
/// When the folder or the file cannot be written, or the session is too large to be read again.
pub fn save(path: &Path, document: &Document) -> Result<(), SaveError> {
    let text = write(document);
    let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
    if bytes > limits::FILE_BYTES {
        return Err(SaveError::TooLarge { path: path.to_owned(), bytes });
    }
    replace_file(path, text.as_bytes())
        .map_err(|cause| SaveError::File { path: path.to_owned(), cause })
}

fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (temporary, mut file) = create_beside(&target)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| keep_permissions(&target, &file))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, &target));
    if written.is_err() {
        // The first error is the one to report; a file that stays behind harms nothing.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_folder(&target);
    Ok(())
}

/// A new file in the folder of `target`: renaming works only inside a file system.
fn create_beside(target: &Path) -> io::Result<(PathBuf, File)> {
    let name = target.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let mut last = io::Error::other("no name is free for a temporary file");
    for attempt in 0..TEMPORARY_NAMES {
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{attempt}.tmp"));
        let temporary = target.with_file_name(temporary);
        match OpenOptions::new().write(true).create_new(true).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// The permissions of the file that is replaced, if there is one.
fn keep_permissions(target: &Path, file: &File) -> io::Result<()> {
    match fs::metadata(target) {
        Ok(metadata) => file.set_permissions(metadata.permissions()),
        Err(_) => Ok(()),
    }
}

/// Makes the renaming itself durable, where folders can be synced; the content is already.
fn sync_folder(target: &Path) {
    if let Some(folder) = target.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
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

    #[test]
    fn saving_replaces_the_file_and_leaves_nothing_else() {
        let folder = std::env::temp_dir().join(format!("vidmm-save-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let path = folder.join("a session.ron");
        for title in ["first", "second"] {
            save(&path, &document(title)).expect("the folder is writable");
            assert_eq!(load(&path).map(|document| document.title), Ok(title.to_owned()));
        }
        let names: Vec<_> = fs::read_dir(&folder).expect("the folder exists").collect();
        assert_eq!(names.len(), 1, "{names:?}");
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }

    #[test]
    fn a_missing_folder_is_named() {
        let path = Path::new("/nonexistent-folder/session.ron");
        let error = save(path, &document("t")).expect_err("there is no such folder");
        assert!(error.to_string().starts_with("/nonexistent-folder/session.ron: "), "{error}");
        assert!(save(Path::new("/"), &document("t")).is_err());
    }
}
