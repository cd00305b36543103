//! What outlives the application, as those meet it who start it again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::action::{Action, Speed};
use super::application::{App, Effect};
use super::files::state::{StateFolder, tests::state};
use super::keeping::{Conflict, Waker};
use super::opened::Opened;
use super::recent::RecentFile;
use super::settings::Appearance;
use super::unsaved::Unsaved;
use super::{FileState, Severity};
use crate::machine::Place;
use crate::session::load;
use crate::vidmm::{Sleep, Transition};

const SMALL: &str = r#"(version: 1, title: "Small", adapter: (profile: "inspector"),
    commands: [CreateProcess("p"), CreateProcess("q"), CreateProcess("r")])"#;

fn silent() -> Waker {
    Arc::new(|| {})
}

/// The program, started.
fn started(state: &StateFolder) -> App {
    let mut app = App::default();
    app.keep_in(Some(state.clone()), silent());
    app
}

/// A session file in a folder beside the state.
fn session(state: &StateFolder, name: &str) -> PathBuf {
    let folder = state.path().join("sessions");
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let path = folder.join(name);
    fs::write(&path, SMALL).expect("the folder is ours");
    path
}

/// Puts a sleep behind the second command.
fn change(app: &mut App) {
    app.work(&mut || true);
    app.dispatch(Action::GoTo(Place::after(2)));
    app.dispatch(Action::InsertPower(Transition::Sleep(Sleep::Standby)));
    assert!(is_changed(app));
    app.finish_keeping();
}

fn is_changed(app: &App) -> bool {
    app.session().is_some_and(Opened::is_changed)
}

fn commands(app: &App) -> Option<usize> {
    app.session().map(|opened| opened.document().commands.len())
}

fn on_disk(path: &Path) -> usize {
    load::load(path).map(|document| document.commands.len()).unwrap_or_default()
}

/// The program ends as by a crash: nothing that it would do at its end is done.
///
/// The lock on its copy goes with the process, so that only a thread of it may live on: its copy is
/// moved away from under it.
fn crash(app: App, state: &StateFolder) {
    let (copies, aside) = (state.path().join("recovery"), state.path().join("aside"));
    fs::rename(&copies, &aside).expect("there is a copy");
    drop(app);
    let _ = fs::remove_dir_all(&copies);
    fs::rename(&aside, &copies).expect("it was just there");
}

fn recovered(app: &App) -> Vec<&RecentFile> {
    app.recents().iter().filter(|recent| recent.recovered).collect()
}

#[test]
fn changes_outlive_a_crash_and_come_back_as_changes_of_their_file() {
    let state = state("crash");
    let path = session(&state, "a.ron");
    let mut app = started(&state);
    assert!(app.open_path(&path));
    change(&mut app);
    let other = started(&state);
    assert!(recovered(&other).is_empty(), "the window is there whose changes they are");
    drop(other);
    crash(app, &state);

    let mut app = started(&state);
    let offered = recovered(&app);
    assert_eq!(offered.len(), 1);
    assert_eq!((offered[0].path.as_path(), offered[0].commands), (path.as_path(), 4));
    assert_eq!(on_disk(&path), 3);
    app.dispatch(Action::ForgetRecent(path.clone()));
    assert_eq!(recovered(&app).len(), 1, "what is not saved is not forgotten");
    app.dispatch(Action::OpenPath(path.clone()));
    assert_eq!((commands(&app), is_changed(&app)), (Some(4), true));
    assert_eq!(app.file(), Some(&path));
    app.work(&mut || true);
    assert_eq!(app.session().map(|opened| opened.run().place()), Some(Place::after(3)));
    let notice = app.notices().last().expect("it is told");
    assert!(notice.title.contains("Unsaved changes to Small are back"), "{notice:?}");
    // Until they are saved they outlive the next crash too.
    app.finish_keeping();
    crash(app, &state);
    let mut app = started(&state);
    app.dispatch(Action::OpenPath(path.clone()));
    assert_eq!(commands(&app), Some(4));
    assert_eq!(app.dispatch(Action::Save), None);
    assert_eq!(on_disk(&path), 4);
    drop(app);
    let app = started(&state);
    assert!(recovered(&app).is_empty());
    assert_eq!(app.recents().len(), 1);
    drop(app);
    let left = fs::read_dir(state.path().join("recovery")).map(Iterator::count);
    assert_eq!(left.ok(), Some(0), "nothing is left behind");
    fs::remove_dir_all(state.path()).expect("the folder is ours");
}

