//! Finding and opening the sessions that a call names.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::app::Opened;
use crate::config::Quirks;
use crate::session::load;

/// Reads a session file; what is wrong with it is written to `err`, one line an error.
pub(super) fn read_session(path: &Path, err: &mut dyn Write) -> std::io::Result<Option<Opened>> {
    read_session_with(path, Quirks::empty(), err)
}

/// The same, with departures of the driver switched on.
pub(super) fn read_session_with(
    path: &Path,
    quirks: Quirks,
    err: &mut dyn Write,
) -> std::io::Result<Option<Opened>> {
    let origin = path.display().to_string();
    let errors = match load::read(path) {
        Err(error) => vec![error],
        Ok(text) => match Opened::read_with_quirks(&text, &origin, quirks) {
            Ok(mut opened) => {
                opened.set_file(Some(path.to_owned()));
                return Ok(Some(opened));
            }
            Err(errors) => errors,
        },
    };
    for error in errors {
        writeln!(err, "{error}")?;
    }
    Ok(None)
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
