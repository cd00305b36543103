//! Pictures of the window without a window: egui's triangles drawn on the processor.
//!
//! Screenshots and pictures in tests need no display, driver or GPU, and are the same on every
//! machine. Knows egui and nothing of what is shown; `image` only turns pixels into a file.

mod headless;
mod png;
mod raster;
mod texture;

pub use headless::Headless;
pub use png::{PngError, png};
pub use raster::Renderer;
