//! What the panel says, line by line, for other programs.

use super::card::{Card, Line};
use super::{SelectionState, card_of};
use crate::analysis::export::Cell;
use crate::app::{Item, View};
use crate::ui::panels::export::Source;

const COLUMNS: [&str; 5] = ["section", "step", "name", "value", "note"];

impl SelectionState {
    /// The lines of what is selected, or of the current step.
    pub(crate) fn source(view: &View<'_>) -> Source {
        let item = view.selected.unwrap_or(Item::Step(view.place));
        Source::of(&COLUMNS, rows(&card_of(view, item)))
    }
}

fn rows(card: &Card) -> Vec<Vec<Cell>> {
    let mut rows = vec![vec![
        Cell::Empty,
        Cell::Empty,
        Cell::text(card.title.as_str()),
        Cell::some_text(card.subtitle.as_str()),
        Cell::some_text(card.summary.as_str()),
    ]];
    for section in &card.sections {
        for line in &section.lines {
            let [step, name, value, note] = cells(line);
            rows.push(vec![Cell::text(section.title.as_str()), step, name, value, note]);
        }
    }
    rows
}

/// Step, name, value and note of a line.
fn cells(line: &Line) -> [Cell; 4] {
    let text = |words: &str| Cell::some_text(words);
    match line {
        Line::Fact(fact) => [Cell::Empty, text(fact.key), text(&fact.value), text(&fact.note)],
        Line::Text(_, words) => [Cell::Empty, Cell::Empty, text(words), Cell::Empty],
        Line::Candidate(candidate) => {
            let victims: Vec<String> = candidate
                .victims
                .iter()
                .map(|victim| format!("{} leaves: {}", victim.name, victim.text))
                .collect();
            let name = format!("{} {}", candidate.pass, candidate.title);
            [Cell::Empty, Cell::Text(name), text(&candidate.numbers), text(&victims.join("; "))]
        }
        Line::Event { place, text: words, .. } => {
            [Cell::Text(place.to_string()), Cell::Empty, text(words), Cell::Empty]
        }
        Line::Link { name, text: words, .. } => [Cell::Empty, text(name), text(words), Cell::Empty],
        Line::Bytes { offset, bytes } => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            let at = crate::analysis::export::plain_hex(*offset);
            [Cell::Empty, Cell::Text(at), Cell::Text(digits), Cell::Empty]
        }
    }
}
