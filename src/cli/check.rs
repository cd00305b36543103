//! `check`: replays sessions and says in a line each whether all of it holds.

use std::path::Path;

use crate::analysis::explain::{self, CommandText, Words};
use crate::app::Opened;
use crate::base::StateHash;
use crate::base::text::counted;
use crate::config::Quirks;
use crate::machine::{
    Command, CommandRecord, Diverged, Ending, Expectation, Level, Place, Run, StartRefusal,
};
use crate::rules::Severity;
use crate::vidmm::Stop;

use super::args::CheckArguments;
use super::source::{read_session_to_run, sessions_under};
use super::{Status, Streams};

/// Problems of one session that are written out; the rest is counted.
const PROBLEMS_SHOWN: usize = 8;

pub(super) fn check(
    arguments: &CheckArguments,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    let quirks = arguments.quirks.iter().copied().collect();
    let mut status = Status::Success;
    let mut checked = 0;
    for path in &arguments.paths {
        let files = match sessions_under(path) {
            Ok(files) => files,
            Err(error) => {
                writeln!(streams.err, "{}: {error}", path.display())?;
                status = Status::Unusable;
                continue;
            }
        };
        if files.is_empty() {
            writeln!(streams.err, "{}: there is no session in this folder", path.display())?;
            status = Status::Unusable;
        }
        for file in files {
            let one = check_file(&file, arguments.steps, quirks, streams)?;
            checked += usize::from(one != Status::Unusable);
            status = worse(status, one);
        }
    }
    if checked > 1 && status == Status::Success {
        writeln!(streams.out, "{} hold", counted(checked as u64, "session"))?;
    }
    Ok(status)
}

const fn worse(one: Status, other: Status) -> Status {
    match (one, other) {
        (Status::Unusable, _) | (_, Status::Unusable) => Status::Unusable,
        (Status::Failure, _) | (_, Status::Failure) => Status::Failure,
        (Status::Success, Status::Success) => Status::Success,
    }
}

fn check_file(
    path: &Path,
    steps: bool,
    quirks: Quirks,
    streams: &mut Streams<'_>,
) -> std::io::Result<Status> {
    let Some(mut opened) = read_session_to_run(path, quirks, streams.err)? else {
        return Ok(Status::Unusable);
    };
    if !steps {
        opened.run_mut().forget_history();
    }
    opened.run_mut().execute_all();
    let mut problems = problems(&opened);
    let mut moments = None;
    if steps && problems.is_empty() {
        match visit_every_moment(opened.run_mut()) {
            Ok(count) => moments = Some(count),
            Err(problem) => problems.push(problem),
        }
    }
    let run = opened.run();
    let name = path.display();
    if problems.is_empty() {
        let commands = counted(run.executed() as u64, "command");
        let expectations =
            run.records().iter().filter(|record| record.ending == Ending::Held).count();
        let expectations = counted(expectations as u64, "expectation");
        let hash = run.recorded_hash(run.executed()).unwrap_or_default();
        write!(streams.out, "ok      {name}: {commands}, {expectations}")?;
        if let Some(moments) = moments {
            write!(streams.out, ", {} both ways", counted(moments, "moment"))?;
        }
        writeln!(streams.out, ", state {hash}")?;
        return Ok(Status::Success);
    }
    let more = problems.len().saturating_sub(PROBLEMS_SHOWN);
    for problem in problems.iter().take(PROBLEMS_SHOWN) {
        writeln!(streams.out, "FAILED  {name}: {problem}")?;
    }
    if more > 0 {
        writeln!(streams.out, "FAILED  {name}: and {}", counted(more as u64, "more problem"))?;
    }
    Ok(Status::Failure)
}

/// Everything of a run that does not hold, in words.
fn problems(opened: &Opened) -> Vec<String> {
    let run = opened.run();
    let segments = run.segments();
    let words = Words::new(opened.names(), &segments);
    let mut problems = Vec::new();
    if let Err(refusal) = run.machine().started() {
        if *refusal == StartRefusal::Rules {
            let errors = run.machine().findings().iter();
            let errors = errors.filter(|finding| finding.severity() == Severity::Error);
            problems.extend(errors.map(|error| format!("the adapter does not start: {error}")));
        } else {
            problems.push(explain::start_refusal_text(refusal, words));
        }
        return problems;
    }
    let is_expected = |number: usize, stop: &Stop| {
        let later = run.commands().get(number..).unwrap_or_default().iter();
        let wanted = Expectation::Stopped(stop.code, stop.parameter);
        later.into_iter().any(|command| *command == Command::Expect(wanted.clone()))
    };
    for (number, record) in (1..).zip(run.records()) {
        let Some(command) = run.command(number).filter(|_| may_be_bad(record)) else { continue };
        let CommandText { title, what, .. } = explain::command_text(command, words);
        let at = format!("step {number}, {title} {what}");
        match &record.ending {
            Ending::Failed(mismatch) => {
                problems.push(format!("{at}: {}", explain::mismatch_text(mismatch, words)));
            }
            Ending::Stopped(stop) if !is_expected(number, stop) => {
                problems.push(format!("{at}: {}", explain::stop_text(stop)));
            }
            _ => {}
        }
        for damage in record.damage.iter().filter(|_| !record.damage_is_expected) {
            problems.push(format!("{at}: {}", explain::damage_text(damage, words)));
        }
    }
    problems
}

/// Whether a command has anything to tell; most have not.
fn may_be_bad(record: &CommandRecord) -> bool {
    matches!(record.ending, Ending::Failed(_) | Ending::Stopped(_)) || !record.damage.is_empty()
}

/// Visits every packet forward, everything back at all levels, and compares hashes.
///
/// Returns how many moments there are.
fn visit_every_moment(run: &mut Run) -> Result<u64, String> {
    let diverged = |diverged: Diverged| diverged.to_string();
    let mut seen: Vec<(Place, StateHash)> = Vec::new();
    run.go_to(Place::default()).map_err(diverged)?;
    seen.push((run.place(), run.machine().hash()));
    for level in [Level::Packet, Level::Operation] {
        run.go_to(Place::default()).map_err(diverged)?;
        while let Some(place) = run.next_place(level).map_err(diverged)? {
            run.go_to(place).map_err(diverged)?;
            seen.push((place, run.machine().hash()));
        }
    }
    for (place, hash) in seen.iter().rev() {
        run.go_to(*place).map_err(diverged)?;
        let found = run.machine().hash();
        if found != *hash {
            return Err(format!("step {place} is in state {found} going back, {hash} before"));
        }
        let recorded = run.recorded_hash(place.command).filter(|_| place.inner.is_none());
        if recorded.is_some_and(|recorded| recorded != found) {
            return Err(format!("step {place} is in state {found}, not as recorded"));
        }
    }
    let mut places: Vec<Place> = seen.into_iter().map(|(place, _)| place).collect();
    places.sort_unstable();
    places.dedup();
    Ok(places.len() as u64)
}
