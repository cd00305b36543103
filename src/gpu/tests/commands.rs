//! The packets of command buffers, by hand, and the frames that no packet may reach.

use super::*;
use crate::base::{Pages, StateHash, Traffic};
use crate::memory::{FrameRun, FrameUse, Layout, Mdl};

/// The hash of memory 1 and of system memory: what a fault must leave alone.
fn contents(gpu: &Gpu, host: &HostMemory) -> (Option<StateHash>, StateHash) {
    (gpu.memory(RegionId(1)).map(crate::base::RunMap::hash), host.content().hash())
}

/// Executes one packet from frame 63, which must fault and leave all bytes as they are.
fn fault(gpu: &mut Gpu, host: &mut HostMemory, packet: Packet) -> Fault {
    let address = PhysicalAddress(63 * PAGE_SIZE);
    host.write(address, &packet.encode()).expect("frame 63");
    let before = contents(gpu, host);
    let executed = run(gpu, host, &[packet]);
    assert_eq!(contents(gpu, host), before, "{packet:?}");
    let [Executed { bytes: 0, traffic, fault: Some(fault), completed: true, .. }] = executed[..]
    else {
        panic!("{packet:?} came to {executed:?}")
    };
    assert_eq!(traffic, Traffic::default());
    fault
}

#[test]
fn bytes_are_added_each_for_itself_from_the_phase_on() {
    for region in [0, 1] {
        let (mut gpu, mut host) = small();
        let before = [0xAA, 0xFF, 0x01, 0x80, 0x7F, 0xFE, 5, 0xBB];
        match region {
            0 => host.write(PhysicalAddress(0xFFF), &before).expect("in memory"),
            _ => gpu
                .write_memory(RegionId(1), 0xFFF, &bytes::pieces_from_bytes(&before))
                .expect("in the memory"),
        }
        let destination = place(region, 0x1000);
        let (addend, phase, token) = (0x0302_01FF, 2, 0);
        let add = Packet::AddBytes { destination, length: 6, addend, phase, token };
        let executed = run(&mut gpu, &mut host, &[add]);
        // Added in turn: 02, 03, FF, 01, 02, 03.
        assert_eq!(
            seen(&gpu, &host, region, 0xFFF, 8),
            [0xAA, 0x01, 0x04, 0x7F, 0x80, 0x00, 8, 0xBB]
        );
        let there_and_back = Traffic { to_device: 6, to_host: 6, ..Traffic::default() };
        let local = Traffic { local: 6, ..Traffic::default() };
        let traffic = if region == 0 { there_and_back } else { local };
        assert_eq!((executed[0].bytes, executed[0].traffic), (6, traffic));
    }
}

#[test]
fn all_bytes_are_read_before_the_first_sum_is_written() {
    let (mut gpu, mut host) = small();
    let fixed = Piece { len: 8, value: PageEntry::Fixed { frame: FrameNumber(4) } };
    gpu.program_aperture(RegionId(2), 0, &[fixed]).expect("the whole aperture");
    host.fill(PhysicalAddress(4 * PAGE_SIZE), PAGE_SIZE, 0x0707_0707).expect("frame 4");
    let (destination, length) = (place(2, 0), 3 * PAGE_SIZE as u32);
    let add = Packet::AddBytes { destination, length, addend: 0x0101_0101, phase: 0, token: 0 };
    run(&mut gpu, &mut host, &[add]);
    // Every byte of frame 4 lies behind three bytes of the range, and is added to once.
    assert_eq!(seen(&gpu, &host, 0, 4 * PAGE_SIZE, PAGE), [8; PAGE]);
}

