//! How steps stand, in a word for a narrow column and a sentence for a tooltip.

use crate::config::EnginePolicy;
use crate::ddi::NtStatus;
use crate::machine::{CommandRecord, Ending, Run, TracedKind, TracedOperation, TracedPacket};
use crate::vidmm::Asked;

use super::ending::short_status;
use super::packet::call_of;
use super::{
    Words, damage_text, fault_text, mismatch_text, packet_fault_text, refusal_text, stop_text,
};

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatusKind {
    /// Done.
    Done,
    /// An expectation that holds.
    Held,
    /// The driver filled the buffer with it and went on in another.
    BufferFull,
    /// Refused; nothing changed.
    Refused,
    /// The machine stopped.
    Stopped,
    /// An expectation that does not hold.
    Failed,
    /// Something is wrong after it.
    Damaged,
    /// The device could not execute it.
    Faulted,
    /// Begun and not through.
    Running,
    /// In buffers, not executed yet.
    Encoded,
    /// Not reached yet.
    Ahead,
}

impl StatusKind {
    /// In a word or two.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::Held => "Holds",
            Self::BufferFull => "Buffer full",
            Self::Refused => "Refused",
            Self::Stopped => "Stopped",
            Self::Failed => "Failed",
            Self::Damaged => "Damaged",
            Self::Faulted => "Fault",
            Self::Running => "Running",
            Self::Encoded => "Encoded",
            Self::Ahead => "Ahead",
        }
    }

    /// Whether something is wrong that a person should look at.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Stopped | Self::Failed | Self::Damaged | Self::Faulted)
    }
}

/// How a step stands, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusText {
    /// How.
    pub kind: StatusKind,
    /// For a column: what is behind it, as short as can be; empty where the word says all.
    pub brief: String,
    /// For a tooltip: everything, a line for each thing; empty where the word says all.
    pub detail: String,
}

impl StatusText {
    /// A status whose word says all.
    #[must_use]
    pub const fn plain(kind: StatusKind) -> Self {
        Self { kind, brief: String::new(), detail: String::new() }
    }
}

/// How a command of a run ended: as [`ending_status`], and where the GPU runs only when asked to,
/// whether all that the command asked for still waits in the queue.
#[must_use]
pub fn command_status(run: &Run, record: &CommandRecord, words: Words<'_>) -> StatusText {
    let status = ending_status(record, words);
    let summary = &record.summary;
    let waits = run.policies().engine == EnginePolicy::Manual
        && summary.operations > 0
        && summary.packets == 0;
    if status.kind == StatusKind::Done && waits {
        let detail = "Encoded and queued; the GPU had run none of it when the command ended.";
        return StatusText { kind: StatusKind::Encoded, detail: detail.to_owned(), ..status };
    }
    status
}

/// How a command ended. Damage and faults come before a good ending.
#[must_use]
pub fn ending_status(record: &CommandRecord, words: Words<'_>) -> StatusText {
    let wrong = record.damage.iter().map(|damage| damage_text(damage, words));
    let faults = record.faults.iter().map(fault_text);
    let wrong: Vec<String> = wrong.chain(faults).collect();
    let (kind, own, sentence) = match &record.ending {
        Ending::Done => (StatusKind::Done, String::new(), None),
        Ending::Held => (StatusKind::Held, String::new(), None),
        Ending::Refused(refusal) => {
            let text = refusal_text(refusal, words);
            let sentence = format!("{} {}: {}", text.status, text.code, text.sentence);
            (StatusKind::Refused, short_status(refusal.status), Some(sentence))
        }
        Ending::Stopped(stop) => {
            let brief = format!("bug check {:#X}, {:#X}", stop.code, stop.parameter);
            (StatusKind::Stopped, brief, Some(stop_text(stop)))
        }
        Ending::Failed(mismatch) => {
            let text = mismatch_text(mismatch, words);
            (StatusKind::Failed, text.clone(), Some(text))
        }
    };
    let (kind, brief) = match (kind, wrong.first()) {
        (StatusKind::Done | StatusKind::Held, Some(first)) => {
            let kind =
                if record.damage.is_empty() { StatusKind::Faulted } else { StatusKind::Damaged };
            (kind, first.clone())
        }
        _ => (kind, own),
    };
    let detail = sentence.into_iter().chain(wrong).collect::<Vec<_>>().join("\n");
    StatusText { kind, brief, detail }
}

/// How an operation came out inside its command.
#[must_use]
pub fn operation_status(operation: &TracedOperation) -> StatusText {
    if let Some(fault) = operation.packets.iter().find_map(|packet| packet.outcome.fault) {
        let text = packet_fault_text(fault).to_owned();
        return StatusText { kind: StatusKind::Faulted, brief: text.clone(), detail: text };
    }
    let asked = match &operation.kind {
        TracedKind::Asked(record) => Some(&record.asked),
        TracedKind::Executed(_) => None,
    };
    let is_render = matches!(asked, Some(Asked::Render(_)));
    // A command buffer goes on in the next DMA buffer, in an operation of its own.
    let is_full = |status| is_render && status == NtStatus::INSUFFICIENT_DMA_BUFFER;
    let failed = operation.calls.last();
    let failed = failed.filter(|call| !call.status.is_success() && !is_full(call.status));
    if let Some(call) = failed {
        let brief = short_status(call.status);
        return StatusText { kind: StatusKind::Stopped, detail: brief.clone(), brief };
    }
    let is_queued = match asked {
        // Its packets are those of the submission behind it.
        Some(Asked::Render(_)) => false,
        Some(Asked::Submit(_)) => true,
        _ => operation.calls.iter().any(|call| call.end > call.start),
    };
    if is_queued && operation.packets.is_empty() {
        return StatusText::plain(StatusKind::Encoded);
    }
    let passes = operation.calls.len();
    let detail = match passes {
        0 | 1 => String::new(),
        _ if is_render => format!("the driver was asked {passes} times, for the DMA buffer grew"),
        _ => format!("the driver took {passes} passes"),
    };
    StatusText { kind: StatusKind::Done, brief: String::new(), detail }
}

/// How a packet came out.
#[must_use]
pub fn packet_status(operation: &TracedOperation, packet: &TracedPacket) -> StatusText {
    if let Some(fault) = packet.outcome.fault {
        let text = packet_fault_text(fault).to_owned();
        return StatusText { kind: StatusKind::Faulted, brief: text.clone(), detail: text };
    }
    let full = call_of(operation, packet).is_some_and(|call| {
        call.status == NtStatus::INSUFFICIENT_DMA_BUFFER && call.end == packet.outcome.end
    });
    if full {
        let detail = "after this one the buffer had no room: the driver answered \
                      STATUS_GRAPHICS_INSUFFICIENT_DMA_BUFFER and went on in the next";
        let detail = detail.to_owned();
        return StatusText { kind: StatusKind::BufferFull, brief: String::new(), detail };
    }
    StatusText::plain(StatusKind::Done)
}
