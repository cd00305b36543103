//! Cases of the rules on adapters.

use super::{Case, MIB, preserved, wddm2};
use crate::config::{
    AgpAperture, CpuHostAperture, HardwareKeeps, Kept, Segment, SegmentRange, VideoProtectedRange,
};
use crate::ddi::{DescriptorGeneration, InterfaceVersion, SegmentFlags, SystemMemoryId};
use crate::rules::Rule as R;
use crate::rules::Severity::{Disagreement, Error, Note, Warning};

const fn range(offset: u64, size: u64) -> SegmentRange {
    SegmentRange { offset, size }
}

const fn platform(base: u64, size: u64) -> Option<AgpAperture> {
    Some(AgpAperture { base, size })
}

const fn window(physical_address: u64, size_in_pages: u32) -> Option<CpuHostAperture> {
    Some(CpuHostAperture { physical_address, size_in_pages })
}

const fn protected(start: u64, size: u64) -> Option<VideoProtectedRange> {
    Some(VideoProtectedRange { start, size, alignment: 4096, supported: 0, reserve: 0 })
}

/// An AGP segment in place of the aperture, without anything to say about but its driver.
fn agp(given: &mut super::Given) {
    given.adapter.agp_aperture = platform(0xD000_0000, 32 * MIB);
    given.adapter.segments[2] = Segment {
        name: "agp".to_owned(),
        flags: SegmentFlags::Agp,
        commit_limit: 32 * MIB,
        ..Segment::default()
    };
}

/// Segments of a page each, so many in all.
fn many(given: &mut super::Given, count: u64) {
    given.adapter.paging_buffer.segment = 0;
    given.adapter.segments = (1..=count)
        .map(|number| Segment {
            name: number.to_string(),
            flags: preserved(),
            base: number * 4096,
            size: 4096,
            commit_limit: 4096,
            ..Segment::default()
        })
        .collect();
    given.info.preferred = crate::ddi::PreferredSegments::default();
    given.info.supported_read = crate::ddi::SegmentSet(1);
    given.info.supported_write = crate::ddi::SegmentSet(1);
    given.info.eviction = crate::ddi::SegmentSet(0);
    given.info.size = crate::base::Bytes(4096);
}

/// The middle segment with a window of one page.
fn windowed(given: &mut super::Given) {
    wddm2(given);
    given.adapter.segments[1].flags |= SegmentFlags::SupportsCpuHostAperture;
    given.adapter.segments[1].cpu_host_aperture = window(0x1_0000_0000, 1);
}

/// The middle segment with a protected range of 1 MiB.
fn with_protected(given: &mut super::Given) {
    wddm2(given);
    given.adapter.segments[1].flags |= SegmentFlags::VprSupported;
    given.adapter.segments[1].video_protected_range = protected(MIB, MIB);
}

/// The middle segment with banks that end at these offsets, and then with the segment.
fn banked(given: &mut super::Given, ends: &[u64]) {
    let segment = &mut given.adapter.segments[1];
    segment.flags |= SegmentFlags::UseBanking;
    segment.bank_count = u32::try_from(ends.len()).unwrap_or(u32::MAX) + 1;
    segment.bank_ends = ends.to_vec();
}

/// The middle segment keeping the part up to this byte.
fn partial(given: &mut super::Given, end: u64) {
    let segment = &mut given.adapter.segments[1];
    segment.flags =
        SegmentFlags::PreservedDuringStandby | SegmentFlags::PartiallyPreservedDuringHibernate;
    segment.system_memory_end_address = end;
}

/// What the hardware keeps of a segment in S3 and in S4.
const fn kept(standby: Option<Kept>, hibernate: Option<Kept>) -> HardwareKeeps {
    HardwareKeeps { standby, hibernate }
}

fn keeps(given: &mut super::Given, at: usize, standby: Option<Kept>, hibernate: Option<Kept>) {
    given.adapter.segments[at].hardware_keeps = kept(standby, hibernate);
}

pub(super) fn cases() -> Vec<Case> {
    let cases = [
        of_segments(),
        of_apertures(),
        of_banks(),
        of_cpu_access(),
        of_power(),
        of_ranges(),
        of_budgets(),
        of_paging_buffers(),
        of_system_memory(),
    ];
    cases.into_iter().flatten().collect()
}

