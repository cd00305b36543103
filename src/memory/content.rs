//! Every kind of bytes there is.
//!
//! A value describes bytes from some place on, without end; the run that holds it says how many
//! there are. Adding a kind of content is done in this file and nowhere else: everything beside it
//! asks a content only to read itself, to move on, and whether it repeats one word.

use std::sync::Arc;

use crate::base::{RunValue, SplitMix, StableHasher};

/// Bytes that somebody wrote one by one, shared by every run that still shows some of them.
///
/// Two are equal when their bytes are, wherever they are stored.
#[derive(Clone, Debug)]
pub struct ExplicitBytes {
    bytes: Arc<[u8]>,
    hash: u64,
}

impl ExplicitBytes {
    /// A copy of `bytes`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.into(), hash: StableHasher::new(0xB17E5).bytes(bytes).finish().0 }
    }

    /// All of the bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }
}

impl PartialEq for ExplicitBytes {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.bytes, &other.bytes)
            || (self.hash == other.hash && self.bytes == other.bytes)
    }
}

impl Eq for ExplicitBytes {}

/// What a run of bytes holds.
///
/// The constructors choose one description where several would fit; use them instead of the
/// variants, which are public to be matched. A description that they would not have chosen still
/// reads as it says, but may not join its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Zeros, as memory is before anybody writes it.
    Zero,
    /// A little-endian 32-bit word over and over: what a fill leaves.
    Pattern {
        /// The word; not 0.
        word: u32,
        /// Which byte of the word comes first: 0..4.
        phase: u8,
    },
    /// Pseudo-random bytes that are the same for everybody who knows the seed.
    ///
    /// Byte `o` is byte `o % 8` of the little-endian word `o / 8` of the SplitMix64 sequence.
    Seeded {
        /// The seed of the sequence.
        seed: u64,
        /// The byte of the sequence that comes first; past the last of `u64` it begins again.
        offset: u64,
    },
    /// Little-endian 64-bit words `first`, `first + step`, …, which wrap: a written table.
    Ramp {
        /// The word of which the run shows its first byte.
        first: u64,
        /// From one word to the next; wraps, so that a ramp can fall.
        step: u64,
        /// Which byte of the first word comes first: 0..8.
        phase: u8,
    },
    /// Bytes that somebody wrote. Beyond their end it reads as zero.
    Explicit {
        /// The bytes.
        bytes: ExplicitBytes,
        /// Which of them comes first.
        offset: u64,
    },
}

impl Content {
    /// The fill with `word`, from byte `phase % 4` of it on.
    #[must_use]
    pub fn pattern(word: u32, phase: u8) -> Self {
        // A word that repeats itself reads the same from several phases; the lowest stands for them.
        let period = match word {
            0 => return Self::Zero,
            _ if word == word.rotate_right(8) => 1,
            _ if word == word.rotate_right(16) => 2,
            _ => 4,
        };
        Self::Pattern { word, phase: phase % period }
    }

    /// The bytes of the sequence of `seed` from byte `offset` on.
    #[must_use]
    pub const fn seeded(seed: u64, offset: u64) -> Self {
        Self::Seeded { seed, offset }
    }

    /// The words `first`, `first + step`, …, from byte `phase % 8` of the first on.
    #[must_use]
    pub fn ramp(first: u64, step: u64, phase: u8) -> Self {
        let phase = phase % 8;
        if step != 0 {
            return Self::Ramp { first, step, phase };
        }
        match repeated_half(first) {
            Some(word) => Self::pattern(word, phase),
            None => Self::Ramp { first, step, phase },
        }
    }

    /// A copy of `bytes`, or [`Self::Zero`] when there are only zeros.
    #[must_use]
    pub fn explicit(bytes: &[u8]) -> Self {
        if bytes.iter().all(|byte| *byte == 0) {
            Self::Zero
        } else {
            Self::Explicit { bytes: ExplicitBytes::new(bytes), offset: 0 }
        }
    }

