//! The saved sessions as the start page shows them: what they say, and a picture of how they end.

use std::ops::Range;

use crate::base::Span;
use crate::machine::{Command, Ending, Expectation, Run};
use crate::rules::SegmentKind;
use crate::session::{Embedded, Names, catalogue};
use crate::vidmm::ExtentOwner;

use super::opened::Opened;

/// Extents of a segment that a thumbnail keeps at most.
const MOST_EXTENTS: usize = 4_000;
/// Owners that a thumbnail tells apart.
const MOST_OWNERS: usize = 64;
/// Sessions read between two looks at the clock.
const READ_AT_ONCE: usize = 8;
/// Bars of the strip of activity.
pub const STRIP_BARS: usize = 28;

/// Who a part of a thumbnail belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThumbnailExtent {
    /// Bytes from the start of the segment.
    pub span: Span,
    /// The process that owns it, in the list of owners.
    pub owner: usize,
}

/// A segment in a thumbnail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThumbnailSegment {
    /// Bytes.
    pub size: u64,
    /// Memory or aperture.
    pub kind: SegmentKind,
    /// What lies in it, in order.
    pub extents: Vec<ThumbnailExtent>,
}

/// A bar in the strip of activity: some commands in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThumbnailBar {
    /// Bytes moved or filled, mapped or unmapped.
    pub bytes: u64,
    /// Something was found wrong.
    pub is_bad: bool,
}

/// How a session ends, small.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thumbnail {
    /// Segments in the driver's order; none where the adapter did not start.
    pub segments: Vec<ThumbnailSegment>,
    /// Processes that own something in them; the first is the system, without a name.
    pub owners: Vec<String>,
    /// Activity from first to last command.
    pub strip: Vec<ThumbnailBar>,
    /// Everything that the session expects held, and nothing else was found wrong.
    pub holds: bool,
}

/// A saved session on the start page.
#[derive(Clone, Debug)]
pub struct SavedSession {
    /// File name and text.
    pub embedded: Embedded,
    /// Its title.
    pub title: String,
    /// What it teaches or proves.
    pub notes: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// How many commands it has.
    pub commands: usize,
    /// Kinds of command in it, each once, in the order in which they come first.
    pub kinds: Vec<&'static str>,
    /// How it ends, once it has been run.
    pub thumbnail: Option<Thumbnail>,
}

/// The saved sessions; each is run once, in slices, the first time that they are shown.
#[derive(Debug, Default)]
pub struct SavedSessions {
    known: Vec<SavedSession>,
    in_sight: Vec<usize>,
    running: Option<(usize, Box<Opened>)>,
}

impl SavedSessions {
    /// Files and texts of all of them.
    pub fn sessions(&self) -> impl Iterator<Item = Embedded> + use<> {
        catalogue().iter().copied()
    }

    /// How many there are, read or not.
    #[must_use]
    pub const fn count(&self) -> usize {
        catalogue().len()
    }

    /// Those read so far, in the order of the start page.
    #[must_use]
    pub fn known(&self) -> &[SavedSession] {
        &self.known
    }

    /// How many were run so far, and of those how many held all that they expect.
    #[must_use]
    pub fn held(&self) -> (usize, usize) {
        let run = self.known.iter().filter_map(|session| session.thumbnail.as_ref());
        run.fold((0, 0), |(run, held), end| (run + 1, held + usize::from(end.holds)))
    }

    /// Says which of [`Self::known`] somebody sees; those are run first, then their neighbours.
    pub fn set_in_sight(&mut self, in_sight: Vec<usize>) {
        self.in_sight = in_sight;
    }

    /// Whether one is not yet read or run.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !self.is_read() || self.known.iter().any(|session| session.thumbnail.is_none())
    }

    /// Whether all of them are read: their titles and tags are known.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        self.known.len() >= catalogue().len()
    }

    /// Reads some that are not yet read.
    pub fn read_some(&mut self) {
        let unread = catalogue().iter().skip(self.known.len()).take(READ_AT_ONCE);
        self.known.extend(unread.map(|embedded| SavedSession::read(*embedded)));
    }

    /// Reads some that are not yet read, or executes up to `slice` commands of the next to be run.
    pub fn work(&mut self, slice: usize) {
        if !self.is_read() {
            self.read_some();
            return;
        }
        if let Some((index, mut opened)) = self.running.take() {
            let run = opened.run_mut();
            run.execute(slice);
            if run.is_complete() {
                let end = crate::machine::Place::after(run.commands().len());
                // A run that ends elsewhere the second time has its thumbnail from where it stands.
                let _ = run.go_to(end);
                if let Some(session) = self.known.get_mut(index) {
                    session.thumbnail = Some(Thumbnail::of(opened.run(), opened.names()));
                }
            } else {
                self.running = Some((index, opened));
            }
            return;
        }
        let waits =
            |index: usize| self.known.get(index).is_some_and(|session| session.thumbnail.is_none());
        let Some(next) = nearest(&self.in_sight, self.known.len(), &waits) else { return };
        let Some(session) = self.known.get_mut(next) else { return };
        let Embedded { file_name, text, .. } = session.embedded;
        match Opened::read(text, file_name) {
            Ok(opened) => self.running = Some((next, Box::new(opened))),
            // Its card says what the file says; opening it tells what is wrong.
            Err(_) => session.thumbnail = Some(Thumbnail::default()),
        }
    }
}