fn of_segments() -> Vec<Case> {
    vec![
        Case::new(
            R::NoSegments,
            Error,
            |g| {
                g.adapter.segments.clear();
                g.adapter.paging_buffer.segment = 0;
            },
            |g| many(g, 1),
        ),
        Case::new(R::TooManySegments, Error, |g| many(g, 32), |g| many(g, 31)),
        Case::new(
            R::SegmentNames,
            Error,
            |g| g.adapter.segments[1].name = "visible".to_owned(),
            |g| g.adapter.segments[1].name = "Visible".to_owned(),
        ),
        Case::new(
            R::SegmentNames,
            Error,
            |g| g.adapter.segments[1].name.clear(),
            |g| g.adapter.segments[1].name = " ".to_owned(),
        ),
        Case::new(
            R::SizeZero,
            Error,
            |g| g.adapter.segments[1].size = 0,
            |g| g.adapter.segments[1].size = 4096,
        ),
        Case::new(
            R::SizeNotPages,
            Error,
            |g| {
                g.adapter.segments[1].size = 4097;
                g.adapter.segments[1].commit_limit = 4097;
            },
            |g| g.adapter.segments[1].size = 8192,
        ),
        Case::new(
            R::SizeNotLargePages,
            Note,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::Use64KBPages;
                g.adapter.segments[1].size = 0x1_1000;
                g.adapter.segments[1].commit_limit = 0x1_1000;
                g.info.alignment = crate::rules::LARGE_PAGE;
            },
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::Use64KBPages;
                g.adapter.segments[1].size = 0x2_0000;
            },
        ),
        Case::new(
            R::BaseNotPages,
            Error,
            |g| g.adapter.segments[1].base = 16 * MIB + 1,
            |g| g.adapter.segments[1].base = 16 * MIB + 4096,
        ),
        Case::new(
            R::EndBeyondAddresses,
            Error,
            // The end would be 2^64.
            |g| g.adapter.segments[1].base = 0_u64.wrapping_sub(64 * MIB),
            |g| g.adapter.segments[1].base = 0_u64.wrapping_sub(64 * MIB + 4096),
        ),
        Case::new(
            R::SegmentsOverlap,
            Warning,
            |g| g.adapter.segments[1].base = 0,
            |g| g.adapter.segments[1].base = 16 * MIB,
        ),
        Case::new(
            R::CommitAboveSize,
            Error,
            |g| g.adapter.segments[2].commit_limit = 32 * MIB + 1,
            |g| g.adapter.segments[2].commit_limit = 4096,
        ),
        Case::new(
            R::CommitAboveSize,
            Error,
            |g| {
                agp(g);
                g.adapter.segments[2].commit_limit = 32 * MIB + 1;
            },
            agp,
        )
        .also(&[R::AgpGart]),
        Case::new(
            R::CommitOnMemory,
            Warning,
            |g| g.adapter.segments[1].commit_limit = 4096,
            |g| g.adapter.segments[1].commit_limit = 0,
        ),
        Case::new(
            R::CommitZero,
            Note,
            |g| g.adapter.segments[1].commit_limit = 0,
            |g| g.adapter.segments[2].commit_limit = 4096,
        ),
        Case::new(
            R::CoherentMemory,
            Warning,
            |g| g.adapter.segments[1].flags |= SegmentFlags::CacheCoherent,
            |g| g.adapter.segments[2].flags |= SegmentFlags::CacheCoherent,
        ),
        Case::new(
            R::PitchSegment,
            Note,
            |g| {
                g.adapter.segments[1].flags |= SegmentFlags::PitchAlignment;
                g.info.pitch_aligned_size = g.info.size;
            },
            |_| {},
        ),
        Case::new(
            R::ReservedSysMem,
            Warning,
            |g| g.adapter.segments[1].flags |= SegmentFlags::from_bits_retain(0x1000),
            |g| g.adapter.segments[1].flags |= SegmentFlags::from_bits_retain(0x400),
        ),
        Case::new(
            R::ReservedBits,
            Warning,
            |g| g.adapter.segments[1].flags |= SegmentFlags::from_bits_retain(0x40_0000),
            |g| g.adapter.segments[1].flags |= SegmentFlags::from_bits_retain(0x20_0000),
        ),
        Case::new(
            R::FlagNewer,
            Note,
            |g| {
                g.adapter.version = InterfaceVersion::Wddm1_1;
                g.adapter.segments[0].flags = SegmentFlags::CpuVisible | SegmentFlags::DirectFlip;
                g.adapter.segments[1].flags = SegmentFlags::empty();
            },
            |g| g.adapter.segments[0].flags |= SegmentFlags::DirectFlip,
        ),
        Case::new(
            R::FlagNewer,
            Note,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::PopulatedByReservedDDRByFirmware;
            },
            |g| {
                wddm2(g);
                g.adapter.version = InterfaceVersion::Wddm2_9;
                g.adapter.segments[1].flags |= SegmentFlags::PopulatedByReservedDDRByFirmware;
            },
        ),
        Case::new(
            R::DescriptorNewer,
            Error,
            |g| g.adapter.descriptors = Some(DescriptorGeneration::Descriptor4),
            |g| g.adapter.descriptors = Some(DescriptorGeneration::Descriptor3),
        ),
        Case::new(
            R::DescriptorNewer,
            Error,
            |g| {
                g.adapter.version = InterfaceVersion::Wddm1_1;
                g.adapter.descriptors = Some(DescriptorGeneration::Descriptor3);
                g.adapter.segments[0].flags = SegmentFlags::CpuVisible;
                g.adapter.segments[1].flags = SegmentFlags::empty();
            },
            |g| g.adapter.descriptors = Some(DescriptorGeneration::Descriptor1),
        ),
    ]
}

