//! How much happens along a run: what the timeline shows, a bucket of commands for each column.

use std::ops::Range;

use crate::base::{AllocationId, ProcessId};
use crate::machine::{AllocationRange, At, Command, CommandRecord, Ending, Run, UserCommand};
use crate::session::Names;

/// Bytes of what a command buffer waits for and signals.
const FENCE_BYTES: u64 = 8;

/// What a process does in each bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DensityLane {
    /// The process.
    pub process: ProcessId,
    /// Bytes of the allocations that commands name, by bucket; each counts for its owner.
    pub bytes: Vec<u64>,
    /// All of them together.
    pub total: u64,
}

/// What paging does in a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PagingBucket {
    /// Bytes moved or filled into memory segments.
    pub bytes_in: u64,
    /// Bytes moved out of memory segments, or dropped there.
    pub bytes_out: u64,
    /// Bytes mapped into apertures.
    pub bytes_mapped: u64,
    /// Bytes unmapped from apertures.
    pub bytes_unmapped: u64,
    /// Commands that were refused.
    pub refused: u32,
    /// Commands after which something was wrong, or which stopped the machine.
    pub wrong: u32,
}

/// The executed part of a run, in buckets of commands of one length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Density {
    commands: usize,
    buckets: usize,
    /// Executed commands that are counted.
    read: usize,
    owners: Owners,
    /// One for each process, in the order of their ids.
    pub lanes: Vec<DensityLane>,
    /// One for each bucket.
    pub paging: Vec<PagingBucket>,
    /// The most that a process does in one bucket.
    pub most_bytes: u64,
    /// The most that moves in or out in one bucket.
    pub most_paged: u64,
    /// Commands that were refused.
    pub refused: u64,
    /// Commands after which something was wrong, or which stopped the machine.
    pub wrong: u64,
}

impl Density {
    /// The density of the executed part of `run` in at most `columns` buckets, one for each
    /// command where there are fewer.
    #[must_use]
    pub fn of(run: &Run, names: &Names, columns: usize) -> Self {
        let mut density = Self::new(run, names, columns);
        density.extend(run, usize::MAX);
        density
    }

    /// The same, of nothing yet.
    #[must_use]
    pub fn new(run: &Run, names: &Names, columns: usize) -> Self {
        let commands = run.commands().len();
        let buckets = commands.min(columns);
        let lanes = (0..names.processes().len())
            .filter_map(ProcessId::from_index)
            .map(|process| DensityLane { process, bytes: vec![0; buckets], total: 0 })
            .collect();
        Self {
            commands,
            buckets,
            lanes,
            paging: vec![PagingBucket::default(); buckets],
            ..Self::default()
        }
    }

    /// Counts up to `most` more executed commands.
    pub fn extend(&mut self, run: &Run, most: usize) {
        let end = self.read.saturating_add(most).min(run.executed());
        let new = self.read..end;
        let fresh = run.commands().get(new.clone()).unwrap_or_default().iter();
        let fresh = fresh.zip(run.records().get(new).unwrap_or_default());
        let mut owners = std::mem::take(&mut self.owners);
        for (number, (command, record)) in (self.read + 1..).zip(fresh) {
            owners.learn(command);
            let Some(bucket) = self.bucket_of(number) else { break };
            self.add_paging(bucket, record);
            owners.named(command, &mut |process, bytes| self.add_use(bucket, process, bytes));
            self.read = number;
        }
        self.owners = owners;
    }

    /// How many executed commands are counted.
    #[must_use]
    pub const fn counted(&self) -> usize {
        self.read
    }

    /// How many buckets there are.
    #[must_use]
    pub const fn buckets(&self) -> usize {
        self.buckets
    }

    /// How many commands the run has, executed or not.
    #[must_use]
    pub const fn commands(&self) -> usize {
        self.commands
    }

    /// The bucket of a command, counted from 1.
    #[must_use]
    pub fn bucket_of(&self, command: usize) -> Option<usize> {
        let index = command.checked_sub(1).filter(|index| *index < self.commands)?;
        // At most 4,194,304 commands and as many columns: the product fits.
        Some(index * self.buckets / self.commands)
    }

    /// The commands of a bucket, counted from 1.
    #[must_use]
    pub fn commands_of(&self, bucket: usize) -> Range<usize> {
        if self.buckets == 0 {
            return 1..1;
        }
        let first = |bucket: usize| (bucket * self.commands).div_ceil(self.buckets) + 1;
        first(bucket)..first(bucket + 1)
    }

