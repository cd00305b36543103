//! The rasteriser: triangles to pixels by the rules GPUs follow.
//!
//! A pixel belongs to a triangle if its centre lies inside, or on a top or left edge; colours
//! have premultiplied alpha and blend in gamma space, as egui's painters do. All arithmetic is
//! plain `f32` without fused operations, so that every machine yields the same bytes.

use egui::epaint::{Mesh, Primitive, Vertex};
use egui::{ClippedPrimitive, Color32, Context, FullOutput, Pos2, TexturesDelta, pos2};
use image::RgbaImage;

use super::texture::{Channels, Texture, Textures, extent};

/// Sides of a picture are cut to this, so that no request can exhaust the memory.
const LONGEST_SIDE: u32 = 16_384;

/// Draws what egui has tessellated. Holds the textures egui has handed over so far.
#[derive(Debug, Default)]
pub struct Renderer {
    textures: Textures,
}

impl Renderer {
    /// A renderer without textures; each egui context needs one of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over changed textures and empties `delta`. Call for every pass, in order.
    ///
    /// Textures given back stay until the next call, since the frame that gives them back may
    /// still show them.
    pub fn apply(&mut self, delta: &mut TexturesDelta) {
        self.textures.apply(delta);
    }

    /// Tessellates and draws `output` as large as the context's window.
    ///
    /// The texture changes in `output` must have been handed to [`Self::apply`] before.
    #[must_use]
    pub fn render(&self, context: &Context, output: &FullOutput, ground: Color32) -> RgbaImage {
        let pixels_per_point = output.pixels_per_point;
        let size = context.content_rect().size() * pixels_per_point;
        let side = |points: f32| u32::try_from(whole(points.round(), 1 << 20)).unwrap_or(0);
        let primitives = context.tessellate(output.shapes.clone(), pixels_per_point);
        self.draw(&primitives, pixels_per_point, [side(size.x), side(size.y)], ground)
    }

    /// Draws `primitives` on `ground` into a picture of `width` and `height` pixels.
    ///
    /// Meshes whose texture was never handed over and paint callbacks are left out. Textures are
    /// filtered as they ask to be when magnified.
    #[must_use]
    pub fn draw(
        &self,
        primitives: &[ClippedPrimitive],
        pixels_per_point: f32,
        [width, height]: [u32; 2],
        ground: Color32,
    ) -> RgbaImage {
        let (width, height) = (width.min(LONGEST_SIDE), height.min(LONGEST_SIDE));
        let mut target = Target::new(width, height, ground);
        for ClippedPrimitive { clip_rect, primitive } in primitives {
            let Primitive::Mesh(mesh) = primitive else { continue };
            let Some(texture) = self.textures.get(mesh.texture_id) else { continue };
            let clip = Area {
                left: whole((clip_rect.min.x * pixels_per_point).round(), target.width),
                top: whole((clip_rect.min.y * pixels_per_point).round(), target.height),
                right: whole((clip_rect.max.x * pixels_per_point).round(), target.width),
                bottom: whole((clip_rect.max.y * pixels_per_point).round(), target.height),
            };
            if clip.left < clip.right && clip.top < clip.bottom {
                target.mesh(mesh, texture, pixels_per_point, clip);
            }
        }
        target.finish(width, height)
    }
}

/// `value` rounded down to a whole number of 0 to `most`.
pub(super) fn whole(value: f32, most: usize) -> usize {
    // Between 0 and `most`, or not a number, which becomes 0.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let number = value.clamp(0.0, extent(most)) as usize;
    number
}

/// First pixel whose centre is at or right of (below) `edge`.
fn first_centre(edge: f32, least: usize, most: usize) -> usize {
    whole((edge - 0.5).ceil(), most).max(least)
}

/// Pixels from `left` and `top` to before `right` and `bottom`.
#[derive(Clone, Copy, Debug)]
struct Area {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
}

/// A vertex in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Corner {
    at: Pos2,
    uv: Pos2,
    color: Color32,
}

struct Target {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
}

impl Target {
    fn new(width: u32, height: u32, ground: Color32) -> Self {
        let (width, height) =
            (usize::try_from(width).unwrap_or(0), usize::try_from(height).unwrap_or(0));
        Self { width, height, pixels: vec![ground.to_array(); width.saturating_mul(height)] }
    }

    fn finish(self, width: u32, height: u32) -> RgbaImage {
        let bytes = self.pixels.into_iter().flat_map(straight_alpha).collect();
        RgbaImage::from_raw(width, height, bytes).unwrap_or_default()
    }

