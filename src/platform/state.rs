//! Where a user's programs keep what outlives them.

use std::env;
use std::path::PathBuf;

use crate::app::StateFolder;

/// The variable that names another folder; empty for keeping nothing.
const VARIABLE: &str = "VIDMM_INSPECTOR_STATE";
/// The folder's own name.
const NAME: &str = "vidmm-inspector";

/// The folder of the user who runs the program; `None` where nothing is to be kept.
///
/// By the systems' own rules: `XDG_STATE_HOME` or `~/.local/state`, `%LOCALAPPDATA%`,
/// `~/Library/Application Support`.
#[must_use]
pub fn state_folder() -> Option<StateFolder> {
    let set = |name: &str| env::var_os(name).map(PathBuf::from);
    chosen(set, env::home_dir()).map(StateFolder::at)
}

fn chosen(set: impl Fn(&str) -> Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    if let Some(folder) = set(VARIABLE) {
        return (!folder.as_os_str().is_empty()).then_some(folder);
    }
    // A relative path would be another folder wherever the program starts.
    let home = home.filter(|home| home.is_absolute());
    let above = if cfg!(windows) {
        set("LOCALAPPDATA").or_else(|| home.map(|home| home.join("AppData").join("Local")))
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library").join("Application Support"))
    } else {
        let stated = set("XDG_STATE_HOME").filter(|folder| folder.is_absolute());
        stated.or_else(|| home.map(|home| home.join(".local").join("state")))
    };
    above.filter(|folder| folder.is_absolute()).map(|folder| folder.join(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_comes_first_and_an_empty_one_keeps_nothing() {
        let home = || Some(PathBuf::from("/home/me"));
        let state = |value: &str| {
            let value = PathBuf::from(value);
            chosen(|name| (name == VARIABLE).then(|| value.clone()), home())
        };
        assert_eq!(state("/elsewhere"), Some(PathBuf::from("/elsewhere")));
        assert_eq!(state(""), None);
        assert_eq!(chosen(|_| None, None), None);
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn a_relative_folder_counts_as_none() {
        let home = || Some(PathBuf::from("/home/me"));
        let state = |value: &str| {
            let value = PathBuf::from(value);
            chosen(|name| (name == "XDG_STATE_HOME").then(|| value.clone()), home())
        };
        assert_eq!(state("/state"), Some(PathBuf::from("/state/vidmm-inspector")));
        let usual = Some(PathBuf::from("/home/me/.local/state/vidmm-inspector"));
        assert_eq!(state("state"), usual);
        assert_eq!(state(""), usual);
        assert_eq!(chosen(|_| None, Some(PathBuf::from("home"))), None);
    }
}
