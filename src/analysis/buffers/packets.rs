//! The packets that lie in a buffer now, how each stands, and which of them are worth a row.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Sources;
use super::scene::{CallPart, Card, Fencing, buffer};
use crate::base::PAGE_SIZE;
use crate::ddi::DmaBufferAddress;
use crate::gpu::{Packet, PacketFormat, Place as GpuPlace, Record, RecordBody, RegionId};
use crate::kmd::Driver;
use crate::machine::{CommandTrace, Place, Started, TracedKind, TracedPacket};
use crate::vidmm::{Asked, BufferKind, CallRecord};

/// Units of the packets of a call that the device is through with.
pub(super) fn done_units(started: &Started, card: &Card, call: &CallRecord) -> u64 {
    let bytes = fetch(started, card).bytes;
    let end = card.executed.min(call.end);
    let range = usize::try_from(call.start).ok().zip(usize::try_from(end).ok());
    let Some(part) = range.and_then(|(start, end)| bytes.get(start..end)) else { return 0 };
    let size = packet_len(card.format);
    part.chunks(size).map(|packet| read_packet(card.format, packet).1).sum()
}

fn packet_len(format: PacketFormat) -> usize {
    usize::try_from(format.packet_size()).unwrap_or(usize::MAX).max(1)
}

/// The name of a packet, and the units that it stands for.
fn read_packet(format: PacketFormat, bytes: &[u8]) -> (&'static str, u64) {
    const BAD: (&str, u64) = ("Not a packet", 0);
    let pages = |bytes: u64| bytes.div_ceil(PAGE_SIZE);
    match format {
        PacketFormat::Native => Packet::decode(bytes).map_or(BAD, |packet| {
            let units = match packet {
                Packet::Pad => 0,
                Packet::Fill { length, .. } | Packet::CopyBytes { length, .. } => pages(length),
                Packet::CopyPages { pages, .. }
                | Packet::MapPages { pages, .. }
                | Packet::UnmapPages { pages, .. }
                | Packet::ClearPages { pages, .. } => u64::from(pages),
                Packet::Write { .. }
                | Packet::WritePart { .. }
                | Packet::Read { .. }
                | Packet::ReadWord { .. }
                | Packet::WriteWord { .. }
                | Packet::AddBytes { .. }
                | Packet::CopyRows { .. }
                | Packet::Wait { .. }
                | Packet::Signal { .. } => 1,
            };
            (packet.name(), units)
        }),
        PacketFormat::Record { .. } => Record::decode(bytes).map_or(BAD, |record| {
            let name = match record.body {
                RecordBody::Transfer(_) => "Transfer",
                RecordBody::SpecialLockTransfer { .. } => "SpecialLockTransfer",
                RecordBody::ReadPhysical(_) => "ReadPhysical",
                RecordBody::WritePhysical(_) => "WritePhysical",
                RecordBody::Fill { .. } => "Fill",
                RecordBody::Other(_) => "Other",
            };
            (name, pages(record.moved_bytes()))
        }),
    }
}

/// The bytes of a buffer as the device fetches them now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The bytes written.
    pub bytes: Vec<u8>,
    /// Why the device cannot fetch them; they are read by the processor then.
    pub fault: Option<String>,
}

/// Where the device fetches a buffer.
#[must_use]
pub fn gpu_place(driver: &Driver, address: DmaBufferAddress) -> Option<GpuPlace> {
    match address {
        DmaBufferAddress::Physical(address) => {
            Some(GpuPlace { region: RegionId::SYSTEM, address: address.get() })
        }
        DmaBufferAddress::Aperture { segment, address } => driver.place(segment, address),
    }
}

/// Reads what a buffer holds now, as far as the card's command wrote it.
#[must_use]
pub fn fetch(started: &Started, card: &Card) -> Fetched {
    let len = usize::try_from(card.readable()).unwrap_or(0);
    let Some(buffer) = buffer(started, card.index).filter(|_| len > 0) else {
        return Fetched::default();
    };
    let mut bytes = vec![0; len];
    let place = buffer.address().and_then(|address| gpu_place(started.driver(), address));
    let read = place.map(|place| started.driver().gpu().read(place, &mut bytes, started.host()));
    let fault = match read {
        Some(Ok(())) => return Fetched { bytes, fault: None },
        Some(Err(fault)) => fault.to_string(),
        None if buffer.address().is_none() => "it is mapped nowhere now".to_owned(),
        None => "the address lies in no segment".to_owned(),
    };
    // The pages themselves are always there, even where the table does not lead to them.
    if started.host().mdl_read(&buffer.shape.mdl, 0, &mut bytes).is_err() {
        bytes.clear();
    }
    Fetched { bytes, fault: Some(fault) }
}

