//! Changes that are not saved: an action that would discard them waits until somebody says what
//! is to become of them.
//!
//! One action waits at most: whoever asks for another means that one.

use super::action::Action;
use super::application::{App, Effect};

/// What is to become of changes that are not saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unsaved {
    /// They are written to the file of the session, or to one that is asked for.
    Save,
    /// They are given up.
    Discard,
    /// They stay, and what would have discarded them is not done.
    Keep,
}

/// What is asked before changes are discarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsavedQuestion {
    /// What the session is called.
    pub name: String,
    /// Whether it has a file; without one, saving asks for it.
    pub has_file: bool,
}

/// An action that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// Somebody is asked what is to become of the changes.
    ForAnswer(Action),
    /// Somebody is asked where to save them.
    ForFile(Action),
}

impl App {
    /// What is to be asked, while an action waits for the answer.
    #[must_use]
    pub fn unsaved_question(&self) -> Option<UnsavedQuestion> {
        let (Some(Waiting::ForAnswer(_)), Some(opened)) = (&self.waiting, self.session()) else {
            return None;
        };
        Some(UnsavedQuestion { name: self.session_name(), has_file: opened.file().is_some() })
    }

    /// Lets an action wait that would discard changes; answers whether it waits.
    pub(super) fn must_wait(&mut self, action: &Action) -> bool {
        let leaves = matches!(
            action,
            Action::OpenPath(_)
                | Action::OpenEmbedded(_)
                | Action::NewSession(_)
                | Action::Reload
                | Action::Close
                | Action::Quit
        );
        if !leaves || !self.session().is_some_and(super::Opened::is_changed) {
            return false;
        }
        if self.looking.playing {
            self.stop();
        }
        // One question at a time, and this one leads to the other where it is still to be asked.
        self.drop_conflict();
        self.waiting = Some(Waiting::ForAnswer(action.clone()));
        true
    }

    /// Does what somebody said is to become of the changes.
    pub(super) fn answer_unsaved(&mut self, answer: Unsaved) -> Option<Effect> {
        let action = match self.waiting.take() {
            Some(Waiting::ForAnswer(action)) => action,
            other => {
                self.waiting = other;
                return None;
            }
        };
        match answer {
            Unsaved::Save => {
                self.waiting = Some(Waiting::ForFile(action));
                self.dispatch(Action::Save)
            }
            Unsaved::Discard => {
                if action == Action::Quit {
                    self.give_up_changes();
                }
                self.execute(action)
            }
            Unsaved::Keep => None,
        }
    }

    /// Goes on after a file was written, or was not: only then is it safe to do what waits.
    pub(super) fn go_on_after_saving(&mut self, saved: bool) -> Option<Effect> {
        let (Waiting::ForAnswer(action) | Waiting::ForFile(action)) = self.waiting.take()?;
        if saved { self.dispatch(action) } else { None }
    }

    /// Nobody says where to save, so what waits for it is not done.
    pub(super) fn cancel_save(&mut self) {
        if matches!(self.waiting, Some(Waiting::ForFile(_))) {
            self.waiting = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::app::{Opened, Severity};
    use crate::machine::Place;
    use crate::vidmm::{Sleep, Transition};

    const SMALL: &str = r#"(version: 1, title: "Small", adapter: (profile: "inspector"),
        commands: [CreateProcess("p")])"#;

    /// The small session, with a change.
    fn changed() -> App {
        let mut app = App::default();
        app.show(Opened::read(SMALL, "small").unwrap_or_else(|errors| panic!("{}", errors[0])));
        app.work(&mut || true);
        app.dispatch(Action::GoTo(Place::after(1)));
        change(&mut app);
        app
    }

    fn change(app: &mut App) {
        app.dispatch(Action::InsertPower(Transition::Sleep(Sleep::Standby)));
        assert!(is_changed(app));
    }

    fn is_changed(app: &App) -> bool {
        app.session().is_some_and(Opened::is_changed)
    }

    fn title(app: &App) -> Option<&str> {
        app.session().map(|opened| opened.document().title.as_str())
    }

    fn temporary(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("vidmm-unsaved-{name}-{}.ron", std::process::id()))
    }

    #[test]
    fn what_discards_nothing_does_not_ask() {
        let mut app = changed();
        app.dispatch(Action::Undo);
        assert_eq!(app.dispatch(Action::Quit), Some(Effect::Quit));
        app.dispatch(Action::Redo);
        // Looking for a file is not opening it.
        assert_eq!(app.dispatch(Action::Open), Some(Effect::OpenDialog));
        assert_eq!(app.unsaved_question(), None);
        assert_eq!(app.dispatch(Action::AnswerUnsaved(Unsaved::Discard)), None);
        assert!(is_changed(&app), "an answer to nothing is nothing");
        app.dispatch(Action::CancelSave);
        assert!(is_changed(&app));
    }

