//! The native packets: 32 bytes each, eight little-endian 32-bit words.
//!
//! | bytes  | field                     | FILL           | COPY_PAGES | MAP_PAGES           | UNMAP_PAGES | WRITE          | READ         |
//! |--------|---------------------------|----------------|------------|---------------------|-------------|----------------|--------------|
//! | 0      | opcode                    | 0x11           | 0x21       | 0x31                | 0x32        | 0x12           | 0x22         |
//! | 1      | 32-bit words in it        | 8              | 8          | 8                   | 8           | 8              | 8            |
//! | 2      | source region             | 0              | region     | 0                   | 0           | 0              | region       |
//! | 3      | destination region        | region         | region     | aperture            | aperture    | region         | 0            |
//! | 4..8   | count                     | bytes, low     | pages      | pages               | pages       | bytes, low     | 0            |
//! | 8..16  | source                    | 32-bit pattern | address    | address, coherent   | address     | seed           | address      |
//! | 16..24 | destination               | address        | address    | address             | address     | address        | bytes        |
//! | 24..28 | token of the driver       | token          | token      | token               | token       | token          | token        |
//! | 28..32 | run of a page list        | bytes, high    | run        | run                 | 0           | bytes, high    | slot         |
//!
//! | bytes  | field                     | WRITE_PART | COPY_BYTES  | READ_WORD | WRITE_WORD | CLEAR_PAGES |
//! |--------|---------------------------|------------|-------------|-----------|------------|-------------|
//! | 0      | opcode                    | 0x13       | 0x23        | 0x24      | 0x14       | 0x33        |
//! | 1      | 32-bit words in it        | 8          | 8           | 8         | 8          | 8           |
//! | 2      | source region             | 0          | region      | region    | 0          | 0           |
//! | 3      | destination region        | region     | region      | 0         | region     | aperture    |
//! | 4..8   | count                     | bytes      | bytes, low  | 0         | 0          | pages       |
//! | 8..16  | source                    | seed       | address     | address   | 0          | 0           |
//! | 16..24 | destination               | address    | address     | 0         | address    | address     |
//! | 24..28 | token of the driver       | token      | token       | 0         | 0          | token       |
//! | 28..32 | run of a page list        | phase      | bytes, high | 0         | 0          | 0           |
//!
//! | bytes  | field               | ADD_BYTES       | COPY_ROWS                      | WAIT    | SIGNAL  |
//! |--------|---------------------|-----------------|--------------------------------|---------|---------|
//! | 0      | opcode              | 0x15            | 0x25                           | 0x41    | 0x42    |
//! | 1      | 32-bit words in it  | 8               | 8                              | 8       | 8       |
//! | 2      | source region       | 0               | region                         | 0       | 0       |
//! | 3      | destination region  | region          | region                         | region  | region  |
//! | 4..8   | count               | bytes, to 2^20  | 4..6 bytes of a row, 6..8 rows | 0       | 0       |
//! | 8..16  | source              | addend, 32 bits | address                        | value   | value   |
//! | 16..24 | destination         | address         | address                        | address | address |
//! | 24..28 | token of the driver | token           | source pitch                   | token   | token   |
//! | 28..32 | run of a page list  | phase, 0 to 3   | destination pitch              | 0       | 0       |
//!
//! PAD (0x01) is skipped and holds zeros beside its first word. Addresses are byte offsets in the
//! region; region 0 is system memory over the bus. Lengths in bytes have 64 bits, so that one
//! packet fills, writes, copies or reads any range; counts of pages have 32, and longer copies are
//! split. WRITE_PART begins some bytes into the sequence of its seed, for which it gives up the
//! high half of its length. READ_WORD and WRITE_WORD order accesses: they reach the aligned 32-bit
//! word around an address, report nothing, and write back what is there. ADD_BYTES adds the four
//! bytes of its addend to the bytes of a range, over and over, each for itself and without a carry;
//! the phase says with which of them it begins, and all bytes are read before the first is written.
//! The place of a row of COPY_ROWS is that of the row before and a pitch; all rows are read before
//! the first is written, later rows are written over earlier ones, and without rows, or bytes in
//! them, no place is looked at. SIGNAL writes 64 bits, the lowest byte first; WAIT changes nothing
//! and waits until the 64 bits at its place are at least its value, without a sign.
//! Fields that an opcode does not use are zero, so that each packet has exactly one encoding.

