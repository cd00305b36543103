//! Which of the saved sessions a filter leaves, and in which order they stand.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::session::catalogue::Shelf;

use super::saved::SavedSession;

/// Characters of the line on a card, about: two rows of the narrowest card.
const LINE: usize = 120;

/// What the start page shows of the saved sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Browsed {
    /// Indices of the sessions that are left, in the order of the page.
    pub shown: Vec<usize>,
    /// The parts of the page with the ranges of `shown` that they hold; none is empty.
    pub shelves: Vec<(Shelf, Range<usize>)>,
}

/// Leaves the sessions that have `tag` and all words of `filter`: in title, file name, tags, kinds
/// of command or notes, in whatever case.
#[must_use]
pub fn browse(sessions: &[SavedSession], tag: Option<&str>, filter: &str) -> Browsed {
    let filter = filter.to_lowercase();
    let words: Vec<&str> = filter.split_whitespace().collect();
    let mut browsed = Browsed::default();
    for (index, session) in sessions.iter().enumerate() {
        let tagged = tag.is_none_or(|tag| session.tags.iter().any(|one| one == tag));
        if !tagged || !has_words(session, &words) {
            continue;
        }
        let at = browsed.shown.len();
        browsed.shown.push(index);
        let shelf = session.embedded.shelf;
        match browsed.shelves.last_mut() {
            Some((last, range)) if *last == shelf => range.end = at + 1,
            _ => browsed.shelves.push((shelf, at..at + 1)),
        }
    }
    browsed
}

fn has_words(session: &SavedSession, words: &[&str]) -> bool {
    let has = |text: &str, word: &str| text.to_lowercase().contains(word);
    words.iter().all(|word| {
        has(&session.title, word)
            || has(session.embedded.file_name, word)
            || session.tags.iter().any(|tag| has(tag, word))
            || session.kinds.iter().any(|kind| has(kind, word))
            || has(&session.notes, word)
    })
}

/// The tags that at least so many sessions have with how many have each, the most frequent first;
/// others are left to the filter, which finds them too.
#[must_use]
pub fn tags(sessions: &[SavedSession], least: usize) -> Vec<(&str, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for tag in sessions.iter().flat_map(|session| &session.tags) {
        *counts.entry(tag).or_default() += 1;
    }
    let mut tags: Vec<(&str, usize)> =
        counts.into_iter().filter(|(_, count)| *count >= least).collect();
    tags.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    tags
}

/// The beginning of the notes for a card: as many whole sentences as two rows hold, at least one.
#[must_use]
pub fn line(notes: &str) -> &str {
    let mut end = notes.len();
    for (stop, _) in notes.match_indices(". ") {
        if stop < LINE || end == notes.len() {
            end = stop + 1;
        }
        if stop >= LINE {
            break;
        }
    }
    if notes.len() <= LINE { notes } else { notes.get(..end).unwrap_or(notes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Embedded;

    fn session(file_name: &'static str, shelf: Shelf, tags: &[&str]) -> SavedSession {
        SavedSession {
            embedded: Embedded { file_name, text: "", shelf },
            title: file_name.to_uppercase(),
            notes: String::from("Moves what Lies there."),
            tags: tags.iter().map(ToString::to_string).collect(),
            commands: 0,
            kinds: vec!["CreateProcess", "Submit"],
            thumbnail: None,
        }
    }

    fn four() -> [SavedSession; 4] {
        [
            session("one.ron", Shelf::Lessons, &["lesson", "banks"]),
            session("two.ron", Shelf::Lessons, &["lesson"]),
            session("three.ron", Shelf::Drivers, &["real driver", "once", "banks"]),
            session("four.ron", Shelf::Power, &["lesson", "power"]),
        ]
    }

    #[test]
    fn a_tag_and_words_leave_what_has_them_all_on_its_shelf() {
        let all = browse(&four(), None, "");
        assert_eq!(all.shown, [0, 1, 2, 3]);
        let shelves = [(Shelf::Lessons, 0..2), (Shelf::Drivers, 2..3), (Shelf::Power, 3..4)];
        assert_eq!(all.shelves, shelves);
        let lessons = browse(&four(), Some("lesson"), "");
        assert_eq!(lessons.shown, [0, 1, 3]);
        assert_eq!(lessons.shelves, [(Shelf::Lessons, 0..2), (Shelf::Power, 2..3)]);
        for (filter, shown) in [
            ("ONE.r", &[0][..]),
            ("  ", &[0, 1, 2, 3]),
            ("submit", &[0, 1, 2, 3]),
            ("lies real", &[2]),
            ("banks lesson", &[0]),
            ("absent", &[]),
        ] {
            assert_eq!(browse(&four(), None, filter).shown, shown, "{filter}");
        }
        assert!(browse(&four(), Some("banks"), "two").shelves.is_empty());
    }

    #[test]
    fn tags_are_counted_and_rare_ones_left_out() {
        assert_eq!(tags(&four(), 2), [("lesson", 3), ("banks", 2)]);
        assert_eq!(tags(&four(), 1).len(), 5);
    }

    #[test]
    fn a_card_has_whole_sentences_of_the_notes() {
        assert_eq!(line("Short. And sweet."), "Short. And sweet.");
        let sixty = "x".repeat(58);
        let three = format!("{sixty}. {sixty}. {sixty}.");
        assert_eq!(line(&three), format!("{sixty}. {sixty}."));
        let long = format!("{}. More.", "x".repeat(150));
        assert_eq!(line(&long), format!("{}.", "x".repeat(150)));
        assert_eq!(line(&"x".repeat(150)), "x".repeat(150));
    }
}
