//! The window: opened with our size and icon, and if it cannot be, the reason and the remedy.

use std::any::Any;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use egui::{IconData, ViewportBuilder};

use super::icon::icon_rgba;
use crate::ui::theme::size;

/// Debian packages that a window needs at run time, under X11 and under Wayland.
const PACKAGES: &str = "libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrender1 libxcb1 \
    libxkbcommon0 libxkbcommon-x11-0 libgl1 libglx-mesa0 libgl1-mesa-dri libegl1 libegl-mesa0 \
    libwayland-client0 libwayland-cursor0 libwayland-egl1";

/// Side of the icon in pixels.
const ICON_SIDE: u16 = 128;

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// No display server was named: neither X11 nor Wayland.
    #[error(
        "no display: neither WAYLAND_DISPLAY nor DISPLAY is set; \
         start it in a desktop session, or use a subcommand that needs no window"
    )]
    NoDisplay,
    /// A library of the system could not be loaded, or drawing with OpenGL is not possible.
    #[error(
        "a library for the window is missing, or it cannot draw with OpenGL: {cause}; on Debian: \
         apt install {packages}; without a window, `vidmm-inspector screenshot` draws the same"
    )]
    MissingLibraries {
        /// What the window library said.
        cause: String,
        /// The Debian packages with every library a window needs.
        packages: &'static str,
    },
    /// The display server is named but does not answer, or refuses a window.
    #[error("the window cannot be opened: {cause}")]
    Window {
        /// What the window library said.
        cause: String,
    },
}

/// How the window begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowOptions {
    /// Width and height in points.
    pub size: [f32; 2],
    /// Whether it begins as large as the screen.
    pub maximised: bool,
}

impl Default for WindowOptions {
    fn default() -> Self {
        Self { size: size::WINDOW, maximised: false }
    }
}

/// Whether there is a display server to open a window at.
#[must_use]
pub fn has_display() -> bool {
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return true;
    }
    names_display(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn names_display(set: impl Fn(&str) -> bool) -> bool {
    ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"].into_iter().any(set)
}

/// Opens the window called `title` and shows the application that `make` builds, until it is
/// closed. `make` sets fonts and styles.
///
/// # Errors
/// See [`PlatformError`]; each error says what to do about it.
pub fn run(
    title: &str,
    make: impl FnOnce(&eframe::CreationContext<'_>) -> Box<dyn eframe::App>,
    options: WindowOptions,
) -> Result<(), PlatformError> {
    if !has_display() {
        return Err(PlatformError::NoDisplay);
    }
    let native = native_options(title, options);
    // Libraries that are opened late are missed by a panic and not by an error. Nothing of ours
    // is used after it.
    let ended = catch_unwind(AssertUnwindSafe(|| {
        eframe::run_native(title, native, Box::new(|creation| Ok(make(creation))))
    }));
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(classify(&error)),
        Err(panic) => match missing_library(panic.as_ref()) {
            Some(cause) => Err(PlatformError::MissingLibraries { cause, packages: PACKAGES }),
            None => resume_unwind(panic),
        },
    }
}

fn native_options(title: &str, options: WindowOptions) -> eframe::NativeOptions {
    let icon = IconData {
        rgba: icon_rgba(ICON_SIDE),
        width: u32::from(ICON_SIDE),
        height: u32::from(ICON_SIDE),
    };
    let viewport = ViewportBuilder::default()
        .with_title(title)
        .with_app_id("vidmm-inspector")
        .with_inner_size(options.size)
        .with_min_inner_size(size::WINDOW_LEAST)
        .with_maximized(options.maximised)
        .with_drag_and_drop(true)
        .with_icon(icon);
    eframe::NativeOptions {
        viewport,
        renderer: eframe::Renderer::Glow,
        // Text is the same on every machine.
        system_font_fallback: false,
        ..eframe::NativeOptions::default()
    }
}

fn classify(error: &eframe::Error) -> PlatformError {
    let cause = in_plain_words(&error.to_string());
    let graphics = matches!(
        error,
        eframe::Error::Glutin(_) | eframe::Error::NoGlutinConfigs(..) | eframe::Error::OpenGL(_)
    );
    if graphics || speaks_of_libraries(&cause) {
        PlatformError::MissingLibraries { cause, packages: PACKAGES }
    } else {
        PlatformError::Window { cause }
    }
}

/// `message` without the place in the window library's sources that it begins with.
fn in_plain_words(message: &str) -> String {
    message
        .split_once("os error at ")
        .and_then(|(_, place_and_words)| place_and_words.split_once(": "))
        .map_or(message, |(_, words)| words)
        .to_owned()
}

/// The message of a panic that is about a library which could not be loaded.
fn missing_library(panic: &(dyn Any + Send)) -> Option<String> {
    let message = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())?;
    speaks_of_libraries(message).then(|| message.to_owned())
}

fn speaks_of_libraries(message: &str) -> bool {
    ["could not be loaded", "shared librar", "cannot open shared object", "NoWaylandLib"]
        .into_iter()
        .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_display_server_counts() {
        assert!(!names_display(|_| false));
        assert!(!names_display(|name| name == "HOME"));
        for server in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
            assert!(names_display(|name| name == server));
        }
    }

    /// The words are those of winit 0.30, xkbcommon-dl 0.4 and wayland-sys 0.31.
    #[test]
    fn missing_libraries_are_told_from_other_panics() {
        let library: Box<dyn Any + Send> =
            Box::new("Library libxkbcommon-x11.so could not be loaded.");
        assert!(missing_library(library.as_ref()).is_some());
        let other: Box<dyn Any + Send> = Box::new(String::from("index out of bounds"));
        assert!(missing_library(other.as_ref()).is_none());
        assert!(missing_library(&7_i32).is_none());
        assert!(speaks_of_libraries("Failed to load one of xlib's shared libraries"));
    }

    #[test]
    fn places_in_foreign_sources_are_left_out() {
        let message = "winit EventLoopError: os error at /src/linux/mod.rs:788: No X server";
        assert_eq!(in_plain_words(message), "No X server");
        assert_eq!(in_plain_words("glutin error: bad"), "glutin error: bad");
    }

    #[test]
    fn errors_name_the_remedy() {
        let missing = PlatformError::MissingLibraries { cause: "libGL".into(), packages: PACKAGES };
        assert!(missing.to_string().contains("libgl1-mesa-dri"));
        assert!(missing.to_string().contains("screenshot"));
        assert!(!missing.to_string().contains("  "));
        assert!(PlatformError::NoDisplay.to_string().contains("subcommand"));
    }
}
