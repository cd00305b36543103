//! Every widget in both themes at both scales, drawn without a window.
//!
//! Set `GALLERY` to a folder to have the pictures written there.

use egui::{Event, Key, Modifiers, Rect, Theme, Ui, pos2, vec2};
use image::RgbaImage;

use super::*;
use crate::render::{Headless, png};
use crate::ui::theme::{self, Mark, OwnerSlot, Tokens, size, text, tokens};

fn canvas_part(ui: &mut Ui) {
    let tokens = tokens(ui);
    let (area, _) = ui.allocate_exact_size(vec2(640.0, 150.0), egui::Sense::hover());
    let painter = ui.painter().clone();
    painter.rect_filled(area, 0.0, tokens.canvas);
    let lane = Rect::from_min_size(area.min + vec2(16.0, 16.0), vec2(600.0, 48.0));
    painter.rect_filled(lane, 0.0, tokens.lane);
    hatch(&painter, lane, tokens.hatch, size::HATCH_STEP);
    let names = ["game.exe", "browser.exe", "dwm.exe", "ml-worker.exe", "system"];
    for (index, name) in names.into_iter().enumerate() {
        let left = lane.left() + 84.0 * f32::from(u8::try_from(index).unwrap_or(0));
        let block = Rect::from_min_size(pos2(left, lane.top()), vec2(79.0, 48.0));
        let owner = tokens.owner_color(name);
        if index == 2 {
            halo(&painter, block, tokens.moved_in, 1.0);
        }
        painter.rect_filled(block, 0.0, tokens.block_fill(owner.color));
        if index == 1 {
            dots(&painter, block, tokens.text.gamma_multiply(0.45));
        }
        outline(&painter, block, 0.0, 1.0, tokens.block_edge(owner.color));
        owner_cap(&painter, block, owner);
        let galley = elide(&painter, name, size::TEXT_SMALL, tokens.text, 60.0);
        text::paint_galley(
            &painter,
            block.left_center() + vec2(5.0, 0.0),
            egui::Align2::LEFT_CENTER,
            galley,
            tokens.text,
        );
        Icon::Lock.paint(
            &painter,
            block.right_top() + vec2(-10.0, 12.0),
            12.0,
            tokens.text_secondary,
        );
    }
    let notched = tokens.owner(OwnerSlot::Hue { index: 5, notched: true });
    let block = Rect::from_min_size(lane.min + vec2(430.0, 0.0), vec2(40.0, 48.0));
    painter.rect_filled(block, 0.0, tokens.block_fill(notched.color));
    owner_cap(&painter, block, notched);
    let ghost = Rect::from_min_size(lane.min + vec2(480.0, -3.0), vec2(60.0, 54.0));
    painter.rect_filled(ghost, 0.0, tokens.moved_out.gamma_multiply(0.07));
    dashed_rect(&painter, ghost, tokens.moved_out);
    let wrong = Rect::from_min_size(lane.min + vec2(550.0, 4.0), vec2(40.0, 40.0));
    cross_hatch(&painter, wrong, tokens.error, 5.0);
    let ticks = hexadecimal_ticks(0..0x1000_0000, 600.0, 120.0);
    paint_ticks(
        &painter,
        Rect::from_min_size(lane.left_bottom() + vec2(0.0, 4.0), vec2(600.0, 22.0)),
        &ticks,
    );
    let ticks = decimal_ticks(0..412, 600.0, 60.0);
    paint_ticks(
        &painter,
        Rect::from_min_size(lane.left_bottom() + vec2(0.0, 34.0), vec2(600.0, 22.0)),
        &ticks,
    );
    for (index, kind) in [Mark::In, Mark::Out, Mark::Map, Mark::Unmap].into_iter().enumerate() {
        let x = area.left() + 20.0 + 18.0 * f32::from(u8::try_from(index).unwrap_or(0));
        mark(&painter, pos2(x, area.bottom() - 10.0), 10.0, kind);
    }
    app_icon(
        &painter,
        Rect::from_min_size(area.right_bottom() - vec2(60.0, 44.0), vec2(36.0, 36.0)),
    );
    let at = pos2(area.left() + 120.0, area.bottom() - 10.0);
    let words = "GART page 0x1426 → frame 0xA_E94A";
    text::paint(&painter, at, egui::Align2::LEFT_CENTER, words, size::TEXT_BODY, tokens.text);
}

