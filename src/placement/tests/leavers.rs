//! Searches that remember, beside ones that begin anew.

use std::collections::{BTreeMap, BTreeSet};

use super::naive::Naive;
use super::{MODES, lowest, span, units};
use crate::base::{Span, SplitMix};
use crate::placement::{Leavers, Leaving, Request, Space};

/// A space whose blocks have keys: a time and then their number.
type Key = (u64, u64);

struct Stage {
    space: Space,
    naive: Naive,
    leavers: Leavers<Key>,
    blocks: BTreeMap<Key, Span>,
    next: u64,
}

impl Stage {
    fn new(len: u64) -> Self {
        Self {
            space: Space::new(len),
            naive: Naive::new(len),
            leavers: Leavers::new(),
            blocks: BTreeMap::new(),
            next: 0,
        }
    }

    /// Whether the block came.
    fn insert(&mut self, block: Span, time: u64) -> bool {
        if self.space.insert(block, self.next).is_err() {
            return false;
        }
        assert!(self.naive.insert(block, self.next));
        let key = (time, self.next);
        self.next += 1;
        self.blocks.insert(key, block);
        self.leavers.insert(key)
    }

    fn remove(&mut self, key: Key) {
        let block = self.blocks.remove(&key).expect("it is there");
        assert!(self.leavers.remove(&key));
        self.space.remove(block.start());
        self.naive.remove(block.start());
    }

    fn set_time(&mut self, key: Key, time: u64) {
        let block = self.blocks.remove(&key).expect("it is there");
        self.leavers.remove(&key);
        self.blocks.insert((time, key.1), block);
        self.leavers.insert((time, key.1));
    }

    fn any(&self, rng: &mut SplitMix) -> Option<Key> {
        let index = usize::try_from(rng.below(self.blocks.len() as u64)).ok()?;
        self.blocks.keys().nth(index).copied()
    }

    /// Searches with memory, anew, and naively.
    fn compare(&self, request: &Request, limit: u64, staying: &BTreeSet<u64>, what: &str) {
        let within = |key: &Key| key.0 < limit;
        let block = |key: &Key| self.blocks.get(key).copied().filter(|_| !staying.contains(&key.1));
        let found = self.leavers.find(&self.space, request, within, block);
        let ranked: Vec<Span> =
            self.leavers.iter().take_while(|key| within(key)).filter_map(block).collect();
        let by_block: BTreeMap<Span, Key> =
            self.blocks.iter().map(|(key, block)| (*block, *key)).collect();
        let expected = self.naive.find_evicting(request, &ranked);
        let anew = self.space.find_evicting(request, ranked).ok();
        assert_eq!(anew, expected, "{what} {request:?}");
        let expected = expected.map(|eviction| Leaving {
            at: eviction.at,
            victims: eviction.victims.iter().map(|block| by_block[block]).collect(),
        });
        assert_eq!(found, expected, "{what} {request:?}");
    }
}

#[test]
fn small_blocks_that_leave_first_are_remembered_until_they_go() {
    // Eight units in a full space; every second is old.
    let mut space = units(8, 0..8);
    let mut leavers = Leavers::new();
    for start in [0, 2, 4, 6] {
        leavers.insert((0, start));
    }
    for start in [1, 3, 5, 7] {
        leavers.insert((1, start));
    }
    let block = |key: &(u64, u64)| Some(span(key.1, key.1 + 1));
    let find = |space: &Space, leavers: &Leavers<(u64, u64)>, size| {
        leavers.find(space, &lowest(space, size), |_| true, block)
    };
    // Joining 0, 2, 4, 6 and then 1 frees 0..3.
    let two = Leaving { at: 0, victims: vec![(0, 0), (1, 1)] };
    assert_eq!(find(&space, &leavers, 2), Some(two.clone()));
    let one = Leaving { at: 0, victims: vec![(0, 0)] };
    assert_eq!(find(&space, &leavers, 1), Some(one));
    assert_eq!(find(&space, &leavers, 2), Some(two));
    // The blocks at 1 and 2 become the last to leave: 3 is then the first to make two of 3..5.
    for start in [1, 2] {
        leavers.remove(&(start % 2, start));
        leavers.insert((2, start));
    }
    let two = Leaving { at: 3, victims: vec![(0, 4), (1, 3)] };
    assert_eq!(find(&space, &leavers, 2), Some(two));
    // The block at 5 goes: it is a hole, and those beside it join it.
    leavers.remove(&(1, 5));
    space.remove(5);
    let two = Leaving { at: 4, victims: vec![(0, 4)] };
    assert_eq!(find(&space, &leavers, 2), Some(two));
}

#[test]
fn who_may_not_leave_is_asked_again_each_time() {
    let space = units(4, 0..4);
    let mut leavers = Leavers::new();
    for start in 0..4 {
        leavers.insert(start);
    }
    let find = |limit: u64, staying: &[u64]| {
        let block = |key: &u64| Some(span(*key, key + 1)).filter(|_| !staying.contains(key));
        leavers.find(&space, &lowest(&space, 2), |key| *key < limit, block)
    };
    assert_eq!(find(4, &[]), Some(Leaving { at: 0, victims: vec![0, 1] }));
    assert_eq!(find(4, &[1]), Some(Leaving { at: 2, victims: vec![2, 3] }));
    assert_eq!(find(4, &[1, 2]), None);
    // The order says how far a search may go, whatever another one joined.
    assert_eq!(find(1, &[]), None);
    assert_eq!(find(2, &[]), Some(Leaving { at: 0, victims: vec![0, 1] }));
}

