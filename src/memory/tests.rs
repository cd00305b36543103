//! Contents, descriptions and hashes against bytes written out one by one.

use super::*;
use crate::base::{Piece, RunValue, Span, SplitMix};

/// The byte at `position` of a content, straight from what its variants say.
fn byte_of(content: &Content, position: u64) -> u8 {
    let position = u128::from(position);
    let of_word = |word: u64, phase: u128| word.to_le_bytes()[index(phase % 8)];
    match content {
        Content::Zero => 0,
        Content::Pattern { word, phase } => {
            word.to_le_bytes()[index((u128::from(*phase) + position) % 4)]
        }
        Content::Seeded { seed, offset } => {
            let at = (u128::from(*offset) + position) % (1 << 64);
            of_word(SplitMix::nth(*seed, u64::try_from(at / 8).expect("below 2^61")), at)
        }
        Content::Ramp { first, step, phase } => {
            let at = u128::from(*phase) + position;
            let steps = u64::try_from(at / 8).expect("below 2^62");
            of_word(first.wrapping_add(step.wrapping_mul(steps)), at)
        }
        Content::Explicit { bytes, offset } => {
            let at = u128::from(*offset) + position;
            let inside = usize::try_from(at).ok().and_then(|at| bytes.as_slice().get(at));
            inside.copied().unwrap_or(0)
        }
    }
}

fn index(small: u128) -> usize {
    usize::try_from(small).expect("a small number")
}

fn random_content(rng: &mut SplitMix) -> Content {
    let phase = u8::try_from(rng.below(8)).expect("below 8");
    let words = [0, 1, 0x0101_0101, 0x0102_0102, 0x1122_3344, u32::MAX];
    let edges = [0, 1, 5 << 32 | 5, (1 << 60) - 40, (1 << 61) - 1, u64::MAX, u64::MAX - 300];
    let steps = [0, 1, 8, 1 << 50, u64::MAX, u64::MAX - 6, 0x8000_0000_0000_0000];
    let mut pick = |from: &[u64]| from[index(u128::from(rng.below(from.len() as u64)))];
    match pick(&[0, 1, 2, 3, 4, 4]) {
        0 => Content::Zero,
        1 => Content::pattern(words[index(u128::from(pick(&[0, 1, 2, 3, 4, 5])))], phase),
        2 => Content::seeded(pick(&[0, 7]), pick(&[0, 3, 8, u64::MAX - 20])),
        3 => Content::ramp(pick(&edges), pick(&steps), phase),
        _ => {
            let bytes: Vec<u8> =
                (0..rng.below(90)).map(|_| rng.next_u64().to_le_bytes()[0]).collect();
            Content::explicit(&bytes).advanced(rng.below(4))
        }
    }
}

/// A description of up to `pieces` pieces, and its bytes.
fn random_pieces(rng: &mut SplitMix, pieces: u64, longest: u64) -> (Vec<Piece<Content>>, Vec<u8>) {
    let (mut description, mut bytes) = (Vec::new(), Vec::new());
    for _ in 0..rng.below(pieces + 1) {
        let piece = Piece { len: 1 + rng.below(longest), value: random_content(rng) };
        bytes.extend((0..piece.len).map(|position| byte_of(&piece.value, position)));
        description.push(piece);
    }
    (description, bytes)
}

/// The content hash by its definition, a word at a time.
fn naive_hash(bytes: &[u8]) -> ContentHash {
    let prime = (1_u128 << 61) - 1;
    let value = bytes.chunks(8).fold(0, |value: u128, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        let word = u128::from(u64::from_le_bytes(word));
        let (lower, upper) = (word & ((1 << 60) - 1), word >> 60);
        (value * 0x0C6A_4A7B_15F9_B3D1 + lower + upper * 0x1B87_3593_CC9E_2D51) % prime
    });
    let hasher = crate::base::StableHasher::new(0xC0DE);
    let value = u64::try_from(value).expect("below the prime");
    ContentHash(hasher.number(value).number(bytes.len() as u64).finish().0)
}

#[test]
fn every_content_reads_as_its_definition_from_every_place() {
    for seed in 0..2000 {
        let mut rng = SplitMix::new(seed);
        let content = random_content(&mut rng);
        let at = [rng.below(40), u64::MAX - rng.below(10)][index(u128::from(rng.below(8) / 7))];
        let mut read = vec![0xEE; index(u128::from(rng.below(60)))];
        content.read(at, &mut read);
        for (offset, byte) in (0..).zip(&read) {
            let Some(position) = at.checked_add(offset) else { break };
            assert_eq!(
                *byte,
                byte_of(&content, position),
                "seed {seed}: {content:?} at {position}"
            );
            assert_eq!(*byte, byte_of(&content.advanced(position), 0), "seed {seed}: {content:?}");
        }
        let (near, far) = (rng.below(20), rng.below(1 << 40));
        assert_eq!(content.advanced(near).advanced(far), content.advanced(near + far), "{seed}");
    }
}

