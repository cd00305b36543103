//! Damage done behind the machine's back, and what it says about it.

use super::*;
use crate::base::{AllocationId, Bytes, DeviceId, PAGE_SIZE, Pages, ProcessId, SegmentId};
use crate::config::{Adapter, PagingBuffer, Policies, Segment};
use crate::ddi::{
    AllocationFlags, AllocationInfo, BuildPagingBuffer, DeviceInfo, MapApertureFlags,
    MapApertureSegment, Miniport as _, NtStatus, PageList, PagingOperation, PreferredSegments,
    Priority, SegmentFlags, SegmentSet,
};
use crate::kmd::{Driver, profile};
use crate::memory::{Mdl, bytes};
use crate::vidmm::SYSTEM_CONTEXT;

const VRAM: AllocationId = AllocationId(0);
const MAPPED: AllocationId = AllocationId(1);
const PAGES: u64 = 4;

fn segment(number: u8) -> SegmentId {
    SegmentId::new(number).expect("between 1 and 31")
}

/// A memory segment with one allocation in it and an aperture with another, both written.
///
/// The driver programs apertures at once, so that a test can have it program them wrongly.
struct Bench {
    machine: Machine,
    applied: u64,
}

impl Bench {
    fn new() -> Self {
        let raw = |name: &str, flags| Segment {
            name: name.into(),
            flags,
            base: 0,
            size: 16 * PAGE_SIZE,
            ..Segment::default()
        };
        let profile = profile("render-only-sample").expect("the profile is the program's own");
        let adapter = Adapter {
            system_memory: 4 << 20,
            segments: vec![
                raw("VRAM", SegmentFlags::CpuVisible),
                raw("GART", SegmentFlags::Aperture | SegmentFlags::CacheCoherent),
            ],
            paging_buffer: PagingBuffer { segment: 0, size: 4096, private_data_size: 0, count: 1 },
            ..profile.adapter.clone()
        };
        let machine = Machine::new(&adapter, Policies::default(), &profile);
        let mut bench = Self { machine, applied: 0 };
        bench.good(&Command::CreateProcess(ProcessId(0)));
        bench.good(&Command::CreateDevice(DeviceId(0), ProcessId(0), DeviceInfo::default()));
        for (allocation, number) in [(VRAM, 1), (MAPPED, 2)] {
            let supported = SegmentSet::default().with(segment(number));
            bench.good(&Command::CreateAllocation(Box::new(CreateAllocation {
                allocation,
                device: DeviceId(0),
                info: AllocationInfo {
                    size: Bytes(PAGES * PAGE_SIZE),
                    alignment: Bytes::ZERO,
                    preferred: PreferredSegments::default(),
                    supported_read: supported,
                    supported_write: supported,
                    eviction: SegmentSet::default(),
                    flags: AllocationFlags::CpuVisible,
                    priority: Priority::NORMAL,
                    ..AllocationInfo::default()
                },
                fill_pattern: 0x1234_5678,
                resident: true,
                shared: false,
                primary: false,
                existing: None,
            })));
            bench.good(&Command::CpuWrite(allocation, AllocationRange::default(), Data::Seed(9)));
        }
        bench
    }

    fn apply(&mut self, command: &Command) -> (Ending, Vec<Damage>) {
        self.applied += 1;
        let outcome = self.machine.apply(self.applied, command, None);
        (outcome.ending, outcome.damage)
    }

    fn good(&mut self, command: &Command) {
        assert_eq!(self.apply(command), (Ending::Done, Vec::new()), "{command:?}");
    }

    fn started(&mut self) -> &mut Started {
        self.machine.started.as_deref_mut().expect("the adapter breaks no rule")
    }

    /// Turns one byte of an allocation over, wherever it is.
    fn flip(&mut self, id: AllocationId, offset: u64) {
        let started = self.started();
        let allocation = started.vidmm.book().allocation(id).expect("it exists");
        let pieces = started.pieces(allocation).expect("it has bytes");
        let one = bytes::slice_pieces(&pieces, offset, 1);
        let wrong = bytes::pieces_from_bytes(&[!bytes::read_pieces(&one, 1)[0]]);
        match (allocation.placement(), allocation.backing().cloned()) {
            (_, Some(mdl)) => started.host.mdl_put(&mdl, offset, &wrong).expect("it lies there"),
            (Some(place), None) => {
                let region = Driver::region(place.segment);
                let at = place.span.start() + offset;
                started.driver.write_memory(region, at, &wrong).expect("it lies there");
            }
            (None, None) => unreachable!("it has bytes somewhere"),
        }
    }

