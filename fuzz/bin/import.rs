//! The target `import` under libFuzzer.
#![no_main]

mod mutate;

#[path = "../targets"]
mod targets {
    pub(crate) mod import;
    pub(crate) mod place;
    #[allow(dead_code, reason = "only what an imported session shares is used")]
    pub(crate) mod session;
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::import::check(data));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed % 3 == 0 {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    mutate::text(data, size, max_size, seed, &[])
});
