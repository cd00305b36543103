//! Formats by hand, execution against plain arrays.

use super::*;
use crate::base::{Bytes, FenceId, FrameNumber, PAGE_SIZE, PhysicalAddress, Piece, Span, SplitMix};
use crate::memory::{Content, HostMemory, bytes};

const PAGE: usize = 4096;

fn place(region: u8, address: u64) -> Place {
    Place { region: RegionId(region), address }
}

fn submission(fence: u64, buffer: Place, end: u32) -> Submission {
    let format = PacketFormat::Native;
    Submission { fence: FenceId(fence), format, buffer, start: 0, end, next: 0 }
}

/// A device with memory 1 and aperture 2, in a machine with 64 frames.
fn small() -> (Gpu, HostMemory) {
    let gpu = Gpu::new(&[RegionConfig::Memory(16 * PAGE_SIZE), RegionConfig::Aperture(8)]);
    (gpu, HostMemory::new(Bytes(64 * PAGE_SIZE), 1))
}

/// Executes packets from frame 63.
fn run(gpu: &mut Gpu, host: &mut HostMemory, packets: &[Packet]) -> Vec<Executed> {
    let bytes: Vec<u8> = packets.iter().flat_map(Packet::encode).collect();
    let address = 63 * PAGE_SIZE;
    host.write(PhysicalAddress(address), &bytes).expect("frame 63 holds them");
    gpu.submit(submission(1, place(0, address), bytes.len() as u32));
    std::iter::from_fn(|| gpu.execute_packet(host)).collect()
}

mod formats {
    use super::*;

