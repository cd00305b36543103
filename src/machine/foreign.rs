//! Aperture pages that operations put together by hand point elsewhere than VidMm's book says.

use crate::base::{FrameNumber, PagesId, SegmentId, Span, StableHasher, StateHash};

/// Where foreign pages point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignTarget {
    /// At reserved pages, from this page of theirs on.
    Pages(PagesId, u64),
    /// All of them at one frame.
    Frame(FrameNumber),
}

impl ForeignTarget {
    /// The target of the page `by` further on.
    const fn advanced(self, by: u64) -> Self {
        match self {
            Self::Pages(id, first) => Self::Pages(id, first + by),
            Self::Frame(frame) => Self::Frame(frame),
        }
    }
}

/// A run of foreign pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForeignRun {
    /// The aperture.
    pub segment: SegmentId,
    /// Its pages.
    pub pages: Span,
    /// Where the first of them points.
    pub target: ForeignTarget,
}

/// All foreign pages: runs apart from each other, in the order of segment and page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignMap {
    runs: Vec<ForeignRun>,
}

impl ForeignMap {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The parts of the runs inside `pages` of a segment, in order.
    pub fn within(&self, segment: SegmentId, pages: Span) -> impl Iterator<Item = ForeignRun> + '_ {
        self.runs.iter().filter(move |run| run.segment == segment).filter_map(move |run| {
            let part = run.pages.intersection(pages).filter(|part| !part.is_empty())?;
            let target = run.target.advanced(part.start() - run.pages.start());
            Some(ForeignRun { segment, pages: part, target })
        })
    }

    /// Whether a page of `id` is mapped.
    #[must_use]
    pub fn names(&self, id: PagesId) -> bool {
        let of =
            |run: &ForeignRun| matches!(run.target, ForeignTarget::Pages(known, _) if known == id);
        self.runs.iter().any(of)
    }

    /// The same without `pages` of a segment.
    #[must_use]
    pub fn without(&self, segment: SegmentId, pages: Span) -> Self {
        let mut runs = Vec::with_capacity(self.runs.len());
        for run in &self.runs {
            if run.segment != segment || !run.pages.overlaps(pages) {
                runs.push(*run);
                continue;
            }
            let below = Span::new(run.pages.start(), pages.start().max(run.pages.start()));
            let above = Span::new(pages.end().min(run.pages.end()), run.pages.end());
            for part in [below, above].into_iter().flatten().filter(|part| !part.is_empty()) {
                let target = run.target.advanced(part.start() - run.pages.start());
                runs.push(ForeignRun { pages: part, target, ..*run });
            }
        }
        Self { runs }
    }

    /// The same with a run, which replaces what was there.
    #[must_use]
    pub fn with(&self, run: ForeignRun) -> Self {
        let mut map = self.without(run.segment, run.pages);
        map.runs.push(run);
        map.runs.sort_unstable_by_key(|run| (run.segment, run.pages.start()));
        map
    }

    pub(crate) fn hash(&self) -> StateHash {
        let fold = |hasher: StableHasher, run: &ForeignRun| {
            let (kind, of, first) = match run.target {
                ForeignTarget::Pages(id, first) => (0, u64::from(id.0), first),
                ForeignTarget::Frame(frame) => (1, frame.get(), 0),
            };
            hasher
                .number(u64::from(run.segment.number()) << 1 | kind)
                .number(run.pages.start())
                .number(run.pages.end())
                .number(of)
                .number(first)
        };
        self.runs.iter().fold(StableHasher::new(63), fold).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_in_the_middle_of_another_leaves_both_ends_pointing_where_they_did() {
        let segment = SegmentId::new(2).expect("between 1 and 31");
        let span = |from, to| Span::new(from, to).expect("in order");
        let pages = |from, to, first| ForeignRun {
            segment,
            pages: span(from, to),
            target: ForeignTarget::Pages(PagesId(7), first),
        };
        let dummy = ForeignRun {
            segment,
            pages: span(12, 14),
            target: ForeignTarget::Frame(FrameNumber(3)),
        };
        let map = ForeignMap::default().with(pages(10, 20, 100)).with(dummy);
        let all: Vec<ForeignRun> = map.within(segment, span(0, 100)).collect();
        assert_eq!(all, [pages(10, 12, 100), dummy, pages(14, 20, 104)]);
        let part: Vec<ForeignRun> = map.within(segment, span(13, 16)).collect();
        assert_eq!(part, [ForeignRun { pages: span(13, 14), ..dummy }, pages(14, 16, 104)]);
        assert!(map.names(PagesId(7)) && !map.names(PagesId(8)));
        assert!(map.without(segment, span(0, 100)).is_empty());
        assert_ne!(map.hash(), ForeignMap::default().hash());
    }
}
