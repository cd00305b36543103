//! A session as its file says it: plain data, objects by name.
//!
//! The shapes here are the grammar of the file, documented for people in
//! `saved-sessions/README.md`. A field that the file may leave out has its default here, so that a
//! document read, written and read again is the same.

mod adapter;
mod expectation;
mod raw;
mod submission;

use serde::Deserialize;

use crate::base::PAGE_SIZE;
use crate::config::{EnginePolicy, EvictionPolicy, FitPolicy, OfferPolicy, Policies};
use crate::ddi::{
    BankHint, DevicePowerState, LockFlags, OfferPriority, OperationKind, Priority, RowLayout,
};
use crate::machine::RunGpu;
use crate::vidmm::Sleep;

use super::limits;
use super::name::Name;
use super::value;

pub use self::adapter::{
    AdapterDescription, CostsDescription, PagingBufferDescription, SegmentDescription,
};
pub use self::expectation::{NamedDamage, NamedExpectation};
pub use self::raw::{
    NamedDiscardContent, NamedFill, NamedLocation, NamedMapApertureSegment, NamedPhysicalAccess,
    NamedSpecialLockTransfer, NamedTransfer, NamedUnmapApertureSegment,
};
pub use self::submission::{
    NamedCreateContext, NamedCreateDevice, NamedSubmit, NamedUserAdd, NamedUserBlit,
    NamedUserBytes, NamedUserCommand, NamedUserCopy, NamedUserFence, NamedUserFill,
};
pub use super::flag_words::{FlagGeneration, NamedAllocationFlags};

/// The version of the format that this program reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The comment lines at the start of the file, without their slashes; empty for none.
    pub head_comment: String,
    /// What the start page and the window call it.
    pub title: String,
    /// What it teaches or proves.
    pub notes: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The adapter.
    pub adapter: AdapterDescription,
    /// What the documents leave open.
    pub policies: Policies,
    /// Places in the list of commands.
    pub bookmarks: Vec<Bookmark>,
    /// What happens.
    pub commands: Vec<NamedCommand>,
}

/// The root of the file: what of a [`Document`] lies between its parentheses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Session")]
pub(super) struct Root {
    #[serde(deserialize_with = "value::format_version")]
    #[allow(dead_code, reason = "checked while it is read")]
    version: u32,
    #[serde(default)]
    title: String,
    #[serde(default)]
    notes: String,
    #[serde(default, deserialize_with = "value::bounded::<_, _, { limits::TAGS }>")]
    tags: Vec<String>,
    adapter: AdapterDescription,
    #[serde(default, deserialize_with = "value::policies")]
    policies: Policies,
    #[serde(default, deserialize_with = "value::bounded::<_, _, { limits::BOOKMARKS }>")]
    bookmarks: Vec<Bookmark>,
    #[serde(deserialize_with = "value::bounded::<_, _, { limits::COMMANDS }>")]
    commands: Vec<NamedCommand>,
}

impl Root {
    /// The document with the comment that stood before it.
    pub(super) fn into_document(mut self, head_comment: String) -> Document {
        for segment in self.adapter.segments.iter_mut().flatten() {
            segment.forget_default_bank_count();
        }
        Document {
            head_comment,
            title: self.title,
            notes: self.notes,
            tags: self.tags,
            adapter: self.adapter,
            policies: self.policies,
            bookmarks: self.bookmarks,
            commands: self.commands,
        }
    }
}

/// A place in a session that somebody wants to find again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bookmark {
    /// So many commands have run; beyond the end means the end.
    pub at: u64,
    /// What is to be seen.
    pub text: String,
}

/// A segment by its name or by the number of the driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentName {
    /// The name that the adapter gives it.
    Name(Name),
    /// The driver's number: 1 for the first.
    Number(u8),
}

/// A segment wanted, and from which end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPreference {
    /// The segment.
    pub segment: SegmentName,
    /// Search from its end.
    pub from_end: bool,
}

/// Segments wanted, most wanted first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedPreferences {
    /// One for each slot, at most five.
    List(Vec<NamedPreference>),
    /// The 32-bit word, reserved bits included.
    Word(u32),
}

impl Default for NamedPreferences {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// A set of segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedSegmentSet {
    /// Those in it, in the order of the file.
    List(Vec<SegmentName>),
    /// The 32-bit word: bit n for segment n + 1.
    Word(u32),
}

