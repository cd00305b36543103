//! How things ended: refusals, stops, failed expectations, damage and faults, in sentences.

use crate::base::text::{count, counted, exact_size, hex, word};
use crate::ddi::{NtStatus, PacketFault};
use crate::machine::{ContentState, Damage, Fault, Mismatch, StartRefusal};
use crate::vidmm::{ExtentOwner, Failure, Refusal, RefusalReason, Stop, Violation};

use super::Words;
use super::command::{counter_name, offer_state_text};
use super::power::{fate_text, not_allowed_text, power_text};

/// A refusal in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalText {
    /// The name in ntstatus.h: `STATUS_GRAPHICS_NO_VIDEO_MEMORY`.
    pub status: String,
    /// The code: `0xC01E0100`.
    pub code: String,
    /// Why, in a sentence without its full stop.
    pub sentence: String,
}

/// Why a command was refused.
#[must_use]
pub fn refusal_text(refusal: &Refusal, words: Words<'_>) -> RefusalText {
    RefusalText {
        status: refusal.status.to_string(),
        code: word(refusal.status.0),
        sentence: refusal_sentence(&refusal.reason, words),
    }
}

fn refusal_sentence(reason: &RefusalReason, words: Words<'_>) -> String {
    match reason {
        RefusalReason::AdapterNotStarted => {
            "the adapter breaks a rule and did not start".to_owned()
        }
        RefusalReason::Stopped { command } => {
            format!("the machine stopped at step {}", count(*command))
        }
        RefusalReason::DmaBufferInMemory(segment) => {
            let name = words.segment(*segment);
            format!("{name} is a memory segment, and DMA buffers go through apertures only")
        }
        RefusalReason::NoRoomForDmaBuffer { size } => {
            format!("no aperture that the device names has room for its DMA buffer of {size}")
        }
        RefusalReason::PowerState(power) => format!("the machine is in {}", power_text(*power)),
        RefusalReason::Transition { from, transition } => not_allowed_text(*from, *transition),
        RefusalReason::NoContext => "the context does not exist".to_owned(),
        RefusalReason::ContextPriority(priority) => {
            format!("{priority} is no priority of a context: they go from -7 to 7")
        }
        RefusalReason::OtherDevice(id) => {
            format!("the device has not opened {}", words.allocation(*id))
        }
        RefusalReason::AllocationListFull { needed, size } => format!(
            "the command buffer names {} allocations, and its list takes {}",
            count(u64::from(*needed)),
            count(u64::from(*size))
        ),
        RefusalReason::CommandBufferFull { needed, size } => {
            format!("the command buffer has {needed}, and takes {size}")
        }
        RefusalReason::DmaBufferFull { size } => {
            format!("one command needs more than a DMA buffer of {size}, which may not grow")
        }
        RefusalReason::CommandBuffer => {
            "the driver refuses what the command buffer holds".to_owned()
        }
        RefusalReason::TooManyBytes { limit } => format!(
            "additions and rows of blits are kept byte by byte, and at most {limit} of them in a run"
        ),
        RefusalReason::Hangs => "the engine hangs on what the command itself submits".to_owned(),
        RefusalReason::NoProcess => "the process does not exist".to_owned(),
        RefusalReason::AlreadyExists => "it exists already, or its name was used before".to_owned(),
        RefusalReason::NoDevice => "the device does not exist".to_owned(),
        RefusalReason::NotCreated(id) => format!("{} does not exist yet", words.allocation(*id)),
        RefusalReason::Destroyed(id) => format!("{} has been destroyed", words.allocation(*id)),
        RefusalReason::BadSize(size) => {
            format!("{} is no size for an allocation", exact_size(size.get()))
        }
        RefusalReason::NoSuchSegment(number) => format!("the adapter has no segment {number}"),
        RefusalReason::ZeroPriority => "a priority of 0 is illegal".to_owned(),
        RefusalReason::FlagNotModelled(flag) => format!("the flag {flag} is not modelled"),
        RefusalReason::RangeBeyondAllocation { offset, length, size } => {
            let (offset, length) = (hex(*offset), exact_size(*length));
            format!("{length} at {offset} reach beyond the {} of it", exact_size(size.get()))
        }
        RefusalReason::NotCpuVisible(id) => {
            format!("the CPU may not see {}: it lacks CpuVisible", words.allocation(*id))
        }
        RefusalReason::HardwareProtected(id) => {
            format!("the CPU may not see {}: it is HardwareProtected", words.allocation(*id))
        }
        RefusalReason::Pinned(id) => {
            format!("{} is pinned and does not leave", words.allocation(*id))
        }
        RefusalReason::NoRoom(id) => {
            format!("no segment has room for {}, whoever leaves", words.allocation(*id))
        }
        RefusalReason::OutOfFrames { needed, free, largest_run } => {
            let needed_text = counted(needed.get(), "page");
            let free_text = count(free.get());
            if needed <= free {
                let run = count(largest_run.get());
                format!(
                    "{needed_text} of system memory needed in one run, {free_text} free, \
                     {run} of them together"
                )
            } else {
                format!("{needed_text} of system memory needed, {free_text} free")
            }
        }
        RefusalReason::OutOfCommit { needed, committed, limit } => {
            format!("system memory: committed {committed} + {needed} needed > limit {limit}")
        }
        RefusalReason::Driver => "the driver refused".to_owned(),
        RefusalReason::NoSuchFence(fence) => {
            format!("fence {} was never handed out", hex(fence.0))
        }
        RefusalReason::NamedTwice(id) => format!("{} is named twice", words.allocation(*id)),
        RefusalReason::Rule(rule) => {
            format!("{} ({}; {})", rule.sentence(), rule.id(), rule.source())
        }
        RefusalReason::NotShared(id) => format!("{} is not shared", words.allocation(*id)),
        RefusalReason::OpenAlready(id) => {
            format!("the device has opened {} already", words.allocation(*id))
        }
        RefusalReason::NotOpen(id) => {
            format!("the device has not opened {}", words.allocation(*id))
        }
        RefusalReason::NotTheCreator(id) => {
            format!("only the process that created {} may lock it", words.allocation(*id))
        }
        RefusalReason::LockFlags(flags) => {
            let names: Vec<&str> = flags.iter_names().map(|(name, _)| name).collect();
            format!("the lock flags {} exclude each other or are not modelled", names.join(" | "))
        }
        RefusalReason::Locked(id) => format!("{} is locked", words.allocation(*id)),
        RefusalReason::NotLocked(id) => format!("{} is not locked", words.allocation(*id)),
        RefusalReason::WouldEvict(id) => {
            format!("locking {} would evict it, which DonotEvict forbids", words.allocation(*id))
        }
        RefusalReason::Busy(id) => {
            format!("the GPU still uses {}, and DonotWait is set", words.allocation(*id))
        }
        RefusalReason::NoCpuPlace(id) => format!(
            "the CPU cannot reach {} where it is, and its set has no aperture to fall back to",
            words.allocation(*id)
        ),
        RefusalReason::LockedOutsideAperture(id) => format!(
            "{} is locked and has no aperture in its set to be rendered from",
            words.allocation(*id)
        ),
        RefusalReason::Offered(id) => {
            format!("{} is offered and must be reclaimed first", words.allocation(*id))
        }
        RefusalReason::NotOffered(id) => format!("{} is not offered", words.allocation(*id)),
        RefusalReason::Displayed(id) => format!("{} is displayed", words.allocation(*id)),
        RefusalReason::NotDisplayable(id) => format!(
            "{} is no primary, and no segment in its set has DirectFlip",
            words.allocation(*id)
        ),
        RefusalReason::NoPages(id) => format!("{} is not reserved", words.names.pages(*id)),
        RefusalReason::PagesInUse(id) => {
            format!("an allocation wraps {}", words.names.pages(*id))
        }
        RefusalReason::RangeBeyondPages(id) => {
            format!("the range reaches beyond {}", words.names.pages(*id))
        }
        RefusalReason::RangeBeyondSegment(id) => {
            format!("the range does not lie in {}", words.segment(*id))
        }
        RefusalReason::NoSegmentSide => "one side of a transfer is a segment".to_owned(),
        RefusalReason::ListTooShort { needed, pages } => format!(
            "the page list has {}, {} needed",
            counted(pages.get(), "page"),
            count(needed.get())
        ),
        RefusalReason::NotAnAperture(id) => {
            format!("{} is no aperture that the display driver maps", words.segment(*id))
        }
        RefusalReason::NotMemory(id) => format!("{} holds no bytes", words.segment(*id)),
        RefusalReason::BadDummyPage(address) => {
            format!("{} is no page of system memory", hex(*address))
        }
        RefusalReason::BadRawSize(size) => {
            format!("{} is no size for this operation", exact_size(size.get()))
        }
        RefusalReason::PagesOfVidMm(id) => {
            format!("VidMm uses some of these pages of {}", words.segment(*id))
        }
    }
}

