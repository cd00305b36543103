//! SplitMix64 (Steele, Lea and Flood, 2014): small, well distributed, the same everywhere.

/// A pseudo-random sequence from a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitMix(u64);

impl SplitMix {
    /// The sequence of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        Self::scramble(self.0)
    }

    /// A number below `bound`; 0 when `bound` is 0. The bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next_u64()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// The `index`-th number of the sequence of `seed`, counted from 0, without walking there.
    #[must_use]
    pub const fn nth(seed: u64, index: u64) -> u64 {
        Self::scramble(
            seed.wrapping_add(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(index.wrapping_add(1))),
        )
    }

    const fn scramble(mut value: u64) -> u64 {
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence_of_seed_1234567_comes_out() {
        let mut rng = SplitMix::new(1_234_567);
        let published = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        for (index, expected) in published.into_iter().enumerate() {
            assert_eq!(SplitMix::nth(1_234_567, index as u64), expected);
            assert_eq!(rng.next_u64(), expected);
        }
    }

    #[test]
    fn below_stays_below() {
        let mut rng = SplitMix::new(1);
        assert_eq!(rng.below(0), 0);
        for bound in [1, 2, 3, u64::MAX] {
            assert!((0..100).all(|_| rng.below(bound) < bound));
        }
    }
}
