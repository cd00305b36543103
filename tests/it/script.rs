//! Scripts of commands on an adapter made for a test.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use vidmm_inspector::base::{AllocationId, Bytes, DeviceId, ProcessId, SegmentId};
use vidmm_inspector::config::{Adapter, PagingBuffer, Policies, Segment};
use vidmm_inspector::ddi::{
    AllocationFlags, AllocationInfo, DeviceInfo, InterfaceVersion, LockFlags, NtStatus,
    SegmentFlags, SegmentSet,
};
use vidmm_inspector::kmd::profile;
use vidmm_inspector::machine::{
    AllocationRange, Command, Counter, CreateAllocation, Diverged, Ending, Place, Reference,
    ReferenceKind, Run, Started,
};

pub(crate) const PAGE: u64 = 4096;
pub(crate) const ALL: AllocationRange = AllocationRange { offset: 0, length: None };

/// A script that grows: an adapter, two devices of process 0 and one of process 1, commands.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) adapter: Adapter,
    pub(crate) policies: Policies,
    pub(crate) commands: Vec<Command>,
    pub(crate) allocations: u32,
}

impl Script {
    /// An adapter with segments of flags and pages.
    pub(crate) fn new(version: InterfaceVersion, segments: &[(SegmentFlags, u64)]) -> Self {
        let segments = segments.iter().zip(1..).map(|((flags, pages), number)| Segment {
            name: format!("S{number}"),
            flags: *flags,
            size: pages * PAGE,
            cpu_translated_address: 0xE000_0000,
            ..Segment::default()
        });
        let paging_buffer = PagingBuffer { segment: 0, size: 4096, private_data_size: 0, count: 1 };
        let adapter = Adapter {
            name: "features".into(),
            version,
            profile: "inspector".into(),
            system_memory: 16 << 20,
            segments: segments.collect(),
            paging_buffer,
            ..Adapter::default()
        };
        let commands = vec![
            Command::CreateProcess(ProcessId(0)),
            Command::CreateProcess(ProcessId(1)),
            Command::CreateDevice(DeviceId(0), ProcessId(0), DeviceInfo::default()),
            Command::CreateDevice(DeviceId(1), ProcessId(0), DeviceInfo::default()),
            Command::CreateDevice(DeviceId(2), ProcessId(1), DeviceInfo::default()),
        ];
        Self { adapter, policies: Policies::default(), commands, allocations: 0 }
    }

    /// Banks of a segment: where all but the last end, in pages.
    pub(crate) fn banks(mut self, segment: usize, ends: &[u64]) -> Self {
        let segment = &mut self.adapter.segments[segment - 1];
        segment.flags |= SegmentFlags::UseBanking;
        segment.bank_ends = ends.iter().map(|end| end * PAGE).collect();
        segment.bank_count = u32::try_from(ends.len() + 1).expect("few banks");
        self
    }

    /// One more command; its number.
    pub(crate) fn then(&mut self, command: Command) -> usize {
        self.commands.push(command);
        self.commands.len()
    }

    pub(crate) fn create(&mut self, info: AllocationInfo) -> AllocationId {
        self.create_with(info, |_| {})
    }

    pub(crate) fn create_with(
        &mut self,
        info: AllocationInfo,
        change: impl FnOnce(&mut CreateAllocation),
    ) -> AllocationId {
        let allocation = AllocationId(self.allocations);
        self.allocations += 1;
        let mut create = CreateAllocation {
            allocation,
            device: DeviceId(0),
            info,
            fill_pattern: 7,
            resident: false,
            shared: false,
            primary: false,
            existing: None,
        };
        change(&mut create);
        self.then(Command::CreateAllocation(Box::new(create)));
        allocation
    }

    /// Creates what is resident at once.
    pub(crate) fn resident(&mut self, info: AllocationInfo) -> AllocationId {
        self.create_with(info, |create| create.resident = true)
    }

    pub(crate) fn write(&mut self, id: AllocationId) -> usize {
        let kind = ReferenceKind::Write { seed: Some(5) };
        self.then(Command::Use([Reference { allocation: id, range: ALL, kind }].into()))
    }

