//! Raw operations of a session, with the fields of the DDI.

use serde::Deserialize;

use super::SegmentName;
use crate::ddi::{DiscardContentFlags, MapApertureFlags, TransferFlags};
use crate::session::name::Name;
use crate::session::value;

/// One side of a raw transfer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Location")]
pub enum NamedLocation {
    /// A segment, and the address in it: base address plus offset.
    Segment(SegmentName, #[serde(deserialize_with = "value::size")] u64),
    /// Reserved pages, as a page list.
    Pages(Name),
}

/// `Transfer`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedTransfer {
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// Bytes added to segment addresses.
    #[serde(default, deserialize_with = "value::size_32")]
    pub transfer_offset: u32,
    /// Bytes.
    #[serde(deserialize_with = "value::size")]
    pub transfer_size: u64,
    /// From.
    pub source: NamedLocation,
    /// To.
    pub destination: NamedLocation,
    /// First, last, idle, swizzling.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: TransferFlags,
    /// First page of page lists.
    #[serde(default)]
    pub mdl_offset: u32,
}

/// `SpecialLockTransfer`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSpecialLockTransfer {
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// Bytes added to segment addresses.
    #[serde(default, deserialize_with = "value::size_32")]
    pub transfer_offset: u32,
    /// Bytes.
    #[serde(deserialize_with = "value::size")]
    pub transfer_size: u64,
    /// From.
    pub source: NamedLocation,
    /// To.
    pub destination: NamedLocation,
    /// First, last, idle, swizzling.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: TransferFlags,
    /// The swizzling range.
    #[serde(default)]
    pub swizzling_range_id: u32,
    /// Data of the swizzling range.
    #[serde(default)]
    pub swizzling_range_data: u32,
}

/// `Fill`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedFill {
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// Bytes.
    #[serde(deserialize_with = "value::size")]
    pub fill_size: u64,
    /// Repeated word.
    #[serde(default)]
    pub fill_pattern: u32,
    /// The segment.
    pub segment: SegmentName,
    /// Base address plus offset.
    #[serde(deserialize_with = "value::size")]
    pub address: u64,
}

/// `DiscardContent`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedDiscardContent {
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// Whether it is known to be idle.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: DiscardContentFlags,
    /// The segment.
    pub segment: SegmentName,
    /// Base address plus offset.
    #[serde(deserialize_with = "value::size")]
    pub address: u64,
}

/// `ReadPhysical` and `WritePhysical`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedPhysicalAccess {
    /// The segment.
    pub segment: SegmentName,
    /// Base address plus offset.
    #[serde(deserialize_with = "value::size")]
    pub address: u64,
}

/// `MapApertureSegment`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedMapApertureSegment {
    /// The device named to the driver.
    #[serde(default)]
    pub device: Option<Name>,
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// The aperture segment.
    pub segment: SegmentName,
    /// First aperture page.
    #[serde(default)]
    pub offset_in_pages: u64,
    /// Pages.
    pub number_of_pages: u64,
    /// The page list.
    pub pages: Name,
    /// Whether cacheable pages go into a coherent aperture.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: MapApertureFlags,
    /// First page of the list.
    #[serde(default)]
    pub mdl_offset: u32,
}

/// `UnmapApertureSegment`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedUnmapApertureSegment {
    /// The device named to the driver.
    #[serde(default)]
    pub device: Option<Name>,
    /// The allocation named to the driver.
    #[serde(default)]
    pub allocation: Option<Name>,
    /// The aperture segment.
    pub segment: SegmentName,
    /// First aperture page.
    #[serde(default)]
    pub offset_in_pages: u64,
    /// Pages.
    pub number_of_pages: u64,
    /// Physical address of the dummy page; without it, VidMm's own.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub dummy_page: Option<u64>,
}
