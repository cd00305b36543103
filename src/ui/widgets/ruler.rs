//! Where the ticks of a ruler stand and what they say: pure numbers first, then paint.

use std::ops::Range;

use egui::{Align2, Painter, Rect, pos2};

use super::patterns::{snap_position, vertical_line};
use crate::base::text::count;
use crate::ui::theme::{self, size, tokens_of_context};

/// Most ticks a ruler has; more would be a texture.
const MOST_TICKS: u64 = 2_000;

/// A tick of a ruler.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The value it stands for.
    pub value: u64,
    /// Points from the ruler's left end.
    pub position: f32,
    /// What it says; small ticks say nothing.
    pub label: Option<String>,
}

/// Ticks of a ruler for addresses: `range` over `width` points, labels at least `label_gap`
/// points apart. Steps are powers of two; all labels have the same number of digits.
///
/// The end of the range has a tick where a step falls on it. Empty for an empty range.
#[must_use]
pub fn hexadecimal_ticks(range: Range<u64>, width: f32, label_gap: f32) -> Vec<Tick> {
    let Some(least) = least_step(&range, width, label_gap) else { return Vec::new() };
    let Some(step) = least.checked_next_power_of_two() else { return Vec::new() };
    let groups = groups_of(range.end);
    let label = |value| hexadecimal(value, groups);
    ticks(&range, width, step, (step / 4).max(1), label)
}

/// Ticks of a ruler for counted things: `range` over `width` points, labels at least `label_gap`
/// points apart. Steps are 1, 2 or 5 times a power of ten.
#[must_use]
pub fn decimal_ticks(range: Range<u64>, width: f32, label_gap: f32) -> Vec<Tick> {
    let Some(least) = least_step(&range, width, label_gap) else { return Vec::new() };
    let mut power = 1_u64;
    loop {
        for (factor, parts) in [(1, 5), (2, 4), (5, 5)] {
            let Some(step) = power.checked_mul(factor) else { return Vec::new() };
            if step >= least {
                return ticks(&range, width, step, (step / parts).max(1), count);
            }
        }
        let Some(next) = power.checked_mul(10) else { return Vec::new() };
        power = next;
    }
}

/// The least step that keeps labels apart.
fn least_step(range: &Range<u64>, width: f32, label_gap: f32) -> Option<u64> {
    let length = range.end.checked_sub(range.start).filter(|&length| length > 0)?;
    if !(width >= 1.0 && label_gap >= 1.0 && width.is_finite()) {
        return None;
    }
    // In 256ths of a point, so that the rest can be whole numbers.
    let (width, gap) = (fixed(width).max(1), fixed(label_gap));
    let step = (u128::from(length) * u128::from(gap)).div_ceil(u128::from(width));
    u64::try_from(step).ok().map(|step| step.max(1))
}

fn fixed(points: f32) -> u32 {
    // Between 0 and 2^24 by the clamp.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let fixed = (points * 256.0).clamp(0.0, 16_777_216.0) as u32;
    fixed
}

fn ticks(
    range: &Range<u64>,
    width: f32,
    step: u64,
    small: u64,
    label: impl Fn(u64) -> String,
) -> Vec<Tick> {
    let length = range.end - range.start;
    let small = if length / small > MOST_TICKS { step } else { small };
    let Some(first) = range.start.checked_next_multiple_of(small) else { return Vec::new() };
    let mut found = Vec::new();
    let mut value = first;
    while value <= range.end {
        let position = share(value - range.start, length) * width;
        let label = value.is_multiple_of(step).then(|| label(value));
        found.push(Tick { value, position, label });
        let Some(next) = value.checked_add(small) else { break };
        value = next;
    }
    found
}

/// `part` of `length` as a number of 0 to 1, exact to a pixel for any two.
fn share(part: u64, length: u64) -> f32 {
    let parts = (u128::from(part) << 24) / u128::from(length.max(1));
    let parts = u32::try_from(parts).unwrap_or(1 << 24).min(1 << 24);
    // Both numbers are exact in the type: at most 2^24.
    #[expect(clippy::cast_precision_loss)]
    let share = parts as f32 / 16_777_216.0;
    share
}

fn groups_of(value: u64) -> usize {
    // Two groups at least, as addresses have everywhere else in the window.
    (2..4).find(|groups| value >> (16 * groups) == 0).unwrap_or(4)
}

fn hexadecimal(value: u64, groups: usize) -> String {
    let mut text = String::from("0x");
    for group in (0..groups).rev() {
        text.push_str(&format!("{:04X}", (value >> (16 * group)) & 0xFFFF));
        if group > 0 {
            text.push('_');
        }
    }
    text
}

