//! Power transitions: tables worked out by hand from the documents, and random transitions
//! against an oracle that knows the preservation table and little else.

use vidmm_inspector::base::{AllocationId, SegmentId, Span};
use vidmm_inspector::config::{
    Costs, EnginePolicy, HardwareKeeps, Kept, Quirks, VideoProtectedRange,
};
use vidmm_inspector::ddi::{
    AllocationFlags, DevicePowerState, InterfaceVersion, NtStatus, OfferPriority, SegmentFlags,
};
use vidmm_inspector::gpu::PageEntry;
use vidmm_inspector::kmd::Driver;
use vidmm_inspector::machine::{
    BytesVerdict, Command, ContentState, Damage, Data, Ending, Level, Place, PowerOutcome,
    Reference, ReferenceKind, ReservePages,
};
use vidmm_inspector::vidmm::{
    Allocation, Fate, FateReason, Phase, Power, RefusalReason, Sleep, Stop, Transition,
};

use crate::script::{ALL, Done, PAGE, Script, info};

pub(crate) mod random;

const S: SegmentFlags = SegmentFlags::PreservedDuringStandby;
const H: SegmentFlags = SegmentFlags::PreservedDuringHibernate;
const P: SegmentFlags = SegmentFlags::PartiallyPreservedDuringHibernate;
const NONE: SegmentFlags = SegmentFlags::empty();
const GART: SegmentFlags = SegmentFlags::Aperture;
const V1: InterfaceVersion = InterfaceVersion::Wddm1_3;
const PLAIN: AllocationFlags = AllocationFlags::empty();
const BACK: Transition = Transition::Resume { power_lost: false };

fn sleep(sleep: Sleep) -> Command {
    Command::Power(Transition::Sleep(sleep))
}

fn outcome(done: &Done, number: usize) -> &PowerOutcome {
    let record = done.0.record(number).expect("executed");
    record.power.as_deref().unwrap_or_else(|| panic!("{:?}", record.ending))
}

fn fate(done: &Done, number: usize, id: AllocationId) -> (Fate, FateReason) {
    let allocation = outcome(done, number).allocation(id).expect("it was resident");
    (allocation.fate, allocation.reason)
}

fn script(segments: &[(SegmentFlags, u64)]) -> Script {
    let mut script = Script::new(V1, segments);
    for segment in &mut script.adapter.segments {
        if segment.flags.contains(P) {
            segment.system_memory_end_address = 4 * PAGE - 1;
        }
    }
    script
}

#[test]
fn every_row_of_the_table_keeps_or_purges_as_the_documents_say() {
    use FateReason::{BelowEnd, BeyondEnd, SegmentKept, SegmentPurged, Straddles};
    let all = |fate, reason| [(fate, reason); 3];
    let (kept, purged) = (all(Fate::Kept, SegmentKept), all(Fate::MovedOut, SegmentPurged));
    let split = [(Fate::Kept, BelowEnd), (Fate::MovedOut, Straddles), (Fate::MovedOut, BeyondEnd)];
    let table =
        [(NONE, purged, purged), (S, kept, purged), (S | H, kept, kept), (S | P, kept, split)];
    for (flags, standby, hibernate) in table {
        for (kind, expected) in [
            (Sleep::Standby, standby),
            (Sleep::Hibernate, hibernate),
            (Sleep::HybridSleep, hibernate),
            (Sleep::FastStartup, hibernate),
        ] {
            // Kept part: pages 0 to 3. The allocations take pages 0 to 1, 2 to 5 and 6 to 7.
            let mut script = script(&[(flags, 16)]);
            let ids = [2, 4, 2].map(|pages| script.resident(info(pages, &[1], PLAIN)));
            for id in ids {
                script.write(id);
            }
            let going = script.then(sleep(kind));
            let coming = script.then(Command::Power(BACK));
            let done = script.run();
            let found = ids.map(|id| fate(&done, going, id));
            assert_eq!(found, expected, "{flags:?} {kind:?}");
            for (number, id) in [going, coming].into_iter().flat_map(|n| ids.map(|id| (n, id))) {
                let bytes = outcome(&done, number).allocation(id).expect("resident").bytes;
                assert_eq!(bytes, BytesVerdict::Intact, "{flags:?} {kind:?} {number}");
            }
            let places = ids.map(|id| done.place(id).is_some());
            let stays = expected.map(|(fate, _)| fate == Fate::Kept);
            assert_eq!(places, stays, "{flags:?} {kind:?}: nothing comes back before it is used");
        }
    }
}