use super::fields::{
    COUNT, DESTINATION, DESTINATION_REGION, RUN, SOURCE, SOURCE_REGION, TOKEN, fields_of_packet,
};
use super::{PacketField, RegionId};

/// How the bytes of a submission are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketFormat {
    /// 32-byte packets.
    Native,
    /// One record for each operation.
    Record {
        /// Bytes of a record, padding included: at least [`super::Record::MIN_SIZE`].
        size: u32,
    },
}

impl PacketFormat {
    /// Bytes of one packet.
    #[must_use]
    pub const fn packet_size(self) -> u32 {
        match self {
            Self::Native => Packet::SIZE,
            Self::Record { size } => size,
        }
    }
}

/// A place in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The region; 0 for system memory.
    pub region: RegionId,
    /// Byte offset in it.
    pub address: u64,
}

/// One native packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet {
    /// Nothing: fills a buffer up.
    Pad,
    /// Repeats a little-endian 32-bit pattern.
    Fill {
        /// The first byte filled.
        destination: Place,
        /// Bytes.
        length: u64,
        /// The pattern, from its first byte on.
        pattern: u32,
        /// The driver's.
        token: u32,
    },
    /// Copies pages, as if all were read before the first is written.
    CopyPages {
        /// The first byte read.
        source: Place,
        /// The first byte written.
        destination: Place,
        /// Pages.
        pages: u32,
        /// The driver's.
        token: u32,
        /// Which run of a page list; the driver's.
        run: u32,
    },
    /// Points consecutive pages of an aperture at consecutive frames.
    MapPages {
        /// The first byte of the first aperture page.
        destination: Place,
        /// Where the first frame begins in system memory; a page multiple.
        frames: u64,
        /// The pages stay coherent with the cache of the processor.
        coherent: bool,
        /// Pages.
        pages: u32,
        /// The driver's.
        token: u32,
        /// Which run of a page list; the driver's.
        run: u32,
    },
    /// Points consecutive pages of an aperture at one frame, all of them.
    UnmapPages {
        /// The first byte of the first aperture page.
        destination: Place,
        /// Where the frame begins in system memory; a page multiple.
        frame: u64,
        /// Pages.
        pages: u32,
        /// The driver's.
        token: u32,
    },
    /// Points consecutive pages of an aperture nowhere: reaching them is a fault.
    ClearPages {
        /// The first byte of the first aperture page.
        destination: Place,
        /// Pages.
        pages: u32,
        /// The driver's.
        token: u32,
    },
    /// Copies bytes, as if all were read before the first is written.
    CopyBytes {
        /// The first byte read.
        source: Place,
        /// The first byte written.
        destination: Place,
        /// Bytes.
        length: u64,
        /// The driver's.
        token: u32,
    },
    /// Reads the aligned 32-bit word around an address; nobody is told what it found.
    ReadWord {
        /// A byte of the word.
        source: Place,
    },
    /// Writes what is there into the aligned 32-bit word around an address.
    WriteWord {
        /// A byte of the word.
        destination: Place,
    },
    /// Writes the pseudo-random bytes of a seed, from the first of them on.
    Write {
        /// The first byte written.
        destination: Place,
        /// Bytes.
        length: u64,
        /// Says which bytes.
        seed: u64,
        /// The driver's.
        token: u32,
    },
    /// Writes the pseudo-random bytes of a seed, from one of the first 2^32 of them on.
    WritePart {
        /// The first byte written.
        destination: Place,
        /// Bytes.
        length: u32,
        /// Says which bytes.
        seed: u64,
        /// Which of them comes first.
        phase: u32,
        /// The driver's.
        token: u32,
    },
    /// Adds to each byte of a range.
    AddBytes {
        /// The first byte read and written.
        destination: Place,
        /// Bytes.
        length: u32,
        /// Four bytes that are added in turn, the lowest first.
        addend: u32,
        /// Which of them is added to the first byte: 0 to 3.
        phase: u8,
        /// The driver's.
        token: u32,
    },
    /// Copies rows that lie apart, as if all were read before the first is written.
    CopyRows {
        /// The first byte read.
        source: Place,
        /// Bytes from one row read to the next.
        source_pitch: u32,
        /// The first byte written.
        destination: Place,
        /// Bytes from one row written to the next.
        destination_pitch: u32,
        /// Bytes of a row.
        row_bytes: u16,
        /// Rows.
        rows: u16,
    },
    /// Waits until 64 bits in memory are at least a value.
    Wait {
        /// Where they are, the lowest first.
        destination: Place,
        /// The value.
        value: u64,
        /// The driver's.
        token: u32,
    },
    /// Writes 64 bits.
    Signal {
        /// Where, the lowest first.
        destination: Place,
        /// The value.
        value: u64,
        /// The driver's.
        token: u32,
    },
    /// Reads and reports a hash of what it read.
    Read {
        /// The first byte read.
        source: Place,
        /// Bytes.
        length: u64,
        /// The driver's.
        token: u32,
        /// Reported with the hash.
        slot: u32,
    },
}

