//! The profile of our own: what the documents describe, without a quirk.

use super::{AllocationStyle, Encoding, MIB, Profile, memory, prefer};
use crate::base::Bytes;
use crate::config::{Adapter, PagingBuffer, Segment};
use crate::ddi::{
    AllocationFlags, InterfaceVersion, Priority, SegmentFlags, SegmentSet, SystemMemoryId,
};

pub(super) fn inspector() -> Profile {
    let visible = memory("VRAM", SegmentFlags::CpuVisible, 0, 256 * MIB);
    let invisible = memory("VRAM (invisible)", SegmentFlags::empty(), 256 * MIB, 768 * MIB);
    let aperture = SegmentFlags::Aperture | SegmentFlags::CacheCoherent;
    let gart = memory("GART", aperture, 0xC000_0000, 512 * MIB);
    Profile {
        name: "inspector",
        title: "Inspector",
        description: "A discrete adapter of our own: memory that the processor sees, memory that \
                      it does not, and an aperture. Packets of 32 bytes, one for each run of \
                      frames.",
        origin: None,
        encoding: Encoding::Native,
        adapter: Adapter {
            name: "Inspector adapter".to_owned(),
            version: InterfaceVersion::Wddm1_3,
            profile: "inspector".to_owned(),
            system_memory: 2048 * MIB,
            frame_seed: 1,
            segments: vec![
                Segment { cpu_translated_address: 0xE000_0000, ..visible },
                invisible,
                gart,
            ],
            paging_buffer: PagingBuffer {
                segment: 3,
                size: 16 * 1024,
                private_data_size: 0,
                count: 2,
            },
            system_memory_id: SystemMemoryId::default(),
            ..Adapter::default()
        },
        allocations: AllocationStyle {
            name: "Surface",
            alignment: Bytes::kib(4),
            preferred: prefer(1),
            supported: SegmentSet(0b111),
            eviction: SegmentSet(0),
            flags: AllocationFlags::CpuVisible,
            priority: Priority::NORMAL,
        },
        other_allocations: Vec::new(),
        quirks: &[],
    }
}
