//! Paging operations: `DXGK_BUILDPAGINGBUFFER_OPERATION` and the members of its union.

use crate::base::{Bytes, Pages, PhysicalAddress, SegmentAddress, SegmentId};
use crate::memory::Mdl;

use super::{AllocationHandle, DeviceHandle, DiscardContentFlags, MapApertureFlags, TransferFlags};

/// The system pages of an operation, and where a driver finds their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageList {
    /// The pages.
    pub mdl: Mdl,
    /// Where VidMm keeps the array of 64-bit page numbers, for drivers that hand the GPU the
    /// array rather than its content. `None` where the driver asked for no arrays.
    pub array: Option<PhysicalAddress>,
}

/// One side of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// `SegmentId` is not 0: a place in a segment, base address included.
    Segment {
        /// The segment.
        id: SegmentId,
        /// Base address of the segment plus offset in it.
        address: SegmentAddress,
    },
    /// `SegmentId` is 0: system memory described by `pMdl`.
    Mdl(PageList),
}

/// Moves the content of an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The allocation; `None` for a raw copy.
    pub allocation: Option<AllocationHandle>,
    /// Bytes to the first page transferred. Applies to segment locations only.
    pub transfer_offset: u32,
    /// Bytes transferred; a page multiple.
    pub transfer_size: Bytes,
    /// Where the content is.
    pub source: Location,
    /// Where it goes.
    pub destination: Location,
    /// First and last sub-transfer, idle, swizzling.
    pub flags: TransferFlags,
    /// Pages to the first page of the list. Applies to lists only.
    pub mdl_offset: Pages,
}

/// `DXGK_OPERATION_SPECIAL_LOCK_TRANSFER`: a transfer of an allocation that is locked through an
/// address of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecialLockTransfer {
    /// What moves; its `mdl_offset` is 0, the structure has no such field.
    pub transfer: Transfer,
    /// The swizzling range.
    pub swizzling_range_id: u32,
    /// Data of the swizzling range.
    pub swizzling_range_data: u32,
}

/// A dummy access of the GPU that orders its accesses with those of the CPU: the fields of
/// `ReadPhysical` and `WritePhysical`. One to eight bytes are accessed; the data does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhysicalAccess {
    /// The segment.
    pub segment: SegmentId,
    /// Base address of the segment plus offset in it.
    pub address: SegmentAddress,
}

/// Initialises an allocation without content when it is first paged in. Never to an aperture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The allocation; `None` only where a raw operation names none.
    pub allocation: Option<AllocationHandle>,
    /// Bytes filled.
    pub fill_size: Bytes,
    /// Repeated 32-bit little-endian pattern.
    pub fill_pattern: u32,
    /// A memory segment.
    pub segment: SegmentId,
    /// Base address of the segment plus offset in it.
    pub address: SegmentAddress,
}

/// Says that content is dropped where it is, not copied back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscardContent {
    /// The allocation; `None` only where a raw operation names none.
    pub allocation: Option<AllocationHandle>,
    /// Whether it is known to be idle.
    pub flags: DiscardContentFlags,
    /// The segment that it leaves.
    pub segment: SegmentId,
    /// Base address of the segment plus offset in it.
    pub address: SegmentAddress,
}

/// Redirects a range of an aperture to system pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapApertureSegment {
    /// The device that owns the allocation; `None` for the primary and for buffers.
    pub device: Option<DeviceHandle>,
    /// The allocation; `None` when a DMA or paging buffer is mapped.
    pub allocation: Option<AllocationHandle>,
    /// The aperture segment.
    pub segment: SegmentId,
    /// First aperture page.
    pub offset_in_pages: Pages,
    /// Pages mapped.
    pub number_of_pages: Pages,
    /// The system pages.
    pub pages: PageList,
    /// Whether cacheable pages go into a coherent aperture.
    pub flags: MapApertureFlags,
    /// First page of the list that is mapped.
    pub mdl_offset: Pages,
}

/// Redirects a range of an aperture to the dummy page, access still enabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmapApertureSegment {
    /// The device that owns the allocation; `None` for the primary and for buffers.
    pub device: Option<DeviceHandle>,
    /// The allocation; `None` when a DMA or paging buffer is unmapped.
    pub allocation: Option<AllocationHandle>,
    /// The aperture segment.
    pub segment: SegmentId,
    /// First aperture page.
    pub offset_in_pages: Pages,
    /// Pages unmapped.
    pub number_of_pages: Pages,
    /// Where every page of the range points afterwards.
    pub dummy_page: PhysicalAddress,
}

