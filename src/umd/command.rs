//! The commands of a command buffer: 40 bytes each, little-endian.
//!
//! | bytes  | field              | FILL    | COPY   | BLIT                   | ADD    | READ   | WRITE |
//! |--------|--------------------|---------|--------|------------------------|--------|--------|-------|
//! | 0      | opcode             | 0x01    | 0x02   | 0x03                   | 0x04   | 0x05   | 0x06  |
//! | 1..4   | zero               |         |        |                        |        |        |       |
//! | 4..6   | source entry       | 0       | entry  | entry                  | 0      | entry  | 0     |
//! | 6..8   | destination entry  | entry   | entry  | entry                  | entry  | 0      | entry |
//! | 8..16  | source offset      | 0       | offset | offset                 | 0      | offset | 0     |
//! | 16..24 | destination offset | offset  | offset | offset                 | offset | 0      | offset|
//! | 24..32 | length             | bytes   | bytes  | bytes of a row, rows   | bytes  | bytes  | bytes |
//! | 32..40 | argument           | pattern | 0      | source, dest. pitch    | addend | 0      | seed  |
//!
//! | bytes  | field              | DRAW     | UNBIND | WAIT   | SIGNAL |
//! |--------|--------------------|----------|--------|--------|--------|
//! | 0      | opcode             | 0x10     | 0x11   | 0x20   | 0x21   |
//! | 6..8   | destination entry  | 0        | 0      | entry  | entry  |
//! | 16..24 | destination offset | 0        | 0      | offset | offset |
//! | 24..32 | length             | accesses | 0      | 0      | 0      |
//! | 32..40 | argument           | 0        | 0      | value  | value  |
//!
//! Entries are indices of the allocation list. DRAW says that the READ and WRITE commands behind it,
//! so many, belong together: everything that they name must be resident at once. UNBIND unbinds what
//! draws bound. Fields that a command does not use are zero, so that each has exactly one encoding.

use std::ops::Range;

/// A place in an allocation: of the list, unless `I` says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operand<I = u16> {
    /// Which entry of the allocation list; before there is a list, what names the allocation.
    pub index: I,
    /// Bytes from the start of the allocation.
    pub offset: u64,
}

/// One command of a command buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BufferCommand<I = u16> {
    /// Repeats a little-endian 32-bit pattern.
    Fill {
        /// The first byte filled.
        destination: Operand<I>,
        /// Bytes.
        length: u64,
        /// The pattern.
        pattern: u32,
    },
    /// Copies bytes, as if all were read before the first is written.
    Copy {
        /// The first byte read.
        source: Operand<I>,
        /// The first byte written.
        destination: Operand<I>,
        /// Bytes.
        length: u64,
    },
    /// Copies rows that lie apart, as if all were read before the first is written.
    Blit {
        /// The first byte read.
        source: Operand<I>,
        /// Bytes from one row read to the next.
        source_pitch: u32,
        /// The first byte written.
        destination: Operand<I>,
        /// Bytes from one row written to the next.
        destination_pitch: u32,
        /// Bytes of a row.
        row_bytes: u32,
        /// Rows.
        rows: u32,
    },
    /// Reads, modifies and writes: adds the four bytes of the addend to the bytes of a range, over
    /// and over, lowest first, each for itself and without a carry.
    Add {
        /// The first byte.
        destination: Operand<I>,
        /// Bytes.
        length: u64,
        /// What is added.
        addend: u32,
    },
    /// The accesses behind it belong together.
    Draw {
        /// How many `Read` and `Write` commands follow.
        accesses: u32,
    },
    /// Reads a range; what it found is reported.
    Read {
        /// The first byte.
        source: Operand<I>,
        /// Bytes.
        length: u64,
    },
    /// Writes the pseudo-random bytes of a seed.
    Write {
        /// The first byte.
        destination: Operand<I>,
        /// Bytes.
        length: u64,
        /// Says which bytes.
        seed: u64,
    },
    /// What earlier draws bound is bound no more.
    Unbind,
    /// Waits until the 64 bits at a place are at least a value.
    Wait {
        /// Where they are.
        fence: Operand<I>,
        /// The value.
        value: u64,
    },
    /// Writes 64 bits.
    Signal {
        /// Where.
        fence: Operand<I>,
        /// The value.
        value: u64,
    },
}

