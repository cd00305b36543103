//! From a raw configuration to a checked one, or to everything that is wrong with it at once.
//!
//! The rest of the house takes [`CheckedAdapter`] and need not ask again. VidMm refuses by the
//! same rules that are shown beside the fields. All of it is a pure function of the configuration,
//! with work bounded by its size: an adapter that breaks every rule is looked at to its end.
//!
//! Where two rules could speak of the same mistake, the more specific one speaks alone.

mod adapter;
mod allocation;
mod allocation_flags;
mod apertures;
mod banks;
mod book;
mod budgets;
mod checked;
mod cpu_access;
mod finding;
mod paging_buffer;
mod power;
mod ranges;
mod seen;
mod segments;
mod totals;

#[cfg(test)]
mod tests;

pub use adapter::check_adapter;
pub use allocation::{AllocationKind, check_allocation};
pub use book::Rule;
pub use checked::{CheckedAdapter, CheckedSegment, LARGE_PAGE, PagingBufferPlace, SegmentKind};
pub use finding::{Finding, Severity, Subject};
pub use totals::{GroupTotals, Totals, totals};
