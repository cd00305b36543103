//! The display driver of uXen, in its first revision and in its newest.

use super::{
    AllocationStyle, Encoding, MIB, Origin, Profile, Quirk, adapter, anywhere_in, memory, prefer,
};
use crate::config::{Quirks, Segment};
use crate::ddi::{AllocationFlags, SegmentFlags};

const ORIGIN: Origin = Origin {
    repository: "uxen-virt/uxen",
    revision: "a2a209e3",
    licence: "ISC",
    part: "vm-support/windows/uxendisp/wddm/miniport/ddi.c",
};

/// The parent of this revision is the first.
const FIRST: Origin = Origin { revision: "a3262175^", ..ORIGIN };

/// Where the processor sees the frame buffer in these examples.
const WINDOW: u64 = 0xE000_0000;

/// Flag word 0x4 at base 0. Example: 64 MiB of video memory.
pub(super) fn first() -> Profile {
    let vram = memory("VRAM", SegmentFlags::CpuVisible, 0, 64 * MIB);
    Profile {
        name: "uxen-first",
        title: "uXen, first revision",
        description: "All of the video memory as one segment that the processor sees; the paging \
                      buffer in contiguous system memory.",
        origin: Some(FIRST),
        encoding: Encoding::Native,
        adapter: adapter(
            "uXen display",
            "uxen-first",
            vec![Segment { cpu_translated_address: WINDOW, ..vram }],
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
            origin: FIRST,
        }],
    }
}

/// Flag words 0x4 and 0x5, both at base 0 and at the same address of the processor, each a quarter
/// of the video memory. Example: 64 MiB of video memory. The paging buffer lies in segment 1, which
/// is a memory: the documents want an aperture or none.
pub(super) fn newest() -> Profile {
    let vram = memory("VRAM", SegmentFlags::CpuVisible, 0, 16 * MIB);
    let aperture = SegmentFlags::Aperture | SegmentFlags::CpuVisible;
    let aperture = memory("Aperture", aperture, 0, 16 * MIB);
    let visible = AllocationFlags::CpuVisible;
    Profile {
        name: "uxen",
        title: "uXen",
        description: "A memory for what is scanned out and an aperture for the rest. The paging \
                      buffer lies in the memory segment.",
        origin: Some(ORIGIN),
        encoding: Encoding::Native,
        adapter: adapter(
            "uXen display",
            "uxen",
            vec![
                Segment { cpu_translated_address: WINDOW, ..vram },
                Segment { cpu_translated_address: WINDOW, ..aperture },
            ],
            (1, 65_536, 0),
        ),
        allocations: AllocationStyle {
            preferred: prefer(2),
            ..anywhere_in("Surface", 0b10, visible)
        },
        other_allocations: vec![AllocationStyle {
            preferred: prefer(1),
            ..anywhere_in("Shadow surface", 0b01, visible)
        }],
        quirks: &[Quirk {
            quirk: Quirks::NoOpPaging,
            description: "Every paging operation succeeds and builds nothing.",
            origin: ORIGIN,
        }],
    }
}
