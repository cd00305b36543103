//! The command line: what was asked for, and what is printed.
//!
//! Subcommands write to a given output, so that tests read what a user would. Exit status: 0 all
//! holds, 1 something does not, 2 unusable input.

mod args;
mod check;
mod import;
mod lint;
mod open;
mod replay;
mod screenshot;
mod source;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser as _;

pub use args::{Arguments, Command};

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything holds.
    Success,
    /// Something does not hold.
    Failure,
    /// The input is unusable.
    Unusable,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        match status {
            Status::Success => Self::SUCCESS,
            Status::Failure => Self::from(1),
            Status::Unusable => Self::from(2),
        }
    }
}

/// Where a call writes.
pub struct Streams<'a> {
    /// What was asked for.
    pub out: &'a mut dyn Write,
    /// What went wrong.
    pub err: &'a mut dyn Write,
}

/// Does what the arguments of the process ask for.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    let mut streams = Streams { out: &mut out, err: &mut err };
    match run(&arguments, &mut streams) {
        Ok(status) => status.into(),
        // Whoever reads the output has gone, as `head` does: nothing is left to say.
        Err(_) => ExitCode::SUCCESS,
    }
}

/// Does what arguments ask for.
///
/// # Errors
/// When the output cannot be written.
pub fn run(arguments: &Arguments, streams: &mut Streams<'_>) -> std::io::Result<Status> {
    match &arguments.command {
        None => open::open(arguments.session.as_deref(), arguments.smoke, streams),
        Some(Command::Check(check)) => check::check(check, streams),
        Some(Command::Lint(lint)) => lint::lint(lint, streams),
        Some(Command::Replay(replay)) => replay::replay(replay, streams),
        Some(Command::Screenshot(screenshot)) => screenshot::screenshot(screenshot, streams),
        Some(Command::Import(import)) => import::import(import, streams),
    }
}