fn of_apertures() -> Vec<Case> {
    vec![
        Case::new(
            R::VisibleAperture,
            Disagreement,
            |g| g.adapter.segments[2].flags |= SegmentFlags::CpuVisible,
            |_| {},
        ),
        Case::new(
            R::SingleAperture,
            Disagreement,
            |g| {
                wddm2(g);
                g.adapter.segments.truncate(2);
                g.adapter.paging_buffer.segment = 0;
                g.info.supported_read.0 = 0b1;
                g.info.supported_write.0 = 0b1;
                g.info.eviction.0 = 0;
            },
            wddm2,
        ),
        Case::new(
            R::SingleAperture,
            Disagreement,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::Aperture | SegmentFlags::CacheCoherent;
            },
            |g| g.adapter.segments[1].flags |= SegmentFlags::Aperture,
        ),
        Case::new(
            R::ApertureLimitLowered,
            Note,
            |g| g.adapter.aperture_commit_limit = 32 * MIB - 1,
            |g| g.adapter.aperture_commit_limit = 32 * MIB,
        ),
        Case::new(
            R::AgpNotAlone,
            Error,
            |g| {
                agp(g);
                g.adapter.segments[2].flags |= SegmentFlags::Aperture;
            },
            agp,
        ),
        Case::new(
            R::AgpNotAlone,
            Error,
            |g| {
                agp(g);
                g.adapter.segments[2].flags |= SegmentFlags::from_bits_retain(0x8000_0000);
            },
            agp,
        ),
        Case::new(
            R::AgpTwice,
            Error,
            |g| {
                agp(g);
                let mut second = g.adapter.segments[2].clone();
                second.name = "second".to_owned();
                g.adapter.segments.push(second);
            },
            agp,
        )
        .also(&[R::AgpGart]),
        Case::new(
            R::AgpWithoutPlatform,
            Error,
            |g| {
                agp(g);
                g.adapter.agp_aperture = None;
            },
            agp,
        ),
        Case::new(
            R::AgpGeneration,
            Error,
            |g| {
                wddm2(g);
                agp(g);
            },
            agp,
        )
        .also(&[R::BudgetNone]),
        Case::new(
            R::AgpIgnored,
            Note,
            |g| {
                agp(g);
                g.adapter.segments[2].base = u64::MAX;
                g.adapter.segments[2].size = u64::MAX;
            },
            agp,
        )
        .also(&[R::AgpGart]),
        Case::new(R::AgpGart, Note, agp, |_| {}),
        Case::new(
            R::PlatformApertureZero,
            Error,
            |g| {
                agp(g);
                g.adapter.agp_aperture = platform(0xD000_0000, 0);
                g.adapter.paging_buffer.segment = 0;
            },
            agp,
        )
        .also(&[R::AgpGart]),
        Case::new(
            R::PlatformAperturePages,
            Error,
            |g| {
                agp(g);
                g.adapter.agp_aperture = platform(0xD000_0001, 32 * MIB);
            },
            agp,
        )
        .also(&[R::AgpGart]),
        Case::new(
            R::PlatformApertureEnd,
            Error,
            |g| {
                agp(g);
                g.adapter.agp_aperture = platform(0_u64.wrapping_sub(32 * MIB), 32 * MIB);
            },
            |g| {
                agp(g);
                g.adapter.agp_aperture = platform(0_u64.wrapping_sub(32 * MIB + 4096), 32 * MIB);
            },
        )
        .also(&[R::AgpGart]),
        Case::new(
            R::PlatformApertureUnused,
            Note,
            |g| g.adapter.agp_aperture = platform(0xD000_0000, 32 * MIB),
            agp,
        ),
    ]
}

