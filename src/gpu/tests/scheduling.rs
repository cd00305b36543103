//! Waiting, passing and taking back.

use super::*;
use crate::base::{Position, StateHash, Traffic};

const BUFFER: u64 = 62 * PAGE_SIZE;
/// Where the value lies that is waited for, in memory 1.
const VALUE: u64 = 0x40;

fn wait(value: u64) -> Packet {
    Packet::Wait { destination: place(1, VALUE), value, token: 0 }
}

fn signal(value: u64) -> Packet {
    Packet::Signal { destination: place(1, VALUE), value, token: 0 }
}

/// Leaves a mark at a place of memory 1.
fn trail(address: u64) -> Packet {
    Packet::Fill { destination: place(1, address), length: 1, pattern: 0x77, token: 0 }
}

/// A small machine with a buffer of these packets, of which nothing is submitted.
fn with_buffer(packets: &[Packet]) -> (Gpu, HostMemory) {
    let (gpu, mut host) = small();
    let bytes: Vec<u8> = packets.iter().flat_map(Packet::encode).collect();
    host.write(PhysicalAddress(BUFFER), &bytes).expect("frame 62 holds them");
    (gpu, host)
}

/// Some packets of the buffer, counted from 0.
fn part(fence: u64, packets: std::ops::Range<u32>) -> Submission {
    let (start, end) = (packets.start * Packet::SIZE, packets.end * Packet::SIZE);
    Submission { start, next: start, ..submission(fence, place(0, BUFFER), end) }
}

fn set_value(gpu: &mut Gpu, value: u64) {
    let pieces = bytes::pieces_from_bytes(&value.to_le_bytes());
    gpu.write_memory(RegionId(1), VALUE, &pieces).expect("in the memory");
}

fn fences(gpu: &Gpu) -> Vec<u64> {
    gpu.queue().map(|submission| submission.fence.0).collect()
}

fn taken(last: Option<u64>, resume_at: Option<u32>) -> TakenBack {
    TakenBack { last: last.map(FenceId), resume_at }
}

#[test]
fn a_wait_changes_nothing_until_its_value_is_there() {
    let (mut gpu, mut host) = with_buffer(&[wait(6), trail(0)]);
    set_value(&mut gpu, 5);
    gpu.submit(part(9, 0..2));
    let before = (gpu.mark(), gpu.hash(), host.mark(), host.hash());
    for _ in 0..3 {
        assert_eq!(gpu.execute_packet(&mut host), Step::Waiting(FenceId(9)));
        assert_eq!((gpu.mark(), gpu.hash(), host.mark(), host.hash()), before);
    }
    // Another engine, or the processor.
    set_value(&mut gpu, 6);
    let Step::Executed(executed) = gpu.execute_packet(&mut host) else { panic!("it passes") };
    assert_eq!((executed.start, executed.end, executed.completed), (0, 32, false));
    let traffic = Traffic { local: 8, ..Traffic::default() };
    assert_eq!((executed.bytes, executed.traffic), (8, traffic));
    assert_eq!(drain(&mut gpu, &mut host).len(), 1);
    assert_eq!(seen(&gpu, &host, 1, 0, 1), [0x77]);
    assert_eq!(gpu.completed_fence(), FenceId(9));
    assert_eq!(gpu.execute_packet(&mut host), Step::Idle);
}

#[test]
fn a_wait_passes_after_a_signal_and_compares_all_64_bits_without_a_sign() {
    let top = 1 << 63;
    for (there, value, passes) in [
        (0, 0, true),
        (5, 5, true),
        (5, 6, false),
        (7, 6, true),
        (0xFF, 0x100, false),
        (u64::MAX, top, true),
        (top - 1, top, false),
        (0x0100_0000_0000_0000, 0xFF, true),
        (u64::MAX - 1, u64::MAX, false),
    ] {
        let (mut gpu, mut host) = with_buffer(&[signal(there), wait(value)]);
        gpu.submit(part(1, 0..2));
        assert!(step(&mut gpu, &mut host).is_some_and(|signalled| signalled.fault.is_none()));
        let waited = gpu.execute_packet(&mut host);
        if passes {
            assert!(matches!(waited, Step::Executed(_)), "{there:#X} for {value:#X}");
        } else {
            assert_eq!(waited, Step::Waiting(FenceId(1)), "{there:#X} for {value:#X}");
        }
    }
}

