//! Departures from the documents, one at a time, against the documents read page by page.

use super::*;

fn bench(name: &str, quirks: Quirks) -> Bench {
    let profile = profile(name).expect("one of the profiles");
    let adapter = Adapter { quirks, ..adapter(&profile) };
    let driver = Driver::new(&profile, &adapter).expect("whole pages");
    Bench { driver, ..Bench::new(name) }
}

const LISTED: usize = 12;

/// Which page of a list goes with which page behind the segment address: the documents, or the
/// sentence of a quirk, for 8 pages from `MdlOffset` 2 on.
fn moves(quirks: Quirks, offset: u64) -> Vec<(u64, u64)> {
    let page = |index: u64| {
        let list = if quirks.contains(Quirks::TransferOffsetIntoList) {
            offset % LISTED as u64 + index
        } else {
            let first = if quirks.contains(Quirks::MdlOffsetIgnored) { 0 } else { 2 };
            let both = quirks.contains(Quirks::TransferOffsetOnBothSides);
            first + index + if both { offset } else { 0 }
        };
        let ignored = quirks.contains(Quirks::TransferOffsetIgnored);
        (list, index + if ignored { 0 } else { offset })
    };
    (0..8).map(page).filter(|(list, _)| *list < LISTED as u64).collect()
}

#[test]
fn transfers_move_the_pages_that_documents_and_quirks_say() {
    let cases = [
        Quirks::empty(),
        Quirks::TransferOffsetOnBothSides,
        Quirks::TransferOffsetIgnored,
        Quirks::MdlOffsetIgnored,
        Quirks::TransferOffsetIntoList,
        Quirks::TransferOffsetOnBothSides | Quirks::MdlOffsetIgnored,
        Quirks::TransferOffsetIntoList | Quirks::TransferOffsetIgnored,
    ];
    for (name, size) in [("inspector", 32), ("inspector", 4096), ("render-only-sample", 320)] {
        for (quirks, offset) in cases.iter().flat_map(|quirks| [(*quirks, 3), (*quirks, 13)]) {
            let context = format!("{name}, {quirks:?}, offset {offset}");
            let mut bench = bench(name, quirks);
            let listed = frames(7, LISTED);
            bench.mark_frames(&listed);
            let list = Location::Mdl(bench.list(&listed));
            let there = at_memory(5 * PAGE_SIZE);
            let operation = |source, destination| {
                PagingOperation::Transfer(Transfer {
                    transfer_offset: (offset * PAGE_SIZE) as u32,
                    mdl_offset: Pages(2),
                    ..transfer(source, destination, 8)
                })
            };
            bench.carry_out(&operation(list.clone(), there.clone()), size);
            let mut expected = [0; 64];
            for (page, behind) in moves(quirks, offset) {
                expected[5 + behind as usize] = 0x1000_0000 | listed[page as usize] as u32;
            }
            let seen: Vec<u32> = bench.read(1, 0, 64 * PAGE).chunks(PAGE).map(word).collect();
            assert_eq!(seen, expected, "{context}");

            // And out: every page of the segment holds its own number.
            for page in 0..64_u32 {
                let bytes = page.to_le_bytes().repeat(PAGE / 4);
                let at = u64::from(page) * PAGE_SIZE;
                assert!(bench.driver.write_through_bar(segment(1), at, &bytes), "{context}");
            }
            bench.carry_out(&operation(there, list), size);
            let mut expected: Vec<u32> =
                listed.iter().map(|frame| 0x1000_0000 | *frame as u32).collect();
            for (page, behind) in moves(quirks, offset) {
                expected[page as usize] = 5 + behind as u32;
            }
            let seen: Vec<u32> =
                listed.iter().map(|frame| word(&bench.read(0, frame * PAGE_SIZE, 4))).collect();
            assert_eq!(seen, expected, "{context}");
        }
    }
}

#[test]
fn unmapped_pages_lead_where_documents_and_quirks_say() {
    let fixed = |frame| Some(PageEntry::Fixed { frame: FrameNumber(frame) });
    let cases = [
        (Quirks::empty(), fixed(220)),
        (Quirks::UnmapToPageZero, fixed(0)),
        (Quirks::UnmapClearsEntries, Some(PageEntry::Unset)),
    ];
    for name in BOTH {
        for (quirks, entry) in cases {
            let mut bench = bench(name, quirks);
            let list = bench.list(&[5, 6, 7]);
            bench.carry_out(&map(list, 4, 3, 0), 32);
            bench.carry_out(&unmap(5, 2), 32);
            let table = bench.driver.gpu().aperture(RegionId(2)).expect("segment 2");
            let first = FrameNumber(5);
            assert_eq!(table.at(4), Some(PageEntry::Frame { first, coherent: true }), "{name}");
            assert_eq!((table.at(5), table.at(6)), (entry, entry), "{name}, {quirks:?}");
        }
    }
}

