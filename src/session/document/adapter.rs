//! The adapter of a session: what it changes of a profile.

use serde::Deserialize;

use super::SegmentName;
use crate::config::{
    AgpAperture, CpuHostAperture, HardwareKeeps, Quirks, SegmentRange, VideoProtectedRange,
};
use crate::ddi::{DescriptorGeneration, InterfaceVersion, SegmentFlags, SystemMemoryId};
use crate::session::name::Name;
use crate::session::value;

/// The adapter: a driver profile, and what the session changes of its adapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterDescription {
    /// The name of a driver profile.
    pub profile: String,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// The interface version of its driver.
    #[serde(default, deserialize_with = "value::optional_interface_version")]
    pub wddm: Option<InterfaceVersion>,
    /// The segment query that its driver answers.
    #[serde(default, deserialize_with = "value::optional_descriptors")]
    pub descriptors: Option<DescriptorGeneration>,
    /// Bytes of system memory.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub system_memory: Option<u64>,
    /// Scatters the frames of page lists.
    #[serde(default)]
    pub frame_seed: Option<u64>,
    /// All segments, in place of the profile's.
    #[serde(default, deserialize_with = "value::optional_segments")]
    pub segments: Option<Vec<SegmentDescription>>,
    /// What changes of the paging buffer.
    #[serde(default)]
    pub paging_buffer: Option<PagingBufferDescription>,
    /// The driver's number for system memory in preference words and sets.
    #[serde(default, deserialize_with = "value::optional_system_memory_id")]
    pub system_memory_id: Option<SystemMemoryId>,
    /// Bytes mapped into all apertures together; 0 for no limit.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub aperture_commit_limit: Option<u64>,
    /// The AGP aperture of the chipset.
    #[serde(default, deserialize_with = "value::optional_agp_aperture")]
    pub agp_aperture: Option<AgpAperture>,
    /// Departures of the driver from the documents, in place of the profile's.
    #[serde(default, deserialize_with = "value::optional_quirks")]
    pub quirks: Option<Quirks>,
    /// What changes of the costs.
    #[serde(default)]
    pub costs: Option<CostsDescription>,
}

/// A segment; the fields of [`config::Segment`](crate::config::Segment).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentDescription {
    /// What people call it.
    pub name: Name,
    /// The flag word, reserved bits included.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: SegmentFlags,
    /// `BaseAddress`.
    #[serde(default, deserialize_with = "value::size")]
    pub base: u64,
    /// Bytes.
    #[serde(deserialize_with = "value::size")]
    pub size: u64,
    /// Bytes; 0 stands for the size.
    #[serde(default, deserialize_with = "value::size")]
    pub commit_limit: u64,
    /// `CpuTranslatedAddress`.
    #[serde(default, deserialize_with = "value::size")]
    pub cpu_translated_address: u64,
    /// `SystemMemoryEndAddress`; 0 for none.
    #[serde(default, deserialize_with = "value::size")]
    pub system_memory_end_address: u64,
    /// Where each bank ends, in bytes from the start of the segment.
    #[serde(default, deserialize_with = "value::bank_ends")]
    pub bank_ends: Vec<u64>,
    /// Banks; `None` for as many as the ends say.
    #[serde(default)]
    pub bank_count: Option<u32>,
    /// Ranges where nothing may lie.
    #[serde(default, deserialize_with = "value::ranges")]
    pub invalid_ranges: Vec<SegmentRange>,
    /// Ranges of the boot frame buffer.
    #[serde(default, deserialize_with = "value::ranges")]
    pub uefi_frame_buffer_ranges: Vec<SegmentRange>,
    /// The programmable window of the CPU.
    #[serde(default, deserialize_with = "value::optional_cpu_host_aperture")]
    pub cpu_host_aperture: Option<CpuHostAperture>,
    /// The video protected range.
    #[serde(default, deserialize_with = "value::optional_video_protected_range")]
    pub video_protected_range: Option<VideoProtectedRange>,
    /// What the hardware keeps while the machine sleeps, where the flags do not tell.
    #[serde(default, deserialize_with = "value::hardware_keeps")]
    pub hardware_keeps: HardwareKeeps,
}

impl SegmentDescription {
    /// A segment of a name and a size in bytes; everything else as if it were left out.
    #[must_use]
    pub const fn new(name: Name, size: u64) -> Self {
        Self {
            name,
            flags: SegmentFlags::empty(),
            base: 0,
            size,
            commit_limit: 0,
            cpu_translated_address: 0,
            system_memory_end_address: 0,
            bank_ends: Vec::new(),
            bank_count: None,
            invalid_ranges: Vec::new(),
            uefi_frame_buffer_ranges: Vec::new(),
            cpu_host_aperture: None,
            video_protected_range: None,
            hardware_keeps: HardwareKeeps { standby: None, hibernate: None },
        }
    }

    /// The banks that the ends make: one each, and one more behind the last where the segment goes
    /// on. Without ends, none.
    #[must_use]
    pub fn default_bank_count(&self) -> u32 {
        let ends = u32::try_from(self.bank_ends.len()).unwrap_or(u32::MAX);
        match self.bank_ends.last() {
            Some(last) if *last != self.size => ends.saturating_add(1),
            _ => ends,
        }
    }

    /// Forgets a count that the ends give as well: it is not written.
    pub fn forget_default_bank_count(&mut self) {
        if self.bank_count == Some(self.default_bank_count()) {
            self.bank_count = None;
        }
    }
}

/// The paging buffer; what is left out is the profile's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagingBufferDescription {
    /// An aperture segment, or 0 for contiguous system memory. A number may be one that no segment
    /// has.
    #[serde(default, deserialize_with = "value::optional_any_segment")]
    pub segment: Option<SegmentName>,
    /// Bytes.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub size: Option<u64>,
    /// Bytes of private data.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub private_data_size: Option<u64>,
    /// How many buffers are kept.
    #[serde(default)]
    pub count: Option<u32>,
}

/// What things cost in time, the fields of [`config::Costs`](crate::config::Costs); what is left
/// out is the profile's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostsDescription {
    /// Bytes a second.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub link_to_device: Option<u64>,
    /// Bytes a second.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub link_to_host: Option<u64>,
    /// Bytes a second.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub local_memory: Option<u64>,
    /// Nanoseconds.
    #[serde(default)]
    pub operation: Option<u64>,
    /// Nanoseconds.
    #[serde(default)]
    pub submission: Option<u64>,
    /// Nanoseconds.
    #[serde(default)]
    pub packet: Option<u64>,
    /// Nanoseconds.
    #[serde(default)]
    pub aperture_page: Option<u64>,
    /// Bytes a second.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub hibernate_file: Option<u64>,
    /// Nanoseconds.
    #[serde(default)]
    pub power_down: Option<u64>,
    /// Nanoseconds.
    #[serde(default)]
    pub power_up: Option<u64>,
}
