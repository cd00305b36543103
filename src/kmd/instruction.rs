//! Command buffers read and believed in nothing: what a command means, or why it is refused.
//!
//! A command becomes pieces, each of which is one packet. Where an allocation has rows they may lie
//! apart in a pitch-aligned segment, and where it will be is not known before patching: so each
//! piece of its content lies within one row.

use super::Driver;
use crate::base::{SegmentAddress, SegmentId, Span};
use crate::config::Quirks;
use crate::ddi::{AllocationHandle, AllocationListEntry, NtStatus, RowLayout};
use crate::gpu::{Packet, Place, RegionId};
use crate::umd::{BadCommand, BufferCommand, Operand};

/// The most bytes that one packet adds to.
const MOST_ADDED: u64 = 1 << 20;

/// The place of an address that is still to be patched: no region has this number, so that the
/// packet faults when it is executed.
const UNPATCHED: Place = Place { region: RegionId(0xFF), address: 0 };

/// What is never divided between DMA buffers: a command, or a draw with its accesses.
#[derive(Clone, Copy)]
pub(super) enum Group<'a> {
    /// A command that stands for itself.
    Single(BufferCommand),
    /// The accesses of a draw, undecoded.
    Draw(&'a [u8]),
}

impl<'a> Group<'a> {
    /// Takes the next group off a command buffer; `None` at its end.
    pub(super) fn next(rest: &mut &'a [u8]) -> Result<Option<Self>, NtStatus> {
        if rest.is_empty() {
            return Ok(None);
        }
        let command = decode(rest)?;
        *rest = rest.get(BufferCommand::SIZE..).unwrap_or_default();
        let BufferCommand::Draw { accesses } = command else {
            return Ok(Some(Self::Single(command)));
        };
        let accesses = usize::try_from(accesses).unwrap_or(usize::MAX);
        let bytes = accesses.saturating_mul(BufferCommand::SIZE);
        let (drawn, behind) = rest.split_at_checked(bytes).ok_or(NtStatus::INVALID_USER_BUFFER)?;
        *rest = behind;
        Ok(Some(Self::Draw(drawn)))
    }

    /// Its commands with the slots that they bind.
    pub(super) fn commands(self) -> impl Iterator<Item = Result<(BufferCommand, Slots), NtStatus>> {
        let (single, accesses) = match self {
            Self::Single(command) => (Some(Ok((command, Slots::Single))), &[][..]),
            Self::Draw(accesses) => (None, accesses),
        };
        let accesses = accesses.chunks(BufferCommand::SIZE).zip(Slots::FIRST_DRAWN..);
        let drawn = accesses.map(|(bytes, slot)| match decode(bytes)? {
            access @ (BufferCommand::Read { .. } | BufferCommand::Write { .. }) => {
                Ok((access, Slots::Drawn(slot)))
            }
            _ => Err(NtStatus::INVALID_USER_BUFFER),
        });
        single.into_iter().chain(drawn)
    }
}

fn decode(bytes: &[u8]) -> Result<BufferCommand, NtStatus> {
    BufferCommand::decode(bytes).map_err(|bad| match bad {
        BadCommand::Short(_) => NtStatus::INVALID_USER_BUFFER,
        BadCommand::Privileged(_) => NtStatus::PRIVILEGED_INSTRUCTION,
        BadCommand::UnknownOpcode(_)
        | BadCommand::UnusedField { .. }
        | BadCommand::TooLarge { .. } => NtStatus::ILLEGAL_INSTRUCTION,
    })
}

/// The rows of the slot table that a command binds its operands to.
#[derive(Clone, Copy)]
pub(super) enum Slots {
    /// 0 for what it reads and 1 for what it writes.
    Single,
    /// This one, for an access of a draw.
    Drawn(u32),
}

impl Slots {
    /// The slot of the first access of a draw.
    pub(super) const FIRST_DRAWN: u32 = 2;
}

/// An allocation that a command names, with where its range begins.
#[derive(Clone, Copy)]
pub(super) struct Side {
    /// Which entry of the list.
    pub(super) index: u32,
    handle: AllocationHandle,
    offset: u64,
    content: u64,
    rows: Option<RowLayout>,
    place: Option<(SegmentId, SegmentAddress)>,
}

