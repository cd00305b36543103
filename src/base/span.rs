//! Half-open ranges of addresses, offsets or pages.

use std::fmt;

/// The range `start..end`; `start <= end` always holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    start: u64,
    end: u64,
}

impl Span {
    /// The range from `start` to before `end`, or `None` when that is backwards.
    #[must_use]
    pub const fn new(start: u64, end: u64) -> Option<Self> {
        if start <= end { Some(Self { start, end }) } else { None }
    }

    /// `len` positions from `start`, or `None` when the end is beyond `u64`.
    #[must_use]
    pub const fn at(start: u64, len: u64) -> Option<Self> {
        match start.checked_add(len) {
            Some(end) => Some(Self { start, end }),
            None => None,
        }
    }

    /// The range `0..len`.
    #[must_use]
    pub const fn whole(len: u64) -> Self {
        Self { start: 0, end: len }
    }

    /// First position.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.start
    }

    /// Position after the last.
    #[must_use]
    pub const fn end(self) -> u64 {
        self.end
    }

    /// Number of positions.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.end - self.start
    }

    /// Whether there is no position in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `position` lies in it.
    #[must_use]
    pub const fn contains(self, position: u64) -> bool {
        self.start <= position && position < self.end
    }

    /// Whether all of `other` lies in it. An empty range lies in every range that touches it.
    #[must_use]
    pub const fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share a position.
    #[must_use]
    pub const fn overlaps(self, other: Self) -> bool {
        let start = if self.start > other.start { self.start } else { other.start };
        let end = if self.end < other.end { self.end } else { other.end };
        start < end
    }

    /// What the two share, if anything.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        self.overlaps(other)
            .then(|| Self { start: self.start.max(other.start), end: self.end.min(other.end) })
    }
}

impl fmt::Display for Span {
    /// `0x1000–0x1FFF`, both ends inclusive, as the kit and its readers write ranges.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return write!(f, "empty at {}", super::text::hex(self.start));
        }
        write!(f, "{}–{}", super::text::hex(self.start), super::text::hex(self.end - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u64, end: u64) -> Span {
        Span::new(start, end).expect("written in order")
    }

    #[test]
    fn neighbours_do_not_overlap() {
        assert!(!span(0, 4).overlaps(span(4, 8)));
        assert_eq!(span(0, 5).intersection(span(4, 8)), Some(span(4, 5)));
        assert!(!span(2, 2).overlaps(span(0, 8)), "an empty range shares no position");
    }

    #[test]
    fn ends_beyond_u64_and_backward_ranges_are_refused() {
        assert_eq!(Span::at(u64::MAX, 1), None);
        assert_eq!(Span::at(u64::MAX - 1, 1).map(Span::end), Some(u64::MAX));
        assert_eq!(Span::new(2, 1), None);
    }
}
