//! The buffers of an operation or a command as cards, and how far an operation has got.

use super::Sources;
use super::packets::done_units;
use super::submission::{Work, card_fencing, works};
use crate::base::{FenceId, PAGE_SIZE, text};
use crate::ddi::{NtStatus, PagingOperation};
use crate::gpu::PacketFormat;
use crate::machine::{CommandTrace, Started, TracedKind, TracedOperation};
use crate::vidmm::{Asked, Buffer, BufferKind, CallRecord};

/// Whether a buffer still holds what a command wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// It is begun only after where the run stands.
    Ahead,
    /// It holds so many bytes of it now.
    Here {
        /// Bytes written.
        used: u32,
    },
    /// It has been begun anew since.
    Reused {
        /// Its number now.
        serial: u64,
    },
}

/// How far the submission of a buffer has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fencing {
    /// Nothing was written, so nothing is submitted.
    Nothing,
    /// Not submitted yet.
    NotSubmitted,
    /// Waits behind others.
    Queued(FenceId),
    /// The device fetches from it.
    Running(FenceId),
    /// Through.
    Retired(FenceId),
}

impl Fencing {
    /// In words.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Nothing => "nothing to submit".to_owned(),
            Self::NotSubmitted => "not submitted".to_owned(),
            Self::Queued(fence) => format!("fence {} queued", text::hex(fence.0)),
            Self::Running(fence) => format!("fence {} running", text::hex(fence.0)),
            Self::Retired(fence) => format!("fence {} retired", text::hex(fence.0)),
        }
    }
}

/// A call of the driver that wrote into a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallPart {
    /// The operation, counted from 1.
    pub operation: u32,
    /// Which call of that operation, counted from 1.
    pub pass: u32,
    /// What came of it.
    pub call: CallRecord,
}

/// A buffer that the command used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Place in VidMm's table of buffers.
    pub index: u32,
    /// Counts the buffers ever handed to the driver.
    pub serial: u64,
    /// What it is for.
    pub kind: BufferKind,
    /// Bytes in it.
    pub size: u32,
    /// Bytes that the command wrote in all.
    pub used: u32,
    /// Bytes from its start that the device is through with.
    pub executed: u32,
    /// The calls that wrote into it, in order; none where another command did.
    pub calls: Vec<CallPart>,
    /// Which of the calls is of the operation in question.
    pub own: Option<usize>,
    /// Where parts of a DMA buffer begin that was handed to the GPU in several, but for the first.
    pub cuts: Vec<u32>,
    /// Whether it still holds that.
    pub held: Held,
    /// How far its submission has got.
    pub fencing: Fencing,
    /// How its bytes are read.
    pub format: PacketFormat,
}

impl Card {
    /// The call of the operation in question, or the last one.
    #[must_use]
    pub fn call(&self) -> Option<&CallPart> {
        self.own.and_then(|own| self.calls.get(own)).or(self.calls.last())
    }

    /// Bytes that may be read now.
    #[must_use]
    pub const fn readable(&self) -> u32 {
        match self.held {
            Held::Here { used } => used,
            Held::Ahead | Held::Reused { .. } => 0,
        }
    }

    /// How many packets it holds, in words, and how many of them are of other operations.
    #[must_use]
    pub fn packets_text(&self) -> String {
        let noun = match self.format {
            PacketFormat::Native => "packet",
            PacketFormat::Record { .. } => "record",
        };
        let count = |bytes: u32| u64::from(bytes / self.format.packet_size().max(1));
        let own = self.own.and_then(|own| self.calls.get(own));
        let Some(own) = own else { return text::counted(count(self.used), noun) };
        let written = own.call.end - own.call.start;
        let others = self.used.saturating_sub(written);
        let text = text::counted(count(written), noun);
        if others == 0 { text } else { format!("{text}, {} of others", count(others)) }
    }
}

/// What the progress of an operation counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Pages of 4 KiB.
    Page,
}

impl Unit {
    /// The noun.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
        }
    }
}

/// The part of an operation that one call encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassShare {
    /// The first unit.
    pub from: u64,
    /// The unit after the last.
    pub to: u64,
    /// Whether it is encoded where the run stands.
    pub encoded: bool,
}

/// How far an operation has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is counted.
    pub unit: Unit,
    /// How many there are.
    pub total: u64,
    /// Each call's part.
    pub passes: Vec<PassShare>,
    /// How many the device is through with.
    pub moved: u64,
    /// How many are encoded.
    pub encoded: u64,
    /// The driver did it while it was asked, with no bytes in the buffer.
    pub at_once: bool,
}

/// The buffers of an operation, or of a whole command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The command, counted from 1.
    pub command: usize,
    /// The operation in question, counted from 1; `None` for the whole command.
    pub operation: Option<u32>,
    /// Its buffers, in the order in which they were begun.
    pub cards: Vec<Card>,
    /// How far the operation has got; `None` for a whole command and where nothing is counted.
    pub progress: Option<Progress>,
    /// The card to look at: the one that is being executed, else the last that holds paging
    /// operations, else the last that holds anything.
    pub focus: usize,
}