impl Side {
    fn new(
        driver: &Driver,
        list: &[AllocationListEntry],
        operand: Operand,
        written: bool,
    ) -> Result<Self, NtStatus> {
        let entry = list.get(usize::from(operand.index)).ok_or(NtStatus::INVALID_HANDLE)?;
        let existing = driver.state().existing(entry.allocation);
        let existing = existing.ok_or(NtStatus::INVALID_HANDLE)?;
        let side = Self {
            index: operand.index.into(),
            handle: entry.allocation,
            offset: operand.offset,
            content: existing.content,
            rows: existing.rows,
            place: entry.place,
        };
        let last = side.content.saturating_sub(1);
        let is_nowhere =
            side.place.is_some_and(|place| driver.at(place, side.rows, last).is_none());
        if written && !entry.write_operation || is_nowhere {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        Ok(side)
    }

    /// The range of `len` bytes from its offset on, where that lies in the content.
    fn span(&self, len: u64) -> Result<Span, NtStatus> {
        let span = Span::at(self.offset, len).filter(|span| span.end() <= self.content);
        span.filter(|span| !span.is_empty()).ok_or(NtStatus::INVALID_PARAMETER)
    }

    /// Bytes from a byte of the content to the end of its row.
    fn behind(&self, offset: u64) -> u64 {
        self.rows.map_or(u64::MAX, |rows| {
            let pitch = u64::from(rows.pitch).max(1);
            pitch - offset % pitch
        })
    }

    /// Bytes from the start of a row to the end of a range that ends in it, at `end`.
    fn before(&self, end: u64) -> u64 {
        self.rows.map_or(u64::MAX, |rows| {
            let pitch = u64::from(rows.pitch).max(1);
            end.saturating_sub(1) % pitch + 1
        })
    }

    fn place(&self, driver: &Driver, offset: u64) -> Place {
        self.place.and_then(|place| driver.at(place, self.rows, offset)).unwrap_or(UNPATCHED)
    }
}

/// What the packets of a command do.
#[derive(Clone, Copy)]
enum Kind {
    Fill { pattern: u32 },
    Copy,
    CopyRows { row_bytes: u16, rows: u16 },
    Add { addend: u32 },
    Read,
    Write { seed: u64 },
    Wait { value: u64 },
    Signal { value: u64 },
    Unbind,
}

/// A command that may be carried out.
pub(super) struct Instruction {
    kind: Kind,
    source: Option<Side>,
    destination: Option<Side>,
    /// Bytes of a line.
    length: u64,
    /// Lines: one but for rows that lie apart.
    lines: u32,
    source_pitch: u32,
    destination_pitch: u32,
    /// The last piece goes first, so that nothing is written before it was read.
    backwards: bool,
}

/// A part of an instruction that one packet carries out.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    line: u32,
    /// The first byte of the line that it moves.
    at: u64,
    len: u64,
}

impl Instruction {
    /// Reads a command against the allocation list that came with it.
    ///
    /// Every range must lie in the content of its allocation, and what is written must be listed as
    /// such; see the head of [`super::render`] for what else is refused.
    pub(super) fn new(
        driver: &Driver,
        list: &[AllocationListEntry],
        command: BufferCommand,
    ) -> Result<Self, NtStatus> {
        let read = |operand| Side::new(driver, list, operand, false).map(Some);
        let written = |operand| Side::new(driver, list, operand, true).map(Some);
        let plain = |kind, source: Option<Side>, destination: Option<Side>, length| {
            for side in source.iter().chain(&destination) {
                side.span(length)?;
            }
            Ok(Self {
                kind,
                source,
                destination,
                length,
                lines: 1,
                source_pitch: 0,
                destination_pitch: 0,
                backwards: false,
            })
        };
        match command {
            BufferCommand::Fill { destination, length, pattern } => {
                plain(Kind::Fill { pattern }, None, written(destination)?, length)
            }
            BufferCommand::Copy { source, destination, length } => {
                plain(Kind::Copy, read(source)?, written(destination)?, length)?.ordered()
            }
            BufferCommand::Blit { .. } => Self::blit(driver, list, command),
            BufferCommand::Add { destination, length, addend } => {
                plain(Kind::Add { addend }, None, written(destination)?, length)
            }
            BufferCommand::Read { source, length } => {
                plain(Kind::Read, read(source)?, None, length)
            }
            BufferCommand::Write { destination, length, seed } => {
                let write = plain(Kind::Write { seed }, None, written(destination)?, length)?;
                // A packet begins at most so far into the sequence of its seed.
                let last = write.length.saturating_sub(write.before(0, write.length));
                if u32::try_from(last).is_err() {
                    return Err(NtStatus::INVALID_PARAMETER);
                }
                Ok(write)
            }
            BufferCommand::Wait { fence, value } => {
                plain(Kind::Wait { value }, None, read(fence)?, Packet::FENCE)?.fence()
            }
            BufferCommand::Signal { fence, value } => {
                plain(Kind::Signal { value }, None, written(fence)?, Packet::FENCE)?.fence()
            }
            BufferCommand::Unbind => plain(Kind::Unbind, None, None, 0),
            // Groups leave only their accesses.
            BufferCommand::Draw { .. } => Err(NtStatus::INVALID_USER_BUFFER),
        }
    }

