//! Submissions whose commands, packets, patch locations and places can be counted by hand.

use super::*;
use crate::base::{AllocationId, SegmentAddress};
use crate::gpu::{Place as GpuPlace, RegionId};

/// 16 MiB of memory. The first submission needs 12 of them; the second needs 20, so that its four
/// commands go in parts, and the target comes back behind the texture.
pub(in crate::analysis) const SUBMISSIONS: &str = r#"(
    version: 1, title: "t", notes: "", tags: [],
    adapter: (
        profile: "inspector", name: "t", system_memory: "64 MiB", frame_seed: 5,
        segments: [
            (name: "GART", flags: "Aperture | CpuVisible | CacheCoherent", base: 0xC0000000, size: "4 MiB"),
            (name: "VRAM", flags: "CpuVisible", base: 0x0, size: "16 MiB"),
        ],
        paging_buffer: (segment: "GART", size: "4 KiB", private_data_size: 0, count: 2),
    ),
    commands: [
        CreateProcess("game.exe"),
        CreateDevice(name: "d", process: "game.exe", dma_buffer_size: "4 KiB"),
        CreateContext(name: "render", device: "d", priority: 1),
        CreateAllocation(name: "target", device: "d", size: "6 MiB", preferred: ["VRAM"], supported: ["VRAM"]),
        CreateAllocation(name: "texture", device: "d", size: "6 MiB", preferred: ["VRAM"], supported: ["VRAM"]),
        CreateAllocation(name: "shadow", device: "d", size: "8 MiB", preferred: ["VRAM"], supported: ["VRAM"]),
        Submit(context: "render", commands: [
            Fill(allocation: "target", pattern: 0xFF00FF00),
            Copy(from: "texture", to: "target", length: "1 MiB"),
            Draw([Read("texture"), Write("target")]),
        ]),
        Submit(context: "render", commands: [
            Fill(allocation: "shadow", pattern: 0x11),
            Copy(from: "shadow", to: "target", length: "1 MiB"),
            Fill(allocation: "texture", pattern: 7),
            Copy(from: "texture", to: "target", length: "4 MiB"),
        ]),
        Use([Read("target")]),
    ],
)"#;

fn id(opened: &Opened, name: &str) -> AllocationId {
    let ids = (0..8).filter_map(AllocationId::from_index);
    let mut ids = ids.filter(|id| opened.names.allocation(*id) == name);
    ids.next().expect("the session names it")
}

