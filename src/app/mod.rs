//! What the application remembers, and every action a user can take. No drawing, no egui.

pub mod action;
pub mod application;
mod dispatch;
mod editing;
pub mod files;
pub mod history;
pub mod item;
pub mod keys;
pub mod notice;
pub mod opened;
pub mod playback;
pub mod previews;
pub mod registry;
pub mod saved;
pub mod settings;
pub mod view;

pub use action::{Action, Export, Speed, Tab};
pub use application::{App, Effect, Page, Zoom};
pub use item::Item;
pub use keys::{Chord, Key};
pub use notice::{Notice, Severity};
pub use opened::{Looking, Opened, profile_adapter};
pub use playback::Duration;
pub use previews::Tried;
pub use registry::{Entry, Menu, When};
pub use settings::{Appearance, Settings};
pub use view::View;
