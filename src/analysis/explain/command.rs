//! Commands and expectations in words.

use std::collections::BTreeSet;

use crate::base::text::{count, counted, exact_size, hex, word};
use crate::base::{AllocationId, SegmentAddress, SegmentId};
use crate::ddi::OfferPriority;
use crate::machine::{
    At, Command, Counter, Data, Expectation, ExpectedDamage, ExpectedPlace, OfferState,
    RawLocation, RawOperation, Reference, ReferenceKind, RunGpu, Submit, UserCommand,
};
use crate::memory::ContentHash;

use super::super::strips::hint_words;
use super::ending::content_state_text;
use super::power::{fate_text, power_text, transition_name};
use super::{Words, bytes_text, listed, range_text};

/// A command in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandText {
    /// What is done: `Create allocation`.
    pub title: &'static str,
    /// With what: `terrain, 6 MiB`.
    pub what: String,
    /// Who asks and what is wished: `by game, prefers VRAM`; empty where there is nothing to say.
    pub note: String,
}

/// What a command asks for.
#[must_use]
pub fn command_text(command: &Command, words: Words<'_>) -> CommandText {
    let names = words.names;
    let name = |id| words.allocation(id).to_owned();
    let what = match command {
        Command::CreateProcess(id) => names.process(*id).to_owned(),
        Command::CreateDevice(id, process, info) => {
            let through: Vec<&str> =
                info.dma_buffer_segment_set.iter().map(|segment| words.segment(segment)).collect();
            let buffers = match through[..] {
                [] => String::new(),
                _ => format!(", DMA buffers through {}", through.join(" or ")),
            };
            format!("{} of {}{buffers}", names.device(*id), names.process(*process))
        }
        Command::CreateAllocation(create) => {
            let resident = if create.resident { ", resident at once" } else { "" };
            let size = exact_size(create.info.size.get());
            let mut kinds = String::new();
            if create.shared {
                kinds.push_str(", shared");
            }
            if create.primary {
                kinds.push_str(", primary");
            }
            if let Some(pages) = create.existing {
                kinds.push_str(&format!(", wraps {}", names.pages(pages)));
            }
            format!("{}, {size}{kinds}{resident}", words.allocation(create.allocation))
        }
        Command::DestroyAllocation(id) | Command::Evict(id) => name(*id),
        Command::MakeResident(ids) => words.list(ids.iter().copied()),
        Command::Use(references) => references_text(references, words),
        Command::CreateContext(id, device, priority) => {
            let priority = match priority {
                0 => String::new(),
                priority => format!(", priority {priority}"),
            };
            format!("{} of {}{priority}", names.context(*id), names.device(*device))
        }
        Command::Submit(submit) => {
            let commands = submit.commands.iter().map(|command| user_command_text(command, words));
            let context = names.context_ref(submit.context);
            let commands = listed(commands);
            let commands = if commands.is_empty() { "nothing" } else { &commands };
            format!("by {context}: {commands}")
        }
        Command::CpuWrite(id, range, data) => {
            format!("{}{}, {}", words.allocation(*id), range_text(*range), data_text(data))
        }
        Command::CpuRead(id, range) => {
            format!("{}{}", words.allocation(*id), range_text(*range))
        }
        Command::EvictAll => "everything that may leave".to_owned(),
        Command::SetPriority(id, priority) => format!("{} to {priority}", words.allocation(*id)),
        Command::RunGpu(run) => run_text(*run),
        Command::OpenAllocation(id, device) => {
            format!("{}, by {}", words.allocation(*id), names.device(*device))
        }
        Command::CloseAllocation(id, device) => {
            format!("{}, by {}", words.allocation(*id), names.device(*device))
        }
        Command::Lock(id, device, flags) => {
            let by = device.map_or(String::new(), |id| format!(", through {}", names.device(id)));
            let flags = flag_names(flags);
            let flags = if flags.is_empty() { flags } else { format!(", {flags}") };
            format!("{}{by}{flags}", words.allocation(*id))
        }
        Command::Unlock(id) => name(*id),
        Command::Offer(ids, priority) => {
            format!("{} at {}", words.list(ids.iter().copied()), offer_priority_text(*priority))
        }
        Command::Reclaim(ids) => words.list(ids.iter().copied()),
        Command::Display(id) => id.map_or("nothing".to_owned(), name),
        Command::ReservePages(reserve) => {
            let contiguous = if reserve.contiguous { ", in one run" } else { "" };
            let pages = crate::base::text::counted(reserve.count, "page");
            format!("{}, {pages}{contiguous}", names.pages(reserve.pages))
        }
        Command::ReleasePages(id) => names.pages(*id).to_owned(),
        Command::WritePages(id, range, data) => {
            format!("{}{}, {}", names.pages(*id), range_text(*range), data_text(data))
        }
        Command::Raw(raw) => raw_text(raw, words),
        Command::Power(_) => String::new(),
        Command::Expect(expectation) => expectation_text(expectation, words),
    };
    CommandText { title: command_title(command), what, note: note_text(command, words) }
}

