//! What tells one content of a file from another without keeping either.

use std::io::{self, Read};

use crate::base::{StableHasher, StateHash};

/// Keeps these hashes apart from those of states.
const DOMAIN: u64 = 0x0066_696C_6573;

/// Length and hash of bytes. Guards against mistakes, not against an adversary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// How many bytes there are.
    pub bytes: u64,
    /// The hash of them.
    pub hash: StateHash,
}

impl Fingerprint {
    /// The fingerprint of bytes that lie in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut fingerprinter = Fingerprinter::default();
        fingerprinter.add(bytes);
        fingerprinter.finish()
    }

    /// The fingerprint of everything that can be read, of which little lies in memory at a time.
    ///
    /// # Errors
    /// When reading fails.
    pub fn of_reader(mut reader: impl Read) -> io::Result<Self> {
        let mut fingerprinter = Fingerprinter::default();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return Ok(fingerprinter.finish()),
                Ok(read) => fingerprinter.add(buffer.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Makes a fingerprint of bytes that come in parts; how they are parted makes no difference.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprinter {
    hasher: StableHasher,
    bytes: u64,
    /// What does not make up a word yet.
    rest: [u8; 8],
    filled: usize,
}

impl Default for Fingerprinter {
    fn default() -> Self {
        Self { hasher: StableHasher::new(DOMAIN), bytes: 0, rest: [0; 8], filled: 0 }
    }
}

impl Fingerprinter {
    /// Adds bytes behind those that were added before.
    pub fn add(&mut self, mut bytes: &[u8]) {
        self.bytes = self.bytes.wrapping_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.filled > 0 {
            let taken = bytes.len().min(8 - self.filled);
            let (first, later) = bytes.split_at(taken);
            self.rest[self.filled..self.filled + taken].copy_from_slice(first);
            self.filled += taken;
            bytes = later;
            if self.filled < 8 {
                return;
            }
            self.hasher = self.hasher.number(u64::from_le_bytes(self.rest));
            self.filled = 0;
        }
        let (words, last) = bytes.as_chunks::<8>();
        for word in words {
            self.hasher = self.hasher.number(u64::from_le_bytes(*word));
        }
        self.rest[..last.len()].copy_from_slice(last);
        self.filled = last.len();
    }

    /// The fingerprint of everything that was added.
    #[must_use]
    pub fn finish(mut self) -> Fingerprint {
        self.rest[self.filled..].fill(0);
        let hasher = self.hasher.number(u64::from_le_bytes(self.rest)).number(self.bytes);
        Fingerprint { bytes: self.bytes, hash: hasher.finish() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_no_difference_and_every_byte_does() {
        let bytes: Vec<u8> = (0..=255).collect();
        let whole = Fingerprint::of(&bytes);
        for part in [1, 3, 7, 8, 9, 64, 255] {
            let mut fingerprinter = Fingerprinter::default();
            bytes.chunks(part).for_each(|part| fingerprinter.add(part));
            assert_eq!(fingerprinter.finish(), whole, "{part}");
        }
        assert_eq!(Fingerprint::of_reader(&bytes[..]).ok(), Some(whole));
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_ne!(Fingerprint::of(&other), whole, "{at}");
            assert_ne!(Fingerprint::of(&bytes[..at]), whole, "{at}");
        }
        assert_ne!(Fingerprint::of(&[]), Fingerprint::of(&[0]));
    }
}
