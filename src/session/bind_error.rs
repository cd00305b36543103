//! Why the names of a session cannot be bound.

use crate::base::text;

use super::load::{LoadError, Rule};
use super::locate::{FieldPath, Locator};

/// Kinds of objects with names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A process.
    Process,
    /// A device.
    Device,
    /// An allocation.
    Allocation,
    /// A segment of the adapter.
    Segment,
}

impl ObjectKind {
    const fn noun(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Device => "device",
            Self::Allocation => "allocation",
            Self::Segment => "segment",
        }
    }
}

/// Why a session cannot be bound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindProblem {
    /// There is no driver profile of this name.
    #[error("there is no driver profile `{0}`")]
    UnknownProfile(String),
    /// Nothing in the session creates this.
    #[error("no {} is called `{name}`", kind.noun())]
    UnknownName {
        /// What is looked for.
        kind: ObjectKind,
        /// The name.
        name: String,
        /// Names like it, closest first.
        close: Vec<String>,
    },
    /// The name has been given before; a name is never used again.
    #[error("another {} is called `{name}`, and a name is never used again", kind.noun())]
    DuplicateName {
        /// What is created.
        kind: ObjectKind,
        /// The name.
        name: String,
        /// Where it was given first.
        first: FieldPath,
    },
    /// Segments count from 1.
    #[error("segments count from 1; only a paging buffer may name 0, for no segment")]
    SegmentZero,
    /// A preference word has five slots.
    #[error("{0} segments are preferred, but the preference word has five slots")]
    TooManyPreferences(usize),
    /// The length of a write is not that of its bytes.
    #[error("the length is {}, but the data has {}", text::exact_size(*length), text::exact_size(*data))]
    LengthMismatch {
        /// Bytes that should be written.
        length: u64,
        /// Bytes that are listed.
        data: u64,
    },
    /// Something is more than a session may have.
    #[error("{what} are more than {}, which is the limit", text::count(*limit))]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
    },
}

/// An error of binding and the value that it concerns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct BindError {
    /// The value.
    pub path: FieldPath,
    /// What is wrong with it.
    pub problem: BindProblem,
}

impl BindError {
    /// The error with its place in the text of the session.
    #[must_use]
    pub fn located(&self, locator: &mut Locator<'_>, origin: &str) -> LoadError {
        let (rule, hint) = match &self.problem {
            BindProblem::UnknownName { close, .. } if !close.is_empty() => {
                let quoted: Vec<String> = close.iter().map(|name| format!("`{name}`")).collect();
                (Rule::Name, Some(format!("did you mean {}?", quoted.join(" or "))))
            }
            BindProblem::DuplicateName { first, .. } => {
                let line = locator.locate(first).line;
                (Rule::Name, Some(format!("the first is {first} on line {line}")))
            }
            BindProblem::UnknownName { .. } | BindProblem::UnknownProfile(_) => (Rule::Name, None),
            BindProblem::SegmentZero
            | BindProblem::TooManyPreferences(_)
            | BindProblem::LengthMismatch { .. } => (Rule::Field, None),
            BindProblem::Limit { .. } => (Rule::Limit, None),
        };
        LoadError {
            file: origin.to_owned(),
            position: locator.locate(&self.path),
            field_path: self.path.to_string(),
            rule,
            message: self.problem.to_string(),
            hint,
        }
    }
}
