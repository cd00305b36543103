//! Profiles: adapters by name, with the encoding that their driver uses.
//!
//! A profile sets segments, sizes and encoding; documented behaviour holds in every one. Where the
//! original of a profile departs from the documents the profile says so under its quirks, all of
//! which are off. Where an original asks its hardware how much memory there is, the profile holds an
//! example and says so; where the model before WDDM 2.0 is all that is known of its version, 1.3
//! stands for it. Facts of other people's drivers are told in our own words, with their origin.

use crate::base::{Bytes, SegmentId};
use crate::config::{Adapter, PagingBuffer, Quirks, Segment};
use crate::ddi::{
    AllocationFlags, InterfaceVersion, Preference, PreferredSegments, Priority, SegmentFlags,
    SegmentSet,
};

mod inspector;
mod qemu_stdvga;
mod samples;
mod uxen;
mod viogpu3d;
mod virtualbox;

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

/// A quirk of a profile's original: a way in which it departs from the documents. Off unless an
/// adapter switches it on: this driver does what the documents say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirk {
    /// Which: one bit.
    pub quirk: Quirks,
    /// What the original does.
    pub description: &'static str,
    /// Where that stands.
    pub origin: Origin,
}

/// What the allocations of a driver usually ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllocationStyle {
    /// Which allocations.
    pub name: &'static str,
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
    /// What allocations of other kinds ask for, where there are such.
    pub other_allocations: Vec<AllocationStyle>,
    /// Where its original departs from the documents.
    pub quirks: &'static [Quirk],
}

/// Every profile, ours first.
#[must_use]
pub fn profiles() -> Vec<Profile> {
    vec![
        inspector::inspector(),
        samples::render_only_sample(),
        samples::compute_only_sample(),
        virtualbox::legacy(),
        virtualbox::dx(),
        viogpu3d::viogpu3d(),
        qemu_stdvga::qemu_stdvga(),
        uxen::first(),
        uxen::newest(),
    ]
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

/// An adapter with two paging buffers, of the model before WDDM 2.0.
fn adapter(
    name: &str,
    profile: &str,
    segments: Vec<Segment>,
    (segment, size, private_data_size): (u8, u64, u64),
) -> Adapter {
    Adapter {
        name: name.to_owned(),
        version: InterfaceVersion::Wddm1_3,
        profile: profile.to_owned(),
        system_memory: 1024 * MIB,
        frame_seed: 1,
        segments,
        paging_buffer: PagingBuffer { segment, size, private_data_size, count: 2 },
        ..Adapter::default()
    }
}

/// Allocations that leave the choice among some segments to VidMm.
fn anywhere_in(name: &'static str, supported: u32, flags: AllocationFlags) -> AllocationStyle {
    AllocationStyle {
        name,
        alignment: Bytes(0),
        preferred: PreferredSegments::default(),
        supported: SegmentSet(supported),
        eviction: SegmentSet(0),
        flags,
        priority: Priority::NORMAL,
    }
}
