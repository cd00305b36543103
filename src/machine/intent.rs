//! What submitted work does to what must be there.
//!
//! A command buffer says what is meant. What it means is worked out from its own bytes, on what must
//! be there and not on the machine, once the device has ended the submission: work of several
//! contexts may run in another order than it was submitted in.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::{AllocationId, FenceId, Piece, Span};
use crate::ddi::Readback;
use crate::memory::{Content, bytes};
use crate::umd::{BufferCommand, Operand};

use super::ledger::{Ledger, LedgerChange, LedgerJournal, Promise, expect_bytes};
use super::verify::Damage;

/// What the program keeps for a row of a blit, in bytes and about.
const ROW: u64 = 512;

/// The commands of a part of a command buffer that the device has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    /// The fence that ends it.
    pub(crate) fence: FenceId,
    pub(crate) allocations: Arc<[(AllocationId, bool)]>,
    pub(crate) commands: Vec<BufferCommand>,
    /// What paging behind it makes of contents that it names.
    pub(crate) then: Vec<(AllocationId, Paged)>,
}

/// What paging makes of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Paged {
    /// Its first bytes.
    Filled(Vec<Piece<Content>>),
    /// It is given up.
    Dropped,
    /// It is mapped while nothing is promised of it; these bytes are there.
    Bare(Vec<Piece<Content>>),
}

impl Paged {
    fn carry_out(&self, ledger: &mut LedgerJournal, id: AllocationId) {
        let Some(expected) = ledger.state().expected(id) else { return };
        match self {
            Self::Filled(pieces) => {
                let whole = Span::whole(expected.content().len());
                expect_bytes(ledger, id, whole, pieces.clone());
            }
            Self::Dropped => {
                let (before, after) = (expected.promise, Promise::Discarded);
                ledger.apply(LedgerChange::Dropped { id, before, after });
            }
            Self::Bare(pieces) => {
                // What was promised before it was given up is not there to be written around.
                if expected.is_discarded() || expected.is_lost() {
                    let whole = Span::whole(expected.content().len());
                    expect_bytes(ledger, id, whole, pieces.clone());
                }
            }
        }
    }
}

/// Paging changes a content: at once, or behind the last work before it that names the allocation.
pub(crate) fn paged(ledger: &mut LedgerJournal, id: AllocationId, paged: Paged) {
    let before = &ledger.state().intents;
    let names = |intent: &Arc<Intent>| intent.allocations.iter().any(|(named, _)| *named == id);
    let Some(at) = before.iter().rposition(names) else {
        paged.carry_out(ledger, id);
        return;
    };
    let before = before.clone();
    let mut after = before.clone();
    Arc::make_mut(&mut after[at]).then.push((id, paged));
    ledger.apply(LedgerChange::Intents(Box::new((before, after))));
}

/// A command buffer on its way: what of it no fence ends yet.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    allocations: Arc<[(AllocationId, bool)]>,
    commands: std::vec::IntoIter<BufferCommand>,
}

impl Work {
    /// Reads a command buffer; what does not decode means nothing, and the driver refuses it.
    pub(crate) fn new(command: &[u8], allocations: Arc<[(AllocationId, bool)]>) -> Self {
        let commands = command
            .chunks(BufferCommand::SIZE)
            .map_while(|bytes| BufferCommand::decode(bytes).ok());
        let commands = commands.collect::<Vec<BufferCommand>>().into_iter();
        Self { allocations, commands }
    }

    /// Bytes that the program keeps one by one to say what its commands leave: sums have no shorter
    /// description, and each row of a blit is kept for itself.
    pub(crate) fn described(&self) -> u64 {
        let commands = self.commands.as_slice().iter();
        let described = commands.map(|command| match command {
            BufferCommand::Add { length, .. } => *length,
            BufferCommand::Blit { rows, .. } => u64::from(*rows).saturating_mul(ROW),
            _ => 0,
        });
        described.fold(0, u64::saturating_add)
    }

