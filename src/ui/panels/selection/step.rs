//! Commands, operations and packets: everything that is known of a step.

use super::allocation::{frame_runs, policy_line};
use super::card::{Card, LISTED, Line, Section, When, allocation_link, fact, flag_names, text};
use super::submission;
use crate::analysis::explain::{
    StatusText, command_status, command_text, decision_lines, operation_status, operation_text,
    packet_status, packet_text, power_operation_text, wait_text,
};
use crate::analysis::quirks;
use crate::analysis::steps::allocations_of;
use crate::app::{Item, View};
use crate::base::text::{count, counted, duration, exact_size, hex, size, word};
use crate::base::{AllocationId, SegmentId};
use crate::ddi::{AllocationHandle, DeviceHandle, Location, PageList, PagingOperation, Transfer};
use crate::gpu::PacketFormat;
use crate::kmd::{Driver, decode};
use crate::machine::{CommandTrace, Place, TracedKind, TracedOperation, TracedPacket};
use crate::memory::Mdl;
use crate::ui::panels::operations::{status_tone, trace_of};
use crate::ui::widgets::Tone;
use crate::vidmm::{Asked, BufferKind, CallRecord, Decision, PlatformOperation};

/// Everything about a step.
pub(super) fn step_card(view: &View<'_>, place: Place) -> Card {
    let mut card = match place.inner {
        None => command_card(view, place.command),
        Some(inner) => {
            let trace = trace_of(view, place.command);
            let operation =
                trace.and_then(|trace| Some((trace, trace.operation(inner.operation)?)));
            match (operation, inner.packet) {
                (None, _) => Card {
                    summary: "Open its command in the table to see inside.".to_owned(),
                    ..Card::default()
                },
                (Some((trace, operation)), None) => operation_card(view, trace, operation),
                (Some((_, operation)), Some(packet)) => packet_card(view, operation, packet),
            }
        }
    };
    card.title =
        if place == Place::default() { "Start".to_owned() } else { format!("Step {place}") };
    if place != view.place {
        let when = if place < view.place { When::Past } else { When::Ahead };
        let text = "go there".to_owned();
        card.sections.insert(0, Section::new("", vec![Line::Event { place, text, when }]));
    }
    card
}

fn ended(status: &StatusText) -> Vec<Line> {
    let tone = status_tone(status.kind);
    let mut lines = vec![Line::Text(tone, status.kind.word().to_owned())];
    lines.extend(status.detail.lines().map(|line| Line::Text(Tone::Plain, line.to_owned())));
    lines
}

fn command_card(view: &View<'_>, number: usize) -> Card {
    let words = view.words();
    let Some(command) = view.run.command(number) else {
        let segments = counted(words.segments.len() as u64, "segment");
        let commands = counted(view.run.commands().len() as u64, "command");
        return Card {
            subtitle: "before the first command".to_owned(),
            summary: format!("The adapter has started with {segments}. Ahead: {commands}."),
            ..Card::default()
        };
    };
    let text_of = command_text(command, words);
    let mut sections = Vec::new();
    let record = view.run.record(number);
    let mut lines = match record {
        Some(record) => ended(&command_status(view.run, record, words)),
        None => vec![text("Not executed yet.")],
    };
    if let Some(record) = record {
        let summary = &record.summary;
        let before = view.run.record(number.saturating_sub(1)).map(|record| record.clock);
        if let Some(before) = before {
            let took = match record.clock.saturating_sub(before) {
                0 => "none".to_owned(),
                took => duration(took),
            };
            lines.push(fact("Time", took).note(format!("until {}", duration(record.clock))));
        }
        let counts = [
            ("Moved in", summary.bytes_in),
            ("Moved out", summary.bytes_out),
            ("Mapped", summary.bytes_mapped),
            ("Unmapped", summary.bytes_unmapped),
        ];
        let counts = counts.into_iter().filter(|(_, bytes)| *bytes > 0);
        lines.extend(counts.map(|(key, bytes)| fact(key, size(bytes))));
        if summary.packets > 0 {
            lines.push(fact("Packets", count(summary.packets.into())));
        }
        lines.push(fact("State hash", record.hash.to_string()));
    }
    sections.push(Section::new("Ended", lines));
    let trace = trace_of(view, number);
    let decisions = trace.map_or(&[][..], |trace| &trace.decisions);
    sections.extend(decisions.iter().map(|decision| decision_section(view, number, decision)));
    sections.extend(trace.filter(|trace| !trace.operations.is_empty()).map(|trace| {
        let links = trace.operations.iter().zip(1..).take(LISTED).map(|(operation, inner)| {
            let text = operation_text(operation, words);
            let place = Place::operation(number, inner);
            Line::Link {
                item: Item::Step(place),
                name: place.to_string(),
                text: format!("{} {}", text.kind, text.amount).trim_end().to_owned(),
            }
        });
        let more = trace.operations.len().saturating_sub(LISTED);
        let note = if more > 0 { format!("{} more", count(more as u64)) } else { String::new() };
        Section::new("Operations", links.collect()).note(note)
    }));
    sections.extend(named(view, allocations_of(command)));
    let summary = [text_of.what, text_of.note];
    let summary =
        summary.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    Card { subtitle: text_of.title.to_owned(), summary, sections, ..Card::default() }
}

