//! The window as a picture, drawn without one.

use std::fmt;
use std::str::FromStr;

use egui::{Rect, pos2, vec2};
use image::RgbaImage;

use super::shell::Shell;
use super::theme::{self, Theme};
use crate::app::{App, Appearance, Duration, Tab};
use crate::render::{Headless, png};

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PanelName {
    /// The whole window.
    Window,
    /// The start page.
    Start,
    /// The memory map.
    Map,
    /// The table of operations.
    Operations,
    /// The table of allocations.
    Allocations,
    /// Paging and DMA buffers.
    Buffers,
    /// Bytes.
    Bytes,
    /// Sleeping and waking.
    Power,
    /// What the rules say of the adapter.
    Findings,
    /// Figures along the run.
    Charts,
    /// The selection.
    Selection,
    /// The adapter.
    Adapter,
    /// The timeline.
    Timeline,
}

impl PanelName {
    /// All of them with their names on the command line.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::Window, "window"),
        (Self::Start, "start"),
        (Self::Map, "map"),
        (Self::Operations, "operations"),
        (Self::Allocations, "allocations"),
        (Self::Buffers, "buffers"),
        (Self::Bytes, "bytes"),
        (Self::Power, "power"),
        (Self::Findings, "findings"),
        (Self::Charts, "charts"),
        (Self::Selection, "selection"),
        (Self::Adapter, "adapter"),
        (Self::Timeline, "timeline"),
    ];

    /// The tab below the map that it is, if it is one.
    #[must_use]
    pub const fn tab(self) -> Option<Tab> {
        match self {
            Self::Operations => Some(Tab::Operations),
            Self::Allocations => Some(Tab::Allocations),
            Self::Buffers => Some(Tab::Buffers),
            Self::Bytes => Some(Tab::Bytes),
            Self::Power => Some(Tab::Power),
            Self::Findings => Some(Tab::Findings),
            Self::Charts => Some(Tab::Charts),
            _ => None,
        }
    }
}

impl fmt::Display for PanelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|(panel, _)| panel == self).map_or("", |(_, name)| *name);
        f.write_str(name)
    }
}

/// There is no such panel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no panel `{0}`: window, start, map, operations, allocations, buffers, bytes, \
     power, findings, charts, selection, adapter or timeline"
)]
pub struct UnknownPanel(String);

impl FromStr for PanelName {
    type Err = UnknownPanel;

    fn from_str(text: &str) -> Result<Self, UnknownPanel> {
        let known = Self::ALL.iter().find(|(_, name)| *name == text);
        known.map(|(panel, _)| *panel).ok_or_else(|| UnknownPanel(text.to_owned()))
    }
}

/// A screen in memory that looks as the application's window does.
pub(super) fn headless(app: &App, points: [f32; 2], scale: f32) -> Headless {
    let theme = match app.settings().appearance {
        Appearance::Dark => Theme::Dark,
        Appearance::Light => Theme::Light,
    };
    let mut headless = Headless::new(points, scale, theme);
    theme::install(headless.context());
    headless.set_ground(theme::Tokens::of(theme).canvas);
    headless
}

/// The part of a picture at `place`, in points of `scale` pixels, as a PNG file; `None` where
/// nothing of the picture lies there.
pub(super) fn cut(image: &RgbaImage, place: Rect, scale: f32) -> Option<Vec<u8>> {
    let whole =
        Rect::from_min_size(pos2(0.0, 0.0), vec2(image.width() as f32, image.height() as f32));
    let pixels = Rect::from_min_max((place.min * scale).round(), (place.max * scale).round());
    let part = pixels.intersect(whole);
    // Inside the picture, whose sides are whole numbers.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let number = |length: f32| length.max(0.0) as u32;
    let (width, height) = (number(part.width()), number(part.height()));
    if !part.is_positive() || width == 0 || height == 0 {
        return None;
    }
    let (x, y) = (number(part.left()), number(part.top()));
    let part = image::imageops::crop_imm(image, x, y, width, height).to_image();
    png(&part).ok()
}