impl Default for NamedSegmentSet {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// Banks wanted in the first preferred segment, most wanted first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedBankHints {
    /// One for each group, at most four.
    List(Vec<BankHint>),
    /// The 32-bit word.
    Word(u32),
}

impl Default for NamedBankHints {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// A command with its objects by name; the meanings are those of
/// [`machine::Command`](crate::machine::Command).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Command", deny_unknown_fields)]
pub enum NamedCommand {
    /// A process appears.
    CreateProcess(Name),
    /// A process opens a device.
    CreateDevice(Box<NamedCreateDevice>),
    /// A device opens another context.
    CreateContext(Box<NamedCreateContext>),
    /// A device creates an allocation.
    CreateAllocation(Box<NamedCreateAllocation>),
    /// An allocation is destroyed.
    DestroyAllocation(Name),
    /// The allocations are made resident together.
    MakeResident(
        #[serde(deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")] Vec<Name>,
    ),
    /// The GPU reads and writes allocations.
    Use(
        #[serde(deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")]
        Vec<NamedReference>,
    ),
    /// A context submits a command buffer.
    Submit(Box<NamedSubmit>),
    /// The CPU writes.
    CpuWrite(Box<NamedCpuWrite>),
    /// The CPU reads.
    CpuRead(Box<NamedRange>),
    /// One allocation leaves its segment.
    Evict(Name),
    /// Everything that may leave does.
    EvictAll,
    /// The priority changes.
    SetPriority(Name, #[serde(deserialize_with = "value::priority")] Priority),
    /// The engine runs.
    RunGpu(#[serde(with = "value::RunGpuName")] RunGpu),
    /// Another device opens a shared allocation.
    OpenAllocation(Box<NamedSharing>),
    /// A device closes a shared allocation.
    CloseAllocation(Box<NamedSharing>),
    /// The CPU locks an allocation.
    Lock(Box<NamedLock>),
    /// The CPU unlocks it.
    Unlock(Name),
    /// The content of allocations may be dropped.
    Offer(
        #[serde(deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")] Vec<Name>,
        #[serde(with = "value::OfferPriorityName")] OfferPriority,
    ),
    /// It may not any more.
    Reclaim(
        #[serde(deserialize_with = "value::bounded::<_, _, { limits::REFERENCES }>")] Vec<Name>,
    ),
    /// An allocation is displayed.
    Display(Name),
    /// Nothing is displayed.
    StopDisplay,
    /// Pages are reserved.
    ReservePages(Box<NamedReservePages>),
    /// Reserved pages are given back.
    ReleasePages(Name),
    /// The CPU writes reserved pages.
    WritePages(Box<NamedWritePages>),
    /// A raw operation.
    Transfer(Box<NamedTransfer>),
    /// A raw operation.
    SpecialLockTransfer(Box<NamedSpecialLockTransfer>),
    /// A raw operation.
    Fill(Box<NamedFill>),
    /// A raw operation.
    DiscardContent(Box<NamedDiscardContent>),
    /// A raw operation.
    ReadPhysical(Box<NamedPhysicalAccess>),
    /// A raw operation.
    WritePhysical(Box<NamedPhysicalAccess>),
    /// A raw operation.
    MapApertureSegment(Box<NamedMapApertureSegment>),
    /// A raw operation.
    UnmapApertureSegment(Box<NamedUnmapApertureSegment>),
    /// The system goes to sleep.
    Sleep(#[serde(with = "value::SleepName")] Sleep),
    /// The system comes back.
    Resume,
    /// The system comes back from a hybrid sleep in which its power went.
    ResumeAfterPowerLoss,
    /// The adapter alone changes its state.
    DevicePower(#[serde(with = "value::DevicePowerStateName")] DevicePowerState),
    /// The adapter is reset.
    TimeoutRecovery,
    /// Something must hold.
    Expect(Box<NamedExpectation>),
}

impl NamedCommand {
    /// The name of the command, as the file writes it.
    #[must_use]
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::CreateProcess(_) => "CreateProcess",
            Self::CreateDevice(_) => "CreateDevice",
            Self::CreateContext(_) => "CreateContext",
            Self::CreateAllocation(_) => "CreateAllocation",
            Self::DestroyAllocation(_) => "DestroyAllocation",
            Self::MakeResident(_) => "MakeResident",
            Self::Use(_) => "Use",
            Self::Submit(_) => "Submit",
            Self::CpuWrite(_) => "CpuWrite",
            Self::CpuRead(_) => "CpuRead",
            Self::Evict(_) => "Evict",
            Self::EvictAll => "EvictAll",
            Self::SetPriority(..) => "SetPriority",
            Self::RunGpu(_) => "RunGpu",
            Self::OpenAllocation(_) => "OpenAllocation",
            Self::CloseAllocation(_) => "CloseAllocation",
            Self::Lock(_) => "Lock",
            Self::Unlock(_) => "Unlock",
            Self::Offer(..) => "Offer",
            Self::Reclaim(_) => "Reclaim",
            Self::Display(_) => "Display",
            Self::StopDisplay => "StopDisplay",
            Self::ReservePages(_) => "ReservePages",
            Self::ReleasePages(_) => "ReleasePages",
            Self::WritePages(_) => "WritePages",
            Self::Transfer(_) => OperationKind::Transfer.name(),
            Self::SpecialLockTransfer(_) => OperationKind::SpecialLockTransfer.name(),
            Self::Fill(_) => OperationKind::Fill.name(),
            Self::DiscardContent(_) => OperationKind::DiscardContent.name(),
            Self::ReadPhysical(_) => OperationKind::ReadPhysical.name(),
            Self::WritePhysical(_) => OperationKind::WritePhysical.name(),
            Self::MapApertureSegment(_) => OperationKind::MapApertureSegment.name(),
            Self::UnmapApertureSegment(_) => OperationKind::UnmapApertureSegment.name(),
            Self::Sleep(_) => "Sleep",
            Self::Resume => "Resume",
            Self::ResumeAfterPowerLoss => "ResumeAfterPowerLoss",
            Self::DevicePower(_) => "DevicePower",
            Self::TimeoutRecovery => "TimeoutRecovery",
            Self::Expect(_) => "Expect",
        }
    }
}

/// `CreateAllocation`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCreateAllocation {
    /// Its name.
    pub name: Name,
    /// The device that creates it.
    pub device: Name,
    /// Bytes; only rows can stand for it.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub size: Option<u64>,
    /// Bytes; one page if left out.
    #[serde(default = "one_page", deserialize_with = "value::size")]
    pub alignment: u64,
    /// Segments wanted.
    #[serde(default)]
    pub preferred: NamedPreferences,
    /// Segments that it may be in, for reading and writing.
    #[serde(default)]
    pub supported: NamedSegmentSet,
    /// In place of `supported` for reading.
    #[serde(default)]
    pub supported_read: Option<NamedSegmentSet>,
    /// In place of `supported` for writing.
    #[serde(default)]
    pub supported_write: Option<NamedSegmentSet>,
    /// Aperture segments through which an eviction may go.
    #[serde(default)]
    pub eviction: NamedSegmentSet,
    /// Properties.
    #[serde(default)]
    pub flags: NamedAllocationFlags,
    /// Starting priority.
    #[serde(default = "normal_priority", deserialize_with = "value::priority")]
    pub priority: Priority,
    /// What a first page-in without content fills it with.
    #[serde(default)]
    pub fill: u32,
    /// Paged in by the same command.
    #[serde(default)]
    pub resident: bool,
    /// Banks wanted.
    #[serde(default)]
    pub hinted_banks: NamedBankHints,
    /// Bytes in a pitch-aligned segment; if left out, what the rows take there, or 0.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub pitch_aligned_size: Option<u64>,
    /// How its rows lie.
    #[serde(default, deserialize_with = "value::optional_rows")]
    pub rows: Option<RowLayout>,
    /// Other devices may open it.
    #[serde(default)]
    pub shared: bool,
    /// It is a primary.
    #[serde(default)]
    pub primary: bool,
    /// The reserved pages that it wraps.
    #[serde(default)]
    pub existing: Option<Name>,
}

impl NamedCreateAllocation {
    /// An allocation of a name, a device and a size in bytes; everything else as if it were left
    /// out.
    #[must_use]
    pub fn new(name: Name, device: Name, size: u64) -> Self {
        Self {
            name,
            device,
            size: Some(size),
            alignment: one_page(),
            preferred: NamedPreferences::default(),
            supported: NamedSegmentSet::default(),
            supported_read: None,
            supported_write: None,
            eviction: NamedSegmentSet::default(),
            flags: NamedAllocationFlags::default(),
            priority: normal_priority(),
            fill: 0,
            resident: false,
            hinted_banks: NamedBankHints::default(),
            pitch_aligned_size: None,
            rows: None,
            shared: false,
            primary: false,
            existing: None,
        }
    }
}

/// The default alignment of an allocation in bytes.
pub(super) const fn one_page() -> u64 {
    PAGE_SIZE
}

/// The default priority of an allocation.
pub(super) const fn normal_priority() -> Priority {
    Priority::NORMAL
}

/// A part of an allocation; without a length, to its end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedRange {
    /// The allocation.
    pub allocation: Name,
    /// First byte.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// Bytes.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
}

/// A part of an allocation that the GPU writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedWriteRange {
    /// The allocation.
    pub allocation: Name,
    /// First byte.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// Bytes.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
    /// Says which bytes; if left out, one is made.
    #[serde(default)]
    pub seed: Option<u64>,
}

