//! States that change only through recorded, reversible changes.
//!
//! A room keeps its state in a [`Journal`]. Every change says what was done and keeps what was
//! overwritten, so that it serves both directions and its size does not depend on the bytes
//! moved. A moment of the whole machine is the tuple of its rooms' positions, and going there
//! executes nothing.

/// A reversible change of a state.
///
/// `undo` after `redo` restores the state bit for bit, its incremental hash included.
pub trait Change {
    /// What it changes.
    type State;

    /// Does it. The state is as it was when the change was made.
    fn redo(&self, state: &mut Self::State);

    /// Takes it back. The state is as `redo` left it.
    fn undo(&self, state: &mut Self::State);
}

/// A place in a journal: how many changes came before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// A state, the changes that led to it, and those ahead of it.
#[derive(Clone, Debug)]
pub struct Journal<C: Change> {
    state: C::State,
    changes: Vec<C>,
    at: usize,
    /// What `apply` displaced since the last move, in order from `displaced_from` on.
    displaced: Vec<C>,
    displaced_from: usize,
}

impl<C: Change> Journal<C> {
    /// A journal without changes.
    #[must_use]
    pub const fn new(state: C::State) -> Self {
        Self { state, changes: Vec::new(), at: 0, displaced: Vec::new(), displaced_from: 0 }
    }

    /// The state now.
    #[must_use]
    pub const fn state(&self) -> &C::State {
        &self.state
    }

    /// Where the journal stands.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position(self.at as u64)
    }

    /// The position after the last change ever applied and not forgotten.
    #[must_use]
    pub const fn end(&self) -> Position {
        Position(self.changes.len() as u64)
    }

    /// Does a change and records it.
    ///
    /// When the journal does not stand at its end, the change takes the place of the next one:
    /// executing a command again leaves the changes of later commands where they are. Whoever
    /// executes something *else* there calls [`Self::forget_ahead`] first.
    pub fn apply(&mut self, change: C) {
        change.redo(&mut self.state);
        if self.at < self.changes.len() {
            if self.displaced.is_empty() {
                self.displaced_from = self.at;
            }
            self.displaced.push(std::mem::replace(&mut self.changes[self.at], change));
        } else {
            self.changes.push(change);
        }
        self.at += 1;
    }

    /// Takes back what was applied since `to`, as if it had never been: what it displaced lies
    /// ahead again, and the rest is forgotten. `to` is not before the last [`Self::move_to`].
    pub fn roll_back(&mut self, to: Position) {
        let to = usize::try_from(to.0).unwrap_or(usize::MAX);
        while self.at > to {
            self.at -= 1;
            self.changes[self.at].undo(&mut self.state);
            if self.displaced.is_empty() || self.at >= self.displaced_from + self.displaced.len() {
                self.changes.truncate(self.at);
            } else if let Some(change) = self.displaced.pop() {
                self.changes[self.at] = change;
            }
        }
    }

    /// Drops the changes ahead.
    pub fn forget_ahead(&mut self) {
        self.changes.truncate(self.at);
        self.displaced.clear();
    }

    /// Goes to a position, back or forward.
    ///
    /// # Panics
    /// When `to` is beyond the recorded changes: a position of another history.
    pub fn move_to(&mut self, to: Position) {
        let to = usize::try_from(to.0).unwrap_or(usize::MAX);
        assert!(to <= self.changes.len(), "position {to} was never recorded or is forgotten");
        self.displaced.clear();
        while self.at > to {
            self.at -= 1;
            self.changes[self.at].undo(&mut self.state);
        }
        while self.at < to {
            self.changes[self.at].redo(&mut self.state);
            self.at += 1;
        }
    }

    /// The changes between two positions, in the order in which they were made.
    #[must_use]
    pub fn between(&self, from: Position, to: Position) -> &[C] {
        let index = |position: Position| {
            usize::try_from(position.0).map_or(self.changes.len(), |at| at.min(self.changes.len()))
        };
        &self.changes[index(from).min(index(to))..index(to)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Set {
        before: u32,
        after: u32,
    }

    impl Change for Set {
        type State = u32;
        fn redo(&self, state: &mut u32) {
            *state = self.after;
        }
        fn undo(&self, state: &mut u32) {
            *state = self.before;
        }
    }

    fn counted(to: u32) -> Journal<Set> {
        let mut journal = Journal::new(0);
        for after in 1..=to {
            journal.apply(Set { before: after - 1, after });
        }
        journal
    }

    #[test]
    fn every_position_is_reached_from_every_other() {
        let mut journal = counted(5);
        for (from, to) in (0..=5).flat_map(|from| (0..=5).map(move |to| (from, to))) {
            journal.move_to(Position(from));
            journal.move_to(Position(to));
            assert_eq!(u64::from(*journal.state()), to);
        }
    }

    #[test]
    fn rolling_back_restores_what_lay_ahead_and_forgets_the_rest() {
        for (at, attempted) in (0..=3).flat_map(|at| (0..=5).map(move |n| (at, n))) {
            let mut journal = counted(3);
            journal.move_to(Position(at));
            for _ in 0..attempted {
                let before = *journal.state();
                journal.apply(Set { before, after: before + 100 });
            }
            journal.roll_back(Position(at));
            assert_eq!(u64::from(*journal.state()), at);
            assert_eq!(journal.end(), Position(3), "at {at}, attempted {attempted}");
            journal.move_to(Position(3));
            assert_eq!(*journal.state(), 3, "at {at}, attempted {attempted}");
        }
    }

    #[test]
    fn executing_again_keeps_what_lies_ahead() {
        let mut journal = counted(3);
        journal.move_to(Position(1));
        journal.apply(Set { before: 1, after: 2 });
        assert_eq!(journal.end(), Position(3));
        journal.forget_ahead();
        assert_eq!(journal.end(), Position(2));
        assert_eq!(journal.between(Position(0), Position(2)).len(), 2);
    }
}
