//! Sums over the extents of a segment, so that a million blocks cost a lane no more than its
//! columns.
//!
//! The segment is cut into leaves of one length, which pairs of larger parts stand above. An extent
//! counts where it starts. After a change only the leaves that it concerns are looked at again, and
//! what stands above them.

use crate::base::{ProcessId, Span};
use crate::vidmm::{ExtentOwner, SegmentUse};

/// Extents for which sums are worth their room: fewer are looked at one by one in no time.
pub const SUMS_FROM: usize = 2_048;
/// Extents in a leaf, when the sums are made and the extents lie evenly.
const IN_A_LEAF: usize = 8;
/// Leaves at most.
const MOST_LEAVES: usize = 1 << 18;

/// Extents that start in one part of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtentGroup {
    /// How many.
    pub count: u64,
    /// Their bytes together.
    pub used: u64,
    /// Where the first of them starts, from the start of the segment.
    pub first: u64,
    /// Where the last of them ends.
    pub end: u64,
    /// Their bytes by process, in the order in which the processes first come.
    pub owners: Vec<(Option<ProcessId>, u64)>,
}

impl ExtentGroup {
    fn add(&mut self, span: Span, process: Option<ProcessId>) {
        if self.count == 0 {
            self.first = span.start();
        }
        self.end = span.end();
        self.count += 1;
        self.used = self.used.saturating_add(span.len());
        self.add_bytes(process, span.len());
    }

    fn add_bytes(&mut self, process: Option<ProcessId>, bytes: u64) {
        match self.owners.iter_mut().find(|(known, _)| *known == process) {
            Some((_, sum)) => *sum = sum.saturating_add(bytes),
            None => self.owners.push((process, bytes)),
        }
    }

    /// Two neighbours in the room of `self`.
    fn join(&mut self, left: &Self, right: &Self) {
        self.count = left.count + right.count;
        self.used = left.used.saturating_add(right.used);
        self.first = if left.count > 0 { left.first } else { right.first };
        self.end = if right.count > 0 { right.end } else { left.end };
        self.owners.clone_from(&left.owners);
        for (process, bytes) in &right.owners {
            self.add_bytes(*process, *bytes);
        }
    }
}

/// What a visitor is shown of a range, in address order.
#[derive(Debug)]
pub enum Visit<'a> {
    /// Several extents; the answer says whether they are taken together. Else their parts follow.
    Group(&'a ExtentGroup),
    /// The extents that start in this part are to be looked at one by one; the answer is not heard.
    Extents(Span),
}

/// Sums over the extents of a segment in one state.
#[derive(Clone, Debug)]
pub struct ExtentSums {
    /// Positions of the segment.
    len: u64,
    /// Positions of a leaf.
    leaf: u64,
    /// How many leaves there are: a power of two.
    leaves: usize,
    /// The root is 1; below node n are 2 n and 2 n + 1; the leaves come last.
    nodes: Vec<ExtentGroup>,
    /// Leaves to be looked at again.
    stale: Vec<usize>,
}

impl ExtentSums {
    /// The sums of a segment. Looks at every extent.
    #[must_use]
    pub fn new(
        segment: &SegmentUse,
        process_of: &impl Fn(ExtentOwner) -> Option<ProcessId>,
    ) -> Self {
        let leaves = segment.space().block_count() / IN_A_LEAF;
        Self::with_leaves(segment, leaves.next_power_of_two().min(MOST_LEAVES), process_of)
    }

    fn with_leaves(
        segment: &SegmentUse,
        leaves: usize,
        process_of: &impl Fn(ExtentOwner) -> Option<ProcessId>,
    ) -> Self {
        let len = segment.space().len();
        let leaf = len.div_ceil(leaves as u64).max(1);
        let nodes = vec![ExtentGroup::default(); 2 * leaves];
        let mut sums = Self { len, leaf, leaves, nodes, stale: Vec::new() };
        for (span, owner) in segment.extents(Span::whole(len)) {
            let at = leaves + sums.leaf_of(span.start());
            sums.nodes[at].add(span, process_of(owner));
        }
        for at in (1..leaves).rev() {
            sums.join(at);
        }
        sums
    }

