//! The list of what a user can ask for by menu or key. Menus, tooltips, keys and help read it.
//!
//! Absent on purpose: whatever does not exist yet. It has no entry, no key and no button.

use crate::analysis::export::ExportFormat;
use crate::ddi::DevicePowerState;
use crate::machine::Level;
use crate::vidmm::{Sleep, Transition};

use super::action::{Action, Exported, Tab};
use super::keys::{Chord, Key};

/// The menus of the window, from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Menu {
    /// Sessions.
    File,
    /// Tables and pictures for other programs: a part of the menu File.
    Export,
    /// Changes of the session.
    Edit,
    /// What is shown.
    View,
    /// Where one stands.
    Step,
    /// Help.
    Help,
}

impl Menu {
    /// Those of the bar, from the left.
    pub const ALL: [Self; 5] = [Self::File, Self::Edit, Self::View, Self::Step, Self::Help];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Export => "Export",
            Self::Edit => "Edit",
            Self::View => "View",
            Self::Step => "Step",
            Self::Help => "Help",
        }
    }
}

/// When an action can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// Always.
    Always,
    /// A session is open.
    Session,
    /// A session is open that has a file.
    File,
    /// A session is open whose adapter started.
    Started,
    /// A tab is shown that has bytes.
    Bytes,
    /// A session is open that has commands.
    Commands,
    /// There is a step before this place.
    StepsBefore,
    /// There is a step after this place.
    StepsAfter,
    /// Something is selected.
    Selection,
    /// The selection has an event before this place.
    EventBefore,
    /// The selection has an event after this place.
    EventAfter,
    /// There is a selection to go back to.
    SelectionBefore,
    /// There is a selection to go forward to.
    SelectionAfter,
    /// A power transition leads from this place.
    Power(Transition),
    /// The session was changed.
    Changed,
    /// A change was taken back.
    Undone,
    /// Something lies over the window, or something is selected.
    Escapable,
}

impl When {
    /// What is missing while it does not hold.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Always => "",
            Self::Session => "No session is open",
            Self::File => "No session with a file is open",
            Self::Started => "No session is open whose adapter starts",
            Self::Bytes => "Only the tabs Buffers and Bytes have bytes",
            Self::Commands => "No session with commands is open",
            Self::StepsBefore => "Already before the first command",
            Self::StepsAfter => "Already after the last command",
            Self::Selection => "Nothing is selected",
            Self::EventBefore => "The selection has no event before this step",
            Self::EventAfter => "The selection has no event after this step",
            Self::SelectionBefore => "Nothing was selected before",
            Self::SelectionAfter => "Nothing was selected after this",
            Self::Power(_) => {
                "The power state does not allow it at this step; the Power tab says why"
            }
            Self::Changed => "Nothing was changed",
            Self::Undone => "Nothing was undone",
            Self::Escapable => "Nothing is selected or open",
        }
    }
}

/// Something a user can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is done.
    pub action: Action,
    /// Its name in menus and help.
    pub text: &'static str,
    /// What it does, in a sentence.
    pub tooltip: &'static str,
    /// The keys that do the same; the first is shown.
    pub keys: &'static [Chord],
    /// The menu that it is in.
    pub menu: Menu,
    /// A line divides groups of one menu.
    pub group: u8,
    /// When it can be taken.
    pub when: When,
}

const fn entry(
    menu: Menu,
    group: u8,
    action: Action,
    text: &'static str,
    tooltip: &'static str,
    keys: &'static [Chord],
    when: When,
) -> Entry {
    Entry { action, text, tooltip, keys, menu, group, when }
}

/// A power transition that can be put into the session.
const fn power(
    group: u8,
    transition: Transition,
    text: &'static str,
    tooltip: &'static str,
) -> Entry {
    let action = Action::InsertPower(transition);
    entry(Menu::Edit, group, action, text, tooltip, &[], When::Power(transition))
}

const fn letter(character: char) -> Key {
    Key::Character(character)
}

