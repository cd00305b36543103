//! Bytes of packets and records, worked out by hand.

use super::*;

#[test]
fn packets_have_the_bytes_of_the_table() {
    let table: [(Packet, [u8; 32]); 14] = [
        (
            Packet::CopyPages {
                source: place(0, 0x52C1_0000),
                destination: place(2, 0x14D6_9000),
                pages: 4,
                token: 0x1C,
                run: 1023,
            },
            [
                0x21, 8, 0, 2, 4, 0, 0, 0, 0, 0, 0xC1, 0x52, 0, 0, 0, 0, //
                0, 0x90, 0xD6, 0x14, 0, 0, 0, 0, 0x1C, 0, 0, 0, 0xFF, 3, 0, 0,
            ],
        ),
        (
            Packet::Fill {
                destination: place(2, 0x1600_0000),
                length: 0x5_0040_0000,
                pattern: 0xDDCC_BBAA,
                token: 0x1D,
            },
            [
                0x11, 8, 0, 2, 0, 0, 0x40, 0, 0xAA, 0xBB, 0xCC, 0xDD, 0, 0, 0, 0, //
                0, 0, 0, 0x16, 0, 0, 0, 0, 0x1D, 0, 0, 0, 5, 0, 0, 0,
            ],
        ),
        (
            Packet::MapPages {
                destination: place(3, 0x3000),
                frames: 0x7000,
                coherent: true,
                pages: 2,
                token: 9,
                run: 1,
            },
            [
                0x31, 8, 0, 3, 2, 0, 0, 0, 1, 0x70, 0, 0, 0, 0, 0, 0, //
                0, 0x30, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0,
            ],
        ),
        (
            Packet::UnmapPages { destination: place(3, 0x3000), frame: 0x7000, pages: 2, token: 9 },
            [
                0x32, 8, 0, 3, 2, 0, 0, 0, 0, 0x70, 0, 0, 0, 0, 0, 0, //
                0, 0x30, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0,
            ],
        ),
        (
            Packet::Read { source: place(1, 0x10), length: 0x1_0000_0002, token: 3, slot: 7 },
            [
                0x22, 8, 1, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, //
                2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0,
            ],
        ),
        (
            Packet::CopyBytes {
                source: place(0, 0x52C1_0010),
                destination: place(2, 0x1001),
                length: 0x1_0000_0640,
                token: 0x1C,
            },
            [
                0x23, 8, 0, 2, 0x40, 6, 0, 0, 0x10, 0, 0xC1, 0x52, 0, 0, 0, 0, //
                1, 0x10, 0, 0, 0, 0, 0, 0, 0x1C, 0, 0, 0, 1, 0, 0, 0,
            ],
        ),
        (
            Packet::WritePart {
                destination: place(1, 0x2000),
                length: 0x640,
                seed: 0x0807_0605_0403_0201,
                phase: 0x12C0,
                token: 5,
            },
            [
                0x13, 8, 0, 1, 0x40, 6, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, //
                0, 0x20, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0xC0, 0x12, 0, 0,
            ],
        ),
        (
            Packet::ReadWord { source: place(3, 0x3001) },
            [
                0x24, 8, 3, 0, 0, 0, 0, 0, 1, 0x30, 0, 0, 0, 0, 0, 0, //
                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ],
        ),
        (
            Packet::WriteWord { destination: place(3, 0x3001) },
            [
                0x14, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
                1, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ],
        ),
        (
            Packet::ClearPages { destination: place(3, 0x3000), pages: 2, token: 9 },
            [
                0x33, 8, 0, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, //
                0, 0x30, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0,
            ],
        ),
        (
            Packet::AddBytes {
                destination: place(1, 0x2001),
                length: 0x640,
                addend: 0x0403_0201,
                phase: 3,
                token: 5,
            },
            [
                0x15, 8, 0, 1, 0x40, 6, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, //
                1, 0x20, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0,
            ],
        ),
        (
            Packet::CopyRows {
                source: place(1, 0x2000),
                source_pitch: 0x1900,
                destination: place(2, 0x3000),
                destination_pitch: 0x0102_0304,
                row_bytes: 0x640,
                rows: 0x12,
            },
            [
                0x25, 8, 1, 2, 0x40, 6, 0x12, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, //
                0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0x19, 0, 0, 4, 3, 2, 1,
            ],
        ),
        (
            Packet::Wait { destination: place(3, 0x3008), value: 0x0807_0605_0403_0201, token: 9 },
            [
                0x41, 8, 0, 3, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, //
                8, 0x30, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0,
            ],
        ),
        (
            Packet::Signal { destination: place(3, 0x3008), value: 7, token: 9 },
            [
                0x42, 8, 0, 3, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, //
                8, 0x30, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0,
            ],
        ),
    ];
    for (packet, bytes) in table {
        assert_eq!(packet.encode(), bytes, "{packet:?}");
        assert_eq!(Packet::decode(&bytes), Ok(packet));
    }
}

