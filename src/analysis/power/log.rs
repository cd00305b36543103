//! The power states along a run, taken in as it is executed.

use crate::machine::CommandRecord;
use crate::vidmm::Power;

/// A stretch of the run in one power state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerBand {
    /// The command after which the state holds; 0 for before the first.
    pub from: usize,
    /// The command that ends it, or the last executed one.
    pub to: usize,
    /// The state.
    pub power: Power,
}

/// The transitions of the executed part of a run, and the states between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PowerLog {
    read: usize,
    transitions: Vec<usize>,
    /// Where each state begins after the first one.
    changes: Vec<(usize, Power)>,
}

impl PowerLog {
    /// Takes in what was executed since the last time; begins anew where less is executed.
    pub fn extend(&mut self, records: &[CommandRecord]) {
        if records.len() < self.read {
            *self = Self::default();
        }
        let fresh = records.iter().enumerate().skip(self.read);
        for (index, record) in fresh {
            if let Some(outcome) = &record.power {
                self.transitions.push(index + 1);
                self.enter(index + 1, outcome.after);
            }
        }
        self.read = records.len();
    }

    /// The state after a command that changed it, perhaps.
    fn enter(&mut self, command: usize, power: Power) {
        let before = self.changes.last().map_or(Power::Working, |(_, power)| *power);
        if power != before {
            self.changes.push((command, power));
        }
    }

    /// The commands, counted from 1, that were transitions and not refused.
    #[must_use]
    pub fn transitions(&self) -> &[usize] {
        &self.transitions
    }

    /// The state after a command.
    #[must_use]
    pub fn at(&self, command: usize) -> Power {
        self.change_before(command).map_or(Power::Working, |(_, power)| power)
    }

    /// The command since which the state after `command` holds; 0 for the start.
    #[must_use]
    pub fn since(&self, command: usize) -> usize {
        self.change_before(command).map_or(0, |(from, _)| from)
    }

    fn change_before(&self, command: usize) -> Option<(usize, Power)> {
        let after = self.changes.partition_point(|(from, _)| *from <= command);
        self.changes.get(after.checked_sub(1)?).copied()
    }

    /// The states from the start to the last executed command, without gaps.
    pub fn bands(&self) -> impl Iterator<Item = PowerBand> + '_ {
        let starts = std::iter::once((0, Power::Working)).chain(self.changes.iter().copied());
        let ends = self.changes.iter().map(|(from, _)| *from).chain([self.read]);
        starts.zip(ends).map(|((from, power), to)| PowerBand { from, to, power })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vidmm::Sleep;

    #[test]
    fn bands_follow_each_other_and_a_state_holds_from_its_command_on() {
        let mut log = PowerLog::default();
        let asleep = Power::Asleep(Sleep::Standby);
        for (command, power) in [(3, asleep), (5, Power::Working), (6, Power::Working)] {
            log.transitions.push(command);
            log.enter(command, power);
        }
        log.read = 9;
        let bands: Vec<(usize, usize, Power)> =
            log.bands().map(|band| (band.from, band.to, band.power)).collect();
        // The transition at 6 changed nothing.
        assert_eq!(bands, [(0, 3, Power::Working), (3, 5, asleep), (5, 9, Power::Working)]);
        for (command, power, since) in
            [(0, Power::Working, 0), (2, Power::Working, 0), (3, asleep, 3), (4, asleep, 3)]
        {
            assert_eq!((log.at(command), log.since(command)), (power, since), "{command}");
        }
        assert_eq!((log.at(5), log.since(8)), (Power::Working, 5));
    }

    #[test]
    fn a_run_that_begins_anew_is_read_anew() {
        let mut log = PowerLog { read: 7, transitions: vec![4], changes: Vec::new() };
        log.extend(&[]);
        assert_eq!(log, PowerLog::default());
        assert_eq!(log.bands().count(), 1);
    }
}
