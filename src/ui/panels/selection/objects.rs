//! Segments, processes, holes, aperture pages, frames and buffers.

use super::allocation::{cpu, frame_runs, range};
use super::card::{Card, LISTED, Line, Section, allocation_link, fact, flag_names, text};
use crate::analysis::findings::{FindingRow, FindingSubject};
use crate::analysis::lens::{self, PageTable, PageTarget};
use crate::analysis::tally::{Amount, DeviceTally};
use crate::app::{Item, View};
use crate::base::text::{count, counted, exact_size, hex, size, word};
use crate::base::{AllocationId, DeviceId, FrameNumber, PAGE_SIZE, ProcessId, SegmentId, Span};
use crate::config::SegmentRange;
use crate::ddi::{DescriptorGeneration, DmaBufferAddress, SegmentFlags};
use crate::machine::ForeignTarget;
use crate::memory::FrameUse;
use crate::placement::{Direction, Fit, Request};
use crate::rules::{CheckedSegment, SegmentKind};
use crate::ui::panels::findings::severity_tone;
use crate::vidmm::{Buffer, BufferKind, ExtentOwner};

/// A card for what is not there.
fn missing(title: String, summary: &str) -> Card {
    Card { title, summary: summary.to_owned(), ..Card::default() }
}

/// A segment.
pub(super) fn segment_card(view: &View<'_>, id: SegmentId) -> Card {
    let title = view.names.segment(id).to_owned();
    let (Some(known), Some(started)) = (view.words().checked(id), view.started) else {
        return unstarted_segment(view, id, title);
    };
    let kind = match known.kind {
        SegmentKind::Memory => "memory",
        SegmentKind::Aperture => "aperture",
    };
    let mut what = vec![
        fact("Flags", flag_names(&known.flags)).note(word(known.flags.bits())),
        fact("Base", known.base.to_string()),
        fact("Size", format!("{}, {}", exact_size(known.size.get()), hex(known.size.get())))
            .note(counted(known.size.to_pages().get(), "page")),
    ];
    what.extend(cpu(view, id, None));
    if known.kind == SegmentKind::Aperture {
        let dummy = started.vidmm().dummy_page().frame();
        what.push(fact("Dummy page", format!("frame {dummy}")).selects(Item::Frame(dummy)));
    }
    what.push(fact("Page size", exact_size(known.page_size.get())));
    let mut sections = vec![Section::new("What", what)];
    sections.extend(segment_findings(view, id));
    sections.extend(banks(view, known));
    sections.extend(descriptor(view, id));
    if let Some(used) = started.vidmm().book().segment(id) {
        let space = used.space();
        let limit = known.commit_limit.get();
        sections.push(Section::new(
            "Used",
            vec![
                fact("Used", size(space.used())).note(counted(space.block_count() as u64, "block")),
                fact("Free", size(space.free())),
                hole_fact(view, id, space.largest_hole()),
                fact("Committed", format!("{} of {}", used.committed(), size(limit))),
                fact("Commit limit", exact_size(limit)),
                fact("Peak used", used.peak_used().to_string()),
                fact("Highest end", hex(used.highest_end())),
                fact("Evicted", used.bytes_evicted().to_string()),
            ],
        ));
        let extents: Vec<_> =
            used.extents(Span::whole(known.size.get())).take(LISTED + 1).collect();
        let mut residents: Vec<Line> = extents
            .iter()
            .take(LISTED)
            .map(|(span, owner)| extent_link(view, id, *span, *owner))
            .collect();
        if residents.is_empty() {
            residents.push(text("Nothing lies here."));
        }
        let more = space.block_count().saturating_sub(LISTED);
        let note = if more > 0 { format!("{} more", count(more as u64)) } else { String::new() };
        sections.push(Section::new("Residents", residents).note(note));
    }
    let subtitle = format!("segment {id}, {kind}");
    Card { title, subtitle, sections, ..Card::default() }
}

