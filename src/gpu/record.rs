//! The second packet format: one record for each operation, as a driver's software would keep it.
//!
//! A record is a C structure with the alignment rules of a 64-bit compiler; everything is
//! little-endian. It is at least 304 bytes long, and whatever lies between the fields is ignored.
//!
//! | bytes    | field                                                            |
//! |----------|------------------------------------------------------------------|
//! | 0..8     | pointer to the buffer, as the driver saw it                      |
//! | 8..12    | bytes that were left in the buffer                               |
//! | 16..24   | pointer to private data, as the driver saw it                    |
//! | 24..28   | bytes that were left of private data                             |
//! | 28..32   | operation: 0 and 7 transfer, 1 fills, 3 and 4 reach a word        |
//! | 32..36   | progress of an operation in several records                      |
//! | 40..296  | the operation's own fields, below                                |
//! | 296..304 | the context                                                      |
//! | 304..312 | virtual address of the buffer, in records of 312 bytes or more   |
//! | 312..320 | offset in the buffer, in records of 320 bytes or more            |
//!
//! | bytes    | transfer                       | fill                     |
//! |----------|--------------------------------|--------------------------|
//! | 40..48   | token                          | token                    |
//! | 48..52   | offset added to region sides   | bytes, 48..56            |
//! | 56..64   | bytes                          | 32-bit pattern, 56..60   |
//! | 64..68   | source region                  | destination region       |
//! | 72..80   | source address                 | destination address      |
//! | 80..84   | destination region             |                          |
//! | 88..96   | destination address            |                          |
//! | 96..100  | flags                          |                          |
//! | 100..104 | first entry of page lists      |                          |
//!
//! Operation 7 is a transfer with two more fields of the driver's in 100..104 and 104..108, and
//! without an entry: its lists begin at the first. Operations 3 and 4 read and write the aligned
//! 32-bit word around the address in 48..56 of the region in 40..44; a write puts back what is
//! there.
//!
//! A side in region 0 is a page list: its address is where an array of 64-bit frame numbers begins
//! in system memory.

use std::ops::Range;

use super::fields::fields_in;
use super::{FieldRole, Packet, PacketField, RegionId};

/// One side of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordSide {
    /// The region; 0 for a page list.
    pub region: RegionId,
    /// Byte offset in the region, or physical address of the array of frame numbers.
    pub address: u64,
}

/// The fields that every transfer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordTransfer {
    /// The driver's.
    pub token: u64,
    /// Bytes added to the addresses of sides in regions.
    pub offset: u32,
    /// Bytes.
    pub size: u64,
    /// Read from.
    pub source: RecordSide,
    /// Written to.
    pub destination: RecordSide,
    /// The driver's.
    pub flags: u32,
    /// First entry of page lists; not in the bytes of operation 7.
    pub list_offset: u32,
}

/// What a record asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordBody {
    /// Operation 0.
    Transfer(RecordTransfer),
    /// Operation 1.
    Fill {
        /// The driver's.
        token: u64,
        /// Bytes.
        size: u64,
        /// Repeated from its first byte on.
        pattern: u32,
        /// Written to; a region.
        destination: RecordSide,
    },
    /// Operation 3: reads a word and tells nobody.
    ReadPhysical(RecordSide),
    /// Operation 4: writes what is there.
    WritePhysical(RecordSide),
    /// Operation 7.
    SpecialLockTransfer {
        /// What moves.
        transfer: RecordTransfer,
        /// The driver's.
        range_id: u32,
        /// The driver's.
        range_data: u32,
    },
    /// Any other operation: nothing for the hardware to do.
    Other(u32),
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Pointer to the buffer, as the driver saw it.
    pub buffer: u64,
    /// Bytes that were left in the buffer.
    pub buffer_size: u32,
    /// Pointer to private data, as the driver saw it.
    pub private_data: u64,
    /// Bytes that were left of private data.
    pub private_data_size: u32,
    /// Progress of the operation.
    pub progress: u32,
    /// What it asks for.
    pub body: RecordBody,
    /// The context.
    pub context: u64,
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// The buffer ends inside the record.
    #[error("a record takes {needed} bytes, {left} are left")]
    Short {
        /// Bytes of a record.
        needed: u32,
        /// Bytes there are.
        left: u32,
    },
    /// No region has this number.
    #[error("there is no region {0}")]
    UnknownRegion(u32),
}

