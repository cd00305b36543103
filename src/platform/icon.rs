//! The program's icon, painted by the same code as in the window.

use egui::{Color32, Theme, Vec2};

use crate::render::Headless;
use crate::ui::widgets::app_icon;

/// The icon as rows of red, green, blue and alpha, `side` pixels square.
#[must_use]
pub fn icon_rgba(side: u16) -> Vec<u8> {
    let length = f32::from(side);
    let mut headless = Headless::new(Vec2::splat(length), 1.0, Theme::Dark);
    headless.set_ground(Color32::TRANSPARENT);
    let margin = (length / 16.0).floor();
    let picture = headless.frame(|ui| {
        app_icon(ui.painter(), ui.max_rect().shrink(margin));
    });
    picture.into_raw()
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// The sizes that desktops ask for.
    const SIDES: [u16; 8] = [16, 22, 24, 32, 48, 64, 128, 256];

    /// Where the icon theme of a Linux desktop has the icon of a size.
    fn file(side: u16) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/hicolor");
        folder.join(format!("{side}x{side}/apps/vidmm-inspector.png"))
    }

    /// The files beside the program are what the code paints; set `UPDATE_ICON` to write them anew.
    #[test]
    fn the_icon_files_are_up_to_date() {
        for side in SIDES {
            let (path, extent) = (file(side), u32::from(side));
            let painted = image::RgbaImage::from_raw(extent, extent, icon_rgba(side));
            let painted = painted.expect("a pixel has 4 bytes");
            if std::env::var_os("UPDATE_ICON").is_some() {
                let bytes = crate::render::png(&painted).expect("a square picture can be encoded");
                std::fs::create_dir_all(path.parent().expect("it is in a folder"))
                    .and_then(|()| std::fs::write(&path, bytes))
                    .expect("the folder of the package can be written");
            }
            let bytes = std::fs::read(&path).expect("the icon is part of the package");
            let file = image::load_from_memory(&bytes).expect("the icon is a PNG file").to_rgba8();
            assert!(file == painted, "{}", path.display());
        }
    }

    /// The number that an attribute of an element of the drawing has.
    fn number(element: &str, attribute: &str) -> f32 {
        let value = element
            .split_once(&format!(" {attribute}=\""))
            .and_then(|(_, rest)| rest.split_once('"'))
            .map_or("0", |(value, _)| value);
        value.parse().expect("attributes of places are numbers")
    }

    /// The drawing for any size consists of plain rectangles, so that this can paint it: it must be
    /// the picture that the code paints at 128 pixels, but for the softness of edges.
    #[test]
    fn the_scalable_icon_is_the_same_picture() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/assets/hicolor/scalable/apps/vidmm-inspector.svg"
        );
        let drawing = std::fs::read_to_string(path).expect("the drawing is part of the package");
        assert!(drawing.contains("viewBox=\"0 0 128 128\""));
        let painted = image::RgbaImage::from_raw(128, 128, icon_rgba(128)).expect("4 bytes each");
        let mut drawn = image::RgbaImage::new(128, 128);
        let rectangles: Vec<&str> = drawing.split("<rect").skip(1).collect();
        assert_eq!(drawing.matches('<').count(), rectangles.len() + 2, "only rectangles");
        for element in rectangles {
            let left = number(element, "x");
            let top = number(element, "y");
            let (right, bottom) =
                (left + number(element, "width"), top + number(element, "height"));
            let (_, colour) = element.split_once("fill=\"#").expect("every rectangle is filled");
            let colour = u32::from_str_radix(&colour[..6], 16).expect("colours are hexadecimal");
            let [_, red, green, blue] = colour.to_be_bytes();
            for (x, y, pixel) in drawn.enumerate_pixels_mut() {
                let middle = |at: u32| f32::from(u16::try_from(at).expect("128 fit")) + 0.5;
                if (left..right).contains(&middle(x)) && (top..bottom).contains(&middle(y)) {
                    *pixel = image::Rgba([red, green, blue, 255]);
                }
            }
        }
        for (x, y, pixel) in painted.enumerate_pixels() {
            let other = drawn.get_pixel(x, y);
            let far = pixel.0.iter().zip(other.0).map(|(a, b)| a.abs_diff(b)).max();
            assert!(far < Some(24), "{x}, {y}: painted {pixel:?}, drawn {other:?}");
        }
    }

    #[test]
    fn the_icon_fills_its_square_and_leaves_the_margin_clear() {
        for side in [16_u16, 32, 48, 64, 256] {
            let pixels = icon_rgba(side);
            assert_eq!(pixels.len(), usize::from(side) * usize::from(side) * 4);
            assert_eq!(pixels[3], 0, "the corner is transparent");
            let solid = pixels.chunks_exact(4).filter(|pixel| pixel[3] == 255).count();
            assert!(solid * 2 > usize::from(side) * usize::from(side), "{side}");
        }
    }
}
