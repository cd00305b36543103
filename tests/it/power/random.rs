//! Random transitions.
