//! What outlives the program: changes that are not saved yet, files worked with, preferences; and
//! what becomes of a file that somebody else changes.
//!
//! Without a state folder nothing is kept and nothing is read, so that tests and pictures depend on
//! nobody's past. Nothing is removed but what somebody saved or gave up.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::machine::Place;
use crate::rules;
use crate::session::save::SaveError;
use crate::session::{catalogue, load, save};

use super::action::Action;
use super::application::{App, Effect};
use super::files::identity::{FileIdentity, FileState};
use super::files::keeper::{Keeper, Report, Wish};
use super::files::recovery::{LeftBehind, Origin, left_behind};
use super::files::state::{Preferences, RECENTS, StateFolder};
use super::files::{absolute, is_there};
use super::notice::Notice;
use super::opened::Opened;
use super::recent::RecentFile;

pub use super::files::keeper::Waker;

/// What the application remembers of what is kept.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    keeper: Option<Keeper>,
    state: Option<StateFolder>,
    left: Vec<LeftBehind>,
    forgotten: Vec<PathBuf>,
    /// Serial and edition of the document that was last copied.
    copied: Option<(u64, u64)>,
    /// Those whose changes somebody gave up, although they are still shown.
    given_up: Option<(u64, u64)>,
    watched: Option<(PathBuf, FileIdentity)>,
    preferences: Option<Preferences>,
    told_failure: bool,
    /// The title of the notice about the file, while it holds.
    file_notice: Option<String>,
    /// The file that is to be saved although somebody else changed it, while that is asked.
    conflict: Option<PathBuf>,
}

/// What is to become of a file that somebody else changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conflict {
    /// It is replaced by the session as it is here.
    Overwrite,
    /// It stays, and another file is asked for.
    SaveAs,
    /// The session here is given up for what the file says.
    Reload,
    /// Nothing is saved.
    Cancel,
}

/// What is asked before a file is replaced that somebody else changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictQuestion {
    /// The name of the file.
    pub name: String,
}

impl App {
    /// From now on keeps in `state` what is to outlive the program, and takes from there what did.
    /// Without a folder, only the file of the session is watched.
    ///
    /// `wake` is called from another thread when there is something to be seen.
    pub fn keep_in(&mut self, state: Option<StateFolder>, wake: Waker) {
        self.keeping.keeper = Keeper::start(state.clone(), wake);
        self.keeping.state = state;
        let kept = self.keeping.state.as_ref().and_then(StateFolder::preferences);
        if let Some(Preferences { appearance, speed }) = kept {
            self.settings.appearance = appearance;
            self.looking.speed = speed;
        }
        self.keeping.preferences = Some(self.preferences());
        self.refresh_recents();
    }

    const fn preferences(&self) -> Preferences {
        Preferences { appearance: self.settings.appearance, speed: self.looking.speed }
    }

    /// Keeps what changed since the last call, and tells what was found meanwhile. Called in every
    /// frame; what takes long is done by a thread.
    pub fn keep(&mut self) {
        let reports = match &self.keeping.keeper {
            Some(keeper) => keeper.collect(),
            None => return,
        };
        for report in reports {
            match report {
                Report::File(path, state) => self.note_file(&path, state),
                Report::Failed(reason) => self.note_failure(reason),
            }
        }
        let preferences = self.preferences();
        if self.keeping.preferences.replace(preferences) != Some(preferences) {
            self.wish(Wish::Preferences(preferences));
        }
        self.keep_watching();
        self.keep_changes();
    }

    /// Waits until everything is kept that is to be: for whoever is about to end the program.
    pub fn finish_keeping(&mut self) {
        self.keep();
        if let Some(keeper) = &self.keeping.keeper {
            keeper.finish();
        }
    }

    /// Looks soon whether the file of the session was changed: the window has the focus again.
    pub fn look_at_file(&self) {
        if let Some(keeper) = &self.keeping.keeper {
            keeper.look_now();
        }
    }

    fn wish(&self, wish: Wish) {
        if let Some(keeper) = &self.keeping.keeper {
            keeper.wish(wish);
        }
    }

    fn keep_watching(&mut self) {
        let opened = self.session();
        let watched = opened.and_then(|opened| Some((opened.file()?, opened.file_identity()?)));
        let known = self.keeping.watched.as_ref();
        if watched == known.map(|(path, identity)| (path, identity)) {
            return;
        }
        let watched = watched.map(|(path, identity)| (path.clone(), *identity));
        self.keeping.watched.clone_from(&watched);
        self.drop_file_notice();
        if let Some(keeper) = &self.keeping.keeper {
            keeper.watch(watched);
        }
    }

