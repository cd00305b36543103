//! The header of the map with its legend, and what the map says when there is nothing to show.

use egui::{Align2, Rect, Ui, pos2, vec2};

use crate::analysis::adapter::{finding_origin, finding_sentence, why_not_started};
use crate::app::{Action, Exported, Tab, View};
use crate::base::text::counted;
use crate::machine::{Command, Started};
use crate::ui::panels::export::export_button;
use crate::ui::panels::findings::findings_link;
use crate::ui::theme::{mix, mixed_job, size, text, tokens};
use crate::ui::widgets::{
    Icon, Slope, Tone, cross_hatch, dashed_rect, dots_mesh, hatch, hatch_mesh, link, outline,
    panel_header,
};

/// A pattern of the map that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Free,
    Pinned,
    Offered,
    Locked,
    Displayed,
    Crosses,
    Padding,
    Unusable,
    Merged,
    Arrived,
    Left,
    Encoded,
}

impl Key {
    /// In the order of importance: a narrow header drops the last.
    const ALL: [(Self, &'static str, &'static str); 12] = [
        (Self::Free, "free", "Nothing is placed here."),
        (Self::Pinned, "pinned", "Nothing but a purge moves it."),
        (
            Self::Offered,
            "offered",
            "Its owner does not need the content for now: it leaves before what is not offered.",
        ),
        (
            Self::Locked,
            "locked",
            "The CPU holds a lock on it; a number beside the key counts them.",
        ),
        (
            Self::Displayed,
            "displayed",
            "Shown on the screen: it is pinned until something else is.",
        ),
        (
            Self::Crosses,
            "crosses bank",
            "It lies across the end of a bank. Banks are hints: nothing keeps an allocation inside.",
        ),
        (
            Self::Padding,
            "padding",
            "Room without content, to scale: between rows that are aligned, or behind what was \
             rounded up to large pages.",
        ),
        (
            Self::Unusable,
            "unusable",
            "The driver reports the range as invalid, or the boot frame buffer lies there.",
        ),
        (
            Self::Merged,
            "merged",
            "Blocks narrower than three pixels: each column is as high as its share in use.",
        ),
        (Self::Arrived, "arrived now", "Became resident here in the last step."),
        (Self::Left, "left now", "Was resident here before the last step."),
        (
            Self::Encoded,
            "encoded",
            "VidMm has placed it and the driver has encoded its page-in; the GPU has not executed \
             all of it.",
        ),
    ];
}

/// What of the legend a session has use for, beyond what every session has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Present {
    offered: bool,
    locked: bool,
    displayed: bool,
    banks: bool,
    padding: bool,
    unusable: bool,
}

impl Present {
    /// Looks through the commands of a session and the segments of its adapter.
    pub(super) fn of(view: &View<'_>, started: &Started) -> Self {
        let commands = view.run.commands();
        let has = |wanted: fn(&Command) -> bool| commands.iter().any(wanted);
        let segments = &started.vidmm().adapter().segments;
        Self {
            offered: has(|command| matches!(command, Command::Offer(..))),
            locked: has(|command| matches!(command, Command::Lock(..))),
            displayed: has(|command| matches!(command, Command::Display(Some(_)))),
            banks: segments.iter().any(|segment| segment.banks.len() > 1),
            padding: segments.iter().any(|segment| {
                segment.is_pitch_aligned() || segment.page_size.get() > crate::base::PAGE_SIZE
            }),
            unusable: segments.iter().any(|segment| {
                !segment.invalid_ranges.is_empty() || !segment.uefi_frame_buffer_ranges.is_empty()
            }),
        }
    }

    const fn has(self, key: Key) -> bool {
        match key {
            Key::Offered => self.offered,
            Key::Locked => self.locked,
            Key::Displayed => self.displayed,
            Key::Crosses => self.banks,
            Key::Padding => self.padding,
            Key::Unusable => self.unusable,
            Key::Free | Key::Pinned | Key::Merged | Key::Arrived | Key::Left | Key::Encoded => true,
        }
    }
}

