//! Departures of a driver from the documents: what each is, and which operations it reaches.

use crate::base::text::counted;
use crate::config::Quirks;
use crate::ddi::{DevicePowerState, Location, PagingOperation, Transfer};
use crate::kmd::{self, Profile};
use crate::rules::{CheckedAdapter, SegmentKind};
use crate::vidmm::{Allocation, Asked, OperationRecord, PowerOperation};

/// A quirk in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuirkWords {
    /// Which: one bit.
    pub quirk: Quirks,
    /// As sessions write it.
    pub name: &'static str,
    /// What it does and what the documents say instead.
    pub departure: &'static str,
}

/// The quirks of a set, in the order of their bits.
#[must_use]
pub fn quirk_words(quirks: Quirks) -> Vec<QuirkWords> {
    let words = |(name, quirk)| QuirkWords { quirk, name, departure: departure(quirk) };
    quirks.iter_names().map(words).collect()
}

const fn departure(quirk: Quirks) -> &'static str {
    // One bit each, so that comparing bits is comparing quirks.
    const TO_PAGE_ZERO: u32 = Quirks::UnmapToPageZero.bits();
    const CLEARS: u32 = Quirks::UnmapClearsEntries.bits();
    const BOTH_SIDES: u32 = Quirks::TransferOffsetOnBothSides.bits();
    const IGNORED: u32 = Quirks::TransferOffsetIgnored.bits();
    const MDL_OFFSET: u32 = Quirks::MdlOffsetIgnored.bits();
    const NO_PROGRESS: u32 = Quirks::NoProgress.bits();
    const NO_OP: u32 = Quirks::NoOpPaging.bits();
    const NO_FLUSH: u32 = Quirks::NoCacheFlush.bits();
    const FILL: u32 = Quirks::FillIgnoresPattern.bits();
    const NULL_MAP: u32 = Quirks::NullAllocationMapIgnored.bits();
    const NOT_SUPPORTED: u32 = Quirks::TransferNotSupported.bits();
    const INTO_LIST: u32 = Quirks::TransferOffsetIntoList.bits();
    const POWER_STATE: u32 = Quirks::SetPowerStateFails.bits();
    const PATCH: u32 = Quirks::PatchIgnoresAllocationOffset.bits();
    match quirk.bits() {
        TO_PAGE_ZERO => {
            "Unmapped aperture pages point at page 0 of system memory. Documented: at the dummy \
             page."
        }
        CLEARS => {
            "Unmapped aperture entries are cleared, so that an access faults. Documented: they \
             point at the dummy page, so that every access still translates."
        }
        BOTH_SIDES => {
            "TransferOffset is added to the page list as well; pages beyond the list are left \
             out. Documented: it applies to segment locations only."
        }
        IGNORED => {
            "TransferOffset is not added to the segment, so that every part of a divided transfer \
             lands on the first. Documented: it is added to segment locations."
        }
        MDL_OFFSET => {
            "Page lists are read from their first page. Documented: from page MdlOffset on."
        }
        NO_PROGRESS => {
            "A full buffer is reported without ever building anything. Documented: whatever fits \
             is built, and MultipassOffset says how far that went."
        }
        NO_OP => {
            "Every paging operation succeeds and does nothing. Documented: it succeeds when its \
             commands are in the buffer."
        }
        NO_FLUSH => {
            "Cached pages are handed to a segment that is not coherent without flushing the CPU's \
             cache. Documented: the cache is flushed before the GPU reads them."
        }
        FILL => "Fills write zero. Documented: FillPattern.",
        NULL_MAP => {
            "Maps and unmaps without an allocation, those of buffers, succeed and do nothing. \
             Documented: hAllocation is NULL for them and they are carried out."
        }
        NOT_SUPPORTED => {
            "Transfers and fills are answered with NOT_SUPPORTED. Documented: neither may fail."
        }
        INTO_LIST => {
            "Page lists are read from TransferOffset, modulo their length. Documented: from page \
             MdlOffset on; TransferOffset applies to segment locations only."
        }
        POWER_STATE => "SetPowerState fails for every state but D0. Documented: it must not fail.",
        PATCH => {
            "Addresses in DMA buffers are those of the starts of allocations. Documented: \
             AllocationOffset is added to them."
        }
        _ => "A departure from the documents.",
    }
}

/// How many quirks are on: `1 quirk on`; `None` for none.
#[must_use]
pub fn switched_on(quirks: Quirks) -> Option<String> {
    let count = u64::try_from(quirks.iter_names().count()).unwrap_or(u64::MAX);
    (count > 0).then(|| format!("{} on", counted(count, "quirk")))
}

/// The quirks that the original of a profile has and that are off.
#[must_use]
pub fn originals_off(profile: &Profile, quirks: Quirks) -> Vec<kmd::Quirk> {
    profile.quirks.iter().filter(|known| !quirks.contains(known.quirk)).copied().collect()
}

