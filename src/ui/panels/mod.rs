//! The panels of the window: each fills the rectangle that it is given, reads a view of the session
//! and hands back actions.

pub(crate) mod adapter;
pub(crate) mod allocations;
pub(crate) mod buffers;
pub(crate) mod bytes;
pub(crate) mod charts;
pub(crate) mod export;
pub(crate) mod findings;
pub(crate) mod map;
pub(crate) mod operations;
pub(crate) mod power;
pub(crate) mod selection;
pub(crate) mod status;
pub(crate) mod timeline;
pub(crate) mod transport;
