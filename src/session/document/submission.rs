//! Devices, contexts and what is submitted through them.

use serde::Deserialize;

use super::{NamedReference, NamedSegmentSet};
use crate::ddi::DeviceInfo;
use crate::session::limits;
use crate::session::name::Name;
use crate::session::value;

/// `CreateDevice`; what is left out is what drivers usually want.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCreateDevice {
    /// Its name.
    pub name: Name,
    /// The process that opens it.
    pub process: Name,
    /// Bytes of its DMA buffers.
    #[serde(default = "usual_buffer_size", deserialize_with = "value::size_32")]
    pub dma_buffer_size: u32,
    /// Apertures through which the GPU reads them; empty for contiguous system memory.
    #[serde(default)]
    pub dma_buffer_segments: NamedSegmentSet,
    /// Bytes that its driver keeps beside each DMA buffer.
    #[serde(default = "usual_private_data_size", deserialize_with = "value::size_32")]
    pub dma_buffer_private_data_size: u32,
    /// How many allocations a command buffer names to start with.
    #[serde(default = "usual_allocation_list_size")]
    pub allocation_list_size: u32,
    /// How many patch locations a DMA buffer has to start with.
    #[serde(default = "usual_patch_location_list_size")]
    pub patch_location_list_size: u32,
    /// Every command buffer fits into one DMA buffer with its lists.
    #[serde(default = "usual_contract")]
    pub guaranteed_dma_buffer_contract: bool,
}

impl NamedCreateDevice {
    /// A device of a name and a process; everything else as if it were left out.
    #[must_use]
    pub fn new(name: Name, process: Name) -> Self {
        Self {
            name,
            process,
            dma_buffer_size: usual_buffer_size(),
            dma_buffer_segments: NamedSegmentSet::default(),
            dma_buffer_private_data_size: usual_private_data_size(),
            allocation_list_size: usual_allocation_list_size(),
            patch_location_list_size: usual_patch_location_list_size(),
            guaranteed_dma_buffer_contract: usual_contract(),
        }
    }
}

fn usual_buffer_size() -> u32 {
    DeviceInfo::default().dma_buffer_size
}

fn usual_private_data_size() -> u32 {
    DeviceInfo::default().dma_buffer_private_data_size
}

fn usual_allocation_list_size() -> u32 {
    DeviceInfo::default().allocation_list_size
}

fn usual_patch_location_list_size() -> u32 {
    DeviceInfo::default().patch_location_list_size
}

fn usual_contract() -> bool {
    DeviceInfo::default().guaranteed_dma_buffer_contract
}

/// `CreateContext`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCreateContext {
    /// Its name.
    pub name: Name,
    /// The device that opens it.
    pub device: Name,
    /// From -7 to 7.
    #[serde(default, deserialize_with = "value::context_priority")]
    pub priority: i8,
}

/// `Submit`: through a context, or through the one that a device has from the start.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSubmit {
    /// The context.
    #[serde(default)]
    pub context: Option<Name>,
    /// In place of a context, the device.
    #[serde(default)]
    pub device: Option<Name>,
    /// What the command buffer holds, in order.
    #[serde(deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")]
    pub commands: Vec<NamedUserCommand>,
}

/// One command of a command buffer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "UserCommand", deny_unknown_fields)]
pub enum NamedUserCommand {
    /// Repeats a pattern.
    Fill(Box<NamedUserFill>),
    /// Copies bytes.
    Copy(Box<NamedUserCopy>),
    /// Copies rows that lie apart.
    Blit(Box<NamedUserBlit>),
    /// Adds to what is there.
    Add(Box<NamedUserAdd>),
    /// Reads and writes several allocations.
    Draw(
        #[serde(deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")]
        Vec<NamedReference>,
    ),
    /// Unbinds what draws bound.
    Unbind,
    /// Waits until 64 bits are at least a value.
    Wait(Box<NamedUserFence>),
    /// Writes 64 bits.
    Signal(Box<NamedUserFence>),
    /// Bytes as they are.
    Bytes(Box<NamedUserBytes>),
}

impl NamedUserCommand {
    /// The name of the command, as the file writes it.
    #[must_use]
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::Fill(_) => "Fill",
            Self::Copy(_) => "Copy",
            Self::Blit(_) => "Blit",
            Self::Add(_) => "Add",
            Self::Draw(_) => "Draw",
            Self::Unbind => "Unbind",
            Self::Wait(_) => "Wait",
            Self::Signal(_) => "Signal",
            Self::Bytes(_) => "Bytes",
        }
    }
}

/// `Fill` of a command buffer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedUserFill {
    /// The allocation.
    pub allocation: Name,
    /// First byte.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// Bytes; without it, to the end.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
    /// Repeated 32-bit little-endian word.
    pub pattern: u32,
}

/// `Copy`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedUserCopy {
    /// The allocation read.
    pub from: Name,
    /// First byte read.
    #[serde(default, deserialize_with = "value::size")]
    pub from_offset: u64,
    /// The allocation written.
    pub to: Name,
    /// First byte written.
    #[serde(default, deserialize_with = "value::size")]
    pub to_offset: u64,
    /// Bytes; without it, to the end of what is read.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
}

/// `Blit`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedUserBlit {
    /// The allocation read.
    pub from: Name,
    /// First byte read.
    #[serde(default, deserialize_with = "value::size")]
    pub from_offset: u64,
    /// Bytes from one row read to the next.
    #[serde(deserialize_with = "value::size_32")]
    pub from_pitch: u32,
    /// The allocation written.
    pub to: Name,
    /// First byte written.
    #[serde(default, deserialize_with = "value::size")]
    pub to_offset: u64,
    /// Bytes from one row written to the next.
    #[serde(deserialize_with = "value::size_32")]
    pub to_pitch: u32,
    /// Bytes of a row.
    #[serde(deserialize_with = "value::size_32")]
    pub row_bytes: u32,
    /// Rows.
    pub rows: u32,
}

/// `Add`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedUserAdd {
    /// The allocation.
    pub allocation: Name,
    /// First byte.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// Bytes; without it, to the end.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
    /// Four bytes, the lowest first.
    pub addend: u32,
}

/// `Wait` and `Signal`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedUserFence {
    /// The allocation.
    pub allocation: Name,
    /// The first of the eight bytes.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// The value.
    pub value: u64,
}

/// `Bytes`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedUserBytes {
    /// As they stand in the command buffer.
    #[serde(deserialize_with = "value::bytes")]
    pub bytes: Box<[u8]>,
    /// The entries of the allocation list that they may name.
    #[serde(default, deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")]
    pub allocations: Vec<Name>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command buffer of a million commands keeps them all in memory.
    #[test]
    fn commands_of_a_buffer_stay_small() {
        assert!(size_of::<NamedUserCommand>() <= 32, "{}", size_of::<NamedUserCommand>());
    }
}
