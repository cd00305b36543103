//! How well a text fits what somebody typed: pure numbers, the higher the better.
//!
//! Each word that was typed must fit somewhere. Letters are compared without regard to case where
//! they are ASCII.

use std::ops::Range;

/// The text is the word.
const WHOLE: i32 = 120;
/// The text begins with it.
const BEGINS: i32 = 100;
/// A word of the text is it.
const WORD: i32 = 90;
/// A word of the text begins with it.
const WORD_BEGINS: i32 = 80;
/// It stands inside a word.
const INSIDE: i32 = 50;
/// Its letters stand in the text in this order, from the beginning of a word on.
const SCATTERED: i32 = 40;
/// What a jump from letter to letter costs, and one to the beginning of a word.
const JUMP: [i32; 2] = [6, 2];
/// Jumps may cost this much.
const MOST_JUMPS: i32 = 18;
/// What a word counts at most that is found only in another name of what the text names.
pub const NAMED_BESIDE: i32 = 30;
/// The same of one that is found only in a sentence about it.
pub const TOLD_BESIDE: i32 = 12;

/// What was typed, as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    words: Vec<String>,
}

impl Query {
    /// The words of what was typed.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        Self { words: typed.split_whitespace().map(str::to_ascii_lowercase).collect() }
    }

    /// Whether nothing was typed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How well `text` fits; `None` where it does not. What stands `beside` it counts less: a word
    /// that is found only there `most` at most.
    #[must_use]
    pub fn score(&self, text: &str, beside: &[&str], most: i32) -> Option<i32> {
        let mut sum = 0;
        for word in &self.words {
            let own = find(text, word).map(|found| found.score);
            let other = || {
                let found = beside.iter().filter_map(|text| literal(text, word));
                found
                    .max_by_key(|found| found.score)
                    .map(|found| found.score - INSIDE + NAMED_BESIDE / 2)
            };
            sum += own.or_else(|| other().map(|score| score.min(most)))?;
        }
        // Of two that fit alike, the shorter is meant.
        let long = i32::try_from(text.len() / 8).unwrap_or(i32::MAX).min(10);
        Some(sum - long)
    }

    /// The parts of `text` that fit, in bytes, in order and apart.
    #[must_use]
    pub fn marks(&self, text: &str) -> Vec<Range<usize>> {
        let mut marks: Vec<Range<usize>> =
            self.words.iter().filter_map(|word| find(text, word)).flat_map(|it| it.marks).collect();
        marks.sort_by_key(|mark| mark.start);
        let mut apart: Vec<Range<usize>> = Vec::new();
        for mark in marks {
            match apart.last_mut() {
                Some(last) if mark.start <= last.end => last.end = last.end.max(mark.end),
                _ => apart.push(mark),
            }
        }
        apart
    }
}

/// Where and how well a word fits.
struct Found {
    score: i32,
    marks: Vec<Range<usize>>,
}

fn find(text: &str, word: &str) -> Option<Found> {
    literal(text, word).or_else(|| scattered(text, word))
}

/// The best place of the word as it stands.
fn literal(text: &str, word: &str) -> Option<Found> {
    let (bytes, wanted) = (text.as_bytes(), word.as_bytes());
    let mut best: Option<Found> = None;
    for (start, window) in bytes.windows(wanted.len().max(1)).enumerate() {
        if !window.eq_ignore_ascii_case(wanted) {
            continue;
        }
        let end = start + wanted.len();
        let ends = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        let score = match (start, begins_word(bytes, start), ends) {
            (0, ..) if end == bytes.len() => WHOLE,
            (0, ..) => BEGINS,
            (_, true, true) => WORD,
            (_, true, false) => WORD_BEGINS,
            _ => INSIDE,
        };
        if best.as_ref().is_none_or(|best| best.score < score) {
            best = Some(Found { score, marks: std::iter::once(start..end).collect() });
        }
        if score >= BEGINS {
            break;
        }
    }
    best
}

fn begins_word(bytes: &[u8], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|before| bytes.get(before)) else { return true };
    let upper = bytes.get(at).is_some_and(u8::is_ascii_uppercase);
    !before.is_ascii_alphanumeric() || (before.is_ascii_lowercase() && upper)
}

