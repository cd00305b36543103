//! Random small adapters and command sequences, in a form that shrinks.
//!
//! What proptest sees are small numbers; [`Case::commands`] makes commands of them. Allocations are
//! named by a number modulo those created so far and one more, so that removing a creation leaves
//! a case that still means something.

#[path = "random/decode.rs"]
mod decode;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use vidmm_inspector::base::{AllocationId, Bytes, DeviceId, PagesId, ProcessId, SegmentId};
use vidmm_inspector::config::{
    Adapter, AgpAperture, EnginePolicy, EvictionPolicy, FitPolicy, OfferPolicy, PagingBuffer,
    Policies, Segment, SegmentRange, VideoProtectedRange,
};
use vidmm_inspector::ddi::{
    AllocationFlags, AllocationInfo, BankHint, DeviceInfo, DiscardContentFlags, HintedBanks,
    InterfaceVersion, LockFlags, MapApertureFlags, OfferPriority, Preference, PreferredSegments,
    Priority, RowLayout, SegmentFlags, SegmentSet, SystemMemoryId, TransferFlags,
};
use vidmm_inspector::kmd::{Profile, profile};
use vidmm_inspector::machine::{
    AllocationRange, Command, CreateAllocation, Data, RawLocation, RawOperation, RawTransfer,
    Reference, ReferenceKind, ReservePages, Run, RunGpu,
};

pub(crate) const PAGE: u64 = 4096;

/// Pages of 64 KiB, in pages.
pub(crate) const LARGE: u64 = 16;

/// What random cases may have beside segments, allocations and accesses, as bits.
pub(crate) mod feature {
    /// Banks, 64 KiB pages, invalid ranges, pitch, rows, segments of system memory; both WDDM
    /// generations.
    pub(crate) const SEGMENTS: u32 = 1 << 0;
    /// Offers and reclaims.
    pub(crate) const OFFERS: u32 = 1 << 1;
    /// Transfers in parts.
    pub(crate) const PARTS: u32 = 1 << 2;
    /// Locks and unlocks.
    pub(crate) const LOCKS: u32 = 1 << 3;
    /// Several devices, shared allocations.
    pub(crate) const SHARED: u32 = 1 << 4;
    /// Primaries and what is displayed.
    pub(crate) const DISPLAY: u32 = 1 << 5;
    /// The AGP aperture.
    pub(crate) const AGP: u32 = 1 << 6;
    /// Reserved pages and allocations that wrap them.
    pub(crate) const PAGES: u32 = 1 << 7;
    /// Operations put together by hand.
    pub(crate) const RAW: u32 = 1 << 8;
    /// The video protected range.
    pub(crate) const PROTECTED: u32 = 1 << 9;
    /// All of them.
    pub(crate) const ALL: u32 = (1 << 10) - 1;
}

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
    /// What cases may have, of [`feature`].
    pub features: u32,
}

impl Kind {
    const fn has(self, feature: u32) -> bool {
        self.features & feature != 0
    }
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
    more: RawMore,
}

/// What the features add to a segment.
#[derive(Clone, Debug)]
pub(crate) struct RawMore {
    /// Bits: 64 KiB pages, pitch alignment, of system memory, Direct Flip.
    flags: u8,
    /// Pages of the banks but the last.
    banks: Vec<u64>,
    /// Pages before a range, of the range, and whether it is the boot frame buffer.
    ranges: Vec<(u64, u64, bool)>,
    /// First page and pages of the protected range.
    protected: Option<(u64, u64)>,
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
    more: RawCreateMore,
}

/// What the features add to a creation.
#[derive(Clone, Debug)]
pub(crate) struct RawCreateMore {
    hints: Vec<(u8, bool)>,
    /// Pages by which the pitch-aligned size is larger.
    pitch: u64,
    /// Which pitch, and bytes added to it in a pitch-aligned segment.
    rows: Option<(u8, u32)>,
    /// Bits: shared, primary, protected range, synchronous paging.
    flags: u8,
    device: u8,
    /// Wraps these pages.
    existing: Option<u8>,
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
    Offer(Vec<u8>, u8),
    Reclaim(Vec<u8>),
    Lock(u8, Option<u8>, u16),
    Unlock(u8),
    Open(u8, u8),
    Close(u8, u8),
    Display(Option<u8>),
    Reserve(u8, u64, bool),
    Release(u8),
    WritePages(u8, u16, u16, RawData),
    Raw(RawRaw),
}

