//! `screenshot`: the window as a picture, without a display.

use super::args::ScreenshotArguments;
use super::{Status, Streams};

pub(super) fn screenshot(
    _arguments: &ScreenshotArguments,
    _streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    Ok(Status::Unusable)
}
