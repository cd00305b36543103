//! How a row of the table looks.

use std::sync::Arc;

use egui::text::{LayoutJob, TextWrapping};
use egui::{Align2, Color32, Galley, Painter, Rect, Sense, Ui, pos2, vec2};

use super::layout::{Columns, GAP};
use super::rows::{RowText, concerns};
use crate::analysis::explain::{Flow, StatusKind};
use crate::app::{Item, View};
use crate::machine::{Inner, Place};
use crate::ui::theme::{Mark, Tokens, mix, size, text, tokens};
use crate::ui::widgets::{Icon, Tone, elide, horizontal_line, mark, outline};

pub(super) fn header(ui: &mut Ui, columns: &Columns) {
    let tokens = tokens(ui);
    let width = ui.available_width();
    let (rect, _) = ui.allocate_exact_size(vec2(width, 23.0), Sense::hover());
    let painter = ui.painter();
    let titles = [
        (Some(columns.step), "Step"),
        (Some(columns.operation), "Operation"),
        (Some(columns.what), "What moved where"),
        (columns.reason, "Reason"),
        (Some(columns.status), "Status"),
    ];
    let (y, faint) = (rect.top() + 12.0, tokens.text_faint);
    let edges: Vec<f32> = titles.iter().filter_map(|(x, _)| *x).chain([columns.time]).collect();
    let shown = titles.into_iter().filter(|(x, _)| x.is_some());
    for ((_, title), edges) in shown.zip(edges.windows(2)) {
        let at = pos2(rect.left() + edges[0], y);
        let galley = elide(painter, title, size::TEXT_SMALL, faint, edges[1] - edges[0] - GAP);
        text::paint_galley(painter, at, Align2::LEFT_CENTER, galley, faint);
    }
    let at = pos2(rect.left() + columns.right, y);
    text::paint(painter, at, Align2::RIGHT_CENTER, "Time", size::TEXT_SMALL, faint);
    let foot = rect.bottom() - 1.0;
    horizontal_line(painter, rect.left(), rect.right(), foot, tokens.separator);
}

/// How a row stands out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) current: bool,
    pub(super) related: bool,
    pub(super) selected: bool,
    pub(super) hovered: bool,
    pub(super) odd: bool,
    pub(super) level: f32,
}

pub(super) fn look(view: &View<'_>, place: Place, index: usize, hovered: bool) -> Look {
    let same_operation = match (place.inner, view.place.inner) {
        (Some(own), Some(at)) => {
            place.command == view.place.command && own.operation == at.operation
        }
        _ => false,
    };
    let concerned = |item: Option<Item>| {
        matches!(item, Some(Item::Allocation(id)) if concerns(view, place, id))
            || item == Some(Item::Step(place))
    };
    Look {
        current: place == view.place,
        related: same_operation || concerned(view.selected) || concerned(view.hovered),
        selected: view.selected == Some(Item::Step(place)),
        hovered,
        odd: !index.is_multiple_of(2),
        level: match place.inner {
            None => 0.0,
            Some(Inner { packet: None, .. }) => 1.0,
            Some(_) => 2.0,
        },
    }
}

/// Paints a row and says whether a text was cut short.
pub(super) fn paint_row(
    painter: &Painter,
    rect: Rect,
    columns: &Columns,
    row: &RowText,
    look: Look,
) -> bool {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    painter.rect_filled(rect, 0.0, ground(tokens, look));
    if look.current {
        let edge = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
        painter.rect_filled(edge, 0.0, tokens.accent);
    }
    if look.selected {
        outline(painter, rect, 0.0, 1.0, tokens.accent);
    }
    let (ink, faint) = if row.ahead {
        (tokens.text_faint, tokens.text_faint)
    } else {
        (tokens.text, tokens.text_secondary)
    };
    let y = rect.center().y;
    let x = |column: f32| rect.left() + column;
    let indent = look.level * columns.indent;
    if let Some(open) = row.open {
        let icon = if open { Icon::TriangleDown } else { Icon::TriangleRight };
        icon.paint(painter, pos2(x(columns.step) + indent + 4.0, y), 8.0, tokens.text_faint);
    }
    let at = pos2(x(columns.step) + indent + 13.0, y);
    text::paint_mono(painter, at, Align2::LEFT_CENTER, &row.step, size::MONO, ink);
    if let Some(flow) = row.flow {
        mark(painter, pos2(x(columns.operation) + 4.0, y), 10.0, direction_mark(flow));
    }
    let mut cut = false;
    let mut cell = |from: f32, galley: Arc<Galley>, ink: Color32| {
        cut |= galley.elided;
        text::paint_galley(painter, pos2(from, y), Align2::LEFT_CENTER, galley, ink);
    };
    let body = |from: f32, to: f32, words: &str, ink: Color32| {
        elide(painter, words, size::TEXT_BODY, ink, to - from)
    };
    // Commands have no mark; where it is narrow, they need not line up with operations.
    let beside = if look.level == 0.0 && columns.reason.is_none() { 0.0 } else { 14.0 };
    let (from, to) = (x(columns.operation) + beside, x(columns.what) - GAP);
    if look.level < 2.0 {
        cell(from, body(from, to, &row.kind, ink), ink);
    } else {
        // The name of a packet.
        let mut job = LayoutJob::simple_singleline(row.kind.clone(), text::mono(), ink);
        job.wrap = TextWrapping::truncate_at_width(to - from);
        cell(from, painter.layout_job(job), ink);
    }
    let (mut what, end) = (x(columns.what), x(columns.reason.unwrap_or(columns.status)) - GAP);
    if look.level > 0.0 && !row.amount.is_empty() {
        let (at, align) = match columns.amount {
            Some(width) => (pos2(what + width, y), Align2::RIGHT_CENTER),
            None => (pos2(what, y), Align2::LEFT_CENTER),
        };
        text::paint(painter, at, align, &row.amount, size::TEXT_BODY, ink);
    }
    what += match columns.amount {
        Some(width) if look.level > 0.0 => width + GAP,
        None if !row.amount.is_empty() => {
            text::mixed_text(painter, &row.amount, size::TEXT_BODY, ink).size().x + GAP
        }
        _ => 0.0,
    };
    // A triangle stands before what names the quirk, or before the route where nothing does.
    let triangle = |from: f32| {
        let at = pos2(from + 5.0, y);
        Icon::Warning.paint(painter, at, 10.0, tokens.warn);
        from + 14.0
    };
    if row.quirk && columns.reason.is_none() {
        what = triangle(what);
    }
    cell(what, body(what, end, &row.route, faint), faint);
    if let Some(reason) = columns.reason {
        let (mut from, to) = (x(reason), x(columns.status) - GAP);
        if row.quirk {
            from = triangle(from);
        }
        cell(from, body(from, to, &row.reason, faint), faint);
    }
    let hidden = columns.reason.is_none() && !row.reason.is_empty();
    cut |= hidden;
    cut |= paint_status(painter, pos2(x(columns.status), y), x(columns.time) - GAP, row);
    let at = pos2(x(columns.right), y);
    text::paint(painter, at, Align2::RIGHT_CENTER, &row.time, size::TEXT_BODY, faint);
    cut
}

