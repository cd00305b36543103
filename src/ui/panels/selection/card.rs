//! What the panel says about the selection, as plain data that can be tested without a window.

use crate::analysis::explain::CandidateLine;
use crate::app::{Action, Item, View};
use crate::base::AllocationId;
use crate::machine::Place;
use crate::ui::widgets::Tone;

/// Things of one kind that are listed before the rest is only counted.
pub(super) const LISTED: usize = 12;

/// Everything about one item.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Card {
    /// The process whose colour stands before the title.
    pub(super) owner: Option<String>,
    pub(super) title: String,
    pub(super) subtitle: String,
    /// A sentence below the title.
    pub(super) summary: String,
    pub(super) sections: Vec<Section>,
}

/// Lines under a title.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) note: String,
    /// A search for room, and the step at which it was made. It stands on a ground of its own: the
    /// question that the program exists for.
    pub(super) decided: Option<Place>,
    pub(super) lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    /// A name and a value.
    Fact(Fact),
    /// A sentence, as many lines as it takes.
    Text(Tone, String),
    /// A candidate of a search for room.
    Candidate(CandidateLine),
    /// Something that happened at a step.
    Event { place: Place, text: String, when: When },
    /// Something else, to be selected.
    Link { item: Item, name: String, text: String },
    /// Bytes from an offset on.
    Bytes { offset: u64, bytes: Vec<u8> },
}

/// How an event stands to the playhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Before the state of now.
    Past,
    /// What made the state of now.
    Current,
    /// Ahead of the playhead.
    Ahead,
}

/// A name and a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fact {
    pub(super) key: &'static str,
    pub(super) value: String,
    /// Faint, at the right end.
    pub(super) note: String,
    /// What a click on the value asks for.
    pub(super) jump: Option<Action>,
}

/// A fact.
pub(super) fn fact(key: &'static str, value: impl Into<String>) -> Line {
    Line::Fact(Fact { key, value: value.into(), note: String::new(), jump: None })
}

impl Line {
    /// The fact with a note at the right end.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        if let Self::Fact(fact) = &mut self {
            fact.note = note.into();
        }
        self
    }

    /// The fact as a link that selects something.
    pub(super) fn selects(mut self, item: Item) -> Self {
        if let Self::Fact(fact) = &mut self {
            fact.jump = Some(Action::Select(Some(item)));
        }
        self
    }
}

impl Section {
    pub(super) fn new(title: impl Into<String>, lines: Vec<Line>) -> Self {
        Self { title: title.into(), note: String::new(), decided: None, lines }
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// A plain sentence.
pub(super) fn text(words: impl Into<String>) -> Line {
    Line::Text(Tone::Plain, words.into())
}

/// A link to an allocation, with its size and where it is.
pub(super) fn allocation_link(view: &View<'_>, id: AllocationId) -> Line {
    let known = view.started.and_then(|started| started.vidmm().book().allocation(id));
    let text = known.map_or(String::new(), |known| match known.placement() {
        Some(place) => {
            format!(
                "{}, {}",
                known.size(),
                view.words().at_offset(place.segment, place.span.start())
            )
        }
        None => format!("{}, not resident", known.size()),
    });
    let name = view.names.allocation(id).to_owned();
    Line::Link { item: Item::Allocation(id), name, text }
}

/// Names of the flags of a word, or `none`.
pub(super) fn flag_names<F: bitflags::Flags>(flags: &F) -> String {
    let names: Vec<&str> = flags.iter_names().map(|(name, _)| name).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(" | ") }
}