/// Shows the header; with something zoomed, a link that shows whole segments again.
pub(super) fn show(
    ui: &mut Ui,
    zoomed: bool,
    present: Present,
    tab: Tab,
    actions: &mut Vec<Action>,
) {
    panel_header(ui, "Memory map", |ui| {
        export_button(ui, Exported::Map, tab, actions);
        if zoomed {
            let response = link(ui, "Whole segments");
            if response.on_hover_text("Shows all of every segment (H)").clicked() {
                actions.push(Action::ZoomHome);
            }
        }
        legend(ui, present);
    });
}

fn legend(ui: &mut Ui, present: Present) {
    let tokens = tokens(ui);
    let room = ui.available_rect_before_wrap();
    let painter = ui.painter().clone();
    let mut x = room.left() + 16.0;
    let y = room.center().y;
    let mut rest: Vec<&str> = Vec::new();
    let keys: Vec<_> = Key::ALL.into_iter().filter(|(key, ..)| present.has(*key)).collect();
    for (index, (key, name, meaning)) in keys.iter().copied().enumerate() {
        let galley = text::mixed_text(&painter, name, size::TEXT_SMALL, tokens.text_secondary);
        let width = 19.0 + galley.size().x;
        // Where others follow, there must be room to say how many.
        let after = if index + 1 < keys.len() { MORE } else { 0.0 };
        if !rest.is_empty() || x + width + after > room.right() {
            rest.push(name);
            continue;
        }
        paint_key(ui, key, Rect::from_min_size(pos2(x, y - 5.0), vec2(14.0, 10.0)));
        let at = pos2(x + 19.0, y - 1.0);
        text::paint_galley(&painter, at, Align2::LEFT_CENTER, galley, tokens.text_secondary);
        let area = Rect::from_min_size(pos2(x, y - 10.0), vec2(width, 20.0));
        let response =
            ui.interact(area, ui.scope_id().with(("legend", name)), egui::Sense::hover());
        response.on_hover_text(meaning);
        x += width + 14.0;
    }
    if !rest.is_empty() && x + MORE <= room.right() + 14.0 {
        let words = format!("+{}", rest.len());
        let at = pos2(x, y - 1.0);
        let ink = tokens.text_faint;
        text::paint(&painter, at, Align2::LEFT_CENTER, &words, size::TEXT_SMALL, ink);
        let area = Rect::from_min_size(pos2(x - 4.0, y - 10.0), vec2(MORE, 20.0));
        let response = ui.interact(area, ui.scope_id().with("legend, more"), egui::Sense::hover());
        response.on_hover_text(format!("Also: {}", rest.join(", ")));
    }
}

/// Room for how many entries of the legend have none.
const MORE: f32 = 24.0;

