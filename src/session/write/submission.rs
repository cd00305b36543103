//! Writing devices, contexts and what is submitted through them.

use std::fmt::{self, Display};

use super::{BytesText, Fields, List, Quoted, ReferenceText, Size, part_fields};
use crate::base::text::{hex, word};
use crate::session::document::{
    NamedCreateContext, NamedCreateDevice, NamedSubmit, NamedUserAdd, NamedUserBlit,
    NamedUserBytes, NamedUserCommand, NamedUserCopy, NamedUserFence, NamedUserFill,
};

pub(super) fn device_fields(create: &NamedCreateDevice) -> Fields {
    let NamedCreateDevice {
        name,
        process,
        dma_buffer_size,
        dma_buffer_segments,
        dma_buffer_private_data_size,
        allocation_list_size,
        patch_location_list_size,
        guaranteed_dma_buffer_contract,
    } = create;
    let usual = NamedCreateDevice::new(name.clone(), process.clone());
    let mut fields = Fields::default();
    fields.add("name", Quoted(name.as_str()));
    fields.add("process", Quoted(process.as_str()));
    let size = *dma_buffer_size;
    fields.unless(size == usual.dma_buffer_size, "dma_buffer_size", Size(size.into()));
    let through = *dma_buffer_segments == usual.dma_buffer_segments;
    fields.unless(through, "dma_buffer_segments", dma_buffer_segments);
    let size = *dma_buffer_private_data_size;
    let left_out = size == usual.dma_buffer_private_data_size;
    fields.unless(left_out, "dma_buffer_private_data_size", Size(size.into()));
    let left_out = *allocation_list_size == usual.allocation_list_size;
    fields.unless(left_out, "allocation_list_size", allocation_list_size);
    let left_out = *patch_location_list_size == usual.patch_location_list_size;
    fields.unless(left_out, "patch_location_list_size", patch_location_list_size);
    let contract = *guaranteed_dma_buffer_contract;
    let left_out = contract == usual.guaranteed_dma_buffer_contract;
    fields.unless(left_out, "guaranteed_dma_buffer_contract", contract);
    fields
}

pub(super) fn context_fields(create: &NamedCreateContext) -> Fields {
    let NamedCreateContext { name, device, priority } = create;
    let mut fields = Fields::default();
    fields.add("name", Quoted(name.as_str()));
    fields.add("device", Quoted(device.as_str()));
    fields.unless(*priority == 0, "priority", priority);
    fields
}

pub(super) fn submit_fields(submit: &NamedSubmit) -> Fields {
    let NamedSubmit { context, device, commands } = submit;
    let mut fields = Fields::default();
    fields.some("context", context.as_ref().map(|name| Quoted(name.as_str())));
    fields.some("device", device.as_ref().map(|name| Quoted(name.as_str())));
    fields.add("commands", List(commands.iter().map(UserCommandText)));
    fields
}

struct UserCommandText<'a>(&'a NamedUserCommand);

impl Display for UserCommandText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.keyword())?;
        match self.0 {
            NamedUserCommand::Fill(fill) => {
                let NamedUserFill { allocation, offset, length, pattern } = fill.as_ref();
                let mut fields = part_fields(allocation.as_str(), *offset, *length);
                fields.add("pattern", word(*pattern));
                fields.fmt(f)
            }
            NamedUserCommand::Copy(copy) => copy_fields(copy).fmt(f),
            NamedUserCommand::Blit(blit) => blit_fields(blit).fmt(f),
            NamedUserCommand::Add(add) => {
                let NamedUserAdd { allocation, offset, length, addend } = add.as_ref();
                let mut fields = part_fields(allocation.as_str(), *offset, *length);
                fields.add("addend", word(*addend));
                fields.fmt(f)
            }
            NamedUserCommand::Draw(references) => {
                write!(f, "({})", List(references.iter().map(ReferenceText)))
            }
            NamedUserCommand::Unbind => Ok(()),
            NamedUserCommand::Wait(fence) | NamedUserCommand::Signal(fence) => {
                let NamedUserFence { allocation, offset, value } = fence.as_ref();
                let mut fields = part_fields(allocation.as_str(), *offset, None);
                fields.add("value", value);
                fields.fmt(f)
            }
            NamedUserCommand::Bytes(given) => {
                let NamedUserBytes { bytes, allocations } = given.as_ref();
                let mut fields = Fields::default();
                fields.add("bytes", BytesText(bytes));
                let names = List(allocations.iter().map(|name| Quoted(name.as_str())));
                fields.unless(allocations.is_empty(), "allocations", names);
                fields.fmt(f)
            }
        }
    }
}

fn copy_fields(copy: &NamedUserCopy) -> Fields {
    let NamedUserCopy { from, from_offset, to, to_offset, length } = copy;
    let mut fields = Fields::default();
    fields.add("from", Quoted(from.as_str()));
    fields.unless(*from_offset == 0, "from_offset", hex(*from_offset));
    fields.add("to", Quoted(to.as_str()));
    fields.unless(*to_offset == 0, "to_offset", hex(*to_offset));
    fields.some("length", length.map(Size));
    fields
}

fn blit_fields(blit: &NamedUserBlit) -> Fields {
    let NamedUserBlit { from, from_offset, from_pitch, to, to_offset, to_pitch, row_bytes, rows } =
        blit;
    let mut fields = Fields::default();
    fields.add("from", Quoted(from.as_str()));
    fields.unless(*from_offset == 0, "from_offset", hex(*from_offset));
    fields.add("from_pitch", from_pitch);
    fields.add("to", Quoted(to.as_str()));
    fields.unless(*to_offset == 0, "to_offset", hex(*to_offset));
    fields.add("to_pitch", to_pitch);
    fields.add("row_bytes", row_bytes);
    fields.add("rows", rows);
    fields
}