#[test]
fn what_is_dropped_is_not_copied_and_what_is_pinned_is_back_at_its_place() {
    let mut script = script(&[(NONE, 64), (GART, 16)]);
    let permanent = AllocationFlags::PermanentSysMem | AllocationFlags::CpuVisible;
    let offered = script.resident(info(2, &[1], PLAIN));
    let clean = script.create(info(2, &[1], permanent));
    script.then(Command::CpuWrite(clean, ALL, Data::Seed(3)));
    script.then(Command::MakeResident([clean].into()));
    let dirty = script.resident(info(2, &[1], permanent));
    let primary = script.create_with(info(4, &[1], PLAIN), |create| {
        (create.resident, create.primary) = (true, true);
    });
    let overlay = script.resident(info(3, &[1], AllocationFlags::Overlay));
    let mapped = script.resident(info(5, &[2], PLAIN));
    for id in [offered, dirty, primary, overlay, mapped] {
        script.write(id);
    }
    script.then(Command::Display(Some(primary)));
    script.then(Command::Offer([offered].into(), OfferPriority::Low));
    let before = script.run();
    let places = [primary, overlay, mapped].map(|id| before.place(id));
    assert_eq!(places[0].map(|(segment, _)| segment), Some(1));
    let going = script.then(sleep(Sleep::Hibernate));
    let asleep = script.run();
    let expected = [
        (offered, Fate::Discarded, FateReason::Offered, BytesVerdict::NothingPromised),
        (clean, Fate::Discarded, FateReason::CleanCopy, BytesVerdict::Intact),
        (dirty, Fate::MovedOut, FateReason::SegmentPurged, BytesVerdict::Intact),
        (primary, Fate::MovedOut, FateReason::Pinned, BytesVerdict::Intact),
        (overlay, Fate::MovedOut, FateReason::Pinned, BytesVerdict::Intact),
        (mapped, Fate::Unmapped, FateReason::SystemPages, BytesVerdict::Intact),
    ];
    for (id, fate, reason, bytes) in expected {
        let found = outcome(&asleep, going).allocation(id).expect("it was resident");
        assert_eq!((found.fate, found.reason, found.bytes), (fate, reason, bytes), "{id:?}");
        assert_eq!(asleep.place(id), None, "asleep nothing is resident");
    }
    // Two pages of the offered one and two of the clean one; 2 + 4 + 3 pages are moved.
    let memory = outcome(&asleep, going).segments[0];
    let pages = |bytes: vidmm_inspector::base::Bytes| bytes.get() / PAGE;
    assert_eq!((pages(memory.discarded), pages(memory.moved_out)), (4, 9));
    assert_eq!(pages(outcome(&asleep, going).segments[1].unmapped), 5);
    let coming = script.then(Command::Power(BACK));
    let done = script.run();
    assert_eq!([primary, overlay, mapped].map(|id| done.place(id)), places);
    let fates = [primary, overlay, mapped, clean, offered].map(|id| fate(&done, coming, id).0);
    assert_eq!(
        fates,
        [Fate::Restored, Fate::Restored, Fate::Remapped, Fate::Waiting, Fate::Waiting]
    );
    assert_eq!(done.machine().vidmm().book().displayed(), Some(primary));
    assert_eq!(done.machine().vidmm().power(), Power::Working);
}