    /// Rows that lie apart: one packet, unless one of the sides has rows of its own.
    fn blit(
        driver: &Driver,
        list: &[AllocationListEntry],
        command: BufferCommand,
    ) -> Result<Self, NtStatus> {
        let BufferCommand::Blit {
            source,
            source_pitch,
            destination,
            destination_pitch,
            row_bytes,
            rows,
        } = command
        else {
            return Err(NtStatus::INVALID_PARAMETER);
        };
        let source = Side::new(driver, list, source, false)?;
        let destination = Side::new(driver, list, destination, true)?;
        let refused = |_| NtStatus::INVALID_PARAMETER;
        let (bytes, count) =
            (u16::try_from(row_bytes).map_err(refused)?, u16::try_from(rows).map_err(refused)?);
        if bytes == 0 || count == 0 {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        for (side, pitch) in [(source, source_pitch), (destination, destination_pitch)] {
            if rows > 1 && pitch < row_bytes {
                return Err(NtStatus::INVALID_PARAMETER);
            }
            side.span(extent(row_bytes, rows, pitch))?;
        }
        let blit = Self {
            kind: Kind::Copy,
            source: Some(source),
            destination: Some(destination),
            length: row_bytes.into(),
            lines: rows,
            source_pitch,
            destination_pitch,
            backwards: false,
        };
        if source.rows.is_none() && destination.rows.is_none() {
            let kind = Kind::CopyRows { row_bytes: bytes, rows: count };
            return Ok(Self { kind, lines: 1, ..blit });
        }
        blit.ordered()
    }

    /// Chooses the order of pieces so that what overlaps is read before it is written, as if all
    /// were read first. Where pitches differ there may be no such order, and it is refused.
    fn ordered(mut self) -> Result<Self, NtStatus> {
        let (Some(source), Some(destination)) = (self.source, self.destination) else {
            return Ok(self);
        };
        if source.handle != destination.handle || source.rows.is_none() {
            return Ok(self);
        }
        let extent = |pitch| self.extent(pitch);
        let from = source.span(extent(self.source_pitch))?;
        let to = destination.span(extent(self.destination_pitch))?;
        // How far the first and the last line move: those between move by something between.
        let first = i128::from(destination.offset) - i128::from(source.offset);
        let apart = i128::from(self.destination_pitch) - i128::from(self.source_pitch);
        let last = first + i128::from(self.lines.saturating_sub(1)) * apart;
        if from.overlaps(to) {
            self.backwards = first >= 0 && last >= 0;
            if !self.backwards && (first > 0 || last > 0) {
                return Err(NtStatus::INVALID_PARAMETER);
            }
        }
        Ok(self)
    }

    /// Bytes from the first of the first line to the last of the last.
    fn extent(&self, pitch: u32) -> u64 {
        u64::from(self.lines.saturating_sub(1)) * u64::from(pitch) + self.length
    }

    /// A value is aligned, and in one piece.
    fn fence(self) -> Result<Self, NtStatus> {
        let fits = |side: Side| {
            side.offset.is_multiple_of(Packet::FENCE) && side.behind(side.offset) >= Packet::FENCE
        };
        if self.destination.is_some_and(fits) { Ok(self) } else { Err(NtStatus::INVALID_PARAMETER) }
    }

    /// Whether its packets report what they read.
    pub(super) const fn is_read(&self) -> bool {
        matches!(self.kind, Kind::Read)
    }

    /// Whether it unbinds what draws bound.
    pub(super) const fn is_unbind(&self) -> bool {
        matches!(self.kind, Kind::Unbind)
    }

    /// Addresses in each of its packets.
    pub(super) fn sides(&self) -> usize {
        usize::from(self.source.is_some()) + usize::from(self.destination.is_some())
    }

    /// Its parts, in the order in which they are carried out: at least one.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece> {
        let lines = 0..self.lines;
        lines.flat_map(move |line| {
            let line = if self.backwards { self.lines - 1 - line } else { line };
            self.pieces_of_line(line)
        })
    }

    fn pieces_of_line(&self, line: u32) -> impl Iterator<Item = Piece> {
        let mut done = 0;
        // What names no bytes is one piece all the same.
        let mut is_first = true;
        std::iter::from_fn(move || {
            let left = self.length - done;
            if left == 0 && !is_first {
                return None;
            }
            is_first = false;
            let (at, len) = if self.backwards {
                let len = self.before(line, left).min(left);
                (left - len, len)
            } else {
                (done, self.behind(line, done).min(left))
            };
            done += len;
            Some(Piece { line, at, len })
        })
    }

