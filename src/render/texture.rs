//! Textures on the processor: the font atlas and whatever panels upload.

use std::collections::HashMap;

use egui::epaint::ImageDelta;
use egui::epaint::textures::{TextureFilter, TextureOptions, TextureWrapMode};
use egui::{Color32, ImageData, Pos2, TextureId, TexturesDelta};

use super::raster::whole;

/// Colour with premultiplied alpha, each channel 0 to 255.
pub(super) type Channels = [f32; 4];

#[derive(Debug, Default)]
pub(super) struct Textures {
    textures: HashMap<TextureId, Texture>,
    /// Given back by the last change; the frame that came with it may still show them.
    leaving: Vec<TextureId>,
}

impl Textures {
    pub(super) fn apply(&mut self, delta: &mut TexturesDelta) {
        for id in self.leaving.drain(..) {
            self.textures.remove(&id);
        }
        for (id, changes) in delta.set.drain() {
            for change in changes {
                self.change(id, &change);
            }
        }
        self.leaving.extend(delta.free.drain());
    }

    fn change(&mut self, id: TextureId, change: &ImageDelta) {
        let ImageData::Color(image) = &change.image;
        match change.pos {
            None => {
                let texture = Texture::new(image.size, image.pixels.clone(), change.options);
                self.textures.insert(id, texture);
            }
            Some(corner) => {
                if let Some(texture) = self.textures.get_mut(&id) {
                    texture.patch(corner, image.size, &image.pixels);
                }
            }
        }
    }

    pub(super) fn get(&self, id: TextureId) -> Option<&Texture> {
        self.textures.get(&id)
    }
}

#[derive(Debug)]
pub(super) struct Texture {
    width: usize,
    height: usize,
    pixels: Vec<Color32>,
    linear: bool,
    wrap: TextureWrapMode,
}

impl Texture {
    fn new([width, height]: [usize; 2], pixels: Vec<Color32>, options: TextureOptions) -> Self {
        let linear = options.magnification == TextureFilter::Linear;
        Self { width, height, pixels, linear, wrap: options.wrap_mode }
    }

    /// Replaces a part; rows and columns outside the texture are left out.
    fn patch(&mut self, [left, top]: [usize; 2], [width, height]: [usize; 2], pixels: &[Color32]) {
        if width == 0 || left.saturating_add(width) > self.width {
            return;
        }
        for (row, source) in pixels.chunks_exact(width).take(height).enumerate() {
            let start = top.saturating_add(row).saturating_mul(self.width).saturating_add(left);
            if let Some(target) = self.pixels.get_mut(start..start.saturating_add(width)) {
                target.copy_from_slice(source);
            }
        }
    }

    /// The colour at `at`, where 0 to 1 spans the texture.
    pub(super) fn sample(&self, at: Pos2) -> Channels {
        let (wide, high) = (extent(self.width), extent(self.height));
        if !self.linear {
            let (column, row) = ((at.x * wide).floor(), (at.y * high).floor());
            return self.texel(column, row);
        }
        let (x, y) = (at.x * wide - 0.5, at.y * high - 0.5);
        let (column, row) = (x.floor(), y.floor());
        let (right, down) = (x - column, y - row);
        // Text is laid out on whole pixels, where only one texel counts.
        const NEGLIGIBLE: f32 = 1.0 / 1024.0;
        if right < NEGLIGIBLE && down < NEGLIGIBLE {
            return self.texel(column, row);
        }
        if right > 1.0 - NEGLIGIBLE && down > 1.0 - NEGLIGIBLE {
            return self.texel(column + 1.0, row + 1.0);
        }
        let top = between(self.texel(column, row), self.texel(column + 1.0, row), right);
        let foot =
            between(self.texel(column, row + 1.0), self.texel(column + 1.0, row + 1.0), right);
        between(top, foot, down)
    }

    fn texel(&self, column: f32, row: f32) -> Channels {
        let column = wrapped(column, self.width, self.wrap);
        let row = wrapped(row, self.height, self.wrap);
        let pixel = self.pixels.get(row * self.width + column).copied().unwrap_or_default();
        pixel.to_array().map(f32::from)
    }
}

/// A number of pixels as a coordinate; exact, since no texture or picture has 2^24 of them.
#[expect(clippy::cast_precision_loss)]
pub(super) fn extent(pixels: usize) -> f32 {
    pixels as f32
}

fn between(a: Channels, b: Channels, share: f32) -> Channels {
    std::array::from_fn(|channel| a[channel] * (1.0 - share) + b[channel] * share)
}

fn wrapped(index: f32, count: usize, wrap: TextureWrapMode) -> usize {
    let most = count.saturating_sub(1);
    match wrap {
        TextureWrapMode::ClampToEdge => whole(index, most),
        TextureWrapMode::Repeat => whole(index.rem_euclid(extent(count)), most),
        TextureWrapMode::MirroredRepeat => {
            let place = index.rem_euclid(2.0 * extent(count));
            let mirrored = 2.0 * extent(count) - 1.0 - place;
            whole(place.min(mirrored), most)
        }
    }
}
