//! Everything a user can do, in one list that menus, keys, tooltips and help all read.

use std::path::PathBuf;
use std::sync::Arc;

use crate::analysis::allocation_table::ExportFormat;
use crate::machine::{Level, Place};
use crate::vidmm::Transition;

use super::item::Item;
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
}

impl Tab {
    /// All of them, from the left.
    pub const ALL: [Self; 6] = [
        Self::Operations,
        Self::Allocations,
        Self::Buffers,
        Self::Bytes,
        Self::Power,
        Self::Findings,
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

/// A text that is to be written to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The name that is suggested for the file.
    pub name: String,
    /// What is written.
    pub text: Arc<str>,
}

/// Something a user does. Panels send them; one place executes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Asks for a session file.
    Open,
    /// Opens a session file.
    OpenPath(PathBuf),
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
    /// Changes between light and dark.
    ToggleTheme,
    /// Shows or hides the keys.
    ToggleHelp,
    /// Asks for a file and writes the table of allocations to it, as it is filtered and sorted.
    ExportAllocations(ExportFormat),
    /// Asks for a file and writes a text to it.
    Export(Export),
    /// Writes the text that is to be exported to a file.
    ExportTo(PathBuf),
    /// Copies a text.
    Copy(String),
    /// Closes what lies over the window, or else selects nothing.
    Escape,
    /// Takes a notice away, counted from 0.
    DismissNotice(usize),
}
