//! The application: which page is open, what is looked at, and what goes on in the background.

use std::path::PathBuf;
use std::time::Duration;

use crate::analysis::export::ExportFormat;
use crate::machine::Place;
use crate::session::Embedded;

use super::action::{Action, Export, Exported, Tab};
use super::history::SelectionHistory;
use super::keeping::Keeping;
use super::notice::Notice;
use super::opened::{Looking, Opened};
use super::playback::Playback;
use super::recent::RecentFile;
use super::registry::When;
use super::saved::SavedSessions;
use super::settings::Settings;
use super::unsaved::Waiting;
use super::view::View;

/// Commands executed between two looks at the clock, at least.
const SLICE: usize = 64;
/// A slice is also this share of what is executed: getting back to the end of the run costs as
/// much as the run is long.
const SLICE_SHARE: usize = 32;

/// Commands executed between two looks at the clock where nothing is walked back: one alone may move
/// very much.
const STRIDE: usize = 8;

/// How far the end of what is executed may be for a slice while somebody steps: the way there and
/// back is part of the frame.
const NEAR: usize = 512;
/// How long the background rests after each such step.
const REST: Duration = Duration::from_secs(1);

/// Commands that are executed again without asking for the time.
const AT_ONCE: usize = 4_096;

/// Notices kept; older ones go first.
const NOTICES_KEPT: usize = 20;

/// What the window shows.
#[derive(Debug)]
pub enum Page {
    /// The start page.
    Start,
    /// A session.
    Session(Box<Opened>),
}

/// What the map is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zoom {
    /// What is selected.
    ToSelection,
    /// Whole segments.
    Home,
}

/// What an action asks of whoever runs the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask for a session file.
    OpenDialog,
    /// Ask for a profile to begin a session with.
    ProfileDialog,
    /// Ask where to save, with this name suggested.
    SaveDialog(String),
    /// Ask where to write something, with this name suggested.
    ExportDialog(String),
    /// Make a table or a picture of what is shown and ask where to write it.
    ExportView(Exported, ExportFormat),
    /// Leave the program.
    Quit,
    /// Put a text into the clipboard.
    CopyText(String),
    /// Zoom the map.
    Zoom(Zoom),
    /// Close a dialog of the window's own, if one is open.
    CloseDialog,
}

/// The application, without any drawing.
#[derive(Debug)]
pub struct App {
    pub(super) page: Page,
    pub(super) looking: Looking,
    pub(super) selections: SelectionHistory,
    pub(super) settings: Settings,
    pub(super) notices: Vec<Notice>,
    pub(super) playback: Playback,
    pub(super) pending: Option<Place>,
    /// The time, where somebody tells it, and when somebody last went somewhere by hand.
    pub(super) clock: Option<Duration>,
    pub(super) moved: Option<Duration>,
    pub(super) help: bool,
    pub(super) palette: bool,
    pub(super) dialog: bool,
    pub(super) export: Option<Export>,
    pub(super) waiting: Option<Waiting>,
    saved: SavedSessions,
    pub(super) recents: Vec<RecentFile>,
    pub(super) keeping: Keeping,
    serial: u64,
}

