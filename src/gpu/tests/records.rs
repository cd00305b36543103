//! Records and the page lists that they name.

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
    let executed = step(gpu, host).expect("one is queued");
    assert!(executed.completed);
    executed.fault
}

fn transfer(size: u64, source: (u8, u64), destination: (u8, u64)) -> RecordBody {
    let side = |(region, address)| RecordSide { region: RegionId(region), address };
    RecordBody::Transfer(RecordTransfer {
        token: 1,
        offset: PAGE_SIZE as u32,
        size,
        source: side(source),
        destination: side(destination),
        flags: 0,
        list_offset: 1,
    })
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
