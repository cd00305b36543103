//! A 64-bit hash that is the same on every machine and in every build.
//!
//! A state's hash is the wrapping sum of the hashes of its parts, so that a change costs one
//! subtraction and one addition and the order of parts does not matter. It guards against
//! mistakes, not against an adversary.

use std::fmt;

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// Folds numbers into 64 bits, in order.
#[derive(Clone, Copy, Debug)]
pub struct StableHasher(u64);

impl StableHasher {
    /// A hasher for parts of one kind; `domain` keeps parts of different kinds apart.
    #[must_use]
    pub const fn new(domain: u64) -> Self {
        Self(mix(domain ^ 0x5851_F42D_4C95_7F2D))
    }

    /// Folds in one number.
    #[must_use]
    pub const fn number(self, value: u64) -> Self {
        Self(mix(self.0.rotate_left(23) ^ value).wrapping_mul(MULTIPLIER))
    }

    /// Folds in bytes, and how many there are.
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let mut hasher = self.number(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            hasher = hasher.number(u64::from_le_bytes(word));
        }
        hasher
    }

    /// The hash of everything folded in.
    #[must_use]
    pub const fn finish(self) -> StateHash {
        StateHash(mix(self.0))
    }
}

const fn mix(mut value: u64) -> u64 {
    value ^= value >> 30;
    value = value.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value ^= value >> 27;
    value = value.wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// The hash of a state, or of one part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StateHash(pub u64);

impl StateHash {
    /// The state with `part` added.
    #[must_use]
    pub const fn with(self, part: Self) -> Self {
        Self(self.0.wrapping_add(part.0))
    }

    /// The state with `part` taken out.
    #[must_use]
    pub const fn without(self, part: Self) -> Self {
        Self(self.0.wrapping_sub(part.0))
    }
}

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_inside_a_part_matters_and_order_of_parts_does_not() {
        let part = |a, b| StableHasher::new(1).number(a).number(b).finish();
        assert_ne!(part(1, 2), part(2, 1));
        assert_ne!(StableHasher::new(1).finish(), StableHasher::new(2).finish());
        let both = StateHash::default().with(part(1, 2)).with(part(3, 4));
        assert_eq!(both, StateHash::default().with(part(3, 4)).with(part(1, 2)));
        assert_eq!(both.without(part(1, 2)), StateHash::default().with(part(3, 4)));
    }

    #[test]
    fn bytes_of_different_length_differ() {
        let hash = |bytes: &[u8]| StableHasher::new(0).bytes(bytes).finish();
        assert_ne!(hash(&[0]), hash(&[0, 0]));
        assert_ne!(hash(&[]), hash(&[0]));
    }
}
