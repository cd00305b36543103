//! What the buffers of a command hold and how far the device has got in them, where a run stands.
//!
//! Bytes are read from the machine: a buffer that has been begun anew since shows that it was, and
//! never what it held before.

mod commands;
mod envelope;
mod frames;
mod packets;
mod scene;
mod submission;

#[cfg(test)]
pub(in crate::analysis) mod tests;

pub use commands::{
    AddressMark, Before, CommandHeld, CommandList, ListRow, Residence, address_mark, addresses_in,
    command_list, list_rows,
};
pub use envelope::{EnvelopeRow, envelope};
pub use frames::{FrameRow, FrameRuns, RunState, Seat, SeatPage, frame_runs, pool_text, seat};
pub use packets::{Fetched, PacketLine, PacketState, Row, fetch, gpu_place, packets, rows};
pub use scene::{
    CallPart, Card, Fencing, Held, PassShare, Progress, Scene, Unit, buffer, progress, scene,
};

use crate::machine::{CommandTrace, Started};
use crate::session::Names;
pub use submission::{
    Part, PartState, Pass, Spot, Work, part_state, pass_scene, patch_of, render_of, spot, spot_now,
    works,
};

/// What everything here is derived from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The machine, where the run stands.
    pub started: &'a Started,
    /// Names of what ids stand for.
    pub names: &'a Names,
    /// The command taken apart.
    pub trace: &'a CommandTrace,
}
