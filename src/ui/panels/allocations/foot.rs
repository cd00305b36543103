//! The line below the table: what all rows come to.

use egui::{Align2, Rect, Role, Sense, Ui, WidgetInfo, vec2};

use super::AllocationsState;
use crate::analysis::allocation_table::Listing;
use crate::app::View;
use crate::base::text::{count, counted, size as size_text};
use crate::ui::theme::{size, text, tokens};
use crate::ui::widgets::{elide, horizontal_line};

/// Height of the line.
pub(super) const HEIGHT: f32 = 24.0;

/// A sum with what it means.
struct Sum {
    text: String,
    meaning: &'static str,
}

/// What the rows come to, most wanted first.
fn sums(view: &View<'_>, listing: &Listing) -> Vec<Sum> {
    let totals = &listing.totals;
    let all = totals.count == listing.existing;
    let existing = if all {
        counted(listing.existing, "allocation")
    } else {
        format!("{} of {}", count(totals.count), counted(listing.existing, "allocation"))
    };
    let by_segment: Vec<String> = totals
        .resident
        .iter()
        .map(|(id, bytes)| format!("{} {}", view.names.segment(*id), size_text(*bytes)))
        .collect();
    let resident = match by_segment.as_slice() {
        [] => "none resident".to_owned(),
        [_] => format!("{} resident", by_segment.join("")),
        _ => {
            let sum = size_text(totals.resident_bytes());
            format!("{sum} resident ({})", by_segment.join(", "))
        }
    };
    let mut sums = vec![
        Sum { text: existing, meaning: "Allocations that exist at this step and pass the filter." },
        Sum {
            text: resident,
            meaning: "Resident: bytes that lie in a segment, where the GPU can reach them, by \
                      segment.",
        },
        Sum {
            text: format!("{} committed", size_text(totals.committed)),
            meaning: "Committed: bytes of system memory promised to these allocations from their \
                      creation on, so that each can be evicted.",
        },
    ];
    if totals.in_system_memory > 0 {
        sums.push(Sum {
            text: format!("{} in system memory", size_text(totals.in_system_memory)),
            meaning: "Bytes of those that are not resident and lie in their backing store.",
        });
    }
    if totals.dirty > 0 {
        sums.push(Sum {
            text: format!("{} dirty", size_text(totals.dirty)),
            meaning: "Dirty: bytes of resident ones that were written since they were paged in, so \
                      that leaving means copying.",
        });
    }
    sums
}

pub(super) fn foot_ui(ui: &mut Ui, rect: Rect, view: &View<'_>, state: &AllocationsState) {
    let Some(listing) = state.listing() else { return };
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.bar);
    horizontal_line(ui.painter(), rect.left(), rect.right(), rect.top(), tokens.separator);
    let inside = rect.shrink2(vec2(size::PANEL_INSET, 0.0));
    let sums = sums(view, listing);
    let text = sums.iter().map(|sum| sum.text.as_str()).collect::<Vec<_>>().join("  ·  ");
    let spoken = text.replace("  ·  ", ", ");
    let words = inside;
    let response = ui.interact(words, ui.scope_id().with("totals"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Total: {spoken}")));
    let ink = tokens.text_secondary;
    let galley = elide(ui.painter(), &text, size::TEXT_SMALL, ink, words.width());
    text::paint_galley(ui.painter(), words.left_center(), Align2::LEFT_CENTER, galley, ink);
    response.on_hover_ui(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for sum in &sums {
            ui.label(text::mixed_job(&sum.text, size::TEXT_BODY, tokens.text));
            ui.weak(sum.meaning);
        }
    });
}
