//! Rules on apertures: linear ones, the AGP aperture, and what is mapped into all of them.

use crate::base::text::{hex, word};
use crate::base::{PAGE_SIZE, Span};
use crate::config::Adapter;
use crate::ddi::{DescriptorGeneration, InterfaceVersion, SegmentFlags};

use super::Rule;
use super::finding::Found;
use super::seen::Seen;

/// The rules on `Agp`. Says whether the other flags are worth a look: beside `Agp` none may stand,
/// whatever it means alone.
pub(super) fn check_agp(
    segment: &Seen<'_>,
    earlier: &[Seen<'_>],
    platform: bool,
    found: &mut Found<'_>,
) -> bool {
    if !segment.agp {
        return true;
    }
    let value = || word(segment.raw.flags.bits());
    if segment.raw.flags != SegmentFlags::Agp {
        found.add(Rule::AgpNotAlone, "flags", value());
        return false;
    }
    if earlier.iter().any(|other| other.agp) {
        found.add(Rule::AgpTwice, "flags", value());
    } else if segment.generation >= DescriptorGeneration::Descriptor4 {
        found.add(Rule::AgpGeneration, "flags", value());
    } else if !platform {
        found.add(Rule::AgpWithoutPlatform, "flags", value());
    } else {
        found.add(Rule::AgpGart, "flags", value());
    }
    for (name, number) in [("base", segment.raw.base), ("size", segment.raw.size)] {
        if number != 0 {
            found.add(Rule::AgpIgnored, name, hex(number));
        }
    }
    true
}

/// One linear aperture.
pub(super) fn check(segment: &Seen<'_>, found: &mut Found<'_>) {
    if segment.aperture && segment.has(SegmentFlags::CpuVisible) {
        found.add(Rule::VisibleAperture, "flags", word(segment.raw.flags.bits()));
    }
}

/// All apertures together, and the platform's.
pub(super) fn check_adapter(adapter: &Adapter, segments: &[Seen<'_>], found: &mut Found<'_>) {
    let apertures = segments.iter().filter(|segment| segment.aperture);
    let count = apertures.clone().count();
    // Without segments there is a worse finding.
    if adapter.version >= InterfaceVersion::Wddm2_0 && count != 1 && !segments.is_empty() {
        found.add(Rule::SingleAperture, "segments", format!("with {count} apertures"));
    }
    let together: u128 = apertures.map(|segment| u128::from(segment.commit_limit())).sum();
    let limit = adapter.aperture_commit_limit;
    if limit != 0 && u128::from(limit) < together {
        found.add(Rule::ApertureLimitLowered, "aperture_commit_limit", hex(limit));
    }
    let Some(platform) = adapter.agp_aperture else { return };
    let found = &mut found.below("agp_aperture");
    if platform.size == 0 {
        found.add(Rule::PlatformApertureZero, "size", "0");
    }
    for (name, number) in [("base", platform.base), ("size", platform.size)] {
        if !number.is_multiple_of(PAGE_SIZE) {
            found.add(Rule::PlatformAperturePages, name, hex(number));
        }
    }
    if Span::at(platform.base, platform.size).is_none() {
        found.add(Rule::PlatformApertureEnd, "base", hex(platform.base));
    }
    if !segments.iter().any(|segment| segment.agp) {
        found.add(Rule::PlatformApertureUnused, "size", hex(platform.size));
    }
}
