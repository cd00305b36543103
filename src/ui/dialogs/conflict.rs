//! What is to become of a file that somebody else changed, asked before it would be replaced.

use egui::Ui;

use super::question::{Choice, Question};
use crate::app::{Action, Conflict, ConflictQuestion};

/// The answers; the first loses nothing.
const CHOICES: [Choice<Conflict>; 4] = [
    Choice::new("Save as…", "Asks for another file; both stay", Conflict::SaveAs),
    Choice::new("Overwrite", "What the other program wrote is lost", Conflict::Overwrite),
    Choice::new("Reload", "What was changed here is lost", Conflict::Reload),
    Choice::new("Cancel", "Saves nothing", Conflict::Cancel).with_key("Esc"),
];

/// The dialog.
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
        let fresh = !std::mem::replace(&mut self.open, question.is_some());
        let Some(question) = question else { return };
        let question = Question {
            id: "changed file",
            title: &format!("{} was changed by another program", question.name),
            text: "Saving would replace what that wrote: only one of both can stay in this file.",
            width: 460.0,
            choices: &CHOICES,
        };
        actions.extend(question.ask(ui, fresh).map(Action::AnswerConflict));
    }
}

#[cfg(test)]
mod tests {
    use egui::Role;
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