/// What one command of a command buffer does: `copies a to b`.
#[must_use]
pub fn user_command_text(command: &UserCommand, words: Words<'_>) -> String {
    let at = |at: &At| {
        let name = words.allocation(at.allocation);
        if at.offset == 0 { name.to_owned() } else { format!("{name} at {}", hex(at.offset)) }
    };
    let size = |length: &Option<u64>| {
        length.map_or(String::new(), |length| format!(", {}", exact_size(length)))
    };
    match command {
        UserCommand::Fill { destination, length, pattern } => {
            format!("fills {}{} with {}", at(destination), size(length), word(*pattern))
        }
        UserCommand::Copy { source, destination, length } => {
            format!("copies {} to {}{}", at(source), at(destination), size(length))
        }
        UserCommand::Blit { source, destination, row_bytes, rows, .. } => {
            let (rows, row_bytes) = (counted(u64::from(*rows), "row"), u64::from(*row_bytes));
            let (row_bytes, source) = (exact_size(row_bytes), at(source));
            format!("blits {rows} of {row_bytes} from {source} to {}", at(destination))
        }
        UserCommand::Add { destination, length, addend } => {
            format!("adds {} to {}{}", word(*addend), at(destination), size(length))
        }
        UserCommand::Draw(references) => {
            if references.is_empty() {
                return "draws nothing".to_owned();
            }
            format!("draws ({})", references_text(references, words))
        }
        UserCommand::Unbind => "unbinds".to_owned(),
        UserCommand::Wait { fence, value } => format!("waits for {value} in {}", at(fence)),
        UserCommand::Signal { fence, value } => format!("signals {value} in {}", at(fence)),
        UserCommand::Bytes(bytes, _) => {
            let size = exact_size(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            let start = bytes_text(bytes);
            if start.is_empty() {
                "no bytes".to_owned()
            } else {
                format!("{size} as given: {start}")
            }
        }
    }
}

/// What the GPU does with allocations: `reads tex, writes rt`.
fn references_text(references: &[Reference], words: Words<'_>) -> String {
    listed(references.iter().map(|reference| {
        let verb = match reference.kind {
            ReferenceKind::Read => "reads",
            ReferenceKind::Write { .. } => "writes",
        };
        let name = words.allocation(reference.allocation);
        format!("{verb} {name}{}", range_text(reference.range))
    }))
}

/// What kind of command it is: `Create allocation`.
#[must_use]
pub const fn command_title(command: &Command) -> &'static str {
    match command {
        Command::CreateProcess(_) => "Create process",
        Command::CreateDevice(..) => "Create device",
        Command::CreateAllocation(_) => "Create allocation",
        Command::DestroyAllocation(_) => "Destroy allocation",
        Command::MakeResident(_) => "Make resident",
        Command::Use(_) => "Use",
        Command::CreateContext(..) => "Create context",
        Command::Submit(_) => "Submit",
        Command::CpuWrite(..) => "CPU write",
        Command::CpuRead(..) => "CPU read",
        Command::Evict(_) => "Evict",
        Command::EvictAll => "Evict all",
        Command::SetPriority(..) => "Set priority",
        Command::RunGpu(_) => "Run GPU",
        Command::OpenAllocation(..) => "Open allocation",
        Command::CloseAllocation(..) => "Close allocation",
        Command::Lock(..) => "Lock",
        Command::Unlock(_) => "Unlock",
        Command::Offer(..) => "Offer",
        Command::Reclaim(_) => "Reclaim",
        Command::Display(_) => "Display",
        Command::ReservePages(_) => "Reserve pages",
        Command::ReleasePages(_) => "Release pages",
        Command::WritePages(..) => "Write pages",
        Command::Raw(raw) => raw.kind().name(),
        Command::Power(transition) => transition_name(*transition),
        Command::Expect(_) => "Expect",
    }
}

