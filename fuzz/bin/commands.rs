//! The target `commands` under libFuzzer.
#![no_main]

#[path = "../targets"]
mod targets {
    pub(crate) mod commands;
}

/// The generators and oracles of the tests.
#[path = "../../tests/it"]
#[allow(dead_code, unused_imports, reason = "tests of theirs are left out")]
mod it {
    pub(crate) mod oracle;
    pub(crate) mod power;
    pub(crate) mod random;
    pub(crate) mod script;
    pub(crate) mod source;
    pub(crate) mod submit;
}

use it::{oracle, power, random, script, source, submit};

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::commands::check(data));