    fn keep_changes(&mut self) {
        let serial = self.serial();
        let changed = self.session().filter(|opened| opened.is_changed());
        let stamp = changed.map(|opened| (serial, opened.edition()));
        let stamp = stamp.filter(|stamp| self.keeping.given_up != Some(*stamp));
        if stamp == self.keeping.copied {
            return;
        }
        self.keeping.copied = stamp;
        let wish = match (stamp, self.session()) {
            (Some(_), Some(opened)) => Wish::Copy(origin_of(opened), opened.shared_document()),
            _ => Wish::Drop,
        };
        self.wish(wish);
    }

    /// Nobody wants the changes that are shown, which end with the program.
    pub(super) fn give_up_changes(&mut self) {
        let serial = self.serial();
        self.keeping.given_up = self.session().map(|opened| (serial, opened.edition()));
        self.keep();
    }

    fn note_failure(&mut self, reason: String) {
        if std::mem::replace(&mut self.keeping.told_failure, true) {
            return;
        }
        let title = String::from("Nothing can be kept for the next start");
        let hint = "Changes that are not saved would be lost with the program; save them in time.";
        self.tell(Notice::error(title, vec![reason, hint.to_owned()]));
    }

    fn drop_file_notice(&mut self) {
        if let Some(title) = self.keeping.file_notice.take() {
            self.notices.retain(|notice| notice.title != title);
        }
    }

    /// Tells that the file of the session is not what it was.
    pub(super) fn note_file(&mut self, path: &Path, state: FileState) {
        let Some(opened) = self.session() else { return };
        if opened.file().map(PathBuf::as_path) != Some(path) {
            return;
        }
        let (name, changed) = (name_of(path), opened.is_changed());
        let reload = Some(("Reload", Action::Reload));
        let (title, line, remedy) = match (state, changed) {
            (FileState::Same, _) => return self.drop_file_notice(),
            (FileState::Changed, false) => {
                (format!("{name} was changed by another program"), "It is shown as it was.", reload)
            }
            (FileState::Changed, true) => (
                format!("{name} was changed by another program, and here"),
                "Saving asks which of both is to stay.",
                reload,
            ),
            (FileState::Missing, _) => {
                (format!("{name} is not there any more"), "Saving writes it anew.", None)
            }
        };
        self.drop_file_notice();
        self.keeping.file_notice = Some(title.clone());
        self.tell(Notice::note(title, vec![line.to_owned()], remedy));
    }

    /// What is to be asked, while a file is to be saved that somebody else changed.
    #[must_use]
    pub fn conflict_question(&self) -> Option<ConflictQuestion> {
        self.session()?;
        self.keeping.conflict.as_ref().map(|path| ConflictQuestion { name: name_of(path) })
    }

    /// Does what somebody said is to become of the file.
    pub(super) fn answer_conflict(&mut self, answer: Conflict) -> Option<Effect> {
        let path = self.keeping.conflict.take()?;
        match answer {
            Conflict::Overwrite => self.write_to(&path, None),
            Conflict::SaveAs => Some(Effect::SaveDialog(self.suggested_name())),
            Conflict::Reload => {
                self.waiting = None;
                self.reload();
                None
            }
            Conflict::Cancel => {
                self.waiting = None;
                None
            }
        }
    }

    pub(super) fn drop_conflict(&mut self) {
        self.keeping.conflict = None;
    }

    /// Saves to a file, unless it is that of the session and somebody else changed it: that is asked
    /// first.
    pub(super) fn save_to(&mut self, path: &Path) -> Option<Effect> {
        let opened = self.session()?;
        let own = opened.file().is_some_and(|file| absolute(file) == absolute(path));
        let known = opened.file_identity().copied().filter(|_| own);
        if known.is_some_and(|known| known.compare(path) == FileState::Changed) {
            self.keeping.conflict = Some(path.to_owned());
            return None;
        }
        self.write_to(path, known)
    }