#[test]
fn whatever_decodes_encodes_to_the_same_bytes() {
    let seed = 0x9AC4;
    let mut rng = SplitMix::new(seed);
    let opcodes = [
        0x01, 0x11, 0x12, 0x13, 0x14, 0x15, 0x21, 0x22, 0x23, 0x24, 0x25, 0x31, 0x32, 0x33, 0x41,
        0x42,
    ];
    let mut packets = 0;
    for round in 0..20_000 {
        let mut bytes: Vec<u8> = (0..4).flat_map(|_| rng.next_u64().to_le_bytes()).collect();
        if round % 4 > 0 {
            bytes[0] = opcodes[rng.below(16) as usize];
            bytes[1] = 8;
        }
        // Zeros where an opcode wants them, about half of the time each.
        for range in [2..3, 3..4, 4..8, 8..16, 12..16, 16..24, 24..28, 28..32] {
            if rng.below(2) == 0 {
                bytes[range].fill(0);
            }
        }
        bytes.truncate(if rng.below(16) == 0 { rng.below(32) as usize } else { 32 });
        if let Ok(packet) = Packet::decode(&bytes) {
            assert_eq!(packet.encode()[..], bytes, "seed {seed}, round {round}");
            packets += 1;
        }
    }
    assert!(packets > 1_000, "only {packets} decoded");
}

#[test]
fn bytes_that_are_no_packet_say_why() {
    let good = Packet::Pad.encode();
    let with = |index: usize, value: u8| {
        let mut bytes = good;
        bytes[index] = value;
        Packet::decode(&bytes)
    };
    assert_eq!(Packet::decode(&good[..31]), Err(BadPacket::Short(31)));
    assert_eq!(Packet::decode(&[0; 32]), Err(BadPacket::UnknownOpcode(0)));
    assert_eq!(with(0, 0x16), Err(BadPacket::UnknownOpcode(0x16)));
    assert_eq!(with(0, 0x43), Err(BadPacket::UnknownOpcode(0x43)));
    assert_eq!(with(0, 0xFF), Err(BadPacket::UnknownOpcode(0xFF)));
    assert_eq!(with(1, 7), Err(BadPacket::WrongLength(7)));
    assert_eq!(with(9, 1), Err(BadPacket::UnusedField { opcode: 1, field: "source" }));
    let add = |index: usize, value: u8| {
        let mut bytes = [0; 32];
        bytes[..2].copy_from_slice(&[0x15, 8]);
        bytes[index] = value;
        Packet::decode(&bytes)
    };
    assert_eq!(add(28, 4), Err(BadPacket::BadPhase(4)));
    assert_eq!(add(29, 1), Err(BadPacket::BadPhase(256)));
    assert_eq!(add(12, 1), Err(BadPacket::UnusedField { opcode: 0x15, field: "source" }));
}

#[test]
fn fields_cover_every_byte_of_a_packet_once() {
    for opcode in 0..=u8::MAX {
        let mut bytes = [0; 32];
        bytes[0] = opcode;
        let mut next = 0;
        for field in fields_of_packet(&bytes) {
            assert_eq!(field.range.start, next, "opcode {opcode:#X}");
            next = field.range.end;
        }
        assert_eq!(next, 32, "opcode {opcode:#X}");
    }
    let fill = Packet::Fill { destination: place(1, 5), length: 6, pattern: 7, token: 8 };
    let fields = fill.fields();
    let pattern = fields.iter().find(|field| field.name == "pattern").expect("fills have one");
    assert_eq!((pattern.range.clone(), pattern.value), (8..16, 7));
    assert_eq!(pattern.role, FieldRole::Source);
}

