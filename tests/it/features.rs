//! Tables of outcomes, worked out by hand from the documents.

use vidmm_inspector::base::{Bytes, DeviceId, PagesId, SegmentId};
use vidmm_inspector::config::{AgpAperture, EnginePolicy};
use vidmm_inspector::ddi::{
    AllocationFlags, AllocationInfo, BankHint, HintedBanks, InterfaceVersion, LockFlags,
    MapApertureFlags, NtStatus, OfferPriority, PagingOperation, Preference, PreferredSegments,
    SegmentFlags, TransferFlags,
};
use vidmm_inspector::machine::{
    AllocationRange, Command, ContentState, Counter, Data, Place, RawLocation, RawOperation,
    RawTransfer, Reference, ReferenceKind, ReservePages, RunGpu, TracedKind,
};
use vidmm_inspector::vidmm::{Asked, Offer};

use crate::script::{ALL, Done, PAGE, Script, info, segments};

const VISIBLE: AllocationFlags = AllocationFlags::CpuVisible;
const NONE: SegmentFlags = SegmentFlags::empty();
const V1: InterfaceVersion = InterfaceVersion::Wddm1_3;
const V2: InterfaceVersion = InterfaceVersion::Wddm2_2;

fn preferring(pages: u64, numbers: &[u8], hint: Option<BankHint>) -> AllocationInfo {
    let wanted: Vec<Preference> = numbers
        .iter()
        .map(|number| Preference {
            segment: SegmentId::new(*number).expect("1 to 31"),
            from_end: false,
        })
        .collect();
    let hints: Vec<BankHint> = hint.into_iter().collect();
    AllocationInfo {
        preferred: PreferredSegments::new(&wanted).expect("at most five"),
        hinted_banks: HintedBanks::new(&hints).expect("a bank"),
        ..info(pages, numbers, AllocationFlags::empty())
    }
}

fn bank(bank: u8, from_end: bool) -> Option<BankHint> {
    Some(BankHint { bank, from_end })
}

#[test]
fn bank_hint_top_down_lands_at_the_end_of_the_bank() {
    // Banks 0..8, 8..20 and 20..32 pages; three pages each time.
    let table = [
        (bank(1, false), 0),
        (bank(1, true), 5),
        (bank(2, false), 8),
        (bank(2, true), 17),
        (bank(3, true), 29),
        (None, 0),
        (bank(9, true), 0),
    ];
    for (hint, page) in table {
        let mut script = Script::new(V1, &[(NONE, 32)]).banks(1, &[8, 20]);
        let id = script.resident(preferring(3, &[1], hint));
        assert_eq!(script.run().place(id), Some((1, page)), "{hint:?}");
    }
}

#[test]
fn an_allocation_crosses_a_bank_but_never_the_end_of_the_segment() {
    let mut script = Script::new(V1, &[(NONE, 32)]).banks(1, &[8, 20]);
    // Pages 8 to 12 of bank 2: ten more do not fit into it, nor below it, and go on into bank 3.
    let first = script.resident(preferring(4, &[1], bank(2, false)));
    let second = script.resident(preferring(10, &[1], bank(2, false)));
    let larger = script.create(preferring(33, &[1], bank(3, false)));
    script.then(Command::MakeResident([larger].into()));
    let done = script.run();
    assert_eq!((done.place(first), done.place(second)), (Some((1, 8)), Some((1, 12))));
    assert_eq!(done.last(), NtStatus::NO_VIDEO_MEMORY);
}

#[test]
fn a_hint_on_a_second_preferred_segment_is_ignored() {
    let mut script = Script::new(V1, &[(NONE, 8), (NONE, 32)]).banks(2, &[8, 20]);
    script.resident(info(8, &[1], AllocationFlags::empty()));
    let id = script.resident(preferring(2, &[1, 2], bank(2, true)));
    assert_eq!(script.run().place(id), Some((2, 0)));
}