/// The only pass of the only work of the command at a place.
fn at<R>(
    opened: &mut super::Opened,
    place: &str,
    look: impl FnOnce(Sources<'_>, &Work, &Pass) -> R,
) -> R {
    with(opened, place, |sources| {
        let works = works(sources.trace);
        let [work] = &works[..] else { panic!("one command buffer, not {}", works.len()) };
        let [pass] = &work.passes[..] else { panic!("one pass, not {}", work.passes.len()) };
        look(sources, work, pass)
    })
}

/// Five commands of 40 bytes: a fill, a copy, and a draw with two accesses. Four packets of 32
/// bytes, of which the copy has two addresses and each other one.
#[test]
fn commands_are_linked_to_the_packets_made_from_them() {
    let mut opened = opened(SUBMISSIONS);
    at(&mut opened, "7.1", |sources, work, pass| {
        assert_eq!(work.command.map(|(_, length)| length), Some(200));
        let list = command_list(sources, work, pass);
        assert_eq!((list.held, list.len(), list.groups()), (CommandHeld::Here, 5, 3));
        let packets: Vec<_> = (0..4).map(|group| list.packets_of(group)).collect();
        assert_eq!(packets, [Some(0..32), Some(32..64), Some(64..128), None]);
        let groups: Vec<_> = (0..5).map(|command| list.group_of(command)).collect();
        assert_eq!(groups, [0, 1, 2, 2, 2]);
        assert_eq!(list.commands_of(2), 2..5);
        assert_eq!((list.group_at(96), list.group_at(128)), (Some(2), None));
        assert_eq!(list.range(1), 40..80);
    });
}

#[test]
fn a_submission_is_rendered_patched_executed_and_ended() {
    let mut opened = opened(SUBMISSIONS);
    let mut states = Vec::new();
    for place in ["7.1", "7.3", "7.4", "7.5.1", "7.5.3", "7"] {
        at(&mut opened, place, |sources, _, pass| {
            let [part] = &pass.parts[..] else { panic!("it is not split") };
            assert_eq!((part.start, part.end, part.split_for), (0, 128, None));
            // Two allocations are filled as they are paged in.
            assert_eq!(
                (&part.paging[..], part.patch, &part.submits[..]),
                (&[2, 3][..], 4, &[5][..])
            );
            let (state, executed) = part_state(sources.started, pass, part);
            states.push((state.name(), executed));
            let card = &pass_scene(sources, pass).cards[0];
            assert_eq!((card.used, card.size, card.executed), (128, 4096, executed));
        });
    }
    // The packets of paging run once everything is submitted: memory is shown as of those.
    let expected = [
        ("rendered", 0),
        ("submitted", 0),
        ("submitted", 0),
        ("executing", 32),
        ("executing", 96),
        ("ended", 128),
    ];
    assert_eq!(states, expected);
    // Nothing is paged for the last command.
    let mut states = Vec::new();
    for place in ["9.1", "9.2", "9.3"] {
        at(&mut opened, place, |sources, _, pass| {
            states.push(part_state(sources.started, pass, &pass.parts[0]).0.name());
        });
    }
    assert_eq!(states, ["rendered", "patched", "ended"]);
}

#[test]
fn every_operation_of_a_submission_is_found_in_it() {
    let mut opened = opened(SUBMISSIONS);
    with(&mut opened, "7", |sources| {
        let works = works(sources.trace);
        let found: Vec<_> = (1..=6)
            .map(|operation| {
                let spot = spot(sources.trace, &works, operation);
                spot.map(|spot| (spot.part, spot.paging))
            })
            .collect();
        let part = Some((Some(0), false));
        let paging = Some((Some(0), true));
        assert_eq!(found, [Some((None, false)), paging, paging, part, part, None]);
    });
}

/// Nothing is resident when it is rendered; then the target lies at 0, the texture behind its 6 MiB.
#[test]
fn addresses_are_unpatched_and_then_what_patching_wrote() {
    let mut opened = opened(SUBMISSIONS);
    let (target, texture) = (id(&opened, "target"), id(&opened, "texture"));
    let marks = |sources: Sources<'_>, pass: &Pass, range| {
        let scene = pass_scene(sources, pass);
        let bytes = fetch(sources.started, &scene.cards[0]).bytes;
        address_mark(sources, pass, &bytes, &range)
    };
    at(&mut opened, "7.1", |sources, _, pass| {
        let [fill] = &marks(sources, pass, 0..32)[..] else { panic!("one address") };
        assert_eq!((fill.offset, fill.slot, fill.allocation), (16, 1, Some((target, 0))));
        assert_eq!((fill.before, fill.patched, fill.patch), (Before::Unpatched, false, 4));
    });
    at(&mut opened, "7.4", |sources, _, pass| {
        let vram = RegionId(2);
        let copy = marks(sources, pass, 32..64);
        let found: Vec<_> = copy.iter().map(|mark| (mark.offset, mark.slot, mark.now)).collect();
        let at = |address| GpuPlace { region: vram, address };
        assert_eq!(found, [(40, 0, at(0x60_0000)), (48, 1, at(0))]);
        assert!(copy.iter().all(|mark| mark.patched && mark.before == Before::Unpatched));
        let rows = list_rows(sources, pass);
        let found: Vec<_> =
            rows.iter().map(|row| (row.allocation, row.written, row.at_render, row.now)).collect();
        let vram = SegmentId::new(2).expect("numbers begin at 1");
        let at = |address| Residence::At(vram, SegmentAddress(address));
        assert_eq!(found, [(target, true, None, at(0)), (texture, false, None, at(0x60_0000))]);
        // Slot 0 for what is read and 1 for what is written; a draw's accesses from slot 2 on.
        assert_eq!((&rows[0].slots[..], &rows[1].slots[..]), (&[1, 3][..], &[0, 2][..]));
    });
}

#[test]
fn what_is_resident_is_patched_before() {
    let mut opened = opened(SUBMISSIONS);
    at(&mut opened, "9", |sources, _, pass| {
        let scene = pass_scene(sources, pass);
        let bytes = fetch(sources.started, &scene.cards[0]).bytes;
        let marks = address_mark(sources, pass, &bytes, &(0..32));
        assert_eq!(marks.iter().map(|mark| mark.before).collect::<Vec<_>>(), [Before::Same]);
        let list = list_rows(sources, pass);
        let (segment, address) = list[0].at_render.expect("it was resident");
        assert_eq!(list[0].now, Residence::At(segment, address));
    });
}