    fn expect(&mut self, expectation: Expectation) -> Ending {
        self.apply(&Command::Expect(expectation)).0
    }

    /// Has the driver point aperture pages somewhere.
    fn map(&mut self, first: u64, mdl: Mdl) {
        let pages = mdl.pages();
        let operation = PagingOperation::MapApertureSegment(MapApertureSegment {
            device: None,
            allocation: None,
            segment: segment(2),
            offset_in_pages: Pages(first),
            number_of_pages: pages,
            pages: PageList { mdl, array: None },
            flags: MapApertureFlags::empty(),
            mdl_offset: Pages::ZERO,
        });
        let mut arguments = BuildPagingBuffer {
            dma_buffer: &mut [],
            dma_buffer_used: 0,
            private_data: &mut [],
            private_data_used: 0,
            operation: &operation,
            multipass_offset: 0,
            system_context: SYSTEM_CONTEXT,
        };
        let status = self.started().driver.build_paging_buffer(&mut arguments);
        assert_eq!(status, NtStatus::SUCCESS);
    }

    fn backing(&mut self, id: AllocationId) -> Mdl {
        let allocation = self.started().vidmm.book().allocation(id).expect("it exists");
        allocation.backing().cloned().expect("it has pages")
    }
}

#[test]
fn a_flipped_byte_is_named_wherever_it_lies() {
    for (id, offset) in [(VRAM, 0), (VRAM, 4099), (VRAM, PAGES * PAGE_SIZE - 1), (MAPPED, 8191)] {
        let mut bench = Bench::new();
        bench.flip(id, offset);
        // The sweep after a command that has nothing to do with it.
        let found = bench.apply(&Command::CreateProcess(ProcessId(1)));
        let damage = Damage::Content { allocation: id, offset };
        assert_eq!(found, (Ending::Done, vec![damage.clone()]));
        // The CPU and the GPU see it as well.
        let read = Command::CpuRead(id, AllocationRange::default());
        let wrong = Damage::WrongCpuRead { allocation: id, offset };
        assert_eq!(bench.apply(&read).1, [wrong, damage.clone()]);
        let range = AllocationRange { offset, length: Some(1) };
        let use_ = |kind| Command::Use([Reference { allocation: id, range, kind }].into());
        let seen = bench.apply(&use_(ReferenceKind::Read)).1;
        assert_eq!(seen, [Damage::WrongRead { allocation: id, offset }, damage]);
        // Right again once it is written over.
        bench.good(&use_(ReferenceKind::Write { seed: Some(3) }));
    }
}

#[test]
fn a_flipped_byte_travels_with_the_allocation() {
    let mut bench = Bench::new();
    bench.flip(VRAM, 5000);
    for command in [Command::Evict(VRAM), Command::MakeResident([VRAM].into())] {
        let damage = Damage::Content { allocation: VRAM, offset: 5000 };
        assert_eq!(bench.apply(&command).1, [damage]);
    }
}

#[test]
fn with_less_scrutiny_what_a_command_touches_is_looked_at() {
    let mut bench = Bench::new();
    bench.machine.set_scrutiny(Scrutiny::Touched);
    bench.flip(VRAM, 1);
    bench.good(&Command::MakeResident([MAPPED].into()));
    let damage = Damage::Content { allocation: VRAM, offset: 1 };
    assert_eq!(bench.apply(&Command::MakeResident([VRAM].into())).1, [damage]);
}

#[test]
fn a_wrong_aperture_entry_is_named() {
    let sweep = Command::CreateProcess(ProcessId(1));
    let place = |bench: &mut Bench| {
        let allocation = bench.started().vidmm.book().allocation(MAPPED).expect("it exists");
        let place = allocation.placement().expect("it is resident");
        place.span.start() / PAGE_SIZE
    };
    // A page of the allocation points to the page after the right one.
    let mut bench = Bench::new();
    let (first, mdl) = (place(&mut bench), bench.backing(MAPPED));
    bench.map(first + 2, mdl.slice(3, Pages(1)));
    let wrong = Damage::ApertureTable { segment: segment(2), page: first + 2 };
    assert_eq!(bench.apply(&sweep).1, [wrong]);
    // A page that nothing is mapped at points somewhere.
    let mut bench = Bench::new();
    let (first, mdl) = (place(&mut bench), bench.backing(MAPPED));
    bench.map(first + PAGES, mdl.slice(0, Pages(1)));
    let wrong = Damage::ApertureTable { segment: segment(2), page: first + PAGES };
    assert_eq!(bench.apply(&sweep).1, [wrong]);
}

