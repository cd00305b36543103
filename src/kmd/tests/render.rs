//! Command buffers rendered and patched: packets and locations by hand, and against loops over bytes.

use super::pitch::bench;
use super::*;
use crate::ddi::{AllocationListEntry, Patch, PatchLocation, Render, RowLayout};
use crate::gpu::Packet;
use crate::memory::Content;
use crate::umd::{BufferCommand, Operand};

const SOURCE: u32 = 1;
const DESTINATION: u32 = 2;
const UNPATCHED: Place = Place { region: RegionId(0xFF), address: 0 };

fn at(index: u16, offset: u64) -> Operand {
    Operand { index, offset }
}

fn fill(destination: Operand, length: u64) -> BufferCommand {
    BufferCommand::Fill { destination, length, pattern: 0x0403_0201 }
}

fn copy(source: Operand, destination: Operand, length: u64) -> BufferCommand {
    BufferCommand::Copy { source, destination, length }
}

fn read(source: Operand, length: u64) -> BufferCommand {
    BufferCommand::Read { source, length }
}

fn draw(accesses: u32) -> BufferCommand {
    BufferCommand::Draw { accesses }
}

fn blit(
    (source, source_pitch): (Operand, u32),
    (destination, destination_pitch): (Operand, u32),
    (row_bytes, rows): (u32, u32),
) -> BufferCommand {
    BufferCommand::Blit { source, source_pitch, destination, destination_pitch, row_bytes, rows }
}

fn buffer(commands: &[BufferCommand]) -> Vec<u8> {
    commands.iter().flat_map(BufferCommand::encode).collect()
}

/// What one call left.
#[derive(Debug)]
pub(super) struct Rendered {
    pub(super) status: NtStatus,
    bytes: Vec<u8>,
    locations: Vec<PatchLocation>,
    done: u32,
}

impl Rendered {
    fn packets(&self) -> Vec<Packet> {
        packets(&self.bytes)
    }
}

fn packets(bytes: &[u8]) -> Vec<Packet> {
    bytes.chunks(32).map(|bytes| Packet::decode(bytes).expect("a packet")).collect()
}

/// Calls `DxgkDdiRender` with a DMA buffer of `size` bytes and a list of `listed` locations.
pub(super) fn render(
    driver: &mut Driver,
    command: &[u8],
    list: &[AllocationListEntry],
    (size, listed): (usize, u32),
    multipass_offset: u32,
) -> Rendered {
    let mut bytes = vec![0xEE; size];
    let mut locations = Vec::new();
    let mut arguments = Render {
        context: ContextHandle(1),
        command,
        dma_buffer: &mut bytes,
        dma_buffer_used: 0,
        private_data: &mut [],
        private_data_used: 0,
        allocation_list: list,
        patch_locations: &mut locations,
        patch_location_list_size: listed,
        multipass_offset,
    };
    let before = driver.mark();
    let status = driver.render(&mut arguments);
    let (used, done) = (arguments.dma_buffer_used, arguments.multipass_offset);
    assert_eq!((arguments.private_data_used, driver.mark()), (0, before), "rendering is no change");
    let goes_on = [NtStatus::SUCCESS, NtStatus::INSUFFICIENT_DMA_BUFFER].contains(&status);
    if goes_on || multipass_offset == 0 {
        assert!(bytes[used..].iter().all(|byte| *byte == 0xEE), "wrote beyond what it used");
    }
    assert!(locations.len() <= listed as usize);
    assert!(locations.windows(2).all(|pair| pair[0].split_offset <= pair[1].split_offset));
    bytes.truncate(used);
    Rendered { status, bytes, locations, done }
}

const AMPLE: (usize, u32) = (65_536, 65_536);

fn patch(
    driver: &mut Driver,
    bytes: &mut [u8],
    list: &[AllocationListEntry],
    locations: &[PatchLocation],
) -> NtStatus {
    let end = bytes.len() as u32;
    driver.patch(&mut Patch {
        context: ContextHandle(1),
        dma_buffer: bytes,
        submission_start: 0,
        submission_end: end,
        allocation_list: list,
        patch_locations: locations,
        fence: FenceId(1),
    })
}

/// The patched packets of commands that name one allocation, which lies at the start of memory 1.
pub(super) fn patched(
    driver: &mut Driver,
    allocation: AllocationHandle,
    commands: &[BufferCommand],
) -> Vec<u8> {
    patched_passes(driver, allocation, commands, AMPLE.0).concat()
}

/// The same, DMA buffer by DMA buffer of `size` bytes.
pub(super) fn patched_passes(
    driver: &mut Driver,
    allocation: AllocationHandle,
    commands: &[BufferCommand],
    size: usize,
) -> Vec<Vec<u8>> {
    let list = [entry(allocation)];
    let nearby = [placed(list[0], 1, 0)];
    let mut passes = Vec::new();
    let mut done = 0;
    loop {
        let mut pass = render(driver, &buffer(commands), &list, (size, AMPLE.1), done);
        let patched = patch(driver, &mut pass.bytes, &nearby, &pass.locations);
        assert_eq!(patched, NtStatus::SUCCESS);
        passes.push(pass.bytes);
        match pass.status {
            NtStatus::SUCCESS => return passes,
            NtStatus::INSUFFICIENT_DMA_BUFFER => assert!(pass.done > done),
            other => panic!("{other}"),
        }
        done = pass.done;
    }
}

fn sized(bench: &mut Bench, size: u64) -> AllocationHandle {
    let requested = AllocationInfo { size: Bytes(size), ..request().requested };
    bench.driver.create_allocation(&CreateAllocation { requested }).expect("small").0
}

fn rowed(bench: &mut Bench, pitch: u32, aligned_pitch: u32, rows: u32) -> AllocationHandle {
    let rows = RowLayout { pitch, aligned_pitch, rows };
    // The rows end before the allocation does.
    let requested = AllocationInfo {
        size: Bytes(rows.size().get() + 24),
        rows: Some(rows),
        ..request().requested
    };
    bench.driver.create_allocation(&CreateAllocation { requested }).expect("possible rows").0
}

fn entry(allocation: AllocationHandle) -> AllocationListEntry {
    AllocationListEntry { allocation, write_operation: true, place: None }
}

fn placed(entry: AllocationListEntry, number: u8, offset: u64) -> AllocationListEntry {
    let address = SegmentAddress(MEMORY_BASE + offset);
    AllocationListEntry { place: Some((segment(number), address)), ..entry }
}

fn there(region: u8, address: u64) -> Place {
    Place { region: RegionId(region), address }
}

