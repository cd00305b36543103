//! `DxgkDdiRender`: command buffers become packets of the GPU and places to patch.
//!
//! Nothing of a command buffer is believed, as its user may write anything into it. The first call
//! reads all of it before it writes anything; the calls that go on read again what they build, as it
//! may have changed meanwhile.
//!
//! | status                   | when                                                              |
//! |--------------------------|-------------------------------------------------------------------|
//! | `ILLEGAL_INSTRUCTION`    | no command has the opcode, or a field holds what it may not       |
//! | `PRIVILEGED_INSTRUCTION` | the opcode is one of the GPU's that change page tables            |
//! | `INVALID_USER_BUFFER`    | it ends inside a command, or fewer accesses than a draw says are  |
//! |                          | behind it, or another command is among them                       |
//! | `INVALID_HANDLE`         | an entry is beyond the list, or no allocation is behind it        |
//! | `INVALID_PARAMETER`      | a range is empty or leaves the content; an entry is written that  |
//! |                          | is not listed so; more than 65,535 bytes of a row, or rows; a     |
//! |                          | pitch below the bytes of a row; a fence unaligned or across rows; |
//! |                          | overlapping rows that cannot be copied one by one; bytes beyond   |
//! |                          | 4 GiB of one sequence written by rows; a place that is none       |
//!
//! A group is a command, or a draw with its accesses, and never divided between DMA buffers.
//! `MultipassOffset` counts groups.
//!
//! Offsets in patch locations count from the first byte of the DMA buffer as it is given here: only
//! for a fresh one are they also offsets from the start of the buffer.

use super::Driver;
use super::instruction::{Group, Instruction, Slots};
use super::native::push;
use crate::ddi::{NtStatus, PatchLocation, Render};
use crate::gpu::Packet;

/// `DriverId` of a patch location: which address of its packet it is.
pub(super) mod driver_id {
    /// None: the location only unbinds.
    pub(in crate::kmd) const NONE: u32 = 0;
    /// The source: the address in bytes 8 to 16 of the packet, the region in byte 2.
    pub(in crate::kmd) const SOURCE: u32 = 1;
    /// The destination: the address in bytes 16 to 24 of the packet, the region in byte 3.
    pub(in crate::kmd) const DESTINATION: u32 = 2;
}

/// Bytes from the start of a packet to the address of its source.
pub(super) const SOURCE_ADDRESS: u32 = 8;
/// Bytes from the start of a packet to the address of its destination.
pub(super) const DESTINATION_ADDRESS: u32 = 16;

const PACKET: usize = 32;

/// Builds as many groups as fit. A refusal leaves what was used, listed and done as it was; in a call
/// that goes on, bytes behind what is used may have been written.
pub(super) fn render(driver: &Driver, arguments: &mut Render<'_>) -> NtStatus {
    let before =
        (arguments.dma_buffer_used, arguments.patch_locations.len(), arguments.multipass_offset);
    let result = if before.2 == 0 { validate(driver, arguments) } else { Ok(()) };
    let result = result.and_then(|()| Pass { driver, arguments, reads: 0, bound: 0 }.build());
    match result {
        Ok(()) => NtStatus::SUCCESS,
        Err(NtStatus::INSUFFICIENT_DMA_BUFFER) => NtStatus::INSUFFICIENT_DMA_BUFFER,
        Err(refused) => {
            arguments.dma_buffer_used = before.0;
            arguments.patch_locations.truncate(before.1);
            arguments.multipass_offset = before.2;
            refused
        }
    }
}

fn validate(driver: &Driver, arguments: &Render<'_>) -> Result<(), NtStatus> {
    let mut rest = arguments.command;
    while let Some(group) = Group::next(&mut rest)? {
        for command in group.commands() {
            Instruction::new(driver, arguments.allocation_list, command?.0)?;
        }
    }
    Ok(())
}

/// One call, which fills one DMA buffer.
struct Pass<'a, 'b> {
    driver: &'a Driver,
    arguments: &'a mut Render<'b>,
    /// Reads in this DMA buffer so far; rows of one read count once.
    reads: u32,
    /// Slots that draws bound in this DMA buffer and nobody unbound, from the first on.
    bound: u32,
}

