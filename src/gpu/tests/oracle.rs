//! Random packets against plain arrays.

use super::*;
use crate::memory::SeenBytes;

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

    fn point(
        &mut self,
        place: Place,
        pages: u32,
        frame: impl Fn(u64) -> Option<u64>,
    ) -> Option<()> {
        let first = (place.region.0 == 3 && place.address.is_multiple_of(PAGE_SIZE))
            .then_some(place.address / PAGE_SIZE)?;
        let end = first.checked_add(pages.into()).filter(|end| *end <= Self::APERTURE_PAGES)?;
        for page in first..end {
            self.table[page as usize] = frame(page - first);
        }
        Some(())
    }

    /// Does what a packet asks for; `None` when it faults.
    fn execute(&mut self, packet: Packet) -> Option<()> {
        match packet {
            // Whether a wait passes is tested by hand.
            Packet::Pad | Packet::Wait { .. } => Some(()),
            Packet::AddBytes { destination, length, addend, phase, .. } => {
                let read = self.bytes(destination, length.into())?;
                let sums: Vec<u8> = read
                    .into_iter()
                    .enumerate()
                    .map(|(index, byte)| {
                        let shift = (usize::from(phase) + index) % 4 * 8;
                        ((u32::from(self.get(byte)) + (addend >> shift) % 256) % 256) as u8
                    })
                    .collect();
                self.put(destination, sums.into_iter(), length.into())
            }
            Packet::CopyRows {
                source,
                source_pitch,
                destination,
                destination_pitch,
                row_bytes,
                rows,
            } => {
                if row_bytes == 0 {
                    return Some(());
                }
                let place_of = |first: Place, row: u16, pitch: u32| {
                    let address = first.address.checked_add(u64::from(row) * u64::from(pitch))?;
                    Some(Place { address, ..first })
                };
                let (mut values, mut written) = (Vec::new(), Vec::new());
                for row in 0..rows {
                    let from = place_of(source, row, source_pitch)?;
                    let read = self.bytes(from, row_bytes.into())?;
                    values.extend(read.into_iter().map(|byte| self.get(byte)));
                    let to = place_of(destination, row, destination_pitch)?;
                    written.extend(self.bytes(to, row_bytes.into())?);
                }
                for (byte, value) in written.into_iter().zip(values) {
                    self.set(byte, value);
                }
                Some(())
            }
            Packet::Signal { destination, value, .. } => {
                self.put(destination, value.to_le_bytes().into_iter(), 8)
            }
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
            Packet::CopyBytes { source, destination, length, .. } => {
                let read = self.bytes(source, length)?;
                let read: Vec<u8> = read.into_iter().map(|byte| self.get(byte)).collect();
                self.put(destination, read.into_iter(), length)
            }
            Packet::WritePart { destination, length, seed, phase, .. } => {
                let word = |index| SplitMix::nth(seed, index).to_le_bytes();
                let bytes = (0..).flat_map(word).skip(phase as usize);
                self.put(destination, bytes, length.into())
            }
            Packet::ReadWord { source: place } | Packet::WriteWord { destination: place } => {
                let address = place.address / 4 * 4;
                self.bytes(Place { address, ..place }, 4).map(|_| ())
            }
            Packet::MapPages { destination, frames, pages, .. } => {
                self.point(destination, pages, |page| Some(frames / PAGE_SIZE + page))
            }
            Packet::UnmapPages { destination, frame, pages, .. } => {
                self.point(destination, pages, |_| Some(frame / PAGE_SIZE))
            }
            Packet::ClearPages { destination, pages, .. } => {
                self.point(destination, pages, |_| None)
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
        match rng.below(21) {
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
            11 => Packet::CopyBytes { source: Self::random_place(rng), destination, length, token },
            12 => {
                let (length, phase) = (length as u32, rng.below(5000) as u32);
                Packet::WritePart { destination, length, seed, phase, token }
            }
            15 | 16 => {
                let (addend, phase) = (rng.next_u64() as u32, rng.below(4) as u8);
                Packet::AddBytes { destination, length: length as u32, addend, phase, token }
            }
            17 | 18 => {
                let source = Self::random_place(rng);
                let mut pitch = || [0, 100, 777, 4096, 5000, u32::MAX][rng.below(6) as usize];
                let (source_pitch, destination_pitch) = (pitch(), pitch());
                let (row_bytes, rows) = (rng.below(900) as u16, rng.below(6) as u16);
                Packet::CopyRows {
                    source,
                    source_pitch,
                    destination,
                    destination_pitch,
                    row_bytes,
                    rows,
                }
            }
            19 => Packet::Signal { destination, value: rng.next_u64(), token },
            13 => Packet::ReadWord { source: destination },
            14 if rng.below(2) == 0 => Packet::ClearPages { destination: page, pages, token },
            14 => Packet::WriteWord { destination },
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

            let executed = super::step(&mut gpu, &mut host).expect("one is queued");
            let read_back = match packet {
                Packet::Read { source, length, .. } => oracle.bytes(source, length).map(|read| {
                    let read: Vec<u8> = read.into_iter().map(|byte| oracle.get(byte)).collect();
                    let bytes = SeenBytes::new(bytes::pieces_from_bytes(&read));
                    ReadBack { slot: 3, bytes }
                }),
                _ => None,
            };
            let expected = oracle.execute(packet);
            let context = format!("seed {seed}, step {step}, {packet:?}, {executed:?}");
            assert_eq!(executed.fault.is_none(), expected.is_some(), "{context}");
            assert_eq!(executed.read_back, read_back, "{context}");
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
