//! Tests of the program from outside, in one binary because linking is slow.

mod cli;
mod dma;
mod features;
mod import;
mod lint;
mod oracle;
mod power;
mod profiles;
mod random;
mod script;
mod sessions;
mod submit;
mod tidy;
mod time_travel;