#[test]
fn a_driver_that_claims_more_than_the_hardware_keeps_loses_bytes_and_is_caught() {
    let mut script = script(&[(S | H, 16)]);
    // Pages 0 to 4 are kept in S4. The allocations take pages 0 to 3, 4 to 7 and 8 to 9.
    script.adapter.segments[0].hardware_keeps =
        HardwareKeeps { standby: None, hibernate: Some(Kept::First(5 * PAGE)) };
    let ids = [4, 4, 2].map(|pages| script.resident(info(pages, &[1], PLAIN)));
    for id in ids {
        script.write(id);
    }
    let standby = script.then(sleep(Sleep::Standby));
    script.then(Command::Power(BACK));
    let hibernate = script.then(sleep(Sleep::Hibernate));
    let mut done = Done(script.executed());
    let [_, second, third] = ids;
    let bytes = |number, id| outcome(&done, number).allocation(id).expect("resident").bytes;
    assert_eq!(ids.map(|id| bytes(standby, id)), [BytesVerdict::Intact; 3]);
    assert_eq!(
        ids.map(|id| bytes(hibernate, id)),
        [
            BytesVerdict::Intact,
            BytesVerdict::Lost { first: PAGE, bytes: 3 * PAGE },
            BytesVerdict::Lost { first: 0, bytes: 2 * PAGE },
        ]
    );
    // SuspendScheduling, DrainEngines, TrimDmaBuffers, KeepSegment, SetPowerState,
    // WriteHibernateFile, EnterS4.
    let jump = |id| outcome(&done, hibernate).allocation(id).expect("resident").operation;
    assert_eq!(ids.map(jump), [None, Some(7), Some(7)]);
    let segment = outcome(&done, hibernate).segments[0];
    assert_eq!(segment.lost.get(), 5 * PAGE);
    assert_eq!(segment.kept.get(), 5 * PAGE);
    assert_eq!(segment.moved_out.get(), 0, "the driver claimed it all, so nothing was saved");
    let record = done.0.record(hibernate).expect("executed");
    assert!(record.is_bad(), "check fails");
    assert_eq!(
        &record.damage[..],
        [
            Damage::Content { allocation: second, offset: PAGE },
            Damage::Content { allocation: third, offset: 0 },
        ]
    );
    // Hybrid sleep keeps it all for as long as the power stays.
    for (power_lost, lost) in [(false, 0), (true, 5 * PAGE)] {
        let mut again = script.clone();
        again.commands.truncate(hibernate - 1);
        let hybrid = again.then(sleep(Sleep::HybridSleep));
        let back = again.then(Command::Power(Transition::Resume { power_lost }));
        done = Done(again.executed());
        assert_eq!(outcome(&done, hybrid).segments[0].lost.get(), 0);
        let gone: u64 = ids
            .iter()
            .map(|id| match outcome(&done, back).allocation(*id).expect("resident").bytes {
                BytesVerdict::Lost { bytes, .. } => bytes,
                _ => 0,
            })
            .sum();
        assert_eq!(gone, lost, "power lost: {power_lost}");
    }
}

#[test]
fn a_driver_that_claims_less_than_the_hardware_keeps_moves_for_nothing() {
    let mut script = script(&[(NONE, 16)]);
    script.adapter.segments[0].hardware_keeps =
        HardwareKeeps { standby: Some(Kept::First(3 * PAGE)), hibernate: None };
    let ids = [2, 2].map(|pages| script.resident(info(pages, &[1], PLAIN)));
    for id in ids {
        script.write(id);
    }
    let going = script.then(sleep(Sleep::Standby));
    let done = script.run();
    let nothing = ids
        .map(|id| outcome(&done, going).allocation(id).expect("it was resident").moved_for_nothing);
    assert_eq!(nothing, [true, false], "the second crosses the end of what is kept");
    let segment = outcome(&done, going).segments[0];
    assert_eq!((segment.moved_out.get(), segment.moved_for_nothing.get()), (4 * PAGE, 2 * PAGE));
}

