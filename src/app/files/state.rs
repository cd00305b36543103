//! The folder in which the program keeps what outlives it: files worked with, preferences, and
//! copies of changes that were not saved.
//!
//! Several windows share it. Each file is replaced as a whole, and one that cannot be read counts as
//! one that is not there: nothing here is worth an error at the start.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::action::Speed;
use crate::app::recent::RecentFile;
use crate::app::settings::Appearance;
use crate::session::save;

/// Files that are remembered.
pub const RECENTS: usize = 20;
/// More bytes than this in a file of ours are not ours.
const MOST_BYTES: u64 = 1 << 20;
/// How often, and how long each time, another window is waited for that writes the same list.
const WAITS: (u32, Duration) = (40, Duration::from_millis(5));

/// The folder. Whoever makes one says where: tests never come near that of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFolder(PathBuf);

/// What a user prefers, as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// Light or dark.
    pub appearance: Appearance,
    /// How fast sessions play.
    pub speed: Speed,
}

/// The forms of the files; what is missing in one has a default, what is unknown is left out.
#[derive(Default, Serialize, Deserialize)]
struct KeptPreferences {
    #[serde(default)]
    theme: String,
    #[serde(default)]
    speed: u32,
}

#[derive(Serialize, Deserialize)]
struct KeptRecent {
    path: PathBuf,
    #[serde(default)]
    title: String,
    #[serde(default)]
    when: u64,
    #[serde(default)]
    commands: usize,
    #[serde(default)]
    place: usize,
    #[serde(default)]
    errors: usize,
}

impl From<&RecentFile> for KeptRecent {
    fn from(recent: &RecentFile) -> Self {
        let RecentFile { path, title, when, commands, place, errors, .. } = recent.clone();
        Self { path, title, when, commands, place, errors }
    }
}

impl From<KeptRecent> for RecentFile {
    fn from(kept: KeptRecent) -> Self {
        let KeptRecent { path, title, when, commands, place, errors } = kept;
        Self { path, title, when, commands, place, errors, ..Self::default() }
    }
}

impl StateFolder {
    /// The folder at a path; it is made when something is first written.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder for copies of changes that were not saved.
    pub(in crate::app) fn recovery(&self) -> PathBuf {
        self.0.join("recovery")
    }

    fn recents_file(&self) -> PathBuf {
        self.0.join("recent.json")
    }

    fn preferences_file(&self) -> PathBuf {
        self.0.join("preferences.json")
    }

    /// The files worked with before, the newest first; nothing where the list is damaged.
    #[must_use]
    pub fn recents(&self) -> Vec<RecentFile> {
        let text = read(&self.recents_file()).unwrap_or_default();
        // One entry that is damaged does not take the others along.
        let values: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap_or_default();
        let kept = values.into_iter().filter_map(|value| serde_json::from_value(value).ok());
        let mut recents: Vec<RecentFile> = kept.map(|kept: KeptRecent| kept.into()).collect();
        settle(&mut recents);
        recents
    }

    /// Changes the list, on top of what other windows have written to it meanwhile.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn change_recents(&self, change: impl FnOnce(&mut Vec<RecentFile>)) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let lock = self.wait_for_turn();
        let mut recents = self.recents();
        change(&mut recents);
        settle(&mut recents);
        let kept: Vec<KeptRecent> = recents.iter().map(KeptRecent::from).collect();
        let text = serde_json::to_vec_pretty(&kept)?;
        let written = save::replace(&self.recents_file(), &text);
        drop(lock);
        written
    }

    /// What the user prefers, where it was kept.
    #[must_use]
    pub fn preferences(&self) -> Option<Preferences> {
        let text = read(&self.preferences_file())?;
        let kept: KeptPreferences = serde_json::from_str(&text).ok()?;
        let appearance = match kept.theme.as_str() {
            "dark" => Appearance::Dark,
            "light" => Appearance::Light,
            _ => return None,
        };
        let speed = Some(Speed(kept.speed)).filter(|speed| Speed::ALL.contains(speed));
        Some(Preferences { appearance, speed: speed.unwrap_or_default() })
    }

    /// Keeps what the user prefers.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub fn keep_preferences(&self, preferences: Preferences) -> io::Result<()> {
        let theme = match preferences.appearance {
            Appearance::Dark => "dark",
            Appearance::Light => "light",
        };
        let kept = KeptPreferences { theme: theme.to_owned(), speed: preferences.speed.0 };
        fs::create_dir_all(&self.0)?;
        save::replace(&self.preferences_file(), &serde_json::to_vec_pretty(&kept)?)
    }

    /// A lock that other windows respect, if it can be had soon: without one the worst is that a
    /// file worked with in another window at the same moment is not remembered.
    fn wait_for_turn(&self) -> Option<File> {
        let path = self.0.join("recent.lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path).ok()?;
        let (times, pause) = WAITS;
        for _ in 0..times {
            match file.try_lock() {
                Ok(()) => return Some(file),
                Err(fs::TryLockError::WouldBlock) => std::thread::sleep(pause),
                Err(fs::TryLockError::Error(_)) => return None,
            }
        }
        None
    }
}