#[test]
fn a_copy_of_the_space_is_another_space() {
    let mut one = units(4, 0..4);
    let leavers = {
        let mut leavers = Leavers::new();
        (0..4).for_each(|start| assert!(leavers.insert(start)));
        leavers
    };
    let find = |space: &Space| {
        let block = |key: &u64| Some(span(*key, key + 1));
        leavers.find(space, &lowest(space, 2), |_| true, block)
    };
    let both = Some(Leaving { at: 0, victims: vec![0, 1] });
    assert_eq!(find(&one), both);
    let mut two = one.clone();
    // Each loses another block, so that both changed as often; the key of what is gone is passed
    // over, and the hole needs one more.
    one.remove(1);
    two.remove(3);
    assert_eq!(find(&one), Some(Leaving { at: 0, victims: vec![0] }));
    assert_eq!(find(&two), both);
    assert_eq!(find(&one), Some(Leaving { at: 0, victims: vec![0] }));
}

/// Changes and searches in turn, of every kind.
fn mixed(seed: u64, steps: u64, len: u64, longest: u64) {
    let mut rng = SplitMix::new(seed);
    let mut stage = Stage::new(len);
    // Some blocks are nobody's: they have no key and never leave.
    for _ in 0..rng.below(4) {
        let start = rng.below(len);
        if stage.space.insert(span(start, start + 1), u64::MAX).is_ok() {
            stage.naive.insert(span(start, start + 1), u64::MAX);
        }
    }
    let mut staying = BTreeSet::new();
    for step in 0..steps {
        for _ in 0..rng.below(6) {
            let key = stage.any(&mut rng);
            match (rng.below(10), key) {
                (0, Some(key)) => stage.remove(key),
                (1, Some(key)) => stage.set_time(key, rng.below(steps)),
                (2, Some(key)) => stage.set_time(key, steps + step),
                // The same key again, in another place.
                (3, Some(key)) => {
                    let block = stage.blocks[&key];
                    stage.remove(key);
                    let start = rng.below(len);
                    let moved = span(start, (start + block.len()).min(len));
                    if stage.space.insert(moved, key.1).is_ok() {
                        stage.naive.insert(moved, key.1);
                        stage.blocks.insert(key, moved);
                        stage.leavers.insert(key);
                    }
                }
                (4, Some(key)) => drop(staying.insert(key.1)),
                (5, _) => staying.clear(),
                (6, _) if rng.below(40) == 0 => stage.space = stage.space.clone(),
                (7, _) if rng.below(40) == 0 => stage.leavers = stage.leavers.clone(),
                _ => {
                    let start = rng.below(len);
                    let block = span(start, (start + 1 + rng.below(longest)).min(len));
                    let time = if rng.below(8) == 0 { rng.below(steps) } else { steps + step };
                    stage.insert(block, time);
                }
            }
        }
        let (direction, fit) = MODES[usize::try_from(rng.below(4)).expect("four")];
        let (one, two) = (rng.below(len + 1), rng.below(len + 1));
        let whole = Span::whole(len);
        let part = span(one.min(two), one.max(two));
        let most = 1 + rng.below(if step % 16 == 0 { len } else { 3 * longest });
        let request = Request {
            size: rng.below(most),
            alignment: [1, 1, 2, 3, 8][usize::try_from(rng.below(5)).expect("five")],
            window: if rng.below(3) == 0 { part } else { whole },
            direction,
            fit,
        };
        let limit = if rng.below(4) == 0 { rng.below(2 * steps) } else { u64::MAX };
        stage.compare(&request, limit, &staying, &format!("seed {seed} step {step}"));
    }
}

#[test]
fn random_changes_and_searches_find_what_searching_anew_finds() {
    for seed in 0..300 {
        mixed(seed, 80, 40 + seed % 97, 1 + seed % 9);
    }
}

#[test]
fn long_orders_find_what_searching_anew_finds() {
    for seed in 1_000..1_006 {
        mixed(seed, 700, 1_200, 3);
    }
}

/// A full space in which the least recently used leave, as in a memory manager: the searches take
/// the places that searches anew would, and every block has its key.
#[test]
fn a_full_space_over_a_long_time_is_used_as_if_searched_anew() {
    let mut rng = SplitMix::new(5);
    let mut stage = Stage::new(3_000);
    for time in 0..6_000 {
        for _ in 0..2 {
            if let Some(key) = stage.any(&mut rng).filter(|key| key.1 % 3 != 0) {
                stage.set_time(key, time);
            }
        }
        let request = lowest(&stage.space, 1 + rng.below(16));
        let all: Vec<(Key, Span)> = stage.blocks.iter().map(|(k, b)| (*k, *b)).collect();
        let anew =
            stage.space.find_evicting(&request, all.iter().map(|(_, b)| *b)).expect("it fits");
        let block = |key: &Key| stage.blocks.get(key).copied();
        let found = stage.leavers.find(&stage.space, &request, |_| true, block).expect("it fits");
        let blocks: Vec<Span> = found.victims.iter().map(|key| stage.blocks[key]).collect();
        assert_eq!((found.at, blocks), (anew.at, anew.victims), "at {time}");
        found.victims.iter().for_each(|key| stage.remove(*key));
        assert!(stage.insert(Span::at(found.at, request.size).expect("small"), time));
    }
}
