//! Power in rows, sums and words, against numbers worked out by hand.

use super::*;
use crate::base::{AllocationId, SegmentId, Span};
use crate::config::{HardwareKeeps, Kept, Segment, VideoProtectedRange};
use crate::ddi::SegmentFlags;
use crate::machine::{AllocationOutcome, BytesVerdict, PowerOutcome};
use crate::vidmm::{FateReason, Phase, PhaseTime, Placement, SegmentVerdict};

const MIB: u64 = 1 << 20;
const MS: u64 = 1_000_000;

fn id(number: u8) -> SegmentId {
    SegmentId::new(number).expect("1 to 31")
}

fn segment(name: &str, flags: u32, size: u64) -> Segment {
    let flags = SegmentFlags::from_bits_retain(flags);
    Segment { name: name.to_owned(), flags, size, ..Segment::default() }
}

#[test]
fn every_combination_of_the_flags_has_its_row() {
    // Bits 7, 8 and 9 of the flag word.
    let bits = |s: u32, h: u32, p: u32| s << 7 | h << 8 | p << 9;
    let expected = [
        ((0, 0, 0), Some((RowEffect::Purged, RowEffect::Purged))),
        ((1, 0, 0), Some((RowEffect::Kept, RowEffect::Purged))),
        ((1, 1, 0), Some((RowEffect::Kept, RowEffect::Kept))),
        ((1, 0, 1), Some((RowEffect::Kept, RowEffect::Split))),
        ((1, 1, 1), None),
        ((0, 1, 0), None),
        ((0, 0, 1), None),
        ((0, 1, 1), None),
    ];
    let segments: Vec<Segment> = expected
        .iter()
        .map(|((s, h, p), _)| segment(&format!("{s}{h}{p}"), bits(*s, *h, *p) | 0x4, MIB))
        .chain([segment("gart", 0x11, MIB)])
        .collect();
    let rows = flag_rows(&segments);
    for (row, ((s, h, p), effect)) in rows.iter().zip(expected) {
        let own = (u32::from(row.standby), u32::from(row.hibernate), u32::from(row.partly));
        assert_eq!((own, row.effect), ((s, h, p), effect));
        assert_eq!(row.segments[0].name, format!("{s}{h}{p}"));
    }
    let names: Vec<(usize, bool)> =
        rows[0].segments.iter().map(|one| (one.number, one.aperture)).collect();
    assert_eq!(names, [(1, false), (9, true)], "the aperture has no flag of the three");
}

#[test]
fn a_protected_range_is_noted_with_what_its_own_flag_says() {
    let range = VideoProtectedRange { start: 0x40_0000, size: 4 * MIB, ..Default::default() };
    // Bit 16 says that there is one, bit 17 that it is kept in standby.
    let mut kept = segment("A", 1 << 16 | 1 << 17, 16 * MIB);
    kept.video_protected_range = Some(range);
    let mut purged = segment("B", 1 << 16, 16 * MIB);
    purged.video_protected_range = Some(range);
    let mut none = segment("C", 0, 16 * MIB);
    none.video_protected_range = Some(range);
    assert_eq!(
        protected_notes(&[kept, purged, none]),
        [
            "Protected range of 1 A: 4 MiB at 0x0040_0000, kept in standby, purged in hibernation",
            "Protected range of 2 B: 4 MiB at 0x0040_0000, purged in every sleep",
        ]
    );
}