fn paint_key(ui: &Ui, key: Key, rect: Rect) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    match key {
        Key::Free => {
            painter.rect_filled(rect, 0.0, tokens.lane);
            hatch(painter, rect, tokens.text_faint.gamma_multiply(0.8), 4.0);
            outline(painter, rect, 0.0, 1.0, tokens.separator_strong);
        }
        Key::Pinned => {
            Icon::Lock.paint(painter, rect.center(), 11.0, tokens.text_secondary);
        }
        Key::Offered => {
            let fill = mix(tokens.lane, tokens.text_faint, 0.18);
            painter.rect_filled(rect, 0.0, fill);
            let mut mesh = egui::Mesh::default();
            let room = rect.translate(vec2(-2.0, -3.0)).with_max_y(rect.bottom() + 1.0);
            let ink = tokens.text.gamma_multiply(0.6);
            dots_mesh(&mut mesh, room.with_max_x(rect.right()), ink, painter.pixels_per_point());
            painter.add(egui::Shape::mesh(mesh));
            outline(painter, rect, 0.0, 1.0, tokens.separator_strong);
        }
        Key::Locked => {
            Icon::Key.paint(painter, rect.center(), 11.0, tokens.text_secondary);
        }
        Key::Displayed => {
            Icon::Screen.paint(painter, rect.center(), 11.0, tokens.text_secondary);
        }
        Key::Crosses => {
            Icon::Diamond.paint(painter, rect.center(), 10.0, tokens.text_secondary);
        }
        Key::Padding => {
            painter.rect_filled(rect, 0.0, mix(tokens.lane, tokens.text_faint, 0.18));
            let mut x = rect.left() + 5.0;
            while x < rect.right() {
                let bar = Rect::from_x_y_ranges(x..=x + 1.0, rect.bottom() - 5.0..=rect.bottom());
                painter.rect_filled(bar, 0.0, tokens.text_faint);
                x += 3.0;
            }
            outline(painter, rect, 0.0, 1.0, tokens.separator_strong);
        }
        Key::Unusable => {
            painter.rect_filled(rect, 0.0, tokens.lane);
            cross_hatch(painter, rect, tokens.text_faint.gamma_multiply(0.8), 4.0);
            outline(painter, rect, 0.0, 1.0, tokens.separator_strong);
        }
        Key::Merged => {
            let heights = [6.0, 9.0, 7.0, 10.0, 5.0, 8.0, 10.0];
            let mut x = rect.left();
            for height in heights.iter().cycle().take(14) {
                let bar = Rect::from_min_max(
                    pos2(x, rect.bottom() - height),
                    pos2(x + 1.0, rect.bottom()),
                );
                painter.rect_filled(bar, 0.0, tokens.text_faint);
                x += 1.0;
            }
        }
        Key::Arrived => {
            let fill = mix(tokens.lane, tokens.moved_in, 0.5);
            painter.rect_filled(rect.shrink(2.0), 0.0, fill);
            outline(painter, rect.shrink(0.5), 1.0, 1.5, tokens.moved_in);
        }
        Key::Left => dashed_rect(painter, rect, tokens.moved_out),
        Key::Encoded => {
            painter.rect_filled(rect, 0.0, mix(tokens.lane, tokens.text_faint, 0.18));
            let mut mesh = egui::Mesh::default();
            let per_point = painter.pixels_per_point();
            hatch_mesh(&mut mesh, rect, tokens.moved_in, 4.0, Slope::Falling, per_point);
            painter.add(egui::Shape::mesh(mesh));
            outline(painter, rect, 0.0, 1.0, tokens.separator_strong);
        }
    }
}

/// Says why the adapter did not start, with every rule that it breaks.
pub(super) fn not_started(ui: &mut Ui, view: &View<'_>, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let Some((why, errors)) = why_not_started(view.run) else { return };
    egui::ScrollArea::vertical().id_salt("map not started").show(ui, |ui| {
        let width = (ui.available_width() - 2.0 * size::MAP_INSET).clamp(0.0, 560.0);
        let side = ((ui.available_width() - width) / 2.0).max(0.0);
        ui.add_space(24.0);
        let row = |ui: &mut Ui, add: &mut dyn FnMut(&mut Ui)| {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                ui.add_space(side);
                add(ui);
            });
        };
        let wrapped = |words: &str, points: f32, ink, indent: f32| {
            let mut job = mixed_job(words, points, ink);
            job.wrap.max_width = width - indent;
            job
        };
        row(ui, &mut |ui| {
            let title = "The adapter does not start";
            ui.label(wrapped(title, size::TEXT_TITLE, tokens.text, 0.0));
        });
        ui.add_space(6.0);
        row(ui, &mut |ui| {
            ui.label(wrapped(&why, size::TEXT_BODY, tokens.text_secondary, 0.0));
        });
        let all = view.run.machine().findings().len();
        if all > errors.len() {
            ui.add_space(4.0);
            row(ui, &mut |ui| {
                let words = format!("All {}", counted(all as u64, "finding"));
                findings_link(ui, &words, actions);
            });
        }
        ui.add_space(8.0);
        for finding in errors {
            row(ui, &mut |ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(20.0, 18.0), egui::Sense::hover());
                let at = rect.left_center() + vec2(7.0, 0.0);
                Tone::Error.icon().paint(ui.painter(), at, 12.0, tokens.error);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 1.0;
                    let sentence = finding_sentence(finding);
                    let job = wrapped(&sentence, size::TEXT_BODY, tokens.text, 20.0);
                    ui.label(job).on_hover_text(finding_origin(finding));
                    let field = format!("{} is {}", finding.field, finding.value);
                    ui.label(wrapped(&field, size::TEXT_SMALL, tokens.text_secondary, 20.0));
                    let source = format!("{}, {}", finding.rule.id(), finding.rule.source());
                    ui.label(wrapped(&source, size::TEXT_SMALL, tokens.text_faint, 20.0));
                    ui.add_space(6.0);
                });
            });
        }
    });
}
