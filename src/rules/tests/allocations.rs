//! Cases of the rules on allocations.

use super::{Case, Given, KIB, MIB, wddm2};
use crate::base::{Bytes, SegmentId};
use crate::config::VideoProtectedRange;
use crate::ddi::{
    AllocationFlags as Flags, AllocationFlagsWddm2 as Wddm2, BankHint, HintedBanks,
    InterfaceVersion, Preference, PreferredSegments, Priority, RowLayout, SegmentFlags, SegmentSet,
    SystemMemoryId,
};
use crate::rules::Rule as R;
use crate::rules::Severity::{Error, Note, Warning};

fn preferring(number: u8, from_end: bool) -> PreferredSegments {
    let segment = SegmentId::new(number).expect("1 to 31");
    PreferredSegments::new(&[Preference { segment, from_end }]).expect("one")
}

fn supporting(given: &mut Given, set: u32) {
    given.info.supported_read = SegmentSet(set);
    given.info.supported_write = SegmentSet(set);
}

fn newer(given: &mut Given, version: InterfaceVersion, flags: Wddm2) {
    wddm2(given);
    given.adapter.version = version;
    given.info.flags |= Flags::from_bits_retain(flags.bits());
}

fn banked(given: &mut Given, number: u8) {
    let segment = &mut given.adapter.segments[0];
    segment.flags |= SegmentFlags::UseBanking;
    segment.bank_count = 2;
    segment.bank_ends = vec![MIB];
    hinted(given, number);
}

fn hinted(given: &mut Given, number: u8) {
    let hint = BankHint { bank: number, from_end: false };
    given.info.hinted_banks = HintedBanks::new(&[hint]).expect("one");
}

/// 64 rows of 1,024 bytes, aligned to 1,280: 64 KiB and 80 KiB.
const ROWS: RowLayout = RowLayout { pitch: 1024, aligned_pitch: 1280, rows: 64 };

fn pitched(given: &mut Given, size: u64) {
    given.info.rows = Some(ROWS);
    given.info.pitch_aligned_size = Bytes(size);
}

fn overlay(given: &mut Given, size: u64) {
    given.info.flags = Flags::Overlay;
    given.info.size = Bytes(size);
}

pub(super) fn cases() -> Vec<Case> {
    let cases = [of_fields(), of_sets(), of_pitch(), of_backing(), of_words(), of_places()];
    cases.into_iter().flatten().collect()
}

fn of_fields() -> Vec<Case> {
    vec![
        Case::new(
            R::AllocationSizeZero,
            Error,
            |g| g.info.size = Bytes(0),
            |g| g.info.size = Bytes(1),
        ),
        Case::new(
            R::AllocationSizeLimit,
            Error,
            |g| g.info.size = Bytes(u64::MAX - 4094),
            |g| g.info.size = Bytes(u64::MAX - 4095),
        ),
        Case::new(
            R::AllocationLargerThanSegments,
            Note,
            |g| g.info.size = Bytes(64 * MIB + 1),
            |g| g.info.size = Bytes(64 * MIB),
        ),
        Case::new(
            R::AllocationAlignment,
            Error,
            |g| g.info.alignment = Bytes(12 * KIB),
            |g| g.info.alignment = Bytes(8 * KIB),
        ),
        Case::new(
            R::AllocationAlignment,
            Error,
            |g| g.info.alignment = Bytes(u64::MAX),
            |g| g.info.alignment = Bytes(3),
        ),
        Case::new(
            R::AllocationLargePages,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::Use64KBPages;
                g.info.alignment = Bytes(0);
            },
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::Use64KBPages;
                g.info.alignment = Bytes(64 * KIB);
            },
        ),
        Case::new(
            R::AllocationLargePages,
            Error,
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::Use64KBPages;
                g.info.alignment = Bytes(32 * KIB);
            },
            |g| {
                wddm2(g);
                g.adapter.segments[1].flags |= SegmentFlags::Use64KBPages;
                supporting(g, 0b101);
            },
        ),
        Case::new(
            R::AllocationPriority,
            Error,
            |g| g.info.priority = Priority(0),
            |g| g.info.priority = Priority(1),
        ),
        Case::new(R::AllocationBankUnknown, Note, |g| banked(g, 3), |g| banked(g, 2)),
        Case::new(R::AllocationBanksUnused, Note, |g| hinted(g, 1), |g| banked(g, 1)),
        Case::new(
            R::AllocationBanksUnused,
            Note,
            |g| {
                banked(g, 1);
                g.info.preferred = preferring(2, false);
            },
            |g| banked(g, 1),
        ),
    ]
}