/// The quirks that reach an operation, of those that are on.
///
/// `subject` is the allocation that it concerns, where that still exists.
#[must_use]
pub fn affecting(
    adapter: &CheckedAdapter,
    record: &OperationRecord,
    subject: Option<&Allocation>,
) -> Vec<QuirkWords> {
    let on = adapter.quirks;
    if on.is_empty() {
        return Vec::new();
    }
    let mut found = match &record.asked {
        Asked::Paging(operation) => reached_by(operation),
        Asked::Power(PowerOperation::SetPowerState(arguments))
            if arguments.state != DevicePowerState::D0 =>
        {
            Quirks::SetPowerStateFails
        }
        Asked::Patch(patch) => {
            let mut locations = patch.lists.patch_locations.iter();
            let offset = locations.any(|location| location.allocation_offset > 0);
            if offset { Quirks::PatchIgnoresAllocationOffset } else { Quirks::empty() }
        }
        Asked::Render(_)
        | Asked::Submit(_)
        | Asked::Preempt(_)
        | Asked::Platform(_)
        | Asked::Power(_) => Quirks::empty(),
    };
    let unflushed = subject.is_some_and(Allocation::is_cached) && is_blind_map(adapter, record);
    found.set(Quirks::NoCacheFlush, unflushed);
    quirk_words(found & on)
}

/// Which quirks could reach an operation of the driver.
fn reached_by(operation: &PagingOperation) -> Quirks {
    let any = Quirks::NoProgress | Quirks::NoOpPaging;
    let unowned = || match operation.allocation() {
        None => Quirks::NullAllocationMapIgnored,
        Some(_) => Quirks::empty(),
    };
    any | match operation {
        PagingOperation::Transfer(transfer) => transfer_quirks(transfer),
        PagingOperation::SpecialLockTransfer(special) => transfer_quirks(&special.transfer),
        PagingOperation::Fill(_) => Quirks::TransferNotSupported | Quirks::FillIgnoresPattern,
        PagingOperation::MapApertureSegment(_) => unowned() | Quirks::MdlOffsetIgnored,
        PagingOperation::UnmapApertureSegment(_) => {
            unowned() | Quirks::UnmapToPageZero | Quirks::UnmapClearsEntries
        }
        PagingOperation::DiscardContent(_)
        | PagingOperation::ReadPhysical(_)
        | PagingOperation::WritePhysical(_) => Quirks::empty(),
    }
}

fn transfer_quirks(transfer: &Transfer) -> Quirks {
    let list = |location: &Location| matches!(location, Location::Mdl(_));
    let has_list = list(&transfer.source) || list(&transfer.destination);
    let of_lists = Quirks::TransferOffsetOnBothSides
        | Quirks::TransferOffsetIntoList
        | Quirks::MdlOffsetIgnored;
    let mut found = Quirks::TransferNotSupported | Quirks::TransferOffsetIgnored;
    found.set(of_lists, has_list);
    found
}

/// Whether an operation shows pages to the GPU past the CPU's cache.
fn is_blind_map(adapter: &CheckedAdapter, record: &OperationRecord) -> bool {
    let blind = |id| {
        let known = adapter.segment(id);
        known.is_some_and(|it| it.kind == SegmentKind::Aperture && !it.is_cache_coherent())
    };
    match &record.asked {
        Asked::Paging(PagingOperation::MapApertureSegment(map)) => blind(map.segment),
        Asked::Paging(PagingOperation::Transfer(transfer)) => {
            matches!(transfer.source, Location::Mdl(_))
        }
        Asked::Platform(crate::vidmm::PlatformOperation::MapGart { segment, .. }) => {
            blind(*segment)
        }
        _ => false,
    }
}

/// What the quirks that reach an operation come to in a few words, for a row; empty for none.
#[must_use]
pub fn short_note(affecting: &[QuirkWords]) -> String {
    match affecting {
        [] => String::new(),
        [one] if one.quirk == Quirks::NoCacheFlush => "not flushed (quirk)".to_owned(),
        [one] => format!("quirk {}", one.name),
        many => format!("quirks {}", many.iter().map(|it| it.name).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quirk_says_what_it_does_and_what_is_documented() {
        for words in quirk_words(Quirks::all()) {
            assert!(words.departure.contains("Documented: "), "{}", words.name);
            assert!(words.departure.ends_with('.'), "{}", words.name);
        }
        assert_eq!(quirk_words(Quirks::all()).len(), 14);
    }

    #[test]
    fn quirks_are_counted() {
        assert_eq!(switched_on(Quirks::empty()), None);
        assert_eq!(switched_on(Quirks::NoProgress).as_deref(), Some("1 quirk on"));
        let two = Quirks::NoProgress | Quirks::NoOpPaging;
        assert_eq!(switched_on(two).as_deref(), Some("2 quirks on"));
    }

    #[test]
    fn an_original_s_quirk_is_off_until_it_is_switched_on() {
        let profile = kmd::profile("virtualbox-dx").expect("known");
        let off = originals_off(&profile, Quirks::empty());
        assert_eq!(off.len(), profile.quirks.len());
        if let Some(first) = off.first() {
            assert_eq!(originals_off(&profile, first.quirk).len(), off.len() - 1);
        }
    }
}
