//! How a row of the table looks, and what it says on hover.

use egui::{Align2, Color32, Painter, Rect, Ui, pos2, vec2};

use super::layout::{Cell, Columns, ends_right};
use crate::analysis::allocation_table::{AllocationRow, ByteVerdict, Column, Preferred, State};
use crate::analysis::strips::HintOutcome;
use crate::app::{Item, View};
use crate::base::text::{exact_size, hex, size as size_text, word};
use crate::ui::theme::{OwnerColor, Tokens, mix, size, text, tokens, tokens_of_context};
use crate::ui::widgets::{Icon, KeyValue, elide, outline, swatch};

/// How a row stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) selected: bool,
    /// Its process or its segment is selected.
    pub(super) related: bool,
    pub(super) hovered: bool,
    pub(super) odd: bool,
}

pub(super) fn look(view: &View<'_>, row: &AllocationRow, index: usize, hovered: bool) -> Look {
    let own = Some(Item::Allocation(row.id));
    let related = match view.selected {
        Some(Item::Process(process)) => row.process == Some(process),
        Some(Item::Segment(segment)) => row.segment.as_ref().is_some_and(|(id, _)| *id == segment),
        _ => false,
    };
    Look {
        selected: view.selected == own,
        related,
        hovered: hovered || view.hovered == own,
        odd: !index.is_multiple_of(2),
    }
}

fn ground(tokens: &Tokens, look: Look) -> Color32 {
    let ground = if look.selected {
        tokens.accent_ground
    } else if look.related {
        tokens.related_ground(tokens.canvas)
    } else if look.odd {
        mix(tokens.canvas, tokens.separator, 0.18)
    } else {
        tokens.canvas
    };
    if look.hovered { tokens.hover_ground(ground) } else { ground }
}

/// Paints a row of which all but the first column is scrolled sideways.
pub(super) fn paint_row(
    painter: &Painter,
    (rect, scrolled, columns): (Rect, f32, &Columns),
    row: &AllocationRow,
    owner: OwnerColor,
    look: Look,
) {
    let tokens = tokens_of_context(painter.ctx());
    painter.rect_filled(rect, 0.0, ground(tokens, look));
    let Some((first, others)) = columns.cells.split_first() else { return };
    let frozen = rect.left() + first.left + first.width;
    let scrolled_part = painter.with_clip_rect(painter.clip_rect().with_min_x(
        // Without scrolling nothing needs to be cut.
        if scrolled > 0.0 { frozen - size::LABEL_GAP } else { rect.left() },
    ));
    for cell in others {
        let left = rect.left() + cell.left - scrolled;
        if left + cell.width >= frozen && left <= rect.right() {
            let (at, end) = (pos2(left, rect.center().y), left + cell.text_end() - cell.left);
            paint_cell(&scrolled_part, tokens, (at, end, cell), row);
        }
    }
    let at = pos2(rect.left() + first.left, rect.center().y);
    paint_name(painter, tokens, (at, rect.left() + first.text_end()), row, owner);
    if look.selected {
        outline(painter, rect, 0.0, 1.0, tokens.accent);
        let edge = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
        painter.rect_filled(edge, 0.0, tokens.accent);
    }
}

fn paint_name(
    painter: &Painter,
    tokens: &Tokens,
    (at, end): (egui::Pos2, f32),
    row: &AllocationRow,
    owner: OwnerColor,
) {
    let square = Rect::from_center_size(at + vec2(4.0, 0.0), vec2(8.0, 8.0));
    swatch(painter, square, owner);
    let mut from = at.x + 14.0;
    if row.pinned {
        Icon::Lock.paint(painter, pos2(from + 4.0, at.y), 10.0, tokens.text_secondary);
        from += 13.0;
    }
    let galley = elide(painter, &row.name, size::TEXT_BODY, tokens.text, end - from);
    text::paint_galley(painter, pos2(from, at.y), Align2::LEFT_CENTER, galley, tokens.text);
}

/// The mark of a state: a filled square lies in a segment, a hollow one in system memory.
const fn state_icon(state: State) -> Icon {
    match state {
        State::Resident => Icon::Square,
        State::InSystemMemory => Icon::SquareHollow,
        State::WithoutPages => Icon::Dash,
        State::NeverResident => Icon::Circle,
    }
}

/// The mark of what holds a row most strongly; the words stand beside it.
fn held_icon(row: &AllocationRow) -> Option<Icon> {
    let first = row.held.first()?;
    Some(match first.as_str() {
        "displayed" => Icon::Screen,
        "discarded" => Icon::Dropped,
        "shared" => return None,
        words if words.starts_with("locked") => Icon::Key,
        _ => Icon::Dots,
    })
}

/// The mark of what the bytes are judged to be.
const fn verdict_icon(verdict: ByteVerdict, tokens: &Tokens) -> (Icon, Color32) {
    match verdict {
        ByteVerdict::Intact => (Icon::Check, tokens.ok),
        ByteVerdict::Damaged(_) => (Icon::Cross, tokens.error),
        ByteVerdict::NeverWritten
        | ByteVerdict::Discarded
        | ByteVerdict::Lost
        | ByteVerdict::OnTheWay => (Icon::Dash, tokens.text_faint),
    }
}

