//! The cache of the processor, as far as it makes two views of one byte.
//!
//! What the processor wrote to cacheable pages may still be in its cache while memory holds what
//! was there before. Bytes are kept as the processor sees them; beside them stands, for ranges
//! that were written and not flushed, what memory still holds. Devices that ask the cache see the
//! one, the others see the other. Ranges are bytes and not lines, so that nothing is flushed by
//! chance: what was not flushed shows.

use super::bytes::{self, ByteMap};
use super::host_change::HostChange;
use super::{ByteChange, Content, HostMemory, Mdl, OutOfRange};
use crate::base::{Bytes, PhysicalAddress, Piece, RunMap, RunValue, Span, StableHasher, StateHash};

/// What the cache says of a range of system memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheLine {
    /// Memory holds what the processor sees.
    Clean,
    /// The processor wrote and memory does not know: what it still holds.
    Dirty(Content),
}

impl RunValue for CacheLine {
    fn advanced(&self, by: u64) -> Self {
        match self {
            Self::Clean => Self::Clean,
            Self::Dirty(content) => Self::Dirty(content.advanced(by)),
        }
    }

    fn fold(&self, hasher: StableHasher) -> StableHasher {
        match self {
            Self::Clean => hasher.number(0x51),
            Self::Dirty(content) => content.fold(hasher.number(0x52)),
        }
    }
}

/// The cache over a memory; positions are physical addresses.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    lines: RunMap<CacheLine>,
    /// The hash of the lines of a cache in which nothing is dirty.
    clean: StateHash,
}

impl Cache {
    pub(super) fn new(size: u64) -> Self {
        let lines = RunMap::new(size, CacheLine::Clean);
        let clean = lines.hash();
        Self { lines, clean }
    }

    /// Nothing where nothing is dirty, so that a cache that is not used leaves no trace.
    pub(super) fn hash(&self) -> StateHash {
        if self.is_clean() { StateHash::default() } else { self.lines.hash().without(self.clean) }
    }

    pub(super) fn put(&mut self, start: u64, lines: &[Piece<CacheLine>]) {
        self.lines.put(start, lines);
    }

    fn is_clean(&self) -> bool {
        self.lines.run_count() <= 1 && self.lines.at(0).is_none_or(|line| line == CacheLine::Clean)
    }

    /// The dirty parts of a range.
    fn dirty(&self, span: Span) -> impl Iterator<Item = Span> + '_ {
        let span = if self.is_clean() { Span::default() } else { span };
        let dirty = self.lines.runs(span).filter(|run| run.value != CacheLine::Clean);
        dirty.map(|run| run.span)
    }

    /// What memory holds in a range of which the processor sees `content`.
    fn behind(&self, content: &ByteMap, span: Span) -> Vec<Piece<Content>> {
        if self.is_clean() {
            return content.pieces(span);
        }
        let mut pieces = Vec::new();
        for run in self.lines.runs(span) {
            match run.value {
                CacheLine::Clean => pieces.extend(content.pieces(run.span)),
                CacheLine::Dirty(value) => pieces.push(Piece { len: run.span.len(), value }),
            }
        }
        bytes::joined_pieces(pieces)
    }
}

/// The processor's cache and what devices see behind it.
impl HostMemory {
    /// The processor writes described bytes from byte `offset` of a list on.
    ///
    /// With `cached` they stay in its cache: devices that do not ask it see what was there until
    /// [`Self::flush`]. Without, memory has them at once.
    ///
    /// # Errors
    /// When they do not all lie in the list, or the frames not in memory; nothing is written then.
    pub fn cpu_put(
        &mut self,
        mdl: &Mdl,
        offset: u64,
        pieces: &[Piece<Content>],
        cached: bool,
    ) -> Result<(), OutOfRange> {
        if !cached {
            return self.mdl_put(mdl, offset, pieces);
        }
        let len = bytes::pieces_len(pieces).unwrap_or(u64::MAX);
        let mut at = 0;
        for span in self.listed(mdl, offset, len)? {
            let part = bytes::slice_pieces(pieces, at, span.len());
            at += span.len();
            let change = ByteChange::new(self.content(), span.start(), part)?;
            self.keep_behind(span);
            if !change.changes_nothing() {
                self.apply(HostChange::Bytes(change));
            }
        }
        Ok(())
    }