impl Default for App {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl App {
    /// An application that shows the start page.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            page: Page::Start,
            looking: Looking::default(),
            selections: SelectionHistory::default(),
            settings,
            notices: Vec::new(),
            playback: Playback::default(),
            pending: None,
            clock: None,
            moved: None,
            help: false,
            palette: false,
            dialog: false,
            export: None,
            waiting: None,
            saved: SavedSessions::default(),
            recents: Vec::new(),
            keeping: Keeping::default(),
            serial: 0,
        }
    }

    /// What the window shows.
    #[must_use]
    pub const fn page(&self) -> &Page {
        &self.page
    }

    /// The session that is open.
    #[must_use]
    pub const fn session(&self) -> Option<&Opened> {
        match &self.page {
            Page::Start => None,
            Page::Session(opened) => Some(opened),
        }
    }

    pub(super) const fn session_mut(&mut self) -> Option<&mut Opened> {
        match &mut self.page {
            Page::Start => None,
            Page::Session(opened) => Some(opened),
        }
    }

    /// What panels see of the session that is open.
    #[must_use]
    pub fn view(&self) -> Option<View<'_>> {
        let looking = Looking {
            can_go_back: self.can(When::SelectionBefore),
            can_go_forward: self.can(When::SelectionAfter),
            going_to: self.pending,
            ..self.looking
        };
        self.session().map(|opened| opened.view(looking))
    }

    /// What the window adds to the session.
    #[must_use]
    pub const fn looking(&self) -> Looking {
        self.looking
    }

    /// Counts the sessions that were opened: what is remembered of one is not of the next.
    #[must_use]
    pub const fn serial(&self) -> u64 {
        self.serial
    }

    /// What the user prefers.
    #[must_use]
    pub const fn settings(&self) -> Settings {
        self.settings
    }

    /// What there is to tell, oldest first.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Whether the keys are shown.
    #[must_use]
    pub const fn shows_help(&self) -> bool {
        self.help
    }

    /// Whether what goes to anything is shown.
    #[must_use]
    pub const fn shows_palette(&self) -> bool {
        self.palette
    }

    /// The saved sessions of the start page.
    #[must_use]
    pub const fn saved(&self) -> &SavedSessions {
        &self.saved
    }

    /// Says which saved sessions somebody sees, by their places among those that are known.
    pub fn set_saved_in_sight(&mut self, in_sight: Vec<usize>) {
        self.saved.set_in_sight(in_sight);
    }

    /// Session files that somebody worked with before, the newest first.
    #[must_use]
    pub fn recents(&self) -> &[RecentFile] {
        &self.recents
    }

    /// Takes the list of files that somebody worked with before, the newest first.
    pub fn set_recents(&mut self, recents: Vec<RecentFile>) {
        self.recents = recents;
    }

    /// Says whether a dialog of the window's own is open; Escape closes it before anything else.
    pub const fn set_dialog_open(&mut self, open: bool) {
        self.dialog = open;
    }

    /// Tells something.
    pub fn tell(&mut self, notice: Notice) {
        if self.notices.len() == NOTICES_KEPT {
            self.notices.remove(0);
        }
        self.notices.push(notice);
    }

    /// Opens a session that comes with the program.
    pub fn open_embedded(&mut self, file_name: &str) -> bool {
        let known = self.saved.sessions().find(|session| session.file_name == file_name);
        let Some(Embedded { file_name, text, .. }) = known else { return false };
        match Opened::read(text, file_name) {
            Ok(mut opened) => {
                opened.set_embedded(Some(file_name));
                self.show(opened);
                true
            }
            Err(errors) => {
                self.tell(Notice::load_errors(file_name, &errors));
                false
            }
        }
    }

    /// Shows a session, before its first command.
    pub fn show(&mut self, opened: Opened) {
        self.remember_place();
        let Looking { level, speed, .. } = self.looking;
        self.looking = Looking { level, speed, ..Looking::default() };
        self.selections = SelectionHistory::default();
        self.pending = None;
        self.help = false;
        self.palette = false;
        self.export = None;
        self.waiting = None;
        self.drop_conflict();
        if opened.run().machine().started().is_err() {
            // Nothing runs; what there is to see is why.
            self.looking.tab = Tab::Findings;
        }
        self.notices.retain(|notice| notice.severity == super::Severity::Error);
        self.serial += 1;
        self.page = Page::Session(Box::new(opened));
    }

    /// The name of a new file for the session that is open.
    #[must_use]
    pub fn suggested_name(&self) -> String {
        let Some(opened) = self.session() else { return super::files::suggested_name("") };
        let file = opened.file().and_then(|file| file.file_name()?.to_str().map(str::to_owned));
        file.or_else(|| opened.embedded().map(str::to_owned))
            .unwrap_or_else(|| super::files::suggested_name(&opened.document().title))
    }

    /// What the session that is open is called: its title, or else a name for its file.
    #[must_use]
    pub fn session_name(&self) -> String {
        let title = self.session().map_or("", |opened| opened.document().title.as_str());
        if title.is_empty() { self.suggested_name() } else { title.to_owned() }
    }

    /// The title of the window.
    #[must_use]
    pub fn window_title(&self) -> String {
        const PROGRAM: &str = "vidmm-inspector";
        let Some(opened) = self.session() else { return PROGRAM.to_owned() };
        let title = self.session_name();
        let mark = if opened.is_changed() { "• " } else { "" };
        format!("{mark}{title} – {PROGRAM}")
    }

    /// Whether an action can be taken now.
    #[must_use]
    pub fn can(&self, when: When) -> bool {
        let session = self.session();
        let holds = |test: &dyn Fn(&Opened) -> bool| session.is_some_and(test);
        match when {
            When::Always => true,
            When::Session => session.is_some(),
            When::File => self.file().is_some(),
            When::Started => holds(&|opened| opened.run().machine().started().is_ok()),
            When::Bytes => {
                matches!(self.looking.tab, Tab::Buffers | Tab::Bytes) && session.is_some()
            }
            When::Commands => holds(&|opened| !opened.run().commands().is_empty()),
            When::StepsBefore => holds(&|opened| opened.place() != Place::default()),
            When::StepsAfter => holds(&|opened| !at_end(opened)),
            When::Selection => holds(&|opened| opened.selected().is_some()),
            When::EventBefore => holds(&|opened| opened.event_before().is_some()),
            When::EventAfter => holds(&|opened| opened.event_after().is_some()),
            When::SelectionBefore => session.is_some() && self.selections.has_back(),
            When::SelectionAfter => session.is_some() && self.selections.has_forward(),
            When::Power(transition) => holds(&|opened| opened.can_insert(transition)),
            When::Changed => holds(&Opened::can_undo),
            When::Undone => holds(&Opened::can_redo),
            When::Escapable => {
                let asked = self.unsaved_question().is_some() || self.conflict_question().is_some();
                let lies_over = self.help || self.palette || self.dialog;
                let over = asked || lies_over || !self.notices.is_empty();
                let over = over || self.pending.is_some();
                over || holds(&|opened| opened.selected().is_some())
            }
        }
    }

    /// Whether what an action sets is so already, for a mark in the menu.
    #[must_use]
    pub fn is_on(&self, action: &Action) -> bool {
        match action {
            Action::SetLevel(level) => self.looking.level == *level,
            Action::SetTab(tab) => self.session().is_some() && self.looking.tab == *tab,
            Action::PlayPause => self.looking.playing,
            Action::ToggleHelp => self.help,
            _ => false,
        }
    }

    /// Plays up to `now`, a time that never runs back.
    pub fn advance(&mut self, now: Duration) {
        self.clock = Some(now);
        if !self.looking.playing || self.pending.is_some() {
            return;
        }
        let Looking { level, speed, .. } = self.looking;
        for _ in 0..self.playback.due(now, speed) {
            self.moved = Some(now);
            let stepped = self.session_mut().is_some_and(|opened| opened.step_forward(level));
            if !stepped {
                self.stop();
                break;
            }
        }
        if self.session().is_none_or(at_end) {
            self.stop();
        }
    }

    pub(super) const fn stop(&mut self) {
        self.looking.playing = false;
        if let Some(opened) = self.session_mut() {
            opened.touch();
        }
    }

    /// Works on what the window needs, slice by slice, as long as `has_time` says so.
    ///
    /// At least one slice is done when there is anything to do.
    pub fn work(&mut self, has_time: &mut dyn FnMut() -> bool) {
        while self.has_work() && self.rests().is_none() {
            let previews = self.wants_preview();
            let ahead = self.pending_ahead();
            match &mut self.page {
                Page::Start => self.saved.work(SLICE),
                // Whoever looks for anything may look for one of them.
                Page::Session(_) if self.palette && !self.saved.is_read() => self.saved.read_some(),
                Page::Session(opened) if previews => opened.try_next_preview(),
                Page::Session(opened) if ahead.is_some() => {
                    // The last step is gone by itself, so that what it changes is shown.
                    opened.run_on(STRIDE.min(ahead.unwrap_or(STRIDE).saturating_sub(1)));
                }
                Page::Session(opened) if opened.run().is_complete() => opened.come_closer(SLICE),
                Page::Session(opened) if opened.place() == Place::default() => {
                    opened.execute_ahead(STRIDE);
                }
                Page::Session(opened) => {
                    let slice = SLICE.max(opened.run().executed() / SLICE_SHARE);
                    opened.execute(slice);
                }
            }
            self.arrive();
            if !has_time() {
                break;
            }
        }
        self.arrive();
        if let Some(opened) = self.session_mut() {
            opened.settle();
        }
    }

    /// Goes where somebody asked to go as soon as the run has got there.
    pub(super) fn arrive(&mut self) {
        let Some(place) = self.pending else { return };
        let Some(opened) = self.session_mut() else { return };
        if place.command <= opened.run().executed() + 1 {
            opened.go_to(place);
            self.pending = None;
        }
    }

    /// Whether there is something to do in the background.
    #[must_use]
    pub fn has_work(&self) -> bool {
        match &self.page {
            Page::Start => self.saved.has_work(),
            Page::Session(opened) => {
                let unread = self.palette && !self.saved.is_read();
                let runs = !opened.run().is_complete() && !self.looking.paused;
                let comes_back = opened.run().is_complete() && opened.is_away();
                let ahead = self.pending_ahead().is_some();
                unread || self.wants_preview() || ahead || runs || comes_back
            }
        }
    }

    /// How many commands must be executed until somebody is where they asked to go.
    fn pending_ahead(&self) -> Option<usize> {
        let opened = self.session()?;
        let ahead = self.pending?.command.checked_sub(opened.run().executed())?;
        (ahead > 0).then_some(ahead)
    }

    /// How long the background waits, because somebody is stepping and each slice would cost them
    /// the way to the end of what is executed and back.
    fn rests(&self) -> Option<Duration> {
        let opened = self.session()?;
        let place = opened.place();
        let way = opened.run().executed().saturating_sub(place.command);
        if way <= NEAR
            || place == Place::default()
            || opened.run().is_complete()
            || self.pending_ahead().is_some()
            || self.wants_preview()
        {
            return None;
        }
        let since = self.clock?.saturating_sub(self.moved?);
        Some(REST.saturating_sub(since)).filter(|rest| !rest.is_zero())
    }

    /// Whether somebody looks at what sleeping would do, and it is not known yet. While the session
    /// plays, each place is left before there is time to read it.
    fn wants_preview(&self) -> bool {
        let looked_at = self.looking.tab == Tab::Power && !self.looking.playing;
        looked_at
            && self.pending.is_none()
            && self.session().is_some_and(|opened| opened.next_preview().is_some())
    }

    /// Goes to a place of a run that was made anew: at once where it is not far, else as soon as
    /// the run has got there.
    pub(super) fn go_anew(&mut self, place: Place) {
        if self.looking.playing {
            self.stop();
        }
        let Some(opened) = self.session_mut() else { return };
        if place.command <= AT_ONCE {
            // By one step, so that what is shown as changed is what that step changed.
            opened.go_to(Place::after(place.command.saturating_sub(1)));
            opened.go_to(place);
        } else {
            self.pending = Some(place);
        }
    }

    /// When the window must be drawn again without anybody touching it; `None` for never.
    #[must_use]
    pub fn wakes_in(&self, now: Duration) -> Option<Duration> {
        let beat = self.looking.playing.then(|| self.playback.wait(now, self.looking.speed));
        if self.has_work() {
            let rest = self.rests().unwrap_or(Duration::ZERO);
            return Some(beat.map_or(rest, |beat| beat.min(rest)));
        }
        self.looking.playing.then(|| self.playback.wait(now, self.looking.speed))
    }

    /// The file of the session that is open.
    #[must_use]
    pub fn file(&self) -> Option<&PathBuf> {
        self.session()?.file()
    }
}

