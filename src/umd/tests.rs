//! Commands byte by byte, and command buffers by hand.

use super::*;
use crate::base::{AllocationId, SplitMix};

const SIZE: usize = BufferCommand::SIZE;

fn at(index: u16, offset: u64) -> Operand {
    Operand { index, offset }
}

/// The 40 bytes of a command in hexadecimal, by fields.
fn bytes(fields: &str) -> Vec<u8> {
    let digits: Vec<char> = fields.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("hexadecimal")).collect()
}

/// Opcode and zeros, entries, source offset, destination offset, length, argument: written down from
/// the table of the format.
fn table() -> Vec<(BufferCommand, &'static str, &'static str)> {
    vec![
        (
            BufferCommand::Fill {
                destination: at(0x0102, 0x10),
                length: 0x20,
                pattern: 0xA1B2C3D4,
            },
            "FILL",
            "01000000 0000 0201 0000000000000000 1000000000000000 2000000000000000
             D4C3B2A100000000",
        ),
        (
            BufferCommand::Copy { source: at(1, 0x100), destination: at(2, 0x0200), length: 3 },
            "COPY",
            "02000000 0100 0200 0001000000000000 0002000000000000 0300000000000000
             0000000000000000",
        ),
        (
            BufferCommand::Blit {
                source: at(0xFFFF, 1),
                source_pitch: 0x400,
                destination: at(3, u64::MAX),
                destination_pitch: 0x800,
                row_bytes: 0x30,
                rows: 0x1_0000,
            },
            "BLIT",
            "03000000 FFFF 0300 0100000000000000 FFFFFFFFFFFFFFFF 3000000000000100
             0004000000080000",
        ),
        (
            BufferCommand::Add { destination: at(4, 5), length: 1 << 33, addend: 1 },
            "ADD",
            "04000000 0000 0400 0000000000000000 0500000000000000 0000000002000000
             0100000000000000",
        ),
        (
            BufferCommand::Read { source: at(6, 7), length: 8 },
            "READ",
            "05000000 0600 0000 0700000000000000 0000000000000000 0800000000000000
             0000000000000000",
        ),
        (
            BufferCommand::Write {
                destination: at(9, 10),
                length: 11,
                seed: 0x0123_4567_89AB_CDEF,
            },
            "WRITE",
            "06000000 0000 0900 0000000000000000 0A00000000000000 0B00000000000000
             EFCDAB8967452301",
        ),
        (
            BufferCommand::Draw { accesses: 0x0102_0304 },
            "DRAW",
            "10000000 0000 0000 0000000000000000 0000000000000000 0403020100000000
             0000000000000000",
        ),
        (
            BufferCommand::Unbind,
            "UNBIND",
            "11000000 0000 0000 0000000000000000 0000000000000000 0000000000000000
             0000000000000000",
        ),
        (
            BufferCommand::Wait { fence: at(12, 16), value: u64::MAX },
            "WAIT",
            "20000000 0000 0C00 0000000000000000 1000000000000000 0000000000000000
             FFFFFFFFFFFFFFFF",
        ),
        (
            BufferCommand::Signal { fence: at(13, 24), value: 1 },
            "SIGNAL",
            "21000000 0000 0D00 0000000000000000 1800000000000000 0000000000000000
             0100000000000000",
        ),
    ]
}

#[test]
fn commands_are_the_bytes_of_the_format() {
    for (command, name, written) in table() {
        let written = bytes(written);
        assert_eq!(command.encode()[..], written[..], "{name}");
        assert_eq!(BufferCommand::decode(&written), Ok(command));
        assert_eq!(command.name(), name);
        let longer = [&written[..], &[0xEE; 7]].concat();
        assert_eq!(BufferCommand::decode(&longer), Ok(command), "what follows is not looked at");
        for short in 0..SIZE {
            assert_eq!(BufferCommand::decode(&written[..short]), Err(BadCommand::Short(short)));
        }
    }
}

