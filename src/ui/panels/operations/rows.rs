//! What a row of the table says.

use crate::analysis::explain::{
    Flow, StatusKind, StatusText, command_status, command_text, operation_status, operation_text,
    packet_status, packet_text, summary_text, wait_text,
};
use crate::analysis::quirks::{self, QuirkWords};
use crate::analysis::steps::{Standing, standing};
use crate::app::View;
use crate::base::AllocationId;
use crate::base::text::duration;
use crate::gpu::PacketFormat;
use crate::machine::{CommandTrace, Inner, Place, TracedKind, TracedOperation};
use crate::vidmm::{Allocation, Asked, packet_time, power_step_time};

/// A row in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RowText {
    pub(super) step: String,
    /// Whether it can be opened, and is.
    pub(super) open: Option<bool>,
    pub(super) flow: Option<Flow>,
    pub(super) kind: String,
    pub(super) amount: String,
    pub(super) route: String,
    pub(super) reason: String,
    pub(super) status: StatusText,
    pub(super) time: String,
    /// A quirk of the driver reaches it: named in the reason, told in full on hover.
    pub(super) quirk: bool,
    /// Dimmed: not reached by the playhead.
    pub(super) ahead: bool,
    /// What no column has room for, a line for each thing.
    pub(super) more: String,
}

impl RowText {
    /// The row in a sentence, for screen readers.
    pub(super) fn spoken(&self) -> String {
        let parts = [&self.kind, &self.amount, &self.route, &self.reason];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        parts.fold(format!("step {}", self.step), |text, part| format!("{text}, {part}"))
            + ", "
            + self.status.kind.word()
    }
}

/// The command taken apart that a row lies in, where that is known.
pub(in crate::ui::panels) fn trace_of<'a>(
    view: &View<'a>,
    command: usize,
) -> Option<&'a CommandTrace> {
    let current = view.trace.filter(|trace| trace.command == command);
    current.or_else(|| view.opened.get(&command)).map(|trace| &**trace)
}

/// The text of a row. `is_open` says whether it shows what is inside.
pub(super) fn row_text(view: &View<'_>, row: Place, is_open: bool) -> Option<RowText> {
    let at = view.place.inner.and_then(|inner| {
        let trace = view.trace.filter(|trace| trace.command == view.place.command)?;
        trace.operation(inner.operation)
    });
    let stands = standing(row, view.place, at.map_or(0, |operation| operation.packets.len()));
    let Some(inner) = row.inner else { return command_row(view, row, stands, is_open) };
    let trace = trace_of(view, row.command)?;
    let operation = trace.operation(inner.operation)?;
    match inner.packet {
        None => Some(operation_row(view, row, operation, stands, is_open)),
        Some(packet) => packet_row(view, row, operation, packet, stands),
    }
}

fn command_row(view: &View<'_>, row: Place, stands: Standing, is_open: bool) -> Option<RowText> {
    let words = view.words();
    let text = command_text(view.run.command(row.command)?, words);
    let record = view.run.record(row.command);
    let ended = record.map(|record| command_status(view.run, record, words));
    let plain = |ended: &StatusText| {
        matches!(ended.kind, StatusKind::Done | StatusKind::Held | StatusKind::Encoded)
    };
    let status = match (stands, ended) {
        (Standing::Running, _) => StatusText::plain(StatusKind::Running),
        (Standing::Past, Some(ended)) => ended,
        // What will go wrong is worth seeing before it does.
        (_, Some(ended)) if !plain(&ended) => ended,
        _ => StatusText::plain(StatusKind::Ahead),
    };
    let summary = record.map(|record| summary_text(&record.summary)).unwrap_or_default();
    let reason = [&status.brief, &summary, &text.note].into_iter().find(|text| !text.is_empty());
    let before = view.run.record(row.command.saturating_sub(1)).map(|record| record.clock);
    // Before the first command the clock has counted the start of the adapter.
    let took = record.zip(before).map_or(0, |(record, before)| record.clock.saturating_sub(before));
    let inside =
        record.is_some_and(|record| record.summary.operations > 0 || record.summary.packets > 0);
    Some(RowText {
        step: row.to_string(),
        open: inside.then_some(is_open),
        flow: None,
        kind: text.title.to_owned(),
        amount: String::new(),
        route: text.what,
        reason: reason.cloned().unwrap_or_default(),
        more: status.detail.clone(),
        status,
        time: if took > 0 { duration(took) } else { String::new() },
        quirk: false,
        ahead: stands == Standing::Ahead,
    })
}

