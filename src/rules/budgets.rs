//! Rules on budget groups, and on segments that are made of system memory.

use crate::base::text::{hex, word};
use crate::config::Adapter;
use crate::ddi::{InterfaceVersion, SegmentFlags};

use super::Rule;
use super::finding::Found;
use super::seen::Seen;
use super::totals::available_for_graphics;

/// The budget and reporting flags of a segment.
pub(super) fn check(segment: &Seen<'_>, found: &mut Found<'_>) {
    let value = || word(segment.raw.flags.bits());
    let local = segment.has(SegmentFlags::LocalBudgetGroup);
    let non_local = segment.has(SegmentFlags::NonLocalBudgetGroup);
    if local && non_local {
        found.add(Rule::BudgetBoth, "flags", value());
    }
    if segment.has(SegmentFlags::ApplicationTarget) {
        found.add(Rule::ApplicationTarget, "flags", value());
    }
    let budgets = segment.version >= InterfaceVersion::Wddm2_0;
    if budgets && !local && !non_local {
        found.add(Rule::BudgetNone, "flags", value());
    }
    if segment.has(SegmentFlags::PopulatedFromSystemMemory) {
        let rule = if segment.aperture { Rule::PopulatedAperture } else { Rule::Populated };
        found.add(rule, "flags", value());
    }
}

/// All segments made of system memory together.
pub(super) fn check_populated(adapter: &Adapter, segments: &[Seen<'_>], found: &mut Found<'_>) {
    let populated = segments.iter().filter(|segment| {
        !segment.aperture && segment.has(SegmentFlags::PopulatedFromSystemMemory)
    });
    let populated: u128 = populated.map(|segment| u128::from(segment.size)).sum();
    let memory = u128::from(adapter.system_memory);
    let rule = if populated == 0 {
        None
    } else if populated >= memory {
        Some(Rule::PopulatedAboveMemory)
    } else if populated > u128::from(available_for_graphics(adapter.system_memory)) {
        Some(Rule::PopulatedAboveAvailable)
    } else {
        None
    };
    if let Some(rule) = rule {
        found.add(rule, "system_memory", hex(adapter.system_memory));
    }
}
