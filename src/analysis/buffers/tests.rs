//! Buffers of small sessions at places where their state can be told by hand.

mod work;

use super::*;
use crate::analysis::explain::no_buffer_text;
use crate::base::SegmentId;
use crate::kmd;
use crate::machine::{Command, Place, Run};
use crate::session;
use crate::vidmm::BufferKind;
use std::collections::BTreeSet;

/// An aperture, one memory and two paging buffers of 256 bytes: eight packets each.
fn session(profile: &str, buffer: &str, commands: &str) -> String {
    format!(
        r#"(
    version: 1, title: "t", notes: "", tags: [],
    adapter: (
        profile: "{profile}", name: "t", system_memory: "64 MiB", frame_seed: 5,
        segments: [
            (name: "Aperture", flags: "Aperture | CpuVisible | CacheCoherent", base: 0xC0000000, size: "4 MiB"),
            (name: "Memory", flags: "CpuVisible", base: 0x0, size: "16 MiB"),
        ],
        paging_buffer: (segment: "Aperture", size: {buffer}, private_data_size: 0, count: 2),
    ),
    commands: [
        CreateProcess("p"),
        CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "a", device: "d", size: "8 MiB", preferred: ["Memory"], supported: ["Memory"]),
        {commands}
    ],
)"#
    )
}

/// A session executed to its end, standing before its first command.
pub(in crate::analysis) struct Opened {
    /// Names of what ids stand for.
    pub(in crate::analysis) names: Names,
    /// The run.
    pub(in crate::analysis) run: Run,
}

/// Executes a session that is well-formed.
pub(in crate::analysis) fn opened(text: &str) -> Opened {
    let adapter = |name: &str| kmd::profile(name).map(|profile| profile.adapter);
    let bound = session::open(text, "t.ron", &adapter).expect("the session is well-formed").bound;
    let profile = kmd::profile(&bound.adapter.profile).expect("sessions name known profiles");
    let mut run = Run::new(&bound.adapter, bound.policies, &profile, bound.commands.into());
    run.execute_all();
    Opened { names: bound.names, run }
}

