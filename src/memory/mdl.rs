//! Memory descriptor lists: which frames hold a range of bytes, in order.
//!
//! The kit's list is an array of frame numbers (`MmGetMdlPfnArray`); ours is runs of frames with
//! that array as a view, so that a gigabyte is a short list.

use std::sync::Arc;

use super::OutOfRange;
use crate::base::{FrameNumber, PAGE_SIZE, Pages, PhysicalAddress, Span, StableHasher, StateHash};

/// Frames with consecutive numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameRun {
    /// The first frame.
    pub first: FrameNumber,
    /// How many there are; never 0 in a list.
    pub count: Pages,
}

impl FrameRun {
    /// The frames as positions of a map; `None` beyond `u64`.
    #[must_use]
    pub const fn frames(self) -> Option<Span> {
        Span::at(self.first.get(), self.count.get())
    }

    /// The bytes in system memory; `None` beyond `u64`.
    #[must_use]
    pub const fn bytes(self) -> Option<Span> {
        match (self.first.get().checked_mul(PAGE_SIZE), self.count.checked_bytes()) {
            (Some(start), Some(len)) => Span::at(start, len.get()),
            _ => None,
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct List {
    runs: Vec<FrameRun>,
    /// The page of the list with which each run begins.
    starts: Vec<u64>,
    pages: u64,
    hash: StateHash,
}

/// A memory descriptor list. A clone shares the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mdl(Arc<List>);

impl Mdl {
    /// The list of these frames in this order, runs that continue each other joined.
    ///
    /// `None` when an address in it, or its length in bytes, is beyond `u64`.
    #[must_use]
    pub fn new(runs: impl IntoIterator<Item = FrameRun>) -> Option<Self> {
        let mut list = List::default();
        for run in runs {
            if run.count == Pages::ZERO {
                continue;
            }
            run.bytes()?;
            let start = list.pages;
            list.pages = start.checked_add(run.count.get())?;
            Pages(list.pages).checked_bytes()?;
            match list.runs.last_mut() {
                Some(last) if last.first.checked_add(last.count.get()) == Some(run.first) => {
                    last.count = last.count.checked_add(run.count.get())?;
                }
                _ => {
                    list.runs.push(run);
                    list.starts.push(start);
                }
            }
        }
        let hasher = StableHasher::new(0x3D1);
        let fold = |hasher: StableHasher, run: &FrameRun| {
            hasher.number(run.first.get()).number(run.count.get())
        };
        list.hash = list.runs.iter().fold(hasher, fold).finish();
        Some(Self(Arc::new(list)))
    }

    /// Hash of the frames in their order.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        self.0.hash
    }

    /// Pages in the list.
    #[must_use]
    pub fn pages(&self) -> Pages {
        Pages(self.0.pages)
    }

    /// Whether there is no page in the list.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.pages == 0
    }

    /// The frame of page `index`, as `MmGetMdlPfnArray(pMdl)[index]`; `None` beyond the list.
    #[must_use]
    pub fn page(&self, index: u64) -> Option<FrameNumber> {
        self.runs_from(index, Pages(1)).next().map(|run| run.first)
    }

    /// The frames in order.
    #[must_use]
    pub fn runs(&self) -> &[FrameRun] {
        &self.0.runs
    }

    /// The runs of `count` pages from page `first` on, clipped to them and to the list.
    pub fn runs_from(&self, first: u64, count: Pages) -> impl Iterator<Item = FrameRun> + '_ {
        let wanted = Span::new(first, first.saturating_add(count.get())).unwrap_or_default();
        let from = self.0.starts.partition_point(|start| *start <= first).saturating_sub(1);
        let placed = self.0.starts[from..].iter().zip(&self.0.runs[from..]);
        placed.take_while(move |(start, _)| **start < wanted.end()).filter_map(
            move |(start, run)| {
                let clipped = Span::at(*start, run.count.get())?.intersection(wanted)?;
                let first = run.first.checked_add(clipped.start() - start)?;
                Some(FrameRun { first, count: Pages(clipped.len()) })
            },
        )
    }

    /// The list of `count` pages from page `first` on, clipped to this list.
    #[must_use]
    pub fn slice(&self, first: u64, count: Pages) -> Self {
        // A part of a list whose addresses fit has addresses that fit.
        Self::new(self.runs_from(first, count)).unwrap_or_default()
    }

    /// Where byte `offset` of the listed memory lies; `None` beyond the list.
    #[must_use]
    pub fn address(&self, offset: u64) -> Option<PhysicalAddress> {
        self.page(offset / PAGE_SIZE)?.address().checked_add(offset % PAGE_SIZE)
    }

    /// The ranges of system memory that hold `len` bytes from byte `offset` of the list on.
    ///
    /// # Errors
    /// When they do not all lie in the list.
    pub fn byte_spans(&self, offset: u64, len: u64) -> Result<Vec<Span>, OutOfRange> {
        let wanted = OutOfRange::check(offset, len, self.pages().bytes().get())?;
        let first = wanted.start() / PAGE_SIZE;
        let count = Pages(wanted.end().div_ceil(PAGE_SIZE) - first);
        let mut skip = wanted.start() % PAGE_SIZE;
        let mut left = len;
        let mut spans = Vec::new();
        for run in self.runs_from(first, count) {
            let Some(bytes) = run.bytes() else { continue };
            let taken = (bytes.len() - skip).min(left);
            spans.extend(Span::at(bytes.start() + skip, taken).filter(|span| !span.is_empty()));
            left -= taken;
            skip = 0;
        }
        Ok(spans)
    }
}
