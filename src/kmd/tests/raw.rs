//! Operations that nobody plans: dummy accesses, special-lock transfers, odd places and views.

use super::*;
use crate::ddi::{AllocationListEntry, RowLayout};
use crate::memory::Content;

fn at_aperture(offset: u64) -> Location {
    Location::Segment { id: segment(2), address: SegmentAddress(APERTURE_BASE + offset) }
}

fn moved(source: Location, destination: Location, pages: u64) -> PagingOperation {
    PagingOperation::Transfer(transfer(source, destination, pages))
}

const RECORD: usize = 304;

#[test]
fn dummy_accesses_reach_the_whole_segment_and_change_nothing() {
    for name in BOTH {
        let mut bench = Bench::new(name);
        bench.mark_frames(&[9]);
        let list = bench.list(&[9]);
        bench.carry_out(&map(list, 63, 1, 0), 4096);
        bench.driver.write_through_bar(segment(1), 64 * PAGE_SIZE - 4, &[1, 2, 3, 4]);
        let memory = bench.read(1, 0, 64 * PAGE);
        let system = bench.read(0, 9 * PAGE_SIZE, PAGE);
        let last = [
            (segment(1), MEMORY_BASE + 64 * PAGE_SIZE - 1),
            (segment(2), APERTURE_BASE + 64 * PAGE_SIZE - 1),
        ];
        for (segment, address) in last {
            let access = PhysicalAccess { segment, address: SegmentAddress(address) };
            for operation in
                [PagingOperation::ReadPhysical(access), PagingOperation::WritePhysical(access)]
            {
                let (status, bytes, offset) = bench.build(&operation, 320, 0);
                assert_eq!((status, offset), (NtStatus::SUCCESS, 0), "{name}");
                bench.submit(&bytes, true);
                let outcomes = bench.drain();
                assert_eq!(outcomes.len(), 1, "{name}");
                assert_eq!((outcomes[0].fault, outcomes[0].readback.clone()), (None, None));
            }
        }
        assert!(bench.read(1, 0, 64 * PAGE) == memory, "{name}");
        assert!(bench.read(0, 9 * PAGE_SIZE, PAGE) == system, "{name}");
        let below = PhysicalAccess { segment: segment(1), address: SegmentAddress(0) };
        let refused = bench.build(&PagingOperation::WritePhysical(below), 320, 0);
        assert_eq!((refused.0, refused.1.len()), (NtStatus::INVALID_PARAMETER, 0), "{name}");
    }
}

#[test]
fn a_special_lock_transfer_moves_what_a_transfer_moves() {
    for name in BOTH {
        let mut seen = Vec::new();
        for special in [false, true] {
            let mut bench = Bench::new(name);
            let listed = frames(4, 6);
            bench.mark_frames(&listed);
            let list = bench.list(&listed);
            let plain = Transfer {
                transfer_offset: 4096,
                ..transfer(Location::Mdl(list), at_memory(0), 6)
            };
            let operation = if special {
                PagingOperation::SpecialLockTransfer(SpecialLockTransfer {
                    transfer: plain,
                    swizzling_range_id: 3,
                    swizzling_range_data: 4,
                })
            } else {
                PagingOperation::Transfer(plain)
            };
            bench.carry_out(&operation, RECORD);
            seen.push(bench.read(1, 0, 8 * PAGE));
        }
        assert!(seen[0] == seen[1] && seen[0].iter().any(|byte| *byte != 0), "{name}");
    }
}

#[test]
fn lists_are_not_copied_to_lists_and_packets_move_whole_pages() {
    for name in BOTH {
        let mut bench = Bench::new(name);
        let list = Location::Mdl(bench.list(&[1, 2, 3]));
        let between = moved(list.clone(), list.clone(), 2);
        assert_eq!(bench.build(&between, 4096, 0).0, NtStatus::INVALID_PARAMETER, "{name}");
        let odd = Transfer { transfer_size: Bytes(4100), ..transfer(list, at_memory(0), 1) };
        let odd = PagingOperation::Transfer(odd);
        // A record says bytes, a packet pages.
        let expected =
            if name == "inspector" { NtStatus::INVALID_PARAMETER } else { NtStatus::SUCCESS };
        assert_eq!(bench.build(&odd, 4096, 0).0, expected, "{name}");
    }
}

