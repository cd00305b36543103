//! The floors of the program below the window, compiled once more for fuzzing: instrumented, with
//! every check on, and without what draws.

#[path = "../src/analysis/mod.rs"]
pub mod analysis;
#[path = "../src/base/mod.rs"]
pub mod base;
#[path = "../src/config/mod.rs"]
pub mod config;
#[path = "../src/ddi/mod.rs"]
pub mod ddi;
#[path = "../src/gpu/mod.rs"]
pub mod gpu;
#[path = "../src/kmd/mod.rs"]
pub mod kmd;
#[path = "../src/machine/mod.rs"]
pub mod machine;
#[path = "../src/memory/mod.rs"]
pub mod memory;
#[path = "../src/placement/mod.rs"]
pub mod placement;
#[path = "../src/rules/mod.rs"]
pub mod rules;
#[path = "../src/session/mod.rs"]
pub mod session;
#[path = "../src/umd/mod.rs"]
pub mod umd;
#[path = "../src/vidmm/mod.rs"]
pub mod vidmm;
