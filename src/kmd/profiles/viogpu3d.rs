//! The driver for virtio GPUs with 3D: an aperture and nothing else.

use super::{
    AllocationStyle, Encoding, MIB, Origin, Profile, Quirk, adapter, anywhere_in, memory, prefer,
};
use crate::config::Quirks;
use crate::ddi::{AllocationFlags, SegmentFlags, SegmentSet};

const ORIGIN: Origin = Origin {
    repository: "davispuh/kvm-guest-drivers-windows",
    revision: "b4616763",
    licence: "BSD-3-Clause",
    part: "viogpu/viogpu3d",
};

/// Flag word 0x411, 262,144 pages from 0xC0000000 on; paging buffer of ten pages in it.
pub(super) fn viogpu3d() -> Profile {
    let flags = SegmentFlags::Aperture | SegmentFlags::CacheCoherent | SegmentFlags::DirectFlip;
    Profile {
        name: "viogpu3d",
        title: "virtio GPU with 3D",
        description: "A paravirtual adapter without memory of its own: one aperture of 1 GiB, \
                      through which allocations are also evicted.",
        origin: Some(ORIGIN),
        encoding: Encoding::Native,
        adapter: adapter(
            "virtio GPU",
            "viogpu3d",
            vec![memory("Aperture", flags, 0xC000_0000, 1024 * MIB)],
            (1, 40_960, 0),
        ),
        allocations: AllocationStyle {
            preferred: prefer(1),
            eviction: SegmentSet(0b1),
            ..anywhere_in("Surface", 0b1, AllocationFlags::CpuVisible)
        },
        other_allocations: Vec::new(),
        quirks: &[
            Quirk {
                quirk: Quirks::TransferNotSupported,
                description: "Answers transfers and fills with STATUS_NOT_SUPPORTED.",
                origin: Origin { part: "viogpu/viogpu3d/driver.cpp", ..ORIGIN },
            },
            Quirk {
                quirk: Quirks::NullAllocationMapIgnored,
                description: "Maps nothing where no allocation is named: buffers stay unmapped.",
                origin: Origin { part: "viogpu/viogpu3d/viogpu_allocation.cpp", ..ORIGIN },
            },
            Quirk {
                quirk: Quirks::UnmapClearsEntries,
                description: "Detaches pages; nothing leads to the dummy page.",
                origin: Origin { part: "viogpu/viogpu3d/viogpu_allocation.cpp", ..ORIGIN },
            },
        ],
    }
}