fn of_banks() -> Vec<Case> {
    vec![
        Case::new(
            R::BanksGeneration,
            Error,
            |g| {
                wddm2(g);
                banked(g, &[MIB]);
            },
            |g| {
                wddm2(g);
                g.adapter.descriptors = Some(DescriptorGeneration::Descriptor3);
                banked(g, &[MIB]);
            },
        ),
        Case::new(
            R::BanksGeneration,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].bank_ends = vec![MIB];
            },
            wddm2,
        ),
        Case::new(
            R::BanksUnused,
            Note,
            |g| g.adapter.segments[1].bank_count = 1,
            |g| banked(g, &[]),
        ),
        Case::new(
            R::BankCountZero,
            Error,
            |g| g.adapter.segments[1].flags |= SegmentFlags::UseBanking,
            |g| banked(g, &[]),
        ),
        Case::new(
            R::BankCountLarge,
            Error,
            |g| banked(g, &(1..=127).map(|n| n * 4096).collect::<Vec<_>>()),
            |g| banked(g, &(1..=126).map(|n| n * 4096).collect::<Vec<_>>()),
        ),
        Case::new(
            R::BankCountLarge,
            Error,
            |g| {
                banked(g, &[MIB]);
                g.adapter.segments[1].bank_count = u32::MAX;
            },
            |g| banked(g, &[MIB]),
        ),
        Case::new(
            R::BankTableShort,
            Error,
            |g| {
                banked(g, &[MIB]);
                g.adapter.segments[1].bank_count = 3;
            },
            |g| banked(g, &[MIB]),
        ),
        Case::new(
            R::BankTableLong,
            Note,
            |g| {
                banked(g, &[MIB, 64 * MIB, 3]);
                g.adapter.segments[1].bank_count = 2;
            },
            |g| {
                banked(g, &[MIB, 64 * MIB]);
                g.adapter.segments[1].bank_count = 2;
            },
        ),
        Case::new(R::BankOrder, Error, |g| banked(g, &[MIB, MIB]), |g| banked(g, &[MIB, MIB + 1])),
        Case::new(R::BankOrder, Error, |g| banked(g, &[0]), |g| banked(g, &[1])),
        Case::new(
            R::BankBeyondSegment,
            Error,
            |g| banked(g, &[64 * MIB]),
            |g| banked(g, &[64 * MIB - 1]),
        ),
        Case::new(
            R::BankBeyondSegment,
            Error,
            |g| banked(g, &[MIB, u64::MAX]),
            |g| banked(g, &[MIB, 2 * MIB]),
        ),
        Case::new(
            R::BankLastEnd,
            Note,
            |g| {
                banked(g, &[MIB, 0]);
                g.adapter.segments[1].bank_count = 2;
            },
            |g| {
                banked(g, &[MIB, 64 * MIB]);
                g.adapter.segments[1].bank_count = 2;
            },
        ),
        Case::new(
            R::BankedAperture,
            Warning,
            |g| {
                g.adapter.segments[2].flags |= SegmentFlags::UseBanking;
                g.adapter.segments[2].bank_count = 1;
            },
            |g| banked(g, &[]),
        ),
    ]
}

fn of_cpu_access() -> Vec<Case> {
    vec![
        Case::new(
            R::HostApertureVisible,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[0].flags |= SegmentFlags::SupportsCpuHostAperture;
            },
            windowed,
        ),
        Case::new(
            R::HostApertureCached,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::SupportsCachedCpuHostAperture;
            },
            |g| {
                windowed(g);
                g.adapter.segments[1].flags |= SegmentFlags::SupportsCachedCpuHostAperture;
            },
        ),
        Case::new(
            R::HostApertureGeneration,
            Error,
            |g| {
                windowed(g);
                g.adapter.descriptors = Some(DescriptorGeneration::Descriptor3);
            },
            windowed,
        ),
        Case::new(
            R::CpuAddressUnion,
            Error,
            |g| {
                windowed(g);
                g.adapter.segments[1].cpu_translated_address = 4096;
            },
            windowed,
        ),
        Case::new(
            R::HostApertureEmpty,
            Warning,
            |g| {
                windowed(g);
                g.adapter.segments[1].cpu_host_aperture = window(0x1_0000_0000, 0);
            },
            windowed,
        ),
        Case::new(
            R::HostApertureEmpty,
            Warning,
            |g| {
                windowed(g);
                g.adapter.segments[1].cpu_host_aperture = None;
            },
            windowed,
        ),
        Case::new(
            R::HostApertureEnd,
            Error,
            |g| {
                windowed(g);
                g.adapter.segments[1].cpu_host_aperture = window(u64::MAX - 4095, 1);
            },
            |g| {
                windowed(g);
                g.adapter.segments[1].cpu_host_aperture = window(u64::MAX - 8191, 1);
            },
        ),
        Case::new(
            R::HostApertureUnused,
            Note,
            |g| {
                wddm2(g);
                g.adapter.segments[1].cpu_host_aperture = window(4096, 1);
            },
            windowed,
        ),
        Case::new(
            R::CpuAddressIgnored,
            Note,
            |g| g.adapter.segments[1].cpu_translated_address = 1,
            |g| g.adapter.segments[0].cpu_translated_address = 1,
        ),
        Case::new(
            R::CpuAddressEnd,
            Error,
            |g| g.adapter.segments[0].cpu_translated_address = 0_u64.wrapping_sub(16 * MIB),
            |g| g.adapter.segments[0].cpu_translated_address = 0_u64.wrapping_sub(17 * MIB),
        ),
    ]
}

