//! Frames, lists and the history of system memory against plain arrays.

use super::*;
use crate::base::{
    AllocationId, Bytes, FrameNumber, PAGE_SIZE, Pages, PhysicalAddress, Piece, Position, Span,
    SplitMix,
};

fn run(first: u64, count: u64) -> FrameRun {
    FrameRun { first: FrameNumber(first), count: Pages(count) }
}

fn list(runs: &[(u64, u64)]) -> Mdl {
    Mdl::new(runs.iter().map(|(first, count)| run(*first, *count))).expect("small numbers")
}

fn frames_of(mdl: &Mdl) -> Vec<u64> {
    mdl.runs().iter().flat_map(|run| run.first.0..run.first.0 + run.count.0).collect()
}

fn memory(frames: u64) -> HostMemory {
    HostMemory::new(Pages(frames).bytes(), 42)
}

fn index(small: u64) -> usize {
    usize::try_from(small).expect("a small number")
}

#[test]
fn a_list_is_an_array_of_frames() {
    let mdl = list(&[(7, 2), (9, 1), (3, 0), (3, 1), (20, 4)]);
    assert_eq!(mdl.runs(), [run(7, 3), run(3, 1), run(20, 4)]);
    let array = [7, 8, 9, 3, 20, 21, 22, 23];
    assert_eq!(mdl.pages(), Pages(8));
    for page in 0..10 {
        assert_eq!(mdl.page(page).map(|frame| frame.0), array.get(index(page)).copied());
        for count in 0..10 {
            let expected: Vec<u64> =
                array.iter().skip(index(page)).take(index(count)).copied().collect();
            assert_eq!(frames_of(&mdl.slice(page, Pages(count))), expected, "{page}, {count}");
        }
    }
    assert_eq!(mdl.address(3 * PAGE_SIZE + 5), Some(PhysicalAddress(3 * PAGE_SIZE + 5)));
    assert_eq!(mdl.address(8 * PAGE_SIZE), None);
    assert_eq!(mdl.page(u64::MAX), None);
    assert_eq!(mdl.runs_from(2, Pages(u64::MAX)).count(), 3);
    let spans = mdl.byte_spans(3 * PAGE_SIZE - 1, PAGE_SIZE + 2).expect("in the list");
    let expected = [(10 * PAGE_SIZE - 1, 1), (3 * PAGE_SIZE, PAGE_SIZE), (20 * PAGE_SIZE, 1)];
    assert_eq!(spans, expected.map(|(start, len)| Span::at(start, len).expect("small")));
    assert!(mdl.byte_spans(1, 8 * PAGE_SIZE).is_err());
    assert_eq!(mdl.byte_spans(8 * PAGE_SIZE, 0), Ok(Vec::new()));
}

#[test]
fn lists_beyond_the_end_of_u64_are_refused() {
    for runs in [
        vec![run(1 << 52, 1)],
        vec![run(u64::MAX, 1)],
        vec![run(0, u64::MAX)],
        vec![run(0, 1 << 51), run(0, 1 << 51)],
    ] {
        assert_eq!(Mdl::new(runs.clone()), None, "{runs:?}");
    }
    assert!(Mdl::default().is_empty());
}

#[test]
fn random_requests_agree_with_a_plain_table_and_every_moment_comes_back() {
    for seed in 0..60 {
        let mut rng = SplitMix::new(seed);
        let frames = 1 + rng.below(400);
        let mut host = HostMemory::new(Pages(frames).bytes(), seed);
        let mut table = vec![FrameUse::Free; index(frames)];
        let mut lists: Vec<Mdl> = Vec::new();
        let mut moments = vec![(host.mark(), host.hash(), table.clone())];
        for step in 0..50 {
            if rng.below(3) == 0 && !lists.is_empty() {
                let mdl = lists.swap_remove(index(rng.below(lists.len() as u64)));
                host.release(&mdl);
                frames_of(&mdl).iter().for_each(|frame| table[index(*frame)] = FrameUse::Free);
            } else {
                let needed = rng.below(frames / 2 + 2);
                let use_ = FrameUse::Backing(AllocationId(step));
                let layout = if rng.below(4) == 0 { Layout::Contiguous } else { Layout::Scattered };
                request(&mut host, &mut table, &mut lists, (needed, use_, layout));
            }
            let free = table.iter().filter(|use_| **use_ == FrameUse::Free).count();
            assert_eq!(host.free_frames(), Pages(free as u64), "seed {seed}");
            moments.push((host.mark(), host.hash(), table.clone()));
        }
        for _ in 0..30 {
            let (mark, hash, table) = &moments[index(rng.below(moments.len() as u64))];
            host.move_to(*mark);
            assert_eq!(host.hash(), *hash, "seed {seed}");
            for (frame, use_) in (0..).zip(table) {
                assert_eq!(host.use_of(FrameNumber(frame)), Some(*use_), "seed {seed}");
            }
        }
    }
}

