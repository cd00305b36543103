//! What is wrong is said with its place, whatever is wrong.

use super::{EVERYTHING, profile};
use crate::base::SplitMix;
use crate::session::load::text_of_bytes;
use crate::session::{LoadError, Rule, load, open, parse};

/// A session with one adapter line and commands from the third line on.
fn with_commands(commands: &str) -> String {
    format!("(\n    version: 1, adapter: (profile: \"inspector\"), commands: [\n{commands}\n])")
}

fn errors(text: &str) -> Vec<LoadError> {
    open(text, "bad.ron", &profile).map(|_| ()).expect_err(text)
}

/// The first error as it is shown.
fn shown(text: &str) -> String {
    errors(text)[0].to_string()
}

#[test]
fn the_place_of_a_wrong_value_is_exact() {
    let table = [
        (
            r#"CreateAllocation(name: "t", device: "d", size: "2 MB")"#,
            "bad.ron:3:48: commands[0].CreateAllocation.size: `MB` is not a unit of size: use B, KiB, MiB, GiB or TiB",
        ),
        (
            r#"Evict("t"), SetPriority("t", URGENT)"#,
            "bad.ron:3:30: commands[1].SetPriority[1]: `URGENT` is not a priority: write MINIMUM, LOW, NORMAL, HIGH, MAXIMUM or a 32-bit number",
        ),
        (
            r#"Evict("t"), SetPriority("t", HIHG)"#,
            "bad.ron:3:30: commands[1].SetPriority[1]: `HIHG` is not a priority: write MINIMUM, LOW, NORMAL, HIGH, MAXIMUM or a 32-bit number; did you mean `HIGH`?",
        ),
        (
            "EvictAl",
            "bad.ron:3:1: commands[0]: `EvictAl` is not known here (did you mean `EvictAll` or `Evict`?)",
        ),
        (
            r#"CreateDevice(name: "d", process: "p", flags: 1)"#,
            "bad.ron:3:39: commands[0].CreateDevice.flags: there is no field `flags` (write one of name, process, dma_buffer_size, dma_buffer_segments, dma_buffer_private_data_size, allocation_list_size, patch_location_list_size, guaranteed_dma_buffer_contract)",
        ),
        (
            r#"CreateDevice(name: "d", process: "p", name: "e")"#,
            "bad.ron:3:39: commands[0].CreateDevice: the field `name` is there twice",
        ),
        (
            r#"Expect(Bytes(allocation: "t", offset: 0, bytes: "4"))"#,
            "bad.ron:3:49: commands[0].Expect.Bytes.bytes: `4` is not pairs of hexadecimal digits, such as \"40 E1 0B\"",
        ),
        (
            r#"CreateProcess("")"#,
            "bad.ron:3:15: commands[0].CreateProcess: a name must not be empty",
        ),
        (
            r#"Expect(Stopped(code: 0x1_0000_0000, parameter: 0))"#,
            "bad.ron:3:22: commands[0].Expect.Stopped.code: Integer is out of bounds",
        ),
        (
            r#"Expect(Status("STATUS_NONE"))"#,
            "bad.ron:3:15: commands[0].Expect.Status: `STATUS_NONE` is not a status known here; its 32-bit code can be written instead",
        ),
        (
            r#"CreateAllocation(name: "t", device: "d", size: 1, flags: "CpuVisable")"#,
            "bad.ron:3:58: commands[0].CreateAllocation.flags: `CpuVisable` is not a flag; did you mean `CpuVisible`?",
        ),
        (
            r#"CreateAllocation(name: "t", device: "d", size: 1, supported: ["V", 32])"#,
            "bad.ron:3:68: commands[0].CreateAllocation.supported[1]: 32 is not a segment number: segments count from 1 to 31",
        ),
    ];
    for (commands, expected) in table {
        assert_eq!(shown(&with_commands(commands)), expected);
    }
}

