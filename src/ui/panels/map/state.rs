//! What the map remembers between frames: zoom, lenses, and what was worked out for a revision.

use std::collections::BTreeMap;

use super::aperture::{LENS_PAGES, LensCache};
use super::header::Present;
use super::hit::Hit;
use super::keys::place_of;
use super::lane::LaneCache;
use super::scene::Slots;
use super::tooltip::Tip;
use super::window;
use crate::analysis::lanes::{self, Encoded, Movements};
use crate::analysis::lens;
use crate::app::{Item, View};
use crate::base::{PAGE_SIZE, SegmentId, Span};
use crate::machine::Started;
use crate::rules::{CheckedSegment, SegmentKind};

/// What the map remembers between frames of one open session: zoom, lenses, kept meshes.
#[derive(Debug, Default)]
pub(crate) struct MapState {
    /// What the lanes show that do not show their whole segment.
    pub(super) windows: BTreeMap<SegmentId, Span>,
    /// The first page of each lens.
    pub(super) lenses: BTreeMap<SegmentId, u64>,
    pub(super) lanes: BTreeMap<SegmentId, LaneCache>,
    pub(super) lens_caches: BTreeMap<SegmentId, LensCache>,
    pub(super) step: Option<Step>,
    /// What the legend has to explain, and of which edition of the run.
    present: Option<(u64, Present)>,
    pub(super) tip: Option<(u64, Hit, Tip)>,
    /// Whether the hover that the window shows is ours.
    pub(super) hovering: bool,
    pub(super) drag: Option<Drag>,
    /// The lane to be brought into view.
    pub(super) reveal: Option<SegmentId>,
}

/// What was worked out for one revision of the view.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) revision: u64,
    pub(super) since: f64,
    selected: Option<Item>,
    pub(super) slots: Slots,
    pub(super) movements: Movements,
    pub(super) encoded: Vec<Encoded>,
    /// What the legend has to explain.
    pub(super) present: Present,
}

/// A lane being moved by the pointer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drag {
    pub(super) segment: SegmentId,
    pub(super) from: f32,
    pub(super) window: Span,
}

impl MapState {
    /// Zooms to the selection, as far as it lies on the map.
    pub(crate) fn zoom_to_selection(&mut self, view: &View<'_>) {
        let Some(started) = view.started else { return };
        if let Some((segment, span)) = view.selected.and_then(|item| place_of(started, item)) {
            self.zoom_to(started, segment, span);
        }
    }

    /// Shows whole segments.
    pub(crate) fn zoom_home(&mut self) {
        self.windows.clear();
    }

    pub(super) fn zoom_to(&mut self, started: &Started, segment: SegmentId, span: Span) {
        let Some(checked) = started.vidmm().adapter().segment(segment) else { return };
        let whole = checked.size.get();
        // A page on its own would fill the lane: its neighbours say where it is.
        let least = if span.len() <= PAGE_SIZE { 16 * PAGE_SIZE } else { 0 };
        self.set_window(segment, window::around(span, whole, least), whole);
        self.reveal = Some(segment);
    }

    pub(super) fn set_window(&mut self, segment: SegmentId, window: Span, whole: u64) {
        match window::clamped(window, whole) {
            Some(window) => self.windows.insert(segment, window),
            None => self.windows.remove(&segment),
        };
    }

    pub(super) fn window_of(&self, segment: &CheckedSegment) -> Span {
        let whole = segment.size.get();
        let window = self.windows.get(&segment.id);
        window.and_then(|window| window::clamped(*window, whole)).unwrap_or(Span::whole(whole))
    }

    /// Works out what a new revision of the view changes.
    pub(super) fn renew_step(&mut self, view: &View<'_>, started: &Started, now: f64) {
        if self.step.as_ref().is_some_and(|step| step.revision == view.revision) {
            return;
        }
        let packet_size = started.driver().paging_format().packet_size();
        let encoded = view
            .trace
            .map_or_else(Vec::new, |trace| lanes::encoded_page_ins(trace, view.place, packet_size));
        let movements = Movements::of(view.changes, view.forward);
        if self.step.as_ref().is_some_and(|old| old.selected != view.selected) {
            self.follow_selection(view, started);
        }
        let same_step = self.step.take().filter(|old| old.movements == movements);
        let selected = view.selected;
        let present = match self.present {
            Some((edition, present)) if edition == view.edition => present,
            _ => Present::of(view, started),
        };
        self.present = Some((view.edition, present));
        self.step = Some(Step {
            revision: view.revision,
            since: same_step.map_or(now, |old| old.since),
            selected,
            slots: Slots::of(view),
            movements,
            encoded,
            present,
        });
        self.move_lenses(view, started);
    }

    /// Moves a zoomed lane that the selection has left, so that it shows the selection.
    fn follow_selection(&mut self, view: &View<'_>, started: &Started) {
        let place = view.selected.and_then(|item| place_of(started, item));
        let Some((segment, span)) = place else { return };
        let Some(window) = self.windows.get(&segment).copied() else { return };
        let Some(checked) = started.vidmm().adapter().segment(segment) else { return };
        let whole = checked.size.get();
        if !window.overlaps(span) {
            self.set_window(segment, window::around(span, whole, window.len()), whole);
        }
    }

    /// Puts the lenses where the selection or the step is.
    fn move_lenses(&mut self, view: &View<'_>, started: &Started) {
        for segment in started.vidmm().adapter().segments.iter() {
            if segment.kind != SegmentKind::Aperture {
                continue;
            }
            let selected = view.selected.and_then(|item| place_of(started, item));
            let selected = selected
                .filter(|(id, span)| *id == segment.id && span.len() < segment.size.get())
                .map(|(_, span)| span.start() / PAGE_SIZE);
            let step = || view.trace.and_then(|t| lens::page_of_step(t, view.place, segment.id));
            let used = || {
                let usage = started.vidmm().book().segment(segment.id)?;
                let first = usage.extents(Span::whole(segment.size.get())).next()?;
                Some(first.0.start() / PAGE_SIZE)
            };
            let kept = || self.lenses.get(&segment.id).copied();
            let Some(page) = selected.or_else(step) else {
                let first = kept().or_else(|| used().map(|page| page.saturating_sub(8)));
                let pages = segment.size.get() / PAGE_SIZE;
                let last = pages.saturating_sub(LENS_PAGES);
                self.lenses.insert(segment.id, first.unwrap_or(0).min(last));
                continue;
            };
            self.aim_lens(segment, page);
        }
    }

    /// Moves a lens so that it shows a page, if it does not already show it well.
    pub(super) fn aim_lens(&mut self, segment: &CheckedSegment, page: u64) {
        let pages = segment.size.get() / PAGE_SIZE;
        let first = self.lenses.get(&segment.id).copied();
        let margin = 4;
        let shown = first.is_some_and(|first| {
            let inner = first.saturating_add(margin)..first.saturating_add(LENS_PAGES - margin);
            inner.contains(&page)
        });
        if !shown {
            let first = lens::window_around(page, LENS_PAGES, pages);
            self.lenses.insert(segment.id, first);
        }
    }
}