/// The letters of the word one after another, with few jumps between them.
fn scattered(text: &str, word: &str) -> Option<Found> {
    let bytes = text.as_bytes();
    if word.len() < 2 || !word.is_ascii() {
        return None;
    }
    let first = word.as_bytes().first()?;
    let starts = (0..bytes.len()).filter(|at| {
        bytes.get(*at).is_some_and(|byte| byte.eq_ignore_ascii_case(first))
            && begins_word(bytes, *at)
    });
    let tried = starts.take(4).filter_map(|start| scattered_from(bytes, word.as_bytes(), start));
    tried.max_by_key(|found| found.score)
}

fn scattered_from(bytes: &[u8], word: &[u8], start: usize) -> Option<Found> {
    let mut marks: Vec<Range<usize>> = std::iter::once(start..start + 1).collect();
    let (mut at, mut cost) = (start + 1, 0);
    for letter in word.iter().skip(1) {
        let fits =
            |index: &usize| bytes.get(*index).is_some_and(|byte| byte.eq_ignore_ascii_case(letter));
        let begins = (at..bytes.len()).find(|index| fits(index) && begins_word(bytes, *index));
        let next = if fits(&at) {
            at
        } else if let Some(begins) = begins {
            // From word to word, past nothing but the space between them, is no jump.
            let passed = bytes.get(at..begins).unwrap_or_default();
            cost += if passed.iter().any(u8::is_ascii_alphanumeric) { JUMP[1] } else { 0 };
            begins
        } else {
            cost += JUMP[0];
            (at..bytes.len()).find(fits)?
        };
        if cost > MOST_JUMPS {
            return None;
        }
        match marks.last_mut() {
            Some(last) if last.end == next => last.end = next + 1,
            _ => marks.push(next..next + 1),
        }
        at = next + 1;
    }
    Some(Found { score: SCATTERED - cost, marks })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(typed: &str, text: &str) -> Option<i32> {
        Query::new(typed).score(text, &[], NAMED_BESIDE)
    }

    /// The figures above, less one for each eight bytes of the text.
    #[test]
    fn scores_in_numbers() {
        let table = [
            ("undo", "Undo", Some(120)),
            ("zoom", "Zoom to selection", Some(100 - 2)),
            ("selection", "Zoom to selection", Some(90 - 2)),
            ("sel", "Zoom to selection", Some(80 - 2)),
            ("lect", "Zoom to selection", Some(50 - 2)),
            // From `z` to the beginnings of two words, past letters both times.
            ("zts", "Zoom to selection", Some(40 - 2 * 2 - 2)),
            ("createallocation", "Create allocation", Some(40 - 2)),
            // One jump inside a word.
            ("zm", "Zoom", Some(40 - 6)),
            ("oz", "Zoom", None),
            ("x", "Zoom", None),
            ("", "Zoom", Some(0)),
            ("to zoom", "Zoom to selection", Some(90 + 100 - 2)),
            ("zoom x", "Zoom to selection", None),
            ("exe", "gameExe", Some(90)),
            ("é", "né", Some(50)),
        ];
        for (typed, text, expected) in table {
            assert_eq!(score(typed, text), expected, "{typed:?} in {text:?}");
        }
    }

    #[test]
    fn what_stands_beside_counts_less_than_anything_in_the_text() {
        let query = Query::new("tour");
        let beside =
            query.score("First steps", &["tour.ron"], NAMED_BESIDE).expect("it stands beside");
        assert_eq!(beside, 30 - 1);
        assert_eq!(query.score("First steps", &["detour"], NAMED_BESIDE), Some(15 - 1));
        assert_eq!(query.score("First steps", &["tour.ron"], TOLD_BESIDE), Some(12 - 1));
        assert!(score("lect", "Zoom to selection").is_some_and(|inside| inside > beside));
        assert_eq!(query.score("First steps", &["other"], NAMED_BESIDE), None);
    }

    #[test]
    fn what_fits_is_marked_once() {
        let marks = |typed: &str, text: &str| -> Vec<(usize, usize)> {
            let marks = Query::new(typed).marks(text).into_iter();
            marks.map(|mark| (mark.start, mark.end)).collect()
        };
        assert_eq!(marks("zoom", "Zoom to selection"), [(0, 4)]);
        assert_eq!(marks("zts", "Zoom to selection"), [(0, 1), (5, 6), (8, 9)]);
        assert_eq!(marks("zoo oom", "Zoom"), [(0, 4)]);
        assert!(marks("é", "né").iter().all(|(start, end)| "né".get(*start..*end).is_some()));
        assert!(marks("", "Zoom").is_empty());
    }
}
