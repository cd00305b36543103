//! Saving while somebody pulls the plug: a child process saves over and over and is killed at any
//! moment; what it leaves behind is looked at after each kill.
//!
//! The child is this test binary again, told by variables what to do. `KILLS=1000` kills more often
//! than a quick run does.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use vidmm_inspector::app::{Action, App, Effect, StateFolder, Unsaved, files};
use vidmm_inspector::base::SplitMix;
use vidmm_inspector::machine::Place;
use vidmm_inspector::session::{self, Document};
use vidmm_inspector::vidmm::{Sleep, Transition};

/// Says what a child is to do.
const TASK: &str = "VIDMM_TEST_TASK";
/// Says in which folder.
const FOLDER: &str = "VIDMM_TEST_FOLDER";
/// The child says so when it begins.
const READY: &str = "the child is ready";
/// Microseconds in which a window writes its first copy, and perhaps a second.
const WINDOW: u64 = 1_200_000;
/// No child is waited for longer than so many microseconds.
const LONGEST: u64 = 10_000_000;

/// A document with so many commands.
fn document(title: &str, commands: usize) -> Document {
    use std::fmt::Write as _;
    let mut text = format!(
        "(version: 1, title: \"{title}\", adapter: (profile: \"inspector\"), commands: [\n"
    );
    for number in 0..commands {
        let _ = writeln!(text, "CreateProcess(\"{title}-process-{number}\"),");
    }
    text.push_str("])");
    session::parse(&text, title).expect("a complete session")
}

fn one() -> Document {
    document("one", 20_000)
}

fn other() -> Document {
    document("other", 30_000)
}

fn kills(usual: u32) -> u32 {
    env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(usual)
}

/// A folder of its own for a test, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    folder
}

/// What the child is to do, and where; `None` in the parent.
fn task() -> Option<(String, PathBuf)> {
    Some((env::var(TASK).ok()?, env::var_os(FOLDER)?.into()))
}

/// A child that has begun with its task, how many microseconds one round of it takes, and what else
/// it prints: it must be able to.
fn child(
    mut command: Command,
    task: &str,
    folder: &Path,
) -> (Child, u64, Lines<BufReader<ChildStdout>>) {
    command.env(TASK, task).env(FOLDER, folder).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("this binary can run again");
    let out = child.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(out).lines();
    let ready = lines.find_map(|line| Some(line.ok()?.split_once(READY)?.1.trim().to_owned()));
    let round = ready.expect("the child has begun").parse().expect("it says how long");
    (child, round, lines)
}

fn itself() -> Command {
    let mut command = Command::new(env::current_exe().expect("this binary has a path"));
    command.args(["--exact", "kill::what_the_child_does", "--nocapture"]);
    command
}

fn say_ready(round: Duration) {
    use std::io::Write as _;
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{READY} {}", round.as_micros());
    let _ = out.flush();
}

/// Does nothing unless it runs in the child.
#[test]
fn what_the_child_does() {
    let Some((task, folder)) = task() else { return };
    match task.as_str() {
        "save" => save_for_ever(&folder),
        "change" => change_for_ever(&folder),
        "full" => save_without_room(&folder),
        _ => panic!("there is no task {task}"),
    }
}

fn save_for_ever(folder: &Path) {
    let (path, documents) = (folder.join("a.ron"), [one(), other()]);
    let save_both = || {
        for document in &documents {
            session::save(&path, document).expect("the folder is writable");
        }
    };
    let started = Instant::now();
    save_both();
    say_ready(started.elapsed());
    loop {
        save_both();
    }
}

fn change_for_ever(folder: &Path) {
    let mut app = App::default();
    let state = StateFolder::at(folder.join("state"));
    app.keep_in(Some(state), Arc::new(|| {}));
    assert!(app.open_path(&folder.join("a.ron")));
    app.work(&mut || true);
    app.dispatch(Action::GoTo(Place::after(1)));
    say_ready(Duration::ZERO);
    loop {
        app.dispatch(Action::InsertPower(Transition::Sleep(Sleep::Standby)));
        app.keep();
        thread::sleep(Duration::from_millis(1));
        app.dispatch(Action::InsertPower(Transition::Resume { power_lost: false }));
        app.keep();
    }
}

