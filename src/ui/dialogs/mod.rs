//! What lies over the window: keys, paths, notices.

pub(super) mod help;
pub(super) mod notices;
pub(super) mod path;
pub(super) mod waiting;
