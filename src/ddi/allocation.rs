//! What a driver says about an allocation, and the words in which it says it.

use std::fmt;

use crate::base::{Bytes, SegmentId};

use super::{AllocationFlags, Priority};

macro_rules! handle {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#X}", self.0)
            }
        }
    };
}

handle! {
    /// What the driver calls an allocation: its `hAllocation`. Never 0.
    AllocationHandle
}
handle! {
    /// What the driver calls a device: its `hDevice`. Never 0.
    DeviceHandle
}
handle! {
    /// What the driver calls a context, such as the system context of paging. Never 0.
    ContextHandle
}

/// The number that a driver uses for system memory in preference words and segment sets.
///
/// 31 in the headers; Microsoft's compute-only sample uses the number of segments plus one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SystemMemoryId(pub u8);

impl Default for SystemMemoryId {
    fn default() -> Self {
        Self(31)
    }
}

/// A set of segments: bit n stands for segment n + 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SegmentSet(pub u32);

impl SegmentSet {
    /// The set with `segment` in it.
    #[must_use]
    pub const fn with(self, segment: SegmentId) -> Self {
        Self(self.0 | 1 << (segment.number() - 1))
    }

    /// Whether `segment` is in it.
    #[must_use]
    pub const fn contains(self, segment: SegmentId) -> bool {
        self.0 & (1 << (segment.number() - 1)) != 0
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The segments in it, lowest first. Bit 31 names no segment.
    pub fn iter(self) -> impl Iterator<Item = SegmentId> {
        (1..=SegmentId::MAX).filter_map(SegmentId::new).filter(move |id| self.contains(*id))
    }
}

impl FromIterator<SegmentId> for SegmentSet {
    fn from_iter<I: IntoIterator<Item = SegmentId>>(segments: I) -> Self {
        segments.into_iter().fold(Self::default(), Self::with)
    }
}

/// One slot of a `D3DDDI_SEGMENTPREFERENCE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Preference {
    /// The segment wanted.
    pub segment: SegmentId,
    /// Search from the end of the segment. The documents define only the value 0 (VidMm
    /// chooses); that 1 is top-down follows the bank hints.
    pub from_end: bool,
}

/// Up to five segments, most wanted first: `D3DDDI_SEGMENTPREFERENCE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PreferredSegments {
    slots: [Option<Preference>; 5],
}

impl PreferredSegments {
    /// Slots in the word.
    pub const SLOTS: usize = 5;

    /// The preferences in order; `None` for more than five.
    #[must_use]
    pub fn new(preferences: &[Preference]) -> Option<Self> {
        let mut slots = [None; Self::SLOTS];
        if preferences.len() > Self::SLOTS {
            return None;
        }
        for (slot, preference) in slots.iter_mut().zip(preferences) {
            *slot = Some(*preference);
        }
        Some(Self { slots })
    }

    /// The preferences in slot order; an empty slot is skipped.
    pub fn iter(self) -> impl Iterator<Item = Preference> {
        self.slots.into_iter().flatten()
    }

    /// The 32-bit word: five bits of segment and one of direction a slot, lowest slot first.
    #[must_use]
    pub fn word(self) -> u32 {
        self.slots.iter().enumerate().fold(0, |word, (slot, preference)| {
            let field = preference.map_or(0, |preference| {
                u32::from(preference.segment.number()) | u32::from(preference.from_end) << 5
            });
            word | field << (6 * slot)
        })
    }

    /// Reads the word. Segment 0 leaves a slot empty; the two reserved bits are ignored.
    #[must_use]
    pub fn from_word(word: u32) -> Self {
        let slots = std::array::from_fn(|slot| {
            let field = word >> (6 * slot) & 0x3F;
            let segment = u8::try_from(field & 0x1F).ok().and_then(SegmentId::new)?;
            Some(Preference { segment, from_end: field & 0x20 != 0 })
        });
        Self { slots }
    }
}

/// `DXGK_ALLOCATIONINFO`: what a driver asks for when it creates an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllocationInfo {
    /// Bytes; VidMm rounds up to whole pages.
    pub size: Bytes,
    /// Bytes; 0 and anything below a page mean one page.
    pub alignment: Bytes,
    /// Segments wanted, most wanted first. A hint.
    pub preferred: PreferredSegments,
    /// Segments that the GPU can read it from.
    pub supported_read: SegmentSet,
    /// Segments that the GPU can write it in; on WDDM 2.x the only supported set.
    pub supported_write: SegmentSet,
    /// Aperture segments through which an eviction may go; empty for none.
    pub eviction: SegmentSet,
    /// Properties.
    pub flags: AllocationFlags,
    /// Starting priority; 0 is illegal.
    pub priority: Priority,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(number: u8) -> SegmentId {
        SegmentId::new(number).expect("between 1 and 31")
    }

    /// Worked out by hand from the masks of the header: slot 0 in 0x1F with 0x20, slot 1 in 0x7C0
    /// with 0x800, slot 4 in 0x1F000000 with 0x20000000.
    #[test]
    fn preference_words_match_the_masks() {
        let up = |number| Preference { segment: segment(number), from_end: false };
        let down = |number| Preference { segment: segment(number), from_end: true };
        let table: [(&[Preference], u32); 4] = [
            (&[], 0),
            (&[up(2)], 0x2),
            (&[down(3), up(1)], 0x23 | 0x40),
            (&[up(1), up(2), up(3), up(4), down(31)], 0x3F10_3081),
        ];
        for (preferences, word) in table {
            let preferred = PreferredSegments::new(preferences).expect("at most five");
            assert_eq!(preferred.word(), word, "{preferences:?}");
            assert_eq!(PreferredSegments::from_word(word), preferred);
        }
        assert_eq!(PreferredSegments::new(&[up(1); 6]), None);
    }

    #[test]
    fn sets_number_their_bits_from_segment_1() {
        let set: SegmentSet = [segment(1), segment(3)].into_iter().collect();
        assert_eq!(set.0, 0b101);
        assert_eq!(set.iter().map(SegmentId::number).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(SegmentSet(0x8000_0000).iter().count(), 0);
    }
}