/// The banks, each with its range and how much of it is used.
fn banks(view: &View<'_>, known: &CheckedSegment) -> Option<Section> {
    const BANKS: usize = 16;
    let used = view.started?.vidmm().book().segment(known.id)?;
    if known.banks.is_empty() {
        return None;
    }
    let base = known.base.get();
    let numbered = known.banks.iter().zip(1_u8..);
    let mut lines: Vec<Line> = numbered
        .take(BANKS)
        .map(|(bank, number)| {
            let inside =
                |(span, _): (Span, ExtentOwner)| span.intersection(*bank).map_or(0, Span::len);
            let taken: u64 = used.extents(*bank).map(inside).sum();
            let words = format!("{number}: {}", range(base, *bank));
            fact("Bank", words).note(format!("{} of {}", size(taken), size(bank.len())))
        })
        .collect();
    if known.banks.len() > BANKS {
        lines.push(text(format!("and {} more", count((known.banks.len() - BANKS) as u64))));
    }
    let note = counted(known.banks.len() as u64, "bank");
    Some(Section::new("Banks", lines).note(note))
}

/// The other fields of the descriptor, as far as its generation has them.
fn descriptor(view: &View<'_>, id: SegmentId) -> Option<Section> {
    let adapter = view.run.adapter();
    let raw = adapter.segments.get(id.index())?;
    let generation = adapter.descriptors.unwrap_or(DescriptorGeneration::newest(adapter.version));
    let number = generation.number();
    let mut lines = Vec::new();
    let list = |ranges: &[SegmentRange]| {
        let each = ranges.iter().take(LISTED).filter_map(|it| Span::at(it.offset, it.size));
        each.map(|span| range(0, span)).collect::<Vec<String>>()
    };
    let agp = raw.flags.contains(SegmentFlags::Agp);
    if let Some(platform) = adapter.agp_aperture.filter(|_| agp) {
        let platform = format!("{} at {}", exact_size(platform.size), hex(platform.base));
        lines.push(fact("Platform", platform).note("AGP aperture"));
        lines.push(text(
            "Base and size of the descriptor are ignored: the aperture is the chipset's.",
        ));
    }
    if raw.cpu_translated_address != 0 {
        lines.push(fact("CPU address", hex(raw.cpu_translated_address)));
    }
    if !raw.bank_ends.is_empty() || raw.bank_count != 0 {
        lines.push(fact("NbOfBanks", count(raw.bank_count.into())));
        let ends: Vec<String> = raw.bank_ends.iter().take(LISTED).map(|end| hex(*end)).collect();
        let more = raw.bank_ends.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        lines.push(fact("Bank ends", format!("{}{more}", ends.join(", "))));
    }
    if raw.system_memory_end_address != 0 {
        let end = hex(raw.system_memory_end_address);
        lines.push(fact("Memory end", end).note("kept in hibernation"));
    }
    for words in list(&raw.invalid_ranges) {
        lines.push(fact("Invalid", words));
    }
    for words in list(&raw.uefi_frame_buffer_ranges) {
        lines.push(fact("UEFI buffer", words));
    }
    if let Some(window) = raw.cpu_host_aperture {
        let pages = counted(window.size_in_pages.into(), "page");
        lines.push(fact("CPU window", hex(window.physical_address)).note(pages));
    }
    if let Some(vpr) = raw.video_protected_range {
        let span = Span::at(vpr.start, vpr.size).unwrap_or_default();
        lines.push(fact("Protected", range(0, span)).note(size(vpr.size)));
        lines.push(fact("VprAlignment", exact_size(vpr.alignment)));
        let supported =
            if vpr.supported == 0 { "no limit".to_owned() } else { count(vpr.supported.into()) };
        lines.push(fact("NumVpr", supported));
        lines.push(fact("VprReserve", exact_size(vpr.reserve)));
    }
    (!lines.is_empty())
        .then(|| Section::new("Descriptor", lines).note(format!("generation {number}")))
}

