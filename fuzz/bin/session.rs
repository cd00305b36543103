//! The target `session` under libFuzzer.
#![no_main]

use std::sync::LazyLock;

mod mutate;

#[path = "../targets"]
mod targets {
    pub(crate) mod place;
    pub(crate) mod session;
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::session::check(data));

/// Lines of every session that the program brings along.
static LINES: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let texts = vidmm_inspector::session::catalogue().iter().map(|session| session.text);
    texts.flat_map(str::lines).filter(|line| !line.trim_start().starts_with("//")).collect()
});

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 3 == 0 {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    mutate::text(data, size, max_size, seed, &LINES)
});
