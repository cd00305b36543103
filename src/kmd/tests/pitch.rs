//! Rows in a pitch-aligned segment against loops over bytes.

use super::*;
use crate::ddi::RowLayout;

/// Memory 1 aligns rows, aperture 2 and memory 3 do not.
pub(super) fn bench() -> Bench {
    let profile = profile("inspector").expect("one of the profiles");
    let mut adapter = adapter(&profile);
    adapter.segments[0].flags = SegmentFlags::PitchAlignment;
    let mut linear = adapter.segments[0].clone();
    linear.flags = SegmentFlags::empty();
    adapter.segments.push(linear);
    let driver = Driver::new(&profile, &adapter).expect("whole pages");
    Bench { driver, ..Bench::new("inspector") }
}

fn created(bench: &mut Bench, rows: RowLayout) -> AllocationHandle {
    let request = with_rows(rows);
    bench.driver.create_allocation(&request).expect("possible rows").0
}

fn with_rows(rows: RowLayout) -> CreateAllocation {
    let size = rows.size();
    CreateAllocation { requested: AllocationInfo { size, rows: Some(rows), ..request().requested } }
}

fn random_rows(rng: &mut SplitMix) -> RowLayout {
    let pitch = 1 + rng.below(9000) as u32;
    let aligned_pitch = pitch + rng.below(600) as u32;
    RowLayout { pitch, aligned_pitch, rows: 1 + rng.below(12) as u32 }
}

fn random_bytes(rng: &mut SplitMix, len: usize) -> Vec<u8> {
    (0..len).map(|_| rng.below(256) as u8).collect()
}

/// The content of the rows in a pitch-aligned place.
fn gathered(bytes: &[u8], rows: RowLayout) -> Vec<u8> {
    let starts = (0..rows.rows).map(|row| (row * rows.aligned_pitch) as usize);
    starts.flat_map(|start| bytes[start..start + rows.pitch as usize].to_vec()).collect()
}

/// The rows of `content`, with what `bytes` has between them.
fn scattered(mut bytes: Vec<u8>, content: &[u8], rows: RowLayout) -> Vec<u8> {
    for (row, line) in content.chunks(rows.pitch as usize).enumerate() {
        let start = row * rows.aligned_pitch as usize;
        bytes[start..start + line.len()].copy_from_slice(line);
    }
    bytes
}

const SPACE: usize = 32 * PAGE;

#[test]
fn rows_move_to_their_pitch_and_back_and_what_lies_between_stays() {
    for seed in 0..60 {
        let mut rng = SplitMix::new(seed);
        let rows = random_rows(&mut rng);
        let context = format!("seed {seed}: {rows:?}");
        let size = rows.size().get();
        let pages = Bytes(size).to_pages();
        let mut bench = bench();
        let allocation = Some(created(&mut bench, rows));
        let listed = frames(seed, pages.get() as usize + 2);
        let list = bench.list(&listed);
        let content = random_bytes(&mut rng, size as usize);
        bench.host.mdl_write(&list.mdl, 2 * PAGE_SIZE, &content).expect("in the list");
        let before = random_bytes(&mut rng, SPACE);
        assert!(bench.driver.write_through_bar(segment(1), 8192, &before));
        // A row has at most four runs of frames, and so four packets.
        let buffer = [128, 160, 4096][rng.below(3) as usize];
        let operation = |source, destination| {
            PagingOperation::Transfer(Transfer {
                allocation,
                mdl_offset: Pages(2),
                ..transfer(source, destination, pages.get())
            })
        };
        let there = at_memory(8192);
        let page_in = operation(Location::Mdl(list), there.clone());
        let offsets = bench.carry_out(&page_in, buffer);
        assert_eq!(offsets.last(), Some(&rows.rows), "{context}");
        let expected = scattered(before, &content, rows);
        assert!(bench.read(1, 8192, SPACE) == expected, "{context}");

        // Linear again: to a list, to the other memory, and through the aperture.
        let other = frames(seed + 1000, pages.get() as usize + 2);
        let list = bench.list(&other);
        let out = operation(there.clone(), Location::Mdl(list.clone()));
        bench.carry_out(&out, buffer);
        let mut seen = vec![0; size as usize];
        bench.host.mdl_read(&list.mdl, 2 * PAGE_SIZE, &mut seen).expect("in the list");
        assert!(seen == content, "{context}");
        let linear = Location::Segment { id: segment(3), address: SegmentAddress(MEMORY_BASE) };
        bench.carry_out(&operation(there.clone(), linear), buffer);
        assert!(bench.read(3, 0, size as usize) == content, "{context}");
        bench.carry_out(&map(list, 0, pages.get() + 2, 0), 4096);
        let through = Location::Segment {
            id: segment(2),
            address: SegmentAddress(APERTURE_BASE + 2 * PAGE_SIZE),
        };
        bench.carry_out(&operation(through, at_memory(0)), buffer);
        let seen = bench.read(1, 0, rows.aligned_size().get() as usize);
        assert!(gathered(&seen, rows) == content, "{context}");

        // Between aligned places everything moves as it lies.
        let aligned = rows.aligned_size().to_pages().get();
        let Bench { driver, host, .. } = &bench;
        let mut whole = vec![0; aligned as usize * PAGE];
        let place = Place { region: RegionId(1), address: 0 };
        driver.gpu().read(place, &mut whole, host).expect("in the memory");
        let inside =
            Transfer { allocation, ..transfer(at_memory(0), at_memory(0x2_0000), aligned) };
        bench.carry_out(&PagingOperation::Transfer(inside), 32);
        assert!(bench.read(1, 0x2_0000, whole.len()) == whole, "{context}");
    }
}

