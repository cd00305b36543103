//! What is to become of changes, asked before they would be discarded.

use egui::Ui;

use super::question::{Choice, Question};
use crate::app::{Action, Unsaved, UnsavedQuestion};

/// The dialog.
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
        let fresh = !std::mem::replace(&mut self.open, question.is_some());
        let Some(question) = question else { return };
        let save = if question.has_file {
            Choice::new("Save", "To its file", Unsaved::Save)
        } else {
            Choice::new("Save…", "Asks for a file first", Unsaved::Save)
        };
        let question = Question {
            id: "unsaved changes",
            title: &format!("Save changes to {}?", question.name),
            text: "Changes that are not saved are lost.",
            width: 380.0,
            choices: &[
                save,
                Choice::new("Don't save", "Gives the changes up", Unsaved::Discard),
                Choice::new("Cancel", "Goes back to the session", Unsaved::Keep).with_key("Esc"),
            ],
        };
        actions.extend(question.ask(ui, fresh).map(Action::AnswerUnsaved));
    }
}