    fn add_paging(&mut self, bucket: usize, record: &CommandRecord) {
        let Some(paging) = self.paging.get_mut(bucket) else { return };
        let summary = record.summary;
        for (sum, bytes) in [
            (&mut paging.bytes_in, summary.bytes_in),
            (&mut paging.bytes_out, summary.bytes_out),
            (&mut paging.bytes_mapped, summary.bytes_mapped),
            (&mut paging.bytes_unmapped, summary.bytes_unmapped),
        ] {
            *sum = sum.saturating_add(bytes);
        }
        self.most_paged = self.most_paged.max(paging.bytes_in).max(paging.bytes_out);
        if matches!(record.ending, Ending::Refused(_)) {
            paging.refused += 1;
            self.refused += 1;
        }
        if record.is_bad() || matches!(record.ending, Ending::Stopped(_)) {
            paging.wrong += 1;
            self.wrong += 1;
        }
    }

    fn add_use(&mut self, bucket: usize, process: ProcessId, bytes: u64) {
        let Some(lane) = self.lanes.get_mut(process.index()) else { return };
        lane.total = lane.total.saturating_add(bytes);
        if let Some(sum) = lane.bytes.get_mut(bucket) {
            *sum = sum.saturating_add(bytes);
            self.most_bytes = self.most_bytes.max(*sum);
        }
    }
}

/// Who owns which allocation, and its size, as the commands so far say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Owners {
    devices: Vec<Option<ProcessId>>,
    allocations: Vec<Option<(ProcessId, u64)>>,
}

impl Owners {
    fn learn(&mut self, command: &Command) {
        match command {
            Command::CreateDevice(device, process, _) => {
                put(&mut self.devices, device.index(), *process);
            }
            Command::CreateAllocation(create) => {
                let owner = self.devices.get(create.device.index()).copied().flatten();
                if let Some(owner) = owner {
                    let size = create.info.size.get();
                    put(&mut self.allocations, create.allocation.index(), (owner, size));
                }
            }
            _ => {}
        }
    }

    fn of(&self, allocation: AllocationId) -> Option<(ProcessId, u64)> {
        self.allocations.get(allocation.index()).copied().flatten()
    }

    /// Calls `found` with the owner and the bytes of every allocation that the command names.
    fn named(&self, command: &Command, found: &mut dyn FnMut(ProcessId, u64)) {
        let mut whole = |allocation| {
            if let Some((owner, size)) = self.of(allocation) {
                found(owner, size);
            }
        };
        match command {
            Command::CreateAllocation(create) => whole(create.allocation),
            Command::DestroyAllocation(id)
            | Command::Evict(id)
            | Command::SetPriority(id, _)
            | Command::OpenAllocation(id, _)
            | Command::CloseAllocation(id, _)
            | Command::Lock(id, ..)
            | Command::Unlock(id)
            | Command::Display(Some(id)) => whole(*id),
            Command::MakeResident(ids) | Command::Offer(ids, _) | Command::Reclaim(ids) => {
                ids.iter().copied().for_each(whole);
            }
            Command::Raw(raw) => raw.allocation().into_iter().for_each(whole),
            Command::Use(references) => {
                for reference in references {
                    self.part(reference.allocation, reference.range, found);
                }
            }
            Command::Submit(submit) => {
                for command in &submit.commands {
                    self.submitted(command, found);
                }
            }
            Command::CpuWrite(id, range, _) | Command::CpuRead(id, range) => {
                self.part(*id, *range, found);
            }
            Command::CreateProcess(_)
            | Command::CreateDevice(..)
            | Command::CreateContext(..)
            | Command::EvictAll
            | Command::RunGpu(_)
            | Command::Display(None)
            | Command::ReservePages(_)
            | Command::ReleasePages(_)
            | Command::WritePages(..)
            | Command::Power(_)
            | Command::Expect(_) => {}
        }
    }