/// 0: 4,096 bytes; 1: a row of 100 bytes, only read; 2: nobody's; 3: ten rows of 100 bytes, 128 apart; 4:
/// ten rows of 60 bytes, 64 apart; 5: 3 MiB.
fn scene() -> (Bench, Vec<AllocationListEntry>) {
    let mut bench = bench();
    let plain = entry(sized(&mut bench, 4096));
    let row = entry(rowed(&mut bench, 100, 100, 1));
    let read_only = AllocationListEntry { write_operation: false, ..row };
    let list = vec![
        plain,
        read_only,
        entry(AllocationHandle(0x999)),
        entry(rowed(&mut bench, 100, 128, 10)),
        entry(rowed(&mut bench, 60, 64, 10)),
        entry(sized(&mut bench, 3 << 20)),
    ];
    (bench, list)
}

#[test]
fn what_is_refused_leaves_nothing() {
    let (mut bench, list) = scene();
    let edited = |command: BufferCommand, byte: usize, value: u8| {
        let mut bytes = buffer(&[command]);
        bytes[byte] = value;
        bytes
    };
    let one = |command: BufferCommand| buffer(&[command]);
    let wait = |fence| BufferCommand::Wait { fence, value: 1 };
    let signal = |fence| BufferCommand::Signal { fence, value: 1 };
    let write = |destination, length| BufferCommand::Write { destination, length, seed: 1 };
    let add = |destination, length| BufferCommand::Add { destination, length, addend: 1 };
    let good = fill(at(0, 0), 8);
    let (a, r) = (at(0, 0), at(3, 0));
    let illegal = NtStatus::ILLEGAL_INSTRUCTION;
    let privileged = NtStatus::PRIVILEGED_INSTRUCTION;
    let user_buffer = NtStatus::INVALID_USER_BUFFER;
    let handle = NtStatus::INVALID_HANDLE;
    let parameter = NtStatus::INVALID_PARAMETER;
    let table: Vec<(&str, Vec<u8>, NtStatus)> = vec![
        ("opcode 0", edited(good, 0, 0), illegal),
        ("opcode 0x22", edited(good, 0, 0x22), illegal),
        ("opcode 0x2F", edited(good, 0, 0x2F), illegal),
        ("opcode 0x30", edited(good, 0, 0x30), privileged),
        ("MAP_PAGES", edited(good, 0, 0x31), privileged),
        ("opcode 0x3F", edited(good, 0, 0x3F), privileged),
        ("opcode 0x40", edited(good, 0, 0x40), illegal),
        ("reserved byte", edited(good, 2, 1), illegal),
        ("source of a fill", edited(good, 4, 1), illegal),
        ("pattern of 33 bits", edited(good, 36, 1), illegal),
        ("accesses of 33 bits", edited(draw(0), 28, 1), illegal),
        ("a byte short", one(good)[..39].to_vec(), user_buffer),
        ("a byte long", [one(good), vec![1]].concat(), user_buffer),
        ("draw without accesses", buffer(&[draw(1)]), user_buffer),
        ("draw with one too few", buffer(&[draw(2), read(a, 1)]), user_buffer),
        ("draw with more than there can be", buffer(&[draw(u32::MAX), read(a, 1)]), user_buffer),
        ("fill in a draw", buffer(&[draw(2), read(a, 1), good]), user_buffer),
        ("unbind in a draw", buffer(&[draw(1), BufferCommand::Unbind]), user_buffer),
        ("draw in a draw", buffer(&[draw(2), draw(1), read(a, 1)]), user_buffer),
        ("unknown in a draw", [buffer(&[draw(1)]), edited(good, 0, 0)].concat(), illegal),
        ("privileged in a draw", [buffer(&[draw(1)]), edited(good, 0, 0x33)].concat(), privileged),
        ("entry beyond the list", one(fill(at(6, 0), 8)), handle),
        ("the last entry there could be", one(read(at(0xFFFF, 0), 8)), handle),
        ("source beyond the list", one(copy(at(6, 0), a, 8)), handle),
        ("nobody's allocation", one(read(at(2, 0), 8)), handle),
        ("beyond the list in a draw", buffer(&[draw(1), read(at(6, 0), 8)]), handle),
        ("no bytes", one(fill(a, 0)), parameter),
        ("no bytes copied", one(copy(a, r, 0)), parameter),
        ("no bytes read", one(read(a, 0)), parameter),
        ("no bytes written", one(write(a, 0)), parameter),
        ("no bytes added to", one(add(a, 0)), parameter),
        ("a byte too long", one(fill(at(0, 1), 4096)), parameter),
        ("behind the end", one(fill(at(0, 4096), 1)), parameter),
        ("beyond 64 bits", one(fill(at(0, u64::MAX), 2)), parameter),
        ("all the bytes there are", one(fill(at(0, 8), u64::MAX)), parameter),
        ("a source too long", one(copy(at(1, 0), a, 101)), parameter),
        ("a read too long", one(read(at(1, 1), 100)), parameter),
        ("a write too long", buffer(&[draw(1), write(at(0, 4000), 97)]), parameter),
        ("an addition too long", one(add(at(0, 4000), 97)), parameter),
        ("behind the rows, not the allocation", one(fill(at(3, 992), 16)), parameter),
        ("fill of what is only read", one(fill(at(1, 0), 8)), parameter),
        ("copy to what is only read", one(copy(a, at(1, 0), 8)), parameter),
        ("write of what is only read", buffer(&[draw(1), write(at(1, 0), 8)]), parameter),
        ("addition to what is only read", one(add(at(1, 0), 8)), parameter),
        ("signal in what is only read", one(signal(at(1, 0))), parameter),
        ("blit to what is only read", one(blit((a, 8), (at(1, 0), 8), (8, 2))), parameter),
        ("row of 65,536 bytes", one(blit((a, 1 << 16), (a, 1 << 16), (1 << 16, 1))), parameter),
        ("65,536 rows", one(blit((at(5, 0), 1), (at(5, 0), 1), (1, 1 << 16))), parameter),
        ("no rows", one(blit((a, 8), (at(5, 0), 8), (8, 0))), parameter),
        ("rows of nothing", one(blit((a, 8), (at(5, 0), 8), (0, 8))), parameter),
        ("narrow source pitch", one(blit((a, 7), (at(5, 0), 8), (8, 2))), parameter),
        ("narrow pitch", one(blit((at(5, 0), 8), (a, 7), (8, 2))), parameter),
        ("last row too long", one(blit((at(0, 8), 2048), (at(5, 0), 8), (2041, 2))), parameter),
        ("last row beyond", one(blit((at(5, 0), 8), (a, 4090), (8, 2))), parameter),
        ("pitches of 4 GiB", one(blit((a, u32::MAX), (a, u32::MAX), (8, 65_535))), parameter),
        ("unaligned fence", one(wait(at(0, 4))), parameter),
        ("unaligned signal", one(signal(at(0, 12))), parameter),
        ("fence beyond", one(wait(at(0, 4096))), parameter),
        ("fence half beyond", one(wait(at(1, 96))), parameter),
        ("fence across rows", one(signal(at(3, 96))), parameter),
        // Line 0 moves up by 10, line 1 down by 90: no order of the two reads before it writes.
        ("rows across each other", one(blit((r, 200), (at(3, 10), 100), (100, 2))), parameter),
    ];
    for (name, command, status) in table {
        for command in [command.clone(), [one(good), command].concat()] {
            let refused = render(&mut bench.driver, &command, &list, AMPLE, 0);
            assert_eq!(refused.status, status, "{name}");
            assert_eq!((refused.bytes.len(), refused.locations.len(), refused.done), (0, 0, 0));
            // Also where only what goes before would fit.
            let refused = render(&mut bench.driver, &command, &list, (32, 1), 0);
            assert_eq!((refused.status, refused.bytes.len()), (status, 0), "{name}");
        }
    }
    let place = Some((segment(7), SegmentAddress(0)));
    for place in [place, Some((segment(1), SegmentAddress(MEMORY_BASE - 1)))] {
        let list = [AllocationListEntry { place, ..list[0] }];
        let refused = render(&mut bench.driver, &one(good), &list, AMPLE, 0);
        assert_eq!((refused.status, refused.bytes.len()), (parameter, 0), "{place:?}");
    }
    let ahead = render(&mut bench.driver, &one(good), &list, AMPLE, 2);
    assert_eq!((ahead.status, ahead.done), (parameter, 2), "further than there are groups");
    // Not refused: the very end, one row with any pitch, a fence at the end of a row.
    for command in [
        fill(at(0, 4095), 1),
        fill(at(3, 999), 1),
        read(at(1, 0), 100),
        wait(at(1, 88)),
        signal(at(3, 88)),
        blit((at(0, 4088), 0), (at(5, 0), 1), (8, 1)),
        blit((at(5, 0), 1), (at(5, 1 << 20), 1), (1, 65_535)),
        draw(0),
    ] {
        let taken = render(&mut bench.driver, &one(command), &list, AMPLE, 0);
        assert_eq!((taken.status, taken.done), (NtStatus::SUCCESS, 1), "{command:?}");
    }
    let empty = render(&mut bench.driver, &[], &list, AMPLE, 0);
    assert_eq!((empty.status, empty.bytes.len(), empty.done), (NtStatus::SUCCESS, 0, 0));
}

