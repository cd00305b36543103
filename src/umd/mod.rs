//! The emulated user-mode display driver: it writes what the user asks for into command buffers.
//!
//! The format of command buffers is the hardware vendor's own: the user-mode driver writes it, the
//! kernel-mode driver reads it and believes nothing, and the GPU never sees it. Only `base` is known
//! here: operands name entries of the allocation list that goes with a command buffer.

mod command;
mod pack;
mod words;

#[cfg(test)]
mod tests;

pub use command::{
    BadCommand, BufferCommand, CommandField, CommandRole, Named, Operand, fields_of_command,
};
pub use pack::{CommandBuffer, DrawAccess, Entry, Limits, PackError, pack};
pub use words::{CommandText, DecodedCommand, command_texts, decode_commands};
