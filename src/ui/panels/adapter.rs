//! The left panel: the adapter with its segments, system memory, processes and findings.

use std::collections::BTreeSet;

use egui::{
    Align2, Color32, CursorIcon, Rect, Response, Role, Sense, Shape, Ui, WidgetInfo, pos2, vec2,
};

use super::findings::{item_of, severity_badges, severity_tone};
use super::map::place_of;
use crate::analysis::adapter::{self as words, Holding, ProcessHolding, flag_names};
use crate::analysis::findings::{
    FindingRow, FindingSubject, RuleFindings, adapter_findings, by_rule, counts, counts_text,
};
use crate::analysis::lanes::bytes_by_process;
use crate::analysis::quirks::{self, QuirkWords};
use crate::app::{Action, Item, Tab, View};
use crate::base::text::{count, counted, hex, size as size_text, word};
use crate::base::{DeviceId, ProcessId, SegmentId};
use crate::ddi::DescriptorGeneration;
use crate::kmd;
use crate::machine::Started;
use crate::rules::Severity;
use crate::ui::theme::{OwnerPalette, OwnerSlot, size, text, tokens};
use crate::ui::widgets::{
    BarFill, BarPart, UsedBar, disclosure, elide, focus_ring, horizontal_line, panel_header, snap,
    swatch,
};

/// What the panel remembers between frames of one open session.
#[derive(Debug, Default)]
pub(crate) struct AdapterState {
    /// Processes whose devices are not shown.
    closed: BTreeSet<ProcessId>,
    kept: Option<Kept>,
}

/// What the panel says, put together once a revision.
#[derive(Debug)]
struct Kept {
    revision: u64,
    palette: Vec<OwnerSlot>,
    segments: Vec<SegmentEntry>,
    memory: Vec<Fact>,
    processes: Vec<ProcessHolding>,
    rules: Vec<RuleFindings>,
    counts: Vec<(Severity, u64)>,
}

/// A line with a value at the right end, and what both mean.
#[derive(Debug)]
struct Fact {
    name: String,
    value: String,
    meaning: &'static str,
}

/// A segment as the panel shows it.
#[derive(Debug)]
struct SegmentEntry {
    /// The id, where the adapter has started or the rules allow one.
    id: Option<SegmentId>,
    number: String,
    name: String,
    used: String,
    /// Shares of the segment, by owner.
    parts: Vec<(f32, Option<ProcessId>)>,
    limit: Option<(f32, String)>,
    flags: String,
    word: String,
    /// What the rules say of it, worst first.
    findings: Vec<(Severity, u64)>,
    spoken: String,
}

/// Shows the panel in the space that is left.
pub(crate) fn adapter_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut AdapterState,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    let area = ui.available_rect_before_wrap();
    ui.painter().rect_filled(snap(ui.painter(), area), 0.0, tokens.panel);
    ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
    if state.kept.as_ref().is_none_or(|kept| kept.revision != view.revision) {
        state.kept = Some(Kept::of(view));
    }
    let Some(kept) = state.kept.take() else { return };
    panel_header(ui, "Adapter", |ui| {
        let version = view.run.adapter().version.to_string();
        let ink = tokens.text_faint;
        ui.label(text::mixed_job(&version, size::TEXT_SMALL, ink))
            .on_hover_text("The version of the driver model that its driver was built for");
    });
    let mut asked = Asked { actions, over: None };
    egui::ScrollArea::vertical().id_salt("adapter").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(0.0, 0.0);
        summary(ui, view);
        for segment in &kept.segments {
            separator(ui);
            segment_entry(ui, view, &kept, segment, &mut asked);
        }
        separator(ui);
        ui.add_space(6.0);
        for fact in &kept.memory {
            let response = line(ui, &fact.name, &fact.value);
            response.on_hover_text(fact.meaning);
        }
        ui.add_space(8.0);
        processes(ui, view, &kept, &mut state.closed, &mut asked);
        findings(ui, &kept, &mut asked);
        driver(ui, view);
    });
    asked.tell();
    state.kept = Some(kept);
}

