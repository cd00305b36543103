//! Rules on what every segment has: size, addresses, commit limit, flag word.

use crate::base::PAGE_SIZE;
use crate::base::text::{hex, word};
use crate::ddi::{InterfaceVersion, SegmentFlags};

use super::finding::Found;
use super::seen::Seen;
use super::{LARGE_PAGE, Rule};

/// Since which version flags have their meaning, by the pages; what is not here is as old as WDDM,
/// or has rules of its own.
const SINCE: [(SegmentFlags, InterfaceVersion); 11] = [
    (SegmentFlags::DirectFlip, InterfaceVersion::Wddm1_2),
    (SegmentFlags::Use64KBPages, InterfaceVersion::Wddm2_0),
    (SegmentFlags::SupportsCpuHostAperture, InterfaceVersion::Wddm2_0),
    (SegmentFlags::SupportsCachedCpuHostAperture, InterfaceVersion::Wddm2_0),
    (SegmentFlags::ApplicationTarget, InterfaceVersion::Wddm2_0),
    (SegmentFlags::VprSupported, InterfaceVersion::Wddm2_0),
    (SegmentFlags::VprPreservedDuringStandby, InterfaceVersion::Wddm2_0),
    (SegmentFlags::EncryptedPagingSupported, InterfaceVersion::Wddm2_0),
    (SegmentFlags::LocalBudgetGroup, InterfaceVersion::Wddm2_0),
    (SegmentFlags::NonLocalBudgetGroup, InterfaceVersion::Wddm2_0),
    (SegmentFlags::PopulatedByReservedDDRByFirmware, InterfaceVersion::Wddm2_9),
];

/// Size, addresses and commit limit.
pub(super) fn check(segment: &Seen<'_>, earlier: &[Seen<'_>], found: &mut Found<'_>) {
    // What an AGP segment says of these is ignored, and the platform's aperture has its own rules.
    if !segment.agp {
        check_extent(segment, found);
    }
    check_overlap(segment, earlier, found);
    let limit = segment.raw.commit_limit;
    // A size of 0 says it all, and an AGP segment without a platform has nothing to compare with.
    if limit == 0 {
        found.add(Rule::CommitZero, "commit_limit", "0");
    } else if segment.size > 0 && limit > segment.size {
        found.add(Rule::CommitAboveSize, "commit_limit", hex(limit));
    } else if !segment.aperture && limit < segment.size {
        found.add(Rule::CommitOnMemory, "commit_limit", hex(limit));
    }
}

fn check_extent(segment: &Seen<'_>, found: &mut Found<'_>) {
    let (base, size) = (segment.base, segment.size);
    if size == 0 {
        found.add(Rule::SizeZero, "size", "0");
    } else if !size.is_multiple_of(PAGE_SIZE) {
        found.add(Rule::SizeNotPages, "size", hex(size));
    } else if segment.has(SegmentFlags::Use64KBPages) && !size.is_multiple_of(LARGE_PAGE.get()) {
        found.add(Rule::SizeNotLargePages, "size", hex(size));
    }
    if !base.is_multiple_of(PAGE_SIZE) {
        found.add(Rule::BaseNotPages, "base", hex(base));
    }
    if segment.addresses().is_none() {
        found.add(Rule::EndBeyondAddresses, "base", hex(base));
    }
}

/// One finding a segment, with the first that it overlaps.
fn check_overlap(segment: &Seen<'_>, earlier: &[Seen<'_>], found: &mut Found<'_>) {
    let Some(addresses) = segment.addresses() else { return };
    // A second AGP segment has the addresses of the first by necessity: that rule speaks.
    let overlapped = earlier.iter().position(|other| {
        !(segment.agp && other.agp)
            && other.addresses().is_some_and(|other| other.overlaps(addresses))
    });
    if let Some(index) = overlapped {
        let value = format!("{}, as in segments[{index}]", hex(segment.base));
        found.add(Rule::SegmentsOverlap, "base", value);
    }
}

/// Flags that concern no other subject.
pub(super) fn check_flags(segment: &Seen<'_>, found: &mut Found<'_>) {
    let flags = segment.raw.flags;
    let value = || word(flags.bits());
    if !segment.aperture && segment.has(SegmentFlags::CacheCoherent) {
        found.add(Rule::CoherentMemory, "flags", value());
    }
    if segment.has(SegmentFlags::PitchAlignment) {
        found.add(Rule::PitchSegment, "flags", value());
    }
    if segment.has(SegmentFlags::ReservedSysMem) {
        found.add(Rule::ReservedSysMem, "flags", value());
    }
    if !SegmentFlags::all().contains(flags) {
        found.add(Rule::ReservedBits, "flags", value());
    }
    for (flag, since) in SINCE {
        if flags.contains(flag) && segment.version < since {
            let names: Vec<&str> = flag.iter_names().map(|(name, _)| name).collect();
            let value = format!("{} with {}, since {since}", value(), names.join(" | "));
            found.add(Rule::FlagNewer, "flags", value);
        }
    }
}