/// A segment of an adapter that did not start: what its driver claims, and what is wrong with that.
fn unstarted_segment(view: &View<'_>, id: SegmentId, title: String) -> Card {
    let mut card = missing(title, "The adapter did not start.");
    let Some(raw) = view.run.adapter().segments.get(id.index()) else { return card };
    let what = vec![
        fact("Flags", flag_names(&raw.flags)).note(word(raw.flags.bits())),
        fact("Base", hex(raw.base)),
        fact("Size", format!("{}, {}", exact_size(raw.size), hex(raw.size))),
        fact("Commit limit", exact_size(raw.commit_limit)),
    ];
    card.title.clone_from(&raw.name);
    card.subtitle = format!("segment {id}");
    card.sections.push(Section::new("What", what));
    card.sections.extend(descriptor(view, id));
    card.sections.extend(segment_findings(view, id));
    card
}

/// What the rules say of a segment, field by field.
fn segment_findings(view: &View<'_>, id: SegmentId) -> Option<Section> {
    let found = view.run.machine().findings().iter().map(FindingRow::of);
    let lines: Vec<Line> = found
        .filter(|row| row.subject == FindingSubject::Segment(id))
        .map(|row| {
            let field = row.field.rsplit_once('.').map_or(row.field.as_str(), |(_, field)| field);
            let words = format!("{field} is {}: {}", row.value, row.sentence);
            Line::Text(severity_tone(row.severity), words)
        })
        .collect();
    let note = counted(lines.len() as u64, "finding");
    (!lines.is_empty()).then(|| Section::new("Findings", lines).note(note))
}

fn hole_fact(view: &View<'_>, id: SegmentId, largest: u64) -> Line {
    let line = fact("Largest hole", size(largest));
    let used = view.started.and_then(|started| started.vidmm().book().segment(id));
    let hole = used.and_then(|used| {
        // The first hole with so much room is one of that length.
        let window = Span::whole(used.space().len());
        let (direction, fit) = (Direction::BottomUp, Fit::First);
        let wanted = Request { size: largest, alignment: 1, window, direction, fit };
        used.space().hole_at(used.space().find(&wanted).ok()?)
    });
    match hole {
        Some(hole) if largest > 0 => line.selects(Item::Hole(id, hole)),
        _ => line,
    }
}

fn extent_link(view: &View<'_>, segment: SegmentId, span: Span, owner: ExtentOwner) -> Line {
    let text = format!("{}, {}", size(span.len()), view.words().at_offset(segment, span.start()));
    let (item, name) = match owner {
        ExtentOwner::Allocation(id) => (Item::Allocation(id), view.names.allocation(id).to_owned()),
        ExtentOwner::Eviction(id) => {
            (Item::Allocation(id), format!("eviction of {}", view.names.allocation(id)))
        }
        ExtentOwner::PagingBuffer(index) | ExtentOwner::DmaBuffer(index) => {
            (Item::Buffer(index), format!("buffer {index}"))
        }
        ExtentOwner::InvalidRange(_) => (Item::Segment(segment), "invalid range".to_owned()),
        ExtentOwner::UefiFrameBuffer(_) => (Item::Segment(segment), "UEFI frame buffer".to_owned()),
    };
    Line::Link { item, name, text }
}

/// A process.
pub(super) fn process_card(view: &View<'_>, id: ProcessId) -> Card {
    let title = view.names.process(id).to_owned();
    let Some(started) = view.started else { return missing(title, "The adapter did not start.") };
    let book = started.vidmm().book();
    if !book.has_process(id) {
        return missing(title, "The process does not exist at this step.");
    }
    let owns = |device| book.device(device).is_some_and(|known| known.process == id);
    let ids = || (0..view.names.devices().len()).filter_map(DeviceId::from_index);
    let own: Vec<&DeviceTally> = ids()
        .filter(|device| owns(*device))
        .filter_map(|device| view.tally.device(device))
        .collect();
    let all = own.iter().fold(Amount::default(), |sum, device| sum.and(device.all));
    let resident = own.iter().fold(Amount::default(), |sum, device| sum.and(device.all_resident()));
    let devices: Vec<&str> =
        ids().filter(|device| owns(*device)).map(|device| view.names.device(device)).collect();
    let mut facts = vec![
        fact("Devices", if devices.is_empty() { "none".to_owned() } else { devices.join(", ") }),
        fact("Allocations", count(all.count)).note(size(all.bytes)),
        fact("Resident", size(resident.bytes)),
    ];
    for segment in view.words().segments {
        let here = own.iter().filter_map(|device| device.resident.get(&segment.id));
        let Amount { count: blocks, bytes } =
            here.fold(Amount::default(), |sum, amount| sum.and(*amount));
        if blocks > 0 {
            let line = fact("Resident in", format!("{}, {}", segment.name, size(bytes)));
            facts.push(line.note(counted(blocks, "block")).selects(Item::Segment(segment.id)));
        }
    }
    let owned = book.allocations().filter(|known| owns(known.device()));
    let mut links: Vec<Line> =
        owned.take(LISTED).map(|known| allocation_link(view, known.id())).collect();
    if links.is_empty() {
        links.push(text("It has no allocations at this step."));
    }
    let more = all.count.saturating_sub(LISTED as u64);
    let note = if more > 0 { format!("{} more", count(more)) } else { String::new() };
    let sections = vec![Section::new("What", facts), Section::new("Allocations", links).note(note)];
    let subtitle = "process".to_owned();
    Card { owner: Some(title.clone()), title, subtitle, sections, ..Card::default() }
}