fn location(
    index: u32,
    slot_id: u32,
    driver_id: u32,
    allocation_offset: u64,
    (patch_offset, split_offset): (u32, u32),
) -> PatchLocation {
    let allocation_index = Some(index);
    PatchLocation {
        allocation_index,
        slot_id,
        driver_id,
        allocation_offset,
        patch_offset,
        split_offset,
    }
}

fn unbound(slot_id: u32, at: u32) -> PatchLocation {
    PatchLocation {
        allocation_index: None,
        slot_id,
        driver_id: 0,
        allocation_offset: 0,
        patch_offset: at,
        split_offset: at,
    }
}

#[test]
fn every_command_becomes_packets_with_a_location_for_each_address() {
    let (mut bench, list) = scene();
    let [a, big] = [list[0].allocation.0, list[5].allocation.0];
    let commands = [
        fill(at(0, 1), 7),
        copy(at(1, 2), at(0, 3), 4),
        blit((at(0, 5), 16), (at(5, 6), 32), (16, 9)),
        BufferCommand::Add { destination: at(5, 1), length: (2 << 20) + 5, addend: 0x0102_0304 },
        read(at(1, 8), 9),
        BufferCommand::Write { destination: at(0, 10), length: 11, seed: 12 },
        BufferCommand::Wait { fence: at(0, 16), value: 13 },
        BufferCommand::Signal { fence: at(0, 24), value: 14 },
        read(at(0, 0), 1),
    ];
    let rendered = render(&mut bench.driver, &buffer(&commands), &list, AMPLE, 0);
    assert_eq!((rendered.status, rendered.done), (NtStatus::SUCCESS, 9));
    let (source, destination) = (UNPATCHED, UNPATCHED);
    let token = a;
    let add = |length| Packet::AddBytes {
        destination,
        length,
        addend: 0x0102_0304,
        phase: 0,
        token: big,
    };
    let read_only = list[1].allocation.0;
    let expected = [
        Packet::Fill { destination, length: 7, pattern: 0x0403_0201, token },
        Packet::CopyBytes { source, destination, length: 4, token },
        Packet::CopyRows {
            source,
            source_pitch: 16,
            destination,
            destination_pitch: 32,
            row_bytes: 16,
            rows: 9,
        },
        add(1 << 20),
        add(1 << 20),
        add(5),
        Packet::Read { source, length: 9, token: read_only, slot: 0 },
        Packet::Write { destination, length: 11, seed: 12, token },
        Packet::Wait { destination, value: 13, token },
        Packet::Signal { destination, value: 14, token },
        Packet::Read { source, length: 1, token, slot: 1 },
    ];
    assert_eq!(rendered.packets(), expected);
    let locations = [
        location(0, 1, DESTINATION, 1, (16, 0)),
        location(1, 0, SOURCE, 2, (32 + 8, 32)),
        location(0, 1, DESTINATION, 3, (32 + 16, 32)),
        location(0, 0, SOURCE, 5, (64 + 8, 64)),
        location(5, 1, DESTINATION, 6, (64 + 16, 64)),
        location(5, 1, DESTINATION, 1, (96 + 16, 96)),
        location(5, 1, DESTINATION, 1 + (1 << 20), (128 + 16, 96)),
        location(5, 1, DESTINATION, 1 + (2 << 20), (160 + 16, 96)),
        location(1, 0, SOURCE, 8, (192 + 8, 192)),
        location(0, 1, DESTINATION, 10, (224 + 16, 224)),
        location(0, 1, DESTINATION, 16, (256 + 16, 256)),
        location(0, 1, DESTINATION, 24, (288 + 16, 288)),
        location(0, 0, SOURCE, 0, (320 + 8, 320)),
    ];
    assert_eq!(rendered.locations, locations);
}

