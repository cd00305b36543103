//! A submission side by side: its cards, and the three columns below them.

use egui::{Align2, Color32, CursorIcon, Painter, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::cards::arrow_to;
use super::paint::{mono, share, small};
use super::{BuffersState, LOW, NARROW, Prepared};
use crate::analysis::buffers::{
    self, CommandList, ListRow, PacketState, Part, PartState, Pass, Sources, Spot, Work,
};
use crate::analysis::explain::Words;
use crate::app::{Action, Item, View};
use crate::base::FenceId;
use crate::base::text::{count, counted, hex, word};
use crate::ddi::NtStatus;
use crate::machine::{Place, TracedKind};
use crate::ui::theme::{Tokens, mix, size, text, tokens};
use crate::ui::widgets::{Icon, focus_ring, hatch, outline, snap, snap_position};
use crate::vidmm::Asked;

/// Parts and passes on either side of the one that is looked at which have cards.
const AROUND: usize = 2;
/// Room for the arrow between two cards.
const GAP: f32 = 48.0;
const WIDEST: f32 = 320.0;
const NARROWEST: f32 = 248.0;

/// What is shown of a submission, made once per revision.
pub(super) struct WorkView {
    pub(super) work: Work,
    pub(super) spot: Spot,
    pub(super) list: CommandList,
    pub(super) rows: Vec<ListRow>,
    /// How the GPU comes to the DMA buffer, and who sees to that.
    pub(super) pool: &'static str,
    /// The cards, in order.
    chips: Vec<Chip>,
}

/// A card with everything that it says.
struct Chip {
    kind: ChipKind,
    title: String,
    note: String,
    status: (Icon, Tone, String),
    /// Shares of the gauge: executed, and there at all.
    gauge: Option<(f32, f32)>,
    rows: [(String, String); 2],
    /// What it selects.
    step: Option<Place>,
    selected: bool,
    /// What leads to the next card.
    arrow: [&'static str; 2],
    hint: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChipKind {
    Command,
    Pass,
    Paging,
    Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Plain,
    Good,
    Busy,
    Warn,
    Bad,
}

impl Tone {
    fn ink(self, tokens: &Tokens) -> Color32 {
        match self {
            Self::Plain => tokens.text_faint,
            Self::Good => tokens.ok,
            Self::Busy => tokens.accent_text,
            Self::Warn => tokens.warn,
            Self::Bad => tokens.error,
        }
    }
}

impl WorkView {
    pub(super) fn pass(&self) -> Option<&Pass> {
        self.work.passes.get(self.spot.pass)
    }

    /// The first packet of a group: an index of the lines. Packets are of one size.
    pub(super) fn first_line(&self, group: usize) -> Option<usize> {
        let packets = self.list.packets_of(group).filter(|packets| !packets.is_empty())?;
        usize::try_from(packets.start / crate::gpu::Packet::SIZE).ok()
    }

    /// How the packets of a group stand: the first that is not done, else done.
    pub(super) fn state_of(&self, group: usize, prepared: &Prepared) -> Option<PacketState> {
        let packets = self.list.packets_of(group).filter(|packets| !packets.is_empty())?;
        let line = |byte: u32| usize::try_from(byte / crate::gpu::Packet::SIZE).ok();
        let (first, last) = (line(packets.start)?, line(packets.end - 1)?);
        let lines = prepared.lines.get(first..=last);
        let Some(lines) = lines else { return Some(PacketState::Waiting) };
        // States do not go back within a group, but for faults: the last says whether all are done.
        let last = lines.last()?.state;
        if last == PacketState::Done {
            return Some(last);
        }
        let next = lines.partition_point(|line| line.state == PacketState::Done);
        lines.get(next).map(|line| line.state)
    }

    /// The group from which the packet of a step was made.
    fn group_of_step(&self, prepared: &Prepared, step: Place) -> Option<usize> {
        step.inner?.packet?;
        let line = prepared.lines.iter().find(|line| line.step == Some(step))?;
        self.list.group_at(u32::try_from(line.range.start).ok()?)
    }
}

/// The group that is marked: that of the selected packet, else the one chosen.
pub(super) fn marked(
    view: &View<'_>,
    prepared: &Prepared,
    work: &WorkView,
    state: &mut BuffersState,
) -> Option<usize> {
    let Some(Item::Step(step)) = view.selected.filter(|_| !prepared.lines.is_empty()) else {
        return state.group;
    };
    if let Some((known, group)) = state.group_of_step
        && known == step
    {
        return group.or(state.group);
    }
    let group = work.group_of_step(prepared, step);
    state.group_of_step = Some((step, group));
    if group.is_some() {
        state.reveal_group = group;
        state.group = group;
    }
    group.or(state.group)
}

/// The submission to show for an operation of a command, or for the whole of it.
pub(super) fn spot_of(sources: Sources<'_>, operation: Option<u32>) -> Option<(Work, Spot)> {
    let mut works = buffers::works(sources.trace);
    let spot = match operation {
        Some(operation) => buffers::spot(sources.trace, &works, operation),
        None => buffers::spot_now(sources.started, &works),
    }?;
    let work = (spot.work < works.len()).then(|| works.swap_remove(spot.work))?;
    Some((work, spot))
}

/// Makes what is shown of a submission; `None` where it has no such pass.
pub(super) fn prepare(
    sources: Sources<'_>,
    words: Words<'_>,
    work: Work,
    spot: Spot,
) -> Option<WorkView> {
    let pass = work.passes.get(spot.pass)?;
    let list = buffers::command_list(sources, &work, pass);
    let rows = buffers::list_rows(sources, pass);
    let buffer = buffers::buffer(sources.started, pass.buffer.index);
    let pool = buffer.map_or("", buffers::pool_text);
    let mut shown = WorkView { work, spot, list, rows, pool, chips: Vec::new() };
    shown.chips = chips(sources, words, &shown);
    Some(shown)
}

fn around(middle: usize, len: usize) -> std::ops::Range<usize> {
    middle.saturating_sub(AROUND)..middle.saturating_add(AROUND + 1).min(len)
}

fn chips(sources: Sources<'_>, words: Words<'_>, shown: &WorkView) -> Vec<Chip> {
    let (work, spot) = (&shown.work, shown.spot);
    let mut chips = vec![command_chip(sources, words, shown)];
    for index in around(spot.pass, work.passes.len()) {
        let Some(pass) = work.passes.get(index) else { continue };
        if let Some(before) = chips.last_mut() {
            before.arrow = match index {
                0 => ["Render", ""],
                _ => ["goes on", ""],
            };
        }
        chips.push(pass_chip(sources, work, pass, index == spot.pass && spot.part.is_none()));
    }
    let Some(pass) = work.passes.get(spot.pass) else { return chips };
    let current = spot.part.or_else(|| {
        let ended = |part: &Part| {
            matches!(buffers::part_state(sources.started, pass, part).0, PartState::Ended(_))
        };
        pass.parts.iter().position(|part| !ended(part))
    });
    let current = current.unwrap_or_else(|| pass.parts.len().saturating_sub(1));
    for index in around(current, pass.parts.len()) {
        let Some(part) = pass.parts.get(index) else { continue };
        let is_here = spot.part == Some(index);
        if !part.paging.is_empty() {
            if let Some(before) = chips.last_mut() {
                before.arrow = ["needs", ""];
            }
            chips.push(paging_chip(sources, part, is_here && spot.paging));
        }
        if let Some(before) = chips.last_mut() {
            before.arrow = ["Patch", "Submit"];
        }
        chips.push(part_chip(sources, words, pass, (index, part), is_here && !spot.paging));
    }
    chips
}

fn step_at(sources: Sources<'_>, operation: Option<u32>) -> Option<Place> {
    Some(Place::operation(sources.trace.command, operation?))
}

fn command_chip(sources: Sources<'_>, words: Words<'_>, shown: &WorkView) -> Chip {
    let work = &shown.work;
    let book = sources.started.vidmm().book();
    let context = words.names.context_ref(work.context).to_owned();
    let known = book.context(work.context);
    let device = known.and_then(|known| book.device(known.device));
    let process = device.map_or("", |device| words.names.process(device.process));
    let priority = known.map_or(String::new(), |known| format!("priority {}", known.priority));
    let buffer = work.command.and_then(|(index, _)| buffers::buffer(sources.started, index));
    let size = buffer.map_or(0, |buffer| buffer.shape.size);
    let length = work.command.map_or(0, |(_, length)| length);
    let named = u64::try_from(shown.rows.len()).unwrap_or(u64::MAX);
    let size_of_one = u64::try_from(crate::umd::BufferCommand::SIZE).unwrap_or(u64::MAX);
    let commands = u64::from(length).div_ceil(size_of_one.max(1));
    let first = match work.command {
        Some(_) => (amount(length, size), counted(commands, "command")),
        None => ("written by an earlier step".to_owned(), String::new()),
    };
    Chip {
        kind: ChipKind::Command,
        title: "Command buffer".to_owned(),
        note: String::new(),
        status: (Icon::Dash, Tone::Plain, "GPU never reads it".to_owned()),
        gauge: work.command.map(|_| (0.0, share(length.into(), size.into()))),
        rows: [first, (format!("{context} of {process}"), priority)],
        step: step_at(sources, work.passes.first().and_then(|pass| pass.render)),
        selected: false,
        arrow: ["", ""],
        hint: format!(
            "Written by the user-mode driver into pages of {process}, which only the kernel-mode \
             driver reads. It names {}.",
            counted(named, "allocation")
        ),
    }
}

fn pass_chip(sources: Sources<'_>, work: &Work, pass: &Pass, selected: bool) -> Chip {
    let scene = buffers::pass_scene(sources, pass);
    let card = scene.cards.first();
    let used = card.map_or(0, |card| card.used);
    let executed = card.map_or(0, |card| card.executed);
    let size = pass.buffer.size;
    let status = pass.call.map_or(NtStatus::SUCCESS, |call| call.status);
    // The whole name is in the tooltip and in the listing.
    let name = match status {
        NtStatus::INSUFFICIENT_DMA_BUFFER => format!("full, {}", word(status.0)),
        _ => status.to_string().trim_start_matches("STATUS_").to_owned(),
    };
    let (icon, tone) = match status {
        _ if pass.call.is_none() => (Icon::Dash, Tone::Plain),
        NtStatus::SUCCESS => (Icon::Check, Tone::Good),
        NtStatus::INSUFFICIENT_DMA_BUFFER => (Icon::BufferFull, Tone::Warn),
        _ => (Icon::Cross, Tone::Bad),
    };
    let name = if pass.call.is_none() { "rendered earlier".to_owned() } else { name };
    let passes = work.passes.len();
    let note = match (pass.call, passes) {
        (None, _) => String::new(),
        (Some(_), 1) => format!("pass {}", pass.number),
        (Some(_), _) => format!("pass {} of {passes}", pass.number),
    };
    let states: Vec<PartState> =
        pass.parts.iter().map(|part| buffers::part_state(sources.started, pass, part).0).collect();
    let multipass = pass.call.map_or(String::new(), |call| {
        let (before, after) = (call.multipass_before, call.multipass_after);
        format!("MultipassOffset {} → {}", count(before.into()), count(after.into()))
    });
    Chip {
        kind: ChipKind::Pass,
        title: format!("DMA buffer {}", pass.buffer.index),
        note,
        status: (icon, tone, name),
        gauge: Some((share(executed.into(), size.into()), share(used.into(), size.into()))),
        rows: [
            (amount(used, size), counted(u64::from(used / crate::gpu::Packet::SIZE), "packet")),
            (multipass, held_text(card).unwrap_or_else(|| states_text(&states))),
        ],
        step: step_at(sources, pass.render.or_else(|| pass.parts.first().map(|part| part.patch))),
        selected,
        arrow: ["", ""],
        hint: format!(
            "The {} buffer ever handed to the driver, {}; DxgkDdiRender answered {status} {}",
            ordinal(pass.buffer.serial),
            states_text(&states),
            word(status.0)
        ),
    }
}

/// So much of a buffer, in bytes where these have room.
fn amount(used: u32, size: u32) -> String {
    const LARGE: u32 = 1 << 20;
    if size < LARGE {
        return format!("{} of {} B", count(used.into()), count(size.into()));
    }
    let bytes = crate::base::text::size;
    format!("{} of {}", bytes(used.into()), bytes(size.into()))
}

fn ordinal(number: u64) -> String {
    let suffix = match (number % 10, number % 100) {
        (1, teen) if teen != 11 => "st",
        (2, teen) if teen != 12 => "nd",
        (3, teen) if teen != 13 => "rd",
        _ => "th",
    };
    format!("{}{suffix}", count(number))
}

fn held_text(card: Option<&buffers::Card>) -> Option<String> {
    match card?.held {
        buffers::Held::Reused { serial } => Some(format!("used again as {serial}")),
        buffers::Held::Ahead => Some("begun later".to_owned()),
        buffers::Held::Here { .. } => None,
    }
}

/// How the parts stand together: the first that is not through.
fn states_text(states: &[PartState]) -> String {
    let open = states.iter().find(|state| !matches!(state, PartState::Ended(_)));
    match (open, states.last()) {
        (Some(state), _) | (None, Some(state)) => state.name().to_owned(),
        (None, None) => "rendered".to_owned(),
    }
}

/// The paging done for a part: how much of what, in which buffers, under which fences.
fn paging_chip(sources: Sources<'_>, part: &Part, selected: bool) -> Chip {
    let mut kinds: Vec<(&'static str, u64)> = Vec::new();
    let mut serials: Vec<u64> = Vec::new();
    let mut bytes = 0_u64;
    for number in &part.paging {
        let Some(operation) = sources.trace.operation(*number) else { continue };
        let TracedKind::Asked(record) = &operation.kind else { continue };
        let name = match &record.asked {
            Asked::Paging(paging) => paging.kind().name(),
            Asked::Platform(platform) => platform.name(),
            _ => continue,
        };
        bytes = bytes.saturating_add(record.bytes.get());
        match kinds.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => kinds.push((name, 1)),
        }
        serials.extend(operation.calls.iter().map(|call| call.buffer.serial));
    }
    serials.sort_unstable();
    serials.dedup();
    let submissions = sources.trace.submissions.iter();
    let fences = submissions
        .filter(|known| known.paging && serials.binary_search(&known.buffer.serial).is_ok())
        .map(|known| known.fence);
    let fences: Vec<FenceId> = fences.collect();
    let completed = sources.started.driver().gpu().completed_fence();
    let handed_out = sources.started.vidmm().queue().last_fence();
    let (icon, tone, state) = match (fences.first(), fences.last()) {
        (None, _) | (_, None) => (Icon::Dash, Tone::Plain, "at once"),
        (_, Some(last)) if *last <= completed => (Icon::Check, Tone::Good, "done"),
        (Some(first), _) if *first > handed_out => (Icon::Circle, Tone::Plain, "to come"),
        _ => (Icon::TriangleRight, Tone::Busy, "under way"),
    };
    let range = |values: &[u64], show: &dyn Fn(u64) -> String| match values {
        [] => String::new(),
        [one] => show(*one),
        [first, .., last] => format!("{}–{}", show(*first), show(*last)),
    };
    let fences: Vec<u64> = fences.iter().map(|fence| fence.0).collect();
    let buffers = match serials.len() {
        0 => "no buffer".to_owned(),
        1 => format!("buffer serial {}", range(&serials, &count)),
        _ => format!("buffer serials {}", range(&serials, &count)),
    };
    let fences =
        if fences.is_empty() { String::new() } else { format!("fence {}", range(&fences, &hex)) };
    let kinds = kinds.iter().map(|(name, count)| format!("{count} {name}"));
    let number = u64::try_from(part.paging.len()).unwrap_or(u64::MAX);
    Chip {
        kind: ChipKind::Paging,
        title: "Paging".to_owned(),
        note: counted(number, "operation"),
        status: (icon, tone, state.to_owned()),
        gauge: None,
        rows: [
            (buffers, fences),
            (kinds.collect::<Vec<_>>().join(", "), crate::base::text::size(bytes)),
        ],
        step: step_at(sources, part.paging.first().copied()),
        selected,
        arrow: ["", ""],
        hint: "What was done so that everything this part names is resident. A click shows its \
               buffers."
            .to_owned(),
    }
}

fn part_chip(
    sources: Sources<'_>,
    words: Words<'_>,
    pass: &Pass,
    (index, part): (usize, &Part),
    selected: bool,
) -> Chip {
    let (state, executed) = buffers::part_state(sources.started, pass, part);
    let (icon, tone) = match state {
        PartState::Rendered => (Icon::Circle, Tone::Plain),
        PartState::Patched(_) => (Icon::Diamond, Tone::Plain),
        PartState::Submitted(_) => (Icon::Circle, Tone::Busy),
        PartState::Executing(_) => (Icon::TriangleRight, Tone::Busy),
        PartState::Ended(_) => (Icon::Check, Tone::Good),
        PartState::TakenBack(_) => (Icon::Back, Tone::Warn),
    };
    let parts = pass.parts.len();
    let (title, note) = match parts {
        1 => ("Submission".to_owned(), "not split".to_owned()),
        _ => (format!("Part {} of {parts}", index + 1), "split".to_owned()),
    };
    let addresses = buffers::patch_of(sources.trace, part).map_or(0, |patch| {
        let locations = patch.lists.patch_locations.iter();
        locations.filter(|location| location.allocation_index.is_some()).count()
    });
    let addresses = match addresses {
        1 => "1 address".to_owned(),
        many => format!("{} addresses", count(u64::try_from(many).unwrap_or(u64::MAX))),
    };
    let fences: Vec<String> = part.fences.iter().map(|fence| hex(fence.0)).collect();
    let fence = match (state.fence(), fences.len()) {
        (None, _) => "no fence yet".to_owned(),
        (Some(fence), 1) => format!("fence {}", hex(fence.0)),
        (Some(_), _) => format!("fence {}", fences.join(" → ")),
    };
    let why = match part.split_for {
        Some(id) => format!("no room for {}", words.allocation(id)),
        None if part.fences.len() > 1 => "preempted".to_owned(),
        None => String::new(),
    };
    let range = format!("+{} to +{}", hex(part.start.into()), hex(part.end.into()));
    let hint = match part.split_for {
        Some(id) => format!(
            "Split: {} had no room beside what the parts before it bind, so that they go first.",
            words.allocation(id)
        ),
        None => String::new(),
    };
    let hint = match part.fences.len() {
        0 | 1 => hint,
        _ => format!("{hint} Preempted before it began, patched and submitted again: {fence}."),
    };
    let length = part.end.saturating_sub(part.start);
    Chip {
        kind: ChipKind::Part,
        title,
        note,
        status: (icon, tone, state.name().to_owned()),
        gauge: Some((share(executed.saturating_sub(part.start).into(), length.into()), 1.0)),
        rows: [(range, fence), (addresses, why)],
        step: step_at(sources, part.submits.last().copied().or(Some(part.patch))),
        selected,
        arrow: ["", ""],
        hint,
    }
}

/// Where everything of a submission goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct WorkLayout {
    pub(super) head: Rect,
    pub(super) cards: Rect,
    /// `None` where it shares the place of the packets.
    pub(super) commands: Option<Rect>,
    pub(super) packets: Rect,
    /// Likewise.
    pub(super) lists: Option<Rect>,
    pub(super) low: bool,
}

/// Below this width the lists share the place of the packets.
const WIDE: f32 = 1080.0;

pub(super) fn layout(area: Rect) -> WorkLayout {
    let low = area.height() < LOW;
    let (head, cards) = if low { (24.0, 44.0) } else { (30.0, 92.0) };
    let row = |top: f32, height: f32| {
        let bottom = (top + height).min(area.bottom());
        Rect::from_min_max(pos2(area.left(), top.min(bottom)), pos2(area.right(), bottom))
    };
    let head = row(area.top(), head);
    let cards = row(head.bottom(), cards);
    let below = Rect::from_min_max(cards.left_bottom(), area.max);
    if area.width() < NARROW {
        return WorkLayout { head, cards, commands: None, packets: below, lists: None, low };
    }
    let left = below.left() + (area.width() * 0.25).clamp(312.0, 332.0).floor();
    let right = if area.width() < WIDE {
        below.right()
    } else {
        below.right() - (area.width() * 0.27).clamp(286.0, 380.0).floor()
    };
    WorkLayout {
        head,
        cards,
        commands: Some(below.with_max_x(left)),
        packets: Rect::from_x_y_ranges(left..=right, below.y_range()),
        lists: (right < below.right()).then(|| below.with_min_x(right)),
        low,
    }
}

/// The strip of cards; a card that is clicked selects its step.
pub(super) fn strip_ui(
    ui: &mut Ui,
    rect: Rect,
    low: bool,
    view: &View<'_>,
    work: &WorkView,
    state: &mut BuffersState,
    actions: &mut Vec<Action>,
) {
    // The selected card comes into view when it is another than before.
    let here = state.subject.map(|(command, _)| (command, work.spot));
    let moved = std::mem::replace(&mut state.spot, here) != here;
    let inside = rect.shrink2(vec2(size::PANEL_INSET, 0.0));
    let number = work.chips.len();
    let cards = f32::from(u16::try_from(number.max(1)).unwrap_or(u16::MAX));
    let width = ((inside.width() - GAP * (cards - 1.0)) / cards).clamp(NARROWEST, WIDEST).floor();
    let height = rect.height() - 6.0;
    let all = cards * (width + GAP) - GAP;
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(inside).id_salt("work cards"));
    let scroll = egui::ScrollArea::horizontal().auto_shrink([false, false]);
    scroll.show(&mut child, |ui| {
        let (space, _) = ui.allocate_exact_size(vec2(all, height), Sense::hover());
        let mut left = space.left();
        for (index, chip) in work.chips.iter().enumerate() {
            let place = Rect::from_min_size(pos2(left, space.top()), vec2(width, height));
            let place = snap(ui.painter(), place);
            left += width + GAP;
            let response = ui.interact(place, ui.scope_id().with(("chip", index)), Sense::click());
            response.widget_info(|| {
                WidgetInfo::selected(Role::Button, true, chip.selected, chip.spoken())
            });
            let hovered = response.hovered()
                || chip.step.is_some_and(|step| view.hovered == Some(Item::Step(step)));
            paint_chip(ui, place, low, chip, hovered);
            focus_ring(ui, &response, place, size::RADIUS);
            if index + 1 < number {
                arrow_to(ui.painter(), place, GAP, chip.arrow);
            }
            if response.hovered() {
                actions.extend(chip.step.map(|step| Action::Hover(Some(Item::Step(step)))));
            }
            if response.clicked() {
                actions.extend(chip.step.map(|step| Action::Select(Some(Item::Step(step)))));
            }
            if chip.selected && moved {
                response.scroll_to_me(None);
            }
            let response = response.on_hover_cursor(CursorIcon::PointingHand);
            response.on_hover_ui(|ui| {
                ui.label(chip.spoken());
                if !chip.hint.is_empty() {
                    ui.weak(&chip.hint);
                }
            });
        }
    });
}

impl Chip {
    fn spoken(&self) -> String {
        let rows = self.rows.iter().flat_map(|(left, right)| [left, right]);
        let parts = [&self.note, &self.status.2].into_iter().chain(rows);
        let parts = parts.filter(|part| !part.is_empty());
        parts.fold(self.title.clone(), |text, part| format!("{text}, {part}"))
    }
}

fn paint_chip(ui: &Ui, rect: Rect, low: bool, chip: &Chip, hovered: bool) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    let ground = if hovered { tokens.hover_ground(tokens.panel) } else { tokens.panel };
    painter.rect_filled(rect, size::RADIUS, ground);
    let (edge, width) = if chip.selected { (tokens.accent, 2.0) } else { (tokens.separator, 1.0) };
    outline(painter, rect, size::RADIUS, width, edge);
    let inside = rect.shrink2(vec2(if low { 8.0 } else { 12.0 }, 0.0));
    let first = rect.top() + if low { 11.0 } else { 15.0 };
    chip_title(painter, tokens, inside, first, chip);
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let pair = |y: f32, (said, note): &(String, String), strong: bool| {
        let ink = if strong { tokens.text } else { tokens.text_faint };
        let at = pos2(inside.right(), y);
        let room = inside.width() * 0.55;
        let end = small(painter, at, right, note, tokens.text_faint, room).left();
        let at = pos2(inside.left(), y);
        let end = if note.is_empty() { inside.right() } else { end - 8.0 };
        if strong && said.starts_with(|c: char| c.is_ascii_digit() || c == '+') {
            mono(painter, at, left, said, ink, end - at.x);
        } else {
            small(painter, at, left, said, ink, end - at.x);
        }
    };
    if low {
        pair(rect.top() + 28.0, &chip.rows[0], true);
        return;
    }
    let mut y = rect.top() + 56.0;
    if let Some(shares) = chip.gauge {
        let gauge = Rect::from_min_max(
            pos2(inside.left(), rect.top() + 30.0),
            pos2(inside.right(), rect.top() + 41.0),
        );
        paint_gauge(painter, tokens, snap(painter, gauge), chip.kind, shares);
    } else {
        y = rect.top() + 40.0;
    }
    pair(y, &chip.rows[0], true);
    pair(y + 17.0, &chip.rows[1], false);
}

