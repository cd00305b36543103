//! Whatever a document holds, it survives being written and read.

use proptest::prelude::*;

use crate::base::FenceId;
use crate::config::{
    AgpAperture, CpuHostAperture, EnginePolicy, EvictionPolicy, FitPolicy, HardwareKeeps, Kept,
    OfferPolicy, Policies, Quirks, SegmentRange, VideoProtectedRange,
};
use crate::ddi::{
    AllocationFlags, BankHint, DescriptorGeneration, DevicePowerState, DiscardContentFlags,
    InterfaceVersion, LockFlags, MapApertureFlags, NtStatus, OfferPriority, Priority, RowLayout,
    SegmentFlags, SystemMemoryId, TransferFlags,
};
use crate::machine::{ContentState, Counter, OfferState, RunGpu};
use crate::rules::Rule;
use crate::session::document::*;
use crate::session::{Name, parse, write};
use crate::vidmm::{Fate, Power, Sleep};

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

fn bank_hints() -> impl Strategy<Value = NamedBankHints> {
    let hint = (1..=127_u8, any::<bool>()).prop_map(|(bank, from_end)| BankHint { bank, from_end });
    prop_oneof![
        proptest::collection::vec(hint, 0..6).prop_map(NamedBankHints::List),
        any::<u32>().prop_map(NamedBankHints::Word)
    ]
}

/// Words with few bits and with many, written in each way.
fn allocation_flags() -> impl Strategy<Value = NamedAllocationFlags> {
    let word =
        prop_oneof![any::<u32>(), (0..32_u32).prop_map(|bit| 1 << bit), Just(0), 0..0x8_0000_u32];
    let generations = vec![None, Some(FlagGeneration::Wddm1), Some(FlagGeneration::Wddm2)];
    (word, proptest::sample::select(generations)).prop_map(|(word, generation)| {
        NamedAllocationFlags::new(AllocationFlags::from_bits_retain(word), generation)
    })
}

fn rows() -> impl Strategy<Value = RowLayout> {
    any::<(u32, u32, u32)>().prop_map(|(pitch, aligned_pitch, rows)| RowLayout {
        pitch,
        aligned_pitch,
        rows,
    })
}

