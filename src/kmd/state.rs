//! What the driver remembers, and what changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::{Change, FenceId, StableHasher, StateHash};
use crate::ddi::{AllocationHandle, RowLayout};

/// What the driver remembers of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Existing {
    /// Bytes that command buffers may name: those of its rows, where it has any.
    pub(super) content: u64,
    /// How its rows lie.
    pub(super) rows: Option<RowLayout>,
}

/// What the driver is at a moment.
#[derive(Clone, Debug, Default)]
pub(super) struct DriverState {
    /// Allocations that exist.
    allocations: BTreeMap<AllocationHandle, Existing>,
    /// Handles given so far; a handle is never given twice.
    given: u32,
    /// Times that the device lost power.
    losses: u64,
    /// Allocations named in packets that were built but not submitted yet.
    named: Arc<BTreeSet<AllocationHandle>>,
    /// Allocations named by submissions of users that have not ended.
    pending: BTreeMap<FenceId, Arc<BTreeSet<AllocationHandle>>>,
    hash: StateHash,
}

/// One reversible change of the driver.
#[derive(Clone, Debug)]
pub(super) enum DriverChange {
    /// The next handle was given to an allocation.
    Created(Existing),
    /// An allocation went away.
    Destroyed { allocation: AllocationHandle, existing: Existing },
    /// Packets that name an allocation were built.
    Named(AllocationHandle),
    /// What was built was submitted under a fence.
    Submitted { fence: FenceId, named: Arc<BTreeSet<AllocationHandle>> },
    /// The memory of the device lost its power.
    LostPower,
    /// A fence was signalled, or its submission dropped or taken back.
    Signalled { fence: FenceId, named: Arc<BTreeSet<AllocationHandle>> },
}

impl DriverState {
    pub(super) const fn next_handle(&self) -> Option<AllocationHandle> {
        match self.given.checked_add(1) {
            Some(next) => Some(AllocationHandle(next)),
            None => None,
        }
    }

    pub(super) fn existing(&self, allocation: AllocationHandle) -> Option<Existing> {
        self.allocations.get(&allocation).copied()
    }

    pub(super) fn rows(&self, allocation: AllocationHandle) -> Option<RowLayout> {
        self.existing(allocation)?.rows
    }

    pub(super) const fn named(&self) -> &Arc<BTreeSet<AllocationHandle>> {
        &self.named
    }

    pub(super) fn pending(&self, fence: FenceId) -> Option<&Arc<BTreeSet<AllocationHandle>>> {
        self.pending.get(&fence)
    }

    /// Times that the device lost power.
    pub(super) const fn losses(&self) -> u64 {
        self.losses
    }