    /// The sides, each with the bytes from one of its lines to the next.
    fn pitched(&self) -> [Option<(Side, u32)>; 2] {
        let source = self.source.map(|side| (side, self.source_pitch));
        [source, self.destination.map(|side| (side, self.destination_pitch))]
    }

    /// Bytes from byte `at` of a line that one packet takes.
    fn behind(&self, line: u32, at: u64) -> u64 {
        let most = if matches!(self.kind, Kind::Add { .. }) { MOST_ADDED } else { u64::MAX };
        let sides = self.pitched().into_iter().flatten();
        let rooms = sides.map(|(side, pitch)| side.behind(offset(side, pitch, line, at)));
        rooms.fold(most, u64::min)
    }

    /// Bytes before byte `end` of a line that one packet takes.
    fn before(&self, line: u32, end: u64) -> u64 {
        let sides = self.pitched().into_iter().flatten();
        let rooms = sides.map(|(side, pitch)| side.before(offset(side, pitch, line, end)));
        rooms.fold(u64::MAX, u64::min)
    }

    /// The source and the destination of a piece, each with the byte of its content.
    pub(super) fn operands(&self, piece: Piece) -> [Option<(Side, u64)>; 2] {
        self.pitched()
            .map(|side| side.map(|(side, pitch)| (side, offset(side, pitch, piece.line, piece.at))))
    }

    /// The packet of a piece; reads report under `slot`.
    pub(super) fn packet(&self, driver: &Driver, piece: Piece, slot: u32) -> Packet {
        let [source, destination] = self.operands(piece).map(|side| match side {
            Some((side, offset)) => side.place(driver, offset),
            None => UNPATCHED,
        });
        let token = self.destination.or(self.source).map_or(0, |side| side.handle.0);
        let length = piece.len;
        // A piece that has 32 bits for its length lies in a row, or in a mebibyte.
        let short = u32::try_from(length).unwrap_or(u32::MAX);
        let turned = u32::try_from(piece.at % 4).unwrap_or(0);
        match self.kind {
            Kind::Fill { pattern } => {
                let pattern = pattern.rotate_right(turned * 8);
                Packet::Fill { destination, length, pattern, token }
            }
            Kind::Copy => Packet::CopyBytes { source, destination, length, token },
            Kind::CopyRows { row_bytes, rows } => Packet::CopyRows {
                source,
                source_pitch: self.source_pitch,
                destination,
                destination_pitch: self.destination_pitch,
                row_bytes,
                rows,
            },
            Kind::Add { addend } => {
                let phase = u8::try_from(turned).unwrap_or(0);
                Packet::AddBytes { destination, length: short, addend, phase, token }
            }
            Kind::Read => Packet::Read { source, length, token, slot },
            Kind::Write { seed } if piece.at == 0 => {
                Packet::Write { destination, length, seed, token }
            }
            Kind::Write { seed } => {
                let phase = u32::try_from(piece.at).unwrap_or(u32::MAX);
                Packet::WritePart { destination, length: short, seed, phase, token }
            }
            Kind::Wait { value } => Packet::Wait { destination, value, token },
            Kind::Signal { value } => Packet::Signal { destination, value, token },
            Kind::Unbind => Packet::Pad,
        }
    }
}

/// Bytes from the first of the first row to the last of the last.
fn extent(row_bytes: u32, rows: u32, pitch: u32) -> u64 {
    u64::from(rows.saturating_sub(1)) * u64::from(pitch) + u64::from(row_bytes)
}

/// Byte `at` of a line, as a byte of the content. Ranges were checked, so that nothing overflows.
fn offset(side: Side, pitch: u32, line: u32, at: u64) -> u64 {
    side.offset.saturating_add(u64::from(line) * u64::from(pitch)).saturating_add(at)
}

impl Driver {
    /// Where byte `offset` of the content of an allocation is that lies at `place`; `None` where the
    /// hardware has no such place.
    pub(super) fn at(
        &self,
        place: (SegmentId, SegmentAddress),
        rows: Option<RowLayout>,
        offset: u64,
    ) -> Option<Place> {
        let (segment, start) = place;
        let start = self.place(segment, start)?;
        let inside = match rows {
            _ if self.has(Quirks::PatchIgnoresAllocationOffset) => 0,
            Some(rows) if self.is_pitch_aligned(segment) => {
                let pitch = u64::from(rows.pitch).max(1);
                (offset / pitch)
                    .checked_mul(rows.aligned_pitch.into())?
                    .checked_add(offset % pitch)?
            }
            _ => offset,
        };
        Some(Place { address: start.address.checked_add(inside)?, ..start })
    }
}
