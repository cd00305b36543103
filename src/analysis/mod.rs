//! What can be said about a run: read-only derivations of what the machine recorded, as plain data.
//!
//! No drawing and no state of a window. Texts in words are made here, once for everybody.

pub mod adapter;
pub mod allocation_table;
pub mod allocation_words;
pub mod buffers;
pub mod charts;
pub mod coverage;
pub mod density;
pub mod engine;
pub mod events;
pub mod explain;
pub mod export;
pub mod extent_sums;
pub mod findings;
pub mod glossary;
pub mod hexview;
pub mod lanes;
pub mod lens;
pub mod log;
pub mod map_words;
pub mod power;
pub mod quirks;
pub mod report;
pub mod steps;
pub mod strips;
pub mod tally;

/// What the tests of this room share.
#[cfg(test)]
mod testing {
    use crate::machine::Run;
    use crate::session::Names;

    /// The session of a text before its first command, and what its objects are called.
    pub(super) fn session(text: &str) -> (Run, Names) {
        let adapter = |name: &str| crate::kmd::profile(name).map(|profile| profile.adapter);
        let bound = crate::session::open(text, "test.ron", &adapter).expect("valid").bound;
        let profile = crate::kmd::profile(&bound.adapter.profile).expect("known");
        let run = Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into());
        (run, bound.names)
    }

    /// The session of a text before its first command.
    pub(super) fn run(text: &str) -> Run {
        session(text).0
    }
}
