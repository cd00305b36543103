//! The language that VidMm and a display miniport driver speak, in the names of d3dkmddi.h.
//!
//! Data and validity, no behaviour: what a flag word may hold is here, whether a combination is
//! legal is the business of `rules`. The one trait is [`Miniport`], reversible, so that any driver
//! plugged in can be stepped back.

mod allocation;
mod device;
mod flags;
mod miniport;
mod operation;
mod power;
mod priority;
mod render;
mod status;
mod version;

pub use allocation::{
    AllocationHandle, AllocationInfo, BankHint, ContextHandle, DeviceHandle, HintedBanks,
    Preference, PreferredSegments, RowLayout, SegmentSet, SystemMemoryId,
};
pub use device::DeviceInfo;
pub use flags::{
    AllocationFlags, AllocationFlagsWddm2, DiscardContentFlags, LockFlags, MapApertureFlags,
    SegmentFlags, TransferFlags,
};
pub use miniport::{
    BuildPagingBuffer, CreateAllocation, DmaBufferAddress, DriverMark, Miniport, PacketFault,
    PacketOutcome, Progress, Readback, SubmitCommand,
};
pub use operation::{
    DiscardContent, Fill, Location, MapApertureSegment, OperationKind, PageList, PagingOperation,
    PhysicalAccess, SpecialLockTransfer, Transfer, UnmapApertureSegment,
};
pub use power::{DevicePowerState, PowerAction, SetPowerState, SystemSleepState};
pub use priority::{OfferPriority, Priority, PriorityBand};
pub use render::{AllocationListEntry, Patch, PatchLocation, PreemptCommand, Preempted, Render};
pub use status::NtStatus;
pub use version::{DescriptorGeneration, InterfaceVersion};