/// Four packets, of which no two next to each other have all that they name in 16 MiB at once: the
/// shadow and the target have, but not beside what the fill before them keeps bound.
#[test]
fn a_split_buffer_has_parts_with_reasons() {
    let mut opened = opened(SUBMISSIONS);
    let (texture, shadow) = (id(&opened, "texture"), id(&opened, "shadow"));
    at(&mut opened, "8", |sources, _, pass| {
        let ranges: Vec<_> = pass.parts.iter().map(|part| (part.start, part.end)).collect();
        assert_eq!(ranges.first().map(|range| range.0), Some(0));
        assert_eq!(ranges.last().map(|range| range.1), Some(128));
        assert!(ranges.len() > 1 && ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
        assert_eq!(pass.parts[0].split_for, None);
        for part in &pass.parts[1..] {
            assert!(part.split_for == Some(texture) || part.split_for == Some(shadow));
        }
        let card = &pass_scene(sources, pass).cards[0];
        let starts: Vec<u32> = ranges[1..].iter().map(|range| range.0).collect();
        assert_eq!(card.cuts, starts);
        let bytes = fetch(sources.started, card).bytes;
        let lines = packets(sources, card, &bytes);
        // Every packet is a step of the part that it lies in.
        for line in &lines {
            let start = u32::try_from(line.range.start).expect("it is small");
            let part = pass.parts.iter().find(|part| (part.start..part.end).contains(&start));
            let inner = line.step.and_then(|step| step.inner).expect("it ran in this command");
            assert_eq!(Some(&inner.operation), part.and_then(|part| part.submits.last()));
            assert_eq!(inner.packet, Some((start - part.map_or(0, |part| part.start)) / 32 + 1));
        }
        let splits = rows(card, &lines, &BTreeSet::new());
        let splits = splits.iter().filter(|row| matches!(row, Row::Split(_))).count();
        assert_eq!(splits, pass.parts.len() - 1);
    });
}

/// Looked at from a later command, the pages hold what was rendered since.
#[test]
fn a_command_buffer_that_was_written_again_is_not_shown() {
    let mut opened = opened(SUBMISSIONS);
    let trace = opened.run.trace(7).expect("it is deterministic");
    assert_eq!(opened.run.go_to("9".parse().expect("a place")), Ok(true));
    let started = opened.run.machine().started().expect("the adapter starts");
    let sources = Sources { started, names: &opened.names, trace: &trace };
    let works = works(sources.trace);
    let list = command_list(sources, &works[0], &works[0].passes[0]);
    assert_eq!((list.held, list.len()), (CommandHeld::Overwritten, 0));
    let part = &works[0].passes[0].parts[0];
    let (state, _) = part_state(started, &works[0].passes[0], part);
    assert_eq!(state.name(), "ended");
}

/// Nothing runs by itself: what the low context submits has not begun when the high one submits.
const PREEMPTED: &str = r#"(
    version: 1, title: "t", notes: "", tags: [], policies: (engine: Manual),
    adapter: (
        profile: "inspector", name: "t", system_memory: "64 MiB", frame_seed: 5,
        segments: [
            (name: "GART", flags: "Aperture | CpuVisible | CacheCoherent", base: 0xC0000000, size: "4 MiB"),
            (name: "VRAM", flags: "CpuVisible", base: 0x0, size: "16 MiB"),
        ],
        paging_buffer: (segment: "GART", size: "4 KiB", private_data_size: 0, count: 2),
    ),
    commands: [
        CreateProcess("p"),
        CreateDevice(name: "d", process: "p"),
        CreateContext(name: "low", device: "d", priority: -2),
        CreateContext(name: "high", device: "d", priority: 3),
        CreateAllocation(name: "x", device: "d", size: "1 MiB", preferred: ["VRAM"], supported: ["VRAM"]),
        Submit(context: "low", commands: [Fill(allocation: "x", pattern: 1)]),
        Submit(context: "high", commands: [Fill(allocation: "x", pattern: 2)]),
    ],
)"#;

#[test]
fn what_is_preempted_has_another_fence_and_no_commands_of_its_own() {
    let mut opened = opened(PREEMPTED);
    let before = opened.run.trace(6).expect("it is deterministic");
    with(&mut opened, "7", |sources| {
        let works = works(sources.trace);
        let [low, high] = &works[..] else { panic!("two works, not {}", works.len()) };
        assert_eq!((low.command, low.passes[0].render), (None, None));
        assert!(high.command.is_some() && high.context != low.context);
        let pass = &low.passes[0];
        let (state, _) = part_state(sources.started, pass, &pass.parts[0]);
        assert_eq!((state.name(), state.fence()), ("submitted", Some(pass.parts[0].fences[0])));
        assert_eq!(command_list(sources, low, pass).held, CommandHeld::Unknown);
        assert_eq!(list_rows(sources, pass), []);
        // Seen from the command that submitted it first, it has the new fence too.
        let earlier = Sources { trace: &before, ..sources };
        let first = crate::analysis::buffers::works(earlier.trace);
        let part = &first[0].passes[0].parts[0];
        let (state, _) = part_state(sources.started, &first[0].passes[0], part);
        assert_eq!(state.fence(), Some(pass.parts[0].fences[0]));
        assert!(state.fence() != part.fences.last().copied());
        // Its operations are found: patched again, and handed over again.
        for operation in [pass.parts[0].patch, pass.parts[0].submits[0]] {
            let found = spot(sources.trace, &works, operation).expect("it is there");
            assert_eq!((found.work, found.part, found.paging), (0, Some(0), false));
        }
    });
}