#[test]
fn time_is_what_the_rates_say_and_preserving_a_segment_saves_what_its_phases_took() {
    let costs = Costs {
        link_to_host: 1_000_000_000,
        link_to_device: 500_000_000,
        local_memory: 0,
        operation: 0,
        submission: 0,
        packet: 0,
        aperture_page: 10,
        hibernate_file: 0,
        power_down: 7_000,
        power_up: 11_000,
    };
    let mut took = Vec::new();
    for flags in [NONE, S] {
        let mut script = script(&[(flags, 64), (GART, 16)]);
        script.adapter.costs = costs;
        let moved = script.resident(info(16, &[1], PLAIN));
        let pinned = script.resident(info(4, &[1], AllocationFlags::Overlay));
        let mapped = script.resident(info(5, &[2], PLAIN));
        for id in [moved, pinned, mapped] {
            script.write(id);
        }
        let going = script.then(sleep(Sleep::Standby));
        let coming = script.then(Command::Power(BACK));
        let done = script.run();
        let phase = |number, wanted| {
            let phases = &outcome(&done, number).phases;
            phases.iter().filter(|known| known.phase == wanted).map(|p| p.end - p.start).sum()
        };
        let memory = SegmentId::new(1).expect("1");
        let gart = SegmentId::new(2).expect("2");
        let purged = flags == NONE;
        let times: [u64; 6] = [
            phase(going, Phase::Evict(memory)),
            phase(going, Phase::Unmap(gart)),
            phase(going, Phase::SetPowerState(DevicePowerState::D3)),
            phase(coming, Phase::SetPowerState(DevicePowerState::D0)),
            phase(coming, Phase::Remap(gart)),
            phase(coming, Phase::Restore(memory)),
        ];
        // 20 pages out at 1 byte a nanosecond, 4 pages in at half that.
        let (out, back) = if purged { (20 * 4096, 4 * 4096 * 2) } else { (0, 0) };
        assert_eq!(times, [out, 50, 7_000, 11_000, 50, back], "{flags:?}");
        took.push((outcome(&done, going).nanoseconds(), outcome(&done, coming).nanoseconds()));
    }
    let [(down, up), (preserved_down, preserved_up)] = took[..] else { unreachable!("two runs") };
    assert_eq!((down - preserved_down, up - preserved_up), (20 * 4096, 4 * 4096 * 2));
}

#[test]
fn only_the_transitions_that_lead_from_a_state_are_taken() {
    let all: Vec<Transition> = Sleep::ALL
        .into_iter()
        .map(Transition::Sleep)
        .chain(DevicePowerState::ALL.map(Transition::Device))
        .chain([BACK, Transition::Resume { power_lost: true }, Transition::TimeoutRecovery])
        .collect();
    let states = [
        (vec![], Power::Working),
        (vec![Transition::Device(DevicePowerState::D2)], Power::Device(DevicePowerState::D2)),
        (vec![Transition::Sleep(Sleep::Standby)], Power::Asleep(Sleep::Standby)),
        (vec![Transition::Sleep(Sleep::HybridSleep)], Power::Asleep(Sleep::HybridSleep)),
        (vec![Transition::Sleep(Sleep::Hibernate)], Power::Asleep(Sleep::Hibernate)),
    ];
    let legal = |from: Power, to: Transition| match from {
        Power::Working => {
            !matches!(to, Transition::Resume { .. } | Transition::Device(DevicePowerState::D0))
        }
        Power::Device(_) => to == Transition::Device(DevicePowerState::D0),
        Power::Asleep(Sleep::HybridSleep) => matches!(to, Transition::Resume { .. }),
        Power::Asleep(_) => to == BACK,
    };
    for (way, from) in states {
        for transition in all.iter().copied() {
            let mut script = script(&[(NONE, 16), (GART, 16)]);
            let id = script.resident(info(2, &[1], PLAIN));
            for step in &way {
                script.then(Command::Power(*step));
            }
            let last = script.then(Command::Power(transition));
            let done = script.run();
            assert_eq!(
                done.status(last) == NtStatus::SUCCESS,
                legal(from, transition),
                "{transition:?} from {from:?}"
            );
            let refusal = RefusalReason::Transition { from, transition };
            if let Ending::Refused(found) = &done.0.record(last).expect("executed").ending {
                assert_eq!(found.reason, refusal);
                assert_eq!(done.machine().vidmm().power(), from, "nothing changed");
            }
            // Whatever else is asked while the machine is not at work is refused, too.
            if from != Power::Working {
                let mut script = script.clone();
                script.commands.pop();
                let use_ = script.write(id);
                assert_eq!(script.run().status(use_), NtStatus::DEVICE_NOT_READY);
            }
        }
    }
}