/// Why bytes are no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCommand {
    /// The buffer ends inside the command.
    #[error("a command takes 40 bytes, {0} are left")]
    Short(usize),
    /// No command has this opcode.
    #[error("no command has the opcode {0:#04X}")]
    UnknownOpcode(u8),
    /// The opcode is one of the GPU's that users may not give: it changes page tables.
    #[error("opcode {0:#04X} is not for users")]
    Privileged(u8),
    /// A field that the command does not use is not zero.
    #[error("{field} is not used by opcode {opcode:#04X} and must be zero")]
    UnusedField {
        /// The opcode.
        opcode: u8,
        /// The field.
        field: &'static str,
    },
    /// A field holds more than the command can mean.
    #[error("{field} of opcode {opcode:#04X} is too large")]
    TooLarge {
        /// The opcode.
        opcode: u8,
        /// The field.
        field: &'static str,
    },
}

/// What a field of a command says, for colouring its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandRole {
    /// What is done.
    Operation,
    /// How much.
    Count,
    /// From where, or with what.
    Source,
    /// To where.
    Destination,
}

/// A field of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandField {
    /// What it is called.
    pub name: &'static str,
    /// Its bytes, from the start of the command.
    pub range: Range<usize>,
    /// What it says.
    pub role: CommandRole,
    /// Its value, read as a little-endian number.
    pub value: u64,
}

/// An operand of a command, with what the command does there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named<I = u16> {
    /// Where.
    pub operand: Operand<I>,
    /// The command writes there.
    pub written: bool,
}

mod opcode {
    pub(super) const FILL: u8 = 0x01;
    pub(super) const COPY: u8 = 0x02;
    pub(super) const BLIT: u8 = 0x03;
    pub(super) const ADD: u8 = 0x04;
    pub(super) const READ: u8 = 0x05;
    pub(super) const WRITE: u8 = 0x06;
    pub(super) const DRAW: u8 = 0x10;
    pub(super) const UNBIND: u8 = 0x11;
    pub(super) const WAIT: u8 = 0x20;
    pub(super) const SIGNAL: u8 = 0x21;
    /// The GPU's own that change page tables.
    pub(super) const PRIVILEGED: std::ops::RangeInclusive<u8> = 0x30..=0x3F;
}

const RESERVED: &str = "reserved";
const SOURCE_ENTRY: &str = "source entry";
const DESTINATION_ENTRY: &str = "destination entry";
const SOURCE_OFFSET: &str = "source offset";
const DESTINATION_OFFSET: &str = "destination offset";
const LENGTH: &str = "length";
const ARGUMENT: &str = "argument";