impl Kept {
    fn of(view: &View<'_>) -> Self {
        let palette = OwnerPalette::new(view.names.processes());
        let palette = view.names.processes().map(|name| palette.slot(name)).collect();
        let raw = view.run.adapter();
        let rows = adapter_findings(view.run.machine().findings());
        let segments = raw.segments.iter().enumerate();
        let segments =
            segments.map(|(index, segment)| SegmentEntry::of(view, index, segment, &rows));
        let (processes, devices) = (view.names.processes().len(), view.names.devices().len());
        let holdings = view.started.map_or_else(Vec::new, |started| {
            words::processes(started.vidmm().book(), view.tally, processes, devices)
        });
        Self {
            revision: view.revision,
            palette,
            segments: segments.collect(),
            memory: view.started.map_or_else(Vec::new, memory_facts),
            processes: holdings,
            rules: by_rule(&rows),
            counts: counts(rows.iter().map(|row| row.severity)),
        }
    }

    fn slot(&self, process: Option<ProcessId>) -> OwnerSlot {
        let known = process.and_then(|id| self.palette.get(id.index()).copied());
        known.unwrap_or(OwnerSlot::System)
    }
}

fn memory_facts(started: &Started) -> Vec<Fact> {
    let vidmm = started.vidmm();
    let mut facts = Vec::new();
    let limit = vidmm.adapter().aperture_commit_limit;
    let apertures =
        vidmm.adapter().segments.iter().any(|it| it.kind == crate::rules::SegmentKind::Aperture);
    if apertures {
        let committed = vidmm.book().aperture_commit();
        facts.push(Fact {
            name: "Apertures, committed".to_owned(),
            value: limit.map_or_else(|| committed.to_string(), |l| format!("{committed} of {l}")),
            meaning: "Bytes mapped into all apertures together, without buffers. With a limit, \
                      it is the driver's ApertureSegmentCommitLimit.",
        });
    }
    let frames = words::frames(started.host());
    facts.push(Fact {
        name: "RAM used".to_owned(),
        value: format!("{} of {}", count(frames.used), counted(frames.total, "frame")),
        meaning: "System memory: frames of 4 KiB that hold backing store, buffers, page lists, the dummy page or \
                  the rest of the system.",
    });
    facts.push(Fact {
        name: "RAM free".to_owned(),
        value: counted(frames.free, "frame"),
        meaning: "System memory: frames of 4 KiB that nobody uses.",
    });
    facts.push(Fact {
        name: "Commit charged".to_owned(),
        value: format!("{} of {}", vidmm.book().commit(), vidmm.commit_limit()),
        meaning: "System memory promised to allocations, so that each can be evicted, against \
                  what may be promised.",
    });
    facts
}

impl SegmentEntry {
    fn of(
        view: &View<'_>,
        index: usize,
        segment: &crate::config::Segment,
        found: &[FindingRow],
    ) -> Self {
        let id = SegmentId::from_index(index);
        let started = view.started;
        let usage = started.zip(id).and_then(|(it, id)| it.vidmm().book().segment(id));
        let used = usage.map_or(0, |usage| usage.space().used());
        let parts = usage.zip(started).map_or_else(Vec::new, |(usage, started)| {
            let sums = id.and_then(|id| view.tally.extents(id));
            let sums = bytes_by_process(usage, started.vidmm().book(), sums);
            let part =
                |(owner, sum): (Option<ProcessId>, u64)| (share(sum, usage.space().len()), owner);
            sums.into_iter().map(part).collect()
        });
        let limited = segment.commit_limit != 0 && segment.commit_limit != segment.size;
        let limit = limited.then(|| {
            let words = format!("Commit limit {}", size_text(segment.commit_limit));
            (share(segment.commit_limit, segment.size), words)
        });
        // An AGP segment is as large as the platform's aperture, whatever its descriptor says.
        let checked = started.zip(id).and_then(|(it, id)| it.vidmm().adapter().segment(id));
        let whole = checked.map_or(segment.size, |checked| checked.size.get());
        let of = size_text(whole);
        let used = if usage.is_some() { format!("{} of {of}", size_text(used)) } else { of };
        let flags = flag_names(segment.flags);
        let spoken = format!("Segment {}: {}, {used}, {flags}", index + 1, segment.name);
        Self {
            id,
            number: (index + 1).to_string(),
            name: segment.name.clone(),
            used,
            parts,
            limit,
            flags,
            word: word(segment.flags.bits()),
            findings: counts(
                found
                    .iter()
                    .filter(|row| id.map(FindingSubject::Segment) == Some(row.subject))
                    .map(|row| row.severity),
            ),
            spoken,
        }
    }
}