#[test]
fn one_description_is_chosen_where_several_fit() {
    for (content, chosen) in [
        (Content::pattern(0, 3), Content::Zero),
        (Content::pattern(0x0707_0707, 3), Content::Pattern { word: 0x0707_0707, phase: 0 }),
        (Content::pattern(0x0102_0102, 3), Content::Pattern { word: 0x0102_0102, phase: 1 }),
        (Content::pattern(0x0102_0304, 7), Content::Pattern { word: 0x0102_0304, phase: 3 }),
        (Content::ramp(0, 0, 5), Content::Zero),
        (Content::ramp(5 << 32 | 5, 0, 5), Content::Pattern { word: 5, phase: 1 }),
        (Content::explicit(&[0; 9]), Content::Zero),
        (Content::explicit(&[]), Content::Zero),
    ] {
        assert_eq!(content, chosen);
    }
    assert_eq!(Content::explicit(&[1, 2]), Content::explicit(&[1, 2]));
    assert_ne!(Content::explicit(&[1, 2]), Content::explicit(&[1, 3]));
}

#[test]
fn maps_written_at_random_read_hash_and_undo_as_a_plain_array() {
    for seed in 0..150 {
        let mut rng = SplitMix::new(seed);
        let size = 300;
        let mut map = ByteMap::new(size, Content::Zero);
        let mut array = vec![0_u8; index(u128::from(size))];
        let mut history = Vec::new();
        for _ in 0..12 {
            let (pieces, bytes) = random_pieces(&mut rng, 4, 70);
            let start = rng.below(size);
            let end = start + bytes.len() as u64;
            let change = ByteChange::new(&map, start, pieces);
            assert_eq!(change.is_err(), end > size, "seed {seed}");
            let Ok(change) = change else { continue };
            history.push((change.clone(), map.hash()));
            change.redo(&mut map);
            array[index(start.into())..index(end.into())].copy_from_slice(&bytes);
            let from = rng.below(size);
            let span = Span::new(from, from + rng.below(size - from + 1)).expect("in order");
            let expected = &array[index(span.start().into())..index(span.end().into())];
            assert_eq!(bytes::read_vec(&map, span).as_deref(), Ok(expected), "seed {seed}");
            assert_eq!(bytes::content_hash(&map, span), Ok(naive_hash(expected)), "seed {seed}");
        }
        for (change, hash) in history.iter().rev() {
            change.undo(&mut map);
            assert_eq!(map.hash(), *hash, "seed {seed}");
        }
        assert_eq!(map.run_count(), 1, "seed {seed}: back to zeros");
    }
}

#[test]
fn descriptions_slice_join_differ_and_hash_as_their_bytes() {
    for seed in 0..400 {
        let mut rng = SplitMix::new(seed);
        let (pieces, expected) = random_pieces(&mut rng, 5, 2500);
        let all = expected.len();
        assert_eq!(bytes::read_pieces(&pieces, usize::MAX), expected, "seed {seed}");
        assert_eq!(bytes::pieces_hash(&pieces), naive_hash(&expected), "seed {seed}");
        let cut = rng.below(all as u64 + 1);
        let mut parts = bytes::slice_pieces(&pieces, 0, cut);
        parts.push(Piece { len: 0, value: Content::Zero });
        parts.extend(bytes::slice_pieces(&pieces, cut, u64::MAX));
        assert_eq!(bytes::first_difference(&pieces, &parts), None, "seed {seed}");
        assert_eq!(bytes::pieces_hash(&parts), naive_hash(&expected), "seed {seed}");
        let joined = bytes::joined_pieces(parts);
        assert!(joined.len() <= pieces.len(), "seed {seed}: the cut is joined again");
        assert_eq!(bytes::read_pieces(&joined, usize::MAX), expected, "seed {seed}");

        let explicit = bytes::pieces_from_bytes(&expected);
        assert_eq!(bytes::first_difference(&explicit, &pieces), None, "seed {seed}");
        if all == 0 {
            continue;
        }
        let mut damaged = expected.clone();
        let at = rng.below(all as u64);
        damaged[index(at.into())] ^= 1;
        let damaged = bytes::pieces_from_bytes(&damaged);
        assert_eq!(bytes::first_difference(&pieces, &damaged), Some(at), "seed {seed}");
        assert_ne!(bytes::pieces_hash(&pieces), bytes::pieces_hash(&damaged), "seed {seed}");
        let shorter = bytes::slice_pieces(&pieces, 0, at);
        assert_eq!(bytes::first_difference(&pieces, &shorter), Some(at), "seed {seed}");
        assert_eq!(bytes::first_difference(&shorter, &pieces), Some(at), "seed {seed}");
    }
}