#[test]
fn unused_fields_must_be_zero_and_halves_must_fit() {
    const FIELDS: [(&str, usize); 7] = [
        ("reserved", 1),
        ("source entry", 4),
        ("destination entry", 6),
        ("source offset", 15),
        ("destination offset", 16),
        ("length", 31),
        ("argument", 39),
    ];
    // By the table: what each command uses, in the order above.
    let used = [
        ("FILL", "..x.xxL"),
        ("COPY", ".xxxxx."),
        ("BLIT", ".xxxxxx"),
        ("ADD", "..x.xxL"),
        ("READ", ".x.x.x."),
        ("WRITE", "..x.xxx"),
        ("DRAW", ".....L."),
        ("UNBIND", "......."),
        ("WAIT", "..x.x.x"),
        ("SIGNAL", "..x.x.x"),
    ];
    for ((_, name, written), (named, uses)) in table().into_iter().zip(used) {
        assert_eq!(name, named);
        for ((field, byte), used) in FIELDS.into_iter().zip(uses.chars()) {
            let mut bytes = bytes(written);
            bytes[byte] ^= 0x80;
            let opcode = bytes[0];
            let result = BufferCommand::decode(&bytes);
            match used {
                'x' => assert!(result.is_ok(), "{name}, {field}"),
                'L' => {
                    assert!(
                        matches!(result, Err(BadCommand::TooLarge { opcode: of, .. }) if of == opcode),
                        "{name}, {field}: {result:?}"
                    );
                }
                _ => {
                    let refused = BadCommand::UnusedField { opcode, field };
                    assert_eq!(result, Err(refused), "{name}, {field}");
                }
            }
        }
    }
}

#[test]
fn every_other_opcode_is_unknown_or_privileged() {
    let known = [1, 2, 3, 4, 5, 6, 0x10, 0x11, 0x20, 0x21];
    for opcode in 0..=u8::MAX {
        let mut bytes = [0; SIZE];
        bytes[0] = opcode;
        let expected = match opcode {
            _ if known.contains(&opcode) => None,
            0x30..=0x3F => Some(BadCommand::Privileged(opcode)),
            _ => Some(BadCommand::UnknownOpcode(opcode)),
        };
        assert_eq!(BufferCommand::decode(&bytes).err(), expected, "{opcode:#X}");
    }
}

fn random_bytes(rng: &mut SplitMix, len: usize) -> Vec<u8> {
    (0..len).map(|_| rng.next_u64().to_le_bytes()[0]).collect()
}

#[test]
fn what_decodes_encodes_to_the_same_bytes() {
    let mut rng = SplitMix::new(40);
    let mut decoded = 0;
    for _ in 0..20_000 {
        let mut bytes = random_bytes(&mut rng, SIZE);
        bytes[0] &= 0x37;
        // Half of the fields are empty, so that some of it is strictly right.
        for range in [1..4, 4..6, 6..8, 8..16, 16..24, 24..32, 28..32, 32..40, 36..40] {
            if rng.below(2) == 0 {
                bytes[range].fill(0);
            }
        }
        if let Ok(command) = BufferCommand::decode(&bytes) {
            decoded += 1;
            assert_eq!(command.encode()[..], bytes[..]);
        }
        let fields = fields_of_command(&bytes);
        assert!(fields.windows(2).all(|pair| pair[0].range.end == pair[1].range.start));
        assert_eq!((fields[0].range.start, fields[fields.len() - 1].range.end), (0, SIZE));
    }
    assert!(decoded > 500, "{decoded}");
}

