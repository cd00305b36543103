//! The saved sessions, embedded in the binary, so that the start page works wherever it is
//! installed.

/// A part of the start page: sessions that are there for the same reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// One subject each.
    Lessons,
    /// Real drivers and recorded work.
    Drivers,
    /// Sleeping and waking.
    Power,
    /// Command and DMA buffers.
    Submissions,
    /// Drivers that depart from the documents.
    Quirks,
    /// For whoever changes the program.
    Proofs,
}

impl Shelf {
    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Lessons => "Lessons",
            Self::Drivers => "From real drivers and traces",
            Self::Power => "Power",
            Self::Submissions => "Submissions and DMA buffers",
            Self::Quirks => "Quirks of drivers",
            Self::Proofs => "Proofs",
        }
    }
}

/// A session that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The name of its file in `saved-sessions/`.
    pub file_name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// Where it stands on the start page.
    pub shelf: Shelf,
}

macro_rules! embedded {
    ($($shelf:ident: [$($file_name:literal),* $(,)?],)*) => {
        &[$($(Embedded {
            file_name: $file_name,
            text: include_str!(concat!("../../saved-sessions/", $file_name)),
            shelf: Shelf::$shelf,
        }),*),*]
    };
}

/// All of them, shelf by shelf in the order of the start page. A new file gets a line here.
const EMBEDDED: &[Embedded] = embedded![
    Lessons: [
        "tour.ron",
        "multipass.ron",
        "manual-engine.ron",
        "sub-transfers.ron",
        "access-sets.ron",
        "banks.ron",
        "pitch.ron",
        "large-pages.ron",
        "invalid-ranges.ron",
        "overlay.ron",
        "wddm2-flags.ron",
        "eviction-storm.ron",
        "belady-3.ron",
        "belady-4.ron",
        "offer-and-reclaim.ron",
        "offer-and-keep.ron",
        "commit-limit-squeeze.ron",
        "agp.ron",
        "coherence.ron",
        "coherence-without-flush.ron",
        "existing-memory.ron",
        "locks-1x.ron",
        "locks-2x.ron",
        "shared-ownership.ron",
        "display.ron",
    ],
    Drivers: [
        "render-only-sample.ron",
        "compute-only-sample.ron",
        "virtualbox-legacy.ron",
        "virtualbox-dx.ron",
        "viogpu3d.ron",
        "qemu-stdvga.ron",
        "uxen-first.ron",
        "uxen.ron",
        "rx6600.ron",
        "rx6600-tight.ron",
        "webnn-heaps.ron",
        "minimalloc-a.ron",
        "minimalloc-a-tight.ron",
        "vma-snapshot.ron",
    ],
    Power: [
        "power-row-none.ron",
        "power-row-standby.ron",
        "power-row-both.ron",
        "power-row-partly.ron",
        "power-mixed.ron",
        "power-discrete.ron",
        "power-integrated.ron",
        "power-lying-driver.ron",
        "power-hybrid-surprise.ron",
        "power-protected-range.ron",
        "power-device-states.ron",
        "power-timeout-recovery.ron",
        "power-failed-purge.ron",
    ],
    Submissions: [
        "dma-contiguous.ron",
        "dma-mapped.ron",
        "submit-limits.ron",
        "submit-split.ron",
        "submit-pipeline.ron",
        "submit-hang.ron",
    ],
    Quirks: [
        "quirk-unmap-to-page-zero.ron",
        "quirk-unmap-clears-entries.ron",
        "quirk-transfer-offset-on-both-sides.ron",
        "quirk-transfer-offset-ignored.ron",
        "quirk-transfer-offset-into-list.ron",
        "quirk-mdl-offset-ignored.ron",
        "quirk-no-progress.ron",
        "quirk-no-op-paging.ron",
        "quirk-no-cache-flush.ron",
        "quirk-fill-ignores-pattern.ron",
        "quirk-null-allocation-map-ignored.ron",
        "quirk-transfer-not-supported.ron",
        "quirk-patch-ignores-allocation-offset.ron",
        "quirk-set-power-state-fails.ron",
    ],
    Proofs: [
        "raw-operations.ron",
        "everything.ron",
    ],
];

/// The sessions that come with the program, in the order of the start page.
#[must_use]
pub const fn catalogue() -> &'static [Embedded] {
    EMBEDDED
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_saved_session_is_embedded_and_readable() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("saved-sessions");
        let mut files: Vec<String> = std::fs::read_dir(&folder)
            .expect("saved-sessions is part of the project")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".ron"))
            .collect();
        files.sort();
        let mut embedded: Vec<&str> = catalogue().iter().map(|session| session.file_name).collect();
        embedded.sort_unstable();
        assert_eq!(embedded, files);
        assert!(catalogue().is_sorted_by_key(|session| session.shelf), "shelf by shelf");
        assert_eq!(catalogue()[0].file_name, "tour.ron", "whoever is new begins here");
        for session in catalogue() {
            if let Err(error) = crate::session::parse(session.text, session.file_name) {
                panic!("{error}");
            }
        }
    }
}