#[test]
fn draws_bind_slots_until_they_are_unbound() {
    let (mut bench, list) = scene();
    let write = BufferCommand::Write { destination: at(5, 7), length: 8, seed: 1 };
    let unbind = BufferCommand::Unbind;
    let commands = [
        unbind,
        draw(3),
        read(at(0, 1), 1),
        write,
        read(at(1, 2), 1),
        draw(1),
        read(at(5, 3), 1),
        fill(at(0, 0), 4),
        unbind,
        unbind,
    ];
    let rendered = render(&mut bench.driver, &buffer(&commands), &list, AMPLE, 0);
    assert_eq!((rendered.status, rendered.done), (NtStatus::SUCCESS, 6));
    let names: Vec<&str> = rendered.packets().iter().map(Packet::name).collect();
    assert_eq!(names, ["PAD", "READ", "WRITE", "READ", "READ", "FILL", "PAD", "PAD"]);
    let locations = [
        unbound(2, 0),
        location(0, 2, SOURCE, 1, (32 + 8, 32)),
        location(5, 3, DESTINATION, 7, (64 + 16, 32)),
        location(1, 4, SOURCE, 2, (96 + 8, 32)),
        // The shorter draw binds its own slot again; 3 and 4 stay as they are.
        location(5, 2, SOURCE, 3, (128 + 8, 128)),
        location(0, 1, DESTINATION, 0, (160 + 16, 160)),
        unbound(2, 192),
        unbound(3, 192),
        unbound(4, 192),
        unbound(2, 224),
    ];
    assert_eq!(rendered.locations, locations);
    // In the DMA buffer that goes on nothing is bound yet: 7 packets, then the last.
    let first = render(&mut bench.driver, &buffer(&commands), &list, (4096, 8), 0);
    assert_eq!((first.status, first.done), (NtStatus::INSUFFICIENT_DMA_BUFFER, 4));
    let second = render(&mut bench.driver, &buffer(&commands), &list, (4096, 8), 4);
    assert_eq!((second.status, second.done), (NtStatus::SUCCESS, 6));
    assert_eq!(second.locations, [unbound(2, 0), unbound(2, 32)]);
}

#[test]
fn a_full_buffer_or_list_ends_a_pass_where_the_next_goes_on() {
    let (mut bench, list) = scene();
    let fills = buffer(&[fill(at(0, 0), 4); 130]);
    let first = render(&mut bench.driver, &fills, &list, (4096, 512), 0);
    assert_eq!((first.status, first.done), (NtStatus::INSUFFICIENT_DMA_BUFFER, 128));
    assert_eq!((first.bytes.len(), first.locations.len()), (4096, 128));
    let second = render(&mut bench.driver, &fills, &list, (4096, 512), 128);
    assert_eq!((second.status, second.done), (NtStatus::SUCCESS, 130));
    assert_eq!((second.bytes.len(), second.locations.len()), (64, 2));
    assert_eq!(second.locations[1], location(0, 1, DESTINATION, 0, (32 + 16, 32)));
    let third = render(&mut bench.driver, &fills, &list, (4096, 512), 130);
    assert_eq!((third.status, third.done, third.bytes.len()), (NtStatus::SUCCESS, 130, 0));

    // Two locations each: a list of 128 is full after 64 of the 128 packets that would fit.
    let copies = buffer(&[copy(at(1, 0), at(0, 0), 4); 100]);
    let first = render(&mut bench.driver, &copies, &list, (4096, 128), 0);
    assert_eq!((first.status, first.done), (NtStatus::INSUFFICIENT_DMA_BUFFER, 64));
    assert_eq!((first.bytes.len(), first.locations.len()), (2048, 128));
    // And one of 127 after 63, as both belong together.
    let first = render(&mut bench.driver, &copies, &list, (4096, 127), 0);
    assert_eq!((first.done, first.bytes.len(), first.locations.len()), (63, 2016, 126));

    // Reads are counted from 0 in every DMA buffer.
    let reads = buffer(&[read(at(0, 0), 4); 5]);
    let mut slots = Vec::new();
    let mut done = 0;
    for _ in 0..3 {
        let pass = render(&mut bench.driver, &reads, &list, (64, 512), done);
        done = pass.done;
        for packet in pass.packets() {
            let Packet::Read { slot, .. } = packet else { panic!("{packet:?}") };
            slots.push(slot);
        }
    }
    assert_eq!(slots, [0, 1, 0, 1, 0]);
}

#[test]
fn a_draw_is_never_broken() {
    let (mut bench, list) = scene();
    let mut commands = vec![fill(at(0, 0), 4); 126];
    commands.push(draw(3));
    commands.extend([read(at(0, 0), 4); 3]);
    commands.push(fill(at(0, 0), 4));
    let command = buffer(&commands);
    let first = render(&mut bench.driver, &command, &list, (4096, 512), 0);
    assert_eq!((first.status, first.done), (NtStatus::INSUFFICIENT_DMA_BUFFER, 126));
    assert_eq!((first.bytes.len(), first.locations.len()), (126 * 32, 126));
    let second = render(&mut bench.driver, &command, &list, (4096, 512), 126);
    assert_eq!((second.status, second.done), (NtStatus::SUCCESS, 128));
    let names: Vec<&str> = second.packets().iter().map(Packet::name).collect();
    assert_eq!(names, ["READ", "READ", "READ", "FILL"]);
    // Nor by the end of the list, nor by rows, nor by a mebibyte.
    let first = render(&mut bench.driver, &command, &list, (8192, 128), 0);
    assert_eq!((first.done, first.bytes.len()), (126, 126 * 32));
    let add = BufferCommand::Add { destination: at(5, 0), length: 3 << 20, addend: 1 };
    for (group, needed) in [
        (
            vec![
                draw(5),
                read(at(0, 0), 1),
                read(at(0, 0), 1),
                read(at(0, 0), 1),
                read(at(0, 0), 1),
                read(at(0, 0), 1),
            ],
            5,
        ),
        (vec![fill(at(3, 0), 1000)], 10),
        (vec![add], 3),
    ] {
        let command = buffer(&group);
        let none = render(&mut bench.driver, &command, &list, (needed * 32 - 1, 512), 0);
        assert_eq!((none.status, none.done), (NtStatus::INSUFFICIENT_DMA_BUFFER, 0));
        assert_eq!((none.bytes.len(), none.locations.len()), (0, 0));
        let none = render(&mut bench.driver, &command, &list, (4096, needed as u32 - 1), 0);
        assert_eq!((none.status, none.bytes.len()), (NtStatus::INSUFFICIENT_DMA_BUFFER, 0));
        let all = render(&mut bench.driver, &command, &list, (needed * 32, needed as u32), 0);
        assert_eq!((all.status, all.bytes.len()), (NtStatus::SUCCESS, needed * 32));
    }
}

#[test]
fn a_command_buffer_that_changes_between_passes_is_refused_when_it_is_read_again() {
    let (mut bench, list) = scene();
    let good = buffer(&[fill(at(0, 0), 4); 6]);
    let first = render(&mut bench.driver, &good, &list, (64, 512), 0);
    assert_eq!(first.done, 2);
    let mut changed = good.clone();
    changed[3 * 40] = 0x31;
    let refused = render(&mut bench.driver, &changed, &list, (64, 512), 2);
    assert_eq!((refused.status, refused.done), (NtStatus::PRIVILEGED_INSTRUCTION, 2));
    assert_eq!((refused.bytes.len(), refused.locations.len()), (0, 0));
}

