//! Rules on what survives standby and hibernation.

use crate::base::text::{hex, word};
use crate::ddi::{DescriptorGeneration, InterfaceVersion, SegmentFlags};

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