/// How a packet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketState {
    /// The device is through with it.
    Done,
    /// The device executes it next.
    Next,
    /// Encoded, not run.
    Waiting,
    /// The device could not execute it.
    Faulted,
    /// Skipped after a fault before it.
    Skipped,
}

impl PacketState {
    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Next => "next",
            Self::Waiting => "waiting",
            Self::Faulted => "faulted",
            Self::Skipped => "skipped",
        }
    }
}

/// A packet of a buffer before anybody wants to read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketLine {
    /// Its bytes, from the start of the buffer.
    pub range: Range<usize>,
    /// Its name.
    pub name: &'static str,
    /// The call that wrote it: an index of the card's calls.
    pub call: Option<usize>,
    /// How it stands.
    pub state: PacketState,
    /// Pages or references that it stands for.
    pub units: u64,
    /// The first of them, counted from the start of the operation.
    pub first_unit: u64,
    /// The step that ends with it, where it is one of this command.
    pub step: Option<Place>,
}

/// The packets of a buffer.
#[must_use]
pub fn packets(sources: Sources<'_>, card: &Card, bytes: &[u8]) -> Vec<PacketLine> {
    let size = packet_len(card.format);
    let fault = fault_in(sources.trace, card);
    let handed = handed_over(sources.trace, card);
    let mut lines: Vec<PacketLine> = Vec::with_capacity(bytes.len() / size + 1);
    let mut unit = 0;
    for (index, chunk) in bytes.chunks(size).enumerate() {
        let range = index * size..index * size + chunk.len();
        let start = u32::try_from(range.start).unwrap_or(u32::MAX);
        let wrote = |part: &CallPart| (part.call.start..part.call.end).contains(&start);
        let call = card.calls.iter().position(wrote);
        if lines.last().is_none_or(|last| last.call != call) {
            let part = call.and_then(|call| card.calls.get(call));
            unit = part.map_or(0, |part| u64::from(part.call.multipass_before));
        }
        let (name, units) = read_packet(card.format, chunk);
        let state = packet_state(card, start, fault);
        let part = call.and_then(|call| card.calls.get(call));
        let given = handed.iter().find(|given| given.range.contains(&start));
        let step = match (given, part) {
            (Some(given), _) => Some(given.step(sources.trace.command, start)),
            (None, Some(part)) => {
                Some(step_of(sources.trace, part.operation, (card.serial, start)))
            }
            (None, None) => foreign_step(sources.trace, card, start),
        };
        lines.push(PacketLine { range, name, call, state, units, first_unit: unit, step });
        unit = unit.saturating_add(units);
    }
    lines
}

/// A part of a DMA buffer that a command handed to the GPU.
struct Given<'a> {
    range: Range<u32>,
    /// The operation, counted from 1.
    operation: u32,
    packets: &'a [TracedPacket],
}

impl Given<'_> {
    /// The step that executes the packet at `start`; the operation where no packet of it runs there.
    fn step(&self, command: usize, start: u32) -> Place {
        let found = self.packets.binary_search_by_key(&start, |known| known.outcome.start);
        match found.ok().and_then(|index| u32::try_from(index + 1).ok()) {
            Some(packet) => Place::packet(command, self.operation, packet),
            None => Place::operation(command, self.operation),
        }
    }
}

/// The parts of a card's buffer, each as it was handed over last: after a preemption it runs under
/// another operation.
fn handed_over<'a>(trace: &'a CommandTrace, card: &Card) -> Vec<Given<'a>> {
    if card.kind != BufferKind::Dma {
        return Vec::new();
    }
    let mut given: Vec<Given<'a>> = Vec::new();
    for (operation, traced) in (1_u32..).zip(&trace.operations) {
        let TracedKind::Asked(record) = &traced.kind else { continue };
        let Asked::Submit(submit) = &record.asked else { continue };
        if submit.dma_buffer != card.index {
            continue;
        }
        let mut of_fence = trace.submissions.iter().rev();
        let known = of_fence.find(|known| known.fence == submit.fence);
        if known.is_some_and(|known| known.buffer.serial == card.serial) {
            let (range, packets) = (submit.start..submit.end, &traced.packets[..]);
            given.push(Given { range, operation, packets });
        }
    }
    given.reverse();
    given
}

/// Where a packet faulted while this command ran.
fn fault_in(trace: &CommandTrace, card: &Card) -> Option<u32> {
    let packets = trace.operations.iter().flat_map(|operation| &operation.packets);
    let faulted = packets.filter(|packet| {
        packet.outcome.fault.is_some()
            && packet.buffer.is_some_and(|buffer| buffer.serial == card.serial)
    });
    faulted.map(|packet| packet.outcome.start).min()
}