    #[test]
    fn packets_have_the_bytes_of_the_table() {
        let table: [(Packet, [u8; 32]); 5] = [
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
                Packet::UnmapPages {
                    destination: place(3, 0x3000),
                    frame: 0x7000,
                    pages: 2,
                    token: 9,
                },
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
        let opcodes = [0x01, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32];
        let mut packets = 0;
        for round in 0..20_000 {
            let mut bytes: Vec<u8> = (0..4).flat_map(|_| rng.next_u64().to_le_bytes()).collect();
            if round % 4 > 0 {
                bytes[0] = opcodes[rng.below(7) as usize];
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
        assert_eq!(with(0, 0x13), Err(BadPacket::UnknownOpcode(0x13)));
        assert_eq!(with(0, 0xFF), Err(BadPacket::UnknownOpcode(0xFF)));
        assert_eq!(with(1, 7), Err(BadPacket::WrongLength(7)));
        assert_eq!(with(9, 1), Err(BadPacket::UnusedField { opcode: 1, field: "source" }));
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
            body: RecordBody::Transfer {
                token: 0x0707_0707_0707_0707,
                offset: 0x0808_0808,
                size: 0x0909_0909_0909_0909,
                source: RecordSide { region: RegionId(0x0A), address: 0x0B0B_0B0B_0B0B_0B0B },
                destination: RecordSide { region: RegionId(0x0C), address: 0x0D0D_0D0D_0D0D_0D0D },
                flags: 0x0E0E_0E0E,
                list_offset: 0x0F0F_0F0F,
            },
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

    #[test]
    fn random_bytes_are_a_record_or_say_why_not() {
        let mut rng = SplitMix::new(5);
        let mut regions_refused = 0;
        for round in 0..2_000_u32 {
            let mut bytes: Vec<u8> = (0..40).flat_map(|_| rng.next_u64().to_le_bytes()).collect();
            bytes[28..32].copy_from_slice(&(round % 3).to_le_bytes());
            bytes.truncate(if round % 7 == 0 { rng.below(304) as usize } else { 320 });
            match Record::decode(&bytes) {
                Ok(record) => assert!(bytes.len() >= 304 && record.operation() == round % 3),
                Err(BadRecord::Short { left, .. }) => assert_eq!(left as usize, bytes.len()),
                Err(BadRecord::UnknownRegion(region)) => {
                    assert!(region > 255);
                    regions_refused += 1;
                }
            }
        }
        assert!(regions_refused > 0);
    }
}

/// The same machine as plain arrays.
struct Oracle {
    host: Vec<u8>,
    memories: [Vec<u8>; 2],
    /// Frame and whether it stands in for what is not mapped.
    table: Vec<Option<u64>>,
}

/// A byte: 0 for the host or the number of a memory, and its index.
type Byte = (usize, usize);

impl Oracle {
    const HOST_PAGES: u64 = 24;
    const MEMORY_PAGES: [u64; 2] = [9, 4];
    const APERTURE_PAGES: u64 = 7;

    fn new() -> Self {
        Self {
            host: vec![0; Self::HOST_PAGES as usize * PAGE],
            memories: Self::MEMORY_PAGES.map(|pages| vec![0; pages as usize * PAGE]),
            table: vec![None; Self::APERTURE_PAGES as usize],
        }
    }

    fn byte(&self, region: u8, address: u64) -> Option<Byte> {
        let index = usize::try_from(address).ok()?;
        let (memory, index) = match region {
            0 => (0, index),
            1 | 2 => (usize::from(region), index),
            3 => {
                let frame = (*self.table.get(index / PAGE)?)?;
                (0, usize::try_from(frame).ok()?.checked_mul(PAGE)? + index % PAGE)
            }
            _ => return None,
        };
        let len = if memory == 0 { self.host.len() } else { self.memories[memory - 1].len() };
        (index < len).then_some((memory, index))
    }

    fn bytes(&self, place: Place, len: u64) -> Option<Vec<Byte>> {
        let end = place.address.checked_add(len)?;
        // An empty range must still lie in its region.
        let limit = match place.region.0 {
            0 => Self::HOST_PAGES,
            1 => Self::MEMORY_PAGES[0],
            2 => Self::MEMORY_PAGES[1],
            3 => Self::APERTURE_PAGES,
            _ => return None,
        };
        if end > limit * PAGE_SIZE {
            return None;
        }
        (place.address..end).map(|address| self.byte(place.region.0, address)).collect()
    }

    fn get(&self, (memory, index): Byte) -> u8 {
        if memory == 0 { self.host[index] } else { self.memories[memory - 1][index] }
    }

    fn set(&mut self, (memory, index): Byte, value: u8) {
        if memory == 0 {
            self.host[index] = value;
        } else {
            self.memories[memory - 1][index] = value;
        }
    }

    fn put(&mut self, place: Place, values: impl Iterator<Item = u8>, len: u64) -> Option<()> {
        for (byte, value) in self.bytes(place, len)?.into_iter().zip(values) {
            self.set(byte, value);
        }
        Some(())
    }

    fn point(&mut self, place: Place, pages: u32, frame: impl Fn(u64) -> u64) -> Option<()> {
        let first = (place.region.0 == 3 && place.address % PAGE_SIZE == 0)
            .then_some(place.address / PAGE_SIZE)?;
        let end = first.checked_add(pages.into()).filter(|end| *end <= Self::APERTURE_PAGES)?;
        for page in first..end {
            self.table[page as usize] = Some(frame(page - first));
        }
        Some(())
    }

    /// Does what a packet asks for; `None` when it faults.
    fn execute(&mut self, packet: Packet) -> Option<()> {
        match packet {
            Packet::Pad => Some(()),
            Packet::Fill { destination, length, pattern, .. } => {
                self.put(destination, pattern.to_le_bytes().into_iter().cycle(), length)
            }
            Packet::Write { destination, length, seed, .. } => {
                let word = |index| SplitMix::nth(seed, index).to_le_bytes();
                self.put(destination, (0..).flat_map(word), length)
            }
            Packet::CopyPages { source, destination, pages, .. } => {
                let len = u64::from(pages) * PAGE_SIZE;
                let read = self.bytes(source, len)?;
                let read: Vec<u8> = read.into_iter().map(|byte| self.get(byte)).collect();
                self.put(destination, read.into_iter(), len)
            }
            Packet::MapPages { destination, frames, pages, .. } => {
                self.point(destination, pages, |page| frames / PAGE_SIZE + page)
            }
            Packet::UnmapPages { destination, frame, pages, .. } => {
                self.point(destination, pages, |_| frame / PAGE_SIZE)
            }
            Packet::Read { source, length, .. } => self.bytes(source, length).map(|_| ()),
        }
    }

    fn random_place(rng: &mut SplitMix) -> Place {
        let region = rng.below(4) as u8;
        let pages = [Self::HOST_PAGES, 9, 4, Self::APERTURE_PAGES][usize::from(region)];
        let odd = if rng.below(3) == 0 { rng.below(PAGE_SIZE) } else { 0 };
        match rng.below(40) {
            0 => place(region, u64::MAX - rng.below(9000)),
            1 => place(rng.below(256) as u8, 0),
            _ => place(region, rng.below(pages) * PAGE_SIZE + odd),
        }
    }

    fn random_packet(rng: &mut SplitMix) -> Packet {
        let destination = Self::random_place(rng);
        let length = rng.below(3 * PAGE_SIZE);
        let pages = rng.below(4) as u32;
        // Two frames that do not exist, so that some entries lead nowhere.
        let frame = rng.below(Self::HOST_PAGES + 2) * PAGE_SIZE;
        let page = place(3, rng.below(Self::APERTURE_PAGES) * PAGE_SIZE);
        let (token, seed) = (1, rng.below(1000));
        match rng.below(12) {
            0 => Packet::Fill { destination, length, pattern: seed as u32, token },
            1 | 2 => Packet::Write { destination, length, seed, token },
            3..=5 => {
                let source = Self::random_place(rng);
                Packet::CopyPages { source, destination, pages, token, run: 0 }
            }
            6 => {
                // Overlaps itself.
                let source = place(1, rng.below(6) * PAGE_SIZE + rng.below(PAGE_SIZE));
                let destination = place(1, rng.below(6) * PAGE_SIZE);
                Packet::CopyPages { source, destination, pages: 2, token, run: 0 }
            }
            7 | 8 => {
                let coherent = rng.below(2) == 0;
                Packet::MapPages {
                    destination: page,
                    frames: frame,
                    coherent,
                    pages,
                    token,
                    run: 0,
                }
            }
            9 => Packet::UnmapPages { destination: page, frame, pages, token },
            10 => Packet::MapPages {
                destination,
                frames: frame,
                coherent: false,
                pages,
                token,
                run: 0,
            },
            _ => Packet::Read { source: destination, length, token, slot: 3 },
        }
    }
}

/// Random packets leave the bytes and faults that arrays have, and every moment is found again.
#[test]
fn random_packets_do_what_they_do_to_plain_arrays() {
    for seed in 0..6 {
        let mut rng = SplitMix::new(seed);
        let mut oracle = Oracle::new();
        let [first, second] = Oracle::MEMORY_PAGES.map(|p| RegionConfig::Memory(p * PAGE_SIZE));
        let mut gpu = Gpu::new(&[first, second, RegionConfig::Aperture(Oracle::APERTURE_PAGES)]);
        let mut host = HostMemory::new(Bytes(Oracle::HOST_PAGES * PAGE_SIZE), seed);
        let mut marks = vec![(gpu.mark(), host.mark(), gpu.hash(), host.hash())];
        let mut faults = 0;
        let buffer = (Oracle::HOST_PAGES - 1) * PAGE_SIZE;
        for step in 0..250 {
            let packet = Oracle::random_packet(&mut rng);
            host.write(PhysicalAddress(buffer), &packet.encode()).expect("the last frame");
            oracle.host[buffer as usize..][..32].copy_from_slice(&packet.encode());
            gpu.submit(submission(step + 1, place(0, buffer), 32));

            let executed = gpu.execute_packet(&mut host).expect("one is queued");
            let hashed = match packet {
                Packet::Read { source, length, .. } => oracle.bytes(source, length).map(|read| {
                    let read: Vec<u8> = read.into_iter().map(|byte| oracle.get(byte)).collect();
                    let hash = bytes::pieces_hash(&bytes::pieces_from_bytes(&read));
                    Hashed { slot: 3, hash }
                }),
                _ => None,
            };
            let expected = oracle.execute(packet);
            let context = format!("seed {seed}, step {step}, {packet:?}, {executed:?}");
            assert_eq!(executed.fault.is_none(), expected.is_some(), "{context}");
            assert_eq!(executed.hashed, hashed, "{context}");
            assert!(executed.completed && gpu.completed_fence() == FenceId(step + 1));
            faults += u32::from(executed.fault.is_some());
            for (region, memory) in [(1, &oracle.memories[0]), (2, &oracle.memories[1])] {
                let mut read = vec![0; memory.len()];
                gpu.read(place(region, 0), &mut read, &host).expect("the whole memory");
                assert!(read == *memory, "region {region}: {context}");
            }
            let whole = Span::whole(oracle.host.len() as u64);
            let read = bytes::read_vec(host.content(), whole).expect("the whole memory");
            assert!(read == oracle.host, "system memory: {context}");
            marks.push((gpu.mark(), host.mark(), gpu.hash(), host.hash()));
        }
        assert!(faults > 10 && faults < 150, "seed {seed}: {faults} faults");
        for _ in 0..40 {
            let (device, memory, device_hash, memory_hash) =
                marks[rng.below(marks.len() as u64) as usize];
            gpu.move_to(device);
            host.move_to(memory);
            assert_eq!((gpu.hash(), host.hash()), (device_hash, memory_hash), "seed {seed}");
        }
    }
}

#[test]
fn a_tebibyte_is_filled_copied_and_hashed_by_description() {
    let tib = 1 << 40;
    let mut gpu = Gpu::new(&[RegionConfig::Memory(u64::MAX - 4095), RegionConfig::Memory(tib)]);
    let mut host = HostMemory::new(Bytes(64 * PAGE_SIZE), 1);
    let end = u64::MAX - 4095;
    let executed = run(
        &mut gpu,
        &mut host,
        &[
            Packet::Fill { destination: place(1, end - tib), length: tib, pattern: 7, token: 0 },
            Packet::CopyPages {
                source: place(1, end - tib),
                destination: place(2, 0),
                pages: 1 << 28,
                token: 0,
                run: 0,
            },
            Packet::Read { source: place(2, 0), length: tib, token: 0, slot: 0 },
            Packet::Read { source: place(1, end - tib), length: tib, token: 0, slot: 1 },
            Packet::Fill {
                destination: place(1, end - tib),
                length: tib + 1,
                pattern: 7,
                token: 0,
            },
        ],
    );
    assert_eq!(executed[2].hashed.map(|hashed| hashed.hash), executed[3].hashed.map(|h| h.hash));
    assert_eq!(executed[1].bytes, tib);
    let beyond = Fault::OutOfRange { region: RegionId(1), address: end - tib, length: tib + 1 };
    assert_eq!(executed[4].fault, Some(beyond));
    assert_eq!(gpu.memory(RegionId(2)).map(crate::base::RunMap::run_count), Some(1));
    let touched: Vec<_> = gpu.changed_between(crate::base::Position(0), gpu.mark()).collect();
    let upper = Span::new(end - tib, end).expect("in order");
    assert_eq!(
        touched,
        [Touched::Bytes(RegionId(1), upper), Touched::Bytes(RegionId(2), Span::whole(tib)),]
    );
}

#[test]
fn a_fault_skips_the_rest_and_the_next_submission_goes_on() {
    let (mut gpu, mut host) = small();
    let fill = |pattern| Packet::Fill { destination: place(1, 0), length: 4, pattern, token: 0 };
    let missing = Packet::Fill { destination: place(9, 0), length: 4, pattern: 1, token: 0 };
    let bytes: Vec<u8> =
        [fill(1), missing, fill(2), fill(3)].iter().flat_map(Packet::encode).collect();
    host.write(PhysicalAddress(0), &bytes).expect("the first frame");
    gpu.submit(submission(7, place(0, 0), 96));
    gpu.submit(Submission { start: 96, ..submission(8, place(0, 0), 128) });
    gpu.submit(submission(9, place(0, 0), 0));
    assert_eq!(gpu.queue().len(), 3);

    let steps: Vec<_> = std::iter::from_fn(|| gpu.execute_packet(&mut host))
        .map(|step| (step.fence.0, step.start, step.end, step.fault.is_some(), step.completed))
        .collect();
    assert_eq!(
        steps,
        [
            (7, 0, 32, false, false),
            (7, 32, 64, true, true),
            (8, 96, 128, false, true),
            (9, 0, 0, false, true),
        ]
    );
    let mut word = [0; 4];
    gpu.read(place(1, 0), &mut word, &host).expect("in the memory");
    assert_eq!(word, [3, 0, 0, 0]);
    assert_eq!(gpu.completed_fence(), FenceId(9));
}

#[test]
fn a_submission_that_ends_inside_a_packet_faults() {
    let (mut gpu, mut host) = small();
    host.write(PhysicalAddress(0), &Packet::Pad.encode()).expect("the first frame");
    gpu.submit(submission(1, place(0, 0), 40));
    gpu.submit(Submission {
        format: PacketFormat::Record { size: 312 },
        ..submission(2, place(0, 0), 311)
    });
    gpu.submit(Submission {
        format: PacketFormat::Record { size: 0 },
        ..submission(3, place(0, 0), 5)
    });
    let faults: Vec<_> =
        std::iter::from_fn(|| gpu.execute_packet(&mut host)).map(|step| step.fault).collect();
    assert_eq!(
        faults,
        [
            None,
            Some(Fault::BadPacket(BadPacket::Short(8))),
            Some(Fault::BadRecord(BadRecord::Short { needed: 312, left: 311 })),
            Some(Fault::BadRecord(BadRecord::Short { needed: 304, left: 5 })),
        ]
    );
}

#[test]
fn buffers_are_fetched_through_aperture_pages_and_fault_where_nothing_is_mapped() {
    let (mut gpu, mut host) = small();
    let entry = |first| PageEntry::Frame { first: FrameNumber(first), coherent: false };
    let pages = [
        Piece { len: 1, value: entry(9) },
        Piece { len: 1, value: entry(5) },
        Piece { len: 1, value: PageEntry::Fixed { frame: FrameNumber(5) } },
    ];
    gpu.program_aperture(RegionId(2), 2, &pages).expect("pages 2 to 4 of 8");
    let fill = Packet::Fill { destination: place(1, 0), length: 4, pattern: 6, token: 0 }.encode();
    // The packet begins 16 bytes before the end of frame 9 and ends in frame 5.
    host.write(PhysicalAddress(10 * PAGE_SIZE - 16), &fill[..16]).expect("frame 9");
    host.write(PhysicalAddress(5 * PAGE_SIZE), &fill[16..]).expect("frame 5");
    gpu.submit(submission(1, place(2, 3 * PAGE_SIZE - 16), 32));
    gpu.submit(submission(2, place(2, 4 * PAGE_SIZE), 32));
    gpu.submit(submission(3, place(2, 4 * PAGE_SIZE - 16), 32));
    gpu.submit(submission(4, place(2, 5 * PAGE_SIZE), 32));
    gpu.submit(submission(5, place(2, u64::MAX), 32));
    let faults: Vec<_> =
        std::iter::from_fn(|| gpu.execute_packet(&mut host)).map(|step| step.fault).collect();
    let region = RegionId(2);
    assert_eq!(
        faults,
        [
            None,
            Some(Fault::FetchedFixedPage { region, page: 4 }),
            Some(Fault::FetchedFixedPage { region, page: 4 }),
            Some(Fault::Unmapped { region, page: 5 }),
            Some(Fault::OutOfRange { region, address: u64::MAX, length: 32 }),
        ]
    );
    let mut word = [0; 4];
    gpu.read(place(1, 0), &mut word, &host).expect("in the memory");
    assert_eq!(word, [6, 0, 0, 0]);
}

mod records {
    use super::*;

    fn record(body: RecordBody) -> Record {
        let token = 0x5A;
        Record {
            buffer: token,
            buffer_size: 4096,
            private_data: token,
            private_data_size: 0,
            progress: 0,
            body,
            context: 1,
        }
    }

    fn execute(gpu: &mut Gpu, host: &mut HostMemory, body: RecordBody) -> Option<Fault> {
        let address = 63 * PAGE_SIZE;
        host.write(PhysicalAddress(address), &record(body).encode()).expect("frame 63");
        let format = PacketFormat::Record { size: 320 };
        gpu.submit(Submission { format, ..submission(1, place(0, address), 320) });
        let executed = gpu.execute_packet(host).expect("one is queued");
        assert!(executed.completed);
        executed.fault
    }

    fn transfer(size: u64, source: (u8, u64), destination: (u8, u64)) -> RecordBody {
        let side = |(region, address)| RecordSide { region: RegionId(region), address };
        RecordBody::Transfer {
            token: 1,
            offset: PAGE_SIZE as u32,
            size,
            source: side(source),
            destination: side(destination),
            flags: 0,
            list_offset: 1,
        }
    }

    /// Lists of scattered words, of counted runs, and words that lie across two descriptions.
    #[test]
    fn page_lists_are_read_from_entry_to_entry() {
        let lists: [&[u64]; 5] = [
            &[99, 7, 3, 4, 5, 20],
            &[0, 10, 11, 12, 13, 14],
            &[99, 8, 8, 9, 8, 8],
            &[1 << 60, 30, 29, 28, 27, 26],
            &[99, 0, 0, 0, 0, 0],
        ];
        for list in lists {
            for odd in [0, 4] {
                let (mut gpu, mut host) = small();
                for frame in 0..40_u64 {
                    let address = PhysicalAddress(frame * PAGE_SIZE);
                    host.fill(address, PAGE_SIZE, frame as u32 + 1).expect("in memory");
                }
                // The array at an odd place, written in two parts that split a word.
                let array = 50 * PAGE_SIZE + odd;
                let words: Vec<u8> = list.iter().flat_map(|word| word.to_le_bytes()).collect();
                host.write(PhysicalAddress(array), &words[..20]).expect("in memory");
                host.write(PhysicalAddress(array + 20), &words[20..]).expect("in memory");

                let size = 5 * PAGE_SIZE;
                let fault = execute(&mut gpu, &mut host, transfer(size, (0, array), (1, 0)));
                assert_eq!(fault, None, "{list:?}");
                for (index, frame) in list[1..].iter().enumerate() {
                    let mut word = [0; 4];
                    // The offset applies to the region side.
                    let address = (index as u64 + 1) * PAGE_SIZE + 12;
                    gpu.read(place(1, address), &mut word, &host).expect("in the memory");
                    assert_eq!(u64::from(u32::from_le_bytes(word)), frame + 1, "{list:?}");
                }

                // And back, other bytes: the last page that names a frame wins.
                for index in 0..5 {
                    let destination = place(1, (index + 1) * PAGE_SIZE);
                    let pattern = 0x100 + index as u32;
                    let length = PAGE_SIZE;
                    run(
                        &mut gpu,
                        &mut host,
                        &[Packet::Fill { destination, length, pattern, token: 0 }],
                    );
                }
                let fault = execute(&mut gpu, &mut host, transfer(size, (1, 0), (0, array)));
                assert_eq!(fault, None, "{list:?}");
                for frame in &list[1..] {
                    let mut word = [0; 4];
                    host.read(PhysicalAddress(frame * PAGE_SIZE), &mut word).expect("in memory");
                    let last = list[1..].iter().rposition(|other| other == frame).expect("listed");
                    assert_eq!(u32::from_le_bytes(word), 0x100 + last as u32, "{list:?}");
                }
            }
        }
    }

    #[test]
    fn half_a_gigabyte_listed_by_a_ramp_is_one_run() {
        let pages = 1 << 17;
        let mut gpu = Gpu::new(&[RegionConfig::Memory(2 << 30)]);
        let mut host = HostMemory::new(Bytes(2 << 30), 1);
        let array = 1 << 30;
        let list = Piece { len: pages * 8, value: Content::ramp(1024, 1, 0) };
        host.put(PhysicalAddress(array), &[list]).expect("in memory");
        host.fill(PhysicalAddress(1024 * PAGE_SIZE), 1 << 28, 0xABCD).expect("in memory");
        let body = transfer((pages - 1) * PAGE_SIZE, (0, array), (1, 0));
        assert_eq!(execute(&mut gpu, &mut host, body), None);
        // The page that the offset skips, the fill, and the zeros behind it.
        assert_eq!(gpu.memory(RegionId(1)).map(crate::base::RunMap::run_count), Some(3));
    }

    #[test]
    fn other_operations_do_nothing_and_wrong_lists_fault() {
        let (mut gpu, mut host) = small();
        let before = gpu.mark();
        assert_eq!(execute(&mut gpu, &mut host, RecordBody::Other(5)), None);
        assert_eq!(gpu.changed_between(before, gpu.mark()).count(), 0);
        for array in [64 * PAGE_SIZE - 8, u64::MAX - 7] {
            let body = transfer(PAGE_SIZE, (0, array), (1, 0));
            let fault = execute(&mut gpu, &mut host, body);
            assert!(matches!(fault, Some(Fault::OutOfRange { .. })), "{fault:?}");
        }
        let body = transfer(u64::MAX, (0, 0), (1, 0));
        assert!(execute(&mut gpu, &mut host, body).is_some());
        let destination = RecordSide { region: RegionId(1), address: 8 };
        let fill = RecordBody::Fill { token: 0, size: 8, pattern: 0x0403_0201, destination };
        assert_eq!(execute(&mut gpu, &mut host, fill), None);
        let mut bytes = [0; 12];
        gpu.read(place(1, 6), &mut bytes, &host).expect("in the memory");
        assert_eq!(bytes, [0, 0, 1, 2, 3, 4, 1, 2, 3, 4, 0, 0]);
    }
}

#[test]
fn odd_lengths_through_a_fixed_page_keep_the_last_byte_written() {
    let (mut gpu, mut host) = small();
    let fixed = Piece { len: 8, value: PageEntry::Fixed { frame: FrameNumber(4) } };
    gpu.program_aperture(RegionId(2), 0, &[fixed]).expect("the whole aperture");
    // 10,000 bytes from byte 100 of the aperture on, all of them to frame 4.
    let write = Packet::Write { destination: place(2, 100), length: 10_000, seed: 3, token: 0 };
    run(&mut gpu, &mut host, &[write]);
    let mut expected = vec![0; PAGE];
    for index in 0..10_000_u64 {
        let byte = SplitMix::nth(3, index / 8).to_le_bytes()[(index % 8) as usize];
        expected[(100 + index as usize) % PAGE] = byte;
    }
    let mut frame = vec![0; PAGE];
    host.read(PhysicalAddress(4 * PAGE_SIZE), &mut frame).expect("in memory");
    assert!(frame == expected);
    // Reading the aperture shows that frame over and over.
    let mut seen = vec![0; 2 * PAGE];
    gpu.read(place(2, 50), &mut seen, &host).expect("mapped");
    assert!(seen.iter().enumerate().all(|(at, byte)| *byte == expected[(50 + at) % PAGE]));
}
