//! What can be said about a run: read-only derivations of what the machine recorded, as plain data.
//!
//! No drawing and no state of a window. Texts in words are made here, once for everybody.

pub mod adapter;
pub mod allocation_table;
pub mod allocation_words;
pub mod buffers;
pub mod charts;
pub mod coverage;
pub mod density;
pub mod engine;
pub mod events;
pub mod explain;
pub mod export;
pub mod extent_sums;
pub mod findings;
pub mod glossary;
pub mod hexview;
pub mod lanes;
pub mod lens;
pub mod log;
pub mod map_words;
pub mod power;
pub mod quirks;
pub mod report;
pub mod steps;
pub mod strips;
pub mod tally;