#[test]
fn a_claim_beyond_the_truth_loses_and_one_below_it_moves_for_nothing() {
    // 640 MiB claimed for both, of which the hardware keeps 64 MiB in S4.
    let mut card = segment("VRAM", 0x180, 640 * MIB);
    card.hardware_keeps = HardwareKeeps { standby: None, hibernate: Some(Kept::First(64 * MIB)) };
    // Nothing claimed, everything kept in S3.
    let mut modest = segment("Modest", 0, 128 * MIB);
    modest.hardware_keeps = HardwareKeeps { standby: Some(Kept::Everything), hibernate: None };
    let told = claims(&[card.clone(), modest.clone(), segment("GART", 0x11, MIB)]);
    let numbers = |cell: &ClaimCell| (cell.verdict, cell.lost / MIB, cell.for_nothing / MIB);
    assert_eq!(numbers(&told[0].standby), (ClaimVerdict::Agrees, 0, 0));
    assert_eq!(numbers(&told[0].hibernate), (ClaimVerdict::Loses, 576, 0));
    assert_eq!(numbers(&told[1].standby), (ClaimVerdict::MovesForNothing, 0, 128));
    assert_eq!(numbers(&told[1].hibernate), (ClaimVerdict::Agrees, 0, 0));
    assert_eq!(numbers(&told[2].hibernate), (ClaimVerdict::NoBytes, 0, 0));
    let words = |cell: &ClaimCell| (cell.claim.clone(), cell.truth.clone());
    assert_eq!(words(&told[0].hibernate), ("kept".to_owned(), "64 MiB".to_owned()));
    assert_eq!(words(&told[1].standby), ("purge".to_owned(), "keeps".to_owned()));
    assert_eq!(
        told[0].hibernate.sentence.as_deref(),
        Some(
            "1 VRAM in S4: the driver claims that all of it stays, the hardware keeps 0x0000 to \
             0x03FF_FFFF. VidMm saves none of it, and what lies in the other 576 MiB is lost."
        )
    );
    assert_eq!(
        told[1].standby.sentence.as_deref(),
        Some(
            "2 Modest in S3: the hardware keeps all of it, the driver claims that nothing stays. \
             What lies in those 128 MiB moves out for nothing."
        )
    );
    // Hybrid sleep purges as for S4 and stays in S3.
    assert!(loses(&card, Sleep::Hibernate) && !loses(&card, Sleep::HybridSleep));
    assert!(!loses(&modest, Sleep::Standby));
}

/// An outcome of phases one after the other, and of allocations with the sums of their segments.
fn outcome(
    transition: Transition,
    phases: &[(Phase, u64)],
    segments: &[(u8, SegmentVerdict)],
    allocations: &[(u8, u64, Fate, FateReason)],
) -> PowerOutcome {
    let mut clock = 0;
    let phases = phases.iter().map(|(phase, time)| {
        let start = clock;
        clock += time;
        PhaseTime { phase: *phase, start, end: clock }
    });
    let phases: Vec<PhaseTime> = phases.collect();
    let allocations: Vec<AllocationOutcome> = (0..)
        .zip(allocations)
        .map(|(index, (segment, size, fate, reason))| AllocationOutcome {
            allocation: AllocationId(index),
            place: Some(Placement { segment: id(*segment), span: Span::whole(*size) }),
            size: Bytes(*size),
            fate: *fate,
            reason: *reason,
            bytes: BytesVerdict::Intact,
            moved_for_nothing: false,
            operation: None,
        })
        .collect();
    let segments = segments
        .iter()
        .map(|(number, verdict)| {
            let sum = |fate: Fate| {
                let own = allocations.iter().filter(|one| {
                    one.fate == fate && one.place.is_some_and(|at| at.segment == id(*number))
                });
                Bytes(own.map(|one| one.size.get()).sum())
            };
            SegmentOutcome {
                segment: id(*number),
                verdict: *verdict,
                kept: sum(Fate::Kept),
                moved_out: sum(Fate::MovedOut),
                discarded: sum(Fate::Discarded),
                unmapped: sum(Fate::Unmapped),
                lost: sum(Fate::Lost),
                moved_for_nothing: Bytes(0),
                nanoseconds: 0,
            }
        })
        .collect();
    PowerOutcome {
        transition,
        before: Power::Working,
        after: Power::Working,
        segments,
        allocations,
        phases,
        failed: None,
    }
}

