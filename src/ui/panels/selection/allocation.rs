//! An allocation: what it is, where it lies and why, its life, its bytes.

use super::card::{Card, LISTED, Line, Section, When, fact, text};
use crate::analysis::adapter::finding_sentence;
use crate::analysis::allocation_words as words;
use crate::analysis::explain::{decision_lines, policy_text, reason_text};
use crate::analysis::strips::{self, HintOutcome};
use crate::app::{Item, View};
use crate::base::text::{count, counted, exact_size, hex, word};
use crate::base::{AllocationId, SegmentId, Span};
use crate::ddi::{SegmentFlags, SegmentSet};
use crate::machine::{CommandTrace, ContentState, Place, Started, TracedKind};
use crate::memory::{FrameRun, Mdl, bytes};
use crate::rules::SegmentKind;
use crate::ui::panels::findings::severity_tone;
use crate::ui::widgets::Tone;
use crate::vidmm::{Allocation, OperationReason, Placement, ResidencyChange};

/// The first bytes that are shown.
const BYTES: u64 = 64;
/// Bytes in a line.
const BYTES_A_LINE: usize = 8;

/// Everything about an allocation.
pub(super) fn allocation_card(view: &View<'_>, id: AllocationId) -> Card {
    let name = view.names.allocation(id).to_owned();
    let known = view.started.and_then(|started| {
        let allocation = started.vidmm().book().allocation(id)?;
        Some((started, allocation))
    });
    let owner = view.owner_of(id).map(str::to_owned);
    let Some((started, allocation)) = known else {
        let gone = view
            .history
            .iter()
            .any(|(command, change)| change.destroyed && *command <= view.place.command);
        let summary = if gone { "Destroyed by now." } else { "Not created yet." };
        let mut sections = Vec::new();
        sections.extend(since_when(view));
        let subtitle = "allocation".to_owned();
        return Card { owner, title: name, subtitle, summary: summary.to_owned(), sections };
    };
    let subtitle = match &owner {
        Some(owner) => format!("allocation of {owner}"),
        None => "allocation".to_owned(),
    };
    let mut sections = vec![what(view, allocation)];
    sections.extend(findings(started, allocation));
    sections.push(place(view, allocation));
    sections.extend(held(view, allocation));
    sections.extend(why(view, allocation));
    sections.extend(since_when(view));
    sections.push(content(view, started, allocation));
    sections.extend(allocation.backing().map(backing));
    let summary = summary(started, allocation);
    Card { owner, title: name, subtitle, summary, sections }
}

fn summary(started: &Started, allocation: &Allocation) -> String {
    let residence = if allocation.placement().is_some() { "Resident" } else { "Not resident" };
    let state = content_word(allocation);
    let mut summary = format!("{residence}, {state}");
    let mut add = |words: &str| {
        summary.push_str(", ");
        summary.push_str(words);
    };
    if let Some(why) = words::pinned_reason(allocation) {
        add(if allocation.is_displayed() { "displayed" } else { why });
        add("pinned");
    }
    if let Some(locks) = words::locks_words(allocation) {
        add(&locks);
    }
    if let Some(offer) = words::offer_words(allocation.offer()) {
        add(&offer);
    }
    if allocation.is_shared() {
        add("shared");
    }
    if started.is_in_flight(allocation) {
        add("busy");
    }
    summary
}

const fn content_word(allocation: &Allocation) -> &'static str {
    match (allocation.has_content(), allocation.is_dirty()) {
        (false, _) => "without content",
        (true, true) => "dirty",
        (true, false) => "clean",
    }
}

fn what(view: &View<'_>, allocation: &Allocation) -> Section {
    let (size, info) = (allocation.size(), allocation.info());
    let asked = if info.size == size {
        counted(allocation.pages().get(), "page")
    } else {
        format!("asked {}", exact_size(info.size.get()))
    };
    let alignment = info.alignment.get().max(crate::base::PAGE_SIZE);
    let lines = vec![
        fact("Size", format!("{}, {}", exact_size(size.get()), hex(size.get()))).note(asked),
        fact("Priority", allocation.priority().to_string()).note(word(allocation.priority().0)),
        fact("Flags", flags_text(view, allocation)).note(word(info.flags.bits())),
        fact("Content", content_word(allocation)),
        fact("Alignment", exact_size(alignment)),
        fact("Handle", hex(allocation.handle().0.into())),
        fact("Fill", word(allocation.fill_pattern())),
        fact(
            "Fence",
            if allocation.fence().0 == 0 {
                "never used by the GPU".to_owned()
            } else {
                hex(allocation.fence().0)
            },
        ),
    ];
    Section::new("What", lines)
}

