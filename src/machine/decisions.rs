//! Why everything was placed where it is: the searches for room of every executed command, packed.
//!
//! A search in words takes some hundred bytes, and a long run makes a million of them; a byte for
//! each small number keeps a search in some thirty.

use crate::base::{AllocationId, Bytes, SegmentId, Span};
use crate::ddi::Priority;
use crate::placement::Direction;
use crate::vidmm::{Attempt, Decision, Outcome, Pass, Rejection, Victim};

/// The searches of a run, by the command that made them.
#[derive(Clone, Debug, Default)]
pub(crate) struct DecisionLog {
    /// Commands that searched, and where in `bytes` that begins; in order.
    begins: Vec<(u32, usize)>,
    bytes: Vec<u8>,
}

impl DecisionLog {
    /// Adds what a command decided. Commands come in order.
    pub(crate) fn push(&mut self, command: usize, decisions: &[Decision]) {
        let (false, Ok(command)) = (decisions.is_empty(), u32::try_from(command)) else { return };
        debug_assert!(self.begins.last().is_none_or(|(last, _)| *last < command));
        self.begins.push((command, self.bytes.len()));
        for decision in decisions {
            put_decision(&mut self.bytes, decision);
        }
    }

    /// What a command decided, in order; nothing where it searched for nothing.
    pub(crate) fn of(&self, command: usize) -> impl Iterator<Item = Decision> + '_ {
        let known = self.begins.binary_search_by_key(&command, |(known, _)| *known as usize);
        let packed = known.map_or(&[][..], |index| {
            let end = self.begins.get(index + 1).map_or(self.bytes.len(), |(_, begin)| *begin);
            self.bytes.get(self.begins[index].1..end).unwrap_or_default()
        });
        let mut packed = Packed(packed);
        std::iter::from_fn(move || packed.decision())
    }
}

/// A number, seven bits in a byte, the low ones first; the high bit says that more follow.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7F);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn put_all(bytes: &mut Vec<u8>, numbers: &[u64]) {
    for number in numbers {
        put(bytes, *number);
    }
}

fn put_decision(bytes: &mut Vec<u8>, decision: &Decision) {
    let Decision { allocation, needed, attempts } = decision;
    put_all(bytes, &[allocation.0.into(), needed.get(), attempts.len() as u64]);
    for attempt in attempts {
        put_attempt(bytes, attempt);
    }
}

/// What an outcome is called in a packed attempt.
mod kind {
    pub(super) const PLACED: u8 = 0;
    pub(super) const NOT_REACHED: u8 = 1;
    pub(super) const LARGER_THAN_SEGMENT: u8 = 2;
    pub(super) const NOT_ENOUGH: u8 = 3;
    pub(super) const FRAGMENTED: u8 = 4;
    pub(super) const COMMIT_LIMIT: u8 = 5;
    pub(super) const APERTURE_COMMIT_LIMIT: u8 = 6;
}

/// The end of a segment from which a search begins, and that a bank follows.
const TOP_DOWN: u8 = 8;
const IN_A_BANK: u8 = 16;

fn put_attempt(bytes: &mut Vec<u8>, attempt: &Attempt) {
    let Attempt { pass, segment, direction, bank, outcome } = attempt;
    let (kind, numbers): (u8, &[u64]) = match outcome {
        Outcome::Placed { span, victims } => {
            (kind::PLACED, &[span.start(), span.len(), victims.len() as u64])
        }
        Outcome::NotReached { free, largest } => (kind::NOT_REACHED, &[free.get(), largest.get()]),
        Outcome::Rejected(rejection) => match rejection {
            Rejection::LargerThanSegment { needed, size } => {
                (kind::LARGER_THAN_SEGMENT, &[needed.get(), size.get()])
            }
            Rejection::NotEnough { needed, free } => {
                (kind::NOT_ENOUGH, &[needed.get(), free.get()])
            }
            Rejection::Fragmented { needed, free, largest } => {
                (kind::FRAGMENTED, &[needed.get(), free.get(), largest.get()])
            }
            Rejection::CommitLimit { needed, committed, limit } => {
                (kind::COMMIT_LIMIT, &[needed.get(), committed.get(), limit.get()])
            }
            Rejection::ApertureCommitLimit { needed, committed, limit } => {
                (kind::APERTURE_COMMIT_LIMIT, &[needed.get(), committed.get(), limit.get()])
            }
        },
    };
    let from = if *direction == Direction::TopDown { TOP_DOWN } else { 0 };
    let in_a_bank = if bank.is_some() { IN_A_BANK } else { 0 };
    bytes.extend([kind | from | in_a_bank, *pass as u8, segment.number()]);
    bytes.extend(bank);
    put_all(bytes, numbers);
    if let Outcome::Placed { victims, .. } = outcome {
        for victim in victims {
            let Victim { allocation, size, priority, last_reference, offered } = *victim;
            let size = size.get();
            put_all(bytes, &[allocation.0.into(), size, priority.0.into(), last_reference]);
            bytes.push(u8::from(offered));
        }
    }
}

/// What is still to be read.
struct Packed<'a>(&'a [u8]);

impl Packed<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    fn bytes(&mut self) -> Option<Bytes> {
        self.number().map(Bytes)
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn decision(&mut self) -> Option<Decision> {
        let (allocation, needed) = (AllocationId(self.small()?), self.bytes()?);
        let count = self.number()?;
        let attempts = (0..count).map(|_| self.attempt()).collect::<Option<_>>()?;
        Some(Decision { allocation, needed, attempts })
    }