/// Whether a session stands after its last command.
pub(super) fn at_end(opened: &Opened) -> bool {
    opened.place() == Place::after(opened.run().commands().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Run;

    /// More commands than several slices hold.
    fn long() -> App {
        let mut text = String::from(
            "(version: 1, adapter: (profile: \"inspector\"), commands: [CreateProcess(\"p\"), \
             CreateDevice(name: \"d\", process: \"p\"),",
        );
        for number in 0..1_998 {
            text.push_str(&format!(
                "CreateAllocation(name: \"t{number}\", device: \"d\", size: 4096, \
                 preferred: [1], supported: [1]),"
            ));
        }
        text.push_str("])");
        let mut app = App::default();
        app.show(Opened::read(&text, "long").unwrap_or_else(|errors| panic!("{}", errors[0])));
        app
    }

    fn executed(app: &App) -> usize {
        app.session().map_or(0, |opened| opened.run().executed())
    }

    fn command(app: &App) -> Option<usize> {
        app.session().map(|opened| opened.place().command)
    }

    /// Allocations in the state that panels are shown.
    fn shown(app: &App) -> Option<usize> {
        let view = app.view()?;
        Some(view.started?.vidmm().book().allocations().count())
    }

    #[test]
    fn a_run_goes_ahead_of_a_session_that_stands_at_its_start() {
        let mut app = long();
        app.work(&mut || false);
        assert_eq!((executed(&app), command(&app), shown(&app)), (STRIDE, Some(0), Some(0)));
        assert!(app.session().is_some_and(Opened::is_away));
        app.work(&mut || false);
        assert_eq!((executed(&app), command(&app), shown(&app)), (2 * STRIDE, Some(0), Some(0)));
        // There is no such packet: nobody moves.
        app.dispatch(Action::GoTo(Place::packet(5, 900, 1)));
        assert_eq!((command(&app), shown(&app)), (Some(0), Some(0)));
        app.dispatch(Action::GoTo(Place::after(4)));
        assert_eq!((command(&app), shown(&app)), (Some(4), Some(2)));
        app.dispatch(Action::Back(None));
        assert_eq!((command(&app), shown(&app)), (Some(3), Some(1)));
        assert!(!app.session().is_some_and(Opened::is_away));
        app.dispatch(Action::ToStart);
        app.work(&mut || true);
        assert!(!app.has_work() && !app.session().is_some_and(Opened::is_away));
        assert_eq!((executed(&app), command(&app), shown(&app)), (2_000, Some(0), Some(0)));
        let run = app.session().map(Opened::run);
        assert_eq!(run.map(|run| run.machine().hash()), run.and_then(|run| run.recorded_hash(0)));
        assert_eq!(run.map(Run::place), Some(Place::default()));
        app.dispatch(Action::Forward(None));
        assert_eq!((command(&app), app.wakes_in(Duration::ZERO)), (Some(1), None));
    }

    #[test]
    fn on_the_way_one_stands_where_it_has_led_and_escape_stops_there() {
        let mut app = long();
        app.dispatch(Action::ToEnd);
        app.work(&mut || false);
        assert_eq!((command(&app), shown(&app)), (Some(STRIDE), Some(STRIDE - 2)));
        assert_eq!(app.view().and_then(|view| view.going_to), Some(Place::after(2_000)));
        assert!(app.can(When::Escapable));
        app.dispatch(Action::Escape);
        assert_eq!((app.pending, command(&app)), (None, Some(STRIDE)));
        app.dispatch(Action::ToEnd);
        app.work(&mut || true);
        assert_eq!((command(&app), shown(&app)), (Some(2_000), Some(1_998)));
        let view = app.view().expect("a session is open");
        assert_eq!(view.trace.map(|trace| trace.command), Some(2_000));
    }

    #[test]
    fn the_background_pauses_when_told_and_rests_while_somebody_steps() {
        let mut app = long();
        app.work(&mut || false);
        app.dispatch(Action::PauseOrGoOn);
        assert!(!app.has_work() && app.wakes_in(Duration::ZERO).is_none());
        app.work(&mut || true);
        assert_eq!(executed(&app), STRIDE);
        app.dispatch(Action::PauseOrGoOn);
        while executed(&app) < 2 * NEAR {
            app.work(&mut || false);
        }
        let before = executed(&app);
        app.advance(Duration::from_secs(5));
        app.dispatch(Action::GoTo(Place::after(3)));
        assert_eq!(app.wakes_in(Duration::from_secs(5)), Some(REST));
        app.work(&mut || true);
        assert_eq!((executed(&app), command(&app)), (before, Some(3)));
        app.advance(Duration::from_secs(6));
        app.work(&mut || true);
        assert_eq!((executed(&app), command(&app), shown(&app)), (2_000, Some(3), Some(1)));
        // Going further than is executed goes on, paused or not.
        let mut app = long();
        app.dispatch(Action::PauseOrGoOn);
        app.dispatch(Action::GoTo(Place::after(300)));
        app.work(&mut || true);
        assert_eq!(command(&app), Some(300));
    }
}