/// The flags by the names that the adapter's generation has for them.
fn flags_text(view: &View<'_>, allocation: &Allocation) -> String {
    let names = allocation.info().flags.names(view.run.adapter().version);
    if names.is_empty() { "none".to_owned() } else { names }
}

/// What the rules say of it as it was created.
fn findings(started: &Started, allocation: &Allocation) -> Option<Section> {
    let found = words::creation_findings(started.vidmm().adapter(), allocation);
    let lines: Vec<Line> = found
        .iter()
        .map(|finding| {
            let sentence = finding_sentence(finding);
            let words = format!("{} is {}: {sentence}", finding.field, finding.value);
            Line::Text(severity_tone(finding.severity()), words)
        })
        .collect();
    let note = counted(lines.len() as u64, "finding");
    (!lines.is_empty()).then(|| Section::new("Findings", lines).note(note))
}

/// Who holds it, and what its owner has promised about it.
fn held(view: &View<'_>, allocation: &Allocation) -> Option<Section> {
    let names = view.names;
    let mut lines = vec![fact("Owner", names.device(allocation.device()))];
    let creator = names.process(allocation.creator());
    lines.push(fact("Creator", creator).selects(Item::Process(allocation.creator())));
    if allocation.is_shared() {
        let openers: Vec<&str> =
            allocation.openers().iter().map(|device| names.device(*device)).collect();
        let opened =
            if openers.is_empty() { "no other device".to_owned() } else { openers.join(", ") };
        lines.push(fact("Opened by", opened).note("shared"));
    }
    if allocation.is_primary() {
        let shown = if allocation.is_displayed() { "displayed" } else { "not displayed" };
        lines.push(fact("Primary", "can be displayed").note(shown));
    } else if allocation.is_displayed() {
        lines.push(fact("Primary", "displayed"));
    }
    if let Some(why) = words::pinned_reason(allocation) {
        lines.push(fact("Pinned", why));
    }
    if allocation.locks() > 0 {
        lines.push(fact("Locks", count(allocation.locks().into())).note("held by the CPU"));
    }
    if let Some(offer) = words::offer_words(allocation.offer()) {
        lines.push(fact("Offer", offer));
        lines.push(text(format!("{}.", sentence(words::offer_meaning(allocation.offer())))));
    }
    if let Some(pages) = allocation.existing() {
        lines.push(fact("Wraps", format!("reserved pages {}", names.pages(pages))));
    }
    // Owner and creator alone say what the title does.
    let creator_owns = view.owner_of(allocation.id()) == Some(creator);
    let (title, plain) = ("Held", lines.len() == 2 && creator_owns);
    if plain {
        lines.truncate(1);
    }
    Some(Section::new(title, lines))
}

