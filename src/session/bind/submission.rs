//! Binding devices, contexts and what is submitted through them.

use super::{At, Binder};
use crate::base::{ContextId, ContextRef, ProcessId};
use crate::ddi::DeviceInfo;
use crate::machine::{At as Place, Command, Reference, Submit, UserCommand};
use crate::session::bind_error::{BindProblem, ObjectKind};
use crate::session::document::{
    NamedCreateContext, NamedCreateDevice, NamedReference, NamedSubmit, NamedUserCommand,
};
use crate::session::name::Name;

impl Binder {
    pub(super) fn create_device(
        &mut self,
        create: &NamedCreateDevice,
        at: At<'_>,
    ) -> Option<Command> {
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
        let process = self.find(ObjectKind::Process, process, &|| at().field("process"));
        let device = self.device(name, &|| at().field("name"));
        let segments = self.segment_set(dma_buffer_segments, &|| at().field("dma_buffer_segments"));
        let info = DeviceInfo {
            dma_buffer_size: *dma_buffer_size,
            dma_buffer_segment_set: segments?,
            dma_buffer_private_data_size: *dma_buffer_private_data_size,
            allocation_list_size: *allocation_list_size,
            patch_location_list_size: *patch_location_list_size,
            guaranteed_dma_buffer_contract: *guaranteed_dma_buffer_contract,
        };
        Some(Command::CreateDevice(device?, process.map(ProcessId)?, info))
    }

    pub(super) fn create_context(
        &mut self,
        create: &NamedCreateContext,
        at: At<'_>,
    ) -> Option<Command> {
        let context = self.context(&create.name, &|| at().field("name"));
        let device = self.device(&create.device, &|| at().field("device"));
        Some(Command::CreateContext(context?, device?, create.priority))
    }

    fn context(&mut self, name: &Name, at: At<'_>) -> Option<ContextId> {
        self.find(ObjectKind::Context, name, at).map(ContextId)
    }

    pub(super) fn submit(&mut self, submit: &NamedSubmit, at: At<'_>) -> Option<Command> {
        let context = self.submitter(submit, at);
        let commands = self.user_commands(&submit.commands, &|| at().field("commands"));
        Some(Command::Submit(Box::new(Submit { context: context?, commands: commands? })))
    }

    /// Whom the submission is of: exactly one of its two fields says so.
    fn submitter(&mut self, submit: &NamedSubmit, at: At<'_>) -> Option<ContextRef> {
        let context = submit.context.as_ref().map(|name| {
            let context = self.context(name, &|| at().field("context"));
            context.map(ContextRef::Own)
        });
        let device = submit.device.as_ref().map(|name| {
            let device = self.device(name, &|| at().field("device"));
            device.map(ContextRef::OfDevice)
        });
        match (context, device) {
            (Some(found), None) | (None, Some(found)) => found,
            (Some(_), Some(_)) => {
                self.report(at().field("device"), BindProblem::TwoSubmitters);
                None
            }
            (None, None) => {
                self.report(at(), BindProblem::NoSubmitter);
                None
            }
        }
    }

    fn user_commands(
        &mut self,
        commands: &[NamedUserCommand],
        at: At<'_>,
    ) -> Option<Box<[UserCommand]>> {
        let each = commands.iter().enumerate();
        // All of them are looked at, so that every error is reported.
        let bound: Vec<Option<UserCommand>> = each
            .map(|(item, command)| {
                self.user_command(command, &|| at().index(item).variant(command.keyword()))
            })
            .collect();
        bound.into_iter().collect()
    }

    /// One command of a command buffer; `None` when it has errors.
    fn user_command(&mut self, command: &NamedUserCommand, at: At<'_>) -> Option<UserCommand> {
        Some(match command {
            NamedUserCommand::Fill(fill) => UserCommand::Fill {
                destination: self.place("allocation", &fill.allocation, fill.offset, at)?,
                length: fill.length,
                pattern: fill.pattern,
            },
            NamedUserCommand::Copy(copy) => {
                let source = self.place("from", &copy.from, copy.from_offset, at);
                let destination = self.place("to", &copy.to, copy.to_offset, at);
                UserCommand::Copy {
                    source: source?,
                    destination: destination?,
                    length: copy.length,
                }
            }
            NamedUserCommand::Blit(blit) => {
                let source = self.place("from", &blit.from, blit.from_offset, at);
                let destination = self.place("to", &blit.to, blit.to_offset, at);
                UserCommand::Blit {
                    source: source?,
                    source_pitch: blit.from_pitch,
                    destination: destination?,
                    destination_pitch: blit.to_pitch,
                    row_bytes: blit.row_bytes,
                    rows: blit.rows,
                }
            }
            NamedUserCommand::Add(add) => UserCommand::Add {
                destination: self.place("allocation", &add.allocation, add.offset, at)?,
                length: add.length,
                addend: add.addend,
            },
            NamedUserCommand::Draw(references) => UserCommand::Draw(self.draw(references, at)?),
            NamedUserCommand::Unbind => UserCommand::Unbind,
            NamedUserCommand::Wait(wait) => UserCommand::Wait {
                fence: self.place("allocation", &wait.allocation, wait.offset, at)?,
                value: wait.value,
            },
            NamedUserCommand::Signal(signal) => UserCommand::Signal {
                fence: self.place("allocation", &signal.allocation, signal.offset, at)?,
                value: signal.value,
            },
            NamedUserCommand::Bytes(given) => {
                self.explicit(&given.bytes, &|| at().field("bytes"));
                let listed = &|| at().field("allocations");
                UserCommand::Bytes(
                    given.bytes.clone(),
                    self.allocations(&given.allocations, listed)?,
                )
            }
        })
    }

    fn draw(&mut self, references: &[NamedReference], at: At<'_>) -> Option<Box<[Reference]>> {
        let each = references.iter().enumerate();
        let bound: Vec<Option<Reference>> =
            each.map(|(item, reference)| self.reference(reference, &|| at().index(item))).collect();
        bound.into_iter().collect()
    }

    /// A place in the allocation that a field names.
    fn place(
        &mut self,
        field: &'static str,
        name: &Name,
        offset: u64,
        at: At<'_>,
    ) -> Option<Place> {
        let allocation = self.allocation(name, &|| at().field(field))?;
        Some(Place { allocation, offset })
    }
}
