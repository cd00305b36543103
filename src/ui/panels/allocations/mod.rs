//! The table of allocations: every one that exists at the step where the run stands.
//!
//! A virtual list on one canvas. Which allocations it lists, and in which order, is worked out slice by
//! slice when the filter or the order changes, and follows the state; texts are made for the rows in
//! sight.

mod foot;
mod input;
mod layout;
mod paint;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use egui::{Rect, Role, ScrollArea, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

use self::input::{header_ui, keys, menu, react};
use self::layout::{Columns, columns};
use self::paint::{Look, look, paint_row, tooltip};
use crate::analysis::allocation_table::{
    AllocationRow, EXPORT_COLUMNS, Filter, Listing, Order, Shown, row,
};
use crate::analysis::export::Cell;
use crate::app::{Action, Item, View};
use crate::base::text::{count, counted};
use crate::base::{AllocationId, ProcessId};
use crate::ui::panels::export::Source;
use crate::ui::theme::{OwnerPalette, OwnerSlot, size, tokens};
use crate::ui::widgets::{
    ROW, empty_filter, empty_state, filter_field, filter_strip, focus_ring, offset_for, row_at,
    row_top, rows_in_sight,
};

/// Rows whose texts are kept at most: many times what is ever in sight.
const TEXTS_KEPT: usize = 2_000;
/// Allocations that are looked at in a frame while a list is made.
const IN_A_FRAME: usize = 8_192;
/// Height of the titles of the columns.
const HEADER: f32 = 23.0;

/// What the table remembers between frames of one open session.
#[derive(Debug, Default)]
pub(crate) struct AllocationsState {
    filter: String,
    order: Option<Order>,
    /// Which columns the session needs; it does not change while it is open.
    shown: Option<Shown>,
    filter_drawn: Option<u64>,
    palette: Option<Vec<OwnerSlot>>,
    listing: Option<Listing>,
    texts: BTreeMap<AllocationId, AllocationRow>,
    /// The revision that the texts are of.
    told: Option<u64>,
    selected: Option<Item>,
    offset: Vec2,
}

impl AllocationsState {
    /// Forgets what was worked out of a run that there is no more.
    pub(crate) fn forget_run(&mut self) {
        self.listing = None;
        self.told = None;
    }

    /// Brings what is kept up to date with the view.
    fn refresh(&mut self, view: &View<'_>) {
        let Some(started) = view.started else {
            self.listing = None;
            return;
        };
        if self.told != Some(view.revision) || self.texts.len() > TEXTS_KEPT {
            self.texts.clear();
            self.told = Some(view.revision);
        }
        let (vidmm, words) = (started.vidmm(), view.words());
        let wanted = (self.filter.trim(), self.order);
        match &mut self.listing {
            Some(listing) if (listing.filter(), listing.order()) == wanted => {
                listing.follow(vidmm, words);
            }
            _ => {
                let filter = Filter::new(&self.filter, words);
                self.listing = Some(Listing::new(vidmm, words.names, filter, self.order));
            }
        }
    }

    /// Lists up to `most` more allocations; says whether there are others still.
    fn work(&mut self, view: &View<'_>, most: usize) -> bool {
        let (Some(started), Some(listing)) = (view.started, &mut self.listing) else {
            return false;
        };
        listing.work(started.vidmm(), view.words(), most);
        !listing.is_complete()
    }

    const fn listing(&self) -> Option<&Listing> {
        self.listing.as_ref()
    }

    fn row(&mut self, view: &View<'_>, id: AllocationId) -> Option<&AllocationRow> {
        Some(match self.texts.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(row(view.run, view.started?, view.words(), id)?),
        })
    }

    fn slot(&mut self, view: &View<'_>, process: Option<ProcessId>) -> OwnerSlot {
        let slots = self.palette.get_or_insert_with(|| {
            let palette = OwnerPalette::new(view.names.processes());
            view.names.processes().map(|name| palette.slot(name)).collect()
        });
        let known = process.and_then(|id| slots.get(id.index()).copied());
        known.unwrap_or(OwnerSlot::System)
    }