#[test]
fn a_wait_looks_through_an_aperture_and_faults_where_nothing_is() {
    let through = Packet::Wait { destination: place(2, 0x10), value: 3, token: 0 };
    let (mut gpu, mut host) = with_buffer(&[through]);
    gpu.submit(part(1, 0..1));
    let Step::Executed(executed) = gpu.execute_packet(&mut host) else { panic!("a fault") };
    let unmapped = Fault::Unmapped { region: RegionId(2), page: 0 };
    assert_eq!((executed.fault, executed.bytes, executed.completed), (Some(unmapped), 0, true));

    let entry = PageEntry::Frame { first: FrameNumber(9), coherent: false };
    gpu.program_aperture(RegionId(2), 0, &[Piece { len: 1, value: entry }]).expect("page 0");
    gpu.submit(part(2, 0..1));
    assert_eq!(gpu.execute_packet(&mut host), Step::Waiting(FenceId(2)));
    host.write(PhysicalAddress(9 * PAGE_SIZE + 0x10), &[3]).expect("frame 9");
    let Step::Executed(executed) = gpu.execute_packet(&mut host) else { panic!("it passes") };
    let traffic = Traffic { to_device: 8, ..Traffic::default() };
    assert_eq!((executed.fault, executed.traffic), (None, traffic));
}

#[test]
fn what_has_begun_is_ended_and_the_rest_is_taken_back() {
    for waiting in [false, true] {
        let (mut gpu, mut host) = with_buffer(&[trail(0), trail(1), trail(2), trail(3)]);
        assert_eq!(gpu.preempt(waiting, &host), taken(None, None), "an idle device");
        assert_eq!(gpu.mark(), Position(0));
        let queue = |gpu: &mut Gpu| {
            gpu.submit(part(1, 0..2));
            gpu.submit(part(2, 2..3));
            gpu.submit(part(3, 3..3));
            gpu.submit(part(4, 3..4));
        };
        queue(&mut gpu);
        // Nothing has begun, so nothing stays.
        assert_eq!(gpu.preempt(waiting, &host), taken(None, None));
        assert_eq!((fences(&gpu), gpu.completed_fence()), (vec![], FenceId(0)));
        assert_eq!(gpu.execute_packet(&mut host), Step::Idle);

        queue(&mut gpu);
        assert!(step(&mut gpu, &mut host).is_some());
        assert_eq!(gpu.preempt(waiting, &host), taken(Some(1), None));
        assert_eq!((fences(&gpu), gpu.completed_fence()), (vec![1], FenceId(0)));
        // A second time nothing is left to take back.
        let mark = gpu.mark();
        assert_eq!(gpu.preempt(waiting, &host), taken(Some(1), None));
        assert_eq!(gpu.mark(), mark);
        let ended = drain(&mut gpu, &mut host);
        assert!(ended.len() == 1 && ended[0].completed && ended[0].start == 32);
        assert_eq!(gpu.completed_fence(), FenceId(1));
        assert_eq!(seen(&gpu, &host, 1, 0, 4), [0x77, 0x77, 0, 0]);
        assert_eq!(gpu.preempt(waiting, &host), taken(None, None));
        // Submitted again, under whatever fence, it executes.
        gpu.submit(part(5, 2..4));
        drain(&mut gpu, &mut host);
        assert_eq!(seen(&gpu, &host, 1, 0, 4), [0x77; 4]);
        assert_eq!(gpu.completed_fence(), FenceId(5));
    }
}

#[test]
fn a_submission_that_waits_is_taken_back_only_where_that_is_asked_for() {
    let (mut gpu, mut host) = with_buffer(&[trail(0), wait(5), trail(1)]);
    gpu.submit(part(1, 0..3));
    gpu.submit(part(2, 0..1));
    assert!(step(&mut gpu, &mut host).is_some());
    let begun = gpu.mark();
    assert_eq!(gpu.preempt(false, &host), taken(Some(1), None));
    assert_eq!(fences(&gpu), [1]);
    gpu.move_to(begun);
    assert_eq!(fences(&gpu), [1, 2]);

    assert_eq!(gpu.preempt(true, &host), taken(None, Some(32)));
    assert_eq!((fences(&gpu), gpu.completed_fence()), (vec![], FenceId(0)));
    assert_eq!(gpu.execute_packet(&mut host), Step::Idle);
    // It goes on where it waited.
    gpu.submit(part(7, 1..3));
    assert_eq!(gpu.execute_packet(&mut host), Step::Waiting(FenceId(7)));
    set_value(&mut gpu, 5);
    assert_eq!(gpu.preempt(true, &host), taken(None, None), "it would pass, and has not begun");
    gpu.submit(part(8, 1..3));
    assert_eq!(drain(&mut gpu, &mut host).len(), 2);
    assert_eq!(seen(&gpu, &host, 1, 0, 2), [0x77, 0x77]);
}

#[test]
fn a_wait_that_passes_or_faults_does_not_wait() {
    let nowhere = Packet::Wait { destination: place(9, 0), value: 5, token: 0 };
    for (packet, value) in [(wait(5), 5), (nowhere, 0), (trail(1), 0)] {
        let (mut gpu, mut host) = with_buffer(&[trail(0), packet]);
        set_value(&mut gpu, value);
        gpu.submit(part(1, 0..2));
        assert!(step(&mut gpu, &mut host).is_some());
        assert_eq!(gpu.preempt(true, &host), taken(Some(1), None), "{packet:?}");
    }
}