/// With a capital first letter.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn segment_names(view: &View<'_>, set: SegmentSet) -> String {
    let names: Vec<&str> = set.iter().map(|id| view.names.segment(id)).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn place(view: &View<'_>, allocation: &Allocation) -> Section {
    let info = allocation.info();
    let mut lines = Vec::new();
    match allocation.placement() {
        Some(place) => lines.extend(placed(view, allocation, place)),
        None => {
            let runs = allocation.backing().map_or(0, |mdl| mdl.runs().len());
            let value = if runs == 0 {
                "nowhere: it has no pages".to_owned()
            } else {
                format!("system memory, {}", counted(runs as u64, "run"))
            };
            lines.push(fact("Resident", value));
        }
    }
    let preferred: Vec<String> = info
        .preferred
        .iter()
        .map(|wanted| {
            let end = if wanted.from_end { " ↓" } else { "" };
            format!("{}{end}", view.names.segment(wanted.segment))
        })
        .collect();
    let preferred = if preferred.is_empty() { "none".to_owned() } else { preferred.join(", ") };
    lines.push(fact("Preferred", preferred).note(word(info.preferred.word())));
    let supported = fact("Supported", segment_names(view, info.supported_read));
    lines.push(supported.note(word(info.supported_read.0)));
    if info.supported_write != info.supported_read {
        let written = fact("Written in", segment_names(view, info.supported_write));
        lines.push(written.note(word(info.supported_write.0)));
    }
    for (segment, bytes) in view.started.map_or_else(Vec::new, |started| {
        words::sizes_elsewhere(started.vidmm().adapter(), allocation)
    }) {
        lines.push(fact("Size there", format!("{segment} {}", exact_size(bytes.get()))));
    }
    if !info.hinted_banks.is_empty() {
        let hints = strips::hint_words(info.hinted_banks);
        lines.push(fact("Bank hints", hints).note(word(info.hinted_banks.word())));
    }
    if info.pitch_aligned_size.get() > 0 {
        let aligned = fact("Pitch aligned", exact_size(info.pitch_aligned_size.get()));
        lines.push(aligned.note(hex(info.pitch_aligned_size.get())));
    }
    if let Some(rows) = info.rows {
        let value = format!("{} of {} B", count(rows.rows.into()), count(rows.pitch.into()));
        let note = format!("aligned {} B", count(rows.aligned_pitch.into()));
        lines.push(fact("Rows", value).note(note));
    }
    if !info.eviction.is_empty() {
        let via = fact("Evicts via", segment_names(view, info.eviction));
        lines.push(via.note(word(info.eviction.0)));
    }
    Section::new("Where", lines)
}

fn placed(view: &View<'_>, allocation: &Allocation, place: Placement) -> Vec<Line> {
    let (segment, span) = (place.segment, place.span);
    let first = allocation.info().preferred.iter().next();
    let preferred = allocation.info().preferred.iter().any(|wanted| wanted.segment == segment);
    let note = match (preferred, first) {
        (true, _) => "as preferred",
        (false, Some(_)) => "not as preferred",
        (false, None) => "no preference",
    };
    let name = format!("{segment} {}", view.names.segment(segment));
    let base = view.words().checked(segment).map_or(0, |known| known.base.get());
    let mut lines = vec![
        fact("Segment", name).note(note).selects(Item::Segment(segment)),
        fact("Address", range(base, span)),
        fact("Offset", hex(span.start())),
    ];
    if let Some(known) = view.words().checked(segment) {
        let hints = allocation.info().hinted_banks;
        if let Some((outcome, sentence)) = strips::hint_outcome(known, hints, place) {
            let value = sentence.strip_prefix("Bank ").unwrap_or(&sentence).to_owned();
            let note = match outcome {
                HintOutcome::NoHint => "",
                HintOutcome::Followed => "hint followed",
                HintOutcome::Dropped => "hint dropped",
            };
            lines.push(fact("Bank", value).note(note));
        }
        if let Some(padding) = words::padding(known, allocation, place) {
            let of = format!("{} content", exact_size(padding.content));
            lines.push(fact("Padding", exact_size(padding.bytes())).note(of));
        }
    }
    lines.extend(cpu(view, segment, Some(span)));
    lines.extend(eviction_rank(view, allocation, segment));
    lines
}

/// Both ends of a range, the last byte included.
pub(super) fn range(base: u64, span: Span) -> String {
    let first = base.saturating_add(span.start());
    let last = base.saturating_add(span.end().saturating_sub(1));
    format!("{}–{}", hex(first), hex(last))
}

/// Where the CPU sees a segment, or a range of it.
pub(super) fn cpu(view: &View<'_>, segment: SegmentId, span: Option<Span>) -> Option<Line> {
    let known = view.words().checked(segment)?;
    if known.kind == SegmentKind::Aperture {
        return None;
    }
    if !known.flags.contains(SegmentFlags::CpuVisible) {
        return Some(fact("CPU", "cannot reach it"));
    }
    let described = view.document.adapter.segments.as_ref();
    let base = described.and_then(|all| all.get(segment.index()))?.cpu_translated_address;
    let span = span.unwrap_or(Span::whole(known.size.get()));
    Some(match base {
        0 => fact("CPU", "reaches it linearly"),
        base => fact("CPU", range(base, span)),
    })
}

/// How far from either end of the order of leaving is counted: a frame has no time for a million.
const RANKS_COUNTED: usize = 2_000;