#[test]
fn a_locked_allocation_is_seen_in_system_pages_after_a_purge() {
    let mut script = script(&[(SegmentFlags::CpuVisible, 16)]);
    let id = script.resident(info(2, &[1], AllocationFlags::CpuVisible));
    script.write(id);
    script.lock(id, vidmm_inspector::ddi::LockFlags::empty());
    let going = script.then(sleep(Sleep::Standby));
    script.then(Command::Power(BACK));
    script.then(Command::CpuRead(id, ALL));
    script.then(Command::CpuWrite(id, ALL, Data::Seed(77)));
    script.then(Command::Unlock(id));
    script.write(id);
    let done = script.run();
    assert_eq!(fate(&done, going, id), (Fate::MovedOut, FateReason::Locked));
    assert_eq!(done.place(id).map(|(segment, _)| segment), Some(1), "used, so it is back");
}

#[test]
fn a_purge_without_system_memory_names_what_did_not_fit_and_saves_the_rest() {
    let mut script = script(&[(NONE, 16)]);
    script.adapter.system_memory = 1024 * PAGE;
    let ids = [4, 6].map(|pages| script.resident(info(pages, &[1], PLAIN)));
    for id in ids {
        script.write(id);
    }
    let before = script.run();
    let free = before.machine().host().free_frames().get();
    // One page stays free, and six of DMA buffers are given back: the first allocation fits, the
    // second does not.
    let (pages, count) = (vidmm_inspector::base::PagesId(0), free - 1);
    let contiguous = false;
    script.then(Command::ReservePages(ReservePages { pages, count, contiguous }));
    let going = script.then(sleep(Sleep::Hibernate));
    let done = Done(script.executed());
    let record = done.0.record(going).expect("executed");
    assert_eq!(record.ending, Ending::Stopped(Stop::purge_failed()));
    let failed = outcome(&done, going).failed.expect("the purge failed");
    assert_eq!(failed.allocation, ids[1]);
    assert_eq!((failed.needed.get(), failed.free.get()), (6, 3));
    assert_eq!(fate(&done, going, ids[0]).0, Fate::MovedOut);
    assert_eq!(fate(&done, going, ids[1]), (Fate::Kept, FateReason::NotSaved));
}

#[test]
fn a_driver_that_refuses_a_power_state_stops_the_machine() {
    let mut script = script(&[(NONE, 16)]);
    script.adapter.quirks = Quirks::SetPowerStateFails;
    let going = script.then(sleep(Sleep::Standby));
    let run = script.executed();
    let stop = Stop::power_state_failed(NtStatus::UNSUCCESSFUL);
    assert_eq!(run.record(going).expect("executed").ending, Ending::Stopped(stop));
    assert_eq!((stop.code, stop.parameter), (0x9F, 3));
}