#[test]
fn a_mebibyte_is_the_most_that_is_added_to() {
    let mut gpu = Gpu::new(&[RegionConfig::Memory(4 << 20)]);
    let mut host = HostMemory::new(Bytes(64 * PAGE_SIZE), 1);
    let destination = place(1, 7);
    let add =
        |length| Packet::AddBytes { destination, length, addend: 1 << 24, phase: 3, token: 0 };
    let refused = fault(&mut gpu, &mut host, add((1 << 20) + 1));
    let too_long =
        Fault::TooLong { region: RegionId(1), address: 7, length: (1 << 20) + 1, most: 1 << 20 };
    assert_eq!(refused, too_long);
    assert_eq!(
        refused.to_string(),
        "1048577 bytes from 0x7 of region 1 are too many, 1048576 are the most"
    );
    assert_eq!(run(&mut gpu, &mut host, &[add(1 << 20)])[0].fault, None);
    // 1 and then three times 0, over and over: the last byte that had 1 added is byte 2^20 - 4.
    assert_eq!(seen(&gpu, &host, 1, 6, 6), [0, 1, 0, 0, 0, 1]);
    assert_eq!(seen(&gpu, &host, 1, (1 << 20) + 2, 6), [0, 1, 0, 0, 0, 0]);
    let beyond = Fault::OutOfRange { region: RegionId(1), address: (4 << 20) - 1, length: 2 };
    let destination = place(1, (4 << 20) - 1);
    let add = Packet::AddBytes { destination, length: 2, addend: 1, phase: 0, token: 0 };
    assert_eq!(fault(&mut gpu, &mut host, add), beyond);
}

/// A copy of three rows of three bytes.
fn rows(source: Place, source_pitch: u32, destination: Place, destination_pitch: u32) -> Packet {
    let (row_bytes, rows) = (3, 3);
    Packet::CopyRows { source, source_pitch, destination, destination_pitch, row_bytes, rows }
}

/// A small machine in whose system memory the bytes from 0x100 on are 1, 2, 3 and so on to 20.
fn counted() -> (Gpu, HostMemory) {
    let (gpu, mut host) = small();
    let bytes: Vec<u8> = (1..=20).collect();
    host.write(PhysicalAddress(0x100), &bytes).expect("frame 0");
    (gpu, host)
}