/// Paints `ticks` hanging from the top of `rect`, which is as wide as they were made for; labels
/// at either end stay inside.
pub fn paint_ticks(painter: &Painter, rect: Rect, ticks: &[Tick]) {
    let tokens = tokens_of_context(painter.ctx());
    let mut free_from = f32::NEG_INFINITY;
    for tick in ticks {
        let x = snap_position(painter, rect.left() + tick.position).min(rect.right() - 1.0);
        let length = if tick.label.is_some() { 5.0 } else { 3.0 };
        vertical_line(painter, x, rect.top(), rect.top() + length, tokens.separator_strong);
        let Some(label) = &tick.label else { continue };
        let font = theme::text::monospace(size::MONO_TINY);
        let galley = painter.layout_no_wrap(label.clone(), font, tokens.text_faint);
        let half = galley.size().x / 2.0;
        let least = (rect.left() + half).min(rect.right() - half);
        let middle = x.clamp(least, (rect.right() - half).max(least));
        if middle - half < free_from {
            continue;
        }
        free_from = middle + half + 4.0;
        let at = pos2(middle, rect.top() + 12.0);
        theme::text::paint_galley(painter, at, Align2::CENTER_CENTER, galley, tokens.text_faint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().filter_map(|tick| tick.label.as_deref()).collect()
    }

    #[test]
    fn addresses_step_by_powers_of_two() {
        // 256 MiB over 800 points with 150 between labels: 48 MiB at least, so 64 MiB.
        let ticks = hexadecimal_ticks(0..0x1000_0000, 800.0, 150.0);
        assert_eq!(
            labels(&ticks),
            ["0x0000_0000", "0x0400_0000", "0x0800_0000", "0x0C00_0000", "0x1000_0000"]
        );
        assert_eq!(ticks.len(), 17);
        assert_eq!(ticks[1].value, 0x0100_0000);
        assert!((ticks[1].position - 50.0).abs() < 0.01);
        assert!((ticks[16].position - 800.0).abs() < 0.01);
    }

    #[test]
    fn a_window_into_a_range_has_ticks_at_round_places() {
        let ticks = hexadecimal_ticks(0x1_2345..0x1_5432, 600.0, 120.0);
        // 12,525 bytes, 2,505 to a label at least: 4 KiB.
        assert_eq!(labels(&ticks), ["0x0001_3000", "0x0001_4000", "0x0001_5000"]);
        let expected = 600.0 * f32::from(0x0CBB_u16) / f32::from(0x30ED_u16);
        let third = ticks.iter().find(|tick| tick.value == 0x1_3000).map(|tick| tick.position);
        assert!((third.unwrap_or(0.0) - expected).abs() < 0.01);
    }

    #[test]
    fn counts_step_by_one_two_or_five() {
        assert_eq!(labels(&decimal_ticks(0..412, 1100.0, 100.0)).len(), 9);
        assert_eq!(
            labels(&decimal_ticks(0..412, 1100.0, 100.0)),
            ["0", "50", "100", "150", "200", "250", "300", "350", "400"]
        );
        assert_eq!(labels(&decimal_ticks(0..3, 300.0, 90.0)), ["0", "1", "2", "3"]);
        assert_eq!(
            labels(&decimal_ticks(998_000..1_003_000, 500.0, 90.0))[..2],
            ["998,000", "999,000"]
        );
    }

    #[test]
    fn extreme_ranges_end() {
        let ticks = hexadecimal_ticks(0..u64::MAX, 1000.0, 200.0);
        assert_eq!(labels(&ticks)[1], "0x4000_0000_0000_0000");
        let small = hexadecimal_ticks(u64::MAX - 1..u64::MAX, 100.0, 300.0);
        assert_eq!((small.len(), labels(&small).len()), (2, 0));
        let last = hexadecimal_ticks(u64::MAX - 1..u64::MAX, 1000.0, 100.0);
        assert_eq!(last.len(), 2);
        assert!(decimal_ticks(0..u64::MAX, 1000.0, 100.0).len() > 3);
        for (range, width) in [(5..5, 10.0), (0..9, 0.0), (0..9, f32::NAN), (0..9, -4.0)] {
            assert!(hexadecimal_ticks(range.clone(), width, 50.0).is_empty());
            assert!(decimal_ticks(range, width, 50.0).is_empty());
        }
    }

    #[test]
    fn labels_keep_their_distance_whatever_the_range() {
        for length in [1, 7, 100, 4096, 65_537, 1 << 40, u64::MAX - 3] {
            for gap in [30.0, 77.0, 400.0] {
                for ticks in [
                    hexadecimal_ticks(3..3 + length, 640.0, gap),
                    decimal_ticks(3..3 + length, 640.0, gap),
                ] {
                    assert!(ticks.len() <= 2_002);
                    let labelled: Vec<f32> = ticks
                        .iter()
                        .filter(|tick| tick.label.is_some())
                        .map(|tick| tick.position)
                        .collect();
                    let apart = labelled.windows(2).all(|pair| pair[1] - pair[0] > gap - 0.1);
                    assert!(apart, "{length} {gap}");
                }
            }
        }
    }
}
