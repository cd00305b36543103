//! The top bar: menus, the session's title, transport, the step counter, the theme.

use egui::{Align2, Button, ComboBox, MenuBar, Rect, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use crate::analysis::findings::{counts, counts_text};
use crate::analysis::quirks::{quirk_words, switched_on};
use crate::app::registry::{ENTRIES, find};
use crate::app::{Action, App, Appearance, Menu, Opened, Speed, Tab};
use crate::machine::Level;
use crate::ui::panels::findings::severity_badges;
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{
    Icon, IconButton, elide, horizontal_line, outline, segmented, vertical_line,
};

/// Width that the five menus need.
const MENUS: f32 = 200.0;
/// Space before the menus, and between them and the title.
const MENUS_GAP: f32 = 4.0;
/// Width of everything from the first button of the transport to the step counter.
const TRANSPORT: f32 = 596.0;
/// Where the transport begins in a window that is wide enough.
const TRANSPORT_AT: f32 = 428.0;
/// Width at the right end for the theme button.
const RIGHT: f32 = 48.0;
/// Width for the count of findings beside it: of the worst, and of each severity where the window
/// is wide.
const FINDINGS: [f32; 2] = [36.0, 132.0];
/// From this width on a window is wide.
const WIDE: f32 = 1_200.0;

/// Where the parts of the bar lie.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layout {
    menus: Rect,
    title: Rect,
    transport: Rect,
    findings: Rect,
    right: Rect,
}

/// The title gives way first, then nothing: the least width of the window holds the rest.
fn layout(bar: Rect) -> Layout {
    let part = |from: f32, to: f32| Rect::from_x_y_ranges(from..=to.max(from), bar.y_range());
    let right = (bar.right() - RIGHT).max(bar.left());
    let wide = bar.width() >= WIDE;
    let findings = right - FINDINGS[usize::from(wide)];
    let latest = findings - TRANSPORT;
    let menus_end = bar.left() + MENUS_GAP + MENUS;
    let transport = (bar.left() + TRANSPORT_AT).min(latest).max(menus_end);
    Layout {
        menus: part(bar.left() + MENUS_GAP, menus_end),
        title: part(menus_end + MENUS_GAP, transport - 12.0),
        transport: part(transport, findings),
        findings: part(findings, right - 8.0),
        right: part(right, bar.right() - 12.0),
    }
}

/// The bar over the whole width of the window.
pub(crate) fn top_bar_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let (bar, _) =
        ui.allocate_exact_size(vec2(ui.available_width(), size::TOP_BAR), Sense::hover());
    ui.painter().rect_filled(bar, 0.0, tokens.bar);
    let foot = bar.bottom() - 1.0;
    horizontal_line(ui.painter(), bar.left(), bar.right(), foot, tokens.separator);
    let layout = layout(bar);
    part(ui, layout.menus, |ui| menus_ui(ui, app, actions));
    if let Some(opened) = app.session() {
        let taken = quirk_chip(ui, layout.title, opened);
        let title = layout.title.with_max_x(layout.title.right() - taken);
        title_ui(ui, title, app, opened);
        let (x, line) = (layout.transport.left() - 8.0, bar.shrink2(vec2(0.0, 8.0)));
        vertical_line(ui.painter(), x, line.top(), line.bottom(), tokens.separator);
        part(ui, layout.transport, |ui| transport_ui(ui, app, opened, actions));
    }
    if let Some(opened) = app.session() {
        findings_ui(ui, layout.findings, bar.width() >= WIDE, opened, actions);
    }
    part(ui, layout.right, |ui| {
        let (icon, label) = match app.settings().appearance {
            Appearance::Dark => (Icon::Sun, "Change to light"),
            Appearance::Light => (Icon::Moon, "Change to dark"),
        };
        if ui.add(IconButton::new(icon, label)).clicked() {
            actions.push(Action::ToggleTheme);
        }
    });
}

/// Says that quirks are on, at the right end of the title; returns the width that it takes.
fn quirk_chip(ui: &Ui, title: Rect, opened: &Opened) -> f32 {
    let quirks = opened.run().adapter().quirks;
    let Some(words) = switched_on(quirks) else { return 0.0 };
    let tokens = tokens(ui);
    let painter = ui.painter();
    let number = words.split(' ').next().unwrap_or_default().to_owned();
    let galley = |words: &str| text::mixed_text(painter, words, size::TEXT_SMALL, tokens.text);
    let long = galley(&words);
    // A name of the session matters more than the word; the triangle and the number stay.
    let shown = if title.width() - long.size().x >= 110.0 { long } else { galley(&number) };
    let width = shown.size().x + 26.0;
    let chip = Rect::from_min_max(
        pos2(title.right() - width, title.center().y - 10.0),
        pos2(title.right(), title.center().y + 10.0),
    );
    painter.rect_filled(chip, size::RADIUS, tokens.panel);
    outline(painter, chip, size::RADIUS, 1.0, tokens.warn);
    Icon::Warning.paint(painter, chip.left_center() + vec2(11.0, 0.0), 11.0, tokens.warn);
    let at = chip.left_center() + vec2(20.0, 0.0);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, shown, tokens.text);
    let response = ui.interact(chip, ui.scope_id().with("quirks"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &words));
    response.on_hover_ui(|ui| {
        ui.label(text::mixed_job(
            "The driver departs from the documents:",
            size::TEXT_BODY,
            tokens.text,
        ));
        for quirk in quirk_words(quirks) {
            let job = text::mixed_job(
                &format!("{}: {}", quirk.name, quirk.departure),
                size::TEXT_SMALL,
                tokens.text_secondary,
            );
            ui.label(job);
        }
    });
    width + 8.0
}