    /// All extents together.
    #[must_use]
    pub fn whole(&self) -> &ExtentGroup {
        &self.nodes[1]
    }

    /// Whether the segment has changed so much since that other leaves would do better.
    #[must_use]
    pub fn is_outgrown(&self, segment: &SegmentUse) -> bool {
        let blocks = segment.space().block_count();
        let even = blocks / (4 * IN_A_LEAF);
        segment.space().len() != self.len || (even > self.leaves && self.leaves < MOST_LEAVES)
    }

    fn leaf_of(&self, position: u64) -> usize {
        usize::try_from(position / self.leaf).map_or(self.leaves - 1, |at| at.min(self.leaves - 1))
    }

    /// The positions of a leaf.
    fn span_of(&self, leaf: usize) -> Span {
        let start = (leaf as u64).saturating_mul(self.leaf).min(self.len);
        Span::new(start, start.saturating_add(self.leaf).min(self.len)).unwrap_or_default()
    }

    fn join(&mut self, at: usize) {
        let mut node = std::mem::take(&mut self.nodes[at]);
        node.join(&self.nodes[2 * at], &self.nodes[2 * at + 1]);
        self.nodes[at] = node;
    }

    /// Says that an extent came or went that starts where `span` does.
    pub fn touch(&mut self, span: Span) {
        self.stale.push(self.leaf_of(span.start()));
    }

    /// Looks again at what was touched.
    pub fn refresh(
        &mut self,
        segment: &SegmentUse,
        process_of: &impl Fn(ExtentOwner) -> Option<ProcessId>,
    ) {
        let mut stale = std::mem::take(&mut self.stale);
        stale.sort_unstable();
        stale.dedup();
        for leaf in &stale {
            let window = self.span_of(*leaf);
            let node = &mut self.nodes[self.leaves + leaf];
            let owners = std::mem::take(&mut node.owners);
            *node = ExtentGroup { owners, ..ExtentGroup::default() };
            node.owners.clear();
            if window.is_empty() {
                continue;
            }
            for (span, owner) in segment.extents(window) {
                if span.start() >= window.start() {
                    node.add(span, process_of(owner));
                }
            }
        }
        // A level at a time, so that what several stand under is put together once.
        let mut level: Vec<usize> = stale.iter().map(|leaf| self.leaves + leaf).collect();
        while level.first().is_some_and(|at| *at > 1) {
            for at in &mut level {
                *at /= 2;
            }
            level.dedup();
            for at in &level {
                self.join(*at);
            }
        }
        stale.clear();
        self.stale = stale;
    }

