//! What a panel may see while it draws: everything it shows, nothing that it could change.

use std::collections::BTreeMap;

use crate::analysis::explain::Words;
use crate::analysis::tally::Tally;
use crate::base::AllocationId;
use crate::machine::{Place, Run, SharedTrace, Started};
use crate::session::{Document, Names};
use crate::vidmm::ResidencyChange;

use super::action::{Speed, Tab};
use super::item::Item;
use super::lives::Lives;
use super::opened::Placing;
use super::previews::Tried;
use crate::machine::Level;

/// The session that is open, as panels see it during one frame.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// What the file says.
    pub document: &'a Document,
    /// Names of what the ids stand for.
    pub names: &'a Names,
    /// The run: commands and what they came to. Its own machine may be elsewhere than `place`.
    pub run: &'a Run,
    /// The machine as it is at `place`, where its adapter started.
    pub started: Option<&'a Started>,
    /// Where the run stands.
    pub place: Place,
    /// What everything there comes to.
    pub tally: &'a Tally,
    /// Counts how often the run was made anew.
    pub edition: u64,
    /// The command at `place` taken apart; `None` before the first.
    pub trace: Option<&'a SharedTrace>,
    /// Commands opened in the table of operations, taken apart.
    pub opened: &'a BTreeMap<usize, SharedTrace>,
    /// What became resident, moved or left in the last step, and whether the step went forward.
    pub changes: &'a [ResidencyChange],
    /// The last step went forward.
    pub forward: bool,
    /// The selection.
    pub selected: Option<Item>,
    /// The life of the selected allocation: every change of its residency in the executed part of
    /// the run, with the command (counted from 1) in which it happened.
    pub history: &'a [(usize, ResidencyChange)],
    /// What placed the selected allocation where it is.
    pub placed_by: Option<&'a Placing>,
    /// What sleeping where the run stands would do, as far as it is worked out.
    pub previews: &'a [Tried],
    /// So much is resident that sleeps are tried only when somebody asks.
    pub previews_wait: bool,
    /// Whether something else was selected before that can be gone back to.
    pub can_go_back: bool,
    /// Whether a later selection was gone back from.
    pub can_go_forward: bool,
    /// What the pointer was over in the last frame.
    pub hovered: Option<Item>,
    /// The tab below the map.
    pub tab: Tab,
    /// The level at which the transport steps.
    pub level: Level,
    /// Whether nothing is executed in the background for now, because somebody said so.
    pub paused: bool,
    /// Where the session is on its way to.
    pub going_to: Option<Place>,
    /// Whether the session plays.
    pub playing: bool,
    /// How fast it plays.
    pub speed: Speed,
    pub(super) lives: &'a Lives,
    /// Counts up whenever anything above but the hover changes: caches compare it.
    pub revision: u64,
}

impl<'a> View<'a> {
    /// What texts about this session are made with.
    #[must_use]
    pub fn words(&self) -> Words<'a> {
        let segments = self.started.map_or(&[][..], |started| &started.vidmm().adapter().segments);
        Words::new(self.names, segments)
    }

    /// The command in which an allocation became resident where it is now, counted from 1.
    #[must_use]
    pub fn resident_since(&self, id: AllocationId) -> Option<usize> {
        let here = self.started?.vidmm().mark().book;
        // The changes are told by the run's own machine, wherever it is.
        let vidmm = self.run.machine().started().ok()?.vidmm();
        let change = self.lives.last_before(vidmm, id, here)?;
        change.after?;
        let ends = self.run.records();
        Some(ends.partition_point(|record| record.end.vidmm.book < change.position) + 1)
    }

    /// The name of the process that owns an allocation.
    #[must_use]
    pub fn owner_of(&self, allocation: AllocationId) -> Option<&str> {
        let book = self.started?.vidmm().book();
        let device = book.allocation(allocation)?.device();
        Some(self.names.process(book.device(device)?.process))
    }
}
