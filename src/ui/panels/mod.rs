//! The panels of the window: each fills the rectangle that it is given.

pub(crate) mod buffers;
pub(crate) mod bytes;
