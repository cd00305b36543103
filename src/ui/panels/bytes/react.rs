//! Wheel, keys, the scroll bar, and the byte under the pointer.

use egui::{
    CursorIcon, Event, EventFilter, Key, MouseWheelUnit, Rect, Response, Sense, Ui, WidgetInfo,
    pos2, vec2,
};

use super::layout::{Columns, Extent, ROW_HEIGHT, part_of, rows_in, share_of};
use super::{BytesState, Window, source_name};
use crate::analysis::hexview::{self, ByteSource, HexRow, OwnedRange, address_text};
use crate::app::{Action, Item, View};
use crate::base::{PAGE_SIZE, PhysicalAddress, text};
use crate::machine::Started;
use crate::rules::SegmentKind;
use crate::ui::theme::{self, size, tokens};
use crate::ui::widgets::{snap, vertical_line};

/// Wheel and keys.
pub(super) fn scroll(ui: &Ui, response: &Response, state: &mut BytesState, extent: Extent) {
    if response.clicked() {
        response.request_focus();
    }
    let step = extent.step;
    let page = extent.visible().saturating_sub(step).max(step);
    if response.contains_pointer() {
        let turned = ui.input(|input| {
            let wheel = input.events.iter().map(|event| match event {
                Event::MouseWheel { unit: MouseWheelUnit::Line, delta, .. } => {
                    delta.y * 3.0 * ROW_HEIGHT
                }
                Event::MouseWheel { delta, .. } => delta.y,
                _ => 0.0,
            });
            wheel.sum::<f32>()
        });
        state.turned -= turned;
        while state.turned >= ROW_HEIGHT {
            state.turned -= ROW_HEIGHT;
            state.top = state.top.saturating_add(step).min(extent.last_top);
        }
        while state.turned <= -ROW_HEIGHT {
            state.turned += ROW_HEIGHT;
            state.top = state.top.saturating_sub(step);
        }
    }
    if !response.has_focus() {
        return;
    }
    let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
    let pressed = |key: Key| ui.input(|input| input.key_pressed(key));
    if pressed(Key::ArrowDown) {
        state.top = state.top.saturating_add(step);
    } else if pressed(Key::ArrowUp) {
        state.top = state.top.saturating_sub(step);
    } else if pressed(Key::PageDown) {
        state.top = state.top.saturating_add(page);
    } else if pressed(Key::PageUp) {
        state.top = state.top.saturating_sub(page);
    }
}

/// The bar at the right edge: where in the source the lines are.
pub(super) fn scroll_bar(ui: &Ui, bar: Rect, state: &mut BytesState, extent: Extent) {
    if extent.last_top == 0 {
        return;
    }
    let tokens = tokens(ui);
    let response = ui.interact(bar, ui.scope_id().with("scroll"), Sense::click_and_drag());
    let share = share_of(state.top, extent.last_top);
    response.widget_info(|| WidgetInfo::slider(true, f64::from(share), "Scroll"));
    let visible = share_of(extent.visible(), extent.total);
    let height = (bar.height() * visible).clamp(24.0_f32.min(bar.height()), bar.height());
    let room = bar.height() - height;
    if let Some(at) = response.interact_pointer_pos().filter(|_| room > 0.0) {
        let share = (at.y - bar.top() - height / 2.0) / room;
        state.top = extent.bounded(part_of(extent.last_top, share));
        state.turned = 0.0;
    }
    let top = bar.top() + room * share_of(state.top, extent.last_top);
    let thumb = Rect::from_min_size(pos2(bar.left() + 3.0, top), vec2(bar.width() - 5.0, height));
    let ink = if response.hovered() || response.dragged() {
        tokens.text_faint
    } else {
        tokens.separator_strong
    };
    vertical_line(ui.painter(), bar.left(), bar.top(), bar.bottom(), tokens.separator);
    ui.painter().rect_filled(snap(ui.painter(), thumb), size::RADIUS_SMALL, ink);
}

