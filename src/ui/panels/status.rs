//! The bar at the foot: where one stands, what just happened, clock and totals, whether all is well.

use egui::{Align2, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::analysis::explain::{command_text, operation_text, packet_text};
use crate::app::{Action, Item, View};
use crate::base::PAGE_SIZE;
use crate::base::text::{count, counted, duration, hex, size as bytes};
use crate::machine::Started;
use crate::rules::SegmentKind;
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{Icon, Tone, elide, horizontal_line, vertical_line};

/// A fact in the bar.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fact {
    label: &'static str,
    value: String,
    tooltip: &'static str,
}

/// What the bar shows, made once per revision.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatusState {
    revision: Option<u64>,
    facts: Vec<Fact>,
    health: Option<(Tone, String, String)>,
}

/// The bar over the whole width of the window.
pub(crate) fn status_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut StatusState,
    actions: &mut Vec<Action>,
) {
    if state.revision != Some(view.revision) {
        state.revision = Some(view.revision);
        state.facts = facts(view);
        state.health = Some(health(view));
    }
    let tokens = tokens(ui);
    let (bar, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::STATUS_BAR), Sense::hover());
    ui.painter().rect_filled(bar, 0.0, tokens.bar);
    horizontal_line(ui.painter(), bar.left(), bar.right(), bar.top(), tokens.separator);
    let inside = bar.shrink2(vec2(size::PANEL_INSET, 0.0));
    let pointer = view.hovered.map(|item| pointer_text(view, item));
    let mut right = inside.right();
    if let Some(pointer) = &pointer {
        let fact =
            Fact { label: "pointer", value: pointer.clone(), tooltip: "What the pointer is over" };
        right = fact_from_right(ui, inside, right, &fact, 260.0) - 20.0;
    }
    if let Some((tone, words, tooltip)) = &state.health {
        let runs = !view.run.is_complete() && view.started.is_some();
        let (left, response) = health_ui(ui, inside, right, (*tone, words, tooltip), runs);
        right = left - 16.0;
        if runs && response.clicked() {
            actions.push(Action::PauseOrGoOn);
        }
    }
    facts_ui(ui, Rect::from_x_y_ranges(inside.left()..=right, bar.y_range()), &state.facts);
}

/// The facts from the left; the last operation gives way, then those at the end.
fn facts_ui(ui: &mut Ui, rect: Rect, facts: &[Fact]) {
    let tokens = tokens(ui);
    let painter = ui.painter().with_clip_rect(rect);
    let widths: Vec<f32> = facts
        .iter()
        .map(|fact| {
            let width = |text: &str, ink| text::mixed_text(&painter, text, size::TEXT_SMALL, ink);
            let label = width(fact.label, tokens.text_faint).size().x;
            label + 6.0 + width(&fact.value, tokens.text).size().x
        })
        .collect();
    let rooms = rooms(&widths, rect.width());
    let mut left = rect.left();
    for (index, (fact, room)) in facts.iter().zip(rooms).enumerate() {
        let Some(room) = room else { continue };
        if index > 0 {
            let (top, bottom) = (rect.top() + 6.0, rect.bottom() - 5.0);
            vertical_line(&painter, left - GAP / 2.0, top, bottom, tokens.separator);
        }
        let area = Rect::from_x_y_ranges(left..=left + room, rect.y_range());
        fact_ui(ui, area, fact);
        left += room + GAP;
    }
}

/// Distance between two facts.
const GAP: f32 = 21.0;
/// Width below which the last operation says nothing.
const LEAST_LAST: f32 = 120.0;
/// The fact that is cut short before others are left out.
const LAST: usize = 1;

/// How wide each fact may be; `None` where it has no room.
fn rooms(widths: &[f32], width: f32) -> Vec<Option<f32>> {
    let mut shown = widths.len();
    loop {
        let gaps: f32 = (1..shown).map(|_| GAP).sum();
        let total: f32 = widths.iter().take(shown).sum::<f32>() + gaps;
        let last = widths.get(LAST).copied().unwrap_or(0.0);
        let spare = width - (total - last);
        if total <= width || shown <= 1 || (shown > LAST && spare >= LEAST_LAST) {
            return widths
                .iter()
                .enumerate()
                .map(|(index, wanted)| match index {
                    _ if index >= shown => None,
                    LAST => Some(wanted.min(spare).max(0.0)),
                    _ => Some(wanted.min(width)),
                })
                .collect();
        }
        shown -= 1;
    }
}

