//! What can be wrong with a recorded trace, and where.

use crate::base::text;
use crate::session::load::{LoadError, Rule};
use crate::session::locate::TextPosition;
use crate::session::name::NameError;

/// What is wrong with a trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportProblem {
    /// Nothing is in it.
    #[error("the file is empty")]
    Empty,
    /// No format has such a beginning.
    #[error("the first line is that of no known format; --format names one")]
    UnknownFormat,
    /// A column is missing in the first line.
    #[error("the column `{0}` is missing")]
    MissingColumn(&'static str),
    /// A column is there twice, perhaps under two names.
    #[error("the column `{0}` is there twice")]
    RepeatedColumn(String),
    /// A row has not as many fields as the first line.
    #[error("the row has {found} fields; the first line names {expected}")]
    FieldCount {
        /// Columns of the first line.
        expected: usize,
        /// Fields of this row.
        found: usize,
    },
    /// Quoted fields are not part of these formats.
    #[error("fields in quotes are not read")]
    Quoted,
    /// A field holds what it cannot.
    #[error("`{value}` is not {wanted}")]
    Value {
        /// What is there, shortened.
        value: String,
        /// What should be.
        wanted: &'static str,
    },
    /// The rows are not in the order of time.
    #[error("the time is before that of the row above")]
    TimeGoesBack,
    /// A lifetime that holds no moment.
    #[error("the lifetime ends at {upper}, but begins at {lower}")]
    LifetimeEmpty {
        /// Where it begins.
        lower: u64,
        /// Where it ends, not included.
        upper: u64,
    },
    /// What exists is created again.
    #[error("allocation {0} is allocated a second time without a free")]
    AlreadyAllocated(String),
    /// What is freed, or used, does not exist.
    #[error("allocation {0} is freed, but does not exist")]
    NotAllocated(String),
    /// An id that may stand only once.
    #[error("{what} {id} is there twice")]
    Repeated {
        /// What has the id.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// A resource lies in a heap that does not exist.
    #[error("there is no heap {0} now")]
    NoHeap(String),
    /// A heap is freed under a resource.
    #[error("heap {heap} is freed with {} in it", text::counted(*resources, "resource"))]
    HeapInUse {
        /// The heap.
        heap: String,
        /// Resources in it that were not freed.
        resources: u64,
    },
    /// A part lies beyond the end of the whole.
    #[error("{size} bytes at {offset} do not fit into {whole} bytes")]
    Outside {
        /// Where the part begins, in bytes.
        offset: u64,
        /// Its bytes.
        size: u64,
        /// Bytes of the whole.
        whole: u64,
    },
    /// A part begins before the one above ends.
    #[error("the part above ends at {0}")]
    Overlap(u64),
    /// The memory type of a pool is in no heap.
    #[error("no heap lists the memory type `{0}`")]
    NoSuchType(String),
    /// Only one process of the trace is wanted, and it is not there.
    #[error("no row is of `{0}`")]
    NoSuchProcess(String),
    /// It is not JSON, or not of the shape of a dump.
    #[error("{0}")]
    Json(String),
    /// A text that should become a name cannot.
    #[error("{0}")]
    Name(#[from] NameError),
    /// Too large to become a session.
    #[error("the trace has more than {} {what}, which is the limit", text::count(*limit))]
    Limit {
        /// What is counted.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
    },
}

/// An error of a trace and its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: {problem}", position.line, position.column)]
pub struct ImportError {
    /// Where the field begins.
    pub position: TextPosition,
    /// The column of a table, or the way to a value of a JSON document; empty for the whole.
    pub field: String,
    /// What is wrong.
    pub problem: ImportProblem,
}

impl ImportError {
    /// An error of a line or of the whole.
    pub(super) fn at(line: u32, column: u32, problem: ImportProblem) -> Self {
        Self { position: TextPosition { line, column }, field: String::new(), problem }
    }

    /// The error with the file that the trace came from.
    #[must_use]
    pub fn in_file(&self, file: &str) -> LoadError {
        let rule = match self.problem {
            ImportProblem::Limit { .. } => Rule::Limit,
            _ => Rule::Field,
        };
        LoadError {
            file: file.to_owned(),
            position: self.position,
            field_path: self.field.clone(),
            rule,
            message: self.problem.to_string(),
            hint: None,
        }
    }
}
