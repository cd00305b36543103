//! Rules on what the CPU sees of a segment: all of it, or a window.

use crate::base::text::{hex, word};
use crate::ddi::{DescriptorGeneration, SegmentFlags};

use super::Rule;
use super::finding::Found;
use super::seen::Seen;

/// The CPU's view of a segment.
pub(super) fn check(segment: &Seen<'_>, found: &mut Found<'_>) {
    let visible = segment.has(SegmentFlags::CpuVisible);
    let window = segment.has(SegmentFlags::SupportsCpuHostAperture);
    let cached = segment.has(SegmentFlags::SupportsCachedCpuHostAperture);
    let value = || word(segment.raw.flags.bits());
    if window && visible {
        found.add(Rule::HostApertureVisible, "flags", value());
    }
    if cached && !window {
        found.add(Rule::HostApertureCached, "flags", value());
    }
    check_window(segment, visible, window, found);
    let address = segment.raw.cpu_translated_address;
    if address != 0 && !visible && segment.raw.cpu_host_aperture.is_none() {
        found.add(Rule::CpuAddressIgnored, "cpu_translated_address", hex(address));
    }
    // Of an aperture the address is ignored; shipping drivers put nonsense there.
    if visible && !segment.aperture && address.checked_add(segment.size).is_none() {
        found.add(Rule::CpuAddressEnd, "cpu_translated_address", hex(address));
    }
}

fn check_window(segment: &Seen<'_>, visible: bool, flagged: bool, found: &mut Found<'_>) {
    let Some(window) = segment.raw.cpu_host_aperture else {
        // Beside CpuVisible, or where no descriptor has a window, the flag itself is wrong.
        if flagged && !visible && segment.generation >= DescriptorGeneration::Descriptor4 {
            found.add(Rule::HostApertureEmpty, "cpu_host_aperture", "absent");
        }
        return;
    };
    let address = hex(window.physical_address);
    if segment.generation < DescriptorGeneration::Descriptor4 {
        found.add(Rule::HostApertureGeneration, "cpu_host_aperture", address);
        return;
    }
    if segment.raw.cpu_translated_address != 0 {
        found.add(Rule::CpuAddressUnion, "cpu_host_aperture", address);
        return;
    }
    if !flagged {
        found.add(Rule::HostApertureUnused, "cpu_host_aperture", address);
        return;
    }
    let found = &mut found.below("cpu_host_aperture");
    if window.size_in_pages == 0 {
        found.add(Rule::HostApertureEmpty, "size_in_pages", "0");
    }
    // 32 bits of pages of at most 16 bits of bytes.
    let size = u64::from(window.size_in_pages) * segment.page();
    if window.physical_address.checked_add(size).is_none() {
        found.add(Rule::HostApertureEnd, "physical_address", address);
    }
}