#[test]
fn large_pages_round_what_is_taken_and_ask_for_their_alignment() {
    let mut script = Script::new(V2, &[(SegmentFlags::Use64KBPages, 64)]);
    let aligned = |bytes| AllocationInfo {
        alignment: Bytes(bytes),
        ..info(1, &[1], AllocationFlags::empty())
    };
    let first = script.resident(aligned(0x1_0000));
    let second = script.resident(aligned(0x2_0000));
    let third = script.resident(aligned(0x1_0000));
    script.create(aligned(0x1000));
    let done = script.run();
    // 128 KiB is 32 pages; the third fits between.
    let places = [first, second, third].map(|id| done.place(id));
    assert_eq!(places, [Some((1, 0)), Some((1, 32)), Some((1, 16))]);
    assert_eq!(done.last(), NtStatus::INVALID_PARAMETER);
    let space = done.machine().vidmm().book().segment(SegmentId::new(1).expect("1"));
    assert_eq!(space.expect("a segment").space().used(), 3 * 0x1_0000);
}

#[test]
fn overlay_and_capture_lie_in_the_last_fifth() {
    // Of 50 pages, the last ten.
    let (down, none) = (AllocationFlags::FromEndOfSegment, AllocationFlags::empty());
    for flag in [AllocationFlags::Overlay, AllocationFlags::Capture] {
        for (pages, more, page) in [(1, none, Some(40)), (1, down, Some(49)), (10, none, Some(40))]
        {
            let mut script = Script::new(V1, &[(NONE, 50)]);
            let id = script.resident(info(pages, &[1], flag | more));
            let number = script.then(Command::Evict(id));
            let done = script.run();
            assert_eq!(done.place(id), page.map(|page| (1, page)), "{flag:?} {pages} {more:?}");
            assert_eq!(done.status(number), NtStatus::CANT_EVICT_PINNED_ALLOCATION);
        }
        let mut script = Script::new(V1, &[(NONE, 50)]);
        let id = script.create(info(11, &[1], flag));
        script.then(Command::MakeResident([id].into()));
        assert_eq!(script.run().last(), NtStatus::NO_VIDEO_MEMORY);
    }
}

const SEEN: SegmentFlags = SegmentFlags::CpuVisible;
const APERTURE: SegmentFlags = SegmentFlags::Aperture;

#[test]
fn locks_of_both_generations_end_as_the_documents_say() {
    use AllocationFlags as F;
    let (done, cannot) = (NtStatus::SUCCESS, NtStatus::CANT_LOCK_MEMORY);
    let pinned = NtStatus::CANT_EVICT_PINNED_ALLOCATION;
    let (no, evictless) = (LockFlags::empty(), LockFlags::DonotEvict);
    let perm = VISIBLE | F::PermanentSysMem;
    let overlay = VISIBLE | F::Overlay;
    let cached = VISIBLE | F::Cached;
    // Version, first segment, whether an aperture is supported besides, flags, lock flags; how it
    // ends and whether the allocation stays in the first segment.
    let table = [
        (V1, SEEN, false, VISIBLE, no, done, true),
        (V1, SEEN, false, cached, no, done, true),
        (V1, NONE, false, VISIBLE, no, done, false),
        (V1, NONE, false, VISIBLE, evictless, cannot, true),
        (V1, NONE, false, overlay, no, pinned, true),
        (V1, SEEN, false, overlay, no, done, true),
        (V1, SEEN, false, perm, no, done, false),
        (V1, SEEN, false, perm, evictless, cannot, true),
        (V1, APERTURE, false, VISIBLE, evictless, done, true),
        (V1, SEEN, true, F::empty(), no, cannot, true),
        (V1, APERTURE, false, F::empty(), no, cannot, true),
        (V2, SEEN, false, VISIBLE, no, done, true),
        (V2, SEEN, false, cached, no, done, false),
        (V2, NONE, true, VISIBLE, no, done, false),
        (V2, NONE, false, VISIBLE, no, cannot, true),
        (V2, NONE, true, VISIBLE, evictless, cannot, true),
        (V2, NONE, true, F::empty(), no, done, false),
        (V2, NONE, false, F::empty(), no, cannot, true),
        (V2, APERTURE, false, cached, evictless, done, true),
    ];
    for row in table {
        let (version, first, aperture, flags, lock, status, stays) = row;
        let mut script = Script::new(version, &[(first, 20), (APERTURE, 20)]);
        let supported: &[u8] = if aperture { &[1, 2] } else { &[1] };
        let id = script.resident(info(2, supported, flags));
        let number = script.lock(id, lock);
        let done = script.run();
        assert_eq!(done.status(number), status, "{row:?}");
        assert_eq!(done.place(id).is_some(), stays, "{row:?}");
        let locks = done
            .machine()
            .vidmm()
            .book()
            .allocation(id)
            .map(vidmm_inspector::vidmm::Allocation::locks);
        assert_eq!(locks, Some(u32::from(status == NtStatus::SUCCESS)), "{row:?}");
    }
}

