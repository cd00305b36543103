//! The states of the machine, and every transition between them as a button.

use egui::{Painter, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::layout::{HYBRID, machine};
use super::{Known, KnownAfter, PowerState, heading_ui};
use crate::analysis::explain::{power_text, transition_name};
use crate::app::{Action, View};
use crate::ddi::DevicePowerState;
use crate::ui::theme::{size, text, tokens, tokens_of_context};
use crate::ui::widgets::{ButtonAt, Icon, button_at, elide, link, outline, snap};
use crate::vidmm::{Power, Sleep, Transition};

/// Width of the link to the outcome.
const LINK: f32 = 56.0;

/// Name and second line of a sleeping state.
const fn state_words(sleep: Sleep) -> (&'static str, &'static str) {
    match sleep {
        Sleep::Standby => ("S3", "standby"),
        Sleep::HybridSleep => ("S3", "and image"),
        Sleep::Hibernate => ("S4", "hibernate"),
        Sleep::FastStartup => ("Off", "and image"),
    }
}

/// What stands on the button that leads to a sleep.
const fn go_word(sleep: Sleep) -> &'static str {
    match sleep {
        Sleep::Standby => "Standby",
        Sleep::HybridSleep => "Hybrid sleep",
        Sleep::Hibernate => "Hibernate",
        Sleep::FastStartup => "Shut down",
    }
}

/// Answers whether somebody asks for the outcome of the last transition.
pub(super) fn state_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &PowerState,
    actions: &mut Vec<Action>,
) -> bool {
    let Some(known) = &state.known else { return false };
    let note = match known.power {
        None => "the adapter does not start".to_owned(),
        Some(power) if known.since == 0 => format!("{} since the start", power_text(power)),
        Some(power) => format!("{} since step {}", power_text(power), known.since),
    };
    heading_ui(ui, "Machine state", &note);
    let wanted = last_ui(ui, known.after.as_ref());
    let layout = machine(ui.available_width());
    let (area, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), layout.height), egui::Sense::hover());
    let corner = area.min.to_vec2();
    let at = |rect: Rect| rect.translate(corner);
    let tokens = tokens(ui);
    let painter = ui.painter().clone();
    for index in 0..layout.go.len() {
        let (go, asleep, back) =
            (at(layout.go[index]), at(layout.asleep[index]), at(layout.back[index]));
        let from = pos2(at(layout.working).center().x, at(layout.working).bottom());
        let middle = pos2(f32::midpoint(from.x, go.center().x), from.y + 8.0);
        let line = vec![from, middle, pos2(go.center().x, go.top())];
        painter.add(Shape::line(line, Stroke::new(1.0, tokens.separator_strong)));
        arrow(&painter, pos2(go.center().x, go.bottom()), asleep.top());
        arrow(&painter, pos2(asleep.center().x, asleep.bottom()), back.top());
    }
    let working = matches!(known.power, Some(Power::Working | Power::Device(_)));
    let device = known.power.map_or(DevicePowerState::D0, Power::device);
    let sub = if working { format!("adapter in {}", device.name()) } else { String::new() };
    node(&painter, at(layout.working), "S0 working", &sub, working);
    for (index, sleep) in Sleep::ALL.into_iter().enumerate() {
        let transition = Transition::Sleep(sleep);
        let here = known.power == Some(Power::Asleep(sleep));
        let sleep_words = transition_name(transition);
        let name = format!("{sleep_words} after step {}", view.place);
        press(ui, known, at(layout.go[index]), (go_word(sleep), &name), transition, actions);
        let (title, sub) = state_words(sleep);
        node(&painter, at(layout.asleep[index]), title, sub, here);
        // Only the way back from where the machine is leads anywhere.
        let back = Transition::Resume { power_lost: false };
        let (label, name) = if index == HYBRID {
            ("Power kept", format!("Resume from {sleep_words}, power kept"))
        } else {
            ("Resume", format!("Resume from {sleep_words}"))
        };
        if here || known.reason(back).is_some() {
            press(ui, known, at(layout.back[index]), (label, &name), back, actions);
        } else {
            let elsewhere = known.power.map_or("", power_text);
            let reason = format!("The machine is elsewhere: {elsewhere}");
            let button = ButtonAt { label, name: &name, reason: Some(&reason), lit: false };
            button_at(ui, at(layout.back[index]), button);
        }
    }
    let lost = Transition::Resume { power_lost: true };
    let name = "Resume from Hybrid sleep, power lost";
    press(ui, known, at(layout.lost), ("Power lost", name), lost, actions);
    let label = at(layout.adapter).left_center();
    let (align, faint) = (egui::Align2::LEFT_CENTER, tokens.text_faint);
    text::paint(&painter, label, align, "Adapter", size::TEXT_SMALL, faint);
    for (index, own) in DevicePowerState::ALL.into_iter().enumerate() {
        let now = working && own == device;
        let label = match own {
            DevicePowerState::D0 => "D0 on",
            DevicePowerState::D3 => "D3 off",
            DevicePowerState::D1 | DevicePowerState::D2 => own.name(),
        };
        let name = format!("Adapter to {}", own.name());
        let transition = Transition::Device(own);
        let reason = known.reason(transition);
        let button = ButtonAt { label, name: &name, reason, lit: now };
        if button_at(ui, at(layout.devices[index]), button).clicked() {
            actions.push(Action::InsertPower(transition));
        }
    }
    let recovery = at(layout.recovery);
    let transition = Transition::TimeoutRecovery;
    let words = ("Timeout recovery", "Timeout recovery: resets the adapter");
    press(ui, known, recovery, words, transition, actions);
    let from = recovery.right() + 8.0;
    let room = area.right() - from;
    let galley = elide(&painter, "a reset, nothing is saved", size::TEXT_SMALL, faint, room);
    let at = pos2(from, recovery.center().y);
    text::paint_galley(&painter, at, align, galley, faint);
    wanted
}

