//! `replay`: the log of what a session does, with reasons, and the state that it ends in.

use crate::analysis::explain::{self, Words};
use crate::analysis::{log, report};
use crate::config::Quirks;
use crate::machine::Place;

use super::args::ReplayArguments;
use super::source::read_session_to_run;
use super::{Status, Streams};

pub(super) fn replay(
    arguments: &ReplayArguments,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    let Some(mut opened) = read_session_to_run(&arguments.session, Quirks::empty(), streams.err)?
    else {
        return Ok(Status::Unusable);
    };
    let last = Place::after(opened.run().commands().len());
    let place = arguments.to.unwrap_or(last);
    let missing = |streams: &mut Streams<'_>| {
        let name = arguments.session.display();
        writeln!(streams.err, "{name}: there is no step {place}; the last command is {last}")
    };
    if place.command > last.command {
        missing(streams)?;
        return Ok(Status::Unusable);
    }
    if place.inner.is_some() {
        // Whether a command has such an operation shows when it is executed; nothing is written
        // before that is known.
        match opened.run_mut().go_to(place) {
            Ok(true) => {}
            Ok(false) => {
                missing(streams)?;
                return Ok(Status::Unusable);
            }
            Err(diverged) => {
                writeln!(streams.err, "{diverged}")?;
                return Ok(Status::Failure);
            }
        }
        let again = read_session_to_run(&arguments.session, Quirks::empty(), streams.err)?;
        let Some(again) = again else { return Ok(Status::Unusable) };
        opened = again;
    }
    let title = opened.document().title.clone();
    let names = opened.names().clone();
    let run = opened.run_mut();
    if arguments.json {
        report::write(run, place, &title, &names, streams.out)?;
        writeln!(streams.out)?;
        return Ok(Status::Success);
    }
    run.pass_through(place, |run, trace| {
        let lines = log::command_lines(run, trace, place, &names);
        lines.into_iter().try_for_each(|line| writeln!(streams.out, "{line}"))
    })?;
    writeln!(streams.out)?;
    match run.machine().started() {
        Ok(started) => {
            for line in log::state_lines(started, &names) {
                writeln!(streams.out, "{line}")?;
            }
        }
        Err(refusal) => {
            let words = Words::new(&names, &[]);
            writeln!(streams.out, "{}", explain::start_refusal_text(refusal, words))?;
            for finding in run.machine().findings() {
                writeln!(streams.out, "  {finding}")?;
            }
        }
    }
    writeln!(streams.out, "state {}", run.machine().hash())?;
    Ok(Status::Success)
}
