//! Finding and opening the sessions that a call names.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::app::Opened;
use crate::config::Quirks;
use crate::session::{LoadError, load};

/// Reads a session file; what is wrong with it is written to `err`, one line an error.
pub(super) fn read_session(path: &Path, err: &mut dyn Write) -> std::io::Result<Option<Opened>> {
    let origin = path.display().to_string();
    let read = load::read(path).map_err(|error| vec![error]);
    let read = read.and_then(|text| Opened::read(&text, &origin)).map(|mut opened| {
        opened.set_file(Some(path.to_owned()));
        opened
    });
    or_told(read, err)
}

/// The same for whoever only runs it, with departures of the driver switched on.
pub(super) fn read_session_to_run(
    path: &Path,
    quirks: Quirks,
    err: &mut dyn Write,
) -> std::io::Result<Option<Opened>> {
    or_told(Opened::read_to_run(path, quirks), err)
}

fn or_told(
    read: Result<Opened, Vec<LoadError>>,
    err: &mut dyn Write,
) -> std::io::Result<Option<Opened>> {
    match read {
        Ok(opened) => Ok(Some(opened)),
        Err(errors) => {
            for error in errors {
                writeln!(err, "{error}")?;
            }
            Ok(None)
        }
    }
}

/// The sessions under a path: itself, or every `.ron` file of a folder in the order of names.
pub(super) fn sessions_under(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "ron"));
    files.sort();
    Ok(files)
}