fn create_allocation() -> impl Strategy<Value = NamedCreateAllocation> {
    let sets = (set(), proptest::option::of(set()), proptest::option::of(set()), set());
    let words = (allocation_flags(), priority(), any::<u32>(), any::<bool>());
    let sizes = (proptest::option::of(size()), size(), proptest::option::of(size()));
    let layout = (bank_hints(), proptest::option::of(rows()));
    let sharing = (any::<bool>(), any::<bool>(), proptest::option::of(name()));
    (name(), name(), sizes, preferences(), sets, words, layout, sharing).prop_map(
        |(name, device, sizes, preferred, sets, words, layout, sharing)| {
            let (size, alignment, pitch_aligned_size) = sizes;
            let (hinted_banks, rows) = layout;
            let (shared, primary, existing) = sharing;
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
                flags,
                priority,
                fill,
                resident,
                hinted_banks,
                pitch_aligned_size,
                rows,
                shared,
                primary,
                existing,
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

fn damage() -> impl Strategy<Value = NamedDamage> {
    prop_oneof![
        (name(), size())
            .prop_map(|(allocation, offset)| NamedDamage::Content { allocation, offset }),
        (name(), size()).prop_map(|(pages, offset)| NamedDamage::Pages { pages, offset }),
        (segment(), size()).prop_map(|(segment, offset)| NamedDamage::Segment { segment, offset }),
        (segment(), size()).prop_map(|(segment, page)| NamedDamage::Aperture { segment, page }),
        (name(), size())
            .prop_map(|(allocation, offset)| NamedDamage::WrongRead { allocation, offset }),
        (name(), size())
            .prop_map(|(allocation, offset)| NamedDamage::WrongCpuRead { allocation, offset }),
    ]
}

const FATES: [Fate; 8] = [
    Fate::Kept,
    Fate::MovedOut,
    Fate::Discarded,
    Fate::Unmapped,
    Fate::Lost,
    Fate::Restored,
    Fate::Remapped,
    Fate::Waiting,
];

fn sleep() -> impl Strategy<Value = Sleep> {
    proptest::sample::select(Sleep::ALL.to_vec())
}

/// D0 is no state of a sleeping adapter.
fn power() -> impl Strategy<Value = Power> {
    let lowered = DevicePowerState::ALL[1..].to_vec();
    prop_oneof![
        Just(Power::Working),
        proptest::sample::select(lowered).prop_map(Power::Device),
        sleep().prop_map(Power::Asleep),
    ]
}

fn power_command() -> impl Strategy<Value = NamedCommand> {
    prop_oneof![
        sleep().prop_map(NamedCommand::Sleep),
        Just(NamedCommand::Resume),
        Just(NamedCommand::ResumeAfterPowerLoss),
        proptest::sample::select(DevicePowerState::ALL.to_vec())
            .prop_map(NamedCommand::DevicePower),
        Just(NamedCommand::TimeoutRecovery),
    ]
}

fn hardware_keeps() -> impl Strategy<Value = HardwareKeeps> {
    let kept = || {
        proptest::option::of(prop_oneof![
            Just(Kept::Nothing),
            Just(Kept::Everything),
            size().prop_map(Kept::First),
        ])
    };
    (kept(), kept()).prop_map(|(standby, hibernate)| HardwareKeeps { standby, hibernate })
}

fn costs() -> impl Strategy<Value = CostsDescription> {
    let half = || proptest::array::uniform5(proptest::option::of(size()));
    (half(), half()).prop_map(|(first, second)| {
        let [link_to_device, link_to_host, local_memory, operation, submission] = first;
        let [packet, aperture_page, hibernate_file, power_down, power_up] = second;
        CostsDescription {
            link_to_device,
            link_to_host,
            local_memory,
            operation,
            submission,
            packet,
            aperture_page,
            hibernate_file,
            power_down,
            power_up,
        }
    })
}

/// What came with locks, offers, displays, reserved pages, rules and power.
fn later_expectation() -> impl Strategy<Value = NamedExpectation> {
    let offers = vec![OfferState::NotOffered, OfferState::Offered, OfferState::Discarded];
    prop_oneof![
        (name(), proptest::sample::select(offers))
            .prop_map(|(name, state)| NamedExpectation::Offer(name, state)),
        name().prop_map(NamedExpectation::Locked),
        name().prop_map(NamedExpectation::Unlocked),
        name().prop_map(NamedExpectation::Displayed),
        name().prop_map(NamedExpectation::NotDisplayed),
        (name(), name())
            .prop_map(|(allocation, device)| NamedExpectation::Owner { allocation, device }),
        (name(), size(), bytes()).prop_map(|(pages, offset, bytes)| {
            NamedExpectation::PagesBytes { pages, offset, bytes }
        }),
        proptest::sample::select(Rule::ALL.to_vec()).prop_map(NamedExpectation::Finding),
        damage().prop_map(NamedExpectation::Damage),
        power().prop_map(NamedExpectation::Power),
        (name(), proptest::sample::select(FATES.to_vec()))
            .prop_map(|(name, fate)| NamedExpectation::Fate(name, fate)),
        (name(), size()).prop_map(|(name, bytes)| NamedExpectation::LostBytes(name, bytes)),
    ]
}

fn expectation() -> impl Strategy<Value = NamedExpectation> {
    let states = vec![
        ContentState::Intact,
        ContentState::Damaged,
        ContentState::NeverWritten,
        ContentState::Discarded,
        ContentState::Lost,
    ];
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

fn data() -> impl Strategy<Value = NamedData> {
    prop_oneof![
        any::<u64>().prop_map(NamedData::Seed),
        any::<u32>().prop_map(NamedData::Pattern),
        bytes().prop_map(NamedData::Bytes)
    ]
}

/// Locks, offers, sharing, displays and reserved pages.
fn sharing_command() -> impl Strategy<Value = NamedCommand> {
    let sharing = || {
        (name(), name())
            .prop_map(|(allocation, device)| Box::new(NamedSharing { allocation, device }))
    };
    let offers =
        vec![OfferPriority::Low, OfferPriority::Normal, OfferPriority::High, OfferPriority::Auto];
    let names = || proptest::collection::vec(name(), 0..4);
    prop_oneof![
        sharing().prop_map(NamedCommand::OpenAllocation),
        sharing().prop_map(NamedCommand::CloseAllocation),
        (name(), proptest::option::of(name()), any::<u32>()).prop_map(
            |(allocation, device, flags)| {
                let flags = LockFlags::from_bits_retain(flags);
                NamedCommand::Lock(Box::new(NamedLock { allocation, device, flags }))
            }
        ),
        name().prop_map(NamedCommand::Unlock),
        (names(), proptest::sample::select(offers))
            .prop_map(|(names, priority)| NamedCommand::Offer(names, priority)),
        names().prop_map(NamedCommand::Reclaim),
        name().prop_map(NamedCommand::Display),
        Just(NamedCommand::StopDisplay),
        (name(), size(), any::<bool>()).prop_map(|(name, pages, contiguous)| {
            NamedCommand::ReservePages(Box::new(NamedReservePages { name, pages, contiguous }))
        }),
        name().prop_map(NamedCommand::ReleasePages),
        (name(), size(), proptest::option::of(size()), data()).prop_map(
            |(pages, offset, length, data)| {
                NamedCommand::WritePages(Box::new(NamedWritePages { pages, offset, length, data }))
            }
        ),
    ]
}

fn location() -> impl Strategy<Value = NamedLocation> {
    prop_oneof![
        (segment(), size()).prop_map(|(segment, address)| NamedLocation::Segment(segment, address)),
        name().prop_map(NamedLocation::Pages)
    ]
}

fn transfer() -> impl Strategy<Value = NamedTransfer> {
    let numbers = (any::<u32>(), size(), any::<u32>(), prop_oneof![Just(0), any::<u32>()]);
    (proptest::option::of(name()), location(), location(), numbers).prop_map(
        |(allocation, source, destination, numbers)| {
            let (transfer_offset, transfer_size, flags, mdl_offset) = numbers;
            NamedTransfer {
                allocation,
                transfer_offset,
                transfer_size,
                source,
                destination,
                flags: TransferFlags::from_bits_retain(flags),
                mdl_offset,
            }
        },
    )
}

fn raw_command() -> impl Strategy<Value = NamedCommand> {
    let optional = || proptest::option::of(name());
    let access = || {
        (segment(), size())
            .prop_map(|(segment, address)| Box::new(NamedPhysicalAccess { segment, address }))
    };
    let mapping = || (optional(), optional(), segment(), size(), size());
    prop_oneof![
        transfer().prop_map(|transfer| NamedCommand::Transfer(Box::new(transfer))),
        (transfer(), any::<u32>(), any::<u32>()).prop_map(|(transfer, id, data)| {
            NamedCommand::SpecialLockTransfer(Box::new(NamedSpecialLockTransfer {
                allocation: transfer.allocation,
                transfer_offset: transfer.transfer_offset,
                transfer_size: transfer.transfer_size,
                source: transfer.source,
                destination: transfer.destination,
                flags: transfer.flags,
                swizzling_range_id: id,
                swizzling_range_data: data,
            }))
        }),
        (optional(), size(), any::<u32>(), segment(), size()).prop_map(
            |(allocation, fill_size, fill_pattern, segment, address)| {
                NamedCommand::Fill(Box::new(NamedFill {
                    allocation,
                    fill_size,
                    fill_pattern,
                    segment,
                    address,
                }))
            }
        ),
        (optional(), any::<u32>(), segment(), size()).prop_map(
            |(allocation, flags, segment, address)| {
                let flags = DiscardContentFlags::from_bits_retain(flags);
                let discard = NamedDiscardContent { allocation, flags, segment, address };
                NamedCommand::DiscardContent(Box::new(discard))
            }
        ),
        access().prop_map(NamedCommand::ReadPhysical),
        access().prop_map(NamedCommand::WritePhysical),
        (mapping(), name(), any::<u32>(), any::<u32>()).prop_map(
            |(mapping, pages, flags, mdl_offset)| {
                let (device, allocation, segment, offset_in_pages, number_of_pages) = mapping;
                NamedCommand::MapApertureSegment(Box::new(NamedMapApertureSegment {
                    device,
                    allocation,
                    segment,
                    offset_in_pages,
                    number_of_pages,
                    pages,
                    flags: MapApertureFlags::from_bits_retain(flags),
                    mdl_offset,
                }))
            }
        ),
        (mapping(), proptest::option::of(size())).prop_map(|(mapping, dummy_page)| {
            let (device, allocation, segment, offset_in_pages, number_of_pages) = mapping;
            NamedCommand::UnmapApertureSegment(Box::new(NamedUnmapApertureSegment {
                device,
                allocation,
                segment,
                offset_in_pages,
                number_of_pages,
                dummy_page,
            }))
        }),
    ]
}

/// Numbers with what is left out among them.
fn create_device() -> impl Strategy<Value = NamedCreateDevice> {
    let number = |usual: u32| prop_oneof![Just(usual), any::<u32>()];
    let sizes = (number(4096), number(0), number(256), number(512));
    (name(), name(), set(), sizes, any::<bool>()).prop_map(
        |(name, process, dma_buffer_segments, sizes, guaranteed_dma_buffer_contract)| {
            let (size, private_data_size, allocations, patch_locations) = sizes;
            NamedCreateDevice {
                name,
                process,
                dma_buffer_size: size,
                dma_buffer_segments,
                dma_buffer_private_data_size: private_data_size,
                allocation_list_size: allocations,
                patch_location_list_size: patch_locations,
                guaranteed_dma_buffer_contract,
            }
        },
    )
}

fn user_command() -> impl Strategy<Value = NamedUserCommand> {
    let place = || (name(), prop_oneof![Just(0), size()]);
    let length = || proptest::option::of(size());
    let fence = || {
        (place(), size()).prop_map(|((allocation, offset), value)| {
            Box::new(NamedUserFence { allocation, offset, value })
        })
    };
    prop_oneof![
        (place(), length(), any::<u32>()).prop_map(|((allocation, offset), length, pattern)| {
            let fill = NamedUserFill { allocation, offset, length, pattern };
            NamedUserCommand::Fill(Box::new(fill))
        }),
        (place(), place(), length()).prop_map(|((from, from_offset), (to, to_offset), length)| {
            let copy = NamedUserCopy { from, from_offset, to, to_offset, length };
            NamedUserCommand::Copy(Box::new(copy))
        }),
        (place(), place(), proptest::array::uniform4(any::<u32>())).prop_map(
            |((from, from_offset), (to, to_offset), [from_pitch, to_pitch, row_bytes, rows])| {
                NamedUserCommand::Blit(Box::new(NamedUserBlit {
                    from,
                    from_offset,
                    from_pitch,
                    to,
                    to_offset,
                    to_pitch,
                    row_bytes,
                    rows,
                }))
            }
        ),
        (place(), length(), any::<u32>()).prop_map(|((allocation, offset), length, addend)| {
            let add = NamedUserAdd { allocation, offset, length, addend };
            NamedUserCommand::Add(Box::new(add))
        }),
        proptest::collection::vec(reference(), 0..4).prop_map(NamedUserCommand::Draw),
        Just(NamedUserCommand::Unbind),
        fence().prop_map(NamedUserCommand::Wait),
        fence().prop_map(NamedUserCommand::Signal),
        (bytes(), proptest::collection::vec(name(), 0..3)).prop_map(|(bytes, allocations)| {
            NamedUserCommand::Bytes(Box::new(NamedUserBytes { bytes, allocations }))
        }),
    ]
}

/// Contexts and submissions, also those that two submit or nobody.
fn context_command() -> impl Strategy<Value = NamedCommand> {
    let optional = || proptest::option::of(name());
    prop_oneof![
        (name(), name(), -7..=7_i8).prop_map(|(name, device, priority)| {
            NamedCommand::CreateContext(Box::new(NamedCreateContext { name, device, priority }))
        }),
        (optional(), optional(), proptest::collection::vec(user_command(), 0..6)).prop_map(
            |(context, device, commands)| {
                NamedCommand::Submit(Box::new(NamedSubmit { context, device, commands }))
            }
        ),
    ]
}

fn command() -> impl Strategy<Value = NamedCommand> {
    let run = prop_oneof![
        Just(RunGpu::UntilIdle),
        any::<u32>().prop_map(RunGpu::Packets),
        any::<u64>().prop_map(|fence| RunGpu::UntilFence(FenceId(fence)))
    ];
    let first = prop_oneof![
        name().prop_map(NamedCommand::CreateProcess),
        create_device().prop_map(|create| NamedCommand::CreateDevice(Box::new(create))),
        create_allocation().prop_map(|create| NamedCommand::CreateAllocation(Box::new(create))),
        name().prop_map(NamedCommand::DestroyAllocation),
        proptest::collection::vec(name(), 0..4).prop_map(NamedCommand::MakeResident),
        proptest::collection::vec(reference(), 0..4).prop_map(NamedCommand::Use),
        (range(), data()).prop_map(|(range, data)| {
            let NamedRange { allocation, offset, length } = range;
            NamedCommand::CpuWrite(Box::new(NamedCpuWrite { allocation, offset, length, data }))
        }),
        range().prop_map(|range| NamedCommand::CpuRead(Box::new(range))),
        name().prop_map(NamedCommand::Evict),
        Just(NamedCommand::EvictAll),
        (name(), priority()).prop_map(|(name, priority)| NamedCommand::SetPriority(name, priority)),
        run.prop_map(NamedCommand::RunGpu),
        expectation().prop_map(|expected| NamedCommand::Expect(Box::new(expected))),
        later_expectation().prop_map(|expected| NamedCommand::Expect(Box::new(expected))),
    ];
    prop_oneof![
        2 => first,
        1 => sharing_command(),
        1 => raw_command(),
        1 => power_command(),
        1 => context_command(),
    ]
}

fn ranges() -> impl Strategy<Value = Vec<SegmentRange>> {
    let range = (size(), size()).prop_map(|(offset, size)| SegmentRange { offset, size });
    proptest::collection::vec(range, 0..3)
}

fn segment_description() -> impl Strategy<Value = SegmentDescription> {
    let banks = (
        proptest::collection::vec(size(), 0..4),
        prop_oneof![any::<Option<u32>>(), (0..5_u32).prop_map(Some)],
    );
    let window = (size(), any::<u32>()).prop_map(|(physical_address, size_in_pages)| {
        CpuHostAperture { physical_address, size_in_pages }
    });
    let protected = (proptest::array::uniform4(size()), any::<u32>()).prop_map(
        |([start, size, alignment, reserve], supported)| VideoProtectedRange {
            start,
            size,
            alignment,
            supported,
            reserve,
        },
    );
    let windows = (proptest::option::of(window), proptest::option::of(protected), hardware_keeps());
    let numbers = proptest::array::uniform5(size());
    let parts = (name(), any::<u32>(), numbers, banks, ranges(), ranges(), windows);
    parts.prop_map(|(name, flags, numbers, banks, invalid, frame_buffer, windows)| {
        let [base, size, commit_limit, cpu_translated_address, system_memory_end_address] = numbers;
        let (bank_ends, bank_count) = banks;
        let (cpu_host_aperture, video_protected_range, hardware_keeps) = windows;
        let mut segment = SegmentDescription {
            name,
            flags: SegmentFlags::from_bits_retain(flags),
            base,
            size,
            commit_limit,
            cpu_translated_address,
            system_memory_end_address,
            bank_ends,
            bank_count,
            invalid_ranges: invalid,
            uefi_frame_buffer_ranges: frame_buffer,
            cpu_host_aperture,
            video_protected_range,
            hardware_keeps,
        };
        // The reader does so too.
        segment.forget_default_bank_count();
        segment
    })
}

/// The segment of a paging buffer may have any number.
fn any_segment() -> impl Strategy<Value = SegmentName> {
    prop_oneof![name().prop_map(SegmentName::Name), any::<u8>().prop_map(SegmentName::Number)]
}

fn adapter() -> impl Strategy<Value = AdapterDescription> {
    let option = proptest::option::of::<BoxedStrategy<u64>>;
    let version = proptest::sample::select(InterfaceVersion::ALL.to_vec());
    let descriptors =
        proptest::option::of(proptest::sample::select(DescriptorGeneration::ALL.to_vec()));
    let agp_aperture = (size(), size()).prop_map(|(base, size)| AgpAperture { base, size });
    let quirks = any::<u32>().prop_map(Quirks::from_bits_retain);
    let segments = proptest::collection::vec(segment_description(), 0..4);
    let paging_buffer =
        (
            proptest::option::of(any_segment()),
            option(size().boxed()),
            option(size().boxed()),
            any::<Option<u32>>(),
        )
            .prop_map(|(segment, size, private_data_size, count)| {
                PagingBufferDescription { segment, size, private_data_size, count }
            });
    (
        (text(), proptest::option::of(text()), proptest::option::of(version), descriptors),
        option(size().boxed()),
        any::<Option<u64>>(),
        proptest::option::of(segments),
        proptest::option::of(paging_buffer),
        any::<Option<u8>>(),
        option(size().boxed()),
        (
            proptest::option::of(agp_aperture),
            proptest::option::of(quirks),
            proptest::option::of(costs()),
        ),
    )
        .prop_map(
            |(texts, system_memory, frame_seed, segments, paging_buffer, id, limit, rest)| {
                AdapterDescription {
                    profile: texts.0,
                    name: texts.1,
                    wddm: texts.2.map(|(version, ..)| version),
                    descriptors: texts.3.map(|(generation, _)| generation),
                    system_memory,
                    frame_seed,
                    segments,
                    paging_buffer,
                    system_memory_id: id.map(SystemMemoryId),
                    aperture_commit_limit: limit,
                    agp_aperture: rest.0,
                    quirks: rest.1,
                    costs: rest.2,
                }
            },
        )
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
        proptest::sample::select(vec![OfferPolicy::Discard, OfferPolicy::Keep]),
        prop_oneof![Just(0), size()],
    )
        .prop_map(|(fit, eviction, engine, offers, transfer_limit)| Policies {
            fit,
            eviction,
            engine,
            offers,
            transfer_limit,
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
