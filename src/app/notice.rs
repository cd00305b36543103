//! What the application has to tell: errors with their places, and that something was done.

use super::action::Action;
use crate::session::LoadError;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// Something was done.
    Done,
    /// Something is to be known.
    Note,
    /// Something could not be done.
    Error,
}

/// Something to tell, until it is dismissed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How bad it is.
    pub severity: Severity,
    /// What happened, in one line.
    pub title: String,
    /// Every particular, one to a line.
    pub lines: Vec<String>,
    /// What can be done about it: its name, and the action.
    pub remedy: Option<(&'static str, Action)>,
}

impl Notice {
    /// A session could not be opened: each error with file, line and column.
    #[must_use]
    pub fn load_errors(origin: &str, errors: &[LoadError]) -> Self {
        let count = match errors.len() {
            1 => String::from("one error"),
            count => format!("{count} errors"),
        };
        Self {
            severity: Severity::Error,
            title: format!("{origin} cannot be opened: {count}"),
            lines: errors.iter().map(ToString::to_string).collect(),
            remedy: None,
        }
    }

    /// Something could not be done.
    #[must_use]
    pub const fn error(title: String, lines: Vec<String>) -> Self {
        Self { severity: Severity::Error, title, lines, remedy: None }
    }

    /// Something is to be known, and perhaps something can be done about it.
    #[must_use]
    pub const fn note(
        title: String,
        lines: Vec<String>,
        remedy: Option<(&'static str, Action)>,
    ) -> Self {
        Self { severity: Severity::Note, title, lines, remedy }
    }

    /// Something was done.
    #[must_use]
    pub const fn done(title: String) -> Self {
        Self { severity: Severity::Done, title, lines: Vec::new(), remedy: None }
    }

    /// The whole text, for copying.
    #[must_use]
    pub fn text(&self) -> String {
        std::iter::once(&self.title).chain(&self.lines).map(|line| format!("{line}\n")).collect()
    }
}