/// How the last transition went, in a line that is always there: what is pressed below it stays
/// under the pointer. Answers whether its outcome is asked for.
fn last_ui(ui: &mut Ui, after: Option<&KnownAfter>) -> bool {
    let tokens = tokens(ui);
    let space = vec2(ui.available_width(), size::LIST_ROW);
    let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
    let painter = ui.painter().clone();
    let align = egui::Align2::LEFT_CENTER;
    ui.add_space(6.0);
    let Some(after) = after else {
        let words = "Nothing slept up to this step";
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
        let ink = tokens.text_faint;
        text::paint(&painter, rect.left_center(), align, words, size::TEXT_SMALL, ink);
        return false;
    };
    let right = Rect::from_min_max(pos2(rect.right() - LINK, rect.top()), rect.max);
    let layout = egui::Layout::right_to_left(egui::Align::Center);
    let mut part = ui.new_child(egui::UiBuilder::new().max_rect(right).layout(layout));
    let outcome = link(&mut part, "Outcome").on_hover_text("Scrolls to what it did");
    let bad = after.totals.lost > 0 || after.failure.is_some();
    let (icon, tone) = if bad { (Icon::Cross, tokens.error) } else { (Icon::Check, tokens.ok) };
    icon.paint(&painter, rect.left_center() + vec2(6.0, 0.0), 11.0, tone);
    let from = rect.left() + 18.0;
    let room = right.left() - from - 6.0;
    let ink = tokens.text_secondary;
    let galley = elide(&painter, &after.title, size::TEXT_SMALL, ink, room);
    text::paint_galley(&painter, pos2(from, rect.center().y), align, galley, ink);
    let totals = after.failure.clone().unwrap_or_else(|| after.totals.text());
    let spoken = format!("Last: {}: {totals}", after.title);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    response.on_hover_ui(|ui| {
        ui.label(&after.title);
        ui.weak(&totals);
    });
    outcome.clicked()
}

/// A button that puts a transition into the session.
fn press(
    ui: &Ui,
    known: &Known,
    rect: Rect,
    (label, name): (&str, &str),
    transition: Transition,
    actions: &mut Vec<Action>,
) {
    let button = ButtonAt { label, name, reason: known.reason(transition), lit: false };
    if button_at(ui, rect, button).clicked() {
        actions.push(Action::InsertPower(transition));
    }
}

/// A state: a box that the current one of is lit.
fn node(painter: &Painter, rect: Rect, title: &str, sub: &str, now: bool) {
    let tokens = tokens_of_context(painter.ctx());
    let rect = snap(painter, rect);
    let (ground, edge, width) = if now {
        (tokens.accent_ground, tokens.accent, size::FOCUS_RING)
    } else {
        (tokens.bar, tokens.separator, 1.0)
    };
    painter.rect_filled(rect, size::RADIUS, ground);
    outline(painter, rect, size::RADIUS, width, edge);
    let align = egui::Align2::CENTER_CENTER;
    let (ink, faint) =
        if now { (tokens.accent_text, tokens.text) } else { (tokens.text, tokens.text_faint) };
    let room = rect.width() - 8.0;
    let shift = if sub.is_empty() { 0.0 } else { 8.0 };
    let galley = elide(painter, title, size::TEXT_BODY, ink, room);
    text::paint_galley(painter, rect.center() - vec2(0.0, shift), align, galley, ink);
    if !sub.is_empty() {
        let galley = elide(painter, sub, size::TEXT_SMALL, faint, room);
        text::paint_galley(painter, rect.center() + vec2(0.0, 7.0), align, galley, faint);
    }
}

/// An arrow straight down.
fn arrow(painter: &Painter, from: egui::Pos2, to: f32) {
    let tokens = tokens_of_context(painter.ctx());
    let ink = tokens.separator_strong;
    painter.line_segment([from, pos2(from.x, to)], Stroke::new(1.0, ink));
    let tip = [pos2(from.x - 3.5, to - 5.0), pos2(from.x + 3.5, to - 5.0), pos2(from.x, to)];
    painter.add(Shape::convex_polygon(tip.to_vec(), ink, Stroke::NONE));
}