/// A hole of a segment.
pub(super) fn hole_card(view: &View<'_>, id: SegmentId, hole: Span) -> Card {
    let title = size(hole.len());
    let name = view.names.segment(id);
    let base = view.words().checked(id).map_or(0, |known| known.base.get());
    let used = view.started.and_then(|started| started.vidmm().book().segment(id));
    let Some(used) = used else { return missing(title, "The adapter did not start.") };
    let whole = Span::whole(used.space().len());
    let there = used.space().holes(hole).any(|free| free.covers(hole));
    let largest = used.space().largest_hole();
    let rank = if hole.len() == largest { "the largest hole" } else { "" };
    let what = vec![
        fact("Segment", format!("{id} {name}")).selects(Item::Segment(id)),
        fact("Address", range(base, hole)),
        fact("Offset", hex(hole.start())),
        fact("Size", format!("{}, {}", exact_size(hole.len()), hex(hole.len()))).note(rank),
    ];
    let before = hole.start().checked_sub(1).and_then(|last| used.space().block_at(last));
    let after = Some(hole.end()).filter(|end| *end < whole.end());
    let after = after.and_then(|first| used.space().block_at(first));
    let link = |(span, token)| extent_link(view, id, span, ExtentOwner::from_token(token));
    let mut neighbours: Vec<Line> = before.into_iter().chain(after).map(link).collect();
    if neighbours.is_empty() {
        neighbours.push(text("The segment is empty."));
    }
    let summary = if there { "" } else { "Something lies here at this step." };
    Card {
        title: format!("{title} free"),
        subtitle: format!("hole of {name}"),
        summary: summary.to_owned(),
        sections: vec![Section::new("Where", what), Section::new("Beside it", neighbours)],
        ..Card::default()
    }
}

