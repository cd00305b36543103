//! Byte maps and descriptions of bytes: reading, cutting, comparing.
//!
//! A description is a list of pieces, and says what a range holds without its place. What is equal
//! byte for byte may be described in many ways; only [`first_difference`] and the content hash see
//! through that, while the hash of a map is that of its description.

use super::{Content, ContentHash, ContentHasher, OutOfRange};
use crate::base::{PAGE_SIZE, Piece, RunMap, RunValue, Span};

/// The bytes of a memory; positions are byte offsets.
pub type ByteMap = RunMap<Content>;

/// Bytes compared at a time where descriptions differ.
const COMPARED_AT_ONCE: usize = 4096;
/// Bytes compared before any more are made.
const COMPARED_FIRST: usize = 64;

/// Copies the bytes from `start` on to `out`.
///
/// # Errors
/// When they do not all lie in the map; `out` is as it was then.
pub fn read(map: &ByteMap, start: u64, out: &mut [u8]) -> Result<(), OutOfRange> {
    let span = OutOfRange::check(start, length(out), map.len())?;
    if let Some(content) = map.within_one(span) {
        content.read(0, out);
        return Ok(());
    }
    let mut rest = out;
    for run in map.runs(span) {
        let len = usize::try_from(run.span.len()).unwrap_or(usize::MAX).min(rest.len());
        let (head, tail) = rest.split_at_mut(len);
        run.value.read(0, head);
        rest = tail;
    }
    Ok(())
}

/// The bytes of `span`. For ranges that fit in memory: every byte is materialised.
///
/// # Errors
/// When they do not all lie in the map, or are more than can be held.
pub fn read_vec(map: &ByteMap, span: Span) -> Result<Vec<u8>, OutOfRange> {
    OutOfRange::check(span.start(), span.len(), map.len())?;
    let refused = OutOfRange { start: span.start(), len: span.len(), size: map.len() };
    let len = usize::try_from(span.len()).map_err(|_| refused)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| refused)?;
    bytes.resize(len, 0);
    read(map, span.start(), &mut bytes)?;
    Ok(bytes)
}

/// The description of `span`.
///
/// # Errors
/// When it does not lie in the map.
pub fn pieces(map: &ByteMap, span: Span) -> Result<Vec<Piece<Content>>, OutOfRange> {
    OutOfRange::check(span.start(), span.len(), map.len())?;
    Ok(map.pieces(span))
}

/// The hash of the bytes of `span`.
///
/// # Errors
/// When it does not lie in the map.
pub fn content_hash(map: &ByteMap, span: Span) -> Result<ContentHash, OutOfRange> {
    OutOfRange::check(span.start(), span.len(), map.len())?;
    let mut hasher = ContentHasher::new();
    for run in map.runs(span) {
        hasher.run(&run.value, run.span.len());
    }
    Ok(hasher.finish())
}

/// The description of `bytes`: nothing for no bytes, else one piece.
#[must_use]
pub fn pieces_from_bytes(bytes: &[u8]) -> Vec<Piece<Content>> {
    pieces_from_content(Content::explicit(bytes), length(bytes))
}

/// The description of `len` bytes of `value`: nothing for no bytes, else one piece.
#[must_use]
pub fn pieces_from_content(value: Content, len: u64) -> Vec<Piece<Content>> {
    if len == 0 { Vec::new() } else { vec![Piece { len, value }] }
}

/// How many bytes a description covers, or `None` beyond `u64`.
#[must_use]
pub fn pieces_len(pieces: &[Piece<Content>]) -> Option<u64> {
    pieces.iter().try_fold(0_u64, |sum, piece| sum.checked_add(piece.len))
}

/// `len` bytes of a description from `offset` on; fewer where it ends before.
#[must_use]
pub fn slice_pieces(pieces: &[Piece<Content>], offset: u64, len: u64) -> Vec<Piece<Content>> {
    let mut sliced = Vec::new();
    let (mut skip, mut left) = (offset, len);
    for piece in pieces {
        if left == 0 {
            break;
        }
        if skip >= piece.len {
            skip -= piece.len;
            continue;
        }
        let taken = (piece.len - skip).min(left);
        sliced.push(Piece { len: taken, value: piece.value.advanced(skip) });
        left -= taken;
        skip = 0;
    }
    sliced
}

/// The same description with what continues joined, and without empty pieces.
#[must_use]
pub fn joined_pieces(pieces: Vec<Piece<Content>>) -> Vec<Piece<Content>> {
    let mut joined: Vec<Piece<Content>> = Vec::with_capacity(pieces.len());
    for piece in pieces.into_iter().filter(|piece| piece.len > 0) {
        if let Some(last) = joined.last_mut()
            && last.value.advanced(last.len) == piece.value
            && let Some(len) = last.len.checked_add(piece.len)
        {
            last.len = len;
        } else {
            joined.push(piece);
        }
    }
    joined
}

/// The bytes that a description covers, at most `limit` of them: as many as the caller can hold.
#[must_use]
pub fn read_pieces(pieces: &[Piece<Content>], limit: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in pieces {
        let from = bytes.len();
        let len = usize::try_from(piece.len).unwrap_or(usize::MAX).min(limit - from);
        bytes.resize(from + len, 0);
        piece.value.read(0, &mut bytes[from..]);
    }
    bytes
}

