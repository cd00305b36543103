//! What every byte must be, as plain vectors changed only by intent.

use std::collections::BTreeMap;

/// The bytes of one allocation.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub bytes: Vec<u8>,
    /// Counts changes, so that what was compared need not be again.
    pub version: u64,
    /// Writes and fills so far: what the seed of a write without one is made from.
    pub writes: u64,
}

pub(crate) type Contents = BTreeMap<u32, Known>;

impl Known {
    pub(crate) fn new(size: usize) -> Self {
        Self { bytes: vec![0; size], version: 0, writes: 0 }
    }

    pub(crate) fn put(&mut self, from: usize, to: usize, bytes: impl Fn(usize) -> u8) {
        for (index, byte) in self.bytes[from..to].iter_mut().enumerate() {
            *byte = bytes(index);
        }
        self.version += 1;
        self.writes += 1;
    }

    pub(crate) fn put_seed(&mut self, from: usize, to: usize, seed: u64) {
        let words: Vec<u8> = (0..(to - from).div_ceil(8))
            .flat_map(|index| split_mix(seed, index as u64).to_le_bytes())
            .collect();
        self.put(from, to, |index| words[index]);
    }

    pub(crate) fn put_word(&mut self, from: usize, to: usize, word: u32) {
        let bytes = word.to_le_bytes();
        self.put(from, to, |index| bytes[index % 4]);
    }
}

/// Word `index` of the SplitMix64 sequence of a seed, from the paper's description.
fn split_mix(seed: u64, index: u64) -> u64 {
    let golden = 0x9E37_79B9_7F4A_7C15_u64;
    let mut word = seed.wrapping_add(golden.wrapping_mul(index + 1));
    word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}
