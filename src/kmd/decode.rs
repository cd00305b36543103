//! Buffers for reading: what the bytes of a buffer say, packet by packet.

use std::ops::Range;

use crate::base::text;
use crate::gpu::{
    Fault, FieldRole, Packet, PacketField, PacketFormat, Place, Record, RecordBody, RecordSide,
    RecordTransfer, RegionId, fields_of_packet, fields_of_record,
};

/// A piece of text beside the bytes of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldText {
    /// Which bytes it is the meaning of, by colour.
    pub role: FieldRole,
    /// What they say.
    pub text: String,
}

/// A packet or record of a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedPacket {
    /// Its bytes, from the start of the buffer.
    pub range: Range<usize>,
    /// What it is called: an opcode's or an operation's name.
    pub name: &'static str,
    /// What it says, in the order of reading.
    pub texts: Vec<FieldText>,
    /// Its fields; ranges count from the start of the packet.
    pub fields: Vec<PacketField>,
    /// Why the hardware would refuse to read it.
    pub fault: Option<Fault>,
}

/// The packets of the bytes written to a buffer. What is left at the end is one that faults.
#[must_use]
pub fn decode(format: PacketFormat, buffer: &[u8]) -> Vec<DecodedPacket> {
    let size = usize::try_from(format.packet_size()).unwrap_or(usize::MAX).max(1);
    let chunks = buffer.chunks(size).zip((0..).step_by(size));
    let decoded = chunks.map(|(bytes, start)| {
        let range = start..start + bytes.len();
        let (fields, result) = match format {
            PacketFormat::Native => (
                fields_of_packet(bytes),
                Packet::decode(bytes).map(|packet| packet_texts(&packet)).map_err(Fault::from),
            ),
            PacketFormat::Record { .. } => (
                fields_of_record(bytes),
                Record::decode(bytes).map(|record| record_texts(&record)).map_err(Fault::from),
            ),
        };
        match result {
            Ok((name, texts)) => DecodedPacket { range, name, texts, fields, fault: None },
            Err(fault) => {
                let texts = vec![field(FieldRole::Operation, fault.to_string())];
                DecodedPacket { range, name: "Not a packet", texts, fields, fault: Some(fault) }
            }
        }
    });
    decoded.collect()
}

const fn field(role: FieldRole, text: String) -> FieldText {
    FieldText { role, text }
}

fn place(place: Place) -> String {
    if place.region == RegionId::SYSTEM {
        text::hex(place.address)
    } else {
        format!("{}:{}", place.region, text::hex(place.address))
    }
}