const BUFFER: Range<usize> = 0..8;
const BUFFER_SIZE: Range<usize> = 8..12;
const PRIVATE_DATA: Range<usize> = 16..24;
const PRIVATE_DATA_SIZE: Range<usize> = 24..28;
const OPERATION: Range<usize> = 28..32;
const PROGRESS: Range<usize> = 32..36;
const TOKEN: Range<usize> = 40..48;
const TRANSFER_OFFSET: Range<usize> = 48..52;
const TRANSFER_SIZE: Range<usize> = 56..64;
const SOURCE_REGION: Range<usize> = 64..68;
const SOURCE_ADDRESS: Range<usize> = 72..80;
const DESTINATION_REGION: Range<usize> = 80..84;
const DESTINATION_ADDRESS: Range<usize> = 88..96;
const FLAGS: Range<usize> = 96..100;
const LIST_OFFSET: Range<usize> = 100..104;
const RANGE_ID: Range<usize> = 100..104;
const RANGE_DATA: Range<usize> = 104..108;
const PHYSICAL_REGION: Range<usize> = 40..44;
const PHYSICAL_ADDRESS: Range<usize> = 48..56;
const FILL_SIZE: Range<usize> = 48..56;
const FILL_PATTERN: Range<usize> = 56..60;
const FILL_REGION: Range<usize> = 64..68;
const FILL_ADDRESS: Range<usize> = 72..80;
const CONTEXT: Range<usize> = 296..304;
const VIRTUAL_ADDRESS: Range<usize> = 304..312;
const WRITE_OFFSET: Range<usize> = 312..320;

impl Record {
    /// Bytes of the shortest record.
    pub const MIN_SIZE: u32 = 304;

    /// Bytes of the shortest record, as a length.
    const MIN_LEN: usize = 304;

    /// The number of the operation.
    #[must_use]
    pub const fn operation(&self) -> u32 {
        match self.body {
            RecordBody::Transfer(_) => 0,
            RecordBody::Fill { .. } => 1,
            RecordBody::ReadPhysical(_) => 3,
            RecordBody::WritePhysical(_) => 4,
            RecordBody::SpecialLockTransfer { .. } => 7,
            RecordBody::Other(operation) => operation,
        }
    }

    /// Bytes that it moves or fills.
    #[must_use]
    pub const fn moved_bytes(&self) -> u64 {
        match self.body {
            RecordBody::Transfer(transfer) | RecordBody::SpecialLockTransfer { transfer, .. } => {
                transfer.size
            }
            RecordBody::Fill { size, .. } => size,
            RecordBody::ReadPhysical(_) | RecordBody::WritePhysical(_) => Packet::WORD,
            RecordBody::Other(_) => 0,
        }
    }

    /// The record without its padding. What follows in a longer record is zero.
    #[must_use]
    pub fn encode(&self) -> [u8; 304] {
        let mut bytes = [0; Self::MIN_LEN];
        let mut put = |range: Range<usize>, value: u64| {
            let len = range.len();
            bytes[range].copy_from_slice(&value.to_le_bytes()[..len]);
        };
        put(BUFFER, self.buffer);
        put(BUFFER_SIZE, self.buffer_size.into());
        put(PRIVATE_DATA, self.private_data);
        put(PRIVATE_DATA_SIZE, self.private_data_size.into());
        put(OPERATION, self.operation().into());
        put(PROGRESS, self.progress.into());
        put(CONTEXT, self.context);
        match self.body {
            RecordBody::Transfer(transfer) | RecordBody::SpecialLockTransfer { transfer, .. } => {
                put(TOKEN, transfer.token);
                put(TRANSFER_OFFSET, transfer.offset.into());
                put(TRANSFER_SIZE, transfer.size);
                put(SOURCE_REGION, transfer.source.region.0.into());
                put(SOURCE_ADDRESS, transfer.source.address);
                put(DESTINATION_REGION, transfer.destination.region.0.into());
                put(DESTINATION_ADDRESS, transfer.destination.address);
                put(FLAGS, transfer.flags.into());
            }
            RecordBody::ReadPhysical(side) | RecordBody::WritePhysical(side) => {
                put(PHYSICAL_REGION, side.region.0.into());
                put(PHYSICAL_ADDRESS, side.address);
            }
            RecordBody::Fill { token, size, pattern, destination } => {
                put(TOKEN, token);
                put(FILL_SIZE, size);
                put(FILL_PATTERN, pattern.into());
                put(FILL_REGION, destination.region.0.into());
                put(FILL_ADDRESS, destination.address);
            }
            RecordBody::Other(_) => {}
        }
        match self.body {
            RecordBody::Transfer(transfer) => put(LIST_OFFSET, transfer.list_offset.into()),
            RecordBody::SpecialLockTransfer { range_id, range_data, .. } => {
                put(RANGE_ID, range_id.into());
                put(RANGE_DATA, range_data.into());
            }
            _ => {}
        }
        bytes
    }