fn chip_title(painter: &Painter, tokens: &Tokens, inside: Rect, y: f32, chip: &Chip) {
    let (left, right) = (Align2::LEFT_CENTER, Align2::RIGHT_CENTER);
    let at = pos2(inside.left(), y);
    let end = text::paint(painter, at, left, &chip.title, size::TEXT_BODY, tokens.text).right();
    let (icon, tone, said) = &chip.status;
    let ink = tone.ink(tokens);
    let at = pos2(inside.right(), y);
    let room = inside.right() - end - 20.0;
    let status = small(painter, at, right, said, ink, room);
    icon.paint(painter, pos2(status.left() - 9.0, y), 10.0, ink);
    let room = status.left() - 20.0 - end - 8.0;
    if room > 24.0 {
        small(painter, pos2(end + 8.0, y), left, &chip.note, tokens.text_faint, room);
    }
}

fn paint_gauge(
    painter: &Painter,
    tokens: &Tokens,
    gauge: Rect,
    kind: ChipKind,
    (executed, used): (f32, f32),
) {
    painter.rect_filled(gauge, 0.0, tokens.input);
    hatch(painter, gauge, tokens.hatch, size::HATCH_STEP);
    let at = |share: f32| snap_position(painter, gauge.left() + gauge.width() * share);
    let ink = match kind {
        ChipKind::Command => tokens.text_faint,
        _ => tokens.text_secondary,
    };
    let right = if used > 0.0 { at(used).max(gauge.left() + 3.0) } else { gauge.left() };
    let there = gauge.with_max_x(right.min(gauge.right()));
    let solid = match kind {
        ChipKind::Command => there,
        _ => there.with_max_x(at(executed).min(there.right())),
    };
    painter.rect_filled(there, 0.0, mix(tokens.canvas, ink, 0.14));
    if kind != ChipKind::Command {
        hatch(painter, there, mix(tokens.canvas, ink, 0.6), 5.0);
    }
    if executed > 0.0 || kind == ChipKind::Command {
        painter.rect_filled(solid, 0.0, mix(tokens.canvas, ink, 0.6));
    }
    outline(painter, gauge, 0.0, 1.0, tokens.separator_strong);
}