impl<I: Copy> BufferCommand<I> {
    /// The opcode's name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Fill { .. } => "FILL",
            Self::Copy { .. } => "COPY",
            Self::Blit { .. } => "BLIT",
            Self::Add { .. } => "ADD",
            Self::Draw { .. } => "DRAW",
            Self::Read { .. } => "READ",
            Self::Write { .. } => "WRITE",
            Self::Unbind => "UNBIND",
            Self::Wait { .. } => "WAIT",
            Self::Signal { .. } => "SIGNAL",
        }
    }

    /// What it names, the source before the destination. A draw names nothing: its accesses do.
    pub fn operands(&self) -> impl Iterator<Item = Named<I>> + use<I> {
        let read = |operand| Some(Named { operand, written: false });
        let write = |operand| Some(Named { operand, written: true });
        let both = match *self {
            Self::Fill { destination, .. }
            | Self::Add { destination, .. }
            | Self::Write { destination, .. }
            | Self::Signal { fence: destination, .. } => [None, write(destination)],
            Self::Copy { source, destination, .. } | Self::Blit { source, destination, .. } => {
                [read(source), write(destination)]
            }
            Self::Read { source, .. } | Self::Wait { fence: source, .. } => [read(source), None],
            Self::Draw { .. } | Self::Unbind => [None, None],
        };
        both.into_iter().flatten()
    }

    /// The same command with its allocations named otherwise.
    ///
    /// # Errors
    /// The first that `name` gives.
    pub fn renamed<J, E>(
        self,
        mut name: impl FnMut(I) -> Result<J, E>,
    ) -> Result<BufferCommand<J>, E> {
        let mut at = |Operand { index, offset }| Ok(Operand::<J> { index: name(index)?, offset });
        Ok(match self {
            Self::Fill { destination, length, pattern } => {
                BufferCommand::Fill { destination: at(destination)?, length, pattern }
            }
            Self::Copy { source, destination, length } => {
                BufferCommand::Copy { source: at(source)?, destination: at(destination)?, length }
            }
            Self::Blit {
                source,
                source_pitch,
                destination,
                destination_pitch,
                row_bytes,
                rows,
            } => BufferCommand::Blit {
                source: at(source)?,
                source_pitch,
                destination: at(destination)?,
                destination_pitch,
                row_bytes,
                rows,
            },
            Self::Add { destination, length, addend } => {
                BufferCommand::Add { destination: at(destination)?, length, addend }
            }
            Self::Draw { accesses } => BufferCommand::Draw { accesses },
            Self::Read { source, length } => BufferCommand::Read { source: at(source)?, length },
            Self::Write { destination, length, seed } => {
                BufferCommand::Write { destination: at(destination)?, length, seed }
            }
            Self::Unbind => BufferCommand::Unbind,
            Self::Wait { fence, value } => BufferCommand::Wait { fence: at(fence)?, value },
            Self::Signal { fence, value } => BufferCommand::Signal { fence: at(fence)?, value },
        })
    }
}

impl BufferCommand {
    /// Bytes of a command.
    pub const SIZE: usize = 40;