    /// The next commands, as many as can be split apart: a draw with its accesses is one.
    pub(crate) fn take(&mut self, count: usize, fence: FenceId) -> Intent {
        let mut commands = Vec::new();
        for _ in 0..count {
            let Some(command) = self.commands.next() else { break };
            commands.push(command);
            if let BufferCommand::Draw { accesses } = command {
                let accesses = usize::try_from(accesses).unwrap_or(usize::MAX);
                commands.extend(self.commands.by_ref().take(accesses));
            }
        }
        let then = Vec::new();
        Intent { fence, allocations: self.allocations.clone(), commands, then }
    }
}

/// The bytes that a command writes, in any way.
const fn destination(command: &BufferCommand) -> Option<Operand> {
    match command {
        BufferCommand::Fill { destination, .. }
        | BufferCommand::Copy { destination, .. }
        | BufferCommand::Blit { destination, .. }
        | BufferCommand::Add { destination, .. }
        | BufferCommand::Write { destination, .. }
        | BufferCommand::Signal { fence: destination, .. } => Some(*destination),
        BufferCommand::Draw { .. }
        | BufferCommand::Read { .. }
        | BufferCommand::Unbind
        | BufferCommand::Wait { .. } => None,
    }
}

impl Intent {
    fn allocation(&self, operand: Operand) -> Option<AllocationId> {
        self.allocations.get(usize::from(operand.index)).map(|(id, _)| *id)
    }

    /// How often it writes an allocation.
    pub(crate) fn writes(&self, id: AllocationId) -> u64 {
        let written = self.commands.iter().filter_map(destination);
        written.filter(|operand| self.allocation(*operand) == Some(id)).count() as u64
    }

    fn pieces(&self, ledger: &Ledger, at: Operand, length: u64) -> Vec<Piece<Content>> {
        let expected = self.allocation(at).and_then(|id| ledger.expected(id));
        let span = Span::at(at.offset, length);
        let found = expected
            .zip(span)
            .and_then(|(expected, span)| bytes::pieces(expected.content(), span).ok());
        found.unwrap_or_default()
    }

    fn put(&self, ledger: &mut LedgerJournal, at: Operand, pieces: Vec<Piece<Content>>) {
        let length = bytes::pieces_len(&pieces).unwrap_or(0);
        if let Some((id, span)) = self.allocation(at).zip(Span::at(at.offset, length)) {
            expect_bytes(ledger, id, span, pieces);
        }
    }

    /// Does to what must be there what the commands say, and compares what the device read.
    fn carry_out(&self, ledger: &mut LedgerJournal, reads: &[Readback], damage: &mut Vec<Damage>) {
        let mut reads = reads.iter();
        for command in &self.commands {
            match *command {
                BufferCommand::Fill { destination, length, pattern } => {
                    let pieces = bytes::pieces_from_content(Content::pattern(pattern, 0), length);
                    self.put(ledger, destination, pieces);
                }
                BufferCommand::Copy { source, destination, length } => {
                    let pieces = self.pieces(ledger.state(), source, length);
                    self.put(ledger, destination, pieces);
                }
                BufferCommand::Blit {
                    source,
                    source_pitch,
                    destination,
                    destination_pitch,
                    row_bytes,
                    rows,
                } => {
                    let at = |operand: Operand, pitch: u32, row: u32| {
                        let behind = u64::from(pitch) * u64::from(row);
                        Operand { offset: operand.offset.saturating_add(behind), ..operand }
                    };
                    let from = |row| at(source, source_pitch, row);
                    let read = (0..rows)
                        .map(|row| self.pieces(ledger.state(), from(row), row_bytes.into()));
                    for (row, pieces) in (0..rows).zip(read.collect::<Vec<_>>()) {
                        self.put(ledger, at(destination, destination_pitch, row), pieces);
                    }
                }
                BufferCommand::Add { destination, length, addend } => {
                    let before = self.pieces(ledger.state(), destination, length);
                    let limit = usize::try_from(length).unwrap_or(0);
                    let mut sum = bytes::read_pieces(&before, limit);
                    for (byte, added) in sum.iter_mut().zip(addend.to_le_bytes().iter().cycle()) {
                        *byte = byte.wrapping_add(*added);
                    }
                    self.put(ledger, destination, bytes::pieces_from_bytes(&sum));
                }
                BufferCommand::Write { destination, length, seed } => {
                    let pieces = bytes::pieces_from_content(Content::seeded(seed, 0), length);
                    self.put(ledger, destination, pieces);
                }
                BufferCommand::Signal { fence, value } => {
                    self.put(ledger, fence, bytes::pieces_from_bytes(&value.to_le_bytes()));
                }
                BufferCommand::Read { source, length } => {
                    let wanted = self.pieces(ledger.state(), source, length);
                    let mut found = Vec::new();
                    let mut left = length;
                    // A read of rows that lie apart comes back in parts. What a fault skipped never
                    // does.
                    while left > 0
                        && let Some(part) = reads.next()
                    {
                        let pieces = part.bytes.pieces();
                        left = left.saturating_sub(bytes::pieces_len(pieces).unwrap_or(left));
                        found.extend_from_slice(pieces);
                    }
                    if left == 0
                        && let Some(allocation) = self.allocation(source)
                        && let Some(at) = bytes::first_difference(&wanted, &found)
                    {
                        let offset = source.offset + at;
                        damage.push(Damage::WrongRead { allocation, offset });
                    }
                }
                BufferCommand::Draw { .. } | BufferCommand::Unbind | BufferCommand::Wait { .. } => {
                }
            }
        }
    }
}

