//! egui's own widgets in our colours: menus, fields, tooltips, scroll bars.

use egui::style::{ScrollStyle, WidgetVisuals};
use egui::{
    Color32, Context, CornerRadius, FontId, Margin, Shadow, Stroke, Style, TextStyle, Theme,
    Visuals, vec2,
};

use super::tokens::{Tokens, mix};
use super::{size, text};

/// Sets fonts and the styles of both themes. Call once when the window is made; which theme is
/// shown is egui's theme preference and stays as it is.
pub fn install(context: &Context) {
    context.set_fonts(text::font_definitions());
    for theme in [Theme::Dark, Theme::Light] {
        context.style_mut_of(theme, |style| apply(style, Tokens::of(theme)));
    }
}

fn apply(style: &mut Style, tokens: &Tokens) {
    style.text_styles = [
        (TextStyle::Small, text::small()),
        (TextStyle::Body, text::body()),
        (TextStyle::Button, text::body()),
        (TextStyle::Heading, FontId::proportional(size::TEXT_TITLE)),
        (TextStyle::Monospace, text::mono()),
    ]
    .into();
    style.visuals = visuals(tokens);

    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 4.0);
    spacing.button_padding = vec2(10.0, 5.0);
    spacing.interact_size = vec2(32.0, 20.0);
    spacing.window_margin = Margin::same(12);
    spacing.menu_margin = Margin::same(4);
    spacing.indent = 16.0;
    spacing.icon_width = 14.0;
    spacing.icon_width_inner = 8.0;
    spacing.icon_spacing = 6.0;
    spacing.tooltip_width = 420.0;
    spacing.scroll = ScrollStyle { bar_width: 8.0, ..ScrollStyle::thin() };

    style.interaction.tooltip_delay = 0.4;
    // Rows react as a whole; text that is worth copying says so where it stands.
    style.interaction.selectable_labels = false;
    style.animation_time = 0.1;
}

fn visuals(tokens: &Tokens) -> Visuals {
    let base = match tokens.theme {
        Theme::Dark => Visuals::dark(),
        Theme::Light => Visuals::light(),
    };
    let radius = CornerRadius::same(4);
    let widget = |ground: Color32, edge: Stroke, text: Color32| WidgetVisuals {
        bg_fill: ground,
        weak_bg_fill: ground,
        bg_stroke: edge,
        corner_radius: radius,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let edge = |color| Stroke::new(1.0, color);
    let focus = Stroke::new(size::FOCUS_RING, tokens.accent);

    let mut visuals = base;
    visuals.widgets.noninteractive = widget(tokens.panel, edge(tokens.separator), tokens.text);
    visuals.widgets.inactive = widget(tokens.bar, edge(tokens.separator_strong), tokens.text);
    visuals.widgets.hovered = widget(
        tokens.hover_ground(tokens.bar),
        edge(mix(tokens.separator_strong, tokens.text, 0.4)),
        tokens.text,
    );
    // egui shows the keyboard's focus as "active", so this is the focus ring as well.
    visuals.widgets.active = widget(tokens.accent_ground, focus, tokens.text);
    visuals.widgets.open = widget(tokens.accent_ground, edge(tokens.accent), tokens.text);

    visuals.selection.bg_fill = tokens.accent_ground;
    visuals.selection.stroke = edge(tokens.accent_text);
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(tokens.text_faint);
    visuals.hyperlink_color = tokens.accent_text;
    visuals.faint_bg_color = mix(tokens.canvas, tokens.panel, 0.6);
    visuals.extreme_bg_color = tokens.input;
    visuals.text_edit_bg_color = Some(tokens.input);
    visuals.code_bg_color = tokens.input;
    visuals.warn_fg_color = tokens.warn;
    visuals.error_fg_color = tokens.error;
    visuals.window_corner_radius = radius;
    visuals.menu_corner_radius = radius;
    visuals.window_shadow = Shadow::NONE;
    visuals.popup_shadow = Shadow::NONE;
    visuals.window_fill = tokens.bar;
    visuals.window_stroke = edge(tokens.separator_strong);
    visuals.window_highlight_topmost = false;
    visuals.panel_fill = tokens.panel;
    visuals.text_cursor.stroke = Stroke::new(1.0, tokens.accent);
    // A blinking cursor would repaint an idle window twice a second.
    visuals.text_cursor.blink = false;
    visuals.button_frame = true;
    visuals.collapsing_header_frame = false;
    visuals.indent_has_left_vline = false;
    visuals.striped = false;
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_themes_are_flat_and_use_their_tokens() {
        let context = Context::default();
        install(&context);
        for theme in [Theme::Dark, Theme::Light] {
            let (style, tokens) = (context.style_of(theme), Tokens::of(theme));
            assert_eq!(style.visuals.dark_mode, theme == Theme::Dark);
            assert_eq!(style.visuals.panel_fill, tokens.panel);
            assert_eq!(style.visuals.popup_shadow, Shadow::NONE);
            assert_eq!(style.visuals.window_shadow, Shadow::NONE);
            assert_eq!(style.visuals.widgets.active.bg_stroke.width, size::FOCUS_RING);
        }
    }

    #[test]
    fn prose_can_show_arrows() {
        let context = Context::default();
        install(&context);
        let mut output = context.run_ui(egui::RawInput::default(), |ui| {
            let arrows = ui.fonts_mut(|fonts| fonts.has_glyphs(&text::body(), "→←↑↓●×·–…"));
            assert!(arrows);
        });
        output.textures_delta.clear();
    }
}