    /// The bytes of the command.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::SIZE] {
        self.raw().encode()
    }

    fn raw(&self) -> Raw {
        let of = |opcode| Raw { opcode, ..Raw::default() };
        match *self {
            Self::Fill { destination, length, pattern } => {
                Raw { length, argument: pattern.into(), ..of(opcode::FILL) }.writing(destination)
            }
            Self::Copy { source, destination, length } => {
                Raw { length, ..of(opcode::COPY) }.reading(source).writing(destination)
            }
            Self::Blit {
                source,
                source_pitch,
                destination,
                destination_pitch,
                row_bytes,
                rows,
            } => {
                let (length, argument) =
                    (joined(row_bytes, rows), joined(source_pitch, destination_pitch));
                let raw = Raw { length, argument, ..of(opcode::BLIT) };
                raw.reading(source).writing(destination)
            }
            Self::Add { destination, length, addend } => {
                Raw { length, argument: addend.into(), ..of(opcode::ADD) }.writing(destination)
            }
            Self::Draw { accesses } => Raw { length: accesses.into(), ..of(opcode::DRAW) },
            Self::Read { source, length } => Raw { length, ..of(opcode::READ) }.reading(source),
            Self::Write { destination, length, seed } => {
                Raw { length, argument: seed, ..of(opcode::WRITE) }.writing(destination)
            }
            Self::Unbind => of(opcode::UNBIND),
            Self::Wait { fence, value } => {
                Raw { argument: value, ..of(opcode::WAIT) }.writing(fence)
            }
            Self::Signal { fence, value } => {
                Raw { argument: value, ..of(opcode::SIGNAL) }.writing(fence)
            }
        }
    }

    /// Reads the command at the start of `bytes`.
    ///
    /// # Errors
    /// When they are no command; any bytes may be given. Whether what it names exists is not
    /// looked at.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadCommand> {
        let raw = Raw::decode(bytes)?;
        let (source, destination) = (raw.source(), raw.destination());
        let Raw { length, argument, .. } = raw;
        Ok(match raw.opcode {
            opcode::FILL => {
                raw.unused(&[RESERVED, SOURCE_ENTRY, SOURCE_OFFSET])?;
                Self::Fill { destination, length, pattern: raw.word("pattern", argument)? }
            }
            opcode::COPY => {
                raw.unused(&[RESERVED, ARGUMENT])?;
                Self::Copy { source, destination, length }
            }
            opcode::BLIT => {
                raw.unused(&[RESERVED])?;
                let ((row_bytes, rows), (source_pitch, destination_pitch)) =
                    (halves(length), halves(argument));
                Self::Blit { source, source_pitch, destination, destination_pitch, row_bytes, rows }
            }
            opcode::ADD => {
                raw.unused(&[RESERVED, SOURCE_ENTRY, SOURCE_OFFSET])?;
                Self::Add { destination, length, addend: raw.word("addend", argument)? }
            }
            opcode::READ => {
                raw.unused(&[RESERVED, DESTINATION_ENTRY, DESTINATION_OFFSET, ARGUMENT])?;
                Self::Read { source, length }
            }
            opcode::WRITE => {
                raw.unused(&[RESERVED, SOURCE_ENTRY, SOURCE_OFFSET])?;
                Self::Write { destination, length, seed: argument }
            }
            opcode::DRAW => {
                raw.unused(&[RESERVED, SOURCE_ENTRY, DESTINATION_ENTRY, SOURCE_OFFSET])?;
                raw.unused(&[DESTINATION_OFFSET, ARGUMENT])?;
                Self::Draw { accesses: raw.word("accesses", length)? }
            }
            opcode::UNBIND => {
                raw.unused(&[RESERVED, SOURCE_ENTRY, DESTINATION_ENTRY, SOURCE_OFFSET])?;
                raw.unused(&[DESTINATION_OFFSET, LENGTH, ARGUMENT])?;
                Self::Unbind
            }
            opcode::WAIT => {
                raw.unused(&[RESERVED, SOURCE_ENTRY, SOURCE_OFFSET, LENGTH])?;
                Self::Wait { fence: destination, value: argument }
            }
            opcode::SIGNAL => {
                raw.unused(&[RESERVED, SOURCE_ENTRY, SOURCE_OFFSET, LENGTH])?;
                Self::Signal { fence: destination, value: argument }
            }
            privileged if opcode::PRIVILEGED.contains(&privileged) => {
                return Err(BadCommand::Privileged(privileged));
            }
            unknown => return Err(BadCommand::UnknownOpcode(unknown)),
        })
    }

    /// The fields of its bytes, in order, each with what it means under this opcode.
    #[must_use]
    pub fn fields(&self) -> Vec<CommandField> {
        fields_of_command(&self.encode())
    }
}

/// The fields of the 40 bytes of a command, in order and without gaps. Bytes of no command have the
/// same fields; what is missing at the end has no field.
#[must_use]
pub fn fields_of_command(bytes: &[u8]) -> Vec<CommandField> {
    use CommandRole::{Count, Destination, Operation, Source};
    let whole =
        |length, argument| (vec![(length, 24..32, Count)], vec![(argument, 32..40, Source)]);
    let (lengths, arguments) = match bytes.first() {
        Some(&opcode::FILL) => whole("bytes", "pattern"),
        Some(&opcode::ADD) => whole("bytes", "addend"),
        Some(&opcode::WRITE) => whole("bytes", "seed"),
        Some(&(opcode::COPY | opcode::READ)) => whole("bytes", ARGUMENT),
        Some(&opcode::BLIT) => (
            vec![("row bytes", 24..28, Count), ("rows", 28..32, Count)],
            vec![("source pitch", 32..36, Count), ("destination pitch", 36..40, Count)],
        ),
        Some(&opcode::DRAW) => whole("accesses", ARGUMENT),
        Some(&(opcode::WAIT | opcode::SIGNAL)) => whole(LENGTH, "value"),
        _ => whole(LENGTH, ARGUMENT),
    };
    let layout = [
        ("opcode", 0..1, Operation),
        (RESERVED, 1..4, Operation),
        (SOURCE_ENTRY, 4..6, Source),
        (DESTINATION_ENTRY, 6..8, Destination),
        (SOURCE_OFFSET, 8..16, Source),
        (DESTINATION_OFFSET, 16..24, Destination),
    ];
    let field = |(name, range, role): (&'static str, Range<usize>, CommandRole)| {
        let value = bytes.get(range.clone())?;
        let value = value.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
        Some(CommandField { name, range, role, value })
    };
    layout.into_iter().chain(lengths).chain(arguments).filter_map(field).collect()
}

