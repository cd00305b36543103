//! Where the charts and the table beside them lie, and what stretch of the run they show.

use egui::{Rect, pos2, vec2};

/// Height of the title and legend of a chart.
pub(super) const TITLE: f32 = 20.0;
/// Least height of a chart, title and axis included.
pub(super) const LEAST: f32 = 118.0;
/// Least width of one of two charts side by side.
const NARROWEST: f32 = 250.0;
/// Width of the table beside the charts.
const TABLE: f32 = 316.0;
/// Height of the table where it stands below them: a header, up to eight segments, the rest.
const TABLE_BELOW: f32 = 300.0;

/// Where everything lies, from the upper left corner of what is scrolled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) charts: [Rect; 4],
    pub(super) table: Rect,
    pub(super) height: f32,
}

/// Lays four charts and the table out in `width` by `height`: as many beside each other as have
/// room, more height than there is where they would become too low to be read.
pub(super) fn layout(width: f32, height: f32) -> Layout {
    let beside = width >= TABLE + 2.0 * NARROWEST;
    let room = if beside { width - TABLE } else { width };
    let columns = if height < 4.0 * LEAST && room >= 2.0 * NARROWEST { 2 } else { 1 };
    let rows = if columns == 2 { 2.0 } else { 4.0 };
    let tall = (height / rows).floor().max(LEAST);
    let wide = (room / if columns == 2 { 2.0 } else { 1.0 }).floor();
    let cell = |index: usize| {
        let (row, column) = (index / columns, index % columns);
        #[expect(clippy::cast_precision_loss)]
        let at = pos2(wide * column as f32, tall * row as f32);
        Rect::from_min_size(at, vec2(wide, tall))
    };
    let charts = [cell(0), cell(1), cell(2), cell(3)];
    let below = tall * rows;
    let (table, height) = if beside {
        let height = below.max(height);
        (Rect::from_min_max(pos2(room, 0.0), pos2(width, height)), height)
    } else {
        let table = Rect::from_min_size(pos2(0.0, below), vec2(width, TABLE_BELOW));
        (table, below + TABLE_BELOW)
    };
    Layout { charts, table, height }
}

/// The stretch that is shown, `whole` where nothing is zoomed.
pub(super) type Stretch = (u64, u64);

/// Least length of a stretch: closer, there is nothing more to see.
const SHORTEST: u64 = 4;

/// Zooms a stretch by `factor` round the point at `share` of its length; `None` for the whole.
pub(super) fn zoomed(shown: Stretch, whole: Stretch, share: f64, factor: f64) -> Option<Stretch> {
    let len = float(shown.1.saturating_sub(shown.0));
    let most = float(whole.1.saturating_sub(whole.0));
    if !factor.is_finite() || factor <= 0.0 {
        return Some(shown);
    }
    let wanted = (len / factor).clamp(float(SHORTEST).min(most), most.max(1.0));
    if wanted >= most {
        return None;
    }
    let fixed = float(shown.0) + len * share.clamp(0.0, 1.0);
    Some(fitted(fixed - wanted * share.clamp(0.0, 1.0), wanted, whole))
}

/// Moves a stretch by `share` of its length.
pub(super) fn panned(shown: Stretch, whole: Stretch, share: f64) -> Stretch {
    let len = float(shown.1.saturating_sub(shown.0));
    fitted(float(shown.0) + len * share, len, whole)
}

/// The stretch moved so that `at` is inside, a tenth from the edge.
pub(super) fn followed(shown: Stretch, whole: Stretch, at: u64) -> Stretch {
    if (shown.0..=shown.1).contains(&at) {
        return shown;
    }
    let len = float(shown.1.saturating_sub(shown.0));
    let share = if at < shown.0 { 0.1 } else { 0.9 };
    fitted(float(at) - len * share, len, whole)
}

/// A stretch of this length inside the whole.
fn fitted(from: f64, len: f64, whole: Stretch) -> Stretch {
    let len = whole_number(len).max(1);
    let latest = whole.1.saturating_sub(len).max(whole.0);
    let from = whole_number(from).clamp(whole.0, latest);
    (from, from.saturating_add(len))
}

/// A position as charts count: rounded beyond 2^53, which no run reaches.
pub(super) fn float(position: u64) -> f64 {
    #[expect(clippy::cast_precision_loss)]
    let float = position as f64;
    float
}

