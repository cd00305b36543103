//! See, step and question a WDDM-style video memory manager at work on an emulated GPU.
//!
//! One package in floors; a floor may name only the floors below it. From the ground up: `base`,
//! then `memory` and `placement`, then `ddi` and `gpu`, then `config`, then `rules` and `kmd`, then
//! `vidmm`, `machine`, `session`, `analysis`, `app`, `ui`, and at the top `cli` and `platform`.
//! `render` stands beside the tower. ARCHITECTURE.md tells the story.

pub mod analysis;
pub mod app;
pub mod base;
pub mod cli;
pub mod config;
pub mod ddi;
pub mod gpu;
pub mod kmd;
pub mod machine;
pub mod memory;
pub mod placement;
pub mod platform;
pub mod render;
pub mod rules;
pub mod session;
pub mod ui;
pub mod umd;
pub mod vidmm;
