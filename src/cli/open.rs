//! The main command: opens the window, or without a display draws the session to a file.

use std::path::{Path, PathBuf};

use crate::app::{App, Appearance, Opened, Settings};
use crate::machine::Place;
use crate::platform;
use crate::ui::picture::{PanelName, picture};
use crate::ui::theme::size;

use super::screenshot::write_png;
use super::source::read_session;
use super::{Status, Streams};

pub(super) fn open(
    session: Option<&Path>,
    smoke: bool,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    if !platform::has_display() {
        return without_display(session, streams);
    }
    match platform::open(session, smoke) {
        Ok(()) => Ok(Status::Success),
        Err(error) => {
            writeln!(streams.err, "{error}")?;
            Ok(Status::Unusable)
        }
    }
}

/// Draws what the window would show at the end of the session, and says what became of it.
fn without_display(session: Option<&Path>, streams: &mut Streams<'_>) -> std::io::Result<Status> {
    writeln!(streams.out, "There is no display, so the window is drawn to a file.")?;
    let mut app = App::new(Settings { appearance: Appearance::Dark });
    let mut status = Status::Success;
    if let Some(session) = session {
        let Some(mut opened) = read_session(session, streams.err)? else {
            return Ok(Status::Unusable);
        };
        opened.go_to(Place::after(opened.run().commands().len()));
        summary(&opened, streams)?;
        if opened.run().bad_count() > 0 {
            status = Status::Failure;
        }
        app.show(opened);
    }
    let panel = if session.is_some() { PanelName::Window } else { PanelName::Start };
    let image = picture(&mut app, panel, size::WINDOW, 1.0);
    match write_png(&image, &picture_path(session), streams)? {
        Status::Success => Ok(status),
        failed => Ok(failed),
    }
}

fn summary(opened: &Opened, streams: &mut Streams<'_>) -> std::io::Result<()> {
    let run = opened.run();
    let commands = run.executed();
    writeln!(streams.out, "{}: {commands} commands", opened.document().title)?;
    if let Ok(started) = run.machine().started() {
        let counters = started.vidmm().book().counters();
        let ledger = started.expectations();
        writeln!(
            streams.out,
            "page-ins {}, evictions {}, refusals {}, faults {}, steps with something wrong {}",
            counters.page_ins,
            counters.evictions,
            ledger.refusals(),
            ledger.faults(),
            run.bad_count(),
        )?;
    }
    writeln!(streams.out, "state {}", run.machine().hash())
}

/// A file in the folder for temporary files, named after the session.
fn picture_path(session: Option<&Path>) -> PathBuf {
    let stem = session.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
    let name = format!("vidmm-inspector-{}.png", stem.as_deref().unwrap_or("start"));
    std::env::temp_dir().join(name)
}