fn named(view: &View<'_>, ids: impl Iterator<Item = AllocationId>) -> Option<Section> {
    let mut unique: Vec<AllocationId> = Vec::new();
    for id in ids {
        if unique.len() < LISTED && !unique.contains(&id) {
            unique.push(id);
        }
    }
    let links: Vec<Line> = unique.into_iter().map(|id| allocation_link(view, id)).collect();
    (!links.is_empty()).then(|| Section::new("Names", links))
}

fn decision_section(view: &View<'_>, command: usize, decision: &Decision) -> Section {
    let lines = decision_lines(decision, view.words());
    Section {
        title: format!("Why {} lies there", view.names.allocation(decision.allocation)),
        decided: Some(Place::after(command)),
        lines: lines.into_iter().map(Line::Candidate).chain([policy_line(view)]).collect(),
        ..Section::default()
    }
}

fn operation_card(view: &View<'_>, trace: &CommandTrace, operation: &TracedOperation) -> Card {
    let words = view.words();
    let told = operation_text(operation, words);
    let mut lines = ended(&operation_status(operation));
    let waits = operation.waits.iter().map(|(fence, reason)| wait_text(*fence, *reason, words));
    lines.extend(waits.map(text));
    let mut sections = vec![Section::new("Inside its command", lines)];
    sections.extend(quirk_section(view, operation));
    let decision = operation.decision.and_then(|index| trace.decisions.get(index));
    sections.extend(decision.map(|decision| decision_section(view, trace.command, decision)));
    if let TracedKind::Asked(record) = &operation.kind {
        let (title, fields) = match &record.asked {
            Asked::Paging(paging) => (
                format!("DXGKARG_BUILDPAGINGBUFFER.{}", paging.kind().name()),
                fields(view, paging),
            ),
            Asked::Render(render) => {
                ("DXGKARG_RENDER".to_owned(), submission::render_lines(view, render))
            }
            Asked::Patch(patch) => {
                ("DXGKARG_PATCH".to_owned(), submission::patch_lines(view, patch))
            }
            Asked::Submit(submit) => {
                ("DXGKARG_SUBMITCOMMAND".to_owned(), submission::submit_lines(view, submit))
            }
            Asked::Preempt(preempt) => {
                ("DXGKARG_PREEMPTCOMMAND".to_owned(), submission::preempt_lines(view, preempt))
            }
            Asked::Power(power) => {
                (format!("Power: {}", power.name()), vec![text(power_operation_text(power, words))])
            }
            Asked::Platform(platform) => {
                (format!("Platform: {}", platform.name()), platform_lines(view, platform))
            }
        };
        sections.push(Section::new(title, fields));
        sections.extend(record.subject.and_then(|id| named(view, std::iter::once(id))));
    }
    let calls = operation.calls.len();
    let numbered = (1..).zip(&operation.calls);
    sections.extend(
        numbered.take(LISTED).map(|(number, call): (usize, _)| {
            call_section(format!("Call {number} of {calls}"), call)
        }),
    );
    let packets = operation.packets.len();
    if packets > 0 {
        let moved: u64 = operation.packets.iter().map(|packet| packet.outcome.bytes).sum();
        let line = fact("Packets", count(packets as u64)).note(size(moved));
        sections.push(Section::new("Executed", vec![line]));
    }
    let summary = [told.amount, told.route].join(" ");
    let summary = format!("{}\n{}", summary.trim(), told.reason);
    Card { subtitle: told.kind.to_owned(), summary, sections, ..Card::default() }
}

