//! The machine against a naive oracle, command by command and byte by byte.

mod content;
mod judge;
mod naive;

use crate::random::{Kind, for_random};

const DRAIN: Kind = Kind { record: false, manual: false, small_memory: false, steps: 80 };

#[test]
fn with_the_engine_drained_the_machine_does_what_the_oracle_does() {
    for_random("drain", DRAIN, 900, judge::judge);
}

#[test]
fn with_the_engine_run_by_hand_the_machine_does_what_the_oracle_does() {
    for_random("manual", Kind { manual: true, ..DRAIN }, 900, judge::judge);
}

#[test]
fn with_argument_structures_the_machine_does_what_the_oracle_does() {
    for_random("record", Kind { record: true, ..DRAIN }, 400, judge::judge);
    let manual = Kind { record: true, manual: true, ..DRAIN };
    for_random("record by hand", manual, 400, judge::judge);
}

#[test]
fn with_little_system_memory_commit_is_what_runs_out() {
    for_random("small", Kind { small_memory: true, ..DRAIN }, 400, judge::judge);
}
