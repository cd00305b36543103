//! The power states along the run as bands: plain while the machine works, solid in S3, hatched in
//! S4, and each with its word where it fits.

use egui::{Align2, Mesh, Painter, Rect, Shape, Ui, WidgetInfo, pos2, vec2};

use super::layout::{Layout, float};
use crate::analysis::explain::power_text;
use crate::analysis::power::{PowerLog, short_power};
use crate::app::View;
use crate::ui::theme::{mix, size, text, tokens, tokens_of_context};
use crate::ui::widgets::{Slope, elide, hatch_mesh, outline, snap};
use crate::vidmm::{Power, Sleep};

/// Bands narrower than this are not told apart from what follows them.
const LEAST: f32 = 1.5;

/// A band as it is painted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BandItem {
    pub(super) from: f32,
    pub(super) to: f32,
    pub(super) power: Power,
}

/// The bands from left to right. One that would be too narrow to be seen is made as wide as can be
/// seen; of several in one place, the first is shown.
pub(super) fn band_items(log: &PowerLog, layout: &Layout) -> Vec<BandItem> {
    let mut items: Vec<BandItem> = Vec::new();
    let mut free = f32::NEG_INFINITY;
    for band in log.bands() {
        let (from, to) = (layout.x(float(band.from)), layout.x(float(band.to)));
        let from = from.max(free);
        let to = match band.power {
            // Work gives way: it is what is expected.
            Power::Working => to,
            _ => to.max(from + LEAST),
        };
        if to - from >= LEAST - 0.01 {
            items.push(BandItem { from, to, power: band.power });
            free = to;
        }
    }
    items
}

/// Paints the bands, and in the gutter what they are and which one holds now.
pub(super) fn paint_bands(
    ui: &Ui,
    view: &View<'_>,
    (layout, row): (&Layout, Rect),
    log: &PowerLog,
    items: &[BandItem],
) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    for item in items {
        let rect = Rect::from_x_y_ranges(item.from..=item.to, row.top() + 1.0..=row.bottom() - 1.0);
        paint_band(painter, rect, item.power);
    }
    let left = layout.gutter.left() + size::PANEL_INSET;
    let right = layout.gutter.right() - size::PANEL_INSET - 1.0;
    let middle = row.center().y;
    let (align, ink) = (Align2::LEFT_CENTER, tokens.text_secondary);
    let at = pos2(left, middle);
    let painted = text::paint(painter, at, align, "Power", size::TEXT_SMALL, ink);
    let power = log.at(view.place.command.saturating_sub(usize::from(view.place.inner.is_some())));
    let words = power_text(power);
    let room = right - painted.right() - 10.0;
    let faint = tokens.text_faint;
    let galley = elide(painter, words, size::TEXT_SMALL, faint, room);
    let at = pos2(right, middle);
    text::paint_galley(painter, at, Align2::RIGHT_CENTER, galley, faint);
    let area = Rect::from_x_y_ranges(layout.gutter.x_range(), row.y_range());
    let response = ui.interact(area, ui.scope_id().with("power"), egui::Sense::hover());
    let spoken = format!("Power at this step: {words}");
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &spoken));
    response.on_hover_ui(|ui| {
        ui.label(&spoken);
        ui.weak(
            "Plain: working, D0. Outlined: the adapter alone in D1 to D3. Solid: S3. Solid under \
             hatching: hybrid sleep. Hatched: S4. Cross-hatched: shut down with an image.",
        );
    });
}

fn paint_band(painter: &Painter, rect: Rect, power: Power) {
    let tokens = tokens_of_context(painter.ctx());
    let rect = snap(painter, rect);
    if !rect.is_positive() {
        return;
    }
    let strong = mix(tokens.canvas, tokens.text_faint, 0.55);
    let slopes: &[Slope] = match power {
        Power::Working | Power::Device(_) | Power::Asleep(Sleep::Standby) => &[],
        Power::Asleep(Sleep::HybridSleep | Sleep::Hibernate) => &[Slope::Rising],
        Power::Asleep(Sleep::FastStartup) => &[Slope::Rising, Slope::Falling],
    };
    let ground = match power {
        Power::Working => tokens.lane,
        Power::Asleep(Sleep::Standby) => strong,
        Power::Asleep(Sleep::HybridSleep) => mix(tokens.canvas, tokens.text_faint, 0.3),
        Power::Device(_) | Power::Asleep(Sleep::Hibernate | Sleep::FastStartup) => tokens.canvas,
    };
    painter.rect_filled(rect, 0.0, ground);
    let mut mesh = Mesh::default();
    for slope in slopes {
        let scale = painter.pixels_per_point();
        hatch_mesh(&mut mesh, rect, tokens.text_faint, 5.0, *slope, scale);
    }
    painter.add(Shape::mesh(mesh));
    if power != Power::Working {
        outline(painter, rect, 0.0, 1.0, tokens.text_faint);
    }
    let words = short_power(power);
    let ink = if power == Power::Working { tokens.text_faint } else { tokens.text };
    let galley = text::mixed_text(painter, words, size::TEXT_TINY, ink);
    // The pattern shows on both sides of the word.
    if galley.size().x + 20.0 <= rect.width() {
        if power != Power::Working {
            // A word on a pattern needs a ground of its own.
            let plate = Rect::from_center_size(rect.center(), galley.size() + vec2(6.0, 0.0));
            painter.rect_filled(snap(painter, plate.intersect(rect)), 0.0, tokens.canvas);
        }
        text::paint_galley(painter, rect.center(), Align2::CENTER_CENTER, galley, ink);
    }
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;
    use crate::app::Opened;
    use crate::ui::panels::timeline::layout::layout;

    #[test]
    fn bands_are_in_order_and_a_short_sleep_is_seen() {
        let text = r#"(version: 1, adapter: (profile: "inspector"), commands: [
            CreateProcess("p"), Sleep(Standby), Resume, DevicePower(D3), DevicePower(D0),
        ])"#;
        let mut opened = Opened::read(text, "a.ron").expect("it is a session");
        opened.execute(usize::MAX);
        let mut log = PowerLog::default();
        log.extend(opened.run().records());
        let at = |width: f32| {
            let rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(256.0 + 32.0 + width, 140.0));
            band_items(&log, &layout(rect, 256.0, (1, 0), 5, true))
        };
        // A command is 100 points wide, and the steps begin at 272. After 2 of 5 commands the
        // machine sleeps, and the state lasts to the end of the third.
        let items: Vec<(f32, f32, &str)> =
            at(500.0).iter().map(|item| (item.from, item.to, short_power(item.power))).collect();
        assert_eq!(
            items,
            [
                (272.0, 472.0, "D0"),
                (472.0, 572.0, "S3"),
                (572.0, 672.0, "D0"),
                (672.0, 772.0, "D3"),
            ]
        );
        // At a point a command every sleep has its 1.5 points, and no two bands overlap.
        let items = at(5.0);
        assert!(items.iter().any(|item| item.power == Power::Asleep(Sleep::Standby)));
        for pair in items.windows(2) {
            assert!(pair[0].to <= pair[1].from + 0.01, "{items:?}");
        }
    }
}
