//! Why the names of a session cannot be bound.

use crate::base::{SegmentId, text};
use crate::ddi::InterfaceVersion;

use super::document::FlagGeneration;
use super::load::{LoadError, Rule};
use super::locate::{FieldPath, Locator};

/// Kinds of objects with names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A process.
    Process,
    /// A device.
    Device,
    /// A context that a device has besides its first.
    Context,
    /// An allocation.
    Allocation,
    /// A segment of the adapter.
    Segment,
    /// Reserved pages.
    Pages,
}

impl ObjectKind {
    /// Every kind.
    pub(super) const ALL: [Self; 6] =
        [Self::Process, Self::Device, Self::Context, Self::Allocation, Self::Segment, Self::Pages];

    const fn noun(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Device => "device",
            Self::Context => "context",
            Self::Allocation => "allocation",
            Self::Segment => "segment",
            Self::Pages => "page reservation",
        }
    }

    /// The noun with its article.
    const fn one(self) -> &'static str {
        match self {
            Self::Process => "a process",
            Self::Device => "a device",
            Self::Context => "a context",
            Self::Allocation => "an allocation",
            Self::Segment => "a segment",
            Self::Pages => "a page reservation",
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
    #[error("no {} is called `{name}`{}", kind.noun(), of_another_kind(*other))]
    UnknownName {
        /// What is looked for.
        kind: ObjectKind,
        /// The name.
        name: String,
        /// What has this name instead.
        other: Option<ObjectKind>,
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
    /// A bank preference has four groups.
    #[error("{0} banks are hinted at, but the bank preference has four groups")]
    TooManyBanks(usize),
    /// The segment is beyond those that an id can name.
    #[error("`{name}` is segment {number}, and commands can name segments 1 to {}", SegmentId::MAX)]
    SegmentBeyondIds {
        /// The name.
        name: String,
        /// Its number, counted from 1.
        number: usize,
    },
    /// Neither a size nor rows say how large an allocation is.
    #[error("it has neither `size` nor `rows`, so nothing says how large it is")]
    NoSize,
    /// Neither a context nor a device says who submits.
    #[error("it has neither `context` nor `device`, so nothing says who submits")]
    NoSubmitter,
    /// Both a context and a device say who submits.
    #[error("it has both `context` and `device`, and only one of them can submit")]
    TwoSubmitters,
    /// A flag has a name that the adapter's driver model does not know.
    #[error("`{name}` is a flag of {generation}, but the adapter is one of {version}")]
    FlagGeneration {
        /// The name.
        name: &'static str,
        /// The generation that has it.
        generation: FlagGeneration,
        /// The version of the adapter.
        version: InterfaceVersion,
    },
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

/// What has the name instead, as the end of a message.
fn of_another_kind(other: Option<ObjectKind>) -> String {
    other.map_or_else(String::new, |kind| format!(", but {} is", kind.one()))
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
            BindProblem::FlagGeneration { .. } => {
                let hint = "a number names the bits of either";
                (Rule::Field, Some(hint.to_owned()))
            }
            BindProblem::SegmentZero
            | BindProblem::SegmentBeyondIds { .. }
            | BindProblem::TooManyPreferences(_)
            | BindProblem::TooManyBanks(_)
            | BindProblem::NoSize
            | BindProblem::NoSubmitter
            | BindProblem::TwoSubmitters
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
