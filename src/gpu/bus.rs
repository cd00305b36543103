//! From places to bytes: which stretches of memory stand behind a range of a region.

use super::{Fault, PageEntry, Place, Region, RegionId};
use crate::base::{PAGE_SIZE, Pages, PhysicalAddress, Piece, RunMap, RunValue, Span};
use crate::memory::{Content, GartEntry, HostMemory, bytes};

/// Pages that one packet may follow one by one: 16 GiB of single frames.
const MOST_SINGLE_PAGES: u64 = 1 << 22;
/// Descriptions that one packet may read.
const MOST_PIECES: u64 = 1 << 22;
/// Words of a page list read at a time where they follow no rule.
const WORDS_AT_ONCE: usize = 512;
const WORD: u64 = 8;

/// A stretch of bytes behind a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// Consecutive bytes of a region with memory of its own, or of system memory.
    Bytes {
        /// The region; 0 for system memory.
        region: RegionId,
        /// The first byte.
        start: u64,
        /// Bytes.
        len: u64,
        /// Reads of system memory find what the cache of the processor holds.
        coherent: bool,
    },
    /// One frame of system memory over and over.
    Repeated {
        /// Where the frame begins.
        frame: u64,
        /// The first byte of it.
        phase: u64,
        /// Bytes.
        len: u64,
    },
}

impl Extent {
    /// Takes up a stretch that goes on where this one ends, and answers whether it does.
    fn join(&mut self, next: Self) -> bool {
        if let Self::Bytes { region, start, len, coherent } = self
            && let Self::Bytes { region: region_on, start: start_on, len: more, coherent: alike } =
                next
            && (*region, *coherent) == (region_on, alike)
            && *start + *len == start_on
        {
            *len += more;
            return true;
        }
        false
    }
}

/// Everything that can be read, at one moment.
#[derive(Clone, Copy)]
pub(super) struct Bus<'a> {
    pub(super) regions: &'a [Region],
    pub(super) host: &'a HostMemory,
}

/// The region of a number, where the hardware has one.
pub(super) fn region_of(regions: &[Region], region: RegionId) -> Option<&Region> {
    regions.get(usize::from(region.0).checked_sub(1)?)
}

