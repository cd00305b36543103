//! Tests of the program from outside, in one binary because linking is slow.

mod oracle;
mod random;
mod time_travel;
