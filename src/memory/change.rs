//! One reversible change of bytes: the block from which rooms with a memory make their journals.

use super::Content;
use super::bytes::{ByteMap, joined_pieces, pieces_len};
use crate::base::{Overlay, Piece, Replaced, Span};

/// A range of bytes reaches beyond the memory or list in which it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{len} bytes from {start:#X} do not lie in the {size:#X} bytes there are")]
pub struct OutOfRange {
    /// The first byte asked for.
    pub start: u64,
    /// How many bytes were asked for; `u64::MAX` stands for more than fit.
    pub len: u64,
    /// How many bytes there are.
    pub size: u64,
}

impl OutOfRange {
    /// The range of `len` bytes from `start` on in something of `size` bytes.
    ///
    /// # Errors
    /// When it reaches beyond.
    pub fn check(start: u64, len: u64, size: u64) -> Result<Span, Self> {
        Span::at(start, len).filter(|span| span.end() <= size).ok_or(Self { start, len, size })
    }
}

/// Bytes put in the place of others.
///
/// Both descriptions are kept, so that its size depends on how they are described and not on how
/// many bytes they cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteChange {
    start: u64,
    before: Vec<Piece<Content>>,
    after: Vec<Piece<Content>>,
}

impl ByteChange {
    /// The change that puts `after` from byte `start` on; the map stays as it is until `redo`.
    ///
    /// # Errors
    /// When the bytes do not all lie in the map.
    pub fn new(map: &ByteMap, start: u64, after: Vec<Piece<Content>>) -> Result<Self, OutOfRange> {
        let beyond = OutOfRange { start, len: u64::MAX, size: map.len() };
        let len = pieces_len(&after).ok_or(beyond)?;
        let span = OutOfRange::check(start, len, map.len())?;
        Ok(Self { start, before: map.pieces(span), after: joined_pieces(after) })
    }

    /// The bytes changed.
    #[must_use]
    pub fn span(&self) -> Span {
        let len = pieces_len(&self.after).unwrap_or(0);
        Span::at(self.start, len).unwrap_or_default()
    }

    /// What the bytes were.
    #[must_use]
    pub fn before(&self) -> &[Piece<Content>] {
        &self.before
    }

    /// What the bytes are now.
    #[must_use]
    pub fn after(&self) -> &[Piece<Content>] {
        &self.after
    }

    /// Whether the bytes are described as they already were: there is nothing to record.
    #[must_use]
    pub fn changes_nothing(&self) -> bool {
        self.before == self.after
    }

    /// What many changes of one map come to.
    #[must_use]
    pub fn net<'a>(changes: impl Iterator<Item = &'a Self>) -> Vec<Self> {
        let mut overlay = Overlay::default();
        for change in changes {
            overlay.replace(change.start, &change.before, &change.after);
        }
        let replaced = overlay.finish().into_iter();
        replaced.map(|Replaced { start, before, after }| Self { start, before, after }).collect()
    }

    /// The change that leaves these bytes as they are after this one.
    #[must_use]
    pub fn confirmed(&self) -> Self {
        Self { start: self.start, before: self.after.clone(), after: self.after.clone() }
    }

    /// Does it, in the map for which it was made.
    ///
    /// # Panics
    /// In another map, when that is smaller.
    pub fn redo(&self, map: &mut ByteMap) {
        map.put(self.start, &self.after);
    }

    /// Takes it back.
    ///
    /// # Panics
    /// In another map than that for which it was made, when that is smaller.
    pub fn undo(&self, map: &mut ByteMap) {
        map.put(self.start, &self.before);
    }
}
