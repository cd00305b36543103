//! Configurations that nobody means: findings, no panic, bounded work.

use super::{Given, findings, plain};
use crate::base::Bytes;
use crate::config::{
    Adapter, AgpAperture, CpuHostAperture, HardwareKeeps, Kept, PagingBuffer, Segment,
    SegmentRange, VideoProtectedRange,
};
use crate::ddi::{
    AllocationFlags, AllocationInfo, DescriptorGeneration, HintedBanks, InterfaceVersion,
    PreferredSegments, Priority, RowLayout, SegmentFlags, SegmentSet, SystemMemoryId,
};
use crate::rules::{AllocationKind, Rule, Severity, check_adapter, totals};

/// A small generator, so that a failure repeats.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn one_of<T: Copy>(&mut self, from: &[T]) -> T {
        let count = u64::try_from(from.len()).expect("a short list");
        from[usize::try_from(self.roll() % count).expect("below the count")]
    }

    /// A number at an edge, or anywhere.
    fn number(&mut self) -> u64 {
        let anywhere = self.roll();
        let edges =
            [0, 1, 4095, 4096, 65_536, 1 << 20, 1 << 40, 1 << 63, u64::MAX - 4095, u64::MAX];
        if anywhere.is_multiple_of(8) { anywhere } else { self.one_of(&edges) }
    }

    fn word(&mut self) -> u32 {
        let word = u32::try_from(self.roll() >> 32).expect("the upper half");
        // Mostly few bits, so that most rules are asked.
        if word.is_multiple_of(2) { 1 << (word >> 27) } else { word & (word >> 7) & (word >> 13) }
    }

    fn byte(&mut self) -> u8 {
        self.one_of(&[0, 1, 2, 3, 31, 32, 255])
    }

    fn ranges(&mut self) -> Vec<SegmentRange> {
        let count = self.one_of(&[0, 0, 1, 3, 40]);
        (0..count).map(|_| SegmentRange { offset: self.number(), size: self.number() }).collect()
    }

    fn segment(&mut self) -> Segment {
        Segment {
            name: self.byte().to_string(),
            flags: SegmentFlags::from_bits_retain(self.word()),
            base: self.number(),
            size: self.number(),
            commit_limit: self.number(),
            cpu_translated_address: self.number(),
            system_memory_end_address: self.number(),
            bank_count: self.one_of(&[0, 1, 2, 127, 128, u32::MAX]),
            bank_ends: (0..self.byte()).map(|_| self.number()).collect(),
            invalid_ranges: self.ranges(),
            uefi_frame_buffer_ranges: self.ranges(),
            cpu_host_aperture: Some(CpuHostAperture {
                physical_address: self.number(),
                size_in_pages: self.word(),
            }),
            video_protected_range: Some(VideoProtectedRange {
                start: self.number(),
                size: self.number(),
                alignment: self.number(),
                supported: self.word(),
                reserve: self.number(),
            }),
            hardware_keeps: HardwareKeeps { standby: self.kept(), hibernate: self.kept() },
        }
    }

    fn kept(&mut self) -> Option<Kept> {
        let first = Some(Kept::First(self.number()));
        self.one_of(&[None, Some(Kept::Nothing), Some(Kept::Everything), first])
    }

    fn given(&mut self) -> Given {
        let versions = InterfaceVersion::ALL.map(|(version, ..)| version);
        let generations = DescriptorGeneration::ALL.map(|(generation, _)| Some(generation));
        let segments = self.one_of(&[0, 1, 3, 31, 33]);
        Given {
            adapter: Adapter {
                version: self.one_of(&versions),
                system_memory: self.number(),
                segments: (0..segments).map(|_| self.segment()).collect(),
                paging_buffer: PagingBuffer {
                    segment: self.byte(),
                    size: self.number(),
                    private_data_size: self.number(),
                    count: self.word(),
                },
                system_memory_id: SystemMemoryId(self.byte()),
                aperture_commit_limit: self.number(),
                descriptors: self.one_of(&generations).filter(|_| self.byte() > 2),
                agp_aperture: Some(AgpAperture { base: self.number(), size: self.number() }),
                ..Adapter::default()
            },
            info: self.allocation(),
            kind: AllocationKind {
                shared: self.byte() > 2,
                primary: self.byte() > 2,
                has_existing_pages: self.byte() > 2,
            },
        }
    }

    fn allocation(&mut self) -> AllocationInfo {
        AllocationInfo {
            size: Bytes(self.number()),
            alignment: Bytes(self.number()),
            preferred: PreferredSegments::from_word(self.word()),
            supported_read: SegmentSet(self.word()),
            supported_write: SegmentSet(self.word()),
            eviction: SegmentSet(self.word()),
            flags: AllocationFlags::from_bits_retain(self.word()),
            priority: Priority(self.word()),
            hinted_banks: HintedBanks::from_word(self.word()),
            pitch_aligned_size: Bytes(self.number()),
            rows: Some(RowLayout {
                pitch: self.word(),
                aligned_pitch: self.word(),
                rows: self.word(),
            }),
        }
    }
}