#[test]
fn overlapping_moves_read_everything_before_they_write() {
    for name in BOTH {
        for (from, to, via_aperture) in
            [(0, 3, false), (3, 0, false), (1, 1, false), (2, 7, true), (9, 4, true)]
        {
            let mut bench = Bench::new(name);
            let listed = frames(11, 30);
            bench.mark_frames(&listed);
            let list = bench.list(&listed);
            bench.carry_out(&map(list.clone(), 0, 30, 0), 4096);
            bench.carry_out(&moved(Location::Mdl(list), at_memory(0), 30), 4096);
            let at = |page: u64| {
                let offset = page * PAGE_SIZE;
                if via_aperture { at_aperture(offset) } else { at_memory(offset) }
            };
            bench.carry_out(&moved(at(from), at(to), 12), RECORD);
            let mut expected: Vec<u32> =
                listed.iter().map(|frame| 0x1000_0000 | *frame as u32).collect();
            expected.copy_within(from as usize..from as usize + 12, to as usize);
            let region = if via_aperture { 2 } else { 1 };
            let seen: Vec<u32> = bench.read(region, 0, 30 * PAGE).chunks(PAGE).map(word).collect();
            assert_eq!(seen, expected, "{name}, {from} to {to}");
        }
    }
}

#[test]
fn a_write_begins_in_every_row_where_its_phase_says() {
    let mut bench = pitch::bench();
    let mut rowed = |pitch, aligned_pitch, rows| {
        let rows = RowLayout { pitch, aligned_pitch, rows };
        let requested =
            AllocationInfo { size: rows.size(), rows: Some(rows), ..request().requested };
        bench.driver.create_allocation(&CreateAllocation { requested }).expect("possible rows").0
    };
    let (small, huge) = (rowed(100, 128, 2), rowed(1 << 18, 1 << 18, 16_385));
    // Two rows of 100 bytes, 128 bytes apart.
    let packets = render::patched(&mut bench.driver, small, &[write(0, 200, 5)]);
    assert_eq!(packets.len(), 64);
    bench.submit(&packets, false);
    assert!(bench.drain().iter().all(|outcome| outcome.fault.is_none()));
    let linear: Vec<u8> = (0..25).flat_map(|index| SplitMix::nth(5, index).to_le_bytes()).collect();
    assert_eq!(bench.read(1, 0, 100), linear[..100]);
    assert_eq!(bench.read(1, 100, 28), [0; 28]);
    assert_eq!(bench.read(1, 128, 100), linear[100..200]);
    // A phase is of 32 bits: the last of 16,385 rows of 256 KiB begins one byte behind the last
    // phase. What is possible does not fit, 16,384 packets, and what is not is seen before.
    let start = SegmentAddress(MEMORY_BASE);
    let place = Some((segment(1), start));
    let list = [AllocationListEntry { allocation: huge, write_operation: true, place }];
    let status = |bench: &mut Bench, length| {
        let command = write(0, length, 5).encode();
        render::render(&mut bench.driver, &command, &list, (4096, 512), 0).status
    };
    assert_eq!(status(&mut bench, 1 << 32), NtStatus::INSUFFICIENT_DMA_BUFFER);
    assert_eq!(status(&mut bench, (1 << 32) + 1), NtStatus::INVALID_PARAMETER);
}

