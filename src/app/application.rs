//! The application: which page is open, what is looked at, and what goes on in the background.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::analysis::allocation_table::ExportFormat;
use crate::machine::Place;
use crate::session::{Embedded, load};

use super::action::{Action, Export, Tab};
use super::history::SelectionHistory;
use super::notice::Notice;
use super::opened::{Looking, Opened};
use super::playback::Playback;
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
    /// Ask where to save, with this name suggested.
    SaveDialog(String),
    /// Ask where to write a text, with this name suggested.
    ExportDialog(String),
    /// Make a text of the table of allocations and ask where to write it.
    ExportAllocations(ExportFormat),
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
    pub(super) help: bool,
    pub(super) dialog: bool,
    pub(super) export: Option<Export>,
    pub(super) waiting: Option<Waiting>,
    saved: SavedSessions,
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
            help: false,
            dialog: false,
            export: None,
            waiting: None,
            saved: SavedSessions::default(),
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

    /// The saved sessions of the start page.
    #[must_use]
    pub const fn saved(&self) -> &SavedSessions {
        &self.saved
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

    /// Opens a session file; where it is none, says why and leaves everything as it was.
    pub fn open_path(&mut self, path: &Path) -> bool {
        let origin = path.display().to_string();
        let opened = load::read(path)
            .map_err(|error| vec![error])
            .and_then(|text| Opened::read(&text, &origin));
        match opened {
            Ok(mut opened) => {
                opened.set_file(Some(path.to_owned()));
                self.show(opened);
                true
            }
            Err(errors) => {
                let name = path.file_name().map_or(origin, |name| name.to_string_lossy().into());
                self.tell(Notice::load_errors(&name, &errors));
                false
            }
        }
    }

    /// Opens a session that comes with the program.
    pub fn open_embedded(&mut self, file_name: &str) -> bool {
        let known = self.saved.sessions().find(|session| session.file_name == file_name);
        let Some(Embedded { file_name, text }) = known else { return false };
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
        let Looking { level, speed, .. } = self.looking;
        self.looking = Looking { level, speed, ..Looking::default() };
        self.selections = SelectionHistory::default();
        self.pending = None;
        self.help = false;
        self.export = None;
        self.waiting = None;
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
            When::Started => holds(&|opened| opened.run().machine().started().is_ok()),
            When::Commands => holds(&|opened| !opened.run().commands().is_empty()),
            When::StepsBefore => holds(&|opened| opened.run().place() != Place::default()),
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
                let asked = self.unsaved_question().is_some();
                let over = asked || self.help || self.dialog || !self.notices.is_empty();
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
        if !self.looking.playing || self.pending.is_some() {
            return;
        }
        let Looking { level, speed, .. } = self.looking;
        for _ in 0..self.playback.due(now, speed) {
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
        while self.has_work() {
            let previews = self.wants_preview();
            match &mut self.page {
                Page::Start => self.saved.work(SLICE),
                Page::Session(opened) if previews => opened.try_next_preview(),
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
    }

    /// Goes where somebody asked to go as soon as the run has got there.
    pub(super) fn arrive(&mut self) {
        let Some(place) = self.pending else { return };
        let Some(opened) = self.session_mut() else { return };
        if place.command <= opened.run().executed() {
            opened.go_to(place);
            self.pending = None;
        }
    }

    /// Whether there is something to do in the background.
    #[must_use]
    pub fn has_work(&self) -> bool {
        match &self.page {
            Page::Start => self.saved.has_work(),
            Page::Session(opened) => self.wants_preview() || !opened.run().is_complete(),
        }
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
        if self.has_work() {
            return Some(Duration::ZERO);
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
    opened.run().place() == Place::after(opened.run().commands().len())
}