/// What stopped the machine: bug check, first parameter and its meaning.
#[must_use]
pub fn stop_text(stop: &Stop) -> String {
    let (name, meaning) = match (stop.code, stop.parameter) {
        (0x10E, 0xB) => {
            ("VIDEO_MEMORY_MANAGEMENT_INTERNAL", "an unexpected status of a paging buffer")
        }
        (0x10E, 0x12) => ("VIDEO_MEMORY_MANAGEMENT_INTERNAL", "the driver wrote past the buffer"),
        (0x10E, 0x13) => {
            ("VIDEO_MEMORY_MANAGEMENT_INTERNAL", "the driver wrote past the private data")
        }
        (0x10E, 0x16) => {
            ("VIDEO_MEMORY_MANAGEMENT_INTERNAL", "the guaranteed DMA buffer contract was broken")
        }
        (0x10E, _) => ("VIDEO_MEMORY_MANAGEMENT_INTERNAL", "an internal error"),
        (0x119, 0x2) => ("VIDEO_SCHEDULER_INTERNAL_ERROR", "a submission failed"),
        (0x119, 0x3) => ("VIDEO_SCHEDULER_INTERNAL_ERROR", "patching failed"),
        (0x119, _) => ("VIDEO_SCHEDULER_INTERNAL_ERROR", "an internal error"),
        _ => ("bug check", "an internal error"),
    };
    let status =
        stop.status.map_or(String::new(), |status| format!(", {status} {}", word(status.0)));
    format!("{name} {:#X}, first parameter {:#X}: {meaning}{status}", stop.code, stop.parameter)
}