#[test]
fn changes_that_are_given_up_or_undone_leave_nothing() {
    type Way = fn(&mut App);
    let ways: [(&str, Way); 4] = [
        ("quit", |app| {
            assert_eq!(app.dispatch(Action::Quit), None);
            let answer = app.dispatch(Action::AnswerUnsaved(Unsaved::Discard));
            assert_eq!(answer, Some(Effect::Quit));
        }),
        ("close", |app| {
            app.dispatch(Action::Close);
            app.dispatch(Action::AnswerUnsaved(Unsaved::Discard));
        }),
        ("reload", |app| {
            app.dispatch(Action::Reload);
            app.dispatch(Action::AnswerUnsaved(Unsaved::Discard));
            assert_eq!((commands(app), is_changed(app)), (Some(3), false));
        }),
        ("undo", |app| {
            app.dispatch(Action::Undo);
        }),
    ];
    for (name, way) in ways {
        let state = state(name);
        let path = session(&state, "a.ron");
        let mut app = started(&state);
        app.open_path(&path);
        change(&mut app);
        way(&mut app);
        drop(app);
        assert!(recovered(&started(&state)).is_empty(), "{name}");
        assert_eq!(on_disk(&path), 3);
        fs::remove_dir_all(state.path()).expect("the folder is ours");
    }
}

#[test]
fn a_window_that_just_ends_leaves_its_last_change_even_at_once() {
    let state = state("ends");
    let mut app = started(&state);
    assert!(app.open_embedded("tour.ron"));
    let before = commands(&app).unwrap_or_default();
    change(&mut app);
    app.dispatch(Action::InsertPower(Transition::Resume { power_lost: false }));
    app.keep();
    drop(app);
    let mut app = started(&state);
    let path = recovered(&app).first().map(|recent| recent.path.clone());
    let path = path.expect("a session without a file is offered as well");
    assert!(app.open_path(&path));
    assert_eq!(commands(&app), Some(before + 2));
    assert_eq!((app.file(), is_changed(&app)), (None, true));
    assert_eq!(app.session().and_then(Opened::embedded), Some("tour.ron"));
    fs::remove_dir_all(state.path()).expect("the folder is ours");
}

#[test]
fn a_damaged_copy_is_told_of_and_stays_and_the_file_opens() {
    let state = state("damaged-copy");
    let path = session(&state, "a.ron");
    let mut app = started(&state);
    app.open_path(&path);
    change(&mut app);
    drop(app);
    let copies = state.path().join("recovery");
    let copy = fs::read_dir(&copies).expect("it is there").flatten().map(|entry| entry.path());
    let copy = copy.into_iter().find(|path| path.extension().is_some_and(|end| end == "ron"));
    let copy = copy.expect("there is a copy");
    let text = fs::read_to_string(&copy).expect("it can be read");
    fs::write(&copy, &text[..text.len() - 20]).expect("the folder is ours");
    let mut app = started(&state);
    assert!(app.open_path(&path));
    assert_eq!((commands(&app), is_changed(&app)), (Some(3), false));
    let told = app.notices().iter().any(|notice| {
        notice.severity == Severity::Error && notice.text().contains("The copy stays in")
    });
    assert!(told, "{:?}", app.notices());
    drop(app);
    assert!(copy.exists());
    fs::remove_dir_all(state.path()).expect("the folder is ours");
}