/// An operation put together by hand: segment, page in it, pages, reserved pages and a first page
/// of them.
#[derive(Clone, Debug)]
pub(crate) struct RawRaw {
    kind: u8,
    segment: u8,
    at: u64,
    count: u64,
    pages: u8,
    first: u32,
    allocation: Option<u8>,
    offset: u32,
    fill: u32,
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
    wddm2: bool,
    offers_keep: bool,
    transfer_limit: u64,
    steps: Vec<Step>,
}

/// Ids of reserved pages, and of devices: two of one process and one of another.
const LISTS: u8 = 3;
const DEVICES: u32 = 3;

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
        let segments: Vec<Segment> =
            (0..self.segments.len()).map(|index| self.segment(index)).collect();
        let sizes: [u64; 5] =
            if self.kind.record { [512, 700, 1024, 2048, 4096] } else { [64, 96, 100, 512, 4096] };
        let size = sizes[usize::from(self.buffer_size) % sizes.len()];
        let room = u64::from(self.buffer_count);
        let aperture = (0..self.segments.len()).find(|at| {
            let raw = &self.segments[*at];
            raw.aperture && raw.pages >= room && self.agp() != Some(*at)
        });
        let aperture = aperture.map(|at| at + 1);
        let segment = aperture.filter(|_| self.buffer_in_aperture);
        Adapter {
            name: "random".into(),
            version: if self.is_wddm2() {
                InterfaceVersion::Wddm2_2
            } else {
                InterfaceVersion::Wddm1_3
            },
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
            agp_aperture: self
                .agp()
                .map(|at| AgpAperture { base: 0xD000_0000, size: self.segments[at].pages * PAGE }),
            ..Adapter::default()
        }
    }

    /// The segment that is the AGP aperture: the last aperture.
    fn agp(&self) -> Option<usize> {
        let wanted = self.kind.has(feature::AGP) && !self.is_wddm2() && self.frame_seed & 1 == 1;
        self.segments.iter().rposition(|raw| raw.aperture && wanted)
    }

    pub(crate) fn is_wddm2(&self) -> bool {
        self.wddm2 && self.kind.features != 0
    }

    fn segment(&self, index: usize) -> Segment {
        let raw = &self.segments[index];
        let (memory, more) = (!raw.aperture, &raw.more);
        let with = self.kind.has(feature::SEGMENTS);
        let large = self.is_large(index);
        let pages = if large { raw.pages.next_multiple_of(LARGE) } else { raw.pages };
        let size = pages * PAGE;
        let limit = if raw.limit >= 4 { 0 } else { pages * raw.limit.max(1) / 4 * PAGE };
        let name = format!("S{}", index + 1);
        if self.agp() == Some(index) {
            return Segment { name, flags: SegmentFlags::Agp, ..Segment::default() };
        }
        let mut flags = SegmentFlags::empty();
        flags.set(SegmentFlags::Aperture, raw.aperture);
        flags.set(SegmentFlags::CacheCoherent, raw.aperture && raw.coherent);
        flags.set(SegmentFlags::CpuVisible, memory && raw.visible);
        flags.set(SegmentFlags::Use64KBPages, large);
        flags.set(SegmentFlags::PitchAlignment, self.is_pitched(index));
        flags.set(SegmentFlags::PopulatedFromSystemMemory, with && memory && more.flags & 4 != 0);
        flags.set(SegmentFlags::DirectFlip, more.flags & 8 != 0);
        let mut segment = Segment {
            name,
            base: raw.base * PAGE,
            size,
            commit_limit: limit,
            cpu_translated_address: 0xE000_0000,
            ..Segment::default()
        };
        if with && memory && !self.is_wddm2() && !more.banks.is_empty() {
            flags |= SegmentFlags::UseBanking;
            let mut end = 0;
            let ends = more.banks.iter().map(|len| {
                end += len;
                end
            });
            segment.bank_ends = ends.take_while(|end| *end < pages).map(|end| end * PAGE).collect();
            segment.bank_count = u32::try_from(segment.bank_ends.len()).unwrap_or(0) + 1;
        }
        let unit = if large { LARGE } else { 1 };
        if with && memory && self.is_wddm2() {
            let mut at = 0;
            for (gap, len, boot) in &more.ranges {
                let (start, len) = ((at + gap).next_multiple_of(unit), len.next_multiple_of(unit));
                at = start + len;
                if at <= pages {
                    let range = SegmentRange { offset: start * PAGE, size: len * PAGE };
                    if *boot {
                        segment.uefi_frame_buffer_ranges.push(range);
                    } else {
                        segment.invalid_ranges.push(range);
                    }
                }
            }
        }
        if let Some((start, len)) = more.protected.filter(|_| self.is_protected(index)) {
            flags |= SegmentFlags::VprSupported;
            let start = start.min(pages - 1);
            segment.video_protected_range = Some(VideoProtectedRange {
                start: start * PAGE,
                size: len.min(pages - start) * PAGE,
                ..VideoProtectedRange::default()
            });
        }
        segment.flags = flags;
        segment
    }

    fn is_large(&self, index: usize) -> bool {
        let raw = &self.segments[index];
        self.kind.has(feature::SEGMENTS) && !raw.aperture && raw.more.flags & 1 != 0
    }

    fn is_pitched(&self, index: usize) -> bool {
        let raw = &self.segments[index];
        self.kind.has(feature::SEGMENTS) && !raw.aperture && raw.more.flags & 2 != 0
    }

    fn is_protected(&self, index: usize) -> bool {
        let raw = &self.segments[index];
        let with = self.kind.has(feature::PROTECTED) && self.is_wddm2();
        with && !raw.aperture && raw.more.protected.is_some()
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
            offers: if self.offers_keep { OfferPolicy::Keep } else { OfferPolicy::Discard },
            transfer_limit: if self.kind.has(feature::PARTS) {
                self.transfer_limit * PAGE
            } else {
                0
            },
        }
    }

    pub(crate) fn run(&self) -> Run {
        Run::new(&self.adapter(), self.policies(), &self.profile(), self.commands().into())
    }

    /// The commands: a process and a device, the steps, and the engine run until idle.
    pub(crate) fn commands(&self) -> Vec<Command> {
        let mut commands = vec![
            Command::CreateProcess(ProcessId(0)),
            Command::CreateDevice(DeviceId(0), ProcessId(0), DeviceInfo::default()),
        ];
        if self.kind.features != 0 {
            commands.push(Command::CreateDevice(DeviceId(1), ProcessId(0), DeviceInfo::default()));
            commands.push(Command::CreateProcess(ProcessId(1)));
            commands.push(Command::CreateDevice(DeviceId(2), ProcessId(1), DeviceInfo::default()));
        }
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
                sizes.push(match info.rows {
                    Some(rows) => rows.size().get(),
                    None => info.size.get().next_multiple_of(PAGE),
                });
                let device = if self.kind.has(feature::SHARED) { raw.more.device } else { 0 };
                let (more, mistaken) = (&raw.more, raw.mistake == 10);
                Command::CreateAllocation(Box::new(CreateAllocation {
                    allocation,
                    device: DeviceId(u32::from(device) % DEVICES),
                    info,
                    fill_pattern: raw.fill,
                    resident: raw.resident,
                    shared: self.kind.has(feature::SHARED) && more.flags & 1 != 0,
                    primary: self.is_primary(raw),
                    existing: self.wraps(raw).filter(|_| !mistaken).map(pages_id),
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
                            // What raw operations write counts as a write or not: name a seed.
                            Some(None) if self.kind.has(feature::RAW) => {
                                ReferenceKind::Write { seed: Some(u64::from(*raw)) }
                            }
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
            Step::Offer(raws, priority) => {
                let ids = raws.iter().map(|r| id(*r)).collect();
                let known = [
                    OfferPriority::Low,
                    OfferPriority::Normal,
                    OfferPriority::High,
                    OfferPriority::Auto,
                ];
                Command::Offer(ids, known[usize::from(*priority) % 4])
            }
            Step::Reclaim(raws) => Command::Reclaim(raws.iter().map(|r| id(*r)).collect()),
            Step::Lock(raw, through, flags) => {
                let through = through.map(|raw| DeviceId(u32::from(raw) % DEVICES));
                Command::Lock(id(*raw), through, LockFlags::from_bits_retain((*flags).into()))
            }
            Step::Unlock(raw) => Command::Unlock(id(*raw)),
            Step::Open(raw, through) => {
                Command::OpenAllocation(id(*raw), DeviceId(u32::from(*through) % (DEVICES + 1)))
            }
            Step::Close(raw, through) => {
                Command::CloseAllocation(id(*raw), DeviceId(u32::from(*through) % DEVICES))
            }
            Step::Display(raw) => Command::Display(raw.map(id)),
            Step::Reserve(list, count, contiguous) => Command::ReservePages(ReservePages {
                pages: pages_id(*list),
                count: *count,
                contiguous: *contiguous && *count <= 2,
            }),
            Step::Release(list) => Command::ReleasePages(pages_id(*list)),
            Step::WritePages(list, at, len, data) => {
                let offset = u64::from(*at) * 7;
                let length = Some(u64::from(*len) * 5);
                let (length, data) = match data {
                    RawData::Seed(seed) => (length, Data::Seed(*seed)),
                    RawData::Pattern(word) => (length, Data::Pattern(*word)),
                    RawData::Bytes(bytes) => (None, Data::Bytes(bytes.clone().into())),
                };
                Command::WritePages(pages_id(*list), AllocationRange { offset, length }, data)
            }
            Step::Raw(raw) => Command::Raw(Box::new(self.raw(raw, raw.allocation.map(id)))),
        }
    }

    /// The last bank of numbers asks for what is not there: beyond a segment, or a short list.
    fn raw(&self, raw: &RawRaw, allocation: Option<AllocationId>) -> RawOperation {
        let index = usize::from(raw.segment) % self.segments.len();
        let segment = SegmentId::from_index(index).expect("at most four segments");
        let base = match self.agp() {
            Some(agp) if agp == index => 0xD000_0000,
            _ => self.segments[index].base * PAGE,
        };
        let address = base + raw.at * PAGE + u64::from(raw.offset % 3) * 60;
        let list = pages_id(raw.pages);
        let transfer = |out: bool| {
            let (inside, pages) =
                (RawLocation::Segment { id: segment, address }, RawLocation::Pages(list));
            RawTransfer {
                allocation,
                transfer_offset: raw.offset % 4 * 52,
                transfer_size: raw.count * PAGE,
                source: if out { inside } else { pages },
                destination: if out { pages } else { inside },
                flags: TransferFlags::TransferStart | TransferFlags::TransferEnd,
                mdl_offset: raw.first,
            }
        };
        let (offset_in_pages, number_of_pages) = (raw.at, raw.count);
        match raw.kind % 10 {
            0 | 1 => RawOperation::Transfer(transfer(false)),
            2 => RawOperation::Transfer(transfer(true)),
            3 => RawOperation::SpecialLockTransfer(transfer(false), 1, raw.fill),
            4 => RawOperation::Fill {
                allocation,
                fill_size: raw.count * 1000,
                fill_pattern: raw.fill,
                segment,
                address,
            },
            5 => RawOperation::DiscardContent {
                allocation,
                flags: DiscardContentFlags::empty(),
                segment,
                address,
            },
            6 => RawOperation::ReadPhysical { segment, address },
            7 => RawOperation::WritePhysical { segment, address },
            8 => RawOperation::MapApertureSegment {
                device: None,
                allocation,
                segment,
                offset_in_pages,
                number_of_pages,
                pages: list,
                flags: MapApertureFlags::empty(),
                mdl_offset: raw.first,
            },
            _ => RawOperation::UnmapApertureSegment {
                device: Some(DeviceId(raw.fill % (DEVICES + 1))),
                allocation,
                segment,
                offset_in_pages,
                number_of_pages,
                dummy_page: None,
            },
        }
    }

    fn wraps(&self, raw: &RawCreate) -> Option<u8> {
        raw.more.existing.filter(|_| self.kind.has(feature::PAGES))
    }

    fn is_primary(&self, raw: &RawCreate) -> bool {
        self.kind.has(feature::DISPLAY) && raw.more.flags & 2 != 0
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
        if self.is_primary(raw) && raw.mistake != 11 {
            flags &= !(AllocationFlags::PermanentSysMem | AllocationFlags::Cached);
        }
        let wraps = self.wraps(raw).is_some();
        if wraps && raw.mistake != 11 {
            flags &= !AllocationFlags::PermanentSysMem;
        }
        flags.set(AllocationFlags::ExistingSysMem, wraps && raw.mistake != 12);
        let sync = self.kind.features != 0 && !self.is_wddm2() && raw.more.flags & 8 != 0;
        flags.set(AllocationFlags::SynchronousPaging, sync);
        let in_set = |set: SegmentSet, index: usize| set.0 >> index & 1 == 1;
        let set = if self.is_wddm2() { write } else { both };
        let large = (0..count).any(|index| in_set(set, index) && self.is_large(index));
        let pitched = (0..count).any(|index| in_set(set, index) && self.is_pitched(index));
        let protected = (0..count).any(|index| in_set(set, index) && self.is_protected(index));
        if protected && raw.more.flags & 4 != 0 || self.is_wddm2() && raw.mistake == 13 {
            // CreateInVpr, which WDDM 1.x calls UseAlternateVA.
            flags |= AllocationFlags::UseAlternateVA;
        }
        let preferred = if self.is_wddm2() {
            preferred.into_iter().filter(|preference| write.contains(preference.segment)).collect()
        } else {
            preferred
        };
        let mut alignment = [0, 4096, 8192, 64, 16384, 65536][usize::from(raw.alignment) % 6];
        if large && raw.mistake != 9 {
            alignment = 65536;
        }
        let mut size = raw.pages * PAGE - if wraps { 0 } else { raw.short };
        let mut pitch = if pitched { size + raw.more.pitch * 1000 } else { 0 };
        let mut rows = None;
        if let Some((which, more)) =
            raw.more.rows.filter(|_| pitched && !wraps && !self.kind.record)
        {
            // A row must fit into one buffer, wherever its frames lie: two pieces do. Drivers that
            // copy argument structures take no rows at all.
            let length = [60, 256, 1000, 4096, 2000, 7][usize::from(which) % 6];
            let number = size.div_ceil(u64::from(length));
            let layout = RowLayout {
                pitch: length,
                aligned_pitch: length + more,
                rows: u32::try_from(number).expect("small allocations"),
            };
            size = layout.size().get();
            pitch = layout.aligned_size().get();
            rows = Some(layout);
        }
        if raw.mistake == 8 {
            pitch = 0;
        }
        let hints: Vec<BankHint> = raw
            .more
            .hints
            .iter()
            .map(|(bank, from_end)| BankHint { bank: bank % 5 + 1, from_end: *from_end })
            .collect();
        let hinted = self.kind.has(feature::SEGMENTS);
        let mut info = AllocationInfo {
            size: Bytes(size),
            alignment: Bytes(alignment),
            pitch_aligned_size: Bytes(pitch),
            rows,
            hinted_banks: HintedBanks::new(&hints).filter(|_| hinted).unwrap_or_default(),
            preferred: PreferredSegments::new(&preferred).unwrap_or_default(),
            supported_read: read,
            supported_write: write,
            eviction: SegmentSet(u32::from(raw.eviction) & apertures.0),
            flags,
            priority: PRIORITIES[usize::from(raw.priority) % PRIORITIES.len()],
        };
        match raw.mistake {
            1 => info.size = Bytes(0),
            2 => info.alignment = Bytes(12288),
            3 => info.priority = Priority(0),
            4 => info.supported_write = SegmentSet(1 << count),
            5 => info.flags = AllocationFlags::Cached,
            6 => info.flags = AllocationFlags::PermanentSysMem,
            7 if !self.is_wddm2() => info.flags |= AllocationFlags::LinkMirrored,
            _ => {}
        }
        info
    }
}

fn pages_id(raw: u8) -> PagesId {
    PagesId(u32::from(raw % LISTS))
}

fn range() -> impl Strategy<Value = RawRange> {
    prop_oneof![
        2 => Just(None),
        3 => (0..256_u16, 0..=256_u16, 0..=255_u8).prop_map(Some),
        2 => (0..16_u16, 0..=2_u16).prop_map(|(at, len)| Some((at * 16, len * 16, 0))),
    ]
}

fn segment() -> impl Strategy<Value = RawSegment> {
    let plain = (any::<bool>(), any::<bool>(), any::<bool>(), 16..=64_u64, 1..=8_u64, 0..3_u64);
    let more = (
        prop_oneof![2 => Just(0_u8), 3 => 0..16_u8],
        proptest::collection::vec(1..=24_u64, 0..=3),
        proptest::collection::vec((0..=12_u64, 1..=4_u64, any::<bool>()), 0..=3),
        proptest::option::weighted(0.4, (0..40_u64, 1..=24_u64)),
    );
    (plain, more).prop_map(|((aperture, visible, coherent, pages, limit, base), more)| {
        let (flags, banks, ranges, protected) = more;
        RawSegment {
            aperture,
            visible,
            coherent,
            pages,
            limit,
            base: base * 0x10_0000,
            more: RawMore { flags, banks, ranges, protected },
        }
    })
}

fn creation(features: u32) -> impl Strategy<Value = RawCreate> {
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
        prop_oneof![30 => Just(0_u8), 1 => 8..=13_u8],
    );
    let more = (
        proptest::collection::vec((any::<u8>(), any::<bool>()), 0..=3),
        0..=9_u64,
        proptest::option::weighted(0.5, (0..6_u8, prop_oneof![Just(4_u32), 0..300_u32])),
        any::<u8>(),
        prop_oneof![3 => Just(0_u8), 1 => 0..3_u8],
        proptest::option::weighted(0.15, 0..LISTS),
    );
    (shape, segments, rest, more).prop_map(move |(shape, segments, rest, more)| RawCreate {
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
        mistake: if rest.4 == 0 && features != 0 { rest.5 } else { rest.4 },
        more: RawCreateMore {
            hints: more.0,
            pitch: more.1,
            rows: more.2,
            flags: more.3,
            device: more.4,
            existing: more.5,
        },
    })
}