impl Bus<'_> {
    /// The stretches behind `len` bytes from a place on, all of which exist.
    pub(super) fn resolve(self, place: Place, len: u64) -> Result<Vec<Extent>, Fault> {
        let refused =
            Fault::OutOfRange { region: place.region, address: place.address, length: len };
        let span = Span::at(place.address, len).ok_or(refused)?;
        if place.region == RegionId::SYSTEM {
            return Ok(vec![self.system(span.start(), len, false)?]);
        }
        match region_of(self.regions, place.region).ok_or(refused)? {
            Region::Memory(memory) if span.end() <= memory.len() => {
                let (region, start) = (place.region, span.start());
                Ok(vec![Extent::Bytes { region, start, len, coherent: false }])
            }
            Region::Aperture(entries)
                if Pages(entries.len()).checked_bytes().is_some_and(|b| span.end() <= b.get()) =>
            {
                self.behind_table(place.region, entries, span, Clone::clone)
            }
            Region::Gart(pages) => {
                let table = self.host.gart();
                let pages = Pages((*pages).min(table.len()));
                if pages.checked_bytes().is_none_or(|bytes| span.end() > bytes.get()) {
                    return Err(refused);
                }
                // The chipset asks no cache.
                self.behind_table(place.region, table, span, |entry| match *entry {
                    GartEntry::Unmapped => PageEntry::Unset,
                    GartEntry::Frame { first } => PageEntry::Frame { first, coherent: false },
                    GartEntry::Fixed { frame } => PageEntry::Fixed { frame },
                })
            }
            Region::Memory(_) | Region::Aperture(_) => Err(refused),
        }
    }

    /// The stretches behind rows of `row_bytes` bytes that begin `pitch` bytes apart, row by row.
    /// Rows that lie close behind each other in one memory are one stretch.
    pub(super) fn resolve_rows(
        self,
        first: Place,
        pitch: u32,
        row_bytes: u16,
        rows: u16,
    ) -> Result<Vec<Extent>, Fault> {
        let Place { region, address } = first;
        let mut extents: Vec<Extent> = Vec::new();
        if row_bytes == 0 {
            return Ok(extents);
        }
        for row in 0..rows {
            let refused = Fault::OutOfRange { region, address, length: u64::MAX };
            // Below 2^48.
            let offset = u64::from(row) * u64::from(pitch);
            let address = address.checked_add(offset).ok_or(refused)?;
            for extent in self.resolve(Place { region, address }, row_bytes.into())? {
                if !extents.last_mut().is_some_and(|last| last.join(extent)) {
                    extents.push(extent);
                }
            }
        }
        Ok(extents)
    }

    fn behind_table<E: RunValue>(
        self,
        region: RegionId,
        entries: &RunMap<E>,
        span: Span,
        read: impl Fn(&E) -> PageEntry,
    ) -> Result<Vec<Extent>, Fault> {
        let pages = Span::new(span.start() / PAGE_SIZE, span.end().div_ceil(PAGE_SIZE));
        let mut extents = Vec::new();
        for run in entries.runs(pages.unwrap_or_default()) {
            // The table covers the span in bytes, so these products fit.
            let start = (run.span.start() * PAGE_SIZE).max(span.start());
            let len = (run.span.end() * PAGE_SIZE).min(span.end()) - start;
            let inside = start - run.span.start() * PAGE_SIZE;
            if len == 0 {
                continue;
            }
            extents.push(match read(&run.value) {
                PageEntry::Unset => {
                    return Err(Fault::Unmapped { region, page: run.span.start() });
                }
                PageEntry::Frame { first, coherent } => {
                    self.frames(first.get(), inside, len, coherent)?
                }
                PageEntry::Fixed { frame } => {
                    self.repeated(frame.get(), inside % PAGE_SIZE, len)?
                }
            });
        }
        Ok(extents)
    }

    /// Bytes of system memory, all of which a device may reach.
    fn system(self, start: u64, len: u64, coherent: bool) -> Result<Extent, Fault> {
        let refused = Fault::OutOfRange { region: RegionId::SYSTEM, address: start, length: len };
        let span = Span::at(start, len).ok_or(refused)?;
        if span.end() > self.host.size().get() {
            return Err(refused);
        }
        if let Some(frame) = self.host.command_buffer_in(span) {
            return Err(Fault::CommandBuffer { frame });
        }
        Ok(Extent::Bytes { region: RegionId::SYSTEM, start, len, coherent })
    }

    /// Bytes of consecutive frames.
    fn frames(self, first: u64, inside: u64, len: u64, coherent: bool) -> Result<Extent, Fault> {
        let start = first.checked_mul(PAGE_SIZE).and_then(|start| start.checked_add(inside));
        self.system(start.unwrap_or(u64::MAX), len, coherent)
    }

    /// Bytes of one frame over and over.
    fn repeated(self, frame: u64, phase: u64, len: u64) -> Result<Extent, Fault> {
        let frame = frame.saturating_mul(PAGE_SIZE);
        self.system(frame, PAGE_SIZE, false)?;
        Ok(Extent::Repeated { frame, phase, len })
    }

    /// The stretches behind `len` bytes of a list of frame numbers, from entry `first` on.
    ///
    /// The array is read by its description: a run of consecutive numbers is one stretch.
    pub(super) fn resolve_list(
        self,
        array: u64,
        first: u64,
        len: u64,
    ) -> Result<Vec<Extent>, Fault> {
        let refused = |address| Fault::OutOfRange {
            region: RegionId::SYSTEM,
            address,
            length: len.div_ceil(PAGE_SIZE).saturating_mul(WORD),
        };
        let start = first.checked_mul(WORD).and_then(|skip| array.checked_add(skip));
        let start = start.ok_or(refused(array))?;
        let words = len.div_ceil(PAGE_SIZE);
        let size = words.checked_mul(WORD).ok_or(refused(start))?;
        self.system(start, size, false)?;
        let pieces = self.host.device_pieces(PhysicalAddress(start), size);
        let pieces = pieces.map_err(|_| refused(start))?;
        let mut list = ListReader { bus: self, left: len, singles: 0, extents: Vec::new() };
        let (mut at, mut piece_end) = (0, 0);
        for piece in &pieces {
            let piece_start = piece_end;
            piece_end += piece.len;
            // A word that began in a piece before may end in this one, or behind it.
            if at >= piece_end {
                continue;
            }
            let whole = (piece_end - at) / WORD;
            list.words(&piece.value.advanced(at - piece_start), whole)?;
            at += whole * WORD;
            if at < piece_end {
                let word = self.straddling_word(start + at).map_err(|()| refused(start))?;
                list.run(word, 1)?;
                at += WORD;
            }
        }
        Ok(list.extents)
    }

    fn straddling_word(self, address: u64) -> Result<u64, ()> {
        let pieces = self.host.device_pieces(PhysicalAddress(address), WORD).map_err(|_| ())?;
        let word: [u8; 8] = bytes::read_pieces(&pieces, 8).try_into().map_err(|_| ())?;
        Ok(u64::from_le_bytes(word))
    }

    /// The description of the bytes of these stretches, one after the other.
    pub(super) fn read(self, extents: &[Extent]) -> Result<Vec<Piece<Content>>, Fault> {
        let mut pieces = Vec::new();
        for extent in extents {
            match *extent {
                Extent::Bytes { region: RegionId::SYSTEM, start, len, coherent: false } => {
                    let region = RegionId::SYSTEM;
                    let refused = Fault::OutOfRange { region, address: start, length: len };
                    let read = self.host.device_pieces(PhysicalAddress(start), len);
                    pieces.extend(read.map_err(|_| refused)?);
                }
                Extent::Bytes { region, start, len, .. } => {
                    let refused = Fault::OutOfRange { region, address: start, length: len };
                    let span = Span::at(start, len).ok_or(refused)?;
                    let map = match region_of(self.regions, region) {
                        Some(Region::Memory(memory)) => memory,
                        Some(Region::Aperture(_) | Region::Gart(_)) => return Err(refused),
                        None => self.host.content(),
                    };
                    pieces.extend(bytes::pieces(map, span).map_err(|_| refused)?);
                }
                Extent::Repeated { frame, phase, len } => {
                    self.read_repeated(frame, phase, len, &mut pieces)?;
                }
            }
            let stretches = u64::try_from(pieces.len()).unwrap_or(u64::MAX);
            if stretches > MOST_PIECES {
                return Err(Fault::TooScattered { stretches, most: MOST_PIECES });
            }
        }
        Ok(bytes::joined_pieces(pieces))
    }

    fn read_repeated(
        self,
        frame: u64,
        phase: u64,
        len: u64,
        pieces: &mut Vec<Piece<Content>>,
    ) -> Result<(), Fault> {
        let refused =
            Fault::OutOfRange { region: RegionId::SYSTEM, address: frame, length: PAGE_SIZE };
        let page = self.host.device_pieces(PhysicalAddress(frame), PAGE_SIZE);
        let page = page.map_err(|_| refused)?;
        if let [piece] = &page[..]
            && piece.value.repeated_word().is_some()
        {
            pieces.push(Piece { len, value: piece.value.advanced(phase) });
            return Ok(());
        }
        let described = u64::try_from(page.len()).unwrap_or(u64::MAX);
        let stretches = len.div_ceil(PAGE_SIZE).saturating_mul(described);
        if stretches > MOST_PIECES {
            return Err(Fault::TooScattered { stretches, most: MOST_PIECES });
        }
        let (mut at, mut left) = (phase, len);
        while left > 0 {
            let taken = (PAGE_SIZE - at).min(left);
            pieces.extend(bytes::slice_pieces(&page, at, taken));
            left -= taken;
            at = 0;
        }
        Ok(())
    }
}