/// A page of an aperture.
pub(super) fn page_card(view: &View<'_>, id: SegmentId, page: u64) -> Card {
    let title = format!("{} page {}", view.names.segment(id), hex(page));
    let subtitle = "page of an aperture".to_owned();
    let (Some(known), Some(started)) = (view.words().checked(id), view.started) else {
        return missing(title, "The adapter did not start.");
    };
    let offset = page.saturating_mul(PAGE_SIZE);
    let span = Span::at(offset, PAGE_SIZE).unwrap_or_default();
    let mut facts = vec![
        fact("Segment", format!("{id} {}", known.name)).selects(Item::Segment(id)),
        fact("Address", range(known.base.get(), span)),
    ];
    let shown = lens::pages(view.run, view.place, started, id, (page, 1));
    let Some(shown) = shown.first() else {
        return missing(title, "The segment has no such page.");
    };
    match shown.target {
        PageTarget::Nowhere => {
            facts.push(fact("Frame", "points nowhere").note("an access faults"));
        }
        PageTarget::Frame { frame: first, coherent } => {
            let line = fact("Frame", format!("frame {first}"));
            facts.push(line.note(first.address().to_string()).selects(Item::Frame(first)));
            facts.push(fact("Coherent", if coherent { "with the CPU's cache" } else { "no" }));
        }
        PageTarget::Dummy(frame) => {
            let own = started.vidmm().dummy_page().frame();
            let key = if frame == own { "Dummy page" } else { "Frame" };
            let line = fact(key, format!("frame {frame}"));
            facts.push(line.note("nothing mapped").selects(Item::Frame(frame)));
        }
    }
    let table = if known.is_agp() { "the chipset's" } else { "the device's" };
    facts.push(fact("Table", table));
    if shown.stale > 0 {
        facts.push(fact("Stale", size(shown.stale)).note("in the CPU's cache only"));
    }
    match shown.foreign {
        Some(ForeignTarget::Pages(pages, number)) => {
            let value = format!("page {} of {}", count(number + 1), view.names.pages(pages));
            facts.push(fact("Foreign", value).note("mapped by hand"));
        }
        Some(ForeignTarget::Frame(frame)) => {
            let line = fact("Foreign", format!("frame {frame}"));
            facts.push(line.note("mapped by hand").selects(Item::Frame(frame)));
        }
        None => {}
    }
    if shown.wrong {
        let words = "Wrong: it points elsewhere than VidMm's book says.".to_owned();
        facts.push(Line::Text(crate::ui::widgets::Tone::Error, words));
    }
    let extent = started.vidmm().book().segment(id).and_then(|used| used.space().block_at(offset));
    let owner = match extent {
        Some((span, token)) => {
            let number = (offset - span.start()) / PAGE_SIZE + 1;
            vec![
                extent_link(view, id, span, ExtentOwner::from_token(token)),
                text(format!("Page {} of {} of it.", count(number), count(span.len() / PAGE_SIZE))),
            ]
        }
        None => vec![text("Nobody: the page is free.")],
    };
    let sections = vec![Section::new("Where", facts), Section::new("Owner", owner)];
    Card { title, subtitle, sections, ..Card::default() }
}

/// A frame of system memory.
pub(super) fn frame_card(view: &View<'_>, frame: FrameNumber) -> Card {
    let title = format!("Frame {frame}");
    let Some(started) = view.started else { return missing(title, "The adapter did not start.") };
    let Some(use_) = started.host().use_of(frame) else {
        return missing(title, "System memory has no such frame.");
    };
    let (used, link): (String, Option<AllocationId>) = match use_ {
        FrameUse::Free => ("free".to_owned(), None),
        FrameUse::Backing(id) => {
            (format!("backing store of {}", view.names.allocation(id)), Some(id))
        }
        FrameUse::PagingBuffer(index) => (format!("paging buffer {index}"), None),
        FrameUse::DmaBuffer(index) => (format!("DMA buffer {index}"), None),
        FrameUse::CommandBuffer(index) => (format!("command buffer {index}"), None),
        FrameUse::PageList(index) => (format!("page list {index}"), None),
        FrameUse::DummyPage => ("the dummy page".to_owned(), None),
        FrameUse::System => ("the rest of the system".to_owned(), None),
        FrameUse::Reserved(id) => (format!("reserved pages {}", view.names.pages(id)), None),
        FrameUse::Segment(id) => (format!("carved out for {}", view.names.segment(id)), None),
    };
    let mut used = fact("Used as", used);
    if let Some(id) = link {
        used = used.selects(Item::Allocation(id));
    }
    let facts = vec![used, fact("Address", frame.address().to_string())];
    let sections = vec![Section::new("What", facts), mapped_by(view, frame)];
    let subtitle = "4 KiB of system memory".to_owned();
    Card { title, subtitle, sections, ..Card::default() }
}