/// Each field of an adapter and of an allocation with a value that it cannot hold.
#[test]
fn wrong_values_of_banks_ranges_and_layouts_are_located() {
    let (mut found, mut wanted) = (Vec::new(), Vec::new());
    let adapter = [
        (
            "descriptors: 2",
            "51: adapter.descriptors: 2 is not a generation of segment descriptors: write 1, 3 or 4",
        ),
        (
            "descriptors: 259",
            "51: adapter.descriptors: 259 is not a generation of segment descriptors: write 1, 3 or 4",
        ),
        (
            "agp_aperture: (base: 0)",
            "52: adapter.agp_aperture: Unexpected missing field named `size` in `AgpAperture`",
        ),
        (
            r#"agp_aperture: (base: "1 GB", size: 0)"#,
            "59: adapter.agp_aperture.base: `GB` is not a unit of size: use B, KiB, MiB, GiB or TiB",
        ),
        (
            r#"quirks: "NoOpPagging""#,
            "46: adapter.quirks: `NoOpPagging` is not a flag; did you mean `NoOpPaging`?",
        ),
        ("quirks: 0x1_0000_0000", "46: adapter.quirks: 0x100000000 does not fit in a 32-bit word"),
        (
            "quirks: [1]",
            "46: adapter.quirks: expected flag names such as \"A | B\" or a 32-bit word, found a sequence",
        ),
        (
            "paging_buffer: (segment: 256)",
            "63: adapter.paging_buffer.segment: 256 does not fit in an 8-bit segment number",
        ),
    ];
    for (field, expected) in adapter {
        let text = format!("(version: 1, adapter: (profile: \"p\", {field}), commands: [])");
        // The field begins in column 38.
        found.push(shown(&text));
        wanted.push(format!("bad.ron:1:{expected}"));
    }
    let segment = [
        ("bank_ends: 4", "13: adapter.segments[0].bank_ends: Expected opening `[`"),
        (
            r#"bank_ends: [1, "2 MB"]"#,
            "17: adapter.segments[0].bank_ends[1]: `MB` is not a unit of size: use B, KiB, MiB, GiB or TiB",
        ),
        ("bank_count: 4294967296", "14: adapter.segments[0].bank_count: Integer is out of bounds"),
        (
            "invalid_ranges: [(offset: 0, length: 1)]",
            "31: adapter.segments[0].invalid_ranges[0].length: there is no field `length` (write one of offset, size)",
        ),
        (
            "uefi_frame_buffer_ranges: [(offset: -1, size: 1)]",
            "38: adapter.segments[0].uefi_frame_buffer_ranges[0].offset: -1 is negative; write a whole number from 0",
        ),
        (
            "cpu_host_aperture: (physical_address: 0, size_in_pages: -1)",
            "58: adapter.segments[0].cpu_host_aperture.size_in_pages: Integer is out of bounds",
        ),
        (
            "video_protected_range: (size: 1, suported: 1)",
            "35: adapter.segments[0].video_protected_range.suported: there is no field `suported` (did you mean `supported`?)",
        ),
    ];
    for (field, expected) in segment {
        let text = format!(
            "(version: 1, adapter: (profile: \"p\", segments: [(name: \"S\", size: 1,\n {field})]), commands: [])"
        );
        found.push(shown(&text));
        wanted.push(format!("bad.ron:2:{expected}"));
    }
    let allocation = [
        (
            "hinted_banks: [1, 128]",
            "20: commands[0].CreateAllocation.hinted_banks[1]: 128 is not a bank: banks count from 1 to 127",
        ),
        (
            "hinted_banks: [(0, FromEnd)]",
            "17: commands[0].CreateAllocation.hinted_banks[0]: 0 is not a bank: banks count from 1 to 127",
        ),
        (
            "hinted_banks: [(1, FromTop)]",
            "21: commands[0].CreateAllocation.hinted_banks[0][1]: `FromTop` is not known here (did you mean `FromEnd`?)",
        ),
        (
            "hinted_banks: \"1\"",
            "16: commands[0].CreateAllocation.hinted_banks: expected a list of banks such as [2, (3, FromEnd)] or a 32-bit word, found the string \"1\"",
        ),
        (
            "rows: (pitch: 0x1_0000_0000, aligned_pitch: 1, rows: 1)",
            "16: commands[0].CreateAllocation.rows.pitch: 0x100000000 does not fit in a 32-bit word",
        ),
        (
            "pitch_aligned_size: true",
            "22: commands[0].CreateAllocation.pitch_aligned_size: expected a whole number of bytes or a size such as \"64 KiB\", found the boolean `true`",
        ),
        (
            "flags: \"UseAlternateVA | AccessedPhysically\"",
            "9: commands[0].CreateAllocation.flags: `UseAlternateVA` is a flag of WDDM 1.x and `AccessedPhysically` one of WDDM 2.x; the names of one word are of one generation",
        ),
        (
            "flags: \"AccessedPhysicaly\"",
            "9: commands[0].CreateAllocation.flags: `AccessedPhysicaly` is not a flag; did you mean `AccessedPhysically`?",
        ),
        ("existing: \"\"", "12: commands[0].CreateAllocation.existing: a name must not be empty"),
    ];
    for (field, expected) in allocation {
        let text = with_commands(&format!(
            "CreateAllocation(name: \"t\", device: \"d\", size: 1,\n {field})"
        ));
        found.push(shown(&text));
        wanted.push(format!("bad.ron:4:{expected}"));
    }
    assert_eq!(found, wanted);
    let policies =
        "(version: 1, policies: (offers: Drop), adapter: (profile: \"p\"), commands: [])";
    assert_eq!(
        shown(policies),
        "bad.ron:1:33: policies.offers: `Drop` is not known here (write one of Discard, Keep)"
    );
}

