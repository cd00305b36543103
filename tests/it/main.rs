//! Tests of the program from outside, in one binary because linking is slow.

mod cli;
mod dma;
mod features;
mod fuzz;
mod import;
mod install;
mod kill;
mod lint;
mod man;
mod oracle;
mod power;
mod profiles;
mod random;
mod script;
mod sessions;
mod source;
mod submit;
mod tidy;
mod time_travel;
