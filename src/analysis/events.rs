//! Where something happens to what is selected: the commands to go to, before and after.

use crate::base::{ContextRef, DeviceId, Position, ProcessId, SegmentId};
use crate::machine::{Command, Run};

use super::steps::allocations_of;

/// The executed commands after which a segment holds something else than before, counted from 1 and
/// ascending.
///
/// Allocations that come, move or leave are told by VidMm's book; buffers, and whatever else takes
/// room, by the bytes used.
#[must_use]
pub fn segment_events(run: &Run, id: SegmentId) -> Vec<usize> {
    let (Ok(started), Some(last)) = (run.machine().started(), run.records().last()) else {
        return Vec::new();
    };
    let records = run.records();
    let changes = started.vidmm().residency_changes(Position(0), last.end.vidmm.book);
    let here = changes.filter(|change| {
        let places = [change.before, change.after];
        change.before != change.after
            && places.into_iter().flatten().any(|place| place.segment == id)
    });
    let mut number = 1;
    let mut events: Vec<usize> = here
        .map(|change| {
            while records.get(number - 1).is_some_and(|end| end.end.vidmm.book < change.position) {
                number += 1;
            }
            number
        })
        .collect();
    let points = run.segment_history().segment(id).iter();
    events.extend(points.map(|point| point.command).filter(|command| *command > 0));
    events.sort_unstable();
    events.dedup();
    events
}

/// The executed commands that a process gives: that create or destroy something of it, and that
/// submit work with its contexts or name its allocations for work. Counted from 1 and ascending.
#[must_use]
pub fn process_events(run: &Run, id: ProcessId) -> Vec<usize> {
    let mut own = Own::default();
    let executed = (1..).zip(run.commands()).take(run.executed());
    executed.filter(|(_, command)| own.gives(command, id)).map(|(number, _)| number).collect()
}

/// What belongs to a process, as the commands so far say, by dense id.
#[derive(Debug, Default)]
struct Own {
    devices: Vec<bool>,
    contexts: Vec<bool>,
    allocations: Vec<bool>,
}

impl Own {
    /// Whether a command is of the process; learns what it creates.
    fn gives(&mut self, command: &Command, id: ProcessId) -> bool {
        match command {
            Command::CreateProcess(process) => *process == id,
            Command::CreateDevice(device, process, _) => {
                *process == id && put(&mut self.devices, device.index())
            }
            Command::CreateContext(context, device, _) => {
                self.has_device(*device) && put(&mut self.contexts, context.index())
            }
            Command::CreateAllocation(create) => {
                self.has_device(create.device)
                    && put(&mut self.allocations, create.allocation.index())
            }
            Command::Submit(submit) => match submit.context {
                ContextRef::OfDevice(device) => self.has_device(device),
                ContextRef::Own(context) => has(&self.contexts, context.index()),
            },
            Command::DestroyAllocation(_) | Command::Use(_) => {
                allocations_of(command).any(|named| has(&self.allocations, named.index()))
            }
            _ => false,
        }
    }

    fn has_device(&self, device: DeviceId) -> bool {
        has(&self.devices, device.index())
    }
}

fn has(known: &[bool], index: usize) -> bool {
    known.get(index).copied().unwrap_or(false)
}

/// Notes that something is of the process.
fn put(known: &mut Vec<bool>, index: usize) -> bool {
    if known.len() <= index {
        known.resize(index + 1, false);
    }
    if let Some(flag) = known.get_mut(index) {
        *flag = true;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::run;

    fn walk() -> Run {
        run(include_str!("../../tests/sessions/walk.ron"))
    }

    /// What comes to and leaves VRAM is told in the walk: primary (6), terrain (9), shadow (14),
    /// history for terrain (16), history out (20), shadow destroyed (21). Terrain comes to the
    /// invisible part with 17. Upload is mapped, unmapped and mapped by 12, 18 and 19.
    #[test]
    fn segments_have_an_event_wherever_something_comes_or_leaves() {
        let mut run = walk();
        let of = |run: &Run, number| segment_events(run, SegmentId::new(number).expect("small"));
        assert_eq!(of(&run, 1), [0; 0]);
        run.execute_all();
        assert_eq!(of(&run, 1), [6, 9, 14, 16, 20, 21]);
        assert_eq!(of(&run, 2), [17]);
        assert_eq!(of(&run, 3), [12, 18, 19]);
        assert_eq!(of(&run, 4), [0; 0]);
    }

    /// dwm.exe has the device dwm and the primary, game.exe all the rest.
    #[test]
    fn processes_have_an_event_for_what_they_create_and_use() {
        let mut run = walk();
        run.execute_all();
        assert_eq!(process_events(&run, ProcessId(1)), [3, 4, 5, 6, 9, 16]);
        let game = [1, 2, 7, 9, 10, 12, 13, 14, 15, 16, 17, 19, 21];
        assert_eq!(process_events(&run, ProcessId(0)), game);
    }
}
