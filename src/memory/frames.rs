//! Who uses which frame of system memory, and which frames are handed out next.

use std::collections::BTreeMap;

use crate::base::{
    AllocationId, Pages, PagesId, RunValue, SegmentId, Span, SplitMix, StableHasher,
};

/// What a frame is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FrameUse {
    /// Nothing. Its bytes are zero unless somebody wrote there without owning it; it is zeroed
    /// again before it is handed out.
    #[default]
    Free,
    /// The backing store of an allocation.
    Backing(AllocationId),
    /// The numbered paging buffer.
    PagingBuffer(u32),
    /// The numbered DMA buffer.
    DmaBuffer(u32),
    /// The command buffer of a context, numbered among the buffers: memory of a process, which no
    /// device may reach.
    CommandBuffer(u32),
    /// The numbered list of pages or page table kept in system memory.
    PageList(u32),
    /// The page to which an aperture points where nothing is mapped.
    DummyPage,
    /// The rest of the system.
    System,
    /// Pages that somebody reserved for use of their own.
    Reserved(PagesId),
    /// Taken by the driver for a segment that is populated from system memory.
    Segment(SegmentId),
}

impl FrameUse {
    /// Whether no device may reach the frame.
    #[must_use]
    pub const fn is_command_buffer(self) -> bool {
        matches!(self, Self::CommandBuffer(_))
    }
}

impl RunValue for FrameUse {
    fn advanced(&self, _by: u64) -> Self {
        *self
    }

    fn fold(&self, hasher: StableHasher) -> StableHasher {
        // Numbers of its own, beside those of contents: both are summed into one state's hash.
        match *self {
            Self::Free => hasher.number(0x21),
            Self::Backing(id) => hasher.number(0x22).number(u64::from(id.0)),
            Self::PagingBuffer(number) => hasher.number(0x23).number(u64::from(number)),
            Self::DmaBuffer(number) => hasher.number(0x24).number(u64::from(number)),
            Self::CommandBuffer(number) => hasher.number(0x2A).number(u64::from(number)),
            Self::PageList(number) => hasher.number(0x25).number(u64::from(number)),
            Self::DummyPage => hasher.number(0x26),
            Self::System => hasher.number(0x27),
            Self::Reserved(id) => hasher.number(0x28).number(u64::from(id.0)),
            Self::Segment(id) => hasher.number(0x29).number(u64::from(id.number())),
        }
    }
}

/// How frames that are handed out together lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// In pseudo-random runs spread over the whole of memory, as a system that has been up for a
    /// while gives them: up to 64 pages a run, longer where the list would pass 64 runs.
    Scattered,
    /// In one run, the lowest that fits.
    Contiguous,
}

/// The frames asked for are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} pages of system memory are needed, {} are free, {} of them in one run",
    needed.get(), free.get(), largest_run.get()
)]
pub struct OutOfFrames {
    /// Frames asked for.
    pub needed: Pages,
    /// Frames free.
    pub free: Pages,
    /// Frames in the longest free run, which decides for contiguous requests.
    pub largest_run: Pages,
}

/// Runs that a scattered list is kept to, unless free memory lies in smaller ones.
const RUNS_AIMED_AT: u64 = 64;
/// Pages that a run of a short list has at most.
const LONGEST_SMALL_RUN: u64 = 64;
/// Free runs looked at for one that takes a whole run of the list.
const CANDIDATES: usize = 8;

/// Some frames, as runs that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FrameRuns {
    /// Length by first frame.
    runs: BTreeMap<u64, u64>,
    count: u64,
}

impl FrameRuns {
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn largest_run(&self) -> u64 {
        self.runs.values().copied().max().unwrap_or(0)
    }

    /// Adds frames, whether or not some are in.
    pub(super) fn add(&mut self, span: Span) {
        self.remove(span);
        if span.is_empty() {
            return;
        }
        self.count += span.len();
        let (mut start, mut end) = (span.start(), span.end());
        if let Some((&before, &len)) = self.runs.range(..start).next_back()
            && before + len == start
        {
            start = before;
        }
        if let Some(len) = self.runs.remove(&end) {
            end += len;
        }
        self.runs.insert(start, end - start);
    }

