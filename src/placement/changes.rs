//! What lately changed in a space, so that whoever remembers something about it need not look at
//! all of it again.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::Span;

/// Changes remembered; what is older than that is forgotten.
const REMEMBERED: u64 = 256;

/// The number of the next space.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A state of one space: equal marks mean that nothing was inserted or removed between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    space: u64,
    count: u64,
}

/// The ranges that changed last.
#[derive(Debug)]
pub(super) struct Changes {
    space: u64,
    count: u64,
    /// A ring: change `n` is at `n % REMEMBERED`.
    spans: Vec<Span>,
}

impl Changes {
    pub(super) fn new() -> Self {
        Self { space: NEXT.fetch_add(1, Ordering::Relaxed), count: 0, spans: Vec::new() }
    }

    /// A block came to or left `span`.
    pub(super) fn note(&mut self, span: Span) {
        if self.count < REMEMBERED {
            self.spans.push(span);
        } else if let Some(oldest) = self.spans.get_mut(slot(self.count)) {
            *oldest = span;
        }
        self.count += 1;
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { space: self.space, count: self.count }
    }

    /// Where blocks came or left since; `None` when the mark is another space's or too old.
    pub(super) fn since(&self, mark: Mark) -> Option<impl Iterator<Item = Span> + '_> {
        let new = self.count.checked_sub(mark.count)?;
        if mark.space != self.space || new > REMEMBERED {
            return None;
        }
        Some((mark.count..self.count).filter_map(|count| self.spans.get(slot(count)).copied()))
    }
}

/// A copy goes its own way, so that it is another space.
impl Clone for Changes {
    fn clone(&self) -> Self {
        Self::new()
    }
}

/// Where change `count` is kept.
fn slot(count: u64) -> usize {
    usize::try_from(count % REMEMBERED).unwrap_or(0)
}
