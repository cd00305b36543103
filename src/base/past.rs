//! What a journal keeps of what lies behind: stretches, and nets of many of them.

use super::journal::{Change, index};

/// Changes that were sealed together.
#[derive(Clone, Debug)]
struct Stretch<C> {
    /// The position behind the last of them.
    end: u64,
    /// What they come to.
    net: Box<[C]>,
    /// All of them, while somebody looks inside.
    all: Option<Vec<C>>,
}

/// Levels of leaps.
const LEVELS: usize = 2;

/// Sealed stretches, each of which begins where the one before ends.
///
/// The nets of many together are kept besides, level by level: whoever goes far passes those. The
/// shortest leap pays when as many stretches touch much of the same, and the longest when all that is
/// ever touched has been.
#[derive(Clone, Debug)]
pub(super) struct Past<C> {
    /// The position before which nothing can be gone to.
    begin: u64,
    stretches: Vec<Stretch<C>>,
    /// By level, the nets of as many stretches as `sizes` says.
    leaps: [Vec<Box<[C]>>; LEVELS],
    sizes: [usize; LEVELS],
}

/// Changes in order, and the position to which they lead.
type Way<'a, C> = (&'a [C], u64);

impl<C> Past<C> {
    pub(super) const fn new() -> Self {
        let leaps = [const { Vec::new() }; LEVELS];
        Self { begin: 0, stretches: Vec::new(), leaps, sizes: [256, 4096] }
    }

    /// Chooses how far leaps lead.
    pub(super) fn leap(&mut self, first: usize, factor: usize) {
        let mut size = first.max(2);
        for known in &mut self.sizes {
            *known = size;
            size = size.saturating_mul(factor.max(2));
        }
    }

    pub(super) const fn begin(&self) -> u64 {
        self.begin
    }

    /// The position at which the changes begin that are not sealed.
    pub(super) fn end(&self) -> u64 {
        self.stretches.last().map_or(self.begin, |last| last.end)
    }

    /// Where a stretch begins and ends.
    pub(super) fn ends_of(&self, stretch: usize) -> Option<(u64, u64)> {
        Some((self.start_of(stretch), self.stretches.get(stretch)?.end))
    }

    fn start_of(&self, stretch: usize) -> u64 {
        let before = stretch.checked_sub(1).and_then(|before| self.stretches.get(before));
        before.map_or(self.begin, |before| before.end)
    }

    /// Drops everything; nobody goes back to before a position.
    pub(super) fn forget(&mut self, begin: u64) {
        self.begin = begin;
        self.stretches.clear();
        self.leaps.iter_mut().for_each(Vec::clear);
    }

    /// Keeps all changes of a stretch, or none.
    pub(super) fn set_all(&mut self, stretch: usize, all: Option<Vec<C>>) {
        if let Some(stretch) = self.stretches.get_mut(stretch) {
            stretch.all = all;
        }
    }

    /// The way back from `at` as far as one net or one stretch leads, at most to `to`; `None` where
    /// nothing before `at` is sealed.
    pub(super) fn back(&self, at: u64, to: u64) -> Option<Way<'_, C>> {
        let number = self.stretches.partition_point(|stretch| stretch.end < at);
        let (stretch, start) = (self.stretches.get(number)?, self.start_of(number));
        if at == stretch.end && to <= start {
            let leap = (0..LEVELS).rev().find_map(|level| {
                let first = (number + 1).checked_sub(self.sizes[level])?;
                let start = self.start_of(first);
                let leap = self.leaps[level].get(first / self.sizes[level])?;
                let leads = first.is_multiple_of(self.sizes[level]) && start >= to;
                leads.then_some((&**leap, start))
            });
            return Some(leap.unwrap_or((&stretch.net, start)));
        }
        let target = to.max(start);
        Some((&stretch.inside()[index(target - start)..index(at - start)], target))
    }

    /// The way on from `at`, at most to `to`; `None` where nothing behind `at` is sealed.
    pub(super) fn on(&self, at: u64, to: u64) -> Option<Way<'_, C>> {
        let number = self.stretches.partition_point(|stretch| stretch.end <= at);
        let (stretch, start) = (self.stretches.get(number)?, self.start_of(number));
        if at == start && stretch.end <= to {
            let leap = (0..LEVELS).rev().find_map(|level| {
                let leap = self.leaps[level].get(number / self.sizes[level])?;
                let end = self.stretches.get(number + self.sizes[level] - 1)?.end;
                let leads = number.is_multiple_of(self.sizes[level]) && end <= to;
                leads.then_some((&**leap, end))
            });
            return Some(leap.unwrap_or((&stretch.net, stretch.end)));
        }
        let target = to.min(stretch.end);
        Some((&stretch.inside()[index(at - start)..index(target - start)], target))
    }
}

impl<C> Past<C> {
    /// Changes that lead from one sealed position to a later one: all of a stretch of which only a
    /// part lies between, the net of others. `None` where that is not kept.
    pub(super) fn between(&self, from: u64, to: u64) -> Option<Vec<&[C]>> {
        let first = self.stretches.partition_point(|stretch| stretch.end <= from);
        let mut parts = Vec::new();
        for (number, stretch) in self.stretches.iter().enumerate().skip(first) {
            let start = self.start_of(number);
            if start >= to {
                break;
            }
            parts.push(if from <= start && stretch.end <= to {
                &*stretch.net
            } else {
                let all = stretch.all.as_deref()?;
                let (begin, end) = (from.max(start), to.min(stretch.end));
                &all[index(begin - start)..index(end - start)]
            });
        }
        (from >= self.begin).then_some(parts)
    }
}

impl<C: Change> Past<C> {
    /// Seals changes that end at a position, at which the state is as given.
    pub(super) fn seal(&mut self, end: u64, net: Box<[C]>, all: Option<Vec<C>>, state: &C::State) {
        self.stretches.push(Stretch { end, net, all });
        for level in 0..LEVELS {
            let (size, count) = (self.sizes[level], self.stretches.len());
            if !count.is_multiple_of(size) {
                break;
            }
            let below: Vec<&[C]> = match level.checked_sub(1) {
                None => self.stretches[count - size..].iter().map(|one| &*one.net).collect(),
                Some(below) => {
                    let leaps = &self.leaps[below];
                    let first = leaps.len() - size / self.sizes[below];
                    leaps[first..].iter().map(|leap| &**leap).collect()
                }
            };
            let changes: Vec<C> =
                below.iter().flat_map(|changes| changes.iter().cloned()).collect();
            self.leaps[level].push(C::net(&changes, state).into_boxed_slice());
        }
    }
}

impl<C> Stretch<C> {
    fn inside(&self) -> &[C] {
        self.all.as_deref().expect("whoever goes into a sealed stretch has had its changes adopted")
    }
}