fn controls_part(ui: &mut Ui) {
    let tokens = tokens(ui);
    ui.horizontal(|ui| {
        ui.add(IconButton::new(Icon::ToStart, "First").shortcut("Home"));
        ui.add(IconButton::new(Icon::StepBack, "Back").enabled(false).reason("Nothing before"));
        segmented(ui, "Step by", &[(0, "Command"), (1, "Operation"), (2, "Packet")], 2);
        ui.add(IconButton::new(Icon::StepForward, "On"));
        ui.add(IconButton::new(Icon::Play, "Play").word("Play").shortcut("Space"));
        ui.add(IconButton::new(Icon::Lock, "Keep").selected(true));
        ui.add(IconButton::new(Icon::Back, "Earlier selection").frameless());
        ui.add(IconButton::new(Icon::Search, "Find").frameless());
        let _ = ui.button("Plain button");
        primary_button(ui, "Do it");
    });
    ui.horizontal(|ui| {
        filter_chip(ui, "All 10", true);
        filter_chip(ui, "Lesson 4", false);
        key_cap(ui, "Ctrl");
        key_cap(ui, "K");
        badge(ui, Tone::Warn, "1", "1 warning");
        badge(ui, Tone::Accent, "2", "2 notes");
        status(ui, Icon::Check, Tone::Ok, "Done");
        status(ui, Icon::BufferFull, Tone::Warn, "Buffer full");
        status(ui, Icon::Cross, Tone::Error, "Refused 0xC01E0100");
        status(ui, Icon::Circle, Tone::Plain, "Ahead");
    });
    ui.horizontal(|ui| {
        ui.add(egui::TextEdit::singleline(&mut String::from("filter")).desired_width(80.0));
        ui.checkbox(&mut true, "Follow");
        egui::ComboBox::from_id_salt("by").selected_text("Colour by owner").show_ui(ui, |_| {});
        ui.add(egui::DragValue::new(&mut 7).prefix("step "));
        disclosure(ui, true, "game.exe");
        ui.label("game.exe");
        link(ui, "tex_city_05 at 0x0D00_0000");
        link_mono(ui, "128.2.3");
    });
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for icon in Icon::ALL {
            let (rect, _) = ui.allocate_exact_size(vec2(20.0, 20.0), egui::Sense::hover());
            icon.paint(ui.painter(), rect.center(), 12.0, tokens.text);
        }
    });
}

fn facts_part(ui: &mut Ui) {
    let tokens = tokens(ui);
    ui.set_max_width(300.0);
    section_header(ui, "Where");
    ui.add(KeyValue::new("Segment", "1 VRAM as preferred").note("0x0003"));
    ui.add(KeyValue::new("Address", "0x0A00_0000–0x0B55_5FFF"));
    ui.add(
        KeyValue::new("Name", "A name that is much too long to fit in this narrow row").note("cut"),
    );
    ui.add(KeyValue::new("Hash", "9C4F21B7E03A5D18").monospace().tone(Tone::Ok));
    section_header(ui, "Used");
    let color = |name: &str| BarFill::Solid(tokens.owner_color(name).color);
    let parts = [
        BarPart { share: 0.5, fill: color("game.exe") },
        BarPart { share: 0.2, fill: BarFill::Hatched(tokens.moved_out) },
        BarPart { share: 0.1, fill: BarFill::Hollow(tokens.ok) },
    ];
    ui.add(UsedBar::new(&parts, "217.1 of 256 MiB used").limit(0.93));
}

fn gallery(ui: &mut Ui) {
    ui.spacing_mut().item_spacing.y = 8.0;
    panel_header(ui, "Memory map", |ui| {
        ui.add(IconButton::new(Icon::Forward, "Later selection").frameless());
        ui.label("WDDM 1.3");
    });
    canvas_part(ui);
    egui::Frame::new().inner_margin(egui::Margin::symmetric(12, 0)).show(ui, controls_part);
    tab_bar(ui, "Views", &[(0, "Operations"), (1, "Allocations"), (2, "Findings 3")], 0, |ui| {
        ui.label("1,906 rows");
    });
    ui.horizontal_top(|ui| {
        ui.add_space(size::PANEL_INSET);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            facts_part(ui);
        });
        ui.vertical(|ui| {
            empty_state(
                ui,
                "Nothing is selected",
                "Click a block of the map, or a row of a table.",
            );
        });
    });
}

