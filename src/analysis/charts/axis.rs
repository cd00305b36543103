//! Where a command lies along a chart: by its number, or by the clock of the machine.

use crate::machine::{CommandRecord, Run};

/// What charts run along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Axis {
    /// The number of the command.
    #[default]
    Commands,
    /// The clock of the machine, in nanoseconds.
    Clock,
}

/// Where the commands of a run lie along an axis.
#[derive(Clone, Copy)]
pub struct Positions<'a> {
    axis: Axis,
    records: &'a [CommandRecord],
    started_at: u64,
    commands: usize,
}

impl<'a> Positions<'a> {
    /// The positions of the commands of `run` along `axis`.
    #[must_use]
    pub fn new(axis: Axis, run: &'a Run) -> Self {
        Self {
            axis,
            records: run.records(),
            started_at: run.segment_history().started_at(),
            commands: run.commands().len(),
        }
    }

    /// What it runs along.
    #[must_use]
    pub const fn axis(&self) -> Axis {
        self.axis
    }

    /// Where the end of a command lies, 0 for the start; that of the last executed one for any
    /// beyond it on the clock.
    #[must_use]
    pub fn of(&self, command: usize) -> u64 {
        match self.axis {
            Axis::Commands => u64::try_from(command).unwrap_or(u64::MAX),
            Axis::Clock => {
                let last = command.min(self.records.len()).checked_sub(1);
                let record = last.and_then(|index| self.records.get(index));
                record.map_or(self.started_at, |record| record.clock)
            }
        }
    }

    /// The last command of which the end lies at `position` or before it; 0 where none does.
    #[must_use]
    pub fn last_until(&self, position: u64) -> usize {
        match self.axis {
            Axis::Commands => {
                usize::try_from(position).map_or(self.commands, |at| at.min(self.commands))
            }
            Axis::Clock => self.records.partition_point(|record| record.clock <= position),
        }
    }

    /// From where to where the axis goes: to the last command, or to the last time that is known.
    #[must_use]
    pub fn whole(&self) -> (u64, u64) {
        (self.of(0), self.of(self.commands))
    }
}