/// A picture of `panel` as the window shows the application, everything in the background done.
///
/// `points` is the width and height, `scale` the pixels to each point. A panel other than the
/// window fills the picture; without a session it is the start page that is shown.
#[must_use]
pub fn picture(app: &mut App, panel: PanelName, points: [f32; 2], scale: f32) -> RgbaImage {
    let mut headless = headless(app, points, scale);
    app.work(&mut || true);
    let mut shell = Shell::default();
    headless.frame(|ui| {
        let whole = matches!(panel, PanelName::Window | PanelName::Start);
        match app.view() {
            Some(view) if !whole => {
                shell.panel_ui(ui, &view, panel, &mut Vec::new());
            }
            _ => {
                shell.show(ui, app, Duration::ZERO, &mut || true);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::app::{Action, Item, Settings};
    use crate::base::AllocationId;
    use crate::machine::Place;

    /// The application with the tour open, at a place, with an allocation selected.
    fn tour(appearance: Appearance, place: Place) -> App {
        let mut app = App::new(Settings { appearance });
        assert!(app.open_embedded("tour.ron"));
        app.work(&mut || true);
        app.dispatch(Action::GoTo(place));
        app.dispatch(Action::Select(Some(Item::Allocation(AllocationId(1)))));
        app
    }

    fn keep(name: &str, picture: &RgbaImage) {
        if let Some(folder) = std::env::var_os("GALLERY") {
            let path = PathBuf::from(folder).join(format!("{name}.png"));
            picture.save(&path).expect("the folder of the gallery is writable");
        }
    }

    #[test]
    fn names_of_panels_are_read_as_they_are_written() {
        for (panel, name) in PanelName::ALL {
            assert_eq!(panel.to_string(), name);
            assert_eq!(name.parse(), Ok(panel));
        }
        let error = "fences".parse::<PanelName>().expect_err("there is no such panel");
        assert!(error.to_string().starts_with("there is no panel `fences`: window, start"));
    }

    #[test]
    fn charts_fill_the_picture_at_every_size() {
        for (appearance, name) in [(Appearance::Dark, "dark"), (Appearance::Light, "light")] {
            for (session, command) in [("rx6600-tight.ron", 200), ("tour.ron", 30)] {
                let mut app = App::new(Settings { appearance });
                assert!(app.open_embedded(session));
                app.work(&mut || true);
                app.dispatch(Action::GoTo(Place::after(command)));
                app.dispatch(Action::SetTab(Tab::Charts));
                for (points, scale) in [([864.0, 268.0], 2.0), ([444.0, 260.0], 1.0)] {
                    let picture = picture(&mut app, PanelName::Charts, points, scale);
                    let size = egui::vec2(picture.width() as f32, picture.height() as f32);
                    assert_eq!(size, egui::Vec2::from(points) * scale);
                    keep(&format!("charts-{name}-{session}-{}", points[0]), &picture);
                }
                for points in [[1280.0, 720.0], [960.0, 600.0]] {
                    let picture = picture(&mut app, PanelName::Window, points, 1.0);
                    keep(&format!("window-charts-{name}-{session}-{}", points[0]), &picture);
                }
            }
        }
    }

    #[test]
    fn the_window_fills_the_picture_in_both_themes() {
        for (appearance, name) in [(Appearance::Dark, "dark"), (Appearance::Light, "light")] {
            for (points, scale) in
                [([1440.0, 900.0], 1.0), ([1280.0, 720.0], 2.0), ([960.0, 600.0], 1.0)]
            {
                let mut app = tour(appearance, Place::packet(12, 1, 1));
                let picture = picture(&mut app, PanelName::Window, points, scale);
                let size = egui::vec2(picture.width() as f32, picture.height() as f32);
                assert_eq!(size, egui::Vec2::from(points) * scale);
                keep(&format!("window-{name}-{}", points[0]), &picture);
            }
            for (tab, points) in [
                (Tab::Allocations, [1440.0, 900.0]),
                (Tab::Allocations, [960.0, 600.0]),
                (Tab::Findings, [960.0, 600.0]),
            ] {
                let mut app = tour(appearance, Place::after(30));
                app.dispatch(Action::SetTab(tab));
                let picture = picture(&mut app, PanelName::Window, points, 1.0);
                keep(&format!("window-{name}-{}-{tab:?}", points[0]), &picture);
            }
            let mut app = tour(appearance, Place::after(12));
            keep(
                &format!("timeline-{name}"),
                &super::picture(&mut app, PanelName::Timeline, [1440.0, 140.0], 2.0),
            );
            app.dispatch(Action::ToggleHelp);
            app.dispatch(Action::OpenPath("/nonexistent-folder/session.ron".into()));
            keep(
                &format!("help-{name}"),
                &super::picture(&mut app, PanelName::Window, [1280.0, 720.0], 1.0),
            );
            let mut app = App::new(Settings { appearance });
            let start = super::picture(&mut app, PanelName::Start, [1200.0, 800.0], 1.0);
            keep(&format!("start-{name}"), &start);
        }
    }
}
