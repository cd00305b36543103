//! What all parts of the map need in a frame: the session, colours, and what changed in the step.

use crate::analysis::lanes::{Encoded, Movements};
use crate::app::View;
use crate::base::ProcessId;
use crate::machine::Started;
use crate::ui::theme::{OwnerColor, OwnerPalette, OwnerSlot, Tokens};

/// Colours of the processes of a session, by id.
#[derive(Clone, Debug)]
pub(super) struct Slots(Vec<OwnerSlot>);

impl Slots {
    /// The slots of all processes that the session names.
    pub(super) fn of(view: &View<'_>) -> Self {
        let palette = OwnerPalette::new(view.names.processes());
        Self(view.names.processes().map(|name| palette.slot(name)).collect())
    }

    /// The slot of a process; grey for VidMm's own.
    fn slot(&self, process: Option<ProcessId>) -> OwnerSlot {
        let known = process.and_then(|id| self.0.get(id.index()).copied());
        known.unwrap_or(OwnerSlot::System)
    }
}

/// Colours of processes in the theme of the frame.
#[derive(Clone, Copy)]
pub(super) struct Colors<'a> {
    slots: &'a Slots,
    tokens: &'static Tokens,
}

impl<'a> Colors<'a> {
    pub(super) const fn new(slots: &'a Slots, tokens: &'static Tokens) -> Self {
        Self { slots, tokens }
    }

    /// The colour of a process; grey for VidMm's own.
    pub(super) fn of(&self, process: Option<ProcessId>) -> OwnerColor {
        self.tokens.owner(self.slots.slot(process))
    }
}

/// Everything that painting needs and nothing that it could change.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) view: &'a View<'a>,
    pub(super) started: &'a Started,
    pub(super) tokens: &'static Tokens,
    pub(super) colors: Colors<'a>,
    pub(super) movements: &'a Movements,
    pub(super) encoded: &'a [Encoded],
    pub(super) pixels_per_point: f32,
    /// How strongly arrivals glow, 0 to 1.
    pub(super) glow: f32,
}