fn packet_texts(packet: &Packet) -> (&'static str, Vec<FieldText>) {
    use FieldRole::{Count, Destination, Source, Token};
    let pages = |count: u32| field(Count, text::counted(count.into(), "page"));
    let bytes = |length| field(Count, text::exact_size(length));
    let token = |token: u32| field(Token, format!("token {token:#X}"));
    let run = |run: u32| field(Token, format!("run {run}"));
    let texts = match *packet {
        Packet::Pad => Vec::new(),
        Packet::Fill { destination, length, pattern, token: name } => vec![
            bytes(length),
            field(Source, format!("pattern {}", text::word(pattern))),
            field(Destination, place(destination)),
            token(name),
        ],
        Packet::CopyPages { source, destination, pages: count, token: name, run: number } => vec![
            pages(count),
            field(Source, place(source)),
            field(Destination, place(destination)),
            token(name),
            run(number),
        ],
        Packet::MapPages {
            destination,
            frames,
            coherent,
            pages: count,
            token: name,
            run: number,
        } => {
            let coherent = if coherent { ", coherent" } else { "" };
            vec![
                pages(count),
                field(Source, format!("frames at {}{coherent}", text::hex(frames))),
                field(Destination, place(destination)),
                token(name),
                run(number),
            ]
        }
        Packet::UnmapPages { destination, frame, pages: count, token: name } => vec![
            pages(count),
            field(Source, format!("frame at {}", text::hex(frame))),
            field(Destination, place(destination)),
            token(name),
        ],
        Packet::ClearPages { destination, pages: count, token: name } => {
            vec![pages(count), field(Destination, place(destination)), token(name)]
        }
        Packet::CopyBytes { source, destination, length, token: name } => vec![
            bytes(length),
            field(Source, place(source)),
            field(Destination, place(destination)),
            token(name),
        ],
        Packet::ReadWord { source } => vec![bytes(Packet::WORD), field(Source, place(source))],
        Packet::WriteWord { destination } => {
            vec![bytes(Packet::WORD), field(Destination, place(destination))]
        }
        Packet::WritePart { destination, length, seed, phase, token: name } => vec![
            bytes(length.into()),
            field(Source, format!("seed {}, byte {phase}", text::hex(seed))),
            field(Destination, place(destination)),
            token(name),
        ],
        Packet::Write { destination, length, seed, token: name } => vec![
            bytes(length),
            field(Source, format!("seed {}", text::hex(seed))),
            field(Destination, place(destination)),
            token(name),
        ],
        Packet::AddBytes { destination, length, addend, phase, token: name } => vec![
            bytes(length.into()),
            field(Source, format!("addend {}, byte {phase}", text::word(addend))),
            field(Destination, place(destination)),
            token(name),
        ],
        Packet::CopyRows {
            source,
            source_pitch,
            destination,
            destination_pitch,
            row_bytes,
            rows,
        } => vec![
            field(Count, format!("{rows} rows of {row_bytes} bytes")),
            field(Source, place(source)),
            field(Count, format!("pitch {source_pitch}")),
            field(Destination, place(destination)),
            field(Count, format!("pitch {destination_pitch}")),
        ],
        Packet::Wait { destination, value, token: name } => vec![
            field(Source, format!("until at least {value}")),
            field(Destination, place(destination)),
            token(name),
        ],
        Packet::Signal { destination, value, token: name } => vec![
            field(Source, format!("value {value}")),
            field(Destination, place(destination)),
            token(name),
        ],
        Packet::Read { source, length, token: name, slot } => vec![
            bytes(length),
            field(Source, place(source)),
            token(name),
            field(Token, format!("slot {slot}")),
        ],
    };
    (packet.name(), texts)
}

fn record_texts(record: &Record) -> (&'static str, Vec<FieldText>) {
    use FieldRole::{Count, Destination, Operation, Source, Token};
    let side = |side: RecordSide, offset: u32, list_offset: u32| {
        if side.region == RegionId::SYSTEM {
            format!("page list at {}, entry {list_offset}", text::hex(side.address))
        } else {
            let start = place(Place { region: side.region, address: side.address });
            if offset == 0 { start } else { format!("{start} + {}", text::hex(offset.into())) }
        }
    };
    let moved = |transfer: RecordTransfer| {
        let RecordTransfer { token, offset, size, source, destination, list_offset, .. } = transfer;
        vec![
            field(Count, text::exact_size(size)),
            field(Source, side(source, offset, list_offset)),
            field(Destination, side(destination, offset, list_offset)),
            field(Token, format!("token {token:#X}")),
        ]
    };
    let word = || field(Count, text::exact_size(Packet::WORD));
    match record.body {
        RecordBody::Transfer(transfer) => ("Transfer", moved(transfer)),
        RecordBody::SpecialLockTransfer { transfer, range_id, .. } => {
            let mut texts = moved(transfer);
            texts.push(field(Token, format!("swizzling range {range_id}")));
            ("SpecialLockTransfer", texts)
        }
        RecordBody::ReadPhysical(source) => {
            ("ReadPhysical", vec![word(), field(Source, side(source, 0, 0))])
        }
        RecordBody::WritePhysical(destination) => {
            ("WritePhysical", vec![word(), field(Destination, side(destination, 0, 0))])
        }
        RecordBody::Fill { token, size, pattern, destination } => {
            let texts = vec![
                field(Count, text::exact_size(size)),
                field(Source, format!("pattern {}", text::word(pattern))),
                field(Destination, side(destination, 0, 0)),
                field(Token, format!("token {token:#X}")),
            ];
            ("Fill", texts)
        }
        RecordBody::Other(operation) => {
            ("Other", vec![field(Operation, format!("operation {operation}: nothing is done"))])
        }
    }
}
