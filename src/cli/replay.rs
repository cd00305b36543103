//! `replay`: the log of what a session does, with reasons, and the state that it ends in.

use crate::analysis::explain::{self, Words};
use crate::analysis::{log, report};
use crate::machine::Place;

use super::args::ReplayArguments;
use super::source::read_session;
use super::{Status, Streams};

pub(super) fn replay(
    arguments: &ReplayArguments,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    let Some(mut opened) = read_session(&arguments.session, streams.err)? else {
        return Ok(Status::Unusable);
    };
    let last = Place::after(opened.run().commands().len());
    let place = arguments.to.unwrap_or(last);
    match opened.run_mut().go_to(place) {
        Ok(true) => {}
        Ok(false) => {
            let name = arguments.session.display();
            writeln!(streams.err, "{name}: there is no step {place}; the last command is {last}")?;
            return Ok(Status::Unusable);
        }
        Err(diverged) => {
            writeln!(streams.err, "{diverged}")?;
            return Ok(Status::Failure);
        }
    }
    let title = opened.document().title.clone();
    let names = opened.names().clone();
    let run = opened.run_mut();
    if arguments.json {
        match report::report(run, &title, &names) {
            Ok(report) => {
                serde_json::to_writer_pretty(&mut *streams.out, &report)?;
                writeln!(streams.out)?;
            }
            Err(diverged) => {
                writeln!(streams.err, "{diverged}")?;
                return Ok(Status::Failure);
            }
        }
        return Ok(Status::Success);
    }
    match log::lines(run, &names) {
        Ok(lines) => {
            for line in lines {
                writeln!(streams.out, "{line}")?;
            }
        }
        Err(diverged) => {
            writeln!(streams.err, "{diverged}")?;
            return Ok(Status::Failure);
        }
    }
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
