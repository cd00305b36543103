//! Whatever a document holds, it survives being written and read.

use proptest::prelude::*;

use crate::base::FenceId;
use crate::config::{EnginePolicy, EvictionPolicy, FitPolicy, Policies};
use crate::ddi::{
    AllocationFlags, InterfaceVersion, NtStatus, Priority, SegmentFlags, SystemMemoryId,
};
use crate::machine::{ContentState, Counter, RunGpu};
use crate::session::document::*;
use crate::session::{Name, parse, write};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,12}",
        any::<String>(),
        proptest::collection::vec(
            proptest::sample::select(vec![
                '"',
                '\\',
                '\n',
                '\r',
                '\t',
                '\0',
                '/',
                '*',
                '(',
                ')',
                '#',
                '\u{FEFF}',
                '\u{2028}',
                '\u{202E}',
                '木',
                '\u{10FFFF}',
                '\u{7F}',
                'é',
            ]),
            0..12
        )
        .prop_map(String::from_iter),
    ]
}

fn name() -> impl Strategy<Value = Name> {
    text().prop_map(|text| {
        let cut: String = text.chars().take(32).collect();
        Name::new(&cut).or_else(|_| Name::new("n")).expect("32 characters are at most 128 bytes")
    })
}

/// Small numbers, powers of two, and the ends of the range.
fn size() -> impl Strategy<Value = u64> {
    prop_oneof![0..10_000_u64, any::<u64>(), (0..64_u32).prop_map(|bit| 1 << bit), Just(u64::MAX)]
}

fn bytes() -> impl Strategy<Value = Box<[u8]>> {
    proptest::collection::vec(any::<u8>(), 0..20).prop_map(Vec::into_boxed_slice)
}

fn segment() -> impl Strategy<Value = SegmentName> {
    prop_oneof![name().prop_map(SegmentName::Name), (0..=31_u8).prop_map(SegmentName::Number)]
}

fn set() -> impl Strategy<Value = NamedSegmentSet> {
    prop_oneof![
        proptest::collection::vec(segment(), 0..4).prop_map(NamedSegmentSet::List),
        any::<u32>().prop_map(NamedSegmentSet::Word)
    ]
}

fn preferences() -> impl Strategy<Value = NamedPreferences> {
    let one = (segment(), any::<bool>())
        .prop_map(|(segment, from_end)| NamedPreference { segment, from_end });
    prop_oneof![
        proptest::collection::vec(one, 0..7).prop_map(NamedPreferences::List),
        any::<u32>().prop_map(NamedPreferences::Word)
    ]
}

fn priority() -> impl Strategy<Value = Priority> {
    prop_oneof![
        any::<u32>().prop_map(Priority),
        proptest::sample::select(Priority::NAMED.to_vec()).prop_map(|(_, value)| value)
    ]
}

fn create_allocation() -> impl Strategy<Value = NamedCreateAllocation> {
    let sets = (set(), proptest::option::of(set()), proptest::option::of(set()), set());
    let words = (any::<u32>(), priority(), any::<u32>(), any::<bool>());
    (name(), name(), size(), size(), preferences(), sets, words).prop_map(
        |(name, device, size, alignment, preferred, sets, words)| {
            let (supported, supported_read, supported_write, eviction) = sets;
            let (flags, priority, fill, resident) = words;
            NamedCreateAllocation {
                name,
                device,
                size,
                alignment,
                preferred,
                supported,
                supported_read,
                supported_write,
                eviction,
                flags: AllocationFlags::from_bits_retain(flags),
                priority,
                fill,
                resident,
            }
        },
    )
}

fn range() -> impl Strategy<Value = NamedRange> {
    (name(), size(), proptest::option::of(size()))
        .prop_map(|(allocation, offset, length)| NamedRange { allocation, offset, length })
}

fn reference() -> impl Strategy<Value = NamedReference> {
    prop_oneof![
        name().prop_map(NamedReference::Read),
        name().prop_map(NamedReference::Write),
        range().prop_map(|range| NamedReference::ReadRange(Box::new(range))),
        (range(), any::<Option<u64>>()).prop_map(|(range, seed)| {
            let NamedRange { allocation, offset, length } = range;
            NamedReference::WriteRange(Box::new(NamedWriteRange {
                allocation,
                offset,
                length,
                seed,
            }))
        }),
    ]
}

fn expectation() -> impl Strategy<Value = NamedExpectation> {
    let states = vec![ContentState::Intact, ContentState::Damaged, ContentState::NeverWritten];
    let counter = proptest::sample::select(Counter::ALL.to_vec());
    let status = prop_oneof![any::<u32>(), Just(0xC01E_0100_u32)];
    prop_oneof![
        (name(), segment(), proptest::option::of(size())).prop_map(
            |(allocation, segment, offset)| {
                NamedExpectation::Place { allocation, segment, offset }
            }
        ),
        name().prop_map(NamedExpectation::NotResident),
        name().prop_map(NamedExpectation::Absent),
        (name(), proptest::sample::select(states))
            .prop_map(|(name, state)| NamedExpectation::Content(name, state)),
        status.prop_map(|status| NamedExpectation::Status(NtStatus(status))),
        (counter, size()).prop_map(|(counter, value)| NamedExpectation::Counter(counter, value)),
        (name(), size(), bytes()).prop_map(|(allocation, offset, bytes)| {
            NamedExpectation::Bytes { allocation, offset, bytes }
        }),
        (segment(), size(), bytes()).prop_map(|(segment, offset, bytes)| {
            NamedExpectation::SegmentBytes { segment, offset, bytes }
        }),
        (size(), bytes())
            .prop_map(|(address, bytes)| NamedExpectation::PhysicalBytes { address, bytes }),
        (name(), any::<u64>()).prop_map(|(name, hash)| NamedExpectation::Hash(name, hash)),
        (any::<u32>(), any::<u32>())
            .prop_map(|(code, parameter)| NamedExpectation::Stopped { code, parameter }),
    ]
}

