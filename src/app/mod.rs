//! What the application remembers, and every action a user can take. No drawing, no egui.

pub mod action;
pub mod application;
pub mod browse;
pub mod calendar;
mod dispatch;
mod editing;
pub mod files;
mod fresh;
pub mod history;
pub mod item;
mod keeping;
#[cfg(test)]
mod keeping_tests;
pub mod keys;
mod lives;
pub mod notice;
pub mod opened;
pub mod palette;
pub mod playback;
pub mod previews;
pub mod recent;
pub mod registry;
pub mod saved;
pub mod settings;
pub mod unsaved;
pub mod view;
#[cfg(test)]
mod walk_tests;

pub use action::{Action, Export, Exported, Speed, Tab};
pub use application::{App, Effect, Page, Zoom};
pub use calendar::WallTime;
pub use files::identity::{FileIdentity, FileState};
pub use files::state::StateFolder;
pub use fresh::profiles;
pub use item::Item;
pub use keeping::{Conflict, ConflictQuestion, Waker};
pub use keys::{Chord, Key};
pub use notice::{Notice, Severity};
pub use opened::{Looking, Opened, Placing, profile_adapter};
pub use playback::Duration;
pub use previews::Tried;
pub use recent::RecentFile;
pub use registry::{Entry, Menu, When};
pub use settings::{Appearance, Settings};
pub use unsaved::{Unsaved, UnsavedQuestion};
pub use view::View;