fn shot(theme: Theme, pixels_per_point: f32) -> RgbaImage {
    let mut headless = Headless::new([720.0, 560.0], pixels_per_point, theme);
    theme::install(headless.context());
    let tab = || Event::Key {
        key: Key::Tab,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    headless.frame(gallery);
    headless.frame_after(vec![tab()], gallery);
    headless.frame_after(vec![tab()], gallery)
}

fn occurrences(picture: &RgbaImage, color: egui::Color32) -> usize {
    picture.pixels().filter(|pixel| pixel.0 == color.to_array()).count()
}

#[test]
fn every_widget_shows_in_both_themes_at_both_scales() {
    for theme in [Theme::Dark, Theme::Light] {
        let tokens = Tokens::of(theme);
        for (scale, pixels_per_point) in [(1_u32, 1.0), (2, 2.0)] {
            let picture = shot(theme, pixels_per_point);
            if let Some(folder) = std::env::var_os("GALLERY") {
                let name = format!("gallery-{theme:?}-{scale}x.png").to_lowercase();
                let bytes = png(&picture).expect("a picture of fixed size can be encoded");
                std::fs::write(std::path::Path::new(&folder).join(name), bytes)
                    .expect("the folder named in GALLERY can be written");
            }
            assert_eq!(picture.dimensions(), (720 * scale, 560 * scale));
            for (name, color, least) in [
                ("bar", tokens.bar, 10_000),
                ("canvas", tokens.canvas, 10_000),
                ("panel", tokens.panel, 50_000),
                ("separator", tokens.separator, 500),
                ("accent", tokens.accent, 100),
                ("owner", tokens.owner_color("game.exe").color, 200),
                ("moved out", tokens.moved_out, 50),
            ] {
                let found = occurrences(&picture, color);
                assert!(found >= least, "{theme:?} {scale}x: {found} pixels of {name}");
            }
        }
    }
}

#[test]
fn choices_answer_what_was_asked_for() {
    let mut headless = Headless::new([300.0, 60.0], 1.0, Theme::Dark);
    theme::install(headless.context());
    let mut asked = None;
    let mut show = |ui: &mut Ui| {
        let choices = [("a", "Command"), ("b", "Operation"), ("c", "Packet")];
        asked = asked.or(segmented(ui, "Step by", &choices, "a"));
    };
    headless.frame(&mut show);
    let at = pos2(165.0, 13.0);
    for pressed in [true, false] {
        let button = Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        headless.frame_after(vec![Event::PointerMoved(at), button], &mut show);
    }
    assert_eq!(asked, Some("c"));
}

struct OnProcessor(crate::render::Renderer);

impl egui_kittest::TestRenderer for OnProcessor {
    fn handle_delta(&mut self, delta: &mut egui::TexturesDelta) {
        self.0.apply(delta);
    }

    fn render(
        &mut self,
        context: &egui::Context,
        output: &egui::FullOutput,
    ) -> Result<RgbaImage, String> {
        Ok(self.0.render(context, output, egui::Color32::TRANSPARENT))
    }
}

/// The harness itself fails on an input without a name and on a missing glyph.
#[test]
fn widgets_are_found_by_name_and_used_by_keyboard() {
    use egui_kittest::kittest::Queryable as _;

    let mut harness = egui_kittest::Harness::builder()
        .with_size([720.0, 560.0])
        .renderer(OnProcessor(crate::render::Renderer::new()))
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, (level, plays): &mut (usize, usize)| {
                let choices = [(0, "Command"), (1, "Operation"), (2, "Packet")];
                if let Some(asked) = segmented(ui, "Step by", &choices, *level) {
                    *level = asked;
                }
                let play = ui.add(IconButton::new(Icon::Play, "Play").shortcut("Space"));
                *plays += usize::from(play.clicked());
                ui.add(IconButton::new(Icon::Back, "Earlier").enabled(false));
                section_header(ui, "Where");
                ui.add(KeyValue::new("Segment", "1 VRAM").note("preferred"));
                link(ui, "Rule");
            },
            (0, 0),
        );
    harness.get_by_label("Step by: Packet").click();
    harness.run();
    assert_eq!(harness.state().0, 2);
    harness.get_by_label("Play").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().1, 1);
    for name in ["Where", "Segment: 1 VRAM, preferred", "Rule", "Earlier"] {
        harness.get_by_label(name);
    }
    assert!(harness.render().is_ok());
}