/// How many findings there are: of each severity, or of the worst where there is little room.
fn findings_ui(ui: &Ui, rect: Rect, wide: bool, opened: &Opened, actions: &mut Vec<Action>) {
    let found = opened.run().machine().findings();
    let counts = counts(found.iter().map(crate::rules::Finding::severity));
    if counts.is_empty() {
        return;
    }
    let shown = if wide { counts.as_slice() } else { counts.get(..1).unwrap_or_default() };
    let spoken = format!("Findings: {}", counts_text(&counts));
    let rect = rect.shrink2(vec2(4.0, 10.0));
    if severity_badges(ui, rect, shown, &spoken).clicked() {
        actions.push(Action::SetTab(Tab::Findings));
    }
}

fn part(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui)) {
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    let mut part = ui.new_child(UiBuilder::new().max_rect(rect).layout(layout));
    part.shrink_clip_rect(rect);
    part.spacing_mut().item_spacing.x = 4.0;
    content(&mut part);
}

fn menus_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    MenuBar::new().ui(ui, |ui| {
        ui.spacing_mut().button_padding = vec2(5.0, 4.0);
        for menu in Menu::ALL {
            ui.menu_button(menu.title(), |ui| menu_ui(ui, app, menu, actions));
        }
    });
}

fn menu_ui(ui: &mut Ui, app: &App, menu: Menu, actions: &mut Vec<Action>) {
    ui.set_min_width(230.0);
    let mut group = None;
    for entry in ENTRIES.iter().filter(|entry| entry.menu == menu) {
        if group.is_some_and(|group| group != entry.group) {
            ui.separator();
            if menu == Menu::File && entry.action == Action::Quit {
                ui.menu_button(Menu::Export.title(), |ui| menu_ui(ui, app, Menu::Export, actions));
                ui.separator();
            }
        }
        group = Some(entry.group);
        let keys = entry.keys.first().map_or_else(String::new, ToString::to_string);
        let button = Button::selectable(app.is_on(&entry.action), entry.text)
            .shortcut_text(keys)
            .min_size(vec2(222.0, 22.0));
        let response = ui
            .add_enabled(app.can(entry.when), button)
            .on_hover_text(entry.tooltip)
            .on_disabled_hover_text(entry.when.reason());
        if response.clicked() {
            actions.push(entry.action.clone());
            ui.close();
        }
    }
}

/// The title of the session, and where it comes from.
fn title_ui(ui: &mut Ui, rect: Rect, app: &App, opened: &Opened) {
    let tokens = tokens(ui);
    let document = opened.document();
    let (source, place) = match (opened.file(), opened.embedded()) {
        (Some(file), _) if opened.is_changed() => {
            ("changed", format!("{}, changed since it was saved", file.display()))
        }
        (None, Some(name)) if opened.is_changed() => {
            ("changed", format!("{name}, comes with the program; the changes are not saved"))
        }
        (Some(file), _) => ("saved", file.display().to_string()),
        (None, Some(name)) => ("built in", format!("{name}, comes with the program")),
        (None, None) => ("not saved", String::from("has no file yet")),
    };
    let title =
        if document.title.is_empty() { app.suggested_name() } else { document.title.clone() };
    let response = ui.interact(rect, ui.scope_id().with("title"), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Heading, true, format!("{title}, {source}"))
    });
    let painter = ui.painter().with_clip_rect(rect);
    let faint = text::mixed_text(&painter, source, size::TEXT_SMALL, tokens.text_faint);
    let room = rect.width() - faint.size().x - 8.0;
    // Where both do not fit, the title alone is shown.
    let (room, both) = if room < 72.0 { (rect.width(), false) } else { (room, true) };
    let galley = elide(&painter, &title, size::TEXT_BODY, tokens.text, room);
    let at = rect.left_center();
    let painted = text::paint_galley(&painter, at, Align2::LEFT_CENTER, galley, tokens.text);
    if both {
        let at = pos2(painted.right() + 8.0, at.y);
        text::paint_galley(&painter, at, Align2::LEFT_CENTER, faint, tokens.text_faint);
    }
    response.on_hover_ui(|ui| {
        ui.label(&title);
        ui.weak(&place);
        if !document.notes.is_empty() {
            ui.label(&document.notes);
        }
    });
}

