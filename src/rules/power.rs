//! Rules on what survives standby and hibernation.

use crate::base::Span;
use crate::base::text::{exact_size, hex, word};
use crate::config::{HardwareKeeps, Kept};
use crate::ddi::{DescriptorGeneration, InterfaceVersion, SegmentFlags, SystemSleepState};

use super::Rule;
use super::finding::Found;
use super::seen::Seen;

/// The preservation flags of a segment, and where its kept part ends.
pub(super) fn check(segment: &Seen<'_>, found: &mut Found<'_>) {
    let standby = segment.has(SegmentFlags::PreservedDuringStandby);
    let hibernate = segment.has(SegmentFlags::PreservedDuringHibernate);
    let partial = segment.has(SegmentFlags::PartiallyPreservedDuringHibernate);
    let any = standby || hibernate || partial;
    let windows_8 = segment.version >= InterfaceVersion::Wddm1_2;
    let rule = match (standby, hibernate, partial) {
        (false, true, _) | (false, _, true) => Some(Rule::PreservedStandby),
        (true, true, true) => Some(Rule::PreservedBoth),
        (true, false, _) => Some(Rule::HybridSleep),
        // An aperture holds nothing to keep.
        (false, false, false) if windows_8 && !segment.aperture => Some(Rule::PreservedNone),
        _ => None,
    };
    let value = || word(segment.raw.flags.bits());
    if let Some(rule) = rule {
        found.add(rule, "flags", value());
    }
    if any && !windows_8 {
        found.add(Rule::PreservedBeforeWindows8, "flags", value());
    }
    check_end(segment, partial, standby && !hibernate, found);
}

/// `SystemMemoryEndAddress`; `split` where the flags beside it do not make it moot.
fn check_end(segment: &Seen<'_>, partial: bool, split: bool, found: &mut Found<'_>) {
    let end = segment.raw.system_memory_end_address;
    let mut add = |rule| found.add(rule, "system_memory_end_address", hex(end));
    if segment.generation < DescriptorGeneration::Descriptor3 && (partial || end != 0) {
        add(Rule::EndAddressGeneration);
    } else if !partial {
        if end != 0 {
            add(Rule::EndAddressUnused);
        }
    } else if end == 0 {
        add(Rule::PartialWithoutEnd);
    } else if end >= segment.size && segment.size > 0 {
        add(Rule::PartialBeyondSegment);
    } else if split {
        add(Rule::PartialStraddlers);
    }
}

/// What the hardware is said to keep beside what the driver claims.
pub(super) fn check_kept(segment: &Seen<'_>, found: &mut Found<'_>) {
    let HardwareKeeps { standby, hibernate } = segment.raw.hardware_keeps;
    let stated = [
        (standby, SystemSleepState::Standby, "hardware_keeps.standby"),
        (hibernate, SystemSleepState::Hibernate, "hardware_keeps.hibernate"),
    ];
    for (kept, sleep, field) in stated {
        let Some(kept) = kept else { continue };
        if segment.aperture {
            let value = match kept {
                Kept::Nothing => "nothing".to_owned(),
                Kept::Everything => "everything".to_owned(),
                Kept::First(bytes) => exact_size(bytes),
            };
            found.add(Rule::KeptAperture, field, value);
            continue;
        }
        if let Kept::First(bytes) = kept
            && bytes > segment.raw.size
        {
            let value = format!("{} of {}", exact_size(bytes), exact_size(segment.raw.size));
            found.add(Rule::KeptBeyondSegment, field, value);
        }
        let claimed = segment.raw.claimed(sleep);
        let really = segment.raw.really_kept(sleep);
        let both = common_bytes(&claimed, &really);
        let (claimed, really) = (bytes_of(&claimed), bytes_of(&really));
        if both < claimed {
            let value = format!("{} of the {} claimed", exact_size(both), exact_size(claimed));
            found.add(Rule::KeptLess, field, value);
        }
        if both < really {
            let value = format!("{}, {} of it claimed", exact_size(really), exact_size(both));
            found.add(Rule::KeptMore, field, value);
        }
    }
}

/// Bytes of spans that are apart: of one segment, so that the sum fits.
fn bytes_of(spans: &[Span]) -> u64 {
    spans.iter().map(|span| span.len()).sum()
}

/// Bytes in spans of both lists, each with spans that are apart.
fn common_bytes(some: &[Span], others: &[Span]) -> u64 {
    let pairs = some.iter().flat_map(|span| others.iter().map(|other| span.intersection(*other)));
    pairs.flatten().map(Span::len).sum()
}
