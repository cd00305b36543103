//! The saved sessions as the start page shows them: what they say, and a picture of how they end.

use crate::base::Span;
use crate::machine::Run;
use crate::rules::SegmentKind;
use crate::session::{Embedded, Names, catalogue};
use crate::vidmm::ExtentOwner;

use super::opened::Opened;

/// Extents of a segment that a thumbnail keeps at most.
const MOST_EXTENTS: usize = 4_000;
/// Bars of the strip of activity.
pub const STRIP_BARS: usize = 28;

/// Who a part of a thumbnail belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThumbnailExtent {
    /// Bytes from the start of the segment.
    pub span: Span,
    /// The process that owns it; empty for the system.
    pub owner: String,
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
    /// Activity from first to last command.
    pub strip: Vec<ThumbnailBar>,
    /// Commands after which something was wrong.
    pub bad: usize,
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
    /// How it ends, once it has been run.
    pub thumbnail: Option<Thumbnail>,
}

/// The saved sessions; each is run once, in slices, the first time that they are shown.
#[derive(Debug, Default)]
pub struct SavedSessions {
    known: Vec<SavedSession>,
    running: Option<Box<Opened>>,
}

impl SavedSessions {
    /// Files and texts of all of them.
    pub fn sessions(&self) -> impl Iterator<Item = Embedded> + use<> {
        catalogue().iter().copied()
    }

    /// Those read so far, in the order of the start page.
    #[must_use]
    pub fn known(&self) -> &[SavedSession] {
        &self.known
    }

    /// Whether one is not yet read or run.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.known.len() < catalogue().len()
            || self.known.iter().any(|session| session.thumbnail.is_none())
    }

    /// Reads what is not yet read, or executes up to `slice` commands of the next to be run.
    pub fn work(&mut self, slice: usize) {
        for embedded in catalogue().iter().skip(self.known.len()) {
            self.known.push(SavedSession::read(*embedded));
        }
        let Some(session) = self.known.iter_mut().find(|session| session.thumbnail.is_none())
        else {
            return;
        };
        if self.running.is_none() {
            let Embedded { file_name, text } = session.embedded;
            match Opened::read(text, file_name) {
                Ok(opened) => self.running = Some(Box::new(opened)),
                // Its card says what the file says; opening it tells what is wrong.
                Err(_) => session.thumbnail = Some(Thumbnail::default()),
            }
        }
        let Some(opened) = &mut self.running else { return };
        let run = opened.run_mut();
        run.execute(slice);
        if run.is_complete() {
            let end = crate::machine::Place::after(run.commands().len());
            // A run that ends elsewhere the second time has its thumbnail from where it stands.
            let _ = run.go_to(end);
            session.thumbnail = Some(Thumbnail::of(opened.run(), opened.names()));
            self.running = None;
        }
    }
}

impl SavedSession {
    fn read(embedded: Embedded) -> Self {
        let Embedded { file_name, text } = embedded;
        match crate::session::parse(text, file_name) {
            Ok(document) => Self {
                embedded,
                title: document.title,
                notes: document.notes,
                tags: document.tags,
                commands: document.commands.len(),
                thumbnail: None,
            },
            Err(error) => Self {
                embedded,
                title: file_name.to_owned(),
                notes: error.to_string(),
                tags: Vec::new(),
                commands: 0,
                thumbnail: Some(Thumbnail::default()),
            },
        }
    }
}

impl Thumbnail {
    /// The thumbnail of a run, as it stands.
    #[must_use]
    pub fn of(run: &Run, names: &Names) -> Self {
        Self { segments: segments(run, names), strip: strip(run), bad: run.bad_count() }
    }
}

fn segments(run: &Run, names: &Names) -> Vec<ThumbnailSegment> {
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
    let extents = |segment| {
        let Some(used) = book.segment(segment) else { return Vec::new() };
        used.extents(Span::whole(u64::MAX))
            .take(MOST_EXTENTS)
            .map(|(span, who)| ThumbnailExtent { span, owner: owner(who).to_owned() })
            .collect()
    };
    vidmm
        .adapter()
        .segments
        .iter()
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
    fn every_saved_session_gets_a_thumbnail_of_its_end() {
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
        assert!(thumbnail.segments[0].extents.iter().any(|extent| extent.owner == "dwm.exe"));
        assert_eq!(thumbnail.strip.len(), tour.commands.min(STRIP_BARS));
        assert!(thumbnail.strip.iter().any(|bar| bar.bytes > 0));
        assert_eq!(thumbnail.bad, 0);
    }
}
