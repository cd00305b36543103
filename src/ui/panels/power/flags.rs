//! The eight rows of the preservation flags, with the segments that stand in each.

use egui::{Align2, CursorIcon, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{PowerState, heading_ui, paint};
use crate::analysis::power::{FlagRow, FlagSegment, RowEffect};
use crate::app::{Action, Item, View};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{Icon, elide, focus_ring, horizontal_line};

/// Height of a row.
const ROW: f32 = 20.0;
/// Where the columns of effects begin, and where the segments do.
const COLUMNS: [f32; 3] = [66.0, 134.0, 212.0];

const FLAGS: [(&str, &str); 3] = [
    ("S", "PreservedDuringStandby, bit 7"),
    ("H", "PreservedDuringHibernate, bit 8"),
    ("P", "PartiallyPreservedDuringHibernate, bit 9"),
];

pub(super) fn flags_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &PowerState,
    actions: &mut Vec<Action>,
) {
    let Some(known) = &state.known else { return };
    heading_ui(ui, "Preservation flags", "bits 7 S, 8 H, 9 P");
    header_ui(ui);
    for row in &known.flags {
        row_ui(ui, view, row, actions);
    }
    if !known.notes.is_empty() {
        ui.add_space(6.0);
    }
    let tokens = tokens(ui);
    for note in &known.notes {
        let ink = tokens.text_secondary;
        let galley =
            paint::wrapped(ui.painter(), note, size::TEXT_SMALL, ink, ui.available_width());
        let space = vec2(ui.available_width(), galley.size().y + 2.0);
        let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, note));
        paint::place(ui.painter(), rect.left(), rect.top(), galley, ink);
    }
}

fn header_ui(ui: &mut Ui) {
    let tokens = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let painter = ui.painter().clone();
    let ink = tokens.text_faint;
    let word = |x: f32, words: &str| {
        let at = pos2(rect.left() + x, rect.center().y);
        text::paint(&painter, at, Align2::LEFT_CENTER, words, size::TEXT_SMALL, ink)
    };
    for (index, (flag, name)) in FLAGS.into_iter().enumerate() {
        let cell = flag_cell(rect, index);
        let align = Align2::CENTER_CENTER;
        text::paint_mono(&painter, cell.center(), align, flag, size::MONO, ink);
        let response = ui.interact(cell, ui.scope_id().with(("flag", index)), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, name));
        response.on_hover_text(name);
    }
    word(COLUMNS[0], "Standby");
    word(COLUMNS[1], "Hibernate");
    let at = rect.with_min_x(rect.left() + COLUMNS[1]).with_max_x(rect.left() + COLUMNS[2]);
    let response = ui.interact(at, ui.scope_id().with("hibernate"), Sense::hover());
    response.on_hover_text("Hibernation, hybrid sleep and shutdown with fast start-up");
    word(COLUMNS[2], "Segments");
    let foot = rect.bottom() - 1.0;
    horizontal_line(&painter, rect.left(), rect.right(), foot, tokens.separator);
}

/// Where the bit of a flag stands in a row.
fn flag_cell(row: Rect, index: usize) -> Rect {
    #[expect(clippy::cast_precision_loss)]
    let left = row.left() + 4.0 + 18.0 * index as f32;
    Rect::from_min_size(pos2(left, row.top()), vec2(18.0, row.height()))
}

fn spoken(row: &FlagRow) -> String {
    let bit = |set: bool| u8::from(set);
    let flags = format!("S {} H {} P {}", bit(row.standby), bit(row.hibernate), bit(row.partly));
    let effect = match row.effect {
        None => "not recognised".to_owned(),
        Some((standby, hibernate)) => {
            format!("standby {}, hibernation {}", standby.word(), hibernate.word())
        }
    };
    let names: Vec<String> =
        row.segments.iter().map(|segment| format!("{} {}", segment.number, segment.name)).collect();
    let names = if names.is_empty() { "no segment".to_owned() } else { names.join(", ") };
    format!("{flags}: {effect}, {names}")
}

fn row_ui(ui: &mut Ui, view: &View<'_>, row: &FlagRow, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Row, true, spoken(row)));
    let painter = ui.painter().clone();
    let used = !row.segments.is_empty();
    let wrong = row.effect.is_none();
    if used {
        let ground = if wrong {
            tokens.error_ground(tokens.canvas)
        } else {
            tokens.related_ground(tokens.canvas)
        };
        painter.rect_filled(rect, 0.0, ground);
        let edge = Rect::from_min_size(rect.min, vec2(2.0, rect.height()));
        let ink = if wrong { tokens.error } else { tokens.accent };
        painter.rect_filled(edge, 0.0, ink);
    }
    let ink = if used { tokens.text } else { tokens.text_faint };
    for (index, set) in [row.standby, row.hibernate, row.partly].into_iter().enumerate() {
        let at = flag_cell(rect, index).center();
        let bit = if set { "1" } else { "0" };
        text::paint_mono(&painter, at, Align2::CENTER_CENTER, bit, size::MONO, ink);
    }
    let middle = rect.center().y;
    match row.effect {
        None => {
            let (from, to) = (rect.left() + 6.0, rect.left() + 58.0);
            horizontal_line(&painter, from, to, middle, ink);
            let words = "not recognised";
            let at = pos2(rect.left() + COLUMNS[0], middle);
            let align = Align2::LEFT_CENTER;
            let painted = text::paint(&painter, at, align, words, size::TEXT_SMALL, ink);
            horizontal_line(&painter, painted.left(), painted.right(), middle, ink);
        }
        Some((standby, hibernate)) => {
            for (x, effect) in [(COLUMNS[0], standby), (COLUMNS[1], hibernate)] {
                effect_at(&painter, pos2(rect.left() + x, middle), effect, ink);
            }
        }
    }
    let foot = rect.bottom() - 1.0;
    horizontal_line(&painter, rect.left(), rect.right(), foot, tokens.separator);
    segments_ui(ui, view, rect, row, actions);
    response.on_hover_ui(|ui| match row.effect {
        None => {
            ui.label("No system recognises this combination: the adapter does not start with it");
        }
        Some((standby, hibernate)) => {
            for (when, effect) in
                [("In standby", standby), ("In hibernation and hybrid sleep", hibernate)]
            {
                ui.label(format!("{when}: {}", effect.word()));
                ui.weak(effect.meaning());
            }
        }
    });
}

