//! Fonts, and text in which hexadecimal words stand out from prose.
//!
//! Prose and sizes are proportional; what is hexadecimal, an identifier of the encoding or a step
//! number is monospace. One function lays out both in one galley, so that no caller thinks of it.

use std::sync::Arc;

use egui::emath::GuiRounding as _;
use egui::text::{LayoutJob, TextFormat};
use egui::{
    Align2, Color32, FontDefinitions, FontFamily, FontId, Galley, Painter, Pos2, Rect, Theme, vec2,
};

use super::size;
use super::tokens::Tokens;

/// Proportional font of `points`.
#[must_use]
pub const fn proportional(points: f32) -> FontId {
    FontId::new(points, FontFamily::Proportional)
}

/// Monospace font of `points`.
#[must_use]
pub const fn monospace(points: f32) -> FontId {
    FontId::new(points, FontFamily::Monospace)
}

/// Font of names, tables and headers.
#[must_use]
pub const fn body() -> FontId {
    proportional(size::TEXT_BODY)
}

/// Font of labels, facts and legends.
#[must_use]
pub const fn small() -> FontId {
    proportional(size::TEXT_SMALL)
}

/// Font of hexadecimal words, step numbers and packet names.
#[must_use]
pub const fn mono() -> FontId {
    monospace(size::MONO)
}

/// The fonts of the window: egui's own, with arrows and geometric shapes available in prose.
#[must_use]
pub fn font_definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    // Ubuntu Light lacks arrows; Hack has them and is otherwise only asked last.
    if let Some(family) = fonts.families.get_mut(&FontFamily::Proportional) {
        family.push("Hack".to_owned());
    }
    fonts
}

/// `text` on one line, to be laid out later: in a label, for example.
///
/// Words that begin with `0x` are monospace. They are also a step fainter where `color` is the
/// theme's text colour, because Hack is heavier than Ubuntu Light.
#[must_use]
pub fn mixed_job(text: &str, points: f32, color: Color32) -> LayoutJob {
    let mut job = LayoutJob::default();
    job.wrap.max_width = f32::INFINITY;
    append_mixed(&mut job, text, points, color);
    job
}

/// Adds `text` to `job` as [`mixed_job`] would lay it out.
pub fn append_mixed(job: &mut LayoutJob, text: &str, points: f32, color: Color32) {
    for (piece, hexadecimal) in pieces(text) {
        let format = if hexadecimal {
            TextFormat::simple(monospace(beside(points)), evened(color))
        } else {
            TextFormat::simple(proportional(points), color)
        };
        job.append(piece, 0.0, format);
    }
}

/// `text` laid out on one line, hexadecimal words in monospace.
#[must_use]
pub fn mixed_text(painter: &Painter, text: &str, points: f32, color: Color32) -> Arc<Galley> {
    painter.layout_job(mixed_job(text, points, color))
}

/// Paints `text` as [`mixed_text`] lays it out, and says where.
///
/// The corner is rounded to whole pixels, and small text is raised by a point, so that it shares
/// its baseline with body text centred at the same height.
pub fn paint(
    painter: &Painter,
    position: Pos2,
    align: Align2,
    text: &str,
    points: f32,
    color: Color32,
) -> Rect {
    let galley = mixed_text(painter, text, points, color);
    let raise = if (points - size::TEXT_SMALL).abs() < 0.01 { 1.0 } else { 0.0 };
    paint_galley(painter, position - vec2(0.0, raise), align, galley, color)
}

/// Paints monospace `text`, and says where; the corner is rounded to whole pixels.
pub fn paint_mono(
    painter: &Painter,
    position: Pos2,
    align: Align2,
    text: &str,
    points: f32,
    color: Color32,
) -> Rect {
    let galley = painter.layout_no_wrap(text.to_owned(), monospace(points), color);
    paint_galley(painter, position, align, galley, color)
}

/// Paints a galley with its corner on whole pixels, and says where.
pub fn paint_galley(
    painter: &Painter,
    position: Pos2,
    align: Align2,
    galley: Arc<Galley>,
    color: Color32,
) -> Rect {
    let rect = align.anchor_size(position, galley.size());
    let corner = rect.min.round_to_pixels(painter.pixels_per_point());
    let rect = Rect::from_min_size(corner, galley.size());
    painter.galley(corner, galley, color);
    rect
}

/// Size of monospace words beside prose of `points`: Hack is the larger font.
fn beside(points: f32) -> f32 {
    if points <= size::TEXT_TINY {
        size::MONO_TINY
    } else if points <= size::TEXT_BODY {
        size::MONO
    } else {
        (points - 2.0).max(size::MONO)
    }
}

fn evened(color: Color32) -> Color32 {
    for tokens in [Tokens::of(Theme::Dark), Tokens::of(Theme::Light)] {
        if color == tokens.text {
            return tokens.text_secondary;
        }
    }
    color
}

/// `text` in pieces, each with whether it is a hexadecimal word.
fn pieces(text: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = hexadecimal_start(rest) {
        let (before, word) = rest.split_at(start);
        let end = word[2..]
            .find(|character: char| !(character.is_ascii_hexdigit() || character == '_'))
            .map_or(word.len(), |length| length + 2);
        let (word, after) = word.split_at(end);
        if !before.is_empty() {
            found.push((before, false));
        }
        found.push((word, true));
        rest = after;
    }
    if !rest.is_empty() || found.is_empty() {
        found.push((rest, false));
    }
    found
}

/// Where the first word begins that is `0x` and at least one digit.
fn hexadecimal_start(text: &str) -> Option<usize> {
    text.match_indices("0x").map(|(start, _)| start).find(|&start| {
        let follows_word = text[..start].chars().next_back().is_some_and(char::is_alphanumeric);
        let has_digit = text[start + 2..].starts_with(|next: char| next.is_ascii_hexdigit());
        !follows_word && has_digit
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_words_are_found_wherever_a_word_begins() {
        assert_eq!(
            pieces("page 0x1426 → frame 0xA_E94A, 2:0x14D6_9000"),
            vec![
                ("page ", false),
                ("0x1426", true),
                (" → frame ", false),
                ("0xA_E94A", true),
                (", 2:", false),
                ("0x14D6_9000", true),
            ]
        );
        assert_eq!(
            pieces("0x0A00_0000–0x0B55_5FFF"),
            vec![("0x0A00_0000", true), ("–", false), ("0x0B55_5FFF", true)]
        );
    }

    #[test]
    fn prose_stays_whole() {
        assert_eq!(pieces("640x480, 0x and 100x1"), vec![("640x480, 0x and 100x1", false)]);
        assert_eq!(pieces(""), vec![("", false)]);
        assert_eq!(pieces("größe ↑"), vec![("größe ↑", false)]);
    }

    #[test]
    fn a_job_keeps_the_text_and_evens_the_weight() {
        let tokens = Tokens::of(Theme::Light);
        let job = mixed_job("at 0x10 now", size::TEXT_SMALL, tokens.text);
        assert_eq!(job.text, "at 0x10 now");
        let colors: Vec<Color32> = job.sections.iter().map(|part| part.format.color).collect();
        assert_eq!(colors, vec![tokens.text, tokens.text_secondary, tokens.text]);
        let job = mixed_job("0x10", size::TEXT_SMALL, tokens.accent_text);
        assert_eq!(job.sections[0].format.color, tokens.accent_text);
    }
}