/// Newest first, each path once, not too many.
fn settle(recents: &mut Vec<RecentFile>) {
    recents.sort_by_key(|recent| std::cmp::Reverse(recent.when));
    let mut seen = std::collections::BTreeSet::new();
    // A path that is not Unicode cannot be kept in a text.
    recents.retain(|recent| recent.path.to_str().is_some() && seen.insert(recent.path.clone()));
    recents.truncate(RECENTS);
}

fn read(path: &Path) -> Option<String> {
    let mut text = String::new();
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    File::open(path).ok()?.take(MOST_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A state folder of its own for a test, not there yet.
    pub(crate) fn state(name: &str) -> StateFolder {
        let name = format!("vidmm-state-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        StateFolder::at(folder)
    }

    fn recent(path: &str, when: u64) -> RecentFile {
        RecentFile { path: path.into(), title: "T".to_owned(), when, ..RecentFile::default() }
    }

    fn paths(state: &StateFolder) -> Vec<String> {
        state.recents().iter().map(|recent| recent.path.display().to_string()).collect()
    }

    #[test]
    fn twenty_files_are_kept_newest_first_and_each_once() {
        let state = state("recents");
        assert_eq!(state.recents(), []);
        for when in 1..=25 {
            let entry = recent(&format!("/{when}.ron"), when);
            state.change_recents(|recents| recents.push(entry)).expect("the folder can be made");
        }
        let kept = paths(&state);
        assert_eq!((kept.len(), kept[0].as_str(), kept[19].as_str()), (20, "/25.ron", "/6.ron"));
        let again = RecentFile { place: 7, commands: 9, errors: 2, ..recent("/6.ron", 99) };
        state.change_recents(|recents| recents.push(again.clone())).expect("it can be written");
        assert_eq!(paths(&state).len(), 20);
        assert_eq!(state.recents()[0], again);
        fs::remove_dir_all(state.path()).expect("the folder is ours");
    }

    #[test]
    fn damage_costs_what_is_damaged_and_nothing_else() {
        let state = state("damage");
        fs::create_dir_all(state.path()).expect("the temporary folder is writable");
        let list = r#"[{"path": "/a.ron", "when": 1}, {"path": 7}, 8, {"path": "/b.ron"}]"#;
        for (text, left) in [(list, 2), ("[", 0), ("", 0), ("{}", 0), ("\u{0}", 0)] {
            fs::write(state.recents_file(), text).expect("the folder is ours");
            assert_eq!(state.recents().len(), left, "{text}");
        }
        let entry = recent("/c.ron", 3);
        state.change_recents(|recents| recents.push(entry)).expect("it can be written");
        assert_eq!(paths(&state), ["/c.ron"]);
        for text in ["", "{", "{}", "[]", r#"{"theme": "blue", "speed": 2}"#] {
            fs::write(state.preferences_file(), text).expect("the folder is ours");
            assert_eq!(state.preferences(), None, "{text}");
        }
        let preferences = Preferences { appearance: Appearance::Light, speed: Speed(50) };
        state.keep_preferences(preferences).expect("it can be written");
        assert_eq!(state.preferences(), Some(preferences));
        let text = r#"{"theme": "dark", "speed": 4000000000, "more": []}"#;
        fs::write(state.preferences_file(), text).expect("the folder is ours");
        let speed = state.preferences().map(|preferences| preferences.speed);
        assert_eq!(speed, Some(Speed::default()));
        fs::remove_dir_all(state.path()).expect("the folder is ours");
    }
}
