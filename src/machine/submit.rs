//! Submissions: the user-mode driver writes command buffers, and VidMm takes them from there.

use std::sync::Arc;

use crate::base::{AllocationId, Bytes, ContextRef};
use crate::ddi::NtStatus;
use crate::umd::{BufferCommand, DrawAccess, Entry, Limits, Operand, pack};
use crate::vidmm::{Allocation, CommandBuffer, Failure, Refusal, RefusalReason};

use super::applying::{Applying, refused};
use super::command::{At, Reference, ReferenceKind, Submit, UserCommand};
use super::intent::Work;
use super::ledger::LedgerChange;

/// Bytes that are kept one by one for the additions and the rows of blits of a whole run.
const MOST_DESCRIBED: u64 = 1 << 28;

impl Applying<'_, '_> {
    /// The GPU reads and writes allocations, resident together: one draw in the context that the
    /// owner of the first has from the start.
    pub(super) fn use_(&mut self, references: &[Reference]) -> Result<(), Failure> {
        let mut draw = Draw::default();
        for reference in references {
            self.touch(reference.allocation)?;
            self.add_access(reference, &mut draw)?;
        }
        let first = references.first().map(|first| first.allocation);
        let owner = first.and_then(|id| self.vidmm.book().allocation(id)).map(Allocation::device);
        let Some(owner) = owner else { return Ok(()) };
        self.render(ContextRef::OfDevice(owner), &[Entry::Draw(draw.accesses)])
    }

    pub(super) fn submit(&mut self, submit: &Submit) -> Result<(), Failure> {
        let Some(device) = self.vidmm.book().context(submit.context).map(|known| known.device)
        else {
            return Err(refused(RefusalReason::NoContext));
        };
        let mut draw = Draw::default();
        let mut entries = Vec::with_capacity(submit.commands.len());
        for command in &submit.commands {
            for id in command.allocations() {
                self.touch(id)?;
                let allocation = self.vidmm.book().allocation(id);
                let opened = allocation.is_some_and(|allocation| {
                    allocation.device() == device || allocation.openers().contains(&device)
                });
                if !opened {
                    let (status, reason) =
                        (NtStatus::WRONG_ALLOCATION_DEVICE, RefusalReason::OtherDevice(id));
                    return Err(Refusal::new(status, reason).into());
                }
            }
            entries.push(self.entry(command, &mut draw)?);
        }
        self.render(submit.context, &entries)
    }

    /// Lays commands into command buffers, within what the context gives, and has each rendered.
    fn render(&mut self, context: ContextRef, entries: &[Entry]) -> Result<(), Failure> {
        let Some(known) = self.vidmm.book().context(context).copied() else {
            return Err(refused(RefusalReason::NoContext));
        };
        let buffers = self.vidmm.queue().buffers();
        let index = usize::try_from(known.command_buffer).unwrap_or(usize::MAX);
        let size = buffers.get(index).map_or(0, |buffer| buffer.shape.size);
        let limits = Limits {
            command_bytes: usize::try_from(size).unwrap_or(usize::MAX),
            allocation_list_size: usize::try_from(known.allocation_list_size).unwrap_or(usize::MAX),
        };
        let packed = pack(entries, limits).map_err(|_| {
            let size = known.allocation_list_size;
            refused(RefusalReason::AllocationListFull { needed: u32::MAX, size })
        })?;
        for buffer in packed {
            let allocations: Arc<[(AllocationId, bool)]> = buffer.allocations.into();
            let work = Work::new(&buffer.bytes, allocations.clone());
            self.describe(work.described())?;
            self.recorder.work = Some(work);
            let buffer = CommandBuffer { command: buffer.bytes, allocations };
            self.with(|vidmm, environment| vidmm.submit(environment, context, &buffer))?;
        }
        self.recorder.work = None;
        Ok(())
    }

