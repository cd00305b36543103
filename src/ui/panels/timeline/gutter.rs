//! The ground of the timeline, and left of the lanes what each of them is.

use egui::{Align2, Painter, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use super::lanes::ShownLane;
use super::layout::{Layout, wide};
use crate::analysis::density::Density;
use crate::app::{Item, View};
use crate::base::text::{count, counted, size as bytes};
use crate::ui::theme::{Mark, OwnerPalette, size, text, tokens};
use crate::ui::widgets::{Icon, Tone, elide, horizontal_line, mark, swatch, vertical_line};

pub(super) fn ground(ui: &Ui, layout: &Layout, rect: Rect, density: &Density) {
    let tokens = tokens(ui);
    let painter = ui.painter();
    painter.rect_filled(rect, 0.0, tokens.canvas);
    painter.rect_filled(layout.gutter, 0.0, tokens.panel);
    painter.rect_filled(layout.header, 0.0, tokens.bar);
    let foot = layout.header.bottom();
    horizontal_line(painter, rect.left(), rect.right(), foot, tokens.separator);
    let edge = layout.gutter.right() - 1.0;
    vertical_line(painter, edge, rect.top(), rect.bottom(), tokens.separator);
    let middle = layout.header.center().y;
    let at = pos2(rect.left() + size::PANEL_INSET, middle);
    text::paint(painter, at, Align2::LEFT_CENTER, "Timeline", size::TEXT_BODY, tokens.text);
    let words = counted(wide(density.commands()), "command");
    let at = pos2(edge - size::PANEL_INSET, middle);
    text::paint(painter, at, Align2::RIGHT_CENTER, &words, size::TEXT_SMALL, tokens.text_faint);
}

/// What each lane is, left of it.
pub(super) fn gutter_ui(
    ui: &mut Ui,
    view: &View<'_>,
    layout: &Layout,
    lanes: &[ShownLane<'_>],
    density: &Density,
    palette: &OwnerPalette,
) {
    let tokens = tokens(ui);
    let painter = ui.painter().with_clip_rect(layout.gutter);
    let left = layout.gutter.left() + size::PANEL_INSET;
    let right = layout.gutter.right() - size::PANEL_INSET - 1.0;
    events_label(&painter, view, layout, left, right);
    for (lane, rect) in lanes.iter().zip(&layout.lanes) {
        let middle = rect.center().y;
        let sign = Rect::from_center_size(pos2(left + 4.5, middle), vec2(9.0, 9.0));
        swatch(&painter, sign, tokens.owner(lane.slot(view, palette)));
        let room = (right - left - 15.0).max(0.0);
        let name = lane.name(view);
        let galley = elide(&painter, &name, size::TEXT_SMALL, tokens.text_secondary, room);
        let at = pos2(left + 15.0, middle);
        text::paint_galley(&painter, at, Align2::LEFT_CENTER, galley, tokens.text_secondary);
        let row = Rect::from_x_y_ranges(layout.gutter.x_range(), rect.y_range());
        let response = ui.interact(row, ui.scope_id().with(("lane", &name)), Sense::hover());
        let total: u64 = lane.lanes.iter().map(|lane| lane.total).fold(0, u64::saturating_add);
        let words = format!("{name}: {} named by commands", bytes(total));
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &words));
        response.on_hover_ui(|ui| {
            ui.label(&words);
            ui.weak(
                "Height: bytes of its allocations that each command creates, uses or moves, \
                     on a scale of square roots",
            );
        });
    }
    paging_label(&painter, layout, left);
    marks_label(&painter, layout, density, left);
}

fn events_label(painter: &Painter, view: &View<'_>, layout: &Layout, left: f32, right: f32) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let middle = layout.events;
    let Some(Item::Allocation(id)) = view.selected else {
        let words = "Select an allocation to see its life";
        let galley = elide(painter, words, size::TEXT_SMALL, tokens.text_faint, right - left);
        text::paint_galley(
            painter,
            pos2(left, middle),
            Align2::LEFT_CENTER,
            galley,
            tokens.text_faint,
        );
        return;
    };
    painter.circle_filled(pos2(left + 4.5, middle), 2.5, tokens.accent);
    let words = counted(wide(view.history.len()), "event");
    let at = pos2(right, middle);
    let align = Align2::RIGHT_CENTER;
    let painted = text::paint(painter, at, align, &words, size::TEXT_SMALL, tokens.text_faint);
    let room = painted.left() - 8.0 - left - 15.0;
    let name = elide(painter, view.names.allocation(id), size::TEXT_SMALL, tokens.text, room);
    let at = pos2(left + 15.0, middle);
    text::paint_galley(painter, at, Align2::LEFT_CENTER, name, tokens.text);
}

fn paging_label(painter: &Painter, layout: &Layout, left: f32) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let middle = layout.paging.center().y;
    let align = Align2::LEFT_CENTER;
    let at = pos2(left, middle);
    let title = text::paint(painter, at, align, "Paging", size::TEXT_SMALL, tokens.text_secondary);
    let mut x = title.right() + 14.0;
    let signs = [(Mark::In, "in"), (Mark::Out, "out"), (Mark::Map, "map"), (Mark::Unmap, "unmap")];
    for (sign, word) in signs {
        mark(painter, pos2(x, middle), 8.0, sign);
        let at = pos2(x + 8.0, middle);
        let painted = text::paint(painter, at, align, word, size::TEXT_SMALL, tokens.text_faint);
        x = painted.right() + 12.0;
    }
}

fn marks_label(painter: &Painter, layout: &Layout, density: &Density, left: f32) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let middle = layout.marks.center().y - 2.0;
    let mut x = left;
    for (icon, number, word) in
        [(Icon::Cross, density.refused, "refused"), (Icon::Warning, density.wrong, "wrong")]
    {
        if number == 0 {
            continue;
        }
        icon.paint(painter, pos2(x + 4.5, middle), 10.0, Tone::Error.color(tokens));
        let words = format!("{} {word}", count(number));
        let at = pos2(x + 15.0, middle);
        let ink = tokens.text_secondary;
        let align = Align2::LEFT_CENTER;
        x = text::paint(painter, at, align, &words, size::TEXT_SMALL, ink).right() + 14.0;
    }
}
