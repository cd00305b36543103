//! The main command: opens the window, or without a display draws the session to a file.

use std::path::Path;

use super::{Status, Streams};

pub(super) fn open(
    _session: Option<&Path>,
    _smoke: bool,
    _streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    Ok(Status::Unusable)
}