    #[test]
    fn each_way_out_asks_and_keeping_leaves_everything_as_it_was() {
        let path = temporary("other");
        std::fs::write(&path, SMALL.replace("Small", "Other")).expect("a temporary file");
        let ways = [
            (Action::Close, None, None),
            (Action::Quit, Some(Effect::Quit), Some("Small")),
            (Action::OpenEmbedded("tour.ron"), None, Some("The tour")),
            (Action::OpenPath(path.clone()), None, Some("Other")),
        ];
        for (way, effect, then) in ways {
            let mut app = changed();
            assert_eq!(app.dispatch(way.clone()), None, "{way:?}");
            let question = UnsavedQuestion { name: "Small".to_owned(), has_file: false };
            assert_eq!(app.unsaved_question(), Some(question));
            assert_eq!(app.dispatch(Action::AnswerUnsaved(Unsaved::Keep)), None);
            assert!(app.unsaved_question().is_none() && is_changed(&app));
            app.dispatch(way.clone());
            assert_eq!(app.dispatch(Action::Escape), None);
            assert!(app.unsaved_question().is_none() && is_changed(&app), "Escape keeps");
            app.dispatch(way.clone());
            assert_eq!(app.dispatch(Action::AnswerUnsaved(Unsaved::Discard)), effect);
            assert_eq!(app.unsaved_question(), None);
            assert_eq!(title(&app), then, "{way:?}");
        }
        std::fs::remove_file(&path).expect("the file is ours");
    }

    #[test]
    fn saving_without_a_file_asks_for_one_and_then_goes_on() {
        let path = temporary("new");
        let mut app = changed();
        app.dispatch(Action::Quit);
        let asked = app.dispatch(Action::AnswerUnsaved(Unsaved::Save));
        assert_eq!(asked, Some(Effect::SaveDialog("small.ron".to_owned())));
        assert_eq!(app.unsaved_question(), None);
        assert_eq!(app.dispatch(Action::SaveTo(path.clone())), Some(Effect::Quit));
        assert!(!is_changed(&app));
        let read = std::fs::read_to_string(&path).expect("it was written");
        assert!(read.contains("Sleep"), "{read}");
        // With a file nothing more is asked.
        app.dispatch(Action::Undo);
        app.dispatch(Action::Close);
        assert!(app.unsaved_question().is_some_and(|question| question.has_file));
        assert_eq!(app.dispatch(Action::AnswerUnsaved(Unsaved::Save)), None);
        assert!(app.session().is_none());
        let read = std::fs::read_to_string(&path).expect("it was written");
        assert!(!read.contains("Sleep"), "{read}");
        std::fs::remove_file(&path).expect("the file is ours");
    }

    #[test]
    fn a_save_that_nobody_finishes_or_that_fails_drops_what_waited() {
        let nowhere = Path::new("/nonexistent-folder/x.ron").to_path_buf();
        let path = temporary("later");
        let mut app = changed();
        app.dispatch(Action::Close);
        app.dispatch(Action::AnswerUnsaved(Unsaved::Save));
        app.dispatch(Action::CancelSave);
        // A later save is only a save.
        assert_eq!(app.dispatch(Action::SaveTo(path.clone())), None);
        assert!(app.session().is_some());
        change_again(&mut app);
        app.dispatch(Action::SaveAs);
        app.dispatch(Action::Close);
        app.dispatch(Action::AnswerUnsaved(Unsaved::Keep));
        assert_eq!(app.dispatch(Action::SaveTo(path.clone())), None);
        assert!(app.session().is_some());

        let mut app = changed();
        app.dispatch(Action::Quit);
        app.dispatch(Action::AnswerUnsaved(Unsaved::Save));
        assert_eq!(app.dispatch(Action::SaveTo(nowhere)), None);
        assert_eq!(app.notices().last().map(|notice| notice.severity), Some(Severity::Error));
        assert!(app.unsaved_question().is_none() && is_changed(&app));
        assert_eq!(app.dispatch(Action::SaveTo(path.clone())), None, "nothing waits any longer");
        std::fs::remove_file(&path).expect("the file is ours");
    }

    fn change_again(app: &mut App) {
        app.dispatch(Action::InsertPower(Transition::Resume { power_lost: false }));
        assert!(is_changed(app));
    }

    #[test]
    fn the_last_wish_counts_and_a_file_that_cannot_be_opened_discards_nothing() {
        let mut app = changed();
        app.dispatch(Action::Quit);
        app.dispatch(Action::Close);
        assert_eq!(app.dispatch(Action::AnswerUnsaved(Unsaved::Discard)), None);
        assert!(app.session().is_none());

        let mut app = changed();
        app.dispatch(Action::OpenPath("/nonexistent-folder/x.ron".into()));
        app.dispatch(Action::AnswerUnsaved(Unsaved::Discard));
        assert_eq!(title(&app), Some("Small"));
        assert!(is_changed(&app));
    }

    #[test]
    fn a_question_ends_playing() {
        let mut app = changed();
        app.dispatch(Action::PlayPause);
        assert!(app.looking().playing);
        app.dispatch(Action::Close);
        assert!(!app.looking().playing);
    }
}