#[test]
fn maps_without_an_allocation_are_ignored_only_by_the_quirk() {
    for name in BOTH {
        for quirks in [Quirks::empty(), Quirks::NullAllocationMapIgnored] {
            let mut bench = bench(name, quirks);
            let list = bench.list(&[5, 6]);
            let PagingOperation::MapApertureSegment(named) = map(list, 8, 2, 0) else {
                panic!("a map");
            };
            let mapped = |bench: &Bench| {
                let table = bench.driver.gpu().aperture(RegionId(2)).expect("segment 2");
                table.at(8) != Some(PageEntry::Unset)
            };
            let unnamed = MapApertureSegment { allocation: None, ..named.clone() };
            bench.carry_out(&PagingOperation::MapApertureSegment(unnamed), 32);
            assert_eq!(mapped(&bench), quirks.is_empty(), "{name}");
            bench.carry_out(&PagingOperation::MapApertureSegment(named), 32);
            assert!(mapped(&bench), "{name}");
            let PagingOperation::UnmapApertureSegment(mut unnamed) = unmap(8, 2) else {
                panic!("an unmap");
            };
            unnamed.allocation = None;
            bench.carry_out(&PagingOperation::UnmapApertureSegment(unnamed), 32);
            let table = bench.driver.gpu().aperture(RegionId(2)).expect("segment 2");
            let led_away = table.at(8).is_some_and(|entry| entry.is_fixed());
            assert_eq!(led_away, quirks.is_empty(), "{name}");
        }
    }
}

#[test]
fn maps_begin_at_mdl_offset_unless_it_is_ignored() {
    for name in BOTH {
        for (quirks, first) in [(Quirks::empty(), 40), (Quirks::MdlOffsetIgnored, 5)] {
            let mut bench = bench(name, quirks);
            let list = bench.list(&[5, 6, 40, 41]);
            bench.carry_out(&map(list, 8, 2, 2), 32);
            let table = bench.driver.gpu().aperture(RegionId(2)).expect("segment 2");
            let first = FrameNumber(first);
            assert_eq!(table.at(8), Some(PageEntry::Frame { first, coherent: true }), "{name}");
        }
    }
}

/// One of each operation, all of them possible.
fn one_of_each(bench: &mut Bench) -> Vec<PagingOperation> {
    let list = bench.list(&[5, 6]);
    let moved = transfer(Location::Mdl(list.clone()), at_memory(0), 2);
    let address = SegmentAddress(MEMORY_BASE);
    let word = PhysicalAccess { segment: segment(1), address };
    vec![
        PagingOperation::Transfer(moved.clone()),
        fill(0x0403_0201),
        PagingOperation::DiscardContent(DiscardContent {
            allocation: None,
            flags: DiscardContentFlags::empty(),
            segment: segment(1),
            address,
        }),
        PagingOperation::ReadPhysical(word),
        PagingOperation::WritePhysical(word),
        map(list, 8, 2, 0),
        unmap(8, 2),
        PagingOperation::SpecialLockTransfer(SpecialLockTransfer {
            transfer: moved,
            swizzling_range_id: 1,
            swizzling_range_data: 2,
        }),
    ]
}

fn fill(pattern: u32) -> PagingOperation {
    PagingOperation::Fill(Fill {
        allocation: None,
        fill_size: Bytes(PAGE_SIZE),
        fill_pattern: pattern,
        segment: segment(1),
        address: SegmentAddress(MEMORY_BASE),
    })
}

#[test]
fn quirks_that_answer_at_once_write_nothing_and_do_nothing() {
    let not_supported = |number: u32| [0, 1, 7].contains(&number);
    for name in BOTH {
        for quirks in
            [Quirks::empty(), Quirks::NoProgress, Quirks::NoOpPaging, Quirks::TransferNotSupported]
        {
            let mut bench = bench(name, quirks);
            let operations = one_of_each(&mut bench);
            for operation in operations {
                let before = bench.driver.mark();
                let (status, bytes, offset) = bench.build(&operation, 4096, 0);
                let number = operation.kind().number();
                let expected = if quirks == Quirks::NoProgress {
                    NtStatus::INSUFFICIENT_DMA_BUFFER
                } else if quirks == Quirks::TransferNotSupported && not_supported(number) {
                    NtStatus::NOT_SUPPORTED
                } else {
                    NtStatus::SUCCESS
                };
                let context = format!("{name}, {quirks:?}, operation {number}");
                assert_eq!(status, expected, "{context}");
                if status != NtStatus::SUCCESS || quirks == Quirks::NoOpPaging {
                    assert_eq!((bytes.len(), offset), (0, 0), "{context}");
                    assert_eq!(bench.driver.mark(), before, "{context}");
                } else if number != 2 {
                    let did = !bytes.is_empty() || bench.driver.mark() != before;
                    assert!(did, "{context}");
                }
            }
        }
    }
}

#[test]
fn fills_leave_their_pattern_unless_it_is_ignored() {
    for name in BOTH {
        for (quirks, left) in [(Quirks::empty(), 0x0403_0201), (Quirks::FillIgnoresPattern, 0)] {
            let mut bench = bench(name, quirks);
            assert!(bench.driver.write_through_bar(segment(1), 0, &[0xEE; 4104]));
            bench.carry_out(&fill(0x0403_0201), 320);
            let bytes = bench.read(1, 0, PAGE + 4);
            assert!(bytes[..PAGE].chunks(4).all(|bytes| word(bytes) == left), "{name}");
            assert_eq!(bytes[PAGE..], [0xEE; 4], "{name}");
        }
    }
}