#[test]
fn a_fill_covers_its_bytes_whatever_rows_lie_there() {
    for seed in 0..60 {
        let mut rng = SplitMix::new(seed);
        let rows = random_rows(&mut rng);
        let mut bench = bench();
        let allocation = Some(created(&mut bench, rows));
        let fill = PagingOperation::Fill(Fill {
            allocation,
            fill_size: rows.aligned_size(),
            fill_pattern: 0x0403_0201,
            segment: segment(1),
            address: SegmentAddress(MEMORY_BASE + PAGE_SIZE),
        });
        bench.carry_out(&fill, 64);
        let seen = bench.read(1, PAGE_SIZE, rows.aligned_size().get() as usize);
        let filled: Vec<u8> = (1..=4).cycle().take(seen.len()).collect();
        assert!(seen == filled, "seed {seed}: {rows:?}");
    }
}

#[test]
fn parts_of_rows_and_rows_that_cannot_be_are_refused() {
    let rows = RowLayout { pitch: 4096, aligned_pitch: 8192, rows: 4 };
    let mut bench = bench();
    let allocation = Some(created(&mut bench, rows));
    let list = Location::Mdl(bench.list(&[1, 2, 3, 4]));
    let whole = Transfer { allocation, ..transfer(list.clone(), at_memory(0), 4) };
    let part = Transfer { transfer_offset: 4096, ..whole.clone() };
    let short = Transfer { transfer_size: Bytes(3 * 4096), ..whole.clone() };
    let beyond = Transfer { mdl_offset: Pages(1), ..whole.clone() };
    for refused in [part, short, beyond] {
        let operation = PagingOperation::Transfer(refused);
        assert_eq!(bench.build(&operation, 4096, 0).0, NtStatus::INVALID_PARAMETER);
    }
    let operation = PagingOperation::Transfer(whole);
    assert_eq!(bench.build(&operation, 4096, 5).0, NtStatus::INVALID_PARAMETER);
    assert_eq!(bench.build(&operation, 96, 0).2, 3, "three rows of one packet");
    // Without the allocation nobody knows of rows.
    let raw = PagingOperation::Transfer(transfer(list, at_memory(0), 4));
    let (_, bytes, _) = bench.build(&raw, 4096, 0);
    assert_eq!((bytes.len(), bytes[0]), (32, 0x21), "one COPY_PAGES");

    let narrow = RowLayout { aligned_pitch: 4095, ..rows };
    let many = RowLayout { pitch: 1, aligned_pitch: 1, rows: RowLayout::MAX_ROWS + 1 };
    for impossible in [narrow, many] {
        let created = bench.driver.create_allocation(&with_rows(impossible));
        assert_eq!(created, Err(NtStatus::INVALID_PARAMETER));
    }
    let mut small = with_rows(rows);
    small.requested.size = Bytes(4 * 4096 - 1);
    assert_eq!(bench.driver.create_allocation(&small), Err(NtStatus::INVALID_PARAMETER));
}

#[test]
fn a_driver_that_copies_records_has_no_fields_for_rows() {
    let profile = profile("render-only-sample").expect("one of the profiles");
    let rows = RowLayout { pitch: 4000, aligned_pitch: 4096, rows: 2 };
    for (flags, refused) in [(SegmentFlags::PitchAlignment, true), (SegmentFlags::empty(), false)] {
        let mut adapter = adapter(&profile);
        adapter.segments[0].flags = flags;
        let mut driver = Driver::new(&profile, &adapter).expect("whole pages");
        let created = driver.create_allocation(&with_rows(rows));
        assert_eq!(created.err(), refused.then_some(NtStatus::NOT_SUPPORTED));
    }
}

#[test]
fn rows_are_forgotten_and_remembered_with_their_allocation() {
    let mut bench = bench();
    let rows = RowLayout { pitch: 4000, aligned_pitch: 4096, rows: 2 };
    let before = (bench.driver.mark(), bench.driver.hash());
    let allocation = created(&mut bench, rows);
    let with = (bench.driver.mark(), bench.driver.hash());
    bench.driver.destroy_allocation(allocation);
    let without = (bench.driver.mark(), bench.driver.hash());
    for (mark, hash) in [with, without, before, without, with] {
        bench.driver.move_to(mark);
        assert_eq!(bench.driver.hash(), hash);
    }
    let moved = Transfer { allocation: Some(allocation), ..transfer(at_memory(0), at_linear(), 2) };
    let (_, bytes, _) = bench.build(&PagingOperation::Transfer(moved), 4096, 0);
    assert_eq!((bytes.len(), bytes[0]), (64, 0x23), "two rows of COPY_BYTES");
    bench.driver.move_to(before.0);
    let plain = bench.driver.create_allocation(&request()).expect("small").0;
    assert_eq!(plain, allocation);
    assert_ne!(bench.driver.hash(), with.1, "rows count");
}

fn at_linear() -> Location {
    Location::Segment { id: segment(3), address: SegmentAddress(MEMORY_BASE) }
}
