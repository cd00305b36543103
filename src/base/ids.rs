//! Identities. Dense numbers in the order of creation, except where the kit gives the number.

use std::fmt;

/// A segment as the DDI numbers it: 1 for the first that the driver reports.
///
/// System memory is not a segment; a place that may be either is an enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentId(u8);

impl SegmentId {
    /// The largest id that the 5-bit fields of the DDI leave to drivers once 31 is system memory.
    pub const MAX: u8 = 31;

    /// The segment `number`, counted from 1; `None` for 0 and beyond [`Self::MAX`].
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= Self::MAX { Some(Self(number)) } else { None }
    }

    /// The segment at `index` of the driver's list.
    #[must_use]
    pub fn from_index(index: usize) -> Option<Self> {
        u8::try_from(index).ok()?.checked_add(1).and_then(Self::new)
    }

    /// Place in the driver's list, counted from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }

    /// The number as the DDI writes it.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! dense_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// As an index of a dense table.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The id of a place in a dense table; `None` beyond `u32`.
            #[must_use]
            pub fn from_index(index: usize) -> Option<Self> {
                u32::try_from(index).ok().map(Self)
            }
        }
    };
}

dense_id! {
    /// A process of the session, in the order in which the session first names them.
    ProcessId
}
dense_id! {
    /// A device of a process, in the order in which the session first names them.
    DeviceId
}
dense_id! {
    /// A context of a device, in the order in which the session first names them.
    ContextId
}
dense_id! {
    /// An allocation, in the order in which the session first names them.
    AllocationId
}

dense_id! {
    /// Pages that a session reserves, in the order in which the session first names them.
    PagesId
}

/// A submission fence: 0 before the first, then one more for each submission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FenceId(pub u64);

impl fmt::Display for FenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#X}", self.0)
    }
}

/// A context: one that a device has from the start, or one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextRef {
    /// The one with which the device was created; priority 0.
    OfDevice(DeviceId),
    /// One created besides.
    Own(ContextId),
}