/// `part` of `whole` as 0 to 1.
fn share(part: u64, whole: u64) -> f32 {
    // In thousandths of a per mille, which is finer than a pixel of any bar.
    let parts = u128::from(part) * 1_000_000 / u128::from(whole.max(1));
    let parts = u32::try_from(parts).unwrap_or(1_000_000).min(1_000_000);
    #[expect(clippy::cast_precision_loss)]
    let share = parts as f32 / 1_000_000.0;
    share
}

fn inset(rect: Rect) -> Rect {
    rect.shrink2(vec2(size::PANEL_INSET, 0.0))
}

fn separator(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
    let rect = inset(rect);
    let color = tokens(ui).separator;
    horizontal_line(ui.painter(), rect.left(), rect.right(), rect.top(), color);
}

/// A line of 16 points: faint name, value at the right; the name gives way.
fn line(ui: &mut Ui, name: &str, value: &str) -> Response {
    let tokens = tokens(ui);
    let space = vec2(ui.available_width(), size::LIST_ROW);
    let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name}: {value}")));
    pair(ui, inset(rect), (name, tokens.text_faint), (value, tokens.text_secondary));
    response
}

/// Two texts in small at both ends of a rectangle; the left one gives way.
fn pair(ui: &Ui, rect: Rect, left: (&str, Color32), right: (&str, Color32)) -> Rect {
    let painter = ui.painter();
    let at = rect.right_center();
    let end = text::paint(painter, at, Align2::RIGHT_CENTER, right.0, size::TEXT_SMALL, right.1);
    let room = end.left() - 8.0 - rect.left();
    let galley = elide(painter, left.0, size::TEXT_SMALL, left.1, room);
    let at = rect.left_center() - vec2(0.0, 1.0);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, left.1)
}

/// Name, profile, system memory and policies.
fn summary(ui: &mut Ui, view: &View<'_>) {
    let tokens = tokens(ui);
    let raw = view.run.adapter();
    ui.add_space(8.0);
    let space = vec2(ui.available_width(), 18.0);
    let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
    let spoken = format!("{}, profile {}", raw.name, raw.profile);
    response.widget_info(|| WidgetInfo::labeled(Role::Heading, true, &spoken));
    let inside = inset(rect);
    let painter = ui.painter();
    let name = elide(painter, &raw.name, size::TEXT_BODY, tokens.text, inside.width() * 0.7);
    // The name matters more than the profile.
    let profile = format!("profile: {}", raw.profile);
    let (at, ink) = (inside.right_center(), tokens.text_faint);
    let room = inside.width() - name.size().x - 8.0;
    let profile = elide(painter, &profile, size::TEXT_SMALL, ink, room);
    let cut = name.elided || profile.elided;
    text::paint_galley(painter, at, Align2::RIGHT_CENTER, profile, ink);
    let at = inside.left_center() - vec2(0.0, 1.0);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, name, tokens.text);
    if cut {
        response.on_hover_text(spoken);
    }
    ui.horizontal(|ui| {
        ui.set_height(16.0);
        ui.add_space(size::PANEL_INSET);
        let piece = |ui: &mut Ui, words: &str, meaning: &str| {
            let job = text::mixed_job(words, size::TEXT_SMALL, tokens.text_secondary);
            ui.label(job).on_hover_text(meaning);
        };
        let memory = format!("{} RAM", size_text(raw.system_memory));
        piece(
            ui,
            &memory,
            "System memory: frames of 4 KiB, for backing store, buffers and page lists.",
        );
        // What becomes of offers stands with the driver, below: the line has no room for it.
        for policy in words::policies(view.run.policies()).into_iter().take(3) {
            piece(ui, ", ", "");
            piece(ui, policy.name, policy.meaning);
        }
    });
    for quirk in quirks::quirk_words(raw.quirks) {
        quirk_row(ui, &quirk);
    }
    ui.add_space(8.0);
}