    /// Shows what touches `range`: groups as large as `visitor` takes them.
    pub fn visit(&self, range: Span, visitor: &mut impl FnMut(Visit<'_>) -> bool) {
        self.visit_node(1, range, visitor);
    }

    fn visit_node(&self, at: usize, range: Span, visitor: &mut impl FnMut(Visit<'_>) -> bool) {
        let Some(node) = self.nodes.get(at) else { return };
        if node.count == 0 || node.first >= range.end() || node.end <= range.start() {
            return;
        }
        if node.count > 1 && visitor(Visit::Group(node)) {
            return;
        }
        if at >= self.leaves {
            visitor(Visit::Extents(self.span_of(at - self.leaves)));
        } else {
            self.visit_node(2 * at, range, visitor);
            self.visit_node(2 * at + 1, range, visitor);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analysis::coverage::Scale;
    use crate::analysis::lanes::{LaneItem, Merged, WHOLE_BELOW, lane_items};
    use crate::base::{AllocationId, SplitMix};
    use crate::placement::Space;

    const LEN: u64 = 10_000;

    fn process_of(owner: ExtentOwner) -> Option<ProcessId> {
        let ExtentOwner::Allocation(id) = owner else { return None };
        Some(ProcessId(id.0 % 3))
    }

    /// Inserts and removes blocks at random, and tells of each.
    fn stir(random: &mut SplitMix, used: &mut SegmentUse, mut told: impl FnMut(Span)) {
        for _ in 0..40 {
            let start = random.below(LEN);
            if let Some((span, _)) = used.space.block_at(start) {
                used.space.remove(span.start());
                told(span);
            } else {
                let longest = if random.below(8) == 0 { 900 } else { 12 };
                let len = (1 + random.below(longest)).min(LEN - start);
                let span = Span::at(start, len).expect("inside");
                let number = u32::try_from(random.below(100)).expect("small");
                let owner = match random.below(9) {
                    0 => ExtentOwner::PagingBuffer(number),
                    _ => ExtentOwner::Allocation(AllocationId(number)),
                };
                if used.space.insert(span, owner.token()).is_ok() {
                    told(span);
                }
            }
        }
    }

    /// The same items, but for what lies as good as in another column.
    fn assert_alike(found: &[LaneItem], naive: &[LaneItem], what: &str) {
        assert_eq!(found.len(), naive.len(), "{what}");
        for (found, naive) in found.iter().zip(naive) {
            let (LaneItem::Merged(found), LaneItem::Merged(naive)) = (found, naive) else {
                assert_eq!(found, naive, "{what}");
                continue;
            };
            let plain = |it: &Merged| (it.span, it.count, it.used);
            assert_eq!(plain(found), plain(naive), "{what}");
            let (mut shares, mut all) = (BTreeMap::new(), 0.0);
            for (merged, sign) in [(found, 1.0), (naive, -1.0)] {
                for (column, held) in (merged.x0..).zip(&merged.columns) {
                    for part in &held.parts {
                        *shares.entry((column, part.class)).or_insert(0.0) +=
                            sign * f64::from(part.share);
                        all += sign * f64::from(part.share);
                    }
                }
            }
            // At each end of a column something may have gone to a neighbour.
            let most = 2.0 * WHOLE_BELOW + 1e-3;
            let off = shares.values().find(|off: &&f64| off.abs() > most);
            assert_eq!(off, None, "{what}");
            assert!(all.abs() < 1e-2 + most, "{what}: {all} in all");
        }
    }

    #[test]
    fn lanes_made_of_sums_are_those_made_of_extents() {
        for seed in 0..60 {
            let mut random = SplitMix::new(seed);
            let mut used = SegmentUse::for_tests(Space::new(LEN));
            stir(&mut random, &mut used, |_| ());
            let leaves = 1 << random.below(9);
            let mut sums = ExtentSums::with_leaves(&used, leaves, &process_of);
            for round in 0..6 {
                for _ in 0..8 {
                    let start = random.below(LEN - 1);
                    let len = 1 + random.below(LEN - start);
                    let range = if random.below(3) == 0 {
                        Span::whole(LEN)
                    } else {
                        Span::at(start, len).expect("inside")
                    };
                    let columns = 1 + u32::try_from(random.below(300)).expect("small");
                    let scale = Scale::new(range, columns).expect("neither is empty");
                    let naive = lane_items(&used, scale, None, process_of);
                    let found = lane_items(&used, scale, Some(&sums), process_of);
                    let what = format!("seed {seed}, round {round}, {range} in {columns} columns");
                    assert_alike(&found, &naive, &what);
                }
                stir(&mut random, &mut used, |span| sums.touch(span));
                sums.refresh(&used, &process_of);
                let anew = ExtentSums::with_leaves(&used, leaves, &process_of);
                assert_eq!(sums.whole(), anew.whole(), "seed {seed}");
                let busy = |sums: &ExtentSums| {
                    let nodes = sums.nodes.iter().skip(1).filter(|node| node.count > 0);
                    nodes.cloned().collect::<Vec<_>>()
                };
                assert_eq!(busy(&sums), busy(&anew), "seed {seed}");
            }
        }
    }

    #[test]
    fn three_blocks_are_summed_by_hand() {
        let mut used = SegmentUse::for_tests(Space::new(LEN));
        for (start, len, id) in [(0, 10, 0), (10, 20, 1), (5_000, 30, 3)] {
            let owner = ExtentOwner::Allocation(AllocationId(id)).token();
            used.space.insert(Span::at(start, len).expect("inside"), owner).expect("free");
        }
        let sums = ExtentSums::with_leaves(&used, 4, &process_of);
        let whole = sums.whole();
        assert_eq!((whole.count, whole.used, whole.first, whole.end), (3, 60, 0, 5_030));
        assert_eq!(whole.owners, [(Some(ProcessId(0)), 40), (Some(ProcessId(1)), 20)]);
    }
}