/// All entries, in the order of the menus.
pub const ENTRIES: &[Entry] = &[
    entry(
        Menu::File,
        0,
        Action::NewFromProfile,
        "New from profile…",
        "Begins a session without commands on the adapter of a driver profile",
        &[Chord::control(letter('N'))],
        When::Always,
    ),
    entry(
        Menu::File,
        0,
        Action::Open,
        "Open…",
        "Opens a session file; one can also be dropped anywhere",
        &[Chord::control(letter('O'))],
        When::Always,
    ),
    entry(
        Menu::File,
        0,
        Action::Reload,
        "Reload",
        "Opens the file of the session again, as it is now",
        &[],
        When::File,
    ),
    entry(
        Menu::File,
        0,
        Action::Close,
        "Close",
        "Leaves the session for the start page",
        &[Chord::control(letter('W'))],
        When::Session,
    ),
    entry(
        Menu::File,
        1,
        Action::Save,
        "Save",
        "Writes the session to its file",
        &[Chord::control(letter('S'))],
        When::Session,
    ),
    entry(
        Menu::File,
        1,
        Action::SaveAs,
        "Save as…",
        "Writes the session to another file",
        &[Chord::control(letter('S')).shifted()],
        When::Session,
    ),
    entry(
        Menu::Export,
        0,
        Action::ExportView(Exported::Shown, ExportFormat::Csv),
        "Export tab as CSV…",
        "Writes the tab below the map as a table, as it is filtered and sorted, for a spreadsheet",
        &[Chord::control(letter('E'))],
        When::Session,
    ),
    entry(
        Menu::Export,
        0,
        Action::ExportView(Exported::Shown, ExportFormat::Json),
        "Export tab as JSON…",
        "Writes the tab below the map as a table, as it is filtered and sorted, for a program",
        &[Chord::control(letter('E')).shifted()],
        When::Session,
    ),
    entry(
        Menu::Export,
        0,
        Action::ExportView(Exported::Shown, ExportFormat::Png),
        "Export tab as PNG…",
        "Writes a picture of the tab below the map as it is shown",
        &[],
        When::Session,
    ),
    entry(
        Menu::Export,
        0,
        Action::ExportView(Exported::Shown, ExportFormat::Binary),
        "Export raw bytes…",
        "Writes the bytes of the buffer or of the source that is shown as they are",
        &[],
        When::Bytes,
    ),
    entry(
        Menu::Export,
        1,
        Action::ExportView(Exported::Map, ExportFormat::Csv),
        "Export map as CSV…",
        "Writes the blocks and holes of all segments as CSV",
        &[],
        When::Session,
    ),
    entry(
        Menu::Export,
        1,
        Action::ExportView(Exported::Map, ExportFormat::Json),
        "Export map as JSON…",
        "Writes the blocks and holes of all segments as JSON",
        &[],
        When::Session,
    ),
    entry(
        Menu::Export,
        1,
        Action::ExportView(Exported::Map, ExportFormat::Png),
        "Export map as PNG…",
        "Writes a picture of the map as it is shown",
        &[],
        When::Session,
    ),
    entry(
        Menu::Export,
        2,
        Action::ExportView(Exported::Timeline, ExportFormat::Csv),
        "Export timeline as CSV…",
        "Writes what paging and each process do along the run as CSV",
        &[],
        When::Session,
    ),
    entry(
        Menu::Export,
        2,
        Action::ExportView(Exported::Timeline, ExportFormat::Json),
        "Export timeline as JSON…",
        "Writes what paging and each process do along the run as JSON",
        &[],
        When::Session,
    ),
    entry(
        Menu::Export,
        2,
        Action::ExportView(Exported::Timeline, ExportFormat::Png),
        "Export timeline as PNG…",
        "Writes a picture of the timeline as it is shown",
        &[],
        When::Session,
    ),
    entry(
        Menu::Export,
        3,
        Action::ExportView(Exported::Selection, ExportFormat::Csv),
        "Export selection as CSV…",
        "Writes what the panel says of the selection as CSV",
        &[],
        When::Session,
    ),
    entry(
        Menu::Export,
        3,
        Action::ExportView(Exported::Selection, ExportFormat::Json),
        "Export selection as JSON…",
        "Writes what the panel says of the selection as JSON",
        &[],
        When::Session,
    ),
    entry(
        Menu::Export,
        3,
        Action::ExportView(Exported::Selection, ExportFormat::Png),
        "Export selection as PNG…",
        "Writes a picture of the selection as it is shown",
        &[],
        When::Session,
    ),
    entry(
        Menu::File,
        3,
        Action::Quit,
        "Quit",
        "Leaves the program",
        &[Chord::control(letter('Q'))],
        When::Always,
    ),
    entry(
        Menu::Edit,
        0,
        Action::Undo,
        "Undo",
        "Takes back the last change of the session",
        &[Chord::control(letter('Z'))],
        When::Changed,
    ),
    entry(
        Menu::Edit,
        0,
        Action::Redo,
        "Redo",
        "Makes the change again that was taken back last",
        &[Chord::control(letter('Z')).shifted(), Chord::control(letter('Y'))],
        When::Undone,
    ),
    power(
        1,
        Transition::Sleep(Sleep::Standby),
        "Insert standby",
        "Inserts the transition to S3 after this step",
    ),
    power(
        1,
        Transition::Sleep(Sleep::HybridSleep),
        "Insert hybrid sleep",
        "Inserts the transition to S3 with an image on disk after this step",
    ),
    power(
        1,
        Transition::Sleep(Sleep::Hibernate),
        "Insert hibernate",
        "Inserts the transition to S4 after this step",
    ),
    power(
        1,
        Transition::Sleep(Sleep::FastStartup),
        "Insert shutdown with fast start-up",
        "Inserts a shutdown that leaves an image on disk after this step",
    ),
    power(
        2,
        Transition::Resume { power_lost: false },
        "Insert resume",
        "Inserts waking up after this step",
    ),
    power(
        2,
        Transition::Resume { power_lost: true },
        "Insert resume, power lost",
        "Inserts waking up from hybrid sleep in which the power went",
    ),
    power(
        3,
        Transition::Device(DevicePowerState::D0),
        "Insert adapter to D0",
        "Inserts turning the adapter on after this step",
    ),
    power(
        3,
        Transition::Device(DevicePowerState::D1),
        "Insert adapter to D1",
        "Inserts the lightest sleep of the adapter alone after this step",
    ),
    power(
        3,
        Transition::Device(DevicePowerState::D2),
        "Insert adapter to D2",
        "Inserts a deeper sleep of the adapter alone after this step",
    ),
    power(
        3,
        Transition::Device(DevicePowerState::D3),
        "Insert adapter to D3",
        "Inserts turning the adapter alone off after this step",
    ),
    power(
        4,
        Transition::TimeoutRecovery,
        "Insert timeout recovery",
        "Inserts a reset of the adapter, before which nothing is saved",
    ),
    entry(
        Menu::View,
        0,
        Action::SetTab(Tab::Operations),
        "Operations",
        "Shows commands, operations and packets below the map",
        &[Chord::alt(letter('1'))],
        When::Session,
    ),
    entry(
        Menu::View,
        0,
        Action::SetTab(Tab::Allocations),
        "Allocations",
        "Shows the table of the allocations that exist below the map",
        &[Chord::alt(letter('2'))],
        When::Session,
    ),
    entry(
        Menu::View,
        0,
        Action::SetTab(Tab::Buffers),
        "Buffers",
        "Shows paging and DMA buffers below the map",
        &[Chord::alt(letter('3'))],
        When::Session,
    ),
    entry(
        Menu::View,
        0,
        Action::SetTab(Tab::Bytes),
        "Bytes",
        "Shows the bytes of the selection below the map",
        &[Chord::alt(letter('4'))],
        When::Session,
    ),
    entry(
        Menu::View,
        0,
        Action::SetTab(Tab::Power),
        "Power",
        "Shows what sleeping and waking do below the map",
        &[Chord::alt(letter('5'))],
        When::Session,
    ),
    entry(
        Menu::View,
        0,
        Action::SetTab(Tab::Findings),
        "Findings",
        "Shows what the rules say of the adapter below the map",
        &[Chord::alt(letter('6'))],
        When::Session,
    ),
    entry(
        Menu::View,
        0,
        Action::SetTab(Tab::Charts),
        "Charts",
        "Shows how full segments are and what moves along the run below the map",
        &[Chord::alt(letter('7'))],
        When::Session,
    ),
    entry(
        Menu::View,
        1,
        Action::ZoomToSelection,
        "Zoom to selection",
        "Zooms the map to what is selected",
        &[Chord::plain(letter('F'))],
        When::Selection,
    ),
    entry(
        Menu::View,
        1,
        Action::ZoomHome,
        "Whole segments",
        "Shows whole segments in the map",
        &[Chord::plain(letter('H'))],
        When::Session,
    ),
    entry(
        Menu::View,
        2,
        Action::SelectionBack,
        "Selection back",
        "Selects what was selected before",
        &[Chord::alt(Key::Left)],
        When::SelectionBefore,
    ),
    entry(
        Menu::View,
        2,
        Action::SelectionForward,
        "Selection forward",
        "Selects what was selected after this",
        &[Chord::alt(Key::Right)],
        When::SelectionAfter,
    ),
    entry(
        Menu::View,
        2,
        Action::Escape,
        "Select nothing",
        "Closes what lies over the window, or else selects nothing",
        &[Chord::plain(Key::Escape)],
        When::Escapable,
    ),
    entry(
        Menu::View,
        3,
        Action::ToggleTheme,
        "Light or dark",
        "Changes between light and dark",
        &[],
        When::Always,
    ),
    entry(
        Menu::Step,
        0,
        Action::PlayPause,
        "Play or pause",
        "Plays the session step by step; from the start when it stands at its end",
        &[Chord::plain(Key::Space)],
        When::Commands,
    ),
    entry(
        Menu::Step,
        1,
        Action::Forward(Some(Level::Command)),
        "Command forward",
        "One command forward",
        &[Chord::plain(Key::Right)],
        When::StepsAfter,
    ),
    entry(
        Menu::Step,
        1,
        Action::Back(Some(Level::Command)),
        "Command back",
        "One command back",
        &[Chord::plain(Key::Left)],
        When::StepsBefore,
    ),
    entry(
        Menu::Step,
        1,
        Action::Forward(Some(Level::Operation)),
        "Operation forward",
        "One operation forward",
        &[Chord::plain(Key::Function(10))],
        When::StepsAfter,
    ),
    entry(
        Menu::Step,
        1,
        Action::Back(Some(Level::Operation)),
        "Operation back",
        "One operation back",
        &[Chord::plain(Key::Function(10)).shifted()],
        When::StepsBefore,
    ),
    entry(
        Menu::Step,
        1,
        Action::Forward(Some(Level::Packet)),
        "Packet forward",
        "One packet forward",
        &[Chord::plain(Key::Function(11))],
        When::StepsAfter,
    ),
    entry(
        Menu::Step,
        1,
        Action::Back(Some(Level::Packet)),
        "Packet back",
        "One packet back",
        &[Chord::plain(Key::Function(11)).shifted()],
        When::StepsBefore,
    ),
    entry(
        Menu::Step,
        2,
        Action::ToStart,
        "To the start",
        "Before the first command",
        &[Chord::plain(Key::Home)],
        When::StepsBefore,
    ),
    entry(
        Menu::Step,
        2,
        Action::ToEnd,
        "To the end",
        "After the last command",
        &[Chord::plain(Key::End)],
        When::StepsAfter,
    ),
    entry(
        Menu::Step,
        3,
        Action::PreviousEvent,
        "Previous event",
        "To the previous command in which something happens to the selection: an allocation, a segment or a process",
        &[Chord::plain(letter(','))],
        When::EventBefore,
    ),
    entry(
        Menu::Step,
        3,
        Action::NextEvent,
        "Next event",
        "To the next command in which something happens to the selection: an allocation, a segment or a process",
        &[Chord::plain(letter('.'))],
        When::EventAfter,
    ),
    entry(
        Menu::Step,
        4,
        Action::SetLevel(Level::Command),
        "Step commands",
        "The transport steps and plays whole commands",
        &[Chord::plain(letter('1'))],
        When::Session,
    ),
    entry(
        Menu::Step,
        4,
        Action::SetLevel(Level::Operation),
        "Step operations",
        "The transport steps and plays the operations of commands",
        &[Chord::plain(letter('2'))],
        When::Session,
    ),
    entry(
        Menu::Step,
        4,
        Action::SetLevel(Level::Packet),
        "Step packets",
        "The transport steps and plays the packets of operations",
        &[Chord::plain(letter('3'))],
        When::Session,
    ),
    entry(
        Menu::Help,
        0,
        Action::TogglePalette,
        "Go to anything…",
        "Finds actions, sessions, steps, names, addresses and commands by a few letters",
        &[Chord::control(letter('K'))],
        When::Always,
    ),
    entry(
        Menu::Help,
        0,
        Action::ToggleHelp,
        "Keys and words",
        "Shows or hides what every key does and what every word means",
        &[Chord::plain(letter('?'))],
        When::Always,
    ),
];

