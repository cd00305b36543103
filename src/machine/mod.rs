//! VidMm, driver, GPU and host memory wired together.

mod command;

pub use command::{
    AllocationRange, Command, ContentState, Counter, CreateAllocation, Data, Expectation,
    ExpectedPlace, Reference, ReferenceKind, RunGpu, resolve_range,
};
