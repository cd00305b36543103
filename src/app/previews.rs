//! What sleeping would do where the run stands: worked out one by one while somebody looks, and only
//! when somebody asks where so much is resident that each takes long.

use crate::analysis::power::lost_before;
use crate::machine::{Place, Preview};
use crate::vidmm::{Power, Sleep, Transition};

use super::opened::Opened;

/// The sleeps that are tried.
pub(super) const TRIED: [Sleep; 3] = [Sleep::Standby, Sleep::Hibernate, Sleep::HybridSleep];

/// Allocations resident up to which sleeps are tried without being asked for: each is put away and
/// brought back, at some ten thousand a second, and that in one piece.
const TRIED_UNASKED: u64 = 1_000;

/// A sleep that was tried and taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What it would come to.
    pub preview: Preview,
    /// Of the bytes that it tells as lost, those that are wrong already.
    pub lost_before: u64,
}

/// Previews of one place of one run.
#[derive(Debug, Default)]
pub(super) struct Previews {
    /// The place, and how often the run was made anew.
    of: (Place, u64),
    tried: usize,
    found: Vec<Tried>,
    /// The place and edition at which somebody asked for what takes long.
    asked: Option<(Place, u64)>,
}

impl Previews {
    /// What is known of a place.
    pub(super) fn at(&self, place: Place, edition: u64) -> &[Tried] {
        if self.of == (place, edition) { &self.found } else { &[] }
    }
}

impl Opened {
    /// The next sleep to be tried where the run stands; `None` where all are, or none can be.
    #[must_use]
    pub(super) fn next_preview(&self) -> Option<Sleep> {
        let place = self.place();
        let started = self.started()?;
        if place.inner.is_some()
            || started.vidmm().power() != Power::Working
            || self.previews_wait_to_be_asked_for()
        {
            return None;
        }
        let known = self.previews.of == (place, self.edition());
        TRIED.get(if known { self.previews.tried } else { 0 }).copied()
    }

    /// Whether so much is resident where the run stands that sleeps are tried only when asked for.
    #[must_use]
    pub(super) fn previews_wait_to_be_asked_for(&self) -> bool {
        self.tally.resident().count > TRIED_UNASKED
            && self.previews.asked != Some((self.place(), self.edition()))
    }

    /// Somebody wants to know what sleeping would do here, however long that takes.
    pub(super) fn ask_for_previews(&mut self) {
        self.previews.asked = Some((self.place(), self.edition()));
        self.touch();
    }

    /// Tries the next sleep.
    pub(super) fn try_next_preview(&mut self) {
        let Some(sleep) = self.next_preview() else { return };
        let of = (self.place(), self.edition());
        if self.previews.of != of {
            let asked = self.previews.asked.filter(|asked| *asked == of);
            self.previews = Previews { of, asked, ..Previews::default() };
        }
        let preview = self.run_mut().preview(Transition::Sleep(sleep));
        let started = self.run().machine().started();
        let tried = preview.map(|preview| {
            let lost_before = started.map_or(0, |started| lost_before(&preview, started));
            Tried { preview, lost_before }
        });
        self.previews.tried += 1;
        self.previews.found.extend(tried);
        self.touch();
    }
}