/// Turns the words of a page list into stretches.
struct ListReader<'a> {
    bus: Bus<'a>,
    left: u64,
    singles: u64,
    extents: Vec<Extent>,
}

impl ListReader<'_> {
    /// Takes `count` words of one content.
    fn words(&mut self, content: &Content, count: u64) -> Result<(), Fault> {
        if count == 0 {
            return Ok(());
        }
        if let Content::Ramp { first, step: 1, phase: 0 } = *content {
            return self.run(first, count);
        }
        if let Some(frame) = content.repeated_word() {
            let len = self.take(count);
            self.extents.push(self.bus.repeated(frame, 0, len)?);
            return Ok(());
        }
        self.singles = self.singles.saturating_add(count);
        if self.singles > MOST_SINGLE_PAGES {
            return Err(Fault::TooScattered { stretches: self.singles, most: MOST_SINGLE_PAGES });
        }
        let mut buffer = [0; WORDS_AT_ONCE * 8];
        let (mut at, mut left) = (0, count);
        while left > 0 {
            let words = usize::try_from(left).unwrap_or(usize::MAX).min(WORDS_AT_ONCE);
            let read = &mut buffer[..words * 8];
            content.read(at, read);
            for word in read.as_chunks::<8>().0 {
                self.run(u64::from_le_bytes(*word), 1)?;
                at += WORD;
                left -= 1;
            }
        }
        Ok(())
    }

    /// Takes `count` words that count up from `first`.
    fn run(&mut self, first: u64, count: u64) -> Result<(), Fault> {
        let len = self.take(count);
        let next = self.bus.frames(first, 0, len, false)?;
        if !self.extents.last_mut().is_some_and(|last| last.join(next)) {
            self.extents.push(next);
        }
        Ok(())
    }

    /// The bytes of the next `count` pages; the last page may be taken in part.
    fn take(&mut self, count: u64) -> u64 {
        let len = count.saturating_mul(PAGE_SIZE).min(self.left);
        self.left -= len;
        len
    }
}