/// Of `count` sessions that one for which `waits` holds and that is nearest to what is in sight:
/// in sight itself in that order, then behind it, then before it.
fn nearest(in_sight: &[usize], count: usize, waits: &dyn Fn(usize) -> bool) -> Option<usize> {
    let in_sight = in_sight.iter().copied().filter(|index| *index < count);
    let seen = in_sight.clone().find(|index| waits(*index));
    let first = in_sight.clone().min().unwrap_or(0);
    let last = in_sight.max().map_or(0, |last| last + 1);
    let find = |mut range: Range<usize>| range.find(|index| waits(*index));
    seen.or_else(|| find(last..count))
        .or_else(|| (0..first).rev().find(|index| waits(*index)))
        .or_else(|| find(first..last))
}

impl SavedSession {
    fn read(embedded: Embedded) -> Self {
        let Embedded { file_name, text, .. } = embedded;
        match crate::session::parse(text, file_name) {
            Ok(document) => Self {
                embedded,
                title: document.title,
                notes: document.notes,
                tags: document.tags,
                commands: document.commands.len(),
                kinds: kinds(&document.commands),
                thumbnail: None,
            },
            Err(error) => Self {
                embedded,
                title: file_name.to_owned(),
                notes: error.to_string(),
                tags: Vec::new(),
                commands: 0,
                kinds: Vec::new(),
                thumbnail: Some(Thumbnail::default()),
            },
        }
    }
}

fn kinds(commands: &[crate::session::document::NamedCommand]) -> Vec<&'static str> {
    let mut kinds: Vec<&'static str> = Vec::new();
    for command in commands {
        let keyword = command.keyword();
        if !kinds.contains(&keyword) {
            kinds.push(keyword);
        }
    }
    kinds
}

impl Thumbnail {
    /// The thumbnail of a run, as it stands.
    #[must_use]
    pub fn of(run: &Run, names: &Names) -> Self {
        let mut owners = vec![String::new()];
        let segments = segments(run, names, &mut owners);
        Self { segments, owners, strip: strip(run), holds: holds(run) }
    }
}

/// Whether a complete run is as its session says: the adapter started, each expectation held, all
/// damage was expected, and so was each stop, by the command behind it.
fn holds(run: &Run) -> bool {
    let stops_as_expected = |(number, record): (usize, &crate::machine::CommandRecord)| {
        let Ending::Stopped(stop) = &record.ending else { return true };
        let wanted = Command::Expect(Expectation::Stopped(stop.code, stop.parameter));
        run.commands().get(number..).is_some_and(|later| later.contains(&wanted))
    };
    run.machine().started().is_ok()
        && run.bad_count() == 0
        && (1..).zip(run.records()).all(stops_as_expected)
}

fn segments(run: &Run, names: &Names, owners: &mut Vec<String>) -> Vec<ThumbnailSegment> {
    let Ok(started) = run.machine().started() else { return Vec::new() };
    let vidmm = started.vidmm();
    let book = vidmm.book();
    let owner = |owner| match owner {
        ExtentOwner::Allocation(id) | ExtentOwner::Eviction(id) => book
            .allocation(id)
            .and_then(|allocation| book.device(allocation.device()))
            .map_or("", |device| names.process(device.process)),
        ExtentOwner::PagingBuffer(_)
        | ExtentOwner::DmaBuffer(_)
        | ExtentOwner::InvalidRange(_)
        | ExtentOwner::UefiFrameBuffer(_) => "",
    };
    let mut place = |name: &str| {
        let known = owners.iter().position(|owner| owner == name);
        known.unwrap_or_else(|| {
            if owners.len() == MOST_OWNERS {
                return 0;
            }
            owners.push(name.to_owned());
            owners.len() - 1
        })
    };
    let mut extents = |segment| -> Vec<ThumbnailExtent> {
        let Some(used) = book.segment(segment) else { return Vec::new() };
        used.extents(Span::whole(u64::MAX))
            .take(MOST_EXTENTS)
            .map(|(span, who)| ThumbnailExtent { span, owner: place(owner(who)) })
            .collect()
    };
    let segments = vidmm.adapter().segments.iter();
    segments
        .map(|segment| ThumbnailSegment {
            size: segment.size.get(),
            kind: segment.kind,
            extents: extents(segment.id),
        })
        .collect()
}