    /// The same for a command of a command buffer. What bytes given as they are reach is not known:
    /// all of what they name counts.
    fn submitted(&self, command: &UserCommand, found: &mut dyn FnMut(ProcessId, u64)) {
        let mut bytes = |at: At, length| {
            self.part(at.allocation, AllocationRange { offset: at.offset, length }, found);
        };
        match command {
            UserCommand::Fill { destination, length, .. }
            | UserCommand::Add { destination, length, .. } => bytes(*destination, *length),
            UserCommand::Copy { source, destination, length } => {
                let size = self.of(source.allocation).map(|(_, size)| size);
                let rest = size.map(|size| size.saturating_sub(source.offset));
                bytes(*source, *length);
                bytes(*destination, length.or(rest));
            }
            UserCommand::Blit { source, destination, row_bytes, rows, .. } => {
                let length = u64::from(*row_bytes) * u64::from(*rows);
                bytes(*source, Some(length));
                bytes(*destination, Some(length));
            }
            UserCommand::Draw(references) => {
                for reference in references {
                    self.part(reference.allocation, reference.range, found);
                }
            }
            UserCommand::Unbind => {}
            UserCommand::Wait { fence, .. } | UserCommand::Signal { fence, .. } => {
                bytes(*fence, Some(FENCE_BYTES));
            }
            UserCommand::Bytes(_, allocations) => {
                allocations.iter().for_each(|id| bytes(At { allocation: *id, offset: 0 }, None));
            }
        }
    }

    fn part(
        &self,
        allocation: AllocationId,
        range: AllocationRange,
        found: &mut dyn FnMut(ProcessId, u64),
    ) {
        if let Some((owner, size)) = self.of(allocation) {
            let rest = size.saturating_sub(range.offset);
            found(owner, range.length.map_or(rest, |length| length.min(rest)));
        }
    }
}

