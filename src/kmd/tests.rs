//! Operations built, submitted and executed; expected bytes come from lists walked page by page.
#![expect(clippy::cast_possible_truncation, reason = "numbers of a machine of a few pages")]

mod pitch;
mod preemption;
mod profiles;
mod quirks;
mod raw;
mod render;

use super::*;
use crate::base::{
    Bytes, FenceId, FrameNumber, PAGE_SIZE, Pages, PhysicalAddress, SegmentAddress, SegmentId,
    SplitMix,
};
use crate::config::{Adapter, AgpAperture, Quirks};
use crate::ddi::{
    AllocationFlags, AllocationHandle, AllocationInfo, BuildPagingBuffer, ContextHandle,
    CreateAllocation, DiscardContent, DiscardContentFlags, DmaBufferAddress, Fill, Location,
    MapApertureFlags, MapApertureSegment, Miniport, NtStatus, PacketFault, PacketOutcome, PageList,
    PagingOperation, PhysicalAccess, PreferredSegments, Priority, Progress, SegmentFlags,
    SegmentSet, SpecialLockTransfer, SubmitCommand, Transfer, TransferFlags, UnmapApertureSegment,
};
use crate::gpu::{FieldRole, PacketFormat, PageEntry, Place, RegionId};
use crate::memory::{FrameRun, HostMemory, Mdl};
use crate::umd::{BufferCommand, Operand};

const PAGE: usize = 4096;

fn segment(number: u8) -> SegmentId {
    SegmentId::new(number).expect("between 1 and 31")
}

/// A memory with a base, an aperture with a base, in a machine of 256 frames.
fn adapter(profile: &Profile) -> Adapter {
    let mut adapter = profile.adapter.clone();
    adapter.segments.truncate(2);
    for (segment, flags, base) in [
        (0, SegmentFlags::empty(), 0x10_0000),
        (1, SegmentFlags::Aperture | SegmentFlags::CacheCoherent, 0xC000_0000),
    ] {
        adapter.segments[segment].flags = flags;
        adapter.segments[segment].base = base;
        adapter.segments[segment].size = 64 * PAGE_SIZE;
    }
    adapter
}

const MEMORY_BASE: u64 = 0x10_0000;
const APERTURE_BASE: u64 = 0xC000_0000;
/// Buffers are built here.
const BUFFER: PhysicalAddress = PhysicalAddress(200 * PAGE_SIZE);
/// Arrays of page numbers are kept here.
const ARRAY: PhysicalAddress = PhysicalAddress(210 * PAGE_SIZE);
const DUMMY: PhysicalAddress = PhysicalAddress(220 * PAGE_SIZE);

struct Bench {
    driver: Driver,
    host: HostMemory,
    fence: u64,
}

impl Bench {
    fn new(name: &str) -> Self {
        let profile = profile(name).expect("one of the profiles");
        let driver = Driver::new(&profile, &adapter(&profile)).expect("whole pages");
        Self { driver, host: HostMemory::new(Bytes(256 * PAGE_SIZE), 1), fence: 0 }
    }

    fn submit(&mut self, bytes: &[u8], paging: bool) {
        self.host.write(BUFFER, bytes).expect("frame 200 holds them");
        self.fence += 1;
        let status = self.driver.submit_command(&SubmitCommand {
            fence: FenceId(self.fence),
            address: DmaBufferAddress::Physical(BUFFER),
            start: 0,
            end: bytes.len() as u32,
            paging,
        });
        assert_eq!(status, NtStatus::SUCCESS);
    }

    fn drain(&mut self) -> Vec<PacketOutcome> {
        std::iter::from_fn(|| match self.driver.execute_packet(&mut self.host) {
            Progress::Executed(outcome) => Some(outcome),
            Progress::Idle | Progress::Waiting(_) => None,
        })
        .collect()
    }

