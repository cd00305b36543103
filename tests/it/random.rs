//! Random small adapters and command sequences, in a form that shrinks.
//!
//! What proptest sees are small numbers; [`Case::commands`] makes commands of them. Allocations are
//! named by a number modulo those created so far and one more, so that removing a creation leaves
//! a case that still means something.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use vidmm_inspector::base::{AllocationId, Bytes, DeviceId, ProcessId, SegmentId};
use vidmm_inspector::config::{
    Adapter, EnginePolicy, EvictionPolicy, FitPolicy, PagingBuffer, Policies, Segment,
};
use vidmm_inspector::ddi::{
    AllocationFlags, AllocationInfo, InterfaceVersion, Preference, PreferredSegments, Priority,
    SegmentFlags, SegmentSet, SystemMemoryId,
};
use vidmm_inspector::kmd::{Profile, profile};
use vidmm_inspector::machine::{
    AllocationRange, Command, CreateAllocation, Data, Reference, ReferenceKind, Run, RunGpu,
};

pub(crate) const PAGE: u64 = 4096;

/// What kinds of cases a test wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Every operation one record, apertures programmed by the processor.
    pub record: bool,
    /// The engine runs when something waits for it.
    pub manual: bool,
    /// Little system memory, so that commit is short.
    pub small_memory: bool,
    /// Commands of a sequence at most.
    pub steps: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct RawSegment {
    aperture: bool,
    visible: bool,
    coherent: bool,
    pages: u64,
    /// Quarters of the size; 4 and above for none.
    limit: u64,
    base: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct RawCreate {
    pages: u64,
    /// Bytes that the size falls short of whole pages.
    short: u64,
    alignment: u8,
    supported: u8,
    /// Replaces the supported set for reading.
    read: Option<u8>,
    preferred: Vec<(u8, bool)>,
    eviction: u8,
    flags: u8,
    priority: u8,
    fill: u32,
    resident: bool,
    /// Breaks one rule of creation.
    mistake: u8,
}

#[derive(Clone, Debug)]
pub(crate) enum RawData {
    Seed(u64),
    Pattern(u32),
    Bytes(Vec<u8>),
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Create(RawCreate),
    Destroy(u8),
    MakeResident(Vec<u8>),
    Use(Vec<(u8, RawRange, Option<Option<u64>>)>),
    CpuWrite(u8, RawRange, RawData),
    CpuRead(u8, RawRange),
    Evict(u8),
    EvictAll,
    SetPriority(u8, u8),
    RunGpu(u8),
}

/// A part of an allocation in 1/256 of its size, shifted by some bytes; `None` for all of it.
pub(crate) type RawRange = Option<(u16, u16, u8)>;

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub kind: Kind,
    segments: Vec<RawSegment>,
    aperture_limit: Option<u64>,
    buffer_size: u8,
    buffer_count: u32,
    buffer_in_aperture: bool,
    fit: bool,
    eviction: u8,
    frame_seed: u64,
    steps: Vec<Step>,
}

/// Lowest and highest, two in one band, and one above MAXIMUM.
const PRIORITIES: [Priority; 8] = [
    Priority::NORMAL,
    Priority::MINIMUM,
    Priority::LOW,
    Priority(0x7800_0001),
    Priority::HIGH,
    Priority::MAXIMUM,
    Priority(0xC800_0001),
    Priority(1),
];

impl Case {
    pub(crate) fn adapter(&self) -> Adapter {
        let mut segments: Vec<Segment> = Vec::new();
        for (index, raw) in self.segments.iter().enumerate() {
            let mut flags = SegmentFlags::empty();
            flags.set(SegmentFlags::Aperture, raw.aperture);
            flags.set(SegmentFlags::CacheCoherent, raw.aperture && raw.coherent);
            flags.set(SegmentFlags::CpuVisible, !raw.aperture && raw.visible);
            let size = raw.pages * PAGE;
            let limit = if raw.limit >= 4 { 0 } else { raw.pages * raw.limit.max(1) / 4 * PAGE };
            segments.push(Segment {
                name: format!("S{}", index + 1),
                flags,
                base: raw.base * PAGE,
                size,
                commit_limit: limit,
                cpu_translated_address: 0xE000_0000,
                ..Segment::default()
            });
        }
        let sizes: [u64; 5] =
            if self.kind.record { [512, 700, 1024, 2048, 4096] } else { [64, 96, 100, 512, 4096] };
        let size = sizes[usize::from(self.buffer_size) % sizes.len()];
        let room = u64::from(self.buffer_count);
        let aperture =
            self.segments.iter().position(|raw| raw.aperture && raw.pages >= room).map(|at| at + 1);
        let segment = aperture.filter(|_| self.buffer_in_aperture);
        Adapter {
            name: "random".into(),
            version: InterfaceVersion::Wddm1_3,
            profile: self.profile().name.into(),
            system_memory: if self.kind.small_memory { 1 << 20 } else { 32 << 20 },
            frame_seed: self.frame_seed,
            segments,
            paging_buffer: PagingBuffer {
                segment: segment.and_then(|number| u8::try_from(number).ok()).unwrap_or(0),
                size,
                private_data_size: 0,
                count: self.buffer_count,
            },
            system_memory_id: SystemMemoryId::default(),
            aperture_commit_limit: self.aperture_limit.unwrap_or(0) * PAGE,
            ..Adapter::default()
        }
    }

