//! Profiles: adapters by name, with the encoding that their driver uses.
//!
//! A profile sets segments, sizes and encoding; documented behaviour holds in every one. Where the
//! original of a profile departs from the documents the profile says so under its quirks, all of
//! which are off. Facts of other people's drivers are told in our own words, with their origin.

use crate::base::{Bytes, SegmentId};
use crate::config::{Adapter, PagingBuffer, Segment};
use crate::ddi::{
    AllocationFlags, InterfaceVersion, Preference, PreferredSegments, Priority, SegmentFlags,
    SegmentSet, SystemMemoryId,
};

/// How a driver encodes paging operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Packets of 32 bytes; a page list becomes one for each run of frames.
    Native,
    /// The whole argument structure is copied; apertures are programmed by the processor.
    Record,
}

/// Where the facts of a profile come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The repository.
    pub repository: &'static str,
    /// The revision read.
    pub revision: &'static str,
    /// Its licence.
    pub licence: &'static str,
    /// The part of it.
    pub part: &'static str,
}

/// A way in which the original of a profile departs from the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuirkKind {
    /// The segment side of a transfer is used without `TransferOffset`.
    TransferOffsetIgnored,
    /// Unmapped aperture pages point at page 0 instead of the dummy page.
    DummyPageIgnored,
}

/// A quirk of a profile's original. Off: this driver does what the documents say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirk {
    /// Which.
    pub kind: QuirkKind,
    /// What the original does.
    pub description: &'static str,
}

/// What the allocations of a driver usually ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocationStyle {
    /// Bytes; anything below a page means a page.
    pub alignment: Bytes,
    /// Segments wanted.
    pub preferred: PreferredSegments,
    /// Segments in which they can be read and written.
    pub supported: SegmentSet,
    /// Apertures through which they are evicted.
    pub eviction: SegmentSet,
    /// Properties.
    pub flags: AllocationFlags,
    /// Starting priority.
    pub priority: Priority,
}

/// An adapter by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What a session calls it.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Where its facts come from; `None` for one of ours.
    pub origin: Option<Origin>,
    /// How paging operations are encoded.
    pub encoding: Encoding,
    /// The adapter as the driver reports it.
    pub adapter: Adapter,
    /// What allocations usually ask for.
    pub allocations: AllocationStyle,
    /// Where its original departs from the documents.
    pub quirks: &'static [Quirk],
}

/// Every profile, ours first.
#[must_use]
pub fn profiles() -> Vec<Profile> {
    vec![inspector(), render_only_sample()]
}

/// The profile of a name.
#[must_use]
pub fn profile(name: &str) -> Option<Profile> {
    profiles().into_iter().find(|profile| profile.name == name)
}

const MIB: u64 = 1024 * 1024;

/// One preference, searched from the start.
fn prefer(number: u8) -> PreferredSegments {
    let segment = SegmentId::new(number);
    let preference = segment.map(|segment| Preference { segment, from_end: false });
    PreferredSegments::new(preference.as_slice()).unwrap_or_default()
}

fn memory(name: &str, flags: SegmentFlags, base: u64, size: u64) -> Segment {
    Segment { name: name.to_owned(), flags, base, size, commit_limit: size, ..Segment::default() }
}

fn inspector() -> Profile {
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
            alignment: Bytes::kib(4),
            preferred: prefer(1),
            supported: SegmentSet(0b111),
            eviction: SegmentSet(0),
            flags: AllocationFlags::CpuVisible,
            priority: Priority::NORMAL,
        },
        quirks: &[],
    }
}

/// Numbers of the aperture and of the 128 MiB less three pools of 1 MiB behind it, flag words
/// 0x15 and 0x414, one paging buffer of a page in the aperture: as the sample reports them.
fn render_only_sample() -> Profile {
    let aperture = SegmentFlags::Aperture | SegmentFlags::CpuVisible | SegmentFlags::CacheCoherent;
    let aperture = memory("Aperture", aperture, 0xC000_0000, 4 * MIB);
    let video = SegmentFlags::CpuVisible | SegmentFlags::CacheCoherent | SegmentFlags::DirectFlip;
    let video = memory("Video memory", video, 0, 131_072_000);
    Profile {
        name: "render-only-sample",
        title: "Render-only sample",
        description: "Microsoft's sample of a driver for a software GPU: a small aperture and a \
                      memory segment. Every operation is one copy of its argument structure.",
        origin: Some(Origin {
            repository: "microsoft/graphics-driver-samples",
            revision: "de4a2161",
            licence: "MIT",
            part: "render-only-sample/roskmd",
        }),
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
            alignment: Bytes(64),
            preferred: prefer(2),
            supported: SegmentSet(0b10),
            eviction: SegmentSet(0),
            flags: AllocationFlags::CpuVisible.union(AllocationFlags::Cached),
            priority: Priority::NORMAL,
        },
        quirks: &[
            Quirk {
                kind: QuirkKind::TransferOffsetIgnored,
                description: "Executes transfers at the segment address without TransferOffset.",
            },
            Quirk {
                kind: QuirkKind::DummyPageIgnored,
                description: "Points unmapped aperture pages at page 0, not at the dummy page.",
            },
        ],
    }
}
