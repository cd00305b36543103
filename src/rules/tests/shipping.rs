//! Adapters as drivers in the field report them: what they do works, so that no rule may call it
//! an error. Flag words, bases and sizes are facts of those drivers; see `kmd::profiles`.

use super::{KIB, MIB};
use crate::config::{Adapter, PagingBuffer, Segment};
use crate::ddi::{InterfaceVersion, SegmentFlags, SystemMemoryId};
use crate::rules::{Rule, Severity, check_adapter};

/// Flag word, base, size, commit limit.
type Row = (u32, u64, u64, u64);

fn adapter(version: InterfaceVersion, buffer: (u8, u64, u64), rows: &[Row]) -> Adapter {
    let segment = |(number, row): (usize, &Row)| Segment {
        name: number.to_string(),
        flags: SegmentFlags::from_bits_retain(row.0),
        base: row.1,
        size: row.2,
        commit_limit: row.3,
        ..Segment::default()
    };
    let (segment_id, size, private_data_size) = buffer;
    Adapter {
        version,
        system_memory: 2048 * MIB,
        segments: (1..).zip(rows).map(segment).collect(),
        paging_buffer: PagingBuffer { segment: segment_id, size, private_data_size, count: 1 },
        ..Adapter::default()
    }
}

#[test]
fn what_shipping_drivers_report_is_no_error() {
    const GPU: u64 = 0xC000_0000;
    let (old, new) = (InterfaceVersion::Wddm1_3, InterfaceVersion::Wddm2_0);
    let render_only = 131_072_000;
    let mut with_system_id = adapter(new, (0, 4096, 272), &[(0x1B5, GPU, 16 * MIB, 0)]);
    with_system_id.system_memory_id = SystemMemoryId(2);
    let mut bogus_address =
        adapter(old, (1, 4096, 272), &[(0x15, GPU, 4 * MIB, 4 * MIB), (0x414, 0, render_only, 0)]);
    bogus_address.segments[0].cpu_translated_address = 0xFFFF_FFFE_0000_0000;
    let shared = Rule::VisibleAperture;
    let none = Rule::PreservedNone;
    let table: [(&str, Adapter, &[Rule]); 10] = [
        (
            "render-only sample",
            bogus_address,
            &[Rule::CommitZero, Rule::CoherentMemory, shared, none],
        ),
        (
            "compute-only sample",
            adapter(new, (0, 4096, 272), &[(0x414, 0, 128 * MIB, 0)]),
            &[
                Rule::CommitZero,
                Rule::CoherentMemory,
                Rule::SingleAperture,
                none,
                Rule::BudgetNone,
                Rule::SystemMemoryIdDisputed,
            ],
        ),
        (
            "compute-only sample with addresses",
            with_system_id,
            &[
                Rule::CommitZero,
                Rule::PitchSegment,
                shared,
                Rule::BudgetNone,
                Rule::SystemMemoryIdDisputed,
            ],
        ),
        (
            "VirtualBox, legacy",
            adapter(
                old,
                (0, 4096, 4096),
                &[(0x4, 0, 64 * MIB, 64 * MIB), (0x0, 0, 64 * MIB, 64 * MIB)],
            ),
            &[Rule::SegmentsOverlap, none],
        ),
        (
            "VirtualBox, Direct3D 11",
            adapter(
                old,
                (0, 4096, 4096),
                &[
                    (0x4, 0, 128 * MIB, 128 * MIB),
                    (0x5, 0, 2048 * MIB, 2048 * MIB),
                    (0x0, 0, 2048 * MIB, 2048 * MIB),
                ],
            ),
            &[Rule::SegmentsOverlap, shared, none],
        ),
        ("virtio 3D", adapter(old, (1, 40_960, 0), &[(0x411, GPU, 1024 * MIB, 1024 * MIB)]), &[]),
        (
            "standard VGA",
            adapter(old, (0, 64 * KIB, 0), &[(0x4, 0xFD00_0000, 16 * MIB, 16 * MIB)]),
            &[none],
        ),
        (
            "uXen",
            adapter(
                old,
                (1, 64 * KIB, 0),
                &[(0x4, 0, 32 * MIB, 32 * MIB), (0x5, 0, 32 * MIB, 32 * MIB)],
            ),
            &[Rule::SegmentsOverlap, shared, none, Rule::PagingBufferMemory],
        ),
        (
            "a hobby driver with a window",
            adapter(
                new,
                (0, 64 * KIB, 0),
                &[
                    (0x191, 0, 1024 * MIB, 1024 * MIB),
                    (0x2190, 128 * MIB, 128 * MIB, 128 * MIB),
                    (0x194, 0, 128 * MIB, 128 * MIB),
                ],
            ),
            &[
                Rule::SegmentsOverlap,
                Rule::CoherentMemory,
                Rule::HostApertureEmpty,
                Rule::BudgetNone,
                Rule::SystemMemoryIdDisputed,
            ],
        ),
        (
            "the same, said to be older",
            adapter(
                old,
                (0, 64 * KIB, 0),
                &[(0x191, 0, 1024 * MIB, 1024 * MIB), (0x2190, 0x4000_0000, 128 * MIB, 128 * MIB)],
            ),
            &[Rule::CoherentMemory, Rule::FlagNewer],
        ),
    ];
    for (name, adapter, expected) in table {
        let (checked, found) = check_adapter(&adapter);
        assert!(checked.is_some(), "{name}: {found:?}");
        assert!(found.iter().all(|finding| finding.severity() < Severity::Error), "{name}");
        let mut rules: Vec<Rule> = found.iter().map(|finding| finding.rule).collect();
        rules.sort_unstable();
        rules.dedup();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(rules, expected, "{name}: {found:?}");
    }
}
