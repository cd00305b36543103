//! Command buffers for reading: what their bytes say, command by command.

use std::ops::Range;

use super::command::fields_of_command;
use super::{BadCommand, BufferCommand, CommandField, CommandRole, Operand};
use crate::base::text;

/// A piece of text beside the bytes of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandText {
    /// Which bytes it is the meaning of, by colour.
    pub role: CommandRole,
    /// What they say.
    pub text: String,
}

/// A command of a command buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodedCommand {
    /// Its bytes, from the start of the buffer.
    pub range: Range<usize>,
    /// What it is called: its opcode's name.
    pub name: &'static str,
    /// What it says, in the order of reading.
    pub texts: Vec<CommandText>,
    /// Its fields; ranges count from the start of the command.
    pub fields: Vec<CommandField>,
    /// Why it is none.
    pub bad: Option<BadCommand>,
}

/// The commands of a command buffer. What is left at the end is one that is too short.
#[must_use]
pub fn decode_commands(buffer: &[u8]) -> Vec<DecodedCommand> {
    let chunks = buffer.chunks(BufferCommand::SIZE).zip((0..).step_by(BufferCommand::SIZE));
    let decoded = chunks.map(|(bytes, start)| {
        let (range, fields) = (start..start + bytes.len(), fields_of_command(bytes));
        match BufferCommand::decode(bytes) {
            Ok(command) => {
                let (name, texts) = (command.name(), command_texts(&command));
                DecodedCommand { range, name, texts, fields, bad: None }
            }
            Err(bad) => {
                let texts = vec![said(CommandRole::Operation, bad.to_string())];
                DecodedCommand { range, name: "Not a command", texts, fields, bad: Some(bad) }
            }
        }
    });
    decoded.collect()
}

const fn said(role: CommandRole, text: String) -> CommandText {
    CommandText { role, text }
}

/// What a command says beside its name, in the order of reading.
#[must_use]
pub fn command_texts(command: &BufferCommand) -> Vec<CommandText> {
    use CommandRole::{Count, Destination, Source};
    let place = |role, Operand { index, offset }: Operand| {
        said(role, format!("entry {index} + {}", text::hex(offset)))
    };
    let bytes = |length| said(Count, text::exact_size(length));
    match *command {
        BufferCommand::Fill { destination, length, pattern } => vec![
            bytes(length),
            said(Source, format!("pattern {}", text::word(pattern))),
            place(Destination, destination),
        ],
        BufferCommand::Copy { source, destination, length } => {
            vec![bytes(length), place(Source, source), place(Destination, destination)]
        }
        BufferCommand::Blit {
            source,
            source_pitch,
            destination,
            destination_pitch,
            row_bytes,
            rows,
        } => vec![
            said(Count, format!("{rows} rows of {row_bytes} bytes")),
            place(Source, source),
            said(Count, format!("pitch {source_pitch}")),
            place(Destination, destination),
            said(Count, format!("pitch {destination_pitch}")),
        ],
        BufferCommand::Add { destination, length, addend } => vec![
            bytes(length),
            said(Source, format!("addend {}", text::word(addend))),
            place(Destination, destination),
        ],
        BufferCommand::Draw { accesses } => {
            vec![said(
                Count,
                if accesses == 1 { "1 access".to_owned() } else { format!("{accesses} accesses") },
            )]
        }
        BufferCommand::Read { source, length } => vec![bytes(length), place(Source, source)],
        BufferCommand::Write { destination, length, seed } => vec![
            bytes(length),
            said(Source, format!("seed {}", text::hex(seed))),
            place(Destination, destination),
        ],
        BufferCommand::Unbind => Vec::new(),
        BufferCommand::Wait { fence, value } => {
            vec![said(Source, format!("until at least {value}")), place(Destination, fence)]
        }
        BufferCommand::Signal { fence, value } => {
            vec![said(Source, format!("value {value}")), place(Destination, fence)]
        }
    }
}