/// Which in the order of leaving it is.
fn eviction_rank(view: &View<'_>, allocation: &Allocation, segment: SegmentId) -> Option<Line> {
    if allocation.is_pinned() {
        let why = words::pinned_reason(allocation).unwrap_or("pinned");
        return Some(fact("Eviction", "pinned: never a victim").note(why));
    }
    let used = view.started?.vidmm().book().segment(segment)?;
    let all = used.evictable() as u64;
    let is_it = |id: AllocationId| id == allocation.id();
    let before = used.residents_by_rank().take(RANKS_COUNTED).position(is_it);
    let behind = || used.residents_by_rank().rev().take(RANKS_COUNTED).position(is_it);
    let rank = before
        .map(|before| before as u64 + 1)
        .or_else(|| behind().map(|behind| all.saturating_sub(behind as u64)));
    let value = match rank {
        Some(1) if all == 1 => "the only one that can leave".to_owned(),
        Some(1) => format!("leaves first of {}", count(all)),
        Some(rank) => format!("leaves as number {} of {}", count(rank), count(all)),
        None if all > RANKS_COUNTED as u64 => {
            let counted = count(RANKS_COUNTED as u64);
            format!("more than {counted} of {} leave before it", count(all))
        }
        None => return None,
    };
    Some(fact("Eviction", value))
}

fn why(view: &View<'_>, allocation: &Allocation) -> Option<Section> {
    let place = allocation.placement()?;
    let placing = view.placed_by?;
    let lines = placing.decision.as_ref().map(|decision| decision_lines(decision, view.words()));
    let lines = match lines {
        Some(lines) if !lines.is_empty() => {
            let candidates = lines.into_iter().map(Line::Candidate);
            candidates.chain([policy_line(view)]).collect()
        }
        _ => vec![text(format!(
            "It was placed in {} without a search.",
            view.names.segment(place.segment)
        ))],
    };
    Some(Section {
        title: "Why here".to_owned(),
        decided: Some(Place::after(placing.command)),
        lines,
        ..Section::default()
    })
}

/// The policies that a search for room goes by.
pub(super) fn policy_line(view: &View<'_>) -> Line {
    text(format!("Policies: {}.", policy_text(view.run.policies())))
}

fn since_when(view: &View<'_>) -> Option<Section> {
    let now = view.started?.vidmm().mark().book;
    let history = view.history;
    if history.is_empty() {
        return None;
    }
    // Told in order, so that what is past comes first.
    let past = history.partition_point(|(_, change)| change.position <= now);
    // The life around now: what came long before and what comes long after is only counted.
    let first = past.saturating_sub(1 + LISTED / 2).min(history.len().saturating_sub(LISTED));
    let last = history.len().min(first + LISTED);
    let events = history.iter().enumerate().take(last).skip(first);
    let lines = events.map(|(index, (command, change))| Line::Event {
        place: Place::after(*command),
        text: event_text(view, *command, change),
        when: match (index + 1).cmp(&past) {
            std::cmp::Ordering::Less => When::Past,
            std::cmp::Ordering::Equal => When::Current,
            std::cmp::Ordering::Greater => When::Ahead,
        },
    });
    let (earlier, later) = (first as u64, (history.len() - last) as u64);
    let note = match (earlier, later) {
        (0, 0) => String::new(),
        (earlier, 0) => format!("{} earlier", count(earlier)),
        (0, later) => format!("{} later", count(later)),
        (earlier, later) => format!("{} earlier, {} later", count(earlier), count(later)),
    };
    Some(Section::new("Since when", lines.collect()).note(note))
}

fn event_text(view: &View<'_>, command: usize, change: &ResidencyChange) -> String {
    let at = |place: Placement| view.words().at_offset(place.segment, place.span.start());
    if change.created {
        return "created".to_owned();
    }
    if change.destroyed {
        return "destroyed".to_owned();
    }
    match (change.before, change.after) {
        (None, Some(after)) => format!("paged in, {}", at(after)),
        (Some(_), Some(after)) => format!("moved to {}", at(after)),
        (Some(before), None) => {
            left(view, command, change.allocation).unwrap_or_else(|| format!("left {}", at(before)))
        }
        (None, None) => "changed".to_owned(),
    }
}