    /// One call; answers the status, what was written and the new `MultipassOffset`.
    fn build(
        &mut self,
        operation: &PagingOperation,
        size: usize,
        offset: u32,
    ) -> (NtStatus, Vec<u8>, u32) {
        let mut buffer = vec![0xEE; size];
        let mut private_data = [0xDD; 272];
        let mut arguments = BuildPagingBuffer {
            dma_buffer: &mut buffer,
            dma_buffer_used: 0,
            private_data: &mut private_data,
            private_data_used: 0,
            operation,
            multipass_offset: offset,
            system_context: ContextHandle(0x77),
        };
        let status = self.driver.build_paging_buffer(&mut arguments);
        let (used, offset) = (arguments.dma_buffer_used, arguments.multipass_offset);
        assert_eq!(arguments.private_data_used, 0);
        assert!(buffer[used..].iter().all(|byte| *byte == 0xEE), "wrote beyond what it used");
        buffer.truncate(used);
        (status, buffer, offset)
    }

    /// Builds in buffers of `size` bytes until the operation ends; answers the passes it took.
    fn carry_out(&mut self, operation: &PagingOperation, size: usize) -> Vec<u32> {
        let mut offsets = Vec::new();
        let mut offset = 0;
        loop {
            let (status, bytes, next) = self.build(operation, size, offset);
            offset = next;
            offsets.push(offset);
            self.submit(&bytes, true);
            for outcome in self.drain() {
                assert_eq!(outcome.fault, None);
            }
            match status {
                NtStatus::SUCCESS => return offsets,
                NtStatus::INSUFFICIENT_DMA_BUFFER => assert!(offsets.len() < 1000),
                other => panic!("{other}"),
            }
        }
    }

    fn read(&self, region: u8, address: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        let place = Place { region: RegionId(region), address };
        self.driver.gpu().read(place, &mut bytes, &self.host).expect("readable");
        bytes
    }

    /// A list with its array in memory.
    fn list(&mut self, frames: &[u64]) -> PageList {
        let run = |frame: &u64| FrameRun { first: FrameNumber(*frame), count: Pages(1) };
        let words: Vec<u8> = frames.iter().flat_map(|frame| frame.to_le_bytes()).collect();
        self.host.write(ARRAY, &words).expect("frame 210 holds them");
        let mdl = Mdl::new(frames.iter().map(run)).expect("frames exist");
        PageList { mdl, array: Some(ARRAY) }
    }

    /// Different bytes in every one of these frames.
    fn mark_frames(&mut self, frames: &[u64]) {
        for frame in frames {
            let word = 0x1000_0000 | u32::try_from(*frame).expect("small");
            let address = FrameNumber(*frame).address();
            self.host.fill(address, PAGE_SIZE, word).expect("in memory");
        }
    }
}

/// `count` different frames below 190, some of them in a row.
fn frames(seed: u64, count: usize) -> Vec<u64> {
    let mut rng = SplitMix::new(seed);
    let mut frames: Vec<u64> = Vec::new();
    while frames.len() < count {
        let first = rng.below(186);
        for frame in first..first + 1 + rng.below(4) {
            if frames.len() < count && !frames.contains(&frame) {
                frames.push(frame);
            }
        }
    }
    frames
}

fn at_memory(offset: u64) -> Location {
    Location::Segment { id: segment(1), address: SegmentAddress(MEMORY_BASE + offset) }
}

fn transfer(source: Location, destination: Location, pages: u64) -> Transfer {
    Transfer {
        allocation: Some(AllocationHandle(0x1C)),
        transfer_offset: 0,
        transfer_size: Pages(pages).bytes(),
        source,
        destination,
        flags: TransferFlags::TransferStart | TransferFlags::TransferEnd,
        mdl_offset: Pages(0),
    }
}

fn map(pages: PageList, offset: u64, count: u64, mdl_offset: u64) -> PagingOperation {
    PagingOperation::MapApertureSegment(MapApertureSegment {
        device: None,
        allocation: Some(AllocationHandle(3)),
        segment: segment(2),
        offset_in_pages: Pages(offset),
        number_of_pages: Pages(count),
        pages,
        flags: MapApertureFlags::CacheCoherent,
        mdl_offset: Pages(mdl_offset),
    })
}

fn unmap(offset: u64, count: u64) -> PagingOperation {
    PagingOperation::UnmapApertureSegment(UnmapApertureSegment {
        device: None,
        allocation: Some(AllocationHandle(3)),
        segment: segment(2),
        offset_in_pages: Pages(offset),
        number_of_pages: Pages(count),
        dummy_page: DUMMY,
    })
}

fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"))
}

const BOTH: [&str; 2] = ["inspector", "render-only-sample"];

