//! The one place where actions are executed.

use std::path::Path;

use crate::machine::Place;
use crate::vidmm::Transition;

use super::action::Action;
use super::application::{App, Effect, Page, Zoom, at_end};
use super::files;
use super::item::Item;
use super::keeping::Conflict;
use super::notice::Notice;
use super::opened::Opened;
use super::registry::When;
use super::unsaved::Unsaved;

impl App {
    /// Executes actions in order, and answers what they ask of whoever runs the application.
    pub fn dispatch_all(&mut self, actions: impl IntoIterator<Item = Action>) -> Vec<Effect> {
        actions.into_iter().filter_map(|action| self.dispatch(action)).collect()
    }

    /// Executes an action, and answers what it asks of whoever runs the application.
    ///
    /// An action that cannot be taken now does nothing. One that would discard changes waits until
    /// somebody says what is to become of them.
    pub fn dispatch(&mut self, action: Action) -> Option<Effect> {
        if self.must_wait(&action) { None } else { self.execute(action) }
    }

    /// Executes an action, also where changes are lost by it.
    pub(super) fn execute(&mut self, action: Action) -> Option<Effect> {
        match action {
            Action::Open => {
                // Whoever looks for another file has read what was wrong with the last.
                self.notices.clear();
                return Some(Effect::OpenDialog);
            }
            Action::OpenPath(path) => {
                self.open_path(&path);
            }
            Action::OpenEmbedded(file_name) => {
                self.notices.clear();
                self.open_embedded(file_name);
            }
            Action::NewFromProfile => return Some(Effect::ProfileDialog),
            Action::NewSession(profile) => self.begin(profile),
            Action::Save | Action::SaveAs | Action::SaveTo(_) => return self.save(&action),
            Action::CancelSave => self.cancel_save(),
            Action::AnswerUnsaved(answer) => return self.answer_unsaved(answer),
            Action::AnswerConflict(answer) => return self.answer_conflict(answer),
            Action::Reload => self.reload(),
            Action::ForgetRecent(path) => self.forget_recent(&path),
            Action::Close => self.close(),
            Action::Quit => return Some(Effect::Quit),
            Action::Export(export) => {
                let name = export.name.clone();
                self.export = Some(export);
                return Some(Effect::ExportDialog(name));
            }
            Action::ExportView(what, format) => {
                let what = what.resolved(self.looking.tab);
                let possible = what.formats(self.looking.tab).contains(&format);
                return (possible && self.can(When::Session))
                    .then_some(Effect::ExportView(what, format));
            }
            Action::ExportTo(path) => self.export_to(&path),
            Action::Copy(text) => return Some(Effect::CopyText(text)),
            Action::ZoomToSelection => return self.zoom(Zoom::ToSelection),
            Action::ZoomHome => return self.zoom(Zoom::Home),
            Action::Escape => return self.escape(),
            Action::ToggleTheme => self.settings.appearance = self.settings.appearance.other(),
            Action::ToggleHelp => {
                self.help = !self.help;
                self.palette = false;
            }
            // A dialog wants its answer first.
            Action::TogglePalette => {
                self.palette = !self.palette && !self.dialog;
                self.help = false;
            }
            Action::DismissNotice(index) => {
                if index < self.notices.len() {
                    self.notices.remove(index);
                }
            }
            Action::Select(item) => self.select(item),
            Action::Hover(item) => self.looking.hovered = item,
            Action::SelectionBack | Action::SelectionForward => {
                self.select_other(action == Action::SelectionForward);
            }
            Action::InsertPower(transition) => self.insert_power(transition),
            Action::Undo | Action::Redo => self.undo_or_redo(&action),
            other => self.act_on_session(other),
        }
        None
    }