    fn mesh(&mut self, mesh: &Mesh, texture: &Texture, pixels_per_point: f32, clip: Area) {
        let corner = |index: u32| {
            let vertex: &Vertex = mesh.vertices.get(usize::try_from(index).ok()?)?;
            let at = pos2(vertex.pos.x * pixels_per_point, vertex.pos.y * pixels_per_point);
            Some(Corner { at, uv: vertex.uv, color: vertex.color })
        };
        let triangle = |indices: &[u32]| match indices {
            &[a, b, c, ..] => Some([corner(a)?, corner(b)?, corner(c)?]),
            _ => None,
        };
        let mut rest = mesh.indices.as_slice();
        while let Some(first) = triangle(rest) {
            rest = rest.get(3..).unwrap_or_default();
            if let Some(second) = triangle(rest)
                && let Some(quad) = Quad::of(first, second)
            {
                self.quad(&quad, texture, clip);
                rest = rest.get(3..).unwrap_or_default();
            } else {
                self.triangle(first, texture, clip);
            }
        }
    }

    /// Two triangles that are one upright rectangle of one colour: most of what a window shows.
    fn quad(&mut self, quad: &Quad, texture: &Texture, clip: Area) {
        let left = first_centre(quad.least.at.x, clip.left, clip.right);
        let right = first_centre(quad.most.at.x, clip.left, clip.right);
        let top = first_centre(quad.least.at.y, clip.top, clip.bottom);
        let bottom = first_centre(quad.most.at.y, clip.top, clip.bottom);
        if left >= right || top >= bottom {
            return;
        }
        let tint = quad.least.color.to_array().map(f32::from);
        let flat =
            (quad.least.uv == quad.most.uv).then(|| tinted(texture.sample(quad.least.uv), tint));
        let size = quad.most.at - quad.least.at;
        let slope = quad.most.uv - quad.least.uv;
        for row in top..bottom {
            let start = row * self.width;
            let Some(pixels) = self.pixels.get_mut(start + left..start + right) else { return };
            if let Some(color) = flat {
                if color[3] >= 255.0 {
                    pixels.fill(color.map(byte));
                } else if color != [0.0; 4] {
                    pixels.iter_mut().for_each(|pixel| blend(pixel, color));
                }
                continue;
            }
            let v = quad.least.uv.y + (extent(row) + 0.5 - quad.least.at.y) / size.y * slope.y;
            for (column, pixel) in (left..right).zip(pixels) {
                let along = (extent(column) + 0.5 - quad.least.at.x) / size.x;
                let texel = texture.sample(pos2(quad.least.uv.x + along * slope.x, v));
                if texel != [0.0; 4] {
                    blend(pixel, tinted(texel, tint));
                }
            }
        }
    }

    fn triangle(&mut self, mut corners: [Corner; 3], texture: &Texture, clip: Area) {
        let [a, b, c] = corners.map(|corner| corner.at);
        let mut area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
        if area == 0.0 || !area.is_finite() {
            return;
        }
        if area < 0.0 {
            corners.swap(1, 2);
            area = -area;
        }
        let [a, b, c] = corners.map(|corner| corner.at);
        // Opposite each corner, in the corners' order.
        let edges = [Edge::new(b, c), Edge::new(c, a), Edge::new(a, b)];
        let top = first_centre(a.y.min(b.y).min(c.y), clip.top, clip.bottom);
        let bottom = whole((a.y.max(b.y).max(c.y) + 1.0).floor(), clip.bottom);
        let shade = Shade::new(&corners, texture);
        for row in top..bottom {
            let y = extent(row) + 0.5;
            let (mut from, mut to) = (extent(clip.left), extent(clip.right));
            for edge in &edges {
                edge.narrow(y, &mut from, &mut to);
            }
            let (from, to) = (whole(from, clip.right).max(clip.left), whole(to, clip.right));
            for column in from..to {
                let x = extent(column) + 0.5;
                let values = [edges[0].value(x, y), edges[1].value(x, y), edges[2].value(x, y)];
                if !(0..3).all(|side| edges[side].holds(values[side])) {
                    continue;
                }
                let color = shade.at(values.map(|value| value / area));
                if let Some(pixel) = self.pixels.get_mut(row * self.width + column) {
                    blend(pixel, color);
                }
            }
        }
    }
}

/// An upright rectangle of one colour, texture coordinates running along its sides.
struct Quad {
    least: Corner,
    most: Corner,
}