    /// Keeps so many bytes one by one, as long as memory is not what a session is made to exhaust.
    fn describe(&mut self, bytes: u64) -> Result<(), Failure> {
        let total = self.recorder.ledger.state().described.saturating_add(bytes);
        if total > MOST_DESCRIBED {
            let reason = RefusalReason::TooManyBytes { limit: Bytes(MOST_DESCRIBED) };
            return Err(Refusal::new(NtStatus::NO_MEMORY, reason).into());
        }
        if bytes > 0 {
            self.recorder.ledger.apply(LedgerChange::Described(bytes));
        }
        Ok(())
    }

    fn entry(&self, command: &UserCommand, draw: &mut Draw) -> Result<Entry, Failure> {
        let operand = |at: &At| Operand { index: at.allocation, offset: at.offset };
        // What reaches beyond is for the driver to refuse.
        let rest = |at: &At, length: Option<u64>| {
            let size = || self.content_size(at.allocation).get();
            length.unwrap_or_else(|| size().saturating_sub(at.offset))
        };
        Ok(Entry::Command(match command {
            UserCommand::Fill { destination, length, pattern } => BufferCommand::Fill {
                destination: operand(destination),
                length: rest(destination, *length),
                pattern: *pattern,
            },
            UserCommand::Copy { source, destination, length } => BufferCommand::Copy {
                source: operand(source),
                destination: operand(destination),
                length: rest(source, *length),
            },
            UserCommand::Blit {
                source,
                source_pitch,
                destination,
                destination_pitch,
                row_bytes,
                rows,
            } => BufferCommand::Blit {
                source: operand(source),
                source_pitch: *source_pitch,
                destination: operand(destination),
                destination_pitch: *destination_pitch,
                row_bytes: *row_bytes,
                rows: *rows,
            },
            UserCommand::Add { destination, length, addend } => BufferCommand::Add {
                destination: operand(destination),
                length: rest(destination, *length),
                addend: *addend,
            },
            UserCommand::Unbind => BufferCommand::Unbind,
            UserCommand::Wait { fence, value } => {
                BufferCommand::Wait { fence: operand(fence), value: *value }
            }
            UserCommand::Signal { fence, value } => {
                BufferCommand::Signal { fence: operand(fence), value: *value }
            }
            UserCommand::Draw(references) => {
                draw.accesses.clear();
                for reference in references {
                    self.add_access(reference, draw)?;
                }
                return Ok(Entry::Draw(std::mem::take(&mut draw.accesses)));
            }
            UserCommand::Bytes(bytes, allocations) => {
                let (bytes, allocations) = (bytes.to_vec(), allocations.to_vec());
                return Ok(Entry::Bytes { bytes, allocations });
            }
        }))
    }

    fn add_access(&self, reference: &Reference, draw: &mut Draw) -> Result<(), Failure> {
        let id = reference.allocation;
        let span = self.range(id, reference.range)?;
        let write = match reference.kind {
            ReferenceKind::Read => None,
            ReferenceKind::Write { seed } => {
                // Counted for each allocation: else two writes could leave the same bytes, and the
                // loss of the second would not show.
                draw.written.push(id);
                let ahead = draw.written.iter().filter(|earlier| **earlier == id).count();
                Some(seed.unwrap_or_else(|| self.next_seed(id, ahead as u64)))
            }
        };
        let at = Operand { index: id, offset: span.start() };
        draw.accesses.push(DrawAccess { at, length: span.len(), write });
        Ok(())
    }

    /// The seed of a write that names none: from the allocation and its count of writes, those that
    /// the device has yet to do included.
    fn next_seed(&self, id: AllocationId, ahead: u64) -> u64 {
        let ledger = self.recorder.ledger.state();
        let done = ledger.expected(id).map_or(0, |expected| expected.writes);
        let pending: u64 = ledger.intents.iter().map(|intent| intent.writes(id)).sum();
        u64::from(id.0) << 32 | done.wrapping_add(pending).wrapping_add(ahead) & 0xFFFF_FFFF
    }
}

/// The accesses of a draw, and what earlier ones of the same submission write.
#[derive(Default)]
struct Draw {
    accesses: Vec<DrawAccess>,
    written: Vec<AllocationId>,
}