/// Why bytes are no native packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// The buffer ends inside the packet.
    #[error("a packet takes 32 bytes, {0} are left")]
    Short(u32),
    /// No packet has this opcode.
    #[error("no packet has the opcode {0:#04X}")]
    UnknownOpcode(u8),
    /// Every packet has eight words.
    #[error("a packet has 8 words, this one says {0}")]
    WrongLength(u8),
    /// A field that the opcode does not use is not zero.
    #[error("{field} is not used by opcode {opcode:#04X} and must be zero")]
    UnusedField {
        /// The opcode.
        opcode: u8,
        /// The field.
        field: &'static str,
    },
    /// An address of a frame is no page multiple.
    #[error("{0:#X} is not the address of a frame")]
    UnalignedFrame(u64),
    /// An addend has four bytes.
    #[error("a phase is 0 to 3, this one says {0}")]
    BadPhase(u32),
}

const WORDS: u8 = 8;
const FRAME_OFFSET: u64 = crate::base::PAGE_SIZE - 1;
const COHERENT: u64 = 1;

pub(super) mod opcode {
    pub(in crate::gpu) const PAD: u8 = 0x01;
    pub(in crate::gpu) const FILL: u8 = 0x11;
    pub(in crate::gpu) const WRITE: u8 = 0x12;
    pub(in crate::gpu) const WRITE_PART: u8 = 0x13;
    pub(in crate::gpu) const WRITE_WORD: u8 = 0x14;
    pub(in crate::gpu) const ADD_BYTES: u8 = 0x15;
    pub(in crate::gpu) const COPY_PAGES: u8 = 0x21;
    pub(in crate::gpu) const READ: u8 = 0x22;
    pub(in crate::gpu) const COPY_BYTES: u8 = 0x23;
    pub(in crate::gpu) const READ_WORD: u8 = 0x24;
    pub(in crate::gpu) const COPY_ROWS: u8 = 0x25;
    pub(in crate::gpu) const MAP_PAGES: u8 = 0x31;
    pub(in crate::gpu) const UNMAP_PAGES: u8 = 0x32;
    pub(in crate::gpu) const CLEAR_PAGES: u8 = 0x33;
    pub(in crate::gpu) const WAIT: u8 = 0x41;
    pub(in crate::gpu) const SIGNAL: u8 = 0x42;
}

/// The fields of any packet before its opcode says what they mean.
#[derive(Clone, Copy, Debug, Default)]
struct Raw {
    opcode: u8,
    source_region: u8,
    destination_region: u8,
    count: u32,
    source: u64,
    destination: u64,
    token: u32,
    run: u32,
}

impl Packet {
    /// Bytes of a packet.
    pub const SIZE: u32 = 32;

    /// Bytes of the word that [`Self::ReadWord`] and [`Self::WriteWord`] reach.
    pub const WORD: u64 = 4;

    /// Bytes of the value that [`Self::Wait`] and [`Self::Signal`] reach.
    pub const FENCE: u64 = 8;