fn of_sets() -> Vec<Case> {
    vec![
        Case::new(
            R::AllocationUnknownSegment,
            Error,
            |g| g.info.supported_write = SegmentSet(0b1111),
            |g| g.info.supported_write = SegmentSet(0b0111),
        ),
        Case::new(
            R::AllocationUnknownSegment,
            Error,
            |g| g.info.eviction = SegmentSet(1 << 29),
            |g| g.info.eviction = SegmentSet(0),
        ),
        Case::new(
            R::AllocationSystemMemory,
            Error,
            |g| {
                g.adapter.system_memory_id = SystemMemoryId(4);
                g.info.supported_write = SegmentSet(0b1111);
            },
            |g| {
                g.adapter.system_memory_id = SystemMemoryId(5);
                g.info.supported_write = SegmentSet(0b1111);
            },
        ),
        Case::new(
            R::AllocationSystemMemory,
            Error,
            |g| g.info.supported_write = SegmentSet(0x8000_0001),
            |g| g.info.supported_write = SegmentSet(1),
        ),
        Case::new(
            R::AllocationUnsupported,
            Error,
            |g| supporting(g, 0),
            |g| g.info.supported_write = SegmentSet(0),
        ),
        Case::new(
            R::AllocationUnsupported,
            Error,
            |g| {
                wddm2(g);
                supporting(g, 0);
                g.info.preferred = PreferredSegments::default();
            },
            wddm2,
        ),
        Case::new(
            R::AllocationReadSetIgnored,
            Note,
            |g| {
                wddm2(g);
                g.info.supported_read = SegmentSet(u32::MAX);
            },
            |g| g.info.supported_read = SegmentSet(1),
        ),
        Case::new(
            R::AllocationPreferenceOutside,
            Error,
            |g| supporting(g, 0b110),
            |g| g.info.supported_write = SegmentSet(0b110),
        ),
        Case::new(
            R::AllocationPreferenceOutside,
            Error,
            |g| g.info.preferred = PreferredSegments::from_word(31),
            |g| g.info.preferred = PreferredSegments::from_word(3),
        ),
        Case::new(
            R::AllocationPreferenceDirection,
            Note,
            |g| g.info.preferred = preferring(1, true),
            |g| g.info.preferred = preferring(3, false),
        ),
        Case::new(
            R::AllocationEvictionMemory,
            Error,
            |g| g.info.eviction = SegmentSet(0b101),
            |g| g.info.eviction = SegmentSet(0b100),
        ),
        Case::new(
            R::AllocationEvictionPitch,
            Error,
            |g| {
                g.adapter.segments[2].flags |= SegmentFlags::PitchAlignment;
                supporting(g, 0b001);
            },
            |g| {
                g.adapter.segments[1].flags |= SegmentFlags::PitchAlignment;
                supporting(g, 0b001);
            },
        )
        .also(&[R::PitchSegment]),
    ]
}

fn of_pitch() -> Vec<Case> {
    vec![
        Case::new(
            R::AllocationPitchMissing,
            Error,
            |g| g.adapter.segments[1].flags |= SegmentFlags::PitchAlignment,
            |g| {
                g.adapter.segments[1].flags |= SegmentFlags::PitchAlignment;
                pitched(g, 80 * KIB);
            },
        )
        .also(&[R::PitchSegment]),
        Case::new(
            R::AllocationPitchSmall,
            Error,
            |g| pitched(g, 64 * KIB - 1),
            |g| pitched(g, 80 * KIB),
        ),
        Case::new(
            R::AllocationPitchRows,
            Error,
            |g| pitched(g, 80 * KIB - 1),
            |g| pitched(g, 80 * KIB),
        ),
        Case::new(R::AllocationSizeLimit, Error, |g| pitched(g, u64::MAX), |g| pitched(g, 1 << 60)),
        Case::new(
            R::AllocationRowsEmpty,
            Error,
            |g| g.info.rows = Some(RowLayout { rows: 0, ..ROWS }),
            |g| g.info.rows = Some(ROWS),
        ),
        Case::new(
            R::AllocationRowsEmpty,
            Error,
            |g| g.info.rows = Some(RowLayout { pitch: 0, ..ROWS }),
            |g| g.info.rows = Some(ROWS),
        ),
        Case::new(
            R::AllocationRowsCount,
            Error,
            |g| {
                g.info.size = Bytes(65_537);
                g.info.rows = Some(RowLayout { pitch: 1, aligned_pitch: 1, rows: 65_537 });
            },
            |g| {
                g.info.size = Bytes(65_536);
                g.info.rows = Some(RowLayout { pitch: 1, aligned_pitch: 1, rows: 65_536 });
            },
        ),
        Case::new(
            R::AllocationRowsSize,
            Error,
            |g| g.info.rows = Some(RowLayout { rows: 63, ..ROWS }),
            |g| g.info.rows = Some(ROWS),
        ),
        Case::new(
            R::AllocationRowsPitch,
            Error,
            |g| g.info.rows = Some(RowLayout { aligned_pitch: 1023, ..ROWS }),
            |g| g.info.rows = Some(RowLayout { aligned_pitch: 1024, ..ROWS }),
        ),
    ]
}