fn save_without_room(folder: &Path) {
    let path = folder.join("a.ron");
    let error = session::save(&path, &other()).expect_err("there is no room");
    assert!(error.to_string().contains("not enough room"), "{error}");
    let long = "x".repeat(1 << 20);
    let error = files::write(&folder.join("table.csv"), &long).expect_err("there is no room");
    assert!(error.contains("not enough room"), "{error}");
    say_ready(Duration::ZERO);
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder exists").flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_killed_save_leaves_one_whole_file_and_the_next_one_cleans_up() {
    let folder = folder("killed");
    let path = folder.join("a.ron");
    session::save(&path, &one()).expect("the folder is writable");
    let texts = [one(), other()].map(|document| session::write(&document));
    let mut random = SplitMix::new(17);
    let (mut seen, mut left_over) = ([0_u32; 2], 0_u32);
    for kill in 0..kills(60) {
        let (mut child, round, _lines) = child(itself(), "save", &folder);
        let wait = random.below(2 * round.clamp(1, LONGEST));
        thread::sleep(Duration::from_micros(wait));
        child.kill().expect("it runs until it is killed");
        child.wait().expect("it was killed");
        let found = fs::read_to_string(&path).expect("the file is always there");
        let whole = texts.iter().position(|text| *text == found);
        let which = whole.unwrap_or_else(|| panic!("kill {kill}: the file is neither of both"));
        seen[which] += 1;
        let listed = files::list(&folder).expect("the folder is ours");
        assert!(listed.iter().all(|entry| entry.name == "a.ron"), "kill {kill}: {listed:?}");
        let names = names(&folder);
        left_over += u32::try_from(names.len()).unwrap_or(u32::MAX) - 1;
        if kill % 4 == 3 {
            session::save(&path, &one()).expect("the folder is writable");
            assert_eq!(self::names(&folder), ["a.ron"], "kill {kill}");
        }
    }
    println!("{seen:?} whole files, {left_over} temporary files seen and removed");
    session::save(&path, &one()).expect("the folder is writable");
    assert_eq!(names(&folder), ["a.ron"]);
    fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[test]
fn changes_of_a_killed_window_come_back_whole() {
    let folder = folder("killed-window");
    let path = folder.join("a.ron");
    session::save(&path, &document("one", 2_000)).expect("the folder is writable");
    let saved = fs::read(&path).expect("it was saved");
    let mut random = SplitMix::new(29);
    let mut brought_back = 0;
    for kill in 0..kills(60).div_ceil(6) {
        let (mut child, _, _lines) = child(itself(), "change", &folder);
        thread::sleep(Duration::from_micros(random.below(WINDOW)));
        child.kill().expect("it runs until it is killed");
        child.wait().expect("it was killed");
        assert_eq!(fs::read(&path).ok().as_ref(), Some(&saved), "kill {kill}: nobody saved");
        let mut app = App::default();
        app.keep_in(Some(StateFolder::at(folder.join("state"))), Arc::new(|| {}));
        let offered = app.recents().iter().filter(|recent| recent.recovered).count();
        assert!(offered <= 1, "kill {kill}: {:?}", app.recents());
        brought_back += offered;
        assert!(app.open_path(&path), "kill {kill}: {:?}", app.notices());
        let opened = app.session().expect("it was opened");
        assert_eq!(opened.is_changed(), offered == 1, "kill {kill}: {:?}", app.notices());
        let commands = opened.document().commands.len();
        assert_eq!(commands > 2_000, offered == 1, "kill {kill}: {commands} commands");
        if offered == 1 {
            app.dispatch(Action::Quit);
            let answer = app.dispatch(Action::AnswerUnsaved(Unsaved::Discard));
            assert_eq!(answer, Some(Effect::Quit));
        }
    }
    println!("{brought_back} brought back");
    assert!(brought_back > 0, "at least one child lived to its first copy");
    fs::remove_dir_all(&folder).expect("the folder is ours");
}

#[cfg(unix)]
#[test]
fn a_disk_without_room_is_told_and_the_file_stays() {
    let folder = folder("full");
    let path = folder.join("a.ron");
    session::save(&path, &one()).expect("the folder is writable");
    let before = fs::read(&path).expect("it was saved");
    let mut command = Command::new("bash");
    // Files of at most 64 KiB; without the trap the system would end the child instead of telling it.
    command.args(["-c", r#"trap "" XFSZ; ulimit -f 64 && exec "$0" "$@""#]);
    command.arg(env::current_exe().expect("this binary has a path"));
    command.args(["--exact", "kill::what_the_child_does", "--nocapture"]);
    if Command::new("bash").arg("--version").output().is_err() {
        println!("skipped: there is no bash that could limit the size of files");
        return;
    }
    let (mut child, _, lines) = child(command, "full", &folder);
    lines.for_each(drop);
    let status = child.wait().expect("it ends by itself");
    assert!(status.success(), "{status}");
    assert_eq!(fs::read(&path).ok(), Some(before));
    assert_eq!(names(&folder), ["a.ron"]);
    fs::remove_dir_all(&folder).expect("the folder is ours");
}
