//! Finding room in one address space: which positions are used, where a request would go, and
//! whose leaving would make room for it.
//!
//! Pure numbers. The room knows no segments, banks, ranks or journals: a bank comes as a window, a
//! rank as the order of the candidates, and undoing is the owner's, because [`Space::insert`] and
//! [`Space::remove`] are exact inverses of each other.
//!
//! The positions are kept as one ordered tree of blocks, each with the hole below it, and every
//! subtree knows its largest hole. The lowest and the highest hole that is large enough are then
//! exact and cost one descent. Best fit also wants the holes by size; a space that is asked for it
//! often is made with [`Space::indexed`].
//!
//! A full space is asked again and again who must leave, and the first in the order are always the
//! same. [`Leavers`] keep the order and remember what the last search joined; the space tells them
//! what changed since, so that they mend only that.

mod changes;
mod check;
mod evict;
mod find;
mod leavers;
mod node;
mod ranked;
mod request;
mod sizes;
mod space;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

pub use check::SpaceError;
pub use evict::Eviction;
pub use leavers::{Leavers, Leaving};
pub use request::{Direction, Fit, NoRoom, Request, Shortage};
pub use space::{Occupied, Space};