/// The entry of an action.
#[must_use]
pub fn find(action: &Action) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.action == *action)
}

/// The keys of an action as text; empty where it has none.
#[must_use]
pub fn keys_of(action: &Action) -> String {
    find(action).and_then(|entry| entry.keys.first()).map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_actions_share_a_key_and_all_say_what_they_do() {
        let mut seen = BTreeSet::new();
        for entry in ENTRIES {
            assert!(!entry.text.is_empty() && !entry.tooltip.is_empty(), "{entry:?}");
            for chord in entry.keys {
                assert!(seen.insert(*chord), "{chord} of {}", entry.text);
            }
        }
        let texts: BTreeSet<&str> = ENTRIES.iter().map(|entry| entry.text).collect();
        assert_eq!(texts.len(), ENTRIES.len());
    }

    #[test]
    fn groups_of_a_menu_stand_together() {
        for menu in Menu::ALL.into_iter().chain([Menu::Export]) {
            let groups: Vec<u8> = ENTRIES
                .iter()
                .filter(|entry| entry.menu == menu)
                .map(|entry| entry.group)
                .collect();
            assert!(!groups.is_empty() && groups.is_sorted(), "{menu:?}: {groups:?}");
        }
    }

    #[test]
    fn every_condition_that_can_fail_says_why() {
        for entry in ENTRIES {
            assert_eq!(entry.when.reason().is_empty(), entry.when == When::Always);
        }
    }
}
