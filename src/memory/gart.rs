//! The address table of the chipset: an aperture that belongs to the platform and not to a GPU.
//!
//! An AGP aperture is a range of bus addresses whose pages the chipset redirects to frames of
//! system memory. Its table is kept with system memory, because every device sees it alike; who
//! asks for pages of it, and why, is for callers to know.

use super::host_change::HostChange;
use super::{FrameRun, HostMemory, Mdl, OutOfRange};
use crate::base::{FrameNumber, Pages, Piece, RunMap, RunValue, Span, StableHasher};

/// Where a page of the chipset's aperture points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GartEntry {
    /// Nowhere yet.
    Unmapped,
    /// At a frame; the next page of the run points at the next frame.
    Frame {
        /// The frame of the first page of the run.
        first: FrameNumber,
    },
    /// At one frame, as do all pages of the run: what stands in for what is not mapped.
    Fixed {
        /// The frame of every page of the run.
        frame: FrameNumber,
    },
}

impl RunValue for GartEntry {
    fn advanced(&self, by: u64) -> Self {
        match *self {
            Self::Frame { first } => {
                Self::Frame { first: FrameNumber(first.get().wrapping_add(by)) }
            }
            Self::Unmapped | Self::Fixed { .. } => *self,
        }
    }

    fn fold(&self, hasher: StableHasher) -> StableHasher {
        // Numbers of its own, beside those of contents and uses of frames.
        match *self {
            Self::Unmapped => hasher.number(0x31),
            Self::Frame { first } => hasher.number(0x32).number(first.get()),
            Self::Fixed { frame } => hasher.number(0x33).number(frame.get()),
        }
    }
}

/// The table of the chipset.
impl HostMemory {
    /// The same memory on a platform whose chipset has an aperture of `pages`, all unmapped.
    ///
    /// For a memory that was just made: its history begins anew.
    #[must_use]
    pub fn with_gart(self, pages: Pages) -> Self {
        self.remade(|state| state.gart = RunMap::new(pages.get(), GartEntry::Unmapped))
    }

    /// The table; positions are pages of the aperture. Empty where the platform has none.
    #[must_use]
    pub const fn gart(&self) -> &RunMap<GartEntry> {
        &self.state().gart
    }

    /// Points consecutive pages from `first_page` on at the frames of a list.
    ///
    /// # Errors
    /// When they are not all in the aperture; nothing is changed then. In pages.
    pub fn gart_map(&mut self, first_page: u64, mdl: &Mdl) -> Result<(), OutOfRange> {
        let entry = |run: &FrameRun| Piece {
            len: run.count.get(),
            value: GartEntry::Frame { first: run.first },
        };
        self.set_gart(first_page, mdl.pages(), mdl.runs().iter().map(entry).collect())
    }

    /// Points consecutive pages from `first_page` on at one frame, all of them.
    ///
    /// # Errors
    /// When they are not all in the aperture; nothing is changed then. In pages.
    pub fn gart_unmap(
        &mut self,
        first_page: u64,
        pages: Pages,
        dummy: FrameNumber,
    ) -> Result<(), OutOfRange> {
        let entry = Piece { len: pages.get(), value: GartEntry::Fixed { frame: dummy } };
        self.set_gart(first_page, pages, vec![entry])
    }

    fn set_gart(
        &mut self,
        first: u64,
        pages: Pages,
        after: Vec<Piece<GartEntry>>,
    ) -> Result<(), OutOfRange> {
        let span: Span = OutOfRange::check(first, pages.get(), self.gart().len())?;
        let before = self.gart().pieces(span);
        if !span.is_empty() && before != after {
            self.apply(HostChange::Gart { first, before, after });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Bytes, PAGE_SIZE};

    fn list(frames: &[u64]) -> Mdl {
        let run = |frame: &u64| FrameRun { first: FrameNumber(*frame), count: Pages(1) };
        Mdl::new(frames.iter().map(run)).expect("small numbers")
    }

    #[test]
    fn pages_point_where_they_were_mapped_and_every_moment_comes_back() {
        let plain = HostMemory::new(Bytes(64 * PAGE_SIZE), 1);
        assert!(plain.gart().is_empty());
        let mut host = plain.clone().with_gart(Pages(16));
        assert_ne!(host.hash(), plain.hash(), "the platform has an aperture");
        let mut moments = vec![(host.mark(), host.hash())];
        host.gart_map(3, &list(&[7, 8, 20])).expect("pages 3 to 5 of 16");
        moments.push((host.mark(), host.hash()));
        host.gart_unmap(4, Pages(12), FrameNumber(63)).expect("pages 4 to 15 of 16");
        moments.push((host.mark(), host.hash()));
        let at = |host: &HostMemory, page| host.gart().at(page);
        assert_eq!(at(&host, 2), Some(GartEntry::Unmapped));
        assert_eq!(at(&host, 3), Some(GartEntry::Frame { first: FrameNumber(7) }));
        assert_eq!(at(&host, 4), Some(GartEntry::Fixed { frame: FrameNumber(63) }));
        assert_eq!(at(&host, 15), at(&host, 4));

        let beyond = OutOfRange { start: 15, len: 2, size: 16 };
        assert_eq!(host.gart_map(15, &list(&[1, 2])), Err(beyond));
        assert!(host.gart_unmap(u64::MAX, Pages(1), FrameNumber(0)).is_err());
        assert_eq!(host.gart_map(16, &Mdl::default()), Ok(()));
        assert_eq!(host.mark(), moments[2].0, "what is refused leaves no trace");

        for (mark, hash) in moments.iter().rev().chain(&moments) {
            host.move_to(*mark);
            assert_eq!(host.hash(), *hash);
        }
        host.move_to(moments[1].0);
        assert_eq!(at(&host, 4), Some(GartEntry::Frame { first: FrameNumber(8) }));
        assert_eq!(at(&host, 5), Some(GartEntry::Frame { first: FrameNumber(20) }));
    }
}
