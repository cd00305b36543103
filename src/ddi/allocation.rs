//! What a driver says about an allocation, and the words in which it says it.

use std::fmt;

use crate::base::{Bytes, SegmentId, Span};

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

/// One group of a `DXGK_SEGMENTBANKPREFERENCE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BankHint {
    /// The bank, counted from 1 to 127.
    pub bank: u8,
    /// Search from the high addresses of the bank to the low ones.
    pub from_end: bool,
}

impl BankHint {
    /// The largest bank that seven bits name.
    pub const MAX_BANK: u8 = 127;
}

/// Up to four banks of the first preferred segment, most wanted first:
/// `DXGK_SEGMENTBANKPREFERENCE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HintedBanks {
    slots: [Option<BankHint>; 4],
}

impl HintedBanks {
    /// Groups in the word.
    pub const SLOTS: usize = 4;

    /// The hints in order; `None` for more than four, or for a bank that is not 1 to 127.
    #[must_use]
    pub fn new(hints: &[BankHint]) -> Option<Self> {
        let nameable = |hint: &BankHint| (1..=BankHint::MAX_BANK).contains(&hint.bank);
        let mut slots = [None; Self::SLOTS];
        if hints.len() > Self::SLOTS || !hints.iter().all(nameable) {
            return None;
        }
        for (slot, hint) in slots.iter_mut().zip(hints) {
            *slot = Some(*hint);
        }
        Some(Self { slots })
    }

    /// The hints in the order of their groups; an empty group is skipped.
    pub fn iter(self) -> impl Iterator<Item = BankHint> {
        self.slots.into_iter().flatten()
    }

    /// Whether no bank is wanted.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.slots.iter().all(Option::is_none)
    }

    /// The 32-bit word: seven bits of bank and one of direction a group, lowest group first.
    #[must_use]
    pub fn word(self) -> u32 {
        self.slots.iter().enumerate().fold(0, |word, (slot, hint)| {
            let group = hint.map_or(0, |hint| u32::from(hint.bank) | u32::from(hint.from_end) << 7);
            word | group << (8 * slot)
        })
    }

    /// Reads the word. Bank 0 leaves a group empty.
    #[must_use]
    pub fn from_word(word: u32) -> Self {
        let slots = word.to_le_bytes().map(|group| {
            let (bank, from_end) = (group & 0x7F, group & 0x80 != 0);
            (bank != 0).then_some(BankHint { bank, from_end })
        });
        Self { slots }
    }
}

/// How the rows of a two-dimensional allocation lie.
///
/// The driver knows them from its private data; `pAllocationUsageHint` carries pitch and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowLayout {
    /// Bytes from one row to the next in the backing store and in segments without pitch
    /// alignment; every byte of a row is content.
    pub pitch: u32,
    /// Bytes from one row to the next in a pitch-aligned memory segment; at least the pitch.
    pub aligned_pitch: u32,
    /// Rows.
    pub rows: u32,
}

impl RowLayout {
    /// The most rows that are moved one by one.
    pub const MAX_ROWS: u32 = 65_536;

    /// Bytes of content.
    #[must_use]
    pub fn size(self) -> Bytes {
        Bytes(u64::from(self.pitch) * u64::from(self.rows))
    }

    /// The rows that a range of content touches, each clipped to it: the range of content, and
    /// where it begins from the start of a pitch-aligned place.
    pub fn parts(self, span: Span) -> impl Iterator<Item = (Span, u64)> {
        let (pitch, aligned) = (u64::from(self.pitch).max(1), u64::from(self.aligned_pitch));
        let first = span.start() / pitch;
        let end = span.end().div_ceil(pitch).min(self.rows.into());
        (first..end).filter_map(move |row| {
            let whole = Span::at(row * pitch, pitch)?;
            let part = whole.intersection(span)?;
            Some((part, row * aligned + (part.start() - whole.start())))
        })
    }

    /// Bytes in a pitch-aligned segment.
    #[must_use]
    pub fn aligned_size(self) -> Bytes {
        Bytes(u64::from(self.aligned_pitch) * u64::from(self.rows))
    }
}

/// `DXGK_ALLOCATIONINFO`: what a driver asks for when it creates an allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// Banks wanted in the first preferred segment. A hint.
    pub hinted_banks: HintedBanks,
    /// Bytes taken in a pitch-aligned segment; 0 where it cannot lie in one.
    pub pitch_aligned_size: Bytes,
    /// How its rows lie, where it has any.
    pub rows: Option<RowLayout>,
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

    /// Worked out by hand from the masks of the header: banks in 0x7F, 0x7F00, 0x7F0000 and
    /// 0x7F000000, directions in 0x80, 0x8000, 0x800000 and 0x80000000.
    #[test]
    fn bank_words_match_the_masks() {
        let hint = |bank, from_end| BankHint { bank, from_end };
        let table: [(&[BankHint], u32); 4] = [
            (&[], 0),
            (&[hint(2, true)], 0x82),
            (&[hint(1, false), hint(127, true)], 0xFF01),
            (&[hint(1, false), hint(2, true), hint(3, false), hint(4, true)], 0x8403_8201),
        ];
        for (hints, word) in table {
            let banks = HintedBanks::new(hints).expect("at most four, all nameable");
            assert_eq!(banks.word(), word, "{hints:?}");
            assert_eq!(HintedBanks::from_word(word), banks);
        }
        assert_eq!(HintedBanks::new(&[hint(1, false); 5]), None);
        assert_eq!(HintedBanks::new(&[hint(0, false)]), None);
        assert_eq!(HintedBanks::new(&[hint(128, false)]), None);
        let gap = HintedBanks::from_word(0x0005_0000);
        assert_eq!(gap.iter().collect::<Vec<_>>(), [hint(5, false)], "empty groups are skipped");
        assert_eq!(gap.word(), 0x0005_0000, "and kept");
    }

    #[test]
    fn sets_number_their_bits_from_segment_1() {
        let set: SegmentSet = [segment(1), segment(3)].into_iter().collect();
        assert_eq!(set.0, 0b101);
        assert_eq!(set.iter().map(SegmentId::number).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(SegmentSet(0x8000_0000).iter().count(), 0);
    }
}
