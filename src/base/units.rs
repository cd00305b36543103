//! Sizes and addresses, each a type of its own.
//!
//! Arithmetic that could leave the range of `u64` is checked; whoever adds two numbers that a
//! session chose decides what an overflow means there.

use std::fmt;

/// Size in bytes of a host page, and of a page of an aperture table.
pub const PAGE_SIZE: u64 = 4096;

macro_rules! number {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);

            /// The bare number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The sum, or `None` beyond `u64`.
            #[must_use]
            pub const fn checked_add(self, other: u64) -> Option<Self> {
                match self.0.checked_add(other) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }
        }
    };
}

number! {
    /// A number of bytes.
    Bytes
}
number! {
    /// A number of 4 KiB pages.
    Pages
}
number! {
    /// The number of a 4 KiB frame of system memory: its physical address divided by the page size.
    FrameNumber
}
number! {
    /// A byte address in system memory, as a bus master sees it.
    PhysicalAddress
}
number! {
    /// Bytes from the start of a segment.
    SegmentOffset
}
number! {
    /// What the DDI calls a segment address: the base address of the segment plus an offset in it.
    ///
    /// It means nothing without its segment, because shipping drivers report several bases of 0.
    SegmentAddress
}

impl Bytes {
    /// `count` KiB. For constants: panics when the product does not fit.
    #[must_use]
    pub const fn kib(count: u64) -> Self {
        Self(count * 1024)
    }

    /// `count` MiB. For constants: panics when the product does not fit.
    #[must_use]
    pub const fn mib(count: u64) -> Self {
        Self(count * 1024 * 1024)
    }

    /// Pages needed to hold this many bytes.
    #[must_use]
    pub const fn to_pages(self) -> Pages {
        Pages(self.0.div_ceil(PAGE_SIZE))
    }

    /// Rounded up to whole pages, or `None` beyond `u64`.
    #[must_use]
    pub const fn page_rounded(self) -> Option<Self> {
        match self.0.checked_next_multiple_of(PAGE_SIZE) {
            Some(rounded) => Some(Self(rounded)),
            None => None,
        }
    }
}

impl Pages {
    /// As bytes, or `None` beyond `u64`.
    #[must_use]
    pub const fn checked_bytes(self) -> Option<Bytes> {
        match self.0.checked_mul(PAGE_SIZE) {
            Some(bytes) => Some(Bytes(bytes)),
            None => None,
        }
    }

    /// As bytes. The caller holds a page count that came from a byte size, so the product fits.
    #[must_use]
    pub const fn bytes(self) -> Bytes {
        Bytes(self.0 * PAGE_SIZE)
    }
}

impl FrameNumber {
    /// Where the frame begins in system memory.
    #[must_use]
    pub const fn address(self) -> PhysicalAddress {
        PhysicalAddress(self.0 * PAGE_SIZE)
    }
}

impl PhysicalAddress {
    /// The frame that holds this address.
    #[must_use]
    pub const fn frame(self) -> FrameNumber {
        FrameNumber(self.0 / PAGE_SIZE)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::text::size(self.0))
    }
}

macro_rules! hexadecimal {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&super::text::hex(self.0))
            }
        }
    )*};
}
hexadecimal!(FrameNumber, PhysicalAddress, SegmentOffset, SegmentAddress);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_round_up_to_pages_and_refuse_to_wrap() {
        for (bytes, pages) in [(0, 0), (1, 1), (4096, 1), (4097, 2), (u64::MAX, 1 << 52)] {
            assert_eq!(Bytes(bytes).to_pages(), Pages(pages), "{bytes}");
        }
        assert_eq!(Bytes(u64::MAX).page_rounded(), None);
        assert_eq!(Bytes(u64::MAX - 4095).page_rounded(), Some(Bytes(u64::MAX - 4095)));
        assert_eq!(Pages(1 << 52).checked_bytes(), None);
    }
}
