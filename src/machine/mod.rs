//! VidMm, driver, GPU and host memory wired together, and a session run on them.
//!
//! Deterministic: no clock, environment, threads, floats or hash iteration here or below. The
//! machine resolves the CPU's addresses, keeps what every byte must be, lets the engine run and
//! applies commands; it draws no conclusion in words.

mod applying;
mod command;
mod decisions;
mod expect;
mod foreign;
mod history;
mod intent;
mod ledger;
mod ledger_net;
#[allow(clippy::module_inception)]
mod machine;
mod moment;
mod power;
mod raw;
mod recorder;
mod run;
mod submit;
mod tables;
mod trace;
mod verify;

#[cfg(test)]
mod tests;

pub use command::{
    AllocationRange, At, Command, ContentState, Counter, CreateAllocation, Data, Expectation,
    ExpectedDamage, ExpectedPlace, OfferState, RawLocation, RawOperation, RawTransfer, Reference,
    ReferenceKind, ReservePages, RunGpu, Submit, UserCommand, resolve_range,
};
pub use expect::Mismatch;
pub use foreign::{ForeignMap, ForeignRun, ForeignTarget};
pub use history::{CommitPoint, SegmentHistory, SegmentPoint};
pub use ledger::{Expected, Ledger};
pub use machine::{Ending, Machine, Scrutiny, StartRefusal, Started};
pub use moment::{Inner, Moment, Place, PlaceError};
pub use power::{AllocationOutcome, BytesVerdict, PowerOutcome, Preview, SegmentOutcome};
pub use recorder::{Fault, Summary, WrongRead};
pub use run::{CommandRecord, Diverged, Level, Run};
pub use trace::{CommandTrace, SharedTrace, TracedKind, TracedOperation, TracedPacket};
pub use verify::{Damage, MOST_HASHED, allocation_pieces};
