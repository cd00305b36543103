//! Places that the hardware can read and write, and why it cannot.

use std::fmt;

use super::{BadPacket, BadRecord};
use crate::base::{FrameNumber, RunMap, RunValue, StableHasher, StateHash};
use crate::memory::{ByteMap, Content};

/// A region of the hardware: 0 is system memory over the bus, the others are its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(pub u8);

impl RegionId {
    /// System memory over the bus: addresses are physical.
    pub const SYSTEM: Self = Self(0);
}

impl fmt::Display for RegionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A region to be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegionConfig {
    /// Holds this many bytes.
    Memory(u64),
    /// A table of this many pages of 4 KiB, each of which points at a frame of system memory.
    ///
    /// At most 2^52 - 1, so that every byte in it has an offset; more are cut.
    Aperture(u64),
    /// A window of this many pages onto the table of the chipset, which lives in system memory's
    /// state and not in the device. Pages that the chipset does not have do not exist.
    ///
    /// At most 2^52 - 1, as for an aperture.
    Gart(u64),
}

/// Where a page of an aperture points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PageEntry {
    /// Nowhere yet: reading or writing it is a fault.
    Unset,
    /// At a frame; the next page of the run points at the next frame.
    Frame {
        /// The frame of the first page of the run.
        first: FrameNumber,
        /// The page stays coherent with the cache of the processor.
        coherent: bool,
    },
    /// At the frame that stands in for what is not mapped, as do all pages of the run.
    Fixed {
        /// The frame of every page of the run.
        frame: FrameNumber,
    },
}

impl PageEntry {
    /// The frame that the first page of the run points at.
    #[must_use]
    pub const fn frame(&self) -> Option<FrameNumber> {
        match *self {
            Self::Unset => None,
            Self::Frame { first, .. } => Some(first),
            Self::Fixed { frame } => Some(frame),
        }
    }

    /// Whether every page of the run points at the same frame.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        matches!(self, Self::Fixed { .. })
    }
}

impl RunValue for PageEntry {
    fn advanced(&self, by: u64) -> Self {
        match *self {
            Self::Unset => Self::Unset,
            Self::Frame { first, coherent } => {
                Self::Frame { first: FrameNumber(first.get().wrapping_add(by)), coherent }
            }
            Self::Fixed { frame } => Self::Fixed { frame },
        }
    }

    fn fold(&self, hasher: StableHasher) -> StableHasher {
        match *self {
            Self::Unset => hasher.number(0x41),
            Self::Frame { first, coherent } => {
                hasher.number(0x42).number(first.get()).number(u64::from(coherent))
            }
            Self::Fixed { frame } => hasher.number(0x43).number(frame.get()),
        }
    }
}

/// A region of the hardware and what is in it.
#[derive(Clone, Debug)]
pub enum Region {
    /// Bytes; positions are offsets.
    Memory(ByteMap),
    /// Page entries; positions are page numbers.
    Aperture(RunMap<PageEntry>),
    /// Pages of the table of the chipset.
    Gart(u64),
}

impl Region {
    pub(super) fn new(config: RegionConfig) -> Self {
        const MOST_PAGES: u64 = (1 << 52) - 1;
        match config {
            RegionConfig::Memory(size) => Self::Memory(ByteMap::new(size, Content::Zero)),
            RegionConfig::Aperture(pages) => {
                Self::Aperture(RunMap::new(pages.min(MOST_PAGES), PageEntry::Unset))
            }
            RegionConfig::Gart(pages) => Self::Gart(pages.min(MOST_PAGES)),
        }
    }

    /// The hash of its description, which tells regions apart.
    pub(super) fn hash(&self, region: RegionId) -> StateHash {
        let description = match self {
            Self::Memory(bytes) => bytes.hash(),
            Self::Aperture(entries) => entries.hash(),
            Self::Gart(pages) => StableHasher::new(0x6A47).number(*pages).finish(),
        };
        StableHasher::new(0x6E61).number(u64::from(region.0)).number(description.0).finish()
    }
}

/// Why the hardware could not execute a packet. The rest of the submission is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes are no packet.
    #[error(transparent)]
    BadPacket(#[from] BadPacket),
    /// The bytes are no record.
    #[error(transparent)]
    BadRecord(#[from] BadRecord),
    /// Bytes beyond a region, or of a region that there is not.
    #[error("{length} bytes from {address:#X} do not lie in region {region}")]
    OutOfRange {
        /// The region.
        region: RegionId,
        /// The first byte.
        address: u64,
        /// Bytes; `u64::MAX` stands for more than fit.
        length: u64,
    },
    /// Pages were to be mapped in a region that has no page table.
    #[error("region {0} is no aperture")]
    NotAnAperture(RegionId),
    /// An address of an aperture page is no page multiple.
    #[error("{address:#X} is not the start of a page of region {region}")]
    UnalignedPage {
        /// The region.
        region: RegionId,
        /// The address.
        address: u64,
    },
    /// A page of an aperture was never pointed anywhere.
    #[error("page {page:#X} of region {region} points nowhere")]
    Unmapped {
        /// The region.
        region: RegionId,
        /// The page.
        page: u64,
    },
    /// Packets were fetched from the frame that stands in for what is not mapped.
    #[error("packets were fetched through page {page:#X} of region {region}, which is not mapped")]
    FetchedFixedPage {
        /// The region.
        region: RegionId,
        /// The page.
        page: u64,
    },
    /// A frame holds a command buffer.
    #[error("frame {:#X} holds a command buffer, which no device may reach", frame.get())]
    CommandBuffer {
        /// The first frame of a command buffer that would have been reached.
        frame: FrameNumber,
    },
    /// A packet that takes every byte for itself names too many.
    #[error(
        "{length} bytes from {address:#X} of region {region} are too many, {most} are the most"
    )]
    TooLong {
        /// The region.
        region: RegionId,
        /// The first byte.
        address: u64,
        /// Bytes.
        length: u32,
        /// The most that there may be.
        most: u32,
    },
    /// The frames of one packet, or what they hold, lie so scattered that it would take too long to
    /// follow them.
    #[error("{stretches} stretches must be followed one by one, {most} are the most")]
    TooScattered {
        /// Pages or descriptions there are; those found so far.
        stretches: u64,
        /// The most that are followed.
        most: u64,
    },
}