#[test]
fn ranges_of_rows_become_a_packet_for_each_row() {
    let (mut bench, list) = scene();
    let token = list[3].allocation.0;
    let (source, destination) = (UNPATCHED, UNPATCHED);
    // Bytes 50 to 210: 50 of row 0, 100 of row 1, 10 of row 2.
    let mut packets_of = |command: BufferCommand| {
        let rendered = render(&mut bench.driver, &buffer(&[command]), &list, AMPLE, 0);
        assert_eq!((rendered.status, rendered.done), (NtStatus::SUCCESS, 1), "{command:?}");
        let ends: Vec<(u32, u64)> = rendered
            .locations
            .iter()
            .map(|location| (location.driver_id, location.allocation_offset))
            .collect();
        (rendered.packets(), ends)
    };
    let fill_part = |length, pattern| Packet::Fill { destination, length, pattern, token };
    // Byte 50 of the sequence 01 02 03 04 01 … is 03.
    let parts = [(50, 0x0403_0201), (100, 0x0201_0403), (10, 0x0201_0403)];
    let to = [(DESTINATION, 50), (DESTINATION, 100), (DESTINATION, 200)].to_vec();
    let expected = parts.map(|(length, pattern)| fill_part(length, pattern)).to_vec();
    assert_eq!(packets_of(fill(at(3, 50), 160)), (expected, to.clone()));

    let write = BufferCommand::Write { destination: at(3, 50), length: 160, seed: 9 };
    let part = |length, phase| Packet::WritePart { destination, length, seed: 9, phase, token };
    let whole = Packet::Write { destination, length: 50, seed: 9, token };
    assert_eq!(packets_of(write), (vec![whole, part(100, 50), part(10, 150)], to.clone()));

    let add = BufferCommand::Add { destination: at(3, 50), length: 160, addend: 7 };
    let part = |length, phase| Packet::AddBytes { destination, length, addend: 7, phase, token };
    assert_eq!(packets_of(add), (vec![part(50, 0), part(100, 2), part(10, 2)], to));

    let part = |length| Packet::Read { source, length, token, slot: 0 };
    let from = [(SOURCE, 50), (SOURCE, 100), (SOURCE, 200)].to_vec();
    assert_eq!(packets_of(read(at(3, 50), 160)), (vec![part(50), part(100), part(10)], from));

    // Cut at the rows of both sides: 100 and 200 of one, 60 and 120 of the other.
    let token = list[4].allocation.0;
    let part = |length| Packet::CopyBytes { source, destination, length, token };
    let ends = [(50, 0), (100, 50), (110, 60), (170, 120), (200, 150)];
    let ends: Vec<_> = ends.iter().flat_map(|(s, d)| [(SOURCE, *s), (DESTINATION, *d)]).collect();
    let expected = [50, 10, 60, 30, 10].map(part).to_vec();
    assert_eq!(packets_of(copy(at(3, 50), at(4, 0), 160)), (expected, ends));

    // Onto itself, further up: the last part first. Further down: the first.
    let token = list[3].allocation.0;
    let part = |length| Packet::CopyBytes { source, destination, length, token };
    let ends = vec![(SOURCE, 70), (DESTINATION, 100), (SOURCE, 0), (DESTINATION, 30)];
    assert_eq!(packets_of(copy(at(3, 0), at(3, 30), 100)), (vec![part(30), part(70)], ends));
    let ends = vec![(SOURCE, 30), (DESTINATION, 0), (SOURCE, 100), (DESTINATION, 70)];
    assert_eq!(packets_of(copy(at(3, 30), at(3, 0), 100)), (vec![part(70), part(30)], ends));

    // Two rows of 30 bytes, each across the end of a row.
    let ends = [(0, 90), (10, 100), (40, 190), (50, 200)];
    let ends: Vec<_> = ends.iter().flat_map(|(s, d)| [(SOURCE, *s), (DESTINATION, *d)]).collect();
    let expected = [10, 20, 10, 20].map(part).to_vec();
    let command = blit((at(0, 0), 40), (at(3, 90), 100), (30, 2));
    assert_eq!(packets_of(command), (expected, ends));
}

#[test]
fn addresses_are_written_at_once_or_later_and_are_the_same() {
    let (mut bench, list) = scene();
    // The plain one in linear memory, the rows once in each.
    let nearby = [
        placed(list[0], 3, 0x1000),
        placed(list[1], 3, 0x3000),
        list[2],
        placed(list[3], 1, 0x2000),
        placed(list[4], 3, 0x5000),
        placed(list[5], 3, 0x8000),
    ];
    let commands =
        [copy(at(3, 90), at(0, 5), 20), draw(1), read(at(4, 61), 4), fill(at(3, 999), 1)];
    let command = buffer(&commands);
    let before = render(&mut bench.driver, &command, &nearby, AMPLE, 0);
    let after = render(&mut bench.driver, &command, &list, AMPLE, 0);
    assert_eq!((before.status, after.status), (NtStatus::SUCCESS, NtStatus::SUCCESS));
    assert_eq!(before.locations, after.locations, "listed all the same");
    let token = list[0].allocation.0;
    let copied = |from, to, length| Packet::CopyBytes {
        source: there(1, from),
        destination: there(3, to),
        length,
        token,
    };
    let expected = [
        copied(0x2000 + 90, 0x1005, 10),
        // Content byte 100 begins row 1, 128 bytes further.
        copied(0x2000 + 128, 0x100F, 10),
        Packet::Read {
            source: there(3, 0x5000 + 61),
            length: 4,
            token: list[4].allocation.0,
            slot: 0,
        },
        Packet::Fill {
            // Row 9, column 99.
            destination: there(1, 0x2000 + 9 * 128 + 99),
            length: 1,
            pattern: 0x0403_0201,
            token: list[3].allocation.0,
        },
    ];
    assert_eq!(before.packets(), expected);
    assert!(after.bytes.chunks(32).all(|packet| packet[2] == 0xFF || packet[3] == 0xFF));
    let mut patched = after.bytes.clone();
    assert_eq!(
        patch(&mut bench.driver, &mut patched, &nearby, &after.locations),
        NtStatus::SUCCESS
    );
    assert_eq!(patched, before.bytes);
    // What was guessed wrong is written over.
    let elsewhere = nearby.map(|entry| AllocationListEntry {
        place: entry.place.map(|_| (segment(3), SegmentAddress(MEMORY_BASE))),
        ..entry
    });
    let mut moved = render(&mut bench.driver, &command, &elsewhere, AMPLE, 0).bytes;
    assert_ne!(moved, before.bytes);
    patch(&mut bench.driver, &mut moved, &nearby, &after.locations);
    assert_eq!(moved, before.bytes);
}

