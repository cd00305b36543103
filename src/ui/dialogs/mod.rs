//! What lies over the window: keys, paths, notices, and what is asked before changes are discarded.

pub(super) mod help;
pub(super) mod notices;
pub(super) mod path;
pub(super) mod unsaved;
pub(super) mod waiting;