impl Quad {
    fn of(first: [Corner; 3], second: [Corner; 3]) -> Option<Self> {
        let least = extreme(&first, &second, Pos2::min)?;
        let most = extreme(&first, &second, Pos2::max)?;
        let fits = |corner: &Corner| {
            let horizontal = if corner.at.x == least.at.x {
                corner.uv.x == least.uv.x
            } else {
                corner.at.x == most.at.x && corner.uv.x == most.uv.x
            };
            let vertical = if corner.at.y == least.at.y {
                corner.uv.y == least.uv.y
            } else {
                corner.at.y == most.at.y && corner.uv.y == most.uv.y
            };
            horizontal && vertical && corner.color == least.color
        };
        let half = |corners: &[Corner; 3]| {
            let [a, b, c] = corners.map(|corner| corner.at);
            a != b && b != c && a != c
        };
        (least.at.is_finite()
            && most.at.is_finite()
            && first.iter().chain(&second).all(fits)
            && half(&first)
            && half(&second)
            && opposite(&first, &second))
        .then_some(Self { least, most })
    }
}

/// The corner that lies at the least (or most) coordinates of all, if there is one.
fn extreme(
    first: &[Corner; 3],
    second: &[Corner; 3],
    pick: impl Fn(Pos2, Pos2) -> Pos2,
) -> Option<Corner> {
    let all = || first.iter().chain(second);
    let at = all().map(|corner| corner.at).reduce(pick)?;
    all().find(|corner| corner.at == at).copied()
}

/// Whether two triangles, each on three corners of a rectangle, cover it without overlap: the
/// corners that only one of them has lie across from each other.
fn opposite(first: &[Corner; 3], second: &[Corner; 3]) -> bool {
    let lone = |one: &[Corner; 3], other: &[Corner; 3]| {
        one.iter().find(|corner| other.iter().all(|found| found.at != corner.at)).copied()
    };
    match (lone(first, second), lone(second, first)) {
        (Some(a), Some(b)) => a.at.x != b.at.x && a.at.y != b.at.y,
        _ => false,
    }
}

/// An edge of a triangle that runs clockwise on the screen: inside is where it is positive.
struct Edge {
    start: Pos2,
    across: f32,
    down: f32,
    owns_its_points: bool,
}

impl Edge {
    fn new(start: Pos2, end: Pos2) -> Self {
        let (across, down) = (end.x - start.x, end.y - start.y);
        // A left edge runs upwards, a top edge to the right.
        let owns_its_points = down < 0.0 || (down == 0.0 && across > 0.0);
        Self { start, across, down, owns_its_points }
    }

    fn value(&self, x: f32, y: f32) -> f32 {
        self.across * (y - self.start.y) - self.down * (x - self.start.x)
    }

    fn holds(&self, value: f32) -> bool {
        value > 0.0 || (value == 0.0 && self.owns_its_points)
    }

    /// Narrows a row to where the edge may hold, a pixel too wide so that rounding cannot matter.
    fn narrow(&self, y: f32, from: &mut f32, to: &mut f32) {
        if self.down == 0.0 {
            return;
        }
        let crossing = self.start.x + self.across * (y - self.start.y) / self.down;
        if self.down > 0.0 {
            *to = to.min(crossing + 2.0);
        } else {
            *from = from.max(crossing - 2.0);
        }
    }
}

/// The colour inside a triangle.
struct Shade<'a> {
    colors: [Channels; 3],
    uvs: [Pos2; 3],
    texture: &'a Texture,
    one_color: bool,
    one_texel: Option<Channels>,
}

impl<'a> Shade<'a> {
    fn new(corners: &[Corner; 3], texture: &'a Texture) -> Self {
        let uvs = corners.map(|corner| corner.uv);
        let [a, b, c] = corners.map(|corner| corner.color);
        let one_texel = (uvs[0] == uvs[1] && uvs[1] == uvs[2]).then(|| texture.sample(uvs[0]));
        let colors = corners.map(|corner| corner.color.to_array().map(f32::from));
        Self { colors, uvs, texture, one_color: a == b && b == c, one_texel }
    }

    fn at(&self, [a, b, c]: [f32; 3]) -> Channels {
        let [first, second, third] = &self.colors;
        let tint = if self.one_color {
            *first
        } else {
            std::array::from_fn(|channel| {
                first[channel] * a + second[channel] * b + third[channel] * c
            })
        };
        let texel = self.one_texel.unwrap_or_else(|| {
            let [first, second, third] = self.uvs;
            self.texture.sample(pos2(
                first.x * a + second.x * b + third.x * c,
                first.y * a + second.y * b + third.y * c,
            ))
        });
        tinted(texel, tint)
    }
}