/// The aperture of the chipset: its size is the platform's, its table not the driver's.
#[test]
fn an_agp_segment_is_a_window_onto_the_table_of_the_chipset() {
    for name in BOTH {
        let profile = profile(name).expect("one of the profiles");
        let mut adapter = adapter(&profile);
        adapter.segments[1].flags = SegmentFlags::Agp;
        adapter.segments[1].size = 0;
        let base = 0xD000_0000;
        adapter.agp_aperture = Some(AgpAperture { base, size: 16 * PAGE_SIZE });
        let driver = Driver::new(&profile, &adapter).expect("whole pages");
        let host = HostMemory::new(Bytes(256 * PAGE_SIZE), 1).with_gart(Pages(16));
        let mut bench = Bench { driver, host, fence: 0 };
        bench.mark_frames(&[30, 31, 50]);
        let list = bench.list(&[30, 31, 50]);
        let refused = bench.build(&map(list.clone(), 4, 3, 0), 4096, 0);
        assert_eq!(refused.0, NtStatus::INVALID_PARAMETER, "{name}");
        bench.host.gart_map(4, &list.mdl).expect("pages 4 to 6 of 16");
        let at = |page: u64| Location::Segment {
            id: segment(2),
            address: SegmentAddress(base + page * PAGE_SIZE),
        };
        bench.carry_out(&moved(at(4), at_memory(0), 3), RECORD);
        let seen: Vec<u32> = bench.read(1, 0, 3 * PAGE).chunks(PAGE).map(word).collect();
        assert_eq!(seen, [0x1000_001E, 0x1000_001F, 0x1000_0032], "{name}");
        bench.host.gart_unmap(5, Pages(2), FrameNumber(220)).expect("pages 5 and 6 of 16");
        bench.carry_out(&moved(at_memory(0), at(4), 3), RECORD);
        assert_eq!(word(&bench.read(0, 220 * PAGE_SIZE, 4)), 0x1000_0032, "{name}: the last");
        for (page, fault) in [(7, PacketFault::Unmapped), (14, PacketFault::OutOfRange)] {
            let (_, bytes, _) = bench.build(&moved(at(page), at_memory(0), 3), RECORD, 0);
            bench.submit(&bytes, true);
            assert_eq!(bench.drain()[0].fault, Some(fault), "{name}, page {page}");
        }
    }
}

/// What the processor wrote and nobody flushed: the bus sees it only where it asks the cache.
#[test]
fn only_coherent_pages_show_what_the_cache_holds() {
    for name in BOTH {
        let mut bench = Bench::new(name);
        bench.mark_frames(&[7]);
        let list = bench.list(&[7]);
        let coherent = map(list.clone(), 0, 1, 0);
        let PagingOperation::MapApertureSegment(mut other) = map(list.clone(), 1, 1, 0) else {
            panic!("a map");
        };
        other.flags = MapApertureFlags::empty();
        bench.carry_out(&coherent, 320);
        bench.carry_out(&PagingOperation::MapApertureSegment(other), 320);
        let new = [crate::base::Piece { len: PAGE_SIZE, value: Content::pattern(0x55, 0) }];
        bench.host.cpu_put(&list.mdl, 0, &new, true).expect("in the list");
        let old = 0x1000_0007;
        assert_eq!(word(&bench.read(2, 0, 4)), 0x55, "{name}: asks the cache");
        assert_eq!(word(&bench.read(2, PAGE_SIZE, 4)), old, "{name}: does not");
        assert_eq!(word(&bench.read(0, 7 * PAGE_SIZE, 4)), old, "{name}: nor does the bus");
        bench.carry_out(&moved(Location::Mdl(list.clone()), at_memory(0), 1), RECORD);
        assert_eq!(word(&bench.read(1, 0, 4)), old, "{name}");
        assert_eq!(bench.host.flush(&list.mdl), Bytes(PAGE_SIZE), "{name}");
        assert_eq!(word(&bench.read(2, PAGE_SIZE, 4)), 0x55, "{name}");
        // A device that writes there leaves the cache with nothing.
        bench.host.cpu_put(&list.mdl, 0, &[], true).expect("in the list");
        let newer = [crate::base::Piece { len: PAGE_SIZE, value: Content::pattern(0x66, 0) }];
        bench.host.cpu_put(&list.mdl, 0, &newer, true).expect("in the list");
        bench.carry_out(&moved(at_memory(0), Location::Mdl(list.clone()), 1), RECORD);
        assert_eq!(bench.host.unflushed(&list.mdl), Bytes(0), "{name}");
        let mut seen = [0; 4];
        bench.host.read(FrameNumber(7).address(), &mut seen).expect("in memory");
        assert_eq!(word(&seen), old, "{name}");
    }
}