/// The buffers of an operation of a command (counted from 1), or of all of them.
///
/// A command with a single operation that called the driver is that operation.
#[must_use]
pub fn scene(sources: Sources<'_>, operation: Option<u32>) -> Scene {
    let wrote = |operation: &TracedOperation| {
        !operation.calls.is_empty() || matches!(operation.kind, TracedKind::Executed(_))
    };
    let mut writers = (1_u32..).zip(&sources.trace.operations).filter(|(_, known)| wrote(known));
    let only = match (writers.next(), writers.next()) {
        (Some((number, _)), None) => Some(number),
        _ => None,
    };
    let operation = operation.filter(|number| sources.trace.operation(*number).is_some()).or(only);
    let mut cards = cards(sources, operation);
    let works = match cards.iter().any(|card| card.kind == BufferKind::Dma) {
        true => works(sources.trace),
        false => Vec::new(),
    };
    for card in &mut cards {
        place_card(sources, &works, card);
    }
    let progress = operation.and_then(|number| progress(sources, number, &cards));
    let running = cards.iter().position(|card| {
        matches!(card.fencing, Fencing::Running(_)) && matches!(card.held, Held::Here { .. })
    });
    // What was paged says more than the work that it was paged for.
    let holds = |card: &Card| card.readable() > 0;
    let paged = |card: &Card| holds(card) && card.kind != BufferKind::Dma;
    let holding = cards.iter().rposition(paged).or_else(|| cards.iter().rposition(holds));
    let focus = running.or(holding).unwrap_or(cards.len().saturating_sub(1));
    Scene { command: sources.trace.command, operation, cards, progress, focus }
}

/// The cards before it is known how the buffers stand now.
fn cards(sources: Sources<'_>, operation: Option<u32>) -> Vec<Card> {
    let mut cards: Vec<Card> = Vec::new();
    for (number, traced) in (1_u32..).zip(&sources.trace.operations) {
        if let TracedKind::Executed(fence) = traced.kind
            && operation.is_none_or(|wanted| wanted == number)
        {
            cards.extend(foreign_card(sources, fence));
        }
        for (pass, call) in (1_u32..).zip(&traced.calls) {
            let part = CallPart { operation: number, pass, call: *call };
            let place = cards.iter().position(|card| card.serial == call.buffer.serial);
            let place = place.unwrap_or_else(|| {
                cards.push(empty_card(sources, call));
                cards.len() - 1
            });
            if let Some(card) = cards.get_mut(place) {
                if operation == Some(number) {
                    card.own = Some(card.calls.len());
                }
                card.used = card.used.max(call.end);
                card.calls.push(part);
            }
        }
    }
    cards.retain(|card| operation.is_none() || card.own.is_some() || card.calls.is_empty());
    cards
}

fn kind_of(sources: Sources<'_>, index: u32) -> BufferKind {
    buffer(sources.started, index).map_or(BufferKind::Paging, |buffer| buffer.shape.kind)
}

fn format_of(started: &Started, kind: BufferKind) -> PacketFormat {
    match kind {
        BufferKind::Dma | BufferKind::Command => PacketFormat::Native,
        BufferKind::Bootstrap | BufferKind::Paging => started.driver().paging_format(),
    }
}

fn empty_card(sources: Sources<'_>, call: &CallRecord) -> Card {
    let kind = kind_of(sources, call.buffer.index);
    Card {
        index: call.buffer.index,
        serial: call.buffer.serial,
        kind,
        size: call.buffer.size,
        used: 0,
        executed: 0,
        calls: Vec::new(),
        own: None,
        cuts: Vec::new(),
        held: Held::Ahead,
        fencing: Fencing::Nothing,
        format: format_of(sources.started, kind),
    }
}

/// The buffer that an earlier command submitted under a fence, unless it was begun anew since.
fn foreign_card(sources: Sources<'_>, fence: FenceId) -> Option<Card> {
    let queue = sources.started.vidmm().queue();
    // A part of a buffer that was split has a fence that is not the last of the buffer.
    let given = queue.in_flight().find(|given| given.fence == fence).map(|given| given.buffer);
    let last = || {
        let mut buffers = queue.buffers().iter();
        let is_its = |known: &Buffer| known.usage.fence == fence && known.usage.submitted > 0;
        u32::try_from(buffers.position(is_its)?).ok()
    };
    let index = given.or_else(last)?;
    let buffer = buffer(sources.started, index)?;
    Some(Card {
        index,
        serial: buffer.usage.serial,
        kind: buffer.shape.kind,
        size: buffer.shape.size,
        used: buffer.usage.used,
        executed: 0,
        calls: Vec::new(),
        own: None,
        cuts: Vec::new(),
        held: Held::Ahead,
        fencing: Fencing::Queued(fence),
        format: format_of(sources.started, buffer.shape.kind),
    })
}

