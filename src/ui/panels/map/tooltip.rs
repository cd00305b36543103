//! What the map says about the thing under the pointer.

use egui::{Sense, Ui, vec2};

use super::hit::Hit;
use super::scene::Scene;
use crate::analysis::lanes::{self, contributors};
use crate::analysis::map_words as words;
use crate::analysis::strips;
use crate::base::text::{count, size as size_text};
use crate::base::{AllocationId, ProcessId};
use crate::rules::CheckedSegment;
use crate::ui::theme::size;
use crate::ui::widgets::{elide, swatch};
use crate::vidmm::{ExtentOwner, SegmentUse};

/// How many blocks of a column are named.
const MOST_NAMED: usize = 6;

/// Width of a line at most, in points.
const WIDEST: f32 = 400.0;

/// A tooltip in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tip {
    /// What it is.
    pub(super) title: String,
    /// Whose it is; the name, and the process for its colour.
    pub(super) owner: Option<(String, Option<ProcessId>)>,
    /// Facts, one a line.
    pub(super) lines: Vec<String>,
    /// What can be done.
    pub(super) hint: Option<&'static str>,
}

/// The words for what is under the pointer. Takes time in proportion to the run for blocks, so
/// callers keep it.
pub(super) fn tip(scene: &Scene<'_>, hit: &Hit) -> Tip {
    let (started, names) = (scene.started, scene.view.names);
    let segment = |id| started.vidmm().adapter().segment(id);
    match *hit {
        Hit::Extent(id, owner, span) => {
            let Some(segment) = segment(id) else { return Tip::default() };
            extent(scene, segment, owner, span)
        }
        Hit::Merged { segment: id, column, count: run } => {
            let usage = started.vidmm().book().segment(id);
            let (Some(segment), Some(usage)) = (segment(id), usage) else {
                return Tip::default();
            };
            let found = contributors(usage, column, MOST_NAMED);
            Tip {
                title: format!("{} blocks here, {} in the run", count(found.count), count(run)),
                owner: None,
                lines: words::column_lines(names, segment, column, &found),
                hint: Some(
                    "Too narrow to draw one by one: a double click or Ctrl + wheel zooms in",
                ),
            }
        }
        Hit::Hole(id, span) => {
            let Some(segment) = segment(id) else { return Tip::default() };
            let mut lines = words::hole_lines(segment, span);
            let gone = scene.movements.left_from(id).filter(|(_, was)| was.overlaps(span));
            lines.extend(gone.map(|(id, was)| {
                format!("left now: {}, {}", names.allocation(id), size_text(was.len()))
            }));
            Tip { title: "Free".to_owned(), owner: None, lines, hint: None }
        }
        Hit::Page(id, page) => {
            let Some(segment) = segment(id) else { return Tip::default() };
            let book = started.vidmm().book();
            let dummy = started.vidmm().dummy_page().frame();
            let owner = page.owner.map(|(owner, _)| {
                let name = words::owner_name(book, names, owner).to_owned();
                (name, lanes::process_of(book, owner))
            });
            Tip {
                title: words::page_title(segment, &page, dummy),
                owner,
                lines: words::page_lines(names, (book, dummy), segment, &page),
                hint: Some("Click selects the page, F zooms to it"),
            }
        }
        Hit::Frame(frame) => {
            let host = started.host();
            let address = frame.get().checked_mul(crate::base::PAGE_SIZE);
            let mut lines = vec![words::frame_use(names, host.use_of(frame))];
            lines.extend(address.map(|at| format!("address {}", crate::base::text::hex(at))));
            Tip { title: words::frame_title(frame), owner: None, lines, hint: None }
        }
        Hit::Banks(id, first, last) => {
            let (Some(segment), Some(usage)) = (segment(id), started.vidmm().book().segment(id))
            else {
                return Tip::default();
            };
            banks(scene, segment, usage, (first, last))
        }
        Hit::Apart(id, kind, span) => {
            let Some(segment) = segment(id) else { return Tip::default() };
            let name = strips::apart_name(kind);
            let mut title = name.to_owned();
            if let Some(first) = title.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            let mut lines = vec![
                format!("{}, {}", size_text(span.len()), words::addresses(segment, span)),
                strips::apart_meaning(kind).to_owned(),
            ];
            if kind == strips::ApartKind::Kept {
                let last = crate::base::text::hex(span.end().saturating_sub(1));
                lines.push(format!("last byte kept at offset {last}"));
            }
            Tip { title, owner: None, lines, hint: Some("Click selects the segment") }
        }
        Hit::Title(id) => {
            let Some(segment) = segment(id) else { return Tip::default() };
            segment_tip(scene, segment)
        }
    }
}

