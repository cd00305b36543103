//! What is to become of changes, asked before they would be discarded.

use egui::{Frame, Id, Key, Label, Margin, Modal, Role, Ui, WidgetInfo};

use crate::app::{Action, Unsaved, UnsavedQuestion};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::primary_button;

/// Width of the dialog.
const WIDTH: f32 = 380.0;

/// The dialog, which puts the focus on its first button when it opens.
#[derive(Debug, Default)]
pub(in crate::ui) struct UnsavedDialog {
    open: bool,
}

impl UnsavedDialog {
    /// Shows the question over the window, or nothing where there is none.
    pub(in crate::ui) fn ui(
        &mut self,
        ui: &Ui,
        question: Option<&UnsavedQuestion>,
        actions: &mut Vec<Action>,
    ) {
        let Some(question) = question else {
            self.open = false;
            return;
        };
        let fresh = !std::mem::replace(&mut self.open, true);
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
        let modal = Modal::new(Id::unique("unsaved changes")).frame(frame);
        let shown = modal.show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 48.0));
            content_ui(ui, question, fresh)
        });
        let asks = format!("Save changes to {}?", question.name);
        shown.response.widget_info(|| WidgetInfo::labeled(Role::Window, true, &asks));
        if let Some(answer) = shown.inner {
            actions.push(Action::AnswerUnsaved(answer));
        }
    }
}

fn content_ui(ui: &mut Ui, question: &UnsavedQuestion, fresh: bool) -> Option<Unsaved> {
    let ink = tokens(ui);
    let title = format!("Save changes to {}?", question.name);
    ui.add(Label::new(text::mixed_job(&title, size::TEXT_TITLE, ink.text)).wrap());
    let lost = "Changes that are not saved are lost.";
    ui.add(Label::new(text::mixed_job(lost, size::TEXT_BODY, ink.text_secondary)).wrap());
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        let save = primary_button(ui, if question.has_file { "Save" } else { "Save…" });
        let tip = if question.has_file { "To its file" } else { "Asks for a file first" };
        let save = save.on_hover_text(tip);
        let discard = ui.button("Don't save").on_hover_text("Gives the changes up");
        let cancel = ui.button("Cancel").on_hover_ui(|ui| {
            ui.horizontal(|ui| {
                ui.label("Goes back to the session");
                ui.weak("Esc");
            });
        });
        if fresh {
            save.request_focus();
        }
        // Enter belongs to the button with the focus; where a click beside them took it away, to
        // the first.
        let focused = [&save, &discard, &cancel].into_iter().any(egui::Response::has_focus);
        let enter = !fresh && !focused && ui.input(|input| input.key_pressed(Key::Enter));
        if save.clicked() || enter {
            Some(Unsaved::Save)
        } else if discard.clicked() {
            Some(Unsaved::Discard)
        } else {
            cancel.clicked().then_some(Unsaved::Keep)
        }
    })
    .inner
}
