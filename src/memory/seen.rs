//! Bytes as somebody saw them, to be compared later.

use std::sync::{Arc, OnceLock};

use super::bytes;
use super::{Content, ContentHash};
use crate::base::{Piece, RunValue as _, StableHasher};

/// A range of bytes as it was when it was read.
///
/// Two are equal when their bytes are, however described. Taking and comparing them costs as much
/// as their descriptions where those are alike; only the hash generates every byte, when it is
/// asked for, and once for all clones.
#[derive(Clone, Debug)]
pub struct SeenBytes(Arc<Seen>);

#[derive(Debug)]
struct Seen {
    pieces: Vec<Piece<Content>>,
    hash: OnceLock<ContentHash>,
}

impl SeenBytes {
    /// The bytes that a description covers.
    #[must_use]
    pub fn new(pieces: Vec<Piece<Content>>) -> Self {
        Self(Arc::new(Seen { pieces, hash: OnceLock::new() }))
    }

    /// Their description.
    #[must_use]
    pub fn pieces(&self) -> &[Piece<Content>] {
        &self.0.pieces
    }

    /// Their hash.
    #[must_use]
    pub fn hash(&self) -> ContentHash {
        *self.0.hash.get_or_init(|| bytes::pieces_hash(self.pieces()))
    }

    /// Folds the description into a hash of a state.
    #[must_use]
    pub fn fold(&self, hasher: StableHasher) -> StableHasher {
        let hasher = hasher.number(self.pieces().len() as u64);
        self.pieces()
            .iter()
            .fold(hasher, |hasher, piece| piece.value.fold(hasher).number(piece.len))
    }
}

impl PartialEq for SeenBytes {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || bytes::first_difference(self.pieces(), other.pieces()).is_none()
    }
}

impl Eq for SeenBytes {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_byte_for_byte_is_equal_however_described() {
        let mut exact = [0; 64];
        Content::seeded(7, 3).read(0, &mut exact);
        let seeded = |len| Piece { len, value: Content::seeded(7, 3) };
        let whole = SeenBytes::new(vec![seeded(64)]);
        let rest = Piece { len: 54, value: Content::seeded(7, 13) };
        let cut = SeenBytes::new(vec![seeded(10), rest]);
        let explicit = SeenBytes::new(bytes::pieces_from_bytes(&exact));
        assert!(whole == cut && cut == explicit && whole.hash() == explicit.hash());
        exact[63] ^= 1;
        assert_ne!(whole, SeenBytes::new(bytes::pieces_from_bytes(&exact)));
        assert_ne!(whole, SeenBytes::new(vec![seeded(63)]));
    }
}