    /// Saves to a file. One that is `known` is looked at once more before it is replaced.
    fn write_to(&mut self, path: &Path, known: Option<FileIdentity>) -> Option<Effect> {
        let opened = self.session_mut()?;
        let mut is_foreign =
            |target: &Path| known.is_some_and(|known| known.glance(target) == FileState::Changed);
        let result = save::save_unless(path, opened.document(), &mut is_foreign);
        let saved = result.is_ok();
        let notice = match result {
            Ok(saved) => {
                opened.set_file(Some(path.to_owned()));
                opened.set_file_identity(Some(FileIdentity::of_saved(&saved)));
                opened.mark_saved();
                Notice::done(format!("Saved as {}", path.display()))
            }
            Err(SaveError::Changed { path }) => {
                self.keeping.conflict = Some(path);
                return None;
            }
            Err(error) => {
                let title = String::from("The session is not saved");
                Notice::error(title, vec![error.to_string()])
            }
        };
        self.tell(notice);
        if saved {
            self.remember();
            // Whoever ends the program next finds nothing left behind.
            self.keep();
        }
        self.go_on_after_saving(saved)
    }

    /// Opens a session file; where it is none, says why and leaves everything as it was.
    ///
    /// Where changes of it were left behind by a window that ended, these are shown.
    pub fn open_path(&mut self, path: &Path) -> bool {
        self.open_left_behind(path) || self.open_file(path)
    }

    fn open_file(&mut self, path: &Path) -> bool {
        let origin = path.display().to_string();
        let opened = load::read_known(path).map_err(|error| vec![error]).and_then(|known| {
            let (text, metadata) = known;
            let identity = FileIdentity::of_text(&text, &metadata);
            let mut opened = Opened::read_whole(text, &origin)?;
            opened.set_file_identity(Some(identity));
            Ok(opened)
        });
        match opened {
            Ok(mut opened) => {
                opened.set_file(Some(path.to_owned()));
                self.show(opened);
                self.remember();
                true
            }
            Err(errors) => {
                let name = path.file_name().map_or(origin, |name| name.to_string_lossy().into());
                self.tell(Notice::load_errors(&name, &errors));
                false
            }
        }
    }

    /// Opens the file of the session again and goes where one stood, if that is still there.
    pub(super) fn reload(&mut self) {
        let Some(path) = self.file().cloned() else { return };
        let (tab, place) = (self.looking.tab, self.session().map(|opened| opened.run().place()));
        if !self.open_file(&path) {
            return;
        }
        if self.can(super::registry::When::Started) {
            self.looking.tab = tab;
        }
        let commands = self.session().map_or(0, |opened| opened.run().commands().len());
        let place = place.map_or(0, |place| place.command.min(commands));
        self.go_anew(Place::after(place));
    }

    /// Opens changes of the file at `path`, or those in the copy at `path`, that were left behind.
    fn open_left_behind(&mut self, path: &Path) -> bool {
        let path = absolute(path);
        let is_it =
            |left: &LeftBehind| left.path == path || left.origin.path.as_ref() == Some(&path);
        let Some(index) = self.keeping.left.iter().position(is_it) else { return false };
        let left = self.keeping.left.remove(index);
        // Another window took it over.
        let Some(slot) = left.take() else { return false };
        let LeftBehind { origin, .. } = left;
        let shown = origin.path.clone().unwrap_or_else(|| slot.path().to_owned());
        let text = slot.read().map_err(|error| vec![error]);
        let mut opened = match text.and_then(|text| Opened::read_whole(text, "unsaved changes")) {
            Ok(opened) => opened,
            Err(errors) => {
                let at = format!("The copy stays in {}", slot.path().display());
                let mut notice = Notice::load_errors(
                    &format!("What was left behind of {}", name_of(&shown)),
                    &errors,
                );
                notice.lines.push(at);
                self.tell(notice);
                return false;
            }
        };
        opened.set_file_identity(origin.base());
        opened.set_file(origin.path.clone());
        let known =
            catalogue().iter().find(|known| Some(known.file_name) == origin.embedded.as_deref());
        opened.set_embedded(known.map(|known| known.file_name));
        opened.mark_changed();
        let (has_file, commands) = (origin.path.is_some(), opened.run().commands().len());
        self.show(opened);
        self.wish(Wish::Adopt(slot));
        self.keeping.copied = Some((self.serial(), 0));
        self.go_anew(Place::after(origin.place.min(commands)));
        let title = format!("Unsaved changes to {} are back", self.session_name());
        let lines = vec![
            String::from("The program ended before they were saved."),
            String::from("They are kept until they are saved or given up."),
        ];
        let reload = has_file.then_some(("Reload the file instead", Action::Reload));
        self.tell(Notice::note(title, lines, reload));
        true
    }

