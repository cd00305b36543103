//! The lines of the list, and where they lie.

use crate::rules::Severity;

/// Height of a heading.
pub(super) const HEADING: f32 = 22.0;
/// Height of a finding: two lines and what divides it from the next.
pub(super) const ROW: f32 = 38.0;

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// How many of a severity follow.
    Heading(Severity, u64),
    /// A finding, by its number among those that are shown.
    Finding(usize),
}

/// The lines of findings that are sorted by severity, of which there are `counts`.
pub(super) fn lines(counts: &[(Severity, u64)]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut next = 0;
    for (severity, count) in counts {
        lines.push(Line::Heading(*severity, *count));
        let end = next + usize::try_from(*count).unwrap_or(0);
        lines.extend((next..end).map(Line::Finding));
        next = end;
    }
    lines
}

/// Where the heading or finding before a finding begins, so that it is seen with what is above it.
pub(super) fn offset_of(lines: &[Line], finding: usize) -> Option<f32> {
    let at = lines.iter().position(|line| *line == Line::Finding(finding))?;
    let before = lines.iter().take(at.saturating_sub(1));
    Some(before.map(|line| height(*line)).sum())
}

/// Height of a line.
pub(super) const fn height(line: Line) -> f32 {
    match line {
        Line::Finding(_) => ROW,
        Line::Heading(..) => HEADING,
    }
}

/// How many lines lie above `top` altogether, and their height together.
pub(super) fn lines_above(lines: &[Line], top: f32) -> (usize, f32) {
    let (mut count, mut above) = (0, 0.0);
    for line in lines {
        if above + height(*line) > top {
            break;
        }
        above += height(*line);
        count += 1;
    }
    (count, above)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_stand_before_their_findings() {
        let lines = lines(&[(Severity::Error, 2), (Severity::Note, 1)]);
        let expected = [
            Line::Heading(Severity::Error, 2),
            Line::Finding(0),
            Line::Finding(1),
            Line::Heading(Severity::Note, 1),
            Line::Finding(2),
        ];
        assert_eq!(lines, expected);
        // A heading of 22 and two findings of 38 points lie above the second heading.
        assert_eq!(offset_of(&lines, 0), Some(0.0));
        assert_eq!(offset_of(&lines, 1), Some(22.0));
        assert_eq!(offset_of(&lines, 2), Some(98.0));
        assert_eq!(offset_of(&lines, 3), None);
        assert_eq!(lines_above(&lines, 0.0), (0, 0.0));
        assert_eq!(lines_above(&lines, 21.0), (0, 0.0));
        assert_eq!(lines_above(&lines, 61.0), (2, 60.0));
        assert_eq!(lines_above(&lines, 1000.0), (5, 158.0));
    }
}
