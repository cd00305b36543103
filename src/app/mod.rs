//! What the application remembers, and every action a user can take. No drawing, no egui.

pub mod action;
pub mod item;
pub mod view;

pub use action::{Action, Speed, Tab};
pub use item::Item;
pub use view::View;
