//! What the operating system gives: a window, its icon, and the system's file dialogs.
//!
//! The only room that names the window library and the dialog library.

mod application;
mod clock;
mod dialogs;
mod icon;
mod state;
mod window;

pub use application::open;
pub use dialogs::{DialogAnswer, DialogKind, DialogOutcome, FileDialogs};
pub use icon::icon_rgba;
pub use state::state_folder;
pub use window::{PlatformError, WindowOptions, has_display, run};
