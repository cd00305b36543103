//! The bytes of packets as fields, for whoever shows a buffer.

use std::ops::Range;

use super::packet::opcode;

/// What a field of a packet says, for colouring its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldRole {
    /// What is done.
    Operation,
    /// How much.
    Count,
    /// From where, or with what.
    Source,
    /// To where.
    Destination,
    /// Carried along for the driver and whoever reads the buffer.
    Token,
}

/// A field of a packet or record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketField {
    /// What it is called.
    pub name: &'static str,
    /// Its bytes, from the start of the packet.
    pub range: Range<usize>,
    /// What it says.
    pub role: FieldRole,
    /// Its value, read as a little-endian number.
    pub value: u64,
}

pub(super) const SOURCE_REGION: &str = "source region";
pub(super) const DESTINATION_REGION: &str = "destination region";
pub(super) const COUNT: &str = "count";
pub(super) const SOURCE: &str = "source";
pub(super) const DESTINATION: &str = "destination";
pub(super) const TOKEN: &str = "token";
pub(super) const RUN: &str = "run";

/// The fields of the 32 bytes of a packet, in order and without gaps. Bytes of no packet have the
/// same fields; what is missing at the end reads as zero and has no field.
#[must_use]
pub fn fields_of_packet(bytes: &[u8]) -> Vec<PacketField> {
    use FieldRole::{Count, Destination, Operation, Source, Token};
    let (count, source, destination, run) = match bytes.first() {
        Some(&opcode::FILL) => {
            (("bytes", Count), ("pattern", Source), DESTINATION, ("bytes, high", Count))
        }
        Some(&opcode::WRITE) => {
            (("bytes", Count), ("seed", Source), DESTINATION, ("bytes, high", Count))
        }
        Some(&opcode::WRITE_PART) => {
            (("bytes", Count), ("seed", Source), DESTINATION, ("phase", Source))
        }
        Some(&opcode::COPY_BYTES) => {
            (("bytes", Count), (SOURCE, Source), DESTINATION, ("bytes, high", Count))
        }
        Some(&opcode::CLEAR_PAGES) => {
            (("pages", Count), (SOURCE, Source), DESTINATION, (RUN, Token))
        }
        Some(&opcode::MAP_PAGES) => {
            (("pages", Count), ("frames", Source), DESTINATION, (RUN, Token))
        }
        Some(&opcode::UNMAP_PAGES) => {
            (("pages", Count), ("frame", Source), DESTINATION, (RUN, Token))
        }
        Some(&opcode::COPY_PAGES) => {
            (("pages", Count), (SOURCE, Source), DESTINATION, (RUN, Token))
        }
        Some(&opcode::ADD_BYTES) => {
            (("bytes", Count), ("addend", Source), DESTINATION, ("phase", Source))
        }
        Some(&opcode::COPY_ROWS) => (
            ("row bytes, rows", Count),
            (SOURCE, Source),
            DESTINATION,
            ("destination pitch", Count),
        ),
        Some(&opcode::WAIT | &opcode::SIGNAL) => {
            ((COUNT, Count), ("value", Source), DESTINATION, (RUN, Token))
        }
        Some(&opcode::READ) => ((COUNT, Count), (SOURCE, Source), "bytes", ("slot", Token)),
        _ => ((COUNT, Count), (SOURCE, Source), DESTINATION, (RUN, Token)),
    };
    let token = match bytes.first() {
        Some(&opcode::COPY_ROWS) => ("source pitch", Count),
        _ => (TOKEN, Token),
    };
    let destination_role = if destination == DESTINATION { Destination } else { Count };
    let layout = [
        ("opcode", 0..1, Operation),
        ("words", 1..2, Operation),
        (SOURCE_REGION, 2..3, Operation),
        (DESTINATION_REGION, 3..4, Operation),
        (count.0, 4..8, count.1),
        (source.0, 8..16, source.1),
        (destination, 16..24, destination_role),
        (token.0, 24..28, token.1),
        (run.0, 28..32, run.1),
    ];
    fields_in(bytes, layout)
}

/// The fields of a layout that lie in `bytes`, with their values.
pub(super) fn fields_in(
    bytes: &[u8],
    layout: impl IntoIterator<Item = (&'static str, Range<usize>, FieldRole)>,
) -> Vec<PacketField> {
    let field = |(name, range, role): (&'static str, Range<usize>, FieldRole)| {
        let value = bytes.get(range.clone())?;
        let value = value.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
        Some(PacketField { name, range, role, value })
    };
    layout.into_iter().filter_map(field).collect()
}