/// The quirks that reach an operation, each with what it does to it.
fn quirk_section(view: &View<'_>, operation: &TracedOperation) -> Option<Section> {
    let started = view.started?;
    let TracedKind::Asked(record) = &operation.kind else { return None };
    let subject = record.subject.and_then(|id| started.vidmm().book().allocation(id));
    let reaching = quirks::affecting(started.vidmm().adapter(), record, subject);
    let lines: Vec<Line> = reaching
        .iter()
        .map(|quirk| Line::Text(Tone::Warn, format!("{}: {}", quirk.name, quirk.departure)))
        .collect();
    let note = quirks::switched_on(started.vidmm().adapter().quirks).unwrap_or_default();
    (!lines.is_empty()).then(|| Section::new("Quirks", lines).note(note))
}

fn call_section(title: String, call: &CallRecord) -> Section {
    let last = u64::from(call.end.saturating_sub(1));
    let bytes = if call.start == call.end {
        "none written".to_owned()
    } else {
        format!("{}–{}", hex(call.start.into()), hex(last))
    };
    let multipass = format!("{} → {}", call.multipass_before, call.multipass_after);
    let mut lines = vec![
        fact("Buffer", format!("buffer {}", call.buffer.index))
            .note(format!("serial {}", call.buffer.serial))
            .selects(Item::Buffer(call.buffer.index)),
        fact("DmaSize", exact_size(u64::from(call.buffer.size.saturating_sub(call.start)))),
        fact("Written", bytes),
        fact("MultipassOffset", multipass),
    ];
    if call.private_before > 0 {
        let left = format!("{} → {} left", call.private_before, call.private_after);
        lines.push(fact("Private", left));
    }
    if call.allocation_idle {
        lines.push(fact("Idle", "told that the allocation is"));
    }
    lines.push(fact("Answer", call.status.to_string()).note(word(call.status.0)));
    Section::new(title, lines)
}

fn handle(handle: Option<AllocationHandle>) -> Line {
    fact("hAllocation", handle.map_or("NULL".to_owned(), |handle| hex(handle.0.into())))
}

fn device(handle: Option<DeviceHandle>) -> Line {
    fact("hDevice", handle.map_or("NULL".to_owned(), |handle| hex(handle.0.into())))
}

fn segment(view: &View<'_>, id: SegmentId) -> Line {
    let name = view.names.segment(id);
    fact("SegmentId", format!("{id} {name}")).selects(Item::Segment(id))
}

fn list_line(key: &'static str, list: &PageList) -> Line {
    let pages = counted(list.mdl.pages().get(), "page");
    let value = format!("pMdl, {pages} in {}", counted(list.mdl.runs().len() as u64, "run"));
    match list.array {
        Some(array) => fact(key, value).note(format!("array at {array}")),
        None => fact(key, value),
    }
}

