//! The application in its window: what the window's library wants of it, and what it wants of the
//! system.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Context, Event, Ui, ViewportCommand};

use super::clock::Clock;
use super::dialogs::{DialogAnswer, DialogKind, DialogOutcome, FileDialogs};
use super::state::state_folder;
use super::window::{PlatformError, WindowOptions, run};
use crate::app::{Action, App, Appearance, Effect, Notice, Settings};
use crate::ui::{DialogWanted, Shell, theme};

/// How long a frame may work in the background: a person does not notice so little.
const BACKGROUND: Duration = Duration::from_millis(8);

/// Opens the window with the session at `path`, or with the start page, until it is closed.
///
/// A file that is no session is told of in the window. With `smoke` the window closes after its
/// first frame: it says that a window can be opened here.
///
/// # Errors
/// See [`PlatformError`].
pub fn open(path: Option<&Path>, smoke: bool) -> Result<(), PlatformError> {
    let path = path.map(Path::to_owned);
    let make = move |creation: &eframe::CreationContext<'_>| -> Box<dyn eframe::App> {
        let context = &creation.egui_ctx;
        theme::install(context);
        let appearance = match context.theme() {
            theme::Theme::Dark => Appearance::Dark,
            theme::Theme::Light => Appearance::Light,
        };
        let mut app = App::new(Settings { appearance });
        let waker = context.clone();
        // Whoever only looks whether a window opens has worked on nothing.
        let state = if smoke { None } else { state_folder() };
        app.keep_in(state, Arc::new(move || waker.request_repaint()));
        if let Some(path) = &path {
            app.open_path(path);
        }
        Box::new(Window::new(context, app, smoke))
    };
    run("vidmm-inspector", make, WindowOptions::default())
}

/// The application, and what belongs to its window.
struct Window {
    app: App,
    shell: Shell,
    clock: Clock,
    dialogs: FileDialogs,
    wanted: Option<DialogWanted>,
    title: String,
    smoke: bool,
    closing: bool,
    began: Instant,
}

impl Window {
    fn new(context: &Context, app: App, smoke: bool) -> Self {
        let waker = context.clone();
        Self {
            app,
            shell: Shell::default(),
            clock: Clock::new(),
            dialogs: FileDialogs::new(move || waker.request_repaint()),
            wanted: None,
            title: String::new(),
            smoke,
            closing: false,
            began: Instant::now(),
        }
    }

    /// What the user chose in a dialog of the system; where it shows none, ours opens instead.
    fn collect(&mut self) {
        let Some(DialogAnswer { kind, outcome }) = self.dialogs.poll() else { return };
        let wanted = self.wanted.take();
        match outcome {
            DialogOutcome::Picked(path) => {
                let action = match kind {
                    DialogKind::Open => Action::OpenPath(path),
                    DialogKind::Save => Action::SaveTo(path),
                    DialogKind::Export => Action::ExportTo(path),
                };
                self.shell.take_answer(action);
            }
            DialogOutcome::Cancelled => self.shell.take_answer(Action::CancelSave),
            DialogOutcome::Unavailable => {
                if let Some(wanted) = wanted {
                    self.shell.ask_for_path(&wanted, &self.app);
                }
            }
        }
    }

    fn ask(&mut self, wanted: DialogWanted) {
        let asked = match &wanted {
            DialogWanted::Open => self.dialogs.open(),
            DialogWanted::Save(name) => self.dialogs.save_as(name),
            DialogWanted::Export(name) => self.dialogs.export_as(name),
        };
        if asked {
            self.wanted = Some(wanted);
        } else {
            let title = String::from("Another file dialog is still open");
            let hint = String::from("Close it first; it may be behind this window.");
            self.app.tell(Notice::error(title, vec![hint]));
            self.shell.take_answer(Action::CancelSave);
        }
    }

    fn show_title(&mut self, context: &Context) {
        let title = self.app.window_title();
        if title != self.title {
            context.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }
}

/// Whether a window that somebody closes may go: not before it is known what is to become of
/// changes.
fn may_close(app: &mut App) -> bool {
    app.dispatch(Action::Quit) == Some(Effect::Quit)
}

impl eframe::App for Window {
    /// Also runs while the window is minimised, when nothing is drawn.
    fn logic(&mut self, context: &Context, _frame: &mut eframe::Frame) {
        let (asked, minimised) = context.input(|input| {
            let viewport = input.viewport();
            (viewport.close_requested(), viewport.minimized == Some(true))
        });
        if !asked || self.closing {
            return;
        }
        if may_close(&mut self.app) {
            self.closing = true;
            return;
        }
        context.send_viewport_cmd(ViewportCommand::CancelClose);
        if minimised {
            // The question has to be seen.
            context.send_viewport_cmd(ViewportCommand::Minimized(false));
            context.send_viewport_cmd(ViewportCommand::Focus);
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.collect();
        let context = ui.ctx().clone();
        let focused = |event: &Event| *event == Event::WindowFocused(true);
        if context.input(|input| input.events.iter().any(focused)) {
            self.app.look_at_file();
        }
        let until = Instant::now() + BACKGROUND;
        let mut has_time = || Instant::now() < until;
        let now = self.began.elapsed();
        let waiting = self.dialogs.waiting().and(self.wanted.clone());
        self.shell.set_waiting(waiting);
        self.shell.set_now(self.clock.now());
        let answer = self.shell.show(ui, &mut self.app, now, &mut has_time);
        if answer.ignore_dialog {
            self.dialogs.ignore();
            self.wanted = None;
            self.shell.take_answer(Action::CancelSave);
            context.request_repaint();
        }
        if let Some(wanted) = answer.dialog {
            self.ask(wanted);
        }
        if let Some(text) = answer.copy {
            context.copy_text(text);
        }
        self.show_title(&context);
        if answer.quit || self.smoke {
            self.closing = true;
            context.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Unsaved;
    use crate::machine::Place;
    use crate::vidmm::{Sleep, Transition};

    #[test]
    fn a_window_with_changes_stays_until_it_is_known_what_becomes_of_them() {
        let mut app = App::default();
        assert!(may_close(&mut app), "the start page has nothing to lose");
        assert!(app.open_embedded("tour.ron") && may_close(&mut app));
        app.dispatch(Action::GoTo(Place::after(1)));
        app.work(&mut || true);
        app.dispatch(Action::InsertPower(Transition::Sleep(Sleep::Standby)));
        assert!(!may_close(&mut app) && !may_close(&mut app));
        assert!(app.unsaved_question().is_some());
        assert_eq!(app.dispatch(Action::AnswerUnsaved(Unsaved::Discard)), Some(Effect::Quit));
    }
}
