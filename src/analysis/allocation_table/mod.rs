//! The table of allocations: which ones it lists and in which order, what each row says, and what
//! all of them come to.
//!
//! A session may hold a million allocations. What is made for all of them is one list of ids, slice
//! by slice when the filter or the order changes, and then kept up from step to step; texts are made
//! for the rows in sight.

mod export;
mod filter;
mod listing;
mod row;
#[cfg(test)]
mod tests;

pub use export::COLUMNS as EXPORT_COLUMNS;
pub use filter::Filter;
pub use listing::{Listing, Rows, Totals, list};
pub use row::{AllocationRow, ByteVerdict, Content, row};

use crate::base::SegmentId;
use crate::ddi::{Preference, PreferredSegments};
use crate::machine::{Command, Run};
use crate::vidmm::Allocation;

use self::listing::ABSENT;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// Its name, after the colour of its process.
    Name,
    /// Process and device.
    Owner,
    /// Where its bytes are.
    State,
    /// Who holds it, and what its owner has promised about it.
    Held,
    /// The segment in which it lies.
    Segment,
    /// Banks hinted and actual.
    Banks,
    /// First and last address.
    Address,
    /// Bytes.
    Size,
    /// Who leaves first.
    Priority,
    /// Where the driver wants it.
    Preferred,
    /// Clean, dirty or without content.
    Content,
    /// The step of the last reference.
    Reference,
    /// Flags by name.
    Flags,
}

impl Column {
    /// All of them, from the left.
    pub const ALL: [Self; 13] = [
        Self::Name,
        Self::Owner,
        Self::State,
        Self::Held,
        Self::Segment,
        Self::Banks,
        Self::Address,
        Self::Size,
        Self::Priority,
        Self::Preferred,
        Self::Content,
        Self::Reference,
        Self::Flags,
    ];

    /// The title above it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Name => "Allocation",
            Self::Owner => "Process, device",
            Self::State => "State",
            Self::Held => "Held",
            Self::Banks => "Bank",
            Self::Segment => "Segment",
            Self::Address => "Address",
            Self::Size => "Size",
            Self::Priority => "Priority",
            Self::Preferred => "Preferred",
            Self::Content => "Content",
            Self::Reference => "Last use",
            Self::Flags => "Flags",
        }
    }

    /// What it means.
    #[must_use]
    pub const fn definition(self) -> &'static str {
        match self {
            Self::Name => {
                "What the session calls it, after the colour of its process. A lock marks what is \
                 pinned: nothing but a purge moves it."
            }
            Self::Owner => "The process that owns it, and the device that created it.",
            Self::State => {
                "Resident: it lies in a segment, where the GPU can reach it. In system memory: \
                 not resident, its bytes are in its backing store. Without pages: it has left \
                 without content, so that nothing was kept. Never resident: it was created and \
                 no submission has needed it yet."
            }
            Self::Held => {
                "Displayed: shown on the screen and pinned. Locked: the CPU holds so many locks. \
                 Offered: its owner does not need the content for now, so that it leaves before the rest. \
                 Discarded: the content was dropped meanwhile. Shared: other devices may open it."
            }
            Self::Banks => {
                "The banks in which it lies, after those that the driver hinted, most wanted \
                 first. A hint that cannot be followed is dropped: a diamond says so."
            }
            Self::Segment => {
                "The segment in which it is resident. Placing it there charges the commit of the \
                 segment."
            }
            Self::Address => {
                "Its first and last byte: base address of the segment plus offset, as the DDI \
                 writes it. The filter finds every address in between."
            }
            Self::Size => {
                "Bytes in whole pages: taken in a segment while it is resident, and promised of \
                 system memory (committed) from its creation on."
            }
            Self::Priority => {
                "Who leaves first: a lower value before a higher one. From MAXIMUM on, an \
                 allocation leaves only when nothing else is left to leave."
            }
            Self::Preferred => {
                "The segment that the driver wants most: a hint. A check mark says that it lies \
                 there, a diamond that it lies in another one."
            }
            Self::Content => {
                "Clean: the backing store, where kept, holds the same bytes. Dirty: written since \
                 it was paged in, so that leaving means copying. None: never written or filled. \
                 The mark says whether every byte is what it must be."
            }
            Self::Reference => {
                "The step in which it was last paged in or named by a submission: what LRU and \
                 MRU compare."
            }
            Self::Flags => "The flags of DXGK_ALLOCATIONINFO by name; the word is on hover.",
        }
    }
}