fn with<R>(opened: &mut Opened, place: &str, look: impl FnOnce(Sources<'_>) -> R) -> R {
    let place: Place = place.parse().expect("written as a place");
    assert_eq!(opened.run.go_to(place), Ok(true), "{place}");
    let trace = opened.run.trace(place.command).expect("it is deterministic");
    let started = opened.run.machine().started().expect("the adapter starts");
    look(Sources { started, names: &opened.names, trace: &trace })
}

#[test]
fn a_fill_is_one_packet_that_waits_and_is_then_done() {
    let mut opened = opened(&session("inspector", "\"4 KiB\"", "MakeResident([\"a\"]),"));
    let scene = with(&mut opened, "4", |sources| scene(sources, None));
    assert_eq!((scene.operation, scene.cards.len()), (Some(1), 1));
    let card = &scene.cards[0];
    assert_eq!((card.used, card.executed, card.size), (32, 32, 4096));
    assert!(matches!(card.fencing, Fencing::Retired(_)));
    assert_eq!(card.packets_text(), "1 packet");
    let progress = scene.progress.expect("a fill counts pages");
    assert_eq!((progress.total, progress.moved, progress.encoded), (2048, 2048, 2048));
    with(&mut opened, "4", |sources| {
        let fetched = fetch(sources.started, &scene.cards[0]);
        assert_eq!((fetched.bytes.len(), fetched.fault), (32, None));
        let lines = packets(sources, &scene.cards[0], &fetched.bytes);
        assert_eq!((lines[0].name, lines[0].state), ("FILL", PacketState::Done));
        let rows = rows(&scene.cards[0], &lines, &BTreeSet::new());
        assert_eq!(rows, [Row::Begins(0), Row::Packet(0), Row::Ends(0), Row::NotWritten(32..4096)]);
    });
    let (title, _) = no_buffer_text(1, opened.run.command(1));
    assert_eq!(title, "Step 1 wrote no buffer: creating a process needs no paging operation.");
    assert!(matches!(opened.run.command(1), Some(Command::CreateProcess(_))));
}

/// Eight megabytes are evicted to pages in up to 64 runs, eight packets to a buffer.
#[test]
fn a_long_transfer_goes_through_buffers_that_are_used_again() {
    let text = session("inspector", "256", "MakeResident([\"a\"]), Evict(\"a\"),");
    let mut opened = opened(&text);
    let (operation, packets_before) = with(&mut opened, "5", |sources| {
        let number = (1..)
            .zip(&sources.trace.operations)
            .find(|(_, traced)| traced.calls.len() > 2)
            .map(|(number, _)| number);
        let number = number.expect("the transfer does not fit in two buffers");
        (number, sources.trace.operation(number).map_or(0, |traced| traced.packets.len()))
    });
    assert!(packets_before > 16);
    // After the tenth packet: the first buffer is through, the second has two packets done.
    with(&mut opened, &format!("5.{operation}.10"), |sources| {
        let scene = scene(sources, Some(operation));
        let calls = sources.trace.operation(operation).map_or(0, |traced| traced.calls.len());
        assert_eq!(scene.cards.len(), calls);
        let [first, second, third, fourth] = &scene.cards[..4] else { panic!("four passes") };
        // Another operation may begin the first buffer.
        let behind = (first.used - first.calls[0].call.start) / 32;
        let done = 10 - behind;
        assert_eq!(second.executed, done * 32);
        assert!(matches!(second.fencing, Fencing::Running(_)));
        assert!(matches!(first.fencing, Fencing::Retired(_)));
        // The third was encoded into the place of the first as soon as that was through.
        assert_eq!(first.held, Held::Reused { serial: third.serial });
        assert_eq!((third.held, third.index), (Held::Here { used: 256 }, first.index));
        assert!(matches!(third.fencing, Fencing::Queued(_)));
        assert_eq!(fourth.held, Held::Ahead);
        assert_eq!(scene.focus, 1);
        let fetched = fetch(sources.started, second);
        let lines = packets(sources, second, &fetched.bytes);
        assert_eq!(lines.len(), 8);
        let state = |index: u32| lines[usize::try_from(index).unwrap_or(0)].state;
        assert_eq!(state(done - 1), PacketState::Done);
        assert_eq!(state(done), PacketState::Next);
        assert_eq!(state(done + 1), PacketState::Waiting);
        let index = usize::try_from(done).unwrap_or(0);
        assert_eq!(lines[index].step, Some(Place::packet(5, operation, 11)));
        assert_eq!(lines[0].first_unit, u64::from(second.calls[0].call.multipass_before));
        let progress = scene.progress.clone().expect("a transfer counts pages");
        assert_eq!(progress.total, 2048);
        assert_eq!(progress.moved, lines[index].first_unit);
        assert!(progress.moved < progress.encoded && progress.encoded < progress.total);
        let ends: Vec<u64> = progress.passes.iter().map(|pass| pass.to).collect();
        assert_eq!(ends.last(), Some(&2048));
        assert!(progress.passes.windows(2).all(|pair| pair[0].to == pair[1].from));
        let runs = frame_runs(sources, operation, Some(&progress)).expect("it has a page list");
        let counted: u64 = runs.rows.iter().map(|row| row.count).sum();
        assert_eq!((counted, runs.pages), (2048, 2048));
        assert_eq!(runs.rows.iter().filter(|row| row.state == RunState::Next).count(), 1);
        let seat = seat(sources, second).expect("it lies in the aperture");
        assert_eq!((seat.pages.len(), seat.pages[0].right), (1, true));
        assert!(seat.pages[0].fetching && seat.pages[0].address >= 0xC000_0000);
        let envelope = envelope(sources, second).expect("this command called");
        let changed: Vec<_> =
            envelope.iter().filter(|row| row.changed).map(|row| row.key).collect();
        assert_eq!(changed, ["pDmaBuffer", "DmaSize", "MultipassOffset"]);
    });
    with(&mut opened, "5", |sources| {
        // The whole command's cards tell the same of the operation.
        let cards = scene(sources, Some(operation)).cards;
        let done = progress(sources, operation, &cards);
        let runs = frame_runs(sources, operation, done.as_ref()).expect("it has a page list");
        assert!(runs.rows.iter().all(|row| row.state == RunState::Moved));
    });
    // At the end only the two buffers begun last still hold anything of it.
    with(&mut opened, "5", |sources| {
        let scene = scene(sources, Some(operation));
        let held = scene.cards.iter().filter(|card| matches!(card.held, Held::Here { .. }));
        assert!(held.count() <= 2);
        assert!(matches!(scene.cards[0].held, Held::Reused { .. }));
        assert_eq!(fetch(sources.started, &scene.cards[0]), Fetched::default());
        assert_eq!(scene.progress.map(|progress| progress.moved), Some(2048));
    });
}

#[test]
fn long_runs_fold_around_what_comes_next() {
    let line = |index: usize, state: PacketState| PacketLine {
        range: index * 32..index * 32 + 32,
        name: "COPY_PAGES",
        call: Some(0),
        state,
        units: 2,
        first_unit: 0,
        step: None,
    };
    let lines: Vec<_> = (0..100)
        .map(|index| {
            let state = match index.cmp(&40_usize) {
                std::cmp::Ordering::Less => PacketState::Done,
                std::cmp::Ordering::Equal => PacketState::Next,
                std::cmp::Ordering::Greater => PacketState::Waiting,
            };
            line(index, state)
        })
        .collect();
    let card = Card {
        index: 0,
        serial: 1,
        kind: BufferKind::Paging,
        size: 3200,
        used: 3200,
        executed: 1280,
        calls: Vec::new(),
        own: None,
        cuts: Vec::new(),
        held: Held::Here { used: 3200 },
        fencing: Fencing::Nothing,
        format: crate::gpu::PacketFormat::Native,
    };
    let found = rows(&card, &lines, &BTreeSet::new());
    let folds: Vec<_> = found
        .iter()
        .filter_map(|row| match row {
            Row::Fold { lines, units } => Some((lines.clone(), *units)),
            _ => None,
        })
        .collect();
    assert_eq!(folds, [(3..37, 68), (44..97, 106)]);
    let shown = |rows: &[Row]| rows.iter().filter(|row| matches!(row, Row::Packet(_))).count();
    assert_eq!(shown(&found), 100 - 34 - 53);
    assert_eq!(shown(&rows(&card, &lines, &BTreeSet::from([3]))), 100 - 53);
    assert_eq!(shown(&rows(&card, &lines[..8], &BTreeSet::new())), 8);
}

#[test]
fn records_are_read_and_apertures_programmed_at_once() {
    let commands = r#"
        MakeResident(["a"]),
        CreateAllocation(name: "b", device: "d", size: "1 MiB", preferred: ["Aperture"], supported: ["Aperture"]),
        MakeResident(["b"]),"#;
    let mut opened = opened(&session("render-only-sample", "\"4 KiB\"", commands));
    with(&mut opened, "4", |sources| {
        let scene = scene(sources, None);
        let card = &scene.cards[0];
        assert_eq!(
            (card.used, card.packets_text()),
            (card.format.packet_size(), "1 record".into())
        );
        let fetched = fetch(sources.started, card);
        let lines = packets(sources, card, &fetched.bytes);
        assert_eq!((lines[0].name, lines[0].units), ("Fill", 2048));
    });
    with(&mut opened, "6", |sources| {
        let scene = scene(sources, None);
        let progress = scene.progress.expect("mapping counts pages");
        assert!(progress.at_once);
        assert_eq!((progress.moved, progress.total), (256, 256));
        assert_eq!(scene.cards[0].fencing, Fencing::Nothing);
    });
}

/// Step 6 of the session: rendered, the vertices mapped, the target filled, the DMA buffer mapped
/// behind the twelve pages of the vertices, patched, submitted, and unmapped.
#[test]
fn a_dma_buffer_sits_in_its_aperture_until_it_is_retired() {
    let mut opened = opened(include_str!("../../../saved-sessions/dma-mapped.ron"));
    let seated = |opened: &mut Opened, place: &str| {
        with(opened, place, |sources| {
            let scene = scene(sources, Some(1));
            seat(sources, &scene.cards[0]).expect("the buffer is there")
        })
    };
    let rendered = seated(&mut opened, "6.1");
    assert_eq!((rendered.segment, rendered.unmapped), (None, true));
    let submitted = seated(&mut opened, "6.5");
    assert_eq!((submitted.segment.map(SegmentId::number), submitted.unmapped), (Some(2), false));
    let pages: Vec<_> = submitted.pages.iter().map(|page| (page.page, page.right)).collect();
    assert_eq!(pages, [(Some(12), true), (Some(13), true)]);
    assert_eq!(submitted.pages[0].address, 0xC000_C000);
    let retired = seated(&mut opened, "6");
    assert_eq!((retired.segment, retired.unmapped), (None, true));
    assert_eq!(retired.pages.len(), 2, "the pool keeps its memory");
}