/// A quirk that is on: a triangle and its name.
fn quirk_row(ui: &mut Ui, quirk: &QuirkWords) {
    let tokens = tokens(ui);
    let space = vec2(ui.available_width(), size::LIST_ROW + 2.0);
    let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
    let spoken = format!("Quirk on: {}. {}", quirk.name, quirk.departure);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    let inside = inset(rect);
    let tone = crate::ui::widgets::Tone::Warn;
    let at = inside.left_center() + vec2(6.0, 0.0);
    tone.icon().paint(ui.painter(), at, 11.0, tone.color(tokens));
    let words = inside.with_min_x(inside.left() + 18.0);
    pair(ui, words, (quirk.name, tokens.text), ("quirk on", tokens.text_faint));
    response.on_hover_text(quirk.departure);
}

/// The driver and what it reports: where descriptors, offers and transfers stand, which quirks its
/// original has.
fn driver(ui: &mut Ui, view: &View<'_>) {
    let tokens = tokens(ui);
    let raw = view.run.adapter();
    panel_header(ui, "Driver", |ui| {
        ui.label(text::mixed_job(&raw.profile, size::TEXT_SMALL, tokens.text_faint))
            .on_hover_text("The profile: how it encodes, and what it reports");
    });
    ui.add_space(4.0);
    let fact = |ui: &mut Ui, name: &str, value: &str, meaning: &str| {
        line(ui, name, value).on_hover_text(meaning);
    };
    let generation = raw.descriptors.unwrap_or(DescriptorGeneration::newest(raw.version));
    let chosen = if raw.descriptors.is_some() { "" } else { ", newest" };
    fact(
        ui,
        "Segment descriptors",
        &format!("generation {}{chosen}", generation.number()),
        "Which segment query the driver answers: DXGK_SEGMENTDESCRIPTOR, 3 or 4. Fields of later \
         generations do not exist in it.",
    );
    if let Some(agp) = raw.agp_aperture {
        let value = format!("{} at {}", size_text(agp.size), hex(agp.base));
        fact(
            ui,
            "AGP aperture",
            &value,
            "AgpApertureSize and AgpApertureBase: the chipset's aperture, announced to the driver \
             when it is asked for its segments.",
        );
    }
    let policies = view.run.policies();
    if let Some(offers) = words::policies(policies).last() {
        fact(ui, "Offers", offers.name.trim_start_matches("offers "), offers.meaning);
    }
    let limit = match policies.transfer_limit {
        0 => "whole allocations".to_owned(),
        limit => size_text(limit),
    };
    fact(
        ui,
        "Transfers",
        &limit,
        "The most bytes of one sub-transfer. Larger allocations move in several, told apart by \
         TransferOffset and MdlOffset.",
    );
    let profile = kmd::profile(&raw.profile);
    for quirk in profile.iter().flat_map(|known| quirks::originals_off(known, raw.quirks)) {
        let name = quirks::quirk_words(quirk.quirk).first().map_or("", |it| it.name);
        let origin = format!(
            "Off: this driver does what the documents say. {}\nIts original: {} at {}, {}",
            quirk.description, quirk.origin.repository, quirk.origin.revision, quirk.origin.part,
        );
        fact(ui, name, "off", &origin);
    }
    ui.add_space(8.0);
    panel_header(ui, "Reported memory", |_| {});
    ui.add_space(4.0);
    for (name, bytes, formula) in words::reported(raw) {
        fact(ui, name, &bytes.to_string(), formula);
    }
    ui.add_space(8.0);
}