/// The hash of the bytes of a description.
#[must_use]
pub fn pieces_hash(pieces: &[Piece<Content>]) -> ContentHash {
    let mut hasher = ContentHasher::new();
    for piece in pieces {
        hasher.run(&piece.value, piece.len);
    }
    hasher.finish()
}

/// Where two descriptions first differ in a byte, counted from their start.
///
/// When one ends before the other they differ where it ends. Only ranges whose descriptions are
/// not plainly the same are materialised, a bounded chunk at a time.
#[must_use]
pub fn first_difference(a: &[Piece<Content>], b: &[Piece<Content>]) -> Option<u64> {
    let mut ahead = [Cursor::new(a), Cursor::new(b)];
    let mut at = 0_u64;
    loop {
        let [left, right] = &mut ahead;
        match (left.run(), right.run()) {
            (None, None) => return None,
            (Some((left_value, left_len)), Some((right_value, right_len))) => {
                let len = left_len.min(right_len);
                if let Some(offset) = run_difference(&left_value, &right_value, len) {
                    return Some(at.saturating_add(offset));
                }
                left.skip(len);
                right.skip(len);
                at = at.saturating_add(len);
            }
            (None, Some(_)) | (Some(_), None) => return Some(at),
        }
    }
}

/// Bytes of the pages of 4 KiB, counted from the start, in which two descriptions differ; where one
/// ends before the other, all of the rest of the longer one.
#[must_use]
pub fn different_pages(a: &[Piece<Content>], b: &[Piece<Content>]) -> u64 {
    let mut ahead = [Cursor::new(a), Cursor::new(b)];
    let (mut at, mut different) = (0_u64, 0_u64);
    // The page counted last, by its number.
    let mut counted = None;
    loop {
        let [left, right] = &mut ahead;
        let (Some((left_value, left_len)), Some((right_value, right_len))) =
            (left.run(), right.run())
        else {
            let mut rest = 0_u64;
            for cursor in &mut ahead {
                while let Some((_, len)) = cursor.run() {
                    rest = rest.saturating_add(len);
                    cursor.skip(len);
                }
            }
            return different.saturating_add(rest);
        };
        let len = left_len.min(right_len);
        let Some(offset) = run_difference(&left_value, &right_value, len) else {
            left.skip(len);
            right.skip(len);
            at = at.saturating_add(len);
            continue;
        };
        // On to the end of the page of the first byte that differs.
        let wrong = at.saturating_add(offset);
        let page = wrong / PAGE_SIZE;
        if counted != Some(page) {
            counted = Some(page);
            different = different.saturating_add(PAGE_SIZE);
        }
        let skipped = offset.saturating_add(PAGE_SIZE - wrong % PAGE_SIZE).min(len);
        left.skip(skipped);
        right.skip(skipped);
        at = at.saturating_add(skipped);
    }
}

/// A place in a description.
struct Cursor<'a> {
    pieces: &'a [Piece<Content>],
    inside: u64,
}

impl<'a> Cursor<'a> {
    fn new(pieces: &'a [Piece<Content>]) -> Self {
        let mut cursor = Self { pieces, inside: 0 };
        cursor.skip(0);
        cursor
    }

    /// What comes next and for how many bytes.
    fn run(&self) -> Option<(Content, u64)> {
        let piece = self.pieces.first()?;
        Some((piece.value.advanced(self.inside), piece.len - self.inside))
    }

    /// Goes on by no more than the rest of the run, and past empty pieces.
    fn skip(&mut self, len: u64) {
        self.inside += len;
        while let Some((first, rest)) = self.pieces.split_first()
            && self.inside >= first.len
        {
            self.pieces = rest;
            self.inside = 0;
        }
    }
}

/// Where two runs of `len` bytes first differ.
fn run_difference(a: &Content, b: &Content, len: u64) -> Option<u64> {
    let repeated = (a.repeated_word(), b.repeated_word());
    if a == b || (repeated.0.is_some() && repeated.0 == repeated.1) {
        return None;
    }
    // Where two descriptions differ they mostly do at once.
    let mut heads = [[0; COMPARED_FIRST]; 2];
    let head = usize::try_from(len).unwrap_or(usize::MAX).min(COMPARED_FIRST);
    let [left, right] = &mut heads;
    if let Some(offset) = chunk_difference(a, b, 0, (&mut left[..head], &mut right[..head])) {
        return Some(offset);
    }
    let mut buffers = [[0; COMPARED_AT_ONCE]; 2];
    let mut at = length(&heads[0][..head]);
    while at < len {
        let chunk = usize::try_from(len - at).unwrap_or(usize::MAX).min(COMPARED_AT_ONCE);
        let [left, right] = &mut buffers;
        let parts = (&mut left[..chunk], &mut right[..chunk]);
        if let Some(offset) = chunk_difference(a, b, at, parts) {
            return Some(offset);
        }
        at = at.saturating_add(u64::try_from(chunk).unwrap_or(u64::MAX));
    }
    None
}

/// The first difference from `at` on, over as many bytes as the buffers hold.
fn chunk_difference(
    a: &Content,
    b: &Content,
    at: u64,
    (left, right): (&mut [u8], &mut [u8]),
) -> Option<u64> {
    a.read(at, left);
    b.read(at, right);
    let offset = left.iter().zip(right.iter()).position(|(left, right)| left != right)?;
    Some(at.saturating_add(u64::try_from(offset).unwrap_or(u64::MAX)))
}

/// A slice's length as an address sees it.
pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
