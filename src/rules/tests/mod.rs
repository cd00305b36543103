//! Every rule: what breaks it, what only just does not, and how bad it is. Worked out by hand from
//! the documents that the rules name.

mod adapters;
mod allocations;
mod bad_input;
mod shipping;

use super::{AllocationKind, Finding, Rule, Severity, check_adapter, check_allocation};
use crate::base::{Bytes, SegmentId};
use crate::config::{Adapter, PagingBuffer, Segment};
use crate::ddi::{
    AllocationFlags, AllocationInfo, InterfaceVersion, Preference, PreferredSegments, Priority,
    SegmentFlags, SegmentSet,
};

pub(super) const KIB: u64 = 1 << 10;
pub(super) const MIB: u64 = 1 << 20;

/// An adapter, and an allocation on it.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) adapter: Adapter,
    pub(super) info: AllocationInfo,
    pub(super) kind: AllocationKind,
}

/// A change of what breaks no rule.
pub(super) type Change = fn(&mut Given);

/// A rule with its severity, a change that breaks it, one that only just does not, and the other
/// rules that the first breaks of necessity.
pub(super) struct Case {
    pub(super) rule: Rule,
    pub(super) severity: Severity,
    pub(super) breaks: Change,
    pub(super) holds: Change,
    pub(super) also: &'static [Rule],
}

impl Case {
    pub(super) const fn new(rule: Rule, severity: Severity, breaks: Change, holds: Change) -> Self {
        Self { rule, severity, breaks, holds, also: &[] }
    }

    /// With rules that the mistake breaks as well.
    pub(super) const fn also(self, also: &'static [Rule]) -> Self {
        Self { also, ..self }
    }
}

pub(super) fn preserved() -> SegmentFlags {
    SegmentFlags::PreservedDuringStandby | SegmentFlags::PreservedDuringHibernate
}

/// 16 MiB that the CPU sees, 64 MiB that it does not, and an aperture of 32 MiB, on WDDM 1.3; an
/// allocation of 64 KiB that may lie anywhere. No rule has anything to say.
pub(super) fn plain() -> Given {
    let segment = |name: &str, flags, base, size| Segment {
        name: name.to_owned(),
        flags,
        base,
        size,
        commit_limit: size,
        ..Segment::default()
    };
    let visible = SegmentFlags::CpuVisible | preserved();
    let aperture = SegmentFlags::Aperture | SegmentFlags::CacheCoherent;
    let first = SegmentId::new(1).expect("1 is an id");
    Given {
        adapter: Adapter {
            name: "plain".to_owned(),
            version: InterfaceVersion::Wddm1_3,
            profile: "inspector".to_owned(),
            system_memory: 1024 * MIB,
            segments: vec![
                Segment {
                    cpu_translated_address: 0xE000_0000,
                    ..segment("visible", visible, 0, 16 * MIB)
                },
                segment("invisible", preserved(), 16 * MIB, 64 * MIB),
                segment("aperture", aperture, 0xC000_0000, 32 * MIB),
            ],
            paging_buffer: PagingBuffer { segment: 3, size: 4096, private_data_size: 0, count: 2 },
            ..Adapter::default()
        },
        info: AllocationInfo {
            size: Bytes(64 * KIB),
            alignment: Bytes(4 * KIB),
            preferred: PreferredSegments::new(&[Preference { segment: first, from_end: false }])
                .expect("one"),
            supported_read: SegmentSet(0b111),
            supported_write: SegmentSet(0b111),
            eviction: SegmentSet(0b100),
            flags: AllocationFlags::CpuVisible,
            priority: Priority::NORMAL,
            ..AllocationInfo::default()
        },
        kind: AllocationKind::default(),
    }
}

/// The same on WDDM 2.2, with budget groups. The id of system memory is always disputed there.
pub(super) fn wddm2(given: &mut Given) {
    given.adapter.version = InterfaceVersion::Wddm2_2;
    given.adapter.segments[0].flags |= SegmentFlags::LocalBudgetGroup;
    given.adapter.segments[1].flags |= SegmentFlags::LocalBudgetGroup;
    given.adapter.segments[2].flags |= SegmentFlags::NonLocalBudgetGroup;
}

/// All findings on an adapter, and on the allocation where the adapter starts.
fn findings(given: &Given) -> (bool, Vec<Finding>) {
    let (checked, mut findings) = check_adapter(&given.adapter);
    if let Some(checked) = &checked {
        findings.extend(check_allocation(checked, &given.info, given.kind));
    }
    (checked.is_some(), findings)
}

/// The rules of findings, each once, without the one that every WDDM 2.x adapter breaks.
fn rules(findings: &[Finding], rule: Rule) -> Vec<Rule> {
    let mut rules: Vec<Rule> = findings.iter().map(|finding| finding.rule).collect();
    rules.retain(|found| *found == rule || *found != Rule::SystemMemoryIdDisputed);
    rules.sort_unstable();
    rules.dedup();
    rules
}

fn cases() -> Vec<Case> {
    adapters::cases().into_iter().chain(allocations::cases()).collect()
}

#[test]
fn nothing_is_wrong_with_the_plain_adapter_and_its_allocation() {
    assert_eq!(findings(&plain()), (true, vec![]));
    let mut newer = plain();
    wddm2(&mut newer);
    let (starts, found) = findings(&newer);
    assert!(starts);
    assert_eq!(rules(&found, Rule::NoSegments), [], "{found:?}");
}

#[test]
fn every_rule_has_a_case() {
    let cases = cases();
    for rule in Rule::ALL {
        let count = cases.iter().filter(|case| case.rule == *rule).count();
        assert!(count > 0, "{rule:?} has no case");
    }
}

#[test]
fn every_rule_fires_for_its_mistake_alone_and_not_for_what_is_just_right() {
    for Case { rule, severity, breaks, holds, also } in cases() {
        assert_eq!(rule.severity(), severity, "{rule:?}");
        let mut given = plain();
        breaks(&mut given);
        let (starts, found) = findings(&given);
        let mut expected = vec![rule];
        expected.extend(also);
        expected.sort_unstable();
        assert_eq!(rules(&found, rule), expected, "{rule:?}: {found:?}");
        let of_adapter = check_adapter(&given.adapter).1;
        let sound = of_adapter.iter().all(|finding| finding.severity() < Severity::Error);
        assert_eq!(starts, sound, "{rule:?}");
        let mut given = plain();
        holds(&mut given);
        let (_, found) = findings(&given);
        assert!(found.iter().all(|finding| finding.rule != rule), "{rule:?}: {found:?}");
    }
}

#[test]
fn ids_are_unique_and_stay_readable() {
    let mut ids: Vec<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    ids.sort_unstable();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
    for rule in Rule::ALL {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(rule.id().chars().all(plain), "{}", rule.id());
        let sentence = rule.sentence();
        assert!(!sentence.ends_with('.') && !sentence.contains("  "), "{sentence}");
        assert!(!rule.source().is_empty() && !rule.source().contains("  "), "{}", rule.source());
    }
}
