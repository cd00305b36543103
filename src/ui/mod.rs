//! The window: how everything is drawn, and what a click or a key asks for.
//!
//! Panels read the application's state and hand back commands; they never change the machine.
//! `theme` and `widgets` know nothing of video memory, so that they can be judged on their own.

mod dialogs;
#[cfg(test)]
mod idle;
#[cfg(test)]
mod journeys;
mod keyboard;
pub(crate) mod panels;
pub mod picture;
mod shell;
mod start;
#[cfg(test)]
mod start_journeys;
pub mod theme;
pub mod widgets;

pub use shell::{DialogWanted, FrameAnswer, Shell};