/// The mark of a place that is, or is not, as preferred.
const fn standing_icon(standing: Preferred, tokens: &Tokens) -> Option<(Icon, Color32)> {
    match standing {
        Preferred::First => Some((Icon::Check, tokens.ok)),
        Preferred::Later(_) | Preferred::Elsewhere => Some((Icon::Diamond, tokens.warn)),
        Preferred::NoPreference | Preferred::NotResident => None,
    }
}

/// Paints what a column says of a row between `at` and `end`.
fn paint_cell(
    painter: &Painter,
    tokens: &Tokens,
    (at, end, cell): (egui::Pos2, f32, &Cell),
    row: &AllocationRow,
) {
    let faint = tokens.text_secondary;
    let (icon, words) = match cell.column {
        Column::Name => return,
        Column::Owner => (None, format!("{}, {}", row.process_name, row.device_name)),
        Column::State => (Some((state_icon(row.state), faint)), row.state.word().to_owned()),
        Column::Held => (held_icon(row).map(|icon| (icon, faint)), row.held.join(", ")),
        Column::Banks => {
            let icon = match row.hint {
                Some(HintOutcome::Followed) => Some((Icon::Check, tokens.ok)),
                Some(HintOutcome::Dropped) => Some((Icon::Diamond, tokens.warn)),
                Some(HintOutcome::NoHint) | None => None,
            };
            (icon, row.bank_text())
        }
        Column::Segment => {
            (None, row.segment.as_ref().map_or_else(String::new, |(_, name)| name.clone()))
        }
        Column::Address => (None, row.address_text()),
        Column::Size => (None, size_text(row.size)),
        Column::Priority => (None, row.priority.clone()),
        Column::Preferred => {
            let first = row.preferred.first().cloned().unwrap_or_else(|| "any".to_owned());
            (Some(standing_icon(row.standing, tokens).unwrap_or((Icon::Dash, faint))), first)
        }
        Column::Content => (Some(verdict_icon(row.bytes, tokens)), row.content.word().to_owned()),
        Column::Reference => {
            let step = row.reference.map_or_else(|| "never".to_owned(), |step| step.to_string());
            (None, step)
        }
        Column::Flags if row.flags.is_empty() => (None, "none".to_owned()),
        Column::Flags => (None, row.flags.clone()),
    };
    let mut from = at.x;
    if let Some((icon, ink)) = icon {
        // A dash of this size would be thinner than a pixel.
        let side = if icon == Icon::Dash { 12.0 } else { 9.0 };
        icon.paint(painter, pos2(from + 5.0, at.y), side, ink);
        from += 13.0;
    }
    if cell.column == Column::Reference && row.reference.is_some() {
        let right = pos2(end, at.y);
        text::paint_mono(painter, right, Align2::RIGHT_CENTER, &words, size::MONO, faint);
        return;
    }
    let ink = match cell.column {
        Column::State | Column::Size | Column::Segment => tokens.text,
        _ => faint,
    };
    let galley = elide(painter, &words, size::TEXT_BODY, ink, end - from);
    let (at, align) = if ends_right(cell.column) {
        (pos2(end, at.y), Align2::RIGHT_CENTER)
    } else {
        (pos2(from, at.y), Align2::LEFT_CENTER)
    };
    text::paint_galley(painter, at, align, galley, ink);
}

/// Everything about a row.
pub(super) fn tooltip(ui: &mut Ui, view: &View<'_>, row: &AllocationRow) {
    let tokens = tokens(ui);
    ui.set_min_width(360.0);
    ui.spacing_mut().item_spacing.y = 1.0;
    ui.label(text::mixed_job(&row.name, size::TEXT_BODY, tokens.text));
    let mut fact = |key: &str, value: &str, note: &str| {
        let fact = KeyValue::new(key, value).key_width(72.0);
        ui.add(if note.is_empty() { fact } else { fact.note(note) });
    };
    fact("Owner", &format!("{}, {}", row.process_name, row.device_name), "");
    let place = row.segment.as_ref().map(|(id, name)| format!(" in {id} {name}"));
    let pinned = row.pinned_reason.map_or_else(String::new, |why| format!("pinned: {why}"));
    fact("State", &format!("{}{}", row.state.word(), place.unwrap_or_default()), &pinned);
    if !row.held.is_empty() {
        fact("Held", &row.held.join(", "), "");
    }
    if let Some(sharing) = &row.sharing {
        fact("Shared", sharing, "");
    }
    let banks = row.bank_text();
    if !banks.is_empty() {
        fact("Bank", &banks, if row.hinted_banks.is_empty() { "" } else { "hinted → actual" });
    }
    if let Some(span) = row.span {
        fact("Address", &row.address_text(), "");
        fact("Offset", &hex(span.start()), "");
    }
    fact("Size", &exact_size(row.size), &hex(row.size));
    fact("Priority", &row.priority, &word(row.priority_value));
    let preferred =
        if row.preferred.is_empty() { "any".to_owned() } else { row.preferred.join(", ") };
    fact("Preferred", &preferred, &row.standing_text());
    fact("Content", row.content.word(), &row.bytes.text());
    let step = row.reference.map_or_else(|| "never".to_owned(), |step| format!("step {step}"));
    let ahead = row.reference.is_some_and(|step| step > view.place.command);
    fact("Last use", &step, if ahead { "not yet executed" } else { "" });
    let flags = if row.flags.is_empty() { "none" } else { &row.flags };
    fact("Flags", flags, &word(row.flags_value));
}