fn fact_ui(ui: &mut Ui, area: Rect, fact: &Fact) {
    let tokens = tokens(ui);
    let id = ui.scope_id().with(("fact", fact.label));
    let response = ui.interact(area, id, Sense::hover());
    let spoken = format!("{}: {}", fact.label, fact.value);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &spoken));
    let (align, faint) = (Align2::LEFT_CENTER, tokens.text_faint);
    let at = area.left_center() + vec2(0.0, 1.0);
    let painter = ui.painter().with_clip_rect(area);
    let label = text::paint(&painter, at, align, fact.label, size::TEXT_SMALL, faint);
    let room = area.right() - label.right() - 6.0;
    // Half a point more, as sums of widths are not exact.
    let value = elide(&painter, &fact.value, size::TEXT_SMALL, tokens.text, room + 0.5);
    let cut = value.elided;
    let at = pos2(label.right() + 6.0, area.center().y);
    text::paint_galley(&painter, at, align, value, tokens.text);
    response.on_hover_ui(|ui| {
        if cut {
            ui.label(&fact.value);
        }
        ui.weak(fact.tooltip);
    });
}

/// Paints a fact that ends at `right`, and says where it begins.
fn fact_from_right(ui: &mut Ui, bar: Rect, right: f32, fact: &Fact, most: f32) -> f32 {
    let tokens = tokens(ui);
    let width = |text: &str, ink| {
        text::mixed_text(ui.painter(), text, size::TEXT_SMALL, ink).size().x.ceil()
    };
    let wanted = width(fact.label, tokens.text_faint) + 7.0 + width(&fact.value, tokens.text);
    let left = right - wanted.min(most);
    fact_ui(ui, Rect::from_x_y_ranges(left..=right, bar.y_range()), fact);
    left
}

/// Paints whether all is well, which ends at `right`, and says where it begins. While commands are
/// executed it is a button that pauses that.
fn health_ui(
    ui: &mut Ui,
    bar: Rect,
    right: f32,
    (tone, words, tooltip): (Tone, &str, &str),
    runs: bool,
) -> (f32, Response) {
    let tokens = tokens(ui);
    let ink = if tone == Tone::Ok { tokens.text } else { tone.color(tokens) };
    let galley = text::mixed_text(ui.painter(), words, size::TEXT_SMALL, ink);
    let left = right - galley.size().x.ceil() - 18.0;
    let area = Rect::from_x_y_ranges(left..=right, bar.y_range());
    let sense = if runs { Sense::click() } else { Sense::hover() };
    let role = if runs { egui::Role::Button } else { egui::Role::Label };
    let response = ui.interact(area, ui.scope_id().with("health"), sense);
    response.widget_info(|| WidgetInfo::labeled(role, true, words));
    if runs && response.hovered() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
        ui.painter().rect_filled(
            area.expand2(vec2(4.0, -3.0)),
            3.0,
            tokens.hover_ground(tokens.bar),
        );
    }
    let icon = if tone == Tone::Plain { Icon::Play } else { tone.icon() };
    icon.paint(ui.painter(), area.left_center() + vec2(6.0, 0.0), 12.0, tone.color(tokens));
    let at = area.left_center() + vec2(18.0, 0.0);
    text::paint_galley(ui.painter(), at, Align2::LEFT_CENTER, galley, ink);
    (left, response.on_hover_text(tooltip))
}

fn facts(view: &View<'_>) -> Vec<Fact> {
    let commands = u64::try_from(view.run.commands().len()).unwrap_or(u64::MAX);
    let step = format!("{} of {}", view.place, count(commands));
    let mut facts = vec![
        fact("step", step, "Everything up to this command, operation and packet has happened"),
        fact("last", last_text(view), "What happened last"),
    ];
    let Some(started) = view.started else { return facts };
    let (book, queue) = (started.vidmm().book(), started.vidmm().queue());
    let clock = duration(queue.clock());
    facts.push(fact("clock", clock, "Simulated time since the adapter started"));
    let memory = started
        .vidmm()
        .adapter()
        .segments
        .iter()
        .find(|segment| segment.kind == SegmentKind::Memory);
    if let Some(segment) = memory
        && let Some(usage) = book.segment(segment.id)
    {
        let free = bytes(usage.space().free());
        let value = format!("{free} in {}", segment.name);
        facts.push(fact("free", value, "Bytes of the first memory segment that nothing occupies"));
    }
    let commit = format!(
        "{} of {}",
        bytes(book.commit().get()),
        bytes(started.vidmm().commit_limit().get())
    );
    facts.push(fact(
        "system commit",
        commit,
        "System memory promised to allocations, resident or not",
    ));
    facts
}

const fn fact(label: &'static str, value: String, tooltip: &'static str) -> Fact {
    Fact { label, value, tooltip }
}

/// What happened last, in words.
fn last_text(view: &View<'_>) -> String {
    if view.place.command == 0 {
        return String::from("nothing yet");
    }
    inner_text(view).unwrap_or_else(|| {
        let Some(command) = view.run.command(view.place.command) else { return String::new() };
        let told = command_text(command, view.words());
        joined(&[told.title, &told.what])
    })
}

/// The operation or packet at the place; `None` where it is no place inside a command.
fn inner_text(view: &View<'_>) -> Option<String> {
    let (inner, trace, started) = (view.place.inner?, view.trace?, view.started?);
    let operation = trace.operation(inner.operation)?;
    if let Some(packet) = inner.packet {
        let format = started.driver().paging_format();
        let told = packet_text(operation, packet, format, view.words())?;
        return Some(joined(&[told.name, &told.amount, &told.route]));
    }
    let told = operation_text(operation, view.words());
    Some(joined(&[told.kind, &told.amount, &told.route]))
}