/// What the GPU does with one allocation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Reference")]
pub enum NamedReference {
    /// Reads all of it.
    Read(Name),
    /// Writes all of it.
    Write(Name),
    /// Reads a part.
    ReadRange(Box<NamedRange>),
    /// Writes a part.
    WriteRange(Box<NamedWriteRange>),
}

/// `CpuWrite`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedCpuWrite {
    /// The allocation.
    pub allocation: Name,
    /// First byte.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// Bytes; without it to the end, or as many as `data` lists.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
    /// What is written.
    pub data: NamedData,
}

/// Bytes that the CPU writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename = "Data")]
pub enum NamedData {
    /// Pseudo-random bytes of a seed.
    Seed(u64),
    /// A repeated 32-bit little-endian word.
    Pattern(u32),
    /// Exactly these.
    Bytes(#[serde(deserialize_with = "value::bytes")] Box<[u8]>),
}

/// `OpenAllocation` and `CloseAllocation`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedSharing {
    /// The allocation.
    pub allocation: Name,
    /// The device that opens or closes it.
    pub device: Name,
}

/// `Lock`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedLock {
    /// The allocation.
    pub allocation: Name,
    /// The device that locks it; without it, its owner.
    #[serde(default)]
    pub device: Option<Name>,
    /// How.
    #[serde(default, deserialize_with = "value::flags")]
    pub flags: LockFlags,
}