/// Makes a request, and checks it against the table of uses.
fn request(
    host: &mut HostMemory,
    table: &mut [FrameUse],
    lists: &mut Vec<Mdl>,
    (needed, use_, layout): (u64, FrameUse, Layout),
) {
    let mut free = 0;
    let mut longest = 0;
    let mut current = 0;
    for frame in table.iter() {
        current = if *frame == FrameUse::Free { current + 1 } else { 0 };
        free += u64::from(*frame == FrameUse::Free);
        longest = longest.max(current);
    }
    let there = if layout == Layout::Contiguous { longest } else { free };
    let before = host.hash();
    match host.allocate(Pages(needed), use_, layout) {
        Ok(mdl) => {
            assert!(needed <= there);
            assert_eq!(mdl.pages(), Pages(needed));
            if layout == Layout::Contiguous {
                assert!(mdl.runs().len() <= 1);
            }
            for frame in frames_of(&mdl) {
                assert_eq!(table[index(frame)], FrameUse::Free, "frame {frame} was free");
                table[index(frame)] = use_;
            }
            let zeros = host.mdl_pieces(&mdl, 0, needed * PAGE_SIZE).expect("all in memory");
            assert!(zeros.iter().all(|piece| piece.value == Content::Zero), "zero on reuse");
            host.mdl_write(&mdl, 0, &vec![0x5A; index(needed.min(3) * 1000)]).expect("fits");
            lists.push(mdl);
        }
        Err(refused) => {
            assert!(needed > there);
            let numbers = [needed, free, longest].map(Pages);
            assert_eq!([refused.needed, refused.free, refused.largest_run], numbers);
            assert_eq!(host.hash(), before, "a refusal changes nothing");
        }
    }
}

#[test]
fn memory_is_handed_out_to_the_last_frame_however_fragmented() {
    let mut host = memory(1000);
    let all = host.allocate(Pages(1000), FrameUse::System, Layout::Scattered).expect("as many");
    assert_eq!(host.free_frames(), Pages::ZERO);
    let mut sorted = frames_of(&all);
    sorted.sort_unstable();
    assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
    for even in (0..1000).step_by(2) {
        host.release(&list(&[(even, 1)]));
    }
    let refused = host.allocate(Pages(2), FrameUse::DummyPage, Layout::Contiguous);
    let (needed, free) = (Pages(2), Pages(500));
    assert_eq!(refused, Err(OutOfFrames { needed, free, largest_run: Pages(1) }));
    let rest = host.allocate(Pages(500), FrameUse::DummyPage, Layout::Scattered).expect("as many");
    assert_eq!(rest.runs().len(), 500, "no two of them touch");
    assert!(host.allocate(Pages(1), FrameUse::System, Layout::Scattered).is_err());
}

#[test]
fn scattered_lists_are_scattered_and_never_long() {
    let mut host = memory(1 << 22);
    for (pages, fewest) in
        [(1, 1), (4, 4), (16, 5), (256, 5), (4096, 20), (1 << 18, 20), (1 << 20, 20)]
    {
        let mdl = host.allocate(Pages(pages), FrameUse::System, Layout::Scattered).expect("free");
        let runs = mdl.runs();
        assert!((fewest..=64).contains(&runs.len()), "{pages} pages in {} runs", runs.len());
        if pages <= 256 {
            assert!(runs.iter().all(|run| run.count.get() <= 64), "{runs:?}");
        }
        let [lowest, highest] =
            [runs.iter().map(|run| run.first).min(), runs.iter().map(|run| run.first).max()];
        if pages >= 256 {
            let distance = highest.expect("some").0 - lowest.expect("some").0;
            assert!(distance > 1 << 20, "spread over memory: {runs:?}");
        }
    }
}

#[test]
fn where_frames_lie_depends_on_seed_and_history_alone() {
    let lists = |seed: u64| {
        let mut host = HostMemory::new(Bytes::mib(16), seed);
        [1, 10, 100].map(|pages| host.allocate(Pages(pages), FrameUse::System, Layout::Scattered))
    };
    assert_eq!(lists(1), lists(1));
    assert_ne!(lists(1), lists(2));
    let mut host = memory(4096);
    let start = host.mark();
    let first = host.allocate(Pages(100), FrameUse::System, Layout::Scattered);
    host.move_to(start);
    assert_eq!(host.allocate(Pages(100), FrameUse::System, Layout::Scattered), first);
    assert_ne!(host.allocate(Pages(100), FrameUse::System, Layout::Scattered), first);
}