fn put<T>(table: &mut Vec<Option<T>>, index: usize, value: T) {
    if table.len() <= index {
        table.resize_with(index + 1, || None);
    }
    table[index] = Some(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kmd;
    use crate::session;

    const MIB: u64 = 1 << 20;

    /// The tour's run and names.
    fn tour() -> (Run, Names) {
        let lookup = |name: &str| kmd::profile(name).map(|profile| profile.adapter);
        let text = include_str!("../../tests/sessions/walk.ron");
        let session = session::open(text, "tour.ron", &lookup).expect("the tour is a session");
        let bound = session.bound;
        let profile = kmd::profile(&bound.adapter.profile).expect("it was just found");
        let run = Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into());
        (run, bound.names)
    }

    /// A session of this test's own: two processes, and sizes that add up by hand.
    fn small(columns: usize, executed: usize) -> Density {
        let text = r#"(version: 1, adapter: (profile: "inspector"), commands: [
            CreateProcess("a"),
            CreateDevice(name: "da", process: "a"),
            CreateProcess("b"),
            CreateDevice(name: "db", process: "b"),
            CreateAllocation(name: "x", device: "da", size: "1 MiB", preferred: [(1)], supported: [1]),
            CreateAllocation(name: "y", device: "db", size: "2 MiB", preferred: [(1)], supported: [1]),
            Use([Write("x"), Read("y"), ReadRange(allocation: "x", offset: "256 KiB", length: "512 KiB")]),
            Evict("y"),
        ])"#;
        let text = text.replace("[(1)]", "[1]");
        let lookup = |name: &str| kmd::profile(name).map(|profile| profile.adapter);
        let session =
            session::open(&text, "small", &lookup).unwrap_or_else(|errors| panic!("{}", errors[0]));
        let bound = session.bound;
        let profile = kmd::profile(&bound.adapter.profile).expect("it was just found");
        let mut run = Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into());
        run.execute(executed);
        Density::of(&run, &bound.names, columns)
    }

    #[test]
    fn bytes_count_for_the_owner_of_what_is_named() {
        let density = small(100, usize::MAX);
        assert_eq!(density.buckets(), 8);
        let half = MIB / 2;
        assert_eq!(density.lanes[0].bytes, [0, 0, 0, 0, MIB, 0, MIB + half, 0]);
        assert_eq!(density.lanes[1].bytes, [0, 0, 0, 0, 0, 2 * MIB, 2 * MIB, 2 * MIB]);
        assert_eq!(density.lanes[1].total, 6 * MIB);
        assert_eq!(density.most_bytes, 2 * MIB);
        // The use pages both in; the eviction brings what was filled out again, or drops it.
        assert_eq!(density.paging[6].bytes_in, 3 * MIB);
        assert_eq!(density.paging[7].bytes_in, 0);
        assert_eq!((density.refused, density.wrong), (0, 0));
    }

    /// Each command of a command buffer with the bytes that it reaches, worked out by hand; what it
    /// names beyond the end of an allocation is not there to be reached.
    #[test]
    fn bytes_of_submissions_count_by_what_they_reach() {
        const KIB: u64 = 1 << 10;
        let table = [
            (r#"Fill(allocation: "x", pattern: 1)"#, MIB, 0),
            (
                r#"Fill(allocation: "x", offset: "768 KiB", length: "1 MiB", pattern: 1)"#,
                256 * KIB,
                0,
            ),
            (r#"Add(allocation: "y", offset: 16, length: 64, addend: 1)"#, 0, 64),
            (r#"Copy(from: "x", from_offset: "256 KiB", to: "y")"#, 768 * KIB, 768 * KIB),
            (r#"Copy(from: "y", to: "x", length: "4 KiB")"#, 4 * KIB, 4 * KIB),
            (
                r#"Blit(from: "x", from_pitch: 256, to: "x", to_pitch: 512, row_bytes: 64, rows: 16)"#,
                2 * KIB,
                0,
            ),
            (r#"Draw([Read("x"), WriteRange(allocation: "y", length: "8 KiB")])"#, MIB, 8 * KIB),
            ("Unbind", 0, 0),
            (
                r#"Wait(allocation: "x", value: 1), Signal(allocation: "y", offset: 8, value: 1)"#,
                8,
                8,
            ),
            (r#"Bytes(bytes: "00", allocations: ["x", "y"])"#, MIB, 2 * MIB),
        ];
        let submits =
            table.map(|(item, ..)| format!("Submit(device: \"da\", commands: [{item}]),"));
        let text = format!(
            r#"(version: 1, adapter: (profile: "inspector"), commands: [
            CreateProcess("a"),
            CreateDevice(name: "da", process: "a"),
            CreateProcess("b"),
            CreateDevice(name: "db", process: "b"),
            CreateAllocation(name: "x", device: "da", size: "1 MiB", preferred: [1], supported: [1]),
            CreateAllocation(name: "y", device: "db", size: "2 MiB", preferred: [1], supported: [1]),
            {}
        ])"#,
            submits.concat()
        );
        let lookup = |name: &str| kmd::profile(name).map(|profile| profile.adapter);
        let session = session::open(&text, "submits", &lookup)
            .unwrap_or_else(|errors| panic!("{}", errors[0]));
        let mut owners = Owners { devices: Vec::new(), allocations: Vec::new() };
        let (creations, submits) = session.bound.commands.split_at(6);
        creations.iter().for_each(|command| owners.learn(command));
        for (command, (item, of_a, of_b)) in submits.iter().zip(table) {
            let mut found = [0, 0];
            owners.named(command, &mut |process, bytes| found[process.index()] += bytes);
            assert_eq!(found, [of_a, of_b], "{item}");
        }
    }

    /// In slices of any length, executed as it goes, it comes to the same.
    #[test]
    fn slices_add_up() {
        for slice in [1, 2, 3, 7] {
            let (mut run, names) = tour();
            let mut sliced = Density::new(&run, &names, 6);
            while sliced.counted() < run.commands().len() {
                run.execute(slice);
                sliced.extend(&run, 2);
            }
            assert_eq!(sliced, Density::of(&run, &names, 6), "slices of {slice}");
        }
    }

    #[test]
    fn only_what_is_executed_counts() {
        let density = small(100, 5);
        assert_eq!(density.buckets(), 8);
        assert_eq!(density.lanes[0].total, MIB);
        assert_eq!(density.lanes[1].total, 0);
    }

    #[test]
    fn buckets_hold_every_command_once() {
        for columns in [1, 2, 3, 5, 7, 8, 9] {
            let density = small(columns, usize::MAX);
            let commands: Vec<usize> =
                (0..density.buckets()).flat_map(|bucket| density.commands_of(bucket)).collect();
            assert_eq!(commands, (1..=8).collect::<Vec<_>>(), "{columns} columns");
            for bucket in 0..density.buckets() {
                for command in density.commands_of(bucket) {
                    assert_eq!(density.bucket_of(command), Some(bucket));
                }
            }
            let total: u64 = density.lanes[0].bytes.iter().sum();
            assert_eq!(total, 2 * MIB + MIB / 2);
        }
        assert_eq!(small(0, usize::MAX).commands_of(0), 1..1);
        assert_eq!(small(8, 8).bucket_of(0), None);
        assert_eq!(small(8, 8).bucket_of(9), None);
    }

    #[test]
    fn the_tour_moves_bytes_both_ways() {
        let (mut run, names) = tour();
        run.execute_all();
        let density = Density::of(&run, &names, 10);
        assert_eq!(density.buckets(), 10);
        assert!(density.paging.iter().any(|bucket| bucket.bytes_in > 0));
        assert!(density.paging.iter().any(|bucket| bucket.bytes_out > 0));
        assert!(density.paging.iter().any(|bucket| bucket.bytes_mapped > 0));
        assert!(density.lanes.iter().all(|lane| lane.total > 0));
    }
}