/// Why an adapter did not start.
#[must_use]
pub fn start_refusal_text(refusal: &StartRefusal, words: Words<'_>) -> String {
    match refusal {
        StartRefusal::Rules => "the adapter breaks rules and did not start".to_owned(),
        StartRefusal::Driver(error) => format!("the driver did not start: {error}"),
        StartRefusal::VidMm(Failure::Refused(refusal)) => {
            let text = refusal_text(refusal, words);
            format!("the adapter did not start: {}, {}", text.sentence, text.status)
        }
        StartRefusal::VidMm(Failure::Hung) => {
            "the adapter did not start: its engine hangs".to_owned()
        }
        StartRefusal::VidMm(Failure::Stopped(stop)) => {
            format!("the adapter did not start: {}", stop_text(stop))
        }
    }
}

/// The state of a content: `intact`.
#[must_use]
pub const fn content_state_text(state: ContentState) -> &'static str {
    match state {
        ContentState::Intact => "intact",
        ContentState::Damaged => "damaged",
        ContentState::NeverWritten => "never written",
        ContentState::Discarded => "discarded",
        ContentState::Lost => "lost",
    }
}

/// What an expectation found instead.
#[must_use]
pub fn mismatch_text(mismatch: &Mismatch, words: Words<'_>) -> String {
    let name = |id| words.allocation(id);
    match mismatch {
        Mismatch::ResidentAt(id, place) => {
            let (segment, offset) = (words.segment(place.segment), hex(place.span.start()));
            format!("{} is in {segment} at offset {offset}", name(*id))
        }
        Mismatch::NotResident(id) => format!("{} is not resident", name(*id)),
        Mismatch::Absent(id) => format!("{} does not exist", name(*id)),
        Mismatch::Present(id) => format!("{} exists", name(*id)),
        Mismatch::Content(id, state, None) => {
            format!("content of {} is {}", name(*id), content_state_text(*state))
        }
        Mismatch::Content(id, state, Some(offset)) => {
            let (state, offset) = (content_state_text(*state), hex(*offset));
            format!("content of {} is {state}, first at {offset}", name(*id))
        }
        Mismatch::Status(None) => "no command came before".to_owned(),
        Mismatch::Status(Some(status)) => {
            format!("the command before ended with {status} {}", word(status.0))
        }
        Mismatch::Counter(counter, value) => {
            format!("{} at {}", counter_name(*counter), count(*value))
        }
        Mismatch::Byte { offset, expected, found: Some(found) } => {
            format!("byte {} is {found:02X}, not {expected:02X}", hex(*offset))
        }
        Mismatch::Byte { offset, found: None, .. } => format!("there is no byte {}", hex(*offset)),
        Mismatch::Power(power) => format!("the machine is in {}", power_text(*power)),
        Mismatch::Fate(id, Some(fate)) => format!("{} was {}", name(*id), fate_text(*fate)),
        Mismatch::Fate(id, None) => {
            format!("the last power transition did not deal with {}", name(*id))
        }
        Mismatch::LostBytes(id, bytes) => {
            format!("{} of {} lost", counted(*bytes, "byte"), name(*id))
        }
        Mismatch::Hash(id, Some(hash)) => format!("hash of {} is {hash}", name(*id)),
        Mismatch::Hash(id, None) => format!("{} has no bytes, or too many to hash", name(*id)),
        Mismatch::Stopped(None) => "the machine runs".to_owned(),
        Mismatch::Stopped(Some((code, parameter))) => {
            format!("stopped with bug check {code:#X}, first parameter {parameter:#X}")
        }
        Mismatch::NoSuchSegment(segment) => format!("the adapter has no segment {segment}"),
        Mismatch::Offer(id, state) => format!("{} is {}", name(*id), offer_state_text(*state)),
        Mismatch::Locks(id, locks) => {
            format!("{} has {}", name(*id), counted((*locks).into(), "lock"))
        }
        Mismatch::Displayed(None) => "nothing is displayed".to_owned(),
        Mismatch::Displayed(Some(id)) => format!("{} is displayed", name(*id)),
        Mismatch::Owner(id, device) => {
            format!("{} owns {}", words.names.device(*device), name(*id))
        }
        Mismatch::NoPages(id) => format!("{} is not reserved", words.names.pages(*id)),
        Mismatch::NoFinding(rule) => format!("no finding of rule {}", rule.id()),
        Mismatch::Damage(None) => "the command before did no such damage".to_owned(),
        Mismatch::Damage(Some(damage)) => {
            format!("the command before did other damage: {}", damage_text(damage, words))
        }
    }
}