fn segment_entry(
    ui: &mut Ui,
    view: &View<'_>,
    kept: &Kept,
    entry: &SegmentEntry,
    asked: &mut Asked<'_>,
) {
    let tokens = tokens(ui);
    let ground = ui.painter().add(Shape::Noop);
    let top = ui.cursor().min;
    ui.add_space(6.0);
    let row = |ui: &mut Ui, height: f32| {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        inset(rect)
    };
    let rect = row(ui, 18.0);
    let painter = ui.painter();
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let ink = tokens.text_faint;
    text::paint_mono(painter, rect.left_center(), left, &entry.number, size::MONO, ink);
    let ink = tokens.text_secondary;
    let end = text::paint(painter, rect.right_center(), right, &entry.used, size::TEXT_SMALL, ink);
    let start = pos2(rect.left() + 14.0, rect.center().y);
    let room = end.left() - 8.0 - start.x;
    let name = elide(painter, &entry.name, size::TEXT_BODY, tokens.text, room);
    text::paint_galley(painter, start - vec2(0.0, 1.0), left, name, tokens.text);
    bar(ui, kept, entry);
    let rect = row(ui, size::LIST_ROW + 2.0);
    let at = rect.right_center();
    let end = text::paint_mono(ui.painter(), at, right, &entry.word, size::MONO, ink);
    let room = end.left() - 8.0 - rect.left();
    let flags = elide(ui.painter(), &entry.flags, size::TEXT_SMALL, ink, room);
    text::paint_galley(ui.painter(), rect.left_center() - vec2(0.0, 1.0), left, flags, ink);
    let mut badges = None;
    if entry.limit.is_some() || !entry.findings.is_empty() {
        let rect = row(ui, size::LIST_ROW);
        let at = rect.left_center();
        let words = entry.limit.as_ref().map_or("Findings", |(_, words)| words);
        let ink = if entry.limit.is_some() { ink } else { tokens.text_faint };
        text::paint(ui.painter(), at, left, words, size::TEXT_SMALL, ink);
        badges = Some(rect);
    }
    ui.add_space(6.0);
    let area = Rect::from_min_max(top, pos2(top.x + ui.available_width(), ui.cursor().min.y));
    let id = ui.scope_id().with(("segment", &entry.number));
    let response = ui.interact(area, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &entry.spoken));
    let item = entry.id.map(Item::Segment);
    let fill = entry_ground(ui, view, entry, &response);
    ui.painter().set(ground, Shape::rect_filled(snap(ui.painter(), area), 0.0, fill));
    focus_ring(ui, &response, area, 0.0);
    asked.react(&response, item);
    response.on_hover_ui(|ui| segment_tip(ui, entry));
    if let Some(rect) = badges.filter(|_| !entry.findings.is_empty()) {
        let spoken = format!("Segment {}: {}", entry.number, counts_text(&entry.findings));
        let badges = severity_badges(ui, rect, &entry.findings, &spoken);
        if badges.clicked() {
            asked.actions.push(Action::SetTab(Tab::Findings));
            asked.actions.extend(entry.id.map(|id| Action::Select(Some(Item::Segment(id)))));
        }
    }
}

fn entry_ground(ui: &Ui, view: &View<'_>, entry: &SegmentEntry, response: &Response) -> Color32 {
    let tokens = tokens(ui);
    let selected = view.selected.filter(|_| entry.id.is_some());
    let place = view.started.zip(selected).and_then(|(it, item)| place_of(it, item));
    if selected.is_some() && selected == entry.id.map(Item::Segment) {
        tokens.accent_ground
    } else if place.is_some_and(|(id, _)| Some(id) == entry.id) {
        tokens.related_ground(tokens.panel)
    } else if response.hovered() {
        tokens.hover_ground(tokens.panel)
    } else {
        tokens.panel
    }
}

