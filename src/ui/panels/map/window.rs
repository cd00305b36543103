//! The part of a segment that a lane shows: zooming and panning, in whole numbers.

use crate::base::{PAGE_SIZE, Span};

/// The least that can be shown: a page, or the segment where it is smaller.
fn least(whole: u64) -> u64 {
    PAGE_SIZE.min(whole)
}

/// `share` of 0 to 1 of a length.
fn part(length: u64, share: f64) -> u64 {
    // At most `length`: the share is clamped, and the cast saturates.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let part = (length as f64 * share.clamp(0.0, 1.0)) as u64;
    part.min(length)
}

fn placed(start: u64, length: u64, whole: u64) -> Span {
    let length = length.clamp(least(whole), whole);
    let start = start.min(whole - length);
    Span::at(start, length).unwrap_or_default()
}

/// `window` inside a segment of `whole` bytes; `None` when it shows all of it.
pub(super) fn clamped(window: Span, whole: u64) -> Option<Span> {
    let window = placed(window.start(), window.len(), whole);
    (window.len() < whole).then_some(window)
}

/// `window` magnified by `factor`, above 1 for closer, so that what is at `share` (0 to 1) of its
/// width stays there.
pub(super) fn zoomed(window: Span, whole: u64, share: f64, factor: f64) -> Span {
    if !factor.is_finite() || factor <= 0.0 || whole == 0 {
        return window;
    }
    let length = if factor >= 1.0 {
        part(window.len(), 1.0 / factor)
    } else {
        // Growing is the share of the new length that the old one has, the other way round.
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss
        )]
        let grown = (window.len() as f64 / factor) as u64;
        grown.min(whole)
    };
    let length = length.clamp(least(whole), whole);
    let fixed = window.start().saturating_add(part(window.len(), share));
    if length == least(whole) {
        // Nothing is closer than the one page under the pointer.
        return placed(fixed.min(whole - 1) / PAGE_SIZE * PAGE_SIZE, length, whole);
    }
    placed(fixed.saturating_sub(part(length, share)), length, whole)
}

/// `window` moved by `share` of its width, to higher addresses where that is positive.
pub(super) fn panned(window: Span, whole: u64, share: f64) -> Span {
    let mut start = window.start();
    let mut rest = share.abs().min(64.0);
    while rest > 0.0 {
        let step = part(window.len(), rest);
        start = if share > 0.0 { start.saturating_add(step) } else { start.saturating_sub(step) };
        rest -= 1.0;
    }
    placed(start, window.len(), whole)
}

/// A window that shows `span` with a quarter of its length on each side, and at least `least`.
pub(super) fn around(span: Span, whole: u64, least: u64) -> Span {
    let length = span.len().saturating_add(span.len() / 2).max(least);
    let before = (length - span.len().min(length)) / 2;
    placed(span.start().saturating_sub(before), length, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u64, end: u64) -> Span {
        Span::new(start, end).expect("in order")
    }

    #[test]
    fn zooming_keeps_what_is_under_the_pointer() {
        let whole = 1 << 30;
        let window = zoomed(Span::whole(whole), whole, 0.25, 4.0);
        assert_eq!(window, span((1 << 28) - (1 << 26), (1 << 28) - (1 << 26) + (1 << 28)));
        let back = zoomed(window, whole, 0.25, 0.25);
        assert_eq!(back, Span::whole(whole));
    }

    #[test]
    fn zooming_ends_at_a_page_and_at_the_whole() {
        for whole in [24 << 30, 1_u64 << 63, u64::MAX - 4095] {
            let mut window = Span::whole(whole);
            for _ in 0..100 {
                window = zoomed(window, whole, 1.0, 3.0);
            }
            assert_eq!(window, span(whole - 4096, whole));
            for _ in 0..100 {
                window = zoomed(window, whole, 0.5, 0.3);
            }
            assert_eq!(window, Span::whole(whole));
        }
        assert_eq!(zoomed(Span::whole(100), 100, 0.5, 9.0), Span::whole(100));
        assert_eq!(zoomed(span(5, 9), 100, 0.5, f64::NAN), span(5, 9));
    }

    #[test]
    fn panning_stops_at_both_ends() {
        let window = span(10_000, 20_000);
        assert_eq!(panned(window, 100_000, 0.5), span(15_000, 25_000));
        assert_eq!(panned(window, 100_000, -2.5), span(0, 10_000));
        assert_eq!(panned(window, 100_000, 9.0), span(90_000, 100_000));
    }

    #[test]
    fn a_block_is_shown_with_its_neighbourhood() {
        assert_eq!(around(span(40_000, 80_000), 1 << 20, 0), span(30_000, 90_000));
        assert_eq!(around(span(0, 4096), 1 << 20, 65_536), span(0, 65_536));
        assert_eq!(clamped(Span::whole(500), 500), None);
        assert_eq!(clamped(span(90_000, 200_000), 100_000), None, "longer than the segment");
        assert_eq!(clamped(span(96_000, 106_000), 100_000), Some(span(90_000, 100_000)));
    }
}