fn extent(
    scene: &Scene<'_>,
    segment: &CheckedSegment,
    owner: ExtentOwner,
    span: crate::base::Span,
) -> Tip {
    let (started, names) = (scene.started, scene.view.names);
    let book = started.vidmm().book();
    let id: Option<AllocationId> = match owner {
        ExtentOwner::Allocation(id) => Some(id),
        ExtentOwner::Eviction(_)
        | ExtentOwner::PagingBuffer(_)
        | ExtentOwner::DmaBuffer(_)
        | ExtentOwner::InvalidRange(_)
        | ExtentOwner::UefiFrameBuffer(_) => None,
    };
    let encoded = id.and_then(|id| scene.encoded.iter().find(|encoded| encoded.allocation == id));
    let since = id.and_then(|id| scene.view.resident_since(id));
    let owned = (words::owner_name(book, names, owner).to_owned(), lanes::process_of(book, owner));
    Tip {
        title: words::extent_name(names, owner),
        owner: Some(owned),
        lines: words::block_lines(started, names, segment, owner, span, encoded, since),
        hint: Some("Double click or F zooms to it, H shows whole segments"),
    }
}

fn banks(
    scene: &Scene<'_>,
    segment: &CheckedSegment,
    usage: &SegmentUse,
    (first, last): (u8, u8),
) -> Tip {
    let (started, names) = (scene.started, scene.view.names);
    let hint = Some("A double click zooms to it");
    if first < last {
        let title = format!("Banks {first} to {last} of {}", segment.name);
        let span = segment.bank(first).zip(segment.bank(last));
        let span = span.and_then(|(a, b)| crate::base::Span::new(a.start(), b.end()));
        let range = span.map(|span| words::addresses(segment, span));
        let many = "Too narrow to be told apart here".to_owned();
        let lines = range.into_iter().chain([many]).collect();
        return Tip { title, owner: None, lines, hint };
    }
    let mut lines = strips::bank_lines(segment, usage, first);
    if let Some(crate::app::Item::Allocation(id)) = scene.view.selected
        && let Some(allocation) = started.vidmm().book().allocation(id)
    {
        let place = allocation.placement().filter(|place| place.segment == segment.id);
        let outcome = place
            .and_then(|place| strips::hint_outcome(segment, allocation.info().hinted_banks, place));
        if let Some((_, sentence)) = outcome {
            lines.push(format!("{}: {sentence}", names.allocation(id)));
        }
    }
    let title = format!("Bank {first} of {}, {} in all", segment.name, segment.banks.len());
    Tip { title, owner: None, lines, hint }
}

fn segment_tip(scene: &Scene<'_>, segment: &CheckedSegment) -> Tip {
    let usage = scene.started.vidmm().book().segment(segment.id);
    let mut lines = vec![
        format!("{}, base {}", segment.size, segment.base),
        crate::analysis::adapter::flag_names(segment.flags),
    ];
    if let Some(usage) = usage {
        let space = usage.space();
        lines.push(format!(
            "used: {} in {} blocks, buffers included",
            size_text(space.used()),
            count(u64::try_from(space.block_count()).unwrap_or(u64::MAX)),
        ));
        lines.push(format!(
            "committed: {} of {}, without buffers",
            usage.committed(),
            segment.commit_limit
        ));
        lines.push(format!("largest hole: {}", size_text(space.largest_hole())));
    }
    let title = format!("Segment {}: {}", segment.id, segment.name);
    Tip { title, owner: None, lines, hint: Some("Click selects the segment") }
}

/// Shows the words in a tooltip.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, tip: &Tip) {
    let tokens = scene.tokens;
    ui.spacing_mut().item_spacing.y = 2.0;
    let line = |ui: &mut Ui, words: &str, points: f32, ink| {
        // A tooltip keeps the width of the one before it: wrapping would follow that.
        let galley = elide(ui.painter(), words, points, ink, WIDEST);
        ui.add(egui::Label::new(galley).extend());
    };
    line(ui, &tip.title, size::TEXT_BODY, tokens.text);
    if let Some((name, process)) = &tip.owner {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            let (rect, _) = ui.allocate_exact_size(vec2(9.0, 9.0), Sense::hover());
            swatch(ui.painter(), rect, scene.colors.of(*process));
            line(ui, name, size::TEXT_SMALL, tokens.text);
        });
    }
    for words in &tip.lines {
        line(ui, words, size::TEXT_SMALL, tokens.text_secondary);
    }
    if let Some(hint) = tip.hint {
        line(ui, hint, size::TEXT_SMALL, tokens.text_faint);
    }
}
