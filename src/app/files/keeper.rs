//! A thread that keeps what must outlive the program, and looks whether the file of the session is
//! still what it was: both wait for disks, and the window does not.

use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::identity::{FileIdentity, FileState};
use super::recovery::{Origin, Slot};
use super::state::{Preferences, StateFolder};
use crate::app::recent::RecentFile;
use crate::session::Document;

/// How often the file of the session is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Copies of changes are written no more often than this.
const COPY_PAUSE: Duration = Duration::from_millis(1_000);

/// Called from the thread when there is something to collect: usually a request to repaint.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Something to be kept.
#[derive(Debug)]
pub enum Wish {
    /// The changes of the session, in place of what was kept of them before.
    Copy(Origin, Arc<Document>),
    /// The changes are saved or given up; nothing is to be kept of them.
    Drop,
    /// From now on copies go to this place; what is kept at the place before is dropped.
    Adopt(Slot),
    /// A file was worked with.
    Recent(RecentFile),
    /// A file is not to be remembered.
    Forget(PathBuf),
    /// What the user prefers.
    Preferences(Preferences),
}

/// What the thread found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The file that is watched is not as it was.
    File(PathBuf, FileState),
    /// Something could not be kept; the reason.
    Failed(String),
}

/// The thread, from outside. Dropping it waits until everything is kept that was wished for.
pub struct Keeper {
    desk: Arc<Desk>,
    thread: Option<JoinHandle<()>>,
}

struct Desk {
    papers: Mutex<Papers>,
    news: Condvar,
}

#[derive(Default)]
struct Papers {
    wishes: VecDeque<Wish>,
    watched: Option<(PathBuf, FileIdentity)>,
    /// What was watched is new: what was seen of the last does not count.
    watches_anew: bool,
    look_now: bool,
    reports: Vec<Report>,
    busy: bool,
    end: bool,
}

