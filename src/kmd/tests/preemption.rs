//! Waiting and preemption as the driver tells of them.

use super::*;
use crate::base::{Pages, Traffic};
use crate::ddi::{PreemptCommand, Preempted};
use crate::gpu::Packet;
use crate::memory::{FrameUse, Layout};

/// A place of the memory.
fn there(address: u64) -> Place {
    Place { region: RegionId(1), address }
}

/// Submits a part of what lies at [`BUFFER`], as a user.
fn submit(bench: &mut Bench, fence: u64, packets: std::ops::Range<u32>) -> NtStatus {
    bench.driver.submit_command(&SubmitCommand {
        fence: FenceId(fence),
        address: DmaBufferAddress::Physical(BUFFER),
        start: packets.start * Packet::SIZE,
        end: packets.end * Packet::SIZE,
        paging: false,
    })
}

fn preempt(bench: &mut Bench, waiting: bool) -> Preempted {
    let arguments = PreemptCommand { fence: FenceId(99), waiting };
    bench.driver.preempt_command(&arguments, &bench.host)
}

#[test]
fn allocations_of_what_was_taken_back_are_busy_no_more() {
    let mut bench = Bench::new("inspector");
    let mut handles = Vec::new();
    let mut buffer = Vec::new();
    for (number, fence) in [(0, 1), (1, 2)] {
        let (handle, _) = bench.driver.create_allocation(&request()).expect("small");
        // Two packets for the first submission, one for the second.
        let commands = &[write(0, 8, 1); 2][number..];
        buffer.extend(render::patched(&mut bench.driver, handle, commands));
        let packets = if number == 0 { 0..2 } else { 2..3 };
        assert_eq!(submit(&mut bench, fence, packets), NtStatus::SUCCESS);
        handles.push(handle);
    }
    bench.host.write(BUFFER, &buffer).expect("frame 200 holds them");
    let busy = |bench: &mut Bench| {
        [0, 1].map(|number| {
            let discard = PagingOperation::DiscardContent(DiscardContent {
                allocation: Some(handles[number]),
                flags: DiscardContentFlags::empty(),
                segment: segment(1),
                address: SegmentAddress(MEMORY_BASE),
            });
            bench.build(&discard, 64, 0).0 == NtStatus::ALLOCATION_BUSY
        })
    };
    assert_eq!(busy(&mut bench), [true, true]);
    assert!(matches!(bench.driver.execute_packet(&mut bench.host), Progress::Executed(_)));
    assert_eq!(submit(&mut bench, 2, 2..3), NtStatus::INVALID_PARAMETER, "it is queued");

    let before = (bench.driver.mark(), bench.driver.hash());
    let last = Some(FenceId(1));
    assert_eq!(preempt(&mut bench, true), Preempted { last, resume_at: None });
    assert_eq!(busy(&mut bench), [true, false]);
    let after = (bench.driver.mark(), bench.driver.hash());
    bench.driver.move_to(before.0);
    assert_eq!((bench.driver.hash(), busy(&mut bench)), (before.1, [true, true]));
    bench.driver.move_to(after.0);
    assert_eq!((bench.driver.hash(), busy(&mut bench)), (after.1, [true, false]));

    // The fence may be used again, as that of a paging buffer is.
    assert_eq!(submit(&mut bench, 2, 2..3), NtStatus::SUCCESS);
    assert_eq!(bench.drain().len(), 2);
    assert_eq!(busy(&mut bench), [false, false]);
    assert_eq!(bench.driver.completed_fence(), FenceId(2));
}

#[test]
fn the_driver_tells_who_waits_and_where_it_goes_on() {
    let mut bench = Bench::new("inspector");
    let signal = Packet::Signal { destination: there(0), value: 4, token: 0 };
    let wait = Packet::Wait { destination: there(0), value: 5, token: 0 };
    let bytes: Vec<u8> = [signal, wait].iter().flat_map(Packet::encode).collect();
    bench.host.write(BUFFER, &bytes).expect("frame 200 holds them");
    assert_eq!(submit(&mut bench, 1, 0..2), NtStatus::SUCCESS);
    let Progress::Executed(signalled) = bench.driver.execute_packet(&mut bench.host) else {
        panic!("a signal waits for nothing")
    };
    let local = Traffic { local: 8, ..Traffic::default() };
    assert_eq!((signalled.bytes, signalled.traffic, signalled.completed), (8, local, false));
    let before = bench.driver.mark();
    let waiting = Progress::Waiting(FenceId(1));
    assert_eq!(bench.driver.execute_packet(&mut bench.host), waiting);
    assert_eq!(bench.driver.mark(), before);
    let stays = Preempted { last: Some(FenceId(1)), resume_at: None };
    assert_eq!(preempt(&mut bench, false), stays);
    assert_eq!(preempt(&mut bench, true), Preempted { last: None, resume_at: Some(32) });
    assert_eq!(bench.driver.execute_packet(&mut bench.host), Progress::Idle);
    assert_eq!(bench.driver.completed_fence(), FenceId(0));
}

#[test]
fn faults_of_the_new_packets_have_their_words() {
    let mut bench = Bench::new("inspector");
    let command = bench.host.allocate(Pages(1), FrameUse::CommandBuffer(0), Layout::Contiguous);
    let address = command.expect("256 are free").runs()[0].first.address().get();
    let system = Place { region: RegionId::SYSTEM, address };
    let add = |destination, length| Packet::AddBytes {
        destination,
        length,
        addend: 1,
        phase: 0,
        token: 0,
    };
    for (packet, fault) in [
        (add(system, 1), PacketFault::CommandBuffer),
        (add(there(0), (1 << 20) + 1), PacketFault::BadPacket),
        (add(there(64 * PAGE_SIZE), 1), PacketFault::OutOfRange),
    ] {
        bench.submit(&packet.encode(), false);
        let outcomes = bench.drain();
        assert_eq!(outcomes.len(), 1);
        assert_eq!((outcomes[0].fault, outcomes[0].completed), (Some(fault), true));
    }
}
