//! The saved sessions, embedded in the binary, so that the start page works wherever it is
//! installed.

/// A session that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// The name of its file in `saved-sessions/`.
    pub file_name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! embedded {
    ($($file_name:literal),* $(,)?) => {
        &[$(Embedded {
            file_name: $file_name,
            text: include_str!(concat!("../../saved-sessions/", $file_name)),
        }),*]
    };
}

/// All of them, in the order of the start page. A new file gets a line here.
const EMBEDDED: &[Embedded] = embedded![
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
    "dma-contiguous.ron",
    "dma-mapped.ron",
    "submit-limits.ron",
    "submit-split.ron",
    "submit-pipeline.ron",
    "submit-hang.ron",
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
    "raw-operations.ron",
    "everything.ron",
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
        for session in catalogue() {
            if let Err(error) = crate::session::parse(session.text, session.file_name) {
                panic!("{error}");
            }
        }
    }
}