#[test]
fn files_and_preferences_are_remembered() {
    let state = state("remembered");
    let (a, b) = (session(&state, "a.ron"), session(&state, "b.ron"));
    let mut app = started(&state);
    assert!(app.recents().is_empty());
    app.open_path(&a);
    app.work(&mut || true);
    app.dispatch(Action::GoTo(Place::after(2)));
    app.open_path(&b);
    app.dispatch(Action::ToggleTheme);
    app.dispatch(Action::SetSpeed(Speed(50)));
    app.keep();
    drop(app);
    fs::remove_file(&b).expect("the file is ours");
    let mut app = started(&state);
    let known = |app: &App, path: &Path| {
        let recent = app.recents().iter().find(|recent| recent.path == path).cloned();
        recent.map(|recent| (recent.title, recent.commands, recent.place, recent.missing))
    };
    assert_eq!(known(&app, &a), Some(("Small".to_owned(), 3, 2, false)));
    assert_eq!(known(&app, &b), Some(("Small".to_owned(), 3, 0, true)));
    assert_eq!(app.settings().appearance, Appearance::Light);
    assert_eq!(app.looking().speed, Speed(50));
    app.dispatch(Action::ForgetRecent(b.clone()));
    assert_eq!((app.recents().len(), known(&app, &b)), (1, None));
    // Also after another look at what is kept, and after another start.
    app.open_path(&a);
    app.dispatch(Action::Close);
    assert_eq!(known(&app, &b), None);
    drop(app);
    assert_eq!(known(&started(&state), &b), None);
    fs::remove_dir_all(state.path()).expect("the folder is ours");
}

#[test]
fn without_a_folder_nothing_is_kept_and_with_a_bad_one_it_is_told_once() {
    let state = state("bad-folder");
    let path = session(&state, "a.ron");
    let mut app = App::default();
    app.keep_in(None, silent());
    app.open_path(&path);
    change(&mut app);
    app.dispatch(Action::Close);
    app.dispatch(Action::AnswerUnsaved(Unsaved::Discard));
    assert!(app.recents().is_empty() && app.notices().is_empty());
    drop(app);
    let blocked = StateFolder::at(path.join("below-a-file"));
    let mut app = started(&blocked);
    app.open_path(&path);
    change(&mut app);
    app.dispatch(Action::InsertPower(Transition::Resume { power_lost: false }));
    app.finish_keeping();
    app.keep();
    let told = app.notices().iter().filter(|notice| notice.title.contains("Nothing can be kept"));
    assert_eq!(told.count(), 1);
    assert_eq!(commands(&app), Some(5), "work goes on");
    drop(app);
    fs::remove_dir_all(state.path()).expect("the folder is ours");
}

#[test]
fn what_another_window_saves_is_noticed_and_can_be_taken() {
    let state = state("two-windows");
    let path = session(&state, "a.ron");
    let (mut here, mut there) = (started(&state), started(&state));
    here.open_path(&path);
    there.open_path(&path);
    here.keep();
    change(&mut there);
    there.dispatch(Action::Save);
    here.look_at_file();
    let until = Instant::now() + Duration::from_secs(30);
    while here.notices().is_empty() && Instant::now() < until {
        thread::sleep(Duration::from_millis(10));
        here.keep();
    }
    let notice = here.notices().last().expect("it is told").clone();
    assert_eq!(notice.title, "a.ron was changed by another program");
    assert_eq!(notice.remedy, Some(("Reload", Action::Reload)));
    here.work(&mut || true);
    here.dispatch(Action::GoTo(Place::after(1)));
    assert_eq!(here.dispatch(Action::Reload), None);
    assert_eq!((commands(&here), is_changed(&here)), (Some(4), false));
    assert_eq!(here.session().map(|opened| opened.run().place()), Some(Place::after(1)));
    here.keep();
    assert!(here.notices().is_empty(), "{:?}", here.notices());
    drop((here, there));
    fs::remove_dir_all(state.path()).expect("the folder is ours");
}