#[test]
fn a_timeout_recovery_saves_nothing_and_keeps_what_is_in_system_memory() {
    for engine in [EnginePolicy::Drain, EnginePolicy::Manual] {
        let mut script = script(&[(S | H, 64), (GART, 16)]);
        script.policies.engine = engine;
        let permanent = AllocationFlags::PermanentSysMem | AllocationFlags::CpuVisible;
        let lost = script.resident(info(3, &[1], PLAIN));
        let copied = script.create(info(2, &[1], permanent));
        script.then(Command::CpuWrite(copied, ALL, Data::Seed(3)));
        let mapped = script.resident(info(2, &[2], PLAIN));
        let overlay = script.resident(info(2, &[1], AllocationFlags::Overlay));
        for id in [lost, mapped, overlay] {
            script.write(id);
        }
        script.then(Command::RunGpu(vidmm_inspector::machine::RunGpu::UntilIdle));
        // With the engine run by hand, these two writes are dropped before they happen, and nobody
        // was promised their bytes.
        script.write(copied);
        let kind = ReferenceKind::Write { seed: Some(99) };
        script.then(Command::Use([Reference { allocation: mapped, range: ALL, kind }].into()));
        let reset = script.then(Command::Power(Transition::TimeoutRecovery));
        let done = script.run();
        let bytes = |id| outcome(&done, reset).allocation(id).expect("resident").bytes;
        let whole = |pages: u64| BytesVerdict::Lost { first: 0, bytes: pages * PAGE };
        assert_eq!(bytes(lost), whole(3), "{engine:?}: the flags do not help");
        assert_eq!(bytes(overlay), whole(2));
        // Where the GPU wrote it since the page-in, that is gone; where it never did, the permanent
        // copy holds all that there is.
        let dropped = engine == EnginePolicy::Manual;
        assert_eq!(bytes(copied), if dropped { BytesVerdict::Intact } else { whole(2) });
        assert_eq!(bytes(mapped), BytesVerdict::Intact, "{engine:?}: written last, or before");
        let state = |id| {
            let book = done.machine().vidmm().book();
            done.machine().content_state(book.allocation(id).expect("exists")).0
        };
        assert_eq!(state(lost), ContentState::Lost);
        assert_eq!(state(copied), ContentState::Intact, "as it was last written back");
        assert_eq!(done.place(overlay).map(|(segment, _)| segment), Some(1), "pinned: back");
        assert_eq!(state(overlay), ContentState::Intact, "filled anew");
        // The permanent copy holds what the CPU wrote.
        let content = vidmm_inspector::memory::Content::seeded(3, 0);
        let wanted = vidmm_inspector::memory::bytes::pieces_from_content(content, 2 * PAGE);
        let allocation = done.machine().vidmm().book().allocation(copied).expect("exists");
        let found = done.machine().pieces(allocation).expect("it has pages");
        assert_eq!(vidmm_inspector::memory::bytes::first_difference(&wanted, &found), None);
    }
}

#[test]
fn stepping_back_through_a_whole_hibernation_restores_every_hash() {
    let mut script = script(&[(S, 64), (S | P, 32), (GART, 16)]);
    script.adapter.paging_buffer.segment = 3;
    let flags = [PLAIN, AllocationFlags::Overlay, AllocationFlags::PermanentSysMem];
    let mut ids = Vec::new();
    for (flags, segment) in flags.into_iter().flat_map(|f| [1, 2, 3].map(|s| (f, s))) {
        if !flags.contains(AllocationFlags::Overlay) || segment < 3 {
            ids.push(script.resident(info(2, &[segment], flags)));
        }
    }
    for id in ids.iter().copied() {
        script.write(id);
    }
    script.then(sleep(Sleep::Hibernate));
    script.then(Command::Power(BACK));
    script.then(Command::MakeResident(ids.into()));
    let mut run = script.run().0;
    assert_eq!(run.go_to(Place::default()), Ok(true));
    let mut ahead = vec![run.machine().hash()];
    while let Ok(Some(next)) = run.next_place(Level::Packet) {
        assert_eq!(run.go_to(next), Ok(true));
        ahead.push(run.machine().hash());
    }
    assert!(ahead.len() > 40, "{} places", ahead.len());
    while let Ok(Some(before)) = run.previous_place(Level::Packet) {
        assert_eq!(ahead.pop(), Some(run.machine().hash()), "at {}", run.place());
        assert_eq!(run.go_to(before), Ok(true));
    }
    assert_eq!(ahead, [run.machine().hash()]);
}

