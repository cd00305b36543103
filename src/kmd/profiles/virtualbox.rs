//! VirtualBox: memory only in its older mode, a mixture with a large aperture in the newer one.
//!
//! Its sources were read for facts; they are under the GPL and nothing is copied from them.

use super::{AllocationStyle, Encoding, MIB, Origin, Profile, Quirk, adapter, anywhere_in, memory};
use crate::config::{Adapter, Quirks, Segment};
use crate::ddi::{AllocationFlags, Priority, SegmentFlags};

const ORIGIN: Origin = Origin {
    repository: "AOSC-Tracking/virtualbox",
    revision: "d8a87306",
    licence: "GPL-3.0",
    part: "src/VBox/Additions/WINNT/Graphics/Video/mp/wddm",
};

const DX: Origin = Origin { part: "mp/wddm/gallium/VBoxMPDX.cpp", ..ORIGIN };

/// Flag words 0x4 and 0x0, both at base 0. Example: 256 MiB of video memory, half of it visible.
pub(super) fn legacy() -> Profile {
    let visible = memory("VRAM", SegmentFlags::CpuVisible, 0, 128 * MIB);
    let invisible = memory("VRAM (invisible)", SegmentFlags::empty(), 0, 128 * MIB);
    Profile {
        name: "virtualbox-legacy",
        title: "VirtualBox",
        description: "VirtualBox without Direct3D 11: memory that the processor sees and memory \
                      that it does not, no aperture, the paging buffer in contiguous system \
                      memory.",
        origin: Some(ORIGIN),
        encoding: Encoding::Native,
        adapter: adapter(
            "VirtualBox",
            "virtualbox-legacy",
            vec![Segment { cpu_translated_address: 0xE000_0000, ..visible }, invisible],
            (0, 4096, 4096),
        ),
        allocations: anywhere_in("Surface", 0b1, AllocationFlags::CpuVisible),
        other_allocations: Vec::new(),
        quirks: &[],
    }
}

/// Flag words 0x4, 0x5 and 0x0, all at base 0. Example: 128 MiB of video memory; the two others
/// have 2 GiB whatever there is.
pub(super) fn dx() -> Profile {
    let vram = memory("VRAM", SegmentFlags::CpuVisible, 0, 128 * MIB);
    let aperture = SegmentFlags::Aperture | SegmentFlags::CpuVisible;
    let aperture = memory("Aperture", aperture, 0, 2048 * MIB);
    let host = memory("Host", SegmentFlags::empty(), 0, 2048 * MIB);
    let visible = AllocationFlags::CpuVisible;
    Profile {
        name: "virtualbox-dx",
        title: "VirtualBox with Direct3D 11",
        description: "VirtualBox with Direct3D 11: the frame buffer, an aperture of 2 GiB for \
                      what the processor writes, and memory of the host that it does not see.",
        origin: Some(ORIGIN),
        encoding: Encoding::Native,
        adapter: Adapter {
            system_memory: 4096 * MIB,
            ..adapter(
                "VirtualBox with Direct3D 11",
                "virtualbox-dx",
                vec![Segment { cpu_translated_address: 0xE000_0000, ..vram }, aperture, host],
                (0, 4096, 4096),
            )
        },
        allocations: anywhere_in("Surface", 0b100, AllocationFlags::empty()),
        other_allocations: vec![
            anywhere_in("Primary", 0b001, visible),
            anywhere_in("Dynamic or staging", 0b010, visible),
            AllocationStyle {
                priority: Priority::MAXIMUM,
                ..anywhere_in("Shader", 0b010, visible)
            },
        ],
        quirks: &[
            Quirk {
                quirk: Quirks::TransferOffsetOnBothSides,
                description: "Adds TransferOffset to the page list as well as to the segment.",
                origin: DX,
            },
            Quirk {
                quirk: Quirks::MdlOffsetIgnored,
                description: "Reads the page lists of transfers from their first page.",
                origin: DX,
            },
            Quirk {
                quirk: Quirks::UnmapClearsEntries,
                description: "Unbinds and destroys what was mapped; nothing leads to the dummy \
                              page.",
                origin: DX,
            },
        ],
    }
}
