//! What can be read out of a machine and its run: plain data and words, for panels and reports.
//!
//! Only reads. Knows neither colours nor pixels of a screen beyond their number.

pub mod adapter;
pub mod coverage;
pub mod lanes;
pub mod lens;
pub mod map_words;