/// What is not as it must be.
#[must_use]
pub fn damage_text(damage: &Damage, words: Words<'_>) -> String {
    let name = |id| words.allocation(id);
    match damage {
        Damage::Content { allocation, offset } => {
            format!("{} holds a wrong byte, first at {}", name(*allocation), hex(*offset))
        }
        Damage::Book(violation) => violation_text(violation, words),
        Damage::ApertureTable { segment, page } => {
            let (segment, page) = (words.segment(*segment), hex(*page));
            format!("{segment} page {page} points elsewhere than the book says (0x10E, 0x11)")
        }
        Damage::Pages { pages, offset } => {
            let name = words.names.pages(*pages);
            format!("{name} holds a wrong byte, first at {}", hex(*offset))
        }
        Damage::SegmentBytes { segment, offset } => {
            format!("a wrong byte was left at {}", words.at_offset(*segment, *offset))
        }
        Damage::WrongRead { allocation, offset } => {
            format!("the GPU read a wrong byte of {}, first at {}", name(*allocation), hex(*offset))
        }
        Damage::WrongCpuRead { allocation, offset } => {
            format!("the CPU read a wrong byte of {}, first at {}", name(*allocation), hex(*offset))
        }
    }
}

/// Which invariant of VidMm's book does not hold.
#[must_use]
pub fn violation_text(violation: &Violation, words: Words<'_>) -> String {
    match violation {
        Violation::Extents(segment, error) => {
            format!("the extents of {} are not in order: {error}", words.segment(*segment))
        }
        Violation::UsedPlusFree(segment) => {
            format!("used and free bytes of {} do not add up to its size", words.segment(*segment))
        }
        Violation::OrphanExtent(segment, span, owner) => {
            let owner = match owner {
                ExtentOwner::Allocation(id) => words.allocation(*id).to_owned(),
                ExtentOwner::Eviction(id) => format!("the eviction of {}", words.allocation(*id)),
                ExtentOwner::PagingBuffer(index) => format!("paging buffer {index}"),
                ExtentOwner::DmaBuffer(index) => format!("DMA buffer {index}"),
                ExtentOwner::InvalidRange(_) => "an invalid range".to_owned(),
                ExtentOwner::UefiFrameBuffer(_) => "the UEFI frame buffer".to_owned(),
            };
            let place = words.at_offset(*segment, span.start());
            format!("an extent at {place} belongs to {owner}, which is not there (0x10E, 0xC)")
        }
        Violation::MissingExtent(id) => {
            format!("{} is resident where no extent is (0x10E, 0xD)", words.allocation(*id))
        }
        Violation::Commit(segment, committed) => {
            format!(
                "commit of {} is wrong or above its limit: {committed}",
                words.segment(*segment)
            )
        }
        Violation::ApertureCommit(committed) => {
            format!("commit of all apertures is wrong or above its limit: {committed}")
        }
        Violation::SystemCommit(committed) => {
            format!("commit of system memory is not the sum of the sizes: {committed}")
        }
        Violation::FutureFence(id) => {
            let name = words.allocation(*id);
            format!("{name} waits for a fence that was never handed out (0x10E, 0x1F)")
        }
        Violation::Ranks(segment) => {
            format!("the eviction order of {} is not its residents", words.segment(*segment))
        }
        Violation::Backing(id) => {
            format!("{} has not the pages that it must have", words.allocation(*id))
        }
    }
}

/// A fault of the device: what, where, in which submission.
#[must_use]
pub fn fault_text(fault: &Fault) -> String {
    let (what, start, fence) =
        (packet_fault_text(fault.fault), hex(fault.start.into()), fault.fence);
    format!("{what}, packet at {start} of fence {}", hex(fence.0))
}

/// Why the device could not execute a packet.
#[must_use]
pub const fn packet_fault_text(fault: PacketFault) -> &'static str {
    match fault {
        PacketFault::BadPacket => "the bytes are no packet",
        PacketFault::OutOfRange => "the packet reaches beyond a memory",
        PacketFault::Unmapped => "a page of an aperture points nowhere",
        PacketFault::FetchedDummyPage => "the buffer was fetched from the dummy page",
        PacketFault::CommandBuffer => "the packet reaches a command buffer, which no GPU may",
    }
}

/// A status for a narrow column: the name without what all names share, and the code.
pub(super) fn short_status(status: NtStatus) -> String {
    let name = status.to_string();
    let short = name.strip_prefix("STATUS_").unwrap_or(&name);
    let short = short.strip_prefix("GRAPHICS_").unwrap_or(short);
    format!("{short} {}", word(status.0))
}