/// The fields of an operation as d3dkmddi names them, with raw values.
fn fields(view: &View<'_>, operation: &PagingOperation) -> Vec<Line> {
    match operation {
        PagingOperation::Transfer(transfer) => transfer_fields(view, transfer),
        PagingOperation::Fill(fill) => vec![
            handle(fill.allocation),
            fact("FillSize", exact_size(fill.fill_size.get())).note(hex(fill.fill_size.get())),
            fact("FillPattern", word(fill.fill_pattern)),
            segment(view, fill.segment),
            fact("Address", fill.address.to_string()),
        ],
        PagingOperation::DiscardContent(discard) => vec![
            handle(discard.allocation),
            fact("Flags", flag_names(&discard.flags)).note(word(discard.flags.bits())),
            segment(view, discard.segment),
            fact("Address", discard.address.to_string()),
        ],
        PagingOperation::ReadPhysical(access) | PagingOperation::WritePhysical(access) => {
            vec![segment(view, access.segment), fact("PhysicalAddress", access.address.to_string())]
        }
        PagingOperation::SpecialLockTransfer(special) => {
            let mut lines = transfer_fields(view, &special.transfer);
            // The structure has no MdlOffset.
            lines.pop();
            lines.push(fact("SwizzlingRangeId", count(special.swizzling_range_id.into())));
            lines.push(fact("SwizzlingRangeData", word(special.swizzling_range_data)));
            lines
        }
        PagingOperation::MapApertureSegment(map) => vec![
            device(map.device),
            handle(map.allocation),
            segment(view, map.segment),
            fact("OffsetInPages", hex(map.offset_in_pages.get())),
            fact("NumberOfPages", count(map.number_of_pages.get())),
            list_line("pMdl", &map.pages),
            fact("Flags", flag_names(&map.flags)).note(word(map.flags.bits())),
            fact("MdlOffset", count(map.mdl_offset.get())),
        ],
        PagingOperation::UnmapApertureSegment(unmap) => vec![
            device(unmap.device),
            handle(unmap.allocation),
            segment(view, unmap.segment),
            fact("OffsetInPages", hex(unmap.offset_in_pages.get())),
            fact("NumberOfPages", count(unmap.number_of_pages.get())),
            fact("DummyPage", unmap.dummy_page.to_string())
                .selects(Item::Frame(unmap.dummy_page.frame())),
        ],
    }
}

/// What the platform was asked to do.
fn platform_lines(view: &View<'_>, platform: &PlatformOperation) -> Vec<Line> {
    let list = |mdl: &Mdl| {
        let runs = counted(mdl.runs().len() as u64, "run");
        fact("Pages", format!("{} in {runs}", counted(mdl.pages().get(), "page")))
    };
    let first = |id: SegmentId, page: u64| {
        let item = Item::AperturePage(id, page);
        fact("First page", hex(page)).selects(item)
    };
    let by = "The GART driver of the platform does this at once: no buffer, no packet, and the \
              display driver hears nothing of it.";
    match platform {
        PlatformOperation::MapGart { segment: id, first_page, mdl } => {
            let mut lines = vec![segment(view, *id), first(*id, first_page.get()), list(mdl)];
            lines.extend(frame_runs(mdl));
            lines.push(text(by));
            lines
        }
        PlatformOperation::UnmapGart { segment: id, first_page, pages, dummy_page } => vec![
            segment(view, *id),
            first(*id, first_page.get()),
            fact("Pages", count(pages.get())),
            fact("Dummy page", dummy_page.to_string()).selects(Item::Frame(dummy_page.frame())),
            text(by),
        ],
        PlatformOperation::FlushCache { mdl } => {
            let mut lines = vec![list(mdl)];
            lines.extend(frame_runs(mdl));
            lines.push(text(
                "What the CPU wrote there and still has in its cache goes to memory, so that the \
                 GPU reads it.",
            ));
            lines
        }
    }
}