/// The position nearest to a number; 0 for one below.
pub(super) fn whole_number(number: f64) -> u64 {
    // Rust's conversion keeps to the ends of the range.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let position = number.round() as u64;
    position
}

/// Upper end of a scale that shows values up to `most` and a limit, unless the limit is so far
/// that the values could not be told apart below it.
pub(super) fn scale_top(most: u64, limit: u64) -> u64 {
    let top = if limit / 8 <= most { limit.max(most) } else { most };
    top.saturating_add(top / 12).max(1)
}

/// A step of a power of two bytes that divides `top` into four parts at most.
pub(super) fn byte_step(top: u64) -> u64 {
    (top / 4).max(1).checked_next_power_of_two().unwrap_or(1 << 63)
}

/// A step of 1, 2 or 5 times a power of ten, `parts` of which at most cover `len`.
pub(super) fn decimal_step(len: u64, parts: u64) -> u64 {
    let least = len.div_ceil(parts.max(1)).max(1);
    let mut power: u64 = 1;
    loop {
        for times in [1, 2, 5] {
            match power.checked_mul(times) {
                Some(step) if step >= least => return step,
                Some(_) => {}
                None => return u64::MAX,
            }
        }
        let Some(next) = power.checked_mul(10) else { return u64::MAX };
        power = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_share_the_space_and_never_overlap() {
        for width in [300.0, 440.0, 560.0, 864.0, 1600.0] {
            for height in [82.0, 240.0, 480.0, 900.0] {
                let layout = layout(width, height);
                assert!(layout.height >= height, "{width} x {height}");
                let parts = layout.charts.iter().chain([&layout.table]);
                let parts: Vec<Rect> = parts.copied().collect();
                for (index, part) in parts.iter().enumerate() {
                    assert!(part.width() > 0.0 && part.right() <= width, "{width}: {part}");
                    assert!(part.bottom() <= layout.height, "{width} x {height}: {part}");
                    for other in parts.iter().skip(index + 1) {
                        assert!(!part.shrink(0.5).intersects(other.shrink(0.5)), "{part} {other}");
                    }
                }
                assert!(layout.charts.iter().all(|chart| chart.height() >= LEAST));
            }
        }
        // The usual window: two by two beside the table. A large one: one above the other.
        assert!((layout(864.0, 240.0).charts[1].top() - 0.0).abs() < 0.1);
        assert!(layout(864.0, 900.0).charts[1].top() > 200.0);
    }

    #[test]
    fn stretches_stay_inside_the_whole() {
        let whole = (0, 1_000);
        assert_eq!(zoomed(whole, whole, 0.5, 2.0), Some((250, 750)));
        assert_eq!(zoomed((250, 750), whole, 0.0, 2.0), Some((250, 500)));
        assert_eq!(zoomed((250, 750), whole, 0.5, 0.5), None, "that is all of it");
        assert_eq!(zoomed((100, 110), whole, 0.5, 100.0), Some((103, 107)));
        assert_eq!(zoomed(whole, whole, 0.5, f64::NAN), Some(whole));
        assert_eq!(panned((250, 750), whole, 0.5), (500, 1_000));
        assert_eq!(panned((250, 750), whole, -2.0), (0, 500));
        assert_eq!(followed((100, 200), whole, 150), (100, 200));
        assert_eq!(followed((100, 200), whole, 300), (210, 310));
        assert_eq!(followed((100, 200), whole, 50), (40, 140));
        assert_eq!(followed((100, 200), whole, 0), (0, 100));
        assert_eq!(followed((100, 200), whole, 1_000), (900, 1_000));
    }

    #[test]
    fn scales_show_a_limit_that_is_near() {
        assert_eq!(scale_top(96, 120), 130);
        assert_eq!(scale_top(12, 1_000), 13, "the limit is too far");
        assert_eq!(scale_top(0, 0), 1);
        assert_eq!(byte_step(16 << 20), 4 << 20);
        assert_eq!(byte_step(17 << 20), 8 << 20);
        assert_eq!(byte_step(u64::MAX), 1 << 62);
        assert_eq!(decimal_step(21, 5), 5);
        assert_eq!(decimal_step(1_000, 4), 500);
        assert_eq!(decimal_step(0, 4), 1);
        assert_eq!(decimal_step(u64::MAX, 1), u64::MAX);
    }
}