#[test]
fn what_is_nowhere_resident_is_locked_by_its_visibility_alone() {
    let none = AllocationFlags::empty();
    let cannot = NtStatus::CANT_LOCK_MEMORY;
    let table =
        [(V1, VISIBLE, NtStatus::SUCCESS), (V1, none, cannot), (V2, none, NtStatus::SUCCESS)];
    for (version, flags, status) in table {
        let mut script = Script::new(version, &[(NONE, 20)]);
        let id = script.create(info(2, &[1], flags));
        script.lock(id, LockFlags::empty());
        assert_eq!(script.run().last(), status, "{version} {flags:?}");
    }
}

#[test]
fn lock_flags_that_exclude_each_other_are_refused() {
    let table = [
        (LockFlags::ReadOnly | LockFlags::WriteOnly, false),
        (LockFlags::IgnoreSync | LockFlags::AcquireAperture, false),
        (LockFlags::UseAlternateVA, false),
        (LockFlags::ReadOnly, true),
        (LockFlags::WriteOnly | LockFlags::LockEntire, true),
        (LockFlags::IgnoreReadSync, true),
    ];
    for (flags, sound) in table {
        let mut script = Script::new(V1, &[(SEEN, 20)]);
        let id = script.create(info(1, &[1], VISIBLE));
        script.lock(id, flags);
        let status = if sound { NtStatus::SUCCESS } else { NtStatus::INVALID_PARAMETER };
        assert_eq!(script.run().last(), status, "{flags:?}");
    }
}

#[test]
fn a_lock_that_may_not_wait_fails_while_the_gpu_works() {
    let table = [
        (LockFlags::DonotWait, NtStatus::ALLOCATION_BUSY),
        (LockFlags::DonotWait | LockFlags::IgnoreSync, NtStatus::SUCCESS),
        (LockFlags::empty(), NtStatus::SUCCESS),
    ];
    for (flags, status) in table {
        let mut script = Script::new(V1, &[(SEEN, 20)]);
        script.policies.engine = EnginePolicy::Manual;
        let id = script.create(info(1, &[1], VISIBLE));
        script.write(id);
        let number = script.lock(id, flags);
        script.then(Command::RunGpu(RunGpu::UntilIdle));
        assert_eq!(script.run().status(number), status, "{flags:?}");
    }
}

#[test]
fn unlocking_puts_back_what_the_lock_took_out() {
    // Page-ins: for the residence, and after the last of two locks.
    let perm = VISIBLE | AllocationFlags::PermanentSysMem;
    for (flags, place, page_ins) in [(perm, Some((1, 0)), 2), (VISIBLE, None, 1)] {
        let mut script = Script::new(V1, &[(NONE, 20)]);
        let id = script.resident(info(2, &[1], flags));
        script.lock(id, LockFlags::empty());
        script.lock(id, LockFlags::empty());
        script.then(Command::Unlock(id));
        assert_eq!(script.run().place(id), None, "one lock is left");
        script.then(Command::Unlock(id));
        let done = script.run();
        assert_eq!(done.place(id), place, "{flags:?}");
        assert_eq!(done.count(Counter::PageIns), page_ins, "{flags:?}");
        script.then(Command::Unlock(id));
        assert_eq!(script.run().last(), NtStatus::INVALID_PARAMETER);
    }
}

