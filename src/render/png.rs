//! Pixels as a PNG file.

use image::codecs::png::PngEncoder;
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
    PngEncoder::new(&mut bytes)
        .write_image(picture.as_raw(), width, height, ExtendedColorType::Rgba8)
        .map_err(|source| PngError::Encode { width, height, source })?;
    Ok(bytes)
}
