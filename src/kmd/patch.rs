//! `DxgkDdiPatch`: addresses into a DMA buffer, now that they are known.

use std::collections::BTreeSet;

use super::Driver;
use super::render::{DESTINATION_ADDRESS, SOURCE_ADDRESS, driver_id};
use crate::ddi::{AllocationHandle, NtStatus, Patch, PatchLocation};
use crate::gpu::{Packet, Place};

/// An address with where it goes.
struct Address {
    /// Byte of the region.
    region: usize,
    /// First byte of the address.
    address: usize,
    place: Place,
}

/// Writes the address of every location, and answers the allocations that they name.
///
/// # Errors
/// When one names an allocation that is nowhere or that nobody created, a byte beyond its content,
/// or no packet of the part that is submitted. Nothing is written then.
pub(super) fn patch(
    driver: &Driver,
    arguments: &mut Patch<'_>,
) -> Result<BTreeSet<AllocationHandle>, NtStatus> {
    let mut patched = BTreeSet::new();
    let mut addresses = Vec::new();
    for location in arguments.patch_locations {
        let Some(index) = location.allocation_index else { continue };
        let (allocation, address) =
            address(driver, arguments, location, index).ok_or(NtStatus::INVALID_PARAMETER)?;
        patched.insert(allocation);
        addresses.push(address);
    }
    for Address { region, address, place } in addresses {
        if let Some(byte) = arguments.dma_buffer.get_mut(region) {
            *byte = place.region.0;
        }
        if let Some(bytes) = arguments.dma_buffer.get_mut(address..address + 8) {
            bytes.copy_from_slice(&place.address.to_le_bytes());
        }
    }
    Ok(patched)
}

fn address(
    driver: &Driver,
    arguments: &Patch<'_>,
    location: &PatchLocation,
    index: u32,
) -> Option<(AllocationHandle, Address)> {
    let entry = arguments.allocation_list.get(usize::try_from(index).ok()?)?;
    let existing = driver.state().existing(entry.allocation)?;
    if location.allocation_offset >= existing.content {
        return None;
    }
    let place = driver.at(entry.place?, existing.rows, location.allocation_offset)?;
    let (inside, region) = match location.driver_id {
        driver_id::SOURCE => (SOURCE_ADDRESS, 2),
        driver_id::DESTINATION => (DESTINATION_ADDRESS, 3),
        _ => return None,
    };
    let start = location.patch_offset.checked_sub(inside)?;
    let end = start.checked_add(Packet::SIZE)?;
    let is_submitted = arguments.submission_start <= start && end <= arguments.submission_end;
    if !is_submitted || usize::try_from(end).ok()? > arguments.dma_buffer.len() {
        return None;
    }
    let start = usize::try_from(start).ok()?;
    let address = usize::try_from(location.patch_offset).ok()?;
    Some((entry.allocation, Address { region: start + region, address, place }))
}