#[test]
fn what_is_locked_is_rendered_from_an_aperture_or_not_at_all() {
    let refused = NtStatus::CANT_RENDER_LOCKED_ALLOCATION;
    type Row = (InterfaceVersion, SegmentFlags, &'static [u8], NtStatus, Option<(u8, u64)>);
    let table: [Row; 5] = [
        (V1, SEEN, &[1], refused, Some((1, 0))),
        (V1, SEEN, &[1, 2], NtStatus::SUCCESS, Some((2, 0))),
        (V2, SEEN, &[1], NtStatus::SUCCESS, Some((1, 0))),
        (V2, NONE, &[1, 2], NtStatus::SUCCESS, Some((2, 0))),
        (V1, APERTURE, &[1], NtStatus::SUCCESS, Some((1, 0))),
    ];
    for row in table {
        let (version, first, supported, status, place) = row;
        let mut script = Script::new(version, &[(first, 20), (APERTURE, 20)]);
        let id = script.resident(info(2, supported, VISIBLE));
        script.lock(id, LockFlags::empty());
        script.write(id);
        let done = script.run();
        assert_eq!((done.last(), done.place(id)), (status, place), "{row:?}");
    }
}

#[test]
fn offering_twice_and_using_what_is_offered_are_refused() {
    let mut script = Script::new(V1, &[(SEEN, 20)]);
    let id = script.resident(info(2, &[1], VISIBLE));
    let offer = || Command::Offer([id].into(), OfferPriority::Normal);
    script.then(offer());
    let refused = [
        script.then(offer()),
        script.write(id),
        script.then(Command::MakeResident([id].into())),
        script.lock(id, LockFlags::empty()),
        script.then(Command::CpuWrite(id, ALL, Data::Pattern(1))),
        script.then(Command::Display(Some(id))),
    ];
    let reclaimed = script.then(Command::Reclaim([id].into()));
    let again = script.then(Command::Reclaim([id].into()));
    let used = script.write(id);
    let done = script.run();
    for number in refused.into_iter().chain([again]) {
        assert_eq!(done.status(number), NtStatus::INVALID_PARAMETER, "command {number}");
    }
    assert_eq!([reclaimed, used].map(|number| done.status(number)), [NtStatus::SUCCESS; 2]);
    assert_eq!(done.count(Counter::BytesDiscarded), 0);
}

#[test]
fn reclaiming_says_once_that_content_was_dropped() {
    let mut script = Script::new(V1, &[(SEEN, 20)]);
    let id = script.resident(info(2, &[1], VISIBLE));
    script.then(Command::Offer([id].into(), OfferPriority::Low));
    script.then(Command::EvictAll);
    let done = script.run();
    let state = |done: &Done| {
        let allocation = done.machine().vidmm().book().allocation(id).expect("exists").clone();
        (allocation.offer(), done.machine().content_state(&allocation).0)
    };
    assert_eq!(state(&done), (Offer::Discarded, ContentState::Discarded));
    assert_eq!(done.count(Counter::BytesDiscarded), 2 * PAGE);
    script.then(Command::Reclaim([id].into()));
    let done = script.run();
    assert_eq!(state(&done), (Offer::None, ContentState::Discarded));
    script.then(Command::Reclaim([id].into()));
    assert_eq!(script.run().last(), NtStatus::INVALID_PARAMETER);
    // Without content it is filled again.
    script.then(Command::MakeResident([id].into()));
    let done = script.run();
    assert_eq!(state(&done), (Offer::None, ContentState::Intact));
    assert_eq!(done.count(Counter::BytesFilled), 4 * PAGE);
}

#[test]
fn what_was_dropped_is_not_expected_around_what_is_written_next() {
    // Filled with sevens and dropped; then four bytes are written into new pages, which are zero.
    let range = AllocationRange { offset: 100, length: Some(4) };
    let dropped = |script: &mut Script| {
        let id = script.resident(info(1, &[1, 2], VISIBLE));
        script.then(Command::Offer([id].into(), OfferPriority::Low));
        script.then(Command::EvictAll);
        script.then(Command::Reclaim([id].into()));
        id
    };
    let content = |done: &Done, id| {
        let machine = done.machine();
        let allocation = machine.vidmm().book().allocation(id).expect("exists");
        let pieces = machine.pieces(allocation).expect("it has bytes");
        vidmm_inspector::memory::bytes::read_pieces(&pieces, 108)
    };
    let mut by_cpu = Script::new(V1, &[(SEEN, 4), (APERTURE, 4)]);
    let id = dropped(&mut by_cpu);
    by_cpu.then(Command::CpuWrite(id, range, Data::Pattern(0x0403_0201)));
    let expected = [&[0; 100][..], &[1, 2, 3, 4], &[0; 4]].concat();
    assert_eq!(content(&by_cpu.run(), id), expected);
    // With the memory taken, the GPU writes through the aperture.
    let mut by_gpu = Script::new(V1, &[(SEEN, 4), (APERTURE, 4)]);
    let id = dropped(&mut by_gpu);
    let _ = by_gpu.resident(info(4, &[1], VISIBLE));
    let kind = ReferenceKind::Write { seed: None };
    by_gpu.then(Command::Use([Reference { allocation: id, range, kind }].into()));
    let done = by_gpu.run();
    assert_eq!(done.place(id), Some((2, 0)));
    let found = content(&done, id);
    assert_eq!((&found[..100], &found[104..]), (&[0; 100][..], &[0; 4][..]));
}

#[test]
fn the_owner_passes_to_the_next_opener_and_the_last_takes_it_along() {
    let mut script = Script::new(V1, &[(SEEN, 20)]);
    let id = script.create_with(info(2, &[1], VISIBLE), |create| create.shared = true);
    script.then(Command::OpenAllocation(id, DeviceId(2)));
    script.then(Command::OpenAllocation(id, DeviceId(1)));
    let again = script.then(Command::OpenAllocation(id, DeviceId(1)));
    let foreign = script.then(Command::Lock(id, Some(DeviceId(2)), LockFlags::empty()));
    let own = script.then(Command::Lock(id, Some(DeviceId(1)), LockFlags::empty()));
    script.then(Command::CloseAllocation(id, DeviceId(0)));
    let done = script.run();
    let owner = |done: &Done| {
        done.machine().vidmm().book().allocation(id).map(|allocation| allocation.device().0)
    };
    assert_eq!(owner(&done), Some(2));
    for (number, status) in [
        (again, NtStatus::INVALID_PARAMETER),
        (foreign, NtStatus::INVALID_PARAMETER),
        (own, NtStatus::SUCCESS),
    ] {
        assert_eq!(done.status(number), status, "command {number}");
    }
    script.then(Command::CloseAllocation(id, DeviceId(2)));
    assert_eq!(owner(&script.run()), Some(1));
    script.then(Command::CloseAllocation(id, DeviceId(2)));
    assert_eq!(script.run().last(), NtStatus::INVALID_PARAMETER);
    script.then(Command::CloseAllocation(id, DeviceId(1)));
    assert_eq!(owner(&script.run()), None);
    script.then(Command::Evict(id));
    assert_eq!(script.run().last(), NtStatus::ALLOCATION_CLOSED);
}

#[test]
fn what_is_displayed_is_pinned_and_not_destroyed() {
    let mut script = Script::new(V1, &[(SegmentFlags::DirectFlip, 8), (NONE, 8)]);
    let shown = script.create(info(8, &[1], AllocationFlags::empty()));
    let unseen = script.create(info(8, &[2], AllocationFlags::empty()));
    let primary = script.create_with(info(8, &[2], AllocationFlags::empty()), |create| {
        create.primary = true;
    });
    let other = script.create(info(1, &[1], AllocationFlags::empty()));
    let display = script.then(Command::Display(Some(shown)));
    let table = [
        (display, NtStatus::SUCCESS),
        (script.then(Command::Evict(shown)), NtStatus::CANT_EVICT_PINNED_ALLOCATION),
        (script.then(Command::DestroyAllocation(shown)), NtStatus::INVALID_PARAMETER),
        (script.then(Command::EvictAll), NtStatus::SUCCESS),
        (script.then(Command::MakeResident([other].into())), NtStatus::NO_VIDEO_MEMORY),
        (script.then(Command::Display(Some(unseen))), NtStatus::INVALID_ALLOCATION_USAGE),
        (script.then(Command::Display(Some(primary))), NtStatus::SUCCESS),
        (script.then(Command::MakeResident([other].into())), NtStatus::SUCCESS),
        (script.then(Command::Display(None)), NtStatus::SUCCESS),
        (script.then(Command::DestroyAllocation(primary)), NtStatus::SUCCESS),
    ];
    let done = script.run();
    for (number, status) in table {
        assert_eq!(done.status(number), status, "command {number}");
    }
    assert_eq!((done.place(shown), done.place(other)), (None, Some((1, 0))));
}

#[test]
fn an_eviction_aperture_that_is_too_small_goes_straight_to_the_list() {
    // Pages of the aperture, and what is moved through it and past it.
    for (pages, through) in [(4, true), (3, false)] {
        let mut script = Script::new(V1, &[(NONE, 20), (APERTURE, pages)]);
        let evicted =
            AllocationInfo { eviction: segments(&[2]), ..info(4, &[1], AllocationFlags::empty()) };
        let id = script.resident(evicted);
        script.then(Command::Evict(id));
        let done = script.run();
        let counts = (
            done.count(Counter::BytesMemoryToAperture),
            done.count(Counter::BytesMemoryToMdl),
            done.count(Counter::BytesMappedIntoAperture),
        );
        // The temporary mapping is not one of the allocation.
        let expected = if through { (4 * PAGE, 0, 0) } else { (0, 4 * PAGE, 0) };
        assert_eq!(counts, expected, "{pages} pages");
    }
}

#[test]
fn cached_pages_are_flushed_where_nobody_asks_the_cache() {
    let coherent = APERTURE | SegmentFlags::CacheCoherent;
    let cached = VISIBLE | AllocationFlags::Cached;
    // Segment and flags; bytes flushed after a first use, and after one more write of 100 bytes.
    let table = [
        (coherent, cached, [0, 0]),
        (APERTURE, cached, [2 * PAGE, 2 * PAGE + 100]),
        (NONE, cached, [2 * PAGE, 4 * PAGE]),
        (APERTURE, VISIBLE, [0, 0]),
    ];
    for (segment, flags, flushed) in table {
        let mut script = Script::new(V1, &[(segment, 20)]);
        let id = script.create(info(2, &[1], flags));
        script.then(Command::CpuWrite(id, ALL, Data::Seed(3)));
        script.then(Command::MakeResident([id].into()));
        assert_eq!(script.run().count(Counter::BytesFlushed), flushed[0], "{segment:?}");
        // Out of a memory segment it is whole again in the pages, of which all are written.
        let len = if segment == NONE { 2 * PAGE } else { 100 };
        let range = AllocationRange { offset: 0, length: Some(len) };
        script.then(Command::CpuWrite(id, range, Data::Seed(4)));
        script.then(Command::MakeResident([id].into()));
        assert_eq!(script.run().count(Counter::BytesFlushed), flushed[1], "{segment:?}");
    }
}

#[test]
fn the_cpu_reads_agp_memory_after_a_dummy_read_of_the_gpu() {
    let mut script = Script::new(V1, &[(SegmentFlags::Agp, 0)]);
    script.adapter.agp_aperture = Some(AgpAperture { base: 0xD000_0000, size: 20 * PAGE });
    let id = script.create(info(2, &[1], VISIBLE));
    script.write(id);
    let reads = [
        (script.then(Command::CpuRead(id, ALL)), 1),
        // Nothing new was written.
        (script.then(Command::CpuRead(id, ALL)), 0),
    ];
    let mut done = script.run();
    for (number, expected) in reads {
        let trace = done.0.trace(number).expect("it was executed");
        let is_read = |kind: &TracedKind| {
            let TracedKind::Asked(record) = kind else { return false };
            matches!(record.asked, Asked::Paging(PagingOperation::ReadPhysical(_)))
        };
        let count = trace.operations.iter().filter(|operation| is_read(&operation.kind)).count();
        assert_eq!(count, expected, "command {number}");
        // The GART driver maps: the display driver sees none of it.
        assert!(trace.operations.iter().all(|operation| is_read(&operation.kind)));
    }
}

#[test]
fn raw_operations_out_of_range_change_nothing() {
    let mut script = Script::new(V1, &[(NONE, 8), (APERTURE, 8)]);
    script.adapter.segments[0].base = 0x10_0000;
    let list = PagesId(0);
    let (memory, aperture) =
        (SegmentId::new(1).expect("1 to 31"), SegmentId::new(2).expect("1 to 31"));
    let mapped = script.resident(info(2, &[2], AllocationFlags::empty()));
    let reserve = ReservePages { pages: list, count: 2, contiguous: false };
    script.then(Command::ReservePages(reserve));
    let begun = script.commands.len();
    let transfer = |address, transfer_offset, pages, mdl_offset| {
        RawOperation::Transfer(RawTransfer {
            allocation: None,
            transfer_offset,
            transfer_size: pages * PAGE,
            source: RawLocation::Pages(list),
            destination: RawLocation::Segment { id: memory, address },
            flags: TransferFlags::TransferStart | TransferFlags::TransferEnd,
            mdl_offset,
        })
    };
    let fill = |segment, address, fill_size| RawOperation::Fill {
        allocation: None,
        fill_size,
        fill_pattern: 1,
        segment,
        address,
    };
    let map =
        |segment, offset_in_pages, number_of_pages, mdl_offset| RawOperation::MapApertureSegment {
            device: None,
            allocation: None,
            segment,
            offset_in_pages,
            number_of_pages,
            pages: list,
            flags: MapApertureFlags::empty(),
            mdl_offset,
        };
    let unmap = |offset_in_pages, number_of_pages| RawOperation::UnmapApertureSegment {
        device: None,
        allocation: None,
        segment: aperture,
        offset_in_pages,
        number_of_pages,
        dummy_page: None,
    };
    let end = 0x10_0000 + 8 * PAGE;
    let refused = [
        transfer(0xF_F000, 0, 1, 0),
        transfer(end, 0, 1, 0),
        transfer(end - PAGE, 1, 1, 0),
        transfer(0x10_0000, 0, 3, 0),
        transfer(0x10_0000, 0, 1, 2),
        transfer(0x10_0000, 0, 0, 0),
        transfer(u64::MAX, u32::MAX, 1, 0),
        fill(memory, end - 4, 8),
        fill(memory, 0x10_0000, 6),
        fill(aperture, 0, 4),
        RawOperation::ReadPhysical { segment: memory, address: end - 3 },
        RawOperation::WritePhysical { segment: memory, address: 0 },
        map(memory, 0, 1, 0),
        map(aperture, 7, 2, 0),
        map(aperture, 4, 2, 1),
        map(aperture, 1, 1, 0),
        map(aperture, u64::MAX, 1, 0),
        unmap(8, 1),
        unmap(2, 0),
        unmap(0, 3),
    ];
    for raw in &refused {
        script.then(Command::Raw(Box::new(*raw)));
    }
    let mut done = script.run();
    assert_eq!(done.place(mapped), Some((2, 0)));
    let hashes = |done: &Done| {
        let machine = done.machine();
        (machine.vidmm().hash(), machine.host().hash(), machine.driver().gpu().hash())
    };
    assert_eq!(done.0.go_to(Place::after(begun)), Ok(true));
    let before = hashes(&done);
    for (number, raw) in (begun + 1..).zip(&refused) {
        assert_eq!(done.status(number), NtStatus::INVALID_PARAMETER, "{raw:?}");
        assert_eq!(done.0.go_to(Place::after(number)), Ok(true));
        assert_eq!(hashes(&done), before, "{raw:?}");
        let refusals = done.count(Counter::Refusals);
        assert_eq!(refusals, (number - begun) as u64, "{raw:?}");
    }
}

#[test]
fn a_raw_transfer_past_the_end_of_an_allocation_gives_it_content() {
    let aperture = SegmentId::new(1).expect("1 to 31");
    let list = PagesId(0);
    // Pages of the transfer; the first beyond the allocation is the dummy page, and so are all after
    // it, which are then written more than once.
    for pages in [1, 4] {
        let mut script = Script::new(V1, &[(APERTURE, 8)]);
        let id = script.resident(info(2, &[1], VISIBLE));
        let count = pages;
        script.then(Command::ReservePages(ReservePages { pages: list, count, contiguous: false }));
        script.then(Command::WritePages(list, ALL, Data::Seed(9)));
        let begun = Place::after(script.commands.len());
        script.then(Command::Raw(Box::new(RawOperation::Transfer(RawTransfer {
            allocation: None,
            transfer_offset: 52,
            transfer_size: pages * PAGE,
            source: RawLocation::Pages(list),
            destination: RawLocation::Segment { id: aperture, address: PAGE },
            flags: TransferFlags::TransferStart | TransferFlags::TransferEnd,
            mdl_offset: 0,
        }))));
        let written = Place::after(script.commands.len());
        script.then(Command::Evict(id));
        script.then(Command::CpuRead(id, ALL));
        let mut done = script.run();
        for (place, expected) in [(begun, false), (written, true)] {
            assert_eq!(done.0.go_to(place), Ok(true));
            let allocation = done.machine().vidmm().book().allocation(id).expect("exists");
            assert_eq!(allocation.has_content(), expected, "{pages} pages, {place:?}");
        }
    }
}

#[test]
fn what_would_take_long_to_hash_is_not_hashed() {
    // A page more than 256 MiB: filled, it is hashed at once; seeded, every byte would be made.
    let mut script = Script::new(V1, &[(SEEN, 0x2_0000)]);
    script.adapter.system_memory = 1 << 30;
    let id = script.resident(info(0x1_0001, &[1], VISIBLE));
    let hash = |script: &Script| {
        let done = script.run();
        let allocation = done.machine().vidmm().book().allocation(id).expect("exists").clone();
        done.machine().content_hash(&allocation)
    };
    assert!(hash(&script).is_some());
    script.write(id);
    assert_eq!(hash(&script), None);
}