#[test]
fn fields_say_what_the_bytes_are() {
    let (blit, ..) = table()[2];
    let fields: Vec<_> =
        blit.fields().into_iter().map(|it| (it.name, it.range, it.value)).collect();
    let expected = [
        ("opcode", 0..1, 3),
        ("reserved", 1..4, 0),
        ("source entry", 4..6, 0xFFFF),
        ("destination entry", 6..8, 3),
        ("source offset", 8..16, 1),
        ("destination offset", 16..24, u64::MAX),
        ("row bytes", 24..28, 0x30),
        ("rows", 28..32, 0x1_0000),
        ("source pitch", 32..36, 0x400),
        ("destination pitch", 36..40, 0x800),
    ];
    assert_eq!(fields, expected);
    assert_eq!(fields_of_command(&blit.encode()[..10]).len(), 4, "no field beyond the bytes");
    assert!(fields_of_command(&[]).is_empty());
}

#[test]
fn command_buffers_are_read_to_their_end() {
    let fill = BufferCommand::Fill { destination: at(1, 0x1000), length: 4096, pattern: 0xFF };
    let wait = BufferCommand::Wait { fence: at(0, 8), value: 3 };
    let draw = BufferCommand::Draw { accesses: 1 };
    let mut buffer = [fill.encode(), wait.encode(), draw.encode(), [0x31; SIZE]].concat();
    buffer.truncate(4 * SIZE + 3);
    buffer.extend([1, 2, 3]);
    let decoded = decode_commands(&buffer);
    let said = |index: usize| -> Vec<&str> {
        decoded[index].texts.iter().map(|text| text.text.as_str()).collect()
    };
    assert_eq!(decoded.len(), 5);
    assert_eq!((decoded[0].name, decoded[0].range.clone()), ("FILL", 0..40));
    assert_eq!(said(0), ["4 KiB", "pattern 0x000000FF", "entry 1 + 0x1000"]);
    assert_eq!((decoded[1].name, said(1)), ("WAIT", vec!["until at least 3", "entry 0 + 0x0008"]));
    assert_eq!((decoded[2].name, said(2)), ("DRAW", vec!["1 access"]));
    assert_eq!(
        (decoded[3].name, decoded[3].bad),
        ("Not a command", Some(BadCommand::Privileged(0x31)))
    );
    assert_eq!((decoded[4].range.clone(), decoded[4].bad), (160..163, Some(BadCommand::Short(3))));
}

fn id_at(allocation: u32, offset: u64) -> Operand<AllocationId> {
    Operand { index: AllocationId(allocation), offset }
}

fn fill(allocation: u32) -> Entry {
    let destination = id_at(allocation, 0);
    Entry::Command(BufferCommand::Fill { destination, length: 4, pattern: 0 })
}

fn copy(source: u32, destination: u32) -> Entry {
    let (source, destination) = (id_at(source, 0), id_at(destination, 0));
    Entry::Command(BufferCommand::Copy { source, destination, length: 4 })
}

fn read(allocation: u32) -> DrawAccess {
    DrawAccess { at: id_at(allocation, 0), length: 4, write: None }
}

fn limits(commands: usize, allocation_list_size: usize) -> Limits {
    Limits { command_bytes: commands * SIZE, allocation_list_size }
}

fn listed(buffer: &CommandBuffer) -> Vec<(u32, bool)> {
    buffer.allocations.iter().map(|(allocation, written)| (allocation.0, *written)).collect()
}

#[test]
fn an_allocation_is_listed_once_and_written_where_any_command_writes_it() {
    let draw = Entry::Draw(vec![
        read(7),
        DrawAccess { at: id_at(9, 32), length: 5, write: Some(6) },
        read(8),
    ]);
    let packed = pack(&[copy(7, 8), draw, copy(7, 7)], limits(100, 256)).expect("three");
    let [buffer] = &packed[..] else { panic!("one buffer: {packed:?}") };
    assert_eq!(listed(buffer), [(7, true), (8, true), (9, true)]);
    assert_eq!(buffer.commands, 0..3);
    let expected = [
        BufferCommand::Copy { source: at(0, 0), destination: at(1, 0), length: 4 },
        BufferCommand::Draw { accesses: 3 },
        BufferCommand::Read { source: at(0, 0), length: 4 },
        BufferCommand::Write { destination: at(2, 32), length: 5, seed: 6 },
        BufferCommand::Read { source: at(1, 0), length: 4 },
        BufferCommand::Copy { source: at(0, 0), destination: at(0, 0), length: 4 },
    ];
    let decoded: Vec<_> = buffer.bytes.chunks(SIZE).map(BufferCommand::decode).collect();
    assert_eq!(decoded, expected.map(Ok));
    let packed = pack(&[Entry::Draw(vec![read(1)])], limits(2, 1)).expect("one");
    assert_eq!(listed(&packed[0]), [(1, false)]);
}