    /// The table for other programs, as it is filtered and sorted.
    pub(crate) fn source(&mut self, view: &View<'_>) -> Source {
        self.refresh(view);
        self.work(view, usize::MAX);
        let listing = self.listing().into_iter();
        let rows: Vec<AllocationId> = listing.flat_map(|listing| listing.rows.iter()).collect();
        let filter = Cell::some_text(self.filter.trim());
        let count = rows.len();
        let make = move |view: &View<'_>, index: usize| {
            let id = rows.get(index).copied()?;
            Some(row(view.run, view.started?, view.words(), id)?.cells())
        };
        Source::new(&EXPORT_COLUMNS, count, make).note("filter", filter)
    }
}

/// The field that filters the table, and how many rows there are. For the right end of a bar.
///
/// Where nobody calls this in a pass, the table draws the field itself.
pub(crate) fn allocations_filter_ui(ui: &mut Ui, view: &View<'_>, state: &mut AllocationsState) {
    state.filter_drawn = Some(ui.ctx().cumulative_pass_nr());
    state.refresh(view);
    if state.work(view, IN_A_FRAME) {
        ui.ctx().request_repaint();
    }
    let left = state.listing().map_or_else(String::new, |listing| {
        if !listing.is_complete() {
            let (done, all) = listing.progress();
            format!("looking: {} of {}", count(done as u64), count(all as u64))
        } else if state.filter.trim().is_empty() {
            counted(listing.existing, "row")
        } else {
            format!("{} of {} rows", count(listing.totals.count), count(listing.existing))
        }
    });
    let hint = "Filter by text or address";
    let field = filter_field(ui, &mut state.filter, "Filter allocations", hint, &left);
    field.on_hover_text(
        "Every word must be found in name, process, device, segment, flags, state, content, \
         priority, or in how it is held: locked, offered, discarded, displayed, shared, pinned. A number, decimal or with 0x, finds as well what lies over that address, and \
         a segment with an offset, such as VRAM+0x4000, what lies there.",
    );
}

/// The table: fills the rectangle it is given.
pub(crate) fn allocations_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut AllocationsState,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    ui.painter().rect_filled(ui.available_rect_before_wrap(), 0.0, tokens.canvas);
    ui.spacing_mut().item_spacing.y = 0.0;
    if view.started.is_none() {
        let hint = "Nothing can be created. The findings say what to repair.";
        empty_state(ui, "The adapter does not start", hint);
        return;
    }
    if state.filter_drawn != Some(ui.ctx().cumulative_pass_nr()) {
        filter_strip(ui, |ui| allocations_filter_ui(ui, view, state));
        state.filter_drawn = None;
    }
    state.refresh(view);
    if state.listing().is_some_and(|listing| listing.progress().0 == 0) {
        // Another filter was just written, or the order is new.
        state.work(view, IN_A_FRAME);
    }
    let Some(listing) = state.listing() else { return };
    let (rows, existing) = (listing.rows.len(), listing.existing);
    let looking = !listing.is_complete();
    if existing == 0 && !looking {
        let ever = view.names.allocations().len();
        let hint = match ever {
            0 => "No command of this session creates one.".to_owned(),
            1 => "The session creates one later. Step forward to see it appear.".to_owned(),
            ever => format!(
                "The session creates {} at other steps. Step forward to see them appear.",
                count(ever as u64)
            ),
        };
        empty_state(ui, "No allocation exists at this step", &hint);
        return;
    }
    let all = ui.available_rect_before_wrap();
    let foot = Rect::from_min_max(pos2(all.left(), all.bottom() - foot::HEIGHT), all.max);
    let (head, _) = ui.allocate_exact_size(vec2(all.width(), HEADER), Sense::hover());
    let shown = *state.shown.get_or_insert_with(|| Shown::of(view.run));
    let columns = columns(all.width(), shown);
    if rows == 0 {
        header_ui(ui, head, &columns, 0.0, state);
        let body = Rect::from_min_max(head.left_bottom(), foot.right_top());
        let mut inner = ui.new_child(egui::UiBuilder::new().max_rect(body));
        if looking {
            empty_state(&mut inner, "Looking…", "");
            return;
        }
        let hint = "Names, processes, segments, flags, states and addresses are looked through.";
        empty_filter(&mut inner, &mut state.filter, hint);
    } else {
        let body = Rect::from_min_max(head.left_bottom(), foot.right_top());
        table_ui(ui, view, state, actions, (body, &columns));
        header_ui(ui, head, &columns, state.offset.x, state);
    }
    foot::foot_ui(ui, foot, view, state);
}

