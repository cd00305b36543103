//! Pixels as a PNG file.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, RgbaImage};

/// A picture that could not be turned into a file.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The encoder refused, for example a picture without pixels.
    #[error("the picture of {width} x {height} pixels cannot be encoded: {source}")]
    Encode {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The encoder's words.
        source: image::ImageError,
    },
}

/// `picture` as the bytes of a PNG file, without a colour profile; the same bytes every time.
///
/// # Errors
/// [`PngError::Encode`] if the encoder refuses the picture.
pub fn png(picture: &RgbaImage) -> Result<Vec<u8>, PngError> {
    let (width, height) = picture.dimensions();
    let mut bytes = Vec::new();
    // Windows are flat colours and repeated glyphs: filters only hide that from the compressor.
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::NoFilter)
        .write_image(picture.as_raw(), width, height, ExtendedColorType::Rgba8)
        .map_err(|source| PngError::Encode { width, height, source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_the_pixels_it_was_made_from() {
        let picture = RgbaImage::from_fn(7, 5, |x, y| {
            let byte = |value: u32| u8::try_from(value % 256).unwrap_or(0);
            image::Rgba([byte(x * 40), byte(y * 50), byte(x * y), byte(255 - x)])
        });
        let bytes = png(&picture).expect("a picture with pixels can be encoded");
        assert_eq!(image::load_from_memory(&bytes).expect("a PNG file").to_rgba8(), picture);
        assert_eq!(bytes, png(&picture).expect("a picture with pixels can be encoded"));
    }

    #[test]
    fn a_picture_without_pixels_is_refused() {
        assert!(matches!(png(&RgbaImage::new(0, 4)), Err(PngError::Encode { height: 4, .. })));
    }
}