    /// Takes frames out, whether or not some are in.
    pub(super) fn remove(&mut self, span: Span) {
        while let Some((&start, &len)) = self.runs.range(..span.end()).next_back()
            && start + len > span.start()
            && !span.is_empty()
        {
            self.runs.remove(&start);
            let end = start + len;
            let cut = Span::new(start.max(span.start()), end.min(span.end())).unwrap_or_default();
            self.count -= cut.len();
            if start < cut.start() {
                self.runs.insert(start, cut.start() - start);
            }
            if cut.end() < end {
                self.runs.insert(cut.end(), end - cut.end());
            }
            if start <= span.start() {
                break;
            }
        }
    }

    /// Adds frames behind all that are in.
    pub(super) fn push(&mut self, span: Span) {
        self.count += span.len();
        match self.runs.last_entry() {
            Some(mut last) if last.key() + last.get() == span.start() => {
                *last.get_mut() += span.len();
            }
            _ => {
                self.runs.insert(span.start(), span.len());
            }
        }
    }

    /// The first frame of `span` that is in.
    pub(super) fn first_in(&self, span: Span) -> Option<u64> {
        let before = self.runs.range(..=span.start()).next_back();
        if before.is_some_and(|(start, len)| start + len > span.start()) && !span.is_empty() {
            return Some(span.start());
        }
        self.runs.range(span.start()..span.end()).next().map(|(start, _)| *start)
    }

    /// The lowest run of `count` frames.
    pub(super) fn lowest(&self, count: u64) -> Option<Span> {
        let (&start, _) = self.runs.iter().find(|(_, len)| **len >= count)?;
        Span::at(start, count)
    }

    /// Up to `count` frames at `near` or, where that is used, behind it, around the end of memory.
    ///
    /// Fewer only when none of the next few free runs has as many; then the longest of them.
    pub(super) fn near(&self, near: u64, count: u64) -> Option<Span> {
        let here = self.runs.range(..=near).next_back().filter(|(start, len)| *start + *len > near);
        let behind = near.checked_add(1).into_iter().flat_map(|from| self.runs.range(from..));
        let around = self.runs.range(..=near);
        let mut longest: Option<Span> = None;
        for (&start, &len) in here.into_iter().chain(behind).chain(around).take(CANDIDATES) {
            if len >= count {
                let latest = start + (len - count);
                let first = if start <= near { near.min(latest) } else { start };
                return Span::at(first, count);
            }
            if longest.is_none_or(|longest| longest.len() < len) {
                longest = Span::at(start, len);
            }
        }
        longest
    }
}

/// Decides, run by run, where a scattered list of frames lies.
#[derive(Clone, Debug)]
pub(super) struct Scatter {
    random: SplitMix,
    frames: u64,
    wanted: u64,
    left: u64,
    runs: u64,
}

impl Scatter {
    /// A list of `wanted` frames out of `frames`; `number` is that of the request.
    pub(super) const fn new(seed: u64, number: u64, frames: u64, wanted: u64) -> Self {
        let random = SplitMix::new(SplitMix::nth(seed, number));
        Self { random, frames, wanted, left: wanted, runs: 0 }
    }

    /// The next run; `None` when the list is complete or nothing is free.
    pub(super) fn next(&mut self, free: &FrameRuns) -> Option<Span> {
        if self.left == 0 {
            return None;
        }
        // No shorter than what fills the rest in the runs that are left, so that there are never
        // more of them; no longer than a quarter of a short list, so that it is scattered at all.
        let shortest = self.left.div_ceil(RUNS_AIMED_AT.saturating_sub(self.runs).max(1));
        let doubled = shortest.saturating_mul(2).saturating_sub(1);
        let longest = (self.wanted / 4).clamp(1, LONGEST_SMALL_RUN).max(doubled);
        let count = (shortest + self.random.below(longest - shortest + 1)).min(self.left);
        let span = free.near(self.random.below(self.frames), count)?;
        self.left -= span.len();
        self.runs += 1;
        Some(span)
    }
}