/// A byte under the pointer.
pub(super) struct Pointed {
    row: HexRow,
    /// Which byte of the row, where it is one.
    index: Option<usize>,
    /// From the start of the source.
    offset: u64,
}

impl Pointed {
    /// The byte or the row at a position in the body.
    pub(super) fn find(
        columns: &Columns,
        body: Rect,
        at: egui::Pos2,
        window: &Window,
    ) -> Option<Self> {
        let down = at.y - body.top() - 2.0;
        if down < 0.0 {
            return None;
        }
        let byte = columns.at(at.x);
        let line = rows_in(down + 4.0) * usize::from(columns.parts);
        let row = *window.rows.get(line + byte.map_or(0, |(part, _)| part))?;
        let index = byte.map(|(_, index)| index).filter(|index| *index < row.len);
        let offset = row.offset.checked_add(u64::try_from(index.unwrap_or(0)).ok()?)?;
        Some(Self { row, index, offset })
    }
}

/// What the byte belongs to, as something to be selected.
fn item_at(
    started: &Started,
    source: ByteSource,
    place: &Pointed,
    owner: Option<&OwnedRange>,
) -> Option<Item> {
    if let Some(id) = owner.and_then(|owner| owner.allocation) {
        return Some(Item::Allocation(id));
    }
    if let Some(index) = owner.and_then(|owner| owner.buffer) {
        return Some(Item::Buffer(index));
    }
    match source {
        ByteSource::Segment(id) => match started.segment_kind(id)? {
            SegmentKind::Aperture => Some(Item::AperturePage(id, place.offset / PAGE_SIZE)),
            SegmentKind::Memory => {
                let hole = hexview::hole_around(started, id, place.offset)?;
                Some(Item::Hole(id, hole))
            }
        },
        ByteSource::System => Some(Item::Frame(PhysicalAddress(place.offset).frame())),
        ByteSource::Allocation(id) => Some(Item::Allocation(id)),
        ByteSource::Buffer(index) => Some(Item::Buffer(index)),
    }
}

/// Says what is known of the byte under the pointer, and selects its owner where it is clicked.
#[expect(clippy::too_many_arguments, reason = "a byte, all that is known of it, and the answer")]
pub(super) fn point(
    ui: &Ui,
    response: &Response,
    view: &View<'_>,
    started: &Started,
    source: ByteSource,
    window: &Window,
    place: &Pointed,
    state: &mut BytesState,
    actions: &mut Vec<Action>,
) {
    let owner = window.owners.iter().find(|range| range.span.contains(place.offset));
    let item = item_at(started, source, place, owner);
    actions.extend(item.map(|item| Action::Hover(Some(item))));
    if item.is_some() {
        ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
    }
    if response.clicked() {
        state.marked = Some(place.offset);
        // What is selected from here is on view already: following it would lead away.
        state.followed = item;
        actions.extend(item.map(|item| Action::Select(Some(item))));
    }
    response.clone().on_hover_ui_at_pointer(|ui| {
        let ink = ui.visuals().text_color();
        let line = |ui: &mut Ui, said: &str| {
            ui.label(theme::mixed_job(said, size::TEXT_SMALL, ink));
        };
        let name = source_name(view, started, source);
        line(ui, &format!("{name} +{}", text::hex(place.offset)));
        line(ui, &address_text(started, source, place.offset));
        if let Some((id, at)) = place.row.allocation {
            let at = at.saturating_add(place.offset - place.row.offset);
            line(ui, &format!("{} +{}", view.names.allocation(id), text::hex(at)));
        } else if let Some(owner) = owner {
            line(ui, &owner.name);
        }
        let Some(index) = place.index else { return };
        let found = place.row.bytes.get(index).copied().unwrap_or_default();
        let wanted = place.row.expected.and_then(|expected| expected.get(index).copied());
        match wanted {
            Some(wanted) if wanted != found => {
                let said = format!("0x{found:02X} is there, 0x{wanted:02X} must be");
                ui.colored_label(tokens(ui).error, said);
            }
            _ => line(ui, &format!("0x{found:02X}, {found}")),
        }
    });
}
