//! The system's own file dialogs, on a thread of their own so that the window goes on drawing.

use std::env;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// Without a dialog service the dialog library answers "cancelled" at once, in a few
/// milliseconds, on a busy machine in some more; nobody cancels a dialog this fast, which first has
/// to appear.
const TOO_FAST_FOR_A_PERSON: Duration = Duration::from_millis(300);

/// What a dialog is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DialogKind {
    /// Choose a file that exists.
    Open,
    /// Choose a name to write to.
    Save,
    /// Choose a name to write a table to.
    Export,
}

/// How a dialog ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialogOutcome {
    /// A path was chosen.
    Picked(PathBuf),
    /// The dialog was closed without a choice.
    Cancelled,
    /// The system shows no dialogs: ask for the path in the window instead.
    Unavailable,
}

/// The end of a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogAnswer {
    /// What the dialog was for.
    pub kind: DialogKind,
    /// How it ended.
    pub outcome: DialogOutcome,
}

/// Opens one dialog at a time and collects its answer.
pub struct FileDialogs {
    wake: Wake,
    open: Option<OpenDialog>,
}

type Wake = std::sync::Arc<dyn Fn() + Send + Sync>;

struct OpenDialog {
    kind: DialogKind,
    answer: Receiver<DialogOutcome>,
}

impl FileDialogs {
    /// Dialogs that call `wake` from their thread as soon as an answer waits: usually a request
    /// to repaint.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self { wake: std::sync::Arc::new(wake), open: None }
    }

    /// The dialog that is open, for a strip that says so and offers [`Self::ignore`].
    #[must_use]
    pub fn waiting(&self) -> Option<DialogKind> {
        self.open.as_ref().map(|dialog| dialog.kind)
    }

    /// Asks for a session to open. `false` if a dialog is open already.
    pub fn open(&mut self) -> bool {
        self.ask_system(DialogKind::Open, || {
            rfd::FileDialog::new()
                .set_title("Open session")
                .add_filter("Session", &["ron"])
                .add_filter("All files", &["*"])
                .pick_file()
        })
    }

    /// Asks where to save, `suggested` filled in. `false` if a dialog is open already.
    pub fn save_as(&mut self, suggested: &str) -> bool {
        let suggested = suggested.to_owned();
        self.ask_system(DialogKind::Save, move || {
            rfd::FileDialog::new()
                .set_title("Save session as")
                .add_filter("Session", &["ron"])
                .set_file_name(suggested)
                .save_file()
        })
    }

    /// Asks where to write a table, `suggested` filled in. `false` if a dialog is open already.
    pub fn export_as(&mut self, suggested: &str) -> bool {
        let suggested = suggested.to_owned();
        self.ask_system(DialogKind::Export, move || {
            rfd::FileDialog::new().set_title("Export to").set_file_name(suggested).save_file()
        })
    }

    /// The answer, once.
    pub fn poll(&mut self) -> Option<DialogAnswer> {
        let dialog = self.open.as_ref()?;
        let outcome = match dialog.answer.try_recv() {
            Ok(outcome) => outcome,
            Err(TryRecvError::Empty) => return None,
            // The thread died of a panic in the dialog library.
            Err(TryRecvError::Disconnected) => DialogOutcome::Unavailable,
        };
        let kind = dialog.kind;
        self.open = None;
        Some(DialogAnswer { kind, outcome })
    }

    /// Stops waiting. The system's dialog may stay on the screen; what it answers is lost.
    pub fn ignore(&mut self) {
        self.open = None;
    }

    /// Asks the system, or says at once that it cannot be asked.
    fn ask_system(
        &mut self,
        kind: DialogKind,
        ask: impl FnOnce() -> Option<PathBuf> + Send + 'static,
    ) -> bool {
        if self.open.is_some() || may_be_asked(|name| env::var_os(name).map(PathBuf::from)) {
            return self.start(kind, ask);
        }
        let (sender, answer) = sync_channel(1);
        let _ = sender.send(DialogOutcome::Unavailable);
        self.open = Some(OpenDialog { kind, answer });
        (self.wake)();
        true
    }

    fn start(
        &mut self,
        kind: DialogKind,
        ask: impl FnOnce() -> Option<PathBuf> + Send + 'static,
    ) -> bool {
        if self.open.is_some() {
            return false;
        }
        let (sender, answer) = sync_channel(1);
        let wake = WakeAtEnd(std::sync::Arc::clone(&self.wake));
        // Without a thread the sender is gone with its closure, and `poll` says "unavailable".
        let _ = thread::Builder::new()
            .name("file-dialog".to_owned())
            .spawn(move || answer_into(wake, ask, sender));
        self.open = Some(OpenDialog { kind, answer });
        true
    }
}

impl std::fmt::Debug for FileDialogs {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FileDialogs").field("waiting", &self.waiting()).finish()
    }
}

