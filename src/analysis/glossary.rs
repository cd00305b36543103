//! The words of the window and what they mean: one definition each, for the help and for hovers.

/// A word and its definition, in alphabetical order.
pub const WORDS: [(&str, &str); 36] = [
    (
        "AGP",
        "An aperture of the chipset: its GART driver maps and unmaps pages, and the display driver \
         hears nothing of it.",
    ),
    (
        "Aperture",
        "A segment without memory of its own: each of its pages points at a frame of system memory.",
    ),
    (
        "Bank",
        "A part of a memory segment, for instance one memory channel. Banks are counted from 1.",
    ),
    (
        "Bank hint",
        "A bank in which the driver would like an allocation, from its start (↑) or its end (↓). \
         One that cannot be followed is dropped.",
    ),
    (
        "Claim",
        "What a driver says with the preservation flags that a sleep leaves in a segment; what the \
         hardware leaves shows in the bytes.",
    ),
    (
        "Coherent",
        "A page of an aperture through which the GPU sees what the CPU still has in its cache.",
    ),
    (
        "Command buffer",
        "What the user-mode driver writes, in pages of the process; the GPU never reads it.",
    ),
    (
        "Committed",
        "Counted against a limit: of a segment, what is placed in it but buffers; of system \
         memory, the size of every allocation from its creation on, and the command and DMA \
         buffers of devices.",
    ),
    ("D0 to D3", "The states of the adapter: D0 works, D3 is off, D1 and D2 lie between."),
    (
        "DMA buffer",
        "What the driver makes of a command buffer and the GPU reads; paging buffers are DMA buffers \
         of VidMm's own.",
    ),
    ("Dirty", "Written since it was paged in, so that leaving means copying."),
    ("Discarded", "Its content was dropped while it was offered; reclaiming says so."),
    ("Displayed", "Shown on the screen. It is pinned until something else is displayed."),
    (
        "Dummy page",
        "The frame to which an aperture points where nothing is mapped, so that every access \
         still translates.",
    ),
    ("Foreign", "An aperture page that an operation put together by hand points elsewhere."),
    (
        "Hybrid sleep",
        "Standby with an image on disk, in case the power goes: purged as for hibernation.",
    ),
    (
        "Locked",
        "The CPU reads or writes it. Locks are counted; VidMm keeps it where the CPU can reach it.",
    ),
    (
        "Offered",
        "Its owner does not need the content for now: it leaves before everything that is not \
         offered, low offers first.",
    ),
    ("Opener", "A device that opened a shared allocation of another."),
    (
        "Padding",
        "Room without content: between rows that are aligned, or behind a size that was rounded \
         up to large pages.",
    ),
    ("Patch", "To write into a DMA buffer where its allocations are, once they are resident."),
    ("Pinned", "Never a victim: displayed, or an overlay or capture surface."),
    (
        "Pitch",
        "Bytes from one row to the next. The aligned pitch is that in a pitch-aligned segment.",
    ),
    ("Primary", "An allocation that can be displayed. Only those are handed to the display."),
    (
        "Purge",
        "Taking everything out of a segment before its memory loses its bytes: moved to system \
         memory, or dropped where nobody needs it. It overrides every pin.",
    ),
    (
        "Quirk",
        "A departure of the driver from the documents, switched on by name to see what follows.",
    ),
    ("Reclaimed", "Taken back after an offer: the answer says whether the content is still there."),
    ("Resident", "It lies in a segment, where the GPU can reach it."),
    ("S3", "Standby: the memory of the machine keeps its content, the adapter is in D3."),
    ("S4", "Hibernation: system memory is written to a file, then the power goes."),
    (
        "Shared",
        "Other devices may open it; the one that owns it may change when a device closes it.",
    ),
    (
        "Slot",
        "A row of the table of what a DMA buffer binds. What is bound at a split stays resident.",
    ),
    (
        "Split",
        "Of a DMA buffer: submitted in parts, because not everything that it names fits at once. Of \
         a segment in a purge: what lies wholly before an end address stays, the rest leaves.",
    ),
    (
        "Stale",
        "Bytes that the CPU wrote and that only its cache holds: through a page that is not \
         coherent the GPU reads what was there before.",
    ),
    (
        "Timeout recovery",
        "A reset of the adapter that hangs. Nothing is saved: memory segments lose their bytes, \
         permanent copies stay as they were last written.",
    ),
    (
        "Unusable",
        "A range that the driver reports as invalid, or that the boot frame buffer occupies.",
    ),
];

/// The definition of a word.
#[must_use]
pub fn meaning(word: &str) -> Option<&'static str> {
    WORDS.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_and_defined_in_sentences() {
        for pair in WORDS.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} before {}", pair[0].0, pair[1].0);
        }
        for (word, meaning) in WORDS {
            assert!(meaning.ends_with('.'), "{word}");
            assert!(meaning.starts_with(char::is_uppercase), "{word}");
        }
        assert_eq!(meaning("Resident"), Some("It lies in a segment, where the GPU can reach it."));
    }
}