    /// Actions that concern only where the session stands and how it is looked at.
    fn act_on_session(&mut self, action: Action) {
        let looking = self.looking;
        let Page::Session(opened) = &mut self.page else { return };
        match action {
            Action::Forward(level) => {
                let level = level.unwrap_or(looking.level);
                self.by_hand(|opened| opened.step_forward(level));
            }
            Action::Back(level) => {
                let level = level.unwrap_or(looking.level);
                self.by_hand(|opened| opened.step_back(level));
            }
            Action::ToStart => self.go_to(Place::default()),
            Action::ToEnd => {
                let end = Place::after(opened.run().commands().len());
                self.go_to(end);
            }
            Action::GoTo(place) => self.go_to(place),
            Action::PreviousEvent => {
                if let Some(command) = opened.event_before() {
                    self.go_to(Place::after(command));
                }
            }
            Action::NextEvent => {
                if let Some(command) = opened.event_after() {
                    self.go_to(Place::after(command));
                }
            }
            Action::PlayPause => self.play_or_pause(),
            Action::PauseOrGoOn => {
                opened.touch();
                self.looking.paused = self.pending.take().is_some() || !looking.paused;
            }
            Action::SetSpeed(speed) => {
                opened.touch();
                self.looking.speed = speed;
            }
            Action::SetLevel(level) => {
                opened.touch();
                self.looking.level = level;
            }
            Action::SetTab(tab) => {
                opened.touch();
                self.looking.tab = tab;
            }
            Action::ToggleOpened(command) => opened.toggle_opened(command),
            Action::TrySleeps => opened.ask_for_previews(),
            _ => {}
        }
    }

    /// A step that somebody asked for: it ends playing and whatever was being gone to.
    fn by_hand(&mut self, step: impl FnOnce(&mut Opened) -> bool) {
        self.pending = None;
        self.moved = self.clock;
        if self.looking.playing {
            self.stop();
        }
        if let Some(opened) = self.session_mut() {
            step(opened);
        }
    }

    fn go_to(&mut self, place: Place) {
        if self.looking.playing {
            self.stop();
        }
        let commands = self.session().map_or(0, |opened| opened.run().commands().len());
        if place.command <= commands {
            self.moved = self.clock;
            self.pending = Some(place);
            self.arrive();
        }
    }

    fn insert_power(&mut self, transition: Transition) {
        if !self.can(When::Power(transition)) {
            return;
        }
        let Some(opened) = self.session_mut() else { return };
        match opened.insert_power(transition) {
            Some(place) => self.go_anew(place),
            None => self.tell(Notice::error(
                String::from("Nothing is inserted"),
                vec![String::from("The session holds as many commands as a session can")],
            )),
        }
    }

    fn undo_or_redo(&mut self, action: &Action) {
        let Some(opened) = self.session_mut() else { return };
        let place = if *action == Action::Undo { opened.undo() } else { opened.redo() };
        if let Some(place) = place {
            self.go_anew(place);
        }
    }

    fn play_or_pause(&mut self) {
        let Page::Session(opened) = &mut self.page else { return };
        if opened.run().commands().is_empty() {
            return;
        }
        opened.touch();
        self.looking.playing = !self.looking.playing;
        if self.looking.playing {
            self.playback.restart();
            if at_end(opened) {
                opened.go_to(Place::default());
            }
        }
    }

    fn select(&mut self, item: Option<Item>) {
        let Page::Session(opened) = &mut self.page else { return };
        let before = opened.selected();
        if before != item {
            self.selections.leave(before);
            opened.select(item);
        }
    }

    fn select_other(&mut self, forward: bool) {
        let Page::Session(opened) = &mut self.page else { return };
        let present = opened.selected();
        let item =
            if forward { self.selections.forward(present) } else { self.selections.back(present) };
        if item.is_some() {
            opened.select(item);
        }
    }

    /// What lies on top closes first.
    fn escape(&mut self) -> Option<Effect> {
        if self.unsaved_question().is_some() {
            return self.answer_unsaved(Unsaved::Keep);
        }
        if self.conflict_question().is_some() {
            return self.answer_conflict(Conflict::Cancel);
        }
        if self.dialog {
            return Some(Effect::CloseDialog);
        }
        if self.palette {
            self.palette = false;
        } else if self.help {
            self.help = false;
        } else if self.notices.pop().is_none() {
            if self.pending.take().is_none() {
                self.select(None);
            } else if let Some(opened) = self.session_mut() {
                opened.touch();
            }
        }
        None
    }