fn transport_ui(ui: &mut Ui, app: &App, opened: &Opened, actions: &mut Vec<Action>) {
    let looking = app.looking();
    let level = Some(looking.level);
    let mut button = |ui: &mut Ui, icon: Icon, action: Action| {
        let Some(entry) = find(&action) else { return };
        let keys = entry.keys.first().map_or_else(String::new, ToString::to_string);
        let button = IconButton::new(icon, entry.tooltip)
            .shortcut(&keys)
            .enabled(app.can(entry.when))
            .reason(entry.when.reason());
        if ui.add(button).clicked() {
            actions.push(entry.action.clone());
        }
    };
    button(ui, Icon::ToStart, Action::ToStart);
    button(ui, Icon::StepBack, Action::Back(level));
    let levels =
        [(Level::Command, "Command"), (Level::Operation, "Operation"), (Level::Packet, "Packet")];
    let asked = segmented(ui, "Level of stepping", &levels, looking.level);
    button(ui, Icon::StepForward, Action::Forward(level));
    button(ui, Icon::ToEnd, Action::ToEnd);
    actions.extend(asked.map(Action::SetLevel));
    ui.add_space(8.0);
    play_ui(ui, app, actions);
    speed_ui(ui, looking.speed, actions);
    ui.add_space(8.0);
    counter_ui(ui, opened);
}

fn play_ui(ui: &mut Ui, app: &App, actions: &mut Vec<Action>) {
    let Some(entry) = find(&Action::PlayPause) else { return };
    let keys = entry.keys.first().map_or_else(String::new, ToString::to_string);
    let playing = app.looking().playing;
    let (icon, word) = if playing { (Icon::Pause, "Pause") } else { (Icon::Play, "Play") };
    let button = IconButton::new(icon, entry.tooltip)
        .word(word)
        .shortcut(&keys)
        .selected(playing)
        .enabled(app.can(entry.when))
        .reason(entry.when.reason());
    if ui.add(button).clicked() {
        actions.push(Action::PlayPause);
    }
}

fn speed_ui(ui: &mut Ui, current: Speed, actions: &mut Vec<Action>) {
    let label = |speed: Speed| match speed.0 {
        1 => String::from("1 step/s"),
        steps => format!("{steps} steps/s"),
    };
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = size::CONTROL;
        let combo = ComboBox::from_id_salt("speed").width(86.0).selected_text(label(current));
        let shown = combo.show_ui(ui, |ui| {
            for speed in Speed::ALL {
                if ui.selectable_label(speed == current, label(speed)).clicked() {
                    actions.push(Action::SetSpeed(speed));
                }
            }
        });
        let spoken = format!("Speed of playing: {}", label(current));
        let info = || WidgetInfo::labeled(egui::Role::ComboBox, true, &spoken);
        shown.response.widget_info(info);
        shown.response.on_hover_text("How fast the session plays");
    });
}

/// Where one stands: `128.2.3 of 412`.
fn counter_ui(ui: &mut Ui, opened: &Opened) {
    let tokens = tokens(ui);
    let run = opened.run();
    let place = opened.place().to_string();
    let all = format!("of {}", crate::base::text::count(wide(run.commands().len())));
    let width = ui.available_width().max(0.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::CONTROL), Sense::hover());
    response.widget_info(|| {
        WidgetInfo::labeled(egui::Role::Label, true, format!("Step {place} {all}"))
    });
    let painter = ui.painter().with_clip_rect(rect);
    let (at, align) = (rect.left_center(), Align2::LEFT_CENTER);
    let ink = tokens.text;
    let painted = text::paint_mono(&painter, at, align, &place, size::MONO_LARGE, ink);
    let at = pos2(painted.right() + 7.0, at.y);
    let faint = tokens.text_faint;
    text::paint_mono(&painter, at, align, &all, size::MONO_LARGE - 1.0, faint);
    response.on_hover_text(
        "Command, operation of it, packet of that: everything up to here has happened",
    );
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_the_bar_never_overlap() {
        for width in [960.0, 1100.0, 1280.0, 1440.0, 2560.0] {
            let parts = layout(Rect::from_min_size(pos2(0.0, 0.0), vec2(width, 40.0)));
            let order = [parts.menus, parts.title, parts.transport, parts.findings, parts.right];
            for pair in order.windows(2) {
                assert!(pair[0].right() <= pair[1].left(), "{width}: {parts:?}");
            }
            assert!(parts.right.right() <= width);
            assert!(parts.transport.width() >= TRANSPORT - 1.0, "{width}: {parts:?}");
            assert!(parts.title.width() >= 60.0, "{width}: {parts:?}");
        }
    }
}
