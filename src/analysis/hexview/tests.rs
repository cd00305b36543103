//! Bytes, owners and addresses of small sessions, computed by hand.

use super::*;
use crate::analysis::buffers::tests::{Opened, opened};
use crate::machine::Place;

const SESSION: &str = r#"(
    version: 1, title: "t", notes: "", tags: [],
    adapter: (
        profile: "inspector", name: "t", system_memory: "16 MiB", frame_seed: 3,
        segments: [
            (name: "VRAM", flags: "CpuVisible", base: 0x10000000, size: "1 MiB"),
            (name: "GART", flags: "Aperture | CacheCoherent", base: 0xC0000000, size: "1 MiB"),
        ],
        paging_buffer: (segment: "GART", size: "4 KiB", private_data_size: 0, count: 1),
    ),
    commands: [
        CreateProcess("p"),
        CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "a", device: "d", size: "8 KiB", preferred: ["VRAM"], supported: ["VRAM"], flags: "CpuVisible"),
        CreateAllocation(name: "b", device: "d", size: "8 KiB", preferred: ["GART"], supported: ["GART"], flags: "CpuVisible | Cached"),
        MakeResident(["a", "b"]),
        CpuWrite(allocation: "a", offset: "16 B", data: Bytes("01 02 03 04")),
        CpuWrite(allocation: "b", data: Pattern(0xAABBCCDD)),
    ],
)"#;

fn at(command: usize) -> Opened {
    let mut opened = opened(SESSION);
    assert_eq!(opened.run.go_to(Place::after(command)), Ok(true));
    opened
}

fn segment(number: u8) -> SegmentId {
    SegmentId::new(number).expect("small numbers are segments")
}

#[test]
fn the_same_bytes_are_seen_from_everywhere() {
    let opened = at(7);
    let started = opened.run.machine().started().expect("the adapter starts");
    let names = &opened.names;
    let a = names.find_allocation("a").expect("it is created");
    let b = names.find_allocation("b").expect("it is created");
    let row = rows(started, ByteSource::Allocation(a), 20, 1)[0];
    assert_eq!((row.offset, &row.bytes[..5]), (16, &[1, 2, 3, 4, 0][..]));
    assert_eq!(row.expected, Some(row.bytes));
    // The first allocation of an empty segment lies at its start.
    let row = rows(started, ByteSource::Segment(segment(1)), 16, 1)[0];
    assert_eq!((row.allocation, row.bytes[3]), (Some((a, 16)), 4));
    let row = rows(started, ByteSource::Segment(segment(2)), 4096, 1)[0];
    assert_eq!(row.allocation, Some((b, 4096)));
    assert_eq!(row.bytes[..4], [0xDD, 0xCC, 0xBB, 0xAA]);
    let backing = started.vidmm().book().allocation(b).and_then(|b| b.backing()).cloned();
    let address = backing.and_then(|mdl| mdl.address(4096)).expect("b has pages").get();
    let row = rows(started, ByteSource::System, address, 1)[0];
    assert_eq!((row.allocation, row.bytes[0]), (Some((b, 4096)), 0xDD));
    for source in [ByteSource::System, ByteSource::Segment(segment(1)), ByteSource::Allocation(a)] {
        assert_eq!(first_difference(started, source), None);
    }
}

#[test]
fn unmapped_pages_show_the_dummy_page_and_rows_end_with_the_source() {
    let opened = at(5);
    let started = opened.run.machine().started().expect("the adapter starts");
    let gart = ByteSource::Segment(segment(2));
    let row = rows(started, gart, 0x8000, 1)[0];
    assert_eq!((row.backing, row.allocation, row.expected), (Backing::Dummy, None, None));
    assert_eq!(rows(started, gart, 0xF_FFF0, 9).len(), 1);
    assert_eq!(rows(started, gart, 0x10_0000, 9), Vec::new());
    assert_eq!(rows(started, ByteSource::Allocation(AllocationId(9)), 0, 9), Vec::new());
}

#[test]
fn owners_cover_the_range_with_holes() {
    let opened = at(7);
    let started = opened.run.machine().started().expect("the adapter starts");
    let whole = Span::whole(0x10_0000);
    let found = owners(started, &opened.names, ByteSource::Segment(segment(1)), whole);
    let short: Vec<_> =
        found.iter().map(|range| (range.span.start(), range.span.end(), &*range.name)).collect();
    assert_eq!(short, [(0, 0x2000, "a"), (0x2000, 0x10_0000, "free")]);
    let found = owners(started, &opened.names, ByteSource::Segment(segment(2)), whole);
    assert_eq!(found.first().map(|range| &*range.name), Some("b"));
    assert_eq!(found.get(1).map(|range| &*range.name), Some("not mapped: dummy page"));
    // The paging buffer is one page at the end of the aperture.
    let last = found.last().expect("an aperture is owned in parts");
    assert_eq!((last.span.start(), last.buffer.is_some()), (0xF_F000, true));
}

#[test]
fn addresses_are_read_in_every_way_people_write_them() {
    let opened = at(7);
    let started = opened.run.machine().started().expect("the adapter starts");
    let vram = ByteSource::Segment(segment(1));
    for (written, offset) in [
        ("0x1000", 0x1000),
        ("4 KiB", 0x1000),
        (" +0xF_FFFF ", 0xF_FFFF),
        ("A000", 0xA000),
        ("64", 64),
        ("0x1000_2000", 0x2000),
    ] {
        assert_eq!(parse_address(started, vram, written), Ok(offset), "{written}");
    }
    assert_eq!(
        parse_address(started, vram, "1 MiB"),
        Err(AddressError::Beyond { at: 0x10_0000, size: 0x10_0000 })
    );
    for written in ["", "zebra", "0xFFFF_FFFF_FFFF_FFFF_F"] {
        assert!(parse_address(started, vram, written).is_err(), "{written}");
    }
    assert_eq!(address_text(started, vram, 0x20), "1:0x1000_0020");
}

#[test]
fn a_hole_is_found_whole_from_any_byte_of_it() {
    let opened = at(7);
    let started = opened.run.machine().started().expect("the adapter starts");
    let whole = Span::new(0x2000, 0x10_0000);
    for offset in [0x2000, 0x2FFF, 0x8_1234, 0xF_FFFF] {
        assert_eq!(hole_around(started, segment(1), offset), whole, "{offset:#x}");
    }
    for offset in [0, 0x1FFF, 0x10_0000, u64::MAX] {
        assert_eq!(hole_around(started, segment(1), offset), None, "{offset:#x}");
    }
}

#[test]
fn a_byte_is_wrong_only_where_another_must_be() {
    let mut row = HexRow {
        offset: 0,
        bytes: [7; 16],
        len: 8,
        backing: Backing::Own,
        allocation: None,
        expected: None,
    };
    assert!((0..16).all(|index| !row.is_wrong(index)));
    let mut expected = [7; 16];
    (expected[3], expected[12]) = (8, 8);
    row.expected = Some(expected);
    let wrong: Vec<usize> = (0..20).filter(|index| row.is_wrong(*index)).collect();
    assert_eq!(wrong, [3], "what lies beyond the end of the source is not judged");
}