fn operation_row(
    view: &View<'_>,
    row: Place,
    operation: &TracedOperation,
    stands: Standing,
    is_open: bool,
) -> RowText {
    let words = view.words();
    let text = operation_text(operation, words);
    let status = status_of(stands, || operation_status(operation));
    let costs = &view.run.adapter().costs;
    let packets = operation.packets.iter().map(|packet| packet_time(costs, packet.outcome.traffic));
    let step = match &operation.kind {
        TracedKind::Asked(record) => match &record.asked {
            Asked::Power(step) => power_step_time(costs, step),
            _ => 0,
        },
        TracedKind::Executed(_) => 0,
    };
    let time: u64 = packets.sum::<u64>().saturating_add(step);
    let waits = operation.waits.iter().map(|(fence, reason)| wait_text(*fence, *reason, words));
    let detail = Some(status.detail.clone()).filter(|detail| !detail.is_empty());
    let reaching = quirks_of(view, operation);
    let told = reaching.iter().map(|quirk| format!("Quirk {}: {}", quirk.name, quirk.departure));
    let more: Vec<String> = detail.into_iter().chain(told).chain(waits).collect();
    let note = quirks::short_note(&reaching);
    let reason = match (note.is_empty(), text.reason.is_empty()) {
        (true, _) => text.reason,
        (false, true) => note,
        (false, false) => format!("{note}, {}", text.reason),
    };
    RowText {
        step: row.to_string(),
        open: (!operation.packets.is_empty()).then_some(is_open),
        flow: text.flow,
        kind: text.kind.to_owned(),
        amount: text.amount,
        route: text.route,
        reason,
        status,
        quirk: !reaching.is_empty(),
        time: if time > 0 { duration(time) } else { String::new() },
        ahead: matches!(stands, Standing::Ahead | Standing::Encoded),
        more: more.join("\n"),
    }
}

/// The quirks of the driver that reach an operation.
fn quirks_of(view: &View<'_>, operation: &TracedOperation) -> Vec<QuirkWords> {
    let (Some(started), TracedKind::Asked(record)) = (view.started, &operation.kind) else {
        return Vec::new();
    };
    let subject = record.subject.and_then(|id| started.vidmm().book().allocation(id));
    quirks::affecting(started.vidmm().adapter(), record, subject)
}

fn packet_row(
    view: &View<'_>,
    row: Place,
    operation: &TracedOperation,
    number: u32,
    stands: Standing,
) -> Option<RowText> {
    let format =
        view.started.map_or(PacketFormat::Native, |started| started.driver().paging_format());
    let text = packet_text(operation, number, format, view.words())?;
    let packet = operation.packets.get((number as usize).checked_sub(1)?)?;
    let status = status_of(stands, || packet_status(operation, packet));
    let passes = operation.calls.len() > 1 && !text.pass.is_empty();
    Some(RowText {
        step: row.to_string(),
        open: None,
        flow: None,
        kind: text.name.to_owned(),
        amount: text.amount,
        route: text.route,
        reason: if passes { text.pass } else { text.place.clone() },
        more: if passes {
            format!("{}\n{}", text.place, status.detail).trim_end().to_owned()
        } else {
            status.detail.clone()
        },
        status,
        time: duration(packet_time(&view.run.adapter().costs, packet.outcome.traffic)),
        quirk: false,
        ahead: matches!(stands, Standing::Ahead | Standing::Encoded),
    })
}

fn status_of(stands: Standing, ended: impl FnOnce() -> StatusText) -> StatusText {
    match stands {
        Standing::Past => ended(),
        Standing::Running => StatusText::plain(StatusKind::Running),
        Standing::Encoded => StatusText::plain(StatusKind::Encoded),
        Standing::Ahead => StatusText::plain(StatusKind::Ahead),
    }
}

/// Whether a row concerns an allocation.
pub(super) fn concerns(view: &View<'_>, row: Place, id: AllocationId) -> bool {
    let Some(Inner { operation, .. }) = row.inner else {
        let command = view.run.command(row.command);
        return command.is_some_and(|command| {
            crate::analysis::steps::allocations_of(command).any(|named| named == id)
        });
    };
    let operation = trace_of(view, row.command).and_then(|trace| trace.operation(operation));
    let Some(TracedKind::Asked(record)) = operation.map(|operation| &operation.kind) else {
        return false;
    };
    match &record.asked {
        Asked::Render(render) => render.allocations.iter().any(|(named, _)| *named == id),
        Asked::Patch(patch) => {
            let handle = view.started.and_then(|started| started.vidmm().book().allocation(id));
            let handle = handle.map(Allocation::handle);
            let mut listed = patch.lists.allocation_list.iter();
            listed.any(|entry| Some(entry.allocation) == handle)
        }
        _ => record.subject == Some(id),
    }
}