#[test]
fn advice_says_what_preserving_and_offering_save() {
    let standby = Transition::Sleep(Sleep::Standby);
    let down = outcome(
        standby,
        &[
            (Phase::Drain, MS),
            (Phase::Evict(id(1)), 400 * MS),
            (Phase::Evict(id(2)), 20 * MS),
            (Phase::SetPowerState(DevicePowerState::D3), 4 * MS),
        ],
        &[(1, SegmentVerdict::Purged), (2, SegmentVerdict::Purged), (3, SegmentVerdict::Kept)],
        &[
            (1, 16 * MIB, Fate::MovedOut, FateReason::Pinned),
            (1, 48 * MIB, Fate::MovedOut, FateReason::SegmentPurged),
            (2, 8 * MIB, Fate::MovedOut, FateReason::SegmentPurged),
            (3, 512 * MIB, Fate::Kept, FateReason::SegmentKept),
        ],
    );
    let back = outcome(
        Transition::Resume { power_lost: false },
        &[(Phase::SetPowerState(DevicePowerState::D0), 6 * MS), (Phase::Restore(id(1)), 12 * MS)],
        &[],
        &[],
    );
    let found = advice(&down, Some(&back), &[]);
    assert_eq!(
        found,
        [
            // 400 ms out and 12 ms back in.
            Advice::Preserve { segment: id(1), saves: 412 * MS, for_nothing: false },
            Advice::Preserve { segment: id(2), saves: 20 * MS, for_nothing: false },
            // 48 of 64 MiB that take 400 ms; what is pinned cannot be offered.
            Advice::Offer { allocation: AllocationId(1), bytes: 48 * MIB, saves: 300 * MS },
        ]
    );
    let names = crate::session::Names::default();
    let words = crate::analysis::explain::Words::new(&names, &[]);
    let told = advice_text(found[0], Sleep::Standby, words);
    assert_eq!(told, "Preserving (unnamed) in standby saves 412.000 ms");
}

#[test]
fn where_nothing_moves_the_driver_is_what_takes_time() {
    let down = outcome(
        Transition::Sleep(Sleep::Standby),
        &[(Phase::Drain, MS), (Phase::SetPowerState(DevicePowerState::D3), 4 * MS)],
        &[(1, SegmentVerdict::Kept)],
        &[(1, MIB, Fate::Kept, FateReason::SegmentKept)],
    );
    assert_eq!(
        advice(&down, None, &[]),
        [Advice::NothingMoves, Advice::DriverTakes { takes: 4 * MS, of: 5 * MS }]
    );
}

#[test]
fn only_a_claim_beyond_the_truth_is_blamed_for_what_is_lost() {
    let hibernate = Transition::Sleep(Sleep::Hibernate);
    let down = outcome(
        hibernate,
        &[],
        &[(1, SegmentVerdict::Kept)],
        &[(1, 4 * MIB, Fate::Lost, FateReason::SegmentKept)],
    );
    let mut liar = segment("VRAM", 0x180, 16 * MIB);
    liar.hardware_keeps = HardwareKeeps { standby: None, hibernate: Some(Kept::Nothing) };
    let blamed = advice(&down, None, &[liar]);
    assert_eq!(blamed[0], Advice::Unclaim { segment: id(1), lost: 4 * MIB });
    // Lost before, in a segment whose claim is true.
    let honest = advice(&down, None, &[segment("VRAM", 0x180, 16 * MIB)]);
    assert_eq!(honest, [Advice::NothingMoves]);
}

