//! The driver's claim against the hardware's truth, segment by segment.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::{PowerState, heading_ui, paint};
use crate::analysis::power::{ClaimCell, ClaimVerdict, SegmentClaim};
use crate::app::{Action, Item, View};
use crate::base::text::word;
use crate::ui::theme::{Tokens, size, text, tokens};
use crate::ui::widgets::{Icon, elide, focus_ring, horizontal_line, outline};

/// Height of a row.
const ROW: f32 = 20.0;
/// Least width of the name.
const NAME: f32 = 84.0;
/// Widths of claim and truth, of which there are two each.
const CELLS: [f32; 2] = [50.0, 66.0];

/// Icon and colour of a verdict.
const fn mark(tokens: &Tokens, verdict: ClaimVerdict) -> (Icon, egui::Color32) {
    match verdict {
        ClaimVerdict::NoBytes => (Icon::Dash, tokens.text_faint),
        ClaimVerdict::Agrees => (Icon::Check, tokens.ok),
        ClaimVerdict::Loses => (Icon::Cross, tokens.error),
        ClaimVerdict::MovesForNothing => (Icon::Warning, tokens.warn),
    }
}

/// Where name, claims and truths begin, from the left edge of a row of some width.
fn columns(width: f32) -> [f32; 4] {
    let [claim, truth] = CELLS;
    let least = NAME + 2.0 * (claim + truth);
    let spare = (width - least).max(0.0);
    let (name, more) = (NAME + spare * 0.4, spare * 0.15);
    let pair = claim + truth + 2.0 * more;
    [name, name + claim + more, name + pair, name + pair + claim + more]
}

pub(super) fn claims_ui(
    ui: &mut Ui,
    view: &View<'_>,
    state: &PowerState,
    actions: &mut Vec<Action>,
) {
    let Some(known) = &state.known else { return };
    heading_ui(ui, "Driver's claim, hardware's truth", "what the bytes do");
    if known.claims.is_empty() {
        let tokens = tokens(ui);
        let job =
            text::mixed_job("The adapter has no segments", size::TEXT_SMALL, tokens.text_faint);
        ui.label(job);
        return;
    }
    header_ui(ui);
    for claim in &known.claims {
        row_ui(ui, view, claim, actions);
    }
    ui.add_space(6.0);
    let mut all_agree = true;
    for claim in &known.claims {
        for cell in [&claim.standby, &claim.hibernate] {
            if let Some(sentence) = &cell.sentence {
                sentence_ui(ui, cell.verdict, sentence);
                all_agree = false;
            }
        }
    }
    if all_agree {
        let sentence = "The hardware keeps what the driver claims, and no more.";
        sentence_ui(ui, ClaimVerdict::Agrees, sentence);
    }
}