impl Desk {
    fn papers(&self) -> MutexGuard<'_, Papers> {
        // Nothing here is left half done by a panic.
        self.papers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper {
    /// Starts the thread. Without a folder it only watches.
    ///
    /// `None` where the system gives no thread.
    #[must_use]
    pub fn start(state: Option<StateFolder>, wake: Waker) -> Option<Self> {
        let desk = Arc::new(Desk { papers: Mutex::default(), news: Condvar::new() });
        let worker = Worker {
            desk: Arc::clone(&desk),
            state,
            wake,
            slot: None,
            last_copy: None,
            seen: None,
            last_look: Instant::now(),
        };
        let builder = thread::Builder::new().name("keeper".to_owned());
        let thread = builder.spawn(move || worker.run()).ok()?;
        Some(Self { desk, thread: Some(thread) })
    }

    /// Has something kept, after everything that was wished for before.
    pub fn wish(&self, wish: Wish) {
        let mut papers = self.desk.papers();
        if matches!(wish, Wish::Copy(..)) && matches!(papers.wishes.back(), Some(Wish::Copy(..))) {
            // A newer copy makes the older one needless.
            papers.wishes.pop_back();
        }
        papers.wishes.push_back(wish);
        self.desk.news.notify_all();
    }

    /// The file to look at from now on, and what it was; `None` for none.
    pub fn watch(&self, watched: Option<(PathBuf, FileIdentity)>) {
        let mut papers = self.desk.papers();
        papers.watched = watched;
        papers.watches_anew = true;
        // What was found of another file, or of another state of it, is not news any more.
        papers.reports.retain(|report| !matches!(report, Report::File(..)));
    }

    /// Looks at the file soon, without waiting for the next look.
    pub fn look_now(&self) {
        self.desk.papers().look_now = true;
        self.desk.news.notify_all();
    }

    /// What was found since the last call.
    #[must_use]
    pub fn collect(&self) -> Vec<Report> {
        std::mem::take(&mut self.desk.papers().reports)
    }

    /// Waits until everything that was wished for is done.
    pub fn finish(&self) {
        let mut papers = self.desk.papers();
        while papers.busy || !papers.wishes.is_empty() {
            if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return;
            }
            let waited = self.desk.news.wait_timeout(papers, LOOK);
            papers = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.desk.papers().end = true;
        self.desk.news.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

/// The thread, from inside.
struct Worker {
    desk: Arc<Desk>,
    state: Option<StateFolder>,
    wake: Waker,
    slot: Option<Slot>,
    last_copy: Option<Instant>,
    /// Length and time of the watched file when it was last judged.
    seen: Option<Option<(u64, Option<SystemTime>)>>,
    last_look: Instant,
}

/// What to do next.
enum Next {
    Keep(Wish),
    Look,
    End,
}

impl Worker {
    fn run(mut self) {
        loop {
            match self.next() {
                Next::Keep(wish) => {
                    let copies = matches!(wish, Wish::Copy(..));
                    let kept = self.keep(wish);
                    if copies {
                        self.last_copy = Some(Instant::now());
                    }
                    let mut papers = self.desk.papers();
                    papers.busy = false;
                    if let Err(reason) = kept {
                        papers.reports.push(Report::Failed(reason));
                        drop(papers);
                        (self.wake)();
                    }
                    self.desk.news.notify_all();
                }
                Next::Look => self.look(),
                Next::End => return,
            }
        }
    }

    fn next(&mut self) -> Next {
        let mut papers = self.desk.papers();
        loop {
            let now = Instant::now();
            let until_copy = match (papers.wishes.front(), self.last_copy) {
                (Some(Wish::Copy(..)), Some(last)) if !papers.end => {
                    COPY_PAUSE.saturating_sub(now.saturating_duration_since(last))
                }
                _ => Duration::ZERO,
            };
            if until_copy.is_zero()
                && let Some(wish) = papers.wishes.pop_front()
            {
                papers.busy = true;
                return Next::Keep(wish);
            }
            if papers.end && papers.wishes.is_empty() {
                return Next::End;
            }
            let until_look = LOOK.saturating_sub(now.saturating_duration_since(self.last_look));
            if papers.look_now || until_look.is_zero() {
                papers.look_now = false;
                self.last_look = now;
                return Next::Look;
            }
            let wait = if until_copy.is_zero() { until_look } else { until_look.min(until_copy) };
            let waited = self.desk.news.wait_timeout(papers, wait);
            papers = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn keep(&mut self, wish: Wish) -> Result<(), String> {
        let in_words = |error: std::io::Error| error.to_string();
        let Some(state) = &self.state else { return Ok(()) };
        match wish {
            Wish::Copy(origin, document) => {
                let slot = match self.slot.take() {
                    Some(slot) => slot,
                    None => Slot::create(state).map_err(in_words)?,
                };
                let written = slot.write(&origin, &document).map_err(|error| error.to_string());
                self.slot = Some(slot);
                written
            }
            Wish::Drop => match self.slot.take() {
                Some(slot) => slot.discard().map_err(in_words),
                None => Ok(()),
            },
            Wish::Adopt(slot) => match self.slot.replace(slot) {
                Some(before) => before.discard().map_err(in_words),
                None => Ok(()),
            },
            Wish::Recent(mut recent) => {
                let change = |recents: &mut Vec<RecentFile>| {
                    recents.retain(|other| {
                        let same = other.path == recent.path;
                        // Another window may have opened it later.
                        recent.when = if same { recent.when.max(other.when) } else { recent.when };
                        !same
                    });
                    recents.insert(0, recent);
                };
                state.change_recents(change).map_err(in_words)
            }
            Wish::Forget(path) => {
                let change = |recents: &mut Vec<RecentFile>| {
                    recents.retain(|recent| recent.path != path);
                };
                state.change_recents(change).map_err(in_words)
            }
            Wish::Preferences(preferences) => state.keep_preferences(preferences).map_err(in_words),
        }
    }

    /// Looks at the watched file; one that is as it was when it was last judged is not judged again.
    fn look(&mut self) {
        let (watched, anew) = {
            let mut papers = self.desk.papers();
            (papers.watched.clone(), std::mem::take(&mut papers.watches_anew))
        };
        if anew {
            self.seen = None;
        }
        let Some((path, identity)) = watched else { return };
        let stamp = stamp(&path);
        if self.seen == Some(stamp) {
            return;
        }
        let news = self.seen.replace(stamp);
        let state = identity.glance(&path);
        if state == FileState::Same && news.is_none() {
            return;
        }
        let mut papers = self.desk.papers();
        if papers.watches_anew {
            return;
        }
        papers.reports.push(Report::File(path, state));
        drop(papers);
        (self.wake)();
    }
}

/// Length and time of a file; `None` where it is not there.
fn stamp(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    fs::metadata(path).ok().map(|found| (found.len(), found.modified().ok()))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;
    use crate::app::files::recovery::left_behind;
    use crate::app::files::state::tests::state;
    use crate::session::{Fingerprint, parse};

    fn keeper(state: Option<StateFolder>) -> (Keeper, Receiver<()>) {
        let (woken, wait) = channel();
        let woken = Mutex::new(woken);
        let wake: Waker = Arc::new(move || {
            let _ = woken.lock().map(|woken| woken.send(()));
        });
        (Keeper::start(state, wake).expect("there are threads"), wait)
    }

    fn document(title: &str) -> Arc<Document> {
        let text =
            format!(r#"(version: 1, title: "{title}", adapter: (profile: "p"), commands: [])"#);
        Arc::new(parse(&text, "test").expect("a complete session"))
    }

    fn copy(title: &str) -> Wish {
        Wish::Copy(Origin { title: title.to_owned(), ..Origin::default() }, document(title))
    }

    #[test]
    fn the_last_of_many_copies_outlives_the_thread_and_a_dropped_one_does_not() {
        let state = state("keeper");
        let (keeper, _) = self::keeper(Some(state.clone()));
        for number in 0..1_000 {
            keeper.wish(copy(&format!("{number}")));
        }
        let started = Instant::now();
        drop(keeper);
        assert!(started.elapsed() < Duration::from_secs(30), "only the last is worth writing");
        let mut left = left_behind(&state);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].origin.title, "999");
        let (keeper, _) = self::keeper(Some(state.clone()));
        keeper.wish(Wish::Adopt(left.remove(0).take().expect("nobody has it")));
        keeper.wish(Wish::Drop);
        keeper.finish();
        assert!(left_behind(&state).is_empty());
        keeper.wish(copy("again"));
        drop(keeper);
        assert_eq!(left_behind(&state).len(), 1, "a copy after a drop is a new one");
        fs::remove_dir_all(state.path()).expect("the folder is ours");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_reported_and_nothing_else_happens() {
        let state = state("blocked");
        fs::write(state.path(), "a file").expect("the temporary folder is writable");
        let (keeper, wait) = self::keeper(Some(state.clone()));
        keeper.wish(copy("a"));
        assert!(wait.recv_timeout(Duration::from_secs(30)).is_ok());
        keeper.finish();
        let reports = keeper.collect();
        assert!(matches!(reports.as_slice(), [Report::Failed(_)]), "{reports:?}");
        drop(keeper);
        fs::remove_file(state.path()).expect("the file is ours");
    }

    #[test]
    fn a_change_of_the_watched_file_wakes_the_window_once() {
        let path = std::env::temp_dir().join(format!("vidmm-watched-{}", std::process::id()));
        fs::write(&path, "one").expect("the temporary folder is writable");
        let identity = FileIdentity { fingerprint: Fingerprint::of(b"one"), modified: None };
        let (keeper, wait) = self::keeper(None);
        keeper.watch(Some((path.clone(), identity)));
        keeper.look_now();
        assert!(wait.recv_timeout(Duration::from_millis(100)).is_err(), "nothing changed");
        fs::write(&path, "three").expect("the file is ours");
        keeper.look_now();
        assert!(wait.recv_timeout(Duration::from_secs(30)).is_ok());
        assert_eq!(keeper.collect(), [Report::File(path.clone(), FileState::Changed)]);
        fs::remove_file(&path).expect("the file is ours");
        assert!(wait.recv_timeout(Duration::from_secs(30)).is_ok(), "it looks by itself");
        assert_eq!(keeper.collect(), [Report::File(path.clone(), FileState::Missing)]);
        assert!(wait.recv_timeout(Duration::from_millis(2_500)).is_err(), "once is enough");
    }
}