fn step(features: u32) -> impl Strategy<Value = Step> {
    let write = prop_oneof![
        3 => Just(None),
        2 => Just(Some(None)),
        2 => any::<u64>().prop_map(|seed| Some(Some(seed))),
    ];
    let plain = prop_oneof![
        10 => creation(features).prop_map(Step::Create),
        3 => any::<u8>().prop_map(Step::Destroy),
        8 => proptest::collection::vec(any::<u8>(), 1..=4).prop_map(Step::MakeResident),
        12 => proptest::collection::vec((any::<u8>(), range(), write), 1..=4).prop_map(Step::Use),
        6 => (any::<u8>(), range(), data()).prop_map(|(id, part, data)| Step::CpuWrite(id, part, data)),
        3 => (any::<u8>(), range()).prop_map(|(id, part)| Step::CpuRead(id, part)),
        4 => any::<u8>().prop_map(Step::Evict),
        1 => Just(Step::EvictAll),
        3 => (any::<u8>(), 0..=8_u8).prop_map(|(id, priority)| Step::SetPriority(id, priority)),
        2 => (0..=9_u8).prop_map(Step::RunGpu),
    ];
    let mut steps: Vec<(u32, BoxedStrategy<Step>)> = vec![(55, plain.boxed())];
    if features & feature::OFFERS != 0 {
        steps.push((8, offering().boxed()));
    }
    if features & feature::LOCKS != 0 {
        steps.push((9, locking().boxed()));
    }
    if features & feature::SHARED != 0 {
        let sharing = (any::<bool>(), any::<u8>(), any::<u8>());
        let sharing = sharing.prop_map(|(open, id, device)| match open {
            true => Step::Open(id, device),
            false => Step::Close(id, device),
        });
        steps.push((5, sharing.boxed()));
    }
    if features & feature::DISPLAY != 0 {
        let shown = proptest::option::weighted(0.85, any::<u8>()).prop_map(Step::Display);
        steps.push((4, shown.boxed()));
    }
    if features & feature::PAGES != 0 {
        steps.push((7, listing().boxed()));
    }
    if features & feature::RAW != 0 {
        steps.push((6, by_hand().boxed()));
    }
    proptest::strategy::Union::new_weighted(steps)
}

