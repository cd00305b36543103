//! The rules on the flags of an allocation, in both generations, and on what is pinned.

use crate::base::text::{hex, word};
use crate::base::{Bytes, PAGE_SIZE};
use crate::ddi::{AllocationFlags as Flags, AllocationFlagsWddm2 as Wddm2, InterfaceVersion};

use super::allocation::Asked;
use super::finding::Found;
use super::{CheckedSegment, Rule, SegmentKind};

/// Bits that only WDDM 2.x names, and only 1.x.
const ONLY_2: u32 = Wddm2::AccessedPhysically.bits()
    | Wddm2::ExplicitResidencyNotification.bits()
    | Wddm2::HardwareProtected.bits()
    | Wddm2::CpuVisibleOnDemand.bits();
const ONLY_1: u32 = Flags::SynchronousPaging.bits() | Flags::LinkMirrored.bits();

/// The flags of an allocation that wraps memory that exists.
const EXISTING: Flags = Flags::ExistingSysMem.union(Flags::ExistingKernelSysMem);

/// Flags of a generation with the version that brought them, where that is not its first.
const SINCE_1: [(u32, &str, InterfaceVersion); 1] =
    [(Flags::HistoryBuffer.bits(), "HistoryBuffer", InterfaceVersion::Wddm1_3)];
const SINCE_2: [(u32, &str, InterfaceVersion); 3] = [
    (Wddm2::DisableLargePageMapping.bits(), "DisableLargePageMapping", InterfaceVersion::Wddm2_1),
    (Wddm2::CreateInVpr.bits(), "CreateInVpr", InterfaceVersion::Wddm2_1),
    (Wddm2::MapApertureCpuVisible.bits(), "MapApertureCpuVisible", InterfaceVersion::Wddm2_9),
];

/// The flag word, and what it asks of the segments.
pub(super) fn check(asked: &Asked<'_>, found: &mut Found<'_>) {
    check_word(asked, found);
    let flags = asked.info.flags;
    if flags.contains(Flags::HistoryBuffer) {
        // Exactly so, and then no other rule on flags has anything to say.
        check_history_buffer(asked, found);
    } else {
        check_backing(asked, found);
        check_generation(asked, found);
    }
    let wraps = flags.intersects(EXISTING);
    if asked.kind.has_existing_pages && !wraps {
        found.add(Rule::AllocationPagesWithoutFlag, "flags", word(flags.bits()));
    }
    check_pinned(asked, found);
    check_cpu_access(asked, found);
}

/// Bits that have no meaning here.
fn check_word(asked: &Asked<'_>, found: &mut Found<'_>) {
    let bits = asked.info.flags.bits();
    let other = if asked.wddm2 { ONLY_1 } else { ONLY_2 };
    if bits & !(Flags::all().bits() | Wddm2::all().bits()) != 0 {
        found.add(Rule::AllocationReservedBits, "flags", word(bits));
    }
    if bits & other != 0 {
        found.add(Rule::AllocationOtherGeneration, "flags", word(bits));
    }
    let since: &[_] = if asked.wddm2 { &SINCE_2 } else { &SINCE_1 };
    for (bit, name, version) in since {
        if bits & bit != 0 && asked.adapter.version < *version {
            let value = format!("{} with {name}, since {version}", word(bits));
            found.add(Rule::AllocationFlagNewer, "flags", value);
        }
    }
}

fn check_history_buffer(asked: &Asked<'_>, found: &mut Found<'_>) {
    let coherent = asked.adapter.segments.iter().any(CheckedSegment::is_cache_coherent);
    let cached = if coherent { Flags::Cached } else { Flags::empty() };
    let exactly = Flags::HistoryBuffer | Flags::CpuVisible | cached;
    // Bits without a name have their own finding.
    let named = Flags::from_bits_truncate(asked.info.flags.bits());
    let wddm2 = asked.info.flags.bits() & ONLY_2;
    if named != exactly || wddm2 != 0 {
        found.add(Rule::AllocationHistoryBuffer, "flags", word(asked.info.flags.bits()));
    }
}