fn strip(run: &Run) -> Vec<ThumbnailBar> {
    let records = run.records();
    let bars = records.len().min(STRIP_BARS);
    let mut strip = vec![ThumbnailBar::default(); bars];
    for (index, record) in records.iter().enumerate() {
        let Some(bar) = strip.get_mut(index * bars / records.len()) else { continue };
        let summary = record.summary;
        let moved =
            [summary.bytes_in, summary.bytes_out, summary.bytes_mapped, summary.bytes_unmapped];
        bar.bytes = moved.into_iter().fold(bar.bytes, u64::saturating_add);
        bar.is_bad |= record.is_bad();
    }
    strip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_saved_session_gets_a_thumbnail_of_its_end_and_holds() {
        let mut saved = SavedSessions::default();
        let mut slices = 0;
        while saved.has_work() {
            saved.work(5);
            slices += 1;
            assert!(slices < 100_000, "no end in sight");
        }
        let tour = saved.known().iter().find(|session| session.embedded.file_name == "tour.ron");
        let tour = tour.expect("the tour comes with the program");
        assert_eq!(tour.title, "The tour");
        let thumbnail = tour.thumbnail.as_ref().expect("everything was run");
        assert_eq!(thumbnail.segments.len(), 3);
        let dwm = thumbnail.owners.iter().position(|owner| owner == "dwm.exe");
        let dwm = dwm.expect("the compositor owns something");
        assert!(thumbnail.segments[0].extents.iter().any(|extent| extent.owner == dwm));
        assert_eq!(thumbnail.strip.len(), tour.commands.min(STRIP_BARS));
        assert!(thumbnail.strip.iter().any(|bar| bar.bytes > 0));
        // `check` says the same of each: a stop or damage that its session expects is no failure.
        for session in saved.known() {
            let holds = session.thumbnail.as_ref().is_some_and(|thumbnail| thumbnail.holds);
            assert!(holds, "{}", session.embedded.file_name);
        }
        assert_eq!(saved.held(), (saved.count(), saved.count()));
    }

    #[test]
    fn what_is_in_sight_is_run_first_and_then_what_is_nearest() {
        let order = |in_sight: &[usize]| {
            let mut done: Vec<usize> = Vec::new();
            while let Some(next) =
                nearest(in_sight, 7, &|index| index < 7 && !done.contains(&index))
            {
                done.push(next);
            }
            done
        };
        assert_eq!(order(&[]), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(order(&[3, 2]), [3, 2, 4, 5, 6, 1, 0]);
        // A filter leaves sessions out in the middle; they come last.
        assert_eq!(order(&[1, 5]), [1, 5, 6, 0, 2, 3, 4]);
        assert_eq!(order(&[90]), [0, 1, 2, 3, 4, 5, 6]);
    }

    /// The adapter has one segment of which the commit limit is above its size.
    #[test]
    fn a_session_does_not_hold_that_cannot_start_or_expects_what_is_not_so() {
        let holds_of = |text: &str| {
            let mut opened = Opened::read(text, "a.ron").expect("it can be read");
            opened.execute(usize::MAX);
            holds(opened.run())
        };
        assert!(holds_of(r#"(version: 1, adapter: (profile: "inspector"), commands: [])"#));
        assert!(!holds_of(
            r#"(version: 1, adapter: (profile: "inspector", segments: [
                (name: "V", flags: 0x4, base: 0x0, size: "16 MiB", commit_limit: "17 MiB"),
            ]), commands: [])"#
        ));
        assert!(!holds_of(
            r#"(version: 1, adapter: (profile: "inspector"), commands: [
                CreateProcess("p"),
                CreateDevice(name: "d", process: "p"),
                CreateAllocation(name: "a", device: "d", size: "1 MiB", preferred: [1], supported: [1]),
                Expect(Place(allocation: "a", segment: 1)),
            ])"#
        ));
    }
}
