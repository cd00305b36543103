//! States that change only through recorded, reversible changes.
//!
//! A room keeps its state in a [`Journal`]. Every change says what was done and keeps what was
//! overwritten, so that it serves both directions and its size does not depend on the bytes
//! moved. A moment of the whole machine is the tuple of its rooms' positions, and going there
//! executes nothing.
//!
//! What lies behind is sealed, stretch by stretch: of a sealed stretch only the net is kept, the few
//! changes that lead from its start to its end. Whoever wants to stand inside one executes what made
//! it again from its start and has the changes adopted, which are the same ones.

use super::past::Past;

/// A reversible change of a state.
///
/// `undo` after `redo` restores the state bit for bit, its incremental hash included.
pub trait Change: Clone {
    /// What it changes.
    type State;

    /// Does it. The state is as it was when the change was made.
    fn redo(&self, state: &mut Self::State);

    /// Takes it back. The state is as `redo` left it.
    fn undo(&self, state: &mut Self::State);

    /// Fewer changes that come to the same: done one after the other they lead from where `changes`
    /// began to where they ended, and taken back in reverse order they lead back. `state` is as all
    /// of `changes` left it.
    fn net(changes: &[Self], state: &Self::State) -> Vec<Self>;

    /// About so many changes follow before anybody looks at the state: what only serves to find
    /// things in it may be left behind until [`Self::arrives`].
    fn goes_far(_state: &mut Self::State, _changes: u64) {}

    /// The state is looked at again.
    fn arrives(_state: &mut Self::State) {}
}

/// A place in a journal: how many changes came before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// What becomes of the changes behind. Stretches are counted from 0, in the order of sealing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// [`Journal::seal`].
    Seal,
    /// [`Journal::fold`].
    Fold(usize),
    /// [`Journal::adopt`].
    Adopt(usize),
    /// [`Journal::forget_behind`].
    ForgetBehind,
    /// So many stretches are passed at once at first, and more by a factor at each level, of what is
    /// sealed from here on; before anything is.
    Leap {
        /// Stretches of the shortest leap.
        first: usize,
        /// How many leaps make one of the next level.
        factor: usize,
    },
}

/// A state, the changes that led to it, and those ahead of it.
#[derive(Clone, Debug)]
pub struct Journal<C: Change> {
    state: C::State,
    past: Past<C>,
    /// Changes behind the last stretch.
    open: Vec<C>,
    at: u64,
    /// What was applied with changes ahead, since the last move: it takes the place of none.
    aside: Vec<C>,
}

impl<C: Change> Journal<C> {
    /// A journal without changes.
    #[must_use]
    pub const fn new(state: C::State) -> Self {
        Self { state, past: Past::new(), open: Vec::new(), at: 0, aside: Vec::new() }
    }

    /// The state now.
    #[must_use]
    pub const fn state(&self) -> &C::State {
        &self.state
    }

    /// Where the journal stands.
    #[must_use]
    pub const fn position(&self) -> Position {
        Position(self.at)
    }

    /// The position after the last change ever applied and not forgotten.
    #[must_use]
    pub fn end(&self) -> Position {
        Position(self.past.end() + self.open.len() as u64)
    }

    /// Does a change and records it.
    ///
    /// When the journal does not stand at its end, what lies ahead stays there, and the change is
    /// kept aside until the next move: executing a command again leaves everything as it was.
    pub fn apply(&mut self, change: C) {
        change.redo(&mut self.state);
        if self.aside.is_empty() && Position(self.at) == self.end() {
            self.open.push(change);
        } else {
            self.aside.push(change);
        }
        self.at += 1;
    }

    /// Takes back what was applied since `to`, as if it had never been. `to` is not before the last
    /// [`Self::move_to`], nor inside what is sealed.
    pub fn roll_back(&mut self, to: Position) {
        while self.at > to.0 {
            let from_aside = self.aside.pop();
            let Some(change) = from_aside.or_else(|| self.open.pop()) else { return };
            change.undo(&mut self.state);
            self.at -= 1;
        }
    }

    /// Drops the changes behind: nobody goes back to before here.
    pub fn forget_behind(&mut self) {
        if Position(self.at) == self.end() && self.aside.is_empty() {
            self.past.forget(self.at);
            self.open.clear();
        }
    }