/// The device ended a submission.
pub(crate) fn ended(ledger: &mut LedgerJournal, fence: FenceId, damage: &mut Vec<Damage>) {
    let Some(intent) = ledger.state().intents.front().filter(|intent| intent.fence == fence) else {
        return;
    };
    let (intent, reads) = (intent.clone(), ledger.state().reads.clone());
    intent.carry_out(ledger, &reads, damage);
    for (id, paged) in &intent.then {
        paged.carry_out(ledger, *id);
    }
    ledger.apply(LedgerChange::Ended { intent, reads });
}

/// The device ended so many commands of the submission that it executes, and was told to leave the
/// rest for later.
pub(crate) fn ended_in_part(
    ledger: &mut LedgerJournal,
    fence: FenceId,
    commands: usize,
    damage: &mut Vec<Damage>,
) {
    let before = ledger.state().intents.clone();
    let Some(intent) = before.front().filter(|intent| intent.fence == fence) else { return };
    let mut left = Work {
        allocations: intent.allocations.clone(),
        commands: intent.commands.clone().into_iter(),
    };
    let done = left.take(commands, fence);
    let reads = ledger.state().reads.clone();
    done.carry_out(ledger, &reads, damage);
    let mut after = before.clone();
    if let Some(front) = after.front_mut() {
        Arc::make_mut(front).commands = left.commands.collect();
    }
    ledger.apply(LedgerChange::Intents(Box::new((before, after))));
    if !reads.is_empty() {
        ledger.apply(LedgerChange::ReadsForgotten(reads));
    }
}

/// A submission got another fence, behind those of all others.
pub(crate) fn resubmitted(ledger: &mut LedgerJournal, old: FenceId, new: FenceId) {
    let before = ledger.state().intents.clone();
    let Some(at) = before.iter().position(|intent| intent.fence == old) else { return };
    let mut after = before.clone();
    if let Some(moved) = after.remove(at) {
        after.push_back(Arc::new(Intent { fence: new, ..(*moved).clone() }));
    }
    ledger.apply(LedgerChange::Intents(Box::new((before, after))));
}

/// The device was reset: what it had not ended never will.
pub(crate) fn dropped(ledger: &mut LedgerJournal) {
    let before = ledger.state().intents.clone();
    let reads = ledger.state().reads.clone();
    if !before.is_empty() {
        // The paging behind it is dropped too, but what was given up stays so.
        let given_up = before.iter().flat_map(|intent| &intent.then);
        let given_up = given_up.filter(|(_, paged)| *paged == Paged::Dropped);
        for (id, paged) in given_up {
            paged.carry_out(ledger, *id);
        }
        let after = VecDeque::new();
        ledger.apply(LedgerChange::Intents(Box::new((before, after))));
    }
    if !reads.is_empty() {
        ledger.apply(LedgerChange::ReadsForgotten(reads));
    }
}