/// The rows, in `body`.
fn table_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut AllocationsState,
    actions: &mut Vec<Action>,
    (body, columns): (Rect, &Columns),
) {
    let mut inner = ui.new_child(egui::UiBuilder::new().id_salt("rows").max_rect(body));
    inner.shrink_clip_rect(body);
    let rows = state.listing().map_or(0, |listing| listing.rows.len());
    let wanted = follow(view, state, body.height());
    let mut area = ScrollArea::both().id_salt("allocations").auto_shrink(false);
    if let Some(offset) = wanted {
        area = area.vertical_scroll_offset(offset);
    }
    let output = area.show_viewport(&mut inner, |ui, viewport| {
        #[expect(clippy::cast_precision_loss)]
        let height = rows as f32 * ROW;
        ui.set_min_size(vec2(columns.width, height));
        let sight = ui.clip_rect().intersect(body);
        rows_ui(ui, view, state, actions, (sight, viewport.min.to_vec2(), columns));
    });
    state.offset = output.state.clamped_offset();
}

/// Where to scroll, when another allocation is selected.
fn follow(view: &View<'_>, state: &mut AllocationsState, height: f32) -> Option<f32> {
    if state.selected == view.selected {
        return None;
    }
    state.selected = view.selected;
    let Some(Item::Allocation(id)) = view.selected else { return None };
    let row = state.listing()?.row_of(id, view.names)?;
    offset_for(row, state.offset.y, height)
}

/// The rows in `sight`, and what pointer and keys do with them.
fn rows_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &mut AllocationsState,
    actions: &mut Vec<Action>,
    (sight, offset, columns): (Rect, Vec2, &Columns),
) {
    let id = ui.scope_id().with("table of allocations");
    let response = ui.interact(sight, id, Sense::click());
    let rows = state.listing().map_or(0, |listing| listing.rows.len());
    let at = |state: &AllocationsState, index: usize| {
        state.listing().and_then(|listing| listing.rows.get(index))
    };
    let pointed = response.hover_pos().and_then(|pointer| {
        let index = row_at(pointer.y - sight.top() + offset.y);
        Some((index, at(state, index)?))
    });
    react(&response, pointed.map(|(_, id)| id), actions);
    keys(ui, &response, view, state, sight.height(), actions);
    let painter = ui.painter().with_clip_rect(sight);
    let mut tip = None;
    for index in rows_in_sight(offset.y, sight.height(), rows) {
        let Some(id) = at(state, index) else { continue };
        let Some(text) = state.row(view, id).cloned() else { continue };
        let top = sight.top() + row_top(index, offset.y);
        let rect = Rect::from_min_size(pos2(sight.left(), top), vec2(sight.width(), ROW));
        let hovered = pointed.is_some_and(|(row, _)| row == index);
        let look: Look = look(view, &text, index, hovered);
        let owner = tokens(ui).owner(state.slot(view, text.process));
        paint_row(&painter, (rect, offset.x, columns), &text, owner, look);
        if hovered {
            tip = Some(text);
        }
    }
    if offset.x > 0.0
        && let Some(name) = columns.cells.first()
    {
        // What is scrolled goes under the names.
        let x = sight.left() + name.left + name.width - size::LABEL_GAP;
        let ink = tokens(ui).separator_strong;
        crate::ui::widgets::vertical_line(&painter, x, sight.top(), sight.bottom(), ink);
    }
    focus_ring(ui, &response, sight, 0.0);
    let spoken = spoken(view, state, rows);
    response.widget_info(|| WidgetInfo::labeled(Role::Table, true, &spoken));
    menu(&response, view, state, actions);
    if let Some(row) = tip.filter(|_| !response.context_menu_opened()) {
        response.on_hover_ui_at_pointer(|ui| tooltip(ui, view, &row));
    }
}

fn spoken(view: &View<'_>, state: &mut AllocationsState, rows: usize) -> String {
    let rows = counted(rows as u64, "row");
    let selected = match view.selected {
        Some(Item::Allocation(id)) => state.row(view, id).map(AllocationRow::spoken),
        _ => None,
    };
    let selected = selected.map_or_else(String::new, |row| format!(" Selected: {row}."));
    format!("Allocations at step {}: {rows}.{selected}", view.place)
}