fn ground(tokens: &Tokens, look: Look) -> Color32 {
    let ground = if look.current {
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

pub(in crate::ui::panels) const fn direction_mark(flow: Flow) -> Mark {
    match flow {
        Flow::In => Mark::In,
        Flow::Out => Mark::Out,
        Flow::Map => Mark::Map,
        Flow::Unmap => Mark::Unmap,
    }
}

/// The icon and colour of a status; the word stands beside it.
const fn status_look(kind: StatusKind, tokens: &Tokens) -> (Icon, Color32) {
    match kind {
        StatusKind::Done | StatusKind::Held => (Icon::Check, tokens.ok),
        StatusKind::BufferFull => (Icon::BufferFull, tokens.warn),
        StatusKind::Refused | StatusKind::Stopped | StatusKind::Failed | StatusKind::Faulted => {
            (Icon::Cross, tokens.error)
        }
        StatusKind::Damaged => (Icon::Warning, tokens.error),
        StatusKind::Running => (Icon::TriangleRight, tokens.accent),
        StatusKind::Encoded | StatusKind::Ahead => (Icon::Circle, tokens.text_faint),
    }
}

/// The tone of a status, for panels that tell it in a sentence.
pub(in crate::ui::panels) const fn status_tone(kind: StatusKind) -> Tone {
    match kind {
        StatusKind::Done | StatusKind::Held => Tone::Ok,
        StatusKind::BufferFull => Tone::Warn,
        StatusKind::Refused
        | StatusKind::Stopped
        | StatusKind::Failed
        | StatusKind::Faulted
        | StatusKind::Damaged => Tone::Error,
        StatusKind::Running | StatusKind::Encoded | StatusKind::Ahead => Tone::Plain,
    }
}

/// Icon and word, ending before `end`; says whether the word was cut short.
fn paint_status(painter: &Painter, at: egui::Pos2, end: f32, row: &RowText) -> bool {
    let tokens = crate::ui::theme::tokens_of_context(painter.ctx());
    let (icon, color) = status_look(row.status.kind, tokens);
    icon.paint(painter, at + vec2(5.0, 0.0), 12.0, color);
    let ink = if row.ahead { tokens.text_faint } else { tokens.text_secondary };
    let word = row.status.kind.word();
    let galley = elide(painter, word, size::TEXT_SMALL, ink, end - at.x - 16.0);
    let cut = galley.elided;
    text::paint_galley(painter, at + vec2(16.0, 0.0), Align2::LEFT_CENTER, galley, ink);
    cut
}

/// The whole row, where a column cut it short or had no room.
pub(super) fn tooltip(ui: &mut Ui, row: &RowText) {
    let tokens = tokens(ui);
    let mut line = |words: &str, ink: Color32| {
        if !words.is_empty() {
            ui.label(text::mixed_job(words, size::TEXT_BODY, ink));
        }
    };
    line(&format!("{} {}", row.step, row.kind), tokens.text);
    line(format!("{} {}", row.amount, row.route).trim(), tokens.text);
    line(&row.reason, tokens.text_secondary);
    line(row.status.kind.word(), tokens.text_secondary);
    for more in row.more.lines().filter(|more| *more != row.reason) {
        line(more, tokens.text_secondary);
    }
}