fn of_power() -> Vec<Case> {
    const S: SegmentFlags = SegmentFlags::PreservedDuringStandby;
    const H: SegmentFlags = SegmentFlags::PreservedDuringHibernate;
    const P: SegmentFlags = SegmentFlags::PartiallyPreservedDuringHibernate;
    vec![
        // The rows of the table that are invalid: H, P, HP without S; SHP.
        Case::new(
            R::PreservedStandby,
            Error,
            |g| g.adapter.segments[1].flags = H,
            |g| g.adapter.segments[1].flags = S | H,
        ),
        Case::new(
            R::PreservedStandby,
            Error,
            |g| {
                partial(g, MIB);
                g.adapter.segments[1].flags = P;
            },
            |g| partial(g, MIB),
        ),
        Case::new(
            R::PreservedStandby,
            Error,
            |g| {
                partial(g, MIB);
                g.adapter.segments[1].flags = H | P;
            },
            |g| g.adapter.segments[1].flags = S,
        ),
        Case::new(
            R::PreservedBoth,
            Error,
            |g| {
                partial(g, MIB);
                g.adapter.segments[1].flags |= H;
            },
            |g| partial(g, MIB),
        ),
        Case::new(R::PartialWithoutEnd, Error, |g| partial(g, 0), |g| partial(g, 1))
            .also(&[R::HybridSleep]),
        Case::new(
            R::PartialBeyondSegment,
            Error,
            |g| partial(g, 64 * MIB),
            |g| partial(g, 64 * MIB - 1),
        )
        .also(&[R::HybridSleep]),
        Case::new(
            R::EndAddressGeneration,
            Error,
            |g| {
                g.adapter.segments[1].system_memory_end_address = MIB;
                g.adapter.descriptors = Some(DescriptorGeneration::Descriptor1);
            },
            |g| g.adapter.segments[1].system_memory_end_address = MIB,
        ),
        Case::new(
            R::EndAddressUnused,
            Note,
            |g| g.adapter.segments[1].system_memory_end_address = MIB,
            |g| partial(g, MIB),
        ),
        Case::new(
            R::PartialStraddlers,
            Disagreement,
            |g| partial(g, MIB - 1),
            |g| partial(g, 64 * MIB),
        )
        .also(&[R::HybridSleep]),
        Case::new(
            R::PreservedNone,
            Disagreement,
            |g| g.adapter.segments[1].flags = SegmentFlags::empty(),
            |g| {
                g.adapter.version = InterfaceVersion::Wddm1_1;
                g.adapter.segments[1].flags = SegmentFlags::empty();
            },
        ),
        Case::new(
            R::PreservedBeforeWindows8,
            Disagreement,
            |g| g.adapter.version = InterfaceVersion::Wddm1_1,
            |g| g.adapter.version = InterfaceVersion::Wddm1_2,
        ),
        Case::new(
            R::HybridSleep,
            Note,
            |g| g.adapter.segments[1].flags = S,
            |g| g.adapter.segments[1].flags = S | H,
        ),
        // The middle segment has 64 MiB and claims all of them, in S3 and in S4.
        Case::new(
            R::KeptLess,
            Warning,
            |g| keeps(g, 1, Some(Kept::First(64 * MIB - 1)), None),
            |g| keeps(g, 1, Some(Kept::First(64 * MIB)), Some(Kept::Everything)),
        ),
        Case::new(
            R::KeptLess,
            Warning,
            |g| keeps(g, 1, None, Some(Kept::Nothing)),
            |g| {
                keeps(g, 1, None, Some(Kept::Nothing));
                g.adapter.segments[1].flags = S;
            },
        ),
        // The byte at the end address is the last that is claimed.
        Case::new(
            R::KeptLess,
            Warning,
            |g| {
                partial(g, MIB - 1);
                keeps(g, 1, None, Some(Kept::First(MIB - 1)));
            },
            |g| {
                partial(g, MIB - 1);
                keeps(g, 1, None, Some(Kept::First(MIB)));
            },
        )
        .also(&[R::PartialStraddlers, R::HybridSleep]),
        Case::new(
            R::KeptMore,
            Note,
            |g| {
                partial(g, MIB - 1);
                keeps(g, 1, None, Some(Kept::First(MIB + 1)));
            },
            |g| {
                partial(g, MIB - 1);
                keeps(g, 1, None, Some(Kept::First(MIB)));
            },
        )
        .also(&[R::PartialStraddlers, R::HybridSleep]),
        // A row that claims nothing.
        Case::new(
            R::KeptMore,
            Note,
            |g| {
                keeps(g, 1, Some(Kept::First(1)), None);
                g.adapter.segments[1].flags = H;
            },
            |g| {
                keeps(g, 1, Some(Kept::First(0)), Some(Kept::Nothing));
                g.adapter.segments[1].flags = H;
            },
        )
        .also(&[R::PreservedStandby]),
        Case::new(
            R::KeptAperture,
            Note,
            |g| keeps(g, 2, Some(Kept::First(u64::MAX)), Some(Kept::Everything)),
            |g| keeps(g, 2, None, None),
        ),
        Case::new(
            R::KeptAperture,
            Note,
            |g| {
                agp(g);
                keeps(g, 2, None, Some(Kept::Nothing));
            },
            agp,
        )
        .also(&[R::AgpGart]),
        Case::new(
            R::KeptBeyondSegment,
            Note,
            |g| keeps(g, 1, Some(Kept::First(64 * MIB + 1)), None),
            |g| keeps(g, 1, Some(Kept::First(64 * MIB)), None),
        ),
    ]
}

