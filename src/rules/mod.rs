//! From a raw configuration to a checked one, or to everything that is wrong with it at once.
//!
//! The rest of the house takes [`CheckedAdapter`] and need not ask again. VidMm refuses by the
//! same rules that are shown beside the fields.

mod adapter;
mod finding;

pub use adapter::{
    CheckedAdapter, CheckedSegment, LARGE_PAGE, PagingBufferPlace, SegmentKind, check_adapter,
};
pub use finding::{Finding, Rule, Severity};