#[test]
fn a_submission_that_waits_before_it_has_begun_says_where_it_goes_on() {
    let (mut gpu, host) = with_buffer(&[trail(0), wait(5), trail(1)]);
    gpu.submit(part(1, 1..3));
    gpu.submit(part(2, 1..3));
    assert_eq!(gpu.preempt(false, &host), taken(None, None));
    gpu.submit(part(1, 1..3));
    gpu.submit(part(2, 1..3));
    assert_eq!(gpu.preempt(true, &host), taken(None, Some(32)));
    assert_eq!(gpu.queue().len(), 0);
    // Records know no waiting, whatever their bytes look like.
    let format = PacketFormat::Record { size: 320 };
    gpu.submit(Submission { format, ..part(3, 1..12) });
    assert_eq!(gpu.preempt(true, &host), taken(None, None));
}

#[test]
fn a_device_from_which_something_was_taken_back_is_as_if_it_had_never_been_queued() {
    let packets = [trail(0), trail(1), wait(5), trail(2)];
    let (mut gpu, mut host) = with_buffer(&packets);
    let (mut other, _) = with_buffer(&packets);
    gpu.submit(part(1, 0..1));
    other.submit(part(1, 0..1));
    gpu.submit(part(2, 1..4));
    other.submit(part(2, 1..4));
    gpu.submit(part(3, 0..1));
    gpu.submit(part(4, 0..2));
    for _ in 0..2 {
        assert!(step(&mut gpu, &mut host).is_some() && step(&mut other, &mut host).is_some());
    }
    assert_ne!(gpu.hash(), other.hash());
    assert_eq!(gpu.preempt(false, &host), taken(Some(2), None));
    assert_eq!(gpu.hash(), other.hash());
    gpu.submit(part(5, 0..1));
    other.submit(part(5, 0..1));
    assert_eq!(gpu.hash(), other.hash());
    set_value(&mut gpu, 9);
    set_value(&mut other, 9);
    assert_eq!(drain(&mut gpu, &mut host), drain(&mut other, &mut host));
    assert_eq!(gpu.hash(), other.hash());
}

/// Every moment of random submissions, steps, signals and preemptions is found again.
#[test]
fn whatever_was_taken_back_is_undone_and_done_again_with_equal_hashes() {
    let (mut waited, mut resumed, mut kept) = (0, 0, 0);
    for seed in 0..20 {
        let mut rng = SplitMix::new(seed);
        let (mut gpu, mut host) = with_buffer(&[
            trail(0),
            Packet::AddBytes {
                destination: place(1, 0x100),
                length: 40,
                addend: 3,
                phase: 1,
                token: 0,
            },
            wait(1),
            Packet::CopyRows {
                source: place(1, 0),
                source_pitch: 7,
                destination: place(0, 0x300),
                destination_pitch: 9,
                row_bytes: 5,
                rows: 4,
            },
            wait(2),
            signal(0),
        ]);
        let moment = |gpu: &Gpu, host: &HostMemory| {
            (gpu.mark(), host.mark(), gpu.hash(), host.hash(), fences(gpu))
        };
        let mut moments: Vec<(Position, Position, StateHash, StateHash, Vec<u64>)> =
            vec![moment(&gpu, &host)];
        for fence in 1..200 {
            match rng.below(10) {
                0..=2 => {
                    let start = rng.below(6) as u32;
                    let end = start + rng.below(u64::from(7 - start)) as u32;
                    gpu.submit(part(fence, start..end));
                }
                3 => set_value(&mut gpu, rng.below(3)),
                4 => {
                    let queued: Vec<Submission> = gpu.queue().copied().collect();
                    let TakenBack { last, resume_at } = gpu.preempt(rng.below(2) == 0, &host);
                    let front = queued.first();
                    let begun = front.is_some_and(|front| front.next > front.start);
                    assert_eq!(last.is_some(), begun && resume_at.is_none());
                    assert_eq!(gpu.queue().len(), usize::from(last.is_some()));
                    resumed += u32::from(resume_at.is_some());
                    kept += u32::from(last.is_some());
                    if resume_at.is_some() {
                        assert_eq!(resume_at, front.map(|front| front.next));
                    }
                }
                _ => waited += u32::from(matches!(gpu.execute_packet(&mut host), Step::Waiting(_))),
            }
            moments.push(moment(&gpu, &host));
        }
        for _ in 0..100 {
            let to = &moments[rng.below(moments.len() as u64) as usize];
            gpu.move_to(to.0);
            host.move_to(to.1);
            assert_eq!(moment(&gpu, &host), *to, "seed {seed}");
        }
    }
    let counts = [waited, resumed, kept];
    assert!(counts.iter().all(|count| *count >= 20), "{counts:?}");
}