fn tinted(texel: Channels, tint: Channels) -> Channels {
    std::array::from_fn(|channel| texel[channel] * tint[channel] / 255.0)
}

fn blend(pixel: &mut [u8; 4], over: Channels) {
    let remaining = 1.0 - over[3] / 255.0;
    for (below, above) in pixel.iter_mut().zip(over) {
        *below = byte(above + f32::from(*below) * remaining);
    }
}

fn byte(value: f32) -> u8 {
    // Between 0 and 255 by the clamp.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let byte = (value + 0.5).clamp(0.0, 255.0) as u8;
    byte
}

/// Files hold colours that are not multiplied by their alpha.
fn straight_alpha(pixel: [u8; 4]) -> [u8; 4] {
    let [red, green, blue, alpha] = pixel;
    if alpha == 255 || alpha == 0 {
        return pixel;
    }
    let straight = |channel: u8| byte(f32::from(channel) * 255.0 / f32::from(alpha));
    [straight(red), straight(green), straight(blue), alpha]
}

#[cfg(test)]
mod tests {
    use egui::epaint::{ImageDelta, textures::TextureOptions};
    use egui::{ColorImage, Rect, TextureId, vec2};

    use super::*;
    use crate::base::SplitMix;

    fn renderer() -> Renderer {
        let mut renderer = Renderer::new();
        let mut delta = TexturesDelta::default();
        let image = ColorImage::new([1, 1], vec![Color32::WHITE]);
        delta.push(TextureId::default(), ImageDelta::full(image, TextureOptions::LINEAR));
        renderer.apply(&mut delta);
        renderer
    }

    fn draw(mesh: Mesh, side: u32, ground: Color32) -> RgbaImage {
        let primitive = ClippedPrimitive {
            clip_rect: Rect::from_min_size(Pos2::ZERO, vec2(100.0, 100.0)),
            primitive: Primitive::Mesh(mesh),
        };
        renderer().draw(&[primitive], 1.0, [side, side], ground)
    }

    fn vertex(x: f32, y: f32, color: Color32) -> Vertex {
        Vertex { pos: pos2(x, y), uv: Pos2::ZERO, color }
    }

    fn triangle(corners: [(f32, f32); 3], color: Color32) -> Mesh {
        let vertices = corners.map(|(x, y)| vertex(x, y, color)).to_vec();
        Mesh { indices: vec![0, 1, 2], vertices, ..Mesh::default() }
    }

    #[test]
    fn a_rectangle_covers_the_pixels_whose_centres_it_holds() {
        let mut mesh = Mesh::default();
        let rect = Rect::from_min_max(pos2(1.5, 0.6), pos2(3.5, 2.4));
        mesh.add_colored_rect(rect, Color32::RED);
        let picture = draw(mesh, 5, Color32::BLACK);
        // Columns 1 and 2 have centres 1.5 and 2.5; row 1 has 1.5, rows 0 and 2 lie outside.
        for (x, y, pixel) in picture.enumerate_pixels() {
            let inside = (x == 1 || x == 2) && y == 1;
            assert_eq!(pixel.0[0] == 255, inside, "{x} {y}");
        }
    }

    #[test]
    fn half_covered_colours_blend_with_premultiplied_alpha() {
        let mut mesh = Mesh::default();
        let half = Color32::from_rgba_premultiplied(100, 0, 50, 128);
        mesh.add_colored_rect(Rect::from_min_size(Pos2::ZERO, vec2(2.0, 2.0)), half);
        let picture = draw(mesh, 1, Color32::from_rgb(0, 200, 100));
        // 200 x 127/255 = 99.6; 50 + 100 x 127/255 = 99.8
        assert_eq!(picture.get_pixel(0, 0).0, [100, 100, 100, 255]);
    }

    #[test]
    fn a_transparent_ground_yields_straight_alpha() {
        let mut mesh = Mesh::default();
        let half = Color32::from_rgba_premultiplied(64, 0, 128, 128);
        mesh.add_colored_rect(Rect::from_min_size(Pos2::ZERO, vec2(2.0, 2.0)), half);
        let picture = draw(mesh, 1, Color32::TRANSPARENT);
        assert_eq!(picture.get_pixel(0, 0).0, [128, 0, 255, 128]);
    }

