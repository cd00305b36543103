//! Bytes as a source of choices, so that a fuzzer steers what cases are made of. Where the bytes end,
//! every choice is the first.

/// What is left of the bytes.
pub(crate) struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    pub(crate) fn two(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    pub(crate) fn bool(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// A number below `bound`, which is at most 65,536.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let raw = if bound <= 256 { u64::from(self.byte()) } else { u64::from(self.two()) };
        raw % bound.max(1)
    }

    pub(crate) fn within(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    pub(crate) fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap_or(0)
    }

    pub(crate) fn small(&mut self, bound: u8) -> u8 {
        self.byte() % bound
    }

    /// True once in so many times.
    pub(crate) fn seldom(&mut self, times: u8) -> bool {
        self.byte() % times == times - 1
    }

    /// Something once in so many times.
    pub(crate) fn seldom_some<T>(
        &mut self,
        times: u8,
        make: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        self.seldom(times).then(|| make(self))
    }

    /// As many things as a choice between the two numbers says.
    pub(crate) fn list<T>(
        &mut self,
        fewest: usize,
        most: usize,
        mut make: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        let count = fewest + self.index(most - fewest + 1);
        (0..count).map(|_| make(self)).collect()
    }

    /// Things until the bytes end, or there are so many; one at least.
    pub(crate) fn until_end<T>(
        &mut self,
        most: usize,
        mut make: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        let mut made = vec![make(self)];
        while made.len() < most && !self.is_empty() {
            made.push(make(self));
        }
        made
    }

    /// Which of several kinds, by their weights.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u32 = weights.iter().sum();
        let mut at = u32::from(self.byte()) % total.max(1);
        for (index, weight) in weights.iter().enumerate() {
            if at < *weight {
                return index;
            }
            at -= weight;
        }
        0
    }
}