#[test]
fn a_scattered_transfer_in_tiny_buffers_leaves_exactly_the_right_bytes() {
    for (name, size) in [("inspector", 64), ("inspector", 4096), ("render-only-sample", 304)] {
        for seed in 0..4 {
            let mut bench = Bench::new(name);
            let listed = frames(seed, 20);
            bench.mark_frames(&listed);
            let list = bench.list(&listed);
            // 15 pages from list page 3 on, to page 2 + 5 of the segment.
            let page_in = PagingOperation::Transfer(Transfer {
                transfer_offset: 5 * 4096,
                mdl_offset: Pages(3),
                ..transfer(Location::Mdl(list.clone()), at_memory(2 * PAGE_SIZE), 15)
            });
            let offsets = bench.carry_out(&page_in, size);
            let expected: Vec<u32> = (0..64)
                .map(|page: usize| match page.checked_sub(7) {
                    Some(index) if index < 15 => 0x1000_0000 | listed[index + 3] as u32,
                    _ => 0,
                })
                .collect();
            let memory = bench.read(1, 0, 64 * PAGE);
            let seen: Vec<u32> = memory.chunks(PAGE).map(word).collect();
            assert_eq!(seen, expected, "{name}, seed {seed}");
            assert!(memory.chunks(PAGE).all(|page| page.chunks(4).all(|w| w == &page[..4])));
            if name == "inspector" {
                assert_eq!(offsets.last(), Some(&15));
                assert!(offsets.is_sorted() && (size > 64 || offsets.len() > 2), "{offsets:?}");
            }

            // Out again, to another list.
            let other = frames(seed + 100, 20);
            bench.mark_frames(&other);
            let list = bench.list(&other);
            let page_out = PagingOperation::Transfer(Transfer {
                transfer_offset: 5 * 4096,
                mdl_offset: Pages(1),
                ..transfer(at_memory(2 * PAGE_SIZE), Location::Mdl(list), 15)
            });
            bench.carry_out(&page_out, size);
            for (index, frame) in other.iter().enumerate() {
                let moved = (1..16).contains(&index);
                let holder = if moved { listed[index + 2] } else { *frame };
                let mut seen = [0; 4];
                let last_word = PhysicalAddress(frame * PAGE_SIZE + 4092);
                bench.host.read(last_word, &mut seen).expect("in memory");
                assert_eq!(word(&seen), 0x1000_0000 | holder as u32, "{name}, seed {seed}");
            }
        }
    }
}

#[test]
fn native_packets_have_the_bytes_that_the_operation_asks_for() {
    let mut bench = Bench::new("inspector");
    let list = bench.list(&[9, 0x20, 0x21, 0x40]);
    let operation = PagingOperation::Transfer(Transfer {
        mdl_offset: Pages(1),
        ..transfer(Location::Mdl(list), at_memory(0x3000), 3)
    });
    let (status, bytes, offset) = bench.build(&operation, 64, 0);
    assert_eq!((status, offset), (NtStatus::SUCCESS, 3));
    // Two frames in a row are run 1 of the list, the last is run 2; offsets have lost the base.
    assert_eq!(
        bytes[..32],
        [
            0x21, 8, 0, 1, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, //
            0, 0x30, 0, 0, 0, 0, 0, 0, 0x1C, 0, 0, 0, 1, 0, 0, 0,
        ]
    );
    assert_eq!(
        bytes[32..],
        [
            0x21, 8, 0, 1, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, //
            0, 0x50, 0, 0, 0, 0, 0, 0, 0x1C, 0, 0, 0, 2, 0, 0, 0,
        ]
    );
    let (status, bytes, offset) = bench.build(&operation, 63, 0);
    assert_eq!((status, bytes.len(), offset), (NtStatus::INSUFFICIENT_DMA_BUFFER, 32, 2));
    let (status, bytes, offset) = bench.build(&operation, 31, 2);
    assert_eq!((status, bytes.len(), offset), (NtStatus::INSUFFICIENT_DMA_BUFFER, 0, 2));

    let decoded = decode(PacketFormat::Native, &bench.build(&operation, 64, 0).1);
    let texts: Vec<_> = decoded[0].texts.iter().map(|piece| piece.text.as_str()).collect();
    assert_eq!(texts, ["2 pages", "0x0002_0000", "1:0x3000", "token 0x1C", "run 1"]);
    assert_eq!((decoded[1].name, decoded[1].range.clone()), ("COPY_PAGES", 32..64));
}

