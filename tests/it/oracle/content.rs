//! What every byte must be, as plain vectors changed only by intent.

/// The bytes of one allocation.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// `None` for a byte of which no document says what it is.
    pub bytes: Vec<Option<u8>>,
    /// What the pages of a permanent backing store hold while the allocation lies in a memory
    /// segment.
    pub stored: Option<Vec<Option<u8>>>,
    /// Bytes that the CPU wrote into its cache, and that memory does not have yet.
    pub cached: Vec<bool>,
    /// Holds something: written or filled, and not dropped since.
    pub touched: bool,
    /// Counts changes, so that what was compared need not be again.
    pub version: u64,
    /// Writes and fills so far: what the seed of a write without one is made from.
    pub writes: u64,
}

impl Known {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            bytes: vec![Some(0); size],
            stored: None,
            cached: vec![false; size],
            touched: false,
            version: 0,
            writes: 0,
        }
    }

    pub(crate) fn put(&mut self, from: usize, bytes: &[Option<u8>]) {
        self.bytes[from..from + bytes.len()].copy_from_slice(bytes);
        self.version += 1;
        self.writes += 1;
        self.touched = true;
    }

    /// The device wrote: what the cache held there is gone.
    pub(crate) fn forget_cached(&mut self, from: usize, to: usize) {
        self.cached[from..to].fill(false);
    }
}

/// So many pseudo-random bytes of a seed.
pub(crate) fn seeded(len: usize, seed: u64) -> Vec<Option<u8>> {
    let words = (0..len.div_ceil(8)).flat_map(|at| split_mix(seed, at as u64).to_le_bytes());
    words.map(Some).take(len).collect()
}

/// A word repeated.
pub(crate) fn repeated(len: usize, word: u32) -> Vec<Option<u8>> {
    word.to_le_bytes().into_iter().cycle().map(Some).take(len).collect()
}

/// Word `index` of the SplitMix64 sequence of a seed, from the paper's description.
fn split_mix(seed: u64, index: u64) -> u64 {
    let golden = 0x9E37_79B9_7F4A_7C15_u64;
    let mut word = seed.wrapping_add(golden.wrapping_mul(index + 1));
    word = (word ^ word >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ word >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ word >> 31
}
