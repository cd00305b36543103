//! Recorded traces as sessions.
//!
//! Each [`Format`] has a reader of its own; what they build is the same: a document, and beside it
//! a [`Report`] of what the trace knew and a session cannot say. Tables share their reading in
//! `table`, processes and allocations their building in `build`.
//!
//! Every error names line, column and field. What is read is bounded by the size of the file,
//! 1,048,576 events and 64 TiB of allocations.

mod build;
mod d3d12;
mod error;
mod json;
mod minimalloc;
mod observed;
mod rmv;
mod rmv_events;
mod table;
mod vma;
mod vma_dump;

use crate::config::{FitPolicy, Policies};
use crate::session::document::Document;

pub use d3d12::HeapsReport;
pub use error::{ImportError, ImportProblem};
pub use minimalloc::PackingReport;
pub use observed::{
    Agreement, Chosen, Observed, Tally, TraceSegment, compare, misaligned, order_breaks, overlaps,
};
pub use vma::{SnapshotReport, SnapshotTotals};

/// Events of a trace. Each becomes at most four commands, so they fit in a session.
const MOST_EVENTS: usize = 1 << 20;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CSV of allocations of a Radeon under Windows, from a Radeon Memory Visualizer capture, with
    /// the segment and offset that the real video memory manager chose.
    Rmv,
    /// CSV of Direct3D 12 heaps and the resources placed in them.
    D3d12Heaps,
    /// CSV of buffers with lifetimes, as MiniMalloc reads it.
    MiniMalloc,
    /// JSON dump of the Vulkan Memory Allocator.
    Vma,
}

impl Format {
    /// All.
    pub const ALL: [Self; 4] = [Self::Rmv, Self::D3d12Heaps, Self::MiniMalloc, Self::Vma];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rmv => "rmv",
            Self::D3d12Heaps => "d3d12-heaps",
            Self::MiniMalloc => "minimalloc",
            Self::Vma => "vma",
        }
    }

    /// The format that a text begins like.
    ///
    /// # Errors
    /// When nothing is in it, or nothing known.
    pub fn of_text(text: &str) -> Result<Self, ImportError> {
        table::bounded(text)?;
        let Some((line, first)) = table::first_line(text) else {
            return Err(ImportError::at(1, 1, ImportProblem::Empty));
        };
        if first.trim_start().starts_with('{') {
            return Ok(Self::Vma);
        }
        let has = |wanted: &str| first.split(',').any(|column| column.trim() == wanted);
        if has("heap_id") {
            Ok(Self::D3d12Heaps)
        } else if has("preferred_order") || has("t_us") {
            Ok(Self::Rmv)
        } else if ["lower", "upper", "start", "begin", "end"].into_iter().any(has) {
            Ok(Self::MiniMalloc)
        } else {
            Err(ImportError::at(line, 1, ImportProblem::UnknownFormat))
        }
    }
}

/// What may be chosen about an import. Each format says what it makes of the fields; see
/// [`Options::without_meaning`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Which of several holes is taken.
    pub fit: FitPolicy,
    /// Only so many events, rows or buffers from the start.
    pub first: Option<usize>,
    /// Bytes of the local segment in place of the recorded ones; a small one forces evictions.
    pub local_size: Option<u64>,
    /// The same for the segment that the CPU cannot see.
    pub invisible_size: Option<u64>,
    /// Bytes of the only segment.
    pub capacity: Option<u64>,
    /// Bytes of a session for one unit of the trace.
    pub scale: Option<u64>,
    /// Only this process.
    pub process: Option<String>,
}

impl Options {
    /// The first field that is given and says nothing about a format, as the command line writes
    /// it.
    #[must_use]
    pub fn without_meaning(&self, format: Format) -> Option<&'static str> {
        use Format::{D3d12Heaps, MiniMalloc, Rmv, Vma};
        let given: [(bool, &str, &[Format]); 6] = [
            (self.first.is_some(), "--first", &[Rmv, D3d12Heaps, MiniMalloc]),
            (self.local_size.is_some(), "--local-size", &[Rmv, D3d12Heaps, Vma]),
            (self.invisible_size.is_some(), "--invisible-size", &[Rmv]),
            (self.capacity.is_some(), "--capacity", &[MiniMalloc]),
            (self.scale.is_some(), "--scale", &[MiniMalloc]),
            (self.process.is_some(), "--process", &[D3d12Heaps]),
        ];
        let mut without = given.into_iter().filter(|(given, ..)| *given);
        without.find(|(_, _, formats)| !formats.contains(&format)).map(|(_, name, _)| name)
    }

    fn policies(&self) -> Policies {
        Policies { fit: self.fit, ..Policies::default() }
    }
}

/// A trace as a session, and what a session cannot say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The session.
    pub document: Document,
    /// The rest.
    pub report: Report,
}

/// What a trace knew and a session cannot say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Where a real manager placed each allocation, in the order of their ids.
    Observed(Vec<Observed>),
    /// Heaps and resources.
    Heaps(HeapsReport),
    /// What a packing is measured against.
    Packing(PackingReport),
    /// What the dump says of itself, and what was found in it.
    Snapshot(SnapshotReport),
}

/// Reads a trace.
///
/// # Errors
/// The first thing in it that cannot be, with its place.
pub fn import(text: &str, format: Format, options: &Options) -> Result<Imported, ImportError> {
    match format {
        Format::Rmv => rmv::rmv_csv(text, options),
        Format::D3d12Heaps => d3d12::heaps_csv(text, options),
        Format::MiniMalloc => minimalloc::buffers_csv(text, options),
        Format::Vma => vma::dump_json(text, options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_beginning() {
        let table = [
            ("t_us,op,id", Ok(Format::Rmv)),
            ("# origin\n\ntrace,t_us,op,heap_id", Ok(Format::D3d12Heaps)),
            ("size, upper ,lower,id", Ok(Format::MiniMalloc)),
            ("\u{FEFF}\n  {\"General\"", Ok(Format::Vma)),
            ("", Err("1:1: the file is empty")),
            ("\n# only a comment\n", Err("1:1: the file is empty")),
            ("#\n[1]", Err("2:1: the first line is that of no known format; --format names one")),
        ];
        for (text, expected) in table {
            let found = Format::of_text(text).map_err(|error| error.to_string());
            assert_eq!(found, expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn options_that_say_nothing_are_named() {
        let options =
            Options { first: Some(1), scale: Some(4), fit: FitPolicy::Best, ..Options::default() };
        assert_eq!(options.without_meaning(Format::MiniMalloc), None);
        assert_eq!(options.without_meaning(Format::Rmv), Some("--scale"));
        assert_eq!(options.without_meaning(Format::Vma), Some("--first"));
    }
}