    /// The opcode's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pad => "PAD",
            Self::Fill { .. } => "FILL",
            Self::CopyPages { .. } => "COPY_PAGES",
            Self::MapPages { .. } => "MAP_PAGES",
            Self::UnmapPages { .. } => "UNMAP_PAGES",
            Self::ClearPages { .. } => "CLEAR_PAGES",
            Self::CopyBytes { .. } => "COPY_BYTES",
            Self::ReadWord { .. } => "READ_WORD",
            Self::WriteWord { .. } => "WRITE_WORD",
            Self::Write { .. } => "WRITE",
            Self::WritePart { .. } => "WRITE_PART",
            Self::Read { .. } => "READ",
            Self::AddBytes { .. } => "ADD_BYTES",
            Self::CopyRows { .. } => "COPY_ROWS",
            Self::Wait { .. } => "WAIT",
            Self::Signal { .. } => "SIGNAL",
        }
    }

    /// Bytes that it moves, fills, writes or reads. Entries of page tables are not counted.
    #[must_use]
    pub fn moved_bytes(&self) -> u64 {
        match *self {
            Self::Pad
            | Self::MapPages { .. }
            | Self::UnmapPages { .. }
            | Self::ClearPages { .. } => 0,
            Self::ReadWord { .. } | Self::WriteWord { .. } => Self::WORD,
            Self::WritePart { length, .. } | Self::AddBytes { length, .. } => length.into(),
            Self::CopyRows { row_bytes, rows, .. } => u64::from(row_bytes) * u64::from(rows),
            Self::Wait { .. } | Self::Signal { .. } => Self::FENCE,
            Self::CopyPages { pages, .. } => crate::base::Pages(pages.into()).bytes().get(),
            Self::Fill { length, .. }
            | Self::CopyBytes { length, .. }
            | Self::Write { length, .. }
            | Self::Read { length, .. } => length,
        }
    }

    /// The bytes of the packet.
    #[must_use]
    pub fn encode(&self) -> [u8; 32] {
        self.raw().encode()
    }

    fn raw(&self) -> Raw {
        match *self {
            Self::Pad => Raw { opcode: opcode::PAD, ..Raw::default() },
            Self::Fill { destination, length, pattern, token } => {
                let (run, count) = halves(length);
                let raw = Raw { opcode: opcode::FILL, count, run, token, ..Raw::default() };
                Raw { source: u64::from(pattern), ..raw }.writing(destination)
            }
            Self::CopyPages { source, destination, pages: count, token, run } => {
                let raw = Raw { opcode: opcode::COPY_PAGES, count, token, run, ..Raw::default() };
                raw.reading(source).writing(destination)
            }
            Self::MapPages { destination, frames, coherent, pages: count, token, run } => {
                let raw = Raw { opcode: opcode::MAP_PAGES, count, token, run, ..Raw::default() };
                let coherent = if coherent { COHERENT } else { 0 };
                Raw { source: frames & !FRAME_OFFSET | coherent, ..raw }.writing(destination)
            }
            Self::UnmapPages { destination, frame, pages: count, token } => {
                let raw = Raw { opcode: opcode::UNMAP_PAGES, count, token, ..Raw::default() };
                Raw { source: frame & !FRAME_OFFSET, ..raw }.writing(destination)
            }
            Self::ClearPages { destination, pages: count, token } => {
                Raw { opcode: opcode::CLEAR_PAGES, count, token, ..Raw::default() }
                    .writing(destination)
            }
            Self::CopyBytes { source, destination, length, token } => {
                let (run, count) = halves(length);
                let raw = Raw { opcode: opcode::COPY_BYTES, count, run, token, ..Raw::default() };
                raw.reading(source).writing(destination)
            }
            Self::ReadWord { source } => {
                Raw { opcode: opcode::READ_WORD, ..Raw::default() }.reading(source)
            }
            Self::WriteWord { destination } => {
                Raw { opcode: opcode::WRITE_WORD, ..Raw::default() }.writing(destination)
            }
            Self::WritePart { destination, length: count, seed: source, phase: run, token } => {
                Raw { opcode: opcode::WRITE_PART, count, run, source, token, ..Raw::default() }
                    .writing(destination)
            }
            Self::Write { destination, length, seed: source, token } => {
                let (run, count) = halves(length);
                Raw { opcode: opcode::WRITE, count, run, source, token, ..Raw::default() }
                    .writing(destination)
            }
            Self::AddBytes { destination, length: count, addend, phase, token } => {
                let (source, run) = (addend.into(), phase.into());
                Raw { opcode: opcode::ADD_BYTES, count, run, source, token, ..Raw::default() }
                    .writing(destination)
            }
            Self::CopyRows {
                source,
                source_pitch: token,
                destination,
                destination_pitch: run,
                row_bytes,
                rows,
            } => {
                let count = u32::from(rows) << 16 | u32::from(row_bytes);
                let raw = Raw { opcode: opcode::COPY_ROWS, count, token, run, ..Raw::default() };
                raw.reading(source).writing(destination)
            }
            Self::Wait { destination, value: source, token } => {
                Raw { opcode: opcode::WAIT, source, token, ..Raw::default() }.writing(destination)
            }
            Self::Signal { destination, value: source, token } => {
                Raw { opcode: opcode::SIGNAL, source, token, ..Raw::default() }.writing(destination)
            }
            Self::Read { source, length: destination, token, slot: run } => {
                Raw { opcode: opcode::READ, destination, token, run, ..Raw::default() }
                    .reading(source)
            }
        }
    }

    /// Reads the packet at the start of `bytes`.
    ///
    /// # Errors
    /// When they are no packet; any bytes may be given.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadPacket> {
        let raw = Raw::decode(bytes)?;
        let length = u64::from(raw.run) << 32 | u64::from(raw.count);
        let (source, destination) = (raw.source_place(), raw.destination_place());
        let (pages, token, run) = (raw.count, raw.token, raw.run);
        Ok(match raw.opcode {
            opcode::PAD => {
                raw.unused(&[SOURCE_REGION, DESTINATION_REGION, COUNT, SOURCE, DESTINATION])?;
                raw.unused(&[TOKEN, RUN])?;
                Self::Pad
            }
            opcode::FILL => {
                raw.unused(&[SOURCE_REGION])?;
                let unused = BadPacket::UnusedField { opcode: raw.opcode, field: SOURCE };
                let pattern = u32::try_from(raw.source).map_err(|_| unused)?;
                Self::Fill { destination, length, pattern, token }
            }
            opcode::COPY_PAGES => Self::CopyPages { source, destination, pages, token, run },
            opcode::MAP_PAGES => {
                raw.unused(&[SOURCE_REGION])?;
                let frames = aligned_frame(raw.source & !COHERENT)?;
                let coherent = raw.source & COHERENT != 0;
                Self::MapPages { destination, frames, coherent, pages, token, run }
            }
            opcode::UNMAP_PAGES => {
                raw.unused(&[SOURCE_REGION, RUN])?;
                let frame = aligned_frame(raw.source)?;
                Self::UnmapPages { destination, frame, pages, token }
            }
            opcode::CLEAR_PAGES => {
                raw.unused(&[SOURCE_REGION, SOURCE, RUN])?;
                Self::ClearPages { destination, pages, token }
            }
            opcode::COPY_BYTES => Self::CopyBytes { source, destination, length, token },
            opcode::READ_WORD => {
                raw.unused(&[DESTINATION_REGION, COUNT, DESTINATION, TOKEN, RUN])?;
                Self::ReadWord { source }
            }
            opcode::WRITE_WORD => {
                raw.unused(&[SOURCE_REGION, COUNT, SOURCE, TOKEN, RUN])?;
                Self::WriteWord { destination }
            }
            opcode::WRITE_PART => {
                raw.unused(&[SOURCE_REGION])?;
                let (length, phase, seed) = (raw.count, raw.run, raw.source);
                Self::WritePart { destination, length, seed, phase, token }
            }
            opcode::WRITE => {
                raw.unused(&[SOURCE_REGION])?;
                Self::Write { destination, length, seed: raw.source, token }
            }
            opcode::ADD_BYTES => {
                raw.unused(&[SOURCE_REGION])?;
                let unused = BadPacket::UnusedField { opcode: raw.opcode, field: SOURCE };
                let addend = u32::try_from(raw.source).map_err(|_| unused)?;
                let phase = u8::try_from(run).ok().filter(|phase| *phase < 4);
                let phase = phase.ok_or(BadPacket::BadPhase(run))?;
                Self::AddBytes { destination, length: raw.count, addend, phase, token }
            }
            opcode::COPY_ROWS => Self::CopyRows {
                source,
                source_pitch: token,
                destination,
                destination_pitch: run,
                row_bytes: low_half(raw.count),
                rows: low_half(raw.count >> 16),
            },
            opcode::WAIT => {
                raw.unused(&[SOURCE_REGION, COUNT, RUN])?;
                Self::Wait { destination, value: raw.source, token }
            }
            opcode::SIGNAL => {
                raw.unused(&[SOURCE_REGION, COUNT, RUN])?;
                Self::Signal { destination, value: raw.source, token }
            }
            opcode::READ => {
                raw.unused(&[DESTINATION_REGION, COUNT])?;
                Self::Read { source, length: raw.destination, token, slot: run }
            }
            unknown => return Err(BadPacket::UnknownOpcode(unknown)),
        })
    }

    /// The fields of its bytes, in order, each with what it means under this opcode.
    #[must_use]
    pub fn fields(&self) -> Vec<PacketField> {
        fields_of_packet(&self.encode())
    }
}