fn command() -> impl Strategy<Value = NamedCommand> {
    let data = prop_oneof![
        any::<u64>().prop_map(NamedData::Seed),
        any::<u32>().prop_map(NamedData::Pattern),
        bytes().prop_map(NamedData::Bytes)
    ];
    let run = prop_oneof![
        Just(RunGpu::UntilIdle),
        any::<u32>().prop_map(RunGpu::Packets),
        any::<u64>().prop_map(|fence| RunGpu::UntilFence(FenceId(fence)))
    ];
    prop_oneof![
        name().prop_map(NamedCommand::CreateProcess),
        (name(), name()).prop_map(|(name, process)| NamedCommand::CreateDevice(Box::new(
            NamedCreateDevice { name, process }
        ))),
        create_allocation().prop_map(|create| NamedCommand::CreateAllocation(Box::new(create))),
        name().prop_map(NamedCommand::DestroyAllocation),
        proptest::collection::vec(name(), 0..4).prop_map(NamedCommand::MakeResident),
        proptest::collection::vec(reference(), 0..4).prop_map(NamedCommand::Use),
        (range(), data).prop_map(|(range, data)| {
            let NamedRange { allocation, offset, length } = range;
            NamedCommand::CpuWrite(Box::new(NamedCpuWrite { allocation, offset, length, data }))
        }),
        range().prop_map(|range| NamedCommand::CpuRead(Box::new(range))),
        name().prop_map(NamedCommand::Evict),
        Just(NamedCommand::EvictAll),
        (name(), priority()).prop_map(|(name, priority)| NamedCommand::SetPriority(name, priority)),
        run.prop_map(NamedCommand::RunGpu),
        expectation().prop_map(|expected| NamedCommand::Expect(Box::new(expected))),
    ]
}

fn segment_description() -> impl Strategy<Value = SegmentDescription> {
    (name(), any::<u32>(), proptest::array::uniform5(size())).prop_map(|(name, flags, numbers)| {
        let [base, size, commit_limit, cpu_translated_address, system_memory_end_address] = numbers;
        SegmentDescription {
            name,
            flags: SegmentFlags::from_bits_retain(flags),
            base,
            size,
            commit_limit,
            cpu_translated_address,
            system_memory_end_address,
        }
    })
}

fn adapter() -> impl Strategy<Value = AdapterDescription> {
    let option = proptest::option::of::<BoxedStrategy<u64>>;
    let version = proptest::sample::select(InterfaceVersion::ALL.to_vec());
    let segments = proptest::collection::vec(segment_description(), 0..4);
    let paging_buffer =
        (
            proptest::option::of(segment()),
            option(size().boxed()),
            option(size().boxed()),
            any::<Option<u32>>(),
        )
            .prop_map(|(segment, size, private_data_size, count)| {
                PagingBufferDescription { segment, size, private_data_size, count }
            });
    (
        (text(), proptest::option::of(text()), proptest::option::of(version)),
        option(size().boxed()),
        any::<Option<u64>>(),
        proptest::option::of(segments),
        proptest::option::of(paging_buffer),
        any::<Option<u8>>(),
        option(size().boxed()),
    )
        .prop_map(|(texts, system_memory, frame_seed, segments, paging_buffer, id, limit)| {
            AdapterDescription {
                profile: texts.0,
                name: texts.1,
                wddm: texts.2.map(|(version, ..)| version),
                system_memory,
                frame_seed,
                segments,
                paging_buffer,
                system_memory_id: id.map(SystemMemoryId),
                aperture_commit_limit: limit,
            }
        })
}

fn document() -> impl Strategy<Value = Document> {
    let policies = (
        proptest::sample::select(vec![FitPolicy::First, FitPolicy::Best]),
        proptest::sample::select(vec![
            EvictionPolicy::Lru,
            EvictionPolicy::Mru,
            EvictionPolicy::Fifo,
        ]),
        proptest::sample::select(vec![EnginePolicy::Drain, EnginePolicy::Manual]),
    )
        .prop_map(|(fit, eviction, engine)| Policies {
            fit,
            eviction,
            engine,
            ..Policies::default()
        });
    let bookmark = (size(), text()).prop_map(|(at, text)| Bookmark { at, text });
    (
        // A comment cannot hold a carriage return: it would end the line.
        text().prop_map(|text| text.replace('\r', "")),
        text(),
        text(),
        proptest::collection::vec(text(), 0..3),
        adapter(),
        policies,
        proptest::collection::vec(bookmark, 0..3),
        proptest::collection::vec(command(), 0..12),
    )
        .prop_map(
            |(head_comment, title, notes, tags, adapter, policies, bookmarks, commands)| Document {
                head_comment,
                title,
                notes,
                tags,
                adapter,
                policies,
                bookmarks,
                commands,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn written_documents_read_back_the_same(document in document()) {
        let text = write(&document);
        let again = parse(&text, "written.ron").map_err(|error| format!("{error}\n{text}"));
        prop_assert_eq!(again, Ok(document));
        let lines: Vec<u32> = crate::session::command_lines(&text);
        prop_assert!(lines.windows(2).all(|pair| pair[1] == pair[0] + 1), "one command a line");
    }
}