fn bar(ui: &mut Ui, kept: &Kept, entry: &SegmentEntry) {
    let tokens = tokens(ui);
    let part = |(share, owner): &(f32, Option<ProcessId>)| BarPart {
        share: *share,
        fill: BarFill::Solid(tokens.owner(kept.slot(*owner)).color),
    };
    let parts: Vec<BarPart> = entry.parts.iter().map(part).collect();
    let limit = entry.limit.as_ref().map(|(limit, _)| *limit);
    let overhang = if limit.is_some() { 0.0 } else { 3.0 };
    ui.add_space(overhang);
    ui.horizontal(|ui| {
        ui.set_height(8.0);
        ui.add_space(size::PANEL_INSET);
        let width = ui.available_width() - size::PANEL_INSET;
        ui.scope(|ui| {
            ui.set_max_width(width);
            let mut bar = UsedBar::new(&parts, &entry.spoken);
            if let Some(limit) = limit {
                bar = bar.limit(limit);
            }
            ui.add(bar);
        });
    });
    ui.add_space(overhang);
}

fn segment_tip(ui: &mut Ui, entry: &SegmentEntry) {
    let tokens = tokens(ui);
    ui.spacing_mut().item_spacing.y = 2.0;
    let mut line = |words: &str, ink| {
        ui.label(text::mixed_job(words, size::TEXT_SMALL, ink));
    };
    line(&format!("Segment {}: {}", entry.number, entry.name), tokens.text);
    line(&format!("used: {}, blocks and buffers", entry.used), tokens.text_secondary);
    line(&format!("flags {}: {}", entry.word, entry.flags), tokens.text_secondary);
    if let Some((_, words)) = &entry.limit {
        let what = "bytes that may be committed here at once; the tick on the bar";
        line(&format!("{words}: {what}"), tokens.text_secondary);
    }
}

/// What the rows ask for in a frame.
struct Asked<'a> {
    actions: &'a mut Vec<Action>,
    /// What the pointer is over.
    over: Option<Item>,
}

impl Asked<'_> {
    /// Selects with a click, notes what the pointer is over.
    fn react(&mut self, response: &Response, item: Option<Item>) {
        if response.clicked() && item.is_some() {
            self.actions.push(Action::Select(item));
        }
        if response.hovered() {
            self.over = item;
        }
    }

    /// Tells the window what the pointer is over.
    fn tell(self) {
        if self.over.is_some() {
            self.actions.push(Action::Hover(self.over));
        }
    }
}

fn processes(
    ui: &mut Ui,
    view: &View<'_>,
    kept: &Kept,
    closed: &mut BTreeSet<ProcessId>,
    asked: &mut Asked<'_>,
) {
    let tokens = tokens(ui);
    panel_header(ui, "Processes", |ui| {
        ui.label(text::mixed_job("resident", size::TEXT_SMALL, tokens.text_faint))
            .on_hover_text("Bytes of allocations that are in a segment now");
    });
    ui.add_space(4.0);
    if kept.processes.is_empty() {
        let why = match (view.started, view.names.processes().len()) {
            (None, _) => "the adapter does not start",
            (Some(_), 0) => "no command creates one",
            (Some(_), _) => "none at this step, step forward",
        };
        line(ui, why, "");
    }
    for holding in &kept.processes {
        let open = !closed.contains(&holding.process);
        if process_row(ui, view, kept, holding, open, asked) {
            if open {
                closed.insert(holding.process);
            } else {
                closed.remove(&holding.process);
            }
        }
        if open {
            for (device, held) in &holding.devices {
                device_row(ui, view, *device, held);
            }
        }
    }
    ui.add_space(8.0);
}