    fn zoom(&self, zoom: Zoom) -> Option<Effect> {
        let selected = self.session()?.selected().is_some();
        (zoom == Zoom::Home || selected).then_some(Effect::Zoom(zoom))
    }

    fn close(&mut self) {
        self.remember_place();
        self.page = Page::Start;
        self.looking.playing = false;
        self.looking.hovered = None;
        self.pending = None;
        self.waiting = None;
        self.drop_conflict();
        self.refresh_recents();
    }

    fn save(&mut self, action: &Action) -> Option<Effect> {
        let opened = self.session()?;
        match (action, opened.file()) {
            (Action::SaveTo(path), _) => self.save_to(&path.clone()),
            (Action::Save, Some(path)) => self.save_to(&path.clone()),
            _ => Some(Effect::SaveDialog(self.suggested_name())),
        }
    }

    fn export_to(&mut self, path: &Path) {
        let Some(export) = self.export.take() else { return };
        let notice = match files::write(path, &export.bytes) {
            Ok(()) => Notice::done(format!("Exported to {}", path.display())),
            Err(error) => {
                let title = String::from("Nothing is exported");
                Notice::error(title, vec![format!("{}: {error}", path.display())])
            }
        };
        self.tell(notice);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::app::{Severity, Speed, When};
    use crate::base::AllocationId;
    use crate::machine::Level;
    use crate::session;
    use crate::vidmm::{Power, Sleep};

    /// Six commands; `a` appears with the third, is filled with the fourth, leaves with the sixth.
    const SMALL: &str = r#"(version: 1, title: "Small", adapter: (profile: "inspector"), commands: [
        CreateProcess("p"),
        CreateDevice(name: "d", process: "p"),
        CreateAllocation(name: "a", device: "d", size: "1 MiB", preferred: [1], supported: [1]),
        Use([Write("a")]),
        CreateAllocation(name: "b", device: "d", size: "1 MiB", preferred: [1], supported: [1]),
        Evict("a"),
    ])"#;

    fn unrun() -> App {
        let mut app = App::default();
        let opened = Opened::read(SMALL, "small");
        app.show(opened.unwrap_or_else(|errors| panic!("{}", errors[0])));
        app
    }

    fn small() -> App {
        let mut app = unrun();
        app.work(&mut || true);
        app
    }

    fn place(app: &App) -> String {
        app.session().map_or_else(String::new, |opened| opened.run().place().to_string())
    }

    #[test]
    fn steps_go_where_they_say() {
        let mut app = small();
        assert_eq!(place(&app), "0");
        assert!(!app.can(When::StepsBefore));
        app.dispatch(Action::Forward(Some(Level::Command)));
        assert_eq!(place(&app), "1");
        app.dispatch(Action::GoTo(Place::after(3)));
        app.dispatch(Action::Forward(Some(Level::Operation)));
        assert_eq!(place(&app), "4.1");
        app.dispatch(Action::ToEnd);
        assert!(!app.can(When::StepsAfter));
        app.dispatch(Action::Forward(None));
        app.dispatch(Action::ToStart);
        assert_eq!(place(&app), "0");
        app.dispatch(Action::GoTo(Place::after(100_000)));
        assert_eq!(place(&app), "0");
    }

    #[test]
    fn a_jump_beyond_what_is_executed_waits_for_the_run() {
        let mut app = unrun();
        app.dispatch(Action::ToEnd);
        assert_eq!(place(&app), "0");
        assert_eq!(app.wakes_in(Duration::ZERO), Some(Duration::ZERO));
        app.work(&mut || false);
        assert!(!app.has_work());
        assert!(!app.can(When::StepsAfter));
        assert_eq!(app.wakes_in(Duration::ZERO), None);
    }

    #[test]
    fn playing_stops_at_the_end_and_begins_again_from_the_start() {
        let mut app = small();
        app.dispatch(Action::SetSpeed(Speed(10)));
        app.dispatch(Action::PlayPause);
        app.advance(Duration::from_secs(1));
        assert_eq!(place(&app), "0");
        app.advance(Duration::from_millis(1_350));
        assert_eq!(place(&app), "3");
        app.advance(Duration::from_secs(6));
        assert!(!app.looking().playing && !app.can(When::StepsAfter));
        app.dispatch(Action::PlayPause);
        assert_eq!(place(&app), "0");
        assert!(app.looking().playing);
        app.dispatch(Action::Forward(None));
        assert!(!app.looking().playing, "a step by hand ends playing");
    }

    #[test]
    fn events_of_the_selection_are_stations() {
        let mut app = small();
        app.dispatch(Action::Select(Some(Item::Allocation(AllocationId(0)))));
        for station in ["3", "4", "6", "6"] {
            app.dispatch(Action::NextEvent);
            assert_eq!(place(&app), station);
        }
        assert!(!app.can(When::EventAfter));
        app.dispatch(Action::Back(Some(Level::Command)));
        app.dispatch(Action::PreviousEvent);
        assert_eq!(place(&app), "4");
        app.dispatch(Action::PreviousEvent);
        assert_eq!(place(&app), "3");
        assert!(!app.can(When::EventBefore));
    }

    #[test]
    fn selections_go_back_and_forward_and_escape_selects_nothing() {
        let mut app = small();
        let item = |number| Some(Item::Allocation(AllocationId(number)));
        app.dispatch(Action::Select(item(0)));
        app.dispatch(Action::Select(item(1)));
        app.dispatch(Action::SelectionBack);
        assert_eq!(app.session().and_then(Opened::selected), item(0));
        app.dispatch(Action::SelectionForward);
        assert_eq!(app.session().and_then(Opened::selected), item(1));
        app.dispatch(Action::ToggleHelp);
        app.dispatch(Action::Escape);
        assert!(!app.shows_help());
        app.tell(Notice::done("Done".to_owned()));
        app.dispatch(Action::Escape);
        assert!(app.notices().is_empty());
        assert_eq!(app.session().and_then(Opened::selected), item(1));
        assert_eq!(app.dispatch(Action::ZoomToSelection), Some(Effect::Zoom(Zoom::ToSelection)));
        app.dispatch(Action::Escape);
        assert_eq!(app.session().and_then(Opened::selected), None);
        assert_eq!(app.dispatch(Action::ZoomToSelection), None);
    }

    #[test]
    fn a_transition_is_put_behind_the_playhead_undone_and_done_again() {
        let sleep = Action::InsertPower(Transition::Sleep(Sleep::Standby));
        let resume = Action::InsertPower(Transition::Resume { power_lost: false });
        let mut app = unrun();
        let commands = |app: &App| app.session().map(|opened| opened.document().commands.len());
        let state = |app: &App| {
            let started = app.session().and_then(|opened| opened.run().machine().started().ok());
            started.map(|started| started.vidmm().power())
        };
        let changed = |app: &App| app.session().is_some_and(Opened::is_changed);
        app.work(&mut || true);
        app.dispatch(Action::Select(Some(Item::Allocation(AllocationId(0)))));
        app.dispatch(Action::GoTo(Place::operation(4, 1)));
        app.dispatch(sleep.clone());
        assert_eq!(commands(&app), Some(6), "a transition begins at the end of a command");
        app.dispatch(Action::GoTo(Place::after(4)));
        app.dispatch(resume.clone());
        assert_eq!(commands(&app), Some(6), "nobody sleeps");
        assert!(!changed(&app) && !app.can(When::Changed));
        app.dispatch(sleep);
        assert_eq!((place(&app).as_str(), commands(&app)), ("5", Some(7)));
        assert_eq!(state(&app), Some(Power::Asleep(Sleep::Standby)));
        assert_eq!(
            app.session().and_then(Opened::selected),
            Some(Item::Allocation(AllocationId(0)))
        );
        assert!(changed(&app) && app.window_title().starts_with('•'));
        app.dispatch(resume);
        assert_eq!((place(&app).as_str(), commands(&app)), ("6", Some(8)));
        app.work(&mut || true);
        assert!(app.session().is_some_and(|opened| opened.run().is_complete()));
        app.dispatch(Action::Undo);
        assert_eq!((place(&app).as_str(), commands(&app)), ("5", Some(7)));
        app.dispatch(Action::Undo);
        assert_eq!((place(&app).as_str(), commands(&app)), ("4", Some(6)));
        assert!(!changed(&app) && !app.can(When::Changed) && app.can(When::Undone));
        app.dispatch(Action::Redo);
        app.dispatch(Action::Redo);
        assert_eq!((place(&app).as_str(), commands(&app)), ("6", Some(8)));
        // What is saved reads back as the same commands.
        let text = app.session().map(|opened| session::write(opened.document()));
        let again = Opened::read(&text.unwrap_or_default(), "again").expect("it can be read");
        let own = app.session().map(|opened| opened.run().commands().to_vec());
        assert_eq!(Some(again.run().commands()), own.as_deref());
    }

    #[test]
    fn a_transition_comes_after_what_is_expected_of_the_command_and_bookmarks_move() {
        let text = r#"(version: 1, adapter: (profile: "inspector"),
            bookmarks: [(at: 1, text: "a"), (at: 2, text: "b"), (at: 3, text: "c")],
            commands: [CreateProcess("p"), Expect(Power(Working)), CreateProcess("q")])"#;
        let mut app = App::default();
        app.show(Opened::read(text, "a").unwrap_or_else(|errors| panic!("{}", errors[0])));
        app.dispatch(Action::GoTo(Place::after(1)));
        app.work(&mut || true);
        let at = |app: &App| -> Vec<u64> {
            let bookmarks = app.session().map(|opened| &opened.document().bookmarks);
            bookmarks.into_iter().flatten().map(|bookmark| bookmark.at).collect()
        };
        app.dispatch(Action::InsertPower(Transition::Sleep(Sleep::Hibernate)));
        assert_eq!((place(&app).as_str(), at(&app)), ("3", vec![1, 2, 4]));
        app.dispatch(Action::Undo);
        assert_eq!((place(&app).as_str(), at(&app)), ("2", vec![1, 2, 3]));
    }

    #[test]
    fn files_are_saved_and_what_cannot_be_is_told() {
        let mut app = small();
        assert_eq!(app.dispatch(Action::Save), Some(Effect::SaveDialog("small.ron".into())));
        let path = std::env::temp_dir().join(format!("vidmm-app-{}.ron", std::process::id()));
        app.dispatch(Action::SaveTo(path.clone()));
        assert_eq!(app.file(), Some(&path));
        assert_eq!(app.notices().last().map(|notice| notice.severity), Some(Severity::Done));
        assert_eq!(app.dispatch(Action::Save), None);
        app.dispatch(Action::Close);
        assert!(app.session().is_none());
        app.dispatch(Action::OpenPath(path.clone()));
        assert!(app.session().is_some());
        std::fs::write(&path, "(version: 1,\n title: 7)").expect("the file is ours");
        app.dispatch(Action::OpenPath(path.clone()));
        let notice = app.notices().last().expect("the error is told");
        assert_eq!(notice.severity, Severity::Error);
        assert!(notice.lines[0].contains(".ron:2:"), "{notice:?}");
        assert!(app.session().is_some(), "what was open stays open");
        std::fs::remove_file(&path).expect("the file is ours");
        app.dispatch(Action::SaveTo("/nonexistent-folder/x.ron".into()));
        assert_eq!(app.notices().last().map(|notice| notice.severity), Some(Severity::Error));
    }
}