    pub(crate) fn profile(&self) -> Profile {
        let name = if self.kind.record { "render-only-sample" } else { "inspector" };
        profile(name).expect("both profiles are the program's own")
    }

    pub(crate) fn policies(&self) -> Policies {
        Policies {
            fit: if self.fit { FitPolicy::Best } else { FitPolicy::First },
            eviction: [EvictionPolicy::Lru, EvictionPolicy::Mru, EvictionPolicy::Fifo]
                [usize::from(self.eviction) % 3],
            engine: if self.kind.manual { EnginePolicy::Manual } else { EnginePolicy::Drain },
            ..Policies::default()
        }
    }

    pub(crate) fn run(&self) -> Run {
        Run::new(&self.adapter(), self.policies(), &self.profile(), self.commands().into())
    }

    /// The commands: a process and a device, the steps, and the engine run until idle.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let mut commands = vec![
            Command::CreateProcess(ProcessId(0)),
            Command::CreateDevice(DeviceId(0), ProcessId(0)),
        ];
        let mut sizes: Vec<u64> = Vec::new();
        for step in &self.steps {
            commands.push(self.command(step, &mut sizes));
        }
        commands.push(Command::RunGpu(RunGpu::UntilIdle));
        commands
    }

    fn command(&self, step: &Step, sizes: &mut Vec<u64>) -> Command {
        let id = |raw: u8| {
            let count = u32::try_from(sizes.len()).unwrap_or(0);
            // One beyond the last is asked for now and then, but not often.
            let known = if raw >= 250 { count + 1 } else { count.max(1) };
            AllocationId(u32::from(raw) % known)
        };
        let range = |raw: u8, part: &RawRange| {
            let size = sizes.get(id(raw).index()).copied().unwrap_or(PAGE);
            part.map_or(AllocationRange::default(), |(offset, length, shift)| {
                let offset = size * u64::from(offset) / 256 + u64::from(shift % 8);
                let wanted = size * u64::from(length) / 256;
                // Beyond the end is refused: let it happen only now and then.
                let room = size.saturating_sub(offset);
                let length = if shift == 255 { wanted + 1 } else { wanted.min(room) };
                AllocationRange { offset: offset.min(size), length: Some(length) }
            })
        };
        match step {
            Step::Create(raw) => {
                let info = self.info(raw);
                let allocation = AllocationId(u32::try_from(sizes.len()).unwrap_or(0));
                sizes.push(info.size.get().next_multiple_of(PAGE));
                Command::CreateAllocation(Box::new(CreateAllocation {
                    allocation,
                    device: DeviceId(0),
                    info,
                    fill_pattern: raw.fill,
                    resident: raw.resident,
                    shared: false,
                    primary: false,
                    existing: None,
                }))
            }
            Step::Destroy(raw) => Command::DestroyAllocation(id(*raw)),
            Step::MakeResident(raws) => {
                Command::MakeResident(raws.iter().map(|r| id(*r)).collect())
            }
            Step::Use(raws) => Command::Use(
                raws.iter()
                    .map(|(raw, part, write)| Reference {
                        allocation: id(*raw),
                        range: range(*raw, part),
                        kind: match write {
                            None => ReferenceKind::Read,
                            Some(seed) => ReferenceKind::Write { seed: *seed },
                        },
                    })
                    .collect(),
            ),
            Step::CpuWrite(raw, part, data) => {
                let (data, part) = match data {
                    RawData::Seed(seed) => (Data::Seed(*seed), range(*raw, part)),
                    RawData::Pattern(word) => (Data::Pattern(*word), range(*raw, part)),
                    RawData::Bytes(bytes) => {
                        let offset = range(*raw, part).offset;
                        let part = AllocationRange { offset, length: None };
                        (Data::Bytes(bytes.clone().into()), part)
                    }
                };
                Command::CpuWrite(id(*raw), part, data)
            }
            Step::CpuRead(raw, part) => Command::CpuRead(id(*raw), range(*raw, part)),
            Step::Evict(raw) => Command::Evict(id(*raw)),
            Step::EvictAll => Command::EvictAll,
            Step::SetPriority(raw, priority) => {
                let known = PRIORITIES.get(usize::from(*priority)).copied();
                Command::SetPriority(id(*raw), known.unwrap_or(Priority(0)))
            }
            Step::RunGpu(packets) => Command::RunGpu(match packets {
                0 => RunGpu::UntilIdle,
                packets => RunGpu::Packets(u32::from(*packets)),
            }),
        }
    }

    /// What a creation asks for: sensible but for one mistake at most.
    fn info(&self, raw: &RawCreate) -> AllocationInfo {
        let count = self.segments.len();
        let known = (1_u32 << count) - 1;
        let number = |raw: u8| {
            let index = usize::from(raw) % count;
            SegmentId::from_index(index).expect("at most four segments")
        };
        let apertures: SegmentSet = (0..count)
            .filter(|index| self.segments[*index].aperture)
            .filter_map(SegmentId::from_index)
            .collect();
        let some = |mask: u8| {
            let set = u32::from(mask) & known;
            if set == 0 {
                SegmentSet(1 << (u32::from(mask >> 4) % 4) & known)
            } else {
                SegmentSet(set)
            }
        };
        let mut write = some(raw.supported);
        if write.is_empty() {
            write = SegmentSet(1);
        }
        let read = raw.read.map_or(write, |mask| SegmentSet(u32::from(mask) & known));
        let both = SegmentSet(read.0 | write.0);
        let preferred: Vec<Preference> = raw
            .preferred
            .iter()
            .map(|(segment, from_end)| Preference {
                segment: number(*segment),
                from_end: *from_end,
            })
            .filter(|preference| both.contains(preference.segment))
            .collect();
        let mut flags = AllocationFlags::empty();
        flags.set(AllocationFlags::CpuVisible, raw.flags & 1 == 0);
        let visible = flags.contains(AllocationFlags::CpuVisible);
        flags.set(AllocationFlags::PermanentSysMem, visible && raw.flags & 6 == 2);
        flags.set(AllocationFlags::Cached, visible && raw.flags & 8 != 0);
        flags.set(AllocationFlags::FromEndOfSegment, raw.flags & 0x30 == 0x10);
        flags.set(AllocationFlags::Overlay, raw.flags & 0xE0 == 0x20);
        flags.set(AllocationFlags::Capture, raw.flags & 0xF0 == 0x40);
        let mut info = AllocationInfo {
            size: Bytes(raw.pages * PAGE - raw.short),
            alignment: Bytes([0, 4096, 8192, 64, 16384, 65536][usize::from(raw.alignment) % 6]),
            preferred: PreferredSegments::new(&preferred).unwrap_or_default(),
            supported_read: read,
            supported_write: write,
            eviction: SegmentSet(u32::from(raw.eviction) & apertures.0),
            flags,
            priority: PRIORITIES[usize::from(raw.priority) % PRIORITIES.len()],
            ..AllocationInfo::default()
        };
        match raw.mistake {
            1 => info.size = Bytes(0),
            2 => info.alignment = Bytes(12288),
            3 => info.priority = Priority(0),
            4 => info.supported_write = SegmentSet(1 << count),
            5 => info.flags = AllocationFlags::Cached,
            6 => info.flags = AllocationFlags::PermanentSysMem,
            7 => info.flags |= AllocationFlags::LinkMirrored,
            _ => {}
        }
        info
    }
}