fn note_text(command: &Command, words: Words<'_>) -> String {
    let create = match command {
        Command::CreateAllocation(create) => create,
        Command::Raw(_) => return "put together by hand".to_owned(),
        Command::Submit(submit) => return submit_note(submit),
        _ => return String::new(),
    };
    let device = words.names.device(create.device);
    let preferred = create.info.preferred.iter().map(|wanted| wanted.segment);
    let preferred = listed(preferred.map(|segment| words.segment(segment).to_owned()));
    let banks = hint_words(create.info.hinted_banks);
    let banks = if banks.is_empty() { banks } else { format!(", banks {banks}") };
    if preferred.is_empty() {
        format!("by {device}{banks}")
    } else {
        format!("by {device}, prefers {preferred}{banks}")
    }
}

/// How much one submission asks for: `6 commands, 3 allocations`.
fn submit_note(submit: &Submit) -> String {
    let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let named = submit.commands.iter().flat_map(UserCommand::allocations);
    let named: BTreeSet<AllocationId> = named.collect();
    let commands = counted(number(submit.commands.len()), "command");
    format!("{commands}, {}", counted(number(named.len()), "allocation"))
}

/// Names of the flags that are set, joined; empty for none.
fn flag_names<F: bitflags::Flags>(flags: &F) -> String {
    flags.iter_names().map(|(name, _)| name).collect::<Vec<_>>().join(" | ")
}

/// A level of offer: `low priority`.
#[must_use]
pub(super) const fn offer_priority_text(priority: OfferPriority) -> &'static str {
    match priority {
        OfferPriority::Low => "low priority",
        OfferPriority::Normal => "normal priority",
        OfferPriority::High => "high priority",
        OfferPriority::Auto => "automatic priority",
    }
}

/// The fields of an operation put together by hand.
fn raw_text(raw: &RawOperation, words: Words<'_>) -> String {
    let at = |segment: SegmentId, address: u64| words.at(segment, SegmentAddress(address));
    let pages = |count: u64| crate::base::text::counted(count, "page");
    match raw {
        RawOperation::Transfer(transfer) | RawOperation::SpecialLockTransfer(transfer, ..) => {
            let side = |location: &RawLocation| match location {
                RawLocation::Segment { id, address } => at(*id, *address),
                RawLocation::Pages(id) => words.names.pages(*id).to_owned(),
            };
            let (source, destination) = (side(&transfer.source), side(&transfer.destination));
            let offsets = match (transfer.transfer_offset, transfer.mdl_offset) {
                (0, 0) => String::new(),
                (bytes, 0) => format!(", TransferOffset {}", hex(bytes.into())),
                (0, pages) => format!(", MdlOffset {pages}"),
                (bytes, pages) => {
                    format!(", TransferOffset {}, MdlOffset {pages}", hex(bytes.into()))
                }
            };
            let size = exact_size(transfer.transfer_size);
            format!("{size}, {source} → {destination}{offsets}")
        }
        RawOperation::Fill { fill_size, fill_pattern, segment, address, .. } => format!(
            "{}, pattern {} → {}",
            exact_size(*fill_size),
            word(*fill_pattern),
            at(*segment, *address)
        ),
        RawOperation::DiscardContent { segment, address, .. }
        | RawOperation::ReadPhysical { segment, address }
        | RawOperation::WritePhysical { segment, address } => at(*segment, *address),
        RawOperation::MapApertureSegment {
            segment,
            offset_in_pages,
            number_of_pages,
            pages: list,
            mdl_offset,
            ..
        } => {
            let from =
                if *mdl_offset == 0 { String::new() } else { format!(" from page {mdl_offset}") };
            let (list, segment) = (words.names.pages(*list), words.segment(*segment));
            let page = hex(*offset_in_pages);
            format!("{} of {list}{from} → {segment} page {page}", pages(*number_of_pages))
        }
        RawOperation::UnmapApertureSegment {
            segment,
            offset_in_pages,
            number_of_pages,
            dummy_page,
            ..
        } => {
            let dummy = dummy_page.map_or("dummy page".to_owned(), hex);
            let (segment, page) = (words.segment(*segment), hex(*offset_in_pages));
            format!("{}, {segment} page {page} → {dummy}", pages(*number_of_pages))
        }
    }
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
        Expectation::Offer(id, state) => {
            format!("{} {}", words.allocation(*id), offer_state_text(*state))
        }
        Expectation::Locked(id, locked) => {
            let not = if *locked { "" } else { "not " };
            format!("{} {not}locked", words.allocation(*id))
        }
        Expectation::Displayed(id, displayed) => {
            let not = if *displayed { "" } else { "not " };
            format!("{} {not}displayed", words.allocation(*id))
        }
        Expectation::Owner(id, device) => {
            format!("{} owned by {}", words.allocation(*id), words.names.device(*device))
        }
        Expectation::Power(power) => power_text(*power).to_owned(),
        Expectation::Fate(id, fate) => {
            format!("{} {} by the last power transition", words.allocation(*id), fate_text(*fate))
        }
        Expectation::LostBytes(id, bytes) => {
            format!("{} of {} lost", counted(*bytes, "byte"), words.allocation(*id))
        }
        Expectation::PagesBytes(id, offset, bytes) => {
            format!("{} at {} holds {}", words.names.pages(*id), hex(*offset), bytes_text(bytes))
        }
        Expectation::Finding(rule) => format!("the configuration touches rule {}", rule.id()),
        Expectation::Damage(damage) => {
            format!("the command before did damage: {}", expected_damage_text(damage, words))
        }
    }
}

