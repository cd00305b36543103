//! Colours, sizes and fonts of both themes, and how text is laid out with them.
//!
//! The only place where a colour is written as a number. Knows nothing of video memory: an owner
//! is a name, an operation a direction.

mod owners;
pub mod size;
mod style;
pub mod text;
mod tokens;

pub use egui::Theme;
pub use owners::{OWNER_HUES, OwnerColor, OwnerPalette, OwnerSlot, owner_slot};
pub use style::install;
pub use text::{mixed_job, mixed_text};
pub use tokens::{Mark, Tokens, mix, tokens, tokens_of_context};