/// What `DxgkDdiBuildPagingBuffer` is asked to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PagingOperation {
    /// `DXGK_OPERATION_TRANSFER`.
    Transfer(Transfer),
    /// `DXGK_OPERATION_FILL`.
    Fill(Fill),
    /// `DXGK_OPERATION_DISCARD_CONTENT`.
    DiscardContent(DiscardContent),
    /// `DXGK_OPERATION_READ_PHYSICAL`.
    ReadPhysical(PhysicalAccess),
    /// `DXGK_OPERATION_WRITE_PHYSICAL`.
    WritePhysical(PhysicalAccess),
    /// `DXGK_OPERATION_MAP_APERTURE_SEGMENT`.
    MapApertureSegment(MapApertureSegment),
    /// `DXGK_OPERATION_UNMAP_APERTURE_SEGMENT`.
    UnmapApertureSegment(UnmapApertureSegment),
    /// `DXGK_OPERATION_SPECIAL_LOCK_TRANSFER`.
    SpecialLockTransfer(SpecialLockTransfer),
}

/// The kinds of paging operation modelled, numbered as in the kit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OperationKind {
    /// 0.
    Transfer,
    /// 1.
    Fill,
    /// 2.
    DiscardContent,
    /// 3.
    ReadPhysical,
    /// 4.
    WritePhysical,
    /// 5.
    MapApertureSegment,
    /// 6.
    UnmapApertureSegment,
    /// 7.
    SpecialLockTransfer,
}

impl OperationKind {
    /// The name in d3dkmddi, as the members of the union spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transfer => "Transfer",
            Self::Fill => "Fill",
            Self::DiscardContent => "DiscardContent",
            Self::ReadPhysical => "ReadPhysical",
            Self::WritePhysical => "WritePhysical",
            Self::MapApertureSegment => "MapApertureSegment",
            Self::UnmapApertureSegment => "UnmapApertureSegment",
            Self::SpecialLockTransfer => "SpecialLockTransfer",
        }
    }

    /// The value of the enumeration.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Transfer => 0,
            Self::Fill => 1,
            Self::DiscardContent => 2,
            Self::ReadPhysical => 3,
            Self::WritePhysical => 4,
            Self::MapApertureSegment => 5,
            Self::UnmapApertureSegment => 6,
            Self::SpecialLockTransfer => 7,
        }
    }
}

impl PagingOperation {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> OperationKind {
        match self {
            Self::Transfer(_) => OperationKind::Transfer,
            Self::Fill(_) => OperationKind::Fill,
            Self::DiscardContent(_) => OperationKind::DiscardContent,
            Self::ReadPhysical(_) => OperationKind::ReadPhysical,
            Self::WritePhysical(_) => OperationKind::WritePhysical,
            Self::MapApertureSegment(_) => OperationKind::MapApertureSegment,
            Self::UnmapApertureSegment(_) => OperationKind::UnmapApertureSegment,
            Self::SpecialLockTransfer(_) => OperationKind::SpecialLockTransfer,
        }
    }

    /// Pages of an aperture that it points elsewhere.
    #[must_use]
    pub const fn aperture_pages(&self) -> u64 {
        match self {
            Self::MapApertureSegment(operation) => operation.number_of_pages.get(),
            Self::UnmapApertureSegment(operation) => operation.number_of_pages.get(),
            _ => 0,
        }
    }

    /// The allocation concerned, if any.
    #[must_use]
    pub const fn allocation(&self) -> Option<AllocationHandle> {
        match self {
            Self::Transfer(operation) => operation.allocation,
            Self::Fill(operation) => operation.allocation,
            Self::DiscardContent(operation) => operation.allocation,
            Self::ReadPhysical(_) | Self::WritePhysical(_) => None,
            Self::MapApertureSegment(operation) => operation.allocation,
            Self::UnmapApertureSegment(operation) => operation.allocation,
            Self::SpecialLockTransfer(operation) => operation.transfer.allocation,
        }
    }

    /// The same operation, with the driver told that the allocation is idle. Only transfers, special-lock ones included, and discards can say
    /// so.
    #[must_use]
    pub fn with_allocation_idle(mut self) -> Self {
        match &mut self {
            Self::Transfer(operation) => operation.flags |= TransferFlags::AllocationIsIdle,
            Self::DiscardContent(operation) => {
                operation.flags |= DiscardContentFlags::AllocationIsIdle;
            }
            Self::SpecialLockTransfer(operation) => {
                operation.transfer.flags |= TransferFlags::AllocationIsIdle;
            }
            Self::Fill(_)
            | Self::ReadPhysical(_)
            | Self::WritePhysical(_)
            | Self::MapApertureSegment(_)
            | Self::UnmapApertureSegment(_) => {}
        }
        self
    }
}
