//! Commands and expectations in words.

use crate::base::text::{count, exact_size, hex, word};
use crate::machine::{Command, Counter, Data, Expectation, ExpectedPlace, ReferenceKind, RunGpu};
use crate::memory::ContentHash;

use super::ending::content_state_text;
use super::{Words, bytes_text, listed, range_text};

/// A command in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandText {
    /// What is done: `Create allocation`.
    pub title: &'static str,
    /// With what: `terrain, 6 MiB`.
    pub what: String,
}

/// What a command asks for.
#[must_use]
pub fn command_text(command: &Command, words: Words<'_>) -> CommandText {
    let names = words.names;
    let name = |id| words.allocation(id).to_owned();
    let (title, what) = match command {
        Command::CreateProcess(id) => ("Create process", names.process(*id).to_owned()),
        Command::CreateDevice(id, process) => {
            ("Create device", format!("{} of {}", names.device(*id), names.process(*process)))
        }
        Command::CreateAllocation(create) => {
            let resident = if create.resident { ", resident at once" } else { "" };
            let size = exact_size(create.info.size.get());
            let what = format!("{}, {size}{resident}", words.allocation(create.allocation));
            ("Create allocation", what)
        }
        Command::DestroyAllocation(id) => ("Destroy allocation", name(*id)),
        Command::MakeResident(ids) => ("Make resident", words.list(ids.iter().copied())),
        Command::Use(references) => {
            let texts = references.iter().map(|reference| {
                let verb = match reference.kind {
                    ReferenceKind::Read => "reads",
                    ReferenceKind::Write { .. } => "writes",
                };
                let name = words.allocation(reference.allocation);
                format!("{verb} {name}{}", range_text(reference.range))
            });
            ("Use", listed(texts))
        }
        Command::CpuWrite(id, range, data) => {
            let data = data_text(data);
            ("CPU write", format!("{}{}, {data}", words.allocation(*id), range_text(*range)))
        }
        Command::CpuRead(id, range) => {
            ("CPU read", format!("{}{}", words.allocation(*id), range_text(*range)))
        }
        Command::Evict(id) => ("Evict", name(*id)),
        Command::EvictAll => ("Evict all", "everything that may leave".to_owned()),
        Command::SetPriority(id, priority) => {
            ("Set priority", format!("{} to {priority}", words.allocation(*id)))
        }
        Command::RunGpu(run) => ("Run GPU", run_text(*run)),
        Command::Expect(expectation) => ("Expect", expectation_text(expectation, words)),
    };
    CommandText { title, what }
}

fn data_text(data: &Data) -> String {
    match data {
        Data::Seed(seed) => format!("bytes of seed {seed}"),
        Data::Pattern(pattern) => format!("pattern {}", word(*pattern)),
        Data::Bytes(bytes) => bytes_text(bytes),
    }
}

fn run_text(run: RunGpu) -> String {
    match run {
        RunGpu::UntilIdle => "until nothing is queued".to_owned(),
        RunGpu::Packets(packets) => crate::base::text::counted(packets.into(), "packet"),
        RunGpu::UntilFence(fence) => format!("until fence {}", hex(fence.0)),
    }
}

/// What an expectation says must hold: `terrain in VRAM`.
#[must_use]
pub fn expectation_text(expectation: &Expectation, words: Words<'_>) -> String {
    match expectation {
        Expectation::Place(id, place) => {
            let name = words.allocation(*id);
            match place {
                ExpectedPlace::Segment(segment, None) => {
                    format!("{name} in {}", words.segment(*segment))
                }
                ExpectedPlace::Segment(segment, Some(offset)) => {
                    format!("{name} in {} at offset {}", words.segment(*segment), hex(*offset))
                }
                ExpectedPlace::NotResident => format!("{name} not resident"),
                ExpectedPlace::Absent => format!("{name} does not exist"),
            }
        }
        Expectation::Content(id, state) => {
            format!("content of {} {}", words.allocation(*id), content_state_text(*state))
        }
        Expectation::Status(status) => format!("the command before ends with {status}"),
        Expectation::Counter(counter, value) => {
            format!("{} at {}", counter_name(*counter), count(*value))
        }
        Expectation::Bytes(id, offset, bytes) => {
            format!("{} at {} holds {}", words.allocation(*id), hex(*offset), bytes_text(bytes))
        }
        Expectation::SegmentBytes(segment, offset, bytes) => {
            let name = words.segment(*segment);
            format!("{name} at offset {} holds {}", hex(*offset), bytes_text(bytes))
        }
        Expectation::PhysicalBytes(address, bytes) => {
            format!("system memory at {} holds {}", hex(*address), bytes_text(bytes))
        }
        Expectation::Hash(id, hash) => {
            format!("hash of {} is {}", words.allocation(*id), ContentHash(*hash))
        }
        Expectation::Stopped(code, parameter) => {
            format!("stopped with bug check {code:#X}, first parameter {parameter:#X}")
        }
    }
}

/// What a counter counts, in words.
#[must_use]
pub const fn counter_name(counter: Counter) -> &'static str {
    match counter {
        Counter::PageIns => "page-ins",
        Counter::Evictions => "evictions",
        Counter::BytesFilled => "bytes filled",
        Counter::BytesDiscarded => "bytes discarded",
        Counter::BytesMappedIntoAperture => "bytes mapped into apertures",
        Counter::BytesUnmappedFromAperture => "bytes unmapped from apertures",
        Counter::BytesMdlToMemory => "bytes from system memory to segments",
        Counter::BytesMemoryToMdl => "bytes from segments to system memory",
        Counter::BytesApertureToMemory => "bytes from apertures to segments",
        Counter::BytesMemoryToAperture => "bytes from segments to apertures",
        Counter::Refusals => "refusals",
        Counter::Faults => "faults",
        Counter::Submissions => "submissions",
    }
}