    /// Reads the record at the start of `bytes`.
    ///
    /// # Errors
    /// When they are no record; any bytes may be given.
    pub fn decode(bytes: &[u8]) -> Result<Self, BadRecord> {
        let left = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let Some(bytes) = bytes.first_chunk::<{ Self::MIN_LEN }>() else {
            return Err(BadRecord::Short { needed: Self::MIN_SIZE, left });
        };
        let body = match number(bytes, OPERATION) {
            0 => RecordBody::Transfer(RecordTransfer {
                list_offset: number(bytes, LIST_OFFSET),
                ..transfer(bytes)?
            }),
            3 => RecordBody::ReadPhysical(side(bytes, PHYSICAL_REGION, PHYSICAL_ADDRESS)?),
            4 => RecordBody::WritePhysical(side(bytes, PHYSICAL_REGION, PHYSICAL_ADDRESS)?),
            7 => RecordBody::SpecialLockTransfer {
                transfer: transfer(bytes)?,
                range_id: number(bytes, RANGE_ID),
                range_data: number(bytes, RANGE_DATA),
            },
            1 => RecordBody::Fill {
                token: long_number(bytes, TOKEN),
                size: long_number(bytes, FILL_SIZE),
                pattern: number(bytes, FILL_PATTERN),
                destination: side(bytes, FILL_REGION, FILL_ADDRESS)?,
            },
            other => RecordBody::Other(other),
        };
        Ok(Self {
            buffer: long_number(bytes, BUFFER),
            buffer_size: number(bytes, BUFFER_SIZE),
            private_data: long_number(bytes, PRIVATE_DATA),
            private_data_size: number(bytes, PRIVATE_DATA_SIZE),
            progress: number(bytes, PROGRESS),
            body,
            context: long_number(bytes, CONTEXT),
        })
    }
}

fn long_number(bytes: &[u8; 304], range: Range<usize>) -> u64 {
    bytes[range].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

fn number(bytes: &[u8; 304], range: Range<usize>) -> u32 {
    bytes[range].iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
}

/// The fields that every transfer has; its lists begin at their first entry.
fn transfer(bytes: &[u8; 304]) -> Result<RecordTransfer, BadRecord> {
    Ok(RecordTransfer {
        token: long_number(bytes, TOKEN),
        offset: number(bytes, TRANSFER_OFFSET),
        size: long_number(bytes, TRANSFER_SIZE),
        source: side(bytes, SOURCE_REGION, SOURCE_ADDRESS)?,
        destination: side(bytes, DESTINATION_REGION, DESTINATION_ADDRESS)?,
        flags: number(bytes, FLAGS),
        list_offset: 0,
    })
}

fn side(
    bytes: &[u8; 304],
    region: Range<usize>,
    address: Range<usize>,
) -> Result<RecordSide, BadRecord> {
    let number = number(bytes, region);
    let region = u8::try_from(number).map_err(|_| BadRecord::UnknownRegion(number))?;
    Ok(RecordSide { region: RegionId(region), address: long_number(bytes, address) })
}

/// The fields of the bytes of a record, in order; the gaps between them are padding. Fields that
/// lie beyond the bytes are left out.
#[must_use]
pub fn fields_of_record(bytes: &[u8]) -> Vec<PacketField> {
    use FieldRole::{Count, Destination, Operation, Source, Token};
    let mut layout = vec![
        ("buffer", BUFFER, Token),
        ("buffer size", BUFFER_SIZE, Token),
        ("private data", PRIVATE_DATA, Token),
        ("private data size", PRIVATE_DATA_SIZE, Token),
        ("operation", OPERATION, Operation),
        ("progress", PROGRESS, Operation),
    ];
    let operation = bytes.get(OPERATION).map_or(&[][..], |bytes| bytes);
    if operation == [0; 4] || operation == [7, 0, 0, 0] {
        layout.extend([
            ("token", TOKEN, Token),
            ("offset", TRANSFER_OFFSET, Count),
            ("bytes", TRANSFER_SIZE, Count),
            ("source region", SOURCE_REGION, Source),
            ("source", SOURCE_ADDRESS, Source),
            ("destination region", DESTINATION_REGION, Destination),
            ("destination", DESTINATION_ADDRESS, Destination),
            ("flags", FLAGS, Operation),
        ]);
        if operation == [0; 4] {
            layout.push(("first list entry", LIST_OFFSET, Count));
        } else {
            layout.push(("swizzling range", RANGE_ID, Token));
            layout.push(("swizzling data", RANGE_DATA, Token));
        }
    } else if operation == [3, 0, 0, 0] {
        layout.push(("source region", PHYSICAL_REGION, Source));
        layout.push(("source", PHYSICAL_ADDRESS, Source));
    } else if operation == [4, 0, 0, 0] {
        layout.push(("destination region", PHYSICAL_REGION, Destination));
        layout.push(("destination", PHYSICAL_ADDRESS, Destination));
    } else if operation == [1, 0, 0, 0] {
        layout.extend([
            ("token", TOKEN, Token),
            ("bytes", FILL_SIZE, Count),
            ("pattern", FILL_PATTERN, Source),
            ("destination region", FILL_REGION, Destination),
            ("destination", FILL_ADDRESS, Destination),
        ]);
    }
    layout.extend([
        ("context", CONTEXT, Token),
        ("buffer virtual address", VIRTUAL_ADDRESS, Token),
        ("buffer offset", WRITE_OFFSET, Token),
    ]);
    fields_in(bytes, layout)
}