fn of_ranges() -> Vec<Case> {
    vec![
        Case::new(
            R::InvalidRangesGeneration,
            Error,
            |g| g.adapter.segments[1].invalid_ranges = vec![range(0, 4096)],
            |g| {
                wddm2(g);
                g.adapter.segments[1].invalid_ranges = vec![range(0, 4096)];
            },
        ),
        Case::new(
            R::FrameBufferGeneration,
            Error,
            |g| {
                wddm2(g);
                g.adapter.version = InterfaceVersion::Wddm2_1;
                g.adapter.segments[1].uefi_frame_buffer_ranges = vec![range(0, 4096)];
            },
            |g| {
                wddm2(g);
                g.adapter.segments[1].uefi_frame_buffer_ranges = vec![range(0, 4096)];
            },
        ),
        Case::new(
            R::TooManyRanges,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].invalid_ranges =
                    (0..4097).map(|n| range(n * 4096, 4096)).collect();
            },
            |g| {
                wddm2(g);
                g.adapter.segments[1].invalid_ranges =
                    (0..4096).map(|n| range(n * 4096, 4096)).collect();
            },
        ),
        Case::new(
            R::RangeEmpty,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].invalid_ranges = vec![range(4096, 0)];
            },
            |g| {
                wddm2(g);
                g.adapter.segments[1].invalid_ranges = vec![range(4096, 4096)];
            },
        ),
        Case::new(
            R::RangePages,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::Use64KBPages;
                g.adapter.segments[1].invalid_ranges = vec![range(0x1000, 0x1_0000)];
            },
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::Use64KBPages;
                g.adapter.segments[1].invalid_ranges = vec![range(0x1_0000, 0x1_0000)];
            },
        ),
        Case::new(
            R::RangeBeyondSegment,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].invalid_ranges =
                    vec![range(64 * MIB - 4096, 8192), range(u64::MAX - 4095, 4096)];
            },
            |g| {
                wddm2(g);
                g.adapter.segments[1].invalid_ranges = vec![range(64 * MIB - 4096, 4096)];
            },
        ),
        Case::new(
            R::RangesOverlap,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].invalid_ranges = vec![range(8192, 4096), range(0, 12288)];
            },
            |g| {
                wddm2(g);
                g.adapter.segments[1].invalid_ranges = vec![range(8192, 4096), range(0, 8192)];
            },
        ),
        Case::new(
            R::RangesOverlap,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].invalid_ranges = vec![range(0, 4096)];
                g.adapter.segments[1].uefi_frame_buffer_ranges = vec![range(0, 4096)];
            },
            |g| {
                wddm2(g);
                g.adapter.segments[0].invalid_ranges = vec![range(0, 4096)];
                g.adapter.segments[1].uefi_frame_buffer_ranges = vec![range(0, 4096)];
            },
        ),
        Case::new(
            R::ProtectedGeneration,
            Error,
            |g| {
                with_protected(g);
                g.adapter.descriptors = Some(DescriptorGeneration::Descriptor3);
            },
            with_protected,
        ),
        Case::new(
            R::ProtectedEmpty,
            Warning,
            |g| {
                with_protected(g);
                g.adapter.segments[1].video_protected_range = None;
            },
            with_protected,
        ),
        Case::new(
            R::ProtectedUnused,
            Note,
            |g| {
                wddm2(g);
                g.adapter.segments[1].video_protected_range = protected(0, MIB);
            },
            with_protected,
        ),
        Case::new(
            R::ProtectedBeyondSegment,
            Error,
            |g| {
                with_protected(g);
                g.adapter.segments[1].video_protected_range = protected(64 * MIB, 4096);
            },
            |g| {
                with_protected(g);
                g.adapter.segments[1].video_protected_range = protected(0, 64 * MIB);
            },
        ),
        Case::new(
            R::ProtectedAlignment,
            Warning,
            |g| {
                with_protected(g);
                g.adapter.segments[1].video_protected_range = protected(4097, 4096);
            },
            |g| {
                with_protected(g);
                g.adapter.segments[1].video_protected_range =
                    Some(VideoProtectedRange { start: 4097, size: 1, ..Default::default() });
            },
        ),
        Case::new(
            R::ProtectedReserve,
            Warning,
            |g| {
                with_protected(g);
                let range = g.adapter.segments[1].video_protected_range.as_mut();
                range.expect("it is there").reserve = MIB + 1;
            },
            |g| {
                with_protected(g);
                let range = g.adapter.segments[1].video_protected_range.as_mut();
                range.expect("it is there").reserve = MIB;
            },
        ),
        Case::new(
            R::ProtectedStandby,
            Note,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::VprPreservedDuringStandby;
            },
            |g| {
                with_protected(g);
                g.adapter.segments[1].flags |= SegmentFlags::VprPreservedDuringStandby;
            },
        ),
    ]
}