fn range() -> impl Strategy<Value = RawRange> {
    prop_oneof![
        2 => Just(None),
        3 => (0..256_u16, 0..=256_u16, 0..=255_u8).prop_map(Some),
        2 => (0..16_u16, 0..=2_u16).prop_map(|(at, len)| Some((at * 16, len * 16, 0))),
    ]
}

fn segment() -> impl Strategy<Value = RawSegment> {
    (any::<bool>(), any::<bool>(), any::<bool>(), 16..=64_u64, 1..=8_u64, 0..3_u64).prop_map(
        |(aperture, visible, coherent, pages, limit, base)| RawSegment {
            aperture,
            visible,
            coherent,
            pages,
            limit,
            base: base * 0x10_0000,
        },
    )
}

fn creation() -> impl Strategy<Value = RawCreate> {
    let shape = (
        prop_oneof![4 => 1..=8_u64, 2 => 8..=24_u64, 1 => 24..=70_u64],
        prop_oneof![3 => Just(0_u64), 1 => 1..4096_u64],
        prop_oneof![4 => Just(0_u8), 2 => 0..6_u8],
    );
    let segments = (
        any::<u8>(),
        proptest::option::weighted(0.15, any::<u8>()),
        proptest::collection::vec((any::<u8>(), any::<bool>()), 0..=3),
        prop_oneof![1 => Just(0_u8), 1 => any::<u8>()],
    );
    let rest = (
        prop_oneof![2 => Just(0_u8), 3 => any::<u8>()],
        prop_oneof![3 => Just(0_u8), 2 => 0..8_u8],
        prop_oneof![Just(0_u32), any::<u32>()],
        any::<bool>(),
        prop_oneof![40 => Just(0_u8), 1 => 1..=7_u8],
    );
    (shape, segments, rest).prop_map(|(shape, segments, rest)| RawCreate {
        pages: shape.0,
        short: shape.1,
        alignment: shape.2,
        supported: segments.0,
        read: segments.1,
        preferred: segments.2,
        eviction: segments.3,
        flags: rest.0,
        priority: rest.1,
        fill: rest.2,
        resident: rest.3,
        mistake: rest.4,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let write = prop_oneof![
        3 => Just(None),
        2 => Just(Some(None)),
        2 => any::<u64>().prop_map(|seed| Some(Some(seed))),
    ];
    let data = prop_oneof![
        any::<u64>().prop_map(RawData::Seed),
        any::<u32>().prop_map(RawData::Pattern),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(RawData::Bytes),
    ];
    prop_oneof![
        10 => creation().prop_map(Step::Create),
        3 => any::<u8>().prop_map(Step::Destroy),
        8 => proptest::collection::vec(any::<u8>(), 1..=4).prop_map(Step::MakeResident),
        12 => proptest::collection::vec((any::<u8>(), range(), write), 1..=4).prop_map(Step::Use),
        6 => (any::<u8>(), range(), data).prop_map(|(id, part, data)| Step::CpuWrite(id, part, data)),
        3 => (any::<u8>(), range()).prop_map(|(id, part)| Step::CpuRead(id, part)),
        4 => any::<u8>().prop_map(Step::Evict),
        1 => Just(Step::EvictAll),
        3 => (any::<u8>(), 0..=8_u8).prop_map(|(id, priority)| Step::SetPriority(id, priority)),
        2 => (0..=9_u8).prop_map(Step::RunGpu),
    ]
}

/// Random cases of a kind.
pub(crate) fn cases(kind: Kind) -> impl Strategy<Value = Case> {
    let adapter = (
        proptest::collection::vec(segment(), 1..=4),
        proptest::option::weighted(0.4, 12..=80_u64),
        any::<u8>(),
        1..=3_u32,
        any::<bool>(),
        any::<u64>(),
    );
    let policies = (any::<bool>(), 0..3_u8);
    let steps = proptest::collection::vec(step(), 1..=kind.steps);
    (adapter, policies, steps).prop_map(move |(adapter, policies, steps)| Case {
        kind,
        segments: adapter.0,
        aperture_limit: adapter.1,
        buffer_size: adapter.2,
        buffer_count: adapter.3,
        buffer_in_aperture: adapter.4,
        frame_seed: adapter.5,
        fit: policies.0,
        eviction: policies.1,
        steps,
    })
}

/// Runs `check` on `count` random cases, from a seed that `RANDOM_SEED` replaces and with as many
/// times the cases as `RANDOM_TIMES` says. A failure is shrunk and printed with its seed.
pub(crate) fn for_random(
    name: &str,
    kind: Kind,
    count: u32,
    check: impl Fn(&Case) -> Result<(), String>,
) {
    let number = |variable: &str| std::env::var(variable).ok()?.parse::<u64>().ok();
    let seed = number("RANDOM_SEED").unwrap_or(0x5EED);
    let times = number("RANDOM_TIMES").and_then(|times| u32::try_from(times).ok()).unwrap_or(1);
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    for (place, byte) in key[8..].iter_mut().zip(name.bytes()) {
        *place = byte;
    }
    let config = Config {
        cases: count.saturating_mul(times),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &key));
    let result = runner.run(&cases(kind), |case| {
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&case)));
        match checked {
            Ok(result) => result.map_err(TestCaseError::fail),
            Err(_) => Err(TestCaseError::fail("it panicked; the message is above")),
        }
    });
    if let Err(error) = result {
        panic!("{name}, RANDOM_SEED={seed}: {error}");
    }
}