/// Why it left: for whom, or, where the command that made it leave is taken apart already, why else.
fn left(view: &View<'_>, command: usize, id: AllocationId) -> Option<String> {
    // The last of several: a submission that had to be split looks again.
    let decisions = view.run.decisions(command);
    if let Some(decision) = decisions.filter(|decision| decision.has_victim(id)).last() {
        return Some(format!("evicted for {}", view.names.allocation(decision.allocation)));
    }
    let known = [view.trace, view.opened.get(&command)];
    let trace: &CommandTrace =
        known.into_iter().flatten().find(|trace| trace.command == command)?;
    trace.operations.iter().find_map(|operation| {
        let TracedKind::Asked(record) = &operation.kind else { return None };
        match record.reason {
            OperationReason::EvictedFor { victim, newcomer } if victim == id => {
                Some(format!("evicted for {}", view.names.allocation(newcomer)))
            }
            OperationReason::EvictedByCommand(victim) if victim == id => {
                Some("evicted by the command".to_owned())
            }
            OperationReason::CpuAccess(victim) if victim == id => {
                Some(reason_text(record, view.words()))
            }
            _ => None,
        }
    })
}

fn content(view: &View<'_>, started: &Started, allocation: &Allocation) -> Section {
    let mut lines = Vec::new();
    let pieces = started.pieces(allocation);
    let hash = started
        .content_hash(allocation)
        .map_or("not made: too many bytes".to_owned(), |hash| hash.to_string());
    if view.place.inner.is_some() {
        lines.push(text("Inside a command bytes are on the way: judged at its end."));
    } else if started.is_in_flight(allocation) {
        let fence = hex(allocation.fence().0);
        lines.push(text(format!("In flight until fence {fence}: not judged.")));
    } else {
        let (tone, words) = match started.content_state(allocation) {
            (ContentState::Intact, _) => (Tone::Ok, "Intact, every byte as expected".to_owned()),
            (ContentState::Damaged, at) => {
                let at = at.map_or(String::new(), |at| format!(", first at {}", hex(at)));
                (Tone::Error, format!("Damaged{at}"))
            }
            (ContentState::NeverWritten, _) => (Tone::Plain, "Never written".to_owned()),
            (ContentState::Lost, _) => (Tone::Plain, "Lost in a reset of the adapter".to_owned()),
            (ContentState::Discarded, _) => {
                (Tone::Plain, "Dropped while it was offered".to_owned())
            }
        };
        lines.push(Line::Text(tone, words));
    }
    if allocation.is_cached() {
        let stale = words::unflushed(started.host(), allocation);
        let value = format!("{stale} not flushed");
        lines.push(fact("CPU cache", value).note("Cached"));
    }
    match pieces {
        None => lines.push(text("There are no bytes: it has no pages yet.")),
        Some(pieces) => {
            lines.push(fact("Hash", hash));
            let first = bytes::slice_pieces(&pieces, 0, BYTES.min(allocation.size().get()));
            let read = bytes::read_pieces(&first, BYTES_A_LINE * 8);
            let offsets = (0..).step_by(BYTES_A_LINE);
            lines.extend(
                offsets
                    .zip(read.chunks(BYTES_A_LINE))
                    .map(|(offset, bytes)| Line::Bytes { offset, bytes: bytes.to_vec() }),
            );
        }
    }
    let place = match allocation.placement() {
        Some(place) => format!("first bytes, read in {}", view.names.segment(place.segment)),
        None => "first bytes, read in system memory".to_owned(),
    };
    Section::new("Content", lines).note(place)
}

/// Runs of frames, the first ones as links.
pub(super) fn frame_runs(mdl: &Mdl) -> Vec<Line> {
    const RUNS: usize = 6;
    let link = |run: &FrameRun| Line::Link {
        item: Item::Frame(run.first),
        name: format!("frame {}", run.first),
        text: counted(run.count.get(), "page"),
    };
    let mut lines: Vec<Line> = mdl.runs().iter().take(RUNS).map(link).collect();
    if mdl.runs().len() > RUNS {
        lines.push(text(format!("and {} more runs", count((mdl.runs().len() - RUNS) as u64))));
    }
    lines
}

fn backing(mdl: &Mdl) -> Section {
    let runs = counted(mdl.runs().len() as u64, "run");
    let note = format!("{} in {runs}", counted(mdl.pages().get(), "page"));
    Section::new("Backing store", frame_runs(mdl)).note(note)
}
