//! What the words mean: shown over the name of a fact, always the same.

/// What a label means; `None` where it explains itself.
pub(super) fn definition(key: &str) -> Option<&'static str> {
    let text = match key {
        "Used" => "Bytes of the segment in which something lies, buffers included.",
        "Free" => "Bytes of the segment in which nothing lies, in however many holes.",
        "Largest hole" => "The longest range of the segment in which nothing lies.",
        "Committed" => {
            "Bytes placed in the segment and counted against its commit limit: everything but \
             buffers."
        }
        "Commit limit" => {
            "The most that may be committed in the segment at once; the size where the driver \
             said 0."
        }
        "Peak used" => "The most bytes ever used at once since the adapter started.",
        "Highest end" => "The highest offset at which anything ever ended.",
        "Evicted" => "Bytes of allocations that left other than by destruction.",
        "State hash" => {
            "A hash of the whole machine after the command: the same session ends in the same one."
        }
        "Resident" | "Resident in" | "Segment" => {
            "An allocation is resident while it lies in a segment, where the GPU can reach it."
        }
        "Content" => {
            "Clean: the backing store, where kept, holds the same bytes. Dirty: written since it \
             was paged in, so that leaving means copying."
        }
        "Priority" => {
            "Who leaves first: a lower value before a higher one. From MAXIMUM on, an allocation \
             leaves only when nothing else is left to leave."
        }
        "Fence" => {
            "A number signalled by the device when it has executed a submission. Until then what \
             the submission names is busy."
        }
        "Flags" => "The flag word by the names of d3dkmddi.h, the word itself at the right.",
        "Preferred" => "Segments that the driver wants, most wanted first. A hint.",
        "Supported" => "Segments in which the GPU can use it: it is placed in no other.",
        "Evicts via" => "Aperture segments through which an eviction may go.",
        "Base" => "The address of the segment's first byte as the GPU's side counts it.",
        "Address" => "Base address of the segment plus offset, as the DDI writes it.",
        "Offset" => "Bytes from the start of the segment.",
        "CPU" => "Where the CPU sees it: CpuTranslatedAddress plus offset.",
        "Fill" => "The pattern that a first page-in without content fills it with.",
        "Handle" => "What the driver calls it: hAllocation.",
        "Dummy page" => {
            "The page of system memory to which an aperture points where nothing is mapped, so \
             that every access still translates."
        }
        "Frame" | "Frames" => {
            "A frame is 4 KiB of system memory, numbered by its physical address."
        }
        "Coherent" => "Whether accesses through this page stay coherent with the CPU's cache.",
        "Serial" => "Counts the buffers ever handed to the driver, this one included.",
        "Submitted" => "Bytes of the buffer that were handed to the device.",
        "MultipassOffset" => {
            "Where the driver stands in an operation that took several buffers: 0 in the first \
             call, then whatever the driver stored. Here it counts pages."
        }
        "TransferOffset" => "Bytes to the first page transferred. Applies to segments only.",
        "MdlOffset" => "Pages to the first page of the list. Applies to page lists only.",
        "Eviction" => {
            "The order in which residents of the segment leave: priority first, then what the \
             eviction policy compares. Pinned ones are not in it."
        }
        "Hash" => "A hash of the bytes wherever they are now; the same bytes have the same hash.",
        "Time" => {
            "On the machine's own clock, which orders and scales but predicts no real adapter."
        }
        "Bank" => {
            "The bank in which it lies, after those that the driver hinted. A hint that cannot be \
             followed is dropped."
        }
        "Bank hints" => {
            "HintedBank: up to four banks, most wanted first, each from its start (↑) or its end \
             (↓)."
        }
        "Pitch aligned" => {
            "PitchAlignedSize: what it takes in a pitch-aligned segment, where its rows lie \
             further apart."
        }
        "Rows" => "How many rows it has, and bytes from one to the next.",
        "Padding" => {
            "Room without content: between rows that are aligned, or behind a size that was \
             rounded up to large pages."
        }
        "Size there" => "What it takes in a supported segment whose pages or rows are larger.",
        "Owner" => "The device that owns it: the one that created it, unless that closed it.",
        "Creator" => "The process whose device created it.",
        "Opened by" => "Devices that opened it besides its owner, in that order.",
        "Primary" => "An allocation that can be displayed.",
        "Locks" => "How many locks the CPU holds on it. It stays where the CPU can reach it.",
        "Offer" => {
            "Whether its owner has offered the content, and how soon it may be taken. What is \
             offered leaves before everything else."
        }
        "Pinned" => "Why it is never a victim.",
        "Wraps" => "Pages that existed before it: it has no other, and promises none.",
        "CPU cache" => {
            "Bytes that the CPU wrote and that only its cache holds. A segment that is not \
             coherent does not see them until they are flushed."
        }
        "Page size" => "What placements are a multiple of: 64 KiB with Use64KBPages.",
        "Platform" => "The AGP aperture of the chipset, which stands in for base and size.",
        "CPU address" => "CpuTranslatedAddress: where the CPU sees the first byte.",
        "NbOfBanks" => "The number of banks. The last one ends with the segment.",
        "Bank ends" => "pBankRangeTable: where each bank ends, from the start of the segment.",
        "Memory end" => {
            "SystemMemoryEndAddress: the last byte that hibernation keeps, from the start of the \
             segment."
        }
        "Invalid" => "A range that SEGMENTMEMORYSTATE reports as invalid: nothing may lie there.",
        "UEFI buffer" => "A range of the boot frame buffer: used by nobody, and never free.",
        "CPU window" => "DXGK_CPUHOSTAPERTURE: a window through which the CPU reaches parts of it.",
        "Protected" => "The video protected range, from the start of the segment.",
        "VprAlignment" => "What start and size of the protected range are a multiple of.",
        "NumVpr" => "NumVprSupported: protected ranges at once.",
        "VprReserve" => "VprReserveSize: bytes kept by hardware or driver.",
        "Table" => "Whose table says where the page points: the chipset's for AGP.",
        "Stale" => {
            "Bytes that only the CPU's cache holds: through this page the GPU reads what was \
             there before."
        }
        "Foreign" => "Where an operation put together by hand points it, past VidMm's book.",
        "Private" => "Bytes of private data that the driver may keep beside the buffer.",
        _ => return None,
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_people_ask_for_are_defined() {
        for word in [
            "Committed",
            "Free",
            "Largest hole",
            "Commit limit",
            "Content",
            "Priority",
            "Fence",
            "Dummy page",
            "MultipassOffset",
            "Resident",
        ] {
            assert!(definition(word).is_some_and(|text| text.ends_with('.')), "{word}");
        }
    }
}
