//! Formats by hand, execution against plain arrays.
#![expect(clippy::cast_possible_truncation, reason = "numbers of a machine of a few pages")]

mod commands;
mod formats;
mod oracle;
mod records;
mod scheduling;

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
    drain(gpu, host)
}

/// The next packet; `None` when nothing is queued, or the submission at the front waits.
fn step(gpu: &mut Gpu, host: &mut HostMemory) -> Option<Executed> {
    match gpu.execute_packet(host) {
        Step::Executed(executed) => Some(executed),
        Step::Idle | Step::Waiting(_) => None,
    }
}

fn drain(gpu: &mut Gpu, host: &mut HostMemory) -> Vec<Executed> {
    std::iter::from_fn(|| step(gpu, host)).collect()
}

/// The bytes that the device sees.
fn seen(gpu: &Gpu, host: &HostMemory, region: u8, address: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    gpu.read(place(region, address), &mut bytes, host).expect("readable");
    bytes
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
    assert_eq!(
        executed[2].read_back.as_ref().map(|read| &read.bytes),
        executed[3].read_back.as_ref().map(|read| &read.bytes)
    );
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

    let steps: Vec<_> = drain(&mut gpu, &mut host)
        .into_iter()
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
    let faults: Vec<_> = drain(&mut gpu, &mut host).into_iter().map(|step| step.fault).collect();
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
    let faults: Vec<_> = drain(&mut gpu, &mut host).into_iter().map(|step| step.fault).collect();
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