#[test]
fn a_preview_is_what_the_sleep_would_do_and_leaves_nothing() {
    let mut script = script(&[(S | P, 16), (GART, 16)]);
    let ids = [2, 4, 2].map(|pages| script.resident(info(pages, &[1], PLAIN)));
    for id in ids {
        script.write(id);
    }
    let before = script.commands.len();
    let going = script.then(sleep(Sleep::Hibernate));
    let coming = script.then(Command::Power(BACK));
    let mut run = script.run().0;
    assert_eq!(run.go_to(Place::after(before)), Ok(true));
    let hash = run.machine().hash();
    let preview = run.preview(Transition::Sleep(Sleep::Hibernate)).expect("at a command's end");
    assert_eq!(run.machine().hash(), hash);
    let recorded = |number: usize| run.record(number).and_then(|record| record.power.as_deref());
    assert_eq!(preview.down.as_ref(), recorded(going));
    assert_eq!(preview.back.as_ref(), recorded(coming));
    assert_eq!(run.go_to(Place::after(coming)), Ok(true));
    assert_eq!(run.recorded_hash(coming), Some(run.machine().hash()), "what lay ahead is there");
    let none = run.preview(Transition::Sleep(Sleep::Standby)).expect("at a command's end");
    assert_eq!(none.ending, Ending::Done);
    assert_eq!(run.go_to(Place::after(going)), Ok(true));
    let refused = run.preview(Transition::Sleep(Sleep::Standby)).expect("at a command's end");
    assert!(matches!(refused.ending, Ending::Refused(_)));
    assert_eq!((refused.down, refused.back), (None, None));
}

#[test]
fn registers_go_with_the_power_and_mappings_and_ranks_come_back_as_they_were() {
    let mut script = script(&[(NONE, 64), (GART, 16)]);
    let mapped = [2, 3].map(|pages| script.resident(info(pages, &[2], PLAIN)));
    let pinned = script.resident(info(2, &[1], AllocationFlags::Overlay));
    for id in [mapped[1], pinned, mapped[0]] {
        script.write(id);
    }
    let gart = SegmentId::new(2).expect("2");
    let table = |done: &Done| -> Vec<PageEntry> {
        let region = Driver::region(gart);
        let entries = done.machine().driver().gpu().aperture_entries(region, Span::whole(16));
        entries.map(|run| run.value).collect()
    };
    let ranks = |done: &Done| {
        let book = done.machine().vidmm().book();
        [mapped[0], mapped[1], pinned].map(|id| book.allocation(id).map(Allocation::last_reference))
    };
    let before = script.run();
    assert!(table(&before).iter().all(|entry| *entry != PageEntry::Unset));
    script.then(sleep(Sleep::Standby));
    assert_eq!(table(&script.run()), [PageEntry::Unset], "all pages in one run");
    script.then(Command::Power(BACK));
    let after = script.run();
    assert_eq!(table(&after), table(&before), "rebuilt identically");
    assert_eq!(ranks(&after), ranks(&before), "coming back is no reference");
}

#[test]
fn what_touches_a_protected_range_stays_in_standby_only_where_that_range_is_claimed() {
    use FateReason::{ProtectedKept, ProtectedPurged, SegmentKept};
    let supported = SegmentFlags::VprSupported;
    let claimed = supported | SegmentFlags::VprPreservedDuringStandby;
    // The range takes pages 8 to 15. The allocations take pages 0 to 5 and 6 to 9.
    let table = [
        (supported, [(Fate::Kept, SegmentKept), (Fate::MovedOut, ProtectedPurged)]),
        (claimed, [(Fate::Kept, SegmentKept), (Fate::Kept, ProtectedKept)]),
    ];
    for (flags, expected) in table {
        let mut script = script(&[(S | flags, 32)]);
        script.adapter.version = InterfaceVersion::Wddm2_2;
        script.adapter.segments[0].video_protected_range =
            Some(VideoProtectedRange { start: 8 * PAGE, size: 8 * PAGE, ..Default::default() });
        let ids = [6, 4].map(|pages| script.resident(info(pages, &[1], PLAIN)));
        for id in ids {
            script.write(id);
        }
        let going = script.then(sleep(Sleep::Standby));
        let done = script.run();
        assert_eq!(ids.map(|id| fate(&done, going, id)), expected, "{flags:?}");
    }
}