/// Wakes the window when the thread ends, also by a panic.
struct WakeAtEnd(Wake);

impl Drop for WakeAtEnd {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Also when `ask` panics, `sender` goes before `wake`: arguments are dropped last to first. So
/// whoever is woken finds the answer, or that there will be none.
fn answer_into(
    wake: WakeAtEnd,
    ask: impl FnOnce() -> Option<PathBuf>,
    sender: SyncSender<DialogOutcome>,
) {
    let asked = Instant::now();
    let outcome = judge(ask(), asked.elapsed());
    // Fails if nobody waits any longer, which is what ignoring a dialog means.
    let _ = sender.send(outcome);
    drop(sender);
    drop(wake);
}

/// Whether the system may have a dialog service: elsewhere than on free desktops always, there over
/// the session bus, or as the program that the dialog library falls back to.
fn may_be_asked(set: impl Fn(&str) -> Option<PathBuf>) -> bool {
    if !cfg!(all(unix, not(target_os = "macos"))) {
        return true;
    }
    let bus = set("DBUS_SESSION_BUS_ADDRESS").is_some_and(|bus| !bus.as_os_str().is_empty());
    let socket = set("XDG_RUNTIME_DIR").is_some_and(|folder| folder.join("bus").exists());
    let folders = set("PATH").unwrap_or_default();
    let program = || env::split_paths(&folders).any(|folder| folder.join("zenity").is_file());
    bus || socket || program()
}

fn judge(picked: Option<PathBuf>, after: Duration) -> DialogOutcome {
    match picked {
        Some(path) => DialogOutcome::Picked(path),
        None if after < TOO_FAST_FOR_A_PERSON => DialogOutcome::Unavailable,
        None => DialogOutcome::Cancelled,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    /// Dialogs whose waking can be waited for.
    fn dialogs() -> (FileDialogs, Receiver<()>) {
        let (woken, wait) = channel();
        let dialogs = FileDialogs::new(move || {
            let _ = woken.send(());
        });
        (dialogs, wait)
    }

    #[test]
    fn a_quick_nothing_is_no_service_and_a_slow_one_a_person() {
        assert_eq!(judge(None, Duration::from_millis(5)), DialogOutcome::Unavailable);
        assert_eq!(judge(None, Duration::from_millis(300)), DialogOutcome::Cancelled);
        let path = PathBuf::from("a.ron");
        assert_eq!(judge(Some(path.clone()), Duration::ZERO), DialogOutcome::Picked(path));
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn without_a_bus_and_without_a_program_nobody_is_asked() {
        let set = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| PathBuf::from(value))
        };
        assert!(!may_be_asked(|_| None));
        assert!(!may_be_asked(set("PATH", "/nonexistent-folder")));
        assert!(!may_be_asked(set("XDG_RUNTIME_DIR", "/nonexistent-folder")));
        assert!(!may_be_asked(set("DBUS_SESSION_BUS_ADDRESS", "")));
        assert!(may_be_asked(set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/bus")));
    }

    #[test]
    fn an_answer_wakes_the_window_and_comes_once() {
        let (mut dialogs, wait) = dialogs();
        assert!(dialogs.start(DialogKind::Save, || Some(PathBuf::from("b.ron"))));
        assert!(wait.recv().is_ok());
        let outcome = DialogOutcome::Picked(PathBuf::from("b.ron"));
        assert_eq!(dialogs.poll(), Some(DialogAnswer { kind: DialogKind::Save, outcome }));
        assert_eq!(dialogs.poll(), None);
        assert_eq!(dialogs.waiting(), None);
    }

    #[test]
    fn one_dialog_at_a_time_and_an_ignored_one_stays_silent() {
        let (mut dialogs, wait) = dialogs();
        let (release, held) = channel::<()>();
        assert!(dialogs.start(DialogKind::Open, move || {
            let _ = held.recv();
            Some(PathBuf::from("late.ron"))
        }));
        assert!(!dialogs.start(DialogKind::Save, || None));
        assert_eq!(dialogs.waiting(), Some(DialogKind::Open));
        assert_eq!(dialogs.poll(), None);
        dialogs.ignore();
        assert!(release.send(()).is_ok());
        assert!(wait.recv().is_ok());
        assert_eq!(dialogs.poll(), None);
    }

    #[test]
    fn a_panic_in_the_dialog_library_counts_as_no_service() {
        let (mut dialogs, wait) = dialogs();
        assert!(
            dialogs.start(DialogKind::Open, || {
                std::panic::resume_unwind(Box::new("dialog library"))
            })
        );
        assert!(wait.recv().is_ok());
        let answer = dialogs.poll().map(|answer| answer.outcome);
        assert_eq!(answer, Some(DialogOutcome::Unavailable));
    }
}
