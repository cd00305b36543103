//! The driver for the standard VGA adapter of QEMU, while it had memory management at all.

use super::{
    AllocationStyle, Encoding, MIB, Origin, Profile, Quirk, adapter, anywhere_in, memory, prefer,
};
use crate::config::{Quirks, Segment};
use crate::ddi::{AllocationFlags, SegmentFlags};

const ORIGIN: Origin = Origin {
    repository: "virtio-win/kvm-guest-drivers-windows",
    revision: "fbcc19d7",
    licence: "BSD-3-Clause",
    part: "stdvga",
};

/// Flag word 0x4; the base of the segment is the physical address of the frame buffer, which is
/// also where the processor sees it. Example: 16 MiB at 0xFD000000.
pub(super) fn qemu_stdvga() -> Profile {
    const FRAME_BUFFER: u64 = 0xFD00_0000;
    let vram = memory("VRAM", SegmentFlags::CpuVisible, FRAME_BUFFER, 16 * MIB);
    Profile {
        name: "qemu-stdvga",
        title: "QEMU standard VGA",
        description: "A frame buffer and nothing else. The base address of its segment is not 0, \
                      and the paging buffer lies in contiguous system memory.",
        origin: Some(ORIGIN),
        encoding: Encoding::Native,
        adapter: adapter(
            "QEMU standard VGA",
            "qemu-stdvga",
            vec![Segment { cpu_translated_address: FRAME_BUFFER, ..vram }],
            (0, 65_536, 0),
        ),
        allocations: AllocationStyle {
            preferred: prefer(1),
            ..anywhere_in("Surface", 0b1, AllocationFlags::CpuVisible)
        },
        other_allocations: Vec::new(),
        quirks: &[Quirk {
            quirk: Quirks::NoOpPaging,
            description: "Every paging operation succeeds and builds nothing.",
            origin: Origin { part: "stdvga/device.cpp", ..ORIGIN },
        }],
    }
}