/// A square that is full, empty or half full, and the word.
fn effect_at(painter: &egui::Painter, at: egui::Pos2, effect: RowEffect, ink: egui::Color32) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let middle = at + vec2(5.0, 0.0);
    match effect {
        RowEffect::Kept => Icon::Square.paint(painter, middle, 11.0, tokens.ok),
        RowEffect::Purged => Icon::SquareHollow.paint(painter, middle, 11.0, tokens.moved_out),
        RowEffect::Split => {
            Icon::SquareHollow.paint(painter, middle, 11.0, tokens.ok);
            let half = Rect::from_min_size(middle - vec2(3.5, 3.5), vec2(3.5, 7.0));
            painter.rect_filled(crate::ui::widgets::snap(painter, half), 0.0, tokens.ok);
        }
    }
    let at = at + vec2(15.0, 0.0);
    text::paint(painter, at, Align2::LEFT_CENTER, effect.word(), size::TEXT_SMALL, ink);
}

/// The segments of a row: a number each, with the name where there is room.
fn segments_ui(ui: &Ui, view: &View<'_>, rect: Rect, row: &FlagRow, actions: &mut Vec<Action>) {
    const CHIP: f32 = 17.0;
    let tokens = tokens(ui);
    let painter = ui.painter();
    let from = rect.left() + COLUMNS[2];
    let room = rect.right() - from;
    if row.segments.is_empty() {
        let at = pos2(from, rect.center().y);
        let ink = tokens.text_faint;
        text::paint(painter, at, Align2::LEFT_CENTER, "none", size::TEXT_SMALL, ink);
        return;
    }
    // Where not all chips fit, the last place says how many more there are.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let places = (room / (CHIP + 3.0)).max(1.0) as usize;
    let shown = if row.segments.len() <= places { row.segments.len() } else { places - 1 };
    let mut left = from;
    #[expect(clippy::cast_precision_loss)]
    let names = (room / row.segments.len() as f32) - CHIP - 10.0;
    for segment in row.segments.iter().take(shown) {
        let chip = Rect::from_min_size(pos2(left, rect.center().y - 8.5), vec2(CHIP, CHIP));
        let mut area = chip;
        if names >= 40.0 {
            let at = pos2(chip.right() + 5.0, rect.center().y);
            let galley = elide(painter, &segment.name, size::TEXT_SMALL, tokens.text, names);
            let align = Align2::LEFT_CENTER;
            let painted = text::paint_galley(painter, at, align, galley, tokens.text);
            area = area.with_max_x(painted.right());
        }
        chip_ui(ui, view, chip, area, segment, actions);
        left = area.right() + if names >= 40.0 { 8.0 } else { 3.0 };
    }
    if shown < row.segments.len() {
        let more = format!("+{}", row.segments.len() - shown);
        let at = pos2(left, rect.center().y);
        let ink = tokens.text_secondary;
        text::paint(painter, at, Align2::LEFT_CENTER, &more, size::TEXT_SMALL, ink);
    }
}

fn chip_ui(
    ui: &Ui,
    view: &View<'_>,
    chip: Rect,
    area: Rect,
    segment: &FlagSegment,
    actions: &mut Vec<Action>,
) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    let item = segment.id.map(Item::Segment);
    let id = ui.scope_id().with(("segment", segment.number));
    let response = ui.interact(area, id, Sense::click());
    let spoken = format!("Segment {} {} in its row", segment.number, segment.name);
    let selected = item.is_some() && view.selected == item;
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, &spoken));
    let ground = if selected { tokens.accent } else { tokens.accent_ground };
    let ink = if selected { tokens.canvas } else { tokens.accent_text };
    painter.rect_filled(crate::ui::widgets::snap(painter, chip), size::RADIUS_SMALL, ground);
    let number = segment.number.to_string();
    let align = Align2::CENTER_CENTER;
    text::paint_mono(painter, chip.center(), align, &number, size::MONO, ink);
    focus_ring(ui, &response, area.expand(1.0), size::RADIUS_SMALL);
    if response.hovered() {
        actions.push(Action::Hover(item));
    }
    if response.clicked() && item.is_some() {
        actions.push(Action::Select(item));
    }
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_ui(|ui| {
        ui.label(format!("{} {}", segment.number, segment.name));
        if segment.aperture {
            ui.weak("An aperture: whatever the flags, it is only unmapped and no byte moves");
        }
    });
}