    fn attempt(&mut self) -> Option<Attempt> {
        let (head, pass) = (self.byte()?, self.byte()?);
        let segment = SegmentId::new(self.byte()?)?;
        let bank = if head & IN_A_BANK == 0 { None } else { Some(self.byte()?) };
        let outcome = self.outcome(head & 7)?;
        let pass = *Pass::ALL.get(usize::from(pass))?;
        let direction = if head & TOP_DOWN == 0 { Direction::BottomUp } else { Direction::TopDown };
        Some(Attempt { pass, segment, direction, bank, outcome })
    }

    fn outcome(&mut self, kind: u8) -> Option<Outcome> {
        let (first, second) = (self.number()?, self.bytes()?);
        let needed = Bytes(first);
        let rejection = match kind {
            kind::PLACED => {
                let span = Span::at(first, second.get())?;
                let count = self.number()?;
                let victims = (0..count).map(|_| self.victim()).collect::<Option<_>>()?;
                return Some(Outcome::Placed { span, victims });
            }
            kind::NOT_REACHED => {
                return Some(Outcome::NotReached { free: Bytes(first), largest: second });
            }
            kind::LARGER_THAN_SEGMENT => Rejection::LargerThanSegment { needed, size: second },
            kind::NOT_ENOUGH => Rejection::NotEnough { needed, free: second },
            kind::FRAGMENTED => {
                Rejection::Fragmented { needed, free: second, largest: self.bytes()? }
            }
            kind::COMMIT_LIMIT => {
                Rejection::CommitLimit { needed, committed: second, limit: self.bytes()? }
            }
            kind::APERTURE_COMMIT_LIMIT => {
                Rejection::ApertureCommitLimit { needed, committed: second, limit: self.bytes()? }
            }
            _ => return None,
        };
        Some(Outcome::Rejected(rejection))
    }

    fn victim(&mut self) -> Option<Victim> {
        Some(Victim {
            allocation: AllocationId(self.small()?),
            size: self.bytes()?,
            priority: Priority(self.small()?),
            last_reference: self.number()?,
            offered: self.byte()? != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SplitMix;

    /// Numbers of every length, the edges among them.
    fn number(random: &mut SplitMix) -> u64 {
        let bits = u32::try_from(random.below(65)).expect("at most 64");
        let all = u64::MAX.checked_shr(64 - bits).unwrap_or(0);
        if random.below(4) == 0 { all } else { random.below(u64::MAX) & all }
    }

    fn decision(random: &mut SplitMix) -> Decision {
        let bytes = |random: &mut SplitMix| Bytes(number(random));
        let small = |random: &mut SplitMix| u32::try_from(number(random) >> 32).expect("32 bits");
        let attempt = |random: &mut SplitMix| {
            let (needed, second, third) = (bytes(random), bytes(random), bytes(random));
            let outcome = match random.below(7) {
                0 => {
                    let start = number(random);
                    let len = number(random).min(u64::MAX - start);
                    let victims = (0..random.below(4)).map(|_| Victim {
                        allocation: AllocationId(small(random)),
                        size: Bytes(number(random)),
                        priority: Priority(small(random)),
                        last_reference: number(random),
                        offered: random.below(2) == 1,
                    });
                    let victims = victims.collect();
                    Outcome::Placed { span: Span::at(start, len).expect("it ends"), victims }
                }
                1 => Outcome::NotReached { free: needed, largest: second },
                2 => Outcome::Rejected(Rejection::LargerThanSegment { needed, size: second }),
                3 => Outcome::Rejected(Rejection::NotEnough { needed, free: second }),
                4 => Outcome::Rejected(Rejection::Fragmented {
                    needed,
                    free: second,
                    largest: third,
                }),
                5 => Outcome::Rejected(Rejection::CommitLimit {
                    needed,
                    committed: second,
                    limit: third,
                }),
                _ => Outcome::Rejected(Rejection::ApertureCommitLimit {
                    needed,
                    committed: second,
                    limit: third,
                }),
            };
            let pick = |random: &mut SplitMix, count: usize| {
                usize::try_from(random.below(count as u64)).expect("small")
            };
            Attempt {
                pass: Pass::ALL[pick(random, Pass::ALL.len())],
                segment: SegmentId::new(1 + pick(random, 31).to_le_bytes()[0]).expect("1 to 31"),
                direction: [Direction::BottomUp, Direction::TopDown][pick(random, 2)],
                bank: (random.below(2) == 1).then(|| pick(random, 256).to_le_bytes()[0]),
                outcome,
            }
        };
        let allocation = AllocationId(small(random));
        let needed = bytes(random);
        let attempts = (0..random.below(5)).map(|_| attempt(random)).collect();
        Decision { allocation, needed, attempts }
    }

    #[test]
    fn what_is_packed_is_read_again_for_the_command_that_decided_it() {
        let seed = 20_061;
        let mut random = SplitMix::new(seed);
        let mut log = DecisionLog::default();
        let mut all = Vec::new();
        for command in 1..2_000 {
            let count = random.below(4);
            let decisions: Vec<Decision> = (0..count).map(|_| decision(&mut random)).collect();
            log.push(command, &decisions);
            all.push((command, decisions));
        }
        for (command, decisions) in all {
            assert!(log.of(command).eq(decisions), "seed {seed}, command {command}");
        }
        assert_eq!(log.of(0).count() + log.of(2_000).count(), 0);
    }
}