/// Where the backing store comes from, and who sees it.
fn check_backing(asked: &Asked<'_>, found: &mut Found<'_>) {
    let flags = asked.info.flags;
    let mut add = |rule| found.add(rule, "flags", word(flags.bits()));
    let has = |flag| flags.contains(flag);
    if has(Flags::PermanentSysMem) && !has(Flags::CpuVisible) {
        add(Rule::AllocationPermanentVisible);
    }
    if has(Flags::Cached) && !has(Flags::CpuVisible) {
        add(Rule::AllocationCachedVisible);
    }
    if has(Flags::Protected) && flags.intersects(EXISTING | Flags::PermanentSysMem) {
        add(Rule::AllocationProtectedExcludes);
    } else if flags.contains(EXISTING)
        || (flags.intersects(EXISTING) && has(Flags::PermanentSysMem))
    {
        add(Rule::AllocationExistingExcludes);
    }
    let backed = EXISTING | Flags::PermanentSysMem | Flags::Cached | Flags::Protected;
    if asked.kind.primary && flags.intersects(backed) {
        add(Rule::AllocationPrimaryFlags);
    }
    let wraps = flags.intersects(EXISTING);
    if wraps && !asked.kind.has_existing_pages {
        add(Rule::AllocationExistingPages);
    }
    let size = asked.info.size.get();
    if wraps && !size.is_multiple_of(PAGE_SIZE) {
        found.add(Rule::AllocationExistingSize, "size", hex(size));
    }
}

/// Flags of one generation.
fn check_generation(asked: &Asked<'_>, found: &mut Found<'_>) {
    let bits = asked.info.flags.bits();
    let mut add = |rule| found.add(rule, "flags", word(bits));
    if !asked.wddm2 {
        if asked.info.flags.contains(Flags::UseAlternateVA) && !asked.kind.primary {
            add(Rule::AllocationAlternateAddress);
        }
        return;
    }
    let flags = asked.info.flags.as_wddm2();
    let physical = flags.contains(Wddm2::AccessedPhysically);
    if flags.contains(Wddm2::ExplicitResidencyNotification) && !physical {
        add(Rule::AllocationResidencyPhysical);
    }
    if flags.contains(Wddm2::MapApertureCpuVisible) {
        add(Rule::AllocationMapAperture2);
    }
    let protected = asked.supported().any(|segment| segment.video_protected_range.is_some());
    if flags.contains(Wddm2::CreateInVpr) && !protected {
        add(Rule::AllocationProtectedRange);
    }
}

/// Overlays: where they lie, and through what they leave.
fn check_pinned(asked: &Asked<'_>, found: &mut Found<'_>) {
    if !asked.info.flags.contains(Flags::Overlay) {
        return;
    }
    let size = asked.info.size;
    let value = || hex(size.get());
    let aperture = asked.eviction().map(|segment| segment.size).max();
    // Four fifths, without rounding.
    let stays_below = |whole: Bytes| u128::from(size.get()) * 5 <= u128::from(whole.get()) * 4;
    if aperture.is_some_and(|whole| !stays_below(whole)) {
        found.add(Rule::AllocationOverlayEviction, "size", value());
    }
    // Whole pages are placed, in what is whole pages of the last fifth.
    let pages = |segment: &CheckedSegment| segment.size.get() / 5 / PAGE_SIZE;
    let largest = asked.supported().map(pages).max();
    let needed = size.to_pages().get();
    if largest.is_some_and(|largest| needed > largest) {
        found.add(Rule::AllocationOverlayFifth, "size", value());
    }
}

/// What the CPU sees, and through which cache.
fn check_cpu_access(asked: &Asked<'_>, found: &mut Found<'_>) {
    let flags = asked.info.flags;
    let value = word(flags.bits());
    let is_aperture = |segment: &&CheckedSegment| segment.kind == SegmentKind::Aperture;
    let incoherent = |segment: &CheckedSegment| !segment.is_cache_coherent();
    if flags.contains(Flags::Cached) && asked.supported().filter(is_aperture).any(incoherent) {
        found.add(Rule::AllocationCachedFlushed, "flags", value.clone());
    }
    if !flags.contains(Flags::CpuVisible) {
        return;
    }
    if asked.kind.shared {
        found.add(Rule::AllocationSharedLock, "flags", value.clone());
    }
    let fallback = asked.supported().any(|segment| is_aperture(&segment));
    let unseen =
        |segment: &CheckedSegment| segment.kind == SegmentKind::Memory && !segment.is_cpu_visible();
    if asked.wddm2 && !fallback && asked.supported().any(unseen) {
        found.add(Rule::AllocationVisibleFallback, "flags", value);
    }
}