    /// Remembers where one stands in the file of the session, which was worked with before.
    pub(super) fn remember_place(&mut self) {
        let Some(mut recent) = self.session().and_then(recent_of) else { return };
        let known = self.recents.iter_mut().find(|known| known.path == recent.path);
        // Somebody may have it forgotten while it is open.
        let Some(known) = known else { return };
        recent.when = known.when;
        known.clone_from(&recent);
        self.wish(Wish::Recent(recent));
    }

    /// Remembers the file of the session, which was just opened or saved.
    pub(super) fn remember(&mut self) {
        if self.keeping.state.is_none() {
            return;
        }
        let Some(recent) = self.session().and_then(recent_of) else { return };
        self.recents.retain(|other| other.path != recent.path);
        self.keeping.forgotten.retain(|path| *path != recent.path);
        self.recents.insert(0, recent.clone());
        self.recents.truncate(RECENTS);
        self.wish(Wish::Recent(recent));
    }

    /// Takes a file out of the list. Changes that were left behind stay in it: they are to be saved or
    /// given up, not forgotten.
    pub(super) fn forget_recent(&mut self, path: &Path) {
        if self.recents.iter().any(|recent| recent.path == path && recent.recovered) {
            let title = format!("Unsaved changes to {} are kept", name_of(path));
            let hint = String::from("Open it, then save them or give them up.");
            let open = Some(("Open it", Action::OpenPath(path.to_owned())));
            return self.tell(Notice::note(title, vec![hint], open));
        }
        self.recents.retain(|recent| recent.path != path);
        self.keeping.forgotten.push(path.to_owned());
        self.wish(Wish::Forget(path.to_owned()));
    }

    /// Looks again at what other windows did, which files are there, and what was left behind. For
    /// when the start page comes up.
    pub(super) fn refresh_recents(&mut self) {
        let Some(state) = &self.keeping.state else { return };
        self.keeping.left = left_behind(state);
        let copies = state.recovery();
        let mut all = std::mem::take(&mut self.recents);
        all.extend(state.recents());
        all.retain(|recent| {
            !recent.path.starts_with(&copies) && !self.keeping.forgotten.contains(&recent.path)
        });
        all.sort_by_key(|recent| std::cmp::Reverse(recent.when));
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|recent| seen.insert(recent.path.clone()));
        all.truncate(RECENTS);
        for recent in &mut all {
            recent.missing = !is_there(&recent.path);
            recent.recovered = false;
        }
        // Oldest first, so that the newest is put first in the end.
        for LeftBehind { origin, path } in self.keeping.left.iter().rev() {
            let Origin { title, commands, place, when, .. } = origin.clone();
            let own = RecentFile {
                title,
                commands,
                place,
                when,
                recovered: true,
                ..RecentFile::default()
            };
            let file = origin
                .path
                .clone()
                .filter(|file| !all.iter().any(|recent| recent.recovered && recent.path == *file));
            let recent = match file {
                Some(file) => {
                    let known = all.iter().position(|recent| recent.path == file);
                    let errors = known.map_or(0, |known| all.remove(known).errors);
                    let missing = !is_there(&file);
                    RecentFile { path: file, errors, missing, ..own }
                }
                // Without a file, or the second for the same one, it goes by the copy itself.
                None => RecentFile { path: path.clone(), ..own },
            };
            all.insert(0, recent);
        }
        self.recents = all;
    }
}

impl Drop for App {
    /// Remembers where one stood, however the window ends.
    fn drop(&mut self) {
        self.remember_place();
        self.keep();
    }
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn origin_of(opened: &Opened) -> Origin {
    let origin = Origin {
        // A path that is not Unicode cannot be kept in a text; the changes can.
        path: opened.file().map(|file| absolute(file)).filter(|file| file.to_str().is_some()),
        embedded: opened.embedded().map(str::to_owned),
        title: opened.document().title.clone(),
        commands: opened.document().commands.len(),
        place: opened.run().place().command,
        when: now(),
        ..Origin::default()
    };
    origin.with_base(opened.file_identity())
}

fn recent_of(opened: &Opened) -> Option<RecentFile> {
    let findings = opened.run().machine().findings().iter();
    let errors = findings.filter(|finding| finding.severity() == rules::Severity::Error).count();
    Some(RecentFile {
        path: absolute(opened.file()?),
        title: opened.document().title.clone(),
        when: now(),
        commands: opened.document().commands.len(),
        place: opened.run().place().command,
        errors,
        missing: false,
        recovered: false,
    })
}