/// `ReservePages`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedReservePages {
    /// Their name.
    pub name: Name,
    /// How many.
    pub pages: u64,
    /// In one run.
    #[serde(default)]
    pub contiguous: bool,
}

/// `WritePages`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedWritePages {
    /// The pages.
    pub pages: Name,
    /// First byte.
    #[serde(default, deserialize_with = "value::size")]
    pub offset: u64,
    /// Bytes; without it to the end, or as many as `data` lists.
    #[serde(default, deserialize_with = "value::optional_size")]
    pub length: Option<u64>,
    /// What is written.
    pub data: NamedData,
}

#[derive(Deserialize)]
#[serde(remote = "FitPolicy", rename = "FitPolicy")]
pub(super) enum FitPolicyName {
    First,
    Best,
}

#[derive(Deserialize)]
#[serde(remote = "EvictionPolicy", rename = "EvictionPolicy")]
pub(super) enum EvictionPolicyName {
    Lru,
    Mru,
    Fifo,
}

#[derive(Deserialize)]
#[serde(remote = "OfferPolicy", rename = "OfferPolicy")]
pub(super) enum OfferPolicyName {
    Discard,
    Keep,
}

#[derive(Deserialize)]
#[serde(remote = "EnginePolicy", rename = "EnginePolicy")]
pub(super) enum EnginePolicyName {
    Drain,
    Manual,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session of a million commands keeps them all in memory.
    #[test]
    fn commands_and_references_stay_small() {
        assert!(size_of::<NamedCommand>() <= 40, "{}", size_of::<NamedCommand>());
        assert!(size_of::<NamedReference>() <= 24, "{}", size_of::<NamedReference>());
    }
}
