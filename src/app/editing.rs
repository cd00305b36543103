//! Changes of the document, each of which can be undone and done again.
//!
//! A change makes the run anew: the same machine executes the commands again, as far as needed.

use std::sync::Arc;

use crate::machine::{Command, Place, Run};
use crate::session::document::NamedCommand;
use crate::session::limits;
use crate::vidmm::Transition;

use super::opened::Opened;

/// A power transition that was put into the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Insertion {
    /// Commands before it.
    at: usize,
    transition: Transition,
}

/// What was changed since the session was opened, and what was undone of it.
#[derive(Debug)]
pub(super) struct Journal {
    done: Vec<Insertion>,
    undone: Vec<Insertion>,
    /// How many changes the file has; `None` where it has some that cannot be done again.
    saved: Option<usize>,
}

impl Default for Journal {
    fn default() -> Self {
        Self { done: Vec::new(), undone: Vec::new(), saved: Some(0) }
    }
}

impl Journal {
    fn push(&mut self, insertion: Insertion) {
        self.saved = self.saved.filter(|saved| *saved <= self.done.len());
        self.undone.clear();
        self.done.push(insertion);
    }

    fn undo(&mut self) -> Option<Insertion> {
        let insertion = self.done.pop()?;
        self.undone.push(insertion);
        Some(insertion)
    }

    fn redo(&mut self) -> Option<Insertion> {
        let insertion = self.undone.pop()?;
        self.done.push(insertion);
        Some(insertion)
    }
}

/// The form of a transition in the document.
const fn named(transition: Transition) -> NamedCommand {
    match transition {
        Transition::Sleep(sleep) => NamedCommand::Sleep(sleep),
        Transition::Resume { power_lost: false } => NamedCommand::Resume,
        Transition::Resume { power_lost: true } => NamedCommand::ResumeAfterPowerLoss,
        Transition::Device(state) => NamedCommand::DevicePower(state),
        Transition::TimeoutRecovery => NamedCommand::TimeoutRecovery,
    }
}

impl Opened {
    /// Whether the document differs from its file.
    #[must_use]
    pub const fn is_changed(&self) -> bool {
        match self.journal.saved {
            Some(saved) => saved != self.journal.done.len(),
            None => true,
        }
    }

    /// The document is what the file says.
    pub(super) const fn mark_saved(&mut self) {
        self.journal.saved = Some(self.journal.done.len());
    }

    /// The document is not what its file says, and no undoing leads there.
    pub(super) const fn mark_changed(&mut self) {
        self.journal.saved = None;
    }

    /// Whether there is a change to take back.
    #[must_use]
    pub const fn can_undo(&self) -> bool {
        !self.journal.done.is_empty()
    }

    /// Whether there is a change that was taken back.
    #[must_use]
    pub const fn can_redo(&self) -> bool {
        !self.journal.undone.is_empty()
    }

    /// Whether a transition leads from where the run stands.
    #[must_use]
    pub fn can_insert(&self, transition: Transition) -> bool {
        let started = self.started();
        self.place().inner.is_none()
            && started.is_some_and(|started| started.vidmm().power().allows(transition))
    }

    /// Puts a transition behind the command at the playhead, and behind the expectations that
    /// belong to that command: they look and change nothing.
    ///
    /// Answers where it is; `None` where the session cannot hold it.
    pub(super) fn insert_power(&mut self, transition: Transition) -> Option<Place> {
        let place = self.place().command;
        let after = self.run().commands().get(place..)?;
        let expectations = after.iter().take_while(|command| command.is_expectation()).count();
        let insertion = Insertion { at: place + expectations, transition };
        let there = self.insert(insertion)?;
        self.journal.push(insertion);
        Some(there)
    }

    /// Takes back the last change; answers where it was.
    pub(super) fn undo(&mut self) -> Option<Place> {
        let Insertion { at, .. } = self.journal.undo()?;
        let mut commands = self.run().commands().to_vec();
        if at < commands.len() && at < self.document.commands.len() {
            let document = Arc::make_mut(&mut self.document);
            document.commands.remove(at);
            commands.remove(at);
            let at_wide = wide(at);
            for bookmark in &mut document.bookmarks {
                if bookmark.at > at_wide {
                    bookmark.at -= 1;
                }
            }
            self.run_anew(at, commands.into());
        }
        Some(Place::after(at))
    }

    /// Makes the change that was taken back last; answers where it is.
    pub(super) fn redo(&mut self) -> Option<Place> {
        let insertion = self.journal.redo()?;
        self.insert(insertion)
    }

    fn insert(&mut self, Insertion { at, transition }: Insertion) -> Option<Place> {
        let mut commands = self.run().commands().to_vec();
        let shorter = commands.len().min(self.document.commands.len());
        if shorter >= limits::COMMANDS || at > shorter {
            return None;
        }
        let document = Arc::make_mut(&mut self.document);
        document.commands.insert(at, named(transition));
        commands.insert(at, Command::Power(transition));
        let at_wide = wide(at);
        for bookmark in &mut document.bookmarks {
            if bookmark.at > at_wide {
                bookmark.at = bookmark.at.saturating_add(1);
            }
        }
        self.run_anew(at, commands.into());
        Some(Place::after(at + 1))
    }

    /// A run of other commands, of which the first `same` are as before.
    fn run_anew(&mut self, same: usize, commands: Arc<[Command]>) {
        let (adapter, policies) = (self.run().adapter().clone(), self.run().policies());
        let run = Run::new(&adapter, policies, &self.profile, commands);
        self.replace_run(same, run);
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vidmm::Sleep;

    const SLEEP: Transition = Transition::Sleep(Sleep::Standby);

    fn insertion(at: usize) -> Insertion {
        Insertion { at, transition: SLEEP }
    }

    #[test]
    fn a_journal_goes_back_and_forth_and_a_new_change_drops_what_was_undone() {
        let mut journal = Journal::default();
        assert_eq!(journal.undo(), None);
        journal.push(insertion(1));
        journal.push(insertion(2));
        assert_eq!(journal.undo(), Some(insertion(2)));
        assert_eq!(journal.redo(), Some(insertion(2)));
        assert_eq!(journal.undo(), Some(insertion(2)));
        journal.push(insertion(3));
        assert_eq!(journal.redo(), None);
        assert_eq!(journal.undo(), Some(insertion(3)));
        assert_eq!(journal.undo(), Some(insertion(1)));
        assert_eq!(journal.undo(), None);
    }

    #[test]
    fn what_is_saved_and_cannot_come_back_stays_unsaved() {
        let mut journal = Journal::default();
        journal.push(insertion(1));
        journal.saved = Some(1);
        journal.undo();
        assert_eq!(journal.saved, Some(1), "one redo away");
        journal.push(insertion(5));
        assert_eq!(journal.saved, None, "the saved change is gone");
    }
}
