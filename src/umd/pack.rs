//! Command buffers: commands and the allocation list that goes with them, within their limits.

use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{BufferCommand, Operand};
use crate::base::AllocationId;

/// One thing that is laid into command buffers and never divided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A command that stands for itself, so no draw.
    Command(BufferCommand<AllocationId>),
    /// A draw with its accesses.
    Draw(Vec<DrawAccess>),
    /// These bytes as they are, whatever they mean, in a command buffer of their own.
    Bytes {
        /// The command buffer.
        bytes: Vec<u8>,
        /// Its allocation list. Nobody knows what the bytes do, so all count as written.
        allocations: Vec<AllocationId>,
    },
}

/// What a draw does with a range of an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawAccess {
    /// The first byte.
    pub at: Operand<AllocationId>,
    /// Bytes.
    pub length: u64,
    /// The seed of the bytes written; `None` for a read.
    pub write: Option<u64>,
}

/// What a context gives the user-mode driver for a command buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the command buffer.
    pub command_bytes: usize,
    /// Entries of the allocation list.
    pub allocation_list_size: usize,
}

/// A command buffer, ready to be rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandBuffer {
    /// Commands of 40 bytes, or what was given as bytes.
    pub bytes: Vec<u8>,
    /// The allocation list, each with whether it is written. In the order of first mention, each
    /// once; as given with bytes.
    pub allocations: Vec<(AllocationId, bool)>,
    /// Which of the entries are in it.
    pub commands: Range<usize>,
}

/// Why entries cannot be laid into command buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// A single draw names more allocations than the 16 bits of an index tell apart.
    #[error("entry {entry} names {allocations} allocations, and a command can tell 65536 apart")]
    TooManyAllocations {
        /// Which entry, counted from 0.
        entry: usize,
        /// Different allocations in it.
        allocations: usize,
    },
}

/// Allocations that 16 bits tell apart.
const MOST_ALLOCATIONS: usize = 1 << 16;

/// Lays entries into command buffers, in order and as few as the limits allow.
///
/// An entry that is larger than the limits gets a command buffer of its own: whether buffers grow is
/// for those below to say.
///
/// # Errors
/// When one draw names too many allocations.
pub fn pack(entries: &[Entry], limits: Limits) -> Result<Vec<CommandBuffer>, PackError> {
    let mut packed = Vec::new();
    let mut open = Open::default();
    for (index, entry) in entries.iter().enumerate() {
        if let Entry::Bytes { bytes, allocations } = entry {
            packed.extend(open.close(index));
            packed.push(CommandBuffer {
                bytes: bytes.clone(),
                allocations: allocations.iter().map(|allocation| (*allocation, true)).collect(),
                commands: index..index + 1,
            });
            open.buffer.commands = index + 1..index + 1;
            continue;
        }
        let commands = commands(entry);
        let named = commands.iter().flat_map(BufferCommand::operands);
        let named: BTreeSet<AllocationId> = named.map(|named| named.operand.index).collect();
        if named.len() > MOST_ALLOCATIONS {
            let allocations = named.len();
            return Err(PackError::TooManyAllocations { entry: index, allocations });
        }
        if !open.has_room(commands.len(), &named, limits) {
            packed.extend(open.close(index));
        }
        for command in commands {
            // The set was counted above, so that every allocation gets an index.
            open.push(command).map_err(|allocations| PackError::TooManyAllocations {
                entry: index,
                allocations,
            })?;
        }
    }
    packed.extend(open.close(entries.len()));
    Ok(packed)
}

/// The commands that an entry becomes.
fn commands(entry: &Entry) -> Vec<BufferCommand<AllocationId>> {
    match entry {
        Entry::Command(command) => vec![*command],
        Entry::Draw(accesses) => {
            let count = u32::try_from(accesses.len()).unwrap_or(u32::MAX);
            let command = |access: &DrawAccess| match *access {
                DrawAccess { at: source, length, write: None } => {
                    BufferCommand::Read { source, length }
                }
                DrawAccess { at: destination, length, write: Some(seed) } => {
                    BufferCommand::Write { destination, length, seed }
                }
            };
            let draw = BufferCommand::Draw { accesses: count };
            std::iter::once(draw).chain(accesses.iter().map(command)).collect()
        }
        Entry::Bytes { .. } => Vec::new(),
    }
}

/// The command buffer that is being filled.
#[derive(Default)]
struct Open {
    buffer: CommandBuffer,
    indices: BTreeMap<AllocationId, u16>,
}

impl Open {
    fn has_room(&self, commands: usize, named: &BTreeSet<AllocationId>, limits: Limits) -> bool {
        let new = named.iter().filter(|allocation| !self.indices.contains_key(allocation)).count();
        let bytes = commands.saturating_mul(BufferCommand::SIZE);
        self.buffer.bytes.len().saturating_add(bytes) <= limits.command_bytes
            && self.indices.len() + new <= limits.allocation_list_size.min(MOST_ALLOCATIONS)
    }

    /// Appends a command; fails with the number of allocations that would have been.
    fn push(&mut self, command: BufferCommand<AllocationId>) -> Result<(), usize> {
        for named in command.operands() {
            let next = self.buffer.allocations.len();
            let index = match self.indices.entry(named.operand.index) {
                Slot::Occupied(index) => usize::from(*index.get()),
                Slot::Vacant(vacant) => {
                    vacant.insert(u16::try_from(next).map_err(|_| next + 1)?);
                    self.buffer.allocations.push((named.operand.index, false));
                    next
                }
            };
            if let Some((_, written)) = self.buffer.allocations.get_mut(index) {
                *written |= named.written;
            }
        }
        let command = command.renamed(|allocation| {
            self.indices.get(&allocation).copied().ok_or(self.indices.len())
        })?;
        self.buffer.bytes.extend(command.encode());
        Ok(())
    }

    /// Ends the buffer before entry `next`; `None` when there is nothing in it.
    fn close(&mut self, next: usize) -> Option<CommandBuffer> {
        self.indices.clear();
        let start = self.buffer.commands.start;
        let empty = CommandBuffer { commands: next..next, ..CommandBuffer::default() };
        let buffer = std::mem::replace(&mut self.buffer, empty);
        (!buffer.bytes.is_empty()).then_some(CommandBuffer { commands: start..next, ..buffer })
    }
}