    /// Does to what is kept what `keeping` says. Whether it could be done.
    pub fn keep(&mut self, keeping: Keeping) -> bool {
        match keeping {
            Keeping::Seal => self.seal(),
            Keeping::Fold(stretch) => self.fold(stretch),
            Keeping::Adopt(stretch) => return self.adopt(stretch),
            Keeping::ForgetBehind => self.forget_behind(),
            Keeping::Leap { first, factor } => self.past.leap(first, factor),
        }
        true
    }

    /// Seals what is not sealed yet: from now on it is one stretch, all of which is still there. The
    /// journal stands at its end.
    pub fn seal(&mut self) {
        debug_assert!(Position(self.at) == self.end() && self.aside.is_empty());
        let net = C::net(&self.open, &self.state).into_boxed_slice();
        // The next stretch is likely as long.
        let next = Vec::with_capacity(self.open.len() + self.open.len() / 8);
        let all = Some(std::mem::replace(&mut self.open, next));
        self.past.seal(self.at, net, all, &self.state);
    }

    /// Keeps only the net of a sealed stretch. The journal does not stand inside it.
    pub fn fold(&mut self, stretch: usize) {
        self.past.set_all(stretch, None);
    }

    /// Takes what was just executed again, from the start of a sealed stretch to its end, as all
    /// that is in it. Whether it is that.
    pub fn adopt(&mut self, stretch: usize) -> bool {
        let Some((start, end)) = self.past.ends_of(stretch) else { return false };
        let is_whole = self.at == end && self.aside.len() as u64 == end - start;
        if is_whole {
            self.past.set_all(stretch, Some(std::mem::take(&mut self.aside)));
        }
        is_whole
    }

    /// Goes to a position, back or forward.
    ///
    /// # Panics
    /// When `to` is beyond the recorded changes, a position of another history, or inside a sealed
    /// stretch of which only the net is kept.
    pub fn move_to(&mut self, to: Position) {
        let to = to.0;
        assert!(
            self.past.begin() <= to && Position(to) <= self.end(),
            "position {to} was never recorded or is forgotten"
        );
        while let Some(change) = self.aside.pop() {
            change.undo(&mut self.state);
            self.at -= 1;
        }
        C::goes_far(&mut self.state, self.at.abs_diff(to));
        while self.at > to {
            self.go_back(to);
        }
        while self.at < to {
            self.go_on(to);
        }
        C::arrives(&mut self.state);
    }

    /// Goes back from where the journal stands, as far as one net or the changes of one stretch
    /// lead, at most to `to`.
    fn go_back(&mut self, to: u64) {
        let (changes, target) = match self.past.back(self.at, to) {
            Some(way) => way,
            None => {
                let from = self.past.end();
                let target = to.max(from);
                (&self.open[index(target - from)..index(self.at - from)], target)
            }
        };
        for change in changes.iter().rev() {
            change.undo(&mut self.state);
        }
        self.at = target;
    }

    /// Goes forward likewise, at most to `to`.
    fn go_on(&mut self, to: u64) {
        let (changes, target) = match self.past.on(self.at, to) {
            Some(way) => way,
            None => {
                let from = self.past.end();
                (&self.open[index(self.at - from)..index(to - from)], to)
            }
        };
        for change in changes {
            change.redo(&mut self.state);
        }
        self.at = target;
    }

    /// Changes that lead from one position to a later one, or nearly so many: of what is sealed the
    /// net, where that is enough. `None` where too little of it is kept.
    #[must_use]
    pub fn leading(&self, from: Position, to: Position) -> Option<impl Iterator<Item = &C>> {
        let sealed = self.past.between(from.0, to.0)?;
        let (_, open) = self.between(from, to);
        Some(sealed.into_iter().flatten().chain(open))
    }

    /// The changes between two positions that are not sealed, in the order in which they were made,
    /// with the position before the first of them.
    #[must_use]
    pub fn between(&self, from: Position, to: Position) -> (Position, &[C]) {
        let open_from = self.past.end();
        let within =
            |position: Position| index(position.0.saturating_sub(open_from)).min(self.open.len());
        let from = within(from).min(within(to));
        (Position(open_from + from as u64), &self.open[from..within(to)])
    }
}