    /// Fills `out` with the bytes from `at` bytes further on.
    pub fn read(&self, at: u64, out: &mut [u8]) {
        match self.advanced(at) {
            Self::Zero => out.fill(0),
            Self::Explicit { bytes, offset } => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                let source = bytes.as_slice().get(from..).unwrap_or_default();
                let (head, tail) = out.split_at_mut(source.len().min(out.len()));
                head.copy_from_slice(&source[..head.len()]);
                tail.fill(0);
            }
            Self::Pattern { word, phase } => {
                let word = doubled(word);
                read_words(phase, |_| word, out);
            }
            Self::Ramp { first, step, phase } => {
                read_words(phase, |index| first.wrapping_add(index.wrapping_mul(step)), out);
            }
            Self::Seeded { seed, offset } => {
                let phase = u8::try_from(offset % 8).unwrap_or(0);
                // The offset wraps at the end of u64, which is after a whole number of words.
                let word = |index| SplitMix::nth(seed, (offset / 8 + index) % (1 << 61));
                read_words(phase, word, out);
            }
        }
    }

    /// The little-endian 64-bit word that these bytes repeat from here on, if they repeat one.
    ///
    /// Contents that repeat the same word hold the same bytes whatever describes them.
    #[must_use]
    pub fn repeated_word(&self) -> Option<u64> {
        match *self {
            Self::Zero => Some(0),
            Self::Pattern { word, phase } => {
                Some(doubled(word).rotate_right(u32::from(phase % 8) * 8))
            }
            Self::Ramp { first, step: 0, phase } => {
                Some(first.rotate_right(u32::from(phase % 8) * 8))
            }
            Self::Ramp { .. } | Self::Seeded { .. } | Self::Explicit { .. } => None,
        }
    }
}

impl RunValue for Content {
    fn advanced(&self, by: u64) -> Self {
        match self {
            Self::Zero => Self::Zero,
            Self::Pattern { word, phase } => {
                Self::pattern(*word, u8::try_from((u64::from(*phase) + by % 4) % 4).unwrap_or(0))
            }
            Self::Seeded { seed, offset } => Self::seeded(*seed, offset.wrapping_add(by)),
            Self::Ramp { first, step, phase } => {
                let in_word = u64::from(*phase) + by % 8;
                let words = by / 8 + in_word / 8;
                let phase = u8::try_from(in_word % 8).unwrap_or(0);
                Self::ramp(first.wrapping_add(step.wrapping_mul(words)), *step, phase)
            }
            Self::Explicit { bytes, offset } => {
                Self::Explicit { bytes: bytes.clone(), offset: offset.saturating_add(by) }
            }
        }
    }

    fn fold(&self, hasher: StableHasher) -> StableHasher {
        match self {
            Self::Zero => hasher.number(1),
            Self::Pattern { word, phase } => {
                hasher.number(2).number(u64::from(*word)).number(u64::from(*phase))
            }
            Self::Seeded { seed, offset } => hasher.number(3).number(*seed).number(*offset),
            Self::Ramp { first, step, phase } => {
                hasher.number(4).number(*first).number(*step).number(u64::from(*phase))
            }
            Self::Explicit { bytes, offset } => hasher.number(5).number(bytes.hash).number(*offset),
        }
    }
}

/// The word that reads as `word` twice.
fn doubled(word: u32) -> u64 {
    u64::from(word) << 32 | u64::from(word)
}

/// The 32-bit word of which `word` is made twice, if it is.
fn repeated_half(word: u64) -> Option<u32> {
    let half = u32::try_from(word >> 32).ok()?;
    (doubled(half) == word).then_some(half)
}

/// Reads little-endian words, numbered from 0, from byte `phase` of the first on.
fn read_words(phase: u8, word: impl Fn(u64) -> u64, out: &mut [u8]) {
    let first = word(0).to_le_bytes();
    let first = &first[usize::from(phase % 8)..];
    let (head, rest) = out.split_at_mut(first.len().min(out.len()));
    head.copy_from_slice(&first[..head.len()]);
    for (chunk, index) in rest.chunks_mut(8).zip(1..) {
        chunk.copy_from_slice(&word(index).to_le_bytes()[..chunk.len()]);
    }
}