#[test]
fn huge_runs_hash_the_same_however_they_are_cut() {
    let len = 1 << 40;
    for content in [
        Content::Zero,
        Content::pattern(0x1122_3344, 1),
        Content::ramp(0x8000_0003, 4096, 0),
        Content::ramp(u64::MAX, u64::MAX, 0),
        Content::ramp(0xFFFF_FFFF_FFFF_0000, 0x0123_4567, 0),
    ] {
        let whole = [Piece { len, value: content }];
        let cuts = [0, 1, 8, 4099, (1 << 33) + 5, len];
        let parts: Vec<_> = cuts
            .windows(2)
            .flat_map(|cut| bytes::slice_pieces(&whole, cut[0], cut[1] - cut[0]))
            .collect();
        assert_eq!(parts.len(), 5);
        assert_eq!(bytes::pieces_hash(&parts), bytes::pieces_hash(&whole), "{whole:?}");
        assert_eq!(bytes::joined_pieces(parts), whole);
    }
    // The same bytes from two phases of two words.
    let [a, b] = [Content::pattern(0x1122_3344, 1), Content::pattern(0x4411_2233, 0)]
        .map(|value| [Piece { len: u64::MAX, value }]);
    assert_eq!(bytes::first_difference(&a, &b), None);
    assert_eq!(bytes::pieces_hash(&a), bytes::pieces_hash(&b));
}

#[test]
fn words_equal_modulo_the_prime_hash_differently() {
    let hash = |word: u64| bytes::pieces_hash(&bytes::pieces_from_bytes(&word.to_le_bytes()));
    assert_ne!(hash(0), hash((1 << 61) - 1));
    assert_ne!(hash(7), hash(u64::MAX));
    assert_ne!(bytes::pieces_hash(&[]), hash(0), "the length counts");
}

#[test]
fn ranges_at_the_end_of_u64_are_answered() {
    let mut map = ByteMap::new(u64::MAX, Content::Zero);
    let change = ByteChange::new(&map, u64::MAX - 3, bytes::pieces_from_bytes(&[1, 2, 3]));
    change.expect("the last bytes there are").redo(&mut map);
    let mut last = [0; 3];
    assert_eq!(bytes::read(&map, u64::MAX - 3, &mut last), Ok(()));
    assert_eq!(last, [1, 2, 3]);
    let beyond = OutOfRange { start: u64::MAX - 2, len: 3, size: u64::MAX };
    assert_eq!(bytes::read(&map, u64::MAX - 2, &mut last), Err(beyond));
    let endless = vec![Piece { len: u64::MAX, value: Content::Zero }; 2];
    assert!(ByteChange::new(&map, 0, endless.clone()).is_err());
    assert_eq!(bytes::pieces_len(&endless), None);
    assert_eq!(bytes::slice_pieces(&endless, u64::MAX, 1).len(), 1);
    assert_eq!(bytes::first_difference(&endless, &endless), None);
    assert!(bytes::read_vec(&map, Span::whole(u64::MAX)).is_err());
}

#[test]
fn pages_that_differ_are_counted_once_whatever_differs_in_them() {
    const PAGE: u64 = 4096;
    let zeros = |len| bytes::pieces_from_content(Content::Zero, len);
    let with = |at: u64, len: u64, of: u64| {
        let mut pieces = zeros(at);
        pieces.extend(bytes::pieces_from_content(Content::pattern(0x0101_0101, 0), len));
        pieces.extend(zeros(of - at - len));
        pieces
    };
    let whole = zeros(4 * PAGE);
    let table = [
        (whole.clone(), 0),
        (with(0, 1, 4 * PAGE), PAGE),
        (with(PAGE - 1, 2, 4 * PAGE), 2 * PAGE),
        (with(PAGE + 8, 16, 4 * PAGE), PAGE),
        (with(PAGE, 2 * PAGE, 4 * PAGE), 2 * PAGE),
        (with(0, 4 * PAGE, 4 * PAGE), 4 * PAGE),
        (zeros(PAGE), 3 * PAGE),
        (zeros(0), 4 * PAGE),
    ];
    for (found, different) in table {
        assert_eq!(bytes::different_pages(&whole, &found), different, "{found:?}");
        assert_eq!(bytes::different_pages(&found, &whole), different, "{found:?}");
    }
    // Two differences in one page, in pieces of their own.
    let mut twice = with(8, 1, PAGE);
    twice = bytes::slice_pieces(&twice, 0, 100);
    twice.extend(bytes::pieces_from_content(Content::pattern(0x0202_0202, 0), 10));
    twice.extend(zeros(4 * PAGE - 110));
    assert_eq!(bytes::different_pages(&whole, &twice), PAGE);
}
