//! The parts of the window that show a session: each reads the view and pushes actions.

pub(crate) mod operations;
pub(crate) mod selection;