/// The high and the low 32 bits.
fn halves(value: u64) -> (u32, u32) {
    let low = u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    (u32::try_from(value >> 32).unwrap_or(u32::MAX), low)
}

/// The low 16 bits.
fn low_half(value: u32) -> u16 {
    u16::try_from(value & u32::from(u16::MAX)).unwrap_or(u16::MAX)
}

fn aligned_frame(address: u64) -> Result<u64, BadPacket> {
    if address & FRAME_OFFSET == 0 { Ok(address) } else { Err(BadPacket::UnalignedFrame(address)) }
}

impl Raw {
    const fn reading(self, place: Place) -> Self {
        Self { source_region: place.region.0, source: place.address, ..self }
    }

    const fn writing(self, place: Place) -> Self {
        Self { destination_region: place.region.0, destination: place.address, ..self }
    }

    const fn source_place(&self) -> Place {
        Place { region: RegionId(self.source_region), address: self.source }
    }

    const fn destination_place(&self) -> Place {
        Place { region: RegionId(self.destination_region), address: self.destination }
    }

    /// Refuses the first of these fields that is not zero.
    fn unused(&self, fields: &[&'static str]) -> Result<(), BadPacket> {
        let is_zero = |field: &str| match field {
            SOURCE_REGION => self.source_region == 0,
            DESTINATION_REGION => self.destination_region == 0,
            COUNT => self.count == 0,
            SOURCE => self.source == 0,
            DESTINATION => self.destination == 0,
            TOKEN => self.token == 0,
            _ => self.run == 0,
        };
        match fields.iter().find(|field| !is_zero(field)) {
            Some(field) => Err(BadPacket::UnusedField { opcode: self.opcode, field }),
            None => Ok(()),
        }
    }

    fn encode(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&[
            self.opcode,
            WORDS,
            self.source_region,
            self.destination_region,
        ]);
        bytes[4..8].copy_from_slice(&self.count.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.source.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.destination.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.token.to_le_bytes());
        bytes[28..].copy_from_slice(&self.run.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, BadPacket> {
        let left = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let Some(packet) = bytes.first_chunk::<32>() else {
            return Err(BadPacket::Short(left));
        };
        let [opcode, words, source_region, destination_region, rest @ ..] = *packet;
        if !(opcode::PAD..=opcode::SIGNAL).contains(&opcode) {
            return Err(BadPacket::UnknownOpcode(opcode));
        }
        if words != WORDS {
            return Err(BadPacket::WrongLength(words));
        }
        let [c0, c1, c2, c3, rest @ ..] = rest;
        let [s0, s1, s2, s3, s4, s5, s6, s7, rest @ ..] = rest;
        let [d0, d1, d2, d3, d4, d5, d6, d7, rest @ ..] = rest;
        let [t0, t1, t2, t3, r0, r1, r2, r3] = rest;
        Ok(Self {
            opcode,
            source_region,
            destination_region,
            count: u32::from_le_bytes([c0, c1, c2, c3]),
            source: u64::from_le_bytes([s0, s1, s2, s3, s4, s5, s6, s7]),
            destination: u64::from_le_bytes([d0, d1, d2, d3, d4, d5, d6, d7]),
            token: u32::from_le_bytes([t0, t1, t2, t3]),
            run: u32::from_le_bytes([r0, r1, r2, r3]),
        })
    }
}