    /// Fences of submissions of users that have not ended.
    pub(super) fn pending_fences(&self) -> impl Iterator<Item = FenceId> + '_ {
        self.pending.keys().copied()
    }

    /// Whether a submission that has not ended names the allocation.
    pub(super) fn is_busy(&self, allocation: AllocationHandle) -> bool {
        self.pending.values().any(|named| named.contains(&allocation))
    }

    pub(super) fn hash(&self) -> StateHash {
        let hasher = StableHasher::new(0xD121).number(self.given.into());
        // A device that never lost power hashes as it did before losses were counted.
        let hasher = if self.losses > 0 { hasher.number(self.losses) } else { hasher };
        self.hash.with(hasher.finish())
    }

    fn part(list: u64, key: u64, allocation: AllocationHandle) -> StateHash {
        StableHasher::new(0xD122).number(list).number(key).number(allocation.0.into()).finish()
    }

    fn parts(list: u64, key: u64, allocations: &BTreeSet<AllocationHandle>) -> StateHash {
        let parts = allocations.iter().map(|allocation| Self::part(list, key, *allocation));
        parts.fold(StateHash::default(), StateHash::with)
    }

    fn existing_part(allocation: AllocationHandle, existing: Existing) -> StateHash {
        let Existing { content, rows } = existing;
        let part = Self::part(1, content, allocation);
        let Some(RowLayout { pitch, aligned_pitch, rows }) = rows else { return part };
        let hasher = StableHasher::new(0xD123).number(part.0).number(pitch.into());
        hasher.number(aligned_pitch.into()).number(rows.into()).finish()
    }

    fn insert(&mut self, allocation: AllocationHandle, existing: Existing) {
        self.allocations.insert(allocation, existing);
        self.hash = self.hash.with(Self::existing_part(allocation, existing));
    }

    fn remove(&mut self, allocation: AllocationHandle) {
        if let Some(existing) = self.allocations.remove(&allocation) {
            self.hash = self.hash.without(Self::existing_part(allocation, existing));
        }
    }

    fn set_naming(&mut self, allocation: AllocationHandle, named: bool) {
        let part = Self::part(2, 0, allocation);
        if named && Arc::make_mut(&mut self.named).insert(allocation) {
            self.hash = self.hash.with(part);
        } else if !named && Arc::make_mut(&mut self.named).remove(&allocation) {
            self.hash = self.hash.without(part);
        }
    }

    fn set_named(&mut self, named: Arc<BTreeSet<AllocationHandle>>) {
        self.hash = self.hash.without(Self::parts(2, 0, &self.named));
        self.hash = self.hash.with(Self::parts(2, 0, &named));
        self.named = named;
    }

    fn set_pending(&mut self, fence: FenceId, named: Option<Arc<BTreeSet<AllocationHandle>>>) {
        let before = match named {
            Some(named) => {
                self.hash = self.hash.with(Self::parts(3, fence.0, &named));
                self.pending.insert(fence, named)
            }
            None => self.pending.remove(&fence),
        };
        if let Some(before) = before {
            self.hash = self.hash.without(Self::parts(3, fence.0, &before));
        }
    }
}

impl Change for DriverChange {
    type State = DriverState;

    fn redo(&self, state: &mut DriverState) {
        match self {
            Self::Created(existing) => {
                if let Some(handle) = state.next_handle() {
                    state.given = handle.0;
                    state.insert(handle, *existing);
                }
            }
            Self::Destroyed { allocation, .. } => state.remove(*allocation),
            Self::Named(handle) => state.set_naming(*handle, true),
            Self::Submitted { fence, named } => {
                state.set_named(Arc::default());
                state.set_pending(*fence, Some(named.clone()));
            }
            Self::Signalled { fence, .. } => state.set_pending(*fence, None),
            Self::LostPower => state.losses += 1,
        }
    }

    fn undo(&self, state: &mut DriverState) {
        match self {
            Self::Created(_) => {
                state.remove(AllocationHandle(state.given));
                state.given -= 1;
            }
            Self::Destroyed { allocation, existing } => state.insert(*allocation, *existing),
            Self::Named(handle) => state.set_naming(*handle, false),
            Self::Submitted { fence, named } => {
                state.set_pending(*fence, None);
                state.set_named(named.clone());
            }
            Self::Signalled { fence, named } => state.set_pending(*fence, Some(named.clone())),
            Self::LostPower => state.losses -= 1,
        }
    }

    fn net(changes: &[Self], state: &DriverState) -> Vec<Self> {
        let is_work = |change: &&Self| {
            matches!(change, Self::Named(_) | Self::Submitted { .. } | Self::Signalled { .. })
        };
        let leaves_nothing = left_nothing(changes.iter().filter(is_work), state);
        let kept = changes.iter().filter(|change| !leaves_nothing || !is_work(change));
        kept.cloned().collect()
    }
}

/// Whether work came and went: nothing was named or pending before, nor is now.
fn left_nothing<'a>(changes: impl Iterator<Item = &'a DriverChange>, state: &DriverState) -> bool {
    let mut named: BTreeSet<AllocationHandle> = BTreeSet::new();
    let mut pending: BTreeSet<FenceId> = BTreeSet::new();
    for change in changes {
        match change {
            DriverChange::Named(handle) => {
                named.insert(*handle);
            }
            DriverChange::Submitted { fence, named: submitted } => {
                // What was named before would be submitted with the rest.
                if std::mem::take(&mut named) != **submitted {
                    return false;
                }
                pending.insert(*fence);
            }
            DriverChange::Signalled { fence, .. } if !pending.remove(fence) => return false,
            _ => {}
        }
    }
    named.is_empty() && state.named.is_empty() && state.pending.is_empty()
}
