//! Microsoft's samples of drivers for software GPUs: one renders, one only computes.

use super::{AllocationStyle, Encoding, MIB, Origin, Profile, Quirk, memory, prefer};
use crate::base::Bytes;
use crate::config::{Adapter, PagingBuffer, Quirks, Segment};
use crate::ddi::{
    AllocationFlags, InterfaceVersion, Priority, SegmentFlags, SegmentSet, SystemMemoryId,
};

const RENDER_ONLY: Origin = Origin {
    repository: "microsoft/graphics-driver-samples",
    revision: "de4a2161",
    licence: "MIT",
    part: "render-only-sample/roskmd",
};

const COMPUTE_ONLY: Origin = Origin { part: "compute-only-sample/coskmd", ..RENDER_ONLY };

/// Numbers of the aperture and of the 128 MiB less three pools of 1 MiB behind it, flag words
/// 0x15 and 0x414, one paging buffer of a page in the aperture: as the sample reports them.
pub(super) fn render_only_sample() -> Profile {
    let aperture = SegmentFlags::Aperture | SegmentFlags::CpuVisible | SegmentFlags::CacheCoherent;
    let aperture = memory("Aperture", aperture, 0xC000_0000, 4 * MIB);
    let video = SegmentFlags::CpuVisible | SegmentFlags::CacheCoherent | SegmentFlags::DirectFlip;
    let video = memory("Video memory", video, 0, 131_072_000);
    Profile {
        name: "render-only-sample",
        title: "Render-only sample",
        description: "Microsoft's sample of a driver for a software GPU: a small aperture and a \
                      memory segment. Every operation is one copy of its argument structure.",
        origin: Some(RENDER_ONLY),
        encoding: Encoding::Record,
        adapter: Adapter {
            name: "Render-only sample".to_owned(),
            version: InterfaceVersion::Wddm1_3,
            profile: "render-only-sample".to_owned(),
            system_memory: 1024 * MIB,
            frame_seed: 1,
            segments: vec![
                // No processor address at all: nothing may be read there.
                Segment { cpu_translated_address: 0xFFFF_FFFE_0000_0000, ..aperture },
                Segment { commit_limit: 0, ..video },
            ],
            paging_buffer: PagingBuffer {
                segment: 1,
                size: 4096,
                private_data_size: 272,
                count: 1,
            },
            system_memory_id: SystemMemoryId::default(),
            ..Adapter::default()
        },
        allocations: AllocationStyle {
            name: "Surface",
            alignment: Bytes(64),
            preferred: prefer(2),
            supported: SegmentSet(0b10),
            eviction: SegmentSet(0),
            flags: AllocationFlags::CpuVisible.union(AllocationFlags::Cached),
            priority: Priority::NORMAL,
        },
        other_allocations: Vec::new(),
        quirks: &[
            Quirk {
                quirk: Quirks::TransferOffsetIgnored,
                description: "Executes transfers at the segment address without TransferOffset.",
                origin: Origin { part: "RosKmdAdapter.cpp, execution", ..RENDER_ONLY },
            },
            Quirk {
                quirk: Quirks::UnmapToPageZero,
                description: "Points unmapped aperture pages at page 0, not at the dummy page.",
                origin: Origin { part: "RosKmdAdapter.cpp, build", ..RENDER_ONLY },
            },
        ],
    }
}

/// The build without GPU virtual addresses: one memory of 128 MiB with the flag word 0x414, the
/// paging buffer a page of contiguous system memory, system memory named as segment 2.
pub(super) fn compute_only_sample() -> Profile {
    let video = SegmentFlags::CpuVisible | SegmentFlags::CacheCoherent | SegmentFlags::DirectFlip;
    let video = memory("Memory", video, 0, 128 * MIB);
    Profile {
        name: "compute-only-sample",
        title: "Compute-only sample",
        description: "Microsoft's sample of a driver that only computes, built for physical \
                      addresses: one memory segment and no aperture. Every operation is one copy \
                      of its argument structure.",
        origin: Some(COMPUTE_ONLY),
        encoding: Encoding::Record,
        adapter: Adapter {
            name: "Compute-only sample".to_owned(),
            // The lowest version whose model it was written for.
            version: InterfaceVersion::Wddm2_0,
            profile: "compute-only-sample".to_owned(),
            system_memory: 1024 * MIB,
            frame_seed: 1,
            segments: vec![Segment { cpu_translated_address: 0xE000_0000, ..video }],
            paging_buffer: PagingBuffer {
                segment: 0,
                size: 4096,
                private_data_size: 272,
                count: 1,
            },
            system_memory_id: SystemMemoryId(2),
            ..Adapter::default()
        },
        allocations: AllocationStyle {
            name: "Buffer",
            alignment: Bytes(64),
            preferred: prefer(1),
            supported: SegmentSet(0b1),
            eviction: SegmentSet(0),
            flags: AllocationFlags::CpuVisible.union(AllocationFlags::Cached),
            priority: Priority::NORMAL,
        },
        other_allocations: Vec::new(),
        quirks: &[
            Quirk {
                quirk: Quirks::TransferOffsetIgnored,
                description: "Executes transfers at the segment address without TransferOffset.",
                origin: Origin { part: "CosKmdAdapter.cpp, execution", ..COMPUTE_ONLY },
            },
            Quirk {
                quirk: Quirks::TransferOffsetIntoList,
                description: "Reads page lists from TransferOffset modulo their bytes, not from \
                              MdlOffset.",
                origin: Origin { part: "CosKmdAdapter.cpp, execution", ..COMPUTE_ONLY },
            },
        ],
    }
}
