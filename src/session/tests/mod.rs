//! The room as a whole: grammar, places of errors, broken files, round trips.

mod bad;
mod good;
mod round_trip;

use crate::config::{Adapter, PagingBuffer, Segment};
use crate::ddi::{InterfaceVersion, SegmentFlags, SystemMemoryId};

/// A session with every command and every expectation.
const EVERYTHING: &str = include_str!("everything.ron");

/// A profile with one segment, to see what a session replaces.
fn profile(name: &str) -> Option<Adapter> {
    (name == "inspector").then(|| Adapter {
        name: "Profile adapter".to_owned(),
        version: InterfaceVersion::Wddm1_2,
        profile: "inspector".to_owned(),
        system_memory: 1 << 30,
        frame_seed: 1,
        segments: vec![Segment {
            name: "OWN".to_owned(),
            flags: SegmentFlags::CpuVisible,
            base: 0,
            size: 1 << 20,
            ..Segment::default()
        }],
        paging_buffer: PagingBuffer { segment: 1, size: 4096, private_data_size: 8, count: 3 },
        system_memory_id: SystemMemoryId(31),
        aperture_commit_limit: 7,
        ..Adapter::default()
    })
}