/// Whether a buffer holds what it held under a serial.
pub(super) fn held(started: &Started, index: u32, serial: u64) -> Held {
    let Some(now) = buffer(started, index).map(|buffer| buffer.usage) else { return Held::Ahead };
    match now.serial.cmp(&serial) {
        std::cmp::Ordering::Less => Held::Ahead,
        std::cmp::Ordering::Equal => Held::Here { used: now.used },
        std::cmp::Ordering::Greater => Held::Reused { serial: now.serial },
    }
}

/// Finds out how a buffer stands where the run stands.
fn place_card(sources: Sources<'_>, works: &[Work], card: &mut Card) {
    card.held = held(sources.started, card.index, card.serial);
    if card.kind == BufferKind::Dma
        && let Some(known) = card_fencing(sources, works, card)
    {
        (card.fencing, card.executed, card.cuts) = known;
        return;
    }
    let fence = match card.fencing {
        Fencing::Queued(fence) => Some(fence),
        _ => submitted_as(sources.trace, card.serial),
    };
    let gpu = sources.started.driver().gpu();
    let Some(fence) = fence else {
        card.fencing = if card.used == 0 { Fencing::Nothing } else { Fencing::NotSubmitted };
        return;
    };
    let waiting = gpu.queue().enumerate().find(|(_, submission)| submission.fence == fence);
    (card.fencing, card.executed) = match waiting {
        Some((0, submission)) => (Fencing::Running(fence), submission.next),
        Some((_, submission)) => (Fencing::Queued(fence), submission.next),
        None if fence <= gpu.completed_fence() => (Fencing::Retired(fence), card.used),
        None => (Fencing::NotSubmitted, 0),
    };
}

/// The fence under which a command submitted a buffer.
fn submitted_as(trace: &CommandTrace, serial: u64) -> Option<FenceId> {
    let mut of_buffer = trace.submissions.iter().rev();
    of_buffer.find(|known| known.buffer.serial == serial).map(|known| known.fence)
}

/// A buffer of VidMm's table.
#[must_use]
pub fn buffer(started: &Started, index: u32) -> Option<&Buffer> {
    started.vidmm().queue().buffers().get(usize::try_from(index).ok()?)
}

/// Units of what is asked; `None` where nothing moves.
fn units(asked: &Asked) -> Option<(Unit, u64)> {
    let pages = |bytes: u64| (Unit::Page, bytes.div_ceil(PAGE_SIZE));
    Some(match asked {
        Asked::Platform(_)
        | Asked::Power(_)
        | Asked::Render(_)
        | Asked::Patch(_)
        | Asked::Submit(_)
        | Asked::Preempt(_) => return None,
        Asked::Paging(operation) => match operation {
            PagingOperation::Transfer(transfer) => pages(transfer.transfer_size.get()),
            PagingOperation::Fill(fill) => pages(fill.fill_size.get()),
            PagingOperation::MapApertureSegment(map) => (Unit::Page, map.number_of_pages.get()),
            PagingOperation::UnmapApertureSegment(unmap) => {
                (Unit::Page, unmap.number_of_pages.get())
            }
            PagingOperation::SpecialLockTransfer(special) => {
                pages(special.transfer.transfer_size.get())
            }
            PagingOperation::DiscardContent(_)
            | PagingOperation::ReadPhysical(_)
            | PagingOperation::WritePhysical(_) => return None,
        },
    })
}

/// How far an operation (counted from 1) has got; `cards` has every buffer that it used.
#[must_use]
pub fn progress(sources: Sources<'_>, number: u32, cards: &[Card]) -> Option<Progress> {
    let traced = sources.trace.operation(number)?;
    let TracedKind::Asked(record) = &traced.kind else { return None };
    let (unit, total) = units(&record.asked)?;
    let at_once = traced.calls.iter().all(|call| call.start == call.end);
    let (mut passes, mut moved, mut encoded) = (Vec::new(), 0, 0);
    for call in &traced.calls {
        // Drivers count as they like; what a call that succeeded leaves is nothing.
        let from = u64::from(call.multipass_before).min(total);
        let after = u64::from(call.multipass_after);
        let to = if call.status == NtStatus::SUCCESS { total } else { after.clamp(from, total) };
        let card = cards.iter().find(|card| card.serial == call.buffer.serial);
        let is_encoded = card.is_some_and(|card| match card.held {
            Held::Ahead => false,
            Held::Here { used } => used >= call.end,
            Held::Reused { .. } => true,
        });
        passes.push(PassShare { from, to, encoded: is_encoded });
        if is_encoded {
            encoded += to - from;
            moved += match card {
                Some(card) if card.executed < call.end && !at_once => {
                    done_units(sources.started, card, call).min(to - from)
                }
                _ => to - from,
            };
        }
    }
    Some(Progress { unit, total, passes, moved, encoded, at_once })
}