/// Each new command and expectation with a value that it cannot hold.
#[test]
fn wrong_values_of_commands_are_located() {
    let table = [
        (
            r#"Offer(["a"], URGENT)"#,
            "14: commands[0].Offer[1]: `URGENT` is not known here (write one of LOW, NORMAL, HIGH, AUTO)",
        ),
        (r#"Offer(["a", ""], LOW)"#, "13: commands[0].Offer[0][1]: a name must not be empty"),
        (
            r#"Lock(allocation: "a", flags: "ReadWrite")"#,
            "30: commands[0].Lock.flags: `ReadWrite` is not a flag",
        ),
        (
            r#"Lock(allocation: "a", flags: "WriteOny")"#,
            "30: commands[0].Lock.flags: `WriteOny` is not a flag; did you mean `WriteOnly`?",
        ),
        (
            r#"ReservePages(name: "p", pages: "16 KiB")"#,
            "32: commands[0].ReservePages.pages: Expected integer",
        ),
        (
            r#"Transfer(transfer_size: 1, source: Page("p"), destination: Pages("p"))"#,
            "36: commands[0].Transfer.source: `Page` is not known here (did you mean `Pages`?)",
        ),
        (
            r#"Transfer(transfer_size: 1, source: Segment("V", "1 kB"), destination: Pages("p"))"#,
            "49: commands[0].Transfer.source.Segment[1]: `kB` is not a unit of size: use B, KiB, MiB, GiB or TiB",
        ),
        (
            r#"SpecialLockTransfer(transfer_size: 1, source: Pages("p"), destination: Pages("p"), mdl_offset: 1)"#,
            "84: commands[0].SpecialLockTransfer.mdl_offset: there is no field `mdl_offset` (write one of allocation, transfer_offset, transfer_size, source, destination, flags, swizzling_range_id, swizzling_range_data)",
        ),
        (
            r#"Transfer(transfer_offset: "4 GiB", transfer_size: 1, source: Pages("p"), destination: Pages("p"))"#,
            "27: commands[0].Transfer.transfer_offset: 0x100000000 does not fit in a 32-bit word",
        ),
        (
            r#"Fill(fill_size: 1, segment: 32, address: 0)"#,
            "29: commands[0].Fill.segment: 32 is not a segment number: segments count from 1 to 31",
        ),
        (
            r#"DiscardContent(segment: 1, address: 0, flags: "TransferStart")"#,
            "47: commands[0].DiscardContent.flags: `TransferStart` is not a flag",
        ),
        (
            r#"ReadPhysical(segment: 1, adress: 0)"#,
            "26: commands[0].ReadPhysical.adress: there is no field `adress` (did you mean `address`?)",
        ),
        (
            r#"MapApertureSegment(segment: 1, number_of_pages: "4", pages: "p")"#,
            "49: commands[0].MapApertureSegment.number_of_pages: Expected integer",
        ),
        (
            r#"UnmapApertureSegment(segment: 1, number_of_pages: 1, dummy_page: "x")"#,
            "66: commands[0].UnmapApertureSegment.dummy_page: `x` is not a size: write a number and a unit, such as \"64 KiB\"",
        ),
        (
            r#"Expect(Offer("a", Gone))"#,
            "19: commands[0].Expect.Offer[1]: `Gone` is not known here (write one of NotOffered, Offered, Discarded)",
        ),
        (
            r#"Expect(Finding("segment-siz-zero"))"#,
            "16: commands[0].Expect.Finding: `segment-siz-zero` is not the id of a rule; did you mean `segment-size-zero`?",
        ),
        (
            r#"Expect(Damage(Contents(allocation: "a", offset: 0)))"#,
            "15: commands[0].Expect.Damage: `Contents` is not known here (did you mean `Content`?)",
        ),
        (
            r#"Expect(Damage(Aperture(segment: 1, page: "x")))"#,
            "42: commands[0].Expect.Damage.Aperture.page: Expected integer",
        ),
        (
            r#"Expect(PagesBytes(pages: "p", bytes: "1"))"#,
            "38: commands[0].Expect.PagesBytes.bytes: `1` is not pairs of hexadecimal digits, such as \"40 E1 0B\"",
        ),
    ];
    let found = table.map(|(command, _)| shown(&with_commands(command)));
    assert_eq!(found, table.map(|(_, expected)| format!("bad.ron:3:{expected}")));
}

/// Each command, expectation and field of power with a value that it cannot hold.
#[test]
fn wrong_values_of_power_are_located() {
    let table = [
        (
            "Sleep(Hibernation)",
            "7: commands[0].Sleep: `Hibernation` is not known here (did you mean `Hibernate`?)",
        ),
        (
            "Sleep(S3)",
            "7: commands[0].Sleep: `S3` is not known here (write one of Standby, Hibernate, HybridSleep, FastStartup)",
        ),
        ("Sleep(\"Standby\")", "7: commands[0].Sleep: Expected identifier"),
        ("Sleep", "1: commands[0].Sleep: Expected opening `(`"),
        (
            "DevicePower(D4)",
            "13: commands[0].DevicePower: `D4` is not known here (write one of D0, D1, D2, D3)",
        ),
        ("DevicePower(3)", "13: commands[0].DevicePower: `3` is not a word that is known here"),
        ("Resume(1)", "7: commands: Expected comma"),
        (
            "ResumeAfterPowerLos",
            "1: commands[0]: `ResumeAfterPowerLos` is not known here (did you mean `ResumeAfterPowerLoss`?)",
        ),
        ("TimeoutRecovery(1)", "16: commands: Expected comma"),
        ("Resume, Resume, 7", "17: commands[2]: `7` is not a word that is known here"),
        (
            "Expect(Power(Off))",
            "14: commands[0].Expect.Power: `Off` is not known here (write one of Working, Device, Asleep)",
        ),
        (
            "Expect(Power(Device(D0)))",
            "21: commands[0].Expect.Power.Device: an adapter in D0 works: write `Working` in place of `Device(D0)`",
        ),
        (
            "Expect(Power(Asleep(Hibernated)))",
            "21: commands[0].Expect.Power.Asleep: `Hibernated` is not known here (did you mean `Hibernate`?)",
        ),
        (
            r#"Expect(Fate("a", Moved))"#,
            "18: commands[0].Expect.Fate[1]: `Moved` is not known here (write one of Kept, MovedOut, Discarded, Unmapped, Lost, Restored, Remapped, Waiting)",
        ),
        (
            r#"Expect(LostBytes("a", -1))"#,
            "23: commands[0].Expect.LostBytes[1]: -1 is negative; write a whole number from 0",
        ),
        (
            r#"Expect(LostBytes("a", Some))"#,
            "23: commands[0].Expect.LostBytes[1]: expected a whole number of bytes or a size such as \"64 KiB\", found an optional value",
        ),
        (
            r#"Expect(Content("a", Loss))"#,
            "21: commands[0].Expect.Content[1]: `Loss` is not known here (did you mean `Lost`?)",
        ),
    ];
    let found = table.map(|(command, _)| shown(&with_commands(command)));
    assert_eq!(found, table.map(|(_, expected)| format!("bad.ron:3:{expected}")));
    let unbound = r#"Expect(Fate("a", Kept)), Expect(LostBytes("b", 0)), Expect(Power(Working))"#;
    let shown: Vec<String> =
        errors(&with_commands(unbound)).iter().map(ToString::to_string).collect();
    let expected = [
        "bad.ron:3:13: commands[0].Expect.Fate[0]: no allocation is called `a`",
        "bad.ron:3:43: commands[1].Expect.LostBytes[0]: no allocation is called `b`",
    ];
    assert_eq!(shown, expected);
}

/// Each field of devices, contexts and command buffers with a value that it cannot hold.
#[test]
fn wrong_values_of_submissions_are_located() {
    let table = [
        (
            r#"CreateDevice(name: "d", process: "p", dma_buffer_size: "4 GiB")"#,
            "56: commands[0].CreateDevice.dma_buffer_size: 0x100000000 does not fit in a 32-bit word",
        ),
        (
            r#"CreateDevice(name: "d", process: "p", dma_buffer_private_data_size: -1)"#,
            "69: commands[0].CreateDevice.dma_buffer_private_data_size: -1 is negative; write a whole number from 0",
        ),
        (
            r#"CreateDevice(name: "d", process: "p", allocation_list_size: 4294967296)"#,
            "61: commands[0].CreateDevice.allocation_list_size: Integer is out of bounds",
        ),
        (
            r#"CreateDevice(name: "d", process: "p", patch_location_list_size: "1 KiB")"#,
            "65: commands[0].CreateDevice.patch_location_list_size: Expected integer",
        ),
        (
            r#"CreateDevice(name: "d", process: "p", guaranteed_dma_buffer_contract: 1)"#,
            "71: commands[0].CreateDevice.guaranteed_dma_buffer_contract: Expected boolean",
        ),
        (
            r#"CreateContext(name: "c", device: "d", priority: 8)"#,
            "49: commands[0].CreateContext.priority: 8 is not a priority of a context: they go from -7 to 7",
        ),
        (
            r#"CreateContext(name: "c", device: "d", priority: -8)"#,
            "49: commands[0].CreateContext.priority: -8 is not a priority of a context: they go from -7 to 7",
        ),
        (
            r#"CreateContext(name: "c", device: "d", priority: 263)"#,
            "49: commands[0].CreateContext.priority: 263 is not a priority of a context: they go from -7 to 7",
        ),
        (
            r#"CreateContext(name: "c", device: "d", priority: 18446744073709551616)"#,
            "49: commands[0].CreateContext.priority: Integer is out of bounds",
        ),
        (
            r#"CreateContext(name: "c", device: "d", priority: HIGH)"#,
            "49: commands[0].CreateContext.priority: Expected integer",
        ),
        (
            r#"CreateContext(name: "c", process: "p")"#,
            "26: commands[0].CreateContext.process: there is no field `process` (write one of name, device, priority)",
        ),
        (
            r#"CreateContext(name: "", device: "d")"#,
            "21: commands[0].CreateContext.name: a name must not be empty",
        ),
        (
            r#"Submit(contxt: "c", commands: [])"#,
            "8: commands[0].Submit.contxt: there is no field `contxt` (did you mean `context`?)",
        ),
        (
            r#"Submit(context: "c")"#,
            "1: commands[0].Submit: Unexpected missing field named `commands` in `Submit`",
        ),
        (
            r#"Submit(context: "c", commands: Unbind)"#,
            "32: commands[0].Submit.commands: Expected opening `[`",
        ),
        (
            r#"Submit(context: "c", commands: [Unbind, Cpoy(from: "a", to: "b")])"#,
            "41: commands[0].Submit.commands[1]: `Cpoy` is not known here (did you mean `Copy`?)",
        ),
        (
            r#"Submit(context: "c", commands: [Flush])"#,
            "33: commands[0].Submit.commands[0]: `Flush` is not known here (write one of Fill, Copy, Blit, Add, Draw, Unbind, Wait, Signal, Bytes)",
        ),
        (
            r#"Submit(context: "c", commands: [Fill(allocation: "a", offset: -1, pattern: 0)])"#,
            "63: commands[0].Submit.commands[0].Fill.offset: -1 is negative; write a whole number from 0",
        ),
        (
            r#"Submit(context: "c", commands: [Fill(allocation: "a", length: "16777216 TiB", pattern: 0)])"#,
            "63: commands[0].Submit.commands[0].Fill.length: `16777216 TiB` is larger than 64 bits can hold",
        ),
        (
            r#"Submit(context: "c", commands: [Fill(allocation: "a", pattern: 0x1_0000_0000)])"#,
            "64: commands[0].Submit.commands[0].Fill.pattern: Integer is out of bounds",
        ),
        (
            r#"Submit(context: "c", commands: [Fill(allocation: "a", fill_pattern: 0)])"#,
            "55: commands[0].Submit.commands[0].Fill.fill_pattern: there is no field `fill_pattern` (write one of allocation, offset, length, pattern)",
        ),
        (
            r#"Submit(context: "c", commands: [Copy(from: "a", to: "b", to_offset: 18446744073709551616)])"#,
            "69: commands[0].Submit.commands[0].Copy.to_offset: 18446744073709552000 is not a whole number of at most 64 bits",
        ),
        (
            r#"Submit(context: "c", commands: [Copy(from: "a", from_ofset: 0, to: "b")])"#,
            "49: commands[0].Submit.commands[0].Copy.from_ofset: there is no field `from_ofset` (did you mean `from_offset`?)",
        ),
        (
            r#"Submit(context: "c", commands: [Blit(from: "a", from_pitch: "4 GiB", to: "b", to_pitch: 1, row_bytes: 1, rows: 1)])"#,
            "61: commands[0].Submit.commands[0].Blit.from_pitch: 0x100000000 does not fit in a 32-bit word",
        ),
        (
            r#"Submit(context: "c", commands: [Blit(from: "a", from_pitch: 1, to: "b", to_pitch: 1, row_bytes: "1 kB", rows: 1)])"#,
            "97: commands[0].Submit.commands[0].Blit.row_bytes: `kB` is not a unit of size: use B, KiB, MiB, GiB or TiB",
        ),
        (
            r#"Submit(context: "c", commands: [Add(allocation: "a", addend: -1)])"#,
            "62: commands[0].Submit.commands[0].Add.addend: Integer is out of bounds",
        ),
        (
            r#"Submit(context: "c", commands: [Draw([Read("a"), Wirte("a")])])"#,
            "50: commands[0].Submit.commands[0].Draw[1]: `Wirte` is not known here (did you mean `Write`?)",
        ),
        (
            r#"Submit(context: "c", commands: [Draw([ReadRange(allocation: "a", length: -2)])])"#,
            "74: commands[0].Submit.commands[0].Draw[0].ReadRange.length: -2 is negative; write a whole number from 0",
        ),
        (
            r#"Submit(context: "c", commands: [Wait(allocation: "a", value: -1)])"#,
            "62: commands[0].Submit.commands[0].Wait.value: Integer is out of bounds",
        ),
        (
            r#"Submit(context: "c", commands: [Signal(allocation: "a", length: 8, value: 1)])"#,
            "57: commands[0].Submit.commands[0].Signal.length: there is no field `length` (write one of allocation, offset, value)",
        ),
        (
            r#"Submit(context: "c", commands: [Bytes(bytes: "40 E", allocations: [])])"#,
            "46: commands[0].Submit.commands[0].Bytes.bytes: `E` is not pairs of hexadecimal digits, such as \"40 E1 0B\"",
        ),
        (
            r#"Submit(context: "c", commands: [Bytes(bytes: "40", allocations: ["a", ""])])"#,
            "71: commands[0].Submit.commands[0].Bytes.allocations[1]: a name must not be empty",
        ),
        (
            r#"Submt(context: "c", commands: [])"#,
            "1: commands[0]: `Submt` is not known here (did you mean `Submit`?)",
        ),
        (
            r#"CreateContxt(name: "c", device: "d")"#,
            "1: commands[0]: `CreateContxt` is not known here (did you mean `CreateContext`?)",
        ),
    ];
    let found = table.map(|(command, _)| shown(&with_commands(command)));
    assert_eq!(found, table.map(|(_, expected)| format!("bad.ron:3:{expected}")));
}

#[test]
fn unbound_names_of_submissions_are_all_reported() {
    let text = with_commands(concat!(
        "CreateProcess(\"game\"), CreateDevice(name: \"dev\", process: \"game\", dma_buffer_segments: [\"OWM\"]),\n",
        "CreateContext(name: \"paint\", device: \"dev\"), CreateAllocation(name: \"tex\", device: \"dev\", size: 1),\n",
        "CreateContext(name: \"paint\", device: \"paint\"),\n",
        "Submit(context: \"pain\", commands: []), Submit(context: \"dev\", commands: []),\n",
        "Submit(device: \"paint\", commands: []), Submit(commands: []),\n",
        "Submit(context: \"paint\", device: \"dev\", commands: [Unbind]),\n",
        "Submit(context: \"paint\", commands: [Fill(allocation: \"text\", pattern: 0), Copy(from: \"a\", to: \"b\")]),\n",
        "Submit(context: \"paint\", commands: [Blit(from: \"tex\", from_pitch: 0, to: \"dev\", to_pitch: 0, row_bytes: 0, rows: 0)]),\n",
        "Submit(context: \"paint\", commands: [Add(allocation: \"a\", addend: 0), Draw([Read(\"tex\"), Write(\"a\")])]),\n",
        "Submit(context: \"paint\", commands: [Wait(allocation: \"a\", value: 0), Signal(allocation: \"b\", value: 0)]),\n",
        "Submit(context: \"paint\", commands: [Bytes(bytes: \"00\", allocations: [\"tex\", \"paint\"])]),\n",
    ));
    let shown: Vec<String> = errors(&text).iter().map(ToString::to_string).collect();
    let expected = [
        "bad.ron:5:21: commands[4].CreateContext.name: another context is called `paint`, and a name is never used again (the first is commands[2] on line 4)",
        "bad.ron:3:89: commands[1].CreateDevice.dma_buffer_segments[0]: no segment is called `OWM` (did you mean `OWN`?)",
        "bad.ron:5:38: commands[4].CreateContext.device: no device is called `paint`, but a context is",
        "bad.ron:6:17: commands[5].Submit.context: no context is called `pain` (did you mean `paint`?)",
        "bad.ron:6:56: commands[6].Submit.context: no context is called `dev`, but a device is",
        "bad.ron:7:16: commands[7].Submit.device: no device is called `paint`, but a context is",
        "bad.ron:7:40: commands[8].Submit: it has neither `context` nor `device`, so nothing says who submits",
        "bad.ron:8:34: commands[9].Submit.device: it has both `context` and `device`, and only one of them can submit",
        "bad.ron:9:54: commands[10].Submit.commands[0].Fill.allocation: no allocation is called `text` (did you mean `tex`?)",
        "bad.ron:9:86: commands[10].Submit.commands[1].Copy.from: no allocation is called `a`",
        "bad.ron:9:95: commands[10].Submit.commands[1].Copy.to: no allocation is called `b`",
        "bad.ron:10:74: commands[11].Submit.commands[0].Blit.to: no allocation is called `dev`, but a device is",
        "bad.ron:11:53: commands[12].Submit.commands[0].Add.allocation: no allocation is called `a`",
        "bad.ron:11:95: commands[12].Submit.commands[1].Draw[1].Write: no allocation is called `a`",
        "bad.ron:12:54: commands[13].Submit.commands[0].Wait.allocation: no allocation is called `a`",
        "bad.ron:12:89: commands[13].Submit.commands[1].Signal.allocation: no allocation is called `b`",
        "bad.ron:13:77: commands[14].Submit.commands[0].Bytes.allocations[1]: no allocation is called `paint`, but a context is",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn wrong_costs_and_kept_bytes_are_located() {
    let (mut found, mut wanted) = (Vec::new(), Vec::new());
    let costs = [
        (
            "link_to_device: -1",
            "17: adapter.costs.link_to_device: -1 is negative; write a whole number from 0",
        ),
        (
            "link_to_host: \"16 GB\"",
            "15: adapter.costs.link_to_host: `GB` is not a unit of size: use B, KiB, MiB, GiB or TiB",
        ),
        (
            "local_memory: 18446744073709551616",
            "15: adapter.costs.local_memory: 18446744073709552000 is not a whole number of at most 64 bits",
        ),
        (
            "hibernate_file: \"16777216 TiB\"",
            "17: adapter.costs.hibernate_file: `16777216 TiB` is larger than 64 bits can hold",
        ),
        (
            "link_to_host: 1.5e9",
            "15: adapter.costs.link_to_host: 1500000000 is not a whole number of at most 64 bits",
        ),
        ("packet: \"1 us\"", "9: adapter.costs.packet: Expected integer"),
        ("power_up: -1", "11: adapter.costs.power_up: Integer is out of bounds"),
        (
            "power_down: 18446744073709551616",
            "13: adapter.costs.power_down: Integer is out of bounds",
        ),
        (
            "link: 1",
            "1: adapter.costs.link: there is no field `link` (write one of link_to_device, link_to_host, local_memory, operation, submission, packet, aperture_page, hibernate_file, power_down, power_up)",
        ),
        ("packet: 1, packet: 2", "12: adapter.costs: the field `packet` is there twice"),
    ];
    for (field, expected) in costs {
        let text =
            format!("(version: 1, adapter: (profile: \"p\", costs: (\n{field})), commands: [])");
        found.push(shown(&text));
        wanted.push(format!("bad.ron:2:{expected}"));
    }
    let keeps = [
        ("standby: Some", "14: adapter.segments[0].hardware_keeps.standby: Expected identifier"),
        (
            "standby: Half",
            "10: adapter.segments[0].hardware_keeps.standby: `Half` is not known here (write one of Nothing, Everything, First)",
        ),
        (
            "standby: First(-1)",
            "16: adapter.segments[0].hardware_keeps.standby.First: -1 is negative; write a whole number from 0",
        ),
        (
            "hibernate: First(18446744073709551616)",
            "18: adapter.segments[0].hardware_keeps.hibernate.First: 18446744073709552000 is not a whole number of at most 64 bits",
        ),
        (
            "hibernate: First(\"16777216 TiB\")",
            "18: adapter.segments[0].hardware_keeps.hibernate.First: `16777216 TiB` is larger than 64 bits can hold",
        ),
        (
            "hibernate: First",
            "12: adapter.segments[0].hardware_keeps.hibernate.First: Expected opening `(`",
        ),
        (
            "hibernate: 5",
            "12: adapter.segments[0].hardware_keeps.hibernate: `5` is not a word that is known here",
        ),
        (
            "hibernation: Nothing",
            "1: adapter.segments[0].hardware_keeps.hibernation: there is no field `hibernation` (did you mean `hibernate`?)",
        ),
    ];
    for (field, expected) in keeps {
        let text = format!(
            "(version: 1, adapter: (profile: \"p\", segments: [(name: \"S\", size: 1, hardware_keeps: (\n{field}))]), commands: [])"
        );
        found.push(shown(&text));
        wanted.push(format!("bad.ron:2:{expected}"));
    }
    assert_eq!(found, wanted);
}

#[test]
fn names_of_the_wrong_kind_are_reported() {
    let text = with_commands(concat!(
        "CreateProcess(\"game\"), CreateDevice(name: \"dev\", process: \"game\"),\n",
        "CreateAllocation(name: \"tex\", device: \"dev\", size: 1, existing: \"tex\"),\n",
        "ReservePages(name: \"pages\", pages: 1), ReservePages(name: \"pages\", pages: 1),\n",
        "Lock(allocation: \"pages\", device: \"game\"), ReleasePages(\"page\"),\n",
        "OpenAllocation(allocation: \"tex\", device: \"dw\"), Offer([\"tex\", \"dev\"], AUTO),\n",
        "Transfer(allocation: \"dev\", transfer_size: 1, source: Segment(\"tex\", 0), destination: Pages(\"OWN\")),\n",
        "MapApertureSegment(device: \"tex\", segment: 0, number_of_pages: 1, pages: \"tex\"),\n",
        "Expect(Owner(allocation: \"tex\", device: \"tex\")), Expect(Damage(Pages(pages: \"tex\", offset: 0))),\n",
        "CreateAllocation(name: \"unsized\", device: \"dev\"), Expect(Offer(\"pages\", Offered)),\n",
        "WritePages(pages: \"pages\", length: 3, data: Bytes(\"00\")), Display(\"texx\"),\n",
    ));
    let shown: Vec<String> = errors(&text).iter().map(ToString::to_string).collect();
    let expected = [
        "bad.ron:5:59: commands[4].ReservePages.name: another page reservation is called `pages`, and a name is never used again (the first is commands[3] on line 5)",
        "bad.ron:4:65: commands[2].CreateAllocation.existing: no page reservation is called `tex`, but an allocation is",
        "bad.ron:6:18: commands[5].Lock.allocation: no allocation is called `pages`, but a page reservation is",
        "bad.ron:6:35: commands[5].Lock.device: no device is called `game`, but a process is",
        "bad.ron:6:57: commands[6].ReleasePages: no page reservation is called `page` (did you mean `pages`?)",
        "bad.ron:7:43: commands[7].OpenAllocation.device: no device is called `dw`",
        "bad.ron:7:64: commands[8].Offer[0][1]: no allocation is called `dev`, but a device is",
        "bad.ron:8:22: commands[9].Transfer.allocation: no allocation is called `dev`, but a device is",
        "bad.ron:8:63: commands[9].Transfer.source.Segment[0]: no segment is called `tex`, but an allocation is",
        "bad.ron:8:93: commands[9].Transfer.destination.Pages: no page reservation is called `OWN`, but a segment is",
        "bad.ron:9:28: commands[10].MapApertureSegment.device: no device is called `tex`, but an allocation is",
        "bad.ron:9:44: commands[10].MapApertureSegment.segment: segments count from 1; only a paging buffer may name 0, for no segment",
        "bad.ron:9:74: commands[10].MapApertureSegment.pages: no page reservation is called `tex`, but an allocation is",
        "bad.ron:10:41: commands[11].Expect.Owner.device: no device is called `tex`, but an allocation is",
        "bad.ron:10:77: commands[12].Expect.Damage.Pages.pages: no page reservation is called `tex`, but an allocation is",
        "bad.ron:11:1: commands[13].CreateAllocation: it has neither `size` nor `rows`, so nothing says how large it is",
        "bad.ron:11:64: commands[14].Expect.Offer[0]: no allocation is called `pages`, but a page reservation is",
        "bad.ron:12:36: commands[15].WritePages.length: the length is 3 B, but the data has 1 B",
        "bad.ron:12:67: commands[16].Display: no allocation is called `texx` (did you mean `tex`?)",
    ];
    assert_eq!(shown, expected);
}

/// Commands name at most segment 31; the adapter may have more, all the same.
#[test]
fn segments_beyond_the_ids_cannot_be_named() {
    let segments: String =
        (1..=33).map(|number| format!("(name: \"S{number}\", size: 1),")).collect();
    let text = format!(
        "(version: 1, adapter: (profile: \"inspector\", segments: [{segments}]), commands: [\nReadPhysical(segment: \"S32\", address: 0)])"
    );
    assert_eq!(
        shown(&text),
        "bad.ron:2:23: commands[0].ReadPhysical.segment: `S32` is segment 32, and commands can name segments 1 to 31"
    );
}

#[test]
fn missing_fields_are_named_where_they_are_missing() {
    let error = shown(&with_commands(r#"EvictAll, CreateDevice(name: "d")"#));
    assert!(error.starts_with("bad.ron:3:11: commands[1].CreateDevice: "), "{error}");
    assert!(error.contains("`process`"), "{error}");
    let error = shown("// c\n(version: 1, commands: [])");
    assert!(error.starts_with("bad.ron:2:1: ") && error.contains("`adapter`"), "{error}");
}

#[test]
fn other_versions_of_the_format_are_refused_before_the_rest_is_read() {
    let error = shown("(version: 2, surprise: 1)");
    assert_eq!(
        error,
        "bad.ron:1:11: version: format version 2 is not one that this program reads; it reads 1"
    );
}

#[test]
fn unknown_and_duplicate_names_are_all_reported() {
    let text = with_commands(concat!(
        "CreateProcess(\"game\"),\n",
        "CreateProcess(\"game\"),\n",
        "CreateDevice(name: \"d\", process: \"gane\"),\n",
        "CreateAllocation(name: \"texture\", device: \"d\", size: 1, preferred: [\"OWN\", (\"OWM\", FromEnd)], eviction: [0]),\n",
        "MakeResident([\"texture\", \"textures\"]),\n",
        "Use([Read(\"zzz\"), WriteRange(allocation: \"Texture\")]),\n",
        "CpuWrite(allocation: \"texture\", length: 1, data: Bytes(\"00 00\")),\n",
    ));
    let shown: Vec<String> = errors(&text).iter().map(ToString::to_string).collect();
    let expected = [
        "bad.ron:4:15: commands[1].CreateProcess: another process is called `game`, and a name is never used again (the first is commands[0] on line 3)",
        "bad.ron:5:34: commands[2].CreateDevice.process: no process is called `gane` (did you mean `game`?)",
        "bad.ron:6:76: commands[3].CreateAllocation.preferred[1]: no segment is called `OWM` (did you mean `OWN`?)",
        "bad.ron:6:106: commands[3].CreateAllocation.eviction[0]: segments count from 1; only a paging buffer may name 0, for no segment",
        "bad.ron:7:26: commands[4].MakeResident[1]: no allocation is called `textures` (did you mean `texture`?)",
        "bad.ron:8:11: commands[5].Use[0].Read: no allocation is called `zzz`",
        "bad.ron:8:42: commands[5].Use[1].WriteRange.allocation: no allocation is called `Texture` (did you mean `texture`?)",
        "bad.ron:9:41: commands[6].CpuWrite.length: the length is 1 B, but the data has 2 B",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn adapters_are_bound_to_their_profile_and_segments() {
    let text = r#"(version: 1, adapter: (profile: "other"), commands: [])"#;
    assert_eq!(shown(text), "bad.ron:1:33: adapter.profile: there is no driver profile `other`");
    let text = r#"(version: 1, adapter: (profile: "inspector", segments: [(name: "A", size: 1), (name: "A", size: 1)], paging_buffer: (segment: "B")), commands: [])"#;
    let shown: Vec<String> = errors(text).iter().map(ToString::to_string).collect();
    let expected = [
        "bad.ron:1:86: adapter.segments[1].name: another segment is called `A`, and a name is never used again (the first is adapter.segments[0].name on line 1)",
        "bad.ron:1:127: adapter.paging_buffer.segment: no segment is called `B`",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn limits_are_located_errors() {
    let long = "n".repeat(129);
    let error = shown(&with_commands(&format!("Evict(\"{long}\")")));
    assert_eq!(
        error,
        "bad.ron:3:7: commands[0].Evict: the name has 129 bytes; at most 128 are allowed"
    );

    let of_adapter = |fields: &str| {
        format!("(version: 1, adapter: (profile: \"inspector\", {fields}), commands: [])")
    };
    let segments = "(name: \"S\", size: 1),".repeat(65);
    let error = errors(&of_adapter(&format!("segments: [{segments}]"))).remove(0);
    assert_eq!(error.rule, Rule::Limit);
    assert_eq!(
        error.to_string(),
        "bad.ron:1:56: adapter.segments: the list has more than 64 items, which is the limit"
    );
    let ends = "1,".repeat(65_537);
    let text = of_adapter(&format!("segments: [(name: \"S\", size: 1, bank_ends: [{ends}])]"));
    assert_eq!(
        shown(&text),
        "bad.ron:1:89: adapter.segments[0].bank_ends: the list has more than 65,536 items, which is the limit"
    );
    let ranges = "(offset: 0, size: 1),".repeat(65_537);
    let text =
        of_adapter(&format!("segments: [(name: \"S\", size: 1, invalid_ranges: [{ranges}])]"));
    assert_eq!(
        shown(&text),
        "bad.ron:1:94: adapter.segments[0].invalid_ranges: the list has more than 65,536 items, which is the limit"
    );

    for keyword in ["Offer", "Reclaim"] {
        let names = "\"a\",".repeat(1_048_577);
        let priority = if keyword == "Offer" { ", LOW" } else { "" };
        let error = errors(&with_commands(&format!("{keyword}([{names}]{priority})"))).remove(0);
        assert_eq!(error.rule, Rule::Limit, "{error}");
        assert!(error.message.contains("1,048,576"), "{error}");
        assert_eq!(error.position.line, 3);
    }
    assert_eq!(
        shown(&with_commands(r#"ReservePages(name: "p", pages: 4294967297)"#)),
        "bad.ron:3:32: commands[0].ReservePages.pages: the pages of one reservation are more than 4,294,967,296, which is the limit"
    );
    assert_eq!(
        shown(&with_commands(
            r#"CreateAllocation(name: "t", device: "d", size: 1, hinted_banks: [1, 2, 3, 4, 5]), CreateDevice(name: "d", process: "p"), CreateProcess("p")"#
        )),
        "bad.ron:3:65: commands[0].CreateAllocation.hinted_banks: 5 banks are hinted at, but the bank preference has four groups"
    );

    let preferred = "\"OWN\",".repeat(6);
    let text = with_commands(&format!(
        "CreateAllocation(name: \"t\", device: \"d\", size: 1, preferred: [{preferred}]), CreateDevice(name: \"d\", process: \"p\"), CreateProcess(\"p\")"
    ));
    assert_eq!(
        shown(&text),
        "bad.ron:3:62: commands[0].CreateAllocation.preferred: 6 segments are preferred, but the preference word has five slots"
    );
}

#[test]
fn more_commands_than_the_limit_are_refused() {
    let text = with_commands(&"EvictAll,".repeat(4_194_305));
    let error = parse(&text, "bad.ron").expect_err("one too many");
    assert_eq!((error.rule, error.field_path.as_str()), (Rule::Limit, "commands"));
    assert!(error.message.contains("4,194,304"), "{error}");
}

#[test]
fn texts_that_are_no_text_are_located() {
    let bytes = b"(version: 1,\n \xC3\xA4\xFF".to_vec();
    let error = text_of_bytes(bytes, "bad.ron").expect_err("0xFF is never UTF-8");
    assert_eq!((error.position.line, error.position.column), (2, 3), "{error}");
    assert_eq!(error.rule, Rule::Encoding);
    let error = text_of_bytes(b"\xFF\xFE(\0".to_vec(), "bad.ron").expect_err("UTF-16");
    assert_eq!((error.position.line, error.position.column), (1, 1), "{error}");
    let error = parse("\u{FEFF}(version: 1)", "bad.ron").expect_err("a byte order mark");
    assert_eq!(error.rule, Rule::Encoding);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    for path in ["/nonexistent/session.ron", "/", "/dev/zero"] {
        let error = load(std::path::Path::new(path)).expect_err(path);
        assert_eq!(error.rule, Rule::File);
        assert!(error.to_string().starts_with(&format!("{path}: cannot be read: ")), "{error}");
    }
}

#[test]
fn syntax_errors_are_where_the_text_goes_wrong() {
    let table = [
        ("", (1, 1)),
        ("(version: 1", (1, 12)),
        ("(version: 1,\n title: \"open", (2, 9)),
        ("(version: 1,\n adapter: (profile: \"p\"), commands: [EvictAll EvictAll])", (2, 47)),
        ("(version: 1, adapter: (profile: \"inspector\"), commands: []) x", (1, 61)),
    ];
    for (text, (line, column)) in table {
        let error = parse(text, "bad.ron").expect_err(text);
        assert_eq!((error.position.line, error.position.column), (line, column), "{error}");
    }
}

/// Deep nesting neither overflows the stack nor takes time that grows with its square.
#[test]
fn deep_nesting_is_refused() {
    for open in ["(", "[", "{", "Some(", "/*", "Expect("] {
        let deep = open.repeat(200_000);
        for text in [
            deep.clone(),
            format!("(version: {deep}"),
            format!("(version: 1, adapter: {deep}"),
            format!("(version: 1, surprise: {deep}"),
            with_commands(&deep),
            with_commands(&format!("SetPriority(\"t\", {deep}")),
            with_commands(&format!("CreateAllocation(preferred: [{deep}")),
        ] {
            let error = parse(&text, "bad.ron").expect_err(open);
            assert!(error.position.line >= 1 && error.position.column >= 1, "{error}");
        }
    }
}

/// Every prefix of a session is an error with a place inside it.
#[test]
fn truncated_at_every_byte_is_a_located_error() {
    let whole = EVERYTHING.trim_end();
    for end in 0..whole.len() {
        let text = &whole[..end];
        let error = parse(text, "bad.ron").expect_err("something is missing");
        let lines = u32::try_from(text.lines().count().max(1)).unwrap_or(u32::MAX);
        assert!(error.position.line <= lines + 1, "cut at {end}: {error}");
    }
}

/// Random damage is an error with a place, or a session that can be written and read again.
#[test]
fn mutated_sessions_never_panic() {
    let pieces = [
        "(",
        ")",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "//",
        "/*",
        "*/",
        "0x",
        "-1",
        "None",
        "Some(",
        "r#\"",
        "\\u{",
        "1e9",
        "'",
        "{",
        "b\"",
        "\u{2028}",
        "ü",
        "inf",
        "..",
        "tex",
        "#![enable(x)]",
    ];
    for seed in 0..4_000 {
        let mut rng = SplitMix::new(seed);
        let mut text = EVERYTHING.to_owned();
        for _ in 0..=rng.below(3) {
            let boundary = |text: &str, rng: &mut SplitMix| {
                let length = u64::try_from(text.len()).unwrap_or(0);
                let mut at = usize::try_from(rng.below(length + 1)).unwrap_or(0);
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let (one, other) = (boundary(&text, &mut rng), boundary(&text, &mut rng));
            let piece = usize::try_from(rng.below(26)).unwrap_or(0);
            match rng.below(3) {
                0 => text.insert_str(one, pieces[piece]),
                1 => {
                    let mut end = one.saturating_add(1).min(text.len());
                    while !text.is_char_boundary(end) {
                        end += 1;
                    }
                    text.replace_range(one..end, pieces[piece]);
                }
                _ => {
                    let from = one.min(other);
                    let mut to = from.saturating_add(12).min(text.len());
                    while !text.is_char_boundary(to) {
                        to -= 1;
                    }
                    text.replace_range(from..to, "");
                }
            }
        }
        match open(&text, "mutated.ron", &profile) {
            Ok(session) => {
                let written = crate::session::write(&session.document);
                let again = parse(&written, "again.ron").map_err(|error| error.to_string());
                assert_eq!(again, Ok(session.document), "seed {seed}");
            }
            Err(errors) => {
                let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
                assert!(!errors.is_empty(), "seed {seed}");
                for error in errors {
                    assert!(error.position.line <= lines + 1, "seed {seed}: {error}");
                    assert!(!error.message.is_empty(), "seed {seed}");
                }
            }
        }
    }
}