#[test]
fn moves_inside_and_between_segments_take_one_packet() {
    for name in BOTH {
        let mut bench = Bench::new(name);
        let listed = frames(9, 8);
        bench.mark_frames(&listed);
        let list = bench.list(&listed);
        bench.carry_out(&map(list.clone(), 10, 8, 0), 4096);
        // Through the eviction aperture into memory, and inside memory onto itself, overlapping.
        let aperture = Location::Segment {
            id: segment(2),
            address: SegmentAddress(APERTURE_BASE + 10 * PAGE_SIZE),
        };
        let into = PagingOperation::Transfer(transfer(aperture, at_memory(0), 8));
        let size = if name == "inspector" { 32 } else { 304 };
        assert_eq!(bench.carry_out(&into, size).len(), 1, "{name}");
        let inside = transfer(at_memory(0), at_memory(3 * PAGE_SIZE), 8);
        bench.carry_out(&PagingOperation::Transfer(inside), size);
        for page in 0..11_u64 {
            let index = if page < 3 { page } else { page - 3 };
            let seen = word(&bench.read(1, page * PAGE_SIZE + 8, 4));
            assert_eq!(seen, 0x1000_0000 | listed[index as usize] as u32, "{name}, page {page}");
        }
    }
}

#[test]
fn fills_reach_odd_ends_and_the_sample_wants_whole_words() {
    let fill = |size| {
        PagingOperation::Fill(Fill {
            allocation: Some(AllocationHandle(1)),
            fill_size: Bytes(size),
            fill_pattern: 0x0403_0201,
            segment: segment(1),
            address: SegmentAddress(MEMORY_BASE + 16),
        })
    };
    let mut bench = Bench::new("inspector");
    bench.carry_out(&fill(7), 32);
    assert_eq!(bench.read(1, 14, 11), [0, 0, 1, 2, 3, 4, 1, 2, 3, 0, 0]);
    let mut bench = Bench::new("render-only-sample");
    assert_eq!(bench.build(&fill(7), 4096, 0).0, NtStatus::INVALID_PARAMETER);
    bench.carry_out(&fill(8), 304);
    assert_eq!(bench.read(1, 14, 12), [0, 0, 1, 2, 3, 4, 1, 2, 3, 4, 0, 0]);
}

#[test]
fn unmapped_pages_lead_to_the_dummy_page_in_every_profile() {
    for name in BOTH {
        let mut bench = Bench::new(name);
        let listed = frames(5, 12);
        bench.mark_frames(&listed);
        bench.mark_frames(&[220]);
        let list = bench.list(&listed);
        let passes =
            bench.carry_out(&map(list, 20, 10, 2), if name == "inspector" { 32 } else { 0 });
        assert_eq!(passes.len() > 1, name == "inspector", "{name}");
        for page in 0..10 {
            let seen = word(&bench.read(2, (20 + page) * PAGE_SIZE, 4));
            assert_eq!(seen, 0x1000_0000 | listed[page as usize + 2] as u32, "{name}");
        }
        let entry = bench.driver.gpu().aperture(RegionId(2)).and_then(|table| table.at(20));
        let first = FrameNumber(listed[2]);
        assert_eq!(entry, Some(PageEntry::Frame { first, coherent: true }));

        bench.carry_out(&unmap(22, 3), 32);
        let table = bench.driver.gpu().aperture(RegionId(2)).expect("segment 2");
        for page in [22, 23, 24] {
            assert_eq!(table.at(page), Some(PageEntry::Fixed { frame: FrameNumber(220) }));
        }
        assert_eq!(word(&bench.read(2, 23 * PAGE_SIZE, 4)), 0x1000_0000 | 220);
        assert_eq!(word(&bench.read(2, 25 * PAGE_SIZE, 4)), 0x1000_0000 | listed[7] as u32);
        assert_eq!(table.at(19), Some(PageEntry::Unset));
    }
}

