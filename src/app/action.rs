//! Everything a user can do, in one list that menus, keys, tooltips and help all read.

use std::path::PathBuf;
use std::sync::Arc;

use crate::analysis::export::ExportFormat;
use crate::machine::{Level, Place};
use crate::vidmm::Transition;

use super::item::Item;
use super::keeping::Conflict;
use super::unsaved::Unsaved;

/// The tabs below the map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tab {
    /// Commands, operations and packets.
    #[default]
    Operations,
    /// The allocations that exist.
    Allocations,
    /// Paging and DMA buffers.
    Buffers,
    /// Bytes of a segment, of system memory or of an allocation.
    Bytes,
    /// What sleeping and waking do.
    Power,
    /// What the rules say of the adapter.
    Findings,
    /// Figures along the run.
    Charts,
}

impl Tab {
    /// All of them, from the left.
    pub const ALL: [Self; 7] = [
        Self::Operations,
        Self::Allocations,
        Self::Buffers,
        Self::Bytes,
        Self::Power,
        Self::Findings,
        Self::Charts,
    ];
}

/// Steps a second while playing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Speed(pub u32);

impl Default for Speed {
    fn default() -> Self {
        Self(2)
    }
}

impl Speed {
    /// The speeds on offer, slowest first.
    pub const ALL: [Self; 6] = [Self(1), Self(2), Self(5), Self(10), Self(50), Self(200)];
}

/// Something that is to be written to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The name that is suggested for the file.
    pub name: String,
    /// What is written.
    pub bytes: Arc<[u8]>,
}

/// What can be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exported {
    /// The tab that is shown below the map.
    Shown,
    /// A tab below the map.
    Tab(Tab),
    /// The memory map.
    Map,
    /// The timeline.
    Timeline,
    /// What is selected, or the current step.
    Selection,
}

impl Exported {
    /// The formats that it can be had in, `shown` being the tab that is shown.
    #[must_use]
    pub const fn formats(self, shown: Tab) -> &'static [ExportFormat] {
        const USUAL: &[ExportFormat] = &[ExportFormat::Csv, ExportFormat::Json, ExportFormat::Png];
        const BYTES: &[ExportFormat] =
            &[ExportFormat::Csv, ExportFormat::Json, ExportFormat::Binary, ExportFormat::Png];
        match self.resolved(shown) {
            Self::Tab(Tab::Buffers | Tab::Bytes) => BYTES,
            _ => USUAL,
        }
    }

    /// The same with a name for the tab that is shown.
    #[must_use]
    pub const fn resolved(self, shown: Tab) -> Self {
        match self {
            Self::Shown => Self::Tab(shown),
            other => other,
        }
    }

    /// What it is called in the name of a file and in the head of a document.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Shown => "tab",
            Self::Tab(Tab::Operations) => "operations",
            Self::Tab(Tab::Allocations) => "allocations",
            Self::Tab(Tab::Buffers) => "buffer",
            Self::Tab(Tab::Bytes) => "bytes",
            Self::Tab(Tab::Power) => "power",
            Self::Tab(Tab::Findings) => "findings",
            Self::Tab(Tab::Charts) => "charts",
            Self::Map => "map",
            Self::Timeline => "timeline",
            Self::Selection => "selection",
        }
    }
}

/// Something a user does. Panels send them; one place executes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Asks for a session file.
    Open,
    /// Opens a session file.
    OpenPath(PathBuf),
    /// Asks for a profile to begin a session with.
    NewFromProfile,
    /// Begins a session without commands on the adapter of a profile, by its name.
    NewSession(&'static str),
    /// Opens a saved session that is embedded in the program, by its file name.
    OpenEmbedded(&'static str),
    /// Writes the session to its file, or asks for one.
    Save,
    /// Asks for a file and writes the session to it.
    SaveAs,
    /// Writes the session to a file.
    SaveTo(PathBuf),
    /// Nobody says where to save: what waits for it is not done.
    CancelSave,
    /// Says what is to become of changes that an action would discard.
    AnswerUnsaved(Unsaved),
    /// Says what is to become of a file that somebody else changed, and that is to be saved.
    AnswerConflict(Conflict),
    /// Opens the file of the session again, as it is now.
    Reload,
    /// Takes a file out of the list of those worked with before.
    ForgetRecent(PathBuf),
    /// Leaves the session for the start page.
    Close,
    /// Leaves the program.
    Quit,
    /// One step forward at a level; `None` for the level of the transport.
    Forward(Option<Level>),
    /// One step back at a level; `None` for the level of the transport.
    Back(Option<Level>),
    /// Before the first command.
    ToStart,
    /// After the last command.
    ToEnd,
    /// To a place.
    GoTo(Place),
    /// Starts or stops playing.
    PlayPause,
    /// How fast to play.
    SetSpeed(Speed),
    /// The level at which the transport steps.
    SetLevel(Level),
    /// The tab below the map.
    SetTab(Tab),
    /// Selects something, or nothing.
    Select(Option<Item>),
    /// The pointer is over something, or over nothing.
    Hover(Option<Item>),
    /// The selection before this one.
    SelectionBack,
    /// The selection after this one.
    SelectionForward,
    /// The previous event in the life of the selection.
    PreviousEvent,
    /// The next event in the life of the selection.
    NextEvent,
    /// Zooms the map to the selection.
    ZoomToSelection,
    /// Shows whole segments.
    ZoomHome,
    /// Puts a power transition into the session, after the command at the playhead, and goes there.
    InsertPower(Transition),
    /// Takes back the last change of the session.
    Undo,
    /// Makes the change that was taken back last.
    Redo,
    /// Opens or closes a command in the table of operations.
    ToggleOpened(usize),
    /// Tries what each sleep would do where the run stands, though much is resident there.
    TrySleeps,
    /// Changes between light and dark.
    ToggleTheme,
    /// Shows or hides the keys.
    ToggleHelp,
    /// Shows or hides what goes to anything and does anything.
    TogglePalette,
    /// Makes a table or a picture of what is shown, as it is filtered and sorted, asks for a file
    /// and writes it there.
    ExportView(Exported, ExportFormat),
    /// Asks for a file and writes something to it.
    Export(Export),
    /// Writes what is to be exported to a file.
    ExportTo(PathBuf),
    /// Copies a text.
    Copy(String),
    /// Stops what is executed in the background, and going anywhere; or goes on with it.
    PauseOrGoOn,
    /// Closes what lies over the window, or stops going anywhere, or else selects nothing.
    Escape,
    /// Takes a notice away, counted from 0.
    DismissNotice(usize),
}
