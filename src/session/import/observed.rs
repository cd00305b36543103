//! What a real video memory manager was seen to choose, and how ours compares.

use std::collections::BTreeMap;

use crate::base::{AllocationId, SegmentId};
use crate::session::name::Name;

/// The segments of the recorded machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TraceSegment {
    /// Memory of the adapter that the CPU can reach.
    Local,
    /// Memory of the adapter that it cannot.
    Invisible,
    /// System memory, through an aperture.
    System,
}

impl TraceSegment {
    /// In the order of the imported adapter.
    pub const ALL: [Self; 3] = [Self::Local, Self::Invisible, Self::System];

    /// What trace and imported adapter call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Invisible => "invisible",
            Self::System => "system",
        }
    }

    /// Its number in the imported adapter.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Local => 1,
            Self::Invisible => 2,
            Self::System => 3,
        }
    }

    /// Whether bytes move into it.
    #[must_use]
    pub const fn is_memory(self) -> bool {
        !matches!(self, Self::System)
    }
}

/// An allocation of a trace. Its place in the list is its [`AllocationId`] in the imported session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The number that the capture gave it.
    pub id: u64,
    /// Its name in the imported session.
    pub name: Name,
    /// Bytes.
    pub size: u64,
    /// Segments wanted, most wanted first.
    pub preferred: Vec<TraceSegment>,
    /// The event that allocated it, counted from 0.
    pub allocated_at: usize,
    /// The event that freed it, if one did.
    pub freed_at: Option<usize>,
    /// The segment in which it was seen, if it was.
    pub segment: Option<TraceSegment>,
    /// Bytes from the start of the segment, where the capture knows.
    pub offset: Option<u64>,
}

impl Observed {
    /// Segment and offset, where both are known and bytes lie there.
    fn in_memory(&self) -> Option<(TraceSegment, u64)> {
        self.segment.filter(|segment| segment.is_memory()).zip(self.offset)
    }
}

/// The id of a place in the list. Imports have far fewer than 2^32 allocations.
fn id(index: usize) -> AllocationId {
    AllocationId::from_index(index).unwrap_or(AllocationId(u32::MAX))
}

/// Allocations whose range runs into that of one that was live then: the earlier and the later.
///
/// Each later one is named once, and does not count as live afterwards.
#[must_use]
pub fn overlaps(observed: &[Observed]) -> Vec<(AllocationId, AllocationId)> {
    let mut freed: Vec<(usize, usize)> = observed
        .iter()
        .enumerate()
        .filter_map(|(index, allocation)| Some((allocation.freed_at?, index)))
        .collect();
    freed.sort_unstable();
    let mut freed = freed.into_iter().peekable();
    // Live ranges by their starts, disjoint: end and allocation.
    let mut live: BTreeMap<(TraceSegment, u64), (u64, usize)> = BTreeMap::new();
    let mut found = Vec::new();
    for (index, allocation) in observed.iter().enumerate() {
        while let Some((_, gone)) = freed.next_if(|(at, _)| *at < allocation.allocated_at) {
            if let Some(start) = observed[gone].in_memory()
                && live.get(&start).is_some_and(|(_, owner)| *owner == gone)
            {
                live.remove(&start);
            }
        }
        let Some((segment, start)) = allocation.in_memory() else { continue };
        let end = start.saturating_add(allocation.size);
        let below = live.range((segment, 0)..(segment, end)).next_back();
        match below {
            Some((_, (other_end, other))) if *other_end > start => {
                found.push((id(*other), id(index)));
            }
            _ => {
                live.insert((segment, start), (end, index));
            }
        }
    }
    found
}

/// Allocations in memory segments whose offset is not a multiple of `alignment` bytes.
#[must_use]
pub fn misaligned(observed: &[Observed], alignment: u64) -> Vec<AllocationId> {
    let misaligned = |allocation: &Observed| {
        allocation.in_memory().is_some_and(|(_, offset)| !offset.is_multiple_of(alignment))
    };
    let each = observed.iter().enumerate();
    each.filter(|(_, allocation)| misaligned(allocation)).map(|(index, _)| id(index)).collect()
}

/// Allocations that lie at or below the one of the same size before them in the same memory
/// segment: the earlier and the later.
#[must_use]
pub fn order_breaks(observed: &[Observed]) -> Vec<(AllocationId, AllocationId)> {
    let mut last: BTreeMap<(TraceSegment, u64), (u64, usize)> = BTreeMap::new();
    let mut breaks = Vec::new();
    for (index, allocation) in observed.iter().enumerate() {
        let Some((segment, offset)) = allocation.in_memory() else { continue };
        let before = last.insert((segment, allocation.size), (offset, index));
        if let Some((_, earlier)) = before.filter(|(before, _)| *before >= offset) {
            breaks.push((id(earlier), id(index)));
        }
    }
    breaks
}

/// Where our manager placed an allocation first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The allocation.
    pub allocation: AllocationId,
    /// The segment.
    pub segment: SegmentId,
    /// Bytes from the start of the segment.
    pub offset: u64,
}

/// How often something agrees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Times it does.
    pub agree: u64,
    /// Times it could.
    pub total: u64,
}

impl Tally {
    fn count(&mut self, agrees: bool) {
        self.total += 1;
        self.agree += u64::from(agrees);
    }
}

/// What of the observed placements our manager chose as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The segment, of allocations seen in one.
    pub segment: Tally,
    /// The offset, of allocations seen at one in a memory segment.
    pub offset: Tally,
    /// The distance from the allocation before it in the same memory segment. It tells whether two
    /// managers lay out alike even when one of them had something there already.
    pub step: Tally,
}

