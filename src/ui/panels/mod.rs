//! The panels of the window: each shows a view of the session and sends actions.

pub(crate) mod adapter;
pub(crate) mod map;