    /// Writes what the cache holds of a list's frames back to memory, and answers how much it was.
    ///
    /// Frames outside memory have nothing in the cache.
    pub fn flush(&mut self, mdl: &Mdl) -> Bytes {
        let spans: Vec<Span> = mdl.runs().iter().filter_map(|run| run.bytes()).collect();
        let flushed = spans.into_iter().map(|span| self.forget_behind(span));
        Bytes(flushed.fold(0, u64::saturating_add))
    }

    /// How many bytes of a list's frames the cache holds and memory does not.
    #[must_use]
    pub fn unflushed(&self, mdl: &Mdl) -> Bytes {
        let spans = mdl.runs().iter().filter_map(|run| run.bytes());
        let dirty = spans.flat_map(|span| self.state().cache.dirty(span));
        Bytes(dirty.fold(0, |sum, span| sum.saturating_add(span.len())))
    }

    /// The description of `len` bytes from `address` on as memory holds them: what a device sees
    /// that does not ask the cache.
    ///
    /// # Errors
    /// When they do not all lie in memory.
    pub fn device_pieces(
        &self,
        address: PhysicalAddress,
        len: u64,
    ) -> Result<Vec<Piece<Content>>, OutOfRange> {
        let span = OutOfRange::check(address.get(), len, self.content().len())?;
        Ok(self.state().cache.behind(self.content(), span))
    }

    /// Copies the bytes from `address` on as memory holds them to `out`.
    ///
    /// # Errors
    /// When they do not all lie in memory.
    pub fn device_read(&self, address: PhysicalAddress, out: &mut [u8]) -> Result<(), OutOfRange> {
        if self.state().cache.is_clean() {
            return self.read(address, out);
        }
        let pieces = self.device_pieces(address, bytes::length(out))?;
        out.copy_from_slice(&bytes::read_pieces(&pieces, out.len()));
        Ok(())
    }

    /// Keeps what memory holds in a range that the processor is about to write.
    fn keep_behind(&mut self, span: Span) {
        let cache = &self.state().cache;
        let before = cache.lines.pieces(span);
        let held = cache.behind(self.content(), span);
        let line =
            |piece: Piece<Content>| Piece { len: piece.len, value: CacheLine::Dirty(piece.value) };
        self.set_lines(span.start(), before, held.into_iter().map(line).collect());
    }

    /// Memory has what the processor sees of a range: it was flushed, or somebody wrote there past
    /// the cache. Answers how many bytes the cache held.
    pub(super) fn forget_behind(&mut self, span: Span) -> u64 {
        let dirty: Vec<Span> = self.state().cache.dirty(span).collect();
        let mut forgotten = 0_u64;
        for span in dirty {
            let before = self.state().cache.lines.pieces(span);
            let after = vec![Piece { len: span.len(), value: CacheLine::Clean }];
            self.set_lines(span.start(), before, after);
            forgotten = forgotten.saturating_add(span.len());
        }
        forgotten
    }