fn of_backing() -> Vec<Case> {
    vec![
        Case::new(
            R::AllocationPermanentVisible,
            Error,
            |g| g.info.flags = Flags::PermanentSysMem,
            |g| g.info.flags = Flags::PermanentSysMem | Flags::CpuVisible,
        ),
        Case::new(
            R::AllocationCachedVisible,
            Error,
            |g| g.info.flags = Flags::Cached,
            |g| g.info.flags = Flags::Cached | Flags::CpuVisible,
        ),
        Case::new(
            R::AllocationProtectedExcludes,
            Error,
            |g| g.info.flags |= Flags::Protected | Flags::PermanentSysMem,
            |g| g.info.flags |= Flags::Protected,
        ),
        Case::new(
            R::AllocationProtectedExcludes,
            Error,
            |g| {
                g.info.flags |= Flags::Protected | Flags::ExistingKernelSysMem;
                g.kind.has_existing_pages = true;
            },
            |g| {
                g.info.flags |= Flags::ExistingKernelSysMem;
                g.kind.has_existing_pages = true;
            },
        ),
        Case::new(
            R::AllocationExistingExcludes,
            Error,
            |g| {
                g.info.flags |= Flags::ExistingSysMem | Flags::ExistingKernelSysMem;
                g.kind.has_existing_pages = true;
            },
            |g| {
                g.info.flags |= Flags::ExistingSysMem;
                g.kind.has_existing_pages = true;
            },
        ),
        Case::new(
            R::AllocationExistingExcludes,
            Error,
            |g| {
                g.info.flags |= Flags::ExistingSysMem | Flags::PermanentSysMem;
                g.kind.has_existing_pages = true;
            },
            |g| g.info.flags |= Flags::PermanentSysMem,
        ),
        Case::new(
            R::AllocationExistingPages,
            Error,
            |g| g.info.flags |= Flags::ExistingSysMem,
            |g| {
                g.info.flags |= Flags::ExistingSysMem;
                g.kind.has_existing_pages = true;
            },
        ),
        Case::new(
            R::AllocationPagesWithoutFlag,
            Error,
            |g| g.kind.has_existing_pages = true,
            |g| {
                g.info.flags |= Flags::ExistingKernelSysMem;
                g.kind.has_existing_pages = true;
            },
        ),
        Case::new(
            R::AllocationExistingSize,
            Error,
            |g| {
                g.info.flags |= Flags::ExistingSysMem;
                g.kind.has_existing_pages = true;
                g.info.size = Bytes(4097);
            },
            |g| {
                g.info.flags |= Flags::ExistingSysMem;
                g.kind.has_existing_pages = true;
                g.info.size = Bytes(8192);
            },
        ),
        Case::new(
            R::AllocationPrimaryFlags,
            Error,
            |g| {
                g.info.flags |= Flags::Cached;
                g.kind.primary = true;
            },
            |g| {
                g.info.flags |= Flags::FromEndOfSegment;
                g.kind.primary = true;
            },
        ),
        Case::new(
            R::AllocationSharedLock,
            Note,
            |g| g.kind.shared = true,
            |g| {
                g.kind.shared = true;
                g.info.flags = Flags::empty();
            },
        ),
    ]
}