impl Pass<'_, '_> {
    fn build(mut self) -> Result<(), NtStatus> {
        let mut rest = self.arguments.command;
        for _ in 0..self.arguments.multipass_offset {
            Group::next(&mut rest)?.ok_or(NtStatus::INVALID_PARAMETER)?;
        }
        while let Some(group) = Group::next(&mut rest)? {
            if !self.has_room(group)? {
                return Err(NtStatus::INSUFFICIENT_DMA_BUFFER);
            }
            self.append(group)?;
            let done = self.arguments.multipass_offset.checked_add(1);
            self.arguments.multipass_offset = done.ok_or(NtStatus::INVALID_PARAMETER)?;
        }
        Ok(())
    }

    /// The first byte of the DMA buffer that is free; `None` where offsets end.
    fn free(&self) -> Option<u32> {
        u32::try_from(self.arguments.dma_buffer_used).ok()
    }

    /// Whether everything of a group fits. Looks at no more pieces than there is room for.
    fn has_room(&self, group: Group<'_>) -> Result<bool, NtStatus> {
        let size = self.arguments.dma_buffer.len().min(usize::try_from(u32::MAX).unwrap_or(0));
        let mut packets = size.saturating_sub(self.arguments.dma_buffer_used) / PACKET;
        let list = usize::try_from(self.arguments.patch_location_list_size).unwrap_or(usize::MAX);
        let mut locations = list.saturating_sub(self.arguments.patch_locations.len());
        for command in group.commands() {
            let instruction = self.instruction(command?.0)?;
            let needed = instruction.pieces().take(packets.saturating_add(1)).count();
            let listed = if instruction.is_unbind() {
                usize::try_from(self.bound.max(1)).unwrap_or(usize::MAX)
            } else {
                needed.saturating_mul(instruction.sides())
            };
            match (packets.checked_sub(needed), locations.checked_sub(listed)) {
                (Some(packets_left), Some(locations_left)) => {
                    (packets, locations) = (packets_left, locations_left);
                }
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    fn instruction(&self, command: crate::umd::BufferCommand) -> Result<Instruction, NtStatus> {
        Instruction::new(self.driver, self.arguments.allocation_list, command)
    }

    /// Appends everything of a group, for which there is room.
    fn append(&mut self, group: Group<'_>) -> Result<(), NtStatus> {
        let split = self.free().ok_or(NtStatus::INSUFFICIENT_DMA_BUFFER)?;
        for command in group.commands() {
            let (command, slots) = command?;
            let instruction = self.instruction(command)?;
            if let Slots::Drawn(slot) = slots {
                self.bound = self.bound.max(slot - Slots::FIRST_DRAWN + 1);
            }
            if instruction.is_unbind() {
                self.unbind(split);
            }
            self.append_packets(&instruction, slots, split)?;
            self.reads = self.reads.saturating_add(u32::from(instruction.is_read()));
        }
        Ok(())
    }

    fn append_packets(
        &mut self,
        instruction: &Instruction,
        slots: Slots,
        split: u32,
    ) -> Result<(), NtStatus> {
        const ADDRESSES: [(u32, u32); 2] =
            [(driver_id::SOURCE, SOURCE_ADDRESS), (driver_id::DESTINATION, DESTINATION_ADDRESS)];
        for piece in instruction.pieces() {
            let start = self.free().ok_or(NtStatus::INSUFFICIENT_DMA_BUFFER)?;
            let operands = instruction.operands(piece);
            for ((side, (driver_id, address)), single) in
                operands.into_iter().zip(ADDRESSES).zip(0..)
            {
                let Some((side, allocation_offset)) = side else { continue };
                self.arguments.patch_locations.push(PatchLocation {
                    allocation_index: Some(side.index),
                    slot_id: match slots {
                        Slots::Single => single,
                        Slots::Drawn(slot) => slot,
                    },
                    driver_id,
                    allocation_offset,
                    patch_offset: start.saturating_add(address),
                    split_offset: split,
                });
            }
            let packet: Packet = instruction.packet(self.driver, piece, self.reads);
            if !push(self.arguments.dma_buffer, &mut self.arguments.dma_buffer_used, packet) {
                return Err(NtStatus::INSUFFICIENT_DMA_BUFFER);
            }
        }
        Ok(())
    }

    /// Lists the slots that draws of this DMA buffer bound as unbound, or the first when none did.
    fn unbind(&mut self, start: u32) {
        let slots = Slots::FIRST_DRAWN..Slots::FIRST_DRAWN.saturating_add(self.bound.max(1));
        self.arguments.patch_locations.extend(slots.map(|slot_id| PatchLocation {
            allocation_index: None,
            slot_id,
            driver_id: driver_id::NONE,
            allocation_offset: 0,
            patch_offset: start,
            split_offset: start,
        }));
        self.bound = 0;
    }
}