#[test]
fn the_wrong_page_read_through_an_aperture_is_a_wrong_read() {
    let mut bench = Bench::new();
    let mdl = bench.backing(MAPPED);
    bench.map(0, mdl.slice(1, Pages(1)));
    let reference = Reference {
        allocation: MAPPED,
        range: AllocationRange::default(),
        kind: ReferenceKind::Read,
    };
    let damage = bench.apply(&Command::Use([reference].into())).1;
    let table = Damage::ApertureTable { segment: segment(2), page: 0 };
    // At rest its bytes are right: only the way to them is wrong.
    // Pseudo-random pages differ early, and reading goes wrong in the first one.
    let [Damage::WrongRead { allocation: MAPPED, offset }, ref found] = damage[..] else {
        panic!("{damage:?}");
    };
    assert!(offset < 16 && *found == table, "{damage:?}");
}

#[test]
fn the_hash_of_the_state_covers_every_byte() {
    for (id, offset) in [(VRAM, 0), (MAPPED, PAGES * PAGE_SIZE - 1)] {
        let mut bench = Bench::new();
        let hash = bench.machine.hash();
        bench.flip(id, offset);
        assert_ne!(bench.machine.hash(), hash, "{id:?} {offset}");
    }
}

#[test]
fn expectations_that_fail_say_what_was_found() {
    let mut bench = Bench::new();
    let failed = |mismatch| Ending::Failed(Box::new(mismatch));
    let content = Expectation::Content(VRAM, ContentState::Intact);
    assert_eq!(bench.expect(content.clone()), Ending::Held);
    bench.flip(VRAM, 77);
    let damaged = Mismatch::Content(VRAM, ContentState::Damaged, Some(77));
    assert_eq!(bench.expect(content), failed(damaged));
    assert_eq!(bench.expect(Expectation::Content(VRAM, ContentState::Damaged)), Ending::Held);
    let allocation = bench.started().vidmm.book().allocation(VRAM).cloned().expect("it exists");
    let place = allocation.placement().expect("it is resident");
    let elsewhere = ExpectedPlace::Segment(segment(2), None);
    let ending = bench.expect(Expectation::Place(VRAM, elsewhere));
    assert_eq!(ending, failed(Mismatch::ResidentAt(VRAM, place)));
    let offset = ExpectedPlace::Segment(segment(1), Some(PAGE_SIZE));
    let ending = bench.expect(Expectation::Place(VRAM, offset));
    assert_eq!(ending, failed(Mismatch::ResidentAt(VRAM, place)));
    let absent = Expectation::Place(AllocationId(7), ExpectedPlace::NotResident);
    assert_eq!(bench.expect(absent), failed(Mismatch::Absent(AllocationId(7))));
    let present = Expectation::Place(VRAM, ExpectedPlace::Absent);
    assert_eq!(bench.expect(present), failed(Mismatch::Present(VRAM)));
    let counter = Expectation::Counter(Counter::PageIns, 5);
    assert_eq!(bench.expect(counter), failed(Mismatch::Counter(Counter::PageIns, 2)));
    let status = Expectation::Status(NtStatus::NO_MEMORY);
    assert_eq!(bench.expect(status), failed(Mismatch::Status(Some(NtStatus::SUCCESS))));
    // The last byte, and one beyond.
    let end = PAGES * PAGE_SIZE - 1;
    let started = bench.started();
    let allocation = started.vidmm.book().allocation(VRAM).expect("it exists");
    let last = bytes::slice_pieces(&started.pieces(allocation).expect("it has bytes"), end, 1);
    let last = bytes::read_pieces(&last, 1)[0];
    let beyond = Expectation::Bytes(VRAM, end, [last, 0].into());
    let nothing = Mismatch::Byte { offset: 1, expected: 0, found: None };
    assert_eq!(bench.expect(beyond), failed(nothing));
    let wrong = Expectation::Bytes(VRAM, end, [!last].into());
    let found = Mismatch::Byte { offset: 0, expected: !last, found: Some(last) };
    assert_eq!(bench.expect(wrong), failed(found));
    assert_eq!(bench.expect(Expectation::Stopped(0x10E, 1)), failed(Mismatch::Stopped(None)));
}
