//! How the structures of an adapter are read, their fields as in the configuration.

use serde::Deserialize;
use serde::de::{self, Deserializer};

use super::{bounded, flags, size, size_32};
use crate::config::{AgpAperture, CpuHostAperture, Quirks, SegmentRange, VideoProtectedRange};
use crate::ddi::{DescriptorGeneration, RowLayout};
use crate::session::document::SegmentDescription;
use crate::session::limits;

struct Segments(Vec<SegmentDescription>);

impl<'de> Deserialize<'de> for Segments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bounded::<_, _, { limits::SEGMENTS }>(deserializer).map(Self)
    }
}

/// The segments of an adapter.
pub(in crate::session) fn optional_segments<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<SegmentDescription>>, D::Error> {
    Ok(Option::<Segments>::deserialize(deserializer)?.map(|segments| segments.0))
}

/// The grammar of [`AgpAperture`].
#[derive(Deserialize)]
#[serde(remote = "AgpAperture", rename = "AgpAperture", deny_unknown_fields)]
struct AgpApertureText {
    #[serde(deserialize_with = "size")]
    base: u64,
    #[serde(deserialize_with = "size")]
    size: u64,
}

/// The AGP aperture of the chipset.
pub(in crate::session) fn optional_agp_aperture<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<AgpAperture>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Wrapper(#[serde(with = "AgpApertureText")] AgpAperture);

    Ok(Option::<Wrapper>::deserialize(deserializer)?.map(|wrapper| wrapper.0))
}

/// The grammar of [`SegmentRange`].
#[derive(Deserialize)]
#[serde(remote = "SegmentRange", rename = "Range", deny_unknown_fields)]
struct SegmentRangeText {
    #[serde(deserialize_with = "size")]
    offset: u64,
    #[serde(deserialize_with = "size")]
    size: u64,
}

/// Ranges of a segment.
pub(in crate::session) fn ranges<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<SegmentRange>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Wrapper(#[serde(with = "SegmentRangeText")] SegmentRange);

    let ranges = bounded::<_, Wrapper, { limits::RANGES }>(deserializer)?;
    Ok(ranges.into_iter().map(|wrapper| wrapper.0).collect())
}

/// The grammar of [`CpuHostAperture`].
#[derive(Deserialize)]
#[serde(remote = "CpuHostAperture", rename = "CpuHostAperture", deny_unknown_fields)]
struct CpuHostApertureText {
    #[serde(deserialize_with = "size")]
    physical_address: u64,
    size_in_pages: u32,
}

/// The programmable window of the CPU.
pub(in crate::session) fn optional_cpu_host_aperture<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<CpuHostAperture>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Wrapper(#[serde(with = "CpuHostApertureText")] CpuHostAperture);

    Ok(Option::<Wrapper>::deserialize(deserializer)?.map(|wrapper| wrapper.0))
}

/// The grammar of [`VideoProtectedRange`].
#[derive(Deserialize)]
#[serde(remote = "VideoProtectedRange", rename = "VideoProtectedRange", deny_unknown_fields)]
struct VideoProtectedRangeText {
    #[serde(default, deserialize_with = "size")]
    start: u64,
    #[serde(deserialize_with = "size")]
    size: u64,
    #[serde(default, deserialize_with = "size")]
    alignment: u64,
    #[serde(default)]
    supported: u32,
    #[serde(default, deserialize_with = "size")]
    reserve: u64,
}

/// The video protected range of a segment.
pub(in crate::session) fn optional_video_protected_range<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<VideoProtectedRange>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Wrapper(#[serde(with = "VideoProtectedRangeText")] VideoProtectedRange);

    Ok(Option::<Wrapper>::deserialize(deserializer)?.map(|wrapper| wrapper.0))
}

/// The grammar of [`RowLayout`].
#[derive(Deserialize)]
#[serde(remote = "RowLayout", rename = "Rows", deny_unknown_fields)]
struct RowLayoutText {
    #[serde(deserialize_with = "size_32")]
    pitch: u32,
    #[serde(deserialize_with = "size_32")]
    aligned_pitch: u32,
    rows: u32,
}

/// How the rows of an allocation lie.
pub(in crate::session) fn optional_rows<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<RowLayout>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Wrapper(#[serde(with = "RowLayoutText")] RowLayout);

    Ok(Option::<Wrapper>::deserialize(deserializer)?.map(|wrapper| wrapper.0))
}

/// Quirks by their names.
pub(in crate::session) fn optional_quirks<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Quirks>, D::Error> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Wrapper(#[serde(deserialize_with = "flags")] Quirks);

    Ok(Option::<Wrapper>::deserialize(deserializer)?.map(|wrapper| wrapper.0))
}

struct DescriptorNumber(DescriptorGeneration);

impl<'de> Deserialize<'de> for DescriptorNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        let generation = u8::try_from(number).ok().and_then(DescriptorGeneration::from_number);
        generation.map(Self).ok_or_else(|| {
            de::Error::custom(format_args!(
                "{number} is not a generation of segment descriptors: write 1, 3 or 4"
            ))
        })
    }
}

/// The segment query of a driver: 1, 3 or 4.
pub(in crate::session) fn optional_descriptors<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DescriptorGeneration>, D::Error> {
    Ok(Option::<DescriptorNumber>::deserialize(deserializer)?.map(|number| number.0))
}