/// A row of the tree; says whether it is to be opened or closed.
fn process_row(
    ui: &mut Ui,
    view: &View<'_>,
    kept: &Kept,
    holding: &ProcessHolding,
    open: bool,
    asked: &mut Asked<'_>,
) -> bool {
    let tokens = tokens(ui);
    let space = vec2(ui.available_width(), size::TREE_ROW);
    let (rect, response) = ui.allocate_exact_size(space, Sense::click());
    let name = view.names.process(holding.process);
    let resident = size_text(holding.total.resident);
    let spoken = format!("Process {name}, {resident} resident");
    let item = Some(Item::Process(holding.process));
    let selected = view.selected == item;
    response.widget_info(|| WidgetInfo::selected(Role::TreeItem, true, selected, &spoken));
    let ground = if selected {
        tokens.accent_ground
    } else if response.hovered() || view.hovered == item {
        tokens.hover_ground(tokens.panel)
    } else {
        tokens.panel
    };
    ui.painter().rect_filled(snap(ui.painter(), rect), 0.0, ground);
    let inside = inset(rect);
    let mut toggled = false;
    if !holding.devices.is_empty() {
        let spot = Rect::from_min_size(pos2(inside.left() - 2.0, rect.top()), vec2(14.0, 20.0));
        let mut part = ui.new_child(egui::UiBuilder::new().max_rect(spot));
        toggled = disclosure(&mut part, open, &format!("Devices of {name}")).clicked();
    }
    let square =
        Rect::from_center_size(pos2(inside.left() + 20.0, rect.center().y), vec2(9.0, 9.0));
    swatch(ui.painter(), square, tokens.owner(kept.slot(Some(holding.process))));
    let words = inside.with_min_x(square.right() + 6.0);
    tree_words(ui, words, name, &resident, tokens.text);
    focus_ring(ui, &response, rect, 0.0);
    asked.react(&response, item);
    let allocations = counted(holding.total.allocations, "allocation");
    response.on_hover_text(format!("{name}: {allocations}, {resident} resident"));
    toggled
}

fn device_row(ui: &mut Ui, view: &View<'_>, device: DeviceId, held: &Holding) {
    let tokens = tokens(ui);
    let space = vec2(ui.available_width(), size::TREE_ROW);
    let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
    let name = view.names.device(device);
    let resident = size_text(held.resident);
    let allocations = counted(held.allocations, "allocation");
    let spoken = format!("Device {name}, {allocations}, {resident} resident");
    response.widget_info(|| WidgetInfo::labeled(Role::TreeItem, true, &spoken));
    let inside = inset(rect).with_min_x(rect.left() + size::PANEL_INSET + 31.0);
    tree_words(ui, inside, name, &allocations, tokens.text_secondary);
    response.on_hover_text(spoken);
}

fn tree_words(ui: &Ui, rect: Rect, name: &str, value: &str, ink: Color32) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    let (at, faint) = (rect.right_center(), tokens.text_secondary);
    let end = text::paint(painter, at, Align2::RIGHT_CENTER, value, size::TEXT_SMALL, faint);
    let room = end.left() - 8.0 - rect.left();
    let galley = elide(painter, name, size::TEXT_BODY, ink, room);
    let at = rect.left_center() - vec2(0.0, 1.0);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, ink);
}

/// Rules that the adapter breaks or touches, each once.
fn findings(ui: &mut Ui, kept: &Kept, asked: &mut Asked<'_>) {
    if kept.rules.is_empty() {
        return;
    }
    let tokens = tokens(ui);
    panel_header(ui, "Findings", |ui| {
        let errors = kept.counts.iter().find(|(severity, _)| *severity == Severity::Error);
        let words =
            errors.map_or_else(|| "no error".to_owned(), |(_, errors)| counted(*errors, "error"));
        ui.label(text::mixed_job(&words, size::TEXT_SMALL, tokens.text_faint));
    });
    ui.add_space(4.0);
    for rule in &kept.rules {
        rule_row(ui, rule, asked);
    }
    ui.add_space(8.0);
}