/// Compares what was observed with what was chosen. What is not chosen at all does not agree; of
/// several choices for one allocation the first counts.
#[must_use]
pub fn compare(observed: &[Observed], chosen: &[Chosen]) -> Agreement {
    let mut choices: Vec<Option<Chosen>> = vec![None; observed.len()];
    for choice in chosen {
        if let Some(slot) = choices.get_mut(choice.allocation.index()) {
            slot.get_or_insert(*choice);
        }
    }
    let mut agreement = Agreement::default();
    // The allocation before, of each memory segment: observed offset and our choice.
    let mut before: BTreeMap<TraceSegment, (u64, Option<u64>)> = BTreeMap::new();
    for (allocation, choice) in observed.iter().zip(choices) {
        let Some(segment) = allocation.segment else { continue };
        let ours = choice.filter(|choice| choice.segment.number() == segment.number());
        agreement.segment.count(ours.is_some());
        let Some((_, offset)) = allocation.in_memory() else { continue };
        let ours = ours.map(|choice| choice.offset);
        agreement.offset.count(ours == Some(offset));
        if let Some((offset_before, ours_before)) = before.insert(segment, (offset, ours)) {
            let same = ours.zip(ours_before).is_some_and(|(ours, ours_before)| {
                // Added crosswise, so that steps downwards need no sign.
                u128::from(ours) + u128::from(offset_before)
                    == u128::from(offset) + u128::from(ours_before)
            });
            agreement.step.count(same);
        }
    }
    agreement
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An allocation seen in a segment, with its life in events.
    fn seen(
        segment: TraceSegment,
        offset: Option<u64>,
        size: u64,
        allocated_at: usize,
        freed_at: Option<usize>,
    ) -> Observed {
        let name = Name::new("n").expect("one letter");
        let preferred = vec![segment];
        let segment = Some(segment);
        Observed { id: 1, name, size, preferred, allocated_at, freed_at, segment, offset }
    }

    fn chosen(allocation: u32, segment: u8, offset: u64) -> Chosen {
        let segment = SegmentId::new(segment).expect("between 1 and 31");
        Chosen { allocation: AllocationId(allocation), segment, offset }
    }

    const K: u64 = 1024;

    #[test]
    fn overlaps_are_those_of_live_neighbours() {
        use TraceSegment::{Invisible, Local, System};
        let observed = [
            seen(Local, Some(0), 64 * K, 0, Some(4)),
            seen(Invisible, Some(0), 64 * K, 1, None),
            // Runs into the first, from above and from below.
            seen(Local, Some(60 * K), 8 * K, 2, None),
            seen(System, None, 64 * K, 3, None),
            // The first is gone.
            seen(Local, Some(0), 64 * K, 5, None),
            // Adjacent is not overlapping.
            seen(Local, Some(64 * K), 4 * K, 6, None),
            seen(Local, Some(32 * K), 64 * K, 7, None),
        ];
        let pairs: Vec<(u32, u32)> =
            overlaps(&observed).into_iter().map(|(earlier, later)| (earlier.0, later.0)).collect();
        // The last lies over 4 and 5; the highest of them is named.
        assert_eq!(pairs, [(0, 2), (5, 6)]);
    }

    #[test]
    fn misaligned_and_descending_allocations_are_found() {
        use TraceSegment::{Invisible, Local, System};
        let observed = [
            seen(Local, Some(64 * K), 4 * K, 0, None),
            seen(Local, Some(68 * K), 8 * K, 1, None),
            seen(Invisible, Some(0), 4 * K, 2, None),
            seen(Local, Some(0), 4 * K, 3, None),
            seen(System, Some(1), 4 * K, 4, None),
            seen(Local, Some(128 * K), 4 * K, 5, None),
            seen(Local, Some(128 * K), 4 * K, 6, None),
        ];
        assert_eq!(misaligned(&observed, 64 * K), [AllocationId(1)]);
        let breaks: Vec<(u32, u32)> =
            order_breaks(&observed).into_iter().map(|(one, other)| (one.0, other.0)).collect();
        assert_eq!(breaks, [(0, 3), (5, 6)]);
    }

    #[test]
    fn agreement_counts_segments_offsets_and_steps() {
        use TraceSegment::{Local, System};
        let observed = [
            seen(Local, Some(100 * K), 4 * K, 0, None),
            seen(Local, Some(104 * K), 4 * K, 1, None),
            seen(System, None, 4 * K, 2, None),
            seen(Local, Some(96 * K), 4 * K, 3, None),
            seen(Local, Some(200 * K), 4 * K, 4, None),
            seen(Local, Some(204 * K), 4 * K, 5, None),
        ];
        let ours = [
            chosen(0, 1, 0),
            chosen(1, 1, 4 * K),
            chosen(1, 2, 0),
            chosen(2, 3, 77),
            // Observed 8 KiB down; ours 4 KiB up.
            chosen(3, 1, 8 * K),
            // In another segment: neither its step nor the next can agree.
            chosen(4, 2, 200 * K),
            chosen(5, 1, 204 * K),
            chosen(99, 1, 0),
        ];
        let expected = Agreement {
            segment: Tally { agree: 5, total: 6 },
            offset: Tally { agree: 1, total: 5 },
            step: Tally { agree: 1, total: 4 },
        };
        assert_eq!(compare(&observed, &ours), expected);
        assert_eq!(compare(&[], &ours), Agreement::default());
    }
}