#[test]
fn a_patch_that_cannot_be_made_writes_nothing() {
    let (mut bench, list) = scene();
    let nearby: Vec<_> = list.iter().map(|entry| placed(*entry, 3, 0)).collect();
    let command = buffer(&[fill(at(0, 0), 4), read(at(0, 8), 4), BufferCommand::Unbind]);
    let rendered = render(&mut bench.driver, &command, &list, AMPLE, 0);
    let good = rendered.locations[1];
    let nowhere = AllocationListEntry { place: None, ..nearby[0] };
    let below = AllocationListEntry { place: Some((segment(3), SegmentAddress(0))), ..nearby[0] };
    let missing =
        AllocationListEntry { place: Some((segment(9), SegmentAddress(MEMORY_BASE))), ..nearby[0] };
    let mut lists = vec![];
    for entry in [nowhere, below, missing] {
        let mut list = nearby.clone();
        list[0] = entry;
        lists.push((list, good));
    }
    for location in [
        PatchLocation { allocation_index: Some(6), ..good },
        PatchLocation { allocation_index: Some(u32::MAX), ..good },
        PatchLocation { allocation_index: Some(2), ..good },
        PatchLocation { allocation_offset: 4096, ..good },
        PatchLocation { allocation_offset: u64::MAX, ..good },
        PatchLocation { driver_id: 0, ..good },
        PatchLocation { driver_id: 3, ..good },
        PatchLocation { patch_offset: 7, ..good },
        PatchLocation { patch_offset: 96 + 8, ..good },
        PatchLocation { patch_offset: u32::MAX, ..good },
    ] {
        lists.push((nearby.clone(), location));
    }
    for (list, location) in lists {
        let mut bytes = rendered.bytes.clone();
        let mark = bench.driver.mark();
        let locations = [rendered.locations[1], location];
        let status = patch(&mut bench.driver, &mut bytes, &list, &locations);
        assert_eq!(status, NtStatus::INVALID_PARAMETER, "{location:?}");
        assert_eq!((bytes, bench.driver.mark()), (rendered.bytes.clone(), mark));
    }
    // Parts: a packet that is not submitted with this patch is refused as well.
    let mut bytes = rendered.bytes.clone();
    let mut arguments = Patch {
        context: ContextHandle(1),
        dma_buffer: &mut bytes,
        submission_start: 0,
        submission_end: 32,
        allocation_list: &nearby,
        patch_locations: &rendered.locations[..1],
        fence: FenceId(1),
    };
    assert_eq!(bench.driver.patch(&mut arguments), NtStatus::SUCCESS);
    arguments.patch_locations = &rendered.locations;
    assert_eq!(bench.driver.patch(&mut arguments), NtStatus::INVALID_PARAMETER);
    (arguments.submission_start, arguments.submission_end) = (32, 96);
    arguments.patch_locations = &rendered.locations[1..];
    assert_eq!(bench.driver.patch(&mut arguments), NtStatus::SUCCESS);
    let [Packet::Fill { destination, .. }, Packet::Read { source, .. }, Packet::Pad] =
        packets(&bytes)[..]
    else {
        panic!("a fill, a read, and nothing");
    };
    assert_eq!((destination, source), (there(3, 0), there(3, 8)));
    // A paging buffer has no list.
    assert_eq!(patch(&mut bench.driver, &mut [], &[], &[]), NtStatus::SUCCESS);
}

#[test]
fn what_was_patched_is_busy_until_its_fence_and_what_was_not_faults() {
    let (mut bench, list) = scene();
    let nearby: Vec<_> = list.iter().map(|entry| placed(*entry, 3, 0)).collect();
    let command = buffer(&[fill(at(0, 4), 8)]);
    let rendered = render(&mut bench.driver, &command, &list, AMPLE, 0);
    bench.submit(&rendered.bytes, false);
    let outcomes = bench.drain();
    assert_eq!(outcomes.len(), 1);
    assert_eq!(outcomes[0].fault, Some(PacketFault::OutOfRange), "no such region");

    let discard = |entry: AllocationListEntry| {
        PagingOperation::DiscardContent(DiscardContent {
            allocation: Some(entry.allocation),
            flags: DiscardContentFlags::empty(),
            segment: segment(3),
            address: SegmentAddress(MEMORY_BASE),
        })
    };
    let mut bytes = rendered.bytes.clone();
    let clean = (bench.driver.mark(), bench.driver.hash());
    assert_eq!(
        patch(&mut bench.driver, &mut bytes, &nearby, &rendered.locations),
        NtStatus::SUCCESS
    );
    let named = (bench.driver.mark(), bench.driver.hash());
    assert_ne!(clean, named);
    bench.submit(&bytes, false);
    let busy = NtStatus::ALLOCATION_BUSY;
    assert_eq!(bench.build(&discard(list[0]), 64, 0).0, busy);
    assert_eq!(bench.build(&discard(list[3]), 64, 0).0, NtStatus::SUCCESS, "not named");
    assert_eq!(bench.drain()[0].fault, None);
    assert_eq!(bench.build(&discard(list[0]), 64, 0).0, NtStatus::SUCCESS);
    assert_eq!(bench.read(3, 0, 16), [0, 0, 0, 0, 1, 2, 3, 4, 1, 2, 3, 4, 0, 0, 0, 0]);
    for (mark, hash) in [clean, named, clean] {
        bench.driver.move_to(mark);
        assert_eq!(bench.driver.hash(), hash);
    }
}

#[test]
fn how_much_content_there_is_goes_and_comes_back_with_the_allocation() {
    let mut bench = bench();
    let small = rowed(&mut bench, 100, 128, 1);
    let there = (bench.driver.mark(), bench.driver.hash());
    let list = [entry(small)];
    let fits = buffer(&[fill(at(0, 0), 100)]);
    let status = |bench: &mut Bench| render(&mut bench.driver, &fits, &list, AMPLE, 0).status;
    assert_eq!(status(&mut bench), NtStatus::SUCCESS);
    bench.driver.destroy_allocation(small);
    assert_eq!(status(&mut bench), NtStatus::INVALID_HANDLE);
    bench.driver.move_to(there.0);
    assert_eq!((status(&mut bench), bench.driver.hash()), (NtStatus::SUCCESS, there.1));
    let mut other = super::pitch::bench();
    assert_eq!(rowed(&mut other, 99, 128, 1), small);
    assert_ne!(other.driver.hash(), there.1, "sizes count");
    assert_eq!(status(&mut other), NtStatus::INVALID_PARAMETER);
    // Without rows it is whole pages, as VidMm has it.
    let list = [entry(sized(&mut other, 4095))];
    for (length, expected) in [(4096, NtStatus::SUCCESS), (4097, NtStatus::INVALID_PARAMETER)] {
        let command = buffer(&[fill(at(0, 0), length)]);
        assert_eq!(render(&mut other.driver, &command, &list, AMPLE, 0).status, expected);
    }
}