#[test]
fn nonsense_gives_findings_and_no_panic() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..1000 {
        let mut given = dice.given();
        let _ = findings(&given);
        let _ = totals(&given.adapter);
        // Nonsense is asked of an adapter that starts as well.
        given.adapter = plain().adapter;
        given.adapter.version = dice.one_of(&InterfaceVersion::ALL.map(|(version, ..)| version));
        let (starts, _) = findings(&given);
        assert!(starts);
    }
}

/// Every number of a segment at its edges, one at a time.
#[test]
fn each_field_at_its_edges_either_starts_or_says_why() {
    type Field = fn(&mut Adapter) -> &mut u64;
    let fields: [Field; 9] = [
        |a| &mut a.segments[1].base,
        |a| &mut a.segments[1].size,
        |a| &mut a.segments[1].commit_limit,
        |a| &mut a.segments[1].cpu_translated_address,
        |a| &mut a.segments[1].system_memory_end_address,
        |a| &mut a.system_memory,
        |a| &mut a.aperture_commit_limit,
        |a| &mut a.paging_buffer.size,
        |a| &mut a.paging_buffer.private_data_size,
    ];
    for (index, field) in fields.iter().enumerate() {
        for value in [0, 1, 1 << 63, u64::MAX] {
            let mut adapter = plain().adapter;
            *field(&mut adapter) = value;
            let (checked, found) = check_adapter(&adapter);
            let error = found.iter().any(|finding| finding.severity() == Severity::Error);
            assert_eq!(checked.is_none(), error, "field {index} at {value}: {found:?}");
        }
    }
}

#[test]
fn large_tables_are_told_in_few_findings() {
    let mut given = plain();
    super::wddm2(&mut given);
    let overlapping = vec![SegmentRange { offset: 0, size: 4096 }; 4096];
    given.adapter.segments[1].invalid_ranges = overlapping.clone();
    given.adapter.segments[1].uefi_frame_buffer_ranges =
        vec![SegmentRange { offset: 1, size: u64::MAX }; 4096];
    let (_, found) = findings(&given);
    assert!(found.iter().any(|finding| finding.rule == Rule::RangesOverlap));
    assert!(found.len() < 64, "{}", found.len());
    given.adapter.segments = vec![given.adapter.segments[1].clone(); 10_000];
    let (_, found) = findings(&given);
    assert!(found.iter().any(|finding| finding.rule == Rule::TooManySegments));
    assert!(found.len() < 31 * 64, "{}", found.len());
    let mut banks = plain();
    banks.adapter.segments[1].flags |= SegmentFlags::UseBanking;
    banks.adapter.segments[1].bank_count = 127;
    banks.adapter.segments[1].bank_ends = vec![u64::MAX; 1_000_000];
    let (_, found) = findings(&banks);
    let of_banks = [Rule::BankBeyondSegment, Rule::BankTableLong, Rule::BankLastEnd];
    assert_eq!(super::rules(&found, Rule::NoSegments).len(), of_banks.len(), "{found:?}");
}
