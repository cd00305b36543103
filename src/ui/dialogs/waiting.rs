//! A strip below the top bar while a dialog of the system is open: it may lie behind the window.

use egui::{Align2, Area, Frame, Id, Margin, Order, Stroke, Ui, vec2};

use crate::ui::DialogWanted;
use crate::ui::theme::{mixed_job, size, tokens};
use crate::ui::widgets::{Icon, Tone, link};

/// Says that the system asks for a file; answers whether the user does not want to wait for it.
pub(in crate::ui) fn waiting_ui(ui: &Ui, wanted: &DialogWanted) -> bool {
    let words = match wanted {
        DialogWanted::Open => "The system asks which session to open, in a window of its own",
        DialogWanted::Save(_) | DialogWanted::Export(_) => {
            "The system asks where to save, in a window of its own"
        }
    };
    let hint = "Goes on without an answer; the dialog may stay on the screen";
    strip_ui(ui, "waiting for a dialog", words, hint)
}

/// Says how much of a table is made; answers whether the user does not want it any longer.
pub(in crate::ui) fn exporting_ui(ui: &Ui, percent: usize) -> bool {
    let words = format!("A table is being made: {percent} %");
    strip_ui(ui, "making a table", &words, "Nothing is written")
}

fn strip_ui(ui: &Ui, name: &str, words: &str, hint: &str) -> bool {
    let tokens = tokens(ui);
    let area = Area::new(Id::unique(name))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_TOP, vec2(0.0, size::TOP_BAR + size::PANEL_INSET));
    let shown = area.show(ui.ctx(), |ui| {
        let frame = Frame::new()
            .fill(tokens.bar)
            .stroke(Stroke::new(1.0, tokens.accent))
            .corner_radius(size::RADIUS)
            .inner_margin(Margin::symmetric(10, 6));
        let strip = frame.show(ui, |ui| {
            ui.horizontal(|ui| {
                let icon = vec2(14.0, size::LIST_ROW);
                let (rect, _) = ui.allocate_exact_size(icon, egui::Sense::hover());
                let ink = Tone::Accent.color(tokens);
                Icon::Info.paint(ui.painter(), rect.center(), 12.0, ink);
                ui.label(mixed_job(words, size::TEXT_SMALL, tokens.text));
                link(ui, "Cancel").on_hover_text(hint).clicked()
            })
            .inner
        });
        strip.inner
    });
    shown.inner
}