/// A rule with how often it is broken. A click opens the list at the first.
fn rule_row(ui: &mut Ui, rule: &RuleFindings, asked: &mut Asked<'_>) {
    let tokens = tokens(ui);
    let tone = severity_tone(rule.severity);
    let times = u64::try_from(rule.said.len()).unwrap_or(u64::MAX);
    // Told only where it is more than the one that the line itself stands for.
    let indent = if times > 1 { 42.0 } else { 20.0 };
    let width = ui.available_width() - 2.0 * size::PANEL_INSET - indent;
    let mut job = text::mixed_job(&rule.sentence, size::TEXT_SMALL, tokens.text_secondary);
    job.wrap.max_width = width.max(20.0);
    let galley = ui.painter().layout_job(job);
    let height = galley.size().y.max(14.0) + 6.0;
    let space = vec2(ui.available_width(), height);
    let (rect, response) = ui.allocate_exact_size(space, Sense::click());
    let spoken = format!("{}: {}", words::severity_count(times, rule.severity), rule.sentence);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.hover_ground(tokens.panel));
    }
    let inside = inset(rect);
    let y = rect.top() + 10.0;
    let at = pos2(inside.left() + 6.0, y);
    tone.icon().paint(ui.painter(), at, 12.0, tone.color(tokens));
    if times > 1 {
        let (at, ink) = (pos2(inside.left() + 20.0, y), tokens.text);
        let words = format!("{} ×", count(times));
        text::paint(ui.painter(), at, Align2::LEFT_CENTER, &words, size::TEXT_SMALL, ink);
    }
    let at = pos2(inside.left() + indent, rect.top() + 3.0);
    text::paint_galley(ui.painter(), at, Align2::LEFT_TOP, galley, tokens.text_secondary);
    focus_ring(ui, &response, rect, 0.0);
    if response.clicked() {
        asked.actions.push(Action::SetTab(Tab::Findings));
        asked.actions.extend(item_of(rule.subject).map(|item| Action::Select(Some(item))));
    }
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_ui(|ui| {
        let mut line = |words: &str, ink| {
            ui.label(text::mixed_job(words, size::TEXT_SMALL, ink));
        };
        line(&format!("Rule {}", rule.rule), tokens.text);
        for said in rule.said.iter().take(SAID) {
            line(said, tokens.text_secondary);
        }
        if rule.said.len() > SAID {
            let more = rule.said.len() - SAID;
            line(&format!("and {more} more"), tokens.text_secondary);
        }
        line(&format!("Source: {}", rule.source), tokens.text_secondary);
    });
}

/// Fields that a tooltip names before the rest is only counted.
const SAID: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Looking, Opened};
    use crate::machine::Place;
    use crate::render::{Headless, png};
    use crate::ui::theme;

    fn show(opened: &Opened, theme: egui::Theme, per_point: f32, name: &str) -> Vec<Action> {
        let mut headless = Headless::new([256.0, 640.0], per_point, theme);
        theme::install(headless.context());
        let mut state = AdapterState::default();
        let mut actions = Vec::new();
        let picture = headless.frame(|ui| {
            let view = opened.view(Looking::default());
            adapter_ui(ui, &view, &mut state, &mut actions);
        });
        if let Ok(folder) = std::env::var("GALLERY") {
            let path = std::path::Path::new(&folder).join(format!("adapter-{name}.png"));
            let bytes = png(&picture).expect("a picture of the screen");
            std::fs::write(&path, bytes).expect("the folder can be written to");
        }
        actions
    }

    #[test]
    fn the_tour_and_a_broken_adapter_are_shown() {
        let tour = include_str!("../../../tests/sessions/walk.ron");
        let mut opened = Opened::read(tour, "tour.ron").expect("valid");
        opened.execute(usize::MAX);
        opened.go_to(Place::after(17));
        opened.select(SegmentId::new(1).map(Item::Segment));
        for (theme, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
            for per_point in [1.0, 2.0] {
                let name = format!("{name}-{per_point}");
                assert!(show(&opened, theme, per_point, &name).is_empty());
            }
        }
        let broken = r#"(version: 1, adapter: (profile: "inspector", segments: [
            (name: "VRAM", flags: 0x80000004, base: 0x0, size: "16 MiB", commit_limit: "17 MiB"),
            (name: "GART", flags: 0x1, base: 0x800, size: "5000"),
        ]), commands: [])"#;
        let opened = Opened::read(broken, "broken.ron").expect("it can be read");
        assert!(opened.view(Looking::default()).started.is_none());
        assert!(show(&opened, egui::Theme::Dark, 1.0, "broken").is_empty());
    }

    #[test]
    fn shares_hold_at_both_ends() {
        assert!((share(1, 4) - 0.25).abs() < 1e-6);
        assert!((share(u64::MAX, u64::MAX) - 1.0).abs() < 1e-6);
        assert!((share(9, 0) - 1.0).abs() < 1e-6);
        assert!(share(4096, 1 << 63) < 1e-6);
    }
}