#[test]
fn rows_go_from_one_pitch_to_another() {
    // Rows 1 to 3, 6 to 8 and 11 to 13.
    let table: [(u32, [u8; 12]); 5] = [
        (4, [1, 2, 3, 0, 6, 7, 8, 0, 11, 12, 13, 0]),
        (3, [1, 2, 3, 6, 7, 8, 11, 12, 13, 0, 0, 0]),
        // Where rows lie over each other the later one wins.
        (2, [1, 2, 6, 7, 11, 12, 13, 0, 0, 0, 0, 0]),
        (1, [1, 6, 11, 12, 13, 0, 0, 0, 0, 0, 0, 0]),
        (0, [11, 12, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (pitch, expected) in table {
        let (mut gpu, mut host) = counted();
        let executed = run(&mut gpu, &mut host, &[rows(place(0, 0x100), 5, place(1, 9), pitch)]);
        assert_eq!(seen(&gpu, &host, 1, 9, 12), expected, "pitch {pitch}");
        let traffic = Traffic { to_device: 9, ..Traffic::default() };
        assert_eq!((executed[0].bytes, executed[0].traffic), (9, traffic));
        // Rows without a gap between them are written as one stretch.
        let touched = gpu.changed_between(crate::base::Position(0), gpu.mark()).count();
        assert_eq!(touched, if pitch == 3 { 1 } else { 3 }, "pitch {pitch}");
    }
}

#[test]
fn all_rows_are_read_before_the_first_is_written() {
    let (mut gpu, mut host) = counted();
    // Rows 1 to 3, 3 to 5 and 5 to 7, to a byte behind each.
    run(&mut gpu, &mut host, &[rows(place(0, 0x100), 2, place(0, 0x101), 2)]);
    assert_eq!(seen(&gpu, &host, 0, 0x100, 10), [1, 1, 2, 3, 4, 5, 6, 7, 9, 10]);
}

#[test]
fn rows_go_through_the_pages_of_an_aperture() {
    let (mut gpu, mut host) = counted();
    let entry = |first| PageEntry::Frame { first: FrameNumber(first), coherent: false };
    let pages = [9, 5].map(|frame| Piece { len: 1, value: entry(frame) });
    gpu.program_aperture(RegionId(2), 0, &pages).expect("pages 0 and 1 of 8");
    // The second row begins in the last byte of page 0 and ends in page 1.
    run(&mut gpu, &mut host, &[rows(place(0, 0x100), 3, place(2, 4092), 3)]);
    assert_eq!(seen(&gpu, &host, 0, 10 * PAGE_SIZE - 4, 4), [1, 2, 3, 4]);
    assert_eq!(seen(&gpu, &host, 0, 5 * PAGE_SIZE, 6), [5, 6, 7, 8, 9, 0]);
    let back = rows(place(2, 4092), 4, place(1, 0), 3);
    run(&mut gpu, &mut host, &[back]);
    assert_eq!(seen(&gpu, &host, 1, 0, 9), [1, 2, 3, 5, 6, 7, 9, 0, 0]);
}

#[test]
fn rows_that_cannot_all_be_reached_are_not_copied_at_all() {
    let (mut gpu, mut host) = counted();
    let (memory, system) = (RegionId(1), RegionId(0));
    let end = 16 * PAGE_SIZE;
    for (packet, region, address) in [
        (rows(place(0, 0x100), 5, place(1, end - 6), 2), memory, end - 2),
        (rows(place(0, 64 * PAGE_SIZE - 12), 5, place(1, 0), 2), system, 64 * PAGE_SIZE - 2),
        (rows(place(9, 0), 5, place(1, 0), 2), RegionId(9), 0),
    ] {
        let beyond = Fault::OutOfRange { region, address, length: 3 };
        assert_eq!(fault(&mut gpu, &mut host, packet), beyond);
    }
    let unmapped = Fault::Unmapped { region: RegionId(2), page: 0 };
    let packet = rows(place(0, 0x100), 5, place(2, 0), 2);
    assert_eq!(fault(&mut gpu, &mut host, packet), unmapped);
}

#[test]
fn rows_beyond_every_address_are_out_of_range() {
    let end = u64::MAX - 4095;
    let mut gpu = Gpu::new(&[RegionConfig::Memory(end)]);
    let mut host = HostMemory::new(Bytes(64 * PAGE_SIZE), 1);
    let (region, address) = (RegionId(1), end - 3);
    // The second row would begin behind the last address there is.
    for packet in [
        rows(place(1, address), 5000, place(1, 0), 3),
        rows(place(1, 0), 3, place(1, address), u32::MAX),
    ] {
        let beyond = Fault::OutOfRange { region, address, length: u64::MAX };
        assert_eq!(fault(&mut gpu, &mut host, packet), beyond);
    }
}

#[test]
fn no_rows_and_rows_of_no_bytes_reach_nothing() {
    let (mut gpu, mut host) = counted();
    let (source, destination) = (place(9, u64::MAX), place(9, u64::MAX));
    let (source_pitch, destination_pitch) = (u32::MAX, u32::MAX);
    let packets = [(0, 7), (7, 0), (0, 0)].map(|(row_bytes, rows)| Packet::CopyRows {
        source,
        source_pitch,
        destination,
        destination_pitch,
        row_bytes,
        rows,
    });
    let executed = run(&mut gpu, &mut host, &packets);
    assert!(executed.iter().all(|executed| executed.fault.is_none() && executed.bytes == 0));
    assert_eq!(gpu.changed_between(crate::base::Position(0), gpu.mark()).count(), 0);
}

#[test]
fn a_signal_writes_its_value_lowest_byte_first() {
    let (mut gpu, mut host) = small();
    let signal = |destination, value| Packet::Signal { destination, value, token: 0 };
    let value = 0x0102_0304_0506_0708;
    let packets = [signal(place(1, 3), value), signal(place(0, 0x203), value)];
    let executed = run(&mut gpu, &mut host, &packets);
    let expected = [0, 8, 7, 6, 5, 4, 3, 2, 1, 0];
    assert_eq!(seen(&gpu, &host, 1, 2, 10), expected);
    assert_eq!(seen(&gpu, &host, 0, 0x202, 10), expected);
    let local = Traffic { local: 8, ..Traffic::default() };
    let to_host = Traffic { to_host: 8, ..Traffic::default() };
    assert_eq!([executed[0].bytes, executed[1].bytes], [8, 8]);
    assert_eq!([executed[0].traffic, executed[1].traffic], [local, to_host]);
    let beyond = Fault::OutOfRange { region: RegionId(1), address: 16 * PAGE_SIZE - 7, length: 8 };
    let destination = place(1, 16 * PAGE_SIZE - 7);
    assert_eq!(fault(&mut gpu, &mut host, signal(destination, 1)), beyond);
}

/// Frames 0 and 1 back an allocation, frames 2 and 3 are a command buffer.
fn guarded() -> (Gpu, HostMemory, Mdl) {
    let regions =
        [RegionConfig::Memory(16 * PAGE_SIZE), RegionConfig::Aperture(8), RegionConfig::Gart(8)];
    let gpu = Gpu::new(&regions);
    let mut host = HostMemory::new(Bytes(64 * PAGE_SIZE), 1).with_gart(Pages(8));
    let backing = FrameUse::Backing(crate::base::AllocationId(5));
    host.allocate(Pages(2), backing, Layout::Contiguous).expect("64 are free");
    let mdl = host.allocate(Pages(2), FrameUse::CommandBuffer(0), Layout::Contiguous);
    (gpu, host, mdl.expect("62 are free"))
}

#[test]
fn no_packet_reaches_a_command_buffer() {
    let (mut gpu, mut host, commands) = guarded();
    let entry = |first| PageEntry::Frame { first: FrameNumber(first), coherent: true };
    let fixed = PageEntry::Fixed { frame: FrameNumber(3) };
    // Aperture pages 0 to 3 lead to frames 1 to 4, page 4 to the second of the command buffer.
    let pages = [Piece { len: 4, value: entry(1) }, Piece { len: 1, value: fixed }];
    gpu.program_aperture(RegionId(2), 0, &pages).expect("five pages of 8");
    let run_of = |first, count| FrameRun { first: FrameNumber(first), count: Pages(count) };
    host.gart_map(0, &Mdl::new([run_of(0, 4)]).expect("frames exist")).expect("four pages of 8");
    host.gart_unmap(4, Pages(1), FrameNumber(2)).expect("five pages of 8");

    let (length, token, here) = (64, 0, place(1, 0));
    let read = |source, length| Packet::Read { source, length, token, slot: 0 };
    let fill = |destination| Packet::Fill { destination, length, pattern: 1, token };
    let (first, second, end) = (2 * PAGE_SIZE, 3 * PAGE_SIZE, 4 * PAGE_SIZE);
    let (addend, phase, value, seed) = (1, 0, 1, 1);
    let table = [
        // Over the bus, from its first byte to its last.
        (read(place(0, first), 1), 2),
        (read(place(0, end - 1), 1), 3),
        (read(place(0, 0), 64 * PAGE_SIZE), 2),
        (fill(place(0, first - 63)), 2),
        (Packet::ReadWord { source: place(0, end - 1) }, 3),
        (Packet::WriteWord { destination: place(0, end - 1) }, 3),
        (Packet::Write { destination: place(0, second), length, seed, token }, 3),
        (Packet::CopyBytes { source: place(0, second), destination: here, length, token }, 3),
        (Packet::CopyBytes { source: here, destination: place(0, second), length, token }, 3),
        (Packet::AddBytes { destination: place(0, second), length: 1, addend, phase, token }, 3),
        (rows(place(0, first - 7), 3, here, 3), 2),
        (rows(here, 3, place(0, first - 7), 3), 2),
        (Packet::Signal { destination: place(0, first - 7), value, token }, 2),
        (Packet::Wait { destination: place(0, first - 7), value, token }, 2),
        // Through a run of aperture pages, through one that stands in, and through the chipset.
        (read(place(2, 0), end), 2),
        (fill(place(2, 2 * PAGE_SIZE)), 3),
        (fill(place(2, 4 * PAGE_SIZE)), 3),
        (read(place(3, 0), end), 2),
        (fill(place(3, 3 * PAGE_SIZE)), 3),
        (fill(place(3, 4 * PAGE_SIZE)), 2),
    ];
    for (packet, frame) in table {
        let expected = Fault::CommandBuffer { frame: FrameNumber(frame) };
        assert_eq!(fault(&mut gpu, &mut host, packet), expected, "{packet:?}");
    }
    // What ends before it, begins behind it or reaches no byte of it.
    let beside = [
        fill(place(0, first - 64)),
        fill(place(0, end)),
        read(place(0, second), 0),
        fill(place(2, PAGE_SIZE - 64)),
        fill(place(2, 3 * PAGE_SIZE)),
        read(place(3, 0), 2 * PAGE_SIZE),
    ];
    let executed = run(&mut gpu, &mut host, &beside);
    assert_eq!(executed.iter().map(|step| step.fault).collect::<Vec<_>>(), [None; 6]);

    // It may be reached when it is one no more, and no more when that is taken back.
    let (before, reached) = (host.mark(), place(0, first));
    let refused = Err(Fault::CommandBuffer { frame: FrameNumber(2) });
    let mut word = [0; 4];
    assert_eq!(gpu.read(reached, &mut word, &host), refused);
    host.release(&commands);
    let after = host.mark();
    assert_eq!(gpu.read(reached, &mut word, &host), Ok(()));
    host.move_to(before);
    assert_eq!(gpu.read(reached, &mut word, &host), refused);
    host.move_to(after);
    assert_eq!(gpu.read(reached, &mut word, &host), Ok(()));
    host.move_to(crate::base::Position(0));
    assert_eq!(gpu.read(reached, &mut word, &host), Ok(()), "not handed out yet");
}

#[test]
fn a_part_of_a_command_buffer_given_back_leaves_the_rest_out_of_reach() {
    let (gpu, mut host, _) = guarded();
    let first = FrameRun { first: FrameNumber(2), count: Pages(1) };
    host.release(&Mdl::new([first]).expect("it exists"));
    let mut byte = [0];
    assert_eq!(gpu.read(place(0, 2 * PAGE_SIZE), &mut byte, &host), Ok(()));
    let refused = Err(Fault::CommandBuffer { frame: FrameNumber(3) });
    assert_eq!(gpu.read(place(0, 3 * PAGE_SIZE), &mut byte, &host), refused);
}

#[test]
fn nothing_is_fetched_from_a_command_buffer() {
    let (mut gpu, mut host, _) = guarded();
    let entry = |first| PageEntry::Frame { first: FrameNumber(first), coherent: false };
    let pages = [Piece { len: 2, value: entry(1) }];
    gpu.program_aperture(RegionId(2), 0, &pages).expect("two pages of 8");
    // Somebody wrote good packets there.
    for frame in [1, 2] {
        host.write(PhysicalAddress(frame * PAGE_SIZE + 4064), &Packet::Pad.encode())
            .expect("in memory");
        host.write(PhysicalAddress(frame * PAGE_SIZE), &Packet::Pad.encode()).expect("in memory");
    }
    let format = PacketFormat::Record { size: 320 };
    gpu.submit(submission(1, place(0, 2 * PAGE_SIZE), 32));
    gpu.submit(submission(2, place(0, 2 * PAGE_SIZE - 32), 64));
    gpu.submit(submission(3, place(2, PAGE_SIZE), 32));
    gpu.submit(Submission { format, ..submission(4, place(0, 2 * PAGE_SIZE - 16), 320) });
    let steps: Vec<_> = drain(&mut gpu, &mut host)
        .into_iter()
        .map(|step| (step.fence.0, step.fault, step.completed))
        .collect();
    let fault = Some(Fault::CommandBuffer { frame: FrameNumber(2) });
    assert_eq!(
        steps,
        [(1, fault, true), (2, None, false), (2, fault, true), (3, fault, true), (4, fault, true)]
    );
    let text = fault.map(|fault| fault.to_string());
    assert_eq!(
        text.as_deref(),
        Some("frame 0x2 holds a command buffer, which no device may reach")
    );
}
