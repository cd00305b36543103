//! The profiles against the tables of what their originals report.

use super::*;

const MIB: u64 = 1 << 20;

/// What a driver reports of its segments: flag word, base, size, commit limit.
type Segments = &'static [(u32, u64, u64, u64)];

/// Name, whether it copies records, segments, paging buffer (segment, size, private data).
type Row = (&'static str, bool, Segments, (u8, u64, u64));

const TABLE: [Row; 8] = [
    (
        "render-only-sample",
        true,
        &[(0x15, 0xC000_0000, 4 * MIB, 4 * MIB), (0x414, 0, 131_072_000, 0)],
        (1, 4096, 272),
    ),
    ("compute-only-sample", true, &[(0x414, 0, 128 * MIB, 128 * MIB)], (0, 4096, 272)),
    (
        "virtualbox-legacy",
        false,
        &[(0x4, 0, 128 * MIB, 128 * MIB), (0x0, 0, 128 * MIB, 128 * MIB)],
        (0, 4096, 4096),
    ),
    (
        "virtualbox-dx",
        false,
        &[
            (0x4, 0, 128 * MIB, 128 * MIB),
            (0x5, 0, 2048 * MIB, 2048 * MIB),
            (0x0, 0, 2048 * MIB, 2048 * MIB),
        ],
        (0, 4096, 4096),
    ),
    ("viogpu3d", false, &[(0x411, 0xC000_0000, 262_144 * 4096, 262_144 * 4096)], (1, 40_960, 0)),
    ("qemu-stdvga", false, &[(0x4, 0xFD00_0000, 16 * MIB, 16 * MIB)], (0, 65_536, 0)),
    ("uxen-first", false, &[(0x4, 0, 64 * MIB, 64 * MIB)], (0, 65_536, 0)),
    ("uxen", false, &[(0x4, 0, 16 * MIB, 16 * MIB), (0x5, 0, 16 * MIB, 16 * MIB)], (1, 65_536, 0)),
];

#[test]
fn originals_are_described_as_they_report_themselves() {
    assert_eq!(profiles().len(), TABLE.len() + 1, "and one of our own");
    for (name, records, segments, (place, size, private_data_size)) in TABLE {
        let profile = profile(name).expect(name);
        assert_eq!(profile.encoding == Encoding::Record, records, "{name}");
        let reported: Vec<_> = profile.adapter.segments.iter().collect();
        let reported: Vec<_> = reported
            .iter()
            .map(|segment| (segment.flags.bits(), segment.base, segment.size, segment.commit_limit))
            .collect();
        assert_eq!(reported, segments, "{name}");
        let buffer = profile.adapter.paging_buffer;
        assert_eq!((buffer.segment, buffer.size), (place, size), "{name}");
        assert_eq!(buffer.private_data_size, private_data_size, "{name}");
        assert!(profile.origin.is_some() && profile.adapter.quirks.is_empty(), "{name}");
    }
}

/// Names, alignment, preference word, supported sets, eviction set.
#[test]
fn allocations_ask_for_what_the_originals_ask_for() {
    let table = [
        ("render-only-sample", 64, 2, 0b10, 0),
        ("compute-only-sample", 64, 1, 0b1, 0),
        ("virtualbox-legacy", 0, 0, 0b1, 0),
        ("virtualbox-dx", 0, 0, 0b100, 0),
        ("viogpu3d", 0, 1, 0b1, 0b1),
        ("qemu-stdvga", 0, 1, 0b1, 0),
        ("uxen", 0, 2, 0b10, 0),
    ];
    for (name, alignment, word, supported, eviction) in table {
        let style = profile(name).expect(name).allocations;
        assert_eq!((style.alignment, style.preferred.word()), (Bytes(alignment), word), "{name}");
        assert_eq!((style.supported.0, style.eviction.0), (supported, eviction), "{name}");
    }
    let dx = profile("virtualbox-dx").expect("one of the profiles").other_allocations;
    let others: Vec<_> = dx.iter().map(|style| (style.name, style.supported.0)).collect();
    assert_eq!(others, [("Primary", 0b001), ("Dynamic or staging", 0b010), ("Shader", 0b010)]);
    assert_eq!(dx[2].priority, Priority::MAXIMUM);
    let id = profile("compute-only-sample").expect("one of the profiles").adapter.system_memory_id;
    assert_eq!(id.0, 2, "the number of segments plus one");
}

#[test]
fn quirks_are_single_bits_with_their_origin() {
    let table: [(&str, &[Quirks]); 9] = [
        ("inspector", &[]),
        ("render-only-sample", &[Quirks::TransferOffsetIgnored, Quirks::UnmapToPageZero]),
        ("compute-only-sample", &[Quirks::TransferOffsetIgnored, Quirks::TransferOffsetIntoList]),
        ("virtualbox-legacy", &[]),
        (
            "virtualbox-dx",
            &[
                Quirks::TransferOffsetOnBothSides,
                Quirks::MdlOffsetIgnored,
                Quirks::UnmapClearsEntries,
            ],
        ),
        (
            "viogpu3d",
            &[
                Quirks::TransferNotSupported,
                Quirks::NullAllocationMapIgnored,
                Quirks::UnmapClearsEntries,
            ],
        ),
        ("qemu-stdvga", &[Quirks::NoOpPaging]),
        ("uxen-first", &[Quirks::NoOpPaging]),
        ("uxen", &[Quirks::NoOpPaging]),
    ];
    for (name, expected) in table {
        let profile = profile(name).expect(name);
        let listed: Vec<Quirks> = profile.quirks.iter().map(|quirk| quirk.quirk).collect();
        assert_eq!(listed, expected, "{name}");
        for quirk in profile.quirks {
            assert_eq!(quirk.quirk.bits().count_ones(), 1, "{name}");
            assert!(quirk.description.ends_with('.') && !quirk.origin.part.is_empty(), "{name}");
        }
    }
}