/// A count of changes that are kept, which memory bounds.
pub(super) fn index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
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
        fn net(changes: &[Self], _state: &u32) -> Vec<Self> {
            let ends = changes.first().zip(changes.last());
            ends.map(|(first, last)| Self { before: first.before, after: last.after })
                .into_iter()
                .collect()
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
        assert_eq!(journal.between(Position(0), Position(2)).1.len(), 2);
    }

    /// Stretches of 2, 0 and 3 changes, and one change behind them.
    fn sealed() -> Journal<Set> {
        let mut journal = Journal::new(0);
        for (number, after) in (1..=6).enumerate() {
            if number == 2 {
                journal.seal();
                journal.seal();
            }
            if number == 5 {
                journal.seal();
            }
            journal.apply(Set { before: after - 1, after });
        }
        journal
    }

    /// From one position to another the journal leads to the state of that.
    fn assert_leads(journal: &mut Journal<Set>, from: u64, to: u64) {
        journal.move_to(Position(from));
        journal.move_to(Position(to));
        let found = (u64::from(*journal.state()), journal.position().0);
        assert_eq!(found, (to, to), "from {from}");
    }

    #[test]
    fn every_position_is_reached_through_stretches_that_are_all_there() {
        let mut journal = sealed();
        for (from, to) in (0..=6).flat_map(|from| (0..=6).map(move |to| (from, to))) {
            assert_leads(&mut journal, from, to);
        }
    }

    #[test]
    fn a_folded_stretch_is_passed_as_a_whole_and_entered_once_it_is_adopted() {
        let mut journal = sealed();
        (0..3).for_each(|stretch| journal.fold(stretch));
        let outside = [0, 2, 5, 6];
        for (from, to) in outside.iter().flat_map(|from| outside.map(|to| (*from, to))) {
            journal.move_to(Position(from));
            journal.move_to(Position(to));
            assert_eq!(u64::from(*journal.state()), to, "from {from}");
        }
        journal.move_to(Position(2));
        for after in 3..=4 {
            journal.apply(Set { before: after - 1, after });
        }
        assert!(!journal.adopt(2), "its last change is missing");
        journal.apply(Set { before: 4, after: 5 });
        assert!(journal.adopt(2));
        for to in [4, 0, 3, 6, 4] {
            journal.move_to(Position(to));
            assert_eq!(u64::from(*journal.state()), to);
        }
    }

    /// 40 stretches of one change each, passed by 2, 6, 18 and so on at once.
    #[test]
    fn leaps_lead_to_where_their_stretches_do() {
        let mut journal = Journal::new(0);
        assert!(journal.keep(Keeping::Leap { first: 2, factor: 3 }));
        for after in 1..=40 {
            journal.apply(Set { before: after - 1, after });
            journal.seal();
            journal.fold(usize::try_from(after - 1).expect("small"));
        }
        for (from, to) in (0..=40).flat_map(|from| (0..=40).map(move |to| (from, to))) {
            assert_leads(&mut journal, from, to);
        }
    }

    #[test]
    #[should_panic(expected = "adopted")]
    fn nobody_stands_inside_a_folded_stretch() {
        let mut journal = sealed();
        journal.fold(2);
        journal.move_to(Position(3));
    }

    #[test]
    fn what_is_tried_in_front_of_a_sealed_stretch_leaves_it_alone() {
        let mut journal = sealed();
        journal.fold(2);
        journal.move_to(Position(2));
        journal.apply(Set { before: 2, after: 90 });
        journal.apply(Set { before: 90, after: 91 });
        journal.roll_back(Position(3));
        assert_eq!(*journal.state(), 90);
        journal.move_to(Position(6));
        assert_eq!((*journal.state(), journal.end()), (6, Position(6)));
        journal.move_to(Position(5));
        journal.apply(Set { before: 5, after: 70 });
        journal.move_to(Position(0));
        assert_eq!((journal.end(), *journal.state()), (Position(6), 0));
    }

    #[test]
    fn what_is_forgotten_behind_is_gone_and_positions_go_on() {
        let mut journal = sealed();
        journal.forget_behind();
        journal.apply(Set { before: 6, after: 7 });
        journal.move_to(Position(6));
        assert_eq!((*journal.state(), journal.end()), (6, Position(7)));
        journal.move_to(Position(7));
        assert_eq!(*journal.state(), 7);
    }
}
