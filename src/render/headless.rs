//! egui without a window: passes with events put in and pixels taken out.

use egui::{Color32, Context, Event, FullOutput, RawInput, Rect, Theme, Ui, Vec2, ViewportId};
use image::RgbaImage;

use super::raster::Renderer;

/// Time between two passes in seconds: animations are over after one or two.
const STEP: f64 = 0.25;

/// How many passes a frame may take to come to rest.
const MOST_PASSES: usize = 8;

/// An egui context with a clock of its own and a screen in memory.
///
/// Fonts and styles are egui's until somebody installs others in [`Self::context`].
#[derive(Debug)]
pub struct Headless {
    context: Context,
    renderer: Renderer,
    size: Vec2,
    pixels_per_point: f32,
    ground: Option<Color32>,
    time: f64,
}

impl Headless {
    /// A screen of `size` points with `pixels_per_point` pixels to each, in `theme`.
    #[must_use]
    pub fn new(size: impl Into<Vec2>, pixels_per_point: f32, theme: Theme) -> Self {
        let context = Context::default();
        context.set_theme(theme);
        Self {
            context,
            renderer: Renderer::new(),
            size: size.into(),
            pixels_per_point,
            ground: None,
            time: 0.0,
        }
    }

    /// The context, for installing fonts and styles.
    #[must_use]
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// Draws on `ground` instead of the theme's panel colour.
    pub const fn set_ground(&mut self, ground: Color32) {
        self.ground = Some(ground);
    }

    /// Shows `ui` until it asks for no further pass, eight passes at most, and draws the last.
    pub fn frame(&mut self, ui: impl FnMut(&mut Ui)) -> RgbaImage {
        self.frame_after(Vec::new(), ui)
    }

    /// The same after `events`, which reach the first pass.
    pub fn frame_after(&mut self, events: Vec<Event>, mut ui: impl FnMut(&mut Ui)) -> RgbaImage {
        let mut output = self.pass(events, &mut ui);
        for _ in 1..MOST_PASSES {
            let waits = output
                .viewport_output
                .get(&ViewportId::ROOT)
                .is_none_or(|viewport| !viewport.repaint_delay.is_zero());
            if waits {
                break;
            }
            output = self.pass(Vec::new(), &mut ui);
        }
        let ground = self.ground.unwrap_or_else(|| self.context.global_style().visuals.panel_fill);
        self.renderer.render(&self.context, &output, ground)
    }

    /// One pass without drawing: what egui says besides shapes stays in the answer, the texture
    /// changes are taken out of it.
    pub fn pass(&mut self, events: Vec<Event>, ui: impl FnMut(&mut Ui)) -> FullOutput {
        self.time += STEP;
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, self.size)),
            time: Some(self.time),
            events,
            focused: true,
            ..RawInput::default()
        };
        let viewport = input.viewports.entry(ViewportId::ROOT).or_default();
        viewport.native_pixels_per_point = Some(self.pixels_per_point);
        let mut output = self.context.run_ui(input, ui);
        self.renderer.apply(&mut output.textures_delta);
        output
    }
}

#[cfg(test)]
mod tests {
    use egui::{PointerButton, pos2, vec2};

    use super::*;

    #[test]
    fn the_picture_has_the_asked_size_and_shows_what_was_painted() {
        for (pixels_per_point, side) in [(1.0, 10), (2.0, 20), (1.5, 15)] {
            let mut headless = Headless::new([10.0, 10.0], pixels_per_point, Theme::Dark);
            headless.set_ground(Color32::BLACK);
            let picture = headless.frame(|ui| {
                let half = Rect::from_min_size(egui::Pos2::ZERO, vec2(5.0, 10.0));
                ui.painter().rect_filled(half, 0.0, Color32::WHITE);
            });
            assert_eq!(picture.dimensions(), (side, side));
            assert_eq!(picture.get_pixel(2, 2).0, [255; 4]);
            assert_eq!(picture.get_pixel(side - 2, 2).0, [0, 0, 0, 255]);
        }
    }

    #[test]
    fn the_same_frame_yields_the_same_bytes() {
        let shot = || {
            let mut headless = Headless::new([200.0, 60.0], 2.0, Theme::Light);
            headless.frame(|ui| {
                ui.heading("Memory");
                ui.add(egui::Slider::new(&mut 0.4, 0.0..=1.0));
            })
        };
        assert_eq!(shot(), shot());
    }

    #[test]
    fn a_click_reaches_a_button() {
        let mut headless = Headless::new([100.0, 40.0], 1.0, Theme::Dark);
        let mut clicks = 0;
        let mut middle = pos2(0.0, 0.0);
        let mut show = |ui: &mut Ui| {
            let response = ui.button("Step");
            middle = response.rect.center();
            clicks += u32::from(response.clicked());
        };
        headless.frame(&mut show);
        let at = pos2(12.0, 12.0);
        let button = |pressed| Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        };
        headless.frame_after(vec![Event::PointerMoved(at), button(true)], &mut show);
        headless.frame_after(vec![button(false)], &mut show);
        assert_eq!(clicks, 1, "the button's middle is {middle:?}");
    }
}