#[test]
fn addresses_of_the_quirk_are_those_of_the_start() {
    for (quirks, source, destination) in [
        (Quirks::empty(), 0x1008, 0x3000 + 10),
        (Quirks::PatchIgnoresAllocationOffset, 0x1000, 0x3000),
    ] {
        let profile = profile("inspector").expect("one of the profiles");
        let adapter = Adapter { quirks, ..adapter(&profile) };
        let driver = Driver::new(&profile, &adapter).expect("whole pages");
        let mut bench = Bench { driver, ..Bench::new("inspector") };
        let list = [entry(sized(&mut bench, 4096)), entry(sized(&mut bench, 4096))];
        let nearby = [placed(list[0], 1, 0x1000), placed(list[1], 1, 0x3000)];
        let command = buffer(&[copy(at(0, 8), at(1, 10), 4)]);
        let rendered = render(&mut bench.driver, &command, &list, AMPLE, 0);
        assert_eq!(rendered.locations[1].allocation_offset, 10);
        let mut bytes = rendered.bytes.clone();
        patch(&mut bench.driver, &mut bytes, &nearby, &rendered.locations);
        assert_eq!(bytes, render(&mut bench.driver, &command, &nearby, AMPLE, 0).bytes);
        let expected = Packet::CopyBytes {
            source: there(1, source),
            destination: there(1, destination),
            length: 4,
            token: list[1].allocation.0,
        };
        assert_eq!(packets(&bytes), [expected], "{quirks:?}");
    }
}

/// An allocation of the oracle: how it lies, byte by byte.
#[derive(Clone, Copy)]
struct Known {
    rows: Option<RowLayout>,
    content: u64,
    region: u8,
    start: u64,
}

impl Known {
    fn byte(&self, offset: u64) -> usize {
        let inside = match self.rows {
            Some(rows) if self.region == 1 => {
                let pitch = u64::from(rows.pitch);
                offset / pitch * u64::from(rows.aligned_pitch) + offset % pitch
            }
            _ => offset,
        };
        (self.start + inside) as usize
    }
}

type Memories = [Vec<u8>; 4];

fn seeded(seed: u64, phase: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    Content::seeded(seed, phase).read(0, &mut bytes);
    bytes
}

/// Executes a packet on bytes.
fn execute(packet: Packet, memories: &mut Memories) {
    let take = |memories: &Memories, place: Place, len: u64| {
        let start = place.address as usize;
        memories[usize::from(place.region.0)][start..start + len as usize].to_vec()
    };
    let put = |memories: &mut Memories, place: Place, bytes: &[u8]| {
        let start = place.address as usize;
        memories[usize::from(place.region.0)][start..start + bytes.len()].copy_from_slice(bytes);
    };
    let further = |place: Place, by: u64| Place { address: place.address + by, ..place };
    match packet {
        Packet::Fill { destination, length, pattern, .. } => {
            let bytes: Vec<u8> =
                pattern.to_le_bytes().into_iter().cycle().take(length as usize).collect();
            put(memories, destination, &bytes);
        }
        Packet::CopyBytes { source, destination, length, .. } => {
            let bytes = take(memories, source, length);
            put(memories, destination, &bytes);
        }
        Packet::CopyRows {
            source,
            source_pitch,
            destination,
            destination_pitch,
            row_bytes,
            rows,
        } => {
            let rows = 0..u64::from(rows);
            let read: Vec<Vec<u8>> = rows
                .map(|row| {
                    take(memories, further(source, row * u64::from(source_pitch)), row_bytes.into())
                })
                .collect();
            for (row, bytes) in (0..).zip(read) {
                put(memories, further(destination, row * u64::from(destination_pitch)), &bytes);
            }
        }
        Packet::AddBytes { destination, length, addend, phase, .. } => {
            let mut bytes = take(memories, destination, length.into());
            let added = addend.to_le_bytes().into_iter().cycle().skip(phase.into());
            for (byte, added) in bytes.iter_mut().zip(added) {
                *byte = byte.wrapping_add(added);
            }
            put(memories, destination, &bytes);
        }
        Packet::Write { destination, length, seed, .. } => {
            put(memories, destination, &seeded(seed, 0, length as usize));
        }
        Packet::WritePart { destination, length, seed, phase, .. } => {
            put(memories, destination, &seeded(seed, phase.into(), length as usize));
        }
        Packet::Signal { destination, value, .. } => {
            put(memories, destination, &value.to_le_bytes());
        }
        Packet::Read { source, length, .. } => drop(take(memories, source, length)),
        Packet::Wait { .. } | Packet::Pad => {}
        other => panic!("{other:?}"),
    }
}

/// What a command means, byte by byte of the content.
fn apply(command: BufferCommand, known: &[Known], memories: &mut Memories) {
    let place = |operand: Operand, further: u64| {
        let known = known[usize::from(operand.index)];
        (usize::from(known.region), known.byte(operand.offset + further))
    };
    let mut written: Vec<((usize, usize), u8)> = Vec::new();
    let get = |at: (usize, usize)| memories[at.0][at.1];
    match command {
        BufferCommand::Fill { destination, length, pattern } => {
            let bytes = pattern.to_le_bytes();
            written.extend((0..length).map(|i| (place(destination, i), bytes[i as usize % 4])));
        }
        BufferCommand::Copy { source, destination, length } => {
            written.extend((0..length).map(|i| (place(destination, i), get(place(source, i)))));
        }
        BufferCommand::Blit {
            source,
            source_pitch,
            destination,
            destination_pitch,
            row_bytes,
            rows,
        } => {
            for (row, i) in (0..rows).flat_map(|row| (0..row_bytes).map(move |i| (row, i))) {
                let from = u64::from(row) * u64::from(source_pitch) + u64::from(i);
                let to = u64::from(row) * u64::from(destination_pitch) + u64::from(i);
                written.push((place(destination, to), get(place(source, from))));
            }
        }
        BufferCommand::Add { destination, length, addend } => {
            let bytes = addend.to_le_bytes();
            written.extend((0..length).map(|i| {
                let at = place(destination, i);
                (at, get(at).wrapping_add(bytes[i as usize % 4]))
            }));
        }
        BufferCommand::Write { destination, length, seed } => {
            let bytes = seeded(seed, 0, length as usize);
            written.extend((0..length).map(|i| (place(destination, i), bytes[i as usize])));
        }
        BufferCommand::Signal { fence, value } => {
            let bytes = value.to_le_bytes();
            written.extend((0..8).map(|i| (place(fence, i), bytes[i as usize])));
        }
        _ => {}
    }
    for ((region, byte), value) in written {
        memories[region][byte] = value;
    }
}