fn transfer_fields(view: &View<'_>, transfer: &Transfer) -> Vec<Line> {
    let side = |key: &'static str, location: &Location| match location {
        Location::Segment { id, address } => {
            let place = format!("{id} {}", view.words().at(*id, *address));
            fact(key, place).selects(Item::Segment(*id))
        }
        Location::Mdl(list) => list_line(key, list),
    };
    vec![
        handle(transfer.allocation),
        fact("TransferOffset", hex(transfer.transfer_offset.into())),
        fact("TransferSize", exact_size(transfer.transfer_size.get()))
            .note(hex(transfer.transfer_size.get())),
        side("Source", &transfer.source),
        side("Destination", &transfer.destination),
        fact("Flags", flag_names(&transfer.flags)).note(word(transfer.flags.bits())),
        fact("MdlOffset", count(transfer.mdl_offset.get())),
    ]
}

fn packet_card(view: &View<'_>, operation: &TracedOperation, number: u32) -> Card {
    let format =
        view.started.map_or(PacketFormat::Native, |started| started.driver().paging_format());
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let packet = index.and_then(|index| operation.packets.get(index));
    let told = packet_text(operation, number, format, view.words());
    let (Some(packet), Some(told)) = (packet, told) else {
        let summary = "There is no such packet.".to_owned();
        return Card { summary, ..Card::default() };
    };
    let outcome = &packet.outcome;
    let mut lines = ended(&packet_status(operation, packet));
    lines.push(fact("Bytes", exact_size(outcome.bytes)));
    lines.push(fact("Fence", hex(outcome.fence.0)).note(if outcome.completed {
        "signalled"
    } else {
        ""
    }));
    if let Some(buffer) = packet.buffer {
        let line = fact("Buffer", format!("buffer {}", buffer.index));
        lines.push(
            line.note(format!("serial {}", buffer.serial)).selects(Item::Buffer(buffer.index)),
        );
    }
    let last = u64::from(outcome.end.saturating_sub(1));
    lines.push(fact("At", format!("{}–{}", hex(outcome.start.into()), hex(last))));
    if let Some(readback) = &outcome.readback {
        lines.push(fact("Hash", readback.bytes.hash().to_string()).note("of what was read"));
    }
    let mut sections = vec![Section::new("Executed", lines), decoded(view, packet)];
    sections[1].note = told.pass;
    let summary = format!("{} {}", told.amount, told.route).trim().to_owned();
    Card { subtitle: told.name.to_owned(), summary, sections, ..Card::default() }
}

/// The bytes of a packet and what they say, while its buffer still holds them.
fn decoded(view: &View<'_>, packet: &TracedPacket) -> Section {
    let bytes = packet.buffer.zip(view.started).and_then(|(record, started)| {
        let buffers = started.vidmm().queue().buffers();
        let buffer = buffers.get(usize::try_from(record.index).ok()?)?;
        if buffer.usage.serial != record.serial {
            return None;
        }
        let format = match buffer.shape.kind {
            BufferKind::Dma | BufferKind::Command => PacketFormat::Native,
            BufferKind::Bootstrap | BufferKind::Paging => started.driver().paging_format(),
        };
        let (start, end) = (packet.outcome.start, packet.outcome.end);
        let mut bytes = vec![0; usize::try_from(end.checked_sub(start)?).ok()?];
        match buffer.shape.memory {
            Some((segment, at)) => {
                let region = Driver::region(segment);
                let address = at.get().checked_add(start.into())?;
                let place = crate::gpu::Place { region, address };
                started.driver().gpu().read(place, &mut bytes, started.host()).ok()?;
            }
            None => started.host().mdl_read(&buffer.shape.mdl, start.into(), &mut bytes).ok()?,
        }
        Some((format, bytes))
    });
    let Some((format, bytes)) = bytes else {
        let why = "Its buffer holds other packets at this step; go to its command to read them.";
        return Section::new("Encoding", vec![text(why)]);
    };
    let mut lines: Vec<Line> = decode(format, &bytes)
        .into_iter()
        .flat_map(|packet| packet.fields)
        .map(|field| fact(field.name, hex(field.value)))
        .collect();
    let rows = (0..).step_by(8).zip(bytes.chunks(8).take(LISTED));
    lines.extend(rows.map(|(offset, bytes)| Line::Bytes { offset, bytes: bytes.to_vec() }));
    Section::new("Encoding", lines)
}