/// Whether something is offered.
#[must_use]
pub(super) const fn offer_state_text(state: OfferState) -> &'static str {
    match state {
        OfferState::NotOffered => "not offered",
        OfferState::Offered => "offered",
        OfferState::Discarded => "offered, its content dropped",
    }
}

/// Damage that is expected.
fn expected_damage_text(damage: &ExpectedDamage, words: Words<'_>) -> String {
    let name = |id: AllocationId| words.allocation(id);
    match *damage {
        ExpectedDamage::Content { allocation, offset } => {
            format!("first wrong byte of {} at {}", name(allocation), hex(offset))
        }
        ExpectedDamage::Pages { pages, offset } => {
            format!("first wrong byte of {} at {}", words.names.pages(pages), hex(offset))
        }
        ExpectedDamage::Segment { segment, offset } => {
            format!("first wrong byte at {}", words.at_offset(segment, offset))
        }
        ExpectedDamage::Aperture { segment, page } => {
            format!("first wrong page of {} is {}", words.segment(segment), hex(page))
        }
        ExpectedDamage::WrongRead { allocation, offset } => {
            format!("the GPU reads a wrong byte of {}, first at {}", name(allocation), hex(offset))
        }
        ExpectedDamage::WrongCpuRead { allocation, offset } => {
            format!("the CPU reads a wrong byte of {}, first at {}", name(allocation), hex(offset))
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
        Counter::BytesFlushed => "bytes flushed from the CPU cache",
    }
}

/// Why a command has no buffer: a title and what can be done.
#[must_use]
pub fn no_buffer_text(command: usize, asked: Option<&Command>) -> (String, &'static str) {
    let why = match asked {
        None => return ("Nothing has run yet".to_owned(), "Step forward to the first command."),
        Some(Command::CreateProcess(_)) => "creating a process needs no paging operation",
        Some(Command::CreateDevice(..)) => "opening a device needs no paging operation",
        Some(Command::CreateAllocation(_)) => {
            "creating an allocation moves nothing until it is made resident"
        }
        Some(Command::DestroyAllocation(_)) => {
            "what it destroyed was not resident, so nothing had to be undone"
        }
        Some(Command::MakeResident(_)) => "everything it names was resident already",
        Some(Command::Use(_) | Command::Submit(_)) => "nothing was submitted",
        Some(Command::CreateContext(..)) => "a context is an entry of VidMm's book and a buffer",
        Some(Command::CpuWrite(..)) => "the CPU writes through its own addresses",
        Some(Command::CpuRead(..)) => "the CPU reads through its own addresses",
        Some(Command::Evict(_) | Command::EvictAll) => "nothing it names was resident",
        Some(Command::SetPriority(..)) => "a priority changes only VidMm's book",
        Some(Command::RunGpu(_)) => "the engine had nothing queued",
        Some(Command::OpenAllocation(..)) => "opening an allocation changes only VidMm's book",
        Some(Command::CloseAllocation(..)) => "closing it left nothing to be unmapped",
        Some(Command::Lock(..)) => "the CPU reaches it where it is",
        Some(Command::Unlock(_)) => "it stays where it is",
        Some(Command::Offer(..) | Command::Reclaim(_)) => "offers change only VidMm's book",
        Some(Command::Display(_)) => "what is displayed was resident already",
        Some(Command::ReservePages(_) | Command::ReleasePages(_) | Command::WritePages(..)) => {
            "system memory needs no paging operation"
        }
        Some(Command::Raw(_)) => "the driver did it without any packet",
        Some(Command::Power(_)) => "nothing had to leave or come back",
        Some(Command::Expect(_)) => "an expectation only looks",
    };
    let hint = "Buffers appear at steps that page something in or out, map, or submit work.";
    (format!("Step {command} wrote no buffer: {why}."), hint)
}
