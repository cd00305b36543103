//! How a saved session ends, small: its segments, and how much happened when.

use egui::{Painter, Rect, pos2, vec2};

use crate::app::saved::{Thumbnail, ThumbnailSegment};
use crate::ui::theme::{OwnerPalette, mix, tokens_of_context};
use crate::ui::widgets::{hatch, outline, snap};

/// Size of a thumbnail with its strip.
pub(super) const SIZE: [f32; 2] = [112.0, 84.0];
/// Height of the strip of activity.
const STRIP: f32 = 12.0;

/// Segments as they end, and below them how much happened when.
pub(super) fn paint_thumbnail(painter: &Painter, rect: Rect, thumbnail: Option<&Thumbnail>) {
    let tokens = tokens_of_context(painter.ctx());
    let lanes = rect.with_max_y(rect.bottom() - STRIP - 6.0);
    let Some(thumbnail) = thumbnail.filter(|thumbnail| !thumbnail.segments.is_empty()) else {
        painter.rect_filled(lanes, 0.0, tokens.lane);
        outline(painter, lanes, 0.0, 1.0, tokens.separator);
        return;
    };
    // More than a handful of lanes would be lines.
    let shown = thumbnail.segments.len().min(4);
    let number = u16::try_from(shown).map_or(4.0, f32::from);
    let height = ((lanes.height() - 4.0 * (number - 1.0)) / number).max(6.0);
    let palette = OwnerPalette::new(thumbnail.owners.iter().map(String::as_str));
    let mut top = lanes.top();
    for segment in thumbnail.segments.iter().take(shown) {
        let lane = Rect::from_min_size(pos2(lanes.left(), top), vec2(lanes.width(), height));
        paint_lane(painter, snap(painter, lane), segment, &thumbnail.owners, &palette);
        top += height + 4.0;
    }
    paint_strip(painter, rect.with_min_y(rect.bottom() - STRIP), thumbnail);
}

fn paint_lane(
    painter: &Painter,
    lane: Rect,
    segment: &ThumbnailSegment,
    owners: &[String],
    palette: &OwnerPalette,
) {
    let tokens = tokens_of_context(painter.ctx());
    painter.rect_filled(lane, 0.0, tokens.lane);
    hatch(painter, lane, tokens.hatch, 5.0);
    // What lies in a pixel that is painted already is not painted over it.
    let pixel = 1.0 / painter.pixels_per_point();
    let mut painted = lane.left();
    for extent in &segment.extents {
        let from = lane.left() + lane.width() * ratio(extent.span.start(), segment.size);
        let to = lane.left() + lane.width() * ratio(extent.span.end(), segment.size);
        if to.max(from + 1.0) < painted + pixel {
            continue;
        }
        painted = to.max(from + 1.0);
        let owner = owners.get(extent.owner).map_or("", String::as_str);
        let owner = tokens.owner(palette.slot(owner));
        let block = Rect::from_x_y_ranges(from..=to.max(from + 1.0), lane.y_range());
        let block = snap(painter, block).intersect(lane);
        painter.rect_filled(block, 0.0, mix(tokens.lane, owner.color, 0.5));
        if block.width() >= 4.0 {
            painter.rect_filled(block.with_max_x(block.left() + 1.0), 0.0, tokens.lane);
        }
        painter.rect_filled(block.with_max_y(block.top() + 2.0), 0.0, owner.color);
    }
    outline(painter, lane, 0.0, 1.0, tokens.separator_strong);
}

fn paint_strip(painter: &Painter, rect: Rect, thumbnail: &Thumbnail) {
    let tokens = tokens_of_context(painter.ctx());
    let most = thumbnail.strip.iter().map(|bar| bar.bytes).max().unwrap_or(0);
    let bars = u16::try_from(thumbnail.strip.len()).map_or(1.0, f32::from).max(1.0);
    let step = rect.width() / bars;
    let mut left = rect.left();
    for bar in &thumbnail.strip {
        let height = (ratio(bar.bytes, most).sqrt() * rect.height()).max(2.0);
        let ink = if bar.is_bad { tokens.error } else { tokens.separator_strong };
        let area = Rect::from_min_max(
            pos2(left, rect.bottom() - height),
            pos2(left + (step - 1.0).max(1.0), rect.bottom()),
        );
        painter.rect_filled(snap(painter, area), 0.0, ink);
        left += step;
    }
}

fn ratio(part: u64, whole: u64) -> f32 {
    if whole == 0 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss)]
    let ratio = part as f64 / whole as f64;
    // Between 0 and 1.
    #[expect(clippy::cast_possible_truncation)]
    let ratio = ratio.clamp(0.0, 1.0) as f32;
    ratio
}