fn header_ui(ui: &mut Ui) {
    let tokens = tokens(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let columns = columns(rect.width());
    let titles = [(0.0, "Segment"), (columns[0], "S3 claim"), (columns[1], "truth")];
    for (x, title) in titles.into_iter().chain([(columns[2], "S4 claim"), (columns[3], "truth")]) {
        let at = pos2(rect.left() + x, rect.center().y);
        let (align, ink) = (Align2::LEFT_CENTER, tokens.text_faint);
        text::paint(ui.painter(), at, align, title, size::TEXT_SMALL, ink);
    }
    let foot = rect.bottom() - 1.0;
    horizontal_line(ui.painter(), rect.left(), rect.right(), foot, tokens.separator);
}

fn row_ui(ui: &mut Ui, view: &View<'_>, claim: &SegmentClaim, actions: &mut Vec<Action>) {
    let tokens = tokens(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let item = claim.id.map(Item::Segment);
    let cell = |cell: &ClaimCell| match cell.verdict {
        ClaimVerdict::NoBytes => "unmapped, no bytes".to_owned(),
        ClaimVerdict::Agrees => format!("{}, truth {}: agrees", cell.claim, cell.truth),
        ClaimVerdict::Loses => format!("{}, truth {}: loses content", cell.claim, cell.truth),
        ClaimVerdict::MovesForNothing => {
            format!("{}, truth {}: moves for nothing", cell.claim, cell.truth)
        }
    };
    let spoken = format!(
        "{} {}: S3 claim {}; S4 claim {}",
        claim.number,
        claim.name,
        cell(&claim.standby),
        cell(&claim.hibernate)
    );
    let selected = item.is_some() && item == view.selected;
    response.widget_info(|| WidgetInfo::selected(Role::Row, true, selected, &spoken));
    let painter = ui.painter().clone();
    let hovered = response.hovered() || (item.is_some() && item == view.hovered);
    let ground = if selected { tokens.related_ground(tokens.canvas) } else { tokens.canvas };
    let ground = if hovered { tokens.hover_ground(ground) } else { ground };
    painter.rect_filled(rect, 0.0, ground);
    let columns = columns(rect.width());
    let ends = [columns[2] - 4.0, rect.width()];
    for (cell, [from, truth], end) in [
        (&claim.standby, [columns[0], columns[1]], ends[0]),
        (&claim.hibernate, [columns[2], columns[3]], ends[1]),
    ] {
        cell_ui(&painter, rect, cell, (from, truth, end));
    }
    let (ink, middle) = (tokens.text_secondary, rect.center().y);
    let at = pos2(rect.left() + 2.0, middle);
    let number = claim.number.to_string();
    let align = Align2::LEFT_CENTER;
    let number = text::paint_mono(&painter, at, align, &number, size::MONO, ink);
    let room = columns[0] - (number.right() - rect.left()) - 10.0;
    let galley = elide(&painter, &claim.name, size::TEXT_SMALL, tokens.text, room);
    let at = pos2(number.right() + 5.0, middle);
    text::paint_galley(&painter, at, align, galley, tokens.text);
    focus_ring(ui, &response, rect, 0.0);
    if response.hovered() {
        actions.push(Action::Hover(item));
    }
    if response.clicked() && item.is_some() {
        actions.push(Action::Select(item));
    }
    response.on_hover_ui(|ui| {
        let words = format!("{} {}, flags {}", claim.number, claim.name, word(claim.flags));
        ui.label(text::mixed_job(&words, size::TEXT_BODY, tokens.text));
        for (state, own) in [("S3", &claim.standby), ("S4", &claim.hibernate)] {
            ui.label(format!("{state}: {}", cell(own)));
        }
        ui.weak("A click selects the segment");
    });
}

/// Claim and truth between `from` and `end`; framed where they differ.
fn cell_ui(
    painter: &egui::Painter,
    row: Rect,
    cell: &ClaimCell,
    (from, truth, end): (f32, f32, f32),
) {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let (icon, tone) = mark(tokens, cell.verdict);
    let differs = cell.sentence.is_some();
    if differs {
        let frame = Rect::from_x_y_ranges(
            row.left() + from - 4.0..=row.left() + end,
            row.top() + 1.0..=row.bottom() - 1.0,
        );
        let ground = crate::ui::theme::mix(tokens.canvas, tone, 0.14);
        painter.rect_filled(frame, 0.0, ground);
        outline(painter, frame, 0.0, 1.0, tone);
    }
    let middle = row.center().y;
    let word = |x: f32, end: f32, words: &str, ink| {
        let galley = elide(painter, words, size::TEXT_SMALL, ink, end - x - 3.0);
        let at = pos2(row.left() + x, middle);
        text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, ink);
    };
    word(from, truth, &cell.claim, tokens.text_secondary);
    // A smaller dash would be thinner than a pixel.
    icon.paint(painter, pos2(row.left() + truth + 4.0, middle), 12.0, tone);
    word(truth + 13.0, end, &cell.truth, tokens.text);
}

fn sentence_ui(ui: &mut Ui, verdict: ClaimVerdict, sentence: &str) {
    let tokens = tokens(ui);
    let (icon, tone) = mark(tokens, verdict);
    let width = ui.available_width();
    let ink = tokens.text;
    let galley = paint::wrapped(ui.painter(), sentence, size::TEXT_SMALL, ink, width - 18.0);
    let space = vec2(width, galley.size().y + 5.0);
    let (rect, response) = ui.allocate_exact_size(space, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, sentence));
    icon.paint(ui.painter(), rect.left_top() + vec2(6.0, 8.0), 11.0, tone);
    paint::place(ui.painter(), rect.left() + 18.0, rect.top(), galley, ink);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claim_and_truth_have_their_room_at_every_width() {
        // 84 + 2 * (50 + 66) = 316: the inner width of the narrowest left column.
        assert_eq!(columns(316.0), [84.0, 134.0, 200.0, 250.0]);
        for width in [316.0, 376.0, 620.0] {
            let columns = columns(width);
            assert!(columns.is_sorted() && columns[3] + CELLS[1] <= width + 0.01, "{columns:?}");
        }
    }
}
