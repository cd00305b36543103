//! What can be said about a run: read-only derivations of what the machine recorded, as plain data.
//!
//! No drawing and no state of a window. Texts in words are made here, once for everybody.

pub mod buffers;
pub mod density;
pub mod explain;
pub mod hexview;
pub mod log;
pub mod report;
//! What can be read out of a machine and its run: plain data and words, for panels and reports.
//! Only reads. Knows neither colours nor pixels of a screen beyond their number.
pub mod adapter;
pub mod coverage;
pub mod lanes;
pub mod lens;
pub mod map_words;
pub mod steps;
