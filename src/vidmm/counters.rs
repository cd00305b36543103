//! What VidMm counts, under the meanings of the statistics query.

use crate::base::StableHasher;

/// Totals since the adapter started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Times an allocation became resident, by any operation.
    pub page_ins: u64,
    /// Times an allocation left other than by destruction.
    pub evictions: u64,
    /// Bytes of Fill operations.
    pub bytes_filled: u64,
    /// Bytes of DiscardContent operations.
    pub bytes_discarded: u64,
    /// Bytes of allocations mapped into apertures.
    pub bytes_mapped_into_aperture: u64,
    /// Bytes of allocations unmapped from apertures.
    pub bytes_unmapped_from_aperture: u64,
    /// Bytes moved from page lists to memory segments.
    pub bytes_mdl_to_memory: u64,
    /// Bytes moved from memory segments to page lists.
    pub bytes_memory_to_mdl: u64,
    /// Bytes moved from apertures to memory segments.
    pub bytes_aperture_to_memory: u64,
    /// Bytes moved from memory segments to apertures.
    pub bytes_memory_to_aperture: u64,
    /// Bytes flushed from the CPU cache before the GPU used them.
    pub bytes_flushed: u64,
}

impl Counters {
    /// Folds all of them into a hash.
    pub(crate) fn fold(&self, hasher: StableHasher) -> StableHasher {
        [
            self.page_ins,
            self.evictions,
            self.bytes_filled,
            self.bytes_discarded,
            self.bytes_mapped_into_aperture,
            self.bytes_unmapped_from_aperture,
            self.bytes_mdl_to_memory,
            self.bytes_memory_to_mdl,
            self.bytes_aperture_to_memory,
            self.bytes_memory_to_aperture,
            self.bytes_flushed,
        ]
        .into_iter()
        .fold(hasher, StableHasher::number)
    }
}