fn of_words() -> Vec<Case> {
    vec![
        Case::new(
            R::AllocationHistoryBuffer,
            Error,
            |g| g.info.flags |= Flags::HistoryBuffer,
            |g| g.info.flags |= Flags::HistoryBuffer | Flags::Cached,
        ),
        Case::new(
            R::AllocationHistoryBuffer,
            Error,
            |g| {
                g.adapter.segments[2].flags = SegmentFlags::Aperture;
                supporting(g, 0b001);
                g.info.flags |= Flags::HistoryBuffer | Flags::Cached;
            },
            |g| {
                g.adapter.segments[2].flags = SegmentFlags::Aperture;
                g.info.flags |= Flags::HistoryBuffer;
            },
        ),
        Case::new(
            R::AllocationHistoryBuffer,
            Error,
            |g| g.info.flags |= Flags::HistoryBuffer | Flags::Cached | Flags::Protected,
            |g| g.info.flags |= Flags::HistoryBuffer | Flags::Cached,
        ),
        Case::new(
            R::AllocationResidencyPhysical,
            Error,
            |g| newer(g, InterfaceVersion::Wddm2_2, Wddm2::ExplicitResidencyNotification),
            |g| {
                let flags = Wddm2::ExplicitResidencyNotification | Wddm2::AccessedPhysically;
                newer(g, InterfaceVersion::Wddm2_2, flags);
            },
        ),
        Case::new(
            R::AllocationMapAperture2,
            Error,
            |g| newer(g, InterfaceVersion::Wddm2_9, Wddm2::MapApertureCpuVisible),
            |g| g.info.flags |= Flags::LinkInstanced,
        ),
        Case::new(
            R::AllocationAlternateAddress,
            Error,
            |g| g.info.flags |= Flags::UseAlternateVA,
            |g| {
                g.info.flags |= Flags::UseAlternateVA;
                g.kind.primary = true;
            },
        ),
        Case::new(
            R::AllocationProtectedRange,
            Error,
            |g| newer(g, InterfaceVersion::Wddm2_2, Wddm2::CreateInVpr),
            |g| {
                newer(g, InterfaceVersion::Wddm2_2, Wddm2::CreateInVpr);
                g.adapter.segments[1].flags |= SegmentFlags::VprSupported;
                g.adapter.segments[1].video_protected_range =
                    Some(VideoProtectedRange { size: MIB, ..VideoProtectedRange::default() });
            },
        ),
        // The range is in a segment that the allocation does not support, or has no flag.
        Case::new(
            R::AllocationProtectedRange,
            Error,
            |g| {
                newer(g, InterfaceVersion::Wddm2_2, Wddm2::CreateInVpr);
                supporting(g, 0b101);
                g.adapter.segments[1].video_protected_range =
                    Some(VideoProtectedRange { size: MIB, ..VideoProtectedRange::default() });
            },
            |_| {},
        )
        .also(&[R::ProtectedUnused]),
        Case::new(
            R::AllocationReservedBits,
            Warning,
            |g| g.info.flags |= Flags::from_bits_retain(0x8_0000),
            |g| g.info.flags |= Flags::from_bits_retain(0x4_0000),
        ),
        Case::new(
            R::AllocationOtherGeneration,
            Warning,
            |g| g.info.flags |= Flags::from_bits_retain(0x8000),
            |g| newer(g, InterfaceVersion::Wddm2_0, Wddm2::AccessedPhysically),
        ),
        Case::new(
            R::AllocationOtherGeneration,
            Warning,
            |g| {
                wddm2(g);
                g.info.flags |= Flags::SynchronousPaging;
            },
            |g| g.info.flags |= Flags::SynchronousPaging,
        ),
        Case::new(
            R::AllocationFlagNewer,
            Note,
            |g| newer(g, InterfaceVersion::Wddm2_0, Wddm2::DisableLargePageMapping),
            |g| newer(g, InterfaceVersion::Wddm2_1, Wddm2::DisableLargePageMapping),
        ),
        Case::new(
            R::AllocationFlagNewer,
            Note,
            |g| {
                g.adapter.version = InterfaceVersion::Wddm1_2;
                g.info.flags |= Flags::HistoryBuffer | Flags::Cached;
            },
            |g| g.info.flags |= Flags::HistoryBuffer | Flags::Cached,
        ),
    ]
}

fn of_places() -> Vec<Case> {
    vec![
        // 80 % of 32 MiB are 26,843,545.6 bytes; the fifth of 512 MiB is 107,374,182.4.
        Case::new(
            R::AllocationOverlayEviction,
            Warning,
            |g| {
                overlay(g, 26_843_546);
                g.adapter.segments[1].size = 512 * MIB;
                g.adapter.segments[1].commit_limit = 512 * MIB;
            },
            |g| {
                overlay(g, 26_843_545);
                g.adapter.segments[1].size = 512 * MIB;
            },
        ),
        // A fifth of 64 MiB is 13,421,772.8 bytes, which hold 3,276 pages: 13,418,496 bytes.
        Case::new(
            R::AllocationOverlayFifth,
            Warning,
            |g| overlay(g, 13_418_497),
            |g| overlay(g, 13_418_496),
        ),
        Case::new(
            R::AllocationCachedFlushed,
            Note,
            |g| {
                g.adapter.segments[2].flags = SegmentFlags::Aperture;
                g.info.flags |= Flags::Cached;
            },
            |g| g.info.flags |= Flags::Cached,
        ),
        Case::new(
            R::AllocationVisibleFallback,
            Warning,
            |g| {
                wddm2(g);
                supporting(g, 0b011);
            },
            |g| {
                wddm2(g);
                supporting(g, 0b001);
            },
        ),
        Case::new(
            R::AllocationVisibleFallback,
            Warning,
            |g| {
                wddm2(g);
                supporting(g, 0b011);
            },
            |g| supporting(g, 0b011),
        ),
    ]
}