fn of_budgets() -> Vec<Case> {
    const POPULATED: SegmentFlags = SegmentFlags::PopulatedFromSystemMemory;
    vec![
        Case::new(
            R::BudgetBoth,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::NonLocalBudgetGroup;
            },
            wddm2,
        ),
        Case::new(
            R::BudgetNone,
            Note,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags = preserved();
            },
            |_| {},
        ),
        Case::new(
            R::ApplicationTarget,
            Disagreement,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::ApplicationTarget;
            },
            wddm2,
        ),
        Case::new(
            R::Populated,
            Note,
            |g| g.adapter.segments[1].flags |= POPULATED,
            |g| g.adapter.segments[2].flags |= POPULATED,
        ),
        Case::new(
            R::PopulatedAperture,
            Note,
            |g| g.adapter.segments[2].flags |= POPULATED,
            |g| g.adapter.segments[1].flags |= POPULATED,
        ),
        // 80 MiB of 159 MiB: the half is 79.5 MiB.
        Case::new(
            R::PopulatedAboveAvailable,
            Warning,
            |g| {
                g.adapter.system_memory = 159 * MIB;
                g.adapter.segments[0].flags |= POPULATED;
                g.adapter.segments[1].flags |= POPULATED;
            },
            |g| {
                g.adapter.system_memory = 160 * MIB;
                g.adapter.segments[0].flags |= POPULATED;
                g.adapter.segments[1].flags |= POPULATED;
            },
        )
        .also(&[R::Populated]),
        Case::new(
            R::PopulatedAboveMemory,
            Error,
            |g| {
                g.adapter.system_memory = 64 * MIB;
                g.adapter.segments[1].flags |= POPULATED;
            },
            |g| {
                g.adapter.system_memory = 65 * MIB;
                g.adapter.segments[1].flags |= POPULATED;
            },
        )
        .also(&[R::Populated]),
    ]
}

fn of_paging_buffers() -> Vec<Case> {
    vec![
        Case::new(
            R::PagingBufferSegment,
            Error,
            |g| g.adapter.paging_buffer.segment = 4,
            |g| g.adapter.paging_buffer.segment = 0,
        ),
        Case::new(
            R::PagingBufferSegment,
            Error,
            |g| g.adapter.paging_buffer.segment = 255,
            |g| g.adapter.paging_buffer.segment = 3,
        ),
        Case::new(
            R::PagingBufferMemory,
            Disagreement,
            |g| g.adapter.paging_buffer.segment = 1,
            |g| g.adapter.paging_buffer.segment = 2,
        ),
        Case::new(
            R::PagingBufferInvisible,
            Error,
            |g| g.adapter.paging_buffer.segment = 2,
            |g| g.adapter.paging_buffer.segment = 1,
        ),
        Case::new(
            R::PagingBufferSize,
            Error,
            |g| g.adapter.paging_buffer.size = 63,
            |g| g.adapter.paging_buffer.size = 64,
        ),
        Case::new(
            R::PagingBufferSize,
            Error,
            |g| g.adapter.paging_buffer.size = 16 * MIB + 1,
            |g| g.adapter.paging_buffer.size = 16 * MIB,
        ),
        Case::new(
            R::PagingBufferPrivateData,
            Error,
            |g| g.adapter.paging_buffer.private_data_size = MIB + 1,
            |g| g.adapter.paging_buffer.private_data_size = MIB,
        ),
        Case::new(
            R::PagingBufferCount,
            Error,
            |g| g.adapter.paging_buffer.count = 0,
            |g| g.adapter.paging_buffer.count = 1,
        ),
        Case::new(
            R::PagingBufferCount,
            Error,
            |g| g.adapter.paging_buffer.count = 65,
            |g| g.adapter.paging_buffer.count = 64,
        ),
        // Of 4,097 bytes each takes two pages.
        Case::new(
            R::PagingBufferRoom,
            Error,
            |g| {
                g.adapter.segments[2].size = 3 * 4096;
                g.adapter.segments[2].commit_limit = 0;
                g.adapter.paging_buffer.size = 4097;
            },
            |g| {
                g.adapter.segments[2].size = 4 * 4096;
                g.adapter.paging_buffer.size = 4097;
            },
        )
        .also(&[R::CommitZero]),
        // Two gaps of 24 MiB and 4 MiB hold one buffer of 16 MiB.
        Case::new(
            R::PagingBufferRoom,
            Error,
            |g| {
                wddm2(g);
                g.adapter.paging_buffer.size = 16 * MIB;
                g.adapter.segments[2].invalid_ranges = vec![range(24 * MIB, 4 * MIB)];
            },
            |g| {
                wddm2(g);
                g.adapter.paging_buffer.size = 8 * MIB;
                g.adapter.segments[2].invalid_ranges = vec![range(24 * MIB, 4 * MIB)];
            },
        ),
    ]
}

