//! Allocation priorities.

use std::fmt;

/// A 32-bit allocation priority; any value but 0, the five named ones only mark bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(pub u32);

/// The band in which a priority lies: the highest named value that it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriorityBand {
    /// Unused; leaves as soon as its room is wanted.
    Minimum,
    /// Placement is unimportant.
    Low,
    /// Typical of textures.
    Normal,
    /// Typical of render targets.
    High,
    /// Soft-pinned: leaves only when nothing else is left to leave.
    Maximum,
}

impl Priority {
    /// `D3DDDI_ALLOCATIONPRIORITY_MINIMUM`.
    pub const MINIMUM: Self = Self(0x2800_0000);
    /// `D3DDDI_ALLOCATIONPRIORITY_LOW`.
    pub const LOW: Self = Self(0x5000_0000);
    /// `D3DDDI_ALLOCATIONPRIORITY_NORMAL`.
    pub const NORMAL: Self = Self(0x7800_0000);
    /// `D3DDDI_ALLOCATIONPRIORITY_HIGH`.
    pub const HIGH: Self = Self(0xA000_0000);
    /// `D3DDDI_ALLOCATIONPRIORITY_MAXIMUM`.
    pub const MAXIMUM: Self = Self(0xC800_0000);

    /// The named values, lowest first.
    pub const NAMED: [(&'static str, Self); 5] = [
        ("MINIMUM", Self::MINIMUM),
        ("LOW", Self::LOW),
        ("NORMAL", Self::NORMAL),
        ("HIGH", Self::HIGH),
        ("MAXIMUM", Self::MAXIMUM),
    ];

    /// The band.
    #[must_use]
    pub const fn band(self) -> PriorityBand {
        match self.0 {
            0..0x5000_0000 => PriorityBand::Minimum,
            0x5000_0000..0x7800_0000 => PriorityBand::Low,
            0x7800_0000..0xA000_0000 => PriorityBand::Normal,
            0xA000_0000..0xC800_0000 => PriorityBand::High,
            _ => PriorityBand::Maximum,
        }
    }

    /// Whether it is evicted only after everything else that is not pinned.
    #[must_use]
    pub const fn is_soft_pinned(self) -> bool {
        self.0 >= Self::MAXIMUM.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}

/// How soon offered content may be dropped: `D3DDDI_OFFER_PRIORITY` without its value for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfferPriority {
    /// First; value 1.
    Low,
    /// Value 2.
    Normal,
    /// Last; value 3.
    High,
    /// As the allocation's own priority says; value 4.
    Auto,
}

impl OfferPriority {
    /// The value of the enumeration.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Low => 1,
            Self::Normal => 2,
            Self::High => 3,
            Self::Auto => 4,
        }
    }

    /// The level that counts for an allocation of this priority: low bands make a low offer.
    #[must_use]
    pub const fn resolved(self, priority: Priority) -> Self {
        match self {
            Self::Auto => match priority.band() {
                PriorityBand::Minimum | PriorityBand::Low => Self::Low,
                PriorityBand::Normal => Self::Normal,
                PriorityBand::High | PriorityBand::Maximum => Self::High,
            },
            known => known,
        }
    }
}

impl fmt::Display for Priority {
    /// The name, with what the value has above it: `NORMAL`, `HIGH + 0x10000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::NAMED.iter().rev().find(|(_, value)| value.0 <= self.0);
        match named {
            Some((name, value)) if value == self => f.write_str(name),
            Some((name, value)) => write!(f, "{name} + {:#X}", self.0 - value.0),
            None => f.write_str(&crate::base::text::word(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_begin_at_the_named_values_and_step_evenly() {
        for pair in Priority::NAMED.windows(2) {
            assert_eq!(pair[1].1.0 - pair[0].1.0, 0x2800_0000);
        }
        assert_eq!(Priority(0x77FF_FFFF).band(), PriorityBand::Low);
        assert_eq!(Priority::NORMAL.band(), PriorityBand::Normal);
        assert_eq!(Priority(0xA001_0000).band(), PriorityBand::High);
        assert_eq!(Priority(0xA001_0000).to_string(), "HIGH + 0x10000");
        assert!(Priority(u32::MAX).is_soft_pinned());
    }
}