/// Offsets from the alignment rules of a 64-bit C compiler, applied by hand: a member begins
/// at the next multiple of its own size, a structure at that of its largest member.
#[test]
fn record_fields_lie_where_a_c_compiler_puts_them() {
    let record = Record {
        buffer: 0x0101_0101_0101_0101,
        buffer_size: 0x0202_0202,
        private_data: 0x0303_0303_0303_0303,
        private_data_size: 0x0404_0404,
        progress: 0x0606_0606,
        body: RecordBody::Transfer(RecordTransfer {
            token: 0x0707_0707_0707_0707,
            offset: 0x0808_0808,
            size: 0x0909_0909_0909_0909,
            source: RecordSide { region: RegionId(0x0A), address: 0x0B0B_0B0B_0B0B_0B0B },
            destination: RecordSide { region: RegionId(0x0C), address: 0x0D0D_0D0D_0D0D_0D0D },
            flags: 0x0E0E_0E0E,
            list_offset: 0x0F0F_0F0F,
        }),
        context: 0x1010_1010_1010_1010,
    };
    let mut expected = [0_u8; 304];
    for (start, len, value) in [
        (0, 8, 1),
        (8, 4, 2),
        (16, 8, 3),
        (24, 4, 4),
        (32, 4, 6),
        (40, 8, 7),
        (48, 4, 8),
        (56, 8, 9),
        (64, 1, 0x0A),
        (72, 8, 0x0B),
        (80, 1, 0x0C),
        (88, 8, 0x0D),
        (96, 4, 0x0E),
        (100, 4, 0x0F),
        (296, 8, 0x10),
    ] {
        expected[start..start + len].fill(value);
    }
    assert_eq!(record.encode(), expected);
    assert_eq!(Record::decode(&expected), Ok(record));

    let destination = RecordSide { region: RegionId(2), address: 0x5555 };
    let body = RecordBody::Fill { token: 1, size: 2, pattern: 3, destination };
    let bytes = Record { body, ..record }.encode();
    for (offset, value) in [(28, 1), (40, 1), (48, 2), (56, 3), (64, 2), (72, 0x55)] {
        assert_eq!(bytes[offset], value, "byte {offset}");
    }
    assert_eq!(Record::decode(&bytes), Ok(Record { body, ..record }));
}

/// The structures of the other operations, by the same rules: handles and sizes of 64 bits at
/// multiples of 8, words at multiples of 4.
#[test]
fn records_of_the_other_operations_lie_where_a_c_compiler_puts_them() {
    let record = |body| Record {
        buffer: 0,
        buffer_size: 0,
        private_data: 0,
        private_data_size: 0,
        progress: 0,
        body,
        context: 0,
    };
    let side = |region, address| RecordSide { region: RegionId(region), address };
    let transfer = RecordTransfer {
        token: 0x11,
        offset: 0x22,
        size: 0x33,
        source: side(4, 0x55),
        destination: side(6, 0x77),
        flags: 0x18,
        list_offset: 0,
    };
    let special =
        RecordBody::SpecialLockTransfer { transfer, range_id: 0x99, range_data: 0xAABB_CCDD };
    // hAllocation 40, TransferOffset 48, TransferSize 56, Source 64 and 72, Destination 80 and 88,
    // Flags 96, SwizzlingRangeId 100, SwizzlingRangeData 104.
    let table: [(RecordBody, &[(usize, u8)]); 3] = [
        (
            special,
            &[
                (28, 7),
                (40, 0x11),
                (48, 0x22),
                (56, 0x33),
                (64, 4),
                (72, 0x55),
                (80, 6),
                (88, 0x77),
                (96, 0x18),
                (100, 0x99),
                (104, 0xDD),
                (105, 0xCC),
                (106, 0xBB),
                (107, 0xAA),
            ],
        ),
        // SegmentId 40, PhysicalAddress 48.
        (RecordBody::ReadPhysical(side(2, 0x55)), &[(28, 3), (40, 2), (48, 0x55)]),
        (RecordBody::WritePhysical(side(2, 0x55)), &[(28, 4), (40, 2), (48, 0x55)]),
    ];
    for (body, bytes) in table {
        let mut expected = [0; 304];
        for (at, byte) in bytes {
            expected[*at] = *byte;
        }
        assert_eq!(record(body).encode(), expected, "{body:?}");
        assert_eq!(Record::decode(&expected), Ok(record(body)));
    }
}

#[test]
fn random_bytes_are_a_record_or_say_why_not() {
    let mut rng = SplitMix::new(5);
    let mut regions_refused = 0;
    for round in 0..2_000_u32 {
        let mut bytes: Vec<u8> = (0..40).flat_map(|_| rng.next_u64().to_le_bytes()).collect();
        bytes[28..32].copy_from_slice(&(round % 9).to_le_bytes());
        bytes.truncate(if round % 7 == 0 { rng.below(304) as usize } else { 320 });
        match Record::decode(&bytes) {
            Ok(record) => assert!(bytes.len() >= 304 && record.operation() == round % 9),
            Err(BadRecord::Short { left, .. }) => assert_eq!(left as usize, bytes.len()),
            Err(BadRecord::UnknownRegion(region)) => {
                assert!(region > 255);
                regions_refused += 1;
            }
        }
    }
    assert!(regions_refused > 0);
}
