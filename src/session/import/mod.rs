//! Recorded traces as sessions.
//!
//! One kind so far: allocations of a Radeon under Windows, exported as CSV from a capture of the
//! Radeon Memory Visualizer, with the segment and offset that the real video memory manager chose.
//! The commands go into a document; what was observed stays beside it, for comparison with what
//! our manager chooses.

mod csv;
mod observed;
mod rmv;

pub use csv::{ImportError, ImportProblem};
pub use observed::{
    Agreement, Chosen, Observed, Tally, TraceSegment, compare, misaligned, order_breaks, overlaps,
};
pub use rmv::{Imported, Options, rmv_csv};
