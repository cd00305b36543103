//! The document: configuration, commands and notes. Load, bind, save, catalogue, import.
//!
//! A session file holds commands only, never states. Reading is bounded in size and depth, and
//! every error names file, line, column, field path and rule. Names stay in the [`document`];
//! [`bind`](bind::bind) turns them into the dense ids of the machine and keeps the way back.
//!
//! This room does not judge: whether an adapter can work is for `rules`, whether a command
//! succeeds is for the machine. It knows nothing of drivers; profiles are looked up by whoever
//! calls it.

pub mod bind;
mod bind_error;
pub mod catalogue;
pub mod document;
pub mod fingerprint;
mod flag_words;
pub mod import;
pub mod load;
pub mod locate;
mod name;
mod names;
pub mod save;
mod suggest;
mod value;
mod write;

#[cfg(test)]
mod tests;

pub use bind::{Bound, bind};
pub use bind_error::{BindError, BindProblem, ObjectKind};
pub use catalogue::{Embedded, catalogue};
pub use document::Document;
pub use fingerprint::Fingerprint;
pub use load::{LoadError, Rule, Session, load, open, open_to_run, parse};
pub use locate::{FieldPath, Locator, PathSegment, TextPosition, command_lines, locate};
pub use name::Name;
pub use names::Names;
pub use save::{SaveError, Saved, save};
pub use write::{write, write_command};

/// What a session may hold at most.
pub mod limits {
    /// Bytes of a session file, and of an imported one.
    pub const FILE_BYTES: u64 = 1 << 30;
    /// Commands of a session.
    pub const COMMANDS: usize = 4_194_304;
    /// Bookmarks of a session.
    pub const BOOKMARKS: usize = 65_536;
    /// References of one `Use` or `Draw`, commands of one `Submit`, and allocations of one
    /// `MakeResident`, `Offer`, `Reclaim` or `Bytes`.
    pub const REFERENCES: usize = 1_048_576;
    /// Bytes of a name.
    pub const NAME_BYTES: usize = 128;
    /// Segments of a description. The 5-bit fields of a driver number fewer; too many of them are a
    /// finding, not an error of the file.
    pub const SEGMENTS: usize = 64;
    /// Banks of a segment, and ranges of each kind.
    pub const RANGES: usize = 65_536;
    /// Pages of one `ReservePages`.
    pub const RESERVED_PAGES: u64 = 1 << 32;
    /// Tags of a session.
    pub const TAGS: usize = 256;
    /// Explicit bytes of all commands together.
    pub const EXPLICIT_BYTES: u64 = 1 << 30;
}