    fn set_lines(
        &mut self,
        start: u64,
        before: Vec<Piece<CacheLine>>,
        after: Vec<Piece<CacheLine>>,
    ) {
        if before != after {
            self.apply(HostChange::Cache { start, before, after });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{FrameNumber, PAGE_SIZE, Pages, SplitMix};
    use crate::memory::FrameRun;

    const FRAMES: u64 = 6;
    const PAGE: usize = 4096;

    /// A byte of the processor's view and one of memory for every address.
    struct Oracle {
        seen: Vec<u8>,
        held: Vec<u8>,
    }

    fn index(small: u64) -> usize {
        usize::try_from(small).expect("a small number")
    }

    fn random_list(rng: &mut SplitMix) -> (Mdl, Vec<u64>) {
        let frames: Vec<u64> = (0..1 + rng.below(3)).map(|_| rng.below(FRAMES)).collect();
        let run = |frame: &u64| FrameRun { first: FrameNumber(*frame), count: Pages(1) };
        (Mdl::new(frames.iter().map(run)).expect("small numbers"), frames)
    }

    fn random_pieces(rng: &mut SplitMix, len: u64) -> Vec<Piece<Content>> {
        let value = match rng.below(3) {
            0 => Content::pattern(u32::try_from(rng.below(1 << 32)).expect("32 bits"), 1),
            1 => Content::seeded(rng.below(50), rng.below(9)),
            _ => Content::Zero,
        };
        bytes::pieces_from_content(value, len)
    }

    /// Writes, flushes and releases leave the two views that two arrays have, and every moment is
    /// found again.
    #[test]
    fn two_views_agree_with_two_arrays() {
        for seed in 0..40 {
            let mut rng = SplitMix::new(seed);
            let size = index(FRAMES) * PAGE;
            let mut host = HostMemory::new(Bytes(FRAMES * PAGE_SIZE), seed);
            let mut oracle = Oracle { seen: vec![0; size], held: vec![0; size] };
            let mut moments = vec![(host.mark(), host.hash())];
            for step in 0..60 {
                let (mdl, frames) = random_list(&mut rng);
                let offset = rng.below(mdl.pages().bytes().get());
                let len = rng.below(mdl.pages().bytes().get() - offset + 1);
                let addresses: Vec<usize> = (offset..offset + len)
                    .map(|at| index(frames[index(at) / PAGE]) * PAGE + index(at) % PAGE)
                    .collect();
                let pieces = random_pieces(&mut rng, len);
                let written = bytes::read_pieces(&pieces, usize::MAX);
                match rng.below(8) {
                    0..=3 => {
                        host.cpu_put(&mdl, offset, &pieces, true).expect("in the list");
                        for (at, byte) in addresses.iter().zip(&written) {
                            oracle.seen[*at] = *byte;
                        }
                    }
                    kind @ 4..=5 => {
                        if kind == 4 {
                            host.cpu_put(&mdl, offset, &pieces, false).expect("in the list");
                        } else {
                            host.mdl_put(&mdl, offset, &pieces).expect("in the list");
                        }
                        for (at, byte) in addresses.iter().zip(&written) {
                            oracle.seen[*at] = *byte;
                            oracle.held[*at] = *byte;
                        }
                    }
                    6 => {
                        let unflushed = host.unflushed(&mdl);
                        let flushed = host.flush(&mdl);
                        let repeats =
                            (1..frames.len()).any(|at| frames[..at].contains(&frames[at]));
                        assert!(flushed == unflushed || repeats, "seed {seed}, step {step}");
                        for frame in &frames {
                            let page = index(*frame) * PAGE..(index(*frame) + 1) * PAGE;
                            oracle.held[page.clone()].copy_from_slice(&oracle.seen[page]);
                        }
                        assert_eq!(host.unflushed(&mdl), Bytes(0));
                    }
                    _ => {
                        host.release(&mdl);
                        for frame in &frames {
                            let page = index(*frame) * PAGE..(index(*frame) + 1) * PAGE;
                            oracle.seen[page.clone()].fill(0);
                            oracle.held[page].fill(0);
                        }
                    }
                }
                let whole = FRAMES * PAGE_SIZE;
                let seen = host.pieces(PhysicalAddress(0), whole).expect("all of it");
                let held = host.device_pieces(PhysicalAddress(0), whole).expect("all of it");
                assert!(bytes::read_pieces(&seen, size) == oracle.seen, "seed {seed}, step {step}");
                assert!(bytes::read_pieces(&held, size) == oracle.held, "seed {seed}, step {step}");
                moments.push((host.mark(), host.hash()));
            }
            for _ in 0..40 {
                let (mark, hash) = moments[index(rng.below(moments.len() as u64))];
                host.move_to(mark);
                assert_eq!(host.hash(), hash, "seed {seed}");
            }
        }
    }

    #[test]
    fn what_is_flushed_or_written_past_the_cache_leaves_no_trace_in_the_hash() {
        let run = FrameRun { first: FrameNumber(0), count: Pages(1 << 18) };
        let all = Mdl::new([run]).expect("small numbers");
        let mut host = HostMemory::new(Bytes(1 << 30), 1);
        let fill = bytes::pieces_from_content(Content::pattern(7, 0), 1 << 30);
        host.cpu_put(&all, 0, &fill, true).expect("all of it");
        assert_eq!(host.unflushed(&all), Bytes(1 << 30));
        let mut direct = HostMemory::new(Bytes(1 << 30), 1);
        direct.cpu_put(&all, 0, &fill, false).expect("all of it");
        assert_eq!(direct.unflushed(&all), Bytes(0));
        assert_ne!(host.hash(), direct.hash());
        let before = host.mark();
        assert_eq!(host.flush(&all), Bytes(1 << 30));
        assert_eq!(host.hash(), direct.hash());
        host.move_to(before);
        // The same bytes again, from a device: nothing changes but what memory holds.
        host.mdl_put(&all, 0, &fill).expect("all of it");
        assert_eq!(host.hash(), direct.hash());
        assert!(host.cpu_put(&all, 1, &fill, true).is_err());
        assert!(host.device_pieces(PhysicalAddress(1), 1 << 30).is_err());
    }
}