    /// Neighbours that share an edge leave no gap and count no pixel twice, whichever way they
    /// are cut: a fan of triangles round a point, half transparent, has one shade throughout.
    #[test]
    fn neighbouring_triangles_tile() {
        let seed = 0xF00D;
        let mut random = SplitMix::new(seed);
        let part = Color32::from_rgba_premultiplied(0, 0, 0, 100);
        for _ in 0..200 {
            let mut coordinate = || {
                let value = u16::try_from(random.next_u64() % 129).unwrap_or(0);
                f32::from(value) / 8.0
            };
            let middle = (coordinate(), coordinate());
            let corners = [(0.0, 0.0), (16.0, 0.0), (16.0, 16.0), (0.0, 16.0)];
            let mut mesh = Mesh::default();
            for index in 0..4 {
                let next = corners[(index + 1) % 4];
                mesh.append(triangle([middle, corners[index], next], part));
            }
            let picture = draw(mesh, 16, Color32::WHITE);
            let first = *picture.get_pixel(0, 0);
            assert_eq!(first.0[0], 155);
            assert!(picture.pixels().all(|pixel| *pixel == first), "seed {seed} at {middle:?}");
        }
    }

    /// The quick way for rectangles against the general one, which a third colour forces.
    #[test]
    fn rectangles_and_triangles_agree() {
        let seed = 7;
        let mut random = SplitMix::new(seed);
        for _ in 0..300 {
            let mut coordinate = || {
                let value = u16::try_from(random.next_u64() % 81).unwrap_or(0);
                f32::from(value) / 8.0
            };
            let rect = Rect::from_two_pos(
                pos2(coordinate(), coordinate()),
                pos2(coordinate(), coordinate()),
            );
            let mut whole = Mesh::default();
            whole.add_colored_rect(rect, Color32::GOLD);
            let mut halves = Mesh::default();
            let corners =
                [rect.left_top(), rect.right_top(), rect.left_bottom(), rect.right_bottom()];
            for [a, b, c] in [[0, 1, 2], [3, 2, 1]] {
                let at = |index: usize| (corners[index].x, corners[index].y);
                halves.append(triangle([at(a), at(b), at(c)], Color32::GOLD));
                // Keeps the two halves from being recognised as a rectangle.
                halves.append(triangle([(50.0, 50.0), (51.0, 50.0), (50.0, 51.0)], Color32::RED));
            }
            let (quick, slow) = (draw(whole, 10, Color32::BLACK), draw(halves, 10, Color32::BLACK));
            assert_eq!(quick, slow, "seed {seed}: {rect:?}");
        }
    }

    #[test]
    fn odd_meshes_are_survived() {
        let mut mesh = triangle([(f32::NAN, 0.0), (4.0, 0.0), (0.0, 4.0)], Color32::RED);
        mesh.indices.extend([0, 99, 1, 2]);
        mesh.append(triangle([(0.0, 0.0), (f32::INFINITY, 0.0), (0.0, 4.0)], Color32::RED));
        mesh.append(triangle([(-1e9, -1e9), (1e9, -1e9), (0.0, 1e9)], Color32::RED));
        assert_eq!(draw(mesh.clone(), 4, Color32::BLACK).dimensions(), (4, 4));
        assert_eq!(draw(mesh, 0, Color32::BLACK).dimensions(), (0, 0));
    }

    #[test]
    fn a_texture_is_sampled_between_its_texels() {
        let mut renderer = Renderer::new();
        let mut delta = TexturesDelta::default();
        let id = TextureId::User(3);
        let image = ColorImage::new([2, 1], vec![Color32::BLACK, Color32::WHITE]);
        delta.push(id, ImageDelta::full(image, TextureOptions::LINEAR));
        renderer.apply(&mut delta);
        let mut mesh = Mesh::with_texture(id);
        let unit = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        mesh.add_rect_with_uv(
            Rect::from_min_size(Pos2::ZERO, vec2(4.0, 1.0)),
            unit,
            Color32::WHITE,
        );
        let clip_rect = Rect::EVERYTHING;
        let primitive = ClippedPrimitive { clip_rect, primitive: Primitive::Mesh(mesh) };
        let picture = renderer.draw(&[primitive], 1.0, [4, 1], Color32::RED);
        // Centres at 1/8, 3/8, 5/8 and 7/8 of two texels: clamped, 1/4, 3/4, clamped.
        let reds: Vec<u8> = picture.pixels().map(|pixel| pixel.0[0]).collect();
        assert_eq!(reds, [0, 64, 191, 255]);
    }
}
