//! Tests of the program from outside, in one binary because linking is slow.

mod cli;
mod features;
mod import;
mod oracle;
mod random;
mod sessions;
mod tidy;
mod time_travel;