#[test]
fn a_new_buffer_begins_where_either_limit_would_be_passed() {
    let ranges = |entries: &[Entry], limits: Limits| -> Vec<std::ops::Range<usize>> {
        let packed = pack(entries, limits).expect("few allocations");
        packed.into_iter().map(|buffer| buffer.commands).collect()
    };
    let fills: Vec<Entry> = (0..5).map(fill).collect();
    assert_eq!(ranges(&fills, limits(2, 256)), [0..2, 2..4, 4..5], "bytes");
    assert_eq!(ranges(&fills, limits(100, 3)), [0..3, 3..5], "allocations");
    let same: Vec<Entry> = (0..5).map(|_| fill(1)).collect();
    assert_eq!(ranges(&same, limits(5, 1)).len(), 1, "one allocation takes one place");
    // A draw is not divided: two accesses and itself do not fit behind two commands of four.
    let draw = Entry::Draw(vec![read(1), read(2)]);
    let entries = [fill(1), fill(1), draw.clone(), fill(1), fill(1)];
    assert_eq!(ranges(&entries, limits(4, 9)), [0..2, 2..4, 4..5]);
    // What is larger than a limit stands alone.
    assert_eq!(ranges(&entries, limits(2, 9)), [0..2, 2..3, 3..5]);
    assert_eq!(ranges(&entries, limits(9, 1)), [0..2, 2..3, 3..5]);
    assert_eq!(ranges(&entries, limits(0, 0)), [0..1, 1..2, 2..3, 3..4, 4..5]);
    assert!(ranges(&[], limits(1, 1)).is_empty());
}

#[test]
fn bytes_stand_alone_as_they_were_given() {
    let allocations = vec![AllocationId(3), AllocationId(3), AllocationId(1)];
    let verbatim = Entry::Bytes { bytes: vec![0xAB; 7], allocations };
    let packed = pack(&[fill(1), verbatim, fill(1)], limits(100, 100)).expect("three");
    let ranges: Vec<_> = packed.iter().map(|buffer| buffer.commands.clone()).collect();
    assert_eq!(ranges, [0..1, 1..2, 2..3]);
    assert_eq!(packed[1].bytes, [0xAB; 7]);
    assert_eq!(listed(&packed[1]), [(3, true), (3, true), (1, true)]);
}

#[test]
fn a_draw_of_more_allocations_than_indices_is_an_error() {
    let draw = |count: u32| [fill(0), Entry::Draw((0..count).map(read).collect())];
    let packed = pack(&draw(65_536), limits(1 << 20, 1 << 20)).expect("as many as indices");
    assert_eq!((packed.len(), packed[0].allocations.len()), (1, 65_536));
    let last = BufferCommand::Read { source: at(65_535, 0), length: 4 }.encode();
    assert!(packed[0].bytes.ends_with(&last));
    let refused = PackError::TooManyAllocations { entry: 1, allocations: 65_537 };
    assert_eq!(pack(&draw(65_537), limits(1 << 20, 1 << 20)), Err(refused));
    // Together they are too many, and go into two buffers.
    let entries = [fill(70_000), Entry::Draw((0..65_536).map(read).collect())];
    assert_eq!(pack(&entries, limits(1 << 20, 1 << 20)).expect("two").len(), 2);
}