/// Which of the columns that only some sessions need are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// [`Column::Held`]: something is locked, offered, displayed or shared in the session.
    pub held: bool,
    /// [`Column::Banks`]: a segment has banks.
    pub banks: bool,
}

impl Shown {
    /// What a session needs. Looks through its commands.
    #[must_use]
    pub fn of(run: &Run) -> Self {
        let held = |command: &Command| match command {
            Command::Lock(..) | Command::Offer(..) | Command::Display(_) => true,
            Command::CreateAllocation(create) => create.shared,
            _ => false,
        };
        let segments = run.machine().started().map(|started| &started.vidmm().adapter().segments);
        Self {
            held: run.commands().iter().any(held),
            banks: segments.is_ok_and(|all| all.iter().any(|it| !it.banks.is_empty())),
        }
    }

    /// Whether a column is shown.
    #[must_use]
    pub const fn has(self, column: Column) -> bool {
        match column {
            Column::Held => self.held,
            Column::Banks => self.banks,
            _ => true,
        }
    }
}

/// Where the bytes of an allocation are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// In a segment.
    Resident,
    /// In its backing store only.
    InSystemMemory,
    /// It has left without content: nothing was kept.
    WithoutPages,
    /// No submission has needed it yet.
    NeverResident,
}

impl State {
    /// All of them, the closest to the GPU first.
    pub const ALL: [Self; 4] =
        [Self::Resident, Self::InSystemMemory, Self::WithoutPages, Self::NeverResident];

    /// The state of an allocation.
    #[must_use]
    pub fn of(allocation: &Allocation) -> Self {
        if allocation.placement().is_some() {
            Self::Resident
        } else if allocation.backing().is_some() {
            Self::InSystemMemory
        } else if allocation.last_reference() == 0 {
            Self::NeverResident
        } else {
            Self::WithoutPages
        }
    }

    /// In a word or two.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Resident => "Resident",
            Self::InSystemMemory => "System memory",
            Self::WithoutPages => "Without pages",
            Self::NeverResident => "Never resident",
        }
    }
}

/// How the place of an allocation stands to what its driver prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Preferred {
    /// It lies in the segment preferred most.
    First,
    /// It lies in the segment of a later slot, counted from 2.
    Later(u8),
    /// It lies in a segment that is not among those preferred.
    Elsewhere,
    /// The driver prefers none.
    NoPreference,
    /// It lies in no segment.
    NotResident,
}

impl Preferred {
    /// Of an allocation.
    #[must_use]
    pub fn of(allocation: &Allocation) -> Self {
        Self::at(allocation.info().preferred, allocation.placement().map(|place| place.segment))
    }

    fn at(preferred: PreferredSegments, segment: Option<SegmentId>) -> Self {
        let Some(segment) = segment else { return Self::NotResident };
        let mut slots = (1..).zip(preferred.iter()).peekable();
        if slots.peek().is_none() {
            return Self::NoPreference;
        }
        match slots.find(|(_, wanted): &(u8, Preference)| wanted.segment == segment) {
            Some((1, _)) => Self::First,
            Some((slot, _)) => Self::Later(slot),
            None => Self::Elsewhere,
        }
    }

    fn order(self) -> u64 {
        match self {
            Self::First => 1,
            Self::Later(slot) => u64::from(slot),
            Self::Elsewhere => 10,
            Self::NoPreference => 11,
            Self::NotResident => ABSENT,
        }
    }
}

/// The order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// What is compared; equal ones stay in the order of creation.
    pub column: Column,
    /// The greatest first. What a column does not apply to is last either way.
    pub descending: bool,
}