fn random_command(rng: &mut SplitMix, known: &[Known]) -> BufferCommand {
    let index = rng.below(known.len() as u64) as u16;
    let other = rng.below(known.len() as u64) as u16;
    let size = |index: u16| known[usize::from(index)].content;
    let length = 1 + rng.below(size(index).min(size(other)));
    let mut inside = |index: u16, length: u64| at(index, rng.below(size(index) - length + 1));
    let (source, destination) = (inside(index, length), inside(other, length));
    let (value, addend) = (rng.next_u64(), rng.next_u64() as u32);
    match rng.below(8) {
        0 => BufferCommand::Fill { destination, length, pattern: addend },
        1 => copy(source, destination, length),
        2 => BufferCommand::Add { destination, length, addend },
        3 => BufferCommand::Write { destination, length, seed: value },
        4 => {
            let fence = Operand { offset: destination.offset & !7, ..destination };
            BufferCommand::Signal { fence, value }
        }
        5 => read(source, length),
        _ => {
            let rows = 1 + rng.below(5) as u32;
            let row_bytes = 1 + rng.below(length.div_ceil(2 * u64::from(rows))) as u32;
            let pitch = |rng: &mut SplitMix| row_bytes + rng.below(2) as u32 * 3;
            let pitches = (pitch(rng), pitch(rng));
            blit((source, pitches.0), (destination, pitches.1), (row_bytes, rows))
        }
    }
}

#[test]
fn random_commands_leave_the_bytes_that_they_mean() {
    let mut taken = 0;
    for seed in 0..150 {
        let mut rng = SplitMix::new(seed);
        let mut bench = bench();
        let mut known = Vec::new();
        let mut list = Vec::new();
        for index in 0..4_u64 {
            let region = [1, 3][rng.below(2) as usize];
            let start = index * 0x2000 + rng.below(64);
            let pitch = 8 + rng.below(120) as u32;
            let rows = RowLayout {
                pitch,
                aligned_pitch: pitch + rng.below(40) as u32,
                rows: 1 + rng.below(8) as u32,
            };
            let (allocation, rows, content) = if index == 0 {
                (sized(&mut bench, 500), None, 500)
            } else {
                let RowLayout { pitch, aligned_pitch, rows: count } = rows;
                let allocation = rowed(&mut bench, pitch, aligned_pitch, count);
                (allocation, Some(rows), rows.size().get())
            };
            known.push(Known { rows, content, region, start });
            list.push(entry(allocation));
        }
        let nearby: Vec<_> =
            list.iter().zip(&known).map(|(e, k)| placed(*e, k.region, k.start)).collect();
        let mut memories: Memories =
            std::array::from_fn(|_| (0..0x8000).map(|_| rng.below(256) as u8).collect::<Vec<u8>>());
        for _ in 0..30 {
            let command = random_command(&mut rng, &known);
            let bytes = buffer(&[command, command]);
            let context = format!("seed {seed}: {command:?}");
            let mut expected = memories.clone();
            let mut done = 0;
            let mut size = 32 * (1 + rng.below(20) as usize);
            loop {
                let pass = render(&mut bench.driver, &bytes, &list, (size, 64), done);
                if pass.status == NtStatus::INVALID_PARAMETER {
                    assert_eq!(done, 0, "{context}");
                    break;
                }
                let guessed = render(&mut bench.driver, &bytes, &nearby, (size, 64), done);
                for _ in done..pass.done {
                    apply(command, &known, &mut expected);
                    taken += 1;
                }
                let mut patched = pass.bytes.clone();
                let status = patch(&mut bench.driver, &mut patched, &nearby, &pass.locations);
                assert_eq!(status, NtStatus::SUCCESS, "{context}");
                assert_eq!(patched, guessed.bytes, "{context}");
                for packet in packets(&patched) {
                    execute(packet, &mut memories);
                }
                if pass.status == NtStatus::SUCCESS {
                    break;
                }
                assert_eq!(pass.status, NtStatus::INSUFFICIENT_DMA_BUFFER, "{context}");
                size += if pass.done == done { 32 } else { 0 };
                done = pass.done;
            }
            assert!(memories == expected, "{context}");
        }
    }
    assert!(taken > 6000, "{taken}");
}

#[test]
fn any_bytes_are_rendered_or_refused() {
    let (mut bench, list) = scene();
    let nearby: Vec<_> = list.iter().map(|entry| placed(*entry, 3, 0)).collect();
    let known = [
        NtStatus::SUCCESS,
        NtStatus::INSUFFICIENT_DMA_BUFFER,
        NtStatus::ILLEGAL_INSTRUCTION,
        NtStatus::PRIVILEGED_INSTRUCTION,
        NtStatus::INVALID_USER_BUFFER,
        NtStatus::INVALID_HANDLE,
        NtStatus::INVALID_PARAMETER,
    ];
    let mut rng = SplitMix::new(77);
    let mut counted = [0; 7];
    for _ in 0..40_000 {
        let commands = 1 + rng.below(4) as usize;
        let mut bytes: Vec<u8> = Vec::new();
        for _ in 0..commands {
            let mut command: Vec<u8> = (0..40).map(|_| rng.next_u64() as u8).collect();
            command[0] = [1, 2, 3, 4, 5, 6, 0x10, 0x11, 0x20, 0x21][rng.below(10) as usize];
            for range in [1..4, 4..6, 6..8, 8..16, 16..24, 24..32, 26..32, 28..32, 32..40, 36..40] {
                if rng.below(4) > 0 {
                    command[range].fill(0);
                }
            }
            for byte in [4, 6, 24, 28] {
                command[byte] &= 7;
            }
            if rng.below(30) == 0 {
                command[0] = rng.next_u64() as u8;
            }
            bytes.extend(command);
        }
        let cut = if rng.below(30) == 0 { rng.below(40) as usize } else { 0 };
        bytes.truncate(bytes.len() - cut);
        let sizes = (rng.below(200) as usize, rng.below(9) as u32);
        let pass = render(&mut bench.driver, &bytes, &list, sizes, rng.below(3) as u32);
        let status = known.iter().position(|status| *status == pass.status);
        counted[status.unwrap_or_else(|| panic!("{}", pass.status))] += 1;
        // And any locations for it.
        let mut dma = pass.bytes;
        let locations: Vec<PatchLocation> = (0..rng.below(4))
            .map(|_| PatchLocation {
                allocation_index: Some(rng.below(7) as u32),
                slot_id: 0,
                driver_id: rng.below(4) as u32,
                allocation_offset: rng.next_u64() >> rng.below(64),
                patch_offset: (rng.next_u64() >> 32 >> rng.below(32)) as u32,
                split_offset: 0,
            })
            .chain(pass.locations)
            .collect();
        patch(&mut bench.driver, &mut dma, &nearby, &locations);
    }
    assert!(counted.iter().all(|times| *times > 0), "{counted:?}");
}
