//! Derivations that panels and reports read: plain data and sentences made from a run.
//!
//! Nothing here changes anything, draws anything or knows a window.

pub mod buffers;
pub mod hexview;