/// Takes a description apart from its start.
pub(super) struct PieceReader<'a> {
    pieces: &'a [Piece<Content>],
    inside: u64,
}

impl<'a> PieceReader<'a> {
    pub(super) const fn new(pieces: &'a [Piece<Content>]) -> Self {
        Self { pieces, inside: 0 }
    }

    /// The next `len` bytes; fewer at the end.
    pub(super) fn take(&mut self, len: u64) -> Vec<Piece<Content>> {
        let mut taken = Vec::new();
        let mut left = len;
        while left > 0
            && let Some((first, rest)) = self.pieces.split_first()
        {
            let part = (first.len - self.inside).min(left);
            taken.push(Piece { len: part, value: first.value.advanced(self.inside) });
            left -= part;
            self.inside += part;
            if self.inside == first.len {
                self.pieces = rest;
                self.inside = 0;
            }
        }
        taken
    }
}

/// Where the bytes written to a repeated frame end up: what is written last to each byte stays.
///
/// Bytes to skip at the start, then the pieces to write: address and length.
pub(super) fn repeated_writes(frame: u64, phase: u64, len: u64) -> (u64, [(u64, u64); 2]) {
    let skipped = len.saturating_sub(PAGE_SIZE);
    let first = (phase % PAGE_SIZE + skipped % PAGE_SIZE) % PAGE_SIZE;
    let head = (PAGE_SIZE - first).min(len - skipped);
    (skipped, [(frame + first, head), (frame, len - skipped - head)])
}