#[test]
fn bytes_written_through_a_list_lie_where_the_list_says() {
    let mut host = memory(16);
    let mdl = list(&[(5, 1), (2, 2), (11, 1)]);
    let mut array = vec![0_u8; index(4 * PAGE_SIZE)];
    let mut rng = SplitMix::new(3);
    for round in 0_u8..40 {
        let offset = rng.below(4 * PAGE_SIZE);
        let len = rng.below(4 * PAGE_SIZE - offset + 1);
        let range = index(offset)..index(offset + len);
        if round % 2 == 0 {
            array[range.clone()].fill(round + 1);
            host.mdl_write(&mdl, offset, &array[range]).expect("in the list");
        } else {
            let value = Content::seeded(u64::from(round), 3);
            value.read(0, &mut array[range]);
            let pieces = bytes::pieces_from_content(value, len);
            host.mdl_put(&mdl, offset, &pieces).expect("in the list");
        }
        let mut all = vec![0; array.len()];
        host.mdl_read(&mdl, 0, &mut all).expect("in the list");
        assert!(all == array, "round {round}");
        for (page, frame) in [5, 2, 3, 11].into_iter().enumerate() {
            let mut frame_bytes = [0; 4096];
            host.read(FrameNumber(frame).address(), &mut frame_bytes).expect("in memory");
            assert!(frame_bytes[..] == array[page * 4096..][..4096], "round {round}, {page}");
        }
        let explicit = bytes::pieces_hash(&bytes::pieces_from_bytes(&array));
        assert_eq!(host.mdl_hash(&mdl, 0, 4 * PAGE_SIZE), Ok(explicit));
    }
    let outside = list(&[(5, 1), (16, 1)]);
    let before = host.mark();
    assert!(host.mdl_write(&outside, PAGE_SIZE - 1, &[1, 2]).is_err());
    assert!(host.mdl_write(&mdl, 4 * PAGE_SIZE - 1, &[1, 2]).is_err());
    assert!(host.mdl_read(&mdl, u64::MAX, &mut [0]).is_err());
    assert_eq!(host.mark(), before, "nothing of a refused write is done");
}

#[test]
fn a_write_records_once_what_it_changed_whatever_its_size() {
    let mut host = HostMemory::new(Bytes::mib(1024), 0);
    let start = host.mark();
    let gigabyte = Bytes::mib(1024).get();
    host.fill(PhysicalAddress(0), gigabyte, 0xDEAD_BEEF).expect("all of memory");
    host.fill(PhysicalAddress(8), 64, 0xDEAD_BEEF).expect("in memory");
    assert_eq!(host.mark(), Position(1), "the second fill changed nothing");
    host.write(PhysicalAddress(6), &[1, 2, 3]).expect("in memory");
    host.put(PhysicalAddress(9), &[]).expect("nothing");
    let spans = [Span::whole(gigabyte), Span::at(6, 3).expect("small")];
    assert!(host.changed_between(start, host.mark()).eq(spans));
    assert!(host.changed_between(Position(2), Position(1)).eq([spans[1]]), "either direction");
    assert_eq!(host.pieces(PhysicalAddress(0), gigabyte).map(|pieces| pieces.len()), Ok(3));
    let mut around = [0; 7];
    host.read(PhysicalAddress(4), &mut around).expect("in memory");
    assert_eq!(around, [0xEF, 0xBE, 1, 2, 3, 0xBE, 0xAD]);
    host.move_to(start);
    assert_eq!(host.content().run_count(), 1);
}

#[test]
fn frames_written_while_free_are_zero_when_handed_out() {
    let mut host = memory(4);
    host.fill(PhysicalAddress(0), 4 * PAGE_SIZE, 9).expect("all of memory");
    let mdl = host.allocate(Pages(2), FrameUse::System, Layout::Contiguous).expect("free");
    let zeros = vec![Piece { len: 2 * PAGE_SIZE, value: Content::Zero }];
    assert_eq!(host.mdl_pieces(&mdl, 0, 2 * PAGE_SIZE), Ok(zeros));
}

#[test]
fn memory_of_any_size_answers() {
    let mut host = HostMemory::new(Bytes(u64::MAX), 0);
    assert_eq!(host.total_frames(), Pages((1 << 52) - 1));
    let most = host.allocate(Pages((1 << 52) - 1), FrameUse::System, Layout::Scattered);
    assert!(most.is_ok_and(|mdl| mdl.runs().len() <= 64));
    assert!(host.allocate(Pages(u64::MAX), FrameUse::System, Layout::Scattered).is_err());
    assert!(host.write(PhysicalAddress(u64::MAX), &[1]).is_err());
    assert!(host.fill(PhysicalAddress(1), u64::MAX, 1).is_err());
    host.release(&list(&[(1 << 51, 1 << 50)]));
    assert_eq!(host.free_frames(), Pages(1 << 50));

    let mut none = HostMemory::new(Bytes(4095), 0);
    assert_eq!(none.total_frames(), Pages::ZERO);
    assert!(none.allocate(Pages(1), FrameUse::System, Layout::Scattered).is_err());
    assert!(none.allocate(Pages(1), FrameUse::System, Layout::Contiguous).is_err());
    assert!(none.allocate(Pages::ZERO, FrameUse::System, Layout::Scattered).is_ok());
    none.release(&list(&[(0, 5)]));
    assert_eq!(none.use_of(FrameNumber(0)), None);
}
