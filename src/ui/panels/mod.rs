//! The panels of the window: each reads a view of the session and hands back actions.

pub(crate) mod status;
pub(crate) mod timeline;
pub(crate) mod transport;