#[test]
fn thirteen_short_records_or_twelve_long_ones_fill_a_page() {
    let profile = profile("render-only-sample").expect("one of the profiles");
    for (version, size, count) in [("1.3", 304, 13), ("2.0", 320, 12), ("3.2", 320, 12)] {
        let mut adapter = adapter(&profile);
        adapter.version = crate::ddi::InterfaceVersion::from_name(version).expect("a version");
        let driver = Driver::new(&profile, &adapter).expect("whole pages");
        assert_eq!(driver.paging_format(), PacketFormat::Record { size });
        let mut bench = Bench { driver, ..Bench::new("render-only-sample") };
        let listed = frames(3, 4);
        let list = bench.list(&listed);
        let operation = PagingOperation::Transfer(transfer(Location::Mdl(list), at_memory(0), 4));
        let mut buffer = vec![0; PAGE];
        let mut used = 0;
        let mut records = 0;
        loop {
            let mut arguments = BuildPagingBuffer {
                dma_buffer: &mut buffer[used..],
                dma_buffer_used: 0,
                private_data: &mut [],
                private_data_used: 0,
                operation: &operation,
                multipass_offset: 0,
                system_context: ContextHandle(0x77),
            };
            match bench.driver.build_paging_buffer(&mut arguments) {
                NtStatus::SUCCESS => records += 1,
                status => {
                    assert_eq!(status, NtStatus::INSUFFICIENT_DMA_BUFFER);
                    assert_eq!(arguments.dma_buffer_used, 0);
                    break;
                }
            }
            used += arguments.dma_buffer_used;
        }
        assert_eq!((records, used), (count, count * size as usize), "{version}");
        let decoded = decode(PacketFormat::Record { size }, &buffer[..used]);
        assert_eq!(decoded.len(), count);
        assert!(decoded.iter().all(|record| record.name == "Transfer" && record.fault.is_none()));
        let list = decoded[0].texts.iter().find(|text| text.role == FieldRole::Source);
        assert_eq!(list.map(|text| text.text.as_str()), Some("page list at 0x000D_2000, entry 0"));
        bench.submit(&buffer[..used], true);
        assert_eq!(bench.drain().len(), count);
    }
    // 312 bytes stood between two kits: as many as of 304.
    assert_eq!(PAGE / 312, 13);
}

fn request() -> CreateAllocation {
    CreateAllocation {
        requested: AllocationInfo {
            size: Bytes(PAGE_SIZE),
            alignment: Bytes(0),
            preferred: PreferredSegments::default(),
            supported_read: SegmentSet(1),
            supported_write: SegmentSet(1),
            eviction: SegmentSet(0),
            flags: AllocationFlags::empty(),
            priority: Priority::NORMAL,
            ..AllocationInfo::default()
        },
    }
}

fn write(offset: u64, length: u64, seed: u64) -> BufferCommand {
    BufferCommand::Write { destination: Operand { index: 0, offset }, length, seed }
}

fn read(offset: u64, length: u64) -> BufferCommand {
    BufferCommand::Read { source: Operand { index: 0, offset }, length }
}

