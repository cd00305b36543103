//! The panels of the window: each fills the rectangle that it is given, reads a view of the session
//! and hands back actions.

pub(crate) mod buffers;
pub(crate) mod bytes;
pub(crate) mod status;
pub(crate) mod timeline;
pub(crate) mod transport;