#[test]
fn rows_are_sorted_and_the_way_back_has_the_last_word() {
    let mut down = outcome(
        Transition::Sleep(Sleep::HybridSleep),
        &[(Phase::Drain, MS), (Phase::Evict(id(1)), 0)],
        &[(1, SegmentVerdict::Purged), (2, SegmentVerdict::Kept)],
        &[
            (1, 16 * MIB, Fate::MovedOut, FateReason::Pinned),
            (2, 64 * MIB, Fate::Kept, FateReason::SegmentKept),
            (1, 4 * MIB, Fate::Discarded, FateReason::Offered),
        ],
    );
    down.allocations[2].bytes = BytesVerdict::NothingPromised;
    let mut back = outcome(
        Transition::Resume { power_lost: true },
        &[(Phase::Restore(id(1)), 2 * MS)],
        &[],
        &[
            (1, 16 * MIB, Fate::Restored, FateReason::Pinned),
            (2, 64 * MIB, Fate::Lost, FateReason::SegmentKept),
        ],
    );
    back.allocations[1].bytes = BytesVerdict::Lost { first: 0x1000, bytes: 8192 };
    let after = After { step: 41, outcome: &down, back: Some((42, &back)) };
    assert_eq!(after.title(), "Hybrid sleep at step 41, back at step 42");
    let names = crate::session::Names::default();
    let words = crate::analysis::explain::Words::new(&names, &[]);
    let row = |index| outcome_row(&after, index, words).expect("there are three");
    assert_eq!((row(0).outcome, row(0).said.as_str()), ("moved out", "intact, restored"));
    assert_eq!((row(1).outcome, row(1).share), ("lost", Share::Lost));
    assert_eq!(row(1).said, "lost from byte 0x1000");
    assert_eq!(row(1).detail, "8,192 bytes differ from what they must be");
    assert_eq!(row(2).said, "nothing to keep");
    let by = |column, descending| {
        outcome_order(&after, Some(OutcomeOrder { column, descending }), words)
    };
    assert_eq!(outcome_order(&after, None, words), [0, 1, 2]);
    assert_eq!(by(OutcomeColumn::Size, false), [2, 0, 1]);
    assert_eq!(by(OutcomeColumn::Size, true), [1, 0, 2]);
    assert_eq!(by(OutcomeColumn::Bytes, true), [1, 2, 0]);
    assert_eq!(by(OutcomeColumn::Place, false), [0, 2, 1], "equal ones as they were dealt with");
    let sums = totals(&after);
    assert_eq!((sums.intact, sums.nothing, sums.lost, sums.lost_bytes), (1, 1, 1, 8192));
    assert_eq!(
        sums.text(),
        "3 allocations: 1 intact, 1 with nothing to keep, 1 lost (8,192 bytes differ)"
    );
    let phases: Vec<(u64, bool)> =
        phase_bars(&after, words).iter().map(|bar| (bar.nanoseconds, bar.back)).collect();
    assert_eq!(phases, [(MS, false), (2 * MS, true)], "what took no time is left out");
    let row = outcome_row(&after, 1, words).expect("there are three");
    let cells = crate::analysis::export::outcome_cells(row);
    let cells: Vec<String> = cells.iter().map(crate::analysis::export::Cell::plain).collect();
    assert_eq!((cells[2].as_str(), cells[3].as_str()), ("67108864", "lost"));
    assert_eq!(cells[6..], ["0x1000", "8192", ""]);
}

#[test]
fn buttons_lead_where_the_state_allows_and_else_say_why() {
    let open = |power: Power, blocked: Option<&str>| -> Vec<Transition> {
        let buttons = transition_buttons(power, blocked);
        assert_eq!(buttons.len(), TRANSITIONS.len());
        let open = buttons.into_iter().filter(|button| button.reason.is_none());
        open.map(|button| button.transition).collect()
    };
    assert_eq!(open(Power::Working, None).len(), 4 + 3 + 1, "sleeps, D1 to D3, recovery");
    assert_eq!(
        open(Power::Device(DevicePowerState::D3), None),
        [Transition::Device(DevicePowerState::D0)]
    );
    let resume = |power_lost| Transition::Resume { power_lost };
    assert_eq!(open(Power::Asleep(Sleep::Standby), None), [resume(false)]);
    assert_eq!(open(Power::Asleep(Sleep::HybridSleep), None), [resume(false), resume(true)]);
    assert!(open(Power::Working, Some("inside a command")).is_empty());
}