const fn packet_state(card: &Card, start: u32, fault: Option<u32>) -> PacketState {
    if start < card.executed {
        return match fault {
            Some(fault) if start == fault => PacketState::Faulted,
            Some(fault) if start > fault => PacketState::Skipped,
            _ => PacketState::Done,
        };
    }
    match card.fencing {
        Fencing::Running(_) if start == card.executed => PacketState::Next,
        _ => PacketState::Waiting,
    }
}

/// The step that executes a packet, given the serial of its buffer and its first byte: the packet,
/// or its operation where it is not executed in the command.
fn step_of(trace: &CommandTrace, operation: u32, packet: (u64, u32)) -> Place {
    let whole = Place::operation(trace.command, operation);
    let Some(traced) = trace.operation(operation) else { return whole };
    // Packets are executed in the order in which they lie in buffers, so their keys are sorted.
    let found = traced.packets.binary_search_by_key(&packet, |known| {
        (known.buffer.map_or(0, |buffer| buffer.serial), known.outcome.start)
    });
    match found.ok().and_then(|index| u32::try_from(index + 1).ok()) {
        Some(packet) => Place::packet(trace.command, operation, packet),
        None => whole,
    }
}

/// The step of this command that executes a packet which another command submitted.
fn foreign_step(trace: &CommandTrace, card: &Card, start: u32) -> Option<Place> {
    let (Fencing::Queued(fence) | Fencing::Running(fence) | Fencing::Retired(fence)) = card.fencing
    else {
        return None;
    };
    let executed = TracedKind::Executed(fence);
    let place = trace.operations.iter().position(|known| known.kind == executed)?;
    let operation = u32::try_from(place + 1).ok()?;
    Some(step_of(trace, operation, (0, start)))
}

/// A row of the list of packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// From here on a call of the driver wrote: an index of the card's calls.
    Begins(usize),
    /// A packet: an index of the lines.
    Packet(usize),
    /// Packets of one kind that are not shown one by one.
    Fold {
        /// Their indices.
        lines: Range<usize>,
        /// Pages or references that they stand for.
        units: u64,
    },
    /// A call of the driver ends here: an index of the card's calls.
    Ends(usize),
    /// The buffer is split here: the part of this number begins, counted from 0.
    Split(usize),
    /// Bytes that nobody has written.
    NotWritten(Range<usize>),
}

/// Runs longer than this are folded.
const LONGEST_RUN: usize = 8;
/// Packets shown at the start and the end of a run, and on either side of the next one.
const SHOWN_AT_ENDS: usize = 3;
/// Fewer are not worth folding.
const LEAST_FOLDED: usize = 3;

/// The rows of a buffer. Runs that begin at one of `opened` are shown packet by packet.
#[must_use]
pub fn rows(card: &Card, lines: &[PacketLine], opened: &BTreeSet<usize>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut first = 0;
    for part in lines.chunk_by(|a, b| a.call == b.call) {
        let call = part.first().and_then(|line| line.call);
        rows.extend(call.map(Row::Begins));
        let mut start = first;
        let cut = |line: &PacketLine| {
            let start = u32::try_from(line.range.start).unwrap_or(u32::MAX);
            card.cuts.binary_search(&start).ok()
        };
        for run in part.chunk_by(|a, b| a.name == b.name && cut(b).is_none()) {
            rows.extend(run.first().and_then(cut).map(|cut| Row::Split(cut + 1)));
            push_run(&mut rows, lines, start..start + run.len(), opened);
            start += run.len();
        }
        rows.extend(call.map(Row::Ends));
        first += part.len();
    }
    let written = lines.last().map_or(0, |line| line.range.end);
    let size = usize::try_from(card.size).unwrap_or(usize::MAX);
    if written < size {
        rows.push(Row::NotWritten(written..size));
    }
    rows
}

fn push_run(
    rows: &mut Vec<Row>,
    lines: &[PacketLine],
    run: Range<usize>,
    opened: &BTreeSet<usize>,
) {
    let next = lines[run.clone()].iter().position(|line| line.state == PacketState::Next);
    let next = next.map(|next| run.start + next);
    let shown = |index: usize| {
        run.len() <= LONGEST_RUN
            || index < run.start + SHOWN_AT_ENDS
            || index + SHOWN_AT_ENDS >= run.end
            || next.is_some_and(|next| index.abs_diff(next) <= SHOWN_AT_ENDS)
            || matches!(lines[index].state, PacketState::Faulted)
    };
    let mut index = run.start;
    while index < run.end {
        let hidden = (index..run.end).take_while(|index| !shown(*index)).count();
        let folded = index..index + hidden;
        if hidden < LEAST_FOLDED || opened.contains(&index) {
            rows.extend(folded.map(Row::Packet));
        } else {
            let units = lines[folded.clone()].iter().map(|line| line.units).sum();
            rows.push(Row::Fold { lines: folded, units });
        }
        index += hidden;
        if index < run.end {
            rows.push(Row::Packet(index));
            index += 1;
        }
    }
}