    pub(crate) fn lock(&mut self, id: AllocationId, flags: LockFlags) -> usize {
        self.then(Command::Lock(id, None, flags))
    }

    /// Everything carried out, whatever came of it.
    pub(crate) fn executed(&self) -> Run {
        let profile = profile(&self.adapter.profile).expect("the profile is the program's own");
        let commands = self.commands.clone().into();
        let mut run = Run::new(&self.adapter, self.policies, &profile, commands);
        run.execute_all();
        let end = Place::after(self.commands.len());
        assert_eq!(run.go_to(end), Ok(true));
        run
    }

    /// Everything carried out, and nothing damaged.
    pub(crate) fn run(&self) -> Done {
        let run = self.executed();
        for (number, record) in (1..).zip(run.records()) {
            assert!(record.damage.is_empty(), "command {number}: {:?}", record.damage);
        }
        Done(run)
    }
}

/// A script that was carried out.
pub(crate) struct Done(pub(crate) Run);

impl Done {
    pub(crate) fn machine(&self) -> &Started {
        self.0.machine().started().expect("the adapter breaks no rule")
    }

    /// How a command ended.
    pub(crate) fn status(&self, number: usize) -> NtStatus {
        match &self.0.record(number).expect("executed").ending {
            Ending::Done => NtStatus::SUCCESS,
            Ending::Refused(refusal) => refusal.status,
            other => panic!("command {number} ended in {other:?}"),
        }
    }

    pub(crate) fn last(&self) -> NtStatus {
        self.status(self.0.commands().len())
    }

    /// Segment number and page.
    pub(crate) fn place(&self, id: AllocationId) -> Option<(u8, u64)> {
        let place = self.machine().vidmm().book().allocation(id).expect("exists").placement()?;
        Some((place.segment.number(), place.span.start() / PAGE))
    }

    pub(crate) fn count(&self, counter: Counter) -> u64 {
        self.machine().counter(counter)
    }
}

/// Goes back over every command that was carried out, takes some apart on the way, and returns: every
/// state is the one recorded.
pub(crate) fn there_and_back(run: &mut Run) -> Result<(), String> {
    let end = run.executed();
    let diverged = |diverged: Diverged| diverged.to_string();
    for number in (0..=end).rev().chain([end]) {
        if !run.go_to(Place::after(number)).map_err(diverged)? {
            return Err(format!("cannot go after command {number}"));
        }
        if number % 7 == 3 {
            run.trace(number).map_err(diverged)?;
        }
        let found = run.machine().hash();
        if run.recorded_hash(number) != Some(found) {
            return Err(format!("after command {number} back in another state"));
        }
    }
    Ok(())
}

pub(crate) fn segments(numbers: &[u8]) -> SegmentSet {
    numbers.iter().map(|number| SegmentId::new(*number).expect("1 to 31")).collect()
}

/// An allocation of so many pages that the GPU can access in these segments.
pub(crate) fn info(pages: u64, numbers: &[u8], flags: AllocationFlags) -> AllocationInfo {
    let supported = segments(numbers);
    let size = Bytes(pages * PAGE);
    AllocationInfo {
        size,
        supported_read: supported,
        supported_write: supported,
        flags,
        pitch_aligned_size: size,
        ..AllocationInfo::default()
    }
}

/// Checks random cases, as many times over as `RANDOM_TIMES` says, from a seed that `RANDOM_SEED`
/// replaces and that `key` keeps apart from those of other tests. A failure is shrunk and told with
/// its seed.
pub(crate) fn random<S: Strategy>(
    cases: u32,
    key: u8,
    strategy: &S,
    check: impl Fn(&S::Value) -> Result<(), String>,
) {
    let number = |variable: &str| std::env::var(variable).ok()?.parse::<u64>().ok();
    let seed = number("RANDOM_SEED").unwrap_or(0x5EED);
    let times = number("RANDOM_TIMES").and_then(|times| u32::try_from(times).ok()).unwrap_or(1);
    let mut bytes = [key; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let cases = cases.saturating_mul(times);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let result = TestRunner::new_with_rng(config, random)
        .run(strategy, |case| check(&case).map_err(TestCaseError::fail));
    if let Err(error) = result {
        panic!("RANDOM_SEED={seed}: {error}");
    }
}
