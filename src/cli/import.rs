//! `import`: a session from a recorded trace, and how our choices compare with the recorded ones.

use std::path::Path;

use crate::app::Opened;
use crate::base::text::{counted, size};
use crate::machine::Place;
use crate::session::import::{self, Chosen, Imported, Options, Tally};
use crate::session::{load, save, write};

use super::args::ImportArguments;
use super::{Status, Streams};

/// What the capture's allocations of 64 KiB and more are aligned to.
const OBSERVED_ALIGNMENT: u64 = 65_536;

pub(super) fn import(
    arguments: &ImportArguments,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    let file = arguments.trace.display().to_string();
    let text = match load::read(&arguments.trace) {
        Ok(text) => text,
        Err(error) => {
            writeln!(streams.err, "{error}")?;
            return Ok(Status::Unusable);
        }
    };
    let options = Options {
        first: arguments.first,
        local_size: arguments.local_size,
        invisible_size: arguments.invisible_size,
    };
    let imported = match import::rmv_csv(&text, &options) {
        Ok(imported) => imported,
        Err(error) => {
            writeln!(streams.err, "{}", error.in_file(&file))?;
            return Ok(Status::Unusable);
        }
    };
    if let Some(out) = &arguments.out {
        if let Err(error) = save(out, &imported.document) {
            writeln!(streams.err, "{error}")?;
            return Ok(Status::Unusable);
        }
        writeln!(streams.out, "written to {}", out.display())?;
    }
    compare(&imported, arguments.out.as_deref(), streams)
}

/// Replays the session and says how our choices compare with those in the trace.
fn compare(
    imported: &Imported,
    out: Option<&Path>,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    let text = write(&imported.document);
    let origin = out.map_or_else(|| "the imported session".to_owned(), |p| p.display().to_string());
    let mut opened = match Opened::read(&text, &origin) {
        Ok(opened) => opened,
        Err(errors) => {
            for error in errors {
                writeln!(streams.err, "{error}")?;
            }
            return Ok(Status::Failure);
        }
    };
    let end = Place::after(opened.run().commands().len());
    opened.go_to(end);
    let chosen = chosen(&opened);
    let agreement = import::compare(&imported.observed, &chosen);
    let tally = |tally: Tally| format!("{} of {}", tally.agree, tally.total);
    let out = &mut *streams.out;
    writeln!(out, "{}", counted(imported.document.commands.len() as u64, "command"))?;
    writeln!(out, "observed by the trace:")?;
    writeln!(out, "  overlaps       {}", import::overlaps(&imported.observed).len())?;
    let misaligned = import::misaligned(&imported.observed, OBSERVED_ALIGNMENT).len();
    writeln!(out, "  misaligned     {misaligned} (not at {})", size(OBSERVED_ALIGNMENT))?;
    writeln!(out, "  order breaks   {}", import::order_breaks(&imported.observed).len())?;
    writeln!(out, "chosen here as observed:")?;
    writeln!(out, "  segment        {}", tally(agreement.segment))?;
    writeln!(out, "  step           {} from the previous of its segment", tally(agreement.step))?;
    if let Ok(started) = opened.run().machine().started() {
        let counters = started.vidmm().book().counters();
        writeln!(out, "page-ins {}, evictions {}", counters.page_ins, counters.evictions)?;
    }
    Ok(if opened.run().bad_count() == 0 { Status::Success } else { Status::Failure })
}

/// Where each allocation was placed when it was created.
fn chosen(opened: &Opened) -> Vec<Chosen> {
    let Ok(started) = opened.run().machine().started() else { return Vec::new() };
    let vidmm = started.vidmm();
    let Some(last) = opened.run().records().last() else { return Vec::new() };
    let mut placed = std::collections::BTreeSet::new();
    vidmm
        .residency_changes(crate::base::Position(0), last.end.vidmm.book)
        .filter_map(|change| {
            let place = change.after?;
            placed.insert(change.allocation).then_some((change.allocation, place))
        })
        .map(|(allocation, place)| Chosen {
            allocation,
            segment: place.segment,
            offset: place.span.start(),
        })
        .collect()
}