/// The aperture pages that point at a frame.
fn mapped_by(view: &View<'_>, frame: FrameNumber) -> Section {
    let mut lines = Vec::new();
    let mut more = 0_u64;
    for segment in view.words().segments {
        let Some(started) = view.started else { break };
        let pages = Span::whole(segment.size.get() / PAGE_SIZE);
        let Some(table) = PageTable::of(started, segment.id) else { continue };
        for (span, target) in table.runs(pages) {
            let page = match target {
                PageTarget::Nowhere => continue,
                PageTarget::Dummy(dummy) if dummy == frame => {
                    more += span.len();
                    continue;
                }
                PageTarget::Dummy(_) => continue,
                PageTarget::Frame { frame: first, .. } => {
                    let Some(ahead) = frame.get().checked_sub(first.get()) else { continue };
                    if ahead >= span.len() {
                        continue;
                    }
                    span.start() + ahead
                }
            };
            if lines.len() < LISTED {
                lines.push(Line::Link {
                    item: Item::AperturePage(segment.id, page),
                    name: format!("{} page {}", segment.name, hex(page)),
                    text: String::new(),
                });
            }
        }
    }
    if more > 0 {
        lines.push(text(format!("{} where nothing is mapped", counted(more, "page"))));
    }
    if lines.is_empty() {
        lines.push(text("No aperture page points here."));
    }
    Section::new("Mapped by", lines)
}

/// Whose pool a DMA buffer belongs to, and how the GPU comes to its pages.
fn pool_section(view: &View<'_>, device: DeviceId, buffer: &Buffer) -> Section {
    let process = view
        .started
        .and_then(|started| started.vidmm().book().device(device).map(|known| known.process));
    let name = view.names.device(device).to_owned();
    let line = fact("Device", name);
    let line = match process {
        Some(process) => line.selects(Item::Process(process)),
        None => line,
    };
    Section::new("Pool", vec![line, text(crate::analysis::buffers::pool_text(buffer))])
}

/// A buffer of VidMm's table.
pub(super) fn buffer_card(view: &View<'_>, index: u32) -> Card {
    let title = format!("Buffer {index}");
    let Some(started) = view.started else { return missing(title, "The adapter did not start.") };
    let buffers = started.vidmm().queue().buffers();
    let Some(buffer) = usize::try_from(index).ok().and_then(|index| buffers.get(index)) else {
        return missing(title, "There is no such buffer at this step.");
    };
    let (shape, usage) = (&buffer.shape, buffer.usage);
    let kind = match shape.kind {
        BufferKind::Bootstrap => "contiguous, for the start of the adapter",
        BufferKind::Paging => "paging buffer",
        BufferKind::Dma => "DMA buffer",
        BufferKind::Command => "command buffer, in pages of the process",
    };
    let busy = usage.fence > started.driver().gpu().completed_fence();
    let address = match buffer.address() {
        None => fact("Address", "none: not mapped"),
        Some(DmaBufferAddress::Physical(address)) => fact("Address", format!("system {address}")),
        Some(DmaBufferAddress::Aperture { segment, address }) => {
            fact("Address", view.words().at(segment, address)).selects(Item::Segment(segment))
        }
    };
    let facts = vec![
        fact("Size", exact_size(shape.size.into())),
        address,
        fact("Written", exact_size(usage.used.into())),
        fact("Submitted", exact_size(usage.submitted.into())),
        fact(
            "Private",
            format!("{} of {}", usage.private_used, exact_size(shape.private_size.into())),
        ),
        fact(
            "Serial",
            if usage.serial == 0 { "never used".to_owned() } else { count(usage.serial) },
        ),
        fact("Fence", hex(usage.fence.0)).note(if busy { "busy" } else { "idle" }),
    ];
    let mut sections = vec![Section::new("What", facts)];
    if let Some(device) = shape.device {
        sections.push(pool_section(view, device, buffer));
    }
    if let Some((segment, start)) = shape.memory {
        let name = view.names.segment(segment);
        let line = fact("Offset", hex(start.get())).note(format!("in {name}"));
        let why = "The buffer lies in a memory segment: the driver writes it there, and the GPU \
                   fetches it without a table. There are no frames behind it.";
        sections.push(Section::new("Memory", vec![line, text(why)]));
    } else {
        let frames = Section::new("Frames", frame_runs(&shape.mdl));
        sections.push(frames.note(counted(shape.mdl.pages().get(), "page")));
    }
    Card { title, subtitle: kind.to_owned(), sections, ..Card::default() }
}
