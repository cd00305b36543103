//! A hash of bytes that does not depend on how they are described.
//!
//! Bytes are taken as little-endian 64-bit words from the start of the range, the last one filled
//! up with zeros, and the words as coefficients of a polynomial modulo 2^61 - 1. Sums of constant
//! and of linear coefficients have closed forms, so that a gigabyte of zeros, of a fill or of an
//! aligned ramp costs as much as a page; seeded and explicit bytes are generated.

use super::Content;
use super::bytes::length;
use crate::base::{RunValue, StableHasher};

const PRIME: u64 = (1 << 61) - 1;
/// Where the polynomial is evaluated; any number below the prime without structure.
const POINT: u64 = 0x0C6A_4A7B_15F9_B3D1;
/// The weight of a word's upper four bits, which keeps words apart that are equal modulo the prime.
const UPPER_WEIGHT: u64 = 0x1B87_3593_CC9E_2D51;
const LOWER_BITS: u32 = 60;
const LOWER: u64 = (1 << LOWER_BITS) - 1;
/// Below this many words a closed form costs more than it saves.
const CLOSED_FORM_FROM: u64 = 128;

/// The hash of a range of bytes: equal for equal bytes, however described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub u64);

impl std::fmt::Display for ContentHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

/// Takes in bytes run by run.
#[derive(Clone, Debug, Default)]
pub struct ContentHasher {
    value: u64,
    partial: [u8; 8],
    filled: usize,
    len: u64,
}

impl Content {
    /// Whether hashing it costs the same however long it is; else every byte is looked at.
    #[must_use]
    pub fn has_closed_hash(&self) -> bool {
        match self {
            // A steeper one changes its upper bits too often.
            Self::Ramp { step, phase: 0, .. } => step.cast_signed().unsigned_abs() >> 32 == 0,
            other => other.repeated_word().is_some(),
        }
    }
}

impl ContentHasher {
    /// Before the first byte.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the first `len` bytes of `content`.
    pub fn run(&mut self, content: &Content, len: u64) {
        self.len = self.len.wrapping_add(len);
        let mut taken = 0;
        if self.filled > 0 {
            taken = self.fill_partial(content, 0, len);
        }
        let words = (len - taken) / 8;
        self.words(&content.advanced(taken), words);
        taken += words * 8;
        if taken < len {
            self.fill_partial(content, taken, len - taken);
        }
    }

    /// The hash of the bytes taken in, their number included.
    #[must_use]
    pub fn finish(mut self) -> ContentHash {
        if self.filled > 0 {
            self.partial[self.filled..].fill(0);
            self.word(u64::from_le_bytes(self.partial));
        }
        ContentHash(StableHasher::new(0xC0DE).number(self.value).number(self.len).finish().0)
    }

    /// Fills the word that is not complete with up to `len` bytes; returns how many it took.
    fn fill_partial(&mut self, content: &Content, at: u64, len: u64) -> u64 {
        let room = &mut self.partial[self.filled..];
        let count = usize::try_from(len).unwrap_or(usize::MAX).min(room.len());
        let taken = &mut room[..count];
        content.read(at, taken);
        let taken = length(taken);
        self.filled += count;
        if self.filled == self.partial.len() {
            self.word(u64::from_le_bytes(self.partial));
            self.filled = 0;
        }
        taken
    }

    fn word(&mut self, word: u64) {
        self.value = sum(product(self.value, POINT), coefficient(word));
    }

    /// Takes in whole words; no word is under way.
    fn words(&mut self, content: &Content, count: u64) {
        if let Some(word) = content.repeated_word() {
            return self.linear(coefficient(word), 0, count);
        }
        if let Content::Ramp { first, step, phase: 0 } = *content {
            return self.ramp(first, step, count);
        }
        let mut buffer = [0; 4096];
        let mut at = 0;
        let len = count.saturating_mul(8);
        while at < len {
            let chunk = usize::try_from(len - at).unwrap_or(usize::MAX).min(buffer.len());
            let chunk = &mut buffer[..chunk];
            content.read(at, chunk);
            for word in chunk.as_chunks::<8>().0 {
                self.word(u64::from_le_bytes(*word));
            }
            at += length(chunk);
        }
    }

    /// Takes in the words `first`, `first + step`, …
    fn ramp(&mut self, first: u64, step: u64, count: u64) {
        let (mut word, mut left) = (first, count);
        let (magnitude, falls) = (step.cast_signed().unsigned_abs(), step.cast_signed() < 0);
        let slope = magnitude % PRIME;
        let slope = if falls { difference(0, slope) } else { slope };
        while left > 0 {
            // While its upper bits stay, a word's coefficient is as linear as the word itself.
            let lower = word & LOWER;
            let room = if falls { lower } else { LOWER - lower };
            let stretch = left.min((room / magnitude.max(1)).saturating_add(1));
            if stretch < CLOSED_FORM_FROM {
                for _ in 0..stretch {
                    self.word(word);
                    word = word.wrapping_add(step);
                }
            } else {
                self.linear(coefficient(word), slope, stretch);
                word = word.wrapping_add(step.wrapping_mul(stretch));
            }
            left -= stretch;
        }
    }

    /// Takes in `count` coefficients `first`, `first + slope`, …
    fn linear(&mut self, first: u64, slope: u64, count: u64) {
        // With x the point: G = 1 + x + … + x^(n-1) = (x^n - 1) / (x - 1), and the sum of
        // k x^(n-1-k) over k below n is (G - n) / (x - 1).
        let raised = power(POINT, count);
        let inverse = power(POINT - 1, PRIME - 2);
        let geometric = product(difference(raised, 1), inverse);
        let arithmetic = product(difference(geometric, count % PRIME), inverse);
        let constant_part = product(first, geometric);
        let rising_part = product(slope, arithmetic);
        self.value = sum(product(self.value, raised), sum(constant_part, rising_part));
    }
}

/// A word as a number below the prime.
fn coefficient(word: u64) -> u64 {
    sum(word & LOWER, product(word >> LOWER_BITS, UPPER_WEIGHT))
}

/// The sum modulo the prime of two numbers below it.
fn sum(a: u64, b: u64) -> u64 {
    let sum = a + b;
    if sum >= PRIME { sum - PRIME } else { sum }
}

/// The difference modulo the prime of two numbers below it.
fn difference(a: u64, b: u64) -> u64 {
    sum(a, PRIME - b)
}

/// The product modulo the prime of two numbers below it.
fn product(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let part = |bits: u128| u64::try_from(bits & u128::from(PRIME)).unwrap_or(0);
    // 2^61 is 1 modulo the prime, so the upper bits count as much as the lower.
    sum(part(product) % PRIME, part(product >> 61))
}

/// The power modulo the prime.
fn power(base: u64, exponent: u64) -> u64 {
    let (mut result, mut base, mut left) = (1, base, exponent);
    while left > 0 {
        if left % 2 == 1 {
            result = product(result, base);
        }
        base = product(base, base);
        left /= 2;
    }
    result
}