#[test]
fn commands_are_executed_pass_by_pass_and_reads_numbered_in_each() {
    let mut bench = Bench::new("render-only-sample");
    let (handle, _) = bench.driver.create_allocation(&request()).expect("small");
    let commands = [
        write(0, 100, 1),
        read(0, 100),
        write(500, 100, 1),
        write(900, 100, 2),
        read(500, 100),
        read(900, 100),
    ];
    // 96 of 100 bytes hold three packets: one read in the first pass, two in the second.
    let passes = render::patched_passes(&mut bench.driver, handle, &commands, 100);
    assert_eq!(passes.iter().map(Vec::len).collect::<Vec<_>>(), [96, 96]);
    let mut found = Vec::new();
    for pass in passes {
        bench.submit(&pass, false);
        for outcome in bench.drain() {
            assert_eq!(outcome.fault, None);
            found.extend(outcome.readback);
        }
    }
    assert_eq!(found.iter().map(|read| read.slot).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(found[0].bytes, found[1].bytes, "the same seed");
    assert_ne!(found[1].bytes, found[2].bytes, "another seed");
}

#[test]
fn an_allocation_is_busy_until_the_fence_that_names_it() {
    let mut bench = Bench::new("inspector");
    let (used, _) = bench.driver.create_allocation(&request()).expect("small");
    let (other, _) = bench.driver.create_allocation(&request()).expect("small");
    assert_ne!(used, other);
    let packets = render::patched(&mut bench.driver, used, &[write(0, 8, 1)]);
    bench.submit(&packets, false);

    let discard = |allocation, flags| {
        let address = SegmentAddress(MEMORY_BASE);
        let segment = segment(1);
        let allocation = Some(allocation);
        PagingOperation::DiscardContent(DiscardContent { allocation, flags, segment, address })
    };
    let status = |bench: &mut Bench, operation: &PagingOperation| bench.build(operation, 64, 0).0;
    let evict = |allocation| {
        let allocation = Some(allocation);
        let moved = transfer(at_memory(0), at_memory(PAGE_SIZE), 1);
        PagingOperation::Transfer(Transfer { allocation, ..moved })
    };
    let none = DiscardContentFlags::empty();
    let busy = NtStatus::ALLOCATION_BUSY;
    assert_eq!(status(&mut bench, &discard(used, none)), busy);
    assert_eq!(status(&mut bench, &evict(used)), busy);
    assert_eq!(status(&mut bench, &discard(other, none)), NtStatus::SUCCESS);
    assert_eq!(status(&mut bench, &evict(other)), NtStatus::SUCCESS);
    let idle = evict(used).with_allocation_idle();
    assert_eq!(status(&mut bench, &idle), NtStatus::SUCCESS);
    let before = bench.driver.mark();
    bench.drain();
    assert_eq!(status(&mut bench, &evict(used)), NtStatus::SUCCESS);
    bench.driver.move_to(before);
    assert_eq!(status(&mut bench, &evict(used)), busy, "stepped back before the fence");
}

#[test]
fn a_buffer_that_unmaps_its_own_pages_fetches_the_dummy_page_and_faults() {
    let mut bench = Bench::new("inspector");
    let list = bench.list(&[200, 201]);
    bench.carry_out(&map(list, 60, 2, 0), 4096);
    let (_, mut bytes, _) = bench.build(&unmap(60, 2), 64, 0);
    bytes.extend(bench.build(&unmap(10, 1), 64, 0).1);
    bench.host.write(BUFFER, &bytes).expect("frame 200 holds them");
    let address = DmaBufferAddress::Aperture {
        segment: segment(2),
        address: SegmentAddress(APERTURE_BASE + 60 * PAGE_SIZE),
    };
    let fence = FenceId(50);
    let submitted = SubmitCommand { fence, address, start: 0, end: 64, paging: true };
    assert_eq!(bench.driver.submit_command(&submitted), NtStatus::SUCCESS);
    let outcomes = bench.drain();
    assert_eq!(outcomes.len(), 2);
    assert_eq!((outcomes[0].fault, outcomes[0].completed), (None, false));
    assert_eq!(outcomes[1].fault, Some(PacketFault::FetchedDummyPage));
    assert!(outcomes[1].completed && bench.driver.completed_fence() == fence);
}

#[test]
fn every_mark_is_found_again_with_its_hash() {
    for name in BOTH {
        let mut bench = Bench::new(name);
        let mut marks = Vec::new();
        let mut mark = |bench: &Bench| {
            let entry = (bench.driver.mark(), bench.driver.hash());
            marks.push(entry);
        };
        mark(&bench);
        let (handle, _) = bench.driver.create_allocation(&request()).expect("small");
        mark(&bench);
        let listed = frames(1, 9);
        bench.mark_frames(&listed);
        let list = bench.list(&listed);
        bench.carry_out(&map(list.clone(), 0, 9, 0), 4096);
        mark(&bench);
        let operation = PagingOperation::Transfer(transfer(Location::Mdl(list), at_memory(0), 9));
        bench.carry_out(&operation, 320);
        mark(&bench);
        for command in [write(1, 7, 4), read(1, 7)] {
            let packets = render::patched(&mut bench.driver, handle, &[command]);
            mark(&bench);
            bench.submit(&packets, false);
            mark(&bench);
        }
        bench.drain();
        mark(&bench);
        bench.carry_out(&unmap(3, 2), 64);
        mark(&bench);
        bench.driver.destroy_allocation(handle);
        bench.driver.destroy_allocation(handle);
        mark(&bench);
        assert!(marks.windows(2).all(|pair| pair[0].1 != pair[1].1), "{name}");
        for from in 0..marks.len() {
            for (to, hash) in &marks {
                bench.driver.move_to(marks[from].0);
                bench.driver.move_to(*to);
                assert_eq!(bench.driver.hash(), *hash, "{name}");
            }
        }
        // An attempt in the past that is taken back leaves the future where it was.
        let (last, last_hash) = marks[marks.len() - 1];
        bench.driver.move_to(marks[1].0);
        bench.driver.create_allocation(&request()).expect("small");
        bench.build(&unmap(1, 1), 64, 0);
        bench.submit(&[], true);
        bench.drain();
        bench.driver.roll_back(marks[1].0);
        assert_eq!(bench.driver.hash(), marks[1].1, "{name}");
        bench.driver.move_to(last);
        assert_eq!(bench.driver.hash(), last_hash, "{name}");
        bench.driver.move_to(marks[1].0);
        let (next, _) = bench.driver.create_allocation(&request()).expect("small");
        assert_eq!(next.0, handle.0 + 1);
    }
}

#[test]
fn what_cannot_be_built_is_refused_before_anything_is_written() {
    for name in BOTH {
        let mut bench = Bench::new(name);
        let list = bench.list(&[1, 2, 3]);
        let short = transfer(Location::Mdl(list.clone()), at_memory(0), 4);
        let below = Location::Segment { id: segment(1), address: SegmentAddress(1) };
        let missing = Location::Segment { id: segment(7), address: SegmentAddress(0) };
        let operations = [
            PagingOperation::Transfer(short),
            PagingOperation::Transfer(transfer(Location::Mdl(list.clone()), below, 3)),
            PagingOperation::Transfer(transfer(missing, at_memory(0), 3)),
            map(list.clone(), 0, 3, 1),
            map(list, 0, 1, u64::MAX),
        ];
        for operation in operations {
            let mark = bench.driver.mark();
            let (status, bytes, offset) = bench.build(&operation, 4096, 0);
            assert_eq!(status, NtStatus::INVALID_PARAMETER, "{name}: {operation:?}");
            assert_eq!((bytes.len(), offset, bench.driver.mark()), (0, 0, mark));
        }
        let huge = CreateAllocation {
            requested: AllocationInfo { size: Bytes(1 << 44), ..request().requested },
        };
        assert_eq!(bench.driver.create_allocation(&huge), Err(NtStatus::INVALID_PARAMETER));
    }
}

#[test]
fn profiles_start_and_segments_of_any_size_do() {
    for profile in profiles() {
        assert_eq!(profile.adapter.profile, profile.name);
        let driver = Driver::new(&profile, &profile.adapter).expect("its own adapter");
        assert_eq!(driver.gpu().regions().len(), profile.adapter.segments.len());
        let mut adapter = profile.adapter.clone();
        for segment in &mut adapter.segments {
            segment.size = u64::MAX - 4095;
        }
        assert!(Driver::new(&profile, &adapter).is_ok());
        let another = adapter.segments[0].clone();
        adapter.segments.resize(2, another);
        adapter.segments[1].size = 4097;
        let error = StartError::UnalignedSize { segment: segment(2), size: 4097 };
        assert_eq!(Driver::new(&profile, &adapter).err(), Some(error));
        adapter.segments[1].size = 4096;
        adapter.segments.resize(32, adapter.segments[1].clone());
        assert_eq!(Driver::new(&profile, &adapter).err(), Some(StartError::TooManySegments(32)));
    }
    assert_eq!(profile("nothing of the kind"), None);
}

/// Numbers as the sample's sources have them.
#[test]
fn the_sample_reports_what_its_sources_say() {
    let sample = profile("render-only-sample").expect("one of the profiles");
    let [aperture, memory] = &sample.adapter.segments[..] else {
        panic!("two segments");
    };
    assert_eq!((aperture.flags.bits(), aperture.base, aperture.size), (0x15, 0xC000_0000, 1 << 22));
    assert_eq!(aperture.cpu_translated_address, 0xFFFF_FFFE_0000_0000);
    assert_eq!((memory.flags.bits(), memory.base, memory.size), (0x414, 0, 131_072_000));
    assert_eq!((aperture.commit_limit, memory.commit_limit), (1 << 22, 0));
    let buffer = sample.adapter.paging_buffer;
    assert_eq!((buffer.segment, buffer.size, buffer.private_data_size), (1, 4096, 272));
    let style = sample.allocations;
    assert_eq!((style.alignment.get(), style.preferred.word()), (64, 2));
    assert_eq!((style.supported.0, style.eviction.0), (0b10, 0));
}