fn data() -> impl Strategy<Value = RawData> {
    prop_oneof![
        any::<u64>().prop_map(RawData::Seed),
        any::<u32>().prop_map(RawData::Pattern),
        proptest::collection::vec(any::<u8>(), 0..40).prop_map(RawData::Bytes),
    ]
}

fn offering() -> impl Strategy<Value = Step> {
    let ids = || proptest::collection::vec(any::<u8>(), 1..=3);
    prop_oneof![
        (ids(), 0..4_u8).prop_map(|(ids, priority)| Step::Offer(ids, priority)),
        ids().prop_map(Step::Reclaim),
    ]
}

fn locking() -> impl Strategy<Value = Step> {
    // One flag, or two; the bits of the documents, and one beyond.
    let one = || (0..12_u16).prop_map(|bit| 1 << bit);
    let flags = prop_oneof![
        4 => Just(0_u16),
        3 => one(),
        1 => (one(), one()).prop_map(|(a, b)| a | b),
    ];
    prop_oneof![
        3 => (any::<u8>(), proptest::option::weighted(0.3, any::<u8>()), flags)
            .prop_map(|(id, device, flags)| Step::Lock(id, device, flags)),
        2 => any::<u8>().prop_map(Step::Unlock),
    ]
}

fn listing() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..LISTS, prop_oneof![1 => Just(0_u64), 9 => 1..=8_u64], any::<bool>())
            .prop_map(|(list, count, contiguous)| Step::Reserve(list, count, contiguous)),
        1 => (0..LISTS).prop_map(Step::Release),
        4 => (0..LISTS, 0..3000_u16, 0..3000_u16, data())
            .prop_map(|(list, at, len, data)| Step::WritePages(list, at, len, data)),
    ]
}

fn by_hand() -> impl Strategy<Value = Step> {
    let place = (any::<u8>(), 0..66_u64, prop_oneof![1 => Just(0_u64), 12 => 1..=5_u64]);
    let rest = (0..LISTS, 0..4_u32, proptest::option::weighted(0.3, any::<u8>()));
    (0..10_u8, place, rest, 0..60_u32, any::<u32>()).prop_map(
        |(kind, (segment, at, count), (pages, first, allocation), offset, fill)| {
            Step::Raw(RawRaw { kind, segment, at, count, pages, first, allocation, offset, fill })
        },
    )
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
    let more = (any::<bool>(), any::<bool>(), prop_oneof![Just(0_u64), 1..=4_u64]);
    let steps = proptest::collection::vec(step(kind.features), 1..=kind.steps);
    (adapter, policies, more, steps).prop_map(move |(adapter, policies, more, steps)| Case {
        kind,
        segments: adapter.0,
        aperture_limit: adapter.1,
        buffer_size: adapter.2,
        buffer_count: adapter.3,
        buffer_in_aperture: adapter.4,
        frame_seed: adapter.5,
        fit: policies.0,
        eviction: policies.1,
        wddm2: more.0,
        offers_keep: more.1,
        transfer_limit: more.2,
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