fn joined(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// What is wrong after `bad` commands, of which `failed` are expectations that do not hold.
fn wrong_words(bad: u64, failed: u64) -> String {
    let damaged = (bad > failed).then(|| {
        let commands = counted(bad - failed, "command");
        format!("damage after {commands}")
    });
    let failed = match failed {
        0 => None,
        1 => Some("1 expectation fails".to_owned()),
        many => Some(format!("{} expectations fail", count(many))),
    };
    [damaged, failed].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Whether everything is as it must be: tone, words, and what they mean.
fn health(view: &View<'_>) -> (Tone, String, String) {
    let run = view.run;
    if let Err(_refusal) = run.machine().started() {
        let tooltip = "The adapter breaks rules, so that nothing can run on it";
        return (Tone::Error, "adapter not started".into(), tooltip.into());
    }
    let (bad, failed) = (run.bad_count() as u64, run.failed_count() as u64);
    if bad > 0 {
        let words = wrong_words(bad, failed);
        let tooltip = "After these commands something was not as it must be, or an expectation did \
                       not hold; the timeline marks them";
        return (Tone::Error, words, tooltip.into());
    }
    if !run.is_complete() {
        let number = |count: usize| count_of(count);
        let done = format!("{} of {}", number(run.executed()), number(run.commands().len()));
        let (words, tooltip) = match (view.going_to, view.paused) {
            (Some(place), _) => (
                format!("executed {done}, going to {place}"),
                "What was asked for lies ahead of what is executed. A click or Escape stops there",
            ),
            (None, false) => (
                format!("executed {done}"),
                "Commands are executed in the background. A click pauses that",
            ),
            (None, true) => (
                format!("paused at {done}"),
                "Nothing is executed ahead of where the session stands. A click goes on",
            ),
        };
        return (Tone::Plain, words, tooltip.into());
    }
    let recorded = run.recorded_hash(view.place.command);
    let found = view.started.map(Started::hash);
    if view.place.inner.is_none() && found.is_some() && recorded != found {
        let tooltip = "The state differs from the one that the same commands led to before";
        return (Tone::Error, "not the state as recorded".into(), tooltip.into());
    }
    let tooltip = "Every byte, every page and every book is what the commands so far make it, and \
                   the hash of the state is that of the first execution";
    (Tone::Ok, "state as recorded".into(), tooltip.into())
}

fn count_of(number: usize) -> String {
    count(u64::try_from(number).unwrap_or(u64::MAX))
}

/// An item in a few words.
pub(crate) fn pointer_text(view: &View<'_>, item: Item) -> String {
    let names = view.names;
    match item {
        Item::Segment(id) => names.segment(id).to_owned(),
        Item::Allocation(id) => {
            let book = view.started.map(|started| started.vidmm().book());
            let placement = book.and_then(|book| book.allocation(id)?.placement());
            let name = names.allocation(id);
            placement.map_or_else(
                || name.to_owned(),
                |place| {
                    let offset = hex(place.span.start());
                    format!("{name} in {} {offset}", names.segment(place.segment))
                },
            )
        }
        Item::Process(id) => names.process(id).to_owned(),
        Item::Hole(segment, span) => {
            let from = hex(span.start());
            format!("free {} in {} {from}", bytes(span.len()), names.segment(segment))
        }
        Item::AperturePage(segment, page) => {
            let offset = page.saturating_mul(PAGE_SIZE);
            format!("{} page {}", names.segment(segment), hex(offset / PAGE_SIZE))
        }
        Item::Frame(frame) => format!("frame {}", hex(frame.get())),
        Item::Buffer(index) => format!("buffer {index}"),
        Item::Step(place) => format!("step {place}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_and_failed_expectations_are_told_apart() {
        assert_eq!(wrong_words(1, 0), "damage after 1 command");
        assert_eq!(wrong_words(1, 1), "1 expectation fails");
        assert_eq!(wrong_words(1_204, 1_202), "damage after 2 commands, 1,202 expectations fail");
    }

    #[test]
    fn the_last_operation_gives_way_before_others_go() {
        let widths = [60.0, 300.0, 80.0, 100.0];
        let all = rooms(&widths, 700.0);
        assert_eq!(all, [Some(60.0), Some(300.0), Some(80.0), Some(100.0)]);
        // 700 - 3 gaps of 21 leaves 397 for the rest; here 157 of the 300 are left.
        let cut = rooms(&widths, 460.0);
        assert_eq!(cut, [Some(60.0), Some(157.0), Some(80.0), Some(100.0)]);
        let fewer = rooms(&widths, 320.0);
        assert_eq!(fewer, [Some(60.0), Some(138.0), Some(80.0), None]);
        assert_eq!(rooms(&widths, 30.0)[0], Some(30.0));
        assert!(rooms(&[], 100.0).is_empty());
    }
}
