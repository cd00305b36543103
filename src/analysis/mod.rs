//! What panels and reports say about a run: read-only derivations, as plain data and words.

pub mod density;
