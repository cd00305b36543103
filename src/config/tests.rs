//! What is claimed and what is kept, worked out by hand from the table of the documents.

use super::{HardwareKeeps, Kept, Segment, VideoProtectedRange};
use crate::base::Span;
use crate::ddi::{SegmentFlags, SystemSleepState};

const STANDBY: SegmentFlags = SegmentFlags::PreservedDuringStandby;
const HIBERNATE: SegmentFlags = SegmentFlags::PreservedDuringHibernate;
const PARTLY: SegmentFlags = SegmentFlags::PartiallyPreservedDuringHibernate;

fn segment(flags: SegmentFlags) -> Segment {
    Segment { flags, size: 0x10_0000, system_memory_end_address: 0x3_FFFF, ..Segment::default() }
}

fn spans(ends: &[(u64, u64)]) -> Vec<Span> {
    ends.iter().map(|(start, end)| Span::new(*start, *end).expect("in order")).collect()
}

#[test]
fn every_row_of_the_preservation_table_claims_what_it_says() {
    let whole: &[(u64, u64)] = &[(0, 0x10_0000)];
    let part: &[(u64, u64)] = &[(0, 0x4_0000)];
    let none: &[(u64, u64)] = &[];
    let rows = [
        (SegmentFlags::empty(), none, none),
        (STANDBY, whole, none),
        (STANDBY | HIBERNATE, whole, whole),
        (STANDBY | PARTLY, whole, part),
        (STANDBY | HIBERNATE | PARTLY, none, none),
        (HIBERNATE, none, none),
        (PARTLY, none, none),
        (HIBERNATE | PARTLY, none, none),
    ];
    for (flags, standby, hibernate) in rows {
        let segment = segment(flags);
        assert_eq!(segment.claimed(SystemSleepState::Standby), spans(standby), "{flags:?}");
        assert_eq!(segment.claimed(SystemSleepState::Hibernate), spans(hibernate), "{flags:?}");
    }
}

#[test]
fn a_protected_range_follows_its_own_flag_in_standby_and_is_never_claimed_in_hibernation() {
    let protected = VideoProtectedRange { start: 0x2_0000, size: 0x1_0000, ..Default::default() };
    let with = |flags| Segment {
        video_protected_range: Some(protected),
        ..segment(flags | SegmentFlags::VprSupported)
    };
    let (standby, hibernate) = (SystemSleepState::Standby, SystemSleepState::Hibernate);
    let around = spans(&[(0, 0x2_0000), (0x3_0000, 0x10_0000)]);
    let both = STANDBY | HIBERNATE;
    let preserved = SegmentFlags::VprPreservedDuringStandby;
    assert_eq!(with(both).claimed(standby), around);
    assert_eq!(with(both | preserved).claimed(standby), spans(&[(0, 0x10_0000)]));
    assert_eq!(with(preserved).claimed(standby), spans(&[(0x2_0000, 0x3_0000)]));
    assert_eq!(with(both | preserved).claimed(hibernate), around);
    let partly = with(STANDBY | PARTLY | preserved).claimed(hibernate);
    assert_eq!(partly, spans(&[(0, 0x2_0000), (0x3_0000, 0x4_0000)]));
}

#[test]
fn what_the_hardware_keeps_is_the_claim_unless_it_is_stated() {
    let (standby, hibernate) = (SystemSleepState::Standby, SystemSleepState::Hibernate);
    let liar = Segment {
        hardware_keeps: HardwareKeeps { standby: None, hibernate: Some(Kept::First(0x2_0000)) },
        ..segment(STANDBY | HIBERNATE)
    };
    assert_eq!(liar.really_kept(standby), spans(&[(0, 0x10_0000)]));
    assert_eq!(liar.really_kept(hibernate), spans(&[(0, 0x2_0000)]));
    let all = Some(Kept::Everything);
    let modest = Segment {
        hardware_keeps: HardwareKeeps { standby: all, hibernate: Some(Kept::First(u64::MAX)) },
        ..segment(SegmentFlags::empty())
    };
    assert_eq!(modest.really_kept(standby), spans(&[(0, 0x10_0000)]));
    assert_eq!(modest.really_kept(hibernate), spans(&[(0, 0x10_0000)]));
}

#[test]
fn apertures_keep_and_claim_nothing_and_no_size_overflows() {
    let aperture = Segment {
        hardware_keeps: HardwareKeeps { standby: Some(Kept::Everything), hibernate: None },
        ..segment(SegmentFlags::Aperture | STANDBY | HIBERNATE)
    };
    assert_eq!(aperture.claimed(SystemSleepState::Standby), spans(&[]));
    assert_eq!(aperture.really_kept(SystemSleepState::Standby), spans(&[]));
    let edge = Segment {
        size: u64::MAX,
        system_memory_end_address: u64::MAX,
        ..segment(STANDBY | PARTLY)
    };
    assert_eq!(edge.claimed(SystemSleepState::Hibernate), spans(&[(0, u64::MAX)]));
}
