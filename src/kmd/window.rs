//! Which bytes of its sides a transfer means: what the documents say, and what quirks make of it.

use super::Driver;
use crate::base::PAGE_SIZE;
use crate::config::Quirks;
use crate::ddi::Transfer;
use crate::memory::Mdl;

/// The pages of a list that an operation reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The first page.
    pub(super) first: u64,
    /// Pages.
    pub(super) pages: u64,
}

impl Window {
    /// `pages` from `first` on; `None` when they are not all in the list.
    pub(super) fn whole(list: &Mdl, first: u64, pages: u64) -> Option<Self> {
        let end = first.checked_add(pages)?;
        (end <= list.pages().get()).then_some(Self { first, pages })
    }

    /// As many of `pages` from `first` on as the list has.
    fn cut(list: &Mdl, first: u64, pages: u64) -> Self {
        let there = list.pages().get();
        Self { first: first.min(there), pages: pages.min(there.saturating_sub(first)) }
    }
}

impl Driver {
    /// Bytes added to the segment sides of a transfer.
    ///
    /// Documented: `TransferOffset`, to segment locations and to nothing else.
    pub(super) fn segment_offset(&self, transfer: &Transfer) -> u32 {
        if self.has(Quirks::TransferOffsetIgnored) { 0 } else { transfer.transfer_offset }
    }

    /// The first page of a list that an operation means, going by its `MdlOffset`.
    pub(super) fn list_offset(&self, mdl_offset: u64) -> u64 {
        if self.has(Quirks::MdlOffsetIgnored) { 0 } else { mdl_offset }
    }

    /// The pages of a list that a transfer of `pages` means; `None` when it is too short.
    ///
    /// Documented: `pages` from page `MdlOffset` on. The quirks that count `TransferOffset` in as
    /// well come to the end of the list before that; pages beyond it are left out.
    pub(super) fn list_window(
        &self,
        transfer: &Transfer,
        list: &Mdl,
        pages: u64,
    ) -> Option<Window> {
        let offset = u64::from(transfer.transfer_offset);
        if self.has(Quirks::TransferOffsetIntoList) {
            let bytes = list.pages().bytes().get().max(1);
            return Some(Window::cut(list, offset % bytes / PAGE_SIZE, pages));
        }
        let first = self.list_offset(transfer.mdl_offset.get());
        if self.has(Quirks::TransferOffsetOnBothSides) {
            let first = first.checked_add(offset / PAGE_SIZE)?;
            return Some(Window::cut(list, first, pages));
        }
        Window::whole(list, first, pages)
    }
}
