//! Whether places lie in the text that they are told of.

use vidmm_inspector::session::TextPosition;

/// Panics where a place is not one of a text: lines from 1, characters of the line and its end.
pub(crate) fn assert_inside(text: &str, position: TextPosition, what: &dyn std::fmt::Display) {
    let line = usize::try_from(position.line).ok().and_then(|line| line.checked_sub(1));
    let line = line.and_then(|line| text.split('\n').nth(line));
    let characters = line.map(|line| line.chars().count() as u64 + 1);
    assert!(
        characters.is_some_and(|end| (1..=end).contains(&u64::from(position.column))),
        "not inside the text, whose line has places to {characters:?}: {what}"
    );
}