/// Two windows, each with a change of its own, of which one was saved.
fn conflicting(state: &StateFolder) -> (App, PathBuf) {
    let path = session(state, "a.ron");
    let (mut here, mut there) = (started(state), started(state));
    here.open_path(&path);
    there.open_path(&path);
    change(&mut here);
    change(&mut there);
    there.dispatch(Action::InsertPower(Transition::Resume { power_lost: false }));
    there.dispatch(Action::Save);
    assert_eq!(on_disk(&path), 5);
    assert_eq!(here.dispatch(Action::Save), None);
    let question = here.conflict_question().expect("it is asked");
    assert_eq!(question.name, "a.ron");
    assert_eq!((on_disk(&path), is_changed(&here)), (5, true), "nothing happened yet");
    (here, path)
}

#[test]
fn a_file_changed_on_both_sides_is_asked_about_and_every_answer_does_what_it_says() {
    let state = state("conflict");
    let answer = |app: &mut App, answer| app.dispatch(Action::AnswerConflict(answer));

    let (mut app, path) = conflicting(&state);
    assert_eq!(answer(&mut app, Conflict::Cancel), None);
    assert_eq!((on_disk(&path), is_changed(&app), app.conflict_question()), (5, true, None));
    app.dispatch(Action::Save);
    app.dispatch(Action::Escape);
    assert_eq!((on_disk(&path), is_changed(&app), app.conflict_question()), (5, true, None));
    app.dispatch(Action::Save);
    assert_eq!(answer(&mut app, Conflict::Overwrite), None);
    assert_eq!((on_disk(&path), is_changed(&app)), (4, false));
    app.dispatch(Action::Undo);
    assert_eq!(app.dispatch(Action::Save), None);
    assert_eq!((app.conflict_question(), on_disk(&path)), (None, 3), "it is ours again");
    drop(app);

    let (mut app, path) = conflicting(&state);
    let asked = answer(&mut app, Conflict::SaveAs);
    assert_eq!(asked, Some(Effect::SaveDialog("a.ron".to_owned())));
    let other = path.with_file_name("b.ron");
    app.dispatch(Action::SaveTo(other.clone()));
    assert_eq!((on_disk(&path), on_disk(&other), is_changed(&app)), (5, 4, false));
    drop(app);

    let (mut app, path) = conflicting(&state);
    answer(&mut app, Conflict::Reload);
    assert_eq!((on_disk(&path), commands(&app), is_changed(&app)), (5, Some(5), false));
    drop(app);

    // What waits for saving waits for this answer too.
    let (mut app, path) = conflicting(&state);
    app.dispatch(Action::Quit);
    assert_eq!(app.dispatch(Action::AnswerUnsaved(Unsaved::Save)), None);
    assert!(app.conflict_question().is_some() && app.unsaved_question().is_none());
    assert_eq!(answer(&mut app, Conflict::Overwrite), Some(Effect::Quit));
    assert_eq!(on_disk(&path), 4);
    drop(app);
    fs::remove_dir_all(state.path()).expect("the folder is ours");
}

#[test]
fn a_file_that_vanished_is_told_of_and_saving_writes_it_anew() {
    let state = state("vanished");
    let path = session(&state, "a.ron");
    let mut app = started(&state);
    app.open_path(&path);
    fs::remove_file(&path).expect("the file is ours");
    app.note_file(&path, FileState::Missing);
    let notice = app.notices().last().expect("it is told");
    assert_eq!((notice.title.as_str(), &notice.remedy), ("a.ron is not there any more", &None));
    app.dispatch(Action::Reload);
    assert_eq!(commands(&app), Some(3), "what cannot be read replaces nothing");
    assert_eq!(app.dispatch(Action::Save), None);
    assert_eq!((on_disk(&path), app.conflict_question()), (3, None));
    let folder = path.parent().expect("it lies in a folder").to_owned();
    fs::remove_dir_all(&folder).expect("the folder is ours");
    app.dispatch(Action::Save);
    let notice = app.notices().last().expect("it is told");
    assert!(notice.text().contains("its folder is not there"), "{notice:?}");
    assert!(app.session().is_some());
    drop(app);
    fs::remove_dir_all(state.path()).expect("the folder is ours");
}
