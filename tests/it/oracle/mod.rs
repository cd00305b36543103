//! The machine against a naive oracle, command by command and byte by byte.

mod content;
mod cpu;
pub(crate) mod judge;
mod naive;
mod pages;
mod residency;
mod states;

use crate::random::{Kind, feature, for_random};

const DRAIN: Kind =
    Kind { record: false, manual: false, small_memory: false, steps: 80, features: 0 };

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

/// The cases of a feature; `FEATURES` names the only one to try.
fn with(name: &str, features: u32) {
    let only = std::env::var("FEATURES").ok();
    if only.as_deref().is_none_or(|only| only == name) {
        let kind = Kind { features, ..DRAIN };
        for_random(name, kind, 100, judge::judge);
        let manual = Kind { manual: true, ..kind };
        for_random(&format!("{name} by hand"), manual, 100, judge::judge);
        let record = Kind { record: true, manual: true, ..kind };
        for_random(&format!("{name} in records"), record, 40, judge::judge);
    }
}

#[test]
fn banks_large_pages_ranges_pitch_and_parts_are_as_the_oracle_has_them() {
    with("segments", feature::SEGMENTS);
    with("parts", feature::SEGMENTS | feature::PARTS);
    with("protected", feature::SEGMENTS | feature::PROTECTED);
}

#[test]
fn offers_locks_and_caches_are_as_the_oracle_has_them() {
    with("offers", feature::SEGMENTS | feature::OFFERS);
    with("locks", feature::LOCKS);
    with("agp", feature::AGP | feature::LOCKS);
}

#[test]
fn shared_and_displayed_allocations_are_as_the_oracle_has_them() {
    with("sharing", feature::LOCKS | feature::SHARED | feature::OFFERS);
    with("display", feature::DISPLAY | feature::LOCKS | feature::SHARED);
}

#[test]
fn wrapped_pages_and_raw_operations_are_as_the_oracle_has_them() {
    with("pages", feature::PAGES | feature::LOCKS | feature::OFFERS);
    with("raw", feature::PAGES | feature::RAW | feature::SEGMENTS);
}

#[test]
fn all_together_is_as_the_oracle_has_it() {
    with("all", feature::ALL);
    with("all again", feature::ALL);
}
