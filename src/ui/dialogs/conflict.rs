//! What is to become of a file that somebody else changed, asked before it would be replaced.

use egui::{Frame, Id, Label, Margin, Modal, Role, Ui, WidgetInfo};

use crate::app::{Action, Conflict, ConflictQuestion};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::primary_button;

/// Width of the dialog.
const WIDTH: f32 = 460.0;

/// The dialog, which puts the focus on its first button when it opens: the one that loses nothing.
#[derive(Debug, Default)]
pub(in crate::ui) struct ConflictDialog {
    open: bool,
}

impl ConflictDialog {
    /// Shows the question over the window, or nothing where there is none.
    pub(in crate::ui) fn ui(
        &mut self,
        ui: &Ui,
        question: Option<&ConflictQuestion>,
        actions: &mut Vec<Action>,
    ) {
        let Some(question) = question else {
            self.open = false;
            return;
        };
        let fresh = !std::mem::replace(&mut self.open, true);
        let frame = Frame::popup(ui.style()).inner_margin(Margin::same(16));
        let modal = Modal::new(Id::unique("changed file")).frame(frame);
        let shown = modal.show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 48.0));
            content_ui(ui, question, fresh)
        });
        let says = format!("{} was changed by another program", question.name);
        shown.response.widget_info(|| WidgetInfo::labeled(Role::Window, true, &says));
        if let Some(answer) = shown.inner {
            actions.push(Action::AnswerConflict(answer));
        }
    }
}

fn content_ui(ui: &mut Ui, question: &ConflictQuestion, fresh: bool) -> Option<Conflict> {
    let ink = tokens(ui);
    let title = format!("{} was changed by another program", question.name);
    ui.add(Label::new(text::mixed_job(&title, size::TEXT_TITLE, ink.text)).wrap());
    let both = "Saving would replace what that wrote: only one of both can stay in this file.";
    ui.add(Label::new(text::mixed_job(both, size::TEXT_BODY, ink.text_secondary)).wrap());
    ui.add_space(8.0);
    ui.horizontal_wrapped(|ui| {
        let save_as = primary_button(ui, "Save as…");
        let save_as = save_as.on_hover_text("Asks for another file; both stay");
        if fresh {
            save_as.request_focus();
        }
        let overwrite =
            ui.button("Overwrite").on_hover_text("What the other program wrote is lost");
        let reload = ui.button("Reload").on_hover_text("What was changed here is lost");
        let cancel = ui.button("Cancel").on_hover_ui(|ui| {
            ui.horizontal(|ui| {
                ui.label("Saves nothing");
                ui.weak("Esc");
            });
        });
        [
            (save_as, Conflict::SaveAs),
            (overwrite, Conflict::Overwrite),
            (reload, Conflict::Reload),
            (cancel, Conflict::Cancel),
        ]
        .into_iter()
        .find_map(|(button, answer)| button.clicked().then_some(answer))
    })
    .inner
}

#[cfg(test)]
mod tests {
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::ui::theme;

    #[test]
    fn each_button_says_what_becomes_of_the_file() {
        let answers = [
            ("Save as…", Conflict::SaveAs),
            ("Overwrite", Conflict::Overwrite),
            ("Reload", Conflict::Reload),
            ("Cancel", Conflict::Cancel),
        ];
        for (label, answer) in answers {
            let question = ConflictQuestion { name: "a.ron".to_owned() };
            let state = (ConflictDialog::default(), Vec::new());
            let mut harness = Harness::builder()
                .with_size([700.0, 300.0])
                .with_context_setup(theme::install)
                .build_ui_state(
                    move |ui, (dialog, actions): &mut (ConflictDialog, Vec<Action>)| {
                        dialog.ui(ui, Some(&question), actions);
                    },
                    state,
                );
            harness.run();
            harness.get_by_role_and_label(Role::Button, label).click();
            harness.run();
            assert_eq!(harness.state().1, [Action::AnswerConflict(answer)], "{label}");
        }
    }
}