/// The fields of any command before its opcode says what they mean.
#[derive(Clone, Copy, Debug, Default)]
struct Raw {
    opcode: u8,
    reserved: [u8; 3],
    source_entry: u16,
    destination_entry: u16,
    source_offset: u64,
    destination_offset: u64,
    length: u64,
    argument: u64,
}

/// The low and the high 32 bits.
fn halves(value: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    (u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h]))
}

fn joined(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

impl Raw {
    const fn reading(self, operand: Operand) -> Self {
        Self { source_entry: operand.index, source_offset: operand.offset, ..self }
    }

    const fn writing(self, operand: Operand) -> Self {
        Self { destination_entry: operand.index, destination_offset: operand.offset, ..self }
    }

    const fn source(&self) -> Operand {
        Operand { index: self.source_entry, offset: self.source_offset }
    }

    const fn destination(&self) -> Operand {
        Operand { index: self.destination_entry, offset: self.destination_offset }
    }

    /// Refuses the first of these fields that is not zero.
    fn unused(&self, fields: &[&'static str]) -> Result<(), BadCommand> {
        let is_zero = |field: &str| match field {
            RESERVED => self.reserved == [0; 3],
            SOURCE_ENTRY => self.source_entry == 0,
            DESTINATION_ENTRY => self.destination_entry == 0,
            SOURCE_OFFSET => self.source_offset == 0,
            DESTINATION_OFFSET => self.destination_offset == 0,
            LENGTH => self.length == 0,
            _ => self.argument == 0,
        };
        match fields.iter().find(|field| !is_zero(field)) {
            Some(field) => Err(BadCommand::UnusedField { opcode: self.opcode, field }),
            None => Ok(()),
        }
    }

    /// A field of which only the low half may hold anything.
    fn word(&self, field: &'static str, value: u64) -> Result<u32, BadCommand> {
        u32::try_from(value).map_err(|_| BadCommand::TooLarge { opcode: self.opcode, field })
    }

    fn encode(&self) -> [u8; BufferCommand::SIZE] {
        let mut bytes = [0; BufferCommand::SIZE];
        bytes[0] = self.opcode;
        bytes[1..4].copy_from_slice(&self.reserved);
        bytes[4..6].copy_from_slice(&self.source_entry.to_le_bytes());
        bytes[6..8].copy_from_slice(&self.destination_entry.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.source_offset.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.destination_offset.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.length.to_le_bytes());
        bytes[32..].copy_from_slice(&self.argument.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Self, BadCommand> {
        let Some(command) = bytes.first_chunk::<{ BufferCommand::SIZE }>() else {
            return Err(BadCommand::Short(bytes.len()));
        };
        let [opcode, r0, r1, r2, s0, s1, d0, d1, words @ ..] = *command;
        let word = |at: usize| {
            let bytes = words.iter().skip(at).take(8).rev();
            bytes.fold(0, |value, byte| value << 8 | u64::from(*byte))
        };
        Ok(Self {
            opcode,
            reserved: [r0, r1, r2],
            source_entry: u16::from_le_bytes([s0, s1]),
            destination_entry: u16::from_le_bytes([d0, d1]),
            source_offset: word(0),
            destination_offset: word(8),
            length: word(16),
            argument: word(24),
        })
    }
}
