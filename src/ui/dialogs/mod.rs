//! What lies over the window: keys, paths, notices, and what is asked before changes are discarded.

pub(super) mod conflict;
pub(super) mod drop;
pub(super) mod help;
pub(super) mod notices;
pub(super) mod palette;
pub(super) mod path;
pub(super) mod profiles;
mod question;
pub(super) mod unsaved;
pub(super) mod waiting;
