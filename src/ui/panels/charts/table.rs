//! The same in numbers: every figure where the run stands.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::paint::{look, sample};
use super::words::kind_lines;
use super::{ChartsState, Scene};
use crate::analysis::charts::kinds;
use crate::app::{Action, Item};
use crate::base::text::{count, size as bytes};
use crate::rules::CheckedSegment;
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{elide, focus_ring, section_header};

/// Height of a row.
const ROW: f32 = 18.0;
/// Widths of the columns of numbers.
const NUMBERS: [f32; 3] = [62.0, 62.0, 78.0];

/// The values at the playhead. Inside a command, the book is as of the operation.
pub(super) fn table_ui(
    ui: &mut Ui,
    scene: &Scene<'_>,
    state: &ChartsState,
    actions: &mut Vec<Action>,
) {
    ui.spacing_mut().item_spacing.y = 1.0;
    let place = scene.view.place;
    section_header(ui, &format!("Values at step {place}"));
    row_ui(ui, None, ["Segment", "Used", "Free", "Largest hole"], true);
    for segment in scene.segments.iter().filter(|segment| state.is_chosen(segment.id)) {
        segment_ui(ui, scene, segment, actions);
    }
    if let Some(started) = scene.view.started {
        let book = started.vidmm().book();
        let (commit, limit) = (book.commit().get(), started.vidmm().commit_limit().get());
        fact(ui, &format!("{} of {} promised", bytes(commit), bytes(limit)));
        fact(ui, &format!("{} mapped into apertures", bytes(book.aperture_commit().get())));
    }
    let number = u64::try_from(place.command).unwrap_or(u64::MAX);
    match scene.view.run.record(place.command) {
        None => fact(ui, "No command before this step"),
        Some(record) => {
            section_header(ui, &format!("Command {} as a whole", count(number)));
            let lines = kind_lines(kinds(&record.summary));
            if lines.is_empty() {
                fact(ui, "Moves and maps nothing");
            }
            lines.iter().for_each(|line| fact(ui, line));
        }
    }
}

fn segment_ui(ui: &mut Ui, scene: &Scene<'_>, segment: &CheckedSegment, actions: &mut Vec<Action>) {
    let used = scene.view.started.and_then(|it| it.vidmm().book().segment(segment.id));
    let Some(used) = used else { return };
    let space = used.space();
    let numbers = [space.used(), space.free(), space.largest_hole()].map(bytes);
    let cells = [segment.name.as_str(), &numbers[0], &numbers[1], &numbers[2]];
    let response = row_ui(ui, Some(segment), cells, false);
    let focused = scene.focus.is_some_and(|focus| focus.id == segment.id);
    let spoken = format!(
        "{}: {} used, {} free, largest hole {}",
        segment.name, numbers[0], numbers[1], numbers[2]
    );
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, focused, &spoken));
    focus_ring(ui, &response, response.rect, 0.0);
    if response.clicked() {
        actions.push(Action::Select(Some(Item::Segment(segment.id))));
    }
    if response.hovered() {
        actions.push(Action::Hover(Some(Item::Segment(segment.id))));
    }
    let exact = format!(
        "{} bytes used, {} free, largest hole {}. Click to see its free space.",
        count(space.used()),
        count(space.free()),
        count(space.largest_hole())
    );
    response.on_hover_text(exact);
}

/// A row: a name with its line, and three numbers.
fn row_ui(
    ui: &mut Ui,
    segment: Option<&CheckedSegment>,
    cells: [&str; 4],
    head: bool,
) -> egui::Response {
    let tokens = tokens(ui);
    let sense = if head { Sense::hover() } else { Sense::click() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), sense);
    if response.hovered() && !head {
        ui.painter().rect_filled(rect, 0.0, tokens.hover_ground(tokens.canvas));
    }
    let painter = ui.painter();
    let mut left = rect.left();
    if let Some(segment) = segment {
        let sign = Rect::from_min_size(pos2(left, rect.top()), vec2(22.0, ROW));
        sample(painter, sign, look(tokens, segment.id.index()));
        left += 28.0;
    }
    let ink = if head { tokens.text_faint } else { tokens.text };
    let mut right = rect.right();
    for (cell, width) in cells[1..].iter().zip(NUMBERS).rev() {
        let ink = if head { tokens.text_faint } else { tokens.text_secondary };
        let at = pos2(right, rect.center().y);
        text::paint(painter, at, Align2::RIGHT_CENTER, cell, size::TEXT_SMALL, ink);
        right -= width;
    }
    let galley = elide(painter, cells[0], size::TEXT_SMALL, ink, (right - left).max(0.0));
    let at = pos2(left, rect.center().y - 1.0);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, ink);
    response
}

fn fact(ui: &mut Ui, words: &str) {
    ui.label(text::mixed_job(words, size::TEXT_SMALL, tokens(ui).text_secondary));
}
