//! The rules on adapters, all of them in the order of the configuration.

use std::collections::BTreeSet;

use crate::base::text::hex;
use crate::base::{PAGE_SIZE, SegmentId};
use crate::config::Adapter;
use crate::ddi::{DescriptorGeneration, InterfaceVersion};

use super::checked::{CheckedAdapter, checked};
use super::finding::Found;
use super::seen::{self, Seen};
use super::{
    Finding, Rule, Severity, apertures, banks, budgets, cpu_access, paging_buffer, power, ranges,
    segments,
};

/// Limits of the model that are not limits of the kit.
const MIN_SYSTEM_MEMORY: u64 = 1 << 20;
const MAX_SYSTEM_MEMORY: u64 = 1 << 52;

/// Checks an adapter: the checked one unless a rule of error severity is broken, and all findings.
///
/// Findings come in the order of the configuration: segments first, then the adapter's own fields.
#[must_use]
pub fn check_adapter(adapter: &Adapter) -> (Option<CheckedAdapter>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut found = Found::new(&mut findings);
    check_number_and_names(adapter, &mut found);
    let seen: Vec<Seen<'_>> = seen::segments(adapter).collect();
    for (index, segment) in seen.iter().enumerate() {
        let earlier = &seen[..index];
        let found = &mut found.below(&format!("segments[{index}]"));
        segments::check(segment, earlier, found);
        power::check_kept(segment, found);
        if !apertures::check_agp(segment, earlier, adapter.agp_aperture.is_some(), found) {
            continue;
        }
        segments::check_flags(segment, found);
        apertures::check(segment, found);
        banks::check(segment, found);
        cpu_access::check(segment, found);
        power::check(segment, found);
        ranges::check(segment, found);
        budgets::check(segment, found);
    }
    apertures::check_adapter(adapter, &seen, &mut found);
    budgets::check_populated(adapter, &seen, &mut found);
    paging_buffer::check(adapter, &seen, &mut found);
    check_system_memory(adapter, &mut found);
    check_descriptors(adapter, &mut found);
    let starts = findings.iter().all(|finding| finding.severity() < Severity::Error);
    (starts.then(|| checked(adapter)).flatten(), findings)
}

fn check_number_and_names(adapter: &Adapter, found: &mut Found<'_>) {
    let count = adapter.segments.len();
    if count == 0 {
        found.add(Rule::NoSegments, "segments", "empty");
    }
    if count > usize::from(SegmentId::MAX) {
        found.add(Rule::TooManySegments, "segments", count.to_string());
    }
    let mut names = BTreeSet::new();
    let known = adapter.segments.iter().take(usize::from(SegmentId::MAX)).enumerate();
    for (index, segment) in known {
        if segment.name.is_empty() || !names.insert(segment.name.as_str()) {
            let field = format!("segments[{index}].name");
            found.add(Rule::SegmentNames, &field, format!("\"{}\"", segment.name));
        }
    }
}

fn check_system_memory(adapter: &Adapter, found: &mut Found<'_>) {
    let memory = adapter.system_memory;
    let addressable = (MIN_SYSTEM_MEMORY..=MAX_SYSTEM_MEMORY).contains(&memory);
    if !addressable || !memory.is_multiple_of(PAGE_SIZE) {
        found.add(Rule::SystemMemory, "system_memory", hex(memory));
    }
    let id = adapter.system_memory_id.0;
    let segments = adapter.segments.len();
    let rule = if id > SegmentId::MAX {
        Some(Rule::SystemMemoryIdLarge)
    } else if adapter.version < InterfaceVersion::Wddm2_0 {
        // Before page tables, no word of the driver names system memory.
        None
    } else if id != 0 && usize::from(id) <= segments {
        Some(Rule::SystemMemoryIdTaken)
    } else if id == 0 || id == SegmentId::MAX || usize::from(id) == segments + 1 {
        Some(Rule::SystemMemoryIdDisputed)
    } else {
        Some(Rule::SystemMemoryIdOther)
    };
    if let Some(rule) = rule {
        found.add(rule, "system_memory_id", id.to_string());
    }
}

fn check_descriptors(adapter: &Adapter, found: &mut Found<'_>) {
    if let Some(asked) = adapter.descriptors
        && asked > DescriptorGeneration::newest(adapter.version)
    {
        let value = format!("{} on {}", asked.number(), adapter.version);
        found.add(Rule::DescriptorNewer, "descriptors", value);
    }
}
