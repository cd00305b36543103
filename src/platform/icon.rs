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
    use super::*;

    /// The file beside the program is what the code paints; set `UPDATE_ICON` to write it anew.
    #[test]
    fn the_icon_file_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/icon.png");
        let pixels = icon_rgba(128);
        let painted = image::RgbaImage::from_raw(128, 128, pixels).expect("128 x 128 x 4 bytes");
        if std::env::var_os("UPDATE_ICON").is_some() {
            let bytes = crate::render::png(&painted).expect("a square picture can be encoded");
            std::fs::write(path, bytes).expect("the folder of the package can be written");
        }
        let bytes = std::fs::read(path).expect("the icon is part of the package");
        let file = image::load_from_memory(&bytes).expect("the icon is a PNG file").to_rgba8();
        assert_eq!(file, painted);
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