fn of_system_memory() -> Vec<Case> {
    vec![
        Case::new(
            R::SystemMemory,
            Error,
            |g| g.adapter.system_memory = 1024 * MIB + 1,
            |g| g.adapter.system_memory = MIB,
        ),
        Case::new(
            R::SystemMemory,
            Error,
            |g| g.adapter.system_memory = MIB - 4096,
            |g| g.adapter.system_memory = 1 << 52,
        ),
        Case::new(
            R::SystemMemory,
            Error,
            |g| g.adapter.system_memory = (1 << 52) + 4096,
            |g| g.adapter.system_memory = 1 << 52,
        ),
        // 4 is the number of segments plus one; before WDDM 2.0 nobody says the id.
        Case::new(
            R::SystemMemoryIdDisputed,
            Disagreement,
            |g| {
                wddm2(g);
                g.adapter.system_memory_id = SystemMemoryId(4);
            },
            |_| {},
        ),
        Case::new(
            R::SystemMemoryIdDisputed,
            Disagreement,
            |g| {
                wddm2(g);
                g.adapter.system_memory_id = SystemMemoryId(0);
            },
            |g| {
                wddm2(g);
                g.adapter.system_memory_id = SystemMemoryId(5);
            },
        ),
        Case::new(
            R::SystemMemoryIdOther,
            Warning,
            |g| {
                wddm2(g);
                g.adapter.system_memory_id = SystemMemoryId(5);
            },
            |g| {
                wddm2(g);
                g.adapter.system_memory_id = SystemMemoryId(31);
            },
        ),
        Case::new(
            R::SystemMemoryIdTaken,
            Error,
            |g| {
                wddm2(g);
                g.adapter.system_memory_id = SystemMemoryId(3);
            },
            |g| g.adapter.system_memory_id = SystemMemoryId(3),
        ),
        Case::new(
            R::SystemMemoryIdLarge,
            Error,
            |g| g.adapter.system_memory_id = SystemMemoryId(32),
            |g| g.adapter.system_memory_id = SystemMemoryId(31),
        ),
    ]
}

/// The table of the documents, row by row: S, H and P, and whether the adapter starts.
#[test]
fn an_adapter_starts_with_the_recognised_rows_of_the_preservation_table_alone() {
    const S: SegmentFlags = SegmentFlags::PreservedDuringStandby;
    const H: SegmentFlags = SegmentFlags::PreservedDuringHibernate;
    const P: SegmentFlags = SegmentFlags::PartiallyPreservedDuringHibernate;
    let rows = [
        (SegmentFlags::empty(), None),
        (S, None),
        (S | H, None),
        (S | P, None),
        (H, Some(R::PreservedStandby)),
        (P, Some(R::PreservedStandby)),
        (H | P, Some(R::PreservedStandby)),
        (S | H | P, Some(R::PreservedBoth)),
    ];
    for (flags, refused) in rows {
        let mut given = super::plain();
        let segment = &mut given.adapter.segments[1];
        segment.flags = flags;
        segment.system_memory_end_address = if flags.contains(P) { MIB - 1 } else { 0 };
        let (checked, found) = crate::rules::check_adapter(&given.adapter);
        assert_eq!(checked.is_none(), refused.is_some(), "{flags:?}: {found:?}");
        let mut errors = found.iter().filter(|finding| finding.severity() == Error);
        assert_eq!(errors.next().map(|finding| finding.rule), refused, "{flags:?}");
        assert_eq!(errors.next(), None, "{flags:?}");
    }
}

/// Both numbers stand in the finding; a protected range can make one sleep lose and save at once.
#[test]
fn findings_on_what_hardware_keeps_name_both_numbers() {
    let shown = |given: &super::Given| -> Vec<String> {
        let found = crate::rules::check_adapter(&given.adapter).1;
        let found = found.iter().filter(|finding| finding.rule.id().starts_with("hardware-keeps"));
        found
            .map(|finding| format!("{} {} {}", finding.rule.id(), finding.field, finding.value))
            .collect()
    };
    let mut given = super::plain();
    keeps(&mut given, 1, Some(Kept::Nothing), Some(Kept::First(2 * MIB)));
    keeps(&mut given, 2, Some(Kept::Everything), Some(Kept::First(MIB)));
    assert_eq!(
        shown(&given),
        [
            "hardware-keeps-less segments[1].hardware_keeps.standby 0 B of the 64 MiB claimed",
            "hardware-keeps-less segments[1].hardware_keeps.hibernate 2 MiB of the 64 MiB claimed",
            "hardware-keeps-aperture segments[2].hardware_keeps.standby everything",
            "hardware-keeps-aperture segments[2].hardware_keeps.hibernate 1 MiB",
        ]
    );
    let mut given = super::plain();
    wddm2(&mut given);
    let segment = &mut given.adapter.segments[1];
    segment.flags |= SegmentFlags::VprSupported;
    segment.video_protected_range = protected(4 * MIB, 8 * MIB);
    // Claimed: 64 MiB without the range. Of the first 16 MiB, 8 are claimed.
    keeps(&mut given, 1, Some(Kept::First(16 * MIB)), Some(Kept::First(65 * MIB)));
    assert_eq!(
        shown(&given),
        [
            "hardware-keeps-less segments[1].hardware_keeps.standby 8 MiB of the 56 MiB claimed",
            "hardware-keeps-more segments[1].hardware_keeps.standby 16 MiB, 8 MiB of it claimed",
            "hardware-keeps-beyond segments[1].hardware_keeps.hibernate 65 MiB of 64 MiB",
            "hardware-keeps-more segments[1].hardware_keeps.hibernate 64 MiB, 56 MiB of it claimed",
        ]
    );
}
