//! Notices in the lower right corner, over whatever is there, until they are dismissed.

use egui::{Align, Align2, Area, Frame, Id, Label, Layout, Margin, Order, ScrollArea, Stroke, Ui};

use crate::app::{Action, Notice, Severity};
use crate::ui::theme::{mixed_job, size, tokens};
use crate::ui::widgets::{Icon, IconButton, Tone, link};

/// Width of a notice.
const WIDTH: f32 = 460.0;
/// Height of the list of particulars before it scrolls.
const LINES: f32 = 160.0;
/// Notices shown at once; older ones come when these are dismissed.
const SHOWN: usize = 3;

/// Shows the latest notices, `above` points over the lower edge of the window.
pub(in crate::ui) fn notices_ui(
    ui: &Ui,
    notices: &[Notice],
    above: f32,
    actions: &mut Vec<Action>,
) {
    if notices.is_empty() {
        return;
    }
    let offset = egui::vec2(-size::PANEL_INSET, -above - size::PANEL_INSET);
    Area::new(Id::unique("notices"))
        .order(Order::Foreground)
        .anchor(Align2::RIGHT_BOTTOM, offset)
        .show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 24.0));
            let hidden = notices.len().saturating_sub(SHOWN);
            for (index, notice) in notices.iter().enumerate().skip(hidden) {
                notice_ui(ui, index, notice, actions);
            }
        });
}

fn notice_ui(ui: &mut Ui, index: usize, notice: &Notice, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let tone = match notice.severity {
        Severity::Done => Tone::Ok,
        Severity::Note => Tone::Accent,
        Severity::Error => Tone::Error,
    };
    let frame = Frame::new()
        .fill(tokens.bar)
        .stroke(Stroke::new(1.0, tone.color(tokens)))
        .corner_radius(size::RADIUS)
        .inner_margin(Margin::same(10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(14.0, 20.0), egui::Sense::hover());
            tone.icon().paint(ui.painter(), rect.center(), 12.0, tone.color(tokens));
            ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
                let dismiss = IconButton::new(Icon::Close, "Dismiss").frameless();
                if ui.add(dismiss).clicked() {
                    actions.push(Action::DismissNotice(index));
                }
                ui.with_layout(Layout::left_to_right(Align::TOP), |ui| {
                    let title = mixed_job(&notice.title, size::TEXT_BODY, tokens.text);
                    ui.add(Label::new(title).wrap());
                });
            });
        });
        if notice.lines.is_empty() {
            return;
        }
        let list = ScrollArea::vertical().id_salt(("notice", index)).max_height(LINES);
        list.show(ui, |ui| {
            for line in &notice.lines {
                let job = mixed_job(line, size::TEXT_SMALL, tokens.text_secondary);
                ui.add(Label::new(job).wrap().selectable(true));
            }
        });
        ui.horizontal(|ui| {
            if let Some((name, action)) = &notice.remedy
                && link(ui, name).clicked()
            {
                actions.push(action.clone());
            }
            if link(ui, "Copy").on_hover_text("Copies the whole notice").clicked() {
                actions.push(Action::Copy(notice.text()));
            }
        });
    });
    ui.add_space(4.0);
}
